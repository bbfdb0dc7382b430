//! The anchor: a file beside the segments that holds the last head that was acknowledged, so that
//! a log which lost its end is found out.
//!
//! It has two slots of one page each, overwritten in place. The first is synced whenever it is
//! written, at creation, at opening and with every new segment; the second is written after every
//! append and left to the system to store. So a power cut leaves at least the first, the anchor
//! may lag behind the log, and it never leads.
//!
//! Slot: magic 8 ‖ origin 13 ‖ checkpoint 3,413 ‖ crc32c u32. An empty log has a checkpoint of
//! size 0 whose signature is zeros.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::files;
use crate::audit::layout::Reader;
use crate::audit::{
    AnchorFault, AuditFailure, Checkpoint, Origin, SIGNED_CHECKPOINT_LEN, SignedCheckpoint, Tree,
};
use crate::base::Digest;
use crate::seal::sign::{HybridSignature, SIGNATURE_LEN};
use crate::seal::trust::LogKeys;

/// The anchor's name in the log's folder.
pub(super) const FILE_NAME: &str = "anchor";

const MAGIC: &[u8; 8] = b"LIAANCH\x01";
const SLOT_LEN: usize = 8 + 13 + SIGNED_CHECKPOINT_LEN + 4;
const SLOT_DISTANCE: usize = 4096;

/// The head of an empty log, which nobody signs.
pub(super) fn empty_head(origin: Origin) -> SignedCheckpoint {
    SignedCheckpoint {
        checkpoint: Checkpoint {
            origin,
            size: 0,
            root: Digest::EMPTY,
        },
        signature: HybridSignature::from_bytes(&[0; SIGNATURE_LEN])
            .expect("the length is that of a signature"),
    }
}

/// What both slots hold.
pub(super) fn encode(head: &SignedCheckpoint) -> Vec<u8> {
    let slot = encode_slot(head);
    let mut out = slot.clone();
    out.resize(SLOT_DISTANCE, 0);
    out.extend_from_slice(&slot);
    out
}

fn encode_slot(head: &SignedCheckpoint) -> Vec<u8> {
    let mut out = Vec::with_capacity(SLOT_LEN);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&head.checkpoint.origin.to_bytes());
    out.extend_from_slice(&head.encode());
    let crc = crc32c::crc32c(&out);
    out.extend_from_slice(&crc.to_be_bytes());
    out
}

fn decode_slot(bytes: &[u8]) -> Option<SignedCheckpoint> {
    let (body, crc) = bytes.get(..SLOT_LEN)?.split_last_chunk()?;
    let mut reader = Reader::new(body);
    let magic: [u8; 8] = reader.array().ok()?;
    let origin = Origin::from_bytes(reader.array().ok()?).ok()?;
    (magic == *MAGIC && crc32c::crc32c(body) == u32::from_be_bytes(*crc)).then_some(())?;
    SignedCheckpoint::decode(origin, reader.rest()).ok()
}

/// What was found in an anchor.
#[derive(Debug)]
pub(super) struct Anchor {
    /// The heads in its whole slots, at least one; the newest first.
    heads: Vec<SignedCheckpoint>,
    /// Whether it holds two whole slots and nothing else.
    is_whole: bool,
}

impl Anchor {
    /// Reads the anchor in the log's folder.
    ///
    /// # Errors
    /// [`AuditFailure::Anchor`] if it is missing or no slot of it is whole.
    pub(super) fn read(folder: &Path) -> Result<Self, AuditFailure> {
        let mut bytes = Vec::new();
        let file = match files::open_plain(&folder.join(FILE_NAME)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(AuditFailure::Anchor(AnchorFault::Missing));
            }
            other => other.map_err(AuditFailure::io(FILE_NAME))?,
        };
        file.take(2 * SLOT_DISTANCE as u64)
            .read_to_end(&mut bytes)
            .map_err(AuditFailure::io(FILE_NAME))?;
        let slots = [bytes.get(..), bytes.get(SLOT_DISTANCE..)];
        let mut heads: Vec<_> = slots
            .into_iter()
            .flatten()
            .filter_map(decode_slot)
            .collect();
        heads.sort_by_key(|head| std::cmp::Reverse(head.checkpoint.size));
        if heads.is_empty() {
            return Err(AuditFailure::Anchor(AnchorFault::Damaged));
        }
        let between = bytes.get(SLOT_LEN..SLOT_DISTANCE);
        let is_whole = heads.len() == 2
            && bytes.len() == SLOT_DISTANCE + SLOT_LEN
            && between.is_some_and(|between| between.iter().all(|byte| *byte == 0));
        Ok(Self { heads, is_whole })
    }

    /// The log that it is of.
    pub(super) fn origin(&self) -> Origin {
        self.heads[0].checkpoint.origin
    }

    /// The size of the newest head that it holds.
    pub(super) fn size(&self) -> u64 {
        self.heads[0].checkpoint.size
    }

    /// Whether both of its slots are whole, and nothing else is in it.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Checks it against the log of `origin`, or one that goes on from there, whose entries lead to
    /// `tree`. Gives the size that it holds.
    ///
    /// # Errors
    /// [`AuditFailure::Behind`] if the log is shorter than the anchor, [`AuditFailure::Anchor`]
    /// if it contradicts the log.
    pub(super) fn check(
        &self,
        origin: Origin,
        tree: &Tree,
        keys: &LogKeys,
    ) -> Result<u64, AuditFailure> {
        let mut highest = 0;
        for head in &self.heads {
            let found = head.checkpoint.origin;
            if found.node != origin.node || found > origin {
                return Err(AuditFailure::Anchor(AnchorFault::Origin));
            }
            let Checkpoint { size, root, .. } = head.checkpoint;
            if size > 0 && head.verify_of(keys).is_err() {
                return Err(AuditFailure::Anchor(AnchorFault::Signature));
            }
            match tree.root_at(size) {
                None => {
                    return Err(AuditFailure::Behind {
                        size: tree.size(),
                        anchor: size,
                    });
                }
                Some(found) if found != root => {
                    return Err(AuditFailure::Anchor(AnchorFault::Root));
                }
                Some(_) => highest = highest.max(size),
            }
        }
        Ok(highest)
    }
}

/// The anchor, open for writing.
#[derive(Debug)]
pub(super) struct AnchorFile(File);

impl AnchorFile {
    /// Opens the anchor in the log's folder, which must be there.
    ///
    /// # Errors
    /// Whatever opening gives.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(FILE_NAME);
        OpenOptions::new().write(true).open(path).map(Self)
    }

    /// Notes a head that is durable in the log, without waiting for the note to be.
    ///
    /// # Errors
    /// Whatever writing gives.
    pub(super) fn note(&self, head: &SignedCheckpoint) -> io::Result<()> {
        let offset = SLOT_DISTANCE as u64;
        self.0.write_all_at(&encode_slot(head), offset)
    }

    /// Notes a head in both slots; the first, which is synced, is never in the course of being
    /// written together with the second.
    ///
    /// # Errors
    /// Whatever writing gives.
    pub(super) fn note_durably(&self, head: &SignedCheckpoint) -> io::Result<()> {
        self.note(head)?;
        self.0.sync_data()?;
        self.0.write_all_at(&encode_slot(head), 0)?;
        self.0.sync_data()
    }
}
