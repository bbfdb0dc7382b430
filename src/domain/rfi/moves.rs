//! The transition table: what each event makes of an exchange, and where it has no place.

use super::{Outcome, Scope, Side, State};
use crate::domain::message::{Body, Kind};

codes! {
    /// What an event does to an exchange. Answers and refusals do one thing if they cover a part,
    /// another if they cover the whole.
    Move {
        /// The asked side takes the request on.
        Accept = "accept",
        /// The asked side needs to know more.
        AskClarification = "ask-clarification",
        /// The asked side passes it to the competent authority.
        Channel = "channel",
        /// The asked side waits for an authorisation.
        Await = "await",
        /// The asked side answers a part.
        AnswerPart = "answer-part",
        /// The asked side answers.
        Answer = "answer",
        /// The asked side refuses a part.
        RefusePart = "refuse-part",
        /// The asked side refuses.
        Refuse = "refuse",
        /// The asked side names another member to ask.
        Transfer = "transfer",
        /// The asking side says what it was asked about.
        Clarify = "clarify",
        /// The asking side says whether an answer helped.
        Feedback = "feedback",
        /// The asking side takes its request back.
        Withdraw = "withdraw",
        /// The asking side puts another request in its place.
        Supersede = "supersede",
        /// The asking side is done.
        Close = "close",
        /// The asking side takes it up again.
        Reopen = "reopen",
        /// A side says that something that was said is wrong.
        Correct = "correct",
        /// A side asks whether it may pass a message of the other on.
        AskPermission = "ask-permission",
        /// A side allows it.
        GrantPermission = "grant-permission",
        /// A side does not allow it, or no longer.
        RefusePermission = "refuse-permission",
        /// A side says that it did what it owed.
        Notify = "notify",
    }
}

impl Move {
    /// What an event does; none for one that opens a conversation, or belongs to an alert.
    pub fn of(body: &Body) -> Option<Self> {
        Some(match body {
            Body::Acceptance(_) => Self::Accept,
            Body::ClarificationRequest(_) => Self::AskClarification,
            Body::Channelling(_) => Self::Channel,
            Body::AwaitingAuthorisation(_) => Self::Await,
            Body::Answer(answer) => match answer.outcome {
                Outcome::Partial => Self::AnswerPart,
                Outcome::Hit | Outcome::NoHit | Outcome::NotAvailable => Self::Answer,
            },
            Body::Refusal(refusal) => match refusal.scope {
                Scope::Part => Self::RefusePart,
                Scope::Whole => Self::Refuse,
            },
            Body::Transfer(_) => Self::Transfer,
            Body::Clarification(_) => Self::Clarify,
            Body::Feedback(_) => Self::Feedback,
            Body::Withdrawal(_) => Self::Withdraw,
            Body::Supersession(_) => Self::Supersede,
            Body::Closing(_) => Self::Close,
            Body::Reopening(_) => Self::Reopen,
            Body::Correction(_) => Self::Correct,
            Body::PermissionRequest(_) => Self::AskPermission,
            Body::PermissionGrant(_) => Self::GrantPermission,
            Body::PermissionRefusal(_) => Self::RefusePermission,
            Body::Notice(_) => Self::Notify,
            Body::Request(_)
            | Body::Alert(_)
            | Body::Sighting(_)
            | Body::AlertUpdate(_)
            | Body::AlertCancellation(_)
            | Body::Contradiction(_)
            | Body::Acknowledgement(_)
            | Body::Subscription(_) => return None,
        })
    }

    /// The kind of message that does it.
    pub fn kind(self) -> Kind {
        match self {
            Self::Accept => Kind::Acceptance,
            Self::AskClarification => Kind::ClarificationRequest,
            Self::Channel => Kind::Channelling,
            Self::Await => Kind::AwaitingAuthorisation,
            Self::AnswerPart | Self::Answer => Kind::Answer,
            Self::RefusePart | Self::Refuse => Kind::Refusal,
            Self::Transfer => Kind::Transfer,
            Self::Clarify => Kind::Clarification,
            Self::Feedback => Kind::Feedback,
            Self::Withdraw => Kind::Withdrawal,
            Self::Supersede => Kind::Supersession,
            Self::Close => Kind::Closing,
            Self::Reopen => Kind::Reopening,
            Self::Correct => Kind::Correction,
            Self::AskPermission => Kind::PermissionRequest,
            Self::GrantPermission => Kind::PermissionGrant,
            Self::RefusePermission => Kind::PermissionRefusal,
            Self::Notify => Kind::Notice,
        }
    }

