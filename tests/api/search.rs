//! Finding exchanges and alerts, and what a request has in common with others.

use std::collections::BTreeSet;

use liaison::app::change::{Change, Other};
use liaison::app::core::catch_up;
use liaison::app::rows::{ExchangeRow, TERM};
use liaison::app::{Action, AppError, Ask, Hit, HitRow, Reply, SearchFor};
use liaison::audit::{EntryKind, EventCode, Statement};
use liaison::base::{MessageId, Role};
use liaison::domain::message::Body;
use liaison::domain::rfi::Request;
use liaison::domain::terms::{Strength, TermKind};
use liaison::store::{Index as _, Log as _, MemoryIndex};

use crate::office::*;

fn searching(
    office: &mut Office,
    query: &str,
    kind: Option<TermKind>,
    limit: usize,
    cursor: Option<Vec<u8>>,
) -> Result<(Vec<Hit>, Option<Vec<u8>>), AppError> {
    let ask = Ask::Search(SearchFor {
        query: query.to_owned(),
        kind,
        limit,
        cursor,
    });
    match office.ask(Role::Officer, Action::Search, ask)? {
        Reply::Found(hits, next) => Ok((hits, next)),
        other => panic!("a search finds: {other:?}"),
    }
}

fn id_of(hit: &Hit) -> MessageId {
    match &hit.row {
        HitRow::Exchange(row) => row.id,
        HitRow::Alert(row) => row.id,
    }
}

fn found(office: &mut Office, query: &str) -> Vec<MessageId> {
    let (hits, next) = searching(office, query, None, 50, None).expect("it may be looked for");
    assert_eq!(next, None);
    hits.iter().map(id_of).collect()
}

fn send(office: &mut Office, to: &str, request: &Request) -> ExchangeRow {
    let ask = Ask::SendRequest {
        to: vec![(member(to), office.new_id(), Vec::new())],
        request: Box::new(request.clone()),
    };
    match office.ask(Role::Officer, Action::SendRequest, ask) {
        Ok(Reply::Exchanges(mut rows, _)) => rows.remove(0),
        other => panic!("it may be sent: {other:?}"),
    }
}

fn come(office: &mut Office, from: &str, request: &Request) -> MessageId {
    let body = Body::Request(Box::new(request.clone()));
    let message = office.first_of(from, Role::Officer, body);
    office.takes(&message);
    message.header.id
}

fn read(office: &mut Office, exchange: MessageId) -> ExchangeRow {
    let ask = Ask::ReadExchange { exchange };
    match office.ask(Role::Contact, Action::ReadExchange, ask) {
        Ok(Reply::Thread(row, _)) => *row,
        other => panic!("it may be read: {other:?}"),
    }
}

/// The example without what it is about.
fn bare() -> Request {
    let mut request = request();
    request.subjects.clear();
    for question in &mut request.questions {
        question.subject = None;
    }
    request
}

/// The example about one of its subjects alone.
fn about(kind: impl Fn(&liaison::domain::rfi::Subject) -> bool) -> Request {
    let subjects = request().subjects.into_iter().filter(kind).collect();
    Request { subjects, ..bare() }
}

#[test]
fn an_exchange_is_found_by_all_that_stands_in_it_in_any_writing() {
    let mut office = Office::new();
    let id = office.asked_tr();
    let other = send(&mut office, "AT", &bare()).id;
    for query in [
        "34 KLM 417",
        "34-klm-417",
        "0555 010 24 17",
        "0090 555 0102417",
        "Kemal Örnekoğlu",
        "ORNEKOGLU",
        "Орнекоглу Кемал",
        "کمال",
    ] {
        assert_eq!(found(&mut office, query), [id], "{query}");
    }
    let reference = request().reference;
    assert_eq!(found(&mut office, &reference), [other, id]);
    assert_eq!(found(&mut office, &other.to_string()), [other]);
    assert!(found(&mut office, "34 KLM 418").is_empty());
    assert!(found(&mut office, "Kemal Yilmaz").is_empty());
    let as_document = searching(&mut office, "34 KLM 417", Some(TermKind::Document), 9, None);
    assert!(as_document.expect("it may be looked for").0.is_empty());
}

