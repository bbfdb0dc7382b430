//! The shapes of what is done at one's own node.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::{MemberId, PersonId, Role, Timestamp};

/// `POST /exchanges/{id}/justifications`: why an exchange that names persons is opened; 204, on
/// record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Justify {
    /// Why, on one line of at most 500 characters.
    pub why: String,
}

/// One entry of `GET /log?kind=…&event=…&role=…&person=…&exchange=…&peer=…&since=…&until=…`, the
/// latest first: who did what, when and why, never the content. Reading it is on record too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogEntry {
    /// Its place, from 0.
    pub entry: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Which kind of processing, such as `consultation`.
    pub kind: String,
    /// What happened, such as `exchange-read`.
    pub event: String,
    /// The role in which it was caused.
    pub role: Role,
    /// Who caused it, by pseudonym.
    pub person: PersonId,
    /// The exchange or alert, by its pseudonym in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<String>,
    /// The other member, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<MemberId>,
    /// Why, where a reading was justified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}
