//! What the asking side says after its request: clarification, feedback, withdrawal,
//! supersession, closing, reopening.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Request;
use super::parts::check_questions;
use crate::base::MessageId;
use crate::domain::{Faults, FieldError};

codes! {
    /// Whether an answer helped.
    Usefulness {
        /// It did.
        Useful = "useful",
        /// In part.
        Partly = "partly",
        /// It did not.
        NotUseful = "not-useful",
        /// It would have, had it come sooner.
        TooLate = "too-late",
        /// That is not known yet.
        NotYetKnown = "not-yet-known",
    }
}

codes! {
    /// What became of an answer.
    Consequence {
        /// Nothing.
        None = "none",
        /// It was kept as intelligence.
        Intelligence = "intelligence",
        /// An investigation was opened, or went on with it.
        Investigation = "investigation",
        /// Persons were found or brought to safety.
        PersonsFound = "persons-found",
        /// Somebody was arrested.
        Arrest = "arrest",
        /// Something was seized.
        Seizure = "seizure",
        /// A prosecution rests on it.
        Prosecution = "prosecution",
        /// It led to another request.
        FurtherRequest = "further-request",
        /// Something else, in words.
        Other = "other",
    }
}

/// What the asked side wanted to know. It ends the pause of the clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Clarification {
    /// The clarification.
    pub text: String,
}

/// Whether an answer helped, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Feedback {
    /// Whether it helped.
    pub useful: Usefulness,
    /// What became of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub became: Vec<Consequence>,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The asking side takes its request back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Withdrawal {
    /// Why.
    pub reason: String,
}

/// Another request takes the place of this one. It links back by `supersedes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Supersession {
    /// The exchange of the new request.
    pub by: MessageId,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The asking side is done with the exchange.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Closing {
    /// A note to the asked side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The asking side takes the exchange up again. A new clock runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reopening {
    /// Why.
    pub reason: String,
    /// The questions that are open again, by their place; all of them where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<u16>,
}

/// The longest reason or note, in characters.
const LONGEST: usize = 5_000;

impl Clarification {
    /// Checks every field.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        faults.text("text", &self.text, 50_000);
        faults.outcome()
    }
}

impl Feedback {
    /// Checks every field.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        faults.most("became", &self.became, Consequence::ALL.len());
        faults.distinct("became", &self.became);
        if self.became.len() > 1 && self.became.contains(&Consequence::None) {
            let what = "`none` stands alone";
            faults.note("became", "not-allowed", what);
        }
        if self.became.contains(&Consequence::Other) && self.note.is_none() {
            let what = "`other` is said in words";
            faults.note("note", "required", what);
        }
        faults.optional("note", self.note.as_deref(), LONGEST);
        faults.outcome()
    }
}

impl Withdrawal {
    /// Checks every field.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        faults.text("reason", &self.reason, LONGEST);
        faults.outcome()
    }
}

impl Supersession {
    /// Checks every field; `exchange` is the one that it ends.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self, exchange: MessageId) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        if self.by == exchange {
            let what = "names another request than the one that it takes the place of";
            faults.note("by", "not-allowed", what);
        }
        faults.optional("reason", self.reason.as_deref(), LONGEST);
        faults.outcome()
    }
}

impl Closing {
    /// Checks every field.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        faults.optional("note", self.note.as_deref(), LONGEST);
        faults.outcome()
    }
}

impl Reopening {
    /// Checks every field against the request.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self, request: &Request) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        faults.text("reason", &self.reason, LONGEST);
        check_questions("questions", &self.questions, request, &mut faults);
        faults.outcome()
    }
}
