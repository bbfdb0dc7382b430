//! Passing on, permissions and corrections at one office: what leaves it, and what peers make it
//! believe. The office is MK's; AT is the originator, TR the third.

use std::collections::BTreeSet;

use liaison::app::change::{Change, Message};
use liaison::app::core::Outcome;
use liaison::app::rows::ExchangeRow;
use liaison::app::{
    Action, AppError, Ask, Correcting, Decision, Forward, FromPeer, Input, LetterFault,
    LetterState, Order, Owed, Reply, Ticket, duties,
};
use liaison::base::{Digest, MessageId, Role};
use liaison::domain::Status;
use liaison::domain::alert::Alert;
use liaison::domain::handling::{Barrier, Handling, HandlingCode, Tlp};
use liaison::domain::message::{Body, SignedCopy};
use liaison::domain::protection::Tie;
use liaison::domain::rfi::{
    Answer, Command, Correction, Flaw, Forwarded, Link, LinkKind, NotPassedOn, Notice, Permission,
    PermissionGrant, PermissionRequest, Refused, Remedy, Request, Standing, Supersession, Told,
    Unfit, Withdrawal,
};
use liaison::exchange::Refusal as R;
use liaison::seal::person::DecisionKind;
use liaison::store::Log as _;

use crate::alerts_reach::{alert, published};
use crate::letters;
use crate::lost::asked_by_tr;
use crate::office::*;
use crate::says::respond;

const FORWARD: &str = include_str!("../../deploy/examples/forward.toml");

/// MK asks a member; gives the exchange.
pub fn asked(office: &mut Office, of: &str, request: Request) -> MessageId {
    let id = office.new_id();
    let ask = Ask::SendRequest {
        to: vec![(member(of), id, Vec::new())],
        request: Box::new(request),
    };
    let sent = office.ask(Role::Officer, Action::SendRequest, ask);
    sent.expect("it may be sent");
    id
}

/// AT wishes its answer erased.
pub fn wishes_erased(office: &mut Office, exchange: MessageId, answer: &Message) -> Message {
    let correction = Body::Correction(Correction {
        message: answer.header.id,
        leaf: answer.leaf(),
        flaw: Flaw::Unlawful,
        remedy: Remedy::Erase,
        text: "It should not have been sent.".into(),
        handling: h2(),
        passes_on: None,
    });
    let said = [answer];
    let correction = next_of_at(office, Role::Contact, correction, exchange, &said);
    office.takes(&correction);
    correction
}

/// A contact acknowledges a correction; gives the notice that says so.
pub fn acknowledges(office: &mut Office, exchange: MessageId, correction: &Message) -> MessageId {
    let message = office.new_id();
    let notice = Notice {
        about: correction.header.id,
        says: Told::Acknowledged,
        to: None,
        by: None,
        note: None,
    };
    let ask = Ask::Respond {
        exchange,
        message,
        command: Box::new(Command::Notify(notice)),
        attached: Vec::new(),
    };
    let done = office.ask(Role::Contact, Action::AcknowledgeCorrection, ask);
    done.expect("it may be acknowledged");
    message
}

pub fn marked(codes: &[HandlingCode], tlp: Tlp) -> Handling {
    Handling {
        codes: codes.to_vec(),
        tlp,
        restriction: None,
        chatham_house: false,
        retention_days: 100,
    }
}

pub fn h2() -> Handling {
    marked(&[HandlingCode::H0, HandlingCode::H2], Tlp::Amber)
}

fn answer(handling: Handling) -> Body {
    let Body::Answer(answer) = answer_body() else {
        panic!("it is an answer");
    };
    Body::Answer(Answer { handling, ..answer })
}

/// The next message of AT in an exchange, after `before`.
pub fn next_of_at(
    office: &mut Office,
    role: Role,
    body: Body,
    of: MessageId,
    before: &[&Message],
) -> Message {
    let handling = match &body {
        Body::Answer(answer) => answer.handling.clone(),
        Body::Correction(correction) => correction.handling.clone(),
        _ => request().handling,
    };
    let message = office.next_of("AT", role, body, of);
    with_header(&message, |header| {
        header.handling = handling;
        header.sequence = before.len() as u64;
        header.previous_own = before.last().map(|message| message.leaf());
    })
}

/// MK asked AT, which answered with this marking.
pub fn answered_by_at(office: &mut Office, handling: Handling) -> (MessageId, Message) {
    let id = asked(office, "AT", request());
    let body = answer(handling);
    let message = next_of_at(office, Role::Contact, body, id, &[]);
    office.takes(&message);
    (id, message)
}

fn third_request() -> Request {
    Request {
        reference: "MK-3".into(),
        handling: marked(&[HandlingCode::H0], Tlp::Green),
        ..request()
    }
}

pub fn forward(office: &mut Office, exchange: MessageId, message: &Message) -> Forward {
    Forward {
        exchange,
        message: message.header.id,
        to: member("TR"),
        new: office.new_id(),
        request: Box::new(third_request()),
        attached: Vec::new(),
    }
}

pub fn forwards(office: &mut Office, what: &Forward) -> Result<Vec<ExchangeRow>, AppError> {
    let ask = Ask::Forward(Box::new(what.clone()));
    match office.ask(Role::Officer, Action::ForwardMessage, ask)? {
        Reply::Exchanges(rows, _) => Ok(rows),
        other => panic!("{other:?}"),
    }
}

fn permission(reply: Result<Reply, AppError>) -> Permission {
    match reply {
        Ok(Reply::Permissions(mut all)) => all.remove(0).permission,
        other => panic!("{other:?}"),
    }
}

/// MK asks AT whether the answer may go to TR.
fn asks_permission(office: &mut Office, exchange: MessageId, about: &Message) -> Permission {
    let ask = Ask::AskPermission {
        exchange,
        message: office.new_id(),
        about: about.header.id,
        to: member("TR"),
        purpose: "To find the van.".into(),
    };
    permission(office.ask(Role::Officer, Action::AskPermission, ask))
}

fn grant(office: &Office, permission: &Permission) -> Body {
    let expires = office.now.plus(100 * HOUR);
    Body::PermissionGrant(permission.terms.clone().granted(permission.id, expires))
}

