//! Batches of receipts: they say what their receipts say, and only in one way.

use proptest::prelude::*;

use super::batch::*;
use super::*;
use crate::audit::statement::tests::every_statement;
use crate::audit::{Checkpoint, EntryKind, EventCode, Tree};
use crate::base::{Role, SeededEntropy, Timestamp};
use crate::seal::sign::SigningKey;

/// Receipts of a log's last `count` entries, with the log's key.
fn receipts(size: u64, count: u64) -> (SigningKey, Vec<Receipt>) {
    let mut entropy = SeededEntropy::new(size);
    let key = SigningKey::generate(&mut entropy);
    let mut tree = Tree::new();
    let mut entries = Vec::new();
    for _ in 0..size {
        let opening = Opening::new(every_statement()[0], &mut entropy);
        let entry = Entry {
            time: Timestamp::from_millis(1),
            kind: EntryKind::Collection,
            event: EventCode::RequestReceived,
            role: Role::Node,
            actor: [0; 16],
            exchange: [3; 16],
            peer: Some("MK".parse().unwrap()),
            commitment: opening.commitment(),
            sealed_digest: Digest::of(b"sealed"),
            extensions: Vec::new(),
        };
        tree.append(entry.leaf_hash());
        entries.push((entry, opening));
    }
    let origin = Origin::first("SI-1".parse().unwrap());
    let root = tree.root();
    let checkpoint = Checkpoint { origin, size, root };
    let signature = key.sign_raw(checkpoint.note_text().as_bytes(), &mut entropy);
    let checkpoint = SignedCheckpoint {
        checkpoint,
        signature,
    };
    let receipt = |index: u64| {
        let (entry, opening) = &entries[usize::try_from(index).unwrap()];
        Receipt {
            origin,
            entry: entry.encode(),
            opening: *opening,
            index,
            path: tree.inclusion(index, size).unwrap(),
            checkpoint: checkpoint.clone(),
        }
    };
    (key, (size - count..size).map(receipt).collect())
}

#[test]
fn a_batch_gives_back_each_receipt_byte_for_byte() {
    for (size, count) in [(1, 1), (2, 1), (7, 7), (1_000, 64)] {
        let (key, receipts) = receipts(size, count);
        let batches = ReceiptBatch::of(&receipts);
        assert_eq!(batches.len(), 1);
        let read = ReceiptBatch::decode(&batches[0].encode()).unwrap();
        assert_eq!(read, batches[0]);
        let again: Vec<_> = read.receipts().collect();
        assert_eq!(again, receipts);
        let proven = Proven::default();
        for receipt in again {
            assert!(receipt.verify_among(key.verifying_key(), &proven).is_ok());
        }
    }
}

#[test]
fn a_batch_is_far_shorter_than_its_receipts() {
    let (_, receipts) = receipts(1_000, 64);
    let alone: usize = receipts.iter().map(|receipt| receipt.encode().len()).sum();
    let together = ReceiptBatch::of(&receipts)[0].encode().len();
    assert!(together * 8 < alone, "{together} and {alone}");
}

#[test]
fn receipts_under_several_checkpoints_make_several_batches() {
    let (_, first) = receipts(5, 2);
    let (_, second) = receipts(9, 3);
    let mixed = [&first[..1], &second, &first[1..]].concat();
    let batches = ReceiptBatch::of(&mixed);
    assert_eq!(batches.len(), 2);
    assert_eq!(batches[0].receipts().collect::<Vec<_>>(), first);
    assert_eq!(batches[1].receipts().collect::<Vec<_>>(), second);
    let many = vec![first[0].clone(); MAX_BATCH + 1];
    let batches = ReceiptBatch::of(&many);
    let sizes: Vec<_> = batches.iter().map(|batch| batch.items.len()).collect();
    assert_eq!(sizes, [MAX_BATCH, 1]);
    assert_eq!(ReceiptBatch::of(&[]), []);
}

#[test]
fn a_receipt_of_a_batch_under_another_checkpoint_proves_nothing() {
    let (key, first) = receipts(9, 3);
    let (_, second) = receipts(8, 3);
    let (first, second) = (ReceiptBatch::of(&first), ReceiptBatch::of(&second));
    let proven = Proven::default();
    for item in &first[0].items {
        let own = first[0].common.receipt(item).unwrap();
        assert!(own.verify_among(key.verifying_key(), &proven).is_ok());
        let moved = second[0].common.receipt(item);
        assert!(moved.is_none_or(|moved| moved.verify(key.verifying_key()).is_err()));
    }
}

#[test]
fn every_prefix_and_every_longer_batch_is_refused() {
    let (_, receipts) = receipts(7, 3);
    let mut bytes = ReceiptBatch::of(&receipts)[0].encode();
    for len in 0..bytes.len() {
        assert!(ReceiptBatch::decode(&bytes[..len]).is_err(), "{len}");
    }
    bytes.push(0);
    assert_eq!(ReceiptBatch::decode(&bytes), Err(ReceiptError::TooLong));
}

#[test]
fn a_batch_with_any_byte_changed_is_refused_or_says_something_else() {
    let (key, receipts) = receipts(7, 3);
    let batch = ReceiptBatch::of(&receipts).remove(0);
    let bytes = batch.encode();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let Ok(read) = ReceiptBatch::decode(&changed) else {
            continue;
        };
        assert_eq!(read.encode(), changed, "byte {at}");
        let proven = Proven::default();
        let holds = |receipt: &Receipt| receipt.verify_among(key.verifying_key(), &proven).is_ok();
        let held = read.receipts().take_while(holds).count();
        assert!(held < receipts.len(), "byte {at}");
    }
}

#[test]
fn nodes_stand_in_one_order_and_none_is_idle() {
    let (_, receipts) = receipts(7, 3);
    let good = ReceiptBatch::of(&receipts).remove(0);
    let nodes = 1 + 13 + 3_413;
    let bytes = good.encode();
    let count = u16::from_be_bytes([bytes[nodes], bytes[nodes + 1]]);
    let mut idle = bytes.clone();
    idle[nodes..nodes + 2].copy_from_slice(&(count + 1).to_be_bytes());
    let end = nodes + 2 + 32 * usize::from(count);
    idle.splice(end..end, [9; 32]);
    assert_eq!(ReceiptBatch::decode(&idle), Err(ReceiptError::Path));
    let mut double = bytes.clone();
    double.copy_within(nodes + 2..nodes + 34, nodes + 34);
    assert_eq!(ReceiptBatch::decode(&double), Err(ReceiptError::Path));
    let mut none = bytes[..end].to_vec();
    none.extend_from_slice(&[0, 0]);
    assert_eq!(ReceiptBatch::decode(&none), Err(ReceiptError::Count));
}

proptest! {
    #[test]
    fn hostile_bytes_never_panic(at in 0..4_200usize, garbage in any::<[u8; 8]>()) {
        let (_, receipts) = receipts(7, 3);
        let mut bytes = ReceiptBatch::of(&receipts)[0].encode();
        let at = at.min(bytes.len() - 8);
        bytes[at..at + 8].copy_from_slice(&garbage);
        if let Ok(read) = ReceiptBatch::decode(&bytes) {
            prop_assert_eq!(read.encode(), bytes);
            prop_assert_eq!(read.receipts().count(), 3);
        }
    }
}
