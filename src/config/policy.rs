//! `[policy]`: what a second person has to release before it leaves.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::domain::release::{Gated, ReleasePolicy};

/// `[policy]`. None is required at first, since there are offices of one person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// What a second person must release.
    pub release: BTreeSet<Gated>,
    /// After how long without a release an officer may send a life-threatening request alone, such
    /// as `15m`; none where never.
    pub emergency_after: Option<String>,
}

/// The shortest and longest time that an emergency release waits, in seconds: a minute, a day.
const WAITS: std::ops::RangeInclusive<u32> = 60..=86_400;

impl Policy {
    /// What it says.
    pub fn in_force(&self) -> ReleasePolicy {
        ReleasePolicy {
            release: self.release.clone(),
            emergency_after: self.emergency_after.as_deref().and_then(seconds),
        }
    }

    /// What the types alone cannot hold. The error names the setting.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let Some(text) = self.emergency_after.as_deref() else {
            return Ok(());
        };
        match seconds(text) {
            Some(seconds) if WAITS.contains(&seconds) => Ok(()),
            _ => {
                let message = format!("{text:?} is no time from 1m to 24h, such as 15m or 2h");
                Err(("policy.emergency_after", message))
            }
        }
    }
}

/// `90s`, `15m` or `2h` in seconds.
fn seconds(text: &str) -> Option<u32> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return None,
    };
    if !number.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    number.parse::<u32>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        assert_eq!(seconds("15m"), Some(900));
        assert_eq!(seconds("90s"), Some(90));
        assert_eq!(seconds("2h"), Some(7_200));
        for text in ["", "m", "15", "15 m", "+5m", "1d", "99999999h", "15\u{0}"] {
            assert_eq!(seconds(text), None, "{text:?}");
        }
    }

    #[test]
    fn an_emergency_waits_from_a_minute_to_a_day() {
        let with = |text: &str| Policy {
            emergency_after: Some(text.to_owned()),
            ..Policy::default()
        };
        assert!(with("1m").check().is_ok() && with("24h").check().is_ok());
        for text in ["59s", "25h", "0m", "soon"] {
            assert!(with(text).check().is_err(), "{text}");
        }
        assert_eq!(with("15m").in_force().emergency_after, Some(900));
    }
}
