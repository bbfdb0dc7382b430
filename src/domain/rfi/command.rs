//! What people may say in an exchange, and why it, or a peer's event, is not taken.

use serde::{Deserialize, Serialize};

use super::{
    Acceptance, Answer, AwaitingAuthorisation, Channelling, Clarification, ClarificationRequest,
    Closing, Correction, Feedback, Ground, Move, Notice, Outcome, PermissionGrant,
    PermissionRefusal, PermissionRequest, Refusal, Reopening, Request, Scope, State, Supersession,
    Transfer, Unfit, Withdrawal,
};
use crate::base::Role;
use crate::domain::FieldError;
use crate::domain::message::{Body, Kind};

/// What a person wants to say in an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Take the request on.
    Accept(Acceptance),
    /// Ask what it means.
    AskClarification(ClarificationRequest),
    /// Pass it to the competent authority.
    Channel(Channelling),
    /// Announce that an authorisation is awaited.
    Await(AwaitingAuthorisation),
    /// Answer it, whole or in part.
    Answer(Answer),
    /// Refuse it, whole or in part, by ground.
    Refuse(Refusal),
    /// Name the member that is to be asked instead.
    Transfer(Transfer),
    /// Say what the asked side wanted to know.
    Clarify(Clarification),
    /// Say whether an answer helped.
    Feedback(Feedback),
    /// Take one's request back.
    Withdraw(Withdrawal),
    /// Put another request in its place.
    Supersede(Supersession),
    /// Be done with it.
    Close(Closing),
    /// Take it up again.
    Reopen(Reopening),
    /// Say that something that was said is wrong.
    Correct(Correction),
    /// Ask whether a message of the other side may be passed on.
    AskPermission(PermissionRequest),
    /// Allow it.
    GrantPermission(PermissionGrant),
    /// Do not allow it, or no longer.
    RefusePermission(PermissionRefusal),
    /// Say that what was owed is done.
    Notify(Notice),
}

impl Command {
    /// What it would do to the exchange.
    pub fn what(&self) -> Move {
        match self {
            Self::Accept(_) => Move::Accept,
            Self::AskClarification(_) => Move::AskClarification,
            Self::Channel(_) => Move::Channel,
            Self::Await(_) => Move::Await,
            Self::Answer(answer) => match answer.outcome {
                Outcome::Partial => Move::AnswerPart,
                Outcome::Hit | Outcome::NoHit | Outcome::NotAvailable => Move::Answer,
            },
            Self::Refuse(refusal) => match refusal.scope {
                Scope::Part => Move::RefusePart,
                Scope::Whole => Move::Refuse,
            },
            Self::Transfer(_) => Move::Transfer,
            Self::Clarify(_) => Move::Clarify,
            Self::Feedback(_) => Move::Feedback,
            Self::Withdraw(_) => Move::Withdraw,
            Self::Supersede(_) => Move::Supersede,
            Self::Close(_) => Move::Close,
            Self::Reopen(_) => Move::Reopen,
            Self::Correct(_) => Move::Correct,
            Self::AskPermission(_) => Move::AskPermission,
            Self::GrantPermission(_) => Move::GrantPermission,
            Self::RefusePermission(_) => Move::RefusePermission,
            Self::Notify(_) => Move::Notify,
        }
    }

