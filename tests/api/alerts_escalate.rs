//! Which level of the roster hears of an alert that a member does not have, or that nobody here opened.

use std::collections::BTreeSet;
use std::time::Duration;

use liaison::app::change::{Change, Other};
use liaison::app::{
    Action, AppError, Ask, CallSubject, Channel, DutyChange, Input, OnAlert, Reply, Subject,
    ThreadItem,
};
use liaison::base::{MessageId, Role};
use liaison::domain::alert::{
    Alert, AlertCancellation, AlertCommand, AlertUrgency, Audience, Revision, Severity, Status,
};
use liaison::domain::duty::{Call, CallOutcome, Matter};
use liaison::domain::message::Body;
use liaison::store::Log as _;

use crate::alerts_reach::{alert, delivered, lost_its_disk, published, refused};
use crate::duty::{escalations, rung, tick};
use crate::office::*;

const MINUTE: Duration = Duration::from_secs(60);

/// Minutes go by, with two ticks in each.
pub fn pass(office: &mut Office, minutes: u32) {
    for _ in 0..minutes {
        office.now = office.now.plus(MINUTE);
        tick(office);
        tick(office);
    }
}

fn undelivered(level: u8) -> (Matter, u8, Channel) {
    (Matter::Undelivered, level, Channel::Console)
}

#[test]
fn an_urgent_alert_goes_up_the_roster_until_all_have_it_once_for_however_many_members() {
    let mut office = Office::new();
    let size = office.log.size();
    let id = published(&mut office, alert());
    pass(&mut office, 14);
    assert_eq!(escalations(&office, size), []);
    pass(&mut office, 1);
    assert_eq!(escalations(&office, size), [undelivered(1)]);
    delivered(&mut office, "TR", id);
    pass(&mut office, 4);
    let both = [undelivered(1), undelivered(2)];
    assert_eq!(escalations(&office, size), both);
    delivered(&mut office, "AT", id);
    pass(&mut office, 10);
    assert_eq!(escalations(&office, size), both);
}

#[test]
fn each_level_is_told_once_even_after_a_restart_from_the_log_alone() {
    let mut office = Office::new();
    let size = office.log.size();
    published(&mut office, alert());
    for minute in 0..30 {
        pass(&mut office, 1);
        if minute % 4 == 0 {
            office.restart();
            office.rebuilt();
        }
    }
    let expected = [undelivered(1), undelivered(2), undelivered(3)];
    assert_eq!(escalations(&office, size), expected);
}

/// MK publishes the next version of an alert, which reads as before.
fn updated(office: &mut Office, id: MessageId) -> MessageId {
    updated_to(office, id, alert())
}

pub fn updated_to(office: &mut Office, id: MessageId, alert: Alert) -> MessageId {
    let message = office.new_id();
    let on = OnAlert {
        alert: id,
        message,
        command: AlertCommand::Update(Box::new(Revision {
            alert,
            changes: None,
            replaces: None,
        })),
        audience: Audience::Members(vec![member("TR"), member("AT")]),
    };
    let ask = Ask::OnAlert {
        on: Box::new(on),
        attached: Vec::new(),
    };
    let reply = office.ask(Role::Contact, Action::ReviseAlert, ask);
    reply.expect("it may be updated");
    message
}

/// The log says of what presses what the index has.
pub fn survives_a_rebuild(office: &mut Office) {
    let standing = office.standing();
    office.rebuilt();
    assert!(office.standing() == standing, "the log says the same");
}

#[test]
fn a_member_without_any_version_of_an_alert_counts_from_the_first_however_often_it_is_updated() {
    let mut office = Office::new();
    let size = office.log.size();
    let mut version = published(&mut office, alert());
    let id = version;
    for _ in 0..3 {
        delivered(&mut office, "TR", version);
        pass(&mut office, 10);
        version = updated(&mut office, id);
        survives_a_rebuild(&mut office);
    }
    let expected = [undelivered(1), undelivered(2), undelivered(3)];
    assert_eq!(escalations(&office, size), expected);
}

#[test]
fn a_member_that_lacks_a_later_version_counts_from_when_that_was_written() {
    let mut office = Office::new();
    let id = published(&mut office, alert());
    delivered(&mut office, "TR", id);
    delivered(&mut office, "AT", id);
    pass(&mut office, 60);
    let size = office.log.size();
    let second = updated(&mut office, id);
    delivered(&mut office, "TR", second);
    pass(&mut office, 10);
    let third = updated(&mut office, id);
    delivered(&mut office, "TR", third);
    pass(&mut office, 4);
    assert_eq!(escalations(&office, size), []);
    pass(&mut office, 1);
    assert_eq!(escalations(&office, size), [undelivered(1)]);
}

