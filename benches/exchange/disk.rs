//! The log in files, beside plain appends of the same bytes to a file in the same folder.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use liaison::audit::{Checkpoint, EntryKind, EventCode, Origin, Statement};
use liaison::base::{Digest, Entropy, MessageId, OsEntropy, Role, Timestamp};
use liaison::seal::at_rest::EpochSecret;
use liaison::seal::sign::{HybridSignature, SigningKey};
use liaison::store::{CheckpointSigner, FileLog, Log as _, NewEntry, WriterEpoch};

use crate::crypto::BODY;
use crate::sample::{Samples, micros, quantile};

/// Groups of these sizes are measured; the last is the largest that the driver makes.
pub const GROUPS: [(usize, &str, &str); 3] = [
    (1, "append-1", "fdatasync-1"),
    (64, "append-64", "fdatasync-64"),
    (512, "append-512", "fdatasync-512"),
];

/// Signs with the log's key.
struct Signer(SigningKey);

impl CheckpointSigner for Signer {
    fn sign(&self, checkpoint: &Checkpoint, entropy: &mut dyn Entropy) -> HybridSignature {
        CheckpointSigner::sign(&self.0, checkpoint, entropy)
    }
}

/// A log and a plain file in one folder.
pub struct Disk {
    folder: PathBuf,
    log: FileLog,
    writer: WriterEpoch,
    signer: Signer,
    plain: File,
    count: usize,
}

impl Disk {
    /// Makes both in `dir`; a round writes `count` groups of each size.
    pub fn new(dir: &Path, count: usize) -> Self {
        let origin = Origin::first("MK-1".parse().expect("it is a node"));
        FileLog::create(dir, origin.node).expect("the folder takes a log");
        let signer = Signer(SigningKey::generate(&mut OsEntropy));
        let secret = EpochSecret::from_bytes(&[7; 32]);
        let key = signer.0.verifying_key().clone();
        let (mut log, _) =
            FileLog::open(dir, origin.node, secret, &key.into()).expect("the log opens");
        let writer = log.take_over().expect("nobody else writes");
        let plain = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(dir.join("plain"))
            .expect("the folder takes a file");
        Self {
            folder: dir.join("log"),
            log,
            writer,
            signer,
            plain,
            count,
        }
    }

    /// One round: for each size a group to the log, then as many bytes to the plain file, by turns.
    pub fn round(&mut self, samples: &mut Samples) {
        for (size, append, floor) in GROUPS {
            let (mut product, mut plain) = (Vec::new(), Vec::new());
            // A segment that begins costs more, and its header is not the group's.
            self.append(size);
            for _ in 0..self.count {
                let before = segments_len(&self.folder);
                product.push(self.append(size));
                let written = segments_len(&self.folder).saturating_sub(before);
                plain.push(self.plain(usize::try_from(written).expect("a group is small")));
            }
            samples.add(append, quantile(&product, 0.5));
            samples.add(floor, quantile(&plain, 0.5));
        }
    }

    /// Appends so many bytes to the plain file, and syncs; in microseconds.
    pub fn plain(&mut self, len: usize) -> f64 {
        let bytes = vec![5; len];
        let start = Instant::now();
        self.plain.write_all(&bytes).expect("there is room");
        self.plain.sync_data().expect("the disk syncs");
        micros(start)
    }

    fn append(&mut self, size: usize) -> f64 {
        let entries = (0..size).map(|_| entry()).collect();
        let start = Instant::now();
        let at = self.log.size();
        let appended = self
            .log
            .append(at, self.writer, entries, &self.signer, &mut OsEntropy);
        appended.expect("the log takes the group");
        micros(start)
    }
}

fn entry() -> NewEntry {
    NewEntry {
        time: Timestamp::system(),
        kind: EntryKind::Collection,
        event: EventCode::RequestReceived,
        role: Role::Node,
        actor: [1; 16],
        exchange: [2; 16],
        peer: None,
        shown: Vec::new(),
        statement: Statement::Sent {
            id: MessageId::from_bytes([3; 16]),
            leaf: Digest::EMPTY,
        },
        content: vec![4; BODY],
    }
}

/// Bytes in the segments of a log's folder.
pub fn segments_len(folder: &Path) -> u64 {
    files_len(folder, Some("seg"))
}

/// Bytes of the files in a folder, of one extension or of any.
pub fn files_len(folder: &Path, extension: Option<&str>) -> u64 {
    let mut len = 0;
    for file in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = file.path();
        let wanted = extension.is_none_or(|wanted| path.extension().is_some_and(|e| e == wanted));
        match file.metadata() {
            Ok(meta) if meta.is_dir() => len += files_len(&path, extension),
            Ok(meta) if wanted => len += meta.len(),
            Ok(_) | Err(_) => {}
        }
    }
    len
}
