//! Up to which level people were told of what presses.

use crate::base::Timestamp;
use crate::domain::duty::{Concern, Told};

/// The next moment at which a level has to know that was not told yet.
pub(super) fn next_level(concerns: &[Concern], told: &[Told]) -> Option<Timestamp> {
    let next = concerns
        .iter()
        .filter_map(|c| c.next_level(level_told(told, c)));
    next.min()
}

/// What has reached a level of which nobody was told, with the level.
pub(super) fn untold(concerns: Vec<Concern>, told: &[Told], now: Timestamp) -> Vec<(Concern, u8)> {
    let reached = concerns.into_iter().map(|concern| {
        let level = concern.level(now);
        (concern, level)
    });
    reached
        .filter(|(concern, level)| *level > level_told(told, concern))
        .collect()
}

/// The level up to which people were told of a matter; 0 for none.
fn level_told(told: &[Told], concern: &Concern) -> u8 {
    let mut told = told.iter();
    let told = told.find(|told| told.is_of(concern.matter, concern.since));
    told.map_or(0, |told| told.level)
}
