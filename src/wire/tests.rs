//! What is written is read back, in one encoding only, and nothing else is taken.

use prost::Message as _;

use super::frame::Frame;
use super::generated as pb;
use super::*;
use crate::base::{MessageId, Role};
use crate::domain::alert::{
    Acknowledgement, AlertCancellation, AlertUpdate, Corridor, Subscription,
};
use crate::domain::fixtures::{
    actor, alert, answer, contradiction, hours, member, message, request, sighting,
};
use crate::domain::handling::{HandlingCode, Tlp};
use crate::domain::message::{AttachmentInfo, AttachmentSlot, Body, Extension, Kind, Priority};
use crate::domain::profile::Access;
use crate::domain::rfi::{Acceptance, Refusal};

mod frames;
mod hostile;
mod noise;

fn digest_of(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn bodies() -> Vec<Body> {
    let acceptance = Acceptance {
        reference: Some("TR-2026-88".into()),
        access: Access::Indirect,
        note: None,
    };
    let refusal: Refusal = toml::from_str("ground = \"f2\"").expect("a refusal");
    let mut all = vec![
        Body::Request(Box::new(request())),
        Body::Acceptance(acceptance),
        Body::Answer(answer()),
        Body::Refusal(refusal),
        Body::Alert(Box::new(alert())),
        Body::Sighting(sighting()),
        Body::AlertUpdate(Box::new(AlertUpdate {
            version: 2,
            replaces: MessageId::from_bytes([1; 16]),
            first_published: hours(0),
            changes: Some("Two more tracks.".into()),
            alert: alert(),
        })),
        Body::AlertCancellation(AlertCancellation {
            version: 2,
            reason: "It was an error.".into(),
        }),
        Body::Contradiction(contradiction()),
        Body::Acknowledgement(Acknowledgement::default()),
        Body::Subscription(Subscription {
            since: hours(0),
            corridors: vec![Corridor::WesternBalkan],
        }),
    ];
    let said = [
        r#"{"clarification-request": {"text": "Which van?", "questions": [0, 2]}}"#,
        r#"{"clarification": {"text": "The white one."}}"#,
        r#"{"channelling": {"authority": "Istanbul police", "reference": "7", "note": "Today."}}"#,
        r#"{"awaiting-authorisation": {"expected": "2026-03-29T14:02:00.000Z", "reason": "A court."}}"#,
        r#"{"feedback": {"useful": "partly", "became": ["arrest", "other"], "note": "Thank you."}}"#,
        r#"{"closing": {}}"#,
        r#"{"withdrawal": {"reason": "Found."}}"#,
        r#"{"supersession": {"by": "01JD3W0000ABCDEFGHJKMNPQRS", "reason": "Another van."}}"#,
        r#"{"transfer": {"to": "AT", "reason": "It was rented there."}}"#,
        r#"{"reopening": {"reason": "There is a court order now.", "questions": [1]}}"#,
        r#"{"correction": {"message": "01JD3W0000ABCDEFGHJKMNPQRS", "leaf": "LEAF",
            "flaw": "incorrect", "remedy": "rectify", "text": "The plate is another.",
            "handling": {"codes": ["H0"], "tlp": "AMBER"}, "passes_on": "AQID"}}"#,
        r#"{"permission-request": {"message": "01JD3W0000ABCDEFGHJKMNPQRS", "leaf": "LEAF",
            "to": "AT", "purpose": "To find the van."}}"#,
        r#"{"permission-grant": {"request": "01JD3W0000ABCDEFGHJKMNPQRS",
            "message": "01JD3W0000ABCDEFGHJKMNPQRS", "leaf": "LEAF", "to": "AT",
            "purpose": "To find the van.", "expires": "2026-03-29T14:02:00.000Z"}}"#,
        r#"{"permission-refusal": {"request": "01JD3W0000ABCDEFGHJKMNPQRS", "reason": "No."}}"#,
        r#"{"notice": {"about": "01JD3W0000ABCDEFGHJKMNPQRS", "says": "used", "to": "AT",
            "by": "01JD3W0000ABCDEFGHJKMNPQRS"}}"#,
    ];
    let leaf = digest_of("leaf").to_string();
    let body = |json: &str| serde_json::from_str(&json.replace("LEAF", &leaf)).expect("a body");
    all.extend(said.map(body));
    for kind in Kind::ALL {
        assert!(all.iter().any(|body| body.kind() == *kind), "{kind}");
    }
    all
}

