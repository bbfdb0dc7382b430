//! The command line as a script meets it: exit codes, standard error, JSON.

mod demo;
mod deploy;
mod manual;
mod node;
#[path = "../process/program.rs"]
mod program;
mod prompt;
mod recovery;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// A run of the real program, with nothing of this machine's settings in it.
fn liaison(words: &[&str]) -> Output {
    program().args(words).output().expect("the program runs")
}

fn program() -> Command {
    let mut program = Command::new(program::program());
    program
        .env_remove("LIAISON_TOKEN_FILE")
        .env_remove("LIAISON_PASSPHRASE_FILE")
        .env("TZ", "UTC")
        .stdin(std::process::Stdio::null());
    program
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("errors are UTF-8")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("outcomes are UTF-8")
}

/// A folder with a configuration and a token, and no node that serves.
fn folder(api: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let text = format!(
        "member = \"MK\"\nname = \"Liaison office, Skopje\"\n[api]\nlisten = \"{api}\"\n\
         [tokens]\nofficer = \"officer\"\ncontact = \"contact\"\n"
    );
    std::fs::write(dir.path().join("liaison.toml"), text).expect("the configuration is written");
    for role in ["officer", "contact"] {
        std::fs::write(dir.path().join(role), format!("token-of-{role}\n")).expect("a token");
    }
    dir
}

fn path(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

#[test]
fn the_command_tree_is_consistent() {
    liaison::cli::command().debug_assert();
}

#[test]
fn wrong_usage_exits_with_2() {
    let wrong: &[&[&str]] = &[
        &["frobnicate"],
        &["rfi"],
        &["rfi", "list"],
        &["rfi", "send", "--dir", "d", "--to", "mk", "--file", "f"],
        &["rfi", "show", "--dir", "d", "not-an-id"],
        &["rfi", "accept", "--dir", "d", ID, "--access", "telepathic"],
        &["audit", "verify"],
        &["audit", "verify", "--dir", "d", "--bundle", "b"],
        &["audit", "verify", "--dir", "d", "--root", &"0".repeat(64)],
        &["audit", "verify", "--bundle", "b", "--root", "xyz"],
        &["user", "add", "--dir", "d", "--name", "n"],
        &["user", "add", "--dir", "d", "--name", "n", "--role", "node"],
        &[
            "user",
            "add",
            "--dir",
            "d",
            "--name",
            "n",
            "--role",
            "auditor,officer",
        ],
        &[
            "init", "--dir", "d", "--member", "MK", "--name", "n", "--node", "0",
        ],
    ];
    for words in wrong {
        let output = liaison(words);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{words:?}: {}",
            stderr(&output)
        );
        assert!(stdout(&output).is_empty(), "{words:?}");
        assert!(
            stderr(&output).starts_with("error") || words.len() < 2,
            "{words:?}"
        );
    }
}

const ID: &str = "01JD3W0000ABCDEFGHJKMNPQRS";

#[test]
fn a_bundle_is_verified_with_or_without_a_known_root() {
    let root = "0".repeat(64);
    let words = [
        "liaison", "audit", "verify", "--bundle", "b", "--root", &root,
    ];
    for words in [
        &words[..],
        &words[..5],
        &["liaison", "audit", "verify", "--dir", "d"],
    ] {
        let parsed = liaison::cli::command().try_get_matches_from(words);
        assert!(parsed.is_ok(), "{words:?}: {parsed:?}");
    }
}

#[test]
fn help_and_version_exit_with_0() {
    for words in [&["--help"][..], &["--version"], &["rfi", "send", "--help"]] {
        let output = liaison(words);
        assert_eq!(output.status.code(), Some(0), "{words:?}");
        assert!(!stdout(&output).is_empty(), "{words:?}");
    }
}