pub fn row(office: &mut Office, exchange: MessageId) -> ExchangeRow {
    let ask = Ask::GlanceExchange { exchange };
    match office.ask(Role::Officer, Action::ListExchanges, ask) {
        Ok(Reply::Exchanges(mut rows, _)) => rows.remove(0),
        other => panic!("{other:?}"),
    }
}

fn sent_since(office: &Office, size: u64) -> Vec<Message> {
    let changes = office.changes_since(size).into_iter();
    let sent = changes.filter_map(|change| match change {
        Change::Sent(message) => Some(*message),
        Change::Received(..) | Change::ReceiptKept(_) | Change::Other(_) => None,
    });
    sent.collect()
}

#[test]
fn an_h2_answer_goes_on_only_with_its_originators_permission_and_once() {
    let mut office = Office::new();
    let (exchange, answer) = answered_by_at(&mut office, h2());
    let what = forward(&mut office, exchange, &answer);
    let size = office.log.size();
    let refused = forwards(&mut office, &what);
    let barrier = NotPassedOn::Marking(Barrier::Dissemination);
    assert!(
        matches!(&refused, Err(AppError::NotPassedOn(why)) if *why == barrier),
        "{refused:?}"
    );
    assert_eq!(office.log.size(), size, "nothing was sent");

    let asked = asks_permission(&mut office, exchange, &answer);
    assert!(
        forwards(&mut office, &what).is_err(),
        "asked is not granted"
    );
    let body = grant(&office, &asked);
    let granted = next_of_at(&mut office, Role::Contact, body, exchange, &[&answer]);
    office.takes(&granted);
    let size = office.log.size();
    let rows = forwards(&mut office, &what).expect("it is permitted");
    let [sent, notice] = &sent_since(&office, size)[..] else {
        panic!("the request, and the notice of the use");
    };
    assert_eq!(sent.header.recipients, [member("TR")]);
    let Body::Request(request) = &sent.event.body else {
        panic!("a request passes it on");
    };
    let forwarded = request.forwarded.as_ref().expect("it passes it on");
    let copy = liaison::app::read_copy(&forwarded.message).expect("a message");
    assert_eq!((copy.leaf(), copy.sender), (answer.leaf(), node("AT")));
    let shown = liaison::app::read_copy(forwarded.permission.as_ref().expect("it names it"));
    assert_eq!(shown.expect("a message").leaf(), granted.leaf());
    assert!(request.handling.codes.contains(&HandlingCode::H2));
    assert_eq!(request.handling.tlp, Tlp::Amber);
    assert!(request.handling.retention_days <= 100);
    assert_eq!(notice.header.recipients, [member("AT")]);
    let Body::Notice(used) = &notice.event.body else {
        panic!("the originator is told");
    };
    assert_eq!(
        (used.says, used.about, used.by),
        (Told::Used, granted.header.id, Some(what.new))
    );
    assert_eq!(rows[1].exchange.permissions()[0].standing, Standing::Used);
    assert_eq!(rows[1].forwards[0].to, member("TR"));

    // The same once more changes nothing; another use is refused.
    let size = office.log.size();
    assert!(forwards(&mut office, &what).is_ok());
    let again = forward(&mut office, exchange, &answer);
    let refused = forwards(&mut office, &again);
    assert!(
        matches!(&refused, Err(AppError::NotPassedOn(why)) if *why == barrier),
        "{refused:?}"
    );
    assert_eq!(office.log.size(), size);
}

#[test]
fn a_permission_that_ended_or_was_taken_back_is_not_used() {
    let refuse = |permission: &Permission| {
        Body::PermissionRefusal(liaison::domain::rfi::PermissionRefusal {
            request: permission.id,
            reason: None,
        })
    };
    for taken_back in [true, false] {
        let mut office = Office::new();
        let (exchange, answer) = answered_by_at(&mut office, h2());
        let asked = asks_permission(&mut office, exchange, &answer);
        let body = grant(&office, &asked);
        let granted = next_of_at(&mut office, Role::Contact, body, exchange, &[&answer]);
        office.takes(&granted);
        if taken_back {
            let body = refuse(&asked);
            let both = [&answer, &granted];
            let back = next_of_at(&mut office, Role::Contact, body, exchange, &both);
            office.takes(&back);
        } else {
            office.now = office.now.plus(100 * HOUR);
        }
        let what = forward(&mut office, exchange, &answer);
        let refused = forwards(&mut office, &what);
        assert!(
            matches!(refused, Err(AppError::NotPassedOn(_))),
            "{refused:?}"
        );
    }
}

#[test]
fn what_is_not_restricted_goes_on_without_asking_and_uses_no_permission() {
    let mut office = Office::new();
    let free = marked(&[HandlingCode::H0], Tlp::Green);
    let (exchange, answer) = answered_by_at(&mut office, free);
    let what = forward(&mut office, exchange, &answer);
    let size = office.log.size();
    forwards(&mut office, &what).expect("it may go on");
    assert_eq!(sent_since(&office, size).len(), 1);
    for (tlp, barrier) in [
        (Tlp::Red, Barrier::Red),
        (Tlp::AmberStrict, Barrier::AmberStrict),
    ] {
        let handling = marked(&[HandlingCode::H0], tlp);
        let (exchange, answer) = answered_by_at(&mut office, handling);
        let what = forward(&mut office, exchange, &answer);
        let refused = forwards(&mut office, &what);
        let barrier = NotPassedOn::Marking(barrier);
        assert!(matches!(&refused, Err(AppError::NotPassedOn(why)) if *why == barrier));
    }
}

#[test]
fn what_is_kept_for_less_than_a_day_more_is_not_said_to_go_on_to_others() {
    let mut office = Office::new();
    let free = marked(&[HandlingCode::H0], Tlp::Green);
    let (exchange, answer) = answered_by_at(&mut office, free);
    let last = answer.header.created.plus(HOUR * 24 * 99);
    for (at, goes_on) in [(last, true), (last.plus(HOUR), false)] {
        office.now = at;
        let said = row(&mut office, exchange).exchange.said();
        let said = said.iter().find(|said| said.id == answer.header.id);
        assert_eq!(said.expect("the answer").goes_on(at), goes_on);
    }
    let what = forward(&mut office, exchange, &answer);
    let refused = forwards(&mut office, &what);
    assert!(
        matches!(
            &refused,
            Err(AppError::NotPassedOn(NotPassedOn::RetentionOver))
        ),
        "{refused:?}"
    );
}

