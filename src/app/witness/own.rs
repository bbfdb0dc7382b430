//! This node's own log before its witnesses: when cosignatures are asked for, what they add up to,
//! and what the log answers when it is asked to prove something.

use std::collections::BTreeMap;

use super::{
    LogFault, LogWitnessedRow, Say, WitnessChange, alarm, linked, record, restored, say_heads,
};
use crate::app::input::Effect;
use crate::app::rows::*;
use crate::app::service::{Service, Turn};
use crate::audit::{
    Checkpoint, Cosignature, CosignedCheckpoint, Evidence, Prefix, SignedCheckpoint, quorum,
};
use crate::base::{MemberId, NodeId, Timestamp};
use crate::store::{IndexError, Log};
use crate::wire::frame::MOST_SIZES;

/// What is known of the own log's witnesses.
#[derive(Default)]
pub(super) struct Own {
    /// The size up to which cosignatures are wanted.
    pub(super) worthy: u64,
    /// The same before the group that is being decided.
    pub(super) worthy_before: u64,
    /// When the log last grew.
    pub(super) grew: u64,
    /// The size that the peers were last told, and when.
    told: Option<(u64, u64)>,
    /// The checkpoint that is before the witnesses.
    asked: Option<Asked>,
    /// The size that each witness last cosigned, by its own word.
    pub(super) known: BTreeMap<NodeId, u64>,
    /// When each witness was last asked once more, since it had cosigned another size.
    again: BTreeMap<NodeId, u64>,
    /// The latest checkpoint that enough witnesses cosigned.
    pub(super) cosigned: Option<CosignedCheckpoint>,
}

struct Asked {
    signed: SignedCheckpoint,
    since: u64,
    /// When the witnesses were last asked.
    again: u64,
    cosigned: BTreeMap<MemberId, Cosignature>,
}

impl Own {
    /// What a peer is told of the log when a link comes up.
    pub(super) fn heads(&self, turn: &Turn<'_>) -> Vec<CosignedCheckpoint> {
        let head = turn.log.head().as_ref().map(super::plain);
        let cosigned = self.cosigned.clone();
        let same = |head: &CosignedCheckpoint| {
            let known = cosigned.as_ref();
            known.is_none_or(|known| known.signed.checkpoint != head.signed.checkpoint)
        };
        let head = head.filter(same);
        cosigned.iter().cloned().chain(head).collect()
    }

    /// Since when, in ticks, the present checkpoint is before the witnesses, and its size.
    pub(super) fn asked(&self) -> Option<(u64, u64)> {
        let asked = self.asked.as_ref()?;
        Some((asked.signed.checkpoint.size, asked.since))
    }
}

/// Records a heartbeat, asks for cosignatures, or tells peers that the log goes on, as it is due.
pub(super) fn tick(service: &mut Service, turn: &mut Turn<'_>) -> Result<(), IndexError> {
    let times = service.witness.times;
    let ticks = service.witness.ticks;
    let since = |at: u64| ticks.saturating_sub(at);
    if since(service.witness.own.grew) >= times.heartbeat {
        record(service, turn, WitnessChange::Heartbeat)?;
    }
    let Some(head) = turn.log.head() else {
        return Ok(());
    };
    let own = &service.witness.own;
    let asked = own.asked();
    let wanted = own.worthy > asked.map_or(0, |(size, _)| size);
    if wanted && asked.is_none_or(|(_, at)| since(at) >= times.interval) {
        let size = head.checkpoint.size;
        service.witness.own.told = Some((size, ticks));
        service.witness.own.asked = Some(Asked {
            signed: head,
            since: ticks,
            again: ticks,
            cosigned: BTreeMap::new(),
        });
        for peer in linked(service) {
            ask(service, turn, peer);
        }
        return Ok(());
    }
    let due = |asked: &&mut Asked| since(asked.again) >= times.interval;
    if let Some(asked) = service.witness.own.asked.as_mut().filter(due) {
        // Whoever has not answered may not have heard it.
        asked.again = ticks;
        for peer in linked(service) {
            ask(service, turn, peer);
        }
    }
    let size = head.checkpoint.size;
    let told = service.witness.own.told;
    if told.is_none_or(|(told, at)| told < size && since(at) >= times.heartbeat) {
        service.witness.own.told = Some((size, ticks));
        for peer in linked(service) {
            let from = service.witness.own.known.get(&peer).copied().unwrap_or(0);
            say_checkpoint(turn, peer, &head, &[from], false);
        }
    }
    Ok(())
}

/// A link to a witness is up: it is asked for what it has not cosigned.
pub(super) fn link_up(service: &mut Service, turn: &mut Turn<'_>, peer: NodeId) {
    ask(service, turn, peer);
}

/// Asks a witness to cosign the present checkpoint.
fn ask(service: &mut Service, turn: &mut Turn<'_>, peer: NodeId) {
    let own = &service.witness.own;
    let Some(asked) = &own.asked else { return };
    if asked.cosigned.contains_key(&peer.member) {
        return;
    }
    let from = own.known.get(&peer).copied().unwrap_or(0);
    let head = turn.log.head();
    let signed = match head {
        // The witness has cosigned a later one than it is asked for.
        Some(head) if from > asked.signed.checkpoint.size => head,
        Some(_) | None => asked.signed.clone(),
    };
    say_checkpoint(turn, peer, &signed, &[from], true);
}

