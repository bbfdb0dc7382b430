//! Opening an envelope: prefix, keys, wrap, ciphertext, layout, signature, in this order.

use hpke::kem::XWing;
use hpke::{Deserializable as _, Kem, OpModeR};
use zeroize::Zeroizing;

use super::super::aead::{self, KEY_LEN, ONLY_NONCE, TAG_LEN};
use super::super::group::MessageSignature;
use super::super::layout::{Reader, TooShort};
use super::super::recipient::{RecipientKey, RecipientKeys};
use super::super::sign::{KeyId, Proven, VerifyingKey};
use super::padding::padded_len;
use super::prefix::{EnvelopePrefix, PREFIX_LEN};
use super::{
    ENC_LEN, EnvelopeError, MAX_BODY, MAX_HEADER, SignedMessage, WRAPPED_LEN, WrapAead, WrapKdf,
    wrap_info,
};
use crate::base::{Digest, NodeId};

/// Opens an envelope as the node `me`, which holds `keys`. `verifying_key` answers which identity
/// key of a node has a given id, by the trust list in force.
///
/// # Errors
/// An [`EnvelopeError`] that says what does not hold. Nothing of the content is given out then.
pub fn open_envelope(
    envelope: &[u8],
    me: NodeId,
    keys: &RecipientKeys,
    verifying_key: impl Fn(NodeId, KeyId) -> Option<VerifyingKey>,
) -> Result<SignedMessage, EnvelopeError> {
    open_envelope_among(envelope, me, keys, verifying_key, &Proven::default())
}

/// As [`open_envelope`], where the signature of the message's group may be known to hold.
///
/// # Errors
/// As [`open_envelope`].
pub fn open_envelope_among(
    envelope: &[u8],
    me: NodeId,
    keys: &RecipientKeys,
    verifying_key: impl Fn(NodeId, KeyId) -> Option<VerifyingKey>,
    proven: &Proven,
) -> Result<SignedMessage, EnvelopeError> {
    let prefix = EnvelopePrefix::read(envelope)?;
    let (key, sender) = parties(&prefix, me, keys, verifying_key)?;
    let parts = Parts::read(envelope)?;
    let header_digest = Digest::of(parts.header);
    let content_key = unwrap(&parts, &header_digest, key)?;
    let plaintext = aead::open(
        &content_key,
        ONLY_NONCE,
        header_digest.as_bytes(),
        parts.ciphertext,
    )
    .map_err(|_| EnvelopeError::WrongCiphertext)?;
    let signature = |from: &mut Reader<'_>| MessageSignature::read(prefix.sender_key, from);
    let message = read_plaintext(prefix.sender, parts.header, &plaintext, signature)
        .map_err(|TooShort| EnvelopeError::MalformedPlaintext)?;
    verified(message, &sender, proven)
}

/// The recipient's and the sender's key that a prefix names, if both are known here.
pub(super) fn parties<'a>(
    prefix: &EnvelopePrefix,
    me: NodeId,
    keys: &'a RecipientKeys,
    verifying_key: impl Fn(NodeId, KeyId) -> Option<VerifyingKey>,
) -> Result<(&'a RecipientKey, VerifyingKey), EnvelopeError> {
    if prefix.recipient != me {
        return Err(EnvelopeError::NotForThisNode(prefix.recipient));
    }
    let key = keys
        .find(&prefix.recipient_key)
        .ok_or(EnvelopeError::UnknownRecipientKey(prefix.recipient_key))?;
    let sender = verifying_key(prefix.sender, prefix.sender_key)
        .ok_or(EnvelopeError::UnknownSender(prefix.sender))?;
    Ok((key, sender))
}

/// The message, if its sender's signature holds.
pub(super) fn verified(
    message: SignedMessage,
    sender: &VerifyingKey,
    proven: &Proven,
) -> Result<SignedMessage, EnvelopeError> {
    message
        .signature
        .verify_among(message.sender, &message.leaf(), sender, proven)
        .map_err(|_| EnvelopeError::BadSignature)?;
    Ok(message)
}

struct Parts<'a> {
    prefix: &'a [u8],
    header: &'a [u8],
    enc: &'a [u8],
    wrapped: &'a [u8],
    ciphertext: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(envelope: &'a [u8]) -> Result<Self, EnvelopeError> {
        let mut from = Reader::new(envelope);
        let prefix = from.slice(PREFIX_LEN)?;
        let header_len = from.length()?;
        if header_len > MAX_HEADER {
            return Err(EnvelopeError::TooLong);
        }
        let header = from.slice(header_len)?;
        let enc = from.slice(ENC_LEN)?;
        let wrapped = from.slice(WRAPPED_LEN)?;
        let ciphertext_len = from.length()?;
        if ciphertext_len > MAX_CIPHERTEXT {
            return Err(EnvelopeError::TooLong);
        }
        let ciphertext = from.slice(ciphertext_len)?;
        if !from.rest().is_empty() {
            return Err(EnvelopeError::TrailingBytes);
        }
        Ok(Self {
            prefix,
            header,
            enc,
            wrapped,
            ciphertext,
        })
    }
}

/// The longest ciphertext: a body of [`MAX_BODY`] with the longest path, in its bucket, with tag.
pub(super) const MAX_CIPHERTEXT: usize = 270_336 + TAG_LEN;

fn unwrap(
    parts: &Parts<'_>,
    header: &Digest,
    key: &RecipientKey,
) -> Result<Zeroizing<[u8; KEY_LEN]>, EnvelopeError> {
    let enc =
        <XWing as Kem>::EncappedKey::from_bytes(parts.enc).map_err(|_| EnvelopeError::WrongWrap)?;
    let content_key = Zeroizing::new(
        hpke::single_shot_open::<WrapAead, WrapKdf, XWing>(
            &OpModeR::Base,
            key.hpke(),
            &enc,
            &wrap_info(parts.prefix, header),
            parts.wrapped,
            Digest::of(parts.ciphertext).as_bytes(),
        )
        .map_err(|_| EnvelopeError::WrongWrap)?,
    );
    content_key
        .as_slice()
        .try_into()
        .map(Zeroizing::new)
        .map_err(|_| EnvelopeError::WrongWrap)
}

/// Reads a plaintext in the one layout that it can have. [`TooShort`] stands for any other.
pub(super) fn read_plaintext(
    sender: NodeId,
    header: &[u8],
    plaintext: &[u8],
    read_signature: impl FnOnce(&mut Reader<'_>) -> Result<MessageSignature, TooShort>,
) -> Result<SignedMessage, TooShort> {
    let mut from = Reader::new(plaintext);
    let body_len = from.length()?;
    if body_len > MAX_BODY {
        return Err(TooShort);
    }
    let random = from.array()?;
    let signature = read_signature(&mut from)?;
    let body = from.slice(body_len)?;
    let padding = from.rest();
    let len = plaintext.len() - padding.len();
    if plaintext.len() != padded_len(len) || padding.iter().any(|b| *b != 0) {
        return Err(TooShort);
    }
    Ok(SignedMessage {
        sender,
        header: header.to_vec(),
        body: body.to_vec(),
        random,
        signature,
    })
}
