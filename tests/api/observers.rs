//! A country that becomes an observer: what waits for it and stays, what goes on without that, and who is
//! told. The office is MK's, the observer TR.

use liaison::app::{Action, Ask, CarryAsk, CarryReply, FromPeer, Pressing, Reply, Withheld};
use liaison::audit::Statement;
use liaison::base::{Digest, MessageId, Role};
use liaison::domain::alert::Alert;
use liaison::domain::duty::{Matter, Reason};
use liaison::domain::handling::{Handling, Tlp};
use liaison::exchange::{Refusal, Verdict};
use liaison::store::Log as _;

use crate::alerts_escalate::{pass, updated_to};
use crate::alerts_reach::{alert, delivered, lost_its_disk, pressing, published};
use crate::duty::escalations;
use crate::lost::{accept, asked_by_tr, channel, expires, judged, named, refuse, says, withdraw};
use crate::office::*;
use crate::passing::{observing, row, sent_on_a_new_link};
use crate::restored::sent;
use crate::says::respond;

/// The example, which an observer may not have.
fn strict() -> Alert {
    Alert {
        handling: Handling {
            tlp: Tlp::AmberStrict,
            ..alert().handling
        },
        ..alert()
    }
}

/// What presses in the exchanges, most of all first.
fn in_exchanges(office: &mut Office) -> Vec<Pressing> {
    let ask = Ask::ListPressing { limit: 10 };
    match office.ask(Role::Officer, Action::ListExchanges, ask) {
        Ok(Reply::Exchanges(rows, None)) => rows.into_iter().flat_map(|row| row.pressing).collect(),
        other => panic!("exchanges are what was asked for: {other:?}"),
    }
}

fn undelivered(office: &Office, since: u64) -> usize {
    let rings = escalations(office, since).into_iter();
    rings
        .filter(|(matter, ..)| *matter == Matter::Undelivered)
        .count()
}

#[test]
fn what_ends_an_exchange_goes_on_from_before_what_stays() {
    let mut office = Office::new();
    let id = asked_by_tr(&mut office);
    let first = says(&mut office, id, accept());
    delivered(&mut office, "TR", first.header.id);
    says(&mut office, id, channel());
    observing(&mut office, "TR");
    let refusal = says(&mut office, id, refuse());
    assert_eq!(named(&refusal), Some((1, Some(first.leaf()))));
    assert_eq!(judged(&refusal, Some(&first)), Verdict::Fresh);
}

#[test]
fn a_version_for_observers_goes_on_from_before_one_that_stays() {
    let mut office = Office::new();
    let id = published(&mut office, strict());
    delivered(&mut office, "AT", id);
    observing(&mut office, "TR");
    let second = updated_to(&mut office, id, alert());
    let second = sent(&office, second);
    assert_eq!(named(&second), Some((0, None)));
    assert_eq!(judged(&second, None), Verdict::Fresh);
    delivered(&mut office, "AT", second.header.id);
    let third = updated_to(&mut office, id, alert());
    assert_eq!(named(&sent(&office, third)), None);
}

#[test]
fn that_a_request_is_taken_back_stays_with_it() {
    let mut office = Office::new();
    office.peer("TR", FromPeer::Down);
    let [waits, there] = [(); 2].map(|()| office.asked_tr());
    delivered(&mut office, "TR", there);
    observing(&mut office, "TR");
    respond(&mut office, waits, withdraw()).expect("it may be ended");
    let withdrawal = says(&mut office, there, withdraw());
    assert_eq!(sent_on_a_new_link(&mut office, "TR"), [withdrawal.leaf()]);
}

#[test]
fn that_a_request_is_taken_back_stays_where_that_expired_on_its_way() {
    let mut office = Office::new();
    let id = office.asked_tr();
    observing(&mut office, "TR");
    let request = sent(&office, id);
    expires(&mut office, &request);
    respond(&mut office, id, withdraw()).expect("it may be ended");
    assert_eq!(sent_on_a_new_link(&mut office, "TR"), []);
}

#[test]
fn an_exchange_says_that_what_waits_in_it_stays() {
    let mut office = Office::new();
    let id = office.asked_tr();
    assert_eq!(row(&mut office, id).withheld, None);
    observing(&mut office, "TR");
    let why = Some(Withheld::Observer);
    assert_eq!(row(&mut office, id).withheld, why);
    pass(&mut office, 60);
    let all = in_exchanges(&mut office);
    let [pressing] = &all[..] else {
        panic!("{all:?}");
    };
    assert_eq!(pressing.attention.reason, Reason::Withheld);
    assert_eq!(pressing.withheld, why);
}

#[test]
fn what_goes_to_an_observer_is_not_said_to_stay() {
    let mut office = Office::new();
    let id = office.asked_tr();
    delivered(&mut office, "TR", id);
    observing(&mut office, "TR");
    says(&mut office, id, withdraw());
    assert_eq!(row(&mut office, id).withheld, None);
}

