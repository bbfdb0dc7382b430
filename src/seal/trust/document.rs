//! A payload, kept as the exact bytes that were signed, with its signatures.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::card::CardPayload;
use super::{KeyBundle, Root, SuspendList, TrustError, TrustList};
use crate::base::{Digest, Entropy, MemberId};
use crate::seal::sign::{HybridSignature, KeyId, SigningKey, VerifyingKey};

/// The longest document with its signatures, in bytes of JSON.
const MAX_DOCUMENT: usize = 8 * 1024 * 1024;
/// The most signatures on one document.
const MAX_SIGNATURES: usize = 512;

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    /// The countries that may change anything.
    Root,
    /// The members and their nodes.
    TrustList,
    /// The members that are out until the next list.
    SuspendList,
    /// The keys of a node.
    Bundle,
    /// What a new member hands over.
    Card,
}

impl DocumentKind {
    /// The context of the signatures on such a document.
    fn context(self) -> &'static str {
        match self {
            Self::Root => "liaison/root/v1",
            Self::TrustList => "liaison/trust-list/v1",
            Self::SuspendList => "liaison/suspend/v1",
            Self::Bundle => "liaison/bundle/v1",
            Self::Card => "liaison/card/v1",
        }
    }
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Root => "root",
            Self::TrustList => "trust list",
            Self::SuspendList => "suspend list",
            Self::Bundle => "bundle",
            Self::Card => "card",
        })
    }
}

/// A payload of any kind, as strict JSON with a `type`.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(super) enum Payload {
    Root(Root),
    TrustList(TrustList),
    SuspendList(SuspendList),
    Bundle(KeyBundle),
    Card(Box<CardPayload>),
}

impl Payload {
    pub(super) fn kind(&self) -> DocumentKind {
        match self {
            Self::Root(_) => DocumentKind::Root,
            Self::TrustList(_) => DocumentKind::TrustList,
            Self::SuspendList(_) => DocumentKind::SuspendList,
            Self::Bundle(_) => DocumentKind::Bundle,
            Self::Card(_) => DocumentKind::Card,
        }
    }

    /// The one way to write it.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("a payload is plain text and numbers")
    }

    /// The error for a payload of another kind than `expected`.
    pub(super) fn instead_of(&self, expected: DocumentKind) -> TrustError {
        TrustError::WrongKind {
            expected,
            found: self.kind(),
        }
    }

    /// Refuses what the payload may not say, whatever its signatures.
    fn check(&self) -> Result<(), TrustError> {
        match self {
            Self::Root(root) => root.check(),
            Self::TrustList(list) => list.check(),
            Self::SuspendList(list) => list.check(),
            Self::Bundle(bundle) => bundle.check(),
            Self::Card(card) => card.check(),
        }
    }
}

/// One signature on a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentSignature {
    /// Who signed.
    pub member: MemberId,
    /// With which identity key.
    pub key: KeyId,
    /// The signature over the payload.
    pub signature: HybridSignature,
}

/// A payload and its signatures: JSON `{"document": base64 of the payload, "signatures": […]}`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedDocument {
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    document: Vec<u8>,
    signatures: Vec<DocumentSignature>,
}

impl SignedDocument {
    /// Writes a payload, still unsigned.
    pub(super) fn draft(payload: &Payload) -> Result<Self, TrustError> {
        payload.check()?;
        Ok(Self {
            document: payload.to_bytes(),
            signatures: Vec::new(),
        })
    }

    /// A document that says this, whatever it is, and that nobody signed: for the fuzz targets.
    #[cfg(fuzzing)]
    pub fn unsigned(payload: &[u8]) -> Self {
        Self {
            document: payload.to_vec(),
            signatures: Vec::new(),
        }
    }

    /// Reads the JSON form. Neither payload nor signatures are checked.
    ///
    /// # Errors
    /// [`TrustError::Malformed`].
    pub fn from_json(json: &[u8]) -> Result<Self, TrustError> {
        if json.len() > MAX_DOCUMENT {
            return Err(TrustError::Malformed);
        }
        serde_json::from_slice(json).map_err(|_| TrustError::Malformed)
    }

