//! Smuggling-trend alerts, and what those who receive them see themselves.

mod audience;
mod command;
mod lists;
mod parts;
mod record;
mod revision;
mod sighting;
mod subscription;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use audience::{Audience, Candidate, Chosen, LeftOut, Selection};
pub use command::{AlertCommand, AlertFault, AlertRefused, Revision};
pub use lists::*;
pub use parts::{Count, Fee, Impact, LOWEST_COUNT, Leg, Violence};
pub use record::{AlertRecord, AlertState, Cancelled, Said, Superseded, Version};
pub use revision::{AlertCancellation, AlertUpdate};
pub use sighting::{Acknowledgement, Contradiction, Sighting};
pub use subscription::Subscription;

pub use super::Status;

use super::handling::{Evaluation, Handling, HandlingCode, Tlp};
use super::message::Priority;
use super::rfi::{Fact, check_texts};
use super::{Faults, FieldError};
use crate::base::Timestamp;

/// A smuggling-trend alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// One line for the feed, without personal data.
    pub headline: String,
    /// Actual, exercise or test (CAP 1.2).
    pub status: Status,
    /// Category by the UN Smuggling of Migrants Protocol, Art. 10(1).
    pub category: Category,
    /// What happened.
    pub event: EventType,
    /// Severity (CAP 1.2).
    pub severity: Severity,
    /// Urgency (CAP 1.2).
    pub urgency: AlertUrgency,
    /// Certainty (CAP 1.2).
    pub certainty: Certainty,
    /// Effects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact: Option<Impact>,
    /// What source and information are worth.
    pub evaluation: Evaluation,
    /// Corridor, such as `western-balkan`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corridor: Option<Corridor>,
    /// The route.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub legs: Vec<Leg>,
    /// Means of transport, on the whole or where the legs are not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transport: Vec<Transport>,
    /// How people are concealed, on the whole, and how it can be detected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub concealment: Vec<String>,
    /// Fraud with documents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub document_fraud: Vec<DocumentFraud>,
    /// What is paid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fees: Vec<Fee>,
    /// Violence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violence: Vec<Violence>,
    /// How many people, in aggregates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub persons: Vec<Count>,
    /// Signs that people are victims of trafficking, and means of control.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub victim_indicators: Vec<MeansOfControl>,
    /// Since when it is seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_from: Option<Timestamp>,
    /// Until when it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_to: Option<Timestamp>,
    /// From when it is valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Timestamp>,
    /// When it expires.
    pub expires: Timestamp,
    /// When its publisher looks at it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_on: Option<Timestamp>,
    /// What receivers should do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommended_action: Option<String>,
    /// The text, in one or several languages.
    pub text: Vec<Fact>,
    /// What receivers may do with it.
    pub handling: Handling,
}

impl Alert {
    /// Checks every field.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self, now: Timestamp) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        self.check(&mut faults);
        if self.expires <= now {
            faults.note("expires", "not-allowed", "is in the future");
        }
        faults.outcome()
    }

    /// Everything that does not depend on the time of the check.
    fn check(&self, faults: &mut Faults) {
        faults.text("headline", &self.headline, 200);
        self.check_route(faults);
        self.check_people(faults);
        self.check_times(faults);
        check_texts("text", &self.text, faults);
        let action = self.recommended_action.as_deref();
        faults.optional("recommended_action", action, 5_000);
        self.handling.check(faults);
        let clear = self.handling.tlp == Tlp::Clear;
        if clear && self.handling.codes.contains(&HandlingCode::H2) {
            let what = "H2 and TLP:CLEAR contradict each other";
            faults.note("handling.tlp", "not-allowed", what);
        }
    }

    /// Legs, transport, concealment, documents and fees.
    fn check_route(&self, faults: &mut Faults) {
        faults.most("legs", &self.legs, 64);
        for (i, leg) in self.legs.iter().enumerate() {
            leg.check(&format!("legs[{i}]"), faults);
        }
        faults.distinct("transport", &self.transport);
        faults.most("concealment", &self.concealment, 16);
        for (i, concealment) in self.concealment.iter().enumerate() {
            faults.text(format!("concealment[{i}]"), concealment, 500);
        }
        faults.distinct("document_fraud", &self.document_fraud);
        faults.most("fees", &self.fees, 32);
        for (i, fee) in self.fees.iter().enumerate() {
            fee.check(&format!("fees[{i}]"), self.legs.len(), faults);
        }
    }

    /// Violence, counts of persons, and signs that they are victims.
    fn check_people(&self, faults: &mut Faults) {
        faults.most("violence", &self.violence, 32);
        for (i, violence) in self.violence.iter().enumerate() {
            violence.check(&format!("violence[{i}]"), faults);
        }
        faults.most("persons", &self.persons, 128);
        for (i, count) in self.persons.iter().enumerate() {
            count.check(&format!("persons[{i}]"), faults);
            if count.is_laid_open_by(&self.persons) {
                let what = format!(
                    "with the counts of its parts it gives away a rest under {LOWEST_COUNT}"
                );
                faults.note(format!("persons[{i}].persons"), "not-allowed", what);
            }
        }
        faults.distinct("victim_indicators", &self.victim_indicators);
    }

    /// Times against each other.
    fn check_times(&self, faults: &mut Faults) {
        let before = |early: Option<Timestamp>, late: Option<Timestamp>| {
            early.zip(late).is_some_and(|(early, late)| late < early)
        };
        if before(self.period_from, self.period_to) {
            faults.note("period_to", "not-allowed", "is not before period_from");
        }
        if before(self.valid_from, Some(self.expires)) {
            faults.note("expires", "not-allowed", "is not before valid_from");
        }
        if before(self.review_on, Some(self.expires)) {
            let what = "is not after expires: what is over is not reviewed";
            faults.note("review_on", "not-allowed", what);
        }
    }

    /// How soon it must get through.
    pub fn priority(&self) -> Priority {
        match (self.urgency, self.severity) {
            (AlertUrgency::Immediate, _) | (_, Severity::Extreme) => Priority::Urgent,
            _ => Priority::Routine,
        }
    }
}
