//! Headers, bodies, groups, envelopes, frames and attachments.

use liaison::base::{Actor, Digest, PersonId, Role, SeededEntropy, Timestamp};
use liaison::domain::Status;
use liaison::domain::handling::{Handling, HandlingCode, Tlp};
use liaison::domain::message::{
    AttachmentInfo, AttachmentSlot, Body, Event, Extension, Header, Kind, Priority,
};
use liaison::seal::attachment::{AttachmentKey, AttachmentSealer, Measured, context};
use liaison::seal::envelope::{SignedMessage, seal_envelope, seal_parcel};
use liaison::seal::group::{leaf, sign_group};
use liaison::seal::recipient::RecipientKey;
use liaison::wire::frame::{Earlier, Frame, Head};
use liaison::wire::{encode_event, encode_header};
use serde_json::{Value, json};

use super::formats::{TIME, id, node};
use super::{base64, key};

const PLAINTEXT: &[u8] = b"plaintext";

pub fn all() -> Value {
    json!({
        "message": message(),
        "group": group(),
        "envelope": envelope(),
        "padding": padding(),
        "parcel": parcel(),
        "copy": copy(),
        "attachment": attachment(),
        "frames": frames(),
    })
}

fn sealed(plaintext: &[u8]) -> (Vec<u8>, Measured) {
    let mut out = Vec::new();
    let mut entropy = SeededEntropy::new(4);
    let key = AttachmentKey::from_bytes([7; 32]);
    let mut sealer = AttachmentSealer::new(&key, &context(id(), 1), &mut entropy);
    sealer.push(plaintext, &mut out);
    let measured = sealer.finish(&mut out);
    (out, measured)
}

fn attachment() -> Value {
    let (whole, measured) = sealed(&[b'x'; 16_384]);
    assert_eq!(whole.len() as u64, measured.ciphertext_len);
    json!({
        "key": hex::encode([7; 32]),
        "message": id(),
        "index": 1,
        "context": hex::encode(context(id(), 1)),
        "plaintext": hex::encode(PLAINTEXT),
        "sealed": hex::encode(sealed(PLAINTEXT).0),
        "16384 times x, same salt": {
            "sealed length": measured.ciphertext_len,
            "sealed digest": measured.ciphertext_digest,
        },
    })
}

fn header() -> Header {
    let (_, measured) = sealed(PLAINTEXT);
    Header {
        protocol: (1, 1),
        id: id(),
        conversation: "01JD3VZZZZABCDEFGHJKMNPQRS".parse().unwrap(),
        sequence: 1,
        previous_own: Some(Digest::of(b"leaf")),
        last_seen: None,
        sender: node("SI-1"),
        recipients: vec!["MK".parse().unwrap()],
        kind: Kind::Acceptance,
        priority: Priority::Urgent,
        handling: Handling {
            codes: vec![HandlingCode::H0, HandlingCode::H3],
            restriction: Some("ask first".into()),
            tlp: Tlp::Amber,
            chatham_house: false,
            retention_days: 1825,
        },
        created: Timestamp::from_millis(TIME + 1),
        expires: Timestamp::from_millis(TIME + 86_400_000),
        trust_list: Digest::of(b"list"),
        attachments: vec![AttachmentSlot {
            length: measured.ciphertext_len,
            digest: measured.ciphertext_digest,
        }],
        extensions: vec![Extension {
            id: 9,
            critical: false,
            value: b"value".to_vec(),
        }],
    }
}

fn content() -> Value {
    json!({ "acceptance": { "reference": "SI-2026-7", "access": "direct" } })
}

fn event() -> Event {
    let body: Body = serde_json::from_value(content()).unwrap();
    Event {
        by: Actor {
            member: "SI".parse().unwrap(),
            role: Role::Contact,
            person: PersonId::from_bytes([5; 16]),
        },
        at: Timestamp::from_millis(TIME),
        attachments: vec![AttachmentInfo {
            name: "photo.jpg".into(),
            media_type: "image/jpeg".into(),
            size: PLAINTEXT.len() as u64,
            digest: Digest::of(PLAINTEXT),
            key: [7; 32],
        }],
        body,
    }
}

fn message() -> Value {
    json!({
        "header": hex::encode(encode_header(&header())),
        "body": hex::encode(encode_event(&event())),
        "content": content(),
    })
}

fn group() -> Value {
    let random = [8; 32];
    let parts = [("header a", "body a"), ("header b", "body b"), ("c", "")];
    let leaves = parts.map(|(header, body)| leaf(&random, header.as_bytes(), body.as_bytes()));
    let shares = sign_group(&key(1), node("SI-1"), &leaves, &mut SeededEntropy::new(5));
    let third = &shares[2];
    json!({
        "key": "keys.hybrid",
        "sender": "SI-1",
        "random": hex::encode(random),
        "headers and bodies": parts,
        "leaves": leaves,
        "share of the third": {
            "size": third.size,
            "index": third.index,
            "path": third.path,
            "signature": third.signature,
        },
    })
}

