//! Four eyes and the protection gate between real nodes, by the commands of both offices.

use liaison::api::{
    AlertSummary, ExchangeSummary, ExchangeView, LetterSummary, LetterView, Outcome, Page, Sent,
};
use serde_json::Value;

use crate::examples;
use crate::office::Office;
use crate::run::Call;
use crate::world::{PATIENCE, World, until};

/// MK, whose requests need a second person, and TR; each with a releasing officer, and MK with a
/// person of both roles.
fn offices() -> World {
    let world = World::of(&["MK", "TR"]);
    for office in &world.offices {
        adds(office, "boss", "releaser");
    }
    let mk = world.office("MK");
    adds(mk, "all-rounder", "officer,releaser");
    let file = mk.part("liaison.toml");
    let text = std::fs::read_to_string(&file).expect("a configuration");
    let text = text.replace("release = []", "release = [\"request\"]");
    let text = text.replace("# emergency_after = \"15m\"", "emergency_after = \"15m\"");
    std::fs::write(&file, text).expect("a configuration");
    for office in &world.offices {
        office.serve();
    }
    world.linked();
    world
}

/// Adds a person to an office that does not serve yet.
pub fn adds(office: &Office, name: &str, roles: &str) {
    let add = office.call("user add").option("--name", name);
    let add = add.option("--role", roles);
    add.option("--token-file", office.token(name)).run().done();
}

/// A command about a letter, as a person.
pub fn decides(office: &Office, verb: &str, id: &str, who: &str) -> Call {
    let call = office.call(&format!("rfi {verb}")).word(id);
    call.option("--token-file", office.token(who))
}

fn waiting(office: &Office, state: &str) -> Vec<LetterSummary> {
    let list = office.call("rfi list").option("--state", state);
    let page: Page<LetterSummary> = list.run().read();
    page.items
}

fn writes(world: &World, request: &Value) -> Call {
    let text = toml::to_string(request).expect("the example is valid TOML");
    let send = world.office("MK").call("rfi send").option("--to", "TR");
    send.option("--file", world.write("request.toml", text))
}

fn letter_of(sent: Sent) -> LetterSummary {
    assert!(sent.exchanges.is_empty(), "nothing was sent");
    *sent.letter.expect("it waits")
}

fn becomes(office: &Office, id: &str, state: &str) {
    until(PATIENCE, &format!("{id} is {state}"), || {
        let listed = office.exchanges().ok()?;
        let found = listed.into_iter().find(|e| e.id.to_string() == id)?;
        (found.state == state).then_some(())
    });
}

#[test]
fn a_request_waits_through_a_kill_and_leaves_once_a_second_person_released_it() {
    let world = offices();
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let file = world.write("camera.bin", vec![7; 100_000]);
    let send = writes(&world, &examples::urgent_request()).option("--attach", &file);
    let letter = letter_of(send.run().read());
    let id = letter.id.to_string();
    assert_eq!(letter.waits_for.as_deref(), Some("release"));

    mk.kill();
    mk.serve();
    world.linked();
    assert_eq!(waiting(mk, "in-review").len(), 1);
    let view: LetterView = mk.call("rfi show").word(&id).run().read();
    assert!(view.content.contains("34 KLM 417"), "{}", view.content);
    let (_, text, _) = mk.call("rfi show").word(&id).run_as_text();
    assert!(text.contains("liaison rfi release"), "{text}");
    let (_, text, _) = mk.call("status").run_as_text();
    assert!(text.contains("letters in review: 1"), "{text}");

    decides(mk, "release", &id, "officer")
        .run()
        .failed(1, "not-permitted");
    let early = decides(mk, "release", &id, "officer").word("--emergency");
    early
        .option("--reason", "Nobody answers.")
        .run()
        .failed(1, "emergency-too-early");
    assert!(tr.exchanges().expect("a list").is_empty());
    let left: LetterSummary = decides(mk, "release", &id, "boss").run().read();
    assert_eq!(left.state, "left");
    becomes(tr, &id, "delivered");
    let out = world.file("saved.bin");
    until(PATIENCE, "the attachment is at TR", || {
        let save = tr.call("attachment save").word(&id).option("--out", &out);
        (save.run().exit == Some(0)).then_some(())
    });
    let same = std::fs::read(&out).expect("a file") == std::fs::read(&file).expect("a file");
    assert!(same, "what was attached to the letter arrived");
    let view: ExchangeView = mk.call("rfi show").word(&id).run().read();
    assert_eq!(view.summary.letters[0].decisions[0].kind, "release");
    assert!(waiting(mk, "in-review").is_empty());
    decides(mk, "release", &id, "boss")
        .run()
        .failed(1, "letter-not-in-this-state");

    let verified = mk.call("audit verify").run().done();
    assert_eq!(verified["decisions"], 1);
    let bundle = world.file("mk.tar");
    mk.call("audit export")
        .option("--out", &bundle)
        .run()
        .done();
    let verify = Call::of("audit verify").option("--bundle", &bundle);
    assert_eq!(verify.run().done()["decisions"], 1);
}

#[test]
fn who_may_release_still_does_not_release_their_own() {
    let world = offices();
    let mk = world.office("MK");
    let send = writes(&world, &examples::urgent_request());
    let send = send.option("--token-file", mk.token("all-rounder"));
    let id = letter_of(send.run().read()).id.to_string();
    decides(mk, "release", &id, "all-rounder")
        .run()
        .failed(1, "own-letter");
    let give_back = decides(mk, "return", &id, "boss").option("--reason", "The plate is wrong.");
    let returned: LetterSummary = give_back.run().read();
    assert_eq!(
        returned.returned_reason.as_deref(),
        Some("The plate is wrong.")
    );
    let discarded = decides(mk, "discard", &id, "all-rounder");
    let discarded: LetterSummary = discarded.run().read();
    assert_eq!(discarded.state, "discarded");
    assert!(world.office("TR").exchanges().expect("a list").is_empty());
    mk.verified();
}

