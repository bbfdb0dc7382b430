//! A demo that has played, with its nodes up.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use tempfile::TempDir;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// A demo and its browsers take a small machine whole, so one stands at a time.
static STAGE: LazyLock<Arc<Mutex<()>>> = LazyLock::new(Arc::default);

/// A demo. Dropped, it stops with its nodes.
pub struct Demo {
    process: Child,
    nodes: Vec<Node>,
    _folder: TempDir,
    _alone: OwnedMutexGuard<()>,
}

/// One of its nodes.
#[derive(Debug, Clone, Deserialize)]
pub struct Node {
    pub member: String,
    pub dir: PathBuf,
    pub console: String,
    pub users: Vec<User>,
}

/// A person who has not signed in yet.
#[derive(Debug, Clone, Deserialize)]
pub struct User {
    pub role: String,
    pub code: String,
}

#[derive(Deserialize)]
struct Printed {
    nodes: Vec<Node>,
}

impl Demo {
    /// Plays one.
    pub async fn play() -> Self {
        let played = tokio::task::spawn_blocking(Self::played);
        played.await.expect("it plays")
    }

    fn played() -> Self {
        let alone = Arc::clone(&STAGE).blocking_lock_owned();
        let folder = tempfile::tempdir().expect("a folder");
        let mut process = Command::new(env!("CARGO_BIN_EXE_liaison"))
            .args(["demo", "--json", "--dir"])
            .arg(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut out = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut json = String::new();
        // The demo prints one JSON object and stays; what it printed is whole once it can be read.
        let printed = loop {
            let read = out.read_line(&mut json).expect("text");
            match serde_json::from_str::<Printed>(&json) {
                Ok(printed) => break printed,
                Err(_) if read > 0 => (),
                Err(error) => {
                    let mut said = String::new();
                    let stderr = process.stderr.as_mut().expect("it is piped");
                    stderr.read_to_string(&mut said).expect("text");
                    panic!("the demo did not hold: {error}\n{said}");
                }
            }
        };
        Self {
            process,
            nodes: printed.nodes,
            _folder: folder,
            _alone: alone,
        }
    }

    pub fn node(&self, member: &str) -> &Node {
        let found = self.nodes.iter().find(|node| node.member == member);
        found.expect("the demo has the member")
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Its nodes stop when it does.
        let _asked = Command::new("kill")
            .arg(self.process.id().to_string())
            .status();
        let _ended = self.process.wait();
    }
}

impl Node {
    pub fn code(&self, role: &str) -> &str {
        let found = self.users.iter().find(|user| user.role == role);
        &found.expect("the office has the role").code
    }

    /// Proposes, and signs, that a member is suspended; nobody else signs it.
    pub fn proposes_to_suspend(&self, member: &str) {
        let done = Command::new(env!("CARGO_BIN_EXE_liaison"))
            .args(["trust", "suspend", "--reason", "its keys were stolen"])
            .args(["--member", member, "--dir"])
            .arg(&self.dir)
            .arg("--out")
            .arg(self.dir.with_extension("suspension"))
            .output()
            .expect("the program runs");
        assert!(done.status.success(), "{done:?}");
    }

    pub fn page(&self, path: &str) -> String {
        format!("{}{path}", self.console)
    }
}
