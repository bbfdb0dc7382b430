//! Bodies of messages.

#![no_main]

use liaison::wire::{decode_event, encode_event};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(event) = decode_event(bytes) {
        let again = decode_event(&encode_event(&event)).expect("what was encoded decodes");
        assert_eq!(again, event);
    }
});
