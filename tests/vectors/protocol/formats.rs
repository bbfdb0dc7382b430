//! Identifiers, keys, trees, entries, statements, checkpoints and receipts.

use liaison::audit::{
    Checkpoint, Cosignature, CosignedCheckpoint, Entry, EntryKind, EventCode, Evidence, Extension,
    Opening, Origin, Prefix, Receipt, ReceiptBatch, SignedCheckpoint, Statement, Tree,
    cosigned_text, quorum,
};
use liaison::base::{Digest, MessageId, NodeId, Role, SeededEntropy, Timestamp, merkle};
use liaison::domain::retention::ErasureReason;
use liaison::seal::recipient::RecipientKey;
use liaison::seal::trust::LogKeys;
use serde_json::{Value, json};

use super::{base64, key};

pub const ID: &str = "01JD3W0000ABCDEFGHJKMNPQRS";
pub const TIME: i64 = 1_774_188_120_000;

pub fn id() -> MessageId {
    ID.parse().unwrap()
}

pub fn node(name: &str) -> NodeId {
    name.parse().unwrap()
}

pub fn all() -> Value {
    let (tree, leaves) = tree();
    json!({
        "identifiers": identifiers(),
        "keys": keys(),
        "signature": signature(),
        "tree": {
            "entries": leaves,
            "roots": (0..=7).map(|size| hash(tree.root_at(size).unwrap())).collect::<Vec<_>>(),
            "inclusion of 2 in 7": hashes(&tree.inclusion(2, 7).unwrap()),
        },
        "entry": entries(),
        "statements": statements(),
        "checkpoint": checkpoint(),
        "cosigned": cosigned(),
        "evidence": evidence(),
        "receipt": of_receipt(),
        "batch": batch(),
    })
}

fn hash(digest: Digest) -> String {
    digest.to_string()
}

fn hashes(digests: &[Digest]) -> Vec<String> {
    digests.iter().copied().map(hash).collect()
}

fn identifiers() -> Value {
    let origin: Origin = "mk-1.liaison/2".parse().unwrap();
    let nodes = ["MK-1", "ICMPD-12"].map(|name| {
        let fixed = hex::encode(node(name).to_bytes());
        json!({ "text": name, "fixed": fixed })
    });
    json!({
        "nodes": nodes,
        "message": { "text": ID, "fixed": hex::encode(id().to_bytes()) },
        "origin": { "text": origin.to_string(), "fixed": hex::encode(origin.to_bytes()) },
        "time": {
            "text": Timestamp::from_millis(TIME).to_string(),
            "milliseconds": TIME,
        },
    })
}

fn keys() -> Value {
    let receiving = RecipientKey::from_seed(&[2; 32]);
    json!({
        "hybrid": {
            "seeds": hex::encode([1; 64]),
            "public": key(1).verifying_key(),
            "id": key(1).key_id(),
        },
        "receiving": {
            "seed": hex::encode([2; 32]),
            "public": receiving.public(),
            "id": receiving.key_id(),
        },
    })
}

fn signature() -> Value {
    let signature = key(1).sign("liaison/example/v1", b"message", &mut SeededEntropy::new(1));
    json!({
        "context": "liaison/example/v1",
        "message": hex::encode(b"message"),
        "signed": hex::encode(b"\x12liaison/example/v1message"),
        "signature": signature,
    })
}

fn tree() -> (Tree, Vec<String>) {
    let mut tree = Tree::new();
    let entries: Vec<[u8; 1]> = (0..7).map(|number| [number]).collect();
    for entry in &entries {
        tree.append(merkle::leaf_hash(entry));
    }
    (tree, entries.iter().map(hex::encode).collect())
}

fn opening() -> Opening {
    Opening {
        salt: [6; 32],
        statement: Statement::Received {
            sender: node("SI-1"),
            id: id(),
            leaf: Digest::of(b"leaf"),
        },
    }
}

fn entry() -> Entry {
    Entry {
        time: Timestamp::from_millis(TIME),
        kind: EntryKind::Collection,
        event: EventCode::RequestReceived,
        role: Role::Officer,
        actor: [3; 16],
        exchange: [4; 16],
        peer: Some("SI".parse().unwrap()),
        commitment: opening().commitment(),
        sealed_digest: Digest::of(b"sealed"),
        extensions: Vec::new(),
    }
}

fn entries() -> Value {
    let extended = Entry {
        peer: None,
        extensions: vec![Extension {
            kind: 5,
            value: b"value".to_vec(),
        }],
        ..entry()
    };
    json!([entry(), extended].map(|entry| {
        json!({
            "bytes": hex::encode(entry.encode()),
            "leaf hash": hash(entry.leaf_hash()),
        })
    }))
}

