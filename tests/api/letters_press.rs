//! Urgent letters that wait for a person of the own office: who is told, and what the node's state says.

use std::time::Duration;

use liaison::app::{Action, Ask, Channel, LetterAsk, LetterRow, Reply, Subject};
use liaison::base::{MessageId, Role};
use liaison::domain::Status;
use liaison::domain::duty::{Matter, Reason};
use liaison::domain::profile::Urgency;
use liaison::domain::release::Gated;
use liaison::domain::rfi::Request;
use liaison::seal::person::DecisionKind;
use liaison::store::Log as _;

use crate::duty::{escalations, rung, tick};
use crate::letters::{BORIS, decides, office, sends, waits};
use crate::office::{Office, member, request};

const MINUTE: Duration = Duration::from_secs(60);

/// The office in which requests wait for release, and one that does.
fn waiting(request: Request) -> (Office, MessageId) {
    let mut office = office(&[Gated::Request]);
    let (id, reply) = sends(&mut office, request);
    waits(reply);
    (office, id)
}

fn tells(level: u8) -> (Matter, u8, Channel) {
    (Matter::Waiting, level, Channel::Console)
}

/// What is told when so many minutes have passed.
fn told_after(office: &mut Office, minutes: u32) -> Vec<(Matter, u8, Channel)> {
    let since = office.log.size();
    office.now = office.now.plus(MINUTE * minutes);
    tick(office);
    escalations(office, since)
}

fn pressing(office: &mut Office) -> Vec<LetterRow> {
    match office.ask(Role::Officer, Action::ReadHealth, Ask::Health) {
        Ok(Reply::Health(health)) => health.pressing.letters,
        other => panic!("the node says how it stands: {other:?}"),
    }
}

#[test]
fn an_urgent_request_that_waits_for_release_goes_up_the_own_roster_until_it_leaves() {
    let (mut office, id) = waiting(request());
    assert_eq!(told_after(&mut office, 0), [tells(1)]);
    assert_eq!(told_after(&mut office, 14), []);
    assert_eq!(told_after(&mut office, 1), [tells(2)]);
    decides(&mut office, DecisionKind::Release, id, BORIS).expect("Boris may");
    let later = told_after(&mut office, 10);
    assert!(!later.contains(&tells(3)), "{later:?}");
}

#[test]
fn it_rings_with_the_id_of_the_letter() {
    let (mut office, id) = waiting(request());
    office.core.tell_by(Channel::Command);
    let alarms = rung(&tick(&mut office));
    let subjects: Vec<Subject> = alarms.iter().map(|alarm| alarm.subject).collect();
    assert_eq!(subjects, [Subject::Letter(id)]);
}

#[test]
fn an_urgent_letter_that_is_given_back_is_told_anew() {
    let (mut office, id) = waiting(request());
    assert_eq!(told_after(&mut office, 0), [tells(1)]);
    let reason = "The plate is missing.".to_owned();
    let give_back = Ask::Letters(LetterAsk::Return { letter: id, reason });
    office.now = office.now.plus(MINUTE);
    let given_back = office.ask_as(BORIS, Role::Releaser, Action::ReturnLetter, give_back);
    given_back.expect("Boris may");
    assert_eq!(told_after(&mut office, 0), [tells(1)]);
}

#[test]
fn nobody_is_told_of_a_routine_letter_or_of_one_of_an_exercise() {
    let routine = Request {
        urgency: Urgency::Routine,
        urgency_reason: None,
        ..request()
    };
    let exercise = Request {
        status: Status::Exercise,
        ..request()
    };
    for request in [routine, exercise] {
        let (mut office, _) = waiting(request);
        assert_eq!(told_after(&mut office, 60), []);
        assert_eq!(pressing(&mut office), []);
    }
}

#[test]
fn the_nodes_state_names_it_with_whom_to_tell() {
    let (mut office, id) = waiting(request());
    let letters = pressing(&mut office);
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].id, id);
    let pressing = letters[0].pressing.as_ref().expect("it presses");
    assert_eq!(pressing.attention.reason, Reason::Waiting);
    assert_eq!(pressing.member, member("MK"));
}
