//! Dialling: one task for each peer, which sees to it that there is a link.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::base::{Entropy, OsEntropy};

use super::accept::peer_of;
use super::limits::Limits;
use super::link::{self, Authenticated};
use super::shared::Shared;
use super::slot::Slot;

/// A link that was up for this long was no failure.
const STEADY: Duration = Duration::from_secs(10);

/// Starts a task for each peer that has none.
pub(super) fn start_new(shared: &Arc<Shared>) {
    for slot in shared.new_slots() {
        shared.spawn(run(shared.clone(), slot));
    }
}

async fn run(shared: Arc<Shared>, slot: Arc<Slot>) {
    let mut pause = Pause::new(&shared.limits);
    loop {
        let with = tokio::select! {
            () = shared.closing.cancelled() => return,
            with = connect(&shared, &slot, &mut pause) => with,
        };
        let up = link::run(&shared, &slot, with).await;
        if up.is_some_and(|up| up.elapsed() >= STEADY) {
            pause.reset();
        }
    }
}

/// Dials until a connection with the peer is authenticated, however long that takes.
async fn connect(shared: &Shared, slot: &Slot, pause: &mut Pause) -> Authenticated {
    let mut peers = shared.peers.subscribe();
    loop {
        let length = pause.next();
        tokio::select! {
            () = tokio::time::sleep(length) => {}
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
        if let Some(with) = attempt(shared, slot, &address).await {
            return with;
        }
    }
}

async fn attempt(shared: &Shared, slot: &Slot, address: &str) -> Option<Authenticated> {
    let name = super::peers::dns_name(slot.peer);
    let addresses = tokio::net::lookup_host(address).await.ok()?;
    for address in addresses {
        let dialling = shared.dialling.clone();
        let Ok(connecting) = shared.endpoint.connect_with(dialling, address, &name) else {
            continue;
        };
        let time = shared.limits.time_for_handshake();
        let Ok(Ok(connection)) = timeout(time, connecting).await else {
            continue;
        };
        let (_, pin) = peer_of(shared, &connection).filter(|(peer, _)| *peer == slot.peer)?;
        return Some(Authenticated {
            connection,
            pin,
            dialler: shared.me,
            place: None,
        });
    }
    None
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
