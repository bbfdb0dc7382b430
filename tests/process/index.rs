//! The index deleted, damaged and rolled back: the log makes it good, and the node says so.

use std::fs;
use std::path::PathBuf;

use liaison::api::{ExchangeSummary, Sent};
use liaison::base::SeededEntropy;
use serde_json::Value;

use crate::examples;
use crate::office::{Office, files};
use crate::world::{PATIENCE, World, copy_folder, until};

/// A node with a past, stopped, and what it listed when it stopped.
struct Stopped {
    world: World,
    listed: Vec<ExchangeSummary>,
    log_size: u64,
}

impl Stopped {
    fn office(&self) -> &Office {
        self.world.office("MK")
    }

    fn index(&self) -> PathBuf {
        self.office().part("index")
    }

    /// Starts it: it must list what it listed, with the index at the log's end. Gives what it
    /// said, and stops it again.
    fn starts_with_everything(&mut self) -> String {
        let office = self.office();
        office.serve();
        let health = office.health().expect("it serves");
        assert_eq!(health.index_size, health.log_size, "the index lags");
        // A start is recorded too.
        assert!(health.log_size > self.log_size, "the log shrank");
        assert_eq!(office.exchanges().expect("a list"), self.listed);
        let said = office.said();
        office.stop();
        self.log_size = health.log_size;
        said
    }
}

/// Six requests sent and delivered, one of them accepted.
fn stopped() -> Stopped {
    let world = World::serving(&["MK", "TR"]);
    send(&world, 6);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let first = tr.exchanges().expect("a list")[0].id.to_string();
    tr.call("rfi accept").word(&first).run().done();
    until(PATIENCE, "the acceptance has come", || {
        let listed = mk.exchanges().ok()?;
        listed.iter().any(|e| e.state == "accepted").then_some(())
    });
    tr.stop();
    let listed = mk.exchanges().expect("a list");
    let log_size = mk.health().expect("it serves").log_size;
    mk.stop();
    Stopped {
        world,
        listed,
        log_size,
    }
}

/// Sends requests from MK to TR, and waits until they are there.
fn send(world: &World, times: usize) {
    let text = toml::to_string(&examples::request()).expect("an example is valid TOML");
    let file = world.write("request.toml", text);
    let mk = world.office("MK");
    for _ in 0..times {
        let call = mk.call("rfi send").option("--to", "TR");
        let sent: Sent = call.option("--file", &file).run().read();
        assert_eq!(sent.exchanges.len(), 1);
    }
    until(PATIENCE, "all is delivered", || {
        let health = mk.health()?;
        (health.peers[0].waiting == 0).then_some(())
    });
}

#[test]
fn a_deleted_or_damaged_index_is_made_anew_at_the_next_start() {
    let mut node = stopped();
    fs::remove_dir_all(node.index()).expect("it was there");
    let said = node.starts_with_everything();
    assert!(said.contains("index-rebuilt"), "{said}");

    // sled opens empty, without a word, where its main file is gone.
    fs::remove_file(node.index().join("1/db")).expect("it was there");
    let said = node.starts_with_everything();
    assert!(said.contains("index-rebuilt"), "{said}");

    for file in files(&node.index().join("1"))
        .into_iter()
        .filter(|file| file.is_file())
    {
        let mut bytes = fs::read(&file).expect("a file of the index");
        bytes.iter_mut().step_by(97).for_each(|byte| *byte ^= 0x40);
        fs::write(&file, bytes).expect("a file of the index");
    }
    let said = node.starts_with_everything();
    assert!(said.contains("index-rebuilt"), "{said}");

    // The index of another node is damage, too.
    fs::remove_dir_all(node.index()).expect("it was there");
    copy_folder(&node.world.office("TR").part("index"), &node.index());
    let said = node.starts_with_everything();
    assert!(said.contains("index-rebuilt"), "{said}");

    let said = node.starts_with_everything();
    assert!(
        !said.contains("index-"),
        "a whole index is just used: {said}"
    );
    node.office().verified();
}

