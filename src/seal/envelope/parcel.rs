//! A parcel: a group of signed messages to one recipient under one encapsulation.
//!
//! ```text
//! prefix      magic "LIAPARC" 7, then as in an envelope
//! parcel      prefix 92 ‖ enc 1120 ‖ u32 length ‖ sealed signatures
//!             ‖ for each message: u32 length ‖ header ‖ u32 length ‖ ciphertext
//! context     HPKE (RFC 9180) base mode, X-Wing, HKDF-SHA256, AES-256-GCM:
//!             info = "liaison/parcel/v1" ‖ prefix
//! signatures  hybrid signatures 3373 each, those of the messages' groups; AES-256-GCM,
//!             key = export("liaison/parcel-signatures/v1"), nonce = 0, aad = prefix
//! ciphertext  AES-256-GCM, key = export("liaison/parcel-key/v1" ‖ u32 place ‖ H(header)),
//!             nonce = 0, aad = H(header)
//! plaintext   u32 length of body ‖ random 32 ‖ size u32 ‖ index u32 ‖ path length u8
//!             ‖ path 32 each ‖ u16 number of its group's signature ‖ body ‖ zeros
//! ```
//!
//! Encapsulation and signature cost far more than all else of a message, so a group shares them.
//! What the shared encapsulation gives up is forward secrecy within that group. Each message has a
//! key of its own, bound to its place and header, is padded as alone, and verifies alone.

use hpke::kem::XWing;
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _};
use zeroize::Zeroizing;

use super::super::aead::{self, KEY_LEN, ONLY_NONCE, TAG_LEN};
use super::super::group::{MessageSignature, read_place};
use super::super::layout::{Reader, TooShort, put_length};
use super::super::recipient::{RecipientKeys, RecipientPublicKey};
use super::super::rng::EntropyRng;
use super::super::sign::{HybridSignature, KeyId, Proven, SIGNATURE_LEN, VerifyingKey};
use super::open::{MAX_CIPHERTEXT, parties, read_plaintext, verified};
use super::prefix::{EnvelopePrefix, PARCEL, PREFIX_LEN};
use super::seal::laid_out;
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
    let export = |purpose: &[u8]| {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        context
            .export(purpose, &mut *key)
            .expect("a key is far shorter than what can be exported");
        key
    };
    let mut signatures: Vec<&HybridSignature> = Vec::new();
    let mut items = Vec::new();
    for (place, message) in (0u32..).zip(messages) {
        let signature = &message.signature.signature;
        // Messages of one group follow each other.
        let known = signatures.iter().rposition(|known| *known == signature);
        let number = known.unwrap_or_else(|| {
            signatures.push(signature);
            signatures.len() - 1
        });
        let number = u16::try_from(number).expect("a parcel has few messages");
        let header = Digest::of(&message.header);
        let len = message.signature.len() - SIGNATURE_LEN + 2;
        let mut ciphertext = laid_out(message, len, |out| {
            message.signature.write_place(out);
            out.extend_from_slice(&number.to_be_bytes());
        });
        let key = export(&key_context(place, &header));
        aead::seal(&key, ONLY_NONCE, header.as_bytes(), &mut ciphertext);
        put_length(&mut items, message.header.len());
        items.extend_from_slice(&message.header);
        put_length(&mut items, ciphertext.len());
        items.extend_from_slice(&ciphertext);
    }
    let mut sealed = Vec::with_capacity(signatures.len() * SIGNATURE_LEN + TAG_LEN);
    for signature in signatures {
        sealed.extend_from_slice(signature.as_bytes());
    }
    aead::seal(&export(SIGNATURES), ONLY_NONCE, &prefix, &mut sealed);
    let mut parcel = Vec::with_capacity(PREFIX_LEN + ENC_LEN + 4 + sealed.len() + items.len());
    parcel.extend_from_slice(&prefix);
    parcel.extend_from_slice(&enc.to_bytes());
    put_length(&mut parcel, sealed.len());
    parcel.extend_from_slice(&sealed);
    parcel.extend_from_slice(&items);
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
    let parts = Parts::read(parcel)?;
    let enc =
        <XWing as Kem>::EncappedKey::from_bytes(parts.enc).map_err(|_| EnvelopeError::WrongWrap)?;
    let prefix_bytes = &parcel[..PREFIX_LEN];
    let context = hpke::setup_receiver::<WrapAead, WrapKdf, XWing>(
        &OpModeR::Base,
        key.hpke(),
        &enc,
        &info(prefix_bytes),
    )
    .map_err(|_| EnvelopeError::WrongWrap)?;
    let export = |purpose: &[u8]| {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        context
            .export(purpose, &mut *key)
            .expect("a key is far shorter than what can be exported");
        key
    };
    let signatures = aead::open(
        &export(SIGNATURES),
        ONLY_NONCE,
        prefix_bytes,
        parts.signatures,
    )
    .map_err(|_| EnvelopeError::WrongWrap)?;
    let signatures: Vec<HybridSignature> = signatures
        .chunks(SIGNATURE_LEN)
        .map(HybridSignature::from_bytes)
        .collect::<Result<_, _>>()
        .map_err(|_| EnvelopeError::MalformedPlaintext)?;
    let share = |from: &mut Reader<'_>| {
        let (size, index, path) = read_place(from)?;
        let number = usize::from(u16::from_be_bytes(from.array()?));
        Ok(MessageSignature {
            key_id: prefix.sender_key,
            size,
            index,
            path,
            signature: signatures.get(number).ok_or(TooShort)?.clone(),
        })
    };
    let open = |(place, (header, ciphertext)): (u32, Item<'_>)| {
        let digest = Digest::of(header);
        let key = export(&key_context(place, &digest));
        let opened = aead::open(&key, ONLY_NONCE, digest.as_bytes(), ciphertext)
            .map_err(|_| EnvelopeError::WrongCiphertext)
            .and_then(|plaintext| {
                read_plaintext(prefix.sender, header, &plaintext, share)
                    .map_err(|TooShort| EnvelopeError::MalformedPlaintext)
            })
            .and_then(|message| verified(message, &sender, proven));
        opened.map_err(|error| (Digest::of(ciphertext), error))
    };
    Ok((0..).zip(parts.items).map(open).collect())
}

