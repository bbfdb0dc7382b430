//! What the node tells other systems, however busy it is.

use std::sync::mpsc::channel;

use liaison::driver::Busy;

use crate::served::Served;

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
