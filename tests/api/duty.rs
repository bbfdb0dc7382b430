//! What presses in an exchange, who is told when, and what of it the log says.

use std::time::Duration;

use liaison::app::change::{Change, Other};
use liaison::app::core::Outcome;
use liaison::app::rows::ExchangeRow;
use liaison::app::{
    Action, Alarm, AlarmFault, AppError, Ask, CallSubject, Channel, Contact, DutyChange, FromPeer,
    Input, Reply, Subject,
};
use liaison::audit::Statement;
use liaison::base::{Digest, MessageId, Role};
use liaison::domain::duty::{Call, CallOutcome, Matter, Reason, Roster};
use liaison::domain::message::Body;
use liaison::domain::profile::Access;
use liaison::domain::rfi::{Acceptance, AwaitingAuthorisation, Command, Withdrawal};
use liaison::store::Log as _;

use crate::alerts_reach::refused;
use crate::office::*;
use crate::removed::without_tr;

const DUTY: &str = include_str!("../../deploy/examples/duty.toml");
const MINUTE: Duration = Duration::from_secs(60);

#[derive(serde::Deserialize)]
struct File {
    duty: Roster,
}

/// The office, which knows its peer's roster.
fn office() -> Office {
    let mut office = Office::new();
    let file: File = toml::from_str(DUTY).expect("the example is a roster");
    let contact = Contact {
        listed: "+90 312 000 0000".to_owned(),
        duty: file.duty,
    };
    let mut federation = office.federation.clone();
    federation.trust.contacts.insert(member("TR"), contact);
    office.handle(vec![Input::Federation(federation)]);
    office
}

pub fn tick(office: &mut Office) -> Vec<Outcome> {
    office.handle(vec![Input::Tick])
}

fn listed(office: &mut Office) -> Vec<ExchangeRow> {
    let ask = Ask::ListPressing { limit: 10 };
    match office.ask(Role::Officer, Action::ListExchanges, ask) {
        Ok(Reply::Exchanges(rows, None)) => rows,
        other => panic!("exchanges are what was asked for: {other:?}"),
    }
}

fn reasons(office: &mut Office) -> Vec<(Reason, u8)> {
    let rows = listed(office);
    let pressing = rows.iter().flat_map(|row| &row.pressing);
    pressing
        .map(|pressing| (pressing.attention.reason, pressing.attention.level))
        .collect()
}

/// TR's receipt of the request.
fn delivered(office: &mut Office, exchange: MessageId) {
    let leaf = leaf_of(office, exchange);
    let statement = Statement::Received {
        sender: node("MK"),
        id: exchange,
        leaf,
    };
    let receipt = receipt_of("TR", statement, office.now);
    office.peer("TR", receipt);
}

fn leaf_of(office: &Office, message: MessageId) -> liaison::base::Digest {
    use liaison::app::rows::{MESSAGE, MessageRow, message_key};
    let key = message_key(member("MK"), message);
    let row = office.core.row::<MessageRow>(MESSAGE, &key);
    row.expect("an index in memory").expect("it was sent").leaf
}

/// What was escalated since the log had a size.
pub fn escalations(office: &Office, since: u64) -> Vec<(Matter, u8, Channel)> {
    let changes = office.changes_since(since).into_iter();
    let escalated = changes.filter_map(|change| match change {
        Change::Other(Other::Duty(DutyChange::Escalated {
            matter, level, by, ..
        })) => Some((matter, level, by)),
        _ => None,
    });
    escalated.collect()
}

fn call(office: &mut Office, exchange: MessageId, outcome: CallOutcome) -> Result<Reply, AppError> {
    let call = Call {
        to: "Duty desk".to_owned(),
        outcome,
        note: Some("They will look now.".to_owned()),
    };
    let subject = CallSubject::Exchange(exchange);
    let ask = Ask::NoteCall { subject, call };
    office.ask(Role::Officer, Action::NoteCall, ask)
}

#[test]
fn an_urgent_request_that_nobody_opens_presses_after_its_time_with_the_number_to_call() {
    let mut office = office();
    let id = office.asked_tr();
    delivered(&mut office, id);
    office.now = office.now.plus(MINUTE * 15);
    let rows = listed(&mut office);
    let pressing = &rows[0].pressing[0];
    assert_eq!(pressing.attention.reason, Reason::Unopened);
    assert_eq!(pressing.member, member("TR"));
    assert_eq!(pressing.listed, "+90 312 000 0000");
    let post = pressing.attention.post.as_ref().expect("TR has a roster");
    assert_eq!(post.phone, "+389 2 000 0001");
}