    /// The JSON form.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("a document is plain text")
    }

    /// The exact bytes that are signed: JSON that a person can read.
    pub fn payload_bytes(&self) -> &[u8] {
        &self.document
    }

    /// The SHA-256 of the payload, which the signatures do not change.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.document)
    }

    /// The signatures, unverified.
    pub fn signatures(&self) -> &[DocumentSignature] {
        &self.signatures
    }

    /// What the document says it is.
    ///
    /// # Errors
    /// [`TrustError::Malformed`], or the [`Rule`](super::Rule) that it breaks.
    pub fn kind(&self) -> Result<DocumentKind, TrustError> {
        self.payload().map(|payload| payload.kind())
    }

    /// Parses the payload and refuses what it may not say, and what could be written in another
    /// way: of two readers none must take what the other refuses.
    pub(super) fn payload(&self) -> Result<Payload, TrustError> {
        let payload: Payload =
            serde_json::from_slice(&self.document).map_err(|_| TrustError::Malformed)?;
        payload.check()?;
        (payload.to_bytes() == self.document)
            .then_some(payload)
            .ok_or(TrustError::Malformed)
    }

    /// Adds the signature of `member`. The document must be one that can be accepted at all.
    ///
    /// # Errors
    /// [`TrustError::Malformed`] or [`TrustError::Rule`] for a payload that nobody should sign;
    /// [`TrustError::DuplicateSigner`] if the key has signed.
    pub fn sign(
        &mut self,
        member: MemberId,
        key: &SigningKey,
        entropy: &mut dyn Entropy,
    ) -> Result<(), TrustError> {
        let kind = self.kind()?;
        if self.has(member, &key.key_id()) {
            return Err(TrustError::DuplicateSigner(member));
        }
        self.signatures.push(DocumentSignature {
            member,
            key: key.key_id(),
            signature: key.sign(kind.context(), &self.document, entropy),
        });
        Ok(())
    }

    /// Adds the signatures that stand on another copy and not on this one.
    ///
    /// # Errors
    /// [`TrustError::Different`] if it is not a copy.
    pub fn merge(&mut self, other: &Self) -> Result<(), TrustError> {
        if self.document != other.document {
            return Err(TrustError::Different);
        }
        for signature in &other.signatures {
            if !self.has(signature.member, &signature.key) {
                self.signatures.push(signature.clone());
            }
        }
        Ok(())
    }

    fn has(&self, member: MemberId, key: &KeyId) -> bool {
        self.signatures
            .iter()
            .any(|signature| signature.member == member && &signature.key == key)
    }

    /// Verifies every signature: each is by a signer that `key_of` knows, none stands twice, and
    /// all hold. Gives out who signed, with which key.
    pub(super) fn signers(
        &self,
        kind: DocumentKind,
        key_of: impl Fn(MemberId, &KeyId) -> Option<VerifyingKey>,
    ) -> Result<BTreeSet<(MemberId, KeyId)>, TrustError> {
        if self.signatures.len() > MAX_SIGNATURES {
            return Err(TrustError::Malformed);
        }
        let mut signers = BTreeSet::new();
        for DocumentSignature {
            member,
            key,
            signature,
        } in &self.signatures
        {
            let known = key_of(*member, key).ok_or(TrustError::UnknownSigner(*member))?;
            if !signers.insert((*member, *key)) {
                return Err(TrustError::DuplicateSigner(*member));
            }
            known
                .verify(kind.context(), &self.document, signature)
                .map_err(|_| TrustError::BadSignature(*member))?;
        }
        Ok(signers)
    }

    /// Verifies that exactly `member` signed, with exactly `key`.
    pub(super) fn signed_by(
        &self,
        kind: DocumentKind,
        member: MemberId,
        key: &VerifyingKey,
    ) -> Result<(), TrustError> {
        let signers = self.signers(kind, |by, id| {
            (by == member && *id == key.key_id()).then(|| key.clone())
        })?;
        enough(signers.len(), 1)
    }
}

impl fmt::Debug for SignedDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SignedDocument({}, {} signatures)",
            self.digest().short(),
            self.signatures.len()
        )
    }
}

/// Refuses fewer signatures than are needed.
pub(super) fn enough(signed: usize, needed: usize) -> Result<(), TrustError> {
    if signed < needed {
        return Err(TrustError::TooFewSignatures { signed, needed });
    }
    Ok(())
}

pub(super) fn to_base64<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&BASE64.encode(bytes))
}

pub(super) fn from_base64<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(from)?;
    BASE64.decode(text).map_err(serde::de::Error::custom)
}
