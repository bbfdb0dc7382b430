//! Hybrid signatures: Ed25519 (RFC 8032) and ML-DSA-65 (FIPS 204) over the same bytes, both of
//! which must verify, so that forging needs a break of both.
//!
//! Every signature but those of C2SP signed notes covers a context: the signed bytes are
//! `u8 length of context ‖ context ‖ message`. ML-DSA's own context string stays empty, since
//! other implementations support nothing else, and its signing is hedged with fresh randomness.

mod lattice;
mod proven;

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use lattice::{LatticeKey, VerifyingHalf};
pub use proven::Proven;

use crate::base::{Digest, Entropy};

/// Names a public key: H("liaison/key/v1" ‖ the key's bytes).
pub type KeyId = Digest;

/// Length of an Ed25519 public key in bytes.
pub const ED25519_KEY_LEN: usize = 32;
/// Length of an ML-DSA-65 public key in bytes.
pub const ML_DSA_KEY_LEN: usize = 1952;
/// Length of a [`VerifyingKey`] in bytes: Ed25519, then ML-DSA-65.
pub const VERIFYING_KEY_LEN: usize = ED25519_KEY_LEN + ML_DSA_KEY_LEN;
/// Length of an Ed25519 signature in bytes.
pub const ED25519_SIGNATURE_LEN: usize = 64;
/// Length of an ML-DSA-65 signature in bytes.
pub const ML_DSA_SIGNATURE_LEN: usize = 3309;
/// Length of a [`HybridSignature`] in bytes: Ed25519, then ML-DSA-65.
pub const SIGNATURE_LEN: usize = ED25519_SIGNATURE_LEN + ML_DSA_SIGNATURE_LEN;
/// Length of the two seeds of a [`SigningKey`] in bytes: Ed25519, then ML-DSA-65.
pub const SEEDS_LEN: usize = 64;

/// The y-coordinates of the points of small order on Curve25519's twisted Edwards form, as they
/// can be encoded: 0, 1, p−1, p, p+1 and the two of order 8. A signature under such a key proves
/// nothing.
const SMALL_ORDER_ED25519: [[u8; 32]; 7] = {
    const fn edge(first: u8) -> [u8; 32] {
        let mut bytes = [0xff; 32];
        bytes[0] = first;
        bytes[31] = 0x7f;
        bytes
    }
    const fn small(first: u8) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[0] = first;
        bytes
    }
    [
        small(0),
        small(1),
        edge(0xec),
        edge(0xed),
        edge(0xee),
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef,
            0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88,
            0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10,
            0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77,
            0x92, 0xac, 0x03, 0x7a,
        ],
    ]
};

/// Whether an Ed25519 public key is a point of small order, under which a signature proves nothing.
pub(super) fn is_weak_ed25519(key: &[u8; ED25519_KEY_LEN]) -> bool {
    let mut y = *key;
    y[31] &= 0x7f;
    SMALL_ORDER_ED25519.contains(&y)
}

/// Why bytes or text are not a key or a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseKeyError {
    /// The text is not standard base64 with padding.
    #[error("a key or signature is written in base64")]
    Base64,
    /// The length is not that of the type.
    #[error("the key or signature has the wrong length")]
    Length,
    /// The key's elliptic-curve half is a point of small order, or not in its one canonical form.
    #[error("the key is a weak point of its curve")]
    Weak,
    /// The key's lattice half fails the check that its standard demands.
    #[error("the key is malformed")]
    Malformed,
}

/// A signature does not hold: at least one of its halves fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not hold")]
pub struct BadSignature;

/// A hybrid signing key.
pub struct SigningKey {
    seeds: [u8; SEEDS_LEN],
    ed25519: Ed25519KeyPair,
    ml_dsa: LatticeKey,
    verifying: VerifyingKey,
}

impl SigningKey {
    /// A new key.
    pub fn generate(entropy: &mut dyn Entropy) -> Self {
        let mut seeds = Zeroizing::new([0; SEEDS_LEN]);
        entropy.fill(&mut *seeds);
        Self::from_seeds(&seeds)
    }

