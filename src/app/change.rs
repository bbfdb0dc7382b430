//! What happened, as the log keeps it: one change an entry. The index is the sum of all changes.

use serde::{Deserialize, Serialize};

use super::members::MemberChange;
use crate::audit::{EntryKind, EventCode, Statement};
use crate::base::{Actor, Digest, MemberId, MessageId, NodeId, Timestamp};
use crate::domain::message::{Event, Header, Kind};
use crate::seal::envelope::SignedMessage;
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
        }
    }

    /// Reads what a signed message says.
    ///
    /// # Errors
    /// [`wire::WireError`] where header or body do not decode, or contradict each other.
    pub fn read(signed: &SignedMessage) -> Result<Self, wire::WireError> {
        let header = wire::decode_header(&signed.header)?;
        let event = wire::decode_event(&signed.body)?;
        wire::check_agreement(&header, &event, signed.sender)?;
        Ok(Self {
            sender: signed.sender,
            header_bytes: signed.header.clone(),
            body_bytes: signed.body.clone(),
            random: signed.random,
            header,
            event,
        })
    }

    /// What the signature covers.
    pub fn leaf(&self) -> Digest {
        leaf(&self.random, &self.header_bytes, &self.body_bytes)
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

/// A peer's receipt that was verified and kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptReceipt {
    /// The node whose log it proves an entry of.
    pub from: NodeId,
    /// What it says of the message.
    pub word: ReceiptWord,
    /// The message of this node that it is about.
    pub message: MessageId,
    /// When the peer recorded it, by the peer's clock.
    pub at: Timestamp,
    /// The receipt, in the bytes that came.
    #[serde(with = "hex::serde")]
    pub bytes: Vec<u8>,
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
    /// The peer does not take it, and recorded why.
    Refused(u16),
}

/// One thing that happened at this node.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A person here sent a message.
    Sent(Box<Message>),
    /// A peer's message came, was opened, verified and accepted.
    Received(Box<Message>, Box<MessageSignature>),
    /// Anything else.
    Other(Other),
}

/// A change that carries no message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Other {
    /// A peer's receipt.
    ReceiptKept(KeptReceipt),
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
        /// The message that lists it.
        message: MessageId,
        /// Its place there.
        index: u16,
    },
    /// One attachment of a peer's message is stored whole.
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
        /// Whether all of the message's attachments are stored now.
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
    /// Something about members or their keys.
    Member(MemberChange),
}

/// What an entry says in the open, beside its commitment.
pub struct Heading {
    /// Which of the six kinds of LED Art. 25, or the node's operation.
    pub kind: EntryKind,
    /// What happened.
    pub event: EventCode,
    /// The other member, where there is one.
    pub peer: Option<MemberId>,
    /// The exchange or alert that it belongs to; leaves the node only as a pseudonym.
    pub conversation: Option<MessageId>,
    /// What the entry commits to.
    pub statement: Statement,
}

impl Change {
    /// What the entry says in the open. `content` is [`Change::content`].
    pub fn heading(&self, by: &Actor, content: &[u8]) -> Heading {
        match self {
            Self::Sent(message) => Heading {
                kind: EntryKind::Disclosure,
                event: sent_event(message.header.kind),
                peer: message.header.recipients.first().copied(),
                conversation: Some(message.header.conversation),
                statement: Statement::Sent {
                    id: message.header.id,
                    leaf: message.leaf(),
                },
            },
            Self::Received(message, _) => Heading {
                kind: EntryKind::Collection,
                event: received_event(message.header.kind),
                peer: Some(message.sender.member),
                conversation: Some(message.header.conversation),
                statement: Statement::Received {
                    sender: message.sender,
                    id: message.header.id,
                    leaf: message.leaf(),
                },
            },
            Self::Other(other) => other.heading(by, content),
        }
    }

    /// The private content of the entry, from which [`Change::read`] gets the change back.
    /// `signature` is the one that a [`Change::Sent`] has got by now.
    ///
    /// # Panics
    /// If a sent message comes without its signature: nothing unsigned is recorded.
    pub fn content(&self, signature: Option<&MessageSignature>) -> Vec<u8> {
        let tagged = |tag: u8, bytes: &[u8]| [&[tag], bytes].concat();
        match self {
            Self::Sent(message) => {
                let signature = signature.expect("a sent message is signed before it is recorded");
                tagged(1, &message.signed(signature.clone()).to_bytes())
            }
            Self::Received(message, signature) => {
                tagged(2, &message.signed((**signature).clone()).to_bytes())
            }
            Self::Other(other) => {
                let json = serde_json::to_vec(other).expect("a change has text keys");
                tagged(3, &json)
            }
        }
    }

    /// Reads the change back from an entry's private content, with the signed message where it
    /// carries one.
    ///
    /// # Errors
    /// [`UnreadableChange`] for content that this version did not write.
    pub fn read(content: &[u8]) -> Result<Self, UnreadableChange> {
        let message = |bytes: &[u8]| {
            let signed = SignedMessage::from_bytes(bytes).map_err(|_| UnreadableChange)?;
            let message = Message::read(&signed).map_err(|_| UnreadableChange)?;
            Ok((Box::new(message), Box::new(signed.signature)))
        };
        match content.split_first() {
            Some((1, bytes)) => message(bytes).map(|(message, _)| Self::Sent(message)),
            Some((2, bytes)) => {
                message(bytes).map(|(message, signature)| Self::Received(message, signature))
            }
            Some((3, json)) => serde_json::from_slice(json)
                .map(Self::Other)
                .map_err(|_| UnreadableChange),
            _ => Err(UnreadableChange),
        }
    }
}

