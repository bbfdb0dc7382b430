//! One input's turn: what it reads, records, and takes back.

use crate::app::change::Change;
use crate::app::input::Effect;
use crate::app::project::{Projected, project};
use crate::app::view::View;
use crate::base::{Actor, Entropy, MemberId, Timestamp};
use crate::store::{IndexError, Log};

/// A change that awaits its log append.
#[derive(Debug)]
pub struct Recorded {
    /// Who caused it.
    pub by: Actor,
    /// What happened.
    pub change: Change,
    /// The entry of the letter that it came of, where it was one.
    pub letter: Option<u64>,
}

/// One input's turn: what it may read, and what it leaves behind.
pub struct Turn<'a> {
    /// The time of the group.
    pub now: Timestamp,
    /// Randomness.
    pub entropy: &'a mut dyn Entropy,
    /// The index with all that is pending.
    pub view: View<'a>,
    /// The log as far as it is durable.
    pub log: &'a dyn Log,
    /// The index that the next recorded change gets.
    pub next_entry: u64,
    /// Changes to append.
    pub recorded: &'a mut Vec<Recorded>,
    /// What to do after that.
    pub effects: &'a mut Vec<Effect>,
    /// The entry of the letter that leaves now.
    pub letter: Option<u64>,
}

/// A place in a turn to go back to.
#[derive(Debug)]
pub struct Mark {
    recorded: usize,
    next_entry: u64,
    effects: usize,
    view: usize,
}

impl Turn<'_> {
    /// Records a change and lays it over the index at once; gives its log entry.
    ///
    /// # Errors
    /// Whatever the index gives.
    pub fn record(&mut self, me: MemberId, by: Actor, change: Change) -> Result<u64, IndexError> {
        let entry = self.next_entry;
        let projected = Projected {
            entry,
            at: self.now,
            change: &change,
        };
        project(&mut self.view, me, &projected)?;
        let letter = self.letter;
        self.recorded.push(Recorded { by, change, letter });
        self.next_entry += 1;
        Ok(entry)
    }

    /// The place where the turn is now.
    pub fn mark(&mut self) -> Mark {
        Mark {
            recorded: self.recorded.len(),
            next_entry: self.next_entry,
            effects: self.effects.len(),
            view: self.view.remember(),
        }
    }

    /// Takes back all that was recorded since a place.
    pub fn take_back(&mut self, mark: &Mark) {
        self.recorded.truncate(mark.recorded);
        self.next_entry = mark.next_entry;
        self.effects.truncate(mark.effects);
        self.view.take_back(mark.view);
        self.letter = None;
    }

    /// What was recorded since a place.
    pub fn recorded_since(&self, mark: &Mark) -> &[Recorded] {
        &self.recorded[mark.recorded..]
    }
}
