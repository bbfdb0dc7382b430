//! Each fault is found at its field.

use super::*;
use crate::base::MessageId;
use crate::domain::FieldError;
use crate::domain::fixtures::{REQUEST_AT, member};

fn faults(change: impl FnOnce(&mut Request)) -> Vec<(String, &'static str)> {
    let mut request = request();
    change(&mut request);
    places(request.validate())
}

fn places(outcome: Result<(), Vec<FieldError>>) -> Vec<(String, &'static str)> {
    let faults = outcome.err().unwrap_or_default();
    faults.into_iter().map(|f| (f.path, f.code)).collect()
}

fn one(path: &str, code: &'static str) -> Vec<(String, &'static str)> {
    vec![(path.to_owned(), code)]
}

fn person(request: &mut Request) -> &mut Person {
    let person = request.subjects[2].person.as_mut();
    person.expect("the third subject is a person")
}

#[test]
fn the_examples_hold_no_fault() {
    assert_eq!(request().validate(), Ok(()));
    let other: Request = toml::from_str(REQUEST_AT).expect("the example is a request");
    assert_eq!(other.validate(), Ok(()));
    assert_eq!(answer().validate(&request()), Ok(()));
}

#[test]
fn an_urgent_request_gives_a_reason_and_a_routine_one_none() {
    use crate::domain::profile::Urgency;
    assert_eq!(
        faults(|r| r.urgency_reason = None),
        one("urgency_reason", "required")
    );
    assert_eq!(
        faults(|r| r.urgency = Urgency::Routine),
        one("urgency_reason", "not-allowed")
    );
}

#[test]
fn what_a_request_must_say_is_required() {
    assert_eq!(
        faults(|r| r.reference.clear()),
        one("reference", "required")
    );
    assert_eq!(
        faults(|r| r.purpose = " ".into()),
        one("purpose", "required")
    );
    assert_eq!(faults(|r| r.offence.clear()), one("offence", "required"));
    assert_eq!(
        faults(|r| r.legal_basis.clear()),
        one("legal_basis", "required")
    );
    assert_eq!(
        faults(|r| r.believed_there.clear()),
        one("believed_there", "required")
    );
    assert_eq!(faults(|r| r.facts.clear()), one("facts", "required"));
    assert_eq!(
        faults(|r| r.questions.clear()),
        one("questions", "required")
    );
    assert_eq!(
        faults(|r| r.languages.clear()),
        one("languages", "required")
    );
    assert_eq!(
        faults(|r| r.handling.codes.clear()),
        one("handling.codes", "required")
    );
    assert_eq!(
        faults(|r| r.requester.contact_24_7.clear()),
        one("requester.contact_24_7", "required")
    );
    assert_eq!(
        faults(|r| r.subjects[0].connection.clear()),
        one("subjects[0].connection", "required")
    );
}

#[test]
fn a_question_names_a_subject_that_there_is() {
    assert_eq!(
        faults(|r| r.questions[0].subject = Some(3)),
        one("questions[0].subject", "not-allowed")
    );
}

#[test]
fn a_subject_is_exactly_one_thing() {
    assert_eq!(
        faults(|r| r.subjects[0].vehicle = None),
        one("subjects[0]", "not-allowed")
    );
    assert_eq!(
        faults(|r| r.subjects[0].phone = r.subjects[1].phone.clone()),
        one("subjects[0]", "not-allowed")
    );
}

#[test]
fn a_person_needs_something_to_be_known_by_but_no_surname() {
    assert_eq!(faults(|r| person(r).family_name = None), vec![]);
    assert_eq!(
        faults(|r| {
            person(r).family_name = None;
            person(r).given_names = None;
        }),
        one("subjects[2].person", "required")
    );
}

#[test]
fn a_date_of_birth_is_as_exact_as_it_says() {
    let birth = |date: &str, precision| {
        let birth = Birth {
            date: date.to_owned(),
            calendar: Calendar::SolarHijri,
            precision,
        };
        faults(|r| person(r).birth = Some(birth)).is_empty()
    };
    assert!(birth("1373-02-31", Precision::Day));
    assert!(birth("1373-02", Precision::Month));
    assert!(birth("1373", Precision::Year));
    for estimated in ["1373", "1373-01", "1373-01-01"] {
        assert!(birth(estimated, Precision::Estimated));
    }
    assert!(!birth("1373", Precision::Day));
    assert!(!birth("1373-02-03", Precision::Year));
    for bad in [
        "",
        "73",
        "1373-13-01",
        "1373-1-1",
        "1373-01-32",
        "01.01.1373",
        "+373-01-01",
    ] {
        assert!(!birth(bad, Precision::Day), "{bad}");
        assert!(!birth(bad, Precision::Estimated), "{bad}");
    }
}

