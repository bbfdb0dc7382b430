//! What the tests of this module begin from: the example files, and messages that carry them.

use std::sync::LazyLock;

use super::alert::{Alert, Contradiction, Sighting};
use super::message::{Body, Event, Header, Priority};
use super::rfi::{Answer, Request};
use crate::base::{Actor, Digest, MemberId, MessageId, NodeId, PersonId, Role, Timestamp};

pub const REQUEST: &str = include_str!("../../deploy/examples/request.toml");
pub const REQUEST_AT: &str = include_str!("../../deploy/examples/request-at.toml");
pub const ANSWER: &str = include_str!("../../deploy/examples/answer.toml");
pub const ALERT: &str = include_str!("../../deploy/examples/alert.toml");
pub const UPDATE: &str = include_str!("../../deploy/examples/alert-update.toml");
pub const CONTRADICTION: &str = include_str!("../../deploy/examples/contradiction.toml");
pub const SIGHTING: &str = include_str!("../../deploy/examples/sighting.toml");

pub fn request() -> Request {
    static READ: LazyLock<Request> =
        LazyLock::new(|| toml::from_str(REQUEST).expect("the example is a request"));
    READ.clone()
}

pub fn answer() -> Answer {
    toml::from_str(ANSWER).expect("the example is an answer")
}

pub fn alert() -> Alert {
    toml::from_str(ALERT).expect("the example is an alert")
}

pub fn sighting() -> Sighting {
    toml::from_str(SIGHTING).expect("the example is a sighting")
}

pub fn contradiction() -> Contradiction {
    toml::from_str(CONTRADICTION).expect("the example is a contradiction")
}

/// The alert of [`alert`] in its next version.
pub fn updated_alert() -> Alert {
    toml::from_str(UPDATE).expect("the example is an alert")
}

/// Hours after the time in which the tests play.
pub fn hours(n: i64) -> Timestamp {
    Timestamp::from_millis(1_774_137_600_000 + n * 3_600_000)
}

pub fn member(text: &str) -> MemberId {
    text.parse().expect("a member id")
}

pub fn actor(of: &str, role: Role) -> Actor {
    Actor {
        member: member(of),
        role,
        person: PersonId::from_bytes([7; 16]),
    }
}

/// A message of `by` to another member, in the conversation that the tests play in.
pub fn message(by: Actor, at: Timestamp, body: Body) -> (Header, Event) {
    let (priority, handling) = match &body {
        Body::Request(request) => (request.priority(), request.handling.clone()),
        Body::Alert(alert) => (alert.priority(), alert.handling.clone()),
        Body::AlertUpdate(update) => (update.alert.priority(), update.alert.handling.clone()),
        _ => (Priority::Urgent, request().handling),
    };
    let other = if by.member == member("MK") {
        "TR"
    } else {
        "MK"
    };
    let header = Header {
        protocol: (1, 1),
        id: MessageId::from_bytes([1; 16]),
        conversation: MessageId::from_bytes([1; 16]),
        sequence: 0,
        previous_own: None,
        last_seen: None,
        sender: NodeId::first(by.member),
        recipients: vec![member(other)],
        kind: body.kind(),
        priority,
        handling,
        created: at,
        expires: at.plus(std::time::Duration::from_secs(3_600)),
        trust_list: Digest::EMPTY,
        attachments: Vec::new(),
        extensions: Vec::new(),
    };
    let event = Event {
        by,
        at,
        attachments: Vec::new(),
        body,
    };
    (header, event)
}
