//! Bugs that are planted into the storage or the links, each of which the checks must catch.

use liaison::app::rows::{ALERT_ORDER, ATTENTION, LOG_ALARM, OUTBOX, SAID, UNTOLD};
use liaison::app::{FromPeer, Input};
use liaison::audit::{EventCode, Origin, Receipt, SignedCheckpoint};
use liaison::base::{Digest, Entropy};
use liaison::seal::at_rest::IndexKey;
use liaison::store::{
    AppendError, Applied, CheckpointSigner, Index, IndexError, IndexWrite, Log, MemoryIndex,
    MemoryLog, NewEntry, Pair, ReadError, Record, Remains, Table, WriterEpoch,
};

/// A bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// The duplicate check never finds a message or progress that it knows.
    ForgetsWhatItKnows,
    /// The outbox loses what waits.
    LosesOutbox,
    /// Nothing is synced before it is acknowledged.
    AcknowledgesBeforeDurable,
    /// Receipts are answered but never kept.
    DropsReceipts,
    /// After a restart the index is believed although the log has gone on without it.
    BelievesStaleIndex,
    /// A witness cosigns whatever it is shown: it never finds what it cosigned before.
    CosignsWithoutCheck,
    /// What a witness records is not synced when its cosignature leaves.
    CosignsBeforeDurable,
    /// Whoever decides about a letter is never found to be who wrote it.
    LetsAuthorsRelease,
    /// An office passes on what needs a permission, and keeps silent about the permission.
    ForwardsWithoutPermission,
    /// What is to be erased stays in the log.
    ErasesNothing,
    /// A receipt proves the entry before the one that it is about.
    ProvesAnotherEntry,
    /// A write that may have happened is taken for one that found no room.
    TakesDoubtForNoRoom,
    /// Of all that the index is to write at once, the first is lost.
    WritesInPart,
    /// What is settled stays in the outbox.
    KeepsWhatIsSettled,
    /// A proof of consistency is for another size than it says.
    ProvesAnotherSize,
    /// An office sends what waits once, whatever becomes of the link.
    NeverSendsAgain,
    /// An office says that it keeps receipts, and does not.
    KeepsNoReceipts,
    /// The time of an office stands still.
    StopsTicking,
    /// An office is not told that links come up.
    MissesLinks,
    /// An office goes on sealing to the keys that it knew first.
    SealsToOldKeys,
    /// Nothing is found in one table of the index.
    Blind(Table),
}

impl Planted {
    pub const ALL: [Self; 25] = [
        Self::ForgetsWhatItKnows,
        Self::LosesOutbox,
        Self::AcknowledgesBeforeDurable,
        Self::DropsReceipts,
        Self::BelievesStaleIndex,
        Self::CosignsWithoutCheck,
        Self::CosignsBeforeDurable,
        Self::LetsAuthorsRelease,
        Self::ForwardsWithoutPermission,
        Self::ErasesNothing,
        Self::ProvesAnotherEntry,
        Self::TakesDoubtForNoRoom,
        Self::WritesInPart,
        Self::KeepsWhatIsSettled,
        Self::ProvesAnotherSize,
        Self::NeverSendsAgain,
        Self::KeepsNoReceipts,
        Self::StopsTicking,
        Self::MissesLinks,
        Self::SealsToOldKeys,
        Self::Blind(ALERT_ORDER),
        Self::Blind(ATTENTION),
        Self::Blind(LOG_ALARM),
        Self::Blind(SAID),
        Self::Blind(UNTOLD),
    ];

    /// Whether an office with this bug hears of it.
    pub fn hears(self, input: &Input) -> bool {
        !matches!(
            (self, input),
            (Self::KeepsNoReceipts, Input::Peer(_, FromPeer::Receipt(_)))
                | (Self::StopsTicking, Input::Tick)
                | (Self::MissesLinks, Input::Peer(_, FromPeer::Up))
        )
    }

    /// Whether a log with this bug leaves such a group for the next sync.
    fn leaves_unsynced(self, entries: &[NewEntry]) -> bool {
        let cosigns = |entry: &NewEntry| entry.event == EventCode::Witnessed;
        self == Self::AcknowledgesBeforeDurable
            || (self == Self::CosignsBeforeDurable && entries.iter().any(cosigns))
    }
}

/// A log that may have a bug.
pub struct SimLog {
    pub inner: MemoryLog,
    pub planted: Option<Planted>,
}

