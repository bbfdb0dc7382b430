//! Attachments that were uploaded under a reservation and wait for the message that takes them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use crate::app::Attached;
use crate::base::{MemberId, MessageId, PersonId, Timestamp};
use crate::domain::message::MOST_ATTACHMENTS;

/// Reservations that may wait at a time; the oldest make room.
const WAITING: usize = 256;

#[derive(Default)]
struct Reserved {
    by: Option<PersonId>,
    at: Timestamp,
    files: BTreeMap<u16, Attached>,
    /// The places of files that are on their way.
    adding: BTreeSet<u16>,
    /// The messages that took the files; none until then.
    taken: Vec<Taken>,
}

/// The files of one message.
type Taken = (MemberId, MessageId, Vec<Attached>);

/// Why a file cannot be added to a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAdded {
    /// Nobody holds it, or somebody else does.
    Another,
    /// A message has taken its files.
    TooLate,
    /// It has as many as a message may carry.
    TooMany,
    /// Another one is on its way to the same place.
    Meanwhile,
}

/// A file on its way to a place of a reservation, which is its own until this is dropped.
pub struct Adding {
    staging: Staging,
    /// The reservation.
    pub id: MessageId,
    /// The place, from 0.
    pub index: u16,
}

impl Adding {
    /// The file is there.
    pub fn done(self, file: Attached) {
        if let Some(reserved) = self.staging.lock().get_mut(&self.id)
            && reserved.taken.is_empty()
        {
            reserved.files.insert(self.index, file);
        }
    }
}

impl Drop for Adding {
    fn drop(&mut self) {
        if let Some(reserved) = self.staging.lock().get_mut(&self.id) {
            reserved.adding.remove(&self.index);
        }
    }
}

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
            adding: BTreeSet::new(),
            taken: Vec::new(),
        };
        all.insert(id, reserved);
    }

    /// Whether anybody holds the reservation.
    pub fn is_reserved(&self, id: MessageId) -> bool {
        self.lock().contains_key(&id)
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

    /// Begins to add a file at a place of a reservation that the person holds.
    ///
    /// # Errors
    /// [`NotAdded`]. Two that are written to one place at a time could end as the file of the one
    /// under the key of the other.
    pub fn add_at(&self, id: MessageId, index: u16, by: PersonId) -> Result<Adding, NotAdded> {
        let mut all = self.lock();
        let reserved = all.get_mut(&id).filter(|r| r.by == Some(by));
        let reserved = reserved.ok_or(NotAdded::Another)?;
        match (index < MOST_ATTACHMENTS, reserved.taken.is_empty()) {
            (false, _) => Err(NotAdded::TooMany),
            (true, false) => Err(NotAdded::TooLate),
            (true, true) if !reserved.adding.insert(index) => Err(NotAdded::Meanwhile),
            (true, true) => Ok(Adding {
                staging: self.clone(),
                id,
                index,
            }),
        }
    }

    /// Begins to add a file behind those that are there.
    ///
    /// # Errors
    /// As [`Staging::add_at`].
    pub fn add_next(&self, id: MessageId, by: PersonId) -> Result<Adding, NotAdded> {
        let files = self.lock().get(&id).map_or(0, |r| r.files.len());
        self.add_at(id, u16::try_from(files).unwrap_or(MOST_ATTACHMENTS), by)
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
