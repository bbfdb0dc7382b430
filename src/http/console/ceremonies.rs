//! Ceremonies under way: the challenges that authenticators have to answer, each once, and how many
//! attempts failed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::base::{Entropy, OsEntropy, PersonId, Timestamp};
use crate::seal::passkey::{Challenge, ChallengeKey};

/// How long a person may take to touch their authenticator.
const CEREMONY: Duration = Duration::from_secs(5 * 60);

/// Ceremonies that are kept of each kind; the oldest make room.
const MOST: usize = 1_024;

/// Attempts that may fail at one door in one minute and are each written down.
const MOST_FAILURES: u32 = 30;

/// Where somebody tries to get in. What fails is counted for each apart. No door closes: what is right is
/// taken however much was wrong, as nobody guesses 80 bits or a signature, and whoever could close a door
/// would keep everybody out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Door {
    /// A one-time code, from anybody.
    Code,
    /// Signing in by passkey, from anybody.
    SignIn,
    /// A passkey of this person, who is signed in: to decide, or to prove again who they are.
    SignedIn(PersonId),
}

/// What an authenticator's answer is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Signing in.
    SignIn,
    /// Enrolling a passkey by this code.
    Enrol(String),
    /// Proving again that it is this person.
    Prove(PersonId),
}

/// Signing in. Anybody begins that, as often as they like, so nothing is kept of one that was begun: none
/// pushes out another. What is kept is which were answered rightly, and that takes a passkey.
struct SignIns {
    key: ChallengeKey,
    answered: BTreeSet<Challenge>,
    /// Up to this one they are taken no more: which of them were answered is forgotten.
    forgotten: Option<Challenge>,
}

impl Default for SignIns {
    fn default() -> Self {
        Self {
            key: ChallengeKey::generate(&mut OsEntropy),
            answered: BTreeSet::new(),
            forgotten: None,
        }
    }
}

impl SignIns {
    fn begin(&mut self, now: Timestamp) -> Challenge {
        let challenge = self.key.ask(now, &mut OsEntropy);
        if self.is_remembered(&challenge) {
            return challenge;
        }
        // The clock went back: under another key nothing is asked that was asked before.
        *self = Self::default();
        self.key.ask(now, &mut OsEntropy)
    }

    fn is_open(&self, challenge: &Challenge, now: Timestamp) -> bool {
        !self.is_over(challenge, now)
            && self.is_remembered(challenge)
            && !self.answered.contains(challenge)
    }

    fn is_over(&self, challenge: &Challenge, now: Timestamp) -> bool {
        let asked = self.key.asked(challenge);
        asked.is_none_or(|asked| now.since(asked) > CEREMONY)
    }

    fn is_remembered(&self, challenge: &Challenge) -> bool {
        self.forgotten.is_none_or(|last| *challenge > last)
    }

    fn answer(&mut self, challenge: &Challenge, now: Timestamp) -> bool {
        let open = self.is_open(challenge, now);
        if open {
            self.answered.insert(*challenge);
        }
        while let Some(first) = self.answered.first().copied()
            && (self.answered.len() > MOST || self.is_over(&first, now))
        {
            self.answered.remove(&first);
            self.forgotten = Some(first);
        }
        open
    }
}

#[derive(Default)]
struct UnderWay {
    sign_ins: SignIns,
    /// Begun by whoever is signed in, or has a code.
    waiting: BTreeMap<Challenge, (Timestamp, Purpose)>,
    minute: i64,
    failures: BTreeMap<Door, u32>,
}

/// Ceremonies under way, each by its challenge, which is good once.
#[derive(Clone, Default)]
pub struct Ceremonies(Arc<Mutex<UnderWay>>);

impl Ceremonies {
    /// Begins one.
    pub fn begin(&self, purpose: Purpose, now: Timestamp) -> Challenge {
        let mut all = self.lock();
        match purpose {
            Purpose::SignIn => return all.sign_ins.begin(now),
            Purpose::Enrol(_) | Purpose::Prove(_) => (),
        }
        let challenge = Challenge((&mut OsEntropy as &mut dyn Entropy).array());
        all.waiting
            .retain(|_, (began, _)| now.since(*began) <= CEREMONY);
        while all.waiting.len() >= MOST {
            let oldest = all.waiting.iter().min_by_key(|(_, (began, _))| *began);
            let Some(oldest) = oldest.map(|(challenge, _)| *challenge) else {
                break;
            };
            all.waiting.remove(&oldest);
        }
        all.waiting.insert(challenge, (now, purpose));
        challenge
    }

    /// What an answer is for. The challenge is used up, but that of signing in only by [`Self::signs_in`].
    pub fn finish(&self, challenge: &Challenge, now: Timestamp) -> Option<Purpose> {
        let mut all = self.lock();
        match all.waiting.remove(challenge) {
            Some((began, purpose)) => (now.since(began) <= CEREMONY).then_some(purpose),
            None => {
                let open = all.sign_ins.is_open(challenge, now);
                open.then_some(Purpose::SignIn)
            }
        }
    }

