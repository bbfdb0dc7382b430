//! A telephone call that an officer made about an exchange, as it is noted here.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::Timestamp;
use crate::domain::{Faults, FieldError};

codes! {
    /// What came of a telephone call.
    CallOutcome {
        /// Somebody was reached, and knows.
        Reached = "reached",
        /// Nobody answered.
        NoAnswer = "no-answer",
        /// The line was engaged.
        Engaged = "engaged",
        /// It is not the office's number.
        WrongNumber = "wrong-number",
    }
}

/// What an officer notes of a call. It never leaves the node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Who was called: a post or a number.
    pub to: String,
    /// What came of it.
    pub outcome: CallOutcome,
    /// What was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Call {
    /// Checks every field.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        faults.text("to", &self.to, 200);
        faults.optional("note", self.note.as_deref(), 5_000);
        faults.outcome()
    }
}

/// That a call was made, for what follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallMade {
    /// When it was noted.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: CallOutcome,
}
