//! What somebody sets aside in the console.

use std::time::Duration;

use liaison::app::change::Message;
use liaison::base::{Role, Timestamp};
use liaison::domain::message::Body;

use crate::console::{DRAFT, Person, enrolled, request};
use crate::office::{request_body, with_header};
use crate::served::Served;

/// The office with two requests that came in, the older first in the list.
fn office() -> (Served, [Message; 2]) {
    let mut office = Served::new();
    office.peers.now = office.peers.now.minus(Duration::from_secs(60));
    let first = office.peers.first_of("TR", Role::Officer, request_body());
    office.receives(&first);
    office.peers.now = Timestamp::system();
    let second = office.peers.first_of("AT", Role::Officer, request_body());
    office.receives(&second);
    (office, [first, second])
}

/// At the exchange, having said why it is opened.
fn opened<'a>(office: &'a Served, name: &str, exchange: &Message) -> (Person<'a>, String) {
    let (person, _) = enrolled(office, name);
    let page = format!("/exchanges/{}", exchange.header.conversation);
    person.post(&format!("{page}/why"), &[("why", "on duty")]);
    (person, page)
}

/// The ids of the inbox, in its order, and whether each is set aside.
fn inbox(person: &Person) -> Vec<(String, bool)> {
    let html = person.get("/inbox").text();
    let rows = html.split("<tr class=\"").skip(1);
    let row = |row: &str| {
        let class = row.split('"').next().unwrap_or_default();
        let id = row.split("href=\"/exchanges/").nth(1).expect("a link");
        (id[..26].to_owned(), class.contains("snoozed"))
    };
    rows.map(row).collect()
}

fn id(message: &Message) -> String {
    message.header.conversation.to_string()
}

#[test]
fn what_is_set_aside_goes_to_the_end_of_ones_own_list_alone() {
    let (office, [first, second]) = office();
    let (contact, page) = opened(&office, "contact", &first);
    let (officer, _) = enrolled(&office, "officer");
    let before = [(id(&first), false), (id(&second), false)];
    assert_eq!(inbox(&contact), before);
    let set = contact.post(&format!("{page}/snooze"), &[("until", "tomorrow")]);
    assert!(set.head.contains("location: /inbox"), "{}", set.head);
    assert_eq!(inbox(&contact), [(id(&second), false), (id(&first), true)]);
    assert_eq!(inbox(&officer), before);
}

#[test]
fn it_comes_back_when_its_person_says_so() {
    let (office, [first, second]) = office();
    let (contact, page) = opened(&office, "contact", &first);
    contact.get(&page);
    contact.post(&format!("{page}/snooze"), &[("until", "hour")]);
    let shown = contact.get(&page).text();
    assert!(shown.contains("Set aside by you until"), "{shown}");
    assert!(!shown.contains("data-key=\"s\""), "it is set aside already");
    contact.post(&format!("{page}/snooze"), &[("until", "now")]);
    assert_eq!(inbox(&contact), [(id(&first), false), (id(&second), false)]);
}

#[test]
fn it_comes_back_when_something_happens_in_it() {
    let (mut office, [first, second]) = office();
    let withdrawn = Body::Withdrawal(toml::from_str("reason = \"solved\"").expect("a withdrawal"));
    let of = first.header.conversation;
    // It was sent before, and is long under way.
    let withdrawal = office.peers.next_of("TR", Role::Officer, withdrawn, of);
    let withdrawal = with_header(&withdrawal, |header| {
        (header.sequence, header.previous_own) = (1, Some(first.leaf()));
    });
    let (contact, page) = opened(&office, "contact", &first);
    contact.post(&format!("{page}/snooze"), &[("until", "week")]);
    office.receives(&withdrawal);
    let mut both = inbox(&contact);
    both.sort();
    let mut expected = [(id(&first), false), (id(&second), false)];
    expected.sort();
    assert_eq!(both, expected);
}

#[test]
fn a_time_that_is_not_offered_is_refused_beside_the_choice() {
    let (office, [first, _]) = office();
    let (contact, page) = opened(&office, "contact", &first);
    for until in ["", "forever", "tomorrow\u{202e}"] {
        let refused = contact.post(&format!("{page}/snooze"), &[("until", until)]);
        assert_eq!(refused.status, 422, "{until}");
        assert!(refused.text().contains("id=\"until-fault\""));
    }
}

#[test]
fn who_may_not_see_an_exchange_cannot_set_it_aside() {
    let (office, [first, _]) = office();
    for name in ["auditor", "admin", "observer"] {
        let (person, page) = opened(&office, name, &first);
        let page = format!("{page}/snooze");
        assert_eq!(person.get(&page).status, 404, "{name}");
        let set = person.post(&page, &[("until", "hour")]);
        assert_eq!(set.status, 404, "{name}");
    }
}

#[test]
fn who_has_not_said_why_is_asked_first() {
    let (office, [first, _]) = office();
    let (contact, _) = enrolled(&office, "contact");
    let page = format!("/exchanges/{}", id(&first));
    let asked = contact.get(&format!("{page}/snooze"));
    assert_eq!(asked.status, 303);
    let place = format!("location: {page}").to_lowercase();
    assert!(asked.head.contains(&place), "{}", asked.head);
}

#[test]
fn what_lies_on_the_desk_of_somebody_who_is_removed_goes_with_the_account() {
    let (office, [first, _]) = office();
    let (officer, page) = opened(&office, "officer", &first);
    officer.post(&format!("{page}/snooze"), &[("until", "week")]);
    officer.post(&format!("/drafts/{DRAFT}"), &request("save"));
    assert!(office.papers() >= 2, "{}", office.papers());
    let (admin, _) = enrolled(&office, "admin");
    let people = admin.get("/people").text();
    let row = people.split("<tr").find(|row| row.contains(">officer<"));
    let row = row.unwrap_or_else(|| panic!("{people}"));
    let id = row.split("action=\"/people/").nth(1).expect("a form");
    let id = id.split('/').next().expect("an id");
    let removed = admin.post(&format!("/people/{id}/remove"), &[]);
    assert_eq!(removed.status, 303, "{}", removed.text());
    assert_eq!(office.papers(), 0);
}
