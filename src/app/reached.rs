//! What the other side of an exchange is told, by how it stands in the trust list in force.

use super::service::Service;
use crate::base::MemberId;
use crate::domain::message::Kind;

/// How the other side of an exchange stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reached {
    /// It is a country in the list: it is told everything.
    #[default]
    Whole,
    /// It is suspended or no member any more: what ends something, and what corrects something, waits for it.
    Out,
    /// It is an observer: it is told what ends something.
    Observer,
}

impl Reached {
    /// How a member stands.
    pub(super) fn of(service: &Service, member: MemberId) -> Self {
        match &service.federation {
            Some(federation) if federation.observes(member) => Self::Observer,
            Some(federation) if !federation.lists(member) => Self::Out,
            Some(_) | None => Self::Whole,
        }
    }

    /// Whether anything of this kind is said to it. Of answers that is one of no-hits alone, unless it is
    /// told everything.
    pub fn hears(self, kind: Kind) -> bool {
        match self {
            Self::Whole => true,
            Self::Out => ends(kind),
            Self::Observer => ends(kind) && kind != Kind::Correction,
        }
    }
}

/// Whether something of this kind ends something, and says nothing of what there is.
pub(super) fn ends(kind: Kind) -> bool {
    match kind {
        Kind::Withdrawal
        | Kind::Refusal
        | Kind::Closing
        | Kind::Correction
        | Kind::PermissionRefusal
        | Kind::Notice
        // One of no-hits alone is a refusal by `x5`.
        | Kind::Answer => true,
        Kind::Request
        | Kind::Acceptance
        | Kind::ClarificationRequest
        | Kind::Clarification
        | Kind::Channelling
        | Kind::AwaitingAuthorisation
        | Kind::Feedback
        | Kind::Supersession
        | Kind::Transfer
        | Kind::Reopening
        | Kind::PermissionRequest
        | Kind::PermissionGrant
        | Kind::Alert
        | Kind::Sighting
        | Kind::AlertUpdate
        | Kind::AlertCancellation
        | Kind::Contradiction
        | Kind::Acknowledgement
        | Kind::Subscription => false,
    }
}
