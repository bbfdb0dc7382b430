//! Corrections of what was sent: telling everybody who has it, and passing on what others correct
//! to those who have it from here.

use serde::{Deserialize, Serialize};

use super::change::Change;
use super::content::read_change;
use super::error::AppError;
use super::input::Reply;
use super::passing::{read_copy, said_by_peer};
use super::requests::{check_country, is_country};
use super::respond::{exchange_row, say, sent_before};
use super::rows::*;
use super::service::{Service, Stop, Turn};
use crate::base::{Actor, MemberId, MessageId, Timestamp};
use crate::domain::handling::Barrier;
use crate::domain::message::{Body, Handling, Header};
use crate::domain::rfi::{
    Command, Correction, CorrectionTold, Flaw, LinkKind, NotPassedOn, Notice, Refused, Remedy,
    Request, SaidMessage, Told, Unfit, marking,
};
use crate::exchange::Refusal;
use crate::store::IndexError;

/// A correction as a person writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correcting {
    /// The message that is wrong.
    pub message: MessageId,
    /// What is wrong with it.
    pub flaw: Flaw,
    /// What is to be done.
    pub remedy: Remedy,
    /// What is wrong, and how it is right.
    pub text: String,
    /// What receivers may do with the correction; that of the message without it.
    pub handling: Option<Handling>,
}

/// A duty that one side of an exchange has towards the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// What is owed.
    pub what: Owed,
    /// What it is about: a correction, or a permission that was asked for.
    pub about: MessageId,
    /// Since when, by the clock of the side that it is owed to.
    pub since: Timestamp,
    /// Whether it is this side that owes it.
    pub ours: bool,
    /// The member that something is to be passed on to.
    pub to: Option<MemberId>,
}

/// What is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owed {
    /// To take note of a correction.
    Acknowledgement,
    /// To pass a correction on.
    PassingOn,
    /// To decide on a permission.
    Decision,
}

/// What either side of an exchange owes beside the answer.
pub fn duties(row: &ExchangeRow) -> Vec<Duty> {
    let side = row.exchange.side();
    let mut duties = Vec::new();
    for told in row.exchange.corrections() {
        let duty = |what, to| Duty {
            what,
            about: told.id,
            since: told.at,
            ours: told.by != side,
            to,
        };
        if told.acknowledged.is_none() {
            duties.push(duty(Owed::Acknowledgement, None));
        }
        if told.by != side {
            let left = to_pass_on(row, &told);
            duties.extend(left.map(|forward| duty(Owed::PassingOn, Some(forward.to))));
        }
    }
    for permission in row.exchange.permissions() {
        if permission.standing == crate::domain::rfi::Standing::Asked {
            duties.push(Duty {
                what: Owed::Decision,
                about: permission.id,
                since: permission.at,
                ours: permission.holder != side,
                to: None,
            });
        }
    }
    duties
}

/// Whether something is owed in an exchange for which its content is needed. For a member that the list in
/// force does not have any more, suspended ones apart, or that became an observer, nobody waits, and nobody
/// does it for one. What is not to be passed on, or not any more, is not needed for that.
pub(super) fn is_owed(service: &Service, row: &ExchangeRow, now: Timestamp) -> bool {
    let federation = service.federation.as_ref();
    let out = |member| federation.is_some_and(|federation| !federation.keeps(member));
    let gone = |member| out(member) || !is_country(service, member);
    let said = row.exchange.said();
    let goes_on = |duty: &Duty| {
        let mut about = said.iter().filter(|said| said.id == duty.about);
        duty.what != Owed::PassingOn || about.any(|said| said.goes_on(now))
    };
    let owed = duties(row);
    owed.iter()
        .any(|duty| !gone(duty.to.unwrap_or(row.peer)) && goes_on(duty))
}

/// Those who have what was corrected from here, and were not told yet.
fn to_pass_on<'a>(
    row: &'a ExchangeRow,
    told: &'a CorrectionTold,
) -> impl Iterator<Item = &'a ForwardRow> {
    let forwards = row.forwards.iter();
    forwards
        .filter(|forward| forward.message == told.message && !told.passed_on.contains(&forward.to))
}

