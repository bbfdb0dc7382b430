//! Signed notes: checkpoints of logs, alone and with cosignatures.

#![no_main]

use liaison::audit::{CosignedCheckpoint, UnverifiedNote};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _checkpoint = UnverifiedNote::parse(bytes);
    let _cosigned = CosignedCheckpoint::read(bytes, |_| None);
});
