//! What remains of an entry's content when it is erased.

use super::{Erased, Gone};
use crate::app::change::{Change, Message, Other};
use crate::app::content::{UnreadableChange, read_change, write_erased, write_other};
use crate::app::duty::DutyChange;
use crate::app::letters::LetterChange;
use crate::app::passing::PassedOn;
use crate::domain::ERASED;
use crate::domain::duty::Call;
use crate::domain::rfi::LocalGround;

/// What remains of a content; none where there is nothing in it to erase.
///
/// # Errors
/// [`UnreadableChange`].
pub(in crate::app) fn remains(
    content: &[u8],
    gone: Gone,
) -> Result<Option<Vec<u8>>, UnreadableChange> {
    let (by, change) = read_change(content)?;
    match change {
        Change::Sent(message) | Change::Received(message, _) => {
            if message.erased.is_some() {
                return Ok(None);
            }
            let erased = Erased {
                leaf: message.leaf(),
                gone,
                passed_on: PassedOn::by(&message),
            };
            write_erased(content, &without_words(&message), &erased).map(Some)
        }
        Change::Other(other) => Ok(without(&other, gone).map(|other| write_other(&by, &other))),
        Change::ReceiptKept(_) => Ok(None),
    }
}

fn without_words(message: &Message) -> Message {
    let (header, event) = (message.header.redacted(), message.event.redacted());
    Message {
        sender: message.sender,
        ..Message::compose(header, event, [0; 32])
    }
}

/// The change without what people wrote; none where it holds nothing of the kind.
pub(in crate::app) fn without(other: &Other, gone: Gone) -> Option<Other> {
    match other {
        Other::Searched { query, kind, found } if !query.is_empty() => Some(Other::Searched {
            query: String::new(),
            kind: *kind,
            found: *found,
        }),
        Other::GroundNoted {
            conversation,
            message,
            ground: LocalGround::X5,
            random: _,
        } => Some(Other::GroundNoted {
            conversation: *conversation,
            message: *message,
            ground: LocalGround::None,
            random: [0; 16],
        }),
        Other::Letter(change) => of_letter(change, gone).map(Other::Letter),
        Other::Duty(DutyChange::Called {
            conversation,
            member,
            call,
        }) if call.to != ERASED => {
            let call = Call {
                to: ERASED.to_owned(),
                outcome: call.outcome,
                note: None,
            };
            let (conversation, member) = (*conversation, *member);
            Some(Other::Duty(DutyChange::Called {
                conversation,
                member,
                call,
            }))
        }
        Other::Searched { .. }
        | Other::GroundNoted { .. }
        | Other::ErasureOrdered { .. }
        | Other::Opened { .. }
        | Other::Consulted { .. }
        | Other::AttachmentRead { .. }
        | Other::AttachmentStored { .. }
        | Other::InputRefused { .. }
        | Other::DeliveryExpired { .. }
        | Other::Matched { .. }
        | Other::RetentionShortened { .. }
        | Other::Erased { .. }
        | Other::EpochChanged { .. }
        | Other::Started { .. }
        | Other::LogOpened { .. }
        | Other::SentAgain { .. }
        | Other::Stopped
        | Other::TrustListInForce { .. }
        | Other::Person(_)
        | Other::Policy(_)
        | Other::Carried(_)
        | Other::Office(_)
        | Other::Witness(_)
        | Other::Duty(_)
        | Other::Member(_) => None,
    }
}

fn of_letter(change: &LetterChange, gone: Gone) -> Option<LetterChange> {
    match change {
        LetterChange::Held(held) => {
            let held = held.without_words(gone)?;
            Some(LetterChange::Held(Box::new(held)))
        }
        LetterChange::Decided {
            reason: Some(reason),
            ..
        } if reason != ERASED => {
            let mut change = change.clone();
            if let LetterChange::Decided { reason, .. } = &mut change {
                *reason = Some(ERASED.to_owned());
            }
            Some(change)
        }
        LetterChange::Returned { letter, by, reason } if reason != ERASED => {
            Some(LetterChange::Returned {
                letter: *letter,
                by: *by,
                reason: ERASED.to_owned(),
            })
        }
        LetterChange::Decided { .. }
        | LetterChange::Returned { .. }
        | LetterChange::Waits { .. }
        | LetterChange::Discarded { .. } => None,
    }
}
