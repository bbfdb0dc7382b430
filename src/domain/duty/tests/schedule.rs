//! When each matter appears, and when each level of the roster hears of it.

use super::*;

fn minutes(n: u64) -> Duration {
    Duration::from_secs(60 * n)
}

/// A request of MK to TR, made at hour 0, as one side has it.
fn exchange(side: Side, urgency: Urgency) -> Exchange {
    let mut request = request();
    request.profile = Profile::Eu2023977;
    request.urgency = urgency;
    request.urgency_reason = (urgency != Urgency::Routine).then_some(UrgencyReason::U2);
    opened(side, request)
}

fn opened(side: Side, request: Request) -> Exchange {
    let by = actor("MK", Role::Officer);
    let (header, event) = message(by, hours(0), Body::Request(Box::new(request)));
    Exchange::open(side, &header, &event, Digest::EMPTY, hours(0)).expect("it is a request")
}

fn loose(state: LooseState) -> LooseEnd {
    LooseEnd {
        message: MessageId::from_bytes([3; 16]),
        since: hours(0),
        state,
    }
}

fn call(after: Duration, outcome: CallOutcome) -> CallMade {
    CallMade {
        at: hours(0).plus(after),
        outcome,
    }
}

/// What is shown some time after hour 0: reasons and levels, the most pressing first.
fn shown(
    exchange: &Exchange,
    loose: &[LooseEnd],
    calls: &[CallMade],
    after: Duration,
) -> Vec<(Reason, u8)> {
    let facts = Facts {
        exchange,
        loose,
        calls,
        told: &[],
    };
    let roster = roster();
    let reach = Reach {
        unlinked_since: None,
        withheld: false,
        own: &roster,
        theirs: &roster,
    };
    let all = attention(&facts, &reach, hours(0).plus(after));
    all.iter().map(|one| (one.reason, one.level)).collect()
}

#[test]
fn an_urgent_request_that_nobody_opens_is_told_after_fifteen_minutes_and_climbs() {
    let mut exchange = exchange(Side::Requesting, Urgency::Urgent);
    exchange.delivered(hours(0).plus(minutes(10)));
    let course = |after| shown(&exchange, &[], &[], after);
    assert_eq!(course(Duration::from_secs(15 * 60 - 1)), []);
    assert_eq!(course(minutes(15)), [(Reason::Unopened, 1)]);
    assert_eq!(course(minutes(18)), [(Reason::Unopened, 1)]);
    assert_eq!(course(minutes(19)), [(Reason::Unopened, 2)]);
    assert_eq!(course(minutes(23)), [(Reason::Unopened, 3)]);
    exchange.opened(hours(0).plus(minutes(24)));
    assert_eq!(shown(&exchange, &[], &[], minutes(25)), []);
}

#[test]
fn a_routine_request_may_lie_until_its_clock_says_otherwise() {
    let mut exchange = exchange(Side::Requesting, Urgency::Routine);
    exchange.delivered(hours(0));
    assert_eq!(shown(&exchange, &[], &[], minutes(60 * 24 * 7)), []);
    let late = minutes(60 * 24 * 7 + 1);
    assert_eq!(shown(&exchange, &[], &[], late), [(Reason::Overdue, 0)]);
}

#[test]
fn whoever_was_reached_by_telephone_gets_the_whole_limit_again() {
    let mut exchange = exchange(Side::Requesting, Urgency::Life);
    exchange.delivered(hours(0));
    let reached = [call(minutes(16), CallOutcome::Reached)];
    let nobody = [call(minutes(16), CallOutcome::NoAnswer)];
    assert_eq!(shown(&exchange, &[], &reached, minutes(30)), []);
    let again = shown(&exchange, &[], &reached, minutes(31));
    assert_eq!(again, [(Reason::Unopened, 1)]);
    let climbs = shown(&exchange, &[], &nobody, minutes(23));
    assert_eq!(climbs, [(Reason::Unopened, 3)]);
}

#[test]
fn what_came_is_told_to_the_own_desk_before_the_other_side_calls() {
    let asked = exchange(Side::Requested, Urgency::Urgent);
    let unread = [loose(LooseState::Unread)];
    let course = |after| shown(&asked, &unread, &[], after);
    assert_eq!(course(Duration::ZERO), [(Reason::Unread, 1)]);
    assert_eq!(course(minutes(15)), [(Reason::Unread, 2)]);
    assert_eq!(course(minutes(19)), [(Reason::Unread, 3)]);
    let routine = exchange(Side::Requested, Urgency::Routine);
    assert_eq!(shown(&routine, &unread, &[], minutes(239)), []);
    let shown = shown(&routine, &unread, &[], minutes(240));
    assert_eq!(shown, [(Reason::Unread, 0)]);
}

