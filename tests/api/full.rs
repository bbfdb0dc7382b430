//! A disk without room, and a node that stops: everyone who waits is told, and nothing that was said
//! is lost.

use liaison::app::change::{Change, Other};
use liaison::app::core::Outcome;
use liaison::app::{
    Action, Alarm, AlarmFault, AppError, Ask, Channel, DutyChange, FromPeer, Input, MemberChange,
    PersonOnRecord, Reply,
};
use liaison::audit::Statement;
use liaison::base::{Digest, MessageId, PersonId, Role, merkle};
use liaison::domain::duty::Matter;
use liaison::domain::release::{Gated, ReleasePolicy};
use liaison::exchange::Refusal;
use liaison::store::{Fault, Log as _};

use crate::duty::{escalations, rung, tick};
use crate::office::*;
use crate::served::Served;

fn sending(office: &mut Office, to: &str) -> (MessageId, Ask) {
    let id = office.new_id();
    let ask = Ask::SendRequest {
        to: vec![(member(to), id, Vec::new())],
        request: Box::new(request()),
    };
    (id, ask)
}

#[test]
fn everyone_who_waits_is_told_that_the_disk_is_full() {
    let mut office = Office::new();
    let exchange = office.asked_tr();
    let (before, size) = (office.standing(), office.log.size());
    let (_, first) = sending(&mut office, "TR");
    let (_, second) = sending(&mut office, "AT");
    let read = Ask::ReadExchange { exchange };
    let asked = [
        office.asking(Role::Officer, Action::SendRequest, first),
        office.asking(Role::Officer, Action::SendRequest, second),
        // Reading is recorded, so it cannot be done unrecorded either.
        office.asking(Role::Contact, Action::ReadExchange, read),
    ];
    let (tickets, inputs): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
    office.log.fail_next(Some(Fault::Full));
    let outcomes = office.handle(inputs);
    assert_eq!(outcomes.len(), tickets.len(), "nobody else hears anything");
    for ticket in tickets {
        let reply = reply_to(ticket, outcomes.clone());
        assert_eq!(reply.err(), Some(AppError::DiskFull));
    }
    assert_eq!(office.log.size(), size);
    assert!(office.standing() == before, "nothing happened");
}

#[test]
fn who_only_asks_how_the_node_is_hears_that_on_a_full_disk_whatever_comes_with_it() {
    let mut office = Office::new();
    let message = office.first_of("TR", Role::Officer, request_body());
    let (ticket, status) = office.asking(Role::Auditor, Action::ReadHealth, Ask::Health);
    office.log.fail_next(Some(Fault::Full));
    let outcomes = office.handle(vec![Input::Peer(node("TR"), taken(&message)), status]);
    let reply = reply_to(ticket, outcomes.clone());
    assert!(matches!(reply, Ok(Reply::Health(_))), "{reply:?}");
    assert_eq!(told(&outcomes), [(message.leaf(), Refusal::NoRoom)]);
}

#[test]
fn what_was_turned_down_can_be_sent_once_there_is_room() {
    let mut office = Office::new();
    let (id, ask) = sending(&mut office, "TR");
    office.log.fail_next(Some(Fault::Full));
    let refused = office.ask(Role::Officer, Action::SendRequest, ask.clone());
    assert_eq!(refused.err(), Some(AppError::DiskFull));
    let sent = office.ask(Role::Officer, Action::SendRequest, ask);
    assert!(matches!(sent, Ok(Reply::Exchanges(rows, _)) if rows[0].id == id));
}

#[test]
fn what_a_peer_sends_meanwhile_is_neither_taken_nor_receipted_and_taken_later() {
    let mut office = Office::new();
    let message = office.first_of("TR", Role::Officer, request_body());
    let (before, size) = (office.standing(), office.log.size());
    office.log.fail_next(Some(Fault::Full));
    let outcomes = office.peer("TR", taken(&message));
    assert_eq!(told(&outcomes), [(message.leaf(), Refusal::NoRoom)]);
    assert_eq!(office.log.size(), size);
    assert!(office.standing() == before);
    office.takes(&message);
}

#[test]
fn a_receipt_that_comes_meanwhile_is_asked_for_again() {
    let mut office = Office::new();
    let exchange = office.asked_tr();
    let received = Statement::Received {
        sender: node("MK"),
        id: exchange,
        leaf: office.message_row(exchange).leaf,
    };
    let receipt = receipt_of("TR", received, office.now);
    let FromPeer::Receipt(inner) = &receipt else {
        panic!("{receipt:?}");
    };
    let entry = merkle::leaf_hash(&inner.receipt.entry);
    office.log.fail_next(Some(Fault::Full));
    let outcomes = office.peer("TR", receipt.clone());
    assert_eq!(told(&outcomes), [(entry, Refusal::NoRoom)]);
    let outcomes = office.peer("TR", receipt);
    let kept = outcomes.iter().any(|outcome| match outcome {
        Outcome::Keep { receipts, .. } => *receipts == [entry],
        _ => false,
    });
    assert!(kept, "{outcomes:?}");
}

