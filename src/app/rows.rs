//! The rows of the index: what each table holds, and how its keys are made.

mod alert;
mod stored;
mod tables;

pub use alert::{AlertRow, Remark, SaidRow, SubscriptionRow, Wait};
pub use stored::Row;
pub use tables::*;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::duty::{AlarmFault, DutyRow, Pressing, Subject};
use super::erase::Gone;
use super::letters::LetterRow;
use super::members::Withheld;
use super::reached::Reached;
use super::search::Earlier;
use crate::audit::{Checkpoint, Origin};
use crate::base::{Digest, MemberId, MessageId, NodeId, Timestamp};
use crate::domain::duty::Matter;
use crate::domain::message::Kind;
use crate::domain::rfi::{Exchange, Request, StoredExchange};
use crate::domain::terms;

/// The version of these tables and of the normal forms of what is searched. An index written by
/// another version is rebuilt.
pub const VERSION: u32 = TABLES << 8 | terms::VERSION;
const TABLES: u32 = 26;

/// A message, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    /// The log entry that holds it.
    pub entry: u64,
    /// What its signature covers.
    pub leaf: Digest,
    /// The exchange or alert that it belongs to.
    pub conversation: MessageId,
    /// What it is.
    pub kind: Kind,
    /// When it expires.
    pub expires: Timestamp,
    /// For an own message: how far it has come at each recipient.
    pub deliveries: BTreeMap<MemberId, Delivery>,
    /// For an own message: the recipients where a person opened it.
    pub opened_by: BTreeSet<MemberId>,
    /// For a peer's message: the entry that records its first opening here.
    pub opened: Option<u64>,
    /// Its attachments.
    pub attachments: Vec<AttachmentRow>,
}

impl MessageRow {
    /// Whether it is not at a recipient that is to have it, or here and not opened.
    pub fn is_loose(&self) -> bool {
        let there = |delivery: &Delivery| *delivery == Delivery::Delivered;
        match self.deliveries.is_empty() {
            true => self.opened.is_none(),
            false => !self.deliveries.values().all(there),
        }
    }
}

/// How far a message has come at one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It waits.
    Queued,
    /// The recipient's log holds it.
    Delivered,
    /// The recipient does not take it.
    Refused(u16),
    /// It expired before the recipient took it.
    Expired,
}

/// An attachment's sealed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentRow {
    /// Bytes of the sealed file.
    pub length: u64,
    /// SHA-256 of the sealed file.
    pub digest: Digest,
    /// Whether the whole of it is stored here.
    pub stored: bool,
}

/// An exchange: its machine, and the entries that made it so.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExchangeRow<E = Exchange> {
    /// The exchange: the id of its request.
    pub id: MessageId,
    /// The machine.
    pub exchange: E,
    /// The other member.
    pub peer: MemberId,
    /// Whether this member asked.
    pub outgoing: bool,
    /// When the last event was recorded here.
    pub updated: Timestamp,
    /// The log entries that belong to it, in order.
    pub thread: Vec<u64>,
    /// Where the other side's log proves what it last receipted of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptAt>,
    /// What was passed on of it to others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forwards: Vec<ForwardRow>,
    /// What of it is not where it should be, and who was told.
    #[serde(default, skip_serializing_if = "DutyRow::is_empty")]
    pub duty: DutyRow,
    /// When and why its request was erased here, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased: Option<Gone>,
    /// Why what waits in it is not sent; known only when it is read.
    #[serde(skip)]
    pub withheld: Option<Withheld>,
    /// What the other side is told now; known only when it is read.
    #[serde(skip)]
    pub reached: Reached,
    /// Those who have something of it from here and are observers now; known only when it is read.
    #[serde(skip)]
    pub observers: Vec<MemberId>,
    /// Since when the other side's keys are said to have been in other hands, where that touches the
    /// exchange; known only when it is read.
    #[serde(skip)]
    pub compromised: Option<Timestamp>,
    /// Whether what was last said in it is under a witnessed checkpoint; known only when it is read.
    #[serde(skip)]
    pub witnessed: bool,
    /// Other exchanges about the same; known only when it was looked for.
    #[serde(skip)]
    pub earlier: Vec<Earlier>,
    /// What presses in it now; known only when it is read.
    #[serde(skip)]
    pub pressing: Vec<Pressing>,
    /// The letters of this office that belong to it; known only when it is read.
    #[serde(skip)]
    pub letters: Vec<LetterRow>,
}

impl ExchangeRow<StoredExchange> {
    fn with(self, request: Request) -> ExchangeRow {
        ExchangeRow {
            id: self.id,
            exchange: self.exchange.with(request),
            peer: self.peer,
            outgoing: self.outgoing,
            updated: self.updated,
            thread: self.thread,
            receipt: self.receipt,
            forwards: self.forwards,
            duty: self.duty,
            erased: self.erased,
            withheld: self.withheld,
            reached: self.reached,
            observers: self.observers,
            compromised: self.compromised,
            witnessed: self.witnessed,
            earlier: self.earlier,
            pressing: self.pressing,
            letters: self.letters,
        }
    }
}

