//! The message log (files), the index (sled), attachments (files), and their twins in memory.
//!
//! The log is the truth: every change is an entry of it first, durable before anyone is told.
//! The index follows the log and can be rebuilt from it.

mod anchor;
mod ballast;
mod blobs;
mod cosigned;
mod file_log;
mod files;
mod group;
mod index;
mod keyring;
mod log;
pub mod memory;
mod room;
mod segment;
mod sled_index;
mod verify;
mod walk;

pub use ballast::{Ballast, leaves_room_for_messages, log_has_room};
pub use blobs::{BlobId, BlobStore, BlobWriter, PartialBlob};
pub use cosigned::{COSIGNED, CosignedFile};
pub use file_log::{FileLog, OpenError, Recovery, Remark};
pub use files::is_full;
pub use index::{Applied, Index, IndexError, IndexWrite, Pair, Table};
pub use log::{
    AppendError, CheckpointSigner, Log, MAX_CONTENT_LEN, MAX_GROUP_LEN, NewEntry, ReadError,
    Record, Remains, WriterEpoch,
};
pub use memory::{Fault, MemoryIndex, MemoryLog};
pub use room::Room;
pub use sled_index::{IndexSize, SledIndex};
pub use verify::{ExportError, VerifyReport, export_folder, verify_folder};
