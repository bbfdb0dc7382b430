//! Connections that come in.

use std::sync::Arc;

use quinn::Incoming;
use rustls::pki_types::CertificateDer;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::base::{Digest, NodeId};

use super::limits::MAX_HANDSHAKES;
use super::link::{self, Authenticated};
use super::refused::Refusal;
use super::shared::Shared;

/// Takes connections until the endpoint closes. Nothing is kept of a stranger who has not shown
/// that it receives at the address it gives (RFC 9000 § 8.1.2).
pub(super) async fn run(shared: Arc<Shared>) {
    let handshakes = Arc::new(Semaphore::new(MAX_HANDSHAKES));
    while let Some(incoming) = shared.endpoint.accept().await {
        if !incoming.remote_address_validated() {
            // It may be retried, since it was not yet.
            let _ = incoming.retry();
            continue;
        }
        match handshakes.clone().try_acquire_owned() {
            Ok(permit) => shared.spawn(one(shared.clone(), incoming, permit)),
            Err(_) => {
                shared.counters.count(Refusal::Busy);
                incoming.refuse();
            }
        }
    }
}

async fn one(shared: Arc<Shared>, incoming: Incoming, permit: OwnedSemaphorePermit) {
    let Some((connection, peer, pin)) = handshake(&shared, incoming).await else {
        shared.counters.count(Refusal::Handshake);
        return;
    };
    let Some(slot) = shared.slot(peer) else {
        return;
    };
    let with = Authenticated {
        connection,
        pin,
        dialler: peer,
        permit: Some(permit),
    };
    link::run(&shared, &slot, with).await;
}

async fn handshake(
    shared: &Shared,
    incoming: Incoming,
) -> Option<(quinn::Connection, NodeId, Digest)> {
    let connecting = incoming.accept().ok()?;
    let time = shared.limits.time_for_handshake();
    let connection = timeout(time, connecting).await.ok()?.ok()?;
    let (peer, pin) = peer_of(shared, &connection)?;
    Some((connection, peer, pin))
}

/// The node at the other end and the pin that lists it, if the list in force still does.
pub(super) fn peer_of(shared: &Shared, connection: &quinn::Connection) -> Option<(NodeId, Digest)> {
    let certificates = connection
        .peer_identity()?
        .downcast::<Vec<CertificateDer<'static>>>()
        .ok()?;
    shared.verifier.node_of(certificates.first()?).ok()
}
