//! A keystore that is open: it is written again without the passphrase, as a running node does that
//! makes new keys.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{
    HEADER_LEN, Keys, Keystore, KeystoreError, MAX_FILE, SALT_LEN, Work, header, open_under,
};
use crate::base::Entropy;
use crate::base::files;
use crate::seal::aead::{self, KEY_LEN, NONCE_LEN};
use crate::seal::recovery::Recovery;

/// What it takes to write a keystore again that was opened with its passphrase.
pub struct Unlocked {
    path: PathBuf,
    work: Work,
    salt: [u8; SALT_LEN],
    key: Zeroizing<[u8; KEY_LEN]>,
}

/// Held by whoever reads a keystore in order to write it again, so that no two do at once.
#[derive(Debug)]
pub struct KeystoreLock(File);

impl Drop for KeystoreLock {
    fn drop(&mut self) {
        // The system gives the lock back when the file closes, if this fails.
        let _ = self.0.unlock();
    }
}

impl Keystore {
    /// Opens a keystore, and keeps what it takes to write it again. Takes about a second and 256 MiB.
    ///
    /// # Errors
    /// [`KeystoreError`].
    pub fn unlock(path: &Path, passphrase: &str) -> Result<(Keys, Unlocked), KeystoreError> {
        let bytes = read(path)?;
        let (work, salt) = header::read(&bytes)?;
        let key = work.key(passphrase, &salt)?;
        let keys = open_under(&key, &bytes)?;
        let path = path.to_owned();
        Ok((
            keys,
            Unlocked {
                path,
                work,
                salt,
                key,
            },
        ))
    }

    /// Waits until nobody else is about to write the keystore at `path`.
    ///
    /// # Errors
    /// [`KeystoreError::Io`].
    pub fn lock(path: &Path) -> Result<KeystoreLock, KeystoreError> {
        let file = lock_file(path)?;
        file.lock()?;
        Ok(KeystoreLock(file))
    }
}

fn lock_file(path: &Path) -> std::io::Result<File> {
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path.with_extension("lock"))
}

impl Unlocked {
    /// Replaces the keystore by one with these keys and the same passphrase, and renews what recovery
    /// opens. After a power cut there is the old or the new one.
    ///
    /// # Errors
    /// [`KeystoreError::Resealed`] if it was given another passphrase since it was opened;
    /// [`KeystoreError::InUse`] while another command is about to write it; [`KeystoreError::Io`], [`KeystoreError::Recovery`].
    pub fn replace(&self, keys: &Keys, entropy: &mut dyn Entropy) -> Result<(), KeystoreError> {
        let file = lock_file(&self.path)?;
        file.try_lock().map_err(|_| KeystoreError::InUse)?;
        let _lock = KeystoreLock(file);
        if header::read(&read(&self.path)?)? != (self.work, self.salt) {
            return Err(KeystoreError::Resealed);
        }
        Recovery::beside(&self.path)
            .renew(keys, entropy)
            .map_err(|error| KeystoreError::Recovery(Box::new(error)))?;
        let nonce: [u8; NONCE_LEN] = entropy.array();
        let header = header::write(self.work, &self.salt, &nonce);
        let mut content = keys.to_bytes();
        aead::seal(&self.key, nonce, &header, &mut content);
        Ok(files::replace(
            &self.path,
            &[header.as_slice(), &content].concat(),
        )?)
    }
}

impl std::fmt::Debug for Unlocked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unlocked")
    }
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, KeystoreError> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_FILE + 1)
        .read_to_end(&mut bytes)?;
    match bytes.len() < HEADER_LEN {
        true => Err(KeystoreError::NotAKeystore),
        false => Ok(bytes),
    }
}
