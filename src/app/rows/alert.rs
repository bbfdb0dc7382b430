//! Alerts as the index holds them, and what members want alerts about.

use serde::{Deserialize, Serialize};

use crate::app::duty::{Pressing, Told};
use crate::app::erase::Gone;
use crate::base::{MemberId, MessageId, Timestamp};
use crate::domain::alert::{AlertRecord, Subscription};
use crate::domain::duty::{CallMade, LooseEnd};
use crate::domain::message::Kind;

/// An alert with what was said to it, and the entries that made it so.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AlertRow {
    /// The alert's id.
    pub id: MessageId,
    /// The alert.
    pub alert: AlertRecord,
    /// The log entries that belong to it, in order.
    pub thread: Vec<u64>,
    /// Since when its publisher's last message is on its way, or here, by this node's clock.
    pub since: Timestamp,
    /// Since when it is urgent, by this node's clock, where it was not at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raised: Option<Timestamp>,
    /// The members that do not have all of it, of an own alert.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<Wait>,
    /// Up to which level people were told of what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<Told>,
    /// The calls that were made about it, with the members that were called, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<(MemberId, CallMade)>,
    /// When members refused its publisher's last message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<(MemberId, Timestamp)>,
    /// What this office said last of each kind to another's alert.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Remark>,
    /// When the next level of the roster has to know; none where there is no such time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalates: Option<Timestamp>,
    /// When and why what it says was erased here, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased: Option<Gone>,
    /// The members that do not have its last version yet, of an own alert; known only when it is read.
    #[serde(skip)]
    pub not_at: Vec<MemberId>,
    /// What would go to nobody, were it said to it now; known only when it is read.
    #[serde(skip)]
    pub to_nobody: Vec<Kind>,
    /// What presses about it; known only when it is read.
    #[serde(skip)]
    pub pressing: Vec<Pressing>,
    /// Since when its publisher's keys are said to have been in other hands, where that touches the
    /// alert; known only when it is read.
    #[serde(skip)]
    pub compromised: Option<Timestamp>,
}

/// Since when a member lacks something of an own alert: a later version does not start that time anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// The member.
    pub member: MemberId,
    /// The first of the publisher's messages that it does not have.
    pub first: MessageId,
    /// Since when it waits for that one, by this node's clock.
    pub since: Timestamp,
}

/// A sighting or contradiction of this office, and the members that will not get it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// Which of the two.
    pub kind: Kind,
    /// The message.
    pub message: MessageId,
    /// Who refused it, or to whom it expired on the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<(MemberId, LooseEnd)>,
}

/// An own message in an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaidRow {
    /// The message.
    pub message: MessageId,
    /// Its number among the own ones.
    pub sequence: u64,
    /// The recipients to which not all before it went, or came, each with the number from which its
    /// header says that they go on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub goes_on: Vec<(MemberId, u64)>,
}

/// What a member last said that it wants alerts about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionRow {
    /// The message that said so.
    pub message: MessageId,
    /// The corridors, and since when.
    pub subscription: Subscription,
}
