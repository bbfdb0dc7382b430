//! Attachments that were uploaded under a reservation and wait for the message that takes them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::app::Attached;
use crate::base::{MemberId, MessageId, PersonId, Timestamp};

/// Reservations that may wait at a time; the oldest make room.
const WAITING: usize = 256;

/// Attachments that one message may carry.
pub const MOST_ATTACHMENTS: u16 = 32;

#[derive(Default)]
struct Reserved {
    by: Option<PersonId>,
    at: Timestamp,
    files: BTreeMap<u16, Attached>,
    /// The messages that took the files; none until then.
    taken: Vec<Taken>,
}

/// The files of one message.
type Taken = (MemberId, MessageId, Vec<Attached>);

/// Uploaded files by reservation. A restart forgets them; their sender uploads them again.
#[derive(Clone, Default)]
pub struct Staging(Arc<Mutex<BTreeMap<MessageId, Reserved>>>);

impl Staging {
    /// Reserves an id for a person. The oldest reservations make room; their files stay, since they
    /// may have been sent, and go at the next start where no message lists them.
    pub fn reserve(&self, id: MessageId, by: PersonId, now: Timestamp) {
        let mut all = self.lock();
        while all.len() >= WAITING {
            let Some(oldest) = all.iter().min_by_key(|(_, r)| r.at).map(|(id, _)| *id) else {
                break;
            };
            all.remove(&oldest);
        }
        let reserved = Reserved {
            by: Some(by),
            at: now,
            files: BTreeMap::new(),
            taken: Vec::new(),
        };
        all.insert(id, reserved);
    }

    /// Whether the person holds the reservation.
    pub fn holds(&self, id: MessageId, by: PersonId) -> bool {
        self.lock().get(&id).is_some_and(|r| r.by == Some(by))
    }

    /// Whether the person may still add files.
    pub fn is_open(&self, id: MessageId, by: PersonId) -> bool {
        let all = self.lock();
        let reserved = all.get(&id);
        reserved.is_some_and(|r| r.by == Some(by) && r.taken.is_empty())
    }

    /// Forgets a reservation with its files, which nothing is to take.
    pub fn forget(&self, id: MessageId) {
        self.lock().remove(&id);
    }

    /// Notes which messages took the files: nothing is added or replaced after that.
    pub fn take(&self, id: MessageId, taken: &[Taken]) {
        if let Some(reserved) = self.lock().get_mut(&id) {
            reserved.taken = taken.to_vec();
        }
    }

    /// The messages that took the files, where they go to the same members.
    pub fn taken(&self, id: MessageId, to: &[MemberId]) -> Option<Vec<Taken>> {
        let all = self.lock();
        let taken = &all.get(&id)?.taken;
        let same = taken
            .iter()
            .map(|(member, ..)| *member)
            .eq(to.iter().copied());
        (!taken.is_empty() && same).then(|| taken.clone())
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
