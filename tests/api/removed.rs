//! Members that are taken out of the trust list, against the core.

use liaison::app::change::{Change, Other};
use liaison::app::core::Outcome;
use liaison::app::{
    Action, AppError, Ask, Decision, Forward, FromPeer, Input, ListAlarm, MemberAsk, MemberChange,
    MemberReply, OnAlert, Owed, Reply, Withheld, duties,
};
use liaison::audit::Statement;
use liaison::base::{Digest, MessageId, Role};
use liaison::domain::alert::{AlertCommand, Audience, Revision};
use liaison::domain::handling::{HandlingCode, Tlp};
use liaison::domain::message::Body;
use liaison::domain::rfi::{
    Answer, Command, Ground, PermissionRequest, Refusal, Scope, Withdrawal,
};
use liaison::exchange::Refusal as NotTaken;

use crate::alerts_reach::{alert, delivered, not_at, published};
use crate::duty::escalations;
use crate::office::{
    HOUR, Office, answer_body, member, node, receipt_of, reply_to, request, request_body, state_of,
};
use crate::passing::{
    answered_by_at, asked, asked_both, correction, forward, forwards, marked, names_the_wrong_one,
    next_of_at, row,
};

/// The office after a list without TR, or with TR suspended.
pub fn without_tr(office: &mut Office, suspended: bool) -> Vec<Outcome> {
    let mut next = office.federation.clone();
    next.nodes.retain(|listed| *listed != node("TR"));
    if suspended {
        next.trust.suspended = vec![member("TR")];
        next.trust.suspension = Some((1, Digest::of(b"suspension")));
    } else {
        next.version = 2;
        next.hash = Digest::of(b"list 2");
        next.trust.suspended.clear();
    }
    office.federation = next.clone();
    office.handle(vec![Input::Federation(next)])
}

/// The office after the next list, which has TR.
fn with_tr_back(office: &mut Office) -> Vec<Outcome> {
    let mut back = office.federation.clone();
    back.nodes.push(node("TR"));
    back.version += 1;
    back.hash = Digest::of(b"list 3");
    back.trust = Default::default();
    office.federation = back.clone();
    office.handle(vec![Input::Federation(back)])
}

/// How many messages leave for a peer.
fn sent_to(outcomes: &[Outcome], peer: &str) -> usize {
    let to = |outcome: &Outcome| match outcome {
        Outcome::Send {
            peer: to, messages, ..
        } if *to == node(peer) => messages.len(),
        _ => 0,
    };
    outcomes.iter().map(to).sum()
}

/// What a person asks for is done, with what leaves of it.
fn done(office: &mut Office, role: Role, action: Action, ask: Ask) -> Vec<Outcome> {
    let (ticket, input) = office.asking(role, action, ask);
    let outcomes = office.handle(vec![input]);
    let reply = reply_to(ticket, outcomes.clone());
    assert!(reply.is_ok(), "{reply:?}");
    outcomes
}

fn holdings(office: &mut Office, role: Role) -> Result<Reply, AppError> {
    let ask = Ask::Members(MemberAsk::Holdings {
        member: member("TR"),
    });
    office.ask(role, Action::ReadHoldings, ask)
}

#[test]
fn what_waits_for_a_member_that_is_out_stays_and_goes_when_it_is_back() {
    for suspended in [false, true] {
        let mut office = Office::new();
        office.peer("TR", FromPeer::Down);
        let id = office.asked_tr();
        without_tr(&mut office, suspended);
        // Even if its link were up: every send asks the list.
        assert_eq!(sent_to(&office.peer("TR", FromPeer::Up), "TR"), 0);
        office.now = office.now.plus(HOUR);
        assert_eq!(sent_to(&office.handle(vec![Input::Tick]), "TR"), 0);
        let ask = Ask::GlanceExchange { exchange: id };
        let Ok(Reply::Exchanges(rows, _)) = office.ask(Role::Officer, Action::ListExchanges, ask)
        else {
            panic!("the exchange is listed");
        };
        let why = if suspended {
            Withheld::Suspended
        } else {
            Withheld::Removed
        };
        assert_eq!(rows[0].withheld, Some(why));
        let outcomes = with_tr_back(&mut office);
        assert_eq!(sent_to(&outcomes, "TR"), 1);
    }
}

