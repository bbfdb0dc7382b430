//! What has been sent to each peer and not been settled yet, so that a link is kept full,
//! nothing overtakes what it must not, and what stays unanswered is sent again.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::base::{MemberId, NodeId, Timestamp};

/// After how many times `retry_after` something goes again although others of its class are settled meanwhile.
const PATIENT: u32 = 10;

/// Routine items in flight to a peer whose line is not known yet.
const FIRST: usize = 32;

/// Routine items in flight at least: fewer would be answered one by one, at more than twice the cost.
const LEAST: usize = 16;

/// What is answered no sooner than this has waited behind what went before it: less is sent ahead then, so
/// that what becomes due later is not late.
const SLOW: Duration = Duration::from_secs(15);

/// How long what a peer takes later rests before it is offered again for the first time.
const FIRST_REST: Duration = Duration::from_secs(1);

/// The class of what is not urgent.
const ROUTINE: u8 = 1;

/// The class of receipts. They never expire, so they have a window of their own and take no message's place.
pub const RECEIPTS: u8 = 2;

const CLASSES: usize = 3;

/// Something that waits for a peer, by its place in the outbox: urgent before routine, receipts last, then
/// in the order of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Waiting {
    /// 0 for urgent, 1 for routine, 2 for receipts.
    pub class: u8,
    /// The log entry that holds what waits.
    pub entry: u64,
}

/// The items in flight on every link that is up.
#[derive(Debug)]
pub struct Flight {
    window: usize,
    retry_after: Duration,
    links: BTreeMap<MemberId, Link>,
}

#[derive(Debug)]
struct Link {
    node: NodeId,
    sent: BTreeMap<Waiting, Timestamp>,
    /// Since when nothing of each class has been settled, where something was in flight.
    quiet: [Option<Timestamp>; CLASSES],
    /// How much of what is routine may be in flight.
    pace: Pace,
    put_off: BTreeMap<Waiting, PutOff>,
}

/// How much of what is routine may be in flight: one more for each answer that comes soon, half for one
/// that does not.
#[derive(Debug, Clone, Copy)]
struct Pace {
    window: usize,
    /// When it was last halved. What had left before says nothing new.
    halved: Option<Timestamp>,
}

impl Pace {
    const FIRST: Self = Self {
        window: FIRST,
        halved: None,
    };

    /// Something that had left at `sent` is answered.
    fn answered(&mut self, sent: Timestamp, now: Timestamp, most: usize) {
        if now.since(sent) < SLOW {
            self.window = (self.window + 1).min(most);
        } else if self.halved.is_none_or(|halved| sent >= halved) {
            self.window = (self.window / 2).max(LEAST);
            self.halved = Some(now);
        }
    }
}

/// What the peer takes later.
#[derive(Debug, Clone, Copy)]
struct PutOff {
    /// When it last said so.
    at: Timestamp,
    /// How often it did since it last took anything.
    times: u32,
}

impl PutOff {
    /// Whether it is offered again: after a second, and after twice as long each time, up to `most`.
    fn has_rested(self, most: Duration, now: Timestamp) -> bool {
        let doubled = 1_u32 << self.times.saturating_sub(1).min(20);
        self.at > now || now.since(self.at) >= (FIRST_REST * doubled).min(most)
    }
}

impl Link {
    /// How long nothing of a class has been settled.
    fn quiet_for(&mut self, class: u8, now: Timestamp) -> Duration {
        let quiet = &mut self.quiet[usize::from(class.min(RECEIPTS))];
        let since = *quiet.get_or_insert(now);
        if since > now {
            *quiet = Some(now);
        }
        now.since(since)
    }

    /// How many more routine items may leave. One that has been in flight for long, perhaps lost, takes no
    /// other's place.
    fn room(&self, retry_after: Duration, now: Timestamp) -> usize {
        let counts = |(item, sent): &(&Waiting, &Timestamp)| {
            item.class == ROUTINE && now.since(**sent) < retry_after
        };
        let in_flight = self.sent.iter().filter(counts).count();
        self.pace.window.saturating_sub(in_flight)
    }

