//! Headers of messages.

#![no_main]

use liaison::wire::{decode_header, encode_header};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(header) = decode_header(bytes) {
        let again = decode_header(&encode_header(&header)).expect("what was encoded decodes");
        assert_eq!(again, header);
    }
});
