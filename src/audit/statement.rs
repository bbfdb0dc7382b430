//! What an entry states, and the salted commitment that lets it be shown to one peer alone.

use super::Origin;
use super::layout::{Reader, TooShort};
use crate::base::{Digest, Entropy, MessageId, NodeId, Role};
use crate::domain::retention::ErasureReason;

/// The longest statement, in bytes.
pub const MAX_STATEMENT_LEN: usize = 64;

/// Why bytes are not a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// The bytes end too early or go on too long.
    #[error("the statement has the wrong length")]
    Length,
    /// The first byte names no statement.
    #[error("the statement has unknown tag {0}")]
    Tag(u8),
    /// A field holds a value without meaning.
    #[error("the statement holds an impossible value")]
    Value,
}

impl StatementError {
    /// A stable name for the error.
    pub fn code(self) -> &'static str {
        match self {
            Self::Length => "statement-length",
            Self::Tag(_) => "statement-tag",
            Self::Value => "statement-value",
        }
    }
}

impl From<TooShort> for StatementError {
    fn from(_: TooShort) -> Self {
        Self::Length
    }
}

/// What an entry commits to. A leaf here is the leaf of a message's signature, which with
/// sender and id is the identity of a message.
///
/// Layout: tag u8, then the fields in the order given; a node 9 bytes, a message id 16, a digest
/// 32, a role 1, a code u16, an origin 13, a size u64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statement {
    /// Tag 1: the message of `sender` is stored here.
    Received {
        /// The node that signed the message.
        sender: NodeId,
        /// The message.
        id: MessageId,
        /// Its leaf.
        leaf: Digest,
    },
    /// Tag 2: this node's own message is committed for sending.
    Sent {
        /// The message.
        id: MessageId,
        /// Its leaf.
        leaf: Digest,
    },
    /// Tag 3: a person opened the message.
    Opened {
        /// The message.
        id: MessageId,
        /// Its leaf.
        leaf: Digest,
        /// The role in which it was opened.
        role: Role,
    },
    /// Tag 4: every attachment of the message is stored here.
    AttachmentsStored {
        /// The message.
        id: MessageId,
        /// Its leaf.
        leaf: Digest,
    },
    /// Tag 5: an input was refused.
    Refused {
        /// The node whose input it was.
        sender: NodeId,
        /// The leaf of the message, or the digest of the bytes where there is no leaf to read.
        digest: Digest,
        /// Why, by the number of the typed reason.
        code: u16,
    },
    /// Tag 6: a receipt of a peer was verified and kept.
    ReceiptReceived {
        /// The digest of the receipt's bytes.
        digest: Digest,
    },
    /// Tag 13: the content of the message is erased here.
    Erased {
        /// The message.
        id: MessageId,
        /// Its leaf.
        leaf: Digest,
        /// Why.
        reason: ErasureReason,
    },
    /// Tag 7: something that only this node's own records explain.
    Note {
        /// The digest of the private content.
        digest: Digest,
    },
    /// Tag 8: a person let a letter of another's leave, or looked at one that left in an emergency.
    Released {
        /// The letter.
        id: MessageId,
        /// Its digest, which the person signed.
        letter: Digest,
    },
    /// Tag 9: a person let a letter of another's leave that the protection gate had stopped.
    Cleared {
        /// The letter.
        id: MessageId,
        /// Its digest, which the person signed.
        letter: Digest,
    },
    /// Tag 10: a checkpoint of another node's log continues all that was cosigned of it before,
    /// and is cosigned from now on.
    Witnessed {
        /// The log.
        origin: Origin,
        /// Its size.
        size: u64,
        /// Its root.
        root: Digest,
    },
    /// Tag 11: what a log shows does not fit what it showed before.
    LogAlarm {
        /// The log.
        origin: Origin,
        /// What is wrong, by the number of the fault.
        fault: u8,
        /// The digest of the evidence, or of nothing where there is none.
        evidence: Digest,
    },
    /// Tag 12: a key bundle came into force here, this node's own or a peer's.
    BundleInForce {
        /// The node whose bundle it is.
        node: NodeId,
        /// Its sequence.
        sequence: u64,
        /// Its digest.
        digest: Digest,
    },
    /// Tag 14: an incarnation of this log begins, and goes on from the head of the one before.
    LogOpened {
        /// The incarnation before.
        before: Origin,
        /// How many of its entries this one goes on from.
        size: u64,
        /// The root over them.
        root: Digest,
    },
}