#[test]
fn nothing_is_passed_on_to_observers_or_to_whom_the_request_names() {
    let mut office = Office::new();
    let free = || marked(&[HandlingCode::H0], Tlp::Green);
    let (exchange, answer) = answered_by_at(&mut office, free());
    let mut federation = office.federation.clone();
    federation.trust.observers = vec![member("TR")];
    office.handle(vec![liaison::app::Input::Federation(federation)]);
    let what = forward(&mut office, exchange, &answer);
    let refused = forwards(&mut office, &what);
    let observers = NotPassedOn::Marking(Barrier::NotForObservers);
    assert!(matches!(&refused, Err(AppError::NotPassedOn(why)) if *why == observers));

    let mut office = Office::new();
    let mut guarded = request();
    guarded.protection.never_contact = vec![member("TR")];
    let exchange = asked(&mut office, "AT", guarded);
    let answer = next_of_at(
        &mut office,
        Role::Contact,
        self::answer(free()),
        exchange,
        &[],
    );
    office.takes(&answer);
    let what = forward(&mut office, exchange, &answer);
    let refused = forwards(&mut office, &what);
    let never = NotPassedOn::NeverContact(member("TR"));
    assert!(matches!(&refused, Err(AppError::NotPassedOn(why)) if *why == never));
}

/// The office once this member is an observer.
pub fn observing(office: &mut Office, observer: &str) {
    office.federation.trust.observers = vec![member(observer)];
    office.handle(vec![Input::Federation(office.federation.clone())]);
}

#[test]
fn nobody_is_asked_who_is_an_observer() {
    let mut office = Office::new();
    let before = asked(&mut office, "TR", request());
    observing(&mut office, "TR");
    let size = office.log.size();
    let send = Ask::SendRequest {
        to: ["AT", "TR"]
            .map(|to| (member(to), office.new_id(), Vec::new()))
            .to_vec(),
        request: Box::new(request()),
    };
    let supersede = Ask::Supersede {
        exchange: before,
        message: office.new_id(),
        reason: None,
        new: office.new_id(),
        request: Box::new(request()),
        attached: Vec::new(),
    };
    for (ask, action) in [
        (send, Action::SendRequest),
        (supersede, Action::SupersedeRequest),
    ] {
        let refused = office.ask(Role::Officer, action, ask);
        let observer = AppError::Observer(member("TR"));
        assert_eq!(refused.map(|_| ()), Err(observer));
    }
    assert_eq!(office.log.size(), size, "nothing was sent");
}

#[test]
fn who_became_an_observer_is_told_nothing_of_an_exchange_but_that_it_ends() {
    let mut office = Office::new();
    let theirs = asked_by_tr(&mut office);
    let ours = asked(&mut office, "TR", request());
    observing(&mut office, "TR");
    let size = office.log.size();
    let observer = AppError::Observer(member("TR"));
    let acceptance = toml::from_str("access = \"direct\"").expect("it has its form");
    let refused = respond(&mut office, theirs, Command::Accept(acceptance));
    assert_eq!(refused.map(|_| ()), Err(observer.clone()));
    let correct = names_the_wrong_one(&mut office, ours);
    let refused = office.ask(Role::Officer, Action::CorrectMessage, correct);
    assert_eq!(refused.map(|_| ()), Err(observer));
    assert_eq!(office.log.size(), size, "nothing was sent");
    let withdrawal = Command::Withdraw(Withdrawal {
        reason: "It observes.".to_owned(),
    });
    respond(&mut office, ours, withdrawal).expect("it may be ended");
}

/// The messages that go to a member whose link comes up.
pub fn sent_on_a_new_link(office: &mut Office, to: &str) -> Vec<Digest> {
    office.peer(to, FromPeer::Down);
    office.now = office.now.plus(60 * SECOND);
    let outcomes = office.peer(to, FromPeer::Up);
    let sent = outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Send { messages, .. } => Some(messages.iter().map(|sent| sent.leaf())),
        _ => None,
    });
    sent.flatten().collect()
}

#[test]
fn what_waits_for_a_country_does_not_go_to_the_observer_that_it_became() {
    let mut office = Office::new();
    office.peer("TR", FromPeer::Down);
    let request = office.asked_tr();
    let request = office.message_row(request).leaf;
    let strict = Handling {
        tlp: Tlp::AmberStrict,
        ..alert().handling
    };
    let alerts = [strict, alert().handling].map(|handling| {
        let alert = Alert {
            handling,
            ..alert()
        };
        published(&mut office, alert)
    });
    let [strict, green] = alerts.map(|alert| office.message_row(alert).leaf);
    observing(&mut office, "TR");
    assert_eq!(sent_on_a_new_link(&mut office, "TR"), [green]);
    office.federation.trust.observers.clear();
    office.handle(vec![Input::Federation(office.federation.clone())]);
    let all = BTreeSet::from_iter(sent_on_a_new_link(&mut office, "TR"));
    assert_eq!(all, BTreeSet::from([request, strict, green]));
}

#[test]
fn more_than_a_window_that_an_observer_may_not_have_holds_nothing_up() {
    let mut office = Office::new();
    office.peer("TR", FromPeer::Down);
    for _ in 0..300 {
        office.asked_tr_about_nobody();
    }
    let alert = published(&mut office, alert());
    let alert = office.message_row(alert).leaf;
    observing(&mut office, "TR");
    assert_eq!(sent_on_a_new_link(&mut office, "TR"), [alert]);
}

#[test]
fn an_observer_fetches_no_file_of_what_it_was_told_as_a_country() {
    let mut office = Office::new();
    let request = office.asked_tr();
    let fetches = |office: &mut Office| {
        let ticket = Ticket(1_000);
        let may = Input::MayFetch(ticket, node("TR"), request);
        reply_to(ticket, office.handle(vec![may])).is_ok()
    };
    assert!(fetches(&mut office));
    observing(&mut office, "TR");
    assert!(!fetches(&mut office));
}

#[test]
fn an_observer_takes_no_request() {
    let mut office = Office::new();
    observing(&mut office, "MK");
    let message = office.first_of("TR", Role::Officer, request_body());
    office.refuses("TR", &message, R::OutOfState);
}