/// Tells everybody who has a message of this exchange what is wrong with it: the other side, and
/// where the message is a request that went to several members, all of them. For one that is out it
/// waits.
pub(super) fn correct(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    id: MessageId,
    message: MessageId,
    what: &Correcting,
) -> Result<Reply, Stop> {
    let row = exchange_row(turn, id)?;
    if sent_before(service, turn, id, message)? {
        return Ok(Reply::Exchanges(vec![row], None));
    }
    check_country(service, row.peer)?;
    let mut rows = vec![row.clone()];
    if row.outgoing && what.message == row.id {
        let mut others = asked_the_same(turn, &row)?;
        others.retain(|other| is_country(service, other.peer));
        rows.extend(others);
    }
    // All of them are told, or nobody is.
    let mut bodies = Vec::new();
    for row in &rows {
        // Each exchange has the request under an id of its own.
        let about = if what.message == id {
            row.id
        } else {
            what.message
        };
        let said = find(row, about)?;
        let correction = Correction {
            message: said.id,
            leaf: said.leaf,
            flaw: what.flaw,
            remedy: what.remedy,
            text: what.text.clone(),
            handling: match &what.handling {
                Some(handling) => handling.clone(),
                None => handling_of(service, turn, row, &said)?,
            },
            passes_on: None,
        };
        let command = Command::Correct(correction);
        bodies.push(row.exchange.decide(&command, &by, turn.now)?);
    }
    let mut message = message;
    for (row, body) in rows.iter().zip(bodies) {
        say(service, turn, by, row, message, body, &[])?;
        message = message.companion();
    }
    let rows = rows.iter().map(|row| exchange_row(turn, row.id));
    Ok(Reply::Exchanges(rows.collect::<Result<_, _>>()?, None))
}

/// The exchanges in which other members were asked the same. People may link what only runs beside it, and
/// who was asked that is told nothing of this.
fn asked_the_same(turn: &Turn<'_>, row: &ExchangeRow) -> Result<Vec<ExchangeRow>, Stop> {
    let mut rows = Vec::new();
    let asked = unlinked(row);
    let links = row.exchange.request().links.iter();
    for link in links.filter(|link| link.kind == LinkKind::Parallel) {
        let other = turn
            .view
            .row::<ExchangeRow>(EXCHANGE, &link.exchange.to_bytes())?;
        rows.extend(other.filter(|other| {
            // Of what was erased here nothing but the marking and the kind of what was asked is left.
            let same = match row.erased.or(other.erased) {
                None => unlinked(other) == asked,
                Some(_) => unlinked(other).redacted() == asked.redacted(),
            };
            other.outgoing && other.peer != row.peer && same
        }));
    }
    Ok(rows)
}

/// What is asked, whichever other exchanges there are.
fn unlinked(row: &ExchangeRow) -> Request {
    Request {
        links: Vec::new(),
        ..row.exchange.request().clone()
    }
}

fn find(row: &ExchangeRow, message: MessageId) -> Result<SaidMessage, Stop> {
    let mut said = row.exchange.said().into_iter();
    let found = said.find(|said| said.id == message);
    found.ok_or_else(|| Refused::Unfit(Unfit::NoSuchMessage).into())
}

/// The marking of a message of an exchange.
fn handling_of(
    service: &Service,
    turn: &Turn<'_>,
    row: &ExchangeRow,
    said: &SaidMessage,
) -> Result<Handling, Stop> {
    if said.by != row.exchange.side() {
        return Ok(said_by_peer(turn, row, said.id)?.1.header.handling);
    }
    let key = message_key(service.me.member, said.id);
    let known = turn.view.row::<MessageRow>(MESSAGE, &key)?;
    let entry = known.ok_or(AppError::NotFound("message"))?.entry;
    if entry >= turn.log.size() {
        return Err(Stop::NotYet);
    }
    let record = turn.log.read(entry)?;
    match read_change(&record.content).map_err(|_| AppError::Log)?.1 {
        Change::Sent(own) => Ok(own.header.handling),
        Change::Received(..) | Change::ReceiptKept(_) | Change::Other(_) => {
            Err(AppError::Log.into())
        }
    }
}

