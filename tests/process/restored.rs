//! An office whose disk failed goes on from yesterday's backup: in a new incarnation of its log, with
//! all that its peers hold, and with everybody told what is lost.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use liaison::api::{ExchangeView, Sent};
use liaison::base::Timestamp;
use serde_json::Value;

use crate::examples;
use crate::office::{Office, files};
use crate::run::Call;
use crate::world::{PATIENCE, World, copy_folder, until};

/// A backup of an office, and how to restore it.
struct Backup {
    file: PathBuf,
    shares: Vec<PathBuf>,
}

/// Backs the running office up, with the recovery set up first.
fn backed_up(world: &World, office: &Office) -> Backup {
    let admin = office.token("admin");
    let add = office.call("user add").option("--name", "admin");
    let add = add.option("--role", "admin").option("--token-file", &admin);
    add.run().done();
    let named = |what: &str| world.file(&format!("{what}-of-{}", office.member));
    let folder = named("shares");
    let recovery = office.call("key backup").option("--out", &folder);
    recovery.run().done();
    let file = named("backup");
    let back_up = office.call("backup").option("--token-file", &admin);
    back_up.option("--out", &file).run().done();
    Backup {
        file,
        shares: files(&folder),
    }
}

impl Backup {
    /// The office's disk is lost, and its folder comes out of the backup.
    fn restore(&self, office: &Office) {
        office.kill();
        let lost = (1..)
            .map(|disk| office.dir.with_extension(format!("lost-{disk}")))
            .find(|lost| !lost.exists())
            .expect("a name that is free");
        fs::rename(&office.dir, &lost).expect("the folder goes");
        let call = Call::of("restore").word(&self.file);
        let call = self.shares[..3]
            .iter()
            .fold(call, |call, share| call.option("--share", share));
        call.option("--dir", &office.dir).run().done();
        // People keep their tokens and the passphrase elsewhere.
        let tokens = office.part("tokens");
        fs::create_dir(&tokens).expect("a new folder");
        for token in files(&lost.join("tokens")) {
            let name = token.file_name().expect("a file");
            fs::copy(&token, tokens.join(name)).expect("room for a token");
        }
        let passphrase = "passphrase";
        fs::copy(lost.join(passphrase), office.part(passphrase)).expect("room for a passphrase");
    }
}

fn resume(office: &Office) -> Value {
    office.call("resume").word("--old-folder-lost").run().done()
}

fn send(world: &World, from: &Office, to: &str, name: &str, request: &Value) -> String {
    let text = toml::to_string(request).expect("an example is valid TOML");
    let call = from.call("rfi send").option("--to", to);
    let call = call.option("--file", world.write(name, text));
    call.run().read::<Sent>().exchanges[0].id.to_string()
}

fn becomes(office: &Office, exchange: &str, state: &str) {
    let what = format!("{} sees {exchange} {state}", office.member);
    until(PATIENCE, &what, || {
        let listed = office.exchanges().ok()?;
        let found = listed.into_iter().find(|e| e.id.to_string() == exchange)?;
        (found.state == state).then_some(())
    });
}

fn shown(office: &Office, exchange: &str) -> ExchangeView {
    let show = office.call("rfi show").word(exchange);
    show.option("--as", "officer").run().read()
}

/// The office has its peer's proof that what it said in an exchange is in the log of that origin.
fn proved(office: &Office, exchange: &str, origin: &str) {
    let what = format!("{} has proof of {origin}", office.member);
    until(PATIENCE, &what, || {
        let events = shown(office, exchange).events.into_iter();
        let mut logs = events.filter_map(|event| event.proof.peer_log);
        logs.any(|log| log.origin == origin).then_some(())
    });
}

/// What was said in an exchange, in order, by the member that said it.
fn said(office: &Office, exchange: &str) -> Vec<(String, String)> {
    let events = shown(office, exchange).events.into_iter();
    let messages = events.filter(|event| event.proof.leaf.is_some());
    messages
        .map(|event| (event.member.to_string(), event.kind))
        .collect()
}

fn accept(office: &Office, exchange: &str) {
    let accept = office.call("rfi accept").word(exchange);
    accept.option("--reference", "ref-1").run().done();
}

/// A request that one office sent and another one accepted.
fn accepted(world: &World, (from, to): (&Office, &Office), name: &str, request: &Value) -> String {
    let exchange = send(world, from, to.member.as_str(), name, request);
    becomes(from, &exchange, "delivered");
    accept(to, &exchange);
    becomes(from, &exchange, "accepted");
    exchange
}

