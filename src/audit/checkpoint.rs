//! Which log, how long it is, and what it holds: signed by the node that keeps it.

use std::fmt;
use std::str::FromStr;

use super::layout::Reader;
use crate::base::{Digest, NodeId};
use crate::seal::sign::{BadSignature, HybridSignature, SIGNATURE_LEN, VerifyingKey};
use crate::seal::trust::LogKeys;

/// Length of an origin's fixed form in bytes: node 9 ‖ incarnation u32.
pub const ORIGIN_LEN: usize = 13;

/// Length of a signed checkpoint's binary form in bytes: size u64 ‖ root 32 ‖ signature 3,373.
pub const SIGNED_CHECKPOINT_LEN: usize = 8 + 32 + SIGNATURE_LEN;

/// The text or the bytes name no log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the origin of a log is written like mk-1.liaison/1")]
pub struct ParseOriginError;

/// Names a log: the node that keeps it and the log's incarnation, which a node counts up when it
/// was restored from a backup, so that no log is ever continued behind a head it once showed.
/// Written `mk-1.liaison/1`, as the first line of a C2SP checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The node.
    pub node: NodeId,
    /// From 1.
    pub incarnation: u32,
}

impl Origin {
    /// The first log of a node.
    pub fn first(node: NodeId) -> Self {
        Self {
            node,
            incarnation: 1,
        }
    }

    /// The first incarnation that may go on from this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self {
            incarnation: self.incarnation.saturating_add(1),
            ..self
        }
    }

    /// The fixed form.
    pub fn to_bytes(self) -> [u8; ORIGIN_LEN] {
        let mut bytes = [0; ORIGIN_LEN];
        bytes[..9].copy_from_slice(&self.node.to_bytes());
        bytes[9..].copy_from_slice(&self.incarnation.to_be_bytes());
        bytes
    }

    /// Reads the fixed form.
    ///
    /// # Errors
    /// [`ParseOriginError`] for a malformed node or the incarnation 0.
    pub fn from_bytes(bytes: [u8; ORIGIN_LEN]) -> Result<Self, ParseOriginError> {
        let mut reader = Reader::new(&bytes);
        let node = reader.array().map_err(|_| ParseOriginError)?;
        let node = NodeId::from_bytes(node).map_err(|_| ParseOriginError)?;
        let incarnation = reader.u32().map_err(|_| ParseOriginError)?;
        (incarnation > 0)
            .then_some(Self { node, incarnation })
            .ok_or(ParseOriginError)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = self.node.to_string().to_ascii_lowercase();
        f.pad(&format!("{node}.liaison/{}", self.incarnation))
    }
}

impl FromStr for Origin {
    type Err = ParseOriginError;

    fn from_str(text: &str) -> Result<Self, ParseOriginError> {
        let (node, incarnation) = text.split_once(".liaison/").ok_or(ParseOriginError)?;
        let node = node.to_ascii_uppercase().parse();
        let origin = Self {
            node: node.map_err(|_| ParseOriginError)?,
            incarnation: incarnation.parse().map_err(|_| ParseOriginError)?,
        };
        // One spelling: lower case, no sign, no leading zero.
        (origin.incarnation > 0 && origin.to_string() == text)
            .then_some(origin)
            .ok_or(ParseOriginError)
    }
}

/// The head of a log at one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log.
    pub origin: Origin,
    /// How many entries it has.
    pub size: u64,
    /// The root of its tree.
    pub root: Digest,
}

/// The bytes are not a signed checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signed checkpoint has exactly 3,413 bytes")]
pub struct CheckpointLengthError;

/// A checkpoint under its log's hybrid signature, which covers the text of
/// [`Checkpoint::note_text`] as it is: the origin in its first line tells it apart from all else
/// that a log key might sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What is signed.
    pub checkpoint: Checkpoint,
    /// The signature.
    pub signature: HybridSignature,
}

