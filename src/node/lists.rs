//! The trust lists that were in force here, as signed. They go along with the next one that is
//! proposed here, for a node that was away meanwhile and has to take each in its turn.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use tracing::warn;

use super::folder::Folder;
use crate::base::{Digest, files};
use crate::seal::trust::{Directory, SignedDocument, TrustList};

/// How many lists are kept: two years of lists that last a month.
const KEPT: usize = 24;

impl Folder {
    /// The lists up to the one in force, that one included, of those that are kept here: the oldest
    /// first, each followed by the one that names it.
    pub fn lists_up_to(&self, current: &Directory) -> Vec<SignedDocument> {
        let kept = self.kept_lists();
        up_to(current, kept.into_iter().map(|(_, list)| list))
    }

    /// Keeps the list in force, and those before it among `more` and what is kept by now.
    pub(super) fn keep_lists(&self, current: &Directory, more: Vec<SignedDocument>) {
        let kept = self.kept_lists();
        let known = more
            .into_iter()
            .chain(kept.iter().map(|(_, list)| list.clone()));
        let lists = up_to(current, known);
        if let Err(error) = self.write_lists(&kept, &lists) {
            warn!(event = "trust-list-not-kept", %error);
        }
    }

    fn lists(&self) -> PathBuf {
        self.trust().join("lists")
    }

    /// Every list that is kept, with its file; none for a file that cannot be read.
    fn kept_lists(&self) -> Vec<(PathBuf, SignedDocument)> {
        let found = fs::read_dir(self.lists()).into_iter().flatten();
        let read = found.filter_map(|file| {
            let path = file.ok()?.path();
            let list = SignedDocument::from_json(&fs::read(&path).ok()?).ok()?;
            Some((path, list))
        });
        read.collect()
    }

    fn write_lists(
        &self,
        kept: &[(PathBuf, SignedDocument)],
        lists: &[SignedDocument],
    ) -> io::Result<()> {
        let folder = self.lists();
        files::make_folders(&folder, files::OWNERS_FOLDER)?;
        for (path, old) in kept {
            if !lists.contains(old) {
                fs::remove_file(path)?;
            }
        }
        for list in lists {
            if kept.iter().any(|(_, known)| known == list) {
                continue;
            }
            let version = TrustList::peek(list).map_err(io::Error::other)?.version;
            files::replace(&folder.join(format!("{version}.json")), &list.to_json())?;
        }
        Ok(())
    }
}

/// The list in force and, in front of it, those before it, as far back as they are known and hold.
fn up_to(current: &Directory, known: impl Iterator<Item = SignedDocument>) -> Vec<SignedDocument> {
    let known: BTreeMap<Digest, SignedDocument> = known.map(|list| (list.digest(), list)).collect();
    let mut lists = vec![current.list_document().clone()];
    let mut previous = current.list().previous;
    while let Some(list) = previous.and_then(|digest| known.get(&digest)) {
        let before = match earlier(current, list) {
            Some(before) if lists.len() < KEPT => before,
            Some(_) | None => break,
        };
        previous = before.previous;
        lists.push(list.clone());
    }
    lists.reverse();
    lists
}

/// An earlier list, if it is signed under the root that was in force then.
fn earlier(current: &Directory, list: &SignedDocument) -> Option<TrustList> {
    let read = TrustList::peek(list).ok()?;
    let roots = current.root_documents();
    let roots = roots.get(..usize::try_from(read.root_version).ok()?)?;
    Directory::build(roots, list, []).ok().map(|_| read)
}

#[cfg(test)]
mod tests;
