//! Real QUIC and TLS between five offices over a simulated network, in simulated time: datagrams are
//! lost, doubled, late and out of order, ways are cut in one direction or both, offices crash. Whatever
//! happened, every pair is linked again soon, and what was written has come, in order on each link.
//!
//! `LIAISON_SEEDS=n` runs so many seeds, `LIAISON_SEED=n` one of them, whose trace is printed. The trace of
//! one that fails, or panics, is in `reproductions/`. The same seed is the same every time: nothing in it
//! comes from the system's clock or chance, the keys of TLS included.

mod keys;
mod office;
#[path = "../sim/seeds.rs"]
mod seeds;
mod socket;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use liaison::base::{Entropy, NodeId, SeededEntropy};
use liaison::transport::{PeerAddress, Peers, TlsIdentity, pin_of, tls_identity};
use office::{Disk, Office, PORT, Planted, Trace};
use seeds::{Failure, all_held, caught, kept, number, on_all_processors};
use socket::{Fates, Weather};

const SEEDS: u64 = 300;
/// So many of them are run twice.
const TWICE: u64 = 20;
const MEMBERS: [&str; 5] = ["MK", "TR", "AT", "RS", "IR"];

/// How long there are faults, and how long it may take then until all has settled.
const FAULTS: Duration = Duration::from_secs(200);
const SETTLING: Duration = Duration::from_secs(120);
/// With the time in which nothing more is done, so long is a seed.
const WHOLE: Duration = Duration::from_secs(290);
/// What CI asks for of a whole run: faults of the network, and simulated hours.
const LEAST_FAULTS: u64 = 3_000;
const LEAST_HOURS: u64 = 24;
/// How fine time is.
const TICK: Duration = Duration::from_millis(10);

/// What a seed came to.
#[derive(Default)]
struct Outcome {
    simulated: Duration,
    written: u64,
    again: u64,
    links: usize,
    settled_after: Duration,
    /// How often each fault came.
    faults: BTreeMap<&'static str, u64>,
    trace: Vec<String>,
}

/// The keys of all offices, made once: they do not matter to what happens.
fn keys() -> &'static [Vec<u8>] {
    static KEYS: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
    KEYS.get_or_init(|| (1..).take(MEMBERS.len()).map(key).collect())
}

/// An Ed25519 key as PKCS#8 (RFC 8410 § 7).
fn key(seed: u8) -> Vec<u8> {
    let mut key = hex::decode("302e020100300506032b657004220420").expect("hexadecimal");
    key.extend([seed; 32]);
    key
}

fn node(member: &str) -> NodeId {
    NodeId::first(member.parse().expect("a member id"))
}

fn identity(place: usize) -> Arc<TlsIdentity> {
    let made = tls_identity(&keys()[place], node(MEMBERS[place]), None);
    Arc::new(made.expect("a certificate"))
}

fn listed(place: usize, address: IpAddr) -> PeerAddress {
    PeerAddress {
        node: node(MEMBERS[place]),
        address: Some(format!("{address}:{PORT}")),
        pins: vec![pin_of(&keys()[place]).expect("a pin")],
        vouched: None,
    }
}

struct Chance(SeededEntropy);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        let chance: &mut dyn Entropy = &mut self.0;
        u64::from_be_bytes(chance.array()) % most
    }

    fn member(&mut self) -> usize {
        usize::try_from(self.below(MEMBERS.len() as u64)).expect("small")
    }
}

/// Runs one seed. A fault says where its trace is.
fn run(seed: u64) -> Result<Outcome, String> {
    let trace = Arc::new(Trace::default());
    caught(|| play(seed, None, &trace)).map_err(|failure| {
        let again = format!("LIAISON_SEED={seed} cargo test --test network");
        let text = format!(
            "{}\n{failure}\nagain with `{again}`\n",
            trace.take().join("\n")
        );
        let place = kept(&format!("network-{seed}"), &text);
        format!("seed {seed}: {failure}; again with `{again}`{place}")
    })
}

