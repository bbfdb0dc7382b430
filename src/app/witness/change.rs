//! What of witnessing is on record: the changes, and the rows that follow from them.

use serde::{Deserialize, Serialize};

use crate::app::project::Projected;
use crate::app::rows::*;
use crate::app::view::View;
use crate::audit::{
    Checkpoint, Cosignature, EntryKind, EventCode, Evidence, Origin, SignedCheckpoint, Statement,
};
use crate::base::{Digest, MemberId, NodeId, Timestamp};
use crate::store::IndexError;

/// What is wrong with a log, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum LogFault {
    /// It signed two checkpoints that cannot be of one log; there is evidence.
    TwoHistories = 1,
    /// It did not show in time that two of its checkpoints are of one log.
    Unanswered = 2,
    /// The proof with which it showed that does not hold.
    Unproved = 3,
    /// The log of this node ends before a head that it signed.
    Behind = 4,
    /// Its node was restored from a backup: what came after the smaller size is lost, and the log goes
    /// on in its next incarnation.
    Restored = 5,
}

impl LogFault {
    /// Every fault.
    pub const ALL: [Self; 5] = [
        Self::TwoHistories,
        Self::Unanswered,
        Self::Unproved,
        Self::Behind,
        Self::Restored,
    ];

    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::TwoHistories => "two-histories",
            Self::Unanswered => "unanswered",
            Self::Unproved => "unproved",
            Self::Behind => "behind",
            Self::Restored => "restored",
        }
    }
}

/// A change that is about checkpoints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum WitnessChange {
    /// A checkpoint of another log continues what was cosigned of it before, and is cosigned.
    Witnessed {
        /// The checkpoint.
        signed: Box<SignedCheckpoint>,
    },
    /// Enough witnesses cosigned a peer's log over receipts that are kept here.
    ReceiptsWitnessed {
        /// The checkpoint.
        signed: Box<SignedCheckpoint>,
        /// The cosignatures.
        cosignatures: Vec<Cosignature>,
        /// The sizes and roots of the checkpoints under the receipts, with the proofs that it
        /// continues them.
        receipts: Vec<PrefixRecord>,
    },
    /// What a log shows does not fit what it showed before.
    Alarm {
        /// The log.
        origin: String,
        /// What is wrong.
        fault: LogFault,
        /// The smaller of the two sizes.
        first: u64,
        /// The other.
        second: u64,
        /// Who showed it.
        from: NodeId,
        /// The proof, where there is one that convinces others.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        evidence: Option<Box<Evidence>>,
    },
    /// A person took note of an alarm.
    Acknowledged {
        /// The log.
        origin: String,
        /// What is wrong with it.
        fault: LogFault,
        /// What the person says to it.
        note: String,
    },
    /// Nothing else happened for a while.
    Heartbeat,
}

/// A [`crate::audit::Prefix`] on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrefixRecord {
    /// The size.
    pub size: u64,
    /// The root.
    pub root: Digest,
    /// The proof of consistency.
    pub path: Vec<Digest>,
}

impl WitnessChange {
    /// What the log says in the open: the kind, the event, whom it is about, and the statement,
    /// if it is no note.
    pub(in crate::app) fn heading(
        &self,
    ) -> (EntryKind, EventCode, Option<MemberId>, Option<Statement>) {
        let operation = EntryKind::Operation;
        match self {
            Self::Witnessed { signed } => {
                let Checkpoint { origin, size, root } = signed.checkpoint;
                let statement = Statement::Witnessed { origin, size, root };
                let member = Some(origin.node.member);
                (operation, EventCode::Witnessed, member, Some(statement))
            }
            Self::ReceiptsWitnessed { signed, .. } => {
                let member = signed.checkpoint.origin.node.member;
                let event = EventCode::ReceiptsWitnessed;
                (EntryKind::Collection, event, Some(member), None)
            }
            Self::Alarm {
                origin,
                fault,
                evidence,
                ..
            } => {
                let event = match fault {
                    LogFault::TwoHistories => EventCode::FraudProved,
                    LogFault::Restored => EventCode::Restored,
                    LogFault::Unanswered | LogFault::Unproved | LogFault::Behind => {
                        EventCode::FederationAlarm
                    }
                };
                let Ok(origin) = origin.parse::<Origin>() else {
                    return (operation, event, None, None);
                };
                let evidence = evidence.as_ref().map(|evidence| evidence.encode());
                let statement = Statement::LogAlarm {
                    origin,
                    fault: *fault as u8,
                    evidence: Digest::of(&evidence.unwrap_or_default()),
                };
                (operation, event, Some(origin.node.member), Some(statement))
            }
            Self::Acknowledged { origin, .. } => {
                let origin = origin.parse::<Origin>().ok();
                let member = origin.map(|origin| origin.node.member);
                (operation, EventCode::AlarmAcknowledged, member, None)
            }
            Self::Heartbeat => (operation, EventCode::Heartbeat, None, None),
        }
    }
}

