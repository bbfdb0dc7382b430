//! Retention and erasure at one office: what is due is erased, recorded, and told to its originator;
//! what is still needed, or cannot be told by a doubtful clock, waits.

use std::time::Duration;

use liaison::app::change::{Change, Message, Other, ReceiptWord};
use liaison::app::content::read_change;
use liaison::app::core::{Core, Fatal, Outcome, catch_up};
use liaison::app::rows::{ERASED_AT, RETENTION, TERM, message_key};
use liaison::app::{
    Action, AppError, Ask, FromPeer, Input, LETTER, LetterAsk, LetterRow, Reply, RetentionRow,
};
use liaison::audit::{EntryKind, EventCode, Statement};
use liaison::base::{MessageId, Role};
use liaison::domain::alert::Alert;
use liaison::domain::handling::{HandlingCode, Tlp};
use liaison::domain::message::Body;
use liaison::domain::release::Gated;
use liaison::domain::retention::ErasureReason;
use liaison::domain::rfi::{Command, Refusal, Request, Withdrawal};
use liaison::exchange::Refusal as NotTaken;
use liaison::seal::person::DecisionKind;
use liaison::store::{Fault, Index as _, Log as _, MemoryIndex};

use crate::letters;
use crate::office::*;
use crate::passing::{self, Passed};
use crate::removed::without_tr;

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// The example, to be kept for so many days.
fn kept_for(days: u32) -> Request {
    let mut request = request();
    request.handling.retention_days = days;
    request
}

fn come(office: &mut Office, request: Request) -> Message {
    let message = office.first_of("TR", Role::Officer, Body::Request(Box::new(request)));
    office.takes(&message);
    message
}

fn refuse(office: &mut Office, exchange: MessageId) {
    let refusal: Refusal =
        toml::from_str("ground = \"a\"\nreason = \"Nothing on Kemal.\"").unwrap();
    let ask = Ask::Respond {
        exchange,
        message: office.new_id(),
        command: Box::new(Command::Refuse(refusal)),
        attached: Vec::new(),
    };
    office
        .ask(Role::Contact, Action::RefuseRequest, ask)
        .expect("it may be refused");
    receipt_all(office, "TR");
}

/// The peer's node receipts everything that this office sent.
fn receipt_all(office: &mut Office, peer: &str) {
    for change in office.changes_since(0) {
        if let Change::Sent(message) = change {
            let statement = Statement::Received {
                sender: node("MK"),
                id: message.header.id,
                leaf: message.leaf(),
            };
            office.peer(peer, receipt_of(peer, statement, office.now));
        }
    }
}

/// Time passes, evenly, and two members say the same at the end of it.
fn pass(office: &mut Office, time: Duration, running: &mut Duration) -> Vec<Outcome> {
    *running += time;
    office.now = office.now.plus(time);
    office.handle(vec![Input::Elapsed(*running)]);
    *running += HOUR;
    office.now = office.now.plus(HOUR);
    office.handle(vec![Input::Elapsed(*running)]);
    let mut outcomes = Vec::new();
    for peer in ["AT", "TR"] {
        let said = office.first_of(peer, Role::Contact, alert_body());
        outcomes.extend(office.peer(peer, taken(&said)));
    }
    outcomes.extend(office.handle(vec![Input::Tick]));
    outcomes
}

/// Every content in the log, as text.
fn contents(office: &Office) -> String {
    let all = (0..office.log.size()).map(|index| {
        let record = office.log.read(index).expect("it is there");
        String::from_utf8_lossy(&record.content).into_owned()
    });
    all.collect()
}

fn erased_entries(office: &Office) -> Vec<(u64, MessageId, ErasureReason)> {
    let changes = (0..office.log.size()).map(|index| {
        let record = office.log.read(index).expect("it is there");
        (index, read_change(&record.content).expect("it is read").1)
    });
    let erased = changes.filter_map(|(index, change)| match change {
        Change::Other(Other::Erased {
            message, reason, ..
        }) => Some((index, message, reason)),
        _ => None,
    });
    erased.collect()
}

