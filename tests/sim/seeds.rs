//! Seeds on all processors, for every simulation; one that fails keeps its trace, also where it panics.

use std::any::Any;
use std::fmt;
use std::num::NonZero;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Does the work for each seed, on all processors, and gives what came of it in no order.
pub fn on_all_processors<T: Send>(seeds: Range<u64>, work: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let next = AtomicU64::new(seeds.start);
    let all = Mutex::new(Vec::new());
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..processors {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= seeds.end {
                        break;
                    }
                    let done = work(seed);
                    all.lock().expect("no work panics in here").push(done);
                }
            });
        }
    });
    all.into_inner().expect("no work panics in here")
}

/// Why a seed failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// A promise did not hold.
    Promise(String),
    /// Something panicked.
    Panic(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Promise(fault) => f.write_str(fault),
            Self::Panic(said) => write!(f, "it panicked: {said}"),
        }
    }
}

/// Does the work; a panic is a failure too.
pub fn caught<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, Failure> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(outcome) => outcome.map_err(Failure::Promise),
        Err(panic) => Err(Failure::Panic(said(&*panic))),
    }
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "without words".to_owned())
}

/// What came of all seeds.
///
/// # Panics
/// If one failed, with what every one says that did.
pub fn all_held<T>(outcomes: Vec<Result<T, String>>) -> Vec<T> {
    let (held, failed): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    let failed: Vec<String> = failed.into_iter().filter_map(Result::err).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    held.into_iter().filter_map(Result::ok).collect()
}

/// The number in a variable of the environment, if it is set.
pub fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is a number")),
    )
}

/// Lines of a trace that are printed where a seed fails.
const SHOWN: usize = 60;

/// Keeps the trace of a seed that failed, and says where, with its end.
pub fn kept(name: &str, trace: &str) -> String {
    let folder = reproductions();
    let path = folder.join(format!("{name}.txt"));
    let lines: Vec<&str> = trace.lines().collect();
    let end = lines[lines.len().saturating_sub(SHOWN)..].join("\n");
    match std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, trace)) {
        Ok(()) => format!(
            "; its trace is in {}, which ends with\n{end}",
            path.display()
        ),
        Err(error) => format!("; its trace cannot be kept ({error}), and ends with\n{end}"),
    }
}

/// The folder of traces, at the top of the repository.
fn reproductions() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut above = here.ancestors();
    let top = above.find(|folder| folder.join("Cargo.lock").is_file());
    top.unwrap_or(here).join("reproductions")
}
