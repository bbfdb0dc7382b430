//! What either side says in an exchange, and what it leaves behind.

use liaison::app::change::{Change, Message, Other};
use liaison::app::core::Outcome;
use liaison::app::rows::ExchangeRow;
use liaison::app::{Action, AppError, Ask, Attached, Order, Reply};
use liaison::base::{Digest, MessageId, Role};
use liaison::domain::message::{AttachmentInfo, AttachmentSlot, Body};
use liaison::domain::rfi::{
    Answer, Command, LinkKind, LocalGround, Refusal, Request, State, Withdrawal,
};
use liaison::exchange::Refusal as R;
use liaison::store::Log as _;

use crate::office::*;

const NO_HIT: &str = "outcome = \"no-hit\"\nhandling = { codes = [\"H3\"], tlp = \"RED\", \
                      restriction = \"Not to leave.\" }";

/// MK says something in an exchange, in a role that may.
pub fn respond(office: &mut Office, id: MessageId, command: Command) -> Result<Reply, AppError> {
    respond_with(office, id, command, Vec::new())
}

fn respond_with(
    office: &mut Office,
    exchange: MessageId,
    command: Command,
    attached: Vec<Attached>,
) -> Result<Reply, AppError> {
    let (role, action) = match &command {
        Command::Accept(_) => (Role::Contact, Action::AcceptRequest),
        Command::Channel(_) => (Role::Contact, Action::ChannelRequest),
        Command::Clarify(_) => (Role::Officer, Action::ClarifyRequest),
        Command::Answer(_) => (Role::Contact, Action::AnswerRequest),
        Command::Refuse(_) => (Role::Contact, Action::RefuseRequest),
        Command::Withdraw(_) => (Role::Officer, Action::WithdrawRequest),
        Command::Close(_) => (Role::Officer, Action::CloseExchange),
        other => panic!("{other:?} has no place in these tests"),
    };
    let message = office.new_id();
    let ask = Ask::Respond {
        exchange,
        message,
        command: Box::new(command),
        attached,
    };
    office.ask(role, action, ask)
}

fn toml<T: serde::de::DeserializeOwned>(text: &str) -> T {
    toml::from_str(text).expect("it has its form")
}

/// TR asks MK.
fn asked_by_tr(office: &mut Office) -> MessageId {
    // About no national of TR, of whom a second person would have to answer.
    let mut request = request();
    let person = request.subjects[2].person.as_mut().expect("a person");
    person.nationalities = vec!["AF".to_owned()];
    let body = Body::Request(Box::new(request));
    let message = office.first_of("TR", Role::Officer, body);
    office.takes(&message);
    message.header.id
}

fn withdraw() -> Command {
    Command::Withdraw(Withdrawal {
        reason: "Found.".to_owned(),
    })
}

/// The messages that this office sent since `size`.
fn sent_since(office: &Office, size: u64) -> Vec<Message> {
    let changes = office.changes_since(size).into_iter();
    let sent = changes.filter_map(|change| match change {
        Change::Sent(message) => Some(*message),
        Change::Received(..) | Change::ReceiptKept(_) | Change::Other(_) => None,
    });
    sent.collect()
}

/// What an entry shows without its content: its open part but for time and commitment, and how
/// long its content is.
fn shown(office: &Office, size: u64) -> Vec<(String, usize)> {
    let entries = size..office.log.size();
    let shown = entries.map(|index| {
        let record = office.log.read(index).expect("it was appended");
        let entry = record.entry;
        let open = format!(
            "{:?} {:?} {:?} {:?}",
            entry.kind, entry.event, entry.role, entry.peer
        );
        (open, record.content.len())
    });
    shown.collect()
}

