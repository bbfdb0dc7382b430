//! What nodes say to each other about logs, between frames and the core: every signature is verified
//! here, off the core, before anything of it is told to the driver.

use std::io;

use crate::app::Say;
use crate::audit::{Checkpoint, Cosignature, CosignedCheckpoint, Origin, Prefix, SignedCheckpoint};
use crate::base::{Digest, NodeId};
use crate::seal::sign::Proven;
use crate::seal::trust::Directory;
use crate::store::CosignedFile;
use crate::wire::frame::{Earlier, Frame, Head};

/// A signature does not hold, a layout is another, or the peer speaks for a log that is not its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DoesNotHold;

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

/// What a frame of a peer says about logs. A head of a log that has no key here is passed over.
///
/// # Errors
/// [`DoesNotHold`].
pub fn read(
    frame: Frame,
    directory: &Directory,
    me: NodeId,
    peer: NodeId,
    proven: &Proven,
) -> Result<Option<Say>, DoesNotHold> {
    let reader = Reader { directory, proven };
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
            let checkpoint = unsigned(&checkpoint).ok_or(DoesNotHold)?;
            let cosignature = Cosignature::decode(&cosignature).map_err(|_| DoesNotHold)?;
            if checkpoint.origin.node != me || cosignature.witness.node != peer {
                return Err(DoesNotHold);
            }
            reader.cosigned(&checkpoint, &cosignature)?;
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
    proven: &'a Proven,
}

impl Reader<'_> {
    /// A checkpoint of a log of this node, whose signature holds.
    fn checkpoint_of(&self, bytes: &[u8], node: NodeId) -> Result<SignedCheckpoint, DoesNotHold> {
        let signed = SignedCheckpoint::decode_with_origin(bytes).map_err(|_| DoesNotHold)?;
        if signed.checkpoint.origin.node != node {
            return Err(DoesNotHold);
        }
        self.checkpoint(&signed)?
            .then_some(signed)
            .ok_or(DoesNotHold)
    }

    /// Whether the log has a key here; its signature holds then.
    fn checkpoint(&self, signed: &SignedCheckpoint) -> Result<bool, DoesNotHold> {
        let origin = signed.checkpoint.origin.to_string();
        let Some(keys) = self.directory.log_keys(&origin) else {
            return Ok(false);
        };
        let size = signed.checkpoint.size;
        // What an incarnation goes on from is signed as the one before.
        if keys.origin_at(size) != Some(&origin) {
            return Err(DoesNotHold);
        }
        let key = keys.at(size);
        let note = signed.checkpoint.note_text();
        let held = self
            .proven
            .verify_raw(key, note.as_bytes(), &signed.signature);
        held.map(|()| true).map_err(|_| DoesNotHold)
    }

    fn cosigned(
        &self,
        checkpoint: &Checkpoint,
        cosignature: &Cosignature,
    ) -> Result<(), DoesNotHold> {
        let keys = self.directory.log_keys(&cosignature.witness.to_string());
        let keys = keys.ok_or(DoesNotHold)?;
        // A witness that has another key by now signed with an earlier one.
        let mut keys = keys.iter().rev();
        let held = keys.any(|key| cosignature.verify(checkpoint, key).is_ok());
        held.then_some(()).ok_or(DoesNotHold)
    }

    fn head(&self, head: &Head) -> Result<Option<CosignedCheckpoint>, DoesNotHold> {
        let signed = SignedCheckpoint::decode_with_origin(&head.checkpoint);
        let signed = signed.map_err(|_| DoesNotHold)?;
        if !self.checkpoint(&signed)? {
            return Ok(None);
        }
        let mut cosignatures: Vec<Cosignature> = Vec::new();
        for bytes in &head.cosignatures {
            let cosignature = Cosignature::decode(bytes).map_err(|_| DoesNotHold)?;
            let last = cosignatures.last();
            if last.is_some_and(|last| last.witness.node >= cosignature.witness.node) {
                return Err(DoesNotHold);
            }
            self.cosigned(&signed.checkpoint, &cosignature)?;
            cosignatures.push(cosignature);
        }
        Ok(Some(CosignedCheckpoint {
            signed,
            cosignatures,
        }))
    }
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
