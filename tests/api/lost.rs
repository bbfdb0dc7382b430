//! What goes on after a message that the other side refused, or that expired on the way. The office is
//! MK's; TR asked it, or was asked.

use std::time::Duration;

use liaison::app::change::{Change, Message};
use liaison::app::{Action, Ask, FromPeer, Input, Reply};
use liaison::audit::Statement;
use liaison::base::{Digest, MessageId, Role};
use liaison::domain::duty::Matter;
use liaison::domain::message::{Body, Joining};
use liaison::domain::rfi::{Command, Withdrawal};
use liaison::exchange::{Conversation, Refusal as R, Verdict, judge};
use liaison::store::Log as _;

use crate::alerts_reach::{delivered, refused};
use crate::duty::escalations;
use crate::office::*;
use crate::passing::names_the_wrong_one;
use crate::restored::sent;
use crate::says::respond;

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// TR asks MK, about nobody of whom a second person would have to answer.
pub fn asked_by_tr(office: &mut Office) -> MessageId {
    let mut about = request();
    about.subjects.truncate(2);
    about.questions.truncate(2);
    let message = office.first_of("TR", Role::Officer, Body::Request(Box::new(about)));
    office.takes(&message);
    message.header.id
}

fn form<T: serde::de::DeserializeOwned>(text: &str) -> T {
    toml::from_str(text).expect("it has its form")
}

pub fn accept() -> Command {
    Command::Accept(form("access = \"direct\""))
}

pub fn channel() -> Command {
    Command::Channel(form("authority = \"Police\""))
}

pub fn refuse() -> Command {
    Command::Refuse(form("ground = \"f2\""))
}

fn clarify() -> Command {
    Command::Clarify(form("text = \"The white one.\""))
}

pub fn withdraw() -> Command {
    Command::Withdraw(Withdrawal {
        reason: "Found.".to_owned(),
    })
}

/// What MK says, which it may.
#[track_caller]
pub fn says(office: &mut Office, exchange: MessageId, command: Command) -> Message {
    let size = office.log.size();
    respond(office, exchange, command).expect("it may be said");
    let said = office.changes_since(size).into_iter();
    let mut said = said.filter_map(|change| match change {
        Change::Sent(message) => Some(*message),
        Change::Received(..) | Change::ReceiptKept(_) | Change::Other(_) => None,
    });
    said.next().expect("it was sent")
}

/// MK corrects its request.
#[track_caller]
fn corrects(office: &mut Office, exchange: MessageId) -> Message {
    let ask = names_the_wrong_one(office, exchange);
    let Ask::Correct { message, .. } = &ask else {
        panic!("it is a correction");
    };
    let message = *message;
    office
        .ask(Role::Officer, Action::CorrectMessage, ask)
        .expect("it may be corrected");
    sent(office, message)
}

/// Where TR goes on with a message, as its header says: none where that is after the one before it.
pub fn named(message: &Message) -> Option<(u64, Option<Digest>)> {
    let joining = message.header.joining().expect("it has its form");
    match joining[..] {
        [] => None,
        [
            Joining {
                member: to,
                sequence,
                last,
            },
        ] => {
            assert_eq!(to, member("TR"));
            Some((sequence, last))
        }
        _ => panic!("{joining:?} names more than one"),
    }
}

/// How TR judges a message, having taken these of MK in the exchange.
pub fn judged(message: &Message, taken: Option<&Message>) -> Verdict {
    let stands = taken.map_or_else(Conversation::default, |last| Conversation {
        sequence: last.header.sequence + 1,
        last: Some(last.leaf()),
    });
    let (header, leaf) = (&message.header, message.leaf());
    judge(header, &leaf, member("TR"), header.created, None, &stands)
}

/// The message is not receipted as long as it lives.
pub fn expires(office: &mut Office, message: &Message) {
    office.now = message.header.expires.plus(SECOND);
    office.handle(vec![Input::Tick]);
}

fn later(office: &mut Office, time: Duration) {
    office.now = office.now.plus(time);
    office.handle(vec![Input::Tick]);
}

