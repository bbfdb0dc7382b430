//! Damage to any file of the log is refused or repaired, and always told.

use std::ops::Range;
use std::path::Path;

use liaison::audit::{AuditFailure, SIGNED_CHECKPOINT_LEN};
use liaison::base::SeededEntropy;
use liaison::store::{Log, OpenError, Remark};

use crate::world::{Node, append, entry};

/// What a disk writes at once, in bytes.
const SECTOR: usize = 512;

/// A log of three groups in three segments or, unsplit, in one.
fn three_groups(split: bool) -> Node {
    let node = Node::new();
    let mut log = node.open();
    if split {
        log.set_segment_len(1);
    }
    let epoch = log.take_over().unwrap();
    for count in [2, 1, 2] {
        append(&mut log, epoch, count).unwrap();
    }
    node
}

/// Opens a log that something was done to. It must be refused, or else be whole, up to a group
/// that was never acknowledged, and have told what it repaired.
fn detected_or_repaired(node: &Node, what: &str) {
    match node.try_open() {
        Err(OpenError::Damaged(failure)) => {
            assert!(!failure.code().is_empty());
            assert!(!failure.to_string().is_empty());
        }
        Err(other) => panic!("{what}: {other}"),
        Ok((log, recovery)) => {
            assert_eq!(log.size(), 5, "{what}: entries are gone");
            assert!(!recovery.remarks.is_empty(), "{what}: nothing was told");
            for index in 0..5 {
                assert_eq!(log.read(index).unwrap().content, entry(index).content);
            }
            drop(log);
            node.open();
        }
    }
}

/// Positions all over a file of `len` bytes, dense at its beginning.
fn positions(len: usize) -> impl Iterator<Item = usize> {
    (0..len).filter(move |at| *at < 90 || at % 89 == 0 || at + 5 > len)
}

fn with_each_file(node: &Node, mut test: impl FnMut(&Node, &Path, &[u8])) {
    for file in std::fs::read_dir(node.log_folder()).unwrap() {
        let name = file.unwrap().file_name();
        if name == "lock" || name == "ballast" {
            continue;
        }
        let copy = node.copy();
        let path = copy.log_folder().join(&name);
        let good = std::fs::read(&path).unwrap();
        test(&copy, &path, &good);
    }
}

/// Puts the copy back as the original is.
fn restore(node: &Node, copy: &Node) {
    for folder in [copy, node].map(Node::log_folder) {
        for file in std::fs::read_dir(&folder).unwrap() {
            let file = file.unwrap();
            let name = file.file_name();
            if name == "ballast" || name == "lock" {
                continue;
            }
            if folder == copy.log_folder() {
                std::fs::remove_file(file.path()).unwrap();
            } else {
                std::fs::copy(file.path(), copy.log_folder().join(name)).unwrap();
            }
        }
    }
}

fn damage_everywhere(split: bool, change: impl Fn(&[u8], usize) -> Option<Vec<u8>>) {
    let node = three_groups(split);
    with_each_file(&node, |copy, path, good| {
        for at in positions(good.len()) {
            let Some(bad) = change(good, at).filter(|bad| bad != good) else {
                continue;
            };
            restore(&node, copy);
            std::fs::write(path, &bad).unwrap();
            let name = path.file_name().unwrap().to_string_lossy();
            detected_or_repaired(copy, &format!("{name} at {at}"));
        }
    });
}

#[test]
fn a_flipped_bit_is_never_silent() {
    for split in [false, true] {
        damage_everywhere(split, |good, at| {
            let mut bad = good.to_vec();
            bad[at] ^= 1 << (at % 8);
            Some(bad)
        });
    }
}

#[test]
fn zeroed_bytes_are_never_silent() {
    damage_everywhere(false, |good, at| {
        let mut bad = good.to_vec();
        let end = (at + 16).min(bad.len());
        bad[at..end].fill(0);
        Some(bad)
    });
}

#[test]
fn zeros_to_the_end_are_never_silent() {
    damage_everywhere(false, |good, at| {
        let mut bad = good.to_vec();
        bad[at..].fill(0);
        Some(bad)
    });
}

#[test]
fn a_truncated_file_is_never_silent() {
    for split in [false, true] {
        damage_everywhere(split, |good, at| Some(good[..at].to_vec()));
    }
}

#[test]
fn bytes_after_the_end_are_never_silent() {
    for split in [false, true] {
        for stray in [vec![0], vec![0; 4096], vec![7; 4], vec![7; 400]] {
            damage_everywhere(split, |good, at| {
                let last = at + 1 == good.len();
                last.then(|| [good, &stray].concat())
            });
        }
    }
}

