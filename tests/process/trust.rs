//! Members that are suspended, removed and taken back while nodes serve.

use std::str::FromStr as _;
use std::time::{Duration, Instant};

use liaison::api::{ExchangeSummary, Holdings, MemberList, ProposalView, Sent};
use liaison::base::{MemberId, NodeId, OsEntropy, Timestamp};
use liaison::node::{self, Folder};
use liaison::seal::keystore::Keys;
use liaison::seal::trust::{KeyBundle, MemberCard, MemberKind, Profile};
use serde_json::json;

use crate::examples;
use crate::office::Office;
use crate::run::Ran;
use crate::world::{PATIENCE, World, at_once, until};

/// How soon a removal must be felt.
const AT_ONCE: Duration = Duration::from_secs(1);

impl World {
    /// Lets these offices sign what the file proposes.
    fn signed_by(&self, file: &std::path::Path, members: &[&str]) {
        for member in members {
            let sign = self.office(member).call("trust sign");
            sign.option("--file", file).run().done();
        }
    }

    /// A suspension of a member, signed by the first two of these.
    fn suspension_of(&self, out: &str, by: [&str; 2]) -> std::path::PathBuf {
        let file = self.file(&format!("suspend-{out}"));
        let suspend = self.office(by[0]).call("trust suspend");
        suspend
            .option("--member", out)
            .option("--reason", "its keys were stolen")
            .option("--out", &file)
            .run()
            .done();
        self.signed_by(&file, &by[1..]);
        file
    }

    /// The card of a node whose keys were made just now, and the keys.
    fn card_of_new_keys(&self, node: &str) -> (std::path::PathBuf, Keys) {
        let node: NodeId = node.parse().expect("a well-formed node");
        let now = Timestamp::system();
        let keys = Keys::generate(node, now, &mut OsEntropy);
        let profile = Profile {
            name: format!("Liaison Office {}", node.member),
            kind: MemberKind::Country,
            contact: String::new(),
            address: None,
        };
        let until = now.plus(Duration::from_secs(24 * 3600));
        let bundle = KeyBundle::first(&keys, now, until).sign(&keys.identity, &mut OsEntropy);
        let bundle = bundle.expect("a node signs for its keys");
        let card = MemberCard::issue(&keys, profile, bundle, &mut OsEntropy).expect("a card");
        (self.write(&format!("{node}.card"), card.to_json()), keys)
    }

    /// A next list as this office proposes it, signed by those.
    fn next_list(&self, name: &str, at: &str, remove: &[&str], by: &[&str]) -> std::path::PathBuf {
        let file = self.file(name);
        let propose = self.office(at).call("trust propose").option("--out", &file);
        let propose = remove
            .iter()
            .fold(propose, |call, out| call.option("--remove", out));
        propose.run().done();
        self.signed_by(&file, by);
        file
    }
}

impl Office {
    fn install(&self, file: &std::path::Path) -> Ran {
        self.call("trust install").option("--file", file).run()
    }

    fn proposals(&self) -> Vec<ProposalView> {
        let list: MemberList = self.call("member list").run().read();
        list.proposals
    }

    fn asks(&self, world: &World, to: &str) -> ExchangeSummary {
        let text = toml::to_string(&examples::request()).expect("an example is valid TOML");
        let file = world.write("request.toml", text);
        let send = self.call("rfi send").option("--to", to);
        let sent: Sent = send.option("--file", file).run().read();
        sent.exchanges.into_iter().next().expect("one exchange")
    }

    fn line_of(&self, asked: &ExchangeSummary) -> ExchangeSummary {
        let mut all = self
            .exchanges()
            .expect("the node lists exchanges")
            .into_iter();
        all.find(|line| line.id == asked.id).expect("it is listed")
    }

    fn linked_to(&self, peer: &str) -> bool {
        let peers = self.health().map_or_else(Vec::new, |health| health.peers);
        peers
            .iter()
            .any(|p| p.node.member.as_str() == peer && p.connected)
    }

    fn alarms(&self) -> Vec<String> {
        let health = self.health().map_or_else(Vec::new, |health| health.alarms);
        health.into_iter().map(|alarm| alarm.code).collect()
    }
}

