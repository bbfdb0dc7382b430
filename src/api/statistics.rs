//! What a year's exchanges and alerts count up to: numbers alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /statistics?year=2026`: a year in numbers, of what is real. Exchanges belong to the year in
/// which their request was released, alerts to that of their first version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Statistics {
    /// The year, in UTC.
    pub year: u16,
    /// Requests of this member; none for an observer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<ExchangeStatistics>,
    /// Requests to this member; none for an observer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<ExchangeStatistics>,
    /// Alerts of all members, as far as this node has them.
    pub alerts: AlertStatistics,
}

/// Exchanges of one direction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExchangeStatistics {
    /// All of them.
    pub count: u64,
    /// Those that are not routine.
    pub urgent: u64,
    /// Those that ran, or were answered, past their time limit.
    pub late: u64,
    /// By the other member.
    pub by_member: BTreeMap<String, u64>,
    /// By the state in which they are now.
    pub by_state: BTreeMap<String, u64>,
    /// Refused ones, in whole or in part, by ground as it was told to the other side.
    pub by_ground: BTreeMap<String, u64>,
}

/// Alerts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertStatistics {
    /// All of them.
    pub count: u64,
    /// Those that hold now.
    pub current: u64,
    /// How often another member saw it too.
    pub sightings: u64,
    /// How often another member saw it otherwise.
    pub contradictions: u64,
    /// By the member that published it.
    pub by_member: BTreeMap<String, u64>,
    /// By corridor; `none` where none was named.
    pub by_corridor: BTreeMap<String, u64>,
    /// By event type.
    pub by_event: BTreeMap<String, u64>,
}
