//! What an officer must do now about an exchange: a pure function of where it stands, what of it is
//! on its way, who was called, and the time. Nothing of it is ever stored.
//!
//! Each matter is a schedule of moments: when it appears, and when each level of the roster has to
//! know. An office's own people are told of what it owes before the other side calls it: the asked
//! side is one step ahead.

use std::cmp::Reverse;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::concern::{Concern, Told};
use super::{CallMade, CallOutcome, DutyLevel, Post, Roster};
use crate::base::{MessageId, Timestamp};
use crate::domain::message::SKEW;
use crate::domain::profile::{Clock, ESCALATION_STEPS, escalation};
use crate::domain::rfi::{Exchange, Side, State};

codes! {
    /// What about an exchange somebody has to see to, the most pressing first.
    Matter {
        /// The other node does not take a message of this one.
        Refused = "refused",
        /// A message of this node expired before the other side had it.
        Expired = "expired",
        /// A message of this node has not reached the other side.
        Undelivered = "undelivered",
        /// No person at the other side has opened an urgent request of this one.
        Unopened = "unopened",
        /// Something came that nobody here has opened.
        Unread = "unread",
        /// The time limit.
        Clock = "clock",
        /// The other side waits for a clarification of this one.
        Clarification = "clarification",
        /// A letter waits for a person of this office before it can leave.
        Waiting = "waiting",
    }
}

codes! {
    /// Why somebody has to see to an exchange now.
    Reason {
        /// The other node does not take a message.
        Refused = "refused",
        /// A message expired before the other side had it.
        Expired = "expired",
        /// A message waits: the other member is out, its identity key changed, or it has no key in force.
        Withheld = "withheld",
        /// A message waits, and there is no link to the other side.
        NoLink = "no-link",
        /// A message was not delivered within its time.
        Undelivered = "not-delivered",
        /// An urgent request was not opened by a person within its time.
        Unopened = "not-opened",
        /// Something came that nobody here has opened.
        Unread = "unread",
        /// The time limit ran out.
        Overdue = "overdue",
        /// The time limit is about to run out.
        DueSoon = "due-soon",
        /// The other side waits for a clarification.
        ClarificationOwed = "clarification-owed",
        /// A letter waits for a person of this office.
        Waiting = "waiting",
    }
}

/// A message of an exchange that is not where it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LooseEnd {
    /// The message.
    pub message: MessageId,
    /// Since when, by this node's clock.
    pub since: Timestamp,
    /// Where it is instead.
    pub state: LooseState,
}

/// Where a loose message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LooseState {
    /// It is of this node, and the other has not receipted it.
    Queued,
    /// It is of this node, and the other does not take it, for the reason of this number.
    Refused(u16),
    /// It is of this node, and expired on its way.
    Expired,
    /// It is the other node's, and nobody here has opened it.
    Unread,
}

impl LooseState {
    /// For a refused message: the number of the reason.
    pub fn refusal(self) -> Option<u16> {
        match self {
            Self::Refused(number) => Some(number),
            Self::Queued | Self::Expired | Self::Unread => None,
        }
    }

    /// Whether nothing is to be done about it in an exchange that stands so where the message does not go to
    /// the other side at all: the exchange has ended. An answer that waits may still be told in another way.
    pub fn may_rest(self, state: State) -> bool {
        match self {
            Self::Queued => !state.is_open() && !matches!(state, State::Answered | State::Feedback),
            Self::Refused(_) | Self::Expired => !state.is_open(),
            Self::Unread => false,
        }
    }
}

/// What the node knows of an exchange.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The exchange.
    pub exchange: &'a Exchange,
    /// Its messages that are not where they should be.
    pub loose: &'a [LooseEnd],
    /// The calls that were made about it, in order.
    pub calls: &'a [CallMade],
    /// Up to which level people were told of what.
    pub told: &'a [Told],
}

/// How the other side is reached, and who is on duty on both.
#[derive(Debug, Clone, Copy)]
pub struct Reach<'a> {
    /// Since when there is no link to it; none while there is one.
    pub unlinked_since: Option<Timestamp>,
    /// Whether what is for it is kept back, since it is out.
    pub withheld: bool,
    /// The own office's roster.
    pub own: &'a Roster,
    /// The other office's roster.
    pub theirs: &'a Roster,
}

