//! What people feel of the program itself: how large it is, how soon it answers, and how long the demo
//! takes.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::sample::{micros, quantile};
use crate::table::Row;

const PROGRAM: &str = env!("CARGO_BIN_EXE_liaison");

/// How often the program is started.
const STARTS: usize = 20;

/// Measures it, with the demo's folders under `dir`.
pub fn measure(dir: &Path) -> Vec<Row> {
    let size = std::fs::metadata(PROGRAM).expect("it was built").len();
    let starts: Vec<f64> = (0..STARTS).map(|_| run(&["--version"])).collect();
    let folder = dir.to_str().expect("a path of this machine");
    let demo = run(&["demo", "--exit", "--json", "--dir", folder]);
    vec![
        Row::plain("program_mb", "MiB", size as f64 / f64::from(1 << 20)),
        Row::plain("program_start", "ms", quantile(&starts, 0.5) / 1e3),
        Row::plain("demo", "s", demo / 1e6),
    ]
}

/// How long a command takes, in microseconds.
fn run(words: &[&str]) -> f64 {
    let began = Instant::now();
    let status = Command::new(PROGRAM)
        .args(words)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("a process starts");
    assert!(status.success(), "{words:?}: {status}");
    micros(began)
}
