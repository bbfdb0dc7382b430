//! What is handed to operators.

use std::process::Command;

/// The highest exposure that the unit may have, in tenths, where 100 is the worst.
const THRESHOLD: &str = "20";

#[test]
fn the_unit_is_hardened_and_takes_its_passphrase_as_an_encrypted_credential() {
    let unit = std::fs::read_to_string("deploy/liaison.service").expect("the unit");
    let has = |line: &str| unit.lines().any(|one| one == line);
    assert!(has(
        "LoadCredentialEncrypted=passphrase:/etc/liaison/passphrase.cred"
    ));
    assert!(!unit.contains("LIAISON_PASSPHRASE_FILE"), "no other way in");
    let score = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager"])
        .arg(format!("--threshold={THRESHOLD}"))
        .arg("deploy/liaison.service")
        .output();
    let Ok(score) = score else {
        println!("1 skipped: there is no systemd-analyze on this machine");
        return;
    };
    let said = String::from_utf8_lossy(&score.stdout);
    let last: Vec<&str> = said.lines().rev().take(3).collect();
    println!("{last:?}");
    assert!(score.status.success(), "{said}");
}
