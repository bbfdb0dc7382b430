use std::time::Duration;

use super::*;
use crate::base::{Digest, MessageId, Role};
use crate::domain::Status;
use crate::domain::fixtures::{actor, hours, message, request};
use crate::domain::message::Body;
use crate::domain::profile::{Profile, Urgency};
use crate::domain::rfi::{
    ClarificationRequest, Exchange, Request, Side, State, UrgencyReason, Withdrawal,
};

mod schedule;

const EXAMPLE: &str = include_str!("../../../deploy/examples/duty.toml");

#[derive(serde::Deserialize)]
struct File {
    duty: Roster,
}

fn roster() -> Roster {
    let file: File = toml::from_str(EXAMPLE).expect("the example is a roster");
    file.duty
}

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn faults(change: impl FnOnce(&mut Vec<Post>)) -> Vec<String> {
    let mut roster = roster();
    change(&mut roster.0);
    let faults = roster.validate().err().unwrap_or_default();
    faults.into_iter().map(|fault| fault.path).collect()
}

fn hours_of(roster: &mut [Post]) -> &mut Hours {
    roster[1].hours.as_mut().expect("the head has hours")
}

#[test]
fn the_example_roster_holds() {
    assert_eq!(roster().validate(), Ok(()));
    assert_eq!(Roster::default().validate(), Ok(()));
}

#[test]
fn every_fault_of_a_roster_is_named_at_its_field() {
    assert_eq!(faults(|r| r[0].post.clear()), ["duty[0].post"]);
    for phone in [
        "",
        "02 000 0001",
        "+0 389 200",
        "+38 92",
        "+389  200 000",
        "+389-200-000",
    ] {
        let found = faults(|r| r[2].phone = phone.to_owned());
        assert_eq!(found, ["duty[2].phone"], "{phone:?}");
    }
    assert_eq!(faults(|r| r[0].languages.clear()), ["duty[0].languages"]);
    let twice = faults(|r| r[0].languages = vec!["mk".to_owned(); 2]);
    assert_eq!(twice, ["duty[0].languages"]);
    let tag = faults(|r| r[0].languages = vec!["m".to_owned()]);
    assert_eq!(tag, ["duty[0].languages[0]"]);
    assert_eq!(faults(|r| r.truncate(0)), [""; 0]);
    assert_eq!(faults(|r| drop(r.remove(0))), ["duty"]);
    assert_eq!(faults(|r| r.extend(vec![r[0].clone(); 10])), ["duty"]);
    for (from, to, path) in [
        ("24:00", "16:00", "from"),
        ("8:00", "16:00", "from"),
        ("08:60", "16:00", "from"),
        ("08:00", "24:01", "to"),
        ("08:00", "+1:00", "to"),
    ] {
        let found = faults(|r| {
            let hours = hours_of(r);
            (hours.from, hours.to) = (from.to_owned(), to.to_owned());
        });
        assert_eq!(found, [format!("duty[1].hours.{path}")], "{from} {to}");
    }
    for zone in [
        "",
        "Europe/",
        "/etc/passwd",
        "../zone",
        "Europe/Sko pje",
        "2",
    ] {
        let found = faults(|r| hours_of(r).zone = zone.to_owned());
        assert_eq!(found, ["duty[1].hours.zone"], "{zone:?}");
    }
}

#[test]
fn hours_are_those_of_the_clock_in_their_zone_in_summer_and_winter() {
    let roster = roster();
    let head = &roster.0[1];
    // Mondays: 08:00 in Skopje is 07:00 UTC in winter and 06:00 UTC in summer.
    for (at, answers) in [
        ("2026-01-12T06:59:00Z", false),
        ("2026-01-12T07:00:00Z", true),
        ("2026-01-12T15:00:00Z", false),
        ("2026-07-13T06:00:00Z", true),
        ("2026-07-13T14:00:00Z", false),
        ("2026-07-12T10:00:00Z", false),
    ] {
        assert_eq!(head.answers(time(at)), Some(answers), "{at}");
    }
}

#[test]
fn a_night_belongs_to_the_day_on_which_it_began() {
    let night = Hours {
        days: vec![Weekday::Friday],
        from: "22:00".to_owned(),
        to: "06:00".to_owned(),
        zone: "UTC".to_owned(),
    };
    for (at, covered) in [
        ("2026-07-10T21:59:00Z", false),
        ("2026-07-10T22:00:00Z", true),
        ("2026-07-11T05:59:00Z", true),
        ("2026-07-11T06:00:00Z", false),
        ("2026-07-10T05:00:00Z", false),
    ] {
        assert_eq!(night.cover(time(at)), Some(covered), "{at}");
    }
    let nowhere = Hours {
        zone: "Europe/Atlantis".to_owned(),
        ..night
    };
    assert_eq!(nowhere.cover(time("2026-07-10T22:00:00Z")), None);
}

#[test]
fn whoever_answers_now_is_called_before_whoever_does_not() {
    let roster = roster();
    let called = |level, at| roster.at(level, time(at)).expect("somebody").level;
    let (day, night) = ("2026-07-13T10:00:00Z", "2026-07-13T23:00:00Z");
    assert_eq!(called(DutyLevel::Desk, day), DutyLevel::Desk);
    assert_eq!(called(DutyLevel::Head, day), DutyLevel::Head);
    assert_eq!(called(DutyLevel::Head, night), DutyLevel::National);
    assert_eq!(called(DutyLevel::National, night), DutyLevel::National);
    assert_eq!(Roster::default().at(DutyLevel::Desk, time(day)), None);
}
