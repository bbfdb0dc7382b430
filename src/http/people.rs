//! The people of the node, as the routes find them and as the console changes them.

use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use crate::app::{Caller, People, PeopleError};
use crate::base::PersonId;
use crate::driver::Current;
use crate::seal::person::PersonKey;

/// Where the people are kept.
pub trait PeopleStore: Send + Sync {
    /// When they were changed last; none where that cannot be told.
    fn changed(&self) -> Option<SystemTime>;

    /// Reads them; none where they cannot be read.
    fn read(&self) -> Option<People>;

    /// Changes them, durable before this returns, and gives them as they now are.
    ///
    /// # Errors
    /// [`Unchanged`]: nothing is changed then.
    fn change(
        &self,
        change: &mut dyn FnMut(&mut People) -> Result<(), PeopleError>,
    ) -> Result<People, Unchanged>;
}

/// Why the people are as they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unchanged {
    /// The change is not one that may be made.
    #[error(transparent)]
    Refused(#[from] PeopleError),
    /// They cannot be read or written.
    #[error("the people's file cannot be changed")]
    Storage,
}

/// Who is told of the people as they now are; whether they took it.
type TellPeople = dyn Fn(&People) -> bool + Send + Sync;

/// The people of the node, read again when they change.
#[derive(Clone)]
pub struct PeopleFile {
    store: Arc<dyn PeopleStore>,
    tell: Arc<TellPeople>,
    seen: Arc<Mutex<Option<SystemTime>>>,
    people: Current<People>,
}

impl PeopleFile {
    /// The people that `store` keeps. `tell` hears of all of them before anybody acts, and whenever
    /// they have changed.
    pub fn new(
        store: impl PeopleStore + 'static,
        tell: impl Fn(&People) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self {
            store: Arc::new(store),
            tell: Arc::new(tell),
            seen: Arc::default(),
            people: Current::new(People::default()),
        }
    }

    /// The person whose token this is.
    pub fn by_token(&self, token: &str) -> Option<Caller> {
        self.current().by_token(token)
    }

    /// A person's name at this node.
    pub fn name(&self, person: PersonId) -> Option<String> {
        self.people.get().name(person).map(str::to_owned)
    }

    /// The keys that a person signs with.
    pub fn keys(&self, person: PersonId) -> Vec<PersonKey> {
        self.people.get().keys(person)
    }

    /// Reads the people again if they have changed. People that cannot be read leave those in force
    /// who were.
    ///
    /// # Panics
    /// Never: nothing panics while it holds the lock.
    pub fn refresh(&self) {
        if let Some(changed) = self.store.changed() {
            let mut seen = self.seen.lock().expect("nothing panics under this lock");
            if *seen != Some(changed)
                && let Some(people) = self.store.read()
            {
                let taken = (self.tell)(&people);
                self.people.set(people);
                *seen = taken.then_some(changed);
            }
        }
    }

    /// Everyone, as they are now.
    pub fn current(&self) -> Arc<People> {
        self.refresh();
        self.people.get()
    }

    /// Whether they can be changed in this way as they now are; nothing is changed. So what is done can
    /// be on record before it is: after a crash in between there is an entry without its change, and
    /// never a change without its entry.
    ///
    /// # Errors
    /// [`Unchanged`].
    pub fn can(
        &self,
        change: &mut dyn FnMut(&mut People) -> Result<(), PeopleError>,
    ) -> Result<(), Unchanged> {
        let mut copy = People::clone(&self.current());
        Ok(change(&mut copy)?)
    }

    /// Changes the people. It reads and writes files, so it runs where that may block.
    ///
    /// # Errors
    /// [`Unchanged`]: nothing is changed then.
    ///
    /// # Panics
    /// Never: nothing panics while it holds the lock.
    pub fn change(
        &self,
        change: &mut dyn FnMut(&mut People) -> Result<(), PeopleError>,
    ) -> Result<(), Unchanged> {
        let people = self.store.change(change)?;
        // What another process changed since is read again, and told again.
        let mut seen = self.seen.lock().expect("nothing panics under this lock");
        let _again = (self.tell)(&people);
        self.people.set(people);
        *seen = None;
        Ok(())
    }
}
