//! What an entry keeps private of a change. What the changes of a group have in common, the
//! signature over a group of messages or the checkpoint under many receipts, is 3.4 kB long and
//! stored once, with the first of them; the others name that entry, which is always an earlier one.
//!
//! Content: member 8 ‖ tag u8 ‖ what the tag says:
//! 1, 2: a message sent or received, in its stored form. 3: any other change, as JSON.
//! 4, 5: entry u64 ‖ a message sent or received, in its stored form without signature, which is
//! that of the entry's message.
//! 6: message id 16 ‖ what receipts have in common ‖ what this one has of its own.
//! 7: node 9 ‖ message id 16 ‖ entry u64 ‖ what this one has of its own; the rest is the entry's.
//! 8: node 9 ‖ a message of this node that this peer gave back, in its stored form.
//! 9: leaf 32 ‖ reason u8 ‖ time u64 ‖ what it passed on ‖ what remains of an erased message, under the
//! tag that it had. What it passed on: u8 ‖ message id 16 ‖ conversation id 16, where that is 1 or 2 ‖
//! leaf of the permission 32, where it is 2; 0 for nothing.

use std::collections::VecDeque;

use super::change::{Change, KeptProof, KeptReceipt, Message, Other};
use super::erase::{Erased, Gone};
use super::input::receipt_word;
use super::passing::PassedOn;
use crate::audit::layout::Reader;
use crate::audit::{CommonProof, Entry, Receipt, ReceiptBatch, ReceiptItem};
use crate::base::{Actor, Digest, MemberId, MessageId, NodeId, Timestamp};
use crate::domain::retention::ErasureReason;
use crate::seal::envelope::{SignedMessage, StoredMessage};
use crate::seal::group::MessageSignature;
use crate::seal::sign::HybridSignature;
use crate::store::{Log, ReadError};

const SENT: u8 = 1;
const RECEIVED: u8 = 2;
const OTHER: u8 = 3;
const SENT_SHARING: u8 = 4;
const RECEIVED_SHARING: u8 = 5;
const KEPT: u8 = 6;
const KEPT_SHARING: u8 = 7;
const RETURNED: u8 = 8;
const ERASED: u8 = 9;

/// An entry's content is not of a form that this version knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the entry's content is not of a form that this version knows")]
pub struct UnreadableChange;

/// Writes the contents of one group's entries, one after another.
pub struct Contents {
    /// The signatures that an entry of this group has, and which.
    signatures: Vec<(HybridSignature, u64)>,
    /// The batch and the place in it of each receipt, in order.
    places: VecDeque<(usize, usize)>,
    /// The batches, with the entry that has what their receipts have in common.
    batches: Vec<(ReceiptBatch, Option<u64>)>,
}

impl Contents {
    /// Begins a group with these changes.
    pub fn of<'a>(changes: impl Iterator<Item = &'a Change>) -> Self {
        let receipt = |change: &'a Change| match change {
            Change::ReceiptKept(kept) => Some(kept.recorded().clone()),
            Change::Sent(_) | Change::Received(..) | Change::Other(_) => None,
        };
        let receipts: Vec<Receipt> = changes.filter_map(receipt).collect();
        let batches: Vec<_> = ReceiptBatch::of(&receipts)
            .into_iter()
            .map(|batch| (batch, None))
            .collect();
        let mut next = vec![0; batches.len()];
        let mut place = |receipt: &Receipt| {
            let is = |(at, (batch, _)): &(usize, &(ReceiptBatch, Option<u64>))| {
                next[*at] < batch.items.len() && batch.common.checkpoint == receipt.checkpoint
            };
            let found = batches.iter().enumerate().find(is).map(|(at, _)| at);
            let at = found.expect("every receipt is in a batch");
            next[at] += 1;
            (at, next[at] - 1)
        };
        let places = receipts.iter().map(&mut place).collect();
        Self {
            signatures: Vec::new(),
            places,
            batches,
        }
    }

    /// The content of the entry that gets this index. `own` is the signature of a sent message.
    ///
    /// # Panics
    /// If a message comes without its signature, or the changes in another order than they were
    /// announced in.
    pub fn write(
        &mut self,
        index: u64,
        by: &Actor,
        change: &Change,
        own: Option<&MessageSignature>,
    ) -> Vec<u8> {
        let mut out = by.member.to_bytes().to_vec();
        match change {
            Change::Sent(message) => {
                let signature = own.expect("a sent message is signed before it is recorded");
                if let Some(peer) = message.returned {
                    out.push(RETURNED);
                    out.extend_from_slice(&peer.to_bytes());
                    out.extend_from_slice(&message.signed(signature.clone()).to_bytes());
                    return out;
                }
                self.message(&mut out, index, (SENT, SENT_SHARING), message, signature);
            }
            Change::Received(message, signature) => {
                let signature = signature.as_deref();
                let signature = signature.expect("a received message comes with its signature");
                let tags = (RECEIVED, RECEIVED_SHARING);
                self.message(&mut out, index, tags, message, signature);
            }
            Change::ReceiptKept(kept) => self.receipt(&mut out, index, kept),
            Change::Other(other) => return write_other(by, other),
        }
        out
    }

    fn message(
        &mut self,
        out: &mut Vec<u8>,
        index: u64,
        (whole, sharing): (u8, u8),
        message: &Message,
        signature: &MessageSignature,
    ) {
        let signed = message.signed(signature.clone());
        let same = |(held, _): &&(HybridSignature, u64)| *held == signature.signature;
        match self.signatures.iter().rev().find(same) {
            Some((_, entry)) => {
                out.push(sharing);
                out.extend_from_slice(&entry.to_be_bytes());
                out.extend_from_slice(&signed.to_bytes_sharing());
            }
            None => {
                self.signatures.push((signature.signature.clone(), index));
                out.push(whole);
                out.extend_from_slice(&signed.to_bytes());
            }
        }
    }

    fn receipt(&mut self, out: &mut Vec<u8>, index: u64, kept: &KeptReceipt) {
        let place = self.places.pop_front();
        let (at, place) = place.expect("every receipt was announced");
        let (batch, entry) = &mut self.batches[at];
        match entry {
            None => {
                *entry = Some(index);
                out.push(KEPT);
                out.extend_from_slice(&kept.message.to_bytes());
                out.extend_from_slice(&batch.common.encode());
            }
            Some(entry) => {
                out.push(KEPT_SHARING);
                out.extend_from_slice(&kept.from.to_bytes());
                out.extend_from_slice(&kept.message.to_bytes());
                out.extend_from_slice(&entry.to_be_bytes());
            }
        }
        batch.items[place].write(out);
    }
}

