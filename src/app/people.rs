//! The people of a node: names, roles, passkeys, and the hashes of their tokens and one-time codes.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::Caller;
use crate::base::{Digest, Entropy, PersonId, Role, Timestamp};
use crate::seal::passkey::Passkey;
use crate::seal::person::{PersonKey, TokenKey};

mod record;
mod recovery;

pub use record::PersonOnRecord;
pub(super) use record::on_record;

/// How long a one-time code can be used.
pub const CODE_LIFE: Duration = Duration::from_secs(7 * 24 * 3_600);

/// The passkeys that one person may have.
const MOST_PASSKEYS: usize = 8;

/// Crockford's base 32: no letter looks like a digit.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Why a person cannot be added or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
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
    /// There is no such person.
    #[error("there is no such person")]
    NobodyThere,
    /// The code is not one that can be used now.
    #[error("the code is unknown, used or too old")]
    BadCode,
    /// The person has as many passkeys as one may have.
    #[error("a person has at most {MOST_PASSKEYS} passkeys")]
    TooManyPasskeys,
    /// Two people are needed, neither of them the one concerned.
    #[error("a way back needs two people, and neither is the one who lost the passkey")]
    TwoPeople,
}

/// The hash of a code that enrols one passkey.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OneTimeCode {
    digest: Digest,
    expires: Timestamp,
}

/// A way back that one person asked for, and a second one has to approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recovery {
    /// Who asked.
    pub asked_by: PersonId,
    /// When.
    pub asked: Timestamp,
}

/// What a person likes the console to be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preferences {
    /// The language, BCP 47; the browser's where none is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Whether single keys do nothing.
    #[serde(default)]
    pub no_keys: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    id: PersonId,
    name: String,
    roles: Vec<Role>,
    token: Digest,
    /// What the person signs decisions with beside passkeys; its secret half follows from the token.
    key: PersonKey,
    added: Timestamp,
    #[serde(default)]
    passkeys: Vec<Passkey>,
    #[serde(default)]
    code: Option<OneTimeCode>,
    #[serde(default)]
    recovery: Option<Recovery>,
    #[serde(default)]
    preferences: Preferences,
}

/// A person as administrators see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonView {
    /// The pseudonym.
    pub id: PersonId,
    /// The name at this node.
    pub name: String,
    /// What the person may act as.
    pub roles: Vec<Role>,
    /// Since when.
    pub added: Timestamp,
    /// How many passkeys the person has.
    pub passkeys: usize,
    /// Until when a one-time code can be used, where there is one.
    pub code_until: Option<Timestamp>,
    /// A way back that waits for a second person.
    pub recovery: Option<Recovery>,
}

/// What a new person is given; kept nowhere else.
#[derive(Clone)]
pub struct Added {
    /// The pseudonym.
    pub person: PersonId,
    /// The token for the API and the commands.
    pub token: String,
    /// The code that enrols the first passkey.
    pub code: String,
}

/// All people who can sign in at a node.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    people: Vec<Person>,
}

