//! What goes on in an alert after a message of it that a member refused, or that expired on the way, and who
//! is told of what was said to it. The office is MK's.

use liaison::app::Channel;
use liaison::app::change::Message;
use liaison::app::rows::{ALERT as ALERT_TABLE, ALERT_LOOSE, AlertRow};
use liaison::base::{MessageId, Role};
use liaison::domain::alert::{
    Acknowledgement, AlertCancellation, AlertCommand, AlertRecord, AlertState, Audience,
    Contradiction, Difference, Sighting,
};
use liaison::domain::duty::{CallOutcome, Matter, Reason};
use liaison::domain::message::{Body, Joining};
use liaison::exchange::{Refusal as R, Verdict};
use liaison::store::Log as _;

use crate::alerts::{after, last_sent, on, the_alert, update};
use crate::alerts_escalate::{call, pass, survives_a_rebuild, updated_to};
use crate::alerts_reach::{alert, delivered, in_state, pressing, published, refused};
use crate::duty::{escalations, tick};
use crate::lost::{expires, judged, named};
use crate::office::*;
use crate::restored::sent;

const CONTRADICTION: &str = include_str!("../../deploy/examples/contradiction.toml");

/// MK publishes the next version of an alert, which reads as before.
fn next_version(office: &mut Office, id: MessageId) -> Message {
    let message = updated_to(office, id, alert());
    sent(office, message)
}

/// An alert as it stands here; nobody reads it.
fn record(office: &Office, id: MessageId) -> AlertRecord {
    let row = office.core.row::<AlertRow>(ALERT_TABLE, &id.to_bytes());
    let row = row.expect("an index in memory");
    row.expect("there is such an alert").alert
}

/// An alert of TR that MK and AT have.
pub fn of_tr(office: &mut Office) -> Message {
    let first = office.first_of("TR", Role::Contact, alert_body());
    let first = with_header(&first, |header| header.recipients.push(member("AT")));
    office.takes(&first);
    first
}

/// MK says that it sees it too.
pub fn sights(office: &mut Office, id: MessageId) -> Message {
    let seen: Sighting = toml::from_str(SIGHTING).expect("the example is a sighting");
    says(office, id, AlertCommand::Sight(seen))
}

/// MK says that it sees it otherwise.
fn contradicts(office: &mut Office, id: MessageId) -> Message {
    differs(office, id, Difference::Otherwise)
}

/// MK says how what it sees differs.
fn differs(office: &mut Office, id: MessageId, difference: Difference) -> Message {
    let example: Contradiction =
        toml::from_str(CONTRADICTION).expect("the example is a contradiction");
    let contradiction = Contradiction {
        difference,
        ..example
    };
    says(office, id, AlertCommand::Contradict(contradiction))
}

pub fn says(office: &mut Office, id: MessageId, command: AlertCommand) -> Message {
    let nobody_more = Audience::Members(Vec::new());
    on(office, id, command, nobody_more).expect("it may be said");
    last_sent(office)
}

/// An alert of TR that MK and AT have, and that was read here.
fn read_of_tr(office: &mut Office) -> MessageId {
    let id = of_tr(office).header.id;
    the_alert(office, id);
    id
}

fn at_at(reason: Reason) -> [(String, Reason); 1] {
    [("AT".to_owned(), reason)]
}

/// The message as TR's of this number, which goes on at MK after `last`.
fn going_on(message: &Message, sequence: u64, before: &Message, last: &Message) -> Message {
    let joining = Joining {
        member: member("MK"),
        sequence: last.header.sequence + 1,
        last: Some(last.leaf()),
    };
    with_header(message, |header| {
        header.sequence = sequence;
        header.previous_own = Some(before.leaf());
        header.extensions.extend(Joining::extension(&[joining]));
    })
}

#[test]
fn the_version_after_a_lost_one_says_where_the_member_stands_that_lacks_it() {
    for expired in [false, true] {
        let mut office = Office::new();
        let id = published(&mut office, alert());
        let first = sent(&office, id);
        delivered(&mut office, "TR", id);
        delivered(&mut office, "AT", id);
        let second = next_version(&mut office, id);
        assert_eq!(named(&second), None);
        delivered(&mut office, "AT", second.header.id);
        match expired {
            true => expires(&mut office, &second),
            false => refused(&mut office, "TR", second.header.id),
        }
        office.rebuilt();
        let third = next_version(&mut office, id);
        assert_eq!(named(&third), Some((1, Some(first.leaf()))));
        assert_eq!(third.header.previous_own, Some(second.leaf()));
        // An expired one may have come all the same.
        for stands in [&first, &second] {
            assert_eq!(judged(&third, Some(stands)), Verdict::Fresh);
        }
        let replayed = Verdict::Refused(R::Replayed);
        assert_eq!(judged(&second, Some(&third)), replayed);
        delivered(&mut office, "TR", third.header.id);
        assert_eq!(named(&next_version(&mut office, id)), None);
    }
}