/// What an officer must do now about an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attention {
    /// Why.
    pub reason: Reason,
    /// The matter behind it.
    pub concern: Concern,
    /// The level that it has reached; 0 while it is only shown.
    pub level: u8,
    /// Since when there is no link to the other side, where that is the reason.
    pub unlinked_since: Option<Timestamp>,
    /// Whose people to tell.
    pub call: Side,
    /// Whom of them, where the roster names anybody.
    pub post: Option<Post>,
    /// The last call about the exchange.
    pub last_call: Option<CallMade>,
}

/// Every matter of an exchange, whenever it appears. At most one of a kind: the one that began
/// first; of messages that the other side will not get, the last one too. In an exercise nothing
/// presses: nobody is called in earnest for it.
pub fn concerns(facts: &Facts<'_>) -> Vec<Concern> {
    if !facts.exchange.status().counts() {
        return Vec::new();
    }
    let seen = Seen::of(facts);
    let mut all = seen.failed(Matter::Refused);
    all.extend(seen.failed(Matter::Expired));
    let others = [
        seen.undelivered(),
        seen.unopened(),
        seen.unread(),
        seen.clock(),
        seen.clarification(),
    ];
    all.extend(others.into_iter().flatten());
    all.into_iter()
        .map(|concern| concern.counted(facts.told))
        .collect()
}

/// Every matter that an exchange may have whichever of its messages need not arrive: each of those that
/// [may rest](LooseState::may_rest) counts as if no other came before it.
pub fn possible_concerns(facts: &Facts<'_>) -> Vec<Concern> {
    let mut all = concerns(facts);
    if facts.loose.len() > 1 && facts.exchange.status().counts() {
        let seen = Seen::of(facts);
        let rests = |end: &&LooseEnd| end.state.may_rest(seen.state);
        let alone = facts.loose.iter().filter(rests);
        let alone = alone.filter_map(|end| seen.not_there(end));
        all.extend(alone.map(|concern| concern.counted(facts.told)));
    }
    all
}

/// What an officer must do now, the most pressing first.
pub fn attention(facts: &Facts<'_>, reach: &Reach<'_>, now: Timestamp) -> Vec<Attention> {
    let last_call = facts.calls.last().copied();
    let side = facts.exchange.side();
    let mut shown = concerns(facts);
    shown.retain(|concern| concern.appears <= now || concern.is_ahead(now));
    let mut all: Vec<Attention> = shown
        .into_iter()
        .map(|concern| {
            let level = concern.level(now);
            let reason = reason(&concern, reach, now);
            let own = match concern.matter {
                Matter::Unread | Matter::Clarification | Matter::Waiting => true,
                Matter::Clock => side == Side::Requested,
                Matter::Refused | Matter::Expired | Matter::Undelivered | Matter::Unopened => false,
            };
            let (call, roster) = if own {
                (side, reach.own)
            } else {
                (side.other(), reach.theirs)
            };
            Attention {
                reason,
                level,
                unlinked_since: reach.unlinked_since.filter(|_| reason == Reason::NoLink),
                call,
                post: roster.at(DutyLevel::from_number(level), now).cloned(),
                last_call,
                concern,
            }
        })
        .collect();
    all.sort_by_key(|one| (Reverse(one.level), one.concern.matter, one.concern.since));
    all
}

pub(super) fn reason(concern: &Concern, reach: &Reach<'_>, now: Timestamp) -> Reason {
    match concern.matter {
        Matter::Refused => Reason::Refused,
        Matter::Expired => Reason::Expired,
        Matter::Undelivered if reach.withheld => Reason::Withheld,
        Matter::Undelivered if reach.unlinked_since.is_some() => Reason::NoLink,
        Matter::Undelivered => Reason::Undelivered,
        Matter::Unopened => Reason::Unopened,
        Matter::Unread => Reason::Unread,
        Matter::Clock if concern.limit.is_some_and(|(_, due)| now > due) => Reason::Overdue,
        Matter::Clock => Reason::DueSoon,
        Matter::Clarification => Reason::ClarificationOwed,
        Matter::Waiting => Reason::Waiting,
    }
}

