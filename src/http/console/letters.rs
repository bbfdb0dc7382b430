//! What waits for a second person: the list, and one letter with all that who decides has to read.

mod decide;
mod whole;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::super::Api;
use super::super::auth::Place;
use super::super::letters;
use super::calendar::Moment;
use super::guard::Person;
use super::page::{Frame, show_as};
use super::trouble::Trouble;
use crate::api::LetterSummary;
use crate::app::{Action, Ask, Draft, LetterAsk, LetterReply, LetterRow, Reply};
use crate::base::MessageId;

use whole::Whole;

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
    whole: Whole,
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
    let Read {
        row,
        content,
        salt,
        emergency,
    } = read(api, person, letter).await?;
    let f = Frame::new(api, &person.visitor, row.subject.clone());
    let t = f.t;
    let draft: Draft = serde_json::from_str(&content).map_err(|_| Trouble::nothing_here())?;
    let whole = Whole::of(api, person, &row, draft, &f).await?;
    let made = row.decisions.iter().map(|decided| Made {
        word: t.code("decided", letters::kind_name(decided.kind)),
        by: api.people.name(decided.by).unwrap_or_default(),
        at: f.moment(decided.at),
        reason: decided.reason.clone(),
    });
    let actions = letters::actions(&row, &person.caller, emergency);
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
        whole,
        made: made.collect(),
        choices: actions.iter().map(choice).collect(),
        f,
    };
    Ok(show_as(status, &page))
}

/// A letter as it was read.
struct Read {
    row: LetterRow,
    content: String,
    salt: [u8; 32],
    /// Whether it may leave in an emergency now.
    emergency: bool,
}

/// A letter with its content and salt; reading it is on record.
async fn read(api: &Api, person: &Person, letter: MessageId) -> Result<Read, Trouble> {
    let ask = Ask::Letters(LetterAsk::Read { letter });
    let reply = api.ask(&person.caller, Action::ReadExchange, ask).await?;
    let Reply::Letters(reply) = reply else {
        return Err(Trouble::nothing_here());
    };
    match *reply {
        LetterReply::Letter {
            row,
            content,
            salt,
            emergency,
        } => Ok(Read {
            row: *row,
            content,
            salt,
            emergency,
        }),
        LetterReply::Letters(_) => Err(Trouble::nothing_here()),
    }
}
