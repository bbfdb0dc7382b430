//! One exchange as a machine. Both sides hold the same events: what one side decides, the other
//! admits, and both apply.

use serde::{Deserialize, Serialize};

use super::command::may_cause;
use super::{
    Acceptance, Answer, Command, Ground, Outcome, PeerFault, Refused, Request, Scope, Side, State,
};
use crate::base::{Actor, Role, Timestamp};
use crate::domain::message::{Body, Event, Header, Kind};
use crate::domain::profile::Clock;

/// An exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    side: Side,
    /// Stored nowhere but in the message that opened the exchange: whoever keeps an exchange keeps
    /// that as well.
    #[serde(skip_serializing)]
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

    /// Decides what a person at the asked side may say; changes nothing. Ground `x5` comes out as
    /// the very answer no-hit.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn decide(&self, command: &Command, by: &Actor, _now: Timestamp) -> Result<Body, Refused> {
        if self.side != Side::Requested {
            return Err(Refused::NotAsked);
        }
        let kind = command.kind();
        if !may_cause(by.role, kind) {
            return Err(Refused::Role(by.role));
        }
        if !self.allows(kind) {
            return Err(Refused::State(self.state()));
        }
        let request = &self.request;
        match command {
            Command::Accept(acceptance) => {
                acceptance.validate().map_err(Refused::Invalid)?;
                Ok(Body::Acceptance(acceptance.clone()))
            }
            Command::Answer(answer) => {
                answer.validate(request).map_err(Refused::Invalid)?;
                Ok(Body::Answer(answer.normalised(request)))
            }
            Command::Refuse(refusal) => {
                refusal.validate(request).map_err(Refused::Invalid)?;
                Ok(match (refusal.ground, refusal.scope) {
                    (Ground::X5, Scope::Whole) => Body::Answer(Answer::no_hit(request)),
                    (Ground::X5, Scope::Part) => {
                        Body::Answer(Answer::no_hit_to(&refusal.questions, request))
                    }
                    _ => Body::Refusal(refusal.clone()),
                })
            }
        }
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
            // "Neither confirm nor deny" stays at the node that says it.
            Body::Refusal(refusal) if refusal.ground == Ground::X5 => return Err(PeerFault::Form),
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
        self.delivered = earliest(self.delivered, at);
    }

    /// A person at the asked side opened the request at `at`, by its clock.
    pub fn opened(&mut self, at: Timestamp) {
        self.read = earliest(self.read, at);
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
        // What was opened was delivered, even while the receipt that says since when is under way.
        let started = self.delivered.or(self.read)?;
        let mut clock = Clock::start(request.profile, request.urgency, started);
        if let Some((acceptance, _)) = &self.acceptance {
            clock = clock.accepted(request.urgency, acceptance.access);
        } else if self.partial {
            clock = clock.acknowledged(request.urgency);
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
            Kind::Acceptance => self.end.is_none() && self.acceptance.is_none(),
            Kind::Answer | Kind::Refusal => self.end.is_none(),
            Kind::Request | Kind::Alert | Kind::Sighting => false,
        }
    }
}

/// The earlier of what was known and what is said now.
fn earliest(known: Option<Timestamp>, said: Timestamp) -> Option<Timestamp> {
    Some(known.map_or(said, |known| known.min(said)))
}