#[test]
fn a_date_of_birth_is_one_of_its_calendar() {
    let birth = |date: &str, calendar| {
        let birth = Birth {
            date: date.to_owned(),
            calendar,
            precision: Precision::Estimated,
        };
        faults(|r| person(r).birth = Some(birth)).is_empty()
    };
    let table = [
        (Calendar::Gregorian, "1850", "1849"),
        (Calendar::Gregorian, "2099", "2100"),
        (Calendar::Gregorian, "1988-01-01", "1373-01-01"),
        (Calendar::Gregorian, "2000-02-29", "1900-02-29"),
        (Calendar::Gregorian, "1988-02-29", "1989-02-29"),
        (Calendar::Gregorian, "1988-04-30", "1988-04-31"),
        (Calendar::Gregorian, "1988-12-31", "1988-12-32"),
        (Calendar::SolarHijri, "1228", "1227"),
        (Calendar::SolarHijri, "1478", "1479"),
        (Calendar::SolarHijri, "1373-06-31", "1373-07-31"),
        (Calendar::SolarHijri, "1373-12-30", "1373-12-31"),
        (Calendar::SolarHijri, "1373-01-01", "1994-01-01"),
        (Calendar::Hijri, "1266", "1265"),
        (Calendar::Hijri, "1524", "1525"),
        (Calendar::Hijri, "1414-01-30", "1414-01-31"),
        (Calendar::Hijri, "1414-12", "1414-13"),
    ];
    for (calendar, good, bad) in table {
        assert!(birth(good, calendar), "{calendar} {good}");
        assert!(!birth(bad, calendar), "{calendar} {bad}");
    }
}

#[test]
fn texts_hold_no_overrides_and_lists_no_doubles() {
    assert_eq!(
        faults(
            |r| r.subjects[0].vehicle.as_mut().expect("a van").plate = Some("\u{202E}714".into())
        ),
        one("subjects[0].vehicle.plate", "not-allowed")
    );
    assert_eq!(
        faults(|r| r.facts[0].language = "turkish language".into()),
        one("facts[0].language", "not-allowed")
    );
    assert_eq!(
        faults(|r| person(r).nationalities = vec!["TUR".into()]),
        one("subjects[2].person.nationalities[0]", "not-allowed")
    );
    assert_eq!(
        faults(|r| r.facts[1].language = r.facts[0].language.clone()),
        one("facts", "not-allowed")
    );
    assert_eq!(
        faults(|r| r.protection.never_contact = vec![member("AT"), member("AT")]),
        one("protection.never_contact", "not-allowed")
    );
}

#[test]
fn what_is_not_said_of_protection_is_not_known() {
    let short = request().protection;
    assert_eq!(short.minor, Some(true));
    let none: Protection = toml::from_str("never_contact = []").expect("short is enough");
    assert_eq!(
        (none.minor, none.asylum_confidential, none.victim_indicators),
        (None, None, None)
    );
    assert!(toml::from_str::<Protection>("minor = true").is_err());
}

#[test]
fn asking_every_member_of_a_large_federation_stays_within_the_links() {
    let mut request = request();
    let others = (0..=254).map(|n| MessageId::from_bytes([n; 16]));
    request.link_parallel(others);
    assert_eq!(request.validate(), Ok(()));
    assert!(
        request
            .links
            .iter()
            .all(|link| link.kind == LinkKind::Parallel)
    );
}

#[test]
fn unknown_fields_and_codes_are_refused() {
    let text = crate::domain::fixtures::REQUEST;
    let field = format!("colour = \"blue\"\n{text}");
    assert!(toml::from_str::<Request>(&field).is_err());
    let code = text.replace("\"U2\"", "\"U5\"");
    assert!(toml::from_str::<Request>(&code).is_err());
}

#[test]
fn an_answer_fits_the_questions_asked() {
    let places_of = |change: fn(&mut Answer)| {
        let mut answer = answer();
        change(&mut answer);
        places(answer.validate(&request()))
    };
    assert_eq!(
        places_of(|a| a.answers[0].question = 3),
        one("answers", "not-allowed")
    );
    assert_eq!(
        places_of(|a| a.answers[0].question = 1),
        one("answers", "not-allowed")
    );
    assert_eq!(
        places_of(|a| a.answers[2].text = Some("We may know more.".into())),
        one("answers[2]", "not-allowed")
    );
    assert_eq!(
        places_of(|a| {
            (a.text, a.evaluation) = (None, None);
            a.answers.clear();
        }),
        one("text", "required")
    );
    assert_eq!(
        places_of(|a| a.outcome = Outcome::NoHit),
        one("text", "not-allowed")
    );
    assert_eq!(
        places_of(|a| a.handling.restriction = Some("No copies.".into())),
        one("handling.restriction", "not-allowed")
    );
}

#[test]
fn a_refusal_of_a_part_names_its_questions_and_a_whole_one_none() {
    let with = |scope, questions| Refusal {
        scope,
        questions,
        ..refusal(Ground::H)
    };
    let valid = |refusal: Refusal| refusal.validate(&request()).is_ok();
    assert!(valid(with(Scope::Whole, vec![])) && valid(with(Scope::Part, vec![0, 2])));
    assert!(!valid(with(Scope::Whole, vec![0])) && !valid(with(Scope::Part, vec![])));
    assert!(!valid(with(Scope::Part, vec![3])) && !valid(with(Scope::Part, vec![1, 1])));
}
