//! Alarms about logs: recorded once, shown until a person takes note.

use super::report::MOST_ALARMS;
use super::{AlarmRow, LogFault, WitnessChange, linked, plain, record, say_heads};
use crate::app::change::{Change, Other};
use crate::app::content::read_change;
use crate::app::rows::*;
use crate::app::service::{Service, Turn};
use crate::audit::{Evidence, Origin, SignedCheckpoint};
use crate::base::NodeId;
use crate::store::IndexError;

/// Records an alarm, unless it stands already. That a log has two histories is proved once for all. Says
/// whether it is new.
pub(in crate::app) fn raise(
    service: &Service,
    turn: &mut Turn<'_>,
    origin: Origin,
    fault: LogFault,
    sizes: (u64, u64),
    from: NodeId,
    evidence: Option<Evidence>,
) -> Result<bool, IndexError> {
    let key = alarm_key(origin, fault as u8);
    let known = turn.view.row::<AlarmRow>(LOG_ALARM, &key)?;
    let stands = |row: AlarmRow| fault == LogFault::TwoHistories || row.acknowledged.is_none();
    if known.is_some_and(stands) {
        return Ok(false);
    }
    put(service, turn, origin, fault, sizes, from, evidence)?;
    Ok(true)
}

/// Records an alarm, in the place of one that stands.
pub(super) fn put(
    service: &Service,
    turn: &mut Turn<'_>,
    origin: Origin,
    fault: LogFault,
    (first, second): (u64, u64),
    from: NodeId,
    evidence: Option<Evidence>,
) -> Result<(), IndexError> {
    let change = WitnessChange::Alarm {
        origin: origin.to_string(),
        fault,
        first,
        second,
        from,
        evidence: evidence.map(Box::new),
    };
    record(service, turn, change)?;
    Ok(())
}

/// Records that a log has two histories, and shows both to all.
pub(super) fn convict(
    service: &mut Service,
    turn: &mut Turn<'_>,
    from: NodeId,
    evidence: Evidence,
) -> Result<(), IndexError> {
    let size = |signed: &SignedCheckpoint| signed.checkpoint.size;
    let sizes = (size(&evidence.first), size(&evidence.second));
    let (origin, fault) = (evidence.origin(), LogFault::TwoHistories);
    let both = [evidence.first.clone(), evidence.second.clone()];
    if raise(service, turn, origin, fault, sizes, from, Some(evidence))? {
        show_all(service, turn, &both);
    }
    Ok(())
}

/// Shows every peer two checkpoints of one log that do not go together. Heads are told as they grow, so
/// whoever was shown the furthest of all would not hear of any other.
pub(super) fn show_all(service: &mut Service, turn: &mut Turn<'_>, both: &[SignedCheckpoint; 2]) {
    let origin = both[0].checkpoint.origin;
    for peer in linked(service) {
        if peer != origin.node {
            say_heads(service, turn, peer, both.iter().map(plain).collect());
        }
    }
}

/// Two checkpoints of each log that was proved to have two histories, for a peer that may not know yet.
pub(super) fn convictions(turn: &Turn<'_>) -> Result<Vec<SignedCheckpoint>, IndexError> {
    let rows = turn
        .view
        .range::<AlarmRow>(LOG_ALARM, &[], None, MOST_ALARMS)?;
    let proved = rows.iter().filter(|(_, row)| row.evidence);
    let evidence = proved.filter_map(|(_, row)| {
        // An alarm of this very group is not in the log yet.
        let record = turn.log.read(row.entry).ok()?;
        let (_, change) = read_change(&record.content).ok()?;
        evidence_in(change)
    });
    Ok(evidence
        .flat_map(|evidence| [evidence.first, evidence.second])
        .collect())
}

/// The evidence that an alarm was recorded with.
pub(super) fn evidence_in(change: Change) -> Option<Evidence> {
    match change {
        Change::Other(Other::Witness(WitnessChange::Alarm { evidence, .. })) => {
            evidence.map(|evidence| *evidence)
        }
        Change::Sent(_) | Change::Received(..) | Change::ReceiptKept(_) | Change::Other(_) => None,
    }
}

/// Whether a log was proved to have two histories: nothing of it is cosigned any more.
pub(super) fn is_convicted(turn: &Turn<'_>, origin: Origin) -> Result<bool, IndexError> {
    let key = alarm_key(origin, LogFault::TwoHistories as u8);
    Ok(turn.view.row::<AlarmRow>(LOG_ALARM, &key)?.is_some())
}
