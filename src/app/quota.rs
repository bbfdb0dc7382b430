//! How much of each member is taken in a day, so that a node that is broken or in wrong hands cannot
//! fill another one's disk.
//!
//! Urgent and routine messages count apart: a flood of one does not keep out the other. What is beyond
//! the quota is refused for the time being and waits at its sender; people at both ends are told.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::base::{MemberId, Timestamp};
use crate::domain::message::Priority;

/// How many messages of each member and priority are taken in a day, where nothing else is said.
pub const MESSAGES_A_DAY: u32 = 20_000;

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// A message counts as one for each such piece of it, in bytes.
const PIECE: usize = 16 * 1024;

/// How long after the last refusal people are still told.
const TOLD_FOR: Duration = Duration::from_secs(3_600);

/// What a member has used, and whether it wanted more.
///
/// The generic cell rate algorithm (ITU-T I.371): each message moves the time at which its sender has
/// used nothing, which may be a day ahead at most.
#[derive(Debug)]
pub(super) struct Quota {
    a_day: u32,
    /// When each would have used nothing, in time since the node started: no clock that is set decides.
    unused_at: BTreeMap<(MemberId, Priority), Duration>,
    /// Since when each has wanted more, and when it last did, in time since the start.
    exceeding: BTreeMap<MemberId, (Timestamp, Duration)>,
}

/// A member has sent more than its quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exceeded {
    /// For the first time in a while.
    First,
    /// As it did before.
    Again,
}

impl Quota {
    /// So many messages of each member and priority a day.
    pub(super) fn new(a_day: u32) -> Self {
        Self {
            a_day,
            unused_at: BTreeMap::new(),
            exceeding: BTreeMap::new(),
        }
    }

    /// Counts a message of so many bytes, at a time since the start, unless it is too much.
    ///
    /// # Errors
    /// [`Exceeded`]. The message is not counted then.
    pub(super) fn take(
        &mut self,
        (member, priority): (MemberId, Priority),
        bytes: usize,
        now: Timestamp,
        running: Duration,
    ) -> Result<(), Exceeded> {
        let moved = self.moved(bytes);
        let unused_at = self.unused_at.entry((member, priority)).or_default();
        let then = (*unused_at).max(running) + moved;
        if then <= running + DAY {
            *unused_at = then;
            return Ok(());
        }
        let known = self.exceeding.get(&member);
        let known = known.filter(|(_, last)| running.saturating_sub(*last) < TOLD_FOR);
        let (since, kind) = match known {
            Some((since, _)) => (*since, Exceeded::Again),
            None => (now, Exceeded::First),
        };
        self.exceeding.insert(member, (since, running));
        Err(kind)
    }

    /// A message of so many bytes was counted, and not taken after all.
    pub(super) fn give_back(&mut self, of: (MemberId, Priority), bytes: usize) {
        let moved = self.moved(bytes);
        if let Some(unused_at) = self.unused_at.get_mut(&of) {
            *unused_at = unused_at.saturating_sub(moved);
        }
    }

    /// By how much a message of so many bytes moves the time at which its sender has used nothing.
    fn moved(&self, bytes: usize) -> Duration {
        let pieces = u32::try_from(bytes.div_ceil(PIECE).max(1)).unwrap_or(u32::MAX);
        (DAY / self.a_day.max(1)).saturating_mul(pieces)
    }

    /// The members that want more than they may send, and since when.
    pub(super) fn exceeding(&self, running: Duration) -> Vec<(MemberId, Timestamp)> {
        let lately = |(_, last): &(Timestamp, Duration)| running.saturating_sub(*last) < TOLD_FOR;
        self.exceeding
            .iter()
            .filter(|(_, state)| lately(state))
            .map(|(member, (since, _))| (*member, *since))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::MAX;
    const HOUR: Duration = Duration::from_secs(3_600);

    fn take(quota: &mut Quota, member: &str, running: Duration) -> Result<(), Exceeded> {
        let of = (member.parse().unwrap(), Priority::Routine);
        quota.take(of, 1, NOW, running)
    }

    /// How many small messages are taken at once.
    fn taken(quota: &mut Quota, member: &str, running: Duration) -> usize {
        (0..1_000)
            .take_while(|_| take(quota, member, running).is_ok())
            .count()
    }

    #[test]
    fn a_days_messages_are_taken_at_once_and_no_more() {
        let mut quota = Quota::new(24);
        assert_eq!(taken(&mut quota, "MK", HOUR), 24);
    }

    #[test]
    fn what_was_used_comes_back_evenly() {
        let mut quota = Quota::new(24);
        taken(&mut quota, "MK", HOUR);
        assert_eq!(taken(&mut quota, "MK", HOUR * 2), 1);
        assert_eq!(taken(&mut quota, "MK", HOUR * 5), 3);
        assert_eq!(taken(&mut quota, "MK", HOUR * 500), 24);
    }

    #[test]
    fn members_and_priorities_are_counted_apart() {
        let mut quota = Quota::new(24);
        taken(&mut quota, "MK", HOUR);
        assert_eq!(take(&mut quota, "TR", HOUR), Ok(()));
        let urgent = ("MK".parse().unwrap(), Priority::Urgent);
        assert_eq!(quota.take(urgent, 1, NOW, HOUR), Ok(()));
    }

    #[test]
    fn a_long_message_counts_as_several() {
        let mut quota = Quota::new(24);
        let of = ("MK".parse().unwrap(), Priority::Routine);
        assert_eq!(quota.take(of, PIECE * 20, NOW, HOUR), Ok(()));
        assert_eq!(quota.take(of, PIECE * 5, NOW, HOUR), Err(Exceeded::First));
        assert_eq!(quota.take(of, PIECE * 4, NOW, HOUR), Ok(()));
    }

    #[test]
    fn people_are_told_while_it_lasts_and_for_an_hour_after() {
        let mut quota = Quota::new(24);
        taken(&mut quota, "MK", HOUR);
        let mk = "MK".parse().unwrap();
        assert_eq!(quota.exceeding(HOUR), [(mk, NOW)]);
        assert_eq!(take(&mut quota, "MK", HOUR), Err(Exceeded::Again));
        assert_eq!(quota.exceeding(HOUR * 2), []);
        taken(&mut quota, "MK", HOUR * 3);
        assert_eq!(take(&mut quota, "MK", HOUR * 3), Err(Exceeded::Again));
        assert_eq!(take(&mut quota, "MK", HOUR * 4), Ok(()));
        assert_eq!(take(&mut quota, "MK", HOUR * 4), Err(Exceeded::First));
    }
}
