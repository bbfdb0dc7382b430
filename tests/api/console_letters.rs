//! The page of a letter that waits: whoever decides about it sees all that would leave.

use liaison::api::Health;
use liaison::app::change::Message;
use liaison::base::{Role, Timestamp};
use liaison::domain::handling::{HandlingCode, Tlp};
use liaison::domain::message::Body;
use liaison::domain::release::ReleasePolicy;
use liaison::domain::rfi::{Correction, Flaw, PermissionRequest, Remedy, Request};
use serde_json::{Value, json};

use crate::console::enrolled;
use crate::office::{ALERT, HOUR, Office, REQUEST, member, request, with_header};
use crate::passing::marked;
use crate::served::{Served, until};

/// What MK asks.
fn asks() -> Value {
    toml::from_str(REQUEST).expect("the example is a request")
}

/// Asks for something that is to wait, and gives the letter's id.
fn waits(office: &Served, name: &str, path: &str, body: &Value) -> String {
    let path = format!("{path}?for_release=true");
    let answer = office.call(name, "POST", &path).json(body).send();
    assert_eq!(answer.status, 202, "{}", answer.text());
    let listed = office.call("releaser", "GET", "/letters").send();
    let listed: Value = listed.is(200);
    let letters = listed["items"].as_array().expect("a list");
    assert_eq!(letters.len(), 1, "{listed}");
    letters[0]["id"].as_str().expect("an id").to_owned()
}

/// The letter's page as the releasing officer reads it, who did not write it.
fn page(office: &Served, letter: &str) -> String {
    let (boss, _) = enrolled(office, "releaser");
    let page = boss.get(&format!("/letters/{letter}"));
    assert_eq!(page.status, 200, "{}", page.text());
    let page = page.text();
    assert!(
        page.contains(&format!("/letters/{letter}/release")),
        "{page}"
    );
    page
}

#[track_caller]
fn shows(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "{part} is not in {page}");
    }
}

/// TR's request to MK, which may be passed on.
fn from_tr() -> Request {
    Request {
        purpose: "To find the boat Yakamoz".to_owned(),
        handling: marked(&[HandlingCode::H0], Tlp::Green),
        ..request()
    }
}

/// TR's request, which has come.
fn asked_by_tr(office: &mut Served) -> Message {
    let body = Body::Request(Box::new(from_tr()));
    let message = office.peers.first_of("TR", Role::Officer, body);
    office.receives(&message);
    message
}

/// What MK asks AT as it passes TR's request on.
fn passes_on(message: &str) -> Value {
    let mut request = asks();
    request["handling"] = json!({ "codes": ["H0"], "tlp": "GREEN", "retention_days": 100 });
    json!({ "to": "AT", "message": message, "request": request })
}

#[test]
fn whoever_releases_sees_each_file_of_a_letter_and_may_open_it() {
    let office = Served::new();
    let reservation = office.reserve("officer", "request");
    for (index, name, content) in [("0", "van.jpg", &[7; 3_000][..]), ("1", "list.pdf", b"two")] {
        let path = format!("/reservations/{reservation}/attachments/{index}?name={name}");
        let added = office.call("officer", "PUT", &path).body(content).send();
        assert_eq!(added.status, 200, "{}", added.text());
    }
    let body = json!({ "to": ["TR", "AT"], "reservation": reservation, "request": asks() });
    let letter = waits(&office, "officer", "/requests", &body);
    let (boss, _) = enrolled(&office, "releaser");
    let page = boss.get(&format!("/letters/{letter}")).text();
    shows(
        &page,
        &["Files that go along: \u{2068}2\u{2069}", "3.0 kB", "3 B"],
    );
    for name in ["<bdi>van.jpg</bdi>", "<bdi>list.pdf</bdi>"] {
        assert_eq!(page.matches(name).count(), 1, "{name}: {page}");
    }
    let file = format!("/messages/{letter}/attachments/1?of=MK");
    shows(&page, &[&file]);
    assert_eq!(boss.get(&file).text(), "two");
    let (watcher, _) = enrolled(&office, "observer");
    assert_eq!(watcher.get(&file).status, 404, "observers read no letter");
}

