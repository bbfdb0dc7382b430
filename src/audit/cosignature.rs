//! What a witness says of another's log: C2SP `tlog-cosignature`, version 1, hybrid.
//!
//! A node's log key is its witness key, and the log's origin names the witness: what a node has
//! cosigned stands in the log under the same key, so that a log that is given up takes its witness
//! key with it.

use super::layout::Reader;
use super::{Checkpoint, ORIGIN_LEN, Origin};
use crate::base::Timestamp;
use crate::seal::sign::{BadSignature, HybridSignature, SIGNATURE_LEN, VerifyingKey};
use crate::seal::trust::LogKeys;

/// Length of a cosignature's binary form in bytes: witness 13 ‖ time u64 ‖ signature 3,373.
pub const COSIGNATURE_LEN: usize = ORIGIN_LEN + 8 + SIGNATURE_LEN;

/// The latest time that a cosignature may bear, in seconds: what C2SP allows.
pub(super) const LATEST: u64 = i64::MAX as u64;

/// A witness's signature on a checkpoint of another node's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosignature {
    /// The witness, by the log under whose key it signs.
    pub witness: Origin,
    /// When it signed, in seconds since 1970-01-01T00:00:00Z.
    pub time: u64,
    /// The signature over [`cosigned_text`].
    pub signature: HybridSignature,
}

/// The bytes are not a cosignature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cosignature has exactly 3,394 bytes and names a log")]
pub struct CosignatureError;

/// The text that a witness signs: the standard's header, the time in seconds, and the checkpoint.
pub fn cosigned_text(checkpoint: &Checkpoint, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{}", checkpoint.note_text())
}

impl Cosignature {
    /// Whether it is a signature of `key` on the checkpoint.
    ///
    /// # Errors
    /// [`BadSignature`] unless both halves hold, and for a log that cosigns itself.
    pub fn verify(&self, checkpoint: &Checkpoint, key: &VerifyingKey) -> Result<(), BadSignature> {
        if self.witness.node == checkpoint.origin.node {
            return Err(BadSignature);
        }
        let text = cosigned_text(checkpoint, self.time);
        key.verify_raw(text.as_bytes(), &self.signature)
    }

    /// The key that made it, among those that the witness has had: the newest under which it holds. A
    /// witness that has had but one is taken at its word.
    pub fn key_among<'k>(
        &self,
        checkpoint: &Checkpoint,
        keys: &'k LogKeys,
    ) -> Option<&'k VerifyingKey> {
        if keys.count() == 1 {
            return Some(keys.last());
        }
        keys.iter()
            .rev()
            .find(|key| self.verify(checkpoint, key).is_ok())
    }

    /// When it was made, to the second.
    pub fn at(&self) -> Timestamp {
        let seconds = i64::try_from(self.time).unwrap_or(i64::MAX);
        Timestamp::from_millis(seconds.saturating_mul(1_000)).min(Timestamp::MAX)
    }

    /// The binary form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(COSIGNATURE_LEN);
        out.extend_from_slice(&self.witness.to_bytes());
        out.extend_from_slice(&self.time.to_be_bytes());
        out.extend_from_slice(self.signature.as_bytes());
        out
    }

    /// Reads the binary form. Whether the signature holds is another question.
    ///
    /// # Errors
    /// [`CosignatureError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, CosignatureError> {
        let mut reader = Reader::new(bytes);
        let witness = reader.array().map_err(|_| CosignatureError)?;
        let witness = Origin::from_bytes(witness).map_err(|_| CosignatureError)?;
        let time = reader.u64().map_err(|_| CosignatureError)?;
        if time > LATEST {
            return Err(CosignatureError);
        }
        let signature = HybridSignature::from_bytes(reader.rest());
        Ok(Self {
            witness,
            time,
            signature: signature.map_err(|_| CosignatureError)?,
        })
    }
}