#[test]
fn when_the_time_is_over_the_content_is_erased_and_its_originator_gets_a_receipt() {
    let mut office = Office::new();
    let message = come(&mut office, kept_for(30));
    refuse(&mut office, message.header.id);
    let id = message.header.id;
    let state = state_of(&mut office, id);
    assert!(
        contents(&office).contains("34 KLM 417") && contents(&office).contains("Nothing on Kemal")
    );
    let mut running = Duration::ZERO;
    pass(&mut office, DAY * 29, &mut running);
    assert!(
        erased_entries(&office).is_empty(),
        "it is kept for thirty days"
    );

    let outcomes = pass(&mut office, DAY * 2, &mut running);
    let expected = Statement::Erased {
        id,
        leaf: message.leaf(),
        reason: ErasureReason::Retention,
    };
    assert!(
        receipted(&outcomes).contains(&expected),
        "{:?}",
        receipted(&outcomes)
    );
    let text = contents(&office);
    for word in ["34 KLM 417", "Kemal", "Skopje"] {
        assert!(!text.contains(word), "{word} is still in the log");
    }
    // Its own refusal is erased too, and nobody gets a receipt of that.
    let erased = erased_entries(&office);
    assert_eq!(erased.len(), 2);
    let record = office.log.read(erased[0].0).expect("it was appended");
    assert_eq!(record.entry.kind, EntryKind::Erasure);
    assert_eq!(record.entry.event, EventCode::Erased);
    // It still stands where it stood, in the list and for statistics.
    assert_eq!(state_of(&mut office, id), state);
    office.core.settle().expect("in memory");
    let terms = office
        .core
        .index()
        .range(TERM, &[], None, 10_000)
        .expect("in memory");
    assert!(
        terms
            .iter()
            .all(|(_, row)| !String::from_utf8_lossy(row).contains("KLM"))
    );
    assert_eq!(office.log.epoch(), 2);
}

#[test]
fn an_index_made_anew_after_an_erasure_is_the_same() {
    let mut office = Office::new();
    let message = come(&mut office, kept_for(3));
    refuse(&mut office, message.header.id);
    let mut running = Duration::ZERO;
    pass(&mut office, DAY * 4, &mut running);
    assert_eq!(erased_entries(&office).len(), 2);
    let standing = office.standing();
    let mut anew = MemoryIndex::new();
    anew.renew(office.log.index_key()).expect("in memory");
    catch_up(node("MK"), &office.log, &mut anew, &mut |_, _| ()).expect("in memory");
    let tables = standing.keys().map(|(table, _)| *table);
    for table in tables.collect::<std::collections::BTreeSet<_>>() {
        // That a peer keeps a receipt is not in the log.
        if table == "outbox" {
            continue;
        }
        let found = anew.range(liaison::store::Table(table), &[], None, 100_000);
        let found: Standing = found
            .expect("in memory")
            .into_iter()
            .map(|(key, value)| ((table, key), value))
            .collect();
        let known = standing.iter().filter(|((of, _), _)| *of == table);
        let known: Standing = known
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        assert_eq!(found, known, "{table}");
    }
}

#[test]
fn what_is_still_owed_or_still_holds_waits() {
    let mut office = Office::new();
    let open = come(&mut office, kept_for(1));
    let mut running = Duration::ZERO;
    pass(&mut office, DAY * 10, &mut running);
    assert!(
        erased_entries(&office).is_empty(),
        "the request is not answered yet"
    );
    refuse(&mut office, open.header.id);
    pass(&mut office, DAY, &mut running);
    assert_eq!(erased_entries(&office)[0].1, open.header.id);

    // What no peer has receipted yet is needed too.
    let mut office = Office::new();
    let id = office.asked_tr();
    let ask = Ask::Respond {
        exchange: id,
        message: office.new_id(),
        command: Box::new(Command::Withdraw(liaison::domain::rfi::Withdrawal {
            reason: "Found.".to_owned(),
        })),
        attached: Vec::new(),
    };
    office
        .ask(Role::Officer, Action::WithdrawRequest, ask)
        .expect("it may be withdrawn");
    order(&mut office, id).expect("it is over");
    office.handle(vec![Input::Tick]);
    assert!(
        erased_entries(&office).is_empty(),
        "TR has not receipted it"
    );
    receipt_all(&mut office, "TR");
    office.now = office.now.plus(HOUR);
    office.handle(vec![Input::Tick]);
    assert_eq!(erased_entries(&office).len(), 2);
}

