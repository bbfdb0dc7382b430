//! Evidence for a peer: one entry, opened, with the proof that the log holds it.

mod batch;
#[cfg(test)]
mod batch_tests;

pub use batch::{CommonProof, MAX_BATCH, ReceiptBatch, ReceiptItem};

use super::layout::{Reader, TooShort, put_short};
use super::{
    Checkpoint, Entry, EntryError, Opening, Origin, SIGNED_CHECKPOINT_LEN, SignedCheckpoint,
    Statement, StatementError, tree,
};
use crate::base::{Digest, merkle};
use crate::seal::sign::{Proven, VerifyingKey};

/// The version of the layout.
const VERSION: u8 = 1;

/// The longest path: a log has fewer than 2^64 entries.
const MAX_PATH_LEN: usize = 64;

/// Why a receipt is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The bytes end too early.
    #[error("the receipt is too short")]
    TooShort,
    /// Bytes are left over.
    #[error("the receipt is followed by stray bytes")]
    TooLong,
    /// The version of the layout is unknown.
    #[error("the receipt has unknown version {0}")]
    Version(u8),
    /// The origin names no log.
    #[error("the receipt names no log")]
    Origin,
    /// The path is longer than any can be.
    #[error("the receipt's path is too long")]
    Path,
    /// A batch of receipts has none, or more than it may.
    #[error("the batch has too many receipts, or none")]
    Count,
    /// The entry is malformed.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The statement is malformed.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The opening is not that of the entry's commitment.
    #[error("the receipt does not open its entry")]
    Commitment,
    /// The path does not lead from the entry to the checkpoint's root.
    #[error("the receipt does not prove that the log holds its entry")]
    Inclusion,
    /// The checkpoint is not signed by the log's key.
    #[error("the receipt's checkpoint is not signed by the log's key")]
    BadSignature,
}

impl ReceiptError {
    /// A stable name for the error.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooShort => "receipt-too-short",
            Self::TooLong => "receipt-too-long",
            Self::Version(_) => "receipt-version",
            Self::Origin => "receipt-origin",
            Self::Path => "receipt-path",
            Self::Count => "receipt-count",
            Self::Entry(error) => error.code(),
            Self::Statement(error) => error.code(),
            Self::Commitment => "receipt-commitment",
            Self::Inclusion => "receipt-inclusion",
            Self::BadSignature => "receipt-bad-signature",
        }
    }
}

impl From<TooShort> for ReceiptError {
    fn from(_: TooShort) -> Self {
        Self::TooShort
    }
}

/// A receipt: verifiable alone, offline, for as long as the log's key is known.
///
/// Layout: version u8 ‖ origin 13 ‖ entry u16 length ‖ salt 32 ‖ statement u16 length ‖
/// index u64 ‖ path u8 count, 32 each ‖ checkpoint 3,413.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The log.
    pub origin: Origin,
    /// The entry's bytes.
    pub entry: Vec<u8>,
    /// What opens the entry's commitment.
    pub opening: Opening,
    /// Where the entry stands in the log.
    pub index: u64,
    /// The inclusion path, lowest sibling first.
    pub path: Vec<Digest>,
    /// The checkpoint of the group in which the entry was written.
    pub checkpoint: SignedCheckpoint,
}

/// What a receipt proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Where the entry stands in the log.
    pub index: u64,
    /// The entry.
    pub entry: Entry,
    /// What it states.
    pub statement: Statement,
    /// The head that its log has signed.
    pub checkpoint: Checkpoint,
}

