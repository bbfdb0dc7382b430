//! The card: what a new member hands over to be listed. It proves that the member holds the keys
//! that it names.
//!
//! The identity key signs the card and the bundle in it; what the log key and the TLS key sign is
//! described in `possession.rs`.

use serde::{Deserialize, Serialize};

use super::document::{DocumentKind, Payload, SignedDocument, from_base64, to_base64};
use super::list::{ListedNode, Member, MemberKind};
use super::possession::{TlsProof, log_proof, verify_log};
use super::{KeyBundle, TrustError};
use crate::base::{Entropy, MemberId, NodeId};
use crate::seal::keystore::Keys;
use crate::seal::sign::{HybridSignature, VerifyingKey};

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
        let tls = TlsProof::issue(&keys.tls, keys.node, &keys.identity.key_id());
        let (tls_key, tls) = tls.parts();
        let payload = CardPayload {
            node: keys.node,
            profile,
            identity: keys.identity.verifying_key().clone(),
            bundle,
            proof: Proof {
                log: log_proof(keys, entropy),
                tls_key,
                tls,
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
        let tls = TlsProof::new(card.proof.tls_key, card.proof.tls);
        let pin = tls.verify(node, &identity.key_id())?;
        let log = match (&bundle.proof, bundle.log.as_slice()) {
            (None, [log]) if bundle.tls == [pin] => log,
            (Some(_), [.., log]) if bundle.tls.contains(&pin) => {
                bundle.prove(identity)?;
                log
            }
            (None | Some(_), _) => return Err(not_proved),
        };
        verify_log(&log.key, node, &identity.key_id(), &card.proof.log)?;
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
        compromised_since: None,
        nodes: vec![ListedNode {
            number: node.number,
            identity: identity.clone(),
            address: profile.address.clone(),
        }],
    }
}