#[test]
fn what_follows_a_refused_message_says_where_the_other_side_stands() {
    let mut office = Office::new();
    let id = asked_by_tr(&mut office);
    let first = says(&mut office, id, accept());
    delivered(&mut office, "TR", first.header.id);
    let second = says(&mut office, id, channel());
    assert_eq!(named(&second), None);
    refused(&mut office, "TR", second.header.id);
    let third = says(&mut office, id, refuse());
    assert_eq!(named(&third), Some((1, Some(first.leaf()))));
    assert_eq!(third.header.previous_own, Some(second.leaf()));
    assert_eq!(judged(&third, Some(&first)), Verdict::Fresh);
    // Where nothing was taken it is the first.
    let mut office = Office::new();
    let id = asked_by_tr(&mut office);
    let first = says(&mut office, id, accept());
    refused(&mut office, "TR", first.header.id);
    office.rebuilt();
    let second = says(&mut office, id, channel());
    assert_eq!(named(&second), Some((0, None)));
    assert_eq!(judged(&second, None), Verdict::Fresh);
}

#[test]
fn a_peer_that_refuses_a_withdrawal_keeps_no_exchange_open() {
    for expired in [false, true] {
        let mut office = Office::new();
        let id = office.asked_tr();
        delivered(&mut office, "TR", id);
        let withdrawal = says(&mut office, id, withdraw());
        assert_eq!(state_of(&mut office, id), "withdrawn");
        if expired {
            expires(&mut office, &withdrawal);
        } else {
            refused(&mut office, "TR", withdrawal.header.id);
        }
        assert_eq!(state_of(&mut office, id), "withdrawn");
        office.rebuilt();
        assert_eq!(state_of(&mut office, id), "withdrawn");
        let size = office.log.size();
        later(&mut office, DAY * 3);
        let rings = escalations(&office, size);
        assert!(
            rings.iter().all(|(matter, ..)| *matter != Matter::Clock),
            "{rings:?}"
        );
        let erase = Ask::EraseContent {
            conversation: id,
            reason: "It was found.".to_owned(),
        };
        let erased = office.ask(Role::Releaser, Action::EraseContent, erase);
        assert!(matches!(erased, Ok(Reply::Done)), "{erased:?}");
    }
}

#[test]
fn an_answer_that_saw_what_followed_a_refused_withdrawal_but_not_that_is_taken() {
    let mut office = Office::new();
    let id = office.asked_tr();
    delivered(&mut office, "TR", id);
    let request = sent(&office, id);
    let withdrawal = says(&mut office, id, withdraw());
    refused(&mut office, "TR", withdrawal.header.id);
    let correction = corrects(&mut office, id);
    assert_eq!(named(&correction), Some((1, Some(request.leaf()))));
    assert_eq!(judged(&correction, Some(&request)), Verdict::Fresh);
    delivered(&mut office, "TR", correction.header.id);
    let answer = office.next_of("TR", Role::Contact, answer_body(), id);
    assert_eq!(answer.header.last_seen, Some(correction.leaf()));
    office.takes(&answer);
    assert_eq!(state_of(&mut office, id), "withdrawn");
    office.rebuilt();
    assert_eq!(state_of(&mut office, id), "withdrawn");
    // Where the answer had seen the withdrawal, it had no place.
    let mut office = Office::new();
    let id = office.asked_tr();
    delivered(&mut office, "TR", id);
    let withdrawal = says(&mut office, id, withdraw());
    refused(&mut office, "TR", withdrawal.header.id);
    let answer = office.next_of("TR", Role::Contact, answer_body(), id);
    assert_eq!(answer.header.last_seen, Some(withdrawal.leaf()));
    office.refuses("TR", &answer, R::OutOfState);
}

#[test]
fn what_follows_an_expired_message_is_taken_whether_or_not_that_had_come() {
    let mut office = Office::new();
    let id = office.asked_tr();
    delivered(&mut office, "TR", id);
    let request = sent(&office, id);
    let first = says(&mut office, id, withdraw());
    expires(&mut office, &first);
    let second = corrects(&mut office, id);
    assert_eq!(named(&second), Some((1, Some(request.leaf()))));
    for stands in [&request, &first] {
        assert_eq!(judged(&second, Some(stands)), Verdict::Fresh);
    }
    // The receipt of the first comes after all, and the place is known.
    delivered(&mut office, "TR", first.header.id);
    refused(&mut office, "TR", second.header.id);
    let third = corrects(&mut office, id);
    assert_eq!(named(&third), Some((2, Some(first.leaf()))));
    assert_eq!(judged(&third, Some(&first)), Verdict::Fresh);
}

