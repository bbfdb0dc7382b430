//! The hours of a post: days and times of the clock in its own time zone.

use serde::{Deserialize, Serialize};

use crate::base::Timestamp;
use crate::domain::Faults;

codes! {
    /// A day of the week.
    Weekday {
        /// Monday.
        Monday = "mon",
        /// Tuesday.
        Tuesday = "tue",
        /// Wednesday.
        Wednesday = "wed",
        /// Thursday.
        Thursday = "thu",
        /// Friday.
        Friday = "fri",
        /// Saturday.
        Saturday = "sat",
        /// Sunday.
        Sunday = "sun",
    }
}

impl Weekday {
    fn of(day: jiff::civil::Weekday) -> Self {
        use jiff::civil::Weekday as Day;
        match day {
            Day::Monday => Self::Monday,
            Day::Tuesday => Self::Tuesday,
            Day::Wednesday => Self::Wednesday,
            Day::Thursday => Self::Thursday,
            Day::Friday => Self::Friday,
            Day::Saturday => Self::Saturday,
            Day::Sunday => Self::Sunday,
        }
    }
}

/// When a post answers: from one time of the clock to another, on some days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// The days; every day where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Weekday>,
    /// From when on, `08:00`.
    pub from: String,
    /// Until when, `16:00`, not included; `24:00` is the end of the day. What is not after `from` is
    /// of the next day.
    pub to: String,
    /// The time zone by its name in the IANA database, such as `Europe/Skopje`.
    pub zone: String,
}

/// `mon, tue 08:00-16:00 Europe/Skopje`.
impl std::fmt::Display for Hours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let days: Vec<&str> = self.days.iter().map(|day| day.as_str()).collect();
        if !days.is_empty() {
            write!(f, "{} ", days.join(", "))?;
        }
        write!(f, "{}-{} {}", self.from, self.to, self.zone)
    }
}

/// Minutes of a day.
const DAY: u16 = 24 * 60;

impl Hours {
    pub(super) fn check(&self, path: &str, faults: &mut Faults) {
        faults.distinct(format!("{path}.days"), &self.days);
        let what = "is a time of the clock, such as 08:00";
        if minutes(&self.from).is_none_or(|from| from == DAY) {
            faults.note(format!("{path}.from"), "not-allowed", what);
        }
        if minutes(&self.to).is_none() {
            faults.note(format!("{path}.to"), "not-allowed", what);
        }
        if !is_zone(&self.zone) {
            let what = "is a time zone of the IANA database, such as Europe/Skopje";
            faults.note(format!("{path}.zone"), "not-allowed", what);
        }
    }

    /// Whether they cover a time; nothing where this machine does not know the time zone.
    pub fn cover(&self, now: Timestamp) -> Option<bool> {
        let (from, to) = (minutes(&self.from)?, minutes(&self.to)?);
        let zone = jiff::tz::TimeZone::get(&self.zone).ok()?;
        let instant = jiff::Timestamp::from_millisecond(now.as_millis()).ok()?;
        let local = instant.to_zoned_datetime(zone);
        let at =
            u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        let on = |day: jiff::civil::Weekday| {
            self.days.is_empty() || self.days.contains(&Weekday::of(day))
        };
        let today = local.weekday();
        Some(if from < to {
            on(today) && (from..to).contains(&at)
        } else {
            (on(today) && at >= from) || (on(today.previous()) && at < to)
        })
    }
}

/// `HH:MM` as minutes of the day, at most 24:00.
fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two = |digits: &str| {
        let fits = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| digits.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (two(hour)?, two(minute)?);
    let all = hour * 60 + minute;
    (minute < 60 && all <= DAY).then_some(all)
}

/// Whether a text can name a time zone. Which ones there are changes, and is not for two nodes to
/// disagree on.
fn is_zone(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+'))
    };
    text.len() <= 60
        && text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
        && text.split('/').all(is_part)
}