#[test]
fn nobody_is_told_of_a_request_that_stays_once_it_is_taken_back() {
    let mut office = Office::new();
    let id = office.asked_tr();
    observing(&mut office, "TR");
    respond(&mut office, id, withdraw()).expect("it may be ended");
    let size = office.log.size();
    pass(&mut office, 60);
    assert_eq!(undelivered(&office, size), 0);
    assert_eq!(in_exchanges(&mut office), []);
}

/// TR asked, and became an observer while it waited for something else of MK. MK refuses its request.
fn refuses_behind_what_stays(office: &mut Office, between: impl FnOnce(&mut Office)) -> MessageId {
    let id = asked_by_tr(office);
    let first = says(office, id, accept());
    delivered(office, "TR", first.header.id);
    says(office, id, channel());
    between(office);
    observing(office, "TR");
    says(office, id, refuse()).header.id
}

#[test]
fn a_refusal_that_does_not_arrive_presses_whatever_stays_before_it() {
    let mut office = Office::new();
    let refusal = refuses_behind_what_stays(&mut office, |_| ());
    pass(&mut office, 60);
    let mut all = in_exchanges(&mut office);
    all.retain(|one| one.attention.concern.matter == Matter::Undelivered);
    let [pressing] = &all[..] else {
        panic!("{all:?}");
    };
    assert_eq!(pressing.attention.concern.message, Some(refusal));
    assert_eq!(pressing.attention.reason, Reason::Undelivered);
}

#[test]
fn people_are_told_of_a_refusal_that_does_not_arrive_whatever_stays_before_it() {
    let mut office = Office::new();
    refuses_behind_what_stays(&mut office, |_| ());
    let size = office.log.size();
    pass(&mut office, 60);
    assert_ne!(undelivered(&office, size), 0);
}

#[test]
fn people_are_told_of_a_refusal_although_they_were_told_of_what_stays_before_it() {
    let mut office = Office::new();
    refuses_behind_what_stays(&mut office, |office| pass(office, 60));
    let size = office.log.size();
    pass(&mut office, 60);
    assert_ne!(undelivered(&office, size), 0);
}

#[test]
fn an_alert_says_that_it_stays() {
    let mut office = Office::new();
    let id = published(&mut office, strict());
    delivered(&mut office, "AT", id);
    observing(&mut office, "TR");
    pass(&mut office, 20);
    let stays = [("TR".to_owned(), Reason::Withheld)];
    assert_eq!(pressing(&mut office), stays);
}

#[test]
fn an_export_counts_what_stays() {
    let mut office = Office::new();
    office.asked_tr();
    published(&mut office, alert());
    observing(&mut office, "TR");
    let begin = CarryAsk::Begin {
        member: member("TR"),
        export: office.new_id(),
    };
    let reply = office.ask(Role::Contact, Action::CarryByHand, Ask::Carry(begin));
    let Ok(Reply::Carried(reply)) = reply else {
        panic!("{reply:?}");
    };
    assert!(
        matches!(*reply, CarryReply::Begun(to, 1) if to == node("TR")),
        "{reply:?}"
    );
}

/// TR, an observer, lost what MK has of it, which it is given back behind more than a window of what stays.
/// Gives that message.
fn to_be_given_back(office: &mut Office) -> (MessageId, Digest) {
    for _ in 0..300 {
        office.asked_tr_about_nobody();
    }
    let came = office.first_of("TR", Role::Contact, alert_body());
    office.takes(&came);
    observing(office, "TR");
    lost_its_disk(office, "TR");
    let leaf = came.leaf();
    let given_back = sent_on_a_new_link(office, "TR");
    assert!(given_back.contains(&leaf), "{given_back:?}");
    (came.header.id, leaf)
}

#[test]
fn what_is_given_back_behind_what_stays_is_given_back_until_the_log_there_holds_it() {
    let mut office = Office::new();
    let (id, leaf) = to_be_given_back(&mut office);
    let held = receipt_of("TR", Statement::Sent { id, leaf }, office.now);
    office.peer("TR", held);
    assert!(!sent_on_a_new_link(&mut office, "TR").contains(&leaf));
}

#[test]
fn what_is_given_back_behind_what_stays_is_given_back_until_it_is_refused() {
    let mut office = Office::new();
    let (_, digest) = to_be_given_back(&mut office);
    let refused = Statement::Refused {
        sender: node("MK"),
        digest,
        code: Refusal::NotTheSender.number(),
    };
    let refused = receipt_of("TR", refused, office.now);
    office.peer("TR", refused);
    assert!(!sent_on_a_new_link(&mut office, "TR").contains(&digest));
}

#[test]
fn however_much_stays_an_alert_behind_it_goes() {
    let mut office = Office::new();
    office.peer("TR", FromPeer::Down);
    for _ in 0..1_100 {
        office.asked_tr_about_nobody();
    }
    let alert = published(&mut office, alert());
    let alert = office.message_row(alert).leaf;
    observing(&mut office, "TR");
    assert_eq!(sent_on_a_new_link(&mut office, "TR"), [alert]);
}
