//! What happened, as the log keeps it: one change an entry. The index is the sum of all changes.

mod events;
mod heading;
mod kept;

pub use heading::Heading;
pub use kept::{KeptProof, KeptReceipt, ReceiptWord};

use serde::{Deserialize, Serialize};

use super::carried::CarryChange;
use super::duty::DutyChange;
use super::erase::Erased;
use super::letters::{LetterChange, PersonChange};
use super::members::MemberChange;
use super::office::Deed;
use super::witness::WitnessChange;
use crate::base::{Digest, MemberId, MessageId, NodeId};
use crate::domain::message::{Event, Header};
use crate::domain::release::ReleasePolicy;
use crate::domain::retention::ErasureReason;
use crate::domain::rfi::LocalGround;
use crate::domain::terms::TermKind;
use crate::seal::envelope::{SignedMessage, StoredMessage};
use crate::seal::group::{MessageSignature, leaf};
use crate::wire;

/// A message in the exact bytes that its signature covers, with what they say.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The node that sent it.
    pub sender: NodeId,
    /// The header's bytes.
    pub header_bytes: Vec<u8>,
    /// The body's bytes.
    pub body_bytes: Vec<u8>,
    /// The leaf's random bytes.
    pub random: [u8; 32],
    /// The header.
    pub header: Header,
    /// The body: who caused what.
    pub event: Event,
    /// Whether the content was erased: then header and body are what remains of it.
    pub erased: Option<Erased>,
    /// The peer that gave it back, where the entry that sent it was lost with the end of the log.
    pub returned: Option<NodeId>,
}

impl Message {
    /// A message of this node, not signed yet.
    pub fn compose(header: Header, event: Event, random: [u8; 32]) -> Self {
        Self {
            sender: header.sender,
            header_bytes: wire::encode_header(&header),
            body_bytes: wire::encode_event(&event),
            random,
            header,
            event,
            erased: None,
            returned: None,
        }
    }

    /// Reads what a signed message says.
    ///
    /// # Errors
    /// [`wire::WireError`] where header or body do not decode, or contradict each other.
    pub fn read(signed: &SignedMessage) -> Result<Self, wire::WireError> {
        let parts = (signed.header.clone(), signed.body.clone());
        Self::read_parts(signed.sender, parts, signed.random)
    }

    /// Reads what a stored message says.
    ///
    /// # Errors
    /// As [`Message::read`].
    pub fn read_stored(stored: StoredMessage) -> Result<Self, wire::WireError> {
        Self::read_parts(stored.sender, (stored.header, stored.body), stored.random)
    }

    fn read_parts(
        sender: NodeId,
        (header_bytes, body_bytes): (Vec<u8>, Vec<u8>),
        random: [u8; 32],
    ) -> Result<Self, wire::WireError> {
        let header = wire::decode_header(&header_bytes)?;
        let event = wire::decode_event(&body_bytes)?;
        wire::check_agreement(&header, &event, sender)?;
        Ok(Self {
            sender,
            header_bytes,
            body_bytes,
            random,
            header,
            event,
            erased: None,
            returned: None,
        })
    }

    /// What the signature covers.
    pub fn leaf(&self) -> Digest {
        match &self.erased {
            Some(erased) => erased.leaf,
            None => leaf(&self.random, &self.header_bytes, &self.body_bytes),
        }
    }

    /// The message under its signature.
    pub fn signed(&self, signature: MessageSignature) -> SignedMessage {
        SignedMessage {
            sender: self.sender,
            header: self.header_bytes.clone(),
            body: self.body_bytes.clone(),
            random: self.random,
            signature,
        }
    }
}

/// One thing that happened at this node.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A person here sent a message.
    Sent(Box<Message>),
    /// A peer's message came, was opened, verified and accepted. Read back, it is without its
    /// signature.
    Received(Box<Message>, Option<Box<MessageSignature>>),
    /// A peer's receipt was verified and kept.
    ReceiptKept(Box<KeptReceipt>),
    /// Anything else.
    Other(Other),
}

