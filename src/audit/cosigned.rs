//! A checkpoint with its cosignatures as text: a C2SP signed note, with the log's two lines first
//! and two lines of each witness after them, so that tools nobody here wrote can check the
//! Ed25519 half.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::cosignature::LATEST;
use super::note::{key_id, read_signature};
use super::{Cosignature, MAX_NOTE_LEN, NoteError, Origin, SignedCheckpoint, UnverifiedNote};
use crate::seal::sign::{
    ED25519_SIGNATURE_LEN, HybridSignature, ML_DSA_SIGNATURE_LEN, VerifyingKey,
};
use crate::seal::trust::LogKeys;

/// The signature type of the standard's Ed25519 cosignatures.
const ED25519_TYPE: &[u8] = &[0x04];
/// The signature type of our ML-DSA-65 cosignatures, over the same text.
const ML_DSA_TYPE: &[u8] = b"\xffliaison.cosignature-ml-dsa-65";

/// The longest cosigned note that is read, in bytes: about 4,700 for each of 500 members.
pub const MAX_COSIGNED_LEN: usize = 4 * 1024 * 1024;

/// A checkpoint with what witnesses say of it: at most one cosignature of each node, ascending by
/// witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CosignedCheckpoint {
    /// The checkpoint, as its log signed it.
    pub signed: SignedCheckpoint,
    /// The cosignatures.
    pub cosignatures: Vec<Cosignature>,
}

impl CosignedCheckpoint {
    /// The note. `keys` gives the keys of a log; a witness without one is left out.
    pub fn to_note(&self, log: &LogKeys, keys: impl Fn(Origin) -> Option<LogKeys>) -> String {
        let checkpoint = &self.signed.checkpoint;
        let mut note = self.signed.to_note(log.at(checkpoint.size));
        for cosignature in &self.cosignatures {
            let (witness, signature) = (cosignature.witness, &cosignature.signature);
            let keys = keys(witness);
            let key = keys
                .as_ref()
                .and_then(|keys| cosignature.key_among(checkpoint, keys));
            let Some(key) = key else { continue };
            let time = cosignature.time.to_be_bytes();
            for (kind, public, half) in [
                (ED25519_TYPE, key.ed25519(), signature.ed25519()),
                (ML_DSA_TYPE, key.ml_dsa(), signature.ml_dsa()),
            ] {
                let id = key_id(&witness, kind, public);
                let line = BASE64.encode([&id[..], &time, half].concat());
                writeln!(note, "— {witness} {line}").expect("writing to a string succeeds");
            }
        }
        note
    }

    /// As [`CosignedCheckpoint::read`], leaving out witnesses that have no key any more.
    ///
    /// # Errors
    /// As [`CosignedCheckpoint::read`].
    pub fn read_known(
        note: &[u8],
        keys: impl Fn(Origin) -> Option<LogKeys>,
    ) -> Result<Self, NoteError> {
        let note = std::str::from_utf8(note).map_err(|_| NoteError::Malformed)?;
        let known = |line: &&str| {
            let name = line
                .strip_prefix("— ")
                .and_then(|line| line.split(' ').next());
            let witness = name.and_then(|name| name.parse::<Origin>().ok());
            witness.is_none_or(|witness| keys(witness).is_some())
        };
        let note: String = note.split_inclusive('\n').filter(known).collect();
        Self::read(note.as_bytes(), keys)
    }

    /// Reads a note, whose log signature and cosignatures must all hold under the keys that `keys`
    /// gives.
    ///
    /// # Errors
    /// [`NoteError`]; [`NoteError::OtherKey`] also for a witness without a key.
    pub fn read(note: &[u8], keys: impl Fn(Origin) -> Option<LogKeys>) -> Result<Self, NoteError> {
        if note.len() > MAX_COSIGNED_LEN {
            return Err(NoteError::Malformed);
        }
        let note = std::str::from_utf8(note).map_err(|_| NoteError::Malformed)?;
        let (text, signatures) = note.split_once("\n\n").ok_or(NoteError::Malformed)?;
        let mut lines = signatures.split_inclusive('\n');
        let own: String = lines.by_ref().take(2).collect();
        let own = format!("{text}\n\n{own}");
        if own.len() > MAX_NOTE_LEN {
            return Err(NoteError::Malformed);
        }
        let unverified = UnverifiedNote::parse(own.as_bytes())?;
        let log = keys(unverified.origin()).ok_or(NoteError::OtherKey)?;
        let signed = unverified.verify(&log)?;
        let mut cosignatures: Vec<Cosignature> = Vec::new();
        while let Some(first) = lines.next() {
            let second = lines.next().ok_or(NoteError::Malformed)?;
            let (cosignature, key) = read_pair(first, second, &keys)?;
            let last = cosignatures.last();
            if last.is_some_and(|last| last.witness.node >= cosignature.witness.node) {
                return Err(NoteError::Malformed);
            }
            cosignature
                .verify(&signed.checkpoint, &key)
                .map_err(|_| NoteError::BadSignature)?;
            cosignatures.push(cosignature);
        }
        let read = Self {
            signed,
            cosignatures,
        };
        // One spelling, so that no byte of it can be changed.
        (read.to_note(&log, keys) == note)
            .then_some(read)
            .ok_or(NoteError::Malformed)
    }
}

