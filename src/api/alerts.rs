//! The shapes of alerts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AttentionView, ErasedView, EventView};
use crate::base::{MemberId, MessageId, Timestamp};
use crate::domain::alert::{Acknowledgement, Audience, Corridor};
use crate::domain::duty::Call;

/// `POST /alerts`: publishes a smuggling-trend alert; 202 with its [`AlertSummary`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishAlert<T> {
    /// The reservation that holds the attachments, if any.
    #[serde(default)]
    pub reservation: Option<MessageId>,
    /// Whom to tell: `"all"`, `"corridor-subscribers"`, or `{"members": ["TR", "AT"]}`.
    #[serde(default)]
    pub audience: Audience,
    /// The alert.
    pub alert: T,
}

/// `POST /alerts/{id}/updates`: puts a whole new version in an alert's place, which goes to all
/// who have it; 202 with the [`AlertSummary`] as it now stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateAlert<T> {
    /// The reservation that holds the attachments, if any.
    #[serde(default)]
    pub reservation: Option<MessageId>,
    /// Whom to tell besides those who have it; none for nobody.
    #[serde(default)]
    pub audience: Option<Audience>,
    /// The alert as it shall read.
    pub alert: T,
    /// What is new, in words.
    #[serde(default)]
    pub changes: Option<String>,
    /// The version that was read. If given, it must be the one that stands.
    #[serde(default)]
    pub replaces: Option<u32>,
}

/// `POST /alert-previews`: who would get an alert, and what they may do with it; 200 with an
/// [`AlertPreview`]. Nothing is sent or recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewAlert<T> {
    /// The alert that it would be a new version of, if any.
    #[serde(default)]
    pub updates: Option<MessageId>,
    /// Whom to tell; without it all, or, for a new version, nobody besides those who have it.
    #[serde(default)]
    pub audience: Option<Audience>,
    /// The alert.
    pub alert: T,
}

/// Who would get an alert, and what they may do with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertPreview {
    /// `actual`, `exercise` or `test`.
    pub status: String,
    /// `urgent` or `routine`.
    pub priority: String,
    /// Who would get it.
    pub recipients: Vec<AlertRecipient>,
    /// Who would not, though it could.
    pub left_out: Vec<AlertRecipient>,
    /// What they may do with it, one rule each, in words.
    pub rules: Vec<String>,
}

/// A member that would get an alert, or would not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertRecipient {
    /// The member.
    pub member: MemberId,
    /// Why, by code, such as `named` or `not-subscribed`.
    pub why: String,
    /// Why, in words.
    pub words: String,
}

/// `POST /alerts/{id}/cancel`: takes an alert back; 202 with the [`AlertSummary`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelAlert {
    /// Why, for all who have it.
    pub reason: String,
}

/// `POST /alerts/{id}/sightings`: 202 with the [`AlertSummary`] as it now stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendSighting<T> {
    /// The sighting. It is about the version that it names, or else the one that stands.
    pub sighting: T,
}

/// `POST /alerts/{id}/contradictions`: 202 with the [`AlertSummary`] as it now stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendContradiction<T> {
    /// The contradiction. It is about the version that it names, or else the one that stands.
    pub contradiction: T,
}

/// `POST /alerts/{id}/acknowledgements`: tells the publisher that a person took note; 202 with the
/// [`AlertSummary`] as it now stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Acknowledge {
    /// What was read, and when.
    #[serde(default)]
    pub acknowledgement: Acknowledgement,
}

/// `POST /alerts/{id}/calls`: notes a telephone call about an alert to one member, which no other office
/// learns of; 201 with the [`AlertSummary`] as it now stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteAlertCall {
    /// The member that was called.
    pub member: MemberId,
    /// What is noted.
    pub call: Call,
}

/// `POST /alert-subscriptions`: tells all members which corridors this one wants alerts about; 202
/// with what each member wants, as [`MemberSubscription`]s.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    /// The corridors; empty for none.
    pub corridors: Vec<Corridor>,
}

/// What a member wants alerts about (`GET /alert-subscriptions`: one for each member).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberSubscription {
    /// The member.
    pub member: MemberId,
    /// The corridors, empty for none; missing if it never said, so that it gets all.
    pub corridors: Option<Vec<Corridor>>,
    /// Since when, by its own clock.
    pub since: Option<Timestamp>,
}

/// One line of the alert feed
/// (`GET /alerts?status=…&corridor=…&event=…&state=…&limit=…&cursor=…`). Without `status` it shows
/// what is actual; `status=all` shows exercises and tests too. `state=superseded` shows the earlier
/// versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertSummary {
    /// The alert.
    pub id: MessageId,
    /// The member that published it.
    pub from: MemberId,
    /// `actual`, `exercise` or `test`.
    pub status: String,
    /// `alert`, `update` or `cancel`: its publisher's last message, as in CAP 1.2.
    pub message_type: String,
    /// The version, from 1.
    pub version: u32,
    /// `current`, `expired`, `cancelled` or `superseded`.
    pub state: String,
    /// The category, `a` to `f` of the UN Smuggling Protocol, Art. 10(1).
    pub category: String,
    /// The event type, such as `route-shift`.
    pub event: String,
    /// The severity, as in CAP 1.2.
    pub severity: String,
    /// The corridor, such as `western-balkan`.
    pub corridor: Option<String>,
    /// The Traffic Light Protocol's colour, such as `AMBER`.
    pub tlp: String,
    /// The headline.
    pub headline: String,
    /// When its first version was published.
    pub created: Timestamp,
    /// When this version was published, or the alert cancelled.
    pub updated: Timestamp,
    /// When it expires.
    pub expires: Timestamp,
    /// Why its publisher took it back, if it did.
    pub cancelled: Option<String>,
    /// The members that see it too.
    pub sighted_by: Vec<MemberId>,
    /// The members that do not see it, or otherwise.
    pub contradicted_by: Vec<MemberId>,
    /// The members that told the publisher that they took note; only the publisher knows all.
    pub acknowledged_by: Vec<MemberId>,
    /// The members that do not have its last version, or its end, yet; known of own alerts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_at: Vec<MemberId>,
    /// What somebody must do now: about a member that does not have it, or since nobody here has
    /// opened it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attention: Vec<AttentionView>,
    /// When and why its content was erased here, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased: Option<ErasedView>,
    /// Since when its publisher's keys are said to have been in other hands, if it passed then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compromised_since: Option<Timestamp>,
}

/// One version of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertVersion {
    /// Its number, from 1.
    pub version: u32,
    /// The message that carried it.
    pub message: MessageId,
    /// `superseded` for all but the last.
    pub state: String,
    /// When it was published.
    pub published: Timestamp,
    /// When it expires, or would have.
    pub expires: Timestamp,
    /// Its headline.
    pub headline: String,
}

/// `GET /alerts/{id}`: the alert with its versions, what others say to it, and receipts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AlertView {
    /// As in the list.
    #[serde(flatten)]
    pub summary: AlertSummary,
    /// Its versions, the earliest first, as far as this member has them.
    pub versions: Vec<AlertVersion>,
    /// The other members that are to have it.
    pub recipients: Vec<MemberId>,
    /// What a receiver may do with it, one rule each, in words.
    pub rules: Vec<String>,
    /// What happened, in order: versions, receipts, sightings, contradictions.
    pub events: Vec<EventView>,
    /// What this person may do now: `update`, `cancel`, `sight`, `contradict`, `acknowledge`.
    pub actions: Vec<String>,
}
