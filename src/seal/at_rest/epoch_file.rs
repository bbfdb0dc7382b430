//! The file that holds the epoch secret: `magic 8 ‖ nonce 12 ‖ ciphertext 32 ‖ tag 16`, sealed
//! under the keystore's storage key with the magic as associated data.
//!
//! To change the epoch, the file is overwritten in place and synced, so that no copy of the old
//! secret stays in a freed block. The 68 bytes lie in one sector, so a power cut leaves the old or
//! the new file. On flash, and on file systems that copy on write, destroying the old bytes is
//! best effort.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;

use super::EpochSecret;
use crate::base::Entropy;
use crate::seal::aead::{self, KEY_LEN, NONCE_LEN, TAG_LEN};

const MAGIC: &[u8; 8] = b"LIAEPOC\x01";
const FILE_LEN: usize = MAGIC.len() + NONCE_LEN + KEY_LEN + TAG_LEN;

/// Why the epoch secret cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum EpochFileError {
    /// The file system failed, or the file exists where a new one is made.
    #[error("the file of the epoch secret: {0}")]
    Io(#[from] io::Error),
    /// The file is not laid out as an epoch file.
    #[error("the file of the epoch secret is damaged")]
    Malformed,
    /// The file does not open under this storage key.
    #[error("the epoch secret does not open under the keystore's storage key")]
    NotOpened,
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
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(&encode(&epoch, storage_key, entropy))?;
    file.sync_all()?;
    crate::seal::files::sync_folder_of(path)?;
    Ok(epoch)
}

/// Reads the secret.
///
/// # Errors
/// [`EpochFileError`].
pub fn open_epoch(path: &Path, storage_key: &[u8; KEY_LEN]) -> Result<EpochSecret, EpochFileError> {
    let mut bytes = Vec::with_capacity(FILE_LEN + 1);
    let limit = u64::try_from(FILE_LEN + 1).expect("the length of the file is small");
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    let sealed = bytes
        .strip_prefix(MAGIC)
        .filter(|_| bytes.len() == FILE_LEN)
        .ok_or(EpochFileError::Malformed)?;
    let (nonce, ciphertext) = sealed
        .split_first_chunk()
        .ok_or(EpochFileError::Malformed)?;
    let secret = aead::open(storage_key, *nonce, MAGIC, ciphertext)
        .map_err(|_| EpochFileError::NotOpened)?;
    let secret = secret
        .as_slice()
        .try_into()
        .map_err(|_| EpochFileError::Malformed)?;
    Ok(EpochSecret::from_bytes(secret))
}

/// Overwrites the secret in place and syncs. After this, whatever is wrapped under the old secret
/// alone is lost: wrap what lives anew first.
///
/// # Errors
/// [`EpochFileError`]; the file must open under `storage_key` before it is overwritten.
pub fn replace_epoch(
    path: &Path,
    storage_key: &[u8; KEY_LEN],
    new: &EpochSecret,
    entropy: &mut dyn Entropy,
) -> Result<(), EpochFileError> {
    open_epoch(path, storage_key)?;
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.seek(io::SeekFrom::Start(0))?;
    file.write_all(&encode(new, storage_key, entropy))?;
    file.sync_all()?;
    Ok(())
}

fn encode(
    epoch: &EpochSecret,
    storage_key: &[u8; KEY_LEN],
    entropy: &mut dyn Entropy,
) -> [u8; FILE_LEN] {
    let nonce: [u8; NONCE_LEN] = entropy.array();
    let mut sealed = Vec::with_capacity(KEY_LEN + TAG_LEN);
    sealed.extend_from_slice(epoch.bytes());
    aead::seal(storage_key, nonce, MAGIC, &mut sealed);
    [MAGIC.as_slice(), &nonce, &sealed]
        .concat()
        .try_into()
        .expect("the fields of the file add up to its length")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SeededEntropy;
    use crate::seal::at_rest::{open_record, seal_record};

    #[test]
    fn the_epoch_survives_its_file_and_a_change_leaves_no_trace_of_the_old_one() {
        let mut entropy = SeededEntropy::new(1);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("epoch");
        let old = create_epoch(&path, &[7; 32], &mut entropy).unwrap();
        let before = std::fs::read(&path).unwrap();
        let record = seal_record(&old, b"content", b"", &mut entropy);
        let read = open_epoch(&path, &[7; 32]).unwrap();
        assert!(open_record(&read, &record.ciphertext, &record.wrapped_key, b"").is_ok());

        let new = EpochSecret::generate(&mut entropy);
        replace_epoch(&path, &[7; 32], &new, &mut entropy).unwrap();
        let after = std::fs::read(&path).unwrap();
        assert_eq!(before.len(), after.len());
        assert_ne!(before[8..], after[8..]);
        let read = open_epoch(&path, &[7; 32]).unwrap();
        assert!(open_record(&read, &record.ciphertext, &record.wrapped_key, b"").is_err());
    }

    #[test]
    fn a_file_is_never_made_twice_nor_opened_damaged() {
        let mut entropy = SeededEntropy::new(2);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("epoch");
        create_epoch(&path, &[7; 32], &mut entropy).unwrap();
        assert!(create_epoch(&path, &[7; 32], &mut entropy).is_err());
        assert!(matches!(
            open_epoch(&path, &[8; 32]),
            Err(EpochFileError::NotOpened)
        ));
        let good = std::fs::read(&path).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(&path, &bad).unwrap();
            assert!(open_epoch(&path, &[7; 32]).is_err());
            std::fs::write(&path, &good[..at]).unwrap();
            assert!(open_epoch(&path, &[7; 32]).is_err());
        }
        std::fs::write(&path, [good.as_slice(), &[0]].concat()).unwrap();
        assert!(open_epoch(&path, &[7; 32]).is_err());
    }
}
