//! A node that moves to another machine: a mark in its folder keeps both copies from serving, until
//! the new one is complete and loses its mark. The old one keeps it for good.

use std::collections::BTreeSet;
use std::fs;
use std::io;

use serde::{Deserialize, Serialize};

use super::folder::{Folder, NodeError, OpenNode};
use crate::app::core::Fatal;
use crate::app::rows::{ATTACHED, MESSAGE, MessageRow, Row as _, message_key, stored_under};
use crate::base::{Digest, MemberId, MessageId, NodeId, Timestamp};
use crate::seal::keystore::Keys;
use crate::store::{BlobId, BlobStore, Index as _, IndexError, Log as _};

/// Messages that are looked at together.
const AT_ONCE: usize = 1_000;

/// What the mark says: how far the log had come, so that an incomplete copy is found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moving {
    /// The node.
    pub node: NodeId,
    /// Entries of its log.
    pub log_size: u64,
    /// The root over them.
    pub log_root: Digest,
    /// Since when it does not serve.
    pub since: Timestamp,
}

/// The attachments that the log says are here, and of how many the file is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HeldFiles {
    /// The file is here, in its length.
    pub here: u64,
    /// It is not.
    pub lacking: u64,
}

impl HeldFiles {
    fn count(&mut self, is_here: bool) {
        match is_here {
            true => self.here += 1,
            false => self.lacking += 1,
        }
    }
}

impl Folder {
    /// Compares the attachments that the log says are here with the files that are.
    ///
    /// # Errors
    /// [`NodeError`] where the index or the files cannot be read.
    pub fn held_files(&self, open: &OpenNode) -> Result<HeldFiles, NodeError> {
        let me = open.keys.node.member;
        let failed = |source| NodeError::File {
            path: self.0.join("blobs"),
            source,
        };
        let damaged = || NodeError::from(Fatal::from(IndexError::Damaged));
        let blobs = BlobStore::open(&self.0).map_err(failed)?;
        let (mut held, mut of_messages) = (HeldFiles::default(), BTreeSet::new());
        let mut from: Vec<u8> = Vec::new();
        loop {
            let rows = open.index.range(MESSAGE, &from, None, AT_ONCE);
            let rows = rows.map_err(Fatal::from)?;
            let Some((last, _)) = rows.last() else {
                break;
            };
            from = [last.as_slice(), &[0]].concat();
            for (key, row) in &rows {
                let (sender, id) = key.split_first_chunk::<8>().ok_or_else(damaged)?;
                let sender = MemberId::from_bytes(*sender).map_err(|_| damaged())?;
                let row = MessageRow::decode(row, &open.log).ok_or_else(damaged)?;
                let message = stored_under(me, sender, message_id(id)?);
                if !row.attachments.is_empty() {
                    of_messages.insert(message);
                }
                let stored = (0..=u16::MAX).zip(&row.attachments);
                for (index, file) in stored.filter(|(_, file)| file.stored) {
                    let found = blobs.len(BlobId { message, index }).map_err(failed)?;
                    held.count(found == Some(file.length));
                }
            }
        }
        let attached = open.index.range(ATTACHED, &[], None, usize::MAX);
        for (key, _) in attached.map_err(Fatal::from)? {
            let message = message_id(&key)?;
            let sent = open.index.get(MESSAGE, &message_key(me, message));
            if of_messages.contains(&message) || sent.map_err(Fatal::from)?.is_some() {
                continue;
            }
            // It waits as a letter, which says in the log alone how many files it has.
            let first = BlobId { message, index: 0 };
            held.count(blobs.exists(first).map_err(failed)?);
        }
        Ok(held)
    }

    fn mark(&self) -> std::path::PathBuf {
        self.0.join("moving.json")
    }

    /// The mark in the folder; none where the node does not move.
    ///
    /// # Errors
    /// [`NodeError`] for a mark that cannot be read: whether the node may serve is not known then.
    pub fn moving(&self) -> Result<Option<Moving>, NodeError> {
        let path = self.mark();
        let failed = |source| NodeError::File {
            path: self.mark(),
            source,
        };
        match fs::read(&path) {
            Ok(json) => {
                let mark = serde_json::from_slice(&json).map_err(|e| failed(e.into()))?;
                Ok(Some(mark))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// Marks the folder of a stopped node as one that moves.
    ///
    /// # Errors
    /// [`NodeError`] where a node serves from it, or its log cannot be opened.
    pub fn mark_moving(&self, keys: Keys) -> Result<Moving, NodeError> {
        let node = keys.node;
        // Held until the mark is there, so that the node does not start in between.
        let signed = self.signed_for(&keys, Timestamp::system());
        let open = OpenNode::open(self, keys, &mut |_, _| ())?;
        signed?;
        let mark = Moving {
            node,
            log_size: open.log.size(),
            log_root: open.log.root(),
            since: Timestamp::system(),
        };
        let json = serde_json::to_vec_pretty(&mark).expect("a mark is plain text");
        let failed = |source| NodeError::File {
            path: self.mark(),
            source,
        };
        fs::write(self.mark(), json).map_err(failed)?;
        fs::File::open(self.mark())
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::File::open(&self.0)?.sync_all())
            .map_err(failed)?;
        Ok(mark)
    }

    /// Takes the mark away: the node may serve from this folder.
    ///
    /// # Errors
    /// [`NodeError::File`].
    pub fn unmark(&self) -> Result<(), NodeError> {
        let gone = fs::remove_file(self.mark()).and_then(|()| fs::File::open(&self.0)?.sync_all());
        gone.map_err(|source| NodeError::File {
            path: self.mark(),
            source,
        })
    }
}

fn message_id(key: &[u8]) -> Result<MessageId, NodeError> {
    let id: Result<[u8; 16], _> = key.try_into();
    let id = id.map_err(|_| Fatal::from(IndexError::Damaged))?;
    Ok(MessageId::from_bytes(id))
}
