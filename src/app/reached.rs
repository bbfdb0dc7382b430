//! What the other side of an exchange is told, by how it stands in the trust list in force.

use super::change::{Change, Message};
use super::content::read_change;
use super::service::{Service, Turn};
use crate::base::MemberId;
use crate::domain::handling::Disclosure;
use crate::domain::message::{Body, Kind};

/// How the other side of an exchange stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reached {
    /// It is a country in the list: it is told everything.
    #[default]
    Whole,
    /// It is suspended or no member any more: what ends something, and what corrects something, waits for it.
    Out,
    /// It is an observer: it is told what ends something.
    Observer,
}

impl Reached {
    /// How a member stands.
    pub(super) fn of(service: &Service, member: MemberId) -> Self {
        match &service.federation {
            Some(federation) if federation.observes(member) => Self::Observer,
            Some(federation) if !federation.lists(member) => Self::Out,
            Some(_) | None => Self::Whole,
        }
    }

    /// Whether anything of this kind is said to it. Of answers that is one of no-hits alone, unless it is
    /// told everything.
    pub fn hears(self, kind: Kind) -> bool {
        match self {
            Self::Whole => true,
            Self::Out => ends(kind),
            Self::Observer => ends(kind) && kind != Kind::Correction,
        }
    }
}

/// Whether this node's message in an entry goes to an observer, which may have been a country when it was
/// written: of an exchange what ends it, of an alert what its marking leaves to observers. What cannot be
/// read does not go.
pub(super) fn goes_to_observers(turn: &Turn<'_>, entry: u64) -> bool {
    let first = turn.next_entry - turn.recorded.len() as u64;
    let recorded = |entry: u64| turn.recorded.get(usize::try_from(entry).ok()?);
    match entry.checked_sub(first) {
        Some(place) => recorded(place).is_some_and(|recorded| is_for_observers(&recorded.change)),
        None => {
            let read = turn.log.read(entry).ok();
            let change = read.and_then(|record| read_change(&record.content).ok());
            change.is_some_and(|(_, change)| is_for_observers(&change))
        }
    }
}

fn is_for_observers(change: &Change) -> bool {
    let Change::Sent(message) = change else {
        return false;
    };
    let Message { header, event, .. } = message.as_ref();
    let kind = header.kind;
    if kind == Kind::Acknowledgement || kind == Kind::Subscription {
        return true;
    }
    if kind.is_of_an_alert() {
        return header.handling.barrier(Disclosure::Observer).is_none();
    }
    let speaks = matches!(&event.body, Body::Answer(answer) if !answer.is_silent());
    Reached::Observer.hears(kind) && !speaks
}

/// Whether something of this kind ends something, and says nothing of what there is.
pub(super) fn ends(kind: Kind) -> bool {
    match kind {
        Kind::Withdrawal
        | Kind::Refusal
        | Kind::Closing
        | Kind::Correction
        | Kind::PermissionRefusal
        | Kind::Notice
        // One of no-hits alone is a refusal by `x5`.
        | Kind::Answer => true,
        Kind::Request
        | Kind::Acceptance
        | Kind::ClarificationRequest
        | Kind::Clarification
        | Kind::Channelling
        | Kind::AwaitingAuthorisation
        | Kind::Feedback
        | Kind::Supersession
        | Kind::Transfer
        | Kind::Reopening
        | Kind::PermissionRequest
        | Kind::PermissionGrant
        | Kind::Alert
        | Kind::Sighting
        | Kind::AlertUpdate
        | Kind::AlertCancellation
        | Kind::Contradiction
        | Kind::Acknowledgement
        | Kind::Subscription => false,
    }
}
