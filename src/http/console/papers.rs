//! What a person keeps at the desk, each paper in a sealed file of the node's folder, for that
//! person alone.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::base::{Digest, MessageId, OsEntropy, PersonId, files};
use crate::seal::at_rest::{EpochSecret, IndexKey};

/// Papers of one kind, of everybody at the node.
#[derive(Clone)]
pub struct Papers {
    kind: &'static str,
    most: usize,
    folder: Arc<PathBuf>,
    key: Arc<IndexKey>,
}

impl Papers {
    /// Papers of a kind in a folder, sealed under a secret. One person may have so many.
    pub fn new(kind: &'static str, most: usize, folder: PathBuf, secret: &EpochSecret) -> Self {
        Self {
            kind,
            most,
            folder: Arc::new(folder),
            key: Arc::new(secret.index_key()),
        }
    }

    /// Keeps a paper in place of what lay under its id.
    ///
    /// # Errors
    /// Whatever the disk gives; [`io::ErrorKind::QuotaExceeded`] where the person has too many.
    pub fn keep(&self, person: PersonId, id: MessageId, paper: &impl Serialize) -> io::Result<()> {
        let folder = self.of(person);
        files::make_folders(&folder, files::OWNERS_FOLDER)?;
        let path = folder.join(id.to_string());
        if !path.exists() && fs::read_dir(&folder)?.count() >= self.most {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let json = serde_json::to_vec(paper).map_err(io::Error::other)?;
        let place = place(person, id);
        let sealed = self
            .key
            .seal_value(self.kind, &place, &json, &mut OsEntropy);
        let file = tempfile::NamedTempFile::new_in(&*self.folder)?;
        fs::write(file.path(), sealed)?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|error| error.error)?;
        files::sync_folder_of(&path)
    }

    /// A person's paper; none where there is none, or it does not open.
    pub fn find<T: DeserializeOwned>(&self, person: PersonId, id: MessageId) -> Option<T> {
        let sealed = fs::read(self.of(person).join(id.to_string())).ok()?;
        let opened = self.key.open_value(self.kind, &place(person, id), &sealed);
        serde_json::from_slice(&opened.ok()?).ok()
    }

    /// The ids under which a person has papers, in no order.
    pub fn ids(&self, person: PersonId) -> Vec<MessageId> {
        let Ok(files) = fs::read_dir(self.of(person)) else {
            return Vec::new();
        };
        let name = |file: io::Result<fs::DirEntry>| file.ok()?.file_name().into_string().ok();
        let names = files.filter_map(name);
        names.filter_map(|name| name.parse().ok()).collect()
    }

    /// Throws a paper away.
    pub fn remove(&self, person: PersonId, id: MessageId) {
        let _gone = fs::remove_file(self.of(person).join(id.to_string()));
    }

    /// Throws away all that a person has.
    ///
    /// # Errors
    /// Whatever the disk gives.
    pub fn clear(&self, person: PersonId) -> io::Result<()> {
        match fs::remove_dir_all(self.of(person)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// A person's folder, under a name that says nothing to others.
    fn of(&self, person: PersonId) -> PathBuf {
        let context = format!("liaison/{}/v1", self.kind);
        let name = Digest::of_parts(&[context.as_bytes(), &person.to_bytes()]);
        self.folder.join(name.short())
    }
}

fn place(person: PersonId, id: MessageId) -> Vec<u8> {
    [person.to_bytes(), id.to_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ana() -> PersonId {
        PersonId::from_bytes([1; 16])
    }

    fn boris() -> PersonId {
        PersonId::from_bytes([2; 16])
    }

    fn id(n: u8) -> MessageId {
        MessageId::from_bytes([n; 16])
    }

    fn papers(folder: &tempfile::TempDir) -> Papers {
        let secret = EpochSecret::from_bytes(&[1; 32]);
        Papers::new("drafts", 2, folder.path().to_owned(), &secret)
    }

    #[test]
    fn a_paper_comes_back_as_it_was_kept_until_it_is_thrown_away() {
        let folder = tempfile::tempdir().expect("a folder");
        let papers = papers(&folder);
        papers.keep(ana(), id(3), &"  محمد \r\n x ").expect("room");
        assert_eq!(papers.find(ana(), id(3)), Some("  محمد \r\n x ".to_owned()));
        assert_eq!(papers.ids(ana()), [id(3)]);
        papers.remove(ana(), id(3));
        assert_eq!(papers.find::<String>(ana(), id(3)), None);
        assert!(papers.ids(ana()).is_empty());
    }

    #[test]
    fn a_paper_opens_for_its_own_person_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let papers = papers(&folder);
        papers.keep(ana(), id(3), &"x").expect("room");
        let stolen = papers.of(boris());
        fs::create_dir_all(&stolen).expect("a folder");
        let name = id(3).to_string();
        fs::copy(papers.of(ana()).join(&name), stolen.join(&name)).expect("a copy");
        assert_eq!(papers.find::<String>(boris(), id(3)), None);
    }

    #[test]
    fn nothing_of_a_paper_can_be_read_in_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let papers = papers(&folder);
        papers.keep(ana(), id(3), &"Plovdiv").expect("room");
        let file = fs::read(papers.of(ana()).join(id(3).to_string())).expect("a file");
        assert!(!file.windows(7).any(|part| part == b"Plovdiv"));
    }

    #[test]
    fn who_has_too_many_papers_keeps_those_and_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let papers = papers(&folder);
        papers.keep(ana(), id(1), &"1").expect("room");
        papers.keep(ana(), id(2), &"2").expect("room");
        let refused = papers.keep(ana(), id(3), &"3").expect_err("no room");
        assert_eq!(refused.kind(), io::ErrorKind::QuotaExceeded);
        papers.keep(ana(), id(2), &"again").expect("its own place");
        assert_eq!(papers.ids(ana()).len(), 2);
    }
}
