//! How the members' logs stand, as each member witnesses the others'.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::{Digest, NodeId, Timestamp};

/// `GET /witness`: how the logs stand. Without content; open to every signed-in person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WitnessView {
    /// This node's own log.
    pub own: OwnLogView,
    /// The logs of other nodes.
    pub logs: Vec<LogView>,
    /// Alarms about logs, those that somebody took note of included.
    pub alarms: Vec<LogAlarmView>,
}

/// This node's own log before its witnesses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OwnLogView {
    /// The log's origin line.
    pub origin: String,
    /// Entries.
    pub size: u64,
    /// How many members may cosign it: all others.
    pub witnesses: u64,
    /// How many of them make it witnessed; none where there is nobody.
    pub quorum: Option<u64>,
    /// The furthest checkpoint that so many cosigned.
    pub witnessed: Option<WitnessedView>,
    /// Whether entries wait for cosignatures that were asked for.
    pub waiting: bool,
    /// For how many seconds they wait.
    pub waiting_seconds: Option<u64>,
}

/// A checkpoint that enough witnesses cosigned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WitnessedView {
    /// Entries under it.
    pub size: u64,
    /// Its root.
    pub root: Digest,
    /// When this node knew.
    pub at: Timestamp,
    /// Who cosigned it.
    pub by: Vec<NodeId>,
}

/// Another node's log, as this node sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogView {
    /// The node.
    pub node: NodeId,
    /// The log's origin line.
    pub origin: String,
    /// Whether its node is linked.
    pub linked: bool,
    /// The size of the furthest head that was heard of since this node started.
    pub seen: Option<u64>,
    /// When that head was first heard of.
    pub seen_at: Option<Timestamp>,
    /// The size that this node cosigned last.
    pub cosigned: Option<u64>,
    /// When it did.
    pub cosigned_at: Option<Timestamp>,
    /// The size of this node's log that the other cosigned last.
    pub cosigned_ours: Option<u64>,
    /// The furthest size under which receipts of it are known to be witnessed.
    pub witnessed: Option<u64>,
    /// For how many seconds the log of a linked node has shown nothing new, where that is too long.
    pub silent_seconds: Option<u64>,
    /// Pairs of sizes that its node is asked to show to be of one log.
    pub challenged: Vec<(u64, u64)>,
}

/// An alarm about a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogAlarmView {
    /// The log's origin line.
    pub origin: String,
    /// `two-histories`, `unanswered`, `unproved` or `behind`.
    pub fault: String,
    /// The smaller of the two sizes that do not fit together.
    pub first: u64,
    /// The other.
    pub second: u64,
    /// Which node showed it.
    pub from: NodeId,
    /// When it was recorded.
    pub at: Timestamp,
    /// This node's log entry for it.
    pub entry: u64,
    /// Whether `GET /witness/evidence/{origin}` has a proof that convinces others.
    pub evidence: bool,
    /// When somebody took note of it.
    pub acknowledged_at: Option<Timestamp>,
    /// What they said.
    pub note: Option<String>,
}

/// `POST /witness/acknowledgements`: take note of an alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgeLogAlarm {
    /// The log's origin line.
    pub origin: String,
    /// What is wrong with it.
    pub fault: String,
    /// What was found and done.
    pub note: String,
}
