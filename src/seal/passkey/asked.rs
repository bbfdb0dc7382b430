//! Challenges that say themselves when they were asked, so that whoever asks keeps nothing of one that
//! is not answered.

use ring::hmac;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::Challenge;
use crate::base::{Entropy, Timestamp};

/// Bytes that say when it was asked, and as many random ones.
const SAID: usize = 16;

/// The key by which a challenge is known as one's own.
pub struct ChallengeKey(hmac::Key);

impl ChallengeKey {
    /// A new key.
    pub fn generate(entropy: &mut dyn Entropy) -> Self {
        let mut secret = Zeroizing::new([0; 32]);
        entropy.fill(&mut *secret);
        Self(hmac::Key::new(hmac::HMAC_SHA256, &*secret))
    }

    /// A new challenge: i64 milliseconds, big end first ‖ 8 random bytes ‖ the first 16 bytes of
    /// HMAC-SHA-256 over both. Challenges sort by when they were asked.
    pub fn ask(&self, now: Timestamp, entropy: &mut dyn Entropy) -> Challenge {
        let mut bytes = [0; 32];
        let (said, tag) = bytes.split_at_mut(SAID);
        let (time, random) = said.split_at_mut(8);
        time.copy_from_slice(&now.as_millis().to_be_bytes());
        entropy.fill(random);
        tag.copy_from_slice(&self.tag(said));
        Challenge(bytes)
    }

    /// When a challenge was asked; nothing where it was not asked under this key.
    pub fn asked(&self, challenge: &Challenge) -> Option<Timestamp> {
        let (said, tag) = challenge.0.split_at(SAID);
        let own = bool::from(self.tag(said)[..].ct_eq(tag));
        let millis = i64::from_be_bytes(*said.first_chunk()?);
        own.then(|| Timestamp::from_millis(millis))
    }

    fn tag(&self, said: &[u8]) -> [u8; 16] {
        let tag = hmac::sign(&self.0, said);
        *tag.as_ref()
            .first_chunk()
            .expect("an HMAC-SHA256 tag has 32 bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SeededEntropy;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_challenge_says_when_it_was_asked_under_its_key_and_unchanged_alone() {
        let chance = &mut SeededEntropy::new(1);
        let key = ChallengeKey::generate(chance);
        let challenge = key.ask(at(1_000), chance);
        assert_eq!(key.asked(&challenge), Some(at(1_000)));
        assert_eq!(ChallengeKey::generate(chance).asked(&challenge), None);
        for place in 0..32 {
            let mut other = challenge;
            other.0[place] ^= 1;
            assert_eq!(key.asked(&other), None, "{place}");
        }
    }

    #[test]
    fn no_two_challenges_are_the_same_and_they_sort_by_when_they_were_asked() {
        let chance = &mut SeededEntropy::new(1);
        let key = ChallengeKey::generate(chance);
        let [one, other, later] = [255, 255, 256].map(|millis| key.ask(at(millis), chance));
        assert!(one != other && one < later && other < later);
    }
}