#[test]
fn a_member_that_gets_an_earlier_version_counts_from_the_one_after_it() {
    let mut office = Office::new();
    let size = office.log.size();
    let id = published(&mut office, alert());
    delivered(&mut office, "TR", id);
    pass(&mut office, 10);
    let second = updated(&mut office, id);
    delivered(&mut office, "TR", second);
    pass(&mut office, 2);
    let third = updated(&mut office, id);
    delivered(&mut office, "TR", third);
    delivered(&mut office, "AT", id);
    pass(&mut office, 12);
    assert_eq!(escalations(&office, size), []);
    survives_a_rebuild(&mut office);
    pass(&mut office, 1);
    assert_eq!(escalations(&office, size), [undelivered(1)]);
    delivered(&mut office, "AT", second);
    delivered(&mut office, "AT", third);
    pass(&mut office, 30);
    assert_eq!(escalations(&office, size), [undelivered(1)]);
}

/// MK publishes so many more versions, five minutes after each other, of which AT has none.
fn versions_without_at(office: &mut Office, more: u32) -> Vec<MessageId> {
    let id = published(office, alert());
    delivered(office, "TR", id);
    let mut all = vec![id];
    for _ in 0..more {
        pass(office, 5);
        let version = updated(office, id);
        delivered(office, "TR", version);
        all.push(version);
    }
    all
}

#[test]
fn a_member_that_catches_up_one_version_after_another_rings_no_more() {
    let mut office = Office::new();
    let size = office.log.size();
    let versions = versions_without_at(&mut office, 4);
    pass(&mut office, 30);
    let told = [undelivered(1), undelivered(2), undelivered(3)];
    assert_eq!(escalations(&office, size), told);
    for version in versions {
        delivered(&mut office, "AT", version);
        survives_a_rebuild(&mut office);
        pass(&mut office, 2);
    }
    assert_eq!(escalations(&office, size), told);
}

#[test]
fn a_member_that_catches_up_and_stops_before_a_new_version_is_told_of_in_its_time() {
    let mut office = Office::new();
    let versions = versions_without_at(&mut office, 1);
    pass(&mut office, 30);
    let size = office.log.size();
    let third = updated(&mut office, versions[0]);
    delivered(&mut office, "TR", third);
    pass(&mut office, 1);
    for version in versions {
        delivered(&mut office, "AT", version);
    }
    survives_a_rebuild(&mut office);
    pass(&mut office, 13);
    assert_eq!(escalations(&office, size), []);
    pass(&mut office, 10);
    let anew = [undelivered(1), undelivered(2), undelivered(3)];
    assert_eq!(escalations(&office, size), anew);
}

#[test]
fn a_member_that_refuses_what_it_waited_for_rings_for_the_version_that_waits_behind() {
    let mut office = Office::new();
    let versions = versions_without_at(&mut office, 1);
    pass(&mut office, 30);
    let size = office.log.size();
    refused(&mut office, "AT", versions[0]);
    survives_a_rebuild(&mut office);
    pass(&mut office, 1);
    assert_eq!(escalations(&office, size), [undelivered(3)]);
    pass(&mut office, 30);
    assert_eq!(escalations(&office, size), [undelivered(3)]);
}

#[test]
fn an_alert_that_becomes_urgent_counts_from_then_and_passes_no_level_over() {
    let mut office = Office::new();
    let size = office.log.size();
    let routine = Alert {
        urgency: AlertUrgency::Expected,
        severity: Severity::Moderate,
        ..alert()
    };
    let id = published(&mut office, routine);
    pass(&mut office, 60);
    assert_eq!(escalations(&office, size), []);
    updated_to(&mut office, id, alert());
    survives_a_rebuild(&mut office);
    pass(&mut office, 14);
    assert_eq!(escalations(&office, size), []);
    pass(&mut office, 10);
    let expected = [undelivered(1), undelivered(2), undelivered(3)];
    assert_eq!(escalations(&office, size), expected);
}

#[test]
fn a_member_that_refused_a_version_counts_from_the_one_that_is_on_its_way_to_it() {
    let mut office = Office::new();
    let id = published(&mut office, alert());
    delivered(&mut office, "TR", id);
    refused(&mut office, "AT", id);
    pass(&mut office, 60);
    let size = office.log.size();
    let second = updated(&mut office, id);
    delivered(&mut office, "TR", second);
    survives_a_rebuild(&mut office);
    pass(&mut office, 14);
    assert_eq!(escalations(&office, size), []);
    pass(&mut office, 1);
    assert_eq!(escalations(&office, size), [undelivered(1)]);
}

