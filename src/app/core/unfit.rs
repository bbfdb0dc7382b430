//! What is done where a group is not one that the log takes.

use super::{Core, Fatal, Outcome, Signer};
use crate::app::input::Input;
use crate::base::{Entropy, Timestamp};
use crate::store::{Index, Log};

impl<L: Log, I: Index, S: Signer> Core<L, I, S> {
    /// Handles each input of a group in a group of its own, so that only what does not fit is turned down.
    pub(super) fn one_by_one(
        &mut self,
        now: Timestamp,
        entropy: &mut dyn Entropy,
        inputs: Vec<Input>,
    ) -> Result<Vec<Outcome>, Fatal> {
        let mut outcomes = Vec::new();
        let mut after = std::mem::take(&mut self.waiting);
        for input in inputs {
            outcomes.extend(self.commit_once(now, entropy, vec![input])?);
            after.append(&mut self.waiting);
        }
        self.waiting = after;
        Ok(outcomes)
    }
}
