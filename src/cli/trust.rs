//! The ceremonies of the trust list, in a node's own folder and in files.

use std::path::Path;

use super::failure::{Exit, Failure};
use super::local::keys;
use super::report::{Proposal, Suspended, Trust, TrustedMember, TrustedNode};
use super::secret::Passphrase;
use super::session::ReaderArgs;
use super::text::{clean, count, time};
use super::{args, output};
use crate::api::Holdings;
use crate::base::{Digest, MemberId, NodeId, Role};
use crate::config::Config;
use crate::node::{self, CeremonyError, Folder, ListChange, ProposalFile, RootChange};
use crate::seal::safety::SafetyNumber;
use crate::seal::trust::{Directory, Member, Root, SuspendList, TrustError, TrustList};

/// Puts members' cards together as a root and a trust list, or changes the list in force.
///
/// # Errors
/// A [`Failure`] that names the card at fault.
pub fn propose(args: &args::TrustPropose) -> Result<Proposal, Failure> {
    let current = match &args.dir {
        Some(dir) => Some(in_force(&Config::load(dir)?)?),
        None => None,
    };
    let cards = args.cards.iter().map(|card| node::read_card(card));
    let change = ListChange {
        cards: cards.collect::<Result<_, _>>()?,
        remove: args.remove.clone(),
        take_back: args.take_back.clone(),
        compromised: args.compromised.clone(),
        root: if args.root {
            RootChange::FollowsList
        } else {
            RootChange::Stays
        },
    };
    let folder = args.dir.as_ref().map(|dir| Folder(dir.clone()));
    let past = folder.as_ref().zip(current.as_ref());
    let past = past.map_or_else(Vec::new, |(folder, current)| folder.lists_up_to(current));
    let file = node::propose(current.as_ref(), past, &change, args.days)?;
    file.write(&args.out)?;
    if let Some(folder) = folder {
        folder.keep_proposal(&file)?;
    }
    proposal(&file, current.as_ref(), &args.out)
}

/// Proposes to suspend a member, and signs the proposal.
///
/// # Errors
/// A [`Failure`] where this node's signature would not count, or the member is not listed.
pub fn suspend(
    config: &Config,
    passphrase: &Passphrase,
    args: &args::TrustSuspend,
) -> Result<Proposal, Failure> {
    let current = in_force(config)?;
    let keys = keys(config, passphrase)?;
    let file = node::suspend(
        &current,
        &keys,
        args.member,
        (&args.reason, args.compromised_since),
    )?;
    file.write(&args.out)?;
    Folder(config.dir.clone()).keep_proposal(&file)?;
    proposal(&file, Some(&current), &args.out)
}

/// Adds the member's signature to the proposal in `file`, in place.
///
/// # Errors
/// A [`Failure`] where this node's signature would not count, the proposal does not follow what is in
/// force here, or it takes a suspended member back and that was not said.
pub fn sign(
    config: &Config,
    passphrase: &Passphrase,
    args: &args::TrustSign,
) -> Result<Proposal, Failure> {
    let keys = keys(config, passphrase)?;
    let folder = Folder(config.dir.clone());
    let current = folder.directory()?;
    let file = &args.file;
    let mut proposed = ProposalFile::read(file)?;
    node::agrees(&proposed, current.as_ref(), &args.take_back)?;
    node::sign(&mut proposed, current.as_ref(), &keys)?;
    proposed.write(file)?;
    folder.keep_proposal(&proposed)?;
    proposal(&proposed, current.as_ref(), file)
}

/// Installs a completely signed proposal.
///
/// # Errors
/// A [`Failure`] where signatures are missing, or it is older than what is installed.
pub fn install(config: &Config, args: &args::TrustInstall) -> Result<Trust, Failure> {
    let proposed = ProposalFile::read(&args.file)?;
    Ok(trust(
        &node::install(config, &proposed, args.root)?,
        config.node().member,
    ))
}

/// The trust in force at the node.
///
/// # Errors
/// A [`Failure`], [`Exit::NotFound`] where none is installed.
pub fn show(config: &Config) -> Result<Trust, Failure> {
    Ok(trust(&in_force(config)?, config.node().member))
}

