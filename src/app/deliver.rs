//! Delivery to peers: what waits goes out when a link is up, and expires in the open.

use std::collections::BTreeSet;
use std::time::Duration;

use super::change::{Change, Other};
use super::content::signed_message;
use super::error::AppError;
use super::input::{Effect, Reply};
use super::members::{self, Withheld};
use super::restored;
use super::rows::*;
use super::service::{Service, Turn};
use crate::base::{Actor, MemberId, MessageId, NodeId, Timestamp};
use crate::exchange::{RECEIPTS, Waiting};
use crate::store::IndexError;

/// Expired messages that one tick deals with.
const EXPIRED_AT_ONCE: usize = 256;

/// Attachments fetched from one peer at a time.
const FETCHES_AT_ONCE: usize = 2;

/// Sends what is due to a member.
pub(super) fn pump(
    service: &mut Service,
    turn: &mut Turn<'_>,
    member: MemberId,
) -> Result<(), IndexError> {
    let Some(peer) = service.flight.peer(member) else {
        return Ok(());
    };
    // Every send asks the list in force: what waits for a member that is out stays.
    if !service.federation.as_ref().is_some_and(|f| f.lists(member)) {
        return Ok(());
    }
    // Receipts are not sealed, so they go where there is no key to seal to.
    let messages_go = match service.withholds(turn, member)? {
        None => true,
        Some(Withheld::NoKey) => false,
        Some(Withheld::Removed | Withheld::Suspended | Withheld::IdentityChanged) => return Ok(()),
    };
    for class in [0, RECEIPTS, 1] {
        let prefix = [&member.to_bytes()[..], &[class]].concat();
        let rows = turn
            .view
            .prefix::<OutboxRow>(OUTBOX, &prefix, service.flight.window())?;
        let places: Vec<(Waiting, OutboxRow)> = rows
            .into_iter()
            .filter_map(|(key, row)| {
                let (class, entry) = outbox_place(&key)?;
                Some((Waiting { class, entry }, row))
            })
            .collect();
        let goes = |row: &OutboxRow| messages_go || matches!(row, OutboxRow::Receipt { .. });
        let places: Vec<_> = places.into_iter().filter(|(_, row)| goes(row)).collect();
        let waiting: Vec<Waiting> = places.iter().map(|(place, _)| *place).collect();
        let due = service.flight.take_due(member, &waiting, turn.now);
        let (mut entries, mut receipts) = (Vec::new(), Vec::new());
        for (place, row) in &places {
            if due.contains(place) {
                match row {
                    OutboxRow::Message { .. } => entries.push(place.entry),
                    OutboxRow::Returned { .. } => {
                        match signed_message(turn.log, place.entry) {
                            Ok(_) => entries.push(place.entry),
                            // What is erased here meanwhile cannot be given back.
                            Err(_) => {
                                let key = outbox_key(member, place.class, place.entry);
                                turn.view.delete(OUTBOX, key);
                                service.flight.settle(member, *place, turn.now);
                            }
                        }
                    }
                    OutboxRow::Receipt { .. } => receipts.push(place.entry),
                }
            }
        }
        if !entries.is_empty() {
            turn.effects.push(Effect::Send {
                peer,
                class,
                entries,
            });
        }
        if !receipts.is_empty() {
            turn.effects.push(Effect::Receipts {
                peer,
                entries: receipts,
            });
        }
    }
    Ok(())
}

/// Takes messages that nobody receipted in time out of the outbox, and records it.
pub(super) fn expire(service: &mut Service, turn: &mut Turn<'_>) -> Result<(), IndexError> {
    let me = service.me.member;
    let until = turn.now.as_millis().to_be_bytes();
    let rows = turn
        .view
        .range::<u8>(EXPIRY, &[], Some(&until), EXPIRED_AT_ONCE)?;
    for (key, _) in rows {
        let Some((recipient, message)) = expiry_of(&key) else {
            continue;
        };
        let row = turn
            .view
            .row::<MessageRow>(MESSAGE, &message_key(me, message))?;
        let current = row.filter(|row| key == expiry_key(row.expires, recipient, message));
        let Some(row) = current else {
            turn.view.delete(EXPIRY, key);
            continue;
        };
        for class in [0, 1] {
            let entry = row.entry;
            service
                .flight
                .settle(recipient, Waiting { class, entry }, turn.now);
        }
        let expired = Other::DeliveryExpired {
            recipient,
            message,
            conversation: row.conversation,
        };
        turn.record(me, Actor::node(me), Change::Other(expired))?;
    }
    Ok(())
}

fn expiry_of(key: &[u8]) -> Option<(MemberId, MessageId)> {
    let recipient = MemberId::from_bytes(key.get(8..16)?.try_into().ok()?).ok()?;
    let message = MessageId::from_bytes(key.get(16..)?.try_into().ok()?);
    Some((recipient, message))
}

