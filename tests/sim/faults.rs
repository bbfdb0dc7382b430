//! What was done to a federation, by kind: a run shows that each was done often enough to count.

use std::collections::BTreeMap;
use std::time::Duration;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Injected {
    /// A frame was lost with its link.
    FrameLost,
    /// A frame came once more.
    FrameAgain,
    /// Nothing passed one way of a link.
    OneWay,
    /// A link broke.
    LinkDown,
    /// A link broke, and one side did not notice.
    LinkGone,
    /// A process was killed.
    Killed,
    /// The power failed.
    PowerCut,
    /// A write did not happen, and its writer could not know.
    WriteLost,
    /// A write happened, and its writer could not know.
    WriteKept,
    /// A write happened in part.
    WriteTorn,
    /// A write found no room.
    NoRoom,
    /// A restart found an index that lacked something, or none.
    IndexBehind,
    /// A clock was set ahead.
    ClockAhead,
    /// A clock was set back.
    ClockBack,
    /// An office made a new receiving key.
    KeyRotated,
    /// A member was left out of the list, or taken back.
    ListChanged,
    /// A member showed one of two histories of its log.
    LieTwoHistories,
    /// It showed an earlier state of one as its newest.
    LieStale,
    /// It said once more what it had said, to somebody.
    LieAgain,
    /// It gave a receipt for what it never got.
    LieReceipt,
}

impl Injected {
    pub const ALL: [Self; 20] = [
        Self::FrameLost,
        Self::FrameAgain,
        Self::OneWay,
        Self::LinkDown,
        Self::LinkGone,
        Self::Killed,
        Self::PowerCut,
        Self::WriteLost,
        Self::WriteKept,
        Self::WriteTorn,
        Self::NoRoom,
        Self::IndexBehind,
        Self::ClockAhead,
        Self::ClockBack,
        Self::KeyRotated,
        Self::ListChanged,
        Self::LieTwoHistories,
        Self::LieStale,
        Self::LieAgain,
        Self::LieReceipt,
    ];
}

/// How often each fault came in a hundred short courses at the very least.
const IN_A_HUNDRED: u64 = 5;

/// How many faults there were in a course at the very least, on average.
const IN_A_COURSE: u64 = 5;

/// How often each fault came, and how much time passed meanwhile.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    counts: BTreeMap<Injected, u64>,
    pub passed: Duration,
}

impl Tally {
    pub fn count(&mut self, what: Injected, times: u64) {
        *self.counts.entry(what).or_default() += times;
    }

    /// That of several courses together.
    pub fn sum<'a>(all: impl Iterator<Item = &'a Self>) -> Self {
        all.fold(Self::default(), |mut sum, one| {
            for (what, times) in &one.counts {
                sum.count(*what, *times);
            }
            sum.passed += one.passed;
            sum
        })
    }

    pub fn faults(&self) -> u64 {
        self.counts.values().sum()
    }

    pub fn hours(&self) -> u64 {
        self.passed.as_secs() / 3_600
    }

    /// What came too seldom in so many courses.
    pub fn lacks(&self, courses: u64) -> Vec<String> {
        let seldom = |what: Injected| {
            let times = self.counts.get(&what).copied().unwrap_or(0);
            let least = courses * IN_A_HUNDRED / 100;
            (times < least).then(|| format!("{what:?} came {times} times, not {least}"))
        };
        let mut lacks: Vec<String> = Injected::ALL.into_iter().filter_map(seldom).collect();
        let (faults, least) = (self.faults(), courses * IN_A_COURSE);
        if faults < least {
            lacks.push(format!("there were {faults} faults, not {least}"));
        }
        // A course settles for an hour about.
        let (hours, least) = (self.hours(), courses / 4);
        if hours < least {
            lacks.push(format!("{hours} hours passed, not {least}"));
        }
        lacks
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (faults, hours) = (self.faults(), self.hours());
        write!(f, "{faults} faults in {hours} simulated hours: ")?;
        let kinds = self.counts.iter().map(|(what, n)| format!("{what:?} {n}"));
        f.write_str(&kinds.collect::<Vec<_>>().join(", "))
    }
}
