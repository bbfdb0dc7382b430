//! The keys of one log, in turn: which of them signs the checkpoint of which size.
//!
//! A log goes on under its origin when its key is rotated. The bundle says how many entries the log
//! had then: the checkpoint of every larger size is signed by the new key, and no smaller one is, so
//! that whoever gets hold of an old key cannot sign anything that the log has not signed.

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
    /// Since when.
    pub from: Timestamp,
    /// How many entries the log had when the key took over: it signs the checkpoints of every larger
    /// size, up to that at which the next one took over. 0 for a log's first key.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub after: u64,
}

fn is_zero(size: &u64) -> bool {
    *size == 0
}

/// The keys of one log, the first one first; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKeys(Vec<(u64, VerifyingKey)>);

impl LogKeys {
    /// The keys with this origin; none if there are none.
    pub(super) fn of(log: &[LogKey], origin: &str) -> Option<Self> {
        let keys = log.iter().filter(|log| log.origin == origin);
        let keys: Vec<_> = keys.map(|log| (log.after, log.key.clone())).collect();
        (!keys.is_empty()).then_some(Self(keys))
    }

    /// The key that signs the checkpoint of `size` entries.
    ///
    /// # Panics
    /// Never: there is at least one key.
    pub fn at(&self, size: u64) -> &VerifyingKey {
        let later = self.0.partition_point(|(after, _)| *after < size);
        let (_, key) = &self.0[later.saturating_sub(1)];
        key
    }

    /// The keys, the first one first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &VerifyingKey> {
        self.0.iter().map(|(_, key)| key)
    }

    /// The key that signs now.
    ///
    /// # Panics
    /// Never: there is at least one key.
    pub fn last(&self) -> &VerifyingKey {
        let (_, key) = self.0.last().expect("a log has at least one key");
        key
    }

    /// How many keys the log has had.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

impl From<VerifyingKey> for LogKeys {
    fn from(key: VerifyingKey) -> Self {
        Self(vec![(0, key)])
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
        assert_eq!(LogKeys::of(&log, "mk-1.liaison/2"), None);
        assert_eq!(LogKeys::from(b.clone()).at(1), &b);
    }
}