/// TR's receipt of the request, by a clock that is 30 days ahead.
fn delivered_ahead(
    office: &mut Office,
    exchange: MessageId,
    of: fn(MessageId, Digest) -> Statement,
) {
    let statement = of(exchange, leaf_of(office, exchange));
    let ahead = office.now.plus(HOUR * 24 * 30);
    office.peer("TR", receipt_of("TR", statement, ahead));
}

#[test]
fn a_receipt_that_is_dated_ahead_delays_no_limit() {
    let received = |id, leaf| Statement::Received {
        sender: node("MK"),
        id,
        leaf,
    };
    let opened = |id, leaf| Statement::Opened {
        id,
        leaf,
        role: Role::Contact,
    };
    let receipts: [fn(MessageId, Digest) -> Statement; 2] = [received, opened];
    for of in receipts {
        let mut office = office();
        let id = office.asked_tr();
        delivered_ahead(&mut office, id, of);
        office.now = office.now.plus(HOUR * 8);
        assert_eq!(clock_of(&mut office), vec![]);
        office.now = office.now.plus(SECOND);
        assert_eq!(clock_of(&mut office), [Reason::Overdue]);
        let standing = office.standing();
        office.rebuilt();
        assert!(office.standing() == standing, "the log says the same");
    }
}

#[test]
fn an_office_whose_clock_is_behind_is_given_the_whole_time_to_open() {
    let mut office = office();
    let id = office.asked_tr();
    let statement = Statement::Received {
        sender: node("MK"),
        id,
        leaf: leaf_of(&office, id),
    };
    let behind = office.now.minus(MINUTE * 9);
    office.peer("TR", receipt_of("TR", statement, behind));
    office.now = office.now.plus(MINUTE * 14);
    assert_eq!(reasons(&mut office), []);
    office.now = office.now.plus(MINUTE);
    assert_eq!(reasons(&mut office), [(Reason::Unopened, 1)]);
}

/// What presses about the time limit.
fn clock_of(office: &mut Office) -> Vec<Reason> {
    let rows = listed(office);
    let pressing = rows.iter().flat_map(|row| &row.pressing);
    let clock = pressing.filter(|one| one.attention.concern.matter == Matter::Clock);
    clock.map(|one| one.attention.reason).collect()
}

/// An office that asked TR while its clock was a day ahead, with the clock set right.
fn asked_a_day_ahead() -> (Office, MessageId) {
    let mut office = office();
    let right = office.now;
    office.now = right.plus(HOUR * 24);
    let id = office.asked_tr();
    tick(&mut office);
    office.now = right;
    (office, id)
}

#[test]
fn what_waits_since_before_the_clock_was_set_back_is_told_at_once_and_climbs_from_then() {
    let (mut office, _) = asked_a_day_ahead();
    let size = office.log.size();
    let waits = |level| (Matter::Undelivered, level, Channel::Console);
    tick(&mut office);
    assert_eq!(escalations(&office, size), [waits(1)]);
    assert_eq!(reasons(&mut office), [(Reason::Undelivered, 1)]);
    for (minutes, levels) in [(15, 1), (18, 1), (19, 2), (22, 2), (23, 3)] {
        let (mut office, _) = asked_a_day_ahead();
        let size = office.log.size();
        tick(&mut office);
        office.now = office.now.plus(MINUTE * minutes);
        tick(&mut office);
        let told = escalations(&office, size);
        let last = told.last().map(|(_, level, _)| *level);
        assert_eq!(last, Some(levels), "after {minutes} minutes");
    }
}

#[test]
fn what_was_dated_before_the_clock_was_set_back_is_told_once_even_after_a_restart() {
    let (mut office, _) = asked_a_day_ahead();
    let size = office.log.size();
    for _ in 0..3 {
        office.restart();
        tick(&mut office);
        tick(&mut office);
    }
    let expected = [(Matter::Undelivered, 1, Channel::Console)];
    assert_eq!(escalations(&office, size), expected);
}

/// An office whose request waits since before its clock was set back, as people were told by then.
fn told_before_set_back(by: Duration) -> (Office, u64) {
    let mut office = office();
    tick(&mut office);
    office.asked_tr();
    office.now = office.now.plus(MINUTE * 15);
    let size = office.log.size();
    tick(&mut office);
    let desk = [(Matter::Undelivered, 1, Channel::Console)];
    assert_eq!(escalations(&office, size), desk);
    office.now = office.now.minus(by);
    let size = office.log.size();
    for _ in 0..3 {
        tick(&mut office);
    }
    (office, size)
}