#[test]
fn an_observer_asks_nobody_anything() {
    let mut office = Office::new();
    observing(&mut office, "TR");
    let message = office.first_of("TR", Role::Officer, request_body());
    office.refuses("TR", &message, R::OutOfState);

    let mut observer = Office::new();
    observing(&mut observer, "MK");
    let send = Ask::SendRequest {
        to: vec![(member("TR"), observer.new_id(), Vec::new())],
        request: Box::new(request()),
    };
    let refused = observer.ask(Role::Officer, Action::SendRequest, send);
    let why = AppError::Observer(member("MK"));
    assert_eq!(refused.map(|_| ()), Err(why));
}

fn without_subjects() -> Request {
    toml::from_str(FORWARD).expect("the example is a request")
}

fn hit() -> Answer {
    let Body::Answer(answer) = answer(marked(&[HandlingCode::H0], Tlp::Green)) else {
        panic!("it is an answer");
    };
    Answer {
        answers: Vec::new(),
        ..answer
    }
}

#[test]
fn what_a_third_member_found_about_its_national_reaches_a_country_only_cleared() {
    let mut office = Office::new();
    // That the country denies any need says nothing.
    let mut about = request();
    about.handling = marked(&[HandlingCode::H0], Tlp::Green);
    about.protection.asylum_confidential = Some(false);
    about.protection.minor = Some(false);
    about.protection.victim_indicators = Some(false);
    let person = about.subjects[2].person.as_mut().expect("a person");
    person.nationalities = vec!["TR".to_owned()];
    let asks = office.first_of("TR", Role::Officer, Body::Request(Box::new(about)));
    office.takes(&asks);
    let there = Forward {
        to: member("AT"),
        request: Box::new(without_subjects()),
        ..forward(&mut office, asks.header.id, &asks)
    };
    forwards(&mut office, &there).expect("it is about nobody of AT's");
    let found = Body::Answer(hit());
    let found = next_of_at(&mut office, Role::Contact, found, there.new, &[]);
    office.takes(&found);
    let back = Forward {
        request: Box::new(without_subjects()),
        ..forward(&mut office, there.new, &found)
    };
    let ask = Ask::Forward(Box::new(back));
    let size = office.log.size();
    match office.ask(Role::Officer, Action::ForwardMessage, ask) {
        Ok(Reply::Waits(row, _)) => {
            assert_eq!(row.state, LetterState::Stopped);
            let stop = &row.stops[0];
            assert_eq!((stop.member, stop.tie), (member("TR"), Tie::Nationality));
        }
        other => panic!("it waits: {other:?}"),
    }
    assert!(sent_since(&office, size).is_empty());
}

#[test]
fn an_answer_waits_that_is_about_more_than_anybody_looks_through() {
    let mut office = Office::new();
    let free = || marked(&[HandlingCode::H0], Tlp::Green);
    let mut last = MessageId::from_bytes([1; 16]);
    // Each request of TR passes on what AT said about the one before.
    for passed_on in 0..18 {
        let said = at_to_tr(&mut office, Body::Answer(hit()), free());
        let said = with_header(&said, |header| header.conversation = last);
        let request = Request {
            forwarded: Some(Forwarded {
                message: copy(&said),
                permission: None,
            }),
            handling: free(),
            ..without_subjects()
        };
        let asks = office.first_of("TR", Role::Officer, Body::Request(Box::new(request)));
        office.takes(&asks);
        last = asks.header.id;
        let ask = Ask::Respond {
            exchange: last,
            message: office.new_id(),
            command: Box::new(Command::Answer(hit())),
            attached: Vec::new(),
        };
        let reply = office.ask(Role::Contact, Action::AnswerRequest, ask);
        let waits = matches!(reply, Ok(Reply::Waits(..)));
        assert_eq!(waits, passed_on >= 16, "{passed_on}: {reply:?}");
    }
}

/// A message of AT to TR, as TR would have it.
fn at_to_tr(office: &mut Office, body: Body, handling: Handling) -> Message {
    let message = office.first_of("AT", Role::Contact, body);
    with_header(&message, |header| {
        header.recipients = vec![member("TR")];
        header.handling = handling;
    })
}

fn copy(message: &Message) -> SignedCopy {
    SignedCopy(message.signed(signature()).to_bytes())
}

/// What TR passes on to MK: AT's answer with AT's grant, and what a liar changes in them.
pub struct Passed {
    answer: Message,
    grant: Message,
    pub request: Request,
}

impl Passed {
    pub fn new(office: &mut Office) -> Self {
        Self::with(office, |_| ())
    }

    fn with(office: &mut Office, change: impl FnOnce(&mut PermissionGrant)) -> Self {
        let answer = at_to_tr(office, answer(h2()), h2());
        let mut grant = PermissionRequest {
            message: answer.header.id,
            leaf: answer.leaf(),
            to: member("MK"),
            purpose: "To find the van.".into(),
        }
        .granted(office.new_id(), office.now.plus(HOUR));
        change(&mut grant);
        let grant = at_to_tr(office, Body::PermissionGrant(grant), request().handling);
        let mut request = third_request();
        request.handling = request.handling.with(&h2(), 100);
        request.forwarded = Some(Forwarded {
            message: copy(&answer),
            permission: Some(copy(&grant)),
        });
        Self {
            answer,
            grant,
            request,
        }
    }

    pub fn message(&self, office: &mut Office) -> Message {
        let body = Body::Request(Box::new(self.request.clone()));
        office.first_of("TR", Role::Officer, body)
    }
}

#[test]
fn what_a_peer_passes_on_with_a_permission_is_taken_and_the_permission_counts_once() {
    let mut office = Office::new();
    let mut passed = Passed::new(&mut office);
    let first = passed.message(&mut office);
    office.takes(&first);
    passed.request.reference = "TR-again".into();
    let second = passed.message(&mut office);
    office.refuses("TR", &second, R::MayNotPassOn);
}

