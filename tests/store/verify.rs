//! Folders and bundles are verified offline, and the first fault is named.

use std::path::Path;

use liaison::audit::bundle::{BundleReport, verify_bundle};
use liaison::audit::{AuditFailure, CheckpointFault, Origin, Receipt};
use liaison::base::{Digest, NodeId};
use liaison::seal::trust::{Directory, SignedDocument};
use liaison::store::{ExportError, Log, Remark, export_folder, verify_folder};

use crate::office::Office;
use crate::world::entry;

fn verify(bundle: &[u8]) -> Result<BundleReport, AuditFailure> {
    verify_bundle(bundle, None, &mut |_, _| {})
}

#[test]
fn a_folder_is_verified_without_secrets_beside_a_running_node() {
    let office = Office::new(1);
    let mut log = office.log();
    for count in [3, 1, 4, 1, 5, 9, 2] {
        office.append(&mut log, count);
        let report = office.verify().unwrap();
        assert_eq!(report.head, log.head().map(|head| head.checkpoint));
        assert_eq!(report.remarks, []);
    }
    let mut told = vec![];
    let report = verify_folder(office.path(), &mut |done, total| told.push((done, total))).unwrap();
    assert_eq!(report.checkpoints, 7);
    assert_eq!(report.key, office.keys.log.key_id());
    assert_eq!(
        report.root_fingerprint,
        Some(office.directory.root_fingerprint())
    );
    assert!(told.is_sorted_by_key(|(done, _)| *done));
    assert!(told.iter().all(|(_, total)| *total == told[0].1));
    assert_eq!(told.last().map(|(done, total)| done == total), Some(true));
}

#[test]
fn an_empty_log_verifies_and_has_nothing_to_export() {
    let office = Office::new(1);
    assert_eq!(office.verify().unwrap().head, None);
    let missing = export_folder(office.path(), &mut Vec::new(), &mut |_, _| {});
    assert_eq!(missing, Err(ExportError::Empty));
}

#[test]
fn a_log_under_no_trust_list_is_not_exported() {
    let office = Office::with_groups(1, [2]);
    for file in ["root.json", "list.json"] {
        std::fs::remove_file(office.path().join("trust").join(file)).unwrap();
    }
    assert_eq!(office.verify().unwrap().root_fingerprint, None);
    let exported = export_folder(office.path(), &mut Vec::new(), &mut |_, _| {});
    assert_eq!(exported, Err(ExportError::NoTrustList));
}

#[test]
fn a_group_that_is_being_written_is_remarked_and_not_a_fault() {
    let office = Office::with_groups(1, [2, 3]);
    let segment = segments(&office)[0].clone();
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes.extend_from_slice(&[0, 0, 0, 200, 1, 2, 3, 4, 1, 5]);
    std::fs::write(&segment, &bytes).unwrap();
    let report = office.verify().unwrap();
    assert_eq!(report.head.unwrap().size, 5);
    let tail = Remark::TailCut {
        segment: 0,
        bytes: 10,
        entries: 0,
    };
    assert_eq!(report.remarks, [tail]);
    assert_eq!(std::fs::read(&segment).unwrap(), bytes, "it writes nothing");
}

#[test]
fn any_change_to_a_folder_is_found() {
    let office = Office::with_groups(1, [2, 1, 3]);
    let mut files = segments(&office);
    files.push(office.path().join("log/anchor"));
    files.push(office.path().join("trust/list.json"));
    files.push(office.path().join("trust/root.json"));
    files.push(office.path().join("trust/bundles/MK-1.json"));
    for file in files {
        let good = std::fs::read(&file).unwrap();
        let sparse = match file
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            true => 701,
            false => 61,
        };
        for at in (0..good.len()).step_by(sparse) {
            let mut bad = good.clone();
            bad[at] ^= 4;
            std::fs::write(&file, &bad).unwrap();
            match office.verify() {
                Err(failure) => assert!(!failure.to_string().is_empty()),
                Ok(report) => {
                    let told = report.remarks.contains(&Remark::AnchorDamaged);
                    assert!(told, "{file:?} {at}");
                }
            }
        }
        std::fs::remove_file(&file).unwrap();
        assert!(office.verify().is_err(), "{file:?}");
        std::fs::write(&file, good).unwrap();
    }
    assert_eq!(office.verify().unwrap().remarks, []);
}