    /// The key that follows from two uniformly random seeds of 32 bytes, Ed25519's first.
    pub fn from_seeds(seeds: &[u8; SEEDS_LEN]) -> Self {
        let ed25519 = Ed25519KeyPair::from_seed_unchecked(&seeds[..32])
            .expect("any 32 bytes are an Ed25519 seed");
        let mut seed = Zeroizing::new([0; lattice::SEED_LEN]);
        seed.copy_from_slice(&seeds[32..]);
        let ml_dsa = LatticeKey::from_seed(&seed);

        let public = ml_dsa.public();
        let mut bytes = [0; VERIFYING_KEY_LEN];
        bytes[..ED25519_KEY_LEN].copy_from_slice(ed25519.public_key().as_ref());
        bytes[ED25519_KEY_LEN..].copy_from_slice(&public.encode());
        let verifying = VerifyingKey::assemble(bytes, public.clone());
        Self {
            seeds: *seeds,
            ed25519,
            ml_dsa,
            verifying,
        }
    }

    /// The two seeds, for the keystore.
    pub(super) fn seeds(&self) -> &[u8; SEEDS_LEN] {
        &self.seeds
    }

    /// The public half.
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying
    }

    /// The id of the public half.
    pub fn key_id(&self) -> KeyId {
        self.verifying.key_id()
    }

    /// Signs `message` for one purpose.
    ///
    /// # Panics
    /// If `context` is longer than 255 bytes; contexts are constants.
    pub fn sign(
        &self,
        context: &str,
        message: &[u8],
        entropy: &mut dyn Entropy,
    ) -> HybridSignature {
        self.sign_raw(&with_context(context, message), entropy)
    }

    /// Signs the bytes as they are. Only for formats that separate their purposes themselves, as
    /// a C2SP signed note does by the origin in its first line.
    pub fn sign_raw(&self, message: &[u8], entropy: &mut dyn Entropy) -> HybridSignature {
        let mut bytes = [0; SIGNATURE_LEN];
        bytes[..ED25519_SIGNATURE_LEN].copy_from_slice(self.ed25519.sign(message).as_ref());
        let ml_dsa = self.ml_dsa.sign(message, entropy);
        bytes[ED25519_SIGNATURE_LEN..].copy_from_slice(&ml_dsa[..]);
        HybridSignature(Arc::new(bytes))
    }
}

impl Drop for SigningKey {
    fn drop(&mut self) {
        self.seeds.zeroize();
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

/// A hybrid verifying key: Ed25519's 32 bytes, then ML-DSA-65's 1,952. Written as base64.
/// Cheap to clone; the expanded form that speeds up verification is shared.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VerifyingKey(Arc<Expanded>);

struct Expanded {
    bytes: [u8; VERIFYING_KEY_LEN],
    ml_dsa: VerifyingHalf,
    key_id: KeyId,
}

impl VerifyingKey {
    fn assemble(bytes: [u8; VERIFYING_KEY_LEN], ml_dsa: VerifyingHalf) -> Self {
        let key_id = key_id(&bytes);
        Self(Arc::new(Expanded {
            bytes,
            ml_dsa,
            key_id,
        }))
    }

    /// Reads the 1,984 bytes.
    ///
    /// # Errors
    /// [`ParseKeyError::Length`], or [`ParseKeyError::Weak`] for an Ed25519 point of small order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseKeyError> {
        let bytes: [u8; VERIFYING_KEY_LEN] = bytes.try_into().map_err(|_| ParseKeyError::Length)?;
        let (ed25519, ml_dsa) = bytes.split_at(ED25519_KEY_LEN);
        let mut y = [0; ED25519_KEY_LEN];
        y.copy_from_slice(ed25519);
        if is_weak_ed25519(&y) {
            return Err(ParseKeyError::Weak);
        }
        let encoded = ml_dsa.try_into().map_err(|_| ParseKeyError::Length)?;
        Ok(Self::assemble(bytes, VerifyingHalf::decode(&encoded)))
    }

    /// The 1,984 bytes.
    pub fn as_bytes(&self) -> &[u8; VERIFYING_KEY_LEN] {
        &self.0.bytes
    }

    /// The Ed25519 public key (RFC 8032 § 5.1.5).
    pub fn ed25519(&self) -> &[u8] {
        &self.0.bytes[..ED25519_KEY_LEN]
    }

    /// The ML-DSA-65 public key (FIPS 204, pkEncode).
    pub fn ml_dsa(&self) -> &[u8] {
        &self.0.bytes[ED25519_KEY_LEN..]
    }

    /// The key's id.
    pub fn key_id(&self) -> KeyId {
        self.0.key_id
    }

    /// Verifies a signature made by [`SigningKey::sign`].
    ///
    /// # Errors
    /// [`BadSignature`] unless both halves hold.
    pub fn verify(
        &self,
        context: &str,
        message: &[u8],
        signature: &HybridSignature,
    ) -> Result<(), BadSignature> {
        self.verify_raw(&with_context(context, message), signature)
    }

    /// Verifies a signature made by [`SigningKey::sign_raw`].
    ///
    /// # Errors
    /// [`BadSignature`] unless both halves hold.
    pub fn verify_raw(
        &self,
        message: &[u8],
        signature: &HybridSignature,
    ) -> Result<(), BadSignature> {
        UnparsedPublicKey::new(&ED25519, self.ed25519())
            .verify(message, signature.ed25519())
            .map_err(|_| BadSignature)?;
        lattice::holds(&self.0.ml_dsa, message, signature.ml_dsa())
            .then_some(())
            .ok_or(BadSignature)
    }
}

impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.bytes == other.0.bytes
    }
}

