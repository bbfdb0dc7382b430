//! Corrections of what was sent already, and the notices that close a duty: that a correction was
//! taken note of or passed on, and that a permission was used (Directive (EU) 2016/680 Art. 7(3)
//! and 16(5) and (6)).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::{Digest, MemberId, MessageId};
use crate::domain::message::{Handling, SignedCopy};
use crate::domain::{Faults, FieldError};

codes! {
    /// What is wrong with something that was sent.
    Flaw {
        /// It is not correct.
        Incorrect = "incorrect",
        /// Something is missing.
        Incomplete = "incomplete",
        /// It is no longer so.
        Outdated = "outdated",
        /// It should not have been sent.
        Unlawful = "unlawful",
    }
}

codes! {
    /// What those who have it are to do.
    Remedy {
        /// Put it right.
        Rectify = "rectify",
        /// Erase it.
        Erase = "erase",
        /// Keep it, and use it no more.
        Restrict = "restrict",
    }
}

codes! {
    /// What a notice tells.
    Told {
        /// A person took note of a correction, and saw to it.
        Acknowledged = "acknowledged",
        /// A correction was passed on to a member that has the message from here.
        PassedOn = "passed-on",
        /// A permission was used.
        Used = "used",
    }
}

/// Something that was said in the exchange is wrong. Its author says so to those who have it; and
/// whoever has it may say so to its author.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// The message.
    pub message: MessageId,
    /// What its signature covers.
    pub leaf: Digest,
    /// What is wrong with it.
    pub flaw: Flaw,
    /// What is to be done.
    pub remedy: Remedy,
    /// What is wrong, and how it is right, in words.
    pub text: String,
    /// What receivers may do with the correction.
    pub handling: Handling,
    /// The correction that its author was told, where it passes one on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passes_on: Option<SignedCopy>,
}

/// A duty towards the other side was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// What it is about: the other side's correction, or its grant of a permission.
    pub about: MessageId,
    /// What was done.
    pub says: Told,
    /// The member to which something was passed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<MemberId>,
    /// The message that passed it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<MessageId>,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Correction {
    /// Checks every field.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        faults.text("text", &self.text, 10_000);
        self.handling.check(&mut faults);
        faults.outcome()
    }
}

impl Notice {
    /// Checks every field; `sides` are the members of the exchange.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self, sides: [MemberId; 2]) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        let passes = match self.says {
            Told::Acknowledged => false,
            Told::PassedOn | Told::Used => true,
        };
        if self.to.is_some() != passes || self.by.is_some() != passes {
            let what = "is there exactly where something was passed on, with the message that did";
            faults.note("to", "not-allowed", what);
        }
        if self.to.is_some_and(|to| sides.contains(&to)) {
            let what = "is a member that is no side of this exchange";
            faults.note("to", "not-allowed", what);
        }
        faults.optional("note", self.note.as_deref(), 5_000);
        faults.outcome()
    }
}
