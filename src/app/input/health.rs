//! The node's state, as it is asked for.

use super::Federation;
use crate::app::letters::LetterRow;
use crate::app::members::ListAlarm;
use crate::app::witness::WitnessReport;
use crate::base::{Digest, MemberId, NodeId, Timestamp};

/// The node's state, as far as the service knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthReply {
    /// The trust list in force.
    pub federation: Option<Federation>,
    /// The letters that somebody has to see to.
    pub letters: Vec<LetterRow>,
    /// The log's size.
    pub log_size: u64,
    /// The log's root.
    pub log_root: Digest,
    /// Entries that queries see.
    pub index_size: u64,
    /// What does not agree about the trust list.
    pub list_alarms: Vec<ListAlarm>,
    /// What waits for each other member, and since when: also for members that are out.
    pub waiting: Vec<(MemberId, u64, Option<Timestamp>)>,
    /// Nodes with a link.
    pub linked: Vec<NodeId>,
    /// How the logs stand.
    pub witness: WitnessReport,
}
