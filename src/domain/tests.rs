//! The code lists are exactly those of the field, and every form has one shape in TOML and JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::alert::*;
use super::fixtures::{ALERT, ANSWER, CONTRADICTION, REQUEST, REQUEST_AT, SIGHTING, UPDATE};
use super::handling::*;
use super::message::{Kind, Priority};
use super::profile::*;
use super::rfi::*;

mod faults;

/// Every list's values in order, and that each survives its text and its JSON.
macro_rules! list {
    ($name:ty, $text:literal) => {
        let texts: Vec<&str> = <$name>::ALL.iter().map(|value| value.as_str()).collect();
        assert_eq!(texts.join(" "), $text, stringify!($name));
        for value in <$name>::ALL {
            assert_eq!(value.as_str().parse::<$name>(), Ok(*value));
            let json = serde_json::to_string(value).expect("JSON");
            assert_eq!(json, format!("\"{value}\""));
            assert_eq!(serde_json::from_str::<$name>(&json).expect("JSON"), *value);
        }
        assert_eq!("".parse::<$name>(), Err(UnknownCode));
    };
}

#[test]
fn the_codes_of_requests_are_those_of_the_field() {
    list!(Profile, "eu-2023-977 sfd-2006-960 bp-mou");
    list!(Urgency, "life urgent routine");
    list!(UrgencyReason, "U1 U2 U3 U4");
    list!(Access, "direct indirect");
    list!(Limit, "acknowledge answer");
    list!(Ground, "a b c d e f1 f2 f3 g1 g2 h x1 x2 x3 x5");
    list!(LocalGround, "-- x5");
    list!(Scope, "whole part");
    list!(Outcome, "hit no-hit partial not-available");
    list!(EvidenceUse, "police-only court-with-consent");
    list!(
        LinkKind,
        "follow-up duplicate same-subject parallel supersedes transferred-from"
    );
    list!(
        Usefulness,
        "useful partly not-useful too-late not-yet-known"
    );
    list!(
        Consequence,
        "none intelligence investigation persons-found arrest seizure prosecution further-request \
         other"
    );
    list!(QuestionStatus, "open answered refused");
    list!(Flaw, "incorrect incomplete outdated unlawful");
    list!(Remedy, "rectify erase restrict");
    list!(Told, "acknowledged passed-on used");
    list!(Standing, "asked granted refused taken-back used");
    list!(
        Move,
        "accept ask-clarification channel await answer-part answer refuse-part refuse transfer \
         clarify feedback withdraw supersede close reopen correct ask-permission grant-permission \
         refuse-permission notify"
    );
    list!(ApprovalKind, "release judicial protection");
    list!(
        QuestionKind,
        "person-known criminal-record document-genuine phone-subscriber vehicle-owner \
         travel-movements biometrics company location-check other"
    );
    list!(
        PersonStatus,
        "suspect convicted contact witness victim potential-victim missing"
    );
    list!(Sex, "female male other");
    list!(Calendar, "gregorian solar-hijri hijri");
    list!(Precision, "day month year estimated");
    list!(Side, "requesting requested");
    list!(
        State,
        "draft in-review released queued delivered read accepted channelled \
         awaiting-authorisation clarification-requested clarified partial-answer answered refused \
         feedback withdrawn superseded transferred closed reopened"
    );
    list!(
        Kind,
        "request accept answer refuse clarification-request clarification channelling \
         awaiting-authorisation feedback closing withdrawal supersession transfer reopening \
         correction permission-request permission-grant permission-refusal notice alert sighting \
         alert-update alert-cancel contradiction alert-acknowledgement subscription"
    );
    list!(Priority, "urgent routine");
}

#[test]
fn the_codes_of_handling_are_those_of_siena_europol_and_first() {
    list!(HandlingCode, "H0 H1 H2 H3");
    list!(Source, "A B C X");
    list!(Accuracy, "1 2 3 4");
    list!(Tlp, "RED AMBER+STRICT AMBER GREEN CLEAR");
    list!(
        Disclosure,
        "forward forward-to-observer observer export bundle evidence"
    );
    list!(
        Barrier,
        "red amber-strict amber amber-restricted judicial dissemination not-for-observers"
    );
}

