//! A log as one file: a plain tar in the layout of C2SP `tlog-tiles`, with the chain of trust and
//! every checkpoint, which anyone can verify offline from the root's fingerprint alone.
//!
//! In this order: `trust/root.json`, `trust/list.json`, `trust/bundles/<NODE>.json`; `checkpoint`,
//! the head as a signed note; `tile/entries/<N>`, the entries; `tile/<L>/<N>`, the tree;
//! `checkpoints/<size>`, the checkpoint at the end of each group; `cosigned`, one of them with its
//! cosignatures, where there are some. Every byte of the file follows
//! from what it says, so that none can be changed, and it is verified while it is read, with the
//! tree in memory and nothing else.

mod archive;
mod evidence;
mod tiles;
mod trust;
mod verify;
mod write;

pub use evidence::{EvidenceReport, verify_evidence, write_evidence};
pub use trust::TrustDocuments;
pub use verify::{BundleReport, WitnessedReport, verify_bundle};
pub use write::BundleWriter;

/// The head's place in a bundle.
const HEAD: &str = "checkpoint";

/// The place in a bundle of the checkpoint that was cosigned.
const COSIGNED: &str = "cosigned";

/// The place in a bundle of the checkpoint at a size.
fn checkpoint_path(size: u64) -> String {
    format!("checkpoints/{size}")
}
