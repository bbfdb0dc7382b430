//! Reading letters: the list of what somebody has to see to, and one letter with its content.

use super::LetterReply;
use super::change::{Held, LetterChange};
use super::decide;
use super::draft::Draft;
use super::hold::letter_row;
use super::rows::{LETTER, LETTER_IN, LETTER_OPEN, LetterRow, LetterState, ROUTINE};
use crate::app::change::{Change, Other};
use crate::app::content::read_change;
use crate::app::error::AppError;
use crate::app::input::{Attached, Reply};
use crate::app::read::{consult, thread};
use crate::app::respond::exchange_row;
use crate::app::rows::{MESSAGE, MessageRow, message_key};
use crate::app::service::{Service, Stop, Turn};
use crate::base::{Actor, MessageId};
use crate::store::IndexError;

/// The most letters that one list shows.
const MOST_LISTED: usize = 1_000;

/// The most letters that are shown of one exchange.
const MOST_IN: usize = 100;

/// The letters that somebody has to see to, the most urgent first.
pub(in crate::app) fn open(turn: &Turn<'_>) -> Result<Vec<LetterRow>, Stop> {
    Ok(opened(turn, None)?)
}

/// The urgent ones among them.
pub(in crate::app) fn urgent(turn: &Turn<'_>) -> Result<Vec<LetterRow>, IndexError> {
    opened(turn, Some(&ROUTINE))
}

/// Those whose keys come before `until`.
fn opened(turn: &Turn<'_>, until: Option<&[u8]>) -> Result<Vec<LetterRow>, IndexError> {
    let keys = turn
        .view
        .range::<MessageId>(LETTER_OPEN, &[], until, MOST_LISTED)?;
    let mut rows = Vec::new();
    for (_, id) in keys {
        rows.extend(turn.view.row::<LetterRow>(LETTER, &id.to_bytes())?);
    }
    Ok(rows)
}

/// Those of them in a state, or all.
pub(super) fn list(turn: &Turn<'_>, state: Option<LetterState>) -> Result<Reply, Stop> {
    let mut rows = open(turn)?;
    rows.retain(|row| state.is_none_or(|state| row.state == state));
    Ok(Reply::Letters(Box::new(LetterReply::Letters(rows))))
}

/// The letter of this id, or the latest that one of its messages would be.
pub(super) fn found(turn: &Turn<'_>, id: MessageId) -> Result<LetterRow, Stop> {
    if let Some(row) = turn.view.row::<LetterRow>(LETTER, &id.to_bytes())? {
        return Ok(row);
    }
    let of = letters_in(turn, id)?.into_iter().next_back();
    of.ok_or_else(|| AppError::NotFound("letter").into())
}

/// The letters of an exchange or alert, or those that this message would be of.
pub(in crate::app) fn letters_in(turn: &Turn<'_>, of: MessageId) -> Result<Vec<LetterRow>, Stop> {
    let found = turn
        .view
        .prefix::<MessageId>(LETTER_IN, &of.to_bytes(), MOST_IN)?;
    let mut rows = Vec::new();
    for (_, id) in found {
        rows.extend(turn.view.row::<LetterRow>(LETTER, &id.to_bytes())?);
    }
    Ok(rows)
}

/// One letter; reading it is recorded as a consultation.
pub(in crate::app) fn read(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    id: MessageId,
) -> Result<Reply, Stop> {
    let row = found(turn, id)?;
    let held = held(turn, &row)?;
    let emergency = decide::may_leave_alone(turn, &row)?;
    let consulted = Other::Consulted {
        conversation: row.conversation.unwrap_or(row.id),
    };
    turn.record(service.me.member, by, Change::Other(consulted))?;
    Ok(Reply::Letters(Box::new(LetterReply::Letter {
        row: Box::new(row),
        content: held.content,
        salt: held.salt,
        emergency,
    })))
}

/// What a letter passes on, corrects, replaces or decides on, in the exchange in which it was said, and
/// what that one is about where it corrects something or asks for a permission. Reading it is recorded
/// as a consultation.
pub(super) fn on_record(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    id: MessageId,
) -> Result<Reply, Stop> {
    let missing = || Stop::Error(AppError::NotFound("message"));
    let row = found(turn, id)?;
    let draft = held(turn, &row)?.draft().ok_or_else(missing)?;
    let (exchange, message) = draft.on_record(row.conversation).ok_or_else(missing)?;
    let row = exchange_row(turn, exchange)?;
    // Either side chooses the ids of what it says: only what the other one said is passed on, and it
    // asks leave only for what this one said.
    let here = row.exchange.side();
    let there = here.other();
    let mut messages = Vec::new();
    match draft {
        Draft::Forward(_) => messages.push((message, Some(there))),
        Draft::PassOn { .. } => {
            messages.push((message, Some(there)));
            let told = row.exchange.corrections().into_iter();
            let told = told.filter(|told| told.id == message);
            messages.extend(told.map(|told| (told.message, Some(there))));
        }
        Draft::DecidePermission { .. } => {
            messages.push((message, Some(there)));
            let asked = row.exchange.permissions().into_iter();
            let asked = asked.filter(|asked| asked.id == message);
            messages.extend(asked.map(|asked| (asked.terms.message, Some(here))));
        }
        Draft::Request { .. }
        | Draft::Say { .. }
        | Draft::Supersede { .. }
        | Draft::Correct { .. }
        | Draft::Alert { .. }
        | Draft::OnAlert { .. } => messages.push((message, None)),
    }
    let said = row.exchange.said();
    let mut entries = Vec::new();
    for (message, by) in messages {
        let mut fitting = said.iter().filter(|said| said.id == message);
        let said = fitting.find(|said| by.is_none_or(|by| said.by == by));
        let author = match said.ok_or_else(missing)?.by == here {
            true => service.me.member,
            false => row.peer,
        };
        let key = message_key(author, message);
        let known = turn.view.row::<MessageRow>(MESSAGE, &key)?;
        entries.push(known.ok_or_else(missing)?.entry);
    }
    let items = thread(turn, &entries)?;
    consult(service, turn, by, row.id, &items)?;
    Ok(Reply::Thread(Box::new(row), items))
}

/// A letter as it was written.
pub(super) fn held(turn: &Turn<'_>, row: &LetterRow) -> Result<Held, Stop> {
    if row.entry >= turn.log.size() {
        return Err(Stop::NotYet);
    }
    let record = turn.log.read(row.entry)?;
    let (_, change) = read_change(&record.content).map_err(|_| AppError::Log)?;
    match change {
        Change::Other(Other::Letter(LetterChange::Held(held))) => Ok(*held),
        Change::Sent(_) | Change::Received(..) | Change::ReceiptKept(_) | Change::Other(_) => {
            Err(AppError::Log.into())
        }
    }
}

/// An attachment of a message that waits as a letter, with the exchange that it belongs to.
pub(in crate::app) fn attached(
    turn: &Turn<'_>,
    message: MessageId,
    index: u16,
) -> Result<(MessageId, Attached), Stop> {
    let missing = || Stop::Error(AppError::NotFound("attachment"));
    let row = found(turn, message).map_err(|_| missing())?;
    let row = letter_row(turn, row.id)?;
    let held = held(turn, &row)?;
    let draft = held.draft().ok_or_else(missing)?;
    let files = draft.attached().into_iter().find(|(id, _)| *id == message);
    let (_, files) = files.ok_or_else(missing)?;
    let file = files.get(usize::from(index)).ok_or_else(missing)?;
    Ok((row.conversation.unwrap_or(message), file.clone()))
}
