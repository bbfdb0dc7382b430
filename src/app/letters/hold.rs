//! Sending, or holding what must wait.

use super::LetterFault;
use super::change::{Held, LetterChange, Outline};
use super::draft::{Draft, letter_id};
use super::gates::{composed, judge};
use super::read::held;
use super::rows::{LETTER, LetterRow, LetterState};
use crate::app::change::{Change, Message, Other};
use crate::app::error::AppError;
use crate::app::input::{Ask, Reply};
use crate::app::rows::{ALERT, AlertRow, EXCHANGE, ExchangeRow};
use crate::app::service::{Mark, Service, Stop, Turn};
use crate::base::{Actor, MessageId};
use crate::domain::message::{Body, Priority};
use crate::domain::rfi::UrgencyReason;
use crate::store::MAX_CONTENT_LEN;

/// What letters take in the log is a multiple of this, in bytes.
const BUCKET: usize = 4_096;

/// The longest content of a letter, in bytes: it is written as a text within a text.
const LONGEST: usize = MAX_CONTENT_LEN / 2;

/// Whether a second pair of eyes is wanted although no policy wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) enum Review {
    /// As the policy says.
    AsPolicySays,
    /// The person asks for it.
    Asked,
}

/// Whether an ask composes a letter, so that it has to pass the gates.
pub(in crate::app) fn letter_of(ask: &Ask) -> Option<(&Ask, Review)> {
    match ask {
        Ask::ForRelease(ask) => Some((ask, Review::Asked)),
        ask => letter_id(ask).map(|_| (ask, Review::AsPolicySays)),
    }
}

/// Sends what is asked, or holds it.
pub(in crate::app) fn send(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    ask: &Ask,
    review: Review,
) -> Result<Reply, Stop> {
    let id = letter_id(ask).ok_or(AppError::NotFound("letter"))?;
    let known = turn.view.row::<LetterRow>(LETTER, &id.to_bytes())?;
    if let Some(row) = known {
        // Another letter under a number that is used would be lost, and said to wait or to be sent.
        if !says_the_same(turn, &row, ask)? {
            return Err(AppError::IdTaken.into());
        }
        if row.state != LetterState::Left {
            return waits(turn, row);
        }
    }
    let mark = turn.mark();
    let tried = service.compose(turn, by, ask).and_then(|reply| {
        let mut judged = judge(service, turn, &mark)?;
        let composed = composed(turn, &mark).next().is_some();
        judged.wants_release |= composed && review == Review::Asked;
        Ok((reply, judged))
    });
    let (reply, judged) = match tried {
        Ok(tried) => tried,
        Err(stop) => {
            turn.take_back(&mark);
            return Err(stop);
        }
    };
    if !judged.wants_release && judged.stops.is_empty() {
        return Ok(reply);
    }
    let outline = match Outline::of(turn, &mark) {
        Ok(outline) => outline,
        Err(stop) => {
            turn.take_back(&mark);
            return Err(stop);
        }
    };
    turn.take_back(&mark);
    let mut draft = Draft::of(ask).ok_or(AppError::NotFound("letter"))?;
    let keys = draft.take_keys();
    let content = draft.content();
    if content.len() > LONGEST {
        return Err(AppError::TooLarge.into());
    }
    let mut held = Held {
        id,
        by,
        salt: turn.entropy.array(),
        content,
        keys,
        wants_release: judged.wants_release,
        stops: judged.stops,
        outline,
        erased: None,
        padding: String::new(),
    };
    let length = serde_json::to_string(&held).map_or(0, |text| text.len());
    held.padding = " ".repeat(length.next_multiple_of(BUCKET) - length);
    let change = Other::Letter(LetterChange::Held(Box::new(held)));
    turn.record(service.me.member, by, Change::Other(change))?;
    let row = letter_row(turn, id)?;
    waits(turn, row)
}

/// Whether an ask says what the letter of its number says. Nobody can tell of one that was erased.
fn says_the_same(turn: &Turn<'_>, row: &LetterRow, ask: &Ask) -> Result<bool, Stop> {
    if row.erased.is_some() {
        return Ok(true);
    }
    let mut draft = Draft::of(ask).ok_or(AppError::NotFound("letter"))?;
    draft.take_keys();
    Ok(draft.content() == held(turn, row)?.content)
}

impl Outline {
    /// What was composed since `mark`, in outline.
    fn of(turn: &Turn<'_>, mark: &Mark) -> Result<Self, Stop> {
        let mut outline = Self::default();
        for message in composed(turn, mark) {
            let header = &message.header;
            outline.kinds.push(header.kind);
            outline.to.extend(&header.recipients);
            outline.messages.push(header.id);
            outline.urgent |= header.priority == Priority::Urgent;
            outline.exercise |= header.status().is_ok_and(|status| !status.counts());
            if !header.attachments.is_empty() {
                outline.attachments.push(header.id);
            }
            if header.conversation != header.id {
                outline.conversation = Some(header.conversation);
            }
            if let Body::Request(request) = &message.event.body {
                outline.life |= request.urgency_reason == Some(UrgencyReason::U2);
            }
            if outline.subject.is_empty() {
                outline.subject = subject(turn, message)?;
            }
        }
        outline.to.sort();
        outline.to.dedup();
        outline.kinds.dedup();
        Ok(outline)
    }
}

/// What a message is about, in a few words.
fn subject(turn: &Turn<'_>, message: &Message) -> Result<String, Stop> {
    if let Body::Alert(alert) = &message.event.body {
        return Ok(alert.headline.clone());
    }
    let key = message.header.conversation.to_bytes();
    if let Some(row) = turn.view.row::<ExchangeRow>(EXCHANGE, &key)? {
        return Ok(row.exchange.request().offence.clone());
    }
    let alert = turn.view.row::<AlertRow>(ALERT, &key)?;
    Ok(alert.map_or_else(String::new, |row| row.alert.alert().headline.clone()))
}

/// The letter's row.
pub(super) fn letter_row(turn: &Turn<'_>, id: MessageId) -> Result<LetterRow, Stop> {
    let row = turn.view.row::<LetterRow>(LETTER, &id.to_bytes())?;
    row.ok_or_else(|| AppError::NotFound("letter").into())
}

/// That a letter waits, with the exchange that it belongs to.
fn waits(turn: &Turn<'_>, row: LetterRow) -> Result<Reply, Stop> {
    let exchange = match row.conversation {
        Some(id) => turn.view.row::<ExchangeRow>(EXCHANGE, &id.to_bytes())?,
        None => None,
    };
    let exchange = exchange.map(|mut exchange| {
        exchange.letters.push(row.clone());
        Box::new(exchange)
    });
    Ok(Reply::Waits(Box::new(row), exchange))
}

/// Composes a letter whose time has come, as it was written, and checks that it goes to whom it was
/// written.
pub(super) fn leave(
    service: &mut Service,
    turn: &mut Turn<'_>,
    row: &LetterRow,
    draft: Draft,
    mark: &Mark,
) -> Result<(), Stop> {
    turn.letter = Some(row.entry);
    let outcome = service.compose(turn, row.by, &draft.into_ask());
    turn.letter = None;
    outcome?;
    let stray = composed(turn, mark)
        .flat_map(|message| &message.header.recipients)
        .any(|member| !row.to.contains(member));
    match stray {
        true => Err(Stop::Error(LetterFault::OtherRecipients.into())),
        false => Ok(()),
    }
}
