//! Signed documents: trust lists, key bundles, cards.

#![no_main]

use liaison::seal::trust::{MemberCard, SignedDocument};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(document) = SignedDocument::from_json(bytes) {
        let again = SignedDocument::from_json(&document.to_json());
        assert_eq!(again.expect("what was written can be read"), document);
        let _card = MemberCard::read(&document);
    }
});
