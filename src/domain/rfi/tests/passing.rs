//! What may be passed on, to whom, and with which marking: the lies of whoever passes it on are
//! found by whoever gets it.

use super::*;
use crate::base::{Digest, MemberId, NodeId};
use crate::domain::Status;
use crate::domain::handling::{Disclosure, Handling, HandlingCode, Tlp};

/// AT answered MK, which passes the answer on to TR.
struct Case {
    original: (Header, Event),
    permission: Option<(Header, Event)>,
    request: Request,
    to: &'static str,
    how: Disclosure,
    hour: i64,
}

fn leaf() -> Digest {
    Digest::of(b"the answer")
}

fn from(author: &str, to: &str, body: Body, hour: i64) -> (Header, Event) {
    let (mut header, event) = message(actor(author, Role::Contact), hours(hour), body);
    header.sender = NodeId::first(member(author));
    header.recipients = vec![member(to)];
    (header, event)
}

fn marked(codes: &[HandlingCode], tlp: Tlp) -> Handling {
    Handling {
        codes: codes.to_vec(),
        tlp,
        restriction: None,
        chatham_house: false,
        retention_days: 100,
    }
}

fn grant() -> PermissionGrant {
    PermissionGrant {
        request: MessageId::from_bytes([5; 16]),
        message: MessageId::from_bytes([1; 16]),
        leaf: leaf(),
        to: member("TR"),
        purpose: "To find the van.".to_owned(),
        expires: hours(50),
    }
}

impl Case {
    /// An answer that is marked so, without a permission.
    fn of(codes: &[HandlingCode], tlp: Tlp) -> Self {
        let handling = marked(codes, tlp);
        let body = Body::Answer(Answer {
            handling: handling.clone(),
            ..answering(Outcome::Hit)
        });
        let mut original = from("AT", "MK", body, 0);
        original.0.handling = handling;
        let mut request = request();
        let own = marked(&[HandlingCode::H0], Tlp::Green);
        let marking = marking(&own, &original.0, hours(1));
        request.handling = marking.expect("its retention runs");
        Self {
            original,
            permission: None,
            request,
            to: "TR",
            how: Disclosure::Forward,
            hour: 1,
        }
    }

    /// One that a permission is needed for, with that permission.
    fn permitted(grant: PermissionGrant) -> Self {
        Self {
            permission: Some(from("AT", "MK", Body::PermissionGrant(grant), 1)),
            ..Self::of(&[HandlingCode::H0, HandlingCode::H2], Tlp::Amber)
        }
    }

    fn check(&self) -> Result<(), NotPassedOn> {
        let copied = |(header, event), leaf| Copied {
            header,
            event,
            leaf,
        };
        let protection = match &self.original.1.body {
            Body::Request(request) => Some(&request.protection),
            _ => None,
        };
        let passing = Passing {
            by: member("MK"),
            to: member(self.to),
            how: self.how,
            at: hours(self.hour),
            request: &self.request,
            protection,
        };
        let (header, event) = &self.original;
        let permission = self
            .permission
            .as_ref()
            .map(|(header, event)| (header, event));
        passing.check(
            copied((header, event), leaf()),
            permission.map(|parts| copied(parts, Digest::of(b"the grant"))),
        )
    }

    fn code(&self) -> &'static str {
        self.check().expect_err("it is not passed on").code()
    }
}

#[test]
fn what_needs_no_permission_goes_on_and_what_does_waits_for_one() {
    use HandlingCode::{H0, H1, H2};
    assert_eq!(Case::of(&[H0], Tlp::Green).check(), Ok(()));
    assert_eq!(Case::of(&[H0, H1], Tlp::Clear).check(), Ok(()));
    for (codes, tlp) in [
        (&[H0][..], Tlp::Amber),
        (&[H2], Tlp::Green),
        (&[H2], Tlp::Amber),
    ] {
        assert_eq!(Case::of(codes, tlp).code(), "needs-permission");
    }
    assert_eq!(Case::permitted(grant()).check(), Ok(()));
    for tlp in [Tlp::Red, Tlp::AmberStrict] {
        let mut case = Case::of(&[H0], tlp);
        assert_eq!(case.code(), "marking-forbids");
        case.permission = Case::permitted(grant()).permission;
        assert_eq!(case.code(), "marking-forbids", "no permission lifts it");
    }
    let mut case = Case::permitted(grant());
    case.how = Disclosure::ForwardToObserver;
    assert_eq!(case.code(), "marking-forbids");
}

