//! The log that auditors trust: entries, Merkle tree, checkpoints, receipts, proofs and bundles.
//! Nothing here opens a file; what is read or written passes through readers and writers.
//!
//! An [`Entry`] is a leaf without personal data. It commits to a [`Statement`], which an
//! [`Opening`] shows to whom it concerns. Entries are the
//! leaves of a [`Tree`].

mod entry;
mod event;
pub(crate) mod layout;
mod statement;
pub mod tree;

pub use entry::{ENTRY_LEN, Entry, EntryError, Extension, MAX_EXTENSIONS_LEN};
pub use event::{EntryKind, EventCode};
pub use statement::{MAX_STATEMENT_LEN, Opening, Statement, StatementError};
pub use tree::Tree;