impl SignedCheckpoint {
    /// Whether the signature is that of `key`.
    ///
    /// # Errors
    /// [`BadSignature`] unless both halves hold.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), BadSignature> {
        key.verify_raw(self.checkpoint.note_text().as_bytes(), &self.signature)
    }

    /// Whether it is of the incarnation that the log had at its size, under the key that it had then.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify_of(&self, keys: &LogKeys) -> Result<(), BadSignature> {
        let Checkpoint { origin, size, .. } = self.checkpoint;
        let other = |of: &str| of != origin.to_string();
        match keys.origin_at(size).is_some_and(other) {
            true => Err(BadSignature),
            false => self.verify(keys.at(size)),
        }
    }

    /// The binary form with the origin before it.
    pub fn encode_with_origin(&self) -> Vec<u8> {
        [&self.checkpoint.origin.to_bytes()[..], &self.encode()].concat()
    }

    /// Reads the binary form with the origin before it.
    ///
    /// # Errors
    /// [`CheckpointLengthError`], also where the origin names no log.
    pub fn decode_with_origin(bytes: &[u8]) -> Result<Self, CheckpointLengthError> {
        let (origin, bytes) = bytes.split_first_chunk().ok_or(CheckpointLengthError)?;
        let origin = Origin::from_bytes(*origin).map_err(|_| CheckpointLengthError)?;
        Self::decode(origin, bytes)
    }

    /// The binary form, which leaves the origin to where it stands.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(SIGNED_CHECKPOINT_LEN);
        out.extend_from_slice(&self.checkpoint.size.to_be_bytes());
        out.extend_from_slice(self.checkpoint.root.as_bytes());
        out.extend_from_slice(self.signature.as_bytes());
        out
    }

    /// Reads the binary form of a checkpoint of `origin`. Whether the signature holds is another
    /// question.
    ///
    /// # Errors
    /// [`CheckpointLengthError`].
    pub fn decode(origin: Origin, bytes: &[u8]) -> Result<Self, CheckpointLengthError> {
        if bytes.len() != SIGNED_CHECKPOINT_LEN {
            return Err(CheckpointLengthError);
        }
        let mut reader = Reader::new(bytes);
        let size = reader.u64().map_err(|_| CheckpointLengthError)?;
        let root = reader.array().map_err(|_| CheckpointLengthError)?;
        let signature =
            HybridSignature::from_bytes(reader.rest()).map_err(|_| CheckpointLengthError)?;
        let root = Digest::from_bytes(root);
        Ok(Self {
            checkpoint: Checkpoint { origin, size, root },
            signature,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::base::{Entropy, SeededEntropy};
    use crate::seal::sign::SigningKey;

    /// A key, and a checkpoint that it signed.
    pub(crate) fn signed(size: u64) -> (SigningKey, SignedCheckpoint) {
        let mut entropy = SeededEntropy::new(size);
        let key = SigningKey::generate(&mut entropy);
        let checkpoint = Checkpoint {
            origin: Origin::first("MK-1".parse().unwrap()),
            size,
            root: Digest::of(b"root"),
        };
        let signature = sign(&key, &checkpoint, &mut entropy);
        let signed = SignedCheckpoint {
            checkpoint,
            signature,
        };
        (key, signed)
    }

    fn sign(
        key: &SigningKey,
        checkpoint: &Checkpoint,
        entropy: &mut dyn Entropy,
    ) -> HybridSignature {
        key.sign_raw(checkpoint.note_text().as_bytes(), entropy)
    }

    #[test]
    fn an_origin_has_one_spelling() {
        let origin = Origin::first("ICMPD-2".parse().unwrap());
        assert_eq!(origin.to_string(), "icmpd-2.liaison/1");
        assert_eq!("icmpd-2.liaison/1".parse(), Ok(origin));
        assert_eq!(Origin::from_bytes(origin.to_bytes()), Ok(origin));
        for bad in [
            "",
            "mk-1",
            "MK-1.liaison/1",
            "mk-1.liaison/0",
            "mk-1.liaison/01",
            "mk-1.liaison/+1",
            "mk-1.liaison/1 ",
            "mk-1.liaison/1/1",
            "mk-01.liaison/1",
            "mk-1.liaison/4294967296",
        ] {
            assert_eq!(bad.parse::<Origin>(), Err(ParseOriginError), "{bad:?}");
        }
        assert_eq!(Origin::from_bytes([0; 13]), Err(ParseOriginError));
    }

    #[test]
    fn a_signed_checkpoint_survives_its_bytes_and_covers_them() {
        let (key, signed) = signed(7);
        let bytes = signed.encode();
        assert_eq!(bytes.len(), SIGNED_CHECKPOINT_LEN);
        let origin = signed.checkpoint.origin;
        assert_eq!(SignedCheckpoint::decode(origin, &bytes), Ok(signed.clone()));
        assert_eq!(signed.verify(key.verifying_key()), Ok(()));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let changed = SignedCheckpoint::decode(origin, &changed).unwrap();
            assert!(changed.verify(key.verifying_key()).is_err(), "byte {at}");
        }
        let other = Origin {
            incarnation: 2,
            ..origin
        };
        let moved = SignedCheckpoint::decode(other, &bytes).unwrap();
        assert!(moved.verify(key.verifying_key()).is_err());
        assert!(SignedCheckpoint::decode(origin, &bytes[1..]).is_err());
    }
}
