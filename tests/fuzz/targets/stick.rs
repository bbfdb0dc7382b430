//! Files of sticks and backups, as they come to a node that holds the key of the vectors.

#![no_main]

use std::io::Cursor;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

use liaison::base::{MessageId, NodeId, SeededEntropy, Timestamp};
use liaison::seal::recipient::{RecipientKey, RecipientKeys};
use liaison::seal::sign::SigningKey;
use liaison::seal::stick::{
    OpenedStick, STICK_HEAD, SealedKind, StickAddress, StickError, StickItem, StickPlace,
    StickWriter, backup_key, open_backup, open_stick, unsealed_items,
};

struct Known {
    keys: RecipientKeys,
    recovery: RecipientKey,
    sender: SigningKey,
    /// A whole file of each kind.
    files: [(SealedKind, Vec<u8>); 2],
}

impl Known {
    fn new() -> Self {
        let key = || RecipientKey::from_seed(&[2; 32]);
        let sender = SigningKey::from_seeds(&[1; 64]);
        let message = MessageId::from_bytes([3; 16]);
        let frame = StickItem::Frame(vec![1; 40]);
        let part = StickItem::Part {
            message,
            index: 2,
            length: 400,
            offset: 70,
            bytes: vec![9; 50],
        };
        let file = StickItem::File {
            name: "log/anchor".to_owned(),
            offset: 0,
            bytes: vec![4; 50],
        };
        let stick = written(SealedKind::Stick, &sender, &key(), &[frame, part]);
        let backup = written(SealedKind::Backup, &sender, &key(), &[file]);
        Self {
            keys: [key()].into_iter().collect(),
            recovery: key(),
            sender,
            files: [(SealedKind::Stick, stick), (SealedKind::Backup, backup)],
        }
    }

    /// All that is in a file, where it holds and the sender signed it.
    fn read(&self, kind: SealedKind, file: &[u8]) -> Result<Vec<StickItem>, StickError> {
        let head = &file[..file.len().min(STICK_HEAD)];
        let opened: OpenedStick = match kind {
            SealedKind::Stick => {
                let sender = |_, id| {
                    (self.sender.key_id() == id).then(|| self.sender.verifying_key().clone())
                };
                open_stick(head, node("MK-1"), &self.keys, sender)?
            }
            SealedKind::Backup => {
                backup_key(head)?;
                let opened = open_backup(head, &self.recovery)?;
                if !opened.is_signed_by(head, self.sender.verifying_key()) {
                    return Err(StickError::Damaged);
                }
                opened
            }
        };
        let mut items = Vec::new();
        opened.items(file.get(STICK_HEAD..).unwrap_or_default(), |item| {
            items.push(item);
            Ok::<_, StickError>(())
        })?;
        Ok(items)
    }
}

fn node(text: &str) -> NodeId {
    text.parse().expect("it is a node")
}

fn written(
    kind: SealedKind,
    sender: &SigningKey,
    recipient: &RecipientKey,
    items: &[StickItem],
) -> Vec<u8> {
    let address = StickAddress {
        kind,
        sender: node("SI-1"),
        sender_key: sender.key_id(),
        recipient: node("MK-1"),
        recipient_key: recipient.key_id(),
        export: MessageId::from_bytes([5; 16]),
        number: 1,
        place: StickPlace::Last,
        created: Timestamp::from_millis(1_000),
    };
    let mut entropy = SeededEntropy::new(1);
    let file = Cursor::new(Vec::new());
    let mut writer = StickWriter::new(file, address, &mut entropy).expect("memory");
    for item in items {
        writer.push(item).expect("memory");
    }
    let written = writer.finish(StickPlace::Last, sender, recipient.public(), &mut entropy);
    written.expect("memory").into_inner()
}

fuzz_target!(|bytes: &[u8]| {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    let known = KNOWN.get_or_init(Known::new);
    for (kind, whole) in &known.files {
        // Where it fails, nothing is taken; nothing may break.
        let _items = known.read(*kind, bytes);
        if let Ok(items) = unsealed_items(*kind, bytes) {
            let sizes: u64 = items.iter().map(StickItem::size).sum();
            assert!(sizes <= bytes.len() as u64, "an item is as long as it says");
        }
        // A file that holds, with some of its bytes replaced: the place, then what stands there.
        let Some((place, put)) = bytes.split_first_chunk() else {
            continue;
        };
        let place = usize::from(u16::from_be_bytes(*place)) % whole.len();
        let mut changed = whole.clone();
        for (old, new) in changed[place..].iter_mut().zip(put) {
            *old = *new;
        }
        let holds = known.read(*kind, &changed).is_ok();
        assert_eq!(
            holds,
            changed == *whole,
            "a file holds as it was written alone"
        );
    }
});
