//! Messages as they are signed: kept in logs, and carried by other messages.

#![no_main]

use liaison::app::change::Message;
use liaison::seal::envelope::SignedMessage;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(signed) = SignedMessage::from_bytes(bytes) {
        assert_eq!(signed.to_bytes(), bytes, "a message has one form");
        let _read = Message::read(&signed);
    }
});