#[test]
fn what_waits_behind_a_lost_version_is_not_counted_upon() {
    let mut office = Office::new();
    let id = published(&mut office, alert());
    let first = sent(&office, id);
    delivered(&mut office, "TR", id);
    delivered(&mut office, "AT", id);
    let second = next_version(&mut office, id);
    let third = next_version(&mut office, id);
    for version in [&second, &third] {
        delivered(&mut office, "AT", version.header.id);
    }
    refused(&mut office, "TR", second.header.id);
    assert_eq!(judged(&third, Some(&first)), Verdict::Refused(R::Gap));
    let fourth = next_version(&mut office, id);
    assert_eq!(named(&fourth), Some((1, Some(first.leaf()))));
    assert_eq!(judged(&fourth, Some(&first)), Verdict::Fresh);
    // The one after it waits for it.
    let fifth = next_version(&mut office, id);
    assert_eq!(named(&fifth), None);
}

#[test]
fn a_member_that_took_no_version_comes_in_with_the_next() {
    let mut office = Office::new();
    let id = published(&mut office, alert());
    delivered(&mut office, "AT", id);
    refused(&mut office, "TR", id);
    let second = next_version(&mut office, id);
    assert_eq!(named(&second), Some((0, None)));
    assert_eq!(judged(&second, None), Verdict::Fresh);
}

#[test]
fn what_is_said_after_a_lost_sighting_is_taken_too() {
    let mut office = Office::new();
    let id = of_tr(&mut office).header.id;
    let first = sights(&mut office, id);
    delivered(&mut office, "AT", first.header.id);
    refused(&mut office, "TR", first.header.id);
    let second = sights(&mut office, id);
    assert_eq!(named(&second), Some((0, None)));
    assert_eq!(judged(&second, None), Verdict::Fresh);
}

#[test]
fn a_later_version_is_taken_here_where_one_before_it_never_came() {
    let mut office = Office::new();
    let first = of_tr(&mut office);
    let (id, created) = (first.header.id, first.header.created);
    let second = office.next_of("TR", Role::Contact, update(2, &first, created), id);
    let second = after(&first, &second);
    let third = office.next_of("TR", Role::Contact, update(3, &second, created), id);
    office.refuses("TR", &after(&second, &third), R::Gap);
    let third = going_on(&third, 2, &second, &first);
    office.takes(&third);
    // What comes after all changes nothing that stands.
    office.refuses("TR", &second, R::Replayed);
    office.restart();
    let stands = record(&office, id);
    assert_eq!(stands.standing().message, third.header.id);
    assert_eq!(stands.standing().number, 3);
    let earlier = stands.earlier().iter().map(|version| version.number);
    assert_eq!(earlier.collect::<Vec<_>>(), [1]);
    // Nor does another message take the number of the one that never came.
    let other = office.next_of("TR", Role::Contact, update(2, &first, created), id);
    office.refuses("TR", &after(&third, &other), R::OutOfState);
    let fourth = office.next_of("TR", Role::Contact, update(4, &third, created), id);
    let fourth = after(&third, &fourth);
    let cancellation = AlertCancellation {
        version: 4,
        reason: "It was an error.".to_owned(),
    };
    let cancellation = Body::AlertCancellation(cancellation);
    let cancelled = office.next_of("TR", Role::Contact, cancellation, id);
    office.takes(&going_on(&cancelled, 4, &fourth, &third));
    office.refuses("TR", &fourth, R::Replayed);
    let state = record(&office, id).state(office.now);
    assert_eq!(state, AlertState::Cancelled);
}

#[test]
fn a_sighting_that_a_member_refuses_goes_up_the_roster_until_it_is_said_anew() {
    let mut office = Office::new();
    let id = read_of_tr(&mut office);
    let first = sights(&mut office, id).header.id;
    assert_eq!(pressing(&mut office), []);
    let size = office.log.size();
    refused(&mut office, "AT", first);
    assert_eq!(pressing(&mut office), at_at(Reason::Refused));
    assert_eq!(in_state(&mut office), 1);
    pass(&mut office, 19);
    let told = [1, 2, 3].map(|level| (Matter::Refused, level, Channel::Console));
    assert_eq!(escalations(&office, size), told);
    survives_a_rebuild(&mut office);
    assert_eq!(pressing(&mut office), at_at(Reason::Refused));
    // What is said otherwise does not stand for it.
    contradicts(&mut office, id);
    assert_eq!(pressing(&mut office), at_at(Reason::Refused));
    sights(&mut office, id);
    assert_eq!(pressing(&mut office), []);
    // At TR, what was said since waits behind the first one.
    refused(&mut office, "TR", first);
    let never_taken = || ("TR".to_owned(), Reason::Refused);
    assert_eq!(pressing(&mut office), [never_taken(), never_taken()]);
    survives_a_rebuild(&mut office);
}

