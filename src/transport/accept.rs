//! Connections that come in.

use std::sync::Arc;

use quinn::Incoming;
use rustls::pki_types::CertificateDer;
use tokio::time::timeout;

use crate::base::NodeId;

use super::link::{self, Authenticated};
use super::peers::Shown;
use super::places::{Place, Places};
use super::refused::Refusal;
use super::shared::Shared;

/// Takes connections until the endpoint closes. Nothing is kept of a stranger who has not shown
/// that it receives at the address it gives (RFC 9000 § 8.1.2).
pub(super) async fn run(shared: Arc<Shared>) {
    let places = Arc::new(Places::default());
    while let Some(incoming) = shared.endpoint.accept().await {
        if !incoming.remote_address_validated() {
            // It may be retried, since it was not yet.
            let _ = incoming.retry();
            continue;
        }
        let from = incoming.remote_address().ip();
        match places.take(from, shared.whose(from)) {
            Some(place) => shared.spawn(one(shared.clone(), incoming, place)),
            None => {
                shared.counters.count(Refusal::Busy);
                incoming.refuse();
            }
        }
    }
}

async fn one(shared: Arc<Shared>, incoming: Incoming, place: Place) {
    let from = incoming.remote_address().ip();
    let handshaken = tokio::select! {
        biased;
        handshaken = handshake(&shared, incoming) => handshaken,
        () = place.lost() => {
            shared.counters.count(Refusal::Busy);
            return;
        }
    };
    let Some((connection, peer, shown)) = handshaken else {
        shared.counters.count(Refusal::Handshake);
        return;
    };
    let Some(slot) = shared.slot(peer) else {
        return;
    };
    slot.proven_at(from);
    let with = Authenticated {
        connection: connection.into(),
        shown,
        dialler: peer,
    };
    let greeted = link::greet(&shared, &slot, with).await;
    drop(place);
    if let Some(candidate) = greeted {
        link::run(&shared, &slot, candidate).await;
    }
}

async fn handshake(
    shared: &Shared,
    incoming: Incoming,
) -> Option<(quinn::Connection, NodeId, Shown)> {
    let connecting = incoming.accept().ok()?;
    let time = shared.limits.time_for_handshake();
    let connection = timeout(time, connecting).await.ok()?.ok()?;
    let (peer, shown) = peer_of(shared, &connection)?;
    Some((connection, peer, shown))
}

/// The node at the other end and the key that it showed, if the list in force still does.
pub(super) fn peer_of(shared: &Shared, connection: &quinn::Connection) -> Option<(NodeId, Shown)> {
    let certificates = connection
        .peer_identity()?
        .downcast::<Vec<CertificateDer<'static>>>()
        .ok()?;
    shared.verifier.node_of(certificates.first()?).ok()
}
