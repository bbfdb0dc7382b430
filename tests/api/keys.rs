//! Keys and identities that change, against the core with a clock that is set.

use std::collections::BTreeMap;
use std::time::Duration;

use liaison::app::change::{Change, Other};
use liaison::app::core::Outcome;
use liaison::app::{
    Action, AppError, Ask, Caller, CarryAsk, CarryReply, Federation, FromPeer, HealthReply, Input,
    KeyAlarm, ListAlarm, MemberAsk, MemberChange, MemberReply, MemberStanding, NodeKeys, Permit,
    Reply, Ticket, Withheld,
};
use liaison::base::{Digest, MemberId, NodeId, PersonId, Role, Timestamp};
use liaison::exchange::Refusal;
use liaison::seal::keystore::Rotation;
use liaison::seal::safety::{MemberIdentity, SafetyNumber};
use liaison::store::Log as _;

use crate::office::{HOUR, Office, alert_body, member, node, reply_to, request_body};

const DAY: Duration = Duration::from_secs(24 * 3_600);

fn identity(of: &str, key: &str) -> MemberIdentity {
    MemberIdentity::new(member(of), [(1, Digest::of(key.as_bytes()))])
}

fn keys(sequence: u64, until: Timestamp) -> NodeKeys {
    NodeKeys {
        sequence,
        digest: Digest::of(&sequence.to_be_bytes()),
        sealable_until: Some(until),
        log_keys_left: 1,
    }
}

/// The office, whose federation knows the identity and the keys of everybody.
fn office() -> Office {
    let mut office = Office::new();
    let until = office.now.plus(30 * DAY);
    changed(&mut office, |federation| {
        federation.expires = until;
        for node in federation.nodes.clone() {
            let name = node.member.to_string();
            let trust = &mut federation.trust;
            trust.identities.insert(node.member, identity(&name, &name));
            trust.keys.insert(node, keys(1, until));
        }
    });
    office
}

/// What follows once the federation is another.
fn changed(office: &mut Office, change: impl FnOnce(&mut Federation)) -> Vec<Outcome> {
    change(&mut office.federation);
    office.handle(vec![Input::Federation(office.federation.clone())])
}

fn with_key(office: &mut Office, of: &str, key: &str) -> Vec<Outcome> {
    let next = identity(of, key);
    changed(office, |federation| {
        federation.trust.identities.insert(next.member(), next);
        federation.version += 1;
        federation.hash = Digest::of(key.as_bytes());
    })
}

/// What this person of MK is answered.
fn asked_by(
    office: &mut Office,
    person: u8,
    action: Action,
    ask: MemberAsk,
) -> (Result<MemberReply, AppError>, Vec<Outcome>) {
    let caller = Caller {
        person: PersonId::from_bytes([person; 16]),
        name: "somebody".into(),
        roles: vec![Role::Officer, Role::Admin],
    };
    let permit = Permit::ask(member("MK"), &caller, action).expect("the roles may");
    let ticket = Ticket(u64::MAX - u64::from(person));
    let outcomes = office.handle(vec![Input::Ask(ticket, permit, Ask::Members(ask))]);
    let rest = outcomes
        .iter()
        .filter(|outcome| !matches!(outcome, Outcome::Reply(..)));
    let rest = rest.cloned().collect();
    let reply = reply_to(ticket, outcomes).map(|reply| match reply {
        Reply::Members(reply) => *reply,
        other => panic!("it is about members: {other:?}"),
    });
    (reply, rest)
}

fn accept(office: &mut Office, person: u8) -> Result<MemberReply, AppError> {
    let ask = MemberAsk::Accept {
        member: member("TR"),
    };
    asked_by(office, person, Action::AcceptIdentity, ask).0
}

fn compare(office: &mut Office, number: SafetyNumber) -> Result<MemberReply, AppError> {
    let ask = MemberAsk::Compare {
        member: member("TR"),
        number,
    };
    asked_by(office, 1, Action::CompareIdentity, ask).0
}