#[test]
fn a_deleted_file_is_refused() {
    for split in [false, true] {
        let node = three_groups(split);
        with_each_file(&node, |copy, path, _| {
            std::fs::remove_file(path).unwrap();
            let error = copy.try_open().unwrap_err();
            assert!(matches!(error, OpenError::Damaged(_)), "{path:?}");
        });
    }
}

#[test]
fn a_log_that_lost_every_file_but_its_anchor_is_refused() {
    let node = three_groups(true);
    for segment in node.segments() {
        std::fs::remove_file(segment).unwrap();
    }
    assert!(matches!(
        node.try_open(),
        Err(OpenError::Damaged(AuditFailure::Behind {
            size: 0,
            anchor: 5
        }))
    ));
}

/// A node whose anchor knows three entries of five, as if the machine had lost power before the
/// anchor was stored.
fn anchor_behind() -> (Node, usize) {
    let node = Node::new();
    let mut log = node.open();
    let epoch = log.take_over().unwrap();
    append(&mut log, epoch, 2).unwrap();
    append(&mut log, epoch, 1).unwrap();
    let anchor = std::fs::read(node.log_folder().join("anchor")).unwrap();
    let acknowledged = std::fs::metadata(&node.segments()[0]).unwrap().len();
    append(&mut log, epoch, 2).unwrap();
    drop(log);
    std::fs::write(node.log_folder().join("anchor"), anchor).unwrap();
    (node, acknowledged as usize)
}

#[test]
fn a_torn_tail_is_cut_at_every_byte_if_its_checkpoint_is_absent() {
    let (node, acknowledged) = anchor_behind();
    let good = std::fs::read(&node.segments()[0]).unwrap();
    let copy = node.copy();
    let segment = &copy.segments()[0];
    for len in acknowledged..=good.len() {
        restore(&node, &copy);
        // As it may be left: cut short, or filled up with zeros.
        let mut torn = good[..len].to_vec();
        if len % 2 == 1 {
            torn.resize(good.len(), 0);
        }
        std::fs::write(segment, &torn).unwrap();
        let (log, recovery) = copy.try_open().unwrap();
        if len == good.len() {
            assert_eq!(log.size(), 5);
            assert_eq!(recovery.remarks, [Remark::AnchorBehind { anchor: 3 }]);
        } else {
            assert_eq!(log.size(), 3, "at {len}");
            let cut = |remark: &Remark| matches!(remark, Remark::TailCut { segment: 0, .. });
            assert_eq!(recovery.remarks.iter().any(cut), torn.len() > acknowledged);
        }
        drop(log);
        copy.open();
    }
}

#[test]
fn a_tail_whose_checkpoint_is_present_is_never_cut() {
    let (node, acknowledged) = anchor_behind();
    let good = std::fs::read(&node.segments()[0]).unwrap();
    let copy = node.copy();
    let segment = &copy.segments()[0];
    for at in acknowledged..good.len() {
        if at > acknowledged + 400 && at % 13 != 0 && at + 8 < good.len() {
            continue;
        }
        for bit in [0, 3, 7] {
            restore(&node, &copy);
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            std::fs::write(segment, &bad).unwrap();
            match copy.try_open() {
                Err(OpenError::Damaged(_)) => {}
                Err(other) => panic!("{other}"),
                Ok(_) => panic!("byte {at} bit {bit} went unnoticed"),
            }
            assert_eq!(std::fs::read(segment).unwrap(), bad, "nothing is touched");
        }
    }
}

/// The log without some of its sectors from `from` on, as it is left where the disk was given others
/// first.
fn without_sectors(good: &[u8], from: usize, mut is_missing: impl FnMut(usize) -> bool) -> Vec<u8> {
    let mut torn = good.to_vec();
    for sector in from / SECTOR..=(good.len() - 1) / SECTOR {
        if is_missing(sector) {
            let begins = from.max(sector * SECTOR);
            let ends = good.len().min((sector + 1) * SECTOR);
            torn[begins..ends].fill(0);
        }
    }
    torn
}

#[test]
fn a_tail_of_which_any_sectors_are_missing_is_cut() {
    let (node, acknowledged) = anchor_behind();
    let good = std::fs::read(&node.segments()[0]).unwrap();
    let copy = node.copy();
    let segment = &copy.segments()[0];
    let mut chance = SeededEntropy::new(512);
    let sectors = good.len() / SECTOR - acknowledged / SECTOR;
    for number in 0..200 {
        restore(&node, &copy);
        let missing = acknowledged / SECTOR + number % (sectors + 1);
        let torn = without_sectors(&good, acknowledged, |sector| {
            sector == missing || number > sectors && chance.below(2) == 0
        });
        std::fs::write(segment, &torn).unwrap();
        let (log, recovery) = copy
            .try_open()
            .unwrap_or_else(|error| panic!("{number}: {error}"));
        assert_eq!(log.size(), 3, "{number}");
        let cut = |remark: &Remark| matches!(remark, Remark::TailCut { segment: 0, .. });
        assert!(recovery.remarks.iter().any(cut), "{number}");
        drop(log);
        copy.open();
    }
}

