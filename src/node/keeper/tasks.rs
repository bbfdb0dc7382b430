//! What waits for the keeper: of each peer no more than it said last, so that none keeps another's, or an
//! order, from its turn.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use crate::base::{Digest, NodeId};
use crate::node::turns::{Turn, Turns};
use crate::seal::keystore::Order;

/// Something for the keeper to do.
#[derive(Debug)]
pub enum Task {
    /// Make the keys that were ordered.
    Rotate(Order),
    /// A peer has this bundle of this node.
    At {
        /// The peer.
        peer: NodeId,
        /// The bundle's sequence; 0 for none.
        sequence: u64,
        /// The bundle's digest.
        digest: Digest,
    },
    /// A peer handed over its bundle.
    Bundle(Handed),
    /// The link with a peer is gone.
    Down(NodeId),
}

/// A bundle that a peer handed over.
#[derive(Debug)]
pub struct Handed {
    /// The peer.
    pub peer: NodeId,
    /// The document, as JSON.
    pub document: Vec<u8>,
    taken: oneshot::Sender<BundleOutcome>,
    /// One of each peer is taken up at a time.
    _turn: Turn,
}

impl Handed {
    /// It is taken up, or refused.
    pub fn settle(self, outcome: BundleOutcome) {
        // Whoever waited may be gone with its link.
        let _gone = self.taken.send(outcome);
    }
}

/// What became of a bundle that a peer handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BundleOutcome {
    /// It is in force, or will never be.
    Settled,
    /// It lacks a log key that the peer had before it was restored from a backup. The peer was shown that
    /// key, and its next bundle is to name it.
    NextComes,
}

/// A handle to what waits.
#[derive(Debug, Clone)]
pub struct Keeper(Arc<Shared>);

/// The keeper's end of what waits. Dropped, it takes nothing more.
#[derive(Debug)]
pub struct Tasks(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    filled: Notify,
    bundles: Turns<NodeId>,
}

#[derive(Debug, Default)]
struct Waiting {
    tasks: VecDeque<Task>,
    ended: bool,
}

impl Keeper {
    /// A keeper's two ends.
    pub fn new() -> (Self, Tasks) {
        let shared = Arc::<Shared>::default();
        (Self(shared.clone()), Tasks(shared))
    }

    /// Hands over the bundle of a peer, as JSON, and waits until it is taken up, or refused.
    pub async fn take(&self, peer: NodeId, document: Vec<u8>) -> BundleOutcome {
        let turn = self.0.bundles.next(peer).await;
        let (taken, done) = oneshot::channel();
        self.give(Task::Bundle(Handed {
            peer,
            document,
            taken,
            _turn: turn,
        }));
        // A keeper that has ended takes nothing up.
        done.await.unwrap_or(BundleOutcome::Settled)
    }

    /// Hands over a task, in the place of what it makes idle.
    pub fn give(&self, task: Task) {
        self.0.lock().add(task);
        self.0.filled.notify_one();
    }
}

impl Tasks {
    /// The next task, as soon as there is one.
    pub async fn next(&self) -> Task {
        loop {
            let filled = self.0.filled.notified();
            let next = self.0.lock().tasks.pop_front();
            if let Some(task) = next {
                return task;
            }
            filled.await;
        }
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.ended = true;
        let left = std::mem::take(&mut waiting.tasks);
        drop(waiting);
        drop(left);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn add(&mut self, task: Task) {
        if self.ended {
            return;
        }
        match task {
            Task::Rotate(order) => {
                let earlier = self.tasks.iter_mut().find_map(|held| match held {
                    Task::Rotate(earlier) => Some(earlier),
                    Task::At { .. } | Task::Bundle(_) | Task::Down(_) => None,
                });
                match earlier {
                    Some(earlier) => *earlier = earlier.and(order),
                    None => self.tasks.push_front(task),
                }
            }
            Task::At { peer, .. } => {
                let earlier = self.tasks.iter_mut().find(|held| held.is_at(peer));
                match earlier {
                    Some(earlier) => *earlier = task,
                    None => self.tasks.push_back(task),
                }
            }
            Task::Down(peer) => {
                let over =
                    |held: &Task| held.is_at(peer) || matches!(held, Task::Down(p) if *p == peer);
                self.tasks.retain(|held| !over(held));
                self.tasks.push_back(task);
            }
            Task::Bundle(_) => self.tasks.push_back(task),
        }
    }
}

impl Task {
    fn is_at(&self, peer: NodeId) -> bool {
        matches!(self, Self::At { peer: of, .. } if *of == peer)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::base::Timestamp;
    use crate::seal::keystore::Rotation;

    fn peers() -> [NodeId; 2] {
        ["MK-1", "TR-1"].map(|node| node.parse().unwrap())
    }

    fn at(peer: NodeId, sequence: u64) -> Task {
        let digest = Digest::EMPTY;
        Task::At {
            peer,
            sequence,
            digest,
        }
    }

    /// What waits, in words.
    fn waiting(tasks: &Tasks) -> Vec<String> {
        let next = || tasks.next().now_or_never();
        std::iter::from_fn(next)
            .map(|task| match task {
                Task::Rotate(Order { what, .. }) => format!("tls {} log {}", what.tls, what.log),
                Task::At { peer, sequence, .. } => format!("{peer} at {sequence}"),
                Task::Bundle(handed) => format!("a bundle of {}", handed.peer),
                Task::Down(peer) => format!("{peer} down"),
            })
            .collect()
    }

    #[test]
    fn a_peer_that_says_much_leaves_the_others_their_turn_and_waits_itself() {
        let ([mk, tr], (keeper, tasks)) = (peers(), Keeper::new());
        for sequence in 0..1_000 {
            keeper.give(at(mk, sequence));
            if sequence == 500 {
                keeper.give(at(tr, 7));
            }
        }
        assert_eq!(waiting(&tasks), ["MK-1 at 999", "TR-1 at 7"]);
    }

    #[test]
    fn what_was_said_on_a_link_that_is_gone_counts_no_more() {
        let ([mk, _], (keeper, tasks)) = (peers(), Keeper::new());
        for sequence in 0..1_000 {
            keeper.give(at(mk, sequence));
            keeper.give(Task::Down(mk));
        }
        keeper.give(at(mk, 1_000));
        assert_eq!(waiting(&tasks), ["MK-1 down", "MK-1 at 1000"]);
    }

    #[test]
    fn an_order_goes_before_all_else_and_orders_are_carried_out_together() {
        let ([mk, _], (keeper, tasks)) = (peers(), Keeper::new());
        keeper.give(at(mk, 1));
        for (tls, log) in [(true, false), (false, true)] {
            let what = Rotation {
                tls,
                log,
                recipient: false,
            };
            let at = Timestamp::from_millis(0);
            keeper.give(Task::Rotate(Order { what, at }));
        }
        assert_eq!(waiting(&tasks), ["tls true log true", "MK-1 at 1"]);
    }

    #[tokio::test]
    async fn one_bundle_of_a_peer_waits_however_often_it_links() {
        let ([mk, tr], (keeper, tasks)) = (peers(), Keeper::new());
        for _ in 0..100 {
            // Its link is gone before it is taken up.
            assert_eq!(keeper.take(mk, Vec::new()).now_or_never(), None);
        }
        assert_eq!(keeper.take(tr, Vec::new()).now_or_never(), None);
        assert_eq!(waiting(&tasks), ["a bundle of MK-1", "a bundle of TR-1"]);
        drop(tasks);
        let taken = keeper.take(mk, Vec::new()).await;
        assert_eq!(taken, BundleOutcome::Settled, "there is no keeper any more");
    }
}
