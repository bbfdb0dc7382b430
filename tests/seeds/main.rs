//! Many seeds of the core's simulation, each a short course: what `tests/sim` does for longer in fewer.
//!
//! `LIAISON_SEEDS=n` runs so many, `LIAISON_SEED=n` one of them. A failing one leaves its trace in
//! `target/tmp/reproductions`.

#![allow(dead_code, reason = "what the tests of the simulation alone ask for")]

#[path = "../sim/alerts.rs"]
mod alerts;
#[path = "../sim/course.rs"]
mod course;
#[path = "../sim/duty.rs"]
mod duty;
#[path = "../sim/keys.rs"]
mod keys;
#[path = "../sim/letters.rs"]
mod letters;
#[path = "../sim/liar.rs"]
mod liar;
#[path = "../sim/office.rs"]
mod office;
#[path = "../sim/passing.rs"]
mod passing;
#[path = "../sim/planted.rs"]
mod planted;
#[path = "../sim/restored.rs"]
mod restored;
#[path = "../sim/said.rs"]
mod said;
#[path = "../sim/seeds.rs"]
mod seeds;
#[path = "../sim/world.rs"]
mod world;

use std::process::ExitCode;

use seeds::{kept, number, on_all_processors};

const SEEDS: u64 = 10_000;
const STEPS: usize = 40;

fn main() -> ExitCode {
    let count = number("LIAISON_SEEDS").unwrap_or(SEEDS);
    let seeds = number("LIAISON_SEED").map_or(0..count, |seed| seed..seed + 1);
    let all = on_all_processors(seeds, |seed| {
        course::settle(seed, STEPS).map_err(|fault| {
            let trace = course::traced(seed, STEPS);
            format!(
                "seed {seed}: {fault}{}",
                kept(&format!("short-{seed}"), &trace)
            )
        })
    });
    let (held, broken): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
    let held: Vec<_> = held.into_iter().flatten().collect();
    let sum = |figure: fn(&course::Settled) -> usize| held.iter().map(figure).sum::<usize>();
    println!(
        "{} of {} seeds settled with all promises held: {} events crossed, {} were lied to, {} letters were \
         left, {} permissions used, {} messages erased, {} escalations",
        held.len(),
        held.len() + broken.len(),
        sum(|s| s.crossed),
        sum(|s| usize::from(s.lied_to)),
        sum(|s| s.letters_left),
        sum(|s| s.permissions_used),
        sum(|s| s.erased),
        sum(|s| s.escalated),
    );
    for fault in broken.iter().filter_map(|outcome| outcome.as_ref().err()) {
        println!("{fault}");
    }
    match broken.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
