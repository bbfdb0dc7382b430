//! What is asked, on what basis, and under which conditions.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::parts::{
    Approval, EvidenceUse, Fact, Link, LinkKind, OtherChannel, Protection, Question, Requester,
    UrgencyReason, check_texts,
};
use super::{Forwarded, Subject};
use crate::base::MessageId;
use crate::domain::message::{Handling, Priority};
use crate::domain::profile::{Profile, Urgency};
use crate::domain::{Faults, FieldError, Status};

/// A request for information.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The asking side's own reference.
    pub reference: String,
    /// The asked side's reference, where it has one from an earlier exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub their_reference: Option<String>,
    /// The operation that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Related exchanges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// Whether it is real. What is said to it, and what links to it, is of the same status.
    #[serde(default = "actual")]
    pub status: Status,
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
    /// Approvals that it rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Approval>,
    /// A message of another member that it passes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarded: Option<Forwarded>,
}

/// The most links: those that a person names, and one to each other member asked the same.
const MOST_LINKS: usize = 320;

fn actual() -> Status {
    Status::Actual
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
        self.check_head(&mut faults);
        self.check_matter(&mut faults);
        self.check_terms(&mut faults);
        faults.outcome()
    }

    /// Reference, urgency, and who asks.
    fn check_head(&self, faults: &mut Faults) {
        faults.text("reference", &self.reference, 100);
        let theirs = self.their_reference.as_deref();
        faults.optional("their_reference", theirs, 100);
        faults.optional("context", self.context.as_deref(), 200);
        faults.most("links", &self.links, MOST_LINKS);
        faults.distinct("links", &self.links);
        let urgent = self.urgency != Urgency::Routine;
        if urgent && self.urgency_reason.is_none() {
            let what = "an urgent request gives a reason, U1 to U4";
            faults.note("urgency_reason", "required", what);
        }
        if !urgent && self.urgency_reason.is_some() {
            let what = "a routine request has no urgency reason";
            faults.note("urgency_reason", "not-allowed", what);
        }
        self.requester.check(faults);
    }

    /// What happened, what is asked, and about whom.
    fn check_matter(&self, faults: &mut Faults) {
        faults.text("legal_basis", &self.legal_basis, 2_000);
        faults.text("purpose", &self.purpose, 2_000);
        faults.text("offence", &self.offence, 500);
        check_texts("facts", &self.facts, faults);
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
            subject.check(&format!("subjects[{i}]"), faults);
        }
        faults.text("believed_there", &self.believed_there, 5_000);
    }

    /// What the asked side may do, and what it has to know.
    fn check_terms(&self, faults: &mut Faults) {
        self.handling.check(faults);
        faults.some("languages", &self.languages, 16);
        faults.distinct("languages", &self.languages);
        for (i, language) in self.languages.iter().enumerate() {
            faults.language(format!("languages[{i}]"), language);
        }
        faults.most("other_channels", &self.other_channels, 16);
        for (i, other) in self.other_channels.iter().enumerate() {
            faults.text(format!("other_channels[{i}].channel"), &other.channel, 100);
            let path = format!("other_channels[{i}].reference");
            faults.text(path, &other.reference, 200);
        }
        let never = &self.protection.never_contact;
        faults.most("protection.never_contact", never, 64);
        faults.distinct("protection.never_contact", never);
        faults.most("approvals", &self.approvals, 16);
        for (i, approval) in self.approvals.iter().enumerate() {
            faults.text(format!("approvals[{i}].by"), &approval.by, 300);
            let reference = approval.reference.as_deref();
            faults.optional(format!("approvals[{i}].reference"), reference, 200);
        }
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
