//! The change of epoch: what is erased is gone wherever a copy of it lies, all else stays, and a crash
//! at any point leaves one epoch whole.

use std::path::Path;
use std::time::Instant;

use liaison::audit::Receipt;
use liaison::base::SeededEntropy;
use liaison::seal::at_rest::{EpochSecret, Epochs, create_epoch, is_changing, rewrap_key};
use liaison::store::{AppendError, FileLog, Log, OpenError, Recovery, Remains};

use crate::world::{FOLDER, append, entry, folder, log_key, origin, strace_works, under_strace};

const STORAGE_KEY: [u8; 32] = [9; 32];

pub fn create(dir: &Path) {
    create_epoch(&dir.join("epoch"), &STORAGE_KEY, &mut SeededEntropy::new(1)).unwrap();
    FileLog::create(dir, origin().node).unwrap();
}

pub fn try_open(dir: &Path) -> Result<(FileLog, Recovery), OpenError> {
    let epochs = Epochs::in_file(&dir.join("epoch"), &STORAGE_KEY);
    let keys = log_key().verifying_key().clone().into();
    FileLog::open(dir, origin().node, epochs, &keys)
}

pub fn open(dir: &Path) -> FileLog {
    try_open(dir).unwrap().0
}

/// A folder whose log has so many entries, in several segments.
fn filled(count: u64) -> (tempfile::TempDir, FileLog) {
    let dir = folder();
    create(dir.path());
    let mut log = open(dir.path());
    log.set_segment_len(9_000);
    let epoch = log.take_over().unwrap();
    while log.size() < count {
        append(&mut log, epoch, 4).unwrap();
    }
    (dir, log)
}

pub fn remains(indices: &[u64]) -> Vec<Remains> {
    let remains = |index: &u64| Remains {
        index: *index,
        content: format!("remains of {index}").into_bytes(),
    };
    indices.iter().map(remains).collect()
}

pub fn erase(log: &mut FileLog, indices: &[u64]) -> Result<(), AppendError> {
    let mut entropy = SeededEntropy::new(log.epoch() + 100);
    log.erase(&remains(indices), &mut entropy)
}

fn holds(log: &FileLog, erased: &[u64]) {
    for index in 0..log.size() {
        let record = log.read(index).unwrap();
        let expected = match erased.contains(&index) {
            true => format!("remains of {index}").into_bytes(),
            false => entry(index).content,
        };
        assert_eq!(record.content, expected, "entry {index}");
        assert_eq!(record.opening.statement, entry(index).statement);
    }
}

fn files(folder: &Path) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        match path.is_dir() {
            true => all.extend(files(&path)),
            false => all.push(std::fs::read(path).unwrap()),
        }
    }
    all
}

#[test]
fn what_is_erased_is_gone_and_all_else_stays() {
    let (dir, mut log) = filled(24);
    let (root, head) = (log.root(), log.head());
    let before: Vec<Receipt> = (0..24).map(|index| log.receipt(index).unwrap()).collect();
    erase(&mut log, &[3, 4, 17]).unwrap();
    assert_eq!(log.epoch(), 2);
    holds(&log, &[3, 4, 17]);
    // Again, and what was erased stays so.
    let epoch = log.take_over().unwrap();
    append(&mut log, epoch, 4).unwrap();
    erase(&mut log, &[0, 26]).unwrap();
    holds(&log, &[0, 3, 4, 17, 26]);
    append(&mut log, epoch, 2).unwrap();
    drop(log);
    let log = open(dir.path());
    assert_eq!(log.epoch(), 3);
    holds(&log, &[0, 3, 4, 17, 26]);
    assert_eq!(log.root_at(24), Some(root));
    assert!(head.is_some_and(|head| head.checkpoint.size == 24));
    for (index, receipt) in (0..).zip(before) {
        assert_eq!(log.receipt(index).unwrap(), receipt, "receipt {index}");
        receipt.verify(log_key().verifying_key()).unwrap();
    }
}

