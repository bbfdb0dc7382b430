//! A year in numbers, for whom it is for.

use liaison::api::Statistics;
use liaison::base::Role;
use serde_json::{Value, json};

use crate::office::{ALERT, REQUEST, alert_body, request_body};
use crate::served::Served;

fn this_year() -> u16 {
    let now = liaison::base::Timestamp::system().to_string();
    now[..4].parse().expect("a year")
}

fn example(text: &str) -> Value {
    toml::from_str(text).expect("an example is valid TOML")
}

/// MK asked TR and AT, TR asked MK and was refused, both published an alert, and MK an exercise.
fn busy() -> Served {
    let mut served = Served::new();
    let asked = json!({ "to": ["TR", "AT"], "request": example(REQUEST) });
    let _: Value = served
        .call("officer", "POST", "/requests")
        .json(&asked)
        .send()
        .is(202);
    let message = served.peers.first_of("TR", Role::Officer, request_body());
    served.receives(&message);
    let refuse = format!("/exchanges/{}/refuse", message.header.id);
    let refused = json!({ "ground": "b" });
    let _: Value = served
        .call("contact", "POST", &refuse)
        .json(&refused)
        .send()
        .is(202);
    let alert = served.peers.first_of("TR", Role::Contact, alert_body());
    served.receives(&alert);
    for status in ["actual", "exercise"] {
        let mut alert = example(ALERT);
        alert["status"] = status.into();
        let call = served.call("contact", "POST", "/alerts");
        let _: Value = call.json(&json!({ "alert": alert })).send().is(202);
    }
    served
}

fn year(served: &Served, by: &str, query: &str) -> Statistics {
    let call = served.call(by, "GET", &format!("/statistics{query}"));
    call.send().is(200)
}

#[test]
fn exchanges_are_counted_by_direction_member_state_and_ground() {
    let counted = year(&busy(), "officer", "");
    assert_eq!(counted.year, this_year());
    let sent = counted.sent.expect("an officer sees exchanges");
    assert_eq!((sent.count, sent.urgent, sent.late), (2, 2, 0));
    let members: Vec<_> = sent.by_member.into_iter().collect();
    assert_eq!(members, [("AT".to_owned(), 1), ("TR".to_owned(), 1)]);
    assert_eq!(sent.by_state.get("queued"), Some(&2));
    let received = counted.received.expect("an officer sees exchanges");
    assert_eq!(received.count, 1);
    assert_eq!(received.by_state.get("refused"), Some(&1));
    assert_eq!(received.by_ground.get("b"), Some(&1));
}

#[test]
fn alerts_are_counted_without_exercises() {
    let alerts = year(&busy(), "contact", "").alerts;
    assert_eq!((alerts.count, alerts.current), (2, 2));
    assert_eq!(alerts.by_member.get("MK"), Some(&1));
    assert_eq!(alerts.by_member.get("TR"), Some(&1));
}

#[test]
fn another_year_has_its_own_numbers() {
    let before = format!("?year={}", this_year() - 1);
    let counted = year(&busy(), "officer", &before);
    assert_eq!(counted.sent, Some(Default::default()));
    assert_eq!(counted.alerts, Default::default());
}

#[test]
fn an_observer_sees_numbers_of_alerts_alone() {
    let counted = year(&busy(), "observer", "");
    assert_eq!((counted.sent, counted.received), (None, None));
    assert!(counted.alerts.count > 0);
}

#[test]
fn a_year_that_cannot_be_counted_is_refused() {
    let served = Served::new();
    for query in ["?year=1969", "?year=9999", "?year=next", "?month=1"] {
        let call = served.call("officer", "GET", &format!("/statistics{query}"));
        call.send().fails(400, "malformed-input");
    }
}
