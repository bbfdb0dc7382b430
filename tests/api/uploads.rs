//! Attachments on their way in: whole or not at all, in their place, and by whom they may be sent.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::Shutdown;

use serde_json::{Value, json};

use crate::office::{ALERT, REQUEST};
use crate::served::{Answer, Served, until};

fn toml(text: &str) -> Value {
    toml::from_str(text).expect("an example is valid TOML")
}

fn asks(to: &[&str], reservation: Option<&str>) -> Value {
    json!({ "to": to, "reservation": reservation, "request": toml(REQUEST) })
}

#[test]
fn an_upload_whose_connection_drops_leaves_no_file() {
    let served = Served::new();
    let id = served.reserve("officer", "request");
    let path = format!("/reservations/{id}/attachments/0?name=a.bin");
    let call = served.call("officer", "PUT", &path);
    for end in [Shutdown::Write, Shutdown::Both] {
        let stream = call.begin(1_000_000, &[7; 300_000]);
        until("it is being stored", || !served.files().is_empty());
        stream.shutdown(end).expect("it is open");
        if end == Shutdown::Write {
            Answer::read("PUT", stream).fails(400, "upload-incomplete");
        }
        until("it was given up", || {
            served.files().iter().all(|name| !name.ends_with(".new"))
        });
        assert_eq!(served.files(), Vec::<String>::new());
    }
    // In chunks, whose end is a chunk of its own.
    let head = call.header("transfer-encoding", "chunked").head(0);
    let head = head.replace("content-length: 0\r\n", "");
    let mut stream = std::net::TcpStream::connect(served.address).expect("it listens");
    stream.write_all(head.as_bytes()).expect("it reads");
    stream.write_all(b"5\r\nhello\r\n").expect("it reads");
    until("it is being stored", || !served.files().is_empty());
    drop(stream);
    until("it was given up", || served.files().is_empty());
    let answer = served.call("officer", "POST", "/requests");
    let sent: Value = answer.json(&asks(&["TR"], Some(&id))).send().is(202);
    let exchange = sent["exchanges"][0]["id"].as_str().expect("an id");
    let view = served.call("officer", "GET", &format!("/exchanges/{exchange}"));
    let view: Value = view.send().is(200);
    assert_eq!(view["events"][0]["attachments"], Value::Null);
}

