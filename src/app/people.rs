//! The people of a node: names, roles, and the hashes of their tokens.

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::Caller;
use super::change::{Change, Other};
use super::letters::{PERSON, PersonChange, PersonRow};
use super::service::Turn;
use crate::base::{Actor, Digest, Entropy, MemberId, PersonId, Role, Timestamp};
use crate::seal::person::{PersonKey, TokenKey};
use crate::store::IndexError;

/// Why a person cannot be added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeopleError {
    /// The name is empty, too long, or holds control characters.
    #[error("a name is 1 to 100 characters on one line")]
    BadName,
    /// There is a person of that name.
    #[error("there is a person of that name already")]
    NameTaken,
    /// No role was given.
    #[error("a person needs at least one role")]
    NoRole,
    /// Auditor and administrator exclude every other role.
    #[error(
        "auditor and admin exclude all other roles: who reads or keeps the log takes no part in exchanges"
    )]
    RolesExclude,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    id: PersonId,
    name: String,
    roles: Vec<Role>,
    token: Digest,
    /// What the person signs decisions with; its secret half follows from the token.
    key: PersonKey,
    added: Timestamp,
}

/// A person as the log is to have one: without the name, which never leaves the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonOnRecord {
    /// The person.
    pub person: PersonId,
    /// The key that the person signs decisions with.
    pub key: PersonKey,
    /// What the person may act as.
    pub roles: Vec<Role>,
}

/// Records who came, changed or went, so that decisions can be checked from the log alone.
///
/// # Errors
/// Whatever the index gives.
pub(super) fn on_record(
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
        if before.is_some_and(|row| row.key == person.key && row.roles == person.roles) {
            continue;
        }
        changes.push(PersonChange::Known {
            person: person.person,
            key: person.key,
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

/// All people who can sign in at a node.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    people: Vec<Person>,
}

impl People {
    /// Adds a person and returns the token, which is kept nowhere else.
    ///
    /// # Errors
    /// [`PeopleError`]; nothing is changed then.
    pub fn add(
        &mut self,
        name: &str,
        roles: &[Role],
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Result<String, PeopleError> {
        let length = name.chars().count();
        if !(1..=100).contains(&length) || name.trim() != name || name.chars().any(char::is_control)
        {
            return Err(PeopleError::BadName);
        }
        if self.people.iter().any(|person| person.name == name) {
            return Err(PeopleError::NameTaken);
        }
        let mut roles = roles.to_vec();
        roles.sort();
        roles.dedup();
        if roles.is_empty() {
            return Err(PeopleError::NoRole);
        }
        let alone = |role: &Role| matches!(role, Role::Auditor | Role::Admin);
        if roles.len() > 1 && roles.iter().any(alone) {
            return Err(PeopleError::RolesExclude);
        }
        let secret: [u8; 32] = entropy.array();
        let token = format!("liaison_{}", hex::encode(secret));
        self.people.push(Person {
            id: PersonId::new(entropy),
            name: name.to_owned(),
            roles,
            token: Digest::of(token.as_bytes()),
            key: TokenKey::of(&token).public(),
            added: now,
        });
        Ok(token)
    }

    /// The people as the log is to have them.
    pub fn on_record(&self) -> Vec<PersonOnRecord> {
        let on_record = |person: &Person| PersonOnRecord {
            person: person.id,
            key: person.key,
            roles: person.roles.clone(),
        };
        self.people.iter().map(on_record).collect()
    }

    /// A person's name at this node.
    pub fn name(&self, person: PersonId) -> Option<&str> {
        let found = self.people.iter().find(|known| known.id == person);
        found.map(|known| &*known.name)
    }

    /// The key that a person signs with.
    pub fn key(&self, person: PersonId) -> Option<PersonKey> {
        let found = self.people.iter().find(|known| known.id == person);
        found.map(|known| known.key)
    }

    /// The person whose token this is.
    pub fn by_token(&self, token: &str) -> Option<Caller> {
        let hash = Digest::of(token.as_bytes());
        self.people
            .iter()
            .find(|person| bool::from(person.token.as_bytes().ct_eq(hash.as_bytes())))
            .map(|person| Caller {
                person: person.id,
                name: person.name.clone(),
                roles: person.roles.clone(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SeededEntropy;

    fn add(people: &mut People, name: &str, roles: &[Role]) -> Result<String, PeopleError> {
        people.add(
            name,
            roles,
            Timestamp::default(),
            &mut SeededEntropy::new(name.len() as u64),
        )
    }

    #[test]
    fn a_token_finds_its_person_and_no_other() {
        let mut people = People::default();
        let ana = add(&mut people, "ana", &[Role::Officer]).unwrap();
        let boris = add(&mut people, "boris", &[Role::Contact]).unwrap();
        assert_eq!(people.by_token(&ana).unwrap().name, "ana");
        assert_eq!(people.by_token(&boris).unwrap().name, "boris");
        assert!(people.by_token("liaison_").is_none());
    }

    #[test]
    fn the_token_itself_is_not_kept() {
        let mut people = People::default();
        let token = add(&mut people, "ana", &[Role::Officer]).unwrap();
        let kept = serde_json::to_string(&people).unwrap();
        assert!(!kept.contains(&token));
    }

    #[test]
    fn auditor_and_admin_exclude_all_other_roles() {
        let mut people = People::default();
        for alone in [Role::Auditor, Role::Admin] {
            let both = add(&mut people, "ana", &[alone, Role::Officer]);
            assert_eq!(both, Err(PeopleError::RolesExclude));
        }
        assert!(add(&mut people, "ana", &[Role::Officer, Role::Contact]).is_ok());
    }

    #[test]
    fn names_are_single_and_printable() {
        let mut people = People::default();
        add(&mut people, "ana", &[Role::Officer]).unwrap();
        assert_eq!(
            add(&mut people, "ana", &[Role::Contact]),
            Err(PeopleError::NameTaken)
        );
        assert_eq!(
            add(&mut people, "a\nb", &[Role::Contact]),
            Err(PeopleError::BadName)
        );
        assert_eq!(
            add(&mut people, "", &[Role::Contact]),
            Err(PeopleError::BadName)
        );
        assert_eq!(add(&mut people, "eva", &[]), Err(PeopleError::NoRole));
    }
}
