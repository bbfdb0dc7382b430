//! The key exchange against aws-lc, an implementation that shares no line with ours.

use liaison::seal::kx::{self, ClientExchange};
use rustls::crypto::aws_lc_rs::kx_group::X25519MLKEM768;

use crate::raw::{Greeted, Standing, accepted, client, dial, dialler, hybrid, listener};
use crate::support::{Event, Identity, Node};

const ROUNDS: usize = 64;

#[test]
fn exchanges_begun_here_agree_with_aws_lc() {
    begun_here(ROUNDS);
}

#[test]
fn exchanges_begun_by_aws_lc_agree_with_us() {
    begun_by_aws_lc(ROUNDS);
}

#[test]
#[ignore = "takes several seconds without optimization"]
fn two_thousand_exchanges_each_way_agree_with_aws_lc() {
    begun_here(2_000);
    begun_by_aws_lc(2_000);
}

fn begun_here(rounds: usize) {
    for _ in 0..rounds {
        let ours = ClientExchange::start().unwrap();
        let theirs = X25519MLKEM768.start_and_complete(ours.share()).unwrap();
        let secret = ours.complete(&theirs.pub_key).unwrap();
        assert_eq!(secret.as_bytes(), theirs.secret.secret_bytes());
    }
}

fn begun_by_aws_lc(rounds: usize) {
    for _ in 0..rounds {
        let theirs = X25519MLKEM768.start().unwrap();
        let (share, secret) = kx::answer(theirs.pub_key()).unwrap();
        let theirs = theirs.complete(&share[..]).unwrap();
        assert_eq!(secret.as_bytes(), theirs.secret_bytes());
    }
}

#[test]
fn what_aws_lc_refuses_as_an_encapsulation_key_is_refused_here() {
    let good = *ClientExchange::start().unwrap().share();
    for byte in (0..1152).step_by(3) {
        // Every second coefficient stands alone in the last byte and a half of three.
        let mut share = good;
        share[byte + 1] |= 0xf0;
        share[byte + 2] = 0xff;
        let theirs = X25519MLKEM768.start_and_complete(&share);
        assert!(theirs.is_err() && kx::answer(&share).is_err(), "{byte}");
    }
}

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
