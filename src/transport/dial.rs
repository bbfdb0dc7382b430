//! Dialling: one task for each peer, which sees to it that there is a link.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::base::{Entropy, OsEntropy};

use super::accept::peer_of;
use super::limits::Limits;
use super::link::{self, Authenticated, Candidate};
use super::peers::dns_name;
use super::shared::Shared;
use super::slot::Slot;

/// A link that was up for this long was no failure.
const STEADY: Duration = Duration::from_secs(10);

/// After how long the next connection is begun while another is still under way. On a line of
/// 600 ms that loses 30% each way this and the number of tries take the slowest in a hundred
/// first frames from 52 s to 24 s.
const OVERTAKE: Duration = Duration::from_secs(1);
/// Connections begun in one attempt: at least so many, and one an address up to a bound.
const MIN_TRIES: usize = 6;
const MAX_TRIES: usize = 8;

/// Starts a task for each peer that has none.
pub(super) fn start_new(shared: &Arc<Shared>) {
    for slot in shared.new_slots() {
        shared.spawn(run(shared.clone(), slot));
    }
}

async fn run(shared: Arc<Shared>, slot: Arc<Slot>) {
    let mut pause = Pause::new(&shared.limits);
    loop {
        let candidate = tokio::select! {
            () = shared.closing.cancelled() => return,
            candidate = connect(&shared, &slot, &mut pause) => candidate,
        };
        let up = link::run(&shared, &slot, candidate).await;
        if up.is_some_and(|up| up.elapsed() >= STEADY) {
            pause.reset();
        }
    }
}

/// Dials until the peer admits this node, however long that takes.
async fn connect(shared: &Arc<Shared>, slot: &Arc<Slot>, pause: &mut Pause) -> Candidate {
    let mut peers = shared.peers.subscribe();
    loop {
        let length = pause.next();
        tokio::select! {
            () = sleep(length) => {}
            () = slot.dial_now.notified() => pause.reset(),
            // The sender is in shared and so lives as long as the wait.
            _ = peers.changed() => pause.reset(),
        }
        slot.vacant().await;
        let address = peers
            .borrow_and_update()
            .peer(slot.peer)
            .map(|peer| peer.address.clone());
        let Some(Some(address)) = address else {
            // Nobody to dial until a new list names an address.
            let _ = peers.changed().await;
            pause.reset();
            continue;
        };
        if let Some(mut candidate) = attempt(shared, slot, &address).await
            && candidate.admit().await
        {
            return candidate;
        }
    }
}

/// Tries the peer's addresses in turn, the next while the last is still under way: on a bad line
/// a connection that has lost a few packets waits ever longer, and a fresh one overtakes it.
async fn attempt(shared: &Arc<Shared>, slot: &Arc<Slot>, address: &str) -> Option<Candidate> {
    let addresses: Vec<_> = tokio::net::lookup_host(address).await.ok()?.collect();
    let tries = addresses.len().clamp(MIN_TRIES, MAX_TRIES);
    // Dropped at the end, and with it all that were overtaken.
    let mut running = JoinSet::new();
    for (tried, address) in addresses.iter().cycle().take(tries).enumerate() {
        running.spawn(one(shared.clone(), slot.clone(), *address));
        match timeout(OVERTAKE, first(&mut running)).await {
            Ok(Some(candidate)) => return Some(candidate),
            // Every address has failed, and not by silence.
            Ok(None) if tried + 1 >= addresses.len() => return None,
            Ok(None) | Err(_) => {}
        }
    }
    first(&mut running).await
}

/// The first to succeed, unless all fail.
async fn first(running: &mut JoinSet<Option<Candidate>>) -> Option<Candidate> {
    while let Some(done) = running.join_next().await {
        if let Ok(Some(candidate)) = done {
            return Some(candidate);
        }
    }
    None
}

/// Connects to one address and greets the peer there.
async fn one(shared: Arc<Shared>, slot: Arc<Slot>, address: SocketAddr) -> Option<Candidate> {
    let name = dns_name(slot.peer);
    let dialling = shared.dialling.clone();
    let connecting = shared
        .endpoint
        .connect_with(dialling, address, &name)
        .ok()?;
    let time = shared.limits.time_for_handshake();
    let connection = timeout(time, connecting).await.ok()?.ok()?;
    let (_, pin) = peer_of(&shared, &connection).filter(|(peer, _)| *peer == slot.peer)?;
    let with = Authenticated {
        connection,
        pin,
        dialler: shared.me,
    };
    link::greet(&shared, &slot, with).await
}

/// The pause before the next attempt: none at first, then doubling, and never quite regular, so
/// that nodes which failed together do not try again together.
struct Pause {
    next: Duration,
    first: Duration,
    last: Duration,
}

impl Pause {
    fn new(limits: &Limits) -> Self {
        Self {
            next: Duration::ZERO,
            first: limits.redial_first,
            last: limits.redial_last,
        }
    }

    fn next(&mut self) -> Duration {
        let length = self.next;
        self.next = (length * 2).clamp(self.first, self.last);
        let entropy: &mut dyn Entropy = &mut OsEntropy;
        let [random] = entropy.array();
        length / 2 + length / 2 * u32::from(random) / 255
    }

    fn reset(&mut self) {
        self.next = Duration::ZERO;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_begin_anew() {
        let limits = Limits::default();
        let mut pause = Pause::new(&limits);
        assert_eq!(pause.next(), Duration::ZERO);
        let mut expected = limits.redial_first;
        for _ in 0..20 {
            let length = pause.next();
            assert!(length >= expected / 2 && length <= expected, "{length:?}");
            expected = (expected * 2).min(limits.redial_last);
        }
        pause.reset();
        assert_eq!(pause.next(), Duration::ZERO);
    }
}
