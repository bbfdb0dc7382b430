//! What the streams of a TLS connection are cut into, and what it does to them.

#![no_main]

use liaison::transport::fuzzed::pieces;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| pieces(bytes));
