//! What reaches the terminal.

use serde_json::json;

use super::*;

#[test]
fn a_peers_words_cannot_steer_the_terminal_or_forge_a_line() {
    assert_eq!(
        clean("van\u{1b}[2J\nproof: \u{202e}x\u{9b}"),
        "van\u{fffd}[2J proof: \u{fffd}x\u{fffd}"
    );
    assert_eq!(clean("می\u{200c}خواهم"), "می\u{200c}خواهم");
}

#[test]
fn a_long_text_hangs_below_its_lead_within_80_columns() {
    let text = hang("  why: ", &"word ".repeat(40));
    assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
    assert!(
        text.lines()
            .skip(1)
            .all(|line| line.starts_with("       word"))
    );
    assert_eq!(hang("a: ", "one\n\ntwo"), "a: one\n   \n   two\n");
    assert_eq!(hang("a: ", ""), "a: \n");
}

#[test]
fn a_time_stands_in_utc_and_in_the_local_zone() {
    let at = Timestamp::from_millis(1_774_188_127_000);
    let zone = |seconds| {
        jiff::tz::TimeZone::fixed(jiff::tz::Offset::from_seconds(seconds).expect("in range"))
    };
    assert_eq!(time_in(at, &zone(0)), "2026-03-22 14:02:07 UTC");
    assert_eq!(
        time_in(at, &zone(3_600)),
        "2026-03-22 14:02:07 UTC (15:02 +01)"
    );
    assert_eq!(
        time_in(at, &zone(12 * 3_600)),
        "2026-03-22 14:02:07 UTC (2026-03-23 02:02 +12)"
    );
}

#[test]
fn sizes_and_durations_are_short() {
    assert_eq!(size(999), "999 bytes");
    assert_eq!(size(5_000_000), "5.0 MB");
    assert_eq!(duration(Duration::from_secs(40)), "40 s");
    assert_eq!(duration(Duration::from_secs(25_920)), "7 h 12 min");
    assert_eq!(
        duration(Duration::from_secs(3 * 86_400 + 4 * 3_600)),
        "3 d 4 h"
    );
    assert_eq!(count(1, "entry", "entries"), "1 entry");
}

#[test]
fn content_reads_field_by_field() {
    let value = json!({
        "profile": "eu-2023-977",
        "languages": ["en", "tr"],
        "note": null,
        "questions": [{ "kind": "vehicle-owner", "text": "Who owns it?" }],
    });
    assert_eq!(
        content(&value, 2),
        "  languages: en, tr\n  profile: eu-2023-977\n  questions:\n    - kind: vehicle-owner\n      text: Who owns it?\n"
    );
}
