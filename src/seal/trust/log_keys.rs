//! The keys of one log, in turn: which of them signs the checkpoint of which size.
//!
//! A log goes on under its origin when its key is rotated. The bundle says how many entries the log
//! had then: the checkpoint of every larger size is signed by the new key, and no smaller one is, so
//! that whoever gets hold of an old key cannot sign anything that the log has not signed.
//!
//! A node that was restored from a backup goes on under the next origin, with a new key, after the
//! entries that the backup has: up to there its checkpoints are those of the incarnation before.

use serde::{Deserialize, Serialize};

use crate::base::Timestamp;
use crate::seal::sign::VerifyingKey;

/// The key of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogKey {
    /// The log: see [`log_origin`](super::log_origin).
    pub origin: String,
    /// The key that signs its checkpoints.
    pub key: VerifyingKey,
    /// Since when. For the first key of a later incarnation: the time of the last entry that it goes
    /// on from, so that others know since when messages may be lost.
    pub from: Timestamp,
    /// How many entries the log had when the key took over: it signs the checkpoints of every larger
    /// size, up to that at which the next one took over. 0 for a node's first key; for the first one of
    /// a later incarnation how many entries of the incarnation before it goes on from.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub after: u64,
}

impl LogKey {
    /// The number of the incarnation that it signs for, from 1; none where the origin has another
    /// spelling than [`log_origin`](super::log_origin) gives it.
    pub fn incarnation(&self) -> Option<u32> {
        let (_, text) = self.origin.rsplit_once('/')?;
        let number: u32 = text.parse().ok()?;
        (number.to_string() == text).then_some(number)
    }
}

/// Whether log keys may take the place of those that a node had. All of these stay, in their order. A new
/// one comes behind them, or it is one that the node lost with the end of an incarnation: that is over,
/// and the key signs nothing of what goes on from it.
pub(super) fn may_follow(current: &[LogKey], next: &[LogKey]) -> bool {
    let mut kept = current.iter().peekable();
    for (place, log) in next.iter().enumerate() {
        match kept.peek() {
            Some(known) if *known == log => {
                kept.next();
            }
            Some(known)
                if known.origin == log.origin || !signs_only_the_lost(log, &next[place..]) =>
            {
                return false;
            }
            Some(_) | None => {}
        }
    }
    kept.peek().is_none()
}

/// Whether all that a key signs lies beyond where the next incarnation goes on.
fn signs_only_the_lost(log: &LogKey, later: &[LogKey]) -> bool {
    let mut later = later.iter();
    later
        .find(|later| later.origin != log.origin)
        .is_some_and(|begun| begun.after <= log.after)
}

/// The log keys of a restored node, and among them those that it had after the backup, as an earlier
/// bundle has them. None where there are no such, or where they are of the incarnation that goes on or of
/// a later one: then somebody else signs with the node's identity key.
pub(super) fn with_lost(own: &[LogKey], earlier: &[LogKey]) -> Option<Vec<LogKey>> {
    let goes_on = own.last()?.incarnation()?;
    let mut all = own.to_vec();
    for lost in earlier.iter().filter(|log| !own.contains(log)) {
        let of = lost.incarnation().filter(|of| *of < goes_on)?;
        let not_later = |log: &LogKey| log.incarnation().is_some_and(|other| other <= of);
        let before = all.iter().rposition(not_later)?;
        all.insert(before + 1, lost.clone());
    }
    let regained = all.len() > own.len();
    (regained && may_follow(own, &all) && may_follow(earlier, &all)).then_some(all)
}

fn is_zero(size: &u64) -> bool {
    *size == 0
}

/// The keys of one log, the first one first; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKeys(Vec<Turn>);

/// A key, and where its turn begins.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Turn {
    after: u64,
    /// The incarnation whose checkpoints it signs; none where nothing says so.
    origin: Option<String>,
    key: VerifyingKey,
}

impl LogKeys {
    /// The keys of the log with this origin, and before them those of the incarnations that it goes on
    /// from, each up to where the next one began; none if no key has this origin.
    pub(super) fn of(log: &[LogKey], origin: &str) -> Option<Self> {
        let last = log.iter().rposition(|log| log.origin == origin)?;
        let mut keys: Vec<Turn> = Vec::new();
        let (mut of, mut until) = (origin, u64::MAX);
        for log in log[..=last].iter().rev() {
            if log.origin != of {
                until = keys.last().map_or(until, |turn| until.min(turn.after));
                of = &log.origin;
            }
            if log.after < until {
                keys.push(Turn {
                    after: log.after,
                    origin: Some(log.origin.clone()),
                    key: log.key.clone(),
                });
            }
        }
        keys.reverse();
        Some(Self(keys))
    }

