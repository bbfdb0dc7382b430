//! Reading a file from a stick: first the head, then all of the rest, before any of it is used.

use std::io::Read;

use hpke::kem::XWing;
use hpke::{Deserializable as _, Kem, OpModeR};
use zeroize::Zeroizing;

use super::super::attachment::{AttachmentKey, AttachmentOpener};
use super::super::envelope::{ENC_LEN, WRAPPED_LEN, WrapAead, WrapKdf};
use super::super::layout::Reader;
use super::super::recipient::{RecipientKey, RecipientKeys};
use super::super::sign::{HybridSignature, KeyId, VerifyingKey};
use super::{
    ADDRESS_LEN, BOUND_LEN, FILE, FRAME, ITEM_HEAD, MAX_PAYLOAD, PART, SIGNED_LEN, STICK_HEAD,
    SealedKind, StickAddress, StickError, StickItem, wrap_info,
};
use crate::base::{Digest, MessageId, NodeId};

/// Bytes read at a time.
const PIECE: usize = 256 * 1024;

/// A file whose head holds.
pub struct OpenedStick {
    /// From whom it is, and which of its export.
    pub address: StickAddress,
    key: AttachmentKey,
    length: u64,
    digest: Digest,
}

/// Opens the head of a file, the first [`STICK_HEAD`] bytes. `known` gives the identity keys that
/// the trust list in force names.
///
/// # Errors
/// [`StickError`].
pub fn open_stick(
    head: &[u8],
    me: NodeId,
    keys: &RecipientKeys,
    known: impl Fn(NodeId, KeyId) -> Option<VerifyingKey>,
) -> Result<OpenedStick, StickError> {
    let address = StickAddress::read(head, SealedKind::Stick)?;
    if address.recipient != me {
        return Err(StickError::ForAnother(address.recipient));
    }
    let sender = known(address.sender, address.sender_key);
    let sender = sender.ok_or(StickError::UnknownSender(address.sender))?;
    if !is_signed(SealedKind::Stick, head, &sender) {
        return Err(StickError::Damaged);
    }
    let key = keys.find(&address.recipient_key);
    unwrapped(head, address, key.ok_or(StickError::KeyGone)?)
}

/// The id of the recovery key that a backup is sealed to.
///
/// # Errors
/// [`StickError::NotAStick`], [`StickError::Damaged`].
pub fn backup_key(head: &[u8]) -> Result<KeyId, StickError> {
    StickAddress::read(head, SealedKind::Backup).map(|address| address.recipient_key)
}

/// Opens the head of a backup with the recovery key. Who signed it can be told only when the trust
/// list in it has been read: [`OpenedStick::is_signed_by`].
///
/// # Errors
/// [`StickError`].
pub fn open_backup(head: &[u8], key: &RecipientKey) -> Result<OpenedStick, StickError> {
    let address = StickAddress::read(head, SealedKind::Backup)?;
    if address.recipient_key != key.key_id() {
        return Err(StickError::KeyGone);
    }
    unwrapped(head, address, key)
}

fn is_signed(kind: SealedKind, head: &[u8], sender: &VerifyingKey) -> bool {
    let signed = head.get(..SIGNED_LEN);
    let signature = head.get(SIGNED_LEN..STICK_HEAD);
    let signature = signature.and_then(|bytes| HybridSignature::from_bytes(bytes).ok());
    signed.zip(signature).is_some_and(|(signed, signature)| {
        sender.verify(kind.context(), signed, &signature).is_ok()
    })
}

/// Opens the wrap of the content key.
fn unwrapped(
    head: &[u8],
    address: StickAddress,
    key: &RecipientKey,
) -> Result<OpenedStick, StickError> {
    let signed = head.get(..SIGNED_LEN).ok_or(StickError::Damaged)?;
    let mut reader = Reader::new(&signed[ADDRESS_LEN..]);
    let length = reader.u64()?;
    let digest = Digest::from_bytes(reader.array()?);
    let enc = reader.slice(ENC_LEN)?;
    let wrapped = reader.slice(WRAPPED_LEN)?;
    let content_key = hpke::single_shot_open::<WrapAead, WrapKdf, XWing>(
        &OpModeR::Base,
        key.hpke(),
        &<XWing as Kem>::EncappedKey::from_bytes(enc).map_err(|_| StickError::Damaged)?,
        &wrap_info(address.kind, &signed[..BOUND_LEN]),
        wrapped,
        &[],
    );
    let content_key = Zeroizing::new(content_key.map_err(|_| StickError::Damaged)?);
    let content_key = <[u8; 32]>::try_from(&content_key[..]).map_err(|_| StickError::Damaged)?;
    Ok(OpenedStick {
        address,
        key: AttachmentKey::from_bytes(content_key),
        length,
        digest,
    })
}

