//! Each side's messages keep their order on the way; those of the two sides cross as they like,
//! and receipts come whenever they come. There is one outcome.

use super::table::histories;
use super::*;

/// What may happen next while some things are left to be said and to arrive.
fn explore(talk: &Talk, left: [u32; 2], visit: &mut dyn FnMut(&Talk)) {
    let mut rest = true;
    for (i, side) in [Side::Requesting, Side::Requested].into_iter().enumerate() {
        if !talk.end(side).inbox.is_empty() {
            rest = false;
            let mut next = talk.clone();
            next.arrives(side);
            explore(&next, left, visit);
        }
        if left[i] == 0 {
            continue;
        }
        for what in one_sided()
            .into_iter()
            .filter(|what| one_side(*what) == side)
        {
            let mut next = talk.clone();
            if next.crosses(&command_of(what)).is_ok() {
                let mut left = left;
                left[i] -= 1;
                explore(&next, left, visit);
            }
        }
    }
    if rest {
        visit(talk);
    }
}

#[test]
fn every_pair_that_crosses_in_any_state_has_one_outcome_on_both_sides() {
    let mut ends = 0;
    for (_, moves, ..) in histories() {
        let talk = after(&commands(&moves));
        explore(&talk, [1, 1], &mut |end| {
            end.agree(&format!("{moves:?}"));
            ends += 1;
        });
    }
    assert!(ends > 1_500, "{ends}");
}

#[test]
fn every_interleaving_of_two_events_of_each_side_has_one_outcome_on_both_sides() {
    let mut ends = 0;
    let begins: [&[Move]; 2] = [&[Move::AnswerPart], &[Move::AskClarification]];
    for moves in begins {
        explore(&after(&commands(moves)), [2, 2], &mut |end| {
            end.agree(&format!("{moves:?}"));
            ends += 1;
        });
    }
    assert!(ends > 20_000, "{ends}");
}

/// The outcome where both say it without having seen the other.
fn crossing(before: &[Move], asking: &[Move], asked: Move) -> (State, usize) {
    let mut talk = after(&commands(before));
    for what in asking {
        talk.crosses(&command_of(*what)).expect("it may be said");
    }
    talk.crosses(&command_of(asked)).expect("it may be said");
    talk.settles();
    (talk.state(), talk.asked.exchange.crossed().len())
}

#[test]
fn what_crosses_comes_out_as_the_table_says() {
    use Move as M;
    use State as S;
    let part: &[Move] = &[M::AnswerPart];
    let unclear: &[Move] = &[M::AnswerPart, M::AskClarification];
    let interim = [
        M::Accept,
        M::Channel,
        M::Await,
        M::AnswerPart,
        M::RefusePart,
    ];
    let asking: [(&[Move], &[Move], S); 5] = [
        (unclear, &[M::Clarify], S::Clarified),
        (part, &[M::Withdraw], S::Withdrawn),
        (part, &[M::Supersede], S::Superseded),
        (part, &[M::Close], S::Closed),
        (part, &[M::Close, M::Reopen], S::Reopened),
    ];
    for (before, said, to) in asking {
        for what in interim {
            assert_eq!(crossing(before, said, what), (to, 0), "{said:?} {what}");
        }
        if before == part {
            assert_eq!(crossing(before, said, M::AskClarification), (to, 0));
        }
        let closes = said[0] == M::Close;
        for (what, end) in [(M::Answer, S::Answered), (M::Refuse, S::Refused)] {
            let expected = if closes { (to, 0) } else { (end, 1) };
            assert_eq!(crossing(before, said, what), expected, "{said:?} {what}");
        }
        let expected = (S::Transferred, said.len());
        assert_eq!(crossing(before, said, M::Transfer), expected, "{said:?}");
    }
}

#[test]
fn feedback_on_a_part_is_no_feedback_on_the_answer_that_it_crosses() {
    use Move as M;
    let part: &[Move] = &[M::AnswerPart];
    let on_a_part = |asked| crossing(part, &[M::Feedback], asked);
    assert_eq!(on_a_part(M::AnswerPart), (State::PartialAnswer, 0));
    assert_eq!(on_a_part(M::Channel), (State::Channelled, 0));
    assert_eq!(
        on_a_part(M::AskClarification),
        (State::ClarificationRequested, 0)
    );
    assert_eq!(on_a_part(M::Answer), (State::Answered, 0));
    assert_eq!(on_a_part(M::Refuse), (State::Refused, 0));
    assert_eq!(on_a_part(M::Transfer), (State::Transferred, 1));
}

