//! Alarms: an escalation is handed to a command that reaches a person, with ids alone, until the
//! command takes it. What is still to be handed over outlives the node.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{DutyChange, Subject};
use crate::app::change::{Change, Other};
use crate::app::input::Effect;
use crate::app::rows::*;
use crate::app::service::{Service, Turn};
use crate::base::{Actor, Timestamp};
use crate::domain::duty::Matter;
use crate::store::IndexError;

/// Alarms that are handed over at a time; the others follow.
const AT_ONCE: usize = 16;

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
    /// The entry of the escalation.
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

/// Hands over what is due.
pub(in crate::app) fn sound(service: &mut Service, turn: &mut Turn<'_>) -> Result<(), IndexError> {
    if service.alarms.channel == Channel::Console {
        return Ok(());
    }
    let rows = turn.view.range::<PendingAlarm>(ALARM, &[], None, AT_ONCE)?;
    for (key, row) in rows {
        let Some(escalation) = key.first_chunk().map(|entry| u64::from_be_bytes(*entry)) else {
            continue;
        };
        let tried = service.alarms.tries.entry(escalation).or_insert(Try {
            attempts: 0,
            next: Some(turn.now),
        });
        // A clock that was set back must not silence an alarm.
        let waits = |next: Timestamp| next > turn.now && next.since(turn.now) <= LONGEST_WAIT;
        if tried.next.is_none_or(waits) {
            continue;
        }
        tried.next = None;
        tried.attempts += 1;
        turn.effects.push(Effect::Alarm(Alarm {
            escalation,
            subject: row.subject,
            matter: row.matter,
            level: row.level,
            at: row.at,
            attempt: tried.attempts,
        }));
    }
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
    let Some(row) = turn
        .view
        .row::<PendingAlarm>(ALARM, &escalation.to_be_bytes())?
    else {
        return Ok(());
    };
    let (Subject::Exchange(conversation) | Subject::Alert(conversation)) = row.subject;
    let change = match outcome {
        Ok(()) => {
            service.alarms.tries.remove(&escalation);
            DutyChange::AlarmGiven {
                conversation,
                escalation,
            }
        }
        Err(fault) => {
            let mut told = row.failed.is_some();
            if let Some(tried) = service.alarms.tries.get_mut(&escalation) {
                tried.next = Some(turn.now.plus(wait(tried.attempts)));
                told |= tried.attempts < TRIES;
            }
            if told {
                return Ok(());
            }
            DutyChange::AlarmFailed {
                conversation,
                escalation,
                fault,
            }
        }
    };
    turn.record(me, Actor::node(me), Change::Other(Other::Duty(change)))?;
    Ok(())
}

impl Alarms {
    /// The append did not happen, so nothing was handed over: it is tried again.
    pub(in crate::app) fn turned_down(&mut self) {
        self.tries.clear();
    }
}
