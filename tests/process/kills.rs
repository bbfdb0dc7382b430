//! Nodes killed in the middle of traffic, again and again.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use liaison::api::Health;
use liaison::base::{Digest, MemberId, SeededEntropy};

use crate::world::{World, until};

mod settled;
pub mod traffic;

use traffic::{Over, Pace, Told, lock};

/// How often nodes are killed; `LIAISON_KILLS` takes another number.
const KILLS: u64 = 200;
/// What chance follows from; `LIAISON_SEED` takes another.
const SEED: u64 = 2_312;
/// Requests that each office sends between two kills.
const REQUESTS: usize = 4;
/// No start may take longer, on a slow and busy machine. Most of it is the passphrase.
const SLOWEST_START: Duration = Duration::from_secs(20);

/// Heads that the nodes disclosed: none may ever be taken back.
#[derive(Default)]
pub struct Heads(Mutex<BTreeSet<(MemberId, u64, Digest)>>);

impl Heads {
    fn note(&self, health: &Health) {
        let head = (health.node.member, health.log_size, health.log_root);
        lock(&self.0).insert(head);
    }

    fn largest(&self, member: MemberId) -> u64 {
        let heads = lock(&self.0);
        let of = heads.iter().filter(|head| head.0 == member);
        of.map(|head| head.1).max().unwrap_or(0)
    }

    fn of(&self, member: MemberId) -> Vec<(u64, Digest)> {
        let heads = lock(&self.0);
        let of = heads.iter().filter(|head| head.0 == member);
        of.map(|head| (head.1, head.2)).collect()
    }
}

#[test]
fn kills_lose_nothing_acknowledged_and_double_nothing() {
    let number = |name, other| std::env::var(name).map_or(other, |n| n.parse().expect("a number"));
    let (seed, count) = (number("LIAISON_SEED", SEED), number("LIAISON_KILLS", KILLS));
    let world = World::serving(&["MK", "TR", "AT"]);
    let began = Instant::now();
    let (pace, told, heads) = (Pace::default(), Told::default(), Heads::default());
    let starts = std::thread::scope(|scope| {
        for (place, office) in (0_u64..).zip(&world.offices) {
            let (world, pace, told) = (&world, &pace, &told);
            scope.spawn(move || traffic::ask(world, office, seed ^ (place << 8), pace, told));
            scope.spawn(move || traffic::respond(office, seed ^ (place << 16), pace, told));
        }
        let over = Over(&pace);
        let starts = kill(&world, count, seed, &pace, &heads);
        drop(over);
        starts
    });
    let killing = began.elapsed();
    let settled = settled::check(&world, &told, &heads);
    println!("{count} kills in {killing:.1?}");
    report(&starts, &told, settled);
}

/// Kills and starts so often; gives how long each start took.
fn kill(world: &World, count: u64, seed: u64, pace: &Pace, heads: &Heads) -> Vec<Duration> {
    let mut chance = SeededEntropy::new(seed);
    let mut starts = Vec::new();
    let mut kills = 0;
    while kills < count {
        for health in world.offices.iter().filter_map(|office| office.health()) {
            heads.note(&health);
        }
        pace.allowed.fetch_add(REQUESTS, Ordering::SeqCst);
        let begun = pace.begun.load(Ordering::SeqCst);
        let later = usize::try_from(1 + chance.below(12)).expect("small");
        // In the middle of traffic: while a call is under way, or shortly after one.
        let deadline = Instant::now() + Duration::from_secs(5);
        while pace.begun.load(Ordering::SeqCst) < begun + later && Instant::now() < deadline {
            traffic::breathe();
        }
        let moment = Instant::now() + Duration::from_micros(chance.below(30_000));
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        let place = usize::try_from(chance.below(3)).expect("small");
        let office = &world.offices[place];
        office.kill();
        kills += 1;
        if chance.below(8) == 0 {
            // Once more, while it recovers from the first.
            office.start();
            until(SLOWEST_START, "the log is open", || {
                office.said().contains("log-opened").then_some(())
            });
            office.kill();
            kills += 1;
        }
        starts.push(office.serve());
        let health = office.health().expect("it serves");
        let before = heads.largest(office.member);
        let after = health.log_size;
        assert!(
            after > before,
            "{}'s log: {before}, then {after}",
            office.member
        );
        heads.note(&health);
    }
    starts
}

fn report(starts: &[Duration], told: &Told, settled: settled::Settled) {
    let mut starts = starts.to_vec();
    starts.sort();
    let slowest = *starts.last().expect("nodes were started");
    println!(
        "settled and checked in {:.1?}\n\
         starts: median {:.2?}, slowest {slowest:.2?}\n\
         requests acknowledged {}, calls cut off {}, of requests cut off {} had been sent\n\
         attachments compared {}, log entries {:?}, heads compared {}",
        settled.took,
        starts[starts.len() / 2],
        lock(&told.sent).len(),
        told.interrupted.load(Ordering::SeqCst),
        settled.sent_in_doubt,
        settled.attachments,
        settled.entries,
        settled.heads,
    );
    assert!(slowest < SLOWEST_START, "a start took {slowest:?}");
}
