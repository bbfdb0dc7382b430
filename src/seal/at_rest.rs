//! Encryption of what a node keeps, so that erasing a small secret erases what hangs on it.
//!
//! Every record of the log is sealed under its own random key, and that key under the epoch
//! secret. Changing the epoch wraps the live keys anew and destroys the old secret: every older
//! wrap, wherever a copy of it lies, is dead. The index is sealed under keys that follow from the
//! epoch secret, and is rebuilt when that changes.

mod epoch_file;

use std::fmt;

use ring::hmac;
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

pub use epoch_file::{EpochFileError, Epochs, FIRST_EPOCH, create_epoch, is_changing};

use super::aead::{self, KEY_LEN, NONCE_LEN, ONLY_NONCE, TAG_LEN};
use crate::base::Entropy;

/// Length of a wrapped record key in bytes: nonce 12 ‖ encrypted key 32 ‖ tag 16.
pub const WRAPPED_KEY_LEN: usize = NONCE_LEN + KEY_LEN + TAG_LEN;

const WRAP_AAD: &[u8] = b"liaison/record-key/v1";

/// What was stored does not open: another epoch's key, other associated data, or damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored bytes do not open under this key")]
pub struct NotOpened;

/// The secret of one epoch: 32 random bytes.
#[derive(ZeroizeOnDrop)]
pub struct EpochSecret {
    secret: [u8; KEY_LEN],
    wrapping: [u8; KEY_LEN],
}

impl EpochSecret {
    /// A new secret.
    pub fn generate(entropy: &mut dyn Entropy) -> Self {
        let mut secret = Zeroizing::new([0; KEY_LEN]);
        entropy.fill(&mut *secret);
        Self::from_bytes(&secret)
    }

    /// The secret with these 32 uniformly random bytes.
    pub fn from_bytes(secret: &[u8; KEY_LEN]) -> Self {
        Self {
            secret: *secret,
            wrapping: *aead::derive(secret, "liaison/record-wrap/v1"),
        }
    }

    fn bytes(&self) -> &[u8; KEY_LEN] {
        &self.secret
    }

    /// The keys of the index in this epoch.
    pub fn index_key(&self) -> IndexKey {
        let mac = |purpose| {
            let key = aead::derive(&self.secret, purpose);
            hmac::Key::new(hmac::HMAC_SHA256, &*key)
        };
        IndexKey {
            value: *aead::derive(&self.secret, "liaison/index-value/v1"),
            token: mac("liaison/index-token/v1"),
            pseudonym: mac("liaison/index-pseudonym/v1"),
        }
    }

    fn wrap(&self, key: &[u8; KEY_LEN], entropy: &mut dyn Entropy) -> [u8; WRAPPED_KEY_LEN] {
        let nonce: [u8; NONCE_LEN] = entropy.array();
        let mut buffer = Vec::with_capacity(KEY_LEN + TAG_LEN);
        buffer.extend_from_slice(key);
        aead::seal(&self.wrapping, nonce, WRAP_AAD, &mut buffer);
        let mut wrapped = [0; WRAPPED_KEY_LEN];
        wrapped[..NONCE_LEN].copy_from_slice(&nonce);
        wrapped[NONCE_LEN..].copy_from_slice(&buffer);
        wrapped
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<[u8; KEY_LEN]>, NotOpened> {
        let (nonce, wrapped) = wrapped.split_first_chunk().ok_or(NotOpened)?;
        let key = aead::open(&self.wrapping, *nonce, WRAP_AAD, wrapped).map_err(|_| NotOpened)?;
        key.as_slice()
            .try_into()
            .map(Zeroizing::new)
            .map_err(|_| NotOpened)
    }
}

impl fmt::Debug for EpochSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EpochSecret")
    }
}

/// A record as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRecord {
    /// The encrypted content, [`SealedRecord::OVERHEAD`] longer than the plaintext.
    pub ciphertext: Vec<u8>,
    /// The record's key under the epoch secret.
    pub wrapped_key: [u8; WRAPPED_KEY_LEN],
}

impl SealedRecord {
    /// How much longer a ciphertext is than its plaintext, in bytes.
    pub const OVERHEAD: usize = TAG_LEN;
}