fn play(seed: u64, planted: Option<Planted>, trace: &Arc<Trace>) -> Result<Outcome, String> {
    let mut chance = Chance(SeededEntropy::new(seed));
    let weather = Weather {
        latency: 20 + 40 * chance.below(8),
        lost: u8::try_from(5 * chance.below(5)).expect("small"),
        doubled: u8::try_from(3 * chance.below(3)).expect("small"),
    };
    let mut sim = turmoil::Builder::new()
        .rng_seed(seed)
        .tick_duration(TICK)
        .simulation_duration(WHOLE * 2)
        .min_message_latency(TICK)
        .max_message_latency(TICK)
        .udp_capacity(4_096)
        .build();
    let busy = Arc::new(AtomicBool::new(true));
    let fates = Arc::new(Fates::default());
    let mut faults: BTreeMap<&'static str, u64> = BTreeMap::new();
    let addresses: Vec<IpAddr> = MEMBERS.iter().map(|name| sim.lookup(*name)).collect();
    let all = |but: usize| (0..MEMBERS.len()).filter(move |place| *place != but);
    let mut offices = Vec::new();
    for (place, member) in MEMBERS.into_iter().enumerate() {
        let peers: Peers = all(place).map(|p| listed(p, addresses[p])).collect();
        let office = Office {
            node: node(member),
            identity: identity(place),
            peers: Arc::new(peers),
            others: all(place).map(|p| node(MEMBERS[p])).collect(),
            disk: Arc::new(Mutex::new(Disk::default())),
            trace: trace.clone(),
            weather,
            fates: fates.clone(),
            seed: seed * 10 + place as u64,
            planted,
            busy: busy.clone(),
        };
        offices.push(office.clone());
        sim.host(member, move || office.clone().run());
    }
    let mut next_fault = Duration::from_secs(5);
    let mut crashed: BTreeSet<usize> = BTreeSet::new();
    while sim.elapsed() < FAULTS {
        sim.step().map_err(|error| error.to_string())?;
        if sim.elapsed() < next_fault {
            continue;
        }
        next_fault = sim.elapsed() + Duration::from_secs(2 + chance.below(15));
        let (a, b) = (chance.member(), chance.member());
        let (one, other) = (MEMBERS[a], MEMBERS[b]);
        let fault = chance.below(8);
        trace.note(format!(
            "{} fault {fault} {one} {other}",
            sim.elapsed().as_millis()
        ));
        let mut count = |what| *faults.entry(what).or_default() += 1;
        match fault {
            0 if a != b => {
                count("cut both ways");
                sim.partition(one, other);
            }
            1 if a != b => {
                count("cut one way");
                sim.partition_oneway(one, other);
            }
            2 if a != b => {
                count("held up");
                sim.hold(one, other);
            }
            3 if crashed.insert(a) => {
                count("crashed");
                sim.crash(one);
            }
            4 => {
                for place in std::mem::take(&mut crashed) {
                    sim.bounce(MEMBERS[place]);
                }
            }
            _ => repair(&sim),
        }
    }
    repair(&sim);
    for place in crashed {
        sim.bounce(MEMBERS[place]);
    }
    busy.store(false, Ordering::SeqCst);
    let mut settled_after = None;
    while sim.elapsed() < WHOLE {
        sim.step().map_err(|error| error.to_string())?;
        let rests = |office: &Office| {
            let disk = office.disk();
            disk.is_settled() && disk.up.len() + 1 == MEMBERS.len()
        };
        if settled_after.is_none() && offices.iter().all(rests) {
            settled_after = Some(sim.elapsed() - FAULTS);
        }
        if settled_after.is_none() && sim.elapsed() > FAULTS + SETTLING {
            return Err(format!(
                "nothing has settled after {SETTLING:?}: {}",
                standing(&offices)
            ));
        }
    }
    let settled_after = settled_after.ok_or("it did not settle")?;
    faults.insert("datagrams lost", fates.lost.load(Ordering::Relaxed));
    faults.insert("datagrams doubled", fates.doubled.load(Ordering::Relaxed));
    let mut outcome = Outcome {
        simulated: sim.elapsed(),
        settled_after,
        faults,
        trace: trace.take(),
        ..Outcome::default()
    };
    for office in &offices {
        let disk = office.disk();
        if let Some(broken) = disk.broken.first() {
            return Err(broken.clone());
        }
        if disk.up.len() + 1 != MEMBERS.len() {
            return Err(format!("links break at rest: {}", standing(&offices)));
        }
        if let Some(((peer, id), times)) = disk.effects.iter().find(|(_, times)| **times != 1) {
            let node = office.node;
            return Err(format!(
                "{id} of {peer} took effect {times} times at {node}"
            ));
        }
        outcome.again += disk.again;
        outcome.written += disk.inbox.values().map(|ids| ids.len() as u64).sum::<u64>();
    }
    let is_up = |line: &&String| line.contains(" up ");
    outcome.links = outcome.trace.iter().filter(is_up).count();
    Ok(outcome)
}

