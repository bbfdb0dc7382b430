//! Where the events of an exchange lead, one after the other in the order of the conversation.

use serde::{Deserialize, Serialize};

use super::steps::{Detail, Step};
use super::{Acceptance, Ground, Move, Outcome, Request, Side, State};
use crate::base::{Digest, Timestamp};
use crate::domain::profile::{Clock, Derogation, Pause};

codes! {
    /// How far one question has come.
    QuestionStatus {
        /// It waits for its answer, or for more of it.
        Open = "open",
        /// It was answered.
        Answered = "answered",
        /// It was refused.
        Refused = "refused",
    }
}

/// How far one question has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuestionProgress {
    /// How far.
    pub status: QuestionStatus,
    /// What the latest answer to it comes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The ground on which it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<Ground>,
    /// Whether the clarification that is awaited is about it.
    pub to_clarify: bool,
}

const OPEN: QuestionProgress = QuestionProgress {
    status: QuestionStatus::Open,
    outcome: None,
    ground: None,
    to_clarify: false,
};

/// Where an exchange stands after some of its events.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    pub state: State,
    /// The asked side's reference, from its latest acceptance that gives one.
    pub reference: Option<String>,
    pub questions: Vec<QuestionProgress>,
    /// Events that the state no longer allowed, since they crossed with others.
    pub crossed: Vec<Digest>,
    run: Run,
    /// The time of the latest event; it never goes back.
    now: Timestamp,
    /// Events of the asked side so far.
    said: u32,
}

/// What did not go as it should in an exchange, from the request on: a reopening starts the clock and the
/// questions anew, and this goes on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deviations {
    /// Whether a limit ever ran out, whatever came of it later.
    pub late: bool,
    /// On which grounds something was refused, each once.
    pub grounds: Vec<Ground>,
}

impl Deviations {
    /// Those of the events until `now`. `received` is since when the asked side has the request, if that is
    /// known.
    pub(super) fn until<'a>(
        now: Timestamp,
        request: &Request,
        received: Option<Timestamp>,
        steps: impl Iterator<Item = &'a Step>,
    ) -> Self {
        let mut deviations = Self::default();
        let mut progress = Progress::new(request, received);
        let clock = |progress: &Progress| received.map(|from| progress.clock(request, from));
        for step in steps {
            let counts = progress.next(step.what).is_some();
            let clock = clock(&progress);
            progress.take(step);
            deviations.late |= clock.is_some_and(|clock| clock.overdue(progress.now));
            if let Detail::Refused(ground, _) = &step.detail
                && counts
                && !deviations.grounds.contains(ground)
            {
                deviations.grounds.push(*ground);
            }
        }
        deviations.late |= clock(&progress).is_some_and(|clock| clock.overdue(now));
        deviations
    }
}

/// What counts from the request, or from its last reopening.
#[derive(Debug, Clone, Default)]
struct Run {
    reopened: Option<Timestamp>,
    acceptance: Option<Acceptance>,
    part: bool,
    pauses: Vec<Pause>,
    derogation: Option<Derogation>,
    stopped: Option<Timestamp>,
    /// How many events of the asked side there were with the answer that ended it.
    ended_with: u32,
}

impl Progress {
    /// Before any event. `received` is when the asked side's log held the request, if that is
    /// known; no event is earlier.
    fn new(request: &Request, received: Option<Timestamp>) -> Self {
        Self {
            state: State::Queued,
            reference: None,
            questions: vec![OPEN; request.questions.len()],
            crossed: Vec::new(),
            run: Run::default(),
            now: received.unwrap_or_default(),
            said: 0,
        }
    }

