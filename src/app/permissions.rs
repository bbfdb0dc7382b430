//! Permissions: asking for one, deciding on one, and finding them.

use serde::{Deserialize, Serialize};

use super::error::AppError;
use super::input::Reply;
use super::members::met;
use super::reached::Reached;
use super::read::LOOKED_AT;
use super::requests::check_country;
use super::respond::{exchange_row, listed, reaches_whoever_is_out, say, sent_before};
use super::rows::*;
use super::service::{Service, Stop, Turn};
use super::view::after_prefix;
use crate::base::{Actor, MemberId, MessageId, Timestamp};
use crate::domain::rfi::{
    Command, Permission, PermissionRefusal, PermissionRequest, Refused, Side, Unfit,
};

/// What the originator decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// It allows it until then.
    Grant(Timestamp),
    /// It does not, or no longer.
    Refuse(Option<String>),
}

/// A permission, with what has to be known of its exchange.
#[derive(Debug, Clone)]
pub struct PermissionRow {
    /// The exchange.
    pub exchange: MessageId,
    /// The asking member, and the asked one.
    pub members: [MemberId; 2],
    /// Which of them this one is.
    pub side: Side,
    /// The other one.
    pub peer: MemberId,
    /// What the other side is told now; known only when it is read.
    pub reached: Reached,
    /// The permission.
    pub permission: Permission,
}

impl PermissionRow {
    /// A permission of this exchange.
    pub fn of(row: &ExchangeRow, permission: Permission) -> Self {
        Self {
            exchange: row.id,
            members: row.exchange.members(),
            side: row.exchange.side(),
            peer: row.peer,
            reached: row.reached,
            permission,
        }
    }
}

/// Asks the other side whether a message of it may be passed on.
pub(super) fn ask(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    exchange: MessageId,
    message: MessageId,
    (about, to, purpose): (MessageId, MemberId, &str),
) -> Result<Reply, Stop> {
    let row = exchange_row(turn, exchange)?;
    if sent_before(service, turn, exchange, message)? {
        return show(service, turn, message);
    }
    listed(service, row.peer)?;
    check_country(service, row.peer)?;
    listed(service, to)?;
    let mut said = row.exchange.said().into_iter();
    let said = said.find(|said| said.id == about);
    let said = said.ok_or(Refused::Unfit(Unfit::NoSuchMessage))?;
    let command = Command::AskPermission(PermissionRequest {
        message: said.id,
        leaf: said.leaf,
        to,
        purpose: purpose.to_owned(),
    });
    let body = row.exchange.decide(&command, &by, turn.now)?;
    say(service, turn, by, &row, message, body, &[])?;
    show(service, turn, message)
}

/// Decides on a permission that the other side asked for.
pub(super) fn decide(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    id: MessageId,
    message: MessageId,
    decision: &Decision,
) -> Result<Reply, Stop> {
    let (row, permission) = find(service, turn, id)?;
    if sent_before(service, turn, row.id, message)? {
        return Ok(one(&row, permission));
    }
    let command = match decision {
        Decision::Grant(expires) => {
            Command::GrantPermission(permission.terms.granted(id, *expires))
        }
        Decision::Refuse(reason) => Command::RefusePermission(PermissionRefusal {
            request: id,
            reason: reason.clone(),
        }),
    };
    if !reaches_whoever_is_out(&command) {
        listed(service, row.peer)?;
        check_country(service, row.peer)?;
    }
    let body = row.exchange.decide(&command, &by, turn.now)?;
    say(service, turn, by, &row, message, body, &[])?;
    show(service, turn, id)
}

/// One permission.
pub(super) fn show(service: &Service, turn: &Turn<'_>, id: MessageId) -> Result<Reply, Stop> {
    let (row, permission) = find(service, turn, id)?;
    Ok(one(&row, permission))
}

fn one(row: &ExchangeRow, permission: Permission) -> Reply {
    Reply::Permissions(vec![PermissionRow::of(row, permission)])
}

/// All permissions, those of the exchanges first in which something happened last.
pub(super) fn list(turn: &Turn<'_>) -> Result<Reply, Stop> {
    let mut rows = Vec::new();
    for outgoing in [[0], [1]] {
        let end = after_prefix(&outgoing);
        let range =
            turn.view
                .range::<MessageId>(EXCHANGE_ORDER, &outgoing, end.as_deref(), LOOKED_AT)?;
        for (_, id) in range {
            let row = exchange_row(turn, id)?;
            let permissions = row.exchange.permissions().into_iter();
            rows.extend(permissions.map(|permission| PermissionRow::of(&row, permission)));
        }
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.permission.at));
    Ok(Reply::Permissions(rows))
}

fn find(
    service: &Service,
    turn: &Turn<'_>,
    id: MessageId,
) -> Result<(ExchangeRow, Permission), Stop> {
    let mut askers = vec![service.me.member];
    // Those who are out too.
    askers.extend(met(turn)?);
    for asker in askers {
        let key = message_key(asker, id);
        let Some(message) = turn.view.row::<MessageRow>(MESSAGE, &key)? else {
            continue;
        };
        let conversation = message.conversation.to_bytes();
        let Some(row) = turn.view.row::<ExchangeRow>(EXCHANGE, &conversation)? else {
            continue;
        };
        let mut permissions = row.exchange.permissions().into_iter();
        if let Some(permission) = permissions.find(|permission| permission.id == id) {
            return Ok((row, permission));
        }
    }
    Err(AppError::NotFound("permission").into())
}
