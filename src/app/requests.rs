//! Requests: sending one, and the message that continues a conversation.

use std::time::Duration;

use super::alerts;
use super::change::{Change, Message};
use super::corrections::same_status;
use super::error::AppError;
use super::input::{Attached, Reply};
use super::project::last_seen;
use super::reached::Kept;
use super::recipients::check_asked;
use super::rows::*;
use super::search;
use super::service::{Service, Stop, Turn};
use crate::base::{Actor, MemberId, MessageId};
use crate::domain::message::{Body, Event, Extension, Handling, Header, Joining, Priority};
use crate::domain::rfi::{Link, LinkKind, Request};
use crate::domain::{FieldError, Status};
use crate::exchange::Conversation;
use crate::wire;

/// How long peers may try to deliver a message.
pub const LIFE: Duration = Duration::from_secs(30 * 24 * 3600);

/// Asks each member, as linked exchanges.
pub(super) fn send(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    to: &[(MemberId, MessageId, Vec<Attached>)],
    request: &Request,
) -> Result<Reply, Stop> {
    let me = service.me.member;
    let federation = service.federation.as_ref().ok_or(AppError::NoTrustList)?;
    let asked: Vec<MemberId> = to.iter().map(|(member, ..)| *member).collect();
    check_asked(&asked)?;
    for (member, _, _) in to {
        if *member == me {
            return Err(AppError::ToOneself.into());
        }
        if !federation.lists(*member) {
            return Err(AppError::NotListed(*member).into());
        }
        check_country(service, *member)?;
    }
    check_country(service, me)?;
    request.validate().map_err(AppError::Invalid)?;
    check_not_forwarded(request)?;
    check_not_superseding(request)?;
    check_links(turn, request)?;
    let sent_before = sent_before(turn, me, to)?;
    let mut earlier = Vec::new();
    let as_sent_to = |id: MessageId| {
        let mut request = request.clone();
        let others = to.iter().map(|(_, id, _)| *id);
        request.link_parallel(others.filter(|other| *other != id));
        request
    };
    if sent_before {
        for (_, id, _) in to {
            let row = turn.view.row::<ExchangeRow>(EXCHANGE, &id.to_bytes())?;
            let known = row.filter(|row| row.erased.is_none());
            // Another request under a number that is used would be lost, and said to be sent.
            if known.is_some_and(|row| *row.exchange.request() != as_sent_to(*id)) {
                return Err(AppError::IdTaken.into());
            }
        }
    } else {
        if let Some((_, id, _)) = to.first() {
            earlier = search::compared(service, turn, by, *id, request)?;
        }
        for (member, id, attached) in to {
            let request = as_sent_to(*id);
            let letter = Letter {
                id: *id,
                conversation: *id,
                recipients: vec![*member],
                priority: request.priority(),
                handling: request.handling.clone(),
                body: Body::Request(Box::new(request)),
                attached,
            };
            compose(service, turn, by, letter)?;
        }
    }
    let mut rows = Vec::new();
    for (_, id, _) in to {
        let row = turn.view.row::<ExchangeRow>(EXCHANGE, &id.to_bytes())?;
        rows.extend(row.map(|row| ExchangeRow {
            earlier: earlier.clone(),
            ..row
        }));
    }
    Ok(Reply::Exchanges(rows, None))
}

/// Observers get no requests and make none: what these and their answers say of persons is not for them.
pub(super) fn check_country(service: &Service, member: MemberId) -> Result<(), Stop> {
    match is_country(service, member) {
        true => Ok(()),
        false => Err(AppError::Observer(member).into()),
    }
}

/// Whether a member is a country: observers are organisations, which nobody is a national of.
pub(super) fn is_country(service: &Service, member: MemberId) -> bool {
    let federation = service.federation.as_ref();
    federation.is_none_or(|federation| !federation.observes(member))
}

/// What is passed on goes its own way, on which its marking is asked.
pub(super) fn check_not_forwarded(request: &Request) -> Result<(), Stop> {
    if request.forwarded.is_none() {
        return Ok(());
    }
    let fault = FieldError {
        path: "forwarded".to_owned(),
        code: "not-allowed",
        what: "is made by `liaison rfi forward`".to_owned(),
    };
    Err(AppError::Invalid(vec![fault]).into())
}

/// Exercise and reality do not mix: a request links to nothing of another status.
pub(super) fn check_links(turn: &Turn<'_>, request: &Request) -> Result<(), Stop> {
    for (place, link) in request.links.iter().enumerate() {
        if !same_status(turn, request.status, link.exchange)? {
            let fault = FieldError {
                path: format!("links[{place}].exchange"),
                code: "other-status",
                what: format!("is not {}, as this request is", request.status),
            };
            return Err(AppError::Invalid(vec![fault]).into());
        }
    }
    Ok(())
}