    /// After these events.
    pub fn after<'a>(
        request: &Request,
        received: Option<Timestamp>,
        steps: impl Iterator<Item = &'a Step>,
    ) -> Self {
        let mut progress = Self::new(request, received);
        for step in steps {
            progress.take(step);
        }
        progress
    }

    /// The state that a move leads to; none where it is not allowed.
    pub fn next(&self, what: Move) -> Option<State> {
        let accepted = self.run.acceptance.is_some();
        self.state.after(what, accepted, self.run.part)
    }

    fn take(&mut self, step: &Step) {
        self.said += u32::from(step.side == Side::Requested);
        let Some(next) = self.next(step.what) else {
            self.crossed.push(step.leaf);
            return;
        };
        // Nobody is late with what had not reached them.
        self.now = self.now.max(step.delivered.unwrap_or(step.at));
        // Feedback is about the answers that its author had seen.
        let blind = step.what == Move::Feedback && step.seen < self.run.ended_with;
        let before = self.state;
        if !blind {
            self.state = next;
        }
        self.remember(step);
        let waits = |state: State| state == State::ClarificationRequested;
        if waits(before) && !waits(self.state) {
            let last = self.run.pauses.last_mut();
            last.expect("it paused when the clarification was asked for")
                .ended = Some(self.now);
            self.questions.iter_mut().for_each(|q| q.to_clarify = false);
        }
        if before.is_open() && !self.state.is_open() {
            self.run.stopped = Some(self.now);
            self.run.ended_with = self.said;
        }
    }

    /// What the event says beside its effect on the state.
    fn remember(&mut self, step: &Step) {
        match &step.detail {
            Detail::None => (),
            Detail::Acceptance(acceptance) => {
                self.run.acceptance = Some(acceptance.clone());
                if let Some(reference) = &acceptance.reference {
                    self.reference = Some(reference.clone());
                }
            }
            Detail::Awaited(awaited) => {
                self.run.derogation = Some(Derogation {
                    since: self.now,
                    expected: awaited.expected,
                    reason: awaited.reason.clone(),
                });
            }
            Detail::Answered(outcome, each) => self.answered(*outcome, each),
            Detail::Refused(ground, questions) => self.refused(*ground, questions),
            Detail::Unclear(questions) => self.clarification_asked(questions),
            Detail::Reopened(questions) => self.reopened(questions),
            // The ledger keeps them.
            Detail::Corrected(_)
            | Detail::PermissionAsked(_)
            | Detail::PermissionGranted(..)
            | Detail::PermissionRefused(_)
            | Detail::Noticed(_) => (),
        }
    }

    fn answered(&mut self, outcome: Outcome, each: &[(u16, Outcome)]) {
        for (place, outcome) in each {
            if let Some(question) = self.questions.get_mut(usize::from(*place)) {
                *question = match outcome {
                    Outcome::Partial => QuestionProgress {
                        outcome: Some(*outcome),
                        to_clarify: question.to_clarify,
                        ..OPEN
                    },
                    Outcome::Hit | Outcome::NoHit | Outcome::NotAvailable => QuestionProgress {
                        status: QuestionStatus::Answered,
                        outcome: Some(*outcome),
                        ..OPEN
                    },
                };
            }
        }
        if outcome == Outcome::Partial {
            self.run.part = true;
            return;
        }
        for question in self.open() {
            question.status = QuestionStatus::Answered;
            question.outcome = Some(outcome);
        }
    }

    fn refused(&mut self, ground: Ground, questions: &[u16]) {
        let refused = QuestionProgress {
            status: QuestionStatus::Refused,
            ground: Some(ground),
            ..OPEN
        };
        if questions.is_empty() {
            self.open().for_each(|question| *question = refused);
            return;
        }
        self.run.part = true;
        for place in questions {
            if let Some(question) = self.questions.get_mut(usize::from(*place)) {
                *question = refused;
            }
        }
    }

    fn open(&mut self) -> impl Iterator<Item = &mut QuestionProgress> {
        let open = |question: &&mut QuestionProgress| question.status == QuestionStatus::Open;
        self.questions.iter_mut().filter(open)
    }

    fn clarification_asked(&mut self, questions: &[u16]) {
        self.run.pauses.push(Pause {
            began: self.now,
            ended: None,
        });
        for place in questions {
            if let Some(question) = self.questions.get_mut(usize::from(*place)) {
                question.to_clarify = true;
            }
        }
    }

    fn reopened(&mut self, questions: &[u16]) {
        self.run = Run {
            reopened: Some(self.now),
            ..Run::default()
        };
        for (place, question) in self.questions.iter_mut().enumerate() {
            let named = questions.iter().any(|named| usize::from(*named) == place);
            if named || questions.is_empty() {
                *question = OPEN;
            }
        }
    }

    /// The clock of a request that the asked side received at `received`.
    pub fn clock(&self, request: &Request, received: Timestamp) -> Clock {
        let urgency = request.urgency;
        let began = self.run.reopened.unwrap_or(received);
        let mut clock = Clock::start(request.profile, urgency, began);
        if let Some(acceptance) = &self.run.acceptance {
            clock = clock.accepted(urgency, acceptance.access);
        } else if self.run.part {
            clock = clock.acknowledged(urgency);
        }
        clock.stopped = self.run.stopped;
        clock.with(self.run.pauses.clone(), self.run.derogation.clone())
    }
}
