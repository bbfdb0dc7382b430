use super::*;
use crate::base::{Role, Timestamp};
use crate::domain::fixtures::{actor, answer, hours, message, request};
use crate::domain::message::{Body, Event, Header, Kind, Priority};
use crate::domain::profile::{Access, Limit, Profile};

mod crossing;
mod fields;
mod table;

fn opened_at(side: Side, hour: i64) -> Exchange {
    let (header, event) = sent(Body::Request(Box::new(request())), "MK", Role::Officer, 0);
    Exchange::open(side, &header, &event, hours(hour)).expect("it is a request")
}

fn sent(body: Body, of: &str, role: Role, hour: i64) -> (Header, Event) {
    message(actor(of, role), hours(hour), body)
}

fn acceptance() -> Acceptance {
    Acceptance {
        reference: Some("TR-1".to_owned()),
        access: Access::Indirect,
        note: None,
    }
}

fn refusal(ground: Ground) -> Refusal {
    Refusal {
        ground,
        scope: Scope::Whole,
        questions: Vec::new(),
        reason: None,
    }
}

fn answering(outcome: Outcome) -> Answer {
    let text = match outcome {
        Outcome::Hit | Outcome::Partial => Some("Found.".to_owned()),
        Outcome::NoHit | Outcome::NotAvailable => None,
    };
    Answer {
        outcome,
        text,
        answers: Vec::new(),
        handling: request().handling,
    }
}

fn decide(exchange: &Exchange, command: &Command, role: Role) -> Result<Body, Refused> {
    exchange.decide(command, &actor("TR", role), hours(1))
}

fn apply(exchange: &mut Exchange, body: Body, hour: i64) {
    let (header, event) = sent(body, "TR", Role::Contact, hour);
    exchange.apply(&header, &event, hours(hour + 1));
}

#[test]
fn an_exchange_goes_from_queued_over_its_receipts_to_its_answer() {
    let mut asked = opened_at(Side::Requesting, 0);
    assert_eq!((asked.state(), asked.clock()), (State::Queued, None));
    asked.delivered(hours(1));
    assert_eq!(asked.state(), State::Delivered);
    asked.opened(hours(2));
    assert_eq!(asked.state(), State::Read);
    apply(&mut asked, Body::Acceptance(acceptance()), 3);
    assert_eq!(asked.state(), State::Accepted);
    assert_eq!(asked.their_reference(), Some("TR-1"));
    apply(&mut asked, Body::Answer(answering(Outcome::Partial)), 4);
    assert_eq!(asked.state(), State::PartialAnswer);
    apply(&mut asked, Body::Answer(answering(Outcome::Hit)), 5);
    assert_eq!(asked.state(), State::Answered);
    let clock = asked.clock().expect("it was delivered");
    assert_eq!((clock.started, clock.stopped), (hours(1), Some(hours(5))));
}

#[test]
fn what_ended_takes_no_more_commands() {
    for end in [
        Body::Answer(answering(Outcome::Hit)),
        Body::Answer(answering(Outcome::NoHit)),
        Body::Answer(answering(Outcome::NotAvailable)),
        Body::Refusal(refusal(Ground::F2)),
    ] {
        let mut exchange = opened_at(Side::Requested, 0);
        apply(&mut exchange, end.clone(), 1);
        let state = exchange.state();
        for command in [
            Command::Accept(acceptance()),
            Command::Answer(answer()),
            Command::Refuse(refusal(Ground::A)),
        ] {
            let refused = decide(&exchange, &command, Role::Contact);
            assert_eq!(refused, Err(Refused::State(state)));
        }
        let mut other = opened_at(Side::Requesting, 0);
        apply(&mut other, end.clone(), 1);
        let (header, event) = sent(end, "TR", Role::Contact, 2);
        assert_eq!(other.admit(&header, &event), Err(PeerFault::State));
    }
}

#[test]
fn a_refusal_of_a_part_leaves_the_rest_open() {
    let mut exchange = opened_at(Side::Requested, 0);
    let part = Refusal {
        scope: Scope::Part,
        questions: vec![1],
        ..refusal(Ground::F2)
    };
    let body = decide(&exchange, &Command::Refuse(part), Role::Contact).expect("it may");
    apply(&mut exchange, body, 1);
    assert_eq!(exchange.state(), State::PartialAnswer);
    assert!(exchange.allows(Kind::Answer) && exchange.allows(Kind::Acceptance));
    assert_eq!(exchange.clock().expect("it runs").stopped, None);
}

