//! What new users do wrong, and what they are told: an exit code, a stable code, what, why, and
//! what next.

use std::fs;

use liaison::api::Sent;

use crate::examples;
use crate::run::{Call, program};
use crate::world::{PATIENCE, World, until};

#[test]
fn an_office_made_with_no_more_than_the_manual_asks_for_can_be_enrolled_and_serve() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name);
    let passphrase = at("passphrase");
    fs::write(&passphrase, "six random words would be better\n").expect("room");
    let secret = |call: Call| call.option("--passphrase-file", &passphrase);
    let mut propose = Call::of("trust propose");
    for member in ["MK", "TR"] {
        let init = Call::of("init").dir(&at(member));
        let init = init.option("--member", member);
        secret(init.option("--name", "Liaison Office")).run().done();
        let card = Call::of("member card").dir(&at(member));
        let card = card.option("--out", at(&format!("{member}.card")));
        let card = secret(card);
        card.run().done();
        card.run().failed(1, "file");
        propose = propose.option("--card", at(&format!("{member}.card")));
    }
    let in_its_place = propose.clone().option("--out", &passphrase);
    in_its_place.run().failed(1, "trust");
    propose = propose.option("--out", at("list"));
    propose.run().done();
    let mut complete = Vec::new();
    for member in ["MK", "TR"] {
        let sign = Call::of("trust sign").dir(&at(member));
        let signed = secret(sign.option("--file", at("list"))).run().done();
        complete.push(signed["complete"].as_bool());
    }
    assert_eq!(complete, [Some(false), Some(true)]);
    let install = Call::of("trust install").dir(&at("MK"));
    install.option("--file", at("list")).run().done();
    let again = Call::of("init").dir(&at("MK")).option("--member", "MK");
    let again = again.option("--name", "Another");
    let before = fs::read(at("MK").join("keys/keystore")).expect("keys");
    secret(again).run().failed(1, "node-exists");
    let after = fs::read(at("MK").join("keys/keystore")).expect("keys");
    assert!(before == after, "a refused init changed the keys");
}

#[test]
fn passphrases_and_tokens_that_are_wrong_or_missing_are_told_apart() {
    let world = World::of(&["MK", "TR"]);
    let mk = world.office("MK");
    let wrong = world.write("wrong", "not the passphrase\n");
    for command in ["serve", "store rebuild"] {
        let call = mk.call(command).option("--passphrase-file", &wrong);
        call.run().failed(1, "wrong-passphrase");
    }
    let add = mk.call("user add").option("--name", "someone");
    let add = add.option("--role", "officer");
    let refused = add.clone().option("--passphrase-file", &wrong);
    refused.run().failed(1, "wrong-passphrase");
    let nowhere = world.file("nowhere");
    let refused = add.option("--passphrase-file", &nowhere).run();
    refused.failed(4, "file");
    // The name of an officer of this office is taken.
    let twice = mk.call("user add").option("--name", "officer");
    let refused = twice.option("--role", "contact").run();
    refused.failed(1, "person-refused");

    mk.serve();
    let list = mk.call("rfi list");
    list.clone().run().done();
    let missing = list.clone().option("--token-file", &nowhere).run();
    missing.failed(4, "file");
    let foreign = world.write("foreign", format!("liaison_{}\n", "0".repeat(64)));
    let foreign = list.clone().option("--token-file", foreign).run();
    println!("a token of nobody: {}", foreign.stderr);
    assert_eq!(foreign.exit, Some(1));
    assert_eq!(foreign.problem_code(), "not-signed-in");
    let auditor = list.option("--token-file", mk.token("auditor"));
    auditor.run().failed(1, "not-permitted");
    let unnamed = fs::read_to_string(mk.part("liaison.toml")).expect("a configuration");
    let unnamed = unnamed.replace("\nofficer = ", "\n# officer = ");
    let unnamed = unnamed.replace("\ncontact = \"tokens", "\n# contact = \"tokens");
    fs::write(mk.part("liaison.toml"), unnamed).expect("a configuration");
    mk.call("rfi list").run().failed(1, "token-missing");
}

