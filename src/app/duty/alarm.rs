//! Alarms: an escalation is handed to a command that reaches a person, with ids alone, until the
//! command takes it. What is still to be handed over outlives the node.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::set_back::SetBack;
use super::unrecorded::is_number;
use super::{DutyChange, Subject};
use crate::app::change::{Change, Other};
use crate::app::input::Effect;
use crate::app::rows::*;
use crate::app::service::{Recorded, Service, Turn};
use crate::base::{Actor, Timestamp};
use crate::domain::duty::Matter;
use crate::store::IndexError;

/// Alarms that the command has at a time; the others follow.
const AT_ONCE: usize = 16;

/// Those of them that failed before. They are fewer than commands run at once: what is new waits for none
/// of them.
const AGAIN: usize = 3;

/// Rows that are read at a time.
const PAGE: usize = 256;

/// Tries after which a failure is recorded and shown. They go on.
const TRIES: u32 = 3;

/// How long to wait after the first failure; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(5);

/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How an escalation is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// It shows to whoever looks.
    #[default]
    Console,
    /// A command is run, too.
    Command,
}

/// An escalation for the alarm command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alarm {
    /// The entry of the escalation, or its number while the disk has no room for one.
    pub escalation: u64,
    /// What it is about.
    pub subject: Subject,
    /// The matter.
    pub matter: Matter,
    /// The level, from 1.
    pub level: u8,
    /// When it was escalated.
    pub at: Timestamp,
    /// Which try this is, from 1.
    pub attempt: u32,
}

/// How the alarm command failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlarmFault {
    /// It could not be started.
    NotStarted,
    /// It ended with another exit code than 0.
    Exit(i32),
    /// It was ended by a signal.
    Killed,
    /// It took too long, and was ended.
    TooSlow,
}

impl std::fmt::Display for AlarmFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotStarted => f.write_str("it could not be started"),
            Self::Exit(code) => write!(f, "it ended with exit code {code}"),
            Self::Killed => f.write_str("it was ended by a signal"),
            Self::TooSlow => f.write_str("it took too long"),
        }
    }
}

/// What came of running the alarm command.
pub type AlarmOutcome = Result<(), AlarmFault>;

/// What the service keeps in memory of alarms that are not taken yet.
#[derive(Debug, Default)]
pub struct Alarms {
    /// How escalations are told here.
    pub channel: Channel,
    tries: BTreeMap<u64, Try>,
    /// What the command took, and the log does not say yet for want of room.
    pub(super) taken: BTreeSet<u64>,
    pub(super) set_back: SetBack,
    /// Where the next look at what is due begins.
    pub(super) walked: Vec<u8>,
    /// The same for looks that record nothing.
    pub(super) walked_unrecorded: Vec<u8>,
}

#[derive(Debug)]
struct Try {
    attempts: u32,
    /// When to try again; none while it runs.
    next: Option<Timestamp>,
}

fn wait(attempts: u32) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(1 << attempts.saturating_sub(1).min(10));
    doubled.min(LONGEST_WAIT)
}

/// Alarms that the command has or may have now.
#[derive(Default)]
struct Due {
    /// How many it has.
    running: usize,
    /// How many of those failed before.
    running_again: usize,
    /// Those that were never tried.
    new: Vec<Alarm>,
    /// Those that failed before and have rested, and until when.
    again: Vec<(Timestamp, Alarm)>,
}

/// Hands over what is due.
pub(super) fn sound(service: &mut Service, turn: &mut Turn<'_>) -> Result<(), IndexError> {
    ring(service, turn, &[])
}

/// Hands over what is due, and `more` than is on record; first what was never tried.
pub(super) fn ring(
    service: &mut Service,
    turn: &mut Turn<'_>,
    more: &[(u64, PendingAlarm)],
) -> Result<(), IndexError> {
    if service.alarms.channel == Channel::Console {
        return Ok(());
    }
    let mut due = Due::default();
    let mut from = Vec::new();
    loop {
        let rows = turn.view.range::<PendingAlarm>(ALARM, &from, None, PAGE)?;
        for (key, row) in &rows {
            if let Some(entry) = key.first_chunk() {
                let escalation = u64::from_be_bytes(*entry);
                service.alarms.sort(escalation, row, turn.now, &mut due);
            }
        }
        match rows.last() {
            Some((last, _)) if rows.len() == PAGE => from = [last, [0].as_slice()].concat(),
            _ => break,
        }
    }
    for (escalation, row) in more {
        service.alarms.sort(*escalation, row, turn.now, &mut due);
    }
    let alarms = service.alarms.hand_over(due);
    turn.effects.extend(alarms.into_iter().map(Effect::Alarm));
    Ok(())
}

