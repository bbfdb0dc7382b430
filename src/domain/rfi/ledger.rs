//! What the sides of an exchange owe each other beside the answer: permissions that were asked for,
//! given and used, and corrections that have to be taken note of and passed on. It follows from the
//! events, like the state.
//!
//! # What crosses
//! A permission that was used stays used, though its originator took it back without having seen
//! that: what was passed on is out. A permission that is taken back, or has ended, before its holder
//! uses it is not used any more. The end of the exchange leaves permissions as they are, but what
//! was asked in a request that its author withdrew or superseded is not passed on.

use serde::{Deserialize, Serialize};

use super::steps::{Detail, Step};
use super::{Correction, Flaw, Notice, PermissionRequest, Remedy, Side, State, Told};
use crate::base::{Digest, MemberId, MessageId, Timestamp};
use crate::domain::message::{Body, Kind};

codes! {
    /// How a permission stands. That it ended shows where it is granted and its time is over.
    Standing {
        /// The originator has not decided.
        Asked = "asked",
        /// It may be used, once.
        Granted = "granted",
        /// The originator refused it.
        Refused = "refused",
        /// The originator took it back.
        TakenBack = "taken-back",
        /// It was used.
        Used = "used",
    }
}

/// A permission that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The message that asked for it.
    pub id: MessageId,
    /// The side that asked.
    pub holder: Side,
    /// When it was asked for, by the holder's clock.
    pub at: Timestamp,
    /// What was asked for.
    pub terms: PermissionRequest,
    /// How it stands.
    pub standing: Standing,
    /// The message that granted it, what its signature covers, and when it ends.
    pub grant: Option<(MessageId, Digest, Timestamp)>,
    /// The message that used it.
    pub used_by: Option<MessageId>,
}

impl Permission {
    /// Whether it can be used at `at`.
    pub fn holds(&self, at: Timestamp) -> bool {
        self.standing == Standing::Granted && self.grant.is_some_and(|(.., expires)| at < expires)
    }
}

/// A correction that one side told the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectionTold {
    /// The message that told it.
    pub id: MessageId,
    /// What its signature covers.
    pub leaf: Digest,
    /// The side that told it.
    pub by: Side,
    /// When, by that side's clock.
    pub at: Timestamp,
    /// The message that is wrong.
    pub message: MessageId,
    /// What is wrong with it.
    pub flaw: Flaw,
    /// What is to be done.
    pub remedy: Remedy,
    /// When the other side took note.
    pub acknowledged: Option<Timestamp>,
    /// The members to which the other side passed it on.
    pub passed_on: Vec<MemberId>,
}

/// A message of an exchange, as others name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaidMessage {
    /// The message.
    pub id: MessageId,
    /// What its signature covers.
    pub leaf: Digest,
    /// The side that said it.
    pub by: Side,
    /// What it is.
    pub kind: Kind,
    /// Whether it goes to no third member, whatever its author permits: its marking says so, or nothing of
    /// it is left here.
    pub bound: bool,
    /// Until when it can be passed on, as far as its retention goes; none for what never can.
    pub passes_until: Option<Timestamp>,
}

impl SaidMessage {
    /// Whether it can be passed on at `at`, if its author permits it where that is needed.
    pub fn goes_on(&self, at: Timestamp) -> bool {
        !self.bound && self.passes_until.is_some_and(|until| at <= until)
    }
}

/// Why something about a message, a permission or a correction has no place in an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The exchange has no such message.
    #[error("the exchange has no such message")]
    NoSuchMessage,
    /// Permission is asked for what the other side said.
    #[error("permission is asked of the side that said it")]
    NotTheirs,
    /// It is no message that is passed on.
    #[error("only requests, answers, clarifications and corrections are passed on")]
    NotPassedOn,
    /// The other side asked for no such permission.
    #[error("the other side asked for no such permission")]
    NoSuchPermission,
    /// The permission was decided, used, or taken back.
    #[error("the permission does not stand so that this is possible")]
    Decided,
    /// It is not what was asked for.
    #[error("it is not what was asked for")]
    OtherTerms,
    /// The permission has ended.
    #[error("the permission has ended")]
    Ended,
    /// The request was withdrawn, or another one took its place.
    #[error("the request was withdrawn, or another one took its place")]
    TakenBack,
    /// It was corrected.
    #[error("it was corrected: what is passed on is the correction")]
    Corrected,
    /// The other side told no such correction.
    #[error("the other side told no such correction")]
    NoSuchCorrection,
    /// It was acknowledged, or passed on to that member, before.
    #[error("it was done before")]
    DoneBefore,
}