fn tr(office: &mut Office) -> MemberStanding {
    let ask = MemberAsk::Show {
        member: member("TR"),
    };
    match asked_by(office, 1, Action::ReadMembers, ask).0 {
        Ok(MemberReply::Standing(mut all, Some(_))) => all.remove(0),
        other => panic!("it is shown: {other:?}"),
    }
}

fn sent_to(outcomes: &[Outcome], peer: NodeId) -> usize {
    let to = |outcome: &&Outcome| matches!(outcome, Outcome::Send { peer: to, .. } if *to == peer);
    outcomes.iter().filter(to).count()
}

fn since(office: &Office, size: u64) -> Vec<MemberChange> {
    let changes = office.changes_since(size).into_iter();
    let of_members = changes.filter_map(|change| match change {
        Change::Other(Other::Member(change)) => Some(change),
        _ => None,
    });
    of_members.collect()
}

fn health(office: &mut Office) -> HealthReply {
    match office.ask(Role::Admin, Action::ReadHealth, Ask::Health) {
        Ok(Reply::Health(health)) => *health,
        other => panic!("everybody may see the node's state: {other:?}"),
    }
}

#[test]
fn a_changed_identity_stops_exchange_until_two_different_people_accept_it() {
    let mut office = office();
    assert!(matches!(
        accept(&mut office, 1),
        Err(AppError::NothingToAccept(_))
    ));
    with_key(&mut office, "TR", "another key");
    // What is sent waits, and is seen to wait; what comes is not opened.
    let id = office.new_id();
    let ask = Ask::SendRequest {
        to: vec![(member("TR"), id, Vec::new())],
        request: Box::new(crate::office::request()),
    };
    let (_, asking) = office.asking(Role::Officer, Action::SendRequest, ask);
    let outcomes = office.handle(vec![asking]);
    assert_eq!(sent_to(&outcomes, node("TR")), 0);
    let standing = tr(&mut office);
    assert_eq!(standing.withheld, Some(Withheld::IdentityChanged));
    let message = office.first_of("TR", Role::Officer, request_body());
    let size = office.log.size();
    let outcomes = office.peer("TR", crate::office::taken(&message));
    let told = crate::office::told(&outcomes);
    assert_eq!(told, [(message.leaf(), Refusal::KeyNotAccepted)]);
    assert!(
        !office
            .changes_since(size)
            .iter()
            .any(|change| matches!(change, Change::Received(..)))
    );
    assert!(Refusal::KeyNotAccepted.is_temporary(), "it comes again");

    assert!(accept(&mut office, 1).is_ok());
    let twice = accept(&mut office, 1);
    assert!(matches!(twice, Err(AppError::SecondPersonNeeded(_))));
    assert_eq!(tr(&mut office).withheld, Some(Withheld::IdentityChanged));
    let ask = MemberAsk::Accept {
        member: member("TR"),
    };
    let (second, outcomes) = asked_by(&mut office, 2, Action::AcceptIdentity, ask);
    assert!(second.is_ok());
    assert_eq!(sent_to(&outcomes, node("TR")), 1, "what waited goes");
    assert_eq!(tr(&mut office).withheld, None);
    office.takes(&message);
}

#[test]
fn a_stick_takes_nothing_to_a_changed_identity_until_two_people_accept_it() {
    let mut office = office();
    let asking = office.asking_tr();
    office.handle(vec![asking]);
    with_key(&mut office, "TR", "another key");
    let to = member("TR");
    let export = office.new_id();
    let begin = CarryAsk::Begin { member: to, export };
    let waiting = CarryAsk::Waiting {
        member: to,
        after: None,
    };
    let files = CarryAsk::Files {
        member: to,
        after: None,
    };
    let carry = |office: &mut Office, ask: &CarryAsk| -> Result<CarryReply, AppError> {
        let ask = Ask::Carry(ask.clone());
        match office.ask(Role::Officer, Action::CarryByHand, ask)? {
            Reply::Carried(reply) => Ok(*reply),
            other => panic!("it is about what is carried: {other:?}"),
        }
    };
    let size = office.log.size();
    for accepted_by in [1, 2] {
        for ask in [&begin, &waiting, &files] {
            let refused = carry(&mut office, ask);
            assert!(
                matches!(refused, Err(AppError::IdentityChanged(member)) if member == to),
                "{refused:?}"
            );
        }
        if accepted_by == 1 {
            assert_eq!(office.log.size(), size, "no export is on record");
        }
        accept(&mut office, accepted_by).expect("both may");
    }
    let begun = carry(&mut office, &begin).expect("two people accepted it");
    assert!(matches!(begun, CarryReply::Begun(to, 0) if to == node("TR")));
    let page = carry(&mut office, &waiting).expect("two people accepted it");
    assert!(matches!(page, CarryReply::Waiting(page) if page.messages.len() == 1));
}

