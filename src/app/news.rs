//! What happened in exchanges and alerts, for systems that are told of it: ids and codes, no content.

use super::change::{Change, Other};
use super::content::read_change;
use super::duty::DutyChange;
use super::error::AppError;
use super::input::Reply;
use super::rows::*;
use super::service::Turn;
use crate::base::{MemberId, MessageId, Timestamp};
use crate::domain::duty::Matter;
use crate::store::IndexError;

/// How many entries are looked at for one reply.
const LOOKED_AT: u64 = 500;

/// Where the API has that to which something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Among the alerts.
    Alerts,
    /// Among the exchanges.
    Exchanges,
    /// Among the letters that wait for a person.
    Letters,
}

impl Place {
    /// Its name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alerts => "alerts",
            Self::Exchanges => "exchanges",
            Self::Letters => "letters",
        }
    }
}

/// Something that happened in an exchange or an alert, or to a letter that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// The log entry that records it.
    pub entry: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// What happened, such as `request.received` or `receipt.delivered`.
    pub what: String,
    /// The exchange, alert or letter.
    pub conversation: MessageId,
    /// Which of these it is.
    pub place: Place,
    /// The message that it is about, where it is about one.
    pub message: Option<MessageId>,
    /// The other member, where there is one.
    pub peer: Option<MemberId>,
}

/// What happened from entry `since` on, and where to go on from.
pub(super) fn since(
    me: MemberId,
    turn: &Turn<'_>,
    since: u64,
) -> Result<Result<Reply, AppError>, IndexError> {
    let end = turn.log.size().min(since.saturating_add(LOOKED_AT));
    let mut news = Vec::new();
    for entry in since..end {
        let Ok(record) = turn.log.read(entry) else {
            return Ok(Err(AppError::Log));
        };
        // What was erased is no news.
        let Ok((_, change)) = read_change(&record.content) else {
            continue;
        };
        let Some((what, conversation, message, peer)) = told(me, turn, &change)? else {
            continue;
        };
        let place = place_of(turn, &change, conversation)?;
        news.push(News {
            entry,
            at: record.entry.time,
            what,
            conversation,
            place,
            message,
            peer,
        });
    }
    Ok(Ok(Reply::News(news, end)))
}

fn place_of(
    turn: &Turn<'_>,
    change: &Change,
    conversation: MessageId,
) -> Result<Place, IndexError> {
    // The exchange or alert of a letter that waits may not be there yet.
    if let Change::Other(Other::Duty(DutyChange::Escalated {
        matter: Matter::Waiting,
        ..
    })) = change
    {
        return Ok(Place::Letters);
    }
    let alert = turn.view.row::<AlertRow>(ALERT, &conversation.to_bytes())?;
    Ok(if alert.is_some() {
        Place::Alerts
    } else {
        Place::Exchanges
    })
}

type Told = (String, MessageId, Option<MessageId>, Option<MemberId>);

fn told(me: MemberId, turn: &Turn<'_>, change: &Change) -> Result<Option<Told>, IndexError> {
    Ok(match change {
        Change::Sent(message) => Some((
            format!("{}.sent", message.header.kind),
            message.header.conversation,
            Some(message.header.id),
            message.header.recipients.first().copied(),
        )),
        Change::Received(message, _) => Some((
            format!("{}.received", message.header.kind),
            message.header.conversation,
            Some(message.header.id),
            Some(message.header.sender.member),
        )),
        Change::ReceiptKept(receipt) => {
            let key = message_key(me, receipt.message);
            let row = turn.view.row::<MessageRow>(MESSAGE, &key)?;
            row.map(|row| {
                let what = format!("receipt.{}", receipt.word.as_str());
                let peer = receipt.from.member;
                (what, row.conversation, Some(receipt.message), Some(peer))
            })
        }
        Change::Other(Other::Duty(DutyChange::Escalated { conversation, .. })) => {
            Some(("escalated".to_owned(), *conversation, None, None))
        }
        Change::Other(_) => None,
    })
}
