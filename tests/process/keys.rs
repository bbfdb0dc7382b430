//! Keys that change while nodes exchange: none of what is under way is lost, the logs verify, and a
//! peer that has missed the change gets in touch.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use liaison::api::{Health, MemberView, Sent};
use liaison::base::{MessageId, OsEntropy, Timestamp};
use liaison::config::{Addresses, Config};
use liaison::node::{self, Folder};
use liaison::seal::keystore::{Keystore, Rotation};
use serde_json::Value;

use crate::examples;
use crate::office::Office;
use crate::run::{Call, Ran};
use crate::world::{PASSPHRASE, PATIENCE, World, at_once, block, until};

/// Offices with an administrator each, all serving.
fn administered(members: &[&str]) -> World {
    let world = World::of(members);
    at_once(&world.offices, |office| {
        office.has_an_administrator();
        office.serve();
    });
    world.linked();
    world
}

impl Office {
    /// Adds an administrator.
    pub fn has_an_administrator(&self) {
        self.call("user add")
            .option("--name", "admin")
            .option("--role", "admin")
            .option("--token-file", self.token("admin"))
            .run()
            .done();
    }

    fn as_role(&self, role: &str, command: &str) -> Call {
        self.call(command).option("--token-file", self.token(role))
    }

    /// Orders new keys. Gives the sequence of their bundle, once that is in force.
    pub fn rotate(&self) -> u64 {
        let rotated = self.as_role("admin", "key rotate").run().done();
        rotated["sequence"].as_u64().expect("a number")
    }

    /// The inputs of peers that the node's log says were refused.
    pub fn refused(&self) -> Vec<Value> {
        let config = Config::load(&self.dir).expect("a valid configuration");
        let api = Addresses::load(&config)
            .expect("a file")
            .expect("it serves");
        let token = std::fs::read_to_string(self.token("auditor")).expect("a token");
        let url = format!("http://{}/api/v1/log?event=input-refused", api.api);
        let asked = reqwest::blocking::Client::new().get(url);
        let page = asked.bearer_auth(token.trim()).send().expect("an answer");
        let page: Value = page.json().expect("it is JSON");
        page["items"].as_array().expect("entries").clone()
    }

    /// The sequence of the node's bundle in force.
    pub fn sequence(&self) -> Option<u64> {
        self.health()?.keys.map(|keys| keys.sequence)
    }

    /// Makes the stopped node's receiving keys so much older, as if it had been off for that long.
    pub fn ages(&self, by: Duration) {
        let path = Folder(self.dir.clone()).keystore();
        let (mut keys, unlocked) = Keystore::unlock(&path, PASSPHRASE).expect("it opens");
        for held in &mut keys.recipient {
            held.created = held.created.minus(by);
            held.decrypt_until = held.decrypt_until.minus(by);
        }
        let written = unlocked.replace(&keys, &mut OsEntropy);
        written.expect("room for a small file");
    }

    /// When each of the node's keys was made.
    pub fn made(&self) -> Option<BTreeMap<String, Timestamp>> {
        let ages = self.health()?.keys?.ages.into_iter();
        Some(ages.map(|age| (age.key, age.created)).collect())
    }

    /// Waits until the node shows the TLS key that it made, which everybody has to know first.
    fn shows_its_next_tls_key(&self, rotated: u64) {
        let what = format!("{} shows its new TLS key", self.member);
        until(PATIENCE, &what, || {
            self.sequence().filter(|sequence| *sequence > rotated)
        });
    }

    fn asks_for(&self, request: &PathBuf, to: &str) -> MessageId {
        let send = self.call("rfi send").option("--to", to);
        let sent: Sent = send.option("--file", request).run().read();
        sent.exchanges[0].id
    }

    fn member(&self, member: &str) -> MemberView {
        self.call("member show").word(member).run().read()
    }

    fn waiting(&self) -> Option<u64> {
        let Health { peers, .. } = self.health()?;
        Some(peers.iter().map(|peer| peer.waiting).sum())
    }

    fn knows(&self, id: MessageId) -> Option<String> {
        let all = self.exchanges().expect("the node lists exchanges");
        all.into_iter()
            .find(|line| line.id == id)
            .map(|line| line.state)
    }
}

fn request(world: &World) -> PathBuf {
    let text = toml::to_string(&examples::request()).expect("an example is valid TOML");
    world.write("request.toml", text)
}

