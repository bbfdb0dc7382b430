//! Samples, their medians, and how long something takes.

use std::collections::BTreeMap;
use std::time::Instant;

/// What every round measured, by name. A round measures everything once, floors beside products,
/// so that a neighbour on the machine slows down both.
#[derive(Default)]
pub struct Samples(BTreeMap<&'static str, Vec<f64>>);

impl Samples {
    /// Adds what one round measured.
    pub fn add(&mut self, name: &'static str, value: f64) {
        self.0.entry(name).or_default().push(value);
    }

    /// Whether anything of that name was measured.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The median over the rounds.
    ///
    /// # Panics
    /// If nothing of that name was measured.
    pub fn median(&self, name: &str) -> f64 {
        let values = self
            .0
            .get(name)
            .unwrap_or_else(|| panic!("{name} was measured"));
        quantile(values, 0.5)
    }

    /// Times `work`, which does `count` of something, and adds microseconds for one.
    pub fn time(&mut self, name: &'static str, count: usize, work: impl FnOnce()) {
        let start = Instant::now();
        work();
        self.add(name, micros(start) / count as f64);
    }

    /// Every median, by name.
    pub fn medians(&self) -> impl Iterator<Item = (&'static str, f64)> + '_ {
        self.0
            .iter()
            .map(|(name, values)| (*name, quantile(values, 0.5)))
    }
}

/// Microseconds since `start`.
pub fn micros(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e6
}

/// The value below which `part` of the samples lie; halfway between two where it falls there.
///
/// # Panics
/// If there are none.
pub fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = part * (sorted.len() - 1) as f64;
    let (low, high) = (
        sorted[place.floor() as usize],
        sorted[place.ceil() as usize],
    );
    low + (high - low) * place.fract()
}
