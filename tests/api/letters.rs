//! Letters that wait: four eyes, the protection gate, and emergency release, at one office.

use std::time::Duration;

use liaison::app::change::{Change, Other};
use liaison::app::{
    Action, AppError, Ask, Decide, Input, LetterAsk, LetterFault, LetterReply, LetterRow,
    LetterState, PersonOnRecord, Reply,
};
use liaison::base::{Digest, MessageId, PersonId, Role};
use liaison::domain::message::Body;
use liaison::domain::protection::{Sign, Tie};
use liaison::domain::release::{Gated, ReleasePolicy};
use liaison::domain::rfi::{AwaitingAuthorisation, Command, Refusal, Request, Transfer};
use liaison::seal::person::{DecisionKind, DecisionText, SignedDecision, TokenKey, reason_digest};
use liaison::store::Log as _;

use crate::office::{ANSWER, HOUR, Office, member, node, request, request_body, state_of, taken};

/// The person whom [`Office::ask`] speaks for.
const ANA: u8 = 1;
pub const BORIS: u8 = 2;
const VERA: u8 = 3;

fn person(number: u8) -> PersonId {
    PersonId::from_bytes([number; 16])
}

fn key(number: u8) -> TokenKey {
    TokenKey::of(&format!("liaison_{number}"))
}

/// An office in which this leaves only released, with three people on record.
pub fn office(release: &[Gated]) -> Office {
    let mut office = Office::new();
    let on_record = |number: &u8| PersonOnRecord {
        person: person(*number),
        keys: vec![key(*number).public()],
        roles: vec![Role::Officer, Role::Releaser, Role::Contact],
    };
    let people = [ANA, BORIS, VERA].iter().map(on_record).collect();
    let policy = ReleasePolicy {
        release: release.iter().copied().collect(),
        emergency_after: Some(900),
    };
    office.handle(vec![Input::People(people), Input::Policy(policy)]);
    office
}

pub fn sends(office: &mut Office, request: Request) -> (MessageId, Result<Reply, AppError>) {
    let id = office.new_id();
    let ask = Ask::SendRequest {
        to: vec![(member("TR"), id, Vec::new())],
        request: Box::new(request),
    };
    (id, office.ask(Role::Officer, Action::SendRequest, ask))
}

pub fn waits(reply: Result<Reply, AppError>) -> LetterRow {
    match reply {
        Ok(Reply::Waits(row, _)) => *row,
        other => panic!("it waits: {other:?}"),
    }
}

/// A letter as it stands, with its salt.
pub fn letter(office: &mut Office, id: MessageId) -> (LetterRow, [u8; 32]) {
    let ask = Ask::Letters(LetterAsk::Read { letter: id });
    match office.ask(Role::Officer, Action::ReadExchange, ask) {
        Ok(Reply::Letters(reply)) => match *reply {
            LetterReply::Letter { row, salt, .. } => (*row, salt),
            LetterReply::Letters(_) => panic!("one letter"),
        },
        other => panic!("there is such a letter: {other:?}"),
    }
}

/// Whether the letter may leave now without a second person, as who reads it is told.
fn leaves_alone(office: &mut Office, id: MessageId) -> bool {
    let ask = Ask::Letters(LetterAsk::Read { letter: id });
    match office.ask(Role::Officer, Action::ReadExchange, ask) {
        Ok(Reply::Letters(reply)) => match *reply {
            LetterReply::Letter { emergency, .. } => emergency,
            LetterReply::Letters(_) => panic!("one letter"),
        },
        other => panic!("there is such a letter: {other:?}"),
    }
}

fn text(office: &mut Office, kind: DecisionKind, id: MessageId, by: u8) -> DecisionText {
    let (row, salt) = letter(office, id);
    DecisionText {
        kind,
        node: node("MK"),
        letter: row.digest,
        drafter: row.by.person,
        by: person(by),
        reason: reason_digest(&salt, Some("seen")),
    }
}

/// Person `by` decides, for the reason "seen", in the role that may.
pub fn decides(
    office: &mut Office,
    kind: DecisionKind,
    id: MessageId,
    by: u8,
) -> Result<LetterRow, AppError> {
    let text = text(office, kind, id, by);
    sign(office, id, text, by, by)
}

