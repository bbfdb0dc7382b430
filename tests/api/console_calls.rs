//! What presses, as the console shows it, and the calls that people note there.

use std::time::Instant;

use liaison::audit::Statement;
use liaison::base::{Role, Timestamp};
use liaison::exchange::Refusal;
use serde_json::Value;

use crate::console::{Person, enrolled};
use crate::office::{REQUEST, alert_body, node, receipt_of, request_body};
use crate::served::{PATIENCE, Served};

/// MK asks TR, whose node refuses the request; the officer has said why they open it.
fn refused(office: &Served, ana: &Person) -> String {
    let request: Value = toml::from_str(REQUEST).expect("the example is a request");
    let page = format!("/exchanges/{}", office.asks(&request));
    let view: Value = office.call("officer", "GET", &page).send().is(200);
    let leaf = view["events"][0]["proof"]["leaf"].as_str().expect("a leaf");
    let statement = Statement::Refused {
        sender: node("MK"),
        digest: leaf.parse().expect("a digest"),
        code: Refusal::WrongRecipient.number(),
    };
    let receipt = receipt_of("TR", statement, Timestamp::system());
    let told = office.driver.tell_waiting(node("TR"), receipt);
    told.expect("the driver runs");
    assert_eq!(
        ana.post(&format!("{page}/why"), &[("why", "on duty")])
            .status,
        303
    );
    page
}

/// The page, once it says this.
fn saying(person: &Person, page: &str, what: &str) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let shown = person.get(page).text();
        if shown.contains(what) {
            return shown;
        }
        assert!(Instant::now() < deadline, "{what:?} is not in {shown}");
        std::thread::yield_now();
    }
}

#[test]
fn what_presses_in_an_exchange_is_shown_and_a_call_about_it_is_noted() {
    let office = Served::new();
    let (ana, _) = enrolled(&office, "officer");
    let page = refused(&office, &ana);
    let shown = saying(&ana, &page, "Refused by its node");
    assert!(ana.get("/outgoing").text().contains("Refused by its node"));
    assert!(shown.contains("It is not sent again: call"), "{shown}");
    let form = format!("{page}/call");
    assert!(shown.contains(&format!("href=\"{form}\"")), "{shown}");
    assert_eq!(ana.get(&form).status, 200);
    let typed = [("to", "Duty desk"), ("outcome", "no-answer"), ("note?", "")];
    let noted = ana.post(&form, &typed);
    assert_eq!(noted.status, 303, "{}", noted.text());
    assert!(saying(&ana, &page, "Last call").contains("No answer"));
}

#[test]
fn a_call_is_noted_where_nothing_presses_too() {
    let mut office = Served::new();
    let request = office.peers.first_of("TR", Role::Officer, request_body());
    office.receives(&request);
    let (contact, _) = enrolled(&office, "contact");
    let page = format!("/exchanges/{}", request.header.conversation);
    contact.post(&format!("{page}/why"), &[("why", "on duty")]);
    let shown = contact.get(&page).text();
    assert!(shown.contains(&format!("href=\"{page}/call\"")), "{shown}");
}

#[test]
fn a_call_of_which_something_is_missing_is_told_at_its_field() {
    let office = Served::new();
    let (ana, _) = enrolled(&office, "officer");
    let form = format!("{}/call", refused(&office, &ana));
    for (typed, field) in [
        (
            [("to", "Duty desk"), ("note?", "They call back.")],
            "outcome-fault",
        ),
        ([("to", ""), ("outcome", "reached")], "to-fault"),
    ] {
        let told = ana.post(&form, &typed);
        assert_eq!(told.status, 422, "{}", told.text());
        assert!(told.text().contains(field), "{field}: {}", told.text());
    }
}

#[test]
fn a_call_about_an_alert_is_noted_of_one_member() {
    let mut office = Served::new();
    let alert = office.peers.first_of("AT", Role::Contact, alert_body());
    office.receives(&alert);
    let (contact, _) = enrolled(&office, "contact");
    let page = format!("/alerts/{}", alert.header.id);
    let form = format!("{page}/call/AT");
    let typed = [
        ("to", "+43 1 000 0000"),
        ("outcome", "reached"),
        ("note?", ""),
    ];
    let noted = contact.post(&form, &typed);
    assert_eq!(noted.status, 303, "{}", noted.text());
    let shown = contact.get(&page).text();
    assert!(shown.contains("+43 1 000 0000"), "{shown}");
}

#[test]
fn who_may_not_note_a_call_finds_no_form() {
    let office = Served::new();
    let (ana, _) = enrolled(&office, "officer");
    let page = refused(&office, &ana);
    saying(&ana, &page, "Refused by its node");
    let (observer, _) = enrolled(&office, "observer");
    observer.post(&format!("{page}/why"), &[("why", "to look")]);
    let shown = observer.get(&page).text();
    assert!(!shown.contains("/call\""), "{shown}");
    assert!(observer.get(&format!("{page}/call")).status >= 400);
}