#[test]
fn a_permission_is_for_this_message_this_holder_this_recipient_and_this_time() {
    let fault = |case: &Case| match case.check() {
        Err(NotPassedOn::Permission(fault)) => fault,
        other => panic!("{other:?}"),
    };
    let with = |change: fn(&mut PermissionGrant)| {
        let mut grant = grant();
        change(&mut grant);
        fault(&Case::permitted(grant))
    };
    assert_eq!(
        with(|g| g.leaf = Digest::of(b"another")),
        NotPermitted::OtherMessage
    );
    let other = MessageId::from_bytes([8; 16]);
    assert_eq!(
        fault(&Case::permitted(PermissionGrant {
            message: other,
            ..grant()
        })),
        NotPermitted::OtherMessage
    );
    assert_eq!(with(|g| g.to = member("RS")), NotPermitted::OtherRecipient);
    assert_eq!(with(|g| g.expires = hours(1)), NotPermitted::Ended);
    let mut case = Case::permitted(grant());
    case.permission = Some(from("RS", "MK", Body::PermissionGrant(grant()), 1));
    assert_eq!(
        fault(&case),
        NotPermitted::NotTheAuthors,
        "the holder has a friend"
    );
    case.permission = Some(from("AT", "RS", Body::PermissionGrant(grant()), 1));
    assert_eq!(fault(&case), NotPermitted::AnothersHolder);
    let closing = Body::Closing(Closing::default());
    case.permission = Some(from("AT", "MK", closing, 1));
    assert_eq!(fault(&case), NotPermitted::NotTheAuthors);
}

#[test]
fn restrictions_go_with_what_is_passed_on() {
    use HandlingCode::{H0, H1, H3};
    let mut case = Case::of(&[H0, H1], Tlp::Green);
    case.request.evidence_use = EvidenceUse::CourtWithConsent;
    assert_eq!(case.code(), "weakened");
    let weakened = |change: fn(&mut Request)| {
        let mut case = Case::of(&[H0, H1], Tlp::Green);
        change(&mut case.request);
        case.code()
    };
    assert_eq!(weakened(|r| r.handling.codes = vec![H0]), "weakened");
    assert_eq!(weakened(|r| r.handling.tlp = Tlp::Clear), "weakened");
    assert_eq!(weakened(|r| r.handling.retention_days = 100), "weakened");
    let mut restricted = Case::of(&[H0], Tlp::Green);
    restricted.original.0.handling.codes = vec![H3];
    restricted.original.0.handling.restriction = Some("Not to leave the unit.".into());
    assert_eq!(restricted.code(), "weakened");
    let own = restricted.request.handling.clone();
    let marking = marking(&own, &restricted.original.0, hours(1)).expect("it runs");
    restricted.request.handling = marking;
    assert_eq!(restricted.check(), Ok(()));
    let mut over = Case::of(&[H0], Tlp::Green);
    over.hour = 100 * 24;
    assert_eq!(over.code(), "retention-over");
}

#[test]
fn a_request_keeps_its_protection_and_goes_to_nobody_it_names() {
    let mut case = Case::of(&[HandlingCode::H0], Tlp::Green);
    let mut original = request();
    original.protection.minor = Some(true);
    original.protection.never_contact = vec![member("RS")];
    original.handling = marked(&[HandlingCode::H0], Tlp::Green);
    let (mut header, event) = from("AT", "MK", Body::Request(Box::new(original.clone())), 0);
    header.handling = original.handling.clone();
    case.original = (header, event);
    case.request.protection.minor = None;
    assert_eq!(case.code(), "weakened");
    case.request.protection = case.request.protection.with(&original.protection);
    assert_eq!(case.check(), Ok(()));
    case.to = "RS";
    assert_eq!(case.code(), "never-contact");
}

#[test]
fn only_what_its_author_sent_to_the_holder_goes_on_once_and_to_a_third() {
    let case = || Case::of(&[HandlingCode::H0], Tlp::Green);
    let mut to_author = case();
    to_author.to = "AT";
    assert_eq!(to_author.code(), "to-its-author");
    let mut stolen = case();
    stolen.original.0.recipients = vec![MemberId::clone(&member("RS"))];
    assert_eq!(stolen.code(), "not-addressed");
    let mut closing = case();
    closing.original = from("AT", "MK", Body::Closing(Closing::default()), 0);
    assert_eq!(closing.code(), "not-passed-on");
    let mut nested = case();
    let mut request = request();
    request.forwarded = Some(Forwarded {
        message: crate::domain::message::SignedCopy(vec![1]),
        permission: None,
    });
    nested.original = from("AT", "MK", Body::Request(Box::new(request)), 0);
    assert_eq!(nested.code(), "not-passed-on");
    let mut exercise = case();
    exercise.request.status = Status::Exercise;
    assert_eq!(exercise.code(), "other-status");
    exercise.original.0.extensions = Status::Exercise.extension().into_iter().collect();
    assert_eq!(exercise.check(), Ok(()));
}
