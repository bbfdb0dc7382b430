//! Runs the program's own public commands, each as a process, as a person's shell would.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};

/// Variables that would lead a command away from the demo's own folders.
const NOT_INHERITED: [&str; 2] = ["LIAISON_PASSPHRASE_FILE", "LIAISON_TOKEN_FILE"];

/// Why a step did not hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// A command failed.
    Command {
        /// The command, as it would be typed.
        command: String,
        /// Its exit code; none where a signal ended it.
        exit: Option<i32>,
        /// The problem that it printed, or its text.
        problem: Value,
    },
    /// Something was not as it should be.
    Unexpected(String),
}

impl Fault {
    /// The exit code, where a command failed with one.
    pub fn exit(&self) -> Option<i32> {
        match self {
            Self::Command { exit, .. } => *exit,
            Self::Unexpected(_) => None,
        }
    }

    /// A line for a person.
    pub fn text(&self) -> String {
        match self {
            Self::Command { command, exit, .. } => {
                let exit = exit.map_or("a signal".to_owned(), |code| format!("exit {code}"));
                format!("`{command}` ended with {exit}: {}", self.told())
            }
            Self::Unexpected(text) => text.clone(),
        }
    }

    /// What the command told, or what was unexpected.
    pub fn told(&self) -> String {
        match self {
            Self::Command { problem, .. } => match (&problem["title"], &problem["detail"]) {
                (Value::String(what), Value::String(why)) => format!("{what}: {why}"),
                _ => problem.to_string(),
            },
            Self::Unexpected(text) => text.clone(),
        }
    }

    /// For the JSON of the step that did not hold.
    pub fn json(&self) -> Value {
        match self {
            Self::Command {
                command,
                exit,
                problem,
            } => json!({ "command": command, "exit": exit, "problem": problem }),
            Self::Unexpected(text) => json!({ "unexpected": text }),
        }
    }
}

/// Holds what is to be as `what` says.
///
/// # Errors
/// [`Fault::Unexpected`] with `what` where it is not.
pub fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), Fault> {
    match holds {
        true => Ok(()),
        false => Err(Fault::Unexpected(what())),
    }
}

/// The program itself.
#[derive(Debug, Clone)]
pub struct Program(PathBuf);

impl Program {
    /// The running program's own file.
    ///
    /// # Errors
    /// Where the system does not tell it.
    pub fn own() -> std::io::Result<Self> {
        std::env::current_exe().map(Self)
    }

    /// A command of the program, without the variables that would lead it elsewhere.
    pub fn command(&self) -> std::process::Command {
        let mut command = std::process::Command::new(&self.0);
        for variable in NOT_INHERITED {
            command.env_remove(variable);
        }
        command
    }

    /// Runs a call and reads the JSON that it prints.
    ///
    /// # Errors
    /// [`Fault::Command`] where it fails or prints something else.
    pub async fn run(&self, call: Call) -> Result<Value, Fault> {
        let typed = call.typed();
        let failed = |exit, problem| Fault::Command {
            command: typed.clone(),
            exit,
            problem,
        };
        let output = tokio::process::Command::from(self.command())
            .args(call.words)
            .arg("--json")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|error| failed(None, Value::String(error.to_string())))?;
        let text = |bytes: &[u8]| Value::String(String::from_utf8_lossy(bytes).into_owned());
        if output.status.success() {
            return serde_json::from_slice(&output.stdout)
                .map_err(|_| failed(output.status.code(), text(&output.stdout)));
        }
        let problem =
            serde_json::from_slice(&output.stderr).unwrap_or_else(|_| text(&output.stderr));
        Err(failed(output.status.code(), problem))
    }
}

/// A command's words.
#[derive(Debug, Clone)]
pub struct Call {
    words: Vec<OsString>,
}

impl Call {
    /// A call of a command, such as `rfi send`.
    pub fn of(command: &str) -> Self {
        Self {
            words: command.split(' ').map(OsString::from).collect(),
        }
    }

    /// `--dir`.
    #[must_use]
    pub fn dir(self, dir: &Path) -> Self {
        self.option("--dir", dir)
    }

    /// An option with its value.
    #[must_use]
    pub fn option(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.words.push(name.into());
        self.words.push(value.as_ref().into());
        self
    }

    /// A value without a name.
    #[must_use]
    pub fn value(mut self, value: impl AsRef<OsStr>) -> Self {
        self.words.push(value.as_ref().into());
        self
    }

    /// The call as a person would type it.
    pub fn typed(&self) -> String {
        let mut typed = "liaison".to_owned();
        for word in &self.words {
            let word = word.to_string_lossy();
            typed += &match word.contains([' ', '"', '\'']) {
                true => format!(" {word:?}"),
                false => format!(" {word}"),
            };
        }
        typed
    }
}
