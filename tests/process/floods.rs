//! A listed peer that sends without end: others' urgent requests are not kept waiting by it.

use std::time::{Duration, Instant};

use liaison::api::SendRequest;
use liaison::base::{MessageId, NodeId, OsEntropy, Role, Timestamp};
use liaison::domain::message::Body;
use liaison::node::Folder;
use liaison::seal::envelope::{SignedMessage, seal_parcel};
use liaison::wire::frame::Frame;

use crate::examples;
use crate::hostile::{Harmful, world};
use crate::liar::{Hands, message};
use crate::office::Office;
use crate::world::{PATIENCE, World, block, until};

/// How much longer others' urgent requests may take (docs/reliability.md).
const LONGER: Duration = Duration::from_secs(1);

/// Messages in one frame of the flood.
const TOGETHER: usize = 64;

/// Requests from a listed office to another one, each another one, as many to a frame as a frame takes.
fn frames_of_requests(office: &Office, to: &Office, frames: usize) -> Vec<Vec<u8>> {
    let hands = Hands::of(office);
    let directory = Folder(office.dir.clone()).directory().expect("trust files");
    let directory = directory.expect("a trust list");
    let to = NodeId::first(to.member);
    let key = directory.recipient_key(to, Timestamp::system());
    let key = key.expect("the node has a key in force");
    let request = serde_json::from_value(examples::urgent_request()).expect("a request");
    let body = Body::Request(Box::new(request));
    let one = |_| {
        let id = MessageId::new(Timestamp::system(), &mut OsEntropy);
        let said = message(
            &hands,
            to,
            (id, id),
            Role::Officer,
            body.clone(),
            &directory,
        );
        (said.header_bytes, said.body_bytes)
    };
    let frame = |_| {
        let messages = (0..TOGETHER).map(one).collect();
        let signed =
            SignedMessage::sign_all(&hands.keys.identity, hands.node, messages, &mut OsEntropy);
        let signed = signed.expect("they are short");
        let parcel = seal_parcel(&signed, to, key, &mut OsEntropy).expect("they fit");
        Frame::Parcel(parcel).encode()
    };
    (0..frames).map(frame).collect()
}

/// How long an urgent request of AT takes to TR and its receipt back, at the middle of a few.
fn takes(world: &World) -> Duration {
    let (at, tr) = (world.office("AT"), world.office("TR"));
    let request = SendRequest {
        to: vec![tr.member],
        reservation: None,
        request: examples::urgent_request(),
    };
    let client = at.client("officer");
    let mut times: Vec<Duration> = (0..5)
        .map(|_| {
            let began = Instant::now();
            block(client.send_request(&request)).expect("AT takes it");
            until(PATIENCE, "the request is delivered", || {
                let health = at.health()?;
                let mut peers = health.peers.iter();
                let peer = peers.find(|peer| peer.node.member == tr.member)?;
                (peer.waiting == 0).then_some(())
            });
            began.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

#[test]
fn a_member_that_sends_requests_without_end_keeps_no_urgent_request_waiting() {
    let world = world();
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let frames = frames_of_requests(mk, tr, 50);
    let quiet = takes(&world);
    let link = block(Harmful::link(mk, tr));
    let flood = std::thread::spawn(move || block(link.say_without_end(frames)));
    until(PATIENCE, "the flood has begun", || {
        let entries = tr.health()?.log_size;
        (entries > 500).then_some(())
    });
    let flooded = takes(&world);
    assert!(!flood.is_finished(), "the flood lasts");
    assert!(flooded <= quiet + LONGER, "{flooded:?}, {quiet:?} before");
}
