//! A node that goes to another place, and one that starts by itself after a reboot.

use std::path::{Path, PathBuf};

use liaison::api::Sent;
use liaison::config::{Addresses, Config};

use crate::examples;
use crate::office::{Office, files};
use crate::run::program;
use crate::world::{PATIENCE, World, copy_folder, until};

fn send(world: &World, from: &Office, to: &str) {
    let text = toml::to_string(&examples::urgent_request()).expect("the example is valid TOML");
    let file = world.write("request.toml", text);
    let call = from.call("rfi send").option("--to", to);
    call.option("--file", file).run().done();
}

fn all_delivered(office: &Office, number: usize) {
    until(PATIENCE, "all requests are delivered", || {
        let all = office.exchanges().ok()?;
        let there = all.iter().filter(|one| one.state == "delivered").count();
        (there == number).then_some(())
    });
}

/// An address of this machine that nobody uses, for peers to dial.
fn free_address() -> String {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.local_addr().expect("it is bound").to_string()
}

#[test]
fn a_node_moves_with_its_whole_log_and_never_serves_at_two_places() {
    let world = World::serving(&["MK", "TR"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let stale = world.file("stale");
    mk.stop();
    copy_folder(&mk.dir, &stale);
    mk.serve();
    send(&world, mk, "TR");
    all_delivered(mk, 1);
    mk.call("move prepare").run().failed(1, "node-running");
    mk.stop();
    mk.call("move complete")
        .run()
        .failed(1, "move-not-prepared");
    let prepared = mk.call("move prepare").run().done();
    assert_eq!(prepared["serves_here"], false);
    mk.start();
    let status = mk.end_within(PATIENCE);
    assert_eq!(status.code(), Some(1));
    assert!(mk.said().contains("node-moving"), "{}", mk.said());

    // A copy of another time is not the folder that was prepared.
    let mark = "moving.json";
    std::fs::copy(mk.part(mark), stale.join(mark)).expect("a copy of the mark");
    let old = Office::new("MK", stale);
    old.call("move complete").run().failed(3, "move-not-whole");
    let new = Office::new("MK", world.file("new-place"));
    copy_folder(&mk.dir, &new.dir);
    let address = free_address();
    let complete = new.call("move complete").option("--listen", &address);
    let completed = complete.option("--address", &address).run().done();
    assert_eq!(completed["log_size"], prepared["log_size"]);
    assert_eq!(completed["serves_here"], true);
    let checked = new.call("config check").run().done();
    assert_eq!(checked["exchange_address"], address.as_str());
    let shown = new.call("member reach").word("MK").run().done();
    let node = &shown["members"][0]["nodes"][0];
    assert_eq!(node["address"], address.as_str());
    assert!(node["listed"].as_str().is_some_and(|old| old != address));

    new.serve();
    send(&world, &new, "TR");
    all_delivered(&new, 2);
    new.verified();
    assert_eq!(tr.exchanges().expect("a list").len(), 2);
    // The old place stays marked, whatever is done there but to say that no copy is left.
    mk.call("move cancel").run().failed(2, "usage");
    mk.start();
    assert_eq!(mk.end_within(PATIENCE).code(), Some(1));
}

#[test]
fn a_copy_that_lacks_attachments_serves_once_somebody_says_that_they_are_lost() {
    let world = World::serving(&["MK", "TR"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let text = toml::to_string(&examples::request()).expect("the example is valid TOML");
    let call = mk.call("rfi send").option("--to", "TR");
    let call = call.option("--file", world.write("request.toml", text));
    let photo = world.write("photo.jpg", vec![7; 200_000]);
    let sent: Sent = call.option("--attach", photo).run().read();
    let id = sent.exchanges[0].id.to_string();
    let save = |office: &Office| {
        let save = office.call("attachment save").word(&id);
        save.option("--out", world.file("saved")).run()
    };
    until(PATIENCE, "TR has the attachment", || {
        (save(tr).exit == Some(0)).then_some(())
    });
    std::fs::remove_file(world.file("saved")).expect("it was saved");
    tr.stop();
    tr.call("move prepare").run().done();
    let whole = Office::new("TR", world.file("whole"));
    copy_folder(&tr.dir, &whole.dir);
    let completed = whole.call("move complete").run().done();
    assert!(completed.get("files_lost").is_none(), "{completed}");

    let new = Office::new("TR", world.file("new-place"));
    copy_folder(&tr.dir, &new.dir);
    // It is shorter, then gone.
    let held = files(&new.part("blobs"));
    let [file] = &held[..] else {
        panic!("one attachment");
    };
    std::fs::write(file, b"half").expect("room");
    new.call("move complete")
        .run()
        .failed(3, "move-lacks-files");
    std::fs::remove_file(file).expect("it is there");
    let refused = new.call("move complete").run();
    let refused = refused.failed(3, "move-lacks-files");
    let why = refused["detail"].as_str().expect("a reason");
    assert!(why.contains("1 of 1 attachment "), "{why}");
    new.start();
    assert_eq!(new.end_within(PATIENCE).code(), Some(1), "it still moves");
    let complete = new.call("move complete").word("--files-lost");
    assert_eq!(complete.run().done()["files_lost"], 1);
    new.serve();
    save(&new).failed(1, "attachment-lost");
}

#[test]
fn a_node_that_was_off_for_longer_than_its_receiving_key_lasts_says_where_it_is_now() {
    let world = World::of(&["MK", "TR"]);
    let mk = world.office("MK");
    mk.ages(std::time::Duration::from_secs(40 * 24 * 3_600));
    let duty = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/examples/duty.toml");
    let roster = mk.call("member duty").option("--file", duty);
    roster.run().done();
    mk.call("move prepare").run().done();
    let complete = mk.call("move complete");
    complete.option("--address", free_address()).run().done();
    assert!(serves(&mk.dir, None));
}

#[test]
fn a_move_that_is_called_off_leaves_the_node_where_it_was() {
    let world = World::of(&["MK", "TR"]);
    let mk = world.office("MK");
    mk.call("move prepare").run().done();
    let cancel = mk.call("move cancel").word("--copies-destroyed");
    cancel.run().done();
    mk.serve();
    mk.stop();
}

/// The configuration names no file for the passphrase any more; gives the file that it named.
fn without_passphrase_file(office: &Office) -> PathBuf {
    let mut config = Config::load(&office.dir).expect("a valid configuration");
    let file = config.passphrase_file().expect("it names one");
    config.settings.passphrase_file = None;
    let text = config.settings.render();
    std::fs::write(office.part("liaison.toml"), text).expect("a configuration");
    file
}

/// Starts a node as a service manager would; gives whether it served before it ended.
fn serves(dir: &Path, credentials: Option<&Path>) -> bool {
    let mut serve = program();
    serve
        .arg("serve")
        .arg("--dir")
        .arg(dir)
        .arg("--stop-with-stdin");
    serve.stdin(std::process::Stdio::piped());
    serve.stdout(std::process::Stdio::null());
    serve.stderr(std::process::Stdio::null());
    if let Some(credentials) = credentials {
        serve.env("CREDENTIALS_DIRECTORY", credentials);
    }
    let mut node = serve.spawn().expect("the program runs");
    let config = Config::load(dir).expect("a valid configuration");
    let served = until(PATIENCE, "it serves or ends", || {
        let ended = node.try_wait().expect("its state can be asked").is_some();
        let running = Addresses::load(&config).ok().flatten().is_some();
        (ended || running).then_some(running)
    });
    drop(node.stdin.take());
    node.wait().expect("it ends");
    served
}

#[test]
fn after_a_reboot_nobody_attends_a_node_opens_its_keys_with_the_services_credential() {
    let world = World::of(&["MK", "TR"]);
    let mk = world.office("MK");
    let passphrase = without_passphrase_file(mk);
    let credentials = world.file("credentials");
    std::fs::create_dir(&credentials).expect("a new folder");
    assert!(!serves(&mk.dir, None), "nobody is there to be asked");
    assert!(!serves(&mk.dir, Some(&credentials)), "there is none");
    std::fs::rename(passphrase, credentials.join("passphrase")).expect("one file system");
    assert!(serves(&mk.dir, Some(&credentials)));
}
