//! The bundle: the keys of a node besides its identity, and what changes without a ceremony, signed
//! by that identity.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::document::{DocumentKind, Payload, SignedDocument};
use super::list::{check_address, check_text};
use super::log_keys::{self, LogKey, LogKeys};
use super::possession::Possession;
use super::{Rule, TrustError};
use crate::base::{Digest, Entropy, NodeId, Timestamp};
use crate::domain::duty::{Post, Roster};
use crate::seal::keystore::{Keys, TlsKey};
use crate::seal::recipient::RecipientPublicKey;
use crate::seal::sign::{KeyId, SigningKey, VerifyingKey};

/// The versions of the protocol that this program speaks, first and last.
const PROTOCOLS: [u16; 2] = [1, 1];
const MAX_TLS: usize = 4;
const MAX_RECIPIENT: usize = 8;
const MAX_LOGS: usize = 64;
/// Log keys that only restores make: each needs one, and cannot do without.
const LOGS_FOR_RESTORES: usize = 8;

/// More bundles than a node signs between a backup and the day on which it is restored.
const RESTORED_STRIDE: u64 = 1 << 20;

/// How far the sequences of two restores are apart for each second between them: further than
/// [`RESTORED_STRIDE`], so that none of the later one was used by the earlier one. Until 2106 they are
/// numbers that JSON can hold.
const SEQUENCES_A_SECOND: u64 = 1 << 21;

/// One version of a node's bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyBundle {
    /// The node.
    pub node: NodeId,
    /// Grows with each bundle, from 1.
    pub sequence: u64,
    /// When it was made.
    pub issued: Timestamp,
    /// Until when it should have been replaced.
    pub expires: Timestamp,
    /// The SHA-256 of the SubjectPublicKeyInfo of each TLS key that may be met.
    pub tls: Vec<Digest>,
    /// The keys to seal to.
    pub recipient: Vec<BundledKey>,
    /// The keys of the node's logs, every incarnation that there has been, oldest first.
    pub log: Vec<LogKey>,
    /// The versions of the protocol that the node speaks, first and last.
    pub protocols: [u16; 2],
    /// Where the node is reached, `host:port`, where that is no longer what the list says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Who is on duty at the member's office.
    #[serde(default, skip_serializing_if = "Roster::is_empty")]
    pub duty: Roster,
    /// Since when keys of an earlier bundle may have been in other hands; none if they were not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compromised_since: Option<Timestamp>,
    /// The proof that the node holds the keys: there in every bundle but the first, for which the
    /// card proves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Possession>,
}

/// A key to seal to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundledKey {
    /// The key.
    pub key: RecipientPublicKey,
    /// When it was made.
    pub created: Timestamp,
    /// After this, nobody seals to it.
    pub not_after: Timestamp,
}

/// The name of a node's log, such as `mk-1.liaison/1`. A node that was restored from a backup
/// begins the next incarnation.
pub fn log_origin(node: NodeId, incarnation: u32) -> String {
    let node = node.to_string().to_ascii_lowercase();
    format!("{node}.liaison/{incarnation}")
}

impl KeyBundle {
    /// The first bundle of a node with these keys, whose log is in its first incarnation.
    pub fn first(keys: &Keys, issued: Timestamp, expires: Timestamp) -> Self {
        let log = vec![LogKey {
            origin: log_origin(keys.node, 1),
            key: keys.log.verifying_key().clone(),
            from: issued,
            after: 0,
        }];
        Self::with(keys, 1, issued, expires, log)
    }

    /// The bundle that follows this one when keys have been rotated, or something else that it says
    /// is to change. `entries` is how many the log has: from there on a new log key signs.
    #[must_use]
    pub fn next(
        &self,
        keys: &Keys,
        entries: u64,
        (issued, expires): (Timestamp, Timestamp),
        entropy: &mut dyn Entropy,
    ) -> Self {
        let sequence = self.sequence.saturating_add(1);
        let mut log = self.log.clone();
        let key = keys.log.verifying_key();
        if let Some(last) = log.last()
            && last.key != *key
        {
            log.push(LogKey {
                origin: last.origin.clone(),
                key: key.clone(),
                from: issued,
                after: entries,
            });
        }
        Self {
            address: self.address.clone(),
            duty: self.duty.clone(),
            proof: Some(Possession::issue(keys, entropy)),
            ..Self::with(keys, sequence, issued, expires, log)
        }
    }

