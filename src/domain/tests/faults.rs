//! One fault at a time in an example that has none: each is found once, at its field, by its code.

use serde_json::{Value, json};

use super::*;
use crate::domain::FieldError;
use crate::domain::fixtures::{alert, answer, hours, request, sighting};

mod said;

/// Where the example is changed, to what, and the fault that this makes.
type Row = (&'static str, Value, &'static str, &'static str);

fn written(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("the form has text keys")
}

/// The example with another value at a pointer (RFC 6901), which may be new in its parent.
fn changed<T: DeserializeOwned>(example: &Value, pointer: &str, to: &Value) -> T {
    let mut value = example.clone();
    let (parent, last) = pointer.rsplit_once('/').expect("a pointer");
    match value
        .pointer_mut(parent)
        .expect("the example has the parent")
    {
        Value::Object(fields) => {
            fields.insert(last.to_owned(), to.clone());
        }
        Value::Array(items) => items[last.parse::<usize>().expect("a place")] = to.clone(),
        _ => panic!("{parent} holds nothing"),
    }
    serde_json::from_value(value).unwrap_or_else(|error| panic!("{pointer}: {error}"))
}

fn check<T: DeserializeOwned>(
    example: &Value,
    rows: &[Row],
    validate: impl Fn(&T) -> Result<(), Vec<FieldError>>,
) {
    let whole: T = serde_json::from_value(example.clone()).expect("the example has its form");
    assert_eq!(validate(&whole), Ok(()), "the example has no fault");
    for (pointer, to, path, code) in rows {
        let faults = validate(&changed(example, pointer, to))
            .err()
            .unwrap_or_default();
        let found: Vec<(&str, &str)> = faults.iter().map(|f| (f.path.as_str(), f.code)).collect();
        assert_eq!(found, [(*path, *code)], "{pointer} = {to}");
        // The value itself is never told, since it could be content.
        if let Value::String(text) = to {
            let told = text.len() > 10 && faults[0].what.contains(text.as_str());
            assert!(!told, "{pointer}");
        }
    }
}

fn long(n: usize) -> Value {
    json!("я".repeat(n))
}

/// As many of the same as are needed.
fn many(n: usize, item: &Value) -> Value {
    Value::Array(vec![item.clone(); n])
}

#[test]
fn each_fault_of_a_request_is_found_at_its_field() {
    let (required, too_long) = ("required", "too-long");
    let (no, many_) = ("not-allowed", "too-many");
    let subject = |kind: &str, value: Value| json!({"connection": "It was there.", kind: value});
    let id = "01JD3W0000ABCDEFGHJKMNPQRS";
    let link = json!({"kind": "duplicate", "exchange": id});
    let approval = json!({"kind": "judicial", "by": "", "at": "2026-03-22T14:02:00Z"});
    let vehicle = "subjects[0].vehicle";
    check(
        &written(&request()),
        &[
            ("/reference", json!(""), "reference", required),
            ("/reference", long(101), "reference", too_long),
            ("/reference", json!("a\u{7}b"), "reference", no),
            ("/their_reference", json!(""), "their_reference", required),
            ("/context", long(201), "context", too_long),
            ("/links", json!([link, link]), "links", no),
            ("/urgency_reason", Value::Null, "urgency_reason", required),
            ("/urgency", json!("routine"), "urgency_reason", no),
            (
                "/requester/authority",
                json!(" \n"),
                "requester.authority",
                required,
            ),
            ("/requester/country", json!("MKD"), "requester.country", no),
            ("/requester/unit", long(301), "requester.unit", too_long),
            (
                "/requester/officer",
                long(101),
                "requester.officer",
                too_long,
            ),
            (
                "/requester/contact_24_7",
                json!(""),
                "requester.contact_24_7",
                required,
            ),
            ("/legal_basis", json!(""), "legal_basis", required),
            ("/legal_basis", long(2_001), "legal_basis", too_long),
            ("/purpose", json!(""), "purpose", required),
            ("/offence", long(501), "offence", too_long),
            ("/facts", json!([]), "facts", required),
            (
                "/facts/0/language",
                json!("english language"),
                "facts[0].language",
                no,
            ),
            ("/facts/0/language", json!("tr"), "facts", no),
            ("/facts/1/text", json!(""), "facts[1].text", required),
            ("/facts/1/text", long(50_001), "facts[1].text", too_long),
            ("/facts/1/text", json!("\u{202E}txet"), "facts[1].text", no),
            ("/questions", json!([]), "questions", required),
            (
                "/questions",
                many(65, &json!({"kind": "other", "text": "Who?"})),
                "questions",
                many_,
            ),
            (
                "/questions/0/text",
                json!("\t"),
                "questions[0].text",
                required,
            ),
            ("/questions/0/subject", json!(3), "questions[0].subject", no),
            ("/believed_there", json!(""), "believed_there", required),
            ("/languages", json!([]), "languages", required),
            ("/languages", json!(["en", "en"]), "languages", no),
            ("/languages/0", json!("e"), "languages[0]", no),
            (
                "/other_channels",
                json!([{"channel": "SIENA", "reference": ""}]),
                "other_channels[0].reference",
                required,
            ),
            (
                "/protection/never_contact",
                json!(["AT", "AT"]),
                "protection.never_contact",
                no,
            ),
            ("/approvals", json!([approval]), "approvals[0].by", required),
            ("/handling/codes", json!([]), "handling.codes", required),
            ("/handling/codes", json!(["H0", "H0"]), "handling.codes", no),
            (
                "/handling/codes",
                json!(["H3"]),
                "handling.restriction",
                required,
            ),
            (
                "/handling/restriction",
                json!("Not to leave."),
                "handling.restriction",
                no,
            ),
            (
                "/handling/retention_days",
                json!(0),
                "handling.retention_days",
                no,
            ),
            (
                "/handling/retention_days",
                json!(36_501),
                "handling.retention_days",
                no,
            ),
            (
                "/subjects/0/connection",
                json!(""),
                "subjects[0].connection",
                required,
            ),
            (
                "/subjects/0/phone",
                json!({"number": "+1"}),
                "subjects[0]",
                no,
            ),
            ("/subjects/0/vehicle", Value::Null, "subjects[0]", no),
            ("/subjects/0/vehicle", json!({}), vehicle, required),
            (
                "/subjects/0/vehicle/plate",
                long(41),
                "subjects[0].vehicle.plate",
                too_long,
            ),
            (
                "/subjects/0/vehicle/plate",
                json!(""),
                "subjects[0].vehicle.plate",
                required,
            ),
            (
                "/subjects/0/vehicle/country",
                json!("tr"),
                "subjects[0].vehicle.country",
                no,
            ),
            (
                "/subjects/0",
                subject("vessel", json!({"flag": "TR"})),
                "subjects[0].vessel",
                required,
            ),
            (
                "/subjects/0",
                subject("document", json!({"kind": "passport", "number": ""})),
                "subjects[0].document.number",
                required,
            ),
            (
                "/subjects/0",
                subject("account", json!({"provider": "", "identifier": "1"})),
                "subjects[0].account.provider",
                required,
            ),
            (
                "/subjects/0",
                subject("address", json!({"text": "", "country": "TR"})),
                "subjects[0].address.text",
                required,
            ),
            (
                "/subjects/0",
                subject("organisation", json!({"name": {"original": ""}})),
                "subjects[0].organisation.name.original",
                required,
            ),
            (
                "/subjects/1/phone/number",
                json!(""),
                "subjects[1].phone.number",
                required,
            ),
            (
                "/subjects/2/person/nationalities",
                json!(["TR", "TR"]),
                "subjects[2].person.nationalities",
                no,
            ),
            (
                "/subjects/2/person/origin",
                json!("T1"),
                "subjects[2].person.origin",
                no,
            ),
            (
                "/subjects/2/person/birth/date",
                json!("88"),
                "subjects[2].person.birth.date",
                no,
            ),
            (
                "/subjects/2/person/aliases",
                json!([{"original": " "}]),
                "subjects[2].person.aliases[0].original",
                required,
            ),
            (
                "/subjects/2/person/given_names/transliterations",
                json!([""]),
                "subjects[2].person.given_names.transliterations[0]",
                required,
            ),
        ],
        Request::validate,
    );
}

#[test]
fn each_fault_of_what_the_asked_side_says_is_found_at_its_field() {
    let (required, too_long, no) = ("required", "too-long", "not-allowed");
    check(
        &written(&answer()),
        &[
            ("/text", long(100_001), "text", too_long),
            ("/text", json!(""), "text", required),
            ("/text", json!("a\u{0}b"), "text", no),
            ("/outcome", json!("no-hit"), "text", no),
            ("/answers/0/question", json!(3), "answers", no),
            ("/answers/0/question", json!(2), "answers", no),
            ("/answers/0/text", long(50_001), "answers[0].text", too_long),
            (
                "/answers/2/text",
                json!("Not under that name."),
                "answers[2]",
                no,
            ),
            (
                "/answers/2/evaluation",
                json!({"source": "A", "information": "1"}),
                "answers[2]",
                no,
            ),
            ("/handling/codes", json!([]), "handling.codes", required),
            ("/text", Value::Null, "evaluation", no),
        ],
        |answer: &Answer| answer.validate(&request()),
    );
    check(
        &json!({"ground": "f2", "scope": "part", "questions": [0, 2], "reason": "It runs."}),
        &[
            ("/questions", json!([]), "questions", no),
            ("/questions", json!([3]), "questions", no),
            ("/questions", json!([0, 0]), "questions", no),
            ("/scope", json!("whole"), "questions", no),
            ("/reason", long(5_001), "reason", too_long),
            ("/reason", json!(""), "reason", required),
            ("/ground", json!("x5"), "reason", no),
        ],
        |refusal: &Refusal| refusal.validate(&request()),
    );
    check(
        &json!({"access": "direct", "reference": "TR-1", "note": "Tonight."}),
        &[
            ("/reference", long(101), "reference", too_long),
            ("/note", long(5_001), "note", too_long),
            ("/note", json!("\u{202B}"), "note", no),
        ],
        Acceptance::validate,
    );
}

#[test]
fn each_fault_of_an_alert_is_found_at_its_field() {
    let (required, too_long) = ("required", "too-long");
    let (no, many_) = ("not-allowed", "too-many");
    let leg = json!({"from": "A", "to": "B"});
    check(
        &written(&alert()),
        &[
            ("/headline", json!(""), "headline", required),
            ("/headline", long(201), "headline", too_long),
            (
                "/recommended_action",
                long(5_001),
                "recommended_action",
                too_long,
            ),
            ("/expires", json!("2026-01-01T00:00:00Z"), "expires", no),
            ("/valid_from", json!("2028-01-01T00:00:00Z"), "expires", no),
            ("/text", json!([]), "text", required),
            ("/text/0/language", json!("e n"), "text[0].language", no),
            ("/legs", many(65, &leg), "legs", many_),
            ("/legs/0/from", json!(""), "legs[0].from", required),
            ("/legs/1/crossing", long(501), "legs[1].crossing", too_long),
            ("/transport", json!(["van", "van"]), "transport", no),
            ("/concealment", json!([""]), "concealment[0]", required),
            (
                "/document_fraud",
                json!(["forged", "forged"]),
                "document_fraud",
                no,
            ),
            ("/fees/0/currency", json!("eur"), "fees[0].currency", no),
            ("/fees/0/to", json!(1), "fees[0].to", no),
            ("/fees/0/covers", long(201), "fees[0].covers", too_long),
            (
                "/violence",
                json!([{"kind": ""}]),
                "violence[0].kind",
                required,
            ),
            ("/persons/0/persons", json!(4), "persons[0].persons", no),
            (
                "/persons/0/nationality",
                json!("AFG"),
                "persons[0].nationality",
                no,
            ),
            (
                "/persons/0/age_band",
                json!("young"),
                "persons[0].age_band",
                no,
            ),
            (
                "/persons",
                many(129, &json!({"persons": 9})),
                "persons",
                many_,
            ),
            (
                "/victim_indicators",
                json!(["threats", "threats"]),
                "victim_indicators",
                no,
            ),
            (
                "/handling/codes",
                json!(["H3"]),
                "handling.restriction",
                required,
            ),
        ],
        |alert: &Alert| alert.validate(hours(0)),
    );
}

#[test]
fn each_fault_of_a_sighting_is_found_at_its_field() {
    check(
        &written(&sighting()),
        &[
            ("/place", long(201), "place", "too-long"),
            ("/place", json!("a\u{202C}"), "place", "not-allowed"),
            ("/note", long(10_001), "note", "too-long"),
            ("/note", json!(" "), "note", "required"),
            ("/persons", json!(0), "persons", "not-allowed"),
            ("/persons", json!(4), "persons", "not-allowed"),
            (
                "/seen_to",
                json!("2020-01-01T00:00:00Z"),
                "seen_to",
                "not-allowed",
            ),
        ],
        Sighting::validate,
    );
}
