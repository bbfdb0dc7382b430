//! Members, their keys, and what people confirmed of them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::{MemberId, NodeId, Role, Timestamp};

/// `GET /members`: every other member of the trust list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberList {
    /// The members, by id.
    pub members: Vec<MemberView>,
    /// Changes of the trust list that were proposed or signed at this node and are not in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proposals: Vec<ProposalView>,
}

/// A change of the trust list that waits for signatures, or to be installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProposalView {
    /// The version of the list that is proposed, or that a suspension amends.
    pub version: u64,
    /// Nodes that come in.
    pub joins: Vec<NodeId>,
    /// Nodes that get another identity key.
    pub replaces: Vec<NodeId>,
    /// Members that go.
    pub leaves: Vec<MemberId>,
    /// Members that are suspended.
    pub suspends: Vec<MemberId>,
    /// Members that are suspended at this node and that the list has: their suspension ends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub takes_back: Vec<MemberId>,
    /// Members that have signed it, as far as this node knows.
    pub signed_by: Vec<MemberId>,
    /// Members whose signatures would count and are not there.
    pub missing: Vec<MemberId>,
    /// How many have to sign.
    pub needed: usize,
    /// Whether enough have, so that it can be installed.
    pub complete: bool,
    /// When it was proposed or signed here last.
    pub kept: Timestamp,
}

/// `GET /members/{member}`: how a member stands. `POST /members/{member}/compare` and `…/accept` give
/// the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberView {
    /// The member.
    pub member: MemberId,
    /// Its nodes in force; messages go to the first.
    pub nodes: Vec<NodeId>,
    /// Who compared the safety number of the keys that are listed, and when; none if nobody did.
    pub compared: Option<ConfirmedView>,
    /// A change of its identity key that stops exchange until two people have accepted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<ChangedIdentity>,
    /// Why nothing is sent to it now: `removed`, `suspended`, `identity-changed` or
    /// `no-receiving-key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out: Option<String>,
    /// Since when its keys are said to have been in other hands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compromised_since: Option<Timestamp>,
    /// The 60 digits that its people see too; only where one member was asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safety_number: Option<String>,
}

/// A person here who confirmed something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConfirmedView {
    /// The person's name at this node; none if the person is gone.
    pub by: Option<String>,
    /// In which role.
    pub role: Role,
    /// When.
    pub at: Timestamp,
}

/// A changed identity key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangedIdentity {
    /// Since when it is listed here.
    pub since: Timestamp,
    /// Who accepted it so far; two must.
    pub accepted: Vec<ConfirmedView>,
}

/// `POST /members/{member}/compare`: the number that the member's people read out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompareNumber {
    /// 60 digits, with or without spaces.
    pub number: String,
}

/// `POST /keys/rotate` with `{"tls": true, "recipient": true, "log": true}`, 202: the bundle in force
/// so far. The next has the next number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeysView {
    /// This node.
    pub node: NodeId,
    /// The number of the bundle.
    pub sequence: u64,
}

/// One of this node's keys that is in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyAge {
    /// What it is for: `identity`, `tls`, `recipient` or `log`.
    pub key: String,
    /// When it was made.
    pub created: Timestamp,
    /// When the node makes a new one by itself; none for what it never does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed: Option<Timestamp>,
}

/// This node's own keys, in `GET /health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OwnKeys {
    /// The number of the bundle in force.
    pub sequence: u64,
    /// Until when others seal to the newest receiving key.
    pub sealable_until: Option<Timestamp>,
    /// How old each is, the newest of its kind.
    #[serde(default)]
    pub ages: Vec<KeyAge>,
}
