//! Every state, command, side and role, against the rules as the domain states them.

use super::*;
use crate::domain::message::Kind;

/// How an exchange comes to each state, with whether it was accepted, and a part of it answered.
pub fn histories() -> Vec<(State, Vec<Move>, bool, bool)> {
    use Move as M;
    vec![
        (State::Delivered, vec![], false, false),
        (State::Accepted, vec![M::Accept], true, false),
        (State::Channelled, vec![M::Channel], false, false),
        (
            State::Channelled,
            vec![M::AnswerPart, M::Channel],
            false,
            true,
        ),
        (
            State::AwaitingAuthorisation,
            vec![M::Accept, M::Await],
            true,
            false,
        ),
        (
            State::ClarificationRequested,
            vec![M::AskClarification],
            false,
            false,
        ),
        (
            State::ClarificationRequested,
            vec![
                M::Accept,
                M::AskClarification,
                M::Channel,
                M::Await,
                M::RefusePart,
            ],
            true,
            true,
        ),
        (
            State::Clarified,
            vec![M::AskClarification, M::Clarify],
            false,
            false,
        ),
        (State::PartialAnswer, vec![M::AnswerPart], false, true),
        (
            State::PartialAnswer,
            vec![M::Accept, M::RefusePart],
            true,
            true,
        ),
        (
            State::PartialAnswer,
            vec![M::RefusePart, M::Accept],
            true,
            true,
        ),
        (State::Answered, vec![M::Answer], false, false),
        (
            State::Answered,
            vec![M::Accept, M::AnswerPart, M::Answer],
            true,
            true,
        ),
        (State::Refused, vec![M::Accept, M::Refuse], true, false),
        (State::Refused, vec![M::AnswerPart, M::Refuse], false, true),
        (State::Feedback, vec![M::Answer, M::Feedback], false, false),
        (
            State::Withdrawn,
            vec![M::AnswerPart, M::Withdraw],
            false,
            true,
        ),
        (
            State::Superseded,
            vec![M::Accept, M::Supersede],
            true,
            false,
        ),
        (
            State::Transferred,
            vec![M::AnswerPart, M::Transfer],
            false,
            true,
        ),
        (State::Closed, vec![M::Answer, M::Close], false, false),
        (State::Closed, vec![M::AnswerPart, M::Close], false, true),
        (
            State::Reopened,
            vec![M::Accept, M::AnswerPart, M::Answer, M::Reopen],
            false,
            false,
        ),
    ]
}

/// Where a move leads, as the life-cycle says it in words; none where it has no place.
fn leads(from: State, what: Move, accepted: bool, part: bool) -> Option<State> {
    use State as S;
    let ends = [S::Answered, S::Refused, S::Feedback, S::Closed];
    let final_ends = [S::Withdrawn, S::Superseded, S::Transferred];
    let open = !ends.contains(&from) && !final_ends.contains(&from);
    let pausing = from == S::ClarificationRequested;
    let unless_pausing = |to| if pausing { from } else { to };
    let early = [S::Queued, S::Delivered, S::Read, S::Clarified, S::Reopened];
    match what {
        Move::Accept if early.contains(&from) => (!accepted).then_some(S::Accepted),
        Move::Accept => (open && !accepted).then_some(from),
        Move::AskClarification => (open && !pausing).then_some(S::ClarificationRequested),
        Move::Channel => open.then_some(unless_pausing(S::Channelled)),
        Move::Await => open.then_some(unless_pausing(S::AwaitingAuthorisation)),
        Move::AnswerPart | Move::RefusePart => open.then_some(unless_pausing(S::PartialAnswer)),
        Move::Answer => open.then_some(S::Answered),
        Move::Refuse => open.then_some(S::Refused),
        Move::Transfer => open.then_some(S::Transferred),
        Move::Clarify => pausing.then_some(S::Clarified),
        Move::Feedback if matches!(from, S::Answered | S::Feedback) => Some(S::Feedback),
        Move::Feedback => (part && (open || from == S::Refused)).then_some(from),
        Move::Withdraw => open.then_some(S::Withdrawn),
        Move::Supersede => open.then_some(S::Superseded),
        Move::Close => match from {
            S::Answered | S::Refused | S::Feedback => Some(S::Closed),
            _ => (open && part).then_some(S::Closed),
        },
        Move::Reopen => ends.contains(&from).then_some(S::Reopened),
        Move::Correct
        | Move::AskPermission
        | Move::GrantPermission
        | Move::RefusePermission
        | Move::Notify => Some(from),
    }
}

fn roles_of(what: Move) -> &'static [Role] {
    match what {
        Move::Accept | Move::RefusePart | Move::Refuse | Move::Transfer => {
            &[Role::Releaser, Role::Contact]
        }
        Move::AskClarification | Move::Channel | Move::Await | Move::AnswerPart | Move::Answer => {
            &[Role::Officer, Role::Releaser, Role::Contact]
        }
        Move::Clarify
        | Move::Feedback
        | Move::Withdraw
        | Move::Supersede
        | Move::Close
        | Move::Reopen => &[Role::Officer, Role::Releaser],
        Move::Correct | Move::AskPermission | Move::Notify => {
            &[Role::Officer, Role::Releaser, Role::Contact]
        }
        Move::GrantPermission | Move::RefusePermission => &[Role::Releaser, Role::Contact],
    }
}

