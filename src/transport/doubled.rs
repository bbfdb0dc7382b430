//! What begins a connection goes twice over a line that is slow to answer.
//!
//! A handshake stands still until each of its datagrams has come, and waits longer after each loss
//! (RFC 9002 § 6.2): on a line of 600 ms that loses 30% each way most of the time before the first frame
//! is such waiting. A datagram that comes twice is dropped by QUIC (RFC 9000 § 12.3), so that a second
//! copy costs its bytes alone.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};
use tokio::time::Instant;

/// How long a handshake may take before datagrams go twice. Less than the first wait for a lost one, three
/// times the round trip that is assumed.
const SLOW: Duration = Duration::from_millis(400);
/// How long after the last datagram of a handshake the connection counts as begun: longer than the first
/// waits for lost ones.
const BEGINNING: Duration = Duration::from_secs(10);
/// Datagrams that go twice in one beginning, at most.
const TWICE: usize = 64;
/// The longest datagram after the handshake that goes twice, in bytes: what connections begin with is
/// short, and what fills a line is not.
const SHORT: usize = 600;
/// Addresses remembered, at most.
const ADDRESSES: usize = 256;

/// A socket that sends what begins a connection twice, where the line is slow to answer.
pub(super) struct Doubled {
    socket: Arc<dyn AsyncUdpSocket>,
    beginnings: Mutex<Beginnings>,
}

impl Doubled {
    pub(super) fn new(socket: Arc<dyn AsyncUdpSocket>) -> Self {
        Self {
            socket,
            beginnings: Mutex::default(),
        }
    }

    fn beginnings(&self) -> MutexGuard<'_, Beginnings> {
        self.beginnings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connections that begin, by the address of the other side.
#[derive(Default)]
struct Beginnings(HashMap<SocketAddr, Beginning>);

/// A handshake, or several at a time, with one address.
struct Beginning {
    since: Instant,
    /// Whether it took long.
    slow: bool,
    /// When its last datagram went.
    last: Instant,
    /// How many datagrams went twice.
    twice: usize,
}

impl Beginnings {
    /// Whether what goes now is to go a second time.
    fn again(&mut self, transmit: &Transmit, now: Instant) -> bool {
        let is_over = |of: &Beginning| now.duration_since(of.last) > BEGINNING;
        let handshake = is_of_a_handshake(transmit.contents);
        if !handshake && self.0.is_empty() {
            return false;
        }
        let to = transmit.destination;
        if self.0.get(&to).is_some_and(is_over) {
            self.0.remove(&to);
        }
        if handshake && !self.0.contains_key(&to) {
            if self.0.len() >= ADDRESSES {
                self.0.retain(|_, of| !is_over(of));
            }
            if self.0.len() < ADDRESSES {
                self.0.insert(to, Beginning::at(now));
            }
        }
        let Some(of) = self.0.get_mut(&to) else {
            return false;
        };
        if handshake {
            of.last = now;
            of.slow |= now.duration_since(of.since) >= SLOW;
        }
        let short = datagrams(transmit) == 1 && transmit.contents.len() <= SHORT;
        let again = of.slow && of.twice < TWICE && (handshake || short);
        if again {
            of.twice += datagrams(transmit);
        }
        again
    }
}

impl Beginning {
    fn at(now: Instant) -> Self {
        Self {
            since: now,
            slow: false,
            last: now,
            twice: 0,
        }
    }
}

/// How many datagrams the system makes of this.
fn datagrams(transmit: &Transmit) -> usize {
    let length = transmit.contents.len();
    transmit
        .segment_size
        .map_or(1, |segment| length.div_ceil(segment.max(1)))
}

/// Whether a datagram begins with a packet of a handshake: a long header, but none of those by which
/// strangers are answered without limit, Retry and Version Negotiation (RFC 9000 § 17.2).
fn is_of_a_handshake(datagram: &[u8]) -> bool {
    match datagram {
        [first, a, b, c, d, ..] => {
            first & 0x80 != 0 && first & 0x30 != 0x30 && [*a, *b, *c, *d] != [0; 4]
        }
        _ => false,
    }
}

impl AsyncUdpSocket for Doubled {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        self.socket.clone().create_io_poller()
    }

    fn try_send(&self, transmit: &Transmit) -> io::Result<()> {
        self.socket.try_send(transmit)?;
        if self.beginnings().again(transmit, Instant::now()) {
            // The first is on its way: what becomes of the second is as on any line.
            let _lost = self.socket.try_send(transmit);
        }
        Ok(())
    }

