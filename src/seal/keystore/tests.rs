use super::*;
use crate::base::{Digest, SeededEntropy, Timestamp};

pub(super) const WEAK: Work = Work {
    memory_kib: 16,
    passes: 1,
    lanes: 1,
};

fn keys(seed: u64) -> Keys {
    Keys::generate(
        "MK-1".parse().unwrap(),
        Timestamp::from_millis(1_000),
        &mut SeededEntropy::new(seed),
    )
}

fn sealed(keys: &Keys) -> Vec<u8> {
    encode("correct horse", keys, WEAK, &mut SeededEntropy::new(9)).unwrap()
}

#[test]
fn keys_survive_their_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keystore");
    let keys = keys(1);
    let mut entropy = SeededEntropy::new(2);
    Keystore::create_weak(&path, "correct horse", &keys, &mut entropy).unwrap();
    let read = Keystore::open(&path, "correct horse").unwrap();
    assert_eq!(read.node, keys.node);
    assert_eq!(read.identity.key_id(), keys.identity.key_id());
    assert_eq!(read.log.key_id(), keys.log.key_id());
    assert_eq!(read.tls.pkcs8(), keys.tls.pkcs8());
    assert_eq!(read.storage_key, keys.storage_key);
    assert_eq!(read.people_key, keys.people_key);
    assert_eq!(
        read.recipient[0].key.key_id(),
        keys.recipient[0].key.key_id()
    );
    assert_eq!(read.recipient[0].created, keys.recipient[0].created);
    assert_eq!(
        read.recipient[0].decrypt_until,
        keys.recipient[0].decrypt_until
    );
}

