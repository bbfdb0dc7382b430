//! Requests and what is said to them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

use super::Api;
use super::attachments::take;
use super::auth::{Body, Params, Place, SignedIn};
use super::problem::Failure;
use super::shapes;
use crate::api::{
    Direction, ExchangeSummary, ExchangeView, Page, SendAcceptance, SendAnswer, SendRefusal,
    SendRequest, Sent,
};
use crate::app::rows::ExchangeRow;
use crate::app::{Action, AppError, Ask, Caller, Reply, check_asked};
use crate::base::{MessageId, OsEntropy, Timestamp};
use crate::domain::rfi::{Acceptance, Answer, Command, Refusal, Request};

/// `POST /requests`.
pub async fn send(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Body(body): Body<SendRequest<Request>>,
) -> Result<(StatusCode, Json<Sent>), Failure> {
    // Before files are sealed for each of them.
    check_asked(&body.to).map_err(|error| Failure::from(error).at("to"))?;
    let to = take(&api, &caller, body.reservation, &body.to).await?;
    let ask = Ask::SendRequest {
        to,
        request: Box::new(body.request),
    };
    let rows = exchanges(api.ask(&caller, Action::SendRequest, ask).await?)?;
    let now = Timestamp::system();
    let exchanges = rows.iter().map(|row| shapes::summary(row, now)).collect();
    Ok((StatusCode::ACCEPTED, Json(Sent { exchanges })))
}

/// What `GET /exchanges` can be narrowed by.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListParams {
    direction: Option<Direction>,
    state: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// `GET /exchanges`.
pub async fn list(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<ExchangeSummary>>, Failure> {
    let ask = Ask::ListExchanges {
        outgoing: params.direction.map(|d| d == Direction::Outgoing),
        state: params.state,
        limit: params.limit.unwrap_or(100),
        cursor: shapes::cursor(params.cursor)?,
    };
    let reply = api.ask(&caller, Action::ListExchanges, ask).await?;
    let Reply::Exchanges(rows, next) = reply else {
        return Err(AppError::NotFound("exchange").into());
    };
    let now = Timestamp::system();
    Ok(Json(Page {
        items: rows.iter().map(|row| shapes::summary(row, now)).collect(),
        next: next.map(hex::encode),
    }))
}

/// `GET /exchanges/{id}`.
pub async fn show(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(exchange): Place<MessageId>,
) -> Result<Json<ExchangeView>, Failure> {
    let ask = Ask::ReadExchange { exchange };
    let reply = api.ask(&caller, Action::ReadExchange, ask).await?;
    let Reply::Thread(row, items) = reply else {
        return Err(AppError::NotFound("exchange").into());
    };
    let now = Timestamp::system();
    Ok(Json(ExchangeView {
        summary: shapes::summary(&row, now),
        events: items.iter().map(shapes::event).collect(),
        actions: shapes::actions(&row, &caller),
    }))
}

/// `POST /exchanges/{id}/accept`.
pub async fn accept(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(exchange): Place<MessageId>,
    Body(body): Body<SendAcceptance>,
) -> Result<(StatusCode, Json<ExchangeSummary>), Failure> {
    let acceptance: Acceptance = shapes::acceptance(body)?;
    let command = Command::Accept(acceptance);
    respond(
        &api,
        &caller,
        exchange,
        None,
        command,
        Action::AcceptRequest,
    )
    .await
}

/// `POST /exchanges/{id}/answer`.
pub async fn answer(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(exchange): Place<MessageId>,
    Body(body): Body<SendAnswer<Answer>>,
) -> Result<(StatusCode, Json<ExchangeSummary>), Failure> {
    let command = Command::Answer(body.answer);
    let action = Action::AnswerRequest;
    respond(&api, &caller, exchange, body.reservation, command, action).await
}

/// `POST /exchanges/{id}/refuse`.
pub async fn refuse(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(exchange): Place<MessageId>,
    Body(body): Body<SendRefusal>,
) -> Result<(StatusCode, Json<ExchangeSummary>), Failure> {
    let refusal: Refusal = shapes::refusal(body)?;
    let command = Command::Refuse(refusal);
    respond(
        &api,
        &caller,
        exchange,
        None,
        command,
        Action::RefuseRequest,
    )
    .await
}

async fn respond(
    api: &Api,
    caller: &Caller,
    exchange: MessageId,
    reservation: Option<MessageId>,
    command: Command,
    action: Action,
) -> Result<(StatusCode, Json<ExchangeSummary>), Failure> {
    let (message, attached) = match reservation {
        None => (
            MessageId::new(Timestamp::system(), &mut OsEntropy),
            Vec::new(),
        ),
        Some(_) => {
            let taken = take(api, caller, reservation, &[api.member()]).await?;
            let first = taken.into_iter().next();
            let (_, id, attached) = first.ok_or(AppError::NotFound("reservation"))?;
            (id, attached)
        }
    };
    let ask = Ask::Respond {
        exchange,
        message,
        command: Box::new(command),
        attached,
    };
    let rows = exchanges(api.ask(caller, action, ask).await?)?;
    let row = rows.first().ok_or(AppError::NotFound("exchange"))?;
    let summary = shapes::summary(row, Timestamp::system());
    Ok((StatusCode::ACCEPTED, Json(summary)))
}

fn exchanges(reply: Reply) -> Result<Vec<ExchangeRow>, Failure> {
    match reply {
        Reply::Exchanges(rows, _) => Ok(rows),
        Reply::Thread(..)
        | Reply::Alerts(..)
        | Reply::AlertThread(..)
        | Reply::Attachment(..)
        | Reply::Members(_)
        | Reply::Health(_)
        | Reply::MayFetch => Err(AppError::NotFound("exchange").into()),
    }
}
