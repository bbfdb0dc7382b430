//! Puts another request to the same member in the place of one: the new request and the end of the
//! old one are recorded together, each with a link to the other.

use super::error::AppError;
use super::input::{Attached, Reply};
use super::requests::{Letter, check_country, check_links, check_not_forwarded, compose};
use super::respond::{exchange_row, listed, say, sent_before};
use super::rows::ExchangeRow;
use super::search;
use super::service::{Service, Stop, Turn};
use crate::base::{Actor, MessageId};
use crate::domain::message::Body;
use crate::domain::rfi::{Command, Link, LinkKind, Request, Supersession};

/// The new request.
pub(super) struct New<'a> {
    pub id: MessageId,
    pub request: &'a Request,
    pub attached: &'a [Attached],
}

/// Sends the new request, and says in the old exchange that it takes its place.
pub(super) fn supersede(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    old: MessageId,
    message: MessageId,
    reason: Option<&str>,
    new: &New<'_>,
) -> Result<Reply, Stop> {
    let row = exchange_row(turn, old)?;
    if sent_before(service, turn, old, message)? {
        let rows = vec![row, exchange_row(turn, new.id)?];
        return Ok(Reply::Exchanges(rows, None));
    }
    listed(service, row.peer)?;
    check_country(service, row.peer)?;
    if sent_before(service, turn, new.id, new.id)? {
        return Err(AppError::IdTaken.into());
    }
    let command = Command::Supersede(Supersession {
        by: new.id,
        reason: reason.map(ToOwned::to_owned),
    });
    let ended = row.exchange.decide(&command, &by, turn.now)?;
    let mut request = new.request.clone();
    let link = Link {
        kind: LinkKind::Supersedes,
        exchange: old,
    };
    if !request.links.contains(&link) {
        request.links.push(link);
    }
    request.validate().map_err(AppError::Invalid)?;
    check_not_forwarded(&request)?;
    check_links(turn, &request)?;
    let earlier = search::compared(service, turn, by, new.id, &request)?;
    let letter = Letter {
        id: new.id,
        conversation: new.id,
        recipients: vec![row.peer],
        priority: request.priority(),
        handling: request.handling.clone(),
        body: Body::Request(Box::new(request)),
        attached: new.attached,
    };
    compose(service, turn, by, letter)?;
    say(service, turn, by, &row, message, ended, &[])?;
    let new = ExchangeRow {
        earlier,
        ..exchange_row(turn, new.id)?
    };
    let rows = vec![exchange_row(turn, old)?, new];
    Ok(Reply::Exchanges(rows, None))
}