    /// The side whose move it is; none where it is either's.
    pub fn side(self) -> Option<Side> {
        match self {
            Self::Accept
            | Self::AskClarification
            | Self::Channel
            | Self::Await
            | Self::AnswerPart
            | Self::Answer
            | Self::RefusePart
            | Self::Refuse
            | Self::Transfer => Some(Side::Requested),
            Self::Clarify
            | Self::Feedback
            | Self::Withdraw
            | Self::Supersede
            | Self::Close
            | Self::Reopen => Some(Side::Requesting),
            Self::Correct
            | Self::AskPermission
            | Self::GrantPermission
            | Self::RefusePermission
            | Self::Notify => None,
        }
    }

    /// Whether a side can make it.
    pub fn is_of(self, side: Side) -> bool {
        self.side().is_none_or(|of| of == side)
    }
}

impl State {
    /// Whether the asked side still owes something.
    pub fn is_open(self) -> bool {
        match self {
            Self::Queued
            | Self::Delivered
            | Self::Read
            | Self::Accepted
            | Self::Channelled
            | Self::AwaitingAuthorisation
            | Self::ClarificationRequested
            | Self::Clarified
            | Self::PartialAnswer
            | Self::Reopened => true,
            Self::Draft
            | Self::InReview
            | Self::Released
            | Self::Answered
            | Self::Refused
            | Self::Feedback
            | Self::Withdrawn
            | Self::Superseded
            | Self::Transferred
            | Self::Closed => false,
        }
    }

    /// Whether its request has left.
    fn has_left(self) -> bool {
        !matches!(self, Self::Draft | Self::InReview | Self::Released)
    }

    /// Whether it came further than acceptance, which may follow all the same.
    fn is_past_acceptance(self) -> bool {
        matches!(
            self,
            Self::Channelled
                | Self::AwaitingAuthorisation
                | Self::ClarificationRequested
                | Self::PartialAnswer
        )
    }

    /// Whether a whole answer or refusal ended it, after which it can be closed or taken up again.
    fn is_said(self) -> bool {
        matches!(self, Self::Answered | Self::Refused | Self::Feedback)
    }

    /// The state after a move; none where the state does not allow it. `accepted` and `part` tell
    /// whether the request was accepted, and a part of it answered or refused, since it was made
    /// or last reopened.
    pub fn after(self, what: Move, accepted: bool, part: bool) -> Option<Self> {
        let open = self.is_open();
        // While the asked side waits for a clarification, that is what the exchange waits for.
        let waits = self == Self::ClarificationRequested;
        let going = |to: Self| if waits { self } else { to };
        match what {
            Move::Accept if open && !accepted => Some(if self.is_past_acceptance() {
                self
            } else {
                Self::Accepted
            }),
            Move::AskClarification if open && self != Self::ClarificationRequested => {
                Some(Self::ClarificationRequested)
            }
            Move::Channel if open => Some(going(Self::Channelled)),
            Move::Await if open => Some(going(Self::AwaitingAuthorisation)),
            Move::AnswerPart | Move::RefusePart if open => Some(going(Self::PartialAnswer)),
            Move::Answer if open => Some(Self::Answered),
            Move::Refuse if open => Some(Self::Refused),
            Move::Transfer if open => Some(Self::Transferred),
            Move::Clarify if self == Self::ClarificationRequested => Some(Self::Clarified),
            Move::Feedback if matches!(self, Self::Answered | Self::Feedback) => {
                Some(Self::Feedback)
            }
            Move::Feedback if part && (open || self == Self::Refused) => Some(self),
            Move::Withdraw if open => Some(Self::Withdrawn),
            Move::Supersede if open => Some(Self::Superseded),
            Move::Close if self.is_said() || (open && part) => Some(Self::Closed),
            Move::Reopen if self.is_said() || self == Self::Closed => Some(Self::Reopened),
            // What is owed beside the answer does not end with it.
            Move::Correct
            | Move::AskPermission
            | Move::GrantPermission
            | Move::RefusePermission
            | Move::Notify
                if self.has_left() =>
            {
                Some(self)
            }
            Move::Accept
            | Move::AskClarification
            | Move::Channel
            | Move::Await
            | Move::AnswerPart
            | Move::Answer
            | Move::RefusePart
            | Move::Refuse
            | Move::Transfer
            | Move::Clarify
            | Move::Feedback
            | Move::Withdraw
            | Move::Supersede
            | Move::Close
            | Move::Reopen
            | Move::Correct
            | Move::AskPermission
            | Move::GrantPermission
            | Move::RefusePermission
            | Move::Notify => None,
        }
    }
}
