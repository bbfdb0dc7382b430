//! The log page: that content was shown is on it, and nobody of this office for what others did.

use liaison::app::change::Message;
use liaison::base::{Role, Timestamp};
use liaison::domain::message::Body;
use serde_json::Value;

use crate::console::{Person, enrolled};
use crate::office::{Office, REQUEST, answer_body, request_body, with_header};
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

/// TR asks MK about nobody whom a field names: opening it asks for no reason. The page of the exchange.
fn asked(office: &mut Served) -> String {
    let Body::Request(mut request) = request_body() else {
        panic!("it is a request");
    };
    request.subjects.clear();
    for question in &mut request.questions {
        question.subject = None;
    }
    let body = Body::Request(request);
    let message = office.peers.first_of("TR", Role::Officer, body);
    office.receives(&message);
    format!("/exchanges/{}", message.header.id)
}

#[test]
fn a_form_that_shows_the_questions_opens_the_request() {
    for verb in ["answer", "refuse", "clarify"] {
        let mut office = Served::new();
        let page = asked(&mut office);
        let (contact, _) = enrolled(&office, "contact");
        let (audit, _) = enrolled(&office, "auditor");
        assert_eq!(contact.get(&format!("{page}/latest")).status, 200);
        assert_eq!(contact.get(&format!("{page}/accept")).status, 200);
        assert_eq!(lines(&audit, "opened", ""), 0, "nothing of it was shown");
        let form = contact.get(&format!("{page}/{verb}")).text();
        assert!(form.contains("Who rented the van"), "{verb}: {form}");
        assert_eq!(lines(&audit, "opened", ""), 1, "{verb}");
    }
}

#[test]
fn a_form_that_is_shown_again_with_what_is_missing_is_read_again() {
    let mut office = Served::new();
    let page = asked(&mut office);
    let (contact, _) = enrolled(&office, "contact");
    let (audit, _) = enrolled(&office, "auditor");
    let typed = [("_message", "01ARZ3NDEKTSV4RRFFQ69G5FAV"), ("ground", "")];
    let refused = contact.post(&format!("{page}/refuse"), &typed);
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.text().contains("Who rented the van"));
    assert_eq!(lines(&audit, "opened", ""), 1);
}

#[test]
fn what_an_exchange_is_about_goes_into_a_draft_as_what_was_read() {
    let mut office = Served::new();
    let page = asked(&mut office);
    let (ana, _) = enrolled(&office, "officer");
    let (audit, _) = enrolled(&office, "auditor");
    let form = ana.get(&format!("{page}/forward"));
    assert_eq!(form.status, 200, "{}", form.text());
    assert_eq!(lines(&audit, "opened", ""), 0, "it shows nothing yet");
    let id = page.rsplit('/').next().expect("an id");
    let draft = ana.post(&format!("{page}/forward"), &[("message", id)]);
    assert_eq!(draft.status, 303, "{}", draft.text());
    assert_eq!(lines(&audit, "opened", ""), 1);
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