/// The end of a limit, and the moments after it at which escalation goes on.
pub(super) fn ladder(start: Timestamp, limit: Duration) -> [Timestamp; 1 + ESCALATION_STEPS] {
    let end = start.plus(limit);
    let [first, second, third] = escalation(end, limit);
    [end, first, second, third]
}

/// Whether this side has nothing more to hope for.
fn is_over(state: State) -> bool {
    matches!(
        state,
        State::Withdrawn | State::Superseded | State::Transferred | State::Closed
    )
}

fn has_failed(state: LooseState) -> bool {
    matches!(state, LooseState::Refused(_) | LooseState::Expired)
}

/// Whether it was taken back after a request that never arrived: that need not arrive either. What is said
/// in an exchange that is over, a correction for one, has to.
fn is_moot(facts: &Facts<'_>, state: State) -> bool {
    let exchange = facts.exchange;
    let request = |end: &LooseEnd| end.message == exchange.id() && has_failed(end.state);
    let never_arrived = facts.loose.iter().any(request);
    is_over(state) && exchange.side() == Side::Requesting && never_arrived
}

/// The facts, and what each matter asks of them.
struct Seen<'a> {
    facts: &'a Facts<'a>,
    state: State,
    /// Whether no message of this side need arrive any more.
    moot: bool,
    clock: Option<Clock>,
    /// Within which a message is delivered.
    deliver: Duration,
    /// Within which a person opens it; the limit for delivery where there is no other.
    open: Duration,
    /// Whether the profile sets a limit for opening: the request is urgent.
    urgent: bool,
    /// How many levels of the roster hear of what goes beyond.
    levels: usize,
    /// When somebody was last reached by telephone.
    reached: Option<Timestamp>,
}

impl<'a> Seen<'a> {
    fn of(facts: &'a Facts<'a>) -> Self {
        let request = facts.exchange.request();
        let limits = request.profile.limits(request.urgency);
        let reached = |call: &&CallMade| call.outcome == CallOutcome::Reached;
        let state = facts.exchange.state();
        Self {
            facts,
            state,
            moot: is_moot(facts, state),
            clock: facts.exchange.clock(),
            deliver: limits.deliver,
            open: limits.open.unwrap_or(limits.deliver),
            urgent: limits.open.is_some(),
            // The duty desk is enough for what has days.
            levels: if limits.open.is_some() { 3 } else { 1 },
            reached: facts.calls.iter().rfind(reached).map(|call| call.at),
        }
    }

    /// Whoever was reached by telephone gets the whole limit again.
    fn counted_from(&self, since: Timestamp) -> Timestamp {
        self.reached.map_or(since, |call| since.max(call))
    }

    fn first(&self, fits: impl Fn(LooseState) -> bool) -> Option<&LooseEnd> {
        let loose = self.facts.loose.iter().filter(|end| fits(end.state));
        loose.min_by_key(|end| end.since)
    }

    fn up_to(&self, levels: [Timestamp; 3]) -> Vec<Timestamp> {
        levels.into_iter().take(self.levels).collect()
    }

    /// Messages that the other side will not get: the first goes up the roster whatever comes after it, and
    /// the last is told anew, since who heard of the first knows nothing of it. A call that reached
    /// somebody settles those before it.
    fn failed(&self, matter: Matter) -> Vec<Concern> {
        let failed = self.facts.loose.iter().filter(|end| has_failed(end.state));
        let failed = failed.filter_map(|end| self.not_there(end));
        let failed: Vec<Concern> = failed.filter(|one| one.matter == matter).collect();
        let Some(first) = failed.iter().min_by_key(|concern| concern.since) else {
            return Vec::new();
        };
        let last = failed.iter().max_by_key(|concern| concern.since);
        let last = last.filter(|last| last.since > first.since);
        [first].into_iter().chain(last).cloned().collect()
    }

