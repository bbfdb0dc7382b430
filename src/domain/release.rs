//! What an office wants a second person to see before it leaves. The policy is data; none is
//! required at first, since there are offices of one person.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::message::Body;

codes! {
    /// What a policy can hold back until a second person has released it.
    Gated {
        /// Requests, also those that supersede another.
        Request = "request",
        /// Answers, whole and in part.
        Answer = "answer",
        /// Refusals. A no-hit counts as one too, so that neither shows which it was.
        Refusal = "refusal",
        /// Naming another member to ask.
        Transfer = "transfer",
        /// Alerts, their updates and cancellations.
        Alert = "alert",
    }
}

impl Gated {
    /// The bit that stands for it in a recorded policy.
    pub fn bit(self) -> u16 {
        match self {
            Self::Request => 1,
            Self::Answer => 2,
            Self::Refusal => 4,
            Self::Transfer => 8,
            Self::Alert => 16,
        }
    }

    /// What a message counts as; several where it may be either, none where no policy holds it
    /// back.
    pub fn of(body: &Body) -> &'static [Self] {
        match body {
            Body::Request(_) => &[Self::Request],
            Body::Answer(answer) if answer.is_silent() => &[Self::Answer, Self::Refusal],
            Body::Answer(_) => &[Self::Answer],
            // A correction tells what an answer would.
            Body::Correction(_) => &[Self::Answer],
            Body::Refusal(_) => &[Self::Refusal],
            Body::Transfer(_) => &[Self::Transfer],
            Body::Alert(_) | Body::AlertUpdate(_) | Body::AlertCancellation(_) => &[Self::Alert],
            Body::Acceptance(_)
            | Body::ClarificationRequest(_)
            | Body::Clarification(_)
            | Body::Channelling(_)
            | Body::AwaitingAuthorisation(_)
            | Body::Feedback(_)
            | Body::Closing(_)
            | Body::Withdrawal(_)
            | Body::Supersession(_)
            | Body::Reopening(_)
            | Body::PermissionRequest(_)
            | Body::PermissionGrant(_)
            | Body::PermissionRefusal(_)
            | Body::Notice(_)
            | Body::Sighting(_)
            | Body::Contradiction(_)
            | Body::Acknowledgement(_)
            | Body::Subscription(_) => &[],
        }
    }
}

/// What an office requires.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleasePolicy {
    /// What a second person must release.
    pub release: BTreeSet<Gated>,
    /// After how long without a release an officer may send a life-threatening request alone, in
    /// seconds; none where never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency_after: Option<u32>,
}

impl ReleasePolicy {
    /// Whether a message needs a second person.
    pub fn wants(&self, body: &Body) -> bool {
        Gated::of(body)
            .iter()
            .any(|gated| self.release.contains(gated))
    }

    /// After how long an emergency release is possible; none where never.
    pub fn emergency_after(&self) -> Option<Duration> {
        let seconds = self.emergency_after?;
        Some(Duration::from_secs(seconds.into()))
    }

    /// The bits of all that must be released.
    pub fn bits(&self) -> u16 {
        self.release.iter().map(|gated| gated.bit()).sum()
    }

    /// The policy of recorded bits and seconds (0 for never); none where a bit has no meaning.
    pub fn from_bits(bits: u16, emergency_after: u32) -> Option<Self> {
        let set = Gated::ALL
            .iter()
            .copied()
            .filter(|gated| bits & gated.bit() != 0);
        let policy = Self {
            release: set.collect(),
            emergency_after: (emergency_after > 0).then_some(emergency_after),
        };
        (policy.bits() == bits).then_some(policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_survives_its_bits() {
        for bits in 0..32 {
            let policy = ReleasePolicy::from_bits(bits, u32::from(bits) * 60).unwrap();
            assert_eq!(policy.bits(), bits);
            let seconds = policy.emergency_after.unwrap_or_default();
            assert_eq!(ReleasePolicy::from_bits(bits, seconds), Some(policy));
        }
        assert_eq!(ReleasePolicy::from_bits(32, 0), None);
    }
}
