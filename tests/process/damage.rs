//! A folder that somebody damaged: the node refuses to serve, and of a log an audit names the place; what
//! others hold comes again, and a damaged attachment is given to nobody.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use liaison::api::Sent;

use crate::examples;
use crate::office::{Office, files};
use crate::world::{PATIENCE, World, block, copy_folder, until};

/// A way in which a file is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Flip,
    Zero,
    Truncate,
    Delete,
}

impl Way {
    const ALL: [Self; 4] = [Self::Flip, Self::Zero, Self::Truncate, Self::Delete];

    /// Damages a file in the middle of what is written there, since the rest of some is zeros.
    fn hurt(self, file: &Path) {
        let mut bytes = fs::read(file).expect("a file of the node");
        let written: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
        let middle = written[written.len() / 2];
        match self {
            Self::Flip => bytes[middle] ^= 0x10,
            Self::Zero => bytes.fill(0),
            Self::Truncate => bytes.truncate(middle),
            Self::Delete => return fs::remove_file(file).expect("a file of the node"),
        }
        fs::write(file, bytes).expect("room for the same");
    }
}

/// Starts the node. Gives why it ended, where it did not serve.
fn refusal(office: &Office) -> Option<String> {
    office.start();
    until(PATIENCE, "the node serves or ends", || {
        let ended = office.ended().is_some();
        (ended || office.health().is_some()).then_some(())
    });
    office.ended()?;
    let status = office.end_within(PATIENCE);
    let said = office.said();
    assert_eq!(status.code(), Some(1), "{said}");
    let (_, error) = said.split_once("error[").unwrap_or_default();
    assert!(error.contains("why:") && error.contains("next:"), "{said}");
    Some(error.to_owned())
}

/// A stopped node with a log of some entries.
fn stopped() -> World {
    let world = World::of(&["MK", "TR"]);
    let mk = world.office("MK");
    mk.serve();
    let text = toml::to_string(&examples::request()).expect("an example is valid TOML");
    let file = world.write("request.toml", text);
    for _ in 0..4 {
        let call = mk.call("rfi send").option("--to", "TR");
        call.option("--file", &file).run().done();
    }
    mk.stop();
    mk.verified();
    copy_folder(&mk.part("log"), &world.file("whole-log"));
    world
}

/// Puts the log back as it was.
fn heal(world: &World) -> &Office {
    let mk = world.office("MK");
    if mk.part("log").exists() {
        fs::remove_dir_all(mk.part("log")).expect("the log's folder");
    }
    copy_folder(&world.file("whole-log"), &mk.part("log"));
    mk
}

/// The node does not serve, and says why; the audit fails, and says where; nothing is changed.
/// Gives the audit's code and words.
fn refused(office: &Office) -> (String, String) {
    let before = contents(&office.part("log"));
    let ran = office.call("serve").run();
    ran.failed(1, "log-damaged");
    let rebuild = office.call("store rebuild").run();
    rebuild.failed(1, "log-damaged");
    let audit = office.call("audit verify").run();
    assert_eq!(audit.exit, Some(3), "{}{}", audit.stdout, audit.stderr);
    let code = audit.problem_code();
    let problem = audit.failed(3, &code);
    let export = office.call("audit export");
    let bundle = office.dir.with_extension("bundle");
    let export = export.option("--out", &bundle).run();
    assert_eq!(export.exit, Some(3), "{}{}", export.stdout, export.stderr);
    assert!(!bundle.exists(), "half a bundle was left behind");
    let after = contents(&office.part("log"));
    assert!(before == after, "a refusal changed the log");
    let detail = problem["detail"].as_str().expect("text").to_owned();
    (code, detail)
}

fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let files = crate::office::files(folder).into_iter();
    let mut contents: Vec<_> = files
        .filter(|file| file.file_name().is_some_and(|name| name != "lock"))
        .map(|file| (file.clone(), fs::read(&file).expect("a file of the log")))
        .collect();
    contents.sort();
    contents
}

fn flip(file: &Path, at: u64) {
    let file = OpenOptions::new().read(true).write(true).open(file);
    let file = file.expect("a file of the log");
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).expect("within the file");
    byte[0] ^= 0x10;
    file.write_all_at(&byte, at).expect("within the file");
}

