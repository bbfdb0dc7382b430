//! Why somebody opens what names persons, and the log as auditors browse it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Api;
use super::auth::{Body, Params, Place, SignedIn};
use super::problem::Failure;
use crate::api::{Justify, LogEntry, Page};
use crate::app::{Action, AppError, Ask, Deed, LogFilter, LogLine, OfficeAsk, OfficeReply, Reply};
use crate::audit::{EntryKind, EventCode};
use crate::base::{MemberId, MessageId, PersonId, Role, Timestamp};

/// `POST /exchanges/{id}/justifications`.
pub async fn justify(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(conversation): Place<MessageId>,
    Body(body): Body<Justify>,
) -> Result<StatusCode, Failure> {
    let why = body.why;
    let ask = Ask::Office(OfficeAsk::Record(Deed::Justified { conversation, why }));
    api.ask(&caller, Action::ReadExchange, ask).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What `GET /log` can be narrowed by.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LogParams {
    /// What kind of entry it is.
    kind: Option<String>,
    /// What happened.
    event: Option<String>,
    /// The role that caused it.
    #[param(inline)]
    role: Option<Role>,
    /// The person of this node who caused it.
    #[param(inline)]
    person: Option<PersonId>,
    /// The exchange, by its pseudonym in the log.
    #[param(pattern = "^[0-9a-f]{32}$")]
    exchange: Option<String>,
    /// The other member.
    #[param(inline)]
    peer: Option<MemberId>,
    /// Not before.
    #[param(inline)]
    since: Option<Timestamp>,
    /// Not after.
    #[param(inline)]
    until: Option<Timestamp>,
    /// How many at most; 100 where none is given.
    limit: Option<usize>,
    /// Where the page begins: `next` of the page before.
    cursor: Option<u64>,
}

impl LogParams {
    fn filter(&self) -> Result<LogFilter, Failure> {
        let unknown =
            |field: &str| Failure::malformed("there is no such kind or event in the log").at(field);
        let kind = |text: &String| {
            let found = EntryKind::ALL
                .into_iter()
                .find(|kind| kind.as_str() == text);
            found.ok_or_else(|| unknown("kind"))
        };
        let event = |text: &String| {
            let mut all = EventCode::ALL.iter().copied();
            let found = all.find(|event| event.as_str() == text);
            found.ok_or_else(|| unknown("event"))
        };
        let exchange = |text: &String| {
            let mut pseudonym = [0; 16];
            hex::decode_to_slice(text, &mut pseudonym)
                .map(|()| pseudonym)
                .map_err(|_| {
                    Failure::malformed("a pseudonym is 32 hexadecimal digits").at("exchange")
                })
        };
        Ok(LogFilter {
            kind: self.kind.as_ref().map(kind).transpose()?,
            event: self.event.as_ref().map(event).transpose()?,
            person: self.person,
            role: self.role,
            exchange: self.exchange.as_ref().map(exchange).transpose()?,
            peer: self.peer,
            since: self.since,
            until: self.until,
        })
    }
}

/// `GET /log`.
pub async fn log(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Params(params): Params<LogParams>,
) -> Result<Json<Page<LogEntry>>, Failure> {
    let ask = Ask::Office(OfficeAsk::ReadLog {
        filter: params.filter()?,
        limit: params.limit.unwrap_or(100),
        before: params.cursor,
    });
    let reply = api.ask(&caller, Action::ReadLog, ask).await?;
    let Reply::Office(reply) = reply else {
        return Err(AppError::NotFound("entry").into());
    };
    let OfficeReply::Log(lines, next) = *reply else {
        return Err(AppError::NotFound("entry").into());
    };
    let ask = Ask::Office(OfficeAsk::Record(Deed::LogRead));
    api.ask(&caller, Action::ReadLog, ask).await?;
    let shown = |line: LogLine| LogEntry {
        entry: line.entry,
        at: line.at,
        kind: line.kind.to_string(),
        event: line.event.to_string(),
        role: line.role,
        person: line.person,
        exchange: line.exchange.map(hex::encode),
        peer: line.peer,
        why: line.why,
    };
    Ok(Json(Page {
        items: lines.into_iter().map(shown).collect(),
        next: next.map(|before| before.to_string()),
    }))
}
