//! A peer that was away, and comes back.

use liaison::api::{Health, Sent};
use liaison::base::MessageId;
use serde_json::Value;

use crate::examples;
use crate::office::Office;
use crate::world::{PATIENCE, World, block, until};

#[test]
fn a_peer_that_was_down_gets_everything_in_order_when_it_returns() {
    let world = World::serving(&["MK", "TR"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    tr.stop();
    let routine = send(&world, mk, "routine.toml", &examples::request(), 15);
    let urgent = send(&world, mk, "urgent.toml", &examples::urgent_request(), 5);
    assert_eq!(waiting(&mk.health().expect("MK serves")), 20);
    // What was acknowledged outlives its own node too.
    mk.kill();
    mk.serve();
    assert_eq!(waiting(&mk.health().expect("MK serves")), 20);
    tr.serve();
    until(PATIENCE, "all of it has come", || {
        (waiting(&mk.health()?) == 0).then_some(())
    });
    for exchange in mk.exchanges().expect("a list") {
        assert_eq!(exchange.state, "delivered", "{}", exchange.id);
    }
    let entries = |ids: &[MessageId]| -> Vec<u64> { ids.iter().map(|id| entry(tr, *id)).collect() };
    let (routine_at, urgent_at) = (entries(&routine), entries(&urgent));
    println!("TR's entries: urgent {urgent_at:?}, routine {routine_at:?}");
    assert!(routine_at.is_sorted(), "{routine_at:?}");
    assert!(urgent_at.is_sorted(), "{urgent_at:?}");
    assert_eq!(tr.exchanges().expect("a list").len(), 20);
}

/// Sends the same request some times by the command line, and gives the exchanges in order.
fn send(world: &World, from: &Office, name: &str, request: &Value, times: usize) -> Vec<MessageId> {
    let text = toml::to_string(request).expect("an example is valid TOML");
    let file = world.write(name, text);
    let call = from.call("rfi send").option("--to", "TR");
    let call = call.option("--file", &file);
    let sent = (0..times).map(|_| call.run().read::<Sent>().exchanges[0].id);
    sent.collect()
}

fn waiting(health: &Health) -> u64 {
    health.peers.iter().map(|peer| peer.waiting).sum()
}

/// The place of the request in the node's own log.
fn entry(office: &Office, id: MessageId) -> u64 {
    let view = block(office.client("contact").exchange(id)).expect("it has come");
    let request = view.events.iter().find(|event| event.kind == "request");
    request.expect("it opens its exchange").proof.entry
}