#[test]
fn a_keystore_is_never_overwritten_and_only_its_owner_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keystore");
    let mut entropy = SeededEntropy::new(3);
    Keystore::create_weak(&path, "one", &keys(1), &mut entropy).unwrap();
    let again = Keystore::create_weak(&path, "two", &keys(2), &mut entropy);
    assert!(matches!(again, Err(KeystoreError::Exists)));
    let again = Keystore::create(&path, "two", &keys(2), &mut entropy);
    assert!(matches!(again, Err(KeystoreError::Exists)));
    assert!(Keystore::open(&path, "one").is_ok());
    #[cfg(unix)]
    {
        let metadata = std::fs::metadata(&path).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn the_wrong_passphrase_opens_nothing() {
    let bytes = sealed(&keys(1));
    assert!(decode("correct horse", &bytes).is_ok());
    for wrong in ["", "correct horsf", "correct horse ", "Correct horse"] {
        assert!(matches!(
            decode(wrong, &bytes),
            Err(KeystoreError::WrongPassphrase)
        ));
    }
}

#[test]
fn a_damaged_keystore_opens_nowhere() {
    let bytes = sealed(&keys(1));
    // A flip among the parameters could ask for a gigabyte: the next test is about those.
    for at in (0..8).chain(20..bytes.len()) {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        assert!(decode("correct horse", &bad).is_err(), "byte {at}");
    }
    for len in 0..bytes.len() {
        assert!(
            decode("correct horse", &bytes[..len]).is_err(),
            "length {len}"
        );
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(decode("correct horse", &longer).is_err());
}

#[test]
fn hostile_parameters_are_refused_before_any_work() {
    let bytes = sealed(&keys(1));
    for (memory, passes, lanes) in [
        (u32::MAX, 1, 1),
        (1024 * 1024 + 1, 1, 1),
        (16, u32::MAX, 1),
        (16, 11, 1),
        (1024, 1, 5),
        (1024, 1, u32::MAX),
        (0, 1, 1),
        (16, 0, 1),
        (16, 1, 0),
        (16, 1, 4),
    ] {
        let mut bad = bytes.clone();
        bad[8..12].copy_from_slice(&u32::to_be_bytes(memory));
        bad[12..16].copy_from_slice(&u32::to_be_bytes(passes));
        bad[16..20].copy_from_slice(&u32::to_be_bytes(lanes));
        assert!(matches!(
            decode("correct horse", &bad),
            Err(KeystoreError::HostileParameters)
        ));
    }
}

#[test]
fn changed_parameters_within_the_caps_open_nothing() {
    let mut bytes = sealed(&keys(1));
    bytes[15] = 2;
    assert!(matches!(
        decode("correct horse", &bytes),
        Err(KeystoreError::WrongPassphrase)
    ));
}

#[test]
fn a_new_keystore_costs_what_it_should() {
    assert_eq!(Work::STANDARD.memory_kib, 262_144);
    assert_eq!((Work::STANDARD.passes, Work::STANDARD.lanes), (3, 1));
    assert!(Work::STANDARD.check().is_ok());
}

#[test]
fn a_keystore_of_another_version_is_told_apart() {
    let mut bytes = sealed(&keys(1));
    bytes[7] = 2;
    assert!(matches!(
        decode("correct horse", &bytes),
        Err(KeystoreError::UnsupportedVersion(2))
    ));
    bytes[0] = 0;
    assert!(matches!(
        decode("correct horse", &bytes),
        Err(KeystoreError::NotAKeystore)
    ));
}

#[test]
fn a_receiving_key_is_sealed_to_for_thirty_days_and_opens_for_fourteen_more() {
    let first = keys(1);
    let held = &first.recipient[0];
    assert_eq!(held.not_after(), day(30));
    assert_eq!(held.decrypt_until, day(44));
    let receiving = Rotation {
        recipient: true,
        ..Rotation::default()
    };
    let renewed = first.rotated(receiving, day(23), &mut SeededEntropy::new(10));
    let opens = |now| {
        renewed
            .recipient_keys(now)
            .find(&held.key.key_id())
            .is_some()
    };
    assert!(opens(held.decrypt_until));
    assert!(!opens(day(44).plus(std::time::Duration::from_millis(1))));
}

#[test]
fn the_newest_receiving_key_opens_until_two_weeks_after_the_next_is_made() {
    let first = keys(1);
    let id = first.recipient[0].key.key_id();
    // A list that ran out let nobody make keys, and others sealed to this one.
    assert!(first.recipient_keys(day(80)).find(&id).is_some());
    let receiving = Rotation {
        recipient: true,
        ..Rotation::default()
    };
    let renewed = first.rotated(receiving, day(80), &mut SeededEntropy::new(10));
    assert_eq!(renewed.recipient[0].not_after(), day(30));
    for (now, opens) in [(day(94), true), (day(95), false)] {
        assert_eq!(renewed.recipient_keys(now).find(&id).is_some(), opens);
        assert_eq!(renewed.outlived(now).count(), usize::from(!opens));
    }
}

#[test]
fn the_tls_key_is_what_ring_and_its_pin_say() {
    let keys = keys(1);
    let pair = ring::signature::Ed25519KeyPair::from_pkcs8(keys.tls.pkcs8()).unwrap();
    let public = ring::signature::KeyPair::public_key(&pair).as_ref();
    assert_eq!(TlsKey::public_in(&keys.tls.spki()), Some(public));
    assert_eq!(keys.tls.pin(), Digest::of(&keys.tls.spki()));
}

#[test]
fn keys_print_only_whose_they_are() {
    assert_eq!(format!("{:?}", keys(1)), "Keys(MK-1)");
    assert_eq!(format!("{:?}", keys(1).tls), "TlsKey");
}

#[test]
fn a_keystore_is_replaced_at_full_cost_and_only_where_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keystore");
    let mut entropy = SeededEntropy::new(4);
    let missing = Keystore::replace(&path, "two", &keys(2), &mut entropy);
    assert!(matches!(missing, Err(KeystoreError::Io(_))));
    Keystore::create_weak(&path, "one", &keys(1), &mut entropy).unwrap();
    Keystore::replace(&path, "two", &keys(2), &mut entropy).unwrap();
    let read = Keystore::open(&path, "two").unwrap();
    assert_eq!(read.identity.key_id(), keys(2).identity.key_id());
}

const DAY: i64 = 24 * 3600 * 1000;

fn day(days: i64) -> Timestamp {
    Timestamp::from_millis(1_000 + days * DAY)
}

#[test]
fn keys_are_due_by_age() {
    let keys = keys(1);
    let mut entropy = SeededEntropy::new(5);
    assert!(keys.due(day(22)).is_empty());
    let month = keys.due(day(23));
    assert!(month.tls && month.recipient && !month.log, "{month:?}");
    let rotated = keys.rotated(month, day(23), &mut entropy);
    assert!(rotated.due(day(45)).is_empty());
    assert_eq!(keys.due(day(365)), Rotation::ALL);
    let rotated = rotated.rotated(Rotation::ALL, day(365), &mut entropy);
    assert!(rotated.due(day(387)).is_empty());
}

#[test]
fn new_keys_stand_beside_those_that_are_still_needed() {
    let old = keys(1);
    let mut entropy = SeededEntropy::new(6);
    let new = old.rotated(Rotation::ALL, day(23), &mut entropy);
    assert_eq!(
        new.tls.pin(),
        old.tls.pin(),
        "shown until peers know the next"
    );
    let next = new.next_tls.as_ref().unwrap().pin();
    assert_ne!(next, old.tls.pin());
    let shown = new.with_next_tls();
    assert_eq!(shown.tls.pin(), next);
    assert!(shown.next_tls.is_none());
    assert_ne!(new.log.key_id(), old.log.key_id());
    assert_eq!(new.identity.key_id(), old.identity.key_id());
    assert_eq!(new.storage_key, old.storage_key);
    let [first, second] = &new.recipient[..] else {
        panic!("two receiving keys");
    };
    assert_eq!(first.key.key_id(), old.recipient[0].key.key_id());
    // What was sealed to the first opens for two weeks more, and then it is gone.
    let opens = |keys: &Keys, at| keys.recipient_keys(at).find(&first.key.key_id()).is_some();
    assert!(opens(&new, day(44)));
    assert_eq!(new.without_outlived(day(44)).recipient.len(), 2);
    let outlived = new.without_outlived(day(45));
    assert_eq!(outlived.recipient.len(), 1);
    assert_eq!(outlived.recipient[0].key.key_id(), second.key.key_id());
    // A node always keeps its newest key.
    assert_eq!(outlived.outlived(day(400)).count(), 0);
}

#[test]
fn a_node_writes_its_open_keystore_again_without_the_passphrase() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keystore");
    let mut entropy = SeededEntropy::new(7);
    Keystore::create_weak(&path, "one", &keys(1), &mut entropy).unwrap();
    let (held, unlocked) = Keystore::unlock(&path, "one").unwrap();
    let rotated = held.rotated(Rotation::ALL, day(23), &mut entropy);
    unlocked.replace(&rotated, &mut entropy).unwrap();
    let first = std::fs::read(&path).unwrap();
    let read = Keystore::open(&path, "one").unwrap();
    assert_eq!(read.log.key_id(), rotated.log.key_id());
    let pin = |keys: &Keys| keys.next_tls.as_ref().map(TlsKey::pin);
    assert_eq!(pin(&read), pin(&rotated));
    assert!(
        read.due(day(45)).is_empty(),
        "the ages of the keys are kept"
    );
    unlocked.replace(&rotated, &mut entropy).unwrap();
    assert_ne!(std::fs::read(&path).unwrap(), first, "the nonce is new");
}

