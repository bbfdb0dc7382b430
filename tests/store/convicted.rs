//! A member that was proved to have two histories publishes another bundle.

use std::time::Duration;

use liaison::audit::bundle::{EvidenceReport, verify_evidence, write_evidence};
use liaison::audit::{AuditFailure, Checkpoint, Evidence, Origin, SignedCheckpoint, Tree};
use liaison::base::{SeededEntropy, Timestamp, merkle};
use liaison::seal::keystore::Rotation;
use liaison::seal::trust::{Directory, SignedDocument, TrustError};

use crate::office::Office;

/// Entries of the two histories.
const SIGNED: u64 = 10;

/// The evidence that the office's log key signed two histories.
fn convicted(office: &Office) -> Evidence {
    let history = |number: u64| {
        let mut tree = Tree::new();
        let leaf = |index: u64| merkle::leaf_hash(&[index, number].map(u64::to_be_bytes).concat());
        tree.extend((0..SIGNED).map(leaf));
        let checkpoint = Checkpoint {
            origin: Origin::first(office.keys.node),
            size: SIGNED,
            root: tree.root(),
        };
        let text = checkpoint.note_text();
        let key = &office.keys.log;
        SignedCheckpoint {
            checkpoint,
            signature: key.sign_raw(text.as_bytes(), &mut SeededEntropy::new(number)),
        }
    };
    Evidence::of_equal(&history(1), &history(2)).expect("they differ")
}

/// The office's next bundle, under which another log key signs after so many entries.
fn next_bundle(office: &Office, after: u64) -> SignedDocument {
    let mut entropy = SeededEntropy::new(70 + after);
    let now = Timestamp::from_millis(2_000);
    let what = Rotation {
        log: true,
        ..Rotation::default()
    };
    let keys = office.keys.rotated(what, now, &mut entropy);
    let own = office.directory.bundle(office.keys.node).unwrap();
    let times = (now, now.plus(Duration::from_secs(9)));
    let next = own.next(&keys, after, times, &mut entropy);
    next.sign(&keys.identity, &mut entropy).unwrap()
}

/// A peer that knows of the two histories is handed the bundle.
fn taken(office: &Office, after: u64) -> Result<Directory, TrustError> {
    let signed = [(Origin::first(office.keys.node).to_string(), SIGNED)];
    let (bundle, now) = (next_bundle(office, after), Timestamp::from_millis(2_000));
    office.directory.take_bundle(bundle, &signed, now)
}

fn verified(directory: &Directory, evidence: &Evidence) -> Result<EvidenceReport, AuditFailure> {
    let mut file = Vec::new();
    write_evidence(&mut file, directory, evidence).unwrap();
    verify_evidence(&file[..], None)
}

#[test]
fn a_bundle_that_would_void_the_evidence_is_not_taken() {
    let office = Office::new(1);
    let evidence = convicted(&office);
    let voided = office.directory.with_bundle(next_bundle(&office, 1));
    let failure = verified(&voided.unwrap(), &evidence).map_err(|failure| failure.code());
    assert_eq!(failure.err(), Some("evidence-bad-signature"));
    for after in [1, SIGNED - 1] {
        let refused = taken(&office, after).map(drop);
        let expected = TrustError::LogKeyBackdated(office.keys.node);
        assert_eq!(refused, Err(expected), "{after}");
    }
}

#[test]
fn a_bundle_whose_key_signs_from_where_the_log_is_is_taken_and_the_evidence_holds() {
    let office = Office::new(1);
    let evidence = convicted(&office);
    for after in [SIGNED, SIGNED + 1] {
        let next = taken(&office, after).unwrap();
        assert!(verified(&next, &evidence).is_ok(), "{after}");
    }
}
