//! The one place that each peer's link has, and which connection takes it.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, Semaphore, watch};

use crate::base::NodeId;

use super::connection::Via;
use super::lane::Lanes;
use super::limits::{MAX_ADDRESSES, MAX_FETCHES, MAX_GREETINGS};
use super::link::{LinkError, Wire};
use super::peers::Shown;
use super::places::network;

/// Since when, and after how many losses, a node has been talking to a peer. It tells a second
/// connection made because the first is gone from one made because both dialled at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    /// Random, another with each start of the node.
    pub(super) instance: [u8; 16],
    /// How many links with this peer the node has lost since then.
    pub(super) lost: u64,
}

/// A connection on which both sides have admitted each other.
pub(super) struct Link {
    pub(super) wire: Wire,
    pub(super) dialler: NodeId,
    pub(super) theirs: Standing,
    pub(super) shown: Shown,
    pub(super) lanes: Lanes,
    pub(super) fetches: Semaphore,
}

impl Link {
    pub(super) fn new(wire: Wire, dialler: NodeId, theirs: Standing, shown: Shown) -> Arc<Self> {
        Arc::new(Self {
            wire,
            dialler,
            theirs,
            shown,
            lanes: Lanes::default(),
            fetches: Semaphore::new(MAX_FETCHES),
        })
    }

    fn via(&self) -> Via {
        self.wire.connection().via()
    }

    /// Whether this connection takes the place of `held`. Both ends answer alike: they compare
    /// the same two connections by what both know of them.
    fn displaces(&self, held: &Self, preferred: NodeId) -> bool {
        if self.theirs.instance != held.theirs.instance || held.wire.is_closed() {
            return true;
        }
        match self.theirs.lost.cmp(&held.theirs.lost) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => match (self.via(), held.via()) {
                (Via::Quic, Via::Tcp) => true,
                (Via::Tcp, Via::Quic) => false,
                (Via::Quic, Via::Quic) | (Via::Tcp, Via::Tcp) => {
                    self.dialler == held.dialler || self.dialler == preferred
                }
            },
        }
    }
}

/// What there is with one peer.
pub(super) struct Slot {
    pub(super) peer: NodeId,
    /// The smaller of the two nodes: of two connections at once, the one that it dialled stays.
    preferred: NodeId,
    state: Mutex<State>,
    occupied: watch::Sender<Option<Via>>,
    /// Held while a link is up, so that the next comes up after the last has gone down.
    pub(super) turn: tokio::sync::Mutex<()>,
    pub(super) greetings: Semaphore,
    pub(super) dial_now: Notify,
    /// Where the peer proved its key since this node's start, the last first.
    proven: Mutex<VecDeque<IpAddr>>,
}

#[derive(Default)]
struct State {
    lost: u64,
    held: Option<Arc<Link>>,
    up: bool,
}

impl Slot {
    pub(super) fn new(me: NodeId, peer: NodeId) -> Arc<Self> {
        Arc::new(Self {
            peer,
            preferred: me.min(peer),
            state: Mutex::default(),
            occupied: watch::Sender::new(None),
            turn: tokio::sync::Mutex::default(),
            greetings: Semaphore::new(MAX_GREETINGS),
            dial_now: Notify::new(),
            proven: Mutex::default(),
        })
    }

    /// How many links with the peer were lost.
    pub(super) fn lost(&self) -> u64 {
        self.lock().lost
    }

    /// Gives the place to `link`, if it is still `listed` and better than what has it.
    pub(super) fn install(
        &self,
        link: &Arc<Link>,
        listed: impl FnOnce() -> bool,
    ) -> Result<(), LinkError> {
        let mut state = self.lock();
        if !listed() {
            return Err(LinkError::Unlisted);
        }
        if let Some(held) = &state.held {
            if !link.displaces(held, self.preferred) {
                return Err(LinkError::Replaced);
            }
            held.wire.close(LinkError::Replaced);
        }
        state.held = Some(link.clone());
        state.up = false;
        self.occupied.send_replace(Some(link.via()));
        Ok(())
    }