#[test]
fn the_first_entry_at_fault_is_named_in_a_folder() {
    let office = Office::with_groups(1, [2, 1, 3]);
    let segment = segments(&office)[0].clone();
    let good = std::fs::read(&segment).unwrap();

    // Whoever can write the folder can write checksums, too.
    let reseal = |bytes: &mut [u8], at: usize| {
        let len = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        let crc = crc32c::crc32c_append(
            crc32c::crc32c(&bytes[at..at + 4]),
            &bytes[at + 8..at + 9 + len],
        );
        bytes[at + 4..at + 8].copy_from_slice(&crc.to_be_bytes());
    };
    let records = record_offsets(&good);
    assert_eq!(records.len(), 9, "six entries and three checkpoints");

    // The record of entry 3 is the sixth.
    let at = records[5];
    let changed = |offset: usize| {
        let mut bad = good.clone();
        bad[at + offset] ^= 1;
        reseal(&mut bad, at);
        std::fs::write(&segment, &bad).unwrap();
        office.verify().unwrap_err()
    };
    // Within the leaf: the commitment, then the kind. Then within the ciphertext.
    let root = |from| AuditFailure::Checkpoint {
        from,
        size: 6,
        fault: CheckpointFault::Root,
    };
    assert_eq!(changed(9 + 4 + 60), root(3));
    assert_eq!(changed(9 + 4 + 9), root(3));
    let sealed = AuditFailure::SealedContent { index: 3 };
    assert_eq!(changed(9 + 4 + 119 + 4 + 60 + 5), sealed);

    // Without its checksum, the record itself is named.
    let mut bad = good.clone();
    bad[at + 40] ^= 1;
    std::fs::write(&segment, &bad).unwrap();
    assert!(matches!(
        office.verify(),
        Err(AuditFailure::Record { index: 3, offset, .. }) if offset == at as u64
    ));

    // A checkpoint's signature, with its checksum made anew.
    let at = records[4];
    let mut bad = good.clone();
    bad[at + 9 + 40 + 100] ^= 1;
    reseal(&mut bad, at);
    std::fs::write(&segment, &bad).unwrap();
    let signature = AuditFailure::Checkpoint {
        from: 2,
        size: 3,
        fault: CheckpointFault::Signature,
    };
    assert_eq!(office.verify(), Err(signature.clone()));

    // Of two faults the first is named, whichever is found first.
    let forged = bad;
    for later in [records[8] + 9 + 40 + 100, records[5] + 40] {
        let mut bad = forged.clone();
        bad[later] ^= 1;
        if later > records[8] {
            reseal(&mut bad, records[8]);
        }
        std::fs::write(&segment, &bad).unwrap();
        assert_eq!(office.verify(), Err(signature.clone()));
    }
}

#[test]
fn a_log_of_another_federation_is_refused() {
    let office = Office::with_groups(1, [2]);
    let other = Office::new(2);
    for file in ["root.json", "list.json", "bundles/MK-1.json"] {
        let path = Path::new("trust").join(file);
        std::fs::copy(other.path().join(&path), office.path().join(&path)).unwrap();
    }
    for node in ["RS-1", "AL-1"] {
        std::fs::remove_file(office.path().join(format!("trust/bundles/{node}.json"))).unwrap();
    }
    let fault = office.verify().unwrap_err();
    assert_eq!(fault.code(), "checkpoint-signature");
    std::fs::remove_file(office.path().join("trust/bundles/MK-1.json")).unwrap();
    let origin = Origin::first("MK-1".parse::<NodeId>().unwrap());
    assert_eq!(office.verify(), Err(AuditFailure::NoLogKey { origin }));
}

#[test]
fn a_suspended_offices_log_is_verified_and_exported_at_home() {
    let mut office = Office::with_groups(1, [2, 1]);
    office.suspend();
    let report = office.verify().unwrap();
    assert_eq!(report.head.map(|head| head.size), Some(3));
    let root = office.directory.root_fingerprint();
    assert_eq!(report.root_fingerprint, Some(root));
    assert_eq!(verify(&office.export()).unwrap().head.size, 3);
}