/// The member that acted, and the change, in the content of a log entry. Of what it shares with
/// others only that is there which lies in this entry.
///
/// # Errors
/// [`UnreadableChange`] for content that this version did not write.
pub fn read_change(content: &[u8]) -> Result<(Actor, Change), UnreadableChange> {
    let (by, tag, rest) = split(content)?;
    let change = match tag {
        SENT | SENT_SHARING | RETURNED => Change::Sent(Box::new(read_message(tag, rest)?)),
        RECEIVED | RECEIVED_SHARING => Change::Received(Box::new(read_message(tag, rest)?), None),
        ERASED => return Ok((by, read_erased(rest)?)),
        OTHER => {
            let other: Result<Other, _> = serde_json::from_slice(rest);
            Change::Other(other.map_err(|_| UnreadableChange)?)
        }
        KEPT | KEPT_SHARING => Change::ReceiptKept(Box::new(read_kept(tag, rest)?)),
        _ => return Err(UnreadableChange),
    };
    Ok((by, change))
}

/// The content of a message of which only this remains.
///
/// # Errors
/// [`UnreadableChange`] if `content` holds no message.
pub fn write_erased(
    content: &[u8],
    remains: &Message,
    erased: &Erased,
) -> Result<Vec<u8>, UnreadableChange> {
    let (by, tag, rest) = split(content)?;
    let (stored, shared) = stored_message(tag, rest)?;
    let mut out = by.member.to_bytes().to_vec();
    out.push(ERASED);
    out.extend_from_slice(erased.leaf.as_bytes());
    out.push(erased.gone.reason.number());
    out.extend_from_slice(&erased.gone.at.as_millis().to_be_bytes());
    out.push(match &erased.passed_on {
        None => 0,
        Some(PassedOn { permission, .. }) => 1 + u8::from(permission.is_some()),
    });
    if let Some(passed_on) = &erased.passed_on {
        out.extend_from_slice(&passed_on.message.to_bytes());
        out.extend_from_slice(&passed_on.conversation.to_bytes());
        out.extend_from_slice(
            passed_on
                .permission
                .as_ref()
                .map_or(&[], |leaf| leaf.as_bytes()),
        );
    }
    out.push(tag);
    if let Some(entry) = shared {
        out.extend_from_slice(&entry.to_be_bytes());
    }
    if let Some(peer) = returned_by(tag, rest)? {
        out.extend_from_slice(&peer.to_bytes());
    }
    let stored = stored.with_remains(remains.header_bytes.clone(), remains.body_bytes.clone());
    out.extend_from_slice(&stored.to_bytes());
    Ok(out)
}

/// The content of a change that is neither message nor receipt.
pub fn write_other(by: &Actor, other: &Other) -> Vec<u8> {
    let mut out = by.member.to_bytes().to_vec();
    out.push(OTHER);
    serde_json::to_writer(&mut out, other).expect("a change has text keys");
    out
}

