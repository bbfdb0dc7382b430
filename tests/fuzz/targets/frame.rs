//! Frames of a link: what decodes encodes to what decodes to the same.

#![no_main]

use liaison::wire::frame::Frame;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(frame) = Frame::decode(bytes) {
        let again = Frame::decode(&frame.encode()).expect("what was encoded decodes");
        assert_eq!(again, frame);
    }
});
