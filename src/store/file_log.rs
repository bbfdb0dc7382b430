//! The message log in files: segments of records, one write and one sync for a group.
//!
//! A group goes to the end of the newest segment in a single write, its checkpoint last, and is
//! synced once. The tree, the place of every entry (8 bytes each) and of every checkpoint stay in
//! memory; entries are read with one positioned read.

mod erasure;
mod recovery;

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use recovery::FolderLock;
pub use recovery::{OpenError, Recovery, Remark};

use super::anchor::AnchorFile;
use super::ballast::Ballast;
use super::keyring::Keyring;
use super::log::{
    AppendError, CheckpointSigner, Log, NewEntry, ReadError, Record, Remains, WriterEpoch,
};
use super::segment::{self, Payload, RECORD_HEADER_LEN, SEGMENT_LEN, StoredEntry};
use super::walk::{Begun, Visitor, WalkedGroup};
use super::{files, group};
use crate::audit::{
    AuditFailure, Entry, Origin, Receipt, SIGNED_CHECKPOINT_LEN, SignedCheckpoint, Tree,
};
use crate::base::{Digest, Entropy, NodeId};
use crate::seal::at_rest::{EpochSecret, Epochs, IndexKey, open_record, seal_record};

/// The log's folder within the node's.
pub(super) const FOLDER: &str = "log";
/// Where entries and checkpoints lie.
#[derive(Debug, Default)]
struct Places {
    /// The first index of each segment, ascending.
    segments: Vec<u64>,
    /// The offset in its segment of each entry's record.
    entries: Vec<u64>,
    /// The size that each checkpoint covers and the offset in its segment of its record.
    checkpoints: Vec<(u64, u64)>,
}

impl Visitor for Places {
    fn segment(&mut self, first: u64) {
        self.segments.push(first);
    }

    fn group(&mut self, group: &WalkedGroup<'_>) -> Result<(), AuditFailure> {
        self.entries
            .extend(group.entries.iter().map(|entry| entry.0));
        let size = group.checkpoint.checkpoint.size;
        self.checkpoints.push((size, group.checkpoint_offset));
        Ok(())
    }

    fn progress(&mut self, _: u64, _: u64) {}
}

/// A segment that is open: the newest for writing, closed ones for reading.
#[derive(Debug)]
struct OpenSegment {
    first: u64,
    len: u64,
    file: File,
}

/// Closed segments that are open for reading, those read last at the end.
#[derive(Debug, Default)]
struct Closed(Vec<OpenSegment>);

impl Closed {
    /// As many as are kept open.
    const MOST: usize = 8;

    fn get(&mut self, folder: &Path, first: u64) -> io::Result<&OpenSegment> {
        match self.0.iter().position(|segment| segment.first == first) {
            Some(at) => self.0[at..].rotate_left(1),
            None => {
                let file = File::open(folder.join(segment::file_name(first)))?;
                let len = file.metadata()?.len();
                if self.0.len() == Self::MOST {
                    self.0.remove(0);
                }
                self.0.push(OpenSegment { first, len, file });
            }
        }
        Ok(&self.0[self.0.len() - 1])
    }
}

/// The message log in a folder.
#[derive(Debug)]
pub struct FileLog {
    folder: PathBuf,
    origin: Origin,
    /// The incarnations after the first, in their order.
    begun: Vec<Begun>,
    epochs: Epochs,
    epoch: u64,
    epoch_secret: EpochSecret,
    keyring: Option<Keyring>,
    writer: WriterEpoch,
    tree: Tree,
    head: Option<SignedCheckpoint>,
    /// The entries of the group that was appended last, which are read at once to be sent.
    recent: Vec<Record>,
    places: Places,
    current: Option<OpenSegment>,
    closed: RefCell<Closed>,
    anchor: AnchorFile,
    ballast: Ballast,
    segment_len: u64,
    in_doubt: bool,
    /// Held for as long as the log is open.
    _lock: FolderLock,
}

