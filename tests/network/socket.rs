//! A UDP socket of the simulated network, as QUIC wants one: it loses, doubles and delays datagrams.
//!
//! What becomes of one follows from which it is on its way alone, so that it does not matter which of
//! two ways is served first at one moment.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use liaison::base::{Entropy, SeededEntropy};
use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};
use turmoil::net::UdpSocket;

type Readable = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

/// What becomes of datagrams, each in a hundred.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    pub lost: u8,
    pub doubled: u8,
    /// The longest that one is on its way, in milliseconds.
    pub latency: u64,
}

/// How many datagrams were lost, and how many doubled.
#[derive(Debug, Default)]
pub struct Fates {
    pub lost: AtomicU64,
    pub doubled: AtomicU64,
}

/// A socket on a simulated host.
pub struct SimulatedSocket {
    socket: Arc<UdpSocket>,
    weather: Weather,
    fates: Arc<Fates>,
    seed: u64,
    /// What becomes of datagrams to each address.
    ways: Mutex<BTreeMap<SocketAddr, SeededEntropy>>,
    /// Waits for the next datagram, and keeps others from reading meanwhile.
    readable: Mutex<Option<Readable>>,
}

impl SimulatedSocket {
    pub fn new(socket: UdpSocket, weather: Weather, fates: Arc<Fates>, seed: u64) -> Self {
        Self {
            socket: Arc::new(socket),
            weather,
            fates,
            seed,
            ways: Mutex::default(),
            readable: Mutex::new(None),
        }
    }

    /// After how long the next datagram arrives there, once, twice or never.
    fn fate(&self, to: SocketAddr) -> Vec<Duration> {
        let mut ways = self.ways.lock().expect("nothing panics here");
        let IpAddr::V4(ip) = to.ip() else {
            panic!("the simulated network has IPv4");
        };
        let seed = self.seed ^ u64::from(u32::from(ip)) << 20;
        let way = ways.entry(to).or_insert_with(|| SeededEntropy::new(seed));
        let [drawn, first, second]: [u8; 3] = (way as &mut dyn Entropy).array();
        let drawn = drawn % 100;
        let Weather {
            lost,
            doubled,
            latency,
        } = self.weather;
        let late = |random: u8| Duration::from_millis(latency * u64::from(random) / 255);
        match drawn {
            _ if drawn < lost => {
                self.fates.lost.fetch_add(1, Ordering::Relaxed);
                Vec::new()
            }
            _ if drawn < lost + doubled => {
                self.fates.doubled.fetch_add(1, Ordering::Relaxed);
                vec![late(first), late(second)]
            }
            _ => vec![late(first)],
        }
    }
}

impl std::fmt::Debug for SimulatedSocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SimulatedSocket({:?})", self.socket.local_addr())
    }
}

impl AsyncUdpSocket for SimulatedSocket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(AlwaysWritable)
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let to = transmit.destination;
        for late in self.fate(to) {
            let (socket, contents) = (self.socket.clone(), transmit.contents.to_vec());
            tokio::spawn(async move {
                tokio::time::sleep(late).await;
                // Where there is no way to it, a datagram is lost like any other.
                let _ = socket.try_send_to(&contents, to);
            });
        }
        Ok(())
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let mut readable = self.readable.lock().expect("nothing panics here");
        loop {
            if let Some(waiting) = readable.as_mut() {
                match waiting.as_mut().poll(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(_) => *readable = None,
                }
            }
            match self.socket.try_recv_from(&mut buffers[0]) {
                Ok((len, addr)) => {
                    meta[0] = RecvMeta {
                        addr,
                        len,
                        stride: len,
                        ecn: None,
                        dst_ip: None,
                    };
                    return Poll::Ready(Ok(1));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let socket = self.socket.clone();
                    *readable = Some(Box::pin(async move { socket.readable().await }));
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

/// The simulated network takes every datagram at once.
#[derive(Debug)]
struct AlwaysWritable;

impl UdpPoller for AlwaysWritable {
    fn poll_writable(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
