//! From changes to the index. Live and on a rebuild the same function writes the same rows.

mod files;
mod receipts;

use super::alerts;
use super::change::{Change, Message, Other};
use super::duty::{self, DutyRow, Places};
use super::erase;
use super::letters::{POLICY, letter_changed, person_changed};
use super::members::{self, ListOnRecord, hold, list_in_force};
use super::passing::passed_on;
use super::reached::Reached;
use super::restored;
use super::rows::{self, *};
use super::search;
use super::view::View;
use super::witness;
use crate::base::{Digest, MemberId, MessageId, Timestamp};
use crate::domain::duty::LooseState;
use crate::domain::message::{Kind, Priority};
use crate::domain::rfi::{Exchange, Side};
use crate::exchange::{Conversation, RECEIPTS};
use crate::store::IndexError;

/// One change with the place and time of its entry.
pub struct Projected<'a> {
    /// The log entry that holds the change.
    pub entry: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// What happened.
    pub change: &'a Change,
}

/// Writes the rows that follow from one change.
///
/// # Errors
/// Whatever the index gives.
pub fn project(view: &mut View<'_>, me: MemberId, p: &Projected<'_>) -> Result<(), IndexError> {
    match p.change {
        Change::Sent(message) => sent(view, me, p, message),
        Change::Received(message, _) => received(view, me, p, message),
        Change::ReceiptKept(kept) => receipts::kept(view, me, p, kept),
        Change::Other(other) => self::other(view, me, p, other),
    }
}

/// The class of a message on a link: urgent ones overtake routine ones.
pub fn class_of(priority: Priority) -> u8 {
    match priority {
        Priority::Urgent => 0,
        Priority::Routine => 1,
    }
}

fn message_row(message: &Message, entry: u64, stored: bool) -> MessageRow {
    // What is erased has no files any more.
    let slots = match message.erased {
        Some(_) => &[],
        None => &message.header.attachments[..],
    };
    let attachment = |slot: &crate::domain::message::AttachmentSlot| AttachmentRow {
        length: slot.length,
        digest: slot.digest,
        stored,
    };
    MessageRow {
        entry,
        leaf: message.leaf(),
        conversation: message.header.conversation,
        kind: message.header.kind,
        expires: message.header.expires,
        deliveries: Default::default(),
        opened_by: Default::default(),
        opened: None,
        attachments: slots.iter().map(attachment).collect(),
    }
}

fn sent(
    view: &mut View<'_>,
    me: MemberId,
    p: &Projected<'_>,
    message: &Message,
) -> Result<(), IndexError> {
    let header = &message.header;
    let here = message.returned.is_none();
    let mut row = message_row(message, p.entry, here);
    if let Some(peer) = message.returned {
        files::pull(view, peer.member, me, message);
    }
    for recipient in header.recipients.iter().filter(|r| **r != me) {
        row.deliveries.insert(*recipient, Delivery::Queued);
        let key = outbox_key(*recipient, class_of(header.priority), p.entry);
        let waiting = OutboxRow::Message {
            message: header.id,
            since: p.at,
        };
        view.add(OUTBOX, key, waiting);
        let key = expiry_key(header.expires, *recipient, header.id);
        view.add(EXPIRY, key, class_of(header.priority));
    }
    view.put(LEAF, row.leaf.as_bytes().to_vec(), header.id);
    view.put(MESSAGE, message_key(me, header.id), row);
    files::attached(view, me, message);
    if header.kind.is_of_an_alert() {
        alerts::said(view, message);
    }
    advance(view, me, message)?;
    search::project(view, p.entry, message)?;
    erase::project(view, p.entry, p.at, message)?;
    converse(view, me, p, message)
}

fn received(
    view: &mut View<'_>,
    me: MemberId,
    p: &Projected<'_>,
    message: &Message,
) -> Result<(), IndexError> {
    let header = &message.header;
    let sender = message.sender.member;
    files::attached(view, me, message);
    let row = message_row(message, p.entry, false);
    files::pull(view, sender, sender, message);
    view.put(MESSAGE, message_key(sender, header.id), row);
    advance(view, sender, message)?;
    search::project(view, p.entry, message)?;
    erase::project(view, p.entry, p.at, message)?;
    converse(view, me, p, message)?;
    hold(view, sender, header.conversation, p.at)
}

fn advance(view: &mut View<'_>, sender: MemberId, message: &Message) -> Result<(), IndexError> {
    let conversation = Conversation {
        sequence: message.header.sequence + 1,
        last: Some(message.leaf()),
    };
    let key = conversation_key(message.header.conversation, sender);
    view.put(CONVERSATION, key, conversation);
    Ok(())
}

