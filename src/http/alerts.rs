//! Alerts and sightings.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

use super::Api;
use super::attachments::take;
use super::auth::{Body, Params, Place, SignedIn};
use super::problem::Failure;
use super::shapes;
use crate::api::{AlertSummary, AlertView, Page, PublishAlert, SendSighting};
use crate::app::{Action, AlertFilter, AppError, Ask, OnAlert, Reply};
use crate::base::{MessageId, OsEntropy, Timestamp};
use crate::domain::alert::{Alert, AlertCommand, Audience, Sighting};

/// Where a page of alerts begins.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListParams {
    limit: Option<usize>,
    cursor: Option<String>,
}

/// `GET /alerts`.
pub async fn list(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<AlertSummary>>, Failure> {
    let ask = Ask::ListAlerts {
        filter: AlertFilter::default(),
        limit: params.limit.unwrap_or(100),
        cursor: shapes::cursor(params.cursor)?,
    };
    let reply = api.ask(&caller, Action::ReadAlerts, ask).await?;
    let Reply::Alerts(rows, next) = reply else {
        return Err(AppError::NotFound("alert").into());
    };
    let now = Timestamp::system();
    Ok(Json(Page {
        items: rows.iter().map(|row| shapes::alert(row, now)).collect(),
        next: next.map(hex::encode),
    }))
}

/// `GET /alerts/{id}`.
pub async fn show(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(alert): Place<MessageId>,
) -> Result<Json<AlertView>, Failure> {
    let ask = Ask::ReadAlert { alert };
    let reply = api.ask(&caller, Action::ReadAlerts, ask).await?;
    let Reply::AlertThread(row, items) = reply else {
        return Err(AppError::NotFound("alert").into());
    };
    Ok(Json(AlertView {
        summary: shapes::alert(&row, Timestamp::system()),
        events: items.iter().map(shapes::event).collect(),
    }))
}

/// `POST /alerts`.
pub async fn publish(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Body(body): Body<PublishAlert<Alert>>,
) -> Result<(StatusCode, Json<AlertSummary>), Failure> {
    let taken = take(&api, &caller, body.reservation, &[api.member()]).await?;
    let first = taken.into_iter().next();
    let (_, id, attached) = first.ok_or(AppError::NotFound("reservation"))?;
    let ask = Ask::PublishAlert {
        audience: if body.to.is_empty() {
            Audience::All
        } else {
            Audience::Members(body.to)
        },
        id,
        alert: Box::new(body.alert),
        attached,
    };
    accepted(api.ask(&caller, Action::PublishAlert, ask).await?)
}

/// `POST /alerts/{id}/sightings`.
pub async fn sight(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(alert): Place<MessageId>,
    Body(body): Body<SendSighting<Sighting>>,
) -> Result<(StatusCode, Json<AlertSummary>), Failure> {
    let on = OnAlert {
        alert,
        message: MessageId::new(Timestamp::system(), &mut OsEntropy),
        command: AlertCommand::Sight(body.sighting),
        audience: Audience::Members(Vec::new()),
    };
    let ask = Ask::OnAlert {
        on: Box::new(on),
        attached: Vec::new(),
    };
    accepted(api.ask(&caller, Action::SightAlert, ask).await?)
}

fn accepted(reply: Reply) -> Result<(StatusCode, Json<AlertSummary>), Failure> {
    let Reply::Alerts(rows, _) = reply else {
        return Err(AppError::NotFound("alert").into());
    };
    let row = rows.first().ok_or(AppError::NotFound("alert"))?;
    let summary = shapes::alert(row, Timestamp::system());
    Ok((StatusCode::ACCEPTED, Json(summary)))
}