/// Seals a record under a random key of its own. `aad` is not stored, and must be the same to open.
pub fn seal_record(
    epoch: &EpochSecret,
    plaintext: &[u8],
    aad: &[u8],
    entropy: &mut dyn Entropy,
) -> SealedRecord {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    entropy.fill(&mut *key);
    let mut ciphertext = Vec::with_capacity(plaintext.len() + TAG_LEN);
    ciphertext.extend_from_slice(plaintext);
    aead::seal(&key, ONLY_NONCE, aad, &mut ciphertext);
    SealedRecord {
        ciphertext,
        wrapped_key: epoch.wrap(&key, entropy),
    }
}

/// Opens a record from its two stored parts.
///
/// # Errors
/// [`NotOpened`].
pub fn open_record(
    epoch: &EpochSecret,
    ciphertext: &[u8],
    wrapped_key: &[u8],
    aad: &[u8],
) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
    let key = epoch.unwrap(wrapped_key)?;
    aead::open(&key, ONLY_NONCE, aad, ciphertext).map_err(|_| NotOpened)
}

/// Wraps a record's key for the next epoch; its ciphertext stays as it is.
///
/// # Errors
/// [`NotOpened`] if the key is not wrapped under `old`.
pub fn rewrap_key(
    old: &EpochSecret,
    new: &EpochSecret,
    wrapped_key: &[u8],
    entropy: &mut dyn Entropy,
) -> Result<[u8; WRAPPED_KEY_LEN], NotOpened> {
    let key = old.unwrap(wrapped_key)?;
    Ok(new.wrap(&key, entropy))
}

/// The keys of the index: for its values, for search tokens and for pseudonyms.
pub struct IndexKey {
    value: [u8; KEY_LEN],
    token: hmac::Key,
    pseudonym: hmac::Key,
}

impl IndexKey {
    /// Seals a value for its place: `nonce 12 ‖ ciphertext ‖ tag 16`, bound to table and key.
    ///
    /// # Panics
    /// If the table's name is longer than 255 bytes; names of tables are constants.
    pub fn seal_value(
        &self,
        table: &str,
        key: &[u8],
        value: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = entropy.array();
        let mut buffer = Vec::with_capacity(value.len() + TAG_LEN);
        buffer.extend_from_slice(value);
        aead::seal(&self.value, nonce, &place(table, key), &mut buffer);
        [nonce.as_slice(), &buffer].concat()
    }

    /// Opens a value in its place.
    ///
    /// # Errors
    /// [`NotOpened`] if it was sealed under another key, for another place, or is damaged.
    pub fn open_value(
        &self,
        table: &str,
        key: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
        let (nonce, ciphertext) = sealed.split_first_chunk().ok_or(NotOpened)?;
        aead::open(&self.value, *nonce, &place(table, key), ciphertext).map_err(|_| NotOpened)
    }

    /// A search token for a word: HMAC-SHA256, the first 16 bytes. Equal words have equal tokens,
    /// and without the key a token tells nothing of its word.
    pub fn token(&self, word: &str) -> [u8; 16] {
        truncated(&self.token, word.as_bytes())
    }

    /// A pseudonym for an identifier, which dies with the epoch: HMAC-SHA256, the first 16 bytes.
    pub fn pseudonym(&self, identifier: &[u8]) -> [u8; 16] {
        truncated(&self.pseudonym, identifier)
    }
}

impl Drop for IndexKey {
    fn drop(&mut self) {
        self.value.zeroize();
    }
}

impl fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndexKey")
    }
}

/// u8 length of table ‖ table ‖ key.
fn place(table: &str, key: &[u8]) -> Vec<u8> {
    let len = u8::try_from(table.len()).expect("the name of a table is at most 255 bytes");
    [&[len], table.as_bytes(), key].concat()
}

