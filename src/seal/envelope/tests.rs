mod parcels;

use std::sync::atomic::{AtomicUsize, Ordering};

use super::seal::{plaintext, seal_plaintext};
use super::*;
use crate::base::{Entropy as _, SeededEntropy};
use crate::seal::recipient::{RecipientKey, RecipientKeys};
use crate::seal::sign::{KeyId, SigningKey, VerifyingKey};

/// Two nodes, and what the recipient needs to open an envelope of the sender.
struct World {
    entropy: SeededEntropy,
    signing: SigningKey,
    recipient: RecipientKey,
    keys: RecipientKeys,
    sender: NodeId,
    me: NodeId,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut entropy = SeededEntropy::new(seed);
        let signing = SigningKey::generate(&mut entropy);
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        Self {
            signing,
            recipient: RecipientKey::from_seed(&bytes),
            keys: [RecipientKey::from_seed(&bytes)].into_iter().collect(),
            sender: "MK-1".parse().unwrap(),
            me: "RS-1".parse().unwrap(),
            entropy,
        }
    }

    fn message(&mut self, body: usize) -> SignedMessage {
        let body = (0..body).map(|i| i.to_le_bytes()[0]).collect();
        SignedMessage::sign(
            &self.signing,
            self.sender,
            b"header".to_vec(),
            body,
            &mut self.entropy,
        )
        .unwrap()
    }

    fn seal(&mut self, message: &SignedMessage) -> Vec<u8> {
        let (me, key) = (self.me, self.recipient.public());
        seal_envelope(message, me, key, &mut self.entropy).unwrap()
    }

    /// Seals any plaintext with a valid wrap, as a hostile sender can.
    fn seal_raw(&mut self, message: &SignedMessage, plaintext: Vec<u8>) -> Vec<u8> {
        let prefix = EnvelopePrefix {
            sender: message.sender,
            sender_key: message.signature.key_id,
            recipient: self.me,
            recipient_key: self.recipient.key_id(),
        };
        let key = self.recipient.public();
        seal_plaintext(prefix, &message.header, plaintext, key, &mut self.entropy)
    }

    fn directory(&self) -> impl Fn(NodeId, KeyId) -> Option<VerifyingKey> {
        let (sender, key) = (self.sender, self.signing.verifying_key().clone());
        move |node, id| (node == sender && id == key.key_id()).then(|| key.clone())
    }

    fn open(&self, envelope: &[u8]) -> Result<SignedMessage, EnvelopeError> {
        open_envelope(envelope, self.me, &self.keys, self.directory())
    }
}

#[test]
fn an_envelope_opens_to_the_message_that_was_signed() {
    let mut world = World::new(1);
    for body in [0, 1, 1024, MAX_BODY] {
        let message = world.message(body);
        let envelope = world.seal(&message);
        assert_eq!(world.open(&envelope), Ok(message));
    }
}

#[test]
fn a_message_sealed_again_is_the_same_message_in_other_bytes() {
    let mut world = World::new(2);
    let message = world.message(100);
    let (one, two) = (world.seal(&message), world.seal(&message));
    assert_ne!(one, two);
    assert_eq!(world.open(&one), world.open(&two));
}

#[test]
fn every_message_of_a_group_opens_alone() {
    let mut world = World::new(3);
    let bodies = (0..5u8).map(|i| (vec![i], vec![i; 100])).collect();
    let group = SignedMessage::sign_all(&world.signing, world.sender, bodies, &mut world.entropy);
    for message in group.unwrap() {
        let envelope = world.seal(&message);
        assert_eq!(world.open(&envelope), Ok(message));
    }
}

