//! Logs that go on in their next incarnation, after a node was restored from a backup.

use super::{LogFault, WitnessRow, alarm, is_linked, others, plain, receipts, say_heads};
use crate::app::rows::*;
use crate::app::service::{Service, Turn};
use crate::audit::{Origin, SignedCheckpoint};
use crate::base::NodeId;
use crate::store::IndexError;

/// The size of the furthest head of a log that this node knows of, 0 of one that it never heard of.
pub(in crate::app) fn known_size(
    service: &Service,
    turn: &Turn<'_>,
    origin: Origin,
) -> Result<u64, IndexError> {
    let cosigned = turn.view.row::<WitnessRow>(WITNESS, &origin_key(origin))?;
    let receipted = turn
        .view
        .row::<HeadRow>(PEER_HEAD, &head_key(origin.node))?;
    let seen = service.witness.logs.get(&origin);
    let sizes = [
        cosigned.map(|row| row.signed.checkpoint.size),
        receipted
            .filter(|head| head.origin == origin)
            .map(|head| head.size),
        seen.map(|seen| seen.head.checkpoint.size),
    ];
    Ok(sizes.into_iter().flatten().max().unwrap_or_default())
}

/// A peer shows a head of an earlier incarnation of this node's log: how much of it is lost is told,
/// and whether it was another log.
pub(super) fn earlier(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    shown: &SignedCheckpoint,
) -> Result<(), IndexError> {
    let origin = shown.checkpoint.origin;
    let Some(after) = gone_on_from(service, origin) else {
        return Ok(());
    };
    let size = shown.checkpoint.size;
    if size <= after {
        super::own::is_of_this_log(service, turn, peer, shown)?;
        return Ok(());
    }
    let fault = LogFault::Restored;
    let told = turn
        .view
        .row::<super::AlarmRow>(LOG_ALARM, &alarm_key(origin, fault as u8))?;
    if told.is_none_or(|row| row.second < size) {
        alarm::put(service, turn, origin, fault, (after, size), peer, None)?;
    }
    Ok(())
}

/// How many entries of an earlier incarnation of a log the next one goes on from, as its bundle says.
pub(super) fn gone_on_from(service: &Service, origin: Origin) -> Option<u64> {
    let restored = &service.federation.as_ref()?.trust.restored;
    let next = restored.iter().find(|log| log.before == origin);
    next.map(|log| log.after)
}

/// The checkpoint that a log has to be shown to go on from before it is cosigned for the first time:
/// what was cosigned last of an incarnation before, up to where those after it began.
pub(super) fn cosigned_before(
    service: &Service,
    turn: &Turn<'_>,
    origin: Origin,
) -> Result<Option<WitnessRow>, IndexError> {
    let restored = service.federation.as_ref().map(|f| &f.trust.restored);
    let (mut origin, mut until) = (origin, u64::MAX);
    for log in restored.into_iter().flatten().rev() {
        if log.origin != origin {
            continue;
        }
        (origin, until) = (log.before, until.min(log.after));
        let row = turn.view.row::<WitnessRow>(WITNESS, &origin_key(origin))?;
        if let Some(row) = row.filter(|row| row.signed.checkpoint.size <= until) {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

/// The furthest heads that this node has of a peer's earlier incarnations, whose end the peer may have
/// lost.
pub(super) fn earlier_heads(
    service: &Service,
    turn: &Turn<'_>,
    peer: NodeId,
) -> Result<Vec<SignedCheckpoint>, IndexError> {
    let restored = service.federation.as_ref().map(|f| &f.trust.restored);
    let of_peer = restored.into_iter().flatten();
    let of_peer = of_peer.filter(|log| log.origin.node == peer);
    let mut heads = Vec::new();
    for log in of_peer {
        heads.extend(furthest(turn, log.before)?);
    }
    Ok(heads)
}

/// Tells a peer the furthest heads of its earlier incarnations.
pub(in crate::app) fn tell_earlier(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
) -> Result<(), IndexError> {
    if is_linked(service, peer) {
        let heads = earlier_heads(service, turn, peer)?;
        say_heads(service, turn, peer, heads.iter().map(plain).collect());
    }
    Ok(())
}

/// The furthest head of a log that is on record here under the log's signature.
fn furthest(turn: &Turn<'_>, origin: Origin) -> Result<Option<SignedCheckpoint>, IndexError> {
    let key = origin_key(origin);
    let cosigned = turn.view.row::<WitnessRow>(WITNESS, &key)?;
    let receipted = receipts::furthest(&turn.view, origin)?;
    let receipted = receipted.and_then(|(_, row)| others::receipt_checkpoint(turn, row.entry));
    let known = cosigned.map(|row| row.signed).into_iter().chain(receipted);
    Ok(known.max_by_key(|signed| signed.checkpoint.size))
}
