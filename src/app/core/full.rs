//! What is done where a group found no room on the disk.

use std::collections::BTreeSet;

use super::{Core, Fatal, Group, Outcome, Signer};
use crate::app::duty;
use crate::app::error::AppError;
use crate::app::input::{Effect, FromPeer, Input, Ticket};
use crate::base::{Entropy, Timestamp, merkle};
use crate::exchange::Refusal;
use crate::store::{Index, Log};

impl<L: Log, I: Index, S: Signer> Core<L, I, S> {
    /// Does what needs no record, from what stands in the log: answers those who only read, such as the
    /// node's state, sends what waits, and hands over alarms.
    pub(super) fn without_recording(
        &mut self,
        now: Timestamp,
        entropy: &mut dyn Entropy,
        reads: Vec<Input>,
    ) -> Result<Vec<Outcome>, Fatal> {
        let mut outcomes = self.read_and_send(now, entropy, reads)?;
        outcomes.extend(self.sound(now, entropy)?);
        Ok(outcomes)
    }

    fn read_and_send(
        &mut self,
        now: Timestamp,
        entropy: &mut dyn Entropy,
        reads: Vec<Input>,
    ) -> Result<Vec<Outcome>, Fatal> {
        let mut group = Group::default();
        let under = (&self.index as &dyn Index, &self.log as &dyn Log);
        let mut turn = group.turn(now, entropy, under, &self.settled);
        for input in &reads {
            self.service.handle(&mut turn, input)?;
        }
        self.service.send_waiting(&mut turn)?;
        let Group {
            pending,
            recorded,
            effects,
        } = group;
        if !recorded.is_empty() {
            // What somebody else's reading would have recorded before is to be recorded now.
            self.service
                .turned_down(self.log.size(), &recorded, &effects);
            let (none, refused) = (BTreeSet::new(), AppError::DiskFull);
            return Ok(self.turn_down(effects, Vec::new(), &none, &refused));
        }
        self.settled.extend(pending);
        self.resolve(now, entropy, effects)
    }

    /// Hands alarms over in a turn of their own, so that nothing which is to be recorded holds them up.
    fn sound(&mut self, now: Timestamp, entropy: &mut dyn Entropy) -> Result<Vec<Outcome>, Fatal> {
        let mut group = Group::default();
        let under = (&self.index as &dyn Index, &self.log as &dyn Log);
        let mut turn = group.turn(now, entropy, under, &self.settled);
        duty::sound_unrecorded(&mut self.service, &mut turn)?;
        self.resolve(now, entropy, group.effects)
    }

    /// The group did not happen: people are told why, but for those who are `reading`, and peers, who
    /// keep what they sent and offer it again. What nobody tells again is kept.
    pub(super) fn turn_down(
        &mut self,
        effects: Vec<Effect>,
        handled: Vec<Input>,
        reading: &BTreeSet<Ticket>,
        refused: &AppError,
    ) -> Vec<Outcome> {
        let told = |ticket| Outcome::Reply(ticket, Err(refused.clone()));
        let replies = effects.into_iter().filter_map(|effect| match effect {
            Effect::Reply(ticket, _) if !reading.contains(&ticket) => Some(told(ticket)),
            _ => None,
        });
        let mut outcomes: Vec<Outcome> = replies.collect();
        for input in handled {
            let (peer, from) = match input {
                Input::Peer(peer, from) => (peer, from),
                input if *refused == AppError::DiskFull && is_told_once(&input) => {
                    self.unwritten.push(input);
                    continue;
                }
                _ => continue,
            };
            let digest = match from {
                FromPeer::Message(message, _) => message.leaf(),
                FromPeer::Receipt(receipt) => merkle::leaf_hash(&receipt.receipt.entry),
                _ => continue,
            };
            outcomes.push(Outcome::Refuse {
                peer,
                refusals: vec![(digest, Refusal::NoRoom)],
            });
        }
        let waiting = std::mem::take(&mut self.waiting);
        outcomes.extend(waiting.iter().filter_map(Input::ticket).map(told));
        outcomes
    }
}

/// Whether the node itself says this, and not again before its next start.
fn is_told_once(input: &Input) -> bool {
    matches!(
        input,
        Input::Start { .. } | Input::People(_) | Input::Policy(_) | Input::KeysDestroyed(_)
    )
}