/// More conversations than are looked at in three seconds.
const MANY: usize = 450;

#[test]
fn conversations_that_do_not_end_keep_no_other_from_being_erased() {
    let mut office = Office::new();
    for _ in 0..MANY {
        come(&mut office, kept_for(1));
    }
    let (over, later) = (
        come(&mut office, kept_for(1)),
        come(&mut office, kept_for(100)),
    );
    refuse(&mut office, over.header.id);
    refuse(&mut office, later.header.id);
    let mut running = Duration::ZERO;
    pass(&mut office, DAY * 2, &mut running);
    assert!(
        erased_entries(&office).is_empty(),
        "not all of them are looked at in one second"
    );
    order(&mut office, later.header.id).expect("it is over");
    let mut erased = || {
        office.handle(vec![Input::Tick]);
        let erased = erased_entries(&office).into_iter();
        let of = |id| erased.clone().any(|(_, erased, _)| erased == id);
        (of(later.header.id), of(over.header.id))
    };
    assert_eq!(
        erased(),
        (true, false),
        "a person's order waits for no look"
    );
    assert_eq!(erased(), (true, true));
}

#[test]
fn one_change_of_epoch_covers_what_is_found_in_many_seconds() {
    let mut office = Office::new();
    let mut alert: Alert = toml::from_str(ALERT).expect("the example is an alert");
    alert.expires = office.now.plus(HOUR);
    alert.handling.retention_days = 1;
    for _ in 0..MANY {
        let body = Body::Alert(Box::new(alert.clone()));
        let alert = office.first_of("TR", Role::Contact, body);
        office.takes(&alert);
    }
    let mut running = Duration::ZERO;
    pass(&mut office, DAY * 30, &mut running);
    assert_eq!((office.log.epoch(), erased_entries(&office).len()), (1, 0));
    for _ in 0..5 {
        office.handle(vec![Input::Tick]);
    }
    assert_eq!(
        (office.log.epoch(), erased_entries(&office).len()),
        (2, MANY)
    );
}

#[test]
fn a_clock_that_nobody_confirms_erases_nothing_and_raises_an_alarm() {
    let mut office = Office::new();
    let message = come(&mut office, kept_for(1));
    refuse(&mut office, message.header.id);
    // The clock jumps ahead by weeks, and peers go on saying what time it is.
    office.now = office.now.plus(DAY * 20);
    for minute in 0..40 {
        office.now = office.now.plus(Duration::from_secs(60));
        let running = Duration::from_secs(60 * minute);
        office.handle(vec![Input::Elapsed(running), Input::Tick]);
        let id = office.asked_tr();
        let received = Statement::Received {
            sender: node("MK"),
            id,
            leaf: office.message_row(id).leaf,
        };
        let late = office.now.minus(DAY * 20);
        office.peer("TR", receipt_of("TR", received, late));
    }
    assert!(erased_entries(&office).is_empty());
    let Ok(Reply::Health(health)) = office.ask(Role::Admin, Action::ReadHealth, Ask::Health) else {
        panic!("the node's state is shown");
    };
    assert!(health.erasure_waits.is_some());
}

#[test]
fn a_receiver_shortens_the_time_and_never_lengthens_it() {
    let mut office = Office::new();
    let message = come(&mut office, kept_for(30));
    refuse(&mut office, message.header.id);
    let shorten = |office: &mut Office, days| {
        let ask = Ask::ShortenRetention {
            conversation: message.header.id,
            days,
        };
        office.ask(Role::Contact, Action::ShortenRetention, ask)
    };
    for days in [0, 30, 31, 10_000] {
        assert!(
            matches!(shorten(&mut office, days), Err(AppError::Invalid(_))),
            "{days}"
        );
    }
    shorten(&mut office, 2).expect("it may be shortened");
    assert!(
        matches!(shorten(&mut office, 3), Err(AppError::Invalid(_))),
        "once shortened, it stays so"
    );
    let row = office
        .core
        .row::<RetentionRow>(RETENTION, &message.header.id.to_bytes());
    assert_eq!(row.expect("in memory").and_then(|row| row.days), Some(2));
    let mut running = Duration::ZERO;
    pass(&mut office, DAY, &mut running);
    assert!(erased_entries(&office).is_empty());
    pass(&mut office, DAY, &mut running);
    assert_eq!(erased_entries(&office).len(), 2);
}

