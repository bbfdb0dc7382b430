//! Passing on what another member said: what leaves here is checked before it leaves, and what comes
//! in is checked again, since a peer may lie.

use serde::{Deserialize, Serialize};

use super::change::Message;
use super::content::signed_message;
use super::error::AppError;
use super::input::{Attached, Federation, Reply};
use super::requests::{Letter, check_links, compose};
use super::respond::{exchange_row, listed, say, sent_before};
use super::rows::*;
use super::search;
use super::service::{Service, Stop, Turn};
use super::view::View;
use crate::base::{Actor, Digest, MemberId, MessageId};
use crate::domain::handling::Disclosure;
use crate::domain::message::{Body, Header, SignedCopy};
use crate::domain::rfi::{
    Command, Copied, Forwarded, NotPassedOn, NotPermitted, Notice, Passing, Permission, Refused,
    Request, State, Told, Unfit, marking,
};
use crate::exchange::Refusal;
use crate::seal::envelope::SignedMessage;
use crate::store::{IndexError, ReadError};

/// A message to be passed on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forward {
    /// The exchange that it was said in.
    pub exchange: MessageId,
    /// The message.
    pub message: MessageId,
    /// The member that is to get it.
    pub to: MemberId,
    /// The exchange that passes it on.
    pub new: MessageId,
    /// The request that goes with it.
    pub request: Box<Request>,
    /// The request's sealed attachments.
    pub attached: Vec<Attached>,
}

/// What a message passes on, by ids: it outlives the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassedOn {
    /// The message.
    pub message: MessageId,
    /// The exchange that it was said in.
    pub conversation: MessageId,
    /// What the signature of the permission covers, where it rests on one.
    pub permission: Option<Digest>,
}

impl PassedOn {
    /// What a message passes on; none for most.
    pub(super) fn by(message: &Message) -> Option<Self> {
        if let Some(erased) = &message.erased {
            return erased.passed_on;
        }
        let Body::Request(request) = &message.event.body else {
            return None;
        };
        let forwarded = request.forwarded.as_ref()?;
        let original = read_copy(&forwarded.message)?;
        let permission = forwarded.permission.as_ref().and_then(read_copy);
        Some(Self {
            message: original.header.id,
            conversation: original.header.conversation,
            permission: permission.map(|permission| permission.leaf()),
        })
    }
}

/// A message that another one carries, read. Its signature is verified where messages are opened.
pub fn read_copy(copy: &SignedCopy) -> Option<Message> {
    let signed = SignedMessage::from_bytes(&copy.0).ok()?;
    Message::read(&signed).ok()
}

fn copied(message: &Message) -> Copied<'_> {
    Copied {
        header: &message.header,
        event: &message.event,
        leaf: message.leaf(),
    }
}

/// What passing something on to a member is: observers are no countries.
fn disclosure(federation: &Federation, to: MemberId) -> Disclosure {
    if federation.observes(to) {
        Disclosure::ForwardToObserver
    } else {
        Disclosure::Forward
    }
}

/// A message of the other side, as it is on record, and read.
pub(super) fn said_by_peer(
    turn: &Turn<'_>,
    row: &ExchangeRow,
    message: MessageId,
) -> Result<(SignedCopy, Message), Stop> {
    let key = message_key(row.peer, message);
    let known = turn.view.row::<MessageRow>(MESSAGE, &key)?;
    let known = known.filter(|known| known.conversation == row.id);
    let entry = known.ok_or(AppError::NotFound("message"))?.entry;
    if entry >= turn.log.size() {
        return Err(Stop::NotYet);
    }
    let signed = match signed_message(turn.log, entry) {
        Err(ReadError::Erased { .. }) => return Err(AppError::Erased.into()),
        signed => signed?,
    };
    let read = Message::read(&signed).map_err(|_| AppError::Log)?;
    Ok((SignedCopy(signed.to_bytes()), read))
}

/// Passes a message on, as a part of a request to a third member. The restrictions and protections
/// that it came with are added to those of the request.
pub(super) fn forward(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    what: &Forward,
) -> Result<Reply, Stop> {
    let me = service.me.member;
    let row = exchange_row(turn, what.exchange)?;
    if sent_before(service, turn, what.new, what.new)? {
        let rows = vec![exchange_row(turn, what.new)?, row];
        return Ok(Reply::Exchanges(rows, None));
    }
    if what.to == me {
        return Err(AppError::ToOneself.into());
    }
    listed(service, what.to)?;
    let federation = service.federation.as_ref().ok_or(AppError::NoTrustList)?;
    let how = disclosure(federation, what.to);
    let (copy, original) = said_by_peer(turn, &row, what.message)?;
    check_standing(&row, what.message)?;
    let protection = &row.exchange.request().protection;
    let mut request = (*what.request).clone();
    request.protection = request.protection.with(protection);
    request.handling = marking(&request.handling, &original.header, turn.now)?;
    let needed = original.header.handling.barrier(how);
    let permission = needed.and_then(|_| usable(&row, turn, what.message, what.to));
    let grant = match permission.as_ref().and_then(|permission| permission.grant) {
        Some((id, ..)) => Some(said_by_peer(turn, &row, id)?),
        None => None,
    };
    request.forwarded = Some(Forwarded {
        message: copy,
        permission: grant.as_ref().map(|(copy, _)| copy.clone()),
    });
    let passing = Passing {
        by: me,
        to: what.to,
        how,
        at: turn.now,
        request: &request,
        protection: Some(protection),
    };
    let grant = grant.as_ref().map(|(_, grant)| grant);
    passing.check(copied(&original), grant.map(copied))?;
    request.validate().map_err(AppError::Invalid)?;
    check_links(turn, &request)?;
    let used = match grant {
        Some(grant) => Some(decide_use(&row, &by, turn, grant, what)?),
        None => None,
    };
    let earlier = search::compared(service, turn, by, what.new, &request)?;
    let letter = Letter {
        id: what.new,
        conversation: what.new,
        recipients: vec![what.to],
        priority: request.priority(),
        handling: request.handling.clone(),
        body: Body::Request(Box::new(request)),
        attached: &what.attached,
    };
    compose(service, turn, by, letter)?;
    if let Some(notice) = used {
        // Recorded together with what used it, so that it is used once.
        let id = what.new.companion();
        say(service, turn, by, &row, id, notice, &[])?;
    }
    let new = ExchangeRow {
        earlier,
        ..exchange_row(turn, what.new)?
    };
    let rows = vec![new, exchange_row(turn, what.exchange)?];
    Ok(Reply::Exchanges(rows, None))
}

