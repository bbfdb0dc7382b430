//! Letters that wait for a decision: whatever a person composes is tried out first, and where the
//! policy, the person or the protection gate wants a second pair of eyes, it is taken back and
//! waits as a letter. A second person's signed decision lets it leave.
//!
//! ```text
//! written ─► in-review ─► released ─► (protection gate) ─► left
//!    │           │ ▲           └─► stopped ─► cleared ─► left
//!    │           └─┴── returned, discarded
//!    └─► (protection gate) ─► stopped ─► cleared ─► left
//! ```
//!
//! Nothing is composed, numbered or timed before it leaves: what waits has no place in a
//! conversation, and starts no clock.

mod change;
mod decide;
mod draft;
mod gates;
mod hold;
mod read;
mod rows;

pub use change::{LetterChange, PersonChange};
pub use decide::Decide;
pub use draft::Draft;
pub use rows::{
    Decided, LETTER, LETTER_IN, LETTER_OPEN, LetterRow, LetterState, PERSON, POLICY, PersonRow,
};

pub(super) use change::{letter_changed, on_letter, person_changed};
pub(super) use decide::give_all_back;
pub(super) use draft::letter_id;
pub(super) use hold::{letter_of, send};
use read::read;
pub(super) use read::{attached, letters_in, open, urgent};
pub(super) use rows::put_in_force;

use super::error::AppError;
use super::input::Reply;
use super::permit::{Action, Permit};
use super::service::{Service, Stop, Turn};
use crate::base::MessageId;
use crate::seal::person::DecisionKind;

/// What a person asks about letters.
#[derive(Debug, Clone, PartialEq)]
pub enum LetterAsk {
    /// List the letters that somebody has to see to, the most urgent first.
    List {
        /// Only those in this state.
        state: Option<LetterState>,
    },
    /// See one letter's line in the list; recorded nowhere.
    Glance {
        /// The letter, or one of its messages.
        letter: MessageId,
    },
    /// Read one letter.
    Read {
        /// The letter, or one of its messages.
        letter: MessageId,
    },
    /// Read what is on record that one passes on, corrects or replaces.
    OnRecord {
        /// The letter, or one of its messages.
        letter: MessageId,
    },
    /// Decide about one.
    Decide(Box<Decide>),
    /// Give one back to who wrote it.
    Return {
        /// The letter.
        letter: MessageId,
        /// Why.
        reason: String,
    },
    /// Throw one away.
    Discard {
        /// The letter.
        letter: MessageId,
    },
}

impl LetterAsk {
    /// The actions of which one is needed.
    pub(super) fn actions(&self) -> &'static [Action] {
        match self {
            Self::List { .. } | Self::Glance { .. } => &[Action::ListExchanges],
            Self::Read { .. } | Self::OnRecord { .. } => &[Action::ReadExchange],
            Self::Decide(decide) => match decide.signed.text().kind {
                DecisionKind::Release => &[Action::ReleaseLetter],
                DecisionKind::Clear => &[Action::ClearLetter],
                DecisionKind::Emergency => &[Action::ReleaseInEmergency],
                DecisionKind::Review => &[Action::ReviewRelease],
            },
            Self::Return { .. } => &[Action::ReturnLetter],
            Self::Discard { .. } => &[Action::DiscardLetter],
        }
    }
}

/// The answer to a [`LetterAsk`].
#[derive(Debug, Clone)]
pub enum LetterReply {
    /// The letters as they now stand.
    Letters(Vec<LetterRow>),
    /// A letter with all that it says.
    Letter {
        /// As in the list.
        row: Box<LetterRow>,
        /// What it says: the exact text that decisions are about.
        content: String,
        /// Keeps the digests of the letter and of reasons from being guessed.
        salt: [u8; 32],
        /// Whether it may leave without a second person now, in an emergency.
        emergency: bool,
    },
}

