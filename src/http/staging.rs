//! Attachments that were uploaded under a reservation and wait for the message that takes them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use tokio::sync::OwnedMutexGuard;

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
    /// Held by who takes the files, until it is known whether they were sent.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// Whether somebody has the turn.
    taking: bool,
    /// The messages that took the files; none until then.
    taken: Vec<Taken>,
}

impl Reserved {
    fn is_open(&self) -> bool {
        !self.taking && self.taken.is_empty()
    }

    fn is_idle(&self) -> bool {
        !self.taking && self.adding.is_empty()
    }
}

/// The files of one message.
pub type Taken = (MemberId, MessageId, Vec<Attached>);

/// Why a file cannot be added to a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAdded {
    /// Nobody holds it, or somebody else does.
    Another,
    /// A message has taken its files.
    TooLate,
    /// It has as many as a message may carry.
    TooMany,
    /// Another one is on its way to the same place, or a message is taking its files.
    Meanwhile,
}

/// A file on its way to a place of a reservation, which is its own until this is dropped: until then no
/// message takes the files. Whoever writes the file holds this until it has its name.
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
        if let Some(reserved) = self.staging.lock().get_mut(&self.id) {
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

/// Why the files of a reservation cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTaken {
    /// Nobody holds it, or somebody else does.
    Another,
    /// Some are still on their way.
    Meanwhile,
    /// Their places have a gap.
    Gap,
    /// Messages to other members have taken them.
    Elsewhere,
}

/// The files of a reservation, as they are taken.
pub enum Took {
    /// In order, and nobody has taken them before.
    First(Taking, Vec<Attached>),
    /// These messages, to the same members, have taken them.
    Before(Vec<Taken>),
}

/// A reservation whose files are being taken. Until this is dropped nothing is added to it, and nobody
/// else takes them.
pub struct Taking {
    staging: Staging,
    id: MessageId,
    _turn: OwnedMutexGuard<()>,
}

impl Taking {
    /// Notes which messages the files go into. From now on they are taken, unless they are given back:
    /// who is not told whether a message was sent takes it for sent.
    pub fn note(&self, taken: &[Taken]) {
        if let Some(reserved) = self.staging.lock().get_mut(&self.id) {
            reserved.taken = taken.to_vec();
        }
    }

    /// No message was sent: the files wait for another.
    pub fn give_back(&self) {
        self.note(&[]);
    }
}

impl Drop for Taking {
    fn drop(&mut self) {
        if let Some(reserved) = self.staging.lock().get_mut(&self.id) {
            reserved.taking = false;
        }
    }
}

/// Uploaded files by reservation. A restart forgets them; their sender uploads them again.
#[derive(Clone, Default)]
pub struct Staging(Arc<Mutex<BTreeMap<MessageId, Reserved>>>);

impl Staging {
    /// Reserves an id for a person. The oldest reservations make room, unless something is on its way;
    /// their files stay, since they may have been sent, and go at the next start where no message lists
    /// them.
    pub fn reserve(&self, id: MessageId, by: PersonId, now: Timestamp) {
        let mut all = self.lock();
        while all.len() >= WAITING {
            let idle = all.iter().filter(|(_, reserved)| reserved.is_idle());
            let Some(oldest) = idle.min_by_key(|(_, r)| r.at).map(|(id, _)| *id) else {
                break;
            };
            all.remove(&oldest);
        }
        let reserved = Reserved {
            by: Some(by),
            at: now,
            ..Reserved::default()
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
        reserved.is_some_and(|r| r.by == Some(by) && r.is_open())
    }

    /// Forgets a reservation with its files, which nothing is to take. Whether it did: it stays while
    /// something is on its way.
    pub fn forget(&self, id: MessageId) -> bool {
        let mut all = self.lock();
        let idle = all.get(&id).is_none_or(Reserved::is_idle);
        if idle {
            all.remove(&id);
        }
        idle
    }

    /// Takes the files of a reservation that the person holds, for messages to these members. Waits until
    /// it is known what became of those who took them before.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub async fn take(
        &self,
        id: MessageId,
        by: PersonId,
        to: &[MemberId],
    ) -> Result<Took, NotTaken> {
        let held = |all: &BTreeMap<MessageId, Reserved>| {
            let reserved = all.get(&id).filter(|r| r.by == Some(by));
            reserved.map(|r| r.turn.clone()).ok_or(NotTaken::Another)
        };
        let turn = held(&self.lock())?;
        let turn = turn.lock_owned().await;
        let mut all = self.lock();
        let reserved = all.get_mut(&id).filter(|r| r.by == Some(by));
        let reserved = reserved.ok_or(NotTaken::Another)?;
        if !reserved.taken.is_empty() {
            let members = reserved.taken.iter().map(|(member, ..)| *member);
            return match members.eq(to.iter().copied()) {
                true => Ok(Took::Before(reserved.taken.clone())),
                false => Err(NotTaken::Elsewhere),
            };
        }
        if !reserved.is_idle() {
            return Err(NotTaken::Meanwhile);
        }
        let files = whole(&reserved.files).ok_or(NotTaken::Gap)?;
        reserved.taking = true;
        let taking = Taking {
            staging: self.clone(),
            id,
            _turn: turn,
        };
        Ok(Took::First(taking, files))
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
        if index >= MOST_ATTACHMENTS {
            return Err(NotAdded::TooMany);
        }
        if reserved.taking {
            return Err(NotAdded::Meanwhile);
        }
        if !reserved.taken.is_empty() {
            return Err(NotAdded::TooLate);
        }
        match reserved.adding.insert(index) {
            false => Err(NotAdded::Meanwhile),
            true => Ok(Adding {
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
        whole(&self.lock().get(&id)?.files)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<MessageId, Reserved>> {
        self.0.lock().expect("nothing panics under this lock")
    }
}

/// Files in order; none if their places have a gap.
fn whole(files: &BTreeMap<u16, Attached>) -> Option<Vec<Attached>> {
    let whole = files
        .keys()
        .copied()
        .eq(0..u16::try_from(files.len()).ok()?);
    whole.then(|| files.values().cloned().collect())
}
