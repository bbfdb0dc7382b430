//! The logs of others: cosigned where they continue what was cosigned before, and compared with
//! what anybody else was shown of them.

use std::collections::VecDeque;

use super::report::MOST_ALARMS;
use super::{
    LogFault, REMEMBERED, ReceiptHeadRow, Say, Seen, WitnessChange, WitnessRow, alarm, challenge,
    own, receipts, record, restored,
};
use crate::app::change::{Change, KeptProof};
use crate::app::content::read_change;
use crate::app::input::Effect;
use crate::app::rows::*;
use crate::app::service::{Service, Turn};
use crate::audit::{CosignedCheckpoint, Evidence, Origin, Prefix, SignedCheckpoint, quorum};
use crate::base::{Digest, NodeId, Timestamp};
use crate::store::IndexError;

impl Seen {
    fn new(head: &SignedCheckpoint, at: Timestamp, grew: u64) -> Self {
        Self {
            head: head.clone(),
            at,
            grew,
            consistent: VecDeque::new(),
            open: Vec::new(),
            cosigned: None,
            asked_for_receipts: None,
        }
    }

    pub(super) fn is_consistent(&self, checkpoint: (u64, Digest)) -> bool {
        self.consistent.contains(&checkpoint)
    }

    /// A checkpoint was shown to go on from one that is consistent with what was cosigned. It is so, too,
    /// unless that one is only a beginning of what was cosigned: another history may go on from there.
    pub(super) fn extends(
        &mut self,
        from: (u64, Digest),
        checkpoint: (u64, Digest),
        cosigned: Option<&SignedCheckpoint>,
    ) {
        if from.0 >= cosigned.map_or(0, |cosigned| cosigned.checkpoint.size) {
            self.remember(checkpoint);
        }
    }

    /// Another checkpoint is cosigned, that continues the one of `size` entries. What went on from that one
    /// may be of another history than this.
    fn continued(&mut self, size: u64, checkpoint: (u64, Digest)) {
        self.consistent.retain(|(known, _)| *known <= size);
        self.remember(checkpoint);
    }

    pub(super) fn remember(&mut self, checkpoint: (u64, Digest)) {
        if self.consistent.contains(&checkpoint) {
            return;
        }
        if self.consistent.len() == REMEMBERED {
            self.consistent.pop_front();
        }
        self.consistent.push_back(checkpoint);
    }
}

pub(super) fn place(signed: &SignedCheckpoint) -> (u64, Digest) {
    (signed.checkpoint.size, signed.checkpoint.root)
}

/// A peer shows a checkpoint of its log and what it continues. It is cosigned, if that is asked,
/// where it is shown to continue exactly what was cosigned last; else the peer is told what that
/// was (C2SP tlog-witness).
pub(super) fn add_checkpoint(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    signed: &SignedCheckpoint,
    prefixes: &[Prefix],
    cosign: bool,
) -> Result<(), IndexError> {
    let checkpoint = signed.checkpoint;
    let origin = checkpoint.origin;
    if origin.node != peer {
        return Ok(());
    }
    hear(service, turn, peer, signed)?;
    let row = match turn.view.row::<WitnessRow>(WITNESS, &origin_key(origin))? {
        None => restored::cosigned_before(service, turn, origin)?,
        row => row,
    };
    let last = row
        .as_ref()
        .map_or((0, Digest::EMPTY), |row| place(&row.signed));
    let mut bad = false;
    let mut continues = false;
    for shown in prefixes {
        if !shown.is_of(&checkpoint) {
            bad = true;
            continue;
        }
        for known in known_at(service, turn, origin, (shown.size, shown.root))? {
            if let Some(evidence) = Evidence::of(&known, signed, shown) {
                alarm::convict(service, turn, peer, evidence)?;
            }
        }
        let shown_at = (shown.size, shown.root);
        continues |= shown_at == last;
        let ticks = service.witness.ticks;
        let Some(seen) = service.witness.logs.get_mut(&origin) else {
            continue;
        };
        let cosigned = row.as_ref().map(|row| &row.signed);
        challenge::settle(seen, ticks, signed, shown, cosigned);
        if seen.is_consistent(shown_at) {
            seen.extends(shown_at, place(signed), cosigned);
        }
    }
    let size = |of: u64| (of.min(checkpoint.size), of.max(checkpoint.size));
    if bad {
        let fault = LogFault::Unproved;
        alarm::raise(service, turn, origin, fault, size(last.0), peer, None)?;
        return Ok(());
    }
    receipts::shown(service, turn, signed, prefixes)?;
    if !cosign || alarm::is_convicted(turn, origin)? {
        return Ok(());
    }
    if !continues {
        if let Some(row) = &row
            && checkpoint.size < last.0
            && let Some(seen) = service.witness.logs.get_mut(&origin)
        {
            let ticks = service.witness.ticks;
            challenge::open(seen, ticks, signed, &row.signed, peer);
        }
        let say = Say::Challenge {
            signed: row.map(|row| Box::new(row.signed)),
            sizes: Vec::new(),
        };
        turn.effects.push(Effect::Witness { peer, say });
        return Ok(());
    }
    if place(signed) != last {
        if !service.witness.may_cosign(peer) {
            return Ok(());
        }
        let signed = Box::new(signed.clone());
        record(service, turn, WitnessChange::Witnessed { signed })?;
    }
    if place(signed) != last
        && let Some(seen) = service.witness.logs.get_mut(&origin)
    {
        seen.continued(last.0, place(signed));
    }
    // It leaves once what was recorded is durable.
    turn.effects.push(Effect::Cosign { peer, checkpoint });
    Ok(())
}

