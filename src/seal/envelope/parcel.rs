//! A parcel: a group of signed messages to one recipient under one encapsulation.
//!
//! ```text
//! prefix      magic "LIAPARC" 7, then as in an envelope
//! parcel      prefix 92 ‖ enc 1120 ‖ for each message: u32 length ‖ header ‖ u32 length ‖ ciphertext
//! context     HPKE (RFC 9180) base mode, X-Wing, HKDF-SHA256, AES-256-GCM: info = "liaison/parcel/v1" ‖ prefix
//! ciphertext  AES-256-GCM, key = export("liaison/parcel-key/v1" ‖ u32 place ‖ H(header)), nonce = 0,
//!             aad = H(header)
//! plaintext   as in an envelope
//! ```
//!
//! The encapsulation costs far more than all else of a message, so a group shares it. What it gives
//! up is forward secrecy within that group. Each message has a key of its own, bound to its place
//! and header, is padded and signed as alone, and stands or falls alone.

use hpke::kem::XWing;
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _};
use zeroize::Zeroizing;

use super::super::aead::{self, KEY_LEN, ONLY_NONCE};
use super::super::layout::{Reader, put_length};
use super::super::recipient::{RecipientKeys, RecipientPublicKey};
use super::super::rng::EntropyRng;
use super::super::sign::{KeyId, Proven, VerifyingKey};
use super::open::{MAX_CIPHERTEXT, parties, read_message};
use super::prefix::{EnvelopePrefix, PARCEL, PREFIX_LEN};
use super::seal::plaintext;
use super::{ENC_LEN, EnvelopeError, MAX_HEADER, SignedMessage, TooLong, WrapAead, WrapKdf};
use crate::base::{Digest, Entropy, NodeId};

/// The most messages in a parcel.
pub const MAX_PARCEL: usize = 256;

/// Seals messages of one sender, signed under one key, to one key of one node.
///
/// # Errors
/// [`TooLong`] for no message or more than [`MAX_PARCEL`], for messages of several senders or
/// keys, and if any header, body or path is longer than the format allows.
pub fn seal_parcel(
    messages: &[SignedMessage],
    recipient: NodeId,
    key: &RecipientPublicKey,
    entropy: &mut dyn Entropy,
) -> Result<Vec<u8>, TooLong> {
    let first = messages.first().ok_or(TooLong)?;
    let alike = |message: &SignedMessage| {
        message.sender == first.sender && message.signature.key_id == first.signature.key_id
    };
    if messages.len() > MAX_PARCEL || !messages.iter().all(|m| m.fits() && alike(m)) {
        return Err(TooLong);
    }
    let prefix = EnvelopePrefix {
        sender: first.sender,
        sender_key: first.signature.key_id,
        recipient,
        recipient_key: key.key_id(),
    }
    .to_bytes(PARCEL);
    let (enc, context) = hpke::setup_sender_with_rng::<WrapAead, WrapKdf, XWing>(
        &OpModeS::Base,
        key.hpke(),
        &info(&prefix),
        &mut EntropyRng(entropy),
    )
    .expect("a validated key can be encapsulated to");
    let len: usize = messages
        .iter()
        .map(|m| m.header.len() + m.body.len() + m.body.len() / 8 + 8_192)
        .sum();
    let mut parcel = Vec::with_capacity(PREFIX_LEN + ENC_LEN + len);
    parcel.extend_from_slice(&prefix);
    parcel.extend_from_slice(&enc.to_bytes());
    for (place, message) in (0u32..).zip(messages) {
        let header = Digest::of(&message.header);
        let mut content_key = Zeroizing::new([0; KEY_LEN]);
        context
            .export(&key_context(place, &header), &mut *content_key)
            .expect("a key is far shorter than what can be exported");
        let mut ciphertext = plaintext(message);
        aead::seal(&content_key, ONLY_NONCE, header.as_bytes(), &mut ciphertext);
        put_length(&mut parcel, message.header.len());
        parcel.extend_from_slice(&message.header);
        put_length(&mut parcel, ciphertext.len());
        parcel.extend_from_slice(&ciphertext);
    }
    Ok(parcel)
}

/// What each message of a parcel opened to; or why, with the digest of its ciphertext.
pub type Opened = Vec<Result<SignedMessage, (Digest, EnvelopeError)>>;

/// Opens a parcel as the node `me`, which holds `keys`. `verifying_key` answers which identity key
/// of a node has a given id, by the trust list in force; `proven` remembers signatures that held.
///
/// # Errors
/// An [`EnvelopeError`] that says what does not hold of the parcel as a whole. Nothing of its
/// content is given out then.
pub fn open_parcel(
    parcel: &[u8],
    me: NodeId,
    keys: &RecipientKeys,
    verifying_key: impl Fn(NodeId, KeyId) -> Option<VerifyingKey>,
    proven: &Proven,
) -> Result<Opened, EnvelopeError> {
    let prefix = EnvelopePrefix::read_as(PARCEL, parcel)?;
    let (key, sender) = parties(&prefix, me, keys, verifying_key)?;
    let (enc, items) = split(parcel)?;
    let enc = <XWing as Kem>::EncappedKey::from_bytes(enc).map_err(|_| EnvelopeError::WrongWrap)?;
    let context = hpke::setup_receiver::<WrapAead, WrapKdf, XWing>(
        &OpModeR::Base,
        key.hpke(),
        &enc,
        &info(&parcel[..PREFIX_LEN]),
    )
    .map_err(|_| EnvelopeError::WrongWrap)?;
    let open = |(place, (header, ciphertext)): (u32, (&[u8], &[u8]))| {
        let digest = Digest::of(header);
        let mut content_key = Zeroizing::new([0; KEY_LEN]);
        let opened = context
            .export(&key_context(place, &digest), &mut *content_key)
            .map_err(|_| EnvelopeError::WrongWrap)
            .and_then(|()| {
                aead::open(&content_key, ONLY_NONCE, digest.as_bytes(), ciphertext)
                    .map_err(|_| EnvelopeError::WrongCiphertext)
            })
            .and_then(|plain| read_message(&prefix, header, &plain, &sender, proven));
        opened.map_err(|error| (Digest::of(ciphertext), error))
    };
    Ok((0..).zip(items).map(open).collect())
}

/// A message's header and ciphertext.
type Item<'a> = (&'a [u8], &'a [u8]);

/// The encapsulated key, and the messages.
fn split(parcel: &[u8]) -> Result<(&[u8], Vec<Item<'_>>), EnvelopeError> {
    let mut from = Reader::new(parcel);
    from.slice(PREFIX_LEN)?;
    let enc = from.slice(ENC_LEN)?;
    let mut items = Vec::new();
    loop {
        let header_len = from.length()?;
        if header_len > MAX_HEADER || items.len() == MAX_PARCEL {
            return Err(EnvelopeError::TooLong);
        }
        let header = from.slice(header_len)?;
        let ciphertext_len = from.length()?;
        if ciphertext_len > MAX_CIPHERTEXT {
            return Err(EnvelopeError::TooLong);
        }
        items.push((header, from.slice(ciphertext_len)?));
        if from.rest().is_empty() {
            return Ok((enc, items));
        }
    }
}

fn info(prefix: &[u8]) -> Vec<u8> {
    [b"liaison/parcel/v1", prefix].concat()
}

fn key_context(place: u32, header: &Digest) -> Vec<u8> {
    let place = place.to_be_bytes();
    [b"liaison/parcel-key/v1", &place[..], header.as_bytes()].concat()
}
