//! What people ask for: to keep something for less long, and to erase it now.

use crate::app::change::{Change, Other};
use crate::app::content::read_change;
use crate::app::corrections::is_owed;
use crate::app::error::AppError;
use crate::app::input::Reply;
use crate::app::letters::{LetterRow, letters_in};
use crate::app::rows::*;
use crate::app::service::{Service, Stop, Turn};
use crate::base::{Actor, MessageId};
use crate::domain::FieldError;
use crate::domain::alert::AlertState;
use crate::domain::message::Kind;
use crate::domain::retention::kept_for;
use crate::domain::rfi::{Exchange, Refused, Remedy};
use crate::store::IndexError;

use super::retention_row;

/// The longest reason, in characters.
const LONGEST_REASON: usize = 2_000;

/// Keeps a conversation for fewer days than its originators set.
pub(in crate::app) fn shorten(
    service: &Service,
    turn: &mut Turn<'_>,
    by: Actor,
    conversation: MessageId,
    days: u32,
) -> Result<Reply, Stop> {
    let thread = thread(turn, conversation)?;
    if thread.iter().any(|entry| *entry >= turn.log.size()) {
        return Err(Stop::NotYet);
    }
    let row = retention_row(&turn.view, conversation)?;
    let mut longest = 0;
    for entry in thread {
        let record = turn.log.read(entry)?;
        let (_, change) = read_change(&record.content).map_err(|_| AppError::Log)?;
        if let Change::Sent(message) | Change::Received(message, _) = change {
            longest = longest.max(kept_for(&message.header.handling, row.days));
        }
    }
    if days == 0 || days >= longest {
        let what = format!(
            "is 1 to {}: it is kept for {longest} days, which may be shortened and never lengthened",
            longest.saturating_sub(1).max(1)
        );
        return Err(fault("days", "not-allowed", what));
    }
    let shortened = Other::RetentionShortened { conversation, days };
    turn.record(service.me.member, by, Change::Other(shortened))?;
    Ok(Reply::Done)
}

/// Has a conversation erased that is over, for a reason that stays here.
pub(in crate::app) fn order(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    conversation: MessageId,
    reason: &str,
) -> Result<Reply, Stop> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(fault("reason", "required", "must not be empty"));
    }
    if reason.chars().count() > LONGEST_REASON {
        let what = format!("has at most {LONGEST_REASON} characters");
        return Err(fault("reason", "too-long", what));
    }
    thread(turn, conversation)?;
    let key = conversation.to_bytes();
    if let Some(row) = turn.view.row::<ExchangeRow>(EXCHANGE, &key)? {
        if row.exchange.state().is_open() {
            return Err(AppError::NotNow(Refused::State(row.exchange.state())).into());
        }
        if is_owed(service, &row, turn.now) {
            return Err(AppError::StillOwed.into());
        }
    }
    if letters_in(turn, conversation)?
        .iter()
        .any(LetterRow::is_open)
    {
        return Err(AppError::StillOwed.into());
    }
    if let Some(row) = turn.view.row::<AlertRow>(ALERT, &key)?
        && row.alert.state(turn.now) == AlertState::Current
    {
        return Err(AppError::StillHolds.into());
    }
    let ordered = Other::ErasureOrdered {
        conversation,
        message: None,
        reason: reason.to_owned(),
    };
    turn.record(service.me.member, by, Change::Other(ordered))?;
    service.erasure.order(conversation);
    Ok(Reply::Done)
}

/// The message that somebody here has seen to at its author's wish, by acknowledging the correction
/// of this id, which says that it is to be erased.
fn wanted(exchange: &Exchange, correction: MessageId) -> Option<MessageId> {
    let mut told = exchange.corrections().into_iter();
    let told = told.find(|told| told.id == correction && told.by != exchange.side())?;
    let seen_to = told.acknowledged.is_some() && told.remedy == Remedy::Erase;
    let mut said = exchange.said().into_iter();
    // A correction may still have to be passed on.
    let by_author = said
        .any(|said| said.id == told.message && said.by == told.by && said.kind != Kind::Correction);
    (seen_to && by_author).then_some(told.message)
}

/// Has the message erased that a correction wants erased, where somebody here has seen to it, and the
/// own requests that passed it on, once they are over.
pub(in crate::app) fn order_wanted(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    (conversation, correction): (MessageId, MessageId),
) -> Result<(), IndexError> {
    let row = turn
        .view
        .row::<ExchangeRow>(EXCHANGE, &conversation.to_bytes())?;
    let Some(row) = row else {
        return Ok(());
    };
    let Some(wanted) = wanted(&row.exchange, correction) else {
        return Ok(());
    };
    let carriers = row
        .forwards
        .iter()
        .filter(|passed| passed.message == wanted);
    let carriers = carriers.map(|passed| (passed.exchange, passed.exchange));
    for (conversation, message) in std::iter::once((conversation, wanted)).chain(carriers) {
        let ordered = Other::ErasureOrdered {
            conversation,
            message: Some(message),
            reason: String::new(),
        };
        turn.record(service.me.member, by, Change::Other(ordered))?;
        service.erasure.order(conversation);
    }
    Ok(())
}

/// The entries of an exchange or alert.
fn thread(turn: &Turn<'_>, conversation: MessageId) -> Result<Vec<u64>, Stop> {
    let key = conversation.to_bytes();
    if let Some(row) = turn.view.row::<ExchangeRow>(EXCHANGE, &key)? {
        return Ok(row.thread);
    }
    let row = turn.view.row::<AlertRow>(ALERT, &key)?;
    let row = row.ok_or(AppError::NotFound("exchange or alert"))?;
    Ok(row.thread)
}

fn fault(path: &str, code: &'static str, what: impl Into<String>) -> Stop {
    let fault = FieldError {
        path: path.to_owned(),
        code,
        what: what.into(),
    };
    AppError::Invalid(vec![fault]).into()
}
