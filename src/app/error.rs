//! Why a person does not get what was asked: what happened, why, and what to do next.

use crate::base::MemberId;
use crate::domain::FieldError;
use crate::domain::alert::AlertRefused;
use crate::domain::handling::Barrier;
use crate::domain::rfi::{NotPassedOn, Refused};
use crate::store::{IndexError, ReadError};

use super::letters::LetterFault;
use super::permit::Denied;

/// A refusal to a person. Each has a stable code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppError {
    /// The role table says no.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// There is nothing of that id that the caller may see.
    #[error("there is no such {0} at this node")]
    NotFound(&'static str),
    /// The input breaks rules of its form.
    #[error("{} field(s) need attention", .0.len())]
    Invalid(Vec<FieldError>),
    /// The state, or the four-eyes rule, does not allow it.
    #[error(transparent)]
    NotNow(Refused),
    /// A message may not be passed on so.
    #[error(transparent)]
    NotPassedOn(NotPassedOn),
    /// The alert does not allow it as it stands.
    #[error(transparent)]
    AlertNotNow(AlertRefused),
    /// A letter is not taken, or a decision about one.
    #[error(transparent)]
    Letter(LetterFault),
    /// No trust list is installed.
    #[error("no trust list is installed at this node, so it knows no peers")]
    NoTrustList,
    /// A recipient is not in the trust list in force.
    #[error("{0} is not a member of the trust list in force")]
    NotListed(MemberId),
    /// A request was addressed to an observer.
    #[error("{0} is an observer, and observers get nothing of an exchange")]
    Observer(MemberId),
    /// The trust list has run out, so no new keys are made.
    #[error("the trust list has run out, so no new keys are made or taken until there is another")]
    ListExpired,
    /// A node's bundle names every log key that it had, and has room for restores alone now.
    #[error("the node has had as many log keys as it may have, but for those that restores need")]
    LogKeysUsedUp,
    /// The safety number that was given is not the one that the keys of both give.
    #[error("the number read out is not the one that the keys of {0} give here")]
    NumberDiffers(MemberId),
    /// The identity key of a member changed, and two people here have not accepted that yet.
    #[error("the identity key of {0} has changed, so nothing goes to it")]
    IdentityChanged(MemberId),
    /// No change of the member's identity key waits to be accepted.
    #[error("no change of {0}'s identity key waits to be accepted")]
    NothingToAccept(MemberId),
    /// The same person accepted it already.
    #[error("you have accepted {0}'s changed identity key already; another person must")]
    SecondPersonNeeded(MemberId),
    /// A request was addressed to the own member.
    #[error("a request goes to another member, not to one's own")]
    ToOneself,
    /// Nobody was named.
    #[error("no member was named to send to")]
    NoRecipient,
    /// More members were named than one request is sent to.
    #[error("a request is sent to at most 64 members at once")]
    TooManyAsked,
    /// A member was named more than once.
    #[error("{0} is named more than once")]
    NamedTwice(MemberId),
    /// The id was used for something else.
    #[error("this reservation was used for another message")]
    IdTaken,
    /// The exchange or alert is not as the caller read it.
    #[error("something was said in it since it was read")]
    Changed,
    /// The message does not fit an envelope.
    #[error("the message is larger than an envelope carries")]
    TooLarge,
    /// The attachment has not come whole yet.
    #[error("the attachment has not arrived whole yet")]
    AttachmentIncomplete,
    /// Messages of several members have the id, and nobody said whose is meant.
    #[error("messages of several members have this id")]
    AmbiguousAttachment,
    /// An alert still holds.
    #[error("the alert still holds, so its content is needed")]
    StillHolds,
    /// Something is owed in the exchange, or a letter in it waits.
    #[error("something is still owed in it, or a letter in it waits, so its content is needed")]
    StillOwed,
    /// What it needs was erased here.
    #[error("the content of that message was erased here")]
    Erased,
    /// The disk is full, or nearly.
    #[error("the disk is full, so nothing new can be recorded")]
    DiskFull,
    /// What would be recorded of it is not what the log takes.
    #[error("the log does not take what would be recorded of it, which is too long")]
    Unfit,
    /// A page cursor is not one that this node gave.
    #[error("the cursor is not one that this node gave")]
    BadCursor,
    /// The index could not be read.
    #[error("the index could not be read")]
    Index,
    /// The log could not be read.
    #[error("the log could not be read")]
    Log,
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopping,
}

