//! What is asked, on what basis, and under which conditions.

use serde::{Deserialize, Serialize};

use super::Subject;
use crate::base::{MemberId, MessageId};
use crate::domain::message::{Handling, Priority};
use crate::domain::profile::{Profile, Urgency};
use crate::domain::{Faults, FieldError};

codes! {
    /// Why a request is urgent (Directive (EU) 2023/977 Art. 2).
    UrgencyReason {
        /// Immediate and serious threat to public security.
        U1 = "U1",
        /// Imminent danger to a person's life or physical integrity.
        U2 = "U2",
        /// Needed to decide on keeping someone deprived of liberty.
        U3 = "U3",
        /// The information would lose its relevance, and is important.
        U4 = "U4",
    }
}

codes! {
    /// What a question asks for. Each is answerable alone.
    QuestionKind {
        /// Is the person known?
        PersonKnown = "person-known",
        /// Criminal record.
        CriminalRecord = "criminal-record",
        /// Is the document genuine?
        DocumentGenuine = "document-genuine",
        /// Who is the subscriber?
        PhoneSubscriber = "phone-subscriber",
        /// Who owns the vehicle?
        VehicleOwner = "vehicle-owner",
        /// Travel movements.
        TravelMovements = "travel-movements",
        /// Photograph or fingerprints.
        Biometrics = "biometrics",
        /// About a company.
        Company = "company",
        /// Check of a place.
        LocationCheck = "location-check",
        /// Anything else, in words.
        Other = "other",
    }
}

codes! {
    /// What an answer may be used for.
    EvidenceUse {
        /// By the police only.
        PoliceOnly = "police-only",
        /// In court, with consent asked for.
        CourtWithConsent = "court-with-consent",
    }
}

codes! {
    /// How another exchange is related.
    LinkKind {
        /// This one follows from it.
        FollowUp = "follow-up",
        /// It asks the same.
        Duplicate = "duplicate",
        /// It is about the same subject.
        SameSubject = "same-subject",
        /// The same request to another member.
        Parallel = "parallel",
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requester {
    /// The authority.
    pub authority: String,
    /// Its unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The officer, by a pseudonym that the unit can resolve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub officer: Option<String>,
    /// Where somebody answers at any hour.
    pub contact_24_7: String,
}

/// The facts, in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// BCP 47 language tag.
    pub language: String,
    /// The facts.
    pub text: String,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What it asks for.
    pub kind: QuestionKind,
    /// The question.
    pub text: String,
    /// The subject it is about, by its place in the list, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<u16>,
}

/// A related exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// How it is related.
    pub kind: LinkKind,
    /// The exchange.
    pub exchange: MessageId,
}

/// The same matter in another channel, named so that nobody works twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherChannel {
    /// SIENA, INTERPOL I-24/7, SELEC, a liaison officer, …
    pub channel: String,
    /// The reference there.
    pub reference: String,
}

/// What must be considered before anything leaves, or is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protection {
    /// A minor is concerned.
    #[serde(default)]
    pub minor: bool,
    /// Somebody concerned seeks or may seek asylum: confidential.
    #[serde(default)]
    pub asylum_confidential: bool,
    /// Signs of trafficking in persons.
    #[serde(default)]
    pub victim_indicators: bool,
    /// Countries never to be contacted about this, ISO 3166-1 alpha-2; said even if there are none.
    pub never_contact: Vec<MemberId>,
}

/// A request for information.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The asking side's own reference.
    pub reference: String,
    /// The operation that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Related exchanges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// Which time limits apply.
    pub profile: Profile,
    /// How much time there is.
    pub urgency: Urgency,
    /// Why it is urgent; needed unless it is routine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency_reason: Option<UrgencyReason>,
    /// Who asks.
    pub requester: Requester,
    /// The legal basis.
    pub legal_basis: String,
    /// The purpose.
    pub purpose: String,
    /// The offence.
    pub offence: String,
    /// The facts, in one or several languages.
    pub facts: Vec<Fact>,
    /// The questions.
    pub questions: Vec<Question>,
    /// Whom or what it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<Subject>,
    /// Why the information is believed to be there.
    pub believed_there: String,
    /// What the asked side may do with the request.
    pub handling: Handling,
    /// Languages in which an answer can be read, BCP 47, the preferred first.
    pub languages: Vec<String>,
    /// The same matter in other channels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_channels: Vec<OtherChannel>,
    /// What the answer is to be used for.
    #[serde(default = "police_only")]
    pub evidence_use: EvidenceUse,
    /// Protection of the persons concerned.
    pub protection: Protection,
}

fn police_only() -> EvidenceUse {
    EvidenceUse::PoliceOnly
}

impl Request {
    /// Checks every field.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        faults.text("reference", &self.reference, 100);
        faults.optional("context", self.context.as_deref(), 200);
        faults.most("links", &self.links, 64);
        let urgent = self.urgency != Urgency::Routine;
        if urgent && self.urgency_reason.is_none() {
            let what = "an urgent request gives a reason, U1 to U4";
            faults.note("urgency_reason", "required", what);
        }
        if !urgent && self.urgency_reason.is_some() {
            let what = "a routine request has no urgency reason";
            faults.note("urgency_reason", "not-allowed", what);
        }
        let requester = &self.requester;
        faults.text("requester.authority", &requester.authority, 300);
        faults.optional("requester.unit", requester.unit.as_deref(), 300);
        faults.optional("requester.officer", requester.officer.as_deref(), 100);
        faults.text("requester.contact_24_7", &requester.contact_24_7, 300);
        faults.text("legal_basis", &self.legal_basis, 2_000);
        faults.text("purpose", &self.purpose, 2_000);
        faults.text("offence", &self.offence, 500);
        faults.some("facts", &self.facts, 16);
        for (i, fact) in self.facts.iter().enumerate() {
            faults.text(format!("facts[{i}].language"), &fact.language, 35);
            faults.text(format!("facts[{i}].text"), &fact.text, 50_000);
        }
        faults.some("questions", &self.questions, 64);
        for (i, question) in self.questions.iter().enumerate() {
            faults.text(format!("questions[{i}].text"), &question.text, 5_000);
            let subject = question.subject.map(usize::from);
            if subject.is_some_and(|subject| subject >= self.subjects.len()) {
                let what = "names a subject that is not in the list";
                faults.note(format!("questions[{i}].subject"), "not-allowed", what);
            }
        }
        faults.most("subjects", &self.subjects, 64);
        for (i, subject) in self.subjects.iter().enumerate() {
            subject.check(&format!("subjects[{i}]"), &mut faults);
        }
        faults.text("believed_there", &self.believed_there, 5_000);
        self.handling.check(&mut faults);
        faults.some("languages", &self.languages, 16);
        faults.most("other_channels", &self.other_channels, 16);
        faults.most(
            "protection.never_contact",
            &self.protection.never_contact,
            64,
        );
        faults.outcome()
    }

    /// How soon its messages must get through.
    pub fn priority(&self) -> Priority {
        match self.urgency {
            Urgency::Life | Urgency::Urgent => Priority::Urgent,
            Urgency::Routine => Priority::Routine,
        }
    }

    /// Names the exchanges that ask other members the same.
    pub fn link_parallel(&mut self, exchanges: impl Iterator<Item = MessageId>) {
        self.links.extend(exchanges.map(|exchange| Link {
            kind: LinkKind::Parallel,
            exchange,
        }));
    }
}
