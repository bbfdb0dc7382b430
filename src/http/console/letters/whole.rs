//! All that a letter would send: its words, its files, and what is on record that it passes on,
//! corrects, replaces or decides on. Whoever decides signs for the whole, so nothing of it is left out.

use serde::Serialize;
use serde_json::{Value, json};

use super::super::super::{Api, shapes};
use super::super::compose::{handling_rules, protections, rules};
use super::super::guard::Person;
use super::super::language::Words;
use super::super::page::Frame;
use super::super::thread::{Group, Item, groups, items, size};
use super::super::trouble::Trouble;
use crate::app::change::Change;
use crate::app::rows::ExchangeRow;
use crate::app::{Action, Ask, Decision, Draft, Forward, LetterAsk, LetterRow, Reply, ThreadItem};
use crate::base::MessageId;
use crate::domain::alert::AlertCommand;
use crate::domain::rfi::{Command, marking};

/// A file that goes along.
pub struct Along {
    /// The message that it belongs to.
    pub message: MessageId,
    /// Its place among the message's files, from 0.
    pub index: usize,
    /// What its sender calls it.
    pub name: String,
    /// Its length, in words.
    pub size: String,
}

/// A message on record that the letter is about.
pub struct OnRecord {
    /// What the letter does with it.
    pub heading: String,
    /// The message.
    pub item: Item,
    /// Whether its content is erased.
    pub erased: bool,
    /// Whether it leaves with the letter, so that its files stay.
    pub leaves: bool,
}

/// All that a letter would send.
pub struct Whole {
    /// What it says.
    pub groups: Vec<Group>,
    /// Its files.
    pub files: Vec<Along>,
    /// The messages on record that it is about.
    pub on_record: Vec<OnRecord>,
    /// Where it belongs, and what that is; none where it opens something of its own.
    pub place: Option<(String, String)>,
    /// What receivers may do.
    pub rules: Vec<String>,
    /// What to think of before it leaves.
    pub protections: Vec<String>,
}

impl Whole {
    /// All of a letter's draft. Reading what is on record is recorded, as reading the letter is.
    ///
    /// # Errors
    /// [`Trouble`] where what it is about cannot be read.
    pub async fn of(
        api: &Api,
        person: &Person,
        letter: &LetterRow,
        mut draft: Draft,
        f: &Frame,
    ) -> Result<Self, Trouble> {
        let mut about = Vec::new();
        if draft.on_record(letter.conversation).is_some() {
            let ask = Ask::Letters(LetterAsk::OnRecord { letter: letter.id });
            let reply = api.ask(&person.caller, Action::ReadExchange, ask).await?;
            let Reply::Thread(row, entries) = reply else {
                return Err(Trouble::nothing_here());
            };
            if let Draft::Forward(what) = &mut draft {
                restrict(what, &row, &entries, f);
            }
            about = entries;
        }
        let (rules, protections) = terms(&draft, f.t);
        Ok(Self {
            groups: said(&draft).iter().flat_map(|one| groups(one, f)).collect(),
            files: files(&draft),
            on_record: on_record(api, &draft, &about, f),
            place: place(&draft, letter.conversation).map(|(href, key)| (href, f.t.say(key))),
            rules,
            protections,
        })
    }
}

/// Adds the restrictions and protections of what is passed on, as it leaves with both.
fn restrict(what: &mut Forward, row: &ExchangeRow, entries: &[ThreadItem], f: &Frame) {
    let request = &mut what.request;
    request.protection = request.protection.with(&row.exchange.request().protection);
    for entry in entries {
        if let Change::Received(message, _) = &entry.change
            && let Ok(handling) = marking(&request.handling, &message.header, f.now)
        {
            request.handling = handling;
        }
    }
}

/// What receivers may do, and what to think of before it leaves.
fn terms(draft: &Draft, t: Words) -> (Vec<String>, Vec<String>) {
    let request = match draft {
        Draft::Request { request, .. } | Draft::Supersede { request, .. } => request,
        Draft::Forward(what) => &what.request,
        Draft::Say { command, .. } => {
            let rules = if let Command::Answer(answer) = &**command {
                handling_rules(&answer.handling, t)
            } else {
                Vec::new()
            };
            return (rules, Vec::new());
        }
        Draft::Alert { alert, .. } => return (handling_rules(&alert.handling, t), Vec::new()),
        Draft::OnAlert { .. }
        | Draft::Correct { .. }
        | Draft::PassOn { .. }
        | Draft::DecidePermission { .. } => return (Vec::new(), Vec::new()),
    };
    (rules(request, t), protections(request, t))
}

