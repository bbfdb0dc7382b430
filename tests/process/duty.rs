//! Somebody is told: by a program that reaches a person, with the number of the other office, and
//! with a log that says who knew when.

use std::path::Path;

use liaison::api::{AlertView, ExchangeSummary, ExchangeView, Health, Page, Sent};
use serde_json::Value;

use crate::examples;
use crate::office::Office;
use crate::world::{PATIENCE, World, block, until};

const ALERT: &str = include_str!("../../deploy/examples/alert.toml");
const DUTY: &str = include_str!("../../deploy/examples/duty.toml");

/// What an administrator writes into the configuration.
fn set_alarm(office: &Office, command: &[&str]) {
    let mut config = liaison::config::Config::load(&office.dir).expect("a valid configuration");
    config.settings.alarm.command = command.iter().map(|word| (*word).to_owned()).collect();
    let text = config.settings.render();
    std::fs::write(office.part("liaison.toml"), text).expect("a configuration");
}

fn send(world: &World, from: &str, to: &str) -> String {
    let text = toml::to_string(&examples::urgent_request()).expect("the example is valid TOML");
    let file = world.write("request.toml", text);
    let call = world.office(from).call("rfi send").option("--to", to);
    let sent: Sent = call.option("--file", file).run().read();
    sent.exchanges[0].id.to_string()
}

/// The lines that the alarm command has read so far.
fn rung(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().expect("lines of JSON")
}

fn kinds(office: &Office, id: &str) -> Vec<String> {
    let show = office.call("rfi show").word(id).option("--as", "officer");
    let view: ExchangeView = show.run().read();
    view.events.into_iter().map(|event| event.kind).collect()
}