fn read_erased(rest: &[u8]) -> Result<Change, UnreadableChange> {
    let (erased, tag, rest) = split_erased(rest).ok_or(UnreadableChange)?;
    let message = Box::new(Message {
        erased: Some(erased),
        ..read_message(tag, rest)?
    });
    match tag {
        SENT | SENT_SHARING | RETURNED => Ok(Change::Sent(message)),
        RECEIVED | RECEIVED_SHARING => Ok(Change::Received(message, None)),
        _ => Err(UnreadableChange),
    }
}

/// What was erased of a message, the tag that it had, and what remains.
fn split_erased(rest: &[u8]) -> Option<(Erased, u8, &[u8])> {
    let mut reader = Reader::new(rest);
    let leaf = Digest::from_bytes(reader.array().ok()?);
    let reason = ErasureReason::from_number(reader.u8().ok()?)?;
    let at = Timestamp::from_millis(i64::from_be_bytes(reader.array().ok()?));
    let passed_on = match reader.u8().ok()? {
        0 => None,
        parts @ 1..=2 => Some(PassedOn {
            message: MessageId::from_bytes(reader.array().ok()?),
            conversation: MessageId::from_bytes(reader.array().ok()?),
            permission: match parts {
                2 => Some(Digest::from_bytes(reader.array().ok()?)),
                _ => None,
            },
        }),
        _ => return None,
    };
    let erased = Erased {
        leaf,
        gone: Gone { reason, at },
        passed_on,
    };
    let (tag, rest) = reader.rest().split_first()?;
    (*tag != ERASED).then_some((erased, *tag, rest))
}

/// The signed message in the entry at `index`.
///
/// # Errors
/// [`ReadError`]; [`ReadError::Erased`] where only a part of it remains, and [`ReadError::Damaged`] where the entry has no message, or the one that it shares
/// its signature with has none.
pub fn signed_message(log: &dyn Log, index: u64) -> Result<SignedMessage, ReadError> {
    let damaged = ReadError::Damaged { index };
    let content = log.read(index)?.content;
    let (_, tag, rest) = split(&content).map_err(|_| damaged)?;
    if tag == ERASED {
        return Err(ReadError::Erased { index });
    }
    let (stored, entry) = stored_message(tag, rest).map_err(|_| damaged)?;
    let shared = match entry {
        Some(entry) if entry < index => Some(signature_at(log, entry)?),
        Some(_) => return Err(damaged),
        None => None,
    };
    stored.signed(shared).ok_or(damaged)
}

fn signature_at(log: &dyn Log, index: u64) -> Result<HybridSignature, ReadError> {
    let damaged = ReadError::Damaged { index };
    let content = log.read(index)?.content;
    let (_, tag, rest) = split(&content).map_err(|_| damaged)?;
    let (stored, _) = stored_message(tag, rest).map_err(|_| damaged)?;
    stored.signature.ok_or(damaged)
}

/// Makes a kept receipt whole that was read back from an entry.
///
/// # Errors
/// [`ReadError`]; [`ReadError::Damaged`] where the entry that it names has nothing in common with
/// receipts.
pub fn whole_receipt(log: &dyn Log, kept: &KeptReceipt) -> Result<Receipt, ReadError> {
    let (item, index) = match &kept.proof {
        KeptProof::Whole(receipt) => return Ok((**receipt).clone()),
        KeptProof::Sharing(item, index) => (item, *index),
    };
    let damaged = ReadError::Damaged { index };
    let common = common_of(&log.read(index)?.content).map_err(|_| damaged)?;
    common.receipt(item).ok_or(damaged)
}

/// What receipts have in common that one reader remembers: as many peers' as a group has receipts of.
const REMEMBERED: usize = 16;

/// Reads the contents of entries in their order. A receipt that shares what an entry read shortly before
/// holds comes whole.
#[derive(Default)]
pub struct ContentReader {
    /// The entries, and what they hold, the latest last.
    common: VecDeque<(u64, CommonProof)>,
}

impl ContentReader {
    /// The member that acted, and the change, in the content of the entry at `index`.
    ///
    /// # Errors
    /// [`UnreadableChange`] for content that this version did not write.
    pub fn read(
        &mut self,
        index: u64,
        content: &[u8],
    ) -> Result<(Actor, Change), UnreadableChange> {
        let (by, mut change) = read_change(content)?;
        if let Change::ReceiptKept(kept) = &mut change {
            let whole = match &kept.proof {
                KeptProof::Whole(_) => {
                    self.remember(index, common_of(content)?);
                    None
                }
                KeptProof::Sharing(item, entry) => self.complete(item, *entry),
            };
            if let Some(receipt) = whole {
                kept.proof = KeptProof::Whole(Box::new(receipt));
            }
        }
        Ok((by, change))
    }