/// Takes in what came of an alarm.
pub(in crate::app) fn outcome(
    service: &mut Service,
    turn: &mut Turn<'_>,
    escalation: u64,
    outcome: AlarmOutcome,
) -> Result<(), IndexError> {
    let me = service.me.member;
    let row = turn
        .view
        .row::<PendingAlarm>(ALARM, &escalation.to_be_bytes())?;
    let now = turn.now;
    let alarms = &mut service.alarms;
    let change = match (outcome, row) {
        (Ok(()), Some(row)) => {
            alarms.tries.remove(&escalation);
            DutyChange::AlarmGiven {
                conversation: row.subject.conversation(),
                escalation,
            }
        }
        (Ok(()), None) => {
            alarms.tries.remove(&escalation);
            if is_number(escalation) {
                alarms.taken.insert(escalation);
            }
            return Ok(());
        }
        (Err(fault), row) => {
            let mut told = false;
            if let Some(tried) = alarms.tries.get_mut(&escalation) {
                tried.next = Some(now.plus(wait(tried.attempts)));
                told = tried.attempts < TRIES;
            }
            let Some(row) = row.filter(|row| !told && row.failed.is_none()) else {
                return Ok(());
            };
            DutyChange::AlarmFailed {
                conversation: row.subject.conversation(),
                escalation,
                fault,
            }
        }
    };
    turn.record(me, Actor::node(me), Change::Other(Other::Duty(change)))?;
    Ok(())
}

impl Alarms {
    /// Whether the command took an escalation of which the log does not say so.
    pub(super) fn took(&self, escalation: u64) -> bool {
        self.taken.contains(&escalation)
    }

    /// Puts an escalation where it belongs among those that are due, unless it rests or was taken.
    fn sort(&self, escalation: u64, row: &PendingAlarm, now: Timestamp, due: &mut Due) {
        if self.took(escalation) {
            return;
        }
        let alarm = Alarm {
            escalation,
            subject: row.subject,
            matter: row.matter,
            level: row.level,
            at: row.at,
            attempt: self.tries.get(&escalation).map_or(0, |t| t.attempts) + 1,
        };
        // A clock that was set back must not silence an alarm.
        let rests = |next: Timestamp| next > now && next.since(now) <= LONGEST_WAIT;
        match self.tries.get(&escalation) {
            None if row.failed.is_none() => due.new.push(alarm),
            None => due.again.push((row.at, alarm)),
            Some(Try {
                next: None,
                attempts,
            }) => {
                due.running += 1;
                due.running_again += usize::from(*attempts > 1 || row.failed.is_some());
            }
            Some(Try {
                next: Some(next), ..
            }) if rests(*next) => (),
            Some(Try {
                next: Some(next), ..
            }) => due.again.push((*next, alarm)),
        }
    }

    /// The alarms that the command gets now. Of those that failed before, those that have rested longest.
    fn hand_over(&mut self, mut due: Due) -> Vec<Alarm> {
        due.again.sort_by_key(|(rested, _)| *rested);
        let again = due.again.into_iter().map(|(_, alarm)| alarm);
        let again = again.take(AGAIN.saturating_sub(due.running_again));
        let room = AT_ONCE.saturating_sub(due.running);
        let alarms: Vec<Alarm> = due.new.into_iter().chain(again).take(room).collect();
        for alarm in &alarms {
            let tried = Try {
                attempts: alarm.attempt,
                next: None,
            };
            self.tries.insert(alarm.escalation, tried);
        }
        alarms
    }

    /// The append did not happen: what was to be handed over was not, and is due again, and what the
    /// command took is to be recorded still. `size` is that of the log.
    pub(in crate::app) fn turned_down(
        &mut self,
        size: u64,
        recorded: &[Recorded],
        effects: &[Effect],
    ) {
        self.set_back.look_anew();
        self.walked.clear();
        for effect in effects {
            let Effect::Alarm(alarm) = effect else {
                continue;
            };
            match self.tries.get_mut(&alarm.escalation) {
                Some(tried) if tried.attempts > 1 => {
                    tried.attempts -= 1;
                    tried.next = Some(alarm.at);
                }
                _ => {
                    self.tries.remove(&alarm.escalation);
                }
            }
        }
        for recorded in recorded {
            if let Change::Other(Other::Duty(DutyChange::AlarmGiven { escalation, .. })) =
                &recorded.change
                // The entry of an escalation that could not be written either will be another's.
                && *escalation < size
            {
                self.taken.insert(*escalation);
            }
        }
    }
}
