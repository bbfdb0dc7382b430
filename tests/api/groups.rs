//! What the changes of one group share is stored once, and each can be had whole all the same.

use liaison::app::change::{Change, KeptProof};
use liaison::app::content::{ContentReader, read_change, signed_message, whole_receipt};
use liaison::app::core::Outcome;
use liaison::app::{FromPeer, Input};
use liaison::audit::{Receipt, ReceiptBatch, Statement};
use liaison::base::{Digest, MessageId, Role};
use liaison::exchange::Refusal;
use liaison::store::Log as _;

use crate::office::*;

/// How long the content of each entry from `from` on is.
fn lengths(office: &Office, from: u64) -> Vec<usize> {
    let len = |index| office.log.read(index).expect("it is there").content.len();
    (from..office.log.size()).map(len).collect()
}

#[test]
fn messages_of_one_group_share_their_signature_and_stay_whole() {
    let mut office = Office::new();
    let messages: Vec<_> = (0..3)
        .map(|_| office.first_of("TR", Role::Officer, request_body()))
        .collect();
    let size = office.log.size();
    let inputs = messages.iter().map(taken);
    let inputs = inputs.map(|from| Input::Peer(node("TR"), from)).collect();
    office.handle(inputs);
    let lengths = lengths(&office, size);
    assert_eq!(lengths.len(), 3);
    assert!(lengths[0] > lengths[1] + 3_000, "{lengths:?}");
    assert_eq!(lengths[1], lengths[2]);
    for (index, message) in (size..).zip(&messages) {
        let signed = signed_message(&office.log, index).expect("it is whole");
        let FromPeer::Message(_, signature) = taken(message) else {
            unreachable!("it is a message");
        };
        assert_eq!(signed, message.signed(*signature));
        let record = office.log.read(index).expect("it is there");
        let (by, change) = read_change(&record.content).expect("it is readable");
        assert_eq!(by.member, member("TR"));
        assert_eq!(change, Change::Received(Box::new(message.clone()), None));
    }
}

#[test]
fn what_is_refused_to_a_peer_in_one_group_travels_together() {
    let mut office = Office::new();
    let unreadable = |(peer, what): (&str, &str)| {
        let digest = Digest::of(what.as_bytes());
        let refusal = Refusal::UnknownRecipientKey;
        Input::Peer(node(peer), FromPeer::Unreadable { digest, refusal })
    };
    let inputs = [("TR", "one"), ("AT", "two"), ("TR", "three")].map(unreadable);
    let outcomes = office.handle(inputs.to_vec());
    let refused = outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Refuse { peer, refusals } => Some((*peer, refusals.len())),
        _ => None,
    });
    let refused: Vec<_> = refused.collect();
    assert_eq!(refused, [(node("AT"), 1), (node("TR"), 2)]);
}

#[test]
fn a_message_that_comes_later_under_the_same_signature_has_its_own_copy() {
    let mut office = Office::new();
    for _ in 0..2 {
        let size = office.log.size();
        let message = office.first_of("TR", Role::Officer, request_body());
        office.takes(&message);
        assert!(lengths(&office, size)[0] > 3_373);
        let signed = signed_message(&office.log, size).expect("it is whole");
        assert_eq!(signed.leaf(), message.leaf());
    }
}

#[test]
fn messages_sent_in_one_group_are_sent_again_whole() {
    let mut office = Office::new();
    let size = office.log.size();
    let inputs = (0..3).map(|_| office.asking_tr()).collect();
    office.handle(inputs);
    // Beside each message stands that it was compared with others.
    let is_sent = |index: &u64| {
        let record = office.log.read(*index).expect("it is there");
        let (_, change) = read_change(&record.content).expect("it is readable");
        matches!(change, Change::Sent(_))
    };
    let sent: Vec<u64> = (size..office.log.size()).filter(is_sent).collect();
    let all = lengths(&office, size);
    let at = |index: u64| usize::try_from(index - size).expect("few entries");
    let lengths: Vec<usize> = sent.iter().map(|index| all[at(*index)]).collect();
    assert!(lengths[0] > lengths[1] + 3_000, "{lengths:?}");
    for index in sent {
        let signed = signed_message(&office.log, index).expect("it is whole");
        let record = office.log.read(index).expect("it is there");
        let (_, change) = read_change(&record.content).expect("it is readable");
        let Change::Sent(message) = change else {
            panic!("it was sent");
        };
        assert_eq!(signed.leaf(), message.leaf());
        assert_eq!(signed.signature.signature.as_bytes(), &[0; 3_373]);
    }
}

