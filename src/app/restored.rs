//! A node that was restored from a backup goes on in a new incarnation of its log, which lacks what
//! was recorded after the backup. Its first entry says from where it goes on; peers send again what
//! they had sent, and give back what it had sent them; and everybody is told what is lost.

mod place;

use std::collections::BTreeMap;
use std::time::Duration;

use super::alerts;
use super::change::{Change, Message, Other};
use super::content::signed_message;
use super::duty::{self, Places};
use super::erase;
use super::fetching;
use super::input::Effect;
use super::letters;
use super::project::Projected;
use super::receive;
use super::rows::*;
use super::service::{Service, Turn};
use super::view::{View, after_prefix};
use super::witness::{self, AlarmRow, LogFault};
use crate::audit::{Origin, Statement};
use crate::base::{Actor, Digest, MemberId, MessageId, NodeId, Timestamp};
use crate::domain::duty::LooseState;
use crate::domain::message::Body;
use crate::domain::rfi::Told;
use crate::exchange::{RECEIPTS, Refusal, Waiting};
use crate::store::IndexError;

/// Where the log of a node goes on after it was restored from a backup, as its bundle says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestoredLog {
    /// The incarnation that it had.
    pub before: Origin,
    /// The new incarnation.
    pub origin: Origin,
    /// How many entries of the one before it goes on from.
    pub after: u64,
    /// The time of the last of them, by the node's own clock.
    pub last: Timestamp,
}

/// How long before the last entry of a backup messages may be dated that were delivered after it: they
/// may have waited for as long as messages live, and clocks may have been wrong.
const BEFORE: Duration = Duration::from_secs(31 * 24 * 3_600);

/// What is later than so long before the last entry of a backup is hardly in it, and goes first.
const RECENT: Duration = Duration::from_secs(24 * 3_600);

/// Messages that one entry names, and rows that are looked at together.
const AT_ONCE: usize = 1_000;

/// The node begins to serve: if nothing is in this incarnation of its log yet, it begins with this.
pub(super) fn begin(service: &Service, turn: &mut Turn<'_>) -> Result<(), IndexError> {
    let Some(head) = turn.log.head().map(|head| head.checkpoint) else {
        return Ok(());
    };
    if head.origin != turn.log.origin() {
        let opened = Other::LogOpened {
            before: head.origin.to_string(),
            size: head.size,
            root: head.root,
        };
        let me = service.me.member;
        turn.record(me, Actor::node(me), Change::Other(opened))?;
        letters::give_all_back(service, turn)?;
    }
    Ok(())
}

/// Sends again to nodes that were restored what their logs have lost: once, however many incarnations are
/// new, since the one that lost the most lacks all that the others do.
pub(super) fn tick(service: &mut Service, turn: &mut Turn<'_>) -> Result<(), IndexError> {
    let Some(federation) = &service.federation else {
        return Ok(());
    };
    let listed = |node: &NodeId| *node != service.me && federation.nodes.contains(node);
    let restored: Vec<RestoredLog> = federation
        .trust
        .restored
        .iter()
        .filter(|log| listed(&log.origin.node))
        .copied()
        .collect();
    if restored.is_empty() {
        return Ok(());
    }
    let first = turn.log.read(0).ok();
    let began = first.map(|first| first.entry.time);
    // A node that began long after that has nothing to do with it.
    let concerns = |log: &&RestoredLog| began.is_some_and(|at| at < log.last.plus(BEFORE));
    let mut untold: BTreeMap<NodeId, Vec<RestoredLog>> = BTreeMap::new();
    for log in restored.iter().filter(concerns) {
        let told = alarm_key(log.before, LogFault::Restored as u8);
        if turn.view.row::<AlarmRow>(LOG_ALARM, &told)?.is_none() {
            untold.entry(log.origin.node).or_default().push(*log);
        }
    }
    for (node, logs) in untold {
        if let Some(since) = logs.iter().map(|log| log.last).min() {
            send_again(service, turn, node, since)?;
        }
        for log in logs {
            let before = log.before;
            let known = witness::known_size(service, turn, before)?;
            let sizes = (log.after, known.max(log.after));
            witness::raise(service, turn, before, LogFault::Restored, sizes, node, None)?;
        }
        witness::tell_earlier(service, turn, node)?;
    }
    Ok(())
}

