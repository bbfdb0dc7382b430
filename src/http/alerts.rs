//! Alerts: publishing, revising, what others say to them, and subscriptions.

pub(super) mod shapes;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::attachments::{Hold, take};
use super::auth::{Body, Params, Place, SignedIn};
use super::letters::{self, Composed};
use super::problem::Failure;
use super::repeat::fresh_id;
use super::shapes::{cursor, thread};
use super::terms::{Terms, tagged};
use crate::api::{
    Acknowledge, AlertPreview, AlertSummary, AlertView, CancelAlert, MemberSubscription, Outcome,
    Page, PreviewAlert, PublishAlert, SendContradiction, SendSighting, Subscribe, UpdateAlert,
};
use crate::app::{Action, AlertFilter, AppError, Ask, Attached, Caller, OnAlert, Reply};
use crate::base::{MessageId, Timestamp};
use crate::domain::alert::{
    Alert, AlertCommand, AlertState, Audience, Contradiction, Corridor, EventType, Revision,
    Sighting, Status,
};

/// Which alerts, and where the page begins.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// The corridor.
    #[param(inline)]
    corridor: Option<Corridor>,
    /// The event type.
    #[param(inline)]
    event: Option<EventType>,
    /// Whether it stands; `superseded` shows earlier versions.
    #[param(inline)]
    state: Option<AlertState>,
    /// Whether it is real.
    #[serde(default)]
    #[param(inline)]
    status: StatusParam,
    /// How many at most; 100 where none is given.
    limit: Option<usize>,
    /// Where the page begins: `next` of the page before.
    #[param(pattern = "^[0-9a-f]+$")]
    cursor: Option<String>,
}

/// A status, or all; without one, what is actual.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum StatusParam {
    #[default]
    Actual,
    Exercise,
    Test,
    All,
}

impl StatusParam {
    fn filter(self) -> Option<Status> {
        match self {
            Self::Actual => Some(Status::Actual),
            Self::Exercise => Some(Status::Exercise),
            Self::Test => Some(Status::Test),
            Self::All => None,
        }
    }
}

