//! Sealing a signed message to one recipient.

use hpke::kem::XWing;
use hpke::{OpModeS, Serializable as _};
use zeroize::Zeroizing;

use super::super::aead::{self, KEY_LEN, ONLY_NONCE, TAG_LEN};
use super::super::layout::put_length;
use super::super::recipient::RecipientPublicKey;
use super::super::rng::EntropyRng;
use super::padding::padded_len;
use super::prefix::{ENVELOPE, EnvelopePrefix, PREFIX_LEN};
use super::{ENC_LEN, SignedMessage, TooLong, WRAPPED_LEN, WrapAead, WrapKdf, wrap_info};
use crate::base::{Digest, Entropy, NodeId};

/// Seals a message to one key of one node, under a fresh content key. Sealed again, it is the
/// same message in other bytes.
///
/// # Errors
/// [`TooLong`] if header, body or path is longer than the format allows.
pub fn seal_envelope(
    message: &SignedMessage,
    recipient: NodeId,
    key: &RecipientPublicKey,
    entropy: &mut dyn Entropy,
) -> Result<Vec<u8>, TooLong> {
    if !message.fits() {
        return Err(TooLong);
    }
    let prefix = EnvelopePrefix {
        sender: message.sender,
        sender_key: message.signature.key_id,
        recipient,
        recipient_key: key.key_id(),
    };
    Ok(seal_plaintext(
        prefix,
        &message.header,
        plaintext(message),
        key,
        entropy,
    ))
}

/// Lays out the plaintext, padding included, with room for the tag.
pub(super) fn plaintext(message: &SignedMessage) -> Vec<u8> {
    laid_out(message, message.signature.len(), |out| {
        message.signature.write(out);
    })
}

/// Lays out a plaintext whose signature takes `len` bytes.
pub(super) fn laid_out(
    message: &SignedMessage,
    len: usize,
    write_signature: impl FnOnce(&mut Vec<u8>),
) -> Vec<u8> {
    let padded = padded_len(4 + 32 + len + message.body.len());
    let mut plaintext = Vec::with_capacity(padded + TAG_LEN);
    put_length(&mut plaintext, message.body.len());
    plaintext.extend_from_slice(&message.random);
    write_signature(&mut plaintext);
    plaintext.extend_from_slice(&message.body);
    plaintext.resize(padded, 0);
    plaintext
}

/// Encrypts a plaintext that has been laid out, and wraps its key.
pub(super) fn seal_plaintext(
    prefix: EnvelopePrefix,
    header: &[u8],
    plaintext: Vec<u8>,
    key: &RecipientPublicKey,
    entropy: &mut dyn Entropy,
) -> Vec<u8> {
    let prefix = prefix.to_bytes(ENVELOPE);
    let header_digest = Digest::of(header);
    let mut content_key = Zeroizing::new([0; KEY_LEN]);
    entropy.fill(&mut *content_key);

    let mut ciphertext = plaintext;
    aead::seal(
        &content_key,
        ONLY_NONCE,
        header_digest.as_bytes(),
        &mut ciphertext,
    );
    let (enc, wrapped) = hpke::single_shot_seal_with_rng::<WrapAead, WrapKdf, XWing>(
        &OpModeS::Base,
        key.hpke(),
        &wrap_info(&prefix, &header_digest),
        &*content_key,
        Digest::of(&ciphertext).as_bytes(),
        &mut EntropyRng(entropy),
    )
    .expect("a validated key can be encapsulated to");

    let len = PREFIX_LEN + 8 + header.len() + ENC_LEN + WRAPPED_LEN + ciphertext.len();
    let mut envelope = Vec::with_capacity(len);
    envelope.extend_from_slice(&prefix);
    put_length(&mut envelope, header.len());
    envelope.extend_from_slice(header);
    envelope.extend_from_slice(&enc.to_bytes());
    envelope.extend_from_slice(&wrapped);
    put_length(&mut envelope, ciphertext.len());
    envelope.extend_from_slice(&ciphertext);
    envelope
}
