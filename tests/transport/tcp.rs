//! Links over TLS on TCP, where UDP does not pass: the same trust, the same limits, the urgent
//! first; and the way back to QUIC.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use liaison::base::{Entropy, MessageId, SeededEntropy};
use liaison::transport::crypto::{ALPN, ALPN_TCP};
use liaison::transport::{AttachmentRequest, Class, Limits, LinkError, Via, dns_name};
use rustls::NamedGroup;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::raw::{client_tls, hybrid, opening, provider};
use crate::support::{Event, Identity, Node, limits, soon};

const STANDING: crate::raw::Standing = crate::raw::Standing {
    instance: [1; 16],
    lost: 0,
};

/// Limits with which QUIC is tried again soon.
fn restless() -> Limits {
    Limits {
        quic_again_first: Duration::from_millis(200),
        quic_again_last: Duration::from_millis(200),
        ..limits()
    }
}

fn node(name: &str, limits: Limits) -> Node {
    Node::with(Identity::new(name), "127.0.0.1:0".parse().unwrap(), limits)
}

/// A line to `server` on which TCP passes, and UDP only while it is let.
struct Line {
    address: SocketAddr,
    udp_passes: Arc<AtomicBool>,
    datagrams: Arc<AtomicUsize>,
}

async fn line(server: SocketAddr) -> Line {
    let (udp, tcp) = loop {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
            break (udp, tcp);
        }
    };
    let line = Line {
        address: udp.local_addr().unwrap(),
        udp_passes: Arc::default(),
        datagrams: Arc::default(),
    };
    let (passes, datagrams) = (line.udp_passes.clone(), line.datagrams.clone());
    tokio::spawn(async move {
        let mut client = None;
        let mut datagram = vec![0; 65_536];
        while let Ok((length, from)) = udp.recv_from(&mut datagram).await {
            datagrams.fetch_add(1, Ordering::Relaxed);
            let to = if from == server {
                client
            } else {
                client = Some(from);
                Some(server)
            };
            if let Some(to) = to.filter(|_| passes.load(Ordering::Relaxed)) {
                let _ = udp.send_to(&datagram[..length], to).await;
            }
        }
    });
    tokio::spawn(async move {
        while let Ok((mut from, _)) = tcp.accept().await {
            tokio::spawn(async move {
                let mut to = TcpStream::connect(server).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
            });
        }
    });
    line
}

/// Two nodes that are linked over a line on which UDP does not pass.
async fn linked(limits: Limits) -> (Node, Node, Line) {
    let (mut a, mut b) = (node("AL-1", limits), node("MK-1", limits));
    let line = line(b.address()).await;
    b.knows([a.known()]);
    a.knows([b.identity.listed(Some(line.address))]);
    a.up(b.node()).await;
    b.up(a.node()).await;
    (a, b, line)
}

fn via(node: &Node, peer: &Node) -> Option<Via> {
    node.handler.via.lock().unwrap().get(&peer.node()).copied()
}

#[tokio::test]
async fn where_udp_does_not_pass_the_link_comes_up_over_tcp() {
    let (mut a, mut b, line) = linked(limits()).await;
    assert_eq!((via(&a, &b), via(&b, &a)), (Some(Via::Tcp), Some(Via::Tcp)));
    assert!(line.datagrams.load(Ordering::Relaxed) > 0, "QUIC was tried");
    for class in [Class::Urgent, Class::Routine] {
        for n in 0..50u8 {
            let frame = vec![n; 1 + usize::from(n) * 5_000];
            while a.transport.send(b.node(), class, frame.clone()).is_err() {
                assert_eq!(a.event().await, Event::Room(b.node(), class));
            }
            assert_eq!(b.frame(class).await, frame);
            b.transport.send(a.node(), class, frame.clone()).unwrap();
            assert_eq!(a.frame(class).await, frame);
        }
    }
}

#[tokio::test]
async fn where_both_pass_quic_is_used() {
    let (a, b) = crate::support::linked("AL-1", "MK-1").await;
    assert_eq!(
        (via(&a, &b), via(&b, &a)),
        (Some(Via::Quic), Some(Via::Quic))
    );
}