    /// The key that signs the checkpoint of `size` entries.
    ///
    /// # Panics
    /// Never: there is at least one key.
    pub fn at(&self, size: u64) -> &VerifyingKey {
        &self.turn(size).key
    }

    /// The incarnation of the log whose checkpoint of `size` entries this is; none where nothing says
    /// so.
    pub fn origin_at(&self, size: u64) -> Option<&str> {
        self.turn(size).origin.as_deref()
    }

    fn turn(&self, size: u64) -> &Turn {
        let later = self.0.partition_point(|turn| turn.after < size);
        &self.0[later.saturating_sub(1)]
    }

    /// The keys, the first one first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &VerifyingKey> {
        self.0.iter().map(|turn| &turn.key)
    }

    /// The key that signs now.
    ///
    /// # Panics
    /// Never: there is at least one key.
    pub fn last(&self) -> &VerifyingKey {
        &self.0.last().expect("a log has at least one key").key
    }

    /// How many keys the log has had.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

impl From<VerifyingKey> for LogKeys {
    fn from(key: VerifyingKey) -> Self {
        Self(vec![Turn {
            after: 0,
            origin: None,
            key,
        }])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SeededEntropy;
    use crate::seal::sign::SigningKey;

    #[test]
    fn the_size_of_a_checkpoint_says_which_key_signs_it() {
        let mut entropy = SeededEntropy::new(1);
        let [a, b, c] = [0; 3].map(|_| SigningKey::generate(&mut entropy));
        let [a, b, c] = [a, b, c].map(|key| key.verifying_key().clone());
        let log = |after, key: &VerifyingKey| LogKey {
            origin: "mk-1.liaison/1".to_owned(),
            key: key.clone(),
            from: Timestamp::default(),
            after,
        };
        let log = [log(0, &a), log(7, &b), log(9, &c)];
        let keys = LogKeys::of(&log, "mk-1.liaison/1").unwrap();
        for (size, key) in [
            (0, &a),
            (1, &a),
            (7, &a),
            (8, &b),
            (9, &b),
            (10, &c),
            (u64::MAX, &c),
        ] {
            assert_eq!(keys.at(size), key, "{size}");
        }
        assert_eq!((keys.last(), keys.count()), (&c, 3));
        assert_eq!(LogKeys::of(&log[..1], "mk-1.liaison/2"), None);
        assert_eq!(LogKeys::of(&log, "mk-1.liaison/2"), None);
        assert_eq!(LogKeys::from(b.clone()).at(1), &b);
    }

    #[test]
    fn a_later_incarnation_has_the_keys_of_the_earlier_ones_up_to_where_it_began() {
        let mut entropy = SeededEntropy::new(1);
        let keys: Vec<_> = (0..5)
            .map(|_| SigningKey::generate(&mut entropy).verifying_key().clone())
            .collect();
        let log = |incarnation, after, key: usize| LogKey {
            origin: format!("mk-1.liaison/{incarnation}"),
            key: keys[key].clone(),
            from: Timestamp::default(),
            after,
        };
        // The key that took over after 20 entries is not one of what was restored from 12.
        let log = [
            log(1, 0, 0),
            log(1, 20, 1),
            log(2, 12, 2),
            log(2, 15, 3),
            log(3, 14, 4),
        ];
        let signs = |incarnation, size| {
            let of = LogKeys::of(&log, &format!("mk-1.liaison/{incarnation}")).unwrap();
            keys.iter().position(|key| key == of.at(size)).unwrap()
        };
        assert_eq!([signs(1, 12), signs(1, 20), signs(1, 21)], [0, 0, 1]);
        assert_eq!([signs(2, 12), signs(2, 13), signs(2, 16)], [0, 2, 3]);
        assert_eq!(
            [signs(3, 12), signs(3, 13), signs(3, 14), signs(3, 99)],
            [0, 2, 2, 4]
        );
    }

    /// Log keys as `(incarnation, after, number of the key)`.
    fn log(keys: &[(u32, u64, u64)]) -> Vec<LogKey> {
        let log = |(incarnation, after, seed): &(u32, u64, u64)| LogKey {
            origin: format!("mk-1.liaison/{incarnation}"),
            key: SigningKey::generate(&mut SeededEntropy::new(*seed))
                .verifying_key()
                .clone(),
            from: Timestamp::default(),
            after: *after,
        };
        keys.iter().map(log).collect()
    }

    #[test]
    fn log_keys_are_followed_by_more_of_them() {
        let had = log(&[(1, 0, 1), (1, 50, 2)]);
        for more in [&[][..], &[(1, 60, 3)], &[(2, 40, 3)]] {
            let next = [had.clone(), log(more)].concat();
            assert!(may_follow(&had, &next), "{more:?}");
        }
    }

    #[test]
    fn no_log_key_goes_or_changes_its_place() {
        let had = log(&[(1, 0, 1), (1, 50, 2), (2, 40, 3)]);
        for next in [
            &[(1, 0, 1), (1, 50, 2)][..],
            &[(1, 0, 1), (2, 40, 3)],
            &[(1, 0, 1), (1, 50, 4), (2, 40, 3)],
            &[(1, 0, 1), (1, 51, 2), (2, 40, 3)],
            &[(1, 50, 2), (1, 0, 1), (2, 40, 3)],
        ] {
            assert!(!may_follow(&had, &log(next)), "{next:?}");
        }
    }

    #[test]
    fn a_key_that_was_lost_with_the_end_of_an_incarnation_may_be_named_later() {
        let had = log(&[(1, 0, 1), (2, 40, 3)]);
        for lost in [40, 50] {
            let next = log(&[(1, 0, 1), (1, lost, 2), (2, 40, 3)]);
            assert!(may_follow(&had, &next), "{lost}");
        }
    }

    #[test]
    fn no_key_is_named_later_that_signs_what_the_log_goes_on_from_or_what_another_signed() {
        let before_the_next = log(&[(1, 0, 1), (1, 39, 2), (2, 40, 3)]);
        assert!(!may_follow(
            &log(&[(1, 0, 1), (2, 40, 3)]),
            &before_the_next
        ));
        let before_another = log(&[(1, 0, 1), (1, 45, 4), (1, 50, 2), (2, 40, 3)]);
        let had = log(&[(1, 0, 1), (1, 50, 2), (2, 40, 3)]);
        assert!(!may_follow(&had, &before_another));
    }

    #[test]
    fn a_restored_node_names_the_log_keys_that_it_lost() {
        let own = log(&[(1, 0, 1), (2, 40, 3)]);
        let earlier = log(&[(1, 0, 1), (1, 50, 2), (1, 60, 4)]);
        let all = log(&[(1, 0, 1), (1, 50, 2), (1, 60, 4), (2, 40, 3)]);
        assert_eq!(with_lost(&own, &earlier), Some(all.clone()));
        assert_eq!(with_lost(&all, &earlier), None);
    }

    #[test]
    fn a_node_that_was_restored_twice_from_one_backup_names_the_incarnation_that_it_lost() {
        let own = log(&[(1, 0, 1), (9, 40, 3)]);
        let earlier = log(&[(1, 0, 1), (1, 50, 2), (7, 40, 4), (7, 60, 5)]);
        let all = log(&[(1, 0, 1), (1, 50, 2), (7, 40, 4), (7, 60, 5), (9, 40, 3)]);
        assert_eq!(with_lost(&own, &earlier), Some(all));
        let further_on = log(&[(1, 0, 1), (7, 30, 4)]);
        assert_eq!(with_lost(&own, &further_on), None);
    }

    #[test]
    fn keys_of_the_incarnation_that_goes_on_were_not_lost_but_are_somebody_elses() {
        let own = log(&[(1, 0, 1), (2, 40, 3)]);
        for others in [
            &[(1, 0, 1), (2, 40, 3), (2, 50, 5)][..],
            &[(1, 0, 1), (2, 40, 5)],
            &[(1, 0, 1), (1, 30, 5)],
            &[(1, 0, 1), (3, 40, 5)],
            &[(1, 0, 1), (2, 30, 5), (3, 40, 6)],
        ] {
            assert_eq!(with_lost(&own, &log(others)), None, "{others:?}");
        }
    }
}