fn answer(world: &World, office: &Office, exchange: &str) {
    let file = world.write(
        "answer.toml",
        toml::to_string(&examples::answer_to_request()).expect("it is valid TOML"),
    );
    let answer = office.call("rfi answer").word(exchange);
    answer.option("--file", file).run().done();
}

fn audit_of(office: &Office) -> Value {
    office.call("audit witness").run().done()
}

/// What the office is told of logs that were restored: from how many entries they go on, and how many
/// they had at least.
fn told(office: &Office, origin: &str) -> Option<(u64, u64)> {
    let report = audit_of(office);
    let alarms = report["alarms"].as_array().expect("alarms").iter();
    let mut alarms = alarms.filter(|alarm| alarm["fault"] == "restored");
    let alarm = alarms.find(|alarm| alarm["origin"] == origin)?;
    let size = |name: &str| alarm[name].as_u64().expect("a size");
    Some((size("first"), size("second")))
}

#[test]
fn an_office_that_lost_its_disk_has_everything_again_that_its_peers_hold() {
    let world = World::serving(&["MK", "TR", "AT"]);
    let (mk, tr, at) = (world.office("MK"), world.office("TR"), world.office("AT"));
    let request = examples::request();
    let before = accepted(&world, (mk, tr), "before.toml", &request);
    let backup = backed_up(&world, mk);

    // All of this is after the backup.
    answer(&world, tr, &before);
    becomes(mk, &before, "answered");
    let asked = accepted(&world, (mk, tr), "asked.toml", &request);
    let clarify = tr.call("rfi clarify").word(&asked);
    let clarify = clarify
        .option("--ask", "Which van?")
        .option("--question", "0");
    clarify.run().done();
    becomes(mk, &asked, "clarification-requested");
    let clarify = mk.call("rfi clarify").word(&asked);
    clarify.option("--answer", "The white one.").run().done();
    becomes(tr, &asked, "clarified");
    let got = accepted(&world, (at, mk), "got.toml", &request);
    let alert = world.write(
        "alert.toml",
        include_str!("../../deploy/examples/alert.toml"),
    );
    let publish = mk.call("alert publish").option("--file", alert);
    let published = publish.run().done();
    let alert = published["id"].as_str().expect("an id").to_owned();
    until(PATIENCE, "TR has the alert", || {
        let shown = tr.call("alert show").word(&alert).run();
        (shown.exit == Some(0)).then_some(())
    });
    let conversations = [&before, &asked, &got];
    let at_mk: Vec<_> = conversations.iter().map(|id| said(mk, id)).collect();
    let had = mk.health().expect("MK serves").log_size;

    backup.restore(mk);
    mk.call("serve").run().failed(1, "restored");
    mk.call("resume").run().failed(2, "usage");
    let resumed = resume(mk);
    assert_ne!(resumed["origin"], resumed["before"]);
    let goes_on_from = resumed["log_size"].as_u64().expect("a size");
    assert!(goes_on_from < had);
    mk.call("resume")
        .word("--old-folder-lost")
        .run()
        .failed(1, "not-restored");
    mk.verified();
    mk.serve();

    becomes(mk, &before, "answered");
    becomes(mk, &asked, "clarified");
    becomes(mk, &got, "accepted");
    until(PATIENCE, "MK has its alert again", || {
        let shown = mk.call("alert show").word(&alert).run();
        (shown.exit == Some(0)).then_some(())
    });
    let again: Vec<_> = conversations.iter().map(|id| said(mk, id)).collect();
    assert_eq!(again, at_mk);
    for office in [tr, at] {
        let what = format!("{} waits for nothing", office.member);
        until(PATIENCE, &what, || {
            let health = office.health()?;
            let waiting: u64 = health.peers.iter().map(|peer| peer.waiting).sum();
            (waiting == 0).then_some(())
        });
    }
    // Nothing took effect twice at the others.
    for (office, exchange) in [(tr, &before), (tr, &asked), (at, &got)] {
        let mut theirs = said(office, exchange);
        let mut ours = said(mk, exchange);
        theirs.sort();
        ours.sort();
        assert_eq!(theirs, ours, "{}", office.member);
        // A receipt that came again is no second event.
        let receipts = shown(office, exchange).events.into_iter().filter_map(|e| {
            let proof = e.proof.peer_log?;
            Some((e.kind, e.message, e.member, proof.origin, proof.index))
        });
        let receipts: Vec<_> = receipts.collect();
        for receipt in &receipts {
            let times = receipts.iter().filter(|other| *other == receipt).count();
            assert_eq!(times, 1, "{}: {receipt:?}", office.member);
        }
    }
    // Everybody is told how much is lost, and all logs hold.
    let old = "mk-1.liaison/1";
    for office in [mk, tr, at] {
        let what = format!("{} is told", office.member);
        let (first, second) = until(PATIENCE, &what, || told(office, old));
        assert_eq!(first, goes_on_from, "{}", office.member);
        assert!((first..=had).contains(&second), "{first} {second} {had}");
    }
    // And the exchange goes on from where it was.
    answer(&world, tr, &asked);
    becomes(mk, &asked, "answered");
    answer(&world, mk, &got);
    becomes(at, &got, "answered");
    for office in [mk, tr, at] {
        office.verified();
        for alarm in audit_of(office)["alarms"].as_array().expect("alarms") {
            assert_eq!(alarm["fault"], "restored", "{}: {alarm}", office.member);
        }
    }
}