impl FileLog {
    /// Closes segments at another length than usual, in bytes, so that tests need not write much.
    #[doc(hidden)]
    pub fn set_segment_len(&mut self, len: u64) {
        self.segment_len = len.min(SEGMENT_LEN);
    }

    /// What holds room back on the log's disk.
    pub fn ballast(&self) -> Ballast {
        self.ballast.clone()
    }

    /// Goes on with a later incarnation of the log: the next group is its first, in a segment of its
    /// own. A log that was restored from a backup is never continued behind a head that it may have
    /// disclosed; this is how it goes on instead.
    pub fn begin_incarnation(&mut self, incarnation: u32) {
        self.origin.incarnation = incarnation;
        self.begun.push(Begun {
            first: self.size(),
            incarnation,
        });
    }

    /// The incarnation whose checkpoint covers so many entries.
    fn origin_at(&self, size: u64) -> Origin {
        let begun = self.begun.iter().rev().find(|begun| begun.first < size);
        let first = Origin::first(self.origin.node);
        begun.map_or(first, |begun| Origin {
            incarnation: begun.incarnation,
            ..first
        })
    }

    /// Writes `records` as the next group, synced, and tells its segment and offset.
    fn write(&mut self, mut records: Vec<u8>) -> Result<(u64, u64), AppendError> {
        match self.ballast.leaves_room_for(records.len() as u64) {
            Ok(true) => {}
            Ok(false) => return Err(AppendError::Full),
            Err(_) => return Err(self.doubt()),
        }
        let begins = self.begun.last().map(|begun| begun.first) == Some(self.size());
        if let Some(current) = &mut self.current
            && current.len < self.segment_len
            && !begins
        {
            let start = current.len;
            if let Err(error) = current.file.write_all_at(&records, start) {
                // Only a write that found no room, and whose beginnings are gone again, is known
                // not to have happened.
                return match files::is_full(&error) && current.file.set_len(start).is_ok() {
                    true => Err(AppendError::Full),
                    false => Err(self.doubt()),
                };
            }
            if current.file.sync_data().is_err() {
                return Err(self.doubt());
            }
            current.len += records.len() as u64;
            return Ok((current.first, start));
        }
        let first = self.size();
        let mut bytes = segment::header(self.origin, first, &self.root());
        let start = bytes.len() as u64;
        bytes.append(&mut records);
        self.current = Some(self.begin_segment(first, &bytes)?);
        self.places.segments.push(first);
        Ok((first, start))
    }

    /// Makes a new segment with its first group.
    fn begin_segment(&mut self, first: u64, bytes: &[u8]) -> Result<OpenSegment, AppendError> {
        let path = self.folder.join(segment::file_name(first));
        let mut options = OpenOptions::new();
        let file = match options.read(true).write(true).create_new(true).open(&path) {
            Ok(file) => file,
            Err(error) if files::is_full(&error) => return Err(AppendError::Full),
            Err(_) => return Err(self.doubt()),
        };
        if let Err(error) = file.write_all_at(bytes, 0) {
            return match files::is_full(&error) && fs::remove_file(&path).is_ok() {
                true => Err(AppendError::Full),
                false => Err(self.doubt()),
            };
        }
        match file
            .sync_all()
            .and_then(|()| files::sync_folder(&self.folder))
        {
            Ok(()) => Ok(OpenSegment {
                first,
                len: bytes.len() as u64,
                file,
            }),
            Err(_) => Err(self.doubt()),
        }
    }

    /// From here on the log on disk may be another than the one in memory.
    fn doubt(&mut self) -> AppendError {
        self.in_doubt = true;
        AppendError::InDoubt
    }

    /// Reads at most `len` bytes at an offset of a segment.
    fn read_at(&self, first: u64, offset: u64, len: u64) -> io::Result<Vec<u8>> {
        match &self.current {
            Some(current) if current.first == first => {
                read_part(&current.file, current.len, offset, len)
            }
            _ => {
                let mut closed = self.closed.borrow_mut();
                let segment = closed.get(&self.folder, first)?;
                read_part(&segment.file, segment.len, offset, len)
            }
        }
    }

