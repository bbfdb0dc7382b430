//! Passing on, permissions and corrections.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::Api;
use super::attachments::take;
use super::auth::{Body, Place, SignedIn};
use super::problem::Failure;
use super::repeat::fresh_id;
use super::says::{Said, say};
use super::terms::Terms;
use super::{letters, shapes};
use crate::api::{
    AcknowledgeCorrection, AskPermission, ExchangeSummary, GrantPermission, Page, PassOn,
    PermissionView, RefusePermission, SendCorrection, SendForward, Sent,
};
use crate::app::{
    Action, AppError, Ask, Caller, Correcting, Decision, Forward, PermissionRow, Reply,
};
use crate::base::{MessageId, Timestamp};
use crate::domain::rfi::{Command, Notice, Request, Told};

/// `POST /exchanges/{id}/forward`.
pub async fn forward(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(exchange): Place<MessageId>,
    terms: Terms,
    Body(body): Body<SendForward<Request>>,
) -> Result<(StatusCode, Json<Sent>), Failure> {
    let (taken, hold) = take(&api, &caller, body.reservation, &[body.to]).await?;
    let first = taken.into_iter().next();
    let (to, new, attached) = first.ok_or(AppError::NoRecipient)?;
    let ask = Ask::Forward(Box::new(Forward {
        exchange,
        message: body.message,
        to,
        new,
        request: Box::new(body.request),
        attached,
    }));
    let reply = api.ask(&caller, Action::ForwardMessage, terms.wrap(ask));
    let reply = hold.settled(reply.await)?;
    Ok((StatusCode::ACCEPTED, Json(api.sent(reply)?)))
}

/// `POST /exchanges/{id}/correct`.
pub async fn correct(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(exchange): Place<MessageId>,
    terms: Terms,
    Body(body): Body<SendCorrection>,
) -> Result<(StatusCode, Json<Sent>), Failure> {
    let ask = Ask::Correct {
        exchange,
        message: fresh_id(),
        what: Box::new(correcting(body)?),
    };
    let reply = api.ask(&caller, Action::CorrectMessage, terms.wrap(ask));
    Ok((StatusCode::ACCEPTED, Json(api.sent(reply.await?)?)))
}

fn correcting(body: SendCorrection) -> Result<Correcting, Failure> {
    let flaw = body.flaw.parse().map_err(|_| {
        let what = "flaw is one of incorrect, incomplete, outdated, unlawful";
        Failure::malformed(what).at("flaw")
    })?;
    let remedy = body.remedy.parse().map_err(|_| {
        Failure::malformed("remedy is one of rectify, erase, restrict").at("remedy")
    })?;
    let handling = body.handling.map(serde_json::from_value).transpose();
    Ok(Correcting {
        message: body.message,
        flaw,
        remedy,
        text: body.text,
        handling: handling.map_err(|error| Failure::malformed(error.to_string()).at("handling"))?,
    })
}

/// `POST /exchanges/{id}/acknowledge`.
pub async fn acknowledge(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(exchange): Place<MessageId>,
    terms: Terms,
    Body(body): Body<AcknowledgeCorrection>,
) -> Said {
    let command = Command::Notify(Notice {
        about: body.correction,
        says: Told::Acknowledged,
        to: None,
        by: None,
        note: body.note,
    });
    let action = Action::AcknowledgeCorrection;
    say(&api, &caller, exchange, None, command, action, terms).await
}

/// `POST /exchanges/{id}/pass-on`.
pub async fn pass_on(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(exchange): Place<MessageId>,
    terms: Terms,
    Body(body): Body<PassOn>,
) -> Result<(StatusCode, Json<ExchangeSummary>), Failure> {
    let ask = Ask::PassOn {
        exchange,
        correction: body.correction,
        message: fresh_id(),
    };
    let reply = api.ask(&caller, Action::CorrectMessage, terms.wrap(ask));
    let sent = api.sent(reply.await?)?;
    let summary = sent.exchanges.into_iter().next();
    let summary = summary.ok_or(AppError::NotFound("exchange"))?;
    Ok((StatusCode::ACCEPTED, Json(summary)))
}