/// What was cosigned of logs whose furthest head is not known to be consistent with it, or has not been
/// heard of since the start: whoever was shown another one hears of it in no other way.
pub(super) fn cosigned_apart(
    service: &Service,
    turn: &Turn<'_>,
) -> Result<Vec<SignedCheckpoint>, IndexError> {
    let rows = turn
        .view
        .range::<WitnessRow>(WITNESS, &[], None, MOST_ALARMS)?;
    let cosigned = rows.into_iter().map(|(_, row)| row.signed);
    let apart = |signed: &SignedCheckpoint| {
        let origin = signed.checkpoint.origin;
        let seen = service.witness.logs.get(&origin);
        let known = seen.is_some_and(|seen| {
            seen.head.checkpoint == signed.checkpoint || seen.is_consistent(place(&seen.head))
        });
        !known && restored::gone_on_from(service, origin).is_none()
    };
    Ok(cosigned.filter(apart).collect())
}

/// A peer tells the latest checkpoints that it knows.
pub(super) fn heads(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    heads: &[CosignedCheckpoint],
) -> Result<(), IndexError> {
    for head in heads {
        let signed = &head.signed;
        let origin = signed.checkpoint.origin;
        if origin == turn.log.origin() {
            own::is_of_this_log(service, turn, peer, signed)?;
            continue;
        }
        if origin.node == service.me {
            restored::earlier(service, turn, peer, signed)?;
            continue;
        }
        let federation = service.federation.as_ref();
        let listed = federation.is_some_and(|f| f.nodes.contains(&origin.node));
        if !listed {
            continue;
        }
        service.witness.tell(peer, &signed.checkpoint);
        let before = hear(service, turn, peer, signed)?;
        compare(service, turn, peer, signed, before)?;
        if origin.node == peer {
            cosigned(service, turn, head)?;
        }
    }
    Ok(())
}

/// A head that is not known to be consistent with what was cosigned is challenged.
fn compare(
    service: &mut Service,
    turn: &Turn<'_>,
    peer: NodeId,
    signed: &SignedCheckpoint,
    before: Option<SignedCheckpoint>,
) -> Result<(), IndexError> {
    let origin = signed.checkpoint.origin;
    let row = turn.view.row::<WitnessRow>(WITNESS, &origin_key(origin))?;
    let with = row.map(|row| row.signed).or(before);
    let ticks = service.witness.ticks;
    let Some(seen) = service.witness.logs.get_mut(&origin) else {
        return Ok(());
    };
    if let Some(with) = with
        && with.checkpoint != signed.checkpoint
        && !seen.is_consistent(place(signed))
    {
        challenge::open(seen, ticks, signed, &with, peer);
    }
    Ok(())
}

