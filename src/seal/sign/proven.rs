//! Signatures that held lately, so that what comes many times under one signature costs one
//! verification.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::{BadSignature, HybridSignature, KeyId, VerifyingKey, with_context};

/// Signatures that are remembered: about 3.5 kB each.
const REMEMBERED: usize = 32;

/// Remembers the latest signatures that held, each with the key and the very bytes that it covers.
/// Only what equals one of them byte for byte is taken without another verification, so that
/// nothing which a hostile sender puts in can make anything hold that would not hold anyway.
#[derive(Default)]
pub struct Proven(Mutex<VecDeque<Held>>);

struct Held {
    key: KeyId,
    message: Vec<u8>,
    signature: HybridSignature,
}

impl Proven {
    /// As [`VerifyingKey::verify`], unless the same is known to hold.
    ///
    /// # Errors
    /// [`BadSignature`] unless both halves hold.
    pub fn verify(
        &self,
        key: &VerifyingKey,
        context: &str,
        message: &[u8],
        signature: &HybridSignature,
    ) -> Result<(), BadSignature> {
        self.verify_raw(key, &with_context(context, message), signature)
    }

    /// As [`VerifyingKey::verify_raw`], unless the same is known to hold.
    ///
    /// # Errors
    /// [`BadSignature`] unless both halves hold.
    pub fn verify_raw(
        &self,
        key: &VerifyingKey,
        message: &[u8],
        signature: &HybridSignature,
    ) -> Result<(), BadSignature> {
        let same = |held: &Held| {
            held.message == message && held.key == key.key_id() && held.signature == *signature
        };
        let holds = |held: &VecDeque<Held>| held.iter().rev().any(same);
        if holds(&self.0.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(());
        }
        key.verify_raw(message, signature)?;
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() == REMEMBERED {
            held.pop_front();
        }
        held.push_back(Held {
            key: key.key_id(),
            message: message.to_vec(),
            signature: signature.clone(),
        });
        Ok(())
    }
}

impl fmt::Debug for Proven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proven")
    }
}

#[cfg(test)]
mod tests {
    use super::super::{SIGNATURE_LEN, SigningKey};
    use super::*;
    use crate::base::SeededEntropy;

    #[test]
    fn what_held_once_excuses_nothing_else() {
        let mut entropy = SeededEntropy::new(1);
        let key = SigningKey::generate(&mut entropy);
        let other = SigningKey::generate(&mut entropy);
        let (public, stranger) = (key.verifying_key(), other.verifying_key());
        let signature = key.sign("context", b"message", &mut entropy);
        let proven = Proven::default();
        let bad = Err(BadSignature);
        for _ in 0..2 {
            assert_eq!(
                proven.verify(public, "context", b"message", &signature),
                Ok(())
            );
            assert_eq!(
                proven.verify(public, "contexts", b"message", &signature),
                bad
            );
            assert_eq!(
                proven.verify(public, "context", b"messages", &signature),
                bad
            );
            assert_eq!(
                proven.verify(stranger, "context", b"message", &signature),
                bad
            );
            for at in [0, 63, 64, SIGNATURE_LEN - 1] {
                let mut changed = *signature.as_bytes();
                changed[at] ^= 1;
                let changed = HybridSignature::from_bytes(&changed).unwrap();
                assert_eq!(proven.verify(public, "context", b"message", &changed), bad);
            }
        }
    }

    #[test]
    fn only_so_many_are_remembered_and_what_fails_never_is() {
        let mut entropy = SeededEntropy::new(2);
        let key = SigningKey::generate(&mut entropy);
        let proven = Proven::default();
        let remembered = || proven.0.lock().unwrap().len();
        let signature = key.sign("context", b"message", &mut entropy);
        for n in 0..100u8 {
            let verified = proven.verify(key.verifying_key(), "context", &[n], &signature);
            assert_eq!(verified, Err(BadSignature));
        }
        assert_eq!(remembered(), 0);
        for n in 0..40u8 {
            let signature = key.sign("context", &[n], &mut entropy);
            let verified = proven.verify(key.verifying_key(), "context", &[n], &signature);
            assert_eq!(verified, Ok(()));
        }
        assert_eq!(remembered(), REMEMBERED);
    }
}
