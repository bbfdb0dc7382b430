//! Files that go along with a request of the console, by plain forms.

use crate::console::{DRAFT, Person, enrolled, request};
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

fn send(count: &str) -> [(&str, &str); 3] {
    [("_do", "send"), ("_template", "vehicle"), ("_files", count)]
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
    for part in ["van.jpg", "3.0 kB", "список.jpg", "value=\"2\""] {
        assert!(preview.contains(part), "{part} is not in {preview}");
    }
    // A page that showed another set of files does not send.
    let stale = ana.post(&draft, &send("1"));
    assert_eq!(stale.status, 422);
    assert!(stale.text().contains("not the ones that this page showed"));
    assert_eq!(ana.post(&draft, &send("2")).status, 303);
    let thread = ana.get(&format!("/exchanges/{DRAFT}")).text();
    assert!(
        thread.contains("van.jpg") && thread.contains("список.jpg"),
        "{thread}"
    );
    let path = format!("/messages/{}/attachments/1", DRAFT.to_ascii_lowercase());
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
