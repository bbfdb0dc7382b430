//! What a message that came in is worth: fresh, known already, too early, or refused.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Refusal;
use crate::base::{Digest, MemberId, Timestamp};
use crate::domain::message::{Header, SKEW};

/// The longest life of a message. Ids are remembered at least that long, so no retry outlives
/// the memory of its duplicate.
const LONGEST_LIFE: Duration = Duration::from_secs(400 * 24 * 3600);

/// A message that this node has taken before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// What its signature covers.
    pub leaf: Digest,
    /// The log entry that holds it, whose receipt answers a duplicate.
    pub entry: u64,
}

/// How far one sender has come in one conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Conversation {
    /// Messages so far; the next has this number, from 0.
    pub sequence: u64,
    /// The leaf of the latest.
    pub last: Option<Digest>,
}

/// What to do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is new, in order and in time.
    Fresh,
    /// It is here already: answer with the receipt of this entry.
    Duplicate {
        /// The log entry that holds the message.
        entry: u64,
    },
    /// It is not taken.
    Refused(Refusal),
}

/// Judges a message whose signature holds. `known` is what this node remembers under the
/// message's sender and id, `conversation` how far the sender had come. A header that says where the
/// member goes on names two places: the sender does not always know whether the messages between came.
pub fn judge(
    header: &Header,
    leaf: &Digest,
    me: MemberId,
    now: Timestamp,
    known: Option<Known>,
    conversation: &Conversation,
) -> Verdict {
    if let Some(known) = known {
        return if known.leaf == *leaf {
            Verdict::Duplicate { entry: known.entry }
        } else {
            Verdict::Refused(Refusal::ConflictingId)
        };
    }
    let continues = header.continues(me);
    let refusal = if !header.recipients.contains(&me) {
        Some(Refusal::WrongRecipient)
    } else if header.expires <= now {
        Some(Refusal::Expired)
    } else if header.created > now.plus(SKEW) {
        Some(Refusal::PostDated)
    } else if header.expires > now.plus(LONGEST_LIFE) {
        Some(Refusal::LivesTooLong)
    } else if header.sequence < conversation.sequence {
        Some(Refusal::Replayed)
    } else {
        let stands = (conversation.sequence, conversation.last);
        match continues {
            Err(_) => Some(Refusal::Malformed),
            Ok(place) if [place, (header.sequence, header.previous_own)].contains(&stands) => {
                // None could follow the last number that there is.
                (header.sequence == u64::MAX).then_some(Refusal::Malformed)
            }
            // What goes before it is on its way, or more came than its sender knows.
            Ok((sequence, _))
                if sequence != conversation.sequence && header.sequence > conversation.sequence =>
            {
                Some(Refusal::Gap)
            }
            // It names another as the one before it, or says that fewer went here than came.
            Ok(_) => Some(Refusal::BrokenChain),
        }
    };
    refusal.map_or(Verdict::Fresh, Verdict::Refused)
}

#[cfg(test)]
mod tests;