impl People {
    /// Adds a person.
    ///
    /// # Errors
    /// [`PeopleError`]; nothing is changed then.
    pub fn add(
        &mut self,
        name: &str,
        roles: &[Role],
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Result<Added, PeopleError> {
        let person = PersonId::new(entropy);
        self.add_as(person, name, roles, now, entropy)
    }

    /// Adds a person under a new pseudonym, which is on record already.
    ///
    /// # Errors
    /// [`PeopleError`]; nothing is changed then.
    pub fn add_as(
        &mut self,
        person: PersonId,
        name: &str,
        roles: &[Role],
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Result<Added, PeopleError> {
        let length = name.chars().count();
        if !(1..=100).contains(&length) || name.trim() != name || name.chars().any(char::is_control)
        {
            return Err(PeopleError::BadName);
        }
        if self.people.iter().any(|person| person.name == name) {
            return Err(PeopleError::NameTaken);
        }
        let roles = checked(roles)?;
        let secret: [u8; 32] = entropy.array();
        let token = format!("liaison_{}", hex::encode(secret));
        let (code, one_time) = one_time_code(now, entropy);
        self.people.push(Person {
            id: person,
            name: name.to_owned(),
            roles,
            token: Digest::of(token.as_bytes()),
            key: TokenKey::of(&token).public(),
            added: now,
            passkeys: Vec::new(),
            code: Some(one_time),
            recovery: None,
            preferences: Preferences::default(),
        });
        Ok(Added {
            person,
            token,
            code,
        })
    }

    /// Gives a person other roles.
    ///
    /// # Errors
    /// [`PeopleError`]; nothing is changed then.
    pub fn change_roles(&mut self, person: PersonId, roles: &[Role]) -> Result<(), PeopleError> {
        let roles = checked(roles)?;
        self.person_mut(person)?.roles = roles;
        Ok(())
    }

    /// Closes a person's account: their token, passkeys and codes open nothing any more.
    ///
    /// # Errors
    /// [`PeopleError::NobodyThere`].
    pub fn remove(&mut self, person: PersonId) -> Result<(), PeopleError> {
        self.person_mut(person)?;
        self.people.retain(|one| one.id != person);
        Ok(())
    }

    /// Everyone, by name.
    pub fn all(&self) -> Vec<PersonView> {
        let view = |person: &Person| PersonView {
            id: person.id,
            name: person.name.clone(),
            roles: person.roles.clone(),
            added: person.added,
            passkeys: person.passkeys.len(),
            code_until: person.code.as_ref().map(|code| code.expires),
            recovery: person.recovery,
        };
        let mut all: Vec<PersonView> = self.people.iter().map(view).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// The person whose token this is.
    pub fn by_token(&self, token: &str) -> Option<Caller> {
        let hash = Digest::of(token.as_bytes());
        self.people
            .iter()
            .find(|person| bool::from(person.token.as_bytes().ct_eq(hash.as_bytes())))
            .map(Person::caller)
    }

    /// The person of this pseudonym.
    pub fn by_id(&self, id: PersonId) -> Option<Caller> {
        self.person(id).map(Person::caller)
    }

    /// The person who has the passkey, and the passkey.
    pub fn by_passkey(&self, credential: &[u8]) -> Option<(Caller, &Passkey)> {
        self.people.iter().find_map(|person| {
            let passkey = person.passkeys.iter().find(|key| key.id == credential)?;
            Some((person.caller(), passkey))
        })
    }

    /// The passkeys of a person.
    pub fn passkeys(&self, id: PersonId) -> &[Passkey] {
        self.person(id).map_or(&[], |person| &person.passkeys)
    }

    /// The person whom a one-time code is for.
    pub fn by_code(&self, code: &str, now: Timestamp) -> Option<Caller> {
        let hash = digest_of(code);
        let fits = |person: &&Person| {
            person.code.as_ref().is_some_and(|code| {
                now < code.expires && bool::from(code.digest.as_bytes().ct_eq(hash.as_bytes()))
            })
        };
        self.people.iter().find(fits).map(Person::caller)
    }

    /// Enrols a passkey by a one-time code, which is used up.
    ///
    /// # Errors
    /// [`PeopleError`]; nothing is changed then.
    pub fn enrol(
        &mut self,
        code: &str,
        passkey: Passkey,
        now: Timestamp,
    ) -> Result<Caller, PeopleError> {
        let caller = self.by_code(code, now).ok_or(PeopleError::BadCode)?;
        if self.by_passkey(&passkey.id).is_some() {
            return Err(PeopleError::BadCode);
        }
        let person = self.person_mut(caller.person)?;
        if person.passkeys.len() >= MOST_PASSKEYS {
            return Err(PeopleError::TooManyPasskeys);
        }
        person.passkeys.push(passkey);
        person.code = None;
        Ok(caller)
    }

    /// Keeps a passkey's new count.
    pub fn used(&mut self, passkey: &Passkey) {
        for person in &mut self.people {
            for known in &mut person.passkeys {
                if known.id == passkey.id {
                    *known = passkey.clone();
                }
            }
        }
    }

    /// What a person likes the console to be.
    pub fn preferences(&self, id: PersonId) -> Preferences {
        self.person(id)
            .map(|person| person.preferences.clone())
            .unwrap_or_default()
    }

    /// Keeps what a person likes.
    ///
    /// # Errors
    /// [`PeopleError::NobodyThere`].
    pub fn prefer(&mut self, id: PersonId, preferences: Preferences) -> Result<(), PeopleError> {
        self.person_mut(id)?.preferences = preferences;
        Ok(())
    }

    fn person(&self, id: PersonId) -> Option<&Person> {
        self.people.iter().find(|person| person.id == id)
    }

    fn person_mut(&mut self, id: PersonId) -> Result<&mut Person, PeopleError> {
        let found = self.people.iter_mut().find(|person| person.id == id);
        found.ok_or(PeopleError::NobodyThere)
    }
}

impl Person {
    fn caller(&self) -> Caller {
        Caller {
            person: self.id,
            name: self.name.clone(),
            roles: self.roles.clone(),
        }
    }
}

/// The roles in order, each once, if one person can hold them.
fn checked(roles: &[Role]) -> Result<Vec<Role>, PeopleError> {
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
    Ok(roles)
}

/// A code of 80 random bits in four groups, and what is kept of it.
fn one_time_code(now: Timestamp, entropy: &mut dyn Entropy) -> (String, OneTimeCode) {
    let random: [u8; 16] = entropy.array();
    let letters = random.map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    let groups: Vec<String> = letters
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    let code = groups.join("-");
    let kept = OneTimeCode {
        digest: digest_of(&code),
        expires: now.plus(CODE_LIFE),
    };
    (code, kept)
}

/// The digest of a code as a person may write it: in any case, with or without its dashes, and
/// with letters that look like digits.
fn digest_of(code: &str) -> Digest {
    let letter = |c: char| match c.to_ascii_uppercase() {
        'O' => Some('0'),
        'I' | 'L' => Some('1'),
        c if c.is_ascii_alphanumeric() => Some(c),
        _ => None,
    };
    let plain: String = code.chars().filter_map(letter).collect();
    Digest::of_parts(&[b"liaison/one-time-code/v1", plain.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SeededEntropy;

    fn add(people: &mut People, name: &str, roles: &[Role]) -> Result<String, PeopleError> {
        let mut entropy = SeededEntropy::new(name.len() as u64);
        let added = people.add(name, roles, Timestamp::default(), &mut entropy);
        added.map(|added| added.token)
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
    #[test]
    fn a_code_is_read_as_people_write_it_until_it_expires() {
        let mut people = People::default();
        let mut entropy = SeededEntropy::new(5);
        let start = Timestamp::default();
        let added = people.add("ana", &[Role::Officer], start, &mut entropy);
        let code = added.expect("a person").code;
        assert_eq!(code.len(), 19);
        let written = code.to_lowercase().replace('-', " ").replace('0', "o");
        assert_eq!(people.by_code(&written, start).expect("hers").name, "ana");
        let last = start.plus(CODE_LIFE);
        assert!(people.by_code(&code, last).is_none());
        assert!(people.by_code("", start).is_none());
        let json = serde_json::to_string(&people).expect("JSON");
        assert!(!json.contains(&code));
    }

    #[test]
    fn people_written_before_there_were_passkeys_are_read() {
        let mut people = People::default();
        let token = add(&mut people, "ana", &[Role::Officer]).unwrap();
        let mut json = serde_json::to_value(&people).unwrap();
        let ana = json["people"][0].as_object_mut().unwrap();
        for later in ["passkeys", "code", "recovery", "preferences"] {
            ana.remove(later).unwrap();
        }
        let read: People = serde_json::from_value(json).unwrap();
        assert_eq!(read.by_token(&token).unwrap().name, "ana");
    }
}