#[test]
fn a_removed_offices_log_is_verified_at_home_under_its_own_keys() {
    let mut office = Office::with_groups(1, [2, 1]);
    office.remove();
    let report = office.verify().unwrap();
    assert_eq!(report.head.map(|head| head.size), Some(3));
    assert_eq!(report.root_fingerprint, None);
    let origin = report.origin;
    let exported = export_folder(office.path(), &mut Vec::new(), &mut |_, _| {});
    assert_eq!(exported, Err(AuditFailure::NoLogKey { origin }.into()));
}

#[test]
fn a_bundle_proves_what_the_folder_does() {
    for groups in [vec![1], vec![2, 1], vec![100, 156], vec![200, 57, 300]] {
        let office = Office::with_groups(1, groups.clone());
        let folder = office.verify().unwrap();
        let bundle = office.export();
        let expected = Some(office.directory.root_fingerprint());
        let mut told = vec![];
        let report = verify_bundle(bundle.as_slice(), expected, &mut |done, total| {
            told.push((done, total));
        })
        .unwrap();
        assert_eq!(Some(report.head), folder.head);
        assert_eq!(report.key, folder.key);
        assert_eq!(report.checkpoints, groups.len() as u64);
        assert_eq!(report.period.0, entry(0).time);
        assert_eq!(report.period.1, entry(report.head.size - 1).time);
        assert_eq!(report.list_digest, office.directory.hash());
        assert!(told.is_sorted());
        assert_eq!(told.last().map(|(done, total)| done == total), Some(true));
        assert_eq!(
            verify_bundle(bundle.as_slice(), Some(Digest::EMPTY), &mut |_, _| {}),
            Err(AuditFailure::OtherRoot)
        );
        assert_eq!(office.export(), bundle, "an export is the same every time");
    }
}

#[test]
fn a_bundle_is_in_the_layout_of_c2sp() {
    let office = Office::with_groups(1, [200, 57, 300]);
    let bundle = office.export();
    let names: Vec<String> = files(&bundle)
        .into_iter()
        .map(|(name, _, _)| name)
        .collect();
    assert_eq!(
        names,
        [
            "trust/root.json",
            "trust/list.json",
            "trust/bundles/AL-1.json",
            "trust/bundles/MK-1.json",
            "trust/bundles/RS-1.json",
            "checkpoint",
            "tile/entries/000",
            "tile/entries/001",
            "tile/entries/002.p/45",
            "tile/0/000",
            "tile/0/001",
            "tile/0/002.p/45",
            "tile/1/000.p/2",
            "checkpoints/200",
            "checkpoints/257",
            "checkpoints/557",
        ]
    );
}

/// So much Base64 without a break is the text of a signature.
const SIGNATURE_TEXT: usize = 1_024;

/// Of the text of a signature one byte in so many is changed: each costs the verification of another one, and
/// all bits of a signature are changed where signatures themselves are tested.
const OF_A_SIGNATURE: usize = 16;

/// The places of the bytes to change: all, but for the text of signatures.
fn places(good: &[u8]) -> Vec<usize> {
    let is_text = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let (mut places, mut start) = (Vec::new(), 0);
    for run in good.chunk_by(|one, other| is_text(one) == is_text(other)) {
        let signs = run.len() >= SIGNATURE_TEXT && run.iter().all(is_text);
        let step = if signs { OF_A_SIGNATURE } else { 1 };
        places.extend((start..start + run.len()).step_by(step));
        start += run.len();
    }
    places
}

/// Changes one bit of each byte in turn, on all processors.
fn refused_with_any_byte_changed<T, E>(good: &[u8], take: impl Fn(&[u8]) -> Result<T, E> + Sync) {
    assert!(take(good).is_ok(), "it holds as it is");
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let places = places(good);
    std::thread::scope(|scope| {
        for first in 0..threads {
            let (take, places) = (&take, &places);
            scope.spawn(move || {
                let mut bytes = good.to_vec();
                for at in places.iter().copied().skip(first).step_by(threads) {
                    let bit = 1_u8 << (at % 8);
                    bytes[at] ^= bit;
                    assert!(take(&bytes).is_err(), "byte {at} ^ {bit:#x}");
                    bytes[at] ^= bit;
                }
            });
        }
    });
}

