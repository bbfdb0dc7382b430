//! Every form of the console, found by walking through it as each role, and each of its fields with
//! what nobody should type: it is told off, nothing breaks, and what was typed is not lost.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use liaison::base::Role;
use liaison::domain::message::Body;
use serde_json::{Value, json};

use crate::console::{DRAFT, Person, enrolled, request};
use crate::office::{REQUEST, alert_body, request_body};
use crate::served::Served;

/// A form of a page.
#[derive(Debug, Clone)]
struct Form {
    action: String,
    /// Names and values, as the page fills them in.
    fields: Vec<(String, String)>,
    /// Those that somebody may fill in, with how they see them.
    typed: BTreeMap<String, Seen>,
}

/// How whoever fills a form in sees a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// Written in, in any words.
    Text,
    /// Chosen from what there is, or written in a form of its own, such as a date.
    Choice,
    No,
}

const SCRIPT: &str = "<script>alert(1)</script>";

/// What is typed into each field in turn.
fn hostile() -> Vec<String> {
    let texts = [
        "",
        "\0",
        SCRIPT,
        "\u{202e}gpj.exe",
        "'\"><img src=x onerror=alert(1)>",
    ];
    let texts = texts.map(str::to_owned);
    texts.into_iter().chain(["x".repeat(70_000)]).collect()
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let rest = tag.split(&format!(" {name}=\"")).nth(1)?;
    rest.split('"').next()
}

/// The text that HTML stands for.
fn unescaped(html: &str) -> String {
    let named = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#60;", "<"),
        ("&#62;", ">"),
    ];
    let mut text = html.to_owned();
    for (name, sign) in named {
        text = text.replace(name, sign);
    }
    text.replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&#38;", "&")
        .replace("&amp;", "&")
}

/// The forms of a page that change something.
fn forms(html: &str) -> Vec<Form> {
    html.split("<form ").skip(1).filter_map(form).collect()
}

fn form(html: &str) -> Option<Form> {
    let html = html.split("</form>").next()?;
    let (head, inside) = html.split_once('>')?;
    let head = format!(" {head}");
    if attribute(&head, "method") != Some("post") {
        return None;
    }
    let mut form = Form {
        action: attribute(&head, "action")?.to_owned(),
        fields: Vec::new(),
        typed: BTreeMap::new(),
    };
    for piece in inside.split('<').skip(1) {
        let (tag, text) = piece.split_once('>')?;
        let Some(name) = attribute(tag, "name").map(unescaped) else {
            if tag.starts_with("option")
                && tag.contains(" selected")
                && let Some((_, value)) = form.fields.last_mut()
            {
                *value = unescaped(attribute(tag, "value").unwrap_or_default());
            }
            continue;
        };
        let value = unescaped(attribute(tag, "value").unwrap_or_default());
        let kind = attribute(tag, "type").unwrap_or("text");
        let word = tag.split([' ', '\n']).next()?;
        match (word, kind) {
            ("input", "radio" | "checkbox") if !tag.contains(" checked") => {
                form.typed.insert(name, Seen::Choice);
                continue;
            }
            ("input", "file") => continue,
            ("textarea", _) => {
                form.typed.insert(name.clone(), Seen::Text);
                form.fields
                    .push((name, unescaped(text.trim_start_matches('\n'))));
                continue;
            }
            ("button", _) => {
                if !form.fields.iter().any(|(known, _)| *known == name) {
                    form.fields.push((name, value));
                }
                continue;
            }
            ("input" | "select", _) => (),
            _ => continue,
        }
        let seen = match (word, kind) {
            (_, "hidden") => Seen::No,
            ("input", "text" | "search") => Seen::Text,
            _ => Seen::Choice,
        };
        form.typed.insert(name.clone(), seen);
        form.fields.push((name, value));
    }
    Some(form)
}

/// All forms that somebody comes to from these pages, one for each action and set of fields.
fn walk(person: &Person, from: &[&str]) -> Vec<Form> {
    let mut waiting: VecDeque<String> = from.iter().map(|path| (*path).to_owned()).collect();
    let mut seen = BTreeSet::new();
    let mut found: BTreeMap<String, Form> = BTreeMap::new();
    while let Some(path) = waiting.pop_front() {
        if !seen.insert(path.clone()) || seen.len() > 150 {
            continue;
        }
        let page = person.get(&path);
        assert!(page.status < 500, "{path}: {}", page.status);
        let html = page.text();
        for form in forms(&html) {
            found.entry(form.action.clone()).or_insert(form);
        }
        for link in html.split(" href=\"").skip(1) {
            let link = unescaped(link.split('"').next().unwrap_or_default());
            let plain = link.starts_with('/') && !link.contains("/assets/");
            if plain && !link.contains('#') && !link.contains("/attachments/") {
                waiting.push_back(link);
            }
        }
    }
    found.into_values().collect()
}

