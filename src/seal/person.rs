//! A person's own signature under a decision: made where the person is, from a key that the node
//! never holds.
//!
//! A token key follows from the person's token, by HKDF-SHA256 with the info
//! `liaison/person-key/v1`; whoever has the token has it. A passkey signs where the person's browser
//! is: the challenge of its assertion is the hash of the decision. The kind stands beside every key
//! and signature.

use std::fmt;

use ring::hkdf;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::layout::Reader;
use super::passkey::{Assertion, Challenge, Passkey};
use super::sign::{BadSignature, ED25519_KEY_LEN, ED25519_SIGNATURE_LEN, is_weak_ed25519};
use crate::base::{Digest, NodeId, PersonId};

mod asserted;

pub use asserted::{AssertedSignature, PasskeyKey};

/// What a decision's signature covers begins with this context, behind its length.
const CONTEXT: &str = "liaison/decision/v1";

/// The longest key or signature of a person, in bytes: a passkey's assertion has room.
pub const LONGEST_PROOF: usize = 2_048;

/// How a person signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum PersonKeyKind {
    /// Ed25519 (RFC 8032), from the person's token.
    Token = 1,
    /// A passkey's assertion (Web Authentication Level 2).
    Passkey = 2,
}

impl PersonKeyKind {
    /// The kind with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Token),
            2 => Some(Self::Passkey),
            _ => None,
        }
    }
}

/// Bytes or text that are no key or signature of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no key or signature of a person")]
pub struct ParsePersonProof;

/// A person's public key: kind u8 ‖ u16 length ‖ key. Written in hexadecimal.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PersonKey {
    /// An Ed25519 key, which is not weak.
    Token([u8; ED25519_KEY_LEN]),
    /// A passkey's.
    Passkey(PasskeyKey),
}

impl PersonKey {
    /// The key of a passkey.
    ///
    /// # Errors
    /// [`ParsePersonProof`] for one that no log can hold.
    pub fn of_passkey(passkey: &Passkey) -> Result<Self, ParsePersonProof> {
        PasskeyKey::new(passkey.algorithm, passkey.key()).map(Self::Passkey)
    }

    /// How its owner signs.
    pub fn kind(&self) -> PersonKeyKind {
        match self {
            Self::Token(_) => PersonKeyKind::Token,
            Self::Passkey(_) => PersonKeyKind::Passkey,
        }
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Token(ed25519) => tagged(PersonKeyKind::Token, ed25519),
            Self::Passkey(passkey) => tagged(PersonKeyKind::Passkey, &passkey.to_bytes()),
        }
    }

    /// Reads its bytes.
    ///
    /// # Errors
    /// [`ParsePersonProof`] for an unknown kind, another length, or a weak point of the curve.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParsePersonProof> {
        let mut reader = Reader::new(bytes);
        let key = Self::read(&mut reader)?;
        match reader.rest() {
            [] => Ok(key),
            _ => Err(ParsePersonProof),
        }
    }

    /// Reads keys that stand one behind the other, to the end.
    ///
    /// # Errors
    /// As [`PersonKey::from_bytes`].
    pub fn read_all(bytes: &[u8]) -> Result<Vec<Self>, ParsePersonProof> {
        let mut reader = Reader::new(bytes);
        let mut keys = Vec::new();
        while !reader.rest().is_empty() {
            keys.push(Self::read(&mut reader)?);
        }
        Ok(keys)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, ParsePersonProof> {
        let (kind, key) = untagged(reader)?;
        match kind {
            PersonKeyKind::Token => {
                let ed25519 = key.try_into().map_err(|_| ParsePersonProof)?;
                match is_weak_ed25519(&ed25519) {
                    true => Err(ParsePersonProof),
                    false => Ok(Self::Token(ed25519)),
                }
            }
            PersonKeyKind::Passkey => PasskeyKey::from_bytes(key).map(Self::Passkey),
        }
    }

    /// Whether the signature is this key's over the decision.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify(
        &self,
        decision: &DecisionText,
        signature: &PersonSignature,
    ) -> Result<(), BadSignature> {
        match (self, signature) {
            (Self::Token(key), PersonSignature::Token(signature)) => {
                UnparsedPublicKey::new(&ED25519, key)
                    .verify(&decision.to_bytes(), signature)
                    .map_err(|_| BadSignature)
            }
            (Self::Passkey(key), PersonSignature::Passkey(signature)) => {
                key.verify(&decision.challenge(), signature)
            }
            (Self::Token(_), PersonSignature::Passkey(_))
            | (Self::Passkey(_), PersonSignature::Token(_)) => Err(BadSignature),
        }
    }
}

impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.to_bytes();
        write!(f, "PersonKey({})", hex::encode(&bytes[3..7]))
    }
}

/// A person's signature: kind u8 ‖ u16 length ‖ signature. Written in hexadecimal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PersonSignature {
    /// Ed25519.
    Token([u8; ED25519_SIGNATURE_LEN]),
    /// A passkey's assertion.
    Passkey(AssertedSignature),
}

