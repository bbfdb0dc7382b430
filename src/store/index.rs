//! The port to the index: what queries need, all of which can be rebuilt from the log.

use crate::base::Digest;
use crate::seal::at_rest::IndexKey;

/// A table of the index, by a name of 1 to 255 characters without NUL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Table(pub &'static str);

/// One change to the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexWrite {
    /// Sets the value of a key.
    Put {
        /// The table.
        table: Table,
        /// The key.
        key: Vec<u8>,
        /// The value.
        value: Vec<u8>,
    },
    /// Removes a key, if it is there.
    Delete {
        /// The table.
        table: Table,
        /// The key.
        key: Vec<u8>,
    },
}

impl IndexWrite {
    /// How many bytes of key and value it brings.
    pub fn brings(&self) -> u64 {
        match self {
            Self::Put { key, value, .. } => (key.len() + value.len()) as u64,
            Self::Delete { .. } => 0,
        }
    }
}

/// How far the index has followed the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// The log's size.
    pub size: u64,
    /// The log's root at that size.
    pub root: Digest,
    /// The version of the rules by which the index was built.
    pub version: u32,
    /// The log's epoch under whose keys it was built.
    pub epoch: u64,
}

/// Why the index cannot be read or changed. After any of them it may be cleared and rebuilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// A value or file is not what was written.
    #[error("the index is damaged")]
    Damaged,
    /// Another process holds the index.
    #[error("the index is in use")]
    Locked,
    /// The file system failed.
    #[error("the index cannot be read or written: {0}")]
    Io(std::io::ErrorKind),
}

impl IndexError {
    /// A stable name for the error.
    pub fn code(self) -> &'static str {
        match self {
            Self::Damaged => "index-damaged",
            Self::Locked => "index-locked",
            Self::Io(_) => "index-io",
        }
    }
}

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// The index. It may trail behind the log and may be lost as a whole; it never holds half of an
/// [`Index::apply`].
pub trait Index: Send + Sync {
    /// How far it has followed the log; nothing for an index that is new or was cleared.
    ///
    /// # Errors
    /// [`IndexError`].
    fn applied(&self) -> Result<Option<Applied>, IndexError>;

    /// What stands for a word in keys: equal words have equal tokens, and without the index's own
    /// key a token tells nothing of its word.
    fn token(&self, word: &str) -> [u8; 16];

    /// The value of a key.
    ///
    /// # Errors
    /// [`IndexError`].
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError>;

    /// At most `limit` keys from `from` on and, if given, below `to`, ascending, with their values.
    ///
    /// # Errors
    /// [`IndexError`].
    fn range(
        &self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Pair>, IndexError>;

    /// Makes all the writes, in their order, and moves [`Index::applied`]: all of it or nothing.
    ///
    /// # Errors
    /// [`IndexError`].
    fn apply(&mut self, writes: Vec<IndexWrite>, applied: Applied) -> Result<(), IndexError>;

    /// Makes the writes, in their order, while others read: as they come, and [`Index::applied`] stays.
    /// Only for an index that has followed nothing yet: one that is left so begins anew.
    ///
    /// # Errors
    /// [`IndexError`]. Some of the writes may have happened.
    fn fill(&self, writes: Vec<IndexWrite>) -> Result<(), IndexError>;

    /// Does a little of the work that keeps the index small, if there is any to do. Called again and
    /// again between other calls.
    ///
    /// # Errors
    /// [`IndexError`].
    fn tidy(&mut self) -> Result<(), IndexError>;

    /// Empties the index.
    ///
    /// # Errors
    /// [`IndexError`].
    fn clear(&mut self) -> Result<(), IndexError>;

    /// Empties the index, and begins anew under another key; what the old one sealed is not read
    /// again.
    ///
    /// # Errors
    /// [`IndexError`].
    fn renew(&mut self, key: IndexKey) -> Result<(), IndexError>;

    /// Writes everything applied through to where it is kept.
    ///
    /// # Errors
    /// [`IndexError::Io`].
    fn flush(&self) -> Result<(), IndexError>;
}
