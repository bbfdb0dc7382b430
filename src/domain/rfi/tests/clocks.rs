//! The clock: from receipt, over acceptance, pauses and derogation, to its end and again.

use super::*;
use crate::base::Digest;
use crate::domain::profile::{Pause, Pressure, Urgency};

fn clock(talk: &Talk) -> crate::domain::profile::Clock {
    talk.agree("the clock");
    talk.asked.exchange.clock().expect("it was received")
}

/// Says it at that hour, and it arrives at once.
fn at(talk: &mut Talk, hour: i64, what: Move) {
    talk.hour = hour;
    talk.said(&command_of(what));
}

#[test]
fn the_clock_counts_from_receipt_and_acceptance_says_how_long() {
    let mut talk = Talk::new();
    assert_eq!(
        (clock(&talk).started, clock(&talk).due),
        (hours(0), hours(8))
    );
    at(&mut talk, 2, Move::Accept);
    let clock = clock(&talk);
    assert_eq!((clock.limit, clock.due), (Limit::Answer, hours(72)));
    assert!(!clock.overdue(hours(72)) && clock.overdue(hours(73)));
}

#[test]
fn a_part_of_the_answer_stops_the_wait_for_acknowledgement() {
    let mut request = request();
    request.profile = Profile::BpMou;
    let mut talk = Talk::of(request);
    let first = clock(&talk);
    assert_eq!((first.limit, first.due), (Limit::Acknowledge, hours(8)));
    at(&mut talk, 1, Move::AnswerPart);
    let clock = clock(&talk);
    assert_eq!((clock.limit, clock.due), (Limit::Answer, hours(72)));
    assert_eq!(clock.stopped, None);
}

#[test]
fn a_clarification_that_is_asked_for_pauses_the_clock_until_it_is_given() {
    let mut talk = Talk::new();
    at(&mut talk, 2, Move::AskClarification);
    let paused = clock(&talk);
    assert_eq!(paused.paused_since(), Some(hours(2)));
    assert_eq!(paused.due, hours(8));
    // However long it takes, it is not the asked side that is late.
    assert!(!paused.overdue(hours(900)));
    assert_eq!(paused.pressure(hours(900)), Pressure::None);
    assert_eq!(paused.left(hours(900)).as_secs(), 6 * 3_600);
    at(&mut talk, 30, Move::Clarify);
    assert_eq!(clock(&talk).due, hours(36));
    at(&mut talk, 32, Move::AskClarification);
    at(&mut talk, 33, Move::Clarify);
    let clock = clock(&talk);
    let pause = |began, ended| Pause {
        began: hours(began),
        ended: Some(hours(ended)),
    };
    assert_eq!(clock.pauses, [pause(2, 30), pause(32, 33)]);
    assert_eq!((clock.due, clock.paused_since()), (hours(37), None));
    assert!(!clock.overdue(hours(37)) && clock.overdue(hours(38)));
}

#[test]
fn what_stood_still_or_was_awaited_makes_no_step_of_escalation_longer() {
    let mut request = request();
    request.profile = Profile::BpMou;
    request.urgency = Urgency::Life;
    let mut talk = Talk::of(request);
    at(&mut talk, 1, Move::Accept);
    at(&mut talk, 2, Move::AskClarification);
    at(&mut talk, 74, Move::Clarify);
    let moments = clock(&talk).moments();
    assert_eq!(clock(&talk).due, hours(80));
    assert_eq!(moments.soon, hours(78));
    assert_eq!(moments.escalates, [82, 84, 88].map(hours));
    at(&mut talk, 75, Move::Await);
    let moments = clock(&talk).moments();
    assert_eq!(clock(&talk).due, hours(100));
    assert_eq!(moments.soon, hours(98));
    assert_eq!(moments.escalates, [102, 104, 108].map(hours));
}

#[test]
fn whatever_ends_the_exchange_ends_the_pause() {
    for end in [
        Move::Answer,
        Move::Refuse,
        Move::Transfer,
        Move::Withdraw,
        Move::Supersede,
    ] {
        let mut talk = Talk::new();
        at(&mut talk, 2, Move::AskClarification);
        at(&mut talk, 5, end);
        let clock = clock(&talk);
        assert_eq!(clock.stopped, Some(hours(5)), "{end}");
        assert_eq!(clock.pauses[0].ended, Some(hours(5)), "{end}");
        assert_eq!((clock.due, clock.paused_since()), (hours(11), None));
    }
}

