use super::*;
use crate::base::{NodeId, SeededEntropy, Timestamp};

struct Node {
    _folder: tempfile::TempDir,
    recovery: Recovery,
    keys: Keys,
    entropy: SeededEntropy,
}

fn node() -> Node {
    let folder = tempfile::tempdir().unwrap();
    let mut entropy = SeededEntropy::new(7);
    let id: NodeId = "MK-1".parse().unwrap();
    Node {
        recovery: Recovery::beside(&folder.path().join("keystore")),
        _folder: folder,
        keys: Keys::generate(id, Timestamp::default(), &mut entropy),
        entropy,
    }
}

fn shares(node: &mut Node, needed: u8, of: u8) -> Vec<Share> {
    let set_up = node
        .recovery
        .set_up(&node.keys, needed, of, &mut node.entropy);
    set_up.unwrap()
}

fn opens(node: &Node, shares: &[Share]) -> bool {
    let keys = node.recovery.open(shares);
    keys.is_ok_and(|keys| *keys.to_bytes() == *node.keys.to_bytes())
}

#[test]
fn any_threshold_of_the_shares_opens_the_keys() {
    let mut node = node();
    let shares = shares(&mut node, 3, 5);
    for a in 0..5 {
        for b in a + 1..5 {
            for c in b + 1..5 {
                let three = [&shares[a], &shares[b], &shares[c]].map(Clone::clone);
                assert!(opens(&node, &three), "{a} {b} {c}");
            }
        }
    }
    assert!(opens(&node, &shares));
}

#[test]
fn fewer_shares_than_needed_open_nothing() {
    let mut node = node();
    let shares = shares(&mut node, 3, 5);
    assert!(matches!(
        node.recovery.open(&shares[..2]),
        Err(RecoveryError::Share(ShareError::TooFew { needed: 3, .. }))
    ));
    let twice = [&shares[0], &shares[1], &shares[0]].map(Clone::clone);
    assert!(matches!(
        node.recovery.open(&twice),
        Err(RecoveryError::Share(ShareError::Twice))
    ));
    assert!(matches!(
        node.recovery.open(&[]),
        Err(RecoveryError::Share(_))
    ));
}

#[test]
fn keys_that_changed_are_recovered_as_they_are_now() {
    let mut node = node();
    let shares = shares(&mut node, 2, 3);
    node.keys = Keys::generate(node.keys.node, Timestamp::default(), &mut node.entropy);
    assert!(!opens(&node, &shares[..2]));
    node.recovery.renew(&node.keys, &mut node.entropy).unwrap();
    assert!(opens(&node, &shares[1..]));
}

#[test]
fn shares_of_an_earlier_recovery_key_are_worth_nothing() {
    let mut node = node();
    let old = shares(&mut node, 2, 3);
    shares(&mut node, 2, 3);
    assert!(matches!(
        node.recovery.open(&old),
        Err(RecoveryError::Share(ShareError::OtherKey))
    ));
}

#[test]
fn a_node_without_recovery_renews_nothing_and_says_so_when_asked() {
    let mut node = node();
    node.recovery.renew(&node.keys, &mut node.entropy).unwrap();
    assert!(matches!(
        node.recovery.open(&[]),
        Err(RecoveryError::NotSetUp)
    ));
}

#[test]
fn senseless_numbers_of_shares_are_refused() {
    let mut node = node();
    for (needed, of) in [(0, 3), (1, 3), (4, 3), (2, 1), (2, 17)] {
        let set_up = node
            .recovery
            .set_up(&node.keys, needed, of, &mut node.entropy);
        assert!(
            matches!(set_up, Err(RecoveryError::Shares)),
            "{needed} {of}"
        );
    }
}

#[test]
fn a_share_survives_being_typed_and_one_wrong_character_is_noticed() {
    let mut node = node();
    let share = shares(&mut node, 2, 3).remove(0);
    let text = share.to_string();
    assert_eq!(text.to_uppercase().parse::<Share>().unwrap(), share);
    assert!(!format!("{share:?}").contains(&text[40..48]));
    for i in 0..text.len() {
        let mut typed = text.clone().into_bytes();
        typed[i] = if typed[i] == b'3' { b'4' } else { b'3' };
        let typed = String::from_utf8(typed).unwrap();
        assert!(typed.parse::<Share>().is_err(), "{i}");
    }
    for cut in 0..text.len() {
        assert!(text[..cut].parse::<Share>().is_err(), "{cut}");
    }
}

#[test]
fn a_damaged_file_is_named_so() {
    let mut node = node();
    let shares = shares(&mut node, 2, 2);
    let sealed = fs::read(&node.recovery.sealed).unwrap();
    for at in [0, 8, 1_200, sealed.len() - 1] {
        let mut damaged = sealed.clone();
        damaged[at] ^= 1;
        fs::write(&node.recovery.sealed, damaged).unwrap();
        assert!(matches!(
            node.recovery.open(&shares),
            Err(RecoveryError::Damaged)
        ));
    }
}
