//! What presses in an exchange, and whom to call.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Direction;
use crate::base::{MemberId, MessageId, Timestamp};

/// What an officer must do now about an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttentionView {
    /// The stable reason, such as `not-opened`, `no-link` or `overdue`.
    pub reason: String,
    /// What is wrong, in a few words, such as `not opened within 15 minutes`.
    pub what: String,
    /// What to do.
    pub next: String,
    /// Since when; for a time limit its end.
    pub since: Timestamp,
    /// The level of the duty roster that it has reached, from 1; 0 while it is only shown.
    pub level: u8,
    /// The message that it is about, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// Whom to call or to tell.
    pub call: CallView,
    /// The last call that was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_call: Option<CallMadeView>,
}

/// Whom to call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallView {
    /// The member whose office it is.
    pub member: MemberId,
    /// The post of its duty roster; none where it has no roster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<PostView>,
    /// How the trust list says that the office is reached; the other members vouch for it.
    pub listed: String,
}

/// One post of a duty roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PostView {
    /// `duty-desk`, `head-of-unit` or `national-contact`.
    pub level: String,
    /// What the post is called.
    pub post: String,
    /// Its telephone number.
    pub phone: String,
    /// When it answers, such as `mon, tue 08:00-16:00 Europe/Skopje`; none for any hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    /// Whether it answers now; none where the node does not know its time zone.
    pub answers_now: Option<bool>,
    /// The languages spoken there.
    pub languages: Vec<String>,
}

/// A call that was noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallMadeView {
    /// When it was noted.
    pub at: Timestamp,
    /// `reached`, `no-answer`, `engaged` or `wrong-number`.
    pub outcome: String,
}

/// An exchange in which something presses, as the node's state shows it: without content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PressingExchange {
    /// The exchange.
    pub exchange: MessageId,
    /// Which end this node is.
    pub direction: Direction,
    /// The other member.
    pub peer: MemberId,
    /// `life`, `urgent` or `routine`.
    pub urgency: String,
    /// What presses, the most pressing first.
    pub attention: Vec<AttentionView>,
}

/// An alert about which something presses, as the node's state shows it: without content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PressingAlert {
    /// The alert.
    pub alert: MessageId,
    /// The member that published it.
    pub from: MemberId,
    /// The severity, as in CAP 1.2.
    pub severity: String,
    /// What presses, a member at a time.
    pub attention: Vec<AttentionView>,
}

/// An urgent letter that waits for a person of this office, as the node's state shows it: without
/// content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PressingLetter {
    /// The letter.
    pub letter: MessageId,
    /// Whom it would go to.
    pub to: Vec<MemberId>,
    /// `in-review`, `stopped` or `returned`.
    pub state: String,
    /// That it presses, and whom to tell.
    pub attention: Vec<AttentionView>,
}