#[test]
fn each_lie_about_what_is_passed_on_is_refused() {
    let mut office = Office::new();
    let refuses = |office: &mut Office, passed: &Passed, refusal| {
        let message = passed.message(office);
        office.refuses("TR", &message, refusal);
    };
    let forwarded = |passed: &mut Passed, change: fn(&mut Forwarded)| {
        change(passed.request.forwarded.as_mut().expect("it passes on"));
    };
    // Without a permission, or with a text that is none.
    let mut passed = Passed::new(&mut office);
    forwarded(&mut passed, |forwarded| forwarded.permission = None);
    refuses(&mut office, &passed, R::MayNotPassOn);
    let mut passed = Passed::new(&mut office);
    forwarded(&mut passed, |forwarded| {
        forwarded.permission = Some(SignedCopy(vec![1, 2, 3]))
    });
    refuses(&mut office, &passed, R::Malformed);
    let mut passed = Passed::new(&mut office);
    forwarded(&mut passed, |forwarded| {
        forwarded.message = SignedCopy(vec![1, 2, 3])
    });
    refuses(&mut office, &passed, R::Malformed);
    // A permission for another message, for another member, or one that ended.
    let lies: [fn(&mut PermissionGrant); 3] = [
        |grant| grant.leaf = Digest::of(b"another"),
        |grant| grant.to = member("RS"),
        |grant| grant.expires = liaison::base::Timestamp::from_millis(1),
    ];
    for lie in lies {
        let passed = Passed::with(&mut office, lie);
        refuses(&mut office, &passed, R::MayNotPassOn);
    }
    // A permission that was given to another holder.
    let mut passed = Passed::new(&mut office);
    let others = with_header(&passed.grant, |header| {
        header.recipients = vec![member("RS")]
    });
    passed
        .request
        .forwarded
        .as_mut()
        .expect("it passes on")
        .permission = Some(copy(&others));
    refuses(&mut office, &passed, R::MayNotPassOn);
    // A message that the liar never got.
    let mut passed = Passed::new(&mut office);
    let stolen = with_header(&passed.answer, |header| {
        header.recipients = vec![member("RS")]
    });
    passed
        .request
        .forwarded
        .as_mut()
        .expect("it passes on")
        .message = copy(&stolen);
    refuses(&mut office, &passed, R::MayNotPassOn);
    // A restriction that got lost on the way.
    let weaker: [fn(&mut Handling); 3] = [
        |handling| handling.codes = vec![HandlingCode::H0],
        |handling| handling.tlp = Tlp::Green,
        |handling| handling.retention_days = 101,
    ];
    for weaken in weaker {
        let mut passed = Passed::new(&mut office);
        weaken(&mut passed.request.handling);
        refuses(&mut office, &passed, R::MayNotPassOn);
    }
    // An exercise that is told as real.
    let mut passed = Passed::new(&mut office);
    let exercise = with_header(&passed.answer, |header| {
        header.extensions = Status::Exercise.extension().into_iter().collect();
    });
    passed
        .request
        .forwarded
        .as_mut()
        .expect("it passes on")
        .message = copy(&exercise);
    refuses(&mut office, &passed, R::OtherStatus);
    // All that would have been taken without the lie.
    let passed = Passed::new(&mut office);
    let honest = passed.message(&mut office);
    office.takes(&honest);
}

pub fn correction(of: &Message) -> Body {
    Body::Correction(Correction {
        message: of.header.id,
        leaf: of.leaf(),
        flaw: Flaw::Incorrect,
        remedy: Remedy::Rectify,
        text: "The plate is another.".into(),
        handling: h2(),
        passes_on: None,
    })
}

fn owed(office: &mut Office, exchange: MessageId) -> Vec<(Owed, bool)> {
    let row = row(office, exchange);
    duties(&row)
        .iter()
        .map(|duty| (duty.what, duty.ours))
        .collect()
}

#[test]
fn a_correction_is_passed_on_to_those_who_have_the_message_from_here() {
    let mut office = Office::new();
    let free = marked(&[HandlingCode::H0], Tlp::Green);
    let (exchange, answer) = answered_by_at(&mut office, free);
    let what = forward(&mut office, exchange, &answer);
    forwards(&mut office, &what).expect("it may go on");
    let correction = next_of_at(
        &mut office,
        Role::Contact,
        correction(&answer),
        exchange,
        &[&answer],
    );
    office.takes(&correction);
    let both = [(Owed::Acknowledgement, true), (Owed::PassingOn, true)];
    assert_eq!(owed(&mut office, exchange), both);

    let pass_on = Ask::PassOn {
        exchange,
        correction: correction.header.id,
        message: office.new_id(),
    };
    let size = office.log.size();
    let done = office.ask(Role::Contact, Action::CorrectMessage, pass_on.clone());
    done.expect("it is passed on");
    let [told, notice] = &sent_since(&office, size)[..] else {
        panic!("TR is told, and AT that TR was");
    };
    assert_eq!(told.header.recipients, [member("TR")]);
    let Body::Correction(passed) = &told.event.body else {
        panic!("a correction passes it on");
    };
    assert_eq!(passed.message, what.new, "it is about what TR got");
    let copied = passed.passes_on.as_ref().and_then(liaison::app::read_copy);
    assert_eq!(copied.expect("a message").leaf(), correction.leaf());
    assert!(passed.handling.codes.contains(&HandlingCode::H2));
    assert_eq!(notice.header.recipients, [member("AT")]);
    let Body::Notice(said) = &notice.event.body else {
        panic!("a notice");
    };
    assert_eq!((said.says, said.to), (Told::PassedOn, Some(member("TR"))));
    assert_eq!(owed(&mut office, exchange), [(Owed::Acknowledgement, true)]);
    assert_eq!(
        owed(&mut office, what.new),
        [(Owed::Acknowledgement, false)]
    );
    let again = office.ask(Role::Contact, Action::CorrectMessage, pass_on);
    assert!(matches!(
        again,
        Err(AppError::NotNow(Refused::Unfit(Unfit::DoneBefore)))
    ));

    let acknowledge = Ask::Respond {
        exchange,
        message: office.new_id(),
        command: Box::new(Command::Notify(Notice {
            about: correction.header.id,
            says: Told::Acknowledged,
            to: None,
            by: None,
            note: None,
        })),
        attached: Vec::new(),
    };
    let done = office.ask(Role::Contact, Action::AcknowledgeCorrection, acknowledge);
    done.expect("it may be acknowledged");
    assert!(owed(&mut office, exchange).is_empty());

    // What was corrected goes to nobody else; its correction does.
    let more = forward(&mut office, exchange, &answer);
    let refused = forwards(&mut office, &more);
    assert!(matches!(
        refused,
        Err(AppError::NotNow(Refused::Unfit(Unfit::Corrected)))
    ));
}

