//! Making a log, and opening one: what is whole is taken, what was never finished is cut off,
//! and anything else is refused before it is touched.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::{FOLDER, FileLog, OpenSegment, Places};
use crate::audit::{AuditFailure, CheckpointFault, Origin};
use crate::base::NodeId;
use crate::seal::at_rest::{EpochFileError, Epochs, FIRST_EPOCH};
use crate::seal::trust::LogKeys;
use crate::store::anchor::{self, Anchor, AnchorFile};
use crate::store::ballast::{Ballast, RESERVE};
use crate::store::files;
use crate::store::keyring::{self, Keyring};
use crate::store::log::WriterEpoch;
use crate::store::segment::{self, SEGMENT_LEN};
use crate::store::walk::{self, Last, Tail};

const LOCK: &str = "lock";

/// Why a log cannot be opened or made.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the log open.
    #[error("the log is in use by another process")]
    Locked,
    /// There is a log already where one was to be made.
    #[error("there is a log already")]
    Exists,
    /// The log is not whole. Nothing was changed.
    #[error(transparent)]
    Damaged(#[from] AuditFailure),
    /// The secret that the log's contents hang on cannot be opened.
    #[error(transparent)]
    Epoch(#[from] EpochFileError),
    /// The file system failed.
    #[error("the log cannot be opened: {0}")]
    Io(#[from] io::Error),
}

impl OpenError {
    /// A stable name for the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Locked => "log-locked",
            Self::Exists => "log-exists",
            Self::Damaged(failure) => failure.code(),
            Self::Epoch(_) => "log-epoch",
            Self::Io(_) => "log-io",
        }
    }
}

/// Something to know about a log that is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remark {
    /// A group at the end, never acknowledged, had no checkpoint. Recovery cuts it off; peers may
    /// be asked for their highest known head before the next append.
    TailCut {
        /// The first index of the segment that it was in.
        segment: u64,
        /// How long it was, in bytes.
        bytes: u64,
        /// How many whole entries it had.
        entries: u64,
    },
    /// The anchor was damaged in one of its two slots, or beside them. Recovery writes it anew.
    AnchorDamaged,
    /// The anchor lagged behind the log, as it may after a power cut.
    AnchorBehind {
        /// How many entries the anchor knew of.
        anchor: u64,
    },
    /// The disk was full, and recovery gave up the ballast to make room.
    BallastReleased,
}

impl Remark {
    /// A stable name for the remark.
    pub fn code(self) -> &'static str {
        match self {
            Self::TailCut { .. } => "tail-cut",
            Self::AnchorDamaged => "anchor-damaged",
            Self::AnchorBehind { .. } => "anchor-behind",
            Self::BallastReleased => "ballast-released",
        }
    }

    /// The remark in words, for an operator.
    pub fn in_words(self) -> String {
        match self {
            Self::TailCut { bytes, .. } => format!(
                "a write that was never acknowledged stood unfinished at the end of the log ({bytes} bytes)"
            ),
            Self::AnchorDamaged => {
                "the anchor was damaged in one of its slots; the log itself is whole".to_owned()
            }
            Self::AnchorBehind { anchor } => {
                format!(
                    "the anchor lagged behind the log, at {anchor} entries, as it may after a crash"
                )
            }
            Self::BallastReleased => {
                "the disk was full: the ballast was given up to make room; free space soon"
                    .to_owned()
            }
        }
    }
}

/// What opening a log found and put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// How many entries the log has.
    pub size: u64,
    /// What is to be known.
    pub remarks: Vec<Remark>,
}

impl FileLog {
    /// Makes a new, empty log in the node's folder `dir`, which must exist. A node does this once,
    /// so that a log that was lost is never taken for a new one.
    ///
    /// # Errors
    /// [`OpenError::Exists`] if any file of a log is there.
    pub fn create(dir: &Path, node: NodeId) -> Result<(), OpenError> {
        let folder = dir.join(FOLDER);
        files::make_folder(&folder)?;
        let _lock = lock(&folder)?;
        for file in folder.read_dir()? {
            let name = file?.file_name();
            if name == anchor::FILE_NAME || name.to_string_lossy().ends_with(".seg") {
                return Err(OpenError::Exists);
            }
        }
        let head = anchor::empty_head(Origin::first(node));
        files::replace(&folder, anchor::FILE_NAME, &anchor::encode(&head))?;
        Ok(())
    }

