//! Searching, and what a request has in common with others.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AlertSummary, Direction, ExchangeSummary};
use crate::base::{MemberId, MessageId, Timestamp};

/// `POST /search`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Words or a number, at most 300 characters. All words have to stand in one name, or in one
    /// alert; an id finds the exchange or alert that has it.
    pub query: String,
    /// `plate`, `vin`, `phone`, `device`, `document`, `account`, `registration`, `name`,
    /// `reference` or `word`; none for any of them.
    #[serde(default)]
    pub kind: Option<String>,
    /// At most so many, up to 500; 100 if left out.
    #[serde(default)]
    pub limit: Option<usize>,
    /// The last page's `next`. A page may be short, and even empty, and have a next one.
    #[serde(default)]
    pub cursor: Option<String>,
}

/// Something that was found: an exchange or an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SearchHit {
    /// The exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<ExchangeSummary>,
    /// The alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<AlertSummary>,
    /// What of it was found; empty if it was named by its id.
    pub matched: Vec<MatchedTerm>,
}

/// What stands in both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MatchedTerm {
    /// What it is, such as `plate` or `name`.
    pub kind: String,
    /// `exact`, or `alike` where it is spelt otherwise and may be another.
    pub strength: String,
}

/// Another exchange about the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EarlierExchange {
    /// The exchange.
    pub id: MessageId,
    /// Which end this node is.
    pub direction: Direction,
    /// The other member.
    pub peer: MemberId,
    /// The asking side's reference.
    pub reference: String,
    /// When the request was made.
    pub created: Timestamp,
    /// Where it stands, such as `answered`.
    pub state: String,
    /// What stands in both.
    pub matched: Vec<MatchedTerm>,
}
