//! Frames: each is read as it was written, within its bounds.

use super::*;
use crate::wire::frame::{LONGEST_FRAME, MAX_ENVELOPES};

fn hello() -> Frame {
    Frame::Hello {
        protocols: vec![1, 2],
        node: NodeId::first(member("MK")),
        trust_list_version: 3,
        trust_list_hash: digest_of("list"),
    }
}

pub(super) fn one_of_each() -> Vec<Frame> {
    vec![
        hello(),
        Frame::Envelopes(vec![vec![1; 5_000], vec![2], Vec::new()]),
        Frame::Receipts(vec![vec![3; 900]]),
        Frame::Refusals(vec![
            (digest_of("leaf"), 16),
            (digest_of("other"), u16::MAX),
        ]),
        Frame::Kept(vec![digest_of("receipt")]),
        Frame::Bundle(b"{}".to_vec()),
        Frame::Parcel(vec![4; 7_000]),
    ]
}

fn changed(frame: &Frame, change: impl FnOnce(&mut pb::frame::Kind)) -> Result<Frame, WireError> {
    let mut wire = pb::Frame::decode(frame.encode().as_slice()).expect("it is a frame");
    change(wire.kind.as_mut().expect("it says something"));
    Frame::decode(&wire.encode_to_vec())
}

#[test]
fn every_frame_is_read_as_it_was_written() {
    for frame in one_of_each() {
        assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
    }
}

#[test]
fn a_frame_says_one_known_thing() {
    assert_eq!(Frame::decode(&[]), Err(WireError::Field("kind")));
    // An eighth kind, as a later version may have.
    assert_eq!(Frame::decode(&[0x42, 0]), Err(WireError::NotCanonical));
    let two = [hello().encode(), Frame::Bundle(vec![1]).encode()].concat();
    assert_eq!(Frame::decode(&two), Err(WireError::TooMany));
    let twice = [hello().encode(), hello().encode()].concat();
    assert_eq!(Frame::decode(&twice), Err(WireError::TooMany));
}

#[test]
fn a_frame_has_at_most_one_mebibyte() {
    // The frame around them: two tags and two lengths of three bytes.
    let most = Frame::Envelopes(vec![vec![0; LONGEST_FRAME - 8]]);
    assert_eq!(most.encode().len(), LONGEST_FRAME);
    assert_eq!(Frame::decode(&most.encode()), Ok(most));
    let more = Frame::Envelopes(vec![vec![0; LONGEST_FRAME - 7]]);
    assert_eq!(Frame::decode(&more.encode()), Err(WireError::TooLong));
}

#[test]
fn a_frame_has_something_and_not_too_much_of_it() {
    let envelopes = |n| Frame::decode(&Frame::Envelopes(vec![vec![1]; n]).encode());
    assert_eq!(envelopes(0), Err(WireError::Field("envelopes")));
    assert!(envelopes(MAX_ENVELOPES).is_ok());
    let over = Err(WireError::Field("envelopes"));
    assert_eq!(envelopes(MAX_ENVELOPES + 1), over);
    let parcel = Frame::decode(&Frame::Parcel(Vec::new()).encode());
    assert_eq!(parcel, Err(WireError::Field("parcel")));
    let receipts = |n| Frame::decode(&Frame::Receipts(vec![vec![1]; n]).encode());
    assert_eq!(receipts(0), Err(WireError::Field("batches")));
    assert!(receipts(1_024).is_ok());
    assert_eq!(receipts(1_025), Err(WireError::Field("batches")));
    let refusals = |n| Frame::decode(&Frame::Refusals(vec![(digest_of("a"), 1); n]).encode());
    assert_eq!(refusals(0), Err(WireError::Field("refusals")));
    assert!(refusals(1_024).is_ok());
    assert_eq!(refusals(1_025), Err(WireError::Field("refusals")));
    let kept = |n| Frame::decode(&Frame::Kept(vec![digest_of("a"); n]).encode());
    assert_eq!(kept(0), Err(WireError::Field("leaves")));
    assert!(kept(1_024).is_ok());
    assert_eq!(kept(1_025), Err(WireError::Field("leaves")));
}

#[test]
fn a_frame_of_very_many_nothings_is_refused_before_it_takes_memory() {
    for tag in [0x12, 0x1A, 0x22, 0x2A] {
        let nothings = [0x0A, 0].repeat(LONGEST_FRAME / 2 - 8);
        let mut bytes = vec![tag];
        prost::encode_length_delimiter(nothings.len(), &mut bytes).expect("room");
        bytes.extend(nothings);
        assert_eq!(Frame::decode(&bytes), Err(WireError::TooMany), "{tag:#x}");
    }
}

#[test]
fn what_a_frame_holds_has_its_form() {
    let field = |outcome, name| assert_eq!(outcome, Err(WireError::Field(name)));
    let hello_with = |change: fn(&mut pb::Hello)| {
        changed(&hello(), |kind| match kind {
            pb::frame::Kind::Hello(hello) => change(hello),
            _ => unreachable!("it is a hello"),
        })
    };
    field(hello_with(|h| h.protocols.clear()), "protocols");
    field(hello_with(|h| h.protocols = vec![1; 65]), "protocols");
    field(hello_with(|h| h.node = "mk-1".into()), "node");
    field(hello_with(|h| h.node.clear()), "node");
    field(
        hello_with(|h| h.trust_list_hash.truncate(31)),
        "trust_list_hash",
    );
    let refusal_with = |change: fn(&mut pb::Refusal)| {
        changed(
            &Frame::Refusals(vec![(digest_of("a"), 1)]),
            |kind| match kind {
                pb::frame::Kind::Refusals(refusals) => change(&mut refusals.refusals[0]),
                _ => unreachable!("it is a refusal"),
            },
        )
    };
    field(refusal_with(|r| r.digest.push(0)), "refusals.digest");
    field(refusal_with(|r| r.digest.clear()), "refusals.digest");
    field(refusal_with(|r| r.code = 65_536), "refusals.code");
    let kept = changed(&Frame::Kept(vec![digest_of("a")]), |kind| match kind {
        pb::frame::Kind::Kept(kept) => kept.leaves[0].push(1),
        _ => unreachable!("it is a receipt kept"),
    });
    field(kept, "leaves");
}