impl AppError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Denied(_) => "not-permitted",
            Self::NotFound(_) => "not-found",
            Self::Invalid(_) => "invalid",
            Self::NotNow(refused) => refused.code(),
            Self::NotPassedOn(why) => why.code(),
            Self::AlertNotNow(refused) => refused.code(),
            Self::Letter(fault) => fault.code(),
            Self::NoTrustList => "no-trust-list",
            Self::NotListed(_) => "not-listed",
            Self::Observer(_) => "marking-forbids",
            Self::ListExpired => "list-expired",
            Self::LogKeysUsedUp => "log-keys-used-up",
            Self::NumberDiffers(_) => "number-differs",
            Self::IdentityChanged(_) => "identity-changed",
            Self::NothingToAccept(_) => "nothing-to-accept",
            Self::SecondPersonNeeded(_) => "second-person-needed",
            Self::ToOneself => "to-oneself",
            Self::NoRecipient => "no-recipient",
            Self::TooManyAsked => "too-many-asked",
            Self::NamedTwice(_) => "named-twice",
            Self::IdTaken => "id-taken",
            Self::Changed => "changed-since",
            Self::TooLarge => "too-large",
            Self::AttachmentIncomplete => "attachment-incomplete",
            Self::AmbiguousAttachment => "attachment-ambiguous",
            Self::StillHolds => "alert-still-holds",
            Self::StillOwed => "still-owed",
            Self::Erased => "content-erased",
            Self::DiskFull => "disk-full",
            Self::Unfit => "log-unfit",
            Self::BadCursor => "bad-cursor",
            Self::Index => "index-failed",
            Self::Log => "log-failed",
            Self::Stopping => "stopping",
        }
    }

    /// What the person can do.
    pub fn next(&self) -> &'static str {
        match self {
            Self::Denied(_) => {
                "Ask a colleague who has the role, or the administrator for the role."
            }
            Self::NotFound(_) => {
                "Check the id; `liaison rfi list` and `liaison alert list` show what there is."
            }
            Self::Invalid(_) => "Correct the fields named and send it again; nothing was sent.",
            Self::NotNow(_) => "Look at the exchange as it now stands with `liaison rfi show`.",
            Self::Observer(_)
            | Self::NotPassedOn(NotPassedOn::Marking(Barrier::NotForObservers)) => {
                "Leave the observer out: what it gets are alerts. Nothing was sent."
            }
            Self::NotPassedOn(NotPassedOn::Marking(barrier)) if barrier.yields_to_permission() => {
                "Ask the originator with `liaison permit ask`; nothing was sent."
            }
            Self::NotPassedOn(_) => "Ask the originator to send it itself; nothing was sent.",
            Self::AlertNotNow(_) => "Look at the alert as it now stands with `liaison alert show`.",
            Self::Letter(fault) => fault.next(),
            Self::NoTrustList => {
                "Install the list that the members signed: `liaison trust install`."
            }
            Self::NotListed(_) => {
                "`liaison trust show` lists the members; a new one has to be enrolled first."
            }
            Self::ListExpired => {
                "Propose, sign and install the next list: `liaison trust propose --dir DIR`."
            }
            Self::LogKeysUsedUp => {
                "Make the others anew: `liaison key rotate --tls --recipient`. The log goes on under the \
                 key that it has."
            }
            Self::NumberDiffers(_) => {
                "Read the digits again. If they still differ, one of you has other keys of the other: \
                 send nothing, and call the federation's other members."
            }
            Self::IdentityChanged(_) => {
                "Compare the safety number with its people by telephone; then two of you accept it \
                 with `liaison member accept`."
            }
            Self::NothingToAccept(_) => "`liaison member show` tells how the member stands.",
            Self::SecondPersonNeeded(_) => {
                "Ask a colleague to compare the safety number and accept it too."
            }
            Self::ToOneself | Self::NoRecipient => "Name the member to ask with `--to`.",
            Self::TooManyAsked => "Send it in parts, or publish an alert.",
            Self::NamedTwice(_) => "Name each member once; nothing was sent.",
            Self::IdTaken => "Make a new reservation and send it again.",
            Self::Changed => "Read it again, and send it on what it now says; nothing was sent.",
            Self::TooLarge => "Shorten the text, or attach it as a file.",
            Self::AttachmentIncomplete => {
                "Wait until it has come; `liaison rfi show` tells when it is complete."
            }
            Self::AmbiguousAttachment => "Name the member whose message it is: `?of=MEMBER`.",
            Self::StillOwed => "`liaison rfi show` tells what: see to it first.",
            Self::Erased => "Ask its author for it anew.",
            Self::StillHolds => "Cancel it first, if it is yours, or wait until it expires.",
            Self::DiskFull => {
                "Free space on the disk of the data folder; nothing acknowledged was lost."
            }
            Self::Unfit => "Ask for less at once; nothing of it happened.",
            Self::BadCursor => "Begin with the first page again.",
            Self::Index => {
                "Stop the node and run `liaison store rebuild`; the log is not affected."
            }
            Self::Log => "Stop the node and run `liaison audit verify` to see what is damaged.",
            Self::Stopping => "Try again when it serves again.",
        }
    }
}

impl From<NotPassedOn> for AppError {
    fn from(why: NotPassedOn) -> Self {
        match why {
            NotPassedOn::Weakened(fields) => Self::Invalid(fields),
            why => Self::NotPassedOn(why),
        }
    }
}

impl From<Refused> for AppError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Invalid(fields) => Self::Invalid(fields),
            refused => Self::NotNow(refused),
        }
    }
}

impl From<AlertRefused> for AppError {
    fn from(refused: AlertRefused) -> Self {
        match refused {
            AlertRefused::Invalid(fields) => Self::Invalid(fields),
            refused => Self::AlertNotNow(refused),
        }
    }
}

impl From<IndexError> for AppError {
    fn from(_: IndexError) -> Self {
        Self::Index
    }
}

impl From<ReadError> for AppError {
    fn from(_: ReadError) -> Self {
        Self::Log
    }
}