/// Person `by` decides with the key of `signer`.
fn sign(
    office: &mut Office,
    id: MessageId,
    text: DecisionText,
    by: u8,
    signer: u8,
) -> Result<LetterRow, AppError> {
    let key = key(signer);
    let signed = SignedDecision::verify(text, &[key.public()], key.sign(&text));
    let decide = Decide {
        letter: id,
        signed: signed.expect("it was signed with this key"),
        reason: Some("seen".to_owned()),
    };
    let (role, action) = match text.kind {
        DecisionKind::Release => (Role::Releaser, Action::ReleaseLetter),
        DecisionKind::Clear => (Role::Releaser, Action::ClearLetter),
        DecisionKind::Emergency => (Role::Officer, Action::ReleaseInEmergency),
        DecisionKind::Review => (Role::Releaser, Action::ReviewRelease),
    };
    let ask = Ask::Letters(LetterAsk::Decide(Box::new(decide)));
    one(office.ask_as(by, role, action, ask))
}

fn one(reply: Result<Reply, AppError>) -> Result<LetterRow, AppError> {
    match reply? {
        Reply::Letters(reply) => match *reply {
            LetterReply::Letters(mut rows) => Ok(rows.remove(0)),
            LetterReply::Letter { .. } => panic!("a line of the list"),
        },
        other => panic!("a letter: {other:?}"),
    }
}

#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T, AppError>, fault: LetterFault) {
    assert_eq!(outcome.map(|_| ()).unwrap_err(), AppError::Letter(fault));
}

/// The messages that were ever committed for sending.
fn sent(office: &Office) -> usize {
    let changes = office.changes_since(0);
    let sent = |change: &&Change| matches!(change, Change::Sent(_));
    changes.iter().filter(sent).count()
}

/// A request about an Iranian national who asks for asylum, which goes to TR in these tests.
fn of_a_national_of(country: &str) -> Request {
    let mut request = request();
    let person = request.subjects[2].person.as_mut().expect("a person");
    person.nationalities = vec![country.to_owned()];
    request.protection.asylum_confidential = Some(true);
    request
}

use DecisionKind::{Clear, Emergency, Release, Review};

#[test]
fn a_request_waits_for_its_release_and_then_leaves() {
    let mut office = office(&[Gated::Request]);
    let (id, reply) = sends(&mut office, request());
    let row = waits(reply);
    assert_eq!((row.id, row.state), (id, LetterState::InReview));
    assert_eq!(sent(&office), 0);
    let glance = Ask::GlanceExchange { exchange: id };
    let none = office.ask(Role::Officer, Action::ListExchanges, glance);
    assert_eq!(none.unwrap_err(), AppError::NotFound("exchange"));
    office.now = office.now.plus(Duration::from_secs(3_600));
    let row = decides(&mut office, Release, id, BORIS).expect("a second person");
    assert_eq!(row.state, LetterState::Left);
    assert_eq!(sent(&office), 1);
    assert_eq!(state_of(&mut office, id), "queued");
    let changes = office.changes_since(0);
    let message = changes.iter().find_map(|change| match change {
        Change::Sent(message) => Some(message),
        _ => None,
    });
    let event = &message.expect("it left").event;
    assert_eq!(event.by.person, person(ANA), "its author is who wrote it");
    assert_eq!(event.at, office.now, "and its time is when it left");
}

#[test]
fn without_a_policy_a_request_leaves_at_once_unless_its_author_wants_a_second_person() {
    let mut office = office(&[]);
    let (_, reply) = sends(&mut office, request());
    assert!(matches!(reply, Ok(Reply::Exchanges(..))));
    let id = office.new_id();
    let ask = Ask::SendRequest {
        to: vec![(member("TR"), id, Vec::new())],
        request: Box::new(request()),
    };
    let ask = Ask::ForRelease(Box::new(ask));
    waits(office.ask(Role::Officer, Action::SendRequest, ask));
    decides(&mut office, Release, id, BORIS).expect("a second person");
    assert_eq!(sent(&office), 2);
}

