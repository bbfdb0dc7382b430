//! Keys of nodes, as decisions meet them: which bundle is in force of whom, what is on record of it,
//! and when this node makes new ones.

use serde::{Deserialize, Serialize};

use super::{EXPIRES_SOON, MemberChange, MemberReply, ordered};
use crate::app::change::{Change, Other};
use crate::app::error::AppError;
use crate::app::input::{Effect, Federation};
use crate::app::rows::{BUNDLE, COMPROMISED, member_key};
use crate::app::service::{Service, Stop, Turn};
use crate::app::view::View;
use crate::base::{Actor, Digest, MemberId, NodeId, Timestamp};
use crate::seal::KeyId;
use crate::seal::keystore::{Order, Rotation};
use crate::store::IndexError;

/// What decisions need to know of a node's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeKeys {
    /// The sequence of the bundle in force; 0 for none.
    pub sequence: u64,
    /// The bundle's digest.
    pub digest: Digest,
    /// Until when it can be sealed to; none if it has no key to seal to.
    pub sealable_until: Option<Timestamp>,
    /// How many more log keys may be made, restores apart.
    pub log_keys_left: usize,
}

/// The newest bundle of a node that was in force here, as the log says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleRow {
    /// Its sequence.
    pub sequence: u64,
    /// Its digest.
    pub digest: Digest,
}

/// Since when a member's keys are said to have been in other hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompromisedRow {
    /// Since when.
    pub since: Timestamp,
    /// When that was recorded here: what came later is under keys that were known to be at risk.
    pub declared: Timestamp,
}

/// What is to be told of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAlarm {
    /// A peer holds a bundle of this node that this node did not make, or a later one than it has.
    OwnBundleElsewhere {
        /// The peer.
        peer: NodeId,
        /// The sequence of the bundle there.
        sequence: u64,
    },
    /// This node's newest receiving key runs out soon, and should have been renewed.
    OwnRunsOut {
        /// Until when others seal to it.
        until: Timestamp,
    },
    /// There are two bundles of a node with one sequence.
    Conflict {
        /// The node.
        node: NodeId,
        /// Their sequence.
        sequence: u64,
    },
}

impl Federation {
    /// Whether the list has run out.
    pub fn expired(&self, now: Timestamp) -> bool {
        now > self.expires
    }

    /// The node of a member that messages to it go to: its first.
    pub fn receiver(&self, member: MemberId) -> Option<NodeId> {
        let nodes = self.nodes.iter().copied();
        nodes.filter(|node| node.member == member).min()
    }

    /// Whether a message to the member can be sealed now. While the list has run out no new keys are
    /// taken, so the last one serves on.
    pub fn can_seal_to(&self, member: MemberId, now: Timestamp) -> bool {
        let receiver = self.receiver(member);
        let Some(keys) = receiver.and_then(|node| self.trust.keys.get(&node)) else {
            return true;
        };
        let until = keys.sealable_until;
        until.is_some_and(|until| now <= until || self.expired(now))
    }
}

/// Records which bundles are in force, unless they are on record. A bundle that is newer than the last
/// brings keys under which what waits is sealed again.
pub(in crate::app) fn record_bundles(
    service: &mut Service,
    turn: &mut Turn<'_>,
) -> Result<(), IndexError> {
    let Some(federation) = service.federation.clone() else {
        return Ok(());
    };
    for (node, keys) in &federation.trust.keys {
        if keys.sequence == 0 {
            continue;
        }
        let row = turn.view.row::<BundleRow>(BUNDLE, &node.to_bytes())?;
        if row.is_some_and(|row| row.sequence >= keys.sequence) {
            continue;
        }
        record(
            service,
            turn,
            MemberChange::BundleInForce {
                node: *node,
                sequence: keys.sequence,
                digest: keys.digest,
            },
        )?;
        service.bundle_alarms.remove(node);
        if service.flight.peer(node.member) == Some(*node) {
            service.flight.link_up(*node);
        }
        service.stirred.insert(node.member);
    }
    Ok(())
}

/// Records which members' keys are said to have been in other hands, unless it is on record.
pub(in crate::app) fn record_compromises(
    service: &mut Service,
    turn: &mut Turn<'_>,
) -> Result<(), IndexError> {
    let Some(federation) = service.federation.clone() else {
        return Ok(());
    };
    for (member, since) in &federation.trust.compromised {
        let row = turn
            .view
            .row::<CompromisedRow>(COMPROMISED, &member_key(*member))?;
        if row.is_none_or(|row| row.since != *since) {
            let (member, since) = (*member, *since);
            record(
                service,
                turn,
                MemberChange::CompromisedSince { member, since },
            )?;
        }
    }
    Ok(())
}

