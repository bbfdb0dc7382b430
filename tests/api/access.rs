//! Who may do what, to whose thing: every route and every kind of caller, through the router that
//! every node has. What one may not see answers 404.

use liaison::base::Role;
use liaison::domain::message::Body;
use liaison::seal::safety::SafetyNumber;
use serde_json::{Value, json};

use crate::office::{ALERT, ANSWER, REQUEST, SIGHTING, alert_body, member, request_body};
use crate::served::{Served, identity};

/// What a route is called on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thing {
    /// Nothing: it is a list, or makes something new.
    Nothing,
    /// An exchange in which this member asks.
    OwnExchange,
    /// An exchange in which this member is asked.
    PeersExchange,
    /// An alert of this member.
    OwnAlert,
    /// An alert of a peer.
    PeersAlert,
    /// An id that nothing has.
    Unknown,
}

use Thing::*;

/// A route, with what it answers to those who may use it.
struct Route {
    method: &'static str,
    path: &'static str,
    body: Option<fn() -> Value>,
    may: &'static [&'static str],
    on: &'static [(Thing, u16)],
}

const ALL_PEOPLE: &[&str] = &[
    "officer",
    "second officer",
    "releaser",
    "contact",
    "auditor",
    "admin",
    "observer",
];
const OFFICERS: &[&str] = &["officer", "second officer"];
const OFFICE: &[&str] = &["officer", "second officer", "releaser", "contact"];
const ADMIN: &[&str] = &["admin"];
const CARRYING: &[&str] = &["officer", "second officer", "releaser", "contact", "admin"];
const ANSWERING: &[&str] = &["officer", "second officer", "contact"];
const KEEPERS: &[&str] = &["auditor", "admin"];
const CONTACT: &[&str] = &["contact"];
const RELEASER: &[&str] = &["releaser"];
const CONFIRMING: &[&str] = &["officer", "second officer", "releaser", "contact", "admin"];
const ALERTED: &[&str] = &[
    "officer",
    "second officer",
    "releaser",
    "contact",
    "observer",
];
const BUT_OBSERVERS: &[&str] = &[
    "officer",
    "second officer",
    "releaser",
    "contact",
    "auditor",
    "admin",
];

/// What the asking side says of its own exchange, and nobody of a peer's.
const ASKING: &[(Thing, u16)] = &[(OwnExchange, 202), (PeersExchange, 409), (Unknown, 404)];
/// What only an answered exchange takes.
const AFTER_ANSWER: &[(Thing, u16)] = &[(OwnExchange, 409), (PeersExchange, 409), (Unknown, 404)];
/// What the asked side says.
const ASKED: &[(Thing, u16)] = &[(OwnExchange, 409), (PeersExchange, 202), (Unknown, 404)];
/// What is about a message that is not there.
const NO_MESSAGE: &[(Thing, u16)] = &[(OwnExchange, 404), (PeersExchange, 404), (Unknown, 404)];
const PUBLISHING: &[(Thing, u16)] = &[(OwnAlert, 202), (PeersAlert, 409), (Unknown, 404)];
const RECEIVING: &[(Thing, u16)] = &[(OwnAlert, 409), (PeersAlert, 202), (Unknown, 404)];
const ANY_EXCHANGE: &[(Thing, u16)] = &[(OwnExchange, 200), (PeersExchange, 200), (Unknown, 404)];
/// What waits is tried in `letters.rs`.
const NO_LETTER: &[(Thing, u16)] = &[(Unknown, 404)];
const ANY_ALERT: &[(Thing, u16)] = &[(OwnAlert, 200), (PeersAlert, 200), (Unknown, 404)];

const fn get(
    path: &'static str,
    may: &'static [&'static str],
    on: &'static [(Thing, u16)],
) -> Route {
    Route {
        method: "GET",
        path,
        body: None,
        may,
        on,
    }
}

const fn post(
    path: &'static str,
    body: fn() -> Value,
    may: &'static [&'static str],
    on: &'static [(Thing, u16)],
) -> Route {
    Route {
        method: "POST",
        path,
        body: Some(body),
        may,
        on,
    }
}