    /// The bundle of a node that was restored from a backup: the log goes on under a later origin
    /// with the log key among `keys`, after `entries`, the last of which is of the time `last`.
    ///
    /// The number of the incarnation is the time in seconds, where it is higher than the one before, and
    /// the sequence grows with it: the same backup may have been restored before, and what was signed
    /// then is not known here.
    #[must_use]
    pub fn restored(
        &self,
        keys: &Keys,
        (entries, last): (u64, Timestamp),
        times: (Timestamp, Timestamp),
        entropy: &mut dyn Entropy,
    ) -> Self {
        let mut next = self.next(keys, entries, times, entropy);
        let seconds = u32::try_from(times.0.as_millis() / 1_000).unwrap_or_default();
        let ahead = self.sequence.saturating_add(RESTORED_STRIDE);
        next.sequence = ahead.max(u64::from(seconds) * SEQUENCES_A_SECOND);
        let incarnation = self.incarnation().saturating_add(1).max(seconds);
        next.log = self.log.clone();
        next.log.push(LogKey {
            origin: log_origin(self.node, incarnation),
            key: keys.log.verifying_key().clone(),
            from: last,
            after: entries,
        });
        next
    }

    /// The bundle of a restored node that follows this one once a peer has shown an `earlier` one, of
    /// before the node lost its folder: it names the log keys of then, too, under which peers hold proofs.
    /// None where there are no others.
    #[must_use]
    pub fn regained(
        &self,
        earlier: &Self,
        keys: &Keys,
        times: (Timestamp, Timestamp),
        entropy: &mut dyn Entropy,
    ) -> Option<Self> {
        let log = log_keys::with_lost(&self.log, &earlier.log)?;
        let known = Self {
            log,
            sequence: self.sequence.max(earlier.sequence),
            ..self.clone()
        };
        // No other key takes over.
        let entries = 0;
        Some(known.next(keys, entries, times, entropy))
    }

    /// The incarnation of the node's log that goes on now, from 1.
    pub fn incarnation(&self) -> u32 {
        self.log.last().and_then(LogKey::incarnation).unwrap_or(1)
    }

    /// How many more log keys the node may make, restores apart, for which some are kept: a bundle names
    /// every one that there has been.
    pub fn log_keys_left(&self) -> usize {
        (MAX_LOGS - LOGS_FOR_RESTORES).saturating_sub(self.log.len())
    }

    /// Whether it names all public halves of `keys` that others use, and no others.
    pub fn is_of(&self, keys: &Keys, now: Timestamp) -> bool {
        let of_now = Self::with(keys, self.sequence, now, self.expires, self.log.clone());
        let named = |bundle: &Self| -> BTreeSet<KeyId> {
            let newest = bundle.recipient.iter().map(|held| held.created).max();
            let in_use = |held: &&BundledKey| held.not_after > now || Some(held.created) == newest;
            let used = bundle.recipient.iter().filter(in_use);
            used.map(|held| held.key.key_id()).collect()
        };
        let log = self.log.last().map(|log| &log.key);
        self.tls == of_now.tls
            && named(self) == named(&of_now)
            && log == Some(keys.log.verifying_key())
    }

    fn with(
        keys: &Keys,
        sequence: u64,
        issued: Timestamp,
        expires: Timestamp,
        log: Vec<LogKey>,
    ) -> Self {
        // A node that was down past the end of its newest key can sign a bundle all the same.
        let newest = keys.newest_receiving();
        let recipient = keys
            .recipient
            .iter()
            .filter(|held| held.not_after() > issued || Some(held.created) == newest)
            .rev()
            .take(MAX_RECIPIENT)
            .map(|held| BundledKey {
                key: held.key.public().clone(),
                created: held.created,
                not_after: held.not_after(),
            })
            .collect();
        Self {
            node: keys.node,
            sequence,
            issued,
            expires,
            tls: keys.tls_keys().map(TlsKey::pin).collect(),
            recipient,
            log,
            protocols: PROTOCOLS,
            address: None,
            duty: Roster::default(),
            compromised_since: None,
            proof: None,
        }
    }

    /// Signs the bundle with the node's identity key.
    ///
    /// # Errors
    /// [`TrustError::Rule`] if the bundle says what none may say, such as no key to seal to.
    pub fn sign(
        self,
        identity: &SigningKey,
        entropy: &mut dyn Entropy,
    ) -> Result<SignedDocument, TrustError> {
        let member = self.node.member;
        let mut document = SignedDocument::draft(&Payload::Bundle(self))?;
        document.sign(member, identity, entropy)?;
        Ok(document)
    }

