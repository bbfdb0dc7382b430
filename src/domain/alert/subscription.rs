//! Which corridors a member wants alerts about.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Corridor;
use crate::base::{MessageId, Role, Timestamp};
use crate::domain::handling::{Handling, HandlingCode, Tlp};
use crate::domain::message::{Body, Event, Header, Priority};
use crate::domain::{Faults, FieldError};

use super::command::{AlertFault, may_cause};

/// What a member tells all others. The latest counts; a member that never said anything gets
/// every alert that is sent by corridor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// From when on, by the member's clock: later than in all that it said before.
    pub since: Timestamp,
    /// The corridors; empty for none.
    pub corridors: Vec<Corridor>,
}

impl Subscription {
    /// How soon it must get through.
    pub const PRIORITY: Priority = Priority::Routine;

    /// What receivers may do with it: it is no secret among the members.
    pub fn handling() -> Handling {
        Handling {
            codes: vec![HandlingCode::H0],
            restriction: None,
            tlp: Tlp::Green,
            chatham_house: false,
            retention_days: 5 * 365,
        }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        faults.distinct("corridors", &self.corridors);
        faults.outcome()
    }

    /// Whether the member wants alerts about it.
    pub fn wants(&self, corridor: Corridor) -> bool {
        self.corridors.contains(&corridor)
    }

    /// Whether a person in this role may subscribe for their member.
    pub fn may_cause(role: Role) -> bool {
        may_cause(role, crate::domain::message::Kind::Subscription)
    }

    /// Whether a peer's subscription is taken.
    ///
    /// # Errors
    /// [`AlertFault`].
    pub fn admit(header: &Header, event: &Event) -> Result<(), AlertFault> {
        let Body::Subscription(subscription) = &event.body else {
            return Err(AlertFault::Form);
        };
        if !Self::may_cause(event.by.role) {
            return Err(AlertFault::Role);
        }
        if header.priority != Self::PRIORITY || header.handling != Self::handling() {
            return Err(AlertFault::Form);
        }
        subscription.validate().map_err(|_| AlertFault::Form)
    }

    /// Whether it counts instead of another of the same member, whichever came first. Each is
    /// given with the message that carried it, which decides between two of one time.
    pub fn outdoes(&self, message: MessageId, other: &Self, others_message: MessageId) -> bool {
        (self.since, message) > (other.since, others_message)
    }
}