/// Whether a message of a node is among those that it is given back, since its log goes on from a backup.
pub(super) fn gives_back(service: &Service, node: NodeId, message: MessageId) -> bool {
    let restored = service.federation.iter().flat_map(|f| &f.trust.restored);
    let mut of_node = restored.filter(|log| log.origin.node == node);
    of_node.any(|log| message >= MessageId::earliest(log.last.minus(BEFORE)))
}

/// Sends a node again what its log has lost since then.
fn send_again(
    service: &mut Service,
    turn: &mut Turn<'_>,
    node: NodeId,
    last: Timestamp,
) -> Result<(), IndexError> {
    let (me, member) = (service.me.member, node.member);
    let since = last.minus(BEFORE);
    let own = messages(turn, me, since, |row, now| {
        row.deliveries.get(&member) == Some(&Delivery::Delivered) && row.expires > now
    })?;
    let theirs = messages(turn, member, since, |_, _| true)?;
    let recent = MessageId::earliest(last.minus(RECENT));
    for class in [0, 1] {
        let of_class = |id: &&MessageId| (**id >= recent) == (class == 0);
        let ids = |all: &[MessageId]| all.iter().filter(of_class).copied().collect::<Vec<_>>();
        let (own, theirs) = (ids(&own), ids(&theirs));
        let own = own.chunks(AT_ONCE).map(|own| (own.to_vec(), Vec::new()));
        let theirs = theirs.chunks(AT_ONCE);
        let theirs = theirs.map(|theirs| (Vec::new(), theirs.to_vec()));
        for (own, theirs) in own.chain(theirs) {
            let again = Other::SentAgain {
                node,
                class,
                own,
                theirs,
            };
            turn.record(me, Actor::node(me), Change::Other(again))?;
        }
    }
    service.stirred.insert(member);
    Ok(())
}

/// The messages of a sender since a time whose content is here and that `fit`.
fn messages(
    turn: &Turn<'_>,
    sender: MemberId,
    since: Timestamp,
    fit: impl Fn(&MessageRow, Timestamp) -> bool,
) -> Result<Vec<MessageId>, IndexError> {
    let mut from = message_key(sender, MessageId::earliest(since));
    let end = after_prefix(&sender.to_bytes());
    let mut found = Vec::new();
    loop {
        let rows = turn
            .view
            .range::<MessageRow>(MESSAGE, &from, end.as_deref(), AT_ONCE)?;
        let Some((last, _)) = rows.last() else {
            return Ok(found);
        };
        from = [last, &[0][..]].concat();
        for (key, row) in rows {
            let id = key.get(8..).and_then(|id| id.try_into().ok());
            if let Some(id) = id
                && fit(&row, turn.now)
                && signed_message(turn.log, row.entry).is_ok()
            {
                found.push(MessageId::from_bytes(id));
            }
        }
    }
}

