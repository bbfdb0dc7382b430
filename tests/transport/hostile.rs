//! Listed peers that break the rules lose their link, and cost little until then.

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

use liaison::transport::{Class, Limits, LinkError};

use crate::raw::{Greeted, Standing, client, close_code, dial, dialler, hybrid, opening};
use crate::support::{Event, Identity, Node, limits, soon};

const MISBEHAVED: u64 = 3;
const TOO_SLOW: u64 = 4;
const STANDING: Standing = Standing {
    instance: [1; 16],
    lost: 0,
};

/// The limits of a node that has little patience.
fn impatient() -> Limits {
    Limits {
        hello: Duration::from_millis(200),
        stall: Duration::from_millis(200),
        ..limits()
    }
}

/// A node, and a raw peer that it lists, connected but not greeted.
async fn connected(limits: Limits) -> (Node, Identity, quinn::Connection) {
    let peer = Identity::new("TR-1");
    let listen = "127.0.0.1:0".parse().unwrap();
    let node = Node::with(Identity::new("MK-1"), listen, limits);
    node.knows([peer.listed(None)]);
    let config = client(Some(&peer), hybrid());
    let connection = dial(&dialler(), config, node.node(), node.address())
        .await
        .unwrap();
    (node, peer, connection)
}

async fn greeted() -> (Node, Identity, Greeted) {
    greeted_by(impatient()).await
}

async fn greeted_by(limits: Limits) -> (Node, Identity, Greeted) {
    let (mut node, peer, connection) = connected(limits).await;
    let greeted = Greeted::on(connection, STANDING).await;
    assert!(matches!(node.event().await, Event::Up(..)));
    (node, peer, greeted)
}

