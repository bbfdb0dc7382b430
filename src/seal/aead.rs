//! AES-256-GCM (NIST SP 800-38D) and HKDF-SHA256 (RFC 5869), as the rest of `seal` uses them.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf;
use zeroize::Zeroizing;

/// Length of a key in bytes.
pub(super) const KEY_LEN: usize = 32;
/// Length of a nonce in bytes.
pub(super) const NONCE_LEN: usize = 12;
/// Length of the tag that sealing adds, in bytes.
pub(super) const TAG_LEN: usize = 16;
/// The nonce under a key that seals one plaintext in its life.
pub(super) const ONLY_NONCE: [u8; NONCE_LEN] = [0; NONCE_LEN];

/// The ciphertext is not what this key, nonce and associated data made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotAuthentic;

fn cipher(key: &[u8; KEY_LEN]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("an AES-256 key is 32 bytes"))
}

/// Encrypts in place and appends the tag.
pub(super) fn seal(
    key: &[u8; KEY_LEN],
    nonce: [u8; NONCE_LEN],
    aad: &[u8],
    plaintext: &mut Vec<u8>,
) {
    cipher(key)
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(aad),
            plaintext,
        )
        .expect("a plaintext in memory is below the cipher's limit of 64 GiB");
}

/// Decrypts.
///
/// # Errors
/// [`NotAuthentic`] if any bit of the inputs differs from what was sealed.
pub(super) fn open(
    key: &[u8; KEY_LEN],
    nonce: [u8; NONCE_LEN],
    aad: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, NotAuthentic> {
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let len = cipher(key)
        .open_in_place(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(aad),
            &mut buffer,
        )
        .map_err(|_| NotAuthentic)?
        .len();
    buffer.truncate(len);
    Ok(buffer)
}

/// A key for one purpose, derived from a uniformly random secret.
pub(super) fn derive(secret: &[u8; KEY_LEN], purpose: &str) -> Zeroizing<[u8; KEY_LEN]> {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    hkdf::Salt::new(hkdf::HKDF_SHA256, &[])
        .extract(secret)
        .expand(&[purpose.as_bytes()], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut *key))
        .expect("one block is below the limit of HKDF");
    key
}
