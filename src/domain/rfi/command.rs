//! What a person at the asked side may say, and why it, or a peer's event, is not taken.

use super::{Acceptance, Answer, Refusal, State};
use crate::base::Role;
use crate::domain::FieldError;
use crate::domain::message::Kind;

/// What a person at the asked side wants to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Take the request on.
    Accept(Acceptance),
    /// Answer it, whole or in part.
    Answer(Answer),
    /// Refuse it, by ground.
    Refuse(Refusal),
}

impl Command {
    /// The kind of event that it asks for.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Accept(_) => Kind::Acceptance,
            Self::Answer(_) => Kind::Answer,
            Self::Refuse(_) => Kind::Refusal,
        }
    }
}

/// Why a person may not say it now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Only the asked side says that.
    #[error("only the asked side can do this")]
    NotAsked,
    /// The role may not.
    #[error("the role {0} may not do this")]
    Role(Role),
    /// The exchange has gone past it.
    #[error("the exchange is {0}, which does not allow this")]
    State(State),
    /// The message is faulty.
    #[error("{} field(s) need attention", .0.len())]
    Invalid(Vec<FieldError>),
    /// The alert has expired.
    #[error("the alert has expired")]
    AlertExpired,
}

impl Refused {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAsked => "not-the-asked-side",
            Self::Role(_) => "role-may-not",
            Self::State(_) => "not-in-this-state",
            Self::Invalid(_) => "invalid",
            Self::AlertExpired => "alert-expired",
        }
    }
}

/// Why a peer's event does not fit: the peer misbehaved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PeerFault {
    /// The event comes from the side that cannot cause it.
    #[error("the event comes from the wrong side")]
    Side,
    /// The role cannot cause it.
    #[error("the role cannot cause the event")]
    Role,
    /// The state does not allow it.
    #[error("the state does not allow the event")]
    State,
    /// The content breaks the rules of its form.
    #[error("the event breaks the rules of its form")]
    Form,
}

/// Whether a role of the asked side can cause an event.
pub(crate) fn may_cause(role: Role, kind: Kind) -> bool {
    match kind {
        Kind::Acceptance | Kind::Refusal => matches!(role, Role::Contact | Role::Releaser),
        Kind::Answer => matches!(role, Role::Contact | Role::Officer | Role::Releaser),
        Kind::Request | Kind::Alert | Kind::Sighting => false,
    }
}
