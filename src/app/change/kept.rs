//! Receipts of peers that were verified and kept.

use serde::{Deserialize, Serialize};

use super::Heading;
use crate::audit::{EntryKind, EventCode, Receipt, ReceiptItem, Statement};
use crate::base::{Digest, MessageId, NodeId, Timestamp};
use crate::domain::retention::ErasureReason;

/// A peer's receipt that was verified and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptReceipt {
    /// The node whose log it proves an entry of.
    pub from: NodeId,
    /// What it says of the message.
    pub word: ReceiptWord,
    /// The message of this node that it is about.
    pub message: MessageId,
    /// When the peer recorded it, by the peer's clock.
    pub at: Timestamp,
    /// The receipt.
    pub proof: KeptProof,
}

/// A kept receipt, as far as it is known without reading another entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeptProof {
    /// All of it.
    Whole(Box<Receipt>),
    /// What is its own; what it has in common with others lies in an earlier entry.
    Sharing(Box<ReceiptItem>, u64),
}

/// What a receipt says of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReceiptWord {
    /// It is stored in the peer's log.
    Delivered,
    /// A person at the peer opened it.
    Opened,
    /// All its attachments are stored at the peer.
    AttachmentsStored,
    /// Its content is erased at the peer.
    Erased(ErasureReason),
    /// The peer does not take it, and recorded why.
    Refused(u16),
}

impl ReceiptWord {
    /// Its name in threads and events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Opened => "opened",
            Self::AttachmentsStored => "attachments-stored",
            Self::Erased(_) => "erased",
            Self::Refused(_) => "not-taken",
        }
    }
}

impl KeptReceipt {
    /// The whole receipt, as it is when it is recorded.
    ///
    /// # Panics
    /// If it was read back from an entry that shares it.
    pub fn recorded(&self) -> &Receipt {
        match &self.proof {
            KeptProof::Whole(receipt) => receipt,
            KeptProof::Sharing(..) => panic!("a receipt is whole when it is recorded"),
        }
    }

    pub(super) fn heading(&self) -> Heading {
        Heading {
            kind: EntryKind::Collection,
            event: match self.word {
                ReceiptWord::Delivered => EventCode::DeliveryReceiptReceived,
                ReceiptWord::Opened => EventCode::OpeningReceiptReceived,
                ReceiptWord::AttachmentsStored => EventCode::AttachmentsReceiptReceived,
                ReceiptWord::Erased(_) => EventCode::ErasureReceiptReceived,
                ReceiptWord::Refused(_) => EventCode::DeliveryRefused,
            },
            peer: Some(self.from.member),
            conversation: None,
            statement: Statement::ReceiptReceived {
                digest: Digest::of(&self.recorded().encode()),
            },
            shown: Vec::new(),
        }
    }
}
