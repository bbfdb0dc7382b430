//! A proposal as a file that goes from member to member until enough have signed it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::ceremony::{CeremonyError, frozen};
use crate::base::{Digest, MemberId, files};
use crate::seal::trust::{
    Country, Directory, KeyBundle, Root, SUSPEND_THRESHOLD, SignedDocument, SuspendList,
    TrustError, TrustList, list_threshold, root_threshold,
};

/// What is to be signed by members and then installed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "proposes", rename_all = "kebab-case")]
pub enum ProposalFile {
    /// A trust list, with a root where the countries change.
    List(ListProposal),
    /// A suspend list.
    Suspension(SuspendProposal),
}

/// A list, and what comes with it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListProposal {
    /// Every root up to the one in force where it was proposed, for a node that has none yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roots: Vec<SignedDocument>,
    /// Lists up to the one in force where it was proposed, the oldest first, for a node that has missed
    /// some of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<SignedDocument>,
    /// The root, where there is a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<SignedDocument>,
    /// The list.
    pub list: SignedDocument,
    /// The bundles of the nodes that come in by cards, and those in force where it was proposed.
    pub bundles: Vec<SignedDocument>,
}

/// A suspend list.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuspendProposal {
    /// The suspend list.
    pub suspension: SignedDocument,
}

/// How far the signing of a proposal has come.
#[derive(Debug, Clone)]
pub struct SignedState {
    /// Members whose signature stands on every document.
    pub signed_by: Vec<MemberId>,
    /// Members whose signatures can count.
    pub signers: Vec<MemberId>,
    /// How many must sign, given who has: more where one signed whose signature counts for the list alone,
    /// or for one of two roots.
    pub needed: usize,
    /// What the proposal comes to, once enough have signed.
    pub directory: Option<Directory>,
}

/// Of whom how many must sign.
struct Quorum {
    of: BTreeSet<MemberId>,
    needed: usize,
}

impl ProposalFile {
    /// Reads a proposal.
    ///
    /// # Errors
    /// [`CeremonyError::File`].
    pub fn read(path: &Path) -> Result<Self, CeremonyError> {
        let bad = |what: String| CeremonyError::File {
            file: path.display().to_string(),
            what,
        };
        let json = fs::read(path).map_err(|error| bad(error.to_string()))?;
        serde_json::from_slice(&json).map_err(|error| bad(format!("not a proposal: {error}")))
    }

    /// Writes the proposal, in place of another one at most.
    ///
    /// # Errors
    /// [`CeremonyError::File`].
    pub fn write(&self, path: &Path) -> Result<(), CeremonyError> {
        if path.is_file() && Self::read(path).is_err() {
            return Err(CeremonyError::File {
                file: path.display().to_string(),
                what: "there is another file, which is not written over".to_owned(),
            });
        }
        let json = serde_json::to_vec_pretty(self).expect("documents are plain text");
        files::publish(path, &json).map_err(|error| CeremonyError::File {
            file: path.display().to_string(),
            what: error.to_string(),
        })
    }

    /// The documents to be signed.
    pub fn documents(&self) -> impl Iterator<Item = &SignedDocument> {
        let (first, second) = match self {
            Self::List(proposal) => (Some(&proposal.list), proposal.root.as_ref()),
            Self::Suspension(proposal) => (Some(&proposal.suspension), None),
        };
        first.into_iter().chain(second)
    }

    /// The documents to be signed, to add signatures.
    pub(super) fn documents_mut(&mut self) -> impl Iterator<Item = &mut SignedDocument> {
        let (first, second) = match self {
            Self::List(proposal) => (Some(&mut proposal.list), proposal.root.as_mut()),
            Self::Suspension(proposal) => (Some(&mut proposal.suspension), None),
        };
        first.into_iter().chain(second)
    }

