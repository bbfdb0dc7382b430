//! Many seeds of the core's simulation, each a short course: what `tests/sim` does for longer in fewer.
//!
//! `--seeds N` runs so many, `--from N` those from there on, and `--seed N` one, with its trace. A failing
//! one leaves its trace in `target/tmp/reproductions`.

#![allow(dead_code, reason = "what the tests of the simulation alone ask for")]

#[path = "../../sim/alerts.rs"]
mod alerts;
#[path = "../../sim/course.rs"]
mod course;
#[path = "../../sim/duty.rs"]
mod duty;
#[path = "../../sim/keys.rs"]
mod keys;
#[path = "../../sim/letters.rs"]
mod letters;
#[path = "../../sim/liar.rs"]
mod liar;
#[path = "../../sim/office.rs"]
mod office;
#[path = "../../sim/passing.rs"]
mod passing;
#[path = "../../sim/planted.rs"]
mod planted;
#[path = "../../sim/restored.rs"]
mod restored;
#[path = "../../sim/said.rs"]
mod said;
#[path = "../../sim/seeds.rs"]
mod seeds;
#[path = "../../sim/world.rs"]
mod world;

use std::process::ExitCode;

use seeds::{kept, on_all_processors};

const SEEDS: u64 = 10_000;
const STEPS: usize = 40;

/// The number after an option of the command line, if the option is there.
fn option(name: &str) -> Option<u64> {
    let mut words = std::env::args().skip_while(|word| word != name);
    words.next()?;
    let number = words.next().and_then(|word| word.parse().ok());
    Some(number.unwrap_or_else(|| panic!("{name} needs a number")))
}

fn main() -> ExitCode {
    let one = option("--seed");
    let first = one.or_else(|| option("--from")).unwrap_or(0);
    let count = one.map_or_else(|| option("--seeds").unwrap_or(SEEDS), |_| 1);
    if let Some(seed) = one {
        println!("{}", course::traced(seed, STEPS));
    }
    let all = on_all_processors(first..first + count, |seed| {
        course::settle(seed, STEPS).map_err(|fault| {
            let trace = course::traced(seed, STEPS);
            format!(
                "seed {seed}: {fault}{}; again with `cargo run --release -p liaison-seeds -- --seed {seed}`",
                kept(&format!("short-{seed}"), &trace)
            )
        })
    });
    let (held, broken): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
    let held: Vec<_> = held.into_iter().flatten().collect();
    let sum = |figure: fn(&course::Settled) -> usize| held.iter().map(figure).sum::<usize>();
    println!(
        "{} of {} seeds settled with all promises held: {} acknowledged, {} events crossed, {} were lied to, {} letters were \
         left, {} permissions used, {} messages erased, {} escalations",
        held.len(),
        held.len() + broken.len(),
        sum(|s| s.acknowledged),
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
