//! Every state, command and role of both sides, against the rules as the domain states them.

use super::*;

/// How an exchange comes to a state, as one of its sides knows it.
fn histories(side: Side) -> Vec<(State, Exchange)> {
    let after = |events: &[Body], opened: bool| {
        let mut exchange = opened_at(side, 0);
        exchange.delivered(hours(0));
        if opened {
            exchange.opened(hours(1));
        }
        for body in events {
            apply(&mut exchange, body.clone(), 2);
        }
        exchange
    };
    let accepted = Body::Acceptance(acceptance());
    let partial = Body::Answer(answering(Outcome::Partial));
    let mut refused_in_part = refusal(Ground::G1);
    refused_in_part.scope = Scope::Part;
    refused_in_part.questions = vec![0];
    let part = Body::Refusal(refused_in_part);
    let end = |outcome| Body::Answer(answering(outcome));
    let refused = Body::Refusal(refusal(Ground::C));
    vec![
        (State::Delivered, after(&[], false)),
        (State::Read, after(&[], true)),
        (
            State::Accepted,
            after(std::slice::from_ref(&accepted), true),
        ),
        (
            State::Accepted,
            after(std::slice::from_ref(&accepted), false),
        ),
        (
            State::PartialAnswer,
            after(std::slice::from_ref(&partial), false),
        ),
        (State::PartialAnswer, after(&[part], true)),
        (
            State::PartialAnswer,
            after(&[accepted.clone(), partial.clone()], true),
        ),
        (State::Answered, after(&[end(Outcome::Hit)], false)),
        (State::Answered, after(&[end(Outcome::NoHit)], true)),
        (
            State::Answered,
            after(&[accepted.clone(), end(Outcome::NotAvailable)], true),
        ),
        (State::Answered, after(&[partial, end(Outcome::Hit)], true)),
        (State::Refused, after(std::slice::from_ref(&refused), false)),
        (State::Refused, after(&[accepted, refused], true)),
    ]
}

fn commands() -> Vec<(Kind, Command)> {
    vec![
        (Kind::Acceptance, Command::Accept(acceptance())),
        (Kind::Answer, Command::Answer(answering(Outcome::Hit))),
        (Kind::Answer, Command::Answer(answering(Outcome::Partial))),
        (Kind::Answer, Command::Answer(answering(Outcome::NoHit))),
        (
            Kind::Answer,
            Command::Answer(answering(Outcome::NotAvailable)),
        ),
        (Kind::Refusal, Command::Refuse(refusal(Ground::A))),
        // It leaves as an answer, but refusing is what it takes leave for.
        (Kind::Refusal, Command::Refuse(refusal(Ground::X5))),
    ]
}

fn role_may(role: Role, kind: Kind) -> bool {
    match role {
        Role::Contact | Role::Releaser => true,
        Role::Officer => kind == Kind::Answer,
        Role::Auditor | Role::Admin | Role::Observer | Role::Node => false,
    }
}

fn state_allows(exchange: &Exchange, state: State, kind: Kind) -> bool {
    match state {
        State::Queued | State::Delivered | State::Read => true,
        State::Accepted => kind != Kind::Acceptance,
        // A part of an answer does not say how the rest is reached: acceptance may follow, once.
        State::PartialAnswer => kind != Kind::Acceptance || exchange.their_reference().is_none(),
        _ => false,
    }
}

#[test]
fn each_command_is_allowed_in_its_states_to_its_roles_and_to_no_others() {
    let mut rows = 0;
    for (state, exchange) in histories(Side::Requested) {
        assert_eq!(exchange.state(), state);
        for (kind, command) in commands() {
            for role in Role::ALL {
                let before = exchange.clone();
                let decided = decide(&exchange, &command, role);
                assert_eq!(exchange, before, "deciding changes nothing");
                let expected = if !role_may(role, kind) {
                    Err(Refused::Role(role))
                } else if !state_allows(&exchange, state, kind) {
                    Err(Refused::State(state))
                } else {
                    Ok(())
                };
                let row = format!("{state} {kind} {role}");
                assert_eq!(decided.map(|_| ()), expected, "{row}");
                rows += 1;
            }
        }
    }
    assert_eq!(rows, 13 * 7 * 7);
}

#[test]
fn the_asking_side_admits_exactly_what_the_asked_side_may_decide() {
    let both = histories(Side::Requested)
        .into_iter()
        .zip(histories(Side::Requesting));
    for ((state, exchange), (_, asking)) in both {
        for (_, command) in commands() {
            for role in Role::ALL {
                let row = format!("{state} {} {role}", command.kind());
                // What an honest node decides is admitted by an honest node.
                if let Ok(body) = decide(&exchange, &command, role) {
                    let (header, event) = sent(body, "TR", role, 3);
                    assert_eq!(asking.admit(&header, &event), Ok(()), "{row}");
                }
                // What a hostile one sends all the same is not.
                let body = match &command {
                    Command::Accept(acceptance) => Body::Acceptance(acceptance.clone()),
                    Command::Answer(answer) => Body::Answer(answer.clone()),
                    Command::Refuse(refusal) => Body::Refusal(refusal.clone()),
                };
                let kind = body.kind();
                let withheld = matches!(&body, Body::Refusal(r) if r.ground == Ground::X5);
                let (header, event) = sent(body, "TR", role, 3);
                let expected = if !role_may(role, kind) {
                    Err(PeerFault::Role)
                } else if !state_allows(&exchange, state, kind) {
                    Err(PeerFault::State)
                } else if withheld {
                    Err(PeerFault::Form)
                } else {
                    Ok(())
                };
                assert_eq!(asking.admit(&header, &event), expected, "{row}");
            }
        }
    }
}

#[test]
fn no_side_takes_what_opens_another_conversation() {
    use crate::domain::fixtures::{alert, sighting};
    let strangers = [
        Body::Request(Box::new(request())),
        Body::Alert(Box::new(alert())),
        Body::Sighting(sighting()),
    ];
    for (_, exchange) in histories(Side::Requesting) {
        for body in &strangers {
            assert!(!exchange.allows(body.kind()));
            for role in Role::ALL {
                let (header, event) = sent(body.clone(), "TR", role, 3);
                let admitted = exchange.admit(&header, &event);
                assert!(admitted.is_err(), "{} {role}", body.kind());
            }
            let mut after = exchange.clone();
            apply(&mut after, body.clone(), 3);
            assert_eq!(after, exchange, "it changes nothing");
        }
    }
}

#[test]
fn a_message_about_an_exchange_is_as_urgent_as_its_request() {
    let asking = opened_at(Side::Requesting, 0);
    let (mut header, event) = sent(
        Body::Answer(answering(Outcome::Hit)),
        "TR",
        Role::Contact,
        1,
    );
    assert_eq!(asking.admit(&header, &event), Ok(()));
    header.priority = Priority::Routine;
    assert_eq!(asking.admit(&header, &event), Err(PeerFault::Form));
}

#[test]
fn requests_come_from_those_who_may_send_them() {
    for role in Role::ALL {
        let (header, event) = sent(Body::Request(Box::new(request())), "MK", role, 0);
        let may = matches!(role, Role::Officer | Role::Releaser);
        let expected = if may { Ok(()) } else { Err(PeerFault::Role) };
        assert_eq!(Exchange::admit_request(&header, &event), expected, "{role}");
    }
}
