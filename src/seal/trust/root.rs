//! The root: the countries that together may change anything.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::document::{DocumentKind, Payload, SignedDocument, enough};
use super::{Rule, TrustError};
use crate::base::{Digest, MemberId, Timestamp};
use crate::seal::sign::{KeyId, VerifyingKey};

const MAX_COUNTRIES: usize = 250;

/// One version of the root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// 1 for the first, then one more each time.
    pub version: u32,
    /// The digest of the version before; none for the first.
    pub previous: Option<Digest>,
    /// When it was proposed.
    pub issued: Timestamp,
    /// The countries, each once.
    pub countries: Vec<Country>,
}

/// A country and the key that it signs trust documents with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Country {
    /// Its two-letter code.
    pub member: MemberId,
    /// The identity key of the node that signs for it.
    pub identity: VerifyingKey,
}

/// How many of `countries` must sign the root that follows theirs, and their own: two thirds,
/// rounded up. A country that the next root leaves out does not count as a signer; from three
/// countries on, none can block alone, least of all its own removal.
pub fn root_threshold(countries: usize) -> usize {
    (2 * countries).div_ceil(3)
}

impl Root {
    pub(super) fn check(&self) -> Result<(), TrustError> {
        let broken = |rule| Err(TrustError::Rule(DocumentKind::Root, rule));
        if self.version == 0 {
            return broken(Rule::Number);
        }
        if (self.version == 1) != self.previous.is_none() {
            return broken(Rule::Previous);
        }
        if self.countries.len() < 2 {
            return broken(Rule::TooFewCountries);
        }
        if self.countries.len() > MAX_COUNTRIES {
            return broken(Rule::TooMany);
        }
        let (mut members, mut keys) = (BTreeSet::new(), BTreeSet::new());
        for country in &self.countries {
            if !is_country_code(country.member) {
                return broken(Rule::NotACountry);
            }
            if !members.insert(country.member) {
                return broken(Rule::Duplicate);
            }
            if !keys.insert(country.identity.key_id()) {
                return broken(Rule::SharedKey);
            }
        }
        Ok(())
    }

    /// The key with which a country signs under this root.
    pub fn key(&self, member: MemberId) -> Option<&VerifyingKey> {
        self.countries
            .iter()
            .find(|country| country.member == member)
            .map(|country| &country.identity)
    }

    pub(super) fn key_by_id(&self, member: MemberId, id: &KeyId) -> Option<VerifyingKey> {
        self.key(member).filter(|key| key.key_id() == *id).cloned()
    }

    /// How many of this root's countries are among the signers, with the keys it gives them.
    pub(super) fn count(&self, signers: &BTreeSet<(MemberId, KeyId)>) -> usize {
        self.countries
            .iter()
            .filter(|country| signers.contains(&(country.member, country.identity.key_id())))
            .count()
    }

    /// Reads a root without verifying who signed it, to show what a proposal says.
    ///
    /// # Errors
    /// [`TrustError::Malformed`], [`TrustError::WrongKind`] or [`TrustError::Rule`].
    pub fn peek(document: &SignedDocument) -> Result<Self, TrustError> {
        match document.payload()? {
            Payload::Root(root) => Ok(root),
            other => Err(other.instead_of(DocumentKind::Root)),
        }
    }

    /// Verifies the first root, which all its countries sign.
    pub(super) fn first(document: &SignedDocument) -> Result<Self, TrustError> {
        let root = Self::peek(document)?;
        expect_version(1, root.version)?;
        let signers = document.signers(DocumentKind::Root, |by, id| root.key_by_id(by, id))?;
        enough(root.count(&signers), root.countries.len())?;
        Ok(root)
    }

    /// Verifies the root that follows this one, whose payload has the digest `own`.
    pub(super) fn next(&self, own: Digest, document: &SignedDocument) -> Result<Self, TrustError> {
        let next = Self::peek(document)?;
        expect_version(self.version.saturating_add(1), next.version)?;
        if next.previous != Some(own) {
            return Err(TrustError::Previous(DocumentKind::Root));
        }
        if next.issued < self.issued {
            return Err(TrustError::Rule(DocumentKind::Root, Rule::Times));
        }
        let signers = document.signers(DocumentKind::Root, |by, id| {
            self.key_by_id(by, id).or_else(|| next.key_by_id(by, id))
        })?;
        let mut staying = signers.clone();
        staying.retain(|(member, _)| next.key(*member).is_some());
        for (root, signers) in [(self, &staying), (&next, &signers)] {
            enough(root.count(signers), root_threshold(root.countries.len()))?;
        }
        Ok(next)
    }
}

/// Countries have codes of two letters (ISO 3166-1 alpha-2).
pub(super) fn is_country_code(member: MemberId) -> bool {
    let code = member.as_str();
    code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase())
}

/// Refuses rollbacks and gaps.
pub(super) fn expect_version(expected: u32, found: u32) -> Result<(), TrustError> {
    if expected != found {
        return Err(TrustError::Version { expected, found });
    }
    Ok(())
}
