//! What the asked side says: acceptance, answer, refusal.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Request;
use super::parts::check_questions;
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
        /// Neither confirm nor deny. It never leaves the node: what leaves is the answer no-hit.
        X5 = "x5",
    }
}

codes! {
    /// Why a no-hit says no more. It never leaves the node; both values are written with equal
    /// length, so that not even a record's size tells them apart.
    LocalGround {
        /// There is nothing to say.
        None = "--",
        /// Neither confirm nor deny.
        X5 = "x5",
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What it comes to. `partial` leaves the exchange open for more.
    pub outcome: Outcome,
    /// The answer in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What source and information of the words are worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<Evaluation>,
    /// Question by question.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<QuestionAnswer>,
    /// What the asking side may do with it.
    pub handling: Handling,
}

/// A refusal, of all or of the part that it must cover.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
    /// The one form of "no information can be provided". Whether there is something and it is
    /// withheld, or there is nothing, must not show.
    pub(crate) fn no_hit(request: &Request) -> Self {
        Self {
            outcome: Outcome::NoHit,
            text: None,
            evaluation: None,
            answers: Vec::new(),
            handling: request.handling.clone(),
        }
    }

    /// The one form of "no information can be provided" to some of the questions.
    pub(crate) fn no_hit_to(questions: &[u16], request: &Request) -> Self {
        let no_hit = |question: u16| QuestionAnswer {
            question,
            outcome: Outcome::NoHit,
            text: None,
            evaluation: None,
        };
        let mut questions = questions.to_vec();
        questions.sort_unstable();
        Self {
            outcome: Outcome::Partial,
            answers: questions.into_iter().map(no_hit).collect(),
            ..Self::no_hit(request)
        }
    }

    /// Whether it holds no-hits alone, so that it says nothing of what there is.
    pub fn is_silent(&self) -> bool {
        let silent = |answer: &QuestionAnswer| answer.outcome == Outcome::NoHit;
        let outcome = matches!(self.outcome, Outcome::NoHit | Outcome::Partial);
        outcome && self.text.is_none() && self.answers.iter().all(silent)
    }

    /// The answer as it leaves: one that holds no-hits alone gets the form that all of them share.
    pub(crate) fn normalised(&self, request: &Request) -> Self {
        if !self.is_silent() {
            return self.clone();
        }
        let questions: Vec<u16> = self.answers.iter().map(|answer| answer.question).collect();
        match self.outcome {
            Outcome::NoHit => Self::no_hit(request),
            Outcome::Partial => Self::no_hit_to(&questions, request),
            Outcome::Hit | Outcome::NotAvailable => self.clone(),
        }
    }

    /// Checks every field against the request.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self, request: &Request) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        faults.optional("text", self.text.as_deref(), 100_000);
        faults.most("answers", &self.answers, request.questions.len());
        let questions: Vec<u16> = self.answers.iter().map(|answer| answer.question).collect();
        check_questions("answers", &questions, request, &mut faults);
        for (i, answer) in self.answers.iter().enumerate() {
            let text = answer.text.as_deref();
            faults.optional(format!("answers[{i}].text"), text, 50_000);
            let says = answer.text.is_some() || answer.evaluation.is_some();
            if answer.outcome == Outcome::NoHit && says {
                let what = "a no-hit says nothing more, so that none tells more than another";
                faults.note(format!("answers[{i}]"), "not-allowed", what);
            }
        }
        let says = self.text.is_some() || !self.answers.is_empty();
        if matches!(self.outcome, Outcome::Hit | Outcome::Partial) && !says {
            let what = "a hit says what was found, in words or question by question";
            faults.note("text", "required", what);
        }
        if self.outcome == Outcome::NoHit && says {
            let what = "a no-hit says nothing more, so that none tells more than another";
            faults.note("text", "not-allowed", what);
        }
        if self.evaluation.is_some() && self.text.is_none() {
            let what = "goes with the words that it evaluates";
            faults.note("evaluation", "not-allowed", what);
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
        check_questions("questions", &self.questions, request, &mut faults);
        if self.ground == Ground::X5 && self.reason.is_some() {
            let what = "x5 gives no reason: it must not differ from a no-hit";
            faults.note("reason", "not-allowed", what);
        }
        faults.outcome()
    }
}
