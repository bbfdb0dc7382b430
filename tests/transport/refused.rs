//! Who gets no link.

use liaison::transport::{LinkError, pin_of};
use rustls::NamedGroup;

use crate::raw::{accepted, client, close_code, dialler, hybrid, listener, provider, refusal};
use crate::support::{Event, Identity, Node, id, linked, soon};

const CLASSICAL: [NamedGroup; 3] = [
    NamedGroup::X25519,
    NamedGroup::secp256r1,
    NamedGroup::secp384r1,
];

#[tokio::test]
async fn a_client_with_classical_groups_only_is_refused() {
    let peer = Identity::new("TR-1");
    let node = Node::start("MK-1");
    node.knows([peer.listed(None)]);
    let config = client(Some(&peer), provider(&CLASSICAL));
    refusal(&dialler(), config, node.node(), node.address()).await;
    assert_eq!(node.transport.refused().handshake, 1);
    assert_eq!(node.transport.refused().unlisted_key, 0);
}

#[tokio::test]
async fn a_server_with_classical_groups_only_is_refused() {
    let peer = Identity::new("TR-1");
    let listening = listener(&peer, provider(&CLASSICAL));
    let node = Node::start("MK-1");
    node.knows([peer.listed(Some(listening.local_addr().unwrap()))]);
    accepted(&listening).await.unwrap_err();
    assert_eq!(node.transport.connected(), []);
}

#[tokio::test]
async fn a_client_whose_key_is_not_listed_is_refused() {
    let node = Node::start("MK-1");
    node.knows([Identity::new("TR-1").listed(None)]);
    let impostor = Identity::new("TR-1");
    let config = client(Some(&impostor), hybrid());
    refusal(&dialler(), config, node.node(), node.address()).await;
    assert_eq!(node.transport.refused().unlisted_key, 1);
    assert_eq!(node.transport.refused().handshake, 1);
}

#[tokio::test]
async fn a_server_whose_key_is_not_listed_is_refused() {
    let impostor = Identity::new("TR-1");
    let listening = listener(&impostor, hybrid());
    let node = Node::start("MK-1");
    let listed = Identity::new("TR-1");
    node.knows([listed.listed(Some(listening.local_addr().unwrap()))]);
    accepted(&listening).await.unwrap_err();
    assert_eq!(node.transport.refused().unlisted_key, 1);
}

#[tokio::test]
async fn another_listed_nodes_certificate_is_refused_where_one_is_dialled() {
    let (mk, tr) = (Identity::new("MK-1"), Identity::new("TR-1"));
    let listening = listener(&tr, hybrid());
    let node = Node::start("AL-1");
    node.knows([
        mk.listed(Some(listening.local_addr().unwrap())),
        tr.listed(None),
    ]);
    accepted(&listening).await.unwrap_err();
    assert_eq!(node.transport.refused().wrong_name, 1);
    assert_eq!(node.transport.refused().unlisted_key, 0);
}

#[tokio::test]
async fn a_listed_key_under_another_nodes_name_is_refused() {
    let tr = Identity::new("TR-1");
    let node = Node::start("AL-1");
    node.knows([tr.listed(None), Identity::new("MK-1").listed(None)]);
    let disguised = Identity {
        node: id("MK-1"),
        ..tr
    };
    let config = client(Some(&disguised), hybrid());
    refusal(&dialler(), config, node.node(), node.address()).await;
    assert_eq!(node.transport.refused().wrong_name, 1);
}

#[tokio::test]
async fn a_member_that_lists_anothers_key_as_its_own_takes_nothing_from_it() {
    let (mut a, mut b) = (Node::start("AL-1"), Node::start("MK-1"));
    let mut thief = Identity::new("TR-1").listed(None);
    thief.pins.push(pin_of(&a.identity.pkcs8).unwrap());
    b.knows([a.known(), thief]);
    a.knows([b.dialled()]);
    b.up(a.node()).await;
    a.up(b.node()).await;
}

#[tokio::test]
async fn a_client_without_a_certificate_is_refused() {
    let node = Node::start("MK-1");
    node.knows([Identity::new("TR-1").listed(None)]);
    let config = client(None, hybrid());
    refusal(&dialler(), config, node.node(), node.address()).await;
    assert_eq!(node.transport.refused().handshake, 1);
}

#[tokio::test]
async fn a_node_does_not_link_with_itself() {
    let node = Node::start("MK-1");
    node.knows([node.dialled()]);
    let config = client(Some(&node.identity), hybrid());
    refusal(&dialler(), config, node.node(), node.address()).await;
    assert_eq!(node.transport.refused().unlisted_key, 1);
}

#[tokio::test]
async fn the_code_of_a_refused_hello_reaches_the_peer() {
    let peer = Identity::new("TR-1");
    let node = Node::start("MK-1");
    node.knows([peer.listed(None)]);
    *node.handler.refuse.lock().unwrap() = Some(7);
    let config = client(Some(&peer), hybrid());
    let connection = crate::raw::dial(&dialler(), config, node.node(), node.address())
        .await
        .unwrap();
    let standing = crate::raw::Standing {
        instance: [1; 16],
        lost: 0,
    };
    let mut stream = connection.open_uni().await.unwrap();
    stream
        .write_all(&crate::raw::opening(standing, b"hello"))
        .await
        .unwrap();
    assert_eq!(close_code(soon(connection.closed()).await), 0x107);
    assert_eq!(node.transport.refused().hello, 1);
}

#[tokio::test]
async fn a_removed_peers_link_is_closed_at_once_and_both_know_why() {
    let (mut a, mut b) = linked("AL-1", "MK-1").await;
    a.knows([]);
    let second = std::time::Duration::from_secs(1);
    let event = tokio::time::timeout(second, a.event()).await.unwrap();
    assert_eq!(event, Event::Down(b.node(), LinkError::Unlisted));
    assert_eq!(
        b.event().await,
        Event::Down(a.node(), LinkError::UnlistedByPeer)
    );
}

#[tokio::test]
async fn a_link_is_closed_when_its_key_is_listed_no_more() {
    let (mut a, mut b) = linked("AL-1", "MK-1").await;
    let mut renewed = b.dialled();
    renewed.pins = Identity::new("MK-1").listed(None).pins;
    a.knows([renewed]);
    assert_eq!(a.event().await, Event::Down(b.node(), LinkError::Unlisted));
    assert_eq!(
        b.event().await,
        Event::Down(a.node(), LinkError::UnlistedByPeer)
    );
}

#[tokio::test]
async fn a_link_outlives_a_list_that_keeps_its_key_beside_a_new_one() {
    let (mut a, mut b) = linked("AL-1", "MK-1").await;
    let mut both = b.dialled();
    both.pins
        .insert(0, Identity::new("MK-1").listed(None).pins[0]);
    a.knows([both]);
    let class = liaison::transport::Class::Urgent;
    a.transport.send(b.node(), class, vec![1]).unwrap();
    assert_eq!(b.event().await, Event::Frame(a.node(), class, vec![1]));
    b.transport.send(a.node(), class, vec![2]).unwrap();
    assert_eq!(a.event().await, Event::Frame(b.node(), class, vec![2]));
}