#[test]
fn nobody_releases_what_they_wrote() {
    let mut office = office(&[Gated::Request]);
    let (id, _) = sends(&mut office, request());
    refused(
        decides(&mut office, Release, id, ANA),
        LetterFault::OwnLetter,
    );
    assert_eq!(sent(&office), 0);
}

#[test]
fn a_signature_is_of_this_letter_by_this_person_with_the_key_on_record() {
    let mut office = office(&[Gated::Request]);
    let (id, _) = sends(&mut office, request());
    let good = text(&mut office, Release, id, BORIS);
    for changed in [
        DecisionText {
            letter: Digest::EMPTY,
            ..good
        },
        DecisionText {
            drafter: person(VERA),
            ..good
        },
        DecisionText {
            by: person(VERA),
            ..good
        },
        DecisionText {
            node: node("TR"),
            ..good
        },
        DecisionText {
            reason: Digest::EMPTY,
            ..good
        },
    ] {
        let outcome = sign(&mut office, id, changed, BORIS, BORIS);
        refused(outcome, LetterFault::OtherDecision);
    }
    refused(sign(&mut office, id, good, BORIS, VERA), LetterFault::NoKey);
    assert_eq!(sent(&office), 0);
    sign(&mut office, id, good, BORIS, BORIS).expect("it is this one");
}

#[test]
fn two_accounts_with_one_key_are_one_person() {
    let mut office = office(&[Gated::Request]);
    let twin = PersonOnRecord {
        person: person(9),
        keys: vec![key(ANA).public()],
        roles: vec![Role::Releaser],
    };
    let known = [ANA, BORIS, VERA].map(|number| PersonOnRecord {
        person: person(number),
        keys: vec![key(number).public()],
        roles: vec![Role::Officer, Role::Releaser, Role::Contact],
    });
    let all = known.into_iter().chain([twin]).collect();
    office.handle(vec![Input::People(all)]);
    let (id, _) = sends(&mut office, request());
    let text = text(&mut office, Release, id, 9);
    refused(sign(&mut office, id, text, 9, ANA), LetterFault::OneKey);
}

#[test]
fn a_released_request_cannot_be_released_again() {
    let mut office = office(&[Gated::Request]);
    let (id, _) = sends(&mut office, request());
    decides(&mut office, Release, id, BORIS).expect("a second person");
    let again = decides(&mut office, Release, id, VERA);
    refused(again, LetterFault::State(LetterState::Left));
    assert_eq!(sent(&office), 1);
}

#[test]
fn a_request_to_several_members_is_released_as_one_letter() {
    let mut office = office(&[Gated::Request]);
    let (one, two) = (office.new_id(), office.new_id());
    let ask = Ask::SendRequest {
        to: vec![
            (member("TR"), one, Vec::new()),
            (member("AT"), two, Vec::new()),
        ],
        request: Box::new(request()),
    };
    let row = waits(office.ask(Role::Officer, Action::SendRequest, ask.clone()));
    assert_eq!(row.messages, [one, two]);
    // Posted again, it is the same letter.
    waits(office.ask(Role::Officer, Action::SendRequest, ask.clone()));
    assert_eq!(letter(&mut office, two).0.id, one);
    decides(&mut office, Release, one, BORIS).expect("a second person");
    assert_eq!(sent(&office), 2);
    let again = office.ask(Role::Officer, Action::SendRequest, ask);
    assert!(matches!(again, Ok(Reply::Exchanges(rows, _)) if rows.len() == 2));
    assert_eq!(sent(&office), 2);
}

