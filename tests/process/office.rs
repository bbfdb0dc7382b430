//! One office: its folder, and its node as a process of its own.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use liaison::api::{ExchangeSummary, Health};
use liaison::base::{MemberId, NodeId};
use liaison::client::{Client, ClientError};
use liaison::config::{Addresses, Config};
use liaison::node::Folder;

use super::run::{Call, program};
use super::world::{block, until};

/// How long a node may take to serve, on a slow and busy machine too.
const STARTING: Duration = Duration::from_secs(60);
/// How long it may take to stop in order.
const STOPPING: Duration = Duration::from_secs(30);

/// One office.
pub struct Office {
    pub member: MemberId,
    pub dir: PathBuf,
    node: Mutex<Node>,
}

#[derive(Default)]
struct Node {
    child: Option<Child>,
    starts: usize,
}

impl Office {
    pub fn new(member: &str, dir: PathBuf) -> Self {
        Self {
            member: member.parse().expect("a well-formed member"),
            dir,
            node: Mutex::default(),
        }
    }

    fn node(&self) -> MutexGuard<'_, Node> {
        self.node.lock().expect("no test panics under this lock")
    }

    /// Starts the node, and gives at once.
    pub fn start(&self) {
        self.start_as(program());
    }

    /// As [`Office::start`], with so many files that it may have open.
    pub fn start_with_files(&self, files: u32) {
        let mut limited = Command::new("prlimit");
        limited.arg(format!("--nofile={files}:{files}"));
        self.start_under(limited);
    }

    /// As [`Office::start`], by another program that runs it.
    pub fn start_under(&self, mut other: Command) {
        other.arg(program().get_program());
        self.start_as(other);
    }

    fn start_as(&self, mut program: Command) {
        let mut node = self.node();
        assert!(node.child.is_none(), "{} runs already", self.member);
        node.starts += 1;
        let log = File::create(self.log(node.starts)).expect("a file for what the node says");
        let child = program
            .arg("serve")
            .arg("--dir")
            .arg(&self.dir)
            .arg("--stop-with-stdin")
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn();
        node.child = Some(child.expect("the program runs"));
    }

    /// The number of the node's process.
    pub fn process(&self) -> u32 {
        self.node().child.as_ref().expect("it runs").id()
    }

    /// Memory of the node's own that is in use, in bytes.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process()));
        let status = status.expect("the process is there");
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("RssAnon:"));
        let line = line.expect("Linux tells").trim();
        let kib = line.strip_suffix("kB").expect("in kB").trim();
        kib.parse::<u64>().expect("a number") * 1024
    }

    /// Threads of the node.
    pub fn threads(&self) -> usize {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.process()));
        threads.expect("the process is there").count()
    }

    fn log(&self, start: usize) -> PathBuf {
        self.dir.with_extension(format!("{start}.log"))
    }

    /// Starts the node and waits until it serves. Gives how long that took.
    pub fn serve(&self) -> Duration {
        let began = Instant::now();
        self.start();
        self.serves();
        began.elapsed()
    }

    /// Waits until the node serves.
    pub fn serves(&self) {
        until(STARTING, &format!("{} serves", self.member), || {
            if let Some(status) = self.ended() {
                panic!("{} ended ({status}): {}", self.member, self.said());
            }
            self.health()
        });
    }

    /// What the node has said since its last start.
    pub fn said(&self) -> String {
        let start = self.node().starts;
        std::fs::read_to_string(self.log(start)).expect("what the node says")
    }

    /// Kills the node as a power cut or an operator's `kill -9` would: it gets no word.
    pub fn kill(&self) {
        let mut node = self.node();
        let mut child = node.child.take().expect("the node runs");
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }

    /// Stops the node in order.
    pub fn stop(&self) {
        drop(self.node().child.as_mut().expect("it runs").stdin.take());
        let status = self.end_within(STOPPING);
        assert!(status.success(), "{}: {status}", self.said());
    }

    /// Waits until the node has ended of itself.
    pub fn end_within(&self, patience: Duration) -> ExitStatus {
        let status = until(patience, &format!("{} ends", self.member), || self.ended());
        self.node().child = None;
        status
    }

    /// The node's exit status, if it has ended.
    pub fn ended(&self) -> Option<ExitStatus> {
        let mut node = self.node();
        let child = node.child.as_mut().expect("the node was started");
        child.try_wait().expect("its state can be asked")
    }

    /// The API of the running node, as a person with this role; none while it is not known.
    pub fn try_client(&self, role: &str) -> Option<Client> {
        let config = Config::load(&self.dir).expect("a valid configuration");
        let addresses = Addresses::load(&config).ok()??;
        let token = std::fs::read_to_string(self.token(role)).expect("a token");
        Some(Client::new(addresses.api, token.trim().to_owned().into()))
    }

    pub fn client(&self, role: &str) -> Client {
        let what = format!("{} has an address", self.member);
        until(STARTING, &what, || self.try_client(role))
    }

    /// The file with the token of this role's person.
    pub fn token(&self, role: &str) -> PathBuf {
        self.dir.join("tokens").join(role)
    }

    /// The node's state; none while it does not answer.
    pub fn health(&self) -> Option<Health> {
        let client = self.try_client("auditor")?;
        block(client.health()).ok()
    }

    /// All exchanges that the node lists.
    pub fn exchanges(&self) -> Result<Vec<ExchangeSummary>, ClientError> {
        let client = self.client("officer");
        let (mut all, mut cursor) = (Vec::new(), None);
        loop {
            let page = block(client.exchanges(None, (None, None), Some(100), cursor.as_deref()))?;
            all.extend(page.items);
            match page.next {
                Some(next) => cursor = Some(next),
                None => return Ok(all),
            }
        }
    }

    /// Where the node takes datagrams, as another office has it listed.
    pub fn datagrams_by(&self, other: &Self) -> SocketAddr {
        let directory = Folder(other.dir.clone()).directory().expect("trust files");
        let directory = directory.expect("a trust list");
        let address = directory.address(NodeId::first(self.member));
        address.expect("it is listed").parse().expect("an address")
    }

    /// A command on this office's folder.
    pub fn call(&self, command: &str) -> Call {
        Call::of(command).dir(&self.dir)
    }

    pub fn part(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The files of the log's segments, in order.
    pub fn segments(&self) -> Vec<PathBuf> {
        let mut segments = files(&self.part("log"));
        segments.retain(|file| file.extension().is_some_and(|ext| ext == "seg"));
        segments
    }

    /// Verifies the whole log, and gives the number of its entries.
    pub fn verified(&self) -> u64 {
        let verified = self.call("audit verify").run().done();
        verified["entries"].as_u64().expect("a number of entries")
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        let node = self.node.get_mut();
        if let Ok(Some(child)) = node.map(|node| node.child.as_mut()) {
            // Its test has ended, well or not.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The files in a folder, in the order of their names.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(folder).expect("the folder is there");
    let mut files: Vec<_> = listed.map(|file| file.expect("a file").path()).collect();
    files.sort();
    files
}