#[test]
fn the_asked_sides_own_people_hear_of_a_limit_one_level_before_the_asking_side() {
    let mut asking = exchange(Side::Requesting, Urgency::Urgent);
    asking.delivered(hours(0));
    asking.opened(hours(0));
    let mut asked = exchange(Side::Requested, Urgency::Urgent);
    asked.opened(hours(0));
    let course = [
        (5, None, None),
        (6, None, Some((Reason::DueSoon, 0))),
        (8, None, Some((Reason::DueSoon, 0))),
        (9, Some((Reason::Overdue, 0)), Some((Reason::Overdue, 1))),
        (10, Some((Reason::Overdue, 1)), Some((Reason::Overdue, 2))),
        (12, Some((Reason::Overdue, 2)), Some((Reason::Overdue, 3))),
        (16, Some((Reason::Overdue, 3)), Some((Reason::Overdue, 3))),
    ];
    for (hour, theirs, own) in course {
        let after = minutes(60 * hour);
        let seen = |exchange| shown(exchange, &[], &[], after).first().copied();
        assert_eq!((seen(&asking), seen(&asked)), (theirs, own), "hour {hour}");
    }
}

#[test]
fn a_message_that_does_not_arrive_is_told_by_its_time_and_how_it_fails() {
    let exchange = exchange(Side::Requesting, Urgency::Urgent);
    let queued = [loose(LooseState::Queued)];
    assert_eq!(shown(&exchange, &queued, &[], minutes(14)), []);
    let late = shown(&exchange, &queued, &[], minutes(15));
    assert_eq!(late, [(Reason::Undelivered, 1)]);
    let refused = [loose(LooseState::Refused(12))];
    let at_once = shown(&exchange, &refused, &[], Duration::ZERO);
    assert_eq!(at_once, [(Reason::Refused, 1)]);
    let reached = [call(minutes(1), CallOutcome::Reached)];
    assert_eq!(shown(&exchange, &refused, &reached, minutes(2)), []);
    let both = [loose(LooseState::Expired), loose(LooseState::Queued)];
    let pressing = shown(&exchange, &both, &[], minutes(15));
    assert_eq!(pressing, [(Reason::Expired, 2), (Reason::Undelivered, 1)]);
}

/// A message that the other side refused some time after hour 0.
fn refused(after: Duration) -> LooseEnd {
    LooseEnd {
        since: hours(0).plus(after),
        ..loose(LooseState::Refused(12))
    }
}

#[test]
fn a_call_settles_what_was_refused_before_it_and_nothing_after() {
    let exchange = exchange(Side::Requesting, Urgency::Urgent);
    let refusals = [refused(minutes(0)), refused(minutes(40))];
    let reached = [call(minutes(10), CallOutcome::Reached)];
    let course = |after| shown(&exchange, &refusals, &reached, after);
    assert_eq!(course(minutes(39)), []);
    assert_eq!(course(minutes(40)), [(Reason::Refused, 1)]);
    assert_eq!(course(minutes(55)), [(Reason::Refused, 2)]);
}

#[test]
fn a_second_refusal_is_told_anew_while_the_first_goes_up_the_roster() {
    let exchange = exchange(Side::Requesting, Urgency::Urgent);
    let refusals = [0, 5, 14].map(|minute| refused(minutes(minute)));
    let pressing = shown(&exchange, &refusals, &[], minutes(15));
    assert_eq!(pressing, [(Reason::Refused, 2), (Reason::Refused, 1)]);
}

#[test]
fn where_there_is_no_link_or_the_member_is_out_that_is_the_reason() {
    let exchange = exchange(Side::Requesting, Urgency::Urgent);
    let queued = [loose(LooseState::Queued)];
    let facts = Facts {
        exchange: &exchange,
        loose: &queued,
        calls: &[],
        told: &[],
    };
    let (own, theirs) = (Roster::default(), roster());
    let down = Some(hours(0).plus(minutes(3)));
    let mut reach = Reach {
        unlinked_since: down,
        withheld: false,
        own: &own,
        theirs: &theirs,
    };
    let now = hours(0).plus(minutes(16));
    let one = attention(&facts, &reach, now).remove(0);
    assert_eq!((one.reason, one.unlinked_since), (Reason::NoLink, down));
    assert_eq!(one.call, Side::Requested);
    assert_eq!(one.post.as_ref(), theirs.at(DutyLevel::Desk, now));
    reach.withheld = true;
    let one = attention(&facts, &reach, now).remove(0);
    assert_eq!((one.reason, one.unlinked_since), (Reason::Withheld, None));
}

