//! What peers send: each message is taken once, refused with a reason, or asked for again.

use super::alerts;
use super::change::{Change, Message, Other};
use super::corrections;
use super::fetching;
use super::input::{Effect, Federation};
use super::members;
use super::passing;
use super::quota::Exceeded;
use super::restored;
use super::rows::*;
use super::service::{Service, Turn};
use crate::base::{Actor, Digest, MemberId, MessageId, NodeId};
use crate::domain::message::{Body, Kind};
use crate::domain::rfi::{Exchange, PeerFault};
use crate::exchange::{Conversation, Known, Refusal, Verdict, judge};
use crate::seal::attachment::ciphertext_len;
use crate::seal::group::MessageSignature;
use crate::store::IndexError;

/// The largest attachment that this node takes, in bytes of the sealed file.
pub const LARGEST_ATTACHMENT: u64 = 4 << 30;

/// A message whose signature holds.
pub(super) fn message(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    message: &Message,
    signature: &MessageSignature,
) -> Result<(), IndexError> {
    let me = service.me.member;
    let header = &message.header;
    let leaf = message.leaf();
    let sender = message.sender.member;
    if message.sender != peer && message.sender != service.me {
        return refuse(service, turn, peer, leaf, Refusal::NotTheSender);
    }
    let listed = |f: &Federation| f.lists(peer.member);
    if !service.federation.as_ref().is_some_and(listed) {
        return refuse(service, turn, peer, leaf, Refusal::NotListed);
    }
    if members::is_blocked(turn, peer.member)? {
        return refuse(service, turn, peer, leaf, Refusal::KeyNotAccepted);
    }
    if message.sender == service.me {
        return restored::given_back(service, turn, peer, message);
    }
    let known = turn
        .view
        .row::<MessageRow>(MESSAGE, &message_key(sender, header.id))?
        .map(|row| Known {
            leaf: row.leaf,
            entry: row.entry,
        });
    let progress = turn
        .view
        .row::<Conversation>(CONVERSATION, &conversation_key(header.conversation, sender))?
        .unwrap_or_default();
    match judge(header, &leaf, me, turn.now, known, &progress) {
        Verdict::Duplicate { entry } => {
            turn.effects.push(Effect::Receipts {
                peer,
                entries: vec![entry],
            });
            return Ok(());
        }
        Verdict::Refused(refusal) => return refuse(service, turn, peer, leaf, refusal),
        Verdict::Fresh => (),
    }
    if let Err(refusal) = admit(service, turn, message)? {
        return refuse(service, turn, peer, leaf, refusal);
    }
    let running = service.erasure.clock.running();
    let of = (sender, header.priority);
    match service.quota.take(of, size_of(message), turn.now, running) {
        Ok(()) => (),
        Err(Exceeded::First) => return refuse(service, turn, peer, leaf, Refusal::OverQuota),
        // That it began is on record.
        Err(Exceeded::Again) => {
            turn.effects.push(Effect::Refuse {
                peer,
                refusals: vec![(leaf, Refusal::OverQuota)],
            });
            return Ok(());
        }
    }
    let received = Change::Received(Box::new(message.clone()), Some(Box::new(signature.clone())));
    let by = Actor {
        member: sender,
        ..message.event.by
    };
    let entry = turn.record(me, by, received)?;
    restored::erase_again(service, turn, message)?;
    service.erasure.clock.said(sender, header.created, turn.now);
    turn.effects.push(Effect::Receipts {
        peer,
        entries: vec![entry],
    });
    if !header.attachments.is_empty() {
        fetching::fetch_new(service, turn, peer, header.id)?;
    }
    Ok(())
}

/// A message was counted, and not taken after all.
pub(super) fn give_back(service: &mut Service, message: &Message) {
    let of = (message.sender.member, message.header.priority);
    service.quota.give_back(of, size_of(message));
}

/// How long a message is for its sender's quota, in bytes.
fn size_of(message: &Message) -> usize {
    message.header_bytes.len() + message.body_bytes.len()
}

/// Whether the message fits what this node knows of its exchange or alert.
fn admit(
    service: &Service,
    turn: &Turn<'_>,
    message: &Message,
) -> Result<Result<(), Refusal>, IndexError> {
    let me = service.me.member;
    let header = &message.header;
    let sender = message.sender.member;
    if header
        .attachments
        .iter()
        .any(|slot| slot.length > LARGEST_ATTACHMENT)
    {
        return Ok(Err(Refusal::TooLarge));
    }
    if message.event.by.member != sender {
        return Ok(Err(Refusal::OutOfState));
    }
    let mut files = header.attachments.iter().zip(&message.event.attachments);
    if files.any(|(slot, info)| slot.length != ciphertext_len(info.size)) {
        return Ok(Err(Refusal::Malformed));
    }
    let conversation = header.conversation.to_bytes();
    let exchange = turn.view.row::<ExchangeRow>(EXCHANGE, &conversation)?;
    let alert = turn.view.row::<AlertRow>(ALERT, &conversation)?;
    // What opens a conversation gives it its id, which nothing else has.
    let opens = header.conversation == header.id && exchange.is_none() && alert.is_none();
    Ok(match header.kind {
        Kind::Request if !opens || header.recipients != [me] => Err(Refusal::OutOfState),
        Kind::Request => match Exchange::admit_request(header, &message.event) {
            Ok(()) => return admit_what_it_names(service, turn, message),
            Err(fault) => Err(refusal_of(fault)),
        },
        Kind::Acceptance
        | Kind::Answer
        | Kind::Refusal
        | Kind::ClarificationRequest
        | Kind::Clarification
        | Kind::Channelling
        | Kind::AwaitingAuthorisation
        | Kind::Feedback
        | Kind::Closing
        | Kind::Withdrawal
        | Kind::Supersession
        | Kind::Transfer
        | Kind::Reopening
        | Kind::Correction
        | Kind::PermissionRequest
        | Kind::PermissionGrant
        | Kind::PermissionRefusal
        | Kind::Notice => match exchange {
            None => Err(Refusal::UnknownConversation),
            // Whoever is no party to it is not told that it is here.
            Some(row) if row.peer != sender => Err(Refusal::UnknownConversation),
            Some(_) if header.recipients != [me] => Err(Refusal::OutOfState),
            Some(row) => match row.exchange.admit(header, &message.event) {
                Ok(()) => return admit_within(turn, &row, message),
                Err(fault) => Err(refusal_of(fault)),
            },
        },
        // What belongs to an exchange is no alert, and a message of an alert has no place in it. Others
        // are not told that it is here, but an update could open an alert of its id.
        Kind::Alert
        | Kind::Sighting
        | Kind::AlertUpdate
        | Kind::AlertCancellation
        | Kind::Contradiction
        | Kind::Acknowledgement
        | Kind::Subscription
            if exchange
                .as_ref()
                .is_some_and(|row| row.peer == sender || header.kind == Kind::AlertUpdate) =>
        {
            Err(Refusal::OutOfState)
        }
        Kind::Alert
        | Kind::Sighting
        | Kind::AlertUpdate
        | Kind::AlertCancellation
        | Kind::Contradiction
        | Kind::Acknowledgement
        | Kind::Subscription => alerts::admit(me, header, &message.event, alert.as_ref(), opens),
    })
}

