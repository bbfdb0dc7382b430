//! Every member is a witness of every other's log: what nodes say to each other about their logs'
//! checkpoints, what of it is recorded, and what does not fit together.
//!
//! Time is counted in ticks here, about one a second while the node runs, so that a clock that is
//! set neither hurries nor delays anything.

mod alarm;
mod challenge;
mod change;
mod others;
mod own;
mod receipts;
mod report;
mod restored;
mod signed;

use std::collections::{BTreeMap, VecDeque};

use super::change::{Change, Other};
use super::input::{Effect, Federation};
use super::service::{Service, Turn};
use crate::audit::{Checkpoint, Cosignature, CosignedCheckpoint, Origin, Prefix, SignedCheckpoint};
use crate::base::{Actor, Digest, MemberId, NodeId, Timestamp};
use crate::store::IndexError;

pub(super) use alarm::raise;
pub use change::{
    AlarmRow, LogFault, LogWitnessedRow, PrefixRecord, ReceiptHeadRow, WitnessChange, WitnessRow,
};
pub(super) use change::{project, receipt_head};
pub(super) use receipts::compare;
pub use report::{AlarmReport, LogReport, OwnReport, WitnessAsk, WitnessReply, WitnessReport};
pub(super) use report::{ask, report, witnessed_own, witnessed_receipt};
pub(super) use restored::{known_size, tell_earlier};
pub(super) use signed::signed_up_to;

/// How often things are done about witnesses, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WitnessTimes {
    /// How long new entries may wait until cosignatures are asked for.
    pub interval: u64,
    /// After how long without an entry a heartbeat is recorded.
    pub heartbeat: u64,
    /// How long a linked log may take to show that it continues what it showed before.
    pub challenge: u64,
    /// How long a linked log may show nothing new.
    pub silence: u64,
}

impl Default for WitnessTimes {
    fn default() -> Self {
        Self {
            interval: 60,
            heartbeat: 300,
            challenge: 60,
            silence: 900,
        }
    }
}

/// What nodes say to each other about logs. What came from a peer has had its signatures verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Say {
    /// My log has this checkpoint, and continues these earlier states.
    AddCheckpoint {
        /// The checkpoint.
        signed: Box<SignedCheckpoint>,
        /// The earlier states.
        prefixes: Vec<Prefix>,
        /// Whether it is to be cosigned.
        cosign: bool,
    },
    /// I cosigned this checkpoint of yours.
    Cosigned {
        /// The checkpoint.
        checkpoint: Checkpoint,
        /// The cosignature.
        cosignature: Box<Cosignature>,
    },
    /// Show that your log continues what it showed before.
    Challenge {
        /// A checkpoint of yours; none where I have cosigned none.
        signed: Option<Box<SignedCheckpoint>>,
        /// None to ask for what continues that checkpoint; else what it is to be shown to continue.
        sizes: Vec<u64>,
    },
    /// The latest checkpoints of logs that I know.
    Heads(Vec<CosignedCheckpoint>),
}

/// Consistent checkpoints of a log that are remembered beside the one that was cosigned.
const REMEMBERED: usize = 32;

/// Heads that one frame carries; cosignatures make them long.
const HEADS_AT_ONCE: usize = 32;

/// Signatures that one frame carries, of heads and of their witnesses. A longer frame would end the link;
/// so many are enough where there are up to 448 witnesses.
const SIGNATURES_AT_ONCE: usize = 300;

/// Checkpoints of one peer that are cosigned in a minute at most; more go unanswered.
const COSIGNED_A_MINUTE: u32 = 60;

/// What is kept in memory about logs: nothing that a restart would miss.
pub(super) struct Witness {
    pub(super) times: WitnessTimes,
    ticks: u64,
    own: own::Own,
    logs: BTreeMap<Origin, Seen>,
    /// The size of each log's head that each linked peer was told, or told itself.
    told: BTreeMap<NodeId, BTreeMap<Origin, u64>>,
    /// Since when each link is up.
    up: BTreeMap<NodeId, u64>,
    /// How many checkpoints of each peer were cosigned in this minute.
    cosigned: (u64, BTreeMap<NodeId, u32>),
    /// The checkpoints under the receipts of the group that is being decided, which the log does not have yet.
    receipted: Vec<SignedCheckpoint>,
}

/// Another node's log, as it was seen lately.
struct Seen {
    /// The furthest head.
    head: SignedCheckpoint,
    /// When it was first heard of.
    at: Timestamp,
    grew: u64,
    /// What is known to be consistent with the checkpoint that was cosigned.
    consistent: VecDeque<(u64, Digest)>,
    open: Vec<challenge::Open>,
    /// The log's head with the cosignatures of enough witnesses, for the receipts under it.
    cosigned: Option<CosignedCheckpoint>,
    /// When proofs for receipts were last asked for.
    asked_for_receipts: Option<u64>,
}

