//! Searching, and what a request has in common with others.

use axum::Json;
use axum::extract::State;

use super::Api;
use super::alerts::shapes as alerts;
use super::auth::{Body, SignedIn};
use super::problem::Failure;
use super::shapes;
use crate::api::{Direction, EarlierExchange, MatchedTerm, Page, Search, SearchHit, Sent};
use crate::app::rows::ExchangeRow;
use crate::app::{Action, AppError, Ask, Earlier, Hit, HitRow, Reply, SearchFor};
use crate::base::Timestamp;
use crate::domain::terms::{Strength, TermKind};

/// `POST /search`: what is looked for is no part of the address, which others may keep.
pub async fn search(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Body(body): Body<Search>,
) -> Result<Json<Page<SearchHit>>, Failure> {
    let ask = Ask::Search(SearchFor {
        query: body.query,
        kind: body.kind.as_deref().map(kind).transpose()?,
        limit: body.limit.unwrap_or(100),
        cursor: shapes::cursor(body.cursor)?,
    });
    let Reply::Found(hits, next) = api.ask(&caller, Action::Search, ask).await? else {
        return Err(AppError::NotFound("search").into());
    };
    let now = Timestamp::system();
    Ok(Json(Page {
        items: hits.iter().map(|found| hit(found, now)).collect(),
        next: next.map(hex::encode),
    }))
}

fn kind(text: &str) -> Result<TermKind, Failure> {
    text.parse().map_err(|_| {
        let kinds: Vec<&str> = TermKind::ALL.iter().map(|kind| kind.as_str()).collect();
        Failure::malformed(format!("kind is one of {}", kinds.join(", "))).at("kind")
    })
}

fn hit(hit: &Hit, now: Timestamp) -> SearchHit {
    let matched = matched(&hit.matched);
    match &hit.row {
        HitRow::Exchange(row) => SearchHit {
            exchange: Some(shapes::summary(row, now)),
            alert: None,
            matched,
        },
        HitRow::Alert(row) => SearchHit {
            exchange: None,
            alert: Some(alerts::summary(row, now)),
            matched,
        },
    }
}

fn matched(found: &[(TermKind, Strength)]) -> Vec<MatchedTerm> {
    let term = |(kind, strength): &(TermKind, Strength)| MatchedTerm {
        kind: kind.to_string(),
        strength: strength.to_string(),
    };
    found.iter().map(term).collect()
}

/// The exchanges about the same as this one.
pub fn earlier(row: &ExchangeRow) -> Vec<EarlierExchange> {
    about_the_same(&row.earlier)
}

/// The same, of exchanges that were compared.
pub fn about_the_same(compared: &[Earlier]) -> Vec<EarlierExchange> {
    let shown = |earlier: &Earlier| EarlierExchange {
        id: earlier.id,
        direction: match earlier.outgoing {
            true => Direction::Outgoing,
            false => Direction::Incoming,
        },
        peer: earlier.peer,
        reference: earlier.reference.clone(),
        created: earlier.created,
        state: earlier.state.to_string(),
        matched: matched(&earlier.matched),
    };
    compared.iter().map(shown).collect()
}

/// What was sent, with the exchanges about the same.
pub fn sent(rows: &[ExchangeRow], now: Timestamp) -> Sent {
    let mut about = Vec::new();
    for other in rows.iter().flat_map(earlier) {
        if !about.contains(&other) {
            about.push(other);
        }
    }
    Sent {
        exchanges: rows.iter().map(|row| shapes::summary(row, now)).collect(),
        earlier: about,
        letter: None,
    }
}
