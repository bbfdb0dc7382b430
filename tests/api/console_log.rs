//! The log page: it names nobody of this office for what others did.

use liaison::app::change::Message;
use liaison::base::{Role, Timestamp};
use serde_json::Value;

use crate::console::{Person, enrolled};
use crate::office::{Office, REQUEST, answer_body, with_header};
use crate::served::{Served, until};

/// How a line of the log begins that is about this event.
fn line(event: &str) -> String {
    format!("<th scope=\"row\">{event}<small>")
}

/// The lines of the log about an event, narrowed by `by`.
fn lines(audit: &Person, event: &str, by: &str) -> usize {
    let page = audit.get(&format!("/log?event={event}{by}")).text();
    page.matches(&line(&event.replace('-', " "))).count()
}

/// TR's answer to a request of MK, by somebody of TR who has the pseudonym of this person of MK.
fn answered_as(office: &Served, name: &str) -> Message {
    let request: Value = toml::from_str(REQUEST).expect("the example is a request");
    let id = office.asks(&request);
    let page = format!("/exchanges/{id}");
    let view: Value = office.call("second officer", "GET", &page).send().is(200);
    let leaf = view["events"][0]["proof"]["leaf"].as_str();
    let leaf = leaf.and_then(|leaf| leaf.parse().ok());
    let mut peers = Office::new();
    peers.now = Timestamp::system();
    let exchange = id.parse().expect("an id");
    let message = peers.next_of("TR", Role::Contact, answer_body(), exchange);
    let message = with_header(&message, |header| header.last_seen = leaf);
    let mut event = message.event.clone();
    event.by.person = office.person(name);
    let mut answer = Message::compose(message.header.clone(), event, message.random);
    answer.sender = message.sender;
    answer
}

#[test]
fn what_a_peer_said_names_nobody_of_this_office() {
    let office = Served::new();
    let (audit, _) = enrolled(&office, "auditor");
    let answer = answered_as(&office, "second officer");
    office.receives(&answer);
    until("it came", || lines(&audit, "answer-received", "") == 1);
    let named = |event: &str| {
        let page = audit.get(&format!("/log?event={event}")).text();
        page.contains("second officer<small>")
    };
    assert!(!named("answer-received"));
    assert!(named("exchange-read"), "they read it themselves");
    let by = format!("&person={}", office.person("second officer"));
    assert_eq!(lines(&audit, "answer-received", &by), 0);
    assert_eq!(lines(&audit, "exchange-read", &by), 1);
}
