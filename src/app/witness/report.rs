//! How the logs of the federation stand, for people: what was seen, what is cosigned, what is wrong.

use super::{
    AlarmRow, LogFault, LogWitnessedRow, WitnessChange, WitnessRow, alarm, record_by, witnesses,
};
use crate::app::content::read_change;
use crate::app::error::AppError;
use crate::app::input::Reply;
use crate::app::permit::{Action, Permit};
use crate::app::rows::*;
use crate::app::service::{Service, Stop, Turn};
use crate::audit::{Checkpoint, Evidence, Origin, quorum};
use crate::base::{NodeId, Timestamp};
use crate::domain::FieldError;
use crate::store::IndexError;

/// Alarms that are listed at most.
pub(super) const MOST_ALARMS: usize = 1_000;

/// The longest note to an alarm, in bytes.
const LONGEST_NOTE: usize = 2_000;

/// What a person asks about witnesses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WitnessAsk {
    /// How the logs stand.
    Report,
    /// Take note of an alarm.
    Acknowledge {
        /// The log.
        origin: Origin,
        /// What is wrong with it.
        fault: LogFault,
        /// What the person says to it.
        note: String,
    },
    /// The proof that a log has two histories.
    Evidence {
        /// The log.
        origin: Origin,
    },
}

impl WitnessAsk {
    /// The actions of which one is needed.
    pub(in crate::app) fn actions(&self) -> &'static [Action] {
        match self {
            Self::Report => &[Action::ReadHealth],
            Self::Acknowledge { .. } => &[Action::AcknowledgeAlarm],
            Self::Evidence { .. } => &[Action::ReadEvidence],
        }
    }
}

/// The answer to a [`WitnessAsk`].
#[derive(Debug, Clone, PartialEq)]
pub enum WitnessReply {
    /// How the logs stand.
    Report(Box<WitnessReport>),
    /// The proof that a log has two histories.
    Evidence(Box<Evidence>),
}

/// How the logs of the federation stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessReport {
    /// This node's own.
    pub own: OwnReport,
    /// Every other log that is known.
    pub logs: Vec<LogReport>,
    /// Alarms about logs, those that nobody took note of and others.
    pub alarms: Vec<AlarmReport>,
}

/// How this node's own log stands before its witnesses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnReport {
    /// The log.
    pub origin: Origin,
    /// Entries.
    pub size: u64,
    /// How many members may cosign it.
    pub witnesses: usize,
    /// How many of them make it witnessed; none where nobody can.
    pub quorum: Option<usize>,
    /// The furthest checkpoint that so many cosigned.
    pub witnessed: Option<LogWitnessedRow>,
    /// The size that waits for cosignatures, and since how many seconds; none where nothing waits.
    pub waiting: Option<(u64, u64)>,
}

/// How another log stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogReport {
    /// The log.
    pub origin: Origin,
    /// Whether its node is linked.
    pub linked: bool,
    /// The furthest head that was heard of since this node started, and when first.
    pub head: Option<(Checkpoint, Timestamp)>,
    /// The checkpoint that this node cosigned last, and when.
    pub cosigned: Option<(u64, Timestamp)>,
    /// The size of this node's log that its node cosigned last, by its word.
    pub cosigned_ours: Option<u64>,
    /// The furthest of its checkpoints that is known to be witnessed.
    pub witnessed: Option<u64>,
    /// For how many seconds a linked log has shown nothing new, where that is too long.
    pub silent: Option<u64>,
    /// Pairs of sizes that it is asked to show to be of one log.
    pub challenged: Vec<(u64, u64)>,
}

/// An alarm about a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmReport {
    /// The log.
    pub origin: Origin,
    /// What is wrong.
    pub fault: LogFault,
    /// The rest.
    pub row: AlarmRow,
}

/// How the logs stand.
pub(in crate::app) fn report(
    service: &Service,
    turn: &Turn<'_>,
) -> Result<WitnessReport, IndexError> {
    let mut alarms = Vec::new();
    for (key, row) in turn
        .view
        .range::<AlarmRow>(LOG_ALARM, &[], None, MOST_ALARMS)?
    {
        if let Some((origin, fault)) = alarm_of(&key) {
            alarms.push(AlarmReport { origin, fault, row });
        }
    }
    Ok(WitnessReport {
        own: own(service, turn)?,
        logs: logs(service, turn)?,
        alarms,
    })
}

fn own(service: &Service, turn: &Turn<'_>) -> Result<OwnReport, IndexError> {
    let origin = turn.log.origin();
    let federation = service.federation.as_ref();
    let witnesses = federation.map_or(0, |federation| witnesses(federation, origin).len());
    let witnessed = turn
        .view
        .row::<LogWitnessedRow>(LOG_WITNESSED, &origin_key(origin))?;
    let own = &service.witness.own;
    let reached = witnessed.as_ref().map_or(0, |row| row.size);
    let waiting = own.asked().filter(|(size, _)| reached < *size);
    Ok(OwnReport {
        origin,
        size: turn.log.size(),
        witnesses,
        quorum: quorum(witnesses),
        witnessed,
        waiting: waiting.map(|(size, at)| (size, service.witness.ticks.saturating_sub(at))),
    })
}

