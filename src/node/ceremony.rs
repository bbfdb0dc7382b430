//! The ceremony in files: cards become a proposal, members sign it one after another, and each
//! installs it. Nothing here needs a network.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::folder::{Folder, NodeError};
use crate::base::{MemberId, OsEntropy, Timestamp};
use crate::config::Config;
use crate::seal::keystore::Keys;
use crate::seal::trust::{
    Directory, MemberCard, MemberKind, Profile, SignedDocument, TrustError, propose_first,
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
    /// The proposal does not list this node under its own key.
    #[error("the proposal does not list this node with its own identity key")]
    NotListed,
    /// The folder cannot be read or written.
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// A root, a list and the bundles of all nodes, to be signed by the members and then installed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposalFile {
    /// The root.
    pub root: SignedDocument,
    /// The list.
    pub list: SignedDocument,
    /// The bundle of each node.
    pub bundles: Vec<SignedDocument>,
}

/// How far the signing of a proposal has come.
#[derive(Debug, Clone)]
pub struct SignedState {
    /// Members whose signature stands on root and list.
    pub signed_by: Vec<MemberId>,
    /// What the proposal comes to, once enough have signed.
    pub directory: Option<Directory>,
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

    /// Writes the proposal.
    ///
    /// # Errors
    /// [`CeremonyError::File`].
    pub fn write(&self, path: &Path) -> Result<(), CeremonyError> {
        let json = serde_json::to_vec_pretty(self).expect("documents are plain text");
        fs::write(path, json).map_err(|error| CeremonyError::File {
            file: path.display().to_string(),
            what: error.to_string(),
        })
    }

    /// How far the signing has come.
    pub fn state(&self) -> SignedState {
        let on = |document: &SignedDocument| -> BTreeSet<MemberId> {
            document.signatures().iter().map(|s| s.member).collect()
        };
        let both = on(&self.root)
            .intersection(&on(&self.list))
            .copied()
            .collect();
        let roots = [self.root.clone()];
        SignedState {
            signed_by: both,
            directory: Directory::build(&roots, &self.list, self.bundles.clone()).ok(),
        }
    }
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

/// The first root and list of these cards, which nobody has signed, valid for `days`.
///
/// # Errors
/// [`CeremonyError`], naming the card at fault.
pub fn propose(
    cards: &[(String, Vec<u8>)],
    days: u16,
) -> Result<(ProposalFile, Vec<MemberCard>), CeremonyError> {
    let mut read = Vec::new();
    for (file, json) in cards {
        let card = SignedDocument::from_json(json).and_then(|document| MemberCard::read(&document));
        read.push(card.map_err(|error| CeremonyError::File {
            file: file.clone(),
            what: error.to_string(),
        })?);
    }
    let now = Timestamp::system();
    let expires = now.plus(Duration::from_secs(u64::from(days) * 24 * 3600));
    let proposal = propose_first(&read, now, expires)?;
    let file = ProposalFile {
        root: proposal.root.ok_or(TrustError::Malformed)?,
        list: proposal.list,
        bundles: read.iter().map(|card| card.bundle.clone()).collect(),
    };
    Ok((file, read))
}

/// Adds the member's signature to root and list.
///
/// # Errors
/// [`CeremonyError::NotListed`] where the proposal does not list this node with its own keys.
pub fn sign(file: &mut ProposalFile, keys: &Keys) -> Result<(), CeremonyError> {
    let own = serde_json::to_value(keys.identity.verifying_key()).expect("a key is plain text");
    let listed = |document: &SignedDocument| {
        // The identity key stands in the payload in its one spelling.
        let payload = String::from_utf8_lossy(document.payload_bytes()).into_owned();
        own.as_str().is_some_and(|own| payload.contains(own))
    };
    if !listed(&file.list) {
        return Err(CeremonyError::NotListed);
    }
    let member = keys.node.member;
    for document in [&mut file.root, &mut file.list] {
        if document.signatures().iter().any(|s| s.member == member) {
            continue;
        }
        document.sign(member, &keys.identity, &mut OsEntropy)?;
    }
    Ok(())
}

/// Installs a proposal that enough members have signed.
///
/// # Errors
/// [`CeremonyError`]; what is in force stays then.
pub fn install(config: &Config, file: &ProposalFile) -> Result<Directory, CeremonyError> {
    let folder = Folder(config.dir.clone());
    let directory = match folder.directory()? {
        None => {
            let roots = [file.root.clone()];
            let directory = Directory::build(&roots, &file.list, file.bundles.clone())?;
            let own = folder.own_bundle(config.node())?;
            directory.with_bundle(own)?
        }
        Some(current) => {
            if current.list_document().digest() == file.list.digest() {
                return Ok(current);
            }
            current.advance(&[], &file.list)?
        }
    };
    directory.save(&folder.trust()).map_err(NodeError::from)?;
    Ok(directory)
}
