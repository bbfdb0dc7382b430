//! How far another node's logs are known to have signed: a bundle that gives that to another key would
//! void receipts and proofs that are kept here.

use std::collections::BTreeMap;

use super::{AlarmRow, LogWitnessedRow, ReceiptHeadRow, WitnessRow, receipts};
use crate::app::rows::*;
use crate::app::service::{Service, Turn};
use crate::app::view::after_prefix;
use crate::audit::Origin;
use crate::base::NodeId;
use crate::store::IndexError;

/// The logs of a node, each with the furthest size at which it is known here to have signed a checkpoint.
pub(in crate::app) fn signed_up_to(
    service: &Service,
    turn: &Turn<'_>,
    node: NodeId,
) -> Result<Vec<(Origin, u64)>, IndexError> {
    let of_node = node.to_bytes();
    let view = &turn.view;
    let mut signed: BTreeMap<Origin, u64> = BTreeMap::new();
    let mut know = |origin: Origin, size: u64| {
        let known = signed.entry(origin).or_default();
        *known = size.max(*known);
    };
    for (origin, seen) in &service.witness.logs {
        if origin.node == node {
            know(*origin, seen.head.checkpoint.size);
        }
    }
    for (_, row) in view.prefix::<WitnessRow>(WITNESS, &of_node, usize::MAX)? {
        know(row.signed.checkpoint.origin, row.signed.checkpoint.size);
    }
    if let Some(head) = view.row::<HeadRow>(PEER_HEAD, &head_key(node))? {
        know(head.origin, head.size);
    }
    for (key, row) in view.prefix::<LogWitnessedRow>(LOG_WITNESSED, &of_node, usize::MAX)? {
        if let Some(origin) = of_origin(&key) {
            know(origin, row.size);
        }
    }
    let (mut from, end) = (Some(of_node.to_vec()), after_prefix(&of_node));
    while let Some(start) = from {
        let next = view.range::<ReceiptHeadRow>(RECEIPT_HEAD, &start, end.as_deref(), 1)?;
        let Some(origin) = next.first().and_then(|(key, _)| of_origin(key)) else {
            break;
        };
        if let Some((size, _)) = receipts::furthest(view, origin)? {
            know(origin, size);
        }
        from = after_prefix(&origin_key(origin));
    }
    // What convicts a log may be further than all that was cosigned of it.
    for (key, row) in view.prefix::<AlarmRow>(LOG_ALARM, &of_node, usize::MAX)? {
        if let Some(origin) = of_origin(&key) {
            know(origin, row.second);
        }
    }
    Ok(signed.into_iter().collect())
}

/// The log that a key begins with.
fn of_origin(key: &[u8]) -> Option<Origin> {
    Origin::from_bytes(*key.first_chunk()?).ok()
}
