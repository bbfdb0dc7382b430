//! `Idempotency-Key`: what is posted again takes effect once.

use liaison::base::Role;
use serde_json::{Value, json};

use crate::office::{REQUEST, request_body};
use crate::served::{Answer, Served, until};

const KEY: &str = "2f1d0c3e-case-system-417";

fn request() -> Value {
    let request: Value = toml::from_str(REQUEST).expect("the example is a request");
    json!({ "to": ["TR", "AT"], "request": request })
}

fn post(office: &Served, name: &str, key: &str, path: &str, body: &Value) -> Answer {
    office
        .call(name, "POST", path)
        .header("idempotency-key", key)
        .json(body)
        .send()
}

fn exchanges(office: &Served) -> usize {
    let listed: Value = office.call("officer", "GET", "/exchanges").send().is(200);
    listed["items"].as_array().expect("a list").len()
}

#[test]
fn a_request_that_is_posted_again_is_sent_once_and_answered_alike() {
    let office = Served::new();
    let first = post(&office, "officer", KEY, "/requests", &request());
    let again = post(&office, "officer", KEY, "/requests", &request());
    let (first, told): (Value, Value) = (first.is(202), again.is(202));
    assert_eq!(first, told);
    assert!(
        again.head.contains("idempotent-replayed: true"),
        "{}",
        again.head
    );
    assert_eq!(exchanges(&office), 2, "one for each member that was asked");
}

