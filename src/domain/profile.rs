//! Time limits as data: which profile sets which limit for which class, and the clock that runs.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::Timestamp;

codes! {
    /// A time-limit profile.
    Profile {
        /// Directive (EU) 2023/977, Art. 5.
        Eu2023977 = "eu-2023-977",
        /// Framework Decision 2006/960/JHA, repealed.
        Sfd2006960 = "sfd-2006-960",
        /// This project's default proposal for a memorandum of understanding.
        BpMou = "bp-mou",
    }
}

codes! {
    /// How much time a request leaves.
    Urgency {
        /// A life is in danger.
        Life = "life",
        /// Urgent, with a reason.
        Urgent = "urgent",
        /// Neither.
        Routine = "routine",
    }
}

codes! {
    /// How the asked side reaches the information (Directive (EU) 2023/977 Art. 2).
    Access {
        /// Directly accessible.
        Direct = "direct",
        /// Indirectly accessible.
        Indirect = "indirect",
    }
}

codes! {
    /// What a limit asks for.
    Limit {
        /// Accept or refuse.
        Acknowledge = "acknowledge",
        /// Answer or refuse.
        Answer = "answer",
    }
}

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// The limits of one class in one profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until the request has to be accepted or refused, where the profile says so.
    pub acknowledge: Option<Duration>,
    /// Until it has to be answered, if the information is directly accessible.
    pub direct: Duration,
    /// Until it has to be answered, if it is not.
    pub indirect: Duration,
}

impl Profile {
    /// The limits of a class. The profiles that know no danger to life treat it as urgent.
    pub fn limits(self, urgency: Urgency) -> Limits {
        let (acknowledge, direct, indirect) = match (self, urgency) {
            (Self::Eu2023977, Urgency::Life | Urgency::Urgent) => (None, 8 * HOUR, 3 * DAY),
            (Self::Eu2023977, Urgency::Routine) => (None, 7 * DAY, 7 * DAY),
            (Self::Sfd2006960, Urgency::Life | Urgency::Urgent) => (None, 8 * HOUR, 14 * DAY),
            (Self::Sfd2006960, Urgency::Routine) => (None, 7 * DAY, 14 * DAY),
            (Self::BpMou, Urgency::Life) => (Some(2 * HOUR), 8 * HOUR, 8 * HOUR),
            (Self::BpMou, Urgency::Urgent) => (Some(8 * HOUR), 3 * DAY, 3 * DAY),
            (Self::BpMou, Urgency::Routine) => (Some(2 * DAY), 14 * DAY, 14 * DAY),
        };
        Limits {
            acknowledge,
            direct,
            indirect,
        }
    }
}

/// A limit that runs from the receipt by the asked side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// The profile that sets it.
    pub profile: Profile,
    /// What it asks for.
    pub limit: Limit,
    /// When it began.
    pub started: Timestamp,
    /// When it ends.
    pub due: Timestamp,
    /// When the answer or refusal stopped it.
    pub stopped: Option<Timestamp>,
}

impl Clock {
    /// The clock from the receipt on: until acceptance the class's shortest limit runs.
    pub fn start(profile: Profile, urgency: Urgency, received: Timestamp) -> Self {
        let limits = profile.limits(urgency);
        let (limit, time) = match limits.acknowledge {
            Some(acknowledge) => (Limit::Acknowledge, acknowledge),
            None => (Limit::Answer, limits.direct.min(limits.indirect)),
        };
        Self {
            profile,
            limit,
            started: received,
            due: received.plus(time),
            stopped: None,
        }
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
        Self {
            limit: Limit::Answer,
            due: self.started.plus(time),
            ..self
        }
    }

    /// Whether it ran out before it stopped.
    pub fn overdue(&self, now: Timestamp) -> bool {
        self.stopped.unwrap_or(now) > self.due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(n: i64) -> Timestamp {
        Timestamp::from_millis(n * 3_600_000)
    }

    #[test]
    fn until_acceptance_the_shortest_limit_runs() {
        let clock = Clock::start(Profile::Eu2023977, Urgency::Urgent, hours(0));
        assert_eq!((clock.limit, clock.due), (Limit::Answer, hours(8)));
        let clock = Clock::start(Profile::BpMou, Urgency::Life, hours(0));
        assert_eq!((clock.limit, clock.due), (Limit::Acknowledge, hours(2)));
    }

    #[test]
    fn acceptance_sets_the_limit_by_access_and_still_counts_from_receipt() {
        let clock = Clock::start(Profile::Eu2023977, Urgency::Urgent, hours(1));
        assert_eq!(
            clock.accepted(Urgency::Urgent, Access::Direct).due,
            hours(9)
        );
        let indirect = clock.accepted(Urgency::Urgent, Access::Indirect);
        assert_eq!(indirect.due, hours(1 + 72));
        assert_eq!(indirect.started, hours(1));
    }

    #[test]
    fn the_limits_are_those_of_the_instruments() {
        let all = |p: Profile, u| {
            (
                p.limits(u).acknowledge,
                p.limits(u).direct,
                p.limits(u).indirect,
            )
        };
        use Urgency::{Life, Routine, Urgent};
        assert_eq!(all(Profile::Eu2023977, Urgent), (None, 8 * HOUR, 3 * DAY));
        assert_eq!(all(Profile::Eu2023977, Routine), (None, 7 * DAY, 7 * DAY));
        assert_eq!(all(Profile::Sfd2006960, Urgent), (None, 8 * HOUR, 14 * DAY));
        assert_eq!(
            all(Profile::BpMou, Life),
            (Some(2 * HOUR), 8 * HOUR, 8 * HOUR)
        );
        assert_eq!(
            all(Profile::BpMou, Urgent),
            (Some(8 * HOUR), 3 * DAY, 3 * DAY)
        );
        assert_eq!(
            all(Profile::BpMou, Routine),
            (Some(2 * DAY), 14 * DAY, 14 * DAY)
        );
    }

    #[test]
    fn a_stopped_clock_stays_as_it_stopped() {
        let mut clock = Clock::start(Profile::Eu2023977, Urgency::Urgent, hours(0));
        assert!(!clock.overdue(hours(8)));
        assert!(clock.overdue(hours(9)));
        clock.stopped = Some(hours(7));
        assert!(!clock.overdue(hours(9)));
    }
}
