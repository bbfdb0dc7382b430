//! Up to which level people were told of what presses.

use crate::app::letters::LetterRow;
use crate::base::Timestamp;
use crate::domain::duty::{AHEAD, Concern, Told, letter_concern};

/// The next moment at which a level has to know that was not told yet.
pub(super) fn next_level(concerns: &[Concern], told: &[Told]) -> Option<Timestamp> {
    let next = concerns
        .iter()
        .filter_map(|c| c.next_level(level_told(told, c)));
    next.min()
}

/// The level up to which people were told of a matter; 0 for none.
fn level_told(told: &[Told], concern: &Concern) -> u8 {
    let mut told = told.iter();
    let told = told.find(|told| told.is_of(concern.matter, concern.since));
    told.map_or(0, |told| told.level)
}

/// What people were told, as it counts now. How long ago a clock told them that was set back since, nobody
/// knows: that counts from when it was set back, which was at `set_back`.
pub(super) fn as_counts(told: &[Told], set_back: Timestamp, now: Timestamp) -> Vec<Told> {
    let each = told.iter();
    let counts = |told: &Told| match told.at > now.plus(AHEAD) {
        true => as_of(told, set_back),
        false => *told,
    };
    each.map(counts).collect()
}

/// When people were first told of what `first` says, where they are told of it again at `now`.
pub(super) fn first_told(first: &Told, now: Timestamp) -> Timestamp {
    match first.at > now.plus(AHEAD) {
        true => as_of(first, now).at,
        false => first.at.min(now),
    }
}

/// As though they had been told at another time: as long after the matter began as they were.
fn as_of(told: &Told, at: Timestamp) -> Told {
    let at = at.minus(told.at.since(told.since));
    Told { at, ..*told }
}

/// The matters of an exchange, alert or letter with what people were told of them, as it counts now.
#[derive(Default)]
pub(super) struct Levels {
    pub(super) concerns: Vec<Concern>,
    told: Vec<Told>,
    /// The latest time at which they were told by a clock that was set back since.
    ahead: Option<Timestamp>,
}

impl Levels {
    /// Given what people were told, the matters that follow, and since when the clock was not set back.
    pub(super) fn of(
        told: &[Told],
        set_back: Timestamp,
        now: Timestamp,
        concerns: impl FnOnce(&[Told]) -> Vec<Concern>,
    ) -> Self {
        let ahead = told.iter().map(|told| told.at).max();
        let told = as_counts(told, set_back, now);
        Self {
            concerns: concerns(&told),
            told,
            ahead: ahead.filter(|at| *at > now.plus(AHEAD)),
        }
    }

    /// Those of a letter that waits.
    pub(super) fn of_letter(row: &LetterRow, set_back: Timestamp, now: Timestamp) -> Self {
        Self::of(&row.told, set_back, now, |told| {
            let waits = row.concern().is_some();
            let concern = waits.then(|| letter_concern(row.id, row.stands_since).counted(told));
            concern.into_iter().collect()
        })
    }

    /// What has reached a level of which nobody was told, with the level.
    pub(super) fn untold(self, now: Timestamp) -> Vec<(Concern, u8)> {
        let Self { concerns, told, .. } = self;
        let reached = concerns.into_iter().map(|concern| {
            let level = concern.level(now);
            (concern, level)
        });
        reached
            .filter(|(concern, level)| *level > level_told(&told, concern))
            .collect()
    }

    /// Where people were told by a clock that was set back since: when the next level has to know all the
    /// same, or when the clock has caught up.
    pub(super) fn again(&self) -> Option<Timestamp> {
        let next = next_level(&self.concerns, &self.told);
        self.ahead
            .map(|ahead| next.map_or(ahead, |next| next.min(ahead)))
    }
}