fn order(office: &mut Office, conversation: MessageId) -> Result<Reply, AppError> {
    let ask = Ask::EraseContent {
        conversation,
        reason: "Entered by mistake.".to_owned(),
    };
    office.ask(Role::Releaser, Action::EraseContent, ask)
}

#[test]
fn a_releasing_officer_has_content_erased_at_once_for_a_reason() {
    let mut office = Office::new();
    let message = come(&mut office, kept_for(1_825));
    assert!(
        matches!(
            order(&mut office, message.header.id),
            Err(AppError::NotNow(_))
        ),
        "it is open"
    );
    refuse(&mut office, message.header.id);
    let missing = order(&mut office, MessageId::from_bytes([1; 16]));
    assert!(matches!(missing, Err(AppError::NotFound(_))));
    order(&mut office, message.header.id).expect("it is over");
    let outcomes = office.handle(vec![Input::Tick]);
    let receipts = receipted(&outcomes);
    let erased = receipts.iter().any(|statement| {
        matches!(statement, Statement::Erased { id, reason: ErasureReason::Order, .. } if *id == message.header.id)
    });
    assert!(erased, "{receipts:?}");
    assert!(!contents(&office).contains("KLM"));
    assert!(
        contents(&office).contains("Entered by mistake"),
        "the reason stays"
    );
}

#[test]
fn an_erasure_that_finds_no_room_is_told_of_until_it_is_done() {
    let mut office = Office::new();
    let message = come(&mut office, kept_for(100));
    refuse(&mut office, message.header.id);
    // All that time has made due is on record.
    office.handle(vec![Input::Tick]);
    order(&mut office, message.header.id).expect("it is over");
    let without_room = |office: &mut Office| {
        let health = office.ask(Role::Admin, Action::ReadHealth, Ask::Health);
        let Ok(Reply::Health(health)) = health else {
            panic!("the node's state is shown");
        };
        health.erasure_has_no_room
    };
    let began = office.now;
    for _ in 0..2 {
        // No append before the erasure takes the fault.
        office.log.fail_next(Some(Fault::Full));
        office.handle(vec![Input::Tick]);
        assert_eq!(without_room(&mut office), Some(began));
        office.now = office.now.plus(Duration::from_secs(10 * 60));
    }
    office.log.fail_next(None);
    office.handle(vec![Input::Tick]);
    assert_eq!(without_room(&mut office), None);
    assert_eq!(erased_entries(&office).len(), 2);
}

#[test]
fn one_change_of_epoch_a_day_covers_all_that_is_due() {
    let mut office = Office::new();
    let mut running = Duration::ZERO;
    let mut ids = Vec::new();
    for days in [1, 1, 2] {
        let message = come(&mut office, kept_for(days));
        refuse(&mut office, message.header.id);
        ids.push(message.header.id);
    }
    pass(&mut office, DAY, &mut running);
    assert_eq!((office.log.epoch(), erased_entries(&office).len()), (2, 4));
    for _ in 0..10 {
        pass(&mut office, HOUR, &mut running);
    }
    assert_eq!(
        office.log.epoch(),
        2,
        "the next change waits for a day to be over"
    );
    pass(&mut office, DAY, &mut running);
    assert_eq!((office.log.epoch(), erased_entries(&office).len()), (3, 6));
}

