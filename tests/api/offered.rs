//! What people are offered in an exchange is what they can do: nothing that a member which is out is not
//! told, nothing about what goes to no third member, and nothing that nobody is left to be told.

use liaison::api::ExchangeView;
use liaison::app::change::Message;
use liaison::base::{Role, Timestamp};
use liaison::domain::handling::{Handling, HandlingCode, Tlp};
use liaison::domain::message::Body;
use liaison::domain::rfi::PermissionRequest;
use serde_json::Value;

use crate::console::enrolled;
use crate::office::{REQUEST, SECOND, alert_body, member, request, with_header};
use crate::passing::{correction_marked, h2, marked};
use crate::served::Served;

/// What TR asked MK, marked so.
fn asked_by_tr(office: &mut Served, handling: Handling) -> String {
    request_of_tr(office, handling).header.id.to_string()
}

fn request_of_tr(office: &mut Served, handling: Handling) -> Message {
    let mut request = request();
    request.handling = handling;
    let body = Body::Request(Box::new(request));
    let message = office.peers.first_of("TR", Role::Officer, body);
    office.receives(&message);
    message
}

fn offered(office: &Served, name: &str, exchange: &str) -> Vec<String> {
    let path = format!("/exchanges/{exchange}");
    let shown: Value = office.call(name, "GET", &path).send().is(200);
    let actions = shown["actions"].as_array().expect("a list").iter();
    let text = |action: &Value| action.as_str().expect("a word").to_owned();
    actions.map(text).collect()
}

#[test]
fn nothing_is_offered_that_a_suspended_member_is_not_told() {
    let mut office = Served::new();
    let id = asked_by_tr(&mut office, request().handling);
    let before = offered(&office, "contact", &id);
    for action in ["accept", "answer", "refuse", "channel", "permissions"] {
        assert!(before.iter().any(|one| one == action), "{before:?}");
    }
    office.suspends("TR");
    let after = offered(&office, "contact", &id);
    assert_eq!(after, ["answer", "refuse", "correct"]);
    let refusal = serde_json::json!({ "ground": "a" });
    let path = format!("/exchanges/{id}/refuse");
    let refused = office.call("contact", "POST", &path).json(&refusal).send();
    assert_eq!(refused.status, 202, "{}", refused.text());
}

#[test]
fn a_suspended_member_is_answered_by_a_no_hit_alone() {
    let mut office = Served::new();
    let id = asked_by_tr(&mut office, request().handling);
    let (boss, _) = enrolled(&office, "contact");
    let why = format!("/exchanges/{id}/why");
    assert_eq!(boss.post(&why, &[("why", "on duty")]).status, 303);
    let form = boss.get(&format!("/exchanges/{id}/answer")).text();
    assert!(form.contains("value=\"hit\""), "{form}");
    office.suspends("TR");
    let form = boss.get(&format!("/exchanges/{id}/answer")).text();
    assert!(form.contains("value=\"no-hit\""), "{form}");
    assert!(!form.contains("value=\"hit\""), "{form}");
    let accept = boss.get(&format!("/exchanges/{id}/accept"));
    assert_eq!(accept.status, 404, "{}", accept.text());
}