#[test]
fn an_alert_is_found_by_its_headline_and_its_corridor() {
    let mut office = Office::new();
    let alert = office.first_of("TR", Role::Contact, alert_body());
    office.takes(&alert);
    let Body::Alert(content) = &alert.event.body else {
        panic!("it is an alert");
    };
    let words: Vec<&str> = content.headline.split(' ').collect();
    let reversed: Vec<&str> = words.iter().rev().take(3).copied().collect();
    let corridor = content.corridor.expect("it names one").to_string();
    for query in [words[..2].join(" "), reversed.join(" "), corridor] {
        assert_eq!(found(&mut office, &query), [alert.header.id], "{query}");
    }
}

#[test]
fn all_words_have_to_stand_in_one_name() {
    let mut office = Office::new();
    let mut two = about(|subject| subject.person.is_some());
    let mut other = two.subjects[0].clone();
    let person = other.person.as_mut().expect("it is one");
    person.given_names.as_mut().expect("it has one").original = "Petar".into();
    let family = person.family_name.as_mut().expect("it has one");
    family.original = "Petrov".into();
    family.transliterations.clear();
    two.subjects.push(other);
    let id = send(&mut office, "TR", &two).id;
    assert_eq!(found(&mut office, "Petar Petrov"), [id]);
    assert_eq!(found(&mut office, "Kemal Ornekoglu"), [id]);
    assert!(found(&mut office, "Kemal Petrov").is_empty());
}

#[test]
fn words_that_stand_in_many_requests_meet_in_each_that_has_all() {
    let mut office = Office::new();
    let with_all = about(|subject| subject.person.is_some());
    let mut with_one = with_all.clone();
    let person = with_one.subjects[0].person.as_mut().expect("it is one");
    let family = person.family_name.as_mut().expect("it has one");
    family.original = "Petrov".into();
    family.transliterations.clear();
    person.aliases.clear();
    let mut ids = Vec::new();
    for (request, count) in [(&with_all, 20), (&with_one, 40), (&with_all, 21)] {
        for _ in 0..count {
            office.now = office.now.plus(SECOND);
            let id = send(&mut office, "TR", request).id;
            ids.extend((request == &with_all).then_some(id));
        }
    }
    ids.reverse();
    assert_eq!(found(&mut office, "Kemal Ornekoglu"), ids);
}