#[test]
fn each_change_of_an_identity_needs_two_people_of_its_own() {
    let mut office = office();
    with_key(&mut office, "TR", "another key");
    accept(&mut office, 1).expect("the first person may");
    with_key(&mut office, "TR", "a third key");
    accept(&mut office, 2).expect("it is another key");
    assert_eq!(tr(&mut office).withheld, Some(Withheld::IdentityChanged));
    // The key that was accepted all along is not a change.
    with_key(&mut office, "TR", "TR");
    assert_eq!(tr(&mut office).withheld, None);
}

#[test]
fn a_member_that_was_removed_does_not_come_back_unseen_with_another_identity() {
    let mut office = office();
    changed(&mut office, |federation| {
        federation.nodes.retain(|listed| *listed != node("TR"));
        federation.trust.identities.remove(&member("TR"));
        federation.version += 1;
    });
    changed(&mut office, |federation| {
        federation.nodes.push(node("TR"));
        federation.version += 1;
    });
    with_key(&mut office, "TR", "another key");
    assert_eq!(tr(&mut office).withheld, Some(Withheld::IdentityChanged));
}

#[test]
fn who_compared_a_safety_number_is_on_record_and_ends_with_the_key() {
    let mut office = office();
    assert_eq!(tr(&mut office).compared, None);
    let number = |key: &str| SafetyNumber::of(&identity("MK", "MK"), &identity("TR", key));
    let wrong = compare(&mut office, number("another key"));
    assert!(matches!(wrong, Err(AppError::NumberDiffers(_))));
    assert_eq!(tr(&mut office).compared, None);
    let size = office.log.size();
    compare(&mut office, number("TR")).expect("it is the number");
    assert!(matches!(
        &since(&office, size)[..],
        [MemberChange::IdentityCompared { person, role: Role::Officer, .. }]
            if *person == PersonId::from_bytes([1; 16])
    ));
    let compared = tr(&mut office).compared.expect("it is shown");
    assert_eq!(compared.at, office.now);
    office.now = office.now.plus(HOUR);
    with_key(&mut office, "TR", "another key");
    office.now = office.now.plus(HOUR);
    for person in [1, 2] {
        accept(&mut office, person).expect("both may");
    }
    assert_eq!(tr(&mut office).compared, None);
}

#[test]
fn a_receiving_key_that_ran_out_stops_messages_where_everybody_sees_it() {
    let mut office = office();
    let until = office.now.plus(DAY);
    let expires = office.now.plus(20 * DAY);
    changed(&mut office, |federation| {
        federation.expires = expires;
        federation.trust.keys.insert(node("TR"), keys(2, until));
    });
    assert_eq!(tr(&mut office).withheld, None);
    office.now = until.plus(HOUR);
    let asking = office.asking_tr();
    let outcomes = office.handle(vec![asking]);
    assert_eq!(sent_to(&outcomes, node("TR")), 0);
    assert_eq!(tr(&mut office).withheld, Some(Withheld::NoKey));
    // The new bundle lets it go.
    let until = office.now.plus(10 * DAY);
    let outcomes = changed(&mut office, |federation| {
        federation.trust.keys.insert(node("TR"), keys(3, until));
    });
    assert_eq!(sent_to(&outcomes, node("TR")), 1);
}

