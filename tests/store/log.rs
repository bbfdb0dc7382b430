//! What every engine of the log does.

use liaison::audit::{Receipt, tree};
use liaison::base::{Digest, SeededEntropy};
use liaison::store::{
    AppendError, Fault, FileLog, Log, MAX_CONTENT_LEN, MemoryLog, OpenError, ReadError, WriterEpoch,
};

use crate::world::{Node, append, engines, entry, log_key, origin};

#[test]
fn an_empty_log_is_empty() {
    for engine in engines() {
        let log = engine.open();
        assert_eq!(log.origin(), origin());
        assert_eq!(log.size(), 0);
        assert_eq!(log.root(), Digest::EMPTY);
        assert_eq!(log.head(), None);
        assert_eq!(log.read(0), Err(ReadError::Absent { index: 0 }));
        assert_eq!(log.receipt(0), Err(ReadError::Absent { index: 0 }));
        assert_eq!(log.consistency(0, 0), Ok(vec![]));
        assert_eq!(log.consistency(0, 1), Err(ReadError::Absent { index: 1 }));
    }
}

#[test]
fn what_was_appended_is_read_now_and_by_the_next_process() {
    for engine in engines() {
        let mut log = engine.open();
        let epoch = log.take_over().unwrap();
        let mut heads = vec![];
        for count in [1, 3, 2, 1] {
            let head = append(&mut *log, epoch, count).unwrap();
            assert_eq!(head.verify(log_key().verifying_key()), Ok(()));
            assert_eq!(log.head().as_ref(), Some(&head));
            assert_eq!(head.checkpoint.root, log.root());
            heads.push(head.checkpoint);
        }
        let receipts: Vec<_> = (0..7).map(|index| log.receipt(index).unwrap()).collect();
        let root = log.root();
        drop(log);

        let log = engine.open();
        assert_eq!((log.size(), log.root()), (7, root));
        for index in 0..7 {
            let record = log.read(index).unwrap();
            assert_eq!(record.index, index);
            assert_eq!(record.content, entry(index).content);
            assert_eq!(record.opening.statement, entry(index).statement);
            assert_eq!(record.opening.commitment(), record.entry.commitment);
            assert_eq!(record.entry.time, entry(index).time);
            assert_eq!(record.entry.peer, entry(index).peer);
            let receipt = log.receipt(index).unwrap();
            assert_eq!(receipt, receipts[index as usize], "the same bytes for ever");
        }
        for old in &heads {
            for new in heads.iter().filter(|new| new.size >= old.size) {
                let proof = log.consistency(old.size, new.size).unwrap();
                assert!(tree::verify_consistency(
                    old.size, &old.root, new.size, &new.root, &proof
                ));
            }
        }
        assert!(log.consistency(3, 2).is_err());
    }
}

#[test]
fn a_receipt_stands_under_the_checkpoint_of_its_own_group() {
    for engine in engines() {
        let mut log = engine.open();
        let epoch = log.take_over().unwrap();
        for count in [2, 3] {
            append(&mut *log, epoch, count).unwrap();
        }
        for (index, size) in [(0, 2), (1, 2), (2, 5), (3, 5), (4, 5)] {
            let bytes = log.receipt(index).unwrap().encode();
            let receipt = Receipt::decode(&bytes).unwrap();
            let verified = receipt.verify(log_key().verifying_key()).unwrap();
            assert_eq!(verified.checkpoint.size, size);
            assert_eq!(verified.statement, entry(index).statement);
        }
    }
}

#[test]
fn an_append_compares_the_size_before_it_swaps() {
    for engine in engines() {
        let mut log = engine.open();
        let epoch = log.take_over().unwrap();
        append(&mut *log, epoch, 2).unwrap();
        for expected in [0, 1, 3] {
            let mut entropy = SeededEntropy::new(0);
            let stale = log.append(expected, epoch, vec![entry(0)], &log_key(), &mut entropy);
            assert_eq!(stale, Err(AppendError::Stale { size: 2 }));
        }
        assert_eq!(log.size(), 2);
        append(&mut *log, epoch, 1).unwrap();
    }
}

#[test]
fn a_writer_whose_log_was_taken_over_is_fenced() {
    for engine in engines() {
        let mut log = engine.open();
        assert_eq!(
            append(&mut *log, WriterEpoch(9), 1),
            Err(AppendError::Fenced)
        );
        let first = log.take_over().unwrap();
        let second = log.take_over().unwrap();
        assert!(first < second);
        assert_eq!(append(&mut *log, first, 1), Err(AppendError::Fenced));
        assert_eq!(log.size(), 0);
        append(&mut *log, second, 1).unwrap();
    }
}