/// `POST /exchanges/{id}/permissions`.
pub async fn ask(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(exchange): Place<MessageId>,
    Body(body): Body<AskPermission>,
) -> Result<(StatusCode, Json<PermissionView>), Failure> {
    let ask = Ask::AskPermission {
        exchange,
        message: fresh_id(),
        about: body.message,
        to: body.to,
        purpose: body.purpose,
    };
    let reply = api.ask(&caller, Action::AskPermission, ask).await?;
    Ok((StatusCode::ACCEPTED, Json(one(&reply, &caller)?)))
}

/// `GET /permissions`.
pub async fn list(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
) -> Result<Json<Page<PermissionView>>, Failure> {
    let ask = Ask::ListPermissions;
    let reply = api.ask(&caller, Action::ListExchanges, ask).await?;
    Ok(Json(Page {
        items: views(&reply, &caller)?,
        next: None,
    }))
}

/// `GET /permissions/{id}`.
pub async fn show(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(permission): Place<MessageId>,
) -> Result<Json<PermissionView>, Failure> {
    let ask = Ask::GlancePermission { permission };
    let reply = api.ask(&caller, Action::ListExchanges, ask).await?;
    Ok(Json(one(&reply, &caller)?))
}

/// `POST /permissions/{id}/grant`.
pub async fn grant(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(permission): Place<MessageId>,
    Body(body): Body<GrantPermission>,
) -> Result<(StatusCode, Json<PermissionView>), Failure> {
    decide(&api, &caller, permission, Decision::Grant(body.expires)).await
}

/// `POST /permissions/{id}/refuse`.
pub async fn refuse(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(permission): Place<MessageId>,
    Body(body): Body<RefusePermission>,
) -> Result<(StatusCode, Json<PermissionView>), Failure> {
    decide(&api, &caller, permission, Decision::Refuse(body.reason)).await
}

async fn decide(
    api: &Api,
    caller: &Caller,
    permission: MessageId,
    decision: Decision,
) -> Result<(StatusCode, Json<PermissionView>), Failure> {
    let ask = Ask::DecidePermission {
        permission,
        message: fresh_id(),
        decision,
    };
    let reply = api.ask(caller, Action::DecidePermission, ask).await?;
    Ok((
        StatusCode::ACCEPTED,
        Json(decided(api, permission, reply, caller)?),
    ))
}

/// The permission as it now stands, with the letter that waits where one does.
fn decided(
    api: &Api,
    id: MessageId,
    reply: Reply,
    caller: &Caller,
) -> Result<PermissionView, Failure> {
    let Reply::Waits(letter, exchange) = reply else {
        return one(&reply, caller);
    };
    let missing = || AppError::NotFound("permission");
    let row = exchange.ok_or_else(missing)?;
    let mut permissions = row.exchange.permissions().into_iter();
    let permission = permissions.find(|permission| permission.id == id);
    let permission = permission.ok_or_else(missing)?;
    Ok(PermissionView {
        letter: Some(Box::new(letters::summary(api, &letter))),
        ..shapes::permission(
            &PermissionRow::of(&row, permission),
            caller,
            Timestamp::system(),
        )
    })
}

fn views(reply: &Reply, caller: &Caller) -> Result<Vec<PermissionView>, Failure> {
    let Reply::Permissions(all) = reply else {
        return Err(AppError::NotFound("permission").into());
    };
    let now = Timestamp::system();
    let view = |row| shapes::permission(row, caller, now);
    Ok(all.iter().map(view).collect())
}

fn one(reply: &Reply, caller: &Caller) -> Result<PermissionView, Failure> {
    let first = views(reply, caller)?.into_iter().next();
    first.ok_or_else(|| AppError::NotFound("permission").into())
}
