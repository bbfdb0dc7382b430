//! A log that was restored from a backup goes on in its next incarnation.

use std::time::Duration;

use liaison::audit::bundle::verify_bundle;
use liaison::audit::{AuditFailure, EventCode, Origin, SignedCheckpoint};
use liaison::base::{SeededEntropy, Timestamp};
use liaison::seal::keystore::Rotation;
use liaison::seal::trust::KeyBundle;
use liaison::store::{FileLog, Log, Remark};

use crate::office::Office;
use crate::verify::files;
use crate::world::entry;

fn origin(incarnation: u32) -> Origin {
    Origin {
        incarnation,
        ..Origin::first("MK-1".parse().unwrap())
    }
}

/// The numbers of the second and the third incarnation: when they began, in seconds.
const SECOND: u32 = 1_795_912_318;
const THIRD: u32 = SECOND + 86_400;

/// Gives the office the log key and the bundle of a later incarnation.
fn resumed(office: &mut Office, incarnation: u32) {
    let mut entropy = SeededEntropy::new(90 + office.log().size());
    let entries = office.log().size();
    let now = Timestamp::from_millis(i64::from(incarnation) * 1_000);
    let later = now.plus(Duration::from_secs(9));
    let what = Rotation {
        log: true,
        // That of the examples is long out of date by then.
        recipient: true,
        ..Rotation::default()
    };
    office.keys = office.keys.rotated(what, now, &mut entropy);
    let own: &KeyBundle = office.directory.bundle(office.keys.node).unwrap();
    let next = own.restored(&office.keys, (entries, now), (now, later), &mut entropy);
    let next = next.sign(&office.keys.identity, &mut entropy).unwrap();
    office.directory = office.directory.with_bundle(next).unwrap();
    let trust = office.path().join("trust");
    office.directory.save(&trust).unwrap();
}

/// Writes a group whose first entry says that the log was opened, or not.
fn append(office: &Office, log: &mut FileLog, first: EventCode, count: u64) -> SignedCheckpoint {
    let size = log.size();
    let mut entries: Vec<_> = (size..size + count).map(entry).collect();
    entries[0].event = first;
    let epoch = log.take_over().unwrap();
    let mut entropy = SeededEntropy::new(size);
    log.append(size, epoch, entries, &office.keys.log, &mut entropy)
        .unwrap()
}

/// An office whose log has five entries of its first incarnation and four of its second.
fn twice_begun() -> Office {
    let mut office = Office::with_groups(1, [3, 2]);
    resumed(&mut office, SECOND);
    let mut log = office.log();
    log.begin_incarnation(SECOND);
    append(&office, &mut log, EventCode::LogOpened, 1);
    append(&office, &mut log, EventCode::Heartbeat, 3);
    office
}

#[test]
fn entries_keep_their_places_and_each_incarnation_its_receipts() {
    let office = twice_begun();
    let log = office.log();
    assert_eq!((log.origin(), log.size()), (origin(SECOND), 9));
    let keys = office.log_keys();
    for index in 0..9 {
        let receipt = log.receipt(index).unwrap();
        let incarnation = if index < 5 { 1 } else { SECOND };
        assert_eq!(receipt.origin, origin(incarnation), "{index}");
        let size = receipt.checkpoint.checkpoint.size;
        assert!(receipt.verify(keys.at(size)).is_ok(), "{index}");
        assert_eq!(log.read(index).unwrap().index, index);
    }
    let held = log.root_at(5).unwrap();
    let proof = log.consistency(5, 9).unwrap();
    let continues = liaison::audit::Prefix {
        size: 5,
        root: held,
        path: proof,
    };
    assert!(continues.is_of(&log.head().unwrap().checkpoint));
}

#[test]
fn both_offline_verifications_hold_through_all_incarnations() {
    let mut office = twice_begun();
    resumed(&mut office, THIRD);
    let mut log = office.log();
    log.begin_incarnation(THIRD);
    append(&office, &mut log, EventCode::LogOpened, 2);
    drop(log);
    let report = office.verify().unwrap();
    assert_eq!((report.origin, report.checkpoints), (origin(THIRD), 5));
    assert_eq!(report.remarks, []);
    assert_eq!(report.restored, [5, 9]);
    let bundle = verify_bundle(&office.export()[..], None, &mut |_, _| {}).unwrap();
    assert_eq!((bundle.origin(), bundle.head.size), (origin(THIRD), 11));
    assert_eq!((bundle.keys, bundle.checkpoints), (3, 5));
    assert_eq!(bundle.restored, [5, 9]);
}

