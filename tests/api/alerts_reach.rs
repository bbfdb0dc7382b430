//! Who does not have an alert, and which alert nobody here has opened, is told.

use std::time::Duration;

use liaison::app::change::{Change, Other};
use liaison::app::rows::AlertRow;
use liaison::app::{Action, AlertFilter, Ask, Contact, Input, Reply, RestoredLog, ThreadItem};
use liaison::audit::{Origin, Statement};
use liaison::base::{MessageId, Role};
use liaison::domain::alert::{Alert, AlertCommand, Audience, Status};
use liaison::domain::duty::Reason;
use liaison::exchange::Refusal;

use crate::office::*;

const MINUTE: Duration = Duration::from_secs(60);

/// The example, which is urgent.
pub fn alert() -> Alert {
    toml::from_str(ALERT).expect("the example is an alert")
}

/// MK publishes an alert to TR and AT.
pub fn published(office: &mut Office, alert: Alert) -> MessageId {
    let id = office.new_id();
    let ask = Ask::PublishAlert {
        audience: Audience::Members(vec![member("TR"), member("AT")]),
        id,
        alert: Box::new(alert),
        attached: Vec::new(),
    };
    let reply = office.ask(Role::Contact, Action::PublishAlert, ask);
    reply.expect("it may be published");
    id
}

/// The only alert in the list.
fn listed(office: &mut Office) -> AlertRow {
    let ask = Ask::ListAlerts {
        filter: AlertFilter::default(),
        limit: 10,
        cursor: None,
    };
    match office.ask(Role::Contact, Action::ReadAlerts, ask) {
        Ok(Reply::Alerts(mut rows, None)) if rows.len() == 1 => rows.remove(0),
        other => panic!("there is one alert: {other:?}"),
    }
}

pub fn not_at(office: &mut Office) -> Vec<String> {
    let row = listed(office);
    row.not_at.iter().map(ToString::to_string).collect()
}

/// At which member something presses, and why.
pub fn pressing(office: &mut Office) -> Vec<(String, Reason)> {
    let row = listed(office);
    let each = row.pressing.iter();
    each.map(|one| (one.member.to_string(), one.attention.reason))
        .collect()
}

/// A member's receipt of one of MK's messages.
pub fn delivered(office: &mut Office, peer: &str, message: MessageId) {
    let statement = Statement::Received {
        sender: node("MK"),
        id: message,
        leaf: office.message_row(message).leaf,
    };
    let receipt = receipt_of(peer, statement, office.now);
    office.peer(peer, receipt);
}

/// A member does not take one of MK's messages, and never will.
pub fn refused(office: &mut Office, peer: &str, message: MessageId) {
    let statement = Statement::Refused {
        sender: node("MK"),
        digest: office.message_row(message).leaf,
        code: Refusal::WrongRecipient.number(),
    };
    let receipt = receipt_of(peer, statement, office.now);
    office.peer(peer, receipt);
}

#[test]
fn a_member_that_has_not_receipted_an_alert_is_named_until_it_has() {
    let mut office = Office::new();
    let id = published(&mut office, alert());
    assert_eq!(not_at(&mut office), ["AT", "TR"]);
    delivered(&mut office, "TR", id);
    assert_eq!(not_at(&mut office), ["AT"]);
    delivered(&mut office, "AT", id);
    assert_eq!(not_at(&mut office), Vec::<String>::new());
}

#[test]
fn after_its_time_it_presses_with_whom_to_call() {
    let mut office = Office::new();
    let contact = Contact {
        listed: "+43 1 000 0000".to_owned(),
        ..Contact::default()
    };
    let mut federation = office.federation.clone();
    federation.trust.contacts.insert(member("AT"), contact);
    office.handle(vec![Input::Federation(federation)]);
    let id = published(&mut office, alert());
    delivered(&mut office, "TR", id);
    office.now = office.now.plus(14 * MINUTE);
    assert_eq!(pressing(&mut office), []);
    office.now = office.now.plus(MINUTE);
    let late = [("AT".to_owned(), Reason::Undelivered)];
    assert_eq!(pressing(&mut office), late);
    assert_eq!(listed(&mut office).pressing[0].listed, "+43 1 000 0000");
}

#[test]
fn what_its_publisher_takes_back_counts_from_then() {
    let mut office = Office::new();
    let id = published(&mut office, alert());
    delivered(&mut office, "TR", id);
    delivered(&mut office, "AT", id);
    let message = office.new_id();
    let on = liaison::app::OnAlert {
        alert: id,
        message,
        command: AlertCommand::Cancel("it was a mistake".to_owned()),
        audience: Audience::Members(Vec::new()),
    };
    let ask = Ask::OnAlert {
        on: Box::new(on),
        attached: Vec::new(),
    };
    let reply = office.ask(Role::Contact, Action::ReviseAlert, ask);
    reply.expect("it may be cancelled");
    assert_eq!(not_at(&mut office), ["AT", "TR"]);
    delivered(&mut office, "TR", message);
    assert_eq!(not_at(&mut office), ["AT"]);
}

