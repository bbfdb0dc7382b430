//! The list: the members, their nodes, and the identity key of each.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::document::{DocumentKind, Payload, SignedDocument, enough};
use super::root::is_country_code;
use super::{Root, Rule, TrustError};
use crate::base::{Digest, MemberId, NodeId, Timestamp};
use crate::seal::sign::VerifyingKey;

/// The longest that a list is valid.
pub const LONGEST_LIFE: Duration = Duration::from_secs(30 * 24 * 3600);

const MAX_MEMBERS: usize = 500;
const MAX_NAME: usize = 100;
const MAX_CONTACT: usize = 300;
const MAX_ADDRESS: usize = 255;

/// One version of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustList {
    /// 1 for the first, then one more each time.
    pub version: u32,
    /// The version of the root under which it was signed.
    pub root_version: u32,
    /// The digest of the version before; none for the first.
    pub previous: Option<Digest>,
    /// When it was proposed.
    pub issued: Timestamp,
    /// After this, nodes alarm and take no new keys; exchange goes on.
    pub expires: Timestamp,
    /// The members, each once.
    pub members: Vec<Member>,
}

/// A member of the federation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Its id.
    pub member: MemberId,
    /// Its name for people.
    pub name: String,
    /// What it is.
    pub kind: MemberKind,
    /// How its people are reached when the exchange is down.
    pub contact: String,
    /// Since when keys of it that an earlier list named may have been in other hands; none if they
    /// were not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compromised_since: Option<Timestamp>,
    /// Its nodes, at least one.
    pub nodes: Vec<ListedNode>,
}

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MemberKind {
    /// A country.
    Country,
    /// An organisation.
    Organisation,
}

/// A node of a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedNode {
    /// The member's number for it, from 1.
    pub number: u8,
    /// The key that signs its messages and its bundle.
    pub identity: VerifyingKey,
    /// Where it is reached, `host:port`; none for a node that only calls others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// How many of the root's `countries` must sign a list: a majority, at least two, which from five
/// countries on is at least three.
///
/// Those that the list leaves out do not count as signers, so from three countries on none can
/// prevent its own removal. They still count in the majority: were it one of those who stay, two
/// countries could throw out all others in one list.
pub fn list_threshold(countries: usize) -> usize {
    (countries / 2 + 1).max(2)
}

impl TrustList {
    pub(super) fn check(&self) -> Result<(), TrustError> {
        let broken = |rule| Err(TrustError::Rule(DocumentKind::TrustList, rule));
        if self.version == 0 || self.root_version == 0 {
            return broken(Rule::Number);
        }
        if (self.version == 1) != self.previous.is_none() {
            return broken(Rule::Previous);
        }
        if self.expires <= self.issued {
            return broken(Rule::Times);
        }
        if self.expires > self.issued.plus(LONGEST_LIFE) {
            return broken(Rule::TooLong);
        }
        if self.members.len() > MAX_MEMBERS {
            return broken(Rule::TooMany);
        }
        let (mut members, mut nodes, mut keys) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for member in &self.members {
            member
                .check()
                .map_err(|rule| TrustError::Rule(DocumentKind::TrustList, rule))?;
            if !members.insert(member.member) {
                return broken(Rule::Duplicate);
            }
            for node in &member.nodes {
                if !nodes.insert((member.member, node.number)) {
                    return broken(Rule::Duplicate);
                }
                if !keys.insert(node.identity.key_id()) {
                    return broken(Rule::SharedKey);
                }
            }
        }
        Ok(())
    }

    /// Reads a list without verifying who signed it, to show what a proposal says.
    ///
    /// # Errors
    /// [`TrustError::Malformed`], [`TrustError::WrongKind`] or [`TrustError::Rule`].
    pub fn peek(document: &SignedDocument) -> Result<Self, TrustError> {
        match document.payload()? {
            Payload::TrustList(list) => Ok(list),
            other => Err(other.instead_of(DocumentKind::TrustList)),
        }
    }

