//! Who is signed in, in memory: a restart signs everybody out. What lies here is the hash of what
//! the browser holds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::base::{Digest, Entropy, MessageId, OsEntropy, PersonId, Timestamp};

/// How long a session lasts without a request.
const IDLE: Duration = Duration::from_secs(15 * 60);

/// How long a session lasts at most.
const WHOLE: Duration = Duration::from_secs(8 * 3_600);

/// How long the last proof of a passkey is good for what needs one.
const FRESH: Duration = Duration::from_secs(5 * 60);

/// Sessions at a time; the one that rests longest makes room.
const MOST: usize = 1_024;

/// The cookie that holds a session's secret. The prefix makes browsers refuse it from any other
/// host, path, or insecure place.
pub const COOKIE: &str = "__Host-liaison";

#[derive(Clone)]
struct Session {
    person: PersonId,
    began: Timestamp,
    used: Timestamp,
    proved: Timestamp,
    /// Exchanges whose reading was justified in this session.
    justified: BTreeSet<MessageId>,
}

/// A session that holds, by the hash of its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    key: Digest,
    /// Who is signed in.
    pub person: PersonId,
    /// When they last proved to hold a passkey.
    pub proved: Timestamp,
}

impl Held {
    /// Whether the last proof is young enough for what needs one.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now.since(self.proved) <= FRESH
    }
}

/// All sessions.
#[derive(Clone, Default)]
pub struct Sessions(Arc<Mutex<BTreeMap<Digest, Session>>>);

impl Sessions {
    /// Begins a session of a person who has just proved to hold a passkey; gives the cookie's value.
    pub fn begin(&self, person: PersonId, now: Timestamp) -> String {
        let secret: [u8; 32] = (&mut OsEntropy as &mut dyn Entropy).array();
        let secret = hex::encode(secret);
        let session = Session {
            person,
            began: now,
            used: now,
            proved: now,
            justified: BTreeSet::new(),
        };
        let mut all = self.lock();
        all.retain(|_, session| session.holds(now));
        while all.len() >= MOST {
            let Some(oldest) = all.iter().min_by_key(|(_, s)| s.used).map(|(key, _)| *key) else {
                break;
            };
            all.remove(&oldest);
        }
        all.insert(key(&secret), session);
        secret
    }

    /// The session whose secret this is, if it holds; being asked for keeps it awake.
    pub fn find(&self, secret: &str, now: Timestamp) -> Option<Held> {
        let held = self.find_idle(secret, now)?;
        if let Some(session) = self.lock().get_mut(&held.key) {
            session.used = now;
        }
        Some(held)
    }

    /// The session whose secret this is, if it holds, for what a page asks by itself: that keeps nobody
    /// signed in.
    pub fn find_idle(&self, secret: &str, now: Timestamp) -> Option<Held> {
        let key = key(secret);
        let mut all = self.lock();
        let session = all.get(&key)?;
        if !session.holds(now) {
            all.remove(&key);
            return None;
        }
        Some(Held {
            key,
            person: session.person,
            proved: session.proved,
        })
    }

    /// Whether a session still holds; being asked for does not keep it awake.
    pub fn is_awake(&self, held: Held, now: Timestamp) -> bool {
        let all = self.lock();
        all.get(&held.key).is_some_and(|session| session.holds(now))
    }

    /// Notes that the person proved again to hold a passkey.
    pub fn prove(&self, held: Held, now: Timestamp) {
        if let Some(session) = self.lock().get_mut(&held.key) {
            session.proved = now;
        }
    }

    /// Ends a session.
    pub fn end(&self, held: Held) {
        self.lock().remove(&held.key);
    }

    /// Ends all sessions of a person.
    pub fn end_all(&self, person: PersonId) {
        self.lock().retain(|_, session| session.person != person);
    }

    /// Whether the reading of an exchange was justified in this session.
    pub fn is_justified(&self, held: Held, exchange: MessageId) -> bool {
        let all = self.lock();
        let session = all.get(&held.key);
        session.is_some_and(|session| session.justified.contains(&exchange))
    }

    /// Notes that it was.
    pub fn justify(&self, held: Held, exchange: MessageId) {
        if let Some(session) = self.lock().get_mut(&held.key) {
            session.justified.insert(exchange);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Digest, Session>> {
        self.0.lock().expect("nothing panics under this lock")
    }
}

impl Session {
    fn holds(&self, now: Timestamp) -> bool {
        now.since(self.used) <= IDLE && now.since(self.began) <= WHOLE
    }
}

fn key(secret: &str) -> Digest {
    Digest::of_parts(&[b"liaison/session/v1", secret.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: PersonId = PersonId::NODE;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::default().plus(Duration::from_secs(seconds))
    }

    #[test]
    fn a_session_sleeps_in_after_a_quarter_of_an_hour() {
        let sessions = Sessions::default();
        let secret = sessions.begin(ANA, at(0));
        assert!(sessions.find(&secret, at(900)).is_some());
        assert!(sessions.find(&secret, at(1_800)).is_some());
        assert!(sessions.find(&secret, at(2_701)).is_none());
        assert!(
            sessions.find(&secret, at(1_801)).is_none(),
            "it does not come back"
        );
    }

    #[test]
    fn what_a_page_asks_by_itself_keeps_nobody_signed_in() {
        let sessions = Sessions::default();
        let secret = sessions.begin(ANA, at(0));
        assert!(sessions.find_idle(&secret, at(600)).is_some());
        assert!(sessions.find_idle(&secret, at(901)).is_none());
    }

    #[test]
    fn a_session_ends_after_eight_hours_however_busy() {
        let sessions = Sessions::default();
        let secret = sessions.begin(ANA, at(0));
        for minute in 1..=480 {
            assert!(
                sessions.find(&secret, at(minute * 60)).is_some(),
                "{minute}"
            );
        }
        assert!(sessions.find(&secret, at(8 * 3_600 + 1)).is_none());
    }

    #[test]
    fn a_proof_is_fresh_for_five_minutes() {
        let sessions = Sessions::default();
        let secret = sessions.begin(ANA, at(0));
        let held = sessions.find(&secret, at(301)).expect("it holds");
        assert!(held.is_fresh(at(300)) && !held.is_fresh(at(301)));
        sessions.prove(held, at(301));
        let held = sessions.find(&secret, at(302)).expect("it holds");
        assert!(held.is_fresh(at(600)));
    }

    #[test]
    fn what_is_kept_is_not_what_the_browser_holds() {
        let sessions = Sessions::default();
        let secret = sessions.begin(ANA, at(0));
        assert_eq!(secret.len(), 64);
        let kept: Vec<String> = sessions.lock().keys().map(ToString::to_string).collect();
        assert!(!kept.contains(&secret));
        assert!(sessions.find(&kept[0], at(1)).is_none());
        let held = sessions.find(&secret, at(1)).expect("it holds");
        sessions.end(held);
        assert!(sessions.find(&secret, at(1)).is_none());
    }
}
