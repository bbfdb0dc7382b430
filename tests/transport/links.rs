//! How links come up, carry frames, are replaced and end.

use liaison::transport::{Class, LinkError, MAX_FRAME, SendError};

use crate::raw::{Greeted, Standing, accepted, client, dial, dialler, hybrid, listener};
use crate::support::{Event, Identity, Node, limits, linked, soon};

#[tokio::test]
async fn frames_of_both_classes_pass_both_ways_in_order() {
    let (mut a, mut b) = linked("AL-1", "MK-1").await;
    for class in [Class::Urgent, Class::Routine] {
        for n in 0..50u8 {
            let frame = vec![n; 1 + usize::from(n) * 300];
            a.transport.send(b.node(), class, frame.clone()).unwrap();
            b.transport.send(a.node(), class, frame).unwrap();
        }
        for n in 0..50u8 {
            let frame = vec![n; 1 + usize::from(n) * 300];
            assert_eq!(a.frame(class).await, frame);
            assert_eq!(b.frame(class).await, frame);
        }
    }
    assert_eq!(a.transport.connected(), [b.node()]);
    assert_eq!(b.transport.connected(), [a.node()]);
}

#[tokio::test]
async fn the_longest_frame_passes_and_none_longer_is_taken() {
    let (a, mut b) = linked("AL-1", "MK-1").await;
    let send = |frame| a.transport.send(b.node(), Class::Routine, frame);
    assert_eq!(send(vec![0; MAX_FRAME + 1]), Err(SendError::Length));
    assert_eq!(send(Vec::new()), Err(SendError::Length));
    send(vec![7; MAX_FRAME]).unwrap();
    assert!(b.frame(Class::Routine).await == vec![7; MAX_FRAME]);
}

#[tokio::test]
async fn nothing_is_sent_where_there_is_no_link() {
    let a = Node::start("AL-1");
    let stranger = "MK-1".parse().unwrap();
    let sent = a.transport.send(stranger, Class::Urgent, vec![1]);
    assert_eq!(sent, Err(SendError::NotConnected));
}

#[tokio::test]
async fn a_slow_reader_fills_the_queue_and_room_is_announced() {
    let (mut a, mut b) = linked("AL-1", "MK-1").await;
    let held = b.handler.gate.acquire().await.unwrap();
    let frame = |n: u32| {
        let mut frame = vec![0; 100_000];
        frame[..4].copy_from_slice(&n.to_be_bytes());
        frame
    };
    // Tasks of the link run only while this one awaits, and b reads nothing: windows and queue
    // are finite, so that the end of both must come.
    let mut sent = 0;
    let mut full = false;
    while !full {
        match a.transport.send(b.node(), Class::Routine, frame(sent)) {
            Ok(()) => sent += 1,
            Err(SendError::Full) => full = true,
            Err(error) => panic!("{error}"),
        }
        assert!(sent < 1_000);
    }
    // The other class is not held up.
    let urgent = a.transport.send(b.node(), Class::Urgent, vec![1]);
    assert_eq!(urgent, Ok(()));
    drop(held);
    assert_eq!(a.event().await, Event::Room(b.node(), Class::Routine));
    a.transport
        .send(b.node(), Class::Routine, frame(sent))
        .unwrap();
    let mut urgent_came = false;
    let mut next = 0;
    while next <= sent {
        match b.event().await {
            Event::Frame(_, Class::Routine, came) => {
                assert_eq!(came, frame(next));
                next += 1;
            }
            Event::Frame(_, Class::Urgent, came) => urgent_came |= came == [1],
            other => panic!("{other:?}"),
        }
    }
    assert!(urgent_came);
}

#[tokio::test]
async fn what_waits_for_a_link_that_is_dropped_does_not_go_over_the_next() {
    let (mut a, mut b) = linked("AL-1", "MK-1").await;
    let mut sent = 0;
    // Tasks of the link run only while this one awaits.
    while a
        .transport
        .send(b.node(), Class::Urgent, vec![1; 100_000])
        .is_ok()
    {
        sent += 1;
        assert!(sent < 1_000);
    }
    a.transport.drop_link(b.node());
    let mut down = a.event().await;
    while let Event::Room(..) = down {
        down = a.event().await;
    }
    assert_eq!(down, Event::Down(b.node(), LinkError::Dropped));
    let down = Event::Down(a.node(), LinkError::PeerStopping);
    assert_eq!(b.event().await, down);
    a.up(b.node()).await;
    b.up(a.node()).await;
    let next = a.transport.send(b.node(), Class::Urgent, vec![2]);
    assert_eq!(next, Ok(()));
    assert_eq!(b.frame(Class::Urgent).await, [2]);
}

