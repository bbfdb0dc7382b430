//! Every page, in both schemes and both directions of writing: nothing for axe-core to find, no
//! sideways scrolling on a phone, and a picture of those that the README shows.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::browser::{Browser, Driver};
use crate::stage::{Demo, Node};
use crate::story::{compose, open_letter};

/// Where `tests/run` puts axe-core.
fn axe() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    let file = target.join("tools/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error} (tests/run installs it)", file.display()))
}

/// Where pictures and pages are kept, if anywhere.
fn kept(variable: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os(variable)?);
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    Some(folder)
}

/// What axe-core finds on the page, in words.
async fn findings(browser: &Browser, axe: &str) -> Vec<String> {
    browser.script(&format!("{axe}; return true")).await;
    let script = "const done = arguments[arguments.length - 1];\
         axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', \
         'best-practice'] }).then((found) => done(found.violations.map((one) => \
         `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`)))";
    let found = browser.client.execute_async(script, Vec::new()).await;
    let found = found.expect("axe-core runs");
    let each = found.as_array().cloned().unwrap_or_default();
    let text = |one: &Value| one.as_str().unwrap_or_default().to_owned();
    each.iter().map(text).collect()
}

/// The first link of a list, by the folder that it leads to.
async fn first(browser: &Browser, node: &Node, list: &str, folder: &str) -> String {
    browser.goto(&node.page(list)).await;
    let script = format!(
        "const all = [...document.querySelectorAll('table.rows a')];\
         return all.map((a) => a.pathname).find((path) => path.startsWith({folder:?})) || ''"
    );
    let found = browser.script(&script).await;
    let found = found.as_str().unwrap_or_default().to_owned();
    assert!(
        !found.is_empty(),
        "{list} of {} leads to no {folder}",
        node.member
    );
    found
}

async fn speak(browser: &Browser, language: &str) {
    browser
        .click(&format!("button[name=language][value={language}]"))
        .await;
    let speaks = format!("return document.documentElement.lang === {language:?}");
    browser.until("the language", &speaks).await;
}

/// Whether one has to scroll sideways.
async fn is_wide(browser: &Browser) -> bool {
    let wide = "return document.documentElement.scrollWidth > innerWidth + 1";
    browser.script(wide).await == true
}

/// Looks at each page in both schemes and both directions.
async fn look(
    browser: &Browser,
    node: &Node,
    role: &str,
    paths: &[String],
    faults: &mut Vec<String>,
) {
    let axe = axe();
    for language in ["en", "fa"] {
        browser.goto(&node.page("/preferences")).await;
        speak(browser, language).await;
        for path in paths {
            for scheme in ["light", "dark"] {
                browser.looks(1440, 900, scheme).await;
                browser.goto(&node.page(path)).await;
                for found in findings(browser, &axe).await {
                    faults.push(format!("{role} {path} {language} {scheme}: {found}"));
                }
                if is_wide(browser).await {
                    faults.push(format!("{role} {path} {language}: wider than its window"));
                }
                keep(browser, role, path, language, scheme).await;
            }
            browser.looks(390, 844, "light").await;
            browser.goto(&node.page(path)).await;
            if is_wide(browser).await {
                faults.push(format!("{role} {path} {language}: wider than a phone"));
            }
            keep(browser, role, path, language, "phone").await;
        }
    }
    browser.goto(&node.page("/preferences")).await;
    speak(browser, "en").await;
}

/// Keeps the page and its picture where the environment names folders for them.
async fn keep(browser: &Browser, role: &str, path: &str, language: &str, look: &str) {
    let parts = path
        .split('/')
        .filter(|part| part.len() != 26 && !part.is_empty());
    let name: Vec<&str> = [role]
        .into_iter()
        .chain(parts)
        .chain([language, look])
        .collect();
    let name = name.join("-").replace(['?', '='], "-");
    if let Some(folder) = kept("LIAISON_PICTURES") {
        let picture = browser.picture().await;
        std::fs::write(folder.join(format!("{name}.jpg")), picture).expect("room");
    }
    if let Some(folder) = kept("LIAISON_PAGES").filter(|_| look == "light") {
        let script = "return fetch(location.href).then((page) => page.text())";
        let html = browser.script(script).await;
        let html = html.as_str().unwrap_or_default();
        std::fs::write(folder.join(format!("{name}.html")), html).expect("room");
    }
}

/// Says why the exchange is opened, where that is asked.
async fn justify(browser: &Browser, node: &Node, path: &str) {
    browser.goto(&node.page(path)).await;
    if browser
        .script("return !!document.querySelector('#why')")
        .await
        == true
    {
        browser.fill("#why", "on duty").await;
        browser.click("main form button").await;
        browser
            .until("it opens", "return !!document.querySelector('.thread')")
            .await;
    }
}