    /// Opens the log in the node's folder `dir`: reads all of it, checks every checksum and
    /// root, the newest checkpoint's signature under the log's `keys`, and the anchor, and cuts off a group
    /// that was never finished. Signatures of older checkpoints and sealed contents are left to
    /// [`verify_folder`](crate::store::verify_folder).
    ///
    /// # Errors
    /// [`OpenError::Damaged`] with the first fault, in which case nothing was changed.
    pub fn open(
        dir: &Path,
        node: NodeId,
        epochs: impl Into<Epochs>,
        keys: &LogKeys,
    ) -> Result<(Self, Recovery), OpenError> {
        let epochs = epochs.into();
        let folder = dir.join(FOLDER);
        let lock = match lock(&folder) {
            Err(OpenError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                let place = FOLDER.to_owned();
                return Err(AuditFailure::Missing { place }.into());
            }
            other => other?,
        };
        let anchor = Anchor::read(&folder)?;
        let mut places = Places::default();
        let walked = walk::walk(&folder, node, anchor.size(), &mut places)?;
        let origin = walked.origin;
        let size = walked.tree.size();
        if let Some(head) = &walked.head {
            head.verify_of(keys).map_err(|_| AuditFailure::Checkpoint {
                from: places.checkpoints.iter().rev().nth(1).map_or(0, |at| at.0),
                size,
                fault: CheckpointFault::Signature,
            })?;
        }
        let anchored = anchor.check(origin, &walked.tree, keys)?;
        let keyring = open_keyring(&folder, node, size)?;
        let epoch = keyring
            .as_ref()
            .map_or(FIRST_EPOCH, |keyring| keyring.epoch);
        let epoch_secret = epochs.secret(epoch)?;
        // A change of epoch that a crash broke off is finished, or undone.
        epochs.destroy_others(epoch)?;
        Keyring::remove_unfinished(&folder)?;

        let mut remarks = Vec::new();
        let ballast = Ballast::of(&folder);
        if ballast.settle(RESERVE)? {
            remarks.push(Remark::BallastReleased);
        }
        if let Some(tail) = walked.tail {
            cut(&folder, tail)?;
            places
                .segments
                .retain(|first| tail.keep > 0 || *first != tail.segment);
            remarks.push(tail.into());
        }
        let current = match walked.last {
            None => None,
            Some(last) => {
                let file = store_again(&folder, &last)?;
                let (first, len) = (last.segment, last.len);
                Some(OpenSegment { first, len, file })
            }
        };
        if anchored < size {
            remarks.push(Remark::AnchorBehind { anchor: anchored });
        }
        let empty = anchor::empty_head(origin);
        let head = walked.head.as_ref().unwrap_or(&empty);
        if !anchor.is_whole() {
            remarks.push(Remark::AnchorDamaged);
            files::replace(&folder, anchor::FILE_NAME, &anchor::encode(head))?;
        }
        let anchor = AnchorFile::open(&folder)?;
        anchor.note_durably(head)?;
        let log = Self {
            folder,
            origin,
            begun: walked.begun,
            epochs,
            epoch,
            epoch_secret,
            keyring,
            writer: WriterEpoch(0),
            tree: walked.tree,
            head: walked.head,
            recent: Vec::new(),
            places,
            current,
            closed: RefCell::default(),
            anchor,
            ballast,
            segment_len: SEGMENT_LEN,
            in_doubt: false,
            _lock: lock,
        };
        Ok((log, Recovery { size, remarks }))
    }
}

impl From<Tail> for Remark {
    fn from(tail: Tail) -> Self {
        Self::TailCut {
            segment: tail.segment,
            bytes: tail.bytes,
            entries: tail.entries,
        }
    }
}

/// The keyring of a log with `size` entries.
fn open_keyring(folder: &Path, node: NodeId, size: u64) -> Result<Option<Keyring>, OpenError> {
    let place = format!("{FOLDER}/{}", keyring::FILE_NAME);
    match Keyring::open(folder, node) {
        Ok(Some(keyring)) if keyring.entries > size => {
            Err(AuditFailure::Malformed { place, offset: 0 }.into())
        }
        Ok(keyring) => Ok(keyring),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
            ) =>
        {
            Err(AuditFailure::Malformed { place, offset: 0 }.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// The folder's lock. The system gives it back when the process ends.
#[derive(Debug)]
pub(super) struct FolderLock(File);

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Closing the file would not do while a process that is just being started has a copy of
        // it. If this fails, the end of both gives the lock back.
        let _ = self.0.unlock();
    }
}

fn lock(folder: &Path) -> Result<FolderLock, OpenError> {
    let mut options = OpenOptions::new();
    let file = options
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(FolderLock(file)),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Makes the last group durable, and gives its segment. A process that was killed may have left it whole
/// and not stored. After a sync that failed it is in memory alone, where the system takes it for stored: a
/// further sync would write nothing of it. The anchor must not get ahead of it.
fn store_again(folder: &Path, last: &Last) -> io::Result<File> {
    let path = folder.join(segment::file_name(last.segment));
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let from = last.len - last.group.len() as u64;
    match file.write_all_at(&last.group, from) {
        // A file system that writes elsewhere may have no room even for what is there: the node starts.
        Err(error) if !files::is_full(&error) => return Err(error),
        Ok(()) | Err(_) => (),
    }
    file.sync_all()?;
    files::sync_folder(folder)?;
    Ok(file)
}

/// Removes an unfinished group, durably.
fn cut(folder: &Path, tail: Tail) -> io::Result<()> {
    let path = folder.join(segment::file_name(tail.segment));
    if tail.keep == 0 {
        fs::remove_file(path)?;
        return files::sync_folder(folder);
    }
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(tail.keep)?;
    file.sync_all()
}