/// A message's header and ciphertext.
type Item<'a> = (&'a [u8], &'a [u8]);

struct Parts<'a> {
    enc: &'a [u8],
    signatures: &'a [u8],
    items: Vec<Item<'a>>,
}

impl<'a> Parts<'a> {
    fn read(parcel: &'a [u8]) -> Result<Self, EnvelopeError> {
        let mut from = Reader::new(parcel);
        from.slice(PREFIX_LEN)?;
        let enc = from.slice(ENC_LEN)?;
        let signatures = limited(&mut from, MAX_PARCEL * SIGNATURE_LEN + TAG_LEN)?;
        let mut items = Vec::new();
        loop {
            if items.len() == MAX_PARCEL {
                return Err(EnvelopeError::TooLong);
            }
            let header = limited(&mut from, MAX_HEADER)?;
            items.push((header, limited(&mut from, MAX_CIPHERTEXT)?));
            if from.rest().is_empty() {
                return Ok(Self {
                    enc,
                    signatures,
                    items,
                });
            }
        }
    }
}

/// A length of four bytes, which is at most `most`, and as many bytes.
fn limited<'a>(from: &mut Reader<'a>, most: usize) -> Result<&'a [u8], EnvelopeError> {
    let len = from.length()?;
    if len > most {
        return Err(EnvelopeError::TooLong);
    }
    Ok(from.slice(len)?)
}

/// What the key of the signatures is exported for.
const SIGNATURES: &[u8] = b"liaison/parcel-signatures/v1";

fn info(prefix: &[u8]) -> Vec<u8> {
    [b"liaison/parcel/v1", prefix].concat()
}

fn key_context(place: u32, header: &Digest) -> Vec<u8> {
    let place = place.to_be_bytes();
    [b"liaison/parcel-key/v1", &place[..], header.as_bytes()].concat()
}
