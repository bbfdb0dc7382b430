//! What a keystore holds.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ring::signature::{Ed25519KeyPair, KeyPair as _};
use zeroize::Zeroizing;

use crate::base::{Digest, Entropy, NodeId, Timestamp};
use crate::seal::layout::{Reader, TooShort};
use crate::seal::recipient::{RecipientKey, RecipientKeys};
use crate::seal::sign::SigningKey;

/// How long others seal to a key.
const SEALED_TO: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long a key opens what arrives late.
const OPENS_FOR: Duration = Duration::from_secs(44 * 24 * 3600);
/// How long a key that was the newest opens what arrives late, at the least.
pub(super) const OPENS_LATE: Duration = Duration::from_secs(14 * 24 * 3600);
/// The age at which a receiving or a TLS key is renewed: a week before it has served its 30 days.
pub const RENEWED_AFTER: Duration = Duration::from_secs(23 * 24 * 3600);
/// The age at which a log key is renewed. A bundle names every one that there was.
pub const LOG_RENEWED_AFTER: Duration = Duration::from_secs(365 * 24 * 3600);

/// PKCS#8 version 2 (RFC 5958) of an Ed25519 key (RFC 8410), around the seed and the public key.
const PKCS8_BEFORE_SEED: [u8; 16] = [
    0x30, 0x53, 0x02, 0x01, 0x01, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
const PKCS8_BEFORE_PUBLIC: [u8; 5] = [0xa1, 0x23, 0x03, 0x21, 0x00];
/// SubjectPublicKeyInfo of an Ed25519 key, before the public key's 32 bytes.
const SPKI_BEFORE_PUBLIC: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// The key of a node's TLS certificate: Ed25519, as PKCS#8.
pub struct TlsKey {
    pkcs8: Zeroizing<Vec<u8>>,
    pair: Ed25519KeyPair,
    created: Timestamp,
}

impl TlsKey {
    /// A new key.
    pub fn generate(now: Timestamp, entropy: &mut dyn Entropy) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        entropy.fill(&mut *seed);
        let pair =
            Ed25519KeyPair::from_seed_unchecked(&*seed).expect("any 32 bytes are an Ed25519 seed");
        let pkcs8 = [
            &PKCS8_BEFORE_SEED,
            &seed[..],
            &PKCS8_BEFORE_PUBLIC,
            pair.public_key().as_ref(),
        ]
        .concat();
        Self {
            pkcs8: Zeroizing::new(pkcs8),
            pair,
            created: now,
        }
    }

    fn from_pkcs8(pkcs8: &[u8], created: Timestamp) -> Result<Self, TooShort> {
        Ok(Self {
            pair: Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| TooShort)?,
            pkcs8: Zeroizing::new(pkcs8.to_vec()),
            created,
        })
    }

    /// When it was made.
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// The private key as PKCS#8 DER, for the transport.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The public key as SubjectPublicKeyInfo DER (RFC 8410), 44 bytes.
    pub fn spki(&self) -> Vec<u8> {
        [&SPKI_BEFORE_PUBLIC, self.pair.public_key().as_ref()].concat()
    }

    /// What peers pin: the SHA-256 of [`TlsKey::spki`].
    pub fn pin(&self) -> Digest {
        Digest::of(&self.spki())
    }

    /// An Ed25519 signature, to prove possession of the key.
    pub(in crate::seal) fn sign(&self, message: &[u8]) -> [u8; 64] {
        let signature = self.pair.sign(message);
        *signature
            .as_ref()
            .first_chunk()
            .expect("an Ed25519 signature has 64 bytes")
    }

    /// The raw public key in an Ed25519 SubjectPublicKeyInfo, if it is one.
    pub(in crate::seal) fn public_in(spki: &[u8]) -> Option<&[u8]> {
        spki.strip_prefix(&SPKI_BEFORE_PUBLIC)
            .filter(|public| public.len() == 32)
    }
}

impl fmt::Debug for TlsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsKey")
    }
}

/// A key to receive under, with its times.
#[derive(Debug, Clone)]
pub struct ReceivingKey {
    /// The key.
    pub key: Arc<RecipientKey>,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it is kept; then it is destroyed.
    pub decrypt_until: Timestamp,
}

impl ReceivingKey {
    /// A new key, which others seal to for 30 days and which opens for 14 days more.
    pub fn generate(now: Timestamp, entropy: &mut dyn Entropy) -> Self {
        Self {
            key: Arc::new(RecipientKey::generate(entropy)),
            created: now,
            decrypt_until: now.plus(OPENS_FOR),
        }
    }

    /// Until when others seal to it.
    pub fn not_after(&self) -> Timestamp {
        self.created.plus(SEALED_TO).min(self.decrypt_until)
    }
}

/// The secret keys of a node.
pub struct Keys {
    /// The node they belong to.
    pub node: NodeId,
    /// Signs messages, the key bundle and, for a country, trust documents.
    pub identity: SigningKey,
    /// Signs checkpoints of the log.
    pub log: SigningKey,
    /// When the log key was made.
    pub log_created: Timestamp,
    /// What others seal to, oldest first.
    pub recipient: Vec<ReceivingKey>,
    /// The key of the TLS certificate that peers are shown.
    pub tls: TlsKey,
    /// The key that takes its place once peers know it.
    pub next_tls: Option<TlsKey>,
    /// Seals what the node keeps outside the log, such as the epoch secret.
    pub storage_key: Zeroizing<[u8; 32]>,
    /// Seals what the node knows of its own people.
    pub people_key: Zeroizing<[u8; 32]>,
}

