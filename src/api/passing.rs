//! Passing on, permissions and corrections: what the sides of an exchange owe each other beside the
//! answer.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::LetterSummary;
use crate::base::{Digest, MemberId, MessageId, Timestamp};

/// `POST /exchanges/{id}/forward`: passes a message of the other side on, as a part of a request to
/// a third member; 202 with both exchanges, the new one first. Restrictions and protections that
/// came with the message are added to the request's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendForward<T> {
    /// The reservation that holds the attachments of the request, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<MessageId>,
    /// The message.
    pub message: MessageId,
    /// The member that is to get it.
    pub to: MemberId,
    /// The request that goes with it.
    pub request: T,
}

/// `POST /exchanges/{id}/correct`: tells those who have a message what is wrong with it; 202 with
/// each exchange in which it was told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendCorrection {
    /// The message that is wrong.
    pub message: MessageId,
    /// `incorrect`, `incomplete`, `outdated` or `unlawful`.
    pub flaw: String,
    /// `rectify`, `erase` or `restrict`.
    pub remedy: String,
    /// What is wrong, and how it is right.
    pub text: String,
    /// What receivers may do with the correction; that of the message without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handling: Option<Value>,
}

/// `POST /exchanges/{id}/acknowledge`: takes note of a correction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgeCorrection {
    /// The correction.
    pub correction: MessageId,
    /// In words, what was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// `POST /exchanges/{id}/pass-on`: passes a correction on to those who have the message from here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PassOn {
    /// The correction.
    pub correction: MessageId,
}

/// `POST /exchanges/{id}/permissions`: asks the other side whether a message of it may be passed
/// on; 202 with the [`PermissionView`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskPermission {
    /// The message.
    pub message: MessageId,
    /// The member that is to get it.
    pub to: MemberId,
    /// What for.
    pub purpose: String,
}

/// `POST /permissions/{id}/grant`: allows it, once; 202, with a `letter` where it waits for a second
/// person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantPermission {
    /// When it ends, at most 366 days ahead.
    pub expires: Timestamp,
}

/// `POST /permissions/{id}/refuse`: does not allow it, or no longer; 202.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefusePermission {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A permission (`GET /permissions`, `GET /permissions/{id}`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PermissionView {
    /// The message that asked for it.
    pub id: MessageId,
    /// The exchange.
    pub exchange: MessageId,
    /// The member that asked for it.
    pub holder: MemberId,
    /// The member whose message it is.
    pub originator: MemberId,
    /// The message that is to be passed on.
    pub message: MessageId,
    /// What its signature covers.
    pub leaf: Digest,
    /// The member that is to get it.
    pub to: MemberId,
    /// What for.
    pub purpose: String,
    /// `asked`, `granted`, `ended`, `refused`, `taken-back` or `used`.
    pub standing: String,
    /// When it was asked for.
    pub asked: Timestamp,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The message that used it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_by: Option<MessageId>,
    /// What this person may do now: `grant`, `refuse`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<String>,
    /// The letter that waits where it was granted just now and a second person has to see that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter: Option<Box<LetterSummary>>,
}

/// Something that one side of an exchange owes the other, beside the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DutyView {
    /// `acknowledge-correction`, `pass-on-correction` or `decide-permission`.
    pub duty: String,
    /// The correction, or the message that asked for the permission.
    pub about: MessageId,
    /// Since when.
    pub since: Timestamp,
    /// The member that owes it.
    pub owed_by: MemberId,
    /// The member that a correction is to be passed on to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<MemberId>,
    /// Why a correction can be passed on to nobody, where it cannot: `marking-forbids`, `retention-over` or
    /// `content-erased`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barred: Option<String>,
}

/// A message of an exchange that was passed on from here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ForwardView {
    /// The message.
    pub message: MessageId,
    /// The member that got it.
    pub to: MemberId,
    /// The exchange that passed it on.
    pub exchange: MessageId,
}
