//! The order of a conversation. Each side's events keep their own order, and of two that crossed
//! the asked side's counts first. So all stand in the order in which the asked side's log holds
//! them, which both sides can tell from what each event says that its author had seen.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Acceptance, AwaitingAuthorisation, Flaw, Ground, Move, Notice, Outcome, PermissionRequest,
    Remedy, Scope, Side,
};
use crate::base::{Digest, MessageId, Timestamp};
use crate::domain::message::Body;

/// The most events of one side.
const MOST_EVENTS: u32 = 500;

/// The most permissions that one side asks for: what each is for is kept with the exchange, at whatever length.
const MOST_ASKED: usize = 100;

/// One event, as far as it matters to where the exchange stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// The message.
    pub id: MessageId,
    /// What its signature covers.
    pub leaf: Digest,
    /// The side that said it.
    pub side: Side,
    /// How many messages of the other side its author had seen; the request is one.
    pub seen: u32,
    /// When, by its author's clock.
    pub at: Timestamp,
    /// Since when the asked side has what the asking side said, by the clock of the asked side; at the
    /// asking side no later than it heard of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<Timestamp>,
    /// What it does.
    #[serde(rename = "move")]
    pub what: Move,
    /// What it says beside that.
    #[serde(default, skip_serializing_if = "Detail::is_none")]
    pub detail: Detail,
    /// Whether it goes to no third member, whatever its author permits.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bound: bool,
    /// Until when it can be passed on, as far as its retention goes; none for what never can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passes_until: Option<Timestamp>,
    /// Whether the other side has it.
    #[serde(default, skip_serializing_if = "Reach::is_open")]
    pub reach: Reach,
    /// Where an event of this node's side goes on at the other side, if its header says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goes_on: Option<GoesOn>,
}

impl Step {
    /// Whether the other side is believed not to have it.
    pub fn is_lost(&self) -> bool {
        self.reach == Reach::Lost
    }
}

/// Whether the other side has an event, as far as its author's side knows; of the other side's own
/// events nothing has to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Reach {
    /// Nothing is known of it.
    #[default]
    Open,
    /// It has it.
    Taken,
    /// It refused it, or it expired on the way.
    Lost,
}

impl Reach {
    fn is_open(&self) -> bool {
        *self == Self::Open
    }
}

/// Where an event goes on that does not follow all before it of its side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GoesOn {
    /// Its own number among the messages of its side.
    pub sequence: u64,
    /// The number after that of the message from which it goes on.
    pub from: u64,
}

/// How many messages of a side there are up to one, and what that one's signature covers.
pub(super) type Place = (u64, Option<Digest>);

/// What an event says that the exchange has to remember.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Detail {
    /// Nothing.
    #[default]
    None,
    /// An acceptance.
    Acceptance(Acceptance),
    /// An authorisation is awaited.
    Awaited(AwaitingAuthorisation),
    /// Questions, with what the answer to each comes to.
    Answered(Outcome, Vec<(u16, Outcome)>),
    /// Questions that were refused, by this ground; all that are open where none is named.
    Refused(Ground, Vec<u16>),
    /// Questions that a clarification is asked for.
    Unclear(Vec<u16>),
    /// Questions that are open again; all where none is named.
    Reopened(Vec<u16>),
    /// A message is wrong.
    Corrected(Corrected),
    /// A permission is asked for.
    PermissionAsked(PermissionRequest),
    /// The permission that this message asked for is granted, until then.
    PermissionGranted(MessageId, Timestamp),
    /// The permission that this message asked for is refused or taken back.
    PermissionRefused(MessageId),
    /// Something owed was done.
    Noticed(Notice),
}

/// What a correction says, without its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Corrected {
    /// The message that is wrong.
    pub message: MessageId,
    /// What is wrong with it.
    pub flaw: Flaw,
    /// What is to be done.
    pub remedy: Remedy,
}

impl Detail {
    fn is_none(&self) -> bool {
        *self == Self::None
    }

