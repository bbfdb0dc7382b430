//! What the node tells other systems, however busy it is.

use std::sync::mpsc::channel;

use liaison::app::{Input, News, Place, Reply, Ticket};
use liaison::base::MessageId;
use liaison::domain::release::Gated;
use liaison::driver::Busy;

use crate::duty::tick;
use crate::letters::{office, sends, waits};
use crate::office::{HOUR, Office, reply_to, request};
use crate::served::Served;

/// The escalations that other systems are told of, with where they are.
fn escalated(office: &mut Office) -> Vec<(Place, MessageId)> {
    let ticket = Ticket(1_000_000);
    let outcomes = office.handle(vec![Input::News(ticket, 0)]);
    let Ok(Reply::News(news, _)) = reply_to(ticket, outcomes) else {
        panic!("news are what was asked for");
    };
    let told = |one: &News| one.what == "escalated";
    let told = news.into_iter().filter(told);
    told.map(|one| (one.place, one.conversation)).collect()
}

#[test]
fn an_escalation_is_announced_where_the_api_has_what_it_is_about() {
    let mut waiting = office(&[Gated::Request]);
    let (letter, reply) = sends(&mut waiting, request());
    waits(reply);
    tick(&mut waiting);
    assert_eq!(escalated(&mut waiting), [(Place::Letters, letter)]);
    assert_eq!(Place::Letters.as_str(), "letters");

    let mut asking = Office::new();
    let exchange = asking.asked_tr();
    asking.now = asking.now.plus(HOUR);
    tick(&mut asking);
    let told = escalated(&mut asking);
    assert!(told.contains(&(Place::Exchanges, exchange)), "{told:?}");
}

#[test]
fn whoever_wants_to_tell_waits_for_room_in_a_full_mailbox() {
    let served = Served::new();
    let (held, holding) = channel();
    let (go_on, wait) = channel::<()>();
    let driver = served.driver.clone();
    let busy = std::thread::spawn(move || {
        driver.between(move |_| {
            held.send(()).expect("somebody waits");
            wait.recv().expect("it is told to go on");
        })
    });
    holding.recv().expect("the driver is held");
    while served.driver.people(Vec::new()).is_ok() {}
    assert_eq!(served.driver.people(Vec::new()), Err(Busy::Full));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let driver = served.driver.clone();
    let told = runtime.block_on(async move {
        let mut asked = Box::pin(driver.news(0));
        // It has found the mailbox full before there is room.
        let found = std::future::poll_fn(|cx| std::task::Poll::Ready(asked.as_mut().poll(cx)));
        let found = found.await;
        go_on.send(()).expect("the driver waits");
        match found {
            std::task::Poll::Ready(outcome) => outcome,
            std::task::Poll::Pending => asked.await,
        }
    });
    assert!(told.is_ok(), "{told:?}");
    busy.join().expect("nobody panicked").expect("it is done");
}
