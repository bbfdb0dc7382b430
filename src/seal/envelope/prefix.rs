//! The fixed prefix: all that is read of an envelope before its signature holds.

use super::super::layout::{Reader, TooShort};
use super::super::sign::KeyId;
use super::EnvelopeError;
use crate::base::{Digest, NodeId};

/// Length of the prefix in bytes.
pub const PREFIX_LEN: usize = 92;

/// How a prefix begins: an envelope's, or a parcel's.
pub(super) type Magic = [u8; 7];

/// An envelope, which carries one message.
pub(super) const ENVELOPE: &Magic = b"LIAISON";

/// A parcel, which carries a group of messages.
pub(super) const PARCEL: &Magic = b"LIAPARC";

const VERSION: u8 = 1;
const SUITE: u16 = 1;

/// Who sealed an envelope for whom, under which keys. Until the envelope has been opened, these
/// are claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnvelopePrefix {
    /// The node that signed the message.
    pub sender: NodeId,
    /// Its identity key.
    pub sender_key: KeyId,
    /// The node that the envelope is for.
    pub recipient: NodeId,
    /// The key of the recipient that it is sealed to.
    pub recipient_key: KeyId,
}

impl EnvelopePrefix {
    /// Reads the prefix of an envelope; what follows it is not looked at.
    ///
    /// # Errors
    /// [`EnvelopeError::TooShort`], [`BadMagic`](EnvelopeError::BadMagic),
    /// [`UnsupportedVersion`](EnvelopeError::UnsupportedVersion),
    /// [`UnknownSuite`](EnvelopeError::UnknownSuite) or
    /// [`MalformedPrefix`](EnvelopeError::MalformedPrefix).
    pub fn read(envelope: &[u8]) -> Result<Self, EnvelopeError> {
        Self::read_as(ENVELOPE, envelope)
    }

    /// Reads the prefix of what begins with `magic`.
    pub(super) fn read_as(magic: &Magic, bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let mut from = Reader::new(bytes);
        if &from.array()? != magic {
            return Err(EnvelopeError::BadMagic);
        }
        match from.u8()? {
            VERSION => {}
            other => return Err(EnvelopeError::UnsupportedVersion(other)),
        }
        match from.u16()? {
            SUITE => {}
            other => return Err(EnvelopeError::UnknownSuite(other)),
        }
        let (sender, sender_key) = party(&mut from)?;
        let (recipient, recipient_key) = party(&mut from)?;
        Ok(Self {
            sender: sender.ok_or(EnvelopeError::MalformedPrefix)?,
            sender_key,
            recipient: recipient.ok_or(EnvelopeError::MalformedPrefix)?,
            recipient_key,
        })
    }

    /// The bytes of the prefix of what begins with `magic`.
    pub(super) fn to_bytes(self, magic: &Magic) -> [u8; PREFIX_LEN] {
        let fields: [&[u8]; 7] = [
            magic,
            &[VERSION],
            &SUITE.to_be_bytes(),
            &self.sender.to_bytes(),
            self.sender_key.as_bytes(),
            &self.recipient.to_bytes(),
            self.recipient_key.as_bytes(),
        ];
        fields
            .concat()
            .try_into()
            .expect("the fields of a prefix add up to its length")
    }
}

fn party(from: &mut Reader<'_>) -> Result<(Option<NodeId>, KeyId), TooShort> {
    let (node, key) = (from.array()?, from.array()?);
    Ok((NodeId::from_bytes(node).ok(), Digest::from_bytes(key)))
}