/// The same correction under another marking.
pub fn correction_marked(of: &Message, handling: Handling) -> Body {
    let Body::Correction(body) = correction(of) else {
        panic!("it is a correction");
    };
    Body::Correction(Correction { handling, ..body })
}

#[test]
fn a_correction_for_this_office_alone_is_passed_on_to_nobody() {
    for (tlp, barrier) in [
        (Tlp::Red, Barrier::Red),
        (Tlp::AmberStrict, Barrier::AmberStrict),
    ] {
        let mut office = Office::new();
        let free = marked(&[HandlingCode::H0], Tlp::Green);
        let (exchange, answer) = answered_by_at(&mut office, free);
        let what = forward(&mut office, exchange, &answer);
        forwards(&mut office, &what).expect("it may go on");
        let body = correction_marked(&answer, marked(&[HandlingCode::H0], tlp));
        let told = next_of_at(&mut office, Role::Contact, body, exchange, &[&answer]);
        office.takes(&told);
        let pass_on = Ask::PassOn {
            exchange,
            correction: told.header.id,
            message: office.new_id(),
        };
        let size = office.log.size();
        let refused = office.ask(Role::Contact, Action::CorrectMessage, pass_on);
        let forbids = AppError::NotPassedOn(NotPassedOn::Marking(barrier));
        assert_eq!(refused.map(|_| ()), Err(forbids));
        assert_eq!(office.log.size(), size, "nothing was sent");
        let both = [(Owed::Acknowledgement, true), (Owed::PassingOn, true)];
        assert_eq!(owed(&mut office, exchange), both, "people see it");
    }
}

#[test]
fn a_peer_passes_on_the_correction_that_it_was_told_or_none() {
    let mut office = Office::new();
    let passed = Passed::new(&mut office);
    let first = passed.message(&mut office);
    office.takes(&first);
    let told = at_to_tr(&mut office, correction(&passed.answer), h2());
    let passing = |office: &mut Office, change: &dyn Fn(&mut Correction)| {
        let Body::Correction(mut body) = correction(&first) else {
            panic!("it is a correction");
        };
        body.passes_on = Some(copy(&told));
        change(&mut body);
        let handling = body.handling.clone();
        let message = office.next_of("TR", Role::Contact, Body::Correction(body), first.header.id);
        let urgent = first.header.priority;
        with_header(&message, |header| {
            header.handling = handling;
            header.priority = urgent;
            header.sequence = 1;
            header.previous_own = Some(first.leaf());
        })
    };
    let other_text = passing(&mut office, &|body| body.text = "All is well.".into());
    office.refuses("TR", &other_text, R::MayNotPassOn);
    let other_flaw = passing(&mut office, &|body| body.flaw = Flaw::Outdated);
    office.refuses("TR", &other_flaw, R::MayNotPassOn);
    let of_nothing = at_to_tr(&mut office, correction(&first), h2());
    let of_nothing = passing(&mut office, &|body| {
        body.passes_on = Some(copy(&of_nothing))
    });
    office.refuses("TR", &of_nothing, R::MayNotPassOn);
    let red = marked(&[HandlingCode::H0], Tlp::Red);
    let bound = correction_marked(&passed.answer, red.clone());
    let bound = at_to_tr(&mut office, bound, red);
    let bound = passing(&mut office, &|body| body.passes_on = Some(copy(&bound)));
    office.refuses("TR", &bound, R::MayNotPassOn);
    let noise = passing(&mut office, &|body| {
        body.passes_on = Some(SignedCopy(vec![7]))
    });
    office.refuses("TR", &noise, R::Malformed);
    let honest = passing(&mut office, &|_| ());
    office.takes(&honest);
    assert_eq!(
        owed(&mut office, first.header.id),
        [(Owed::Acknowledgement, true)]
    );
}

/// MK asks AT and TR the same; gives the exchanges.
pub fn asked_both(office: &mut Office) -> [MessageId; 2] {
    let ids = [office.new_id(), office.new_id()];
    let ask = Ask::SendRequest {
        to: vec![
            (member("AT"), ids[0], Vec::new()),
            (member("TR"), ids[1], Vec::new()),
        ],
        request: Box::new(request()),
    };
    let sent = office.ask(Role::Officer, Action::SendRequest, ask);
    sent.expect("it may be sent");
    ids
}

/// MK's request names the wrong person.
pub fn names_the_wrong_one(office: &mut Office, exchange: MessageId) -> Ask {
    Ask::Correct {
        exchange,
        message: office.new_id(),
        what: Box::new(Correcting {
            message: exchange,
            flaw: Flaw::Unlawful,
            remedy: Remedy::Erase,
            text: "It names the wrong person.".into(),
            handling: None,
        }),
    }
}

#[test]
fn a_request_that_went_to_several_members_is_corrected_at_all_of_them() {
    let mut office = Office::new();
    let ids = asked_both(&mut office);
    let ask = names_the_wrong_one(&mut office, ids[0]);
    let size = office.log.size();
    let told = office.ask(Role::Officer, Action::CorrectMessage, ask.clone());
    assert!(
        matches!(&told, Ok(Reply::Exchanges(rows, _)) if rows.len() == 2),
        "{told:?}"
    );
    let sent = sent_since(&office, size);
    let to: Vec<_> = sent
        .iter()
        .map(|message| message.header.recipients[0])
        .collect();
    assert_eq!(to, [member("AT"), member("TR")]);
    for (id, message) in ids.iter().zip(&sent) {
        let Body::Correction(told) = &message.event.body else {
            panic!("a correction");
        };
        assert_eq!((told.message, &told.handling), (*id, &request().handling));
        assert_eq!(owed(&mut office, *id), [(Owed::Acknowledgement, false)]);
    }
    let size = office.log.size();
    let again = office.ask(Role::Officer, Action::CorrectMessage, ask);
    assert!(again.is_ok());
    assert_eq!(
        office.log.size(),
        size,
        "said twice under one id it is said once"
    );
}

