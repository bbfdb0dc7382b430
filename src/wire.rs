//! Bytes to domain and back, strictly. The generated protobuf types stay private here.
//!
//! There is one encoding for each value: what decodes is encoded again and compared, so unknown
//! fields and other spellings are refused. Signed bytes are kept as they came all the same.

mod event;
mod fields;
pub mod frame;
mod header;

/// The output of `prost-build` for `proto/`, checked in; a test makes it anew and compares.
#[allow(clippy::all, clippy::pedantic, missing_docs)]
mod generated {
    include!("wire/generated/liaison.v1.rs");
}

use crate::base::{Digest, NodeId};
use crate::domain::message::{Event, Header};

pub use event::{decode_event, encode_event};
pub use header::{decode_header, encode_header};

/// The lowest and highest protocol version that this node speaks.
pub const PROTOCOL: (u32, u32) = (1, 1);

/// The longest header, in bytes.
pub const LONGEST_HEADER: usize = 64 * 1024;

/// The longest body, in bytes.
pub const LONGEST_BODY: usize = 256 * 1024;

/// The most recipients of a message.
pub const MOST_RECIPIENTS: usize = 256;

/// The most attachments of a message.
pub const MOST_ATTACHMENTS: usize = crate::domain::message::MOST_ATTACHMENTS as usize;

/// The most extensions of a header.
pub const MOST_EXTENSIONS: usize = 32;

/// Fields that a header or a body has once each: more than there are, fewer than would matter.
const SINGLE_FIELDS: usize = 32;

/// Why bytes are not a message or frame. Never holds what they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Longer than allowed.
    #[error("the bytes are longer than allowed")]
    TooLong,
    /// More items than allowed.
    #[error("the bytes hold more items than allowed")]
    TooMany,
    /// Not protobuf, or not of the schema.
    #[error("the bytes are not of the schema")]
    Malformed,
    /// Another encoding than the one that is allowed, or unknown fields.
    #[error("the bytes hold unknown fields, or are not in the one allowed encoding")]
    NotCanonical,
    /// A field has a value that is not allowed.
    #[error("the field {0} is missing or not allowed")]
    Field(&'static str),
    /// The sender speaks no protocol version that this node speaks.
    #[error("no common protocol version")]
    Protocol,
    /// A critical extension is not known here.
    #[error("a critical extension is not known here")]
    CriticalExtension,
    /// Header and body contradict each other, or the envelope.
    #[error("header, body and envelope contradict each other")]
    Contradiction,
}

impl WireError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "wire-too-long",
            Self::TooMany => "wire-too-many",
            Self::Malformed => "wire-malformed",
            Self::NotCanonical => "wire-not-canonical",
            Self::Field(_) => "wire-field",
            Self::Protocol => "wire-protocol",
            Self::CriticalExtension => "wire-critical-extension",
            Self::Contradiction => "wire-contradiction",
        }
    }
}

/// Checks that header, body and envelope speak of the same message, which carries nothing that
/// happened after it was made.
///
/// # Errors
/// [`WireError::Contradiction`].
pub fn check_agreement(header: &Header, event: &Event, sender: NodeId) -> Result<(), WireError> {
    let agree = header.sender == sender
        && header.kind == event.body.kind()
        && header.attachments.len() == event.attachments.len()
        && event.by.member == sender.member
        && event.at <= header.created;
    agree.then_some(()).ok_or(WireError::Contradiction)
}

/// Decodes a generated type in its one encoding, of at most so many bytes and fields.
fn strictly<T: prost::Message + Default>(
    bytes: &[u8],
    longest: usize,
    most_fields: usize,
) -> Result<T, WireError> {
    if bytes.len() > longest {
        return Err(WireError::TooLong);
    }
    fields::Fields::of(bytes).at_most(most_fields)?;
    let decoded = T::decode(bytes).map_err(|_| WireError::Malformed)?;
    if decoded.encode_to_vec() != bytes {
        return Err(WireError::NotCanonical);
    }
    Ok(decoded)
}

fn digest(bytes: &[u8], field: &'static str) -> Result<Digest, WireError> {
    Digest::try_from(bytes).map_err(|_| WireError::Field(field))
}

fn time(millis: u64, field: &'static str) -> Result<crate::base::Timestamp, WireError> {
    let millis = i64::try_from(millis).map_err(|_| WireError::Field(field))?;
    let time = crate::base::Timestamp::from_millis(millis);
    (time.as_millis() == millis)
        .then_some(time)
        .ok_or(WireError::Field(field))
}

fn millis(time: crate::base::Timestamp) -> u64 {
    time.as_millis().unsigned_abs()
}

#[cfg(test)]
mod tests;
