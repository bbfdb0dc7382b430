//! How long content is kept. The originator says it with each record; a receiver may shorten it and
//! never lengthen it. It is counted from the receipt, and what is not over is waited for.

use std::time::Duration;

use super::handling::Handling;
use crate::base::Timestamp;

codes! {
    /// Why content was erased.
    ErasureReason {
        /// Its time was over.
        Retention = "retention",
        /// A person at the node ordered it, with a reason that stays there.
        Order = "order",
        /// Its originator asked for it.
        Originator = "originator",
    }
}

impl ErasureReason {
    /// Its number in a statement.
    pub fn number(self) -> u8 {
        match self {
            Self::Retention => 1,
            Self::Order => 2,
            Self::Originator => 3,
        }
    }

    /// The reason with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|reason| reason.number() == number)
    }
}

/// When content is due that was recorded `at`: `shortened` counts where it is shorter than what its
/// originator set.
pub fn due(handling: &Handling, shortened: Option<u32>, at: Timestamp) -> Timestamp {
    at.plus(days(kept_for(handling, shortened)))
}

/// How many days content is kept.
pub fn kept_for(handling: &Handling, shortened: Option<u32>) -> u32 {
    shortened.map_or(handling.retention_days, |days| {
        days.min(handling.retention_days)
    })
}

/// So many days.
pub fn days(number: u32) -> Duration {
    Duration::from_secs(u64::from(number) * 24 * 3_600)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures;

    #[test]
    fn a_receiver_shortens_what_the_originator_set_and_never_lengthens_it() {
        let handling = Handling {
            retention_days: 30,
            ..fixtures::request().handling
        };
        assert_eq!(kept_for(&handling, None), 30);
        assert_eq!(kept_for(&handling, Some(7)), 7);
        assert_eq!(kept_for(&handling, Some(31)), 30);
        let at = fixtures::hours(0);
        assert_eq!(due(&handling, None, at), fixtures::hours(30 * 24));
        assert_eq!(due(&handling, Some(1), at), fixtures::hours(24));
    }

    #[test]
    fn every_reason_has_its_number() {
        for reason in ErasureReason::ALL {
            assert_eq!(ErasureReason::from_number(reason.number()), Some(*reason));
        }
        assert_eq!(ErasureReason::from_number(0), None);
    }
}