/// What the letter says, in parts.
fn said(draft: &Draft) -> Vec<Value> {
    match draft {
        Draft::Request { request, .. } => vec![json(request)],
        Draft::Forward(what) => vec![json(&what.request)],
        Draft::Supersede {
            reason, request, ..
        } => vec![json!({ "reason": reason }), json(request)],
        Draft::Say { command, .. } => match json(command) {
            Value::Object(named) => named.into_iter().map(|(_, said)| said).collect(),
            said => vec![said],
        },
        Draft::Correct { what, .. } => {
            let mut said = json(what);
            // That message itself stands below.
            if let Value::Object(said) = &mut said {
                said.remove("message");
            }
            vec![said]
        }
        Draft::PassOn { .. } => Vec::new(),
        Draft::DecidePermission { decision, .. } => match decision {
            Decision::Grant(expires) => vec![json!({ "expires": expires })],
            Decision::Refuse(reason) => vec![json!({ "reason": reason })],
        },
        Draft::Alert { alert, .. } => vec![json(alert)],
        Draft::OnAlert { on, .. } => match &on.command {
            AlertCommand::Update(revision) => {
                let (changes, replaces) = (&revision.changes, revision.replaces);
                let new = json!({ "changes": changes, "replaces": replaces });
                vec![new, json(&revision.alert)]
            }
            AlertCommand::Cancel(reason) => vec![json!({ "reason": reason })],
            AlertCommand::Sight(said) => vec![json(said)],
            AlertCommand::Contradict(said) => vec![json(said)],
            AlertCommand::Acknowledge(said) => vec![json(said)],
        },
    }
}

fn json(content: &impl Serialize) -> Value {
    serde_json::to_value(content).expect("content has text keys and whole numbers")
}

/// The files that go along.
fn files(draft: &Draft) -> Vec<Along> {
    let mut seen = Vec::new();
    let mut files = Vec::new();
    for (message, attached) in draft.attached() {
        for (index, file) in attached.iter().enumerate() {
            // Each member that is asked gets the same files, under seals of its own.
            let same = (index, &file.info.name, file.info.digest);
            if seen.contains(&same) {
                continue;
            }
            seen.push(same);
            files.push(Along {
                message,
                index,
                name: file.info.name.clone(),
                size: size(file.info.size),
            });
        }
    }
    files
}

/// The messages on record that a letter is about, each with what the letter does with it.
fn on_record(api: &Api, draft: &Draft, entries: &[ThreadItem], f: &Frame) -> Vec<OnRecord> {
    let does: &[(&str, bool)] = match draft {
        Draft::Forward(_) => &[("letter-passes-on", true)],
        Draft::PassOn { .. } => &[("letter-passes-on", true), ("letter-corrected", false)],
        Draft::Correct { .. } => &[("letter-corrected", false)],
        Draft::Supersede { .. } => &[("letter-replaced", false)],
        Draft::DecidePermission { .. } => &[("letter-wish", false), ("letter-wished", false)],
        Draft::Request { .. } | Draft::Say { .. } | Draft::Alert { .. } | Draft::OnAlert { .. } => {
            &[]
        }
    };
    let events = shapes::thread(entries);
    let shown = events.iter().zip(does).flat_map(|(event, (key, leaves))| {
        let items = items(std::slice::from_ref(event), api.member(), f);
        items.into_iter().map(|item| OnRecord {
            heading: f.t.say(key),
            item,
            erased: event.erased.is_some(),
            leaves: *leaves,
        })
    });
    shown.collect()
}

/// The exchange or alert that a letter belongs to, and the key of what that is called.
fn place(draft: &Draft, within: Option<MessageId>) -> Option<(String, &'static str)> {
    match draft {
        Draft::DecidePermission { .. } => {
            Some((format!("/exchanges/{}", within?), "letter-in-exchange"))
        }
        Draft::Say { exchange, .. }
        | Draft::Supersede { exchange, .. }
        | Draft::Correct { exchange, .. }
        | Draft::PassOn { exchange, .. } => {
            Some((format!("/exchanges/{exchange}"), "letter-in-exchange"))
        }
        Draft::Forward(what) => Some((
            format!("/exchanges/{}", what.exchange),
            "letter-in-exchange",
        )),
        Draft::OnAlert { on, .. } => Some((format!("/alerts/{}", on.alert), "letter-in-alert")),
        Draft::Request { .. } | Draft::Alert { .. } => None,
    }
}
