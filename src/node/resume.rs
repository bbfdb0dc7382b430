//! A node goes on from a folder that came out of a backup. Its log may have gone on after the backup,
//! and peers hold what it said then; so it is not continued but goes on in its next incarnation, under
//! a new log key, from the entries that the backup has.
//!
//! First the bundle is signed that names the key and says from where the log goes on. Then the key is
//! stored, then the bundle, and last the mark goes that kept the node from serving. Whatever a crash
//! leaves undone, the same command finishes. The new incarnation itself begins with the first entry of
//! the node's next start.

use std::time::Duration;
use std::{fs, thread};

use super::RESTORED;
use super::folder::{BUNDLE_LIFE, Folder, NodeError};
use crate::audit::{Checkpoint, Origin};
use crate::base::{NodeId, OsEntropy, Timestamp};
use crate::seal::at_rest::Epochs;
use crate::seal::keystore::Rotation;
use crate::seal::trust::KeyBundle;
use crate::store::{FileLog, Log as _};

/// From where a node's log goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resumed {
    /// The last checkpoint that the backup has.
    pub head: Checkpoint,
    /// The incarnation of the log that goes on from there.
    pub origin: Origin,
    /// The time of the last entry under it.
    pub last: Timestamp,
}

impl Folder {
    /// Lets the node of a restored folder serve again, in the next incarnation of its log.
    ///
    /// # Errors
    /// [`NodeError::NotRestored`] for a folder that came out of no backup or whose node has resumed,
    /// and whatever opening keys and log gives; the folder still does not serve then.
    pub fn resume(&self, node: NodeId, passphrase: &str) -> Result<Resumed, NodeError> {
        if !self.is_restored() {
            return Err(NodeError::NotRestored);
        }
        let (keys, unlocked) = self.unlock(node, passphrase)?;
        let epochs = Epochs::in_file(&self.epoch(), &keys.storage_key);
        let (log, _) = FileLog::open(&self.0, node, epochs, &self.log_keys(&keys))?;
        let head = log.head().ok_or(NodeError::NotRestored)?.checkpoint;
        let last = log
            .read(head.size - 1)
            .map_err(crate::app::core::Fatal::from)?;
        let last = last.entry.time;

        let _lock = self.lock_trust()?;
        let own = self.own_bundle(node)?;
        let own = KeyBundle::read(&own, keys.identity.verifying_key())?;
        let mut incarnation = own.incarnation();
        if incarnation == head.origin.incarnation {
            let now = next_second();
            let named = own.log.last().map(|log| &log.key) == Some(keys.log.verifying_key());
            let keys = match named {
                true => {
                    let what = Rotation {
                        log: true,
                        recipient: keys.due(now).recipient,
                        tls: false,
                    };
                    keys.rotated(what, now, &mut OsEntropy)
                }
                false => keys,
            };
            let times = (now, now.plus(BUNDLE_LIFE));
            let next = own.restored(&keys, (head.size, last), times, &mut OsEntropy);
            incarnation = next.incarnation();
            let next = next.sign(&keys.identity, &mut OsEntropy)?;
            if named {
                unlocked.replace(&keys, &mut OsEntropy)?;
            }
            self.save_own_bundle(node, &next)?;
        }
        let mark = self.0.join(RESTORED);
        fs::remove_file(&mark)
            .and_then(|()| fs::File::open(&self.0)?.sync_all())
            .map_err(|source| NodeError::File { path: mark, source })?;
        let origin = Origin { node, incarnation };
        Ok(Resumed { head, origin, last })
    }
}

/// Waits for the second after this one to begin, by the system's clock. The second in which a node
/// resumes numbers the incarnation, and another folder of the same backup may have resumed in this one.
fn next_second() -> Timestamp {
    let second = |time: Timestamp| time.as_millis() / 1_000;
    let began = Timestamp::system();
    loop {
        let now = Timestamp::system();
        if second(now) != second(began) {
            return now;
        }
        let left = 1_000 - now.as_millis().unsigned_abs() % 1_000;
        thread::sleep(Duration::from_millis(left));
    }
}