#[test]
fn a_request_that_cannot_be_sent_says_which_part_is_wrong_and_sends_nothing() {
    let world = World::of(&["MK", "TR"]);
    let mk = world.office("MK");
    let request = examples::request();
    let good = toml::to_string(&request).expect("an example is valid TOML");
    let file = |name: &str, text: &str| world.write(name, text);
    let good_file = file("good.toml", &good);
    let send = |to: &str, file: &std::path::Path| {
        let call = mk.call("rfi send").option("--to", to);
        call.option("--file", file)
    };
    send("TR", &good_file).run().failed(5, "node-unreachable");
    mk.serve();
    send("FR", &good_file).run().failed(1, "not-listed");
    send("MK", &good_file).run().failed(1, "to-oneself");
    let unknown = file("unknown.toml", &format!("colour = \"red\"\n{good}"));
    let problem = send("TR", &unknown).run();
    println!("an unknown field: {}", problem.stderr);
    assert_eq!(problem.exit, Some(1));
    assert!(problem.stderr.contains("colour"), "{}", problem.stderr);
    let no_toml = file("broken.toml", "colour = = red");
    send("TR", &no_toml).run().failed(1, "toml-invalid");
    let mut empty = request.clone();
    empty["questions"] = serde_json::json!([]);
    let empty = file("empty.toml", &toml::to_string(&empty).expect("valid TOML"));
    let problem = send("TR", &empty).run().failed(1, "invalid");
    assert!(problem["field"].is_string(), "{problem}");
    let nowhere = world.file("nowhere");
    send("TR", &nowhere).run().failed(4, "file");
    let attach = send("TR", &good_file).option("--attach", &nowhere);
    attach.run().failed(4, "file");
    assert_eq!(mk.exchanges().expect("a list"), []);
    let lower = send("tr", &good_file).run();
    assert_eq!(lower.exit, Some(2), "{}", lower.stderr);
}

#[test]
fn what_does_not_fit_the_state_of_an_exchange_is_refused_and_changes_nothing() {
    let world = World::serving(&["MK", "TR"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let text = |value| toml::to_string(&value).expect("an example is valid TOML");
    let request = world.write("request.toml", text(examples::request()));
    let answer = world.write("answer.toml", text(examples::answer_to_request()));
    let send = mk.call("rfi send").option("--to", "TR");
    let sent: Sent = send.option("--file", request).run().read();
    let id = sent.exchanges[0].id.to_string();
    until(PATIENCE, "the request has come", || {
        let listed = tr.exchanges().ok()?;
        (!listed.is_empty()).then_some(())
    });
    let answering = |office: &crate::office::Office| {
        let call = office.call("rfi answer").word(&id);
        call.option("--file", &answer).run()
    };
    // The asking side.
    println!("the asking side answers: {}", answering(mk).stderr);
    assert_eq!(answering(mk).exit, Some(1));
    let accept = mk.call("rfi accept").word(&id).run();
    assert_eq!(
        (accept.exit, accept.problem_code()),
        (Some(1), answering(mk).problem_code())
    );

    tr.call("rfi accept").word(&id).run().done();
    let twice = tr.call("rfi accept").word(&id).run();
    println!("accepted twice: {}", twice.stderr);
    assert_eq!(twice.exit, Some(1));
    let before = tr.health().expect("TR serves").log_size;
    let unknown = tr
        .call("rfi accept")
        .word("01JD3W0000ABCDEFGHJKMNPQRS")
        .run();
    unknown.failed(4, "not-found");
    let save = tr.call("attachment save").word(&id);
    let save = save.option("--out", world.file("saved")).run();
    println!(
        "no attachment to save: {} {}",
        save.exit.unwrap_or(-1),
        save.stderr
    );
    assert_ne!(save.exit, Some(0));
    let refuse = tr
        .call("rfi refuse")
        .word(&id)
        .option("--ground", "z9")
        .run();
    println!(
        "an unknown ground: {} {}",
        refuse.exit.unwrap_or(-1),
        refuse.stderr
    );
    assert_ne!(refuse.exit, Some(0));
    answering(tr).done();
    let again = answering(tr);
    println!("answered twice: {}", again.stderr);
    assert_eq!(again.exit, Some(1));
    let refuse = tr
        .call("rfi refuse")
        .word(&id)
        .option("--ground", "f2")
        .run();
    assert_eq!(refuse.exit, Some(1), "{}", refuse.stderr);
    assert!(tr.health().expect("TR serves").log_size > before);
    until(PATIENCE, "both agree", || {
        let states =
            [mk, tr].map(|office| office.exchanges().ok().map(|list| list[0].state.clone()));
        (states[0].as_deref() == Some("answered") && states[0] == states[1]).then_some(())
    });
}

#[test]
fn a_setting_that_does_not_exist_stops_the_start_with_its_place() {
    let world = World::of(&["MK", "TR"]);
    let mk = world.office("MK");
    let file = mk.part("liaison.toml");
    let text = fs::read_to_string(&file).expect("a configuration");
    fs::write(&file, format!("{text}\n[surprise]\nlisten = 1\n")).expect("room");
    for command in ["serve", "status", "config check"] {
        let problem = mk.call(command).run().failed(1, "config-invalid");
        let detail = problem["detail"].as_str().expect("text");
        assert!(
            detail.contains("surprise") && detail.contains("line"),
            "{detail}"
        );
    }
    let output = program().arg("serve").output().expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
}