#[test]
fn only_the_asked_side_speaks_to_a_request_and_only_in_its_roles() {
    let asked = opened_at(Side::Requested, 0);
    let asking = opened_at(Side::Requesting, 0);
    let commands = [
        (
            Command::Accept(acceptance()),
            vec![Role::Releaser, Role::Contact],
        ),
        (
            Command::Refuse(refusal(Ground::A)),
            vec![Role::Releaser, Role::Contact],
        ),
        (
            Command::Answer(answer()),
            vec![Role::Officer, Role::Releaser, Role::Contact],
        ),
    ];
    for (command, may) in commands {
        let refused = decide(&asking, &command, Role::Contact);
        assert_eq!(refused, Err(Refused::NotAsked));
        for role in Role::ALL {
            let decided = decide(&asked, &command, role);
            if !may.contains(&role) {
                assert_eq!(decided, Err(Refused::Role(role)));
                continue;
            }
            let (header, event) = sent(decided.expect("it may"), "TR", role, 1);
            assert_eq!(asking.admit(&header, &event), Ok(()), "{role}");
            assert_eq!(asked.admit(&header, &event), Err(PeerFault::Side));
        }
    }
}

#[test]
fn neither_confirm_nor_deny_leaves_as_the_very_answer_no_hit() {
    let exchange = opened_at(Side::Requested, 0);
    let said = |command| decide(&exchange, &command, Role::Contact).expect("it may");
    let mut plain = answering(Outcome::NoHit);
    plain.handling.retention_days = 30;
    let plain = said(Command::Answer(plain));
    let withheld = said(Command::Refuse(refusal(Ground::X5)));
    assert_eq!(withheld, plain);
    assert_eq!(
        serde_json::to_string(&withheld).expect("JSON"),
        serde_json::to_string(&plain).expect("JSON")
    );

    let no_hit = |question| QuestionAnswer {
        question,
        outcome: Outcome::NoHit,
        text: None,
        evaluation: None,
    };
    let plain = said(Command::Answer(Answer {
        answers: vec![no_hit(2), no_hit(0)],
        text: None,
        ..answering(Outcome::Partial)
    }));
    let withheld = said(Command::Refuse(Refusal {
        scope: Scope::Part,
        questions: vec![0, 2],
        ..refusal(Ground::X5)
    }));
    assert_eq!(withheld, plain);
}

#[test]
fn neither_confirm_nor_deny_is_never_taken_from_a_peer() {
    let asking = opened_at(Side::Requesting, 0);
    let (header, event) = sent(Body::Refusal(refusal(Ground::X5)), "TR", Role::Contact, 1);
    assert_eq!(asking.admit(&header, &event), Err(PeerFault::Form));
    let mut reasoned = refusal(Ground::X5);
    reasoned.reason = Some("An investigation runs.".to_owned());
    let asked = opened_at(Side::Requested, 0);
    let refused = decide(&asked, &Command::Refuse(reasoned), Role::Contact);
    assert!(matches!(refused, Err(Refused::Invalid(_))));
}

#[test]
fn the_clock_counts_from_receipt_and_acceptance_says_how_long() {
    let mut exchange = opened_at(Side::Requested, 1);
    let clock = exchange.clock().expect("it was received");
    assert_eq!((clock.started, clock.due), (hours(1), hours(9)));
    apply(&mut exchange, Body::Acceptance(acceptance()), 2);
    let clock = exchange.clock().expect("it was received");
    assert_eq!((clock.limit, clock.due), (Limit::Answer, hours(1 + 72)));
    assert!(!clock.overdue(hours(73)) && clock.overdue(hours(74)));
}

#[test]
fn a_part_of_the_answer_stops_the_wait_for_acknowledgement() {
    let mut request = request();
    request.profile = Profile::BpMou;
    let (header, event) = sent(Body::Request(Box::new(request)), "MK", Role::Officer, 0);
    let opened = Exchange::open(Side::Requested, &header, &event, hours(0));
    let mut exchange = opened.expect("it is a request");
    let clock = exchange.clock().expect("it was received");
    assert_eq!((clock.limit, clock.due), (Limit::Acknowledge, hours(8)));
    apply(&mut exchange, Body::Answer(answering(Outcome::Partial)), 1);
    let clock = exchange.clock().expect("it was received");
    assert_eq!((clock.limit, clock.due), (Limit::Answer, hours(72)));
    assert_eq!(clock.stopped, None);
}

#[test]
fn a_request_is_admitted_only_as_its_header_says() {
    let body = || Body::Request(Box::new(request()));
    let (header, event) = sent(body(), "MK", Role::Officer, 0);
    assert_eq!(Exchange::admit_request(&header, &event), Ok(()));
    let mut other = header.clone();
    other.priority = Priority::Routine;
    assert_eq!(
        Exchange::admit_request(&other, &event),
        Err(PeerFault::Form)
    );
    let mut other = header.clone();
    other.handling.retention_days += 1;
    assert_eq!(
        Exchange::admit_request(&other, &event),
        Err(PeerFault::Form)
    );
    let (header, event) = sent(body(), "MK", Role::Auditor, 0);
    assert_eq!(
        Exchange::admit_request(&header, &event),
        Err(PeerFault::Role)
    );
    let (header, event) = sent(Body::Answer(answer()), "MK", Role::Officer, 0);
    assert_eq!(
        Exchange::admit_request(&header, &event),
        Err(PeerFault::Form)
    );
    assert_eq!(
        Exchange::open(Side::Requested, &header, &event, Timestamp::MAX),
        None
    );
}