const ROUTES: &[Route] = &[
    get("/whoami", ALL_PEOPLE, &[(Nothing, 200)]),
    get("/health", ALL_PEOPLE, &[(Nothing, 200)]),
    get("/members", ALL_PEOPLE, &[(Nothing, 200)]),
    get("/members/TR", ALL_PEOPLE, &[(Nothing, 200)]),
    get("/members/TR/holdings", BUT_OBSERVERS, &[(Nothing, 200)]),
    get("/witness", ALL_PEOPLE, &[(Nothing, 200)]),
    post(
        "/witness/acknowledgements",
        alarm,
        KEEPERS,
        &[(Nothing, 404)],
    ),
    get("/witness/evidence/TR-1/1", KEEPERS, &[(Nothing, 404)]),
    post("/netcheck", || json!({}), ALL_PEOPLE, &[(Nothing, 200)]),
    post("/backups", || json!({}), ADMIN, &[(Nothing, 404)]),
    post(
        "/bundles",
        || json!({ "peer": "TR", "size": 3_000_000 }),
        CARRYING,
        &[(Nothing, 409)],
    ),
    post(
        "/bundles/imports",
        || json!("no stick"),
        CARRYING,
        &[(Nothing, 422)],
    ),
    post(
        "/members/TR/compare",
        compared,
        CONFIRMING,
        &[(Nothing, 200)],
    ),
    post(
        "/members/TR/accept",
        || json!({}),
        CONFIRMING,
        &[(Nothing, 409)],
    ),
    post(
        "/keys/rotate",
        || json!({ "tls": true }),
        &["admin"],
        &[(Nothing, 202)],
    ),
    post("/reservations", || json!({}), OFFICE, &[(Nothing, 201)]),
    post("/requests", send_request, OFFICERS, &[(Nothing, 202)]),
    get("/exchanges", OFFICE, &[(Nothing, 200)]),
    get("/exchanges/{}", OFFICE, ANY_EXCHANGE),
    post(
        "/exchanges/{}/justifications",
        || json!({ "why": "on duty" }),
        OFFICE,
        &[(OwnExchange, 204), (PeersExchange, 204), (Unknown, 404)],
    ),
    get("/log", &["auditor"], &[(Nothing, 200)]),
    get("/messages/{}/attachments/0", ALERTED, &[(Unknown, 404)]),
    post(
        "/exchanges/{}/accept",
        || json!({ "access": "direct" }),
        CONTACT,
        ASKED,
    ),
    post("/exchanges/{}/answer", answer, ANSWERING, ASKED),
    post(
        "/exchanges/{}/refuse",
        || json!({ "ground": "a" }),
        CONTACT,
        ASKED,
    ),
    post(
        "/exchanges/{}/clarify",
        || json!({ "ask": "Which van?" }),
        ANSWERING,
        ASKED,
    ),
    post(
        "/exchanges/{}/clarify",
        || json!({ "answer": "The red one." }),
        OFFICERS,
        AFTER_ANSWER,
    ),
    post(
        "/exchanges/{}/channel",
        || json!({ "authority": "Police" }),
        ANSWERING,
        ASKED,
    ),
    post("/exchanges/{}/await", delay, ANSWERING, ASKED),
    post(
        "/exchanges/{}/transfer",
        || json!({ "to": "RS", "reason": "Theirs." }),
        CONTACT,
        ASKED,
    ),
    post(
        "/exchanges/{}/feedback",
        || json!({ "useful": "useful" }),
        OFFICERS,
        AFTER_ANSWER,
    ),
    post(
        "/exchanges/{}/withdraw",
        || json!({ "reason": "Found." }),
        OFFICERS,
        ASKING,
    ),
    post("/exchanges/{}/supersede", supersede, OFFICERS, ASKING),
    post("/exchanges/{}/close", || json!({}), OFFICERS, AFTER_ANSWER),
    post(
        "/exchanges/{}/reopen",
        || json!({ "reason": "More." }),
        OFFICERS,
        AFTER_ANSWER,
    ),
    post(
        "/search",
        || json!({ "query": "34 KLM 417" }),
        OFFICE,
        &[(Nothing, 200)],
    ),
    post(
        "/conversations/{}/retention",
        || json!({ "days": 1 }),
        &["releaser", "contact"],
        &[
            (OwnExchange, 202),
            (PeersExchange, 202),
            (OwnAlert, 202),
            (PeersAlert, 202),
            (Unknown, 404),
        ],
    ),
    post(
        "/conversations/{}/erase",
        || json!({ "reason": "Entered by mistake." }),
        RELEASER,
        &[
            (OwnExchange, 409),
            (PeersExchange, 409),
            (OwnAlert, 409),
            (PeersAlert, 409),
            (Unknown, 404),
        ],
    ),
    get("/letters", OFFICE, &[(Nothing, 200)]),
    get("/letters/{}", OFFICE, NO_LETTER),
    post("/letters/{}/release", decision, RELEASER, NO_LETTER),
    post("/letters/{}/clear", decision, RELEASER, NO_LETTER),
    post("/letters/{}/emergency", decision, OFFICERS, NO_LETTER),
    post("/letters/{}/review", decision, RELEASER, NO_LETTER),
    post(
        "/letters/{}/return",
        || json!({ "reason": "The plate is wrong." }),
        RELEASER,
        NO_LETTER,
    ),
    post("/letters/{}/discard", || json!({}), ANSWERING, NO_LETTER),
    post(
        "/exchanges/{}/calls",
        || json!({ "to": "Duty desk", "outcome": "reached" }),
        OFFICE,
        &[(OwnExchange, 201), (PeersExchange, 201), (Unknown, 404)],
    ),
    post("/exchanges/{}/forward", forward, OFFICERS, NO_MESSAGE),
    post("/exchanges/{}/correct", correct, ANSWERING, AFTER_ANSWER),
    post(
        "/exchanges/{}/acknowledge",
        correction,
        ANSWERING,
        AFTER_ANSWER,
    ),
    post("/exchanges/{}/pass-on", correction, ANSWERING, AFTER_ANSWER),
    post(
        "/exchanges/{}/permissions",
        permission,
        ANSWERING,
        AFTER_ANSWER,
    ),
    get("/permissions", OFFICE, &[(Nothing, 200)]),
    get("/permissions/{}", OFFICE, &[(Unknown, 404)]),
    post(
        "/permissions/{}/grant",
        || json!({ "expires": "2096-03-29T12:00:00Z" }),
        CONTACT,
        &[(Unknown, 404)],
    ),
    post(
        "/permissions/{}/refuse",
        || json!({}),
        CONTACT,
        &[(Unknown, 404)],
    ),
    get("/alerts", ALERTED, &[(Nothing, 200)]),
    get("/alerts/{}", ALERTED, ANY_ALERT),
    get("/alert-subscriptions", ALERTED, &[(Nothing, 200)]),
    get("/statistics", ALERTED, &[(Nothing, 200)]),
    post("/alerts", alert, CONTACT, &[(Nothing, 202)]),
    post("/alert-previews", alert, CONTACT, &[(Nothing, 200)]),
    post(
        "/alert-subscriptions",
        || json!({ "corridors": [] }),
        CONTACT,
        &[(Nothing, 202)],
    ),
    post("/alerts/{}/updates", alert, CONTACT, PUBLISHING),
    post(
        "/alerts/{}/cancel",
        || json!({ "reason": "Over." }),
        CONTACT,
        PUBLISHING,
    ),
    post("/alerts/{}/sightings", sighting, ANSWERING, RECEIVING),
    post(
        "/alerts/{}/contradictions",
        contradiction,
        ANSWERING,
        RECEIVING,
    ),
    post(
        "/alerts/{}/acknowledgements",
        || json!({}),
        OFFICE,
        RECEIVING,
    ),
    post(
        "/alerts/{}/calls",
        || json!({ "member": "TR", "call": { "to": "Duty desk", "outcome": "reached" } }),
        OFFICE,
        &[(OwnAlert, 201), (PeersAlert, 201), (Unknown, 404)],
    ),
];