#[test]
fn an_office_that_was_restored_works_while_its_peers_are_away() {
    let world = World::serving(&["MK", "TR"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let request = examples::request();
    let before = send(&world, mk, "TR", "before.toml", &request);
    becomes(mk, &before, "delivered");
    let backup = backed_up(&world, mk);
    let lost = accepted(&world, (mk, tr), "lost.toml", &request);
    tr.stop();

    backup.restore(mk);
    let resumed = resume(mk);
    mk.serve();
    let after = send(&world, mk, "TR", "after.toml", &request);
    // It is killed before it has heard from anybody.
    mk.kill();
    mk.serve();
    tr.serve();
    becomes(mk, &after, "delivered");
    becomes(mk, &lost, "accepted");
    accept(tr, &before);
    becomes(mk, &before, "accepted");
    let verified = mk.call("audit verify").run().done();
    assert_eq!(verified["origin"], resumed["origin"]);
    assert_eq!(
        verified["restored"],
        serde_json::json!([resumed["log_size"]])
    );
    tr.verified();
}

#[test]
fn an_office_that_renewed_its_log_key_after_the_backup_learns_of_that_key_from_its_peers() {
    let world = World::serving(&["MK", "TR", "AT"]);
    let (mk, tr, at) = (world.office("MK"), world.office("TR"), world.office("AT"));
    let request = examples::request();
    let backup = backed_up(&world, mk);
    // AT never hears of the key that is lost.
    at.stop();
    let rotate = mk.call("key rotate").word("--log");
    let rotated = rotate.option("--token-file", mk.token("admin")).run();
    let rotated = rotated.done()["sequence"].clone();
    until(PATIENCE, "MK's new log key is in force", || {
        let sequence = mk.health()?.keys?.sequence;
        (rotated == sequence).then_some(())
    });
    let lost = accepted(&world, (mk, tr), "lost.toml", &request);
    // What is shown later of the lost part is this proof; MK is killed next.
    proved(tr, &lost, "mk-1.liaison/1");

    backup.restore(mk);
    resume(mk);
    // AT hears of the new incarnation before anybody has told MK of the key.
    tr.stop();
    at.serve();
    mk.serve();
    let to_at = send(&world, mk, "AT", "to-at.toml", &request);
    becomes(mk, &to_at, "delivered");
    tr.serve();

    becomes(mk, &lost, "accepted");
    answer(&world, tr, &lost);
    becomes(mk, &lost, "answered");
    accept(at, &to_at);
    becomes(mk, &to_at, "accepted");
    for office in [mk, tr, at] {
        let what = format!("{} is told", office.member);
        until(PATIENCE, &what, || told(office, "mk-1.liaison/1"));
        office.verified();
        for alarm in audit_of(office)["alarms"].as_array().expect("alarms") {
            assert_eq!(alarm["fault"], "restored", "{}: {alarm}", office.member);
        }
    }
}

#[test]
fn a_backup_that_is_older_than_its_receiving_key_lasts_goes_on_with_a_new_one() {
    let world = World::serving(&["MK", "TR"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let backup = backed_up(&world, mk);
    backup.restore(mk);
    mk.ages(Duration::from_secs(40 * 24 * 3_600));
    let before = Timestamp::system();
    resume(mk);
    mk.serve();
    let made = mk.made().expect("it serves");
    assert!(made["recipient"] >= before, "{made:?}");
    let request = examples::request();
    accepted(&world, (tr, mk), "to-mk.toml", &request);
    accepted(&world, (mk, tr), "to-tr.toml", &request);
}

#[test]
fn two_restores_from_one_backup_never_go_on_as_one_incarnation_however_quickly_they_follow() {
    let world = World::of(&["MK", "TR"]);
    let mk = world.office("MK");
    mk.serve();
    let backup = backed_up(&world, mk);
    backup.restore(mk);
    let mut origins = BTreeSet::new();
    for copy in ["one", "two", "three", "four"] {
        let dir = world.file(copy);
        copy_folder(&mk.dir, &dir);
        let resumed = Call::of("resume").word("--old-folder-lost");
        let resumed = resumed.option("--dir", &dir).run().done();
        let origin = resumed["origin"].as_str().expect("an origin").to_owned();
        assert!(origins.insert(origin.clone()), "{origin} came again");
    }
}

#[test]
fn an_office_that_loses_its_disk_again_goes_on_from_the_same_backup() {
    let world = World::serving(&["MK", "TR", "AT"]);
    let (mk, tr, at) = (world.office("MK"), world.office("TR"), world.office("AT"));
    let request = examples::request();
    let backup = backed_up(&world, mk);
    let first = accepted(&world, (mk, tr), "first.toml", &request);
    // What is shown later of the lost parts are these proofs; MK is killed next.
    proved(tr, &first, "mk-1.liaison/1");

    backup.restore(mk);
    let once = resume(mk)["origin"].as_str().expect("an origin").to_owned();
    mk.serve();
    becomes(mk, &first, "accepted");
    let second = accepted(&world, (mk, tr), "second.toml", &request);
    proved(tr, &second, &once);

    // Nobody made another backup, and one peer is away.
    at.stop();
    backup.restore(mk);
    assert_ne!(resume(mk)["origin"], *once);
    mk.serve();
    becomes(mk, &first, "accepted");
    becomes(mk, &second, "accepted");
    let third = send(&world, mk, "AT", "third.toml", &request);
    at.serve();
    becomes(mk, &third, "delivered");
    accept(at, &third);
    becomes(mk, &third, "accepted");

    for office in [mk, tr, at] {
        for origin in ["mk-1.liaison/1", &once] {
            let what = format!("{} is told that the end of {origin} is lost", office.member);
            until(PATIENCE, &what, || told(office, origin));
        }
        let faults = audit_of(office)["alarms"].clone();
        let faults = faults.as_array().expect("alarms").iter();
        assert!(faults.clone().all(|alarm| alarm["fault"] == "restored"));
        office.verified();
    }
    // What MK signs before its peers can know the key waits for the bundle that they take.
    for peer in [tr, at] {
        assert_eq!(peer.refused(), Vec::<Value>::new(), "{}", peer.member);
    }
}

/// Saves the first file of a message that the office holds, once it is whole there; gives its bytes.
fn saved(world: &World, office: &Office, message: &str) -> Vec<u8> {
    let what = format!("the file of {message} is at {}", office.member);
    let out = world.file("saved");
    until(PATIENCE, &what, || {
        let save = office.call("attachment save").word(message);
        let ran = save.option("--out", &out).run();
        (ran.exit == Some(0)).then_some(())
    });
    let bytes = fs::read(&out).expect("it was saved");
    fs::remove_file(&out).expect("it was saved");
    bytes
}

#[test]
fn files_that_an_office_had_sent_come_back_to_it_and_go_from_there_to_whoever_lost_them() {
    let world = World::serving(&["MK", "TR"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let backups = [mk, tr].map(|office| backed_up(&world, office));
    let content: Vec<u8> = (0..1_000_000_u32).map(|at| (at % 251) as u8).collect();
    let file = world.write("photo.jpg", &content);
    let text = toml::to_string(&examples::request()).expect("an example is valid TOML");
    let call = mk.call("rfi send").option("--to", "TR");
    let call = call.option("--file", world.write("request.toml", text));
    let sent: Sent = call.option("--attach", file).run().read();
    let request = sent.exchanges[0].id.to_string();
    assert_eq!(saved(&world, tr, &request), content);

    for (office, backup) in [mk, tr].into_iter().zip(&backups) {
        backup.restore(office);
        resume(office);
        office.serve();
        assert_eq!(saved(&world, office, &request), content);
    }
    for office in [mk, tr] {
        office.verified();
    }
}
