//! Files that hold, and every way in which one does not.

use std::io::Cursor;

use super::*;
use crate::base::{Entropy, SeededEntropy};
use crate::seal::recipient::{RecipientKey, RecipientKeys};
use crate::seal::sign::SigningKey;

struct Setup {
    sender: SigningKey,
    recipient: RecipientKey,
    entropy: SeededEntropy,
}

fn node(id: &str) -> NodeId {
    id.parse().unwrap()
}

fn setup() -> Setup {
    let mut entropy = SeededEntropy::new(7);
    Setup {
        sender: SigningKey::generate(&mut entropy),
        recipient: RecipientKey::generate(&mut entropy),
        entropy,
    }
}

fn items() -> Vec<StickItem> {
    vec![
        StickItem::Frame(vec![1; 100]),
        StickItem::Frame(Vec::new()),
        StickItem::Part {
            message: MessageId::from_bytes([3; 16]),
            index: 2,
            length: 400_000,
            offset: 70_000,
            bytes: vec![9; 500],
        },
    ]
}

impl Setup {
    fn write(&mut self, items: &[StickItem]) -> Vec<u8> {
        let address = StickAddress {
            kind: SealedKind::Stick,
            sender: node("MK-1"),
            sender_key: self.sender.key_id(),
            recipient: node("TR-1"),
            recipient_key: self.recipient.key_id(),
            export: MessageId::from_bytes([5; 16]),
            number: 1,
            place: StickPlace::More,
            created: Timestamp::from_millis(1_000),
        };
        let entropy: &mut dyn Entropy = &mut self.entropy;
        let mut writer = StickWriter::new(Cursor::new(Vec::new()), address, entropy).unwrap();
        for item in items {
            writer.push(item).unwrap();
        }
        let sum: u64 = items.iter().map(StickItem::size).sum();
        assert_eq!(writer.len(), sum);
        let finished = writer.finish(
            StickPlace::Last,
            &self.sender,
            self.recipient.public(),
            entropy,
        );
        finished.unwrap().into_inner()
    }

    fn read_at(&self, me: &str, file: &[u8]) -> Result<Vec<StickItem>, StickError> {
        let again = RecipientKey::from_seed(&seed_of(&self.recipient));
        let keys: RecipientKeys = [again].into_iter().collect();
        let known = |sender: NodeId, id: KeyId| {
            let ours = sender == node("MK-1") && id == self.sender.key_id();
            ours.then(|| self.sender.verifying_key().clone())
        };
        let head = &file[..file.len().min(STICK_HEAD)];
        let opened = open_stick(head, node(me), &keys, known)?;
        assert_eq!(opened.address.place, StickPlace::Last);
        let mut items = Vec::new();
        opened.items(&file[STICK_HEAD..], |item| {
            items.push(item);
            Ok::<_, StickError>(())
        })?;
        Ok(items)
    }

    fn read(&self, file: &[u8]) -> Result<Vec<StickItem>, StickError> {
        self.read_at("TR-1", file)
    }
}

fn seed_of(key: &RecipientKey) -> [u8; 32] {
    *key.seed()
}

#[test]
fn what_is_written_is_read_and_large_items_too() {
    let mut setup = setup();
    let file = setup.write(&items());
    assert_eq!(setup.read(&file).unwrap(), items());
    let large = vec![
        StickItem::Frame(vec![7; 1024 * 1024]),
        StickItem::Part {
            message: MessageId::from_bytes([3; 16]),
            index: 0,
            length: MAX_PART as u64,
            offset: 0,
            bytes: vec![8; MAX_PART],
        },
    ];
    let file = setup.write(&large);
    assert!(setup.read(&file).unwrap() == large);
}

#[test]
fn a_change_of_any_byte_is_refused() {
    let mut setup = setup();
    let file = setup.write(&items());
    for at in 0..file.len() {
        let mut changed = file.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(setup.read(&changed).is_err(), "byte {at}");
    }
}

