//! Delivery to peers: what waits goes out when a link is up, and expires in the open.

use super::change::{Change, Other};
use super::content::signed_message;
use super::input::Effect;
use super::members::Withheld;
use super::rows::*;
use super::service::{Service, Turn};
use super::view::after_prefix;
use crate::base::{Actor, MemberId, MessageId};
use crate::exchange::{RECEIPTS, Waiting};
use crate::store::IndexError;

/// Expired messages that one tick deals with.
const EXPIRED_AT_ONCE: usize = 256;

/// Sends what is due to a member, as it stands now.
pub(super) fn pump(
    service: &mut Service,
    turn: &mut Turn<'_>,
    member: MemberId,
) -> Result<(), IndexError> {
    let Some(peer) = service.flight.peer(member) else {
        return Ok(());
    };
    // Every send asks the list in force: what waits for a member that is out stays, and so does what a
    // country may have and an observer not.
    let federation = service.federation.as_ref();
    let Some(federation) = federation.filter(|federation| federation.lists(member)) else {
        return Ok(());
    };
    let observes = federation.observes(member);
    let goes = match service.withholds(turn, member)? {
        None if observes => Goes::ToObserver,
        None => Goes::All,
        Some(Withheld::NoKey) => Goes::Receipts,
        Some(
            Withheld::Removed
            | Withheld::Suspended
            | Withheld::IdentityChanged
            | Withheld::Observer,
        ) => return Ok(()),
    };
    for class in [0, RECEIPTS, 1] {
        let places = sendable(service, turn, (member, class), goes)?;
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

/// What goes to a member of what waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goes {
    /// All.
    All,
    /// What goes to an observer.
    ToObserver,
    /// Receipts: they are not sealed, so they go where there is no key to seal to.
    Receipts,
}

/// What waits for a member in a class and goes to it, in order, at most a window of it. Whatever stays, and
/// however much it is, what lies behind it has its turn.
fn sendable(
    service: &mut Service,
    turn: &Turn<'_>,
    (member, class): (MemberId, u8),
    goes: Goes,
) -> Result<Vec<(Waiting, OutboxRow)>, IndexError> {
    let mut places = Vec::new();
    if goes == Goes::Receipts && class != RECEIPTS {
        return Ok(places);
    }
    let (me, window) = (service.me.member, service.flight.window());
    let prefix = [&member.to_bytes()[..], &[class]].concat();
    let end = after_prefix(&prefix);
    let mut from = Some(prefix);
    while let Some(start) = from.take().filter(|_| places.len() < window) {
        let rows = turn
            .view
            .range::<OutboxRow>(OUTBOX, &start, end.as_deref(), window)?;
        let last = rows.last().filter(|_| rows.len() == window);
        from = last.map(|(key, _)| [key.as_slice(), &[0]].concat());
        for (key, row) in rows {
            let it_goes = match &row {
                OutboxRow::Message { message, .. } if goes == Goes::ToObserver => {
                    let known = &mut service.for_observers;
                    known.goes_to(turn, me, member, *message)?
                }
                OutboxRow::Message { .. }
                | OutboxRow::Returned { .. }
                | OutboxRow::Receipt { .. } => true,
            };
            if let Some((class, entry)) = outbox_place(&key).filter(|_| it_goes) {
                places.push((Waiting { class, entry }, row));
            }
        }
    }
    places.truncate(window);
    Ok(places)
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