#[test]
fn an_erasure_that_a_crash_broke_off_is_recorded_once() {
    for fault in [Fault::Before, Fault::After] {
        let mut office = Office::new();
        let message = come(&mut office, kept_for(100));
        refuse(&mut office, message.header.id);
        // All that time has made due is on record.
        office.handle(vec![Input::Tick]);
        order(&mut office, message.header.id).expect("it is over");
        // The append before the erasure must not take the fault.
        office.log.fail_next(Some(fault));
        let failed = office.try_handle(vec![Input::Tick]);
        assert!(matches!(failed, Err(Fatal::Append(_))), "{fault:?}");
        let happened = office.log.epoch() == 2;
        assert_eq!(happened, fault == Fault::After);
        assert!(
            erased_entries(&office).is_empty(),
            "nothing is recorded yet"
        );

        let me = node("MK");
        let mut writer = office.log.reopen();
        let mut index = MemoryIndex::new();
        index.renew(writer.index_key()).expect("in memory");
        catch_up(me, &writer, &mut index, &mut |_, _| ()).expect("in memory");
        let epoch = writer.take_over().expect("in memory");
        office.core = Core::new(me, writer, index, NoSigner, epoch, [7; 32]);
        let federation = office.federation.clone();
        office.handle(vec![Input::Federation(federation)]);
        office.peer("TR", FromPeer::Up);
        for _ in 0..3 {
            office.now = office.now.plus(HOUR);
            office.handle(vec![Input::Tick]);
        }
        assert_eq!(erased_entries(&office).len(), 2, "{fault:?}");
        assert!(!contents(&office).contains("KLM"));
    }
}

#[test]
fn a_peers_receipt_of_its_erasure_is_kept_once_and_shown() {
    let mut office = Office::new();
    let id = office.asked_tr();
    receipt_all(&mut office, "TR");
    let Change::Sent(message) = office
        .changes_since(0)
        .into_iter()
        .find(|change| matches!(change, Change::Sent(_)))
        .expect("it was sent")
    else {
        panic!("it was sent");
    };
    let erased = Statement::Erased {
        id,
        leaf: message.leaf(),
        reason: ErasureReason::Retention,
    };
    let size = office.log.size();
    office.peer("TR", receipt_of("TR", erased, office.now));
    office.peer("TR", receipt_of("TR", erased, office.now));
    let kept: Vec<ReceiptWord> = office
        .changes_since(size)
        .into_iter()
        .filter_map(|change| match change {
            Change::ReceiptKept(kept) => Some(kept.word),
            _ => None,
        })
        .collect();
    assert_eq!(kept, [ReceiptWord::Erased(ErasureReason::Retention)]);
    let key = message_key(member("TR"), id);
    assert_eq!(
        office.core.row::<bool>(ERASED_AT, &key).expect("in memory"),
        Some(true)
    );
    let record = office.log.read(size).expect("it was appended");
    assert_eq!(record.entry.event, EventCode::ErasureReceiptReceived);
}

#[test]
fn the_words_of_a_search_are_erased_after_a_year() {
    let mut office = Office::new();
    let ask = Ask::Search(liaison::app::SearchFor {
        query: "Kemal Nobody".to_owned(),
        kind: None,
        limit: 9,
        cursor: None,
    });
    office
        .ask(Role::Officer, Action::Search, ask)
        .expect("it may be looked for");
    let mut running = Duration::ZERO;
    pass(&mut office, DAY * 364, &mut running);
    assert!(contents(&office).contains("Kemal Nobody"));
    pass(&mut office, DAY * 2, &mut running);
    assert!(!contents(&office).contains("Kemal Nobody"));
}

fn withdraw(office: &mut Office, exchange: MessageId) {
    let ask = Ask::Respond {
        exchange,
        message: office.new_id(),
        command: Box::new(Command::Withdraw(Withdrawal {
            reason: "Found.".to_owned(),
        })),
        attached: Vec::new(),
    };
    let withdrawn = office.ask(Role::Officer, Action::WithdrawRequest, ask);
    withdrawn.expect("it may be withdrawn");
}

/// The next look finds what is due.
fn look(office: &mut Office) -> Vec<Outcome> {
    office.now = office.now.plus(HOUR);
    office.handle(vec![Input::Tick])
}

fn letter_row(office: &Office, id: MessageId) -> LetterRow {
    let row = office.core.row::<LetterRow>(LETTER, &id.to_bytes());
    row.expect("in memory").expect("it was written")
}

