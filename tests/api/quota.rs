//! What a member sends beyond its quota waits there, and people are told.

use std::time::Duration;

use liaison::app::change::{Change, Other};
use liaison::app::{Action, Ask, HealthReply, Input, Reply};
use liaison::base::Role;
use liaison::exchange::Refusal;
use liaison::store::Log as _;

use crate::office::{Office, member, request_body, taken, told};

/// An office that takes two messages a day, and a peer that has sent both.
fn office() -> Office {
    let mut office = Office::new();
    office.core = office.core.with_quota(2);
    office.handle(vec![Input::Federation(office.federation.clone())]);
    for _ in 0..2 {
        let message = office.first_of("TR", Role::Officer, request_body());
        office.takes(&message);
    }
    office
}

fn health(office: &mut Office) -> HealthReply {
    match office.ask(Role::Admin, Action::ReadHealth, Ask::Health) {
        Ok(Reply::Health(health)) => *health,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_beyond_the_quota_is_refused_for_now_and_nothing_else_is() {
    let mut office = office();
    let message = office.first_of("TR", Role::Officer, request_body());
    let outcomes = office.peer("TR", taken(&message));
    assert_eq!(told(&outcomes), [(message.leaf(), Refusal::OverQuota)]);
    assert!(Refusal::OverQuota.is_temporary());
    let of_another = office.first_of("AT", Role::Officer, request_body());
    office.takes(&of_another);
}

#[test]
fn it_is_taken_when_enough_of_the_day_has_gone_by() {
    let mut office = office();
    let message = office.first_of("TR", Role::Officer, request_body());
    office.peer("TR", taken(&message));
    office.handle(vec![Input::Elapsed(Duration::from_secs(12 * 3_600))]);
    office.takes(&message);
}

#[test]
fn what_is_known_costs_nothing() {
    let mut office = Office::new();
    office.core = office.core.with_quota(1);
    office.handle(vec![Input::Federation(office.federation.clone())]);
    let message = office.first_of("TR", Role::Officer, request_body());
    office.takes(&message);
    let outcomes = office.peer("TR", taken(&message));
    assert_eq!(told(&outcomes), [], "a duplicate has its receipt again");
}

#[test]
fn that_a_member_sends_too_much_is_told_and_recorded_once() {
    let mut office = office();
    assert_eq!(health(&mut office).exceeding, []);
    let size = office.log.size();
    for _ in 0..5 {
        let message = office.first_of("TR", Role::Officer, request_body());
        office.peer("TR", taken(&message));
    }
    let exceeding = health(&mut office).exceeding;
    assert_eq!(exceeding, [(member("TR"), office.now)]);
    let changes = office.changes_since(size);
    let refused = |change: &&Change| {
        matches!(change, Change::Other(Other::InputRefused { refusal, .. })
            if *refusal == Refusal::OverQuota.number())
    };
    assert_eq!(changes.iter().filter(refused).count(), 1);
}
