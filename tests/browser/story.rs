//! A request's life on two consoles at once, and what nobody gets past.

use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::browser::{Browser, Driver};
use crate::stage::{Demo, Node};

/// An officer composes a request about a vehicle, up to the preview.
pub async fn compose(browser: &Browser, node: &Node, whom: &str) {
    browser.goto(&node.page("/requests/new/vehicle")).await;
    browser.choose("_to[]", whom).await;
    browser.choose("urgency", "urgent").await;
    browser.choose("urgency_reason?", "U2").await;
    browser
        .fill("#f-subjects-0--vehicle-plate", "06 ABC 123")
        .await;
    browser
        .fill("#f-subjects-0--connection", "Seen at the place")
        .await;
    browser.fill("#f-reference", "MK-BROWSER-1").await;
    browser.fill("#f-offence", "Smuggling by van").await;
    browser
        .fill("#f-facts-0--text", "A van left before the checks.")
        .await;
    browser.fill("#f-purpose", "To find the van").await;
    browser
        .fill("#f-requester-contact-24-7", "+389 2 555 0117")
        .await;
    browser
        .fill("#f-believed-there", "It has a plate of that country.")
        .await;
    // The legal basis is missing: it is told beside the field, and nothing typed is lost.
    browser.click("button[value=preview]").await;
    browser.find(".faults a[href='#f-legal-basis']").await;
    browser.find("#f-legal-basis[aria-invalid=true]").await;
    let kept = "return document.querySelector('#f-offence').value === 'Smuggling by van'";
    browser.until("what was typed is kept", kept).await;
    browser
        .fill("#f-legal-basis", "Police cooperation act, Art. 12")
        .await;
    browser.click("button[value=preview]").await;
    browser.find("button[value=send]").await;
    let seen = browser.text().await;
    assert!(seen.contains(whom) && seen.contains("TLP:AMBER"), "{seen}");
}

/// Opens the letter about the van, from the list of what waits; gives its path.
pub async fn open_letter(browser: &Browser, node: &Node) -> String {
    browser.goto(&node.page("/letters")).await;
    let open = "const all = [...document.querySelectorAll('table.rows th a')];\
                const one = all.find((a) => a.innerText.includes('Smuggling by van'));\
                one?.click(); return !!one";
    browser.reloads_until("the letter", open).await;
    browser.arrives("/letters/").await;
    browser.path().await
}

/// A releasing officer releases it by passkey.
async fn release(browser: &Browser) {
    browser.click("form[action$=release] button").await;
    released(browser).await;
}

/// The letter has left.
async fn released(browser: &Browser) {
    let gone = "return location.pathname === '/letters' \
                && !document.body.innerText.includes('Smuggling by van')";
    browser.until("released", gone).await;
}

/// An officer sends a request about a vehicle, without a mouse.
async fn ask_by_keys(officer: &Browser) {
    let before = officer.keys.load(Ordering::Relaxed);
    officer.enter("nav a[href='/requests/new']").await;
    officer.enter("a[href='/requests/new/vehicle']").await;
    officer.find("#f-reference").await;
    let subject = [
        ("#f-subjects-0--vehicle-plate", "06 ABC 123"),
        ("#f-subjects-0--connection", "Seen at the place"),
    ];
    let matter = [
        ("#f-reference", "MK-BROWSER-1"),
        ("#f-offence", "Smuggling by van"),
        ("#f-facts-0--text", "A van left before the checks."),
        ("#f-believed-there", "It has a plate of that country."),
        ("#f-purpose", "To find the van"),
        ("#f-legal-basis", "Police cooperation act, Art. 12"),
        ("#f-requester-contact-24-7", "+389 2 555 0117"),
    ];
    for (field, text) in subject {
        officer.type_into(field, text).await;
    }
    officer.choose_by_keys("_to[]", "TR").await;
    officer.choose_by_keys("urgency", "urgent").await;
    officer.choose_by_keys("urgency_reason?", "U2").await;
    for (field, text) in matter {
        officer.type_into(field, text).await;
    }
    officer.enter("button[value=preview]").await;
    officer.enter("button[value=send]").await;
    officer.arrives("/letters").await;
    // The keystroke-level model of Card, Moran and Newell (1980): 0.28 seconds a key for somebody who
    // is no typist, 1.35 to think before each thing that is filled in or chosen.
    let keys = officer.keys.load(Ordering::Relaxed) - before;
    let choices = ["template", "member", "urgency", "reason", "preview", "send"];
    let thoughts = subject.len() + matter.len() + choices.len();
    let seconds = 0.28 * keys as f64 + 1.35 * thoughts as f64;
    println!("a request takes {keys} keys and {thoughts} decisions: {seconds:.0} seconds");
    assert!(
        seconds < 120.0,
        "{keys} keys and {thoughts} decisions take {seconds:.0} seconds"
    );
}

