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

impl Limits {
    fn shortest(&self) -> Duration {
        self.direct.min(self.indirect)
    }
}

/// What one instrument sets for one or several classes.
struct Rule {
    profile: Profile,
    classes: &'static [Urgency],
    limits: Limits,
}

const fn rule(
    profile: Profile,
    classes: &'static [Urgency],
    acknowledge: Option<Duration>,
    direct: Duration,
    indirect: Duration,
) -> Rule {
    Rule {
        profile,
        classes,
        limits: Limits {
            acknowledge,
            direct,
            indirect,
        },
    }
}

const fn hours(n: u64) -> Duration {
    Duration::from_secs(n * 3_600)
}

const fn days(n: u64) -> Duration {
    hours(24 * n)
}

/// Every time limit there is: profile, classes, until acceptance, until the answer where the
/// information is directly accessible, and where it is not. A profile that knows no danger to
/// life treats it as urgent.
static RULES: [Rule; 7] = {
    use Profile::{BpMou, Eu2023977, Sfd2006960};
    use Urgency::{Life, Routine, Urgent};
    [
        // Directive (EU) 2023/977, Art. 5(1).
        rule(Eu2023977, &[Life, Urgent], None, hours(8), days(3)),
        rule(Eu2023977, &[Routine], None, days(7), days(7)),
        // Framework Decision 2006/960/JHA, Art. 4.
        rule(Sfd2006960, &[Life, Urgent], None, hours(8), days(14)),
        rule(Sfd2006960, &[Routine], None, days(7), days(14)),
        // This project's proposal.
        rule(BpMou, &[Life], Some(hours(2)), hours(8), hours(8)),
        rule(BpMou, &[Urgent], Some(hours(8)), days(3), days(3)),
        rule(BpMou, &[Routine], Some(days(2)), days(14), days(14)),
    ]
};

impl Profile {
    /// The limits of a class.
    ///
    /// # Panics
    /// Never: there is a rule for every profile and class.
    pub fn limits(self, urgency: Urgency) -> Limits {
        let fits = |rule: &&Rule| rule.profile == self && rule.classes.contains(&urgency);
        let rule = RULES.iter().find(fits);
        rule.expect("there is a rule for every profile and class")
            .limits
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
            None => (Limit::Answer, limits.shortest()),
        };
        Self {
            profile,
            limit,
            started: received,
            due: received.plus(time),
            stopped: None,
        }
    }

    /// The clock after a part of the answer came without acceptance: that acknowledges the request,
    /// but does not say how the rest is reached, so the shorter limit runs.
    #[must_use]
    pub fn acknowledged(self, urgency: Urgency) -> Self {
        Self {
            limit: Limit::Answer,
            due: self.started.plus(self.profile.limits(urgency).shortest()),
            ..self
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
mod tests;
