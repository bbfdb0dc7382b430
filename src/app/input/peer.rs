//! What comes from peers, already opened and verified.

use crate::app::change::{Message, ReceiptWord};
use crate::app::witness::Say;
use crate::audit::{Receipt, Statement};
use crate::base::{Digest, MemberId, MessageId, Timestamp};
use crate::exchange::Refusal;
use crate::seal::group::MessageSignature;

/// A peer's receipt whose proof and checkpoint were verified.
#[derive(Debug, Clone, PartialEq)]
pub struct PeerReceipt {
    /// What the peer's entry commits to.
    pub statement: Statement,
    /// When the peer recorded it, by its own clock.
    pub at: Timestamp,
    /// The receipt.
    pub receipt: Receipt,
}

/// Something that came over a link, already opened and verified.
#[derive(Debug, Clone, PartialEq)]
pub enum FromPeer {
    /// A link to the peer is up.
    Up,
    /// The link to the peer is down.
    Down,
    /// The trust list in force at the peer.
    ListAt {
        /// Its version.
        version: u64,
        /// Its hash.
        hash: Digest,
    },
    /// Which bundle of this node is in force at the peer.
    BundleAt {
        /// Its sequence; 0 for none.
        sequence: u64,
        /// Its digest.
        digest: Digest,
    },
    /// The peer issued a second bundle with the sequence of the one in force here.
    BundleConflict {
        /// The sequence.
        sequence: u64,
        /// The second bundle.
        digest: Digest,
    },
    /// A message whose signature holds.
    Message(Box<Message>, Box<MessageSignature>),
    /// An envelope that could not be taken.
    Unreadable {
        /// The digest of the envelope, or the leaf where the signature held.
        digest: Digest,
        /// Why.
        refusal: Refusal,
    },
    /// A receipt whose proof holds.
    Receipt(Box<PeerReceipt>),
    /// The peer will take these later, not now: messages, each by its leaf, and receipts, each by the
    /// hash of its entry in this node's log. Why, where the reason is one that this version knows.
    Later(Vec<(Digest, Option<Refusal>)>),
    /// The peer keeps these receipts (each by the hash of its entry in this node's log).
    Kept(Vec<Digest>),
    /// An attachment was fetched from the peer, verified and stored.
    Fetched {
        /// The author of the message: the peer, or this node's member.
        sender: MemberId,
        /// The message.
        message: MessageId,
        /// The attachment's place.
        index: u16,
    },
    /// The peer does not have an attachment now.
    NotFetched {
        /// The message.
        message: MessageId,
        /// The attachment's place.
        index: u16,
    },
    /// There is no room here for an attachment of the peer now.
    LackedRoom {
        /// The message.
        message: MessageId,
        /// The attachment's place.
        index: u16,
    },
    /// The peer said something about logs; its signatures hold.
    Witness(Say),
}

/// The word of a receipt, where its statement is one that a receipt can make.
pub fn receipt_word(statement: &Statement) -> Option<ReceiptWord> {
    match statement {
        Statement::Received { .. } => Some(ReceiptWord::Delivered),
        Statement::Opened { .. } => Some(ReceiptWord::Opened),
        Statement::AttachmentsStored { .. } => Some(ReceiptWord::AttachmentsStored),
        Statement::Refused { code, .. } => Some(ReceiptWord::Refused(*code)),
        Statement::Erased { reason, .. } => Some(ReceiptWord::Erased(*reason)),
        Statement::Sent { .. }
        | Statement::ReceiptReceived { .. }
        | Statement::Note { .. }
        | Statement::Released { .. }
        | Statement::Cleared { .. }
        | Statement::Witnessed { .. }
        | Statement::LogAlarm { .. }
        | Statement::LogOpened { .. }
        | Statement::BundleInForce { .. } => None,
    }
}
