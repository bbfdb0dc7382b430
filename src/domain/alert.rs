//! Smuggling-trend alerts, and what those who receive them see themselves.

mod lists;
mod record;

use serde::{Deserialize, Serialize};

pub use lists::*;
pub use record::{AlertRecord, AlertState};

use super::handling::{Evaluation, Handling, HandlingCode, Tlp};
use super::message::Priority;
use super::rfi::{Fact, check_texts};
use super::{Faults, FieldError};
use crate::base::Timestamp;

/// One leg of a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leg {
    /// Where it begins.
    pub from: String,
    /// Where it ends.
    pub to: String,
    /// What it passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// The border crossing, or the stretch of green border.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crossing: Option<String>,
    /// How people are moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<Transport>,
    /// How they are concealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concealment: Option<String>,
    /// How long it takes, in hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<u32>,
    /// How exactly the places are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<String>,
}

/// What is paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fee {
    /// From, in whole units of the currency.
    pub from: u64,
    /// To, in whole units of the currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
    /// ISO 4217.
    pub currency: String,
    /// For which leg, or the whole route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covers: Option<String>,
    /// How it is paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<Payment>,
    /// Where it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trend: Option<Trend>,
}

/// Violence against those who are smuggled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Violence {
    /// Its kind.
    pub kind: String,
    /// A ransom, in whole units of the currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ransom: Option<u64>,
    /// ISO 4217.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// A count of people who share something. Never below [`LOWEST_COUNT`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// Nationality, ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nationality: Option<String>,
    /// Sex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<String>,
    /// Age band, such as `18-25`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_band: Option<String>,
    /// Unaccompanied minors.
    #[serde(default)]
    pub unaccompanied_minors: bool,
    /// How many.
    pub persons: u32,
}

/// No count below this is shared: it could be one family.
pub const LOWEST_COUNT: u32 = 5;

/// Effects, as EUROSUR names them: low, medium or high for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Impact {
    /// On illegal immigration.
    pub illegal_immigration: ImpactLevel,
    /// On cross-border crime.
    pub cross_border_crime: ImpactLevel,
    /// On the lives of migrants.
    pub migrants_lives: ImpactLevel,
}

/// A smuggling-trend alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
        faults.most("legs", &self.legs, 64);
        for (i, leg) in self.legs.iter().enumerate() {
            faults.text(format!("legs[{i}].from"), &leg.from, 200);
            faults.text(format!("legs[{i}].to"), &leg.to, 200);
        }
        faults.most("fees", &self.fees, 32);
        for (i, fee) in self.fees.iter().enumerate() {
            if !is_currency(&fee.currency) {
                let what = "is three capital letters of ISO 4217";
                faults.note(format!("fees[{i}].currency"), "not-allowed", what);
            }
            if fee.to.is_some_and(|to| to < fee.from) {
                let what = "is not below what it begins with";
                faults.note(format!("fees[{i}].to"), "not-allowed", what);
            }
        }
        faults.most("violence", &self.violence, 32);
        faults.most("persons", &self.persons, 128);
        for (i, count) in self.persons.iter().enumerate() {
            if count.persons < LOWEST_COUNT {
                let what = format!("counts below {LOWEST_COUNT} are not shared");
                faults.note(format!("persons[{i}].persons"), "not-allowed", what);
            }
        }
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

    /// How soon it must get through.
    pub fn priority(&self) -> Priority {
        match (self.urgency, self.severity) {
            (AlertUrgency::Immediate, _) | (_, Severity::Extreme) => Priority::Urgent,
            _ => Priority::Routine,
        }
    }
}

fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase())
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
