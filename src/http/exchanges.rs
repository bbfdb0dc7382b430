//! Requests: sending, listing and reading them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Api;
use super::attachments::take;
use super::auth::{Body, Params, Place, SignedIn};
use super::letters;
use super::problem::Failure;
use super::terms::{Terms, tagged};
use super::{search, shapes};
use crate::api::{Direction, ExchangeSummary, ExchangeView, Page, SendRequest, Sent};
use crate::app::rows::ExchangeRow;
use crate::app::{Action, AppError, Ask, Order, PermissionRow, Reply, check_asked};
use crate::base::{MessageId, Timestamp};
use crate::domain::Status;
use crate::domain::rfi::{Request, State as Standing};

/// `POST /requests`.
pub async fn send(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    terms: Terms,
    Body(body): Body<SendRequest<Request>>,
) -> Result<(StatusCode, Json<Sent>), Failure> {
    // Before files are sealed for each of them.
    check_asked(&body.to).map_err(|error| Failure::from(error).at("to"))?;
    let (to, hold) = take(&api, &caller, body.reservation, &body.to).await?;
    let ask = Ask::SendRequest {
        to,
        request: Box::new(body.request),
    };
    let ask = terms.wrap(ask);
    let reply = api.ask(&caller, Action::SendRequest, ask).await;
    Ok((StatusCode::ACCEPTED, Json(api.sent(hold.settled(reply)?)?)))
}

/// What `GET /exchanges` can be narrowed by.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// Which end of the exchange this node is.
    #[param(inline)]
    direction: Option<Direction>,
    /// How far it has come.
    #[param(inline, value_type = Option<Standing>)]
    state: Option<String>,
    /// Whether it is real.
    #[param(inline)]
    status: Option<Status>,
    /// `latest` first, or those first that have the least `time-left`.
    #[param(pattern = "^(latest|time-left)$")]
    order: Option<String>,
    /// How many at most; 100 where none is given, and never more than 500.
    limit: Option<usize>,
    /// Where the page begins: `next` of the page before.
    #[param(pattern = "^[0-9a-f]+$")]
    cursor: Option<String>,
    /// Only those in which something presses, whole: with no other filter, order or cursor.
    attention: Option<bool>,
}

/// `GET /exchanges`.
pub async fn list(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<ExchangeSummary>>, Failure> {
    let state = params.state.as_deref().map(standing).transpose()?;
    let order = match params.order.as_deref() {
        None | Some("latest") => Order::Latest,
        Some("time-left") => Order::TimeLeft,
        Some(_) => {
            return Err(Failure::malformed("order is `latest` or `time-left`").at("order"));
        }
    };
    let limit = params.limit.unwrap_or(100);
    let ask = if params.attention == Some(true) {
        let filtered = params.direction.is_some() || state.is_some() || params.status.is_some();
        if filtered || params.order.is_some() || params.cursor.is_some() {
            let what = "what presses is listed whole: give no direction, state, status, order or \
                        cursor";
            return Err(Failure::malformed(what).at("attention"));
        }
        Ask::ListPressing { limit }
    } else {
        Ask::ListExchanges {
            order,
            outgoing: params.direction.map(|d| d == Direction::Outgoing),
            state,
            status: params.status,
            limit,
            cursor: shapes::cursor(params.cursor)?,
        }
    };
    let reply = api.ask(&caller, Action::ListExchanges, ask).await?;
    let Reply::Exchanges(rows, next) = reply else {
        return Err(AppError::NotFound("exchange").into());
    };
    Ok(Json(Page {
        items: rows.iter().map(|row| api.summary(row)).collect(),
        next: next.map(hex::encode),
    }))
}

/// A state to narrow the list by.
fn standing(text: &str) -> Result<Standing, Failure> {
    text.parse().map_err(|_| {
        let states: Vec<&str> = Standing::ALL.iter().map(|state| state.as_str()).collect();
        let what = format!("a state is one of {}", states.join(", "));
        let next = "Name one of these states, or none.";
        Failure::new(StatusCode::BAD_REQUEST, "unknown-state", what, next).at("state")
    })
}

/// `GET /exchanges/{id}`.
pub async fn show(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(exchange): Place<MessageId>,
) -> Result<Response, Failure> {
    let ask = Ask::ReadExchange { exchange };
    let reply = api.ask(&caller, Action::ReadExchange, ask).await?;
    let Reply::Thread(row, items) = reply else {
        return Err(AppError::NotFound("exchange").into());
    };
    let mut summary = api.summary(&row);
    summary.letters = row
        .letters
        .iter()
        .map(|letter| letters::summary(&api, letter))
        .collect();
    let now = Timestamp::system();
    let permissions = row.exchange.permissions().into_iter();
    let permission =
        |permission| shapes::permission(&PermissionRow::of(&row, permission), &caller, now);
    let view = ExchangeView {
        summary,
        questions: shapes::questions(&row.exchange),
        delay_reason: shapes::delay_reason(&row.exchange),
        earlier: search::earlier(&row),
        forwards: shapes::forwards(&row),
        permissions: permissions.map(permission).collect(),
        events: shapes::events(&row.exchange, &items),
        actions: shapes::actions(&row, &caller, now),
    };
    Ok(tagged(Json(view).into_response(), &row.thread))
}

/// The exchanges that a reply holds.
pub fn rows_of(reply: Reply) -> Result<Vec<ExchangeRow>, Failure> {
    match reply {
        Reply::Exchanges(rows, _) => Ok(rows),
        Reply::Thread(..)
        | Reply::Found(..)
        | Reply::Alerts(..)
        | Reply::AlertThread(..)
        | Reply::AlertPreview(_)
        | Reply::Subscriptions(_)
        | Reply::Permissions(_)
        | Reply::Attachment(..)
        | Reply::Office(_)
        | Reply::Members(_)
        | Reply::Witness(_)
        | Reply::Waits(..)
        | Reply::Letters(_)
        | Reply::Carried(_)
        | Reply::Health(_)
        | Reply::MayFetch(_)
        | Reply::SignedUpTo(_)
        | Reply::News(..)
        | Reply::Earlier(_)
        | Reply::Done => Err(AppError::NotFound("exchange").into()),
    }
}
