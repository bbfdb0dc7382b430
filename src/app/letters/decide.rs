//! What a second person decides about a letter, and what follows.

use super::LetterFault;
use super::change::{Held, LetterChange};
use super::gates::judge;
use super::hold::{leave, letter_row};
use super::read::held;
use super::rows::{LETTER, LETTER_OPEN, LetterRow, LetterState, PERSON, PersonRow, policy};
use crate::app::change::{Change, Other};
use crate::app::error::AppError;
use crate::app::service::{Service, Stop, Turn};
use crate::base::{Actor, MessageId};
use crate::seal::person::{DecisionKind, SignedDecision, reason_digest};
use crate::store::IndexError;

/// The longest reason, in characters.
const LONGEST_REASON: usize = 5_000;

/// A person's decision about a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decide {
    /// The letter.
    pub letter: MessageId,
    /// The decision, under a signature that holds.
    pub signed: SignedDecision,
    /// Why.
    pub reason: Option<String>,
}

/// Records a decision, and lets the letter leave if nothing else holds it back.
pub(super) fn decide(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    decide: &Decide,
) -> Result<LetterRow, Stop> {
    let row = letter_row(turn, decide.letter)?;
    let held = held(turn, &row)?;
    let key = signed_by(service, turn, by, decide, &row, &held)?;
    may(turn, by, decide, &row)?;
    let text = decide.signed.text();
    let decided = LetterChange::Decided {
        letter: row.id,
        entry: row.entry,
        digest: row.digest,
        kind: text.kind,
        by: by.person,
        key,
        reason: decide.reason.clone(),
        reason_digest: text.reason,
        signature: decide.signed.signature().clone(),
    };
    let mark = turn.mark();
    record(service, turn, by, decided)?;
    if text.kind != DecisionKind::Review
        && let Err(stop) = go_on(service, turn, by, &row, &held)
    {
        turn.take_back(&mark);
        return Err(stop);
    }
    letter_row(turn, row.id)
}

/// Lets a letter leave, or says what else it waits for.
fn go_on(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    row: &LetterRow,
    held: &Held,
) -> Result<(), Stop> {
    let draft = held.draft().ok_or(AppError::Log)?;
    let mark = turn.mark();
    leave(service, turn, row, draft, &mark)?;
    let judged = judge(service, turn, &mark)?;
    let now = letter_row(turn, row.id)?;
    let wants_release = row.wants_release || judged.wants_release;
    let state = if wants_release && !now.is_released() {
        LetterState::InReview
    } else if !judged.stops.is_empty() && !now.is_cleared() {
        LetterState::Stopped
    } else {
        return Ok(());
    };
    turn.take_back(&mark);
    let waits = LetterChange::Waits {
        letter: row.id,
        state,
        stops: judged.stops,
    };
    record(service, turn, by, waits)
}

/// Checks that the signature is about this very letter, and gives the entry of the person's keys.
fn signed_by(
    service: &Service,
    turn: &Turn<'_>,
    by: Actor,
    decide: &Decide,
    row: &LetterRow,
    held: &Held,
) -> Result<u64, Stop> {
    let text = decide.signed.text();
    let reason = decide.reason.as_deref();
    if let Some(reason) = reason {
        check_reason(reason)?;
    }
    let about_this = text.node == service.me
        && text.letter == row.digest
        && text.drafter == row.by.person
        && text.by == by.person
        && text.reason == reason_digest(&held.salt, reason);
    if !about_this {
        return Err(refused(LetterFault::OtherDecision));
    }
    let person =
        |person: crate::base::PersonId| turn.view.row::<PersonRow>(PERSON, &person.to_bytes());
    let own = person(by.person)?.filter(|own| own.keys.contains(decide.signed.key()));
    let own = own.ok_or_else(|| refused(LetterFault::NoKey))?;
    let drafters = person(row.by.person)?;
    let another = by.person != row.by.person;
    if another
        && drafters.is_some_and(|drafters| drafters.keys.iter().any(|key| own.keys.contains(key)))
    {
        return Err(refused(LetterFault::OneKey));
    }
    Ok(own.entry)
}

/// Whether this person may decide this now.
fn may(turn: &Turn<'_>, by: Actor, decide: &Decide, row: &LetterRow) -> Result<(), Stop> {
    let kind = decide.signed.text().kind;
    let wanted = match kind {
        DecisionKind::Release | DecisionKind::Emergency => LetterState::InReview,
        DecisionKind::Clear => LetterState::Stopped,
        DecisionKind::Review => row.state,
    };
    if row.state != wanted {
        return Err(refused(LetterFault::State(row.state)));
    }
    let own = by.person == row.by.person;
    match kind {
        DecisionKind::Release if own => Err(refused(LetterFault::OwnLetter)),
        DecisionKind::Release => Ok(()),
        DecisionKind::Clear if own => Err(refused(LetterFault::OwnLetter)),
        DecisionKind::Clear => with_reason(decide),
        DecisionKind::Emergency => {
            with_reason(decide)?;
            emergency(turn, row)
        }
        DecisionKind::Review => {
            with_reason(decide)?;
            let made = row.decision(DecisionKind::Emergency);
            let theirs = made.is_some_and(|made| made.by != by.person);
            match (own, row.is_unreviewed() && theirs) {
                (true, _) => Err(refused(LetterFault::OwnLetter)),
                (false, true) => Ok(()),
                (false, false) => Err(refused(LetterFault::NothingToReview)),
            }
        }
    }
}

