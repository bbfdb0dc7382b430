//! The handshakes under way: how many there may be, and who gives way to whom.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::limits::{GIVES_WAY, MAX_HANDSHAKES, MAX_HANDSHAKES_FROM_ONE};

/// Whose a handshake is, as far as the address tells from which it comes. TLS proves the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// It comes from where a listed peer is.
    Members,
    /// It comes from anywhere else.
    Strangers,
}

/// The handshakes under way. Members have places of their own, nobody has more than some, and one that
/// stands still gives way to the next.
#[derive(Default)]
pub(super) struct Places(Mutex<Taken>);

#[derive(Default)]
struct Taken {
    next: u64,
    /// By number, and so the oldest first.
    held: BTreeMap<u64, Held>,
}

struct Held {
    from: IpAddr,
    whose: Whose,
    since: Instant,
    gives_way: CancellationToken,
}

impl Places {
    /// A place for a handshake from this address. None if all that it could have are taken by others
    /// that began just now.
    pub(super) fn take(self: &Arc<Self>, from: IpAddr, whose: Whose) -> Option<Place> {
        self.take_at(from, whose, Instant::now())
    }

    fn take_at(self: &Arc<Self>, from: IpAddr, whose: Whose, now: Instant) -> Option<Place> {
        let from = network(from);
        let mut taken = self.lock();
        if let Some((oldest, since)) = taken.in_the_way(from, whose) {
            if now.saturating_duration_since(since) < GIVES_WAY {
                return None;
            }
            if let Some(held) = taken.held.remove(&oldest) {
                held.gives_way.cancel();
            }
        }
        let (number, gives_way) = (taken.next, CancellationToken::new());
        taken.next += 1;
        let held = Held {
            from,
            whose,
            since: now,
            gives_way: gives_way.clone(),
        };
        taken.held.insert(number, held);
        Some(Place {
            places: self.clone(),
            number,
            gives_way,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// The oldest of those whose places the next from this address would need, and its beginning.
    fn in_the_way(&self, from: IpAddr, whose: Whose) -> Option<(u64, Instant)> {
        let oldest_of = |most: usize, counts: &dyn Fn(&Held) -> bool| {
            let mut counted = self.held.iter().filter(|(_, held)| counts(held));
            let (number, held) = counted.next()?;
            (counted.count() + 1 >= most).then_some((*number, held.since))
        };
        oldest_of(MAX_HANDSHAKES_FROM_ONE, &|held: &Held| held.from == from)
            .or_else(|| oldest_of(MAX_HANDSHAKES, &|held: &Held| held.whose == whose))
    }
}

/// What counts as one address: in IPv6 a network of 64 bits, which is the least that anyone gets.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

/// A place among the handshakes under way, free again when it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    number: u64,
    gives_way: CancellationToken,
}

impl Place {
    /// Waits until another has the place.
    pub(super) async fn lost(&self) {
        self.gives_way.cancelled().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // It is another's already where this one gave way.
        let _given_back = self.places.lock().held.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: usize) -> IpAddr {
        format!("10.0.0.{n}").parse().unwrap()
    }

    /// Fills every place of these, from as few addresses as it takes.
    fn filled(places: &Arc<Places>, whose: Whose, now: Instant) -> Vec<Place> {
        let all = (0..MAX_HANDSHAKES).map(|n| {
            let from = address(n / MAX_HANDSHAKES_FROM_ONE);
            places.take_at(from, whose, now).unwrap()
        });
        all.collect()
    }

    #[test]
    fn nobody_takes_every_place_and_places_come_free() {
        let (places, now) = (Arc::new(Places::default()), Instant::now());
        let mut held = filled(&places, Whose::Strangers, now);
        let take = |from| places.take_at(from, Whose::Strangers, now);
        assert!(take(address(0)).is_none());
        assert!(take(address(99)).is_none());
        held.pop();
        assert!(take(address(99)).is_some());
        held.clear();
        assert!(places.lock().held.is_empty());
    }

    #[test]
    fn strangers_leave_members_their_places() {
        let (places, now) = (Arc::new(Places::default()), Instant::now());
        let _held = filled(&places, Whose::Strangers, now);
        assert!(places.take_at(address(99), Whose::Members, now).is_some());
    }

    #[test]
    fn a_handshake_that_stands_still_gives_way_to_the_next_and_the_oldest_first() {
        let (places, now) = (Arc::new(Places::default()), Instant::now());
        let held = filled(&places, Whose::Strangers, now);
        let later = now + GIVES_WAY;
        let next = places.take_at(address(99), Whose::Strangers, later);
        assert!(next.is_some());
        let gave_way: Vec<bool> = held
            .iter()
            .map(|place| place.gives_way.is_cancelled())
            .collect();
        assert!(gave_way[0]);
        assert!(!gave_way[1..].contains(&true));
        drop(held);
        assert_eq!(
            places.lock().held.len(),
            1,
            "the newcomer's place is its own"
        );
    }

    #[test]
    fn whoever_has_as_many_places_as_one_may_gives_way_to_itself() {
        let (places, now) = (Arc::new(Places::default()), Instant::now());
        let take = |from, now| places.take_at(from, Whose::Strangers, now);
        let other = take(address(1), now).unwrap();
        let of_one: Vec<Place> = (0..MAX_HANDSHAKES_FROM_ONE)
            .map(|_| take(address(2), now).unwrap())
            .collect();
        assert!(take(address(2), now).is_none());
        let _next = take(address(2), now + GIVES_WAY).unwrap();
        assert!(of_one[0].gives_way.is_cancelled());
        assert!(!other.gives_way.is_cancelled());
    }

    #[test]
    fn a_network_of_64_bits_is_one_address() {
        let network = |text: &str| network(text.parse().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::2:0:0:1"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:10.0.0.1"), network("10.0.0.1"));
    }
}
