//! What those who receive an alert see themselves.

use serde::{Deserialize, Serialize};

use super::parts::LOWEST_COUNT;
use crate::base::Timestamp;
use crate::domain::handling::Evaluation;
use crate::domain::{Faults, FieldError};

/// "We see it too."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sighting {
    /// Since when.
    pub seen_from: Timestamp,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_to: Option<Timestamp>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// How many people; at least [`LOWEST_COUNT`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persons: Option<u32>,
    /// What source and information are worth.
    pub evaluation: Evaluation,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Sighting {
    /// Checks every field.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        faults.optional("place", self.place.as_deref(), 200);
        faults.optional("note", self.note.as_deref(), 10_000);
        if self.persons.is_some_and(|persons| persons < LOWEST_COUNT) {
            let what = format!("counts below {LOWEST_COUNT} are not shared");
            faults.note("persons", "not-allowed", what);
        }
        if self.seen_to.is_some_and(|to| to < self.seen_from) {
            faults.note("seen_to", "not-allowed", "is not before seen_from");
        }
        faults.outcome()
    }
}
