//! The file that holds the epoch secret, in two slots of a sector each, so that a change of epoch
//! never leaves the node without the secret that its keys are wrapped under.
//!
//! Slot: `magic 8 ‖ number u64 ‖ nonce 12 ‖ ciphertext 32 ‖ tag 16`, then zeros up to 512 bytes;
//! sealed under the keystore's storage key with magic and number as associated data. A slot that
//! holds nothing is zeros.
//!
//! The next secret is written to the slot that is free; when all that lives is wrapped under it, the
//! slot of the old one is overwritten in place and synced, so that no copy stays in a freed block.
//! On flash, and on file systems that copy on write, destroying the old bytes is best effort.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::EpochSecret;
use crate::base::Entropy;
use crate::seal::aead::{self, KEY_LEN, NONCE_LEN, TAG_LEN};

const MAGIC: &[u8; 8] = b"LIAEPOC\x02";
const SLOT_LEN: usize = 512;
const SLOTS: [u64; 2] = [0, SLOT_LEN as u64];
const HEAD_LEN: usize = MAGIC.len() + 8;
const USED_LEN: usize = HEAD_LEN + NONCE_LEN + KEY_LEN + TAG_LEN;

/// The number of a node's first epoch.
pub const FIRST_EPOCH: u64 = 1;

/// Why the epoch secret cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum EpochFileError {
    /// The file system failed, or the file exists where a new one is made.
    #[error("the file of the epoch secret: {0}")]
    Io(#[from] io::Error),
    /// The file has no secret of this epoch that opens under this storage key.
    #[error("the secret of epoch {number} is not in its file, or does not open")]
    NotOpened {
        /// The epoch.
        number: u64,
    },
    /// The log has one secret for good, so nothing can be erased from it.
    #[error("this log has one epoch for good")]
    OnlyOne,
}

/// Where the secrets of the epochs are: the one in force, and while the epoch changes the next.
pub struct Epochs(Kept);

enum Kept {
    File {
        path: PathBuf,
        storage_key: Zeroizing<[u8; KEY_LEN]>,
    },
    Only([u8; KEY_LEN]),
}

impl From<EpochSecret> for Epochs {
    /// One secret for good, for a log from which nothing is ever erased.
    fn from(secret: EpochSecret) -> Self {
        Self(Kept::Only(*secret.bytes()))
    }
}

impl std::fmt::Debug for Epochs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Epochs")
    }
}

/// Writes a first, random secret to a new file.
///
/// # Errors
/// [`EpochFileError::Io`], also if the file exists.
pub fn create_epoch(
    path: &Path,
    storage_key: &[u8; KEY_LEN],
    entropy: &mut dyn Entropy,
) -> Result<EpochSecret, EpochFileError> {
    let epoch = EpochSecret::generate(entropy);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    let slot = encode(FIRST_EPOCH, &epoch, storage_key, entropy);
    file.write_all_at(&[slot, NOTHING].concat(), 0)?;
    file.sync_all()?;
    crate::base::files::sync_folder_of(path)?;
    Ok(epoch)
}

impl Epochs {
    /// Those in a file, which [`create_epoch`] made.
    pub fn in_file(path: &Path, storage_key: &[u8; KEY_LEN]) -> Self {
        Self(Kept::File {
            path: path.to_owned(),
            storage_key: Zeroizing::new(*storage_key),
        })
    }

    /// The secret of an epoch.
    ///
    /// # Errors
    /// [`EpochFileError`].
    pub fn secret(&self, number: u64) -> Result<EpochSecret, EpochFileError> {
        match &self.0 {
            Kept::Only(secret) => Ok(EpochSecret::from_bytes(secret)),
            Kept::File { path, storage_key } => {
                let file = File::open(path)?;
                for place in SLOTS {
                    let slot = read_slot(&file, place)?;
                    if let Some((found, secret)) = decode(&slot, storage_key)
                        && found == number
                    {
                        return Ok(EpochSecret::from_bytes(&secret));
                    }
                }
                Err(EpochFileError::NotOpened { number })
            }
        }
    }

    /// Writes the secret of the next epoch beside that of `now`, durably.
    ///
    /// # Errors
    /// [`EpochFileError`].
    pub fn prepare(
        &self,
        now: u64,
        next: &EpochSecret,
        entropy: &mut dyn Entropy,
    ) -> Result<(), EpochFileError> {
        let Kept::File { path, storage_key } = &self.0 else {
            return Err(EpochFileError::OnlyOne);
        };
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let in_force = slot_of(&file, storage_key, now)?;
        let free = SLOTS.into_iter().find(|place| *place != in_force);
        let free = free.expect("there are two slots");
        let slot = encode(now + 1, next, storage_key, entropy);
        file.write_all_at(&slot, free)?;
        file.sync_all()?;
        Ok(())
    }

    /// Overwrites whatever is not the secret of epoch `number`, in place, and syncs. After this,
    /// what is wrapped under another secret is lost.
    ///
    /// # Errors
    /// [`EpochFileError`]; without the secret of `number` nothing is touched.
    pub fn destroy_others(&self, number: u64) -> Result<(), EpochFileError> {
        let Kept::File { path, storage_key } = &self.0 else {
            return Ok(());
        };
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let in_force = slot_of(&file, storage_key, number)?;
        for place in SLOTS.into_iter().filter(|place| *place != in_force) {
            if *read_slot(&file, place)? != NOTHING {
                file.write_all_at(&NOTHING, place)?;
                file.sync_all()?;
            }
        }
        Ok(())
    }
}

/// Whether the epoch was about to change when these bytes of the file were read: no slot is free.
pub fn is_changing(file: &[u8]) -> bool {
    file.chunks(SLOT_LEN).all(|slot| slot != NOTHING)
}