#[test]
fn what_was_told_before_the_clock_was_set_back_goes_on_up_the_roster_from_then() {
    let waits = |level| (Matter::Undelivered, level, Channel::Console);
    for by in [MINUTE * 10, HOUR * 24] {
        let (mut office, size) = told_before_set_back(by);
        assert_eq!(reasons(&mut office), [(Reason::Undelivered, 1)]);
        let mut told = Vec::new();
        for minute in 1..=30 {
            office.now = office.now.plus(MINUTE);
            tick(&mut office);
            tick(&mut office);
            if escalations(&office, size).len() > told.len() {
                told.push(minute);
            }
        }
        assert_eq!(escalations(&office, size), [waits(2), waits(3)], "{by:?}");
        assert_eq!(told, [4, 12], "{by:?}");
        let standing = office.standing();
        office.rebuilt();
        assert!(office.standing() == standing, "the log says the same");
    }
}

#[test]
fn after_a_restart_the_next_level_waits_its_time_once_more_and_no_longer() {
    let (mut office, size) = told_before_set_back(HOUR * 24);
    office.now = office.now.plus(MINUTE * 2);
    office.restart();
    tick(&mut office);
    tick(&mut office);
    assert_eq!(reasons(&mut office), [(Reason::Undelivered, 1)]);
    office.now = office.now.plus(MINUTE * 3);
    tick(&mut office);
    assert_eq!(escalations(&office, size), []);
    office.now = office.now.plus(MINUTE);
    tick(&mut office);
    let head = [(Matter::Undelivered, 2, Channel::Console)];
    assert_eq!(escalations(&office, size), head);
}

#[test]
fn what_all_levels_were_told_before_the_clock_was_set_back_presses_on() {
    let mut office = office();
    office.asked_tr();
    for _ in 0..30 {
        tick(&mut office);
        office.now = office.now.plus(MINUTE);
    }
    office.now = office.now.minus(HOUR * 24);
    let size = office.log.size();
    for _ in 0..3 {
        tick(&mut office);
    }
    let pressing: Vec<Reason> = reasons(&mut office).into_iter().map(|(r, _)| r).collect();
    assert_eq!(pressing, [Reason::Undelivered]);
    for _ in 0..60 {
        office.now = office.now.plus(MINUTE);
        tick(&mut office);
    }
    assert_eq!(escalations(&office, size), []);
}

#[test]
fn a_clock_that_goes_back_in_small_steps_tells_no_level_early() {
    let (mut office, size) = told_before_set_back(SECOND * 50);
    office.now = office.now.minus(SECOND * 50);
    tick(&mut office);
    office.now = office.now.plus(MINUTE * 3);
    tick(&mut office);
    assert_eq!(escalations(&office, size), []);
    office.now = office.now.plus(MINUTE * 3);
    tick(&mut office);
    let head = [(Matter::Undelivered, 2, Channel::Console)];
    assert_eq!(escalations(&office, size), head);
}

#[test]
fn what_is_over_hides_nothing_that_comes_after_it_however_much_there_is() {
    let mut office = office();
    for _ in 0..2_100 {
        let exchange = office.asked_tr_about_nobody();
        let withdrawal = Withdrawal {
            reason: "TR is out.".into(),
        };
        let ask = Ask::Respond {
            exchange,
            message: office.new_id(),
            command: Box::new(Command::Withdraw(withdrawal)),
            attached: Vec::new(),
        };
        let withdrawn = office.ask(Role::Officer, Action::WithdrawRequest, ask);
        withdrawn.expect("it may be withdrawn");
    }
    without_tr(&mut office, true);
    office.now = office.now.plus(MINUTE);
    let ask = Ask::SendRequest {
        to: vec![(member("AT"), office.new_id(), Vec::new())],
        request: Box::new(request()),
    };
    let asked = office.ask(Role::Officer, Action::SendRequest, ask);
    asked.expect("it may be sent");
    office.now = office.now.plus(MINUTE * 15);
    let size = office.log.size();
    for _ in 0..4 {
        tick(&mut office);
    }
    let desk = [(Matter::Undelivered, 1, Channel::Console)];
    assert_eq!(escalations(&office, size), desk);
    assert_eq!(reasons(&mut office), [(Reason::Undelivered, 1)]);
}