impl Unfit {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoSuchMessage => "no-such-message",
            Self::NotTheirs => "not-their-message",
            Self::NotPassedOn => "not-passed-on",
            Self::NoSuchPermission => "no-such-permission",
            Self::Decided => "permission-decided",
            Self::OtherTerms => "other-terms",
            Self::Ended => "permission-ended",
            Self::TakenBack => "request-taken-back",
            Self::Corrected => "corrected",
            Self::NoSuchCorrection => "no-such-correction",
            Self::DoneBefore => "done-before",
        }
    }

    /// Whether it names something that its author cannot have seen.
    pub(super) fn is_unknown(self) -> bool {
        match self {
            Self::NoSuchMessage | Self::NoSuchPermission | Self::NoSuchCorrection => true,
            Self::NotTheirs
            | Self::NotPassedOn
            | Self::Decided
            | Self::OtherTerms
            | Self::Ended
            | Self::TakenBack
            | Self::Corrected
            | Self::DoneBefore => false,
        }
    }
}

/// Whether a message can be passed on to another member: its author chose its marking.
pub fn is_passed_on(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Request | Kind::Answer | Kind::Clarification | Kind::Correction
    )
}

/// The messages, permissions and corrections of an exchange, after some of its events.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    pub said: Vec<SaidMessage>,
    pub permissions: Vec<Permission>,
    pub corrections: Vec<CorrectionTold>,
}

