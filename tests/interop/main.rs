//! Writes proofs and receipts for verifiers that share no code with the node:
//! `tests/interop/verify_proofs.py` reads the file and checks every one.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use liaison::audit::{EntryKind, EventCode, Origin, Statement, Tree};
use liaison::base::{Digest, MessageId, Role, SeededEntropy, Timestamp, merkle};
use liaison::seal::at_rest::{Epochs, create_epoch};
use liaison::seal::sign::SigningKey;
use liaison::store::{FileLog, Log, NewEntry, Remains};
use serde_json::{Value, json};

/// The largest tree whose proofs are all written.
const LARGEST: u64 = 96;

/// How many entries each group of the written log has.
const GROUPS: [u64; 8] = [1, 1, 2, 3, 7, 1, 16, 9];

fn hexes(path: &[Digest]) -> Vec<String> {
    path.iter()
        .map(|hash| hex::encode(hash.as_bytes()))
        .collect()
}

/// All roots, inclusion proofs and consistency proofs of trees up to [`LARGEST`] leaves.
fn proofs() -> Value {
    let mut tree = Tree::new();
    for number in 0..LARGEST {
        tree.append(merkle::leaf_hash(&number.to_be_bytes()));
    }
    let sizes = 1..=LARGEST;
    let roots = sizes.clone().map(|size| tree.root_at(size).unwrap());
    let inclusion = sizes.clone().map(|size| {
        let paths = (0..size).map(|index| hexes(&tree.inclusion(index, size).unwrap()));
        paths.collect::<Vec<_>>()
    });
    let consistency = sizes.clone().map(|new| {
        let proofs = (1..=new).map(|old| hexes(&tree.consistency(old, new).unwrap()));
        proofs.collect::<Vec<_>>()
    });
    json!({
        "roots": hexes(&roots.collect::<Vec<_>>()),
        "inclusion": inclusion.collect::<Vec<_>>(),
        "consistency": consistency.collect::<Vec<_>>(),
    })
}

fn entry(number: u64) -> NewEntry {
    NewEntry {
        time: Timestamp::from_millis(1_774_188_120_000 + number as i64),
        kind: EntryKind::Collection,
        event: EventCode::RequestReceived,
        role: Role::Node,
        actor: [0; 16],
        exchange: [3; 16],
        peer: Some("SI".parse().unwrap()),
        shown: Vec::new(),
        statement: Statement::Received {
            sender: "SI-1".parse().unwrap(),
            id: MessageId::from_bytes([number as u8; 16]),
            leaf: Digest::of(&number.to_be_bytes()),
        },
        content: format!("content {number}").into_bytes(),
    }
}

/// The receipts of a log on the disk, as the node sends them and as C2SP `tlog-proof`.
fn receipts(dir: &Path) -> Value {
    let origin = Origin::first("MK-1".parse().unwrap());
    let key = SigningKey::generate(&mut SeededEntropy::new(77));
    FileLog::create(dir, origin.node).unwrap();
    let (secrets, storage_key) = (dir.join("epoch"), [9; 32]);
    create_epoch(&secrets, &storage_key, &mut SeededEntropy::new(80)).unwrap();
    let epochs = Epochs::in_file(&secrets, &storage_key);
    let (mut log, _) = FileLog::open(
        dir,
        origin.node,
        epochs,
        &key.verifying_key().clone().into(),
    )
    .unwrap();
    let epoch = log.take_over().unwrap();
    for count in GROUPS {
        let size = log.size();
        let entries = (size..size + count).map(entry).collect();
        let mut entropy = SeededEntropy::new(size);
        log.append(size, epoch, entries, &key, &mut entropy)
            .unwrap();
    }
    // What is erased is still proved, and all else as before.
    let before: Vec<_> = (0..log.size()).map(|i| log.receipt(i).unwrap()).collect();
    let gone = [0, 5, 6, 39].map(|index| Remains {
        index,
        content: Vec::new(),
    });
    log.erase(&gone, &mut SeededEntropy::new(81)).unwrap();
    let receipts = (0..log.size()).map(|index| {
        let receipt = log.receipt(index).unwrap();
        assert!(receipt.verify(key.verifying_key()).is_ok());
        assert!(receipt == before[index as usize]);
        json!({
            "receipt": BASE64.encode(receipt.encode()),
            "tlog_proof": receipt.to_tlog_proof(key.verifying_key()),
        })
    });
    json!({
        "origin": origin.to_string(),
        "key": key.verifying_key(),
        "receipts": receipts.collect::<Vec<_>>(),
    })
}

#[test]
fn proofs_and_receipts_are_written_for_other_verifiers() {
    let dir = tempfile::tempdir().unwrap();
    let all = json!({ "tree": proofs(), "log": receipts(dir.path()) });
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("proofs.json");
    std::fs::write(&out, serde_json::to_vec(&all).unwrap()).unwrap();
}
