//! The manual: a page for each error code, topic and command.

use std::collections::BTreeSet;
use std::path::Path;

use crate::{liaison, path, stderr, stdout};

#[test]
fn every_error_code_has_a_page() {
    let missing: Vec<String> = codes()
        .into_iter()
        .filter(|code| liaison(&["help", code]).status.code() != Some(0))
        .collect();
    assert!(missing.is_empty(), "without a page: {missing:?}");
}

#[test]
fn codes_are_found_wherever_a_failure_takes_them_from() {
    let found = codes();
    for code in ["export-failed", "not-verified", "passkey-refused"] {
        assert!(found.contains(code), "{code} was not found");
    }
}

#[test]
fn no_error_code_has_two_entries() {
    let page = std::fs::read_to_string("docs/manual/errors.md").expect("the page");
    let mut seen = BTreeSet::new();
    let headings = page.lines().filter(|line| line.starts_with("## "));
    let twice: Vec<&str> = headings.filter(|heading| !seen.insert(*heading)).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn every_command_has_help_by_its_words_and_a_man_page() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let written = liaison(&["manual", "--out", path(out.path())]);
    assert_eq!(written.status.code(), Some(0), "{}", stderr(&written));
    let mut command = liaison::cli::command();
    command.build();
    let mut commands = Vec::new();
    collect(&command, &mut Vec::new(), &mut commands);
    for words in commands {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let shown = liaison(&[&["help"], &words[..]].concat());
        assert_eq!(shown.status.code(), Some(0), "{words:?}");
        let page = out.path().join(format!("liaison-{}.1", words.join("-")));
        assert!(page.exists(), "{}", page.display());
    }
}

#[test]
fn topics_fit_a_terminal_of_80_columns() {
    for entry in std::fs::read_dir("docs/manual").expect("the manual is there") {
        let file = entry.expect("an entry").path();
        let topic = file.file_stem().and_then(|stem| stem.to_str());
        let shown = stdout(&liaison(&["help", topic.expect("a topic")]));
        assert!(shown.starts_with("# "), "{}", file.display());
        for line in shown.lines() {
            assert!(line.chars().count() <= 80, "{}: {line}", file.display());
        }
    }
}

#[test]
fn what_is_no_topic_says_what_there_is() {
    let output = liaison(&["help", "dancing"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(stderr(&output).contains("requests"), "{}", stderr(&output));
}

fn collect(command: &clap::Command, words: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        words.push(sub.get_name().to_owned());
        found.push(words.clone());
        collect(sub, words, found);
        words.pop();
    }
}

/// Every stable code that the sources name: in a `code()` or a `let code`, or where a failure, problem or
/// alarm is made.
fn codes() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    read(Path::new("src"), &mut found);
    assert!(found.len() > 100, "only {} codes were found", found.len());
    found
}

fn read(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = std::fs::read_to_string(&path).expect("sources are UTF-8");
            for made in ["Exit::", "StatusCode::"] {
                found.extend(text.split(made).skip(1).filter_map(code_after_a_name));
            }
            let failures = text.split("Failure::new(").skip(1);
            found.extend(failures.filter_map(|rest| code_after_a_name(rest.trim_start())));
            for body in text.split("let code = match ").skip(1) {
                let body = body.split("};").next().unwrap_or_default();
                found.extend(body.split("=> \"").skip(1).filter_map(quoted));
            }
            found.extend(text.split("=> (").skip(1).filter_map(first_of_several));
            let alarms = text.split("alarm(").skip(1);
            found.extend(alarms.filter_map(|rest| quoted(rest.trim_start().strip_prefix('"')?)));
            for body in text.split("pub fn code(").skip(1) {
                let body = body.split("\n    }\n").next().unwrap_or_default();
                found.extend(body.split("=> \"").skip(1).filter_map(quoted));
            }
        }
    }
}

/// The code in `Failure, "code"`.
fn code_after_a_name(text: &str) -> Option<String> {
    let (_, rest) = text.split_once(|c: char| !c.is_alphanumeric() && c != '_')?;
    quoted(rest.trim_start().strip_prefix('"')?)
}

/// The code in `=> ("code", "what", …)`.
fn first_of_several(text: &str) -> Option<String> {
    let code = quoted(text.trim_start().strip_prefix('"')?)?;
    let rest = text.split_once(&format!("{code}\""))?.1;
    rest.trim_start_matches(',')
        .trim_start()
        .starts_with('"')
        .then_some(code)
}

fn quoted(text: &str) -> Option<String> {
    let (code, _) = text.split_once('"')?;
    let is_code = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (!code.is_empty() && code.chars().all(is_code)).then(|| code.to_owned())
}
