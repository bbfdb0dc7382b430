//! The rule of four eyes over a log, from what its entries show in the open: nobody releases what
//! they wrote, every decision is signed by the key that the log has on record for the person, and
//! what the policy holds back leaves only with such a decision.
//!
//! A log proves no more than its node's host lets it: whoever has the keys of a node can add
//! people and sign for them. Each of them stands in the log, which peers witness; auditors compare
//! them with the people that there are.

use std::collections::{BTreeMap, BTreeSet};

use super::{Decision, Entry, EventCode, Shown};
use crate::base::{Digest, NodeId, PersonId, Timestamp};
use crate::domain::release::{Gated, ReleasePolicy};
use crate::seal::person::{DecisionKind, DecisionText, PersonKey};

/// How an entry breaks the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FourEyesFault {
    /// What it shows is malformed, or belongs to another event.
    #[error("what it shows is malformed")]
    Malformed,
    /// It is a decision and carries none.
    #[error("it is a decision without the decider's signature")]
    Unsigned,
    /// The letter that it names is not in the log before it.
    #[error("it names no letter that waited")]
    NoLetter,
    /// Whoever wrote the letter decided about it.
    #[error("whoever wrote the letter decided about it")]
    OwnLetter,
    /// The two people have a key in common.
    #[error("whoever wrote the letter and whoever decided about it have one key")]
    OneKey,
    /// The key that it names is not the person's at that time.
    #[error("it is not signed by the key that the log has on record for the person")]
    OtherKey,
    /// The signature does not hold.
    #[error("the decider's signature does not hold")]
    Signature,
    /// A message left without the release that the policy demands.
    #[error("its message left without the release that the policy demands")]
    Unreleased,
    /// A letter left in an emergency that the policy does not allow, or too early.
    #[error("the policy does not allow an emergency release, or not so early")]
    NoEmergency,
    /// An emergency release was reviewed that there was not, or by who had made it.
    #[error("it reviews no emergency release of another person")]
    NoReview,
}

impl FourEyesFault {
    /// A stable name for the fault.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "eyes-malformed",
            Self::Unsigned => "eyes-unsigned",
            Self::NoLetter => "eyes-no-letter",
            Self::OwnLetter => "eyes-own-letter",
            Self::OneKey => "eyes-one-key",
            Self::OtherKey => "eyes-other-key",
            Self::Signature => "eyes-signature",
            Self::Unreleased => "eyes-unreleased",
            Self::NoEmergency => "eyes-no-emergency",
            Self::NoReview => "eyes-no-review",
        }
    }
}

/// The events that are decisions.
const DECISIONS: [(EventCode, DecisionKind); 4] = [
    (EventCode::Released, DecisionKind::Release),
    (EventCode::Cleared, DecisionKind::Clear),
    (EventCode::EmergencyReleased, DecisionKind::Emergency),
    (EventCode::EmergencyReviewed, DecisionKind::Review),
];

/// What sent messages count as, as far as their events tell.
const GATED: [(EventCode, Gated); 6] = [
    (EventCode::RequestSent, Gated::Request),
    (EventCode::AnswerSent, Gated::Answer),
    (EventCode::RefusalSent, Gated::Refusal),
    (EventCode::TransferSent, Gated::Transfer),
    (EventCode::AlertSent, Gated::Alert),
    (EventCode::AlertRevisionSent, Gated::Alert),
];

/// The decision that an event is, where it is one.
pub(crate) fn decided(event: EventCode) -> Option<DecisionKind> {
    let found = DECISIONS.iter().find(|(decision, _)| *decision == event);
    found.map(|(_, kind)| *kind)
}

fn gated(event: EventCode) -> Option<Gated> {
    let found = GATED.iter().find(|(sent, _)| *sent == event);
    found.map(|(_, gated)| *gated)
}

/// Whether a decision holds, apart from whether the key is still the person's: its letter is
/// another's (or it is an emergency), and the signature is that of the key in the entry that it
/// names. `letter` and `key` are these entries.
///
/// # Errors
/// [`FourEyesFault`].
pub fn decision_holds(
    node: NodeId,
    by: PersonId,
    decision: &Decision,
    letter: &Entry,
    key: &Entry,
) -> Result<(), FourEyesFault> {
    let digest = letter_of(letter)?.ok_or(FourEyesFault::NoLetter)?;
    let drafter = PersonId::from_bytes(letter.actor);
    if by == drafter && decision.kind != DecisionKind::Emergency {
        return Err(FourEyesFault::OwnLetter);
    }
    let shown = Shown::all(key).map_err(|_| FourEyesFault::Malformed)?;
    let theirs = |shown| match shown {
        Shown::Person { person, keys } if person == by && !keys.is_empty() => Some(keys),
        Shown::Person { .. }
        | Shown::Letter(_)
        | Shown::Decision(_)
        | Shown::Of(_)
        | Shown::Policy(_) => None,
    };
    let keys = shown.into_iter().find_map(theirs);
    let keys = keys.ok_or(FourEyesFault::OtherKey)?;
    verify(node, by, drafter, digest, decision, &keys)
}

fn verify(
    node: NodeId,
    by: PersonId,
    drafter: PersonId,
    letter: Digest,
    decision: &Decision,
    keys: &[PersonKey],
) -> Result<(), FourEyesFault> {
    let text = DecisionText {
        kind: decision.kind,
        node,
        letter,
        drafter,
        by,
        reason: decision.reason,
    };
    let holds = |key: &PersonKey| key.verify(&text, &decision.signature).is_ok();
    match keys.iter().any(holds) {
        true => Ok(()),
        false => Err(FourEyesFault::Signature),
    }
}