#[test]
fn nobody_is_called_for_an_exercise() {
    let mut office = Office::new();
    let exercise = Alert {
        status: Status::Exercise,
        ..alert()
    };
    published(&mut office, exercise);
    office.now = office.now.plus(60 * MINUTE);
    let row = listed(&mut office);
    assert_eq!((row.not_at.len(), row.pressing.len()), (2, 0));
}

#[test]
fn an_urgent_alert_that_came_presses_until_somebody_opens_it() {
    let mut office = Office::new();
    let came = office.first_of("TR", Role::Contact, alert_body());
    office.peer("TR", taken(&came));
    let unread = [("MK".to_owned(), Reason::Unread)];
    assert_eq!(pressing(&mut office), unread);
    assert_eq!(not_at(&mut office), Vec::<String>::new());
    let alert = came.header.id;
    let read = office.ask(Role::Contact, Action::ReadAlerts, Ask::ReadAlert { alert });
    read.expect("it may be read");
    assert_eq!(pressing(&mut office), []);
}

#[test]
fn an_alert_that_a_member_refuses_or_that_expired_presses_at_once() {
    let mut office = Office::new();
    let id = published(&mut office, alert());
    refused(&mut office, "AT", id);
    assert_eq!(pressing(&mut office), [("AT".to_owned(), Reason::Refused)]);
    office.now = office.message_row(id).expires.plus(MINUTE);
    office.handle(vec![Input::Tick]);
    let all = pressing(&mut office);
    assert!(all.contains(&("TR".to_owned(), Reason::Expired)), "{all:?}");
}

/// The alerts in the node's state about which something presses.
pub fn in_state(office: &mut Office) -> usize {
    match office.ask(Role::Contact, Action::ReadHealth, Ask::Health) {
        Ok(Reply::Health(health)) => health.pressing.alerts.len(),
        other => panic!("the state is what was asked for: {other:?}"),
    }
}

#[test]
fn the_state_names_what_presses_until_all_have_it() {
    let mut office = Office::new();
    let id = published(&mut office, alert());
    assert_eq!(in_state(&mut office), 0);
    office.now = office.now.plus(15 * MINUTE);
    delivered(&mut office, "TR", id);
    assert_eq!(in_state(&mut office), 1);
    office.rebuilt();
    assert_eq!(in_state(&mut office), 1);
    delivered(&mut office, "AT", id);
    assert_eq!(in_state(&mut office), 0);
}

#[test]
fn an_alert_that_came_is_in_the_state_until_somebody_opens_it() {
    let mut office = Office::new();
    let came = office.first_of("TR", Role::Contact, alert_body());
    office.peer("TR", taken(&came));
    assert_eq!(in_state(&mut office), 1);
    let alert = came.header.id;
    let read = office.ask(Role::Contact, Action::ReadAlerts, Ask::ReadAlert { alert });
    read.expect("it may be read");
    assert_eq!(in_state(&mut office), 0);
}

#[test]
fn a_delivery_that_expired_stands_in_the_thread_of_its_alert() {
    let mut office = Office::new();
    let id = published(&mut office, alert());
    office.now = office.message_row(id).expires.plus(MINUTE);
    office.handle(vec![Input::Tick]);
    let reply = office.ask(
        Role::Contact,
        Action::ReadAlerts,
        Ask::ReadAlert { alert: id },
    );
    let Ok(Reply::AlertThread(_, thread)) = reply else {
        panic!("there is such an alert");
    };
    let expired = |item: &&ThreadItem| {
        let change = &item.change;
        matches!(change, Change::Other(Other::DeliveryExpired { .. }))
    };
    assert_eq!(thread.iter().filter(expired).count(), 2);
}

/// A member tells that its log goes on in another incarnation, from nothing.
pub fn lost_its_disk(office: &mut Office, peer: &str) {
    let before = Origin::first(node(peer));
    office.federation.trust.restored.push(RestoredLog {
        before,
        origin: before.next(),
        after: 0,
        last: office.now.minus(HOUR),
    });
    let federation = Input::Federation(office.federation.clone());
    office.handle(vec![federation, Input::Tick]);
}

#[test]
fn a_member_that_lost_its_disk_does_not_have_an_alert_any_more() {
    let mut office = Office::new();
    let id = published(&mut office, alert());
    delivered(&mut office, "TR", id);
    delivered(&mut office, "AT", id);
    assert_eq!(in_state(&mut office), 0);
    lost_its_disk(&mut office, "TR");
    assert_eq!(not_at(&mut office), ["TR"]);
    office.now = office.now.plus(15 * MINUTE);
    assert_eq!(in_state(&mut office), 1);
}
