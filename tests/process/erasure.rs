//! Erasure between whole nodes, by commands: what was said is gone at one office, the other gets a
//! signed receipt, and the log still verifies.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use liaison::api::{ExchangeView, Page, SearchHit, Sent};
use liaison::node::{Folder, OpenNode};
use liaison::store::Log as _;

use crate::examples;
use crate::office::{Office, files};
use crate::run::Call;
use crate::world::{PATIENCE, World, copy_folder, until};

fn view(office: &Office, id: &str) -> ExchangeView {
    office.call("rfi show").word(id).run().read()
}

fn opened(dir: &Path, member: &str) -> OpenNode {
    let folder = Folder(dir.to_owned());
    let me = format!("{member}-1").parse().expect("a node");
    let passphrase = fs::read_to_string(folder.0.join("passphrase")).expect("a passphrase");
    let keys = folder
        .keys(me, passphrase.trim_end())
        .expect("the keys open");
    OpenNode::open(&folder, keys, &mut |_, _| ()).expect("the node opens")
}

/// How many entries of a stopped node hold these bytes, once opened with its passphrase.
fn holding(dir: &Path, member: &str, planted: &str) -> usize {
    let log = opened(dir, member).log;
    let holds = |index: u64| {
        let content = log.read(index).expect("what remains is read").content;
        content
            .windows(planted.len())
            .any(|part| part == planted.as_bytes())
    };
    (0..log.size()).filter(|index| holds(*index)).count()
}

/// Offices that serve, each with a releasing officer.
fn offices() -> World {
    let world = World::of(&["MK", "TR"]);
    for office in &world.offices {
        let add = office.call("user add").option("--name", "boss");
        let add = add.option("--role", "releaser");
        let add = add.option("--token-file", office.token("boss"));
        add.run().done();
        office.serve();
    }
    world.linked();
    world
}

#[test]
fn what_is_erased_at_one_office_is_proved_to_the_other() {
    let world = offices();
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let request = toml::to_string(&examples::urgent_request()).expect("valid TOML");
    let call = mk.call("rfi send").option("--to", "TR");
    let file = world.write("request.toml", request);
    let photo = world.write("photo.jpg", vec![7; 200_000]);
    let sent: Sent = call
        .option("--file", file)
        .option("--attach", photo)
        .run()
        .read();
    let id = sent.exchanges[0].id.to_string();
    until(PATIENCE, "the request and its file have come", || {
        let listed = tr.exchanges().ok()?;
        let here = !listed.is_empty() && !blobs(tr).is_empty();
        here.then_some(())
    });
    tr.call("rfi show").word(&id).run().done();
    let erase = |who| {
        let erase = tr.call("rfi erase").word(&id);
        let erase = erase.option("--reason", "Asked for by mistake.");
        erase.option("--token-file", tr.token(who)).run()
    };
    erase("boss").failed(1, "not-in-this-state");
    for role in ["officer", "contact"] {
        erase(role).failed(1, "not-permitted");
    }
    let refuse = tr.call("rfi refuse").word(&id).option("--ground", "a");
    refuse.run().done();
    until(PATIENCE, "the refusal is receipted", || {
        let events = view(tr, &id).events;
        events.iter().any(|e| e.kind == "delivered").then_some(())
    });
    // What somebody copied before: everything but the keys.
    let copy = tempfile::tempdir().expect("a folder");
    for part in ["log", "index", "blobs"] {
        copy_folder(&tr.dir.join(part), &copy.path().join(part));
    }
    let longer = tr.call("retention set").word(&id).option("--days", "9999");
    longer.run().failed(1, "invalid");
    erase("boss").done();
    until(PATIENCE, "MK has TR's receipt of the erasure", || {
        let events = view(mk, &id).events;
        let told = events
            .iter()
            .any(|e| e.kind == "erased" && e.proof.peer_log.is_some());
        told.then_some(())
    });
    let events = view(tr, &id).events;
    let request = events
        .iter()
        .find(|e| e.kind == "request")
        .expect("it is still there");
    let erased = request.erased.as_ref().expect("its content is gone");
    assert_eq!(erased.reason, "order");
    assert!(request.content.is_null() && request.attachments.is_empty());
    let page: Page<SearchHit> = tr.call("search").word("34KLM417").run().read();
    assert!(page.items.is_empty());
    let page: Page<SearchHit> = mk.call("search").word("34KLM417").run().read();
    assert_eq!(page.items.len(), 1, "MK keeps its own");
    until(PATIENCE, "the file is removed", || {
        blobs(tr).is_empty().then_some(())
    });
    let (_, shown, _) = tr.call("rfi show").word(&id).run_as_text();
    assert!(shown.contains("its content was erased here"), "{shown}");
    tr.verified();
    mk.verified();

    // A backup that is made now holds nothing of it, though it holds the keys.
    let restored = backed_up(&world, tr);
    assert_eq!(holding(&restored, "TR", "34 KLM 417"), 0);
    assert!(opened(&restored, "TR").log.size() > 0);

    tr.stop();
    mk.stop();
    assert_eq!(holding(&tr.dir, "TR", "34 KLM 417"), 0);
    // An index made anew shows what there is, and nothing that is erased.
    tr.call("store rebuild").run().done();
    assert_eq!(holding(&tr.dir, "TR", "34 KLM 417"), 0);
    tr.serve();
    let page: Page<SearchHit> = tr.call("search").word("34KLM417").run().read();
    assert!(page.items.is_empty());
    assert!(view(tr, &id).summary.erased.is_some());
    tr.stop();
    assert!(holding(&mk.dir, "MK", "34 KLM 417") > 0);
    // The copy, put beside the keys as they are now, opens nothing of what was said.
    let from = opened(&tr.dir, "TR");
    assert_eq!(from.log.epoch(), 2);
    drop(from);
    fs::remove_dir_all(tr.dir.join("log")).expect("it was there");
    fs::remove_dir_all(tr.dir.join("index")).expect("it was there");
    copy_folder(&copy.path().join("log"), &tr.dir.join("log"));
    copy_folder(&copy.path().join("index"), &tr.dir.join("index"));
    let folder = Folder(tr.dir.clone());
    let passphrase = fs::read_to_string(tr.dir.join("passphrase")).expect("a passphrase");
    let keys = folder.keys("TR-1".parse().expect("a node"), passphrase.trim_end());
    let refused = OpenNode::open(&folder, keys.expect("the keys open"), &mut |_, _| ());
    assert!(refused.is_err(), "the secret of the old log is destroyed");
}