#[test]
fn what_a_peer_has_no_room_for_goes_again_when_it_has_rested_be_it_message_or_receipt() {
    let mut office = Office::new();
    let received = office.first_of("TR", Role::Officer, request_body());
    office.takes(&received);
    let opened = office.log.size();
    let exchange = received.header.id;
    let read = Ask::ReadExchange { exchange };
    let reply = office.ask(Role::Contact, Action::ReadExchange, read);
    reply.expect("a contact may open it");
    let read = opened..office.log.size();
    let receipts: Vec<_> = read.filter_map(|entry| office.log.leaf(entry)).collect();
    let sent = office.asked_tr();
    let leaf = office.message_row(sent).leaf;
    let no_room = Some(Refusal::NoRoom);
    let refused = receipts.into_iter().chain([leaf]);
    let later = FromPeer::Later(refused.map(|digest| (digest, no_room)).collect());
    let goes = |outcomes: Vec<Outcome>| -> (usize, usize) {
        let of = |outcome: &Outcome| match outcome {
            Outcome::Send { messages, .. } => (messages.len(), 0),
            Outcome::Receipts { batches, .. } => (0, batches.len()),
            _ => (0, 0),
        };
        let all = outcomes.iter().map(of);
        all.fold((0, 0), |(a, b), (c, d)| (a + c, b + d))
    };
    assert_eq!(goes(office.peer("TR", later)), (0, 0), "not at once");
    office.now = office.now.plus(SECOND);
    assert_eq!(goes(office.handle(vec![Input::Tick])), (1, 1));
}

#[test]
fn what_could_not_be_kept_does_not_use_up_a_members_quota() {
    let mut office = Office::new();
    office.core = office.core.with_quota(1);
    office.handle(vec![Input::Federation(office.federation.clone())]);
    let message = office.first_of("TR", Role::Officer, request_body());
    for _ in 0..3 {
        office.log.fail_next(Some(Fault::Full));
        office.peer("TR", taken(&message));
    }
    office.takes(&message);
}

#[test]
fn what_waited_for_a_peer_goes_out_from_a_full_disk_and_only_once() {
    let mut office = Office::new();
    let (_, ask) = sending(&mut office, "RS");
    office.peer("TR", FromPeer::Down);
    let waiting = office.asked_tr();
    let leaf = office.message_row(waiting).leaf;
    let sent = |outcomes: &[Outcome]| -> Vec<_> {
        let of = |outcome: &Outcome| match outcome {
            Outcome::Send { peer, messages, .. } => Some((*peer, messages[0].leaf())),
            _ => None,
        };
        outcomes.iter().filter_map(of).collect()
    };
    // The link comes up in the very group that cannot be written.
    let up = Input::Peer(node("TR"), FromPeer::Up);
    let (ticket, ask) = office.asking(Role::Officer, Action::SendRequest, ask);
    office.log.fail_next(Some(Fault::Full));
    let outcomes = office.handle(vec![up, ask]);
    assert_eq!(sent(&outcomes), [(node("TR"), leaf)]);
    assert_eq!(reply_to(ticket, outcomes).err(), Some(AppError::DiskFull));
    assert_eq!(sent(&office.handle(vec![Input::Tick])), []);
}

/// A second goes by on a full disk, and the command takes what rings; gives what rang.
fn passes_on_a_full_disk(office: &mut Office) -> Vec<Alarm> {
    office.now = office.now.plus(SECOND);
    office.log.fail_next(Some(Fault::Full));
    let alarms = rung(&tick(office));
    for alarm in &alarms {
        office.log.fail_next(Some(Fault::Full));
        office.handle(vec![Input::Alarmed(alarm.escalation, Ok(()))]);
    }
    alarms
}

/// An urgent request of TR comes, and nobody opens it.
fn urgent_request(office: &mut Office) {
    let message = office.first_of("TR", Role::Officer, request_body());
    office.takes(&message);
}

fn rings_by_a_command() -> Office {
    let mut office = Office::new();
    office.core.tell_by(Channel::Command);
    office
}

#[test]
fn an_urgent_request_that_nobody_opens_rings_once_on_a_full_disk() {
    let mut office = rings_by_a_command();
    urgent_request(&mut office);
    let alarms: Vec<_> = (0..60)
        .flat_map(|_| passes_on_a_full_disk(&mut office))
        .collect();
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    assert_eq!((alarms[0].matter, alarms[0].level), (Matter::Unread, 1));
}

#[test]
fn what_rang_on_a_full_disk_is_recorded_once_there_is_room_and_does_not_ring_again() {
    let mut office = rings_by_a_command();
    urgent_request(&mut office);
    assert_eq!(passes_on_a_full_disk(&mut office).len(), 1);
    office.log.fail_next(None);
    let size = office.log.size();
    assert_eq!(rung(&tick(&mut office)), []);
    let unread = (Matter::Unread, 1, Channel::Command);
    assert_eq!(escalations(&office, size), [unread]);
    assert_eq!(given(&office, size), 1);
}

