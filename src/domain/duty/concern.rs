//! A matter of an exchange with its moments, and up to which of them people were told.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Matter;
use crate::base::{MessageId, Timestamp};

/// Up to which level people were told of a matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The matter.
    pub matter: Matter,
    /// Since when it was.
    pub since: Timestamp,
    /// The level.
    pub level: u8,
    /// When they were first told of it.
    pub at: Timestamp,
}

impl Told {
    /// Whether it is about a matter that began then.
    pub fn is_of(&self, matter: Matter, since: Timestamp) -> bool {
        (self.matter, self.since) == (matter, since)
    }
}

/// How far a matter may be dated ahead of the time: one that is further was dated before the clock was set
/// back.
pub const AHEAD: Duration = Duration::from_secs(60);

/// One matter of an exchange with its moments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concern {
    /// What it is about.
    pub matter: Matter,
    /// The message that it is about, where it is one.
    pub message: Option<MessageId>,
    /// For a refused message: the number of the reason.
    pub refusal: Option<u16>,
    /// Since when; for the time limit its end. Of two of one kind it tells which is which.
    pub since: Timestamp,
    /// The limit that was set, and its end; none where there is none.
    pub limit: Option<(Duration, Timestamp)>,
    /// From when on an officer sees it.
    pub appears: Timestamp,
    /// When each level of the roster has to know, from level 1 up; never more than three.
    pub levels: Vec<Timestamp>,
}

impl Concern {
    /// The level that it has reached; 0 before the first. How long there has been a matter that is dated
    /// ahead nobody knows, so that the first level hears at once.
    pub fn level(&self, now: Timestamp) -> u8 {
        let reached = self.levels.iter().filter(|at| **at <= now).count();
        let at_once = usize::from(self.is_ahead(now)).min(self.levels.len());
        u8::try_from(reached.max(at_once)).expect("there are three levels")
    }

    /// Whether it is dated ahead. A time limit may well end later.
    pub fn is_ahead(&self, now: Timestamp) -> bool {
        self.matter != Matter::Clock && self.since > now.plus(AHEAD)
    }

    /// The matter as it counts where people were told of it before the time at which it is dated: from
    /// then on.
    #[must_use]
    pub fn counted(mut self, told: &[Told]) -> Self {
        let told = told.iter().find(|told| told.is_of(self.matter, self.since));
        let Some(at) = told.map(|told| told.at).filter(|at| *at < self.since) else {
            return self;
        };
        if self.matter == Matter::Clock {
            return self;
        }
        let ahead = self.since.since(at);
        self.appears = self.appears.minus(ahead).min(at);
        self.limit = self.limit.map(|(limit, end)| (limit, end.minus(ahead)));
        for level in &mut self.levels {
            *level = level.minus(ahead);
        }
        if let Some(first) = self.levels.first_mut() {
            *first = at;
        }
        self
    }

    /// When it reaches the level after `told`.
    pub fn next_level(&self, told: u8) -> Option<Timestamp> {
        self.levels.get(usize::from(told)).copied()
    }
}