/// An exchange of a list in which something may be done, opened with a reason.
async fn where_one_may(browser: &Browser, node: &Node, list: &str, verb: &str) -> String {
    browser.goto(&node.page(list)).await;
    let all = "return [...document.querySelectorAll('table.rows a')].map((a) => a.pathname)";
    let all = browser.script(all).await;
    for path in all.as_array().into_iter().flatten() {
        let path = path.as_str().unwrap_or_default();
        if !path.starts_with("/exchanges/") {
            continue;
        }
        justify(browser, node, path).await;
        let there = format!("return !!document.querySelector(\"a[href$='/{verb}']\")");
        if browser.script(&there).await == true {
            return path.to_owned();
        }
    }
    panic!("in no exchange of {list} one may {verb}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_accessible_in_both_schemes_and_directions() {
    let demo = Demo::start().await;
    let driver = Driver::start();
    let mut faults = Vec::new();
    let (mk, tr) = (demo.node("MK"), demo.node("TR"));
    let own = |paths: &[&str]| {
        paths
            .iter()
            .map(|path| (*path).to_owned())
            .collect::<Vec<_>>()
    };

    mk.proposes_to_suspend("AT");
    let browser = driver.browser().await;
    for path in ["/sign-in", "/enrol", "/nothing"] {
        for scheme in ["light", "dark"] {
            browser.looks(1440, 900, scheme).await;
            browser.goto(&mk.page(path)).await;
            for found in findings(&browser, &axe()).await {
                faults.push(format!("{path} {scheme}: {found}"));
            }
            keep(&browser, "anybody", path, "en", scheme).await;
        }
    }
    browser.enrol(&mk.console, mk.code("officer")).await;
    let asked = first(&browser, mk, "/outgoing", "/exchanges/").await;
    let mut paths = own(&[
        "/inbox",
        "/outgoing",
        "/requests/new",
        "/search",
        "/members",
        "/members/TR",
        "/letters",
        "/preferences",
        "/help",
    ]);
    paths.extend([asked.clone()]);
    for template in ["person", "vehicle"] {
        browser
            .goto(&mk.page(&format!("/requests/new/{template}")))
            .await;
        let script = "return location.pathname + location.search";
        let draft = browser.script(script).await;
        paths.push(draft.as_str().unwrap_or_default().to_owned());
    }
    justify(&browser, mk, &asked).await;
    compose(&browser, mk, "TR").await;
    let draft = browser.script("return location.pathname").await;
    let preview = format!("{}/preview", draft.as_str().unwrap_or_default());
    let answered = where_one_may(&browser, mk, "/outgoing", "forward").await;
    paths.extend([preview.clone(), format!("{asked}/correct")]);
    paths.push(format!("{answered}/forward"));
    look(&browser, mk, "officer", &paths, &mut faults).await;
    browser.goto(&mk.page(&preview)).await;
    browser.click("button[value=review]").await;
    browser.arrives("/letters").await;
    let letter = open_letter(&browser, mk).await;

    let browser = driver.browser().await;
    browser.enrol(&mk.console, mk.code("releaser")).await;
    look(&browser, mk, "releaser", &[letter], &mut faults).await;

    let browser = driver.browser().await;
    browser.enrol(&tr.console, tr.code("contact")).await;
    let came = first(&browser, tr, "/inbox", "/exchanges/").await;
    let alert = first(&browser, tr, "/alerts", "/alerts/").await;
    look(
        &browser,
        tr,
        "contact-asked",
        std::slice::from_ref(&came),
        &mut faults,
    )
    .await;
    justify(&browser, tr, &came).await;
    browser.goto(&tr.page(&format!("{came}/snooze"))).await;
    browser.click("main form button.primary").await;
    browser.arrives("/inbox").await;
    let passable = where_one_may(&browser, tr, "/inbox", "permissions").await;
    let forms = ["answer", "refuse", "snooze", "call"].map(|verb| format!("{came}/{verb}"));
    let paths = [
        own(&["/inbox", "/alerts", "/alerts/new", "/statistics"]),
        vec![came, alert],
        forms.to_vec(),
        vec![format!("{passable}/permissions")],
    ]
    .concat();
    look(&browser, tr, "contact", &paths, &mut faults).await;

    let browser = driver.browser().await;
    browser.enrol(&mk.console, mk.code("auditor")).await;
    browser.goto(&mk.page("/log/verify")).await;
    browser.click("form[action='/log/verify'] button").await;
    browser
        .reloads_until("it holds", "return !!document.querySelector('.good')")
        .await;
    let paths = own(&["/log", "/log/verify", "/node", "/people"]);
    look(&browser, mk, "auditor", &paths, &mut faults).await;

    let browser = driver.browser().await;
    browser.enrol(&mk.console, mk.code("admin")).await;
    look(
        &browser,
        mk,
        "admin",
        &own(&["/node", "/people", "/members/AT"]),
        &mut faults,
    )
    .await;

    assert!(faults.is_empty(), "{faults:#?}");
}