#[tokio::test]
async fn quic_takes_over_when_it_passes_again_and_no_frame_is_lost() {
    let (mut a, mut b, line) = linked(restless()).await;
    let peer = b.node();
    line.udp_passes.store(true, Ordering::Relaxed);
    // What is sent until the link changes and after it arrives, though perhaps twice, if it is
    // sent again as the node does with what has no receipt.
    let mut sent = 0u8;
    a.transport.send(peer, Class::Urgent, vec![sent]).unwrap();
    loop {
        match a.event().await {
            Event::Down(_, why) => assert_eq!(why, LinkError::Replaced),
            Event::Up(..) => break,
            Event::Frame(..) | Event::Room(..) => {}
        }
    }
    for n in 0..=20 {
        sent = n;
        a.transport.send(peer, Class::Urgent, vec![sent]).unwrap();
    }
    assert_eq!(via(&a, &b), Some(Via::Quic));
    while b.frame(Class::Urgent).await != [20] {}
    assert_eq!(via(&b, &a), Some(Via::Quic));
}

#[tokio::test]
async fn a_link_over_quic_that_dies_is_replaced_over_tcp() {
    let brief = Limits {
        idle: Duration::from_millis(600),
        keep_alive: Duration::from_millis(100),
        ..limits()
    };
    let (mut a, mut b) = (node("AL-1", brief), node("MK-1", brief));
    let line = line(b.address()).await;
    line.udp_passes.store(true, Ordering::Relaxed);
    b.knows([a.known()]);
    a.knows([b.identity.listed(Some(line.address))]);
    a.up(b.node()).await;
    b.up(a.node()).await;
    line.udp_passes.store(false, Ordering::Relaxed);
    let down = Event::Down(b.node(), LinkError::TimedOut);
    assert_eq!(a.event().await, down);
    a.up(b.node()).await;
    assert_eq!(via(&a, &b), Some(Via::Tcp));
}

#[tokio::test]
async fn urgent_frames_pass_an_attachment_over_tcp() {
    let (a, mut b, _line) = linked(limits()).await;
    let mut bytes = vec![0; 5_000_000];
    SeededEntropy::new(5).fill(&mut bytes);
    let message = MessageId::from_bytes([5; 16]);
    a.serves(message, 0, &bytes);
    let (from, to) = (a.node(), b.node());
    let (_, closed) = tokio::sync::mpsc::unbounded_channel();
    let mut events = std::mem::replace(&mut b.events, closed);
    let request = AttachmentRequest {
        message,
        index: 0,
        offset: 0,
    };
    let mut passed = 0u32;
    let send = |n: u32| {
        let frame = n.to_be_bytes().to_vec();
        a.transport.send(to, Class::Urgent, frame).unwrap();
    };
    send(0);
    let mut sink = Vec::new();
    {
        let fetching = b
            .transport
            .fetch_attachment(from, request, 5_000_000, &mut sink);
        tokio::pin!(fetching);
        loop {
            tokio::select! {
                fetched = &mut fetching => break fetched.unwrap(),
                event = events.recv() => {
                    let bytes = passed.to_be_bytes().to_vec();
                    assert_eq!(event, Some(Event::Frame(from, Class::Urgent, bytes)));
                    passed += 1;
                    send(passed);
                }
            }
        }
    }
    assert!(sink == bytes);
    assert!(passed > 10, "{passed} frames passed");
}

#[tokio::test]
async fn many_fetches_that_are_broken_off_leave_room_for_more() {
    let (a, b, _line) = linked(limits()).await;
    let message = MessageId::from_bytes([5; 16]);
    a.serves(message, 0, &vec![7; 2_000_000]);
    let fetch = async |length| {
        let request = AttachmentRequest {
            message,
            index: 0,
            offset: 0,
        };
        let mut sink = Vec::new();
        let fetched = b
            .transport
            .fetch_attachment(a.node(), request, length, &mut sink);
        soon(fetched).await
    };
    for _ in 0..40 {
        // The fetcher gives up when it hears the length.
        fetch(1_999_999).await.unwrap_err();
    }
    fetch(2_000_000).await.unwrap();
}

#[tokio::test]
async fn leave_is_taken_over_tcp_too() {
    let (a, mut b, _line) = linked(limits()).await;
    soon(a.transport.close()).await;
    let down = Event::Down(a.node(), LinkError::PeerStopping);
    assert_eq!(b.event().await, down);
}

#[tokio::test]
async fn a_removed_peers_tcp_link_is_closed_and_both_know_why() {
    let (mut a, mut b, _line) = linked(limits()).await;
    a.knows([]);
    assert_eq!(a.event().await, Event::Down(b.node(), LinkError::Unlisted));
    let down = Event::Down(a.node(), LinkError::UnlistedByPeer);
    assert_eq!(b.event().await, down);
}

