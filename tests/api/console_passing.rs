//! Corrections and permissions in the console.

use liaison::base::{Role, Timestamp};
use liaison::domain::handling::{HandlingCode, Tlp};
use liaison::domain::message::Body;
use liaison::domain::rfi::PermissionRequest;
use serde_json::Value;

use crate::console::{Person, enrolled};
use crate::office::{HOUR, Office, REQUEST, member, request_body, with_header};
use crate::served::Served;

/// The number of a form.
const NUMBER: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// MK asks TR, and the officer has said why they open it.
fn asked(office: &Served, ana: &Person) -> String {
    let request: Value = toml::from_str(REQUEST).expect("the example is a request");
    let id = office.asks(&request);
    opened(ana, &id);
    id
}

fn opened(person: &Person, exchange: &str) {
    let why = format!("/exchanges/{exchange}/why");
    assert_eq!(person.post(&why, &[("why", "on duty")]).status, 303);
}

#[test]
fn what_was_wrong_is_corrected_by_a_form_and_stays_in_view_until_it_is_acknowledged() {
    let office = Served::new();
    let (ana, _) = enrolled(&office, "officer");
    let id = asked(&office, &ana);
    let path = format!("/exchanges/{id}/correct");
    let form = ana.get(&path);
    assert_eq!(form.status, 200, "{}", form.text());
    assert!(form.text().contains("It is not correct"), "{}", form.text());
    let mut typed = vec![("message", id.as_str()), ("flaw", "incorrect")];
    typed.extend([("remedy", "rectify"), ("text", ""), ("_message", NUMBER)]);
    let told = ana.post(&path, &typed);
    assert_eq!(told.status, 422, "{}", told.text());
    typed[3].1 = "The plate is 34 KLM 471.";
    let told = ana.post(&path, &typed);
    assert_eq!(told.status, 303, "{}", told.text());
    let page = ana.get(&format!("/exchanges/{id}")).text();
    for part in ["34 KLM 471", "What is owed", "Take note of a correction"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
}

#[test]
fn leave_to_pass_on_is_asked_for_by_a_form() {
    let mut office = Served::new();
    let message = office.peers.first_of("TR", Role::Officer, request_body());
    office.receives(&message);
    let (ana, _) = enrolled(&office, "officer");
    let id = message.header.id.to_string();
    opened(&ana, &id);
    let path = format!("/exchanges/{id}/permissions");
    assert_eq!(ana.get(&path).status, 200);
    let wish = |to| {
        let typed = [
            ("_message", NUMBER),
            ("message", id.as_str()),
            ("to", to),
            ("purpose", "The van left."),
        ];
        ana.post(&path, &typed)
    };
    assert_eq!(wish("nowhere").status, 422);
    let asked = wish("AT");
    assert_eq!(asked.status, 303, "{}", asked.text());
    let page = ana.get(&format!("/exchanges/{id}")).text();
    assert!(
        page.contains("Decide whether something may be passed on"),
        "{page}"
    );
}

#[test]
fn leave_to_pass_on_is_given_once_by_whoever_may() {
    let office = Served::new();
    let (ana, _) = enrolled(&office, "officer");
    let (boss, _) = enrolled(&office, "contact");
    let id = asked(&office, &ana);
    let page = ana.get(&format!("/exchanges/{id}")).text();
    let mut words = page.split(|c: char| !c.is_ascii_hexdigit());
    let leaf = words.rfind(|word| word.len() == 64);
    let leaf = leaf.expect("the page shows what was signed");
    let wish = Body::PermissionRequest(PermissionRequest {
        message: id.parse().expect("an id"),
        leaf: leaf.parse().expect("a leaf"),
        to: member("AT"),
        purpose: "The van went there.".to_owned(),
    });
    let exchange = id.parse().expect("an id");
    let mut peers = Office::new();
    peers.now = Timestamp::system();
    let message = peers.next_of("TR", Role::Officer, wish, exchange);
    let message = with_header(&message, |header| header.last_seen = leaf.parse().ok());
    office.receives(&message);
    let path = format!("/permissions/{}", message.header.id);
    let page = boss.get(&path);
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(
        page.text().contains("The van went there."),
        "{}",
        page.text()
    );
    assert!(
        !ana.get(&path).text().contains("/grant"),
        "officers do not decide"
    );
    assert_eq!(
        boss.post(&format!("{path}/grant"), &[]).status,
        422,
        "until when?"
    );
    let until = Timestamp::system().plus(HOUR * 48).to_string();
    let until = [("expires!time", &until[..16])];
    let given = boss.post(&format!("{path}/grant"), &until);
    assert_eq!(given.status, 303, "{}", given.text());
    let page = boss.get(&path).text();
    assert!(
        page.contains("Granted") && !page.contains("/grant\""),
        "{page}"
    );
}

#[test]
fn a_message_is_passed_on_with_a_request_that_begins_with_what_it_is_about() {
    let mut office = Served::new();
    let Body::Request(mut request) = request_body() else {
        panic!("it is a request");
    };
    request.handling = crate::passing::marked(&[HandlingCode::H0], Tlp::Green);
    let reference = request.reference.clone();
    let body = Body::Request(request);
    let message = office.peers.first_of("TR", Role::Officer, body);
    office.receives(&message);
    let (ana, _) = enrolled(&office, "officer");
    let id = message.header.id.to_string();
    opened(&ana, &id);
    let page = ana.get(&format!("/exchanges/{id}")).text();
    assert!(page.contains(&format!("/exchanges/{id}/forward")), "{page}");
    let path = format!("/exchanges/{id}/forward");
    assert_eq!(ana.get(&path).status, 200);
    let none = ana.post(&path, &[("message", NUMBER)]);
    assert_eq!(none.status, 404, "not a message of it: {}", none.text());
    let begun = ana.post(&path, &[("message", &id)]);
    assert_eq!(begun.status, 303, "{}", begun.text());
    let draft = begun.head.split("location: ").nth(1).expect("a place");
    let draft = draft.split("\r\n").next().expect("a line").to_owned();
    let page = ana.get(&draft).text();
    assert!(page.contains("34 KLM 417"), "what it is about: {page}");
    assert!(page.contains("goes along"), "{page}");
    let passes = page.split("name=\"_passes\" value=\"").nth(1);
    let passes = passes.and_then(|rest| rest.split('"').next());
    let passes = passes
        .expect("the draft knows what it passes on")
        .to_owned();
    let passes: &'static str = passes.leak();
    let mut typed = crate::console::request("preview");
    typed.push(("_passes", passes));
    typed.push(("_to[]", "AT"));
    let told = ana.post(&draft, &typed);
    assert_eq!(told.status, 422, "to one member alone: {}", told.text());
    typed.retain(|(name, value)| *name != "_to[]" || *value == "AT");
    let preview = ana.post(&draft, &typed);
    assert_eq!(preview.status, 200, "{}", preview.text());
    assert!(preview.text().contains("goes along"), "{}", preview.text());
    let sent = ana.sends(&draft);
    assert_eq!(sent.status, 303, "{}", sent.text());
    let new = draft.trim_start_matches("/drafts/");
    let thread = ana.get(&format!("/exchanges/{new}")).text();
    assert!(thread.contains("Passed on"), "{thread}");
    assert!(thread.contains(&reference), "{thread}");
}
