//! The log that auditors trust: entries, Merkle tree, checkpoints, receipts, proofs and bundles.
//! Nothing here opens a file; what is read or written passes through readers and writers.
//!
//! An [`Entry`] is a leaf without personal data. It commits to a [`Statement`], which an
//! [`Opening`] shows to whom it concerns. A [`SignedCheckpoint`] is the head of a [`Tree`] of
//! entries, in C2SP's format; a [`Receipt`] proves one entry under it, and a [`bundle`] the whole log.

mod at_risk;
pub mod bundle;
mod checkpoint;
mod cosignature;
mod cosigned;
mod entry;
mod event;
mod evidence;
mod failure;
mod four_eyes;
mod in_text;
mod incarnation;
pub(crate) mod layout;
mod note;
mod receipt;
mod shown;
mod statement;
pub mod tree;

pub use at_risk::{AtRisk, RiskCount};
pub use checkpoint::{
    Checkpoint, CheckpointLengthError, ORIGIN_LEN, Origin, ParseOriginError, SIGNED_CHECKPOINT_LEN,
    SignedCheckpoint,
};
pub use cosignature::{COSIGNATURE_LEN, Cosignature, CosignatureError, cosigned_text, quorum};
pub use cosigned::{CosignedCheckpoint, MAX_COSIGNED_LEN};
pub use entry::{ENTRY_LEN, Entry, EntryError, Extension, MAX_EXTENSIONS_LEN};
pub use event::{EntryKind, EventCode};
pub use evidence::{Evidence, EvidenceError, MAX_EVIDENCE_LEN, MAX_PROOF_LEN, Prefix};
pub use failure::{AnchorFault, AuditFailure, CheckpointFault};
pub(crate) use four_eyes::decided;
pub use four_eyes::{FourEyes, FourEyesFault, decision_holds};
pub use incarnation::Incarnations;
pub use note::{MAX_NOTE_LEN, NoteError, UnverifiedNote, verifier_key};
pub use receipt::{
    CommonProof, MAX_BATCH, Receipt, ReceiptBatch, ReceiptError, ReceiptItem, Verified,
};
pub use shown::{Decision, Shown, entry_extensions};
pub use statement::{MAX_STATEMENT_LEN, Opening, Statement, StatementError};
pub use tree::Tree;
