//! What those who receive an alert say to it: they see it too, they do not, or they took note.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Status;
use super::lists::Difference;
use super::parts::LOWEST_COUNT;
use crate::base::Timestamp;
use crate::domain::handling::Evaluation;
use crate::domain::{Faults, FieldError};

/// "We see it too."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Sighting {
    /// The version of the alert that it is about. A node fills in the one that stands there, so
    /// that every sighting on its way names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Actual, exercise or test: that of the alert, which a node fills in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
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

/// "We do not see it", or "it is otherwise".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Contradiction {
    /// The version of the alert that it is about, as in a [`Sighting`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Actual, exercise or test, as in a [`Sighting`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// How it differs.
    pub difference: Difference,
    /// In words.
    pub text: String,
    /// What source and information are worth.
    pub evaluation: Evaluation,
}

/// A person read the alert and took note of it. Goes to the publisher alone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    /// The version of the alert that was read, as in a [`Sighting`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// When it was read, where that was not when it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<Timestamp>,
    /// In words: what will be done.
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

impl Contradiction {
    /// Checks every field.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        faults.text("text", &self.text, 10_000);
        faults.outcome()
    }
}

impl Acknowledgement {
    /// Checks every field.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        faults.optional("note", self.note.as_deref(), 5_000);
        faults.outcome()
    }
}
