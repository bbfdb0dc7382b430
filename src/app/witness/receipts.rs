//! From "received" to "witnessed": the checkpoints under kept receipts are shown to be continued by
//! one that enough witnesses cosigned.

use super::{PrefixRecord, ReceiptHeadRow, Say, WitnessChange, is_linked, others, record};
use crate::app::input::Effect;
use crate::app::rows::*;
use crate::app::service::{Service, Turn};
use crate::app::view::{View, after_prefix};
use crate::audit::{Origin, Prefix, SignedCheckpoint};
use crate::base::NodeId;
use crate::store::IndexError;

/// Checkpoints that one proof is asked for.
const AT_ONCE: usize = 256;

/// Checkpoints that one entry records with their proofs, each of which may be 4.4 kB long.
const RECORDED_AT_ONCE: usize = 32;

/// Asks for the proofs that are missing, as often as cosignatures are asked for.
pub(super) fn tick(service: &mut Service, turn: &mut Turn<'_>) -> Result<(), IndexError> {
    let witness = &service.witness;
    let (ticks, interval) = (witness.ticks, witness.times.interval);
    let due: Vec<Origin> = witness
        .logs
        .iter()
        .filter(|(_, seen)| seen.cosigned.is_some())
        .filter(|(_, seen)| {
            let asked = seen.asked_for_receipts;
            asked.is_none_or(|at| ticks.saturating_sub(at) >= interval)
        })
        .map(|(origin, _)| *origin)
        .collect();
    for origin in due {
        ask(service, turn, origin)?;
    }
    Ok(())
}

/// Asks a peer to show that its cosigned head continues the checkpoints under its receipts.
pub(super) fn ask(
    service: &mut Service,
    turn: &mut Turn<'_>,
    origin: Origin,
) -> Result<(), IndexError> {
    let up = is_linked(service, origin.node);
    let ticks = service.witness.ticks;
    let Some(seen) = service.witness.logs.get_mut(&origin) else {
        return Ok(());
    };
    let Some(cosigned) = &seen.cosigned else {
        return Ok(());
    };
    let checkpoint = cosigned.signed.checkpoint;
    if !up || !seen.is_consistent((checkpoint.size, checkpoint.root)) {
        return Ok(());
    }
    let from = origin_key(origin);
    let to = receipt_heads_of(origin, checkpoint.size.saturating_add(1));
    let rows = turn
        .view
        .range::<ReceiptHeadRow>(RECEIPT_HEAD, &from, Some(&to), AT_ONCE)?;
    let mut sizes: Vec<u64> = rows.iter().filter_map(|(key, _)| head_size(key)).collect();
    sizes.dedup();
    seen.asked_for_receipts = Some(ticks);
    if !sizes.is_empty() {
        let signed = Some(Box::new(cosigned.signed.clone()));
        let say = Say::Challenge { signed, sizes };
        let peer = origin.node;
        turn.effects.push(Effect::Witness { peer, say });
    }
    Ok(())
}

/// The furthest checkpoint of a log under kept receipts, of those that are not known to be witnessed, with
/// its size. There may be one for each receipt that was ever kept, and rows are read forwards alone: the
/// last one is found by halving.
pub(super) fn furthest(
    view: &View<'_>,
    origin: Origin,
) -> Result<Option<(u64, ReceiptHeadRow)>, IndexError> {
    let end = after_prefix(&origin_key(origin));
    let first_from = |size: u64| -> Result<Option<(u64, ReceiptHeadRow)>, IndexError> {
        let from = receipt_heads_of(origin, size);
        let rows = view.range::<ReceiptHeadRow>(RECEIPT_HEAD, &from, end.as_deref(), 1)?;
        let mut rows = rows.into_iter();
        Ok(rows.find_map(|(key, row)| Some((head_size(&key)?, row))))
    };
    let Some(mut last) = first_from(0)? else {
        return Ok(None);
    };
    let mut most = u64::MAX;
    while last.0 < most {
        let middle = last.0 + (most - last.0).div_ceil(2);
        match first_from(middle)? {
            Some(further) => last = further,
            None => most = middle - 1,
        }
    }
    Ok(Some(last))
}

/// A peer's receipt lies under a checkpoint of its log: one of another history convicts the log.
pub(in crate::app) fn compare(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    signed: &SignedCheckpoint,
) -> Result<(), IndexError> {
    // Many receipts share one.
    if service.witness.receipted.contains(signed) {
        return Ok(());
    }
    others::equal(service, turn, peer, signed)?;
    service.witness.receipted.push(signed.clone());
    Ok(())
}

/// A peer showed what its cosigned head continues. What of it are checkpoints under receipts is
/// recorded with the proof.
pub(super) fn shown(
    service: &mut Service,
    turn: &mut Turn<'_>,
    signed: &SignedCheckpoint,
    prefixes: &[Prefix],
) -> Result<(), IndexError> {
    let origin = signed.checkpoint.origin;
    let seen = service.witness.logs.get(&origin);
    let cosigned = seen.and_then(|seen| seen.cosigned.clone());
    let Some(cosigned) = cosigned.filter(|c| c.signed.checkpoint == signed.checkpoint) else {
        return Ok(());
    };
    let mut receipts = Vec::new();
    for shown in prefixes {
        let key = receipt_head_key(origin, shown.size, shown.root);
        let row = turn.view.row::<ReceiptHeadRow>(RECEIPT_HEAD, &key)?;
        if row.is_some() && shown.is_of(&signed.checkpoint) {
            receipts.push(PrefixRecord {
                size: shown.size,
                root: shown.root,
                path: shown.path.clone(),
            });
        }
    }
    for receipts in receipts.chunks(RECORDED_AT_ONCE) {
        let change = WitnessChange::ReceiptsWitnessed {
            signed: Box::new(cosigned.signed.clone()),
            cosignatures: cosigned.cosignatures.clone(),
            receipts: receipts.to_vec(),
        };
        record(service, turn, change)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::app::view::Pending;
    use crate::base::Digest;
    use crate::store::{MemoryIndex, MemoryLog};

    fn log(incarnation: u32) -> Origin {
        let node = "TR-1".parse().unwrap();
        Origin { node, incarnation }
    }

    proptest! {
        #[test]
        fn the_furthest_checkpoint_under_receipts_is_the_last_of_its_log(
            heads in proptest::collection::vec(
                (1_u32..4, prop_oneof![0_u64..9, any::<u64>(), Just(u64::MAX)], any::<bool>()),
                0..20,
            ),
        ) {
            let (index, own) = (MemoryIndex::default(), MemoryLog::new(log(1)));
            let (none, mut pending) = (Pending::default(), Pending::default());
            let mut view = View::new(&index, &own, &none, &mut pending);
            let mut kept = BTreeSet::new();
            for (incarnation, size, stays) in heads {
                let root = Digest::EMPTY;
                let key = receipt_head_key(log(incarnation), size, root);
                if stays {
                    view.put(RECEIPT_HEAD, key, ReceiptHeadRow { entry: size, root });
                    kept.insert((incarnation, size));
                } else {
                    view.delete(RECEIPT_HEAD, key);
                    kept.remove(&(incarnation, size));
                }
            }
            for incarnation in 1..4 {
                let found = furthest(&view, log(incarnation)).unwrap();
                let mut of_log = kept.range((incarnation, 0)..=(incarnation, u64::MAX));
                let last = of_log.next_back().map(|(_, size)| *size);
                prop_assert_eq!(found.map(|(size, _)| size), last);
            }
        }
    }
}
