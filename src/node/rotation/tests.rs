use super::*;
use crate::base::SeededEntropy;
use crate::seal::keystore::{Keystore, Rotation};
use crate::seal::sign::SigningKey;
use crate::seal::trust::{DocumentKind, LogKey, Rule, TrustError};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The keys of a node in a folder, none of which is in a trust list.
struct Held {
    own: OwnKeys,
    _place: tempfile::TempDir,
}

/// A node whose keys were made so long ago, and of whose first bundle `change` makes another.
fn held(age: Duration, change: impl FnOnce(&mut KeyBundle)) -> Held {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder(place.path().to_owned());
    std::fs::create_dir(place.path().join("keys")).unwrap();
    std::fs::create_dir_all(folder.trust().join("bundles")).unwrap();
    let mut entropy = SeededEntropy::new(1);
    let made = Timestamp::system().minus(age);
    let keys = Keys::generate("MK-1".parse().unwrap(), made, &mut entropy);
    Keystore::create_weak(&folder.keystore(), "one", &keys, &mut entropy).unwrap();
    let mut bundle = KeyBundle::first(&keys, made, made.plus(BUNDLE_LIFE));
    change(&mut bundle);
    let bundle = bundle.sign(&keys.identity, &mut entropy).unwrap();
    folder.save_own_bundle(keys.node, &bundle).unwrap();
    let (keys, unlocked) = Keystore::unlock(&folder.keystore(), "one").unwrap();
    let own = OwnKeys {
        folder,
        unlocked: Arc::new(unlocked),
        keys: Current::new(keys),
        directory: Current::new(None),
    };
    Held { own, _place: place }
}

impl Held {
    /// The keystore and the bundle, as they lie on the disk.
    fn files(&self) -> [Vec<u8>; 2] {
        let (folder, node) = (&self.own.folder, self.own.keys.get().node);
        [folder.keystore(), folder.bundle(node)].map(|file| std::fs::read(file).unwrap())
    }
}

const LOG: Rotation = Rotation {
    tls: false,
    recipient: false,
    log: true,
};

#[test]
fn a_node_that_was_off_for_longer_than_its_receiving_key_lasts_puts_other_keys_in_force() {
    let held = held(40 * DAY, |_| ());
    let replaced = held
        .own
        .replace(9, |keys, now| keys.rotated(LOG, now, &mut OsEntropy));
    replaced.unwrap();
    let keys = held.own.keys.get();
    reconciled(&held.own.folder, &keys, None, 9, 0).unwrap();
    let own = held.own.folder.own_bundle(keys.node).unwrap();
    assert_eq!(KeyBundle::peek(&own).unwrap().recipient.len(), 1);
}

#[test]
fn keys_that_no_bundle_can_name_are_not_stored() {
    let mut entropy = SeededEntropy::new(2);
    let held = held(DAY, |bundle| {
        let first = bundle.log[0].clone();
        // As many as a bundle may name, the node's own last.
        let more = (0..63_u64).map(|after| LogKey {
            key: SigningKey::generate(&mut entropy).verifying_key().clone(),
            after,
            ..first.clone()
        });
        let own = LogKey {
            after: 63,
            ..first.clone()
        };
        bundle.log = more.chain([own]).collect();
    });
    let before = held.files();
    let refused = held
        .own
        .replace(99, |keys, now| keys.rotated(LOG, now, &mut OsEntropy));
    let why = TrustError::Rule(DocumentKind::Bundle, Rule::TooMany).to_string();
    assert!(matches!(refused, Err(NodeError::Trust(told)) if told == why));
    assert!(held.files() == before, "nothing was written");
    // So the node starts again.
    let keys = held.own.keys.get();
    reconciled(&held.own.folder, &keys, None, 99, 0).unwrap();
}
