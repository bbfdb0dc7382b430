//! Letters that wait for a decision: `GET /letters`, `GET /letters/{id}`, and a route for each
//! decision.
//!
//! Every route that composes something takes `?for_release=true`: then a second person has to
//! release it even where no policy wants that. What has to wait is answered with 202 and the letter
//! in place of the outcome.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ErasedView, is_false};
use crate::base::{Digest, MemberId, MessageId, NodeId, PersonId, Role, Timestamp};
use crate::seal::person::PersonSignature;

written_as_text!(
    PersonSignature,
    "^([0-9a-f]{2})+$",
    "A person's signature: how it is made, its length and its bytes, in hexadecimal.",
    "010040"
);

/// What a route gives that composes something: its outcome, or the letter that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Outcome<T> {
    /// It waits for a decision.
    Waits {
        /// The letter.
        letter: Box<LetterSummary>,
    },
    /// It was done.
    Done(T),
}

/// A person of this office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonView {
    /// The pseudonym, as the log has it.
    pub person: PersonId,
    /// The name at this node; none for a person who is not there any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Why the protection gate stops a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StopView {
    /// The member that would learn of it.
    pub member: MemberId,
    /// The subject, by its place in the request, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<u16>,
    /// What ties the subject to the member's country, such as `nationality`.
    pub tie: String,
    /// Why the subject may need protection, such as `asylum`.
    pub signs: Vec<String>,
    /// The reason as a sentence.
    pub says: String,
}

/// A decision about a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DecisionView {
    /// `release`, `clear`, `emergency` or `review`.
    pub kind: String,
    /// Who decided.
    pub by: PersonView,
    /// When.
    pub at: Timestamp,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The log entry with the person's signature.
    pub entry: u64,
}

/// One line of `GET /letters?state=…`: the letters that somebody has to see to, the most urgent
/// first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LetterSummary {
    /// Its id: that of its first message.
    pub id: MessageId,
    /// The kinds of the messages that it would be, such as `request`.
    pub kinds: Vec<String>,
    /// Whom it would go to.
    pub to: Vec<MemberId>,
    /// The exchange or alert that it belongs to, where there is one already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<MessageId>,
    /// The messages that it would be: of a request, the exchanges.
    pub messages: Vec<MessageId>,
    /// What it is about, in a few words.
    pub subject: String,
    /// Whether it is urgent.
    pub urgent: bool,
    /// `in-review`, `stopped`, `left`, `returned` or `discarded`.
    pub state: String,
    /// What is to be done now: `release`, `clear`, `review`, or nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// Who wrote it.
    pub drafted_by: PersonView,
    /// In which role.
    pub role: Role,
    /// Since when it waits.
    pub since: Timestamp,
    /// Why the protection gate stops it, or will.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stops: Vec<StopView>,
    /// What was decided about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<DecisionView>,
    /// Who gave it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned_by: Option<PersonView>,
    /// Why it was given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned_reason: Option<String>,
    /// Whether it left in an emergency and nobody has looked at that yet.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unreviewed: bool,
    /// When and why its content was erased here, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased: Option<ErasedView>,
    /// Why it waits, who may decide, and what comes next.
    pub says: String,
}

/// `GET /letters/{id}`: one letter. Reading it is recorded as a consultation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LetterView {
    /// As in the list.
    #[serde(flatten)]
    pub summary: LetterSummary,
    /// The node at which it waits.
    pub node: NodeId,
    /// What it says: JSON as text, whose very bytes decisions are about; empty once it is erased.
    pub content: String,
    /// Keeps the digests from being guessed: 32 bytes, hexadecimal.
    #[serde(with = "hex::serde")]
    #[schema(value_type = String)]
    pub salt: [u8; 32],
    /// H("liaison/letter/v1" ‖ salt ‖ content), also of what is erased.
    pub digest: Digest,
    /// What this person may do now: `release`, `return`, `clear`, `emergency`, `review`, `discard`.
    pub actions: Vec<String>,
}

/// `POST /letters/{id}/release`, `clear`, `emergency` and `review`: a decision under the person's
/// own signature; 202 with the letter as it then stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideLetter {
    /// The digest of the letter.
    pub digest: Digest,
    /// Who wrote it.
    pub drafter: PersonId,
    /// Why; a review gives its finding. Only a release needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// H("liaison/decision-reason/v1" ‖ salt ‖ reason), zeros without a reason.
    pub reason_digest: Digest,
    /// The signature over the decision.
    pub signature: PersonSignature,
}

/// `POST /letters/{id}/return`; 202 with the letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnLetter {
    /// Why.
    pub reason: String,
}
