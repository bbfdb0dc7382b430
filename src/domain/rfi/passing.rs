//! Passing on what another member said, to a third one: as a part of a request to it, in the words
//! and under the signature of its author. What its marking allows is asked of
//! [`crate::domain::handling`]; both the node that passes it on and the one that gets it ask.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{EvidenceUse, PermissionGrant, Protection, Request, is_passed_on};
use crate::base::{Digest, MemberId, Timestamp};
use crate::domain::handling::{Barrier, Disclosure, Handling};
use crate::domain::message::{Body, Event, Header, SignedCopy};
use crate::domain::{Faults, FieldError};

/// A message that is passed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Forwarded {
    /// The message, as its author signed it. Its attachments stay where they are.
    pub message: SignedCopy,
    /// The permission that it rests on, as its author signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<SignedCopy>,
}

/// A message that is carried in another one, opened.
#[derive(Debug, Clone, Copy)]
pub struct Copied<'a> {
    /// Its header.
    pub header: &'a Header,
    /// What it says.
    pub event: &'a Event,
    /// What its signature covers.
    pub leaf: Digest,
}

/// Who passes something on, to whom, when and how.
#[derive(Debug, Clone, Copy)]
pub struct Passing<'a> {
    /// The member that passes it on.
    pub by: MemberId,
    /// The member that gets it.
    pub to: MemberId,
    /// What that may be: a country, or an observer.
    pub how: Disclosure,
    /// When.
    pub at: Timestamp,
    /// The request that passes it on.
    pub request: &'a Request,
    /// How those in the original exchange are to be protected, as far as it is known.
    pub protection: Option<&'a Protection>,
}

/// Why a message is not passed on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPassedOn {
    /// Its kind is none that is passed on, or it passes on another one.
    #[error(
        "only requests, answers, clarifications and corrections that pass nothing on themselves are passed on"
    )]
    Kind,
    /// The member that passes it on did not get it from its author.
    #[error("it was not addressed to the member that passes it on")]
    NotAddressed,
    /// It would go to its author.
    #[error("it would go back to its author")]
    ToItsAuthor,
    /// The request in the original exchange says that this member is never to be contacted.
    #[error("the original exchange says that {0} is never to be contacted")]
    NeverContact(MemberId),
    /// Its marking does not allow it.
    #[error("{}", .0.in_words())]
    Marking(Barrier),
    /// The permission is no permission for this.
    #[error("the permission is not for this: {0}")]
    Permission(NotPermitted),
    /// It is of another status than the request that passes it on.
    #[error("exercise and reality do not mix: the message is of another status than the request")]
    Status,
    /// Its retention is over, or ends within a day.
    #[error("the time for which it may be kept is over, or ends within a day")]
    RetentionOver,
    /// The request takes restrictions away.
    #[error("{} restriction(s) would be lost", .0.len())]
    Weakened(Vec<FieldError>),
}

/// Why a permission does not cover what is passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotPermitted {
    /// It is no permission of the author.
    #[error("another than the author gave it, or it is none")]
    NotTheAuthors,
    /// It was given to another member.
    #[error("it was given to another member")]
    AnothersHolder,
    /// It is for another message.
    #[error("it is for another message")]
    OtherMessage,
    /// It is for another recipient.
    #[error("it is for another recipient")]
    OtherRecipient,
    /// It ended before.
    #[error("it has ended")]
    Ended,
    /// It was used before.
    #[error("it was used before")]
    UsedBefore,
}

impl NotPassedOn {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Kind => "not-passed-on",
            Self::NotAddressed => "not-addressed",
            Self::ToItsAuthor => "to-its-author",
            Self::NeverContact(_) => "never-contact",
            Self::Marking(barrier) if barrier.yields_to_permission() => "needs-permission",
            Self::Marking(_) => "marking-forbids",
            Self::Permission(_) => "permission-does-not-fit",
            Self::Status => "other-status",
            Self::RetentionOver => "retention-over",
            Self::Weakened(_) => "weakened",
        }
    }
}

/// Whether a message passes another one on, so that nobody passes it on in turn.
fn passes_on(body: &Body) -> bool {
    match body {
        Body::Request(request) => request.forwarded.is_some(),
        Body::Correction(correction) => correction.passes_on.is_some(),
        _ => false,
    }
}