/// Does what is asked about letters.
pub(super) fn ask(
    service: &mut Service,
    turn: &mut Turn<'_>,
    permit: &Permit,
    ask: &LetterAsk,
) -> Result<Reply, Stop> {
    let by = permit.actor();
    let row = match ask {
        LetterAsk::List { state } => return read::list(turn, *state),
        LetterAsk::Glance { letter } => read::found(turn, *letter)?,
        LetterAsk::Read { letter } => return read(service, turn, by, *letter),
        LetterAsk::OnRecord { letter } => return read::on_record(service, turn, by, *letter),
        LetterAsk::Decide(decide) => decide::decide(service, turn, by, decide)?,
        LetterAsk::Return { letter, reason } => {
            decide::give_back(service, turn, by, *letter, reason)?
        }
        LetterAsk::Discard { letter } => decide::discard(service, turn, by, *letter)?,
    };
    Ok(Reply::Letters(Box::new(LetterReply::Letters(vec![row]))))
}

impl From<LetterFault> for AppError {
    fn from(fault: LetterFault) -> Self {
        Self::Letter(fault)
    }
}

/// Why a letter is not taken, or a decision about one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LetterFault {
    /// Whoever wrote it decides.
    #[error("you wrote this letter, so a second person has to decide about it")]
    OwnLetter,
    /// Its state does not allow the decision.
    #[error("the letter is {}, which does not allow this", .0.as_str())]
    State(LetterState),
    /// The signature is of another letter, person, reason or node.
    #[error("the signature is not about this letter as it waits, by you and for this reason")]
    OtherDecision,
    /// The key is not the one on record.
    #[error("the log has no key on record for you, or another than you signed with")]
    NoKey,
    /// Its writer has the same key.
    #[error("whoever wrote the letter signs with the same key as you")]
    OneKey,
    /// The policy sets no time.
    #[error("this office's policy allows no emergency release")]
    NoEmergency,
    /// The request is not about a life.
    #[error("only a request that is urgent by U2, a danger to life, leaves by emergency release")]
    NotLife,
    /// It has not waited long enough.
    #[error("the releasers have {} more minute(s) to answer", .0)]
    TooEarly(u64),
    /// There is nothing to review, or the reviewer had made it.
    #[error("there is no emergency release of another person to review")]
    NothingToReview,
    /// Those whom an alert goes to have changed.
    #[error("it would go to other members than when it was written")]
    OtherRecipients,
    /// A member is never to be contacted about the matter.
    #[error("the request says that {0} is never to be contacted about it")]
    NeverContact(crate::base::MemberId),
    /// A reason is empty or too long.
    #[error("a reason has 1 to 5,000 characters")]
    Reason,
}

impl LetterFault {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::OwnLetter => "own-letter",
            Self::State(_) => "letter-not-in-this-state",
            Self::OtherDecision => "other-decision",
            Self::NoKey => "no-key-on-record",
            Self::OneKey => "one-key",
            Self::NoEmergency => "no-emergency-release",
            Self::NotLife => "not-life-threatening",
            Self::TooEarly(_) => "emergency-too-early",
            Self::NothingToReview => "nothing-to-review",
            Self::OtherRecipients => "recipients-changed",
            Self::NeverContact(_) => "never-contact",
            Self::Reason => "reason-refused",
        }
    }

    /// What the person can do.
    pub fn next(self) -> &'static str {
        match self {
            Self::OwnLetter => {
                "Ask a releasing officer; `liaison rfi list --state in-review` shows what waits."
            }
            Self::State(_) => "Look at it as it now stands with `liaison rfi show`.",
            Self::OtherDecision => {
                "Read it again with `liaison rfi show`, and decide again; nothing was sent."
            }
            Self::NoKey => {
                "Sign in with the token that `liaison user add` gave you, and try again."
            }
            Self::OneKey => "Each person has a token of their own: `liaison user add` makes one.",
            Self::NoEmergency => {
                "Ask a releasing officer; `[policy] emergency_after` would allow it."
            }
            Self::NotLife => "Ask a releasing officer to release it.",
            Self::TooEarly(_) => "Call a releasing officer meanwhile.",
            Self::NothingToReview => {
                "`liaison rfi list --state unreviewed` shows what is to be reviewed."
            }
            Self::OtherRecipients => "Return it, so that it is written anew.",
            Self::NeverContact(_) => {
                "This cannot be cleared. Leave the member out, or refuse the permission; nothing was \
                 sent."
            }
            Self::Reason => "Give the reason with --reason.",
        }
    }
}