#[test]
fn an_authorisation_that_is_awaited_moves_the_end_but_never_forwards() {
    let mut talk = Talk::new();
    at(&mut talk, 1, Move::Await);
    assert_eq!(clock(&talk).due, hours(100));
    let reason = clock(&talk).derogation.expect("it was announced").reason;
    assert_eq!(reason, "A court decides on the telephone data.");
    talk.hour = 2;
    talk.said(&Command::Await(AwaitingAuthorisation {
        expected: hours(50),
        reason: "Sooner than thought.".to_owned(),
    }));
    assert_eq!(clock(&talk).due, hours(50));
    // What stands still afterwards comes on top.
    at(&mut talk, 3, Move::AskClarification);
    at(&mut talk, 10, Move::Clarify);
    assert_eq!(clock(&talk).due, hours(57));
    talk.said(&Command::Await(AwaitingAuthorisation {
        expected: hours(12),
        reason: "Tonight.".to_owned(),
    }));
    assert_eq!(
        clock(&talk).due,
        hours(15),
        "the limit and its pause still hold"
    );
}

#[test]
fn an_exchange_holds_the_reason_of_the_last_announcement_that_counts_alone() {
    let awaits = |reason: &str| {
        Command::Await(AwaitingAuthorisation {
            expected: hours(100),
            reason: reason.to_owned(),
        })
    };
    let mut talk = Talk::new();
    for reason in ["The first.", "The second.", "The third."] {
        talk.said(&awaits(reason));
    }
    let reason = |talk: &Talk| clock(talk).derogation.map(|awaited| awaited.reason);
    assert_eq!(reason(&talk), Some("The third.".to_owned()));
    for end in [&talk.asking, &talk.asked] {
        let json = serde_json::to_string(&end.exchange).expect("JSON");
        assert!(!json.contains("The first."), "{json}");
        assert!(!json.contains("The second."), "{json}");
    }
    // Both sides hold the same of what crosses, too.
    talk.crosses(&awaits("The fourth.")).expect("it may");
    talk.crosses(&command_of(Move::Withdraw)).expect("it may");
    talk.settles();
    assert_eq!(reason(&talk), Some("The fourth.".to_owned()));
}

#[test]
fn a_reason_that_does_not_count_puts_none_in_the_shade() {
    let mut talk = Talk::new();
    at(&mut talk, 1, Move::Await);
    let told = clock(&talk).derogation;
    at(&mut talk, 2, Move::Withdraw);
    // It is in the log, as an entry of an earlier version may be.
    let letter = talk.letter(
        Side::Requested,
        Role::Contact,
        Body::AwaitingAuthorisation(AwaitingAuthorisation {
            expected: hours(200),
            reason: "Too late.".to_owned(),
        }),
    );
    for end in [&mut talk.asking, &mut talk.asked] {
        end.exchange
            .apply(&letter.header, &letter.event, Digest::of(b"too late"));
    }
    assert_eq!(talk.asked.exchange.crossed(), [Digest::of(b"too late")]);
    assert_eq!(clock(&talk).derogation, told);
    let json = serde_json::to_string(&talk.asked.exchange).expect("JSON");
    assert!(!json.contains("Too late."), "{json}");
}

#[test]
fn a_reopening_starts_the_clock_anew() {
    let mut talk = Talk::new();
    at(&mut talk, 1, Move::Accept);
    at(&mut talk, 2, Move::AskClarification);
    at(&mut talk, 4, Move::Clarify);
    at(&mut talk, 5, Move::Await);
    at(&mut talk, 6, Move::Answer);
    at(&mut talk, 7, Move::Close);
    assert_eq!(clock(&talk).stopped, Some(hours(6)));
    at(&mut talk, 30, Move::Reopen);
    let clock = clock(&talk);
    assert_eq!((clock.started, clock.due), (hours(30), hours(38)));
    assert_eq!((clock.stopped, clock.derogation), (None, None));
    assert!(clock.pauses.is_empty());
}

