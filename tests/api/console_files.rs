//! Files that go along with a request of the console, by plain forms.

use liaison::base::Role;
use liaison::domain::message::Body;

use crate::console::{DRAFT, Person, enrolled, request, shown_to};
use crate::console_alerts::FILLED;
use crate::office::request_body;
use crate::served::{Answer, Served};

const BOUNDARY: &str = "----a-boundary";

/// A form with one file, as a browser sends it.
fn file(ana: &Person, name: &str, content: &[u8]) -> Answer {
    let head = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         content-type: image/jpeg\r\n\r\n"
    );
    let end = format!("\r\n--{BOUNDARY}--\r\n");
    let body = [head.as_bytes(), content, end.as_bytes()].concat();
    ana.call("POST", &format!("/drafts/{DRAFT}/files"))
        .header(
            "content-type",
            &format!("multipart/form-data; boundary={BOUNDARY}"),
        )
        .body(&body)
        .send()
}

#[test]
fn a_preview_that_showed_other_files_does_not_send_though_they_are_as_many() {
    let office = Served::new();
    let (ana, _) = enrolled(&office, "officer");
    let draft = format!("/drafts/{DRAFT}");
    assert_eq!(ana.post(&draft, &request("preview")).status, 200);
    assert_eq!(file(&ana, "van.jpg", b"the van").status, 303);
    let button = ana.previewed(&draft);
    assert_eq!(ana.post(&format!("{draft}/files/none"), &[]).status, 303);
    // As long as the other.
    assert_eq!(file(&ana, "van.jpg", b"the bus").status, 303);
    let stale = ana.presses(&draft, &button);
    assert_eq!(stale.status, 422, "{}", stale.text());
    assert!(stale.text().contains("not what this page showed"));
    assert_eq!(ana.get(&format!("/exchanges/{DRAFT}")).status, 404);
}

#[test]
fn files_go_along_with_the_request_that_they_were_added_to() {
    let office = Served::new();
    let (ana, _) = enrolled(&office, "officer");
    let draft = format!("/drafts/{DRAFT}");
    assert_eq!(ana.post(&draft, &request("preview")).status, 200);
    for (name, content) in [("van.jpg", &[7; 3_000][..]), ("список.jpg", b"two")] {
        let added = file(&ana, name, content);
        assert_eq!(added.status, 303, "{}", added.text());
    }
    let preview = ana.get(&format!("{draft}/preview")).text();
    for part in ["van.jpg", "3.0 kB", "список.jpg"] {
        assert!(preview.contains(part), "{part} is not in {preview}");
    }
    assert_eq!(ana.sends(&draft).status, 303);
    let thread = ana.get(&format!("/exchanges/{DRAFT}")).text();
    assert!(
        thread.contains("van.jpg") && thread.contains("список.jpg"),
        "{thread}"
    );
    let path = |id: &str| format!("/messages/{id}/attachments/1?of=MK");
    assert!(thread.contains(&path(DRAFT)), "{thread}");
    let path = path(&DRAFT.to_ascii_lowercase());
    assert_eq!(ana.get(&path).text(), "two");
}

#[test]
fn a_file_that_is_none_is_told_off_beside_the_field_and_nothing_is_kept() {
    let office = Served::new();
    let (ana, _) = enrolled(&office, "officer");
    let (eva, _) = enrolled(&office, "second officer");
    let draft = format!("/drafts/{DRAFT}");
    assert_eq!(
        file(&ana, "van.jpg", b"early").status,
        404,
        "there is no draft"
    );
    assert_eq!(ana.post(&draft, &request("preview")).status, 200);
    for name in ["", "../van.jpg", "van\u{202e}gpj.exe"] {
        let told = file(&ana, name, b"x");
        assert_eq!(told.status, 422, "{name}");
        assert!(told.text().contains("id=\"file-fault\""), "{name}");
    }
    assert_eq!(file(&eva, "van.jpg", b"x").status, 404, "another's draft");
    let broken = ana
        .call("POST", &format!("{draft}/files"))
        .body(b"x")
        .send();
    assert_eq!(broken.status, 400);
    assert!(office.files().is_empty(), "{:?}", office.files());
}

#[test]
fn files_are_taken_away_with_their_draft_or_alone() {
    let office = Served::new();
    let (ana, _) = enrolled(&office, "officer");
    let draft = format!("/drafts/{DRAFT}");
    for away in [format!("{draft}/files/none"), draft.clone()] {
        assert_eq!(ana.post(&draft, &request("preview")).status, 200);
        assert_eq!(file(&ana, "van.jpg", b"x").status, 303);
        assert_eq!(office.files().len(), 1);
        assert_eq!(ana.post(&away, &[("_do", "discard")]).status, 303);
        assert!(office.files().is_empty(), "{away}");
    }
}

