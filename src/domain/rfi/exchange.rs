//! One exchange as a machine. Both sides hold the same events: what one side decides, the other
//! admits, and both apply.

use serde::{Deserialize, Serialize};

use super::{Acceptance, Answer, Outcome, Refusal, Request, Scope};
use crate::base::{Actor, Role, Timestamp};
use crate::domain::FieldError;
use crate::domain::message::{Body, Event, Header, Kind};
use crate::domain::profile::Clock;

codes! {
    /// Where an exchange stands. The states of the whole life-cycle have their names here; which
    /// of them can be reached is what [`Exchange::decide`] allows.
    State {
        /// It waits to be delivered.
        Queued = "queued",
        /// The asked side's log holds it.
        Delivered = "delivered",
        /// A person there opened it.
        Read = "read",
        /// The asked side took it on.
        Accepted = "accepted",
        /// It was passed on to the competent authority.
        Channelled = "channelled",
        /// The asked side waits for a judicial authorisation.
        AwaitingAuthorisation = "awaiting-authorisation",
        /// The asked side needs to know more.
        ClarificationRequested = "clarification-requested",
        /// A part was answered; more may follow.
        PartialAnswer = "partial-answer",
        /// It was answered.
        Answered = "answered",
        /// It was refused.
        Refused = "refused",
        /// The asking side said what became of it.
        Feedback = "feedback",
        /// The asking side took it back.
        Withdrawn = "withdrawn",
        /// Another request took its place.
        Superseded = "superseded",
        /// It was passed on to another member.
        Transferred = "transferred",
        /// It is finished.
        Closed = "closed",
    }
}

codes! {
    /// Which end of the exchange a node is.
    Side {
        /// It asked.
        Requesting = "requesting",
        /// It was asked.
        Requested = "requested",
    }
}

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

/// An exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    side: Side,
    request: Request,
    created: Timestamp,
    delivered: Option<Timestamp>,
    read: Option<Timestamp>,
    acceptance: Option<(Acceptance, Timestamp)>,
    partial: bool,
    end: Option<End>,
}

/// How it ended. A whole answer and a whole refusal both end it, whichever is applied first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum End {
    Answered(Timestamp),
    Refused(Timestamp),
}

impl Exchange {
    /// The exchange that a request opens; none for any other message. `at` is when this node
    /// recorded it: for the asked side that is the receipt, from which the clock runs.
    pub fn open(side: Side, header: &Header, event: &Event, at: Timestamp) -> Option<Self> {
        let Body::Request(request) = &event.body else {
            return None;
        };
        Some(Self {
            side,
            request: (**request).clone(),
            created: header.created,
            delivered: (side == Side::Requested).then_some(at),
            read: None,
            acceptance: None,
            partial: false,
            end: None,
        })
    }

    /// Whether a peer's request may open an exchange here.
    ///
    /// # Errors
    /// [`PeerFault`].
    pub fn admit_request(header: &Header, event: &Event) -> Result<(), PeerFault> {
        let Body::Request(request) = &event.body else {
            return Err(PeerFault::Form);
        };
        if !matches!(event.by.role, Role::Officer | Role::Releaser) {
            return Err(PeerFault::Role);
        }
        if request.priority() != header.priority || request.handling != header.handling {
            return Err(PeerFault::Form);
        }
        request.validate().map_err(|_| PeerFault::Form)
    }