impl Statement {
    /// The statement's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(MAX_STATEMENT_LEN);
        match self {
            Self::Received { sender, id, leaf } => {
                out.push(1);
                out.extend_from_slice(&sender.to_bytes());
                out.extend_from_slice(&id.to_bytes());
                out.extend_from_slice(leaf.as_bytes());
            }
            Self::Sent { id, leaf } => {
                out.push(2);
                out.extend_from_slice(&id.to_bytes());
                out.extend_from_slice(leaf.as_bytes());
            }
            Self::Opened { id, leaf, role } => {
                out.push(3);
                out.extend_from_slice(&id.to_bytes());
                out.extend_from_slice(leaf.as_bytes());
                out.push(*role as u8);
            }
            Self::AttachmentsStored { id, leaf } => {
                out.push(4);
                out.extend_from_slice(&id.to_bytes());
                out.extend_from_slice(leaf.as_bytes());
            }
            Self::Refused {
                sender,
                digest,
                code,
            } => {
                out.push(5);
                out.extend_from_slice(&sender.to_bytes());
                out.extend_from_slice(digest.as_bytes());
                out.extend_from_slice(&code.to_be_bytes());
            }
            Self::ReceiptReceived { digest } => {
                out.push(6);
                out.extend_from_slice(digest.as_bytes());
            }
            Self::Note { digest } => {
                out.push(7);
                out.extend_from_slice(digest.as_bytes());
            }
            Self::Released { id, letter } => {
                out.push(8);
                out.extend_from_slice(&id.to_bytes());
                out.extend_from_slice(letter.as_bytes());
            }
            Self::Cleared { id, letter } => {
                out.push(9);
                out.extend_from_slice(&id.to_bytes());
                out.extend_from_slice(letter.as_bytes());
            }
            Self::Witnessed { origin, size, root } => {
                out.push(10);
                out.extend_from_slice(&origin.to_bytes());
                out.extend_from_slice(&size.to_be_bytes());
                out.extend_from_slice(root.as_bytes());
            }
            Self::LogAlarm {
                origin,
                fault,
                evidence,
            } => {
                out.push(11);
                out.extend_from_slice(&origin.to_bytes());
                out.push(*fault);
                out.extend_from_slice(evidence.as_bytes());
            }
            Self::BundleInForce {
                node,
                sequence,
                digest,
            } => {
                out.push(12);
                out.extend_from_slice(&node.to_bytes());
                out.extend_from_slice(&sequence.to_be_bytes());
                out.extend_from_slice(digest.as_bytes());
            }
            Self::Erased { id, leaf, reason } => {
                out.push(13);
                out.extend_from_slice(&id.to_bytes());
                out.extend_from_slice(leaf.as_bytes());
                out.push(reason.number());
            }
            Self::LogOpened { before, size, root } => {
                out.push(14);
                out.extend_from_slice(&before.to_bytes());
                out.extend_from_slice(&size.to_be_bytes());
                out.extend_from_slice(root.as_bytes());
            }
        }
        out
    }

    /// Reads a statement's bytes. What it accepts encodes to the same bytes again.
    ///
    /// # Errors
    /// [`StatementError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, StatementError> {
        let mut reader = Reader::new(bytes);
        let statement = match reader.u8()? {
            1 => Self::Received {
                sender: node(&mut reader)?,
                id: MessageId::from_bytes(reader.array()?),
                leaf: Digest::from_bytes(reader.array()?),
            },
            2 => Self::Sent {
                id: MessageId::from_bytes(reader.array()?),
                leaf: Digest::from_bytes(reader.array()?),
            },
            3 => Self::Opened {
                id: MessageId::from_bytes(reader.array()?),
                leaf: Digest::from_bytes(reader.array()?),
                role: Role::from_number(reader.u8()?).ok_or(StatementError::Value)?,
            },
            4 => Self::AttachmentsStored {
                id: MessageId::from_bytes(reader.array()?),
                leaf: Digest::from_bytes(reader.array()?),
            },
            5 => Self::Refused {
                sender: node(&mut reader)?,
                digest: Digest::from_bytes(reader.array()?),
                code: reader.u16()?,
            },
            6 => Self::ReceiptReceived {
                digest: Digest::from_bytes(reader.array()?),
            },
            7 => Self::Note {
                digest: Digest::from_bytes(reader.array()?),
            },
            8 => Self::Released {
                id: MessageId::from_bytes(reader.array()?),
                letter: Digest::from_bytes(reader.array()?),
            },
            9 => Self::Cleared {
                id: MessageId::from_bytes(reader.array()?),
                letter: Digest::from_bytes(reader.array()?),
            },
            10 => Self::Witnessed {
                origin: origin(&mut reader)?,
                size: reader.u64()?,
                root: Digest::from_bytes(reader.array()?),
            },
            11 => Self::LogAlarm {
                origin: origin(&mut reader)?,
                fault: reader.u8()?,
                evidence: Digest::from_bytes(reader.array()?),
            },
            12 => Self::BundleInForce {
                node: node(&mut reader)?,
                sequence: reader.u64()?,
                digest: Digest::from_bytes(reader.array()?),
            },
            13 => Self::Erased {
                id: MessageId::from_bytes(reader.array()?),
                leaf: Digest::from_bytes(reader.array()?),
                reason: ErasureReason::from_number(reader.u8()?).ok_or(StatementError::Value)?,
            },
            14 => Self::LogOpened {
                before: origin(&mut reader)?,
                size: reader.u64()?,
                root: Digest::from_bytes(reader.array()?),
            },
            tag => return Err(StatementError::Tag(tag)),
        };
        reader
            .is_empty()
            .then_some(statement)
            .ok_or(StatementError::Length)
    }
}

