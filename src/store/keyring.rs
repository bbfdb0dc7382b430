//! The keys of a log's entries since the last change of epoch, wrapped under the secret in force; and
//! what remains of those that were erased.
//!
//! `magic 8 ‖ origin 13, that of the node's first incarnation ‖ epoch u64 ‖ entries u64 ‖ place of the keys u64 ‖ crc32c u32`, then what
//! remains of erased entries, each `u32 length ‖ ciphertext`, then for each entry `wrapped key 60 ‖
//! place u64 of what remains, 0 where the record's own content lives`. Entries after those have
//! their wrapped keys in their records.
//!
//! A keyring is written whole under a temporary name, synced, and renamed. A log without one is in
//! its first epoch.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::files;
use super::segment::MAX_ENTRY_PAYLOAD_LEN;
use crate::audit::Origin;
use crate::audit::layout::Reader;
use crate::base::NodeId;
use crate::seal::at_rest::{SealedRecord, WRAPPED_KEY_LEN};

const MAGIC: &[u8; 8] = b"LIAKEYS\x01";

/// The keyring's name in the log's folder.
pub(super) const FILE_NAME: &str = "keyring";

const TEMPORARY: &str = "keyring.new";
const HEADER_LEN: usize = 8 + 13 + 8 + 8 + 8 + 4;
const SLOT_LEN: usize = WRAPPED_KEY_LEN + 8;

/// A keyring that is open.
#[derive(Debug)]
pub(super) struct Keyring {
    file: File,
    /// The epoch whose secret its keys are wrapped under.
    pub(super) epoch: u64,
    /// How many entries it has keys of.
    pub(super) entries: u64,
    keys_at: u64,
}

/// The key of an entry.
pub(super) struct Key {
    /// The key, wrapped.
    pub(super) wrapped: [u8; WRAPPED_KEY_LEN],
    /// What remains of an erased entry; none where the record's own content lives.
    pub(super) remains: Option<Vec<u8>>,
}

impl Keyring {
    /// Opens the keyring in the log's folder; none where there is none.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] for a file that is none of `node`'s log, else what the file system
    /// gives.
    pub(super) fn open(folder: &Path, node: NodeId) -> io::Result<Option<Self>> {
        let path = folder.join(FILE_NAME);
        if !fs::exists(&path)? {
            return Ok(None);
        }
        let file = files::open_plain(&path)?;
        let mut header = [0; HEADER_LEN];
        file.read_exact_at(&mut header, 0)?;
        let damaged = || io::Error::from(io::ErrorKind::InvalidData);
        let (fields, crc) = header.split_at(HEADER_LEN - 4);
        if crc32c::crc32c(fields).to_be_bytes() != crc {
            return Err(damaged());
        }
        let rest = fields.strip_prefix(MAGIC).ok_or_else(damaged)?;
        let mut reader = Reader::new(rest);
        let found = reader.array().map_err(|_| damaged())?;
        if found != Origin::first(node).to_bytes() {
            return Err(damaged());
        }
        let mut number = || reader.u64().map_err(|_| damaged());
        let (epoch, entries, keys_at) = (number()?, number()?, number()?);
        let keys_len = entries.checked_mul(SLOT_LEN as u64);
        let end = keys_len.and_then(|len| len.checked_add(keys_at));
        if end != Some(file.metadata()?.len()) {
            return Err(damaged());
        }
        Ok(Some(Self {
            file,
            epoch,
            entries,
            keys_at,
        }))
    }

