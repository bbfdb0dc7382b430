//! The way back from a lost passphrase: the keys sealed a second time, to a recovery key of which
//! no one person holds more than a share.
//!
//! ```text
//! recovery.pub  magic "LIARCVP" 7 ‖ version u8 = 1 ‖ X-Wing public key 1216
//! recovery      magic "LIARCVR" 7 ‖ version u8 = 1 ‖ encapsulation 1120 ‖ AES-256-GCM ciphertext
//! ```
//!
//! The public half stays with the node, so that every change of the keystore renews the second
//! seal without anybody's share. The private half is split by Shamir's scheme and kept nowhere.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hpke::kem::XWing;
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _};
use zeroize::Zeroizing;

use super::KeyId;
use super::envelope::{ENC_LEN, WrapAead, WrapKdf};
use super::keystore::Keys;
use super::recipient::{RecipientKey, RecipientPublicKey};
use super::rng::EntropyRng;
use crate::base::files;
use crate::base::{Digest, Entropy};

mod share;

pub use share::{Share, ShareError};

const PUBLIC_MAGIC: &[u8; 8] = b"LIARCVP\x01";
const SEALED_MAGIC: &[u8; 8] = b"LIARCVR\x01";
const INFO: &[u8] = b"liaison/recovery/v1";
const SECRET_LEN: usize = 32;

/// Why recovery cannot be set up or carried out.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// The file system failed.
    #[error("a recovery file: {0}")]
    Io(#[from] io::Error),
    /// The number of shares, or how many of them are needed, makes no sense.
    #[error("of 2 to 16 shares at least 2 and at most all are needed")]
    Shares,
    /// A share is no share, or they do not belong together.
    #[error(transparent)]
    Share(#[from] ShareError),
    /// No recovery was set up at this node.
    #[error("no recovery was set up for these keys")]
    NotSetUp,
    /// A recovery file is not one.
    #[error("a recovery file is damaged")]
    Damaged,
    /// The shares are not those of this node's recovery key.
    #[error("the shares are of another recovery key")]
    OtherKey,
}

/// The two recovery files beside a keystore.
#[derive(Debug, Clone)]
pub struct Recovery {
    public: PathBuf,
    sealed: PathBuf,
}

impl Recovery {
    /// The files that belong to the keystore at `path`.
    pub fn beside(path: &Path) -> Self {
        Self {
            public: path.with_file_name("recovery.pub"),
            sealed: path.with_file_name("recovery"),
        }
    }

    /// Makes a new recovery key, seals the keys to it, and gives its shares, of which `needed`
    /// open it again. Shares of an earlier recovery key do not open them from then on, but still open
    /// the backups that were sealed to it.
    ///
    /// # Errors
    /// [`RecoveryError::Shares`], [`RecoveryError::Io`].
    pub fn set_up(
        &self,
        keys: &Keys,
        needed: u8,
        shares: u8,
        entropy: &mut dyn Entropy,
    ) -> Result<Vec<Share>, RecoveryError> {
        if !(2..=16).contains(&shares) || !(2..=shares).contains(&needed) {
            return Err(RecoveryError::Shares);
        }
        let mut secret = Zeroizing::new([0; SECRET_LEN]);
        entropy.fill(&mut *secret);
        let key = RecipientKey::from_seed(&secret);
        let shares = Share::split(&secret, &key.key_id(), needed, shares, entropy);
        let sealed = seal(key.public(), keys, entropy);
        // The sealed keys first: a public half alone would promise a way back that is not there.
        files::replace(&self.sealed, &sealed)?;
        let public = [PUBLIC_MAGIC.as_slice(), key.public().as_bytes()].concat();
        files::replace(&self.public, &public)?;
        Ok(shares)
    }

    /// Seals changed keys anew, where recovery was set up.
    ///
    /// # Errors
    /// [`RecoveryError::Io`], [`RecoveryError::Damaged`].
    pub fn renew(&self, keys: &Keys, entropy: &mut dyn Entropy) -> Result<(), RecoveryError> {
        match self.public_key() {
            Ok(key) => Ok(files::replace(&self.sealed, &seal(&key, keys, entropy))?),
            Err(RecoveryError::NotSetUp) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Opens the sealed keys with enough shares.
    ///
    /// # Errors
    /// [`RecoveryError`].
    pub fn open(&self, shares: &[Share]) -> Result<Keys, RecoveryError> {
        let public = self.public_key()?;
        let key = Self::key(shares, &public.key_id())?;
        let sealed = read(&self.sealed)?;
        open(&key, &sealed).ok_or(RecoveryError::Damaged)
    }

    /// The recovery key that this id names, from enough shares.
    ///
    /// # Errors
    /// [`RecoveryError::Share`], [`RecoveryError::OtherKey`].
    pub fn key(shares: &[Share], id: &KeyId) -> Result<RecipientKey, RecoveryError> {
        let key = RecipientKey::from_seed(&*Share::combine(shares, id)?);
        if key.key_id() != *id {
            return Err(RecoveryError::OtherKey);
        }
        Ok(key)
    }

    /// The public half of the recovery key.
    ///
    /// # Errors
    /// [`RecoveryError::NotSetUp`], [`RecoveryError::Io`], [`RecoveryError::Damaged`].
    pub fn public_key(&self) -> Result<RecipientPublicKey, RecoveryError> {
        let bytes = read(&self.public)?;
        let key = bytes.strip_prefix(PUBLIC_MAGIC);
        key.and_then(|key| RecipientPublicKey::from_bytes(key).ok())
            .ok_or(RecoveryError::Damaged)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, RecoveryError> {
    fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => RecoveryError::NotSetUp,
        _ => RecoveryError::Io(error),
    })
}

fn seal(to: &RecipientPublicKey, keys: &Keys, entropy: &mut dyn Entropy) -> Vec<u8> {
    let plaintext = Zeroizing::new(keys.to_bytes());
    let (enc, ciphertext) = hpke::single_shot_seal_with_rng::<WrapAead, WrapKdf, XWing>(
        &OpModeS::Base,
        to.hpke(),
        INFO,
        &plaintext,
        Digest::of(to.as_bytes()).as_bytes(),
        &mut EntropyRng(entropy),
    )
    .expect("a validated key can be encapsulated to");
    [SEALED_MAGIC.as_slice(), &enc.to_bytes(), &ciphertext].concat()
}

fn open(key: &RecipientKey, sealed: &[u8]) -> Option<Keys> {
    let (enc, ciphertext) = sealed
        .strip_prefix(SEALED_MAGIC)?
        .split_at_checked(ENC_LEN)?;
    let plaintext = hpke::single_shot_open::<WrapAead, WrapKdf, XWing>(
        &OpModeR::Base,
        key.hpke(),
        &<XWing as Kem>::EncappedKey::from_bytes(enc).ok()?,
        INFO,
        ciphertext,
        Digest::of(key.public().as_bytes()).as_bytes(),
    );
    Keys::from_bytes(&Zeroizing::new(plaintext.ok()?)).ok()
}

#[cfg(test)]
mod tests;
