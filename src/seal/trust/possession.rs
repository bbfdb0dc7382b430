//! The proof that a node holds the log and TLS keys that it names, so that none can claim another's.
//!
//! Both keys sign the id of the identity key and the node. An encryption key cannot sign: it is
//! vouched for by the identity key, and one that the node cannot use harms the node alone.

use ring::signature::{ED25519, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use super::TrustError;
use super::document::{from_base64, to_base64};
use crate::base::{Digest, Entropy, NodeId};
use crate::seal::keystore::{Keys, TlsKey};
use crate::seal::sign::{HybridSignature, KeyId, VerifyingKey};

/// The context of proofs that a key is held.
const CONTEXT: &str = "liaison/possession/v1";

/// A TLS key with its proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsProof {
    /// The TLS key as SubjectPublicKeyInfo.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    key: Vec<u8>,
    /// By the TLS key, Ed25519.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    signature: Vec<u8>,
}

impl TlsProof {
    /// A proof as it stands on a card.
    pub(super) fn new(key: Vec<u8>, signature: Vec<u8>) -> Self {
        Self { key, signature }
    }

    pub(super) fn issue(key: &TlsKey, node: NodeId, identity: &KeyId) -> Self {
        let proved = tls_bytes(&proved_bytes(node, identity));
        Self {
            key: key.spki(),
            signature: key.sign(&proved).to_vec(),
        }
    }

    pub(super) fn parts(self) -> (Vec<u8>, Vec<u8>) {
        (self.key, self.signature)
    }

    /// The pin of the key, once it is proved that the node holds it.
    pub(super) fn verify(&self, node: NodeId, identity: &KeyId) -> Result<Digest, TrustError> {
        let not_proved = TrustError::NotProved(node);
        let proved = tls_bytes(&proved_bytes(node, identity));
        let public = TlsKey::public_in(&self.key).ok_or(not_proved)?;
        UnparsedPublicKey::new(&ED25519, public)
            .verify(&proved, &self.signature)
            .map_err(|_| not_proved)?;
        Ok(Digest::of(&self.key))
    }
}

/// The proofs that a bundle carries once its keys are not those of the node's card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Possession {
    /// By the log key that signs now.
    log: HybridSignature,
    /// One for each TLS key, in the order of the pins.
    tls: Vec<TlsProof>,
}

impl Possession {
    pub(super) fn issue(keys: &Keys, entropy: &mut dyn Entropy) -> Self {
        let identity = keys.identity.key_id();
        let tls = keys.tls_keys();
        Self {
            log: log_proof(keys, entropy),
            tls: tls
                .map(|key| TlsProof::issue(key, keys.node, &identity))
                .collect(),
        }
    }

    /// Verifies that the node holds these keys.
    pub(super) fn verify(
        &self,
        node: NodeId,
        identity: &KeyId,
        log: &VerifyingKey,
        pins: &[Digest],
    ) -> Result<(), TrustError> {
        verify_log(log, node, identity, &self.log)?;
        let proved: Result<Vec<_>, _> = self
            .tls
            .iter()
            .map(|tls| tls.verify(node, identity))
            .collect();
        (proved? == pins)
            .then_some(())
            .ok_or(TrustError::NotProved(node))
    }
}

/// The log key's proof.
pub(super) fn log_proof(keys: &Keys, entropy: &mut dyn Entropy) -> HybridSignature {
    let proved = proved_bytes(keys.node, &keys.identity.key_id());
    keys.log.sign(CONTEXT, &proved, entropy)
}

pub(super) fn verify_log(
    log: &VerifyingKey,
    node: NodeId,
    identity: &KeyId,
    proof: &HybridSignature,
) -> Result<(), TrustError> {
    log.verify(CONTEXT, &proved_bytes(node, identity), proof)
        .map_err(|_| TrustError::NotProved(node))
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