/// There are two bundles of a node with one sequence.
pub(in crate::app) fn conflict(
    service: &mut Service,
    turn: &mut Turn<'_>,
    node: NodeId,
    sequence: u64,
    digest: Digest,
) -> Result<(), IndexError> {
    let alarm = KeyAlarm::Conflict { node, sequence };
    if service.bundle_alarms.insert(node, alarm) == Some(alarm) {
        return Ok(());
    }
    record(
        service,
        turn,
        MemberChange::BundleConflict {
            node,
            sequence,
            digest,
        },
    )
}

/// Which bundle of this node is in force at a peer.
pub(in crate::app) fn at_peer(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    sequence: u64,
    digest: Digest,
) -> Result<(), IndexError> {
    let me = service.me;
    let federation = service.federation.as_ref();
    let Some(own) = federation.and_then(|f| f.trust.keys.get(&me).copied()) else {
        return Ok(());
    };
    service.own_bundle_at.insert(peer, (sequence, digest));
    let conflict = sequence == own.sequence && digest != own.digest;
    let told = service.conflicts.bundles.contains(&(peer, sequence));
    if !conflict || told || !service.may_record_refusal(peer.member, turn.now) {
        return Ok(());
    }
    service.conflicts.bundles.insert((peer, sequence));
    record(
        service,
        turn,
        MemberChange::BundleConflict {
            node: me,
            sequence,
            digest,
        },
    )
}

/// Receiving keys of this node were destroyed.
pub(in crate::app) fn destroyed(
    service: &mut Service,
    turn: &mut Turn<'_>,
    keys: &[KeyId],
) -> Result<(), IndexError> {
    let keys = keys.to_vec();
    record(service, turn, MemberChange::KeysDestroyed { keys })
}

/// A person orders new keys for this node.
pub(super) fn rotate(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    what: Rotation,
) -> Result<MemberReply, Stop> {
    let federation = service.federation.as_ref().ok_or(AppError::NoTrustList)?;
    if federation.expired(turn.now) {
        return Err(AppError::ListExpired.into());
    }
    let own = federation.trust.keys.get(&service.me);
    let used_up = |keys: &NodeKeys| keys.sequence > 0 && keys.log_keys_left == 0;
    if what.log && own.is_some_and(used_up) {
        return Err(AppError::LogKeysUsedUp.into());
    }
    let sequence = own.map_or(0, |keys| keys.sequence);
    let change = MemberChange::KeysOrdered { what };
    turn.record(service.me.member, by, Change::Other(Other::Member(change)))?;
    let at = turn.now;
    turn.effects.push(Effect::Rotate(Order { what, at }));
    service.order_rests = ordered::AGAIN;
    Ok(MemberReply::Rotating(sequence))
}

fn record(service: &Service, turn: &mut Turn<'_>, change: MemberChange) -> Result<(), IndexError> {
    let me = service.me.member;
    turn.record(me, Actor::node(me), Change::Other(Other::Member(change)))?;
    Ok(())
}

/// Writes the rows that follow from a change of keys.
pub(super) fn bundle_in_force(view: &mut View<'_>, node: NodeId, row: BundleRow) {
    view.put(BUNDLE, node.to_bytes().to_vec(), row);
}

/// Writes the row of a declared compromise.
pub(super) fn compromised(view: &mut View<'_>, member: MemberId, row: CompromisedRow) {
    view.put(COMPROMISED, member_key(member), row);
}

impl Service {
    /// What is to be told of keys.
    pub(in crate::app) fn key_alarms(&self, now: Timestamp) -> Vec<KeyAlarm> {
        let federation = self.federation.as_ref();
        let own = federation.and_then(|f| f.trust.keys.get(&self.me).copied());
        // While the list has run out no key can be renewed, and the newest serves on.
        let renews = federation.is_some_and(|f| !f.expired(now));
        let until = own.and_then(|own| own.sealable_until);
        let runs_out = until
            .filter(|until| renews && *until < now.plus(EXPIRES_SOON))
            .map(|until| KeyAlarm::OwnRunsOut { until });
        let elsewhere = self.own_bundle_at.iter().filter_map(|(peer, at)| {
            let own = own?;
            let (peer, (sequence, digest)) = (*peer, *at);
            let other =
                sequence > own.sequence || (sequence == own.sequence && digest != own.digest);
            other.then_some(KeyAlarm::OwnBundleElsewhere { peer, sequence })
        });
        elsewhere
            .chain(runs_out)
            .chain(self.bundle_alarms.values().copied())
            .collect()
    }
}
