//! What is noted on exchanges, alerts and their events when they are read: why something waits, and
//! whose keys were, perhaps, in other hands.

use super::{CompromisedRow, Withheld, waiting_messages};
use crate::app::change::Change;
use crate::app::reached::{self, Reached};
use crate::app::requests::is_country;
use crate::app::rows::{AlertRow, COMPROMISED, ExchangeRow, member_key};
use crate::app::service::{Service, Turn};
use crate::base::{MemberId, Timestamp};
use crate::store::IndexError;

/// Why messages of an exchange that wait are not sent; nothing if none waits, or they are.
fn withheld(
    service: &Service,
    turn: &Turn<'_>,
    row: &ExchangeRow,
) -> Result<Option<Withheld>, IndexError> {
    let me = service.me.member;
    let why = service.withholds(turn, row.peer)?;
    let federation = service.federation.as_ref();
    let observes = federation.is_some_and(|federation| federation.observes(row.peer));
    if why.is_none() && !observes {
        return Ok(None);
    }
    let mut waiting = waiting_messages(turn, me, row.peer)?;
    waiting.retain(|(message, _)| message.conversation == row.id);
    // What is not for observers does not go when there is a key again, either.
    if observes && !matches!(why, Some(Withheld::Removed | Withheld::Suspended)) {
        for (message, _) in &waiting {
            if !reached::goes_to(turn, me, row.peer, message)? {
                return Ok(Some(Withheld::Observer));
            }
        }
    }
    Ok(why.filter(|_| !waiting.is_empty()))
}

/// Notes on an exchange that is read what follows from how its other side stands.
pub(in crate::app) fn annotate(
    service: &Service,
    turn: &Turn<'_>,
    row: &mut ExchangeRow,
) -> Result<(), IndexError> {
    row.withheld = withheld(service, turn, row)?;
    row.reached = Reached::of(service, row.peer);
    let told = row.forwards.iter().map(|forward| forward.to);
    row.observers = told.filter(|to| !is_country(service, *to)).collect();
    row.compromised = at_risk(turn, row.peer, row.exchange.created(), row.updated)?;
    Ok(())
}

/// Notes on an alert that is read what follows from how its publisher stands.
pub(in crate::app) fn annotate_alert(
    turn: &Turn<'_>,
    row: &mut AlertRow,
) -> Result<(), IndexError> {
    let alert = &row.alert;
    row.compromised = at_risk(turn, alert.publisher(), alert.created(), alert.updated())?;
    Ok(())
}

/// Since when the keys of a member are said to have been in other hands, if what went on with it from
/// the one time to the other falls into that.
fn at_risk(
    turn: &Turn<'_>,
    member: MemberId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Option<Timestamp>, IndexError> {
    let row = turn
        .view
        .row::<CompromisedRow>(COMPROMISED, &member_key(member))?;
    let touched = row.filter(|row| to >= row.since && from <= row.declared);
    Ok(touched.map(|row| row.since))
}

/// Whether a change of a thread, recorded at `at`, came from or went to a member whose keys are said to
/// have been in other hands then.
pub(in crate::app) fn touched(
    turn: &Turn<'_>,
    change: &Change,
    at: Timestamp,
) -> Result<bool, IndexError> {
    let parties = match change {
        Change::Sent(message) => message.header.recipients.clone(),
        Change::Received(message, _) => vec![message.sender.member],
        Change::ReceiptKept(kept) => vec![kept.from.member],
        Change::Other(_) => Vec::new(),
    };
    for member in parties {
        let row = turn
            .view
            .row::<CompromisedRow>(COMPROMISED, &member_key(member))?;
        if row.is_some_and(|row| (row.since..=row.declared).contains(&at)) {
            return Ok(true);
        }
    }
    Ok(false)
}
