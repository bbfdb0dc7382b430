//! Whether an exchange or alert stands as it did when somebody read it.

use super::error::AppError;
use super::input::Ask;
use super::letters::{LETTER, LetterRow, letter_id, letter_of};
use super::rows::*;
use super::service::{Stop, Turn};
use crate::base::{MemberId, MessageId};

/// What an ask is said in.
enum Conversation {
    Exchange(MessageId),
    Alert(MessageId),
}

fn conversation(ask: &Ask) -> Option<Conversation> {
    match ask {
        Ask::ForRelease(ask) => conversation(ask),
        Ask::Respond { exchange, .. }
        | Ask::Supersede { exchange, .. }
        | Ask::Correct { exchange, .. }
        | Ask::PassOn { exchange, .. } => Some(Conversation::Exchange(*exchange)),
        Ask::Forward(what) => Some(Conversation::Exchange(what.exchange)),
        Ask::OnAlert { on, .. } => Some(Conversation::Alert(on.alert)),
        _ => None,
    }
}

/// Refuses an ask about what has changed since, but for one that was taken before: asked again, it
/// finds that out by itself.
pub(super) fn check(me: MemberId, turn: &Turn<'_>, read: &[u64], ask: &Ask) -> Result<(), Stop> {
    if let Some(id) = letter_of(ask).and_then(|(ask, _)| letter_id(ask)) {
        let message = turn.view.row::<MessageRow>(MESSAGE, &message_key(me, id))?;
        let letter = turn.view.row::<LetterRow>(LETTER, &id.to_bytes())?;
        if message.is_some() || letter.is_some() {
            return Ok(());
        }
    }
    let thread = match conversation(ask) {
        None => return Ok(()),
        Some(Conversation::Exchange(id)) => {
            let row = turn.view.row::<ExchangeRow>(EXCHANGE, &id.to_bytes())?;
            row.map(|row| row.thread)
        }
        Some(Conversation::Alert(id)) => {
            let row = turn.view.row::<AlertRow>(ALERT, &id.to_bytes())?;
            row.map(|row| row.thread)
        }
    };
    match thread.as_deref().map(<[u64]>::last) {
        // What is not there is told as ever.
        None | Some(None) => Ok(()),
        Some(Some(last)) if read.contains(last) => Ok(()),
        Some(Some(_)) => Err(AppError::Changed.into()),
    }
}