/// A peer gives back a message that this node had sent to it, and whose entry was lost with the end
/// of the log.
pub(super) fn given_back(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    message: &Message,
) -> Result<(), IndexError> {
    let me = service.me.member;
    let header = &message.header;
    let leaf = message.leaf();
    let sent_there = header.recipients.contains(&peer.member) && message.event.by.member == me;
    if turn.log.origin().incarnation == 1 || !sent_there {
        return receive::refuse(service, turn, peer, leaf, Refusal::NotTheSender);
    }
    let key = message_key(me, header.id);
    if let Some(row) = turn.view.row::<MessageRow>(MESSAGE, &key)? {
        if row.leaf != leaf {
            return receive::refuse(service, turn, peer, leaf, Refusal::ConflictingId);
        }
        let entries = vec![row.entry];
        turn.effects.push(Effect::Receipts { peer, entries });
        return Ok(());
    }
    if let Some(refusal) = place::out_of_order(service, turn, peer.member, message)? {
        return receive::refuse(service, turn, peer, leaf, refusal);
    }
    let returned = Message {
        returned: Some(peer),
        ..message.clone()
    };
    let entry = turn.record(me, Actor::node(me), Change::Sent(Box::new(returned)))?;
    erase_again(service, turn, message)?;
    turn.effects.push(Effect::Receipts {
        peer,
        entries: vec![entry],
    });
    service.stirred.extend(header.recipients.iter().copied());
    if !header.attachments.is_empty() {
        fetching::fetch_new(service, turn, peer, header.id)?;
    }
    Ok(())
}

/// What this node had erased at its author's wish is here again, from the backup or as it was sent
/// again: once the notice is back that says so, and the correction that it is about, it goes anew.
pub(super) fn erase_again(
    service: &mut Service,
    turn: &mut Turn<'_>,
    message: &Message,
) -> Result<(), IndexError> {
    let correction = match &message.event.body {
        Body::Notice(notice) if notice.says == Told::Acknowledged => notice.about,
        Body::Correction(_) => message.header.id,
        _ => return Ok(()),
    };
    let wish = (message.header.conversation, correction);
    erase::order_wanted(service, turn, Actor::node(service.me.member), wish)
}

/// What a receipt of a peer says of a message of its own that it was given back: that its log holds
/// it again, or why it does not take it. Whether the receipt was about such a message.
pub(super) fn taken_back(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    statement: &Statement,
) -> Result<bool, IndexError> {
    let waits = match statement {
        Statement::Sent { id, leaf } => returned(turn, peer.member, *id, *leaf)?,
        Statement::Refused { sender, digest, .. } if *sender == service.me => {
            returned_by_leaf(service, turn, peer.member, *digest)?
        }
        _ => None,
    };
    if let Some(place) = waits {
        let key = outbox_key(peer.member, place.class, place.entry);
        turn.view.delete(OUTBOX, key);
        service.flight.settle(peer.member, place, turn.now);
        service.stirred.insert(peer.member);
        return Ok(true);
    }
    // It may have been settled before.
    let Statement::Sent { id, leaf } = statement else {
        return Ok(false);
    };
    let held = message_key(peer.member, *id);
    let row = turn.view.row::<MessageRow>(MESSAGE, &held)?;
    Ok(row.is_some_and(|row| row.leaf == *leaf))
}

/// Where a message of a member's own waits to be given back, if its signature covers this.
fn returned(
    turn: &Turn<'_>,
    member: MemberId,
    message: MessageId,
    leaf: Digest,
) -> Result<Option<Waiting>, IndexError> {
    let key = message_key(member, message);
    let row = turn.view.row::<MessageRow>(MESSAGE, &key)?;
    let Some(row) = row.filter(|row| row.leaf == leaf) else {
        return Ok(None);
    };
    for class in [0, 1] {
        let entry = row.entry;
        let key = outbox_key(member, class, entry);
        let waits = turn.view.row::<OutboxRow>(OUTBOX, &key)?;
        if let Some(OutboxRow::Returned { .. }) = waits {
            return Ok(Some(Waiting { class, entry }));
        }
    }
    Ok(None)
}

