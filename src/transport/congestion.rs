//! How much may be sent ahead: on a line that queues what is sent, no more than it carries soon.
//!
//! quinn's BBR begins with 240 kB, and comes down only once it has seen the line full for three round
//! trips. On a line of 64 kbit/s that is half a minute's worth, which lies in a queue of whatever carries
//! it, and what is urgent lies behind it. Nor may a congestion window bound it there: quinn 0.11 sends no
//! acknowledgement while the window is full and data waits, in spite of RFC 9002 § 7, so that two ends
//! with full windows wait for each other until a timeout. What is sent ahead is bounded before it is
//! handed to quinn, and the window is left open.
//!
//! quinn 0.11 gives a controller the shortest round trip of all that a path ever had. Where the way becomes
//! longer behind the same addresses, as where a line falls back to a satellite, BBR keeps to what the way
//! carried in its former length. The shortest of lately is measured here, and gives it the rest.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quinn::congestion::{BbrConfig, Controller, ControllerFactory, ControllerMetrics};
use quinn_proto::RttEstimator;

use super::limits::SEND_WINDOW;

/// What may lie in queues on the way, as the time that the line takes for it. A round trip that takes
/// longer than two of the shortest by this shows a queue.
const QUEUED: Duration = Duration::from_millis(500);

/// Bytes that may be on their way at least, as long as no queue is seen: a line that loses much needs them
/// to get going. On one of 64 kbit/s they take four seconds, after which it has shown its queue.
pub(super) const UNQUEUED: u64 = 32_000;

/// Packets on their way at least where a queue was seen, so that one that is lost is missed soon (RFC 9002
/// § 6.1.1).
const LEAST: u64 = 4;

/// Over how long a rate is measured, unless two round trips are longer.
const MEASURED: Duration = Duration::from_secs(1);

/// How finely that is cut.
const PIECE: Duration = Duration::from_millis(50);

/// After how long, and twice that at most, a rate is forgotten which the line does not reach any more.
const REMEMBERED: Duration = Duration::from_secs(5);

/// How many times the shortest round trip that of lately is, at the least, on a way that became longer.
const LONGER: u32 = 2;

/// Makes a controller for each path.
#[derive(Debug, Default)]
pub(super) struct BoundedConfig(Arc<BbrConfig>);

impl ControllerFactory for BoundedConfig {
    fn build(self: Arc<Self>, now: Instant, current_mtu: u16) -> Box<dyn Controller> {
        Box::new(Bounded {
            bbr: self.0.clone().build(now, current_mtu),
            line: Line::new(current_mtu),
        })
    }
}

/// BBR, and what is known of its line.
pub(super) struct Bounded {
    bbr: Box<dyn Controller>,
    line: Line,
}

impl Bounded {
    /// Bytes that may be written ahead.
    pub(super) fn ahead(&self) -> u64 {
        self.line.most_on_its_way().min(SEND_WINDOW)
    }
}

impl Controller for Bounded {
    fn on_sent(&mut self, now: Instant, bytes: u64, last_packet_number: u64) {
        self.bbr.on_sent(now, bytes, last_packet_number);
    }

    fn on_ack(
        &mut self,
        now: Instant,
        sent: Instant,
        bytes: u64,
        app_limited: bool,
        rtt: &RttEstimator,
    ) {
        self.bbr.on_ack(now, sent, bytes, app_limited, rtt);
        self.line.took((rtt.min(), rtt.conservative()));
        self.line.arrived(sent, now, bytes);
    }

    fn on_end_acks(
        &mut self,
        now: Instant,
        in_flight: u64,
        app_limited: bool,
        largest_packet_num_acked: Option<u64>,
    ) {
        let largest = largest_packet_num_acked;
        self.bbr.on_end_acks(now, in_flight, app_limited, largest);
        let load = match self.line.was_filled(in_flight) || !app_limited {
            true => Load::Full,
            false => Load::Part,
        };
        self.line.measure(now, load);
    }

    fn on_congestion_event(
        &mut self,
        now: Instant,
        sent: Instant,
        is_persistent_congestion: bool,
        lost_bytes: u64,
    ) {
        let persistent = is_persistent_congestion;
        self.bbr
            .on_congestion_event(now, sent, persistent, lost_bytes);
    }

    fn on_mtu_update(&mut self, new_mtu: u16) {
        self.bbr.on_mtu_update(new_mtu);
        self.line.packet = u64::from(new_mtu);
    }

    fn window(&self) -> u64 {
        match self.line.queues {
            true => SEND_WINDOW,
            false => self.bbr.window().max(self.line.carried_by_a_longer_way()),
        }
    }

    fn metrics(&self) -> ControllerMetrics {
        let mut metrics = self.bbr.metrics();
        metrics.congestion_window = self.window();
        metrics
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(Self {
            bbr: self.bbr.clone_box(),
            line: self.line.clone(),
        })
    }

