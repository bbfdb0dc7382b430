//! Whoever asks in the group in which something comes is answered: its entries are not in the log yet.

use liaison::app::{Action, AlertFilter, Ask, FromPeer, Input, Order, SearchFor};
use liaison::base::{MessageId, Role};
use liaison::domain::message::Body;

use crate::office::*;

/// What people ask most, whatever page they are on.
fn asked(about: MessageId) -> Vec<(Role, Action, Ask)> {
    let exchanges = Ask::ListExchanges {
        order: Order::Latest,
        outgoing: None,
        state: None,
        status: None,
        limit: 100,
        cursor: None,
    };
    let alerts = Ask::ListAlerts {
        filter: AlertFilter::default(),
        limit: 100,
        cursor: None,
    };
    let search = Ask::Search(SearchFor {
        query: "van".to_owned(),
        kind: None,
        limit: 100,
        cursor: None,
    });
    let (exchange, alert) = (about, about);
    vec![
        (Role::Officer, Action::ReadHealth, Ask::Health),
        (Role::Officer, Action::ListExchanges, exchanges),
        (
            Role::Officer,
            Action::ListExchanges,
            Ask::ListPressing { limit: 100 },
        ),
        (
            Role::Officer,
            Action::ListExchanges,
            Ask::GlanceExchange { exchange },
        ),
        (
            Role::Officer,
            Action::ReadExchange,
            Ask::ReadExchange { exchange },
        ),
        (Role::Officer, Action::Search, search),
        (Role::Contact, Action::ReadAlerts, alerts),
        (Role::Contact, Action::ReadAlerts, Ask::ReadAlert { alert }),
    ]
}

/// Asks each in one group with what a peer says just before.
#[track_caller]
fn answered_beside(office: &mut Office, says: &FromPeer, about: MessageId) {
    let mut tickets = Vec::new();
    let mut group = vec![Input::Peer(node("TR"), says.clone())];
    for (role, action, ask) in asked(about) {
        let (ticket, input) = office.asking(role, action, ask);
        tickets.push(ticket);
        group.push(input);
    }
    let outcomes = office.handle(group);
    for ticket in tickets {
        let _answer = reply_to(ticket, outcomes.clone());
    }
}

fn answered_beside_first(body: Body, role: Role) {
    let mut office = Office::new();
    let came = office.first_of("TR", role, body);
    answered_beside(&mut office, &taken(&came), came.header.id);
}

#[test]
fn of_an_alert() {
    answered_beside_first(alert_body(), Role::Contact);
}

#[test]
fn of_a_request() {
    answered_beside_first(request_body(), Role::Officer);
}

#[test]
fn of_an_answer() {
    let mut office = Office::new();
    let exchange = office.asked_tr();
    let accepted = office.next_of("TR", Role::Officer, acceptance_body(), exchange);
    answered_beside(&mut office, &taken(&accepted), exchange);
    let answer = office.next_of("TR", Role::Officer, answer_body(), exchange);
    answered_beside(&mut office, &taken(&answer), exchange);
}
