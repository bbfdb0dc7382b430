//! Reading: lists, one exchange or alert with all that belongs to it, attachments, the node's
//! state. Reading content is recorded as a consultation (LED Art. 25).

use super::change::{Change, KeptProof, Other};
use super::content::{read_change, whole_receipt};
use super::duty;
use super::error::AppError;
use super::input::{HealthReply, Order, Reply, ThreadItem};
use super::permit::{Action, Permit};
use super::respond::exchange_row;
use super::rows::*;
use super::search;
use super::service::{Service, Stop, Turn};
use super::view::after_prefix;
use super::{letters, members, witness};
use crate::base::{Actor, MemberId, MessageId, Role};
use crate::domain::Status;
use crate::domain::rfi::State;

/// The longest page.
pub(super) const LONGEST_PAGE: usize = 500;

/// Rows looked at for one page when a filter leaves most of them out.
pub(super) const LOOKED_AT: usize = 10_000;

/// Messages that are recorded as opened at once.
const OPENED_AT_ONCE: usize = 500;

/// Entries counted for one peer in the node's state.
const COUNTED: usize = 10_000;

/// A page of exchanges in an order, at most so many, from a cursor on.
pub(super) fn exchanges(
    turn: &Turn<'_>,
    outgoing: Option<bool>,
    (state, status): (Option<State>, Option<Status>),
    (order, limit, cursor): (Order, usize, Option<&[u8]>),
) -> Result<Reply, Stop> {
    let (table, length) = match order {
        Order::Latest => (EXCHANGE_ORDER, 24),
        Order::TimeLeft => (EXCHANGE_DUE, 25),
    };
    let limit = limit.clamp(1, LONGEST_PAGE);
    let mut found: Vec<(Vec<u8>, ExchangeRow)> = Vec::new();
    let directions: &[bool] = match outgoing {
        Some(true) => &[true],
        Some(false) => &[false],
        None => &[false, true],
    };
    for direction in directions {
        let first = [u8::from(*direction)];
        // A cursor is the place and id at which the page before ended, without the direction.
        let from = match cursor {
            Some(cursor) if cursor.len() == length => [&first[..], cursor, &[0]].concat(),
            Some(_) => return Err(AppError::BadCursor.into()),
            None => first.to_vec(),
        };
        let end = after_prefix(&first);
        let rows = turn.view.range::<MessageId>(
            table,
            &from,
            end.as_deref(),
            if state.is_some() || status.is_some() {
                LOOKED_AT
            } else {
                limit + 1
            },
        )?;
        let mut taken = 0;
        for (key, id) in rows {
            let Some(row) = turn.view.row::<ExchangeRow>(EXCHANGE, &id.to_bytes())? else {
                continue;
            };
            let exchange = &row.exchange;
            if state.is_some_and(|state| exchange.state() != state)
                || status.is_some_and(|status| exchange.status() != status)
            {
                continue;
            }
            found.push((key[1..].to_vec(), row));
            taken += 1;
            if taken > limit {
                break;
            }
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    let next = (found.len() > limit).then(|| found[limit - 1].0.clone());
    found.truncate(limit);
    let mut rows: Vec<ExchangeRow> = found.into_iter().map(|(_, row)| row).collect();
    for row in &mut rows {
        look_up(turn, row)?;
    }
    Ok(Reply::Exchanges(rows, next))
}

/// One exchange's line in the list.
pub(super) fn glance(turn: &Turn<'_>, id: MessageId) -> Result<Reply, Stop> {
    let mut row = turn
        .view
        .row::<ExchangeRow>(EXCHANGE, &id.to_bytes())?
        .ok_or(AppError::NotFound("exchange"))?;
    look_up(turn, &mut row)?;
    Ok(Reply::Exchanges(vec![row], None))
}

/// Adds what is known only when an exchange is read.
fn look_up(turn: &Turn<'_>, row: &mut ExchangeRow) -> Result<(), Stop> {
    row.letters = letters::letters_in(turn, row.id)?;
    row.witnessed = is_witnessed(turn, row)?;
    Ok(())
}

/// Whether what the sides last said to each other is under a witnessed checkpoint: the other
/// side's latest receipt, or where there is none, the request that this node received.
fn is_witnessed(turn: &Turn<'_>, row: &ExchangeRow) -> Result<bool, Stop> {
    let request = row.thread.first().copied().filter(|_| !row.outgoing);
    let receipt = row.receipt.as_ref();
    let receipt = receipt.and_then(ReceiptAt::checkpoint);
    Ok(match (receipt, request) {
        (Some(checkpoint), _) => witness::witnessed_receipt(turn, &checkpoint)?,
        (None, Some(entry)) => witness::witnessed_own(turn, entry)?,
        (None, None) => false,
    })
}

/// One exchange; what of it is seen for the first time is receipted as opened.
pub(super) fn exchange(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    id: MessageId,
) -> Result<Reply, Stop> {
    let row = exchange_row(turn, id)?;
    let thread = thread(turn, &row.thread)?;
    let request = row.exchange.request();
    // Whoever opens a request first sees it compared with what else is known here.
    let earlier = if !row.outgoing && row.erased.is_none() && unopened(turn, row.peer, id)? {
        let node = Actor::node(service.me.member);
        search::compared(service, turn, node, id, request)?
    } else {
        search::earlier(turn, id, request)?
    };
    consult(service, turn, by, id, &thread)?;
    let mut row = turn
        .view
        .row::<ExchangeRow>(EXCHANGE, &id.to_bytes())?
        .ok_or(AppError::NotFound("exchange"))?;
    look_up(turn, &mut row)?;
    row.earlier = earlier;
    Ok(Reply::Thread(Box::new(row), thread))
}

/// Reads the entries of a thread back from the log.
pub(super) fn thread(turn: &Turn<'_>, entries: &[u64]) -> Result<Vec<ThreadItem>, Stop> {
    if entries.iter().any(|entry| *entry >= turn.log.size()) {
        return Err(Stop::NotYet);
    }
    let mut items = Vec::new();
    for entry in entries {
        let record = turn.log.read(*entry)?;
        let (by, mut change) = read_change(&record.content).map_err(|_| AppError::Log)?;
        if let Change::ReceiptKept(kept) = &mut change {
            kept.proof = KeptProof::Whole(Box::new(whole_receipt(turn.log, kept)?));
        }
        let stored = match &change {
            Change::Sent(message) | Change::Received(message, _) => {
                let key = message_key(message.sender.member, message.header.id);
                let row = turn.view.row::<MessageRow>(MESSAGE, &key)?;
                row.map_or_else(Vec::new, |row| {
                    row.attachments.iter().map(|a| a.stored).collect()
                })
            }
            Change::ReceiptKept(_) | Change::Other(_) => Vec::new(),
        };
        let witnessed = match &change {
            Change::ReceiptKept(kept) => {
                let checkpoint = kept.recorded().checkpoint.checkpoint;
                witness::witnessed_receipt(turn, &checkpoint)?
            }
            Change::Sent(_) | Change::Received(..) | Change::Other(_) => {
                witness::witnessed_own(turn, *entry)?
            }
        };
        items.push(ThreadItem {
            entry: *entry,
            at: record.entry.time,
            member: by.member,
            role: record.entry.role,
            compromised: members::touched(turn, &change, record.entry.time)?,
            change,
            stored,
            witnessed,
        });
    }
    Ok(items)
}

/// Records that a person read a conversation, and which messages for the first time, as far as one turn
/// does: whoever reads it next has the others opened.
pub(super) fn consult(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    conversation: MessageId,
    thread: &[ThreadItem],
) -> Result<(), Stop> {
    let me = service.me.member;
    let mut opened = 0;
    for item in thread {
        if opened == OPENED_AT_ONCE {
            break;
        }
        let Change::Received(message, _) = &item.change else {
            continue;
        };
        // What is erased cannot be read any more, and is not said to have been.
        if message.erased.is_some() || !unopened(turn, message.sender.member, message.header.id)? {
            continue;
        }
        opened += 1;
        let change = Other::Opened {
            sender: message.sender.member,
            message: message.header.id,
            leaf: message.leaf(),
            conversation,
        };
        turn.record(me, by, Change::Other(change))?;
        service.stirred.insert(message.sender.member);
    }
    if opened == 0 {
        let consulted = Other::Consulted { conversation };
        turn.record(me, by, Change::Other(consulted))?;
    }
    Ok(())
}

/// Whether it is a peer's message that nobody here opened yet.
fn unopened(turn: &Turn<'_>, sender: MemberId, message: MessageId) -> Result<bool, Stop> {
    let key = message_key(sender, message);
    let row = turn.view.row::<MessageRow>(MESSAGE, &key)?;
    Ok(row.is_some_and(|row| row.opened.is_none()))
}

/// Where an attachment is, and its key. Members choose the ids of their messages, so that two may have
/// one of the same id: `of` says whose is meant.
pub(super) fn attachment(
    service: &Service,
    turn: &mut Turn<'_>,
    permit: &Permit,
    of: Option<MemberId>,
    (message, index): (MessageId, u16),
) -> Result<Reply, Stop> {
    let by = permit.actor();
    let missing = AppError::NotFound("attachment");
    let me = service.me.member;
    let mut found = None;
    for sender in senders(service, of) {
        let key = message_key(sender, message);
        let Some(row) = turn.view.row::<MessageRow>(MESSAGE, &key)? else {
            continue;
        };
        let alert = row.kind.is_of_an_alert();
        // Leave to read alerts is no leave to read what belongs to an exchange.
        let withheld = permit.action() == Action::ReadAlerts && !alert;
        if withheld || by.role == Role::Observer || (alert && service.is_observer()) {
            continue;
        }
        if found.replace((sender, row)).is_some() {
            return Err(AppError::AmbiguousAttachment.into());
        }
    }
    let Some((sender, row)) = found else {
        return match of.is_none_or(|of| of == me) {
            true => waiting_attachment(service, turn, permit, message, index),
            false => Err(missing.into()),
        };
    };
    let slot = row
        .attachments
        .get(usize::from(index))
        .ok_or_else(|| missing.clone())?;
    if !slot.stored {
        return Err(AppError::AttachmentIncomplete.into());
    }
    if row.entry >= turn.log.size() {
        return Err(Stop::NotYet);
    }
    let record = turn.log.read(row.entry)?;
    let (_, change) = read_change(&record.content).map_err(|_| AppError::Log)?;
    let (Change::Sent(sent) | Change::Received(sent, _)) = change else {
        return Err(AppError::Log.into());
    };
    let info = sent.event.attachments.get(usize::from(index));
    let info = info.ok_or(missing)?.clone();
    let read = Other::AttachmentRead {
        conversation: row.conversation,
        sender: Some(sender),
        message,
        index,
    };
    turn.record(me, by, Change::Other(read))?;
    let stored = stored_under(me, sender, message);
    Ok(Reply::Attachment(info, stored))
}

/// The members of whom a message may be: `of`, or any where nobody is named.
fn senders(service: &Service, of: Option<MemberId>) -> Vec<MemberId> {
    let me = service.me.member;
    match (of, &service.federation) {
        (Some(of), _) => vec![of],
        (None, None) => vec![me],
        (None, Some(federation)) => [vec![me], federation.others(me)].concat(),
    }
}

/// An attachment of a message that waits as a letter.
fn waiting_attachment(
    service: &Service,
    turn: &mut Turn<'_>,
    permit: &Permit,
    message: MessageId,
    index: u16,
) -> Result<Reply, Stop> {
    if permit.action() == Action::ReadAlerts {
        return Err(AppError::NotFound("attachment").into());
    }
    let (conversation, file) = letters::attached(turn, message, index)?;
    let me = service.me.member;
    let read = Other::AttachmentRead {
        conversation,
        sender: Some(me),
        message,
        index,
    };
    turn.record(me, permit.actor(), Change::Other(read))?;
    Ok(Reply::Attachment(file.info, message))
}

/// The node's state.
pub(super) fn health(service: &Service, turn: &Turn<'_>, by: Actor) -> Result<Reply, Stop> {
    let me = service.me.member;
    let others = service
        .federation
        .as_ref()
        .map(|federation| federation.others(me))
        .unwrap_or_default();
    let mut waiting = Vec::new();
    let mut out = Vec::new();
    let outside = match &service.federation {
        Some(federation) => members::waiting_outside(turn, federation)?,
        None => Vec::new(),
    };
    let suspended = service
        .federation
        .as_ref()
        .map(|f| f.trust.suspended.clone());
    let mut members: Vec<_> = others.into_iter().chain(outside).collect();
    members.extend(suspended.unwrap_or_default());
    members.retain(|member| *member != me);
    members.sort();
    members.dedup();
    for member in members {
        let rows = turn
            .view
            .prefix::<OutboxRow>(OUTBOX, &member.to_bytes(), COUNTED)?;
        let since = rows.iter().map(|(_, row)| row.since()).min();
        let count = rows.len() as u64;
        waiting.push((member, count, since));
        if let Some(why) = service.withholds(turn, member)? {
            out.push((member, why, count));
        }
    }
    let refusing = service.refusing.iter();
    let refusing = refusing.map(|(member, (why, since))| (*member, *why, *since));
    let health = HealthReply {
        federation: service.federation.clone(),
        letters: letters::open(turn)?,
        list_alarms: service.list_alarms(turn.now),
        key_alarms: service.key_alarms(turn.now),
        out,
        log_size: turn.log.size(),
        log_root: turn.log.root(),
        // What the index has not applied yet lies over it.
        index_size: turn.log.size(),
        waiting,
        linked: service.linked.iter().copied().collect(),
        refusing: refusing.collect(),
        exceeding: service.quota.exceeding(service.erasure.clock.running()),
        erasure_waits: service.erasure.waits,
        erasure_has_no_room: service.erasure.no_room_since(turn.now),
        witness: witness::report(service, turn)?,
        pressing: duty::for_health(service, turn, by)?,
        alarms_failed: duty::alarms_failed(turn)?,
    };
    Ok(Reply::Health(Box::new(health)))
}
