//! The form of an alert: all that an alert may hold goes in, and comes back when it is updated.

use serde_json::{Value, json};

use crate::console::{DRAFT, enrolled};
use crate::office::ALERT;
use crate::served::Served;

/// All of the form, filled in.
pub const FILLED: [(&str, &str); 62] = [
    ("_message", DRAFT),
    ("_audience", "all"),
    ("status", "actual"),
    ("headline", "Lorries with a double floor"),
    ("event", "modus-operandi-change"),
    ("category", "d"),
    ("corridor?", "western-balkan"),
    ("severity", "severe"),
    ("urgency", "immediate"),
    ("certainty", "observed"),
    ("expires!time", "2031-01-01T10:00"),
    ("period_from?!time", "2026-01-01T10:00"),
    ("period_to?!time", "2026-02-01T10:00"),
    ("valid_from?!time", "2026-03-01T10:00"),
    ("review_on?!time", "2030-01-01T10:00"),
    ("recommended_action?", "Look under the floor."),
    ("text[0].text", "Lorries of one firm."),
    ("text[0].language", "en"),
    ("text[1].text?", "Bir firmanın kamyonları."),
    ("text[1].language~", "tr"),
    ("legs[0].from?", "Edirne"),
    ("legs[0].to~", "Plovdiv"),
    ("legs[0].via~", "Svilengrad"),
    ("legs[0].crossing~", "Kapitan Andreevo"),
    ("legs[0].transport~", "lorry"),
    ("legs[0].concealment~", "Under a second floor"),
    ("legs[0].hours~!number", "7"),
    ("legs[0].precision~", "locality"),
    ("legs[1].from?", "Plovdiv"),
    ("legs[1].to~", "Belgrade"),
    ("transport[]", "lorry"),
    ("concealment[0]?", "A second floor, 60 cm high"),
    ("concealment[1]?", "Warm air under the floor"),
    ("persons[0].persons?!number", "120"),
    ("persons[0].nationality~", "AF"),
    ("persons[0].sex~", "male"),
    ("persons[0].age_band~", "18-34"),
    ("persons[0].unaccompanied_minors~!bool", "no"),
    ("victim_indicators[]", "debt-bondage"),
    ("fees[0].from?!number", "3000"),
    ("fees[0].to~!number", "4000"),
    ("fees[0].currency~", "EUR"),
    ("fees[0].leg~!number", "1"),
    ("fees[0].covers~", "The lorry alone"),
    ("fees[0].payment~", "hawala"),
    ("fees[0].trend~", "rising"),
    ("document_fraud[]", "forged"),
    ("violence[0].kind?", "Held until paid for"),
    ("violence[0].ransom~!number", "2000"),
    ("violence[0].currency~", "EUR"),
    ("impact.illegal_immigration?", "high"),
    ("impact.cross_border_crime~", "high"),
    ("impact.migrants_lives~", "high"),
    ("evaluation.source", "B"),
    ("evaluation.information", "2"),
    ("handling.codes[]", "H0"),
    ("handling.tlp", "GREEN"),
    ("handling.retention_days!number", "30"),
    ("handling.restriction?", ""),
    ("handling.chatham_house?!bool", "yes"),
    ("legs[2].from?", ""),
    ("fees[1].currency~", ""),
];

/// The parts of what was published that the form asked for.
fn published(office: &Served) -> Value {
    let path = format!("/alerts/{DRAFT}");
    let thread: Value = office.call("contact", "GET", &path).send().is(200);
    thread["events"][0]["content"].clone()
}

#[test]
fn an_alert_is_published_with_all_that_it_may_hold_and_its_update_begins_with_that() {
    let office = Served::new();
    let (contact, _) = enrolled(&office, "contact");
    let sent = contact.post("/alerts/new", &FILLED);
    assert_eq!(sent.status, 303, "{}", sent.text());
    let alert = published(&office);
    let leg = json!({
        "from": "Edirne", "to": "Plovdiv", "via": "Svilengrad", "crossing": "Kapitan Andreevo",
        "transport": "lorry", "concealment": "Under a second floor", "hours": 7,
        "precision": "locality",
    });
    assert_eq!(alert["legs"][0], leg);
    assert_eq!(alert["legs"].as_array().map(Vec::len), Some(2), "{alert}");
    let fee = json!({
        "from": 3000, "to": 4000, "currency": "EUR", "leg": 1, "covers": "The lorry alone",
        "payment": "hawala", "trend": "rising",
    });
    assert_eq!(alert["fees"], json!([fee]));
    let group = json!({
        "nationality": "AF", "sex": "male", "age_band": "18-34", "unaccompanied_minors": false,
        "persons": 120,
    });
    assert_eq!(alert["persons"], json!([group]));
    let violence = json!({ "kind": "Held until paid for", "ransom": 2000, "currency": "EUR" });
    assert_eq!(alert["violence"], json!([violence]));
    let ways = ["A second floor, 60 cm high", "Warm air under the floor"];
    assert_eq!(alert["concealment"], json!(ways));
    assert_eq!(alert["transport"], json!(["lorry"]));
    assert_eq!(alert["text"][1]["language"], "tr");
    assert_eq!(alert["handling"]["chatham_house"], true);
    for time in ["period_from", "period_to", "valid_from", "review_on"] {
        assert!(alert[time].is_string(), "{time} is not in {alert}");
    }
    let form = contact.get(&format!("/alerts/{DRAFT}/update")).text();
    for part in [
        "Svilengrad",
        "2000",
        "Warm air",
        "Bir firman",
        "2030-01-01T10:00",
        "18-34",
    ] {
        assert!(form.contains(part), "{part} is not in {form}");
    }
}