    fn settled(&mut self, item: Waiting, now: Timestamp, most: usize) {
        self.put_off.remove(&item);
        if let Some(sent) = self.sent.remove(&item) {
            self.quiet[usize::from(item.class.min(RECEIPTS))] = None;
            if item.class == ROUTINE {
                self.pace.answered(sent, now, most);
            }
            // The peer takes something: perhaps what it did not take, too.
            for put_off in self.put_off.values_mut() {
                put_off.times = 0;
            }
        }
    }
}

impl Flight {
    /// At most `window` items in flight to a peer and class, and no more routine ones than are answered
    /// soon. Unsettled ones go again where nothing of
    /// their class was settled for `retry_after`: over a slow link those before them are still coming
    /// through, and what goes again would only add to what it is slow with.
    pub fn new(window: usize, retry_after: Duration) -> Self {
        Self {
            window,
            retry_after,
            links: BTreeMap::new(),
        }
    }

    /// A link came up: whatever was in flight before goes again.
    pub fn link_up(&mut self, node: NodeId) {
        let link = Link {
            node,
            sent: BTreeMap::new(),
            quiet: [None; CLASSES],
            pace: Pace::FIRST,
            put_off: BTreeMap::new(),
        };
        self.links.insert(node.member, link);
    }

    /// A link went down. A link to another node of the member stays.
    pub fn link_down(&mut self, node: NodeId) {
        if self.peer(node.member) == Some(node) {
            self.links.remove(&node.member);
        }
    }

    /// The node of `member` to which a link is up.
    pub fn peer(&self, member: MemberId) -> Option<NodeId> {
        self.links.get(&member).map(|link| link.node)
    }

    /// The members with a link.
    pub fn members(&self) -> Vec<MemberId> {
        self.links.keys().copied().collect()
    }

    /// What was sent to `member` over the link that is up, and not settled since; none without a link.
    pub fn sent(&self, member: MemberId) -> Option<Vec<Waiting>> {
        let link = self.links.get(&member)?;
        Some(link.sent.keys().copied().collect())
    }

    /// How many of what waits are worth looking at, since no more could be sent.
    pub fn window(&self) -> usize {
        self.window
    }

    /// Of what waits for `member` (in order), what is to be sent now; counts it as sent.
    pub fn take_due(
        &mut self,
        member: MemberId,
        waiting: &[Waiting],
        now: Timestamp,
    ) -> Vec<Waiting> {
        let Some(link) = self.links.get_mut(&member) else {
            return Vec::new();
        };
        let mut due = Vec::new();
        let mut room = link.room(self.retry_after, now);
        for item in waiting.iter().take(self.window) {
            let quiet_for = link.quiet_for(item.class, now);
            let again = match link.sent.get(item) {
                None => {
                    let put_off = link.put_off.get(item);
                    let rested =
                        put_off.is_none_or(|put_off| put_off.has_rested(self.retry_after, now));
                    let goes = rested && (item.class != ROUTINE || room > 0);
                    room -= usize::from(goes && item.class == ROUTINE);
                    goes
                }
                // A clock that was set back must not make a message wait for its return.
                Some(at) if *at > now => true,
                Some(at) => {
                    let rested = now.since(*at);
                    rested >= self.retry_after && quiet_for >= self.retry_after
                        || rested >= self.retry_after * PATIENT
                }
            };
            if again {
                link.sent.insert(*item, now);
                due.push(*item);
            }
        }
        due
    }

    /// The item needs no more sending: it was receipted, refused for good, or expired.
    pub fn settle(&mut self, member: MemberId, item: Waiting, now: Timestamp) {
        if let Some(link) = self.links.get_mut(&member) {
            link.settled(item, now, self.window);
        }
    }

    /// The peer takes the item later: it rests before it is offered again.
    pub fn put_off(&mut self, member: MemberId, entry: u64, now: Timestamp) {
        let Some(link) = self.links.get_mut(&member) else {
            return;
        };
        for class in 0..=RECEIPTS {
            let item = Waiting { class, entry };
            if link.sent.remove(&item).is_some() {
                let put_off = link.put_off.entry(item);
                let put_off = put_off.or_insert(PutOff { at: now, times: 0 });
                put_off.at = now;
                put_off.times += 1;
            }
        }
    }