fn origin(reader: &mut Reader<'_>) -> Result<Origin, StatementError> {
    Origin::from_bytes(reader.array()?).map_err(|_| StatementError::Value)
}

fn node(reader: &mut Reader<'_>) -> Result<NodeId, StatementError> {
    NodeId::from_bytes(reader.array()?).map_err(|_| StatementError::Value)
}

/// What opens an entry's commitment: the statement, and the salt without which nobody can guess
/// it. H("liaison/commitment/v1" ‖ salt ‖ statement) is the commitment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// 32 random bytes.
    pub salt: [u8; 32],
    /// What is stated.
    pub statement: Statement,
}

impl Opening {
    /// An opening with a fresh salt.
    pub fn new(statement: Statement, entropy: &mut dyn Entropy) -> Self {
        Self {
            salt: entropy.array(),
            statement,
        }
    }

    /// The commitment that this opens.
    pub fn commitment(&self) -> Digest {
        Digest::of_parts(&[
            b"liaison/commitment/v1",
            &self.salt,
            &self.statement.encode(),
        ])
    }
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opening({:?})", self.statement)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::SeededEntropy;

    /// One statement of each sort.
    pub(crate) fn every_statement() -> Vec<Statement> {
        let sender = "MK-1".parse().unwrap();
        let id = MessageId::from_bytes([7; 16]);
        let leaf = Digest::of(b"leaf");
        vec![
            Statement::Received { sender, id, leaf },
            Statement::Sent { id, leaf },
            Statement::Opened {
                id,
                leaf,
                role: Role::Contact,
            },
            Statement::AttachmentsStored { id, leaf },
            Statement::Refused {
                sender,
                digest: leaf,
                code: 513,
            },
            Statement::ReceiptReceived { digest: leaf },
            Statement::Note { digest: leaf },
            Statement::Released { id, letter: leaf },
            Statement::Cleared { id, letter: leaf },
            Statement::Witnessed {
                origin: Origin::first(sender),
                size: 9,
                root: leaf,
            },
            Statement::LogAlarm {
                origin: Origin::first(sender),
                fault: 1,
                evidence: leaf,
            },
            Statement::BundleInForce {
                node: sender,
                sequence: 7,
                digest: leaf,
            },
            Statement::Erased {
                id,
                leaf,
                reason: ErasureReason::Order,
            },
            Statement::LogOpened {
                before: Origin::first(sender),
                size: 9,
                root: leaf,
            },
        ]
    }

    #[test]
    fn every_statement_survives_its_bytes_and_no_prefix_is_one() {
        for statement in every_statement() {
            let mut bytes = statement.encode();
            assert!(bytes.len() <= MAX_STATEMENT_LEN);
            assert_eq!(Statement::decode(&bytes), Ok(statement));
            for len in 0..bytes.len() {
                assert!(Statement::decode(&bytes[..len]).is_err());
            }
            bytes.push(0);
            assert_eq!(Statement::decode(&bytes), Err(StatementError::Length));
        }
    }

    #[test]
    fn a_commitment_hides_behind_its_salt() {
        let mut entropy = SeededEntropy::new(1);
        let statement = every_statement()[0];
        let one = Opening::new(statement, &mut entropy);
        let two = Opening::new(statement, &mut entropy);
        assert_ne!(one.commitment(), two.commitment());
        assert_eq!(one.commitment(), one.commitment());
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic_and_what_decodes_is_canonical(
            tag in 0..16u8, rest in proptest::collection::vec(any::<u8>(), 0..70)
        ) {
            let mut bytes = vec![tag];
            bytes.extend(rest);
            if let Ok(statement) = Statement::decode(&bytes) {
                prop_assert_eq!(statement.encode(), bytes);
            }
        }
    }
}