/// Whether the letter waits for its release, and may leave without a second person now.
pub(super) fn may_leave_alone(turn: &Turn<'_>, row: &LetterRow) -> Result<bool, Stop> {
    if row.state != LetterState::InReview {
        return Ok(false);
    }
    match emergency(turn, row) {
        Ok(()) => Ok(true),
        Err(Stop::Error(AppError::Letter(_))) => Ok(false),
        Err(stop) => Err(stop),
    }
}

/// Refuses that the letter leaves without a second person, where it may not or not yet.
fn emergency(turn: &Turn<'_>, row: &LetterRow) -> Result<(), Stop> {
    if !row.life {
        return Err(refused(LetterFault::NotLife));
    }
    let after = policy(&turn.view)?.emergency_after();
    let after = after.ok_or_else(|| refused(LetterFault::NoEmergency))?;
    let from = row.at.plus(after);
    match turn.now < from {
        true => {
            let minutes = from.since(turn.now).as_secs().div_ceil(60);
            Err(refused(LetterFault::TooEarly(minutes.max(1))))
        }
        false => Ok(()),
    }
}

/// Gives a letter back to who wrote it.
pub(super) fn give_back(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    letter: MessageId,
    reason: &str,
) -> Result<LetterRow, Stop> {
    let row = letter_row(turn, letter)?;
    check_reason(reason)?;
    match row.state {
        LetterState::InReview | LetterState::Stopped => (),
        LetterState::Returned if row.returned == Some((by.person, reason.to_owned())) => {
            return Ok(row);
        }
        LetterState::Left | LetterState::Returned | LetterState::Discarded => {
            return Err(refused(LetterFault::State(row.state)));
        }
    }
    let returned = LetterChange::Returned {
        letter,
        by: by.person,
        reason: reason.to_owned(),
    };
    record(service, turn, by, returned)?;
    letter_row(turn, letter)
}

/// What is said of the letters that a node gives back itself once it was restored.
const RESTORED: &str = "The node was restored from a backup, after which this may have left. See whether \
                        it comes back from the members before you write it anew.";

/// Gives every letter that waits back to who wrote it: in a log that goes on from a backup it may have
/// been released already, and would leave a second time.
pub(in crate::app) fn give_all_back(
    service: &Service,
    turn: &mut Turn<'_>,
) -> Result<(), IndexError> {
    let me = service.me.member;
    let open = turn
        .view
        .range::<MessageId>(LETTER_OPEN, &[], None, usize::MAX)?;
    for (_, letter) in open {
        let row = turn.view.row::<LetterRow>(LETTER, &letter.to_bytes())?;
        let waits =
            |row: &LetterRow| matches!(row.state, LetterState::InReview | LetterState::Stopped);
        if row.is_some_and(|row| waits(&row)) {
            let by = Actor::node(me);
            let change = LetterChange::Returned {
                letter,
                by: by.person,
                reason: RESTORED.to_owned(),
            };
            turn.record(me, by, Change::Other(Other::Letter(change)))?;
        }
    }
    Ok(())
}

/// Throws a letter away: who wrote it may, and anybody once it was given back.
pub(super) fn discard(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    letter: MessageId,
) -> Result<LetterRow, Stop> {
    let row = letter_row(turn, letter)?;
    let own = row.by.person == by.person;
    match row.state {
        LetterState::Returned => (),
        LetterState::InReview | LetterState::Stopped if own => (),
        LetterState::Discarded => return Ok(row),
        LetterState::InReview | LetterState::Stopped | LetterState::Left => {
            return Err(refused(LetterFault::State(row.state)));
        }
    }
    record(service, turn, by, LetterChange::Discarded { letter })?;
    letter_row(turn, letter)
}

fn record(
    service: &Service,
    turn: &mut Turn<'_>,
    by: Actor,
    change: LetterChange,
) -> Result<(), Stop> {
    let change = Change::Other(Other::Letter(change));
    turn.record(service.me.member, by, change)?;
    Ok(())
}

fn with_reason(decide: &Decide) -> Result<(), Stop> {
    match decide.reason {
        Some(_) => Ok(()),
        None => Err(refused(LetterFault::Reason)),
    }
}

fn check_reason(reason: &str) -> Result<(), Stop> {
    let length = reason.chars().count();
    match !reason.trim().is_empty() && length <= LONGEST_REASON {
        true => Ok(()),
        false => Err(refused(LetterFault::Reason)),
    }
}

fn refused(fault: LetterFault) -> Stop {
    Stop::Error(fault.into())
}
