//! What entries say in the open beside their fixed fields, so that four eyes can be checked from
//! the log alone. It names people by their pseudonyms, and letters by salted digests.

use super::layout::{Reader, TooShort};
use super::{Entry, Extension};
use crate::base::{Digest, PersonId};
use crate::domain::release::ReleasePolicy;
use crate::seal::person::{DecisionKind, PersonKey, PersonSignature};

/// A decision on a letter, as an entry carries it; the entry's actor decided.
///
/// kind u8 ‖ entry of the letter u64 ‖ entry of the decider's key u64 ‖ reason 32 ‖ signature (kind
/// u8 ‖ u16 length ‖ signature).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What was decided.
    pub kind: DecisionKind,
    /// The entry that holds the letter.
    pub letter: u64,
    /// The entry that holds the decider's key.
    pub key: u64,
    /// The salted digest of the reason; zeros where none was given.
    pub reason: Digest,
    /// The decider's signature.
    pub signature: PersonSignature,
}

/// Something that an entry shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// Type 1: a person signs with these keys from now on; without one, not any more.
    Person {
        /// The person.
        person: PersonId,
        /// The keys, one behind the other.
        keys: Vec<PersonKey>,
    },
    /// Type 2: the entry holds a letter that waits, with this digest.
    Letter(Digest),
    /// Type 3: the entry's actor decided about a letter.
    Decision(Decision),
    /// Type 4: the entry's message came of the letter in this entry.
    Of(u64),
    /// Type 5: the policy from now on: bits u16 ‖ seconds until an emergency release u32.
    Policy(ReleasePolicy),
}

impl Shown {
    /// The extension that says it.
    pub fn extension(&self) -> Extension {
        let (kind, value) = match self {
            Self::Person { person, keys } => {
                let mut value = person.to_bytes().to_vec();
                value.extend(keys.iter().flat_map(PersonKey::to_bytes));
                (1, value)
            }
            Self::Letter(digest) => (2, digest.as_bytes().to_vec()),
            Self::Decision(decision) => (3, decision.encode()),
            Self::Of(letter) => (4, letter.to_be_bytes().to_vec()),
            Self::Policy(policy) => {
                let mut value = policy.bits().to_be_bytes().to_vec();
                value.extend(policy.emergency_after.unwrap_or(0).to_be_bytes());
                (5, value)
            }
        };
        Extension { kind, value }
    }

    /// Reads an extension: none of a type that shows something else, an error where it is
    /// malformed.
    ///
    /// # Errors
    /// Nothing to tell but that it is malformed.
    pub fn read(extension: &Extension) -> Result<Option<Self>, Malformed> {
        let mut reader = Reader::new(&extension.value);
        let shown = match extension.kind {
            1 => {
                let person = PersonId::from_bytes(reader.array()?);
                let keys = PersonKey::read_all(reader.rest()).map_err(|_| Malformed)?;
                reader = Reader::new(&[]);
                Self::Person { person, keys }
            }
            2 => Self::Letter(Digest::from_bytes(reader.array()?)),
            3 => {
                let decision = Decision::read(&mut reader)?;
                reader = Reader::new(&[]);
                Self::Decision(decision)
            }
            4 => Self::Of(reader.u64()?),
            5 => {
                let (bits, seconds) = (reader.u16()?, reader.u32()?);
                Self::Policy(ReleasePolicy::from_bits(bits, seconds).ok_or(Malformed)?)
            }
            _ => return Ok(None),
        };
        match reader.is_empty() {
            true => Ok(Some(shown)),
            false => Err(Malformed),
        }
    }

    /// All that an entry shows.
    ///
    /// # Errors
    /// As [`Shown::read`].
    pub fn all(entry: &Entry) -> Result<Vec<Self>, Malformed> {
        let read = entry.extensions.iter().map(Self::read);
        Ok(read
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect())
    }
}

/// The extensions of an entry that shows this, in the order that entries want.
pub fn entry_extensions(shown: &[Shown]) -> Vec<Extension> {
    let mut extensions: Vec<Extension> = shown.iter().map(Shown::extension).collect();
    extensions.sort_by_key(|extension| extension.kind);
    extensions
}

/// An extension of a known type is not laid out as it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl From<TooShort> for Malformed {
    fn from(_: TooShort) -> Self {
        Self
    }
}

impl Decision {
    fn encode(&self) -> Vec<u8> {
        let mut out = vec![self.kind as u8];
        out.extend_from_slice(&self.letter.to_be_bytes());
        out.extend_from_slice(&self.key.to_be_bytes());
        out.extend_from_slice(self.reason.as_bytes());
        out.extend_from_slice(&self.signature.to_bytes());
        out
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            kind: DecisionKind::from_number(reader.u8()?).ok_or(Malformed)?,
            letter: reader.u64()?,
            key: reader.u64()?,
            reason: Digest::from_bytes(reader.array()?),
            signature: PersonSignature::from_bytes(reader.rest()).map_err(|_| Malformed)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::NodeId;
    use crate::seal::person::{DecisionText, TokenKey};

    #[test]
    fn everything_shown_survives_its_bytes_and_no_prefix_is_the_same() {
        let key = TokenKey::of("liaison_1");
        let person = PersonId::from_bytes([3; 16]);
        let node: NodeId = "MK-1".parse().unwrap();
        let text = DecisionText {
            kind: DecisionKind::Clear,
            node,
            letter: Digest::EMPTY,
            drafter: person,
            by: person,
            reason: Digest::EMPTY,
        };
        let decision = Decision {
            kind: DecisionKind::Clear,
            letter: 7,
            key: 2,
            reason: Digest::EMPTY,
            signature: key.sign(&text),
        };
        let policy = ReleasePolicy::from_bits(3, 900).unwrap();
        let all = [
            Shown::Person {
                person,
                keys: vec![key.public(), TokenKey::of("liaison_2").public()],
            },
            Shown::Person {
                person,
                keys: Vec::new(),
            },
            Shown::Letter(Digest::EMPTY),
            Shown::Decision(decision),
            Shown::Of(u64::MAX),
            Shown::Policy(policy),
        ];
        for shown in all {
            let extension = shown.extension();
            assert_eq!(Shown::read(&extension), Ok(Some(shown.clone())));
            for len in 0..extension.value.len() {
                let value = extension.value[..len].to_vec();
                let shorter = Shown::read(&Extension {
                    value,
                    ..extension.clone()
                });
                assert_ne!(shorter, Ok(Some(shown.clone())), "{len}");
            }
            let value = [&extension.value[..], &[0]].concat();
            assert_eq!(
                Shown::read(&Extension { value, ..extension }),
                Err(Malformed)
            );
        }
        let other = Extension {
            kind: 6,
            value: Vec::new(),
        };
        assert_eq!(Shown::read(&other), Ok(None));
    }
}
