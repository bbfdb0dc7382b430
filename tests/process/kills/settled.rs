//! What must hold once the killing is over and the nodes have been left alone.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use liaison::api::{Direction, ExchangeSummary, ExchangeView};
use liaison::base::{Digest, MemberId, MessageId};

use super::Heads;
use super::traffic::{Acknowledged, Told, lock};
use crate::bundle;
use crate::office::Office;
use crate::world::{PATIENCE, World, at_once, block, until};

/// What was found.
pub struct Settled {
    pub took: Duration,
    /// Requests in doubt that turned out to have been sent.
    pub sent_in_doubt: usize,
    pub attachments: usize,
    /// Log entries of each node.
    pub entries: Vec<u64>,
    pub heads: usize,
}

type Listed = BTreeMap<MemberId, Vec<ExchangeSummary>>;

/// Waits until nothing waits, and holds the promises against what is there.
pub fn check(world: &World, told: &Told, heads: &Heads) -> Settled {
    let began = Instant::now();
    let faults = lock(&told.faults);
    assert!(faults.is_empty(), "calls failed otherwise: {faults:#?}");
    world.linked();
    nothing_waits(world);
    let listed: Listed = world
        .offices
        .iter()
        .map(|office| (office.member, office.exchanges().expect("a list")))
        .collect();
    let sent_in_doubt = each_once(&listed, told);
    both_sides_agree(&listed, told);
    let sent = lock(&told.sent);
    let attachments = at_once(&world.offices, |office| {
        events_once(office, &listed[&office.member]);
        attachments_are_whole(world, office, sent.values())
    });
    let entries = at_once(&world.offices, Office::verified);
    Settled {
        sent_in_doubt,
        attachments: attachments.iter().sum(),
        entries,
        heads: disclosed_heads_stand(world, heads),
        took: began.elapsed(),
    }
}

fn nothing_waits(world: &World) {
    for office in &world.offices {
        let what = format!("{}'s outbox is empty", office.member);
        let mut last = None;
        until(PATIENCE, &what, || {
            let health = office.health()?;
            let waiting: u64 = health.peers.iter().map(|peer| peer.waiting).sum();
            if last != Some(waiting) {
                println!("{}: {waiting} wait", office.member);
                last = Some(waiting);
            }
            (waiting == 0).then_some(())
        });
    }
}

/// Every acknowledged request is at both ends exactly once, and none of the others more than once.
fn each_once(listed: &Listed, told: &Told) -> usize {
    let mut ends: BTreeMap<(String, MessageId), Vec<(MemberId, Direction)>> = BTreeMap::new();
    for (member, exchanges) in listed {
        for exchange in exchanges {
            let key = (exchange.reference.clone(), exchange.id);
            let end = (*member, exchange.direction);
            ends.entry(key).or_default().push(end);
        }
    }
    let sent = lock(&told.sent);
    let in_doubt = lock(&told.in_doubt);
    let mut found_in_doubt = 0;
    let mut of_reference: BTreeMap<&str, usize> = BTreeMap::new();
    for ((reference, id), ends) in &ends {
        *of_reference.entry(reference).or_default() += 1;
        let outgoing = ends
            .iter()
            .filter(|end| end.1 == Direction::Outgoing)
            .count();
        assert_eq!((ends.len(), outgoing), (2, 1), "{reference} {id}: {ends:?}");
        match sent.get(reference) {
            Some(sent) => assert_eq!(sent.id, *id, "{reference}"),
            None => {
                assert!(in_doubt.contains(reference), "{reference} was never asked");
                found_in_doubt += 1;
            }
        }
    }
    let doubled: Vec<_> = of_reference
        .iter()
        .filter(|(_, times)| **times > 1)
        .collect();
    assert!(doubled.is_empty(), "sent more than once: {doubled:?}");
    for (reference, Acknowledged { id, from, to, .. }) in sent.iter() {
        let ends = ends.get(&(reference.clone(), *id));
        let ends = ends.unwrap_or_else(|| panic!("{reference}, acknowledged as {id}, is lost"));
        assert!(ends.contains(&(*from, Direction::Outgoing)), "{reference}");
        assert!(ends.contains(&(*to, Direction::Incoming)), "{reference}");
    }
    found_in_doubt
}

/// Both ends show the same state, and never less than what a contact point was told.
fn both_sides_agree(listed: &Listed, told: &Told) {
    let mut states: BTreeMap<MessageId, Vec<&str>> = BTreeMap::new();
    for exchange in listed.values().flatten() {
        states.entry(exchange.id).or_default().push(&exchange.state);
    }
    for (id, states) in &states {
        assert_eq!(states[0], states[1], "the two ends of {id} differ");
    }
    for (id, word) in lock(&told.said).iter() {
        let state = states[id][0];
        let holds = state == *word || (*word == "accepted" && state == "answered");
        assert!(holds, "{id} was {word} and is {state}");
    }
}

/// Nothing took effect twice in any exchange.
fn events_once(office: &Office, exchanges: &[ExchangeSummary]) {
    let client = office.client("officer");
    for exchange in exchanges {
        let view: ExchangeView = block(client.exchange(exchange.id)).expect("it is listed");
        let mut seen: Vec<_> = view
            .events
            .iter()
            .map(|event| (&event.kind, event.message, event.member))
            .collect();
        let all = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), all, "{}: {:#?}", exchange.id, view.events);
        let requests = seen.iter().filter(|event| event.0 == "request").count();
        assert_eq!(requests, 1, "{}", exchange.id);
    }
}

/// Every attachment that an acknowledged request carries is at its recipient, whole.
fn attachments_are_whole<'a>(
    world: &World,
    office: &Office,
    sent: impl Iterator<Item = &'a Acknowledged>,
) -> usize {
    let client = office.client("officer");
    let mut compared = 0;
    for request in sent.filter(|request| request.to == office.member) {
        let Some((size, digest)) = request.attached else {
            continue;
        };
        let what = format!("the attachment of {} is complete", request.id);
        let attachment = until(PATIENCE, &what, || {
            let view = block(client.exchange(request.id)).expect("it is listed");
            let mut attachments = view.events.into_iter().flat_map(|event| event.attachments);
            attachments.find(|attachment| attachment.complete)
        });
        assert_eq!((attachment.size, attachment.sha256), (size, digest));
        let out = world.file(&format!("{}.saved", request.id));
        let download = client.download(
            (request.from, request.id),
            &attachment,
            &out,
            Box::new(|_| ()),
        );
        block(download).expect("it is complete");
        let saved = std::fs::read(&out).expect("it was saved");
        assert_eq!(Digest::of(&saved), digest, "{}", request.id);
        compared += 1;
    }
    compared
}

/// Every head that a node ever told is a checkpoint of the log that it has now.
fn disclosed_heads_stand(world: &World, heads: &Heads) -> usize {
    let mut compared = 0;
    for office in &world.offices {
        let file = world.file(&format!("{}.bundle", office.member));
        let export = office.call("audit export").option("--out", &file);
        export.run().done();
        let checkpoints: BTreeMap<u64, Digest> = bundle::checkpoints(&file);
        for (size, root) in heads.of(office.member) {
            let now = checkpoints.get(&size);
            assert_eq!(now, Some(&root), "{}'s head at {size}", office.member);
            compared += 1;
        }
    }
    compared
}
