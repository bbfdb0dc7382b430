//! The examples of `docs/protocol.md`, pinned: made anew from fixed seeds, every format gives the
//! bytes that stand in `protocol.json` and `bundle.tar`, or it has changed and needs another number.

mod federation;
mod formats;
mod messages;
mod people;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use liaison::audit::bundle::verify_bundle;
use liaison::seal::sign::SigningKey;
use serde_json::{Map, Value};

/// Set to write the files instead of comparing them.
const WRITE: &str = "LIAISON_WRITE_VECTORS";

fn place(file: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    folder.join(file)
}

fn is_pinned(file: &str, made: &[u8]) {
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(place(file), made).unwrap();
    }
    let kept = std::fs::read(place(file)).unwrap_or_default();
    assert!(
        kept == made,
        "{file} is another. If a format was meant to change, run this test once with {WRITE}=1, \
         and change docs/protocol.md with it"
    );
}

/// A member a line, so that a change shows where it is.
fn lines(members: &Map<String, Value>) -> String {
    let mut out = String::from("{\n");
    for (number, (name, value)) in members.iter().enumerate() {
        let end = if number + 1 < members.len() { "," } else { "" };
        writeln!(out, "{:?}: {value}{end}", name).unwrap();
    }
    out + "}\n"
}

fn base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// The key whose two seeds are this byte 64 times.
fn key(seed: u8) -> SigningKey {
    SigningKey::from_seeds(&[seed; 64])
}

#[test]
fn the_examples_of_the_protocol_page_have_not_changed() {
    let (bundle, trust) = federation::bundle();
    let mut members = Map::new();
    for section in [formats::all(), messages::all(), people::all(), trust] {
        let Value::Object(section) = section else {
            panic!("a section is an object");
        };
        members.extend(section);
    }
    is_pinned("protocol.json", lines(&members).as_bytes());
    is_pinned("bundle.tar", &bundle);
    let report = verify_bundle(bundle.as_slice(), None, &mut |_, _| ()).unwrap();
    assert_eq!(
        report.root_fingerprint.to_string(),
        members["bundle"]["root"]
    );
}