#[test]
fn a_letter_goes_with_the_last_of_its_messages_and_what_was_thrown_away_after_a_month() {
    let mut office = letters::office(&[Gated::Request]);
    let (id, reply) = letters::sends(&mut office, kept_for(1_825));
    letters::waits(reply);
    let released = letters::decides(&mut office, DecisionKind::Release, id, letters::BORIS);
    let digest = released.expect("a second person").digest;
    receipt_all(&mut office, "TR");
    withdraw(&mut office, id);
    receipt_all(&mut office, "TR");
    assert!(contents(&office).contains("34 KLM 417"));
    order(&mut office, id).expect("it is over");
    look(&mut office);
    assert!(
        !contents(&office).contains("34 KLM 417"),
        "the draft is gone too"
    );
    assert!(
        !contents(&office).contains("\"seen\""),
        "and why it was released"
    );
    let row = letter_row(&office, id);
    assert_eq!(
        row.erased.map(|gone| gone.reason),
        Some(ErasureReason::Order)
    );
    assert_eq!((row.digest, row.decisions.len()), (digest, 1));
    let (_, salt) = letters::letter(&mut office, id);
    assert_eq!(
        salt, [0; 32],
        "nothing is left by which its digest could be tried"
    );

    let (id, reply) = letters::sends(&mut office, request());
    letters::waits(reply);
    let ask = Ask::Letters(LetterAsk::Discard { letter: id });
    let discarded = office.ask(Role::Officer, Action::DiscardLetter, ask);
    discarded.expect("its author may");
    let mut running = Duration::ZERO;
    pass(&mut office, DAY * 29, &mut running);
    assert!(contents(&office).contains("34 KLM 417"));
    pass(&mut office, DAY * 2, &mut running);
    assert!(!contents(&office).contains("34 KLM 417"));
    let epoch = office.log.epoch();
    for _ in 0..3 {
        pass(&mut office, DAY, &mut running);
    }
    assert_eq!(
        office.log.epoch(),
        epoch,
        "it is not erased again and again"
    );
}

#[test]
fn an_exchange_in_which_a_letter_waits_is_not_over() {
    let mut office = letters::office(&[Gated::Answer]);
    let message = come(&mut office, kept_for(30));
    let id = message.header.id;
    let answer = Ask::Respond {
        exchange: id,
        message: office.new_id(),
        command: Box::new(Command::Answer(toml::from_str(ANSWER).expect("an answer"))),
        attached: Vec::new(),
    };
    letters::waits(office.ask(Role::Contact, Action::AnswerRequest, answer));
    let withdrawal = Body::Withdrawal(Withdrawal {
        reason: "Found.".to_owned(),
    });
    let withdrawal = office.next_of("TR", Role::Officer, withdrawal, id);
    let withdrawal = with_header(&withdrawal, |header| {
        header.handling = message.header.handling.clone();
        header.sequence = 1;
        header.previous_own = Some(message.leaf());
    });
    office.takes(&withdrawal);
    assert_eq!(order(&mut office, id).unwrap_err(), AppError::StillOwed);
}

#[test]
fn what_its_author_wants_erased_goes_once_a_person_here_has_seen_to_it() {
    let mut office = Office::new();
    let (exchange, answer) = passing::answered_by_at(&mut office, passing::h2());
    let correction = passing::wishes_erased(&mut office, exchange, &answer);
    look(&mut office);
    assert!(erased_entries(&office).is_empty(), "nobody has seen it yet");

    passing::acknowledges(&mut office, exchange, &correction);
    let outcomes = office.handle(vec![Input::Tick]);
    let expected = Statement::Erased {
        id: answer.header.id,
        leaf: answer.leaf(),
        reason: ErasureReason::Originator,
    };
    assert!(receipted(&outcomes).contains(&expected), "{outcomes:?}");
    let erased = erased_entries(&office);
    assert_eq!(erased.len(), 1, "the exchange itself stays: {erased:?}");
    assert!(contents(&office).contains("34 KLM 417"));
    let what = passing::forward(&mut office, exchange, &answer);
    let refused = passing::forwards(&mut office, &what);
    assert_eq!(refused.unwrap_err(), AppError::Erased);
}

