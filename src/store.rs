//! The message log (files), the index (sled), attachments (files), and their twins in memory.
//!
//! The log is the truth: every change is an entry of it first, durable before anyone is told.
//! The index follows the log and can be rebuilt from it.

mod group;
mod index;
mod log;
pub mod memory;

pub use index::{Applied, Index, IndexError, IndexWrite, Pair, Table};
pub use log::{
    AppendError, CheckpointSigner, Log, MAX_CONTENT_LEN, MAX_GROUP_LEN, NewEntry, ReadError,
    Record, WriterEpoch,
};
pub use memory::{Fault, MemoryIndex, MemoryLog};