#[test]
fn a_clock_that_is_set_back_by_less_than_a_minute_rings_nobody() {
    let mut office = office();
    office.asked_tr();
    tick(&mut office);
    let size = office.log.size();
    office.now = office.now.minus(SECOND * 59);
    tick(&mut office);
    office.restart();
    tick(&mut office);
    assert_eq!(escalations(&office, size), []);
}

#[test]
fn a_request_that_was_made_before_the_clock_was_set_back_is_to_be_opened_in_time() {
    let (mut office, id) = asked_a_day_ahead();
    delivered(&mut office, id);
    let size = office.log.size();
    office.now = office.now.plus(MINUTE * 14);
    tick(&mut office);
    assert_eq!(escalations(&office, size), []);
    office.now = office.now.plus(MINUTE);
    tick(&mut office);
    let expected = [(Matter::Unopened, 1, Channel::Console)];
    assert_eq!(escalations(&office, size), expected);
}

#[test]
fn each_level_is_recorded_once_even_after_a_restart_from_the_log_alone() {
    let mut office = office();
    let id = office.asked_tr();
    delivered(&mut office, id);
    let size = office.log.size();
    for _ in 0..60 {
        office.now = office.now.plus(MINUTE / 2);
        tick(&mut office);
        tick(&mut office);
        if office.log.size().is_multiple_of(2) {
            office.restart();
            tick(&mut office);
        }
    }
    let unopened = |level| (Matter::Unopened, level, Channel::Console);
    let expected = [unopened(1), unopened(2), unopened(3)];
    assert_eq!(escalations(&office, size), expected);
}

#[test]
fn a_node_that_was_down_tells_the_highest_level_that_was_reached() {
    let mut office = office();
    let id = office.asked_tr();
    delivered(&mut office, id);
    let size = office.log.size();
    office.now = office.now.plus(MINUTE * 30);
    tick(&mut office);
    tick(&mut office);
    let expected = [(Matter::Unopened, 3, Channel::Console)];
    assert_eq!(escalations(&office, size), expected);
}

#[test]
fn a_call_that_reached_somebody_is_on_record_and_gives_them_the_limit_again() {
    let mut office = office();
    let id = office.asked_tr();
    delivered(&mut office, id);
    office.now = office.now.plus(MINUTE * 16);
    tick(&mut office);
    assert_eq!(reasons(&mut office), [(Reason::Unopened, 1)]);
    let size = office.log.size();
    call(&mut office, id, CallOutcome::Reached).expect("an officer may");
    assert_eq!(reasons(&mut office), []);
    let noted = office.changes_since(size);
    assert!(
        matches!(&noted[0], Change::Other(Other::Duty(DutyChange::Called { call, .. }))
            if call.to == "Duty desk" && call.outcome == CallOutcome::Reached),
        "{noted:?}"
    );
    office.now = office.now.plus(MINUTE * 15);
    tick(&mut office);
    assert_eq!(reasons(&mut office), [(Reason::Unopened, 1)]);
}

/// MK says something to TR, which refuses it.
fn says_what_is_refused(
    office: &mut Office,
    exchange: MessageId,
    action: Action,
    command: Command,
) {
    let message = office.new_id();
    let ask = Ask::Respond {
        exchange,
        message,
        command: Box::new(command),
        attached: Vec::new(),
    };
    let said = office.ask(Role::Contact, action, ask);
    said.expect("a contact point may say so");
    refused(office, "TR", message);
}

#[test]
fn what_is_refused_after_a_call_is_told_anew() {
    let mut office = office();
    // Nobody of its own, whom the protection gate would keep from it.
    let mut about = request();
    about.subjects.truncate(2);
    about.questions.truncate(2);
    let message = office.first_of("TR", Role::Officer, Body::Request(Box::new(about)));
    office.takes(&message);
    let exchange = message.header.id;
    let read = Ask::ReadExchange { exchange };
    let read = office.ask(Role::Contact, Action::ReadExchange, read);
    read.expect("a contact point may read");
    let acceptance = Command::Accept(Acceptance {
        reference: None,
        access: Access::Direct,
        note: None,
    });
    says_what_is_refused(&mut office, exchange, Action::AcceptRequest, acceptance);
    for _ in 0..30 {
        tick(&mut office);
        office.now = office.now.plus(MINUTE);
    }
    call(&mut office, exchange, CallOutcome::Reached).expect("an officer may");
    assert_eq!(reasons(&mut office), []);
    office.now = office.now.plus(MINUTE);
    let size = office.log.size();
    let awaiting = Command::Await(AwaitingAuthorisation {
        expected: office.now.plus(HOUR),
        reason: "A judge decides.".to_owned(),
    });
    says_what_is_refused(&mut office, exchange, Action::AnnounceDelay, awaiting);
    tick(&mut office);
    let anew = [(Matter::Refused, 1, Channel::Console)];
    assert_eq!(escalations(&office, size), anew);
}

