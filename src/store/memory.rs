//! Twins of log and index in memory, for the simulation and for tests: alike in every outcome,
//! with failures on demand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::group;
use super::index::{Applied, Index, IndexError, IndexWrite, Pair, Table};
use super::log::{
    AppendError, CheckpointSigner, Log, NewEntry, ReadError, Record, Remains, WriterEpoch,
};
use crate::audit::{Origin, Receipt, SignedCheckpoint, Tree};
use crate::base::{Digest, Entropy};
use crate::seal::at_rest::{EpochSecret, FIRST_EPOCH, IndexKey};

/// How the next write fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// For want of room: nothing happens, and the writer learns so.
    Full,
    /// Before it happens: nothing does, and the writer is left in doubt.
    Before,
    /// While it happens: so many records of a group, its entries and then its checkpoint, are written and
    /// not synced, and the writer is left in doubt. Whoever opens the log finds the group whole or not at
    /// all. What is written at once, as to an index, is not.
    Torn(usize),
    /// After it happened: the writer is left in doubt all the same.
    After,
}

#[derive(Debug)]
struct Disk {
    origin: Origin,
    epoch: WriterEpoch,
    tree: Tree,
    records: Vec<Record>,
    /// One for each group, by ascending size.
    checkpoints: Vec<SignedCheckpoint>,
    /// How many entries a power cut leaves, with the checkpoints over them.
    synced: u64,
    /// Whether the next append leaves out its sync.
    skips_sync: bool,
    fault: Option<Fault>,
    /// The number of the epoch: how often something was erased, from 1.
    secret: u64,
}

/// A log in memory. Handles on it are to it what processes are to a folder: one that is left in
/// doubt writes no more, and what was written shows in the next one.
#[derive(Debug)]
pub struct MemoryLog {
    disk: Arc<Mutex<Disk>>,
    in_doubt: bool,
}

impl MemoryLog {
    /// An empty log.
    pub fn new(origin: Origin) -> Self {
        let disk = Disk {
            origin,
            epoch: WriterEpoch(0),
            tree: Tree::new(),
            records: Vec::new(),
            checkpoints: Vec::new(),
            synced: 0,
            skips_sync: false,
            fault: None,
            secret: FIRST_EPOCH,
        };
        Self {
            disk: Arc::new(Mutex::new(disk)),
            in_doubt: false,
        }
    }

    /// The same log as another process would find it: without a group that is not whole, and synced.
    #[must_use]
    pub fn reopen(&self) -> Self {
        let mut disk = self.disk();
        disk.recover();
        disk.synced = disk.tree.size();
        drop(disk);
        Self {
            disk: Arc::clone(&self.disk),
            in_doubt: false,
        }
    }

    /// The power fails: of what was written and not synced the first `left` entries stay, with a checkpoint
    /// where all that it covers does.
    pub fn power_cut(&self, left: u64) {
        let mut disk = self.disk();
        let kept = disk.synced.saturating_add(left);
        disk.checkpoints
            .retain(|signed| signed.checkpoint.size <= kept);
        disk.recover();
    }

    /// The next append returns before what it wrote is synced, as in a log with a bug.
    pub fn skip_next_sync(&self) {
        self.disk().skips_sync = true;
    }

    /// The log as a backup of its first `size` entries has it, which end a group, in its next
    /// incarnation: as a node finds it that was restored.
    #[must_use]
    pub fn restored(&self, size: u64) -> Self {
        let disk = self.disk();
        let mut tree = disk.tree.clone();
        tree.truncate(size);
        let entries = usize::try_from(size).unwrap_or(usize::MAX);
        let within = |signed: &&SignedCheckpoint| signed.checkpoint.size <= size;
        let restored = Disk {
            origin: disk.origin.next(),
            epoch: WriterEpoch(0),
            tree,
            records: disk.records.iter().take(entries).cloned().collect(),
            checkpoints: disk.checkpoints.iter().filter(within).cloned().collect(),
            synced: size,
            skips_sync: false,
            fault: None,
            secret: disk.secret,
        };
        Self {
            disk: Arc::new(Mutex::new(restored)),
            in_doubt: false,
        }
    }

