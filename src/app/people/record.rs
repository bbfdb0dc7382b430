//! The people as the log has them, so that decisions can be checked from the log alone.

use super::{People, Person};
use crate::app::change::{Change, Other};
use crate::app::letters::{PERSON, PersonChange, PersonRow};
use crate::app::service::Turn;
use crate::base::{Actor, MemberId, PersonId, Role};
use crate::seal::person::PersonKey;
use crate::store::IndexError;

/// A person as the log is to have one: without the name, which never leaves the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonOnRecord {
    /// The person.
    pub person: PersonId,
    /// The keys that the person signs decisions with: of the token, and of each passkey.
    pub keys: Vec<PersonKey>,
    /// What the person may act as.
    pub roles: Vec<Role>,
}

/// Records who came, changed or went, so that decisions can be checked from the log alone.
///
/// # Errors
/// Whatever the index gives.
pub(in crate::app) fn on_record(
    me: MemberId,
    turn: &mut Turn<'_>,
    people: &[PersonOnRecord],
) -> Result<(), IndexError> {
    let known = turn
        .view
        .range::<PersonRow>(PERSON, &[], None, usize::MAX)?;
    let mut changes = Vec::new();
    for person in people {
        let id = person.person.to_bytes();
        let before = known
            .iter()
            .find(|(key, _)| **key == id)
            .map(|(_, row)| row);
        if before.is_some_and(|row| row.keys == person.keys && row.roles == person.roles) {
            continue;
        }
        changes.push(PersonChange::Known {
            person: person.person,
            keys: person.keys.clone(),
            roles: person.roles.clone(),
            before: before.is_some(),
        });
    }
    for (key, _) in &known {
        let stays = people
            .iter()
            .any(|person| person.person.to_bytes() == **key);
        if let Ok(gone) = <[u8; 16]>::try_from(&**key)
            && !stays
        {
            let person = PersonId::from_bytes(gone);
            changes.push(PersonChange::Gone { person });
        }
    }
    for change in changes {
        turn.record(me, Actor::node(me), Change::Other(Other::Person(change)))?;
    }
    Ok(())
}

impl People {
    /// The people as the log is to have them.
    pub fn on_record(&self) -> Vec<PersonOnRecord> {
        let on_record = |person: &Person| PersonOnRecord {
            person: person.id,
            keys: keys_of(person),
            roles: person.roles.clone(),
        };
        self.people.iter().map(on_record).collect()
    }

    /// A person's name at this node.
    pub fn name(&self, person: PersonId) -> Option<&str> {
        let found = self.people.iter().find(|known| known.id == person);
        found.map(|known| &*known.name)
    }

    /// The keys that a person signs with; none where there is no such person.
    pub fn keys(&self, person: PersonId) -> Vec<PersonKey> {
        self.person(person).map(keys_of).unwrap_or_default()
    }
}

fn keys_of(person: &Person) -> Vec<PersonKey> {
    let passkeys = person.passkeys.iter();
    let passkeys = passkeys.filter_map(|passkey| PersonKey::of_passkey(passkey).ok());
    [person.key.clone()].into_iter().chain(passkeys).collect()
}
