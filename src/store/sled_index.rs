//! The index in sled: values sealed, keys as the caller makes them.
//!
//! sled 0.34 drops its newest records without a word where one of them is damaged, opens empty
//! where its file is missing, and panics on some damage. None of that can lose anything here:
//! the index holds nothing that the log does not, its position is written in the same batch as
//! the values, and whoever opens it compares that position with the log's and rebuilds.

mod generation;

use std::io;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use generation::{FIRST, Generation, destroy, numbered, open_generation, open_latest};

use super::ballast::Ballast;
use super::index::{Applied, Index, IndexError, IndexWrite, Pair, Table};
use super::room::Room;
use crate::audit::layout::Reader;
use crate::base::{Digest, Entropy};
use crate::seal::at_rest::IndexKey;

/// What sled may keep in memory, in bytes; its default takes gigabytes at a million entries.
const CACHE_LEN: u64 = 32 * 1024 * 1024;

/// Where the position is kept: no table has an empty name.
const APPLIED: (&str, &[u8]) = ("", b"applied");

/// Where it is kept how much was live when that was measured last.
const LIVE: (&str, &[u8]) = ("", b"live");

/// An index on disk has grown when it is this much larger than what is live in it…
const GROWN: u64 = 8;

/// …and has at least so many bytes, since small ones are not worth the work.
const WORTH_COPYING: u64 = 64 << 20;

/// How many values one [`Index::tidy`] measures or copies.
const WALKED_AT_ONCE: usize = 2_048;

/// Room that sled may take for whatever it writes next, in bytes: it begins segments of 512 KiB.
const ROOM_TO_WRITE: u64 = 2 << 20;

/// How much room the index takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexSize {
    /// On disk, in bytes. sled does not give back what it once took.
    pub disk: u64,
    /// Of live keys and sealed values, in bytes.
    pub live: u64,
}

impl IndexSize {
    /// Whether it takes so much more room than it needs that making it anew is worth the work.
    pub fn is_grown(self) -> bool {
        self.disk > WORTH_COPYING && self.disk / GROWN > self.live
    }
}

/// The index in a folder. It is a numbered folder in there: where sled has grown far past what is
/// live, that is copied bit by bit into a folder with the next number, which takes over once it
/// has everything.
pub struct SledIndex {
    folder: PathBuf,
    /// Given up where the disk is full, so that the index takes what the log holds.
    ballast: Ballast,
    key: IndexKey,
    entropy: Mutex<Box<dyn Entropy>>,
    /// Nothing only while it is being cleared, and if that failed.
    current: Option<Generation>,
    /// What takes over, while it is filled.
    next: Option<Filling>,
    /// What was live when that was measured last, in bytes.
    live: Option<u64>,
    /// That, while it is measured anew.
    measuring: Option<Walk>,
}

/// A way through all that is live, of which some is gone at a time.
#[derive(Default)]
struct Walk {
    /// It has come up to here.
    after: Vec<u8>,
    /// Bytes of keys and values that it came by.
    live: u64,
}

impl Walk {
    /// The next pairs; fewer than [`WALKED_AT_ONCE`] are the last.
    fn go_on(&mut self, db: &sled::Db) -> Result<Vec<(sled::IVec, sled::IVec)>, IndexError> {
        let rest = (Bound::Excluded(&self.after[..]), Bound::Unbounded);
        let some: Vec<_> = guarded(|| db.range::<&[u8], _>(rest).take(WALKED_AT_ONCE).collect())?;
        for (key, value) in &some {
            self.live += (key.len() + value.len()) as u64;
        }
        if let Some((last, _)) = some.last() {
            self.after = last.to_vec();
        }
        Ok(some)
    }
}

struct Filling {
    to: Generation,
    /// What is written meanwhile is written to both.
    walk: Walk,
}