#[test]
fn no_key_of_what_is_erased_is_left_in_any_file_old_or_new() {
    let (dir, mut log) = filled(24);
    let old = files(&dir.path().join("log"));
    erase(&mut log, &[3, 4, 17]).unwrap();
    erase(&mut log, &[5]).unwrap();
    drop(log);
    // Whoever has the passphrase has every secret that still lies in the epoch's file.
    let epochs = Epochs::in_file(&dir.path().join("epoch"), &STORAGE_KEY);
    let secrets: Vec<EpochSecret> = (1..10).filter_map(|n| epochs.secret(n).ok()).collect();
    assert_eq!(secrets.len(), 1, "one epoch is left");
    let secret = &secrets[0];
    let mut entropy = SeededEntropy::new(5);
    let mut usable = |bytes: &[u8]| {
        let wrapped = bytes.windows(60);
        let opens =
            wrapped.filter(|wrapped| rewrap_key(secret, secret, wrapped, &mut entropy).is_ok());
        opens.count()
    };
    let from_old: usize = old.iter().map(|bytes| usable(bytes)).sum();
    assert_eq!(from_old, 0, "usable keys in the copy from before");
    // Of the files as they are, exactly the keyring's keys open: one an entry.
    let now = files(dir.path());
    let from_now: usize = now.iter().map(|bytes| usable(bytes)).sum();
    assert_eq!(from_now, 24);
    for index in [3_u64, 4, 17, 5] {
        let content = entry(index).content;
        let plain = now
            .iter()
            .any(|bytes| bytes.windows(content.len()).any(|part| part == content));
        assert!(!plain, "content {index} in the open");
    }
    // A log that is put back from the old copy opens nothing under the new secret.
    let other = folder();
    std::fs::create_dir(other.path().join("log")).unwrap();
    std::fs::copy(dir.path().join("epoch"), other.path().join("epoch")).unwrap();
    for file in std::fs::read_dir(dir.path().join("log")).unwrap() {
        let file = file.unwrap();
        if file.file_name() != "keyring" {
            std::fs::copy(file.path(), other.path().join("log").join(file.file_name())).unwrap();
        }
    }
    let refused = try_open(other.path()).unwrap_err();
    assert_eq!(refused.code(), "log-epoch");
}

#[test]
fn a_log_with_one_secret_for_good_erases_nothing() {
    let node = crate::world::Node::new();
    let mut log = node.open();
    let epoch = log.take_over().unwrap();
    append(&mut log, epoch, 4).unwrap();
    assert_eq!(erase(&mut log, &[1]), Err(AppendError::Unfit));
    holds(&log, &[]);
}

#[test]
fn a_damaged_or_cut_keyring_is_refused() {
    let (dir, mut log) = filled(8);
    erase(&mut log, &[2]).unwrap();
    drop(log);
    let path = dir.path().join("log/keyring");
    let good = std::fs::read(&path).unwrap();
    for len in [0, 10, 49, good.len() - 1] {
        std::fs::write(&path, &good[..len]).unwrap();
        assert_eq!(
            try_open(dir.path()).unwrap_err().code(),
            "audit-malformed",
            "{len}"
        );
    }
    for at in 0..49 {
        let mut bad = good.clone();
        bad[at] ^= 1;
        std::fs::write(&path, bad).unwrap();
        assert_eq!(
            try_open(dir.path()).unwrap_err().code(),
            "audit-malformed",
            "{at}"
        );
    }
    std::fs::write(&path, good).unwrap();
    holds(&open(dir.path()), &[2]);
}

/// What the process under strace does: it erases.
#[test]
#[ignore = "run by the test below"]
fn an_eraser() {
    let dir = std::env::var_os(FOLDER).expect("the test below names a folder");
    let Ok((mut log, _)) = try_open(Path::new(&dir)) else {
        println!("\nended opening");
        return;
    };
    match erase(&mut log, &[3, 4]) {
        Ok(()) => println!("\nended erased"),
        Err(AppendError::Full) => {
            let epoch = std::fs::read(Path::new(&dir).join("epoch")).unwrap();
            println!("\nended full, the epoch changing: {}", is_changing(&epoch));
        }
        Err(error) => println!("\nended {}", error.code()),
    }
}

