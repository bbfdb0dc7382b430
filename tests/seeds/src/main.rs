//! Many seeds of the core's simulation, each a short course: what `tests/sim` does for longer in fewer.
//!
//! `--seeds N` runs so many, `--from N` those from there on, and `--seed N` one, with its trace; `--steps N`
//! makes them longer, and with `--restored` an office loses its disk. One that fails, or panics, leaves its
//! trace in `reproductions/`.

#![allow(dead_code, reason = "what the tests of the simulation alone ask for")]

#[path = "../../sim/alerts.rs"]
mod alerts;
#[path = "../../sim/course.rs"]
mod course;
#[path = "../../sim/duty.rs"]
mod duty;
#[path = "../../sim/faults.rs"]
mod faults;
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

use course::{Settled, Trace, played, traced};
use faults::Tally;
use seeds::on_all_processors;

const SEEDS: u64 = 10_000;
const STEPS: usize = 40;

/// The number after an option of the command line, if the option is there.
fn option(name: &str) -> Option<u64> {
    let mut words = std::env::args().skip_while(|word| word != name);
    words.next()?;
    let number = words.next().and_then(|word| word.parse().ok());
    Some(number.unwrap_or_else(|| panic!("{name} needs a number")))
}

/// So many seeds show how often each fault comes.
const SHOWN_BY: u64 = 1_000;

/// Some courses of one kind.
struct Run {
    steps: usize,
    seeds: std::ops::Range<u64>,
    /// The end of the command line that plays a seed again.
    options: String,
}

fn main() -> ExitCode {
    let one = option("--seed");
    let steps = option("--steps").map(|steps| usize::try_from(steps).expect("few steps"));
    let first = one.or_else(|| option("--from")).unwrap_or(0);
    let count = one.map_or_else(|| option("--seeds").unwrap_or(SEEDS), |_| 1);
    let run = Run {
        steps: steps.unwrap_or(STEPS),
        seeds: first..first + count,
        options: steps.map_or_else(String::new, |steps| format!(" --steps {steps}")),
    };
    let held = match std::env::args().any(|word| word == "--restored") {
        true => run.restored(one),
        false => run.whole(one),
    };
    match held {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

impl Run {
    /// Courses in which an office is restored. Says whether all held.
    fn restored(&self, one: Option<u64>) -> bool {
        let course = |seed, trace: &Trace| course::restored(seed, self.steps, trace);
        if let Some(seed) = one {
            println!("{}", traced(|trace| course(seed, trace)));
        }
        let options = format!("{} --restored", self.options);
        let all = on_all_processors(self.seeds.clone(), |seed| {
            played(("restored", options.as_str()), seed, |trace| {
                course(seed, trace)
            })
        });
        let all_of_them = all.len();
        let held = all.iter().filter(|outcome| outcome.is_ok()).count();
        println!("{held} of {all_of_them} offices were restored with all promises held");
        tell(&all)
    }

    /// Courses in which everything happens. Says whether all held.
    fn whole(&self, one: Option<u64>) -> bool {
        let course = |seed, trace: &Trace| course::settle(seed, self.steps, trace);
        if let Some(seed) = one {
            println!("{}", traced(|trace| course(seed, trace)));
        }
        let name = ("short", self.options.as_str());
        let all = on_all_processors(self.seeds.clone(), |seed| {
            played(name, seed, |trace| course(seed, trace))
        });
        let held: Vec<&Settled> = all.iter().filter_map(|seed| seed.as_ref().ok()).collect();
        let sum = |figure: fn(&Settled) -> usize| held.iter().map(|s| figure(s)).sum::<usize>();
        println!(
            "{} of {} seeds settled with all promises held: {} acknowledged, {} events crossed, {} were lied to, {} letters were \
             left, {} permissions used, {} messages erased, {} escalations",
            held.len(),
            all.len(),
            sum(|s| s.acknowledged),
            sum(|s| s.crossed),
            sum(|s| usize::from(s.lied_to)),
            sum(|s| s.letters_left),
            sum(|s| s.permissions_used),
            sum(|s| s.erased),
            sum(|s| s.escalated),
        );
        let tally = Tally::sum(held.iter().map(|settled| &settled.tally));
        println!("{tally}");
        let seeds = held.len() as u64;
        let lacks = match seeds >= SHOWN_BY {
            true => tally.lacks(seeds),
            false => Vec::new(),
        };
        for lack in &lacks {
            println!("too little happens: {lack}");
        }
        tell(&all) && lacks.is_empty()
    }
}

/// Tells what failed. Says whether nothing did.
fn tell<T>(all: &[Result<T, String>]) -> bool {
    let failed = all.iter().filter_map(|outcome| outcome.as_ref().err());
    let failed: Vec<&String> = failed.collect();
    for fault in &failed {
        println!("{fault}");
    }
    failed.is_empty()
}
