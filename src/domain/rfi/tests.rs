use super::*;
use crate::base::{MessageId, Role, Timestamp};
use crate::domain::fixtures::{actor, answer, hours, member, message, request};
use crate::domain::message::{Body, Event, Header, Priority};
use crate::domain::profile::{Access, Limit, Profile};

mod clocks;
mod crossing;
mod fields;
mod ledger;
mod lost;
mod passing;
mod table;
mod talk;

use talk::{Talk, after, command_of, commands, one_side, one_sided};

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
        evaluation: None,
        answers: Vec::new(),
        handling: request().handling,
    }
}

fn answer_to(question: u16, outcome: Outcome) -> QuestionAnswer {
    QuestionAnswer {
        question,
        outcome,
        text: None,
        evaluation: None,
    }
}

fn decide(exchange: &Exchange, command: &Command, role: Role) -> Result<Body, Refused> {
    let [asking, asked] = exchange.members();
    let by = match exchange.side() {
        Side::Requesting => asking,
        Side::Requested => asked,
    };
    exchange.decide(command, &actor(by.as_str(), role), hours(1))
}

#[test]
fn an_exchange_goes_from_queued_over_its_receipts_to_its_answer() {
    let mut talk = Talk::queued(request());
    let asked = &mut talk.asking.exchange;
    assert_eq!((asked.state(), asked.clock()), (State::Queued, None));
    asked.delivered(hours(1));
    assert_eq!(asked.state(), State::Delivered);
    asked.opened(hours(2));
    assert_eq!(asked.state(), State::Read);
    let seen = |talk: &Talk| talk.asking.exchange.state();
    talk.said(&command_of(Move::Accept));
    assert_eq!(seen(&talk), State::Accepted);
    let reference = talk.asking.exchange.their_reference();
    assert_eq!(reference.as_deref(), Some("TR-1"));
    talk.said(&command_of(Move::AnswerPart));
    assert_eq!(seen(&talk), State::PartialAnswer);
    talk.said(&command_of(Move::Answer));
    assert_eq!(seen(&talk), State::Answered);
    let clock = talk.asking.exchange.clock().expect("it was delivered");
    assert_eq!((clock.started, clock.stopped), (hours(1), Some(hours(3))));
}

#[test]
fn the_whole_life_of_an_exchange() {
    use Move as M;
    let mut talk = Talk::new();
    let mut goes = |what: Move, to: State| {
        talk.said(&command_of(what));
        assert_eq!(talk.state(), to, "{what}");
    };
    goes(M::Accept, State::Accepted);
    goes(M::AskClarification, State::ClarificationRequested);
    goes(M::Clarify, State::Clarified);
    goes(M::Channel, State::Channelled);
    goes(M::Await, State::AwaitingAuthorisation);
    goes(M::AnswerPart, State::PartialAnswer);
    goes(M::Feedback, State::PartialAnswer);
    goes(M::RefusePart, State::PartialAnswer);
    goes(M::Answer, State::Answered);
    goes(M::Feedback, State::Feedback);
    goes(M::Close, State::Closed);
    goes(M::Reopen, State::Reopened);
    goes(M::Accept, State::Accepted);
    goes(M::Refuse, State::Refused);
    goes(M::Reopen, State::Reopened);
    goes(M::Transfer, State::Transferred);
}

