//! Parcels: what holds of an envelope holds of each message of a group, and of the group.

use super::*;
use crate::seal::aead::TAG_LEN;
use crate::seal::sign::{Proven, SIGNATURE_LEN};

/// Where the messages begin in a parcel of one group.
const ITEMS: usize = PREFIX_LEN + ENC_LEN + 4 + SIGNATURE_LEN + TAG_LEN;

impl World {
    fn group(&mut self, bodies: &[usize]) -> Vec<SignedMessage> {
        let bodies = bodies.iter().zip((0..=u8::MAX).cycle());
        let bodies = bodies.map(|(len, i)| (vec![i], vec![i; *len])).collect();
        SignedMessage::sign_all(&self.signing, self.sender, bodies, &mut self.entropy).unwrap()
    }

    fn parcel(&mut self, messages: &[SignedMessage]) -> Vec<u8> {
        let (me, key) = (self.me, self.recipient.public());
        seal_parcel(messages, me, key, &mut self.entropy).unwrap()
    }

    fn unpack(&self, parcel: &[u8]) -> Result<Vec<Option<SignedMessage>>, EnvelopeError> {
        let proven = Proven::default();
        let opened = open_parcel(parcel, self.me, &self.keys, self.directory(), &proven)?;
        Ok(opened.into_iter().map(Result::ok).collect())
    }
}

#[test]
fn a_parcel_opens_to_its_messages_in_order() {
    let mut world = World::new(21);
    for bodies in [&[0][..], &[10, 2_000], &[1; 64], &[0, MAX_BODY]] {
        let group = world.group(bodies);
        let parcel = world.parcel(&group);
        let opened: Vec<_> = group.into_iter().map(Some).collect();
        assert_eq!(world.unpack(&parcel), Ok(opened));
    }
}

#[test]
fn messages_of_several_groups_share_a_parcel_and_stay_verified() {
    let mut world = World::new(22);
    let mut messages = world.group(&[1, 2]);
    messages.extend(world.group(&[3]));
    messages[1].body[0] ^= 1;
    let parcel = world.parcel(&messages);
    let proven = Proven::default();
    let opened = open_parcel(&parcel, world.me, &world.keys, world.directory(), &proven).unwrap();
    assert_eq!(opened[0], Ok(messages[0].clone()));
    assert!(matches!(opened[1], Err((_, EnvelopeError::BadSignature))));
    assert_eq!(opened[2], Ok(messages[2].clone()));
}

#[test]
fn a_bit_flip_takes_the_whole_parcel_or_only_its_message() {
    let mut world = World::new(23);
    let group = world.group(&[10, 20]);
    let parcel = world.parcel(&group);
    let second = ITEMS + (parcel.len() - ITEMS) / 2;
    let whole = (0..PREFIX_LEN + ENC_LEN + 40).chain(ITEMS - 20..ITEMS + 40);
    for at in whole
        .chain(second - 30..second + 30)
        .chain([parcel.len() - 17, parcel.len() - 1])
    {
        let mut flipped = parcel.clone();
        flipped[at] ^= 1 << (at % 8);
        let opened = world.unpack(&flipped).unwrap_or_default();
        assert!(opened.len() < 2 || opened.contains(&None), "byte {at}");
        for (message, opened) in group.iter().zip(opened) {
            assert!(opened.is_none_or(|opened| opened == *message), "byte {at}");
        }
        if at < ITEMS {
            assert!(world.unpack(&flipped).is_err(), "byte {at}");
        }
    }
}

#[test]
fn messages_cannot_be_moved_within_a_parcel_or_to_another() {
    let mut world = World::new(24);
    let group = world.group(&[10, 10]);
    let parcel = world.parcel(&group);
    let start = ITEMS;
    let middle = start + (parcel.len() - start) / 2;
    let swapped = [&parcel[..start], &parcel[middle..], &parcel[start..middle]].concat();
    assert_eq!(world.unpack(&swapped), Ok(vec![None, None]));
    let twice = [&parcel[..middle], &parcel[start..middle]].concat();
    assert_eq!(world.unpack(&twice), Ok(vec![Some(group[0].clone()), None]));
    let other = world.parcel(&group);
    let mixed = [&parcel[..start], &other[start..]].concat();
    assert_eq!(world.unpack(&mixed), Ok(vec![None, None]));
    let signatures = PREFIX_LEN + ENC_LEN;
    let mixed = [&parcel[..signatures], &other[signatures..]].concat();
    assert_eq!(world.unpack(&mixed), Err(EnvelopeError::WrongWrap));
}

