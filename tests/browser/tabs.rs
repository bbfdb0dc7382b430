//! Many pages of one console, open at once in one browser.

use std::time::Duration;

use fantoccini::wd::WindowHandle;
use serde_json::json;

use crate::browser::{Browser, Driver};
use crate::stage::Demo;

/// More than a browser has connections to one site over HTTP/1.1.
const TABS: usize = 9;

/// Another tab of a browser, in front of the others.
async fn another(browser: &Browser) -> WindowHandle {
    let window = browser.client.new_window(true).await.expect("a tab");
    let switched = browser.client.switch_to_window(window.handle.clone()).await;
    switched.expect("it is there");
    window.handle
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_pages_as_somebody_likes_are_open_at_once() {
    let demo = Demo::start().await;
    let driver = Driver::start();
    let mk = demo.node("MK");
    let officer = driver.browser().await;
    officer.enrol(&mk.console, mk.code("officer")).await;
    for tab in 1..=TABS {
        another(&officer).await;
        let page = mk.page("/");
        let loaded = tokio::time::timeout(Duration::from_secs(30), officer.goto(&page)).await;
        assert!(loaded.is_ok(), "tab {tab} does not load");
        officer.find("#list").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_to_a_page_after_signing_out_is_asked_to_sign_in() {
    let demo = Demo::start().await;
    let driver = Driver::start();
    let mk = demo.node("MK");
    let officer = driver.browser().await;
    officer.enrol(&mk.console, mk.code("officer")).await;
    officer.goto(&mk.page("/inbox")).await;
    let first = officer.client.window().await.expect("a tab");
    another(&officer).await;
    officer.goto(&mk.page("/outgoing")).await;
    officer.click(".me summary").await;
    officer.click("form[action='/sign-out'] button").await;
    officer.arrives("/sign-in").await;
    let back = officer.client.switch_to_window(first).await;
    back.expect("it is there");
    officer.devtools("Page.bringToFront", json!({})).await;
    officer.arrives("/sign-in").await;
}
