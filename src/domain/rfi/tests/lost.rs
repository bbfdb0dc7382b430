//! What the other side refused, or what expired on the way: it counts at its author's side, and what the
//! other side says fits what it has.

use super::*;

/// The asking side corrects its request.
#[track_caller]
fn corrects(talk: &mut Talk) {
    let first = talk.asking.exchange.said()[0];
    let correction = Command::Correct(Correction {
        message: first.id,
        leaf: first.leaf,
        flaw: Flaw::Incorrect,
        remedy: Remedy::Rectify,
        text: "It is the white van.".to_owned(),
        handling: request().handling,
        passes_on: None,
    });
    talk.says(Side::Requesting, Role::Releaser, &correction)
        .expect("it may be said");
}

#[test]
fn what_the_other_side_did_not_take_counts_at_its_authors_side() {
    for (before, lost) in [
        (None, Move::Accept),
        (None, Move::Answer),
        (None, Move::Withdraw),
        (Some(Move::AskClarification), Move::Clarify),
        (Some(Move::AnswerPart), Move::Close),
        (Some(Move::Answer), Move::Reopen),
    ] {
        let before: Vec<Move> = before.into_iter().collect();
        let mut talk = after(&commands(&before));
        let side = one_side(lost);
        talk.crosses(&command_of(lost)).expect("it may be said");
        let as_said = talk.end(side).exchange.clone();
        talk.is_lost(side.other());
        let exchange = &talk.end(side).exchange;
        assert!(exchange.stands(|_| false).is_some(), "{lost}");
        assert_eq!(exchange.state(), as_said.state(), "{lost}");
        assert_eq!(exchange.clock(), as_said.clock(), "{lost}");
        assert_eq!(exchange.questions(), as_said.questions(), "{lost}");
        assert_eq!(exchange.said(), as_said.said(), "{lost}");
        let deviations = |of: &Exchange| of.deviations(hours(1_000));
        assert_eq!(deviations(exchange), deviations(&as_said), "{lost}");
    }
}

#[test]
fn an_answer_that_saw_what_followed_a_withdrawal_but_not_that_is_taken_and_has_no_effect() {
    let mut talk = Talk::new();
    talk.crosses(&command_of(Move::Withdraw)).expect("it may");
    talk.is_lost(Side::Requested);
    corrects(&mut talk);
    talk.arrives(Side::Requested);
    let ended = talk.asking.exchange.clock();
    talk.said(&command_of(Move::Answer));
    let (asking, asked) = (&talk.asking.exchange, &talk.asked.exchange);
    assert_eq!(asked.state(), State::Answered);
    assert_eq!(asking.state(), State::Withdrawn);
    assert_eq!(asking.clock(), ended);
    let answer = *asking.said().last().expect("the answer");
    assert_eq!(answer.by, Side::Requested);
    assert_eq!(asking.crossed(), [answer.leaf]);
}

#[test]
fn a_withdrawal_that_came_still_forbids_the_answer_of_whoever_has_seen_it() {
    let mut talk = Talk::new();
    talk.said(&command_of(Move::Withdraw));
    // Its receipt was lost, and it expired.
    let withdrawal = *talk.asking.exchange.said().last().expect("it was said");
    talk.asking.exchange.not_taken(withdrawal.id);
    let answer = Body::Answer(answering(Outcome::Hit));
    let letter = talk.letter(Side::Requested, Role::Contact, answer);
    assert_eq!(letter.header.last_seen, Some(withdrawal.leaf));
    let admitted = talk.asking.exchange.admit(&letter.header, &letter.event);
    assert_eq!(admitted, Err(PeerFault::State));
}

#[test]
fn what_was_lost_keeps_its_number() {
    use Move as M;
    // The first of the asked side's events never came; the feedback is on the part, not on the answer.
    let mut talk = Talk::new();
    talk.crosses(&command_of(M::Accept)).expect("it may");
    talk.is_lost(Side::Requesting);
    talk.said(&command_of(M::AnswerPart));
    talk.crosses(&command_of(M::Feedback)).expect("it may");
    talk.crosses(&command_of(M::Answer)).expect("it may");
    talk.settles();
    assert_eq!(talk.asking.exchange.state(), State::Answered);
    assert_eq!(talk.asked.exchange.state(), State::Answered);
}

#[test]
fn whoever_has_seen_what_seemed_lost_has_it() {
    let mut talk = after(&commands(&[Move::AskClarification]));
    talk.crosses(&command_of(Move::Clarify)).expect("it may");
    let id = talk.asked.inbox[0].header.id;
    talk.arrives(Side::Requested);
    // Its receipt was lost, and it expired.
    talk.asking.exchange.not_taken(id);
    assert!(talk.asking.exchange.stands(|_| false).is_some());
    talk.said(&command_of(Move::AskClarification));
    talk.agree("it was seen");
    assert_eq!(talk.asking.exchange.stands(|_| false), None);
    talk.asking.exchange.not_taken(id);
    assert_eq!(
        talk.asking.exchange.stands(|_| false),
        None,
        "that it came is known"
    );
}

