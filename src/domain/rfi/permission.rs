//! Permission to pass something on: the holder asks, the originator grants or refuses. A grant is
//! for one message, one member and one purpose, ends at a time, and is used once.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::{Digest, MemberId, MessageId, Timestamp};
use crate::domain::{Faults, FieldError};

/// The longest time for which a permission is given.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3_600);

/// A holder asks whether it may pass a message of the other side on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PermissionRequest {
    /// The message.
    pub message: MessageId,
    /// What its signature covers.
    pub leaf: Digest,
    /// The member that it is to go to.
    pub to: MemberId,
    /// What for.
    pub purpose: String,
}

/// The originator allows it, once. It says again what it allows, so that it can be checked alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PermissionGrant {
    /// The message that asked for it.
    pub request: MessageId,
    /// The message that may be passed on.
    pub message: MessageId,
    /// What its signature covers.
    pub leaf: Digest,
    /// The member that it may go to.
    pub to: MemberId,
    /// What for.
    pub purpose: String,
    /// When it ends.
    pub expires: Timestamp,
}

/// The originator does not allow it, or takes back a permission that it had not yet seen used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PermissionRefusal {
    /// The message that asked for it.
    pub request: MessageId,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl PermissionRequest {
    /// Checks every field; `sides` are the members of the exchange.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self, sides: [MemberId; 2]) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        check_terms(self.to, &self.purpose, sides, &mut faults);
        faults.outcome()
    }

    /// The grant of it.
    pub fn granted(self, request: MessageId, expires: Timestamp) -> PermissionGrant {
        PermissionGrant {
            request,
            message: self.message,
            leaf: self.leaf,
            to: self.to,
            purpose: self.purpose,
            expires,
        }
    }
}

impl PermissionGrant {
    /// Checks every field; `at` is when it is given.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self, sides: [MemberId; 2], at: Timestamp) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        check_terms(self.to, &self.purpose, sides, &mut faults);
        if self.expires <= at || self.expires > at.plus(LONGEST) {
            let what = "lies ahead, by at most 366 days";
            faults.note("expires", "not-allowed", what);
        }
        faults.outcome()
    }

    /// What it was asked for.
    pub fn terms(&self) -> PermissionRequest {
        PermissionRequest {
            message: self.message,
            leaf: self.leaf,
            to: self.to,
            purpose: self.purpose.clone(),
        }
    }
}

impl PermissionRefusal {
    /// Checks every field.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        faults.optional("reason", self.reason.as_deref(), 5_000);
        faults.outcome()
    }
}

fn check_terms(to: MemberId, purpose: &str, sides: [MemberId; 2], faults: &mut Faults) {
    if sides.contains(&to) {
        let what = "is a member that is no side of this exchange";
        faults.note("to", "not-allowed", what);
    }
    faults.text("purpose", purpose, 2_000);
}
