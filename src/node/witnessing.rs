//! What nodes say to each other about logs, between frames and the core: every signature is verified
//! here, off the core, before anything of it is told to the driver.

use std::io;

use tracing::warn;

use crate::app::Say;
use crate::audit::{Checkpoint, Cosignature, CosignedCheckpoint, Origin, Prefix, SignedCheckpoint};
use crate::base::{Digest, NodeId};
use crate::seal::sign::Proven;
use crate::seal::trust::Directory;
use crate::store::CosignedFile;
use crate::wire::frame::{Earlier, Frame, Head};

/// Why what a peer says of logs is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disbelief {
    /// A layout is another, or the peer speaks for a log that is not its own.
    Malformed,
    /// A signature holds under no key that is known here of the peer's log, or of this node's own.
    Unproved,
}

/// The frame that says it.
pub fn frame(say: &Say) -> Frame {
    match say {
        Say::AddCheckpoint {
            signed,
            prefixes,
            cosign,
        } => Frame::AddCheckpoint {
            checkpoint: signed.encode_with_origin(),
            prefixes: prefixes
                .iter()
                .map(|prefix| Earlier {
                    size: prefix.size,
                    root: prefix.root,
                    path: prefix.path.clone(),
                })
                .collect(),
            cosign: *cosign,
        },
        Say::Cosigned {
            checkpoint,
            cosignature,
        } => Frame::Cosigned {
            checkpoint: [
                &checkpoint.origin.to_bytes()[..],
                &checkpoint.size.to_be_bytes(),
                checkpoint.root.as_bytes(),
            ]
            .concat(),
            cosignature: cosignature.encode(),
        },
        Say::Challenge { signed, sizes } => Frame::Challenge {
            checkpoint: signed
                .as_ref()
                .map_or_else(Vec::new, |signed| signed.encode_with_origin()),
            sizes: sizes.clone(),
        },
        Say::Heads(heads) => Frame::Heads(
            heads
                .iter()
                .map(|head| Head {
                    checkpoint: head.signed.encode_with_origin(),
                    cosignatures: head.cosignatures.iter().map(Cosignature::encode).collect(),
                })
                .collect(),
        ),
    }
}

/// What a frame of a peer says about logs. What it says of others' is passed over where it is signed by
/// no key that is known here: the peer may know a newer one.
///
/// # Errors
/// [`Disbelief`].
pub fn read(
    frame: Frame,
    directory: &Directory,
    me: NodeId,
    peer: NodeId,
    proven: &Proven,
) -> Result<Option<Say>, Disbelief> {
    let reader = Reader {
        directory,
        of: [me, peer],
        proven,
    };
    Ok(Some(match frame {
        Frame::AddCheckpoint {
            checkpoint,
            prefixes,
            cosign,
        } => {
            let signed = reader.checkpoint_of(&checkpoint, peer)?;
            let prefix = |earlier: Earlier| Prefix {
                size: earlier.size,
                root: earlier.root,
                path: earlier.path,
            };
            Say::AddCheckpoint {
                signed: Box::new(signed),
                prefixes: prefixes.into_iter().map(prefix).collect(),
                cosign,
            }
        }
        Frame::Cosigned {
            checkpoint,
            cosignature,
        } => {
            let checkpoint = unsigned(&checkpoint).ok_or(Disbelief::Malformed)?;
            let cosignature = read_cosignature(&cosignature)?;
            if checkpoint.origin.node != me || cosignature.witness.node != peer {
                return Err(Disbelief::Malformed);
            }
            if !reader.cosigned(&checkpoint, &cosignature) {
                return Err(Disbelief::Unproved);
            }
            Say::Cosigned {
                checkpoint,
                cosignature: Box::new(cosignature),
            }
        }
        Frame::Challenge { checkpoint, sizes } => {
            let signed = match checkpoint.is_empty() {
                true => None,
                false => Some(Box::new(reader.checkpoint_of(&checkpoint, me)?)),
            };
            Say::Challenge { signed, sizes }
        }
        Frame::Heads(heads) => {
            let read = heads.iter().map(|head| reader.head(head));
            let read = read.collect::<Result<Vec<_>, _>>()?;
            Say::Heads(read.into_iter().flatten().collect())
        }
        Frame::Hello { .. }
        | Frame::Envelopes(_)
        | Frame::Parcel(_)
        | Frame::Receipts(_)
        | Frame::Refusals(_)
        | Frame::Kept(_)
        | Frame::Bundle(_)
        | Frame::BundleAt { .. } => return Ok(None),
    }))
}

struct Reader<'a> {
    directory: &'a Directory,
    /// This node and the peer.
    of: [NodeId; 2],
    proven: &'a Proven,
}

