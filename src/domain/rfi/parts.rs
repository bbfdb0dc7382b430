//! What a request is made of: questions, facts, who asks, and what stands beside them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Request;
use crate::base::{MemberId, MessageId, Timestamp};
use crate::domain::Faults;

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
        /// It takes the place of that one.
        Supersedes = "supersedes",
        /// That one was passed on to the member that is asked now.
        TransferredFrom = "transferred-from",
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Requester {
    /// The country, ISO 3166-1 alpha-2, where it is not the sending member's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// BCP 47 language tag.
    pub language: String,
    /// The facts.
    pub text: String,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// How it is related.
    pub kind: LinkKind,
    /// The exchange.
    pub exchange: MessageId,
}

/// The same matter in another channel, named so that nobody works twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherChannel {
    /// SIENA, INTERPOL I-24/7, SELEC, a liaison officer, …
    pub channel: String,
    /// The reference there.
    pub reference: String,
}

codes! {
    /// What was approved before the request left.
    ApprovalKind {
        /// A releasing officer released it.
        Release = "release",
        /// A judicial authority authorised it.
        Judicial = "judicial",
        /// A second person looked at what it could do to those it names.
        Protection = "protection",
    }
}

/// An approval that the request rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// What was approved.
    pub kind: ApprovalKind,
    /// The authority, or the officer by a pseudonym that the unit can resolve.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The reference of the decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// What must be considered before anything leaves, or is used. What is not said is not known,
/// and counts as yes where it protects somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Protection {
    /// A minor is concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minor: Option<bool>,
    /// Somebody concerned seeks or may seek asylum: confidential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asylum_confidential: Option<bool>,
    /// Signs of trafficking in persons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub victim_indicators: Option<bool>,
    /// Members never to be contacted about this; said even if there are none.
    pub never_contact: Vec<MemberId>,
}

impl Protection {
    /// The protection of those in both.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        // What one side knows to be so is so.
        let known = |own: Option<bool>, other: Option<bool>| match (own, other) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (own, _) => own,
        };
        let mut never_contact = self.never_contact.clone();
        let unnamed = |member: &&MemberId| !self.never_contact.contains(member);
        never_contact.extend(other.never_contact.iter().filter(unnamed));
        Self {
            minor: known(self.minor, other.minor),
            asylum_confidential: known(self.asylum_confidential, other.asylum_confidential),
            victim_indicators: known(self.victim_indicators, other.victim_indicators),
            never_contact,
        }
    }

    /// Notes each protection of `original` that is not kept.
    pub(crate) fn check_carries(&self, original: &Self, faults: &mut Faults) {
        let flags = [
            ("minor", self.minor, original.minor),
            (
                "asylum_confidential",
                self.asylum_confidential,
                original.asylum_confidential,
            ),
            (
                "victim_indicators",
                self.victim_indicators,
                original.victim_indicators,
            ),
        ];
        for (flag, own, original) in flags {
            if original == Some(true) && own != Some(true) {
                let what = "stays with what is passed on";
                faults.note(format!("protection.{flag}"), "weakened", what);
            }
        }
        let mut named = original.never_contact.iter();
        if named.any(|member| !self.never_contact.contains(member)) {
            let what = "names every member that the original request names";
            faults.note("protection.never_contact", "weakened", what);
        }
    }
}

impl Requester {
    /// Checks who asks.
    pub(crate) fn check(&self, faults: &mut Faults) {
        faults.country("requester.country", self.country.as_deref());
        faults.text("requester.authority", &self.authority, 300);
        faults.optional("requester.unit", self.unit.as_deref(), 300);
        faults.optional("requester.officer", self.officer.as_deref(), 100);
        faults.text("requester.contact_24_7", &self.contact_24_7, 300);
    }
}

/// Checks texts in one or several languages, each language once.
pub(crate) fn check_texts(path: &str, texts: &[Fact], faults: &mut Faults) {
    faults.some(path, texts, 16);
    let languages: Vec<&str> = texts.iter().map(|text| text.language.as_str()).collect();
    faults.distinct(path, &languages);
    for (i, text) in texts.iter().enumerate() {
        faults.language(format!("{path}[{i}].language"), &text.language);
        faults.text(format!("{path}[{i}].text"), &text.text, 50_000);
    }
}

/// Checks questions that are named by their place: each was asked, and is named once.
pub(super) fn check_questions(
    path: &str,
    questions: &[u16],
    request: &Request,
    faults: &mut Faults,
) {
    let asked = request.questions.len();
    if questions.iter().any(|q| usize::from(*q) >= asked) {
        faults.note(path, "not-allowed", "names a question that was not asked");
    }
    faults.distinct(path, questions);
}