#[test]
fn the_codes_of_alerts_are_those_of_the_field() {
    list!(Category, "a b c d e f");
    list!(
        EventType,
        "new-route route-shift modus-operandi-change price-change document-fraud violence \
         kidnap-ransom deaths online-recruitment corruption new-transport victim-pattern other"
    );
    list!(Status, "actual exercise test");
    list!(Severity, "extreme severe moderate minor unknown");
    list!(AlertUrgency, "immediate expected future past unknown");
    list!(Certainty, "observed likely possible unlikely unknown");
    list!(ImpactLevel, "low medium high");
    list!(
        Corridor,
        "western-balkan eastern-mediterranean central-mediterranean afghanistan-iran-turkiye \
         pakistan-iran-turkiye iraq-turkiye bangladesh-gulf-libya other"
    );
    list!(
        Transport,
        "foot car van lorry bus train boat ship air other"
    );
    list!(PlacePrecision, "point locality region country");
    list!(
        DocumentFraud,
        "forged counterfeit stolen-blank fantasy impostor fraudulently-obtained"
    );
    list!(
        Payment,
        "cash hawala third-party-guarantee crypto bank debt-bondage"
    );
    list!(Trend, "rising stable falling");
    list!(
        MeansOfControl,
        "debt-bondage takes-earnings restricts-financial-access threats psychological-abuse \
         physical-abuse sexual-abuse false-promises psychoactive-substances restricts-movement \
         restricts-medical-care excessive-working-hours uses-children threat-of-law-enforcement \
         withholds-necessities withholds-documents other"
    );
    list!(AlertState, "current expired cancelled superseded");
    list!(MessageType, "alert update cancel");
    list!(Difference, "not-seen otherwise");
}

/// Reads a file's text, and reads it again from the JSON that it gives.
fn same_in_json<T>(text: &str)
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let from_toml: T = toml::from_str(text).expect("the example has its form");
    let json = serde_json::to_string(&from_toml).expect("it has text keys");
    let from_json: T = serde_json::from_str(&json).expect("the form is the same");
    assert_eq!(from_json, from_toml);
    let back = toml::to_string(&from_toml).expect("it can be written as a file");
    assert_eq!(
        toml::from_str::<T>(&back).expect("the form is the same"),
        from_toml
    );
    let other = json.replacen('{', "{\"colour\":\"blue\",", 1);
    assert!(serde_json::from_str::<T>(&other).is_err());
}

#[test]
fn files_and_json_have_one_shape_and_no_unknown_field() {
    same_in_json::<Request>(REQUEST);
    same_in_json::<Request>(REQUEST_AT);
    same_in_json::<Answer>(ANSWER);
    same_in_json::<Alert>(ALERT);
    same_in_json::<Alert>(UPDATE);
    same_in_json::<Contradiction>(CONTRADICTION);
    same_in_json::<Sighting>(SIGHTING);
}

#[test]
fn a_short_request_is_a_request() {
    let short = r#"
        reference = "MK-1"
        profile = "bp-mou"
        urgency = "routine"
        legal_basis = "Memorandum of understanding, Art. 4"
        purpose = "To identify the driver"
        offence = "Smuggling of migrants"
        believed_there = "He holds a licence of that country"
        languages = ["en"]
        facts = [{ language = "en", text = "He was stopped at the border." }]
        questions = [{ kind = "other", text = "Who is he?" }]
        requester = { authority = "Ministry of Interior", contact_24_7 = "+389 2 555 0117" }
        handling = { codes = ["H0"], tlp = "AMBER" }
        protection = { never_contact = [] }
    "#;
    let request: Request = toml::from_str(short).expect("a short request");
    assert_eq!(request.validate(), Ok(()));
    assert_eq!(request.evidence_use, EvidenceUse::PoliceOnly);
    assert_eq!(request.handling.retention_days, 5 * 365);
}