impl Filling {
    /// Copies some more; whether the copy is whole now, and on the disk.
    fn go_on(&mut self, from: &sled::Db) -> Result<bool, IndexError> {
        let some = self.walk.go_on(from)?;
        let mut batch = sled::Batch::default();
        for (key, value) in &some {
            if **key != position() {
                batch.insert(key, value);
            }
        }
        guarded(|| self.to.db.apply_batch(batch))?;
        if some.len() == WALKED_AT_ONCE {
            return Ok(false);
        }
        // With its position the copy is whole; on the disk it is before the other is removed.
        if let Some(applied) = guarded(|| from.get(position()))? {
            guarded(|| self.to.db.insert(position(), applied))?;
        }
        remember_live(&self.to.db, self.walk.live)?;
        guarded(|| self.to.db.flush())?;
        Ok(true)
    }
}

impl SledIndex {
    /// Opens the index in `folder`, which is made where there is none, on the disk that `ballast` holds
    /// room back on. `entropy` gives the nonces of its values.
    ///
    /// # Errors
    /// [`IndexError`]: except when it is locked, [`SledIndex::destroy`] and a rebuild put it right.
    pub fn open(
        folder: &Path,
        ballast: Ballast,
        key: IndexKey,
        entropy: Box<dyn Entropy>,
    ) -> Result<Self, IndexError> {
        let current = open_latest(folder)?;
        let live = guarded(|| current.db.get(place(LIVE.0, LIVE.1)))?;
        Ok(Self {
            folder: folder.to_owned(),
            ballast,
            key,
            entropy: Mutex::new(entropy),
            current: Some(current),
            next: None,
            live: live.and_then(|live| Some(u64::from_be_bytes((*live).try_into().ok()?))),
            measuring: None,
        })
    }

    /// Removes an index that cannot be opened, or whose key is gone.
    ///
    /// # Errors
    /// [`IndexError::Io`].
    pub fn destroy(folder: &Path) -> Result<(), IndexError> {
        destroy(folder)
    }

    /// How much room the index takes. Reads all of it, after which [`Index::tidy`] knows when it
    /// has grown.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn measure(&mut self) -> Result<IndexSize, IndexError> {
        self.measuring = None;
        let live = loop {
            if let Some(live) = self.measure_some()? {
                break live;
            }
        };
        let disk = self.disk()?;
        Ok(IndexSize { disk, live })
    }

    /// Measures some more of what is live; gives it once all is measured.
    fn measure_some(&mut self) -> Result<Option<u64>, IndexError> {
        let mut walk = self.measuring.take().unwrap_or_default();
        let db = self.db()?;
        if walk.go_on(db)?.len() == WALKED_AT_ONCE {
            self.measuring = Some(walk);
            return Ok(None);
        }
        remember_live(db, walk.live)?;
        self.live = Some(walk.live);
        Ok(self.live)
    }

    /// Whether the index has grown far past what is live in it. Reads all of it only where what was
    /// live the last time is not known, or says so.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn has_grown(&mut self) -> Result<bool, IndexError> {
        if self.live.is_some() && !self.is_grown()? {
            return Ok(false);
        }
        Ok(self.measure()?.is_grown())
    }

    /// Whether the index has grown far past what was live in it, as far as that is known.
    fn is_grown(&self) -> Result<bool, IndexError> {
        let Some(live) = self.live else {
            return Ok(false);
        };
        let disk = self.disk()?;
        Ok(IndexSize { disk, live }.is_grown())
    }

    /// How much room the index takes on disk, in bytes.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn disk(&self) -> Result<u64, IndexError> {
        let db = self.db()?;
        guarded(|| db.size_on_disk())
    }

    /// Copies some more; at the end the copy takes over. One that fails is given up: the index itself is
    /// whole.
    fn copy_some(&mut self) -> Result<(), IndexError> {
        let (Some(current), Some(filling)) = (&self.current, &mut self.next) else {
            return Ok(());
        };
        match filling.go_on(&current.db) {
            Ok(false) => return Ok(()),
            Ok(true) => (),
            Err(_) => return self.forget_next(),
        }
        let Some(filled) = self.next.take() else {
            return Ok(());
        };
        self.live = Some(filled.walk.live);
        if let Some(grown) = self.current.replace(filled.to) {
            drop(grown.db);
            destroy(&numbered(&self.folder, grown.number))?;
        }
        Ok(())
    }

    /// Gives up a copy that was begun.
    fn forget_next(&mut self) -> Result<(), IndexError> {
        if let Some(filling) = self.next.take() {
            drop(filling.to.db);
            destroy(&numbered(&self.folder, filling.to.number))?;
        }
        Ok(())
    }

    /// Takes room for `len` bytes more of rows, as long as there is any or there is ballast.
    fn make_room(&self, len: u64) {
        let room = ROOM_TO_WRITE.saturating_add(2 * len);
        // Where nothing can be given up or taken, the write itself shows whether there is room.
        let _settled = self.ballast.settle(room);
        let _reserved = self.current.as_ref().map(|g| g.reserve(room));
    }

    fn db(&self) -> Result<&sled::Db, IndexError> {
        let current = self.current.as_ref();
        current.map(|g| &g.db).ok_or(IndexError::Damaged)
    }

    fn read(&self, table: &str, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        let db = self.db()?;
        let sealed = guarded(|| db.get(place(table, key)))?;
        sealed
            .map(|sealed| self.open_value(table, key, &sealed))
            .transpose()
    }

    fn seal(&self, table: &str, key: &[u8], value: &[u8]) -> Vec<u8> {
        let mut entropy = self.entropy.lock().unwrap_or_else(PoisonError::into_inner);
        self.key.seal_value(table, key, value, &mut **entropy)
    }

    fn open_value(&self, table: &str, key: &[u8], sealed: &[u8]) -> Result<Vec<u8>, IndexError> {
        let value = self.key.open_value(table, key, sealed);
        value
            .map(|mut value| std::mem::take(&mut *value))
            .map_err(|_| IndexError::Damaged)
    }
}

