//! Keystores that open in a millisecond, as docs/data-model.md lays them out: these tests are not about
//! what it costs to try a passphrase.

use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

/// Magic and version, memory in KiB, passes, lanes, salt, nonce.
const HEADER: usize = 8 + 4 + 4 + 4 + 16 + 12;
/// 8 KiB, one pass, one lane: the least that Argon2 takes.
const LEAST: [u32; 3] = [8, 1, 1];

/// Seals the same keys under the same passphrase again, with as little work as there can be.
pub fn make_easy(keystore: &Path, passphrase: &str) {
    let file = std::fs::read(keystore).expect("a keystore");
    let (header, sealed) = file.split_at(HEADER);
    let mut content = sealed.to_vec();
    let (nonce, aad) = (nonce(header), Aad::from(header));
    let opened = key(header, passphrase).open_in_place(nonce, aad, &mut content);
    let mut keys = opened.expect("the passphrase opens it").to_vec();
    let mut header = header.to_vec();
    header.splice(8..20, LEAST.into_iter().flat_map(u32::to_be_bytes));
    key(&header, passphrase)
        .seal_in_place_append_tag(self::nonce(&header), Aad::from(&header), &mut keys)
        .expect("a short text");
    std::fs::write(keystore, [header, keys].concat()).expect("room for a small file");
}

fn nonce(header: &[u8]) -> Nonce {
    let nonce = header.last_chunk().expect("a header ends with its nonce");
    Nonce::assume_unique_for_key(*nonce)
}

fn key(header: &[u8], passphrase: &str) -> LessSafeKey {
    let number = |at: usize| {
        let bytes = header[at..at + 4].try_into().expect("four bytes");
        u32::from_be_bytes(bytes)
    };
    let params = Params::new(number(8), number(12), number(16), Some(32)).expect("parameters");
    let mut key = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), &header[20..36], &mut key)
        .expect("a key");
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).expect("a key of 32 bytes"))
}
