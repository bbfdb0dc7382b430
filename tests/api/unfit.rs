//! What the log does not take: it is turned down by itself, and the node goes on.

use liaison::app::change::{Change, Message};
use liaison::app::{Action, AppError, Ask, CarryAsk, Input, Reply};
use liaison::base::Role;
use liaison::domain::message::Extension;
use liaison::exchange::Refusal;
use liaison::store::{Log as _, MAX_CONTENT_LEN};

use crate::office::*;

/// A request of TR that is longer than an entry may be.
fn too_long(office: &mut Office) -> Message {
    let message = office.first_of("TR", Role::Officer, request_body());
    with_header(&message, |header| {
        header.extensions.push(Extension {
            id: 9_999,
            critical: false,
            value: vec![0; MAX_CONTENT_LEN],
        });
    })
}

#[test]
fn what_the_log_does_not_take_is_turned_down_and_what_came_with_it_is_taken() {
    let mut office = Office::new();
    let long = too_long(&mut office);
    let short = office.first_of("AT", Role::Officer, request_body());
    let asking = office.asking_tr();
    let (ticket, status) = office.asking(Role::Auditor, Action::ReadHealth, Ask::Health);
    let (before, size) = (office.standing(), office.log.size());
    let outcomes = office.handle(vec![Input::Peer(node("TR"), taken(&long))]);
    assert_eq!(told(&outcomes), [(long.leaf(), Refusal::NoRoom)]);
    assert_eq!(office.log.size(), size);
    assert!(office.standing() == before, "nothing happened");
    let outcomes = office.handle(vec![
        Input::Peer(node("AT"), taken(&short)),
        Input::Peer(node("TR"), taken(&long)),
        asking,
        status,
    ]);
    assert_eq!(told(&outcomes), [(long.leaf(), Refusal::NoRoom)]);
    assert_eq!(receipted(&outcomes).len(), 1, "that of AT is taken");
    let changes = office.changes_since(size).into_iter();
    let sent = changes.filter(|change| matches!(change, Change::Sent(_)));
    assert_eq!(sent.count(), 1, "and TR is asked");
    assert!(matches!(reply_to(ticket, outcomes), Ok(Reply::Health(_))));
}

#[test]
fn whoever_asks_for_what_the_log_does_not_take_is_told_so() {
    let mut office = Office::new();
    let came = CarryAsk::Came {
        peer: node("TR"),
        heard: vec![taken(&too_long(&mut office))],
    };
    let reply = office.ask(Role::Contact, Action::CarryByHand, Ask::Carry(came));
    assert_eq!(reply.err(), Some(AppError::Unfit));
}
