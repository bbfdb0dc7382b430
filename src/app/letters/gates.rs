//! What a composed letter has to pass: the policy, and the protection gate.

use super::LetterFault;
use super::rows::policy;
use crate::app::change::{Change, Message};
use crate::app::passing::read_copy;
use crate::app::requests::is_country;
use crate::app::rows::{EXCHANGE, ExchangeRow};
use crate::app::service::{Mark, Service, Stop, Turn};
use crate::base::MemberId;
use crate::domain::message::Body;
use crate::domain::protection::{Carries, Sign, Stopped, Tie, of_reply, of_request};
use crate::domain::rfi::{Request, Side};

/// What was found about the messages of a letter.
pub(super) struct Judged {
    /// Whether the policy wants a second person.
    pub wants_release: bool,
    /// Why the protection gate stops it.
    pub stops: Vec<Stopped>,
}

/// The messages that were composed since `mark`.
pub(super) fn composed<'a>(turn: &'a Turn<'_>, mark: &Mark) -> impl Iterator<Item = &'a Message> {
    turn.recorded_since(mark).iter().filter_map(|recorded| {
        let Change::Sent(message) = &recorded.change else {
            return None;
        };
        Some(&**message)
    })
}

/// Judges what was composed since `mark`.
///
/// # Errors
/// [`LetterFault::NeverContact`], which nobody can clear.
pub(super) fn judge(service: &Service, turn: &Turn<'_>, mark: &Mark) -> Result<Judged, Stop> {
    let policy = policy(&turn.view)?;
    let mut judged = Judged {
        wants_release: false,
        stops: Vec::new(),
    };
    for message in composed(turn, mark) {
        judged.wants_release |= policy.wants(&message.event.body);
        for member in &message.header.recipients {
            judged
                .stops
                .extend(protection(service, turn, message, *member)?);
        }
    }
    Ok(judged)
}

fn protection(
    service: &Service,
    turn: &Turn<'_>,
    message: &Message,
    to: MemberId,
) -> Result<Vec<Stopped>, Stop> {
    let carries = Carries::of(&message.event.body);
    if let Carries::Request(request) = carries {
        if request.protection.never_contact.contains(&to) {
            return Err(refused(LetterFault::NeverContact(to)));
        }
        let mut stops = match is_country(service, to) {
            true => of_request(request, to, turn.now),
            false => Vec::new(),
        };
        stops.extend(passed_on(service, turn, request, to)?);
        return Ok(stops);
    }
    // Who learns of it, and whom it names.
    let (learns, named) = match carries {
        Carries::Reply => (to, None),
        Carries::Transfer(other) => (to, Some(other)),
        Carries::Permission(other) => (other, Some(other)),
        Carries::Request(_) | Carries::Nothing => return Ok(Vec::new()),
    };
    let key = message.header.conversation.to_bytes();
    let Some(row) = turn.view.row::<ExchangeRow>(EXCHANGE, &key)? else {
        return Ok(Vec::new());
    };
    let request = row.exchange.request();
    let never = &request.protection.never_contact;
    if let Some(other) = named.filter(|other| never.contains(other)) {
        return Err(refused(LetterFault::NeverContact(other)));
    }
    if !is_country(service, learns) {
        return Ok(Vec::new());
    }
    // What the asking side corrects, or lets go on, is about those whom it knows itself.
    let mut stops = match row.exchange.side() {
        Side::Requesting => of_request(request, learns, turn.now),
        Side::Requested => of_reply(request, learns, turn.now),
    };
    stops.extend(passed_on(service, turn, request, learns)?);
    Ok(stops)
}

/// The most messages that are looked at one behind the other: each said about a request that passes
/// on the next.
const FARTHEST: usize = 16;

/// What tells a country about its own in what a request passes on: that is about those whom the
/// exchange is about in which it was said, and those whom its request passes something on about.
fn passed_on(
    service: &Service,
    turn: &Turn<'_>,
    request: &Request,
    to: MemberId,
) -> Result<Vec<Stopped>, Stop> {
    let mut stops = Vec::new();
    if !is_country(service, to) {
        return Ok(stops);
    }
    let mut next = original(request);
    for _ in 0..FARTHEST {
        let Some(message) = next else {
            return Ok(stops);
        };
        let Some((author, about)) = about(service, turn, message)? else {
            return Ok(stops);
        };
        // The country that asked is answered, by whatever way the answer goes.
        stops.extend(match author == to {
            true => of_reply(&about, to, turn.now),
            false => of_request(&about, to, turn.now),
        });
        next = original(&about);
    }
    // What is behind that, nobody looked at.
    stops.extend(next.map(|_| Stopped {
        member: to,
        subject: None,
        tie: Tie::Unstated,
        signs: vec![Sign::AsylumUnknown, Sign::MinorUnknown, Sign::VictimUnknown],
    }));
    Ok(stops)
}

/// The message that a request passes on.
fn original(request: &Request) -> Option<Message> {
    read_copy(&request.forwarded.as_ref()?.message)
}

/// The request that a message is or that it was said about, and who wrote that one; none where its
/// exchange is not known here.
fn about(
    service: &Service,
    turn: &Turn<'_>,
    message: Message,
) -> Result<Option<(MemberId, Request)>, Stop> {
    if let Body::Request(request) = message.event.body {
        return Ok(Some((message.sender.member, *request)));
    }
    let key = message.header.conversation.to_bytes();
    let row = turn.view.row::<ExchangeRow>(EXCHANGE, &key)?;
    Ok(row.map(|row| {
        let author = match row.exchange.side() {
            Side::Requesting => service.me.member,
            Side::Requested => row.peer,
        };
        (author, row.exchange.request().clone())
    }))
}

fn refused(fault: LetterFault) -> Stop {
    Stop::Error(fault.into())
}