/// Fills each field of a form with each hostile text, all others as the page has them, and tells what
/// did not hold.
fn torment(person: &Person, form: &Form, told: &mut Vec<String>) {
    for (name, seen) in &form.typed {
        for text in hostile() {
            let others = form.fields.iter().filter(|(known, _)| known != name);
            let mut fields: Vec<(&str, &str)> = others
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            fields.push((name, &text));
            let answer = person.post(&form.action, &fields);
            let html = answer.text();
            let mut fault = |what: &str| {
                let shown: String = text.chars().take(20).collect();
                let status = answer.status;
                told.push(format!("{} {name} {shown:?}: {status} {what}", form.action));
            };
            if !matches!(answer.status, 200 | 204 | 303 | 400 | 404 | 409 | 413 | 422) {
                fault("is no answer to a form");
            }
            if html.contains(SCRIPT) || html.contains("<img src=x") {
                fault("is on the page as it was typed");
            }
            let beside = html.contains("class=\"fault") || html.contains("role=\"alert\"");
            let refused = matches!(answer.status, 400 | 422);
            if *seen != Seen::No && refused && !beside {
                fault("and nothing beside a field says what is wrong");
            }
            if *seen == Seen::Text && refused && !unescaped(&html).contains(&visible(&text)) {
                fault("and what was typed is gone");
            }
        }
    }
    if !form.typed.is_empty() {
        let huge = "x".repeat(10 * 1024 * 1024);
        let answer = person.post(&form.action, &[("text", &huge)]);
        if !matches!(answer.status, 404 | 413) {
            told.push(format!("{} 10 MB: {}", form.action, answer.status));
        }
    }
}

/// What of a text a page can hold: HTML has no sign for NUL.
fn visible(text: &str) -> String {
    text.replace('\0', "")
}

/// Fills every text of a form in, leaves one after the other empty or makes it too long, and tells
/// which of the others are gone when the form is shown again.
fn refill(person: &Person, form: &Form, told: &mut Vec<String>) {
    let texts: Vec<&String> = form
        .typed
        .iter()
        .filter(|(_, seen)| **seen == Seen::Text)
        .map(|(name, _)| name)
        .collect();
    let words: Vec<String> = (0..texts.len()).map(|at| format!("kept {at}")).collect();
    for (at, wrong) in texts.iter().enumerate() {
        for value in [String::new(), "x".repeat(70_000)] {
            let others = form
                .fields
                .iter()
                .filter(|(name, _)| !texts.contains(&name));
            let mut fields: Vec<(&str, &str)> = others
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            for (other, name) in texts.iter().enumerate() {
                let word = if other == at { &value } else { &words[other] };
                fields.push((name, word));
            }
            let answer = person.post(&form.action, &fields);
            if !matches!(answer.status, 400 | 422) {
                continue;
            }
            let html = unescaped(&answer.text());
            for (other, name) in texts.iter().enumerate() {
                if other != at && !html.contains(&words[other]) {
                    let action = &form.action;
                    told.push(format!(
                        "{action}: {name} is gone where {wrong} is at fault"
                    ));
                }
            }
        }
    }
}

/// An office in which there is something of everything.
fn office() -> Served {
    let mut office = Served::new();
    let asked: Value = toml::from_str(REQUEST).expect("the example is a request");
    let body = json!({ "to": ["TR"], "request": asked });
    office
        .call("officer", "POST", "/requests")
        .json(&body)
        .send()
        .is::<Value>(202);
    let request = office.peers.first_of("TR", Role::Officer, request_body());
    office.receives(&request);
    let alert: Body = alert_body();
    let alert = office.peers.first_of("AT", Role::Contact, alert);
    office.receives(&alert);
    office
}

fn tormented(name: &str, from: &[&str], least: usize) {
    let office = office();
    let (person, _) = enrolled(&office, name);
    if name == "officer" {
        assert_eq!(
            person
                .post(&format!("/drafts/{DRAFT}"), &request("preview"))
                .status,
            200
        );
    }
    // Exchanges about persons open for whoever says why.
    for page in ["/inbox", "/outgoing"] {
        for link in person.get(page).text().split(" href=\"/exchanges/").skip(1) {
            let id = &link[..26];
            person.post(&format!("/exchanges/{id}/why"), &[("why", "on duty")]);
        }
    }
    let forms = walk(&person, from);
    let actions: Vec<&String> = forms.iter().map(|form| &form.action).collect();
    assert!(
        forms.len() >= least,
        "{name} came to {} forms: {actions:?}",
        forms.len()
    );
    let mut told = Vec::new();
    for form in forms.iter().filter(|form| form.action != "/sign-out") {
        // Which language somebody reads is asked at the door as well.
        if form.action != "/language" && !form.fields.iter().any(|(name, _)| name == "_as") {
            told.push(format!("{} says nobody's page", form.action));
        }
        torment(&person, form, &mut told);
        refill(&person, form, &mut told);
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[test]
fn every_form_of_an_officer_holds() {
    tormented(
        "officer",
        &[
            "/inbox",
            "/outgoing",
            "/requests/new",
            "/drafts/01ARZ3NDEKTSV4RRFFQ69G5FAV/preview",
        ],
        20,
    );
}

#[test]
fn every_form_of_a_contact_point_holds() {
    tormented("contact", &["/inbox", "/alerts", "/alerts/new"], 14);
}

#[test]
fn every_form_of_whoever_releases_audits_or_observes_holds() {
    tormented("releaser", &["/letters", "/inbox"], 3);
    tormented("auditor", &["/log", "/log/verify"], 3);
    tormented("observer", &["/alerts", "/statistics"], 3);
}

#[test]
fn every_form_of_an_administrator_holds() {
    tormented("admin", &["/people", "/members", "/node"], 5);
}
