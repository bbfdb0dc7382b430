//! The first words on a connection over TLS, in pieces.

#![no_main]

use liaison::transport::MAX_HELLO;
use liaison::transport::fuzzed::greeting;
use liaison::wire::frame::Frame;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(hello) = greeting(bytes) {
        assert!(hello.len() <= MAX_HELLO);
        let _frame = Frame::decode(&hello);
    }
});