#[test]
fn an_emergency_release_is_on_the_page_only_where_the_policy_allows_it_by_now() {
    let office = Served::new();
    let body = json!({ "to": ["TR"], "request": asks() });
    let letter = waits(&office, "officer", "/requests", &body);
    let (ana, _) = enrolled(&office, "officer");
    let is_offered = || {
        let page = ana.get(&format!("/letters/{letter}")).text();
        page.contains(&format!("/letters/{letter}/emergency"))
    };
    assert!(!is_offered());
    let policy = ReleasePolicy {
        release: Default::default(),
        emergency_after: Some(1),
    };
    let taken = office.driver.policy(policy);
    taken.expect("a mailbox with room");
    until("its time has come", is_offered);
}

#[test]
fn the_nodes_state_says_what_to_do_about_a_letter_as_it_stands() {
    let office = Served::new();
    let says = |letter: &str| {
        let health: Health = office.call("officer", "GET", "/health").send().is(200);
        let mut pressing = health.pressing_letters.into_iter();
        let one = pressing.find(|one| one.letter.to_string() == letter);
        let attention = one.expect("it presses").attention;
        let next = attention.into_iter().map(|one| one.next);
        next.collect::<String>()
    };
    let body = json!({ "to": ["TR"], "request": asks() });
    let letter = waits(&office, "officer", "/requests", &body);
    shows(&says(&letter), &["liaison rfi release ID"]);
    let give_back = office.call("releaser", "POST", &format!("/letters/{letter}/return"));
    let given_back = give_back.json(&json!({ "reason": "No plate." })).send();
    assert_eq!(given_back.status, 202, "{}", given_back.text());
    shows(&says(&letter), &["write it anew", "liaison rfi discard ID"]);

    // The protection gate stops what could tell TR where a national of its own is.
    let mut request = asks();
    request["subjects"][2]["person"]["nationalities"] = json!(["TR"]);
    request["protection"]["asylum_confidential"] = true.into();
    let body = json!({ "to": ["TR"], "request": request });
    let sent = office.call("officer", "POST", "/requests").json(&body);
    let sent: Value = sent.send().is(202);
    let stopped = sent["letter"]["id"].as_str().expect("it waits");
    shows(&says(stopped), &["liaison rfi clear ID --reason TEXT"]);
}

#[test]
fn whoever_gives_a_letter_back_on_its_page_is_asked_why() {
    let office = Served::new();
    let body = json!({ "to": ["TR"], "request": asks() });
    let letter = waits(&office, "officer", "/requests", &body);
    let (boss, _) = enrolled(&office, "releaser");
    let path = format!("/letters/{letter}");
    let page = boss.get(&path).text();
    assert!(page.contains("id=\"why-return\" name=\"reason\""), "{page}");
    let give_back = |why| boss.post(&format!("{path}/return"), &[("reason", why)]);
    let unsaid = give_back(" ");
    assert_eq!(unsaid.status, 422, "{}", unsaid.text());
    assert!(unsaid.text().contains("id=\"why-return-fault\""));
    assert_eq!(give_back("No plate.").status, 303);
    let page = boss.get(&path).text();
    assert!(page.contains("No plate."), "{page}");
}

#[test]
fn whoever_releases_sees_that_nothing_is_attached() {
    let office = Served::new();
    let body = json!({ "to": ["TR"], "request": asks() });
    let letter = waits(&office, "officer", "/requests", &body);
    shows(&page(&office, &letter), &["No file goes along with it."]);
}

#[test]
fn whoever_releases_reads_which_subject_a_question_is_about() {
    let office = Served::new();
    let body = json!({ "to": ["TR"], "request": asks() });
    let letter = waits(&office, "officer", "/requests", &body);
    let about = [
        "Question 1 · Vehicle owner · About subject 1",
        "Question 3 · Person known? · About subject 3",
    ];
    shows(&page(&office, &letter), &about);
}

#[test]
fn whoever_releases_reads_the_number_of_a_question_that_is_refused_as_it_is_asked() {
    let mut office = Served::new();
    let message = asked_by_tr(&mut office);
    let path = format!("/exchanges/{}/refuse", message.header.id);
    let body = json!({ "ground": "f2", "questions": [1], "reason": "It is under way." });
    let letter = waits(&office, "contact", &path, &body);
    let number = "<dt>Question</dt><dd><span class=\"text\" dir=\"auto\">2</span></dd>";
    shows(&page(&office, &letter), &["It is under way.", number]);
}