/// The latest checkpoint of another log that this node cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessRow {
    /// The checkpoint.
    pub signed: SignedCheckpoint,
    /// When it was recorded here.
    pub at: Timestamp,
}

/// The checkpoint under receipts of a peer that is not known to be witnessed yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptHeadRow {
    /// The entry that holds the first receipt with it.
    pub entry: u64,
    /// Its root.
    pub root: Digest,
}

/// The furthest checkpoint of a log that enough witnesses are known to have cosigned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogWitnessedRow {
    /// Entries.
    pub size: u64,
    /// The root.
    pub root: Digest,
    /// When that was known here.
    pub at: Timestamp,
    /// Who cosigned it.
    pub by: Vec<NodeId>,
}

/// An alarm about a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmRow {
    /// The entry that records it.
    pub entry: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// The smaller of the two sizes that do not fit together.
    pub first: u64,
    /// The other.
    pub second: u64,
    /// Who showed it.
    pub from: NodeId,
    /// Whether there is evidence that convinces others.
    pub evidence: bool,
    /// When a person took note of it, and what they said.
    pub acknowledged: Option<(Timestamp, String)>,
}

/// Writes the rows that follow from a change.
pub(in crate::app) fn project(
    view: &mut View<'_>,
    p: &Projected<'_>,
    change: &WitnessChange,
) -> Result<(), IndexError> {
    match change {
        WitnessChange::Witnessed { signed } => {
            let row = WitnessRow {
                signed: (**signed).clone(),
                at: p.at,
            };
            view.put(WITNESS, origin_key(signed.checkpoint.origin), row);
        }
        WitnessChange::ReceiptsWitnessed {
            signed,
            cosignatures,
            receipts,
        } => {
            let Checkpoint { origin, size, root } = signed.checkpoint;
            for receipt in receipts {
                let key = receipt_head_key(origin, receipt.size, receipt.root);
                view.delete(RECEIPT_HEAD, key);
            }
            let row = LogWitnessedRow {
                size,
                root,
                at: p.at,
                by: cosignatures.iter().map(|c| c.witness.node).collect(),
            };
            let known = view.row::<LogWitnessedRow>(LOG_WITNESSED, &origin_key(origin))?;
            if known.is_none_or(|known| known.size <= size) {
                view.put(LOG_WITNESSED, origin_key(origin), row);
            }
        }
        WitnessChange::Alarm {
            origin,
            fault,
            first,
            second,
            from,
            evidence,
        } => {
            let row = AlarmRow {
                entry: p.entry,
                at: p.at,
                first: *first,
                second: *second,
                from: *from,
                evidence: evidence.is_some(),
                acknowledged: None,
            };
            if let Ok(origin) = origin.parse() {
                view.put(LOG_ALARM, alarm_key(origin, *fault as u8), row);
            }
        }
        WitnessChange::Acknowledged {
            origin,
            fault,
            note,
        } => {
            let Ok(origin) = origin.parse() else {
                return Ok(());
            };
            let key = alarm_key(origin, *fault as u8);
            if let Some(mut row) = view.row::<AlarmRow>(LOG_ALARM, &key)? {
                row.acknowledged = Some((p.at, note.clone()));
                view.put(LOG_ALARM, key, row);
            }
        }
        WitnessChange::Heartbeat => (),
    }
    Ok(())
}

/// Remembers that the checkpoint under a kept receipt awaits its witnesses. Receipts that share
/// theirs with another entry have nothing to add to what that one said.
pub(in crate::app) fn receipt_head(
    view: &mut View<'_>,
    entry: u64,
    checkpoint: &Checkpoint,
) -> Result<(), IndexError> {
    let root = checkpoint.root;
    let key = receipt_head_key(checkpoint.origin, checkpoint.size, root);
    if view.row::<ReceiptHeadRow>(RECEIPT_HEAD, &key)?.is_none() {
        view.add(RECEIPT_HEAD, key, ReceiptHeadRow { entry, root });
    }
    Ok(())
}
