//! Ceremonies under way: the challenges that authenticators have to answer, each once, and how many
//! attempts failed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::base::{Entropy, OsEntropy, PersonId, Timestamp};
use crate::seal::passkey::Challenge;

/// How long a person may take to touch their authenticator.
const CEREMONY: Duration = Duration::from_secs(5 * 60);

/// Ceremonies that may be under way; the oldest make room.
const MOST: usize = 1_024;

/// Attempts that may fail at one door in one minute; more are turned away unread.
const MOST_FAILURES: u32 = 30;

/// Where somebody tries to get in. What fails is counted for each apart: whoever guesses at one closes no
/// other.
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

#[derive(Default)]
struct UnderWay {
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
        let challenge = Challenge((&mut OsEntropy as &mut dyn Entropy).array());
        let mut all = self.lock();
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

    /// What an answer is for; the challenge is used up.
    pub fn finish(&self, challenge: &Challenge, now: Timestamp) -> Option<Purpose> {
        let (began, purpose) = self.lock().waiting.remove(challenge)?;
        (now.since(began) <= CEREMONY).then_some(purpose)
    }

    /// Whether another attempt at a door is read, or too many failed in this minute.
    pub fn may_try(&self, door: Door, now: Timestamp) -> bool {
        let mut all = self.lock();
        let minute = now.as_millis() / 60_000;
        if all.minute != minute {
            (all.minute, all.failures) = (minute, BTreeMap::new());
        }
        let failed = all.failures.get(&door).copied();
        failed.unwrap_or(0) < MOST_FAILURES
    }

    /// Counts an attempt that failed.
    pub fn failed(&self, door: Door) {
        *self.lock().failures.entry(door).or_default() += 1;
    }

    fn lock(&self) -> MutexGuard<'_, UnderWay> {
        self.0.lock().expect("nothing panics under this lock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_good_once_and_for_five_minutes() {
        let ceremonies = Ceremonies::default();
        let at = |seconds| Timestamp::default().plus(Duration::from_secs(seconds));
        let challenge = ceremonies.begin(Purpose::SignIn, at(0));
        assert_eq!(ceremonies.finish(&challenge, at(1)), Some(Purpose::SignIn));
        assert_eq!(ceremonies.finish(&challenge, at(1)), None);
        let late = ceremonies.begin(Purpose::SignIn, at(0));
        assert_eq!(ceremonies.finish(&late, at(301)), None);
    }

    #[test]
    fn guessing_at_one_door_closes_that_one_alone_until_the_minute_is_over() {
        let ceremonies = Ceremonies::default();
        let now = Timestamp::from_millis(60_000);
        let [ana, eva] = [1, 2].map(|byte| Door::SignedIn(PersonId::from_bytes([byte; 16])));
        let mut open = vec![Door::Code, Door::SignIn, ana, eva];
        while let Some(door) = open.pop() {
            for _ in 0..MOST_FAILURES {
                assert!(ceremonies.may_try(door, now));
                ceremonies.failed(door);
            }
            assert!(!ceremonies.may_try(door, now));
            for other in &open {
                assert!(ceremonies.may_try(*other, now), "{other:?} after {door:?}");
            }
        }
        let next = Timestamp::from_millis(120_000);
        assert!(ceremonies.may_try(Door::Code, next));
    }
}