impl Index for SledIndex {
    fn applied(&self) -> Result<Option<Applied>, IndexError> {
        let (table, key) = APPLIED;
        let value = self.read(table, key)?;
        value
            .map(|value| decode_applied(&value).ok_or(IndexError::Damaged))
            .transpose()
    }

    fn token(&self, word: &str) -> [u8; 16] {
        self.key.token(word)
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        self.read(table.0, key)
    }

    fn range(
        &self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Pair>, IndexError> {
        let start = place(table.0, from);
        let end = match to {
            Some(to) => place(table.0, to),
            None => [table.0.as_bytes(), &[1]].concat(),
        };
        if start >= end {
            return Ok(Vec::new());
        }
        let db = self.db()?;
        let found: Vec<_> = guarded(|| db.range(start..end).take(limit).collect())?;
        let prefix = table.0.len() + 1;
        found
            .into_iter()
            .map(|(key, sealed)| {
                let key = key.get(prefix..).ok_or(IndexError::Damaged)?.to_vec();
                let value = self.open_value(table.0, &key, &sealed)?;
                Ok((key, value))
            })
            .collect()
    }

    fn apply(&mut self, writes: Vec<IndexWrite>, applied: Applied) -> Result<(), IndexError> {
        self.make_room(writes.iter().map(IndexWrite::brings).sum());
        let mut batch = sled::Batch::default();
        for write in writes {
            match write {
                IndexWrite::Put { table, key, value } => {
                    batch.insert(place(table.0, &key), self.seal(table.0, &key, &value));
                }
                IndexWrite::Delete { table, key } => batch.remove(place(table.0, &key)),
            }
        }
        let copied = self.next.is_some().then(|| batch.clone());
        let (table, key) = APPLIED;
        batch.insert(position(), self.seal(table, key, &encode_applied(&applied)));
        let db = self.db()?;
        guarded(|| db.apply_batch(batch))?;
        if let (Some(filling), Some(copied)) = (&self.next, copied)
            && guarded(|| filling.to.db.apply_batch(copied)).is_err()
        {
            // The index itself is whole; another copy may come to its end.
            return self.forget_next();
        }
        Ok(())
    }

    // sled lets nobody read while it takes a batch, but while it takes one row.
    fn fill(&self, writes: Vec<IndexWrite>) -> Result<(), IndexError> {
        self.make_room(writes.iter().map(IndexWrite::brings).sum());
        let db = self.db()?;
        for write in writes {
            match write {
                IndexWrite::Put { table, key, value } => {
                    let sealed = self.seal(table.0, &key, &value);
                    guarded(|| db.insert(place(table.0, &key), sealed))?;
                }
                IndexWrite::Delete { table, key } => {
                    guarded(|| db.remove(place(table.0, &key)))?;
                }
            }
        }
        Ok(())
    }

    fn tidy(&mut self) -> Result<(), IndexError> {
        self.make_room(0);
        let free = Room::of(&self.folder).map_err(|e| from_io(&e))?.free;
        if self.next.is_some() {
            // Room is for what the log holds, before it is for a copy.
            return match free < ROOM_TO_WRITE {
                true => self.forget_next(),
                false => self.copy_some(),
            };
        }
        let copy = self.live.unwrap_or(0).saturating_mul(2);
        if !self.is_grown()? || free < ROOM_TO_WRITE.saturating_add(copy) {
            self.measuring = None;
            return Ok(());
        }
        // What was live the last time may be little because that was long ago.
        if self.measure_some()?.is_none() || !self.is_grown()? {
            return Ok(());
        }
        let number = self.current.as_ref().map_or(0, |g| g.number) + 1;
        self.next = Some(Filling {
            to: open_generation(&self.folder, number)?,
            walk: Walk::default(),
        });
        Ok(())
    }

    /// Removes the folder, so that what was deleted leaves the disk's files too, and begins anew.
    fn clear(&mut self) -> Result<(), IndexError> {
        self.next = None;
        self.measuring = None;
        self.current = None;
        self.live = Some(0);
        destroy(&self.folder)?;
        self.current = Some(open_generation(&self.folder, FIRST)?);
        Ok(())
    }

    fn renew(&mut self, key: IndexKey) -> Result<(), IndexError> {
        self.key = key;
        self.clear()
    }

    // Nothing depends on it: an index that lost its end follows the log from where it is.
    fn flush(&self) -> Result<(), IndexError> {
        let db = self.db()?;
        guarded(|| db.flush().map(|_| ()))
    }
}

/// Takes a panic of sled for damage.
fn guarded<T>(call: impl FnOnce() -> Result<T, sled::Error>) -> Result<T, IndexError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|error| from_sled(&error)),
        Err(_) => Err(IndexError::Damaged),
    }
}

