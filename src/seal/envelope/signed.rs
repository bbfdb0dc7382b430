//! A signed message: the exact header and body, and the signature that covers them.

use super::super::group::{self, MessageSignature, sign_group};
use super::super::layout::{Reader, TooShort, put_length};
use super::super::sign::{BadSignature, HybridSignature, SIGNATURE_LEN, SigningKey, VerifyingKey};
use super::{MAX_BODY, MAX_HEADER, TooLong};
use crate::base::{Digest, Entropy, NodeId};

/// The stored form that holds the group's signature.
const WHOLE: u8 = 1;

/// The stored form of a message whose group's signature is stored with another one.
const SHARING: u8 = 2;

/// The longest path that a signature over fewer than 2³² messages can have.
const MAX_PATH: usize = 32;

/// The bytes are not a stored message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not a stored message")]
pub struct MalformedMessage;

impl From<TooShort> for MalformedMessage {
    fn from(_: TooShort) -> Self {
        Self
    }
}

/// A message as its sender signed it. Its identity is (sender, message id, leaf); the message id
/// stands in the header, which this module does not read.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedMessage {
    /// The node that signed it.
    pub sender: NodeId,
    /// The header's exact bytes, at most [`MAX_HEADER`].
    pub header: Vec<u8>,
    /// The body's exact bytes, at most [`MAX_BODY`].
    pub body: Vec<u8>,
    /// Keeps the leaf from telling anything about header and body.
    pub random: [u8; 32],
    /// The share in the signature over the message's group.
    pub signature: MessageSignature,
}

impl SignedMessage {
    /// Signs one message.
    ///
    /// # Errors
    /// [`TooLong`] if header or body is longer than the format allows.
    pub fn sign(
        key: &SigningKey,
        sender: NodeId,
        header: Vec<u8>,
        body: Vec<u8>,
        entropy: &mut dyn Entropy,
    ) -> Result<Self, TooLong> {
        let mut signed = Self::sign_all(key, sender, vec![(header, body)], entropy)?;
        Ok(signed.remove(0))
    }

    /// Signs a group of messages, each a header and a body, with one signature.
    ///
    /// # Errors
    /// [`TooLong`] if any header or body is longer than the format allows.
    pub fn sign_all(
        key: &SigningKey,
        sender: NodeId,
        messages: Vec<(Vec<u8>, Vec<u8>)>,
        entropy: &mut dyn Entropy,
    ) -> Result<Vec<Self>, TooLong> {
        let long = |(header, body): &(Vec<u8>, Vec<u8>)| {
            header.len() > MAX_HEADER || body.len() > MAX_BODY
        };
        if messages.iter().any(long) {
            return Err(TooLong);
        }
        let randoms: Vec<[u8; 32]> = messages.iter().map(|_| entropy.array()).collect();
        let leaves: Vec<Digest> = messages
            .iter()
            .zip(&randoms)
            .map(|((header, body), random)| group::leaf(random, header, body))
            .collect();
        let shares = sign_group(key, sender, &leaves, entropy);
        Ok(messages
            .into_iter()
            .zip(randoms)
            .zip(shares)
            .map(|(((header, body), random), signature)| Self {
                sender,
                header,
                body,
                random,
                signature,
            })
            .collect())
    }

    /// The message's leaf, which names exactly this header and body.
    pub fn leaf(&self) -> Digest {
        group::leaf(&self.random, &self.header, &self.body)
    }

    /// Verifies the sender's signature.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), BadSignature> {
        self.signature.verify(self.sender, &self.leaf(), key)
    }

    /// Whether an envelope can carry the message.
    pub(super) fn fits(&self) -> bool {
        self.header.len() <= MAX_HEADER
            && self.body.len() <= MAX_BODY
            && self.signature.path.len() <= MAX_PATH
    }

    /// The form in which the message is stored: version u8 = 1 ‖ sender 9 ‖ key id 32 ‖ random 32
    /// ‖ signature as in the envelope ‖ u32 length ‖ header ‖ u32 length ‖ body.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.stored(WHOLE)
    }

    /// The form in which the message is stored where another one of its group has the group's
    /// signature: version u8 = 2, and then as [`SignedMessage::to_bytes`] without the signature's
    /// 3,373 bytes, but with its size, index and path.
    pub fn to_bytes_sharing(&self) -> Vec<u8> {
        self.stored(SHARING)
    }

    fn stored(&self, version: u8) -> Vec<u8> {
        let lengths = self.signature.len() + self.header.len() + self.body.len();
        let mut out = Vec::with_capacity(82 + lengths);
        out.push(version);
        out.extend_from_slice(&self.sender.to_bytes());
        out.extend_from_slice(self.signature.key_id.as_bytes());
        out.extend_from_slice(&self.random);
        match version {
            WHOLE => self.signature.write(&mut out),
            _ => self.signature.write_place(&mut out),
        }
        put_length(&mut out, self.header.len());
        out.extend_from_slice(&self.header);
        put_length(&mut out, self.body.len());
        out.extend_from_slice(&self.body);
        out
    }

    /// Reads the stored form. The signature is not verified.
    ///
    /// # Errors
    /// [`MalformedMessage`] for anything but the exact bytes of [`SignedMessage::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MalformedMessage> {
        StoredMessage::from_bytes(bytes)?
            .signed(None)
            .ok_or(MalformedMessage)
    }
}