fn standing(offices: &[Office]) -> String {
    let of = |office: &Office| format!("{} {:?}", office.node, office.disk().up);
    offices.iter().map(of).collect::<Vec<_>>().join("; ")
}

fn repair(sim: &turmoil::Sim<'_>) {
    for (a, one) in MEMBERS.iter().enumerate() {
        for other in &MEMBERS[a + 1..] {
            sim.release(*one, *other);
            sim.repair(*one, *other);
        }
    }
}

#[test]
fn whatever_the_network_does_all_are_linked_again_and_all_that_was_written_comes() {
    let only = number("LIAISON_SEED");
    let count = number("LIAISON_SEEDS").unwrap_or(SEEDS);
    let seeds = only.map_or(0..count, |seed| seed..seed + 1);
    let outcomes = all_held(on_all_processors(seeds, run));
    if only.is_some() {
        println!("{}", outcomes[0].trace.join("\n"));
    }
    let simulated: Duration = outcomes.iter().map(|o| o.simulated).sum();
    let sum = |figure: fn(&Outcome) -> u64| outcomes.iter().map(figure).sum::<u64>();
    let slowest = outcomes.iter().map(|o| o.settled_after).max();
    println!(
        "{} seeds, {:.1} hours simulated: {} messages came, {} of them again, over {} links; the slowest seed settled after {:?}",
        outcomes.len(),
        simulated.as_secs_f64() / 3_600.0,
        sum(|o| o.written),
        sum(|o| o.again),
        sum(|o| o.links as u64),
        slowest.unwrap_or_default(),
    );
    let seeds = outcomes.len() as u64;
    let mut faults: BTreeMap<&'static str, u64> = BTreeMap::new();
    for (what, times) in outcomes.iter().flat_map(|outcome| &outcome.faults) {
        *faults.entry(*what).or_default() += *times;
    }
    println!("{faults:?}");
    assert!(only.is_some() || faults.len() == 6, "{faults:?}");
    for (what, times) in &faults {
        assert!(only.is_some() || *times >= seeds / 2, "{what}: {times}");
    }
    assert!(
        seeds < SEEDS
            || faults.values().sum::<u64>() >= LEAST_FAULTS
                && simulated.as_secs() >= LEAST_HOURS * 3_600,
        "{faults:?} in {simulated:?}"
    );
    assert!(
        only.is_some() || sum(|o| o.again) > seeds,
        "hardly anything broke off"
    );
    assert!(
        only.is_some() || sum(|o| o.links as u64) > seeds * 30,
        "hardly a link was lost"
    );
}

#[test]
fn each_planted_bug_is_caught() {
    for planted in [
        Planted::SendsOnce,
        Planted::MissesLinks,
        Planted::TakesTwice,
    ] {
        let breaks = |seed: &u64| {
            let came = caught(|| play(*seed, Some(planted), &Arc::default()));
            matches!(came, Err(Failure::Promise(_)))
        };
        let seed = (0..20).find(breaks);
        println!("{planted:?} is caught by seed {seed:?}");
        assert!(seed.is_some(), "{planted:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let differ = on_all_processors(0..TWICE, |seed| {
        let [one, other] = [(); 2].map(|()| run(seed).expect("it settles").trace);
        let mut pairs = one.into_iter().zip(other);
        let first = pairs.find(|(one, other)| one != other);
        first.map(|pair| (seed, pair))
    });
    let differ: Vec<_> = differ.into_iter().flatten().collect();
    assert!(differ.is_empty(), "{differ:?}");
}