#[test]
fn a_correction_goes_to_all_others_and_waits_for_a_member_that_is_out() {
    for suspended in [false, true] {
        let mut office = Office::new();
        let [with_at, with_tr] = asked_both(&mut office);
        delivered(&mut office, "AT", with_at);
        delivered(&mut office, "TR", with_tr);
        without_tr(&mut office, suspended);
        let correct = names_the_wrong_one(&mut office, with_at);
        let outcomes = done(&mut office, Role::Officer, Action::CorrectMessage, correct);
        let sent = ["AT", "TR"].map(|peer| sent_to(&outcomes, peer));
        assert_eq!(sent, [1, 0]);
        assert_eq!(sent_to(&with_tr_back(&mut office), "TR"), 1);
    }
}

#[test]
fn a_correction_is_passed_on_though_one_of_those_who_have_the_message_is_out() {
    let mut office = Office::new();
    let free = marked(&[HandlingCode::H0], Tlp::Green);
    let (exchange, answer) = answered_by_at(&mut office, free);
    for to in ["RS", "TR"] {
        let what = Forward {
            to: member(to),
            ..forward(&mut office, exchange, &answer)
        };
        forwards(&mut office, &what).expect("it may go on");
        delivered(&mut office, to, what.new);
    }
    let wrong = correction(&answer);
    let wrong = next_of_at(&mut office, Role::Contact, wrong, exchange, &[&answer]);
    office.takes(&wrong);
    without_tr(&mut office, true);
    let pass_on = Ask::PassOn {
        exchange,
        correction: wrong.header.id,
        message: office.new_id(),
    };
    let outcomes = done(&mut office, Role::Contact, Action::CorrectMessage, pass_on);
    let sent = ["RS", "TR"].map(|peer| sent_to(&outcomes, peer));
    assert_eq!(sent, [1, 0]);
    let owed = duties(&row(&mut office, exchange));
    assert!(owed.iter().all(|duty| duty.what != Owed::PassingOn));
    assert_eq!(sent_to(&with_tr_back(&mut office), "TR"), 1);
}

fn says(
    office: &mut Office,
    (role, action): (Role, Action),
    exchange: MessageId,
    command: Command,
) -> Result<Reply, AppError> {
    let ask = Ask::Respond {
        exchange,
        message: office.new_id(),
        command: Box::new(command),
        attached: Vec::new(),
    };
    office.ask(role, action, ask)
}

fn withdraws(office: &mut Office, exchange: MessageId) {
    let command = Command::Withdraw(Withdrawal {
        reason: "TR is out.".into(),
    });
    let by = (Role::Officer, Action::WithdrawRequest);
    says(office, by, exchange, command).expect("it may be withdrawn");
}

#[test]
fn a_request_to_a_member_that_is_out_is_withdrawn_which_waits_for_it() {
    for suspended in [false, true] {
        let mut office = Office::new();
        let id = office.asked_tr();
        delivered(&mut office, "TR", id);
        without_tr(&mut office, suspended);
        withdraws(&mut office, id);
        assert_eq!(state_of(&mut office, id), "withdrawn");
        assert_eq!(sent_to(&office.handle(vec![Input::Tick]), "TR"), 0);
        assert_eq!(sent_to(&with_tr_back(&mut office), "TR"), 1);
    }
}

#[test]
fn a_request_of_a_member_that_is_out_is_refused_and_not_answered() {
    let Body::Answer(hit) = answer_body() else {
        panic!("it is an answer");
    };
    let no_hit = Answer {
        outcome: liaison::domain::rfi::Outcome::NoHit,
        text: None,
        evaluation: None,
        answers: Vec::new(),
        handling: hit.handling.clone(),
    };
    let refusal = |ground| {
        Command::Refuse(Refusal {
            ground,
            scope: Scope::Whole,
            questions: Vec::new(),
            reason: None,
        })
    };
    let refuses = (Role::Contact, Action::RefuseRequest);
    let answers = (Role::Contact, Action::AnswerRequest);
    // What is withheld by `x5` must not differ from a no-hit.
    for (by, command, may) in [
        (refuses, refusal(Ground::A), true),
        (refuses, refusal(Ground::X5), true),
        (answers, Command::Answer(no_hit), true),
        (answers, Command::Answer(hit), false),
    ] {
        let mut office = Office::new();
        let message = office.first_of("TR", Role::Officer, request_body());
        office.takes(&message);
        without_tr(&mut office, false);
        let said = says(&mut office, by, message.header.id, command);
        match said {
            Ok(_) => assert!(may),
            Err(why) => assert_eq!((why, may), (AppError::NotListed(member("TR")), false)),
        }
    }
}