impl PersonSignature {
    /// The signature that an assertion is.
    ///
    /// # Errors
    /// [`ParsePersonProof`] for one that is too long for a log.
    pub fn of_assertion(assertion: &Assertion) -> Result<Self, ParsePersonProof> {
        AssertedSignature::new(assertion).map(Self::Passkey)
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Token(ed25519) => tagged(PersonKeyKind::Token, ed25519),
            Self::Passkey(asserted) => tagged(PersonKeyKind::Passkey, &asserted.to_bytes()),
        }
    }

    /// Reads its bytes.
    ///
    /// # Errors
    /// [`ParsePersonProof`] for an unknown kind or another length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParsePersonProof> {
        let mut reader = Reader::new(bytes);
        let (kind, signature) = untagged(&mut reader)?;
        if !reader.rest().is_empty() {
            return Err(ParsePersonProof);
        }
        match kind {
            PersonKeyKind::Token => {
                let ed25519 = signature.try_into().map_err(|_| ParsePersonProof)?;
                Ok(Self::Token(ed25519))
            }
            PersonKeyKind::Passkey => AssertedSignature::from_bytes(signature).map(Self::Passkey),
        }
    }
}

impl fmt::Debug for PersonSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonSignature")
    }
}

macro_rules! hexadecimal {
    ($($name:ident),+) => {
        $(impl TryFrom<String> for $name {
            type Error = ParsePersonProof;

            fn try_from(text: String) -> Result<Self, ParsePersonProof> {
                Self::from_bytes(&hex::decode(text).map_err(|_| ParsePersonProof)?)
            }
        }

        impl From<$name> for String {
            fn from(proof: $name) -> Self {
                hex::encode(proof.to_bytes())
            }
        })+
    };
}

hexadecimal!(PersonKey, PersonSignature);

fn tagged(kind: PersonKeyKind, bytes: &[u8]) -> Vec<u8> {
    let len = u16::try_from(bytes.len()).expect("keys and signatures of persons are short");
    [&[kind as u8][..], &len.to_be_bytes(), bytes].concat()
}

fn untagged<'a>(reader: &mut Reader<'a>) -> Result<(PersonKeyKind, &'a [u8]), ParsePersonProof> {
    let [kind] = reader.array().map_err(|_| ParsePersonProof)?;
    let kind = PersonKeyKind::from_number(kind).ok_or(ParsePersonProof)?;
    let len = usize::from(u16::from_be_bytes(
        reader.array().map_err(|_| ParsePersonProof)?,
    ));
    match len <= LONGEST_PROOF {
        true => Ok((kind, reader.slice(len).map_err(|_| ParsePersonProof)?)),
        false => Err(ParsePersonProof),
    }
}

/// What a person decides about a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum DecisionKind {
    /// It may leave: the second pair of eyes.
    Release = 1,
    /// It may leave although the protection gate stopped it.
    Clear = 2,
    /// It leaves although nobody else has seen it, since a life is in danger.
    Emergency = 3,
    /// An emergency release was looked at afterwards.
    Review = 4,
}

impl DecisionKind {
    /// The kind with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Release),
            2 => Some(Self::Clear),
            3 => Some(Self::Emergency),
            4 => Some(Self::Review),
            _ => None,
        }
    }
}

/// What the signature under a decision covers: context length u8 ‖ context ‖ kind u8 ‖ node 9 ‖
/// letter 32 ‖ drafter 16 ‖ decider 16 ‖ reason 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecisionText {
    /// What is decided.
    pub kind: DecisionKind,
    /// The node at which.
    pub node: NodeId,
    /// The letter, by [`letter_digest`].
    pub letter: Digest,
    /// Who wrote the letter.
    pub drafter: PersonId,
    /// Who decides.
    pub by: PersonId,
    /// Why, by [`reason_digest`].
    pub reason: Digest,
}

impl DecisionText {
    /// The bytes that are signed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let len = u8::try_from(CONTEXT.len()).expect("the context is short");
        [
            &[len][..],
            CONTEXT.as_bytes(),
            &[self.kind as u8],
            &self.node.to_bytes(),
            self.letter.as_bytes(),
            &self.drafter.to_bytes(),
            &self.by.to_bytes(),
            self.reason.as_bytes(),
        ]
        .concat()
    }

    /// What a passkey is asked to sign: the hash of the bytes.
    pub fn challenge(&self) -> Challenge {
        Challenge(*Digest::of(&self.to_bytes()).as_bytes())
    }
}

/// The digest by which decisions name a letter: H("liaison/letter/v1" ‖ salt 32 ‖ content). The
/// salt keeps the content from being guessed by whoever sees the digest.
pub fn letter_digest(salt: &[u8; 32], content: &[u8]) -> Digest {
    Digest::of_parts(&[b"liaison/letter/v1", salt, content])
}

/// The digest by which a decision names its reason: H("liaison/decision-reason/v1" ‖ salt of the
/// letter 32 ‖ reason); zeros where none is given.
pub fn reason_digest(salt: &[u8; 32], reason: Option<&str>) -> Digest {
    match reason {
        Some(reason) => Digest::of_parts(&[b"liaison/decision-reason/v1", salt, reason.as_bytes()]),
        None => Digest::from_bytes([0; 32]),
    }
}