/// A form with text and files, as a browser sends it.
fn filled(person: &Person, path: &str, typed: &[(&str, &str)], files: &[(&str, &[u8])]) -> Answer {
    let mut body = Vec::new();
    for (name, value) in typed {
        body.extend(
            format!(
                "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            )
            .bytes(),
        );
    }
    for (name, content) in files {
        body.extend(format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"_file\"; filename=\"{name}\"\r\n\
             content-type: image/jpeg\r\n\r\n"
        ).bytes());
        body.extend(*content);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    person
        .call("POST", path)
        .header("content-type", &kind)
        .body(&body)
        .send()
}

#[test]
fn a_preview_that_another_person_opened_takes_and_drops_no_file() {
    let office = Served::new();
    let (ana, _) = enrolled(&office, "officer");
    let (eva, _) = enrolled(&office, "second officer");
    let draft = format!("/drafts/{DRAFT}");
    assert_eq!(eva.post(&draft, &request("preview")).status, 200);
    assert_eq!(file(&eva, "van.jpg", b"the van").status, 303);
    let hers = shown_to(&eva.get(&format!("{draft}/preview")));
    let hers = [("_as", hers.as_str())];
    let add = format!("{draft}/files");
    let none = format!("{draft}/files/none");
    let chosen: [(&str, &[u8]); 1] = [("bus.jpg", b"the bus")];
    for refused in [
        ana.post(&none, &hers),
        ana.post(&add, &hers),
        filled(&ana, &add, &hers, &chosen),
    ] {
        assert_eq!(refused.status, 409, "{}", refused.text());
        assert!(refused.text().contains("Another person has signed in"));
    }
    assert_eq!(office.files().len(), 1, "{:?}", office.files());
    assert_eq!(eva.post(&none, &hers).status, 303);
    assert!(office.files().is_empty(), "{:?}", office.files());
}

/// TR asks MK about a van, so that nobody has to release the answer: the page of the exchange.
fn asked(office: &mut Served) -> String {
    let Body::Request(mut request) = request_body() else {
        panic!("it is a request");
    };
    request.subjects.truncate(1);
    request.questions.truncate(1);
    request.protection.minor = Some(false);
    let body = Body::Request(request);
    let message = office.peers.first_of("TR", Role::Officer, body);
    office.receives(&message);
    format!("/exchanges/{}", message.header.id)
}

/// The contact point, who has said why they open the exchange.
fn answering<'a>(office: &'a Served, path: &str) -> Person<'a> {
    let (contact, _) = enrolled(office, "contact");
    let why = contact.post(&format!("{path}/why"), &[("why", "on duty")]);
    assert_eq!(why.status, 303, "{}", why.text());
    contact
}

const ANSWER: [(&str, &str); 6] = [
    ("_message", DRAFT),
    ("outcome", "hit"),
    ("text?", "It is his."),
    ("handling.codes[]", "H1"),
    ("handling.tlp", "AMBER"),
    ("handling.retention_days!number", "30"),
];

fn answer<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    changed(&ANSWER, changes)
}

/// What is typed, with these fields in place of those of their names.
fn changed<'a>(
    typed: &[(&'a str, &'a str)],
    changes: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let mut typed = typed.to_vec();
    for (name, value) in changes {
        typed.retain(|(known, _)| known != name);
        typed.push((name, value));
    }
    typed
}

/// What a page says of the files that it shows.
fn shown(page: &Answer) -> String {
    let html = page.text();
    let value = html.split("name=\"_files\" value=\"").nth(1);
    let value = value.and_then(|rest| rest.split('"').next());
    value.expect("the form says what it shows").to_owned()
}

#[test]
fn files_go_along_with_an_answer() {
    let mut office = Served::new();
    let path = asked(&mut office);
    let contact = answering(&office, &path);
    let form = contact.get(&format!("{path}/answer")).text();
    assert!(form.contains("enctype=\"multipart/form-data\""), "{form}");
    let files: [(&str, &[u8]); 2] = [("van.jpg", &[7; 3_000]), ("список.jpg", b"two")];
    let path_of_form = format!("{path}/answer");
    for _ in 0..2 {
        let sent = filled(&contact, &path_of_form, &answer(&[]), &files);
        assert_eq!(sent.status, 303, "{}", sent.text());
        let at = format!("location: {}\r\n", path.to_ascii_lowercase());
        assert!(sent.head.contains(&at), "{}", sent.head);
    }
    let thread = contact.get(&path).text();
    for part in ["van.jpg", "список.jpg"] {
        assert!(thread.contains(part), "{part} is not in {thread}");
    }
    for part in ["/attachments/0", "/attachments/1"] {
        assert_eq!(thread.matches(part).count(), 1, "{thread}");
    }
    let file = format!("/messages/{}/attachments/1", DRAFT.to_ascii_lowercase());
    assert_eq!(contact.get(&file).text(), "two");
    assert_eq!(office.files().len(), 2, "{:?}", office.files());
}

