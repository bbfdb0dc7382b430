//! Power cuts at any call that a log makes on its disk, while it grows from segment to segment, has
//! contents erased and begins a new incarnation; and while it goes on after a sync that failed. The disk is modelled in `tests/process/power`.

use std::collections::BTreeSet;
use std::path::Path;

use liaison::base::SeededEntropy;
use liaison::store::{AppendError, FileLog, Log};

use crate::erasure::{create, erase, open, remains, try_open};
use crate::world::{FOLDER, append, entry, folder, strace_works};

#[path = "../process/power/calls.rs"]
mod calls;
#[path = "../process/power/disk.rs"]
mod disk;

use calls::{Call, Edge, What};
use disk::{Disk, Found, Syncs};

/// Cuts; `LIAISON_CUTS` takes another number.
const CUTS: u64 = 500;
/// What chance follows from; `LIAISON_SEED` takes another.
const SEED: u64 = 1_868;
/// Steps of the log's life.
const STEPS: u64 = 60;

/// What the log's owner was told, as names of files that it makes when it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Told {
    size: u64,
    erased: BTreeSet<u64>,
}

impl Told {
    fn hear(&mut self, name: &str) {
        let Some((what, numbers)) = name.split_once('-') else {
            return;
        };
        let mut numbers = numbers.split('-').map(|n| n.parse().expect("a number"));
        match what {
            "appended" => self.size = numbers.next_back().expect("a size"),
            "erased" => self.erased.extend(numbers),
            _ => (),
        }
    }
}

fn tell(dir: &Path, what: &str, numbers: &[u64]) {
    let numbers: Vec<_> = numbers.iter().map(u64::to_string).collect();
    let name = format!("{what}-{}", numbers.join("-"));
    std::fs::File::create(dir.join(name)).unwrap();
}

/// What the process under strace does.
#[test]
#[ignore = "run by the test below"]
fn a_life() {
    let dir = std::env::var_os(FOLDER).expect("the test below names a folder");
    let dir = Path::new(&dir);
    let mut log = open(dir);
    log.set_segment_len(9_000);
    let epoch = log.take_over().unwrap();
    let mut chance = SeededEntropy::new(SEED);
    for step in 0..STEPS {
        match step % 12 {
            8 => {
                let first = chance.below(log.size());
                let indices: Vec<_> = (first..log.size().min(first + 3)).collect();
                erase(&mut log, &indices).unwrap();
                tell(dir, "erased", &indices);
            }
            11 if step > STEPS / 2 => log.begin_incarnation(2 + (step / 12) as u32),
            _ => {
                append(&mut log, epoch, 1 + chance.below(9)).unwrap();
                tell(dir, "appended", &[log.size()]);
            }
        }
    }
}

/// What the process under strace does whose sync is to fail.
#[test]
#[ignore = "run by the test below"]
fn a_life_until_a_sync_fails() {
    let dir = std::env::var_os(FOLDER).expect("the test below names a folder");
    let dir = Path::new(&dir);
    let mut log = open(dir);
    let epoch = log.take_over().unwrap();
    while append(&mut log, epoch, 3).is_ok() {
        tell(dir, "appended", &[log.size()]);
    }
    let refused = append(&mut log, epoch, 3).unwrap_err();
    assert_eq!(refused, AppendError::InDoubt);
}

/// What the process after it does.
#[test]
#[ignore = "run by the test below"]
fn a_life_that_goes_on() {
    let dir = std::env::var_os(FOLDER).expect("the test below names a folder");
    let dir = Path::new(&dir);
    let log = open(dir);
    tell(dir, "appended", &[log.size()]);
}

struct Life {
    before: Found,
    calls: Vec<Call>,
    after: Found,
    dir: tempfile::TempDir,
}

