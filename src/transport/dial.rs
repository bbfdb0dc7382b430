//! Dialling: one task for each peer, which sees to it that there is a link, and one that goes back
//! to QUIC where TCP had to serve.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quinn::ConnectionError;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::base::NodeId;

use super::accept::peer_of;
use super::connection::{Connection, Via};
use super::limits::Limits;
use super::link::{self, Authenticated, Candidate};
use super::network::Chance;
use super::peers::{Shown, dns_name};
use super::probe::{self, Unreached};
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
        shared.spawn(run(shared.clone(), slot.clone()));
        if shared.ways.contains(&Via::Tcp) {
            shared.spawn(go_back(shared.clone(), slot));
        }
    }
}

async fn run(shared: Arc<Shared>, slot: Arc<Slot>) {
    let mut pause = Pause::new(&shared);
    loop {
        let candidate = tokio::select! {
            biased;
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
            biased;
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
        if let Some(mut candidate) = attempt(shared, slot, &address, shared.ways).await
            && candidate.admit().await
        {
            return candidate;
        }
    }
}

/// Tries QUIC again and again while the link is over TCP, whoever dialled that. The new link takes
/// the place of the old, as a link does that comes after a loss: what was under way goes again.
async fn go_back(shared: Arc<Shared>, slot: Arc<Slot>) {
    let limits = &shared.limits;
    let mut pause = limits.quic_again_first;
    let going_back = async {
        loop {
            slot.held_by(Via::Tcp).await;
            tokio::select! {
                biased;
                () = sleep(pause) => {}
                () = slot.left_by(Via::Tcp) => continue,
            }
            pause = (pause * 2).min(limits.quic_again_last);
            let address = shared.peers.borrow().peer(slot.peer).cloned();
            let Some(address) = address.and_then(|peer| peer.address) else {
                continue;
            };
            let tried = tokio::select! {
                biased;
                tried = attempt(&shared, &slot, &address, &[Via::Quic]) => tried,
                () = slot.left_by(Via::Tcp) => continue,
            };
            if let Some(mut candidate) = tried
                && candidate.admit().await
            {
                let up = link::run(&shared, &slot, candidate).await;
                if up.is_some_and(|up| up.elapsed() >= STEADY) {
                    pause = limits.quic_again_first;
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = shared.closing.cancelled() => {}
        () = going_back => {}
    }
}

/// Tries the peer's addresses in turn, the next while the last is still under way: on a bad line
/// a connection that has lost a few packets waits ever longer, and a fresh one overtakes it. With
/// QUIC and TCP both, TCP follows a little behind, once for each address: TCP itself sends again
/// what is lost. The first on which the peer admits this node counts, since with TLS 1.3 a
/// connection that stands proves nothing yet.
async fn attempt(
    shared: &Arc<Shared>,
    slot: &Arc<Slot>,
    address: &str,
    over: &[Via],
) -> Option<Candidate> {
    let addresses: Vec<_> = tokio::net::lookup_host(address).await.ok()?.collect();
    let begin = |address, via| one(shared.clone(), slot.clone(), address, via);
    race(&addresses, over, shared.limits.behind, begin).await
}

/// Begins with each address over QUIC and, `behind` it, over TCP where that is among the ways; then with
/// the next, and so again. The first to succeed counts, and the others are given up.
async fn race<T, F>(
    addresses: &[SocketAddr],
    over: &[Via],
    behind: Duration,
    begin: impl Fn(SocketAddr, Via) -> F,
) -> Option<T>
where
    T: Send + 'static,
    F: Future<Output = Option<T>> + Send + 'static,
{
    let tries = addresses.len().clamp(MIN_TRIES, MAX_TRIES);
    let behind = behind.min(OVERTAKE);
    // Dropped at the end, and with it all that were overtaken.
    let mut running = JoinSet::new();
    for (tried, address) in addresses.iter().cycle().take(tries).enumerate() {
        let with_tcp = over.contains(&Via::Tcp) && tried < addresses.len();
        let steps: &[_] = if with_tcp {
            &[(Via::Quic, behind), (Via::Tcp, OVERTAKE - behind)]
        } else {
            &[(Via::Quic, OVERTAKE)]
        };
        let mut failed = false;
        for (via, pause) in steps {
            running.spawn(begin(*address, *via));
            match timeout(*pause, first(&mut running)).await {
                Ok(Some(done)) => return Some(done),
                Ok(None) => failed = true,
                Err(_) => failed = false,
            }
        }
        // Every address has failed, and not by silence.
        if failed && tried + 1 >= addresses.len() {
            return None;
        }
    }
    first(&mut running).await
}

/// The first to succeed, unless all fail.
async fn first<T: 'static>(running: &mut JoinSet<Option<T>>) -> Option<T> {
    while let Some(done) = running.join_next().await {
        if let Ok(Some(done)) = done {
            return Some(done);
        }
    }
    None
}

/// Connects to one address and greets the peer there.
async fn one(
    shared: Arc<Shared>,
    slot: Arc<Slot>,
    address: SocketAddr,
    via: Via,
) -> Option<Candidate> {
    let connected = probe::connect(&shared, slot.peer, address, via).await;
    let (connection, shown) = connected.ok()?;
    slot.proven_at(address.ip());
    let with = Authenticated {
        connection,
        shown,
        dialler: shared.me,
    };
    link::greet(&shared, &slot, with).await
}

/// Connects over QUIC to an address of a peer.
pub(super) async fn quic(
    shared: &Shared,
    peer: NodeId,
    address: SocketAddr,
) -> Result<(Connection, Shown), Unreached> {
    let dialling = shared.dialling.clone();
    let connecting = shared
        .endpoint
        .connect_with(dialling, address, &dns_name(peer))
        .map_err(|_| Unreached::Silent)?;
    let time = shared.limits.time_for_handshake();
    let connection = timeout(time, connecting)
        .await
        .map_err(|_| Unreached::Silent)?
        .map_err(|error| match error {
            ConnectionError::TimedOut | ConnectionError::LocallyClosed => Unreached::Silent,
            ConnectionError::VersionMismatch
            | ConnectionError::TransportError(_)
            | ConnectionError::ConnectionClosed(_)
            | ConnectionError::ApplicationClosed(_)
            | ConnectionError::Reset
            | ConnectionError::CidsExhausted => Unreached::Untrusted,
        })?;
    let (_, shown) = peer_of(shared, &connection)
        .filter(|(proven, _)| *proven == peer)
        .ok_or(Unreached::Untrusted)?;
    Ok((connection.into(), shown))
}

/// The pause before the next attempt: none at first, then doubling, and never quite regular, so
/// that nodes which failed together do not try again together.
struct Pause {
    next: Duration,
    first: Duration,
    last: Duration,
    chance: Chance,
}

impl Pause {
    fn new(shared: &Shared) -> Self {
        Self::within(&shared.limits, shared.chance.clone())
    }

    fn within(limits: &Limits, chance: Chance) -> Self {
        Self {
            next: Duration::ZERO,
            first: limits.redial_first,
            last: limits.redial_last,
            chance,
        }
    }

    fn next(&mut self) -> Duration {
        let length = self.next;
        self.next = (length * 2).clamp(self.first, self.last);
        let [random] = self.chance.array();
        length / 2 + length / 2 * u32::from(random) / 255
    }

    fn reset(&mut self) {
        self.next = Duration::ZERO;
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::Mutex;

    use tokio::time::Instant;

    use super::*;
    use crate::base::SeededEntropy;

    /// What an attempt comes to in a race that a test holds.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Comes {
        ToALink,
        ToNothing,
        Never,
    }

    /// Holds a race to one address, in which each way comes to this. Gives the way that won, and after
    /// how many milliseconds each was begun.
    async fn raced(quic: Comes, tcp: Comes) -> (Option<Via>, Vec<(Via, u128)>) {
        let (begun, start) = (Mutex::new(Vec::new()), Instant::now());
        let begin = |_, via| {
            let after = start.elapsed().as_millis();
            begun.lock().unwrap().push((via, after));
            let comes = match via {
                Via::Quic => quic,
                Via::Tcp => tcp,
            };
            async move {
                if comes == Comes::Never {
                    pending::<()>().await;
                }
                (comes == Comes::ToALink).then_some(via)
            }
        };
        let address = SocketAddr::from(([192, 0, 2, 1], 4433));
        let behind = Limits::default().behind;
        let won = race(&[address], &[Via::Quic, Via::Tcp], behind, begin).await;
        (won, begun.into_inner().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn tcp_begins_a_quarter_of_a_second_behind_quic_that_is_not_answered() {
        let (won, begun) = raced(Comes::Never, Comes::ToALink).await;
        assert_eq!(won, Some(Via::Tcp));
        let [(Via::Quic, 0), (Via::Tcp, after)] = begun[..] else {
            panic!("{begun:?}");
        };
        // The clock goes in steps of a millisecond, and a wait is never too short.
        assert!((250..=252).contains(&after), "{after} ms");
    }

    #[tokio::test(start_paused = true)]
    async fn tcp_is_not_begun_where_quic_comes_to_a_link_before() {
        let (won, begun) = raced(Comes::ToALink, Comes::ToALink).await;
        assert_eq!((won, begun), (Some(Via::Quic), vec![(Via::Quic, 0)]));
    }

    #[tokio::test(start_paused = true)]
    async fn tcp_begins_at_once_where_quic_has_failed() {
        let (won, begun) = raced(Comes::ToNothing, Comes::ToALink).await;
        assert_eq!(won, Some(Via::Tcp));
        assert_eq!(begun, [(Via::Quic, 0), (Via::Tcp, 0)]);
    }

    #[tokio::test(start_paused = true)]
    async fn where_both_ways_fail_the_attempt_is_over_at_once() {
        let (won, begun) = raced(Comes::ToNothing, Comes::ToNothing).await;
        assert_eq!(won, None);
        assert_eq!(begun, [(Via::Quic, 0), (Via::Tcp, 0)]);
    }

    #[test]
    fn pauses_grow_to_a_bound_and_begin_anew() {
        let limits = Limits::default();
        let chance = Chance::new(Box::new(SeededEntropy::new(1)));
        let mut pause = Pause::within(&limits, chance);
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