#[test]
fn a_failed_system_call_or_a_kill_at_any_write_leaves_one_epoch_whole() {
    if !strace_works() {
        return;
    }
    let (template, log) = filled(8);
    drop(log);
    let mut outcomes = std::collections::BTreeMap::new();
    for call in ["write", "pwrite64", "fsync", "rename"] {
        for when in 1..=6 {
            for fault in ["error=EIO", "error=ENOSPC", "signal=KILL"] {
                let fault = format!("{fault}:when={when}");
                let what = format!("{call}:{fault}");
                let dir = folder();
                std::fs::create_dir(dir.path().join("log")).unwrap();
                std::fs::copy(template.path().join("epoch"), dir.path().join("epoch")).unwrap();
                for file in std::fs::read_dir(template.path().join("log")).unwrap() {
                    let file = file.unwrap();
                    let to = dir.path().join("log").join(file.file_name());
                    std::fs::copy(file.path(), to).unwrap();
                }
                let ended = under_strace("erasure::an_eraser", dir.path(), call, &fault);
                let ended = ended.unwrap_or_else(|| "killed".to_owned());

                let (mut log, _) = try_open(dir.path()).unwrap_or_else(|e| panic!("{what}: {e}"));
                let erased = log.epoch() == 2;
                assert!(
                    erased || ended != "erased",
                    "{what}: it said that it had erased"
                );
                holds(&log, if erased { &[3, 4] } else { &[] });
                // Neither the old secret nor half a keyring is left, and it goes on.
                let epochs = Epochs::in_file(&dir.path().join("epoch"), &STORAGE_KEY);
                let left = (1..5)
                    .filter(|number| epochs.secret(*number).is_ok())
                    .count();
                assert_eq!(left, 1, "{what}");
                assert!(!dir.path().join("log/keyring.new").exists(), "{what}");
                erase(&mut log, &[3, 4]).unwrap_or_else(|e| panic!("{what}: {e}"));
                holds(&log, &[3, 4]);
                *outcomes.entry((ended, erased)).or_insert(0) += 1;
            }
        }
    }
    eprintln!("{outcomes:?}");
    let ends: std::collections::BTreeSet<&str> =
        outcomes.keys().map(|(ended, _)| ended.as_str()).collect();
    assert!(
        !ends.contains("full, the epoch changing: true"),
        "a secret is left that nothing is wrapped under"
    );
    let full = "full, the epoch changing: false";
    for expected in ["erased", "killed", "log-in-doubt", full] {
        assert!(ends.contains(expected), "{expected}: {outcomes:?}");
    }
    assert!(
        outcomes.contains_key(&("killed".to_owned(), true)),
        "{outcomes:?}"
    );
    assert!(
        outcomes.contains_key(&("killed".to_owned(), false)),
        "{outcomes:?}"
    );
}

#[test]
fn a_change_of_epoch_does_bounded_work() {
    let dir = folder();
    create(dir.path());
    let mut log = open(dir.path());
    let epoch = log.take_over().unwrap();
    let count = 10_000;
    while log.size() < count {
        append(&mut log, epoch, 500).unwrap();
    }
    let began = Instant::now();
    erase(&mut log, &(0..count / 10).collect::<Vec<_>>()).unwrap();
    let took = began.elapsed();
    let keyring = std::fs::metadata(dir.path().join("log/keyring"))
        .unwrap()
        .len();
    eprintln!(
        "{count} entries, {} erased: {took:?}, keyring of {keyring} bytes",
        count / 10
    );
    assert!(keyring < count * 68 + count / 10 * 400);
    holds(&log, &(0..count / 10).collect::<Vec<_>>());
}
