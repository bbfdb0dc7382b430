//! What a person may do to an alert, and why it, or a peer's event, is not taken.

use serde::{Deserialize, Serialize};

use super::{Acknowledgement, Alert, AlertCancellation, AlertUpdate, Contradiction, Sighting};
use crate::base::Role;
use crate::domain::FieldError;
use crate::domain::message::{Body, Kind};

/// What a person wants to do to an alert that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertCommand {
    /// Put a new version in its place.
    Update(Box<Revision>),
    /// Take it back, for this reason.
    Cancel(String),
    /// See it too.
    Sight(Sighting),
    /// Not see it, or see it otherwise.
    Contradict(Contradiction),
    /// Take note.
    Acknowledge(Acknowledgement),
}

/// A new version as a person writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// The alert as it shall read.
    pub alert: Alert,
    /// What is new, in words.
    pub changes: Option<String>,
    /// The version that the person read; it must be the one that stands.
    pub replaces: Option<u32>,
}

impl AlertCommand {
    /// The kind of message that it asks for.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Update(_) => Kind::AlertUpdate,
            Self::Cancel(_) => Kind::AlertCancellation,
            Self::Sight(_) => Kind::Sighting,
            Self::Contradict(_) => Kind::Contradiction,
            Self::Acknowledge(_) => Kind::Acknowledgement,
        }
    }
}

/// Why a person may not do it now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AlertRefused {
    /// The role may not.
    #[error("the role {0} may not do this")]
    Role(Role),
    /// Only the publisher does that.
    #[error("only the member that published the alert can do this")]
    NotThePublisher,
    /// The publisher does not do that.
    #[error("this is for those who received the alert; its publisher updates or cancels it")]
    ThePublisher,
    /// The alert has expired.
    #[error("the alert has expired")]
    Expired,
    /// The alert was cancelled.
    #[error("the alert was cancelled")]
    Cancelled,
    /// The member has said as much as one can.
    #[error("the alert has as many messages of one member as it can hold")]
    Full,
    /// It is about a version that is not there.
    #[error("there is no such version of the alert: version {0} stands")]
    NoSuchVersion(u32),
    /// Somebody was faster: another version stands than the one that was read.
    #[error("another version stands by now: version {0}")]
    OtherVersion(u32),
    /// It is of another status than the alert: exercise and reality do not mix.
    #[error("the alert is {0}, and nothing of another status belongs to it")]
    OtherStatus(super::Status),
    /// The message is faulty.
    #[error("{} field(s) need attention", .0.len())]
    Invalid(Vec<FieldError>),
}

impl AlertRefused {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Role(_) => "role-may-not",
            Self::NotThePublisher => "not-the-publisher",
            Self::ThePublisher => "the-publisher",
            Self::Expired => "alert-expired",
            Self::Cancelled => "alert-cancelled",
            Self::Full => "alert-full",
            Self::NoSuchVersion(_) => "no-such-version",
            Self::OtherVersion(_) => "other-version",
            Self::OtherStatus(_) => "other-status",
            Self::Invalid(_) => "invalid",
        }
    }
}

/// Why a peer's event does not fit an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AlertFault {
    /// The member cannot cause it: it is not the publisher, or is, or does not have the alert.
    #[error("the member cannot cause the event")]
    Member,
    /// The role cannot cause it.
    #[error("the role cannot cause the event")]
    Role,
    /// It does not continue the versions that are here, the alert was cancelled, or the member has said
    /// as much as one can.
    #[error("the event does not continue the alert")]
    State,
    /// It is of another status than the alert.
    #[error("the event is of another status than the alert")]
    Status,
    /// The content breaks the rules of its form.
    #[error("the event breaks the rules of its form")]
    Form,
    /// It is about a version that has not come yet. Nobody misbehaved.
    #[error("the event is about a version that has not come yet")]
    NotYet,
}

/// What a message does to an alert that is there.
pub(super) enum Deed<'a> {
    Update(&'a AlertUpdate),
    Cancel(&'a AlertCancellation),
    Sight(&'a Sighting),
    Contradict(&'a Contradiction),
    Acknowledge(&'a Acknowledgement),
}

impl<'a> Deed<'a> {
    /// The deed in a message; none in one that opens an alert or has nothing to do with one.
    pub(super) fn of(body: &'a Body) -> Option<Self> {
        match body {
            Body::AlertUpdate(update) => Some(Self::Update(update)),
            Body::AlertCancellation(cancellation) => Some(Self::Cancel(cancellation)),
            Body::Sighting(sighting) => Some(Self::Sight(sighting)),
            Body::Contradiction(contradiction) => Some(Self::Contradict(contradiction)),
            Body::Acknowledgement(acknowledgement) => Some(Self::Acknowledge(acknowledgement)),
            Body::Alert(_)
            | Body::Subscription(_)
            | Body::Request(_)
            | Body::Acceptance(_)
            | Body::Answer(_)
            | Body::Refusal(_)
            | Body::ClarificationRequest(_)
            | Body::Clarification(_)
            | Body::Channelling(_)
            | Body::AwaitingAuthorisation(_)
            | Body::Feedback(_)
            | Body::Closing(_)
            | Body::Withdrawal(_)
            | Body::Supersession(_)
            | Body::Transfer(_)
            | Body::Reopening(_)
            | Body::Correction(_)
            | Body::PermissionRequest(_)
            | Body::PermissionGrant(_)
            | Body::PermissionRefusal(_)
            | Body::Notice(_) => None,
        }
    }
}

/// Whether a kind of message is for the publisher of an alert alone.
pub(super) fn is_publishers(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Alert | Kind::AlertUpdate | Kind::AlertCancellation
    )
}

/// Whether a role can cause an event of an alert, or a subscription.
pub(super) fn may_cause(role: Role, kind: Kind) -> bool {
    let speaks = matches!(role, Role::Contact | Role::Releaser);
    if kind == Kind::Subscription || is_publishers(kind) {
        return speaks;
    }
    kind.is_of_an_alert() && (speaks || role == Role::Officer)
}
