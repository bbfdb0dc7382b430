//! Letters, the people who decide about them, and their signatures.

use liaison::audit::{Decision, Shown};
use liaison::base::PersonId;
use liaison::domain::release::ReleasePolicy;
use liaison::seal::person::{DecisionKind, DecisionText, TokenKey, letter_digest, reason_digest};
use serde_json::{Value, json};

use super::formats::node;

const TOKEN: &str = "liaison_0101010101010101010101010101010101010101010101010101010101010101";
const CONTENT: &str = "{\"request\":\"a letter\"}";
const REASON: &str = "Seen, and it may leave.";
const SALT: [u8; 32] = [7; 32];

fn value(shown: &Shown) -> Value {
    let extension = shown.extension();
    json!({ "type": extension.kind, "value": hex::encode(extension.value) })
}

pub fn all() -> Value {
    let key = TokenKey::of(TOKEN);
    let (drafter, by) = (PersonId::from_bytes([1; 16]), PersonId::from_bytes([2; 16]));
    let text = DecisionText {
        kind: DecisionKind::Release,
        node: node("MK-1"),
        letter: letter_digest(&SALT, CONTENT.as_bytes()),
        drafter,
        by,
        reason: reason_digest(&SALT, Some(REASON)),
    };
    let decision = Decision {
        kind: text.kind,
        letter: 4,
        key: 1,
        reason: text.reason,
        signature: key.sign(&text),
    };
    let person = Shown::Person {
        person: by,
        keys: vec![key.public()],
    };
    let policy = ReleasePolicy::from_bits(1, 900).unwrap();
    json!({ "four_eyes": {
        "token": TOKEN,
        "key": hex::encode(key.public().to_bytes()),
        "salt": hex::encode(SALT),
        "content": CONTENT,
        "reason": REASON,
        "letter digest": text.letter.to_string(),
        "reason digest": text.reason.to_string(),
        "drafter": drafter.to_string(),
        "decider": by.to_string(),
        "signed": hex::encode(text.to_bytes()),
        "extensions": [
            value(&person),
            value(&Shown::Letter(text.letter)),
            value(&Shown::Decision(decision)),
            value(&Shown::Of(4)),
            value(&Shown::Policy(policy)),
        ],
    }})
}
