//! Frames: what travels over a link.

use prost::Message as _;

use super::fields::Fields;
use super::generated as pb;
use super::{WireError, digest, strictly};
use crate::base::{Digest, NodeId};

/// The longest frame, in bytes.
pub const LONGEST_FRAME: usize = 1024 * 1024;

/// The most envelopes in a frame.
pub const MAX_ENVELOPES: usize = 64;

/// The most batches of receipts, refusals or digests in a frame.
pub const MOST_ITEMS: usize = 1_024;

/// The most heads of logs in a frame.
pub const MOST_HEADS: usize = 64;

/// The most cosignatures of one head: members of a list beside the log's own.
pub const MOST_COSIGNATURES: usize = 499;

/// The most sizes that one challenge asks about, and prefixes that its answer shows.
pub const MOST_SIZES: usize = 256;

/// The most hashes of one proof of consistency: trees have fewer than 2^64 leaves.
const MOST_HASHES: usize = 64;

/// The first byte of a frame of heads: field 12, with its length.
const HEADS: u8 = 12 << 3 | 2;

/// The most fields of what a frame carries: some more than the longest list, which has its own
/// error.
const MOST_FIELDS: usize = 2 * MOST_ITEMS;

/// What travels over a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// The first frame of each side.
    Hello {
        /// The protocol versions that the node speaks.
        protocols: Vec<u32>,
        /// The node.
        node: NodeId,
        /// The version of the trust list in force there.
        trust_list_version: u64,
        /// The hash of that list.
        trust_list_hash: Digest,
    },
    /// Messages, each wrapped for the peer.
    Envelopes(Vec<Vec<u8>>),
    /// A group of messages, wrapped for the peer together.
    Parcel(Vec<u8>),
    /// Batches of receipts for what came.
    Receipts(Vec<Vec<u8>>),
    /// What is not taken now, or could not be opened: leaf or envelope digest, and the reason's
    /// number.
    Refusals(Vec<(Digest, u16)>),
    /// Receipts that are kept, each by the hash of its entry.
    Kept(Vec<Digest>),
    /// The node's key bundle.
    Bundle(Vec<u8>),
    /// Which key bundle of the peer is in force here.
    BundleAt {
        /// Its sequence; 0 for none.
        sequence: u64,
        /// Its digest.
        digest: Digest,
    },
    /// A checkpoint of the sender's log, and what it continues.
    AddCheckpoint {
        /// Origin and signed checkpoint, in their fixed forms.
        checkpoint: Vec<u8>,
        /// The earlier states that it continues.
        prefixes: Vec<Earlier>,
        /// Whether the peer is asked to cosign it.
        cosign: bool,
    },
    /// The sender cosigned a checkpoint of the receiver's log.
    Cosigned {
        /// Origin, size and root of the log, in their fixed forms.
        checkpoint: Vec<u8>,
        /// The cosignature, in its fixed form.
        cosignature: Vec<u8>,
    },
    /// The receiver is to show that its log continues what it showed before.
    Challenge {
        /// Origin and signed checkpoint; empty where the sender has cosigned none.
        checkpoint: Vec<u8>,
        /// None where the log is to continue this checkpoint; else the sizes that it is to be shown
        /// to continue.
        sizes: Vec<u64>,
    },
    /// The latest checkpoints of logs.
    Heads(Vec<Head>),
}

/// What a log says of its tree at an earlier size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// The size then.
    pub size: u64,
    /// The root then.
    pub root: Digest,
    /// The proof of consistency.
    pub path: Vec<Digest>,
}

/// The latest checkpoint of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Origin and signed checkpoint, in their fixed forms.
    pub checkpoint: Vec<u8>,
    /// The cosignatures on it, in their fixed form.
    pub cosignatures: Vec<Vec<u8>>,
}

