//! Alerts: publishing one, what its publisher and its receivers do to it later, and which
//! corridors members want alerts about.

mod admit;
mod joining;
mod list;
mod record;

use std::time::Duration;

use super::error::AppError;
use super::input::{Attached, Federation, OnAlert, Reply};
use super::members;
use super::permit::Action;
use super::recipients::named_once;
use super::requests::{Letter, compose};
use super::respond::sent_before;
use super::rows::*;
use super::service::{Service, Stop, Turn};
use crate::base::{Actor, MemberId, MessageId};
use crate::domain::alert::{
    Alert, AlertCommand, Audience, Candidate, Corridor, Selection, Subscription,
};
use crate::domain::handling::Disclosure;
use crate::domain::message::{Body, Kind};

pub(super) use admit::{admit, joins};
pub(super) use joining::{in_vain, joining};
pub(super) use list::{list, read};
pub(super) use record::{converse, put, said};

/// The action that a command needs leave for.
pub(super) fn action_of(command: &AlertCommand) -> &'static [Action] {
    match command {
        AlertCommand::Update(_) | AlertCommand::Cancel(_) => &[Action::ReviseAlert],
        AlertCommand::Sight(_) => &[Action::SightAlert],
        AlertCommand::Contradict(_) => &[Action::ContradictAlert],
        AlertCommand::Acknowledge(_) => &[Action::AcknowledgeAlert],
    }
}

/// Publishes an alert to those whom the audience chooses.
pub(super) fn publish(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    audience: &Audience,
    id: MessageId,
    alert: &Alert,
    attached: &[Attached],
) -> Result<Reply, Stop> {
    let me = service.me.member;
    let selection = select(service, turn, audience, alert, &[])?;
    alert.validate(turn.now).map_err(AppError::Invalid)?;
    let sent = turn.view.row::<MessageRow>(MESSAGE, &message_key(me, id))?;
    if sent.is_none() {
        let letter = Letter {
            id,
            conversation: id,
            recipients: recipients(&selection)?,
            priority: alert.priority(),
            handling: alert.handling.clone(),
            body: Body::Alert(Box::new(alert.clone())),
            attached,
        };
        compose(service, turn, by, letter)?;
    }
    Ok(Reply::Alerts(vec![alert_row(turn, id)?], None))
}

/// Updates or cancels an alert, or says something to it.
pub(super) fn act(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    on: &OnAlert,
    attached: &[Attached],
) -> Result<Reply, Stop> {
    let me = service.me.member;
    let (id, message) = (on.alert, on.message);
    let row = alert_row(turn, id)?;
    let known = turn
        .view
        .row::<MessageRow>(MESSAGE, &message_key(me, message))?;
    if let Some(known) = known {
        if known.conversation != id {
            return Err(AppError::IdTaken.into());
        }
        return Ok(Reply::Alerts(vec![row], None));
    }
    let body = row.alert.decide(&on.command, &by, turn.now)?;
    let federation = service.federation.as_ref().ok_or(AppError::NoTrustList)?;
    let others = row.alert.others(me);
    let mut alert = row.alert.alert();
    let to = match &on.command {
        AlertCommand::Update(revision) => {
            alert = &revision.alert;
            let selection = select(service, turn, &on.audience, alert, &others)?;
            recipients(&selection)?
        }
        AlertCommand::Acknowledge(_) => vec![row.alert.publisher()],
        AlertCommand::Cancel(_) | AlertCommand::Sight(_) | AlertCommand::Contradict(_) => others,
    };
    let kind = body.kind();
    let to = to.into_iter();
    let to: Vec<MemberId> = to
        .filter(|member| goes_to(federation, *member, kind, alert))
        .collect();
    if to.is_empty() {
        return Err(AppError::NoRecipient.into());
    }
    let letter = Letter {
        id: message,
        conversation: id,
        recipients: to,
        priority: alert.priority(),
        handling: alert.handling.clone(),
        body,
        attached,
    };
    compose(service, turn, by, letter)?;
    Ok(Reply::Alerts(vec![alert_row(turn, id)?], None))
}

/// Whether what is said of this kind to an alert goes to a member that is to have it.
fn goes_to(federation: &Federation, member: MemberId, kind: Kind, alert: &Alert) -> bool {
    // Who became an observer, or was none when the version that stands went out, may have an earlier one.
    let barred = alert.handling.barrier(Disclosure::Observer).is_some();
    let may_have = !(barred && federation.observes(member));
    match kind {
        // What a suspended member has holds no more, so what takes its place waits for it.
        Kind::AlertUpdate => federation.keeps(member),
        Kind::AlertCancellation => federation.keeps(member) && may_have,
        Kind::Acknowledgement => federation.lists(member),
        _ => federation.lists(member) && may_have,
    }
}

/// What would go to nobody, were it said to an alert now.
pub(super) fn to_nobody(service: &Service, row: &AlertRow) -> Vec<Kind> {
    let Some(federation) = &service.federation else {
        return Vec::new();
    };
    let alert = row.alert.alert();
    let others = row.alert.others(service.me.member);
    let publisher = [row.alert.publisher()];
    let goes_nowhere = |kind: &Kind| {
        let to = match *kind == Kind::Acknowledgement {
            true => &publisher[..],
            false => &others[..],
        };
        let mut to = to.iter();
        !to.any(|member| goes_to(federation, *member, *kind, alert))
    };
    let kinds = [
        Kind::AlertCancellation,
        Kind::Sighting,
        Kind::Contradiction,
        Kind::Acknowledgement,
    ];
    kinds.into_iter().filter(goes_nowhere).collect()
}

