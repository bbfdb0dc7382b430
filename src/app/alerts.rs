//! Alerts: publishing one, and saying that one sees the same.

use super::error::AppError;
use super::input::{Attached, Reply};
use super::recipients::named_once;
use super::requests::{Letter, compose};
use super::rows::*;
use super::service::{Service, Stop, Turn};
use crate::base::{Actor, MemberId, MessageId};
use crate::domain::alert::{Alert, Sighting};
use crate::domain::message::Body;

/// Publishes an alert to the members named, or to all.
pub(super) fn publish(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    to: &[MemberId],
    id: MessageId,
    alert: &Alert,
    attached: &[Attached],
) -> Result<Reply, Stop> {
    let me = service.me.member;
    let federation = service.federation.as_ref().ok_or(AppError::NoTrustList)?;
    named_once(to)?;
    let mut recipients = to.to_vec();
    if recipients.is_empty() {
        recipients = federation.others(me);
    }
    recipients.sort();
    if recipients.is_empty() {
        return Err(AppError::NoRecipient.into());
    }
    for member in &recipients {
        if *member == me {
            return Err(AppError::ToOneself.into());
        }
        if !federation.lists(*member) {
            return Err(AppError::NotListed(*member).into());
        }
    }
    alert.validate(turn.now).map_err(AppError::Invalid)?;
    if turn
        .view
        .row::<MessageRow>(MESSAGE, &message_key(me, id))?
        .is_some()
    {
        return Ok(Reply::Alerts(vec![alert_row(turn, id)?], None));
    }
    let letter = Letter {
        id,
        conversation: id,
        recipients,
        priority: alert.priority(),
        handling: alert.handling.clone(),
        body: Body::Alert(Box::new(alert.clone())),
        attached,
    };
    compose(service, turn, by, letter)?;
    Ok(Reply::Alerts(vec![alert_row(turn, id)?], None))
}

/// Tells everyone who has the alert that this member sees the same.
pub(super) fn sight(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    id: MessageId,
    message: MessageId,
    sighting: &Sighting,
) -> Result<Reply, Stop> {
    let me = service.me.member;
    let row = alert_row(turn, id)?;
    let federation = service.federation.as_ref().ok_or(AppError::NoTrustList)?;
    let known = turn
        .view
        .row::<MessageRow>(MESSAGE, &message_key(me, message))?;
    if let Some(known) = known {
        if known.conversation != id {
            return Err(AppError::IdTaken.into());
        }
        return Ok(Reply::Alerts(vec![row], None));
    }
    sighting.validate().map_err(AppError::Invalid)?;
    let body = row.alert.decide(sighting, &by, turn.now)?;
    let mut recipients = row.others.clone();
    recipients.retain(|member| federation.lists(*member));
    if recipients.is_empty() {
        return Err(AppError::NoRecipient.into());
    }
    let letter = Letter {
        id: message,
        conversation: id,
        recipients,
        priority: row.alert.alert().priority(),
        handling: row.alert.alert().handling.clone(),
        body,
        attached: &[],
    };
    compose(service, turn, by, letter)?;
    Ok(Reply::Alerts(vec![alert_row(turn, id)?], None))
}

fn alert_row(turn: &Turn<'_>, id: MessageId) -> Result<AlertRow, Stop> {
    turn.view
        .row::<AlertRow>(ALERT, &id.to_bytes())?
        .ok_or_else(|| AppError::NotFound("alert").into())
}