    fn initial_window(&self) -> u64 {
        self.bbr.initial_window()
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// Whether there was as much to send as the line was thought to carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Load {
    Full,
    Part,
}

/// What is known of a line.
#[derive(Debug, Clone)]
struct Line {
    /// The longest packet, in bytes.
    packet: u64,
    /// The shortest round trip.
    round_trip: Duration,
    /// The shortest of those lately.
    shortest: Shortest,
    /// Whether what was sent was seen to lie in a queue.
    queues: bool,
    /// When the first packet left that arrived.
    began: Option<Instant>,
    /// Bytes of the acknowledgements that are being taken.
    arriving: u64,
    /// Bytes that arrived lately, by when that was heard.
    lately: VecDeque<(Instant, u64)>,
    /// The highest rate, in bytes a second.
    fastest: Fastest,
}

impl Line {
    fn new(packet: u16) -> Self {
        Self {
            packet: u64::from(packet),
            round_trip: Duration::ZERO,
            shortest: Shortest::default(),
            queues: false,
            began: None,
            arriving: 0,
            lately: VecDeque::new(),
            fastest: Fastest::default(),
        }
    }

    /// Round trips take that long, at the shortest and lately.
    fn took(&mut self, (shortest, lately): (Duration, Duration)) {
        self.round_trip = shortest;
        self.queues |= lately > shortest * 2 + QUEUED;
    }

    /// Bytes arrived that had been sent at `sent`.
    fn arrived(&mut self, sent: Instant, now: Instant, bytes: u64) {
        self.began.get_or_insert(sent);
        self.shortest.saw(now.saturating_duration_since(sent), now);
        self.arriving += bytes;
        match self.lately.back_mut() {
            Some((at, so_far)) if now.saturating_duration_since(*at) < PIECE => *so_far += bytes,
            Some(_) | None => self.lately.push_back((now, bytes)),
        }
    }

    /// Whether most of what may be on its way was, before what arrived now did and left `on_its_way`.
    fn was_filled(&self, on_its_way: u64) -> bool {
        on_its_way + self.arriving >= self.most_on_its_way() / 2
    }

    /// Takes the rate at which bytes arrived lately.
    fn measure(&mut self, now: Instant, load: Load) {
        self.arriving = 0;
        let Some(began) = self.began else {
            return;
        };
        let over = MEASURED.max(self.round_trip * 2);
        let is_old = |at: Instant| now.saturating_duration_since(at) > over;
        while self.lately.front().is_some_and(|(at, _)| is_old(*at)) {
            self.lately.pop_front();
        }
        let bytes: u64 = self.lately.iter().map(|(_, bytes)| bytes).sum();
        let over = over.min(now.saturating_duration_since(began)).max(PIECE);
        self.fastest.saw(per_second(bytes, over), now, load);
    }

    /// What the line carries in two round trips, in bytes, where they became longer; else none.
    fn carried_by_a_longer_way(&self) -> u64 {
        match self.shortest.lately() {
            Some(lately) if lately > self.round_trip * LONGER => self.carried_in(lately * 2),
            Some(_) | None => 0,
        }
    }

    /// Bytes that the line carries in some time.
    fn carried_in(&self, time: Duration) -> u64 {
        let carried = u128::from(self.fastest.rate()) * time.as_micros() / 1_000_000;
        u64::try_from(carried).unwrap_or(u64::MAX)
    }

    /// Bytes that may be on their way.
    fn most_on_its_way(&self) -> u64 {
        let least = match self.queues {
            true => LEAST * self.packet,
            false => UNQUEUED,
        };
        self.carried_in(self.round_trip * 2 + QUEUED).max(least)
    }
}

fn per_second(bytes: u64, over: Duration) -> u64 {
    let micros = over.as_micros().max(1);
    u64::try_from(u128::from(bytes) * 1_000_000 / micros).unwrap_or(u64::MAX)
}

/// The highest of the rates seen lately.
#[derive(Debug, Clone, Copy, Default)]
struct Fastest {
    /// Since `began`, and in the time before.
    now: u64,
    before: u64,
    began: Option<Instant>,
}

impl Fastest {
    /// Where there was little to send, a low rate says nothing of the line.
    fn saw(&mut self, rate: u64, now: Instant, load: Load) {
        if load == Load::Part && rate <= self.rate() {
            return;
        }
        let began = *self.began.get_or_insert(now);
        if now.saturating_duration_since(began) > REMEMBERED {
            self.before = std::mem::take(&mut self.now);
            self.began = Some(now);
        }
        self.now = self.now.max(rate);
    }

    fn rate(&self) -> u64 {
        self.now.max(self.before)
    }
}

/// The shortest of the round trips seen lately.
#[derive(Debug, Clone, Copy, Default)]
struct Shortest {
    /// Since `began`, and in the time before.
    now: Option<Duration>,
    before: Option<Duration>,
    began: Option<Instant>,
}

impl Shortest {
    fn saw(&mut self, round_trip: Duration, now: Instant) {
        let began = *self.began.get_or_insert(now);
        if now.saturating_duration_since(began) > REMEMBERED {
            self.before = self.now.take();
            self.began = Some(now);
        }
        let shortest = self.now.map_or(round_trip, |now| now.min(round_trip));
        self.now = Some(shortest);
    }

