//! The handshakes under way: how many there may be, and who gives way to whom.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::base::MemberId;

use super::limits::{GIVES_WAY, MAX_HANDSHAKES, MAX_HANDSHAKES_FROM_ONE};

/// Whose a handshake is, as far as the address tells from which it comes. TLS proves the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// It comes from where a node of this member proved its key.
    Member(MemberId),
    /// It comes from anywhere else.
    Stranger,
}

/// The handshakes under way. Members have places of their own, nobody has more than some, and where all are
/// taken whoever has the most gives way.
#[derive(Default)]
pub(super) struct Places(Mutex<Taken>);

#[derive(Default)]
struct Taken {
    next: u64,
    /// By number, and so the oldest first.
    held: BTreeMap<u64, Held>,
}

struct Held {
    origin: Origin,
    since: Instant,
    gives_way: CancellationToken,
}

/// Where a handshake comes from.
#[derive(Clone, Copy)]
struct Origin {
    network: IpAddr,
    whose: Whose,
}

impl Origin {
    /// Whether both are members, or neither is.
    fn is_of_a_kind_with(self, other: Self) -> bool {
        match (self.whose, other.whose) {
            (Whose::Member(_), Whose::Member(_)) | (Whose::Stranger, Whose::Stranger) => true,
            (Whose::Member(_), Whose::Stranger) | (Whose::Stranger, Whose::Member(_)) => false,
        }
    }

    /// Whether both are one member, or one stranger as far as their network tells.
    fn is_one_with(self, other: Self) -> bool {
        match self.whose {
            Whose::Member(_) => self.whose == other.whose,
            Whose::Stranger => self.whose == other.whose && self.network == other.network,
        }
    }
}

impl Places {
    /// A place for a handshake from this address. None if all that it could have are taken by others that
    /// have no more than it and began just now.
    pub(super) fn take(self: &Arc<Self>, from: IpAddr, whose: Whose) -> Option<Place> {
        self.take_at(from, whose, Instant::now())
    }