/// A message as it is stored, maybe without its group's signature.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// The node that signed it.
    pub sender: NodeId,
    /// The header's exact bytes.
    pub header: Vec<u8>,
    /// The body's exact bytes.
    pub body: Vec<u8>,
    /// Keeps the leaf from telling anything about header and body.
    pub random: [u8; 32],
    /// The group's signature, where it is stored here.
    pub signature: Option<HybridSignature>,
    key_id: Digest,
    place: (u32, u32, Vec<Digest>),
}

impl StoredMessage {
    /// Reads either stored form. No signature is verified.
    ///
    /// # Errors
    /// [`MalformedMessage`] for anything but the exact bytes of [`SignedMessage::to_bytes`] or
    /// [`SignedMessage::to_bytes_sharing`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MalformedMessage> {
        let mut from = Reader::new(bytes);
        let version = from.u8()?;
        let sender = NodeId::from_bytes(from.array()?).map_err(|_| MalformedMessage)?;
        let key_id = Digest::from_bytes(from.array()?);
        let random = from.array()?;
        let place = group::read_place(&mut from)?;
        let signature = match version {
            WHOLE => {
                let signature = HybridSignature::from_bytes(from.slice(SIGNATURE_LEN)?);
                Some(signature.map_err(|_| MalformedMessage)?)
            }
            SHARING => None,
            _ => return Err(MalformedMessage),
        };
        let header_len = from.length()?;
        let header = from.slice(header_len)?.to_vec();
        let body_len = from.length()?;
        let body = from.slice(body_len)?.to_vec();
        let fits = header_len <= MAX_HEADER && body_len <= MAX_BODY && place.2.len() <= MAX_PATH;
        (from.rest().is_empty() && fits)
            .then_some(Self {
                sender,
                header,
                body,
                random,
                signature,
                key_id,
                place,
            })
            .ok_or(MalformedMessage)
    }

    /// The same with what remains of header and body, and without what hides them in the leaf.
    #[must_use]
    pub fn with_remains(self, header: Vec<u8>, body: Vec<u8>) -> Self {
        Self {
            header,
            body,
            random: [0; 32],
            ..self
        }
    }

    /// The stored form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(4_096 + self.header.len() + self.body.len());
        out.push(match &self.signature {
            Some(_) => WHOLE,
            None => SHARING,
        });
        out.extend_from_slice(&self.sender.to_bytes());
        out.extend_from_slice(self.key_id.as_bytes());
        out.extend_from_slice(&self.random);
        let (size, index, path) = &self.place;
        out.extend_from_slice(&size.to_be_bytes());
        out.extend_from_slice(&index.to_be_bytes());
        out.push(u8::try_from(path.len()).expect("a path has at most 32 hashes"));
        for hash in path {
            out.extend_from_slice(hash.as_bytes());
        }
        if let Some(signature) = &self.signature {
            out.extend_from_slice(signature.as_bytes());
        }
        put_length(&mut out, self.header.len());
        out.extend_from_slice(&self.header);
        put_length(&mut out, self.body.len());
        out.extend_from_slice(&self.body);
        out
    }

    /// The message under its group's signature: the one that is stored here, or else `shared`.
    /// Nothing if there is neither.
    pub fn signed(self, shared: Option<HybridSignature>) -> Option<SignedMessage> {
        let (size, index, path) = self.place;
        Some(SignedMessage {
            sender: self.sender,
            header: self.header,
            body: self.body,
            random: self.random,
            signature: MessageSignature {
                key_id: self.key_id,
                size,
                index,
                path,
                signature: self.signature.or(shared)?,
            },
        })
    }
}

impl std::fmt::Debug for StoredMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoredMessage")
    }
}

impl std::fmt::Debug for SignedMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "SignedMessage({}, {} + {} bytes)",
            self.sender,
            self.header.len(),
            self.body.len()
        )
    }
}