/// A cosignature, with the key of the witness that it names.
fn read_pair(
    first: &str,
    second: &str,
    keys: &impl Fn(Origin) -> Option<LogKeys>,
) -> Result<(Cosignature, VerifyingKey), NoteError> {
    let malformed = NoteError::Malformed;
    let name = first.split(' ').nth(1).ok_or(malformed)?;
    let witness: Origin = name.parse().map_err(|_| malformed)?;
    let prefix = format!("— {witness} ");
    let line = |text: &'_ str| text.strip_suffix('\n').map(ToOwned::to_owned);
    let (first, second) = (line(first), line(second));
    let (id, ed25519) = read_signature::<{ 8 + ED25519_SIGNATURE_LEN }>(first.as_deref(), &prefix)?;
    let (ml_dsa_id, ml_dsa) =
        read_signature::<{ 8 + ML_DSA_SIGNATURE_LEN }>(second.as_deref(), &prefix)?;
    let keys = keys(witness).ok_or(NoteError::OtherKey)?;
    let named = |public: &&VerifyingKey| {
        let ed25519 = key_id(&witness, ED25519_TYPE, public.ed25519());
        (id, ml_dsa_id) == (ed25519, key_id(&witness, ML_DSA_TYPE, public.ml_dsa()))
    };
    let public = keys.iter().rev().find(named).ok_or(NoteError::OtherKey)?;
    let (time, ed25519) = ed25519.split_first_chunk().ok_or(malformed)?;
    let (second, ml_dsa) = ml_dsa.split_first_chunk().ok_or(malformed)?;
    if time != second {
        return Err(malformed);
    }
    if u64::from_be_bytes(*time) > LATEST {
        return Err(malformed);
    }
    let ed25519 = ed25519.try_into().map_err(|_| malformed)?;
    let ml_dsa = ml_dsa.try_into().map_err(|_| malformed)?;
    let cosignature = Cosignature {
        witness,
        time: u64::from_be_bytes(*time),
        signature: HybridSignature::from_halves(ed25519, ml_dsa),
    };
    Ok((cosignature, public.clone()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::audit::checkpoint::tests::signed;
    use crate::audit::cosignature::tests::cosigned;
    use crate::seal::sign::SigningKey;

    fn example() -> (BTreeMap<Origin, SigningKey>, CosignedCheckpoint) {
        let (log, signed) = signed(7);
        let mut keys = BTreeMap::from([(signed.checkpoint.origin, log)]);
        let mut cosignatures = Vec::new();
        for (witness, time) in [("AT-1", 1_679_315_147), ("TR-1", 1_679_315_148)] {
            let (key, cosignature) = cosigned(witness, &signed.checkpoint, time);
            keys.insert(cosignature.witness, key);
            cosignatures.push(cosignature);
        }
        let cosigned = CosignedCheckpoint {
            signed,
            cosignatures,
        };
        (keys, cosigned)
    }

    fn keys_of(key: &SigningKey) -> LogKeys {
        key.verifying_key().clone().into()
    }

    #[test]
    fn a_cosigned_note_begins_with_the_plain_one_and_has_the_standards_lines() {
        let (keys, cosigned) = example();
        let key = |origin: Origin| keys.get(&origin).map(keys_of);
        let log = key(cosigned.signed.checkpoint.origin).unwrap();
        let note = cosigned.to_note(&log, key);
        assert!(note.starts_with(&cosigned.signed.to_note(log.last())));
        let lines: Vec<&str> = note.split('\n').collect();
        assert_eq!(lines.len(), 3 + 1 + 2 + 4 + 1);
        let line = lines[6].strip_prefix("— at-1.liaison/1 ").unwrap();
        let bytes = BASE64.decode(line).unwrap();
        assert_eq!(bytes.len(), 4 + 8 + 64);
        assert_eq!(bytes[4..12], 1_679_315_147_u64.to_be_bytes());
        let public = keys[&"at-1.liaison/1".parse().unwrap()].verifying_key();
        let id = crate::base::Digest::of_parts(&[b"at-1.liaison/1\n\x04", public.ed25519()]);
        assert_eq!(bytes[..4], id.as_bytes()[..4]);
        let read = CosignedCheckpoint::read(note.as_bytes(), key);
        assert_eq!(read, Ok(cosigned));
    }

    #[test]
    fn a_cosigned_note_with_any_byte_changed_is_refused() {
        let (keys, mut cosigned) = example();
        cosigned.cosignatures.truncate(1);
        let key = |origin: Origin| keys.get(&origin).map(keys_of);
        let log = key(cosigned.signed.checkpoint.origin).unwrap();
        let note = cosigned.to_note(&log, key).into_bytes();
        assert_eq!(CosignedCheckpoint::read(&note, key), Ok(cosigned));
        for at in 0..note.len() {
            let mut changed = note.clone();
            changed[at] ^= 1;
            let read = CosignedCheckpoint::read(&changed, key);
            assert!(read.is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_cosigned_note_with_a_line_moved_is_refused() {
        let (keys, cosigned) = example();
        let key = |origin: Origin| keys.get(&origin).map(keys_of);
        let log = key(cosigned.signed.checkpoint.origin).unwrap();
        let note = cosigned.to_note(&log, key);
        let lines: Vec<&str> = note.split_inclusive('\n').collect();
        let refused = |order: &[usize]| {
            let moved: String = order.iter().map(|at| lines[*at]).collect();
            assert!(CosignedCheckpoint::read(moved.as_bytes(), key).is_err());
        };
        refused(&[0, 1, 2, 3, 4, 5, 8, 9, 6, 7]);
        refused(&[0, 1, 2, 3, 4, 5, 6, 7, 6, 7]);
        refused(&[0, 1, 2, 3, 4, 5, 6]);
        refused(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9]);
        let without: String = lines[..8].concat();
        assert!(CosignedCheckpoint::read(without.as_bytes(), key).is_ok());
    }
}