    fn remember(&mut self, index: u64, common: CommonProof) {
        if self.common.len() == REMEMBERED {
            self.common.pop_front();
        }
        self.common.push_back((index, common));
    }

    fn complete(&self, item: &ReceiptItem, entry: u64) -> Option<Receipt> {
        let mut known = self.common.iter().rev();
        let (_, common) = known.find(|(index, _)| *index == entry)?;
        common.receipt(item)
    }
}

/// What the receipt in an entry has in common with others.
fn common_of(content: &[u8]) -> Result<CommonProof, UnreadableChange> {
    let (_, tag, rest) = split(content)?;
    let common = match tag {
        KEPT => rest.get(16..).ok_or(UnreadableChange)?,
        _ => return Err(UnreadableChange),
    };
    let (common, _) = CommonProof::decode_front(common).map_err(|_| UnreadableChange)?;
    Ok(common)
}

/// The member that acted, in the content of a log entry.
///
/// # Errors
/// [`UnreadableChange`] for content that this version did not write.
pub(super) fn acting_member(content: &[u8]) -> Result<MemberId, UnreadableChange> {
    split(content).map(|(by, ..)| by.member)
}

fn split(content: &[u8]) -> Result<(Actor, u8, &[u8]), UnreadableChange> {
    let (member, content) = content.split_first_chunk().ok_or(UnreadableChange)?;
    let member = MemberId::from_bytes(*member).map_err(|_| UnreadableChange)?;
    let (tag, rest) = content.split_first().ok_or(UnreadableChange)?;
    Ok((Actor::node(member), *tag, rest))
}

fn stored_message(tag: u8, rest: &[u8]) -> Result<(StoredMessage, Option<u64>), UnreadableChange> {
    let stored = |bytes| StoredMessage::from_bytes(bytes).map_err(|_| UnreadableChange);
    match tag {
        ERASED => {
            let (_, tag, rest) = split_erased(rest).ok_or(UnreadableChange)?;
            stored_message(tag, rest)
        }
        SENT | RECEIVED => Ok((stored(rest)?, None)),
        RETURNED => {
            let (_, rest) = rest.split_first_chunk::<9>().ok_or(UnreadableChange)?;
            Ok((stored(rest)?, None))
        }
        SENT_SHARING | RECEIVED_SHARING => {
            let (entry, rest) = rest.split_first_chunk().ok_or(UnreadableChange)?;
            Ok((stored(rest)?, Some(u64::from_be_bytes(*entry))))
        }
        _ => Err(UnreadableChange),
    }
}

fn read_message(tag: u8, rest: &[u8]) -> Result<Message, UnreadableChange> {
    let (stored, _) = stored_message(tag, rest)?;
    let message = Message::read_stored(stored).map_err(|_| UnreadableChange)?;
    let returned = returned_by(tag, rest)?;
    Ok(Message {
        returned,
        ..message
    })
}

/// The peer that gave the message back, if one did.
fn returned_by(tag: u8, rest: &[u8]) -> Result<Option<NodeId>, UnreadableChange> {
    if tag != RETURNED {
        return Ok(None);
    }
    let (node, _) = rest.split_first_chunk().ok_or(UnreadableChange)?;
    let node = NodeId::from_bytes(*node).map_err(|_| UnreadableChange)?;
    Ok(Some(node))
}

fn read_kept(tag: u8, rest: &[u8]) -> Result<KeptReceipt, UnreadableChange> {
    let mut reader = Reader::new(rest);
    let own = match tag {
        KEPT_SHARING => Some(reader.array().map_err(|_| UnreadableChange)?),
        _ => None,
    };
    let message = reader.array().map_err(|_| UnreadableChange)?;
    let item = |bytes| ReceiptItem::decode(bytes).map_err(|_| UnreadableChange);
    let (from, item, proof) = match own {
        Some(node) => {
            let from = NodeId::from_bytes(node).map_err(|_| UnreadableChange)?;
            let entry = reader.u64().map_err(|_| UnreadableChange)?;
            let item = item(reader.rest())?;
            (
                from,
                item.clone(),
                KeptProof::Sharing(Box::new(item), entry),
            )
        }
        None => {
            let common = CommonProof::decode_front(reader.rest());
            let (common, rest) = common.map_err(|_| UnreadableChange)?;
            let item = item(rest)?;
            let receipt = common.receipt(&item).ok_or(UnreadableChange)?;
            let from = receipt.origin.node;
            (from, item, KeptProof::Whole(Box::new(receipt)))
        }
    };
    let entry = Entry::decode(&item.entry).map_err(|_| UnreadableChange)?;
    Ok(KeptReceipt {
        from,
        word: receipt_word(&item.opening.statement).ok_or(UnreadableChange)?,
        message: MessageId::from_bytes(message),
        at: entry.time,
        proof,
    })
}