    /// Removes what a change of epoch that was given up left behind.
    ///
    /// # Errors
    /// What the file system gives.
    pub(super) fn remove_unfinished(folder: &Path) -> io::Result<()> {
        match fs::remove_file(folder.join(TEMPORARY)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// The key of an entry; none if the keyring has none of it.
    ///
    /// # Errors
    /// What the file system gives, and [`io::ErrorKind::InvalidData`].
    pub(super) fn key(&self, index: u64) -> io::Result<Option<Key>> {
        if index >= self.entries {
            return Ok(None);
        }
        let (wrapped, place) = self.slot(index)?;
        let remains = match place {
            0 => None,
            place => Some(self.remains_at(place)?),
        };
        Ok(Some(Key { wrapped, remains }))
    }

    /// How long the next one is at most, in bytes: with keys of so many `entries`, what remains in the one
    /// `before`, and these further ciphertexts.
    pub(super) fn next_len(
        before: Option<&Self>,
        entries: u64,
        further: impl Iterator<Item = usize>,
    ) -> u64 {
        let remain = before.map_or(HEADER_LEN as u64, |before| before.keys_at);
        let further: u64 = further.map(|len| 4 + len as u64).sum();
        remain + further + entries * SLOT_LEN as u64
    }

    fn slot(&self, index: u64) -> io::Result<([u8; WRAPPED_KEY_LEN], u64)> {
        let mut slot = [0; SLOT_LEN];
        let at = self.keys_at + index * SLOT_LEN as u64;
        self.file.read_exact_at(&mut slot, at)?;
        let (wrapped, place) = slot.split_at(WRAPPED_KEY_LEN);
        let wrapped = wrapped.try_into().expect("the slot was split there");
        let place = place.try_into().expect("the slot was split there");
        Ok((wrapped, u64::from_be_bytes(place)))
    }

    fn remains_at(&self, place: u64) -> io::Result<Vec<u8>> {
        let mut len = [0; 4];
        self.file.read_exact_at(&mut len, place)?;
        let len = u32::from_be_bytes(len) as usize;
        if len > MAX_ENTRY_PAYLOAD_LEN {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut bytes = vec![0; len];
        self.file.read_exact_at(&mut bytes, place + 4)?;
        Ok(bytes)
    }

    /// How many of its entries are erased.
    ///
    /// # Errors
    /// What the file system gives.
    pub(super) fn erased(&self) -> io::Result<u64> {
        let mut erased = 0;
        for index in 0..self.entries {
            erased += u64::from(self.slot(index)?.1 != 0);
        }
        Ok(erased)
    }
}

/// A keyring that is being written: first what remains of erased entries, then the keys of all.
pub(super) struct Writer<'a> {
    folder: &'a Path,
    file: BufWriter<File>,
    at: u64,
    remains: BTreeMap<u64, (u64, [u8; WRAPPED_KEY_LEN])>,
}

impl<'a> Writer<'a> {
    /// Begins one under its temporary name.
    ///
    /// # Errors
    /// What the file system gives.
    pub(super) fn new(folder: &'a Path) -> io::Result<Self> {
        let mut file = BufWriter::with_capacity(1 << 18, File::create(folder.join(TEMPORARY))?);
        file.write_all(&[0; HEADER_LEN])?;
        Ok(Self {
            folder,
            file,
            at: HEADER_LEN as u64,
            remains: BTreeMap::new(),
        })
    }

    /// What remains of an entry.
    ///
    /// # Errors
    /// What the file system gives.
    pub(super) fn remains(&mut self, index: u64, sealed: &SealedRecord) -> io::Result<()> {
        let len = u32::try_from(sealed.ciphertext.len()).expect("a content is bounded");
        self.file.write_all(&len.to_be_bytes())?;
        self.file.write_all(&sealed.ciphertext)?;
        self.remains.insert(index, (self.at, sealed.wrapped_key));
        self.at += 4 + u64::from(len);
        Ok(())
    }

    /// Writes the keys of all entries, those that live by `key`, and puts the keyring in its place.
    ///
    /// # Errors
    /// What the file system or `key` gives.
    pub(super) fn finish(
        mut self,
        node: NodeId,
        epoch: u64,
        entries: u64,
        mut key: impl FnMut(u64) -> io::Result<[u8; WRAPPED_KEY_LEN]>,
    ) -> io::Result<()> {
        for index in 0..entries {
            let (place, wrapped) = match self.remains.get(&index) {
                Some((place, wrapped)) => (*place, *wrapped),
                None => (0, key(index)?),
            };
            self.file.write_all(&wrapped)?;
            self.file.write_all(&place.to_be_bytes())?;
        }
        let mut header = MAGIC.to_vec();
        header.extend_from_slice(&Origin::first(node).to_bytes());
        for number in [epoch, entries, self.at] {
            header.extend_from_slice(&number.to_be_bytes());
        }
        let crc = crc32c::crc32c(&header);
        header.extend_from_slice(&crc.to_be_bytes());
        let file = self.file.into_inner().map_err(|error| error.into_error())?;
        file.write_all_at(&header, 0)?;
        file.sync_all()?;
        fs::rename(self.folder.join(TEMPORARY), self.folder.join(FILE_NAME))?;
        files::sync_folder(self.folder)
    }
}
