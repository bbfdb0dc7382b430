//! The course of a seed: so many steps with faults, and then everything has to settle.

use crate::planted::Planted;
use crate::world::World;

/// What a seed came to, beside that all its promises held.
pub struct Settled {
    pub acknowledged: usize,
    pub crossed: usize,
    pub lied_to: bool,
    pub letters_left: usize,
    pub permissions_used: usize,
    pub erased: usize,
    pub escalated: usize,
}

/// Lets a federation live for so many steps.
pub fn lived(seed: u64, steps: usize, planted: Option<Planted>) -> World {
    let mut world = World::new(seed, planted);
    // Every other federation has a member that lies about its log.
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
pub fn settled(seed: u64, steps: usize, planted: Option<Planted>) -> Result<World, String> {
    let mut world = lived(seed, steps, planted);
    world.settle();
    world.check()?;
    Ok(world)
}

/// What a seed came to.
pub fn settle(seed: u64, steps: usize) -> Result<Settled, String> {
    let world = settled(seed, steps, None)?;
    Ok(Settled {
        acknowledged: world.acknowledged(),
        crossed: world.crossed(),
        lied_to: world.was_lied_to(),
        letters_left: world.letters_left(),
        permissions_used: world.check_passed_on()?,
        erased: world.erased(),
        escalated: world.escalated(),
    })
}

/// What happens in a seed, whatever comes of it.
pub fn traced(seed: u64, steps: usize) -> String {
    let mut world = lived(seed, steps, None);
    world.settle();
    world.trace()
}
