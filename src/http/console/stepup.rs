//! Proving again that it is the person, for what a session alone does not allow: release, export,
//! keys, accounts.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::super::Api;
use super::super::problem::Failure;
use super::ceremonies::{Door, Purpose};
use super::form::Typed;
use super::guard::Person;
use super::page::{Frame, show};
use super::signin::{Answered, asked, proven};

#[derive(Template)]
#[template(path = "prove.html")]
struct ProvePage<'a> {
    f: Frame,
    action: String,
    method: &'static str,
    fields: &'a [(String, String)],
}

/// Nothing where the last proof is young enough; otherwise a page that asks for another one, and
/// then sends on what was typed.
pub fn needed(api: &Api, person: &Person, typed: Option<&Typed>) -> Option<Response> {
    if person.held.is_fresh(person.visitor.now) {
        return None;
    }
    Some(show(&ProvePage {
        f: Frame::of(api, person, "prove-title"),
        action: person.visitor.path.clone(),
        method: if typed.is_some() { "post" } else { "get" },
        fields: typed.map_or(&[], |typed| &typed.0),
    }))
}

/// `POST /prove/begin`.
pub async fn begin(State(api): State<Api>, person: Person) -> Json<Value> {
    let people = api.people.current();
    let keys = people.passkeys(person.caller.person);
    let purpose = Purpose::Prove(person.caller.person);
    Json(asked(&api, purpose, keys, person.visitor.now))
}

/// `POST /prove/finish`.
pub async fn finish(
    State(api): State<Api>,
    person: Person,
    Json(answered): Json<Answered>,
) -> Result<StatusCode, Failure> {
    let now = person.visitor.now;
    let door = Door::SignedIn(person.caller.person);
    let (purpose, caller) = proven(&api, &answered.read()?, door, now)?;
    let own = caller.person == person.caller.person;
    if !own || purpose != Purpose::Prove(caller.person) {
        let next = "Use a passkey of your own.";
        let what = "the passkey is another person's";
        return Err(Failure::new(
            StatusCode::FORBIDDEN,
            "passkey-refused",
            what,
            next,
        ));
    }
    api.console.sessions.prove(person.held, now);
    Ok(StatusCode::NO_CONTENT)
}