/// An escalation that the alarm command has not taken yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingAlarm {
    /// What it is about.
    pub subject: Subject,
    /// The matter.
    pub matter: Matter,
    /// The level, from 1.
    pub level: u8,
    /// When it was escalated.
    pub at: Timestamp,
    /// How the command failed, once that is on record.
    pub failed: Option<AlarmFault>,
}

/// The checkpoint under a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptAt {
    /// The log.
    pub origin: String,
    /// Its size.
    pub size: u64,
    /// Its root.
    pub root: Digest,
}

impl ReceiptAt {
    /// The checkpoint; none where the log has no name of this version.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        Some(Checkpoint {
            origin: self.origin.parse().ok()?,
            size: self.size,
            root: self.root,
        })
    }
}

/// A message of an exchange that was passed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForwardRow {
    /// The message.
    pub message: MessageId,
    /// The member that got it.
    pub to: MemberId,
    /// The exchange that passed it on.
    pub exchange: MessageId,
}

/// Where a term stands in the messages of one conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TermRow {
    /// At most [`MOST_PLACES`].
    pub places: Vec<TermPlace>,
}

/// One place of a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermPlace {
    /// The entry with the message.
    pub entry: u64,
    /// Which thing of the message it names.
    pub place: u16,
    /// What tells the same from the alike.
    pub form: String,
}

/// The most places of one term that are kept for one conversation.
pub const MOST_PLACES: usize = 64;

/// Something that waits for a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboxRow {
    /// A message of this node.
    Message {
        /// The message.
        message: MessageId,
        /// Since when it waits.
        since: Timestamp,
    },
    /// A receipt for something that happened to a message of the member.
    Receipt {
        /// Since when it waits.
        since: Timestamp,
    },
    /// A message of the member's own, which it lost and is given back.
    Returned {
        /// The message.
        message: MessageId,
        /// Since when it waits.
        since: Timestamp,
    },
}

impl OutboxRow {
    /// Since when it waits.
    pub fn since(&self) -> Timestamp {
        match self {
            Self::Message { since, .. }
            | Self::Receipt { since }
            | Self::Returned { since, .. } => *since,
        }
    }
}

/// An attachment to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRow {
    /// The author of the message: the peer, or this node's member where the peer gives back what was lost.
    pub sender: MemberId,
    /// The message that lists it.
    pub message: MessageId,
    /// Its place there.
    pub index: u16,
    /// Bytes of the sealed file.
    pub length: u64,
    /// SHA-256 of the sealed file.
    pub digest: Digest,
}

/// The latest checkpoint of a peer's log, as it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadRow {
    /// The log.
    pub origin: Origin,
    /// Entries.
    pub size: u64,
    /// The root.
    pub root: Digest,
}

/// Key of a message.
pub fn message_key(sender: MemberId, message: MessageId) -> Vec<u8> {
    [&sender.to_bytes()[..], &message.to_bytes()].concat()
}

/// The id under which the sealed files of a message lie: its own for a message of this node, and
/// one that depends on the sender for a peer's, so that no peer can choose another's.
pub fn stored_under(me: MemberId, sender: MemberId, message: MessageId) -> MessageId {
    if sender == me {
        return message;
    }
    let digest = Digest::of_parts(&[
        b"liaison/stored-under/v1",
        &sender.to_bytes(),
        &message.to_bytes(),
    ]);
    let mut id = [0; 16];
    id.copy_from_slice(&digest.as_bytes()[..16]);
    MessageId::from_bytes(id)
}

/// Key of a member's progress in a conversation.
pub fn conversation_key(conversation: MessageId, member: MemberId) -> Vec<u8> {
    [&conversation.to_bytes()[..], &member.to_bytes()].concat()
}

/// Key of an own message in an alert, by its number among them.
pub fn said_key(conversation: MessageId, sequence: u64) -> Vec<u8> {
    [&conversation.to_bytes()[..], &sequence.to_be_bytes()].concat()
}

/// Key of something that waits for a member.
pub fn outbox_key(member: MemberId, class: u8, entry: u64) -> Vec<u8> {
    [&member.to_bytes()[..], &[class], &entry.to_be_bytes()].concat()
}

/// The class and the entry in an outbox key.
pub fn outbox_place(key: &[u8]) -> Option<(u8, u64)> {
    let (class, entry) = key.get(8..)?.split_first()?;
    Some((*class, u64::from_be_bytes(entry.try_into().ok()?)))
}

/// Key of an exchange in the list, newest first.
pub fn order_key(outgoing: bool, updated: Timestamp, id: MessageId) -> Vec<u8> {
    [
        &[u8::from(outgoing)],
        &newest_first(updated)[..],
        &id.to_bytes(),
    ]
    .concat()
}

/// Where the rows of a time begin that have it in front, soonest first.
pub fn time_key(at: Timestamp) -> [u8; 8] {
    at.as_millis().to_be_bytes()
}