fn logs(service: &Service, turn: &Turn<'_>) -> Result<Vec<LogReport>, IndexError> {
    let witness = &service.witness;
    let mut origins: Vec<Origin> = witness.logs.keys().copied().collect();
    let rows = turn
        .view
        .range::<WitnessRow>(WITNESS, &[], None, MOST_ALARMS)?;
    origins.extend(rows.iter().map(|(_, row)| row.signed.checkpoint.origin));
    let linked = super::linked(service);
    for node in &linked {
        // A peer that has shown nothing yet.
        if !origins.iter().any(|origin| origin.node == *node) {
            origins.push(Origin::first(*node));
        }
    }
    origins.sort();
    origins.dedup();
    let mut logs = Vec::new();
    for origin in origins {
        let key = origin_key(origin);
        let row = turn.view.row::<WitnessRow>(WITNESS, &key)?;
        let witnessed = turn.view.row::<LogWitnessedRow>(LOG_WITNESSED, &key)?;
        let seen = witness.logs.get(&origin);
        let is_linked = linked.contains(&origin.node);
        logs.push(LogReport {
            origin,
            linked: is_linked,
            head: seen.map(|seen| (seen.head.checkpoint, seen.at)),
            cosigned: row.map(|row| (row.signed.checkpoint.size, row.at)),
            cosigned_ours: witness.own.known.get(&origin.node).copied(),
            witnessed: witnessed.map(|row| row.size),
            silent: silent(service, origin.node).filter(|_| is_linked),
            challenged: seen.map_or_else(Vec::new, |seen| {
                let sizes = |open: &super::challenge::Open| {
                    (open.low.checkpoint.size, open.high.checkpoint.size)
                };
                seen.open.iter().map(sizes).collect()
            }),
        });
    }
    Ok(logs)
}

/// For how many seconds a linked node has shown no new head of any log of its own, where that is
/// longer than it may.
fn silent(service: &Service, node: NodeId) -> Option<u64> {
    let witness = &service.witness;
    let up = witness.up.get(&node).copied()?;
    let logs = witness.logs.iter();
    let grew = logs.filter(|(origin, _)| origin.node == node);
    let grew = grew.map(|(_, seen)| seen.grew).max().unwrap_or(0);
    let silent = witness.ticks.saturating_sub(grew.max(up));
    (silent >= witness.times.silence).then_some(silent)
}

/// Answers what is asked about witnesses.
pub(in crate::app) fn ask(
    service: &Service,
    turn: &mut Turn<'_>,
    permit: &Permit,
    ask: &WitnessAsk,
) -> Result<Reply, Stop> {
    let reply = match ask {
        WitnessAsk::Report => WitnessReply::Report(Box::new(report(service, turn)?)),
        WitnessAsk::Acknowledge {
            origin,
            fault,
            note,
        } => {
            let key = alarm_key(*origin, *fault as u8);
            let row = turn.view.row::<AlarmRow>(LOG_ALARM, &key)?;
            row.ok_or(AppError::NotFound("alarm"))?;
            if note.trim().is_empty() || note.len() > LONGEST_NOTE {
                let needs = FieldError {
                    path: "note".to_owned(),
                    code: "required",
                    what: format!("say in 1 to {LONGEST_NOTE} bytes what was found and done"),
                };
                return Err(AppError::Invalid(vec![needs]).into());
            }
            let change = WitnessChange::Acknowledged {
                origin: origin.to_string(),
                fault: *fault,
                note: note.clone(),
            };
            record_by(service, turn, permit.actor(), change)?;
            WitnessReply::Report(Box::new(report(service, turn)?))
        }
        WitnessAsk::Evidence { origin } => {
            WitnessReply::Evidence(Box::new(evidence(turn, *origin)?))
        }
    };
    Ok(Reply::Witness(Box::new(reply)))
}

fn evidence(turn: &Turn<'_>, origin: Origin) -> Result<Evidence, Stop> {
    let key = alarm_key(origin, LogFault::TwoHistories as u8);
    let row = turn.view.row::<AlarmRow>(LOG_ALARM, &key)?;
    let row = row.ok_or(AppError::NotFound("evidence"))?;
    if row.entry >= turn.log.size() {
        return Err(Stop::NotYet);
    }
    let record = turn.log.read(row.entry)?;
    let (_, change) = read_change(&record.content).map_err(|_| AppError::Log)?;
    alarm::evidence_in(change).ok_or_else(|| AppError::NotFound("evidence").into())
}

/// Whether an entry of this log is under a checkpoint that enough witnesses cosigned.
pub(in crate::app) fn witnessed_own(turn: &Turn<'_>, entry: u64) -> Result<bool, IndexError> {
    let key = origin_key(turn.log.origin());
    let row = turn.view.row::<LogWitnessedRow>(LOG_WITNESSED, &key)?;
    Ok(row.is_some_and(|row| entry < row.size))
}

/// Whether the checkpoint under a receipt was shown to be continued by one that enough witnesses
/// cosigned.
pub(in crate::app) fn witnessed_receipt(
    turn: &Turn<'_>,
    checkpoint: &Checkpoint,
) -> Result<bool, IndexError> {
    let Checkpoint { origin, size, root } = *checkpoint;
    let row = turn
        .view
        .row::<LogWitnessedRow>(LOG_WITNESSED, &origin_key(origin))?;
    if row.is_none_or(|row| row.size < size) {
        return Ok(false);
    }
    let key = receipt_head_key(origin, size, root);
    let waits = turn.view.row::<super::ReceiptHeadRow>(RECEIPT_HEAD, &key)?;
    Ok(waits.is_none())
}

fn alarm_of(key: &[u8]) -> Option<(Origin, LogFault)> {
    let (origin, fault) = key.split_first_chunk()?;
    let number = *fault.first()?;
    let fault = LogFault::ALL
        .into_iter()
        .find(|fault| *fault as u8 == number)?;
    Some((Origin::from_bytes(*origin).ok()?, fault))
}