#[test]
fn times_never_go_back_whatever_the_other_clock_says() {
    let mut talk = Talk::new();
    at(&mut talk, 6, Move::AskClarification);
    // The asking side's clock is four hours behind.
    at(&mut talk, 2, Move::Clarify);
    let pause = clock(&talk).pauses[0];
    assert_eq!((pause.began, pause.ended), (hours(6), Some(hours(6))));
    at(&mut talk, -3, Move::Answer);
    assert_eq!(clock(&talk).stopped, Some(hours(6)));
}

#[test]
fn the_clock_begins_with_the_delivery_even_if_only_the_opening_is_known_so_far() {
    let mut asking = Talk::queued(request()).asking.exchange;
    asking.opened(hours(2));
    assert_eq!(asking.clock().expect("it was delivered").started, hours(2));
    asking.delivered(hours(1));
    assert_eq!(asking.clock().expect("it was delivered").started, hours(1));
    assert_eq!(asking.state(), State::Read);
}

#[test]
fn what_was_received_before_the_clock_was_set_back_counts_from_its_opening() {
    let mut asked = Talk::queued(request()).asking.exchange;
    asked.delivered(hours(24));
    asked.opened(hours(2));
    assert_eq!(asked.clock().expect("it was received").started, hours(2));
}

/// MK says it at that hour, and TR has it at another.
fn late(talk: &mut Talk, said: i64, has: i64, what: Move) -> MessageId {
    talk.hour = said;
    let id = talk.next_id(Side::Requesting);
    at(talk, said, what);
    talk.asked.exchange.event_delivered(id, hours(has));
    id
}

#[test]
fn what_was_under_way_for_long_takes_no_time_from_who_has_to_answer_it() {
    let mut talk = Talk::new();
    at(&mut talk, 1, Move::AskClarification);
    let clarification = late(&mut talk, 2, 12, Move::Clarify);
    let clocks = |talk: &Talk| {
        [&talk.asking, &talk.asked].map(|end| end.exchange.clock().expect("it was received"))
    };
    let [asking, asked] = clocks(&talk);
    // Eight hours from the receipt, and what it stood still.
    assert_eq!((asking.due, asked.due), (hours(9), hours(19)));
    talk.asking
        .exchange
        .event_delivered(clarification, hours(12));
    assert_eq!(clock(&talk).due, hours(19));
    at(&mut talk, 13, Move::Answer);
    let reopening = late(&mut talk, 30, 40, Move::Reopen);
    let [asking, asked] = clocks(&talk);
    assert_eq!((asking.started, asked.started), (hours(30), hours(40)));
    talk.asking.exchange.event_delivered(reopening, hours(40));
    assert_eq!(clock(&talk).due, hours(48));
}

#[test]
fn what_came_again_counts_from_the_first_time() {
    let mut talk = Talk::new();
    at(&mut talk, 1, Move::Answer);
    let reopening = late(&mut talk, 30, 40, Move::Reopen);
    talk.asked.exchange.event_delivered(reopening, hours(50));
    let clock = talk.asked.exchange.clock().expect("it was received");
    assert_eq!(clock.started, hours(40));
}

#[test]
fn a_limit_that_ran_out_and_a_ground_stay_on_record_whatever_comes_later() {
    let deviations = |talk: &Talk, hour| talk.asked.exchange.deviations(hours(hour));
    let mut talk = Talk::new();
    assert!(!deviations(&talk, 8).late && deviations(&talk, 9).late);
    // Accepting says that it takes 72 hours, two hours after the first eight were over.
    at(&mut talk, 10, Move::Accept);
    assert!(deviations(&talk, 11).late);
    let mut talk = Talk::new();
    at(&mut talk, 9, Move::Await);
    at(&mut talk, 10, Move::Refuse);
    at(&mut talk, 11, Move::Reopen);
    assert!(talk.asked.exchange.questions()[0].ground.is_none());
    let all = deviations(&talk, 12);
    assert!(all.late && all.grounds.len() == 1, "{all:?}");
    let mut talk = Talk::new();
    at(&mut talk, 7, Move::Await);
    at(&mut talk, 50, Move::Answer);
    assert_eq!(deviations(&talk, 900), Deviations::default());
}