/// Key of an exchange at a time, soonest first.
pub fn timed_key(at: Timestamp, id: MessageId) -> Vec<u8> {
    [&time_key(at)[..], &id.to_bytes()].concat()
}

/// Key of an exchange in the list by time left: those whose clock runs by their end, then those
/// whose clock stands still, those that have none yet, and those that ended, newest first.
pub fn due_key(outgoing: bool, exchange: &Exchange, updated: Timestamp) -> Vec<u8> {
    let clock = exchange.clock().filter(|clock| clock.stopped.is_none());
    let (rank, time) = match clock {
        Some(clock) if clock.paused_since().is_none() => (0, soonest_first(clock.due)),
        Some(clock) => (1, soonest_first(clock.due)),
        None if exchange.state().is_open() => (2, soonest_first(exchange.created())),
        None => (3, newest_first(updated)),
    };
    [
        &[u8::from(outgoing), rank],
        &time[..],
        &exchange.id().to_bytes(),
    ]
    .concat()
}

/// Key of an alert in the feed, newest first.
pub fn alert_order_key(updated: Timestamp, id: MessageId) -> Vec<u8> {
    [&newest_first(updated)[..], &id.to_bytes()].concat()
}

/// Key of an expiry, soonest first.
pub fn expiry_key(expires: Timestamp, recipient: MemberId, message: MessageId) -> Vec<u8> {
    [
        &expires.as_millis().to_be_bytes()[..],
        &recipient.to_bytes(),
        &message.to_bytes(),
    ]
    .concat()
}

/// Key of an attachment to be fetched from a member.
pub fn pull_key(from: MemberId, message: MessageId, index: u16) -> Vec<u8> {
    [
        &from.to_bytes()[..],
        &message.to_bytes(),
        &index.to_be_bytes(),
    ]
    .concat()
}

/// Key of an input that was refused. The peer is part of it, since another could send the same
/// bytes first, and so is the reason, since it may be another one the next time.
pub fn refused_key(peer: NodeId, digest: &Digest, refusal: u16) -> Vec<u8> {
    [
        &peer.to_bytes()[..],
        digest.as_bytes(),
        &refusal.to_be_bytes(),
    ]
    .concat()
}

/// Key of what a member holds of a conversation.
pub fn held_key(member: MemberId, conversation: MessageId) -> Vec<u8> {
    [&member.to_bytes()[..], &conversation.to_bytes()].concat()
}

/// Key of a conversation by the day on which something in it is due.
pub fn retained_key(due: Timestamp, conversation: MessageId) -> Vec<u8> {
    let day = due.as_millis().max(0) / (24 * 3_600 * 1_000);
    let day = u32::try_from(day).unwrap_or(u32::MAX);
    [&day.to_be_bytes()[..], &conversation.to_bytes()].concat()
}

/// The conversation in such a key.
pub fn retained_of(key: &[u8]) -> Option<MessageId> {
    Some(MessageId::from_bytes(key.get(4..)?.try_into().ok()?))
}

/// Key of a term in a conversation. Ids begin with the time, so the complement has the latest first.
pub fn term_key(token: [u8; 16], conversation: MessageId) -> Vec<u8> {
    [token, complement(conversation)].concat()
}

/// The place of a conversation among those that a term finds.
pub fn complement(conversation: MessageId) -> [u8; 16] {
    conversation.to_bytes().map(|byte| !byte)
}

/// The conversation at a place among those that a term finds.
pub fn of_complement(place: [u8; 16]) -> MessageId {
    MessageId::from_bytes(place.map(|byte| !byte))
}

/// Key of what is known of a member.
pub fn member_key(member: MemberId) -> Vec<u8> {
    member.to_bytes().to_vec()
}

/// Key of a peer's head.
pub fn head_key(node: NodeId) -> Vec<u8> {
    node.to_bytes().to_vec()
}

/// Key of what is known of a log.
pub fn origin_key(origin: Origin) -> Vec<u8> {
    origin.to_bytes().to_vec()
}

/// Key of a checkpoint under receipts.
pub fn receipt_head_key(origin: Origin, size: u64, root: Digest) -> Vec<u8> {
    [&receipt_heads_of(origin, size)[..], root.as_bytes()].concat()
}

/// What such keys begin with for one size: a log that has two histories may sign several roots.
pub fn receipt_heads_of(origin: Origin, size: u64) -> Vec<u8> {
    [&origin.to_bytes()[..], &size.to_be_bytes()].concat()
}

/// The size in such a key.
pub fn head_size(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(key.get(13..21)?.try_into().ok()?))
}

/// Key of an alarm about a log.
pub fn alarm_key(origin: Origin, fault: u8) -> Vec<u8> {
    [&origin.to_bytes()[..], &[fault]].concat()
}

fn soonest_first(time: Timestamp) -> [u8; 8] {
    time.as_millis().unsigned_abs().to_be_bytes()
}

fn newest_first(time: Timestamp) -> [u8; 8] {
    (!time.as_millis().unsigned_abs()).to_be_bytes()
}