    /// The countries that can sign, with their keys: those of the root that the proposal brings or
    /// else of the one in force, without those that it takes away.
    ///
    /// # Errors
    /// [`CeremonyError`] for a document that nobody should sign.
    pub fn countries(&self, current: Option<&Directory>) -> Result<Vec<Country>, CeremonyError> {
        let in_force = || current.map(|current| current.root().clone());
        let (root, stays): (_, Box<dyn Fn(MemberId) -> bool>) = match self {
            Self::List(proposal) => {
                let root = proposal.root.as_ref().map(Root::peek).transpose()?;
                let list = TrustList::peek(&proposal.list)?;
                (
                    root.or_else(in_force),
                    Box::new(move |member| list.has(member)),
                )
            }
            Self::Suspension(proposal) => {
                let list = SuspendList::peek(&proposal.suspension)?;
                (in_force(), Box::new(move |member| !list.suspends(member)))
            }
        };
        let mut countries = root.ok_or(CeremonyError::NoListYet)?.countries;
        countries.retain(|country| stays(country.member));
        Ok(countries)
    }

    /// Refuses a proposal that could never be complete where `current` is in force: fewer countries are left
    /// to sign one of its documents than must.
    ///
    /// # Errors
    /// [`CeremonyError::TooFewSigners`].
    pub(super) fn can_be_complete(&self, current: &Directory) -> Result<(), CeremonyError> {
        let mut quorums = self.quorums(Some(current))?.into_iter();
        let broken = quorums.find(|quorum| quorum.of.len() < quorum.needed);
        broken.map_or(Ok(()), |quorum| {
            Err(CeremonyError::TooFewSigners {
                left: quorum.of.len(),
                needed: quorum.needed,
            })
        })
    }

    /// What must hold of the signatures, all of it, before the proposal is complete. A new root is signed by
    /// two thirds of the one before it too, each with the key that it has there.
    fn quorums(&self, current: Option<&Directory>) -> Result<Vec<Quorum>, CeremonyError> {
        let signers = self.countries(current)?;
        let of = |counts: &dyn Fn(&Country) -> bool, needed| {
            let counted = signers.iter().filter(|country| counts(country));
            let of = counted.map(|country| country.member).collect();
            Quorum { of, needed }
        };
        let proposal = match self {
            Self::Suspension(_) => return Ok(vec![of(&|_| true, SUSPEND_THRESHOLD)]),
            Self::List(proposal) => proposal,
        };
        let next = proposal.root.as_ref().map(Root::peek).transpose()?;
        let root = next.as_ref().or(current.map(Directory::root));
        let named = root.ok_or(CeremonyError::NoListYet)?.countries.len();
        // What was removed does not bring itself back.
        let stays = |country: &Country| {
            let member = country.member;
            current.is_none_or(|current| {
                current.root().key(member).is_none() || current.list().has(member)
            })
        };
        let mut quorums = vec![of(&stays, list_threshold(named))];
        match next.map(|next| next.previous) {
            None => (),
            // The first root is signed by every country that it names.
            Some(None) => quorums.push(of(&|_| true, named)),
            Some(Some(previous)) => {
                let known = current.map_or(&[][..], Directory::root_documents);
                let mut known = known.iter().chain(&proposal.roots);
                let before = known.find(|document| document.digest() == previous);
                if let Some(before) = before.map(Root::peek).transpose()? {
                    let had = |country: &Country| {
                        let known = before.key(country.member);
                        known.is_some_and(|known| known.key_id() == country.identity.key_id())
                    };
                    quorums.push(of(&had, root_threshold(before.countries.len())));
                }
                quorums.push(of(&|_| true, root_threshold(named)));
            }
        }
        Ok(quorums)
    }

    /// What is in force once the lists that the proposal brings along have been taken, each in its turn:
    /// those that a node which was away has missed. Whether somebody came in too late is asked of the
    /// time at which a list was made, since another one has followed it.
    ///
    /// # Errors
    /// [`CeremonyError`] where one of them does not follow.
    pub fn caught_up(&self, current: &Directory) -> Result<Directory, CeremonyError> {
        let mut reached = current.clone();
        let Self::List(proposal) = self else {
            return Ok(reached);
        };
        for document in &proposal.lists {
            let list = TrustList::peek(document)?;
            if list.version <= reached.version() {
                continue;
            }
            let mut roots = Vec::new();
            for root in &proposal.roots {
                let version = Root::peek(root)?.version;
                if version > reached.root().version && version <= list.root_version {
                    roots.push(root.clone());
                }
            }
            let next = reached.advance(&roots, document)?;
            frozen(Some(&reached), &next, list.issued)?;
            reached = next;
        }
        Ok(reached)
    }

