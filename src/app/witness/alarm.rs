//! Alarms about logs: recorded once, shown until a person takes note.

use super::{AlarmRow, LogFault, WitnessChange, record};
use crate::app::rows::*;
use crate::app::service::{Service, Turn};
use crate::audit::{Evidence, Origin, SignedCheckpoint};
use crate::base::NodeId;
use crate::store::IndexError;

/// Records an alarm, unless it stands already. That a log has two histories is proved once for all.
pub(in crate::app) fn raise(
    service: &Service,
    turn: &mut Turn<'_>,
    origin: Origin,
    fault: LogFault,
    (first, second): (u64, u64),
    from: NodeId,
    evidence: Option<Evidence>,
) -> Result<(), IndexError> {
    let key = alarm_key(origin, fault as u8);
    let known = turn.view.row::<AlarmRow>(LOG_ALARM, &key)?;
    let stands = |row: AlarmRow| fault == LogFault::TwoHistories || row.acknowledged.is_none();
    match known.is_some_and(stands) {
        true => Ok(()),
        false => put(
            service,
            turn,
            origin,
            fault,
            (first, second),
            from,
            evidence,
        ),
    }
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

/// Records that a log has two histories.
pub(super) fn convict(
    service: &Service,
    turn: &mut Turn<'_>,
    from: NodeId,
    evidence: Evidence,
) -> Result<(), IndexError> {
    let size = |signed: &SignedCheckpoint| signed.checkpoint.size;
    let sizes = (size(&evidence.first), size(&evidence.second));
    let (origin, fault) = (evidence.origin(), LogFault::TwoHistories);
    raise(service, turn, origin, fault, sizes, from, Some(evidence))
}

/// Whether a log was proved to have two histories: nothing of it is cosigned any more.
pub(super) fn is_convicted(turn: &Turn<'_>, origin: Origin) -> Result<bool, IndexError> {
    let key = alarm_key(origin, LogFault::TwoHistories as u8);
    Ok(turn.view.row::<AlarmRow>(LOG_ALARM, &key)?.is_some())
}