#[test]
fn pages_hold_everything_once_the_latest_first() {
    let mut office = Office::new();
    let mut ids = Vec::new();
    for _ in 0..8 {
        office.now = office.now.plus(SECOND);
        ids.push(office.asked_tr());
    }
    ids.reverse();
    let (mut paged, mut cursor) = (Vec::new(), None);
    loop {
        let (hits, next) = searching(&mut office, "34KLM417", None, 3, cursor).expect("a page");
        assert!(hits.len() <= 3);
        paged.extend(hits.iter().map(id_of));
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(paged, ids);
    let broken = searching(&mut office, "34KLM417", None, 3, Some(vec![1, 2]));
    assert_eq!(broken.err(), Some(AppError::BadCursor));
}

#[test]
fn a_search_is_on_record_and_its_words_are_in_what_is_sealed_alone() {
    let mut office = Office::new();
    office.asked_tr();
    let size = office.log.size();
    found(&mut office, "Kemal Ornekoglu");
    let expected = Other::Searched {
        query: "Kemal Ornekoglu".to_owned(),
        kind: None,
        found: 1,
    };
    assert_eq!(office.changes_since(size), [Change::Other(expected)]);
    let record = office.log.read(size).expect("it was appended");
    let entry = record.entry;
    assert_eq!(entry.event, EventCode::Searched);
    assert_eq!(entry.kind, EntryKind::Consultation);
    assert!(matches!(record.opening.statement, Statement::Note { .. }));
    let open = entry.encode();
    assert!(!open.windows(5).any(|window| window == b"Kemal"));
}

#[test]
fn nothing_to_look_for_is_said_and_not_recorded() {
    let mut office = Office::new();
    let size = office.log.size();
    for query in ["", "   ", "-", &"a ".repeat(200)] {
        let refused = searching(&mut office, query, None, 9, None);
        assert!(matches!(refused, Err(AppError::Invalid(_))), "{query:?}");
    }
    assert_eq!(office.log.size(), size);
}

#[test]
fn a_request_about_the_same_shows_what_was_asked_before_both_ways() {
    let mut office = Office::new();
    let asked = office.asked_tr();
    let phone = come(&mut office, "AT", &about(|subject| subject.phone.is_some()));
    office.now = office.now.plus(HOUR);
    let person = come(
        &mut office,
        "RS",
        &about(|subject| subject.person.is_some()),
    );

    let row = read(&mut office, phone);
    let [earlier] = &row.earlier[..] else {
        panic!("one other is about the same: {:?}", row.earlier);
    };
    assert_eq!((earlier.id, earlier.outgoing), (asked, true));
    assert_eq!(earlier.peer, member("TR"));
    assert_eq!(earlier.matched, [(TermKind::Phone, Strength::Exact)]);

    let row = read(&mut office, person);
    let ids: Vec<MessageId> = row.earlier.iter().map(|earlier| earlier.id).collect();
    assert_eq!(ids, [asked]);
    let row = read(&mut office, asked);
    let ids: BTreeSet<MessageId> = row.earlier.iter().map(|earlier| earlier.id).collect();
    assert_eq!(ids, [phone, person].into());

    let row = send(&mut office, "RS", &request());
    let ids: BTreeSet<MessageId> = row.earlier.iter().map(|earlier| earlier.id).collect();
    assert_eq!(ids, [asked, phone, person].into());
}

#[test]
fn the_comparison_is_recorded_once_when_a_request_is_first_opened() {
    let mut office = Office::new();
    let asked = office.asked_tr();
    let id = come(&mut office, "AT", &request());
    let matched = |office: &Office, size| {
        let changes = office.changes_since(size).into_iter();
        let matched =
            changes.filter(|change| matches!(change, Change::Other(Other::Matched { .. })));
        matched.collect::<Vec<_>>()
    };
    let size = office.log.size();
    read(&mut office, id);
    let expected = Other::Matched {
        conversation: id,
        found: vec![asked],
    };
    assert_eq!(matched(&office, size), [Change::Other(expected)]);
    let record = office.log.read(size).expect("it was appended");
    assert_eq!(record.entry.kind, EntryKind::Combination);
    assert_eq!(record.entry.event, EventCode::Matched);
    let size = office.log.size();
    read(&mut office, id);
    assert!(matched(&office, size).is_empty());
}

#[test]
fn those_asked_the_same_at_once_are_no_earlier_exchanges() {
    let mut office = Office::new();
    let to = ["TR", "AT"].map(|to| (member(to), office.new_id(), Vec::new()));
    let ids = to.clone().map(|(_, id, _)| id);
    let ask = Ask::SendRequest {
        to: to.to_vec(),
        request: Box::new(request()),
    };
    let sent = office.ask(Role::Officer, Action::SendRequest, ask);
    let Ok(Reply::Exchanges(rows, _)) = sent else {
        panic!("it may be sent: {sent:?}");
    };
    assert!(rows.iter().all(|row| row.earlier.is_empty()));
    for id in ids {
        assert!(read(&mut office, id).earlier.is_empty());
    }
}

#[test]
fn a_rebuilt_index_finds_the_same() {
    let mut office = Office::new();
    office.asked_tr();
    come(&mut office, "AT", &request());
    let alert = office.first_of("TR", Role::Contact, alert_body());
    office.takes(&alert);
    office.core.settle().expect("an index in memory");
    let mut anew = MemoryIndex::new();
    catch_up(node("MK"), &office.log, &mut anew, &mut |_, _| ()).expect("a log in memory");
    let terms = |index: &MemoryIndex| index.range(TERM, &[], None, 100_000).expect("in memory");
    let known = terms(office.core.index());
    assert!(known.len() > 20, "{}", known.len());
    assert_eq!(terms(&anew), known);
}
