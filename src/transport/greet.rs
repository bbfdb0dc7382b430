//! The first words on a connection, after which both sides know that the other wants the link.
//!
//! Each side opens its urgent stream with a byte that names it, its standing, its clock, and its
//! hello as the first frame. Once it has admitted the other's hello it says so with an empty frame, the
//! dialler last. Only who has both admitted and been admitted counts the link as up: with TLS 1.3
//! a client's handshake is over before the server has judged its certificate.

use std::time::Duration;

use tokio::time::timeout;

use crate::base::{NodeId, Timestamp};

use super::Handler;
use super::connection::{RecvStream, SendStream};
use super::frame::{self, FrameReader};
use super::limits::Limits;
use super::link::{LinkError, Wire};
use super::slot::Standing;

/// The longest hello, in bytes.
pub const MAX_HELLO: usize = 64 * 1024;

/// The first byte of a stream of urgent frames, and of one of routine frames.
pub(super) const URGENT: u8 = 1;
pub(super) const ROUTINE: u8 = 2;

/// Which of several streams goes first.
pub(super) const URGENT_PRIORITY: i32 = 2;
pub(super) const ROUTINE_PRIORITY: i32 = 1;
pub(super) const ATTACHMENT_PRIORITY: i32 = 0;

/// Who made the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Dialler,
    Dialled,
}

/// What a greeting leaves.
pub(super) struct Greeted {
    pub(super) theirs: Standing,
    pub(super) hello: Vec<u8>,
    /// By how many milliseconds the peer's clock is ahead.
    pub(super) ahead: i64,
    pub(super) outgoing: SendStream,
    pub(super) incoming: FrameReader,
}

/// Greets `peer` on a new connection, until it has admitted this node. A dialler may do so on
/// several connections at a time: it admits the peer on the one that it chooses, by
/// [`Greeted::admit`].
pub(super) async fn greet(
    wire: &Wire,
    peer: NodeId,
    role: Role,
    ours: Standing,
    handler: &dyn Handler,
    limits: Limits,
) -> Result<Greeted, LinkError> {
    let exchange = async {
        let say = say(wire, ours, handler.hello(peer));
        let hear = hear(wire, limits);
        let (outgoing, (theirs, ahead, incoming, hello)) = tokio::try_join!(say, hear)?;
        handler.admit(peer, &hello).map_err(LinkError::Refused)?;
        let mut greeted = Greeted {
            theirs,
            hello,
            ahead,
            outgoing,
            incoming,
        };
        if role == Role::Dialled {
            greeted.admit().await?;
        }
        greeted.incoming.next(0).await?;
        Ok(greeted)
    };
    timeout(limits.time_for_hello(wire.connection().rtt()), exchange)
        .await
        .map_err(|_| LinkError::TooSlow)?
}

impl Greeted {
    /// Tells the peer that it is admitted.
    pub(super) async fn admit(&mut self) -> Result<(), LinkError> {
        frame::write(&mut self.outgoing, vec![Vec::new()]).await
    }
}

async fn say(wire: &Wire, ours: Standing, hello: Vec<u8>) -> Result<SendStream, LinkError> {
    let mut stream = open(wire, URGENT, URGENT_PRIORITY).await?;
    let mut standing = [0; 32];
    standing[..16].copy_from_slice(&ours.instance);
    standing[16..24].copy_from_slice(&ours.lost.to_be_bytes());
    standing[24..].copy_from_slice(&Timestamp::system().as_millis().to_be_bytes());
    stream.write_all(&standing).await?;
    frame::write(&mut stream, vec![hello]).await?;
    Ok(stream)
}

/// What the peer says first: its standing, by how much its clock is ahead, and its hello.
pub(super) async fn hear(
    wire: &Wire,
    limits: Limits,
) -> Result<(Standing, i64, FrameReader, Vec<u8>), LinkError> {
    let mut stream = accept(wire, URGENT).await?;
    let mut instance = [0; 16];
    let (mut lost, mut clock) = ([0; 8], [0; 8]);
    stream.read_exact(&mut instance).await?;
    stream.read_exact(&mut lost).await?;
    stream.read_exact(&mut clock).await?;
    let ahead = ahead(i64::from_be_bytes(clock), wire.connection().rtt());
    let theirs = Standing {
        instance,
        lost: u64::from_be_bytes(lost),
    };
    let mut incoming = FrameReader::new(stream, wire.connection(), limits);
    let hello = incoming.next(MAX_HELLO).await?;
    Ok((theirs, ahead, incoming, hello))
}

/// By how much a clock that was read half a round trip ago is ahead of this one, in milliseconds.
fn ahead(clock: i64, rtt: Duration) -> i64 {
    let way = i64::try_from(rtt.as_millis() / 2).unwrap_or(i64::MAX);
    let now = Timestamp::system().as_millis();
    clock.saturating_add(way).saturating_sub(now)
}

/// Opens a stream of frames, so that the peer sees it.
pub(super) async fn open(wire: &Wire, name: u8, priority: i32) -> Result<SendStream, LinkError> {
    let mut stream = wire.connection().open_uni().await?;
    stream.set_priority(priority);
    stream.write_all(&[name]).await?;
    Ok(stream)
}

/// The next stream that the peer opens, which must be the one of this name: streams are accepted
/// in the order in which they were opened.
pub(super) async fn accept(wire: &Wire, name: u8) -> Result<RecvStream, LinkError> {
    let mut stream = wire.connection().accept_uni().await?;
    let mut first = [0];
    stream.read_exact(&mut first).await?;
    if first != [name] {
        return Err(LinkError::Misbehaved);
    }
    Ok(stream)
}
