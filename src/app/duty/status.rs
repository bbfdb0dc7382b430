//! What presses now, for whoever looks.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::levels::Levels;
use super::{Contact, LOOKED_AT, MILLISECOND, Pressing, alerts, look, next_page};
use crate::app::input::Reply;
use crate::app::letters::{self, LetterRow};
use crate::app::read::LONGEST_PAGE;
use crate::app::rows::*;
use crate::app::service::{Service, Stop, Turn};
use crate::base::{Actor, MessageId, Role, Timestamp};
use crate::domain::duty::{Matter, letter_attention};
use crate::domain::profile::Urgency;
use crate::store::IndexError;

/// The most of each kind that a node's state shows of what presses, and of alarms that failed.
pub const MOST_SHOWN: usize = 50;

/// Exchanges that are looked at, where so many are over that too few are left.
const WALKED: usize = 10_000;

/// The exchanges in which something presses now, the most pressing first, at most `limit`.
fn pressing(
    service: &Service,
    turn: &Turn<'_>,
    limit: usize,
) -> Result<Vec<ExchangeRow>, IndexError> {
    let until = time_key(turn.now.plus(MILLISECOND));
    // The places alone: so many exchanges at once may be more than there is memory for.
    let (mut places, mut seen) = (Vec::new(), BTreeSet::new());
    let mut from = Vec::new();
    // What is over keeps its place although nothing is to be done about it.
    for _ in 0..WALKED.div_ceil(LOOKED_AT) {
        let page = turn
            .view
            .range::<MessageId>(ATTENTION, &from, Some(&until), LOOKED_AT)?;
        from = next_page(&page, LOOKED_AT);
        for (_, id) in page {
            seen.insert(id);
            places.extend(pressing_in(service, turn, id)?.map(|row| (place(&row), id)));
        }
        if from.is_empty() || places.len() >= LOOKED_AT {
            break;
        }
    }
    let told = service.alarms.set_back.told();
    for id in told.filter(|id| !seen.contains(id)).take(LOOKED_AT) {
        places.extend(pressing_in(service, turn, id)?.map(|row| (place(&row), id)));
    }
    places.sort_by_key(|(place, _)| *place);
    places.truncate(limit);
    let mut rows = Vec::new();
    for (_, id) in places {
        rows.extend(pressing_in(service, turn, id)?);
    }
    Ok(rows)
}

/// Where an exchange stands among those in which something presses: the lowest place is the first.
type Place = (Reverse<u8>, Urgency, Option<(Matter, Timestamp)>);

fn place(row: &ExchangeRow) -> Place {
    let first = row.pressing.first().map(|pressing| &pressing.attention);
    let level = first.map_or(0, |first| first.level);
    let matter = first.map(|first| (first.concern.matter, first.concern.since));
    (Reverse(level), row.exchange.request().urgency, matter)
}

/// The exchange, where something presses in it now.
fn pressing_in(
    service: &Service,
    turn: &Turn<'_>,
    id: MessageId,
) -> Result<Option<ExchangeRow>, IndexError> {
    let Some(mut row) = turn.view.row::<ExchangeRow>(EXCHANGE, &id.to_bytes())? else {
        return Ok(None);
    };
    look(service, turn, &mut row)?;
    Ok(Some(row).filter(|row| !row.pressing.is_empty()))
}

/// A list of the exchanges in which something presses now.
pub(in crate::app) fn list(
    service: &Service,
    turn: &Turn<'_>,
    limit: usize,
) -> Result<Reply, Stop> {
    let rows = pressing(service, turn, limit.clamp(1, LONGEST_PAGE))?;
    Ok(Reply::Exchanges(rows, None))
}

/// What presses, for whoever may know of it.
#[derive(Debug, Clone, Default)]
pub struct AllPressing {
    /// In exchanges, the most pressing first.
    pub exchanges: Vec<ExchangeRow>,
    /// About alerts, the newest first.
    pub alerts: Vec<AlertRow>,
    /// About letters that wait, the oldest first.
    pub letters: Vec<LetterRow>,
}

/// What presses, for whoever may know which exchanges and alerts there are.
pub(in crate::app) fn for_health(
    service: &Service,
    turn: &Turn<'_>,
    by: Actor,
) -> Result<AllPressing, IndexError> {
    match by.role {
        Role::Officer | Role::Releaser | Role::Contact | Role::Auditor | Role::Admin => {
            Ok(AllPressing {
                exchanges: pressing(service, turn, MOST_SHOWN)?,
                alerts: alerts::pressing(service, turn, MOST_SHOWN)?,
                letters: pressing_letters(service, turn, MOST_SHOWN)?,
            })
        }
        Role::Observer | Role::Node => Ok(AllPressing::default()),
    }
}

/// The urgent letters that wait for a person of this office, the oldest first, at most `limit`.
fn pressing_letters(
    service: &Service,
    turn: &Turn<'_>,
    limit: usize,
) -> Result<Vec<LetterRow>, IndexError> {
    let me = service.me.member;
    let nobody = Contact::default();
    let own = service.contact(me).unwrap_or(&nobody);
    let set_back = service.alarms.set_back.since(turn.now);
    let concern = |row: &LetterRow| {
        let levels = Levels::of_letter(row, set_back, turn.now);
        levels.concerns.into_iter().next()
    };
    let pressing = |mut row: LetterRow| {
        row.pressing = Some(Pressing {
            attention: letter_attention(concern(&row)?, &own.duty, turn.now),
            member: me,
            listed: own.listed.clone(),
            withheld: None,
        });
        Some(row)
    };
    let waiting = letters::urgent(turn)?.into_iter();
    Ok(waiting.filter_map(pressing).take(limit).collect())
}

/// Escalations that the alarm command failed to take, as far as that is on record.
pub(in crate::app) fn alarms_failed(turn: &Turn<'_>) -> Result<Vec<PendingAlarm>, IndexError> {
    let rows = turn
        .view
        .range::<PendingAlarm>(ALARM, &[], None, LOOKED_AT)?;
    let rows = rows.into_iter().map(|(_, row)| row);
    Ok(rows
        .filter(|row| row.failed.is_some())
        .take(MOST_SHOWN)
        .collect())
}