/// What its author took back, or found to be wrong, is not passed on.
fn check_standing(row: &ExchangeRow, message: MessageId) -> Result<(), Stop> {
    let ended = matches!(row.exchange.state(), State::Withdrawn | State::Superseded);
    if message == row.id && ended {
        return Err(Refused::Unfit(Unfit::TakenBack).into());
    }
    let mut told = row.exchange.corrections().into_iter();
    if told.any(|told| told.message == message) {
        return Err(Refused::Unfit(Unfit::Corrected).into());
    }
    Ok(())
}

/// The permission that can be used to pass a message on to a member now.
fn usable(
    row: &ExchangeRow,
    turn: &Turn<'_>,
    message: MessageId,
    to: MemberId,
) -> Option<Permission> {
    let mut permissions = row.exchange.permissions().into_iter();
    permissions.find(|permission| {
        let terms = &permission.terms;
        permission.holder == row.exchange.side()
            && (terms.message, terms.to) == (message, to)
            && permission.holds(turn.now)
    })
}

/// What the originator is told of the use.
fn decide_use(
    row: &ExchangeRow,
    by: &Actor,
    turn: &Turn<'_>,
    grant: &Message,
    what: &Forward,
) -> Result<Body, Stop> {
    let notice = Command::Notify(Notice {
        about: grant.header.id,
        says: Told::Used,
        to: Some(what.to),
        by: Some(what.new),
        note: None,
    });
    Ok(row.exchange.decide(&notice, by, turn.now)?)
}

/// Whether a peer's request may pass on what it passes on.
pub(super) fn admit(
    service: &Service,
    turn: &Turn<'_>,
    header: &Header,
    request: &Request,
) -> Result<Result<(), Refusal>, IndexError> {
    let Some(forwarded) = &request.forwarded else {
        return Ok(Ok(()));
    };
    let Some(original) = read_copy(&forwarded.message) else {
        return Ok(Err(Refusal::Malformed));
    };
    let permission = match forwarded.permission.as_ref().map(read_copy) {
        None => None,
        Some(Some(permission)) => Some(permission),
        Some(None) => return Ok(Err(Refusal::Malformed)),
    };
    let me = service.me.member;
    let protection = match &original.event.body {
        Body::Request(request) => Some(&request.protection),
        _ => None,
    };
    let passing = Passing {
        by: header.sender.member,
        to: me,
        how: if service.is_observer() {
            Disclosure::ForwardToObserver
        } else {
            Disclosure::Forward
        },
        at: header.created,
        request,
        protection,
    };
    let checked = passing.check(copied(&original), permission.as_ref().map(copied));
    let used = match &permission {
        Some(permission) => turn
            .view
            .row::<MessageId>(USED, permission.leaf().as_bytes())?
            .map(|_| NotPassedOn::Permission(NotPermitted::UsedBefore)),
        None => None,
    };
    Ok(match checked.err().or(used) {
        None => Ok(()),
        Some(NotPassedOn::Status) => Err(Refusal::OtherStatus),
        Some(_) => Err(Refusal::MayNotPassOn),
    })
}

/// Notes what a request passes on: in the exchange that it comes from, and, where a peer used a
/// permission for it, that this one was used.
pub(super) fn passed_on(
    view: &mut View<'_>,
    me: MemberId,
    message: &Message,
    to: MemberId,
) -> Result<(), IndexError> {
    let Some(passed_on) = PassedOn::by(message) else {
        return Ok(());
    };
    if message.sender.member != me {
        if let Some(permission) = passed_on.permission {
            view.put(USED, permission.as_bytes().to_vec(), message.header.id);
        }
        return Ok(());
    }
    let key = passed_on.conversation.to_bytes();
    let Some(mut row) = view.row::<ExchangeRow>(EXCHANGE, &key)? else {
        return Ok(());
    };
    row.forwards.push(ForwardRow {
        message: passed_on.message,
        to,
        exchange: message.header.id,
    });
    view.put(EXCHANGE, key.to_vec(), row);
    Ok(())
}