#[test]
fn a_sighting_that_waits_behind_a_lost_one_goes_up_the_roster_unless_it_comes_after_all() {
    for expired in [false, true] {
        let mut office = Office::new();
        let id = read_of_tr(&mut office);
        let first = sights(&mut office, id);
        office.now = office.now.plus(HOUR);
        let second = sights(&mut office, id);
        for said in [&first, &second] {
            delivered(&mut office, "TR", said.header.id);
        }
        assert_eq!(pressing(&mut office), []);
        let size = office.log.size();
        // What only came too late nobody refused.
        let (reason, matter) = match expired {
            true => (Reason::Expired, Matter::Expired),
            false => (Reason::Refused, Matter::Refused),
        };
        match expired {
            true => expires(&mut office, &first),
            false => refused(&mut office, "AT", first.header.id),
        }
        assert_eq!(pressing(&mut office), at_at(reason));
        tick(&mut office);
        assert_eq!(escalations(&office, size), [(matter, 1, Channel::Console)]);
        survives_a_rebuild(&mut office);
        delivered(&mut office, "AT", second.header.id);
        assert_eq!(pressing(&mut office), []);
    }
}

#[test]
fn what_waits_behind_a_lost_sighting_is_told_once() {
    let mut office = Office::new();
    let id = read_of_tr(&mut office);
    let first = sights(&mut office, id);
    let behind = contradicts(&mut office, id);
    refused(&mut office, "AT", first.header.id);
    pass(&mut office, 19);
    let again = sights(&mut office, id);
    delivered(&mut office, "AT", again.header.id);
    assert_eq!(pressing(&mut office), at_at(Reason::Refused));
    let size = office.log.size();
    // It is replayed, since a later one was taken.
    refused(&mut office, "AT", behind.header.id);
    pass(&mut office, 1);
    assert_eq!(escalations(&office, size), []);
    assert_eq!(pressing(&mut office), at_at(Reason::Refused));
}

#[test]
fn what_this_office_took_back_presses_no_more() {
    let mut office = Office::new();
    let id = read_of_tr(&mut office);
    let not_seen = differs(&mut office, id, Difference::NotSeen).header.id;
    refused(&mut office, "AT", not_seen);
    assert_eq!(pressing(&mut office), at_at(Reason::Refused));
    let seen = sights(&mut office, id).header.id;
    assert_eq!(pressing(&mut office), []);
    refused(&mut office, "AT", seen);
    assert_eq!(pressing(&mut office), at_at(Reason::Refused));
    differs(&mut office, id, Difference::NotSeen);
    assert_eq!(pressing(&mut office), []);
    survives_a_rebuild(&mut office);
}

#[test]
fn a_contradiction_that_expires_on_the_way_is_told_unless_it_had_come() {
    let mut office = Office::new();
    let id = read_of_tr(&mut office);
    let said = contradicts(&mut office, id);
    delivered(&mut office, "TR", said.header.id);
    let size = office.log.size();
    expires(&mut office, &said);
    assert_eq!(pressing(&mut office), at_at(Reason::Expired));
    tick(&mut office);
    let told = [(Matter::Expired, 1, Channel::Console)];
    assert_eq!(escalations(&office, size), told);
    survives_a_rebuild(&mut office);
    delivered(&mut office, "AT", said.header.id);
    assert_eq!(pressing(&mut office), []);
    assert_eq!(in_state(&mut office), 0);
}

#[test]
fn a_call_settles_a_sighting_that_was_refused_and_so_does_the_end_of_the_alert() {
    let mut office = Office::new();
    let first = of_tr(&mut office);
    let id = first.header.id;
    the_alert(&mut office, id);
    let said = sights(&mut office, id).header.id;
    refused(&mut office, "AT", said);
    refused(&mut office, "TR", said);
    let of_both = pressing(&mut office);
    assert_eq!(of_both.len(), 2, "{of_both:?}");
    call(&mut office, id, "TR", CallOutcome::Reached).expect("an officer may");
    assert_eq!(pressing(&mut office), at_at(Reason::Refused));
    let cancellation = AlertCancellation {
        version: 1,
        reason: "It was an error.".to_owned(),
    };
    let cancellation = Body::AlertCancellation(cancellation);
    let cancelled = office.next_of("TR", Role::Contact, cancellation, id);
    office.peer("TR", taken(&after(&first, &cancelled)));
    the_alert(&mut office, id);
    assert_eq!(pressing(&mut office), []);
    let loose = office.core.rows::<MessageId>(ALERT_LOOSE, 9);
    assert_eq!(loose.expect("an index in memory"), []);
}

#[test]
fn nobody_is_told_of_an_acknowledgement_that_is_refused() {
    let mut office = Office::new();
    let id = read_of_tr(&mut office);
    let note = AlertCommand::Acknowledge(Acknowledgement::default());
    let said = says(&mut office, id, note).header.id;
    refused(&mut office, "TR", said);
    assert_eq!(pressing(&mut office), []);
}