#[test]
fn a_flipped_byte_anywhere_in_a_segment_is_a_refusal_that_names_the_place() {
    let world = stopped();
    let length = fs::metadata(&world.office("MK").segments()[0])
        .expect("a segment")
        .len();
    for eighth in 0..8 {
        let mk = heal(&world);
        let at = length * eighth / 8 + 11;
        flip(&mk.segments()[0], at);
        let (code, detail) = refused(mk);
        println!("byte {at} of {length}: {code}: {detail}");
        assert!(detail.chars().any(|c| c.is_ascii_digit()), "{detail}");
    }
    heal(&world).serve();
}

#[test]
fn a_segment_that_lost_its_end_is_a_refusal_and_not_a_cut() {
    let world = stopped();
    let length = fs::metadata(&world.office("MK").segments()[0])
        .expect("a segment")
        .len();
    let entries = world.office("MK").verified();
    for keep in [length - 1, length - 4_000, length / 2, 10, 0] {
        let mk = heal(&world);
        let file = OpenOptions::new().write(true).open(&mk.segments()[0]);
        file.and_then(|file| file.set_len(keep)).expect("a segment");
        let (code, detail) = refused(mk);
        println!("{keep} bytes of {length} left: {code}: {detail}");
        assert!(detail.contains(&format!("had {entries}")), "{detail}");
    }
    let mk = heal(&world);
    fs::remove_file(&mk.segments()[0]).expect("a segment");
    let (code, detail) = refused(mk);
    println!("no segment: {code}: {detail}");
    heal(&world).serve();
}

#[test]
fn a_deleted_or_older_anchor_or_log_is_a_refusal_or_is_caught_up_with() {
    let world = stopped();
    let mk = heal(&world);
    fs::remove_file(mk.part("log/anchor")).expect("an anchor");
    let (code, detail) = refused(mk);
    println!("no anchor: {code}: {detail}");
    assert!(detail.contains("anchor"), "{detail}");

    let mk = heal(&world);
    let anchor = fs::metadata(mk.part("log/anchor"))
        .expect("an anchor")
        .len();
    fs::write(
        mk.part("log/anchor"),
        vec![0; usize::try_from(anchor).expect("small")],
    )
    .expect("it");
    let (code, detail) = refused(mk);
    println!("an anchor of zeros: {code}: {detail}");

    let mk = heal(&world);
    fs::remove_dir_all(mk.part("log")).expect("the log's folder");
    let (code, detail) = refused_without_a_log(mk);
    println!("no log at all: {code}: {detail}");

    // An anchor that lags is what a crash leaves behind.
    let mk = heal(&world);
    mk.serve();
    mk.stop();
    fs::copy(world.file("whole-log/anchor"), mk.part("log/anchor")).expect("a copy");
    mk.verified();
    mk.serve();
    assert!(mk.said().contains("lagged behind"), "{}", mk.said());
    mk.stop();

    // A whole log that is older than its anchor was rolled back.
    let newer = fs::read(mk.part("log/anchor")).expect("an anchor");
    let mk = heal(&world);
    fs::write(mk.part("log/anchor"), newer).expect("an anchor");
    let (code, detail) = refused(mk);
    println!("an older log: {code}: {detail}");
}

fn refused_without_a_log(office: &Office) -> (String, String) {
    office.call("serve").run().failed(1, "log-damaged");
    let made = office.part("log").join("anchor");
    assert!(
        !made.exists(),
        "an empty log was made in place of a lost one"
    );
    let audit = office.call("audit verify").run();
    let code = audit.problem_code();
    let problem = audit.failed(3, &code);
    (code, problem["detail"].as_str().expect("text").to_owned())
}