    /// The first index of the segment that holds the entry.
    fn segment_of(&self, index: u64) -> Option<u64> {
        let after = self
            .places
            .segments
            .partition_point(|first| *first <= index);
        self.places.segments.get(after.checked_sub(1)?).copied()
    }

    /// The checkpoint of the group in which the entry was written.
    fn group_checkpoint(&self, index: u64) -> Result<SignedCheckpoint, ReadError> {
        let damaged = ReadError::Damaged { index };
        let group = self.places.checkpoints.partition_point(|at| at.0 <= index);
        let (size, offset) = *self.places.checkpoints.get(group).ok_or(damaged)?;
        if let Some(head) = self
            .head
            .as_ref()
            .filter(|head| head.checkpoint.size == size)
        {
            return Ok(head.clone());
        }
        let segment = self.segment_of(index).ok_or(damaged)?;
        let len = (RECORD_HEADER_LEN + SIGNED_CHECKPOINT_LEN) as u64;
        let bytes = self.read_at(segment, offset, len).map_err(read_failed)?;
        match segment::read_record(&bytes) {
            Ok((Payload::Checkpoint(checkpoint), _)) => {
                let origin = self.origin_at(size);
                SignedCheckpoint::decode(origin, checkpoint).map_err(|_| damaged)
            }
            Ok((Payload::Entry(_), _)) | Err(_) => Err(damaged),
        }
    }

    fn open_entry(&self, index: u64, stored: StoredEntry<'_>) -> Result<Record, ReadError> {
        let damaged = ReadError::Damaged { index };
        let entry = Entry::decode(stored.leaf).map_err(|_| damaged)?;
        if Some(entry.leaf_hash()) != self.tree.leaf(index)
            || Digest::of(stored.ciphertext) != entry.sealed_digest
        {
            return Err(damaged);
        }
        let aad = associated_data(self.origin.node, index);
        let key = match &self.keyring {
            Some(keyring) => keyring.key(index).map_err(read_failed)?,
            None => None,
        };
        let (ciphertext, wrapped): (&[u8], &[u8]) = match &key {
            Some(key) => match &key.remains {
                Some(remains) => (remains, &key.wrapped),
                None => (stored.ciphertext, &key.wrapped),
            },
            None => (stored.ciphertext, stored.wrapped_key),
        };
        let plaintext = open_record(&self.epoch_secret, ciphertext, wrapped, &aad)
            .map_err(|_| ReadError::Erased { index })?;
        group::open_private_part(index, entry, &plaintext)
    }
}

impl Log for FileLog {
    fn origin(&self) -> Origin {
        self.origin
    }

    fn size(&self) -> u64 {
        self.tree.size()
    }

    fn root(&self) -> Digest {
        self.tree.root()
    }

    fn root_at(&self, size: u64) -> Option<Digest> {
        self.tree.root_at(size)
    }

    fn head(&self) -> Option<SignedCheckpoint> {
        self.head.clone()
    }

