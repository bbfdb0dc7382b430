//! Retention and erasure. What is due is found here; the core then changes the epoch, which is what
//! erases; and what was erased is recorded, and told to whom it came from.
//!
//! What waits: an exchange in which something is still owed or a letter waits, an alert that still
//! holds, a message that no peer has receipted yet, attachments that a peer may still fetch. What its
//! author wants erased goes once a person here has seen to it, whatever else waits. Time alone
//! decides only where the clock is beyond doubt; a person's order does not need it. Nor does anything go
//! while the disk has no room for the keys of what stays, which are written anew.

mod asks;
mod find;
mod remains;

pub(super) use asks::{order, order_wanted, shorten};
pub(super) use find::look;
pub(super) use remains::remains;

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::change::{Change, Message, Other};
use super::clock::{ClockDoubt, ClockWatch};
use super::passing::PassedOn;
use super::rows::*;
use super::service::{Service, Turn};
use super::view::View;
use crate::base::{Actor, Digest, MemberId, MessageId, NodeId, Timestamp};
use crate::domain::message::Kind;
use crate::domain::retention::{self, ErasureReason};
use crate::exchange::RECEIPTS;
use crate::store::IndexError;

/// How long the words of a search are kept, in days.
const SEARCH_DAYS: u32 = 365;

/// How long a letter is kept that was thrown away, in days.
const DISCARDED_DAYS: u32 = 30;

/// How long it stands that there was no room: it is tried again more often, while anything is due.
const NO_ROOM_STANDS: Duration = Duration::from_secs(3_600);

/// Erased messages that one turn records.
const TOLD_AT_ONCE: usize = 256;

/// That content was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gone {
    /// Why.
    pub reason: ErasureReason,
    /// When.
    pub at: Timestamp,
}

/// What was erased of a message, and what the rest of it no longer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erased {
    /// What its signature covers.
    pub leaf: Digest,
    /// When and why.
    pub gone: Gone,
    /// What it passed on.
    pub passed_on: Option<PassedOn>,
}

/// How long a conversation is kept here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RetentionRow {
    /// Fewer days than its originators set.
    pub days: Option<u32>,
    /// Up to which entry a person had it erased.
    pub ordered: Option<u64>,
    /// Messages that their author wants erased, as a person here saw.
    pub wanted: Vec<MessageId>,
}

/// A message that was erased, and whose erasure is not on record yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UntoldRow {
    /// The node that sent it.
    pub sender: NodeId,
    /// The message.
    pub message: MessageId,
    /// The exchange or alert.
    pub conversation: MessageId,
    /// What its signature covers.
    pub leaf: Digest,
    /// Why it was erased.
    pub reason: ErasureReason,
}

/// The epoch that the log was last said to be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochRow {
    /// Its number.
    pub number: u64,
    /// Since when.
    pub at: Timestamp,
}

/// An entry that is to be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The entry.
    pub entry: u64,
    /// Why.
    pub reason: ErasureReason,
    /// The id under which attachments of it lie.
    pub files: Option<MessageId>,
}

/// What the service keeps in mind about it.
#[derive(Default)]
pub(super) struct Erasure {
    /// When it last began to look for what is due.
    pub looked: Option<Timestamp>,
    /// The look that is under way.
    round: Option<find::Round>,
    /// The conversations in which a person just had something erased.
    ordered: BTreeSet<MessageId>,
    /// What the core is to erase.
    pub plan: Vec<Due>,
    /// Whether time may decide.
    pub clock: ClockWatch,
    /// Since when something is due that waits for the clock, and why.
    pub waits: Option<(Timestamp, ClockDoubt)>,
    /// Since when, and when last, the log had no room to erase what is due.
    no_room: Option<(Timestamp, Timestamp)>,
}

impl Erasure {
    /// The log had no room to erase what is due.
    pub fn had_no_room(&mut self, now: Timestamp) {
        let since = self.no_room_since(now).unwrap_or(now);
        self.no_room = Some((since, now));
    }

    /// What was due is erased.
    pub fn had_room(&mut self) {
        self.no_room = None;
    }

    /// Since when the log has had no room to erase what is due; none where it had not been tried of late.
    pub fn no_room_since(&self, now: Timestamp) -> Option<Timestamp> {
        let (since, last) = self.no_room?;
        (now < last.plus(NO_ROOM_STANDS)).then_some(since)
    }
}

impl Erasure {
    /// A person had something erased in a conversation: that need not wait for the next look.
    fn order(&mut self, conversation: MessageId) {
        self.ordered.insert(conversation);
        self.looked = None;
    }
}