    /// Verifies a list under the root in force.
    pub(super) fn read(document: &SignedDocument, root: &Root) -> Result<Self, TrustError> {
        let list = Self::peek(document)?;
        if list.root_version != root.version {
            return Err(TrustError::RootVersion {
                expected: root.version,
                found: list.root_version,
            });
        }
        let demoted = |member: &Member| {
            member.kind == MemberKind::Organisation && root.key(member.member).is_some()
        };
        if list.members.iter().any(demoted) {
            return Err(TrustError::Rule(
                DocumentKind::TrustList,
                Rule::CountryAsOrganisation,
            ));
        }
        let stays = |member| list.has(member);
        list.signed_enough(document, root, stays)?;
        Ok(list)
    }
}

impl TrustList {
    /// A node as it is listed.
    pub fn node(&self, node: NodeId) -> Option<&ListedNode> {
        let member = self.members.iter().find(|m| m.member == node.member)?;
        let mut nodes = member.nodes.iter();
        nodes.find(|listed| listed.number == node.number)
    }

    /// Whether it lists the member.
    pub fn has(&self, member: MemberId) -> bool {
        self.members.iter().any(|listed| listed.member == member)
    }

    /// The countries that it lists and that sign nothing under this root: it does not name them, or
    /// by a key that none of their nodes has.
    pub fn cannot_sign(&self, root: &Root) -> Vec<MemberId> {
        let signs = |listed: &Member| {
            let key = root.key(listed.member).map(VerifyingKey::key_id);
            let mut nodes = listed.nodes.iter();
            key.is_some_and(|key| nodes.any(|node| node.identity.key_id() == key))
        };
        let countries = self
            .members
            .iter()
            .filter(|m| m.kind == MemberKind::Country);
        countries.filter(|m| !signs(m)).map(|m| m.member).collect()
    }

    /// Verifies the signatures on this list, and that enough of the countries that `count` have
    /// signed.
    pub(super) fn signed_enough(
        &self,
        document: &SignedDocument,
        root: &Root,
        count: impl Fn(MemberId) -> bool,
    ) -> Result<(), TrustError> {
        let mut signers =
            document.signers(DocumentKind::TrustList, |by, id| root.key_by_id(by, id))?;
        signers.retain(|(member, _)| count(*member));
        enough(root.count(&signers), list_threshold(root.countries.len()))
    }
}

impl Member {
    pub(super) fn check(&self) -> Result<(), Rule> {
        check_text(&self.name, MAX_NAME)?;
        // An office may be enrolled before it has a telephone.
        if !self.contact.is_empty() {
            check_text(&self.contact, MAX_CONTACT)?;
        }
        if self.kind == MemberKind::Country && !is_country_code(self.member) {
            return Err(Rule::NotACountry);
        }
        if self.nodes.is_empty() {
            return Err(Rule::TooFew);
        }
        for node in &self.nodes {
            if node.number == 0 {
                return Err(Rule::Number);
            }
            node.address.as_deref().map_or(Ok(()), check_address)?;
        }
        Ok(())
    }

    /// The ids of its nodes.
    pub fn node_ids(&self) -> impl Iterator<Item = NodeId> {
        self.nodes.iter().map(|node| NodeId {
            member: self.member,
            number: node.number,
        })
    }
}

/// Text that people compare must show all that it is: no control characters, and none that hide
/// or turn what stands around them.
pub(super) fn check_text(text: &str, max: usize) -> Result<(), Rule> {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}')
    };
    let shown = text.trim() == text
        && !text.is_empty()
        && text.chars().count() <= max
        && !text.contains(hidden);
    shown.then_some(()).ok_or(Rule::Text)
}

/// `host:port`: a DNS name, an IPv4 address, or an IPv6 address in brackets, and a port from 1.
pub(super) fn check_address(address: &str) -> Result<(), Rule> {
    let (host, port) = address.rsplit_once(':').ok_or(Rule::Address)?;
    let port_holds = !port.starts_with(['0', '+']) && port.parse::<u16>().is_ok();
    let host_holds = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        Some(inner) => inner.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        }),
    };
    (port_holds && host_holds && address.len() <= MAX_ADDRESS)
        .then_some(())
        .ok_or(Rule::Address)
}