#[test]
fn single_flipped_bits_of_the_index_lose_nothing() {
    let mut node = stopped();
    let mut chance = SeededEntropy::new(97);
    let mut outcomes = Vec::new();
    for _ in 0..10 {
        let file = node.index().join("1/db");
        let mut bytes = fs::read(&file).expect("the index's main file");
        // Most of the file is room for later: only what was written counts.
        let written: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
        let place = chance.below(written.len() as u64);
        let at = written[usize::try_from(place).expect("small")];
        bytes[at] ^= 1 << chance.below(8);
        fs::write(&file, bytes).expect("the index's main file");
        let said = node.starts_with_everything();
        let told = ["index-rebuilt", "index-caught-up"];
        let told = told.into_iter().find(|told| said.contains(told));
        outcomes.push((at, told.unwrap_or("no effect")));
    }
    println!("{outcomes:?}");
    node.office().verified();
}

#[test]
fn an_index_that_was_rolled_back_catches_up_at_the_next_start() {
    let mut node = stopped();
    let older = node.world.file("older-index");
    copy_folder(&node.index(), &older);
    let world = &node.world;
    for office in &world.offices {
        office.serve();
    }
    world.linked();
    send(world, 3);
    // Nobody cosigns between the list and the end.
    world.office("TR").stop();
    let mk = world.office("MK");
    node.listed = mk.exchanges().expect("a list");
    assert_eq!(node.listed.len(), 9);
    node.log_size = mk.health().expect("it serves").log_size;
    mk.stop();
    fs::remove_dir_all(node.index()).expect("it was there");
    copy_folder(&older, &node.index());
    let said = node.starts_with_everything();
    assert!(said.contains("index-caught-up"), "{said}");
    node.office().verified();
}

#[test]
fn a_rebuild_of_a_stopped_node_finds_every_entry() {
    let mut node = stopped();
    let rebuilt: Value = node.office().call("store rebuild").run().done();
    assert_eq!(rebuilt["entries"], node.office().verified());
    let said = node.starts_with_everything();
    assert!(!said.contains("index-"), "{said}");
    fs::remove_dir_all(node.index()).expect("it was there");
    node.office().call("store rebuild").run().done();
    let said = node.starts_with_everything();
    assert!(!said.contains("index-"), "{said}");
}

/// Bytes of the files below a folder.
fn taken(folder: &std::path::Path) -> u64 {
    let files = files(folder).into_iter();
    let files = files.filter_map(|file| fs::metadata(file).ok());
    files
        .filter(|meta| meta.is_file())
        .map(|meta| meta.len())
        .sum()
}

#[test]
fn an_index_grown_far_past_what_is_live_in_it_is_made_anew() {
    use liaison::node::{Folder, OpenNode};
    use liaison::store::{Index as _, IndexWrite, Table};

    let mut node = stopped();
    let before = taken(&node.index().join("1"));
    let folder = Folder(node.office().dir.clone());
    let open = || {
        let me = "MK-1".parse().expect("a node");
        let passphrase = fs::read_to_string(folder.0.join("passphrase")).expect("a passphrase");
        let keys = folder
            .keys(me, passphrase.trim_end())
            .expect("the keys open");
        OpenNode::open(&folder, keys, &mut |_, _| ()).expect("the node opens")
    };
    let mut opened = open();
    assert_eq!(opened.started.index_remark, None);
    let applied = opened.index.applied().expect("it is whole");
    let applied = applied.expect("it has followed the log");
    // What is written and removed again: sled keeps its room.
    let table = Table("once");
    let mut chance = SeededEntropy::new(5);
    for n in 0..20_u8 {
        let mut value = vec![0; 4 << 20];
        liaison::base::Entropy::fill(&mut chance, &mut value);
        let key = vec![n];
        let put = IndexWrite::Put { table, key, value };
        opened.index.apply(vec![put], applied).expect("it takes it");
    }
    let delete = |n: u8| IndexWrite::Delete {
        table,
        key: vec![n],
    };
    let deletes = (0..20).map(delete).collect();
    opened.index.apply(deletes, applied).expect("it takes it");
    opened.index.flush().expect("it is written");
    drop(opened);
    let grown = taken(&node.index().join("1"));
    let said = node.starts_with_everything();
    assert!(said.contains("grown far past"), "{said}");
    let after = taken(&node.index().join("1"));
    eprintln!("index: {before} bytes, grown to {grown}, made anew with {after}");
    assert!(after < before + (4 << 20), "{after} after {before}");
}