#[test]
fn an_office_that_does_not_renew_its_own_receiving_key_is_told_before_it_runs_out() {
    let mut office = office();
    let until = office.now.plus(30 * DAY);
    changed(&mut office, |federation| {
        federation.expires = until.plus(60 * DAY);
    });
    let runs_out = [KeyAlarm::OwnRunsOut { until }];
    // It is renewed a week before.
    office.now = until.minus(6 * DAY);
    assert_eq!(health(&mut office).key_alarms, []);
    for now in [until.minus(4 * DAY), until.plus(HOUR)] {
        office.now = now;
        assert_eq!(health(&mut office).key_alarms, runs_out);
    }
    changed(&mut office, |federation| federation.expires = until);
    let alarms = health(&mut office).key_alarms;
    assert_eq!(alarms, [], "nobody renews keys under an expired list");
    let next = until.plus(30 * DAY);
    changed(&mut office, |federation| {
        federation.expires = next;
        federation.trust.keys.insert(node("MK"), keys(2, next));
    });
    assert_eq!(health(&mut office).key_alarms, []);
}

#[test]
fn a_new_bundle_of_a_peer_is_recorded_and_what_is_under_way_is_sealed_again() {
    let mut office = office();
    let asking = office.asking_tr();
    assert_eq!(sent_to(&office.handle(vec![asking]), node("TR")), 1);
    let (size, until) = (office.log.size(), office.now.plus(20 * DAY));
    let outcomes = changed(&mut office, |federation| {
        federation.trust.keys.insert(node("TR"), keys(2, until));
    });
    assert_eq!(sent_to(&outcomes, node("TR")), 1);
    let recorded = MemberChange::BundleInForce {
        node: node("TR"),
        sequence: 2,
        digest: keys(2, until).digest,
    };
    assert_eq!(since(&office, size), [recorded]);
    let size = office.log.size();
    let again = changed(&mut office, |_| ());
    assert_eq!(sent_to(&again, node("TR")), 0);
    assert_eq!(since(&office, size), []);
}

#[test]
fn bundles_that_do_not_agree_are_an_alarm() {
    let mut office = office();
    let mk = node("MK");
    let own = |sequence, digest: &str| FromPeer::BundleAt {
        sequence,
        digest: Digest::of(digest.as_bytes()),
    };
    // A peer that is behind is only behind.
    let size = office.log.size();
    office.peer("TR", own(0, ""));
    assert_eq!(health(&mut office).key_alarms, []);
    assert_eq!(since(&office, size), []);
    for digest in ["forged", "forged", "another", "forged", "another"] {
        office.peer("TR", own(1, digest));
    }
    let elsewhere = |sequence| KeyAlarm::OwnBundleElsewhere {
        peer: node("TR"),
        sequence,
    };
    assert_eq!(health(&mut office).key_alarms, [elsewhere(1)]);
    assert!(matches!(
        &since(&office, size)[..],
        [MemberChange::BundleConflict { node, sequence: 1, .. }] if *node == mk
    ));
    office.peer("TR", own(9, "forged"));
    assert_eq!(health(&mut office).key_alarms, [elsewhere(9)]);
    // And two bundles of a peer with one number.
    let size = office.log.size();
    let digest = Digest::of(b"the other");
    for _ in 0..2 {
        office.peer(
            "AT",
            FromPeer::BundleConflict {
                sequence: 1,
                digest,
            },
        );
    }
    let conflict = KeyAlarm::Conflict {
        node: node("AT"),
        sequence: 1,
    };
    assert!(health(&mut office).key_alarms.contains(&conflict));
    assert_eq!(since(&office, size).len(), 1);
}