/// Whether a message that is marked so goes to no third member, whatever its author permits.
pub(super) fn is_bound(body: &Body, marking: &Handling) -> bool {
    passes_on(body) || marking.binds().is_some()
}

/// Until when a message can be passed on, as far as its retention goes; none for one that never can.
pub(super) fn passes_until(header: &Header) -> Option<Timestamp> {
    let until = header.handling.passes_until(header.created);
    until.filter(|_| is_passed_on(header.kind))
}

/// The marking of a request that passes on `original` at `at`, with the restrictions of both.
///
/// # Errors
/// [`NotPassedOn::RetentionOver`].
pub fn marking(own: &Handling, original: &Header, at: Timestamp) -> Result<Handling, NotPassedOn> {
    match original.handling.days_left(original.created, at) {
        0 => Err(NotPassedOn::RetentionOver),
        days => Ok(own.with(&original.handling, days)),
    }
}

impl Passing<'_> {
    /// Whether `original` may be passed on so, with the permission that it rests on.
    ///
    /// # Errors
    /// [`NotPassedOn`].
    pub fn check(
        &self,
        original: Copied<'_>,
        permission: Option<Copied<'_>>,
    ) -> Result<(), NotPassedOn> {
        self.check_original(original)?;
        match (original.header.handling.barrier(self.how), permission) {
            (Some(barrier), None) => return Err(NotPassedOn::Marking(barrier)),
            (Some(barrier), Some(_)) if !barrier.yields_to_permission() => {
                return Err(NotPassedOn::Marking(barrier));
            }
            (_, Some(permission)) => self
                .check_permission(original, permission)
                .map_err(NotPassedOn::Permission)?,
            (None, None) => (),
        }
        self.check_carried(original)
    }

    /// Whether it is something that can be passed on by this member to that one.
    fn check_original(&self, original: Copied<'_>) -> Result<(), NotPassedOn> {
        if passes_on(&original.event.body) || !is_passed_on(original.header.kind) {
            return Err(NotPassedOn::Kind);
        }
        if !original.header.recipients.contains(&self.by) {
            return Err(NotPassedOn::NotAddressed);
        }
        if original.header.sender.member == self.to {
            return Err(NotPassedOn::ToItsAuthor);
        }
        let never = |protection: &Protection| protection.never_contact.contains(&self.to);
        if self.protection.is_some_and(never) {
            return Err(NotPassedOn::NeverContact(self.to));
        }
        if original.header.status() != Ok(self.request.status) {
            return Err(NotPassedOn::Status);
        }
        Ok(())
    }

    fn check_permission(
        &self,
        original: Copied<'_>,
        permission: Copied<'_>,
    ) -> Result<(), NotPermitted> {
        let Body::PermissionGrant(grant) = &permission.event.body else {
            return Err(NotPermitted::NotTheAuthors);
        };
        if permission.header.sender.member != original.header.sender.member {
            return Err(NotPermitted::NotTheAuthors);
        }
        if permission.header.recipients != [self.by] {
            return Err(NotPermitted::AnothersHolder);
        }
        let PermissionGrant { message, leaf, .. } = grant;
        if (*message, *leaf) != (original.header.id, original.leaf) {
            return Err(NotPermitted::OtherMessage);
        }
        if grant.to != self.to {
            return Err(NotPermitted::OtherRecipient);
        }
        if self.at >= grant.expires {
            return Err(NotPermitted::Ended);
        }
        Ok(())
    }

    /// Whether the request carries all restrictions of what it passes on.
    fn check_carried(&self, original: Copied<'_>) -> Result<(), NotPassedOn> {
        let header = original.header;
        let days = header.handling.days_left(header.created, self.at);
        if days == 0 {
            return Err(NotPassedOn::RetentionOver);
        }
        let mut faults = Faults::default();
        let own = &self.request.handling;
        own.check_carries(&header.handling, days, &mut faults);
        let in_court = self.request.evidence_use == EvidenceUse::CourtWithConsent;
        if in_court && header.handling.barrier(Disclosure::Evidence).is_some() {
            let what = "is `police-only`, since what is passed on is not for judicial proceedings";
            faults.note("evidence_use", "weakened", what);
        }
        if let Some(original) = self.protection {
            self.request.protection.check_carries(original, &mut faults);
        }
        faults.outcome().map_err(NotPassedOn::Weakened)
    }
}
