//! Attachments that were uploaded under a reservation and wait for the message that takes them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::app::Attached;
use crate::base::{MessageId, PersonId, Timestamp};

/// Reservations that may wait at a time; the oldest make room.
const WAITING: usize = 256;

/// Attachments that one message may carry.
pub const MOST_ATTACHMENTS: u16 = 32;

#[derive(Default)]
struct Reserved {
    by: Option<PersonId>,
    at: Timestamp,
    files: BTreeMap<u16, Attached>,
}

/// Uploaded files by reservation. A restart forgets them; their sender uploads them again.
#[derive(Clone, Default)]
pub struct Staging(Arc<Mutex<BTreeMap<MessageId, Reserved>>>);

impl Staging {
    /// Reserves an id for a person. Gives back reservations that had to make room for it.
    pub fn reserve(&self, id: MessageId, by: PersonId, now: Timestamp) -> Vec<MessageId> {
        let mut all = self.lock();
        let mut dropped = Vec::new();
        while all.len() >= WAITING {
            let Some(oldest) = all.iter().min_by_key(|(_, r)| r.at).map(|(id, _)| *id) else {
                break;
            };
            all.remove(&oldest);
            dropped.push(oldest);
        }
        let reserved = Reserved {
            by: Some(by),
            at: now,
            files: BTreeMap::new(),
        };
        all.insert(id, reserved);
        dropped
    }

    /// Whether the person holds the reservation.
    pub fn holds(&self, id: MessageId, by: PersonId) -> bool {
        self.lock().get(&id).is_some_and(|r| r.by == Some(by))
    }

    /// Adds an uploaded file.
    pub fn add(&self, id: MessageId, index: u16, file: Attached) {
        if let Some(reserved) = self.lock().get_mut(&id) {
            reserved.files.insert(index, file);
        }
    }

    /// The files of a reservation in order; none if their places have a gap.
    pub fn files(&self, id: MessageId) -> Option<Vec<Attached>> {
        let all = self.lock();
        let files = &all.get(&id)?.files;
        let whole = files
            .keys()
            .copied()
            .eq(0..u16::try_from(files.len()).ok()?);
        whole.then(|| files.values().cloned().collect())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<MessageId, Reserved>> {
        self.0.lock().expect("nothing panics under this lock")
    }
}