#[test]
fn a_member_that_falls_behind_later_is_told_of_on_its_own() {
    let mut office = Office::new();
    let size = office.log.size();
    let id = published(&mut office, alert());
    delivered(&mut office, "TR", id);
    pass(&mut office, 30);
    let of_at = [undelivered(1), undelivered(2), undelivered(3)];
    assert_eq!(escalations(&office, size), of_at);
    updated(&mut office, id);
    let size = office.log.size();
    pass(&mut office, 30);
    let of_tr = [undelivered(1), undelivered(2), undelivered(3)];
    assert_eq!(escalations(&office, size), of_tr);
}

#[test]
fn no_level_is_told_twice_however_many_versions_a_member_lacks() {
    let mut office = Office::new();
    let size = office.log.size();
    let id = published(&mut office, alert());
    delivered(&mut office, "TR", id);
    for _ in 0..70 {
        let version = updated(&mut office, id);
        office.now = office.now.plus(MINUTE * 16);
        tick(&mut office);
        delivered(&mut office, "TR", version);
    }
    let changes = office.changes_since(size).into_iter();
    let told = changes.filter_map(|change| match change {
        Change::Other(Other::Duty(DutyChange::Escalated { since, level, .. })) => {
            Some((since, level))
        }
        _ => None,
    });
    let told: Vec<_> = told.collect();
    let once: BTreeSet<_> = told.iter().collect();
    assert!(told.len() > 70, "{}", told.len());
    assert_eq!(once.len(), told.len());
}

#[test]
fn an_urgent_alert_that_came_rings_at_once_until_somebody_opens_it() {
    let mut office = Office::new();
    office.core.tell_by(Channel::Command);
    let came = office.first_of("TR", Role::Contact, alert_body());
    office.peer("TR", taken(&came));
    let alarms = rung(&tick(&mut office));
    assert_eq!(alarms.len(), 1);
    let alert = came.header.id;
    assert_eq!(alarms[0].subject, Subject::Alert(alert));
    assert_eq!((alarms[0].matter, alarms[0].level), (Matter::Unread, 1));
    office.handle(vec![Input::Alarmed(alarms[0].escalation, Ok(()))]);
    let read = office.ask(Role::Contact, Action::ReadAlerts, Ask::ReadAlert { alert });
    read.expect("it may be read");
    let size = office.log.size();
    pass(&mut office, 30);
    assert_eq!(escalations(&office, size), []);
}

#[test]
fn nobody_is_woken_since_an_alert_was_taken_back() {
    let mut office = Office::new();
    let came = office.first_of("TR", Role::Contact, alert_body());
    office.peer("TR", taken(&came));
    let alert = came.header.id;
    let read = office.ask(Role::Contact, Action::ReadAlerts, Ask::ReadAlert { alert });
    read.expect("it may be read");
    let cancellation = AlertCancellation {
        version: 1,
        reason: "It was another van.".to_owned(),
    };
    let body = Body::AlertCancellation(cancellation);
    let cancelled = office.next_of("TR", Role::Contact, body, alert);
    let cancelled = with_header(&cancelled, |header| {
        header.sequence = 1;
        header.previous_own = Some(came.leaf());
    });
    office.takes(&cancelled);
    let size = office.log.size();
    pass(&mut office, 30);
    assert_eq!(escalations(&office, size), []);
}

#[test]
fn nobody_is_told_of_an_exercise() {
    let mut office = Office::new();
    let exercise = Alert {
        status: Status::Exercise,
        ..alert()
    };
    published(&mut office, exercise);
    let size = office.log.size();
    pass(&mut office, 30);
    assert_eq!(escalations(&office, size), []);
}

#[test]
fn nobody_is_told_of_what_holds_no_more() {
    let mut office = Office::new();
    let short = Alert {
        expires: office.now.plus(MINUTE * 17),
        review_on: None,
        ..alert()
    };
    let size = office.log.size();
    published(&mut office, short);
    pass(&mut office, 30);
    assert_eq!(escalations(&office, size), [undelivered(1)]);
}

#[test]
fn what_goes_to_a_member_again_has_its_time_again() {
    let mut office = Office::new();
    let id = published(&mut office, alert());
    delivered(&mut office, "TR", id);
    delivered(&mut office, "AT", id);
    pass(&mut office, 60);
    let size = office.log.size();
    lost_its_disk(&mut office, "TR");
    pass(&mut office, 14);
    assert_eq!(escalations(&office, size), []);
    pass(&mut office, 1);
    assert_eq!(escalations(&office, size), [undelivered(1)]);
}