#[test]
fn receipts_give_one_outcome_whenever_they_come() {
    use Move as M;
    let courses: [&[Move]; 4] = [
        &[M::Answer],
        &[M::Accept, M::AskClarification, M::Clarify, M::Refuse],
        &[M::AnswerPart, M::Accept, M::Await],
        &[M::AnswerPart, M::Withdraw],
    ];
    let receipts: [fn(&mut Exchange); 3] = [
        |exchange| exchange.delivered(hours(0)),
        |exchange| exchange.opened(hours(1)),
        |exchange| exchange.delivered(hours(0)),
    ];
    for course in courses {
        for order in [
            [0, 1, 2],
            [0, 2, 1],
            [1, 0, 2],
            [1, 2, 0],
            [2, 0, 1],
            [2, 1, 0],
        ] {
            for places in 0..(course.len() + 1).pow(3) {
                let base = course.len() + 1;
                let mut places = [places % base, places / base % base, places / base / base];
                places.sort_unstable();
                let mut talk = Talk::queued(request());
                talk.asked.exchange.opened(hours(1));
                for step in 0..=course.len() {
                    for (receipt, _) in order.iter().zip(places).filter(|(_, at)| *at == step) {
                        receipts[*receipt](&mut talk.asking.exchange);
                    }
                    if let Some(what) = course.get(step) {
                        talk.said(&command_of(*what));
                    }
                }
                talk.agree(&format!("{course:?} {order:?} {places:?}"));
            }
        }
    }
}

#[test]
fn nothing_is_tolerated_but_what_crossed() {
    // The asked side saw the withdrawal, so it may not answer, and says so itself.
    let mut talk = Talk::new();
    talk.said(&command_of(Move::Withdraw));
    let answer = Body::Answer(answering(Outcome::Hit));
    let letter = talk.letter(Side::Requested, Role::Contact, answer.clone());
    let admit = |header: &Header| talk.asking.exchange.admit(header, &letter.event);
    assert_eq!(admit(&letter.header), Err(PeerFault::State));
    // It has seen something: nobody answers a request that did not come.
    let mut unseen = letter.header.clone();
    unseen.last_seen = None;
    assert_eq!(admit(&unseen), Err(PeerFault::Chain));
    let mut foreign = letter.header.clone();
    foreign.last_seen = Some(crate::base::Digest::of(b"of another exchange"));
    assert_eq!(admit(&foreign), Err(PeerFault::Chain));
}

#[test]
fn a_peer_cannot_have_seen_less_than_before() {
    let mut talk = after(&commands(&[Move::AnswerPart, Move::Close, Move::Reopen]));
    let early = talk.letter(
        Side::Requested,
        Role::Contact,
        Body::Answer(answering(Outcome::Hit)),
    );
    talk.said(&command_of(Move::Accept));
    let admits = |letter: &talk::Letter| talk.asking.exchange.admit(&letter.header, &letter.event);
    assert_eq!(admits(&early), Ok(()));
    let mut before = early;
    before.header.last_seen = Some(crate::base::Digest::of(b"request"));
    assert_eq!(admits(&before), Err(PeerFault::Chain));
}

#[test]
fn what_a_header_says_is_what_the_event_says() {
    let talk = after(&commands(&[Move::AskClarification]));
    let mut answer = answering(Outcome::Hit);
    answer.handling.retention_days = 30;
    let letter = talk.letter(Side::Requested, Role::Contact, Body::Answer(answer));
    let admit = |letter: &talk::Letter| {
        let to = talk.end(one_side(Move::of(&letter.event.body).expect("a move")).other());
        to.exchange.admit(&letter.header, &letter.event)
    };
    assert_eq!(admit(&letter), Ok(()));
    let with = |change: fn(&mut Header)| {
        let mut letter = letter.clone();
        change(&mut letter.header);
        admit(&letter)
    };
    // The answer's own handling stands in front of it, not the request's.
    assert_eq!(
        with(|h| h.handling = request().handling),
        Err(PeerFault::Form)
    );
    assert_eq!(
        with(|h| h.priority = Priority::Routine),
        Err(PeerFault::Form)
    );
    let attached = |side, body| {
        let mut letter = talk.letter(side, Role::Releaser, body);
        letter.header.attachments = vec![crate::domain::message::AttachmentSlot {
            length: 1,
            digest: letter.leaf,
        }];
        admit(&letter)
    };
    let no_hit = Body::Answer(Answer::no_hit(&request()));
    assert_eq!(attached(Side::Requested, no_hit), Err(PeerFault::Form));
    let some = Body::Answer(Answer::no_hit_to(&[1], &request()));
    assert_eq!(attached(Side::Requested, some), Err(PeerFault::Form));
    let hit = Body::Answer(answering(Outcome::Hit));
    assert_eq!(attached(Side::Requested, hit), Ok(()));
    for (what, expected) in [
        (Move::Accept, Err(PeerFault::Form)),
        (Move::Clarify, Ok(())),
        (Move::Withdraw, Err(PeerFault::Form)),
    ] {
        let body = command_of(what).body(&request()).expect("it has its form");
        assert_eq!(attached(one_side(what), body), expected, "{what}");
    }
}
