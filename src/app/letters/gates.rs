//! What a composed letter has to pass: the policy, and the protection gate.

use super::LetterFault;
use super::rows::policy;
use crate::app::change::{Change, Message};
use crate::app::passing::read_copy;
use crate::app::rows::{EXCHANGE, ExchangeRow};
use crate::app::service::{Mark, Service, Stop, Turn};
use crate::base::MemberId;
use crate::domain::protection::{Carries, Stopped, of_reply, of_request};
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
    if let Carries::Nothing = carries {
        return Ok(Vec::new());
    }
    let key = message.header.conversation.to_bytes();
    let Some(row) = turn.view.row::<ExchangeRow>(EXCHANGE, &key)? else {
        return Ok(Vec::new());
    };
    let request = row.exchange.request();
    Ok(match carries {
        Carries::Reply if is_country(service, to) => {
            // What the asking side corrects is about those whom it knows itself.
            let mut stops = match row.exchange.side() {
                Side::Requesting => of_request(request, to, turn.now),
                Side::Requested => of_reply(request, to, turn.now),
            };
            stops.extend(passed_on(service, turn, request, to)?);
            stops
        }
        Carries::Transfer(other) if request.protection.never_contact.contains(&other) => {
            return Err(refused(LetterFault::NeverContact(other)));
        }
        Carries::Reply | Carries::Transfer(_) | Carries::Request(_) | Carries::Nothing => {
            Vec::new()
        }
    })
}

/// What tells a country about its own in what a request passes on: that is about those whom the
/// exchange is about in which it was said.
fn passed_on(
    service: &Service,
    turn: &Turn<'_>,
    request: &Request,
    to: MemberId,
) -> Result<Vec<Stopped>, Stop> {
    let copy = request.forwarded.as_ref();
    let original = copy.and_then(|forwarded| read_copy(&forwarded.message));
    let Some(original) = original.filter(|_| is_country(service, to)) else {
        return Ok(Vec::new());
    };
    let key = original.header.conversation.to_bytes();
    let row = turn.view.row::<ExchangeRow>(EXCHANGE, &key)?;
    let about = row.map(|row| row.exchange.request().clone());
    Ok(about.map_or_else(Vec::new, |about| of_request(&about, to, turn.now)))
}

fn refused(fault: LetterFault) -> Stop {
    Stop::Error(fault.into())
}

/// Whether a member is a country: observers are organisations, which nobody is a national of.
fn is_country(service: &Service, member: MemberId) -> bool {
    let federation = service.federation.as_ref();
    federation.is_none_or(|federation| !federation.observes(member))
}