#[test]
fn a_root_with_any_byte_changed_is_refused() {
    let office = Office::of(1, &["MK-1", "RS-1"]);
    let [root] = office.directory.root_documents() else {
        panic!("there is one root");
    };
    let list = office.directory.list_document();
    refused_with_any_byte_changed(&root.to_json(), |changed| {
        let root = SignedDocument::from_json(changed)?;
        Directory::build(&[root], list, [])
    });
}

#[test]
fn a_trust_list_with_any_byte_changed_is_refused() {
    let office = Office::of(1, &["MK-1", "RS-1"]);
    let directory = &office.directory;
    refused_with_any_byte_changed(&office.next_list().to_json(), |changed| {
        directory.advance(&[], &SignedDocument::from_json(changed)?)
    });
}

#[test]
fn a_suspend_list_with_any_byte_changed_is_refused() {
    let mut office = Office::new(1);
    let before = office.directory.clone();
    office.suspend();
    let suspended = office.directory.suspension_document().unwrap().to_json();
    refused_with_any_byte_changed(&suspended, |changed| {
        before.suspend(&SignedDocument::from_json(changed)?)
    });
}

#[test]
fn a_key_bundle_with_any_byte_changed_is_refused() {
    let office = Office::of(1, &["MK-1", "RS-1"]);
    let own = office.keys.node;
    let bundle = office.directory.bundle_document(own).unwrap().to_json();
    let before = office.directory.without_bundle(own);
    refused_with_any_byte_changed(&bundle, |changed| {
        before.with_bundle(SignedDocument::from_json(changed)?)
    });
}

#[test]
fn a_bundle_with_any_byte_changed_is_refused() {
    // As short as one can be: every changed byte costs the verification of what stands before it.
    let office = Office::of(1, &["MK-1", "RS-1"]);
    office.append(&mut office.log(), 2);
    std::fs::remove_file(office.path().join("trust/bundles/RS-1.json")).unwrap();
    refused_with_any_byte_changed(&office.export(), verify);
}

#[test]
fn a_bundle_that_is_cut_or_goes_on_is_refused() {
    let office = Office::with_groups(1, [3, 2, 4]);
    let good = office.export();
    for len in (0..good.len()).step_by(1409) {
        assert!(verify(&good[..len]).is_err(), "cut to {len}");
    }
    for stray in [vec![0], vec![0; 512], vec![1; 512]] {
        assert!(verify(&[good.clone(), stray].concat()).is_err());
    }
}

#[test]
fn a_bundle_with_a_file_left_out_doubled_or_moved_is_refused() {
    let office = Office::with_groups(1, [3, 2, 4]);
    let good = office.export();
    let files = files(&good);
    let slice = |i: usize| &good[files[i].1..files[i].2];
    let end = &good[good.len() - 1024..];
    let join = |order: &[usize]| {
        let mut bytes: Vec<u8> = order.iter().flat_map(|i| slice(*i).to_vec()).collect();
        bytes.extend_from_slice(end);
        verify(&bytes)
    };
    let all: Vec<usize> = (0..files.len()).collect();
    assert!(join(&all).is_ok());
    for (i, (name, _, _)) in files.iter().enumerate() {
        let mut order = all.clone();
        order.remove(i);
        let result = join(&order);
        match name.as_str() {
            // What others need, and evidence beyond the head, may be left out whole.
            "trust/bundles/AL-1.json" | "trust/bundles/RS-1.json" => assert!(result.is_ok()),
            "checkpoints/3" | "checkpoints/5" => assert!(result.is_ok()),
            _ => assert!(result.is_err(), "without {name}"),
        }
        let mut order = all.clone();
        order.insert(i, i);
        assert!(join(&order).is_err(), "{name} twice");
        if i > 0 {
            let mut order = all.clone();
            order.swap(i - 1, i);
            assert!(join(&order).is_err(), "{name} earlier");
        }
    }
}