#[test]
fn a_program_is_run_with_ids_alone_when_something_urgent_comes_and_nobody_looks() {
    let world = World::of(&["MK", "TR"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let rings = world.file("rings");
    let append = format!("cat >> '{}'", rings.display());
    set_alarm(tr, &["/bin/sh", "-c", &append]);
    set_alarm(mk, &["/bin/false"]);
    let roster = world.write("duty.toml", DUTY);
    let said = tr
        .call("member duty")
        .option("--file", &roster)
        .run()
        .done();
    assert_eq!(said["duty"][0]["phone"], "+389 2 000 0001");
    crate::world::at_once(&world.offices, Office::serve);
    world.linked();

    let id = send(&world, "MK", "TR");
    let rung = until(PATIENCE, "TR's people are told", || rung(&rings).pop());
    assert_eq!(rung["exchange"], id.as_str());
    assert_eq!(rung["matter"], "unread");
    assert_eq!(rung["level"], "duty-desk");
    let members: Vec<&String> = rung.as_object().expect("an object").keys().collect();
    let ids = [
        "at",
        "attempt",
        "escalation",
        "exchange",
        "level",
        "matter",
        "node",
    ];
    assert_eq!(members, ids);
    let list = tr.call("rfi list").word("--attention");
    let listed: Page<ExchangeSummary> = list.run().read();
    let attention = &listed.items[0].attention[0];
    assert_eq!((attention.reason.as_str(), attention.level), ("unread", 1));
    let post = attention.call.post.as_ref().expect("TR has a roster");
    assert_eq!(post.phone, "+389 2 000 0001");
    let (_, text, _) = tr.call("status").run_as_text();
    assert!(text.starts_with("1 exchange needs somebody now"), "{text}");
    let health = block(tr.client("auditor").health()).expect("TR serves");
    assert_eq!(health.pressing.len(), 1);
    until(PATIENCE, "the log says that people were told", || {
        let kinds = kinds(tr, &id);
        let both = ["escalated", "alarm-given"]
            .iter()
            .all(|kind| kinds.iter().any(|k| k == kind));
        both.then_some(())
    });
    let none: Page<ExchangeSummary> = list.run().read();
    assert!(none.items.is_empty(), "somebody has opened it");

    let call = mk.call("rfi call").word(&id).option("--to", "Duty desk");
    let perhaps = call.clone().option("--outcome", "perhaps");
    assert_eq!(perhaps.run_as_text().0, Some(2));
    let called = call.option("--outcome", "reached");
    called.option("--note", "They look.").run().done();
    assert!(self::kinds(mk, &id).contains(&"called".to_owned()));
    assert!(!self::kinds(tr, &id).contains(&"called".to_owned()));

    send(&world, "TR", "MK");
    let health: Health = until(PATIENCE, "the failure is shown", || {
        let health = block(mk.client("auditor").health()).ok()?;
        (!health.alarms.is_empty()).then_some(health)
    });
    assert_eq!(health.alarms[0].code, "alarm-command-failed");
    assert!(health.alarms[0].detail.contains("exit code 1"));
}

#[test]
fn it_is_run_for_an_urgent_alert_that_nobody_has_opened_too() {
    let world = World::of(&["MK", "TR"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let rings = world.file("rings");
    set_alarm(
        tr,
        &["/bin/sh", "-c", &format!("cat >> '{}'", rings.display())],
    );
    crate::world::at_once(&world.offices, Office::serve);
    world.linked();

    let alert = world.write("alert.toml", ALERT);
    let publish = mk.call("alert publish").option("--file", alert);
    let published = publish.option("--to", "TR").run().done();
    let rung = until(PATIENCE, "TR's people are told", || rung(&rings).pop());
    assert_eq!(rung["alert"], published["id"]);
    assert_eq!(
        (&rung["matter"], &rung["exchange"]),
        (&"unread".into(), &Value::Null)
    );
    let shown = tr
        .call("alert show")
        .word(published["id"].as_str().expect("an id"));
    let shown: AlertView = shown.run().read();
    assert!(shown.events.iter().any(|event| event.kind == "escalated"));

    let id = published["id"].as_str().expect("an id");
    let call = mk.call("alert call").word(id).option("--member", "TR");
    let call = call.option("--to", "Duty desk");
    call.option("--outcome", "reached").run().done();
    let shown: AlertView = mk.call("alert show").word(id).run().read();
    let called = shown.events.iter().find(|event| event.kind == "called");
    assert_eq!(called.expect("it is noted").content["member"], "TR");
}

#[test]
fn the_doctor_says_of_each_fault_its_code_cause_and_remedy() {
    let world = World::serving(&["MK", "TR"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let doctor = mk.call("doctor");
    let found = doctor.run();
    assert_eq!(found.exit, Some(0), "{}{}", found.stdout, found.stderr);
    let of = |ran: &crate::run::Ran, verdict: &str| -> Vec<String> {
        let found: Value = serde_json::from_str(&ran.stdout).expect("one JSON object");
        let findings = found["findings"].as_array().expect("a list").clone();
        let wanted = findings.into_iter().filter(|f| f["verdict"] == verdict);
        wanted
            .map(|finding| {
                assert!(
                    finding["cause"] != "" && finding["remedy"] != "",
                    "{finding}"
                );
                finding["code"].as_str().expect("a code").to_owned()
            })
            .collect()
    };
    let warnings = of(&found, "warning");
    for code in ["doctor-no-duty-roster", "doctor-no-alarm-command"] {
        assert!(warnings.contains(&code.to_owned()), "{warnings:?}");
    }
    let unread = doctor.clone().option("--token-file", world.file("none"));
    assert_eq!(of(&unread.run(), "fault"), ["doctor-token"]);
    tr.stop();
    until(PATIENCE, "MK notices", || {
        let health = mk.health()?;
        (!health.peers[0].connected).then_some(())
    });
    let found = doctor.run();
    assert_eq!(of(&found, "fault"), ["doctor-peer-unreachable"]);
    assert_eq!(
        (found.exit, found.problem_code().as_str()),
        (Some(1), "doctor-findings")
    );
    mk.stop();
    assert_eq!(of(&doctor.run(), "fault"), ["node-unreachable"]);
    let segment = mk.segments().pop().expect("a segment");
    let mut bytes = std::fs::read(&segment).expect("the segment");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&segment, bytes).expect("the segment");
    let faults = of(&doctor.run(), "fault");
    assert!(faults.contains(&"doctor-log".to_owned()), "{faults:?}");
}