#[test]
fn what_is_said_about_something_that_came_though_it_seemed_lost_is_taken() {
    let mut talk = after(&commands(&[Move::AskClarification, Move::Clarify]));
    let clarification = *talk.asking.exchange.said().last().expect("it was said");
    talk.asking.exchange.not_taken(clarification.id);
    corrects(&mut talk);
    talk.arrives(Side::Requested);
    // It has seen the correction, which says that it may go on from before the clarification.
    talk.said(&command_of(Move::AskClarification));
    talk.agree("it has both");
    assert_eq!(talk.state(), State::ClarificationRequested);
}

#[test]
fn the_place_of_the_other_side_is_before_what_was_lost_and_what_follows_that() {
    use Move as M;
    let mut talk = Talk::new();
    let say = |talk: &mut Talk, what| {
        talk.crosses(&command_of(what)).expect("it may be said");
        let letter = talk.asking.inbox.back().expect("it is under way");
        (letter.header.id, letter.leaf)
    };
    let (taken, leaf) = say(&mut talk, M::Accept);
    let (lost, _) = say(&mut talk, M::Channel);
    let (waits, _) = say(&mut talk, M::AnswerPart);
    let exchange = &mut talk.asked.exchange;
    exchange.taken(taken);
    assert_eq!(exchange.stands(|_| false), None);
    exchange.not_taken(lost);
    assert_eq!(exchange.stands(|_| false), Some((1, Some(leaf))));
    // That what follows was taken shows that what seemed lost had come.
    exchange.taken(waits);
    assert_eq!(exchange.stands(|_| false), None);
}

#[test]
fn a_message_that_goes_on_after_what_was_lost_moves_the_place() {
    use Move as M;
    let mut talk = Talk::new();
    talk.crosses(&command_of(M::Accept)).expect("it may");
    talk.is_lost(Side::Requesting);
    assert_eq!(talk.asked.exchange.stands(|_| false), Some((0, None)));
    talk.crosses(&command_of(M::Channel)).expect("it may");
    let channelled = talk.asking.inbox[0].clone();
    assert_eq!(channelled.header.continues(member("MK")), Ok((0, None)));
    let after_it = Some((2, Some(channelled.leaf)));
    assert_eq!(talk.asked.exchange.stands(|_| false), after_it);
    // It is lost as well, and then sent again.
    let id = channelled.header.id;
    talk.asked.exchange.not_taken(id);
    assert_eq!(talk.asked.exchange.stands(|_| false), Some((0, None)));
    talk.asked.exchange.sent_again(id);
    assert_eq!(talk.asked.exchange.stands(|_| false), after_it);
    talk.asked.exchange.taken(id);
    assert_eq!(talk.asked.exchange.stands(|_| false), after_it);
}

#[test]
fn the_places_are_right_where_the_receipt_of_the_request_comes_late() {
    let mut talk = Talk::queued(request());
    let leaf = talk.asking.exchange.said()[0].leaf;
    talk.crosses(&command_of(Move::Withdraw)).expect("it may");
    talk.is_lost(Side::Requested);
    let after_the_request = Some((1, Some(leaf)));
    assert_eq!(talk.asking.exchange.stands(|_| false), after_the_request);
    talk.asking.exchange.delivered(hours(0));
    assert_eq!(talk.asking.exchange.stands(|_| false), after_the_request);
}

#[test]
fn a_permission_is_used_by_a_side_that_never_saw_that_it_was_taken_back() {
    let mut talk = after(&commands(&[Move::Answer]));
    let answer = *talk.asking.exchange.said().last().expect("the answer");
    let terms = PermissionRequest {
        message: answer.id,
        leaf: answer.leaf,
        to: member("AT"),
        purpose: "To find the van.".to_owned(),
    };
    let says = |talk: &mut Talk, side, command: &Command| {
        talk.says(side, Role::Releaser, command)
            .expect("it may be said");
    };
    let asked = talk.next_id(Side::Requesting);
    let ask = Command::AskPermission(terms.clone());
    says(&mut talk, Side::Requesting, &ask);
    talk.arrives(Side::Requested);
    let granted = talk.next_id(Side::Requested);
    let grant = Command::GrantPermission(terms.granted(asked, hours(50)));
    says(&mut talk, Side::Requested, &grant);
    talk.arrives(Side::Requesting);
    let take_back = Command::RefusePermission(PermissionRefusal {
        request: asked,
        reason: None,
    });
    says(&mut talk, Side::Requested, &take_back);
    talk.is_lost(Side::Requesting);
    let correction = Command::Correct(Correction {
        message: answer.id,
        leaf: answer.leaf,
        flaw: Flaw::Incorrect,
        remedy: Remedy::Rectify,
        text: "The plate is another.".to_owned(),
        handling: request().handling,
        passes_on: None,
    });
    says(&mut talk, Side::Requested, &correction);
    talk.arrives(Side::Requesting);
    let used = Command::Notify(Notice {
        about: granted,
        says: Told::Used,
        to: Some(member("AT")),
        by: Some(MessageId::from_bytes([3; 16])),
        note: None,
    });
    says(&mut talk, Side::Requesting, &used);
    talk.arrives(Side::Requested);
    for exchange in [&talk.asking.exchange, &talk.asked.exchange] {
        let permissions = exchange.permissions();
        assert_eq!(permissions.len(), 1);
        assert_eq!(permissions[0].standing, Standing::Used);
    }
}