#[test]
fn a_member_that_is_named_twice_is_refused_before_any_file_is_sealed_for_it() {
    let served = Served::new();
    let id = served.reserve("officer", "request");
    served.upload("officer", &id, 0, b"a file").is::<Value>(200);
    let before = served.files();
    let post = |to: &[&str]| {
        let call = served.call("officer", "POST", "/requests");
        call.json(&asks(to, Some(&id))).send()
    };
    let many: Vec<String> = (10..75).map(|n| format!("M{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let none = "no-recipient";
    for (to, code) in [
        (&["TR", "AT", "TR"][..], "named-twice"),
        (&["TR", "TR"], "named-twice"),
        (&[], none),
        (&many, "too-many-asked"),
    ] {
        let problem = post(to).fails(422, code);
        assert_eq!(problem.field.as_deref(), Some("to"));
        assert_eq!(served.files(), before, "{to:?}");
    }
    let sent: Value = post(&["TR", "AT"]).is(202);
    assert_eq!(sent["exchanges"].as_array().map(Vec::len), Some(2));
    assert_eq!(served.files().len(), 2);
}

/// The messages of what was sent.
fn ids(sent: &Value) -> Vec<String> {
    let exchanges = sent["exchanges"].as_array().expect("a list").iter();
    let id = |exchange: &Value| exchange["id"].as_str().expect("an id").to_owned();
    exchanges.map(id).collect()
}

/// What the first file of a message holds.
fn file_of(served: &Served, message: &str) -> Vec<u8> {
    let path = format!("/messages/{message}/attachments/0");
    served.call("officer", "GET", &path).send().body
}

fn sends(served: &Served, to: &[&str], reservation: &str) -> Answer {
    let call = served.call("officer", "POST", "/requests");
    call.json(&asks(to, Some(reservation))).send()
}

#[test]
fn no_message_takes_files_while_one_is_on_its_way_to_any_of_their_places() {
    let served = Served::new();
    let id = served.reserve("officer", "request");
    served.upload("officer", &id, 0, b"old").is::<Value>(200);
    let path = format!("/reservations/{id}/attachments/0?name=a.bin");
    let new = vec![7; 300_000];
    let mut stream = served
        .call("officer", "PUT", &path)
        .begin(new.len(), &new[..200_000]);
    let is_being_stored = || served.files().iter().any(|name| name.ends_with(".new"));
    until("it is being stored", is_being_stored);
    sends(&served, &["TR"], &id).fails(409, "upload-under-way");
    stream.write_all(&new[200_000..]).expect("it reads");
    Answer::read("PUT", stream).is::<Value>(200);
    let _sent: Value = sends(&served, &["TR"], &id).is(202);
    assert!(file_of(&served, &id) == new);
}

#[test]
fn requests_with_a_file_that_are_posted_twice_at_once_have_their_files_whole() {
    let served = Served::new();
    let id = served.reserve("officer", "request");
    let content = vec![7; 2_000_000];
    served.upload("officer", &id, 0, &content).is::<Value>(200);
    let sent: BTreeSet<String> = std::thread::scope(|scope| {
        let post = || scope.spawn(|| sends(&served, &["TR", "AT", "RS"], &id).is(202));
        let posts: Vec<_> = (0..4).map(|_| post()).collect();
        let answers = posts.into_iter().map(|post| post.join());
        let answers = answers.map(|answer: Result<Value, _>| answer.expect("an answer"));
        answers.flat_map(|answer| ids(&answer)).collect()
    });
    assert_eq!(sent.len(), 3, "each is sent once");
    for message in sent {
        assert!(file_of(&served, &message) == content, "{message}");
    }
}

#[test]
fn files_go_to_other_members_where_the_request_was_refused_and_not_once_it_was_sent() {
    let served = Served::new();
    let id = served.reserve("officer", "request");
    served.upload("officer", &id, 0, b"one").is::<Value>(200);
    sends(&served, &["TR", "SI"], &id).fails(422, "not-listed");
    served.upload("officer", &id, 0, b"two").is::<Value>(200);
    let sent: Value = sends(&served, &["TR", "AT"], &id).is(202);
    sends(&served, &["TR", "RS"], &id).fails(409, "id-taken");
    for message in ids(&sent) {
        assert_eq!(file_of(&served, &message), b"two", "{message}");
    }
}

#[test]
fn an_alert_names_each_member_once() {
    let served = Served::new();
    let alert = json!({ "audience": { "members": ["TR", "AT", "TR"] }, "alert": toml(ALERT) });
    let call = served.call("contact", "POST", "/alerts").json(&alert);
    call.send().fails(422, "named-twice");
}

#[test]
fn an_upload_that_announces_more_than_a_file_may_have_is_refused_at_once() {
    let served = Served::new();
    let id = served.reserve("officer", "request");
    let path = format!("/reservations/{id}/attachments/0?name=a.bin");
    let call = served.call("officer", "PUT", &path);
    let stream = call.begin(5_000_000_000, b"");
    Answer::read("PUT", stream).fails(413, "attachment-too-large");
    assert_eq!(served.files(), Vec::<String>::new());
}

#[test]
fn a_file_more_than_a_message_carries_is_refused_as_too_many() {
    let served = Served::new();
    let id = served.reserve("officer", "request");
    let upload = |index| served.upload("officer", &id, index, b"a file");
    upload(31).is::<Value>(200);
    upload(32).fails(422, "too-many-attachments");
}