/// A peer's own head with its cosignatures: if they are enough, what receipts there are under it
/// can be shown to be witnessed.
fn cosigned(
    service: &mut Service,
    turn: &mut Turn<'_>,
    head: &CosignedCheckpoint,
) -> Result<(), IndexError> {
    let origin = head.signed.checkpoint.origin;
    let Some(federation) = &service.federation else {
        return Ok(());
    };
    let witnesses = super::witnesses(federation, origin);
    // One of each witness: a peer may repeat them.
    let mut cosignatures = head.cosignatures.clone();
    cosignatures.retain(|c| witnesses.contains(&c.witness.node.member));
    cosignatures.sort_by_key(|c| c.witness.node.member);
    cosignatures.dedup_by_key(|c| c.witness.node.member);
    if quorum(witnesses.len()).is_none_or(|enough| cosignatures.len() < enough) {
        return Ok(());
    }
    if let Some(seen) = service.witness.logs.get_mut(&origin) {
        seen.cosigned = Some(CosignedCheckpoint {
            signed: head.signed.clone(),
            cosignatures,
        });
        seen.asked_for_receipts = None;
    }
    receipts::ask(service, turn, origin)
}

/// Hears of a checkpoint of another log: two of one size with different roots convict it. Gives the
/// furthest head that was known before.
fn hear(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    signed: &SignedCheckpoint,
) -> Result<Option<SignedCheckpoint>, IndexError> {
    let origin = signed.checkpoint.origin;
    equal(service, turn, peer, signed)?;
    let row = turn.view.row::<WitnessRow>(WITNESS, &origin_key(origin))?;
    let (ticks, now) = (service.witness.ticks, turn.now);
    let before = service
        .witness
        .logs
        .get(&origin)
        .map(|seen| seen.head.clone());
    let seen = service
        .witness
        .logs
        .entry(origin)
        .or_insert_with(|| Seen::new(signed, now, ticks));
    if let Some(row) = row {
        seen.remember(place(&row.signed));
    }
    if signed.checkpoint.size > seen.head.checkpoint.size {
        (seen.head, seen.at, seen.grew) = (signed.clone(), now, ticks);
    }
    Ok(before)
}

/// Another checkpoint of this size with another root is proof that the log has two histories.
pub(super) fn equal(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    signed: &SignedCheckpoint,
) -> Result<(), IndexError> {
    let origin = signed.checkpoint.origin;
    for known in known_at(service, turn, origin, place(signed))? {
        if let Some(evidence) = Evidence::of_equal(&known, signed) {
            alarm::convict(service, turn, peer, evidence)?;
        }
    }
    Ok(())
}

/// The checkpoints of a log at one size, of other roots than this one, that this node has under the log's
/// signature.
fn known_at(
    service: &Service,
    turn: &Turn<'_>,
    origin: Origin,
    (size, root): (u64, Digest),
) -> Result<Vec<SignedCheckpoint>, IndexError> {
    let mut known = Vec::new();
    let row = turn.view.row::<WitnessRow>(WITNESS, &origin_key(origin))?;
    known.extend(row.map(|row| row.signed));
    if let Some(seen) = service.witness.logs.get(&origin) {
        known.push(seen.head.clone());
        let open = seen.open.iter();
        known.extend(open.flat_map(|open| [open.low.clone(), open.high.clone()]));
    }
    let at_size = receipt_heads_of(origin, size);
    let heads = turn
        .view
        .prefix::<ReceiptHeadRow>(RECEIPT_HEAD, &at_size, REMEMBERED)?;
    let others = heads.iter().filter(|(_, row)| row.root != root);
    known.extend(others.filter_map(|(_, row)| receipt_checkpoint(turn, row.entry)));
    let of_group = service.witness.receipted.iter();
    known.extend(of_group.filter(|c| c.checkpoint.origin == origin).cloned());
    known.retain(|signed| signed.checkpoint.size == size && signed.checkpoint.root != root);
    known.dedup();
    Ok(known)
}

/// The checkpoint under the receipt in an entry, if that is durable already.
pub(super) fn receipt_checkpoint(turn: &Turn<'_>, entry: u64) -> Option<SignedCheckpoint> {
    let record = turn.log.read(entry).ok()?;
    let (_, change) = read_change(&record.content).ok()?;
    let Change::ReceiptKept(kept) = change else {
        return None;
    };
    match kept.proof {
        KeptProof::Whole(receipt) => Some(receipt.checkpoint),
        KeptProof::Sharing(..) => None,
    }
}
