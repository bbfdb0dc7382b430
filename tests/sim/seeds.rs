//! Seeds on all processors, for every simulation.

use std::num::NonZero;
use std::ops::Range;
use std::path::Path;
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

/// The number in a variable of the environment, if it is set.
pub fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is a number")),
    )
}

/// Keeps the trace of a seed that failed, and says where.
pub fn kept(name: &str, trace: &str) -> String {
    let folder = option_env!("CARGO_TARGET_TMPDIR").unwrap_or("target/tmp");
    let folder = Path::new(folder).join("reproductions");
    let path = folder.join(format!("{name}.txt"));
    match std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, trace)) {
        Ok(()) => format!("; its trace is in {}", path.display()),
        Err(error) => format!("; its trace cannot be kept: {error}"),
    }
}
