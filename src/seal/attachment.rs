//! Attachments: C2SP chunked encryption in its instantiation Cobblestone-256
//! (<https://c2sp.org/chunked-encryption>: AES-256-GCM, HKDF-Expand with SHA-512, chunks of
//! 16 KiB, key commitment), pushed through piece by piece in constant memory.
//!
//! ```text
//! salt 24 ‖ commitment 32 ‖ chunk 16384 + 16 each ‖ last chunk, shorter, + 16
//! ```

mod open;
mod seal;
#[cfg(test)]
mod tests;

use std::fmt;

use ring::aead::{AES_256_GCM, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::{digest, hkdf};
use zeroize::{ZeroizeOnDrop, Zeroizing};

pub use open::{AttachmentError, AttachmentOpener};
pub use seal::AttachmentSealer;

use crate::base::{Digest, Entropy, MessageId};

const SALT_LEN: usize = 24;
const COMMITMENT_LEN: usize = 32;
const HEADER_LEN: usize = SALT_LEN + COMMITMENT_LEN;
const CHUNK_LEN: usize = 16 * 1024;
const TAG_LEN: usize = 16;
/// A message has fewer chunks than this.
const MAX_CHUNKS: u64 = 1 << 38;
const INFO: &[u8] = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0";

/// The key of one attachment, which travels in the sealed body of its message.
#[derive(Clone, ZeroizeOnDrop)]
pub struct AttachmentKey([u8; 32]);

impl AttachmentKey {
    /// A new key.
    pub fn generate(entropy: &mut dyn Entropy) -> Self {
        Self(entropy.array())
    }

    /// A key that was received.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key's 32 bytes, to be sealed in a body.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for AttachmentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AttachmentKey")
    }
}

/// What binds an attachment to its place: message id 16 ‖ index u16.
pub fn context(message: MessageId, index: u16) -> [u8; 18] {
    let mut context = [0; 18];
    context[..16].copy_from_slice(&message.to_bytes());
    context[16..].copy_from_slice(&index.to_be_bytes());
    context
}

/// The length of the ciphertext of so many bytes. Saturates far above any file.
pub fn ciphertext_len(plaintext_len: u64) -> u64 {
    let (chunk, tag) = (CHUNK_LEN as u64, TAG_LEN as u64);
    (HEADER_LEN as u64)
        .saturating_add(plaintext_len)
        .saturating_add((plaintext_len / chunk + 1).saturating_mul(tag))
}

/// What went through a sealer or an opener. Digests are SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// Length of the ciphertext in bytes.
    pub ciphertext_len: u64,
    /// Digest of the ciphertext.
    pub ciphertext_digest: Digest,
    /// Length of the plaintext in bytes.
    pub plaintext_len: u64,
    /// Digest of the plaintext.
    pub plaintext_digest: Digest,
}

/// Length and digest of a stream.
struct Meter {
    len: u64,
    digest: digest::Context,
}

impl Meter {
    fn new() -> Self {
        Self {
            len: 0,
            digest: digest::Context::new(&digest::SHA256),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        self.len += bytes.len() as u64;
        self.digest.update(bytes);
    }

    fn finish(self) -> (u64, Digest) {
        let digest = self.digest.finish();
        let digest = Digest::try_from(digest.as_ref()).expect("SHA-256 has 32 bytes");
        (self.len, digest)
    }
}

fn measured(ciphertext: Meter, plaintext: Meter) -> Measured {
    let (ciphertext_len, ciphertext_digest) = ciphertext.finish();
    let (plaintext_len, plaintext_digest) = plaintext.finish();
    Measured {
        ciphertext_len,
        ciphertext_digest,
        plaintext_len,
        plaintext_digest,
    }
}

/// The cipher of one attachment, with its counter.
struct Chunks {
    cipher: LessSafeKey,
    base_nonce: [u8; NONCE_LEN],
    next: u64,
}

impl Chunks {
    /// Derives cipher and commitment for a salt.
    fn derive(
        key: &AttachmentKey,
        salt: &[u8; SALT_LEN],
        context: &[u8],
    ) -> (Self, [u8; COMMITMENT_LEN]) {
        const LEN: usize = 32 + NONCE_LEN + COMMITMENT_LEN;
        struct Okm;
        impl hkdf::KeyType for Okm {
            fn len(&self) -> usize {
                LEN
            }
        }
        let mut okm = Zeroizing::new([0; LEN]);
        hkdf::Prk::new_less_safe(hkdf::HKDF_SHA512, &key.0)
            .expand(&[INFO, salt, context], Okm)
            .and_then(|expanded| expanded.fill(&mut *okm))
            .expect("76 bytes are below the limit of HKDF");
        let (key, rest) = okm.split_at(32);
        let (nonce, commitment) = rest.split_at(NONCE_LEN);
        let chunks = Self {
            cipher: LessSafeKey::new(
                UnboundKey::new(&AES_256_GCM, key).expect("an AES-256 key is 32 bytes"),
            ),
            base_nonce: nonce.try_into().expect("the split is at a nonce's length"),
            next: 0,
        };
        let commitment = commitment
            .try_into()
            .expect("the rest is a commitment's length");
        (chunks, commitment)
    }

    /// The nonce of the next chunk, and its number; none after 2³⁸ chunks.
    fn advance(&mut self) -> Option<(Nonce, u64)> {
        let number = self.next;
        if number >= MAX_CHUNKS {
            return None;
        }
        self.next += 1;
        let mut nonce = self.base_nonce;
        for (byte, counter) in nonce[NONCE_LEN - 8..].iter_mut().zip(number.to_be_bytes()) {
            *byte ^= counter;
        }
        Some((Nonce::assume_unique_for_key(nonce), number))
    }
}
