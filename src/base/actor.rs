//! Who did something, and in which role.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Entropy, MemberId};

/// The text is not a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a role is one of officer, releaser, contact, auditor, admin, observer")]
pub struct ParseRoleError;

/// What a person may do at a node.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Role {
    /// Liaison officer: drafts, sends for release, follows, answers, gives feedback.
    Officer = 1,
    /// Releasing officer: reads and releases or returns what others drafted.
    Releaser = 2,
    /// Contact point: triages what comes in, publishes alerts.
    Contact = 3,
    /// Auditor: reads, verifies and exports the log, never the content of exchanges.
    Auditor = 4,
    /// Administrator: members, keys, users, health, backup, never the content of exchanges.
    Admin = 5,
    /// Observer (the Secretariat): alerts without personal data, statistics.
    Observer = 6,
    /// The node itself, acting by a rule rather than for a person.
    Node = 7,
}

impl Role {
    /// Every role, in the order of its number.
    pub const ALL: [Self; 7] = [
        Self::Officer,
        Self::Releaser,
        Self::Contact,
        Self::Auditor,
        Self::Admin,
        Self::Observer,
        Self::Node,
    ];

    /// The role's name, as it is written in commands and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Officer => "officer",
            Self::Releaser => "releaser",
            Self::Contact => "contact",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
            Self::Observer => "observer",
            Self::Node => "node",
        }
    }

    /// The role with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|role| *role as u8 == number)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Role {
    type Err = ParseRoleError;

    /// Reads a role that a person can hold; `node` is none.
    fn from_str(text: &str) -> Result<Self, ParseRoleError> {
        Self::ALL
            .into_iter()
            .find(|role| *role != Self::Node && role.as_str() == text)
            .ok_or(ParseRoleError)
    }
}

/// A person's pseudonym: sixteen random bytes, whose link to a name is kept by the person's own
/// node alone and can be erased there. All zeros stand for the node itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PersonId([u8; 16]);

impl PersonId {
    /// The node itself.
    pub const NODE: Self = Self([0; 16]);

    /// A new pseudonym.
    pub fn new(entropy: &mut dyn Entropy) -> Self {
        Self(entropy.array())
    }

    /// A pseudonym from its bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The sixteen bytes.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

written_as_text!(
    PersonId,
    "^[0-9a-f]{32}$",
    "A person's pseudonym, in hexadecimal; zeros stand for the node itself.",
    "00112233445566778899aabbccddeeff"
);

impl TryFrom<String> for PersonId {
    type Error = hex::FromHexError;

    fn try_from(text: String) -> Result<Self, hex::FromHexError> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

impl From<PersonId> for String {
    fn from(id: PersonId) -> String {
        id.to_string()
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&hex::encode(self.0))
    }
}

impl fmt::Debug for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Who caused an event: a person by pseudonym, in one role, at one member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// The member for which the person acted.
    pub member: MemberId,
    /// The role in which the person acted.
    pub role: Role,
    /// The person.
    pub person: PersonId,
}

impl Actor {
    /// The node of `member`, acting by a rule.
    pub fn node(member: MemberId) -> Self {
        Self {
            member,
            role: Role::Node,
            person: PersonId::NODE,
        }
    }
}
