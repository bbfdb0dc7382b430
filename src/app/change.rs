//! What happened, as the log keeps it: one change an entry. The index is the sum of all changes.

mod events;
mod kept;

pub use kept::{KeptProof, KeptReceipt, ReceiptWord};

use serde::{Deserialize, Serialize};

use self::events::{received_event, sent_event};
use super::carried::CarryChange;
use super::duty::DutyChange;
use super::letters::{LetterChange, PersonChange};
use super::members::MemberChange;
use super::office::Deed;
use super::witness::WitnessChange;
use crate::audit::{EntryKind, EventCode, Shown, Statement};
use crate::base::{Actor, Digest, MemberId, MessageId, NodeId};
use crate::domain::message::{Event, Header};
use crate::domain::release::ReleasePolicy;
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
    /// What else it says in the open.
    pub shown: Vec<Shown>,
}

impl Change {
    /// What the entry says in the open. `content` is what of it stays private.
    ///
    /// # Panics
    /// If a kept receipt is not whole: it is, when it is recorded.
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
                shown: Vec::new(),
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
                shown: Vec::new(),
            },
            Self::ReceiptKept(kept) => kept.heading(),
            Self::Other(other) => other.heading(by, content),
        }
    }
}

impl Other {
    fn heading(&self, by: &Actor, content: &[u8]) -> Heading {
        let note = Statement::Note {
            digest: Digest::of(content),
        };
        let own = Some(by.member);
        let mut shown = Vec::new();
        let (kind, event, peer, conversation, statement) = match self {
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
            Self::GroundNoted { conversation, .. } => (
                EntryKind::Collection,
                EventCode::NoteAdded,
                own,
                Some(*conversation),
                note,
            ),
            Self::Searched { .. } => (
                EntryKind::Consultation,
                EventCode::Searched,
                own,
                None,
                note,
            ),
            Self::Matched { conversation, .. } => (
                EntryKind::Combination,
                EventCode::Matched,
                own,
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
            Self::Office(deed) => {
                let (kind, event, conversation) = deed.heading();
                (kind, event, own, conversation, note)
            }
            Self::Member(change) => {
                let (event, peer) = change.event(by);
                let statement = change.statement().unwrap_or(note);
                (EntryKind::Operation, event, peer.or(own), None, statement)
            }
            Self::Witness(change) => {
                let (kind, event, peer, statement) = change.heading();
                (kind, event, peer.or(own), None, statement.unwrap_or(note))
            }
            Self::Letter(change) => return change.heading(note),
            Self::Person(change) => {
                shown.push(change.shown());
                (EntryKind::Operation, change.event(), own, None, note)
            }
            Self::Policy(policy) => {
                shown.push(Shown::Policy(policy.clone()));
                let event = EventCode::ConfigurationChanged;
                (EntryKind::Operation, event, own, None, note)
            }
            Self::Carried(change) => {
                let (event, peer) = change.event();
                (EntryKind::Operation, event, peer.or(own), None, note)
            }
            Self::Duty(change) => {
                let (kind, event) = change.event();
                (kind, event, own, Some(change.conversation()), note)
            }
        };
        Heading {
            kind,
            event,
            peer,
            conversation,
            statement,
            shown,
        }
    }
}