/// Who would get an alert, or a new version of the one that it updates. Nothing is sent.
pub(super) fn preview(
    service: &Service,
    turn: &Turn<'_>,
    by: Actor,
    on: Option<&OnAlert>,
    audience: &Audience,
    alert: &Alert,
) -> Result<Reply, Stop> {
    let mut have = Vec::new();
    if let Some(on) = on {
        let row = alert_row(turn, on.alert)?;
        row.alert.decide(&on.command, &by, turn.now)?;
        have = row.alert.others(service.me.member);
    } else {
        alert.validate(turn.now).map_err(AppError::Invalid)?;
    }
    let selection = select(service, turn, audience, alert, &have)?;
    Ok(Reply::AlertPreview(selection))
}

/// Tells all members which corridors this one wants alerts about.
pub(super) fn subscribe(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    id: MessageId,
    corridors: &[Corridor],
) -> Result<Reply, Stop> {
    if sent_before(service, turn, id, id)? {
        return subscriptions(service, turn);
    }
    let me = service.me.member;
    let federation = service.federation.as_ref().ok_or(AppError::NoTrustList)?;
    let mut since = turn.now;
    if let Some(before) = subscription(turn, me)? {
        // The latest counts, even where the clock was set back.
        since = since.max(before.subscription.since.plus(Duration::from_millis(1)));
    }
    let subscription = Subscription {
        since,
        corridors: corridors.to_vec(),
    };
    subscription.validate().map_err(AppError::Invalid)?;
    let recipients = federation.others(me);
    if recipients.is_empty() {
        return Err(AppError::NoRecipient.into());
    }
    let letter = Letter {
        id,
        conversation: id,
        recipients,
        priority: Subscription::PRIORITY,
        handling: Subscription::handling(),
        body: Body::Subscription(subscription),
        attached: &[],
    };
    compose(service, turn, by, letter)?;
    subscriptions(service, turn)
}

/// What each member of the trust list wants alerts about.
pub(super) fn subscriptions(service: &Service, turn: &Turn<'_>) -> Result<Reply, Stop> {
    let federation = service.federation.as_ref().ok_or(AppError::NoTrustList)?;
    let mut members = federation.others(service.me.member);
    members.push(service.me.member);
    members.sort();
    let mut all = Vec::new();
    for member in members {
        let row = subscription(turn, member)?;
        all.push((member, row.map(|row| row.subscription)));
    }
    Ok(Reply::Subscriptions(all))
}

fn subscription(turn: &Turn<'_>, member: MemberId) -> Result<Option<SubscriptionRow>, Stop> {
    Ok(turn.view.row(SUBSCRIPTION, &member.to_bytes())?)
}

/// Whom the audience chooses among the other members, and among those who have the version before and
/// are suspended.
fn select(
    service: &Service,
    turn: &Turn<'_>,
    audience: &Audience,
    alert: &Alert,
    have: &[MemberId],
) -> Result<Selection, Stop> {
    let me = service.me.member;
    let federation = service.federation.as_ref().ok_or(AppError::NoTrustList)?;
    if let Audience::Members(named) = audience {
        check_named(federation, me, named)?;
    }
    let mut members = federation.others(me);
    members.extend(have.iter().filter(|member| federation.keeps(**member)));
    members.sort();
    members.dedup();
    let mut known = Vec::new();
    for member in members {
        let row = subscription(turn, member)?;
        known.push((member, row.map(|row| row.subscription)));
    }
    let candidates: Vec<Candidate<'_>> = known
        .iter()
        .map(|(member, subscription)| Candidate {
            member: *member,
            observer: federation.observes(*member),
            subscription: subscription.as_ref(),
        })
        .collect();
    let selection = audience.choose(alert, &candidates, have);
    Ok(selection.map_err(|fault| AppError::Invalid(vec![fault]))?)
}

fn check_named(federation: &Federation, me: MemberId, named: &[MemberId]) -> Result<(), AppError> {
    named_once(named)?;
    for member in named {
        if *member == me {
            return Err(AppError::ToOneself);
        }
        if !federation.lists(*member) {
            return Err(AppError::NotListed(*member));
        }
    }
    Ok(())
}

fn recipients(selection: &Selection) -> Result<Vec<MemberId>, AppError> {
    if selection.to.is_empty() {
        return Err(AppError::NoRecipient);
    }
    Ok(selection.to.iter().map(|(member, _)| *member).collect())
}

pub(super) fn alert_row(turn: &Turn<'_>, id: MessageId) -> Result<AlertRow, Stop> {
    let row = turn.view.row::<AlertRow>(ALERT, &id.to_bytes())?;
    let mut row = row.ok_or(AppError::NotFound("alert"))?;
    members::annotate_alert(turn, &mut row)?;
    Ok(row)
}