    /// Reads a bundle without verifying who signed it, to see whose it claims to be.
    ///
    /// # Errors
    /// [`TrustError::Malformed`], [`TrustError::WrongKind`] or [`TrustError::Rule`].
    pub fn peek(document: &SignedDocument) -> Result<Self, TrustError> {
        match document.payload()? {
            Payload::Bundle(bundle) => Ok(bundle),
            other => Err(other.instead_of(DocumentKind::Bundle)),
        }
    }

    /// Reads a bundle that the node signed with this identity key.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn read(document: &SignedDocument, identity: &VerifyingKey) -> Result<Self, TrustError> {
        let bundle = Self::peek(document)?;
        document.signed_by(DocumentKind::Bundle, bundle.node.member, identity)?;
        Ok(bundle)
    }

    /// Verifies that the node holds the keys, as every bundle but the first has to prove.
    pub(super) fn prove(&self, identity: &VerifyingKey) -> Result<(), TrustError> {
        let not_proved = TrustError::NotProved(self.node);
        match &self.proof {
            Some(proof) => {
                let log = self.log.last().ok_or(not_proved)?;
                proof.verify(self.node, &identity.key_id(), &log.key, &self.tls)
            }
            None if self.sequence == 1 => Ok(()),
            None => Err(not_proved),
        }
    }

    /// The keys of the log with this origin.
    pub fn log_keys(&self, origin: &str) -> Option<LogKeys> {
        LogKeys::of(&self.log, origin)
    }

    /// The keys of the log that the node writes now, with those of the incarnations that it goes on
    /// from.
    pub fn newest_log_keys(&self) -> Option<LogKeys> {
        self.log_keys(&self.log.last()?.origin)
    }

    /// Whether the next bundle of the node leaves to the key that it has here what a log has signed, which
    /// is known to have had so many entries.
    pub(super) fn keeps_signed(&self, next: &Self, origin: &str, size: u64) -> bool {
        let Some(keys) = self.log_keys(origin) else {
            return true;
        };
        let next = next.log_keys(origin);
        next.is_some_and(|next| next.at(size) == keys.at(size))
    }

    pub(super) fn check(&self) -> Result<(), TrustError> {
        self.broken_rule().map_or(Ok(()), |rule| {
            Err(TrustError::Rule(DocumentKind::Bundle, rule))
        })
    }

    fn broken_rule(&self) -> Option<Rule> {
        let [first, last] = self.protocols;
        if self.sequence == 0 || first == 0 || last < first {
            return Some(Rule::Number);
        }
        let lengths = [
            (self.tls.len(), MAX_TLS),
            (self.recipient.len(), MAX_RECIPIENT),
            (self.log.len(), MAX_LOGS),
        ];
        if lengths.iter().any(|(len, _)| *len == 0) {
            return Some(Rule::TooFew);
        }
        if lengths.iter().any(|(len, max)| len > max) {
            return Some(Rule::TooMany);
        }
        let out_of_order = |key: &BundledKey| key.not_after <= key.created;
        if self.expires <= self.issued || self.recipient.iter().any(out_of_order) {
            return Some(Rule::Times);
        }
        let pins: BTreeSet<_> = self.tls.iter().collect();
        let keys: BTreeSet<_> = self
            .recipient
            .iter()
            .map(|held| held.key.key_id())
            .collect();
        if pins.len() < self.tls.len() || keys.len() < self.recipient.len() {
            return Some(Rule::SharedKey);
        }
        if let Some(Err(rule)) = self.address.as_deref().map(check_address) {
            return Some(rule);
        }
        let shown = |post: &Post| check_text(&post.post, 100).is_ok();
        if self.duty.validate().is_err() || !self.duty.0.iter().all(shown) {
            return Some(Rule::Duty);
        }
        let prefix = log_origin(self.node, 0);
        let prefix = prefix.trim_end_matches('0');
        let mut last = (0, 0);
        for log in &self.log {
            let named = log.origin.starts_with(prefix);
            let Some(incarnation) = log.incarnation().filter(|_| named) else {
                return Some(Rule::Origin);
            };
            // A node's first log begins with nothing, a later incarnation wherever the one before was
            // restored to, and each later key of one takes over further on.
            let place = (incarnation, log.after);
            if place <= last || (last.0 == 0 && log.after > 0) {
                return Some(Rule::Origin);
            }
            last = place;
        }
        let keys: BTreeSet<_> = self.log.iter().map(|log| log.key.key_id()).collect();
        if keys.len() < self.log.len() {
            return Some(Rule::SharedKey);
        }
        None
    }
}