#[test]
fn every_state_is_reached_that_a_sent_request_can_have() {
    let mut reached: Vec<State> = histories().iter().map(|(state, ..)| *state).collect();
    reached.extend([State::Queued, State::Read]);
    let unsent = [State::Draft, State::InReview, State::Released];
    for state in State::ALL {
        assert_eq!(reached.contains(state), !unsent.contains(state), "{state}");
    }
}

#[test]
fn each_command_is_allowed_in_its_states_to_its_side_and_roles_and_to_no_others() {
    let mut rows = 0;
    for (state, moves, accepted, part) in histories() {
        let talk = after(&commands(&moves));
        assert_eq!(talk.state(), state, "{moves:?}");
        for side in [Side::Requesting, Side::Requested] {
            let exchange = &talk.end(side).exchange;
            for what in &one_sided() {
                for role in Role::ALL {
                    let before = exchange.clone();
                    let decided = decide(exchange, &command_of(*what), role);
                    assert_eq!(*exchange, before, "deciding changes nothing");
                    let to = leads(state, *what, accepted, part);
                    let expected = match (what.side(), side) {
                        (Some(Side::Requested), Side::Requesting) => Err(Refused::NotAsked),
                        (Some(Side::Requesting), Side::Requested) => Err(Refused::NotAsking),
                        _ if !roles_of(*what).contains(&role) => Err(Refused::Role(role)),
                        _ if to.is_none() => Err(Refused::State(state)),
                        _ => Ok(what.kind()),
                    };
                    let row = format!("{state} {moves:?} {side} {what} {role}");
                    assert_eq!(decided.map(|body| body.kind()), expected, "{row}");
                    rows += 1;
                }
            }
        }
    }
    assert_eq!(rows, 22 * 2 * 15 * 7);
}

#[test]
fn each_command_leads_where_the_life_cycle_says() {
    for (state, moves, accepted, part) in histories() {
        for what in &one_sided() {
            let Some(to) = leads(state, *what, accepted, part) else {
                continue;
            };
            let mut talk = after(&commands(&moves));
            talk.said(&command_of(*what));
            assert_eq!(talk.state(), to, "{state} {moves:?} {what}");
        }
    }
}

#[test]
fn a_side_admits_exactly_what_the_other_may_decide() {
    for (state, moves, accepted, part) in histories() {
        let talk = after(&commands(&moves));
        for what in &one_sided() {
            let author = one_side(*what);
            for role in Role::ALL {
                // What a hostile node sends whether it may or not.
                let body = command_of(*what).body(&request()).expect("it has its form");
                let letter = talk.letter(author, role, body);
                let admits = |side| {
                    let exchange: &Exchange = &talk.end(side).exchange;
                    exchange.admit(&letter.header, &letter.event)
                };
                let expected = if !roles_of(*what).contains(&role) {
                    Err(PeerFault::Role)
                } else if leads(state, *what, accepted, part).is_none() {
                    Err(PeerFault::State)
                } else {
                    Ok(())
                };
                let row = format!("{state} {moves:?} {what} {role}");
                assert_eq!(admits(author.other()), expected, "{row}");
                assert_eq!(admits(author), Err(PeerFault::Side), "{row}");
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
    for (_, moves, ..) in histories() {
        let talk = after(&commands(&moves));
        for body in &strangers {
            for side in [Side::Requesting, Side::Requested] {
                let letter = talk.letter(side.other(), Role::Officer, body.clone());
                let mut exchange = talk.end(side).exchange.clone();
                assert!(!exchange.allows(body.kind()) && !exchange.may_cause(body.kind()));
                let admitted = exchange.admit(&letter.header, &letter.event);
                assert_eq!(admitted, Err(PeerFault::Form), "{}", body.kind());
                exchange.apply(&letter.header, &letter.event, letter.leaf);
                assert_eq!(exchange, talk.end(side).exchange, "it changes nothing");
            }
        }
    }
}

#[test]
fn what_a_side_may_cause_is_what_it_can_decide() {
    for (_, moves, ..) in histories() {
        let talk = after(&commands(&moves));
        for side in [Side::Requesting, Side::Requested] {
            let exchange = &talk.end(side).exchange;
            for kind in Kind::ALL {
                let mut ways = Move::ALL.iter().filter(|what| what.kind() == *kind);
                if ways.clone().any(|what| what.side().is_none()) {
                    continue;
                }
                let may =
                    ways.any(|what| decide(exchange, &command_of(*what), Role::Releaser).is_ok());
                assert_eq!(exchange.may_cause(*kind), may, "{moves:?} {side} {kind}");
            }
        }
    }
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
