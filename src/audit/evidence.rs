//! Proof that a log has two histories: two checkpoints that its key signed and that cannot both be
//! of one tree. Anyone who has the key can check it.

use super::layout::Reader;
use super::{Checkpoint, ORIGIN_LEN, Origin, SIGNED_CHECKPOINT_LEN, SignedCheckpoint, tree};
use crate::base::Digest;
use crate::seal::trust::LogKeys;

/// The version of the layout.
const VERSION: u8 = 1;

/// The longest proof of consistency: trees have fewer than 2^64 leaves.
pub const MAX_PROOF_LEN: usize = 64;

/// The longest evidence, in bytes.
pub const MAX_EVIDENCE_LEN: usize =
    1 + ORIGIN_LEN + 2 * SIGNED_CHECKPOINT_LEN + 32 + 1 + MAX_PROOF_LEN * 32;

/// What a log says of an earlier state of its tree, with the proof of consistency that ties it to
/// a later one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix {
    /// The size then; 0 for the empty tree.
    pub size: u64,
    /// The root then.
    pub root: Digest,
    /// The proof of consistency (RFC 6962 § 2.1.2).
    pub path: Vec<Digest>,
}

impl Prefix {
    /// The empty tree, which is a prefix of every other.
    pub fn empty() -> Self {
        Self {
            size: 0,
            root: Digest::EMPTY,
            path: Vec::new(),
        }
    }

    /// Whether the tree of `later` had this root at this size. There is only one root for which
    /// this can be shown.
    pub fn is_of(&self, later: &Checkpoint) -> bool {
        tree::verify_consistency(self.size, &self.root, later.size, &later.root, &self.path)
    }
}

/// Two checkpoints of one log, and the proof that they are of two trees.
///
/// Layout: version u8 ‖ origin 13 ‖ first 3,413 ‖ second 3,413 ‖ root 32 ‖ path u8 count, 32 each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The smaller checkpoint, or one of two of equal size.
    pub first: SignedCheckpoint,
    /// The other.
    pub second: SignedCheckpoint,
    /// The root that the second's tree had at the size of the first, which is not the first's.
    pub root: Digest,
    /// The proof of that; empty for equal sizes.
    pub path: Vec<Digest>,
}

/// Why bytes are no evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// The layout does not hold.
    #[error("the evidence is malformed")]
    Malformed,
    /// A checkpoint is not signed by the log's key.
    #[error("a checkpoint of the evidence is not signed by the log's key")]
    BadSignature,
    /// The two checkpoints may be of one tree.
    #[error("the evidence does not show two histories")]
    NoContradiction,
}

impl EvidenceError {
    /// A stable name for the error.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "evidence-malformed",
            Self::BadSignature => "evidence-bad-signature",
            Self::NoContradiction => "evidence-no-contradiction",
        }
    }
}

impl Evidence {
    /// What follows if a log shows `prefix` of the tree of `second`, and had signed `first` at that
    /// size: nothing if the two agree, or the proof does not hold.
    pub fn of(
        first: &SignedCheckpoint,
        second: &SignedCheckpoint,
        prefix: &Prefix,
    ) -> Option<Self> {
        let evidence = Self {
            first: first.clone(),
            second: second.clone(),
            root: prefix.root,
            path: prefix.path.clone(),
        };
        evidence.contradicts().then_some(evidence)
    }

    /// Two checkpoints of one size with different roots; nothing if they are not that.
    pub fn of_equal(first: &SignedCheckpoint, second: &SignedCheckpoint) -> Option<Self> {
        let same = Prefix {
            size: second.checkpoint.size,
            root: second.checkpoint.root,
            path: Vec::new(),
        };
        Self::of(first, second, &same)
    }

    /// The log.
    pub fn origin(&self) -> Origin {
        self.first.checkpoint.origin
    }

    fn contradicts(&self) -> bool {
        let (first, second) = (&self.first.checkpoint, &self.second.checkpoint);
        first.origin == second.origin
            && first.root != self.root
            && tree::verify_consistency(
                first.size,
                &self.root,
                second.size,
                &second.root,
                &self.path,
            )
    }

    /// Whether it convicts the log, which has had these keys.
    ///
    /// # Errors
    /// [`EvidenceError`].
    pub fn verify(&self, keys: &LogKeys) -> Result<(), EvidenceError> {
        if !self.contradicts() {
            return Err(EvidenceError::NoContradiction);
        }
        for signed in [&self.first, &self.second] {
            signed
                .verify_of(keys)
                .map_err(|_| EvidenceError::BadSignature)?;
        }
        Ok(())
    }

