//! The ceremony: what a member prepares for the others to read, sign and send back. Nothing here
//! needs a network; documents travel as files, and [`SignedDocument::sign`] and
//! [`SignedDocument::merge`] do the rest.

use std::collections::BTreeMap;

use super::document::{DocumentKind, Payload, SignedDocument};
use super::list::{Member, MemberKind, TrustList};
use super::root::Country;
use super::{Directory, MemberCard, Root, Rule, TrustError};
use crate::base::{MemberId, Timestamp};

/// Documents to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The new root, where the countries or their keys change.
    pub root: Option<SignedDocument>,
    /// The new list.
    pub list: SignedDocument,
}

/// The first root and list: every card becomes a node, and every country signs both.
///
/// # Errors
/// [`TrustError::Rule`] if the cards do not make a federation: fewer than two countries, a node
/// twice, two cards of one member that contradict each other.
pub fn propose_first(
    cards: &[MemberCard],
    issued: Timestamp,
    expires: Timestamp,
) -> Result<Proposal, TrustError> {
    let members = members_of(cards)?;
    let countries = members
        .iter()
        .filter(|member| member.kind == MemberKind::Country)
        .map(|member| Country {
            member: member.member,
            identity: member.nodes[0].identity.clone(),
        })
        .collect();
    let root = Root {
        version: 1,
        previous: None,
        issued,
        countries,
    };
    let list = TrustList {
        version: 1,
        root_version: 1,
        previous: None,
        issued,
        expires,
        members,
    };
    Ok(Proposal {
        root: Some(SignedDocument::draft(&Payload::Root(root))?),
        list: SignedDocument::draft(&Payload::TrustList(list))?,
    })
}

/// The list that follows the one in force, with these members; and, where `countries` are given,
/// the root that follows the one in force, under which that list is to be signed.
///
/// # Errors
/// [`TrustError::Rule`] if a document breaks a rule.
pub fn propose_next(
    directory: &Directory,
    countries: Option<Vec<Country>>,
    members: Vec<Member>,
    issued: Timestamp,
    expires: Timestamp,
) -> Result<Proposal, TrustError> {
    let current = directory.root();
    let root = countries.map(|countries| Root {
        version: current.version.saturating_add(1),
        previous: Some(directory.root_digest()),
        issued,
        countries,
    });
    let list = TrustList {
        version: directory.version().saturating_add(1),
        root_version: root.as_ref().unwrap_or(current).version,
        previous: Some(directory.hash()),
        issued,
        expires,
        members,
    };
    Ok(Proposal {
        root: root
            .map(|root| SignedDocument::draft(&Payload::Root(root)))
            .transpose()?,
        list: SignedDocument::draft(&Payload::TrustList(list))?,
    })
}

/// The members that some cards make up, sorted by id, with their nodes by number.
fn members_of(cards: &[MemberCard]) -> Result<Vec<Member>, TrustError> {
    let mut members: BTreeMap<MemberId, Member> = BTreeMap::new();
    for card in cards {
        let mut listed = card.listed();
        let Some(member) = members.get_mut(&card.member()) else {
            members.insert(card.member(), listed);
            continue;
        };
        let agrees = (&member.name, member.kind, &member.contact)
            == (&listed.name, listed.kind, &listed.contact);
        if !agrees {
            return Err(TrustError::Rule(DocumentKind::Card, Rule::Contradiction));
        }
        member.nodes.append(&mut listed.nodes);
        member.nodes.sort_by_key(|node| node.number);
    }
    Ok(members.into_values().collect())
}
