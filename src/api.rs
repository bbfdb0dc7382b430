//! The shapes of the JSON API, version 1, shared by the server and the client.
//!
//! Times are RFC 3339 in UTC. Domain objects (requests, answers, alerts) appear as
//! [`crate::domain`] writes them; where only their codes matter they are plain text here.

mod alerts;
mod carried;
mod duty;
mod letters;
mod members;
mod office;
mod passing;
mod progress;
mod retention;
mod says;
mod search;
mod statistics;
mod witness;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use alerts::{
    Acknowledge, AlertPreview, AlertRecipient, AlertSummary, AlertVersion, AlertView, CancelAlert,
    MemberSubscription, NoteAlertCall, PreviewAlert, PublishAlert, SendContradiction, SendSighting,
    Subscribe, UpdateAlert,
};
pub use carried::{
    BroughtIn, CLOCK_SKEW_MS, Hindrance, KEPT_BACK, Netcheck, PeerReach, TakeOut, Tried,
};
pub use duty::{
    AttentionView, CallMadeView, CallView, PostView, PressingAlert, PressingExchange,
    PressingLetter,
};
pub use letters::{
    DecideLetter, DecisionView, LetterSummary, LetterView, Outcome, PersonView, ReturnLetter,
    StopView,
};
pub use members::{
    ChangedIdentity, CompareNumber, ConfirmedView, KeyAge, KeysView, MemberList, MemberView,
    OwnKeys, ProposalView,
};
pub use office::{Justify, LogEntry};
pub use passing::{
    AcknowledgeCorrection, AskPermission, DutyView, ForwardView, GrantPermission, PassOn,
    PermissionView, RefusePermission, SendCorrection, SendForward,
};
pub use progress::{ClockView, PauseView, QuestionView};
pub use retention::{EraseContent, ErasedView, Recorded, ShortenRetention};
pub use says::{SendAcceptance, SendAnswer, SendClarification, SendRefusal, SendSupersession};
pub use search::{EarlierExchange, MatchedTerm, Search, SearchHit};
pub use statistics::{AlertStatistics, ExchangeStatistics, Statistics};

pub use witness::{
    AcknowledgeLogAlarm, LogAlarmView, LogView, OwnLogView, WitnessView, WitnessedView,
};

use crate::base::{Digest, MemberId, MessageId, NodeId, PersonId, Role, Timestamp};

/// An error as RFC 9457 problem details, with a stable code and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A URI reference that names the kind of problem, `/problems/<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened, in a few words; the same for each code.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code, such as `exchange-not-found`.
    pub code: String,
    /// Why it happened this time. Never holds the content of an exchange.
    pub detail: String,
    /// What the caller can do about it.
    pub next: String,
    /// The faulty field of the input, as a path such as `request.questions[0].text`, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// `GET /whoami`: the person behind the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhoAmI {
    /// The person's pseudonym, as the log has it.
    pub person: PersonId,
    /// The person's name at this node.
    pub name: String,
    /// The member that runs the node.
    pub member: MemberId,
    /// What the person may act as.
    pub roles: Vec<Role>,
}

/// `GET /health`: the node's state. Without content; open to every signed-in person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// This node.
    pub node: NodeId,
    /// The program's version.
    pub version: String,
    /// Since when this process serves.
    pub serving_since: Timestamp,
    /// Entries in the log.
    pub log_size: u64,
    /// The log's root at that size.
    pub log_root: Digest,
    /// Entries that the index has applied.
    pub index_size: u64,
    /// The version of the trust list in force; none before one is installed.
    pub trust_list: Option<u64>,
    /// When that list expires.
    pub trust_list_expires: Option<Timestamp>,
    /// Every other node of the trust list.
    pub peers: Vec<PeerHealth>,
    /// Members that get nothing: suspended, with an identity key that is not accepted, without a key
    /// to seal to, or not in the list any more while something waits.
    #[serde(default)]
    pub out: Vec<MemberOut>,
    /// This node's own log before its witnesses; none from a node that does not tell.
    #[serde(default)]
    pub own_log: Option<OwnLogView>,
    /// This node's own keys; none before it is listed.
    #[serde(default)]
    pub keys: Option<OwnKeys>,
    /// What somebody has to see to.
    #[serde(default)]
    pub alarms: Vec<Alarm>,
    /// Letters that wait for a second person.
    #[serde(default)]
    pub letters: WaitingLetters,
    /// The exchanges in which something presses, the most pressing first; none for an observer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pressing: Vec<PressingExchange>,
    /// The alerts about which something presses, the newest first; none for an observer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pressing_alerts: Vec<PressingAlert>,
    /// The urgent letters that wait for a person of this office, the oldest first; none for an observer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pressing_letters: Vec<PressingLetter>,
}

