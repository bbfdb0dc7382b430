//! What the other side of an exchange is told, by how it stands in the trust list in force.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Change, Message};
use super::content::read_change;
use super::input::Federation;
use super::rows::*;
use super::service::{Service, Turn};
use crate::base::{MemberId, MessageId};
use crate::domain::handling::Disclosure;
use crate::domain::message::{Body, Kind};
use crate::store::IndexError;

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

/// Whether a message of this kind goes to an observer; none where that depends on what it says.
fn goes_by_kind(kind: Kind) -> Option<bool> {
    if kind == Kind::Acknowledgement || kind == Kind::Subscription {
        return Some(true);
    }
    let as_it_says = kind == Kind::Answer || kind.is_of_an_alert();
    (!as_it_says).then(|| Reached::Observer.hears(kind))
}

/// Whether a message goes to an observer: of an exchange what ends it, of an alert what its marking leaves
/// to observers.
pub fn is_for_observers(message: &Message) -> bool {
    let Message { header, event, .. } = message;
    let kind = header.kind;
    let speaks = matches!(&event.body, Body::Answer(answer) if !answer.is_silent());
    let barred = kind.is_of_an_alert() && header.handling.barrier(Disclosure::Observer).is_some();
    goes_by_kind(kind).unwrap_or(!speaks && !barred)
}

/// Whether a message of this node goes to an observer, which may have been a country when it was written.
/// What cannot be read does not go.
pub(super) fn goes_to_observers(turn: &Turn<'_>, row: &MessageRow) -> bool {
    goes_by_kind(row.kind).unwrap_or_else(|| says_what_goes(turn, row.entry))
}

fn says_what_goes(turn: &Turn<'_>, entry: u64) -> bool {
    let goes = |change: &Change| match change {
        Change::Sent(message) => is_for_observers(message),
        Change::Received(..) | Change::ReceiptKept(_) | Change::Other(_) => false,
    };
    let first = turn.next_entry - turn.recorded.len() as u64;
    match entry.checked_sub(first) {
        Some(place) => {
            let place = usize::try_from(place).ok();
            let recorded = place.and_then(|place| turn.recorded.get(place));
            recorded.is_some_and(|recorded| goes(&recorded.change))
        }
        None => {
            let read = turn.log.read(entry).ok();
            let change = read.and_then(|record| read_change(&record.content).ok());
            change.is_some_and(|(_, change)| goes(&change))
        }
    }
}

/// Whether a message of this node that waits for an observer goes to it. Nothing of an exchange does whose
/// request it does not have: it could not tell what that is about.
pub(super) fn goes_to(
    turn: &Turn<'_>,
    me: MemberId,
    observer: MemberId,
    row: &MessageRow,
) -> Result<bool, IndexError> {
    Ok(goes_to_observers(turn, row) && !lacks_its_request(turn, me, observer, row)?)
}

fn lacks_its_request(
    turn: &Turn<'_>,
    me: MemberId,
    observer: MemberId,
    row: &MessageRow,
) -> Result<bool, IndexError> {
    if row.kind.is_of_an_alert() {
        return Ok(false);
    }
    let request = message_key(me, row.conversation);
    let request = turn.view.row::<MessageRow>(MESSAGE, &request)?;
    let lacks = |row: MessageRow| {
        row.kind == Kind::Request && row.deliveries.get(&observer) != Some(&Delivery::Delivered)
    };
    Ok(request.is_some_and(lacks))
}

/// Entries that are remembered in [`ForObservers`] at most.
const MOST_REMEMBERED: usize = 65_536;

/// Which entries hold what goes to observers, as far as they were read for that: what waits is looked at
/// again and again, and an entry stays what it is.
#[derive(Debug, Default)]
pub(super) struct ForObservers(BTreeMap<u64, bool>);

impl ForObservers {
    /// As [`goes_to`], for a message by its id; one that there is not does not go.
    pub(super) fn goes_to(
        &mut self,
        turn: &Turn<'_>,
        me: MemberId,
        observer: MemberId,
        message: MessageId,
    ) -> Result<bool, IndexError> {
        let key = message_key(me, message);
        let Some(row) = turn.view.row::<MessageRow>(MESSAGE, &key)? else {
            return Ok(false);
        };
        let goes = goes_by_kind(row.kind).unwrap_or_else(|| self.read(turn, row.entry));
        Ok(goes && !lacks_its_request(turn, me, observer, &row)?)
    }

    fn read(&mut self, turn: &Turn<'_>, entry: u64) -> bool {
        if let Some(goes) = self.0.get(&entry) {
            return *goes;
        }
        let goes = says_what_goes(turn, entry);
        // What is not durable yet may give its number to something else.
        if entry < turn.log.size() {
            if self.0.len() >= MOST_REMEMBERED {
                self.0.clear();
            }
            self.0.insert(entry, goes);
        }
        goes
    }
}

/// Which messages of an exchange do not go to its other side as that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kept {
    /// All: the other side is out.
    All,
    /// These of those that the other side does not have.
    Only(BTreeSet<MessageId>),
}

impl Kept {
    /// Those of an exchange.
    pub(super) fn of(
        turn: &Turn<'_>,
        federation: Option<&Federation>,
        row: &ExchangeRow,
    ) -> Result<Self, IndexError> {
        let mut kept = BTreeSet::new();
        let Some(federation) = federation else {
            return Ok(Self::Only(kept));
        };
        if federation.withholds(row.peer).is_some() {
            return Ok(Self::All);
        }
        let mut members = row.exchange.members().into_iter();
        let me = members.find(|member| *member != row.peer);
        let Some(me) = me.filter(|_| federation.observes(row.peer)) else {
            return Ok(Self::Only(kept));
        };
        for end in &row.duty.loose {
            let key = message_key(me, end.message);
            if let Some(message) = turn.view.row::<MessageRow>(MESSAGE, &key)?
                && !goes_to(turn, me, row.peer, &message)?
            {
                kept.insert(end.message);
            }
        }
        Ok(Self::Only(kept))
    }

    /// Whether this message is one of them.
    pub(super) fn holds(&self, message: MessageId) -> bool {
        match self {
            Self::All => true,
            Self::Only(messages) => messages.contains(&message),
        }
    }
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