impl Reader<'_> {
    /// A checkpoint of a log of this node, whose signature holds.
    fn checkpoint_of(&self, bytes: &[u8], node: NodeId) -> Result<SignedCheckpoint, Disbelief> {
        let signed = read_checkpoint(bytes)?;
        if signed.checkpoint.origin.node != node {
            return Err(Disbelief::Malformed);
        }
        let held = self.holds(&signed)?;
        held.then_some(signed).ok_or(Disbelief::Unproved)
    }

    /// Whether its signature holds under a key of the log that is known here.
    fn holds(&self, signed: &SignedCheckpoint) -> Result<bool, Disbelief> {
        let origin = signed.checkpoint.origin.to_string();
        let Some(keys) = self.directory.log_keys(&origin) else {
            return Ok(false);
        };
        let size = signed.checkpoint.size;
        // What an incarnation goes on from is signed as the one before.
        if keys.origin_at(size) != Some(&origin) {
            return Err(Disbelief::Malformed);
        }
        let key = keys.at(size);
        let note = signed.checkpoint.note_text();
        let held = self
            .proven
            .verify_raw(key, note.as_bytes(), &signed.signature);
        Ok(held.is_ok())
    }

    fn cosigned(&self, checkpoint: &Checkpoint, cosignature: &Cosignature) -> bool {
        let keys = self.directory.log_keys(&cosignature.witness.to_string());
        // A witness that has another key by now signed with an earlier one.
        let mut keys = keys.iter().flat_map(|keys| keys.iter().rev());
        keys.any(|key| cosignature.verify(checkpoint, key).is_ok())
    }

    fn head(&self, head: &Head) -> Result<Option<CosignedCheckpoint>, Disbelief> {
        let signed = read_checkpoint(&head.checkpoint)?;
        if !self.holds(&signed)? {
            return match self.of.contains(&signed.checkpoint.origin.node) {
                true => Err(Disbelief::Unproved),
                false => Ok(None),
            };
        }
        let mut witness = None;
        let mut cosignatures: Vec<Cosignature> = Vec::new();
        for bytes in &head.cosignatures {
            let cosignature = read_cosignature(bytes)?;
            let node = cosignature.witness.node;
            if witness.replace(node).is_some_and(|last| last >= node) {
                return Err(Disbelief::Malformed);
            }
            if self.cosigned(&signed.checkpoint, &cosignature) {
                cosignatures.push(cosignature);
            }
        }
        Ok(Some(CosignedCheckpoint {
            signed,
            cosignatures,
        }))
    }
}

fn read_checkpoint(bytes: &[u8]) -> Result<SignedCheckpoint, Disbelief> {
    SignedCheckpoint::decode_with_origin(bytes).map_err(|_| Disbelief::Malformed)
}

fn read_cosignature(bytes: &[u8]) -> Result<Cosignature, Disbelief> {
    Cosignature::decode(bytes).map_err(|_| Disbelief::Malformed)
}

/// origin 13 ‖ size u64 ‖ root 32.
fn unsigned(bytes: &[u8]) -> Option<Checkpoint> {
    let (origin, rest) = bytes.split_first_chunk()?;
    let (size, root) = rest.split_first_chunk()?;
    Some(Checkpoint {
        origin: Origin::from_bytes(*origin).ok()?,
        size: u64::from_be_bytes(*size),
        root: Digest::try_from(root).ok()?,
    })
}

/// Sets a cosigned checkpoint aside that was damaged while the node stood: the log could neither be
/// verified nor exported with it, and the next cosignatures bring another.
pub fn set_damaged_aside(file: &CosignedFile, directory: &Directory) {
    let keys = |origin: Origin| directory.log_keys(&origin.to_string());
    match file.read() {
        Ok(None) => return,
        Ok(Some(note)) if CosignedCheckpoint::read_known(&note, keys).is_ok() => return,
        Ok(Some(_)) | Err(_) => (),
    }
    let next = "the next cosignatures are kept in its place";
    match file.set_aside() {
        Ok(()) => warn!(
            event = "cosigned-damaged",
            "cosigned.damaged is what was found; {next}"
        ),
        Err(error) => warn!(event = "cosigned-damaged", %error, "it stays as it is; {next}"),
    }
}

/// Keeps a cosigned checkpoint of this node's log beside the log.
///
/// # Errors
/// Whatever the file system gives.
pub fn keep(
    file: &CosignedFile,
    directory: &Directory,
    cosigned: &CosignedCheckpoint,
) -> io::Result<()> {
    let keys = |origin: Origin| directory.log_keys(&origin.to_string());
    match keys(cosigned.signed.checkpoint.origin) {
        Some(log) => file.keep(&cosigned.to_note(&log, keys)),
        None => Ok(()),
    }
}