    /// Makes the next append fail; `None` takes that back. Gives the fault that has not come yet.
    pub fn fail_next(&self, fault: Option<Fault>) -> Option<Fault> {
        std::mem::replace(&mut self.disk().fault, fault)
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log for MemoryLog {
    fn origin(&self) -> Origin {
        self.disk().origin
    }

    fn size(&self) -> u64 {
        self.disk().tree.size()
    }

    fn root(&self) -> Digest {
        self.disk().tree.root()
    }

    fn root_at(&self, size: u64) -> Option<Digest> {
        self.disk().tree.root_at(size)
    }

    fn head(&self) -> Option<SignedCheckpoint> {
        self.disk().checkpoints.last().cloned()
    }

    fn take_over(&mut self) -> Result<WriterEpoch, AppendError> {
        let mut disk = self.disk();
        disk.epoch.0 += 1;
        Ok(disk.epoch)
    }

    fn append(
        &mut self,
        expected_size: u64,
        epoch: WriterEpoch,
        entries: Vec<NewEntry>,
        signer: &dyn CheckpointSigner,
        entropy: &mut dyn Entropy,
    ) -> Result<SignedCheckpoint, AppendError> {
        if self.in_doubt {
            return Err(AppendError::InDoubt);
        }
        let mut disk = self.disk();
        if epoch != disk.epoch {
            return Err(AppendError::Fenced);
        }
        let size = disk.tree.size();
        if expected_size != size {
            return Err(AppendError::Stale { size });
        }
        let read = |index| disk.read(index).ok().map(|record| record.entry);
        group::check_decisions(disk.origin, &entries, size, read)?;
        let mut tree = std::mem::take(&mut disk.tree);
        let group = group::prepare(
            disk.origin,
            &mut tree,
            entries,
            signer,
            entropy,
            |_, plaintext, _| ((), Digest::of(plaintext)),
        );
        disk.tree = tree;
        let group = group?;
        let fault = disk.fault.take();
        let written = match fault {
            None | Some(Fault::After) => usize::MAX,
            Some(Fault::Torn(records)) => records,
            Some(Fault::Before | Fault::Full) => 0,
        };
        let entries = group.entries.len();
        let records = group.entries.into_iter().map(|entry| entry.record);
        disk.records.extend(records.take(written));
        let size = disk.records.len() as u64;
        disk.tree.truncate(size);
        if written > entries {
            disk.checkpoints.push(group.checkpoint.clone());
        }
        match fault {
            None if std::mem::take(&mut disk.skips_sync) => (),
            None | Some(Fault::After) => disk.synced = size,
            Some(Fault::Before | Fault::Full | Fault::Torn(_)) => (),
        }
        drop(disk);
        match fault {
            None => Ok(group.checkpoint),
            Some(Fault::Full) => Err(AppendError::Full),
            Some(Fault::Before | Fault::Torn(_) | Fault::After) => {
                self.in_doubt = true;
                Err(AppendError::InDoubt)
            }
        }
    }

    fn epoch(&self) -> u64 {
        self.disk().secret
    }

    fn index_key(&self) -> IndexKey {
        let secret = Digest::of(&self.epoch().to_be_bytes());
        EpochSecret::from_bytes(secret.as_bytes()).index_key()
    }

    fn erase(&mut self, remains: &[Remains], _: &mut dyn Entropy) -> Result<(), AppendError> {
        if self.in_doubt {
            return Err(AppendError::InDoubt);
        }
        let mut disk = self.disk();
        let fault = disk.fault.take();
        if fault == Some(Fault::Full) {
            return Err(AppendError::Full);
        }
        // What remains takes the place of what was there at once.
        if let None | Some(Fault::After) = fault {
            for one in remains {
                let at = usize::try_from(one.index).unwrap_or(usize::MAX);
                let record = disk.records.get_mut(at).ok_or(AppendError::Unfit)?;
                record.content.clone_from(&one.content);
            }
            disk.secret += 1;
        }
        drop(disk);
        match fault {
            None => Ok(()),
            Some(_) => {
                self.in_doubt = true;
                Err(AppendError::InDoubt)
            }
        }
    }

    fn read(&self, index: u64) -> Result<Record, ReadError> {
        self.disk().read(index)
    }

    fn receipt(&self, index: u64) -> Result<Receipt, ReadError> {
        let disk = self.disk();
        let record = disk.read(index)?;
        let group = disk
            .checkpoints
            .partition_point(|signed| signed.checkpoint.size <= index);
        let checkpoint = disk.checkpoints[group].clone();
        group::receipt(&record, &disk.tree, checkpoint)
    }

    fn leaf(&self, index: u64) -> Option<Digest> {
        self.disk().tree.leaf(index)
    }

    fn consistency(&self, old: u64, new: u64) -> Result<Vec<Digest>, ReadError> {
        group::consistency(&self.disk().tree, old, new)
    }
}

impl Disk {
    /// Drops what no checkpoint covers.
    fn recover(&mut self) {
        let last = self.checkpoints.last();
        let whole = last.map_or(0, |signed| signed.checkpoint.size);
        self.tree.truncate(whole);
        self.records
            .truncate(usize::try_from(whole).unwrap_or(usize::MAX));
        self.synced = self.synced.min(whole);
    }

    fn read(&self, index: u64) -> Result<Record, ReadError> {
        usize::try_from(index)
            .ok()
            .and_then(|at| self.records.get(at))
            .cloned()
            .ok_or(ReadError::Absent { index })
    }
}

#[derive(Debug, Default, Clone)]
struct Tables {
    values: BTreeMap<(Table, Vec<u8>), Vec<u8>>,
    applied: Option<Applied>,
    fault: Option<Fault>,
    key: Option<Arc<IndexKey>>,
}

impl Tables {
    fn write(&mut self, writes: Vec<IndexWrite>) {
        for write in writes {
            match write {
                IndexWrite::Put { table, key, value } => {
                    self.values.insert((table, key), value);
                }
                IndexWrite::Delete { table, key } => {
                    self.values.remove(&(table, key));
                }
            }
        }
    }
}

/// An index in memory.
#[derive(Debug, Default)]
pub struct MemoryIndex {
    tables: Arc<Mutex<Tables>>,
}

impl MemoryIndex {
    /// An empty index.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same index as another process would find it.
    #[must_use]
    pub fn reopen(&self) -> Self {
        Self {
            tables: Arc::clone(&self.tables),
        }
    }

    /// A copy of the index as it is now, to go back to: an index may lose what was written last.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        Self {
            tables: Arc::new(Mutex::new(self.tables().clone())),
        }
    }