#[test]
fn people_who_are_damaged_or_gone_are_a_refusal_and_not_an_office_of_nobody() {
    let world = stopped();
    let mk = world.office("MK");
    let people = mk.part("state/people");
    let whole = fs::read(&people).expect("the people's file");
    let entries = mk.verified();
    flip(&people, whole.len() as u64 / 2);
    mk.call("serve").run().failed(1, "state");
    fs::write(&people, &whole[..whole.len() / 2]).expect("a shorter one");
    mk.call("serve").run().failed(1, "state");
    fs::remove_file(&people).expect("the people's file");
    mk.call("serve").run().failed(1, "state");
    assert_eq!(mk.verified(), entries, "the log says that people went");
    fs::write(&people, whole).expect("the file as it was");
    mk.serve();
}

#[test]
fn damaged_keys_or_trust_are_a_refusal_that_names_them() {
    let world = stopped();
    let mk = world.office("MK");
    let entries = mk.verified();
    for (name, word) in [
        ("keys/keystore", "keystore"),
        ("keys/epoch", "epoch"),
        ("trust/root.json", "trust"),
        ("trust/list.json", "trust"),
        ("trust/bundles/MK-1.json", "trust"),
        ("trust/bundles/TR-1.json", "trust"),
    ] {
        let file = mk.part(name);
        let whole = fs::read(&file).expect("a file of the node");
        for way in Way::ALL {
            if (name, way) == ("trust/bundles/TR-1.json", Way::Delete) {
                // It comes again.
                continue;
            }
            way.hurt(&file);
            let why = refusal(mk).unwrap_or_else(|| panic!("{name}, {way:?}: it serves"));
            println!("{name}, {way:?}: {why}");
            assert!(why.contains(word), "{name}, {way:?}: {why}");
            fs::write(&file, &whole).expect("room for the file as it was");
        }
    }
    assert_eq!(mk.verified(), entries, "a refusal changed the log");
    mk.serve();
}

#[test]
fn a_peers_bundle_that_is_gone_comes_again_from_the_peer() {
    let world = World::serving(&["MK", "TR"]);
    let mk = world.office("MK");
    mk.stop();
    let bundle = mk.part("trust/bundles/TR-1.json");
    let whole = fs::read(&bundle).expect("the bundle of TR");
    Way::Delete.hurt(&bundle);
    mk.serve();
    world.linked();
    let again = until(PATIENCE, "TR's bundle is kept again", || {
        fs::read(&bundle).ok()
    });
    assert!(again == whole, "another bundle came");
}

#[test]
fn a_damaged_attachment_is_given_to_nobody() {
    let world = World::serving(&["MK", "TR"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let text = toml::to_string(&examples::request()).expect("an example is valid TOML");
    let request = world.write("request.toml", text);
    let held: Vec<u8> = (0..100_000_u32).flat_map(u32::to_be_bytes).collect();
    let photo = world.write("photo.bin", &held);
    let call = mk.call("rfi send").option("--to", "TR");
    let call = call.option("--file", request).option("--attach", photo);
    let id = call.run().read::<Sent>().exchanges[0].id;
    until(PATIENCE, "the attachment has come", || {
        let view = block(tr.try_client("contact")?.exchange(id)).ok()?;
        let mut listed = view.events.into_iter().flat_map(|event| event.attachments);
        listed.any(|attachment| attachment.complete).then_some(())
    });
    // Nobody hands it over again.
    mk.stop();
    let out = world.file("saved.bin");
    let save = || {
        let save = tr.call("attachment save").word(id.to_string());
        save.option("--out", &out).run()
    };
    save().done();
    assert!(fs::read(&out).expect("it was saved") == held);
    fs::remove_file(&out).expect("it was saved");
    tr.stop();
    let blobs = files(&tr.part("blobs"));
    let [blob] = blobs.as_slice() else {
        panic!("there is one attachment: {blobs:?}");
    };
    let whole = fs::read(blob).expect("the attachment");
    for way in Way::ALL {
        way.hurt(blob);
        tr.serve();
        let ran = save();
        println!("{way:?}: {}", ran.stderr);
        assert_ne!(ran.exit, Some(0), "{way:?}");
        assert!(!ran.problem_code().is_empty(), "{way:?}: {}", ran.stderr);
        assert!(!out.exists(), "{way:?}: a part of it was saved");
        tr.stop();
        fs::write(blob, &whole).expect("room for the file as it was");
    }
    tr.serve();
    save().done();
    assert!(fs::read(&out).expect("it was saved") == held);
}
