//! Versions that never come to a member: a later one takes their place, and nothing else does.

use super::crossing::{Message, cancel, opening, sight, update};
use crate::base::MessageId;
use crate::domain::alert::*;
use crate::domain::fixtures::{hours, member};
use crate::domain::message::Body;

/// A message as the publisher's one of this number, from 0.
fn numbered((mut header, event): Message, sequence: u64) -> Message {
    header.sequence = sequence;
    (header, event)
}

fn version(number: u32) -> Message {
    numbered(update(number), u64::from(number) - 1)
}

fn takes(record: &mut AlertRecord, (header, event): &Message) {
    assert_eq!(record.admit(header, event), Ok(()), "{:?}", header.kind);
    record.apply(header, event);
}

#[track_caller]
fn refuses(record: &AlertRecord, (header, event): &Message) {
    assert_eq!(record.admit(header, event), Err(AlertFault::State));
}

/// What stands, and which versions before it came.
fn versions(record: &AlertRecord) -> (u32, Vec<u32>) {
    let earlier = record.earlier().iter().map(|version| version.number);
    (record.standing().number, earlier.collect())
}

#[test]
fn a_later_version_is_taken_where_those_before_it_never_came_and_they_are_not_taken_after_it() {
    let (mut whole, mut lacking) = (opening(), opening());
    for number in 2..=4 {
        takes(&mut whole, &version(number));
    }
    let mut wider = version(4);
    wider.0.recipients.push(member("XK"));
    takes(&mut lacking, &wider);
    assert_eq!(versions(&lacking), (4, vec![1]));
    assert_eq!(lacking.standing(), whole.standing());
    assert_eq!(lacking.created(), whole.created());
    assert!(lacking.circle().contains(&member("XK")));
    let stood = lacking.clone();
    for late in 2..=4 {
        refuses(&lacking, &version(late));
    }
    assert_eq!(lacking, stood);
    takes(&mut lacking, &version(5));
    assert_eq!(versions(&lacking), (5, vec![1, 4]));
}

#[test]
fn no_version_is_passed_over_that_its_publisher_cannot_have_sent_or_that_is_here() {
    let mut record = opening();
    takes(&mut record, &version(2));
    // There were two messages before it, so that it is the third version.
    refuses(&record, &numbered(update(4), 2));
    refuses(&record, &numbered(update(200), 3));
    refuses(&record, &numbered(cancel(4), 3));
    // What is here has one next version.
    for here in [0, 2] {
        let (header, mut event) = version(4);
        if let Body::AlertUpdate(update) = &mut event.body {
            update.replaces = MessageId::from_bytes([here; 16]);
        }
        refuses(&record, &(header, event));
    }
    let (header, mut event) = version(4);
    if let Body::AlertUpdate(update) = &mut event.body {
        update.first_published = hours(1);
    }
    refuses(&record, &(header, event));
    takes(&mut record, &version(4));
}

#[test]
fn an_alert_is_cancelled_where_its_last_version_never_came_and_stays_so() {
    let mut record = opening();
    takes(&mut record, &numbered(cancel(3), 3));
    assert_eq!(record.state(hours(60)), AlertState::Cancelled);
    assert_eq!(versions(&record), (1, Vec::new()));
    for late in [version(2), version(3), version(5), numbered(cancel(3), 4)] {
        refuses(&record, &late);
    }
    let mut later = opening();
    takes(&mut later, &version(3));
    refuses(&later, &numbered(cancel(2), 3));
}

#[test]
fn what_is_said_to_a_version_that_never_came_is_refused_once_the_alert_is_cancelled() {
    let mut record = opening();
    let (header, event) = sight("AT", 20, 3);
    assert_eq!(record.admit(&header, &event), Err(AlertFault::NotYet));
    takes(&mut record, &numbered(cancel(3), 3));
    refuses(&record, &(header, event));
    takes(&mut record, &sight("AT", 21, 1));
}
