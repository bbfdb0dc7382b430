//! The keys that a node receives under: X-Wing (ML-KEM-768 with X25519,
//! draft-connolly-cfrg-xwing-kem), as HPKE (RFC 9180) uses it.
//!
//! This is the one place where an unaudited crate holds the whole seal.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hpke::kem::XWing;
use hpke::{Deserializable as _, Kem, Serializable as _};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::sign::{KeyId, ParseKeyError, from_base64, key_id};
use crate::base::Entropy;

/// Length of a public key in bytes: ML-KEM-768's 1,184, then X25519's 32.
pub const PUBLIC_KEY_LEN: usize = 1216;
/// Length of the seed that is the private key, in bytes.
pub const PRIVATE_KEY_LEN: usize = 32;

const X25519_AT: usize = PUBLIC_KEY_LEN - 32;

/// The u-coordinates of the points of small order on Curve25519 and its twist, below p: with
/// such a key the X25519 half of every secret is zero.
const SMALL_ORDER_X25519: [[u8; 32]; 5] = [
    [0; 32],
    {
        let mut one = [0; 32];
        one[0] = 1;
        one
    },
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4,
        0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49,
        0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef,
        0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f,
        0x11, 0x57,
    ],
    {
        let mut minus_one = [0xff; 32];
        minus_one[0] = 0xec;
        minus_one[31] = 0x7f;
        minus_one
    },
];

/// Whether the bytes are an X25519 public key that can contribute to a secret: the canonical
/// form of a u-coordinate (top bit clear, below p) that is not of small order.
pub(super) fn x25519_contributes(u: &[u8; 32]) -> bool {
    let above = u[31] == 0x7f && u[1..31].iter().all(|b| *b == 0xff) && u[0] >= 0xed;
    u[31] & 0x80 == 0 && !above && !SMALL_ORDER_X25519.contains(u)
}

/// A private key to receive under.
pub struct RecipientKey {
    seed: [u8; PRIVATE_KEY_LEN],
    private: <XWing as Kem>::PrivateKey,
    public: RecipientPublicKey,
}

impl RecipientKey {
    /// A new key.
    pub fn generate(entropy: &mut dyn Entropy) -> Self {
        let mut seed = Zeroizing::new([0; PRIVATE_KEY_LEN]);
        entropy.fill(&mut *seed);
        Self::from_seed(&seed)
    }

    /// The key that follows from a uniformly random seed, which is X-Wing's private key itself.
    pub fn from_seed(seed: &[u8; PRIVATE_KEY_LEN]) -> Self {
        let private = <XWing as Kem>::PrivateKey::from_bytes(seed)
            .expect("any 32 bytes are an X-Wing private key");
        let public = XWing::sk_to_pk(&private);
        let mut bytes = Box::new([0; PUBLIC_KEY_LEN]);
        public.write_exact(&mut *bytes);
        Self {
            seed: *seed,
            private,
            public: RecipientPublicKey::assemble(bytes, public),
        }
    }

    /// The seed, for the keystore.
    pub(super) fn seed(&self) -> &[u8; PRIVATE_KEY_LEN] {
        &self.seed
    }

    pub(super) fn hpke(&self) -> &<XWing as Kem>::PrivateKey {
        &self.private
    }

    /// The public half.
    pub fn public(&self) -> &RecipientPublicKey {
        &self.public
    }

    /// The id of the public half.
    pub fn key_id(&self) -> KeyId {
        self.public.key_id()
    }
}

impl Drop for RecipientKey {
    fn drop(&mut self) {
        self.seed.zeroize();
    }
}

impl fmt::Debug for RecipientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecipientKey")
    }
}

/// The public key of a recipient: 1,216 bytes, written as base64. Cheap to clone.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RecipientPublicKey(Arc<Parsed>);

struct Parsed {
    bytes: Box<[u8; PUBLIC_KEY_LEN]>,
    hpke: <XWing as Kem>::PublicKey,
    key_id: KeyId,
}

impl RecipientPublicKey {
    fn assemble(bytes: Box<[u8; PUBLIC_KEY_LEN]>, hpke: <XWing as Kem>::PublicKey) -> Self {
        let key_id = key_id(&*bytes);
        Self(Arc::new(Parsed {
            bytes,
            hpke,
            key_id,
        }))
    }