#[test]
fn a_group_that_cannot_be_written_leaves_no_trace() {
    for engine in engines() {
        let mut log = engine.open();
        let epoch = log.take_over().unwrap();
        append(&mut *log, epoch, 3).unwrap();
        let root = log.root();
        let mut long = entry(4);
        long.content = vec![0; MAX_CONTENT_LEN + 1];
        for entries in [vec![], vec![entry(3), long]] {
            let mut entropy = SeededEntropy::new(0);
            let unfit = log.append(3, epoch, entries, &log_key(), &mut entropy);
            assert_eq!(unfit, Err(AppendError::Unfit));
            assert_eq!((log.size(), log.root()), (3, root));
        }
        let mut longest = entry(3);
        longest.content = vec![1; MAX_CONTENT_LEN];
        let mut entropy = SeededEntropy::new(0);
        log.append(3, epoch, vec![longest.clone()], &log_key(), &mut entropy)
            .unwrap();
        assert_eq!(log.read(3).unwrap().content, longest.content);
        drop(log);
        assert_eq!(engine.open().read(3).unwrap().content, longest.content);
    }
}

#[test]
fn a_write_that_fails_before_or_after_it_happens_leaves_the_writer_in_doubt() {
    for groups in 0..4 {
        for (fault, happened) in [(Fault::Before, false), (Fault::After, true)] {
            let mut log = MemoryLog::new(origin());
            let epoch = log.take_over().unwrap();
            for _ in 0..groups {
                append(&mut log, epoch, 2).unwrap();
            }
            let head = log.head();
            log.fail_next(Some(fault));
            assert_eq!(append(&mut log, epoch, 2), Err(AppendError::InDoubt));
            assert_eq!(append(&mut log, epoch, 2), Err(AppendError::InDoubt));

            let mut next = log.reopen();
            let size = groups * 2 + if happened { 2 } else { 0 };
            assert_eq!(next.size(), size);
            assert_eq!(next.head() == head, !happened);
            for index in 0..size {
                assert_eq!(next.read(index).unwrap().content, entry(index).content);
                let receipt = next.receipt(index).unwrap();
                receipt.verify(log_key().verifying_key()).unwrap();
            }
            let epoch = next.take_over().unwrap();
            append(&mut next, epoch, 2).unwrap();
            assert_eq!(append(&mut log, epoch, 2), Err(AppendError::InDoubt));
        }
    }
}

#[test]
fn a_torn_group_is_found_whole_or_not_at_all() {
    for records in 0..=3 {
        let mut log = MemoryLog::new(origin());
        let epoch = log.take_over().unwrap();
        append(&mut log, epoch, 2).unwrap();
        let root = log.root();
        log.fail_next(Some(Fault::Torn(records)));
        assert_eq!(append(&mut log, epoch, 2), Err(AppendError::InDoubt));
        let mut next = log.reopen();
        // Two entries and the checkpoint over them.
        let whole = records == 3;
        assert_eq!(next.size(), if whole { 4 } else { 2 });
        assert_eq!(next.root() == root, !whole);
        let epoch = next.take_over().unwrap();
        append(&mut next, epoch, 1).unwrap();
        let last = next.size() - 1;
        let receipt = next.receipt(last).unwrap();
        receipt.verify(log_key().verifying_key()).unwrap();
    }
}

#[test]
fn a_power_cut_takes_what_was_not_synced_and_nothing_else() {
    for left in 0..4 {
        let mut log = MemoryLog::new(origin());
        let epoch = log.take_over().unwrap();
        append(&mut log, epoch, 2).unwrap();
        log.power_cut(left);
        assert_eq!(log.size(), 2, "it was synced");
        log.skip_next_sync();
        append(&mut log, epoch, 1).unwrap();
        log.skip_next_sync();
        append(&mut log, epoch, 2).unwrap();
        log.power_cut(left);
        let kept = [2, 3, 3, 5][usize::try_from(left).unwrap()];
        assert_eq!(log.reopen().size(), kept, "{left} entries are left");
    }
}

#[test]
fn what_a_process_found_of_its_log_survives_the_next_power_cut() {
    let mut log = MemoryLog::new(origin());
    let epoch = log.take_over().unwrap();
    log.fail_next(Some(Fault::Torn(3)));
    assert_eq!(append(&mut log, epoch, 2), Err(AppendError::InDoubt));
    let next = log.reopen();
    next.power_cut(0);
    assert_eq!(next.reopen().size(), 2);
}

