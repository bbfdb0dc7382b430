//! Whether the clock may decide what cannot be undone. Time alone erases only where the clock has
//! run evenly since the start and agrees with the times that peers sign; otherwise it waits, and an
//! alarm says so.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::base::{MemberId, Timestamp};

/// How far clocks may differ.
const APART: Duration = Duration::from_secs(10 * 60);

/// How long the clock has to have run evenly.
const EVEN_FOR: Duration = Duration::from_secs(10 * 60);

/// How long what a peer said counts.
const COUNTS_FOR: Duration = Duration::from_secs(24 * 3_600);

/// How many other members have to agree, where there are as many.
const AGREE: usize = 2;

/// Why the clock may not decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockDoubt {
    /// The node has not run for long enough since its start, or since the clock was set.
    Young,
    /// Fewer members than have to agree said what time it is within a day.
    Alone,
    /// Most peers that said so say another time.
    Apart,
}

impl ClockDoubt {
    /// Why, in words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Young => "the node started, or its clock was set, less than ten minutes ago",
            Self::Alone => "too few other members' signed times have come within a day",
            Self::Apart => "most other members' signed times differ by more than ten minutes",
        }
    }
}

/// What is known of the clock since the start.
#[derive(Debug, Default)]
pub(super) struct ClockWatch {
    /// Wall time and time since the start at which the clock was last set, or first seen.
    since: Option<(Timestamp, Duration)>,
    /// Time since the start.
    running: Duration,
    /// When each member last signed a time, and whether it agreed.
    said: BTreeMap<MemberId, (Timestamp, bool)>,
}

impl ClockWatch {
    /// So much time passed since the start, by a clock that nobody can set.
    pub(super) fn elapsed(&mut self, now: Timestamp, running: Duration) {
        self.running = running;
        let even = self.since.is_some_and(|(then, at)| {
            let expected = then.plus(running.saturating_sub(at));
            apart(expected, now) <= APART
        });
        if !even {
            self.since = Some((now, running));
            self.said.clear();
        }
    }

    /// How long the node has been running, as it last heard.
    pub(super) fn running(&self) -> Duration {
        self.running
    }

    /// A member's signature says that it was `at` when this came.
    pub(super) fn said(&mut self, member: MemberId, at: Timestamp, now: Timestamp) {
        let agrees = apart(at, now) <= APART;
        // What comes late says little; what agrees counts until it is old.
        let known = self.said.get(&member);
        let still = known.is_some_and(|(when, agreed)| *agreed && now.since(*when) < COUNTS_FOR);
        if agrees || !still {
            self.said.insert(member, (now, agrees));
        }
    }

    /// Whether time may decide what cannot be undone, where there are so many `others`.
    ///
    /// # Errors
    /// [`ClockDoubt`].
    pub(super) fn decides(&self, now: Timestamp, others: usize) -> Result<(), ClockDoubt> {
        let even = self.since.map(|(_, at)| self.running.saturating_sub(at));
        if even.is_none_or(|even| even < EVEN_FOR) {
            return Err(ClockDoubt::Young);
        }
        let counts = |(when, _): &&(Timestamp, bool)| apart(*when, now) < COUNTS_FOR;
        let all = self.said.values().filter(counts).count();
        let agree = self
            .said
            .values()
            .filter(counts)
            .filter(|(_, agrees)| *agrees)
            .count();
        let needed = AGREE.min(others).max(1);
        match (all, agree) {
            (all, _) if all < needed => Err(ClockDoubt::Alone),
            (all, agree) if agree >= needed && agree * 2 > all => Ok(()),
            (_, _) => Err(ClockDoubt::Apart),
        }
    }
}

fn apart(one: Timestamp, other: Timestamp) -> Duration {
    one.max(other).since(one.min(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000 + minutes * 60_000)
    }

    fn member(text: &str) -> MemberId {
        text.parse().unwrap()
    }

    /// A clock that ran evenly for an hour.
    fn even() -> ClockWatch {
        let mut watch = ClockWatch::default();
        for minute in 0..=60 {
            watch.elapsed(at(minute), MINUTE * u32::try_from(minute).unwrap());
        }
        watch
    }

    #[test]
    fn a_clock_decides_when_it_ran_evenly_and_most_peers_agree() {
        let mut watch = even();
        assert_eq!(watch.decides(at(60), 1), Err(ClockDoubt::Alone));
        watch.said(member("TR"), at(58), at(60));
        assert_eq!(watch.decides(at(60), 1), Ok(()));
        assert_eq!(
            watch.decides(at(60), 3),
            Err(ClockDoubt::Alone),
            "one is not enough"
        );
        watch.said(member("AT"), at(-600), at(60));
        assert_eq!(watch.decides(at(60), 1), Err(ClockDoubt::Apart));
        watch.said(member("AT"), at(60), at(60));
        // What comes late does not take back what agreed.
        watch.said(member("AT"), at(-600), at(60));
        assert_eq!(watch.decides(at(60), 1), Ok(()));
        assert_eq!(watch.decides(at(60 + 25 * 60), 1), Err(ClockDoubt::Alone));
    }

    #[test]
    fn a_clock_that_is_set_ahead_decides_nothing() {
        let mut watch = even();
        watch.said(member("TR"), at(60), at(60));
        let year = 365 * 24 * 60;
        watch.elapsed(at(61 + year), MINUTE * 61);
        assert_eq!(watch.decides(at(61 + year), 1), Err(ClockDoubt::Young));
        for minute in 62..90 {
            watch.elapsed(at(minute + year), MINUTE * u32::try_from(minute).unwrap());
            watch.said(member("TR"), at(minute), at(minute + year));
        }
        assert_eq!(watch.decides(at(90 + year), 1), Err(ClockDoubt::Apart));
    }

    #[test]
    fn a_node_that_has_just_started_decides_nothing() {
        let mut watch = ClockWatch::default();
        assert_eq!(watch.decides(at(0), 1), Err(ClockDoubt::Young));
        watch.elapsed(at(0), Duration::ZERO);
        watch.said(member("TR"), at(0), at(0));
        assert_eq!(watch.decides(at(0), 1), Err(ClockDoubt::Young));
    }
}
