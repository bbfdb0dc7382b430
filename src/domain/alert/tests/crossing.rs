//! Messages of several members that cross: whichever order they come in, as long as each member's
//! own come in theirs, every node ends with the same.

use crate::base::{MemberId, MessageId, Role};
use crate::domain::alert::*;
use crate::domain::fixtures::{
    actor, alert, contradiction, hours, member, message, sighting, updated_alert,
};
use crate::domain::message::{Body, Event, Header};

pub(super) type Message = (Header, Event);

/// What one member says, in order; each with the number of updates that it has seen by then.
type Stream = Vec<Message>;

fn made(of: &str, number: u8, body: Body) -> Message {
    let (mut header, event) = message(actor(of, Role::Contact), hours(i64::from(number)), body);
    header.id = MessageId::from_bytes([number; 16]);
    header.recipients = ["AT", "MK", "RS", "TR"].map(member).to_vec();
    header.recipients.retain(|to| *to != member(of));
    (header, event)
}

pub(super) fn opening() -> AlertRecord {
    let (header, event) = made("TR", 0, Body::Alert(Box::new(alert())));
    AlertRecord::open(&header, &event).expect("it is an alert")
}

/// Version `version` by TR, in the place of the message before it.
pub(super) fn update(version: u32) -> Message {
    let number = u8::try_from(version).expect("a few versions");
    let replaces = MessageId::from_bytes([if version == 2 { 0 } else { number - 1 }; 16]);
    let update = AlertUpdate {
        version,
        replaces,
        first_published: hours(0),
        changes: None,
        alert: updated_alert(),
    };
    made("TR", number, Body::AlertUpdate(Box::new(update)))
}

pub(super) fn cancel(version: u32) -> Message {
    let reason = "It was an error.".to_owned();
    let cancellation = AlertCancellation { version, reason };
    made("TR", 50, Body::AlertCancellation(cancellation))
}

pub(super) fn sight(of: &str, number: u8, version: u32) -> Message {
    let sighting = Sighting {
        version: Some(version),
        persons: Some(u32::from(number)),
        ..sighting()
    };
    made(of, number, Body::Sighting(sighting))
}

fn contradict(of: &str, number: u8, version: u32, difference: Difference) -> Message {
    let contradiction = Contradiction {
        version: Some(version),
        difference,
        ..contradiction()
    };
    made(of, number, Body::Contradiction(contradiction))
}

/// Every order of the streams' messages that keeps each stream's own.
fn interleavings(streams: &[Stream]) -> Vec<Vec<usize>> {
    fn extend(left: &mut [usize], so_far: &mut Vec<usize>, all: &mut Vec<Vec<usize>>) {
        if left.iter().all(|count| *count == 0) {
            all.push(so_far.clone());
            return;
        }
        for stream in 0..left.len() {
            if left[stream] > 0 {
                left[stream] -= 1;
                so_far.push(stream);
                extend(left, so_far, all);
                so_far.pop();
                left[stream] += 1;
            }
        }
    }
    let mut left: Vec<usize> = streams.iter().map(Vec::len).collect();
    let mut all = Vec::new();
    extend(&mut left, &mut Vec::new(), &mut all);
    all
}

/// What a node ends with that gets the messages in this order. What comes too early is sent again
/// once something else was taken, and holds up its sender's later ones.
fn outcome(streams: &[Stream], order: &[usize]) -> AlertRecord {
    let mut record = opening();
    let mut next = vec![0; streams.len()];
    let mut arrived = vec![0; streams.len()];
    for stream in order {
        arrived[*stream] += 1;
        let mut moved = true;
        while std::mem::take(&mut moved) {
            for (stream, messages) in streams.iter().enumerate() {
                while next[stream] < arrived[stream] {
                    let (header, event) = &messages[next[stream]];
                    match record.admit(header, event) {
                        Ok(()) => record.apply(header, event),
                        Err(AlertFault::NotYet) => break,
                        Err(fault) => panic!("{order:?}: {:?} is refused: {fault}", header.kind),
                    }
                    next[stream] += 1;
                    moved = true;
                }
            }
        }
    }
    assert_eq!(next, arrived, "{order:?}: everything is taken in the end");
    record
}

/// What crosses; and, in the end, the state, the version, who sees it and who contradicts it.
type Crossing = (
    &'static str,
    Vec<Stream>,
    AlertState,
    u32,
    &'static [&'static str],
    &'static [&'static str],
);

fn same_in_any_order(what: &str, streams: &[Stream]) -> AlertRecord {
    let orders = interleavings(streams);
    let first = outcome(streams, &orders[0]);
    for order in &orders {
        assert_eq!(outcome(streams, order), first, "{what}: {order:?}");
    }
    first
}

#[test]
fn every_crossing_ends_the_same_at_all_nodes() {
    let two_remarks = |of: &str, first: u8| {
        vec![
            sight(of, first, 1),
            contradict(of, first + 1, 1, Difference::NotSeen),
        ]
    };
    let table: [Crossing; 7] = [
        (
            "update × sighting",
            vec![vec![update(2)], vec![sight("MK", 10, 1)]],
            AlertState::Current,
            2,
            &["MK"],
            &[],
        ),
        (
            "update × sighting of the new version",
            vec![
                vec![update(2), update(3)],
                vec![sight("MK", 10, 2)],
                vec![sight("AT", 20, 3)],
            ],
            AlertState::Current,
            3,
            &["AT", "MK"],
            &[],
        ),
        (
            "cancel × sighting",
            vec![vec![cancel(1)], vec![sight("MK", 10, 1)]],
            AlertState::Cancelled,
            1,
            &["MK"],
            &[],
        ),
        (
            "update × contradiction",
            vec![
                vec![update(2)],
                vec![contradict("AT", 20, 1, Difference::Otherwise)],
            ],
            AlertState::Current,
            2,
            &[],
            &["AT"],
        ),
        (
            "cancel × contradiction of the version before",
            vec![
                vec![update(2), cancel(2)],
                vec![contradict("AT", 20, 2, Difference::NotSeen)],
            ],
            AlertState::Cancelled,
            2,
            &[],
            &["AT"],
        ),
        (
            "remarks that are taken back × remarks of another",
            vec![
                two_remarks("MK", 10),
                two_remarks("AT", 20),
                vec![sight("RS", 30, 1)],
            ],
            AlertState::Current,
            1,
            &["RS"],
            &["AT", "MK"],
        ),
        (
            "everything at once",
            vec![
                vec![update(2), update(3), cancel(3)],
                vec![
                    sight("MK", 10, 1),
                    contradict("MK", 11, 2, Difference::NotSeen),
                ],
                vec![
                    contradict("AT", 20, 1, Difference::NotSeen),
                    sight("AT", 21, 3),
                ],
            ],
            AlertState::Cancelled,
            3,
            &["AT"],
            &["MK"],
        ),
    ];
    for (what, streams, state, version, sighted, contradicted) in table {
        let record = same_in_any_order(what, &streams);
        assert_eq!(record.state(hours(60)), state, "{what}");
        assert_eq!(record.standing().number, version, "{what}");
        let members = |of: &[&str]| -> Vec<MemberId> { of.iter().map(|m| member(m)).collect() };
        assert_eq!(record.sighted_by(), members(sighted), "{what}");
        assert_eq!(record.contradicted_by(), members(contradicted), "{what}");
    }
}