#[test]
fn whoever_releases_reads_the_message_that_a_letter_passes_on() {
    let mut office = Served::new();
    let message = asked_by_tr(&mut office);
    let id = message.header.id.to_string();
    let path = format!("/exchanges/{id}/forward");
    let letter = waits(&office, "officer", &path, &passes_on(&id));
    let at = message.event.at.to_string();
    let shown = [
        "Goes along, as its author signed it",
        "To find the boat Yakamoz",
        "<bdi dir=\"ltr\">TR</bdi>",
        &at[..16],
        &format!("href=\"/exchanges/{id}\""),
        "To find about 30 people",
    ];
    shows(&page(&office, &letter), &shown);
    let (audit, _) = enrolled(&office, "auditor");
    let log = audit.get("/log?event=opened").text();
    let by = "<small>releasing officer</small>";
    assert!(log.contains(by), "reading it is on record: {log}");
}

/// The exchange and the correction of a request from TR that MK passed on before it was corrected.
fn corrected_once_passed_on(office: &mut Served) -> [String; 2] {
    let message = asked_by_tr(office);
    let id = message.header.id.to_string();
    let forward = office.call("officer", "POST", &format!("/exchanges/{id}/forward"));
    let forward = forward.json(&passes_on(&id)).send();
    assert_eq!(forward.status, 202, "{}", forward.text());
    let correction = Body::Correction(Correction {
        message: message.header.id,
        leaf: message.leaf(),
        flaw: Flaw::Incorrect,
        remedy: Remedy::Rectify,
        text: "The boat is called Poyraz.".to_owned(),
        handling: from_tr().handling,
        passes_on: None,
    });
    let of = message.header.id;
    let told = office.peers.next_of("TR", Role::Officer, correction, of);
    let told = with_header(&told, |header| {
        header.handling = from_tr().handling;
        header.sequence = 1;
        header.previous_own = Some(message.leaf());
    });
    office.receives(&told);
    [id, told.header.id.to_string()]
}

#[test]
fn whoever_releases_reads_the_correction_that_a_letter_passes_on() {
    let mut office = Served::new();
    let [id, correction] = corrected_once_passed_on(&mut office);
    let path = format!("/exchanges/{id}/pass-on");
    let body = json!({ "correction": correction });
    let letter = waits(&office, "officer", &path, &body);
    let shown = [
        "Goes along, as its author signed it",
        "The boat is called Poyraz.",
        "The message that is corrected",
        "To find the boat Yakamoz",
    ];
    shows(&page(&office, &letter), &shown);
}

#[test]
fn a_correction_is_passed_on_by_a_form_that_is_there_as_long_as_it_is_owed() {
    let mut office = Served::new();
    let [id, correction] = corrected_once_passed_on(&mut office);
    let (ana, _) = enrolled(&office, "officer");
    let why = format!("/exchanges/{id}/why");
    assert_eq!(ana.post(&why, &[("why", "on duty")]).status, 303);
    let page = || ana.get(&format!("/exchanges/{id}")).text();
    let path = format!("/exchanges/{id}/pass-on");
    let link = format!("href=\"{path}\"");
    shows(&page(), &["Pass a correction on", &link]);
    let form = ana.get(&path);
    assert_eq!(form.status, 200, "{}", form.text());
    shows(&form.text(), &[&format!("value=\"{correction}\""), "AT"]);
    let number = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    let unknown = [("correction", number), ("_message", number)];
    assert_eq!(ana.post(&path, &unknown).status, 409);
    let typed = [("correction", correction.as_str()), ("_message", number)];
    let passed = ana.post(&path, &typed);
    assert_eq!(passed.status, 303, "{}", passed.text());
    assert!(!page().contains(&link), "it is owed no more");
    assert_eq!(ana.post(&path, &typed).status, 303, "sent twice by mistake");
    assert_eq!(ana.get(&path).status, 404);
}

