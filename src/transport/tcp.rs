//! Connections over TLS on TCP, for where UDP does not pass: the same certificates, pins and key
//! exchange as over QUIC, on the port of the same number.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Duration, Instant, sleep, timeout, timeout_at};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::base::NodeId;

use super::connection::Connection;
use super::crypto::ALPN_TCP;
use super::link::{self, Authenticated};
use super::mux::{Mux, Side};
use super::peers::{Shown, server_name};
use super::places::{Place, Places};
use super::probe::Unreached;
use super::refused::Refusal;
use super::shared::Shared;

/// Bytes that may lie in the socket before they are on the wire, so that what is urgent does not
/// wait behind what is not: on a line of 64 kbit/s they take two seconds.
const UNSENT: u32 = 16 * 1024;

/// After a failed accept, such as for want of file descriptors.
const REST: Duration = Duration::from_millis(100);

/// How TLS on TCP is spoken, either way.
pub(super) struct Tls {
    pub(super) acceptor: TlsAcceptor,
    pub(super) connector: TlsConnector,
}

/// Takes connections until the transport closes.
pub(super) async fn run(shared: Arc<Shared>, listener: TcpListener) {
    let places = Arc::new(Places::default());
    loop {
        let accepted = tokio::select! {
            biased;
            () = shared.closing.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, from)) => match places.take(from.ip(), shared.whose(from.ip())) {
                Some(place) => shared.spawn(one(shared.clone(), stream, from.ip(), place)),
                // A socket that is dropped tells the stranger at no cost.
                None => shared.counters.count(Refusal::Busy),
            },
            Err(_) => sleep(REST).await,
        }
    }
}

async fn one(shared: Arc<Shared>, stream: TcpStream, from: IpAddr, place: Place) {
    let handshaken = tokio::select! {
        biased;
        () = shared.closing.cancelled() => return,
        handshaken = handshake(&shared, stream) => handshaken,
        () = place.lost() => {
            shared.counters.count(Refusal::Busy);
            return;
        }
    };
    let Some((connection, peer, shown)) = handshaken else {
        shared.counters.count(Refusal::Handshake);
        return;
    };
    let Some(slot) = shared.slot(peer) else {
        return;
    };
    slot.proven_at(from);
    let with = Authenticated {
        connection,
        shown,
        dialler: peer,
    };
    let greeted = link::greet(&shared, &slot, with).await;
    drop(place);
    if let Some(candidate) = greeted {
        link::run(&shared, &slot, candidate).await;
    }
}

async fn handshake(shared: &Arc<Shared>, stream: TcpStream) -> Option<(Connection, NodeId, Shown)> {
    prepare(&stream).ok()?;
    let accepting = shared.tls.acceptor.accept(stream);
    let time = shared.limits.time_for_stranger();
    let stream = timeout(time, accepting).await.ok()?.ok()?;
    let (_, tls) = stream.get_ref();
    let (peer, shown) = proven(shared, tls.peer_certificates(), tls.alpn_protocol())?;
    Some((carried(shared, stream, Side::Dialled), peer, shown))
}

/// Connects over TCP to an address of a peer.
pub(super) async fn connect(
    shared: &Arc<Shared>,
    peer: NodeId,
    address: SocketAddr,
) -> Result<(Connection, Shown), Unreached> {
    let until = Instant::now() + shared.limits.time_for_handshake();
    let stream = timeout_at(until, TcpStream::connect(address))
        .await
        .map_err(|_| Unreached::Silent)?
        .map_err(|error| match error.kind() {
            ErrorKind::ConnectionRefused => Unreached::Refused,
            _ => Unreached::Silent,
        })?;
    prepare(&stream).map_err(|_| Unreached::Silent)?;
    let connecting = shared.tls.connector.connect(server_name(peer), stream);
    let stream = timeout_at(until, connecting)
        .await
        .map_err(|_| Unreached::Silent)?
        .map_err(|_| Unreached::Untrusted)?;
    let (_, tls) = stream.get_ref();
    let (_, shown) = proven(shared, tls.peer_certificates(), tls.alpn_protocol())
        .filter(|(proven, _)| *proven == peer)
        .ok_or(Unreached::Untrusted)?;
    Ok((carried(shared, stream, Side::Dialler), shown))
}

fn prepare(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    SockRef::from(stream).set_tcp_notsent_lowat(UNSENT)
}

fn proven(
    shared: &Shared,
    certificates: Option<&[CertificateDer<'_>]>,
    protocol: Option<&[u8]>,
) -> Option<(NodeId, Shown)> {
    let certificate = certificates?.first()?;
    if protocol != Some(ALPN_TCP) {
        return None;
    }
    shared.verifier.node_of(certificate).ok()
}

fn carried(
    shared: &Arc<Shared>,
    stream: impl AsyncRead + AsyncWrite + Send + 'static,
    side: Side,
) -> Connection {
    let (mux, carrying) = Mux::new(stream, side, shared.limits, shared.closing.clone());
    shared.spawn(carrying);
    Connection::Tcp(mux)
}