impl Keys {
    /// New keys for a node, with one to receive under from `now`.
    pub fn generate(node: NodeId, now: Timestamp, entropy: &mut dyn Entropy) -> Self {
        Self {
            node,
            identity: SigningKey::generate(entropy),
            log: SigningKey::generate(entropy),
            log_created: now,
            recipient: vec![ReceivingKey::generate(now, entropy)],
            tls: TlsKey::generate(now, entropy),
            next_tls: None,
            storage_key: Zeroizing::new(entropy.array()),
            people_key: Zeroizing::new(entropy.array()),
        }
    }

    /// The keys that open envelopes at `now`: those whose time is not over, and the newest, to which
    /// others seal on while the trust list has run out.
    pub fn recipient_keys(&self, now: Timestamp) -> RecipientKeys {
        let newest = self.newest_receiving();
        self.recipient
            .iter()
            .filter(|held| now <= held.decrypt_until || Some(held.created) == newest)
            .map(|held| Arc::clone(&held.key))
            .collect()
    }

    /// When the newest receiving key was made.
    pub(in crate::seal) fn newest_receiving(&self) -> Option<Timestamp> {
        self.recipient.iter().map(|held| held.created).max()
    }

    /// The TLS keys that peers may be shown: the one in use, and the next.
    pub fn tls_keys(&self) -> impl Iterator<Item = &TlsKey> {
        std::iter::once(&self.tls).chain(&self.next_tls)
    }

    /// node 9 ‖ identity seeds 64 ‖ log seeds 64 ‖ log created u64 ‖ u16 count, 1 or 2
    /// ‖ (u16 length ‖ TLS PKCS#8 ‖ created u64) each ‖ storage key 32 ‖ people key 32
    /// ‖ u16 count ‖ (seed 32 ‖ created u64 ‖ decrypt until u64) each.
    pub(in crate::seal) fn to_bytes(&self) -> Vec<u8> {
        // Allocated once, so that growing leaves no copies behind.
        let tls: usize = self.tls_keys().map(|key| 16 + key.pkcs8().len()).sum();
        let mut out = Vec::with_capacity(512 + tls + 48 * self.recipient.len());
        out.extend_from_slice(&self.node.to_bytes());
        out.extend_from_slice(self.identity.seeds());
        out.extend_from_slice(self.log.seeds());
        put_time(&mut out, self.log_created);
        put_count(&mut out, self.tls_keys().count());
        for key in self.tls_keys() {
            put_count(&mut out, key.pkcs8().len());
            out.extend_from_slice(key.pkcs8());
            put_time(&mut out, key.created);
        }
        out.extend_from_slice(&*self.storage_key);
        out.extend_from_slice(&*self.people_key);
        put_count(&mut out, self.recipient.len());
        for held in &self.recipient {
            out.extend_from_slice(held.key.seed());
            put_time(&mut out, held.created);
            put_time(&mut out, held.decrypt_until);
        }
        out
    }

    /// Reads [`Keys::to_bytes`]. [`TooShort`] stands for any other layout.
    pub(in crate::seal) fn from_bytes(bytes: &[u8]) -> Result<Self, TooShort> {
        let mut from = Reader::new(bytes);
        let node = NodeId::from_bytes(from.array()?).map_err(|_| TooShort)?;
        let identity = SigningKey::from_seeds(&Zeroizing::new(from.array()?));
        let log = SigningKey::from_seeds(&Zeroizing::new(from.array()?));
        let log_created = time(&mut from)?;
        let (tls, next_tls) = match from.u16()? {
            1 => (tls(&mut from)?, None),
            2 => (tls(&mut from)?, Some(tls(&mut from)?)),
            _ => return Err(TooShort),
        };
        let storage_key = Zeroizing::new(from.array()?);
        let people_key = Zeroizing::new(from.array()?);
        let mut recipient = Vec::new();
        for _ in 0..from.u16()? {
            recipient.push(ReceivingKey {
                key: Arc::new(RecipientKey::from_seed(&Zeroizing::new(from.array()?))),
                created: time(&mut from)?,
                decrypt_until: time(&mut from)?,
            });
        }
        from.rest()
            .is_empty()
            .then_some(Self {
                node,
                identity,
                log,
                log_created,
                recipient,
                tls,
                next_tls,
                storage_key,
                people_key,
            })
            .ok_or(TooShort)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.node)
    }
}

fn time(from: &mut Reader<'_>) -> Result<Timestamp, TooShort> {
    let millis = i64::try_from(from.u64()?).map_err(|_| TooShort)?;
    let time = Timestamp::from_millis(millis);
    (time.as_millis() == millis).then_some(time).ok_or(TooShort)
}

fn tls(from: &mut Reader<'_>) -> Result<TlsKey, TooShort> {
    let len = usize::from(from.u16()?);
    let pkcs8 = from.slice(len)?;
    TlsKey::from_pkcs8(pkcs8, time(from)?)
}

fn put_time(out: &mut Vec<u8>, time: Timestamp) {
    out.extend_from_slice(&time.as_millis().to_be_bytes());
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    let count = u16::try_from(count).expect("a keystore holds few keys");
    out.extend_from_slice(&count.to_be_bytes());
}