#[test]
fn an_answer_that_was_erased_here_is_not_said_to_go_on_to_others() {
    let mut office = Office::new();
    let free = passing::marked(&[HandlingCode::H0], Tlp::Green);
    let (exchange, answer) = passing::answered_by_at(&mut office, free);
    let goes_on = |office: &mut Office| {
        let (said, at) = (passing::row(office, exchange).exchange.said(), office.now);
        let answer = said.iter().find(|said| said.id == answer.header.id);
        answer.expect("it is known still").goes_on(at)
    };
    assert!(goes_on(&mut office));
    order(&mut office, exchange).expect("it is over");
    look(&mut office);
    assert!(is_erased(&office, answer.header.id));
    assert!(!goes_on(&mut office));
}

fn is_erased(office: &Office, message: MessageId) -> bool {
    let erased = erased_entries(office);
    erased.iter().any(|(_, of, _)| *of == message)
}

#[test]
fn a_request_that_passed_on_what_its_author_wants_erased_goes_once_it_is_over() {
    let mut office = Office::new();
    let free = passing::marked(&[HandlingCode::H0], Tlp::Green);
    let (exchange, answer) = passing::answered_by_at(&mut office, free);
    let what = passing::forward(&mut office, exchange, &answer);
    passing::forwards(&mut office, &what).expect("it may go on");
    receipt_all(&mut office, "TR");
    let correction = passing::wishes_erased(&mut office, exchange, &answer);
    passing::acknowledges(&mut office, exchange, &correction);
    look(&mut office);
    assert!(!is_erased(&office, what.new), "TR works on it");
    withdraw(&mut office, what.new);
    receipt_all(&mut office, "TR");
    look(&mut office);
    assert!(is_erased(&office, what.new));
}

#[test]
fn what_was_passed_on_stays_known_when_its_content_is_erased() {
    // From here: who has it is still known, so that a correction finds them.
    let mut office = Office::new();
    let free = passing::marked(&[HandlingCode::H0], Tlp::Green);
    let (exchange, answer) = passing::answered_by_at(&mut office, free);
    let what = passing::forward(&mut office, exchange, &answer);
    passing::forwards(&mut office, &what).expect("it may go on");
    receipt_all(&mut office, "TR");
    withdraw(&mut office, what.new);
    receipt_all(&mut office, "TR");
    let known = passing::row(&mut office, exchange).forwards;
    assert_eq!(known.len(), 1);
    order(&mut office, what.new).expect("it is over");
    look(&mut office);
    assert_eq!(erased_entries(&office).len(), 2);
    assert_eq!(passing::row(&mut office, exchange).forwards, known);

    // To here: a permission counts once, whatever is erased.
    let mut office = Office::new();
    let mut passed = Passed::new(&mut office);
    let first = passed.message(&mut office);
    office.takes(&first);
    refuse(&mut office, first.header.id);
    order(&mut office, first.header.id).expect("it is over");
    look(&mut office);
    assert!(!erased_entries(&office).is_empty());
    passed.request.reference = "TR-again".into();
    let second = passed.message(&mut office);
    office.refuses("TR", &second, NotTaken::MayNotPassOn);
}

#[test]
fn a_correction_reaches_all_who_were_asked_the_same_though_one_exchange_was_erased_here() {
    let mut office = Office::new();
    let [with_at, with_tr] = passing::asked_both(&mut office);
    receipt_all(&mut office, "TR");
    withdraw(&mut office, with_tr);
    receipt_all(&mut office, "TR");
    order(&mut office, with_tr).expect("it is over");
    look(&mut office);
    assert!(is_erased(&office, with_tr));
    let correct = passing::names_the_wrong_one(&mut office, with_at);
    let told = office.ask(Role::Officer, Action::CorrectMessage, correct);
    assert!(
        matches!(&told, Ok(Reply::Exchanges(rows, _)) if rows.len() == 2),
        "{told:?}"
    );
}

