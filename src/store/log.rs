//! The port to the message log: append-only, each group of entries under one signed checkpoint.

use crate::audit::{
    Checkpoint, Entry, EntryKind, EventCode, Opening, Origin, Receipt, ReceiptBatch, Shown,
    SignedCheckpoint, Statement,
};
use crate::base::{Digest, Entropy, MemberId, Role, Timestamp};
use crate::seal::at_rest::IndexKey;
use crate::seal::sign::{HybridSignature, SigningKey};

/// The longest content of an entry, in bytes: a message with its header and signature, and room.
pub const MAX_CONTENT_LEN: usize = 1024 * 1024;

/// The most that a group may take in the log, in bytes.
pub const MAX_GROUP_LEN: usize = 64 * 1024 * 1024;

/// An entry to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// When, by the node's clock.
    pub time: Timestamp,
    /// The kind of processing.
    pub kind: EntryKind,
    /// What happened.
    pub event: EventCode,
    /// The role in which the actor acted.
    pub role: Role,
    /// The actor's pseudonym; zeros for the node itself.
    pub actor: [u8; 16],
    /// The pseudonym of the exchange or alert; zeros where there is none.
    pub exchange: [u8; 16],
    /// The other member, where there is one.
    pub peer: Option<MemberId>,
    /// What it says in the open beside these.
    pub shown: Vec<Shown>,
    /// What the entry commits to.
    pub statement: Statement,
    /// What the node needs to replay the change: private, sealed, at most [`MAX_CONTENT_LEN`].
    pub content: Vec<u8>,
}

/// An entry that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it stands in the log, from 0.
    pub index: u64,
    /// The leaf.
    pub entry: Entry,
    /// What opens its commitment.
    pub opening: Opening,
    /// What the node needs to replay the change.
    pub content: Vec<u8>,
}

/// What remains of the content of an entry that is erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remains {
    /// The entry.
    pub index: u64,
    /// What stands in the content's place. The entry's opening stays.
    pub content: Vec<u8>,
}

/// Tells writers of a log apart: whoever takes the log over fences all who held it before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriterEpoch(pub u64);

/// Why a group was not appended, or may not have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The log has another size than was expected. Nothing happened.
    #[error("the log has {size} entries, not as many as expected")]
    Stale {
        /// Its size.
        size: u64,
    },
    /// Another writer took the log over. Nothing happened, and this writer is to end.
    #[error("another writer has taken the log over")]
    Fenced,
    /// There is no room. Nothing happened, and it may be tried again.
    #[error("there is no room for the log to grow")]
    Full,
    /// The group is empty, or longer than a group may be, or an entry's content is, or a decision
    /// in it breaks the rule of four eyes. Nothing happened.
    #[error("the group of entries cannot be written")]
    Unfit,
    /// The write failed and may still have happened. The process is to end; opening the log again
    /// tells.
    #[error("the log may or may not have been written")]
    InDoubt,
}

impl AppendError {
    /// A stable name for the error.
    pub fn code(self) -> &'static str {
        match self {
            Self::Stale { .. } => "log-stale",
            Self::Fenced => "log-fenced",
            Self::Full => "log-full",
            Self::Unfit => "log-unfit",
            Self::InDoubt => "log-in-doubt",
        }
    }
}

/// Why an entry or a proof cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The log is not as long.
    #[error("the log has no entry {index}")]
    Absent {
        /// The entry asked for, or the size.
        index: u64,
    },
    /// The record is not what was written.
    #[error("the record of entry {index} is damaged")]
    Damaged {
        /// The entry.
        index: u64,
    },
    /// The record is whole, but its key is not one of this epoch: it was erased.
    #[error("the content of entry {index} is erased")]
    Erased {
        /// The entry.
        index: u64,
    },
    /// The file system failed.
    #[error("the log cannot be read: {0}")]
    Io(std::io::ErrorKind),
}

impl ReadError {
    /// A stable name for the error.
    pub fn code(self) -> &'static str {
        match self {
            Self::Absent { .. } => "log-absent",
            Self::Damaged { .. } => "log-damaged",
            Self::Erased { .. } => "log-erased",
            Self::Io(_) => "log-io",
        }
    }
}