/// Asks the running node what a member received from it, or sent to it.
///
/// # Errors
/// A [`Failure`] where the node does not answer, or knows no such member.
pub async fn holds(session: ReaderArgs, member: MemberId, json: bool) -> Result<(), Failure> {
    let readers = [
        Role::Contact,
        Role::Officer,
        Role::Releaser,
        Role::Auditor,
        Role::Admin,
    ];
    let held = session.open(&readers)?.client.holdings(member).await?;
    output::print(&held, || held_words(&held), json)
}

fn held_words(held: &Holdings) -> String {
    let standing = match held.out.as_deref() {
        Some(out) => format!("is {}: nothing more is sent to it", clean(out)),
        None => "is in the trust list in force".to_owned(),
    };
    let mut text = format!("{} {standing}.\n", held.member);
    if held.holds.is_empty() {
        return text + "It has no message of this node.\n";
    }
    let conversations = count(held.holds.len() as u64, "conversation", "conversations");
    text += &format!("It has messages of {conversations}:\n");
    for one in &held.holds {
        let messages = count(one.messages, "message", "messages");
        text += &format!(
            "  {}  {:<8}  {messages}, last {}\n",
            one.conversation,
            clean(&one.kind),
            time(one.last)
        );
        if one.unconfirmed > 0 {
            text += &format!(
                "      {} not confirmed by it: it may have them\n",
                count(one.unconfirmed, "message", "messages")
            );
        }
    }
    text
}

/// The directory in force at the node.
///
/// # Errors
/// As [`show`].
pub fn in_force(config: &Config) -> Result<Directory, Failure> {
    let directory = Folder(config.dir.clone()).directory()?;
    directory.ok_or_else(|| {
        Failure::new(
            Exit::NotFound,
            "no-trust-list",
            "no trust list is installed",
            "the node knows no peers yet",
            "collect the members' cards, then `liaison trust propose`, `sign` and `install`",
        )
    })
}

fn proposal(
    proposed: &ProposalFile,
    current: Option<&Directory>,
    file: &Path,
) -> Result<Proposal, Failure> {
    let state = proposed.state(current)?;
    let mut report = Proposal {
        file: file.to_owned(),
        root: current
            .map(Directory::root_fingerprint)
            .or_else(|| proposed.first_root()),
        next_root: None,
        digest: Digest::EMPTY,
        version: 0,
        expires: None,
        nodes: Vec::new(),
        removes: Vec::new(),
        takes_back: Vec::new(),
        suspends: Vec::new(),
        signed_by: state.signed_by,
        signers: state.signers,
        cannot_sign: Vec::new(),
        needed: state.needed,
        complete: state.directory.is_some(),
    };
    match proposed {
        ProposalFile::List(proposal) => {
            let list = TrustList::peek(&proposal.list).map_err(CeremonyError::from)?;
            let mut root = current.map(|current| current.root().clone());
            if let Some(next) = &proposal.root {
                root = Some(Root::peek(next).map_err(CeremonyError::from)?);
                report.next_root = Some(next.digest()).filter(|next| Some(*next) != report.root);
            }
            report.cannot_sign = root.map_or_else(Vec::new, |root| list.cannot_sign(&root));
            report.digest = proposal.list.digest();
            report.version = u64::from(list.version);
            report.expires = Some(list.expires);
            report.nodes = list.members.iter().flat_map(nodes_of).collect();
            let before = current.map_or(&[][..], |current| &current.list().members);
            let before = before.iter().map(|member| member.member);
            report.removes = before.filter(|member| !list.has(*member)).collect();
            let out = current.and_then(Directory::suspension);
            report.takes_back = out.map_or_else(Vec::new, suspended);
            report.takes_back.retain(|out| list.has(out.member));
        }
        ProposalFile::Suspension(proposal) => {
            let list = SuspendList::peek(&proposal.suspension).map_err(CeremonyError::from)?;
            report.digest = proposal.suspension.digest();
            report.version = u64::from(list.list_version);
            report.suspends = suspended(&list);
        }
    }
    Ok(report)
}

fn nodes_of(member: &Member) -> Vec<(NodeId, Digest)> {
    let keys = member.nodes.iter().map(|node| node.identity.key_id());
    member.node_ids().zip(keys).collect()
}

