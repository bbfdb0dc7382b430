//! Strangers that show that they receive at their addresses, begin a handshake, and say no more: members
//! link as ever, and memory stays bounded.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use quinn_proto::{ClientConfig, Connection, DatagramEvent, Endpoint};

use crate::floods::LONGER;
use crate::hostile::{Harmful, exchanged, pinned, stranger, world};
use crate::office::Office;
use crate::world::block;

/// Strangers, each at an address of its own.
const STRANGERS: u32 = 10_000;

/// Strangers that have not yet been asked whether the node answered them.
const AT_A_TIME: usize = 64;

/// Handshakes that a node has under way with strangers at most.
const PLACES: usize = 64;

/// Bytes that a node may keep of all of them together, those that it has just cut off included.
const KEPT_AT_MOST: u64 = 24 << 20;

/// How long a Retry may take before what asks for it is sent again, and how often it is.
const SOON: Duration = Duration::from_millis(500);
const TRIES: usize = 20;

/// What begins as the node's part of a handshake is longer: it has a key of the hybrid group.
const REFUSAL_AT_MOST: usize = 600;

/// A stranger that has begun a handshake under a token of the node, and stops there.
struct Stalled(UdpSocket);

impl Stalled {
    fn begin(number: u32, config: &ClientConfig, node: SocketAddr) -> Self {
        // Of the network 127.0.0.0/8, and not where members are.
        let from = Ipv4Addr::from_bits(0x7f01_0001 + number);
        let socket = UdpSocket::bind((from, 0)).expect("an address of loopback");
        socket.connect(node).expect("a way over loopback");
        socket.set_read_timeout(Some(SOON)).expect("a time");
        let mut endpoint = Endpoint::new(Arc::default(), None, false, None);
        let connecting = endpoint.connect(Instant::now(), config.clone(), node, "tr-1.liaison");
        let (_, mut connection) = connecting.expect("a name");
        let first = said_by(&mut connection);
        let retry = retried(&socket, &first);
        let event = endpoint.handle(Instant::now(), node, None, None, retry, &mut Vec::new());
        let Some(DatagramEvent::ConnectionEvent(_, event)) = event else {
            panic!("the Retry is of this connection");
        };
        connection.handle_event(event);
        let second = said_by(&mut connection);
        assert!(!second.is_empty(), "it goes on under the token");
        send(&socket, &second);
        Self(socket)
    }

    /// Whether the node has begun its part of the handshake.
    fn was_answered(&self) -> bool {
        self.0.set_nonblocking(true).expect("a socket");
        let mut datagram = [0; 2_048];
        std::iter::from_fn(|| self.0.recv(&mut datagram).ok())
            .any(|length| length > REFUSAL_AT_MOST)
    }
}

/// The datagrams that a connection has to send.
fn said_by(connection: &mut Connection) -> Vec<Vec<u8>> {
    let mut said = Vec::new();
    loop {
        let mut datagram = Vec::new();
        let Some(sent) = connection.poll_transmit(Instant::now(), 1, &mut datagram) else {
            return said;
        };
        datagram.truncate(sent.size);
        said.push(datagram);
    }
}

fn send(socket: &UdpSocket, datagrams: &[Vec<u8>]) {
    for datagram in datagrams {
        // What is lost on the way is not missed.
        let _lost = socket.send(datagram);
    }
}

/// The Retry (RFC 9000 § 17.2.5) with which a node answers these datagrams.
fn retried(socket: &UdpSocket, first: &[Vec<u8>]) -> BytesMut {
    let mut datagram = [0; 2_048];
    for _ in 0..TRIES {
        send(socket, first);
        while let Ok(length) = socket.recv(&mut datagram) {
            if datagram[0] & 0xf0 == 0xf0 {
                return BytesMut::from(&datagram[..length]);
            }
        }
    }
    panic!("nobody is asked to show that the address is theirs");
}

/// Has all strangers begin, and gives how many of them the node answered.
fn all_stall(node: SocketAddr) -> usize {
    let config = ClientConfig::new(Arc::new(stranger()));
    let (mut waiting, mut answered) = (VecDeque::new(), 0);
    for number in 0..STRANGERS {
        waiting.push_back(Stalled::begin(number, &config, node));
        if waiting.len() > AT_A_TIME {
            let longest = waiting.pop_front();
            answered += usize::from(longest.is_some_and(|stalled| stalled.was_answered()));
        }
    }
    answered
        + waiting
            .iter()
            .filter(|stalled| stalled.was_answered())
            .count()
}

/// How long a member takes to link over QUIC.
fn links(member: &Office, to: &Office) -> Duration {
    let began = Instant::now();
    let link = block(Harmful::link(member, to));
    assert!(!link.ended());
    began.elapsed()
}

#[test]
fn ten_thousand_handshakes_that_stand_still_keep_no_member_from_linking() {
    let world = world();
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let node = tr.datagrams_by(mk);
    let quiet = (0..5).map(|_| links(mk, tr)).max().expect("a few");
    let (pinned, (answered, times)) = pinned(tr, || {
        let strangers = std::thread::spawn(move || all_stall(node));
        let mut times = Vec::new();
        while !strangers.is_finished() {
            times.push(links(mk, tr));
        }
        (
            strangers.join().expect("they are sent through Retry"),
            times,
        )
    });
    assert!(answered >= PLACES, "{answered} handshakes were begun");
    assert!(times.len() >= 5, "{} links beside the flood", times.len());
    let worst = times.into_iter().max().expect("a few");
    assert!(worst <= quiet + LONGER, "{worst:?}, {quiet:?} before");
    assert!(pinned <= KEPT_AT_MOST, "{pinned} bytes are kept");
    exchanged(&world);
}
