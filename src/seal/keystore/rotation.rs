//! New keys in the place of old ones. What results is another value; nothing is changed in place.

use zeroize::Zeroizing;

use super::keys::{Keys, LOG_RENEWED_AFTER, OPENS_LATE, RENEWED_AFTER, ReceivingKey, TlsKey};
use crate::base::{Entropy, Timestamp};
use crate::seal::sign::SigningKey;

/// Which keys of a node are to be made anew.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// The TLS key.
    #[serde(default)]
    pub tls: bool,
    /// The receiving key.
    #[serde(default)]
    pub recipient: bool,
    /// The log key.
    #[serde(default)]
    pub log: bool,
}

impl Rotation {
    /// Every kind of key.
    pub const ALL: Self = Self {
        tls: true,
        recipient: true,
        log: true,
    };

    /// Whether nothing is to be made.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// These and others.
    #[must_use]
    pub fn and(self, others: Self) -> Self {
        Self {
            tls: self.tls || others.tls,
            recipient: self.recipient || others.recipient,
            log: self.log || others.log,
        }
    }
}

/// New keys that a person ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Order {
    /// Which.
    pub what: Rotation,
    /// When, by the node's clock.
    pub at: Timestamp,
}

impl Order {
    /// Both orders as one.
    #[must_use]
    pub fn and(self, later: Self) -> Self {
        Self {
            what: self.what.and(later.what),
            at: self.at.max(later.at),
        }
    }

    /// What of it is not made yet: of these keys, those that are older than the order.
    pub fn left(self, keys: &Keys) -> Rotation {
        let (tls, recipient) = keys.newest();
        Rotation {
            tls: self.what.tls && tls < self.at,
            recipient: self.what.recipient && recipient.is_none_or(|made| made < self.at),
            log: self.what.log && keys.log_created < self.at,
        }
    }
}

impl Keys {
    /// When the newest TLS key and the newest receiving key were made.
    fn newest(&self) -> (Timestamp, Option<Timestamp>) {
        let tls = self.next_tls.as_ref().unwrap_or(&self.tls).created();
        (tls, self.newest_receiving())
    }

    /// Which keys have served so long that new ones are due.
    pub fn due(&self, now: Timestamp) -> Rotation {
        let (tls, recipient) = self.newest();
        Rotation {
            tls: now.since(tls) >= RENEWED_AFTER,
            recipient: recipient.is_none_or(|created| now.since(created) >= RENEWED_AFTER),
            log: now.since(self.log_created) >= LOG_RENEWED_AFTER,
        }
    }

    /// These keys with new ones. A new TLS key waits as [`Keys::next_tls`]; receiving keys stay for
    /// what comes late; the secret of an old log key is gone.
    #[must_use]
    pub fn rotated(&self, what: Rotation, now: Timestamp, entropy: &mut dyn Entropy) -> Self {
        let mut keys = self.twin();
        if what.tls {
            keys.next_tls = Some(TlsKey::generate(now, entropy));
        }
        if what.recipient {
            // Under a list that has run out others may have sealed to the newest until now.
            let newest = keys.newest_receiving();
            let mut held = keys.recipient.iter_mut();
            if let Some(held) = held.find(|held| Some(held.created) == newest) {
                held.decrypt_until = held.decrypt_until.max(now.plus(OPENS_LATE));
            }
            keys.recipient.push(ReceivingKey::generate(now, entropy));
        }
        if what.log {
            keys.log = SigningKey::generate(entropy);
            keys.log_created = now;
        }
        keys
    }

    /// These keys with the next TLS key in the place of the one in use, which is gone.
    #[must_use]
    pub fn with_next_tls(&self) -> Self {
        let mut keys = self.twin();
        if let Some(next) = keys.next_tls.take() {
            keys.tls = next;
        }
        keys
    }

    /// The receiving keys whose time is over: nobody seals to them, and what came late has come.
    /// The newest key is never among them.
    pub fn outlived(&self, now: Timestamp) -> impl Iterator<Item = &ReceivingKey> {
        let newest = self.newest_receiving();
        self.recipient
            .iter()
            .filter(move |held| held.decrypt_until < now && Some(held.created) != newest)
    }

    /// These keys without the receiving keys that are [`Keys::outlived`].
    #[must_use]
    pub fn without_outlived(&self, now: Timestamp) -> Self {
        let gone: Vec<_> = self.outlived(now).map(|held| held.key.key_id()).collect();
        let mut keys = self.twin();
        keys.recipient
            .retain(|held| !gone.contains(&held.key.key_id()));
        keys
    }

    /// The same keys once more.
    fn twin(&self) -> Self {
        let bytes = Zeroizing::new(self.to_bytes());
        Self::from_bytes(&bytes).expect("keys are read as they are written")
    }
}
