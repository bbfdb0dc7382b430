//! The ceremony in files: cards become a proposal, members sign it one after another, and each
//! installs it. Nothing here needs a network.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::folder::{Folder, NodeError};
use super::proposal::{ListProposal, ProposalFile, SuspendProposal};
use crate::base::{Digest, MemberId, NodeId, OsEntropy, Timestamp};
use crate::config::Config;
use crate::seal::keystore::Keys;
use crate::seal::trust::{
    Country, Directory, Member, MemberCard, MemberKind, Profile, SignedDocument, TrustError,
    TrustList, propose_first, propose_next, propose_suspension,
};

/// Why a step of the ceremony cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum CeremonyError {
    /// A file is not what it should be.
    #[error("{file}: {what}")]
    File {
        /// The file.
        file: String,
        /// What is wrong with it.
        what: String,
    },
    /// A document does not hold.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// This node's signature would not count.
    #[error(
        "{0} does not sign this: it is no country of the root, the proposal takes it away, or its \
         identity key is another one"
    )]
    NotASigner(MemberId),
    /// The proposal does not follow what is in force at this node.
    #[error("the proposal follows another trust list than the one in force at this node")]
    NotNext,
    /// No list is installed at this node, and this step needs one.
    #[error("no trust list is installed at this node")]
    NoListYet,
    /// A member that is to be removed is not in the list.
    #[error("{0} is not a member of the trust list in force")]
    NotAMember(MemberId),
    /// The next list would end a suspension, and nobody said so.
    #[error("{0} is suspended, and the next list ends that: what waits for it would go")]
    StillSuspended(MemberId),
    /// A proposal ends a suspension, and whoever signs it has not said that they know.
    #[error(
        "{0} is suspended here, and the proposed list takes it back: what waits for it would go"
    )]
    TakesBack(MemberId),
    /// A member that is to be taken back is not suspended here.
    #[error("{0} is not suspended at this node")]
    NotSuspended(MemberId),
    /// A card would begin a log under the name of one that the others have witnessed.
    #[error(
        "{node} is known under another identity key; a new log under its name contradicts the one \
         that the other members have witnessed"
    )]
    NumberTaken {
        /// The node that the card is for.
        node: NodeId,
        /// A number that the member has not used yet.
        free: u8,
    },
    /// The proposal begins from another root than the one that was compared.
    #[error("the trust begins from root {found}, not from the one that was compared")]
    OtherRoot {
        /// The fingerprint of its first root.
        found: Digest,
    },
    /// The list in force has run out: it is renewed before anybody comes in.
    #[error(
        "trust list {0} has run out: renew it as it is, and let {1} come in with the one after"
    )]
    Frozen(u32, NodeId),
    /// Fewer countries are left to sign the proposal than must.
    #[error("{needed} countries must sign this, and only {left} can")]
    TooFewSigners {
        /// How many can sign it.
        left: usize,
        /// How many must.
        needed: usize,
    },
    /// The folder cannot be read or written.
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// What the next list changes.
#[derive(Debug, Clone, Default)]
pub struct ListChange {
    /// Cards that come in or take a node's place, each with the name of its file.
    pub cards: Vec<(String, Vec<u8>)>,
    /// Members that go.
    pub remove: Vec<MemberId>,
    /// Suspended members that the list has all the same.
    pub take_back: Vec<MemberId>,
    /// Members whose keys may have been in other hands, and since when.
    pub compromised: Vec<(MemberId, Timestamp)>,
    /// Whether the root is to have the countries of the new list.
    pub root: RootChange,
}

/// Whether the countries that sign change with the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RootChange {
    /// They stay.
    #[default]
    Stays,
    /// They become those of the list.
    FollowsList,
}

/// The node's card, signed.
///
/// # Errors
/// [`CeremonyError`].
pub fn issue_card(config: &Config, keys: &Keys) -> Result<SignedDocument, CeremonyError> {
    let folder = Folder(config.dir.clone());
    let country = keys.node.member.as_str().len() == 2;
    let profile = Profile {
        name: config.settings.name.clone(),
        kind: if country {
            MemberKind::Country
        } else {
            MemberKind::Organisation
        },
        contact: config.settings.contact.clone(),
        address: config.settings.exchange.address.clone(),
    };
    let bundle = folder.own_bundle(keys.node)?;
    Ok(MemberCard::issue(keys, profile, bundle, &mut OsEntropy)?)
}

