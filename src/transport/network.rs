//! What a transport runs on: its sockets, chance, and cryptography. A simulation gives others than the
//! system's.

use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};

use quinn::{AsyncUdpSocket, ConnectionId, Runtime as _, TokioRuntime};
use rustls::crypto::CryptoProvider;
use socket2::SockRef;
use tokio::net::TcpListener;

use crate::base::{Entropy, OsEntropy};

use super::connection::Via;
use super::crypto;

/// Bytes of datagrams that the system is asked to keep while the node is busy, so that a flood does not
/// push out those of members; it gives as much as its administrator allows (`net.core.rmem_max`).
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;

/// What a transport runs on.
pub struct Network {
    /// The socket that QUIC uses.
    pub udp: Arc<dyn AsyncUdpSocket>,
    /// Where connections over TCP come in; none where there is no TCP.
    pub tcp: Option<TcpListener>,
    /// Where pauses, connection ids and whatever else is left to chance come from. Keys do not.
    pub chance: Box<dyn Entropy>,
    /// What TLS works with, its keys included.
    pub crypto: CryptoProvider,
}

impl Network {
    /// The system's: a UDP and a TCP socket on the port of one number. Where any port will do, one
    /// is sought that is free for both.
    ///
    /// # Errors
    /// Whatever the system gives.
    pub fn of_the_system(listen: SocketAddr) -> std::io::Result<Self> {
        const TRIES: usize = 32;
        let mut tried = 0;
        loop {
            let udp = UdpSocket::bind(listen)?;
            let socket = SockRef::from(&udp);
            if socket.recv_buffer_size()? < RECEIVE_BUFFER {
                let _less_is_kept = socket.set_recv_buffer_size(RECEIVE_BUFFER);
            }
            let tcp = std::net::TcpListener::bind(udp.local_addr()?);
            tried += 1;
            match tcp {
                Ok(tcp) => {
                    tcp.set_nonblocking(true)?;
                    return Ok(Self {
                        udp: TokioRuntime.wrap_udp_socket(udp)?,
                        tcp: Some(TcpListener::from_std(tcp)?),
                        chance: Box::new(OsEntropy),
                        crypto: crypto::provider(),
                    });
                }
                Err(_) if listen.port() == 0 && tried < TRIES => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The ways to a peer, in the order in which they are tried.
    pub(super) fn ways(&self) -> &'static [Via] {
        match self.tcp {
            Some(_) => &[Via::Quic, Via::Tcp],
            None => &[Via::Quic],
        }
    }
}

/// The chance of one transport, shared by all of its tasks.
#[derive(Clone)]
pub(super) struct Chance(Arc<Mutex<Box<dyn Entropy>>>);

impl Chance {
    pub(super) fn new(entropy: Box<dyn Entropy>) -> Self {
        Self(Arc::new(Mutex::new(entropy)))
    }

    pub(super) fn array<const N: usize>(&self) -> [u8; N] {
        let mut entropy = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entropy.array()
    }

    /// What a client calls the server until that has chosen a name (RFC 9000 § 7.2).
    pub(super) fn initial_id(&self) -> ConnectionId {
        ConnectionId::new(&self.array::<20>())
    }
}