/// Tells those who have a message from here what its author found to be wrong with it, and the
/// author that they were told. For one that is out it waits.
pub(super) fn pass_on(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    id: MessageId,
    correction: MessageId,
    first: MessageId,
) -> Result<Reply, Stop> {
    let row = exchange_row(turn, id)?;
    let mut all = row.exchange.corrections().into_iter();
    let told = all.find(|told| told.id == correction && told.by != row.exchange.side());
    let told = told.ok_or(Refused::Unfit(Unfit::NoSuchCorrection))?;
    let mut left: Vec<ForwardRow> = to_pass_on(&row, &told).cloned().collect();
    if left.is_empty() {
        return Err(Refused::Unfit(Unfit::DoneBefore).into());
    }
    left.retain(|forward| is_country(service, forward.to));
    if left.is_empty() {
        return Err(AppError::from(NotPassedOn::Marking(Barrier::NotForObservers)).into());
    }
    let (copy, read) = said_by_peer(turn, &row, correction)?;
    let Body::Correction(original) = &read.event.body else {
        return Err(AppError::Log.into());
    };
    if let Some(barrier) = read.header.handling.binds() {
        return Err(AppError::from(NotPassedOn::Marking(barrier)).into());
    }
    let handling = marking(&original.handling, &read.header, turn.now)?;
    // All of them are told, or nobody is.
    let mut told = Vec::new();
    for forward in &left {
        let there = exchange_row(turn, forward.exchange)?;
        let said = find(&there, forward.exchange)?;
        let passed = Command::Correct(Correction {
            message: said.id,
            leaf: said.leaf,
            flaw: original.flaw,
            remedy: original.remedy,
            text: original.text.clone(),
            handling: handling.clone(),
            passes_on: Some(copy.clone()),
        });
        let body = there.exchange.decide(&passed, &by, turn.now)?;
        told.push((forward, there, body));
    }
    let mut message = first;
    for (forward, there, body) in told {
        say(service, turn, by, &there, message, body, &[])?;
        let here = exchange_row(turn, id)?;
        let mut all = here.exchange.corrections().into_iter();
        if all.any(|told| told.id == correction && told.passed_on.contains(&forward.to)) {
            message = message.companion();
            continue;
        }
        let notice = Command::Notify(Notice {
            about: correction,
            says: Told::PassedOn,
            to: Some(forward.to),
            by: Some(message),
            note: None,
        });
        let body = here.exchange.decide(&notice, &by, turn.now)?;
        let id = message.companion();
        say(service, turn, by, &here, id, body, &[])?;
        message = id.companion();
    }
    Ok(Reply::Exchanges(vec![exchange_row(turn, id)?], None))
}

/// Whether a peer's correction passes on what the author of the message said of it.
pub(super) fn admit(
    header: &Header,
    row: &ExchangeRow,
    correction: &Correction,
) -> Result<(), Refusal> {
    let Some(copy) = &correction.passes_on else {
        return Ok(());
    };
    let told = read_copy(copy).ok_or(Refusal::Malformed)?;
    let forwarded = row.exchange.request().forwarded.as_ref();
    let forwarded = forwarded.filter(|_| correction.message == row.id);
    let original = forwarded.and_then(|forwarded| read_copy(&forwarded.message));
    let original = original.ok_or(Refusal::MayNotPassOn)?;
    let Body::Correction(said) = &told.event.body else {
        return Err(Refusal::MayNotPassOn);
    };
    let same = told.header.handling.binds().is_none()
        && (said.flaw, said.remedy) == (correction.flaw, correction.remedy)
        && said.text == correction.text
        && (said.message, said.leaf) == (original.header.id, original.leaf())
        && told.sender.member == original.sender.member
        && told.header.recipients == [header.sender.member];
    if same {
        Ok(())
    } else {
        Err(Refusal::MayNotPassOn)
    }
}

/// Whether what two exchanges say of each other is of one status: nothing where one is not known.
pub(super) fn same_status(
    turn: &Turn<'_>,
    status: crate::domain::Status,
    other: MessageId,
) -> Result<bool, IndexError> {
    let row = turn.view.row::<ExchangeRow>(EXCHANGE, &other.to_bytes())?;
    Ok(row.is_none_or(|row| row.exchange.status() == status))
}

/// The same for what a peer says of another exchange. One with somebody else counts as not known:
/// whoever is told of its id would find out from the answer that it is here.
pub(super) fn same_status_with(
    turn: &Turn<'_>,
    peer: MemberId,
    status: crate::domain::Status,
    other: MessageId,
) -> Result<bool, IndexError> {
    let row = turn.view.row::<ExchangeRow>(EXCHANGE, &other.to_bytes())?;
    let row = row.filter(|row| row.peer == peer);
    Ok(row.is_none_or(|row| row.exchange.status() == status))
}
