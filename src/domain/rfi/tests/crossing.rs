//! The asked side's messages keep their order on the way; its receipts come whenever they come.

use super::*;

/// What reaches the asking side.
#[derive(Clone)]
enum Arrival {
    Delivered,
    Opened,
    Message(Body, i64),
}

fn take(exchange: &mut Exchange, arrival: &Arrival) {
    match arrival {
        Arrival::Delivered => exchange.delivered(hours(1)),
        Arrival::Opened => exchange.opened(hours(2)),
        Arrival::Message(body, hour) => apply(exchange, body.clone(), *hour),
    }
}

/// Every order of `arrivals` in which the messages keep theirs.
fn orders(messages: &[Arrival], receipts: &[Arrival]) -> Vec<Vec<Arrival>> {
    if messages.is_empty() && receipts.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    if let Some((first, rest)) = messages.split_first() {
        for mut order in orders(rest, receipts) {
            order.insert(0, first.clone());
            all.push(order);
        }
    }
    for i in 0..receipts.len() {
        let mut rest = receipts.to_vec();
        let first = rest.remove(i);
        for mut order in orders(messages, &rest) {
            order.insert(0, first.clone());
            all.push(order);
        }
    }
    all
}

fn outcomes(bodies: Vec<(Body, i64)>) -> (Vec<Exchange>, Exchange) {
    let messages: Vec<Arrival> = bodies
        .iter()
        .map(|(body, hour)| Arrival::Message(body.clone(), *hour))
        .collect();
    let receipts = [Arrival::Delivered, Arrival::Opened, Arrival::Delivered];
    let there = orders(&messages, &receipts).into_iter().map(|order| {
        let mut asking = opened_at(Side::Requesting, 0);
        for arrival in &order {
            take(&mut asking, arrival);
        }
        asking
    });
    let there: Vec<Exchange> = there.collect();
    let mut here = opened_at(Side::Requested, 1);
    here.opened(hours(2));
    for (body, hour) in bodies {
        apply(&mut here, body, hour);
    }
    (there, here)
}

#[test]
fn answers_and_receipts_give_one_outcome_in_any_order_and_on_both_sides() {
    let courses = [
        vec![(Body::Answer(answering(Outcome::Hit)), 3)],
        vec![(Body::Refusal(refusal(Ground::F2)), 3)],
        vec![
            (Body::Acceptance(acceptance()), 3),
            (Body::Answer(answering(Outcome::Partial)), 4),
            (Body::Answer(answering(Outcome::NoHit)), 5),
        ],
        vec![
            (Body::Answer(answering(Outcome::Partial)), 3),
            (Body::Acceptance(acceptance()), 4),
        ],
    ];
    for course in courses {
        let (there, here) = outcomes(course);
        assert!(there.len() > 6);
        for asking in &there {
            assert_eq!(asking, &there[0]);
            assert_eq!(asking.state(), here.state());
            assert_eq!(asking.clock(), here.clock());
            assert_eq!(asking.their_reference(), here.their_reference());
        }
    }
}

#[test]
fn the_clock_begins_with_the_delivery_even_if_only_the_opening_is_known_so_far() {
    let mut asking = opened_at(Side::Requesting, 0);
    asking.opened(hours(2));
    assert_eq!(asking.clock().expect("it was delivered").started, hours(2));
    asking.delivered(hours(1));
    assert_eq!(asking.clock().expect("it was delivered").started, hours(1));
    assert_eq!(asking.state(), State::Read);
}

#[test]
fn an_exchange_survives_its_json() {
    let (there, _) = outcomes(vec![
        (Body::Acceptance(acceptance()), 3),
        (Body::Refusal(refusal(Ground::G1)), 4),
    ]);
    let json = serde_json::to_string(&there[0]).expect("JSON");
    let read: Exchange = serde_json::from_str(&json).expect("the same form");
    assert_eq!(read, there[0]);
}