fn truncated(key: &hmac::Key, data: &[u8]) -> [u8; 16] {
    let tag = hmac::sign(key, data);
    *tag.as_ref()
        .first_chunk()
        .expect("an HMAC-SHA256 tag has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SeededEntropy;

    #[test]
    fn a_record_opens_under_its_epoch_and_associated_data_alone() {
        let mut entropy = SeededEntropy::new(1);
        let epoch = EpochSecret::generate(&mut entropy);
        let other = EpochSecret::generate(&mut entropy);
        let sealed = seal_record(&epoch, b"content", b"aad", &mut entropy);
        assert_eq!(sealed.ciphertext.len(), 7 + SealedRecord::OVERHEAD);
        let open = |epoch, aad| open_record(epoch, &sealed.ciphertext, &sealed.wrapped_key, aad);
        assert_eq!(open(&epoch, b"aad").unwrap().as_slice(), b"content");
        assert_eq!(open(&other, b"aad"), Err(NotOpened));
        assert_eq!(open(&epoch, b"bad"), Err(NotOpened));
        for len in 0..WRAPPED_KEY_LEN {
            let cut = &sealed.wrapped_key[..len];
            assert_eq!(
                open_record(&epoch, &sealed.ciphertext, cut, b"aad"),
                Err(NotOpened)
            );
        }
    }

    #[test]
    fn a_new_epoch_opens_what_was_wrapped_anew_and_the_old_one_no_longer_does() {
        let mut entropy = SeededEntropy::new(2);
        let (old, new) = (
            EpochSecret::generate(&mut entropy),
            EpochSecret::generate(&mut entropy),
        );
        let sealed = seal_record(&old, b"content", b"", &mut entropy);
        let wrapped = rewrap_key(&old, &new, &sealed.wrapped_key, &mut entropy).unwrap();
        assert!(open_record(&new, &sealed.ciphertext, &wrapped, b"").is_ok());
        assert_eq!(
            open_record(&old, &sealed.ciphertext, &wrapped, b""),
            Err(NotOpened)
        );
        assert_eq!(
            rewrap_key(&new, &old, &sealed.wrapped_key, &mut entropy),
            Err(NotOpened)
        );
    }

    #[test]
    fn two_records_never_share_a_key() {
        let mut entropy = SeededEntropy::new(3);
        let epoch = EpochSecret::generate(&mut entropy);
        let one = seal_record(&epoch, b"content", b"", &mut entropy);
        let two = seal_record(&epoch, b"content", b"", &mut entropy);
        assert_ne!(one.ciphertext, two.ciphertext);
        assert_eq!(
            open_record(&epoch, &one.ciphertext, &two.wrapped_key, b""),
            Err(NotOpened)
        );
    }

    #[test]
    fn a_value_opens_in_its_place_alone() {
        let mut entropy = SeededEntropy::new(4);
        let epoch = EpochSecret::generate(&mut entropy);
        let index = epoch.index_key();
        let sealed = index.seal_value("cases", b"key", b"value", &mut entropy);
        let open = |table, key| index.open_value(table, key, &sealed);
        assert_eq!(open("cases", b"key").unwrap().as_slice(), b"value");
        assert_eq!(open("case", b"skey"), Err(NotOpened));
        assert_eq!(open("cases", b"kez"), Err(NotOpened));
        assert_eq!(index.open_value("cases", b"key", b""), Err(NotOpened));
        let again = EpochSecret::from_bytes(epoch.bytes()).index_key();
        assert!(again.open_value("cases", b"key", &sealed).is_ok());
    }

    #[test]
    fn tokens_and_pseudonyms_follow_from_the_epoch_and_differ_by_purpose() {
        let mut entropy = SeededEntropy::new(5);
        let one = EpochSecret::generate(&mut entropy).index_key();
        let two = EpochSecret::generate(&mut entropy).index_key();
        assert_eq!(one.token("word"), one.token("word"));
        assert_ne!(one.token("word"), one.token("ward"));
        assert_ne!(one.token("word"), two.token("word"));
        assert_ne!(one.token("word"), one.pseudonym(b"word"));
    }

    #[test]
    fn secrets_print_only_their_type() {
        let epoch = EpochSecret::generate(&mut SeededEntropy::new(6));
        assert_eq!(format!("{epoch:?}"), "EpochSecret");
        assert_eq!(format!("{:?}", epoch.index_key()), "IndexKey");
    }
}