/// A TLS connection to `node` as a raw peer makes it.
async fn dial(
    identity: Option<&Identity>,
    groups: Arc<CryptoProvider>,
    protocol: &[u8],
    node: &Node,
) -> std::io::Result<TlsStream<TcpStream>> {
    let config = client_tls(identity, groups, protocol);
    let stream = TcpStream::connect(node.address()).await?;
    let name = ServerName::try_from(dns_name(node.node())).unwrap();
    soon(TlsConnector::from(Arc::new(config)).connect(name, stream)).await
}

/// The error with which the node turns a client away: at once, or when it has judged the
/// certificate.
async fn turned_away(
    identity: Option<&Identity>,
    groups: Arc<CryptoProvider>,
    protocol: &[u8],
    node: &Node,
) {
    if let Ok(mut stream) = dial(identity, groups, protocol, node).await {
        let said = soon(stream.read_u8()).await;
        said.expect_err("the node says nothing to it");
    }
    soon(async {
        while node.transport.refused().handshake == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(node.transport.refused().handshake, 1);
    assert_eq!(node.transport.connected(), []);
}

#[tokio::test]
async fn classical_groups_wrong_keys_no_key_and_quics_protocol_are_refused_over_tcp() {
    let classical = || provider(&[NamedGroup::X25519, NamedGroup::secp256r1]);
    let peer = Identity::new("TR-1");
    let (impostor, stranger) = (Identity::new("TR-1"), Identity::new("AL-1"));
    for (identity, groups, protocol, unlisted) in [
        (Some(&peer), classical(), ALPN_TCP, 0),
        (Some(&impostor), hybrid(), ALPN_TCP, 1),
        (Some(&stranger), hybrid(), ALPN_TCP, 1),
        (None, hybrid(), ALPN_TCP, 0),
        (Some(&peer), hybrid(), ALPN, 0),
        (Some(&peer), hybrid(), b"", 0),
    ] {
        let node = Node::start("MK-1");
        node.knows([peer.listed(None)]);
        turned_away(identity, groups, protocol, &node).await;
        assert_eq!(node.transport.refused().unlisted_key, unlisted);
    }
}

/// A piece (docs/protocol.md § 5.5).
fn piece(kind: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap();
    [
        &[kind][..],
        &stream.to_be_bytes(),
        &length.to_be_bytes(),
        payload,
    ]
    .concat()
}

const DATA: u8 = 1;
const CLOSE: u8 = 6;
const PING: u8 = 7;

/// The next piece of the node's that is no ping.
async fn next_piece(stream: &mut TlsStream<TcpStream>) -> std::io::Result<(u8, u32, Vec<u8>)> {
    loop {
        let kind = stream.read_u8().await?;
        let id = stream.read_u32().await?;
        let length = stream.read_u16().await?;
        let mut payload = vec![0; usize::from(length)];
        stream.read_exact(&mut payload).await?;
        if kind != PING {
            return Ok((kind, id, payload));
        }
    }
}

/// The code with which the node closes the connection.
async fn close_code(stream: &mut TlsStream<TcpStream>) -> u32 {
    loop {
        let (kind, _, payload) = soon(next_piece(stream)).await.unwrap();
        if kind == CLOSE {
            return u32::from_be_bytes(payload.try_into().unwrap());
        }
    }
}

fn impatient() -> Limits {
    Limits {
        hello: Duration::from_millis(200),
        stall: Duration::from_millis(200),
        ..limits()
    }
}

/// A node with little patience and a raw peer that has been greeted over TCP.
async fn greeted() -> (Node, Identity, TlsStream<TcpStream>) {
    let peer = Identity::new("TR-1");
    let mut node = node("MK-1", impatient());
    node.knows([peer.listed(None)]);
    let mut stream = dial(Some(&peer), hybrid(), ALPN_TCP, &node).await.unwrap();
    let said = [&opening(STANDING, b"raw")[..], &[0; 4]].concat();
    stream.write_all(&piece(DATA, 2, &said)).await.unwrap();
    assert!(matches!(node.event().await, Event::Up(..)));
    assert_eq!(node.handler.via.lock().unwrap()[&peer.node], Via::Tcp);
    (node, peer, stream)
}

const MISBEHAVED: u32 = 3;
const TOO_SLOW: u32 = 4;

#[tokio::test]
async fn a_peer_that_breaks_the_rules_of_pieces_loses_its_link() {
    let long = vec![0; 8193];
    for said in [
        piece(0, 2, &[1]),
        piece(9, 2, &[1]),
        piece(DATA, 2, &[]),
        piece(DATA, 2, &long),
        piece(DATA, 10, &[1]),
        piece(DATA, 1, &[1]),
        piece(5, 6, &[0, 0, 0, 1]),
        piece(DATA, 2, &[0, 16, 0, 1]),
        piece(DATA, 2, &[0; 4]),
    ] {
        let (mut node, peer, mut stream) = greeted().await;
        stream.write_all(&said).await.unwrap();
        assert_eq!(close_code(&mut stream).await, MISBEHAVED, "{said:?}");
        let down = Event::Down(peer.node, LinkError::Misbehaved);
        assert_eq!(node.event().await, down);
    }
}

#[tokio::test]
async fn a_piece_or_a_frame_that_stands_still_ends_the_link() {
    for said in [
        piece(DATA, 2, &[1, 2, 3, 4])[..6].to_vec(),
        piece(DATA, 2, &[0, 0]),
        piece(DATA, 2, &[0, 0, 1, 0, 42]),
    ] {
        let (mut node, peer, mut stream) = greeted().await;
        stream.write_all(&said).await.unwrap();
        assert_eq!(close_code(&mut stream).await, TOO_SLOW);
        assert_eq!(
            node.event().await,
            Event::Down(peer.node, LinkError::TooSlow)
        );
    }
}

#[tokio::test]
async fn a_listed_peer_that_says_no_hello_is_cut_off_over_tcp() {
    let peer = Identity::new("TR-1");
    let node = node("MK-1", impatient());
    node.knows([peer.listed(None)]);
    let mut stream = dial(Some(&peer), hybrid(), ALPN_TCP, &node).await.unwrap();
    assert_eq!(close_code(&mut stream).await, TOO_SLOW);
    assert_eq!(node.transport.refused().hello, 1);
}

#[tokio::test]
async fn a_peer_can_send_ahead_no_more_than_its_windows() {
    let peer = Identity::new("TR-1");
    let mut node = Node::start("MK-1");
    node.knows([peer.listed(None)]);
    let handler = node.handler.clone();
    let _held = handler.gate.acquire().await.unwrap();
    let mut stream = dial(Some(&peer), hybrid(), ALPN_TCP, &node).await.unwrap();
    let said = [&opening(STANDING, b"raw")[..], &[0; 4], &[0, 0, 0, 1, 5]].concat();
    stream.write_all(&piece(DATA, 2, &said)).await.unwrap();
    assert!(matches!(node.event().await, Event::Up(..)));
    // A frame waits at the gate, and what comes behind it stays within the window.
    let full = piece(DATA, 2, &[0; 8192]);
    for _ in 0..33 {
        if stream.write_all(&full).await.is_err() {
            break;
        }
    }
    assert_eq!(close_code(&mut stream).await, MISBEHAVED);
}

#[tokio::test]
async fn strangers_who_say_nothing_keep_nobody_out() {
    let (mut a, mut b) = (Node::start("AL-1"), Node::start("MK-1"));
    let mut silent = Vec::new();
    for _ in 0..16 {
        silent.push(TcpStream::connect(b.address()).await.unwrap());
    }
    // One address takes no more places than it may; the next is turned away at once.
    let mut more = TcpStream::connect(b.address()).await.unwrap();
    let closed = soon(more.read_u8()).await;
    closed.expect_err("it is closed");
    assert_eq!(b.transport.refused().busy, 1);
    // QUIC has places of its own.
    b.knows([a.known()]);
    a.knows([b.dialled()]);
    a.up(b.node()).await;
    b.up(a.node()).await;
}

#[tokio::test]
async fn a_stranger_who_says_nothing_gives_way_to_the_next() {
    let b = Node::start("MK-1");
    let began = Instant::now();
    let mut first = TcpStream::connect(b.address()).await.unwrap();
    let mut others = Vec::new();
    soon(async {
        // Turned away at first, and let in once the first one has stood still.
        while timeout(Duration::from_millis(100), first.read_u8())
            .await
            .is_err()
        {
            others.push(TcpStream::connect(b.address()).await.unwrap());
        }
    })
    .await;
    // Sooner than a stranger's time for TLS is over.
    assert!(began.elapsed() < Duration::from_secs(12));
    assert!(others.len() >= 16, "{} others", others.len());
}
