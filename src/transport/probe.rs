//! Trying every way to a peer, to tell a person what works.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::base::NodeId;

use super::connection::{Connection, Via};
use super::link::{self, Authenticated};
use super::peers::Shown;
use super::shared::Shared;
use super::slot::Slot;
use super::{dial, tcp};

/// How long one attempt may take. On a line of 600 ms that loses 30% each way half of them are
/// through in eight seconds.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long to wait for the search for longer datagrams, at least and at most.
const SEARCH: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(3));

/// Why a peer was not reached at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreached {
    /// Nothing answers.
    Silent,
    /// Something answers that nobody listens there.
    Refused,
    /// What answers does not prove to be the peer, or refuses this node's key or key exchange.
    Untrusted,
    /// The peer is there and does not admit this node.
    NotAdmitted,
}

/// What a peer that was reached is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// There and back.
    pub rtt: Duration,
    /// The longest datagram that is known to pass, in bytes; none over TCP.
    pub mtu: Option<u16>,
    /// By how many milliseconds the peer's clock is ahead of this node's.
    pub ahead: i64,
}

/// One attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// Over what.
    pub via: Via,
    /// To which address.
    pub address: SocketAddr,
    /// What came of it.
    pub outcome: Result<Reached, Unreached>,
}

/// Tries every address of `peer` over QUIC and TCP, up to where the peer admits this node, and
/// takes leave. A link that is up stays. None if the name does not resolve.
pub(super) async fn probe(
    shared: &Arc<Shared>,
    slot: &Arc<Slot>,
    address: &str,
) -> Option<Vec<Attempt>> {
    let addresses: Vec<_> = tokio::net::lookup_host(address).await.ok()?.collect();
    let mut running = JoinSet::new();
    for via in shared.ways.iter().copied() {
        for address in &addresses {
            let (shared, slot, address) = (shared.clone(), slot.clone(), *address);
            running.spawn(async move {
                let tried = timeout(PATIENCE, one(&shared, &slot, address, via)).await;
                Attempt {
                    via,
                    address,
                    outcome: tried.unwrap_or(Err(Unreached::Silent)),
                }
            });
        }
    }
    let mut attempts = running.join_all().await;
    attempts.sort_by_key(|attempt| (attempt.via as u8, attempt.address));
    Some(attempts)
}

async fn one(
    shared: &Arc<Shared>,
    slot: &Slot,
    address: SocketAddr,
    via: Via,
) -> Result<Reached, Unreached> {
    let (connection, shown) = connect(shared, slot.peer, address, via).await?;
    let with = Authenticated {
        connection: connection.clone(),
        shown,
        dialler: shared.me,
    };
    let greeted = link::greet(shared, slot, with).await;
    let candidate = greeted.ok_or(Unreached::NotAdmitted)?;
    sleep((connection.rtt() * 8).clamp(SEARCH.0, SEARCH.1)).await;
    let reached = Reached {
        rtt: connection.rtt(),
        mtu: connection.mtu(),
        ahead: candidate.ahead(),
    };
    candidate.leave();
    Ok(reached)
}

/// Connects to an address of a peer, which proves its key.
pub(super) async fn connect(
    shared: &Arc<Shared>,
    peer: NodeId,
    address: SocketAddr,
    via: Via,
) -> Result<(Connection, Shown), Unreached> {
    match via {
        Via::Quic => dial::quic(shared, peer, address).await,
        Via::Tcp => tcp::connect(shared, peer, address).await,
    }
}