#[test]
fn a_file_that_is_cut_or_longer_is_refused() {
    let mut setup = setup();
    let file = setup.write(&items());
    for len in [0, 7, 8, 100, STICK_HEAD - 1] {
        let keys = RecipientKeys::default();
        let opened = open_stick(&file[..len], node("TR-1"), &keys, |_, _| None);
        assert!(opened.is_err(), "{len}");
    }
    for len in [STICK_HEAD, STICK_HEAD + 1, file.len() - 1] {
        let read = setup.read(&file[..len]);
        assert!(matches!(read, Err(StickError::Damaged)), "{len}: {read:?}");
    }
    let longer = [&file[..], &[0]].concat();
    assert!(matches!(setup.read(&longer), Err(StickError::Damaged)));
}

#[test]
fn a_file_for_another_from_a_stranger_or_for_a_key_that_is_gone_is_told_apart() {
    let mut setup = setup();
    let file = setup.write(&items());
    let read = setup.read_at("AL-1", &file);
    assert!(matches!(read, Err(StickError::ForAnother(other)) if other == node("TR-1")));
    assert!(matches!(
        setup.read(b"something"),
        Err(StickError::NotAStick)
    ));
    let known = |_, _| Some(setup.sender.verifying_key().clone());
    let head = &file[..STICK_HEAD];
    let gone = open_stick(head, node("TR-1"), &RecipientKeys::default(), known);
    assert!(matches!(gone, Err(StickError::KeyGone)));
    let stranger = open_stick(head, node("TR-1"), &RecipientKeys::default(), |_, _| None);
    assert!(matches!(stranger, Err(StickError::UnknownSender(_))));
}

#[test]
fn items_that_cannot_be_are_refused_before_they_are_waited_for() {
    for head in [
        [0, 0, 0, 0, 1],
        [3, 0, 0, 0, 1],
        [FRAME, 0, 0x20, 0, 0],
        [PART, 0xff, 0xff, 0xff, 0xff],
    ] {
        assert!(matches!(
            super::read::next(SealedKind::Stick, &head),
            Err(StickError::Damaged)
        ));
    }
    let mut short = [PART, 0, 0, 0, 33].to_vec();
    short.extend_from_slice(&[0; 33]);
    assert!(matches!(
        super::read::next(SealedKind::Stick, &short),
        Err(StickError::Damaged)
    ));
}

#[test]
fn a_backup_is_opened_by_its_recovery_key_alone_and_is_no_stick() {
    let mut setup = setup();
    let file = vec![StickItem::File {
        name: "log/anchor".to_owned(),
        offset: 7,
        bytes: vec![4; 300],
    }];
    let address = StickAddress {
        kind: SealedKind::Backup,
        sender: node("MK-1"),
        sender_key: setup.sender.key_id(),
        recipient: node("MK-1"),
        recipient_key: setup.recipient.key_id(),
        export: MessageId::from_bytes([5; 16]),
        number: 1,
        place: StickPlace::Last,
        created: Timestamp::from_millis(1_000),
    };
    let entropy: &mut dyn Entropy = &mut setup.entropy;
    let mut writer = StickWriter::new(Cursor::new(Vec::new()), address, entropy).unwrap();
    writer.push(&file[0]).unwrap();
    let public = setup.recipient.public();
    let written = writer.finish(StickPlace::Last, &setup.sender, public, entropy);
    let written = written.unwrap().into_inner();

    let head = &written[..STICK_HEAD];
    assert_eq!(backup_key(head).unwrap(), setup.recipient.key_id());
    let opened = open_backup(head, &setup.recipient).unwrap();
    assert!(opened.is_signed_by(head, setup.sender.verifying_key()));
    let other = SigningKey::generate(&mut SeededEntropy::new(8));
    assert!(!opened.is_signed_by(head, other.verifying_key()));
    let mut items = Vec::new();
    let read = opened.items(&written[STICK_HEAD..], |item| {
        items.push(item);
        Ok::<_, StickError>(())
    });
    read.unwrap();
    assert_eq!(items, file);
    assert!(matches!(setup.read(&written), Err(StickError::NotAStick)));
    let other = RecipientKey::generate(&mut SeededEntropy::new(9));
    assert!(matches!(
        open_backup(head, &other),
        Err(StickError::KeyGone)
    ));
}
