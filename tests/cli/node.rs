//! The commands against a node that a few lines of TCP play: which token they take, what they
//! send, what they print.

use std::io::Write as _;
use std::net::TcpListener;
use std::thread::JoinHandle;

use serde_json::{Value, json};

use super::{ID, folder, liaison, path, stderr, stdout};

const MESSAGE: &str = "01JD3W0001ABCDEFGHJKMNPQRS";

/// Answers the requests in turn, each with a status and a body, and gives back what was asked.
fn node(answers: Vec<(&'static str, Vec<u8>)>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let asked = std::thread::spawn(move || {
        answers
            .into_iter()
            .map(|(status, body)| {
                let (mut stream, _) = listener.accept().expect("a connection");
                let asked = one_request(&mut stream);
                let head = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                stream.write_all(head.as_bytes()).expect("a reader");
                stream.write_all(&body).expect("a reader");
                asked
            })
            .collect()
    });
    (address, asked)
}

fn one_request(stream: &mut impl std::io::Read) -> String {
    let mut asked = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&asked).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().expect("a number"));
            if body.len() >= length {
                return text;
            }
        }
        let read = stream.read(&mut buffer).expect("a writer");
        assert!(read > 0, "the request ended early: {text}");
        asked.extend_from_slice(&buffer[..read]);
    }
}

fn summary(state: &str) -> Value {
    json!({
        "id": ID, "direction": "outgoing", "peer": "TR", "reference": "MK-2026-17",
        "their_reference": null, "state": state, "urgency": "urgent", "urgency_reason": "U2",
        "subject": "Van \u{1b}[31m AA-123", "created": "2026-03-22T14:02:00.000Z",
        "updated": "2026-03-22T14:02:01.000Z", "clock": null, "linked": [],
    })
}

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).expect("JSON")
}

fn view() -> Value {
    let mut view = summary("delivered");
    let proof = json!({ "entry": 5, "leaf": null, "peer_log": {
        "origin": "tr-1.liaison/1", "index": 8, "size": 9, "root": "ab".repeat(32),
        "at": "2026-03-22T14:02:01.000Z",
    }});
    let own = json!({ "entry": 3, "leaf": "cd".repeat(32), "peer_log": null });
    let file = json!({
        "index": 0, "name": "../van.jpg", "media_type": "image/jpeg", "size": 3,
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "complete": true,
    });
    view["events"] = json!([
        { "message": MESSAGE, "kind": "request", "at": "2026-03-22T14:02:00.000Z",
          "member": "MK", "role": "officer", "content": { "facts": "A van." },
          "attachments": [file], "proof": own },
        { "message": MESSAGE, "kind": "delivered", "at": "2026-03-22T14:02:01.000Z",
          "member": "TR", "role": "node", "proof": proof },
    ]);
    view["actions"] = json!([]);
    view
}