/// The form with other values in some of its fields.
fn with<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut typed: Vec<(&'a str, &'a str)> = FILLED.to_vec();
    for (name, value) in changes {
        typed.retain(|(known, _)| known != name);
        typed.push((*name, *value));
    }
    typed
}

/// Sends the form of a new alert, which is wrong: none is published.
#[track_caller]
fn not_published(changes: &[(&str, &str)], told: &[&str]) {
    let office = Served::new();
    let (contact, _) = enrolled(&office, "contact");
    let refused = contact.post("/alerts/new", &with(changes));
    assert_eq!(refused.status, 422, "{}", refused.text());
    for part in told {
        assert!(refused.text().contains(part), "{part}: {}", refused.text());
    }
    let path = format!("/alerts/{DRAFT}");
    let unknown = office.call("contact", "GET", &path).send();
    unknown.fails(404, "not-found");
}

#[test]
fn a_value_whose_neighbour_is_empty_is_told_and_no_alert_goes_out_without_it() {
    let alone = [
        ("impact.illegal_immigration?", ""),
        ("impact.cross_border_crime~", ""),
    ];
    let told = [
        "id=\"f-impact-migrants-lives-fault\"",
        "Goes with a field beside it, which is empty",
    ];
    not_published(&alone, &told);
}

#[test]
fn a_fee_for_a_leg_that_is_empty_is_told_and_no_alert_goes_out() {
    let emptied = [("legs[1].from?", ""), ("legs[1].to~", "")];
    let told = ["id=\"f-fees-0--leg-fault\"", "Names a leg that is empty"];
    not_published(&emptied, &told);
}

/// The number of a form that updates.
const UPDATE: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAW";

/// A form that updates, and has its first leg emptied.
const NO_FIRST_LEG: [(&str, &str); 9] = [
    ("_message", UPDATE),
    ("legs[0].from?", ""),
    ("legs[0].to~", ""),
    ("legs[0].via~", ""),
    ("legs[0].crossing~", ""),
    ("legs[0].transport~", ""),
    ("legs[0].concealment~", ""),
    ("legs[0].hours~!number", ""),
    ("legs[0].precision~", ""),
];

/// An alert as its last update has it.
fn updated(office: &Served, alert: &str) -> Value {
    let path = format!("/alerts/{alert}");
    let thread: Value = office.call("contact", "GET", &path).send().is(200);
    let events = thread["events"].as_array().expect("a list");
    let update = events
        .iter()
        .rev()
        .find_map(|event| event["content"].get("alert"));
    update.expect("it was updated").clone()
}

#[test]
fn a_fee_follows_its_leg_when_a_leg_before_that_is_taken_out() {
    let office = Served::new();
    let (contact, _) = enrolled(&office, "contact");
    let sent = contact.post("/alerts/new", &FILLED);
    assert_eq!(sent.status, 303, "{}", sent.text());
    let path = format!("/alerts/{DRAFT}/update");
    let sent = contact.post(&path, &with(&NO_FIRST_LEG));
    assert_eq!(sent.status, 303, "{}", sent.text());
    let alert = updated(&office, DRAFT);
    let leg = json!({ "from": "Plovdiv", "to": "Belgrade" });
    assert_eq!(alert["legs"], json!([leg]));
    assert_eq!(alert["fees"][0]["leg"], 0, "{alert}");
}

