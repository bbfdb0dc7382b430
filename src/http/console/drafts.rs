//! Drafts as they were typed, each in a sealed file of the node's folder, for the person who writes
//! it alone.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::form::Typed;
use super::papers::Papers;
use crate::base::{MessageId, PersonId, Timestamp};
use crate::seal::at_rest::EpochSecret;

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
pub struct Drafts(Papers);

impl Drafts {
    /// Drafts in a folder, sealed under a secret.
    pub fn new(folder: PathBuf, secret: &EpochSecret) -> Self {
        Self(Papers::new("drafts", MOST, folder, secret))
    }

    /// Saves a draft in place of what it was.
    ///
    /// # Errors
    /// As [`Papers::keep`].
    pub fn save(&self, person: PersonId, draft: &Draft) -> io::Result<()> {
        self.0.keep(person, draft.id, draft)
    }

    /// A person's draft; none where there is none, or it does not open.
    pub fn find(&self, person: PersonId, id: MessageId) -> Option<Draft> {
        self.0.find(person, id)
    }

    /// A person's drafts, the latest first.
    pub fn all(&self, person: PersonId) -> Vec<Draft> {
        let ids = self.0.ids(person).into_iter();
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

    /// Throws all drafts of a person away, and what the next one would begin with.
    ///
    /// # Errors
    /// Whatever the disk gives.
    pub fn clear(&self, person: PersonId) -> io::Result<()> {
        self.0.clear(person)
    }

    /// Throws a draft away.
    pub fn remove(&self, person: PersonId, id: MessageId) {
        self.0.remove(person, id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_next_draft_begins_with_is_no_draft_itself() {
        let folder = tempfile::tempdir().expect("a folder");
        let drafts = Drafts::new(folder.path().to_owned(), &EpochSecret::from_bytes(&[1; 32]));
        let ana = PersonId::from_bytes([1; 16]);
        let typed = vec![("offence".to_owned(), "smuggling".to_owned())];
        let draft = |id, saved| Draft {
            id: MessageId::from_bytes([id; 16]),
            template: "person".to_owned(),
            typed: typed.clone(),
            saved: Timestamp::from_millis(saved),
        };
        drafts.remember(ana, typed.clone()).expect("room");
        drafts.save(ana, &draft(3, 5)).expect("room");
        drafts.save(ana, &draft(4, 6)).expect("room");
        assert_eq!(drafts.all(ana), [draft(4, 6), draft(3, 5)]);
        assert_eq!(drafts.remembered(ana), typed);
    }
}