/// The first root and list of these cards, or the list that follows the one in force. Nobody has
/// signed them. Valid for `days`. `past` are the lists up to the one in force, which go along.
///
/// # Errors
/// [`CeremonyError`], naming the card at fault; [`CeremonyError::TooFewSigners`] where it could never be
/// complete.
pub fn propose(
    current: Option<&Directory>,
    past: Vec<SignedDocument>,
    change: &ListChange,
    days: u16,
) -> Result<ProposalFile, CeremonyError> {
    let mut cards = Vec::new();
    for (file, json) in &change.cards {
        let card = SignedDocument::from_json(json).and_then(|document| MemberCard::read(&document));
        cards.push(card.map_err(|error| CeremonyError::File {
            file: file.clone(),
            what: error.to_string(),
        })?);
    }
    let now = Timestamp::system();
    let expires = now.plus(Duration::from_secs(u64::from(days) * 24 * 3600));
    let proposal = match current {
        None => match change.remove.iter().chain(&change.take_back).next() {
            None => propose_first(&cards, now, expires)?,
            Some(_) => return Err(CeremonyError::NoListYet),
        },
        Some(current) => {
            decided(current, change)?;
            let mut members = changed(current, &past, &cards, &change.remove)?;
            for (member, since) in &change.compromised {
                let listed = members.iter_mut().find(|listed| listed.member == *member);
                let listed = listed.ok_or(CeremonyError::NotAMember(*member))?;
                listed.compromised_since = Some(*since);
            }
            let countries = match change.root {
                RootChange::Stays => None,
                RootChange::FollowsList => Some(countries_of(&members)),
            };
            propose_next(current, countries, members, now, expires)?
        }
    };
    let mut bundles: Vec<_> = cards.into_iter().map(|card| card.bundle).collect();
    if let Some(current) = current {
        let list = TrustList::peek(&proposal.list)?;
        let stays = |node: &NodeId| {
            let identity = list.node(*node).map(|listed| listed.identity.key_id());
            identity == current.identity_listed(*node)
        };
        let known = current.bundled_nodes().filter(stays);
        bundles.extend(known.filter_map(|node| current.bundle_document(node).cloned()));
    }
    let file = ProposalFile::List(ListProposal {
        roots: current.map_or_else(Vec::new, |current| current.root_documents().to_vec()),
        lists: past,
        root: proposal.root,
        list: proposal.list,
        bundles,
    });
    current.map_or(Ok(()), |current| file.can_be_complete(current))?;
    Ok(file)
}

/// Refuses a change that leaves open what becomes of a suspended member: the next list ends every
/// suspension, so whoever is not removed is taken back.
fn decided(current: &Directory, change: &ListChange) -> Result<(), CeremonyError> {
    let mut take_back = change.take_back.iter();
    if let Some(member) = take_back.find(|member| !current.is_suspended(**member)) {
        return Err(CeremonyError::NotSuspended(*member));
    }
    let suspended = current.suspension().map_or(&[][..], |list| &list.suspended);
    let mut suspended = suspended.iter().map(|one| one.member);
    let open =
        |member: &MemberId| !change.remove.contains(member) && !change.take_back.contains(member);
    match suspended.find(open) {
        Some(member) => Err(CeremonyError::StillSuspended(member)),
        None => Ok(()),
    }
}

/// The members of the list in force without those that go, and with those that cards bring.
fn changed(
    current: &Directory,
    past: &[SignedDocument],
    cards: &[MemberCard],
    remove: &[MemberId],
) -> Result<Vec<Member>, CeremonyError> {
    let list = current.list();
    let past = past
        .iter()
        .rev()
        .filter_map(|list| TrustList::peek(list).ok());
    let lists: Vec<TrustList> = std::iter::once(list.clone()).chain(past).collect();
    let mut members = list.members.clone();
    for gone in remove {
        if !list.has(*gone) {
            return Err(CeremonyError::NotAMember(*gone));
        }
        members.retain(|member| member.member != *gone);
    }
    for card in cards {
        own_number(&lists, card)?;
        let mut listed = card.listed();
        let known = members.iter_mut().find(|m| m.member == listed.member);
        let Some(known) = known else {
            members.push(listed);
            continue;
        };
        // A card speaks for its own node, and for how the office is called and reached.
        let others = std::mem::take(&mut known.nodes);
        let others = others.into_iter();
        let others = others.filter(|node| node.number != card.node.number);
        listed.nodes.extend(others);
        listed.nodes.sort_by_key(|node| node.number);
        *known = listed;
    }
    for listed in &mut members {
        listed.compromised_since = said_compromised(current, listed.member);
    }
    members.sort_by_key(|member| member.member);
    Ok(members)
}