impl OpenedStick {
    /// Whether this key signed the head.
    pub fn is_signed_by(&self, head: &[u8], sender: &VerifyingKey) -> bool {
        is_signed(self.address.kind, head, sender)
    }

    /// SHA-256 of all that is sealed in the file.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Gives every item to `take`, in order. `sealed` is the file after its head. An item that is
    /// given out is authentic; that none is missing is known only at the end, so a first reading
    /// whose `take` does nothing comes before the one that uses them.
    ///
    /// # Errors
    /// [`StickError`], or what `take` gives.
    pub fn items<E: From<StickError>>(
        &self,
        mut sealed: impl Read,
        mut take: impl FnMut(StickItem) -> Result<(), E>,
    ) -> Result<(), E> {
        let io = |error| E::from(StickError::Io(error));
        let mut opener = AttachmentOpener::new(&self.key, &self.address.context());
        let (mut piece, mut opened) = (vec![0; PIECE], Vec::new());
        let mut left = self.length;
        loop {
            let read = sealed.read(&mut piece).map_err(io)?;
            if read == 0 {
                break;
            }
            left = left
                .checked_sub(read as u64)
                .ok_or_else(|| E::from(StickError::Damaged))?;
            opener
                .push(&piece[..read], &mut opened)
                .map_err(|_| E::from(StickError::Damaged))?;
            take_all(self.address.kind, &mut opened, &mut take)?;
        }
        let measured = opener
            .finish(&mut opened)
            .map_err(|_| E::from(StickError::Damaged))?;
        take_all(self.address.kind, &mut opened, &mut take)?;
        let whole = left == 0 && opened.is_empty() && measured.ciphertext_digest == self.digest;
        whole
            .then_some(())
            .ok_or_else(|| StickError::Damaged.into())
    }
}

/// The whole items that these bytes begin with, which nothing seals: for the fuzz targets.
///
/// # Errors
/// [`StickError::Damaged`].
#[cfg(fuzzing)]
pub fn unsealed_items(of: SealedKind, mut opened: &[u8]) -> Result<Vec<StickItem>, StickError> {
    let mut items = Vec::new();
    while let Some((item, length)) = next(of, opened)? {
        opened = &opened[length..];
        items.push(item);
    }
    Ok(items)
}

/// Gives out all whole items and takes them off what has been opened, together: a piece may hold very many.
fn take_all<E: From<StickError>>(
    of: SealedKind,
    opened: &mut Vec<u8>,
    take: &mut impl FnMut(StickItem) -> Result<(), E>,
) -> Result<(), E> {
    let mut taken = 0;
    while let Some((item, length)) = next(of, &opened[taken..])? {
        taken += length;
        take(item)?;
    }
    opened.drain(..taken);
    Ok(())
}

/// The next whole item of what has been opened, and its length there. Its declared length is checked before
/// anything waits for it.
pub(super) fn next(
    of: SealedKind,
    opened: &[u8],
) -> Result<Option<(StickItem, usize)>, StickError> {
    let Some(([kind, length @ ..], _)) = opened.split_first_chunk::<ITEM_HEAD>() else {
        return Ok(None);
    };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    let fits = match of {
        SealedKind::Stick => matches!(*kind, FRAME | PART),
        SealedKind::Backup => *kind == FILE,
    };
    if length > MAX_PAYLOAD || !fits {
        return Err(StickError::Damaged);
    }
    let whole = ITEM_HEAD + length;
    let Some(payload) = opened.get(ITEM_HEAD..whole) else {
        return Ok(None);
    };
    item(*kind, payload).map(|item| Some((item, whole)))
}

fn item(kind: u8, payload: &[u8]) -> Result<StickItem, StickError> {
    if kind == FRAME {
        return Ok(StickItem::Frame(payload.to_vec()));
    }
    let mut reader = Reader::new(payload);
    if kind == FILE {
        let length = usize::from(reader.u16()?);
        let name = std::str::from_utf8(reader.slice(length)?).map_err(|_| StickError::Damaged)?;
        return Ok(StickItem::File {
            name: name.to_owned(),
            offset: reader.u64()?,
            bytes: reader.rest().to_vec(),
        });
    }
    Ok(StickItem::Part {
        message: MessageId::from_bytes(reader.array()?),
        index: reader.u16()?,
        length: reader.u64()?,
        offset: reader.u64()?,
        bytes: reader.rest().to_vec(),
    })
}