impl Witness {
    pub(super) fn new(times: WitnessTimes) -> Self {
        Self {
            times,
            ticks: 0,
            own: own::Own::default(),
            logs: BTreeMap::new(),
            told: BTreeMap::new(),
            up: BTreeMap::new(),
            cosigned: (0, BTreeMap::new()),
            receipted: Vec::new(),
        }
    }

    /// The group that was counted last did not happen.
    pub(super) fn turned_down(&mut self) {
        self.own.worthy = self.own.worthy_before;
        for seen in self.logs.values_mut() {
            seen.open.iter_mut().for_each(challenge::Open::not_asked);
        }
    }

    fn may_cosign(&mut self, peer: NodeId) -> bool {
        let minute = self.ticks / 60;
        if self.cosigned.0 != minute {
            self.cosigned = (minute, BTreeMap::new());
        }
        let count = self.cosigned.1.entry(peer).or_default();
        *count += 1;
        *count <= COSIGNED_A_MINUTE
    }

    /// Whether a node of whom something was told is known to have told or heard as much.
    fn tell(&mut self, peer: NodeId, checkpoint: &Checkpoint) {
        let told = self.told.entry(peer).or_default();
        let size = told.entry(checkpoint.origin).or_default();
        *size = checkpoint.size.max(*size);
    }
}

/// Time has passed.
pub(super) fn tick(service: &mut Service, turn: &mut Turn<'_>) -> Result<(), IndexError> {
    service.witness.ticks += 1;
    own::tick(service, turn)?;
    challenge::tick(service, turn)?;
    receipts::tick(service, turn)?;
    gossip(service, turn);
    Ok(())
}

/// A peer said something about logs.
pub(super) fn said(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    say: &Say,
) -> Result<(), IndexError> {
    let federation = service.federation.as_ref();
    if !federation.is_some_and(|federation| federation.nodes.contains(&peer)) {
        return Ok(());
    }
    match say {
        Say::AddCheckpoint {
            signed,
            prefixes,
            cosign,
        } => others::add_checkpoint(service, turn, peer, signed, prefixes, *cosign),
        Say::Cosigned {
            checkpoint,
            cosignature,
        } => {
            own::cosigned(service, turn, peer, checkpoint, cosignature);
            Ok(())
        }
        Say::Challenge { signed, sizes } => {
            own::challenged(service, turn, peer, signed.as_deref(), sizes)
        }
        Say::Heads(heads) => others::heads(service, turn, peer, heads),
    }
}

/// A link is up: the peer is told the latest heads, of its own log too, so that one that was put
/// back from a copy learns of it.
pub(super) fn link_up(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
) -> Result<(), IndexError> {
    let witness = &mut service.witness;
    witness.up.insert(peer, witness.ticks);
    witness.told.remove(&peer);
    let mut heads = witness.own.heads(turn);
    heads.extend(witness.logs.values().map(|seen| plain(&seen.head)));
    heads.extend(others::cosigned_apart(service, turn)?.iter().map(plain));
    heads.extend(alarm::convictions(turn)?.iter().map(plain));
    let earlier = restored::earlier_heads(service, turn, peer)?;
    heads.extend(earlier.iter().map(plain));
    say_heads(service, turn, peer, heads);
    challenge::link_up(service, peer);
    own::link_up(service, turn, peer);
    Ok(())
}

/// A link is down.
pub(super) fn link_down(service: &mut Service, peer: NodeId) {
    service.witness.up.remove(&peer);
}

/// Counts what a group records: only what is no echo of witnessing makes it worth asking for
/// cosignatures, so that they do not make each other for ever.
pub(super) fn recorded(service: &mut Service, turn: &Turn<'_>) {
    let worthy = |change: &Change| !matches!(change, Change::Other(Other::Witness(_)));
    let first = turn.next_entry - turn.recorded.len() as u64;
    let witness = &mut service.witness;
    witness.receipted.clear();
    witness.own.worthy_before = witness.own.worthy;
    for (place, recorded) in (first + 1..).zip(turn.recorded.iter()) {
        witness.own.grew = witness.ticks;
        let alarm = matches!(
            recorded.change,
            Change::Other(Other::Witness(
                WitnessChange::Alarm { .. } | WitnessChange::Acknowledged { .. }
            ))
        );
        if alarm || worthy(&recorded.change) {
            witness.own.worthy = place;
        }
    }
}

/// The nodes with a link that the list in force has.
fn linked(service: &Service) -> Vec<NodeId> {
    let federation = service.federation.as_ref();
    let listed = |node: &NodeId| federation.is_some_and(|f| f.nodes.contains(node));
    service.linked.iter().copied().filter(listed).collect()
}

fn is_linked(service: &Service, node: NodeId) -> bool {
    service.linked.contains(&node)
}

