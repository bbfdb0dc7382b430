//! Identifiers of members, their nodes, and messages.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Digest, Entropy, Timestamp};

/// Why a text is not an identifier. Holds what was expected, never the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseIdError {
    /// The text is not a member id.
    #[error(
        "a member id is 2 to 8 capital letters or digits, beginning with a letter, such as MK or ICMPD"
    )]
    Member,
    /// The text is not a node id.
    #[error("a node id is a member id, a hyphen and a number from 1 to 255, such as MK-1")]
    Node,
    /// The text is not a message id.
    #[error(
        "a message id is 26 characters of Crockford base 32, such as 01JD3W0000ABCDEFGHJKMNPQRS"
    )]
    Message,
}

/// A member of the federation: a country by its ISO 3166-1 alpha-2 code (`MK`), or an
/// organisation by its short name (`ICMPD`). 2 to 8 capital ASCII letters or digits, the first a letter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MemberId([u8; 8]);

impl MemberId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        let len = self.0.iter().position(|b| *b == 0).unwrap_or(8);
        std::str::from_utf8(&self.0[..len]).expect("a member id is ASCII by construction")
    }

    /// The id as eight bytes, padded with zeros at the end: its form in fixed layouts.
    pub fn to_bytes(self) -> [u8; 8] {
        self.0
    }

    /// Reads the fixed form.
    ///
    /// # Errors
    /// [`ParseIdError::Member`] unless the bytes are a valid id followed only by zeros.
    pub fn from_bytes(bytes: [u8; 8]) -> Result<Self, ParseIdError> {
        let len = bytes.iter().position(|b| *b == 0).unwrap_or(8);
        let (id, padding) = bytes.split_at(len);
        let shape = (2..=8).contains(&len)
            && id[0].is_ascii_uppercase()
            && id
                .iter()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            && padding.iter().all(|b| *b == 0);
        shape.then_some(Self(bytes)).ok_or(ParseIdError::Member)
    }
}

impl FromStr for MemberId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let mut bytes = [0; 8];
        bytes
            .get_mut(..text.len())
            .ok_or(ParseIdError::Member)?
            .copy_from_slice(text.as_bytes());
        // In the fixed form zeros are padding; in a text they are nothing.
        Self::from_bytes(bytes).and_then(|id| {
            (id.as_str() == text)
                .then_some(id)
                .ok_or(ParseIdError::Member)
        })
    }
}

impl TryFrom<String> for MemberId {
    type Error = ParseIdError;

    fn try_from(text: String) -> Result<Self, ParseIdError> {
        text.parse()
    }
}

impl From<MemberId> for String {
    fn from(id: MemberId) -> String {
        id.as_str().to_owned()
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

written_as_text!(
    MemberId,
    "^[A-Z][A-Z0-9]{1,7}$",
    "A member: a country by its ISO 3166-1 alpha-2 code, or an organisation by its short name.",
    "MK"
);

/// One node of a member. A member may run several; messages address members, while keys,
/// logs and connections belong to nodes. Written `MK-1`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodeId {
    /// The member that runs the node.
    pub member: MemberId,
    /// The member's own number for it, from 1.
    pub number: u8,
}

impl NodeId {
    /// The first node of a member, which most members have alone.
    pub fn first(member: MemberId) -> Self {
        Self { member, number: 1 }
    }

    /// The id as nine bytes: the member's eight, then the number.
    pub fn to_bytes(self) -> [u8; 9] {
        let mut bytes = [0; 9];
        bytes[..8].copy_from_slice(&self.member.to_bytes());
        bytes[8] = self.number;
        bytes
    }

    /// Reads the fixed form.
    ///
    /// # Errors
    /// [`ParseIdError::Node`] for a malformed member or the number 0.
    pub fn from_bytes(bytes: [u8; 9]) -> Result<Self, ParseIdError> {
        let mut member = [0; 8];
        member.copy_from_slice(&bytes[..8]);
        let member = MemberId::from_bytes(member).map_err(|_| ParseIdError::Node)?;
        let number = bytes[8];
        (number != 0)
            .then_some(Self { member, number })
            .ok_or(ParseIdError::Node)
    }
}

impl FromStr for NodeId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let (member, number) = text.split_once('-').ok_or(ParseIdError::Node)?;
        let canonical = !number.starts_with(['0', '+']);
        let number: u8 = number.parse().map_err(|_| ParseIdError::Node)?;
        let member = member.parse().map_err(|_| ParseIdError::Node)?;
        canonical
            .then_some(Self { member, number })
            .ok_or(ParseIdError::Node)
    }
}

impl TryFrom<String> for NodeId {
    type Error = ParseIdError;

