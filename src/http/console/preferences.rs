//! What a person likes the console to be, and the page of keys.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};

use super::super::Api;
use super::form::Typed;
use super::guard::{LANGUAGE_COOKIE, Person, Visitor, set_cookie};
use super::language::Language;
use super::page::{Frame, show};
use super::signin::unchanged;
use super::trouble::{Trouble, see_other};
use crate::app::Preferences;

/// `POST /language`: another language, for the person or else for the browser.
pub async fn language(
    State(api): State<Api>,
    visitor: Visitor,
    typed: Typed,
) -> Result<Response, Trouble> {
    let language = Language::of_tag(typed.text("language")).unwrap_or(Language::English);
    if let Some((caller, _)) = &visitor.signed_in {
        let preferences = Preferences {
            language: Some(language.tag().to_owned()),
            ..visitor.preferences.clone()
        };
        let person = caller.person;
        let changed = api
            .people
            .change(&mut |people| people.prefer(person, preferences.clone()));
        changed.map_err(unchanged)?;
    }
    let back = typed.text("back");
    let local = back.starts_with('/') && !back.starts_with("//") && !back.contains('\\');
    let cookie = set_cookie(LANGUAGE_COOKIE, Some(language.tag()));
    let to = see_other(if local { back } else { "/" });
    Ok(([cookie], to).into_response())
}

#[derive(Template)]
#[template(path = "preferences.html")]
struct PreferencesPage {
    f: Frame,
    no_keys: bool,
}

/// `GET /preferences`.
pub async fn page(State(api): State<Api>, person: Person) -> Response {
    show(&PreferencesPage {
        f: Frame::of(&api, &person, "preferences-title"),
        no_keys: person.visitor.preferences.no_keys,
    })
}

/// `POST /preferences`.
pub async fn save(
    State(api): State<Api>,
    person: Person,
    typed: Typed,
) -> Result<Response, Trouble> {
    let preferences = Preferences {
        no_keys: typed.text("keys") != "on",
        ..person.visitor.preferences.clone()
    };
    let id = person.caller.person;
    let changed = api
        .people
        .change(&mut |people| people.prefer(id, preferences.clone()));
    changed.map_err(unchanged)?;
    Ok(see_other("/preferences"))
}

#[derive(Template)]
#[template(path = "help.html")]
struct HelpPage {
    f: Frame,
}

/// `GET /help`.
pub async fn help(State(api): State<Api>, person: Person) -> Response {
    show(&HelpPage {
        f: Frame::of(&api, &person, "help-title"),
    })
}