#[test]
fn nothing_is_taken_after_a_request_that_never_arrived_unless_that_shows_to_be_there() {
    let mut office = Office::new();
    let id = office.asked_tr();
    let request = sent(&office, id);
    expires(&mut office, &request);
    let first = says(&mut office, id, withdraw());
    assert_eq!(named(&first), None);
    expires(&mut office, &first);
    assert_eq!(state_of(&mut office, id), "withdrawn");
    let second = corrects(&mut office, id);
    assert_eq!(judged(&second, None), Verdict::Refused(R::Gap));
    assert_eq!(judged(&second, Some(&request)), Verdict::Fresh);
    // The receipt of the request comes late, and the place is right.
    delivered(&mut office, "TR", id);
    refused(&mut office, "TR", second.header.id);
    let third = corrects(&mut office, id);
    assert_eq!(named(&third), Some((1, Some(request.leaf()))));
}

#[test]
fn an_event_that_has_seen_what_seemed_lost_shows_that_it_came() {
    let mut office = Office::new();
    let id = office.asked_tr();
    delivered(&mut office, "TR", id);
    let asks = Body::ClarificationRequest(form("text = \"Which van?\""));
    let asked = office.next_of("TR", Role::Contact, asks, id);
    office.takes(&asked);
    let clarification = says(&mut office, id, clarify());
    expires(&mut office, &clarification);
    assert_eq!(state_of(&mut office, id), "clarified");
    let again = Body::ClarificationRequest(form("text = \"Which white one?\""));
    let again = office.next_of("TR", Role::Contact, again, id);
    let again = with_header(&again, |header| {
        header.sequence = 1;
        header.previous_own = Some(asked.leaf());
    });
    assert_eq!(again.header.last_seen, Some(clarification.leaf()));
    office.takes(&again);
    office.rebuilt();
    assert_eq!(state_of(&mut office, id), "clarification-requested");
    let second = says(&mut office, id, clarify());
    assert_eq!(named(&second), None);
}

#[test]
fn what_waited_behind_a_refused_message_is_told_and_ends_once_a_later_one_is_taken() {
    let mut office = Office::new();
    let id = asked_by_tr(&mut office);
    let first = says(&mut office, id, accept());
    let second = says(&mut office, id, channel());
    refused(&mut office, "TR", first.header.id);
    assert_eq!(judged(&second, None), Verdict::Refused(R::Gap));
    let third = says(&mut office, id, refuse());
    assert_eq!(named(&third), Some((0, None)));
    assert_eq!(judged(&third, None), Verdict::Fresh);
    let replayed = Verdict::Refused(R::Replayed);
    assert_eq!(judged(&second, Some(&third)), replayed);
    assert!(!R::Replayed.is_temporary());
}

#[test]
fn what_was_only_put_off_is_not_left_out() {
    let mut office = Office::new();
    let id = asked_by_tr(&mut office);
    let first = says(&mut office, id, accept());
    refused(&mut office, "TR", first.header.id);
    let second = says(&mut office, id, channel());
    let later = vec![(second.leaf(), Some(R::OverQuota))];
    office.peer("TR", FromPeer::Later(later));
    let third = says(&mut office, id, refuse());
    // It follows the second one, and waits for that.
    assert_eq!(named(&third), None);
    assert_eq!(judged(&third, None), Verdict::Refused(R::Gap));
    assert_eq!(judged(&second, None), Verdict::Fresh);
    assert_eq!(judged(&third, Some(&second)), Verdict::Fresh);
}

#[test]
fn a_message_that_follows_what_was_lost_is_taken_here_at_either_place() {
    for came in [false, true] {
        let mut office = Office::new();
        let id = office.asked_tr();
        let body = acceptance_body();
        let first = office.next_of("TR", Role::Contact, body, id);
        if came {
            office.takes(&first);
        }
        let second = office.next_of("TR", Role::Contact, answer_body(), id);
        let joining = Joining {
            member: member("MK"),
            sequence: 0,
            last: None,
        };
        let second = with_header(&second, |header| {
            header.sequence = 1;
            header.previous_own = Some(first.leaf());
            header.extensions.extend(Joining::extension(&[joining]));
        });
        office.takes(&second);
        assert_eq!(state_of(&mut office, id), "answered");
        if !came {
            office.refuses("TR", &first, R::Replayed);
        }
    }
}

#[test]
fn a_receipt_that_a_message_was_opened_shows_that_it_came() {
    let mut office = Office::new();
    let id = asked_by_tr(&mut office);
    let first = says(&mut office, id, accept());
    expires(&mut office, &first);
    let opened = Statement::Opened {
        id: first.header.id,
        leaf: first.leaf(),
        role: Role::Officer,
    };
    office.peer("TR", receipt_of("TR", opened, office.now));
    assert_eq!(state_of(&mut office, id), "accepted");
    let second = says(&mut office, id, channel());
    assert_eq!(named(&second), None);
}