#[test]
fn what_was_returned_or_discarded_never_leaves() {
    let mut office = office(&[Gated::Request]);
    let (id, _) = sends(&mut office, request());
    let give_back = |reason: &str| {
        Ask::Letters(LetterAsk::Return {
            letter: id,
            reason: reason.to_owned(),
        })
    };
    let blank = office.ask_as(BORIS, Role::Releaser, Action::ReturnLetter, give_back(" "));
    refused(blank, LetterFault::Reason);
    let ask = give_back("The plate is wrong.");
    let row = one(office.ask_as(BORIS, Role::Releaser, Action::ReturnLetter, ask)).unwrap();
    assert_eq!(row.state, LetterState::Returned);
    let late = decides(&mut office, Release, id, VERA);
    refused(late, LetterFault::State(LetterState::Returned));
    let discard = Ask::Letters(LetterAsk::Discard { letter: id });
    let row = one(office.ask(Role::Officer, Action::DiscardLetter, discard)).unwrap();
    assert_eq!(row.state, LetterState::Discarded);
    assert_eq!(sent(&office), 0);
    let (id, _) = sends(&mut office, request());
    let discard = Ask::Letters(LetterAsk::Discard { letter: id });
    let theirs = office.ask_as(VERA, Role::Officer, Action::DiscardLetter, discard);
    refused(theirs, LetterFault::State(LetterState::InReview));
}

#[test]
fn a_letter_whose_exchange_has_gone_on_is_not_released() {
    let mut office = office(&[Gated::Answer]);
    let asked = office.first_of("AT", Role::Officer, request_body());
    office.peer("AT", taken(&asked));
    let exchange = asked.header.id;
    let answer = |office: &mut Office| {
        let message = office.new_id();
        let ask = Ask::Respond {
            exchange,
            message,
            command: Box::new(Command::Answer(toml::from_str(ANSWER).expect("an answer"))),
            attached: Vec::new(),
        };
        let reply = office.ask(Role::Contact, Action::AnswerRequest, ask);
        (message, reply)
    };
    let (first, reply) = answer(&mut office);
    assert_eq!(waits(reply).conversation, Some(exchange));
    let (second, _) = answer(&mut office);
    decides(&mut office, Release, first, BORIS).expect("a second person");
    assert_eq!(state_of(&mut office, exchange), "answered");
    let late = decides(&mut office, Release, second, BORIS);
    assert!(matches!(late, Err(AppError::NotNow(_))), "{late:?}");
    assert_eq!(letter(&mut office, second).0.state, LetterState::InReview);
    assert_eq!(sent(&office), 1);
}

#[test]
fn another_answer_under_the_number_of_a_letter_is_refused_whether_that_waits_or_has_left() {
    let mut office = office(&[Gated::Answer]);
    let asked = office.first_of("AT", Role::Officer, request_body());
    office.peer("AT", taken(&asked));
    let message = office.new_id();
    let says = |office: &mut Office, answer: &str| {
        let ask = Ask::Respond {
            exchange: asked.header.id,
            message,
            command: Box::new(Command::Answer(toml::from_str(answer).expect("an answer"))),
            attached: Vec::new(),
        };
        office.ask(Role::Contact, Action::AnswerRequest, ask)
    };
    let other = "outcome = \"no-hit\"\n[handling]\ncodes = [\"H0\"]\ntlp = \"AMBER\"";
    for _ in 0..2 {
        assert_eq!(waits(says(&mut office, ANSWER)).id, message);
    }
    let lost = says(&mut office, other);
    assert_eq!(lost.unwrap_err(), AppError::IdTaken);
    decides(&mut office, Release, message, BORIS).expect("a second person");
    let again = says(&mut office, ANSWER);
    assert!(matches!(again, Ok(Reply::Exchanges(..))), "{again:?}");
    let lost = says(&mut office, other);
    assert_eq!(lost.unwrap_err(), AppError::IdTaken);
    assert_eq!(sent(&office), 1);
}

#[test]
fn a_refusal_that_looks_like_a_no_hit_waits_like_one() {
    for policy in [Gated::Answer, Gated::Refusal] {
        let mut office = office(&[policy]);
        let asked = office.first_of("AT", Role::Officer, request_body());
        office.peer("AT", taken(&asked));
        let no_hit = "outcome = \"no-hit\"\n[handling]\ncodes = [\"H0\"]\ntlp = \"AMBER\"";
        let x5: Refusal = toml::from_str("ground = \"x5\"").expect("a refusal");
        for (command, action) in [
            (
                Command::Answer(toml::from_str(no_hit).expect("an answer")),
                Action::AnswerRequest,
            ),
            (Command::Refuse(x5), Action::RefuseRequest),
        ] {
            let ask = Ask::Respond {
                exchange: asked.header.id,
                message: office.new_id(),
                command: Box::new(command),
                attached: Vec::new(),
            };
            waits(office.ask(Role::Contact, action, ask));
        }
        assert_eq!(sent(&office), 0);
    }
}

