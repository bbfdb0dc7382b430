//! The card: what a new member hands over to be listed. It proves that the member holds the keys
//! that it names.
//!
//! The identity key signs the card and the bundle in it; the log key and the TLS key sign the id
//! of the identity key and the node. An encryption key cannot sign: it is vouched for by the
//! identity key, and one that the node cannot use harms the node alone.

use ring::signature::{ED25519, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use super::document::{DocumentKind, Payload, SignedDocument, from_base64, to_base64};
use super::list::{ListedNode, Member, MemberKind};
use super::{KeyBundle, TrustError};
use crate::base::{Digest, Entropy, MemberId, NodeId};
use crate::seal::keystore::{Keys, TlsKey};
use crate::seal::sign::{HybridSignature, KeyId, VerifyingKey};

/// The context of proofs that a key is held.
const CONTEXT: &str = "liaison/possession/v1";

/// What a member says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name for people.
    pub name: String,
    /// What it is.
    pub kind: MemberKind,
    /// How its people are reached when the exchange is down.
    pub contact: String,
    /// Where the node is reached, `host:port`; none for a node that only calls others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// A card that has been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberCard {
    /// The node that the card is for.
    pub node: NodeId,
    /// What the member says of itself.
    pub profile: Profile,
    /// The node's identity key; its id is what people compare by phone or in person.
    pub identity: VerifyingKey,
    /// The node's first bundle, as signed.
    pub bundle: SignedDocument,
}

/// The payload of a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CardPayload {
    node: NodeId,
    profile: Profile,
    identity: VerifyingKey,
    bundle: SignedDocument,
    proof: Proof,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    /// By the log key.
    log: HybridSignature,
    /// The TLS key as SubjectPublicKeyInfo.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    tls_key: Vec<u8>,
    /// By the TLS key, Ed25519.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    tls: Vec<u8>,
}

impl CardPayload {
    pub(super) fn check(&self) -> Result<(), TrustError> {
        let listed = listed_as(self.node, &self.profile, &self.identity);
        listed
            .check()
            .map_err(|rule| TrustError::Rule(DocumentKind::Card, rule))
    }
}

impl MemberCard {
    /// Makes the card of the node that holds `keys`, around its first bundle.
    ///
    /// # Errors
    /// [`TrustError`] if the profile breaks a rule, or the bundle is not that of these keys.
    pub fn issue(
        keys: &Keys,
        profile: Profile,
        bundle: SignedDocument,
        entropy: &mut dyn Entropy,
    ) -> Result<SignedDocument, TrustError> {
        let proved = proved_bytes(keys.node, &keys.identity.key_id());
        let payload = CardPayload {
            node: keys.node,
            profile,
            identity: keys.identity.verifying_key().clone(),
            bundle,
            proof: Proof {
                log: keys.log.sign(CONTEXT, &proved, entropy),
                tls_key: keys.tls.spki(),
                tls: keys.tls.sign(&tls_bytes(&proved)).to_vec(),
            },
        };
        let mut document = SignedDocument::draft(&Payload::Card(Box::new(payload)))?;
        document.sign(keys.node.member, &keys.identity, entropy)?;
        Self::read(&document)?;
        Ok(document)
    }

    /// Reads a card and verifies all that it proves.
    ///
    /// # Errors
    /// [`TrustError`]; [`TrustError::NotProved`] for a log or TLS key that is not proved.
    pub fn read(document: &SignedDocument) -> Result<Self, TrustError> {
        let card = match document.payload()? {
            Payload::Card(card) => *card,
            other => return Err(other.instead_of(DocumentKind::Card)),
        };
        let (node, identity) = (card.node, &card.identity);
        document.signed_by(DocumentKind::Card, node.member, identity)?;
        let bundle = KeyBundle::read(&card.bundle, identity)?;
        let not_proved = TrustError::NotProved(node);
        if bundle.node != node {
            return Err(not_proved);
        }
        let proved = proved_bytes(node, &identity.key_id());
        let [log] = bundle.log.as_slice() else {
            return Err(not_proved);
        };
        log.key
            .verify(CONTEXT, &proved, &card.proof.log)
            .map_err(|_| not_proved)?;
        if bundle.tls != [Digest::of(&card.proof.tls_key)] {
            return Err(not_proved);
        }
        let tls = TlsKey::public_in(&card.proof.tls_key).ok_or(not_proved)?;
        UnparsedPublicKey::new(&ED25519, tls)
            .verify(&tls_bytes(&proved), &card.proof.tls)
            .map_err(|_| not_proved)?;
        Ok(Self {
            node,
            profile: card.profile,
            identity: card.identity,
            bundle: card.bundle,
        })
    }

    /// The member that the card is for.
    pub fn member(&self) -> MemberId {
        self.node.member
    }

    /// The card's member as a list shows it, with this one node.
    pub fn listed(&self) -> Member {
        listed_as(self.node, &self.profile, &self.identity)
    }
}

fn listed_as(node: NodeId, profile: &Profile, identity: &VerifyingKey) -> Member {
    Member {
        member: node.member,
        name: profile.name.clone(),
        kind: profile.kind,
        contact: profile.contact.clone(),
        nodes: vec![ListedNode {
            number: node.number,
            identity: identity.clone(),
            address: profile.address.clone(),
        }],
    }
}

/// node 9 ‖ identity key id 32.
fn proved_bytes(node: NodeId, identity: &KeyId) -> Vec<u8> {
    [node.to_bytes().as_slice(), identity.as_bytes()].concat()
}

/// A TLS key signs with the context in front too. In TLS itself it only signs what begins with 64
/// spaces (RFC 8446 § 4.4.3), so neither signature can pass for the other.
fn tls_bytes(proved: &[u8]) -> Vec<u8> {
    [b"liaison/possession/v1/tls\0", proved].concat()
}
