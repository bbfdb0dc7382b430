//! Proofs that a log forked.

#![no_main]

use liaison::audit::Evidence;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(evidence) = Evidence::decode(bytes) {
        assert_eq!(evidence.encode(), bytes, "a proof has one form");
    }
});
