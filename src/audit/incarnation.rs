//! Where the incarnations of a log begin: each with the entry that says so, and nowhere else.

use std::collections::VecDeque;

use super::{AuditFailure, Checkpoint, Entry, EventCode};

/// Compares the entries that say that an incarnation begins with the checkpoints.
#[derive(Debug, Default)]
pub struct Incarnations {
    /// The entries that say so, which no checkpoint has borne out yet.
    said: VecDeque<u64>,
    /// The incarnation of the last checkpoint.
    current: Option<u32>,
    /// The first entries of those after the first.
    begun: Vec<u64>,
}

impl Incarnations {
    /// The first entry of each incarnation that went on from another.
    pub fn begun(self) -> Vec<u64> {
        self.begun
    }

    /// The next entry.
    pub fn entry(&mut self, index: u64, entry: &Entry) {
        if entry.event == EventCode::LogOpened {
            self.said.push_back(index);
        }
    }

    /// The next checkpoint, over the entries from `from` on, which were shown before.
    ///
    /// # Errors
    /// [`AuditFailure::Incarnation`] where the two do not agree.
    pub fn checkpoint(&mut self, from: u64, checkpoint: &Checkpoint) -> Result<(), AuditFailure> {
        let before = self.current.replace(checkpoint.origin.incarnation);
        let begins = before.is_some_and(|before| checkpoint.origin.incarnation > before);
        let covered = self.said.front().filter(|said| **said < checkpoint.size);
        match (covered.copied(), begins) {
            (None, false) => Ok(()),
            (Some(said), true) if said == from => {
                self.said.pop_front();
                self.begun.push(said);
                match self.said.front() {
                    Some(again) if *again < checkpoint.size => {
                        Err(AuditFailure::Incarnation { index: *again })
                    }
                    Some(_) | None => Ok(()),
                }
            }
            (Some(index), false) => Err(AuditFailure::Incarnation { index }),
            (_, true) => Err(AuditFailure::Incarnation { index: from }),
        }
    }
}
