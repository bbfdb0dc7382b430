//! The suspend list: takes members out of the list in force at once, until the next list.
//!
//! Two countries suffice, since it can only take away; those that it suspends do not count among
//! them. It names the list that it amends by its digest, so it ends with that list, and each
//! version holds all that the one before it held.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::document::{DocumentKind, Payload, SignedDocument, enough};
use super::list::check_text;
use super::root::expect_version;
use super::{Directory, Root, Rule, TrustError, TrustList};
use crate::base::{Digest, MemberId, Timestamp};

/// How many countries must sign a suspend list.
pub const SUSPEND_THRESHOLD: usize = 2;

const MAX_SUSPENDED: usize = 500;
const MAX_REASON: usize = 300;

/// One version of the suspend list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuspendList {
    /// 1 for the first that amends a list, then one more each time.
    pub version: u32,
    /// The version of the list that it amends.
    pub list_version: u32,
    /// The digest of that list.
    pub list: Digest,
    /// The digest of the suspend list before; none for the first.
    pub previous: Option<Digest>,
    /// When it was proposed.
    pub issued: Timestamp,
    /// The members, each once.
    pub suspended: Vec<SuspendedMember>,
}

/// A member that is out until the next list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuspendedMember {
    /// Its id.
    pub member: MemberId,
    /// Why, for people.
    pub reason: String,
    /// Since when its keys may have been in other hands; none if they were not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compromised_since: Option<Timestamp>,
}

impl SuspendList {
    pub(super) fn check(&self) -> Result<(), TrustError> {
        self.broken_rule().map_or(Ok(()), |rule| {
            Err(TrustError::Rule(DocumentKind::SuspendList, rule))
        })
    }

    fn broken_rule(&self) -> Option<Rule> {
        if self.version == 0 || self.list_version == 0 {
            return Some(Rule::Number);
        }
        if (self.version == 1) != self.previous.is_none() {
            return Some(Rule::Previous);
        }
        if self.suspended.is_empty() {
            return Some(Rule::TooFew);
        }
        if self.suspended.len() > MAX_SUSPENDED {
            return Some(Rule::TooMany);
        }
        let mut members = BTreeSet::new();
        for suspended in &self.suspended {
            if let Err(rule) = check_text(&suspended.reason, MAX_REASON) {
                return Some(rule);
            }
            if !members.insert(suspended.member) {
                return Some(Rule::Duplicate);
            }
        }
        None
    }

    /// Whether it suspends this member.
    pub fn suspends(&self, member: MemberId) -> bool {
        self.suspended.iter().any(|s| s.member == member)
    }

    /// Reads a suspend list without verifying who signed it, to show what a proposal says.
    ///
    /// # Errors
    /// [`TrustError::Malformed`], [`TrustError::WrongKind`] or [`TrustError::Rule`].
    pub fn peek(document: &SignedDocument) -> Result<Self, TrustError> {
        match document.payload()? {
            Payload::SuspendList(list) => Ok(list),
            other => Err(other.instead_of(DocumentKind::SuspendList)),
        }
    }

    /// Verifies a suspend list that amends `list`, whose digest is `hash`, under the root in force.
    pub(super) fn read(
        document: &SignedDocument,
        list: &TrustList,
        hash: Digest,
        root: &Root,
    ) -> Result<Self, TrustError> {
        let suspension = Self::peek(document)?;
        if suspension.list != hash || suspension.list_version != list.version {
            return Err(TrustError::AmendsAnother);
        }
        if suspension.issued < list.issued {
            return Err(TrustError::Rule(DocumentKind::SuspendList, Rule::Times));
        }
        let listed = |member| list.members.iter().any(|listed| listed.member == member);
        if let Some(stranger) = suspension.suspended.iter().find(|s| !listed(s.member)) {
            return Err(TrustError::NotAMember(stranger.member));
        }
        let mut signers =
            document.signers(DocumentKind::SuspendList, |by, id| root.key_by_id(by, id))?;
        signers.retain(|(member, _)| !suspension.suspends(*member));
        enough(root.count(&signers), SUSPEND_THRESHOLD)?;
        Ok(suspension)
    }

    /// Whether it may follow `current`, whose digest is given with it: the next version, naming
    /// the one before, and giving nobody back.
    pub(super) fn follows(&self, current: Option<(&Self, Digest)>) -> Result<(), TrustError> {
        let version = current.map_or(0, |(current, _)| current.version);
        expect_version(version.saturating_add(1), self.version)?;
        if self.previous != current.map(|(_, digest)| digest) {
            return Err(TrustError::Previous(DocumentKind::SuspendList));
        }
        let Some((current, _)) = current else {
            return Ok(());
        };
        if self.issued < current.issued {
            return Err(TrustError::Rule(DocumentKind::SuspendList, Rule::Times));
        }
        let mut before = current.suspended.iter().map(|s| s.member);
        match before.find(|member| !self.suspends(*member)) {
            Some(member) => Err(TrustError::GivenBack(member)),
            None => Ok(()),
        }
    }
}

/// The suspend list that takes `member` out of the list in force, besides those who are out by
/// now. Nobody has signed it.
///
/// # Errors
/// [`TrustError::NotAMember`] for one that the list does not have; [`TrustError::Rule`] for one
/// that is suspended already, or a reason that nobody can read.
pub fn propose_suspension(
    directory: &Directory,
    member: MemberId,
    (reason, compromised_since): (&str, Option<Timestamp>),
    issued: Timestamp,
) -> Result<SignedDocument, TrustError> {
    if !directory.list().members.iter().any(|m| m.member == member) {
        return Err(TrustError::NotAMember(member));
    }
    let current = directory.suspension();
    let mut suspended = current.map_or_else(Vec::new, |list| list.suspended.clone());
    suspended.push(SuspendedMember {
        member,
        reason: reason.to_owned(),
        compromised_since,
    });
    let next = SuspendList {
        version: current.map_or(0, |list| list.version).saturating_add(1),
        list_version: directory.version(),
        list: directory.hash(),
        previous: directory.suspension_document().map(SignedDocument::digest),
        issued,
        suspended,
    };
    SignedDocument::draft(&Payload::SuspendList(next))
}