/// An officer notes a call to a member about an alert.
pub fn call(
    office: &mut Office,
    alert: MessageId,
    called: &str,
    outcome: CallOutcome,
) -> Result<Reply, AppError> {
    let call = Call {
        to: "Duty desk".to_owned(),
        outcome,
        note: None,
    };
    let subject = CallSubject::Alert(alert, member(called));
    let ask = Ask::NoteCall { subject, call };
    office.ask(Role::Officer, Action::NoteCall, ask)
}

/// At which members something presses.
fn pressing(reply: Result<Reply, AppError>) -> Vec<String> {
    let Ok(Reply::Alerts(rows, None)) = reply else {
        panic!("the alert is what was asked for: {reply:?}");
    };
    let each = rows[0].pressing.iter();
    each.map(|one| one.member.to_string()).collect()
}

#[test]
fn a_call_that_reached_a_member_gives_that_one_the_time_again() {
    let mut office = Office::new();
    let id = published(&mut office, alert());
    pass(&mut office, 16);
    let size = office.log.size();
    let in_vain = call(&mut office, id, "AT", CallOutcome::NoAnswer);
    assert_eq!(pressing(in_vain), ["AT", "TR"]);
    let reached = call(&mut office, id, "AT", CallOutcome::Reached);
    assert_eq!(pressing(reached), ["TR"]);
    delivered(&mut office, "TR", id);
    pass(&mut office, 14);
    assert_eq!(escalations(&office, size), []);
    pass(&mut office, 1);
    assert_eq!(escalations(&office, size), [undelivered(1)]);
    office.rebuilt();
    pass(&mut office, 1);
    assert_eq!(escalations(&office, size), [undelivered(1)]);
}

#[test]
fn a_call_settles_what_a_member_will_never_have() {
    let mut office = Office::new();
    let id = published(&mut office, alert());
    refused(&mut office, "AT", id);
    delivered(&mut office, "TR", id);
    let reached = call(&mut office, id, "AT", CallOutcome::Reached);
    assert_eq!(pressing(reached), Vec::<String>::new());
    let size = office.log.size();
    pass(&mut office, 30);
    assert_eq!(escalations(&office, size), []);
}

#[test]
fn what_a_second_member_refuses_is_told_anew() {
    let mut office = Office::new();
    let id = published(&mut office, alert());
    refused(&mut office, "AT", id);
    pass(&mut office, 20);
    let size = office.log.size();
    refused(&mut office, "TR", id);
    tick(&mut office);
    let anew = [(Matter::Refused, 1, Channel::Console)];
    assert_eq!(escalations(&office, size), anew);
}

#[test]
fn a_call_does_not_settle_what_a_member_refuses_after_it() {
    let mut office = Office::new();
    let id = published(&mut office, alert());
    delivered(&mut office, "TR", id);
    office.now = office.now.plus(MINUTE);
    call(&mut office, id, "AT", CallOutcome::Reached).expect("an officer may");
    let size = office.log.size();
    office.now = office.now.plus(MINUTE);
    refused(&mut office, "AT", id);
    tick(&mut office);
    let told = [(Matter::Refused, 1, Channel::Console)];
    assert_eq!(escalations(&office, size), told);
}

#[test]
fn a_call_to_a_member_that_has_nothing_to_do_with_it_is_refused() {
    let mut office = Office::new();
    let id = published(&mut office, alert());
    let refused = call(&mut office, id, "RS", CallOutcome::Reached);
    assert!(matches!(refused, Err(AppError::Invalid(faults)) if faults[0].path == "member"));
    let unknown = office.new_id();
    let refused = call(&mut office, unknown, "TR", CallOutcome::Reached);
    assert_eq!(refused.err(), Some(AppError::NotFound("alert")));
}

#[test]
fn an_observer_does_not_learn_whom_an_office_called() {
    let mut office = Office::new();
    let alert = published(&mut office, alert());
    pass(&mut office, 16);
    call(&mut office, alert, "AT", CallOutcome::Reached).expect("an officer may");
    let mut told = |role| {
        let reply = office.ask(role, Action::ReadAlerts, Ask::ReadAlert { alert });
        let Ok(Reply::AlertThread(row, thread)) = reply else {
            panic!("the alert is what was asked for: {reply:?}");
        };
        let is_duty = |item: &&ThreadItem| matches!(item.change, Change::Other(Other::Duty(_)));
        (thread.iter().filter(is_duty).count(), row.pressing.len())
    };
    assert_eq!(told(Role::Contact), (2, 1));
    assert_eq!(told(Role::Observer), (0, 0));
}