#[test]
fn a_permission_that_a_removed_member_asked_for_is_refused_and_not_granted() {
    let mut office = Office::new();
    let id = office.asked_tr();
    let about = PermissionRequest {
        message: id,
        leaf: office.message_row(id).leaf,
        to: member("RS"),
        purpose: "To find the van.".into(),
    };
    let body = Body::PermissionRequest(about);
    let asked = office.next_of("TR", Role::Contact, body, id);
    office.takes(&asked);
    without_tr(&mut office, false);
    let decides = |office: &mut Office, decision| {
        let ask = Ask::DecidePermission {
            permission: asked.header.id,
            message: office.new_id(),
            decision,
        };
        office.ask(Role::Contact, Action::DecidePermission, ask)
    };
    let until = office.now.plus(HOUR);
    let granted = decides(&mut office, Decision::Grant(until));
    assert_eq!(granted.err(), Some(AppError::NotListed(member("TR"))));
    decides(&mut office, Decision::Refuse(None)).expect("it may be refused");
    assert!(duties(&row(&mut office, id)).is_empty());
}

#[test]
fn nothing_presses_or_rings_in_an_exchange_that_was_ended_with_a_member_that_is_out() {
    for suspended in [false, true] {
        let mut office = Office::new();
        let id = office.asked_tr();
        delivered(&mut office, "TR", id);
        without_tr(&mut office, suspended);
        let pressing = |office: &mut Office| {
            let ask = Ask::ListPressing { limit: 10 };
            match office.ask(Role::Officer, Action::ListExchanges, ask) {
                Ok(Reply::Exchanges(rows, _)) => rows.len(),
                other => panic!("exchanges are what was asked for: {other:?}"),
            }
        };
        office.now = office.now.plus(HOUR * 48);
        office.handle(vec![Input::Tick]);
        assert_eq!(pressing(&mut office), 1, "it is overdue");
        withdraws(&mut office, id);
        office.now = office.now.plus(HOUR * 48);
        let size = liaison::store::Log::size(&office.log);
        office.handle(vec![Input::Tick]);
        assert_eq!(pressing(&mut office), 0);
        assert_eq!(escalations(&office, size), []);
    }
}

#[test]
fn many_exchanges_that_were_ended_with_a_removed_member_silence_no_other() {
    let mut office = Office::new();
    let ended: Vec<MessageId> = (0..260).map(|_| office.asked_tr()).collect();
    without_tr(&mut office, false);
    for id in ended {
        withdraws(&mut office, id);
    }
    office.now = office.now.plus(HOUR);
    asked(&mut office, "AT", request());
    office.now = office.now.plus(HOUR);
    let size = liaison::store::Log::size(&office.log);
    office.handle(vec![Input::Tick]);
    assert_eq!(escalations(&office, size).len(), 1);
}

/// MK published an alert to AT and TR, which both have it.
fn alert_at_both(office: &mut Office) -> MessageId {
    let id = published(office, alert());
    for peer in ["AT", "TR"] {
        delivered(office, peer, id);
    }
    id
}

fn revises(office: &mut Office, alert: MessageId, command: AlertCommand) -> Vec<Outcome> {
    let on = OnAlert {
        alert,
        message: office.new_id(),
        command,
        audience: Audience::Members(Vec::new()),
    };
    let ask = Ask::OnAlert {
        on: Box::new(on),
        attached: Vec::new(),
    };
    done(office, Role::Contact, Action::ReviseAlert, ask)
}

#[test]
fn what_is_done_to_an_alert_waits_for_a_suspended_member_and_goes_when_it_is_back() {
    let update = AlertCommand::Update(Box::new(Revision {
        alert: alert(),
        changes: None,
        replaces: None,
    }));
    for command in [AlertCommand::Cancel("An error.".into()), update] {
        let mut office = Office::new();
        let id = alert_at_both(&mut office);
        without_tr(&mut office, true);
        let outcomes = revises(&mut office, id, command);
        let sent = ["AT", "TR"].map(|peer| sent_to(&outcomes, peer));
        assert_eq!(sent, [1, 0]);
        assert_eq!(not_at(&mut office), ["AT", "TR"]);
        assert_eq!(sent_to(&with_tr_back(&mut office), "TR"), 1);
    }
}

#[test]
fn a_member_that_was_removed_when_an_alert_was_taken_back_is_named_without_it() {
    let mut office = Office::new();
    let id = alert_at_both(&mut office);
    without_tr(&mut office, false);
    revises(&mut office, id, AlertCommand::Cancel("An error.".into()));
    assert_eq!(sent_to(&with_tr_back(&mut office), "TR"), 0);
    assert_eq!(not_at(&mut office), ["AT", "TR"]);
}