/// An alert with more legs and fees than the form has room for; gives its id.
fn long(office: &Served) -> String {
    let mut alert: Value = toml::from_str(ALERT).expect("the example is an alert");
    let towns = ["Edirne", "Sofia", "Vidin", "Arad"];
    let legs = towns.map(|from| json!({ "from": from, "to": "Wien" }));
    alert["legs"] = json!(legs);
    alert["fees"] = json!([
        { "from": 1000, "currency": "EUR", "leg": 3 },
        { "from": 2000, "currency": "EUR" },
        { "from": 3000, "currency": "EUR", "leg": 1 },
    ]);
    let body = json!({ "audience": { "members": ["TR"] }, "alert": alert });
    let answer = office.call("contact", "POST", "/alerts").json(&body).send();
    let published: Value = answer.is(202);
    published["id"].as_str().expect("an id").to_owned()
}

#[test]
fn fees_follow_legs_that_the_form_has_no_room_for() {
    let office = Served::new();
    let (contact, _) = enrolled(&office, "contact");
    let id = long(&office);
    let path = format!("/alerts/{id}/update");
    let form = contact.get(&path).text();
    let chosen = "<option value=\"3\" selected>4</option>";
    assert!(form.contains(chosen), "{form}");
    let mut changes = NO_FIRST_LEG.to_vec();
    changes.push(("fees[0].leg~!number", "3"));
    let sent = contact.post(&path, &with(&changes));
    assert_eq!(sent.status, 303, "{}", sent.text());
    let alert = updated(&office, &id);
    let legs = json!([
        { "from": "Plovdiv", "to": "Belgrade" },
        { "from": "Arad", "to": "Wien" },
    ]);
    assert_eq!(alert["legs"], legs);
    assert_eq!(alert["fees"][0]["leg"], 1, "{alert}");
    let kept = json!({ "from": 3000, "currency": "EUR", "leg": 0 });
    assert_eq!(alert["fees"][1], kept);
}

#[test]
fn a_leg_is_not_taken_out_while_a_fee_that_has_no_field_is_for_it() {
    let office = Served::new();
    let (contact, _) = enrolled(&office, "contact");
    let id = long(&office);
    let changes = [
        ("_message", UPDATE),
        ("legs[1].from?", ""),
        ("legs[1].to~", ""),
        ("fees[0].leg~!number", "0"),
    ];
    let refused = contact.post(&format!("/alerts/{id}/update"), &with(&changes));
    assert_eq!(refused.status, 422, "{}", refused.text());
    let told = "id=\"f-legs-1--from-fault\"";
    assert!(refused.text().contains(told), "{}", refused.text());
}

#[test]
fn the_pages_name_the_members_that_do_not_have_an_alert_yet() {
    let office = Served::new();
    let (contact, _) = enrolled(&office, "contact");
    let sent = contact.post("/alerts/new", &FILLED);
    assert_eq!(sent.status, 303, "{}", sent.text());
    let alert = format!("/alerts/{DRAFT}");
    for (page, end) in [("/alerts", "</small>"), (&*alert, "</dd>")] {
        let text = contact.get(page).text();
        let (_, after) = text.split_once("Not there yet").expect("it is said");
        let (named, _) = after.split_once(end).expect("it ends");
        assert!(named.contains("<bdi dir=\"ltr\">TR</bdi>"), "{named}");
    }
}

/// The form with another audience, and these members ticked.
fn to<'a>(audience: &'a str, members: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    let mut typed = FILLED.to_vec();
    typed[1].1 = audience;
    typed.extend(members.iter().map(|member| ("_members[]", *member)));
    typed
}

#[test]
fn an_alert_goes_to_the_members_that_are_named_and_to_nobody_else() {
    let office = Served::new();
    let (contact, _) = enrolled(&office, "contact");
    let form = contact.get("/alerts/new").text();
    assert!(form.contains("name=\"_members[]\" value=\"TR\""), "{form}");
    let mut typed = to("members", &["TR"]);
    let red = typed.iter().position(|(name, _)| *name == "handling.tlp");
    typed[red.expect("it says how it is handled")].1 = "RED";
    let sent = contact.post("/alerts/new", &typed);
    assert_eq!(sent.status, 303, "{}", sent.text());
    let path = format!("/alerts/{DRAFT}");
    let thread: Value = office.call("contact", "GET", &path).send().is(200);
    assert_eq!(thread["recipients"], json!(["TR"]), "{thread}");
}

#[test]
fn members_that_are_named_for_nothing_or_not_named_send_no_alert() {
    let office = Served::new();
    let (contact, _) = enrolled(&office, "contact");
    let kinds = [
        to("members", &[]),
        to("all", &["TR"]),
        to("corridor-subscribers", &["TR"]),
        to("members", &["TR", "XX"]),
        to("members", &["nobody"]),
    ];
    for typed in kinds {
        let refused = contact.post("/alerts/new", &typed);
        assert_eq!(refused.status, 422, "{typed:?}");
    }
    let path = format!("/alerts/{DRAFT}");
    office
        .call("contact", "GET", &path)
        .send()
        .fails(404, "not-found");
}