#[test]
fn questions_are_answered_one_by_one() {
    use QuestionStatus::{Answered, Open, Refused};
    let status = |talk: &Talk| {
        talk.agree("each question");
        let questions = talk.asking.exchange.questions();
        questions.iter().map(|q| q.status).collect::<Vec<_>>()
    };
    let mut talk = Talk::new();
    assert_eq!(status(&talk), [Open, Open, Open]);
    talk.said(&command_of(Move::AskClarification));
    assert!(talk.asking.exchange.questions()[0].to_clarify);
    talk.said(&Command::Answer(Answer {
        answers: vec![answer_to(0, Outcome::Partial), answer_to(2, Outcome::NoHit)],
        ..answering(Outcome::Partial)
    }));
    assert_eq!(status(&talk), [Open, Open, Answered]);
    let first = talk.asking.exchange.questions()[0];
    assert_eq!(
        (first.outcome, first.to_clarify),
        (Some(Outcome::Partial), true)
    );
    talk.said(&command_of(Move::RefusePart));
    assert_eq!(status(&talk), [Open, Refused, Answered]);
    assert_eq!(talk.asked.exchange.questions()[1].ground, Some(Ground::F2));
    talk.said(&Command::Answer(answering(Outcome::NotAvailable)));
    assert_eq!(status(&talk), [Answered, Refused, Answered]);
    let questions = talk.asking.exchange.questions();
    assert_eq!(questions[0].outcome, Some(Outcome::NotAvailable));
    assert_eq!(questions[2].outcome, Some(Outcome::NoHit));
    talk.said(&Command::Reopen(Reopening {
        reason: "There is a court order now.".to_owned(),
        questions: vec![1],
    }));
    assert_eq!(status(&talk), [Answered, Open, Answered]);
    talk.said(&command_of(Move::Refuse));
    assert_eq!(status(&talk), [Answered, Refused, Answered]);
}

#[test]
fn neither_confirm_nor_deny_leaves_as_the_very_answer_no_hit() {
    let exchange = Talk::new().asked.exchange;
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

    let plain = said(Command::Answer(Answer {
        answers: vec![answer_to(2, Outcome::NoHit), answer_to(0, Outcome::NoHit)],
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
    let talk = Talk::new();
    let body = Body::Refusal(refusal(Ground::X5));
    let letter = talk.letter(Side::Requested, Role::Contact, body);
    let admitted = talk.asking.exchange.admit(&letter.header, &letter.event);
    assert_eq!(admitted, Err(PeerFault::Form));
    let mut reasoned = refusal(Ground::X5);
    reasoned.reason = Some("An investigation runs.".to_owned());
    let command = Command::Refuse(reasoned);
    let refused = decide(&talk.asked.exchange, &command, Role::Contact);
    assert!(matches!(refused, Err(Refused::Invalid(_))));
}

#[test]
fn a_request_is_admitted_only_as_its_header_says() {
    let body = || Body::Request(Box::new(request()));
    let (header, event) = sent(body(), "MK", Role::Officer, 0);
    let admit = |header: &Header, event: &Event| Exchange::admit_request(header, event);
    assert_eq!(admit(&header, &event), Ok(()));
    let mut other = header.clone();
    other.priority = Priority::Routine;
    assert_eq!(admit(&other, &event), Err(PeerFault::Form));
    let mut other = header.clone();
    other.handling.retention_days += 1;
    assert_eq!(admit(&other, &event), Err(PeerFault::Form));
    let (header, event) = sent(body(), "MK", Role::Auditor, 0);
    assert_eq!(admit(&header, &event), Err(PeerFault::Role));
    let (header, event) = sent(Body::Answer(answer()), "MK", Role::Officer, 0);
    assert_eq!(admit(&header, &event), Err(PeerFault::Form));
    let leaf = crate::base::Digest::EMPTY;
    let opened = Exchange::open(Side::Requested, &header, &event, leaf, Timestamp::MAX);
    assert_eq!(opened, None);
}

#[test]
fn an_exchange_survives_its_json_beside_its_request() {
    use Move as M;
    let talk = after(&commands(&[
        M::Accept,
        M::AskClarification,
        M::Clarify,
        M::Await,
        M::AnswerPart,
        M::Feedback,
        M::RefusePart,
        M::Refuse,
        M::Reopen,
    ]));
    for exchange in [&talk.asking.exchange, &talk.asked.exchange] {
        let json = serde_json::to_vec(exchange).expect("JSON");
        let read: StoredExchange = serde_json::from_slice(&json).expect("the same form");
        assert_eq!(read.with(exchange.request().clone()), *exchange);
    }
}
