//! Names, numbers, tokens and keys that are planted in a node, and looked for where they must not be.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use liaison::api::{AlertSummary, Outcome, SendAcceptance, SendAnswer, SendRequest, Sent};
use liaison::node::Folder;
use serde_json::{Value, json};

use crate::examples;
use crate::facility;
use crate::office::{Office, files};
use crate::webhooks::{CaseSystem, SECRET, tell};
use crate::world::{PATIENCE, World, block, until};

const NAME: &str = "Zorbamir Kanarevski";
const PHONE: &str = "+389 70 417 2417";
const FILE: &str = "the canary in the picture, 417 times";

/// Bytes that must not be found, and what they are.
type Canary = (&'static str, Vec<u8>);

/// What was said, and the secrets of an office, in every form that they are written in.
fn canaries(office: &Office) -> Vec<Canary> {
    let read = |part: &str| std::fs::read_to_string(office.part(part)).expect("a file");
    let passphrase = read("passphrase").trim().to_owned();
    let me = format!("{}-1", office.member).parse().expect("a node");
    let keys = Folder(office.dir.clone()).keys(me, &passphrase);
    let storage = keys.expect("the passphrase opens them").storage_key;
    let hex: String = storage.iter().map(|byte| format!("{byte:02x}")).collect();
    let digits: String = PHONE.chars().filter(char::is_ascii_digit).collect();
    let mut canaries: Vec<Canary> = vec![
        ("the name", NAME.into()),
        ("the name, folded", NAME.to_lowercase().into()),
        ("the number", PHONE.into()),
        ("the number's digits", digits.into()),
        ("the file", FILE.into()),
        ("the passphrase", passphrase.into()),
        ("the storage key", storage.to_vec()),
        ("the storage key in hexadecimal", hex.into()),
        (
            "the storage key in base64",
            BASE64_STANDARD.encode(*storage).into(),
        ),
        (
            "the storage key in base64url",
            BASE64_URL_SAFE_NO_PAD.encode(*storage).into(),
        ),
    ];
    for token in files(&office.part("tokens")) {
        let token = std::fs::read_to_string(token).expect("a token");
        canaries.push(("a token", token.trim().into()));
    }
    let secret = SECRET.strip_prefix("whsec_").expect("it begins so");
    canaries.push(("the case system's secret", secret.into()));
    let secret = BASE64_STANDARD.decode(secret).expect("base64");
    canaries.push(("the bytes of the case system's secret", secret));
    canaries
}

/// Which of them stand in the bytes.
fn found(canaries: &[Canary], bytes: &[u8], place: &str) -> Vec<String> {
    let stands = |canary: &Canary| {
        let sought = &canary.1;
        bytes.windows(sought.len()).any(|window| window == sought)
    };
    let found = canaries.iter().filter(|canary| stands(canary));
    found
        .map(|(what, _)| format!("{what} in {place}"))
        .collect()
}

fn request() -> Value {
    let mut request = examples::urgent_request();
    for subject in request["subjects"].as_array_mut().expect("subjects") {
        if let Some(phone) = subject.get_mut("phone") {
            phone["number"] = json!(PHONE);
        }
        if let Some(person) = subject.get_mut("person") {
            person["family_name"]["original"] = json!(NAME);
        }
    }
    request["facts"][0]["text"] = json!(format!("{NAME} called from {PHONE}."));
    request
}

fn alert() -> String {
    let mut alert: Value =
        toml::from_str(include_str!("../../deploy/examples/alert.toml")).expect("valid TOML");
    alert["headline"] = json!(format!("{NAME} leaves the motorway"));
    alert["text"][0]["text"] = json!(format!("{NAME} is called at {PHONE}."));
    toml::to_string(&alert).expect("an alert is valid TOML")
}

/// MK asks TR with a file, TR accepts and answers, somebody searches, and MK's alert waits for a second
/// person and goes to TR; both nodes tell a case system what happens, and say all that they ever say
/// about themselves.
fn lived() -> (World, CaseSystem) {
    let world = World::of(&["MK", "TR"]);
    let system = CaseSystem::new(204);
    for office in &world.offices {
        tell(office, &world, &system);
        let add = office.call("user add").option("--name", "boss");
        let add = add.option("--role", "releaser");
        add.option("--token-file", office.token("boss"))
            .run()
            .done();
        let mut loud = Command::new("env");
        loud.arg("LIAISON_LOG=trace");
        office.start_under(loud);
        office.serves();
    }
    world.linked();
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let file = world.write("picture.bin", FILE.repeat(417));
    let text = toml::to_string(&request()).expect("a request is valid TOML");
    let send = mk.call("rfi send").option("--to", "TR");
    let send = send.option("--file", world.write("request.toml", text));
    let sent: Sent = send.option("--attach", file).run().read();
    let id = sent.exchanges[0].id;
    let contact = tr.client("contact");
    until(PATIENCE, "TR has all of it", || {
        let view = block(contact.exchange(id)).ok()?;
        let mut files = view.events.iter().flat_map(|event| &event.attachments);
        files.next().filter(|file| file.complete).map(|_| ())
    });
    let acceptance = SendAcceptance {
        reference: None,
        access: "direct".to_owned(),
        note: Some(format!("{NAME} is known here.")),
    };
    block(contact.accept(id, &acceptance)).expect("TR accepts");
    let mut answer = examples::answer_to_request();
    answer["answers"][0]["text"] = json!(format!("{NAME}, {PHONE}"));
    let answer: SendAnswer<Value> = SendAnswer {
        reservation: None,
        answer,
    };
    block(contact.answer(id, &answer)).expect("TR answers");
    until(PATIENCE, "MK has the answer", || {
        let view = block(mk.client("officer").exchange(id)).ok()?;
        (view.summary.state == "answered").then_some(())
    });
    mk.call("search").word(PHONE).run().done();
    warns(&world);
    until(PATIENCE, "the case system is told of the alert", || {
        let types = system.types().into_iter();
        let alerts = types.filter(|kind| kind.starts_with("liaison.alert."));
        (alerts.count() >= 2).then_some(())
    });
    (world, system)
}

/// MK's alert, which a second person releases, comes to TR.
fn warns(world: &World) {
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let publish = mk.call("alert publish").option("--to", "TR");
    let publish = publish.option("--file", world.write("alert.toml", alert()));
    let waits: Outcome<AlertSummary> = publish.word("--for-release").run().read();
    let Outcome::Waits { letter } = waits else {
        panic!("the alert waits");
    };
    let id = letter.id.to_string();
    let release = mk.call("alert release").word(&id);
    let release = release.option("--token-file", mk.token("boss"));
    release.run().done();
    until(PATIENCE, "the alert is at TR", || {
        let shown = tr.call("alert show").word(&id).run();
        (shown.exit == Some(0)).then_some(())
    });
}

fn all_files(folder: &Path) -> Vec<PathBuf> {
    let each = files(folder).into_iter();
    each.flat_map(|path| match path.is_dir() {
        true => all_files(&path),
        false => vec![path],
    })
    .collect()
}

#[test]
fn what_was_said_and_the_keys_stand_in_no_file_no_line_of_the_log_and_nothing_that_is_told() {
    let (world, system) = lived();
    let mut leaks = Vec::new();
    let told = system.taken();
    for canaries in world.offices.iter().map(canaries) {
        let each = told.iter().map(|told| format!("{told:?}"));
        leaks.extend(each.flat_map(|told| found(&canaries, told.as_bytes(), "what is told")));
    }
    for office in &world.offices {
        let canaries = canaries(office);
        let said = office.said();
        assert!(said.contains("TRACE"), "{} says little", office.member);
        leaks.extend(found(&canaries, said.as_bytes(), "what the node says"));
        let state = office.call("status").run().done().to_string();
        leaks.extend(found(&canaries, state.as_bytes(), "the node's state"));
        office.stop();
        let mut looked_at = 0;
        for path in all_files(&office.dir) {
            let inside = path.strip_prefix(&office.dir).expect("it lies in there");
            // What people keep beside the node, so that these tests need not type it.
            if inside.starts_with("tokens") || inside == Path::new("passphrase") {
                continue;
            }
            let bytes = std::fs::read(&path).expect("a file");
            leaks.extend(found(&canaries, &bytes, &inside.display().to_string()));
            looked_at += bytes.len();
        }
        assert!(looked_at > 300_000, "{looked_at} bytes");
    }
    assert_eq!(leaks, Vec::<String>::new());
}

#[test]
fn what_is_wrong_in_what_people_type_is_told_without_saying_it_again() {
    let world = World::serving(&["MK", "TR"]);
    let mk = world.office("MK");
    let canaries = canaries(mk);
    let mut leaks = Vec::new();
    let wrong = [
        ("urgency", json!(NAME)),
        ("facts", json!(NAME)),
        ("languages", json!([NAME])),
        ("subjects", json!([{ "phone": { "number": [PHONE] } }])),
        ("questions", json!([{ "kind": NAME, "text": PHONE }])),
        ("handling", json!({ "tlp": NAME })),
        ("profile", json!({ NAME: PHONE })),
    ];
    for (field, value) in wrong {
        let mut request = request();
        request[field] = value;
        let text = toml::to_string(&request).expect("TOML");
        let file = world.write("wrong.toml", text);
        let send = mk.call("rfi send").option("--to", "TR");
        let sent = send.option("--file", &file).run();
        assert_ne!(sent.exit, Some(0), "{field}: {}", sent.stdout);
        let place = format!("the error about {field}");
        leaks.extend(found(&canaries, sent.stderr.as_bytes(), &place));
        let body = SendRequest {
            reservation: None,
            to: vec!["TR".parse().expect("a member")],
            request,
        };
        let refused = block(mk.client("officer").send_request(&body));
        let refused = format!("{:?}", refused.expect_err("it is wrong"));
        let place = format!("the API's error about {field}");
        leaks.extend(found(&canaries, refused.as_bytes(), &place));
    }
    let not_toml = world.write("not.toml", format!("subject = {NAME} {PHONE}"));
    let send = mk.call("rfi send").option("--to", "TR");
    let sent = send.option("--file", &not_toml).run();
    leaks.extend(found(
        &canaries,
        sent.stderr.as_bytes(),
        "the error about TOML",
    ));
    leaks.extend(found(&canaries, mk.said().as_bytes(), "what the node says"));
    assert_eq!(leaks, Vec::<String>::new());
}

/// Whether a process that breaks leaves its memory behind on this machine.
fn is_dumped() -> bool {
    let place = tempfile::tempdir().expect("a temporary folder");
    let mut other = Command::new("prlimit");
    other.args(["--core=unlimited", "sh", "-c", "kill -ABRT $$"]);
    let status = other.current_dir(place.path()).status();
    status.is_ok_and(|status| status.core_dumped())
}

#[test]
fn a_node_that_breaks_leaves_nothing_of_its_memory_behind() {
    if !is_dumped() {
        facility::skipped("core-dump", "this machine writes none");
        return;
    }
    let world = World::of(&["MK", "TR"]);
    let mk = world.office("MK");
    let mut unlimited = Command::new("prlimit");
    unlimited
        .arg("--core=unlimited")
        .current_dir(world.file(""));
    mk.start_under(unlimited);
    mk.serves();
    let abort = Command::new("kill")
        .args(["-ABRT", &mk.process().to_string()])
        .status();
    assert!(abort.expect("kill runs").success());
    let status = mk.end_within(PATIENCE);
    assert_eq!(status.signal(), Some(6), "{status}");
    assert!(!status.core_dumped(), "it left its memory behind");
}