fn statements() -> Value {
    let (id, digest) = (id(), Digest::of(b"leaf"));
    let sender = node("SI-1");
    let role = Role::Contact;
    let all = [
        opening().statement,
        Statement::Sent { id, leaf: digest },
        Statement::Opened {
            id,
            leaf: digest,
            role,
        },
        Statement::AttachmentsStored { id, leaf: digest },
        Statement::Refused {
            sender,
            digest,
            code: 16,
        },
        Statement::ReceiptReceived { digest },
        Statement::Note { digest },
        Statement::Released { id, letter: digest },
        Statement::Cleared { id, letter: digest },
        Statement::Witnessed {
            origin: Origin::first(sender),
            size: 7,
            root: digest,
        },
        Statement::LogAlarm {
            origin: Origin::first(sender),
            fault: 1,
            evidence: digest,
        },
        Statement::BundleInForce {
            node: sender,
            sequence: 2,
            digest,
        },
        Statement::Erased {
            id,
            leaf: digest,
            reason: ErasureReason::Retention,
        },
        Statement::LogOpened {
            before: Origin::first(node("MK-1")),
            size: 7,
            root: digest,
        },
    ];
    json!({
        "bytes": all.map(|statement| hex::encode(statement.encode())),
        "salt": hex::encode(opening().salt),
        "commitment to the first": hash(opening().commitment()),
    })
}

fn signed(size: u64, root: Digest) -> SignedCheckpoint {
    let checkpoint = Checkpoint {
        origin: Origin::first(node("MK-1")),
        size,
        root,
    };
    let text = checkpoint.note_text();
    SignedCheckpoint {
        checkpoint,
        signature: key(1).sign_raw(text.as_bytes(), &mut SeededEntropy::new(2)),
    }
}

fn checkpoint() -> Value {
    let signed = signed(7, tree().0.root());
    json!({
        "key": "keys.hybrid",
        "note": signed.to_note(key(1).verifying_key()),
        "binary": base64(&signed.encode()),
    })
}

/// The checkpoint above, cosigned by a witness with the same key.
fn cosigned() -> Value {
    let signed = signed(7, tree().0.root());
    let (checkpoint, time) = (signed.checkpoint, 1_774_188_120);
    let text = cosigned_text(&checkpoint, time);
    let cosignature = Cosignature {
        witness: Origin::first(node("SI-1")),
        time,
        signature: key(1).sign_raw(text.as_bytes(), &mut SeededEntropy::new(3)),
    };
    let key = key(1);
    let public = key.verifying_key();
    assert!(cosignature.verify(&checkpoint, public).is_ok());
    let keys = LogKeys::from(public.clone());
    let cosigned = CosignedCheckpoint {
        signed,
        cosignatures: vec![cosignature.clone()],
    };
    json!({
        "keys of log and witness": "keys.hybrid",
        "text": text,
        "binary": base64(&cosignature.encode()),
        "note": cosigned.to_note(&keys, |_| Some(keys.clone())),
        "quorums of 1 to 7 witnesses": (1..=7).map(quorum).collect::<Vec<_>>(),
    })
}

/// A log that showed the tree above up to 5 entries, and another one of 7.
fn evidence() -> Value {
    let mut other = Tree::new();
    for number in 0..7 {
        other.append(merkle::leaf_hash(&[number, u8::from(number > 2)]));
    }
    let (first, second) = (
        signed(5, tree().0.root_at(5).unwrap()),
        signed(7, other.root()),
    );
    let shown = Prefix {
        size: 5,
        root: other.root_at(5).unwrap(),
        path: other.consistency(5, 7).unwrap(),
    };
    let evidence = Evidence::of(&first, &second, &shown).unwrap();
    let equal = Evidence::of_equal(&signed(7, tree().0.root()), &second).unwrap();
    let keys = LogKeys::from(key(1).verifying_key().clone());
    for evidence in [&evidence, &equal] {
        assert_eq!(evidence.verify(&keys), Ok(()));
    }
    json!({
        "key": "keys.hybrid",
        "of 5 and 7": base64(&evidence.encode()),
        "of 7 and 7": base64(&equal.encode()),
    })
}

fn receipts() -> [Receipt; 2] {
    let mut tree = Tree::new();
    for leaf in [b"before", b"after "] {
        tree.append(merkle::leaf_hash(leaf));
    }
    tree.append(entry().leaf_hash());
    tree.append(entry().leaf_hash());
    let checkpoint = signed(4, tree.root());
    [2, 3].map(|index| {
        let receipt = Receipt {
            origin: Origin::first(node("MK-1")),
            entry: entry().encode(),
            opening: opening(),
            index,
            path: tree.inclusion(index, 4).unwrap(),
            checkpoint: checkpoint.clone(),
        };
        assert!(receipt.verify(key(1).verifying_key()).is_ok());
        receipt
    })
}

fn of_receipt() -> Value {
    let [receipt, _] = receipts();
    json!({
        "key": "keys.hybrid",
        "bytes": base64(&receipt.encode()),
        "tlog-proof": receipt.to_tlog_proof(key(1).verifying_key()),
    })
}

/// The receipt above and another, under one checkpoint.
fn batch() -> Value {
    let [batch] = &ReceiptBatch::of(&receipts())[..] else {
        panic!("one checkpoint makes one batch");
    };
    json!({
        "bytes": base64(&batch.encode()),
        "receipts": receipts().map(|receipt| hash(Digest::of(&receipt.encode()))),
    })
}