#[test]
fn a_restart_forgets_no_key() {
    let mut office = Served::new();
    let first: Value = post(&office, "officer", KEY, "/requests", &request()).is(202);
    let id = first["exchanges"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let call = json!({ "to": "+90 312", "outcome": "reached", "note": "They look." });
    let path = format!("/exchanges/{id}/calls");
    let noted = post(&office, "officer", "call-1", &path, &call);
    assert!(noted.status < 300, "{}", noted.text());
    office.restart();
    let again: Value = post(&office, "officer", KEY, "/requests", &request()).is(202);
    assert_eq!(again["exchanges"][0]["id"], first["exchanges"][0]["id"]);
    assert_eq!(exchanges(&office), 2);
    post(&office, "officer", "call-1", &path, &call).fails(409, "done-before");
}

/// A request to TR under a reservation.
fn under(reservation: &str) -> Value {
    let request: Value = toml::from_str(REQUEST).expect("the example is a request");
    json!({ "to": ["TR"], "request": request, "reservation": reservation })
}

#[test]
fn a_job_that_is_done_again_after_a_restart_leaves_the_file_that_was_sent_as_it_is() {
    let mut office = Served::new();
    let reserve = json!({ "for": "request" });
    let reserved: Value = post(&office, "officer", KEY, "/reservations", &reserve).is(201);
    let id = reserved["id"].as_str().expect("an id").to_owned();
    office
        .upload("officer", &id, 0, b"the van")
        .is::<Value>(200);
    post(&office, "officer", "send", "/requests", &under(&id)).is::<Value>(202);
    office.restart();
    post(&office, "officer", KEY, "/reservations", &reserve).fails(409, "id-taken");
    let path = format!("/messages/{id}/attachments/0?of=MK");
    assert_eq!(
        office.call("officer", "GET", &path).send().text(),
        "the van"
    );
}

#[test]
fn another_request_under_a_number_that_was_sent_is_refused_and_not_said_to_be_sent() {
    let office = Served::new();
    let id = office.reserve("officer", "request");
    let send = |body: &Value| {
        office
            .call("officer", "POST", "/requests")
            .json(body)
            .send()
    };
    send(&under(&id)).is::<Value>(202);
    send(&under(&id)).is::<Value>(202);
    let mut other = under(&id);
    other["request"]["purpose"] = "To find another van".into();
    send(&other).fails(409, "id-taken");
}

#[test]
fn another_letter_under_a_number_that_waits_is_refused_and_not_said_to_wait() {
    let office = Served::new();
    let id = office.reserve("officer", "request");
    let uploaded = office.upload("officer", &id, 0, b"the van");
    uploaded.is::<Value>(200);
    let send = |body: &Value| {
        let path = "/requests?for_release=true";
        office.call("officer", "POST", path).json(body).send()
    };
    for _ in 0..2 {
        let waits: Value = send(&under(&id)).is(202);
        assert_eq!(waits["letter"]["id"], id.as_str(), "{waits}");
    }
    let mut other = under(&id);
    other["request"]["purpose"] = "To find another van".into();
    send(&other).fails(409, "id-taken");
    let listed: Value = office.call("releaser", "GET", "/letters").send().is(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_key_belongs_to_one_person_and_one_thing() {
    let office = Served::new();
    let _first: Value = post(&office, "officer", KEY, "/requests", &request()).is(202);
    let mut other = request();
    other["to"] = json!(["TR"]);
    post(&office, "officer", KEY, "/requests", &other).fails(422, "idempotency-key-reused");
    assert_eq!(exchanges(&office), 2);
    let theirs: Value = post(&office, "second officer", KEY, "/requests", &other).is(202);
    assert_eq!(theirs["exchanges"].as_array().map(Vec::len), Some(1));
    assert_eq!(exchanges(&office), 3);
}

#[test]
fn what_was_refused_may_be_put_right_under_the_same_key() {
    let office = Served::new();
    let mut wrong = request();
    wrong["to"] = json!([]);
    assert_eq!(
        post(&office, "officer", KEY, "/requests", &wrong).status,
        422
    );
    let _sent: Value = post(&office, "officer", KEY, "/requests", &request()).is(202);
    let key = "x".repeat(256);
    for key in ["", "white space", key.as_str()] {
        post(&office, "officer", key, "/requests", &request()).fails(400, "malformed-input");
    }
    assert_eq!(exchanges(&office), 2);
}

#[test]
fn two_posts_at_once_under_one_key_take_effect_once() {
    let office = Served::new();
    let office = &office;
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let post = || scope.spawn(|| post(office, "officer", KEY, "/requests", &request()).status);
        let posts: Vec<_> = (0..6).map(|_| post()).collect();
        posts
            .into_iter()
            .map(|post| post.join().expect("an answer"))
            .collect()
    });
    assert!(
        statuses.iter().all(|s| [202, 409].contains(s)),
        "{statuses:?}"
    );
    assert!(statuses.contains(&202), "{statuses:?}");
    assert_eq!(exchanges(office), 2);
}

fn searched(office: &Served) -> Answer {
    let looked_for = json!({ "query": "34 KLM 417" });
    post(office, "officer", "search-1", "/search", &looked_for)
}

fn is_replayed(answer: &Answer) -> bool {
    answer.head.contains("idempotent-replayed: true")
}

#[test]
fn whoever_is_in_other_roles_now_is_not_answered_as_then_and_sends_nothing_twice() {
    let office = Served::new();
    let first: Value = post(&office, "officer", KEY, "/requests", &request()).is(202);
    assert_eq!(searched(&office).status, 200);
    assert!(is_replayed(&searched(&office)));
    office.now_in("officer", &[Role::Auditor]);
    searched(&office).fails(409, "done-before");
    let denied = post(&office, "officer", KEY, "/requests", &request());
    assert!(denied.status >= 400, "{}", denied.text());
    office.now_in("officer", &[Role::Officer]);
    let again: Value = post(&office, "officer", KEY, "/requests", &request()).is(202);
    assert_eq!(again["exchanges"][0]["id"], first["exchanges"][0]["id"]);
    assert_eq!(exchanges(&office), 2);
}

#[test]
fn an_erasure_forgets_what_was_answered_and_no_key() {
    let mut office = Served::new();
    let _sent: Value = post(&office, "officer", KEY, "/requests", &request()).is(202);
    let came = office.peers.first_of("TR", Role::Officer, request_body());
    office.receives(&came);
    until("it came", || exchanges(&office) == 3);
    let id = came.header.id;
    let found = searched(&office);
    assert!(found.text().contains(&id.to_string()), "{}", found.text());
    let refusal = json!({ "ground": "a", "reason": "Nothing on Kemal." });
    let refused = format!("/exchanges/{id}/refuse");
    let refused = office.call("contact", "POST", &refused).json(&refusal);
    let _refused: Value = refused.send().is(202);
    let erase = json!({ "reason": "Entered by mistake." });
    let erased = format!("/conversations/{id}/erase");
    let erased = office.call("releaser", "POST", &erased).json(&erase);
    let _ordered: Value = erased.send().is(202);
    until("it is erased", || !is_replayed(&searched(&office)));
    searched(&office).fails(409, "done-before");
    let again = post(&office, "officer", KEY, "/requests", &request());
    let _again: Value = again.is(202);
    assert!(!is_replayed(&again), "{}", again.head);
    assert_eq!(exchanges(&office), 3);
}
