//! A node that was away until its newest receiving key had run out.

use super::*;

#[test]
fn a_backup_that_is_older_than_its_receiving_key_lasts_is_gone_on_with() {
    let mut world = World::new();
    let mk = world.directory().bundle(node("MK-1")).unwrap().clone();
    let (now, times) = (at(140), (at(140), at(170)));
    let log = Rotation {
        log: true,
        ..Rotation::default()
    };
    let keys = world.keys[0].rotated(log, now, &mut world.entropy);
    let restored = mk.restored(&keys, (7, at(100)), times, &mut world.entropy);
    let newest = keys.recipient[0].not_after();
    assert_eq!(restored.recipient[0].not_after, newest, "as it was");
    assert!(restored.is_of(&keys, now));
    let document = restored.clone().sign(&keys.identity, &mut world.entropy);
    assert!(world.directory().with_bundle(document.unwrap()).is_ok());

    // The next one takes its place.
    let receiving = Rotation {
        recipient: true,
        ..Rotation::default()
    };
    let renewed = keys.rotated(receiving, now, &mut world.entropy);
    assert!(!restored.is_of(&renewed, now));
    let next = restored.next(&renewed, 9, times, &mut world.entropy);
    let named: Vec<_> = next.recipient.iter().map(|held| &held.key).collect();
    assert_eq!(named, [renewed.recipient[1].key.public()]);
}

#[test]
fn a_bundle_that_misses_a_newer_key_is_not_of_the_keys_however_old_both_are() {
    let mut world = World::new();
    let first = KeyBundle::peek(&world.cards[0].bundle).unwrap();
    let receiving = Rotation {
        recipient: true,
        ..Rotation::default()
    };
    let renewed = world.keys[0].rotated(receiving, at(101), &mut world.entropy);
    assert!(!first.is_of(&renewed, at(140)));
}
