//! A backup is made while traffic runs, verified, and restored where nothing goes on with its log.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use liaison::api::SendRequest;

use crate::examples;
use crate::office::{Office, files};
use crate::run::{Call, strace_works};
use crate::world::{World, block};

fn shares(office: &Office, world: &World) -> Vec<PathBuf> {
    let folder = world.file("shares");
    let backup = office.call("key backup").option("--out", &folder);
    backup.run().done();
    files(&folder)
}

fn restore(backup: &Path, shares: &[PathBuf]) -> Call {
    let call = Call::of("restore").word(backup);
    shares
        .iter()
        .fold(call, |call, share| call.option("--share", share))
}

#[test]
fn a_backup_of_a_busy_node_holds_and_a_restored_log_is_never_gone_on_with() {
    let world = World::serving(&["MK", "TR"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let out = world.file("mk.backup");
    let admin = mk.token("admin");
    let add = mk.call("user add").option("--name", "admin");
    let add = add.option("--role", "admin").option("--token-file", &admin);
    add.run().done();
    let back_up = mk
        .call("backup")
        .option("--token-file", &admin)
        .option("--out", &out);
    back_up.run().failed(4, "recovery-not-set-up");
    let shares = shares(mk, &world);

    let done = std::sync::atomic::AtomicBool::new(false);
    let before = mk.health().expect("MK serves").log_size;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let body = SendRequest {
                reservation: None,
                to: vec!["TR".parse().expect("a member")],
                request: examples::request(),
            };
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                block(mk.client("officer").send_request(&body)).expect("MK takes it");
            }
        });
        crate::world::until(Duration::from_secs(60), "traffic runs", || {
            (mk.health()?.log_size > before + 20).then_some(())
        });
        let backed_up = back_up.run();
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        backed_up.done();
    });
    assert!(
        back_up.run().exit != Some(0),
        "a backup is not written over"
    );

    let verified = restore(&out, &shares[..3]).word("--verify").run().done();
    assert_eq!(verified["node"], "MK-1");
    assert!(
        verified["entries"].as_u64() > Some(before + 20),
        "{verified}"
    );
    assert!(verified["trust_root"].is_string(), "{verified}");

    // Two people, and a change of a byte, get nothing.
    restore(&out, &shares[..2])
        .word("--verify")
        .run()
        .failed(1, "recovery-refused");
    let good = fs::read(&out).expect("the backup");
    for at in [3, 60, 1_000, 3_000, good.len() / 2, good.len() - 1] {
        let mut damaged = good.clone();
        damaged[at] ^= 1;
        let damaged = world.write("damaged.backup", damaged);
        let ran = restore(&damaged, &shares[..3]).word("--verify").run();
        assert_ne!(ran.exit, Some(0), "byte {at}");
    }
    // Nobody finds in it what the office keeps.
    let text = b"Liaison Office";
    assert!(!good.windows(text.len()).any(|window| window == text));

    let dir = world.file("restored");
    restore(&out, &shares[1..4])
        .option("--dir", &dir)
        .run()
        .done();
    Call::of("audit verify").dir(&dir).run().done();
    Call::of("serve").dir(&dir).run().failed(1, "restored");
    restore(&out, &shares[1..4])
        .option("--dir", &dir)
        .run()
        .failed(1, "node-exists");
    tr.verified();
    mk.verified();
}

#[test]
fn a_backup_opens_with_the_shares_of_its_time_and_says_how_they_begin() {
    let world = World::of(&["MK", "TR"]);
    let mk = world.office("MK");
    let admin = mk.token("admin");
    let add = mk.call("user add").option("--name", "admin");
    let add = add.option("--role", "admin").option("--token-file", &admin);
    add.run().done();
    mk.serve();
    let shared_and_backed_up = |time: &str| {
        let folder = world.file(&format!("shares-{time}"));
        let key_backup = mk.call("key backup").option("--out", &folder);
        key_backup.run().done();
        let out = world.file(&format!("{time}.backup"));
        let back_up = mk.call("backup").option("--token-file", &admin);
        back_up.option("--out", &out).run().done();
        (out, files(&folder))
    };
    // A person left in between.
    let times = ["before", "after"].map(shared_and_backed_up);
    for (backup, of_then) in &times {
        for (_, shares) in &times {
            let ran = restore(backup, &shares[..3]).word("--verify").run();
            if shares == of_then {
                ran.done();
                continue;
            }
            let next = ran.failed(1, "recovery-refused")["next"].to_string();
            let share = fs::read_to_string(&of_then[0]).expect("a share");
            let (beginning, _) = share.split_once(" 3-of-5").expect("how many are needed");
            assert!(next.contains(beginning), "{next}");
        }
    }
}

/// Everything in a folder, however deep.
fn all_in(folder: &Path) -> Vec<PathBuf> {
    let each = files(folder)
        .into_iter()
        .flat_map(|path| match path.is_dir() {
            true => [all_in(&path), vec![path]].concat(),
            false => vec![path],
        });
    each.collect()
}

#[test]
fn a_restored_folder_is_on_the_disk_before_it_has_its_name() {
    if !strace_works() {
        return;
    }
    let world = World::serving(&["MK", "TR"]);
    let mk = world.office("MK");
    let shares = shares(mk, &world);
    let admin = mk.token("admin");
    let add = mk.call("user add").option("--name", "admin");
    let add = add.option("--role", "admin").option("--token-file", &admin);
    add.run().done();
    let out = world.file("mk.backup");
    let back_up = mk.call("backup").option("--token-file", &admin);
    back_up.option("--out", &out).run().done();

    let (dir, calls) = (world.file("restored"), world.file("calls"));
    let restore = restore(&out, &shares[..3]).dir(&dir);
    restore.traced(&calls).done();
    let calls = fs::read_to_string(calls).expect("strace says what was called");
    let is_its_name = |line: &&str| line.contains(&format!("{}\"", dir.display()));
    let (before, after) = calls.split_at(
        calls
            .lines()
            .find(is_its_name)
            .and_then(|line| calls.find(line))
            .expect("it is renamed"),
    );
    for path in all_in(&dir) {
        let path = path.strip_prefix(&dir).expect("it lies in there");
        let synced = before.contains(&format!("/{}>)", path.display()));
        assert!(synced, "{} was not synced", path.display());
    }
    let parent = format!("<{}>)", dir.parent().expect("a folder").display());
    assert!(after.contains(&parent), "its name was not synced");
}