#[tokio::test]
async fn one_link_is_left_when_both_dial_at_once() {
    for _ in 0..20 {
        let (mut a, mut b) = (Node::start("AL-1"), Node::start("MK-1"));
        a.knows([b.dialled()]);
        b.knows([a.dialled()]);
        settle(&mut a, &mut b).await;
        settle(&mut b, &mut a).await;
        assert_eq!(a.transport.connected(), [b.node()]);
        assert_eq!(b.transport.connected(), [a.node()]);
    }
}

/// Sends from `from` until a frame arrives: one that was sent on a connection that lost the race
/// is sent again when the next link comes up.
async fn settle(from: &mut Node, to: &mut Node) {
    let peer = to.node();
    let _ = from
        .transport
        .send(peer, Class::Urgent, b"settled".to_vec());
    loop {
        tokio::select! {
            event = from.event() => {
                if let Event::Up(..) = event {
                    let _ = from.transport.send(peer, Class::Urgent, b"settled".to_vec());
                }
            }
            frame = to.frame(Class::Urgent) => {
                assert_eq!(frame, b"settled");
                return;
            }
        }
    }
}

/// A node and a raw peer that have dialled each other: first the connection that the node
/// dialled, then the peer's own.
async fn crossed(node: &mut Node, peer: &Identity) -> (quinn::Connection, quinn::Connection) {
    let listening = listener(peer, hybrid());
    node.knows([peer.listed(Some(listening.local_addr().unwrap()))]);
    let from_node = accepted(&listening).await.unwrap();
    let config = client(Some(peer), hybrid());
    let endpoint = dialler();
    let from_peer = dial(&endpoint, config, node.node(), node.address())
        .await
        .unwrap();
    (from_node, from_peer)
}

const FRESH: Standing = Standing {
    instance: [1; 16],
    lost: 0,
};
const REPLACED: u64 = 1;

#[tokio::test]
async fn of_two_connections_the_one_that_the_smaller_node_dialled_stays() {
    let peer = Identity::new("MK-1");
    for (name, stays_first) in [
        ("AL-1", true),
        ("AL-1", false),
        ("TR-1", true),
        ("TR-1", false),
    ] {
        let mut node = Node::start(name);
        let (from_node, from_peer) = crossed(&mut node, &peer).await;
        let (mut stays, mut goes) = (from_node, from_peer);
        if peer.node < node.node() {
            std::mem::swap(&mut stays, &mut goes);
        }
        // The loser is told, whichever of the two comes up first.
        let stays = if stays_first {
            let stays = Greeted::on(stays, FRESH).await;
            assert!(matches!(node.event().await, Event::Up(..)));
            assert_eq!(Greeted::in_vain(goes, FRESH).await, REPLACED);
            stays
        } else {
            let goes = Greeted::on(goes, FRESH).await;
            assert!(matches!(node.event().await, Event::Up(..)));
            let stays = Greeted::on(stays, FRESH).await;
            let down = Event::Down(peer.node, LinkError::Replaced);
            assert_eq!(node.event().await, down);
            assert!(matches!(node.event().await, Event::Up(..)));
            assert_eq!(goes.closed().await, REPLACED);
            stays
        };
        let mut receive = stays.receive;
        node.transport
            .send(peer.node, Class::Urgent, vec![9])
            .unwrap();
        let mut frame = [0; 5];
        soon(receive.read_exact(&mut frame)).await.unwrap();
        assert_eq!(frame, [0, 0, 0, 1, 9]);
    }
}

#[tokio::test]
async fn a_restarted_peer_replaces_its_dead_link_at_once() {
    // The old link is the one that would stay if both were alive.
    let peer = Identity::new("MK-1");
    let mut node = Node::start("AL-1");
    let (from_node, from_peer) = crossed(&mut node, &peer).await;
    let old = Greeted::on(from_node, FRESH).await;
    assert!(matches!(node.event().await, Event::Up(..)));
    let restarted = Standing {
        instance: [2; 16],
        lost: 0,
    };
    let _new = Greeted::on(from_peer, restarted).await;
    assert_eq!(old.closed().await, REPLACED);
    let down = Event::Down(peer.node, LinkError::Replaced);
    assert_eq!(node.event().await, down);
    assert!(matches!(node.event().await, Event::Up(..)));
}