/// Tells a checkpoint, with the proof that it continues the states at these sizes.
fn say_checkpoint(
    turn: &mut Turn<'_>,
    peer: NodeId,
    signed: &SignedCheckpoint,
    sizes: &[u64],
    cosign: bool,
) {
    let prefixes = sizes
        .iter()
        .filter_map(|size| prefix(turn.log, *size, signed));
    let prefixes: Vec<Prefix> = prefixes.collect();
    if prefixes.is_empty() {
        return;
    }
    let say = Say::AddCheckpoint {
        signed: Box::new(signed.clone()),
        prefixes,
        cosign,
    };
    turn.effects.push(Effect::Witness { peer, say });
}

fn prefix(log: &dyn Log, size: u64, of: &SignedCheckpoint) -> Option<Prefix> {
    if size == 0 {
        return Some(Prefix::empty());
    }
    let root = log.root_at(size)?;
    let path = log.consistency(size, of.checkpoint.size).ok()?;
    Some(Prefix { size, root, path })
}

/// A witness cosigned a checkpoint of this log.
pub(super) fn cosigned(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    checkpoint: &Checkpoint,
    cosignature: &Cosignature,
) {
    let Some(federation) = service.federation.clone() else {
        return;
    };
    let own = &mut service.witness.own;
    let known = own.known.entry(peer).or_default();
    *known = checkpoint.size.max(*known);
    let Some(asked) = &mut own.asked else { return };
    if asked.signed.checkpoint != *checkpoint || cosignature.witness.node != peer {
        return;
    }
    // What a witness says again changes nothing.
    if asked.cosigned.contains_key(&peer.member) {
        return;
    }
    let seconds = i64::try_from(cosignature.time).unwrap_or(i64::MAX / 1_000);
    let said = Timestamp::from_millis(seconds.saturating_mul(1_000));
    service.erasure.clock.said(peer.member, said, turn.now);
    let before = asked.cosigned.len();
    asked.cosigned.insert(peer.member, cosignature.clone());
    asked.cosigned.retain(|member, _| federation.lists(*member));
    let count = asked.cosigned.len();
    let cosigned = CosignedCheckpoint {
        signed: asked.signed.clone(),
        cosignatures: asked.cosigned.values().cloned().collect(),
    };
    let witnesses = super::witnesses(&federation, checkpoint.origin).len();
    let enough = quorum(witnesses).is_some_and(|enough| count >= enough);
    if enough {
        let row = LogWitnessedRow {
            size: checkpoint.size,
            root: checkpoint.root,
            at: turn.now,
            by: cosigned
                .cosignatures
                .iter()
                .map(|c| c.witness.node)
                .collect(),
        };
        turn.view
            .put(LOG_WITNESSED, origin_key(checkpoint.origin), row);
        own.cosigned = Some(cosigned.clone());
    }
    let first = enough && quorum(witnesses).is_some_and(|enough| before < enough);
    // What fewer have cosigned does not take the place of what enough have.
    if enough || own.cosigned.is_none() {
        let kept = Box::new(cosigned.clone());
        turn.effects.push(Effect::KeepCosigned(kept));
    }
    if first {
        for peer in linked(service) {
            say_heads(service, turn, peer, vec![cosigned.clone()]);
        }
    }
}

/// A peer wants proof that this log continues what it showed.
pub(super) fn challenged(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    signed: Option<&SignedCheckpoint>,
    sizes: &[u64],
) -> Result<(), IndexError> {
    let Some(signed) = signed else {
        if sizes.is_empty() && once_a_tick(service, peer) {
            service.witness.own.known.insert(peer, 0);
            ask(service, turn, peer);
        }
        return Ok(());
    };
    let origin = signed.checkpoint.origin;
    if origin != turn.log.origin() {
        // It asks where this incarnation goes on from one that it cosigned.
        let after = restored::gone_on_from(service, origin);
        if after.is_none_or(|after| signed.checkpoint.size > after) {
            return Ok(());
        }
    }
    let fits = is_of_this_log(service, turn, peer, signed)?;
    if sizes.is_empty() {
        if once_a_tick(service, peer) {
            service
                .witness
                .own
                .known
                .insert(peer, signed.checkpoint.size);
            ask(service, turn, peer);
        }
        return Ok(());
    }
    // A log that does not hold what it signed says what it holds all the same.
    let size = signed.checkpoint.size;
    let head = turn.log.head().filter(|head| head.checkpoint.size >= size);
    match (fits, head) {
        (true, _) => say_checkpoint(turn, peer, signed, sizes, false),
        (false, Some(head)) => {
            let most = sizes.len().min(MOST_SIZES - 1);
            let sizes = [&sizes[..most], &[size]].concat();
            say_checkpoint(turn, peer, &head, &sizes, false);
        }
        (false, None) => (),
    }
    Ok(())
}

/// Whether a witness may be asked once more, so that two nodes do not go on at each other.
fn once_a_tick(service: &mut Service, peer: NodeId) -> bool {
    let ticks = service.witness.ticks;
    service.witness.own.again.insert(peer, ticks) != Some(ticks)
}

/// Whether a checkpoint under this log's key is of this log as it is here. If it is not, the log
/// was put back, cut or rewritten, and that is an alarm.
pub(super) fn is_of_this_log(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    shown: &SignedCheckpoint,
) -> Result<bool, IndexError> {
    let Checkpoint { origin, size, root } = shown.checkpoint;
    let here = turn.log.root_at(size);
    if here == Some(root) {
        return Ok(true);
    }
    let head = turn.log.head();
    let evidence = head.and_then(|head| {
        let prefix = prefix(turn.log, size, &head)?;
        Evidence::of(shown, &head, &prefix)
    });
    let fault = match evidence {
        Some(_) => LogFault::TwoHistories,
        None => LogFault::Behind,
    };
    let sizes = (turn.log.size().min(size), turn.log.size().max(size));
    alarm::raise(service, turn, origin, fault, sizes, peer, evidence)?;
    Ok(false)
}