#[test]
fn an_update_that_observers_may_not_get_waits_for_no_suspended_observer() {
    let mut office = Office::new();
    office.federation.trust.observers = vec![member("TR")];
    let id = alert_at_both(&mut office);
    without_tr(&mut office, true);
    let mut strict = alert();
    strict.handling.tlp = Tlp::AmberStrict;
    let on = OnAlert {
        alert: id,
        message: office.new_id(),
        command: AlertCommand::Update(Box::new(Revision {
            alert: strict,
            changes: None,
            replaces: None,
        })),
        audience: Audience::All,
    };
    let ask = Ask::OnAlert {
        on: Box::new(on),
        attached: Vec::new(),
    };
    let refused = office.ask(Role::Contact, Action::ReviseAlert, ask);
    assert!(matches!(refused, Err(AppError::Invalid(_))), "{refused:?}");
}

#[test]
fn a_message_of_a_member_that_is_out_is_refused() {
    for suspended in [false, true] {
        let mut office = Office::new();
        let message = office.first_of("TR", Role::Officer, request_body());
        without_tr(&mut office, suspended);
        office.refuses("TR", &message, NotTaken::NotListed);
    }
}

#[test]
fn nobody_asks_a_member_that_is_out() {
    let mut office = Office::new();
    without_tr(&mut office, true);
    let id = office.new_id();
    let ask = Ask::SendRequest {
        to: vec![(member("TR"), id, Vec::new())],
        request: Box::new(request()),
    };
    let refused = office.ask(Role::Officer, Action::SendRequest, ask);
    assert!(
        matches!(refused, Err(AppError::NotListed(_))),
        "{refused:?}"
    );
}

#[test]
fn what_a_member_holds_is_what_it_receipted_or_sent_and_what_may_have_reached_it() {
    let mut office = Office::new();
    let (confirmed, waiting) = (office.asked_tr(), office.asked_tr());
    let Some(Change::Sent(sent)) = office
        .changes_since(0)
        .into_iter()
        .find(|change| matches!(change, Change::Sent(sent) if sent.header.id == confirmed))
    else {
        panic!("it was recorded");
    };
    let statement = Statement::Received {
        sender: node("MK"),
        id: confirmed,
        leaf: sent.leaf(),
    };
    let at = office.now;
    office.peer("TR", receipt_of("TR", statement, at));
    let theirs = office.first_of("TR", Role::Officer, request_body());
    office.takes(&theirs);
    without_tr(&mut office, false);
    for role in [Role::Officer, Role::Contact, Role::Auditor, Role::Admin] {
        let Ok(Reply::Members(reply)) = holdings(&mut office, role) else {
            panic!("{role} may see it");
        };
        let MemberReply::Holdings { withheld, held } = *reply else {
            panic!("{role} is told what it holds");
        };
        assert_eq!(withheld, Some(Withheld::Removed));
        let mut seen: Vec<_> = held
            .iter()
            .map(|(id, held)| (*id, held.messages, held.unconfirmed))
            .collect();
        let mut expected = vec![(confirmed, 1, 0), (waiting, 0, 1), (theirs.header.id, 1, 0)];
        seen.sort();
        expected.sort();
        assert_eq!(seen, expected);
    }
}

#[test]
fn another_list_of_the_same_version_is_recorded_once_and_told_until_it_is_gone() {
    let mut office = Office::new();
    let size = liaison::store::Log::size(&office.log);
    let other = FromPeer::ListAt {
        version: 1,
        hash: Digest::of(b"another"),
    };
    let third = FromPeer::ListAt {
        version: 1,
        hash: Digest::of(b"a third"),
    };
    for said in [&other, &other, &third, &other, &third, &other] {
        office.peer("TR", said.clone());
    }
    let recorded = office.changes_since(size);
    let conflict = MemberChange::ListConflict {
        peer: node("TR"),
        version: 1,
        hash: Digest::of(b"another"),
    };
    assert_eq!(recorded, [Change::Other(Other::Member(conflict))]);
    assert_eq!(
        alarms(&mut office),
        [ListAlarm::Conflict {
            peer: node("TR"),
            version: 1
        }]
    );
    let hash = office.federation.hash;
    office.peer("TR", FromPeer::ListAt { version: 1, hash });
    assert_eq!(alarms(&mut office), []);
    office.peer("TR", FromPeer::ListAt { version: 3, hash });
    assert_eq!(
        alarms(&mut office),
        [ListAlarm::Behind {
            peer: node("TR"),
            version: 3
        }]
    );
}

fn alarms(office: &mut Office) -> Vec<ListAlarm> {
    match office.ask(Role::Admin, Action::ReadHealth, Ask::Health) {
        Ok(Reply::Health(health)) => health.list_alarms,
        other => panic!("everybody may see the node's state: {other:?}"),
    }
}