/// A person's secret key, as it follows from the token. It stays where the person is.
pub struct TokenKey(Ed25519KeyPair);

impl TokenKey {
    /// The key of a token.
    pub fn of(token: &str) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        hkdf::Salt::new(hkdf::HKDF_SHA256, &[])
            .extract(token.as_bytes())
            .expand(&[b"liaison/person-key/v1"], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut *seed))
            .expect("one block is below the limit of HKDF");
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed);
        Self(pair.expect("any 32 bytes are an Ed25519 seed"))
    }

    /// The public half.
    pub fn public(&self) -> PersonKey {
        let bytes = self.0.public_key().as_ref();
        PersonKey::Token(bytes.try_into().expect("an Ed25519 key has 32 bytes"))
    }

    /// Signs a decision.
    pub fn sign(&self, decision: &DecisionText) -> PersonSignature {
        let signature = self.0.sign(&decision.to_bytes());
        let ed25519 = signature.as_ref().try_into();
        PersonSignature::Token(ed25519.expect("an Ed25519 signature has 64 bytes"))
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey")
    }
}

/// A decision whose signature holds under the key beside it. Nothing else makes one than
/// verifying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedDecision {
    text: DecisionText,
    key: PersonKey,
    signature: PersonSignature,
}

impl SignedDecision {
    /// Verifies a decision's signature, which has to be of one of the person's keys.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify(
        text: DecisionText,
        keys: &[PersonKey],
        signature: PersonSignature,
    ) -> Result<Self, BadSignature> {
        let holds = |key: &&PersonKey| key.verify(&text, &signature).is_ok();
        let key = keys.iter().find(holds).ok_or(BadSignature)?.clone();
        Ok(Self {
            text,
            key,
            signature,
        })
    }

    /// What is decided, by whom, on what.
    pub fn text(&self) -> &DecisionText {
        &self.text
    }

    /// The key under which the signature holds.
    pub fn key(&self) -> &PersonKey {
        &self.key
    }

    /// The signature.
    pub fn signature(&self) -> &PersonSignature {
        &self.signature
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: DecisionKind) -> DecisionText {
        DecisionText {
            kind,
            node: "MK-1".parse().unwrap(),
            letter: letter_digest(&[1; 32], b"a letter"),
            drafter: PersonId::from_bytes([2; 16]),
            by: PersonId::from_bytes([3; 16]),
            reason: reason_digest(&[1; 32], Some("seen")),
        }
    }

    #[test]
    fn a_signature_is_of_one_decision_on_one_letter_by_one_person() {
        let key = TokenKey::of("liaison_1");
        let decided = text(DecisionKind::Release);
        let signature = key.sign(&decided);
        assert!(SignedDecision::verify(decided, &[key.public()], signature.clone()).is_ok());
        let other = PersonId::from_bytes([4; 16]);
        for changed in [
            text(DecisionKind::Clear),
            DecisionText {
                by: other,
                ..decided
            },
            DecisionText {
                drafter: other,
                ..decided
            },
            DecisionText {
                letter: Digest::EMPTY,
                ..decided
            },
            DecisionText {
                reason: Digest::EMPTY,
                ..decided
            },
            DecisionText {
                node: "MK-2".parse().unwrap(),
                ..decided
            },
        ] {
            let keys = [key.public()];
            assert!(SignedDecision::verify(changed, &keys, signature.clone()).is_err());
        }
        let another = TokenKey::of("liaison_2").public();
        assert!(SignedDecision::verify(decided, &[another], signature).is_err());
    }

    #[test]
    fn keys_and_signatures_survive_their_text_and_nothing_shorter_or_longer_is_one() {
        let key = TokenKey::of("liaison_1");
        let signature = key.sign(&text(DecisionKind::Review));
        let (one, two) = (key.public().to_bytes(), signature.to_bytes());
        assert_eq!(PersonKey::from_bytes(&one), Ok(key.public()));
        assert_eq!(PersonSignature::from_bytes(&two), Ok(signature));
        for len in 0..one.len() {
            assert!(PersonKey::from_bytes(&one[..len]).is_err());
        }
        for len in 0..two.len() {
            assert!(PersonSignature::from_bytes(&two[..len]).is_err());
        }
        assert!(PersonKey::from_bytes(&[&one[..], &[0]].concat()).is_err());
        for kind in [0, 2, 3] {
            let mut other = one.clone();
            other[0] = kind;
            assert!(PersonKey::from_bytes(&other).is_err(), "{kind}");
        }
        let weak = tagged(PersonKeyKind::Token, &[0; 32]);
        assert!(PersonKey::from_bytes(&weak).is_err());
    }

    #[test]
    fn an_empty_reason_is_not_the_same_as_none() {
        assert_ne!(
            reason_digest(&[1; 32], Some("")),
            reason_digest(&[1; 32], None)
        );
    }
}