#[test]
fn a_form_that_is_shown_again_keeps_its_files_and_what_was_typed() {
    let mut office = Served::new();
    let path = asked(&mut office);
    let contact = answering(&office, &path);
    let path_of_form = format!("{path}/answer");
    let wrong = answer(&[("handling.retention_days!number", "never")]);
    let told = filled(&contact, &path_of_form, &wrong, &[("van.jpg", b"one")]);
    assert_eq!(told.status, 422, "{}", told.text());
    for part in ["van.jpg", "never", "It is his."] {
        assert!(told.text().contains(part), "{part}: {}", told.text());
    }
    let shown = shown(&told);
    // Another set of files than the form showed is not sent.
    for other in ["", "0", "1"] {
        let stale = answer(&[("_files", other)]);
        let stale = filled(&contact, &path_of_form, &stale, &[]);
        assert_eq!(stale.status, 422, "{other:?}");
        assert!(stale.text().contains("not the ones that this page showed"));
    }
    let bad = answer(&[("_files", &shown)]);
    let told = filled(&contact, &path_of_form, &bad, &[("../x", b"two")]);
    assert_eq!(told.status, 422);
    assert!(
        told.text().contains("id=\"_file-fault\""),
        "{}",
        told.text()
    );
    let away = answer(&[("_files", &shown), ("_files_away", "yes")]);
    let sent = filled(&contact, &path_of_form, &away, &[("other.jpg", b"three")]);
    assert_eq!(sent.status, 303, "{}", sent.text());
    let thread = contact.get(&path).text();
    assert!(
        thread.contains("other.jpg") && !thread.contains("van.jpg"),
        "{thread}"
    );
}

/// A form is shown with one file; in another tab another of the same length takes its place. `wrong` is
/// what keeps the form from being sent.
fn shows_other_files(
    person: &Person,
    path: &str,
    typed: &[(&'static str, &'static str)],
    wrong: (&'static str, &'static str),
) {
    let told = filled(
        person,
        path,
        &changed(typed, &[wrong]),
        &[("a.jpg", b"one")],
    );
    assert_eq!(told.status, 422, "{}", told.text());
    let first = shown(&told);
    let away = [wrong, ("_files", first.as_str()), ("_files_away", "yes")];
    let told = filled(person, path, &changed(typed, &away), &[("a.jpg", b"two")]);
    assert_eq!(told.status, 422, "{}", told.text());
    assert_ne!(shown(&told), first);
    let stale = filled(person, path, &changed(typed, &[("_files", &first)]), &[]);
    assert_eq!(stale.status, 422, "{}", stale.text());
    assert!(stale.text().contains("not the ones that this page showed"));
    let second = shown(&stale);
    let sent = filled(person, path, &changed(typed, &[("_files", &second)]), &[]);
    assert_eq!(sent.status, 303, "{}", sent.text());
}

#[test]
fn a_form_that_showed_other_files_does_not_send_though_they_are_as_many_and_as_long() {
    let mut office = Served::new();
    let path = asked(&mut office);
    let contact = answering(&office, &path);
    let wrong = ("handling.retention_days!number", "never");
    shows_other_files(&contact, &format!("{path}/answer"), &ANSWER, wrong);
    let number = ("_message", "01BX5ZZKBKACTAV9WEVGEMMVRZ");
    let alert = changed(&FILLED, &[number]);
    shows_other_files(&contact, "/alerts/new", &alert, ("event", ""));
}

#[test]
fn files_go_along_with_an_alert() {
    let office = Served::new();
    let (contact, _) = enrolled(&office, "contact");
    let sent = filled(&contact, "/alerts/new", &FILLED, &[("floor.jpg", b"floor")]);
    assert_eq!(sent.status, 303, "{}", sent.text());
    let alert = contact.get(&format!("/alerts/{DRAFT}")).text();
    assert!(alert.contains("floor.jpg"), "{alert}");
    let update = contact.get(&format!("/alerts/{DRAFT}/update")).text();
    assert!(update.contains("name=\"_file\""), "{update}");
}

/// The attack: a draft, or a form, under the number of a message that is there already.
#[test]
fn nobody_reaches_the_files_of_a_message_by_its_number() {
    let mut office = Served::new();
    let path = asked(&mut office);
    let contact = answering(&office, &path);
    let files: [(&str, &[u8]); 1] = [("van.jpg", b"the evidence")];
    let sent = filled(&contact, &format!("{path}/answer"), &answer(&[]), &files);
    assert_eq!(sent.status, 303, "{}", sent.text());
    drop(contact);
    // What waits for no message any more is forgotten.
    office.restart();
    let (eva, _) = enrolled(&office, "second officer");
    let draft = format!("/drafts/{DRAFT}");
    assert_eq!(eva.post(&draft, &request("preview")).status, 200);
    let told = file(&eva, "van.jpg", b"another");
    assert_eq!(told.status, 422, "{}", told.text());
    assert_eq!(eva.post(&draft, &[("_do", "discard")]).status, 303);
    let why = eva.post(&format!("{path}/why"), &[("why", "on duty")]);
    assert_eq!(why.status, 303);
    let stored = format!("/messages/{}/attachments/0", DRAFT.to_ascii_lowercase());
    assert_eq!(eva.get(&stored).text(), "the evidence");
}
