//! Frames: each is read as it was written, within its bounds.

use super::*;
use crate::wire::frame::{
    Earlier, Head, LONGEST_FRAME, MAX_ENVELOPES, MOST_COSIGNATURES, MOST_HEADS, MOST_SIZES,
};

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
        Frame::BundleAt {
            sequence: 7,
            digest: digest_of("bundle"),
        },
        add_checkpoint(),
        Frame::Cosigned {
            checkpoint: vec![5; 53],
            cosignature: vec![6; 3_394],
        },
        Frame::Challenge {
            checkpoint: vec![7; 3_426],
            sizes: vec![0, 3, 300],
        },
        heads(),
    ]
}

fn add_checkpoint() -> Frame {
    Frame::AddCheckpoint {
        checkpoint: vec![7; 3_426],
        cosign: true,
        prefixes: vec![
            Earlier {
                size: 0,
                root: Digest::EMPTY,
                path: Vec::new(),
            },
            Earlier {
                size: 9,
                root: digest_of("root"),
                path: vec![digest_of("one"), digest_of("two")],
            },
        ],
    }
}

fn heads() -> Frame {
    let head = |cosignatures| Head {
        checkpoint: vec![8; 3_426],
        cosignatures,
    };
    Frame::Heads(vec![head(vec![vec![9; 3_394]]), head(Vec::new())])
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
    // A kind that a later version may have.
    assert_eq!(Frame::decode(&[0x7A, 0]), Err(WireError::NotCanonical));
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
    for tag in [0x12, 0x1A, 0x22, 0x2A, 0x4A, 0x62] {
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
    let added_with = |change: fn(&mut pb::AddCheckpoint)| {
        changed(&add_checkpoint(), |kind| match kind {
            pb::frame::Kind::AddCheckpoint(added) => change(added),
            _ => unreachable!("it is a checkpoint"),
        })
    };
    field(added_with(|a| a.prefixes.clear()), "prefixes");
    field(
        added_with(|a| a.prefixes = vec![a.prefixes[0].clone(); MOST_SIZES + 1]),
        "prefixes",
    );
    field(
        added_with(|a| a.prefixes[1].root.truncate(31)),
        "prefixes.root",
    );
    field(added_with(|a| a.prefixes[1].path.push(0)), "prefixes.path");
    field(
        added_with(|a| a.prefixes[1].path = vec![1; 65 * 32]),
        "prefixes.path",
    );
    let sizes = |n| {
        let frame = Frame::Challenge {
            checkpoint: Vec::new(),
            sizes: vec![1; n],
        };
        Frame::decode(&frame.encode())
    };
    assert!(sizes(0).is_ok() && sizes(MOST_SIZES).is_ok());
    field(sizes(MOST_SIZES + 1), "sizes");
    let heads_with = |change: fn(&mut pb::Heads)| {
        changed(&heads(), |kind| match kind {
            pb::frame::Kind::Heads(heads) => change(heads),
            _ => unreachable!("it is heads"),
        })
    };
    field(heads_with(|h| h.heads.clear()), "heads");
    field(
        heads_with(|h| h.heads = vec![h.heads[1].clone(); MOST_HEADS + 1]),
        "heads",
    );
    let many = heads_with(|h| h.heads[0].cosignatures = vec![vec![1]; MOST_COSIGNATURES]);
    assert!(many.is_ok());
    let over = heads_with(|h| h.heads[0].cosignatures = vec![vec![1]; MOST_COSIGNATURES + 1]);
    assert_eq!(over, Err(WireError::TooMany));
}
