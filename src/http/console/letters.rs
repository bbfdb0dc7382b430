//! What waits for a second person: the list, and one letter with all that who decides has to read.

mod decide;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde_json::Value;

use super::super::Api;
use super::super::auth::Place;
use super::super::letters;
use super::calendar::Moment;
use super::compose::{handling_rules, protections, rules};
use super::guard::Person;
use super::page::{Frame, show_as};
use super::thread::{Group, groups};
use super::trouble::Trouble;
use crate::api::LetterSummary;
use crate::app::{Action, Ask, Draft, LetterAsk, LetterReply, LetterRow, Reply};
use crate::base::MessageId;
use crate::domain::rfi::Command;

pub use decide::{begin, say};

/// A letter in the list, or at the head of its page.
struct Shown {
    of: LetterSummary,
    state: String,
    by: String,
    since: Moment,
}

impl Shown {
    fn of(api: &Api, row: &LetterRow, f: &Frame) -> Self {
        let of = letters::summary(api, row);
        let by = of.drafted_by.name.clone();
        Self {
            state: f.t.code("letter-state", &of.state),
            by: by.unwrap_or_else(|| of.drafted_by.person.to_string()),
            since: f.moment(of.since),
            of,
        }
    }
}

#[derive(Template)]
#[template(path = "letters.html")]
struct LettersPage {
    f: Frame,
    letters: Vec<Shown>,
}

/// `GET /letters`.
pub async fn page(State(api): State<Api>, person: Person) -> Result<Response, Trouble> {
    let ask = Ask::Letters(LetterAsk::List { state: None });
    let reply = api.ask(&person.caller, Action::ListExchanges, ask).await?;
    let Reply::Letters(reply) = reply else {
        return Err(Trouble::nothing_here());
    };
    let LetterReply::Letters(rows) = *reply else {
        return Err(Trouble::nothing_here());
    };
    let f = Frame::of(&api, &person, "letters-title").live();
    Ok(super::page::show(&LettersPage {
        letters: rows.iter().map(|row| Shown::of(&api, row, &f)).collect(),
        f,
    }))
}

/// Something that may be decided now.
struct Choice {
    verb: String,
    word: String,
    lead: String,
    /// Whether it has to be said why.
    reasoned: bool,
    /// Whether it is signed by a passkey.
    signed: bool,
    primary: bool,
    typed: String,
    fault: Option<String>,
}

/// A decision that was made.
struct Made {
    word: String,
    by: String,
    at: Moment,
    reason: Option<String>,
}

#[derive(Template)]
#[template(path = "letter.html")]
struct LetterPage {
    f: Frame,
    letter: Shown,
    salt: String,
    rules: Vec<String>,
    protections: Vec<String>,
    groups: Vec<Group>,
    made: Vec<Made>,
    choices: Vec<Choice>,
}

impl LetterPage {
    fn any_signed(&self) -> bool {
        self.choices.iter().any(|choice| choice.signed)
    }
}

/// What was typed for a decision, and what is wrong with it.
struct Fault<'a> {
    verb: &'a str,
    typed: &'a str,
    says: String,
}

/// `GET /letters/{id}`.
pub async fn open(
    State(api): State<Api>,
    person: Person,
    Place(letter): Place<MessageId>,
) -> Result<Response, Trouble> {
    letter_page(&api, &person, letter, None).await
}

async fn letter_page(
    api: &Api,
    person: &Person,
    letter: MessageId,
    fault: Option<Fault<'_>>,
) -> Result<Response, Trouble> {
    let (row, content, salt) = read(api, person, letter).await?;
    let f = Frame::new(api, &person.visitor, row.subject.clone());
    let t = f.t;
    let draft: Draft = serde_json::from_str(&content).map_err(|_| Trouble::nothing_here())?;
    let (rules, protections) = match &draft {
        Draft::Request { request, .. } | Draft::Supersede { request, .. } => {
            (rules(request, t), protections(request, t))
        }
        Draft::Say { command, .. } => {
            let rules = if let Command::Answer(answer) = &**command {
                handling_rules(&answer.handling, t)
            } else {
                Vec::new()
            };
            (rules, Vec::new())
        }
        Draft::Alert { .. }
        | Draft::OnAlert { .. }
        | Draft::Forward(_)
        | Draft::Correct { .. }
        | Draft::PassOn { .. } => (Vec::new(), Vec::new()),
    };
    let made = row.decisions.iter().map(|decided| Made {
        word: t.code("decided", letters::kind_name(decided.kind)),
        by: api.people.name(decided.by).unwrap_or_default(),
        at: f.moment(decided.at),
        reason: decided.reason.clone(),
    });
    let actions = letters::actions(&row, &person.caller);
    let choice = |verb: &String| {
        let wrong = fault.as_ref().filter(|fault| fault.verb == verb);
        Choice {
            word: t.code("decide", verb),
            lead: t.code("decide-lead", verb),
            reasoned: verb != "release" && verb != "discard",
            signed: verb != "return" && verb != "discard",
            primary: matches!(verb.as_str(), "release" | "clear" | "review"),
            typed: wrong.map_or("", |fault| fault.typed).to_owned(),
            fault: wrong.map(|fault| fault.says.clone()),
            verb: verb.clone(),
        }
    };
    let status = match &fault {
        None => axum::http::StatusCode::OK,
        Some(_) => axum::http::StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = LetterPage {
        letter: Shown::of(api, &row, &f),
        salt: hex::encode(salt),
        rules,
        protections,
        groups: groups(&said(&content), &f),
        made: made.collect(),
        choices: actions.iter().map(choice).collect(),
        f,
    };
    Ok(show_as(status, &page))
}

/// A letter with its content and salt; reading it is on record.
async fn read(
    api: &Api,
    person: &Person,
    letter: MessageId,
) -> Result<(LetterRow, String, [u8; 32]), Trouble> {
    let ask = Ask::Letters(LetterAsk::Read { letter });
    let reply = api.ask(&person.caller, Action::ReadExchange, ask).await?;
    let Reply::Letters(reply) = reply else {
        return Err(Trouble::nothing_here());
    };
    match *reply {
        LetterReply::Letter { row, content, salt } => Ok((*row, content, salt)),
        LetterReply::Letters(_) => Err(Trouble::nothing_here()),
    }
}

/// What the letter says, without what only the node needs of it: ids, and sealed files.
fn said(content: &str) -> Value {
    let Ok(Value::Object(content)) = serde_json::from_str(content) else {
        return Value::Null;
    };
    let Some((_, Value::Object(mut draft))) = content.into_iter().next() else {
        return Value::Null;
    };
    for name in [
        "to",
        "exchange",
        "message",
        "attached",
        "new",
        "id",
        "correction",
    ] {
        draft.remove(name);
    }
    // One thing that is said stands without a heading.
    let mut parts = draft.into_iter().map(|(_, value)| value);
    match (parts.next(), parts.next()) {
        (Some(Value::Object(inner)), None) => match only_member(&inner) {
            Some(inner) => inner,
            None => Value::Object(inner),
        },
        (Some(first), None) => first,
        (first, second) => {
            let parts = first.into_iter().chain(second).chain(parts);
            let objects = parts.filter_map(|part| match part {
                Value::Object(part) => Some(part),
                _ => None,
            });
            Value::Object(objects.flatten().collect())
        }
    }
}

/// What a command says, where the object is its name and that.
fn only_member(object: &serde_json::Map<String, Value>) -> Option<Value> {
    let mut members = object.values();
    match (members.next(), members.next()) {
        (Some(value @ Value::Object(_)), None) => Some(value.clone()),
        _ => None,
    }
}
