//! What the tests of the store share: a node's folder, its keys, and entries to write.

use std::path::{Path, PathBuf};
use std::process::Command;

use liaison::audit::{EntryKind, EventCode, Origin, SignedCheckpoint, Statement};
use liaison::base::{Digest, MessageId, Role, SeededEntropy, Timestamp};
use liaison::seal::at_rest::EpochSecret;
use liaison::seal::sign::SigningKey;
use liaison::store::{
    AppendError, FileLog, Log, MemoryLog, NewEntry, OpenError, Recovery, WriterEpoch,
};

use crate::facility;

/// A new folder, in memory where the system has a place for that: these tests cut no power.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

/// A node's folder with its log key and epoch.
pub struct Node {
    pub dir: tempfile::TempDir,
    pub key: SigningKey,
}

impl Node {
    /// A node with a new, empty log.
    pub fn new() -> Self {
        let node = Self {
            dir: folder(),
            key: log_key(),
        };
        FileLog::create(node.dir.path(), origin().node).unwrap();
        node
    }

    /// A copy of the node's folder as it is.
    pub fn copy(&self) -> Self {
        let copy = Self {
            dir: folder(),
            key: log_key(),
        };
        std::fs::create_dir(copy.log_folder()).unwrap();
        for file in std::fs::read_dir(self.log_folder()).unwrap() {
            let file = file.unwrap();
            let to = copy.log_folder().join(file.file_name());
            std::fs::copy(file.path(), to).unwrap();
        }
        copy
    }

    pub fn log_folder(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    pub fn try_open(&self) -> Result<(FileLog, Recovery), OpenError> {
        open(self.dir.path(), &self.key)
    }

    /// Opens the log, which must need no repair.
    pub fn open(&self) -> FileLog {
        let (log, recovery) = self.try_open().unwrap();
        assert_eq!(recovery.remarks, []);
        log
    }

    /// The segments' paths, ascending.
    pub fn segments(&self) -> Vec<PathBuf> {
        let mut segments: Vec<_> = std::fs::read_dir(self.log_folder())
            .unwrap()
            .map(|file| file.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "seg"))
            .collect();
        segments.sort();
        segments
    }
}

fn open(dir: &Path, key: &SigningKey) -> Result<(FileLog, Recovery), OpenError> {
    let secret = EpochSecret::from_bytes(&[5; 32]);
    FileLog::open(
        dir,
        origin().node,
        secret,
        &key.verifying_key().clone().into(),
    )
}

/// The variable that names the folder to a test that runs under strace.
pub const FOLDER: &str = "LIAISON_TEST_FOLDER";

/// Whether strace is here and may trace. Where it is not, the test is skipped.
pub fn strace_works() -> bool {
    let probe = Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .output();
    let works = probe.is_ok_and(|output| output.status.success());
    if !works {
        facility::skipped("strace", "it is not installed, or may not trace");
    }
    works
}

/// Runs an ignored test of this program in `dir`, while strace lets the calls of one name fail as
/// `fault` says. Gives what it said of its end behind `ended`; none where it was killed.
pub fn under_strace(test: &str, dir: &Path, call: &str, fault: &str) -> Option<String> {
    let output = Command::new("strace")
        .args(["-f", "-o", "/dev/null", "-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={call}:{fault}")])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(FOLDER, dir)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let ended = said.lines().find_map(|line| line.strip_prefix("ended "));
    ended.map(str::to_owned)
}

pub fn origin() -> Origin {
    Origin::first("MK-1".parse().unwrap())
}

pub fn log_key() -> SigningKey {
    SigningKey::generate(&mut SeededEntropy::new(77))
}

/// An entry that holds its number.
pub fn entry(number: u64) -> NewEntry {
    NewEntry {
        time: Timestamp::from_millis(1_774_188_120_000 + number as i64),
        kind: EntryKind::Collection,
        event: EventCode::RequestReceived,
        role: Role::Node,
        actor: [0; 16],
        exchange: [3; 16],
        peer: Some("SI".parse().unwrap()),
        shown: Vec::new(),
        statement: Statement::Received {
            sender: "SI-1".parse().unwrap(),
            id: MessageId::from_bytes([number as u8; 16]),
            leaf: Digest::of(&number.to_be_bytes()),
        },
        content: format!("content {number}").into_bytes(),
    }
}

/// Appends entries with the next `count` numbers.
pub fn append(
    log: &mut dyn Log,
    epoch: WriterEpoch,
    count: u64,
) -> Result<SignedCheckpoint, AppendError> {
    let size = log.size();
    let entries = (size..size + count).map(entry).collect();
    let mut entropy = SeededEntropy::new(size);
    log.append(size, epoch, entries, &log_key(), &mut entropy)
}

/// A log of any engine, which can be opened again as another process would.
pub trait Engine {
    fn open(&self) -> Box<dyn Log>;
}

impl Engine for Node {
    fn open(&self) -> Box<dyn Log> {
        Box::new(Self::open(self))
    }
}

impl Engine for MemoryLog {
    fn open(&self) -> Box<dyn Log> {
        Box::new(self.reopen())
    }
}

/// One of each engine, empty.
pub fn engines() -> Vec<Box<dyn Engine>> {
    vec![Box::new(MemoryLog::new(origin())), Box::new(Node::new())]
}