#[test]
fn in_an_exercise_nothing_presses() {
    for status in Status::ALL {
        let mut request = request();
        request.status = *status;
        let mut exchange = opened(Side::Requesting, request);
        exchange.delivered(hours(0));
        let all = shown(&exchange, &[loose(LooseState::Unread)], &[], minutes(16));
        assert_eq!(all.is_empty(), *status != Status::Actual, "{status}");
    }
}

#[test]
fn every_level_comes_after_the_one_before_and_none_before_the_matter_appears() {
    for side in [Side::Requesting, Side::Requested] {
        for urgency in Urgency::ALL {
            let mut exchange = exchange(side, *urgency);
            exchange.delivered(hours(1));
            let loose = [
                loose(LooseState::Queued),
                loose(LooseState::Refused(1)),
                loose(LooseState::Expired),
                loose(LooseState::Unread),
            ];
            let facts = Facts {
                exchange: &exchange,
                loose: &loose,
                calls: &[],
                told: &[],
            };
            let all = concerns(&facts);
            assert!(all.len() >= 5, "{side} {urgency}: {}", all.len());
            for concern in all {
                let levels = &concern.levels;
                assert!(levels.is_sorted(), "{side} {urgency} {concern:?}");
                assert!(
                    levels.iter().all(|at| *at >= concern.appears),
                    "{concern:?}"
                );
                assert!(levels.len() <= 3);
            }
        }
    }
}

/// What a side says at an hour.
fn says(exchange: &mut Exchange, of: &str, role: Role, hour: i64, body: Body) {
    let (mut header, event) = message(actor(of, role), hours(hour), body);
    header.last_seen = (of == "TR").then_some(Digest::EMPTY);
    exchange.apply(&header, &event, Digest::of(of.as_bytes()));
}

fn withdrawn(side: Side) -> Exchange {
    let mut exchange = exchange(side, Urgency::Urgent);
    let body = Body::Withdrawal(Withdrawal {
        reason: "It was another van.".to_owned(),
    });
    says(&mut exchange, "MK", Role::Officer, 0, body);
    assert_eq!(exchange.state(), State::Withdrawn);
    exchange
}

#[test]
fn what_is_said_in_an_exchange_that_is_over_has_to_arrive_all_the_same() {
    for side in [Side::Requesting, Side::Requested] {
        let exchange = withdrawn(side);
        for (state, reason) in [
            (LooseState::Refused(1), Reason::Refused),
            (LooseState::Expired, Reason::Expired),
        ] {
            let all = shown(&exchange, &[loose(state)], &[], minutes(1));
            assert_eq!(all, [(reason, 1)], "{side}");
        }
        let both = [loose(LooseState::Refused(1)), loose(LooseState::Queued)];
        let all = shown(&exchange, &both, &[], minutes(16));
        let reasons: Vec<Reason> = all.iter().map(|(reason, _)| *reason).collect();
        assert!(reasons.contains(&Reason::Undelivered), "{side} {reasons:?}");
    }
}

#[test]
fn that_a_request_was_taken_back_which_never_arrived_need_not_arrive() {
    let exchange = withdrawn(Side::Requesting);
    let request = LooseEnd {
        message: exchange.id(),
        ..loose(LooseState::Refused(1))
    };
    let all = [request, loose(LooseState::Queued)];
    assert_eq!(shown(&exchange, &all, &[], minutes(60)), []);
}

#[test]
fn a_question_back_that_nobody_answers_goes_up_the_roster_of_whoever_asked() {
    let asked_back = |side, urgency| {
        let mut exchange = exchange(side, urgency);
        exchange.delivered(hours(0));
        exchange.opened(hours(0));
        let body = Body::ClarificationRequest(ClarificationRequest {
            text: "Which van?".to_owned(),
            questions: Vec::new(),
        });
        says(&mut exchange, "TR", Role::Contact, 0, body);
        exchange
    };
    let asking = asked_back(Side::Requesting, Urgency::Urgent);
    let course = |after| shown(&asking, &[], &[], after);
    assert_eq!(course(minutes(14)), [(Reason::ClarificationOwed, 0)]);
    assert_eq!(course(minutes(15)), [(Reason::ClarificationOwed, 1)]);
    assert_eq!(course(minutes(19)), [(Reason::ClarificationOwed, 2)]);
    assert_eq!(course(minutes(23)), [(Reason::ClarificationOwed, 3)]);
    let routine = asked_back(Side::Requesting, Urgency::Routine);
    assert_eq!(
        shown(&routine, &[], &[], minutes(60 * 24)),
        [(Reason::ClarificationOwed, 1)]
    );
    let asked = asked_back(Side::Requested, Urgency::Urgent);
    assert_eq!(shown(&asked, &[], &[], minutes(60)), []);
}