/// The five main tasks: asking, releasing, accepting and answering, reading the answer, and verifying
/// the log. Nobody here has a mouse.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_lives_its_life_on_two_consoles_by_keyboard_alone() {
    let demo = Demo::start().await;
    let driver = Driver::start();
    let (mk, tr) = (demo.node("MK"), demo.node("TR"));
    let officer = driver.browser().await;
    officer.enrol_by_keys(mk, "officer").await;
    let contact = driver.browser().await;
    contact.enrol_by_keys(tr, "contact").await;
    let releaser = driver.browser().await;
    releaser.enrol_by_keys(mk, "releaser").await;

    ask_by_keys(&officer).await;
    releaser.enter("nav a[href='/letters']").await;
    releaser.enter_row("Smuggling by van").await;
    releaser.arrives("/letters/").await;
    let letter = releaser.path().await;
    contact.enter("nav a[href='/inbox']").await;
    contact.arrives("/inbox").await;
    let began = Instant::now();
    releaser.enter("form[action$=release] button").await;
    // The page is open, and nobody touches it.
    let there = "return document.body.innerText.includes('MK-BROWSER-1')";
    contact.until("it is in the open inbox", there).await;
    println!(
        "from releasing to the other side's open inbox: {} ms",
        began.elapsed().as_millis()
    );
    let told = "return document.getElementById('news').textContent !== ''";
    contact.until("that is told", told).await;
    released(&releaser).await;
    let path = letter.replace("/letters/", "/exchanges/");
    officer.goto(&mk.page(&path)).await;
    officer
        .reloads_until(
            "received with proof",
            "return document.querySelectorAll('.stages .done').length >= 2",
        )
        .await;

    // The other side says why it opens it, accepts by one key, and answers.
    contact.letter('/').await;
    contact.arrives("/search").await;
    contact.find("#query:focus").await;
    contact.enter("nav a[href='/inbox']").await;
    contact.enter_row("MK-BROWSER-1").await;
    contact.enter("main form button").await;
    contact.find("#why[aria-invalid=true]").await;
    contact.type_into("#why", "on duty, triage").await;
    contact.enter("main form button").await;
    // Not now: it goes to the end of the list, and is brought back.
    contact.find(".deals [data-key=s]").await;
    contact.letter('s').await;
    contact.arrives(&format!("{path}/snooze")).await;
    contact.enter("main form button.primary").await;
    contact.arrives("/inbox").await;
    contact.find("tr.snoozed").await;
    contact.enter_row("MK-BROWSER-1").await;
    contact.enter("form.snoozed button").await;
    contact.find(".deals [data-key=s]").await;
    contact.find(".deals [data-key=a]").await;
    contact.letter('a').await;
    contact.arrives(&format!("{path}/accept")).await;
    contact.enter("main form button.primary").await;
    contact.arrives(&path).await;
    contact
        .until(
            "accepted",
            "return document.querySelector('.state')?.textContent === 'Accepted'",
        )
        .await;
    contact.enter(".deals a[href$='/answer']").await;
    contact
        .type_into("#f-text", "The van belongs to a rental in Edirne.")
        .await;
    contact.enter("main form button.primary").await;
    contact
        .until(
            "answered",
            "return document.querySelector('.state')?.textContent === 'Answered'",
        )
        .await;

    // The officer's page is open, says that there is more, and reads nothing by itself.
    let there = officer.text().await.contains("rental in Edirne");
    assert!(!there, "nobody has asked for it");
    officer.enter("#news a").await;
    officer
        .until(
            "the answer",
            "return document.body.innerText.includes('rental in Edirne')",
        )
        .await;

    // The auditor finds who opened it and why, and never what it says; and verifies the log.
    let auditor = driver.browser().await;
    auditor.enrol_by_keys(tr, "auditor").await;
    auditor.goto(&tr.page("/log?event=reading-justified")).await;
    let log = auditor.text().await;
    assert!(log.contains("on duty, triage"), "{log}");
    auditor.enter("nav a[href='/log']").await;
    auditor.enter("main a[href='/log/verify']").await;
    auditor.enter("form[action='/log/verify'] button").await;
    auditor
        .reloads_until("it holds", "return !!document.querySelector('.good')")
        .await;
    auditor.goto(&tr.page("/log")).await;
    let log = auditor.text().await;
    assert!(
        !log.contains("Edirne") && !log.contains("MK-BROWSER-1"),
        "{log}"
    );
    auditor.goto(&tr.page(&path)).await;
    let nothing = auditor.text().await;
    assert!(nothing.contains("not-found"), "{nothing}");

    // Signed out, the session opens nothing; the passkey opens a new one.
    officer.enter(".me summary").await;
    officer.enter("form[action='/sign-out'] button").await;
    officer.arrives("/sign-in").await;
    officer.goto(&mk.page(&path)).await;
    officer.arrives("/sign-in").await;
    officer.enter("form[data-passkey=sign-in] button").await;
    officer.arrives(&path).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_passkey_is_replaced_by_two_people_and_a_code_works_once() {
    let demo = Demo::start().await;
    let driver = Driver::start();
    let mk = demo.node("MK");
    let officer = driver.browser().await;
    officer.enrol(&mk.console, mk.code("officer")).await;
    let second = driver.browser().await;
    second.goto(&mk.page("/enrol")).await;
    second.fill("#code", mk.code("officer")).await;
    second.click("form[action='/enrol'] button").await;
    second.find("#code[aria-invalid=true]").await;

    let admin = driver.browser().await;
    admin.enrol(&mk.console, mk.code("admin")).await;
    admin.goto(&mk.page("/people")).await;
    let row = "[...document.querySelectorAll('table.rows tr')].find((row) => row.innerText.includes('liaison officer'))";
    admin
        .script(&format!(
            "{row}.querySelector('form[action$=recover] button').click()"
        ))
        .await;
    admin
        .until(
            "it waits",
            "return document.body.innerText.includes('asked for a way back')",
        )
        .await;
    let own = format!("return !!{row}.querySelector('form[action$=approve]')");
    assert_eq!(admin.script(&own).await, false, "one person is not two");

    let auditor = driver.browser().await;
    auditor.enrol(&mk.console, mk.code("auditor")).await;
    auditor.goto(&mk.page("/people")).await;
    auditor.click("form[action$=approve] button").await;
    let code = auditor
        .find(".secret code")
        .await
        .text()
        .await
        .expect("a code");

    // The lost passkey, and the session it began, open nothing any more.
    officer.goto(&mk.page("/inbox")).await;
    officer.arrives("/sign-in").await;
    officer.click("form[data-passkey=sign-in] button").await;
    officer
        .until(
            "refused",
            "return !document.querySelector('[data-problem]').hidden",
        )
        .await;
    second.enrol(&mk.console, &code).await;
    second.goto(&mk.page("/inbox")).await;
    second.find("#list").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_person_reads_and_releases_by_passkey_and_the_log_proves_it() {
    let demo = Demo::start().await;
    let driver = Driver::start();
    let mk = demo.node("MK");
    let officer = driver.browser().await;
    officer.enrol(&mk.console, mk.code("officer")).await;
    compose(&officer, mk, "TR").await;
    officer.click("button[value=review]").await;
    officer.arrives("/letters").await;

    // Who wrote it cannot release it, whatever the roles say.
    let letter = open_letter(&officer, mk).await;
    officer.find("form[action$=discard]").await;
    let own = "return !!document.querySelector('form[action$=release]')";
    assert_eq!(officer.script(own).await, false);

    let releaser = driver.browser().await;
    releaser.enrol(&mk.console, mk.code("releaser")).await;
    assert_eq!(open_letter(&releaser, mk).await, letter);
    let read = releaser.text().await;
    assert!(
        read.contains("06 ABC 123") && read.contains("TLP:AMBER"),
        "{read}"
    );
    // Nothing goes back without a word, and nothing typed is lost.
    releaser.click("form[action$=return] button").await;
    releaser.find("#why-return[aria-invalid=true]").await;
    release(&releaser).await;
    let exchange = letter.replace("/letters/", "/exchanges/");
    officer.goto(&mk.page(&exchange)).await;
    officer.find(".stages").await;

    let auditor = driver.browser().await;
    auditor.enrol(&mk.console, mk.code("auditor")).await;
    auditor.goto(&mk.page("/log?event=released")).await;
    auditor.find("table.rows tbody tr").await;
    auditor.goto(&mk.page("/log/verify")).await;
    auditor.click("form[action='/log/verify'] button").await;
    auditor
        .reloads_until("it holds", "return !!document.querySelector('.good')")
        .await;
}
