//! The clock that runs for the asked side: its limit, pauses, derogation and end. What it shows
//! now is derived each time, never kept.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Access, Limit, Profile, Urgency};
use crate::base::Timestamp;

/// A time in which the clock stands still, since the asking side owes a clarification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// When it began.
    pub began: Timestamp,
    /// When it ended; none while it lasts.
    pub ended: Option<Timestamp>,
}

/// A derogation from the limit: a judicial authorisation is awaited
/// (Directive (EU) 2023/977 Art. 5(2)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Derogation {
    /// When it was said.
    pub since: Timestamp,
    /// When the answer is expected.
    pub expected: Timestamp,
    /// Its ground.
    pub reason: String,
}

/// How pressing a limit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pressure {
    /// There is time, or nothing is owed now.
    None,
    /// At most a quarter of the limit is left.
    DueSoon,
    /// It ran out.
    Overdue,
    /// It ran out so long ago that somebody else has to know, from level 1 up.
    Escalated(u8),
}

impl std::fmt::Display for Pressure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.pad("none"),
            Self::DueSoon => f.pad("due-soon"),
            Self::Overdue => f.pad("overdue"),
            Self::Escalated(level) => f.pad(&format!("escalated-{level}")),
        }
    }
}

/// A quarter of the limit is left when it is due soon; quarters of it measure escalation.
const QUARTERS: u32 = 4;

/// How many quarters of the limit each level of escalation comes after its end, from level 1 up.
const ESCALATION: [u32; ESCALATION_STEPS] = [1, 2, 4];

/// How many levels of escalation there are.
pub const ESCALATION_STEPS: usize = 3;

/// When each level of escalation comes, from level 1 up, where a limit of this length ended.
pub fn escalation(end: Timestamp, limit: Duration) -> [Timestamp; ESCALATION_STEPS] {
    ESCALATION.map(|quarters| end.plus(limit / QUARTERS * quarters))
}

/// The moments of a clock that runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moments {
    /// From when on it is due soon.
    pub soon: Timestamp,
    /// From when on it is overdue: just after its end.
    pub overdue: Timestamp,
    /// When each level of escalation comes, from level 1 up.
    pub escalates: [Timestamp; ESCALATION_STEPS],
}

/// A limit that runs from the receipt by the asked side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// The profile that sets it.
    pub profile: Profile,
    /// What it asks for.
    pub limit: Limit,
    /// When it began.
    pub started: Timestamp,
    /// How long the profile gives; pauses and the derogation add nothing to it.
    pub time: Duration,
    /// When it ends, all pauses that are over and the derogation counted in.
    pub due: Timestamp,
    /// Its pauses, in order; only the last may be open.
    pub pauses: Vec<Pause>,
    /// The derogation, where one was announced; the latest word counts.
    pub derogation: Option<Derogation>,
    /// When the answer, the refusal or another end stopped it.
    pub stopped: Option<Timestamp>,
}

impl Clock {
    /// The clock from the receipt on: until acceptance the class's shortest limit runs.
    pub fn start(profile: Profile, urgency: Urgency, received: Timestamp) -> Self {
        let limits = profile.limits(urgency);
        let (limit, time) = match limits.acknowledge {
            Some(acknowledge) => (Limit::Acknowledge, acknowledge),
            None => (Limit::Answer, limits.shortest()),
        };
        Self {
            profile,
            limit,
            started: received,
            time,
            due: received.plus(time),
            pauses: Vec::new(),
            derogation: None,
            stopped: None,
        }
    }

    /// The clock after a part of the answer came without acceptance: that acknowledges the request,
    /// but does not say how the rest is reached, so the shorter limit runs.
    #[must_use]
    pub fn acknowledged(self, urgency: Urgency) -> Self {
        let time = self.profile.limits(urgency).shortest();
        self.answers_within(time)
    }

    /// The clock after acceptance, which is the acknowledgement and says how the information is
    /// reached. It still counts from the receipt.
    #[must_use]
    pub fn accepted(self, urgency: Urgency, access: Access) -> Self {
        let limits = self.profile.limits(urgency);
        let time = match access {
            Access::Direct => limits.direct,
            Access::Indirect => limits.indirect,
        };
        self.answers_within(time)
    }

    fn answers_within(self, time: Duration) -> Self {
        Self {
            limit: Limit::Answer,
            time,
            due: self.started.plus(time),
            ..self
        }
    }

    /// The clock with its pauses and derogation: what stood still is added to the limit, and an
    /// expected time moves the end, but never to before it.
    #[must_use]
    pub fn with(self, pauses: Vec<Pause>, derogation: Option<Derogation>) -> Self {
        let stood = |from: Timestamp| {
            let over = pauses
                .iter()
                .filter_map(|pause| Some((pause, pause.ended?)));
            over.map(|(pause, ended)| ended.since(pause.began.max(from)))
                .sum::<Duration>()
        };
        let due = self.due.plus(stood(self.started));
        let expected = derogation.as_ref().map(|d| d.expected.plus(stood(d.since)));
        Self {
            due: expected.map_or(due, |expected| expected.max(due)),
            pauses,
            derogation,
            ..self
        }
    }

    /// Since when it stands still, if it does now.
    pub fn paused_since(&self) -> Option<Timestamp> {
        let last = self.pauses.last()?;
        last.ended.is_none().then_some(last.began)
    }

    /// The time that it shows: that of its end or of its pause, or `now`.
    fn shown(&self, now: Timestamp) -> Timestamp {
        self.stopped.or(self.paused_since()).unwrap_or(now)
    }

    /// Whether it ran out before it stopped.
    pub fn overdue(&self, now: Timestamp) -> bool {
        self.shown(now) > self.due
    }

    /// How long it has still to run; nothing if it ran out.
    pub fn left(&self, now: Timestamp) -> Duration {
        self.due.since(self.shown(now))
    }

    /// Its moments, if it ran on as it stands.
    pub fn moments(&self) -> Moments {
        Moments {
            soon: self.due.minus(self.time / QUARTERS),
            overdue: self.due.plus(Duration::from_millis(1)),
            escalates: escalation(self.due, self.time),
        }
    }

    /// How pressing it is; nothing presses once it stopped.
    pub fn pressure(&self, now: Timestamp) -> Pressure {
        if self.stopped.is_some() {
            return Pressure::None;
        }
        let shown = self.shown(now);
        let moments = self.moments();
        if shown < moments.overdue {
            let soon = self.paused_since().is_none() && shown >= moments.soon;
            return if soon {
                Pressure::DueSoon
            } else {
                Pressure::None
            };
        }
        let reached = moments.escalates.iter().filter(|at| **at <= shown);
        match u8::try_from(reached.count()) {
            Ok(0) | Err(_) => Pressure::Overdue,
            Ok(level) => Pressure::Escalated(level),
        }
    }
}
