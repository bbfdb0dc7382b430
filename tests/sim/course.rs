//! The course of a seed: so many steps with faults, and then everything has to settle.

use std::cell::RefCell;
use std::fmt::{Display, Write as _};
use std::rc::Rc;
use std::time::Duration;

use liaison::base::Timestamp;

use crate::faults::Tally;
use crate::planted::Planted;
use crate::seeds::{caught, kept};
use crate::world::World;

const A_DAY: Duration = Duration::from_secs(24 * 3_600);

/// What happens in a seed, in order, whatever comes of it.
#[derive(Debug, Clone, Default)]
pub struct Trace(Rc<RefCell<String>>);

impl Trace {
    pub fn note(&self, at: Timestamp, what: impl Display) {
        writeln!(self.0.borrow_mut(), "{at} {what}").expect("a string grows");
    }

    pub fn text(&self) -> String {
        self.0.borrow().clone()
    }
}

/// What a seed came to, beside that all its promises held.
pub struct Settled {
    pub acknowledged: usize,
    pub crossed: usize,
    pub lied_to: bool,
    pub letters_left: usize,
    pub permissions_used: usize,
    pub erased: usize,
    pub escalated: usize,
    pub tally: Tally,
}

/// Lets a federation live for so many steps.
pub fn lived(seed: u64, steps: usize, planted: Option<Planted>, trace: &Trace) -> World {
    let mut world = World::new(seed, planted, trace);
    // Every other federation has a member that lies.
    if seed % 2 == 1 {
        world.let_in_a_liar(seed % 4 == 1);
    }
    for _ in 0..steps {
        world.step();
    }
    world.people_pass_on();
    world
}

/// The federation once all has settled, if every promise held.
pub fn settled(
    seed: u64,
    steps: usize,
    planted: Option<Planted>,
    trace: &Trace,
) -> Result<World, String> {
    let mut world = lived(seed, steps, planted, trace);
    world.settle();
    world.check()?;
    Ok(world)
}

/// What a seed came to.
pub fn settle(seed: u64, steps: usize, trace: &Trace) -> Result<Settled, String> {
    let world = settled(seed, steps, None, trace)?;
    Ok(Settled {
        acknowledged: world.acknowledged(),
        crossed: world.crossed(),
        lied_to: world.was_lied_to(),
        letters_left: world.letters_left(),
        permissions_used: world.check_passed_on()?,
        erased: world.erased(),
        escalated: world.escalated(),
        tally: world.tally,
    })
}

/// A federation in which one office loses its disk some time after its last backup.
pub fn restored(seed: u64, steps: usize, trace: &Trace) -> Result<(), String> {
    let mut world = World::new(seed, None, trace);
    // Members that come and go are the matter of other tests.
    world.federations.stay();
    for _ in 0..steps {
        world.step();
    }
    let office = world.below(world.offices());
    let mut backup = world.back_up(office);
    for _ in 0..steps / 4 {
        world.step();
    }
    world.restore(&mut backup);
    world.settle();
    if world.waiting() > 0 {
        // What nobody has keeps out for a day what follows it.
        world.passes(A_DAY);
        world.settle();
    }
    world.check_restored(&backup)
}

/// Plays a seed of a course. One that fails, or panics, leaves its trace under its `name`; what it says
/// tells with which `options` it is played again.
pub fn played<T>(
    (name, options): (&str, &str),
    seed: u64,
    course: impl FnOnce(&Trace) -> Result<T, String>,
) -> Result<T, String> {
    let trace = Trace::default();
    caught(|| course(&trace)).map_err(|failure| {
        let again = format!("cargo run --release -p liaison-seeds -- --seed {seed}{options}");
        let text = format!("{}{failure}\nagain with `{again}`\n", trace.text());
        let place = kept(&format!("{name}-{seed}"), &text);
        format!("seed {seed}: {failure}; again with `{again}`{place}")
    })
}

/// All that happens in a course, and what came of it.
pub fn traced<T>(course: impl FnOnce(&Trace) -> Result<T, String>) -> String {
    let trace = Trace::default();
    let came = match caught(|| course(&trace)) {
        Ok(_) => "all promises held".to_owned(),
        Err(failure) => failure.to_string(),
    };
    format!("{}{came}", trace.text())
}