/// A header in which every field says something.
fn header() -> Header {
    let (mut header, _) = message(actor("TR", Role::Officer), hours(1), Body::Answer(answer()));
    header.id = MessageId::from_bytes([2; 16]);
    header.sequence = 3;
    header.previous_own = Some(digest_of("own"));
    header.last_seen = Some(digest_of("seen"));
    header.recipients = vec![member("MK"), member("ICMPD")];
    header.handling.codes = HandlingCode::ALL.to_vec();
    header.handling.restriction = Some("Not to leave the unit.".into());
    header.handling.chatham_house = true;
    header.attachments = vec![
        AttachmentSlot {
            length: 0,
            digest: digest_of("empty"),
        },
        AttachmentSlot {
            length: u64::MAX,
            digest: digest_of("long"),
        },
    ];
    header.extensions = vec![Extension {
        id: 7,
        critical: false,
        value: vec![0, 255],
    }];
    header
}

fn file(name: &str) -> AttachmentInfo {
    AttachmentInfo {
        name: name.to_owned(),
        media_type: "video/mp4".to_owned(),
        size: 5_000_000,
        digest: digest_of(name),
        key: [9; 32],
    }
}

/// An event with two attachments, of the member and kind that [`header`] names.
fn event() -> Event {
    let by = actor("TR", Role::Officer);
    let (_, mut event) = message(by, hours(1), Body::Answer(answer()));
    event.attachments = vec![file("van.mp4"), file("Аноним – 1.pdf")];
    event
}

#[test]
fn a_header_is_read_as_it_was_written() {
    let full = header();
    assert_eq!(decode_header(&encode_header(&full)), Ok(full.clone()));
    let mut first = full;
    first.sequence = 0;
    first.previous_own = None;
    first.last_seen = None;
    first.attachments.clear();
    first.extensions.clear();
    first.handling.restriction = None;
    first.handling.codes = vec![HandlingCode::H0];
    first.handling.chatham_house = false;
    assert_eq!(decode_header(&encode_header(&first)), Ok(first));
}

#[test]
fn every_code_of_a_header_survives_the_wire() {
    let back = |change: &dyn Fn(&mut Header)| {
        let mut header = header();
        change(&mut header);
        assert_eq!(decode_header(&encode_header(&header)), Ok(header));
    };
    for kind in Kind::ALL {
        back(&|header| header.kind = *kind);
    }
    for priority in Priority::ALL {
        back(&|header| header.priority = *priority);
    }
    for tlp in Tlp::ALL {
        back(&|header| header.handling.tlp = *tlp);
    }
    for code in HandlingCode::ALL {
        back(&|header| header.handling.codes = vec![*code]);
    }
}

#[test]
fn every_body_is_read_as_it_was_written_in_every_role() {
    for body in bodies() {
        for role in Role::ALL {
            let (header, event) = message(actor("TR", role), hours(1), body.clone());
            let read = decode_event(&encode_event(&event));
            assert_eq!(read.as_ref(), Ok(&event));
            assert_eq!(check_agreement(&header, &event, header.sender), Ok(()));
        }
    }
    let with_files = event();
    assert_eq!(decode_event(&encode_event(&with_files)), Ok(with_files));
}

#[test]
fn names_of_files_in_any_script_survive_the_wire() {
    for name in ["a", "сведоци.pdf", "گواهی.pdf", "report (2).tar.gz", "..."] {
        let mut event = event();
        event.attachments[0].name = name.to_owned();
        let read = decode_event(&encode_event(&event)).expect("a name");
        assert_eq!(read.attachments[0].name, name);
    }
}

#[test]
fn header_body_and_envelope_speak_of_one_message() {
    let (header, event) = (header(), event());
    let sender = header.sender;
    assert_eq!(check_agreement(&header, &event, sender), Ok(()));
    let contradicts = |change: &dyn Fn(&mut Header, &mut Event)| {
        let (mut header, mut event) = (header.clone(), event.clone());
        change(&mut header, &mut event);
        let verdict = check_agreement(&header, &event, sender);
        assert_eq!(verdict, Err(WireError::Contradiction));
    };
    contradicts(&|header, _| header.sender = NodeId::first(member("AT")));
    contradicts(&|header, _| header.sender.number = 2);
    contradicts(&|header, _| header.kind = Kind::Refusal);
    contradicts(&|_, event| event.body = Body::Sighting(sighting()));
    contradicts(&|header, _| header.attachments.truncate(1));
    contradicts(&|_, event| event.attachments.clear());
    contradicts(&|_, event| event.by.member = member("AT"));
    contradicts(&|_, event| event.at = header.created.plus(std::time::Duration::from_millis(1)));
}
