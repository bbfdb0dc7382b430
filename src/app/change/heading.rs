//! What the entry of a change says in the open: which of the kinds of Directive (EU) 2016/680
//! Art. 25 it is, what happened, and what it commits to.

use super::events::{received_event, sent_event};
use super::{Change, Other};
use crate::app::restored;
use crate::audit::{EntryKind, EventCode, Shown, Statement};
use crate::base::{Actor, Digest, MemberId, MessageId};

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
                event: match message.returned {
                    Some(_) => EventCode::MessageReturned,
                    None => sent_event(message.header.kind),
                },
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
            Self::RetentionShortened { conversation, .. } => (
                EntryKind::Alteration,
                EventCode::RetentionShortened,
                own,
                Some(*conversation),
                note,
            ),
            Self::ErasureOrdered { conversation, .. } => (
                EntryKind::Erasure,
                EventCode::ErasureOrdered,
                own,
                Some(*conversation),
                note,
            ),
            Self::Erased {
                sender,
                message,
                leaf,
                conversation,
                reason,
                ..
            } => (
                EntryKind::Erasure,
                EventCode::Erased,
                Some(sender.member),
                Some(*conversation),
                Statement::Erased {
                    id: *message,
                    leaf: *leaf,
                    reason: *reason,
                },
            ),
            Self::EpochChanged { .. } => {
                (EntryKind::Erasure, EventCode::EpochChanged, own, None, note)
            }
            Self::Started { .. } => (EntryKind::Operation, EventCode::Started, own, None, note),
            Self::Stopped => (EntryKind::Operation, EventCode::Stopped, own, None, note),
            Self::LogOpened { before, size, root } => {
                let statement = restored::statement(before, *size, *root).unwrap_or(note);
                (
                    EntryKind::Operation,
                    EventCode::LogOpened,
                    own,
                    None,
                    statement,
                )
            }
            Self::SentAgain { node, .. } => (
                EntryKind::Operation,
                EventCode::SentAgain,
                Some(node.member),
                None,
                note,
            ),
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