#[test]
fn what_is_erased_is_shown_as_erased_and_is_not_said_to_have_been_opened() {
    let mut office = Office::new();
    let message = come(&mut office, kept_for(30));
    let id = message.header.id;
    refuse(&mut office, id);
    order(&mut office, id).expect("it is over");
    look(&mut office);
    let row = passing::row(&mut office, id);
    assert_eq!(
        row.erased.map(|gone| gone.reason),
        Some(ErasureReason::Order)
    );
    let size = office.log.size();
    let ask = Ask::ReadExchange { exchange: id };
    let Ok(Reply::Thread(_, thread)) = office.ask(Role::Contact, Action::ReadExchange, ask) else {
        panic!("it is shown");
    };
    let erased = |change: &Change| match change {
        Change::Sent(message) | Change::Received(message, _) => message.erased.is_some(),
        Change::ReceiptKept(_) | Change::Other(_) => false,
    };
    assert_eq!(thread.iter().filter(|item| erased(&item.change)).count(), 2);
    let since = office.changes_since(size);
    assert!(
        matches!(since[..], [Change::Other(Other::Consulted { .. })]),
        "{since:?}"
    );
}

#[test]
fn an_exchange_with_a_removed_member_is_ended_and_erased() {
    let mut office = Office::new();
    let id = office.asked_tr();
    receipt_all(&mut office, "TR");
    without_tr(&mut office, false);
    withdraw(&mut office, id);
    order(&mut office, id).expect("it is over");
    // That it was taken back waits as long as a message may.
    office.now = office.message_row(id).expires.plus(DAY);
    office.handle(vec![Input::Tick]);
    look(&mut office);
    assert_eq!(erased_entries(&office).len(), 2);
    assert!(!contents(&office).contains("34 KLM 417"));
}

#[test]
fn what_is_owed_to_a_removed_member_keeps_nothing_and_to_a_suspended_one_it_does() {
    let mut office = Office::new();
    let message = come(&mut office, request());
    let id = message.header.id;
    refuse(&mut office, id);
    let correction = office.next_of("TR", Role::Contact, passing::correction(&message), id);
    let correction = with_header(&correction, |header| {
        header.handling = passing::h2();
        header.sequence = 1;
        header.previous_own = Some(message.leaf());
    });
    office.takes(&correction);
    without_tr(&mut office, true);
    assert_eq!(order(&mut office, id).unwrap_err(), AppError::StillOwed);
    without_tr(&mut office, false);
    order(&mut office, id).expect("nobody waits for it any more");
    look(&mut office);
    assert!(!contents(&office).contains("34 KLM 417"));
}

#[test]
fn a_correction_that_can_be_passed_on_to_nobody_but_removed_members_keeps_nothing() {
    let mut office = Office::new();
    let free = passing::marked(&[HandlingCode::H0], Tlp::Green);
    let (exchange, answer) = passing::answered_by_at(&mut office, free);
    let what = passing::forward(&mut office, exchange, &answer);
    passing::forwards(&mut office, &what).expect("it may go on");
    let correction = passing::correction(&answer);
    let said = [&answer];
    let correction = passing::next_of_at(&mut office, Role::Contact, correction, exchange, &said);
    office.takes(&correction);
    passing::acknowledges(&mut office, exchange, &correction);
    assert_eq!(
        order(&mut office, exchange).unwrap_err(),
        AppError::StillOwed
    );
    without_tr(&mut office, false);
    order(&mut office, exchange).expect("nobody is left to be told");
}

#[test]
fn a_correction_whose_time_is_over_before_it_was_passed_on_keeps_nothing() {
    let mut office = Office::new();
    let free = passing::marked(&[HandlingCode::H0], Tlp::Green);
    let (exchange, answer) = passing::answered_by_at(&mut office, free);
    let what = passing::forward(&mut office, exchange, &answer);
    passing::forwards(&mut office, &what).expect("it may go on");
    let mut short = passing::h2();
    short.retention_days = 2;
    let correction = passing::correction_marked(&answer, short);
    let said = [&answer];
    let correction = passing::next_of_at(&mut office, Role::Contact, correction, exchange, &said);
    office.takes(&correction);
    passing::acknowledges(&mut office, exchange, &correction);
    office.now = correction.header.created.plus(DAY);
    let owed = order(&mut office, exchange);
    assert_eq!(owed.unwrap_err(), AppError::StillOwed);
    office.now = office.now.plus(HOUR);
    order(&mut office, exchange).expect("it can be passed on to nobody any more");
}