fn suspended(list: &SuspendList) -> Vec<Suspended> {
    let suspended = list.suspended.iter().map(|one| Suspended {
        member: one.member,
        reason: one.reason.clone(),
        compromised_since: one.compromised_since,
    });
    suspended.collect()
}

fn trust(directory: &Directory, me: MemberId) -> Trust {
    let own = directory.member(me).map(node::identity);
    let number = |member: &Member| {
        let own = own.as_ref().filter(|own| own.member() != member.member)?;
        Some(SafetyNumber::of(own, &node::identity(member)))
    };
    let member = |member: &Member| TrustedMember {
        member: member.member,
        safety_number: number(member),
        compromised_since: directory.compromised_since(member.member),
        name: member.name.clone(),
        contact: member.contact.clone(),
        nodes: member
            .node_ids()
            .zip(&member.nodes)
            .map(|(node, listed)| TrustedNode {
                node,
                identity: listed.identity.key_id(),
                address: listed.address.clone(),
            })
            .collect(),
    };
    Trust {
        root: directory.root_fingerprint(),
        version: u64::from(directory.version()),
        digest: directory.hash(),
        expires: directory.expires(),
        members: directory.members().iter().map(member).collect(),
        suspended: directory.suspension().map_or_else(Vec::new, suspended),
    }
}

impl From<CeremonyError> for Failure {
    fn from(error: CeremonyError) -> Self {
        let why = error.to_string();
        let trust = |exit, next: &str| {
            Self::new(
                exit,
                "trust",
                "the trust document cannot be used",
                why.as_str(),
                next,
            )
        };
        match error {
            CeremonyError::Node(error) => error.into(),
            CeremonyError::File { .. } => trust(
                Exit::Failure,
                "name another file, or look at its folder; what is in force stays in force",
            ),
            CeremonyError::StillSuspended(member) => Self::new(
                Exit::Failure,
                "suspension-undecided",
                "the next list has to say what becomes of a suspended member",
                why.as_str(),
                format!(
                    "add `--remove {member}`, or `--take-back {member}`, which every signer is shown"
                ),
            ),
            CeremonyError::TakesBack(member) => Self::new(
                Exit::Failure,
                "suspension-undecided",
                "the proposed list takes a suspended member back",
                why.as_str(),
                format!(
                    "if that is meant, sign with `--take-back {member}`; else sign nothing, and ask \
                     whoever proposed it for a list without {member}"
                ),
            ),
            CeremonyError::NumberTaken { node, free } => Self::new(
                Exit::Failure,
                "number-taken",
                "another node has had this number",
                why.as_str(),
                format!(
                    "make the new keys with `liaison init --member {0} --node {free}`, and propose \
                     that card with `--remove {0}`: `liaison help members`",
                    node.member
                ),
            ),
            CeremonyError::TooFewSigners { .. } => Self::new(
                Exit::Failure,
                "too-few-signers",
                "too few countries are left to sign this",
                why.as_str(),
                "nothing was written; to stop a member that cannot be taken out, end what is open with it \
                 (`liaison rfi withdraw`, `refuse`, `close`), and let nothing pass to or from its node, \
                 or stop this one: `liaison help too-few-signers`",
            ),
            CeremonyError::OtherRoot { .. } => trust(
                Exit::Unverified,
                "compare the fingerprints again with whoever made it, by another way; nothing was installed",
            ),
            CeremonyError::NotASigner(_)
            | CeremonyError::NotNext
            | CeremonyError::NoListYet
            | CeremonyError::NotAMember(_)
            | CeremonyError::NotSuspended(_)
            | CeremonyError::Frozen(..) => trust(
                Exit::Failure,
                "`liaison trust show` tells what is in force here, which stays in force",
            ),
            CeremonyError::Trust(TrustError::Version { expected, found }) if expected < found => {
                trust(
                    Exit::Failure,
                    &format!(
                        "this node has missed list {expected}: install its file first, or one of a later \
                     list that a member proposed who has had it; what is in force stays in force"
                    ),
                )
            }
            CeremonyError::Trust(_) => trust(
                Exit::Failure,
                "if signatures are missing, it goes to the next member; else ask whoever made it for a \
                 new one; what is in force stays in force",
            ),
        }
    }
}
