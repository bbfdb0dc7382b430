//! Times as people read them: the local calendar of the language, the ISO date, and the zone.
//!
//! Persian reads Solar Hijri dates. A deadline always shows both calendars, and what runs from left
//! to right stands isolated, so that `2026-03-22` never turns into `22-03-2026`.

use std::time::Duration;

use calendrical_calculations::{gregorian::fixed_from_gregorian, persian::fast_persian_from_fixed};
use jiff::tz::TimeZone;

use super::language::{Language, Part, Words};
use crate::base::Timestamp;

/// A time, ready for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// RFC 3339 in UTC, for machines.
    pub machine: String,
    /// In the calendar and the words of the language.
    pub local: String,
    /// ISO 8601 with minutes and the zone's offset, always from left to right.
    pub iso: String,
}

impl Moment {
    /// A time in a zone, in the words of a language.
    pub fn of(at: Timestamp, zone: &TimeZone, words: Words) -> Self {
        let instant = jiff::Timestamp::from_millisecond(at.as_millis())
            .expect("a timestamp is clamped to what can be written");
        let zoned = instant.to_zoned_datetime(zone.clone());
        let (hour, minute) = (zoned.hour(), zoned.minute());
        let (year, month, day) = match words.0 {
            Language::English | Language::Turkish => {
                (i32::from(zoned.year()), zoned.month(), zoned.day())
            }
            Language::Persian => solar_hijri(zoned.year(), zoned.month(), zoned.day()),
        };
        let month = month_name(words, month);
        let parts = [
            ("day", Part::from(words.number(day))),
            ("month", Part::from(month)),
            ("year", Part::from(words.number(year))),
            (
                "time",
                Part::from(words.number(format!("{hour:02}:{minute:02}"))),
            ),
        ];
        Self {
            machine: at.to_string(),
            local: plain(&words.put("time-local", &parts)),
            iso: zoned.strftime("%Y-%m-%d %H:%M %:z").to_string(),
        }
    }
}

/// The text without the marks that isolate its parts: a date is one token already.
fn plain(text: &str) -> String {
    let isolates = |c: char| matches!(c, '\u{2066}'..='\u{2069}');
    text.chars().filter(|c| !isolates(*c)).collect()
}

fn month_name(words: Words, month: i8) -> String {
    words.say(&format!("month-{month}"))
}

/// The Solar Hijri date of a Gregorian one, as ICU4X reckons it.
fn solar_hijri(year: i16, month: i8, day: i8) -> (i32, i8, i8) {
    let month = u8::try_from(month).unwrap_or(1);
    let day = u8::try_from(day).unwrap_or(1);
    let fixed = fixed_from_gregorian(i32::from(year), month, day);
    let (year, month, day) = fast_persian_from_fixed(fixed).unwrap_or((0, 1, 1));
    let small = |n: u8| i8::try_from(n).unwrap_or(1);
    (year, small(month), small(day))
}

/// Digits as Persian writes them.
pub fn persian_digits(text: &str) -> String {
    let digit = |c: char| match c.to_digit(10) {
        Some(digit) => char::from_u32(0x06F0 + digit).unwrap_or(c),
        None => c,
    };
    text.chars().map(digit).collect()
}

/// A span of time in its two largest units.
pub fn span(duration: Duration, words: Words) -> String {
    let minutes = duration.as_secs() / 60;
    let (days, hours, minutes) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    let (key, parts) = match (days, hours) {
        (0, 0) => ("span-minutes", vec![("minutes", Part::from(minutes))]),
        (0, _) => (
            "span-hours",
            vec![
                ("hours", Part::from(hours)),
                ("minutes", Part::from(minutes)),
            ],
        ),
        (_, _) => (
            "span-days",
            vec![("days", Part::from(days)), ("hours", Part::from(hours))],
        ),
    };
    plain(&words.put(key, &parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn zone() -> TimeZone {
        TimeZone::fixed(jiff::tz::offset(3))
    }

    #[test]
    fn persian_reads_solar_hijri_beside_the_iso_date() {
        let moment = Moment::of(
            at("2026-03-20T22:30:00Z"),
            &zone(),
            Words(Language::Persian),
        );
        assert_eq!(moment.iso, "2026-03-21 01:30 +03:00");
        assert!(moment.local.contains("۱ فروردین ۱۴۰۵"), "{}", moment.local);
        assert!(moment.local.contains("۰۱:۳۰"), "{}", moment.local);
        let english = Moment::of(
            at("2026-03-20T22:30:00Z"),
            &zone(),
            Words(Language::English),
        );
        assert!(english.local.contains("21 March 2026"), "{}", english.local);
        assert_eq!(english.machine, "2026-03-20T22:30:00.000Z");
    }

    #[test]
    fn solar_hijri_dates_are_those_of_the_official_calendar() {
        // Nowruz, and the last day of a leap year (1403) and of a common one (1404).
        for (gregorian, expected) in [
            ((2024, 3, 20), (1403, 1, 1)),
            ((2025, 3, 20), (1403, 12, 30)),
            ((2025, 3, 21), (1404, 1, 1)),
            ((2026, 3, 20), (1404, 12, 29)),
            ((2026, 11, 27), (1405, 9, 6)),
            ((1979, 2, 11), (1357, 11, 22)),
        ] {
            let (year, month, day) = gregorian;
            assert_eq!(solar_hijri(year, month, day), expected, "{gregorian:?}");
        }
    }

    #[test]
    fn a_span_is_told_in_its_two_largest_units() {
        let told = |seconds, language| span(Duration::from_secs(seconds), Words(language));
        assert_eq!(told(59, Language::English), "0 min");
        assert_eq!(told(2 * 3_600 + 300, Language::English), "2 h 5 min");
        assert_eq!(told(3 * 86_400 + 3_600, Language::English), "3 d 1 h");
        assert!(told(300, Language::Persian).contains('۵'));
    }
}