/// How many of a log's witnesses must have cosigned a checkpoint for it to count as witnessed;
/// nothing where there are no witnesses.
///
/// With n witnesses, of which f = ⌊(n − 1) / 3⌋ may lie together with the log, it is the least
/// number above (n + f) / 2: any two such sets share an honest witness, so that no two histories
/// of a log are both witnessed, and f silent witnesses do not hinder it. The log's own signature
/// does not count. Of one witness it is that one, of two both, of three two.
pub fn quorum(witnesses: usize) -> Option<usize> {
    let liars = witnesses.checked_sub(1)? / 3;
    Some((witnesses + liars) / 2 + 1)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::audit::checkpoint::tests::signed;
    use crate::base::{Digest, SeededEntropy};
    use crate::seal::sign::SigningKey;

    /// A witness's key, and its cosignature.
    pub(crate) fn cosigned(
        witness: &str,
        checkpoint: &Checkpoint,
        time: u64,
    ) -> (SigningKey, Cosignature) {
        let mut entropy = SeededEntropy::new(time);
        let key = SigningKey::generate(&mut entropy);
        let text = cosigned_text(checkpoint, time);
        let cosignature = Cosignature {
            witness: Origin::first(witness.parse().unwrap()),
            time,
            signature: key.sign_raw(text.as_bytes(), &mut entropy),
        };
        (key, cosignature)
    }

    #[test]
    fn the_text_is_that_of_the_standard() {
        // The example of C2SP tlog-cosignature, in our names.
        let (_, log) = signed(20_852_163);
        let text = cosigned_text(&log.checkpoint, 1_679_315_147);
        let lines: Vec<&str> = text.split('\n').collect();
        assert_eq!(lines[..2], ["cosignature/v1", "time 1679315147"]);
        assert_eq!(lines[2..4], ["mk-1.liaison/1", "20852163"]);
        assert_eq!((lines.len(), lines[5]), (6, ""));
    }

    #[test]
    fn a_cosignature_survives_its_bytes_and_holds_for_its_checkpoint_alone() {
        let (log, head) = signed(7);
        let (key, cosignature) = cosigned("TR-1", &head.checkpoint, 9);
        let bytes = cosignature.encode();
        assert_eq!(bytes.len(), COSIGNATURE_LEN);
        assert_eq!(Cosignature::decode(&bytes).as_ref(), Ok(&cosignature));
        let public = key.verifying_key();
        assert_eq!(cosignature.verify(&head.checkpoint, public), Ok(()));
        let other = Checkpoint {
            root: Digest::of(b"other"),
            ..head.checkpoint
        };
        assert!(cosignature.verify(&other, public).is_err());
        let public = log.verifying_key();
        assert!(cosignature.verify(&head.checkpoint, public).is_err());
        for at in [0, 8, 12, 13, 20, 21, 85, 86, bytes.len() - 1] {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            // The standard's signature does not cover the witness's name; its key does that.
            let held = Cosignature::decode(&changed).is_ok_and(|changed| {
                let named = changed.witness == cosignature.witness;
                named
                    && changed
                        .verify(&head.checkpoint, key.verifying_key())
                        .is_ok()
            });
            assert!(!held, "byte {at}");
        }
        for len in 0..bytes.len() {
            assert!(Cosignature::decode(&bytes[..len]).is_err());
        }
        let late = [&bytes[..13], &[0xff; 8], &bytes[21..]].concat();
        assert!(Cosignature::decode(&late).is_err());
    }

    #[test]
    fn a_log_is_no_witness_of_itself() {
        let (_, head) = signed(7);
        let (key, cosignature) = cosigned("MK-1", &head.checkpoint, 9);
        let held = cosignature.verify(&head.checkpoint, key.verifying_key());
        assert_eq!(held, Err(BadSignature));
    }

    #[test]
    fn two_quorums_share_an_honest_witness_and_silent_ones_do_not_hinder_it() {
        assert_eq!(quorum(0), None);
        let small: Vec<_> = (1..=7).filter_map(quorum).collect();
        assert_eq!(small, [1, 2, 2, 3, 4, 4, 5]);
        for n in 1..=500 {
            let (liars, enough) = ((n - 1) / 3, quorum(n).unwrap());
            assert!(2 * enough > n + liars, "{n}: two sets share only liars");
            assert!(enough <= n - liars, "{n}: silence hinders it");
        }
    }
}