/// Takes note of an alarm that there is not.
fn alarm() -> Value {
    json!({ "origin": "tr-1.liaison/1", "fault": "unanswered", "note": "Called." })
}

fn example(text: &str) -> Value {
    toml::from_str(text).expect("an example is TOML")
}

fn compared() -> Value {
    let [own, other] = ["MK", "TR"].map(|of| identity(member(of)));
    json!({ "number": SafetyNumber::of(&own, &other) })
}

fn send_request() -> Value {
    json!({ "to": ["TR"], "request": example(REQUEST) })
}

fn supersede() -> Value {
    json!({ "request": example(REQUEST) })
}

const MESSAGE: &str = "01JD3W0000ABCDEFGHJKMNPQRS";

fn forward() -> Value {
    json!({ "message": MESSAGE, "to": "RS", "request": example(REQUEST) })
}

fn correct() -> Value {
    let text = include_str!("../../deploy/examples/correction.toml");
    let mut correction = example(text);
    correction["message"] = MESSAGE.into();
    correction
}

fn correction() -> Value {
    json!({ "correction": MESSAGE })
}

fn permission() -> Value {
    json!({ "message": MESSAGE, "to": "RS", "purpose": "To find the van." })
}

fn answer() -> Value {
    json!({ "answer": example(ANSWER) })
}

fn delay() -> Value {
    let expected = liaison::base::Timestamp::system().plus(crate::office::HOUR);
    json!({ "expected": expected, "reason": "The court sits on Monday." })
}

/// A decision that nobody has signed.
fn decision() -> Value {
    json!({
        "digest": "ab".repeat(32), "drafter": "01".repeat(16), "reason": "Seen.",
        "reason_digest": "cd".repeat(32), "signature": format!("010040{}", "00".repeat(64)),
    })
}

fn alert() -> Value {
    json!({ "alert": example(ALERT) })
}

fn sighting() -> Value {
    json!({ "sighting": example(SIGHTING) })
}

fn contradiction() -> Value {
    let text = include_str!("../../deploy/examples/contradiction.toml");
    json!({ "contradiction": example(text) })
}