    /// What of a body is remembered. Words that nothing follows from stay in the message: a side could fill
    /// the exchange with them.
    pub fn of(body: &Body) -> Self {
        match body {
            Body::Acceptance(acceptance) => Self::Acceptance(Acceptance {
                reference: acceptance.reference.clone(),
                access: acceptance.access,
                note: None,
            }),
            Body::AwaitingAuthorisation(awaited) => Self::Awaited(awaited.clone()),
            Body::Answer(answer) => {
                let each = answer.answers.iter();
                let each = each.map(|answer| (answer.question, answer.outcome));
                Self::Answered(answer.outcome, each.collect())
            }
            Body::Refusal(refusal) => match refusal.scope {
                Scope::Whole => Self::Refused(refusal.ground, Vec::new()),
                Scope::Part => Self::Refused(refusal.ground, refusal.questions.clone()),
            },
            Body::ClarificationRequest(asked) => Self::Unclear(asked.questions.clone()),
            Body::Reopening(reopening) => Self::Reopened(reopening.questions.clone()),
            Body::Correction(correction) => Self::Corrected(Corrected {
                message: correction.message,
                flaw: correction.flaw,
                remedy: correction.remedy,
            }),
            Body::PermissionRequest(asked) => Self::PermissionAsked(asked.clone()),
            Body::PermissionGrant(grant) => Self::PermissionGranted(grant.request, grant.expires),
            Body::PermissionRefusal(refusal) => Self::PermissionRefused(refusal.request),
            Body::Notice(notice) => Self::Noticed(Notice {
                about: notice.about,
                says: notice.says,
                to: notice.to,
                by: notice.by,
                note: None,
            }),
            Body::Request(_)
            | Body::Channelling(_)
            | Body::Transfer(_)
            | Body::Clarification(_)
            | Body::Feedback(_)
            | Body::Withdrawal(_)
            | Body::Supersession(_)
            | Body::Closing(_)
            | Body::Alert(_)
            | Body::Sighting(_)
            | Body::AlertUpdate(_)
            | Body::AlertCancellation(_)
            | Body::Contradiction(_)
            | Body::Acknowledgement(_)
            | Body::Subscription(_) => Self::None,
        }
    }
}

/// The events after the request, in the order of the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub(super) struct Steps(Vec<Step>);

impl Steps {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Step> {
        self.0.iter()
    }

    /// Those of one side, in its own order.
    pub fn of(&self, side: Side) -> impl Iterator<Item = &Step> {
        self.0.iter().filter(move |step| step.side == side)
    }

    /// Those that `side` knew when it had seen `seen` messages of the other: all of its own, and
    /// the first so many of the other's. What was lost is among them, so that all keep their numbers.
    pub fn known_to(&self, side: Side, seen: u32) -> impl Iterator<Item = &Step> {
        let mut others = first_number(side.other());
        self.0.iter().filter(move |step| {
            if step.side == side {
                return true;
            }
            others += 1;
            others <= seen
        })
    }

    /// How many messages a side has said, the request among them.
    pub fn said_by(&self, side: Side) -> u32 {
        let said = u32::try_from(self.of(side).count()).unwrap_or(u32::MAX);
        said.saturating_add(first_number(side))
    }

    /// Whether a side has said as much as one exchange takes, where it is to do this now.
    pub fn is_full(&self, side: Side, what: Move) -> bool {
        let asks = |step: &&Step| step.what == Move::AskPermission;
        let asked = || self.of(side).filter(asks).count();
        self.said_by(side) >= MOST_EVENTS || (what == Move::AskPermission && asked() >= MOST_ASKED)
    }

    /// How many messages of the other side the last event of `side` had seen.
    pub fn last_seen_by(&self, side: Side) -> u32 {
        let least = first_number(side.other());
        self.of(side).last().map_or(least, |step| step.seen)
    }

    /// How many messages of a side there are up to the one with this leaf; none where there is no
    /// such message.
    pub fn number_of(&self, side: Side, leaf: &Digest) -> Option<u32> {
        let place = self.of(side).position(|step| step.leaf == *leaf)?;
        Some(u32::try_from(place).ok()? + 1 + first_number(side))
    }