#[test]
fn a_list_that_runs_out_alarms_and_takes_no_new_keys_while_exchange_goes_on() {
    let mut office = office();
    assert_eq!(health(&mut office).list_alarms, []);
    let at = office.federation.expires;
    office.now = at.minus(4 * DAY);
    let soon = ListAlarm::ExpiresSoon { version: 1, at };
    assert_eq!(health(&mut office).list_alarms, [soon]);
    office.now = at.plus(HOUR);
    let size = office.log.size();
    for _ in 0..2 {
        office.handle(vec![Input::Tick]);
    }
    let expired = ListAlarm::Expired { version: 1, at };
    assert_eq!(health(&mut office).list_alarms, [expired]);
    let recorded = since(&office, size);
    assert_eq!(recorded, [MemberChange::ListExpired { version: 1 }]);
    let rotate = MemberAsk::Rotate(Rotation::ALL);
    let refused = asked_by(&mut office, 1, Action::RotateKeys, rotate).0;
    assert!(matches!(refused, Err(AppError::ListExpired)), "{refused:?}");
    // The receiving keys ran out too, and serve on.
    let asking = office.asking_tr();
    assert_eq!(sent_to(&office.handle(vec![asking]), node("TR")), 1);
    let message = office.first_of("TR", Role::Officer, request_body());
    office.takes(&message);
}

#[test]
fn an_order_for_new_keys_is_recorded_before_they_are_made() {
    let mut office = office();
    let what = Rotation {
        log: true,
        ..Rotation::default()
    };
    let size = office.log.size();
    let ask = MemberAsk::Rotate(what);
    let (reply, outcomes) = asked_by(&mut office, 1, Action::RotateKeys, ask);
    assert_eq!(reply, Ok(MemberReply::Rotating(1)));
    assert!(matches!(&outcomes[..], [Outcome::Rotate(order)] if order.what == what));
    assert_eq!(since(&office, size), [MemberChange::KeysOrdered { what }]);
}

#[test]
fn a_log_key_that_would_leave_restores_none_is_not_made_and_the_others_are() {
    let mut office = office();
    changed(&mut office, |federation| {
        let own = federation.trust.keys.get_mut(&node("MK"));
        own.expect("it is listed").log_keys_left = 0;
    });
    let size = office.log.size();
    let all = MemberAsk::Rotate(Rotation::ALL);
    let refused = asked_by(&mut office, 1, Action::RotateKeys, all).0;
    let Err(refused) = refused else {
        panic!("it is refused: {refused:?}");
    };
    assert_eq!(refused.code(), "log-keys-used-up");
    assert_eq!(since(&office, size), [], "nothing was ordered");
    let others = MemberAsk::Rotate(Rotation {
        log: false,
        ..Rotation::ALL
    });
    let ordered = asked_by(&mut office, 1, Action::RotateKeys, others).0;
    assert_eq!(ordered, Ok(MemberReply::Rotating(1)));
}

#[test]
fn an_order_for_new_keys_is_given_again_after_a_restart_until_they_are_in_force() {
    let mut office = office();
    let what = Rotation {
        tls: true,
        ..Rotation::default()
    };
    let rotate = MemberAsk::Rotate(what);
    let ordered = asked_by(&mut office, 1, Action::RotateKeys, rotate).0;
    assert!(ordered.is_ok());
    // Whatever was to carry it out is gone with the node.
    office.restart();
    let ordered_at = office.now;
    let given = |office: &mut Office, ticks: u32| -> Vec<Rotation> {
        let outcomes = (0..ticks).flat_map(|_| office.handle(vec![Input::Tick]));
        let given = outcomes.filter_map(|outcome| match outcome {
            Outcome::Rotate(order) => Some(order.what),
            _ => None,
        });
        given.collect()
    };
    assert_eq!(given(&mut office, 1), [what]);
    assert_eq!(given(&mut office, 59), []);
    let until = office.federation.expires;
    let in_force = |office: &mut Office, of: &str| {
        changed(office, |federation| {
            federation.trust.keys.insert(node(of), keys(2, until));
        });
    };
    in_force(&mut office, "TR");
    assert_eq!(given(&mut office, 60), [what], "those are another's keys");
    in_force(&mut office, "MK");
    assert_eq!(
        given(&mut office, 60),
        [what],
        "it may be a bundle with the old keys"
    );
    let before = ordered_at.minus(HOUR);
    office.handle(vec![Input::OrderCarriedOut(before)]);
    assert_eq!(given(&mut office, 60), [what], "that was another order");
    office.handle(vec![Input::OrderCarriedOut(ordered_at)]);
    assert_eq!(given(&mut office, 200), []);
}