/// Attachments looked at where some are passed over.
const LOOKED_AT: usize = 1_000;

/// Asks for the attachments that are still to be fetched from a peer, the oldest message first. What the
/// peer did not give lately holds up nothing else, and an observer fetches none of alerts.
pub(super) fn fetch_waiting(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
) -> Result<(), IndexError> {
    let blocked = members::is_blocked(turn, peer.member)?;
    if service.flight.peer(peer.member) != Some(peer) || blocked {
        return Ok(());
    }
    let prefix = peer.member.to_bytes();
    let observer = service.is_observer();
    let all = !observer && service.fetching.not_given.is_empty();
    let most = if all { FETCHES_AT_ONCE } else { LOOKED_AT };
    let mut rows = turn.view.prefix::<PullRow>(PULL, &prefix, most)?;
    rows.retain(|(key, _)| !service.fetching.not_given.contains(key));
    if observer {
        let mut may = Vec::new();
        for (key, pull) in rows {
            let sent = message_key(pull.sender, pull.message);
            let row = turn.view.row::<MessageRow>(MESSAGE, &sent)?;
            if row.is_some_and(|row| !row.kind.is_of_an_alert()) {
                may.push((key, pull));
            }
        }
        rows = may;
    }
    for (_, file) in rows.into_iter().take(FETCHES_AT_ONCE) {
        turn.effects.push(Effect::Fetch { peer, file });
    }
    Ok(())
}

/// What is remembered of fetching.
#[derive(Debug, Default)]
pub(super) struct Fetching {
    /// When all that is to be fetched was last asked for anew.
    again: Option<Timestamp>,
    /// What peers did not give since then, by its key in the table of what is to be fetched.
    not_given: BTreeSet<Vec<u8>>,
}

/// A link with a peer is up: it is asked for all that is to be fetched from it.
pub(super) fn link_up(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
) -> Result<(), IndexError> {
    let from = peer.member.to_bytes();
    let not_given = &mut service.fetching.not_given;
    not_given.retain(|key| !key.starts_with(&from));
    fetch_waiting(service, turn, peer)
}

/// A peer does not have an attachment: it is asked for the next one.
pub(super) fn not_fetched(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    (message, index): (MessageId, u16),
) -> Result<(), IndexError> {
    let key = pull_key(peer.member, message, index);
    service.fetching.not_given.insert(key);
    fetch_waiting(service, turn, peer)
}

/// How long after the last time what waits to be fetched is asked for again.
const FETCH_AGAIN: Duration = Duration::from_secs(30);

/// Asks now and then for what is still to be fetched over links that are up, since a fetch may break
/// off while its link holds. Whoever fetches passes over what is under way.
pub(super) fn fetch_again(service: &mut Service, turn: &mut Turn<'_>) -> Result<(), IndexError> {
    let last = *service.fetching.again.get_or_insert(turn.now);
    // A clock that went back asks at once, and counts from there.
    if (last..last.plus(FETCH_AGAIN)).contains(&turn.now) {
        return Ok(());
    }
    service.fetching = Fetching {
        again: Some(turn.now),
        not_given: BTreeSet::new(),
    };
    for peer in service.linked.clone() {
        fetch_waiting(service, turn, peer)?;
    }
    Ok(())
}

/// Whether a peer may fetch what a message lists, and where that lies. A message of this node was sent to
/// that member, which is still a member and did not refuse it; what belongs to an alert no observer
/// fetches. A node that was restored from a backup may have back what it had sent.
pub(super) fn may_fetch(
    service: &Service,
    turn: &Turn<'_>,
    peer: NodeId,
    message: MessageId,
) -> Result<Result<Reply, AppError>, IndexError> {
    let key = message_key(service.me.member, message);
    let row = turn.view.row::<MessageRow>(MESSAGE, &key)?;
    let listed = service
        .federation
        .as_ref()
        .is_some_and(|federation| federation.lists(peer.member))
        && !members::is_blocked(turn, peer.member)?;
    let observer = service
        .federation
        .as_ref()
        .is_some_and(|federation| federation.observes(peer.member));
    let row = row.filter(|row| !(observer && row.kind.is_of_an_alert()));
    let sent = row.and_then(|row| row.deliveries.get(&peer.member).copied());
    let not_found = Err(AppError::NotFound("attachment"));
    if !listed {
        return Ok(not_found);
    }
    let own = message_key(peer.member, message);
    Ok(match sent {
        Some(Delivery::Queued | Delivery::Delivered) => Ok(Reply::MayFetch(message)),
        None if restored::gives_back(service, peer, message)
            && turn.view.row::<MessageRow>(MESSAGE, &own)?.is_some() =>
        {
            let stored = stored_under(service.me.member, peer.member, message);
            Ok(Reply::MayFetch(stored))
        }
        Some(_) | None => not_found,
    })
}
