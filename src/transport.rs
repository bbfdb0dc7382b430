//! Links to peers over QUIC, or over TLS on TCP where UDP does not pass, pinned to the keys of the
//! trust list.
//!
//! A link is one connection between two nodes, the same whoever dialled. Each side opens two
//! streams on it, one for urgent frames and one for routine ones, and fetches attachments on
//! streams of their own, so that the large never holds up the urgent. What a frame says is the
//! caller's business; so is keeping it until the peer has answered for it.

mod accept;
mod attachment;
mod congestion;
mod connection;
pub mod crypto;
mod dial;
mod doubled;
mod frame;
mod greet;
mod identity;
mod lane;
mod limits;
mod link;
mod mux;
mod network;
mod peers;
mod places;
mod precedence;
mod probe;
mod refused;
mod reset;
mod shared;
mod slot;
mod tcp;
mod verify;

use std::fs::File;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::AsyncWrite;

use crate::base::{MessageId, NodeId};

pub use attachment::FetchError;
pub use connection::Via;
pub use frame::MAX_FRAME;
pub use greet::MAX_HELLO;
pub use identity::{IdentityError, TlsIdentity, pin_of, tls_identity};
pub use limits::Limits;
pub use link::LinkError;
#[cfg(fuzzing)]
pub use mux::fuzzed;
pub use network::Network;
pub use peers::{PeerAddress, Peers, Vouched, dns_name};
pub use probe::{Attempt, Reached, Unreached};
pub use refused::Refused;

use shared::Shared;

/// A future on the heap, so that [`Handler`] can be a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How soon a frame must get through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Before everything else.
    Urgent,
    /// After what is urgent, before attachments.
    Routine,
}

/// Which attachment to fetch, and from where on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttachmentRequest {
    /// The message that lists the attachment.
    pub message: MessageId,
    /// Its place in the message's list, from 0.
    pub index: u16,
    /// How many bytes of its ciphertext are here already.
    pub offset: u64,
}

/// How a link came up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Established {
    /// What carries it.
    pub via: Via,
    /// By how many milliseconds the peer's clock was ahead of this node's.
    pub ahead: i64,
}

/// What is done with a link. For one peer `up`, its frames and `down` come in that order and then
/// again, the next `up` never before the last `down`; only the frames of the two classes overlap.
/// `hello` and `admit` are asked for each connection tried, of which several may run at a time,
/// and `attachment` whenever the peer asks. No call but `frame` and `attachment` may block.
pub trait Handler: Send + Sync + 'static {
    /// What to say first to `peer`, at most [`MAX_HELLO`] bytes.
    fn hello(&self, peer: NodeId) -> Vec<u8>;

    /// Whether to have a link with a peer that said this first. It changes nothing: the peer may
    /// still refuse, and the connection may turn out to be one too many.
    ///
    /// # Errors
    /// A code of the handler's own, which the peer learns as [`LinkError::RefusedByPeer`].
    fn admit(&self, peer: NodeId, hello: &[u8]) -> Result<(), u32>;

    /// Both sides have admitted each other: from now on [`Transport::send`] takes frames. What
    /// was sent on an earlier link and not answered for may be lost.
    fn up(&self, peer: NodeId, how: Established, hello: Vec<u8>);

    /// A frame came, with 1 to [`MAX_FRAME`] bytes. The next of its class is read when the future
    /// is done; it is dropped if the link ends meanwhile.
    fn frame(&self, peer: NodeId, class: Class, frame: Vec<u8>) -> BoxFuture<'_, ()>;

    /// After [`SendError::Full`]: there is room again for frames of this class.
    fn room(&self, peer: NodeId, class: Class);

    /// The link that was up is no more.
    fn down(&self, peer: NodeId, why: LinkError);

    /// The file to serve, and its length in bytes. Called on a thread that may block.
    ///
    /// # Errors
    /// A code of the handler's own, which the peer learns as [`FetchError::Refused`].
    fn attachment(&self, peer: NodeId, request: AttachmentRequest) -> Result<(File, u64), u32>;
}

/// Why the transport could not start.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The socket does not say where it is.
    #[error("the socket has no address: {0}")]
    Socket(std::io::Error),
    /// The key and its certificate do not make a TLS configuration.
    #[error("TLS cannot be configured: {0}")]
    Tls(#[from] rustls::Error),
}

/// Why a frame was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// There is no link with the peer; [`Handler::up`] tells when there is.
    #[error("there is no link with the peer")]
    NotConnected,
    /// The peer does not take frames as fast as they come; [`Handler::room`] tells when it has.
    #[error("too many frames wait for the peer")]
    Full,
    /// The frame is empty or longer than [`MAX_FRAME`].
    #[error("a frame has 1 to {MAX_FRAME} bytes")]
    Length,
}

