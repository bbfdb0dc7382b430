//! Proposals that were made or signed at this node and are not in force yet: a copy of each lies in
//! `trust/proposals`, for whoever asks what the signatures are waited for.

use std::fs;

use tracing::warn;

use super::ceremony::CeremonyError;
use super::folder::{Folder, NodeError};
use super::proposal::ProposalFile;
use crate::api::ProposalView;
use crate::base::{MemberId, Timestamp, files};
use crate::seal::trust::{Directory, SuspendList, TrustList};

/// A proposal that waits.
pub struct Pending {
    /// The proposal, with the signatures that it had here last.
    pub proposal: ProposalFile,
    /// When it was made or signed here last.
    pub kept: Timestamp,
}

impl Folder {
    /// Keeps a copy of a proposal in place of the one with fewer signatures.
    ///
    /// # Errors
    /// [`NodeError::File`].
    pub fn keep_proposal(&self, proposal: &ProposalFile) -> Result<(), NodeError> {
        let Some(document) = proposal.documents().next() else {
            return Ok(());
        };
        let folder = self.proposals();
        let path = folder.join(format!("{}.json", document.digest().short()));
        let json = serde_json::to_vec(proposal).expect("documents are plain text");
        files::make_folders(&folder, files::OWNERS_FOLDER)
            .and_then(|()| files::replace(&path, &json))
            .map_err(|source| NodeError::File { path, source })
    }

    /// The proposals that follow what is in force, the one kept last first.
    pub fn pending(&self, current: Option<&Directory>) -> Vec<Pending> {
        let mut pending: Vec<Pending> = self
            .kept()
            .filter_map(|(_, kept)| kept)
            .filter(|kept| follows(&kept.proposal, current).unwrap_or(false))
            .collect();
        pending.sort_by_key(|kept| std::cmp::Reverse(kept.kept));
        pending
    }

    /// Removes the copies that do not follow what is in force, or cannot be read.
    pub fn forget_proposals(&self, current: &Directory) {
        for (path, kept) in self.kept() {
            let follows = kept.and_then(|kept| follows(&kept.proposal, Some(current)).ok());
            if follows == Some(true) {
                continue;
            }
            if let Err(error) = fs::remove_file(&path) {
                warn!(event = "proposal-kept", path = %path.display(), %error);
            }
        }
    }

    /// Every copy with its file; none for a file that cannot be read.
    fn kept(&self) -> impl Iterator<Item = (std::path::PathBuf, Option<Pending>)> {
        let files = fs::read_dir(self.proposals()).into_iter().flatten();
        files.filter_map(Result::ok).map(|file| {
            let path = file.path();
            let read = || {
                let modified = file.metadata().ok()?.modified().ok()?;
                let since = modified.duration_since(std::time::UNIX_EPOCH).ok()?;
                let kept = Timestamp::from_millis(i64::try_from(since.as_millis()).ok()?);
                let proposal = ProposalFile::read(&path).ok()?;
                Some(Pending { proposal, kept })
            };
            let read = read();
            (path, read)
        })
    }
}

/// Whether a proposal would be the next step from what is in force.
fn follows(proposal: &ProposalFile, current: Option<&Directory>) -> Result<bool, CeremonyError> {
    match proposal {
        ProposalFile::List(proposal) => {
            let list = TrustList::peek(&proposal.list)?;
            Ok(list.previous == current.map(Directory::hash))
        }
        ProposalFile::Suspension(proposal) => {
            let list = SuspendList::peek(&proposal.suspension)?;
            let in_force = current.and_then(Directory::suspension);
            let newer = list.version > in_force.map_or(0, |in_force| in_force.version);
            Ok(newer && Some(list.list) == current.map(Directory::hash))
        }
    }
}

impl Pending {
    /// What it would change, and whose signatures are waited for.
    ///
    /// # Errors
    /// [`CeremonyError`] for a document that nobody should sign.
    pub fn view(&self, current: Option<&Directory>) -> Result<ProposalView, CeremonyError> {
        let state = self.proposal.state(current)?;
        let missing = state.signers.iter().copied();
        let missing = missing.filter(|member| !state.signed_by.contains(member));
        let mut view = ProposalView {
            version: 0,
            joins: Vec::new(),
            replaces: Vec::new(),
            leaves: Vec::new(),
            suspends: Vec::new(),
            takes_back: Vec::new(),
            missing: missing.collect(),
            signed_by: state.signed_by,
            needed: state.needed,
            complete: state.directory.is_some(),
            kept: self.kept,
        };
        match &self.proposal {
            ProposalFile::List(proposal) => {
                let list = TrustList::peek(&proposal.list)?;
                view.version = u64::from(list.version);
                for node in list.members.iter().flat_map(|member| member.node_ids()) {
                    let proposed = list.node(node).map(|listed| listed.identity.key_id());
                    match current.and_then(|current| current.identity_listed(node)) {
                        None => view.joins.push(node),
                        before if before != proposed => view.replaces.push(node),
                        Some(_) => (),
                    }
                }
                let before = current.map_or(&[][..], |current| &current.list().members);
                let before = before.iter().map(|member| member.member);
                view.leaves = before.filter(|member| !list.has(*member)).collect();
                let out = current.and_then(Directory::suspension);
                let out = out.map_or(&[][..], |out| &out.suspended);
                let out = out.iter().map(|one| one.member);
                view.takes_back = out.filter(|member| list.has(*member)).collect();
            }
            ProposalFile::Suspension(proposal) => {
                let list = SuspendList::peek(&proposal.suspension)?;
                view.version = u64::from(list.list_version);
                let out = |member: &MemberId| current.is_some_and(|c| is_suspended(c, *member));
                let suspended = list.suspended.iter().map(|one| one.member);
                view.suspends = suspended.filter(|member| !out(member)).collect();
            }
        }
        Ok(view)
    }
}

fn is_suspended(current: &Directory, member: MemberId) -> bool {
    let list = current.suspension();
    list.is_some_and(|list| list.suspends(member))
}