/// How many alarms are on record as taken since the log had a size.
fn given(office: &Office, size: u64) -> usize {
    let changes = office.changes_since(size).into_iter();
    let given = |change: &Change| {
        matches!(
            change,
            Change::Other(Other::Duty(DutyChange::AlarmGiven { .. }))
        )
    };
    changes.filter(given).count()
}

#[test]
fn an_alarm_that_is_on_record_rings_on_a_full_disk_whatever_else_is_to_be_recorded() {
    let mut office = rings_by_a_command();
    urgent_request(&mut office);
    let failed = rung(&tick(&mut office))[0];
    let outcome = Err(AlarmFault::Exit(1));
    office.handle(vec![Input::Alarmed(failed.escalation, outcome)]);
    urgent_request(&mut office);
    let again = (0..10).flat_map(|_| passes_on_a_full_disk(&mut office));
    let again: Vec<_> = again.map(|alarm| alarm.escalation).collect();
    assert!(again.contains(&failed.escalation), "{again:?}");
}

#[test]
fn an_alarm_that_was_taken_on_a_full_disk_is_recorded_as_taken_once_there_is_room() {
    let mut office = rings_by_a_command();
    urgent_request(&mut office);
    let alarm = rung(&tick(&mut office))[0];
    office.log.fail_next(Some(Fault::Full));
    office.handle(vec![Input::Alarmed(alarm.escalation, Ok(()))]);
    assert_eq!(passes_on_a_full_disk(&mut office), []);
    office.log.fail_next(None);
    let size = office.log.size();
    tick(&mut office);
    assert_eq!(given(&office, size), 1);
}

#[test]
fn an_alarm_that_fails_on_a_full_disk_rests_before_it_is_tried_again() {
    let mut office = rings_by_a_command();
    urgent_request(&mut office);
    office.log.fail_next(Some(Fault::Full));
    let alarm = rung(&tick(&mut office))[0];
    let outcome = Err(AlarmFault::Exit(1));
    office.handle(vec![Input::Alarmed(alarm.escalation, outcome)]);
    let seconds = (1..=5).map(|_| passes_on_a_full_disk(&mut office).len());
    assert_eq!(seconds.collect::<Vec<_>>(), [0, 0, 0, 0, 1]);
}

#[test]
fn a_write_in_doubt_ends_the_node_and_answers_nobody() {
    for fault in [Fault::Before, Fault::After] {
        let mut office = Office::new();
        let (_, ask) = sending(&mut office, "TR");
        let (_, input) = office.asking(Role::Officer, Action::SendRequest, ask);
        office.log.fail_next(Some(fault));
        assert!(office.try_handle(vec![input]).is_err());
    }
}

#[test]
fn a_trust_list_that_came_while_the_disk_was_full_is_recorded_later() {
    let mut office = Office::new();
    let mut federation = office.federation.clone();
    federation.version = 2;
    federation.hash = Digest::of(b"list 2");
    office.log.fail_next(Some(Fault::Full));
    office.handle(vec![Input::Federation(federation.clone())]);
    let size = office.log.size();
    office.handle(vec![Input::Tick]);
    assert_eq!(
        office.log.size(),
        size + 1,
        "which list is in force is on record"
    );
}

#[test]
fn what_the_node_says_once_is_recorded_later_where_it_came_while_the_disk_was_full() {
    let mut office = Office::new();
    let person = PersonOnRecord {
        person: PersonId::from_bytes([7; 16]),
        keys: Vec::new(),
        roles: vec![Role::Officer],
    };
    let policy = ReleasePolicy {
        release: [Gated::Request].into(),
        emergency_after: None,
    };
    let said = [
        Input::Policy(policy.clone()),
        Input::People(vec![person]),
        Input::KeysDestroyed(vec![Digest::EMPTY]),
    ];
    office.log.fail_next(Some(Fault::Full));
    for input in said {
        office.handle(vec![input]);
    }
    let size = office.log.size();
    // Nothing leaves by the rules from before.
    let (_, ask) = sending(&mut office, "TR");
    let refused = office.ask(Role::Officer, Action::SendRequest, ask);
    assert_eq!(refused.err(), Some(AppError::DiskFull));
    tick(&mut office);
    let recorded = office.changes_since(size);
    let told = matches!(
        &recorded[..],
        [
            Change::Other(Other::Policy(in_force)),
            Change::Other(Other::Person(_)),
            Change::Other(Other::Member(MemberChange::KeysDestroyed { .. })),
        ] if *in_force == policy
    );
    assert!(told, "{recorded:?}");
    let size = office.log.size();
    tick(&mut office);
    assert_eq!(office.log.size(), size, "once");
}

#[test]
fn a_node_that_is_stopping_says_so() {
    let mut office = Served::new();
    let list = office.call("officer", "GET", "/exchanges");
    list.clone().send().is::<serde_json::Value>(200);
    office.begins_to_stop();
    let told = list.send().fails(503, "stopping");
    assert!(told.next.contains("again"), "{}", told.next);
}
