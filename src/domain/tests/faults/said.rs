//! The same for what the two sides say after the request.

use super::*;
use crate::base::Timestamp;

#[test]
fn each_fault_of_what_is_said_on_the_way_is_found_at_its_field() {
    let (required, too_long, no) = ("required", "too-long", "not-allowed");
    let request = request();
    check(
        &json!({"text": "Which van?", "questions": [0, 2]}),
        &[
            ("/text", json!(" "), "text", required),
            ("/text", long(50_001), "text", too_long),
            ("/questions", json!([3]), "questions", no),
            ("/questions", json!([0, 0]), "questions", no),
        ],
        |asked: &ClarificationRequest| asked.validate(&request),
    );
    check(
        &json!({"authority": "Istanbul police", "reference": "7", "note": "Today."}),
        &[
            ("/authority", json!(""), "authority", required),
            ("/authority", long(301), "authority", too_long),
            ("/reference", long(101), "reference", too_long),
            ("/note", long(5_001), "note", too_long),
        ],
        Channelling::validate,
    );
    let now: Timestamp = "2026-03-22T14:02:00Z".parse().expect("a time");
    check(
        &json!({"expected": "2026-03-29T14:02:00.000Z", "reason": "A court decides."}),
        &[
            (
                "/expected",
                json!("2026-03-22T14:02:00.000Z"),
                "expected",
                no,
            ),
            (
                "/expected",
                json!("2027-03-24T14:02:00.000Z"),
                "expected",
                no,
            ),
            ("/reason", json!(""), "reason", required),
        ],
        |awaited: &AwaitingAuthorisation| awaited.validate(now),
    );
    let sides = ["MK", "TR"].map(|side| side.parse().expect("a member"));
    check(
        &json!({"to": "AT", "reason": "It was rented there."}),
        &[
            ("/to", json!("MK"), "to", no),
            ("/to", json!("TR"), "to", no),
            ("/reason", json!("a\u{7}"), "reason", no),
        ],
        |transfer: &Transfer| transfer.validate(sides),
    );
}

#[test]
fn each_fault_of_what_the_asking_side_says_is_found_at_its_field() {
    let (required, too_long, no) = ("required", "too-long", "not-allowed");
    check(
        &json!({"text": "The white one."}),
        &[("/text", json!(""), "text", required)],
        Clarification::validate,
    );
    check(
        &json!({"useful": "useful", "became": ["arrest"], "note": "Thank you."}),
        &[
            ("/became", json!(["arrest", "arrest"]), "became", no),
            ("/became", json!(["arrest", "none"]), "became", no),
            ("/note", long(5_001), "note", too_long),
        ],
        Feedback::validate,
    );
    check(
        &json!({"useful": "useful", "became": ["other"], "note": "Thank you."}),
        &[("/note", Value::Null, "note", required)],
        Feedback::validate,
    );
    check(
        &json!({"reason": "Found."}),
        &[
            ("/reason", json!(""), "reason", required),
            ("/reason", long(5_001), "reason", too_long),
        ],
        Withdrawal::validate,
    );
    let own = "01JD3W0000ABCDEFGHJKMNPQRS";
    check(
        &json!({"by": "01JD3W0000ABCDEFGHJKMNPQRT", "reason": "Another van."}),
        &[
            ("/by", json!(own), "by", no),
            ("/reason", json!(""), "reason", required),
        ],
        |new: &Supersession| new.validate(own.parse().expect("an id")),
    );
    check(
        &json!({"note": "Thank you."}),
        &[("/note", json!(" "), "note", required)],
        Closing::validate,
    );
    check(
        &json!({"reason": "There is a court order now.", "questions": [1]}),
        &[
            ("/reason", json!(""), "reason", required),
            ("/questions", json!([3]), "questions", no),
        ],
        |reopening: &Reopening| reopening.validate(&request()),
    );
}