fn letter_of(entry: &Entry) -> Result<Option<Digest>, FourEyesFault> {
    let shown = Shown::all(entry).map_err(|_| FourEyesFault::Malformed)?;
    let digest = |shown: &Shown| {
        let Shown::Letter(digest) = shown else {
            return None;
        };
        Some(*digest)
    };
    Ok(shown.iter().find_map(digest))
}

/// A letter, as far as the log tells.
#[derive(Debug)]
struct Letter {
    digest: Digest,
    drafter: PersonId,
    since: Timestamp,
    released: bool,
    cleared: bool,
    /// Who released it in an emergency, until that is reviewed.
    emergency: Option<PersonId>,
}

/// Follows a log from its first entry.
#[derive(Debug)]
pub struct FourEyes {
    node: NodeId,
    people: BTreeMap<PersonId, (u64, Vec<PersonKey>)>,
    letters: BTreeMap<u64, Letter>,
    policy: ReleasePolicy,
    unreviewed: BTreeSet<u64>,
    decisions: u64,
}

impl FourEyes {
    /// Begins with the log of a node.
    pub fn new(node: NodeId) -> Self {
        Self {
            node,
            people: BTreeMap::new(),
            letters: BTreeMap::new(),
            policy: ReleasePolicy::default(),
            unreviewed: BTreeSet::new(),
            decisions: 0,
        }
    }

    /// The decisions that were checked.
    pub fn decisions(&self) -> u64 {
        self.decisions
    }

    /// The letters that left in an emergency and were not reviewed, by their entries.
    pub fn unreviewed(&self) -> Vec<u64> {
        self.unreviewed.iter().copied().collect()
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// [`FourEyesFault`].
    pub fn see(&mut self, index: u64, entry: &Entry) -> Result<(), FourEyesFault> {
        let shown = Shown::all(entry).map_err(|_| FourEyesFault::Malformed)?;
        let by = PersonId::from_bytes(entry.actor);
        let (mut of, mut signed) = (None, false);
        for shown in shown {
            match shown {
                Shown::Person { person, keys } if keys.is_empty() => {
                    self.people.remove(&person);
                }
                Shown::Person { person, keys } => {
                    self.people.insert(person, (index, keys));
                }
                Shown::Letter(digest) => {
                    let letter = Letter {
                        digest,
                        drafter: by,
                        since: entry.time,
                        released: false,
                        cleared: false,
                        emergency: None,
                    };
                    self.letters.insert(index, letter);
                }
                Shown::Decision(decision) => {
                    if decided(entry.event) != Some(decision.kind) {
                        return Err(FourEyesFault::Malformed);
                    }
                    self.decide(by, entry.time, &decision)?;
                    signed = true;
                }
                Shown::Of(letter) => of = Some(letter),
                Shown::Policy(policy) => self.policy = policy,
            }
        }
        if decided(entry.event).is_some() && !signed {
            return Err(FourEyesFault::Unsigned);
        }
        self.leaves(entry.event, of)
    }

    fn decide(
        &mut self,
        by: PersonId,
        at: Timestamp,
        decision: &Decision,
    ) -> Result<(), FourEyesFault> {
        let letter = self.letters.get_mut(&decision.letter);
        let letter = letter.ok_or(FourEyesFault::NoLetter)?;
        let own = by == letter.drafter;
        if own && decision.kind != DecisionKind::Emergency {
            return Err(FourEyesFault::OwnLetter);
        }
        let known = self
            .people
            .get(&by)
            .filter(|(entry, _)| *entry == decision.key);
        let (_, keys) = known.ok_or(FourEyesFault::OtherKey)?;
        let drafters = self.people.get(&letter.drafter);
        let shared =
            |(_, drafters): &(u64, Vec<PersonKey>)| drafters.iter().any(|key| keys.contains(key));
        if !own && drafters.is_some_and(shared) {
            return Err(FourEyesFault::OneKey);
        }
        verify(self.node, by, letter.drafter, letter.digest, decision, keys)?;
        match decision.kind {
            DecisionKind::Release => letter.released = true,
            DecisionKind::Clear => letter.cleared = true,
            DecisionKind::Emergency => {
                let after = self.policy.emergency_after();
                let after = after.ok_or(FourEyesFault::NoEmergency)?;
                if at < letter.since.plus(after) {
                    return Err(FourEyesFault::NoEmergency);
                }
                letter.released = true;
                letter.emergency = Some(by);
            }
            DecisionKind::Review => {
                let made = letter.emergency.take();
                if made.is_none_or(|made| made == by) {
                    return Err(FourEyesFault::NoReview);
                }
                self.unreviewed.remove(&decision.letter);
            }
        }
        self.decisions += 1;
        Ok(())
    }

    /// Whether a message of this event may leave, as the letter that it came of stands. What leaves
    /// in an emergency is to be reviewed; what the protection gate then stopped is not.
    fn leaves(&mut self, event: EventCode, of: Option<u64>) -> Result<(), FourEyesFault> {
        let wanted = gated(event).is_some_and(|gated| self.policy.release.contains(&gated));
        let Some(of) = of else {
            return match wanted {
                true => Err(FourEyesFault::Unreleased),
                false => Ok(()),
            };
        };
        let letter = self.letters.get(&of).ok_or(FourEyesFault::NoLetter)?;
        if !letter.released && (!letter.cleared || wanted) {
            return Err(FourEyesFault::Unreleased);
        }
        if letter.emergency.is_some() {
            self.unreviewed.insert(of);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