#[test]
fn the_gate_stops_a_request_that_could_betray_somebody_whatever_the_policy() {
    for release in [&[][..], &[Gated::Request]] {
        let mut office = office(release);
        let (id, reply) = sends(&mut office, of_a_national_of("TR"));
        let row = waits(reply);
        assert_eq!(row.stops[0].tie, Tie::Nationality);
        assert!(row.stops[0].signs.contains(&Sign::Asylum));
        if !release.is_empty() {
            assert_eq!(row.state, LetterState::InReview);
            let early = decides(&mut office, Clear, id, BORIS);
            refused(early, LetterFault::State(LetterState::InReview));
            decides(&mut office, Release, id, BORIS).expect("it is released");
        }
        assert_eq!(letter(&mut office, id).0.state, LetterState::Stopped);
        assert_eq!(sent(&office), 0);
        refused(decides(&mut office, Clear, id, ANA), LetterFault::OwnLetter);
        let row = decides(&mut office, Clear, id, VERA).expect("a second person");
        assert_eq!(row.state, LetterState::Left);
        assert_eq!(sent(&office), 1);
    }
}

#[test]
fn who_is_never_to_be_contacted_is_not_and_nobody_can_clear_it() {
    let mut office = office(&[]);
    let mut request = request();
    request.protection.never_contact = vec![member("TR")];
    let (_, reply) = sends(&mut office, request);
    refused(reply, LetterFault::NeverContact(member("TR")));
    assert_eq!(sent(&office), 0);
}

#[test]
fn an_answer_to_a_country_about_its_own_national_is_stopped_unless_it_says_nothing() {
    let mut office = office(&[]);
    let asked = office.first_of("TR", Role::Officer, request_body());
    office.peer("TR", taken(&asked));
    let exchange = asked.header.id;
    let says = |office: &mut Office, command: Command, action| {
        let ask = Ask::Respond {
            exchange,
            message: office.new_id(),
            command: Box::new(command),
            attached: Vec::new(),
        };
        office.ask(Role::Contact, action, ask)
    };
    let hit = Command::Answer(toml::from_str(ANSWER).expect("an answer"));
    let row = waits(says(&mut office, hit, Action::AnswerRequest));
    assert_eq!(
        (row.state, row.wants_release),
        (LetterState::Stopped, false)
    );
    let safety: Refusal = toml::from_str("ground = \"f2\"").expect("a refusal");
    waits(says(
        &mut office,
        Command::Refuse(safety),
        Action::RefuseRequest,
    ));
    let x5: Refusal = toml::from_str("ground = \"x5\"").expect("a refusal");
    let silent = says(&mut office, Command::Refuse(x5), Action::RefuseRequest);
    assert!(matches!(silent, Ok(Reply::Exchanges(..))), "{silent:?}");
}

#[test]
fn a_country_does_not_learn_in_passing_that_there_is_something_about_its_own_national() {
    let mut office = office(&[]);
    let asked = office.first_of("TR", Role::Officer, request_body());
    office.peer("TR", taken(&asked));
    let says = |office: &mut Office, command: Command, action| {
        let ask = Ask::Respond {
            exchange: asked.header.id,
            message: office.new_id(),
            command: Box::new(command),
            attached: Vec::new(),
        };
        office.ask(Role::Contact, action, ask)
    };
    let transfer = toml::from_str("to = \"AT\"\nreason = \"He lives there.\"");
    let transfer: Transfer = transfer.expect("a transfer");
    let channelling = toml::from_str("authority = \"Asylum office\"").expect("a channelling");
    let awaiting = AwaitingAuthorisation {
        expected: office.now.plus(HOUR),
        reason: "A court must release his asylum file.".to_owned(),
    };
    for (command, action) in [
        (Command::Transfer(transfer), Action::TransferRequest),
        (Command::Channel(channelling), Action::ChannelRequest),
        (Command::Await(awaiting), Action::AnnounceDelay),
    ] {
        let row = waits(says(&mut office, command, action));
        assert_eq!(row.state, LetterState::Stopped);
        assert_eq!(row.stops[0].tie, Tie::Nationality);
        assert_eq!(sent(&office), 0);
    }
    let question = toml::from_str("text = \"Which van?\"").expect("a question");
    let question = Command::AskClarification(question);
    let said = says(&mut office, question, Action::AskClarification);
    assert!(matches!(said, Ok(Reply::Exchanges(..))), "{said:?}");
}