#[test]
fn a_parcel_cut_anywhere_loses_what_was_cut() {
    let mut world = World::new(25);
    let group = world.group(&[10, 10]);
    let parcel = world.parcel(&group);
    let middle = ITEMS + (parcel.len() - ITEMS) / 2;
    for len in 0..parcel.len() {
        let opened = world.unpack(&parcel[..len]);
        match len == middle {
            true => assert_eq!(opened, Ok(vec![Some(group[0].clone())])),
            false => assert_eq!(opened, Err(EnvelopeError::TooShort), "{len}"),
        }
    }
}

#[test]
fn a_group_pays_for_its_signature_once() {
    let mut world = World::new(30);
    let group = world.group(&[1_024; 64]);
    let parcel = world.parcel(&group);
    let alone = world.seal(&group[0]);
    assert!(parcel.len() < 64 * 1_800, "{}", parcel.len());
    assert!(alone.len() > 5_500, "{}", alone.len());
}

#[test]
fn envelopes_and_parcels_are_not_taken_for_each_other() {
    let mut world = World::new(26);
    let group = world.group(&[10]);
    let (parcel, envelope) = (world.parcel(&group), world.seal(&group[0]));
    assert_eq!(world.unpack(&envelope), Err(EnvelopeError::BadMagic));
    assert_eq!(world.open(&parcel), Err(EnvelopeError::BadMagic));
}

#[test]
fn a_parcel_has_one_sender_one_key_and_so_many_messages() {
    let mut world = World::new(27);
    let mut group = world.group(&[1; MAX_PARCEL + 1]);
    let (me, key) = (world.me, world.recipient.public().clone());
    let too_long = seal_parcel(&group, me, &key, &mut world.entropy);
    assert_eq!(too_long, Err(TooLong));
    let none = seal_parcel(&[], me, &key, &mut world.entropy);
    assert_eq!(none, Err(TooLong));
    group.truncate(2);
    group[1].sender = "AL-1".parse().unwrap();
    let two = seal_parcel(&group, me, &key, &mut world.entropy);
    assert_eq!(two, Err(TooLong));
}

#[test]
fn a_parcel_for_another_node_key_or_of_an_unknown_sender_is_refused() {
    let mut world = World::new(28);
    let group = world.group(&[1, 1]);
    let other: NodeId = "RS-2".parse().unwrap();
    let key = world.recipient.public().clone();
    let elsewhere = seal_parcel(&group, other, &key, &mut world.entropy).unwrap();
    let refused = world.unpack(&elsewhere);
    assert_eq!(refused, Err(EnvelopeError::NotForThisNode(other)));
    let mut redirected = elsewhere;
    redirected[51..60].copy_from_slice(&world.me.to_bytes());
    assert_eq!(world.unpack(&redirected), Err(EnvelopeError::WrongWrap));
    let stranger = RecipientKey::generate(&mut world.entropy);
    let unknown = seal_parcel(&group, world.me, stranger.public(), &mut world.entropy).unwrap();
    let id = stranger.key_id();
    let refused = world.unpack(&unknown);
    assert_eq!(refused, Err(EnvelopeError::UnknownRecipientKey(id)));
}

#[test]
fn a_message_stored_without_its_signature_gets_it_back() {
    let mut world = World::new(29);
    let group = world.group(&[10, 20]);
    for message in &group {
        let bytes = message.to_bytes_sharing();
        assert_eq!(bytes.len() + 3_373, message.to_bytes().len());
        assert!(SignedMessage::from_bytes(&bytes).is_err());
        let stored = StoredMessage::from_bytes(&bytes).unwrap();
        assert_eq!(stored.signature, None);
        assert_eq!(stored.clone().signed(None), None);
        let shared = group[0].signature.signature.clone();
        assert_eq!(stored.signed(Some(shared)).as_ref(), Some(message));
        for len in 0..bytes.len() {
            assert!(StoredMessage::from_bytes(&bytes[..len]).is_err(), "{len}");
        }
    }
    let whole = StoredMessage::from_bytes(&group[0].to_bytes()).unwrap();
    let other = group[1].signature.signature.clone();
    assert_eq!(whole.signature, Some(other));
}