#[test]
fn a_request_takes_the_officers_token_and_sends_the_toml_as_json() {
    let sent = json!({ "exchanges": [summary("queued")] });
    let (address, asked) = node(vec![("202 Accepted", bytes(&sent))]);
    let dir = folder(&address);
    let file = dir.path().join("request.toml");
    let text = include_str!("../../deploy/examples/request.toml");
    let dated = text.replace("\"MK-LO-2026-0417\"", "2026-03-22T14:02:00Z");
    std::fs::write(&file, dated).expect("written");
    let folder = path(dir.path());
    let words = [
        "rfi",
        "send",
        "--dir",
        folder,
        "--to",
        "TR,AT",
        "--file",
        path(&file),
    ];
    let output = liaison(&words);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let asked = asked.join().expect("the node ends");
    assert!(asked[0].contains("authorization: Bearer token-of-officer\r\n"));
    let (head, body) = asked[0].split_once("\r\n\r\n").expect("a body");
    assert!(head.starts_with("POST /api/v1/requests "), "{head}");
    let body: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(body["to"], json!(["TR", "AT"]));
    assert_eq!(body["request"]["reference"], "2026-03-22T14:02:00Z");
    assert_eq!(body["request"]["questions"][0]["kind"], "vehicle-owner");
    let text = stdout(&output);
    assert!(
        text.contains("queued: TR has not yet confirmed that it came"),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn a_receipt_is_shown_with_its_proof() {
    let (address, asked) = node(vec![("200 OK", bytes(&view()))]);
    let dir = folder(&address);
    let output = liaison(&["rfi", "show", ID, "--dir", path(dir.path())]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(asked.join().expect("the node ends")[0].contains("Bearer token-of-contact\r\n"));
    let text = stdout(&output);
    assert!(text.contains("TR's node received the request"), "{text}");
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        joined.contains("entry 8 of tr-1.liaison/1 (at 2026-03-22 14:02:01 UTC), included under"),
        "{text}"
    );
    let long = text.lines().filter(|line| line.chars().count() > 80);
    assert!(
        long.into_iter().all(|line| line.contains("sha256")),
        "{text}"
    );
}

#[test]
fn a_refusal_of_the_node_is_told_whole() {
    let problem = json!({
        "type": "/problems/exchange-not-found", "title": "no such exchange", "status": 404,
        "code": "exchange-not-found", "detail": "nothing here has that id",
        "next": "list them", "field": "id",
    });
    for as_json in [false, true] {
        let (address, asked) = node(vec![("404 Not Found", bytes(&problem))]);
        let dir = folder(&address);
        let mut words = vec!["rfi", "show", ID, "--dir", path(dir.path())];
        words.extend(as_json.then_some("--json"));
        let output = liaison(&words);
        asked.join().expect("the node ends");
        assert_eq!(output.status.code(), Some(4));
        if as_json {
            let printed: Value = serde_json::from_slice(&output.stderr).expect("one JSON object");
            assert_eq!(printed, problem);
        } else {
            assert_eq!(
                stderr(&output),
                "error[exchange-not-found]: no such exchange\n  why: nothing here has that id\n  \
                 where: id\n  next: list them\n"
            );
        }
    }
}

#[test]
fn the_running_nodes_own_address_wins_over_the_configured_one() {
    let page = json!({ "items": [summary("accepted")], "next": "abc" });
    let (address, asked) = node(vec![("200 OK", bytes(&page))]);
    let dir = folder("127.0.0.1:1");
    std::fs::create_dir(dir.path().join("run")).expect("made");
    let addresses = json!({ "exchange": "127.0.0.1:2", "api": address });
    std::fs::write(dir.path().join("run/addresses.json"), bytes(&addresses)).expect("written");
    let folder = path(dir.path());
    let words = ["rfi", "list", "--outgoing", "--limit", "1", "--dir", folder];
    let output = liaison(&words);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let asked = asked.join().expect("the node ends");
    assert!(asked[0].starts_with("GET /api/v1/exchanges?direction=outgoing&limit=1 "));
    assert!(
        stdout(&output).ends_with("\nmore: --cursor abc\n"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn an_attachment_is_saved_under_its_bare_name_and_only_if_it_is_what_was_listed() {
    for (body, code) in [(b"abc", 0), (b"abd", 3)] {
        let answers = vec![("200 OK", bytes(&view())), ("200 OK", body.to_vec())];
        let (address, asked) = node(answers);
        let dir = folder(&address);
        let out = dir.path().join("out");
        std::fs::create_dir(&out).expect("made");
        let words = [
            "attachment",
            "save",
            ID,
            "--dir",
            path(dir.path()),
            "--out",
            path(&out),
        ];
        let output = liaison(&words);
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        let asked = asked.join().expect("the node ends");
        let get = format!("GET /api/v1/messages/{MESSAGE}/attachments/0?of=MK ");
        assert!(asked[1].starts_with(&get), "{}", asked[1]);
        let saved = std::fs::read(out.join("van.jpg"));
        assert_eq!(saved.is_ok(), code == 0);
        assert_eq!(
            std::fs::read_dir(&out).expect("made").count(),
            usize::from(code == 0)
        );
    }
}

#[test]
fn of_two_messages_with_one_id_that_of_the_member_named_gives_its_attachment() {
    let mut view = view();
    let mut other = view["events"][0].clone();
    other["member"] = json!("TR");
    let events = view["events"].as_array_mut().expect("a list");
    events.push(other);
    let save = |answers: Vec<(&'static str, Vec<u8>)>, of: &[&str]| {
        let (address, asked) = node(answers);
        let dir = folder(&address);
        let out = dir.path().join("out");
        let mut words = vec!["attachment", "save", ID, "--dir", path(dir.path())];
        words.extend(["--out", path(&out)]);
        words.extend(of);
        let output = liaison(&words);
        (output, asked.join().expect("the node ends"))
    };
    let shown = ("200 OK", bytes(&view));
    let (refused, _) = save(vec![shown.clone()], &["--message", MESSAGE]);
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
    for member in ["MK", "TR"] {
        let told = format!("--message {MESSAGE} --of {member} --index 0");
        assert!(stderr(&refused).contains(&told), "{}", stderr(&refused));
    }
    let answers = vec![shown, ("200 OK", b"abc".to_vec())];
    let (saved, asked) = save(answers, &["--of", "TR"]);
    assert_eq!(saved.status.code(), Some(0), "{}", stderr(&saved));
    let get = format!("GET /api/v1/messages/{MESSAGE}/attachments/0?of=TR ");
    assert!(asked[1].starts_with(&get), "{}", asked[1]);
}

#[test]
fn attachments_are_uploaded_under_one_reservation_before_the_answer_is_sent() {
    let staged =
        |index| json!({ "index": index, "name": "n", "size": 3, "sha256": "ab".repeat(32) });
    let (address, asked) = node(vec![
        ("201 Created", bytes(&json!({ "id": MESSAGE }))),
        ("200 OK", bytes(&staged(0))),
        ("200 OK", bytes(&staged(1))),
        ("202 Accepted", bytes(&summary("answered"))),
    ]);
    let dir = folder(&address);
    let files = ["answer.toml", "a.txt", "b.txt"].map(|name| dir.path().join(name));
    let text = include_str!("../../deploy/examples/answer.toml");
    for (file, text) in files.iter().zip([text, "abc", "def"]) {
        std::fs::write(file, text).expect("written");
    }
    let [answer, a, b] = files.each_ref().map(|file| path(file));
    let folder = path(dir.path());
    let output = liaison(&[
        "rfi", "answer", ID, "--dir", folder, "--file", answer, "--attach", a, "--attach", b,
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let asked = asked.join().expect("the node ends");
    let put = format!("PUT /api/v1/reservations/{MESSAGE}/attachments/1?name=b.txt&");
    assert!(asked[2].starts_with(&put), "{}", asked[2]);
    assert!(asked[2].ends_with("def"));
    let (head, body) = asked[3].split_once("\r\n\r\n").expect("a body");
    assert!(head.starts_with(&format!("POST /api/v1/exchanges/{ID}/answer ")));
    let body: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(body["reservation"], MESSAGE);
    assert_eq!(body["answer"]["outcome"], "hit");
}