/// The node's one UDP socket, its TCP socket of the same number, and all links over them. Dropping it breaks them off;
/// [`Transport::close`] takes leave.
pub struct Transport(Arc<Shared>);

impl Transport {
    /// Listens, and begins to dial every peer that has an address.
    ///
    /// # Errors
    /// [`TransportError`].
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn bind(
        listen: SocketAddr,
        identity: &TlsIdentity,
        peers: Arc<Peers>,
        handler: Arc<dyn Handler>,
        limits: Limits,
    ) -> Result<Self, TransportError> {
        let network = Network::of_the_system(listen).map_err(|source| TransportError::Listen {
            address: listen,
            source,
        })?;
        Self::over(network, identity, peers, handler, limits)
    }

    /// As [`Transport::bind`], over sockets that are there.
    ///
    /// # Errors
    /// [`TransportError`].
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn over(
        network: Network,
        identity: &TlsIdentity,
        peers: Arc<Peers>,
        handler: Arc<dyn Handler>,
        limits: Limits,
    ) -> Result<Self, TransportError> {
        let (shared, listener) = Shared::over(network, identity, peers, handler, limits)?;
        shared.spawn(accept::run(shared.clone()));
        if let Some(listener) = listener {
            shared.spawn(tcp::run(shared.clone(), listener));
        }
        dial::start_new(&shared);
        Ok(Self(shared))
    }

    /// The address that is listened on, for UDP and TCP alike.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.0.endpoint.local_addr()
    }

    /// Puts another list in force: links with peers that it does not list with the key they came
    /// with are closed at once, and new peers are dialled.
    pub fn update_peers(&self, peers: Arc<Peers>) {
        self.0.update_peers(peers);
        dial::start_new(&self.0);
    }

    /// Closes the link with a peer, and drops what waits here for it. What has left already arrives; over TCP
    /// so does what the connection was handed, some tens of kilobytes. The peers dial each other again as
    /// after any other loss.
    pub fn drop_link(&self, peer: NodeId) {
        if let Some(slot) = self.0.slot(peer) {
            slot.close(LinkError::Dropped);
        }
    }

    /// Shows another certificate from now on. Links that are up stay.
    pub fn present(&self, identity: &TlsIdentity) {
        self.0.presented.replace(identity);
    }

    /// Hands over a frame for `peer`. `Ok` means that it waits its turn, not that it will arrive.
    ///
    /// # Errors
    /// [`SendError`].
    pub fn send(&self, peer: NodeId, class: Class, frame: Vec<u8>) -> Result<(), SendError> {
        if !(1..=MAX_FRAME).contains(&frame.len()) {
            return Err(SendError::Length);
        }
        let link = self.0.live(peer).ok_or(SendError::NotConnected)?;
        link.lanes.of(class).push(frame)
    }

    /// Fetches the rest of an attachment into `sink`, from `request.offset` to `length`, which is
    /// the length that the message states. What arrived before an error is in the sink, so that
    /// the next try can go on from there.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn fetch_attachment(
        &self,
        peer: NodeId,
        request: AttachmentRequest,
        length: u64,
        sink: &mut (impl AsyncWrite + Unpin),
    ) -> Result<(), FetchError> {
        let link = self.0.live(peer).ok_or(FetchError::NotConnected)?;
        attachment::fetch(&link, request, length, sink, &self.0.limits).await
    }

    /// The peers that there is a link with.
    pub fn connected(&self) -> Vec<NodeId> {
        self.0.connected()
    }

    /// Dials `peer` now rather than when the pause after the last failure is over.
    pub fn connect_soon(&self, peer: NodeId) {
        if let Some(slot) = self.0.slot(peer) {
            slot.dial_now.notify_one();
        }
    }

    /// Tries every way to a peer that has an address, beside a link that may be up. Nothing if the
    /// address cannot be resolved; empty if there is none.
    pub async fn probe(&self, peer: NodeId) -> Option<Vec<Attempt>> {
        let address = self.0.peers.borrow().peer(peer).cloned();
        match (self.0.slot(peer), address.and_then(|peer| peer.address)) {
            (Some(slot), Some(address)) => probe::probe(&self.0, &slot, &address).await,
            (Some(_) | None, _) => Some(Vec::new()),
        }
    }

    /// How often somebody was refused.
    pub fn refused(&self) -> Refused {
        self.0.counters.read()
    }

    /// Takes leave of all peers, and returns when every [`Handler::down`] has been called.
    pub async fn close(&self) {
        self.0.close();
        self.0.idle().await;
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        self.0.close();
    }
}