fn envelope() -> Value {
    let mut entropy = SeededEntropy::new(6);
    let recipient = RecipientKey::from_seed(&[2; 32]);
    let (header, body) = (encode_header(&header()), encode_event(&event()));
    let message = SignedMessage::sign(&key(1), node("SI-1"), header, body, &mut entropy).unwrap();
    let sealed = seal_envelope(&message, node("MK-1"), recipient.public(), &mut entropy).unwrap();
    json!({
        "sender's key": "keys.hybrid",
        "recipient's key": "keys.receiving",
        "header and body": "message",
        "leaf": message.leaf(),
        "envelope": base64(&sealed),
    })
}

/// Two messages under one signature, and one under its own.
fn parcel() -> Value {
    let mut entropy = SeededEntropy::new(8);
    let recipient = RecipientKey::from_seed(&[2; 32]);
    let (sender, key) = (node("SI-1"), key(1));
    let parts = |texts: &[(&str, &str)]| {
        let bytes =
            |(header, body): &(&str, &str)| (header.as_bytes().into(), body.as_bytes().into());
        texts.iter().map(bytes).collect()
    };
    let (pair, alone) = (
        [("header a", "body a"), ("header b", "body b")],
        [("c", "")],
    );
    let mut messages = SignedMessage::sign_all(&key, sender, parts(&pair), &mut entropy).unwrap();
    messages.extend(SignedMessage::sign_all(&key, sender, parts(&alone), &mut entropy).unwrap());
    let sealed = seal_parcel(&messages, node("MK-1"), recipient.public(), &mut entropy).unwrap();
    json!({
        "sender's key": "keys.hybrid",
        "recipient's key": "keys.receiving",
        "headers and bodies": [pair[0], pair[1], alone[0]],
        "leaves": messages.iter().map(SignedMessage::leaf).collect::<Vec<_>>(),
        "parcel": base64(&sealed),
    })
}

/// A message as another one carries it: a grant, in an exercise.
fn copy() -> Value {
    let content = json!({ "permission-grant": {
        "request": id(),
        "message": "01JD3VZZZZABCDEFGHJKMNPQRS",
        "leaf": Digest::of(b"leaf"),
        "to": "TR",
        "purpose": "To find the van.",
        "expires": Timestamp::from_millis(TIME + 86_400_000),
    }});
    let header = Header {
        kind: Kind::PermissionGrant,
        attachments: Vec::new(),
        extensions: Status::Exercise.extension().into_iter().collect(),
        ..header()
    };
    let event = Event {
        attachments: Vec::new(),
        body: serde_json::from_value(content.clone()).unwrap(),
        ..event()
    };
    let (header, body) = (encode_header(&header), encode_event(&event));
    let mut entropy = SeededEntropy::new(9);
    let message = SignedMessage::sign(&key(1), node("SI-1"), header, body, &mut entropy).unwrap();
    json!({
        "sender's key": "keys.hybrid",
        "leaf": message.leaf(),
        "content": content,
        "copy": base64(&message.to_bytes()),
    })
}

/// Lengths before padding, and after.
fn padding() -> Value {
    let mut entropy = SeededEntropy::new(7);
    let recipient = RecipientKey::from_seed(&[2; 32]);
    let bodies = [0, 166, 167, 4_774, 4_775, 12_967, 100_000, 262_144];
    let pairs = bodies.map(|len| {
        let body = vec![0; len];
        let message = SignedMessage::sign(&key(1), node("SI-1"), vec![], body, &mut entropy);
        let to = node("MK-1");
        let sealed = seal_envelope(&message.unwrap(), to, recipient.public(), &mut entropy);
        let around = 92 + 4 + 1_120 + 48 + 4 + 16;
        json!([4 + 32 + 9 + 3_373 + len, sealed.unwrap().len() - around])
    });
    json!(pairs)
}

fn frames() -> Value {
    let digest = Digest::of(b"leaf");
    let frames = [
        Frame::Hello {
            protocols: vec![1],
            node: node("MK-1"),
            trust_list_version: 3,
            trust_list_hash: Digest::of(b"list"),
        },
        Frame::Envelopes(vec![b"envelope".to_vec(), b"another".to_vec()]),
        Frame::Receipts(vec![b"batch".to_vec()]),
        Frame::Refusals(vec![(digest, 16)]),
        Frame::Kept(vec![digest]),
        Frame::Bundle(b"{}".to_vec()),
        Frame::Parcel(b"parcel".to_vec()),
        Frame::BundleAt {
            sequence: 7,
            digest: Digest::of(b"bundle"),
        },
        Frame::AddCheckpoint {
            checkpoint: b"checkpoint".to_vec(),
            prefixes: vec![Earlier {
                size: 5,
                root: digest,
                path: vec![Digest::of(b"one"), Digest::of(b"two")],
            }],
            cosign: true,
        },
        Frame::Cosigned {
            checkpoint: b"checkpoint".to_vec(),
            cosignature: b"cosignature".to_vec(),
        },
        Frame::Challenge {
            checkpoint: b"checkpoint".to_vec(),
            sizes: vec![5, 300],
        },
        Frame::Heads(vec![Head {
            checkpoint: b"checkpoint".to_vec(),
            cosignatures: vec![b"cosignature".to_vec()],
        }]),
    ];
    json!(frames.map(|frame| hex::encode(frame.encode())))
}