#[test]
fn a_request_that_people_link_as_parallel_is_not_the_same_request() {
    let mut office = Office::new();
    let open = asked(&mut office, "AT", third_request());
    let mut strict = request();
    strict.handling = marked(&[HandlingCode::H0], Tlp::AmberStrict);
    strict.links = vec![Link {
        kind: LinkKind::Parallel,
        exchange: open,
    }];
    let linking = asked(&mut office, "TR", strict);
    let size = office.log.size();
    let ask = names_the_wrong_one(&mut office, linking);
    let told = office.ask(Role::Officer, Action::CorrectMessage, ask);
    told.expect("it may be corrected");
    let sent = sent_since(&office, size);
    let to: Vec<_> = sent
        .iter()
        .map(|message| message.header.recipients[0])
        .collect();
    assert_eq!(to, [member("TR")]);
}

#[test]
fn the_originator_decides_on_what_a_peer_asks_and_its_use_is_recorded_here() {
    let mut office = Office::new();
    // Nobody of its own, whom the protection gate would keep from it.
    let mut about = request();
    about.subjects.truncate(2);
    about.questions.truncate(2);
    let request = office.first_of("TR", Role::Officer, Body::Request(Box::new(about)));
    office.takes(&request);
    let id = request.header.id;
    let ask = Ask::Respond {
        exchange: id,
        message: office.new_id(),
        command: Box::new(Command::Answer(match answer(h2()) {
            Body::Answer(answer) => Answer {
                answers: Vec::new(),
                ..answer
            },
            _ => panic!("it is an answer"),
        })),
        attached: Vec::new(),
    };
    let said = office.ask(Role::Contact, Action::AnswerRequest, ask);
    said.expect("it may be said");
    let answer = row(&mut office, id).exchange.said()[1];
    let asks = |office: &mut Office, leaf| {
        let body = Body::PermissionRequest(PermissionRequest {
            message: answer.id,
            leaf,
            to: member("RS"),
            purpose: "To find the van.".into(),
        });
        let message = office.next_of("TR", Role::Officer, body, id);
        with_header(&message, |header| {
            header.sequence = 1;
            header.previous_own = Some(request.leaf());
        })
    };
    let other = asks(&mut office, Digest::of(b"another"));
    office.refuses("TR", &other, R::BrokenChain);
    let asked = asks(&mut office, answer.leaf);
    office.takes(&asked);
    assert_eq!(owed(&mut office, id), [(Owed::Decision, true)]);
    let decide = Ask::DecidePermission {
        permission: asked.header.id,
        message: office.new_id(),
        decision: Decision::Grant(office.now.plus(HOUR)),
    };
    let granted = permission(office.ask(Role::Contact, Action::DecidePermission, decide));
    assert_eq!(granted.standing, Standing::Granted);
    let (grant, ..) = granted.grant.expect("it was granted");
    let uses = |office: &mut Office, to: &str, before: &[&Message]| {
        let body = Body::Notice(Notice {
            about: grant,
            says: Told::Used,
            to: Some(member(to)),
            by: Some(MessageId::from_bytes([3; 16])),
            note: None,
        });
        let message = office.next_of("TR", Role::Officer, body, id);
        let (sequence, last) = (before.len() as u64, before[before.len() - 1].leaf());
        with_header(&message, |header| {
            header.sequence = sequence;
            header.previous_own = Some(last);
        })
    };
    let before = [&request, &asked];
    let elsewhere = uses(&mut office, "AT", &before);
    office.refuses("TR", &elsewhere, R::OutOfState);
    let used = uses(&mut office, "RS", &before);
    office.takes(&used);
    let twice = uses(&mut office, "RS", &[&request, &asked, &used]);
    office.refuses("TR", &twice, R::OutOfState);
    let listed = office.ask(Role::Officer, Action::ListExchanges, Ask::ListPermissions);
    assert_eq!(permission(listed).standing, Standing::Used);
}

/// TR asked MK about a national of this country, of whom it says that no protection is needed, was
/// answered, and asks whether it may pass the answer on to RS; gives the exchange and the question.
fn asks_leave_for_rs(
    office: &mut Office,
    nationality: &str,
    never: &[&str],
) -> (MessageId, MessageId) {
    let mut about = request();
    about.protection.never_contact = never.iter().map(|named| member(named)).collect();
    let person = about.subjects[2].person.as_mut().expect("a person");
    person.nationalities = vec![nationality.to_owned()];
    let request = office.first_of("TR", Role::Officer, Body::Request(Box::new(about)));
    office.takes(&request);
    let id = request.header.id;
    let Body::Answer(answer) = answer(h2()) else {
        panic!("it is an answer");
    };
    let ask = Ask::Respond {
        exchange: id,
        message: office.new_id(),
        command: Box::new(Command::Answer(answer)),
        attached: Vec::new(),
    };
    let said = office.ask(Role::Contact, Action::AnswerRequest, ask);
    assert!(matches!(said, Ok(Reply::Exchanges(..))), "{said:?}");
    let answer = row(office, id).exchange.said()[1];
    let body = Body::PermissionRequest(PermissionRequest {
        message: answer.id,
        leaf: answer.leaf,
        to: member("RS"),
        purpose: "To find the van.".into(),
    });
    let asked = office.next_of("TR", Role::Officer, body, id);
    let asked = with_header(&asked, |header| {
        header.sequence = 1;
        header.previous_own = Some(request.leaf());
    });
    office.takes(&asked);
    (id, asked.header.id)
}

/// A contact decides on a permission.
fn decides(office: &mut Office, on: MessageId, decision: Decision) -> Result<Reply, AppError> {
    let ask = Ask::DecidePermission {
        permission: on,
        message: office.new_id(),
        decision,
    };
    office.ask(Role::Contact, Action::DecidePermission, ask)
}

#[test]
fn leave_to_tell_a_country_of_its_own_national_is_stopped_until_a_second_person_clears_it() {
    let mut office = letters::office(&[]);
    let (id, asked) = asks_leave_for_rs(&mut office, "RS", &[]);
    let end = office.now.plus(HOUR);
    let before = sent_since(&office, 0).len();
    let waits = letters::waits(decides(&mut office, asked, Decision::Grant(end)));
    assert_eq!(waits.state, LetterState::Stopped);
    let stop = &waits.stops[0];
    assert_eq!((stop.member, stop.tie), (member("RS"), Tie::Nationality));
    assert_eq!(sent_since(&office, 0).len(), before);
    assert_eq!(owed(&mut office, id), [(Owed::Decision, true)]);
    letters::decides(&mut office, DecisionKind::Clear, waits.id, letters::BORIS)
        .expect("a second person");
    assert_eq!(sent_since(&office, 0).len(), before + 1);
    assert_eq!(owed(&mut office, id), []);
    let taken_back = permission(decides(&mut office, asked, Decision::Refuse(None)));
    assert_eq!(
        taken_back.standing,
        Standing::TakenBack,
        "that leaves at once"
    );
}