    /// The folder's lock keeps other processes out, so the epoch counts writers within this one.
    fn take_over(&mut self) -> Result<WriterEpoch, AppendError> {
        self.writer.0 += 1;
        Ok(self.writer)
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
        if epoch != self.writer {
            return Err(AppendError::Fenced);
        }
        let size = self.size();
        if expected_size != size {
            return Err(AppendError::Stale { size });
        }
        let read = |index| self.read(index).ok().map(|record| record.entry);
        group::check_decisions(self.origin, &entries, size, read)?;
        // The new leaves are taken back off the tree until they are written.
        let (origin, secret) = (self.origin, &self.epoch_secret);
        let group = group::prepare(
            origin,
            &mut self.tree,
            entries,
            signer,
            entropy,
            |index, plaintext, entropy| {
                let aad = associated_data(origin.node, index);
                let sealed = seal_record(secret, plaintext, &aad, entropy);
                let digest = Digest::of(&sealed.ciphertext);
                (sealed, digest)
            },
        );
        let group = group?;
        let leaves: Vec<_> = (size..self.tree.size())
            .filter_map(|index| self.tree.leaf(index))
            .collect();
        self.tree.truncate(size);

        let mut records = Vec::new();
        let mut offsets = Vec::with_capacity(group.entries.len());
        for entry in &group.entries {
            offsets.push(records.len() as u64);
            segment::put_entry(&mut records, &entry.leaf, &entry.sealed);
        }
        let checkpoint_offset = records.len() as u64;
        segment::put_checkpoint(&mut records, &group.checkpoint);
        let (first, start) = self.write(records)?;

        self.tree.extend(leaves);
        self.places
            .entries
            .extend(offsets.iter().map(|at| start + at));
        let covered = (group.checkpoint.checkpoint.size, start + checkpoint_offset);
        self.places.checkpoints.push(covered);
        self.head = Some(group.checkpoint.clone());
        self.recent = group
            .entries
            .into_iter()
            .map(|entry| entry.record)
            .collect();
        let noted = match first == size {
            true => self.anchor.note_durably(&group.checkpoint),
            false => self.anchor.note(&group.checkpoint),
        };
        match noted {
            Ok(()) => Ok(group.checkpoint),
            Err(_) => Err(self.doubt()),
        }
    }

    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn index_key(&self) -> IndexKey {
        self.epoch_secret.index_key()
    }

    fn erase(&mut self, remains: &[Remains], entropy: &mut dyn Entropy) -> Result<(), AppendError> {
        self.change_epoch(remains, entropy)
    }

    fn read(&self, index: u64) -> Result<Record, ReadError> {
        if let Some(first) = self.recent.first()
            && let Some(at) = index.checked_sub(first.index)
            && let Some(record) = self.recent.get(usize::try_from(at).unwrap_or(usize::MAX))
        {
            return Ok(record.clone());
        }
        let absent = ReadError::Absent { index };
        let at = usize::try_from(index).map_err(|_| absent)?;
        let offset = *self.places.entries.get(at).ok_or(absent)?;
        let segment = self.segment_of(index).ok_or(absent)?;
        // The next entry bounds this one, unless it begins another segment.
        let next = self.places.entries.get(at + 1).copied();
        let end = next.filter(|next| *next > offset).unwrap_or(u64::MAX);
        let bytes = self
            .read_at(segment, offset, end - offset)
            .map_err(read_failed)?;
        match segment::read_record(&bytes) {
            Ok((Payload::Entry(stored), _)) => self.open_entry(index, stored),
            Ok((Payload::Checkpoint(_), _)) | Err(_) => Err(ReadError::Damaged { index }),
        }
    }

    fn receipt(&self, index: u64) -> Result<Receipt, ReadError> {
        let record = self.read(index)?;
        group::receipt(&record, &self.tree, self.group_checkpoint(index)?)
    }

    fn leaf(&self, index: u64) -> Option<Digest> {
        self.tree.leaf(index)
    }

    fn consistency(&self, old: u64, new: u64) -> Result<Vec<Digest>, ReadError> {
        group::consistency(&self.tree, old, new)
    }
}

/// What a record's ciphertext is bound to: its place among the node's entries, which an incarnation
/// does not change.
fn associated_data(node: NodeId, index: u64) -> Vec<u8> {
    let mut out = b"liaison/record/v1".to_vec();
    out.extend_from_slice(&Origin::first(node).to_bytes());
    out.extend_from_slice(&index.to_be_bytes());
    out
}

/// At most `len` bytes at an offset of a file of which the first `end` bytes count.
fn read_part(file: &File, end: u64, offset: u64, len: u64) -> io::Result<Vec<u8>> {
    let len = len.min(end.saturating_sub(offset));
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
    file.read_exact_at(&mut bytes, offset)?;
    Ok(bytes)
}

fn read_failed(error: io::Error) -> ReadError {
    ReadError::Io(error.kind())
}
