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

#[test]
fn every_command_of_the_page_on_the_nodes_folder_runs_as_the_nodes_user() {
    let page = std::fs::read_to_string("deploy/README.md").expect("the page");
    let blocks = page.split("```").skip(1).step_by(2);
    let commands = blocks.flat_map(str::lines);
    let by_root: Vec<&str> = commands
        .filter(|line| line.starts_with("liaison "))
        .collect();
    assert!(by_root.is_empty(), "{by_root:?}");
    let on_the_folder = page
        .lines()
        .filter(|line| line.contains("--dir /var/lib/liaison"));
    let (as_its_user, others): (Vec<&str>, Vec<&str>) =
        on_the_folder.partition(|line| line.contains("sudo -u liaison liaison "));
    assert!(others.is_empty(), "{others:?}");
    assert!(as_its_user.len() > 5, "{as_its_user:?}");
}