    /// What leaves the node. An answer of no-hits alone gets the one form that all of them share,
    /// and so does a refusal by ground `x5`.
    pub(super) fn body(&self, request: &Request) -> Result<Body, Vec<FieldError>> {
        Ok(match self {
            Self::Accept(said) => Body::Acceptance(said.clone()),
            Self::AskClarification(said) => Body::ClarificationRequest(said.clone()),
            Self::Channel(said) => Body::Channelling(said.clone()),
            Self::Await(said) => Body::AwaitingAuthorisation(said.clone()),
            Self::Answer(answer) => {
                answer.validate(request)?;
                Body::Answer(answer.normalised(request))
            }
            Self::Refuse(refusal) => {
                refusal.validate(request)?;
                match (refusal.ground, refusal.scope) {
                    (Ground::X5, Scope::Whole) => Body::Answer(Answer::no_hit(request)),
                    (Ground::X5, Scope::Part) => {
                        Body::Answer(Answer::no_hit_to(&refusal.questions, request))
                    }
                    _ => Body::Refusal(refusal.clone()),
                }
            }
            Self::Transfer(said) => Body::Transfer(said.clone()),
            Self::Clarify(said) => Body::Clarification(said.clone()),
            Self::Feedback(said) => Body::Feedback(said.clone()),
            Self::Withdraw(said) => Body::Withdrawal(said.clone()),
            Self::Supersede(said) => Body::Supersession(said.clone()),
            Self::Close(said) => Body::Closing(said.clone()),
            Self::Reopen(said) => Body::Reopening(said.clone()),
            Self::Correct(said) => Body::Correction(said.clone()),
            Self::AskPermission(said) => Body::PermissionRequest(said.clone()),
            Self::GrantPermission(said) => Body::PermissionGrant(said.clone()),
            Self::RefusePermission(said) => Body::PermissionRefusal(said.clone()),
            Self::Notify(said) => Body::Notice(said.clone()),
        })
    }
}

/// Why a person may not say it now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Only the asked side says that.
    #[error("only the asked side can do this")]
    NotAsked,
    /// Only the asking side says that.
    #[error("only the asking side can do this")]
    NotAsking,
    /// The role may not.
    #[error("the role {0} may not do this")]
    Role(Role),
    /// The exchange has gone past it, or has not come to it.
    #[error("the exchange is {0}, which does not allow this")]
    State(State),
    /// The message, the permission or the correction that it is about does not allow it.
    #[error(transparent)]
    Unfit(Unfit),
    /// This side has said as much as one exchange takes.
    #[error("this side has said as much as one exchange takes")]
    Full,
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
            Self::NotAsking => "not-the-asking-side",
            Self::Role(_) => "role-may-not",
            Self::State(_) => "not-in-this-state",
            Self::Unfit(unfit) => unfit.code(),
            Self::Full => "exchange-full",
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
    /// What its author had seen does not allow it.
    #[error("the state does not allow the event")]
    State,
    /// What it says that its author had seen is not in the exchange, or is less than before.
    #[error("the event does not continue the exchange")]
    Chain,
    /// The content breaks the rules of its form.
    #[error("the event breaks the rules of its form")]
    Form,
    /// It is an exercise in something actual, or the other way round.
    #[error("the event is of another status than the exchange")]
    Status,
}

impl From<Unfit> for PeerFault {
    fn from(unfit: Unfit) -> Self {
        if unfit.is_unknown() {
            Self::Chain
        } else {
            Self::State
        }
    }
}

/// Whether a role can cause an event within an exchange.
pub(super) fn may_cause(role: Role, kind: Kind) -> bool {
    match kind {
        Kind::Acceptance
        | Kind::Refusal
        | Kind::Transfer
        | Kind::PermissionGrant
        | Kind::PermissionRefusal => {
            matches!(role, Role::Contact | Role::Releaser)
        }
        Kind::ClarificationRequest
        | Kind::Channelling
        | Kind::AwaitingAuthorisation
        | Kind::Answer
        | Kind::Correction
        | Kind::PermissionRequest
        | Kind::Notice => matches!(role, Role::Contact | Role::Officer | Role::Releaser),
        Kind::Clarification
        | Kind::Feedback
        | Kind::Withdrawal
        | Kind::Supersession
        | Kind::Closing
        | Kind::Reopening => matches!(role, Role::Officer | Role::Releaser),
        Kind::Request
        | Kind::Alert
        | Kind::Sighting
        | Kind::AlertUpdate
        | Kind::AlertCancellation
        | Kind::Contradiction
        | Kind::Acknowledgement
        | Kind::Subscription => false,
    }
}
