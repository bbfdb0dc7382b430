//! Members as witnesses of each other's logs, between real nodes: what was received becomes
//! witnessed, and a log that is put back from a copy is noticed, proved and shown.

use std::fs;
use std::path::Path;
use std::time::Duration;

use liaison::api::{Sent, WitnessView};

use crate::examples;
use crate::office::Office;
use crate::run::Call;
use crate::world::{PATIENCE, World, at_once, copy_folder, until};

/// How long new entries wait for witnesses where that is what is measured: long enough that a node which
/// took twice as long would be found out, and no part of it is chance.
const INTERVAL: Duration = Duration::from_secs(30);
/// What a busy machine may take besides: a link comes up, a second passes between two looks, and a state is
/// asked for.
const MARGIN: Duration = Duration::from_secs(15);

/// Offices that show each other their logs every second.
fn quick(members: &[&str]) -> World {
    every(members, 1, 10)
}

/// Offices that show each other their logs after so many seconds, and give each other so many to explain
/// themselves.
fn every(members: &[&str], interval: u64, challenge: u64) -> World {
    let world = World::of(members);
    for office in &world.offices {
        let file = office.part("liaison.toml");
        let mut text = fs::read_to_string(&file).expect("a configuration");
        for (setting, seconds) in [
            ("\ninterval_seconds", interval),
            ("\nchallenge_seconds", challenge),
        ] {
            let default = format!("{setting} = 60");
            assert!(text.contains(&default), "{text}");
            text = text.replace(&default, &format!("{setting} = {seconds}"));
        }
        fs::write(&file, text).expect("a configuration");
    }
    at_once(&world.offices, Office::serve);
    world.linked();
    world
}

impl Office {
    fn witness(&self) -> WitnessView {
        let call = self.call("audit witness").option("--as", "auditor");
        call.run().read()
    }

    fn asks_mk(&self, world: &World) {
        let text = toml::to_string(&examples::request()).expect("an example is valid TOML");
        let file = world.write("request.toml", text);
        let send = self.call("rfi send").option("--to", "MK");
        let _sent: Sent = send.option("--file", file).run().read();
    }

    /// The size of TR's log that this node cosigned last.
    fn cosigned_of_tr(&self) -> u64 {
        let logs = self.witness().logs;
        let tr = logs.iter().find(|log| log.node.member.as_str() == "TR");
        tr.and_then(|log| log.cosigned).unwrap_or(0)
    }

    /// Whether it says that a log does not go on as it was.
    fn accuses(&self) -> bool {
        ["log-unanswered", "log-unproved", "log-two-histories"]
            .iter()
            .any(|code| self.has_alarm(code))
    }

    fn has_alarm(&self, code: &str) -> bool {
        let health = self.health();
        health.is_some_and(|health| health.alarms.iter().any(|alarm| alarm.code == code))
    }
}

fn verify(evidence: &Path) -> Call {
    Call::of("audit verify").option("--evidence", evidence)
}