#[test]
fn every_single_bit_flip_is_rejected() {
    let mut world = World::new(4);
    let message = world.message(1024);
    let envelope = world.seal(&message);
    let bits = envelope.len() * 8;
    assert!((45_000..60_000).contains(&bits), "{bits}");
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let next = AtomicUsize::new(0);
    let rejected = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut flipped = envelope.clone();
                loop {
                    let bit = next.fetch_add(1, Ordering::Relaxed);
                    if bit >= bits {
                        return;
                    }
                    flipped[bit / 8] ^= 1 << (bit % 8);
                    assert!(world.open(&flipped).is_err(), "bit {bit} changes nothing");
                    flipped[bit / 8] ^= 1 << (bit % 8);
                    rejected.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(rejected.into_inner(), bits);
    assert_eq!(world.open(&envelope), Ok(message));
}

#[test]
fn an_envelope_cut_anywhere_is_too_short() {
    let mut world = World::new(5);
    let message = world.message(10);
    let envelope = world.seal(&message);
    for len in 0..envelope.len() {
        assert_eq!(world.open(&envelope[..len]), Err(EnvelopeError::TooShort));
    }
}

#[test]
fn bytes_after_an_envelope_are_refused() {
    let mut world = World::new(6);
    let message = world.message(10);
    let mut envelope = world.seal(&message);
    envelope.push(0);
    assert_eq!(world.open(&envelope), Err(EnvelopeError::TrailingBytes));
}

#[test]
fn an_envelope_for_another_node_or_key_is_refused() {
    let mut world = World::new(7);
    let message = world.message(10);
    let other: NodeId = "RS-2".parse().unwrap();
    let stranger = RecipientKey::generate(&mut world.entropy);
    let key = world.recipient.public().clone();
    let elsewhere = seal_envelope(&message, other, &key, &mut world.entropy).unwrap();
    assert_eq!(
        world.open(&elsewhere),
        Err(EnvelopeError::NotForThisNode(other))
    );
    let me = world.me;
    let unknown = seal_envelope(&message, me, stranger.public(), &mut world.entropy).unwrap();
    assert_eq!(
        world.open(&unknown),
        Err(EnvelopeError::UnknownRecipientKey(stranger.key_id()))
    );
}

#[test]
fn a_carrier_cannot_redirect_an_envelope() {
    let mut world = World::new(8);
    let message = world.message(10);
    let other: NodeId = "RS-2".parse().unwrap();
    let key = world.recipient.public().clone();
    let mut redirected = seal_envelope(&message, other, &key, &mut world.entropy).unwrap();
    redirected[51..60].copy_from_slice(&world.me.to_bytes());
    assert_eq!(world.open(&redirected), Err(EnvelopeError::WrongWrap));
}

#[test]
fn wraps_and_ciphertexts_cannot_be_exchanged() {
    let mut world = World::new(9);
    let (first, second) = (world.message(10), world.message(10));
    let (one, two) = (world.seal(&first), world.seal(&second));
    assert_eq!(one.len(), two.len());
    let wrap = PREFIX_LEN + 4 + first.header.len();
    let ciphertext = wrap + ENC_LEN + WRAPPED_LEN;
    for range in [
        wrap..wrap + ENC_LEN,
        wrap + ENC_LEN..ciphertext,
        wrap..ciphertext,
        ciphertext..one.len(),
    ] {
        let mut mixed = one.clone();
        mixed[range.clone()].copy_from_slice(&two[range]);
        assert_eq!(world.open(&mixed), Err(EnvelopeError::WrongWrap));
    }
}

#[test]
fn a_sender_whom_the_trust_list_does_not_know_is_refused_before_anything_is_decrypted() {
    let mut world = World::new(10);
    let mut message = world.message(10);
    message.sender = "AL-1".parse().unwrap();
    let envelope = world.seal(&message);
    assert_eq!(
        world.open(&envelope),
        Err(EnvelopeError::UnknownSender(message.sender))
    );
    let stranger = SigningKey::generate(&mut world.entropy);
    let message =
        SignedMessage::sign(&stranger, world.sender, vec![], vec![], &mut world.entropy).unwrap();
    let envelope = world.seal(&message);
    assert_eq!(
        world.open(&envelope),
        Err(EnvelopeError::UnknownSender(world.sender))
    );
}

#[test]
fn a_signature_by_another_key_over_other_bytes_or_for_another_sender_is_refused() {
    let mut world = World::new(11);
    let message = world.message(10);
    let stranger = SigningKey::generate(&mut world.entropy);
    let forged = SignedMessage::sign(
        &stranger,
        world.sender,
        message.header.clone(),
        message.body.clone(),
        &mut world.entropy,
    )
    .unwrap();
    let mut claims_the_key = forged;
    claims_the_key.signature.key_id = world.signing.key_id();
    let mut other_body = message.clone();
    other_body.body[0] ^= 1;
    let mut other_header = message.clone();
    other_header.header[0] ^= 1;
    let mut other_random = message.clone();
    other_random.random[0] ^= 1;
    let elsewhere: NodeId = "MK-2".parse().unwrap();
    let lifted = SignedMessage::sign(
        &world.signing,
        elsewhere,
        message.header.clone(),
        message.body.clone(),
        &mut world.entropy,
    )
    .unwrap();
    let lifted = SignedMessage {
        sender: world.sender,
        ..lifted
    };
    for bad in [
        claims_the_key,
        other_body,
        other_header,
        other_random,
        lifted,
    ] {
        let envelope = world.seal(&bad);
        assert_eq!(world.open(&envelope), Err(EnvelopeError::BadSignature));
    }
}

#[test]
fn a_plaintext_has_exactly_one_layout() {
    let mut world = World::new(12);
    let message = world.message(10);
    let good = plaintext(&message);
    let envelope = world.seal_raw(&message, good.clone());
    assert_eq!(world.open(&envelope), Ok(message.clone()));

    let mut bad = Vec::new();
    for at in [4 + 32 + message.signature.len() + 10, good.len() - 1] {
        let mut padded = good.clone();
        padded[at] = 1;
        bad.push(padded);
    }
    let mut longer = good.clone();
    longer.extend_from_slice(&[0; 512]);
    bad.push(longer);
    bad.push(good[..good.len() - 1].to_vec());
    bad.push(Vec::new());
    for body_len in [MAX_BODY + 1, good.len(), usize::try_from(u32::MAX).unwrap()] {
        let mut declared = good.clone();
        let len = u32::try_from(body_len).unwrap();
        declared[..4].copy_from_slice(&len.to_be_bytes());
        bad.push(declared);
    }
    let mut path = good.clone();
    path[4 + 32 + 8] = 33;
    bad.push(path);
    for plaintext in bad {
        let envelope = world.seal_raw(&message, plaintext);
        assert_eq!(
            world.open(&envelope),
            Err(EnvelopeError::MalformedPlaintext)
        );
    }
}

#[test]
fn a_message_above_the_limits_is_neither_sealed_nor_opened() {
    let mut world = World::new(13);
    let mut message = world.message(0);
    let key = world.recipient.public().clone();
    message.header = vec![0; MAX_HEADER + 1];
    let sealed = seal_envelope(&message, world.me, &key, &mut world.entropy);
    assert_eq!(sealed, Err(TooLong));
    message.header = vec![];
    message.body = vec![0; MAX_BODY + 1];
    let sealed = seal_envelope(&message, world.me, &key, &mut world.entropy);
    assert_eq!(sealed, Err(TooLong));

    let message = world.message(0);
    let envelope = world.seal(&message);
    let mut long_header = envelope.clone();
    long_header[PREFIX_LEN..PREFIX_LEN + 4].copy_from_slice(&0x0001_0001_u32.to_be_bytes());
    assert_eq!(world.open(&long_header), Err(EnvelopeError::TooLong));
    let mut long_body = envelope;
    let at = PREFIX_LEN + 4 + message.header.len() + ENC_LEN + WRAPPED_LEN;
    long_body[at..at + 4].copy_from_slice(&u32::MAX.to_be_bytes());
    assert_eq!(world.open(&long_body), Err(EnvelopeError::TooLong));
}

#[test]
fn other_formats_versions_and_suites_are_told_apart() {
    let mut world = World::new(14);
    let message = world.message(0);
    let envelope = world.seal(&message);
    let changed = |at: usize, to: u8| {
        let mut bytes = envelope.clone();
        bytes[at] = to;
        world.open(&bytes)
    };
    assert_eq!(changed(0, b'l'), Err(EnvelopeError::BadMagic));
    assert_eq!(changed(7, 2), Err(EnvelopeError::UnsupportedVersion(2)));
    assert_eq!(changed(9, 2), Err(EnvelopeError::UnknownSuite(2)));
    assert_eq!(changed(10, b'm'), Err(EnvelopeError::MalformedPrefix));
    assert_eq!(changed(18, 0), Err(EnvelopeError::MalformedPrefix));
}

#[test]
fn a_stored_message_survives_its_bytes_and_no_others_parse() {
    let mut world = World::new(15);
    let bodies = (0..3u8).map(|i| (vec![i], vec![i; 10])).collect();
    let group = SignedMessage::sign_all(&world.signing, world.sender, bodies, &mut world.entropy);
    for message in group.unwrap() {
        let bytes = message.to_bytes();
        let read = SignedMessage::from_bytes(&bytes).unwrap();
        assert_eq!(read, message);
        assert_eq!(read.verify(world.signing.verifying_key()), Ok(()));
        for len in 0..bytes.len() {
            assert!(SignedMessage::from_bytes(&bytes[..len]).is_err());
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(SignedMessage::from_bytes(&longer).is_err());
        let mut version = bytes;
        version[0] = 2;
        assert!(SignedMessage::from_bytes(&version).is_err());
    }
}

#[test]
fn every_error_has_its_own_number() {
    let node: NodeId = "MK-1".parse().unwrap();
    let codes = [
        EnvelopeError::TooShort,
        EnvelopeError::BadMagic,
        EnvelopeError::UnsupportedVersion(2),
        EnvelopeError::UnknownSuite(2),
        EnvelopeError::MalformedPrefix,
        EnvelopeError::NotForThisNode(node),
        EnvelopeError::UnknownRecipientKey(Digest::EMPTY),
        EnvelopeError::UnknownSender(node),
        EnvelopeError::TooLong,
        EnvelopeError::TrailingBytes,
        EnvelopeError::WrongWrap,
        EnvelopeError::WrongCiphertext,
        EnvelopeError::MalformedPlaintext,
        EnvelopeError::BadSignature,
    ]
    .map(EnvelopeError::code);
    assert_eq!(
        codes,
        std::array::from_fn(|i| 101 + u16::try_from(i).unwrap())
    );
}