impl Ledger {
    /// After these events; `request` opened the exchange.
    pub fn after<'a>(request: SaidMessage, steps: impl Iterator<Item = &'a Step>) -> Self {
        let mut ledger = Self {
            said: vec![request],
            permissions: Vec::new(),
            corrections: Vec::new(),
        };
        for step in steps {
            ledger.take(step);
        }
        ledger
    }

    fn take(&mut self, step: &Step) {
        self.said.push(SaidMessage {
            id: step.id,
            leaf: step.leaf,
            by: step.side,
            kind: step.what.kind(),
            bound: step.bound,
            passes_until: step.passes_until,
        });
        match &step.detail {
            Detail::PermissionAsked(terms) => self.permissions.push(Permission {
                id: step.id,
                holder: step.side,
                at: step.at,
                terms: terms.clone(),
                standing: Standing::Asked,
                grant: None,
                used_by: None,
            }),
            Detail::PermissionGranted(request, expires) => {
                let grant = (step.id, step.leaf, *expires);
                if let Some(permission) = self.asked_of(step.side, *request)
                    && permission.standing == Standing::Asked
                {
                    permission.standing = Standing::Granted;
                    permission.grant = Some(grant);
                }
            }
            Detail::PermissionRefused(request) => {
                if let Some(permission) = self.asked_of(step.side, *request) {
                    permission.standing = match permission.standing {
                        Standing::Asked => Standing::Refused,
                        Standing::Granted => Standing::TakenBack,
                        Standing::Refused | Standing::TakenBack | Standing::Used => {
                            permission.standing
                        }
                    };
                }
            }
            Detail::Corrected(told) => self.corrections.push(CorrectionTold {
                id: step.id,
                leaf: step.leaf,
                by: step.side,
                at: step.at,
                message: told.message,
                flaw: told.flaw,
                remedy: told.remedy,
                acknowledged: None,
                passed_on: Vec::new(),
            }),
            Detail::Noticed(notice) => self.noticed(step, notice),
            Detail::None
            | Detail::Acceptance(_)
            | Detail::Awaited(_)
            | Detail::Answered(..)
            | Detail::Refused(..)
            | Detail::Unclear(_)
            | Detail::Reopened(_) => (),
        }
    }

    fn noticed(&mut self, step: &Step, notice: &Notice) {
        match notice.says {
            Told::Used => {
                let mut all = self.permissions.iter_mut();
                let used = all.find(|p| p.grant.is_some_and(|(id, ..)| id == notice.about));
                if let Some(permission) = used.filter(|p| p.holder == step.side) {
                    permission.standing = Standing::Used;
                    permission.used_by = notice.by;
                }
            }
            Told::Acknowledged => {
                if let Some(told) = self.told_to(step.side, notice.about) {
                    told.acknowledged.get_or_insert(step.at);
                }
            }
            Told::PassedOn => {
                if let Some(told) = self.told_to(step.side, notice.about) {
                    told.passed_on.extend(notice.to);
                }
            }
        }
    }

    /// A permission that was asked of `side`.
    fn asked_of(&mut self, side: Side, request: MessageId) -> Option<&mut Permission> {
        let of = |p: &&mut Permission| p.id == request && p.holder == side.other();
        self.permissions.iter_mut().find(of)
    }

    /// A correction that was told to `side`.
    fn told_to(&mut self, side: Side, id: MessageId) -> Option<&mut CorrectionTold> {
        let to = |told: &&mut CorrectionTold| told.id == id && told.by == side.other();
        self.corrections.iter_mut().find(to)
    }

    /// Whether what `side` says at `at` has its place, where the exchange is in `state`.
    pub fn check(&self, side: Side, state: State, body: &Body, at: Timestamp) -> Result<(), Unfit> {
        match body {
            Body::PermissionRequest(asked) => self.check_asked(side, asked),
            Body::PermissionGrant(grant) => {
                let permission = self.of(side.other(), grant.request)?;
                if permission.standing != Standing::Asked {
                    return Err(Unfit::Decided);
                }
                if permission.terms != grant.terms() {
                    return Err(Unfit::OtherTerms);
                }
                Ok(())
            }
            Body::PermissionRefusal(refusal) => {
                let permission = self.of(side.other(), refusal.request)?;
                match permission.standing {
                    Standing::Asked | Standing::Granted => Ok(()),
                    Standing::Refused | Standing::TakenBack | Standing::Used => Err(Unfit::Decided),
                }
            }
            Body::Correction(correction) => self.check_correction(correction),
            Body::Notice(notice) => self.check_notice(side, state, notice, at),
            Body::Request(_)
            | Body::Acceptance(_)
            | Body::Answer(_)
            | Body::Refusal(_)
            | Body::ClarificationRequest(_)
            | Body::Clarification(_)
            | Body::Channelling(_)
            | Body::AwaitingAuthorisation(_)
            | Body::Feedback(_)
            | Body::Closing(_)
            | Body::Withdrawal(_)
            | Body::Supersession(_)
            | Body::Transfer(_)
            | Body::Reopening(_)
            | Body::Alert(_)
            | Body::Sighting(_)
            | Body::AlertUpdate(_)
            | Body::AlertCancellation(_)
            | Body::Contradiction(_)
            | Body::Acknowledgement(_)
            | Body::Subscription(_) => Ok(()),
        }
    }

    fn message(&self, id: MessageId, leaf: Digest) -> Result<SaidMessage, Unfit> {
        let mut said = self.said.iter();
        let found = said.find(|said| said.id == id && said.leaf == leaf);
        found.copied().ok_or(Unfit::NoSuchMessage)
    }

    fn check_asked(&self, side: Side, asked: &PermissionRequest) -> Result<(), Unfit> {
        let message = self.message(asked.message, asked.leaf)?;
        if message.by == side {
            return Err(Unfit::NotTheirs);
        }
        if is_passed_on(message.kind) {
            Ok(())
        } else {
            Err(Unfit::NotPassedOn)
        }
    }

    fn check_correction(&self, correction: &Correction) -> Result<(), Unfit> {
        self.message(correction.message, correction.leaf)?;
        Ok(())
    }

    /// A permission that `holder` asked for.
    fn of(&self, holder: Side, request: MessageId) -> Result<&Permission, Unfit> {
        let mut all = self.permissions.iter();
        let found = all.find(|p| p.id == request && p.holder == holder);
        found.ok_or(Unfit::NoSuchPermission)
    }

    fn check_notice(
        &self,
        side: Side,
        state: State,
        notice: &Notice,
        at: Timestamp,
    ) -> Result<(), Unfit> {
        if notice.says == Told::Used {
            let mut all = self.permissions.iter();
            let used = all.find(|p| p.grant.is_some_and(|(id, ..)| id == notice.about));
            let permission = used.filter(|p| p.holder == side);
            return self.usable(
                permission.ok_or(Unfit::NoSuchPermission)?,
                state,
                notice,
                at,
            );
        }
        let mut told = self.corrections.iter();
        let told = told.find(|told| told.id == notice.about && told.by == side.other());
        let told = told.ok_or(Unfit::NoSuchCorrection)?;
        let done = match notice.to {
            None => told.acknowledged.is_some(),
            Some(to) => told.passed_on.contains(&to),
        };
        if done { Err(Unfit::DoneBefore) } else { Ok(()) }
    }

    /// Whether a permission can be used so.
    fn usable(
        &self,
        permission: &Permission,
        state: State,
        notice: &Notice,
        at: Timestamp,
    ) -> Result<(), Unfit> {
        if permission.standing != Standing::Granted {
            return Err(Unfit::Decided);
        }
        if !permission.holds(at) {
            return Err(Unfit::Ended);
        }
        if notice.to != Some(permission.terms.to) {
            return Err(Unfit::OtherTerms);
        }
        let request = self.said.first().map(|said| said.id);
        let is_request = request == Some(permission.terms.message);
        if is_request && matches!(state, State::Withdrawn | State::Superseded) {
            return Err(Unfit::TakenBack);
        }
        Ok(())
    }
}