    fn take_at(self: &Arc<Self>, from: IpAddr, whose: Whose, now: Instant) -> Option<Place> {
        let origin = Origin {
            network: network(from),
            whose,
        };
        let mut taken = self.lock();
        while let Some((number, from_when)) = taken.in_the_way(origin) {
            if now < from_when {
                return None;
            }
            if let Some(held) = taken.held.remove(&number) {
                held.gives_way.cancel();
            }
        }
        let (number, gives_way) = (taken.next, CancellationToken::new());
        taken.next += 1;
        let held = Held {
            origin,
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
    /// The handshake whose place the next from here would need, and from when on it gives way.
    fn in_the_way(&self, next: Origin) -> Option<(u64, Instant)> {
        let oldest_of_enough = |counts: &dyn Fn(Origin) -> bool| {
            let mut counted = self.held.iter().filter(|(_, held)| counts(held.origin));
            let (number, held) = counted.next()?;
            (counted.count() + 1 >= MAX_HANDSHAKES_FROM_ONE)
                .then_some((*number, held.since + GIVES_WAY))
        };
        let own = oldest_of_enough(&|held: Origin| held.network == next.network)
            .or_else(|| oldest_of_enough(&|held: Origin| held.is_one_with(next)));
        if own.is_some() {
            return own;
        }
        let alike = || {
            let held = self.held.iter();
            held.filter(move |(_, held)| held.origin.is_of_a_kind_with(next))
        };
        if alike().count() < MAX_HANDSHAKES {
            return None;
        }
        // The first of those with the most: the oldest.
        let (number, held) = alike().min_by_key(|(_, held)| Reverse(self.share(held.origin)))?;
        let from_when = if self.share(held.origin) > self.share(next) + 1 {
            held.since
        } else {
            held.since + GIVES_WAY
        };
        Some((*number, from_when))
    }

    /// How many places this member, or this stranger, has.
    fn share(&self, of: Origin) -> usize {
        let held = self.held.values();
        held.filter(|held| held.origin.is_one_with(of)).count()
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
    use std::net::Ipv4Addr;

    use super::*;

    fn address(n: usize) -> IpAddr {
        Ipv4Addr::from_bits(0x0a00_0000 + u32::try_from(n).unwrap()).into()
    }

    fn member(name: &str) -> Whose {
        Whose::Member(name.parse().unwrap())
    }

    /// Fills every place of strangers, so many from each address.
    fn strangers(places: &Arc<Places>, each: usize, now: Instant) -> Vec<Place> {
        let all = (0..MAX_HANDSHAKES).map(|n| {
            let from = address(n / each);
            places.take_at(from, Whose::Stranger, now).unwrap()
        });
        all.collect()
    }

    #[test]
    fn there_are_so_many_places_and_they_come_free() {
        let (places, now) = (Arc::new(Places::default()), Instant::now());
        let mut held = strangers(&places, 1, now);
        let take = |from| places.take_at(from, Whose::Stranger, now);
        assert!(take(address(99)).is_none());
        held.pop();
        assert!(take(address(99)).is_some());
        held.clear();
        assert!(places.lock().held.is_empty());
    }

    #[test]
    fn strangers_leave_members_their_places() {
        let (places, now) = (Arc::new(Places::default()), Instant::now());
        let _held = strangers(&places, 1, now);
        assert!(places.take_at(address(99), member("MK"), now).is_some());
    }

    #[test]
    fn a_member_that_lets_handshakes_stand_at_many_addresses_cuts_off_no_other() {
        let (places, now) = (Arc::new(Places::default()), Instant::now());
        let slow = places.take_at(address(0), member("MK"), now).unwrap();
        let mut hostile = Vec::new();
        for round in 0..4 {
            let now = now + GIVES_WAY * round;
            for n in 1..=2 * MAX_HANDSHAKES {
                hostile.extend(places.take_at(address(n), member("TR"), now));
            }
            let next = places.take_at(address(0), member("MK"), now);
            assert!(next.is_some(), "round {round}");
        }
        assert!(!slow.gives_way.is_cancelled());
    }

    #[test]
    fn a_member_has_no_more_places_than_one_may_wherever_its_nodes_are() {
        let (places, now) = (Arc::new(Places::default()), Instant::now());
        let held: Vec<Place> = (0..MAX_HANDSHAKES)
            .filter_map(|n| places.take_at(address(n), member("TR"), now))
            .collect();
        assert_eq!(held.len(), MAX_HANDSHAKES_FROM_ONE);
    }

    #[test]
    fn members_that_fill_every_place_leave_the_next_an_equal_share_and_do_not_take_it_back() {
        let (places, now) = (Arc::new(Places::default()), Instant::now());
        let hostile = ["AL", "BA", "ME", "TR"];
        let mut held = Vec::new();
        let mut all_stall = |now| {
            for n in 0..MAX_HANDSHAKES {
                let whose = member(hostile[n % hostile.len()]);
                held.extend(places.take_at(address(n), whose, now));
            }
        };
        all_stall(now);
        let share: Vec<Place> = (0..MAX_HANDSHAKES_FROM_ONE)
            .map_while(|_| places.take_at(address(99), member("MK"), now))
            .collect();
        assert_eq!(share.len(), MAX_HANDSHAKES / (hostile.len() + 1));
        all_stall(now + GIVES_WAY);
        all_stall(now + GIVES_WAY * 2);
        assert!(!share.iter().any(|place| place.gives_way.is_cancelled()));
    }

    #[test]
    fn strangers_at_a_few_addresses_do_not_cut_off_one_at_another() {
        let (places, now) = (Arc::new(Places::default()), Instant::now());
        let slow = places.take_at(address(0), Whose::Stranger, now).unwrap();
        let mut hostile = Vec::new();
        for round in 0..4 {
            for n in 0..4 * MAX_HANDSHAKES {
                let (from, now) = (address(1 + n % 8), now + GIVES_WAY * round);
                hostile.extend(places.take_at(from, Whose::Stranger, now));
            }
        }
        assert!(!slow.gives_way.is_cancelled());
    }

    #[test]
    fn whoever_has_the_most_gives_way_at_once_until_all_have_alike() {
        let (places, now) = (Arc::new(Places::default()), Instant::now());
        let held = strangers(&places, MAX_HANDSHAKES_FROM_ONE, now);
        let begun: Vec<Place> = (100..1100)
            .filter_map(|n| places.take_at(address(n), Whose::Stranger, now))
            .collect();
        let at_first = MAX_HANDSHAKES / MAX_HANDSHAKES_FROM_ONE;
        assert_eq!(begun.len(), MAX_HANDSHAKES - at_first);
        let left = held.iter().filter(|place| !place.gives_way.is_cancelled());
        assert_eq!(left.count(), at_first, "one for each address");
    }

    #[test]
    fn where_all_have_alike_what_began_a_while_ago_gives_way_and_the_oldest_first() {
        let (places, now) = (Arc::new(Places::default()), Instant::now());
        let held = strangers(&places, 1, now);
        let later = now + GIVES_WAY;
        let next = places.take_at(address(99), Whose::Stranger, later);
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
        let take = |from, now| places.take_at(from, Whose::Stranger, now);
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
    fn whoever_has_places_as_strangers_gets_no_more_than_one_may_as_a_member() {
        let (places, now) = (Arc::new(Places::default()), Instant::now());
        let _held = strangers(&places, MAX_HANDSHAKES_FROM_ONE, now);
        let later = now + GIVES_WAY;
        let own: Vec<Place> = (0..MAX_HANDSHAKES)
            .filter_map(|n| {
                places.take_at(address(n / MAX_HANDSHAKES_FROM_ONE), member("TR"), later)
            })
            .collect();
        let stand = own.iter().filter(|place| !place.gives_way.is_cancelled());
        assert_eq!(stand.count(), MAX_HANDSHAKES_FROM_ONE);
    }

    #[test]
    fn a_network_of_64_bits_is_one_address() {
        let network = |text: &str| network(text.parse().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::2:0:0:1"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:10.0.0.1"), network("10.0.0.1"));
    }
}
