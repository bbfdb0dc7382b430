//! What the index keeps of who has to know: rows that follow from the log alone.

use super::{Channel, DutyChange, Subject, Told, tell};
use crate::app::letters::on_letter;
use crate::app::project::{Projected, on_alert, on_conversation, on_exchange};
use crate::app::rows::*;
use crate::app::view::View;
use crate::base::{MessageId, Timestamp};
use crate::domain::duty::{CallMade, LooseEnd, LooseState, Matter};
use crate::store::{IndexError, Table};

/// Calls that an exchange or alert remembers for what follows from them.
const MOST_CALLS: usize = 64;

/// The tables that have exchanges in an order.
const ORDERED: [Table; 4] = [EXCHANGE_ORDER, EXCHANGE_DUE, ATTENTION, ESCALATION];

/// The keys of an exchange in [`ORDERED`], where it has one.
pub(in crate::app) struct Places([Option<Vec<u8>>; 4]);

impl Places {
    /// Those of an exchange as it is now.
    pub(in crate::app) fn of(row: &ExchangeRow) -> Self {
        let (appears, next) = row.moments();
        let key = |at: Option<Timestamp>| at.map(|at| timed_key(at, row.id));
        let order = order_key(row.outgoing, row.updated, row.id);
        let due = due_key(row.outgoing, &row.exchange, row.updated);
        Self([Some(order), Some(due), key(appears), key(next)])
    }
}

/// Writes an exchange's row, and its places. `before` are those that it had, if it had a row.
pub(in crate::app) fn put_exchange(view: &mut View<'_>, before: Option<Places>, row: ExchangeRow) {
    let id = row.id;
    let Places(after) = Places::of(&row);
    let before = before.map(|Places(before)| before).unwrap_or_default();
    for (table, (was, is)) in ORDERED.into_iter().zip(before.into_iter().zip(after)) {
        if was == is {
            continue;
        }
        if let Some(was) = was {
            view.delete(table, was);
        }
        if let Some(is) = is {
            view.add(table, is, id);
        }
    }
    view.put(EXCHANGE, id.to_bytes().to_vec(), row);
}

/// Notes that a message is not where it should be, in place of what was known of it.
pub(in crate::app) fn loose(
    row: &mut ExchangeRow,
    message: MessageId,
    since: Timestamp,
    state: LooseState,
) {
    no_longer_loose(row, message);
    row.duty.loose.push(LooseEnd {
        message,
        since,
        state,
    });
}

/// Notes that a message is where it should be.
pub(in crate::app) fn no_longer_loose(row: &mut ExchangeRow, message: MessageId) {
    row.duty.loose.retain(|end| end.message != message);
}

fn push_call<T>(calls: &mut Vec<T>, made: T) {
    calls.push(made);
    calls.drain(..calls.len().saturating_sub(MOST_CALLS));
}

/// Writes the rows that follow from who was told or called.
pub(in crate::app) fn record(
    view: &mut View<'_>,
    p: &Projected<'_>,
    change: &DutyChange,
) -> Result<(), IndexError> {
    let alarm = |escalation: u64| escalation.to_be_bytes().to_vec();
    let id = change.conversation();
    match change {
        DutyChange::Escalated {
            matter,
            since,
            level,
            by,
            ..
        } => {
            let told = Told {
                matter: *matter,
                since: *since,
                level: *level,
                at: p.at,
            };
            let subject = if *matter == Matter::Waiting {
                on_letter(view, p, id, |row| tell(&mut row.told, told, |_| false))?;
                Subject::Letter(id)
            } else if on_exchange(view, id, p, |row| tell(&mut row.duty.told, told, |_| false))? {
                Subject::Exchange(id)
            } else {
                on_alert(view, id, p, |row| row.tell(told))?;
                Subject::Alert(id)
            };
            if *by == Channel::Command {
                let row = PendingAlarm {
                    subject,
                    matter: *matter,
                    level: *level,
                    at: p.at,
                    failed: None,
                };
                view.put(ALARM, alarm(p.entry), row);
            }
        }
        DutyChange::Called { call, member, .. } => {
            let made = CallMade {
                at: p.at,
                outcome: call.outcome,
            };
            match member {
                None => on_exchange(view, id, p, |row| push_call(&mut row.duty.calls, made))?,
                Some(called) => on_alert(view, id, p, |row| {
                    push_call(&mut row.calls, (*called, made))
                })?,
            };
        }
        DutyChange::AlarmGiven { escalation, .. } => {
            let taken = view.row::<PendingAlarm>(ALARM, &alarm(*escalation))?;
            view.delete(ALARM, alarm(*escalation));
            on_subject(view, id, p, taken.map(|row| row.subject))?;
        }
        DutyChange::AlarmFailed {
            escalation, fault, ..
        } => {
            let failed = view.row::<PendingAlarm>(ALARM, &alarm(*escalation))?;
            on_subject(view, id, p, failed.as_ref().map(|row| row.subject))?;
            if let Some(mut row) = failed {
                row.failed = Some(*fault);
                view.put(ALARM, alarm(*escalation), row);
            }
        }
    }
    Ok(())
}

/// Adds an entry about an alarm to what the alarm is about.
fn on_subject(
    view: &mut View<'_>,
    id: MessageId,
    p: &Projected<'_>,
    subject: Option<Subject>,
) -> Result<(), IndexError> {
    match subject {
        Some(Subject::Letter(letter)) => on_letter(view, p, letter, |_| ()),
        Some(Subject::Exchange(_) | Subject::Alert(_)) | None => on_conversation(view, id, p),
    }
}