    fn poll_recv(
        &self,
        cx: &mut Context,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        self.socket.poll_recv(cx, bufs, meta)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn max_transmit_segments(&self) -> usize {
        self.socket.max_transmit_segments()
    }

    fn max_receive_segments(&self) -> usize {
        self.socket.max_receive_segments()
    }

    fn may_fragment(&self) -> bool {
        self.socket.may_fragment()
    }
}

impl fmt::Debug for Doubled {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first bytes of an Initial and of a Retry of version 1, and of a packet after the handshake.
    const INITIAL: [u8; 5] = [0xc0, 0, 0, 0, 1];
    const RETRY: [u8; 5] = [0xf0, 0, 0, 0, 1];
    const AFTERWARDS: [u8; 5] = [0x40, 7, 7, 7, 7];

    fn to(port: u16, contents: &[u8]) -> Transmit<'_> {
        Transmit {
            destination: SocketAddr::from(([127, 0, 0, 1], port)),
            ecn: None,
            contents,
            segment_size: None,
            src_ip: None,
        }
    }

    /// A handshake with the first address that takes long; until when it has taken so.
    fn begun_slowly(beginnings: &mut Beginnings) -> Instant {
        let now = Instant::now();
        assert!(!beginnings.again(&to(1, &INITIAL), now));
        assert!(beginnings.again(&to(1, &INITIAL), now + SLOW));
        now + SLOW
    }

    #[test]
    fn what_follows_a_handshake_that_was_quick_goes_once() {
        let (mut beginnings, now) = (Beginnings::default(), Instant::now());
        assert!(!beginnings.again(&to(1, &INITIAL), now));
        assert!(!beginnings.again(&to(1, &INITIAL), now + SLOW / 2));
        assert!(!beginnings.again(&to(1, &AFTERWARDS), now + SLOW));
    }

    #[test]
    fn what_fills_a_line_goes_once() {
        let mut beginnings = Beginnings::default();
        let slow = begun_slowly(&mut beginnings);
        let long = [0x40; SHORT + 1];
        assert!(!beginnings.again(&to(1, &long), slow));
        let together = Transmit {
            segment_size: Some(10),
            ..to(1, &long[..20])
        };
        assert!(!beginnings.again(&together, slow));
        assert!(beginnings.again(&to(1, &long[..SHORT]), slow));
    }

    #[test]
    fn what_begins_a_connection_goes_twice_once_the_line_is_slow_to_answer() {
        let (mut beginnings, now) = (Beginnings::default(), Instant::now());
        assert!(!beginnings.again(&to(1, &INITIAL), now));
        assert!(beginnings.again(&to(1, &INITIAL), now + SLOW));
        assert!(beginnings.again(&to(1, &AFTERWARDS), now + SLOW));
        assert!(!beginnings.again(&to(2, &INITIAL), now + SLOW));
    }

    #[test]
    fn a_connection_that_has_begun_sends_once() {
        let mut beginnings = Beginnings::default();
        let slow = begun_slowly(&mut beginnings);
        assert!(beginnings.again(&to(1, &AFTERWARDS), slow + BEGINNING));
        let later = slow + BEGINNING + Duration::from_millis(1);
        assert!(!beginnings.again(&to(1, &AFTERWARDS), later));
        assert!(!beginnings.again(&to(1, &INITIAL), later), "it begins anew");
    }

    #[test]
    fn what_goes_twice_in_one_beginning_is_bounded() {
        let mut beginnings = Beginnings::default();
        let slow = begun_slowly(&mut beginnings);
        let together = [0xc0; 4_000];
        let together = Transmit {
            segment_size: Some(1_000),
            ..to(1, &together)
        };
        for _ in 0..TWICE / 4 {
            assert!(beginnings.again(&together, slow));
        }
        assert!(!beginnings.again(&together, slow));
    }

    #[test]
    fn strangers_are_answered_once() {
        let (mut beginnings, now) = (Beginnings::default(), Instant::now());
        let other_version = [0x80, 0, 0, 0, 0];
        for answer in [&RETRY[..], &other_version, &[0xc0]] {
            assert!(!beginnings.again(&to(1, answer), now));
            assert!(!beginnings.again(&to(1, answer), now + SLOW));
        }
        assert!(beginnings.0.is_empty());
    }

    #[test]
    fn addresses_are_bounded_and_forgotten() {
        let (mut beginnings, now) = (Beginnings::default(), Instant::now());
        let port = |n: usize| u16::try_from(n).expect("few");
        for n in 0..=ADDRESSES {
            beginnings.again(&to(port(n), &INITIAL), now);
        }
        assert_eq!(beginnings.0.len(), ADDRESSES);
        beginnings.again(&to(port(ADDRESSES), &INITIAL), now + BEGINNING * 2);
        assert_eq!(beginnings.0.len(), 1);
    }
}