/// Refuses a card with another identity key for a node that these lists, the newest first, know: whoever
/// lost the keys lost the log too, and a new node begins a log of its own.
fn own_number(lists: &[TrustList], card: &MemberCard) -> Result<(), CeremonyError> {
    let node = card.node;
    let listed = |node: NodeId| lists.iter().find_map(|list| list.node(node));
    let known = listed(node).map(|listed| listed.identity.key_id());
    if known.is_none_or(|known| known == card.identity.key_id()) {
        return Ok(());
    }
    let unused = |number: &u8| {
        let (member, number) = (node.member, *number);
        listed(NodeId { member, number }).is_none()
    };
    let free = (node.number..=u8::MAX).find(unused);
    Err(CeremonyError::NumberTaken {
        node,
        free: free.unwrap_or(u8::MAX),
    })
}

/// Since when a member's keys may have been in other hands, as the list in force or its suspend list,
/// which ends with it, says: the earlier of the two.
fn said_compromised(current: &Directory, member: MemberId) -> Option<Timestamp> {
    let mut members = current.list().members.iter();
    let listed = members.find(|listed| listed.member == member);
    let suspended = current.suspension().and_then(|list| {
        let mut suspended = list.suspended.iter();
        suspended.find(|one| one.member == member)
    });
    let listed = listed.and_then(|listed| listed.compromised_since);
    let suspended = suspended.and_then(|one| one.compromised_since);
    listed.into_iter().chain(suspended).min()
}

/// The countries of a list, each with the identity key of its first node.
fn countries_of(members: &[Member]) -> Vec<Country> {
    let countries = members.iter().filter(|m| m.kind == MemberKind::Country);
    countries
        .filter_map(|member| {
            let node = member.nodes.first()?;
            Some(Country {
                member: member.member,
                identity: node.identity.clone(),
            })
        })
        .collect()
}

/// The suspend list that takes `member` out, signed by this node. `why` is the reason, and since when
/// its keys may have been in other hands.
///
/// # Errors
/// [`CeremonyError`]; [`CeremonyError::TooFewSigners`] where too few countries are left beside those that
/// it takes out.
pub fn suspend(
    current: &Directory,
    keys: &Keys,
    member: MemberId,
    why: (&str, Option<Timestamp>),
) -> Result<ProposalFile, CeremonyError> {
    let suspension = propose_suspension(current, member, why, Timestamp::system())?;
    let mut file = ProposalFile::Suspension(SuspendProposal { suspension });
    file.can_be_complete(current)?;
    sign(&mut file, Some(current), keys)?;
    Ok(file)
}

/// Refuses a proposal that takes a suspended member back, unless whoever is to sign it names that member.
///
/// # Errors
/// [`CeremonyError::TakesBack`]; [`CeremonyError::NotSuspended`] where a member is named for nothing.
pub fn agrees(
    file: &ProposalFile,
    current: Option<&Directory>,
    take_back: &[MemberId],
) -> Result<(), CeremonyError> {
    let suspended = current.and_then(Directory::suspension);
    let suspended = suspended.map_or(&[][..], |list| &list.suspended);
    let is_out = |member: &MemberId| suspended.iter().any(|one| one.member == *member);
    if let Some(member) = take_back.iter().find(|member| !is_out(member)) {
        return Err(CeremonyError::NotSuspended(*member));
    }
    let ProposalFile::List(proposal) = file else {
        return Ok(());
    };
    let list = TrustList::peek(&proposal.list)?;
    let ended = current.is_some_and(|current| proposal.list.digest() != current.hash());
    let mut back = suspended.iter().map(|one| one.member);
    let unsaid = back.find(|member| ended && list.has(*member) && !take_back.contains(member));
    unsaid.map_or(Ok(()), |member| Err(CeremonyError::TakesBack(member)))
}

