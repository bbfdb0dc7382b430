//! What stands in the open in front of a keystore.

use super::{KeystoreError, MAGIC, MAX_FILE, SALT_LEN, VERSION, Work};
use crate::seal::aead::NONCE_LEN;
use crate::seal::layout::Reader;

pub(super) fn write(work: Work, salt: &[u8; SALT_LEN], nonce: &[u8; NONCE_LEN]) -> Vec<u8> {
    [
        MAGIC.as_slice(),
        &[VERSION],
        &work.memory_kib.to_be_bytes(),
        &work.passes.to_be_bytes(),
        &work.lanes.to_be_bytes(),
        salt,
        nonce,
    ]
    .concat()
}

/// The work that opens a keystore, and its salt.
pub(super) fn read(bytes: &[u8]) -> Result<(Work, [u8; SALT_LEN]), KeystoreError> {
    let mut from = Reader::new(bytes);
    let (magic, version): ([u8; 7], u8) = (from.array()?, from.u8()?);
    if &magic != MAGIC || u64::try_from(bytes.len()).is_ok_and(|len| len > MAX_FILE) {
        return Err(KeystoreError::NotAKeystore);
    }
    if version != VERSION {
        return Err(KeystoreError::UnsupportedVersion(version));
    }
    let work = Work {
        memory_kib: from.u32()?,
        passes: from.u32()?,
        lanes: from.u32()?,
    };
    Ok((work, from.array()?))
}