#[test]
fn ordered_keys_are_made_by_a_node_that_was_killed_before_it_had_them() {
    let world = administered(&["MK", "TR"]);
    let mk = world.office("MK");
    let keystore = Folder(mk.dir.clone()).keystore();
    let held = Keystore::lock(&keystore).expect("nobody else has it");
    let ordered = block(mk.client("admin").rotate_keys(&Rotation::ALL)).expect("it is taken");
    mk.kill();
    drop(held);
    mk.serve();
    until(PATIENCE, "the keys that were ordered are in force", || {
        mk.sequence()
            .filter(|sequence| *sequence > ordered.sequence)
    });
}

#[test]
fn all_keys_are_made_anew_under_traffic_and_nothing_is_lost() {
    let world = administered(&["MK", "TR"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let file = request(&world);
    let (mut asked, mut rotated) = (Vec::new(), [1, 1]);
    for round in 0..3 {
        let traffic = std::thread::scope(|scope| {
            let ways = [(mk, "TR"), (tr, "MK")];
            let asking = ways.map(|(from, to)| {
                let file = &file;
                scope.spawn(move || [0; 4].map(|_| from.asks_for(file, to)))
            });
            let office = [mk, tr][round % 2];
            rotated[round % 2] = office.rotate();
            asking.map(|thread| thread.join().expect("all are sent"))
        });
        asked.extend(traffic.into_iter().flatten());
    }
    for office in [mk, tr] {
        let what = format!("nothing waits at {}", office.member);
        until(PATIENCE, &what, || (office.waiting()? == 0).then_some(()));
    }
    assert_eq!(asked.len(), 24);
    for id in asked.iter().collect::<BTreeSet<_>>() {
        for office in [mk, tr] {
            assert_eq!(office.knows(*id).as_deref(), Some("delivered"), "{id}");
        }
    }
    for office in [mk, tr] {
        assert_eq!(office.refused(), Vec::<Value>::new(), "{}", office.member);
    }
    mk.shows_its_next_tls_key(rotated[0]);
    tr.shows_its_next_tls_key(rotated[1]);
    world.linked();
    // A restart finds the keys that are in force.
    let before = mk.sequence();
    mk.stop();
    mk.serve();
    assert_eq!(mk.sequence(), before);
    world.linked();
    let late = mk.asks_for(&file, "TR");
    until(PATIENCE, "what is asked then arrives", || {
        (mk.knows(late)? == "delivered").then_some(())
    });
    // Whoever verifies follows the log from key to key.
    assert!(mk.verified() > 0 && tr.verified() > 0);
    let exported = world.file("mk.tar");
    let export = mk.call("audit export").option("--out", &exported);
    export.run().done();
    let verify = Call::of("audit verify").option("--bundle", &exported);
    verify.option("--root", &world.root).run().done();
}

#[test]
fn a_peer_that_was_away_while_the_log_key_changed_accuses_nobody() {
    let world = administered(&["MK", "TR", "AT"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let file = request(&world);
    mk.stop();
    let before = tr.sequence();
    let rotate = tr.as_role("admin", "key rotate").word("--log");
    rotate.run().done();
    until(PATIENCE, "TR's new log key is in force", || {
        (tr.sequence() > before).then_some(())
    });
    // TR's log goes on under the new key, and AT has heard of it.
    let asked = tr.asks_for(&file, "AT");
    until(PATIENCE, "AT has what TR asks", || {
        (tr.knows(asked)? == "delivered").then_some(())
    });
    let waits = tr.asks_for(&file, "MK");
    mk.serve();
    world.linked();
    until(PATIENCE, "MK has what TR asks", || {
        (tr.knows(waits)? == "delivered").then_some(())
    });
    let back = mk.asks_for(&file, "TR");
    until(PATIENCE, "TR has what MK asks", || {
        (mk.knows(back)? == "delivered").then_some(())
    });
    assert_eq!(mk.refused(), Vec::<Value>::new());
    assert_eq!(tr.refused(), Vec::<Value>::new());
}

#[test]
fn a_peer_that_was_away_for_the_whole_change_gets_in_touch() {
    let world = administered(&["MK", "TR", "AT"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let file = request(&world);
    tr.stop();
    // MK does not wait for TR, which is not listed meanwhile.
    let card = world.file("TR.card");
    let list = |name: &str, change: &dyn Fn(Call) -> Call| {
        let file = world.file(name);
        let propose = mk.call("trust propose").option("--out", &file);
        change(propose).run().done();
        for member in ["MK", "AT"] {
            let sign = world.office(member).call("trust sign");
            sign.option("--file", &file).run().done();
        }
        file
    };
    let install = |office: &Office, file: &PathBuf| {
        let install = office.call("trust install").option("--file", file);
        install.run().done();
    };
    let without = list("list-2", &|call| call.option("--remove", "TR"));
    for office in [mk, world.office("AT")] {
        install(office, &without);
    }
    until(PATIENCE, "MK knows TR no more", || {
        (mk.health()?.peers.len() == 1).then_some(())
    });
    let rotated = mk.rotate();
    mk.shows_its_next_tls_key(rotated);
    let back = list("list-3", &|call| call.option("--card", &card));
    for office in [mk, world.office("AT")] {
        install(office, &back);
    }
    // TR still knows of MK only the keys from before: none of those that MK has now.
    tr.serve();
    world.linked();
    // The last list brings along the one that TR missed, and TR brings both along from then on.
    install(tr, &back);
    let next = world.file("list-4");
    let propose = tr.call("trust propose").option("--out", &next);
    propose.run().done();
    match node::ProposalFile::read(&next) {
        Ok(node::ProposalFile::List(next)) => assert_eq!(next.lists.len(), 3),
        other => panic!("TR proposed {other:?}"),
    }
    let asked = [mk.asks_for(&file, "TR"), tr.asks_for(&file, "MK")];
    for (office, id) in [mk, tr].into_iter().zip(asked) {
        until(PATIENCE, "it arrives", || {
            (office.knows(id)? == "delivered").then_some(())
        });
    }
    assert!(tr.verified() > 0);
}

#[test]
fn a_member_with_another_identity_is_not_written_to_until_two_people_accept_it() {
    let world = administered(&["MK", "TR", "AT"]);
    let (mk, at) = (world.office("MK"), world.office("AT"));
    let file = request(&world);
    // Both see the same number, and MK's contact point compares it.
    let number = |office: &Office, member: &str| {
        let member = office.member(member);
        member.safety_number.expect("it is shown")
    };
    let read_out = number(at, "MK");
    assert_eq!(number(mk, "AT"), read_out);
    assert_eq!(mk.member("AT").compared, None);
    let verify = |number: &str| -> Ran {
        let verify = mk.as_role("contact", "member verify").word("AT");
        verify.option("--number", number).run()
    };
    verify(&number(at, "TR")).failed(3, "number-differs");
    let compared: MemberView = verify(&read_out).read();
    assert_eq!(
        compared.compared.and_then(|by| by.by).as_deref(),
        Some("contact")
    );

    // AT's keys are lost: it begins again, as a second node.
    at.kill();
    let dir = world.file("at-2");
    let passphrase = world.write("at-2.passphrase", "six random words would be better\n");
    Call::of("init")
        .dir(&dir)
        .option("--member", "AT")
        .option("--node", "2")
        .option("--name", "Liaison Office AT")
        .option("--address", "127.0.0.1:1")
        .option("--passphrase-file", &passphrase)
        .word("--name-passphrase-file")
        .run()
        .done();
    let card = world.file("at-2.card");
    let made = Call::of("member card").dir(&dir).option("--out", &card);
    made.run().done();
    let list = world.file("list-2");
    let propose = mk.call("trust propose").option("--remove", "AT");
    let propose = propose.option("--card", &card).word("--root");
    propose.option("--out", &list).run().done();
    for member in ["MK", "TR"] {
        let sign = world.office(member).call("trust sign");
        sign.option("--file", &list).run().done();
    }
    let install = mk.call("trust install").option("--file", &list);
    install.run().done();
    until(PATIENCE, "MK sees that AT has another key", || {
        let view = mk.member("AT");
        (view.out.as_deref() == Some("identity-changed")).then_some(())
    });
    let changed = mk.member("AT");
    assert_eq!(changed.compared, None, "the number is another");
    assert_ne!(number(mk, "AT"), read_out);
    let alarms = |office: &Office| -> Vec<String> {
        let health = office.health().expect("it serves");
        health.alarms.into_iter().map(|alarm| alarm.code).collect()
    };
    assert!(alarms(mk).contains(&"identity-changed".to_owned()));
    let held = mk.asks_for(&file, "AT");
    let line = mk.exchanges().expect("a list");
    let line = line
        .iter()
        .find(|line| line.id == held)
        .expect("it is listed");
    assert_eq!(line.withheld.as_deref(), Some("identity-changed"));

    let accept = |role: &str| mk.as_role(role, "member accept").word("AT").run();
    accept("contact").done();
    accept("contact").failed(1, "second-person-needed");
    let once = mk.member("AT");
    assert_eq!(once.out.as_deref(), Some("identity-changed"));
    assert_eq!(once.changed.map_or(0, |changed| changed.accepted.len()), 1);
    accept("officer").done();
    let twice = mk.member("AT");
    assert_eq!((twice.out, twice.changed), (None, None));
    assert!(!alarms(mk).contains(&"identity-changed".to_owned()));
    accept("officer").failed(1, "nothing-to-accept");
    assert!(mk.verified() > 0);
}

#[test]
fn what_was_exchanged_with_keys_in_other_hands_is_marked() {
    let world = World::serving(&["MK", "TR", "AT"]);
    let mk = world.office("MK");
    let file = request(&world);
    let before = mk.asks_for(&file, "AT");
    until(PATIENCE, "AT has the first request", || {
        (mk.knows(before)? == "delivered").then_some(())
    });
    // Since before anything was exchanged.
    let list = world.file("suspend-at");
    mk.call("trust suspend")
        .option("--member", "AT")
        .option("--reason", "its keys were stolen")
        .option("--compromised-since", "2026-01-01T00:00:00Z")
        .option("--out", &list)
        .run()
        .done();
    let sign = world.office("TR").call("trust sign");
    sign.option("--file", &list).run().done();
    let install = mk.call("trust install").option("--file", &list);
    install.run().done();
    until(PATIENCE, "MK marks what it exchanged with AT", || {
        let all = mk.exchanges().expect("a list");
        let line = all.into_iter().find(|line| line.id == before)?;
        line.compromised_since
    });
    let shown = mk.call("rfi show").word(before.to_string());
    let (_, text, _) = shown.run_as_text();
    assert!(text.contains("COMPROMISED"), "{text}");
    let since = mk.member("AT").compromised_since.expect("it is said");
    assert_eq!(since.to_string(), "2026-01-01T00:00:00.000Z");
    // What was witnessed before keeps its value: the log verifies as it did.
    assert!(mk.verified() > 0);
}

#[test]
fn what_was_sealed_to_a_key_that_is_gone_is_sealed_again() {
    let world = World::serving(&["MK", "TR"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let file = request(&world);
    mk.stop();
    let asked = [0; 5].map(|_| tr.asks_for(&file, "MK"));
    // MK's old receiving key is destroyed, and the node goes down before it has signed for the new.
    let path = Folder(mk.dir.clone()).keystore();
    let (held, unlocked) = Keystore::unlock(&path, PASSPHRASE).expect("it opens");
    let what = Rotation {
        recipient: true,
        ..Rotation::default()
    };
    let now = Timestamp::system();
    let year = Duration::from_secs(365 * 24 * 3_600);
    let keys = held
        .rotated(what, now.plus(Duration::from_secs(1)), &mut OsEntropy)
        .without_outlived(now.plus(year));
    assert_eq!(keys.recipient.len(), 1);
    unlocked
        .replace(&keys, &mut OsEntropy)
        .expect("it is written");
    mk.serve();
    assert_eq!(mk.sequence(), Some(2));
    for id in asked {
        until(PATIENCE, "it arrives, sealed to the new key", || {
            (tr.knows(id)? == "delivered").then_some(())
        });
    }
    let answered = mk.exchanges().expect("a list");
    assert_eq!(answered.len(), 5, "nothing is there twice");
}

#[test]
fn each_key_shows_when_it_was_made_and_the_identity_key_alone_stays() {
    let world = administered(&["MK", "TR"]);
    let mk = world.office("MK");
    let before = mk.made().expect("the node tells its health");
    let kinds: Vec<&str> = before.keys().map(String::as_str).collect();
    assert_eq!(kinds, ["identity", "log", "recipient", "tls"]);
    mk.rotate();
    let after = until(PATIENCE, "the node has new keys", || {
        mk.made().filter(|made| made["log"] > before["log"])
    });
    for (kind, made) in after {
        assert_eq!(made > before[&kind], kind != "identity", "{kind}");
    }
}

#[test]
fn an_office_that_makes_log_keys_again_and_again_keeps_some_for_restores_and_goes_on() {
    let world = administered(&["MK", "TR"]);
    let mk = world.office("MK");
    let client = mk.client("admin");
    let log = Rotation {
        log: true,
        ..Rotation::default()
    };
    // The first is of the enrolment; restores have the last eight of 64.
    for made in 1..56 {
        let before = block(client.rotate_keys(&log)).expect("there is room for another");
        assert_eq!(before.sequence, made);
        until(PATIENCE, "the new key is in force", || {
            (mk.sequence() > Some(made)).then_some(())
        });
    }
    let all = mk.as_role("admin", "key rotate").run();
    all.failed(1, "log-keys-used-up");
    let others = mk.as_role("admin", "key rotate").word("--recipient");
    others.run().done();
    mk.stop();
    mk.serve();
    world.linked();
    mk.verified();
}