#[test]
fn a_suspended_member_is_cut_off_within_a_second_and_gets_nothing_until_the_next_list() {
    let world = World::serving(&["MK", "TR", "AT"]);
    let (mk, tr, at) = (world.office("MK"), world.office("TR"), world.office("AT"));
    let first = mk.asks(&world, "AT");
    until(PATIENCE, "AT's node has the first request", || {
        (mk.line_of(&first).state == "delivered").then_some(())
    });
    let file = world.suspension_of("AT", ["MK", "TR"]);

    // What is asked while AT is away waits, and stays when AT is back.
    at.kill();
    let second = mk.asks(&world, "AT");
    assert_eq!(mk.line_of(&second).withheld, None);
    mk.install(&file).done();
    until(PATIENCE, "MK takes AT out", || {
        mk.line_of(&second)
            .withheld
            .filter(|why| why == "suspended")
    });
    at.serve();
    until(PATIENCE, "TR, which knows nothing yet, has AT back", || {
        tr.linked_to("AT").then_some(())
    });
    let sent = mk.call("rfi send").option("--to", "AT");
    let file_of_request = world.file("request.toml");
    sent.option("--file", file_of_request)
        .run()
        .failed(1, "not-listed");

    // A live link is closed at once.
    tr.install(&file).done();
    let installed = Instant::now();
    until(AT_ONCE, "TR has closed the link with AT", || {
        tr.health()
            .filter(|health| health.out.iter().any(|out| out.member.as_str() == "AT"))
            .map(|_| ())
    });
    until(AT_ONCE, "AT's link with TR is down", || {
        (!at.linked_to("TR")).then_some(())
    });
    assert!(installed.elapsed() < AT_ONCE, "{:?}", installed.elapsed());

    let line = mk.line_of(&second);
    assert_eq!(
        (line.state.as_str(), line.withheld.as_deref()),
        ("queued", Some("suspended"))
    );
    let shown = mk.call("rfi show").word(second.id.to_string());
    let (_, text, _) = shown.run_as_text();
    assert!(text.contains("NOT SENT: AT is suspended"), "{text}");

    // What it has is listed.
    let held: Holdings = mk.call("trust show").option("--holds", "AT").run().read();
    assert_eq!(held.out.as_deref(), Some("suspended"));
    let counted = |id| {
        let one = held.holds.iter().find(|held| held.conversation == id);
        one.map(|held| (held.messages, held.unconfirmed))
    };
    assert_eq!(counted(first.id), Some((1, 0)));
    assert_eq!(counted(second.id), Some((0, 1)));

    // The next list takes it back, as its signers are shown, and what waited goes.
    let list = world.file("list-2");
    let propose = mk.call("trust propose").option("--out", &list);
    propose.option("--take-back", "AT").run().done();
    taking_back_at(&[mk, tr], &list);
    assert_eq!(mk.proposals().remove(0).takes_back, [at.member]);
    let (_, text, _) = mk.call("member list").run_as_text();
    assert!(text.contains("takes back the suspended AT"), "{text}");
    for office in &world.offices {
        office.install(&list).done();
    }
    world.linked();
    until(PATIENCE, "the second request arrives after all", || {
        (mk.line_of(&second).state == "delivered").then_some(())
    });
    assert_eq!(mk.line_of(&second).withheld, None);
    assert_eq!(mk.alarms(), Vec::<String>::new());
}

/// These sign a list, and say that it takes AT back.
fn taking_back_at(offices: &[&Office], list: &std::path::Path) {
    for office in offices {
        let sign = office.call("trust sign").option("--file", list);
        sign.option("--take-back", "AT").run().done();
    }
}

#[test]
fn a_suspended_member_is_taken_back_by_people_who_say_so_or_are_told() {
    let world = World::of(&["MK", "TR", "AT"]);
    let (mk, tr, at) = (world.office("MK"), world.office("TR"), world.office("AT"));
    let since = "2026-01-01T00:00:00.000Z";
    let suspension = world.file("suspend-AT");
    mk.call("trust suspend")
        .option("--member", "AT")
        .option("--reason", "its keys were stolen")
        .option("--compromised-since", since)
        .option("--out", &suspension)
        .run()
        .done();
    world.signed_by(&suspension, &["TR"]);
    for office in [mk, tr] {
        office.install(&suspension).done();
    }

    // Whoever renews the list where it is in force decides about it.
    let list = world.file("list-2");
    let renew = |office: &Office| office.call("trust propose").option("--out", &list);
    let refused = renew(mk).run().failed(1, "suspension-undecided");
    assert!(refused["next"].to_string().contains("--take-back AT"));
    renew(mk)
        .option("--take-back", "TR")
        .run()
        .failed(1, "trust");
    let without = renew(mk).option("--remove", "AT").run().done();
    assert_eq!(without["takes_back"], json!([]));

    // AT knows of no suspension, but those who sign its list do.
    let unaware = renew(at).run().done();
    assert_eq!(unaware["takes_back"], json!([]));
    let sign = tr.call("trust sign").option("--file", &list);
    let before = std::fs::read(&list).expect("the proposal");
    let refused = sign.run().failed(1, "suspension-undecided");
    assert!(refused["next"].to_string().contains("--take-back AT"));
    assert_eq!(before, std::fs::read(&list).expect("it is still there"));
    sign.clone()
        .option("--take-back", "MK")
        .run()
        .failed(1, "trust");
    let sign = sign.option("--take-back", "AT");
    let signed = sign.run().done();
    assert_eq!(signed["takes_back"][0]["member"], "AT");
    assert_eq!(signed["takes_back"][0]["compromised_since"], since);
    let (_, text, _) = sign.run_as_text();
    assert!(text.contains("TAKES BACK AT"), "{text}");

    // What is said of its keys outlives the suspension.
    renew(mk).option("--take-back", "AT").run().done();
    taking_back_at(&[mk, tr], &list);
    let installed = mk.install(&list).done();
    let members = installed["members"].as_array().expect("members");
    let at = members.iter().find(|member| member["member"] == "AT");
    assert_eq!(at.expect("AT is listed")["compromised_since"], since);
}

