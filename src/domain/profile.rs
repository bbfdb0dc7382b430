//! Time limits as data: which profile sets which limit for which class, and the clock that runs.

use std::time::Duration;

mod clock;

pub use clock::{Clock, Derogation, ESCALATION_STEPS, Moments, Pause, Pressure, escalation};

use super::message::Priority;

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
    /// Until a message has to have reached the other side; after that somebody is told.
    pub deliver: Duration,
    /// Until a person at the other side has to have opened it, where it is urgent.
    pub open: Option<Duration>,
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
    let (deliver, open) = match classes {
        [Urgency::Routine] => (ROUTINE_DELIVERY, None),
        _ => (URGENT, Some(URGENT)),
    };
    Rule {
        profile,
        classes,
        limits: Limits {
            acknowledge,
            direct,
            indirect,
            deliver,
            open,
        },
    }
}

/// Within which an urgent message has to reach the other side, and a person there (this project's
/// judgement, in every profile).
const URGENT: Duration = Duration::from_secs(15 * 60);

/// Within which any other message has to reach the other side.
const ROUTINE_DELIVERY: Duration = hours(4);

/// Within which a message that is no request's has to have reached the other side.
pub fn delivery(priority: Priority) -> Duration {
    match priority {
        Priority::Urgent => URGENT,
        Priority::Routine => ROUTINE_DELIVERY,
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

#[cfg(test)]
mod tests;