#[test]
fn wrong_usage_is_json_where_json_is_asked_for() {
    let output = liaison(&["rfi", "list", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let problem: Value = serde_json::from_slice(&output.stderr).expect("one JSON object");
    assert_eq!(problem["code"], "usage");
    assert_eq!(problem["type"], "/problems/usage");
}

#[test]
fn an_unknown_setting_is_refused_with_its_place() {
    let dir = folder("127.0.0.1:1");
    let file = dir.path().join("liaison.toml");
    let text = std::fs::read_to_string(&file).expect("written before");
    std::fs::write(&file, text + "[exchange]\nlisten_on = \"0.0.0.0:1\"\n").expect("written");
    let output = liaison(&["config", "check", "--dir", path(dir.path())]);
    assert_eq!(output.status.code(), Some(1));
    let error = stderr(&output);
    assert!(error.starts_with("error[config-invalid]: "), "{error}");
    assert!(
        error.contains("listen_on") && error.contains("line 9"),
        "{error}"
    );
    assert!(error.contains("\n  next: "), "{error}");
}

#[test]
fn a_valid_configuration_is_said_to_be() {
    let dir = folder("127.0.0.1:1");
    std::fs::remove_file(dir.path().join("officer")).expect("made before");
    let output = liaison(&["config", "check", "--json", "--dir", path(dir.path())]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let checked: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(checked["node"], "MK-1");
    let notes = checked["notes"].to_string();
    assert!(notes.contains("token file of officer"), "{notes}");
    assert!(!notes.contains("token file of contact"), "{notes}");
    let output = liaison(&["config", "check", "--dir", path(dir.path())]);
    assert!(
        stdout(&output)
            .lines()
            .all(|line| line.chars().count() <= 80)
    );
}

#[test]
fn a_folder_without_a_node_exits_with_4() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let output = liaison(&["rfi", "list", "--dir", path(dir.path())]);
    assert_eq!(output.status.code(), Some(4));
    assert!(stderr(&output).starts_with("error[no-node-here]: "));
}

#[test]
fn a_node_that_does_not_serve_exits_with_5() {
    // Port 1 is reserved, and nothing of ours listens there.
    let dir = folder("127.0.0.1:1");
    let output = liaison(&["status", "--json", "--dir", path(dir.path())]);
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
    let problem: Value = serde_json::from_slice(&output.stderr).expect("one JSON object");
    assert_eq!(problem["code"], "node-unreachable");
    assert!(problem.get("status").is_none());
}

#[test]
fn a_fault_in_a_toml_file_is_named_by_line_and_column() {
    let dir = folder("127.0.0.1:1");
    let file = dir.path().join("request.toml");
    std::fs::write(&file, "profile = \"bp-mou\"\nurgency = urgent\n").expect("written");
    let words = [
        "rfi",
        "send",
        "--dir",
        path(dir.path()),
        "--to",
        "TR",
        "--file",
    ];
    let output = liaison(&[&words[..], &[path(&file)]].concat());
    assert_eq!(output.status.code(), Some(1));
    let error = stderr(&output).replace("\n       ", " ");
    assert!(error.starts_with("error[toml-invalid]: "), "{error}");
    assert!(error.contains("request.toml, line 2, column 11"), "{error}");
}

#[test]
fn what_does_not_belong_in_a_toml_file_is_named_by_line_and_key_without_its_value() {
    let dir = folder("127.0.0.1:1");
    let file = dir.path().join("request.toml");
    let words = ["rfi", "send", "--to", "TR", "--dir", path(dir.path())];
    for (line, place) in [
        (
            "urgency = 34417",
            "request.toml, line 2, column 11, `urgency`: ",
        ),
        (
            "colour = \"34417\"",
            "request.toml, line 2, column 1, `colour`: ",
        ),
    ] {
        std::fs::write(&file, format!("profile = \"eu-2023-977\"\n{line}\n")).expect("written");
        let output = liaison(&[&words[..], &["--file", path(&file)]].concat());
        assert_eq!(output.status.code(), Some(1));
        let error = stderr(&output).replace("\n       ", " ");
        assert!(error.starts_with("error[toml-invalid]: "), "{error}");
        assert!(error.contains(place), "{error}");
        assert!(!error.contains("34417"), "{error}");
    }
}

#[test]
fn what_is_missing_in_a_toml_file_is_not_laid_to_its_first_key() {
    let dir = folder("127.0.0.1:1");
    let file = dir.path().join("request.toml");
    let words = ["rfi", "send", "--to", "TR", "--dir", path(dir.path())];
    let example = include_str!("../../deploy/examples/request.toml");
    let lines = example.lines();
    let lines = lines.filter(|line| !line.starts_with("purpose = ") && !line.starts_with('#'));
    std::fs::write(&file, lines.collect::<Vec<_>>().join("\n")).expect("written");
    let output = liaison(&[&words[..], &["--file", path(&file)]].concat());
    assert_eq!(output.status.code(), Some(1));
    let error = stderr(&output).replace("\n       ", " ");
    assert!(error.starts_with("error[toml-invalid]: "), "{error}");
    assert!(
        error.contains("request.toml: missing field `purpose`"),
        "{error}"
    );
    assert!(!error.contains("reference"), "{error}");
}

#[test]
fn a_token_that_is_not_given_is_asked_for_by_name() {
    let dir = folder("127.0.0.1:1");
    let words = ["status", "--dir", path(dir.path()), "--as", "admin"];
    let output = liaison(&words);
    assert_eq!(output.status.code(), Some(1));
    let error = stderr(&output);
    assert!(error.starts_with("error[token-missing]: "), "{error}");
    assert!(error.contains("LIAISON_TOKEN_FILE"), "{error}");
}

#[test]
fn no_secret_is_ever_an_argument() {
    fn walk(command: &clap::Command) {
        for argument in command.get_arguments() {
            let name = argument.get_id().as_str();
            let secret = name.contains("token") || name.contains("passphrase");
            assert!(!secret || name.ends_with("_file"), "{name}");
        }
        command.get_subcommands().for_each(walk);
    }
    walk(&liaison::cli::command());
}