#[test]
fn nobody_is_sent_on_to_who_is_never_to_be_contacted() {
    let mut office = office(&[]);
    let mut request = request();
    request.protection.never_contact = vec![member("AT")];
    let asked = office.first_of("TR", Role::Officer, Body::Request(Box::new(request)));
    office.peer("TR", taken(&asked));
    let transfer = toml::from_str("to = \"AT\"\nreason = \"He lives there.\"");
    let ask = Ask::Respond {
        exchange: asked.header.id,
        message: office.new_id(),
        command: Box::new(Command::Transfer(transfer.expect("a transfer"))),
        attached: Vec::new(),
    };
    let said = office.ask(Role::Contact, Action::TransferRequest, ask);
    refused(said, LetterFault::NeverContact(member("AT")));
}

#[test]
fn a_superseding_request_passes_the_gates_with_the_end_of_the_old_one() {
    let mut office = office(&[]);
    let (old, _) = sends(&mut office, request());
    let new = office.new_id();
    let ask = Ask::Supersede {
        exchange: old,
        message: office.new_id(),
        reason: None,
        new,
        request: Box::new(of_a_national_of("TR")),
        attached: Vec::new(),
    };
    waits(office.ask(Role::Officer, Action::SupersedeRequest, ask));
    assert_eq!(state_of(&mut office, old), "queued");
    decides(&mut office, Clear, new, BORIS).expect("a second person");
    assert_eq!(state_of(&mut office, old), "superseded");
    assert_eq!(state_of(&mut office, new), "queued");
}

#[test]
fn a_life_threatening_request_leaves_alone_once_nobody_has_answered_in_time() {
    let mut office = office(&[Gated::Request]);
    let (id, _) = sends(&mut office, request());
    let early = decides(&mut office, Emergency, id, ANA);
    refused(early, LetterFault::TooEarly(15));
    office.now = office.now.plus(Duration::from_secs(900));
    let row = decides(&mut office, Emergency, id, ANA).expect("time is up");
    assert!(row.is_unreviewed() && row.state == LetterState::Left);
    assert_eq!(sent(&office), 1);
    let open =
        |office: &mut Office| match office.ask(Role::Officer, Action::ReadHealth, Ask::Health) {
            Ok(Reply::Health(health)) => health.letters.len(),
            other => panic!("the state: {other:?}"),
        };
    assert_eq!(open(&mut office), 1, "it is seen until it is reviewed");
    refused(
        decides(&mut office, Review, id, ANA),
        LetterFault::OwnLetter,
    );
    let row = decides(&mut office, Review, id, BORIS).expect("a second person");
    assert!(!row.is_unreviewed());
    assert_eq!(open(&mut office), 0);
    let again = decides(&mut office, Review, id, VERA);
    refused(again, LetterFault::NothingToReview);
}