/// A change that carries neither message nor receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Other {
    /// A person here opened a peer's message for the first time.
    Opened {
        /// The member that sent the message.
        sender: MemberId,
        /// The message.
        message: MessageId,
        /// Its leaf.
        leaf: Digest,
        /// The exchange or alert.
        conversation: MessageId,
    },
    /// A person here read an exchange or an alert.
    Consulted {
        /// The exchange or alert.
        conversation: MessageId,
    },
    /// A person here saved an attachment.
    AttachmentRead {
        /// The exchange or alert.
        conversation: MessageId,
        /// The member whose message lists it; none where an earlier version wrote it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sender: Option<MemberId>,
        /// The message that lists it.
        message: MessageId,
        /// Its place there.
        index: u16,
    },
    /// One attachment of a message is stored whole: a peer's, or this node's own that was lost.
    AttachmentStored {
        /// The member that sent the message.
        sender: MemberId,
        /// The message.
        message: MessageId,
        /// Its leaf.
        leaf: Digest,
        /// The exchange or alert.
        conversation: MessageId,
        /// The attachment's place in the message.
        index: u16,
        /// Whether all attachments of a peer's message are stored now, for which it has a receipt.
        all: bool,
    },
    /// A peer's input was not taken.
    InputRefused {
        /// The peer.
        sender: NodeId,
        /// The leaf of the message, or the digest of the envelope where it did not open.
        digest: Digest,
        /// Why.
        refusal: u16,
    },
    /// A message of this node expired before the peer receipted it.
    DeliveryExpired {
        /// The member that never receipted it.
        recipient: MemberId,
        /// The message.
        message: MessageId,
        /// The exchange or alert.
        conversation: MessageId,
    },
    /// Why a no-hit of this node says no more. Every no-hit has such an entry, of one heading and
    /// one length.
    GroundNoted {
        /// The exchange.
        conversation: MessageId,
        /// The answer.
        message: MessageId,
        /// The ground.
        ground: LocalGround,
        /// Keeps the entry's digest from being guessed.
        #[serde(with = "hex::serde")]
        random: [u8; 16],
    },
    /// A person here looked for something.
    Searched {
        /// What was looked for.
        query: String,
        /// As what; none for anything.
        kind: Option<TermKind>,
        /// How many exchanges and alerts the page shows.
        found: u16,
    },
    /// A request was compared with the other exchanges at this node.
    Matched {
        /// The exchange that the request opens.
        conversation: MessageId,
        /// The exchanges about the same.
        found: Vec<MessageId>,
    },
    /// A person here keeps an exchange or alert for less long than its originators set.
    RetentionShortened {
        /// The exchange or alert.
        conversation: MessageId,
        /// How long, from the receipt.
        days: u32,
    },
    /// The content of an exchange or alert, or of one message in it, is to be erased at once.
    ErasureOrdered {
        /// The exchange or alert.
        conversation: MessageId,
        /// The message that its author wants erased; none where a person here wants it all erased.
        message: Option<MessageId>,
        /// The person's reason, which stays here; empty where it is the author's wish.
        reason: String,
    },
    /// The content of a message was erased here.
    Erased {
        /// The entry that held it.
        of: u64,
        /// The node that sent the message.
        sender: NodeId,
        /// The message.
        message: MessageId,
        /// Its leaf.
        leaf: Digest,
        /// The exchange or alert.
        conversation: MessageId,
        /// Why.
        reason: ErasureReason,
    },
    /// The secret changed that all contents hang on; what was erased before is gone for good.
    EpochChanged {
        /// The number of the new epoch.
        number: u64,
    },
    /// The node began to serve.
    Started {
        /// The program's version.
        version: String,
    },
    /// The node stopped in order.
    Stopped,
    /// Another trust list came into force.
    TrustListInForce {
        /// The list's version.
        version: u64,
        /// The list's hash.
        hash: Digest,
        /// The version and digest of the suspend list in force with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        suspension: Option<(u32, Digest)>,
    },
    /// An incarnation of the log begins here, and goes on from a backup of the one before.
    LogOpened {
        /// The incarnation before.
        before: String,
        /// How many of its entries this one goes on from.
        size: u64,
        /// The root over them.
        root: Digest,
    },
    /// What a node lost that was restored from a backup goes to it again.
    SentAgain {
        /// The node.
        node: NodeId,
        /// How: 0 before all else, where it is hardly in the backup, 1 behind what is urgent.
        class: u8,
        /// Messages of this node that it had receipted.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        own: Vec<MessageId>,
        /// Its own messages, which are given back.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        theirs: Vec<MessageId>,
    },
    /// Something about members or their keys.
    Member(MemberChange),
    /// Something about checkpoints and their witnesses.
    Witness(WitnessChange),
    /// Who knew what when.
    Duty(DutyChange),
    /// Something about a letter that waits.
    Letter(LetterChange),
    /// Something about the people who sign decisions.
    Person(PersonChange),
    /// Another release policy came into force.
    Policy(ReleasePolicy),
    /// Something was carried by hand.
    Carried(CarryChange),
    /// A person did something at their own node.
    Office(Deed),
}
