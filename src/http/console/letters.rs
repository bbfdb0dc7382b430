//! What waits for a second person: a release, or the protection gate's decision, and why.
//!
//! A decision carries the signature of whoever decides, made with their token. The page has no
//! token, so it says which command makes it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::super::Api;
use super::super::letters;
use super::guard::Person;
use super::page::{Frame, show};
use super::trouble::Trouble;
use crate::api::LetterSummary;
use crate::app::{Action, Ask, LetterAsk, LetterReply, Reply};

#[derive(Template)]
#[template(path = "letters.html")]
struct LettersPage {
    f: Frame,
    letters: Vec<(LetterSummary, String)>,
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
    let letters = rows.iter().map(|row| {
        let of = letters::summary(&api, row);
        let state = f.t.code("letter-state", &of.state);
        (of, state)
    });
    Ok(show(&LettersPage {
        letters: letters.collect(),
        f,
    }))
}