#[test]
fn what_was_received_becomes_witnessed_and_the_exported_log_carries_the_cosignatures() {
    let world = quick(&["MK", "TR", "AT"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    tr.asks_mk(&world);
    for office in [mk, tr] {
        let what = format!("{} sees it as witnessed", office.member);
        until(PATIENCE, &what, || {
            let all = office.exchanges().ok()?;
            let witnessed = all.iter().filter(|exchange| exchange.witnessed).count();
            (witnessed == 1).then_some(())
        });
    }
    let asked = tr.exchanges().expect("a list")[0].id;
    let shown = tr.call("rfi show").word(asked.to_string());
    let (_, text, _) = shown.run_as_text();
    assert!(text.contains(", witnessed"), "{text}");
    until(PATIENCE, "TR's own log is witnessed", || {
        let (_, text, _) = tr.call("status").run_as_text();
        text.contains("witnessed to entry").then_some(())
    });
    let (_, text, _) = tr.call("audit witness").run_as_text();
    assert!(text.contains("mk-1.liaison/1"), "{text}");

    let file = world.file("tr.bundle");
    let export = tr.call("audit export").option("--out", &file);
    export.run().done();
    let verified = Call::of("audit verify").option("--bundle", &file);
    let verified = verified.option("--root", &world.root).run().done();
    assert_eq!(verified["witnessed"]["enough"], true, "{verified}");
    assert_eq!(verified["witnessed"]["by"], serde_json::json!(["AT", "MK"]));
    // The log must hold what was cosigned: a copy that does not is behind.
    tr.stop();
    assert!(tr.verified() > 0);
}

#[test]
fn cosignatures_that_were_damaged_on_the_disk_are_told_at_the_start_and_come_back() {
    let world = quick(&["MK", "TR", "AT"]);
    let tr = world.office("TR");
    tr.asks_mk(&world);
    let cosigned = tr.part("cosigned");
    until(PATIENCE, "TR's log is cosigned", || {
        cosigned.exists().then_some(())
    });
    for damage in [&b"at-1.liaison/1"[..], &[0; 9_000]] {
        tr.stop();
        fs::write(&cosigned, damage).expect("a file of TR");
        tr.call("audit verify").run().failed(3, "note-malformed");
        tr.serve();
        assert!(tr.said().contains("cosigned-damaged"), "{}", tr.said());
        let found = fs::read(tr.part("cosigned.damaged")).expect("what was found");
        assert_eq!(found, damage);
        tr.verified();
        tr.asks_mk(&world);
        until(PATIENCE, "TR's log is cosigned again", || {
            cosigned.exists().then_some(())
        });
        tr.verified();
    }
    tr.stop();
    tr.serve();
    assert!(!tr.said().contains("cosigned-damaged"), "{}", tr.said());
}

#[test]
fn a_log_that_was_put_back_from_a_copy_is_noticed_and_convicted_and_the_proof_convinces_others() {
    let world = quick(&["MK", "TR", "AT"]);
    let (mk, tr, at) = (world.office("MK"), world.office("TR"), world.office("AT"));
    tr.stop();
    let copy = world.file("copy-of-tr");
    copy_folder(&tr.dir, &copy);
    tr.serve();
    for _ in 0..3 {
        tr.asks_mk(&world);
    }
    // Both have seen what will be gone.
    let shown = tr.health().expect("TR serves").log_size;
    for office in [mk, at] {
        until(PATIENCE, "what TR did is cosigned", || {
            (office.cosigned_of_tr() >= shown).then_some(())
        });
    }
    tr.stop();
    fs::remove_dir_all(&tr.dir).expect("TR's folder");
    copy_folder(&copy, &tr.dir);
    tr.serve();

    until(
        PATIENCE,
        "TR learns from its peers that it was put back",
        || tr.has_alarm("log-behind").then_some(()),
    );
    for office in [mk, at] {
        until(
            PATIENCE,
            "a log that cannot explain itself is an alarm",
            || {
                let told =
                    office.has_alarm("log-unanswered") || office.has_alarm("log-two-histories");
                told.then_some(())
            },
        );
    }
    // It goes on beyond what it had shown, and its own answers convict it.
    for _ in 0..4 {
        tr.asks_mk(&world);
    }
    for office in [mk, at] {
        until(PATIENCE, "TR is convicted", || {
            office.has_alarm("log-two-histories").then_some(())
        });
    }

    let (log, evidence) = ("tr-1.liaison/1", world.file("tr.evidence"));
    let take = mk.call("audit evidence").option("--log", log);
    take.option("--out", &evidence).run().done();
    at_once(&world.offices, Office::stop);
    let verified = verify(&evidence).option("--root", &world.root).run().done();
    assert_eq!(verified["origin"], log);
    let bytes = fs::read(&evidence).expect("evidence");
    let damaged = world.file("damaged.evidence");
    for place in (0..bytes.len()).step_by(bytes.len() / 40) {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        fs::write(&damaged, changed).expect("room");
        let ran = verify(&damaged).option("--root", &world.root).run();
        assert_eq!(ran.exit, Some(3), "byte {place}: {}", ran.stdout);
    }
    let other = verify(&evidence).option("--root", "ab".repeat(32)).run();
    assert_eq!(other.exit, Some(3));

    // The alarm outlives the node, until somebody takes note of it; the proof stays.
    mk.serve();
    assert!(mk.has_alarm("log-two-histories"));
    for fault in ["two-histories", "unanswered"] {
        let note = mk.call("audit acknowledge").option("--log", log);
        let note = note.option("--fault", fault);
        let ran = note
            .option("--note", "Ankara was called, and restores")
            .run();
        assert!([Some(0), Some(4)].contains(&ran.exit), "{}", ran.stderr);
    }
    assert!(!mk.has_alarm("log-two-histories") && !mk.has_alarm("log-unanswered"));
    assert!(mk.witness().alarms.iter().any(|alarm| alarm.evidence));
}

#[test]
fn a_log_that_was_put_back_is_noticed_by_every_peer_within_one_witness_interval() {
    // As by default, a log has one interval to explain itself.
    let seconds = INTERVAL.as_secs();
    let world = every(&["MK", "TR", "AT"], seconds, seconds);
    let (mk, tr, at) = (world.office("MK"), world.office("TR"), world.office("AT"));
    tr.stop();
    let copy = world.file("copy-of-tr");
    copy_folder(&tr.dir, &copy);
    tr.serve();
    tr.asks_mk(&world);
    let shown = tr.health().expect("TR serves").log_size;
    for office in [mk, at] {
        until(PATIENCE, "what TR did is cosigned", || {
            (office.cosigned_of_tr() >= shown).then_some(())
        });
        assert!(!office.accuses(), "{} accuses an honest log", office.member);
    }
    tr.stop();
    fs::remove_dir_all(&tr.dir).expect("TR's folder");
    copy_folder(&copy, &tr.dir);

    tr.serve();
    until(INTERVAL + MARGIN, "both peers notice", || {
        (mk.accuses() && at.accuses()).then_some(())
    });
}