/// Writes the rows by which a message is found when its time is over.
pub(super) fn project(
    view: &mut View<'_>,
    entry: u64,
    at: Timestamp,
    message: &Message,
) -> Result<(), IndexError> {
    let header = &message.header;
    if let Some(erased) = message.erased {
        let row = UntoldRow {
            sender: message.sender,
            message: header.id,
            conversation: header.conversation,
            leaf: erased.leaf,
            reason: erased.gone.reason,
        };
        view.put(UNTOLD, entry.to_be_bytes().to_vec(), row);
        return Ok(());
    }
    // What a member wants alerts about is no content.
    if header.kind == Kind::Subscription {
        return Ok(());
    }
    let row = view.row::<RetentionRow>(RETENTION, &header.conversation.to_bytes())?;
    let shortened = row.and_then(|row| row.days);
    let due = retention::due(&header.handling, shortened, at);
    view.put(RETAINED, retained_key(due, header.conversation), true);
    Ok(())
}

/// The words of a search are due after a time.
pub(super) fn searched(view: &mut View<'_>, entry: u64, at: Timestamp, query: &str) {
    if !query.is_empty() {
        let due = at.plus(retention::days(SEARCH_DAYS));
        view.put(SEARCHED, entry.to_be_bytes().to_vec(), millis(due));
    }
}

/// A conversation is kept for less long.
pub(super) fn shortened(
    view: &mut View<'_>,
    at: Timestamp,
    conversation: MessageId,
    days: u32,
) -> Result<(), IndexError> {
    let mut row = retention_row(view, conversation)?;
    row.days = Some(row.days.map_or(days, |known| known.min(days)));
    keep(view, at, conversation, row);
    Ok(())
}

/// What a conversation holds up to an entry is to be erased, or one message in it.
pub(super) fn ordered(
    view: &mut View<'_>,
    entry: u64,
    at: Timestamp,
    conversation: MessageId,
    message: Option<MessageId>,
) -> Result<(), IndexError> {
    let mut row = retention_row(view, conversation)?;
    match message {
        Some(message) => row.wanted.push(message),
        None => row.ordered = Some(entry),
    }
    keep(view, at, conversation, row);
    Ok(())
}

/// A letter was thrown away, and is due after a time.
pub(super) fn discarded(view: &mut View<'_>, at: Timestamp, letter: MessageId) {
    let due = at.plus(retention::days(DISCARDED_DAYS));
    view.put(RETAINED, retained_key(due, letter), true);
}

fn keep(view: &mut View<'_>, at: Timestamp, conversation: MessageId, row: RetentionRow) {
    view.put(RETENTION, conversation.to_bytes().to_vec(), row);
    // From now on each look looks at it.
    view.put(RETAINED, retained_key(at, conversation), true);
}

/// The erasure of what entry `of` held is on record.
pub(super) fn told(
    view: &mut View<'_>,
    me: MemberId,
    entry: u64,
    at: Timestamp,
    of: u64,
    sender: NodeId,
) {
    view.delete(UNTOLD, of.to_be_bytes().to_vec());
    if sender.member != me {
        let receipt = OutboxRow::Receipt { since: at };
        view.put(OUTBOX, outbox_key(sender.member, RECEIPTS, entry), receipt);
    }
}

/// The epoch is another one.
pub(super) fn epoch_changed(view: &mut View<'_>, at: Timestamp, number: u64) {
    view.put(EPOCH, Vec::new(), EpochRow { number, at });
}

fn millis(at: Timestamp) -> u64 {
    at.as_millis().unsigned_abs()
}

fn retention_row(view: &View<'_>, conversation: MessageId) -> Result<RetentionRow, IndexError> {
    let row = view.row::<RetentionRow>(RETENTION, &conversation.to_bytes())?;
    Ok(row.unwrap_or_default())
}

/// Records what the last change of epoch erased, and that there was one.
pub(super) fn tell(service: &mut Service, turn: &mut Turn<'_>) -> Result<(), IndexError> {
    let me = service.me.member;
    let known = turn.view.row::<EpochRow>(EPOCH, &[])?;
    let number = turn.log.epoch();
    let first = crate::seal::at_rest::FIRST_EPOCH;
    if known.map_or(first, |row| row.number) < number {
        let changed = Change::Other(Other::EpochChanged { number });
        turn.record(me, Actor::node(me), changed)?;
    }
    let untold = turn
        .view
        .range::<UntoldRow>(UNTOLD, &[], None, TOLD_AT_ONCE)?;
    for (key, row) in untold {
        let of = key.try_into().map_err(|_| IndexError::Damaged)?;
        let erased = Other::Erased {
            of: u64::from_be_bytes(of),
            sender: row.sender,
            message: row.message,
            leaf: row.leaf,
            conversation: row.conversation,
            reason: row.reason,
        };
        turn.record(me, Actor::node(me), Change::Other(erased))?;
        if row.sender.member != me {
            service.stirred.insert(row.sender.member);
        }
    }
    Ok(())
}
