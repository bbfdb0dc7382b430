//! What a command says is done is on the disk when it says so.

use std::path::{Path, PathBuf};

use liaison::api::Sent;
use liaison::node;

use super::calls;
use super::disk::{self, Disk, Syncs};
use crate::easy::make_easy;
use crate::examples;
use crate::office::files;
use crate::run::{Call, strace_works};
use crate::world::World;

const PASSPHRASE: &str = "six random words would be better";

/// Runs commands in a folder, under strace.
struct Watched {
    place: PathBuf,
    trace: PathBuf,
    not_synced: Vec<String>,
}

impl Watched {
    /// Runs it to its end, and notes what is not sure to be on the disk then.
    fn run(&mut self, call: &Call) {
        let before = disk::read(&self.place);
        let ran = call.under(calls::strace(&self.trace));
        ran.done();
        let calls = calls::read(&self.trace, &self.place);
        let mut disk = Disk::of(&before, Syncs::Kept);
        for (edge, number) in calls::edges(&calls) {
            disk.play(edge, &calls[number]);
        }
        let (now, synced) = (disk.now(), disk.synced());
        assert!(
            now == disk::read(&self.place),
            "the model of a disk is wrong"
        );
        let paths = now.keys().chain(synced.keys());
        let mut differ: Vec<_> = paths
            .filter(|path| now.get(*path) != synced.get(*path))
            .collect();
        differ.sort();
        differ.dedup();
        let typed = ran.typed.split(" --").next().unwrap_or_default();
        for path in differ {
            let path = path.strip_prefix(&self.place).expect("it lies in there");
            self.not_synced.push(format!("{typed}: {}", path.display()));
        }
    }
}

fn init(place: &Path, member: &str) -> Call {
    Call::of("init")
        .dir(&place.join(member))
        .option("--member", member)
        .option("--name", format!("Liaison Office {member}"))
        .option("--contact", "this machine")
        .option("--listen", "127.0.0.1:0")
        .option("--address", "127.0.0.1:1")
        .option("--api-listen", "127.0.0.1:0")
        .option("--passphrase-file", place.join("passphrase"))
}

#[test]
fn what_a_command_says_is_done_is_on_the_disk() {
    if !strace_works() {
        return;
    }
    let (place, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut watched = Watched {
        place: place.path().to_owned(),
        trace: outside.path().join("calls"),
        not_synced: Vec::new(),
    };
    let place = place.path();
    let passphrase = place.join("passphrase");
    std::fs::write(&passphrase, format!("{PASSPHRASE}\n")).unwrap();
    let mk = place.join("MK");
    watched.run(&init(place, "MK"));
    init(place, "TR").run().done();
    for member in ["MK", "TR"] {
        make_easy(&place.join(member).join("keys/keystore"), PASSPHRASE);
    }
    let of = |command: &str| {
        let call = Call::of(command).dir(&mk);
        call.option("--passphrase-file", &passphrase)
    };
    let add = of("user add").option("--name", "ana");
    let add = add.option("--role", "officer");
    watched.run(&add.option("--token-file", place.join("ana.token")));
    watched.run(&of("member card").option("--out", place.join("MK.card")));
    let card = Call::of("member card").dir(&place.join("TR"));
    let card = card.option("--passphrase-file", &passphrase);
    card.option("--out", place.join("TR.card")).run().done();
    let proposal = place.join("trust-list");
    let propose = Call::of("trust propose").option("--out", &proposal);
    let propose = propose.option("--card", place.join("MK.card"));
    watched.run(&propose.option("--card", place.join("TR.card")));
    let mut signed = node::ProposalFile::read(&proposal).unwrap();
    for member in ["MK", "TR"] {
        let folder = node::Folder(place.join(member));
        let id = liaison::base::NodeId::first(member.parse().unwrap());
        node::sign(&mut signed, None, &folder.keys(id, PASSPHRASE).unwrap()).unwrap();
    }
    signed.write(&proposal).unwrap();
    let install = Call::of("trust install").dir(&mk);
    watched.run(&install.option("--file", &proposal));
    let shares = place.join("shares");
    watched.run(&of("key backup").option("--out", &shares));
    assert_eq!(watched.not_synced, Vec::<String>::new());
}

#[test]
fn what_people_take_from_a_node_is_on_the_disk() {
    if !strace_works() {
        return;
    }
    let world = World::of(&["MK", "TR"]);
    let mk = world.office("MK");
    mk.serve();
    let admin = mk.token("admin");
    let add = mk.call("user add").option("--name", "admin");
    let add = add.option("--role", "admin");
    add.option("--token-file", &admin).run().done();
    let shares = world.file("shares");
    mk.call("key backup").option("--out", &shares).run().done();
    let text = toml::to_string(&examples::request()).expect("an example is valid TOML");
    let send = mk.call("rfi send").option("--to", "TR");
    let send = send.option("--file", world.write("request.toml", text));
    let attached = world.write("picture.bin", [7; 70_000]);
    let sent: Sent = send.option("--attach", attached).run().read();

    let out = world.file("out");
    std::fs::create_dir(&out).unwrap();
    let mut watched = Watched {
        place: out.clone(),
        trace: world.file("calls"),
        not_synced: Vec::new(),
    };
    let stick = out.join("stick");
    std::fs::create_dir(&stick).unwrap();
    let export = mk.call("bundle export").option("--peer", "TR");
    watched.run(&export.option("--out", stick));
    let save = mk.call("attachment save");
    let save = save.word(sent.exchanges[0].id.to_string());
    watched.run(&save.option("--out", out.join("picture.bin")));
    watched.run(&mk.call("audit export").option("--out", out.join("bundle")));
    let backup = out.join("backup");
    let back_up = mk.call("backup").option("--token-file", &admin);
    watched.run(&back_up.option("--out", &backup));
    let restore = Call::of("restore").word(&backup);
    let restore = files(&shares)[..3]
        .iter()
        .fold(restore, |call, share| call.option("--share", share));
    watched.run(&restore.dir(&out.join("restored")));
    assert_eq!(watched.not_synced, Vec::<String>::new());
}