#[test]
fn leave_to_tell_a_country_of_anothers_national_is_given_at_once() {
    let mut office = letters::office(&[]);
    let (_, asked) = asks_leave_for_rs(&mut office, "AF", &[]);
    let end = office.now.plus(HOUR);
    let granted = permission(decides(&mut office, asked, Decision::Grant(end)));
    assert_eq!(granted.standing, Standing::Granted);
}

#[test]
fn nobody_gives_leave_to_tell_who_is_never_to_be_contacted() {
    let mut office = letters::office(&[]);
    let (_, asked) = asks_leave_for_rs(&mut office, "AF", &["RS"]);
    let end = office.now.plus(HOUR);
    let refused = decides(&mut office, asked, Decision::Grant(end));
    let never = LetterFault::NeverContact(member("RS"));
    assert_eq!(refused.unwrap_err(), AppError::Letter(never));
}

#[test]
fn an_exercise_and_what_is_actual_do_not_link_supersede_or_answer_each_other() {
    let mut office = Office::new();
    let exercise = Request {
        status: Status::Exercise,
        ..request()
    };
    let actual = asked(&mut office, "AT", request());
    let drill = asked(&mut office, "AT", exercise.clone());
    assert_eq!(row(&mut office, drill).exchange.status(), Status::Exercise);
    // Every message of an exercise says so under its signature.
    let sent = sent_since(&office, 0);
    let status = |id| {
        let mut sent = sent.iter().filter(|message| message.header.id == id);
        sent.next().expect("it was sent").header.status()
    };
    assert_eq!(
        (status(actual), status(drill)),
        (Ok(Status::Actual), Ok(Status::Exercise))
    );
    let invalid = |outcome: Result<Reply, AppError>| match outcome {
        Err(AppError::Invalid(faults)) => faults[0].code,
        other => panic!("{other:?}"),
    };
    let mut linking = exercise.clone();
    linking.links = vec![Link {
        kind: LinkKind::FollowUp,
        exchange: actual,
    }];
    let ask = Ask::SendRequest {
        to: vec![(member("AT"), office.new_id(), Vec::new())],
        request: Box::new(linking.clone()),
    };
    assert_eq!(
        invalid(office.ask(Role::Officer, Action::SendRequest, ask)),
        "other-status"
    );
    let ask = Ask::Supersede {
        exchange: actual,
        message: office.new_id(),
        reason: None,
        new: office.new_id(),
        request: Box::new(exercise.clone()),
        attached: Vec::new(),
    };
    let size = office.log.size();
    assert_eq!(
        invalid(office.ask(Role::Officer, Action::SupersedeRequest, ask)),
        "other-status"
    );
    assert_eq!(office.log.size(), size);

    // A peer answers an exercise as if it were real.
    let answer = next_of_at(&mut office, Role::Contact, answer_body(), drill, &[]);
    office.refuses("AT", &answer, R::OtherStatus);
    let marked = with_header(&answer, |header| {
        header.extensions = Status::Exercise.extension().into_iter().collect();
    });
    office.takes(&marked);
    // A peer's request that says one thing and carries another, or links across.
    let lying = office.first_of("TR", Role::Officer, Body::Request(Box::new(exercise)));
    office.refuses("TR", &lying, R::OtherStatus);
    let honest = with_header(&lying, |header| {
        header.extensions = Status::Exercise.extension().into_iter().collect();
    });
    office.takes(&honest);
    let mut across = request();
    across.links = vec![Link {
        kind: LinkKind::SameSubject,
        exchange: honest.header.id,
    }];
    let across = office.first_of("TR", Role::Officer, Body::Request(Box::new(across)));
    office.refuses("TR", &across, R::OtherStatus);
    let real = office.first_of("TR", Role::Officer, request_body());
    office.takes(&real);
    let body = Body::Supersession(Supersession {
        by: honest.header.id,
        reason: None,
    });
    let supersession = office.next_of("TR", Role::Officer, body, real.header.id);
    let supersession = with_header(&supersession, |header| {
        header.sequence = 1;
        header.previous_own = Some(real.leaf());
    });
    office.refuses("TR", &supersession, R::OtherStatus);
    // A list of one status has no other in it.
    let ask = |status| Ask::ListExchanges {
        order: Order::Latest,
        outgoing: None,
        state: None,
        status: Some(status),
        limit: 100,
        cursor: None,
    };
    for status in Status::ALL {
        let listed = office.ask(Role::Officer, Action::ListExchanges, ask(*status));
        let Ok(Reply::Exchanges(rows, _)) = listed else {
            panic!("{listed:?}");
        };
        assert!(rows.iter().all(|row| row.exchange.status() == *status));
        assert_eq!(rows.is_empty(), *status == Status::Test);
    }
}

#[test]
fn a_peer_does_not_learn_by_a_link_what_this_office_has_with_others() {
    let mut office = Office::new();
    let with_at = asked(&mut office, "AT", request());
    let drill = Status::Exercise;
    let mut linking = Request {
        status: drill,
        ..request()
    };
    linking.links = vec![Link {
        kind: LinkKind::Parallel,
        exchange: with_at,
    }];
    let linking = office.first_of("TR", Role::Officer, Body::Request(Box::new(linking)));
    let linking = with_header(&linking, |header| {
        header.extensions = drill.extension().into_iter().collect();
    });
    office.takes(&linking);
    let body = Body::Supersession(Supersession {
        by: with_at,
        reason: None,
    });
    let ended = office.next_of("TR", Role::Officer, body, linking.header.id);
    let ended = with_header(&ended, |header| {
        header.extensions = drill.extension().into_iter().collect();
        header.sequence = 1;
        header.previous_own = Some(linking.leaf());
    });
    office.takes(&ended);
}