    /// What is to be done about a message of this side that the other does not have.
    fn not_there(&self, end: &LooseEnd) -> Option<Concern> {
        if self.moot {
            return None;
        }
        let matter = match end.state {
            LooseState::Queued => return Some(self.on_its_way(end)),
            LooseState::Refused(_) => Matter::Refused,
            LooseState::Expired => Matter::Expired,
            LooseState::Unread => return None,
        };
        if self.reached.is_some_and(|call| call >= end.since) {
            return None;
        }
        let [end_of, step, ..] = ladder(end.since, self.open);
        Some(Concern {
            matter,
            message: Some(end.message),
            refusal: end.state.refusal(),
            since: end.since,
            limit: None,
            appears: end.since,
            levels: self.up_to([end.since, end_of, step]),
        })
    }

    fn on_its_way(&self, end: &LooseEnd) -> Concern {
        let since = self.counted_from(end.since);
        let [end_of, first, second, _] = ladder(since, self.deliver);
        Concern {
            matter: Matter::Undelivered,
            message: Some(end.message),
            refusal: None,
            since,
            limit: Some((self.deliver, end_of)),
            appears: end_of,
            levels: self.up_to([end_of, first, second]),
        }
    }

    fn undelivered(&self) -> Option<Concern> {
        let end = self.first(|state| state == LooseState::Queued)?;
        self.not_there(end)
    }

    /// An urgent request that lies at the other office. It counts from when it was made: what it
    /// took to get there is no reason to wait longer. Where it got there so long before that the clocks
    /// alone do not explain it, this one was set back since.
    fn unopened(&self) -> Option<Concern> {
        let exchange = self.facts.exchange;
        let lies = exchange.side() == Side::Requesting && self.state == State::Delivered;
        if !(self.urgent && lies) {
            return None;
        }
        let made = exchange.created();
        let there = exchange.received().filter(|there| made > there.plus(SKEW));
        let since = self.counted_from(there.unwrap_or(made));
        let [end_of, first, second, _] = ladder(since, self.open);
        Some(Concern {
            matter: Matter::Unopened,
            message: Some(exchange.id()),
            refusal: None,
            since,
            limit: Some((self.open, end_of)),
            appears: end_of,
            levels: self.up_to([end_of, first, second]),
        })
    }

    /// What came here. Where it is urgent, the own duty desk knows at once.
    fn unread(&self) -> Option<Concern> {
        let end = self.first(|state| state == LooseState::Unread)?;
        let since = self.counted_from(end.since);
        let [end_of, first, ..] = ladder(since, self.open);
        let levels = if !self.urgent || is_over(self.state) {
            Vec::new()
        } else {
            vec![since, end_of, first]
        };
        Some(Concern {
            matter: Matter::Unread,
            message: Some(end.message),
            refusal: None,
            since,
            limit: Some((self.open, end_of)),
            appears: if self.urgent { since } else { end_of },
            levels,
        })
    }

    fn clock(&self) -> Option<Concern> {
        let clock = self.clock.as_ref().filter(|c| c.stopped.is_none())?;
        let paused = clock.paused_since();
        // While it stands still nothing more is owed; what ran out before stays so.
        if paused.is_some_and(|began| began <= clock.due) {
            return None;
        }
        let moments = clock.moments();
        let [first, second, third] = moments.escalates;
        let (appears, mut levels) = match self.facts.exchange.side() {
            Side::Requested => (moments.soon, vec![moments.overdue, first, second]),
            Side::Requesting => (moments.overdue, vec![first, second, third]),
        };
        if let Some(began) = paused {
            levels.retain(|level| *level <= began);
        }
        Some(Concern {
            matter: Matter::Clock,
            message: None,
            refusal: None,
            since: clock.due,
            limit: Some((clock.time, clock.due)),
            appears,
            levels,
        })
    }

    fn clarification(&self) -> Option<Concern> {
        let owed = self.facts.exchange.side() == Side::Requesting
            && self.state == State::ClarificationRequested;
        let since = self.clock.as_ref()?.paused_since().filter(|_| owed)?;
        // The clock stands still meanwhile, so nothing else would ring.
        let [end_of, first, second, _] = ladder(self.counted_from(since), self.open);
        Some(Concern {
            matter: Matter::Clarification,
            message: None,
            refusal: None,
            since,
            limit: None,
            appears: since,
            levels: self.up_to([end_of, first, second]),
        })
    }
}
