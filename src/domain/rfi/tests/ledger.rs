//! Permissions and corrections: who may say what about which message, and what becomes of it where
//! messages cross.

use super::talk::Talk;
use super::*;
use crate::base::Digest;
use crate::domain::handling::Tlp;

const TO: &str = "AT";

/// An answer of the asked side, about which permission is asked.
fn answered() -> (Talk, SaidMessage) {
    let talk = after(&commands(&[Move::Answer]));
    let said = talk.asking.exchange.said();
    let answer = *said.last().expect("the answer");
    (talk, answer)
}

fn terms(of: SaidMessage) -> PermissionRequest {
    PermissionRequest {
        message: of.id,
        leaf: of.leaf,
        to: member(TO),
        purpose: "To find the van.".to_owned(),
    }
}

/// A side says something in a role that may; it is under way then.
fn says(talk: &mut Talk, side: Side, command: &Command) -> Result<(), Refused> {
    talk.says(side, Role::Releaser, command)
}

/// A side says something, and it arrives.
#[track_caller]
fn said(talk: &mut Talk, side: Side, command: &Command) {
    says(talk, side, command).expect("it may be said");
    talk.arrives(side.other());
    talk.agree("at rest");
}

/// The holder, here the asking side, asked; gives the permission's id.
fn asked(talk: &mut Talk, of: SaidMessage) -> MessageId {
    let id = talk.next_id(Side::Requesting);
    let command = Command::AskPermission(terms(of));
    said(talk, Side::Requesting, &command);
    id
}

fn grant(of: SaidMessage, request: MessageId, hour: i64) -> Command {
    Command::GrantPermission(terms(of).granted(request, hours(hour)))
}

fn refuse(request: MessageId) -> Command {
    let reason = None;
    Command::RefusePermission(PermissionRefusal { request, reason })
}

fn used(grant: MessageId) -> Command {
    Command::Notify(Notice {
        about: grant,
        says: Told::Used,
        to: Some(member(TO)),
        by: Some(MessageId::from_bytes([3; 16])),
        note: None,
    })
}

/// The holder asked and the originator granted; gives both ids.
fn granted(talk: &mut Talk, of: SaidMessage, hour: i64) -> (MessageId, MessageId) {
    let request = asked(talk, of);
    let id = talk.next_id(Side::Requested);
    said(talk, Side::Requested, &grant(of, request, hour));
    (request, id)
}

fn standing(talk: &Talk) -> Standing {
    talk.agree("at rest");
    let permissions = talk.asking.exchange.permissions();
    permissions.last().expect("a permission").standing
}

