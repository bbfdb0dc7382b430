//! The ML-DSA-65 half of a signing key (FIPS 204): signed by one implementation, and checked by
//! another before anybody sees it.
//!
//! libcrux signs seven times as fast as `ml-dsa` where the processor has AVX2. A fault of it, or of
//! the processor, must not become a checkpoint that no verifier accepts, so every signature is
//! verified by `ml-dsa`, and where it does not hold, `ml-dsa` signs.

use std::fmt;

use libcrux_ml_dsa::{MLDSASigningKey, ml_dsa_65};
use ml_dsa::MlDsa65;
use zeroize::{Zeroize as _, Zeroizing};

use super::ML_DSA_SIGNATURE_LEN;
use crate::base::Entropy;
use crate::seal::rng::EntropyRng;

/// Length of a seed in bytes.
pub(super) const SEED_LEN: usize = 32;
/// Length of a signing key in its expanded form in bytes (FIPS 204 § 4, table 2).
const EXPANDED_LEN: usize = 4032;

type Signature = [u8; ML_DSA_SIGNATURE_LEN];

/// What verifies.
pub(super) type VerifyingHalf = ml_dsa::VerifyingKey<MlDsa65>;

/// What signs.
pub(super) struct LatticeKey {
    seed: Zeroizing<[u8; SEED_LEN]>,
    expanded: Box<MLDSASigningKey<EXPANDED_LEN>>,
    public: VerifyingHalf,
}

impl LatticeKey {
    /// The key that follows from a seed (FIPS 204, ML-DSA.KeyGen_internal).
    pub(super) fn from_seed(seed: &[u8; SEED_LEN]) -> Self {
        let mut pair = ml_dsa_65::generate_key_pair(*seed);
        let expanded = Box::new(pair.signing_key.clone());
        pair.signing_key.as_ref_mut().zeroize();
        let encoded = (*pair.verification_key.as_ref()).into();
        Self {
            seed: Zeroizing::new(*seed),
            expanded,
            public: VerifyingHalf::decode(&encoded),
        }
    }

    /// What verifies.
    pub(super) fn public(&self) -> &VerifyingHalf {
        &self.public
    }

    /// Signs with an empty context, hedged with 32 random bytes (FIPS 204, algorithm 2).
    pub(super) fn sign(&self, message: &[u8], entropy: &mut dyn Entropy) -> Box<Signature> {
        let mut random = Zeroizing::new([0; 32]);
        entropy.fill(&mut *random);
        let signature = ml_dsa_65::sign(&self.expanded, message, &[], *random)
            .map(|signature| Box::new(*signature.as_ref()))
            .ok();
        self.checked(signature, message, entropy)
    }

    /// The signature where it holds, and otherwise one of the other implementation.
    fn checked(
        &self,
        signature: Option<Box<Signature>>,
        message: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Box<Signature> {
        signature
            .filter(|bytes| holds(&self.public, message, &bytes[..]))
            .unwrap_or_else(|| self.sign_again(message, entropy))
    }

    fn sign_again(&self, message: &[u8], entropy: &mut dyn Entropy) -> Box<Signature> {
        let signature = ml_dsa::SigningKey::<MlDsa65>::from_seed(&(*self.seed).into())
            .expanded_key()
            .sign_randomized(message, &[], &mut EntropyRng(entropy))
            .expect("rejection sampling ends long before 13,107 rounds");
        Box::new(signature.encode().into())
    }
}

impl Drop for LatticeKey {
    fn drop(&mut self) {
        self.expanded.as_ref_mut().zeroize();
    }
}

impl fmt::Debug for LatticeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LatticeKey")
    }
}

/// Whether `signature` is one of the message with an empty context (FIPS 204, algorithm 3).
pub(super) fn holds(public: &VerifyingHalf, message: &[u8], signature: &[u8]) -> bool {
    ml_dsa::Signature::<MlDsa65>::try_from(signature)
        .is_ok_and(|signature| public.verify_with_context(message, &[], &signature))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SeededEntropy;

    fn key() -> LatticeKey {
        LatticeKey::from_seed(&[7; SEED_LEN])
    }

    #[test]
    fn both_implementations_make_the_same_key_and_the_same_signatures() {
        let mut entropy = SeededEntropy::new(1);
        for round in 0..50 {
            let mut seed = [0; SEED_LEN];
            entropy.fill(&mut seed);
            let key = LatticeKey::from_seed(&seed);
            let other = ml_dsa::SigningKey::<MlDsa65>::from_seed(&seed.into());
            let public: &VerifyingHalf = other.as_ref();
            assert_eq!(key.public().encode(), public.encode());
            let message = vec![round; usize::from(round) * 31];
            let one = key.sign(&message, &mut SeededEntropy::new(round.into()));
            let two = key.sign_again(&message, &mut SeededEntropy::new(round.into()));
            assert_eq!(one, two, "round {round}");
        }
    }

    #[test]
    fn a_signature_that_holds_is_taken_as_it_is() {
        let (key, mut entropy) = (key(), SeededEntropy::new(2));
        let good = key.sign(b"message", &mut entropy);
        assert_eq!(
            key.checked(Some(good.clone()), b"message", &mut entropy),
            good
        );
    }

    #[test]
    fn where_a_signature_does_not_hold_the_other_implementation_signs() {
        let (key, mut entropy) = (key(), SeededEntropy::new(3));
        let good = key.sign(b"message", &mut entropy);
        let damaged = |at: usize| {
            let mut bytes = good.clone();
            bytes[at] ^= 1;
            Some(bytes)
        };
        for faulty in [None, damaged(0), damaged(1_000), damaged(3_308)] {
            let signature = key.checked(faulty.clone(), b"message", &mut entropy);
            assert_ne!(Some(signature.clone()), faulty);
            assert!(holds(key.public(), b"message", &signature[..]));
        }
    }
}