#[test]
fn a_new_segment_of_which_any_sectors_are_missing_is_cut() {
    let node = Node::new();
    let mut log = node.open();
    let epoch = log.take_over().unwrap();
    append(&mut log, epoch, 3).unwrap();
    let anchor = std::fs::read(node.log_folder().join("anchor")).unwrap();
    log.set_segment_len(1);
    append(&mut log, epoch, 2).unwrap();
    drop(log);
    std::fs::write(node.log_folder().join("anchor"), anchor).unwrap();
    let good = std::fs::read(&node.segments()[1]).unwrap();
    let copy = node.copy();
    for missing in 0..=good.len() / SECTOR {
        restore(&node, &copy);
        let torn = without_sectors(&good, 0, |sector| sector == missing);
        std::fs::write(copy.log_folder().join("00000000000000000003.seg"), &torn).unwrap();
        let (log, _) = copy
            .try_open()
            .unwrap_or_else(|error| panic!("{missing}: {error}"));
        assert_eq!(log.size(), 3, "{missing}");
        drop(log);
        copy.open();
    }
}

#[test]
fn a_missing_sector_is_damage_where_the_anchor_holds_it_or_a_group_follows() {
    let refused = |node: &Node, from: usize, sectors: Range<usize>| {
        let segment = &node.segments()[0];
        let good = std::fs::read(segment).unwrap();
        for missing in sectors {
            let bad = without_sectors(&good, from, |sector| sector == missing);
            std::fs::write(segment, &bad).unwrap();
            match node.try_open() {
                Err(OpenError::Damaged(AuditFailure::Record { .. })) => {}
                Err(other) => panic!("{missing}: {other}"),
                Ok(_) => panic!("sector {missing} is gone, and nobody noticed"),
            }
            assert_eq!(std::fs::read(segment).unwrap(), bad, "nothing is touched");
        }
        std::fs::write(segment, good).unwrap();
    };
    let node = three_groups(false);
    let all = std::fs::metadata(&node.segments()[0]).unwrap().len() as usize;
    refused(&node, 0, 1..all / SECTOR);
    // The anchor holds three entries, and the group that lacks a sector has its checkpoint.
    let (node, acknowledged) = anchor_behind();
    let len = std::fs::metadata(&node.segments()[0]).unwrap().len() as usize;
    let checkpoint = len - 9 - SIGNED_CHECKPOINT_LEN;
    let anchor = std::fs::read(node.log_folder().join("anchor")).unwrap();
    let mut log = node.try_open().unwrap().0;
    let epoch = log.take_over().unwrap();
    append(&mut log, epoch, 1).unwrap();
    drop(log);
    std::fs::write(node.log_folder().join("anchor"), anchor).unwrap();
    refused(
        &node,
        acknowledged,
        acknowledged / SECTOR..checkpoint / SECTOR,
    );
}

#[test]
fn an_anchor_ahead_of_the_log_is_refused() {
    let node = three_groups(false);
    let early = node.copy();
    let mut log = node.open();
    let epoch = log.take_over().unwrap();
    append(&mut log, epoch, 1).unwrap();
    drop(log);
    let anchor = node.log_folder().join("anchor");
    std::fs::copy(anchor, early.log_folder().join("anchor")).unwrap();
    assert!(matches!(
        early.try_open(),
        Err(OpenError::Damaged(AuditFailure::Behind {
            size: 5,
            anchor: 6
        }))
    ));
}

#[test]
fn a_forked_log_is_refused() {
    // Two logs of one length: the anchor of one contradicts the other.
    let node = three_groups(false);
    let other = Node::new();
    let mut log = other.open();
    let epoch = log.take_over().unwrap();
    for count in [1, 1, 3] {
        append(&mut log, epoch, count).unwrap();
    }
    drop(log);
    let anchor = node.log_folder().join("anchor");
    std::fs::copy(anchor, other.log_folder().join("anchor")).unwrap();
    assert_eq!(other.try_open().unwrap_err().code(), "anchor-root");
}

#[test]
fn a_strange_segment_is_refused_and_other_strange_files_are_let_be() {
    let node = three_groups(false);
    std::fs::write(node.log_folder().join("notes.txt"), b"mine").unwrap();
    node.open();
    for name in [
        "5.seg",
        "00000000000000000004.seg",
        "00000000000000000099.seg",
    ] {
        let stray = node.log_folder().join(name);
        std::fs::write(&stray, b"stray").unwrap();
        assert!(matches!(node.try_open(), Err(OpenError::Damaged(_))));
        std::fs::remove_file(stray).unwrap();
    }
    node.open();
}
