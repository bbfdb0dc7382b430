//! The file that holds a node's secret keys, sealed under a passphrase.
//!
//! ```text
//! header      magic "LIAIKEY" 7 ‖ version u8 = 1 ‖ Argon2id memory in KiB u32 ‖ passes u32
//!             ‖ lanes u32 ‖ salt 16 ‖ nonce 12
//! file        header 48 ‖ AES-256-GCM ciphertext, aad = header
//! ```
//!
//! The passphrase becomes the key by Argon2id (RFC 9106) with 256 MiB, three passes, one lane.
//! Parameters above the caps are refused before any memory is taken.

mod header;
mod keys;
mod rotation;
mod unlocked;

use std::fs::File;
use std::io;
use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

pub use keys::{Keys, LOG_RENEWED_AFTER, RENEWED_AFTER, ReceivingKey, TlsKey};
pub use rotation::{Order, Rotation};
pub use unlocked::{KeystoreLock, Unlocked};

use super::aead::{self, KEY_LEN, NONCE_LEN};
use super::layout::{Reader, TooShort};
use super::recovery::{Recovery, RecoveryError};
use crate::base::Entropy;
use crate::base::files;

const MAGIC: &[u8; 7] = b"LIAIKEY";
const VERSION: u8 = 1;
const SALT_LEN: usize = 16;
const HEADER_LEN: usize = 8 + 12 + SALT_LEN + NONCE_LEN;
/// No keystore is longer, in bytes.
const MAX_FILE: u64 = 64 * 1024;

/// Why a keystore cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum KeystoreError {
    /// The file system failed.
    #[error("the keystore file: {0}")]
    Io(io::Error),
    /// There is a file where a new keystore was to be made.
    #[error("there is a keystore already")]
    Exists,
    /// The file does not begin as a keystore, or is cut short or too long.
    #[error("the file is no keystore")]
    NotAKeystore,
    /// The keystore is of a version that this program does not read.
    #[error("keystore version {0} is not supported")]
    UnsupportedVersion(u8),
    /// The file asks for more work than any keystore needs.
    #[error("the keystore asks for unreasonable work to open it")]
    HostileParameters,
    /// The passphrase is wrong, or the file is damaged: the two cannot be told apart.
    #[error("the passphrase is wrong, or the keystore is damaged")]
    WrongPassphrase,
    /// It was given another passphrase while a node had it open, which cannot write it any more.
    #[error("the keystore has another passphrase than when the node opened it")]
    Resealed,
    /// Another command is about to write it.
    #[error("another command is about to write the keystore")]
    InUse,
    /// What recovery opens cannot be renewed.
    #[error(transparent)]
    Recovery(Box<RecoveryError>),
    /// The content is authentic but not laid out as keys.
    #[error("the keystore's content is malformed")]
    Malformed,
}

impl From<io::Error> for KeystoreError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AlreadyExists => Self::Exists,
            _ => Self::Io(error),
        }
    }
}

impl From<TooShort> for KeystoreError {
    fn from(_: TooShort) -> Self {
        Self::NotAKeystore
    }
}

/// How much work it is to try a passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Work {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Work {
    /// What a new keystore costs.
    const STANDARD: Self = Self {
        memory_kib: 256 * 1024,
        passes: 3,
        lanes: 1,
    };

    /// Refuses what would exhaust the machine or is below Argon2's own minimum.
    fn check(self) -> Result<Params, KeystoreError> {
        if self.memory_kib > 1024 * 1024 || self.passes > 10 || self.lanes > 4 {
            return Err(KeystoreError::HostileParameters);
        }
        Params::new(self.memory_kib, self.passes, self.lanes, Some(KEY_LEN))
            .map_err(|_| KeystoreError::HostileParameters)
    }

    fn key(
        self,
        passphrase: &str,
        salt: &[u8; SALT_LEN],
    ) -> Result<Zeroizing<[u8; KEY_LEN]>, KeystoreError> {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.check()?)
            .hash_password_into(passphrase.as_bytes(), salt, &mut *key)
            .map_err(|_| KeystoreError::HostileParameters)?;
        Ok(key)
    }
}

