//! What a check of a log can find, by the first entry or checkpoint at fault.

use std::io;

use super::{EntryError, EvidenceError, FourEyesFault, NoteError, Origin};

/// What is wrong with a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckpointFault {
    /// It is not laid out as a checkpoint, or is of another log.
    Malformed,
    /// It is not at the end of its group, or does not count the entries before it.
    Size,
    /// The entries before it do not lead to its root.
    Root,
    /// It is not signed by the log's key.
    Signature,
}

impl CheckpointFault {
    fn code(self) -> &'static str {
        match self {
            Self::Malformed => "checkpoint-malformed",
            Self::Size => "checkpoint-size",
            Self::Root => "checkpoint-root",
            Self::Signature => "checkpoint-signature",
        }
    }

    fn says(self) -> &'static str {
        match self {
            Self::Malformed => "is malformed",
            Self::Size => "does not count them",
            Self::Root => "has another root than they lead to",
            Self::Signature => "is not signed by the log's key",
        }
    }
}

/// What is wrong with the anchor, the note of the last acknowledged head beside the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnchorFault {
    /// There is none.
    Missing,
    /// None of it can be read.
    Damaged,
    /// It is of another log.
    Origin,
    /// It is not signed by the log's key.
    Signature,
    /// The log's tree had another root at its size.
    Root,
}

impl AnchorFault {
    fn code(self) -> &'static str {
        match self {
            Self::Missing => "anchor-missing",
            Self::Damaged => "anchor-damaged",
            Self::Origin => "anchor-origin",
            Self::Signature => "anchor-signature",
            Self::Root => "anchor-root",
        }
    }

    fn says(self) -> &'static str {
        match self {
            Self::Missing => "is missing",
            Self::Damaged => "is damaged",
            Self::Origin => "is of another log",
            Self::Signature => "is not signed by the log's key",
            Self::Root => "has another root than the log",
        }
    }
}

/// The first fault that a check of a log found. Names places and numbers, never content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditFailure {
    /// Reading failed.
    #[error("{place} cannot be read: {kind}")]
    Io {
        /// What was read.
        place: String,
        /// How it failed.
        kind: io::ErrorKind,
    },
    /// A file that must be there is not.
    #[error("{place} is missing")]
    Missing {
        /// The file.
        place: String,
    },
    /// A file is there that must not be, or not there.
    #[error("{place} does not belong where it is")]
    Unexpected {
        /// The file.
        place: String,
    },
    /// A file is not laid out as it must be.
    #[error("{place} is malformed at byte {offset}")]
    Malformed {
        /// The file.
        place: String,
        /// Where in it, in bytes.
        offset: u64,
    },
    /// The root of trust is not the one that was expected.
    #[error("the bundle begins from another root of trust")]
    OtherRoot,
    /// The chain of trust does not hold.
    #[error("the chain of trust does not hold: {reason}")]
    Trust {
        /// Why, in the words of the trust list's own check.
        reason: String,
    },
    /// The chain of trust names no key for the log.
    #[error("the chain of trust names no key for the log {origin}")]
    NoLogKey {
        /// The log.
        origin: Origin,
    },
    /// A record does not have its checksum or its layout.
    #[error("the record for entry {index} is damaged, at byte {offset} of {segment}")]
    Record {
        /// The entry that comes next in the log at this place.
        index: u64,
        /// The file.
        segment: String,
        /// Where in it, in bytes.
        offset: u64,
    },
    /// An entry is malformed.
    #[error("entry {index} is malformed: {error}")]
    Entry {
        /// The entry.
        index: u64,
        /// How.
        error: EntryError,
    },
    /// An entry breaks the rule of four eyes.
    #[error("entry {index} breaks the rule of four eyes: {fault}")]
    FourEyes {
        /// The entry.
        index: u64,
        /// How.
        fault: FourEyesFault,
    },
    /// An incarnation of the log begins without an entry that says so, or an entry says so where none
    /// begins.
    #[error(
        "entry {index} and the checkpoint over it do not agree on whether an incarnation begins"
    )]
    Incarnation {
        /// The entry.
        index: u64,
    },
    /// An entry is not the one that the log's tree holds.
    #[error("entry {index} is not what the log has signed")]
    OtherEntry {
        /// The entry.
        index: u64,
    },
    /// The sealed content beside an entry is not what the entry names.
    #[error("the sealed content of entry {index} is not what the entry names")]
    SealedContent {
        /// The entry.
        index: u64,
    },
    /// A checkpoint does not hold.
    #[error("the checkpoint over entries {from} to {size} {}", fault.says())]
    Checkpoint {
        /// The size at the checkpoint before it: the first entry that only this one covers.
        from: u64,
        /// The size that the checkpoint claims or should have.
        size: u64,
        /// What is wrong with it.
        fault: CheckpointFault,
    },
    /// The signed note of a checkpoint does not hold.
    #[error("{place}: {error}")]
    Note {
        /// The file.
        place: String,
        /// How.
        error: NoteError,
    },
    /// Evidence about a log does not convict it.
    #[error(transparent)]
    Evidence(EvidenceError),
    /// The log ends before a head that it has acknowledged.
    #[error("the log has {size} entries, and had {anchor} before")]
    Behind {
        /// How many the log has.
        size: u64,
        /// How many it had acknowledged.
        anchor: u64,
    },
    /// The anchor does not hold.
    #[error("the anchor of the log {}", .0.says())]
    Anchor(AnchorFault),
}

impl AuditFailure {
    /// A stable name for the failure.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "audit-io",
            Self::Missing { .. } => "audit-missing",
            Self::Unexpected { .. } => "audit-unexpected",
            Self::Malformed { .. } => "audit-malformed",
            Self::OtherRoot => "audit-other-root",
            Self::Trust { .. } => "audit-trust",
            Self::NoLogKey { .. } => "audit-no-log-key",
            Self::Record { .. } => "audit-record",
            Self::Entry { error, .. } => error.code(),
            Self::FourEyes { fault, .. } => fault.code(),
            Self::Incarnation { .. } => "audit-incarnation",
            Self::OtherEntry { .. } => "audit-other-entry",
            Self::SealedContent { .. } => "audit-sealed-content",
            Self::Checkpoint { fault, .. } => fault.code(),
            Self::Note { error, .. } => error.code(),
            Self::Evidence(error) => error.code(),
            Self::Behind { .. } => "audit-behind",
            Self::Anchor(fault) => fault.code(),
        }
    }

    /// A failure to read `place`.
    pub(crate) fn io(place: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let place = place.into();
        move |error| Self::Io {
            place,
            kind: error.kind(),
        }
    }
}