fn unfit(outcome: Result<(), Refused>) -> Unfit {
    match outcome {
        Err(Refused::Unfit(unfit)) => unfit,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_permission_is_asked_for_given_and_used_once() {
    let (mut talk, answer) = answered();
    let (_, id) = granted(&mut talk, answer, 50);
    assert_eq!(standing(&talk), Standing::Granted);
    said(&mut talk, Side::Requesting, &used(id));
    assert_eq!(standing(&talk), Standing::Used);
    let again = says(&mut talk, Side::Requesting, &used(id));
    assert_eq!(unfit(again), Unfit::Decided);
    assert_eq!(talk.state(), State::Answered, "the exchange stays as it is");
}

#[test]
fn a_permission_is_refused_or_taken_back_and_not_used_then() {
    let (mut talk, answer) = answered();
    let request = asked(&mut talk, answer);
    said(&mut talk, Side::Requested, &refuse(request));
    assert_eq!(standing(&talk), Standing::Refused);
    let (request, id) = granted(&mut talk, answer, 50);
    said(&mut talk, Side::Requested, &refuse(request));
    assert_eq!(standing(&talk), Standing::TakenBack);
    for command in [&used(id), &used(request)] {
        let outcome = says(&mut talk, Side::Requesting, command);
        assert!(matches!(
            unfit(outcome),
            Unfit::Decided | Unfit::NoSuchPermission
        ));
    }
    let late = says(&mut talk, Side::Requested, &refuse(request));
    assert_eq!(unfit(late), Unfit::Decided);
    let again = says(&mut talk, Side::Requested, &grant(answer, request, 50));
    assert_eq!(unfit(again), Unfit::Decided);
}

#[test]
fn a_permission_is_asked_of_the_side_that_said_it_for_what_can_be_passed_on() {
    let (mut talk, answer) = answered();
    let request = talk.asking.exchange.said()[0];
    let ask = |of| Command::AskPermission(terms(of));
    let own = says(&mut talk, Side::Requesting, &ask(request));
    assert_eq!(unfit(own), Unfit::NotTheirs);
    let theirs = says(&mut talk.clone(), Side::Requested, &ask(request));
    assert_eq!(theirs, Ok(()), "a request is passed on like an answer");
    let none = SaidMessage {
        leaf: Digest::of(b"another"),
        ..answer
    };
    let none = says(&mut talk, Side::Requesting, &ask(none));
    assert_eq!(unfit(none), Unfit::NoSuchMessage);
    let mut accepted = after(&commands(&[Move::Accept]));
    let acceptance = *accepted.asking.exchange.said().last().expect("it was said");
    let kind = says(&mut accepted, Side::Requesting, &ask(acceptance));
    assert_eq!(unfit(kind), Unfit::NotPassedOn);
    let mut to_a_side = terms(answer);
    to_a_side.to = member("TR");
    let outcome = says(
        &mut talk,
        Side::Requesting,
        &Command::AskPermission(to_a_side),
    );
    assert!(matches!(outcome, Err(Refused::Invalid(_))), "{outcome:?}");
}

#[test]
fn a_side_asks_for_a_hundred_permissions_and_for_no_more() {
    let (mut talk, answer) = answered();
    let ask = Command::AskPermission(terms(answer));
    for _ in 0..100 {
        said(&mut talk, Side::Requesting, &ask);
    }
    assert_eq!(says(&mut talk, Side::Requesting, &ask), Err(Refused::Full));
    let body = Body::PermissionRequest(terms(answer));
    let letter = talk.letter(Side::Requesting, Role::Releaser, body);
    let asked = talk.asked.exchange.clone();
    let taken = asked.admit(&letter.header, &letter.event);
    assert_eq!(taken, Err(PeerFault::State), "both sides judge alike");
    said(&mut talk, Side::Requesting, &command_of(Move::Feedback));
    // What a log holds of an earlier version is applied all the same.
    let mut asked = talk.asked.exchange.clone();
    let leaf = Digest::of(b"earlier");
    asked.apply(&letter.header, &letter.event, leaf);
    assert_eq!(asked.permissions().len(), 101);
}

#[test]
fn nobody_grants_what_was_not_asked_or_to_oneself() {
    let (mut talk, answer) = answered();
    let request = asked(&mut talk, answer);
    let mut other = terms(answer).granted(request, hours(50));
    other.to = member("RS");
    let other = Command::GrantPermission(other);
    let outcome = says(&mut talk, Side::Requested, &other);
    assert_eq!(unfit(outcome), Unfit::OtherTerms);
    let unknown = grant(answer, MessageId::from_bytes([9; 16]), 50);
    let outcome = says(&mut talk, Side::Requested, &unknown);
    assert_eq!(unfit(outcome), Unfit::NoSuchPermission);
    let own = says(&mut talk, Side::Requesting, &grant(answer, request, 50));
    assert_eq!(unfit(own), Unfit::NoSuchPermission);
    let past = says(&mut talk, Side::Requested, &grant(answer, request, 0));
    assert!(matches!(past, Err(Refused::Invalid(_))), "{past:?}");
}

/// What a lying peer sends: the event as it is, whoever may say it.
#[track_caller]
fn lies(talk: &Talk, side: Side, role: Role, body: Body) -> Result<(), PeerFault> {
    let letter = talk.letter(side, role, body);
    let to = &talk.end(side.other()).exchange;
    to.admit(&letter.header, &letter.event)
}

fn body(command: Command) -> Body {
    command.body(&request()).expect("it has its form")
}

#[test]
fn a_peer_that_lies_about_permissions_and_corrections_is_refused_for_each_lie() {
    let (mut talk, answer) = answered();
    let (holder, originator) = (Side::Requesting, Side::Requested);
    let role = Role::Releaser;
    let lie = |talk: &Talk, side, command| lies(talk, side, role, body(command));
    // A grant that nobody asked for.
    let nothing = MessageId::from_bytes([9; 16]);
    let forged = grant(answer, nothing, 50);
    assert_eq!(lie(&talk, originator, forged), Err(PeerFault::Chain));
    // A use of a grant that was not given.
    assert_eq!(lie(&talk, holder, used(nothing)), Err(PeerFault::Chain));
    let request = asked(&mut talk, answer);
    // A grant for another message, or for more than was asked.
    let mut other = terms(answer).granted(request, hours(50));
    other.leaf = Digest::of(b"another");
    let other = Command::GrantPermission(other);
    assert_eq!(lie(&talk, originator, other), Err(PeerFault::State));
    // The holder grants it to itself.
    let own = grant(answer, request, 50);
    assert_eq!(lie(&talk, holder, own), Err(PeerFault::Chain));
    // An officer has no say in it.
    let by_officer = body(grant(answer, request, 50));
    let fault = lies(&talk, originator, Role::Officer, by_officer);
    assert_eq!(fault, Err(PeerFault::Role));
    let id = talk.next_id(originator);
    said(&mut talk, originator, &grant(answer, request, 50));
    // Used towards another member, used after its end, used twice.
    let Command::Notify(mut notice) = used(id) else {
        panic!("it is a notice");
    };
    notice.to = Some(member("RS"));
    let elsewhere = Command::Notify(notice);
    assert_eq!(lie(&talk, holder, elsewhere), Err(PeerFault::State));
    let mut late = talk.clone();
    late.hour = 51;
    assert_eq!(lie(&late, holder, used(id)), Err(PeerFault::State));
    said(&mut talk, holder, &used(id));
    assert_eq!(lie(&talk, holder, used(id)), Err(PeerFault::State));
    // Taken back although its use was seen.
    assert_eq!(
        lie(&talk, originator, refuse(request)),
        Err(PeerFault::State)
    );
    // An acknowledgement of a correction that was not told, or of one's own.
    let note = |about| {
        Command::Notify(Notice {
            about,
            says: Told::Acknowledged,
            to: None,
            by: None,
            note: None,
        })
    };
    assert_eq!(lie(&talk, holder, note(nothing)), Err(PeerFault::Chain));
    let correction = talk.next_id(originator);
    said(&mut talk, originator, &correct(answer));
    assert_eq!(
        lie(&talk, originator, note(correction)),
        Err(PeerFault::Chain)
    );
    // A correction of what is not in the exchange.
    let mut foreign = answer;
    foreign.leaf = Digest::of(b"another");
    assert_eq!(
        lie(&talk, originator, correct(foreign)),
        Err(PeerFault::Chain)
    );
}

fn correct(of: SaidMessage) -> Command {
    Command::Correct(Correction {
        message: of.id,
        leaf: of.leaf,
        flaw: Flaw::Incorrect,
        remedy: Remedy::Rectify,
        text: "The plate is 34 KLM 471.".to_owned(),
        handling: request().handling,
        passes_on: None,
    })
}

#[test]
fn a_correction_is_owed_until_it_is_acknowledged_whoever_tells_it() {
    for teller in [Side::Requesting, Side::Requested] {
        let (mut talk, answer) = answered();
        let id = talk.next_id(teller);
        said(&mut talk, teller, &correct(answer));
        let owed = |talk: &Talk| talk.asked.exchange.corrections()[0].acknowledged;
        assert_eq!(owed(&talk), None);
        let note = Command::Notify(Notice {
            about: id,
            says: Told::Acknowledged,
            to: None,
            by: None,
            note: Some("Put right.".to_owned()),
        });
        let own = says(&mut talk, teller, &note);
        assert_eq!(unfit(own), Unfit::NoSuchCorrection);
        said(&mut talk, teller.other(), &note);
        assert!(owed(&talk).is_some());
        let again = says(&mut talk, teller.other(), &note);
        assert_eq!(unfit(again), Unfit::DoneBefore);
        assert_eq!(talk.state(), State::Answered);
    }
}

#[test]
fn what_was_used_stays_used_though_it_crossed_with_being_taken_back() {
    for order in [
        [Side::Requesting, Side::Requested],
        [Side::Requested, Side::Requesting],
    ] {
        // The originator is either side: of the answer the asked one, of the request the asking one.
        let (mut talk, answer) = answered();
        let request = talk.asking.exchange.said()[0];
        let (of, holder) = match order[0] {
            Side::Requesting => (answer, Side::Requesting),
            Side::Requested => (request, Side::Requested),
        };
        let originator = holder.other();
        let asks = talk.next_id(holder);
        said(&mut talk, holder, &Command::AskPermission(terms(of)));
        let id = talk.next_id(originator);
        said(&mut talk, originator, &grant(of, asks, 50));
        for first in [holder, originator] {
            let mut talk = talk.clone();
            says(&mut talk, holder, &used(id)).expect("it may be used");
            says(&mut talk, originator, &refuse(asks)).expect("it may be taken back");
            talk.arrives(first);
            talk.arrives(first.other());
            assert_eq!(standing(&talk), Standing::Used);
        }
    }
}

#[test]
fn a_use_is_before_the_end_by_the_holders_clock_or_it_is_none() {
    let (mut talk, answer) = answered();
    let (_, id) = granted(&mut talk, answer, 20);
    talk.hour = 19;
    says(&mut talk, Side::Requesting, &used(id)).expect("it may be used");
    // It arrives long after the end, and counts.
    talk.hour = 400;
    talk.settles();
    assert_eq!(standing(&talk), Standing::Used);
    let (mut talk, answer) = answered();
    let (_, id) = granted(&mut talk, answer, 20);
    talk.hour = 20;
    let late = says(&mut talk, Side::Requesting, &used(id));
    assert_eq!(unfit(late), Unfit::Ended);
}

#[test]
fn permissions_outlive_the_exchange_but_not_the_request_that_they_are_about() {
    // A grant crosses with the withdrawal, and stands.
    let mut talk = after(&commands(&[Move::AnswerPart]));
    let answer = *talk.asking.exchange.said().last().expect("the answer");
    let asks = asked(&mut talk, answer);
    let id = talk.next_id(Side::Requested);
    says(&mut talk, Side::Requested, &grant(answer, asks, 50)).expect("it may be granted");
    talk.crosses(&command_of(Move::Withdraw))
        .expect("it may be withdrawn");
    talk.settles();
    assert_eq!(talk.state(), State::Withdrawn);
    said(&mut talk, Side::Requesting, &used(id));
    assert_eq!(standing(&talk), Standing::Used);
    // A request that was withdrawn is not passed on; where it crossed, it was.
    let mut talk = Talk::new();
    let request = talk.asked.exchange.said()[0];
    let asks = talk.next_id(Side::Requested);
    said(
        &mut talk,
        Side::Requested,
        &Command::AskPermission(terms(request)),
    );
    let id = talk.next_id(Side::Requesting);
    said(&mut talk, Side::Requesting, &grant(request, asks, 50));
    let mut crossing = talk.clone();
    crossing
        .crosses(&command_of(Move::Withdraw))
        .expect("it may be withdrawn");
    says(&mut crossing, Side::Requested, &used(id)).expect("it may be used");
    crossing.settles();
    assert_eq!(
        (crossing.state(), standing(&crossing)),
        (State::Withdrawn, Standing::Used)
    );
    talk.said(&command_of(Move::Withdraw));
    let late = says(&mut talk, Side::Requested, &used(id));
    assert_eq!(unfit(late), Unfit::TakenBack);
}

#[test]
fn an_exercise_has_no_place_in_what_is_actual_nor_the_other_way_round() {
    use crate::domain::Status;
    for status in Status::ALL {
        let talk = Talk::of(Request {
            status: *status,
            ..request()
        });
        for other in Status::ALL {
            let mut letter = talk.letter(
                Side::Requested,
                Role::Contact,
                body(command_of(Move::Accept)),
            );
            letter.header.extensions = other.extension().into_iter().collect();
            let admitted = talk.asking.exchange.admit(&letter.header, &letter.event);
            let expected = if status == other {
                Ok(())
            } else {
                Err(PeerFault::Status)
            };
            assert_eq!(admitted, expected, "{status} {other}");
            let body = Body::Request(Box::new(Request {
                status: *status,
                ..request()
            }));
            let (mut header, event) = sent(body, "MK", Role::Officer, 0);
            header.extensions = other.extension().into_iter().collect();
            assert_eq!(Exchange::admit_request(&header, &event), expected);
        }
    }
}

#[test]
fn what_its_marking_keeps_from_every_third_member_is_known_to_both_sides() {
    let (mut talk, answer) = answered();
    assert!(!answer.bound && !talk.asking.exchange.said()[0].bound);
    let Command::Correct(mut strict) = correct(answer) else {
        panic!("it is a correction");
    };
    strict.handling.tlp = Tlp::AmberStrict;
    said(&mut talk, Side::Requested, &Command::Correct(strict));
    for side in [&talk.asking.exchange, &talk.asked.exchange] {
        let told = side.said();
        assert!(told.last().is_some_and(|told| told.bound), "{told:?}");
    }
}