/// The life of a log in these processes, one after the other, each with what strace is told of it.
fn live(processes: &[(&str, &[&str])]) -> Life {
    let dir = folder();
    create(dir.path());
    let before = disk::read(dir.path());
    let whole = tempfile::NamedTempFile::new().unwrap();
    for (name, options) in processes {
        let trace = tempfile::NamedTempFile::new().unwrap();
        let output = calls::strace(trace.path())
            .args(*options)
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", name, "--ignored", "--nocapture"])
            .env(FOLDER, dir.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        std::io::copy(&mut trace.as_file(), &mut whole.as_file()).unwrap();
    }
    Life {
        before,
        calls: calls::read(whole.path(), dir.path()),
        after: disk::read(dir.path()),
        dir,
    }
}

impl Life {
    /// Shows what is found after a cut at each of so many calls, with what was told before.
    fn cut(&self, syncs: Syncs, seed: u64, cuts: u64, mut show: impl FnMut(&Found, &Told, &Told)) {
        let mut chance = SeededEntropy::new(seed);
        let mut moments: Vec<_> = (0..cuts)
            .map(|_| chance.below(self.calls.len() as u64) as usize)
            .collect();
        moments.sort_unstable();
        let mut moments = moments.into_iter().peekable();
        let mut disk = Disk::of(&self.before, syncs);
        let mut told = Told::default();
        for (edge, number) in calls::edges(&self.calls) {
            let call = &self.calls[number];
            disk.play(edge, call);
            if edge == Edge::End {
                continue;
            }
            told.hear(&name_of(call));
            while moments.next_if_eq(&number).is_some() {
                // By chance, nothing at all may be there of what was not synced.
                let found = match chance.below(4) {
                    0 => disk.synced(),
                    _ => disk.cut(&mut chance),
                };
                show(&found, &told, &self.next(number, &told));
            }
        }
        assert!(disk.now() == self.after, "the model of a disk is wrong");
    }

    /// What is told at the next time after a call.
    fn next(&self, number: usize, told: &Told) -> Told {
        let mut next = told.clone();
        for call in &self.calls[number..] {
            next.hear(&name_of(call));
            if next != *told {
                break;
            }
        }
        next
    }
}

/// The name of the file that a call makes; empty where it makes none.
fn name_of(call: &Call) -> String {
    match &call.what {
        What::Open { path, flags, .. } if flags.creates => {
            let name = path.file_name().expect("a name");
            name.to_string_lossy().into_owned()
        }
        _ => String::new(),
    }
}

/// Whether the log holds all entries, with these erased.
fn holds(log: &FileLog, erased: &BTreeSet<u64>) -> bool {
    (0..log.size()).all(|index| {
        let expected = match erased.contains(&index) {
            true => remains(&[index]).remove(0).content,
            false => entry(index).content,
        };
        log.read(index)
            .is_ok_and(|record| record.content == expected)
    })
}

/// What is wrong with a log that is found after a cut.
fn fault(found: &Found, life: &Life, (told, next): (&Told, &Told)) -> Option<String> {
    let place = folder();
    let dir = place.path().join("cut");
    disk::write(found, life.dir.path(), &dir);
    let mut log = match try_open(&dir) {
        Ok((log, _)) => log,
        Err(error) => return Some(error.to_string()),
    };
    let size = log.size();
    if size < told.size || size > next.size.max(told.size) {
        return Some(format!("{size} entries, where {} were told", told.size));
    }
    // What was being erased is either erased or not, all of it.
    if !holds(&log, &told.erased) && !holds(&log, &next.erased) {
        return Some("contents are not what they were".to_owned());
    }
    let epoch = log.take_over().unwrap();
    append(&mut log, epoch, 1).unwrap();
    drop(log);
    (open(&dir).size() != size + 1).then(|| "it does not go on".to_owned())
}

#[test]
fn a_power_cut_at_any_call_leaves_what_was_told() {
    if !strace_works() {
        return;
    }
    let number = |name, other| std::env::var(name).map_or(other, |n| n.parse().expect("a number"));
    let (cuts, seed) = (number("LIAISON_CUTS", CUTS), number("LIAISON_SEED", SEED));
    let life = live(&[("power::a_life", &[])]);
    let mut done = 0;
    life.cut(Syncs::Kept, seed, cuts, |found, told, next| {
        if let Some(fault) = fault(found, &life, (told, next)) {
            panic!("cut {done} of seed {seed}, after {told:?}: {fault}");
        }
        done += 1;
    });
    let mut lost = 0;
    life.cut(Syncs::Ignored, seed, 100, |found, told, next| {
        lost += usize::from(fault(found, &life, (told, next)).is_some());
    });
    let (first, last) = (&life.calls[0], &life.calls[life.calls.len() - 1]);
    println!(
        "{} calls in {} ms, {done} cuts; on a disk that lies, {lost} of 100 lose something",
        life.calls.len(),
        (last.at - first.at) / 1_000,
    );
    assert!(
        lost > 50,
        "on a disk that lies, only {lost} of 100 cuts lose anything"
    );
}

/// The sync of the second group. Before it the anchor is synced twice as the log is opened, and twice as its
/// first segment begins.
const FAILS: [&str; 2] = ["-e", "inject=fdatasync:error=EIO:when=5"];

#[test]
fn what_a_log_is_found_to_hold_after_a_sync_failed_outlasts_a_power_cut() {
    if !strace_works() {
        return;
    }
    let life = live(&[
        ("power::a_life_until_a_sync_fails", &FAILS),
        ("power::a_life_that_goes_on", &[]),
    ]);
    let told = |size: u64| life.dir.path().join(format!("appended-{size}")).exists();
    assert!(told(3) && told(6), "the second group was not told at first");
    life.cut(Syncs::Kept, SEED, 100, |found, told, next| {
        if let Some(fault) = fault(found, &life, (told, next)) {
            panic!("after {told:?}: {fault}");
        }
    });
}