    /// The item did not leave: it goes at the next occasion.
    pub fn release(&mut self, member: MemberId, entry: u64) {
        if let Some(link) = self.links.get_mut(&member) {
            link.sent.retain(|item, _| item.entry != entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn flight() -> (Flight, NodeId) {
        let node: NodeId = "TR-1".parse().unwrap();
        let mut flight = Flight::new(2, MINUTE);
        flight.link_up(node);
        (flight, node)
    }

    fn waiting(entries: &[u64]) -> Vec<Waiting> {
        let item = |entry: &u64| Waiting {
            class: 1,
            entry: *entry,
        };
        entries.iter().map(item).collect()
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    #[test]
    fn nothing_is_due_without_a_link() {
        let (mut flight, node) = flight();
        flight.link_down(node);
        assert_eq!(flight.take_due(node.member, &waiting(&[1]), at(0)), []);
    }

    #[test]
    fn what_is_in_flight_is_not_sent_twice_before_its_time() {
        let (mut flight, node) = flight();
        let items = waiting(&[1]);
        assert_eq!(flight.take_due(node.member, &items, at(0)), items);
        assert_eq!(flight.take_due(node.member, &items, at(59)), []);
        assert_eq!(flight.take_due(node.member, &items, at(60)), items);
    }

    #[test]
    fn nothing_goes_again_while_what_went_before_it_is_still_being_answered() {
        let node: NodeId = "TR-1".parse().unwrap();
        let mut flight = Flight::new(100, MINUTE);
        flight.link_up(node);
        let items = waiting(&(0..20).collect::<Vec<_>>());
        assert_eq!(flight.take_due(node.member, &items, at(0)), items);
        // A slow link brings one answer in half a minute.
        for n in 1..=5 {
            let now = at(30 * n as i64);
            flight.settle(node.member, items[n - 1], now);
            assert_eq!(flight.take_due(node.member, &items[n..], now), []);
        }
        // Then no more come.
        assert_eq!(flight.take_due(node.member, &items[5..], at(209)), []);
        assert_eq!(
            flight.take_due(node.member, &items[5..], at(210)),
            items[5..]
        );
    }

    #[test]
    fn what_is_answered_of_one_class_says_nothing_of_the_other() {
        let (mut flight, node) = flight();
        let urgent = [Waiting { class: 0, entry: 1 }];
        let routine = waiting(&[2]);
        flight.take_due(node.member, &urgent, at(0));
        flight.take_due(node.member, &routine, at(0));
        flight.settle(node.member, routine[0], at(0));
        assert_eq!(flight.take_due(node.member, &urgent, at(60)), urgent);
    }

    #[test]
    fn what_a_peer_has_lost_goes_again_in_the_end_while_others_are_answered() {
        let (mut flight, node) = flight();
        let lost = waiting(&[1]);
        flight.take_due(node.member, &lost, at(0));
        for n in 1..20 {
            let other = waiting(&[1 + n]);
            let now = at(30 * n as i64);
            assert_eq!(flight.take_due(node.member, &other, now), other);
            flight.settle(node.member, other[0], now);
            assert_eq!(flight.take_due(node.member, &lost, now), []);
        }
        assert_eq!(flight.take_due(node.member, &lost, at(600)), lost);
    }

    #[test]
    fn what_the_peer_takes_later_is_offered_after_a_second_and_then_less_and_less_often() {
        let (mut flight, node) = flight();
        let items = waiting(&[1]);
        let mut offered = Vec::new();
        for second in 0..200 {
            if flight.take_due(node.member, &items, at(second)) == items {
                offered.push(second);
                flight.put_off(node.member, 1, at(second));
            }
        }
        assert_eq!(offered, [0, 1, 3, 7, 15, 31, 63, 123, 183]);
    }

    #[test]
    fn what_the_peer_did_not_take_is_offered_again_soon_once_it_takes_something() {
        let (mut flight, node) = flight();
        let items = waiting(&[1, 2]);
        for second in [0, 1, 3, 7, 15] {
            assert_eq!(flight.take_due(node.member, &items, at(second)), items);
            flight.put_off(node.member, 1, at(second));
            flight.put_off(node.member, 2, at(second));
        }
        assert_eq!(flight.take_due(node.member, &items, at(31)), items);
        flight.put_off(node.member, 2, at(31));
        flight.settle(node.member, items[0], at(31));
        assert_eq!(flight.take_due(node.member, &items[1..], at(31)), []);
        assert_eq!(
            flight.take_due(node.member, &items[1..], at(32)),
            items[1..]
        );
    }

    #[test]
    fn what_was_put_off_before_the_clock_was_set_back_does_not_wait_for_it() {
        let (mut flight, node) = flight();
        let items = waiting(&[1]);
        flight.take_due(node.member, &items, at(10_000));
        flight.put_off(node.member, 1, at(10_000));
        assert_eq!(flight.take_due(node.member, &items, at(0)), items);
    }

    #[test]
    fn a_clock_set_back_does_not_hold_anything_up() {
        let (mut flight, node) = flight();
        let items = waiting(&[1]);
        flight.take_due(node.member, &items, at(10_000));
        assert_eq!(flight.take_due(node.member, &items, at(0)), items);
    }

    #[test]
    fn the_window_slides_as_items_settle() {
        let (mut flight, node) = flight();
        let items = waiting(&[1, 2, 3]);
        assert_eq!(
            flight.take_due(node.member, &items, at(0)),
            waiting(&[1, 2])
        );
        flight.settle(node.member, items[0], at(1));
        assert_eq!(
            flight.take_due(node.member, &items[1..], at(1)),
            waiting(&[3])
        );
    }

    /// A flight to a peer for whom two hundred routine items wait.
    fn backlog() -> (Flight, NodeId, Vec<Waiting>) {
        let node: NodeId = "TR-1".parse().unwrap();
        let mut flight = Flight::new(256, MINUTE);
        flight.link_up(node);
        (flight, node, waiting(&(0..200).collect::<Vec<_>>()))
    }

    /// Sends what is due and has it answered `seconds` later, round after round; how much was in flight.
    fn rounds(flight: &mut Flight, node: NodeId, items: &[Waiting], seconds: i64) -> Vec<usize> {
        let (mut items, mut now, mut sent) = (items, 0, Vec::new());
        while !items.is_empty() {
            let due = flight.take_due(node.member, items, at(now));
            now += seconds;
            for item in &due {
                flight.settle(node.member, *item, at(now));
            }
            items = &items[due.len()..];
            sent.push(due.len());
        }
        sent
    }

    #[test]
    fn what_is_answered_soon_opens_the_window() {
        let (mut flight, node, items) = backlog();
        assert_eq!(rounds(&mut flight, node, &items, 1), [32, 64, 104]);
    }

    #[test]
    fn a_peer_that_answers_late_gets_less_at_a_time() {
        let (mut flight, node, items) = backlog();
        let sent = rounds(&mut flight, node, &items, 20);
        assert_eq!(sent[..4], [32, 16, 16, 16]);
    }

    #[test]
    fn what_is_urgent_goes_however_much_is_in_flight() {
        let (mut flight, node, items) = backlog();
        let mut all: Vec<_> = (300..350)
            .map(|entry| Waiting { class: 0, entry })
            .collect();
        all.extend(items);
        assert_eq!(flight.take_due(node.member, &all, at(0)).len(), 50 + 32);
    }

    #[test]
    fn what_is_lost_does_not_keep_others_waiting() {
        let (mut flight, node, items) = backlog();
        assert_eq!(flight.take_due(node.member, &items, at(0)).len(), 32);
        assert_eq!(flight.take_due(node.member, &items, at(59)).len(), 0);
        let later = flight.take_due(node.member, &items, at(60));
        assert!(later.iter().any(|item| item.entry >= 32), "{later:?}");
    }

    #[test]
    fn a_new_link_sends_everything_again() {
        let (mut flight, node) = flight();
        let items = waiting(&[1]);
        flight.take_due(node.member, &items, at(0));
        flight.link_up(node);
        assert_eq!(flight.take_due(node.member, &items, at(1)), items);
    }

    #[test]
    fn an_old_link_that_dies_late_does_not_take_the_new_one_with_it() {
        let (mut flight, node) = flight();
        let second: NodeId = "TR-2".parse().unwrap();
        flight.link_up(second);
        flight.link_down(node);
        assert_eq!(flight.peer(node.member), Some(second));
    }
}