    fn lately(&self) -> Option<Duration> {
        self.now.into_iter().chain(self.before).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: u16 = 1_200;
    const ROUND_TRIP: Duration = Duration::from_millis(100);
    const SECOND: Duration = Duration::from_secs(1);

    /// A line that was seen to queue what was sent.
    fn queueing() -> Line {
        let mut line = Line::new(PACKET);
        line.took((ROUND_TRIP, 8 * SECOND));
        line
    }

    /// The line brings so many bytes a second, in packets, for some time.
    fn brings(line: &mut Line, from: Instant, rate: u64, time: Duration, load: Load) -> Instant {
        let packet = u64::from(PACKET);
        let apart = Duration::from_micros(packet * 1_000_000 / rate);
        let mut now = from;
        while now < from + time {
            now += apart;
            line.arrived(now - ROUND_TRIP, now, packet);
            line.measure(now, load);
        }
        now
    }

    #[track_caller]
    fn carries_about(line: &Line, expected: u64) {
        let most = line.most_on_its_way();
        assert!(most.abs_diff(expected) <= expected / 4, "{most}");
    }

    #[test]
    fn a_line_that_queues_nothing_has_32_kilobytes_on_its_way_at_least() {
        let mut line = Line::new(PACKET);
        assert_eq!(line.most_on_its_way(), 32_000);
        line.took((ROUND_TRIP, ROUND_TRIP * 2));
        brings(&mut line, Instant::now(), 8_000, 4 * SECOND, Load::Full);
        assert_eq!(line.most_on_its_way(), 32_000);
    }

    #[test]
    fn what_the_line_carries_in_two_round_trips_and_half_a_second_may_be_on_its_way() {
        for mut line in [Line::new(PACKET), queueing()] {
            line.took((ROUND_TRIP, ROUND_TRIP));
            brings(&mut line, Instant::now(), 160_000, 4 * SECOND, Load::Full);
            carries_about(&line, 160_000 * 7 / 10);
        }
    }

    #[test]
    fn the_slowest_line_gets_four_packets() {
        let mut line = queueing();
        brings(&mut line, Instant::now(), 1_000, 20 * SECOND, Load::Full);
        assert_eq!(line.most_on_its_way(), 4_800);
    }

    #[test]
    fn what_may_be_on_its_way_doubles_with_each_round_trip_while_the_line_brings_it() {
        let mut line = queueing();
        let mut now = Instant::now();
        let mut before = 4_800;
        for _ in 0..6 {
            let sent = now;
            now += ROUND_TRIP;
            line.arrived(sent, now, before);
            line.measure(now, Load::Full);
            let most = line.most_on_its_way();
            assert!(most >= before * 2, "{before} and then {most}");
            before = most;
        }
    }

    #[test]
    fn a_line_is_full_where_half_of_what_may_be_on_its_way_is() {
        let mut line = queueing();
        let now = brings(&mut line, Instant::now(), 16_000, 4 * SECOND, Load::Full);
        line.arrived(now, now, 2_400);
        assert!(line.was_filled(4_800));
        line.measure(now, Load::Full);
        line.arrived(now, now, 2_400);
        assert!(!line.was_filled(1_200));
    }

    #[test]
    fn a_way_that_became_longer_gets_what_it_carries_in_two_of_its_round_trips() {
        let mut line = Line::new(PACKET);
        line.took((ROUND_TRIP / 10, ROUND_TRIP / 10));
        let start = Instant::now();
        line.arrived(start, start + ROUND_TRIP / 10, 1_200);
        brings(&mut line, start, 1_000_000, SECOND, Load::Full);
        assert_eq!(line.carried_by_a_longer_way(), 0);
        brings(&mut line, start, 1_000_000, 3 * REMEMBERED, Load::Full);
        assert!(line.carried_by_a_longer_way().abs_diff(200_000) < 20_000);
    }

    #[test]
    fn a_way_as_long_as_ever_is_left_to_bbr() {
        let mut line = Line::new(PACKET);
        line.took((ROUND_TRIP, ROUND_TRIP));
        let start = Instant::now();
        brings(&mut line, start, 1_000_000, 3 * REMEMBERED, Load::Full);
        assert_eq!(line.carried_by_a_longer_way(), 0);
    }

    #[test]
    fn having_little_to_send_does_not_make_a_line_slow() {
        let mut line = queueing();
        let now = brings(&mut line, Instant::now(), 1_000_000, SECOND, Load::Full);
        let full = line.most_on_its_way();
        brings(&mut line, now, 2_000, 60 * SECOND, Load::Part);
        assert_eq!(line.most_on_its_way(), full);
    }

    #[test]
    fn a_line_that_became_slow_is_known_to_be_after_some_seconds() {
        let mut line = queueing();
        let now = brings(&mut line, Instant::now(), 1_000_000, SECOND, Load::Full);
        brings(&mut line, now, 16_000, 3 * REMEMBERED, Load::Full);
        carries_about(&line, 16_000 * 7 / 10);
    }
}