    fn try_from(text: String) -> Result<Self, ParseIdError> {
        text.parse()
    }
}

impl From<NodeId> for String {
    fn from(id: NodeId) -> String {
        id.to_string()
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}-{}", self.member, self.number))
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

written_as_text!(
    NodeId,
    "^[A-Z][A-Z0-9]{1,7}-([1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])$",
    "A node: its member, and the member's number for it.",
    "MK-1"
);

/// A message, an exchange (by the id of its first message) or an alert: a ULID, that is 48 bits
/// of milliseconds since 1970 and 80 random bits, written as 26 characters of Crockford base 32.
/// Sorts by time of making.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageId([u8; 16]);

impl MessageId {
    /// A new id, made at `now`.
    pub fn new(now: Timestamp, entropy: &mut dyn Entropy) -> Self {
        let mut random = [0; 16];
        entropy.fill(&mut random[..10]);
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&random[..10]);
        Self(bytes)
    }

    /// The first of all ids that are made at `at` or later.
    #[must_use]
    pub fn earliest(at: Timestamp) -> Self {
        let millis = u64::try_from(at.as_millis()).unwrap_or(0);
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
        Self(bytes)
    }

    /// The id of a message that goes along with this one: the same whenever both are composed, as when
    /// they are written, wait as a letter, and leave.
    #[must_use]
    pub fn companion(self) -> Self {
        let digest = Digest::of_parts(&[b"liaison/companion-message/v1", &self.0]);
        let mut bytes = self.0;
        bytes[6..].copy_from_slice(&digest.as_bytes()[..10]);
        Self(bytes)
    }

    /// The id as sixteen bytes, in big-endian order.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// Any sixteen bytes are an id.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl FromStr for MessageId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        // The crate reads a first character above 7 by dropping its high bits.
        if !matches!(text.as_bytes().first(), Some(b'0'..=b'7')) {
            return Err(ParseIdError::Message);
        }
        ulid::Ulid::from_string(text)
            .map(|id| Self(id.to_bytes()))
            .map_err(|_| ParseIdError::Message)
    }
}

impl TryFrom<String> for MessageId {
    type Error = ParseIdError;

    fn try_from(text: String) -> Result<Self, ParseIdError> {
        text.parse()
    }
}

impl From<MessageId> for String {
    fn from(id: MessageId) -> String {
        id.to_string()
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&ulid::Ulid::from_bytes(self.0).to_string())
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

written_as_text!(
    MessageId,
    "^[0-7][0-9A-HJKMNP-TV-Z]{25}$",
    "A message, an exchange by the id of its first message, or an alert: a ULID.",
    "01JD3W0000ABCDEFGHJKMNPQRS"
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SeededEntropy;

    #[test]
    fn a_companion_is_the_same_each_time_and_another_than_its_message() {
        let id: MessageId = "01JD3W0000ABCDEFGHJKMNPQRS".parse().expect("an id");
        assert_eq!(id.companion(), id.companion());
        assert_ne!(id.companion(), id);
        assert_ne!(id.companion().companion(), id);
        assert_eq!(id.companion().to_bytes()[..6], id.to_bytes()[..6]);
    }

    #[test]
    fn a_node_id_takes_the_room_that_a_column_gives_it() {
        let node: NodeId = "TR-1".parse().expect("an id");
        assert_eq!(format!("{node:<6}|"), "TR-1  |");
    }

    #[test]
    fn a_member_id_is_capital_letters_and_digits() {
        for good in ["MK", "ICMPD", "FRONTEX", "A1", "ABCDEFGH"] {
            assert_eq!(good.parse::<MemberId>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "M",
            "mk",
            "1A",
            "MK ",
            "M-K",
            "ABCDEFGHI",
            "МК",
            "M\0K",
            "MK\0",
        ] {
            assert!(bad.parse::<MemberId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_node_id_has_one_spelling() {
        let id: NodeId = "MK-1".parse().unwrap();
        assert_eq!(id.to_string(), "MK-1");
        assert_eq!(NodeId::from_bytes(id.to_bytes()), Ok(id));
        for bad in ["MK", "MK-0", "MK-01", "MK-+1", "MK-256", "-1"] {
            assert!(bad.parse::<NodeId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn message_ids_sort_by_time_and_survive_their_text() {
        let mut entropy = SeededEntropy::new(1);
        let early = MessageId::new(Timestamp::from_millis(1_000), &mut entropy);
        let late = MessageId::new(Timestamp::from_millis(2_000), &mut entropy);
        assert!(early < late);
        assert_eq!(late.to_string().parse(), Ok(late));
        assert!("8ZZZZZZZZZZZZZZZZZZZZZZZZZ".parse::<MessageId>().is_err());
    }
}
