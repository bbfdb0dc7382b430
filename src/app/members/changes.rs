//! Changes that are about members or their keys, and how the log names them.

use serde::{Deserialize, Serialize};

use crate::audit::{EventCode, Statement};
use crate::base::{Actor, Digest, MemberId, NodeId, PersonId, Role, Timestamp};
use crate::seal::KeyId;
use crate::seal::keystore::Rotation;

/// A change that is about members or their keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum MemberChange {
    /// A peer has another trust list of the version in force here: one of the two was forged, or
    /// the federation has split.
    ListConflict {
        /// The peer.
        peer: NodeId,
        /// The version.
        version: u64,
        /// The peer's list.
        hash: Digest,
    },
    /// The trust list in force has run out.
    ListExpired {
        /// Its version.
        version: u64,
    },
    /// A key bundle came into force, this node's own or a peer's.
    BundleInForce {
        /// The node whose bundle it is.
        node: NodeId,
        /// Its sequence.
        sequence: u64,
        /// Its digest.
        digest: Digest,
    },
    /// There are two key bundles of one node with one sequence: its identity key has signed two
    /// things, or is in other hands.
    BundleConflict {
        /// The node whose bundles they are.
        node: NodeId,
        /// Their sequence.
        sequence: u64,
        /// The one that is not in force here.
        digest: Digest,
    },
    /// A person ordered new keys for this node.
    KeysOrdered {
        /// Which.
        what: Rotation,
    },
    /// Receiving keys of this node were destroyed.
    KeysDestroyed {
        /// The keys.
        keys: Vec<KeyId>,
    },
    /// A member is listed with identity keys that were not known here.
    IdentityListed {
        /// The member.
        member: MemberId,
        /// What follows from its identity keys.
        identity: Digest,
    },
    /// A person compared the safety number with the member's people, and it is the same.
    IdentityCompared {
        /// The member.
        member: MemberId,
        /// What follows from its identity keys.
        identity: Digest,
        /// Who.
        person: PersonId,
        /// In which role.
        role: Role,
    },
    /// A person accepted the changed identity key of a member.
    IdentityAccepted {
        /// The member.
        member: MemberId,
        /// What follows from its identity keys.
        identity: Digest,
        /// Who.
        person: PersonId,
        /// In which role.
        role: Role,
    },
    /// A member's keys are said to have been in other hands since a time.
    CompromisedSince {
        /// The member.
        member: MemberId,
        /// Since when.
        since: Timestamp,
    },
}

impl MemberChange {
    /// How the log names it, and whom it is about.
    pub(in crate::app) fn event(&self, by: &Actor) -> (EventCode, Option<MemberId>) {
        match self {
            Self::ListConflict { peer, .. } => (EventCode::FederationAlarm, Some(peer.member)),
            Self::ListExpired { .. } => (EventCode::FederationAlarm, None),
            Self::BundleInForce { node, .. } if node.member == by.member => {
                (EventCode::OwnKeysRotated, Some(node.member))
            }
            Self::BundleInForce { node, .. } => (EventCode::KeyBundleInstalled, Some(node.member)),
            Self::BundleConflict { node, .. } => (EventCode::FederationAlarm, Some(node.member)),
            Self::KeysOrdered { .. } => (EventCode::KeysOrdered, None),
            Self::KeysDestroyed { .. } => (EventCode::KeysDestroyed, None),
            Self::IdentityListed { member, .. } => (EventCode::IdentityListed, Some(*member)),
            Self::IdentityCompared { member, .. } => (EventCode::IdentityCompared, Some(*member)),
            Self::IdentityAccepted { member, .. } => (EventCode::IdentityAccepted, Some(*member)),
            Self::CompromisedSince { member, .. } => (EventCode::CompromiseDeclared, Some(*member)),
        }
    }

    /// What its entry commits to, where that is more than a note.
    pub(in crate::app) fn statement(&self) -> Option<Statement> {
        match self {
            Self::BundleInForce {
                node,
                sequence,
                digest,
            } => Some(Statement::BundleInForce {
                node: *node,
                sequence: *sequence,
                digest: *digest,
            }),
            Self::ListConflict { .. }
            | Self::ListExpired { .. }
            | Self::BundleConflict { .. }
            | Self::KeysOrdered { .. }
            | Self::KeysDestroyed { .. }
            | Self::IdentityListed { .. }
            | Self::IdentityCompared { .. }
            | Self::IdentityAccepted { .. }
            | Self::CompromisedSince { .. } => None,
        }
    }
}
