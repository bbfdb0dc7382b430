//! Connections that come in.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quinn::Incoming;
use rustls::pki_types::CertificateDer;
use tokio::time::timeout;

use crate::base::NodeId;

use super::limits::{MAX_HANDSHAKES, MAX_HANDSHAKES_FROM_ONE};
use super::link::{self, Authenticated};
use super::peers::Shown;
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
        match places.take(incoming.remote_address().ip()) {
            Some(place) => shared.spawn(one(shared.clone(), incoming, place)),
            None => {
                shared.counters.count(Refusal::Busy);
                incoming.refuse();
            }
        }
    }
}

/// The handshakes under way, by address, so that one stranger cannot take every place.
#[derive(Default)]
pub(super) struct Places(Mutex<HashMap<IpAddr, usize>>);

impl Places {
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = network(address);
        let mut taken = self.lock();
        if taken.values().sum::<usize>() >= MAX_HANDSHAKES {
            return None;
        }
        let from_one = taken.entry(address).or_default();
        if *from_one >= MAX_HANDSHAKES_FROM_ONE {
            return None;
        }
        *from_one += 1;
        Some(Place {
            places: self.clone(),
            address,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What counts as one address: in IPv6 a network of 64 bits, which is the least that anyone gets.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

/// A place among the handshakes under way, free again when it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        if let Some(from_one) = taken.get_mut(&self.address) {
            *from_one -= 1;
            if *from_one == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

async fn one(shared: Arc<Shared>, incoming: Incoming, place: Place) {
    let Some((connection, peer, shown)) = handshake(&shared, incoming).await else {
        shared.counters.count(Refusal::Handshake);
        return;
    };
    let Some(slot) = shared.slot(peer) else {
        return;
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_every_place_and_places_come_free() {
        let places = Arc::new(Places::default());
        let mut held = Vec::new();
        for n in 0..MAX_HANDSHAKES / MAX_HANDSHAKES_FROM_ONE {
            let address: IpAddr = format!("10.0.0.{n}").parse().unwrap();
            for _ in 0..MAX_HANDSHAKES_FROM_ONE {
                held.push(places.take(address).unwrap());
            }
            assert!(places.take(address).is_none());
        }
        let other = "10.0.0.99".parse().unwrap();
        assert!(places.take(other).is_none());
        held.pop();
        assert!(places.take(other).is_some());
        held.clear();
        assert!(places.lock().is_empty());
    }

    #[test]
    fn a_network_of_64_bits_is_one_address() {
        let network = |text: &str| network(text.parse().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::2:0:0:1"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:10.0.0.1"), network("10.0.0.1"));
    }
}
