//! Receipts, alone and in batches.

#![no_main]

use liaison::audit::{Receipt, ReceiptBatch};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(receipt) = Receipt::decode(bytes) {
        assert_eq!(receipt.encode(), bytes, "a receipt has one form");
    }
    if let Ok(batch) = ReceiptBatch::decode(bytes) {
        assert_eq!(batch.encode(), bytes, "a batch has one form");
        for receipt in batch.receipts() {
            Receipt::decode(&receipt.encode()).expect("what was encoded decodes");
        }
    }
});
