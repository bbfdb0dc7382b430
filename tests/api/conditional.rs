//! What is read carries a tag, what is said may ask that nothing changed since, and a file is sent in
//! parts.

use liaison::base::Role;
use liaison::domain::message::Body;
use serde_json::{Value, json};

use crate::office::{REQUEST, alert_body, request_body};
use crate::served::{Answer, Served};

/// A header of an answer.
fn head(answer: &Answer, name: &str) -> Option<String> {
    let lines = answer.head.lines();
    let mut lines = lines.filter_map(|line| line.split_once(':'));
    let line = lines.find(|(found, _)| found.eq_ignore_ascii_case(name));
    line.map(|(_, value)| value.trim().to_owned())
}

fn tag(served: &Served, path: &str) -> String {
    let answer = served.call("contact", "GET", path).send();
    let _: Value = answer.is(200);
    head(&answer, "etag").expect("it has a tag")
}

/// A request of AT, about nobody of its own, whom the protection gate would keep from it.
fn asked(served: &mut Served) -> String {
    let message = served.peers.first_of("AT", Role::Officer, request_body());
    served.receives(&message);
    format!("/exchanges/{}", message.header.id)
}

fn accepts(served: &Served, exchange: &str, if_match: &str) -> Answer {
    let call = served.call("contact", "POST", &format!("{exchange}/accept"));
    let call = call.header("if-match", if_match);
    call.json(&json!({ "access": "direct" })).send()
}

#[test]
fn what_is_said_to_what_was_read_is_taken() {
    let mut served = Served::new();
    let exchange = asked(&mut served);
    let read = tag(&served, &exchange);
    let _: Value = accepts(&served, &exchange, &read).is(202);
    assert_ne!(tag(&served, &exchange), read);
}

#[test]
fn reading_again_changes_no_tag() {
    let mut served = Served::new();
    let exchange = asked(&mut served);
    let first = tag(&served, &exchange);
    assert_eq!(tag(&served, &exchange), first);
}

#[test]
fn what_is_said_to_what_has_changed_since_is_refused_and_nothing_is_sent() {
    let mut served = Served::new();
    let exchange = asked(&mut served);
    let read = tag(&served, &exchange);
    let channelled = served.call("contact", "POST", &format!("{exchange}/channel"));
    let authority = json!({ "authority": "Police" });
    let _: Value = channelled.json(&authority).send().is(202);
    let before = tag(&served, &exchange);
    accepts(&served, &exchange, &read).fails(412, "changed-since");
    assert_eq!(tag(&served, &exchange), before);
    let both = format!("{read}, {before}");
    let _: Value = accepts(&served, &exchange, &both).is(202);
}

#[test]
fn what_waits_for_release_asks_it_too() {
    let mut served = Served::new();
    let exchange = asked(&mut served);
    let path = format!("{exchange}/channel?for_release=true");
    let call = served.call("contact", "POST", &path);
    let call = call.header("if-match", "\"1\"");
    let body = json!({ "authority": "Police" });
    call.json(&body).send().fails(412, "changed-since");
}

#[test]
fn a_post_that_is_repeated_is_answered_although_its_own_effect_changed_the_tag() {
    let mut served = Served::new();
    let exchange = asked(&mut served);
    let read = tag(&served, &exchange);
    let call = || {
        let call = served.call("contact", "POST", &format!("{exchange}/accept"));
        let call = call
            .header("if-match", &read)
            .header("idempotency-key", "k");
        call.json(&json!({ "access": "direct" })).send()
    };
    let _: Value = call().is(202);
    let _: Value = call().is(202);
}

#[test]
fn what_is_said_to_an_alert_asks_it_too() {
    let mut served = Served::new();
    let body: Body = alert_body();
    let message = served.peers.first_of("TR", Role::Contact, body);
    served.receives(&message);
    let alert = format!("/alerts/{}", message.header.id);
    let read = tag(&served, &alert);
    let notes = |tag: &str| {
        let call = served.call("officer", "POST", &format!("{alert}/acknowledgements"));
        call.header("if-match", tag).json(&json!({})).send()
    };
    notes("\"0\"").fails(412, "changed-since");
    let _: Value = notes(&read).is(202);
}

/// A file of 600,000 bytes that was sent, and its path.
fn file(served: &Served) -> (Vec<u8>, String) {
    let bytes: Vec<u8> = (0..600_000_u32).map(|n| (n % 251) as u8).collect();
    let id = served.reserve("officer", "request");
    let _: Value = served.upload("officer", &id, 0, &bytes).is(200);
    let request: Value = toml::from_str(REQUEST).expect("an example is valid TOML");
    let body = json!({ "to": ["TR"], "reservation": id, "request": request });
    let call = served.call("officer", "POST", "/requests");
    let _: Value = call.json(&body).send().is(202);
    (bytes, format!("/messages/{id}/attachments/0"))
}

fn part(served: &Served, path: &str, range: &str) -> Answer {
    let call = served.call("officer", "GET", path);
    call.header("range", range).send()
}

#[test]
fn a_file_is_sent_in_parts() {
    let served = Served::new();
    let (bytes, path) = file(&served);
    for (range, from, to) in [
        ("bytes=0-0", 0, 1),
        ("bytes=262140-262150", 262_140, 262_151),
        ("bytes=300000-", 300_000, 600_000),
        ("bytes=-5", 599_995, 600_000),
    ] {
        let answer = part(&served, &path, range);
        assert_eq!(answer.status, 206, "{range}");
        let said = format!("bytes {from}-{}/600000", to - 1);
        assert_eq!(head(&answer, "content-range"), Some(said));
        assert!(answer.body == bytes[from..to], "{range}");
    }
    let whole = served.call("officer", "GET", &path).send();
    assert_eq!(whole.status, 200);
    assert_eq!(head(&whole, "accept-ranges").as_deref(), Some("bytes"));
    assert!(whole.body == bytes);
}

#[test]
fn a_part_beyond_the_end_of_a_file_is_refused_with_its_length() {
    let served = Served::new();
    let (_, path) = file(&served);
    let answer = part(&served, &path, "bytes=600000-");
    answer.fails(416, "range-beyond-end");
    let length = head(&answer, "content-range");
    assert_eq!(length.as_deref(), Some("bytes */600000"));
}
