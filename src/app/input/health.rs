//! The node's state, as it is asked for.

use super::Federation;
use crate::app::clock::ClockDoubt;
use crate::app::duty::AllPressing;
use crate::app::letters::LetterRow;
use crate::app::members::{KeyAlarm, ListAlarm, Withheld};
use crate::app::rows::PendingAlarm;
use crate::app::witness::WitnessReport;
use crate::base::{Digest, MemberId, NodeId, Timestamp};
use crate::exchange::Refusal;

/// The node's state, as far as the service knows it.
#[derive(Debug, Clone)]
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
    /// What is to be told of the trust list.
    pub list_alarms: Vec<ListAlarm>,
    /// What is to be told of keys.
    pub key_alarms: Vec<KeyAlarm>,
    /// Members that get nothing now, why, and what waits for each.
    pub out: Vec<(MemberId, Withheld, u64)>,
    /// What waits for each other member, and since when: also for members that are out.
    pub waiting: Vec<(MemberId, u64, Option<Timestamp>)>,
    /// Why members take nothing now of what waits for them, and since when.
    pub refusing: Vec<(MemberId, Refusal, Timestamp)>,
    /// Members that want to send more than is taken of them in a day, and since when.
    pub exceeding: Vec<(MemberId, Timestamp)>,
    /// Since when content is due for erasure and waits for the clock, and why.
    pub erasure_waits: Option<(Timestamp, ClockDoubt)>,
    /// Since when content is due for erasure for which the disk has no room.
    pub erasure_has_no_room: Option<Timestamp>,
    /// Nodes with a link.
    pub linked: Vec<NodeId>,
    /// How the logs stand.
    pub witness: WitnessReport,
    /// What presses, for those who may know of it.
    pub pressing: AllPressing,
    /// Escalations that the alarm command did not take, with how it failed.
    pub alarms_failed: Vec<PendingAlarm>,
}