/// Adds the member's signature to every document of the proposal.
///
/// # Errors
/// [`CeremonyError::NotASigner`] where it would not count, and make the documents invalid;
/// [`CeremonyError::NotNext`] where the proposal does not follow what is in force here.
pub fn sign(
    file: &mut ProposalFile,
    current: Option<&Directory>,
    keys: &Keys,
) -> Result<(), CeremonyError> {
    let member = keys.node.member;
    let own = keys.identity.key_id();
    let countries = file.countries(current)?;
    if !countries
        .iter()
        .any(|country| country.member == member && country.identity.key_id() == own)
    {
        return Err(CeremonyError::NotASigner(member));
    }
    if let (ProposalFile::List(proposal), Some(current)) = (&*file, current)
        && TrustList::peek(&proposal.list)?.previous != Some(current.hash())
        && proposal.list.digest() != current.hash()
    {
        return Err(CeremonyError::NotNext);
    }
    for document in file.documents_mut() {
        let signed = document.signatures().iter().any(|s| s.member == member);
        if !signed {
            document.sign(member, &keys.identity, &mut OsEntropy)?;
        }
    }
    Ok(())
}

/// Installs a proposal that enough members have signed. It is stored before anything uses it. `root`
/// is the fingerprint of the first root that its people compared, where they give it.
///
/// # Errors
/// [`CeremonyError`]; what is in force stays then.
pub fn install(
    config: &Config,
    file: &ProposalFile,
    root: Option<Digest>,
) -> Result<Directory, CeremonyError> {
    let folder = Folder(config.dir.clone());
    let _lock = folder.lock_trust()?;
    let own_file = folder.bundle(config.node());
    let own = folder.own_bundle(config.node())?;
    let current = folder.directory()?;
    let mut lists = file.lists().to_vec();
    lists.extend(
        current
            .as_ref()
            .map(|current| current.list_document().clone()),
    );
    let current = current
        .map(|current| file.caught_up(&current))
        .transpose()?;
    let mut directory = file.outcome(current.as_ref())?;
    frozen(current.as_ref(), &directory, Timestamp::system())?;
    let found = directory.root_fingerprint();
    if root.is_some_and(|root| root != found) {
        return Err(CeremonyError::OtherRoot { found });
    }
    // The card may be older than the node's bundle by now.
    if directory.node(config.node()).is_some() {
        directory = directory.with_bundle(own.clone())?;
    }
    directory.save(&folder.trust()).map_err(NodeError::from)?;
    folder.keep_lists(&directory, lists);
    folder.forget_proposals(&directory);
    if !own_file.exists() {
        // A node that is not listed any more keeps its own keys.
        folder.save_own_bundle(config.node(), &own)?;
    }
    Ok(directory)
}

/// Refuses that anybody comes in, or a node gets another identity key, while the list has run out. A
/// node that has none yet does not begin with one that has.
///
/// # Errors
/// [`CeremonyError::Frozen`].
pub fn frozen(
    current: Option<&Directory>,
    next: &Directory,
    now: Timestamp,
) -> Result<(), CeremonyError> {
    let expired = match current {
        Some(current) => current.expired(now),
        None => next.expired(now),
    };
    if !expired {
        return Ok(());
    }
    let known = |node: &NodeId| {
        let before = current.and_then(|current| current.identity_listed(*node));
        before.is_some() && before == next.identity_listed(*node)
    };
    let list = current.unwrap_or(next).version();
    let nodes = next.list().members.iter().flat_map(Member::node_ids);
    match nodes.filter(|node| !known(node)).min() {
        Some(node) => Err(CeremonyError::Frozen(list, node)),
        None => Ok(()),
    }
}

/// Reads a card's file.
///
/// # Errors
/// [`CeremonyError::File`].
pub fn read_card(path: &Path) -> Result<(String, Vec<u8>), CeremonyError> {
    let file = path.display().to_string();
    let json = fs::read(path).map_err(|error| CeremonyError::File {
        file: file.clone(),
        what: error.to_string(),
    })?;
    Ok((file, json))
}