/// How many letters wait for a second person, and since when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WaitingLetters {
    /// Those that wait for release.
    pub in_review: u64,
    /// Those that the protection gate stopped.
    pub stopped: u64,
    /// Those that left in an emergency and were not reviewed.
    pub unreviewed: u64,
    /// Since when the oldest of them waits.
    pub since: Option<Timestamp>,
}

/// A member to which nothing is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberOut {
    /// The member.
    pub member: MemberId,
    /// `removed`, `suspended`, `identity-changed` or `no-receiving-key`.
    pub why: String,
    /// Messages that wait for it and are not sent.
    pub waiting: u64,
}

/// Something that somebody has to see to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Alarm {
    /// The stable code, such as `trust-list-conflict`.
    pub code: String,
    /// What it is, this time.
    pub detail: String,
    /// What to do.
    pub next: String,
}

/// `GET /members/{member}/holdings`: one conversation of which a member has messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Holding {
    /// The exchange or alert.
    pub conversation: MessageId,
    /// `exchange` or `alert`.
    pub kind: String,
    /// Messages that the member receipted, or sent itself.
    pub messages: u64,
    /// Messages that wait for its receipt: they may have reached it or not.
    pub unconfirmed: u64,
    /// When the first of them was recorded here.
    pub first: Timestamp,
    /// When the last of them was recorded here.
    pub last: Timestamp,
}

/// `GET /members/{member}/holdings`: what a member received from this node, or sent to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Holdings {
    /// The member.
    pub member: MemberId,
    /// `removed`, `suspended`, `identity-changed` or `no-receiving-key`; none while it gets messages.
    pub out: Option<String>,
    /// Each conversation, by id.
    pub holds: Vec<Holding>,
}

/// One peer as this node sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PeerHealth {
    /// The peer.
    pub node: NodeId,
    /// Whether a link to it is up now.
    pub connected: bool,
    /// What carries the link, where one is up.
    #[serde(default)]
    pub link: Option<LinkOut>,
    /// Messages that wait for it.
    pub waiting: u64,
    /// Since when the oldest of them waits.
    pub waiting_since: Option<Timestamp>,
    /// Why the last attempt failed, in plain words.
    pub last_error: Option<String>,
}

/// What carries the link with a peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkOut {
    /// `quic`, or `tcp` where UDP does not pass.
    pub over: String,
    /// Since when.
    pub since: Timestamp,
}

/// `POST /reservations` (no body; 201): an id under which attachments are uploaded, and which the request,
/// answer or alert that carries them then takes. Posting the same reservation twice gives the
/// first outcome again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reservation {
    /// The reserved message id.
    pub id: MessageId,
}

/// `PUT /reservations/{id}/attachments/{index}?name=…&media_type=…` with the file as the body:
/// what was stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StagedAttachment {
    /// Its place among the message's attachments, from 0.
    pub index: u16,
    /// The file's name.
    pub name: String,
    /// Bytes of the file as the sender has it.
    pub size: u64,
    /// SHA-256 of the file as the sender has it.
    pub sha256: Digest,
}

/// `POST /requests`: asks one or several members. Asking several makes linked exchanges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendRequest<T> {
    /// The reservation that holds the attachments, if any.
    #[serde(default)]
    pub reservation: Option<MessageId>,
    /// The members to ask.
    pub to: Vec<MemberId>,
    /// The request.
    pub request: T,
}

/// The outcome of `POST /requests`, 202.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sent {
    /// One exchange for each member asked, in the order asked.
    pub exchanges: Vec<ExchangeSummary>,
    /// Other exchanges at this node about the same plate, number, document or name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<EarlierExchange>,
    /// The letter that waits for a decision, where nothing was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter: Option<Box<LetterSummary>>,
}

/// Which end of an exchange this node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// This member asked.
    Outgoing,
    /// This member was asked.
    Incoming,
}