/// Receipts of TR's log for these messages, under one checkpoint.
fn receipts(office: &Office, sent: &[MessageId]) -> Vec<Receipt> {
    let leaf = |id| {
        let sent = office
            .changes_since(0)
            .into_iter()
            .find_map(|change| match change {
                Change::Sent(message) if message.header.id == id => Some(message.leaf()),
                _ => None,
            });
        sent.expect("it was sent")
    };
    let statement = |id: &MessageId| Statement::Received {
        sender: node("MK"),
        id: *id,
        leaf: leaf(*id),
    };
    receipts_of("TR", sent.iter().map(statement).collect(), office.now)
}

/// TR's receipts come in one group.
fn come_in(office: &mut Office, receipts: &[Receipt]) {
    let inputs = receipts.iter().map(|receipt| proven(receipt.clone()));
    let inputs = inputs.map(|from| Input::Peer(node("TR"), from)).collect();
    office.handle(inputs);
}

#[test]
fn receipts_of_one_checkpoint_are_kept_together_and_come_out_whole() {
    let mut office = Office::new();
    let sent: Vec<_> = (0..3).map(|_| office.asked_tr()).collect();
    let receipts = receipts(&office, &sent);
    let size = office.log.size();
    come_in(&mut office, &receipts);
    let lengths = lengths(&office, size);
    assert_eq!(lengths.len(), 3);
    assert!(lengths[0] > 3_413 && lengths[1] < 400, "{lengths:?}");
    for (index, receipt) in (size..).zip(&receipts) {
        let record = office.log.read(index).expect("it is there");
        let (_, change) = read_change(&record.content).expect("it is readable");
        let Change::ReceiptKept(kept) = change else {
            panic!("a receipt was kept");
        };
        let whole = whole_receipt(&office.log, &kept).expect("it is whole");
        assert_eq!(whole.encode(), receipt.encode());
        assert_eq!(kept.from, node("TR"));
        assert_eq!(kept.at, office.now);
        assert!(sent.contains(&kept.message));
    }
    for exchange in sent {
        assert_eq!(state_of(&mut office, exchange), "delivered");
    }
}

#[test]
fn whoever_reads_entries_in_their_order_has_each_receipt_whole() {
    let mut office = Office::new();
    let sent: Vec<_> = (0..3).map(|_| office.asked_tr()).collect();
    let receipts = receipts(&office, &sent);
    let size = office.log.size();
    come_in(&mut office, &receipts);
    let mut reader = ContentReader::default();
    let proofs = (size..office.log.size()).map(|index| {
        let content = office.log.read(index).expect("it is there").content;
        let (_, change) = reader.read(index, &content).expect("it is readable");
        match change {
            Change::ReceiptKept(kept) => kept.proof,
            other => panic!("a receipt was kept: {other:?}"),
        }
    });
    let whole = |receipt: &Receipt| KeptProof::Whole(Box::new(receipt.clone()));
    assert!(proofs.eq(receipts.iter().map(whole)));
}

#[test]
fn a_receipt_that_was_known_takes_no_part_in_what_the_others_share() {
    let mut office = Office::new();
    let sent: Vec<_> = (0..3).map(|_| office.asked_tr()).collect();
    let receipts = receipts(&office, &sent);
    office.peer("TR", proven(receipts[0].clone()));
    let size = office.log.size();
    come_in(&mut office, &receipts);
    assert_eq!(office.log.size(), size + 2);
    let content = office.log.read(size).expect("it is there").content;
    let batch = ReceiptBatch::of(&receipts[1..]).remove(0);
    let common = batch.common.encode();
    assert!(content.windows(common.len()).any(|part| part == common));
}