#[test]
fn a_bundle_whose_log_goes_on_in_an_incarnation_that_is_over_is_refused() {
    // Who kept the folder of before the restore goes on with it, and exports it with the bundles of now.
    let kept = Office::with_groups(1, [2, 3]).export();
    let mut office = Office::with_groups(1, [2]);
    resumed(&mut office, SECOND);
    let now = office.export();
    let head = |bundle: &[u8]| {
        let files = files(bundle).into_iter();
        let mut heads = files.filter(|(name, ..)| name == "checkpoint");
        heads.next().unwrap().1
    };
    let goes_on = [&now[..head(&now)], &kept[head(&kept)..]].concat();
    let refused = verify_bundle(&goes_on[..], None, &mut |_, _| {});
    assert_eq!(
        refused.map_err(|failure| failure.code()),
        Err("note-other-key")
    );
    // Up to where the next one begins it is the same log.
    let held = verify_bundle(&now[..], None, &mut |_, _| {}).unwrap();
    assert_eq!((held.origin(), held.head.size), (origin(1), 2));
}

#[test]
fn a_beginning_that_was_cut_off_is_begun_anew() {
    let mut office = Office::with_groups(1, [3, 2]);
    resumed(&mut office, SECOND);
    let mut log = office.log();
    log.begin_incarnation(SECOND);
    append(&office, &mut log, EventCode::LogOpened, 1);
    drop(log);
    let segment = office.path().join("log/00000000000000000005.seg");
    let whole = std::fs::read(&segment).unwrap();
    let anchor = office.path().join("log/anchor");
    // The anchor is written after the group, so it is that of the time before.
    let before = Office::with_groups(1, [3, 2]);
    let earlier = std::fs::read(before.path().join("log/anchor")).unwrap();
    for len in [1, 19, 20, 22, 23, 60, 66, 67, 68, 200, whole.len() - 1] {
        std::fs::write(&anchor, &earlier).unwrap();
        std::fs::write(&segment, &whole[..len]).unwrap();
        let (mut log, recovery) = FileLog::open(
            office.path(),
            office.keys.node,
            liaison::seal::at_rest::EpochSecret::from_bytes(&[5; 32]),
            &office.log_keys(),
        )
        .unwrap();
        assert!(
            matches!(recovery.remarks[..], [Remark::TailCut { segment: 5, .. }]),
            "{len}: {recovery:?}"
        );
        assert_eq!((log.origin(), log.size()), (origin(1), 5), "{len}");
        log.begin_incarnation(SECOND);
        append(&office, &mut log, EventCode::LogOpened, 1);
        drop(log);
        office.verify().unwrap();
    }
}

#[test]
fn an_incarnation_that_begins_without_saying_so_is_found_out() {
    let mut office = Office::with_groups(1, [3, 2]);
    resumed(&mut office, SECOND);
    let mut log = office.log();
    log.begin_incarnation(SECOND);
    append(&office, &mut log, EventCode::Heartbeat, 2);
    drop(log);
    assert_eq!(office.verify(), Err(AuditFailure::Incarnation { index: 5 }));
}

#[test]
fn an_incarnation_that_is_said_to_begin_and_does_not_is_found_out() {
    let office = Office::with_groups(1, [3]);
    let mut log = office.log();
    append(&office, &mut log, EventCode::LogOpened, 2);
    drop(log);
    assert_eq!(office.verify(), Err(AuditFailure::Incarnation { index: 3 }));
}

#[test]
fn a_log_is_not_gone_on_with_behind_what_it_may_have_disclosed() {
    let mut office = Office::with_groups(1, [3, 2]);
    let old = office.keys.log.verifying_key().clone();
    resumed(&mut office, SECOND);
    // The new key signs for the next incarnation alone, and the old one for nothing more.
    let mut log = office.log();
    append(&office, &mut log, EventCode::Heartbeat, 1);
    drop(log);
    let forged = office.verify().map_err(|failure| failure.code());
    assert_eq!(forged, Err("checkpoint-signature"));
    assert_eq!(office.log_keys().at(5), &old);
    assert_ne!(office.log_keys().at(6), &old);
}