/// One line of the inbox or the outgoing list (`GET /exchanges?direction=…&state=…&status=…&limit=…&cursor=…`), or of
/// those in which something presses, the most pressing first (`GET /exchanges?attention=true&limit=…`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExchangeSummary {
    /// The exchange: the id of its request.
    pub id: MessageId,
    /// Which end this node is.
    pub direction: Direction,
    /// The other member.
    pub peer: MemberId,
    /// The asking side's reference.
    pub reference: String,
    /// The asked side's reference, once it accepted.
    pub their_reference: Option<String>,
    /// The state, such as `queued`, `delivered`, `read`, `accepted`, `answered`, `refused`.
    pub state: String,
    /// `life`, `urgent` or `routine`, or the class's name in its profile.
    pub urgency: String,
    /// `U1` to `U4` where urgent.
    pub urgency_reason: Option<String>,
    /// The offence or purpose in a few words, for the list.
    pub subject: String,
    /// When the request was released.
    pub created: Timestamp,
    /// When the last thing happened.
    pub updated: Timestamp,
    /// The clock that runs.
    pub clock: Option<ClockView>,
    /// Exchanges about the same matter with other members.
    pub linked: Vec<MessageId>,
    /// Whether the other side's latest receipt is under a checkpoint of its log that enough members
    /// cosigned; without one, whether this node's record of the request is.
    #[serde(default)]
    pub witnessed: bool,
    /// Whether it is real: `actual`, `exercise` or `test`.
    #[serde(default = "actual")]
    pub status: String,
    /// What either side owes the other, beside the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duties: Vec<DutyView>,
    /// Why what waits in it is not sent: `removed`, `suspended`, `identity-changed`, `no-receiving-key`
    /// or `observer`, as the other member is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<String>,
    /// Letters of this office that belong to it and that somebody has to see to; in
    /// `GET /exchanges/{id}` also those that left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub letters: Vec<LetterSummary>,
    /// When and why the content of its request was erased here, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased: Option<ErasedView>,
    /// Since when the other member's keys are said to have been in other hands, where that touches
    /// this exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compromised_since: Option<Timestamp>,
    /// What somebody must do now, the most pressing first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attention: Vec<AttentionView>,
}

fn actual() -> String {
    "actual".to_owned()
}

/// A list with a cursor for the next page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// This page.
    pub items: Vec<T>,
    /// Where the next page begins; none at the end.
    pub next: Option<String>,
}

/// `GET /exchanges/{id}`: the whole thread. Reading it is recorded as a consultation; the first
/// reading of an incoming request also tells the asking side that it was opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExchangeView {
    /// As in the list.
    #[serde(flatten)]
    pub summary: ExchangeSummary,
    /// How far each question has come.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<QuestionView>,
    /// Why the answer takes longer than the limit, where an authorisation is awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_reason: Option<String>,
    /// Other exchanges at this node about the same plate, number, document or name, those opened
    /// last first, at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<EarlierExchange>,
    /// What was passed on of it from here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forwards: Vec<ForwardView>,
    /// The permissions that were asked for in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<PermissionView>,
    /// What happened, in the order in which it is on record here.
    pub events: Vec<EventView>,
    /// What this person may do now, by the last part of its route: `accept`, `answer`, `clarify`, …
    pub actions: Vec<String>,
}

/// One event of an exchange or an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventView {
    /// The message that carried it, or that the receipt is for.
    pub message: MessageId,
    /// `request`, `accept`, `answer`, `refuse`, `withdrawal`, `delivered`, `opened`, `alert`,
    /// `sighting`, …; `local-ground` is why a no-hit of this node says no more, and never leaves it.
    pub kind: String,
    /// Whether it had no effect, since it crossed with an event of the asked side.
    #[serde(default, skip_serializing_if = "is_false")]
    pub crossed: bool,
    /// Whether it passed while the other member's keys are said to have been in other hands.
    #[serde(default, skip_serializing_if = "is_false")]
    pub compromised: bool,
    /// When it happened, by the clock of the member that caused it.
    pub at: Timestamp,
    /// The member that caused it.
    pub member: MemberId,
    /// The role that caused it.
    pub role: Role,
    /// When and why the content was erased here, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased: Option<ErasedView>,
    /// The content, as [`crate::domain`] writes it; none for receipts.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub content: serde_json::Value,
    /// Attachments of the message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<AttachmentView>,
    /// What proves it.
    pub proof: ProofView,
}

fn is_false(value: &bool) -> bool {
    !*value
}

/// An attachment as its message lists it. Its bytes are at
/// `GET /messages/{message}/attachments/{index}?of={member}`, for exchanges and alerts alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttachmentView {
    /// Its place among the message's attachments, from 0.
    pub index: u16,
    /// The file's name as its sender gave it.
    pub name: String,
    /// The media type as its sender gave it; never interpreted.
    pub media_type: String,
    /// Bytes of the file.
    pub size: u64,
    /// SHA-256 of the file.
    pub sha256: Digest,
    /// Whether the whole of it is here.
    pub complete: bool,
}

/// The evidence behind an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProofView {
    /// This node's log entry for it, from 0.
    pub entry: u64,
    /// The leaf that the message's signature covers.
    pub leaf: Option<Digest>,
    /// For a receipt: the peer's log, where its entry is proved to be.
    pub peer_log: Option<PeerLogView>,
    /// Whether enough members are known to have cosigned the log that holds it: the peer's for a
    /// receipt, this node's for anything else.
    #[serde(default)]
    pub witnessed: bool,
}

/// Where a peer's log holds what it acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PeerLogView {
    /// The log's origin line.
    pub origin: String,
    /// The entry's index there, from 0.
    pub index: u64,
    /// The size of the tree that the signed checkpoint covers.
    pub size: u64,
    /// The root that the checkpoint signs.
    pub root: Digest,
    /// The peer's own time of its entry.
    pub at: Timestamp,
}
