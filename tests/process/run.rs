//! Runs the program's public commands, each as a process, as a person's shell would.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, Stdio};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::facility;

/// A command of the program, with nothing of this machine's settings in it.
pub fn program() -> Command {
    let mut program = Command::new(crate::program::program());
    program
        .env_remove("LIAISON_TOKEN_FILE")
        .env_remove("LIAISON_PASSPHRASE_FILE")
        .env_remove("LIAISON_LOG")
        .env_remove("CREDENTIALS_DIRECTORY")
        .env("TZ", "UTC")
        .stdin(Stdio::null());
    program
}

/// Whether strace is here and may see which files the program writes. Where it is not, the test is skipped.
pub fn strace_works() -> bool {
    let calls = tempfile::NamedTempFile::new().expect("room for a small file");
    let mut probe = Command::new("strace");
    probe.args(["-y", "-e", "trace=write", "-o"]);
    probe.arg(calls.path()).arg(program().get_program());
    let probe = probe.arg("--version").output();
    let seen = std::fs::read_to_string(calls.path()).unwrap_or_default();
    let works = probe.is_ok_and(|output| output.status.success()) && seen.contains("write(1<");
    if !works {
        facility::skipped("strace", "it is not installed, or may not trace");
    }
    works
}

/// The words of a command.
#[derive(Debug, Clone)]
pub struct Call(Vec<OsString>);

impl Call {
    /// A call of a command, such as `rfi send`.
    pub fn of(command: &str) -> Self {
        Self(command.split(' ').map(OsString::from).collect())
    }

    pub fn dir(self, dir: &Path) -> Self {
        self.option("--dir", dir)
    }

    pub fn option(self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.word(name).word(value)
    }

    pub fn word(mut self, word: impl AsRef<OsStr>) -> Self {
        self.0.push(word.as_ref().into());
        self
    }

    /// Runs it with `--json` and waits for its end.
    pub fn run(&self) -> Ran {
        self.ran(program())
    }

    /// Runs it with `--json` by another program.
    pub fn under(&self, mut other: Command) -> Ran {
        other.arg(program().get_program());
        self.ran(other)
    }

    /// Runs it with `--json` under strace, which writes to `calls` what was synced and renamed.
    pub fn traced(&self, calls: &Path) -> Ran {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-y", "-e", "trace=/^(fsync|rename.*)$", "-o"]);
        strace.arg(calls);
        self.under(strace)
    }

    fn ran(&self, mut program: Command) -> Ran {
        let output = program
            .args(&self.0)
            .arg("--json")
            .output()
            .expect("the program runs");
        Ran {
            typed: self
                .0
                .iter()
                .map(|word| word.to_string_lossy())
                .collect::<Vec<_>>()
                .join(" "),
            exit: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("outcomes are UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("errors are UTF-8"),
        }
    }

    /// Runs it as a person sees it, without `--json`.
    pub fn run_as_text(&self) -> (Option<i32>, String, String) {
        let output = program().args(&self.0).output().expect("the program runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    }
}

/// A command that has ended.
#[derive(Debug)]
pub struct Ran {
    pub typed: String,
    pub exit: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// What it printed, if it did what it was asked.
    #[track_caller]
    pub fn done(&self) -> Value {
        assert_eq!(self.exit, Some(0), "`{}`: {}", self.typed, self.stderr);
        serde_json::from_str(&self.stdout).expect("a command prints one JSON object")
    }

    /// As [`Ran::done`], of the shape that the command promises.
    #[track_caller]
    pub fn read<T: DeserializeOwned>(&self) -> T {
        serde_json::from_value(self.done()).expect("the shape of this command's outcome")
    }

    /// The problem that it printed, if it failed with this exit code and this stable code.
    #[track_caller]
    pub fn failed(&self, exit: i32, code: &str) -> Value {
        let told = (self.exit, self.problem_code());
        let wanted = (Some(exit), code.to_owned());
        assert_eq!(
            told, wanted,
            "`{}`: {}{}",
            self.typed, self.stdout, self.stderr
        );
        assert!(self.stdout.is_empty(), "`{}`: {}", self.typed, self.stdout);
        let problem: Value = serde_json::from_str(&self.stderr).expect("one JSON object");
        for part in ["title", "detail", "next"] {
            let text = problem[part].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "`{}` says no {part}", self.typed);
        }
        problem
    }

    /// The stable code of the problem on standard error; empty where there is none.
    pub fn problem_code(&self) -> String {
        let problem: Option<Value> = serde_json::from_str(&self.stderr).ok();
        problem
            .and_then(|problem| problem["code"].as_str().map(ToOwned::to_owned))
            .unwrap_or_default()
    }
}
