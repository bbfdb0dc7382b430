//! The node's own format, pinned: the same keys, message and randomness give the same bytes in
//! every later version, or the format has changed and needs another suite number.

use liaison::base::{Digest, SeededEntropy};
use liaison::seal::envelope::{SignedMessage, open_envelope, seal_envelope};
use liaison::seal::recipient::RecipientKey;
use liaison::seal::sign::SigningKey;

#[test]
fn the_envelope_of_suite_1_has_not_changed() {
    let mut entropy = SeededEntropy::new(1);
    let signing = SigningKey::from_seeds(&[1; 64]);
    let recipient = RecipientKey::from_seed(&[2; 32]);
    let (sender, me) = ("MK-1".parse().unwrap(), "RS-1".parse().unwrap());
    let message = SignedMessage::sign(
        &signing,
        sender,
        b"header".to_vec(),
        b"body".to_vec(),
        &mut entropy,
    )
    .unwrap();
    let envelope = seal_envelope(&message, me, recipient.public(), &mut entropy).unwrap();
    assert_eq!(envelope.len(), 92 + 4 + 6 + 1120 + 48 + 4 + 3584 + 16);
    assert_eq!(
        [
            signing.key_id().to_string(),
            recipient.key_id().to_string(),
            message.leaf().to_string(),
            Digest::of(&message.to_bytes()).to_string(),
            Digest::of(&envelope).to_string(),
        ],
        PINNED
    );
    let keys = [recipient].into_iter().collect();
    let opened = open_envelope(&envelope, me, &keys, |_, _| {
        Some(signing.verifying_key().clone())
    });
    assert_eq!(opened, Ok(message));
}

/// Sender's key id, recipient's key id, leaf, stored message, envelope.
const PINNED: [&str; 5] = [
    "2842af22016140d75a56f099cb50d8d7693518176a32eab6a4034cc566f32947",
    "d1f6372dd0241e55609d147d071864240edab8b5cf3ede1f487a2ed0f277b171",
    "c7a5cb34ce4cb9cff540880ac62531802071f07aecbc853214e8a876b54fdd00",
    "bb08e29d1408153cca81f0b75ba6ff7a9252685f700ef2e8a57416df9183d9d7",
    "a644552a0a5de87937a2b62b42dfff25bdb4f726a452d6b8c6647acdfb45171b",
];