#[test]
fn a_call_about_nothing_or_to_nobody_is_refused() {
    let mut office = office();
    let id = office.asked_tr();
    let nothing = office.new_id();
    let refused = call(&mut office, nothing, CallOutcome::NoAnswer);
    assert_eq!(refused.err(), Some(AppError::NotFound("exchange")));
    let ask = Ask::NoteCall {
        subject: CallSubject::Exchange(id),
        call: Call {
            to: " ".to_owned(),
            outcome: CallOutcome::NoAnswer,
            note: None,
        },
    };
    let refused = office.ask(Role::Officer, Action::NoteCall, ask);
    assert!(matches!(refused, Err(AppError::Invalid(faults)) if faults[0].path == "to"));
}

#[test]
fn what_cannot_be_delivered_names_the_link_that_is_down() {
    let mut office = office();
    office.asked_tr();
    office.peer("TR", FromPeer::Down);
    let down = office.now;
    office.now = office.now.plus(MINUTE * 15);
    tick(&mut office);
    let rows = listed(&mut office);
    let attention = &rows[0].pressing[0].attention;
    assert_eq!(attention.reason, Reason::NoLink);
    assert_eq!(attention.unlinked_since, Some(down));
    office.peer("TR", FromPeer::Up);
    assert_eq!(reasons(&mut office), [(Reason::Undelivered, 1)]);
}

#[test]
fn what_came_rings_at_once_until_somebody_opens_it() {
    let mut office = office();
    office.core.tell_by(Channel::Command);
    let message = office.first_of("TR", Role::Officer, request_body());
    office.takes(&message);
    let alarms = rung(&tick(&mut office));
    assert_eq!(alarms.len(), 1);
    let alarm = alarms[0];
    assert_eq!((alarm.matter, alarm.level), (Matter::Unread, 1));
    assert_eq!(alarm.subject, Subject::Exchange(message.header.id));
    // It is not rung again while it runs, and no more once it was taken.
    assert_eq!(rung(&tick(&mut office)), []);
    office.handle(vec![Input::Alarmed(alarm.escalation, Ok(()))]);
    office.now = office.now.plus(HOUR / 60);
    assert_eq!(rung(&tick(&mut office)), []);
    assert_eq!(reasons(&mut office), [(Reason::Unread, 1)]);
    let exchange = message.header.id;
    let read = Ask::ReadExchange { exchange };
    let read = office.ask(Role::Contact, Action::ReadExchange, read);
    read.expect("a contact point may read");
    assert_eq!(reasons(&mut office), []);
}

/// The alarms that are to be given.
pub fn rung(outcomes: &[Outcome]) -> Vec<Alarm> {
    let alarms = outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Alarm(alarm) => Some(*alarm),
        _ => None,
    });
    alarms.collect()
}

#[test]
fn an_alarm_that_fails_is_tried_again_longer_and_longer_shown_and_survives_a_restart() {
    let mut office = office();
    office.core.tell_by(Channel::Command);
    let message = office.first_of("TR", Role::Officer, request_body());
    office.takes(&message);
    let mut alarm = rung(&tick(&mut office))[0];
    let fails = |office: &mut Office, alarm: Alarm| {
        let outcome = Err(AlarmFault::Exit(7));
        office.handle(vec![Input::Alarmed(alarm.escalation, outcome)]);
    };
    let size = office.log.size();
    for (attempt, wait) in [(1, 5), (2, 10), (3, 20)] {
        assert_eq!(alarm.attempt, attempt);
        fails(&mut office, alarm);
        office.now = office.now.plus(SECOND * (wait - 1));
        assert_eq!(rung(&tick(&mut office)), [], "after attempt {attempt}");
        office.now = office.now.plus(SECOND);
        alarm = rung(&tick(&mut office))[0];
    }
    let failed = |change: &Change| {
        matches!(
            change,
            Change::Other(Other::Duty(DutyChange::AlarmFailed {
                fault: AlarmFault::Exit(7),
                ..
            }))
        )
    };
    let changes = office.changes_since(size);
    assert_eq!(changes.iter().filter(|change| failed(change)).count(), 1);
    let health = office.ask(Role::Admin, Action::ReadHealth, Ask::Health);
    let Ok(Reply::Health(health)) = health else {
        panic!("the node's state is what was asked for");
    };
    assert_eq!(health.alarms_failed.len(), 1);
    office.restart();
    office.core.tell_by(Channel::Command);
    let again = rung(&tick(&mut office));
    assert_eq!(again.len(), 1, "what was not taken is handed over again");
    office.handle(vec![Input::Alarmed(again[0].escalation, Ok(()))]);
    office.restart();
    office.core.tell_by(Channel::Command);
    assert_eq!(rung(&tick(&mut office)), []);
}