impl Eq for VerifyingKey {}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", self.key_id().short())
    }
}

impl TryFrom<String> for VerifyingKey {
    type Error = ParseKeyError;

    fn try_from(text: String) -> Result<Self, ParseKeyError> {
        Self::from_bytes(&from_base64(&text)?)
    }
}

impl From<VerifyingKey> for String {
    fn from(key: VerifyingKey) -> String {
        BASE64.encode(key.as_bytes())
    }
}

/// A hybrid signature: Ed25519's 64 bytes, then ML-DSA-65's 3,309. Written as base64. Cheap to
/// clone: the messages of a group share one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HybridSignature(Arc<[u8; SIGNATURE_LEN]>);

impl HybridSignature {
    /// Takes the 3,373 bytes; whether they are a signature shows when it is verified.
    ///
    /// # Errors
    /// [`ParseKeyError::Length`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseKeyError> {
        let bytes: [u8; SIGNATURE_LEN] = bytes.try_into().map_err(|_| ParseKeyError::Length)?;
        Ok(Self(Arc::new(bytes)))
    }

    /// Joins the two halves.
    pub fn from_halves(
        ed25519: &[u8; ED25519_SIGNATURE_LEN],
        ml_dsa: &[u8; ML_DSA_SIGNATURE_LEN],
    ) -> Self {
        let mut bytes = [0; SIGNATURE_LEN];
        bytes[..ED25519_SIGNATURE_LEN].copy_from_slice(ed25519);
        bytes[ED25519_SIGNATURE_LEN..].copy_from_slice(ml_dsa);
        Self(Arc::new(bytes))
    }

    /// The 3,373 bytes.
    pub fn as_bytes(&self) -> &[u8; SIGNATURE_LEN] {
        &self.0
    }

    /// The Ed25519 half.
    pub fn ed25519(&self) -> &[u8] {
        &self.0[..ED25519_SIGNATURE_LEN]
    }

    /// The ML-DSA-65 half.
    pub fn ml_dsa(&self) -> &[u8] {
        &self.0[ED25519_SIGNATURE_LEN..]
    }
}

impl fmt::Debug for HybridSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HybridSignature")
    }
}

impl TryFrom<String> for HybridSignature {
    type Error = ParseKeyError;

    fn try_from(text: String) -> Result<Self, ParseKeyError> {
        Self::from_bytes(&from_base64(&text)?)
    }
}

impl From<HybridSignature> for String {
    fn from(signature: HybridSignature) -> String {
        BASE64.encode(signature.as_bytes())
    }
}

/// The id of a public key of any kind, from its bytes.
pub(super) fn key_id(public: &[u8]) -> KeyId {
    Digest::of_parts(&[b"liaison/key/v1", public])
}

pub(super) fn from_base64(text: &str) -> Result<Vec<u8>, ParseKeyError> {
    BASE64.decode(text).map_err(|_| ParseKeyError::Base64)
}

fn with_context(context: &str, message: &[u8]) -> Vec<u8> {
    let len = u8::try_from(context.len()).expect("a context is at most 255 bytes");
    let mut bytes = Vec::with_capacity(1 + context.len() + message.len());
    bytes.push(len);
    bytes.extend_from_slice(context.as_bytes());
    bytes.extend_from_slice(message);
    bytes
}

#[cfg(test)]
mod tests;