/// As [`returned`], where nothing but what its signature covers says which message it is: one of those that
/// were sent to the member, however many wait. Where there is no link, one of the first.
fn returned_by_leaf(
    service: &Service,
    turn: &Turn<'_>,
    member: MemberId,
    leaf: Digest,
) -> Result<Option<Waiting>, IndexError> {
    let mut places = match service.flight.sent(member) {
        Some(sent) => sent,
        None => first_waiting(service, turn, member)?,
    };
    places.retain(|place| place.class != RECEIPTS);
    for place in places {
        let key = outbox_key(member, place.class, place.entry);
        let Some(OutboxRow::Returned { message, .. }) = turn.view.row::<OutboxRow>(OUTBOX, &key)?
        else {
            continue;
        };
        if let Some(place) = returned(turn, member, message, leaf)? {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

/// Where the first messages are that wait for a member, a window of each class.
fn first_waiting(
    service: &Service,
    turn: &Turn<'_>,
    member: MemberId,
) -> Result<Vec<Waiting>, IndexError> {
    let mut places = Vec::new();
    for class in [0, 1] {
        let prefix = [&member.to_bytes()[..], &[class]].concat();
        let window = service.flight.window();
        let rows = turn.view.prefix::<OutboxRow>(OUTBOX, &prefix, window)?;
        let place = |(key, _): &(Vec<u8>, OutboxRow)| outbox_place(key);
        let found = rows.iter().filter_map(place);
        places.extend(found.map(|(class, entry)| Waiting { class, entry }));
    }
    Ok(places)
}

/// Whether a member is still to be given back that message of its own.
pub(super) fn is_to_return(
    turn: &Turn<'_>,
    member: MemberId,
    message: MessageId,
) -> Result<bool, IndexError> {
    let key = message_key(member, message);
    let Some(row) = turn.view.row::<MessageRow>(MESSAGE, &key)? else {
        return Ok(false);
    };
    for class in [0, 1] {
        let key = outbox_key(member, class, row.entry);
        if turn.view.row::<OutboxRow>(OUTBOX, &key)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Puts what is sent again, and what is given back, where it goes from, in the order of the log.
pub(super) fn project(
    view: &mut View<'_>,
    me: MemberId,
    p: &Projected<'_>,
    (member, class): (MemberId, u8),
    (own, theirs): (&[MessageId], &[MessageId]),
) -> Result<(), IndexError> {
    for id in own {
        let key = message_key(me, *id);
        let Some(mut row) = view.row::<MessageRow>(MESSAGE, &key)? else {
            continue;
        };
        if row.deliveries.get(&member) != Some(&Delivery::Delivered) {
            continue;
        }
        row.deliveries.insert(member, Delivery::Queued);
        // That it stored the files was in what it lost.
        view.delete(ATTACHMENTS_AT, message_key(member, *id));
        let waiting = OutboxRow::Message {
            message: *id,
            since: p.at,
        };
        view.put(OUTBOX, outbox_key(member, class, row.entry), waiting);
        view.put(EXPIRY, expiry_key(row.expires, member, *id), class);
        let conversation = row.conversation.to_bytes();
        view.put(MESSAGE, key, row);
        if let Some(mut row) = view.row::<ExchangeRow>(EXCHANGE, &conversation)? {
            let before = Places::of(&row);
            row.exchange.sent_again(*id);
            duty::loose(&mut row, *id, p.at, LooseState::Queued);
            duty::put_exchange(view, Some(before), row);
        } else if let Some(mut row) = view.row::<AlertRow>(ALERT, &conversation)? {
            if row.alert.last_message() == *id {
                row.since = p.at;
            }
            alerts::put(view, p, row)?;
        }
    }
    for id in theirs {
        let Some(row) = view.row::<MessageRow>(MESSAGE, &message_key(member, *id))? else {
            continue;
        };
        let waiting = OutboxRow::Returned {
            message: *id,
            since: p.at,
        };
        view.put(OUTBOX, outbox_key(member, class, row.entry), waiting);
        // What it was told of them is gone too.
        if let Some(opened) = row.opened {
            let receipt = OutboxRow::Receipt { since: p.at };
            view.put(OUTBOX, outbox_key(member, RECEIPTS, opened), receipt);
        }
    }
    Ok(())
}

/// What an entry commits to that begins an incarnation; none where `before` is no log.
pub(super) fn statement(before: &str, size: u64, root: Digest) -> Option<Statement> {
    let before = before.parse().ok()?;
    Some(Statement::LogOpened { before, size, root })
}