/// Tells each linked peer the heads that grew since it was told.
fn gossip(service: &mut Service, turn: &mut Turn<'_>) {
    if !service
        .witness
        .ticks
        .is_multiple_of(service.witness.times.interval)
    {
        return;
    }
    for peer in linked(service) {
        let told = service.witness.told.get(&peer);
        let news = |(origin, seen): (&Origin, &Seen)| {
            let size = told.and_then(|told| told.get(origin)).copied();
            let new = origin.node != peer && size.unwrap_or(0) < seen.head.checkpoint.size;
            new.then(|| plain(&seen.head))
        };
        let heads = service.witness.logs.iter().filter_map(news).collect();
        say_heads(service, turn, peer, heads);
    }
}

fn say_heads(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    heads: Vec<CosignedCheckpoint>,
) {
    for head in &heads {
        service.witness.tell(peer, &head.signed.checkpoint);
    }
    for heads in by_frame(heads) {
        let say = Say::Heads(heads);
        turn.effects.push(Effect::Witness { peer, say });
    }
}

/// The heads, as many together as one frame carries, each with as many cosignatures as that has room for.
fn by_frame(heads: Vec<CosignedCheckpoint>) -> Vec<Vec<CosignedCheckpoint>> {
    let mut frames: Vec<Vec<CosignedCheckpoint>> = Vec::new();
    let mut room = 0;
    for mut head in heads {
        head.cosignatures.truncate(SIGNATURES_AT_ONCE - 1);
        let signatures = 1 + head.cosignatures.len();
        match frames.last_mut() {
            Some(frame) if signatures <= room && frame.len() < HEADS_AT_ONCE => {
                room -= signatures;
                frame.push(head);
            }
            Some(_) | None => {
                room = SIGNATURES_AT_ONCE - signatures;
                frames.push(vec![head]);
            }
        }
    }
    frames
}

fn plain(signed: &SignedCheckpoint) -> CosignedCheckpoint {
    CosignedCheckpoint {
        signed: signed.clone(),
        cosignatures: Vec::new(),
    }
}

/// The members that witness a log.
fn witnesses(federation: &Federation, log: Origin) -> Vec<MemberId> {
    federation.others(log.node.member)
}

fn record_by(
    service: &Service,
    turn: &mut Turn<'_>,
    by: Actor,
    change: WitnessChange,
) -> Result<u64, IndexError> {
    turn.record(service.me.member, by, Change::Other(Other::Witness(change)))
}

fn record(
    service: &Service,
    turn: &mut Turn<'_>,
    change: WitnessChange,
) -> Result<u64, IndexError> {
    record_by(service, turn, Actor::node(service.me.member), change)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::quorum;
    use crate::seal::sign::{HybridSignature, SIGNATURE_LEN};
    use crate::wire::frame::{Frame, Head, LONGEST_FRAME};

    fn nothing_signed() -> HybridSignature {
        HybridSignature::from_bytes(&[0; SIGNATURE_LEN]).expect("it has the length of a signature")
    }

    fn log() -> Origin {
        Origin::first(NodeId::first("MK".parse().expect("a member id")))
    }

    /// A head with so many cosignatures; whose they are does not matter here.
    fn head(cosignatures: usize) -> CosignedCheckpoint {
        let cosignature = Cosignature {
            witness: log(),
            time: 0,
            signature: nothing_signed(),
        };
        CosignedCheckpoint {
            signed: SignedCheckpoint {
                checkpoint: Checkpoint {
                    origin: log(),
                    size: 1,
                    root: Digest::EMPTY,
                },
                signature: nothing_signed(),
            },
            cosignatures: vec![cosignature; cosignatures],
        }
    }

    /// How many bytes the frame with these heads has.
    fn length(heads: &[CosignedCheckpoint]) -> usize {
        let heads = heads.iter().map(|head| Head {
            checkpoint: head.signed.encode_with_origin(),
            cosignatures: head.cosignatures.iter().map(Cosignature::encode).collect(),
        });
        Frame::Heads(heads.collect()).encode().len()
    }

    #[test]
    fn heads_with_the_cosignatures_of_many_members_fit_their_frames() {
        for witnesses in [0, 2, 269, 277, 278, 299, 300, 498] {
            let mut heads = vec![head(witnesses)];
            heads.extend((0..100).map(|_| head(0)));
            heads.push(head(witnesses));
            let frames = by_frame(heads);
            assert!(frames.iter().all(|heads| length(heads) <= LONGEST_FRAME));
            assert_eq!(frames.concat().len(), 102, "{witnesses}");
            assert_eq!(frames[0][0].cosignatures.len(), witnesses.min(299));
        }
        let few = by_frame((0..64).map(|_| head(8)).collect());
        assert_eq!(few.iter().map(Vec::len).collect::<Vec<_>>(), [32, 32]);
    }

    #[test]
    fn as_many_cosignatures_fit_as_are_enough_of_448_witnesses() {
        assert_eq!(quorum(448), Some(SIGNATURES_AT_ONCE - 1));
        assert!(quorum(449) > quorum(448));
    }
}