fn from_sled(error: &sled::Error) -> IndexError {
    match error {
        sled::Error::Io(error) => from_io(error),
        sled::Error::CollectionNotFound(_)
        | sled::Error::Unsupported(_)
        | sled::Error::ReportableBug(_)
        | sled::Error::Corruption { .. } => IndexError::Damaged,
    }
}

fn from_io(error: &io::Error) -> IndexError {
    // sled hides the lock's error in one of kind `Other` that tells of `WouldBlock`.
    let locked = error.kind() == io::ErrorKind::WouldBlock
        || error.to_string().contains("could not acquire lock");
    match locked {
        true => IndexError::Locked,
        false => IndexError::Io(error.kind()),
    }
}

/// Keeps what is live for the next start.
fn remember_live(db: &sled::Db, live: u64) -> Result<(), IndexError> {
    let key = place(LIVE.0, LIVE.1);
    guarded(|| db.insert(key, &live.to_be_bytes()).map(|_| ()))
}

/// The key in sled of how far the index has followed the log.
fn position() -> Vec<u8> {
    let (table, key) = APPLIED;
    place(table, key)
}

/// The key in sled: table ‖ 0 ‖ key.
fn place(table: &str, key: &[u8]) -> Vec<u8> {
    [table.as_bytes(), &[0], key].concat()
}

/// size u64 ‖ root 32 ‖ version u32 ‖ epoch u64.
fn encode_applied(applied: &Applied) -> Vec<u8> {
    [
        applied.size.to_be_bytes().as_slice(),
        applied.root.as_bytes(),
        &applied.version.to_be_bytes(),
        &applied.epoch.to_be_bytes(),
    ]
    .concat()
}

fn decode_applied(bytes: &[u8]) -> Option<Applied> {
    let mut reader = Reader::new(bytes);
    let applied = Applied {
        size: reader.u64().ok()?,
        root: Digest::from_bytes(reader.array().ok()?),
        version: reader.u32().ok()?,
        epoch: reader.u64().ok()?,
    };
    reader.is_empty().then_some(applied)
}
