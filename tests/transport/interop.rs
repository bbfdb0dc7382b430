//! Links with peers on aws-lc, an implementation that shares no line with ours. The key exchange
//! alone is compared in `tests/vectors/exchanges.rs`.

use crate::raw::{Greeted, Standing, accepted, client, dial, dialler, hybrid, listener};
use crate::support::{Event, Identity, Node};

#[tokio::test]
async fn a_peer_on_aws_lc_dials_and_is_dialled() {
    let peer = Identity::new("TR-1");
    let mut node = Node::start("MK-1");
    node.knows([peer.listed(None)]);
    let standing = |n| Standing {
        instance: [n; 16],
        lost: 0,
    };
    let endpoint = dialler();
    for round in 0..12 {
        let config = client(Some(&peer), hybrid());
        let connection = dial(&endpoint, config, node.node(), node.address())
            .await
            .unwrap();
        let _greeted = Greeted::on(connection, standing(round)).await;
        loop {
            if let Event::Up(who, hello) = node.event().await {
                assert_eq!((who, &hello[..]), (peer.node, &b"raw"[..]));
                break;
            }
        }
    }
    node.transport.close().await;

    for _ in 0..12 {
        let listening = listener(&peer, hybrid());
        let mut node = Node::start("MK-1");
        node.knows([peer.listed(Some(listening.local_addr().unwrap()))]);
        let connection = accepted(&listening).await.unwrap();
        let _greeted = Greeted::on(connection, standing(1)).await;
        assert_eq!(node.event().await, Event::Up(peer.node, b"raw".to_vec()));
    }
}