#[test]
fn a_node_does_not_undo_a_change_of_passphrase() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keystore");
    let mut entropy = SeededEntropy::new(8);
    Keystore::create_weak(&path, "one", &keys(1), &mut entropy).unwrap();
    let (held, unlocked) = Keystore::unlock(&path, "one").unwrap();
    let lock = Keystore::lock(&path).unwrap();
    let meanwhile = unlocked.replace(&held, &mut entropy);
    assert!(matches!(meanwhile, Err(KeystoreError::InUse)));
    Keystore::replace(&path, "two", &held, &mut entropy).unwrap();
    drop(lock);
    let later = unlocked.replace(&held, &mut entropy);
    assert!(matches!(later, Err(KeystoreError::Resealed)));
    assert!(Keystore::open(&path, "two").is_ok());
}

#[test]
fn an_order_leaves_what_was_made_since_it_as_it_is() {
    let second = Timestamp::from_millis;
    let all = Order {
        what: Rotation::ALL,
        at: second(2_000),
    };
    let old = keys(1);
    assert_eq!(all.left(&old), Rotation::ALL);
    let log = Rotation {
        log: true,
        ..Rotation::default()
    };
    let mut entropy = SeededEntropy::new(2);
    let renewed = old.rotated(log, second(2_000), &mut entropy);
    let left = Rotation {
        log: false,
        ..Rotation::ALL
    };
    assert_eq!(all.left(&renewed), left);
    let renewed = renewed.rotated(left, second(2_001), &mut entropy);
    assert!(all.left(&renewed).is_empty());
    let later = Order {
        what: log,
        at: second(3_000),
    };
    assert_eq!(later.left(&renewed), log);
    assert_eq!(all.and(later).left(&renewed), Rotation::ALL);
}