    /// The evidence's bytes.
    ///
    /// # Panics
    /// Never: a path that holds is shorter than can be counted.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(MAX_EVIDENCE_LEN);
        out.push(VERSION);
        out.extend_from_slice(&self.origin().to_bytes());
        out.extend_from_slice(&self.first.encode());
        out.extend_from_slice(&self.second.encode());
        out.extend_from_slice(self.root.as_bytes());
        out.push(u8::try_from(self.path.len()).expect("a proof has at most 64 digests"));
        for digest in &self.path {
            out.extend_from_slice(digest.as_bytes());
        }
        out
    }

    /// Reads the bytes. They convict nobody until they are verified.
    ///
    /// # Errors
    /// [`EvidenceError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, EvidenceError> {
        let malformed = EvidenceError::Malformed;
        let mut reader = Reader::new(bytes);
        if reader.u8().map_err(|_| malformed)? != VERSION {
            return Err(malformed);
        }
        let origin = reader.array().map_err(|_| malformed)?;
        let origin = Origin::from_bytes(origin).map_err(|_| malformed)?;
        let mut signed = || {
            let bytes = reader.slice(SIGNED_CHECKPOINT_LEN).map_err(|_| malformed)?;
            SignedCheckpoint::decode(origin, bytes).map_err(|_| malformed)
        };
        let (first, second) = (signed()?, signed()?);
        let root = Digest::from_bytes(reader.array().map_err(|_| malformed)?);
        let count = usize::from(reader.u8().map_err(|_| malformed)?);
        if count > MAX_PROOF_LEN {
            return Err(malformed);
        }
        let path = (0..count).map(|_| reader.array().map(Digest::from_bytes));
        let path = path.collect::<Result<_, _>>().map_err(|_| malformed)?;
        if !reader.is_empty() {
            return Err(malformed);
        }
        Ok(Self {
            first,
            second,
            root,
            path,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::audit::Tree;
    use crate::base::{SeededEntropy, merkle};
    use crate::seal::sign::SigningKey;

    pub(crate) const ORIGIN: &str = "mk-1.liaison/1";

    /// A log that went on in two ways from the same beginning.
    pub(crate) fn fork(common: u64, size: u64) -> (Tree, Tree) {
        let (mut one, mut other) = (Tree::new(), Tree::new());
        for i in 0..size {
            let leaf = |fork: u64| merkle::leaf_hash(&[i, fork].map(u64::to_be_bytes).concat());
            one.append(leaf(0));
            other.append(leaf(u64::from(i >= common)));
        }
        (one, other)
    }

    pub(crate) fn sign(key: &SigningKey, tree: &Tree, size: u64) -> SignedCheckpoint {
        let checkpoint = Checkpoint {
            origin: ORIGIN.parse().unwrap(),
            size,
            root: tree.root_at(size).unwrap(),
        };
        let text = checkpoint.note_text();
        SignedCheckpoint {
            checkpoint,
            signature: key.sign_raw(text.as_bytes(), &mut SeededEntropy::new(size)),
        }
    }

    fn keys_of(key: &SigningKey) -> LogKeys {
        key.verifying_key().clone().into()
    }

    fn prefix(tree: &Tree, size: u64, of: u64) -> Prefix {
        Prefix {
            size,
            root: tree.root_at(size).unwrap(),
            path: tree.consistency(size, of).unwrap(),
        }
    }

    #[test]
    fn two_histories_of_one_log_convict_it_at_every_pair_of_sizes() {
        let key = SigningKey::generate(&mut SeededEntropy::new(1));
        let (one, other) = fork(5, 17);
        for first in 1..=17 {
            for second in first..=17 {
                let heads = (sign(&key, &one, first), sign(&key, &other, second));
                let shown = prefix(&other, first, second);
                assert!(shown.is_of(&heads.1.checkpoint));
                let evidence = Evidence::of(&heads.0, &heads.1, &shown);
                assert_eq!(evidence.is_some(), first > 5, "{first} and {second}");
                if let Some(evidence) = evidence {
                    let bytes = evidence.encode();
                    let read = Evidence::decode(&bytes).unwrap();
                    assert_eq!(read, evidence);
                    assert_eq!(read.verify(&keys_of(&key)), Ok(()));
                }
            }
        }
    }

    #[test]
    fn nobody_is_convicted_by_a_proof_that_does_not_hold_or_a_strange_signature() {
        let key = SigningKey::generate(&mut SeededEntropy::new(1));
        let stranger = SigningKey::generate(&mut SeededEntropy::new(2));
        let (one, other) = fork(9, 9);
        let (first, second) = (sign(&key, &one, 6), sign(&key, &other, 9));
        // An honest log, and whatever an accuser might make up.
        let mut made_up = prefix(&one, 6, 9);
        made_up.root = Digest::of(b"made up");
        assert_eq!(Evidence::of(&first, &second, &made_up), None);
        let made_up = Evidence {
            first: first.clone(),
            second: second.clone(),
            root: made_up.root,
            path: made_up.path,
        };
        let verified = made_up.verify(&keys_of(&key));
        assert_eq!(verified, Err(EvidenceError::NoContradiction));
        assert_eq!(Evidence::of_equal(&first, &first), None);

        let (one, other) = fork(3, 9);
        let heads = (sign(&key, &one, 6), sign(&stranger, &other, 6));
        let evidence = Evidence::of_equal(&heads.0, &heads.1).unwrap();
        for key in [&key, &stranger] {
            let verified = evidence.verify(&keys_of(key));
            assert_eq!(verified, Err(EvidenceError::BadSignature));
        }
    }

    #[test]
    fn evidence_with_any_byte_changed_convicts_nobody() {
        let key = SigningKey::generate(&mut SeededEntropy::new(1));
        let (one, other) = fork(3, 11);
        let (first, second) = (sign(&key, &one, 7), sign(&key, &other, 11));
        let shown = prefix(&other, 7, 11);
        let bytes = Evidence::of(&first, &second, &shown).unwrap().encode();
        for at in (0..bytes.len()).filter(|at| *at < 120 || at % 97 == 0 || at + 260 > bytes.len())
        {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let verified =
                Evidence::decode(&changed).and_then(|evidence| evidence.verify(&keys_of(&key)));
            assert!(verified.is_err(), "byte {at}");
        }
        for len in (0..bytes.len()).step_by(31) {
            assert!(Evidence::decode(&bytes[..len]).is_err());
        }
        assert!(Evidence::decode(&[&bytes[..], &[0]].concat()).is_err());
    }
}
