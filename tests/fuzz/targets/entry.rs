//! Entries of logs, and what they say.

#![no_main]

use liaison::audit::{Entry, Shown, Statement};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(entry) = Entry::decode(bytes) {
        assert_eq!(entry.encode(), bytes, "an entry has one form");
        for extension in &entry.extensions {
            let _shown = Shown::read(extension);
        }
    }
    if let Ok(statement) = Statement::decode(bytes) {
        assert_eq!(statement.encode(), bytes, "a statement has one form");
    }
});
