//! What came by a stick, counted for whoever brings it: what is new, what was known, what has to come
//! again, and what is refused.

use liaison::app::change::Message;
use liaison::app::{Action, Ask, CarryAsk, CarryReply, FromPeer, Reply, Taken};
use liaison::audit::Statement;
use liaison::base::{Digest, Role};
use liaison::exchange::Refusal;

use crate::office::*;

/// A contact brings what TR's node wrote.
fn brought(office: &mut Office, heard: Vec<FromPeer>) -> Taken {
    let came = CarryAsk::Came {
        peer: node("TR"),
        heard,
    };
    let reply = office.ask(Role::Contact, Action::CarryByHand, Ask::Carry(came));
    let Ok(Reply::Carried(reply)) = reply else {
        panic!("{reply:?}");
    };
    let CarryReply::Came(taken) = *reply else {
        panic!("{reply:?}");
    };
    taken
}

fn asked_by_tr(office: &mut Office) -> Message {
    office.first_of("TR", Role::Officer, request_body())
}

#[test]
fn a_message_is_new_once_and_known_whenever_it_is_brought_again() {
    let mut office = Office::new();
    let message = asked_by_tr(&mut office);
    let both = vec![taken(&message), taken(&message)];
    let one = Taken {
        messages: 1,
        known: 1,
        ..Taken::default()
    };
    assert_eq!(brought(&mut office, both), one);
    let known = Taken {
        known: 1,
        ..Taken::default()
    };
    for _ in 0..2 {
        assert_eq!(brought(&mut office, vec![taken(&message)]), known);
    }
}

#[test]
fn what_is_refused_is_counted_as_refused_however_often_it_is_brought() {
    let mut office = Office::new();
    let for_another = with_header(&asked_by_tr(&mut office), |header| {
        header.recipients = vec![member("AT")]
    });
    let unreadable = FromPeer::Unreadable {
        digest: Digest::of(b"an envelope"),
        refusal: Refusal::BadEnvelope,
    };
    let message = asked_by_tr(&mut office);
    office.takes(&message);
    let other = with_header(&message, |header| {
        header.expires = header.expires.plus(SECOND)
    });
    for heard in [taken(&for_another), unreadable, taken(&other)] {
        let refused = Taken {
            refused: 1,
            ..Taken::default()
        };
        for time in ["first", "second", "third"] {
            let counted = brought(&mut office, vec![heard.clone()]);
            assert_eq!(counted, refused, "the {time} time: {heard:?}");
        }
    }
}

#[test]
fn a_receipt_for_what_is_not_here_counts_as_no_message() {
    let mut office = Office::new();
    let statement = Statement::Received {
        sender: node("MK"),
        id: office.new_id(),
        leaf: Digest::of(b"of no message"),
    };
    let receipt = receipt_of("TR", statement, office.now);
    let counted = brought(&mut office, vec![receipt]);
    assert_eq!(counted, Taken::default());
}

#[test]
fn what_may_be_taken_later_is_not_counted_as_refused() {
    let mut office = Office::new();
    let start = office.now;
    office.now = start.plus(HOUR);
    let message = asked_by_tr(&mut office);
    office.now = start;
    let later = Taken {
        later: 1,
        ..Taken::default()
    };
    for time in ["first", "second"] {
        let counted = brought(&mut office, vec![taken(&message)]);
        assert_eq!(counted, later, "the {time} time");
    }
    office.now = start.plus(HOUR);
    let new = Taken {
        messages: 1,
        ..Taken::default()
    };
    assert_eq!(brought(&mut office, vec![taken(&message)]), new);
}