#[test]
fn what_too_few_countries_are_left_to_sign_is_not_even_proposed() {
    let world = World::of(&["MK", "TR"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let file = world.file("never");
    let kept = |office: &Office| {
        let kept = std::fs::read_dir(office.part("trust/proposals"));
        kept.map_or(0, Iterator::count)
    };
    let suspend = mk.call("trust suspend").option("--member", "TR");
    let suspend = suspend.option("--reason", "its keys were stolen");
    let propose = mk.call("trust propose").option("--remove", "TR");
    // The root in force has to agree to the next one, and of its two countries one is left.
    let (card, _) = world.card_of_new_keys("AT-1");
    let replace = propose.clone().option("--card", &card).word("--root");
    for call in [suspend, propose, replace] {
        let refused = call.option("--out", &file).run();
        let refused = refused.failed(1, "too-few-signers");
        assert!(refused["next"].to_string().contains("liaison rfi withdraw"));
        assert!(!file.exists(), "nothing was written");
    }
    assert_eq!(kept(mk), 0, "nothing waits");

    // What both can sign is proposed as ever.
    tr.call("trust propose").option("--out", &file).run().done();
}

#[test]
fn of_three_countries_two_are_left_to_take_one_out_and_not_one_to_take_two() {
    let world = World::of(&["MK", "TR", "AT"]);
    let mk = world.office("MK");
    let file = world.file("list-2");
    let propose = mk.call("trust propose").option("--remove", "AT");
    let propose = propose.option("--out", &file);
    propose.run().done();
    let (card, _) = world.card_of_new_keys("RS-1");
    let replace = propose.clone().option("--card", &card).word("--root");
    replace.run().done();
    let both = propose.option("--remove", "TR");
    both.run().failed(1, "too-few-signers");
    let suspension = world.suspension_of("AT", ["MK", "TR"]);
    mk.install(&suspension).done();
    let suspend = mk.call("trust suspend").option("--member", "TR");
    let suspend = suspend.option("--reason", "its keys were stolen");
    let suspend = suspend.option("--out", world.file("never"));
    suspend.run().failed(1, "too-few-signers");
}

#[test]
fn an_office_with_new_keys_does_not_come_in_under_the_number_of_its_lost_node() {
    let world = World::of(&["MK", "TR"]);
    let propose = |card: &std::path::Path, more: &[&str]| {
        let propose = world.office("MK").call("trust propose");
        let propose = propose.option("--card", card);
        let propose = propose.option("--out", world.file("list-2"));
        more.iter()
            .fold(propose, |call, word| call.word(word))
            .run()
    };
    let (again, _) = world.card_of_new_keys("TR-1");
    for more in [&[][..], &["--remove", "TR"]] {
        let refused = propose(&again, more).failed(1, "number-taken");
        assert!(refused["next"].to_string().contains("--node 2"));
    }
    let (next, _) = world.card_of_new_keys("TR-2");
    let proposed = propose(&next, &["--remove", "TR"]).done();
    assert_eq!(proposed["nodes"].as_array().map(Vec::len), Some(2));
    // A card of the keys that are listed brings another address, for one.
    let listed = world.file("TR.card");
    propose(&listed, &[]).done();

    // The number stays taken once a list has taken the node out; the same keys may come back.
    propose(&next, &["--remove", "TR"]).done();
    let list = world.file("list-2");
    world.signed_by(&list, &["MK", "TR"]);
    world.office("MK").install(&list).done();
    let refused = propose(&again, &[]).failed(1, "number-taken");
    assert!(refused["next"].to_string().contains("--node 3"));
    propose(&listed, &[]).done();
}

#[test]
fn countries_that_come_in_sign_once_a_list_is_proposed_with_a_root() {
    let world = World::of(&["MK", "TR"]);
    let mk = world.office("MK");
    let list = world.file("list-2");
    let newcomers = ["AL-1", "AT-1", "RS-1"].map(|node| world.card_of_new_keys(node));
    let propose = |more: &[&str]| {
        let propose = mk.call("trust propose").option("--out", &list);
        let propose = more.iter().fold(propose, |call, word| call.word(word));
        let proposed = propose.run().done();
        (proposed["needed"].as_u64(), proposed["cannot_sign"].clone())
    };
    let cards = newcomers.each_ref().map(|(card, _)| card.to_str());
    let cards = cards.map(|card| card.expect("its name is UTF-8"));
    let coming = [&["--card"], &cards[..]].concat();
    // A proposal that others sign, with the signatures of these newcomers.
    let and_by = |signers: &[&Keys]| {
        let mut file = node::ProposalFile::read(&list).expect("it was written just now");
        for keys in signers {
            node::sign(&mut file, None, keys).expect("a country of the root");
        }
        file.write(&list).expect("room for a small file");
    };
    let complete = || {
        let signed = world.office("TR").call("trust sign");
        let signed = signed.option("--file", &list).run().done();
        signed["complete"].as_bool().expect("a flag")
    };
    let warned = || {
        let doctor = mk.call("doctor").run();
        doctor.stdout.contains("doctor-few-signers")
    };

    // Without a root they are in the list, and two still decide.
    let silent = json!(["AL", "AT", "RS"]);
    assert_eq!(propose(&coming), (Some(2), silent.clone()));
    world.signed_by(&list, &["MK"]);
    assert!(complete() && !warned());
    let (_, text, _) = mk.call("trust sign").option("--file", &list).run_as_text();
    assert!(text.contains("no vote  AL, AT, RS"), "{text}");
    world
        .offices
        .iter()
        .for_each(|o| drop(o.install(&list).done()));
    assert_eq!(propose(&[]), (Some(2), silent));
    assert!(warned());

    // Two thirds of both let all five sign. The root that people compare stays.
    assert_eq!(propose(&["--root"]), (Some(4), json!([])));
    let shown = mk.call("trust sign").option("--file", &list).run().done();
    assert_eq!(shown["root"], *world.root);
    let next = shown["next_root"].as_str().expect("another root");
    assert_ne!(next, world.root);
    let [al, at, rs] = newcomers.each_ref().map(|(_, keys)| keys);
    world.signed_by(&list, &["MK"]);
    and_by(&[al]);
    assert!(!complete());
    and_by(&[at]);
    assert!(complete());
    world
        .offices
        .iter()
        .for_each(|o| drop(o.install(&list).done()));
    assert!(!warned());

    // From then on it takes three.
    assert_eq!(propose(&[]), (Some(3), json!([])));
    world.signed_by(&list, &["MK"]);
    assert!(!complete());
    let mut file = node::ProposalFile::read(&list).expect("it was written just now");
    let current = Folder(mk.dir.clone()).directory().expect("it holds");
    node::sign(&mut file, current.as_ref(), rs).expect("a country of the root");
    file.write(&list).expect("room for a small file");
    assert!(complete());
}

#[test]
fn what_is_installed_while_a_node_opens_its_log_is_in_force_once_it_serves() {
    let world = World::of(&["MK", "TR", "AT"]);
    let mk = world.office("MK");
    let after = Office::new("MK", world.file("mk-after"));
    crate::world::copy_folder(&mk.dir, &after.dir);
    let suspension = world.suspension_of("AT", ["MK", "TR"]);
    after.install(&suspension).done();

    // The node has read its trust folder when it waits for whoever writes it.
    let lock = std::fs::File::create(mk.part("trust/lock")).expect("a file");
    lock.lock().expect("nobody else writes");
    mk.start();
    until(PATIENCE, "it has opened its log", || {
        mk.said().contains("log-opened").then_some(())
    });
    let installed = after.part("trust/suspend.json");
    std::fs::copy(installed, mk.part("trust/suspend.json")).expect("a copy");
    drop(lock);
    mk.serves();
    until(PATIENCE, "AT is out", || {
        let out = mk.health()?.out;
        out.iter()
            .any(|out| out.member.as_str() == "AT")
            .then_some(())
    });
}

#[test]
fn a_removed_member_is_gone_and_an_older_list_does_not_bring_it_back() {
    let world = World::serving(&["MK", "TR", "AT"]);
    let (mk, at) = (world.office("MK"), world.office("AT"));
    let before = world.file("trust-before");
    crate::world::copy_folder(&mk.part("trust"), &before);
    let list = world.next_list("list-2", "MK", &["AT"], &["MK", "TR"]);
    mk.install(&list).done();
    until(AT_ONCE, "AT has lost its link with MK", || {
        (!at.linked_to("MK")).then_some(())
    });
    until(PATIENCE, "MK has no peer AT", || {
        let peers = mk.health()?.peers;
        peers
            .iter()
            .all(|peer| peer.node.member.as_str() != "AT")
            .then_some(())
    });
    // The node does not take an older list from under it, running or not.
    for file in ["root.json", "list.json"] {
        std::fs::copy(before.join(file), mk.part("trust").join(file)).expect("a copy");
    }
    until(
        PATIENCE,
        "MK says that it does not take the older list",
        || mk.said().contains("trust-list-rollback").then_some(()),
    );
    assert!(!mk.linked_to("AT"));
    mk.stop();
    mk.start();
    assert!(!mk.end_within(PATIENCE).success());
    assert!(
        mk.said().contains("trust list 1 is installed, but list 2"),
        "{}",
        mk.said()
    );
    mk.install(&list).done();
    mk.serve();
    assert!(!mk.linked_to("AT"));
}

#[test]
fn two_lists_of_one_version_are_an_alarm_on_both_sides() {
    let world = World::serving(&["MK", "TR", "AT"]);
    let (mk, tr, at) = (world.office("MK"), world.office("TR"), world.office("AT"));
    // TR signs two different lists 2.
    let one = world.next_list("list-a", "MK", &[], &["MK", "TR"]);
    let other = world.next_list("list-b", "AT", &[], &["AT", "TR"]);
    mk.install(&one).done();
    until(PATIENCE, "TR knows that it is behind", || {
        (tr.alarms() == ["trust-list-behind"]).then_some(())
    });
    at.install(&other).done();
    for office in [mk, at] {
        let what = format!("{} alarms", office.member);
        until(PATIENCE, &what, || {
            (office.alarms() == ["trust-list-conflict"]).then_some(())
        });
    }
    let (_, text, _) = mk.call("status").run_as_text();
    assert!(text.contains("ALARM"), "{text}");
    at_once(&world.offices, Office::stop);
    assert!(mk.verified() > 0);
}

#[test]
fn a_change_that_waits_for_signatures_is_shown_until_it_is_in_force() {
    let world = World::serving(&["MK", "TR", "AT"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let at = || MemberId::from_str("AT").expect("a member");
    assert_eq!(mk.proposals(), []);

    let file = world.file("suspend-AT");
    let suspend = mk.call("trust suspend").option("--member", "AT");
    let suspend = suspend.option("--reason", "its keys were stolen");
    suspend.option("--out", &file).run().done();
    let waits = mk.proposals().remove(0);
    assert_eq!(waits.suspends, [at()]);
    assert_eq!(waits.missing, [tr.member]);
    assert_eq!((waits.signed_by.len(), waits.needed), (1, 2));
    let (_, text, _) = mk.call("member list").run_as_text();
    assert!(
        text.contains("suspends AT · 1 of 2 signed, waits for TR"),
        "{text}"
    );
    assert_eq!(tr.proposals(), [], "nobody has shown it to TR");

    world.signed_by(&file, &["TR"]);
    let enough = tr.proposals().remove(0);
    assert!(enough.complete && enough.missing.is_empty());
    tr.install(&file).done();
    until(PATIENCE, "it is in force", || {
        tr.proposals().is_empty().then_some(())
    });
    let kept = std::fs::read_dir(tr.part("trust/proposals")).expect("the folder");
    assert_eq!(kept.count(), 0, "no copy stays of what is in force");

    // What another change has overtaken does not wait any more.
    let _next = world.next_list("list-2", "TR", &["AT"], &[]);
    assert_eq!(tr.proposals().remove(0).leaves, [at()]);
    let other = world.next_list("list-2b", "MK", &["AT"], &["MK", "TR"]);
    tr.install(&other).done();
    until(PATIENCE, "the other list is in force", || {
        tr.proposals().is_empty().then_some(())
    });
}