/// The signed message in an entry's private content.
///
/// # Errors
/// [`UnreadableChange`] where the entry carries none.
pub fn signed_message(content: &[u8]) -> Result<SignedMessage, UnreadableChange> {
    match content.split_first() {
        Some((1 | 2, bytes)) => SignedMessage::from_bytes(bytes).map_err(|_| UnreadableChange),
        _ => Err(UnreadableChange),
    }
}

/// An entry's content is not of a form that this version knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the entry's content is not of a form that this version knows")]
pub struct UnreadableChange;

impl Other {
    fn heading(&self, by: &Actor, content: &[u8]) -> Heading {
        let note = Statement::Note {
            digest: Digest::of(content),
        };
        let own = Some(by.member);
        let (kind, event, peer, conversation, statement) = match self {
            Self::ReceiptKept(receipt) => (
                EntryKind::Collection,
                match receipt.word {
                    ReceiptWord::Delivered => EventCode::DeliveryReceiptReceived,
                    ReceiptWord::Opened => EventCode::OpeningReceiptReceived,
                    ReceiptWord::AttachmentsStored => EventCode::AttachmentsReceiptReceived,
                    ReceiptWord::Refused(_) => EventCode::DeliveryRefused,
                },
                Some(receipt.from.member),
                None,
                Statement::ReceiptReceived {
                    digest: Digest::of(&receipt.bytes),
                },
            ),
            Self::Opened {
                sender,
                message,
                leaf,
                conversation,
            } => (
                EntryKind::Consultation,
                EventCode::Opened,
                Some(*sender),
                Some(*conversation),
                Statement::Opened {
                    id: *message,
                    leaf: *leaf,
                    role: by.role,
                },
            ),
            Self::Consulted { conversation } => (
                EntryKind::Consultation,
                EventCode::ExchangeRead,
                own,
                Some(*conversation),
                note,
            ),
            Self::AttachmentRead { conversation, .. } => (
                EntryKind::Consultation,
                EventCode::AttachmentRead,
                own,
                Some(*conversation),
                note,
            ),
            Self::AttachmentStored {
                sender,
                message,
                leaf,
                conversation,
                all,
                ..
            } => (
                EntryKind::Collection,
                EventCode::AttachmentStored,
                Some(*sender),
                Some(*conversation),
                if *all {
                    Statement::AttachmentsStored {
                        id: *message,
                        leaf: *leaf,
                    }
                } else {
                    note
                },
            ),
            Self::InputRefused {
                sender,
                digest,
                refusal,
            } => (
                EntryKind::Operation,
                EventCode::InputRefused,
                Some(sender.member),
                None,
                Statement::Refused {
                    sender: *sender,
                    digest: *digest,
                    code: *refusal,
                },
            ),
            Self::DeliveryExpired {
                recipient,
                conversation,
                ..
            } => (
                EntryKind::Operation,
                EventCode::DeliveryExpired,
                Some(*recipient),
                Some(*conversation),
                note,
            ),
            Self::Started { .. } => (EntryKind::Operation, EventCode::Started, own, None, note),
            Self::Stopped => (EntryKind::Operation, EventCode::Stopped, own, None, note),
            Self::TrustListInForce { .. } => (
                EntryKind::Operation,
                EventCode::TrustListInstalled,
                own,
                None,
                note,
            ),
            Self::Member(change) => {
                let (event, peer) = change.event();
                (EntryKind::Operation, event, peer.or(own), None, note)
            }
        };
        Heading {
            kind,
            event,
            peer,
            conversation,
            statement,
        }
    }
}

fn sent_event(kind: Kind) -> EventCode {
    match kind {
        Kind::Request => EventCode::RequestSent,
        Kind::Acceptance => EventCode::AcceptanceSent,
        Kind::Answer => EventCode::AnswerSent,
        Kind::Refusal => EventCode::RefusalSent,
        Kind::ClarificationRequest => EventCode::ClarificationRequestSent,
        Kind::Clarification => EventCode::ClarificationSent,
        Kind::Channelling => EventCode::ChannellingSent,
        Kind::AwaitingAuthorisation => EventCode::DelaySent,
        Kind::Feedback => EventCode::FeedbackSent,
        Kind::Closing => EventCode::ClosingSent,
        Kind::Withdrawal => EventCode::WithdrawalSent,
        Kind::Supersession => EventCode::SupersessionSent,
        Kind::Transfer => EventCode::TransferSent,
        Kind::Reopening => EventCode::ReopeningSent,
        Kind::Alert => EventCode::AlertSent,
        Kind::Sighting => EventCode::SightingSent,
    }
}

fn received_event(kind: Kind) -> EventCode {
    match kind {
        Kind::Request => EventCode::RequestReceived,
        Kind::Acceptance => EventCode::AcceptanceReceived,
        Kind::Answer => EventCode::AnswerReceived,
        Kind::Refusal => EventCode::RefusalReceived,
        Kind::ClarificationRequest => EventCode::ClarificationRequestReceived,
        Kind::Clarification => EventCode::ClarificationReceived,
        Kind::Channelling => EventCode::ChannellingReceived,
        Kind::AwaitingAuthorisation => EventCode::DelayReceived,
        Kind::Feedback => EventCode::FeedbackReceived,
        Kind::Closing => EventCode::ClosingReceived,
        Kind::Withdrawal => EventCode::WithdrawalReceived,
        Kind::Supersession => EventCode::SupersessionReceived,
        Kind::Transfer => EventCode::TransferReceived,
        Kind::Reopening => EventCode::ReopeningReceived,
        Kind::Alert => EventCode::AlertReceived,
        Kind::Sighting => EventCode::SightingReceived,
    }
}
