//! Trust documents, and the exported log of a federation of two countries.

use liaison::audit::bundle::{BundleWriter, TrustDocuments};
use liaison::audit::{
    Checkpoint, Cosignature, CosignedCheckpoint, Entry, EntryKind, EventCode, Opening, Origin,
    SignedCheckpoint, Statement, Tree, cosigned_text,
};
use liaison::base::{Digest, Role, SeededEntropy, Timestamp};
use liaison::domain::duty::Roster;
use liaison::seal::keystore::Keys;
use liaison::seal::safety::{MemberIdentity, SafetyNumber};
use liaison::seal::trust::{
    Directory, KeyBundle, MemberCard, MemberKind, Profile, SignedDocument, TlsVoucher,
    propose_first,
};
use serde_json::{Value, json};

use super::formats::{TIME, node};
use super::{base64, key};

const DUTY: &str = include_str!("../../../deploy/examples/duty.toml");

#[derive(serde::Deserialize)]
struct Duty {
    duty: Roster,
}

struct Office {
    keys: Keys,
    bundle: SignedDocument,
    card: SignedDocument,
}

fn office(name: &str, entropy: &mut SeededEntropy) -> Office {
    let (made, year) = (Timestamp::from_millis(TIME), 365 * 24 * 3600);
    let until = made.plus(std::time::Duration::from_secs(year));
    let keys = Keys::generate(node(name), made, entropy);
    let mut bundle = KeyBundle::first(&keys, made, until);
    if name == "SI-1" {
        bundle.duty = toml::from_str::<Duty>(DUTY).unwrap().duty;
        bundle.address = Some("new.si.example:4433".to_owned());
    }
    let bundle = bundle.sign(&keys.identity, entropy).unwrap();
    let profile = Profile {
        name: format!("Office {name}"),
        kind: MemberKind::Country,
        contact: "+000 2 000 000".to_owned(),
        address: Some(format!("{}.example:4433", name.to_ascii_lowercase())),
    };
    let card = MemberCard::issue(&keys, profile, bundle.clone(), entropy).unwrap();
    Office { keys, bundle, card }
}

/// The file, and what stands about it in the vectors.
pub fn bundle() -> (Vec<u8>, Value) {
    let mut entropy = SeededEntropy::new(9);
    let offices = ["MK-1", "SI-1"].map(|name| office(name, &mut entropy));
    let cards = [&offices[0].card, &offices[1].card].map(|card| MemberCard::read(card).unwrap());
    let issued = Timestamp::from_millis(TIME);
    let month = issued.plus(std::time::Duration::from_secs(30 * 24 * 3600));
    let proposal = propose_first(&cards, issued, month).unwrap();
    let (mut root, mut list) = (proposal.root.unwrap(), proposal.list);
    for document in [&mut root, &mut list] {
        for Office { keys, .. } in &offices {
            let member = keys.node.member;
            document.sign(member, &keys.identity, &mut entropy).unwrap();
        }
    }
    let bundles = offices.iter().map(|office| office.bundle.clone());
    let directory = Directory::build(&[root], &list, bundles).unwrap();
    let tar = log(
        [&offices[0].keys, &offices[1].keys],
        &directory,
        &mut entropy,
    );
    let about = json!({
        "documents": {
            "root, list and bundles": "bundle.tar",
            "card": String::from_utf8(offices[1].card.to_json()).unwrap(),
        },
        "bundle": {
            "root": directory.root_fingerprint(),
            "list": directory.hash(),
            "size": 5,
            "checkpoints": [2, 5],
            "cosigned": { "size": 2, "by": ["SI"] },
        },
        "safety_number": safety_number(),
        "voucher": voucher(&mut entropy),
    });
    (tar, about)
}

/// Of a member with one node and one with two.
fn safety_number() -> Value {
    let key = |number: u8| key(number).key_id();
    let (mk, tr) = ([(1, key(1))], [(1, key(2)), (2, key(3))]);
    let of = |member: &str, nodes: &[_]| {
        MemberIdentity::new(member.parse().unwrap(), nodes.iter().copied())
    };
    json!({
        "members": { "MK": mk, "TR": tr },
        "number": SafetyNumber::of(&of("MK", &mk), &of("TR", &tr)),
    })
}

fn voucher(entropy: &mut SeededEntropy) -> Value {
    let (pin, now) = (Digest::of(b"tls"), Timestamp::from_millis(TIME));
    let voucher = TlsVoucher::issue(&key(1), node("MK-1"), (7, &pin), now, entropy);
    json!({ "voucher": base64(&voucher.encode()), "pin": pin })
}

fn entry(number: u64, entropy: &mut SeededEntropy) -> Vec<u8> {
    let statement = Statement::Note {
        digest: Digest::of(&number.to_be_bytes()),
    };
    let entry = Entry {
        time: Timestamp::from_millis(TIME).plus(std::time::Duration::from_secs(number)),
        kind: EntryKind::Operation,
        event: EventCode::Heartbeat,
        role: Role::Node,
        actor: [0; 16],
        exchange: [0; 16],
        peer: None,
        commitment: Opening::new(statement, entropy).commitment(),
        sealed_digest: Digest::of(b"sealed"),
        extensions: Vec::new(),
    };
    entry.encode()
}

/// A log of five entries in two groups, the first of them cosigned.
fn log([keys, witness]: [&Keys; 2], directory: &Directory, entropy: &mut SeededEntropy) -> Vec<u8> {
    let entries: Vec<Vec<u8>> = (0..5).map(|number| entry(number, entropy)).collect();
    let mut tree = Tree::new();
    for entry in &entries {
        tree.append(liaison::base::merkle::leaf_hash(entry));
    }
    let mut sign = |size| {
        let checkpoint = Checkpoint {
            origin: Origin::first(keys.node),
            size,
            root: tree.root_at(size).unwrap(),
        };
        let text = checkpoint.note_text();
        SignedCheckpoint {
            checkpoint,
            signature: keys.log.sign_raw(text.as_bytes(), entropy),
        }
    };
    let (first, head) = (sign(2), sign(5));
    let trust = TrustDocuments::of(directory);
    let keys = keys.log.verifying_key().clone().into();
    let mut writer = BundleWriter::new(Vec::new(), &trust, &head, &keys).unwrap();
    for entry in &entries {
        writer.entry(entry).unwrap();
    }
    writer.tree(&tree).unwrap();
    writer.checkpoint(&first).unwrap();
    writer.checkpoint(&head).unwrap();
    let time = 1_774_188_121;
    let text = cosigned_text(&first.checkpoint, time);
    let cosignature = Cosignature {
        witness: Origin::first(witness.node),
        time,
        signature: witness.log.sign_raw(text.as_bytes(), entropy),
    };
    let cosigned = CosignedCheckpoint {
        signed: first,
        cosignatures: vec![cosignature],
    };
    let keys = |origin: Origin| directory.log_keys(&origin.to_string());
    writer.cosigned(&cosigned, keys).unwrap();
    writer.finish().unwrap()
}
