//! The sealed envelope, suite 1: a signed message encrypted to one recipient node.
//!
//! ```text
//! prefix      magic "LIAISON" 7 ‖ version u8 = 1 ‖ suite u16 = 1
//!             ‖ sender node 9 ‖ sender key id 32 ‖ recipient node 9 ‖ recipient key id 32
//! envelope    prefix 92 ‖ u32 length ‖ header ‖ enc 1120 ‖ wrapped content key 48
//!             ‖ u32 length ‖ ciphertext
//! wrap        HPKE (RFC 9180) base mode, X-Wing, HKDF-SHA256, AES-256-GCM:
//!             info = "liaison/wrap/v1" ‖ prefix ‖ H(header), aad = H(ciphertext)
//! ciphertext  AES-256-GCM, key = content key, nonce = 0, aad = H(header)
//! plaintext   u32 length of body ‖ random 32 ‖ signature ‖ body ‖ zeros
//! signature   size u32 ‖ index u32 ‖ path length u8 ‖ path 32 each ‖ hybrid signature 3373
//! ```
//!
//! A group of messages to one recipient shares one encapsulation in a parcel ([`seal_parcel`]).
//!
//! All integers are big-endian. The message is signed, then encrypted; the wrap is made anew for
//! every transmission, while the signed message stays the same. Nothing but the prefix is read
//! before the wrap and the ciphertext are authentic, and nothing of the body before the signature
//! holds.

mod open;
mod padding;
mod parcel;
mod prefix;
mod seal;
mod signed;
#[cfg(test)]
mod tests;

pub use open::{open_envelope, open_envelope_among};
pub use parcel::{MAX_PARCEL, open_parcel, seal_parcel};
pub use prefix::{EnvelopePrefix, PREFIX_LEN};
pub use seal::seal_envelope;
pub use signed::{MalformedMessage, SignedMessage, StoredMessage};

use super::aead::{KEY_LEN, TAG_LEN};
use crate::base::{Digest, NodeId};

/// The longest header, in bytes.
pub const MAX_HEADER: usize = 64 * 1024;
/// The longest body, in bytes.
pub const MAX_BODY: usize = 256 * 1024;
/// Length of X-Wing's encapsulated key in bytes.
pub(super) const ENC_LEN: usize = 1120;
/// Length of the wrapped content key in bytes.
pub(super) const WRAPPED_LEN: usize = KEY_LEN + TAG_LEN;

/// The header, the body or the signature's path is longer than the format allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message is longer than an envelope may carry")]
pub struct TooLong;

/// Why an envelope is not accepted. All of these are the sender's or the carrier's doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// The bytes end before the envelope does.
    #[error("the envelope is cut short")]
    TooShort,
    /// The bytes do not begin as an envelope.
    #[error("this is no envelope")]
    BadMagic,
    /// The envelope is of a version that this node does not read.
    #[error("envelope version {0} is not supported")]
    UnsupportedVersion(u8),
    /// The envelope is sealed with a suite that this node does not have.
    #[error("envelope suite {0} is not known")]
    UnknownSuite(u16),
    /// The prefix names a node that cannot exist.
    #[error("the envelope's prefix is malformed")]
    MalformedPrefix,
    /// The envelope is addressed to another node.
    #[error("the envelope is for {0}")]
    NotForThisNode(NodeId),
    /// The envelope is sealed to a key that this node does not hold, or no longer: the sender
    /// needs the current bundle.
    #[error("the envelope is sealed to a key that this node does not hold")]
    UnknownRecipientKey(Digest),
    /// The trust list in force gives the sender no such identity key.
    #[error("the trust list gives {0} no such key")]
    UnknownSender(NodeId),
    /// A declared length is above what the format allows.
    #[error("the envelope is longer than allowed")]
    TooLong,
    /// Bytes follow the envelope.
    #[error("the envelope is followed by other bytes")]
    TrailingBytes,
    /// The content key cannot be unwrapped: prefix, header, wrap or ciphertext was changed.
    #[error("the envelope's wrap does not hold")]
    WrongWrap,
    /// The ciphertext does not open under the content key.
    #[error("the envelope's ciphertext does not hold")]
    WrongCiphertext,
    /// The plaintext is not laid out as it must be, or its padding is not zeros.
    #[error("the envelope's plaintext is malformed")]
    MalformedPlaintext,
    /// The sender's signature does not hold.
    #[error("the signature does not hold")]
    BadSignature,
}

impl EnvelopeError {
    /// A number that stands for the error; it never changes. Peers are told a refusal instead.
    pub fn code(self) -> u16 {
        match self {
            Self::TooShort => 101,
            Self::BadMagic => 102,
            Self::UnsupportedVersion(_) => 103,
            Self::UnknownSuite(_) => 104,
            Self::MalformedPrefix => 105,
            Self::NotForThisNode(_) => 106,
            Self::UnknownRecipientKey(_) => 107,
            Self::UnknownSender(_) => 108,
            Self::TooLong => 109,
            Self::TrailingBytes => 110,
            Self::WrongWrap => 111,
            Self::WrongCiphertext => 112,
            Self::MalformedPlaintext => 113,
            Self::BadSignature => 114,
        }
    }
}

impl From<super::layout::TooShort> for EnvelopeError {
    fn from(_: super::layout::TooShort) -> Self {
        Self::TooShort
    }
}

/// The HPKE suite, with X-Wing as its KEM.
pub(super) type WrapAead = hpke::aead::AesGcm256;
pub(super) type WrapKdf = hpke::kdf::HkdfSha256;

/// The info that binds a wrap to its prefix and header.
fn wrap_info(prefix: &[u8], header: &Digest) -> Vec<u8> {
    [b"liaison/wrap/v1", prefix, header.as_bytes()].concat()
}
