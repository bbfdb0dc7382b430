//! The change of epoch: the keys of what lives are wrapped anew, what is erased keeps what remains of
//! it, and the old secret is destroyed.
//!
//! In this order, so that a crash at any point leaves either epoch whole: the next secret is written
//! beside the old one; the keyring under it gets its name, from which moment it is in force; the
//! old secret is overwritten. The next opening finishes or undoes what was under way.

use std::io;

use super::{FileLog, associated_data};
use crate::base::Entropy;
use crate::seal::at_rest::{
    EpochFileError, EpochSecret, NotOpened, SealedRecord, WRAPPED_KEY_LEN, rewrap_key, seal_record,
};
use crate::store::keyring::{Keyring, Writer};
use crate::store::log::{AppendError, Log as _, Remains};
use crate::store::segment::{self, RECORD_HEADER_LEN};
use crate::store::{files, group};

/// What an entry's record has before the content's ciphertext in bytes: mostly, and at most.
const FRONTS: [u64; 2] = [512, 8 * 1024];

impl FileLog {
    pub(super) fn change_epoch(
        &mut self,
        remains: &[Remains],
        entropy: &mut dyn Entropy,
    ) -> Result<(), AppendError> {
        if self.in_doubt {
            return Err(AppendError::InDoubt);
        }
        let mut remains: Vec<&Remains> = remains.iter().collect();
        remains.sort_by_key(|remains| remains.index);
        remains.dedup_by_key(|remains| remains.index);
        let mut gone = Vec::new();
        for one in remains {
            let record = self.read(one.index).map_err(|_| AppendError::Unfit)?;
            gone.push((one, group::private_part(&record.opening, &one.content)));
        }
        let sealed = gone
            .iter()
            .map(|(_, private)| private.len() + SealedRecord::OVERHEAD);
        let len = Keyring::next_len(self.keyring.as_ref(), self.size(), sealed);
        match self.ballast.leaves_room_for(len) {
            Ok(true) => (),
            Ok(false) => return Err(AppendError::Full),
            Err(_) => return Err(self.doubt()),
        }
        let next = EpochSecret::generate(entropy);
        match self.epochs.prepare(self.epoch, &next, entropy) {
            Ok(()) => (),
            Err(EpochFileError::OnlyOne) => return Err(AppendError::Unfit),
            Err(_) => return Err(self.doubt()),
        }
        match self.write_keyring(&next, &gone, entropy) {
            Ok(()) => (),
            // Until it has its name nothing happened.
            Err(error) if files::is_full(&error) && self.is_in_force() => {
                let removed = Keyring::remove_unfinished(&self.folder);
                let unused = self.epochs.destroy_others(self.epoch);
                return match (removed, unused) {
                    (Ok(()), Ok(())) => Err(AppendError::Full),
                    (_, _) => Err(self.doubt()),
                };
            }
            Err(_) => return Err(self.doubt()),
        }
        let number = self.epoch + 1;
        if self.epochs.destroy_others(number).is_err() {
            return Err(self.doubt());
        }
        match Keyring::open(&self.folder, self.origin.node) {
            Ok(Some(keyring)) if keyring.epoch == number => self.keyring = Some(keyring),
            Ok(_) | Err(_) => return Err(self.doubt()),
        }
        self.epoch = number;
        self.epoch_secret = next;
        self.recent.clear();
        Ok(())
    }

    /// Whether the keyring on disk is still the one in memory.
    fn is_in_force(&self) -> bool {
        let found = Keyring::open(&self.folder, self.origin.node);
        let known = self.keyring.as_ref().map(|keyring| keyring.epoch);
        found.is_ok_and(|found| found.map(|keyring| keyring.epoch) == known)
    }

    fn write_keyring(
        &self,
        next: &EpochSecret,
        gone: &[(&Remains, Vec<u8>)],
        entropy: &mut dyn Entropy,
    ) -> io::Result<()> {
        let mut writer = Writer::new(&self.folder)?;
        let is_gone = |index| {
            gone.binary_search_by_key(&index, |(one, _)| one.index)
                .is_ok()
        };
        // What remained of what was erased before goes along.
        for index in 0..self.keyring.as_ref().map_or(0, |keyring| keyring.entries) {
            if let Some(key) = self
                .keyring
                .as_ref()
                .map(|k| k.key(index))
                .transpose()?
                .flatten()
                && let Some(ciphertext) = key.remains
                && !is_gone(index)
            {
                let wrapped_key = rewrap_key(&self.epoch_secret, next, &key.wrapped, entropy)
                    .map_err(not_opened)?;
                let sealed = SealedRecord {
                    ciphertext,
                    wrapped_key,
                };
                writer.remains(index, &sealed)?;
            }
        }
        for (one, private) in gone {
            let aad = associated_data(self.origin.node, one.index);
            writer.remains(one.index, &seal_record(next, private, &aad, entropy))?;
        }
        let mut keys = Keys {
            log: self,
            segment: None,
        };
        writer.finish(self.origin.node, self.epoch + 1, self.size(), |index| {
            let wrapped = keys.wrapped(index)?;
            rewrap_key(&self.epoch_secret, next, &wrapped, entropy).map_err(not_opened)
        })
    }
}

fn not_opened(_: NotOpened) -> io::Error {
    io::ErrorKind::InvalidData.into()
}

/// The wrapped keys of entries, read in their order with each segment open once.
struct Keys<'a> {
    log: &'a FileLog,
    segment: Option<(u64, std::fs::File)>,
}

impl Keys<'_> {
    fn wrapped(&mut self, index: u64) -> io::Result<[u8; WRAPPED_KEY_LEN]> {
        if let Some(keyring) = &self.log.keyring
            && let Some(key) = keyring.key(index)?
        {
            return Ok(key.wrapped);
        }
        let damaged = || io::Error::from(io::ErrorKind::InvalidData);
        let at = usize::try_from(index).map_err(|_| damaged())?;
        let offset = *self.log.places.entries.get(at).ok_or_else(damaged)?;
        let first = self.log.segment_of(index).ok_or_else(damaged)?;
        if self.segment.as_ref().is_none_or(|(open, _)| *open != first) {
            let path = self.log.folder.join(segment::file_name(first));
            self.segment = Some((first, std::fs::File::open(path)?));
        }
        let (_, file) = self.segment.as_ref().ok_or_else(damaged)?;
        for front in FRONTS {
            let front = read_some(file, offset, front)?;
            let payload = front.get(RECORD_HEADER_LEN..).unwrap_or_default();
            if let Some(wrapped) = segment::wrapped_key(payload) {
                return Ok(wrapped);
            }
        }
        Err(damaged())
    }
}

/// At most `len` bytes from an offset.
fn read_some(file: &std::fs::File, offset: u64, len: u64) -> io::Result<Vec<u8>> {
    use std::os::unix::fs::FileExt as _;
    let end = file.metadata()?.len();
    let len = len.min(end.saturating_sub(offset));
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
    file.read_exact_at(&mut bytes, offset)?;
    Ok(bytes)
}