#[test]
fn neither_confirm_nor_deny_shows_nowhere_but_in_what_is_sealed_here() {
    let answer: Answer = toml(NO_HIT);
    let withheld: Refusal = toml("ground = \"x5\"");
    let part: Answer = toml(
        "outcome = \"partial\"\nanswers = [{ question = 1, outcome = \"no-hit\" }]\n\
         handling = { codes = [\"H0\"], tlp = \"AMBER\" }",
    );
    let withheld_part: Refusal = toml("ground = \"x5\"\nscope = \"part\"\nquestions = [1]");
    let pairs = [
        (Command::Answer(answer), Command::Refuse(withheld)),
        (Command::Answer(part), Command::Refuse(withheld_part)),
    ];
    for (plain, withheld) in pairs {
        let traces = [plain, withheld].map(|command| {
            let mut office = Office::new();
            let id = asked_by_tr(&mut office);
            let size = office.log.size();
            respond(&mut office, id, command).expect("it may be said");
            let [message] = &sent_since(&office, size)[..] else {
                panic!("one message is sent");
            };
            let grounds: Vec<LocalGround> = office
                .changes_since(size)
                .iter()
                .filter_map(|change| match change {
                    Change::Other(Other::GroundNoted { ground, .. }) => Some(*ground),
                    _ => None,
                })
                .collect();
            let Message {
                header_bytes,
                body_bytes,
                ..
            } = message.clone();
            let state = state_of(&mut office, id);
            (
                header_bytes,
                body_bytes,
                state,
                shown(&office, size),
                grounds,
            )
        });
        let [(header, body, state, entries, grounds), withheld] = traces;
        assert_eq!(header, withheld.0, "what travels in front");
        assert_eq!(body, withheld.1, "what travels");
        assert_eq!(
            (state, entries),
            (withheld.2, withheld.3),
            "what shows here"
        );
        assert_eq!(grounds, [LocalGround::None]);
        assert_eq!(withheld.4, [LocalGround::X5]);
    }
}

#[test]
fn an_answer_travels_under_its_own_handling() {
    let mut office = Office::new();
    let id = asked_by_tr(&mut office);
    let mut answer: Answer = toml(ANSWER);
    answer.handling.retention_days = 30;
    let size = office.log.size();
    respond(&mut office, id, Command::Answer(answer.clone())).expect("it may be said");
    assert_eq!(
        sent_since(&office, size)[0].header.handling,
        answer.handling
    );
}