/// The keystore file.
#[derive(Debug, Clone, Copy)]
pub struct Keystore;

impl Keystore {
    /// Writes keys to a new file, readable by its owner alone. Takes about a second and 256 MiB.
    ///
    /// # Errors
    /// [`KeystoreError::Exists`] if there is a file at `path`: it is never overwritten;
    /// [`KeystoreError::Io`].
    pub fn create(
        path: &Path,
        passphrase: &str,
        keys: &Keys,
        entropy: &mut dyn Entropy,
    ) -> Result<(), KeystoreError> {
        if path.exists() {
            return Err(KeystoreError::Exists);
        }
        let bytes = encode(passphrase, keys, Work::STANDARD, entropy)?;
        Ok(files::create(path, &bytes)?)
    }

    /// Replaces the keystore by one with these keys and this passphrase, as when a key is rotated,
    /// and renews what recovery opens where that was set up. After a power cut there is the old or
    /// the new one.
    ///
    /// # Errors
    /// [`KeystoreError::Io`], also if there is no file at `path`; [`KeystoreError::Recovery`].
    pub fn replace(
        path: &Path,
        passphrase: &str,
        keys: &Keys,
        entropy: &mut dyn Entropy,
    ) -> Result<(), KeystoreError> {
        File::open(path)?;
        Recovery::beside(path)
            .renew(keys, entropy)
            .map_err(|error| KeystoreError::Recovery(Box::new(error)))?;
        let bytes = encode(passphrase, keys, Work::STANDARD, entropy)?;
        Ok(files::replace(path, &bytes)?)
    }

    /// Opens a keystore. Takes about a second and 256 MiB.
    ///
    /// # Errors
    /// [`KeystoreError`].
    pub fn open(path: &Path, passphrase: &str) -> Result<Keys, KeystoreError> {
        Self::unlock(path, passphrase).map(|(keys, _)| keys)
    }

    /// Writes keys to a new file that opens in a millisecond, for tests only: it withstands no
    /// guessing.
    #[cfg(test)]
    pub(crate) fn create_weak(
        path: &Path,
        passphrase: &str,
        keys: &Keys,
        entropy: &mut dyn Entropy,
    ) -> Result<(), KeystoreError> {
        let bytes = encode(passphrase, keys, tests::WEAK, entropy)?;
        Ok(files::create(path, &bytes)?)
    }
}

fn encode(
    passphrase: &str,
    keys: &Keys,
    work: Work,
    entropy: &mut dyn Entropy,
) -> Result<Vec<u8>, KeystoreError> {
    let salt: [u8; SALT_LEN] = entropy.array();
    let nonce: [u8; NONCE_LEN] = entropy.array();
    let key = work.key(passphrase, &salt)?;
    let header = header::write(work, &salt, &nonce);
    let mut content = keys.to_bytes();
    aead::seal(&key, nonce, &header, &mut content);
    Ok([header.as_slice(), &content].concat())
}

#[cfg(test)]
fn decode(passphrase: &str, bytes: &[u8]) -> Result<Keys, KeystoreError> {
    let (work, salt) = header::read(bytes)?;
    open_under(&*work.key(passphrase, &salt)?, bytes)
}

/// Opens what stands behind the header.
fn open_under(key: &[u8; KEY_LEN], bytes: &[u8]) -> Result<Keys, KeystoreError> {
    let mut from = Reader::new(bytes);
    let header = from.slice(HEADER_LEN)?;
    let nonce = header.last_chunk().expect("a header ends with its nonce");
    let content =
        aead::open(key, *nonce, header, from.rest()).map_err(|_| KeystoreError::WrongPassphrase)?;
    Keys::from_bytes(&content).map_err(|TooShort| KeystoreError::Malformed)
}

#[cfg(test)]
mod tests;