/// Signs the log's checkpoints.
pub trait CheckpointSigner {
    /// The log key's signature over [`Checkpoint::note_text`].
    fn sign(&self, checkpoint: &Checkpoint, entropy: &mut dyn Entropy) -> HybridSignature;
}

impl CheckpointSigner for SigningKey {
    fn sign(&self, checkpoint: &Checkpoint, entropy: &mut dyn Entropy) -> HybridSignature {
        self.sign_raw(checkpoint.note_text().as_bytes(), entropy)
    }
}

/// The message log.
pub trait Log: Send {
    /// Which log it is.
    fn origin(&self) -> Origin;

    /// How many entries it has.
    fn size(&self) -> u64;

    /// The root over all entries.
    fn root(&self) -> Digest;

    /// The root of the tree over the first `size` entries; nothing if there are fewer.
    fn root_at(&self, size: u64) -> Option<Digest>;

    /// The newest checkpoint; nothing while the log is empty.
    fn head(&self) -> Option<SignedCheckpoint>;

    /// Begins a new writer epoch. Appends under every earlier one are fenced from now on.
    ///
    /// # Errors
    /// [`AppendError::InDoubt`] if the change may not have been recorded.
    fn take_over(&mut self) -> Result<WriterEpoch, AppendError>;

    /// Writes a group of entries and, as its last record, a checkpoint that covers them. When it
    /// returns the checkpoint, all is durable; until then nothing of it may be told to anyone.
    ///
    /// # Errors
    /// [`AppendError`]: only after `InDoubt` can anything have happened, and then every later
    /// append fails alike.
    fn append(
        &mut self,
        expected_size: u64,
        epoch: WriterEpoch,
        entries: Vec<NewEntry>,
        signer: &dyn CheckpointSigner,
        entropy: &mut dyn Entropy,
    ) -> Result<SignedCheckpoint, AppendError>;

    /// The number of the epoch: how often the secret changed that the contents hang on, from 1.
    fn epoch(&self) -> u64;

    /// The keys of an index over this log, in this epoch.
    fn index_key(&self) -> IndexKey;

    /// Changes the epoch: what is not named keeps its content, of what is named there remains what
    /// is given, and the secret on which all older copies hang is destroyed. Leaves, proofs and
    /// checkpoints stay as they are. An index under an older key has to be made anew.
    ///
    /// # Errors
    /// [`AppendError::Full`] and [`AppendError::Unfit`], where nothing happened, and
    /// [`AppendError::InDoubt`].
    fn erase(&mut self, remains: &[Remains], entropy: &mut dyn Entropy) -> Result<(), AppendError>;

    /// The entry at `index`, opened.
    ///
    /// # Errors
    /// [`ReadError`].
    fn read(&self, index: u64) -> Result<Record, ReadError>;

    /// The receipt for the entry at `index`, under the checkpoint of the group in which it was
    /// written: the same bytes whenever it is asked for.
    ///
    /// # Errors
    /// [`ReadError`].
    fn receipt(&self, index: u64) -> Result<Receipt, ReadError>;

    /// The receipts for these entries, those under one checkpoint together.
    ///
    /// # Errors
    /// [`ReadError`].
    fn receipts(&self, entries: &[u64]) -> Result<Vec<ReceiptBatch>, ReadError> {
        let receipts = entries.iter().map(|index| self.receipt(*index));
        Ok(ReceiptBatch::of(&receipts.collect::<Result<Vec<_>, _>>()?))
    }

    /// The hash of the entry at `index` in the log's tree; nothing if there are fewer.
    fn leaf(&self, index: u64) -> Option<Digest>;

    /// The proof that the log at `old` entries is a prefix of the log at `new`. From an empty log
    /// there is nothing to prove, and the proof is empty.
    ///
    /// # Errors
    /// [`ReadError::Absent`] unless `old ≤ new` and the log has as many entries.
    fn consistency(&self, old: u64, new: u64) -> Result<Vec<Digest>, ReadError>;
}
