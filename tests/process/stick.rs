//! No network at all: messages, receipts and attachments go by files on a stick, in any order and
//! more than once.

use std::fs;
use std::path::PathBuf;

use liaison::api::{SendAcceptance, Sent};
use liaison::config::Config;
use serde_json::Value;

use crate::examples;
use crate::office::{Office, files};
use crate::world::{PATIENCE, World, at_once, block, free_port, until};

/// Lets the office listen where nobody looks for it.
fn cut_off(office: &Office) {
    let mut config = Config::load(&office.dir).expect("a valid configuration");
    config.settings.exchange.listen.set_port(free_port());
    fs::write(office.part("liaison.toml"), config.settings.render()).expect("room");
}

fn export(world: &World, from: &Office, to: &str, name: &str) -> Vec<PathBuf> {
    let folder = world.file(name);
    fs::create_dir(&folder).expect("a new folder");
    let call = from.call("bundle export").option("--peer", to);
    let call = call.option("--out", &folder).option("--size", "2M");
    let written = call.run().done();
    let named = written["files"].as_array().expect("files").len();
    let written = files(&folder);
    assert_eq!(written.len(), named);
    written
}

fn import(office: &Office, files: &[PathBuf]) -> Vec<Value> {
    let call = office.call("bundle import");
    let call = files.iter().fold(call, |call, file| call.word(file));
    let taken = call.run().done();
    taken["files"].as_array().expect("files").clone()
}

fn sum(taken: &[Value], what: &str) -> u64 {
    taken.iter().filter_map(|file| file[what].as_u64()).sum()
}

fn waiting(office: &Office) -> u64 {
    let health = office.health().expect("it serves");
    health.peers.iter().map(|peer| peer.waiting).sum()
}

#[test]
fn an_exchange_with_attachments_and_receipts_goes_by_stick_in_any_order_and_twice() {
    let world = World::of(&["MK", "TR"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    world.offices.iter().for_each(cut_off);
    let add = tr
        .call("user add")
        .option("--name", "admin")
        .option("--role", "admin");
    add.option("--token-file", tr.token("admin")).run().done();
    at_once(&world.offices, Office::serve);

    // Nothing works, and that is told with what to do.
    let checked = mk.call("netcheck").option("--peer", "TR").run();
    assert_eq!(
        (checked.exit, &*checked.problem_code()),
        (Some(5), "peer-unreachable")
    );
    let found: Value = serde_json::from_str(&checked.stdout).expect("what was found");
    let tried = found["peers"][0]["tried"].as_array().expect("attempts");
    assert_eq!(tried.len(), 2, "{found}");
    assert!(
        tried.iter().all(|tried| tried["found"] != "works"),
        "{found}"
    );

    let content: Vec<u8> = (0..5_000_000u32).map(|n| n.to_le_bytes()[1]).collect();
    let file = world.write("picture.bin", &content);
    let text = toml::to_string(&examples::request()).expect("an example is valid TOML");
    let request = world.write("request.toml", text);
    let send = mk
        .call("rfi send")
        .option("--to", "TR")
        .option("--file", request);
    let sent: Sent = send.option("--attach", file).run().read();
    let id = sent.exchanges[0].id;
    let stick = export(&world, mk, "TR", "there");
    assert!(stick.len() >= 3, "{} files", stick.len());

    // Files that are damaged, or for another, change nothing.
    let before = tr.verified();
    let mut damaged = fs::read(&stick[0]).expect("a file");
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    let damaged = world.write("damaged", damaged);
    tr.call("bundle import")
        .word(damaged)
        .run()
        .failed(3, "stick-damaged");
    mk.call("bundle import")
        .word(&stick[0])
        .run()
        .failed(3, "stick-for-another");
    let other = world.write("other", b"a letter");
    tr.call("bundle import")
        .word(other)
        .run()
        .failed(3, "not-a-stick");
    assert_eq!(tr.verified(), before);

    // The receipts will be under a log key that MK has not heard of.
    let rotate = tr.call("key rotate").word("--log");
    let rotated = rotate.option("--token-file", tr.token("admin")).run();
    let rotated = rotated.done()["sequence"].clone();
    until(PATIENCE, "TR's new log key is in force", || {
        (rotated == tr.health()?.keys?.sequence).then_some(())
    });

    // The last first: its parts of the attachment have to wait for those before.
    let mut backwards = stick.clone();
    backwards.reverse();
    let mut taken = Vec::new();
    for file in backwards {
        taken.extend(import(tr, &[file]));
    }
    assert_eq!(
        (sum(&taken, "messages"), sum(&taken, "refused")),
        (1, 0),
        "{taken:?}"
    );
    assert!(sum(&taken, "parts_later") > 0, "{taken:?}");
    let taken = import(tr, &stick);
    assert_eq!(
        (sum(&taken, "messages"), sum(&taken, "known")),
        (0, 1),
        "{taken:?}"
    );
    assert_eq!(
        (sum(&taken, "attachments"), sum(&taken, "parts_later")),
        (1, 0),
        "{taken:?}"
    );
    let out = world.file("saved.bin");
    let save = tr.call("attachment save").word(id.to_string());
    save.option("--out", &out).run().done();
    assert!(fs::read(out).expect("it was saved") == content);

    // The acceptance and the receipts go back the same way, and so does a new log key.
    let rotate = tr.call("key rotate").word("--log");
    rotate
        .option("--token-file", tr.token("admin"))
        .run()
        .done();
    let accept = SendAcceptance {
        reference: None,
        access: "direct".to_owned(),
        note: None,
    };
    block(tr.client("contact").accept(id, &accept)).expect("it can be accepted");
    assert_eq!(waiting(mk), 1);
    let back = export(&world, tr, "MK", "back");
    let taken = import(mk, &back);
    assert_eq!(
        (sum(&taken, "messages"), sum(&taken, "refused")),
        (1, 0),
        "{taken:?}"
    );
    assert!(sum(&taken, "receipts") >= 2, "{taken:?}");
    let again = import(mk, &back);
    let new = |what| sum(&again, what);
    assert_eq!(
        (new("messages"), new("receipts"), new("refused")),
        (0, 0, 0),
        "{again:?}"
    );
    let view = block(mk.client("officer").exchange(id)).expect("it is there");
    assert_eq!(view.summary.state, "accepted");
    // What is proved to be there is not carried again.
    let rest = export(&world, mk, "TR", "rest");
    let size = fs::metadata(&rest[0]).expect("a file").len();
    assert!(
        rest.len() == 1 && size < 100_000,
        "{size} bytes in {}",
        rest.len()
    );
    mk.verified();
    tr.verified();
}
