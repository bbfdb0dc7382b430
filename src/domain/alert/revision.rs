//! What the publisher of an alert does to it later: a whole new version, or taking it back.

use serde::{Deserialize, Serialize};

use super::Alert;
use crate::base::{MessageId, Timestamp};
use crate::domain::handling::Tlp;
use crate::domain::{Faults, FieldError};

/// A new version of an alert, whole, in the place of the one before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertUpdate {
    /// Its number: one more than that of the version it replaces; the alert itself is version 1.
    pub version: u32,
    /// The message that carried the version it replaces.
    pub replaces: MessageId,
    /// When the first version was published.
    pub first_published: Timestamp,
    /// What is new, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<String>,
    /// The alert as it now reads.
    pub alert: Alert,
}

/// The publisher takes an alert back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertCancellation {
    /// The version that stood.
    pub version: u32,
    /// Why.
    pub reason: String,
}

impl AlertUpdate {
    /// Checks what does not depend on the version before it, or on the time of the check.
    pub(super) fn check(&self, faults: &mut Faults) {
        if self.version < 2 {
            faults.note("version", "not-allowed", "is 2 or more");
        }
        faults.optional("changes", self.changes.as_deref(), 5_000);
        self.alert.check(faults);
    }

    /// Checks it against the alert that it replaces.
    pub(super) fn check_against(&self, before: &Alert, faults: &mut Faults) {
        let red = |alert: &Alert| alert.handling.tlp == Tlp::Red;
        if red(&self.alert) && !red(before) {
            let what = "an alert that went wider does not become TLP:RED; cancel it, and publish \
                        another one to members named one by one";
            faults.note("handling.tlp", "not-allowed", what);
        }
    }
}

impl AlertCancellation {
    /// Checks every field.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        faults.text("reason", &self.reason, 5_000);
        faults.outcome()
    }
}
