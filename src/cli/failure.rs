//! How a command fails: what, why, what next, a stable code, and the exit code of the process.

use std::io::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use crate::api::Problem;
use crate::client::ClientError;
use crate::config::ConfigError;

/// What the process's exit code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The command did not do what it was asked.
    Failure = 1,
    /// The command line itself is wrong.
    Usage = 2,
    /// A verification found a fault.
    Unverified = 3,
    /// What was asked for is not there.
    NotFound = 4,
    /// The node, or the peer, does not answer.
    Unreachable = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command failed. Serialises as RFC 9457 problem details.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Failure(Box<Details>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Details {
    #[serde(skip)]
    exit: Exit,
    #[serde(rename = "type")]
    kind: String,
    title: String,
    /// The HTTP status, where a node refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    code: String,
    detail: String,
    next: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

impl Failure {
    /// A failure: the stable `code`, `what` happened in a few words that are the same for each
    /// code, `why` this time, and what can be done `next` (empty where nothing can).
    pub fn new(
        exit: Exit,
        code: &str,
        what: &str,
        why: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self(Box::new(Details {
            exit,
            kind: format!("/problems/{code}"),
            title: what.to_owned(),
            status: None,
            code: code.to_owned(),
            detail: why.into(),
            next: next.into(),
            field: None,
        }))
    }

    /// A file could not be read or written.
    pub fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        let exit = match error.kind() {
            std::io::ErrorKind::NotFound => Exit::NotFound,
            _ => Exit::Failure,
        };
        let next = match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                "name another one, or move that one away: no file is written over"
            }
            _ => "check the path, its permissions and the space on the disk",
        };
        Self::new(
            exit,
            "file",
            "a file cannot be used",
            format!("{}: {error}", path.display()),
            next,
        )
    }

    /// The same failure, with another reason.
    #[must_use]
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.0.detail = why.into();
        self
    }

    /// The stable code.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// Why it failed this time.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The process's exit code.
    pub fn exit(&self) -> Exit {
        self.0.exit
    }

    /// Writes the failure to standard error, as text or as one JSON object.
    pub fn print(&self, json: bool) {
        let mut stderr = std::io::stderr().lock();
        // Nothing is left to tell anybody if standard error is gone.
        let _ = if json {
            serde_json::to_writer(&mut stderr, self)
                .map_err(Into::into)
                .and_then(|()| writeln!(stderr))
        } else {
            write!(stderr, "{}", self.text())
        };
    }

    /// The failure as it is shown to a person.
    pub fn text(&self) -> String {
        use super::text::{clean, hang};
        let mut text = format!("error[{}]: {}\n", clean(&self.0.code), clean(&self.0.title));
        let mut part = |label: &str, words: &str| {
            if !words.is_empty() {
                text.push_str(&hang(&format!("  {label}: "), words));
            }
        };
        part("why", &self.0.detail);
        part("where", self.0.field.as_deref().unwrap_or_default());
        part("next", &self.0.next);
        text
    }
}

impl Failure {
    /// The same, with another exit code.
    pub(super) fn with_exit(mut self, exit: Exit) -> Self {
        self.0.exit = exit;
        self
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(Box::new(Details {
            exit: match problem.status {
                404 => Exit::NotFound,
                _ if problem.code.starts_with("stick-") || problem.code == "not-a-stick" => {
                    Exit::Unverified
                }
                502 | 504 => Exit::Unreachable,
                _ => Exit::Failure,
            },
            kind: problem.kind,
            title: problem.title,
            status: Some(problem.status),
            code: problem.code,
            detail: problem.detail,
            next: problem.next,
            field: problem.field,
        }))
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let why = error.to_string();
        match error {
            ClientError::Problem(problem) => (*problem).into(),
            ClientError::Unreachable { .. } => Self::new(
                Exit::Unreachable,
                "node-unreachable",
                "the node does not answer",
                why,
                "start it with `liaison serve --dir DIR`, or check [api] in its liaison.toml",
            ),
            ClientError::Interrupted { .. } => Self::new(
                Exit::Unreachable,
                "node-interrupted",
                "the node stopped answering",
                why,
                "what was asked may have happened: list it before asking again",
            ),
            ClientError::NotANode { .. } => Self::new(
                Exit::Unreachable,
                "not-a-node",
                "something else answers at the node's address",
                why,
                "check that the node runs, in this version, and that no other program has its port",
            ),
            ClientError::File { file, source } => Self::file(&file, &source),
            ClientError::WrongDigest { .. } => Self::new(
                Exit::Unverified,
                "attachment-altered",
                "the attachment is not what its message lists",
                why,
                "nothing was kept; save it again, and tell your administrator if it happens twice",
            ),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let why = error.to_string();
        let (exit, code, what, next) = match error {
            ConfigError::Missing { .. } => (
                Exit::NotFound,
                "no-node-here",
                "the folder holds no node",
                "give the node's folder with --dir, or make one with `liaison init`; a folder in which that was \
                 interrupted is removed first",
            ),
            ConfigError::Io { .. } => (
                Exit::Failure,
                "config-unreadable",
                "the configuration cannot be read or written",
                "check the file's owner and permissions",
            ),
            ConfigError::Exists { .. } => (
                Exit::Failure,
                "node-exists",
                "the folder already holds a node",
                "take another folder: a node's keys and log are never overwritten",
            ),
            ConfigError::Syntax { .. } => (
                Exit::Failure,
                "config-invalid",
                "the configuration is not valid",
                "correct that line; the comments in the file explain each setting",
            ),
            ConfigError::Value { .. } => (
                Exit::Failure,
                "config-value",
                "a setting cannot serve",
                "correct it; the comments in the file explain each setting",
            ),
        };
        Self::new(exit, code, what, why, next)
    }
}