    /// Uses up the challenge of a sign-in that was answered rightly. False where that was done before.
    pub fn signs_in(&self, challenge: &Challenge, now: Timestamp) -> bool {
        self.lock().sign_ins.answer(challenge, now)
    }

    /// Counts an attempt that failed. True where it is one too many in this minute.
    pub fn failed(&self, door: Door, now: Timestamp) -> bool {
        let mut all = self.lock();
        let minute = now.as_millis() / 60_000;
        if all.minute != minute {
            (all.minute, all.failures) = (minute, BTreeMap::new());
        }
        let failed = all.failures.entry(door).or_default();
        *failed = failed.saturating_add(1);
        *failed > MOST_FAILURES
    }

    fn lock(&self) -> MutexGuard<'_, UnderWay> {
        self.0.lock().expect("nothing panics under this lock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::default().plus(Duration::from_secs(seconds))
    }

    const PROOF: Purpose = Purpose::Prove(PersonId::NODE);

    #[test]
    fn a_challenge_is_good_once_and_for_five_minutes() {
        let ceremonies = Ceremonies::default();
        let challenge = ceremonies.begin(PROOF, at(0));
        assert_eq!(ceremonies.finish(&challenge, at(1)), Some(PROOF));
        assert_eq!(ceremonies.finish(&challenge, at(1)), None);
        let late = ceremonies.begin(PROOF, at(0));
        assert_eq!(ceremonies.finish(&late, at(301)), None);
    }

    #[test]
    fn a_challenge_signs_one_person_in_within_five_minutes() {
        let ceremonies = Ceremonies::default();
        let challenge = ceremonies.begin(Purpose::SignIn, at(0));
        assert_eq!(
            ceremonies.finish(&challenge, at(300)),
            Some(Purpose::SignIn)
        );
        assert_eq!(ceremonies.finish(&challenge, at(301)), None, "too late");
        assert!(!ceremonies.signs_in(&challenge, at(301)));
        assert!(ceremonies.signs_in(&challenge, at(300)));
        assert_eq!(ceremonies.finish(&challenge, at(300)), None);
        assert!(!ceremonies.signs_in(&challenge, at(300)), "good once");
        let elsewhere = Ceremonies::default().begin(Purpose::SignIn, at(300));
        assert_eq!(ceremonies.finish(&elsewhere, at(300)), None);
    }

    #[test]
    fn however_many_begin_to_sign_in_everybody_else_can_go_on() {
        let ceremonies = Ceremonies::default();
        let [one, other] = [Purpose::SignIn, PROOF].map(|purpose| {
            let challenge = ceremonies.begin(purpose.clone(), at(0));
            (challenge, purpose)
        });
        for _ in 0..3 * MOST {
            ceremonies.begin(Purpose::SignIn, at(1));
        }
        for (challenge, purpose) in [one, other] {
            assert_eq!(ceremonies.finish(&challenge, at(60)), Some(purpose));
        }
    }

    #[test]
    fn what_signed_somebody_in_never_does_so_again_whatever_follows_and_the_clock_does() {
        let ceremonies = Ceremonies::default();
        let mut used = Vec::new();
        let mut signs_in = |second| {
            let challenge = ceremonies.begin(Purpose::SignIn, at(second));
            assert!(ceremonies.signs_in(&challenge, at(second)), "{second}");
            used.push(challenge);
        };
        for _ in 0..=MOST {
            signs_in(1_000);
        }
        for second in [1_001, 9_000_000, 9_001_000, 1_002, 1_003] {
            signs_in(second);
        }
        assert!(ceremonies.lock().sign_ins.answered.len() <= MOST);
        for second in [0, 1_000, 9_000_000, 9_001_000, 1_010] {
            for challenge in &used {
                assert!(!ceremonies.signs_in(challenge, at(second)), "{second}");
            }
        }
    }

    #[test]
    fn what_fails_at_one_door_is_too_much_there_alone_until_the_minute_is_over() {
        let ceremonies = Ceremonies::default();
        let now = Timestamp::from_millis(60_000);
        let [ana, eva] = [1, 2].map(|byte| Door::SignedIn(PersonId::from_bytes([byte; 16])));
        for door in [Door::Code, Door::SignIn, ana, eva] {
            for _ in 0..MOST_FAILURES {
                assert!(!ceremonies.failed(door, now), "{door:?}");
            }
            assert!(ceremonies.failed(door, now), "{door:?}");
        }
        let next = Timestamp::from_millis(120_000);
        assert!(!ceremonies.failed(Door::Code, next));
    }
}