#[test]
fn a_no_hit_carries_no_files() {
    let mut office = Office::new();
    let id = asked_by_tr(&mut office);
    let file = Attached {
        slot: AttachmentSlot {
            length: 9,
            digest: Digest::of(b"sealed"),
        },
        info: AttachmentInfo {
            name: "list.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
            size: 1,
            digest: Digest::of(b"file"),
            key: [1; 32],
        },
    };
    let size = office.log.size();
    for command in [
        Command::Answer(toml(NO_HIT)),
        Command::Refuse(toml("ground = \"x5\"")),
        Command::Refuse(toml("ground = \"f2\"")),
    ] {
        let refused = respond_with(&mut office, id, command, vec![file.clone()]);
        let Err(AppError::Invalid(faults)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(
            (faults[0].path.as_str(), faults[0].code),
            ("attachments", "not-allowed")
        );
    }
    assert_eq!(office.log.size(), size, "nothing was recorded");
    let hit = Command::Answer(toml(ANSWER));
    assert!(respond_with(&mut office, id, hit, vec![file]).is_ok());
}

#[test]
fn an_answer_that_crossed_a_withdrawal_is_taken_and_counts() {
    let mut office = Office::new();
    let id = office.asked_tr();
    let answer = office.next_of("TR", Role::Contact, answer_body(), id);
    respond(&mut office, id, withdraw()).expect("it may be said");
    assert_eq!(state_of(&mut office, id), "withdrawn");
    office.takes(&answer);
    assert_eq!(state_of(&mut office, id), "answered");
}

#[test]
fn an_answer_to_what_it_knows_to_be_withdrawn_is_refused() {
    let mut office = Office::new();
    let id = office.asked_tr();
    respond(&mut office, id, withdraw()).expect("it may be said");
    let answer = office.next_of("TR", Role::Contact, answer_body(), id);
    office.refuses("TR", &answer, R::OutOfState);
    let unknown = with_header(&answer, |header| {
        header.last_seen = Some(Digest::of(b"of another exchange"));
    });
    office.refuses("TR", &unknown, R::BrokenChain);
    let blind = with_header(&answer, |header| header.last_seen = None);
    office.refuses("TR", &blind, R::BrokenChain);
}

#[test]
fn the_asking_side_may_say_too_late_what_it_could_not_know_to_be_late() {
    let mut office = Office::new();
    let id = asked_by_tr(&mut office);
    let body = Body::Withdrawal(Withdrawal {
        reason: "Found.".to_owned(),
    });
    let withdrawal = office.next_of("TR", Role::Officer, body, id);
    let request = office_leaf(&office, id);
    let withdrawal = with_header(&withdrawal, |header| {
        (header.sequence, header.previous_own) = (1, Some(request));
    });
    respond(&mut office, id, Command::Answer(toml(ANSWER))).expect("it may be said");
    office.takes(&withdrawal);
    assert_eq!(state_of(&mut office, id), "answered");
}

/// The leaf of the request that opened an exchange.
fn office_leaf(office: &Office, id: MessageId) -> Digest {
    let changes = office.changes_since(0).into_iter();
    let mut leaves = changes.filter_map(|change| match change {
        Change::Sent(message) | Change::Received(message, _) => {
            (message.header.id == id).then(|| message.leaf())
        }
        Change::ReceiptKept(_) | Change::Other(_) => None,
    });
    leaves.next().expect("it is on record")
}

fn supersede(old: MessageId, ids: [MessageId; 2]) -> Ask {
    let mut request: Request = request();
    request.reference = "MK-2".to_owned();
    Ask::Supersede {
        exchange: old,
        message: ids[0],
        reason: Some("Another van.".to_owned()),
        new: ids[1],
        request: Box::new(request),
        attached: Vec::new(),
    }
}

fn rows(reply: Result<Reply, AppError>) -> Vec<ExchangeRow> {
    match reply {
        Ok(Reply::Exchanges(rows, _)) => rows,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_superseded_request_names_the_new_one_which_links_back() {
    let mut office = Office::new();
    let old = office.asked_tr();
    let ids = [office.new_id(), office.new_id()];
    let ask = supersede(old, ids);
    let action = Action::SupersedeRequest;
    let both = rows(office.ask(Role::Officer, action, ask.clone()));
    assert_eq!([both[0].id, both[1].id], [old, ids[1]]);
    assert_eq!(both[0].exchange.state(), State::Superseded);
    let link = &both[1].exchange.request().links[0];
    assert_eq!((link.kind, link.exchange), (LinkKind::Supersedes, old));
    // Asked again, nothing more is sent.
    let size = office.log.size();
    let again = rows(office.ask(Role::Officer, action, ask));
    assert_eq!((again.len(), office.log.size()), (2, size));
    // What has ended is not superseded, and then nothing new is sent either.
    let ids = [office.new_id(), office.new_id()];
    let ask = supersede(old, ids);
    let refused = office.ask(Role::Officer, action, ask);
    assert!(matches!(refused, Err(AppError::NotNow(_))), "{refused:?}");
    assert_eq!(office.log.size(), size);
}

#[test]
fn nobody_links_to_a_superseded_request_by_hand() {
    let mut office = Office::new();
    let mut request = request();
    request.links = toml::<std::collections::BTreeMap<String, _>>(
        "links = [{ kind = \"supersedes\", exchange = \"01JD3W0000ABCDEFGHJKMNPQRS\" }]",
    )
    .remove("links")
    .expect("it is there");
    let ask = Ask::SendRequest {
        to: vec![(member("TR"), office.new_id(), Vec::new())],
        request: Box::new(request),
    };
    let refused = office.ask(Role::Officer, Action::SendRequest, ask);
    let Err(AppError::Invalid(faults)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(faults[0].path, "links[0].kind");
}

#[test]
fn the_list_is_narrowed_by_state() {
    let mut office = Office::new();
    let withdrawn = office.asked_tr();
    let open = office.asked_tr();
    respond(&mut office, withdrawn, withdraw()).expect("it may be said");
    let mut listed = |state| {
        let ask = Ask::ListExchanges {
            order: Order::Latest,
            outgoing: None,
            state: Some(state),
            status: None,
            limit: 10,
            cursor: None,
        };
        let rows = rows(office.ask(Role::Officer, Action::ListExchanges, ask));
        rows.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(State::Withdrawn), [withdrawn]);
    assert_eq!(listed(State::Queued), [open]);
    assert!(listed(State::Answered).is_empty());
}

#[test]
fn what_is_said_twice_under_one_id_is_said_once() {
    let mut office = Office::new();
    let id = asked_by_tr(&mut office);
    let message = office.new_id();
    let ask = Ask::Respond {
        exchange: id,
        message,
        command: Box::new(Command::Answer(toml(NO_HIT))),
        attached: Vec::new(),
    };
    let (role, action) = (Role::Contact, Action::AnswerRequest);
    let outcomes = {
        let (_, input) = office.asking(role, action, ask.clone());
        office.handle(vec![input])
    };
    let is_sent = |outcome: &Outcome| matches!(outcome, Outcome::Send { .. });
    assert!(outcomes.iter().any(is_sent));
    let size = office.log.size();
    assert!(office.ask(role, action, ask).is_ok());
    assert_eq!(office.log.size(), size);
}
