//! A lost passphrase, and the way back with the shares of several people.

use std::path::PathBuf;
use std::process::Output;

use crate::{liaison, path, stderr, stdout};

struct Office {
    folder: tempfile::TempDir,
}

impl Office {
    fn new() -> Self {
        let office = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        office.write("old", "correct horse battery staple");
        office.write("new", "six other words that are new");
        let made = office.run(&[
            "init",
            "--member",
            "MK",
            "--name",
            "Skopje",
            "--passphrase-file",
            &office.at("old"),
        ]);
        assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
        office
    }

    fn at(&self, name: &str) -> String {
        path(&self.folder.path().join(name)).to_owned()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.at(name), text).expect("written");
    }

    fn run(&self, words: &[&str]) -> Output {
        let dir = self.at("mk");
        liaison(&[words, &["--dir", &dir]].concat())
    }

    /// Writes the shares, any three of five.
    fn shares(&self, folder: &str) -> Vec<PathBuf> {
        let (old, out) = (self.at("old"), self.at(folder));
        let backup = ["key", "backup", "--passphrase-file", &old, "--out", &out];
        let written = self.run(&backup);
        assert_eq!(written.status.code(), Some(0), "{}", stderr(&written));
        let mut files: Vec<PathBuf> = std::fs::read_dir(&out)
            .expect("the shares")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        files.sort();
        files
    }

    fn recover(&self, shares: &[PathBuf]) -> Output {
        let new = self.at("new");
        let mut words = vec!["key", "recover", "--new-passphrase-file", &new];
        for share in shares {
            words.extend(["--share", path(share)]);
        }
        self.run(&words)
    }

    /// Whether the keys open with this passphrase.
    fn opens_with(&self, passphrase: &str) -> bool {
        let passphrase = self.at(passphrase);
        let words = [
            "member",
            "card",
            "--out",
            "/dev/null",
            "--passphrase-file",
            &passphrase,
        ];
        self.run(&words).status.code() == Some(0)
    }
}

#[test]
fn three_of_five_people_give_a_node_whose_passphrase_is_lost_a_new_one() {
    let office = Office::new();
    let shares = office.shares("shares");
    assert_eq!(shares.len(), 5);
    let recovered = office.recover(&shares[1..4]);
    assert_eq!(recovered.status.code(), Some(0), "{}", stderr(&recovered));
    assert!(office.opens_with("new"));
    assert!(!office.opens_with("old"));
    // The same shares serve again.
    assert_eq!(office.recover(&shares[2..]).status.code(), Some(0));
}

#[test]
fn two_people_alone_and_shares_of_an_earlier_backup_recover_nothing() {
    let office = Office::new();
    let earlier = office.shares("earlier");
    let shares = office.shares("shares");
    for refused in [&shares[..2], &earlier[..3]] {
        let output = office.recover(refused);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            stderr(&output).contains("recovery-refused"),
            "{}",
            stderr(&output)
        );
    }
    assert!(office.opens_with("old"));
}

#[test]
fn shares_are_not_written_over_those_that_are_there() {
    let office = Office::new();
    let before = office.shares("shares");
    let (old, out) = (office.at("old"), office.at("shares"));
    let again = office.run(&["key", "backup", "--passphrase-file", &old, "--out", &out]);
    assert_eq!(again.status.code(), Some(1), "{}", stderr(&again));
    assert_eq!(office.recover(&before[..3]).status.code(), Some(0));
}

#[test]
fn a_passphrase_can_be_changed() {
    let office = Office::new();
    let (old, new) = (office.at("old"), office.at("new"));
    let words = [
        "key",
        "passphrase",
        "--passphrase-file",
        &old,
        "--new-passphrase-file",
        &new,
    ];
    let changed = office.run(&words);
    assert_eq!(changed.status.code(), Some(0), "{}", stderr(&changed));
    // A node that serves makes no new keys any more, and its service has the old passphrase.
    let told = stdout(&changed);
    for what in ["restart the node", "credential"] {
        assert!(told.contains(what), "{told}");
    }
    assert!(office.opens_with("new") && !office.opens_with("old"));
}