async fn falls(mut node: Node, peer: &Identity, greeted: &Greeted, code: u64, why: LinkError) {
    assert_eq!(greeted.closed().await, code);
    assert_eq!(node.event().await, Event::Down(peer.node, why));
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_cut_off() {
    let (node, _, connection) = connected(impatient()).await;
    assert_eq!(close_code(soon(connection.closed()).await), TOO_SLOW);
    assert_eq!(node.transport.refused().hello, 1);
}

#[tokio::test]
async fn a_peer_that_says_half_a_hello_is_cut_off() {
    let (node, _, connection) = connected(impatient()).await;
    let mut stream = connection.open_uni().await.unwrap();
    let opening = opening(STANDING, &[7; 1_000]);
    stream.write_all(&opening[..500]).await.unwrap();
    assert_eq!(close_code(soon(connection.closed()).await), TOO_SLOW);
    assert_eq!(node.transport.refused().hello, 1);
}

#[tokio::test]
async fn a_peer_that_does_not_admit_is_cut_off() {
    let (node, _, connection) = connected(impatient()).await;
    let mut stream = connection.open_uni().await.unwrap();
    stream
        .write_all(&opening(STANDING, b"hello"))
        .await
        .unwrap();
    assert_eq!(close_code(soon(connection.closed()).await), TOO_SLOW);
    assert_eq!(node.transport.refused().hello, 1);
    assert_eq!(node.transport.connected(), []);
}

#[tokio::test]
async fn a_hello_that_is_too_long_or_on_another_stream_is_refused() {
    for first in [
        opening(STANDING, &vec![7; 64 * 1024 + 1])[..37].to_vec(),
        [&[2], &opening(STANDING, b"hello")[1..]].concat(),
        [&[0], &opening(STANDING, b"hello")[1..]].concat(),
    ] {
        let (node, _, connection) = connected(impatient()).await;
        let mut stream = connection.open_uni().await.unwrap();
        stream.write_all(&first).await.unwrap();
        assert_eq!(close_code(soon(connection.closed()).await), MISBEHAVED);
        assert_eq!(node.transport.refused().hello, 1);
    }
}

#[tokio::test]
async fn a_frame_that_is_too_long_ends_the_link() {
    for length in [1024 * 1024 + 1, u32::MAX] {
        let (node, peer, mut greeted) = greeted().await;
        greeted.send.write_all(&length.to_be_bytes()).await.unwrap();
        falls(node, &peer, &greeted, MISBEHAVED, LinkError::Misbehaved).await;
    }
}

#[tokio::test]
async fn an_empty_frame_ends_the_link() {
    let (node, peer, mut greeted) = greeted().await;
    greeted.send.write_all(&[0; 4]).await.unwrap();
    falls(node, &peer, &greeted, MISBEHAVED, LinkError::Misbehaved).await;
}

#[tokio::test]
async fn a_frame_that_stands_still_ends_the_link() {
    for begun in [&[0, 0][..], &[0, 0, 1, 0, 42]] {
        let (node, peer, mut greeted) = greeted().await;
        greeted.send.write_all(begun).await.unwrap();
        falls(node, &peer, &greeted, TOO_SLOW, LinkError::TooSlow).await;
    }
}

#[tokio::test]
async fn a_stream_that_ends_ends_the_link() {
    let (node, peer, mut greeted) = greeted().await;
    greeted.send.finish().unwrap();
    falls(node, &peer, &greeted, MISBEHAVED, LinkError::Misbehaved).await;

    let (node, peer, mut greeted) = self::greeted().await;
    greeted.send.reset(9u32.into()).unwrap();
    falls(node, &peer, &greeted, MISBEHAVED, LinkError::Misbehaved).await;
}

#[tokio::test]
async fn a_third_stream_of_frames_ends_the_link() {
    let (node, peer, greeted) = greeted().await;
    let mut streams = Vec::new();
    for name in [2, 2] {
        let mut stream = greeted.connection.open_uni().await.unwrap();
        stream.write_all(&[name]).await.unwrap();
        streams.push(stream);
    }
    falls(node, &peer, &greeted, MISBEHAVED, LinkError::Misbehaved).await;
}

#[tokio::test]
async fn what_is_not_urgent_may_stand_still_while_urgent_frames_go_before_it() {
    let (mut node, peer, mut greeted) = greeted().await;
    let mut routine = greeted.connection.open_uni().await.unwrap();
    routine.write_all(&[2, 0, 0, 0, 2, 7]).await.unwrap();
    let begun = Instant::now();
    while begun.elapsed() < impatient().stall * 4 {
        greeted.send.write_all(&[0, 0, 0, 1, 5]).await.unwrap();
        let frame = Event::Frame(peer.node, Class::Urgent, vec![5]);
        assert_eq!(node.event().await, frame);
    }
    routine.write_all(&[8]).await.unwrap();
    let frame = Event::Frame(peer.node, Class::Routine, vec![7, 8]);
    assert_eq!(node.event().await, frame);
}

#[tokio::test]
async fn a_second_urgent_stream_ends_the_link() {
    let (node, peer, greeted) = greeted().await;
    let mut stream = greeted.connection.open_uni().await.unwrap();
    stream.write_all(&[1]).await.unwrap();
    falls(node, &peer, &greeted, MISBEHAVED, LinkError::Misbehaved).await;
}

#[tokio::test]
async fn only_sixteen_requests_are_open_at_a_time_and_idle_ones_are_given_up() {
    let (mut node, peer, mut greeted) = greeted().await;
    let mut open = Vec::new();
    for _ in 0..16 {
        let (mut send, receive) = greeted.connection.open_bi().await.unwrap();
        send.write_all(&[0]).await.unwrap();
        open.push((send, receive));
    }
    assert!(now(greeted.connection.open_bi()).await.is_none());
    // The node resets each after a while, and the link serves on.
    for (_, receive) in &mut open {
        let mut answer = [0; 8];
        soon(receive.read_exact(&mut answer)).await.unwrap_err();
    }
    greeted.send.write_all(&[0, 0, 0, 1, 5]).await.unwrap();
    let frame = Event::Frame(peer.node, Class::Urgent, vec![5]);
    assert_eq!(node.event().await, frame);
}

#[tokio::test]
async fn datagrams_are_not_taken() {
    let (_node, _, greeted) = greeted().await;
    assert_eq!(greeted.connection.max_datagram_size(), None);
}

#[tokio::test]
async fn a_peer_can_send_ahead_two_megabytes_at_most() {
    let (node, _, mut greeted) = greeted_by(limits()).await;
    let _held = node.handler.gate.acquire().await.unwrap();
    // A frame of each class waits at the gate, and behind it what the windows take.
    greeted.send.write_all(&[0, 0, 0, 1, 5]).await.unwrap();
    let mut routine = greeted.connection.open_uni().await.unwrap();
    routine.write_all(&[2, 0, 0, 0, 1, 5]).await.unwrap();
    let mut sends = vec![greeted.send, routine];
    let mut receives = Vec::new();
    for _ in 0..16 {
        let (send, receive) = greeted.connection.open_bi().await.unwrap();
        sends.push(send);
        receives.push(receive);
    }
    let piece = [0; 64 * 1024];
    let mut written = 0;
    for stream in &mut sends {
        while let Some(wrote) = now(stream.write(&piece)).await {
            written += wrote.unwrap();
        }
    }
    let most = 2 * 1024 * 1024 + 1024;
    assert!((1024 * 1024..=most).contains(&written), "{written} bytes");
}

/// What the future gives at once, if it does.
async fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    poll_fn(|context| {
        Poll::Ready(match future.as_mut().poll(context) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}