#[test]
fn the_first_entry_or_checkpoint_at_fault_is_named_in_a_bundle() {
    let office = Office::with_groups(1, [3, 2, 4]);
    let good = office.export();
    let files = files(&good);
    let content = |name: &str| files.iter().find(|file| file.0 == name).unwrap().1 + 512;
    let changed = |at: &[usize]| {
        let mut bad = good.clone();
        for at in at {
            bad[*at] ^= 1;
        }
        verify(&bad).unwrap_err()
    };
    let entries = content("tile/entries/000.p/9");
    // Each entry takes 2 + 119 bytes; its commitment begins at 53.
    let commitment = |index: usize| entries + index * 121 + 2 + 60;
    for index in [0, 4, 8] {
        let other = AuditFailure::OtherEntry {
            index: index as u64,
        };
        assert_eq!(changed(&[commitment(index)]), other);
        assert_eq!(changed(&[commitment(index), commitment(8) + 1]), other);
        let version = AuditFailure::Entry {
            index: index as u64,
            error: liaison::audit::EntryError::Version(0),
        };
        assert_eq!(changed(&[entries + index * 121 + 2]), version);
    }
    let tiles = content("tile/0/000.p/9");
    let tile = AuditFailure::Malformed {
        place: "tile/0/000.p/9".to_owned(),
        offset: 4 * 32 + 5,
    };
    assert_eq!(changed(&[tiles + 4 * 32 + 5]), tile);

    // An entry and its hash rewritten together: the checkpoint that covered it does not hold.
    let mut bad = good.clone();
    bad[commitment(4)] ^= 1;
    let leaf = &bad[entries + 4 * 121 + 2..entries + 5 * 121];
    let hash = liaison::base::merkle::leaf_hash(leaf);
    bad[tiles + 4 * 32..tiles + 5 * 32].copy_from_slice(hash.as_bytes());
    let root = AuditFailure::Checkpoint {
        from: 3,
        size: 5,
        fault: CheckpointFault::Root,
    };
    assert_eq!(verify(&bad), Err(root));

    let note = content("checkpoints/5");
    for at in [note + 30, note + 100, note + 2000] {
        let failure = changed(&[at]);
        assert!(failure.to_string().contains("checkpoints/5"), "{failure}");
    }
}

#[test]
fn hostile_bundles_never_panic() {
    use proptest::prelude::*;
    let office = Office::with_groups(1, [3, 2]);
    let good = office.export();
    let mut config = ProptestConfig::with_cases(64);
    config.failure_persistence = None;
    proptest!(config, |(
        at in 0..good.len(),
        garbage in proptest::collection::vec(any::<u8>(), 1..700),
    )| {
        let mut bad = good.clone();
        let end = (at + garbage.len()).min(bad.len());
        bad[at..end].copy_from_slice(&garbage[..end - at]);
        prop_assert!(bad == good || verify(&bad).is_err());
        prop_assert!(verify(&garbage).is_err());
    });
}

#[test]
fn a_receipt_verifies_under_the_key_that_the_trust_list_leads_to() {
    let office = Office::with_groups(1, [3, 2]);
    let log = office.log();
    let receipt = Receipt::decode(&log.receipt(4).unwrap().encode()).unwrap();
    let keys = office
        .directory
        .log_keys(&receipt.origin.to_string())
        .unwrap();
    let key = keys.at(receipt.checkpoint.checkpoint.size);
    let verified = receipt.verify(key).unwrap();
    assert_eq!(verified.statement, entry(4).statement);
    assert_eq!(verified.checkpoint.size, 5);
}

fn segments(office: &Office) -> Vec<std::path::PathBuf> {
    let mut segments: Vec<_> = std::fs::read_dir(office.path().join("log"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "seg"))
        .collect();
    segments.sort();
    segments
}

/// Where each record of a segment begins.
fn record_offsets(segment: &[u8]) -> Vec<usize> {
    let mut offsets = vec![];
    let mut at = 67;
    while at < segment.len() {
        offsets.push(at);
        let len = u32::from_be_bytes(segment[at..at + 4].try_into().unwrap());
        at += 9 + len as usize;
    }
    offsets
}

/// The files of a tar: name, where the header begins, and where the next one does.
pub fn files(bundle: &[u8]) -> Vec<(String, usize, usize)> {
    let mut tar = tar::Archive::new(bundle);
    tar.entries()
        .unwrap()
        .map(|file| {
            let file = file.unwrap();
            let name = file.path().unwrap().display().to_string();
            let start = file.raw_header_position() as usize;
            let end = start + 512 + (file.size() as usize).next_multiple_of(512);
            (name, start, end)
        })
        .collect()
}
