//! The safety number of two members: 60 digits that follow from the identity keys of both, the same at
//! both, which their people compare by telephone or in person.
//!
//! Each member gives 30 digits, those that are the smaller number first:
//!
//! ```text
//! h0   "liaison/safety-number/v1" ‖ member 8 ‖ (node number u8 ‖ key id 32) each, ascending
//! hn   SHA-512(hn-1 ‖ h0), 5,200 times
//! ```
//!
//! The first 30 bytes of the last hash are six numbers of 5 bytes, big-endian; each gives five digits,
//! its remainder by 100,000. The repetition makes it dear to look for a key whose digits agree with
//! another's, as in Signal's safety numbers, from which this is taken.

use std::fmt;
use std::str::FromStr;

use ring::digest::{SHA512, digest};
use serde::{Serialize, Serializer};

use super::sign::KeyId;
use crate::base::{Digest, MemberId};

const DOMAIN: &[u8] = b"liaison/safety-number/v1";
const ROUNDS: usize = 5_200;
const DIGITS: usize = 60;
/// Digits that are written together.
const GROUP: usize = 5;

/// The identity keys of a member: the number of each node and the id of its key, by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberIdentity {
    member: MemberId,
    keys: Vec<(u8, KeyId)>,
}

impl MemberIdentity {
    /// The identity of a member with these nodes.
    pub fn new(member: MemberId, nodes: impl IntoIterator<Item = (u8, KeyId)>) -> Self {
        let mut keys: Vec<_> = nodes.into_iter().collect();
        keys.sort();
        Self { member, keys }
    }

    /// The member.
    pub fn member(&self) -> MemberId {
        self.member
    }

    /// What changes when any identity key of the member does.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes())
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = [DOMAIN, &self.member.to_bytes()].concat();
        for (number, key) in &self.keys {
            out.push(*number);
            out.extend_from_slice(key.as_bytes());
        }
        out
    }

    fn digits(&self) -> String {
        let own = self.bytes();
        let mut hash = own.clone();
        for _ in 0..ROUNDS {
            hash.extend_from_slice(&own);
            hash = digest(&SHA512, &hash).as_ref().to_vec();
        }
        let numbers = hash[..30].chunks(5).map(|bytes| {
            let number = bytes
                .iter()
                .fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
            format!("{:05}", number % 100_000)
        });
        numbers.collect()
    }
}

/// A safety number. It is written in twelve groups of five digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafetyNumber(String);

/// The text is no safety number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a safety number has 60 digits")]
pub struct NotASafetyNumber;

impl SafetyNumber {
    /// The number of two members, in whichever order.
    pub fn of(one: &MemberIdentity, other: &MemberIdentity) -> Self {
        let mut halves = [one.digits(), other.digits()];
        halves.sort();
        Self(halves.concat())
    }
}

impl fmt::Display for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, digit) in self.0.chars().enumerate() {
            if at > 0 && at % GROUP == 0 {
                f.write_str(" ")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

impl Serialize for SafetyNumber {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// Reads 60 ASCII digits; spaces, line ends and hyphens between them do not matter.
impl FromStr for SafetyNumber {
    type Err = NotASafetyNumber;

    fn from_str(text: &str) -> Result<Self, NotASafetyNumber> {
        let between = |c: &char| c.is_whitespace() || *c == '-';
        let digits: String = text.chars().filter(|c| !between(c)).collect();
        let holds = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        holds.then_some(Self(digits)).ok_or(NotASafetyNumber)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(member: &str, keys: &[(u8, &str)]) -> MemberIdentity {
        let keys = keys.iter().map(|(n, key)| (*n, Digest::of(key.as_bytes())));
        MemberIdentity::new(member.parse().unwrap(), keys)
    }

    #[test]
    fn both_members_see_the_same_sixty_digits() {
        let mk = identity("MK", &[(1, "a")]);
        let tr = identity("TR", &[(1, "b"), (2, "c")]);
        let number = SafetyNumber::of(&mk, &tr);
        assert_eq!(number, SafetyNumber::of(&tr, &mk));
        let text = number.to_string();
        assert_eq!(text.len(), 71);
        assert_eq!(text.split(' ').count(), 12);
        assert_eq!(text.parse(), Ok(number.clone()));
        assert_eq!(text.replace(' ', "").parse(), Ok(number));
        let swapped = identity("TR", &[(2, "c"), (1, "b")]);
        assert_eq!(swapped.digest(), tr.digest());
    }

    #[test]
    fn another_key_node_or_member_gives_another_number() {
        let mk = identity("MK", &[(1, "a")]);
        let number = |other: &MemberIdentity| SafetyNumber::of(&mk, other);
        let tr = number(&identity("TR", &[(1, "b")]));
        for other in [
            identity("TR", &[(1, "c")]),
            identity("TR", &[(2, "b")]),
            identity("TR", &[(1, "b"), (2, "b")]),
            identity("AT", &[(1, "b")]),
        ] {
            assert_ne!(number(&other), tr, "{other:?}");
        }
    }

    #[test]
    fn what_is_not_sixty_digits_is_no_safety_number() {
        let good = "12345 ".repeat(12);
        assert!(good.parse::<SafetyNumber>().is_ok());
        let long = format!("{good}1");
        let other = good.replace('1', "١");
        for bad in [
            "",
            "12345",
            &good[1..],
            &long,
            &good.replace('1', "x"),
            &other,
        ] {
            assert_eq!(bad.parse::<SafetyNumber>(), Err(NotASafetyNumber), "{bad}");
        }
    }
}
