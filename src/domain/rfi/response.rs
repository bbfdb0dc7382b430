//! What the asked side says: acceptance, answer, refusal.

use serde::{Deserialize, Serialize};

use super::Request;
use crate::domain::handling::{Evaluation, Handling};
use crate::domain::profile::Access;
use crate::domain::{Faults, FieldError};

codes! {
    /// What an answer comes to.
    Outcome {
        /// Something was found.
        Hit = "hit",
        /// Nothing can be provided; whether there is something is not said.
        NoHit = "no-hit",
        /// A part; more follows or stays away.
        Partial = "partial",
        /// The information is not available.
        NotAvailable = "not-available",
    }
}

codes! {
    /// Grounds of refusal: Directive (EU) 2023/977 Art. 6(1), and this project's `x` grounds.
    Ground {
        /// Not available.
        A = "a",
        /// The request is formally deficient.
        B = "b",
        /// Judicial authorisation was refused.
        C = "c",
        /// Personal data outside the allowed categories.
        D = "d",
        /// Found incorrect or outdated.
        E = "e",
        /// Essential national security.
        F1 = "f1",
        /// An ongoing investigation, or a person's safety.
        F2 = "f2",
        /// A legal person's important interests.
        F3 = "f3",
        /// The offence is punishable by one year or less.
        G1 = "g1",
        /// It is no offence here.
        G2 = "g2",
        /// The state it came from has not consented.
        H = "h",
        /// Risk of persecution or refoulement.
        X1 = "x1",
        /// Political, military, religious or racial character (INTERPOL Constitution Art. 3).
        X2 = "x2",
        /// No legal basis with this partner.
        X3 = "x3",
    }
}

codes! {
    /// How much of the request something covers.
    Scope {
        /// All of it.
        Whole = "whole",
        /// The part named.
        Part = "part",
    }
}

/// The asked side takes the request on. It is the acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// The asked side's own reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// How the information is reached, which sets the limit.
    pub access: Access,
    /// A note to the asking side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuestionAnswer {
    /// The question, by its place in the request, from 0.
    pub question: u16,
    /// What it comes to.
    pub outcome: Outcome,
    /// The answer in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What source and information are worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<Evaluation>,
}

/// An answer, whole or in part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What it comes to. `partial` leaves the exchange open for more.
    pub outcome: Outcome,
    /// The answer in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Question by question.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<QuestionAnswer>,
    /// What the asking side may do with it.
    pub handling: Handling,
}

/// A refusal, of all or of the part that it must cover.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// The ground.
    pub ground: Ground,
    /// How much it covers.
    #[serde(default = "whole")]
    pub scope: Scope,
    /// The questions that a partial refusal covers, by their place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<u16>,
    /// Why, in words for the asking side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

fn whole() -> Scope {
    Scope::Whole
}

impl Acceptance {
    /// Checks every field.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        faults.optional("reference", self.reference.as_deref(), 100);
        faults.optional("note", self.note.as_deref(), 5_000);
        faults.outcome()
    }
}

impl Answer {
    /// Checks every field against the request.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self, request: &Request) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        faults.optional("text", self.text.as_deref(), 100_000);
        faults.most("answers", &self.answers, request.questions.len());
        for (i, answer) in self.answers.iter().enumerate() {
            if usize::from(answer.question) >= request.questions.len() {
                let what = "names a question that was not asked";
                faults.note(format!("answers[{i}].question"), "not-allowed", what);
            }
            let text = answer.text.as_deref();
            faults.optional(format!("answers[{i}].text"), text, 50_000);
        }
        let says = self.text.is_some() || !self.answers.is_empty();
        if matches!(self.outcome, Outcome::Hit | Outcome::Partial) && !says {
            let what = "a hit says what was found, in words or question by question";
            faults.note("text", "required", what);
        }
        if self.outcome == Outcome::NoHit && says {
            let what = "no-hit says nothing more, so that it never tells more than another no-hit";
            faults.note("text", "not-allowed", what);
        }
        self.handling.check(&mut faults);
        faults.outcome()
    }
}

impl Refusal {
    /// Checks every field against the request.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self, request: &Request) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        faults.optional("reason", self.reason.as_deref(), 5_000);
        if (self.scope == Scope::Part) == self.questions.is_empty() {
            let what = "a partial refusal names its questions, a whole one names none";
            faults.note("questions", "not-allowed", what);
        }
        let asked = request.questions.len();
        if self.questions.iter().any(|q| usize::from(*q) >= asked) {
            let what = "names a question that was not asked";
            faults.note("questions", "not-allowed", what);
        }
        faults.outcome()
    }
}