fn converse(
    view: &mut View<'_>,
    me: MemberId,
    p: &Projected<'_>,
    message: &Message,
) -> Result<(), IndexError> {
    let header = &message.header;
    match header.kind {
        Kind::Request => {
            let outgoing = message.sender.member == me;
            let (side, peer) = if outgoing {
                let asked = header.recipients.first().copied();
                (Side::Requesting, asked.unwrap_or(me))
            } else {
                (Side::Requested, message.sender.member)
            };
            let Some(exchange) = Exchange::open(side, header, &message.event, message.leaf(), p.at)
            else {
                return Ok(());
            };
            let mut row = ExchangeRow {
                id: header.id,
                exchange,
                peer,
                outgoing,
                updated: p.at,
                thread: vec![p.entry],
                receipt: None,
                forwards: Vec::new(),
                erased: message.erased.map(|erased| erased.gone),
                withheld: None,
                reached: Reached::default(),
                observers: Vec::new(),
                witnessed: false,
                earlier: Vec::new(),
                duty: DutyRow::default(),
                pressing: Vec::new(),
                letters: Vec::new(),
                compromised: None,
            };
            on_its_way(&mut row, me, p, message);
            duty::put_exchange(view, None, row);
            passed_on(view, me, message, peer)?;
        }
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
        | Kind::Notice => {
            on_exchange(view, header.conversation, p, |row| {
                let leaf = message.leaf();
                row.exchange.apply(header, &message.event, leaf);
                if message.erased.is_some() {
                    row.exchange.erased(&leaf);
                }
                if message.returned.is_some() {
                    row.exchange.taken(header.id);
                }
                if message.sender.member != me && row.exchange.side() == Side::Requested {
                    row.exchange.event_delivered(header.id, p.at);
                }
                on_its_way(row, me, p, message);
            })?;
        }
        Kind::Alert
        | Kind::Sighting
        | Kind::AlertUpdate
        | Kind::AlertCancellation
        | Kind::Contradiction
        | Kind::Acknowledgement
        | Kind::Subscription => alerts::converse(view, me, p, message)?,
    }
    Ok(())
}

/// Notes where a message is that was recorded just now: nobody has receipted or opened it.
fn on_its_way(row: &mut ExchangeRow, me: MemberId, p: &Projected<'_>, message: &Message) {
    let state = match &message.erased {
        _ if message.sender.member == me => LooseState::Queued,
        None => LooseState::Unread,
        // Nobody can open it any more.
        Some(_) => return,
    };
    duty::loose(row, message.header.id, p.at, state);
}

/// Adds an entry to an exchange's thread, and does something to it; whether there is such an
/// exchange.
pub(super) fn on_exchange(
    view: &mut View<'_>,
    id: MessageId,
    p: &Projected<'_>,
    then: impl FnOnce(&mut ExchangeRow),
) -> Result<bool, IndexError> {
    let Some(mut row) = view.row::<ExchangeRow>(EXCHANGE, &id.to_bytes())? else {
        return Ok(false);
    };
    let before = Places::of(&row);
    row.updated = row.updated.max(p.at);
    row.thread.push(p.entry);
    then(&mut row);
    duty::put_exchange(view, Some(before), row);
    Ok(true)
}

/// Adds an entry to the thread of an exchange or alert.
pub(super) fn on_conversation(
    view: &mut View<'_>,
    id: MessageId,
    p: &Projected<'_>,
) -> Result<(), IndexError> {
    if !on_exchange(view, id, p, |_| ())? {
        on_alert(view, id, p, |_| ())?;
    }
    Ok(())
}

/// Adds an entry to an alert's thread, and does something to it; whether there is such an alert.
pub(super) fn on_alert(
    view: &mut View<'_>,
    id: MessageId,
    p: &Projected<'_>,
    then: impl FnOnce(&mut AlertRow),
) -> Result<bool, IndexError> {
    let key = id.to_bytes();
    let Some(mut row) = view.row::<AlertRow>(ALERT, &key)? else {
        return Ok(false);
    };
    let was = alert_order_key(row.alert.updated(), id);
    view.delete(ALERT_ORDER, was.clone());
    view.delete(ALERT_LOOSE, was);
    row.thread.push(p.entry);
    then(&mut row);
    alerts::put(view, p, row)?;
    Ok(true)
}