impl Route {
    /// An office that has the thing, and the path to it.
    fn scene(&self, thing: Thing) -> (Served, String) {
        let mut served = Served::new();
        let mut peers = |role, body: Body| {
            let message = served.peers.first_of("TR", role, body);
            served.receives(&message);
            message.header.id.to_string()
        };
        let id = match thing {
            Nothing => String::new(),
            PeersExchange => peers(Role::Officer, request_body()),
            PeersAlert => peers(Role::Contact, alert_body()),
            OwnExchange => made(
                &served,
                "officer",
                "/requests",
                &send_request(),
                "/exchanges/0/id",
            ),
            OwnAlert => made(&served, "contact", "/alerts", &alert(), "/id"),
            Unknown => "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
        };
        (served, self.path.replace("{}", &id))
    }

    /// What the caller gets.
    fn status(&self, served: &Served, path: &str, caller: Caller) -> u16 {
        let call = match caller {
            Caller::Person(name) => served.call(name, self.method, path),
            Caller::Nobody => served.anonymous(self.method, path),
            Caller::Stranger => served.anonymous(self.method, path).header(
                "authorization",
                &format!("Bearer liaison_{}", "0".repeat(64)),
            ),
        };
        let call = match self.body {
            Some(body) => call.json(&body()),
            None => call,
        };
        call.send().status
    }

    /// What those get who may not.
    fn denied(&self, thing: Thing, caller: Caller) -> u16 {
        let Caller::Person(name) = caller else {
            return 401;
        };
        let sees = match self.path.split('/').nth(1) {
            Some("exchanges" | "letters" | "permissions") => OFFICE,
            Some("alerts" | "messages") => ALERTED,
            _ => ALL_PEOPLE,
        };
        if thing == Nothing || sees.contains(&name) {
            403
        } else {
            404
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    Person(&'static str),
    /// No token at all.
    Nobody,
    /// A token that is nobody's here.
    Stranger,
}

/// What the person makes, by the place of its id in the answer.
fn made(served: &Served, by: &str, path: &str, body: &Value, id: &str) -> String {
    let answer: Value = served.call(by, "POST", path).json(body).send().is(202);
    answer
        .pointer(id)
        .and_then(Value::as_str)
        .expect("an id")
        .to_owned()
}

#[test]
fn every_caller_gets_from_every_route_what_the_table_says_and_no_more() {
    let mut rows = 0;
    let mut wrong = Vec::new();
    for route in ROUTES {
        for (thing, answers) in route.on {
            let mut check = |served: &Served, path: &str, caller, expected| {
                rows += 1;
                let status = route.status(served, path, caller);
                if status != expected {
                    let Route { method, path, .. } = route;
                    wrong.push(format!(
                        "{method} {path} {thing:?} {caller:?}: {status}, not {expected}"
                    ));
                }
            };
            let (served, path) = route.scene(*thing);
            let people = ALL_PEOPLE.iter().map(|name| Caller::Person(name));
            for caller in people.chain([Caller::Nobody, Caller::Stranger]) {
                match caller {
                    Caller::Person(name) if route.may.contains(&name) => {
                        let (served, path) = route.scene(*thing);
                        check(&served, &path, caller, *answers);
                    }
                    _ => check(&served, &path, caller, route.denied(*thing, caller)),
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {rows}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(rows >= 300, "{rows} rows");
}

#[test]
fn a_reservation_is_its_makers_alone() {
    let served = Served::new();
    let id = served.reserve("officer", "request");
    let path = format!("/reservations/{id}/attachments/0?name=a.bin");
    for (caller, status) in [
        ("second officer", 404),
        ("contact", 404),
        ("auditor", 403),
        ("officer", 200),
    ] {
        let call = served.call(caller, "PUT", &path).body(b"a file");
        assert_eq!(call.send().status, status, "{caller}");
    }
}

#[test]
fn every_route_of_the_document_is_in_the_table() {
    let document: Value = Served::new()
        .anonymous("GET", "/openapi.json")
        .send()
        .is(200);
    let tabled: Vec<(String, String)> = ROUTES
        .iter()
        .map(|route| {
            let path = route.path.replace("TR-1/1", "{}/{}");
            let path = path.replace("TR", "{}").replace("/0", "/{}");
            (route.method.to_lowercase(), path)
        })
        .collect();
    let paths = document["paths"].as_object().expect("there are paths");
    let mut routes = 0;
    for (path, item) in paths {
        let plain: Vec<&str> = path
            .split('/')
            .map(|part| if part.starts_with('{') { "{}" } else { part })
            .collect();
        for method in item.as_object().expect("there are methods").keys() {
            routes += 1;
            let row = (method.clone(), plain.join("/"));
            assert!(
                tabled.contains(&row) || row.1 == "/reservations/{}/attachments/{}",
                "{method} {path} has no row in the table of who may do what"
            );
        }
    }
    assert!(routes > 60, "{routes} routes");
}