#[test]
fn what_was_exchanged_while_keys_were_in_other_hands_is_marked_and_nothing_else() {
    let mut office = office();
    let early = office.asked_tr();
    office.now = office.now.plus(HOUR);
    let since = office.now;
    office.now = office.now.plus(HOUR);
    let late = office.asked_tr();
    let at = office.first_of("AT", Role::Officer, request_body());
    office.takes(&at);
    office.now = office.now.plus(HOUR);
    changed(&mut office, |federation| {
        federation.trust.compromised = BTreeMap::from([(member("TR"), since)]);
    });
    let mut marked = |id| {
        let ask = Ask::GlanceExchange { exchange: id };
        match office.ask(Role::Officer, Action::ListExchanges, ask) {
            Ok(Reply::Exchanges(rows, _)) => rows[0].compromised,
            other => panic!("there is such an exchange: {other:?}"),
        }
    };
    assert_eq!(marked(early), None);
    assert_eq!(marked(late), Some(since));
    assert_eq!(marked(at.header.id), None);
    let declared = tr(&mut office).compromised.expect("it is shown");
    assert_eq!((declared.since, declared.declared), (since, office.now));
}

#[test]
fn an_alert_of_a_publisher_whose_keys_were_in_other_hands_is_marked() {
    let mut office = office();
    let since = office.now;
    office.now = office.now.plus(HOUR);
    let theirs = office.first_of("TR", Role::Contact, alert_body());
    office.takes(&theirs);
    let others = office.first_of("AT", Role::Contact, alert_body());
    office.takes(&others);
    changed(&mut office, |federation| {
        federation.trust.compromised = BTreeMap::from([(member("TR"), since)]);
    });
    let ask = Ask::ListAlerts {
        filter: Default::default(),
        limit: 10,
        cursor: None,
    };
    let Ok(Reply::Alerts(rows, _)) = office.ask(Role::Officer, Action::ReadAlerts, ask) else {
        panic!("they are listed");
    };
    let mut marked: Vec<_> = rows.iter().map(|row| (row.id, row.compromised)).collect();
    let mut expected = vec![(theirs.header.id, Some(since)), (others.header.id, None)];
    marked.sort();
    expected.sort();
    assert_eq!(marked, expected);
}

#[test]
fn a_message_to_a_member_with_two_nodes_goes_to_its_first_alone() {
    let mut office = office();
    let second: NodeId = "TR-2".parse().expect("a node");
    changed(&mut office, |federation| federation.nodes.push(second));
    let up = Input::Peer(second, FromPeer::Up);
    office.handle(vec![up]);
    let asking = office.asking_tr();
    let outcomes = office.handle(vec![asking]);
    assert_eq!(
        (sent_to(&outcomes, node("TR")), sent_to(&outcomes, second)),
        (1, 0)
    );
    // While the first is away it waits, also with a link to the second.
    office.peer("TR", FromPeer::Down);
    let asking = office.asking_tr();
    let outcomes = office.handle(vec![asking]);
    assert_eq!(sent_to(&outcomes, second), 0);
    let outcomes = office.peer("TR", FromPeer::Up);
    assert_eq!(sent_to(&outcomes, node("TR")), 1);
    // Once the list names the second alone, it is the member.
    office.peer("TR", FromPeer::Down);
    let asking = office.asking_tr();
    office.handle(vec![asking]);
    let outcomes = changed(&mut office, |federation| {
        federation.nodes.retain(|listed| *listed != node("TR"));
    });
    assert_eq!(sent_to(&outcomes, second), 1);
}

#[test]
fn identities_that_were_known_before_this_node_began_are_no_change() {
    let mut office = Office::new();
    let size = office.log.size();
    let ids: BTreeMap<MemberId, MemberIdentity> = ["MK", "TR", "AT", "RS"]
        .map(|name| (member(name), identity(name, name)))
        .into();
    changed(&mut office, |federation| federation.trust.identities = ids);
    assert_eq!(since(&office, size).len(), 3, "one for each other member");
    assert_eq!(tr(&mut office).withheld, None);
    let size = office.log.size();
    changed(&mut office, |_| ());
    assert_eq!(since(&office, size), []);
}
