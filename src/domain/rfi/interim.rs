//! What the asked side says on the way to its answer, or instead of one: a question back,
//! channelling, an authorisation awaited, a transfer.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Request;
use super::parts::check_questions;
use crate::base::{MemberId, Timestamp};
use crate::domain::{Faults, FieldError};

/// The furthest that an authorisation may be expected ahead.
const FURTHEST: Duration = Duration::from_secs(366 * 24 * 3_600);

/// The longest reason or note, in characters.
const LONGEST: usize = 5_000;

/// The asked side needs to know more. The clock pauses until it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClarificationRequest {
    /// What it needs to know.
    pub text: String,
    /// The questions of the request that it is about, by their place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<u16>,
}

/// The request was passed to the authority that is competent for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Channelling {
    /// The authority.
    pub authority: String,
    /// Its reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// A note to the asking side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A judicial authorisation is needed and awaited: a derogation from the limit, of which the
/// asking side is told at once (Directive (EU) 2023/977 Art. 5(2)). It may be sent again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AwaitingAuthorisation {
    /// When the answer is expected.
    pub expected: Timestamp,
    /// Why it takes longer.
    pub reason: String,
}

/// Another member is the one to ask. The exchange ends; whether that member is asked is for the
/// asking side to decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// The member to ask.
    pub to: MemberId,
    /// Why.
    pub reason: String,
}

impl ClarificationRequest {
    /// Checks every field against the request.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self, request: &Request) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        faults.text("text", &self.text, 50_000);
        check_questions("questions", &self.questions, request, &mut faults);
        faults.outcome()
    }
}

impl Channelling {
    /// Checks every field.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        faults.text("authority", &self.authority, 300);
        faults.optional("reference", self.reference.as_deref(), 100);
        faults.optional("note", self.note.as_deref(), LONGEST);
        faults.outcome()
    }
}

impl AwaitingAuthorisation {
    /// Checks every field; `at` is when it is said.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self, at: Timestamp) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        if self.expected <= at {
            faults.note("expected", "not-allowed", "lies ahead");
        } else if self.expected > at.plus(FURTHEST) {
            faults.note("expected", "not-allowed", "is at most a year ahead");
        }
        faults.text("reason", &self.reason, LONGEST);
        faults.outcome()
    }
}

impl Transfer {
    /// Checks every field; `sides` are the two members of the exchange.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self, sides: [MemberId; 2]) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        if sides.contains(&self.to) {
            let what = "names a member that has no part in the exchange yet";
            faults.note("to", "not-allowed", what);
        }
        faults.text("reason", &self.reason, LONGEST);
        faults.outcome()
    }
}
