//! AS2 by pyas2lib, made durable: the floor that people use today.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Exchanges a second that pyas2lib does on one core, where `benches/peers/setup` has installed it.
pub fn as2() -> Option<f64> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?;
    if !target.join("peers/ready").exists() {
        eprintln!("`as2` is left out: `benches/peers/setup` installs what it is measured beside");
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/run");
    let run = Command::new(script)
        .args(["--quick", "--json", "--only", "as2"])
        .env("CARGO_TARGET_DIR", target)
        .stderr(Stdio::null())
        .output()
        .expect("a process starts");
    assert!(
        run.status.success(),
        "benches/peers/run --only as2 says why"
    );
    let told: Value = serde_json::from_slice(&run.stdout).expect("it prints one object");
    told["peers"][0]["rate"].as_f64()
}