#[test]
fn a_write_that_finds_no_room_did_not_happen_and_may_be_tried_again() {
    let mut log = MemoryLog::new(origin());
    let epoch = log.take_over().unwrap();
    append(&mut log, epoch, 2).unwrap();
    let root = log.root();
    log.fail_next(Some(Fault::Full));
    assert_eq!(append(&mut log, epoch, 2), Err(AppendError::Full));
    assert_eq!((log.size(), log.root()), (2, root));
    append(&mut log, epoch, 2).unwrap();
}

#[test]
fn two_handles_on_one_log_never_fork_it() {
    let mut one = MemoryLog::new(origin());
    let mut two = one.reopen();
    let first = one.take_over().unwrap();
    append(&mut one, first, 1).unwrap();
    let second = two.take_over().unwrap();
    assert_eq!(append(&mut one, first, 1), Err(AppendError::Fenced));
    append(&mut two, second, 1).unwrap();
    assert_eq!(one.root(), two.root());
}

#[test]
fn a_log_in_files_is_open_in_one_process_at_a_time() {
    let node = Node::new();
    let log = node.open();
    assert!(matches!(node.try_open(), Err(OpenError::Locked)));
    drop(log);
    node.open();
}

#[test]
fn a_log_is_never_made_where_one_is_nor_opened_where_none_is() {
    let node = Node::new();
    assert!(matches!(
        FileLog::create(node.dir.path(), origin().node),
        Err(OpenError::Exists)
    ));
    std::fs::remove_dir_all(node.log_folder()).unwrap();
    assert_eq!(node.try_open().unwrap_err().code(), "audit-missing");
    assert!(!node.log_folder().exists());
}

#[test]
fn segments_follow_one_another_without_a_seam() {
    let node = Node::new();
    let mut log = node.open();
    log.set_segment_len(6000);
    let epoch = log.take_over().unwrap();
    for count in [1, 2, 3, 1, 1, 4, 2, 1] {
        append(&mut log, epoch, count).unwrap();
    }
    let receipts: Vec<_> = (0..15).map(|index| log.receipt(index).unwrap()).collect();
    drop(log);
    assert!(node.segments().len() > 2);
    let mut log = node.open();
    log.set_segment_len(6000);
    for index in 0..15 {
        assert_eq!(log.read(index).unwrap().content, entry(index).content);
        assert_eq!(log.receipt(index).unwrap(), receipts[index as usize]);
    }
    let epoch = log.take_over().unwrap();
    append(&mut log, epoch, 3).unwrap();
    drop(log);
    assert_eq!(node.open().size(), 18);
}

#[test]
fn another_epochs_secret_opens_no_content_but_the_log_holds() {
    use liaison::seal::at_rest::EpochSecret;
    let node = Node::new();
    let mut log = node.open();
    let epoch = log.take_over().unwrap();
    append(&mut log, epoch, 2).unwrap();
    let root = log.root();
    drop(log);
    let other = EpochSecret::from_bytes(&[6; 32]);
    let key = log_key();
    let (log, _) = FileLog::open(
        node.dir.path(),
        origin().node,
        other,
        &key.verifying_key().clone().into(),
    )
    .unwrap();
    assert_eq!(log.root(), root);
    assert_eq!(log.read(1), Err(ReadError::Erased { index: 1 }));
}

#[test]
fn the_log_of_another_key_or_origin_is_refused() {
    use liaison::audit::Origin;
    use liaison::seal::at_rest::EpochSecret;
    use liaison::seal::sign::SigningKey;
    let node = Node::new();
    let mut log = node.open();
    let epoch = log.take_over().unwrap();
    append(&mut log, epoch, 2).unwrap();
    drop(log);
    let secret = || EpochSecret::from_bytes(&[5; 32]);
    let other = SigningKey::generate(&mut SeededEntropy::new(78));
    let refused = |origin: Origin, key: &SigningKey| {
        FileLog::open(
            node.dir.path(),
            origin.node,
            secret(),
            &key.verifying_key().clone().into(),
        )
        .unwrap_err()
        .code()
    };
    assert_eq!(refused(origin(), &other), "checkpoint-signature");
    let other_node = Origin::first("MK-2".parse().unwrap());
    assert_eq!(refused(other_node, &log_key()), "audit-malformed");
    node.open();
}