#[test]
fn the_protection_gate_stops_a_released_request_until_a_second_person_clears_it() {
    let world = offices();
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let text = include_str!("../../deploy/examples/request-asylum.toml");
    let mut request: Value = toml::from_str(text).expect("the example");
    request["subjects"][0]["person"]["nationalities"][0] = "TR".into();
    let id = letter_of(writes(&world, &request).run().read())
        .id
        .to_string();
    let stopped: LetterSummary = decides(mk, "release", &id, "boss").run().read();
    assert_eq!(stopped.waits_for.as_deref(), Some("clear"));
    assert_eq!(stopped.stops[0].signs, ["asylum"]);
    assert_eq!(waiting(mk, "stopped").len(), 1);
    let (_, text, _) = mk.call("rfi show").word(&id).run_as_text();
    assert!(text.contains("is a national of TR"), "{text}");
    let clear = |who: &str| decides(mk, "clear", &id, who).option("--reason", "She is safe.");
    clear("officer").run().failed(1, "not-permitted");
    let left: LetterSummary = clear("boss").run().read();
    assert_eq!(left.state, "left");
    becomes(tr, &id, "delivered");

    request["protection"]["never_contact"] = serde_json::json!(["TR"]);
    writes(&world, &request).run().failed(1, "never-contact");
    mk.verified();
}

/// A request of MK that was released, and is at TR.
fn released(world: &World) -> String {
    let letter = letter_of(writes(world, &examples::request()).run().read());
    let id = letter.id.to_string();
    decides(world.office("MK"), "release", &id, "boss")
        .run()
        .done();
    becomes(world.office("TR"), &id, "delivered");
    id
}

#[test]
fn an_answer_and_an_alert_wait_where_their_author_wants_a_second_person() {
    let world = offices();
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let id = released(&world);
    let answer = toml::to_string(&examples::answer_to_request()).expect("valid TOML");
    let answer = world.write("answer.toml", answer);
    let call = tr.call("rfi answer").word(&id).option("--file", answer);
    let waits: ExchangeSummary = call.word("--for-release").run().read();
    assert_eq!(waits.state, "delivered");
    let letter = waits.letters[0].id.to_string();
    decides(tr, "release", &letter, "boss").run().done();
    becomes(mk, &id, "answered");

    let alert = include_str!("../../deploy/examples/alert.toml");
    let publish = tr.call("alert publish").option("--to", "MK");
    let publish = publish.option("--file", world.write("alert.toml", alert));
    let waits: Outcome<AlertSummary> = publish.word("--for-release").run().read();
    let Outcome::Waits { letter } = waits else {
        panic!("the alert waits");
    };
    let alert = letter.id.to_string();
    let shown: LetterView = tr.call("alert show").word(&alert).run().read();
    assert_eq!(shown.summary.kinds, ["alert"]);
    let release = tr.call("alert release").word(&alert);
    release
        .option("--token-file", tr.token("boss"))
        .run()
        .done();
    until(PATIENCE, "the alert is at MK", || {
        let show = mk.call("alert show").word(&alert);
        (show.run().exit == Some(0)).then_some(())
    });
    tr.verified();
}

#[test]
fn where_several_letters_wait_in_an_exchange_whoever_decides_names_one() {
    let world = offices();
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let id = released(&world);
    let refuse = |reason: &str| -> String {
        let call = tr.call("rfi refuse").word(&id).option("--ground", "x1");
        let call = call.option("--reason", reason).word("--for-release");
        let before = waiting(tr, "in-review");
        let _waits: ExchangeSummary = call.run().read();
        let mut after = waiting(tr, "in-review");
        after.retain(|letter| before.iter().all(|known| known.id != letter.id));
        after.remove(0).id.to_string()
    };
    let seen = refuse("The law.");
    let unseen = refuse("Another law.");
    for verb in ["release", "clear"] {
        let call = decides(tr, verb, &id, "boss").option("--reason", "Seen.");
        let told = call.run().failed(2, "letter-ambiguous");
        let told = told["detail"].as_str().expect("a text");
        assert!(told.contains(&seen) && told.contains(&unseen), "{told}");
    }
    assert_eq!(waiting(tr, "in-review").len(), 2, "nothing left");

    let back = decides(tr, "return", &unseen, "boss").option("--reason", "One is enough.");
    back.run().done();
    let left: LetterSummary = decides(tr, "release", &id, "boss").run().read();
    assert_eq!(left.id.to_string(), seen, "the one that waits");
    becomes(mk, &id, "refused");
    tr.verified();
}

#[test]
fn the_id_of_a_released_request_means_the_letter_that_waits_in_its_exchange() {
    let world = offices();
    let mk = world.office("MK");
    let id = released(&world);
    let request = toml::to_string(&examples::request()).expect("valid TOML");
    let file = world.write("instead.toml", request);
    let call = mk.call("rfi supersede").word(&id).option("--file", file);
    call.run().done();
    let waits = waiting(mk, "in-review").remove(0);
    let left: LetterSummary = decides(mk, "release", &id, "boss").run().read();
    assert_eq!((left.id, left.state.as_str()), (waits.id, "left"));
}
