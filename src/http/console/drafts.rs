//! Drafts as they were typed, each in a sealed file of the node's folder, for the person who writes
//! it alone.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::form::Typed;
use crate::base::{Digest, MessageId, OsEntropy, PersonId, Timestamp};
use crate::seal::at_rest::{EpochSecret, IndexKey};

/// Drafts that one person may have.
const MOST: usize = 100;

/// The id under which lies what the next draft begins with.
fn remembered_id() -> MessageId {
    MessageId::from_bytes([0; 16])
}

/// A draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// The id that its first message will have.
    pub id: MessageId,
    /// The template that it was begun with.
    pub template: String,
    /// What was typed.
    pub typed: Vec<(String, String)>,
    /// When it was saved last.
    pub saved: Timestamp,
}

impl Draft {
    /// What was typed.
    pub fn typed(&self) -> Typed {
        Typed(self.typed.clone())
    }
}

/// All drafts of the node.
#[derive(Clone)]
pub struct Drafts {
    folder: Arc<PathBuf>,
    key: Arc<IndexKey>,
}

impl Drafts {
    /// Drafts in a folder, sealed under a secret.
    pub fn new(folder: PathBuf, secret: &EpochSecret) -> Self {
        Self {
            folder: Arc::new(folder),
            key: Arc::new(secret.index_key()),
        }
    }

    /// Saves a draft in place of what it was.
    ///
    /// # Errors
    /// Whatever the disk gives; [`io::ErrorKind::QuotaExceeded`] where the person has too many.
    pub fn save(&self, person: PersonId, draft: &Draft) -> io::Result<()> {
        let folder = self.of(person);
        fs::create_dir_all(&folder)?;
        let path = folder.join(draft.id.to_string());
        if !path.exists() && fs::read_dir(&folder)?.count() >= MOST {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let json = serde_json::to_vec(draft).map_err(io::Error::other)?;
        let place = place(person, draft.id);
        let sealed = self.key.seal_value("drafts", &place, &json, &mut OsEntropy);
        let file = tempfile::NamedTempFile::new_in(&*self.folder)?;
        fs::write(file.path(), sealed)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// A person's draft; none where there is none, or it does not open.
    pub fn find(&self, person: PersonId, id: MessageId) -> Option<Draft> {
        let sealed = fs::read(self.of(person).join(id.to_string())).ok()?;
        let opened = self.key.open_value("drafts", &place(person, id), &sealed);
        serde_json::from_slice(&opened.ok()?).ok()
    }

    /// A person's drafts, the latest first.
    pub fn all(&self, person: PersonId) -> Vec<Draft> {
        let Ok(files) = fs::read_dir(self.of(person)) else {
            return Vec::new();
        };
        let name = |file: io::Result<fs::DirEntry>| file.ok()?.file_name().into_string().ok();
        let ids = files.filter_map(name).filter_map(|name| name.parse().ok());
        let ids = ids.filter(|id| *id != remembered_id());
        let mut drafts: Vec<Draft> = ids.filter_map(|id| self.find(person, id)).collect();
        drafts.sort_by_key(|draft| std::cmp::Reverse(draft.saved));
        drafts
    }

    /// Keeps what the next draft of a person begins with.
    ///
    /// # Errors
    /// Whatever the disk gives.
    pub fn remember(&self, person: PersonId, typed: Vec<(String, String)>) -> io::Result<()> {
        let remembered = Draft {
            id: remembered_id(),
            template: String::new(),
            typed,
            saved: Timestamp::default(),
        };
        self.save(person, &remembered)
    }

    /// What the next draft of a person begins with.
    pub fn remembered(&self, person: PersonId) -> Vec<(String, String)> {
        let found = self.find(person, remembered_id());
        found.map(|draft| draft.typed).unwrap_or_default()
    }

    /// Throws a draft away.
    pub fn remove(&self, person: PersonId, id: MessageId) {
        let _gone = fs::remove_file(self.of(person).join(id.to_string()));
    }

    /// A person's folder, under a name that says nothing to others.
    fn of(&self, person: PersonId) -> PathBuf {
        let name = Digest::of_parts(&[b"liaison/drafts/v1", &person.to_bytes()]);
        self.folder.join(name.short())
    }
}

fn place(person: PersonId, id: MessageId) -> Vec<u8> {
    [person.to_bytes(), id.to_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_comes_back_as_it_was_typed_and_only_to_its_writer() {
        let folder = tempfile::tempdir().expect("a folder");
        let drafts = Drafts::new(folder.path().to_owned(), &EpochSecret::from_bytes(&[1; 32]));
        let (ana, boris) = (PersonId::from_bytes([1; 16]), PersonId::from_bytes([2; 16]));
        let draft = Draft {
            id: MessageId::from_bytes([3; 16]),
            template: "person".to_owned(),
            typed: vec![("a".to_owned(), "  محمد \r\n x ".to_owned())],
            saved: Timestamp::from_millis(5),
        };
        drafts.save(ana, &draft).expect("room on the disk");
        assert_eq!(drafts.find(ana, draft.id), Some(draft.clone()));
        assert_eq!(drafts.all(ana), std::slice::from_ref(&draft));
        assert_eq!(drafts.find(boris, draft.id), None);
        let stolen = drafts.of(boris);
        fs::create_dir_all(&stolen).expect("a folder");
        let name = draft.id.to_string();
        fs::copy(drafts.of(ana).join(&name), stolen.join(&name)).expect("a copy");
        assert_eq!(drafts.find(boris, draft.id), None, "it is sealed for ana");
        let whole = fs::read(drafts.of(ana).join(&name)).expect("a file");
        assert!(
            !whole
                .windows(4)
                .any(|part| part == "محمد".as_bytes().split_at(4).0)
        );
        drafts.remove(ana, draft.id);
        assert!(drafts.all(ana).is_empty());
    }
}