/// The slot that holds the secret of an epoch.
fn slot_of(file: &File, storage_key: &[u8; KEY_LEN], number: u64) -> Result<u64, EpochFileError> {
    for place in SLOTS {
        let slot = read_slot(file, place)?;
        let found = decode(&slot, storage_key);
        if found.is_some_and(|(found, _)| found == number) {
            return Ok(place);
        }
    }
    Err(EpochFileError::NotOpened { number })
}

fn read_slot(file: &File, place: u64) -> io::Result<Zeroizing<[u8; SLOT_LEN]>> {
    let mut slot = Zeroizing::new([0; SLOT_LEN]);
    file.read_exact_at(&mut *slot, place)?;
    Ok(slot)
}

/// What a slot without a secret holds.
const NOTHING: [u8; SLOT_LEN] = [0; SLOT_LEN];

fn encode(
    number: u64,
    epoch: &EpochSecret,
    storage_key: &[u8; KEY_LEN],
    entropy: &mut dyn Entropy,
) -> [u8; SLOT_LEN] {
    let nonce: [u8; NONCE_LEN] = entropy.array();
    let head = [MAGIC.as_slice(), &number.to_be_bytes()].concat();
    let mut sealed = Vec::with_capacity(KEY_LEN + TAG_LEN);
    sealed.extend_from_slice(epoch.bytes());
    aead::seal(storage_key, nonce, &head, &mut sealed);
    let mut slot = [0; SLOT_LEN];
    slot[..USED_LEN].copy_from_slice(&[head.as_slice(), &nonce, &sealed].concat());
    slot
}

fn decode(
    slot: &[u8; SLOT_LEN],
    storage_key: &[u8; KEY_LEN],
) -> Option<(u64, Zeroizing<[u8; KEY_LEN]>)> {
    let (used, rest) = slot.split_at(USED_LEN);
    let (head, sealed) = used.split_at(HEAD_LEN);
    let number = head.strip_prefix(MAGIC)?;
    if rest.iter().any(|byte| *byte != 0) {
        return None;
    }
    let (nonce, ciphertext) = sealed.split_first_chunk()?;
    let secret = aead::open(storage_key, *nonce, head, ciphertext).ok()?;
    let secret: [u8; KEY_LEN] = secret.as_slice().try_into().ok()?;
    let number = u64::from_be_bytes(number.try_into().ok()?);
    Some((number, Zeroizing::new(secret)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SeededEntropy;
    use crate::seal::at_rest::{open_record, seal_record};

    const KEY: [u8; 32] = [7; 32];

    #[test]
    fn a_change_of_epoch_leaves_no_trace_of_the_old_secret() {
        let mut entropy = SeededEntropy::new(1);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("epoch");
        let first = create_epoch(&path, &KEY, &mut entropy).unwrap();
        let before = std::fs::read(&path).unwrap();
        let record = seal_record(&first, b"content", b"", &mut entropy);
        let opens = |number| {
            let secret = Epochs::in_file(&path, &KEY).secret(number);
            secret.is_ok_and(|s| {
                open_record(&s, &record.ciphertext, &record.wrapped_key, b"").is_ok()
            })
        };
        assert!(opens(1));
        let epochs = Epochs::in_file(&path, &KEY);
        for number in 1..4 {
            let next = EpochSecret::generate(&mut entropy);
            assert!(!is_changing(&std::fs::read(&path).unwrap()));
            epochs.prepare(number, &next, &mut entropy).unwrap();
            assert!(is_changing(&std::fs::read(&path).unwrap()));
            assert!(epochs.secret(number).is_ok() && epochs.secret(number + 1).is_ok());
            epochs.destroy_others(number + 1).unwrap();
            assert!(epochs.secret(number).is_err() && epochs.secret(number + 1).is_ok());
        }
        let after = std::fs::read(&path).unwrap();
        assert_eq!(before.len(), after.len());
        assert!(
            !after
                .windows(32)
                .any(|part| part == &before[HEAD_LEN..HEAD_LEN + 32])
        );
        assert!(!opens(1) && !opens(4));
    }

    #[test]
    fn a_change_that_was_given_up_leaves_the_secret_in_force() {
        let mut entropy = SeededEntropy::new(3);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("epoch");
        create_epoch(&path, &KEY, &mut entropy).unwrap();
        let epochs = Epochs::in_file(&path, &KEY);
        for _ in 0..3 {
            let next = EpochSecret::generate(&mut entropy);
            epochs.prepare(1, &next, &mut entropy).unwrap();
        }
        epochs.destroy_others(1).unwrap();
        assert!(epochs.secret(1).is_ok() && epochs.secret(2).is_err());
        assert!(epochs.destroy_others(2).is_err());
        assert!(epochs.secret(1).is_ok());
    }

    #[test]
    fn a_file_is_never_made_twice_nor_opened_damaged() {
        let mut entropy = SeededEntropy::new(2);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("epoch");
        create_epoch(&path, &KEY, &mut entropy).unwrap();
        assert!(create_epoch(&path, &KEY, &mut entropy).is_err());
        assert!(Epochs::in_file(&path, &[8; 32]).secret(1).is_err());
        let good = std::fs::read(&path).unwrap();
        for at in 0..SLOT_LEN {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(&path, &bad).unwrap();
            assert!(Epochs::in_file(&path, &KEY).secret(1).is_err(), "{at}");
            std::fs::write(&path, &good[..at]).unwrap();
            assert!(Epochs::in_file(&path, &KEY).secret(1).is_err(), "{at}");
        }
    }
}
