//! What the fuzz targets give to parsers that nobody outside of the transport reaches: the pieces of
//! a TLS connection, and the greeting that comes on one.

use std::sync::OnceLock;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncWriteExt as _, duplex};
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;
use tokio_util::sync::CancellationToken;

use super::piece::Piece;
use super::state::{Came, State};
use super::{Mux, Side, Way};
use crate::transport::connection::Connection;
use crate::transport::greet;
use crate::transport::limits::Limits;
use crate::transport::link::Wire;

/// Bytes that lie between the two ends: more than any input has.
const LINE: usize = 1024 * 1024;
/// How often all that runs gets a turn once everything has come.
const TURNS: usize = 64;

/// Takes what a dialling peer sends piece by piece, until it breaks a rule, and does with its streams
/// what their owners would: a pong has what came read, or all streams left.
///
/// # Panics
/// If a piece could be written in another way.
pub fn pieces(bytes: &[u8]) {
    let mut came = BytesMut::from(bytes);
    let mut state = State::new(Side::Dialled);
    let mut streams = Vec::new();
    for way in [Way::Bi, Way::Uni] {
        if let Ok(Some(id)) = state.open(way) {
            let _ = state.write(id, &Bytes::from_static(&[7; 20_000]));
            streams.push(id);
        }
    }
    loop {
        let at = bytes.len() - came.len();
        let Ok(Some(piece)) = Piece::decode(&mut came) else {
            return;
        };
        let mut again = Vec::new();
        piece.encode(&mut again);
        let taken = &bytes[at..bytes.len() - came.len()];
        assert_eq!(again, taken, "a piece has one form");
        match state.came(piece) {
            Came::Pong([0, ..]) => {
                for id in streams.drain(..) {
                    state.finish(id);
                    state.leave(id);
                }
            }
            Came::Pong(_) => {
                for id in &streams {
                    while let Ok(Some(Some(_))) = state.read(*id, 1_000) {}
                }
            }
            Came::Nothing | Came::Stream | Came::Freed => {}
        }
        for way in [Way::Bi, Way::Uni] {
            while let Ok(Some(id)) = state.accept(way) {
                streams.push(id);
            }
        }
        while state.next().is_some() {}
    }
}

/// What a dialling peer says first, where these bytes, which came over TLS, begin with a greeting.
///
/// # Panics
/// Never but for a fault.
pub fn greeting(bytes: &[u8]) -> Option<Vec<u8>> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        let runtime = Builder::new_current_thread().enable_time().build();
        runtime.expect("a runtime without threads needs nothing of the system")
    });
    let limits = Limits::default();
    runtime.block_on(async {
        let (mut far, near) = duplex(LINE);
        let (mux, carrying) = Mux::new(near, Side::Dialled, limits, CancellationToken::new());
        let wire = Wire::new(Connection::Tcp(mux));
        let come = async {
            // It fails where the connection has ended.
            let _ = far.write_all(bytes).await;
            for _ in 0..TURNS {
                yield_now().await;
            }
        };
        tokio::select! {
            biased;
            heard = greet::hear(&wire, limits) => heard.ok().map(|(_, _, _, hello)| hello),
            () = carrying => None,
            () = come => None,
        }
    })
}