impl Frame {
    /// The frame's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let kind = match self {
            Self::Hello {
                protocols,
                node,
                trust_list_version,
                trust_list_hash,
            } => pb::frame::Kind::Hello(pb::Hello {
                protocols: protocols.clone(),
                node: node.to_string(),
                trust_list_version: *trust_list_version,
                trust_list_hash: trust_list_hash.as_bytes().to_vec(),
            }),
            Self::Envelopes(envelopes) => pb::frame::Kind::Envelopes(pb::Envelopes {
                envelopes: envelopes.clone(),
            }),
            Self::Parcel(parcel) => pb::frame::Kind::Parcel(pb::Parcel {
                parcel: parcel.clone(),
            }),
            Self::Receipts(batches) => pb::frame::Kind::Receipts(pb::Receipts {
                batches: batches.clone(),
            }),
            Self::Refusals(refusals) => pb::frame::Kind::Refusals(pb::Refusals {
                refusals: refusals
                    .iter()
                    .map(|(digest, code)| pb::Refusal {
                        digest: digest.as_bytes().to_vec(),
                        code: u32::from(*code),
                    })
                    .collect(),
            }),
            Self::Kept(leaves) => pb::frame::Kind::Kept(pb::Kept {
                leaves: leaves.iter().map(|d| d.as_bytes().to_vec()).collect(),
            }),
            Self::Bundle(document) => pb::frame::Kind::Bundle(pb::Bundle {
                document: document.clone(),
            }),
            Self::BundleAt { sequence, digest } => pb::frame::Kind::BundleAt(pb::BundleAt {
                sequence: *sequence,
                digest: digest.as_bytes().to_vec(),
            }),
            Self::AddCheckpoint {
                checkpoint,
                prefixes,
                cosign,
            } => pb::frame::Kind::AddCheckpoint(pb::AddCheckpoint {
                checkpoint: checkpoint.clone(),
                cosign: *cosign,
                prefixes: prefixes
                    .iter()
                    .map(|prefix| pb::Prefix {
                        size: prefix.size,
                        root: prefix.root.as_bytes().to_vec(),
                        path: prefix.path.iter().flat_map(|d| *d.as_bytes()).collect(),
                    })
                    .collect(),
            }),
            Self::Cosigned {
                checkpoint,
                cosignature,
            } => pb::frame::Kind::Cosigned(pb::Cosigned {
                checkpoint: checkpoint.clone(),
                cosignature: cosignature.clone(),
            }),
            Self::Challenge { checkpoint, sizes } => pb::frame::Kind::Challenge(pb::Challenge {
                checkpoint: checkpoint.clone(),
                sizes: sizes.clone(),
            }),
            Self::Heads(heads) => pb::frame::Kind::Heads(pb::Heads {
                heads: heads
                    .iter()
                    .map(|head| pb::Head {
                        checkpoint: head.checkpoint.clone(),
                        cosignatures: head.cosignatures.clone(),
                    })
                    .collect(),
            }),
        };
        pb::Frame { kind: Some(kind) }.encode_to_vec()
    }

    /// Reads a frame.
    ///
    /// # Errors
    /// [`WireError`] for anything but the one encoding of a frame.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        if let Some(Ok(kind)) = Fields::of(bytes).next() {
            Fields::of(kind).at_most(MOST_FIELDS)?;
            if bytes.first() == Some(&HEADS) {
                for head in Fields::of(kind) {
                    Fields::of(head?).at_most(MOST_COSIGNATURES + 1)?;
                }
            }
        }
        let frame: pb::Frame = strictly(bytes, LONGEST_FRAME, 1)?;
        Ok(match frame.kind.ok_or(WireError::Field("kind"))? {
            pb::frame::Kind::Hello(hello) => Self::Hello {
                protocols: some(hello.protocols, 64, "protocols")?,
                node: hello.node.parse().map_err(|_| WireError::Field("node"))?,
                trust_list_version: hello.trust_list_version,
                trust_list_hash: digest(&hello.trust_list_hash, "trust_list_hash")?,
            },
            pb::frame::Kind::Envelopes(envelopes) => {
                Self::Envelopes(some(envelopes.envelopes, MAX_ENVELOPES, "envelopes")?)
            }
            pb::frame::Kind::Parcel(parcel) if parcel.parcel.is_empty() => {
                return Err(WireError::Field("parcel"));
            }
            pb::frame::Kind::Parcel(parcel) => Self::Parcel(parcel.parcel),
            pb::frame::Kind::Receipts(receipts) => {
                Self::Receipts(some(receipts.batches, MOST_ITEMS, "batches")?)
            }
            pb::frame::Kind::Refusals(refusals) => Self::Refusals(
                some(refusals.refusals, MOST_ITEMS, "refusals")?
                    .into_iter()
                    .map(|refusal| {
                        let code = u16::try_from(refusal.code);
                        Ok((
                            digest(&refusal.digest, "refusals.digest")?,
                            code.map_err(|_| WireError::Field("refusals.code"))?,
                        ))
                    })
                    .collect::<Result<_, WireError>>()?,
            ),
            pb::frame::Kind::Kept(kept) => Self::Kept(
                some(kept.leaves, MOST_ITEMS, "leaves")?
                    .iter()
                    .map(|bytes| digest(bytes, "leaves"))
                    .collect::<Result<_, _>>()?,
            ),
            pb::frame::Kind::Bundle(bundle) => Self::Bundle(bundle.document),
            pb::frame::Kind::BundleAt(at) => Self::BundleAt {
                sequence: at.sequence,
                digest: digest(&at.digest, "bundle_at.digest")?,
            },
            pb::frame::Kind::AddCheckpoint(added) => Self::AddCheckpoint {
                checkpoint: added.checkpoint,
                cosign: added.cosign,
                prefixes: some(added.prefixes, MOST_SIZES, "prefixes")?
                    .into_iter()
                    .map(earlier)
                    .collect::<Result<_, _>>()?,
            },
            pb::frame::Kind::Cosigned(cosigned) => Self::Cosigned {
                checkpoint: cosigned.checkpoint,
                cosignature: cosigned.cosignature,
            },
            pb::frame::Kind::Challenge(challenge) => {
                if challenge.sizes.len() > MOST_SIZES {
                    return Err(WireError::Field("sizes"));
                }
                Self::Challenge {
                    checkpoint: challenge.checkpoint,
                    sizes: challenge.sizes,
                }
            }
            pb::frame::Kind::Heads(heads) => Self::Heads(
                some(heads.heads, MOST_HEADS, "heads")?
                    .into_iter()
                    .map(|head| {
                        if head.cosignatures.len() > MOST_COSIGNATURES {
                            return Err(WireError::Field("heads.cosignatures"));
                        }
                        Ok(Head {
                            checkpoint: head.checkpoint,
                            cosignatures: head.cosignatures,
                        })
                    })
                    .collect::<Result<_, WireError>>()?,
            ),
        })
    }
}

fn earlier(prefix: pb::Prefix) -> Result<Earlier, WireError> {
    let (path, rest) = prefix.path.as_chunks::<32>();
    if !rest.is_empty() || path.len() > MOST_HASHES {
        return Err(WireError::Field("prefixes.path"));
    }
    Ok(Earlier {
        size: prefix.size,
        root: digest(&prefix.root, "prefixes.root")?,
        path: path.iter().copied().map(Digest::from_bytes).collect(),
    })
}

fn some<T>(items: Vec<T>, most: usize, field: &'static str) -> Result<Vec<T>, WireError> {
    (1..=most)
        .contains(&items.len())
        .then_some(items)
        .ok_or(WireError::Field(field))
}
