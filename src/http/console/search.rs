//! Looking for what is known of a plate, a number, a document or a name. What is looked for is no
//! part of the address, which others may keep.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::super::Api;
use super::super::auth::{Body, SignedIn};
use super::super::problem::Failure;
use super::super::search as api;
use super::calendar::Moment;
use super::form::Typed;
use super::guard::Person;
use super::language::Words;
use super::page::{Frame, show, show_as};
use super::trouble::Trouble;
use crate::api::{EarlierExchange, MatchedTerm, Search, SearchHit};
use crate::app::{Action, AppError, Permit};
use crate::domain::terms::TermKind;

/// Hits on one page.
const PAGE: usize = 50;

/// Something that was found.
struct Found {
    href: String,
    what: String,
    subject: String,
    member: String,
    state: String,
    updated: Moment,
    matched: String,
}

impl Found {
    fn of(hit: SearchHit, f: &Frame) -> Option<Self> {
        let t = f.t;
        let matched = matched(&hit.matched, t);
        if let Some(exchange) = hit.exchange {
            return Some(Self {
                href: format!("/exchanges/{}", exchange.id),
                what: exchange.reference,
                subject: exchange.subject,
                member: exchange.peer.to_string(),
                state: t.code("state", &exchange.state),
                updated: f.moment(exchange.updated),
                matched,
            });
        }
        let alert = hit.alert?;
        Some(Self {
            href: format!("/alerts/{}", alert.id),
            what: t.code("kind", "alert"),
            subject: alert.headline,
            member: alert.from.to_string(),
            state: t.code("alert-state", &alert.state),
            updated: f.moment(alert.updated),
            matched,
        })
    }
}

fn matched(found: &[MatchedTerm], t: Words) -> String {
    let words: Vec<String> = found
        .iter()
        .map(|term| {
            let kind = t.code("term", &term.kind);
            match term.strength.as_str() {
                "alike" => t.with("term-alike", "term", kind),
                _ => kind,
            }
        })
        .collect();
    words.join(&t.say("list-comma"))
}

/// An earlier exchange about the same.
pub struct Before {
    /// The exchange.
    pub of: EarlierExchange,
    /// Where it stands, in words.
    pub state: String,
    /// When it was asked.
    pub asked: Moment,
    /// What stands in both.
    pub matched: String,
}

impl Before {
    /// As the page shows it.
    pub fn of(of: EarlierExchange, f: &Frame) -> Self {
        Self {
            state: f.t.code("state", &of.state),
            asked: f.moment(of.created),
            matched: matched(&of.matched, f.t),
            of,
        }
    }
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    f: Frame,
    query: String,
    kinds: Vec<(String, String, bool)>,
    fault: Option<String>,
    found: Option<Vec<Found>>,
    next: Option<String>,
}

fn blank(f: Frame, typed: &Typed) -> SearchPage {
    let chosen = typed.text("kind");
    let kind = |kind: &TermKind| {
        let code = kind.as_str();
        (code.to_owned(), f.t.code("term", code), code == chosen)
    };
    SearchPage {
        query: typed.text("query").to_owned(),
        kinds: TermKind::ALL.iter().map(kind).collect(),
        fault: None,
        found: None,
        next: None,
        f,
    }
}

/// `GET /search`.
pub async fn page(State(api): State<Api>, person: Person) -> Result<Response, Trouble> {
    let permit = Permit::ask(api.member(), &person.caller, Action::Search);
    permit.map_err(AppError::from)?;
    let f = Frame::of(&api, &person, "search-title");
    Ok(show(&blank(f, &Typed::default())))
}

/// `POST /search`.
pub async fn search(
    State(api): State<Api>,
    person: Person,
    typed: Typed,
) -> Result<Response, Trouble> {
    let f = Frame::of(&api, &person, "search-title");
    let optional = |name: &str| Some(typed.text(name).to_owned()).filter(|text| !text.is_empty());
    let Some(query) = optional("query") else {
        let permit = Permit::ask(api.member(), &person.caller, Action::Search);
        permit.map_err(AppError::from)?;
        return Ok(show(&blank(f, &typed)));
    };
    let sought = Search {
        query,
        kind: optional("kind"),
        limit: Some(PAGE),
        cursor: optional("from"),
    };
    let found = api::search(State(api), SignedIn(person.caller), Body(sought)).await;
    let found = match found {
        Ok(found) => found,
        Err(Failure(found)) if matches!(found.status, 400 | 422) => {
            let page = SearchPage {
                fault: Some(f.t.say("search-unfit")),
                ..blank(f, &typed)
            };
            return Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page));
        }
        Err(failure) => return Err(failure.into()),
    };
    let hits = found.0.items.into_iter();
    let hits: Vec<Found> = hits.filter_map(|hit| Found::of(hit, &f)).collect();
    Ok(show(&SearchPage {
        found: Some(hits),
        next: found.0.next,
        ..blank(f, &typed)
    }))
}
