//! From what the service wants done to what is carried out, once all of it is durable.

use std::collections::BTreeMap;

use super::{Core, Fatal, Outcome, Signer};
use crate::app::content::signed_message;
use crate::app::input::Effect;
use crate::app::witness::Say;
use crate::audit::{Checkpoint, Cosignature, cosigned_text};
use crate::base::{Digest, Entropy, NodeId, Timestamp};
use crate::exchange::Refusal;
use crate::store::{Index, Log, ReadError};

impl<L: Log, I: Index, S: Signer> Core<L, I, S> {
    fn cosign(&self, now: Timestamp, entropy: &mut dyn Entropy, checkpoint: Checkpoint) -> Say {
        let time = now.as_millis().unsigned_abs() / 1_000;
        let text = cosigned_text(&checkpoint, time);
        let cosignature = Cosignature {
            witness: self.log.origin(),
            time,
            signature: self.signer.sign_cosignature(&text, entropy),
        };
        Say::Cosigned {
            checkpoint,
            cosignature: Box::new(cosignature),
        }
    }

    /// What is to be carried out.
    pub(super) fn resolve(
        &self,
        now: Timestamp,
        entropy: &mut dyn Entropy,
        effects: Vec<Effect>,
    ) -> Result<Vec<Outcome>, Fatal> {
        together(effects)
            .into_iter()
            .map(|effect| {
                Ok(match effect {
                    Effect::Reply(ticket, outcome) => Outcome::Reply(ticket, outcome),
                    Effect::Send {
                        peer,
                        class,
                        entries,
                    } => Outcome::Send {
                        peer,
                        class,
                        messages: entries
                            .into_iter()
                            .map(|entry| signed_message(&self.log, entry))
                            .collect::<Result<_, ReadError>>()?,
                    },
                    Effect::Receipts { peer, entries } => Outcome::Receipts {
                        peer,
                        batches: self.log.receipts(&entries)?,
                    },
                    Effect::Refuse { peer, refusals } => Outcome::Refuse { peer, refusals },
                    Effect::Keep { peer, receipts } => Outcome::Keep { peer, receipts },
                    Effect::Witness { peer, say } => Outcome::Witness { peer, say },
                    Effect::Cosign { peer, checkpoint } => Outcome::Witness {
                        peer,
                        say: self.cosign(now, entropy, checkpoint),
                    },
                    Effect::Rotate(order) => Outcome::Rotate(order),
                    Effect::Alarm(alarm) => Outcome::Alarm(alarm),
                    Effect::KeepCosigned(cosigned) => Outcome::KeepCosigned(cosigned),
                    Effect::Fetch { peer, file } => Outcome::Fetch { peer, file },
                })
            })
            .collect()
    }
}

/// The effects with all receipts for a peer in one, all that is refused to it in one, and all that are kept
/// of it in one, so that they travel together.
fn together(effects: Vec<Effect>) -> Vec<Effect> {
    let mut owed: BTreeMap<NodeId, Vec<u64>> = BTreeMap::new();
    let mut refused: BTreeMap<NodeId, Vec<(Digest, Refusal)>> = BTreeMap::new();
    let mut kept: BTreeMap<NodeId, Vec<Digest>> = BTreeMap::new();
    let mut others = Vec::with_capacity(effects.len());
    for effect in effects {
        match effect {
            Effect::Receipts { peer, entries } => owed.entry(peer).or_default().extend(entries),
            Effect::Refuse { peer, refusals } => refused.entry(peer).or_default().extend(refusals),
            Effect::Keep { peer, receipts } => kept.entry(peer).or_default().extend(receipts),
            effect @ (Effect::Reply(..)
            | Effect::Witness { .. }
            | Effect::Cosign { .. }
            | Effect::KeepCosigned(_)
            | Effect::Rotate(_)
            | Effect::Alarm(_)
            | Effect::Send { .. }
            | Effect::Fetch { .. }) => others.push(effect),
        }
    }
    let owed = owed.into_iter();
    others.extend(owed.map(|(peer, entries)| Effect::Receipts { peer, entries }));
    let refused = refused.into_iter();
    others.extend(refused.map(|(peer, refusals)| Effect::Refuse { peer, refusals }));
    let kept = kept.into_iter();
    others.extend(kept.map(|(peer, receipts)| Effect::Keep { peer, receipts }));
    others
}
