//! Many pages of one console, open at once in one browser.

use std::time::Duration;

use crate::browser::Driver;
use crate::stage::Demo;

/// More than a browser has connections to one site over HTTP/1.1.
const TABS: usize = 9;

#[tokio::test(flavor = "multi_thread")]
async fn as_many_pages_as_somebody_likes_are_open_at_once() {
    let demo = Demo::play().await;
    let driver = Driver::start();
    let mk = demo.node("MK");
    let officer = driver.browser().await;
    officer.enrol(&mk.console, mk.code("officer")).await;
    for tab in 1..=TABS {
        let window = officer.client.new_window(true).await.expect("a tab");
        let switched = officer.client.switch_to_window(window.handle).await;
        switched.expect("it is there");
        let page = mk.page("/");
        let loaded = tokio::time::timeout(Duration::from_secs(30), officer.goto(&page)).await;
        assert!(loaded.is_ok(), "tab {tab} does not load");
        officer.find("#list").await;
    }
}
