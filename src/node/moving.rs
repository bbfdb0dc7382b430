//! A node that moves to another machine: a mark in its folder keeps both copies from serving, until
//! the new one is complete and loses its mark. The old one keeps it for good.

use std::fs;
use std::io;

use serde::{Deserialize, Serialize};

use super::folder::{Folder, NodeError, OpenNode};
use crate::base::{Digest, NodeId, Timestamp};
use crate::seal::keystore::Keys;
use crate::store::Log as _;

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

impl Folder {
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
