//! Whether a time has truly passed, for what cannot be undone.
//!
//! The wall clock alone does not say so: it may have been set. The node must have been up for a while
//! with a wall clock that moved as its monotonic clock did, and other members must have signed times
//! that are past it too (in the receipts that they give).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::base::{MemberId, Timestamp};

/// How long the node must have been up.
const UPTIME: Duration = Duration::from_secs(3_600);
/// How far the wall clock may have moved otherwise than the monotonic one.
const DRIFT: Duration = Duration::from_secs(300);
/// How many other members must agree, where there are as many.
const WITNESSES: usize = 2;

/// The latest times that other members have signed.
#[derive(Debug, Clone, Default)]
pub struct PeerTimes(Arc<Mutex<BTreeMap<MemberId, Timestamp>>>);

impl PeerTimes {
    /// A member signed this time.
    pub fn saw(&self, member: MemberId, at: Timestamp) {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = times.entry(member).or_insert(at);
        *latest = at.max(*latest);
    }

    /// How many members have signed a time later than `at`.
    pub fn past(&self, at: Timestamp) -> usize {
        let times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        times.values().filter(|time| **time > at).count()
    }
}

/// Why it is not certain that a time has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// The node has not been up for long enough.
    #[error("the node has not been up for an hour with an even clock yet")]
    JustStarted,
    /// The wall clock was set while the node was up.
    #[error("the clock of this machine was set while the node was up")]
    ClockSet,
    /// Too few other members have signed later times.
    #[error("{agree} of {needed} other members have signed a later time")]
    PeersDisagree {
        /// How many have.
        agree: usize,
        /// How many must.
        needed: usize,
    },
}

/// Both clocks of this machine when the node started, or when it was noticed last that its wall clock had
/// been set.
#[derive(Debug, Clone, Copy)]
pub struct Since {
    wall: Timestamp,
    monotonic: Instant,
}

impl Since {
    /// Now.
    pub fn now() -> Self {
        Self {
            wall: Timestamp::system(),
            monotonic: Instant::now(),
        }
    }

    /// Whether `due` has passed for certain, as this machine's clocks and `others` other members see it.
    /// A wall clock that was set has to run evenly for as long again.
    ///
    /// # Errors
    /// [`Doubt`].
    pub fn has_passed(
        &mut self,
        due: Timestamp,
        times: &PeerTimes,
        others: usize,
    ) -> Result<(), Doubt> {
        self.has_passed_at(Self::now(), due, (times.past(due), others))
    }

    fn has_passed_at(
        &mut self,
        now: Self,
        due: Timestamp,
        members: (usize, usize),
    ) -> Result<(), Doubt> {
        let up = now.monotonic.saturating_duration_since(self.monotonic);
        let passed = passed(due, self.wall, (now.wall, up), members);
        if passed == Err(Doubt::ClockSet) {
            *self = now;
        }
        passed
    }
}

/// Whether `due` has passed for a node that was started at `started` and has since then been up for
/// `up`, while its wall clock came to `now`; `agree` of `others` other members have signed a later time.
fn passed(
    due: Timestamp,
    started: Timestamp,
    (now, up): (Timestamp, Duration),
    (agree, others): (usize, usize),
) -> Result<(), Doubt> {
    if up < UPTIME {
        return Err(Doubt::JustStarted);
    }
    let expected = started.plus(up);
    let drift = now.since(expected).max(expected.since(now));
    if drift > DRIFT || now <= due {
        return Err(Doubt::ClockSet);
    }
    let needed = WITNESSES.min(others).max(1);
    match agree >= needed {
        true => Ok(()),
        false => Err(Doubt::PeersDisagree { agree, needed }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_millis(1_000 * 3_600 * 1_000 + hours * 3_600_000)
    }

    #[test]
    fn a_time_has_passed_only_if_both_clocks_and_two_members_say_so() {
        let up = (at(2), 2 * HOUR);
        assert_eq!(passed(at(1), at(0), up, (2, 3)), Ok(()));
        assert_eq!(passed(at(1), at(0), up, (5, 9)), Ok(()));
        assert_eq!(passed(at(1), at(0), up, (1, 1)), Ok(()), "there is but one");
        let disagree = |agree, needed| Err(Doubt::PeersDisagree { agree, needed });
        assert_eq!(passed(at(1), at(0), up, (1, 3)), disagree(1, 2));
        assert_eq!(passed(at(1), at(0), up, (0, 1)), disagree(0, 1));
        assert_eq!(passed(at(1), at(0), up, (0, 0)), disagree(0, 1));
    }

    #[test]
    fn a_clock_that_was_set_proves_nothing() {
        let up = 2 * HOUR;
        for now in [at(1), at(3), at(24 * 365), at(-24)] {
            let found = passed(at(-100), at(0), (now, up), (3, 3));
            assert_eq!(found, Err(Doubt::ClockSet), "{now}");
        }
        let before = passed(at(3), at(0), (at(2), up), (3, 3));
        assert_eq!(before, Err(Doubt::ClockSet));
        let young = passed(at(-1), at(0), (at(0), HOUR / 2), (3, 3));
        assert_eq!(young, Err(Doubt::JustStarted));
    }

    #[test]
    fn a_clock_that_was_set_is_believed_again_after_an_even_hour() {
        let began = Instant::now();
        let after = |up: Duration, wall| Since {
            wall,
            monotonic: began + up,
        };
        let mut since = after(Duration::ZERO, at(-500));
        let mut passed = |up, wall| since.has_passed_at(after(up, wall), at(-1), (2, 3));
        assert_eq!(passed(HOUR, at(1)), Err(Doubt::ClockSet));
        let early = HOUR + HOUR / 2;
        assert_eq!(passed(early, at(1).plus(HOUR / 2)), Err(Doubt::JustStarted));
        assert_eq!(passed(2 * HOUR, at(2)), Ok(()));
    }

    #[test]
    fn the_latest_time_of_each_member_counts() {
        let times = PeerTimes::default();
        let tr: MemberId = "TR".parse().unwrap();
        times.saw(tr, at(2));
        times.saw(tr, at(1));
        times.saw("AT".parse().unwrap(), at(1));
        assert_eq!(times.past(at(0)), 2);
        assert_eq!(times.past(at(1)), 1);
        assert_eq!(times.past(at(2)), 0);
    }
}