impl Receipt {
    /// The receipt's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256 + self.path.len() * 32 + SIGNED_CHECKPOINT_LEN);
        out.push(VERSION);
        out.extend_from_slice(&self.origin.to_bytes());
        put_short(&mut out, &self.entry);
        out.extend_from_slice(&self.opening.salt);
        put_short(&mut out, &self.opening.statement.encode());
        out.extend_from_slice(&self.index.to_be_bytes());
        out.push(u8::try_from(self.path.len()).expect("a path has at most 64 digests"));
        for digest in &self.path {
            out.extend_from_slice(digest.as_bytes());
        }
        out.extend_from_slice(&self.checkpoint.encode());
        out
    }

    /// Reads a receipt's bytes. It proves nothing until it is verified.
    ///
    /// # Errors
    /// [`ReceiptError`], by the first field at fault.
    pub fn decode(bytes: &[u8]) -> Result<Self, ReceiptError> {
        let mut reader = Reader::new(bytes);
        let version = reader.u8()?;
        if version != VERSION {
            return Err(ReceiptError::Version(version));
        }
        let origin = Origin::from_bytes(reader.array()?).map_err(|_| ReceiptError::Origin)?;
        let entry = reader.short()?.to_vec();
        let opening = Opening {
            salt: reader.array()?,
            statement: Statement::decode(reader.short()?)?,
        };
        let index = reader.u64()?;
        let count = usize::from(reader.u8()?);
        if count > MAX_PATH_LEN {
            return Err(ReceiptError::Path);
        }
        let mut path = Vec::with_capacity(count);
        for _ in 0..count {
            path.push(Digest::from_bytes(reader.array()?));
        }
        let checkpoint = SignedCheckpoint::decode(origin, reader.slice(SIGNED_CHECKPOINT_LEN)?)
            .map_err(|_| ReceiptError::TooShort)?;
        if !reader.is_empty() {
            return Err(ReceiptError::TooLong);
        }
        Ok(Self {
            origin,
            entry,
            opening,
            index,
            path,
            checkpoint,
        })
    }

    /// Whether the log under `key` holds the entry, and the entry states what the receipt says.
    ///
    /// # Errors
    /// [`ReceiptError`], by the first step that fails; the signature comes last, since it costs
    /// most.
    pub fn verify(&self, key: &VerifyingKey) -> Result<Verified, ReceiptError> {
        self.verify_among(key, &Proven::default())
    }

    /// As [`Receipt::verify`], where the checkpoint's signature may be known to hold from another
    /// receipt.
    ///
    /// # Errors
    /// As [`Receipt::verify`].
    pub fn verify_among(
        &self,
        key: &VerifyingKey,
        proven: &Proven,
    ) -> Result<Verified, ReceiptError> {
        let checkpoint = self.checkpoint.checkpoint;
        if checkpoint.origin != self.origin {
            return Err(ReceiptError::Origin);
        }
        let entry = Entry::decode(&self.entry)?;
        if self.opening.commitment() != entry.commitment {
            return Err(ReceiptError::Commitment);
        }
        let leaf = merkle::leaf_hash(&self.entry);
        if !tree::verify_inclusion(
            &leaf,
            self.index,
            checkpoint.size,
            &self.path,
            &checkpoint.root,
        ) {
            return Err(ReceiptError::Inclusion);
        }
        let note = checkpoint.note_text();
        proven
            .verify_raw(key, note.as_bytes(), &self.checkpoint.signature)
            .map_err(|_| ReceiptError::BadSignature)?;
        Ok(Verified {
            index: self.index,
            entry,
            statement: self.opening.statement,
            checkpoint,
        })
    }

    /// The proof in the format of C2SP `tlog-proof`, for tools that check them. The leaf that it
    /// proves is the entry's bytes, which follow in its `extra` line with salt and statement:
    /// u16 length ‖ entry ‖ salt 32 ‖ u16 length ‖ statement.
    pub fn to_tlog_proof(&self, key: &VerifyingKey) -> String {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD as BASE64;

        let mut extra = Vec::new();
        put_short(&mut extra, &self.entry);
        extra.extend_from_slice(&self.opening.salt);
        put_short(&mut extra, &self.opening.statement.encode());
        let mut lines = vec![
            "c2sp.org/tlog-proof@v1".to_owned(),
            format!("extra {}", BASE64.encode(extra)),
            format!("index {}", self.index),
        ];
        lines.extend(self.path.iter().map(|node| BASE64.encode(node.as_bytes())));
        lines.push(String::new());
        lines.push(self.checkpoint.to_note(key));
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audit::statement::tests::every_statement;
    use crate::audit::{EntryKind, EventCode, Tree};
    use crate::base::{Role, SeededEntropy, Timestamp};
    use crate::seal::sign::SigningKey;

    fn receipt(index: u64, size: u64) -> (SigningKey, Receipt) {
        let mut entropy = SeededEntropy::new(index);
        let key = SigningKey::generate(&mut entropy);
        let opening = Opening::new(every_statement()[0], &mut entropy);
        let entry = Entry {
            time: Timestamp::from_millis(1),
            kind: EntryKind::Collection,
            event: EventCode::RequestReceived,
            role: Role::Node,
            actor: [0; 16],
            exchange: [3; 16],
            peer: Some("MK".parse().unwrap()),
            commitment: opening.commitment(),
            sealed_digest: Digest::of(b"sealed"),
            extensions: Vec::new(),
        };
        let mut tree = Tree::new();
        for i in 0..size {
            tree.append(if i == index {
                entry.leaf_hash()
            } else {
                merkle::leaf_hash(&i.to_be_bytes())
            });
        }
        let origin = Origin::first("SI-1".parse().unwrap());
        let checkpoint = Checkpoint {
            origin,
            size,
            root: tree.root(),
        };
        let signature = key.sign_raw(checkpoint.note_text().as_bytes(), &mut entropy);
        let receipt = Receipt {
            origin,
            entry: entry.encode(),
            opening,
            index,
            path: tree.inclusion(index, size).unwrap(),
            checkpoint: SignedCheckpoint {
                checkpoint,
                signature,
            },
        };
        (key, receipt)
    }

    #[test]
    fn a_receipt_survives_its_bytes_and_proves_its_statement() {
        for (index, size) in [(0, 1), (4, 5), (2, 7), (6, 7)] {
            let (key, receipt) = receipt(index, size);
            let bytes = receipt.encode();
            assert_eq!(Receipt::decode(&bytes).as_ref(), Ok(&receipt));
            let verified = receipt.verify(key.verifying_key()).unwrap();
            assert_eq!(verified.index, index);
            assert_eq!(verified.statement, every_statement()[0]);
            assert_eq!(verified.entry.encode(), receipt.entry);
        }
    }

    #[test]
    fn a_receipt_with_any_byte_changed_is_refused() {
        let (key, receipt) = receipt(2, 7);
        let bytes = receipt.encode();
        for at in 0..bytes.len() {
            for change in [0x01, 0x80] {
                let mut changed = bytes.clone();
                changed[at] ^= change;
                let verified = Receipt::decode(&changed)
                    .and_then(|receipt| receipt.verify(key.verifying_key()));
                assert!(verified.is_err(), "byte {at} ^ {change:#x}");
            }
        }
    }

    #[test]
    fn every_prefix_and_every_longer_receipt_is_refused() {
        let (_, receipt) = receipt(0, 2);
        let mut bytes = receipt.encode();
        for len in 0..bytes.len() {
            assert!(Receipt::decode(&bytes[..len]).is_err(), "{len}");
        }
        bytes.push(0);
        assert_eq!(Receipt::decode(&bytes), Err(ReceiptError::TooLong));
    }

    #[test]
    fn a_receipt_names_what_is_wrong_with_it() {
        let (key, good) = receipt(2, 7);
        let (other, _) = receipt(3, 7);
        let refused = |change: &dyn Fn(&mut Receipt)| {
            let mut receipt = good.clone();
            change(&mut receipt);
            receipt.verify(key.verifying_key()).unwrap_err()
        };
        assert_eq!(
            good.verify(other.verifying_key()),
            Err(ReceiptError::BadSignature)
        );
        assert_eq!(
            refused(&|receipt| receipt.opening.salt[0] ^= 1),
            ReceiptError::Commitment
        );
        assert_eq!(
            refused(&|receipt| receipt.index = 3),
            ReceiptError::Inclusion
        );
        assert_eq!(
            refused(&|receipt| receipt.checkpoint.checkpoint.size = 8),
            ReceiptError::BadSignature
        );
        assert_eq!(
            refused(&|receipt| receipt.checkpoint.checkpoint.origin.incarnation = 2),
            ReceiptError::Origin
        );
        assert_eq!(
            refused(&|receipt| receipt.entry.truncate(9)),
            ReceiptError::Entry(EntryError::TooShort)
        );
    }

    #[test]
    fn a_receipt_is_written_as_a_c2sp_proof() {
        let (key, receipt) = receipt(2, 7);
        let text = receipt.to_tlog_proof(key.verifying_key());
        let (proof, checkpoint) = text.split_once("\n\n").unwrap();
        let lines: Vec<&str> = proof.split('\n').collect();
        assert_eq!(lines[0], "c2sp.org/tlog-proof@v1");
        assert_eq!(lines[2], "index 2");
        assert_eq!(lines.len(), 3 + receipt.path.len());
        assert_eq!(checkpoint, receipt.checkpoint.to_note(key.verifying_key()));
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Receipt::decode(&bytes);
        }

        #[test]
        fn a_garbled_receipt_never_panics(at in 0..300usize, garbage in any::<[u8; 8]>()) {
            let (key, receipt) = receipt(2, 7);
            let mut bytes = receipt.encode();
            bytes[at..at + 8].copy_from_slice(&garbage);
            if let Ok(read) = Receipt::decode(&bytes) {
                prop_assert_eq!(read.encode(), bytes);
                prop_assert!(read == receipt || read.verify(key.verifying_key()).is_err());
            }
        }
    }
}