impl Log for SimLog {
    fn origin(&self) -> Origin {
        self.inner.origin()
    }
    fn size(&self) -> u64 {
        self.inner.size()
    }
    fn root(&self) -> Digest {
        self.inner.root()
    }
    fn root_at(&self, size: u64) -> Option<Digest> {
        self.inner.root_at(size)
    }
    fn head(&self) -> Option<SignedCheckpoint> {
        self.inner.head()
    }
    fn take_over(&mut self) -> Result<WriterEpoch, AppendError> {
        self.inner.take_over()
    }
    fn append(
        &mut self,
        expected_size: u64,
        epoch: WriterEpoch,
        entries: Vec<NewEntry>,
        signer: &dyn CheckpointSigner,
        entropy: &mut dyn Entropy,
    ) -> Result<SignedCheckpoint, AppendError> {
        if self
            .planted
            .is_some_and(|planted| planted.leaves_unsynced(&entries))
        {
            self.inner.skip_next_sync();
        }
        let appended = self
            .inner
            .append(expected_size, epoch, entries, signer, entropy);
        match (self.planted, appended) {
            (Some(Planted::TakesDoubtForNoRoom), Err(AppendError::InDoubt)) => {
                Err(AppendError::Full)
            }
            (_, appended) => appended,
        }
    }
    fn epoch(&self) -> u64 {
        self.inner.epoch()
    }
    fn index_key(&self) -> IndexKey {
        self.inner.index_key()
    }
    fn erase(&mut self, remains: &[Remains], entropy: &mut dyn Entropy) -> Result<(), AppendError> {
        if self.planted == Some(Planted::ErasesNothing) {
            return Ok(());
        }
        self.inner.erase(remains, entropy)
    }
    fn read(&self, index: u64) -> Result<Record, ReadError> {
        self.inner.read(index)
    }
    fn receipt(&self, index: u64) -> Result<Receipt, ReadError> {
        match self.planted {
            Some(Planted::ProvesAnotherEntry) => self.inner.receipt(index.saturating_sub(1)),
            _ => self.inner.receipt(index),
        }
    }
    fn leaf(&self, index: u64) -> Option<Digest> {
        self.inner.leaf(index)
    }
    fn consistency(&self, old: u64, new: u64) -> Result<Vec<Digest>, ReadError> {
        let old = match self.planted {
            Some(Planted::ProvesAnotherSize) => old.saturating_sub(1),
            _ => old,
        };
        self.inner.consistency(old, new)
    }
}

/// An index that may have a bug.
pub struct SimIndex {
    pub inner: MemoryIndex,
    /// The log that the index follows.
    pub log: MemoryLog,
    pub planted: Option<Planted>,
}

impl Index for SimIndex {
    fn applied(&self) -> Result<Option<Applied>, IndexError> {
        let applied = self.inner.applied()?;
        if self.planted != Some(Planted::BelievesStaleIndex) {
            return Ok(applied);
        }
        Ok(applied.map(|applied| Applied {
            size: self.log.size(),
            root: self.log.root(),
            ..applied
        }))
    }
    fn token(&self, word: &str) -> [u8; 16] {
        self.inner.token(word)
    }
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        if self.planted == Some(Planted::Blind(table)) {
            return Ok(None);
        }
        let forgets = self.planted == Some(Planted::ForgetsWhatItKnows);
        if forgets && (table.0 == "message" || table.0 == "conversation") {
            return Ok(None);
        }
        if self.planted == Some(Planted::CosignsWithoutCheck) && table.0 == "witness" {
            return Ok(None);
        }
        if self.planted == Some(Planted::LetsAuthorsRelease) && table.0 == "letter" {
            return Ok(self
                .inner
                .get(table, key)?
                .map(|row| by_somebody_else(&row)));
        }
        self.inner.get(table, key)
    }
    fn range(
        &self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Pair>, IndexError> {
        if self.planted == Some(Planted::Blind(table)) {
            return Ok(Vec::new());
        }
        if self.planted == Some(Planted::LosesOutbox) && table.0 == "outbox" {
            return Ok(Vec::new());
        }
        self.inner.range(table, from, to, limit)
    }
    fn apply(&mut self, mut writes: Vec<IndexWrite>, applied: Applied) -> Result<(), IndexError> {
        if self.planted == Some(Planted::WritesInPart) && writes.len() > 1 {
            writes.remove(0);
        }
        if self.planted == Some(Planted::KeepsWhatIsSettled) {
            let settled = |write: &IndexWrite| match write {
                IndexWrite::Delete { table, .. } => *table == OUTBOX,
                IndexWrite::Put { .. } => false,
            };
            writes.retain(|write| !settled(write));
        }
        self.inner.apply(writes, applied)
    }
    fn fill(&self, writes: Vec<IndexWrite>) -> Result<(), IndexError> {
        self.inner.fill(writes)
    }
    fn tidy(&mut self) -> Result<(), IndexError> {
        self.inner.tidy()
    }

    fn clear(&mut self) -> Result<(), IndexError> {
        self.inner.clear()
    }
    fn renew(&mut self, key: IndexKey) -> Result<(), IndexError> {
        self.inner.renew(key)
    }
    fn flush(&self) -> Result<(), IndexError> {
        self.inner.flush()
    }
}

/// A letter's row with another author.
fn by_somebody_else(row: &[u8]) -> Vec<u8> {
    let mut row: serde_json::Value = serde_json::from_slice(row).expect("a row is JSON");
    row["by"]["person"] = "ee".repeat(16).into();
    serde_json::to_vec(&row).expect("it has text keys")
}