/// The link to a request that is superseded is made together with that one's end.
fn check_not_superseding(request: &Request) -> Result<(), Stop> {
    let supersedes = |link: &Link| link.kind == LinkKind::Supersedes;
    let Some(place) = request.links.iter().position(supersedes) else {
        return Ok(());
    };
    let fault = FieldError {
        path: format!("links[{place}].kind"),
        code: "not-allowed",
        what: "is made by `liaison rfi supersede`, which ends the other exchange too".to_owned(),
    };
    Err(AppError::Invalid(vec![fault]).into())
}

/// Whether these very requests were sent already, so that a repeated post changes nothing.
fn sent_before(
    turn: &Turn<'_>,
    me: MemberId,
    to: &[(MemberId, MessageId, Vec<Attached>)],
) -> Result<bool, Stop> {
    let mut sent = 0;
    for (member, id, _) in to {
        let row = turn
            .view
            .row::<MessageRow>(MESSAGE, &message_key(me, *id))?;
        if let Some(row) = row {
            if !row.deliveries.contains_key(member) {
                return Err(AppError::IdTaken.into());
            }
            sent += 1;
        }
    }
    match sent {
        0 => Ok(false),
        n if n == to.len() => Ok(true),
        _ => Err(AppError::IdTaken.into()),
    }
}

/// What a new message is made of.
pub(super) struct Letter<'a> {
    pub id: MessageId,
    pub conversation: MessageId,
    pub recipients: Vec<MemberId>,
    pub priority: Priority,
    pub handling: Handling,
    pub body: Body,
    pub attached: &'a [Attached],
}

/// Whether what a letter says is real: as the request of its exchange is.
fn status_of(letter: &Letter<'_>, row: Option<&ExchangeRow>) -> Status {
    if let Body::Request(request) = &letter.body {
        return request.status;
    }
    row.map_or(Status::Actual, |row| row.exchange.status())
}

/// Where a message goes on at the other side of an exchange, if that did not take all before it: what was
/// refused, or expired on the way, it does not count, nor what is `kept` from it. `progress` is how far this
/// member has come.
fn goes_on(row: &ExchangeRow, progress: &Conversation, kept: &Kept) -> Option<Extension> {
    let stays = |message: MessageId| match kept {
        // What waits for a member that is out goes once it is back.
        Kept::All => false,
        Kept::Only(messages) => messages.contains(&message),
    };
    let (sequence, last) = row.exchange.stands(stays)?;
    if sequence >= progress.sequence {
        return None;
    }
    Joining::extension(&[Joining {
        member: row.peer,
        sequence,
        last,
    }])
}

/// Makes the message that continues a conversation, records it, and sees to it that it leaves.
pub(super) fn compose(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    letter: Letter<'_>,
) -> Result<u64, Stop> {
    let me = service.me.member;
    service.stirred.extend(letter.recipients.iter().copied());
    let federation = service.federation.as_ref().ok_or(AppError::NoTrustList)?;
    let progress = turn
        .view
        .row::<Conversation>(CONVERSATION, &conversation_key(letter.conversation, me))?
        .unwrap_or_default();
    let mut seen = None;
    for member in &letter.recipients {
        seen = seen.or(last_seen(&turn.view, letter.conversation, *member)?);
    }
    let key = letter.conversation.to_bytes();
    let exchange = turn.view.row::<ExchangeRow>(EXCHANGE, &key)?;
    let mut extensions = alerts::joining(turn, (me, federation), &letter, &progress)?;
    if let Some(row) = &exchange {
        let kept = Kept::of(turn, Some(federation), row)?;
        extensions.extend(goes_on(row, &progress, &kept));
    }
    extensions.extend(status_of(&letter, exchange.as_ref()).extension());
    let header = Header {
        protocol: wire::PROTOCOL,
        id: letter.id,
        conversation: letter.conversation,
        sequence: progress.sequence,
        previous_own: progress.last,
        last_seen: seen,
        sender: service.me,
        recipients: letter.recipients,
        kind: letter.body.kind(),
        priority: letter.priority,
        handling: letter.handling,
        created: turn.now,
        expires: turn.now.plus(LIFE),
        trust_list: federation.hash,
        attachments: letter.attached.iter().map(|a| a.slot.clone()).collect(),
        extensions,
    };
    let event = Event {
        by,
        at: turn.now,
        attachments: letter.attached.iter().map(|a| a.info.clone()).collect(),
        body: letter.body,
    };
    let random = turn.entropy.array();
    let message = Message::compose(header, event, random);
    if message.body_bytes.len() > wire::LONGEST_BODY
        || message.header_bytes.len() > wire::LONGEST_HEADER
    {
        return Err(AppError::TooLarge.into());
    }
    let entry = turn.record(me, by, Change::Sent(Box::new(message)))?;
    Ok(entry)
}