/// `GET /alerts`.
pub async fn list(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<AlertSummary>>, Failure> {
    let filter = AlertFilter {
        corridor: params.corridor,
        event: params.event,
        state: params.state,
        status: params.status.filter(),
    };
    let superseded = filter.state == Some(AlertState::Superseded);
    let ask = Ask::ListAlerts {
        filter,
        limit: params.limit.unwrap_or(100),
        cursor: cursor(params.cursor)?,
    };
    let reply = api.ask(&caller, Action::ReadAlerts, ask).await?;
    let Reply::Alerts(rows, next) = reply else {
        return Err(AppError::NotFound("alert").into());
    };
    let now = Timestamp::system();
    let items = if superseded {
        rows.iter().flat_map(shapes::earlier).collect()
    } else {
        rows.iter().map(|row| shapes::summary(row, now)).collect()
    };
    Ok(Json(Page {
        items,
        next: next.map(hex::encode),
    }))
}

/// `GET /alerts/{id}`.
pub async fn show(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(alert): Place<MessageId>,
) -> Result<Response, Failure> {
    let ask = Ask::ReadAlert { alert };
    let reply = api.ask(&caller, Action::ReadAlerts, ask).await?;
    let Reply::AlertThread(row, items) = reply else {
        return Err(AppError::NotFound("alert").into());
    };
    let now = Timestamp::system();
    let view = AlertView {
        summary: shapes::summary(&row, now),
        versions: shapes::versions(&row, now),
        recipients: row.alert.others(api.member()),
        rules: row.alert.alert().handling.in_words(),
        events: thread(&items),
        actions: shapes::actions(&row, api.member(), &caller, now),
    };
    Ok(tagged(Json(view).into_response(), &row.thread))
}

/// `POST /alerts`.
pub async fn publish(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    terms: Terms,
    Body(body): Body<PublishAlert<Alert>>,
) -> Composed<AlertSummary> {
    let (id, attached, hold) = reserved(&api, &caller, body.reservation).await?;
    let ask = Ask::PublishAlert {
        audience: body.audience,
        id,
        alert: Box::new(body.alert),
        attached,
    };
    let ask = terms.wrap(ask);
    let reply = api.ask(&caller, Action::PublishAlert, ask).await;
    accepted(&api, hold.settled(reply)?)
}

/// `POST /alert-previews`.
pub async fn preview(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Body(body): Body<PreviewAlert<Alert>>,
) -> Result<Json<AlertPreview>, Failure> {
    let alert = body.alert;
    let (audience, update) = match body.updates {
        None => (body.audience.unwrap_or_default(), None),
        Some(updated) => {
            let audience = body.audience.unwrap_or_else(nobody_more);
            let revision = Revision {
                alert: alert.clone(),
                changes: None,
                replaces: None,
            };
            let command = AlertCommand::Update(Box::new(revision));
            let on = on(updated, fresh_id(), command, audience.clone());
            (audience, Some(Box::new(on)))
        }
    };
    let ask = Ask::PreviewAlert {
        audience,
        alert: Box::new(alert.clone()),
        update,
    };
    match api.ask(&caller, Action::PublishAlert, ask).await? {
        Reply::AlertPreview(selection) => Ok(Json(shapes::preview(&alert, &selection))),
        _ => Err(AppError::NotFound("alert").into()),
    }
}

/// `POST /alerts/{id}/updates`.
pub async fn update(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(alert): Place<MessageId>,
    terms: Terms,
    Body(body): Body<UpdateAlert<Alert>>,
) -> Composed<AlertSummary> {
    let (message, attached, hold) = reserved(&api, &caller, body.reservation).await?;
    let revision = Revision {
        alert: body.alert,
        changes: body.changes,
        replaces: body.replaces,
    };
    let command = AlertCommand::Update(Box::new(revision));
    let audience = body.audience.unwrap_or_else(nobody_more);
    let on = on(alert, message, command, audience);
    hold.settled(act(&api, &caller, Action::ReviseAlert, on, attached, terms).await)
}

/// `POST /alerts/{id}/cancel`.
pub async fn cancel(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(alert): Place<MessageId>,
    terms: Terms,
    Body(body): Body<CancelAlert>,
) -> Composed<AlertSummary> {
    let command = AlertCommand::Cancel(body.reason);
    say(&api, &caller, Action::ReviseAlert, alert, command, terms).await
}

/// `POST /alerts/{id}/sightings`.
pub async fn sight(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(alert): Place<MessageId>,
    terms: Terms,
    Body(body): Body<SendSighting<Sighting>>,
) -> Composed<AlertSummary> {
    let command = AlertCommand::Sight(body.sighting);
    say(&api, &caller, Action::SightAlert, alert, command, terms).await
}

/// `POST /alerts/{id}/contradictions`.
pub async fn contradict(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(alert): Place<MessageId>,
    terms: Terms,
    Body(body): Body<SendContradiction<Contradiction>>,
) -> Composed<AlertSummary> {
    let command = AlertCommand::Contradict(body.contradiction);
    say(
        &api,
        &caller,
        Action::ContradictAlert,
        alert,
        command,
        terms,
    )
    .await
}

/// `POST /alerts/{id}/acknowledgements`.
pub async fn acknowledge(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(alert): Place<MessageId>,
    terms: Terms,
    Body(body): Body<Acknowledge>,
) -> Composed<AlertSummary> {
    let command = AlertCommand::Acknowledge(body.acknowledgement);
    say(
        &api,
        &caller,
        Action::AcknowledgeAlert,
        alert,
        command,
        terms,
    )
    .await
}

/// `POST /alert-subscriptions`.
pub async fn subscribe(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Body(body): Body<Subscribe>,
) -> Result<(StatusCode, Json<Vec<MemberSubscription>>), Failure> {
    let ask = Ask::Subscribe {
        message: fresh_id(),
        corridors: body.corridors,
    };
    let reply = api.ask(&caller, Action::SubscribeAlerts, ask).await?;
    Ok((StatusCode::ACCEPTED, subscribed(reply)?))
}

/// `GET /alert-subscriptions`.
pub async fn subscriptions(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
) -> Result<Json<Vec<MemberSubscription>>, Failure> {
    let ask = Ask::ListSubscriptions;
    subscribed(api.ask(&caller, Action::ReadAlerts, ask).await?)
}

fn nobody_more() -> Audience {
    Audience::Members(Vec::new())
}

fn on(alert: MessageId, message: MessageId, command: AlertCommand, audience: Audience) -> OnAlert {
    OnAlert {
        alert,
        message,
        command,
        audience,
    }
}

/// The id of a message that is about to be sent, and what was uploaded for it.
async fn reserved(
    api: &Api,
    caller: &Caller,
    reservation: Option<MessageId>,
) -> Result<(MessageId, Vec<Attached>, Hold), Failure> {
    let (taken, hold) = take(api, caller, reservation, &[api.member()]).await?;
    let first = taken.into_iter().next();
    let (_, id, attached) = first.ok_or(AppError::NotFound("reservation"))?;
    Ok((id, attached, hold))
}

async fn say(
    api: &Api,
    caller: &Caller,
    action: Action,
    alert: MessageId,
    command: AlertCommand,
    terms: Terms,
) -> Composed<AlertSummary> {
    let on = on(alert, fresh_id(), command, nobody_more());
    act(api, caller, action, on, Vec::new(), terms).await
}

async fn act(
    api: &Api,
    caller: &Caller,
    action: Action,
    on: OnAlert,
    attached: Vec<Attached>,
    terms: Terms,
) -> Composed<AlertSummary> {
    let ask = Ask::OnAlert {
        on: Box::new(on),
        attached,
    };
    accepted(api, api.ask(caller, action, terms.wrap(ask)).await?)
}

fn accepted(api: &Api, reply: Reply) -> Composed<AlertSummary> {
    if let Reply::Waits(row, _) = reply {
        let letter = Box::new(letters::summary(api, &row));
        return Ok((StatusCode::ACCEPTED, Json(Outcome::Waits { letter })));
    }
    let summary = only(reply)?;
    Ok((StatusCode::ACCEPTED, Json(Outcome::Done(summary))))
}

/// The one alert of a reply.
pub(super) fn only(reply: Reply) -> Result<AlertSummary, Failure> {
    let Reply::Alerts(rows, _) = reply else {
        return Err(AppError::NotFound("alert").into());
    };
    let row = rows.first().ok_or(AppError::NotFound("alert"))?;
    Ok(shapes::summary(row, Timestamp::system()))
}

fn subscribed(reply: Reply) -> Result<Json<Vec<MemberSubscription>>, Failure> {
    let Reply::Subscriptions(all) = reply else {
        return Err(AppError::NotFound("subscription").into());
    };
    Ok(Json(all.into_iter().map(shapes::subscription).collect()))
}
