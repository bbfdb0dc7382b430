//! Markings compared: what passes something on may add to the restrictions that came with it, and
//! never takes any away.

use std::time::Duration;

use super::{Handling, HandlingCode, Tlp};
use crate::base::Timestamp;
use crate::domain::Faults;

const DAY: Duration = Duration::from_secs(24 * 3_600);

impl Tlp {
    /// How strict it is, from 0; a higher number is stricter.
    fn strictness(self) -> u8 {
        match self {
            Self::Clear => 0,
            Self::Green => 1,
            Self::Amber => 2,
            Self::AmberStrict => 3,
            Self::Red => 4,
        }
    }

    /// The stricter of two.
    fn stricter(self, other: Self) -> Self {
        if self.strictness() >= other.strictness() {
            self
        } else {
            other
        }
    }
}

impl Handling {
    /// How many whole days are left at `now` of the retention of something that was made at
    /// `created`; 0 where it is over, or ends within a day.
    pub fn days_left(&self, created: Timestamp, now: Timestamp) -> u32 {
        let kept = now.since(created);
        let days = kept.as_secs().div_ceil(DAY.as_secs());
        let days = u32::try_from(days).unwrap_or(u32::MAX);
        self.retention_days.saturating_sub(days)
    }

    /// Until when something that was made at `created` has a day of its retention left, and can be passed
    /// on; none where it never has one.
    pub fn passes_until(&self, created: Timestamp) -> Option<Timestamp> {
        let days = self.retention_days.checked_sub(1)?;
        Some(created.plus(DAY * days))
    }

    /// The marking of what passes on something with the marking `original`, of which `days` days
    /// of retention are left: all restrictions of both.
    #[must_use]
    pub fn with(&self, original: &Self, days: u32) -> Self {
        let both =
            |code: &&HandlingCode| self.codes.contains(code) || original.codes.contains(code);
        let mut restrictions: Vec<&str> = original.restriction.as_deref().into_iter().collect();
        let own = self.restriction.as_deref();
        restrictions.extend(own.filter(|own| original.restriction.as_deref() != Some(own)));
        Self {
            codes: HandlingCode::ALL.iter().filter(both).copied().collect(),
            restriction: (!restrictions.is_empty()).then(|| restrictions.join("\n")),
            tlp: self.tlp.stricter(original.tlp),
            chatham_house: self.chatham_house || original.chatham_house,
            retention_days: self.retention_days.min(days),
        }
    }

    /// Notes each restriction of `original` that this marking does not carry, where `days` days of
    /// its retention are left.
    pub(crate) fn check_carries(&self, original: &Self, days: u32, faults: &mut Faults) {
        let lost = |code: &HandlingCode| !self.codes.contains(code);
        if original.codes.iter().any(lost) {
            let what = "keeps every code of what is passed on";
            faults.note("handling.codes", "weakened", what);
        }
        let own = self.restriction.as_deref().unwrap_or_default();
        if let Some(restriction) = original.restriction.as_deref()
            && !own.contains(restriction)
        {
            let what = "keeps the words of the restriction of what is passed on";
            faults.note("handling.restriction", "weakened", what);
        }
        if self.tlp.strictness() < original.tlp.strictness() {
            let what = "is at least as strict as that of what is passed on";
            faults.note("handling.tlp", "weakened", what);
        }
        if original.chatham_house && !self.chatham_house {
            let what = "stays with what is passed on";
            faults.note("handling.chatham_house", "weakened", what);
        }
        if self.retention_days > days {
            let what = "ends when that of what is passed on ends, or before";
            faults.note("handling.retention_days", "weakened", what);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::hours;

    fn handling(codes: &[HandlingCode], tlp: Tlp) -> Handling {
        let restricted = codes.contains(&HandlingCode::H3);
        Handling {
            codes: codes.to_vec(),
            restriction: restricted.then(|| "Not to leave the unit.".to_owned()),
            tlp,
            chatham_house: false,
            retention_days: 30,
        }
    }

    fn faults(own: &Handling, original: &Handling, days: u32) -> Vec<String> {
        let mut faults = Faults::default();
        own.check_carries(original, days, &mut faults);
        let faults = faults.outcome().err().unwrap_or_default();
        faults.into_iter().map(|fault| fault.path).collect()
    }

    #[test]
    fn the_marking_of_both_carries_all_restrictions_of_each() {
        use HandlingCode::{H0, H1, H2, H3};
        let sets = [&[H0][..], &[H1], &[H0, H2], &[H3], &[H0, H1, H2, H3]];
        for a in sets {
            for b in sets {
                for tlp in Tlp::ALL {
                    for other in Tlp::ALL {
                        let (own, original) = (handling(a, *tlp), handling(b, *other));
                        let both = own.with(&original, 10);
                        assert!(faults(&both, &original, 10).is_empty(), "{a:?} {b:?}");
                        assert!(faults(&both, &own, 30).is_empty(), "{a:?} {b:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_restriction_that_is_lost_is_named() {
        use HandlingCode::{H0, H2, H3};
        let mut original = handling(&[H0, H2, H3], Tlp::Amber);
        original.chatham_house = true;
        let own = handling(&[H0], Tlp::Green);
        let lost = [
            "codes",
            "restriction",
            "tlp",
            "chatham_house",
            "retention_days",
        ];
        let lost = lost.map(|field| format!("handling.{field}"));
        assert_eq!(faults(&own, &original, 29), lost);
        let mut other = original.clone();
        other.restriction = Some("Something else.".into());
        assert_eq!(faults(&other, &original, 30), ["handling.restriction"]);
        other.restriction = Some("Not to leave the unit.\nNor the house.".into());
        assert!(faults(&other, &original, 30).is_empty());
    }

    #[test]
    fn retention_goes_on_where_it_is_and_never_begins_anew() {
        let handling = handling(&[HandlingCode::H0], Tlp::Amber);
        assert_eq!(handling.days_left(hours(0), hours(0)), 30);
        assert_eq!(handling.days_left(hours(0), hours(1)), 29);
        assert_eq!(handling.days_left(hours(0), hours(24)), 29);
        assert_eq!(handling.days_left(hours(0), hours(25)), 28);
        let last = handling.passes_until(hours(0)).unwrap();
        let later = last.plus(Duration::from_secs(1));
        let left = [last, later].map(|at| handling.days_left(hours(0), at));
        assert_eq!((last, left), (hours(29 * 24), [1, 0]));
        assert_eq!(handling.days_left(hours(0), hours(29 * 24 + 1)), 0);
        assert_eq!(handling.days_left(hours(0), hours(90 * 24)), 0);
        // A clock that went back gives nobody more than the originator said.
        assert_eq!(handling.days_left(hours(5), hours(0)), 30);
    }
}