#[tokio::test]
async fn a_peer_that_lost_the_link_replaces_it_and_a_belated_connection_does_not() {
    let peer = Identity::new("MK-1");
    let mut node = Node::start("AL-1");
    let (from_node, from_peer) = crossed(&mut node, &peer).await;
    let endpoint = dialler();
    let config = client(Some(&peer), hybrid());
    let belated = dial(&endpoint, config, node.node(), node.address())
        .await
        .unwrap();

    let old = Greeted::on(from_node, FRESH).await;
    assert!(matches!(node.event().await, Event::Up(..)));
    let again = Standing { lost: 1, ..FRESH };
    let _new = Greeted::on(from_peer, again).await;
    assert_eq!(old.closed().await, REPLACED);
    let down = Event::Down(peer.node, LinkError::Replaced);
    assert_eq!(node.event().await, down);
    assert!(matches!(node.event().await, Event::Up(..)));

    assert_eq!(Greeted::in_vain(belated, FRESH).await, REPLACED);
}

#[tokio::test]
async fn a_node_that_comes_back_is_dialled_again() {
    let (mut a, b) = linked("AL-1", "MK-1").await;
    let address = b.address();
    let identity = b.stop().await;
    let down = Event::Down(identity.node, LinkError::PeerStopping);
    assert_eq!(a.event().await, down);
    let mut b = Node::with(identity, address, limits());
    b.knows([a.known()]);
    a.transport.connect_soon(b.node());
    a.up(b.node()).await;
    b.up(a.node()).await;
}

#[tokio::test]
async fn a_link_with_a_node_that_was_killed_ends_when_the_node_is_back() {
    let doomed = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let mut b = {
        let _in_it = doomed.enter();
        Node::start("MK-1")
    };
    let mut a = Node::start("AL-1");
    b.knows([a.known()]);
    a.knows([b.dialled()]);
    a.up(b.node()).await;
    b.up(a.node()).await;

    // No task of the node runs any more, and so it takes no leave.
    tokio::task::spawn_blocking(|| drop(doomed)).await.unwrap();
    let address = b.address();
    let identity = b.free().await;
    let mut b = Node::with(identity, address, limits());
    b.knows([a.known()]);
    // Unless a packet of QUIC's own has made the node speak already.
    let _ = a.transport.send(b.node(), Class::Urgent, vec![1]);
    assert_eq!(a.event().await, Event::Down(b.node(), LinkError::Broken));
    a.up(b.node()).await;
    b.up(a.node()).await;
}

#[tokio::test]
async fn closing_takes_leave_of_everybody_and_leaves_nothing_running() {
    let (mut a, mut b) = linked("AL-1", "MK-1").await;
    soon(a.transport.close()).await;
    let down = Event::Down(b.node(), LinkError::Stopping);
    assert_eq!(a.events.try_recv(), Ok(down));
    assert_eq!(
        b.event().await,
        Event::Down(a.node(), LinkError::PeerStopping)
    );
    let sent = a.transport.send(b.node(), Class::Urgent, vec![1]);
    assert_eq!(sent, Err(SendError::NotConnected));
    soon(b.transport.close()).await;
}

#[tokio::test]
async fn a_silent_peer_is_given_up() {
    let peer = Identity::new("MK-1");
    let brief = std::time::Duration::from_millis(300);
    let mut node = Node::with(
        Identity::new("AL-1"),
        "127.0.0.1:0".parse().unwrap(),
        liaison::transport::Limits {
            idle: brief,
            keep_alive: brief * 10,
            ..limits()
        },
    );
    node.knows([peer.listed(None)]);
    let endpoint = dialler();
    let config = client(Some(&peer), hybrid());
    let connection = dial(&endpoint, config, node.node(), node.address())
        .await
        .unwrap();
    let _greeted = Greeted::on(connection, FRESH).await;
    assert!(matches!(node.event().await, Event::Up(..)));
    let down = Event::Down(peer.node, LinkError::TimedOut);
    assert_eq!(node.event().await, down);
}