#[test]
fn kills_in_the_middle_of_an_erasure_lose_nothing_and_leave_nothing_half_erased() {
    let world = offices();
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let mut ids = Vec::new();
    for _ in 0..6 {
        let request = toml::to_string(&examples::urgent_request()).expect("valid TOML");
        let file = world.write("request.toml", request);
        let call = mk.call("rfi send").option("--to", "TR");
        let sent: Sent = call.option("--file", file).run().read();
        ids.push(sent.exchanges[0].id.to_string());
    }
    for id in &ids {
        until(PATIENCE, "the request has come", || {
            let listed = tr.exchanges().ok()?;
            let here = listed.iter().any(|row| row.id.to_string() == *id);
            here.then_some(())
        });
        let refuse = tr.call("rfi refuse").word(id).option("--ground", "a");
        refuse.run().done();
    }
    for id in &ids {
        until(PATIENCE, "each refusal is receipted", || {
            let events = view(tr, id).events;
            events.iter().any(|e| e.kind == "delivered").then_some(())
        });
    }
    // The last stays as it is.
    let (kept, erased) = ids.split_last().expect("there are some");
    for (round, id) in (0..).zip(erased) {
        let epoch = tr.dir.join("keys/epoch");
        let before = fs::read(&epoch).expect("its keys");
        let erase = tr.call("rfi erase").word(id).option("--reason", "A test.");
        let erase = erase.option("--token-file", tr.token("boss"));
        erase.run().done();
        // At the first sign that the epoch changes, and ever later in it.
        let deadline = Instant::now() + Duration::from_secs(10);
        while fs::read(&epoch).expect("its keys") == before && Instant::now() < deadline {
            std::hint::spin_loop();
        }
        let moment = Instant::now() + Duration::from_micros(1_500 * round);
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        tr.kill();
        tr.serve();
    }
    for id in erased {
        until(PATIENCE, "MK has the receipt of each erasure", || {
            let told = view(mk, id).events.iter().any(|e| e.kind == "erased");
            told.then_some(())
        });
        assert!(view(tr, id).summary.erased.is_some());
    }
    let shown = view(tr, kept);
    assert!(shown.summary.erased.is_none());
    assert!(shown.events.iter().all(|event| event.erased.is_none()));
    tr.verified();
    tr.stop();
    let held = holding(&tr.dir, "TR", "34 KLM 417");
    assert_eq!(held, 1, "the request that was not erased, and no other");
}

/// A backup of the office, as it is restored.
fn backed_up(world: &World, office: &Office) -> PathBuf {
    let admin = office.token("admin");
    let add = office.call("user add").option("--name", "admin");
    let add = add.option("--role", "admin").option("--token-file", &admin);
    add.run().done();
    let (shares, out) = (world.file("shares"), world.file("backup"));
    let split = office.call("key backup").option("--out", &shares);
    split.run().done();
    let call = office.call("backup").option("--token-file", &admin);
    call.option("--out", &out).run().done();
    let dir = world.file("restored");
    let restore = Call::of("restore").word(&out).option("--dir", &dir);
    let shares = files(&shares).into_iter().take(3);
    let restore = shares.fold(restore, |call, share| call.option("--share", share));
    restore.run().done();
    fs::copy(office.dir.join("passphrase"), dir.join("passphrase")).expect("a passphrase");
    dir
}

/// The sealed files at an office.
fn blobs(office: &Office) -> Vec<std::ffi::OsString> {
    let Ok(files) = fs::read_dir(office.dir.join("blobs")) else {
        return Vec::new();
    };
    let names = files.filter_map(Result::ok).map(|file| file.file_name());
    let whole = names.filter(|name| !name.to_string_lossy().ends_with(".part"));
    whole
        .filter(|name| !name.to_string_lossy().ends_with(".new"))
        .collect()
}