/// Whether a request links to nothing of another status, and passes on what it may.
fn admit_what_it_names(
    service: &Service,
    turn: &Turn<'_>,
    message: &Message,
) -> Result<Result<(), Refusal>, IndexError> {
    let Body::Request(request) = &message.event.body else {
        return Ok(Err(Refusal::Malformed));
    };
    let sender = message.sender.member;
    for link in &request.links {
        if !corrections::same_status_with(turn, sender, request.status, link.exchange)? {
            return Ok(Err(Refusal::OtherStatus));
        }
    }
    let admitted = passing::admit(service, turn, &message.header, request)?;
    // Its sender should have known from the list. What an observer asked would be answered to it.
    let federation = service.federation.as_ref();
    let asks = federation.is_some_and(|federation| federation.observes(sender));
    Ok(admitted.and_then(|()| match service.is_observer() || asks {
        true => Err(Refusal::OutOfState),
        false => Ok(()),
    }))
}

/// Whether what is said in an exchange fits what it names beyond that.
fn admit_within(
    turn: &Turn<'_>,
    row: &ExchangeRow,
    message: &Message,
) -> Result<Result<(), Refusal>, IndexError> {
    Ok(match &message.event.body {
        Body::Supersession(supersession)
            if !corrections::same_status_with(
                turn,
                row.peer,
                row.exchange.status(),
                supersession.by,
            )? =>
        {
            Err(Refusal::OtherStatus)
        }
        Body::Correction(correction) => corrections::admit(&message.header, row, correction),
        _ => Ok(()),
    })
}

fn refusal_of(fault: PeerFault) -> Refusal {
    match fault {
        PeerFault::Side | PeerFault::Role | PeerFault::State => Refusal::OutOfState,
        PeerFault::Chain => Refusal::BrokenChain,
        PeerFault::Form => Refusal::Malformed,
        PeerFault::Status => Refusal::OtherStatus,
    }
}

/// Refuses an input of an authenticated peer: records it, within bounds, and tells the peer.
pub(super) fn refuse(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    digest: Digest,
    refusal: Refusal,
) -> Result<(), IndexError> {
    let me = service.me.member;
    let key = refused_key(peer, &digest, refusal.number());
    let recorded = turn.view.row::<u64>(REFUSED, &key)?;
    // What comes again and again, because its time has not come, is recorded once.
    let record = recorded.is_none()
        && !matches!(
            refusal,
            Refusal::Gap | Refusal::UnknownRecipientKey | Refusal::KeyNotAccepted
        )
        && service.may_record_refusal(peer.member, turn.now);
    let entry = if record {
        let refused = Other::InputRefused {
            sender: peer,
            digest,
            refusal: refusal.number(),
        };
        Some(turn.record(me, Actor::node(me), Change::Other(refused))?)
    } else {
        recorded
    };
    turn.effects.push(match entry {
        Some(entry) if !refusal.is_temporary() => Effect::Receipts {
            peer,
            entries: vec![entry],
        },
        Some(_) | None => Effect::Refuse {
            peer,
            refusals: vec![(digest, refusal)],
        },
    });
    Ok(())
}

/// An attachment came whole and its digest holds.
pub(super) fn fetched(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    (sender, message): (MemberId, MessageId),
    index: u16,
) -> Result<(), IndexError> {
    let me = service.me.member;
    let key = message_key(sender, message);
    let Some(row) = turn.view.row::<MessageRow>(MESSAGE, &key)? else {
        return Ok(());
    };
    let place = usize::from(index);
    if row.attachments.get(place).is_none_or(|a| a.stored) {
        return Ok(());
    }
    let others_stored = row
        .attachments
        .iter()
        .enumerate()
        .all(|(i, attachment)| i == place || attachment.stored);
    let stored = Other::AttachmentStored {
        sender,
        message,
        leaf: row.leaf,
        conversation: row.conversation,
        index,
        // Nobody else has a receipt for what is this node's own.
        all: others_stored && sender != me,
    };
    turn.record(me, Actor::node(me), Change::Other(stored))?;
    service.stirred.insert(peer.member);
    fetching::fetch_next(service, turn, peer, (message, index))
}