fn other(
    view: &mut View<'_>,
    me: MemberId,
    p: &Projected<'_>,
    other: &Other,
) -> Result<(), IndexError> {
    match other {
        Other::Opened {
            sender,
            message,
            conversation,
            ..
        } => opened(view, p, *sender, *message, *conversation),
        Other::AttachmentStored {
            sender,
            message,
            index,
            all,
            ..
        } => files::attachment_stored(view, p, *sender, *message, *index, *all),
        Other::DeliveryExpired {
            recipient,
            message,
            conversation,
        } => {
            let settled = settle(view, me, *recipient, *message, Delivery::Expired)?;
            if let Some(MessageRow { expires, .. }) = settled
                && !on_exchange(view, *conversation, p, |row| {
                    row.exchange.not_taken(*message);
                    duty::loose(row, *message, p.at, LooseState::Expired);
                })?
            {
                let in_vain = alerts::in_vain(view, me, *conversation, *recipient)?;
                on_alert(view, *conversation, p, |row| {
                    row.unheard(*recipient, *message, expires, LooseState::Expired);
                    row.waits_in_vain(*recipient, &in_vain, p.at, LooseState::Expired);
                })?;
            }
            Ok(())
        }
        Other::InputRefused {
            sender,
            digest,
            refusal,
        } => {
            view.put(REFUSED, refused_key(*sender, digest, *refusal), p.entry);
            Ok(())
        }
        Other::GroundNoted { conversation, .. } => {
            on_exchange(view, *conversation, p, |_| ())?;
            Ok(())
        }
        Other::Letter(change) => letter_changed(view, p, change),
        Other::Person(change) => {
            person_changed(view, p, change);
            Ok(())
        }
        Other::Policy(policy) => {
            view.put(POLICY, Vec::new(), policy.clone());
            Ok(())
        }
        Other::RetentionShortened { conversation, days } => {
            erase::shortened(view, p.at, *conversation, *days)?;
            on_conversation(view, *conversation, p)
        }
        Other::ErasureOrdered {
            conversation,
            message,
            ..
        } => {
            erase::ordered(view, p.entry, p.at, *conversation, *message)?;
            on_conversation(view, *conversation, p)
        }
        Other::Erased {
            of,
            sender,
            conversation,
            ..
        } => {
            erase::told(view, me, p.entry, p.at, *of, *sender);
            on_conversation(view, *conversation, p)
        }
        Other::Searched { query, .. } => {
            erase::searched(view, p.entry, p.at, query);
            Ok(())
        }
        Other::EpochChanged { number } => {
            erase::epoch_changed(view, p.at, *number);
            Ok(())
        }
        Other::Consulted { .. }
        | Other::AttachmentRead { .. }
        | Other::Matched { .. }
        | Other::Started { .. }
        | Other::Stopped
        | Other::LogOpened { .. }
        | Other::Carried(_)
        | Other::Office(_) => Ok(()),
        Other::SentAgain {
            node,
            class,
            own,
            theirs,
        } => restored::project(view, me, p, (node.member, *class), (own, theirs)),
        Other::Witness(change) => witness::project(view, p, change),
        Other::Member(change) => members::project(view, p.at, change),
        Other::Duty(change) => duty::record(view, p, change),
        Other::TrustListInForce {
            version,
            hash,
            suspension,
        } => list_in_force(
            view,
            ListOnRecord {
                version: *version,
                hash: *hash,
                suspension: *suspension,
            },
        ),
    }
}

/// Takes an own message out of the outbox of one recipient; gives its row.
fn settle(
    view: &mut View<'_>,
    me: MemberId,
    recipient: MemberId,
    message: MessageId,
    delivery: Delivery,
) -> Result<Option<MessageRow>, IndexError> {
    let key = message_key(me, message);
    let Some(mut row) = view.row::<MessageRow>(MESSAGE, &key)? else {
        return Ok(None);
    };
    let expiry = expiry_key(row.expires, recipient, message);
    if let Some(class) = view.row::<u8>(EXPIRY, &expiry)? {
        view.delete(OUTBOX, outbox_key(recipient, class, row.entry));
        view.delete(EXPIRY, expiry);
    }
    row.deliveries.insert(recipient, delivery);
    view.put(MESSAGE, key, row.clone());
    Ok(Some(row))
}

fn opened(
    view: &mut View<'_>,
    p: &Projected<'_>,
    sender: MemberId,
    message: MessageId,
    conversation: MessageId,
) -> Result<(), IndexError> {
    let key = message_key(sender, message);
    let Some(mut row) = view.row::<MessageRow>(MESSAGE, &key)? else {
        return Ok(());
    };
    row.opened = Some(p.entry);
    let is_request = row.kind == Kind::Request;
    view.put(MESSAGE, key, row);
    owe_receipt(view, p, sender);
    let known = on_exchange(view, conversation, p, |row| {
        if is_request {
            row.exchange.opened(p.at);
        } else if row.exchange.side() == Side::Requested {
            // What was opened is here, though a clock that was set back says later.
            row.exchange.event_delivered(message, p.at);
        }
        duty::no_longer_loose(row, message);
    })?;
    if !known {
        on_alert(view, conversation, p, |_| ())?;
    }
    Ok(())
}

fn owe_receipt(view: &mut View<'_>, p: &Projected<'_>, sender: MemberId) {
    let receipt = OutboxRow::Receipt { since: p.at };
    view.add(OUTBOX, outbox_key(sender, RECEIPTS, p.entry), receipt);
}

/// The leaf of the other side's latest message in a conversation, for a header's `last_seen`.
///
/// # Errors
/// Whatever the index gives.
pub fn last_seen(
    view: &View<'_>,
    conversation: MessageId,
    member: MemberId,
) -> Result<Option<Digest>, IndexError> {
    let key = conversation_key(conversation, member);
    let row = view.row::<Conversation>(rows::CONVERSATION, &key)?;
    Ok(row.and_then(|conversation| conversation.last))
}