#[test]
fn another_answer_from_the_form_of_one_that_waits_is_not_said_to_wait() {
    let mut office = Served::new();
    let message = asked_by_tr(&mut office);
    let path = format!("/exchanges/{}", message.header.id);
    let (contact, _) = enrolled(&office, "contact");
    let why = contact.post(&format!("{path}/why"), &[("why", "on duty")]);
    assert_eq!(why.status, 303, "{}", why.text());
    let says = |text: &str| {
        let typed = [
            ("_message", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
            ("outcome", "hit"),
            ("text?", text),
            ("handling.codes[]", "H1"),
            ("handling.tlp", "AMBER"),
            ("handling.retention_days!number", "30"),
        ];
        contact.post(&format!("{path}/answer"), &typed)
    };
    for _ in 0..2 {
        let waits = says("It is his.");
        let at = waits.head.contains("location: /letters\r\n");
        assert!(at, "{}\n{}", waits.head, waits.text());
    }
    let other = says("It is hers.");
    assert_eq!(other.status, 409, "{}", other.text());
    shows(&other.text(), &["This form was used before", "id-taken"]);
}

#[test]
fn whoever_clears_reads_what_leave_is_asked_for_and_what_would_be_passed_on() {
    let office = Served::new();
    let mut request = asks();
    request["subjects"][2]["person"]["nationalities"] = json!(["AT"]);
    request["protection"]["asylum_confidential"] = true.into();
    let id = office.asks(&request);
    let read = office.call("officer", "GET", &format!("/exchanges/{id}"));
    let read: Value = read.send().is(200);
    let leaf = read["events"][0]["proof"]["leaf"].as_str().expect("a leaf");
    let wish = Body::PermissionRequest(PermissionRequest {
        message: id.parse().expect("an id"),
        leaf: leaf.parse().expect("a leaf"),
        to: member("AT"),
        purpose: "The van went there.".to_owned(),
    });
    let mut peers = Office::new();
    peers.now = Timestamp::system();
    let message = peers.next_of("TR", Role::Officer, wish, id.parse().expect("an id"));
    let message = with_header(&message, |header| header.last_seen = leaf.parse().ok());
    office.receives(&message);
    let grant = format!("/permissions/{}/grant", message.header.id);
    let (contact, _) = enrolled(&office, "contact");
    let until = Timestamp::system().plus(HOUR * 48).to_string();
    let given = contact.post(&grant, &[("expires!time", &until[..16])]);
    assert!(
        given.head.contains("location: /letters\r\n"),
        "{}",
        given.head
    );
    let body = json!({ "expires": Timestamp::system().plus(HOUR) });
    let waits: Value = office
        .call("contact", "POST", &grant)
        .json(&body)
        .send()
        .is(202);
    assert_eq!(waits["standing"], "asked", "{waits}");
    assert_eq!(waits["letter"]["stops"][0]["member"], "AT", "{waits}");
    let letter = waits["letter"]["id"].as_str().expect("an id");
    let (boss, _) = enrolled(&office, "releaser");
    let page = boss.get(&format!("/letters/{letter}"));
    assert_eq!(page.status, 200, "{}", page.text());
    let shown = [
        &format!("/letters/{letter}/clear"),
        "The permission that is asked for",
        "The van went there.",
        "The message that would be passed on",
        "To find about 30 people",
        &format!("href=\"/exchanges/{id}\""),
    ];
    shows(&page.text(), &shown);
}

/// MK asked TR.
fn asked(office: &Served) -> String {
    let mut request = asks();
    request["purpose"] = "To find the van of Plovdiv".into();
    office.asks(&request)
}

#[test]
fn whoever_releases_reads_what_a_correction_is_about() {
    let office = Served::new();
    let id = asked(&office);
    let body = json!({
        "message": id,
        "flaw": "incorrect",
        "remedy": "rectify",
        "text": "It went to Varna.",
    });
    let letter = waits(
        &office,
        "officer",
        &format!("/exchanges/{id}/correct"),
        &body,
    );
    let shown = [
        "It went to Varna.",
        "The message that is corrected",
        "To find the van of Plovdiv",
    ];
    shows(&page(&office, &letter), &shown);
}

#[test]
fn whoever_releases_reads_why_a_request_takes_the_place_of_another() {
    let office = Served::new();
    let id = asked(&office);
    let body = json!({ "reason": "The van was sold.", "request": asks() });
    let letter = waits(
        &office,
        "officer",
        &format!("/exchanges/{id}/supersede"),
        &body,
    );
    let shown = [
        "The van was sold.",
        "To find about 30 people",
        "The request that is replaced",
        "To find the van of Plovdiv",
    ];
    shows(&page(&office, &letter), &shown);
}

#[test]
fn whoever_releases_reads_why_an_alert_is_taken_back() {
    let office = Served::new();
    let alert: Value = toml::from_str(ALERT).expect("the example is an alert");
    let body = json!({ "audience": { "members": ["TR"] }, "alert": alert });
    let answer = office.call("contact", "POST", "/alerts").json(&body).send();
    let published: Value = answer.is(202);
    let id = published["id"].as_str().expect("an id").to_owned();
    let body = json!({ "reason": "It was a mix-up." });
    let letter = waits(&office, "contact", &format!("/alerts/{id}/cancel"), &body);
    let shown = ["It was a mix-up.", &format!("href=\"/alerts/{id}\"")];
    shows(&page(&office, &letter), &shown);
}