    /// The lists that the proposal brings along.
    pub(super) fn lists(&self) -> &[SignedDocument] {
        match self {
            Self::List(proposal) => &proposal.lists,
            Self::Suspension(_) => &[],
        }
    }

    /// What follows from the proposal at a node where `current` is in force.
    ///
    /// # Errors
    /// [`CeremonyError`] where it does not follow, or signatures are missing.
    pub fn outcome(&self, current: Option<&Directory>) -> Result<Directory, CeremonyError> {
        match (self, current) {
            (Self::List(proposal), None) => {
                let roots: Vec<_> = proposal
                    .roots
                    .iter()
                    .chain(&proposal.root)
                    .cloned()
                    .collect();
                if roots.is_empty() {
                    return Err(CeremonyError::NoListYet);
                }
                let bundles = proposal.bundles.clone();
                Ok(Directory::build(&roots, &proposal.list, bundles)?)
            }
            (Self::List(proposal), Some(current)) => {
                if current.list_document().digest() == proposal.list.digest() {
                    return Ok(current.clone());
                }
                let current = self.caught_up(current)?;
                let roots: Vec<_> = proposal.root.iter().cloned().collect();
                let mut next = current.advance(&roots, &proposal.list)?;
                for bundle in &proposal.bundles {
                    next = with_newer_bundle(next, bundle)?;
                }
                Ok(next)
            }
            (Self::Suspension(_), None) => Err(CeremonyError::NoListYet),
            (Self::Suspension(proposal), Some(current)) => {
                Ok(current.suspend(&proposal.suspension)?)
            }
        }
    }

    /// The fingerprint of the root from which a node that has none would begin.
    pub fn first_root(&self) -> Option<Digest> {
        match self {
            Self::List(proposal) => {
                let first = proposal.roots.first().or(proposal.root.as_ref());
                first.map(SignedDocument::digest)
            }
            Self::Suspension(_) => None,
        }
    }

    /// How far the signing has come.
    ///
    /// # Errors
    /// [`CeremonyError`] for a document that nobody should sign.
    pub fn state(&self, current: Option<&Directory>) -> Result<SignedState, CeremonyError> {
        let countries = self.countries(current)?;
        let by = |document: &SignedDocument| -> BTreeSet<MemberId> {
            document.signatures().iter().map(|s| s.member).collect()
        };
        let everywhere = self
            .documents()
            .map(by)
            .reduce(|all, one| all.intersection(&one).copied().collect());
        let signed_by = everywhere.unwrap_or_default();
        // A signature that does not count everywhere leaves as many to be waited for as before.
        let quorums = self.quorums(current)?.into_iter().map(|quorum| {
            let counted = quorum.of.intersection(&signed_by).count();
            match quorum.needed.saturating_sub(counted) {
                0 => quorum.needed,
                short => signed_by.len() + short,
            }
        });
        let needed = quorums.max().unwrap_or_default();
        Ok(SignedState {
            signed_by: signed_by.into_iter().collect(),
            signers: countries.iter().map(|country| country.member).collect(),
            needed,
            directory: self.outcome(current).ok(),
        })
    }
}

/// The directory with this bundle, unless it has a newer one of the node. A bundle that came beside a
/// list is signed by its node alone: whatever is wrong with it must not stop the list.
fn with_newer_bundle(
    directory: Directory,
    bundle: &SignedDocument,
) -> Result<Directory, CeremonyError> {
    match directory.with_bundle(bundle.clone()) {
        Ok(next) => Ok(next),
        Err(TrustError::NotListed(_)) => Ok(directory),
        Err(error) => match directory.bundle_document(KeyBundle::peek(bundle)?.node) {
            Some(_) => Ok(directory),
            None => Err(error.into()),
        },
    }
}

#[cfg(test)]
mod tests;