    /// Makes the next apply fail; `None` takes that back.
    pub fn fail_next(&self, fault: Option<Fault>) {
        self.tables().fault = fault;
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index for MemoryIndex {
    fn applied(&self) -> Result<Option<Applied>, IndexError> {
        Ok(self.tables().applied)
    }

    fn token(&self, word: &str) -> [u8; 16] {
        if let Some(key) = &self.tables().key {
            return key.token(word);
        }
        let digest = Digest::of_parts(&[b"token", word.as_bytes()]);
        *digest
            .as_bytes()
            .first_chunk()
            .expect("a digest has 32 bytes")
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        Ok(self.tables().values.get(&(table, key.to_vec())).cloned())
    }

    fn range(
        &self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Pair>, IndexError> {
        Ok(self
            .tables()
            .values
            .range((table, from.to_vec())..)
            .take_while(|((at, key), _)| *at == table && to.is_none_or(|to| key.as_slice() < to))
            .take(limit)
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .collect())
    }

    fn apply(&mut self, writes: Vec<IndexWrite>, applied: Applied) -> Result<(), IndexError> {
        let failed = Err(IndexError::Io(std::io::ErrorKind::Other));
        let mut tables = self.tables();
        let fault = tables.fault.take();
        match fault {
            Some(Fault::Full) => return Err(IndexError::Io(std::io::ErrorKind::StorageFull)),
            Some(Fault::Before | Fault::Torn(_)) => return failed,
            Some(Fault::After) | None => {}
        }
        tables.write(writes);
        tables.applied = Some(applied);
        match fault {
            Some(_) => failed,
            None => Ok(()),
        }
    }

    fn fill(&self, writes: Vec<IndexWrite>) -> Result<(), IndexError> {
        let mut tables = self.tables();
        if tables.fault.take().is_some() {
            return Err(IndexError::Io(std::io::ErrorKind::Other));
        }
        tables.write(writes);
        Ok(())
    }

    fn tidy(&mut self) -> Result<(), IndexError> {
        Ok(())
    }

    fn clear(&mut self) -> Result<(), IndexError> {
        let mut tables = self.tables();
        tables.values.clear();
        tables.applied = None;
        Ok(())
    }

    fn renew(&mut self, key: IndexKey) -> Result<(), IndexError> {
        self.tables().key = Some(Arc::new(key));
        self.clear()
    }

    fn flush(&self) -> Result<(), IndexError> {
        Ok(())
    }
}