/// Urgent requests of TR come, each in an exchange of its own, and what then rings.
fn urgent_requests(office: &mut Office, number: usize) -> Vec<Alarm> {
    for _ in 0..number {
        let message = office.first_of("TR", Role::Officer, request_body());
        office.takes(&message);
    }
    rung(&tick(office))
}

fn fail(office: &mut Office, alarms: &[Alarm]) {
    let failed = |alarm: &Alarm| Input::Alarmed(alarm.escalation, Err(AlarmFault::Exit(1)));
    office.handle(alarms.iter().map(failed).collect());
}

#[test]
fn alarms_that_fail_again_and_again_do_not_silence_a_new_one() {
    let mut office = office();
    office.core.tell_by(Channel::Command);
    let mut rung_now = urgent_requests(&mut office, 16);
    assert_eq!(rung_now.len(), 16);
    for _ in 0..60 {
        fail(&mut office, &rung_now);
        office.now = office.now.plus(SECOND);
        rung_now = rung(&tick(&mut office));
    }
    fail(&mut office, &rung_now);
    let new = urgent_requests(&mut office, 1);
    assert_eq!(new.iter().filter(|alarm| alarm.attempt == 1).count(), 1);
}

#[test]
fn what_was_never_tried_rings_before_what_failed() {
    let mut office = office();
    office.core.tell_by(Channel::Command);
    let failing = urgent_requests(&mut office, 16);
    fail(&mut office, &failing);
    office.now = office.now.plus(SECOND * 5);
    let alarms = urgent_requests(&mut office, 1);
    assert_eq!(alarms[0].attempt, 1);
    assert!(alarms[1..].iter().all(|alarm| alarm.attempt == 2));
}

#[test]
fn a_command_that_hangs_with_what_failed_before_has_room_for_what_is_new() {
    let mut office = office();
    office.core.tell_by(Channel::Command);
    let failing = urgent_requests(&mut office, 16);
    fail(&mut office, &failing);
    for _ in 0..60 {
        office.now = office.now.plus(SECOND);
        tick(&mut office);
    }
    let new = urgent_requests(&mut office, 13);
    assert_eq!(new.len(), 13);
}

#[test]
fn what_fell_due_while_the_node_was_down_rings_with_its_first_tick() {
    let mut office = office();
    let message = office.first_of("TR", Role::Officer, request_body());
    office.takes(&message);
    office.restart();
    office.core.tell_by(Channel::Command);
    let version = "test".to_owned();
    let started = office.handle(vec![Input::Start { version }, Input::Tick]);
    assert_eq!(rung(&started).len(), 1);
}

#[test]
fn an_observer_is_not_shown_which_exchanges_there_are() {
    let mut office = office();
    let message = office.first_of("TR", Role::Officer, request_body());
    office.takes(&message);
    let mut pressing = |role| match office.ask(role, Action::ReadHealth, Ask::Health) {
        Ok(Reply::Health(health)) => health.pressing.exchanges.len(),
        other => panic!("the node's state is what was asked for: {other:?}"),
    };
    assert_eq!((pressing(Role::Admin), pressing(Role::Observer)), (1, 0));
}

#[test]
fn of_several_exchanges_the_one_that_has_come_furthest_is_first() {
    let mut office = office();
    let first = office.asked_tr();
    delivered(&mut office, first);
    office.now = office.now.plus(MINUTE * 5);
    let second = office.asked_tr();
    delivered(&mut office, second);
    office.now = office.now.plus(MINUTE * 15);
    let order = |office: &mut Office| -> Vec<MessageId> {
        listed(office).iter().map(|row| row.id).collect()
    };
    assert_eq!(order(&mut office), [first, second]);
    call(&mut office, first, CallOutcome::Reached).expect("an officer may");
    assert_eq!(order(&mut office), [second]);
}