    /// Reads the 1,216 bytes.
    ///
    /// # Errors
    /// [`ParseKeyError::Length`]; [`ParseKeyError::Weak`] for an X25519 half of small order or not
    /// in canonical form; [`ParseKeyError::Malformed`] for an ML-KEM half that fails the modulus
    /// check of FIPS 203 § 7.2.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseKeyError> {
        let bytes: Box<[u8]> = bytes.into();
        let bytes: Box<[u8; PUBLIC_KEY_LEN]> =
            bytes.try_into().map_err(|_| ParseKeyError::Length)?;
        let x25519 = bytes[X25519_AT..]
            .try_into()
            .expect("the key ends with 32 bytes of X25519");
        if !x25519_contributes(x25519) {
            return Err(ParseKeyError::Weak);
        }
        let hpke =
            <XWing as Kem>::PublicKey::from_bytes(&*bytes).map_err(|_| ParseKeyError::Malformed)?;
        Ok(Self::assemble(bytes, hpke))
    }

    /// The 1,216 bytes.
    pub fn as_bytes(&self) -> &[u8; PUBLIC_KEY_LEN] {
        &self.0.bytes
    }

    /// The key's id.
    pub fn key_id(&self) -> KeyId {
        self.0.key_id
    }

    pub(super) fn hpke(&self) -> &<XWing as Kem>::PublicKey {
        &self.0.hpke
    }
}

impl PartialEq for RecipientPublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.bytes == other.0.bytes
    }
}

impl Eq for RecipientPublicKey {}

impl fmt::Debug for RecipientPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecipientPublicKey({})", self.key_id().short())
    }
}

impl TryFrom<String> for RecipientPublicKey {
    type Error = ParseKeyError;

    fn try_from(text: String) -> Result<Self, ParseKeyError> {
        Self::from_bytes(&from_base64(&text)?)
    }
}

impl From<RecipientPublicKey> for String {
    fn from(key: RecipientPublicKey) -> String {
        BASE64.encode(key.as_bytes())
    }
}

/// The private keys that a node can open with now, by id. Cheap to clone.
#[derive(Clone, Default)]
pub struct RecipientKeys(BTreeMap<KeyId, Arc<RecipientKey>>);

impl RecipientKeys {
    /// The key with this id.
    pub fn find(&self, id: &KeyId) -> Option<&RecipientKey> {
        self.0.get(id).map(Arc::as_ref)
    }

    /// The ids of the keys, in ascending order.
    pub fn ids(&self) -> impl Iterator<Item = &KeyId> {
        self.0.keys()
    }
}

impl FromIterator<Arc<RecipientKey>> for RecipientKeys {
    fn from_iter<I: IntoIterator<Item = Arc<RecipientKey>>>(keys: I) -> Self {
        Self(keys.into_iter().map(|key| (key.key_id(), key)).collect())
    }
}

impl FromIterator<RecipientKey> for RecipientKeys {
    fn from_iter<I: IntoIterator<Item = RecipientKey>>(keys: I) -> Self {
        keys.into_iter().map(Arc::new).collect()
    }
}

impl fmt::Debug for RecipientKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecipientKeys({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SeededEntropy;

    #[test]
    fn a_public_key_survives_its_text_and_nothing_else_parses() {
        let key = RecipientKey::generate(&mut SeededEntropy::new(1));
        let public = key.public();
        let text = serde_json::to_string(public).unwrap();
        let read: RecipientPublicKey = serde_json::from_str(&text).unwrap();
        assert_eq!(&read, public);
        assert_eq!(read.key_id(), key.key_id());
        assert_eq!(
            RecipientPublicKey::from_bytes(&public.as_bytes()[1..]),
            Err(ParseKeyError::Length)
        );
        let mut overflow = *public.as_bytes();
        overflow[..3].fill(0xff);
        assert_eq!(
            RecipientPublicKey::from_bytes(&overflow),
            Err(ParseKeyError::Malformed)
        );
    }

    #[test]
    fn an_elliptic_half_that_contributes_nothing_is_refused() {
        let mut bytes = *RecipientKey::generate(&mut SeededEntropy::new(2))
            .public()
            .as_bytes();
        let mut refuse = |u: [u8; 32]| {
            bytes[X25519_AT..].copy_from_slice(&u);
            assert_eq!(
                RecipientPublicKey::from_bytes(&bytes),
                Err(ParseKeyError::Weak)
            );
        };
        for u in SMALL_ORDER_X25519 {
            refuse(u);
            let mut high = u;
            high[31] |= 0x80;
            refuse(high);
        }
        for low in [0xed, 0xee, 0xff] {
            let mut above = [0xff; 32];
            (above[0], above[31]) = (low, 0x7f);
            refuse(above);
        }
    }

    #[test]
    fn secret_keys_print_only_their_type() {
        let key = RecipientKey::generate(&mut SeededEntropy::new(3));
        assert_eq!(format!("{key:?}"), "RecipientKey");
        let keys: RecipientKeys = [key].into_iter().collect();
        assert_eq!(format!("{keys:?}"), "RecipientKeys(1)");
    }
}