    /// Lets frames be sent on `link`, unless another has taken its place.
    pub(super) fn raise(&self, link: &Arc<Link>) -> bool {
        let mut state = self.lock();
        let holds = state.holds(link);
        state.up |= holds;
        holds
    }

    /// Clears the place if `link` still has it.
    pub(super) fn remove(&self, link: &Arc<Link>, why: LinkError) {
        let mut state = self.lock();
        if state.holds(link) {
            state.held = None;
            state.up = false;
            state.lost += u64::from(why != LinkError::Replaced);
            self.occupied.send_replace(None);
        }
    }

    /// The link, once it is up.
    pub(super) fn live(&self) -> Option<Arc<Link>> {
        let state = self.lock();
        state.held.clone().filter(|_| state.up)
    }

    /// Closes the link.
    pub(super) fn close(&self, why: LinkError) {
        if let Some(held) = &self.lock().held {
            held.wire.close(why);
        }
    }

    /// Closes the link if its key is not listed any more.
    pub(super) fn recheck(&self, listed: impl FnOnce(Shown) -> bool) {
        if let Some(held) = &self.lock().held
            && !listed(held.shown)
        {
            held.wire.close(LinkError::Unlisted);
        }
    }

    /// Waits until nothing has the place.
    pub(super) async fn vacant(&self) {
        let mut occupied = self.occupied.subscribe();
        // The sender is in self and so lives as long as the wait.
        let _ = occupied.wait_for(Option::is_none).await;
    }

    /// Waits until a connection of this kind has the place.
    pub(super) async fn held_by(&self, via: Via) {
        let mut occupied = self.occupied.subscribe();
        // The sender is in self and so lives as long as the wait.
        let _ = occupied.wait_for(|occupied| *occupied == Some(via)).await;
    }

    /// Waits until no connection of this kind has the place.
    pub(super) async fn left_by(&self, via: Via) {
        let mut occupied = self.occupied.subscribe();
        // The sender is in self and so lives as long as the wait.
        let _ = occupied.wait_for(|occupied| *occupied != Some(via)).await;
    }

    /// Remembers where the peer was when it proved its key, whoever dialled. What its name stands for
    /// does not count: it could name where another member comes from, and take that one's places.
    pub(super) fn proven_at(&self, address: IpAddr) {
        let (address, mut proven) = (network(address), self.proven());
        proven.retain(|other| *other != address);
        proven.push_front(address);
        proven.truncate(MAX_ADDRESSES);
    }

    /// Whether the peer is where this address is, as far as is known.
    pub(super) fn is_at(&self, address: IpAddr) -> bool {
        self.proven().contains(&network(address))
    }

    fn proven(&self) -> MutexGuard<'_, VecDeque<IpAddr>> {
        self.proven.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn holds(&self, link: &Arc<Link>) -> bool {
        self.held
            .as_ref()
            .is_some_and(|held| Arc::ptr_eq(held, link))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: usize) -> IpAddr {
        format!("10.0.0.{n}").parse().unwrap()
    }

    fn slot() -> Arc<Slot> {
        Slot::new("MK-1".parse().unwrap(), "TR-1".parse().unwrap())
    }

    #[test]
    fn a_peer_is_where_it_proved_its_key_and_nowhere_else() {
        let slot = slot();
        slot.proven_at("2001:db8::1".parse().unwrap());
        assert!(slot.is_at("2001:db8::2".parse().unwrap()));
        assert!(!slot.is_at("2001:db8:0:1::1".parse().unwrap()));
    }

    #[test]
    fn a_peer_is_at_no_more_than_the_last_addresses_where_it_proved_its_key() {
        let slot = slot();
        for n in 0..MAX_ADDRESSES {
            slot.proven_at(address(n));
        }
        slot.proven_at(address(0));
        slot.proven_at(address(MAX_ADDRESSES));
        assert!(slot.is_at(address(0)), "it was proven again");
        assert!(!slot.is_at(address(1)));
        assert!((2..=MAX_ADDRESSES).all(|n| slot.is_at(address(n))));
    }
}