#[test]
fn an_emergency_skips_no_protection_gate_and_is_for_lives_alone() {
    let mut office = office(&[Gated::Request]);
    let (stopped, _) = sends(&mut office, of_a_national_of("TR"));
    let mut routine = request();
    routine.urgency_reason = Some(liaison::domain::rfi::UrgencyReason::U1);
    let (no_life, _) = sends(&mut office, routine);
    office.now = office.now.plus(Duration::from_secs(900));
    refused(
        decides(&mut office, Emergency, no_life, ANA),
        LetterFault::NotLife,
    );
    let row = decides(&mut office, Emergency, stopped, ANA).expect("time is up");
    assert_eq!(row.state, LetterState::Stopped);
    assert_eq!(sent(&office), 0);
    assert!(!row.is_unreviewed(), "it has not left");
    refused(
        decides(&mut office, Review, stopped, BORIS),
        LetterFault::NothingToReview,
    );
    decides(&mut office, Clear, stopped, BORIS).expect("a second person");
    assert!(letter(&mut office, stopped).0.is_unreviewed());
    assert_eq!(sent(&office), 1);
}

#[test]
fn an_emergency_release_is_offered_once_it_is_allowed_and_not_before() {
    let mut office = office(&[Gated::Request]);
    let (id, _) = sends(&mut office, request());
    let mut of_no_life = request();
    of_no_life.urgency_reason = Some(liaison::domain::rfi::UrgencyReason::U1);
    let (no_life, _) = sends(&mut office, of_no_life);
    office.now = office.now.plus(Duration::from_secs(800));
    assert!(!leaves_alone(&mut office, id), "the releasers have time");
    office.now = office.now.plus(Duration::from_secs(100));
    assert!(leaves_alone(&mut office, id));
    assert!(!leaves_alone(&mut office, no_life));
    let policy = ReleasePolicy {
        release: [Gated::Request].into(),
        emergency_after: None,
    };
    office.handle(vec![Input::Policy(policy)]);
    assert!(!leaves_alone(&mut office, id), "the policy sets no time");
}

#[test]
fn without_a_time_in_the_policy_there_is_no_emergency_release() {
    let mut office = office(&[Gated::Request]);
    let policy = ReleasePolicy {
        release: [Gated::Request].into(),
        emergency_after: None,
    };
    office.handle(vec![Input::Policy(policy)]);
    let (id, _) = sends(&mut office, request());
    office.now = office.now.plus(Duration::from_secs(1_000_000));
    let alone = decides(&mut office, Emergency, id, ANA);
    refused(alone, LetterFault::NoEmergency);
}

#[test]
fn a_policy_that_came_later_holds_what_the_gate_had_stopped() {
    let mut office = office(&[]);
    let (id, _) = sends(&mut office, of_a_national_of("TR"));
    let policy = ReleasePolicy {
        release: [Gated::Request].into(),
        emergency_after: None,
    };
    office.handle(vec![Input::Policy(policy)]);
    let row = decides(&mut office, Clear, id, BORIS).expect("a second person");
    assert_eq!(row.state, LetterState::InReview);
    assert_eq!(sent(&office), 0);
    decides(&mut office, Release, id, BORIS).expect("a second person");
    assert_eq!(sent(&office), 1);
}

#[test]
fn people_and_policy_are_recorded_when_they_change_and_not_otherwise() {
    let mut office = office(&[Gated::Request]);
    let size = office.log.size();
    let people = |numbers: &[u8]| {
        let on_record = |number: &u8| PersonOnRecord {
            person: person(*number),
            keys: vec![key(*number).public()],
            roles: vec![Role::Officer, Role::Releaser, Role::Contact],
        };
        Input::People(numbers.iter().map(on_record).collect())
    };
    office.handle(vec![people(&[ANA, BORIS, VERA])]);
    assert_eq!(office.log.size(), size);
    office.handle(vec![people(&[ANA, BORIS])]);
    let changes = office.changes_since(size);
    assert!(matches!(&changes[..], [Change::Other(Other::Person(_))]));
    let (id, _) = sends(&mut office, request());
    refused(decides(&mut office, Release, id, VERA), LetterFault::NoKey);
}

#[test]
fn what_waits_survives_the_index() {
    let mut office = office(&[Gated::Request]);
    let (id, _) = sends(&mut office, request());
    let before = office.standing();
    office.rebuilt();
    assert!(office.standing() == before);
    decides(&mut office, Release, id, BORIS).expect("a second person");
    let after = office.standing();
    office.rebuilt();
    assert!(office.standing() == after);
}
