//! The offices of a demo that has played, with their nodes up.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock};

use liaison::config::{Addresses, Config};
use serde::Deserialize;
use tempfile::TempDir;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Nodes and browsers take a small machine whole, and the nodes have the addresses of the demo: one
/// stage stands at a time.
static STAGE: LazyLock<Arc<Mutex<()>>> = LazyLock::new(Arc::default);

/// What the demo left that played once: every stage begins there.
static PLAYED: LazyLock<Played> = LazyLock::new(Played::new);

struct Played {
    folder: PathBuf,
    nodes: Vec<Node>,
}

/// Offices that have played the demo, up again. Dropped, they stop.
pub struct Demo {
    serving: Vec<Child>,
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

impl Played {
    fn new() -> Self {
        // Nothing of a test's own is dropped at the end, so it lies where builds do.
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("played");
        let _gone = std::fs::remove_dir_all(&folder);
        let mut demo = program()
            .args(["demo", "--json", "--dir"])
            .arg(&folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut out = BufReader::new(demo.stdout.take().expect("it is piped"));
        let mut json = String::new();
        // The demo prints one JSON object and stays; what it printed is whole once it can be read.
        let printed = loop {
            let read = out.read_line(&mut json).expect("text");
            match serde_json::from_str::<Printed>(&json) {
                Ok(printed) => break printed,
                Err(_) if read > 0 => (),
                Err(error) => {
                    let mut said = String::new();
                    let stderr = demo.stderr.as_mut().expect("it is piped");
                    stderr.read_to_string(&mut said).expect("text");
                    panic!("the demo did not hold: {error}\n{said}");
                }
            }
        };
        stop(&mut [demo]);
        let nodes = printed.nodes;
        Self { folder, nodes }
    }
}

impl Demo {
    /// Starts its offices where it left them.
    pub async fn start() -> Self {
        let started = tokio::task::spawn_blocking(Self::started);
        started.await.expect("it starts")
    }

    fn started() -> Self {
        let alone = Arc::clone(&STAGE).blocking_lock_owned();
        let played = &*PLAYED;
        let folder = tempfile::tempdir().expect("a folder");
        let copied = Command::new("cp")
            .arg("-a")
            .arg(played.folder.join("."))
            .arg(folder.path())
            .status();
        assert!(copied.expect("cp runs").success(), "the folders are copied");
        let mut nodes = played.nodes.clone();
        for node in &mut nodes {
            let place = node.dir.strip_prefix(&played.folder);
            node.dir = folder.path().join(place.expect("it lies in there"));
        }
        let starting: Vec<_> = nodes.iter().map(Node::start).collect();
        let serving = starting.into_iter().map(until_it_serves).collect();
        for node in &mut nodes {
            node.console = node.origin();
        }
        Self {
            serving,
            nodes,
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
        stop(&mut self.serving);
    }
}

fn program() -> Command {
    Command::new(crate::program::program())
}

/// Reads what a node says until it serves; what it says later is read and dropped.
fn until_it_serves(mut child: Child) -> Child {
    let said = BufReader::new(child.stderr.take().expect("it is piped"));
    let mut lines = said.lines().map_while(Result::ok);
    assert!(
        lines.any(|line| line.contains("serving")),
        "the node does not serve"
    );
    std::thread::spawn(move || lines.for_each(drop));
    child
}

fn stop(children: &mut [Child]) {
    for child in &*children {
        let _asked = Command::new("kill").arg(child.id().to_string()).status();
    }
    for child in children {
        let _ended = child.wait();
    }
}

impl Node {
    fn start(&self) -> Child {
        let started = program()
            .args(["serve", "--dir"])
            .arg(&self.dir)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        started.expect("the program runs")
    }

    /// Where browsers reach the console of the serving node.
    fn origin(&self) -> String {
        let config = Config::load(&self.dir).expect("the office has a configuration");
        let addresses = Addresses::load(&config).expect("it can be read");
        let member = self.member.parse().expect("a member");
        let api = addresses.expect("the node serves").api;
        config.settings.console.origin(member, api)
    }

    pub fn code(&self, role: &str) -> &str {
        let found = self.users.iter().find(|user| user.role == role);
        &found.expect("the office has the role").code
    }

    /// Proposes, and signs, that a member is suspended; nobody else signs it.
    pub fn proposes_to_suspend(&self, member: &str) {
        let done = program()
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
