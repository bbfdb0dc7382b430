//! The voucher: a node's identity key signs for the TLS key that the node shows, so that a peer which
//! was away while keys were rotated still knows whom it meets.
//!
//! It travels in the certificate. A peer that does not know the key, since it has an older bundle than
//! the one that the voucher names, takes the word of the identity key, which the trust list names, until
//! it has the bundle itself. A peer that has that bundle, or a later one, never does.
//!
//! ```text
//! voucher   sequence u64 ‖ until u64 ‖ hybrid signature 3373
//! signed    node 9 ‖ sequence u64 ‖ until u64 ‖ pin 32, in context "liaison/tls-voucher/v1"
//! ```

use std::time::Duration;

use crate::base::{Digest, Entropy, NodeId, Timestamp};
use crate::seal::layout::Reader;
use crate::seal::sign::{HybridSignature, SIGNATURE_LEN, SigningKey, VerifyingKey};

/// Length of a voucher in bytes.
pub const VOUCHER_LEN: usize = 16 + SIGNATURE_LEN;

/// How long a voucher is good for. A node makes a new one every day.
pub const VOUCHER_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

const CONTEXT: &str = "liaison/tls-voucher/v1";

/// What an identity key says of a TLS key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsVoucher {
    /// The bundle of the node that names the key.
    pub sequence: u64,
    /// Until when the voucher is good.
    pub until: Timestamp,
    signature: HybridSignature,
}

impl TlsVoucher {
    /// Signs for the TLS key with this pin, which the bundle with this sequence names.
    pub fn issue(
        identity: &SigningKey,
        node: NodeId,
        (sequence, pin): (u64, &Digest),
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Self {
        let until = now.plus(VOUCHER_LIFE);
        Self {
            sequence,
            until,
            signature: identity.sign(CONTEXT, &signed(node, sequence, until, pin), entropy),
        }
    }

    /// Whether the identity key of `node` signed for the key with this pin, and the voucher is good
    /// still.
    pub fn holds(
        &self,
        identity: &VerifyingKey,
        node: NodeId,
        pin: &Digest,
        now: Timestamp,
    ) -> bool {
        let signed = signed(node, self.sequence, self.until, pin);
        now <= self.until && identity.verify(CONTEXT, &signed, &self.signature).is_ok()
    }

    /// The bytes that travel.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(VOUCHER_LEN);
        out.extend_from_slice(&self.sequence.to_be_bytes());
        out.extend_from_slice(&self.until.as_millis().to_be_bytes());
        out.extend_from_slice(self.signature.as_bytes());
        out
    }

    /// Reads the bytes that travel; nothing if they are no voucher.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader::new(bytes);
        let sequence = from.u64().ok()?;
        let millis = i64::try_from(from.u64().ok()?).ok()?;
        let until = Timestamp::from_millis(millis);
        let signature = HybridSignature::from_bytes(from.rest()).ok()?;
        (until.as_millis() == millis).then_some(Self {
            sequence,
            until,
            signature,
        })
    }
}

fn signed(node: NodeId, sequence: u64, until: Timestamp, pin: &Digest) -> Vec<u8> {
    [
        &node.to_bytes()[..],
        &sequence.to_be_bytes(),
        &until.as_millis().to_be_bytes(),
        pin.as_bytes(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SeededEntropy;

    #[test]
    fn a_voucher_is_good_for_one_key_of_one_node_and_not_for_ever() {
        let mut entropy = SeededEntropy::new(1);
        let [identity, other] = [0; 2].map(|_| SigningKey::generate(&mut entropy));
        let (mk, tr): (NodeId, NodeId) = ("MK-1".parse().unwrap(), "TR-1".parse().unwrap());
        let (pin, stranger) = (Digest::of(b"pin"), Digest::of(b"stranger"));
        let now = Timestamp::from_millis(1_000);
        let voucher = TlsVoucher::issue(&identity, mk, (3, &pin), now, &mut entropy);
        let bytes = voucher.encode();
        assert_eq!(bytes.len(), VOUCHER_LEN);
        let read = TlsVoucher::decode(&bytes).unwrap();
        assert_eq!(read, voucher);
        let key = identity.verifying_key();
        assert!(read.holds(key, mk, &pin, now));
        assert!(!read.holds(key, tr, &pin, now));
        assert!(!read.holds(key, mk, &stranger, now));
        assert!(!read.holds(other.verifying_key(), mk, &pin, now));
        let late = now.plus(VOUCHER_LIFE).plus(Duration::from_millis(1));
        assert!(!read.holds(key, mk, &pin, late));
        let later = TlsVoucher {
            sequence: 4,
            ..read
        };
        assert!(!later.holds(key, mk, &pin, now));
        for len in 0..bytes.len() {
            assert_eq!(TlsVoucher::decode(&bytes[..len]), None);
        }
        assert_eq!(TlsVoucher::decode(&[&bytes[..], &[0]].concat()), None);
        let mut overflow = bytes;
        overflow[8] = 0xff;
        assert_eq!(TlsVoucher::decode(&overflow), None);
    }
}
