//! Turns: of what may come without end, one at a time is done for each key.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The turns of each key.
#[derive(Debug)]
pub struct Turns<K>(Mutex<HashMap<K, Arc<Semaphore>>>);

/// A turn, which lasts until it is dropped.
#[derive(Debug)]
pub struct Turn {
    _permit: OwnedSemaphorePermit,
}

impl<K> Default for Turns<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash> Turns<K> {
    /// Waits until it is the turn of whoever asks, in the order in which they asked.
    ///
    /// # Panics
    /// Never: turns do not end.
    pub async fn next(&self, of: K) -> Turn {
        let turns = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let turns = all.entry(of);
            turns.or_insert_with(|| Arc::new(Semaphore::new(1))).clone()
        };
        let permit = turns.acquire_owned().await;
        Turn {
            _permit: permit.expect("it is never closed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn one_turn_of_each_lasts_until_it_is_dropped_whoever_has_gone_meanwhile() {
        let turns = Turns::default();
        let first = turns.next("MK").await;
        for _ in 0..9 {
            // Whoever waits goes away again.
            assert!(turns.next("MK").now_or_never().is_none());
        }
        assert!(turns.next("TR").now_or_never().is_some());
        let next = turns.next("MK");
        drop(first);
        next.await;
    }
}