    /// Decides what a person at the asked side may say; changes nothing.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn decide(&self, command: &Command, by: &Actor, _now: Timestamp) -> Result<Body, Refused> {
        if self.side != Side::Requested {
            return Err(Refused::NotAsked);
        }
        let body = match command {
            Command::Accept(acceptance) => {
                acceptance.validate().map_err(Refused::Invalid)?;
                Body::Acceptance(acceptance.clone())
            }
            Command::Answer(answer) => {
                answer.validate(&self.request).map_err(Refused::Invalid)?;
                Body::Answer(answer.clone())
            }
            Command::Refuse(refusal) => {
                refusal.validate(&self.request).map_err(Refused::Invalid)?;
                Body::Refusal(refusal.clone())
            }
        };
        if !may_cause(by.role, body.kind()) {
            return Err(Refused::Role(by.role));
        }
        if !self.allows(body.kind()) {
            return Err(Refused::State(self.state()));
        }
        Ok(body)
    }

    /// Whether an event of the asked side fits; changes nothing.
    ///
    /// # Errors
    /// [`PeerFault`].
    pub fn admit(&self, header: &Header, event: &Event) -> Result<(), PeerFault> {
        if self.side != Side::Requesting {
            return Err(PeerFault::Side);
        }
        if header.priority != self.request.priority() {
            return Err(PeerFault::Form);
        }
        let kind = event.body.kind();
        if !may_cause(event.by.role, kind) {
            return Err(PeerFault::Role);
        }
        if !self.allows(kind) {
            return Err(PeerFault::State);
        }
        match &event.body {
            Body::Acceptance(acceptance) => acceptance.validate(),
            Body::Answer(answer) => answer.validate(&self.request),
            Body::Refusal(refusal) => refusal.validate(&self.request),
            Body::Request(_) | Body::Alert(_) | Body::Sighting(_) => {
                return Err(PeerFault::Form);
            }
        }
        .map_err(|_| PeerFault::Form)
    }

    /// Applies an event that was decided here or admitted.
    pub fn apply(&mut self, _header: &Header, event: &Event, _recorded: Timestamp) {
        // Both sides stop and set clocks by the asked side's time, so that they show the same.
        let at = event.at;
        match &event.body {
            Body::Acceptance(acceptance) => {
                self.acceptance
                    .get_or_insert_with(|| (acceptance.clone(), at));
            }
            Body::Answer(answer) => match answer.outcome {
                Outcome::Partial => self.partial = true,
                Outcome::Hit | Outcome::NoHit | Outcome::NotAvailable => {
                    self.end.get_or_insert(End::Answered(at));
                }
            },
            Body::Refusal(refusal) => match refusal.scope {
                Scope::Part => self.partial = true,
                Scope::Whole => {
                    self.end.get_or_insert(End::Refused(at));
                }
            },
            Body::Request(_) | Body::Alert(_) | Body::Sighting(_) => (),
        }
    }

    /// The asked side's log holds the request since `at`, by its clock.
    pub fn delivered(&mut self, at: Timestamp) {
        self.delivered.get_or_insert(at);
    }

    /// A person at the asked side opened the request.
    pub fn opened(&mut self, at: Timestamp) {
        self.read.get_or_insert(at);
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        match (self.end, self.partial, &self.acceptance) {
            (Some(End::Answered(_)), _, _) => State::Answered,
            (Some(End::Refused(_)), _, _) => State::Refused,
            (None, true, _) => State::PartialAnswer,
            (None, false, Some(_)) => State::Accepted,
            (None, false, None) if self.read.is_some() => State::Read,
            (None, false, None) if self.delivered.is_some() => State::Delivered,
            (None, false, None) => State::Queued,
        }
    }

    /// The clock; none until the asked side has receipted the request.
    pub fn clock(&self) -> Option<Clock> {
        let request = &self.request;
        let started = self.delivered?;
        let mut clock = Clock::start(request.profile, request.urgency, started);
        if let Some((acceptance, _)) = &self.acceptance {
            clock = clock.accepted(request.urgency, acceptance.access);
        }
        clock.stopped = self.end.map(|end| match end {
            End::Answered(at) | End::Refused(at) => at,
        });
        Some(clock)
    }

    /// Which end this node is.
    pub fn side(&self) -> Side {
        self.side
    }

    /// The request.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// When the request was made.
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// The asked side's reference, once it accepted and gave one.
    pub fn their_reference(&self) -> Option<&str> {
        let (acceptance, _) = self.acceptance.as_ref()?;
        acceptance.reference.as_deref()
    }

    /// Whether the state allows an event of the asked side.
    pub fn allows(&self, kind: Kind) -> bool {
        match kind {
            Kind::Acceptance => self.end.is_none() && self.acceptance.is_none() && !self.partial,
            Kind::Answer | Kind::Refusal => self.end.is_none(),
            Kind::Request | Kind::Alert | Kind::Sighting => false,
        }
    }
}

/// Whether a role of the asked side can cause an event.
fn may_cause(role: Role, kind: Kind) -> bool {
    match kind {
        Kind::Acceptance | Kind::Refusal => matches!(role, Role::Contact | Role::Releaser),
        Kind::Answer => matches!(role, Role::Contact | Role::Officer | Role::Releaser),
        Kind::Request | Kind::Alert | Kind::Sighting => false,
    }
}
