//! Auditors: verification and export of running and stopped nodes, without a passphrase, and of
//! bundles, with no node at all.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::{fs, thread};

use liaison::base::SeededEntropy;
use serde_json::Value;

use crate::examples;
use crate::office::Office;
use crate::run::{Call, Ran};
use crate::world::World;

/// A running node with a few entries.
fn running() -> World {
    let world = World::of(&["MK", "TR"]);
    let mk = world.office("MK");
    mk.serve();
    let text = toml::to_string(&examples::request()).expect("an example is valid TOML");
    let file = world.write("request.toml", text);
    for _ in 0..3 {
        let call = mk.call("rfi send").option("--to", "TR");
        call.option("--file", &file).run().done();
    }
    world
}

fn verify(bundle: &Path) -> Call {
    Call::of("audit verify").option("--bundle", bundle)
}

fn export(office: &Office, out: &Path) -> Ran {
    office.call("audit export").option("--out", out).run()
}

#[test]
fn a_log_is_verified_and_exported_without_a_passphrase_whether_its_node_runs_or_not() {
    let world = running();
    let mk = world.office("MK");
    fs::remove_file(mk.part("passphrase")).expect("only starting needs it");
    let running = mk.call("audit verify").run().done();
    let first = world.file("running.bundle");
    export(mk, &first).done();
    mk.stop();
    let stopped = mk.call("audit verify").run().done();
    let second = world.file("stopped.bundle");
    export(mk, &second).done();
    let entries = |value: &Value| value["entries"].as_u64().expect("a number");
    assert!(
        entries(&stopped) > entries(&running),
        "the stop is recorded"
    );
    for file in [&first, &second] {
        verify(file).option("--root", &world.root).run().done();
    }
    let told = verify(&second).run().done();
    assert_eq!(entries(&told), entries(&stopped));
    assert_eq!(told["log_root"], stopped["log_root"]);
}

#[test]
fn a_bundle_that_is_exported_into_a_pipe_or_through_a_link_to_one_leaves_them_what_they_are() {
    let world = running();
    let mk = world.office("MK");
    mk.stop();
    let (kept, pipe, link) = (
        world.file("kept.bundle"),
        world.file("pipe"),
        world.file("link"),
    );
    let told = export(mk, &kept).done();
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("coreutils").success());
    symlink(&pipe, &link).expect("a link");
    for out in [&pipe, &link] {
        let read = thread::spawn({
            let pipe = pipe.clone();
            move || fs::read(pipe)
        });
        assert_eq!(export(mk, out).done()["bytes"], told["bytes"]);
        let read = read.join().expect("it reads").expect("the bundle");
        assert!(read == fs::read(&kept).expect("the bundle"));
    }
    let is_still_a_link = fs::symlink_metadata(&link).map(|there| there.is_symlink());
    assert!(is_still_a_link.expect("it is there"));
}

#[test]
fn a_bundle_is_not_written_over_a_file_that_is_there_or_that_a_link_leads_to() {
    let world = running();
    let mk = world.office("MK");
    let (file, link) = (
        world.write("mk.bundle", "the last one"),
        world.file("latest"),
    );
    symlink(&file, &link).expect("a link");
    for out in [&file, &link] {
        let refused = export(mk, out).failed(1, "file");
        let next = refused["next"].as_str().expect("text");
        assert!(next.contains("no file is written over"), "{next}");
        assert_eq!(fs::read(&file).expect("it is there"), b"the last one");
    }
}

#[test]
fn what_cannot_be_written_or_is_no_file_is_not_taken_for_evidence() {
    let world = running();
    let mk = world.office("MK");
    export(mk, Path::new("/dev/full")).failed(1, "file");
    verify(&mk.dir).run().failed(1, "file");
}

#[test]
fn a_bundle_without_a_known_root_is_verified_and_says_that_its_origin_is_not() {
    let world = running();
    let file = world.file("mk.bundle");
    export(world.office("MK"), &file).done();
    let (exit, text, _) = verify(&file).run_as_text();
    assert_eq!(exit, Some(0));
    assert!(text.contains(&world.root), "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.to_lowercase().contains("origin"), "{words}");
    println!("{text}");
    let told = verify(&file).run().done();
    assert_eq!(told["origin_checked"], false);
    assert_eq!(told["trust_root"], *world.root);

    let right = verify(&file).option("--root", &world.root);
    assert_eq!(right.run().done()["origin_checked"], true);
    let (exit, text, _) = right.run_as_text();
    assert_eq!(exit, Some(0));
    println!("{text}");

    let wrong = verify(&file).option("--root", "ab".repeat(32)).run();
    let code = wrong.problem_code();
    let problem = wrong.failed(3, &code);
    println!("wrong root: {code}: {}", problem["detail"]);
}

#[test]
fn a_damaged_bundle_exits_with_3_wherever_it_is_damaged() {
    let world = running();
    let whole = world.file("mk.bundle");
    export(world.office("MK"), &whole).done();
    let bytes = fs::read(&whole).expect("a bundle");
    let damaged = world.file("damaged.bundle");
    let mut chance = SeededEntropy::new(8);
    let mut codes = std::collections::BTreeMap::<String, usize>::new();
    let mut refused = |bytes: &[u8], what: &str| {
        fs::write(&damaged, bytes).expect("room");
        let ran = verify(&damaged).option("--root", &world.root).run();
        let code = ran.problem_code();
        assert_eq!(ran.exit, Some(3), "{what}: {}{}", ran.stdout, ran.stderr);
        assert!(!code.is_empty(), "{what}: {}", ran.stderr);
        *codes.entry(code).or_default() += 1;
    };
    for _ in 0..40 {
        let at = usize::try_from(chance.below(bytes.len() as u64)).expect("it is in memory");
        let bit = 1 << chance.below(8);
        let mut flipped = bytes.clone();
        flipped[at] ^= bit;
        refused(&flipped, &format!("bit {bit} of byte {at}"));
    }
    for keep in [0, 1, 511, 512, bytes.len() / 2, bytes.len() - 1] {
        refused(&bytes[..keep], &format!("its first {keep} bytes"));
    }
    refused(&[&bytes[..], b"more"].concat(), "more behind its end");
    refused(&[&bytes[..], &bytes[..]].concat(), "twice");
    refused(b"not a bundle at all", "some text");
    println!("{codes:?}");

    let missing = verify(&world.file("no.bundle")).run();
    missing.failed(4, "file");
}