#[test]
fn no_files_are_chosen_for_a_suspended_member_and_a_no_hit_is_sent() {
    let mut office = Served::new();
    let id = asked_by_tr(&mut office, request().handling);
    let (boss, _) = enrolled(&office, "contact");
    let why = format!("/exchanges/{id}/why");
    assert_eq!(boss.post(&why, &[("why", "on duty")]).status, 303);
    let path = format!("/exchanges/{id}/answer");
    assert!(boss.get(&path).text().contains("type=\"file\""));
    office.suspends("TR");
    let form = boss.get(&path).text();
    assert!(!form.contains("type=\"file\""), "{form}");
    let answered = boss.post(
        &path,
        &[
            ("_message", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
            ("outcome", "no-hit"),
            ("handling.codes[]", "H1"),
            ("handling.tlp", "AMBER"),
            ("handling.retention_days!number", "30"),
        ],
    );
    assert_eq!(answered.status, 303, "{}", answered.text());
}

/// What TR asked, MK passed on to AT, and TR corrected under this marking; the exchange and the correction.
fn corrected_by_tr(office: &mut Served, handling: Handling) -> (String, Message) {
    let asked = request_of_tr(office, marked(&[HandlingCode::H0], Tlp::Green));
    let (id, exchange) = (asked.header.id.to_string(), asked.header.id);
    let mut third = request();
    third.handling = marked(&[HandlingCode::H0], Tlp::Green);
    let forward = serde_json::json!({ "to": "AT", "message": id, "request": third });
    let path = format!("/exchanges/{id}/forward");
    let sent = office.call("officer", "POST", &path).json(&forward).send();
    assert_eq!(sent.status, 202, "{}", sent.text());
    office.peers.now = Timestamp::system().minus(SECOND);
    let wrong = correction_marked(&asked, handling.clone());
    let wrong = office.peers.next_of("TR", Role::Contact, wrong, exchange);
    let wrong = with_header(&wrong, |header| {
        header.handling = handling;
        header.sequence = 1;
        header.previous_own = Some(asked.leaf());
    });
    office.receives(&wrong);
    (id, wrong)
}

#[test]
fn a_correction_that_observers_alone_have_not_heard_of_is_not_offered_for_passing_on() {
    let mut office = Served::new();
    let (id, wrong) = corrected_by_tr(&mut office, h2());
    let passes_on = |office: &Served| {
        let offered = offered(office, "contact", &id);
        offered.iter().any(|action| action == "pass-on")
    };
    assert!(passes_on(&office));
    office.observes("AT");
    assert!(!passes_on(&office));
    let body = serde_json::json!({ "correction": wrong.header.id });
    let path = format!("/exchanges/{id}/pass-on");
    let refused = office.call("contact", "POST", &path).json(&body).send();
    refused.fails(409, "marking-forbids");
}

#[test]
fn a_correction_that_can_be_passed_on_to_nobody_stays_in_view_with_the_reason() {
    let kept_for_a_day = Handling {
        retention_days: 1,
        ..h2()
    };
    let strict = marked(&[HandlingCode::H0], Tlp::AmberStrict);
    for (handling, why, words) in [
        (h2(), None, "/pass-on\""),
        (strict, Some("marking-forbids"), "Its marking keeps it"),
        (kept_for_a_day, Some("retention-over"), "The time is over"),
    ] {
        let mut office = Served::new();
        let (id, correction) = corrected_by_tr(&mut office, handling);
        let path = format!("/exchanges/{id}");
        let shown: ExchangeView = office.call("contact", "GET", &path).send().is(200);
        let duties = shown.summary.duties;
        let duty = duties.iter().find(|duty| duty.to == Some(member("AT")));
        let duty = duty.expect("AT has what is wrong");
        assert_eq!(duty.about, correction.header.id);
        assert_eq!(duty.barred.as_deref(), why);
        let offers = offered(&office, "contact", &id);
        let offers = offers.iter().any(|action| action == "pass-on");
        assert_eq!(offers, why.is_none());
        let (boss, _) = enrolled(&office, "contact");
        let opened = boss.post(&format!("{path}/why"), &[("why", "on duty")]);
        assert_eq!(opened.status, 303);
        let page = boss.get(&path).text();
        assert!(page.contains(words), "{page}");
        assert_eq!(page.contains("Ask its author"), why.is_some());
    }
}

#[test]
fn what_goes_to_no_third_member_is_offered_to_nobody_for_passing_on() {
    let mut office = Served::new();
    let h0 = |tlp| marked(&[HandlingCode::H0], tlp);
    let passes = |office: &Served, id: &str| {
        let mut offered = offered(office, "officer", id);
        offered.retain(|action| ["forward", "permissions"].contains(&action.as_str()));
        offered
    };
    for (tlp, may) in [
        (Tlp::Green, &["permissions", "forward"][..]),
        (Tlp::Amber, &["permissions", "forward"][..]),
        (Tlp::AmberStrict, &[][..]),
        (Tlp::Red, &[][..]),
    ] {
        let id = asked_by_tr(&mut office, h0(tlp));
        assert_eq!(passes(&office, &id), may, "{tlp}");
    }
}

#[test]
fn nothing_is_offered_on_an_alert_that_would_go_to_nobody() {
    let mut office = Served::new();
    let alert = office.peers.first_of("TR", Role::Contact, alert_body());
    office.receives(&alert);
    let path = format!("/alerts/{}", alert.header.id);
    let offered = |office: &Served| -> Vec<String> {
        let shown: Value = office.call("contact", "GET", &path).send().is(200);
        serde_json::from_value(shown["actions"].clone()).expect("words")
    };
    let before = offered(&office);
    for action in ["sight", "acknowledge"] {
        assert!(before.iter().any(|one| one == action), "{before:?}");
    }
    office.suspends("TR");
    assert_eq!(offered(&office), [""; 0]);
    let note = serde_json::json!({ "acknowledgement": { "version": 1 } });
    let path = format!("{path}/acknowledgements");
    let refused = office.call("contact", "POST", &path).json(&note).send();
    refused.fails(422, "no-recipient");
}

/// MK asked TR, and TR asks whether it may pass that on to AT; gives the permission.
fn wished_by_tr(office: &mut Served) -> String {
    let asked = toml::from_str(REQUEST).expect("the example is a request");
    let id = office.asks(&asked);
    let path = format!("/exchanges/{id}");
    let shown: Value = office.call("officer", "GET", &path).send().is(200);
    let leaf = shown["events"][0]["proof"]["leaf"].as_str();
    let leaf = leaf.and_then(|leaf| leaf.parse().ok()).expect("a leaf");
    let wish = Body::PermissionRequest(PermissionRequest {
        message: id.parse().expect("an id"),
        leaf,
        to: member("AT"),
        purpose: "The van went there.".to_owned(),
    });
    let exchange = id.parse().expect("an id");
    office.peers.now = Timestamp::system();
    let message = office.peers.next_of("TR", Role::Officer, wish, exchange);
    let message = with_header(&message, |header| header.last_seen = Some(leaf));
    office.receives(&message);
    message.header.id.to_string()
}

#[test]
fn a_permission_that_a_suspended_member_asked_for_is_offered_to_be_refused_alone() {
    let mut office = Served::new();
    let wish = wished_by_tr(&mut office);
    let path = format!("/permissions/{wish}");
    let actions = |office: &Served| {
        let shown: Value = office.call("contact", "GET", &path).send().is(200);
        shown["actions"].clone()
    };
    assert_eq!(actions(&office), serde_json::json!(["grant", "refuse"]));
    office.suspends("TR");
    assert_eq!(actions(&office), serde_json::json!(["refuse"]));
}
