//! Attachments beside frames.

use liaison::base::{Entropy, MessageId, NodeId, SeededEntropy};
use liaison::transport::{AttachmentRequest, Class, FetchError};

use crate::raw::{Greeted, Standing, client, dial, dialler, hybrid};
use crate::support::{Event, Identity, Node, linked, soon};

const MESSAGE: [u8; 16] = [5; 16];

fn request(index: u16, offset: u64) -> AttachmentRequest {
    AttachmentRequest {
        message: MessageId::from_bytes(MESSAGE),
        index,
        offset,
    }
}

fn random(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    SeededEntropy::new(length as u64).fill(&mut bytes);
    bytes
}

async fn fetch(
    node: &Node,
    peer: NodeId,
    request: AttachmentRequest,
    length: u64,
) -> Result<Vec<u8>, FetchError> {
    let mut sink = Vec::new();
    let fetched = node
        .transport
        .fetch_attachment(peer, request, length, &mut sink);
    soon(fetched).await.map(|()| sink)
}

#[tokio::test]
async fn five_megabytes_arrive_while_urgent_frames_pass() {
    let (a, mut b) = linked("AL-1", "MK-1").await;
    let bytes = random(5_000_000);
    a.serves(MessageId::from_bytes(MESSAGE), 0, &bytes);
    let (from, to) = (a.node(), b.node());
    let (_, closed) = tokio::sync::mpsc::unbounded_channel();
    let mut events = std::mem::replace(&mut b.events, closed);
    let fetching = fetch(&b, from, request(0, 0), 5_000_000);
    tokio::pin!(fetching);
    let mut passed = 0u32;
    let send = |n: u32| {
        let frame = n.to_be_bytes().to_vec();
        a.transport.send(to, Class::Urgent, frame).unwrap();
    };
    send(0);
    let fetched = loop {
        tokio::select! {
            fetched = &mut fetching => break fetched.unwrap(),
            event = events.recv() => {
                let frame = Event::Frame(from, Class::Urgent, passed.to_be_bytes().to_vec());
                assert_eq!(event, Some(frame));
                passed += 1;
                send(passed);
            }
        }
    };
    assert!(fetched == bytes);
    assert!(passed > 10, "{passed} frames passed");
}

#[tokio::test]
async fn a_fetch_goes_on_from_where_the_last_one_ended() {
    let (a, b) = linked("AL-1", "MK-1").await;
    let bytes = random(300_000);
    a.serves(MessageId::from_bytes(MESSAGE), 3, &bytes);
    for offset in [0, 1, 65_536, 299_999, 300_000] {
        let rest = fetch(&b, a.node(), request(3, offset), 300_000).await;
        let offset = usize::try_from(offset).unwrap();
        assert!(rest.unwrap() == bytes[offset..]);
    }
}

#[tokio::test]
async fn what_cannot_be_served_is_refused_with_its_reason() {
    let (a, b) = linked("AL-1", "MK-1").await;
    a.serves(MessageId::from_bytes(MESSAGE), 0, &random(1_000));
    let unknown = fetch(&b, a.node(), request(1, 0), 1_000).await;
    assert!(matches!(unknown, Err(FetchError::Refused(404))));
    let beyond = fetch(&b, a.node(), request(0, 1_001), 1_000).await;
    assert!(matches!(beyond, Err(FetchError::Unavailable)));
    let other = fetch(&b, a.node(), request(0, 0), 999).await;
    assert!(matches!(other, Err(FetchError::WrongLength(1_000))));
    let stranger = fetch(&b, "TR-1".parse().unwrap(), request(0, 0), 1_000).await;
    assert!(matches!(stranger, Err(FetchError::NotConnected)));
    // None of these harmed the link.
    assert_eq!(
        fetch(&b, a.node(), request(0, 0), 1_000).await.unwrap(),
        random(1_000)
    );
}

/// A node, and a peer that it lists which says whatever a test wants, with a link.
async fn with_a_raw_peer() -> (Node, NodeId, Greeted) {
    let peer = Identity::new("TR-1");
    let mut node = Node::start("MK-1");
    node.knows([peer.listed(None)]);
    let config = client(Some(&peer), hybrid());
    let connection = dial(&dialler(), config, node.node(), node.address())
        .await
        .unwrap();
    let standing = Standing {
        instance: [1; 16],
        lost: 0,
    };
    let greeted = Greeted::on(connection, standing).await;
    assert!(matches!(node.event().await, Event::Up(..)));
    (node, peer.node, greeted)
}

#[tokio::test]
async fn a_peer_that_declares_a_terabyte_instead_is_not_heard_any_further() {
    let (node, peer, greeted) = with_a_raw_peer().await;
    let terabyte = 1_u64 << 40;
    let declares = async {
        let (mut send, _receive) = soon(greeted.connection.accept_bi()).await.unwrap();
        send.write_all(&terabyte.to_be_bytes()).await.unwrap();
        send
    };
    let fetching = fetch(&node, peer, request(0, 0), 10);
    let (fetched, _send) = tokio::join!(fetching, declares);
    assert!(
        matches!(fetched, Err(FetchError::WrongLength(length)) if length == terabyte),
        "{fetched:?}"
    );
}

#[tokio::test]
async fn a_fetch_ends_with_the_link() {
    let (node, peer, greeted) = with_a_raw_peer().await;
    let serve_half = async {
        let (mut send, mut receive) = soon(greeted.connection.accept_bi()).await.unwrap();
        let mut request = [0; 26];
        soon(receive.read_exact(&mut request)).await.unwrap();
        assert_eq!(request[..16], MESSAGE);
        send.write_all(&10u64.to_be_bytes()).await.unwrap();
        send.write_all(&[1, 2, 3]).await.unwrap();
        send.finish().unwrap();
    };
    let fetching = fetch(&node, peer, request(0, 0), 10);
    let (fetched, ()) = tokio::join!(fetching, serve_half);
    assert!(matches!(fetched, Err(FetchError::Misbehaved)));

    let cut = async {
        let _stream = soon(greeted.connection.accept_bi()).await.unwrap();
        greeted.connection.close(0u32.into(), b"");
    };
    let fetching = fetch(&node, peer, request(0, 0), 10);
    let (fetched, ()) = tokio::join!(fetching, cut);
    assert!(matches!(fetched, Err(FetchError::Link(_))), "{fetched:?}");
}