    /// Forgets for which reasons these announced that an authorisation is awaited.
    pub fn forget_reasons(&mut self, of: impl Fn(&Step) -> bool) {
        for step in &mut self.0 {
            let forgets = of(step);
            if let Detail::Awaited(awaited) = &mut step.detail
                && forgets
            {
                awaited.reason.clear();
            }
        }
    }

    /// The asked side has this message of the asking side since `at`.
    pub fn delivered(&mut self, id: MessageId, at: Timestamp) {
        let asking = |step: &&mut Step| step.side == Side::Requesting && step.id == id;
        if let Some(step) = self.0.iter_mut().find(asking) {
            step.delivered = Some(step.delivered.map_or(at, |known| known.min(at)));
        }
    }

    /// The other side has this event of `side`. Where that one says nothing else it goes on from the one
    /// before it, which the other side has too then.
    pub fn taken(&mut self, side: Side, is_it: impl Fn(&Step) -> bool) {
        let mut found = false;
        for step in self.0.iter_mut().rev().filter(|step| step.side == side) {
            found = found || is_it(step);
            if !found {
                continue;
            }
            step.reach = Reach::Taken;
            if step.goes_on.is_some() {
                return;
            }
        }
    }

    /// The other side does not take this event of `side`, unless it is known to have it.
    pub fn not_taken(&mut self, side: Side, id: MessageId) {
        let is_it = |step: &&mut Step| (step.side, step.id) == (side, id);
        let step = self.0.iter_mut().find(is_it);
        if let Some(step) = step.filter(|step| step.reach == Reach::Open) {
            step.reach = Reach::Lost;
        }
    }

    /// What this event said is erased here.
    pub fn erased(&mut self, leaf: &Digest) {
        if let Some(step) = self.0.iter_mut().find(|step| step.leaf == *leaf) {
            step.bound = true;
            step.passes_until = None;
        }
    }

    /// Whether the other side has this event of `side` has to show anew.
    pub fn sent_again(&mut self, side: Side, id: MessageId) {
        let is_it = |step: &&mut Step| (step.side, step.id) == (side, id);
        if let Some(step) = self.0.iter_mut().find(is_it) {
            step.reach = Reach::Open;
        }
    }

    /// Where the other side stands in the messages of `side`, or will once it has taken what is on the
    /// way, of which some `stays`; none where nothing was lost and nothing stays. Before the events of
    /// `side` it stands at `first`.
    pub fn stands(
        &self,
        side: Side,
        first: Place,
        stays: impl Fn(MessageId) -> bool,
    ) -> Option<Place> {
        let comes_not = |step: &Step| match step.reach {
            Reach::Taken => false,
            Reach::Lost => true,
            Reach::Open => stays(step.id),
        };
        if !self.of(side).any(comes_not) {
            return None;
        }
        let (mut place, mut next) = (first, first.0);
        for step in self.of(side) {
            let (sequence, from) = match step.goes_on {
                Some(goes_on) => (goes_on.sequence, goes_on.from),
                None => (next, next),
            };
            next = sequence.saturating_add(1);
            let comes = match step.reach {
                Reach::Taken => true,
                Reach::Lost => false,
                // What follows something lost, and does not say so, is never taken.
                Reach::Open => !comes_not(step) && [sequence, from].contains(&place.0),
            };
            if comes {
                place = (next, Some(step.leaf));
            }
        }
        Some(place)
    }

    /// Takes an event in at its place.
    pub fn insert(&mut self, step: Step) {
        let place = match step.side {
            // The asking side's log may hold events of its own that the asked side had not seen:
            // it comes before them.
            Side::Requested => {
                let mut number = first_number(Side::Requesting);
                let unseen = |other: &Step| {
                    let theirs = other.side == Side::Requesting;
                    number += u32::from(theirs);
                    theirs && number > step.seen
                };
                self.0.iter().position(unseen).unwrap_or(self.0.len())
            }
            Side::Requesting => self.0.len(),
        };
        self.0.insert(place, step);
    }
}

/// How many messages a side said before the first step: the asking side, its request.
fn first_number(side: Side) -> u32 {
    match side {
        Side::Requesting => 1,
        Side::Requested => 0,
    }
}
