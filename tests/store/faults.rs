//! System calls that fail: a process writes a log under strace, which lets its n-th write or sync
//! fail, and what the process had acknowledged is looked for in what it left.

use std::path::Path;

use liaison::seal::at_rest::EpochSecret;
use liaison::store::{AppendError, FileLog, Log, OpenError, Recovery};

use crate::world::{FOLDER, append, entry, folder, log_key, origin, strace_works, under_strace};

fn open(dir: &Path) -> Result<(FileLog, Recovery), OpenError> {
    let secret = EpochSecret::from_bytes(&[5; 32]);
    FileLog::open(
        dir,
        origin().node,
        secret,
        &log_key().verifying_key().clone().into(),
    )
}

/// What the process under strace does: it appends until it is in doubt, and says what it
/// acknowledges.
#[test]
#[ignore = "run by the test below"]
fn a_writer() {
    let dir = std::env::var_os(FOLDER).expect("the test below names a folder");
    let Ok((mut log, _)) = open(Path::new(&dir)) else {
        println!("\nended 0 opening");
        return;
    };
    log.set_segment_len(9000);
    let epoch = log.take_over().unwrap();
    let (mut acknowledged, mut full) = (0, 0);
    while log.size() < 12 {
        match append(&mut log, epoch, 2) {
            Ok(head) => acknowledged = head.checkpoint.size,
            Err(AppendError::Full) => full += 1,
            Err(AppendError::InDoubt) => {
                println!("\nended {acknowledged} in-doubt");
                return;
            }
            Err(other) => panic!("{other}"),
        }
    }
    println!("\nended {acknowledged} full-{full}");
}

#[test]
fn no_failed_system_call_loses_what_was_acknowledged() {
    if !strace_works() {
        return;
    }
    let mut outcomes = std::collections::BTreeMap::new();
    for call in ["pwrite64", "fdatasync", "fsync"] {
        for when in 1..=9 {
            for error in ["EIO", "ENOSPC"] {
                let what = format!("{call}:error={error}:when={when}");
                let dir = folder();
                FileLog::create(dir.path(), origin().node).unwrap();
                let fault = format!("error={error}:when={when}");
                let ended = under_strace("faults::a_writer", dir.path(), call, &fault);
                let (acknowledged, outcome) = ended
                    .as_deref()
                    .and_then(|ended| ended.split_once(' '))
                    .unwrap_or_else(|| panic!("{what}: {ended:?}"));
                let acknowledged: u64 = acknowledged.parse().unwrap();

                let (log, _) = open(dir.path()).unwrap_or_else(|error| panic!("{what}: {error}"));
                assert!(log.size() >= acknowledged, "{what}: entries are lost");
                assert!(log.size() <= acknowledged + 2, "{what}: entries came up");
                for index in 0..log.size() {
                    assert_eq!(log.read(index).unwrap().content, entry(index).content);
                }
                *outcomes.entry(outcome.to_owned()).or_insert(0) += 1;
            }
        }
    }
    for expected in ["opening", "in-doubt", "full-1"] {
        assert!(outcomes.contains_key(expected), "{expected}: {outcomes:?}");
    }
}
