//! One exchange as a machine. Both sides hold the same signed events; where the exchange stands
//! is derived from them each time.
//!
//! # What crosses
//! Events of one side keep their order. Of two that crossed on the way, **the asked side's counts
//! first**: all stand in the order in which the asked side's log holds them. An event of the asking
//! side that the state then no longer allows stays in the thread and has no effect.
//!
//! | asking side \ asked side | accept, channel, await, answer-part, refuse-part | ask-clarification | answer | refuse | transfer |
//! |---|---|---|---|---|---|
//! | clarify | both count | cannot cross | `answered` | `refused` | `transferred` |
//! | feedback (on a part) | both count | both count | `answered`: it was about the part | `refused` | `transferred` |
//! | withdraw | both count: `withdrawn` | both count: `withdrawn` | `answered` | `refused` | `transferred` |
//! | supersede | both count: `superseded` | both count: `superseded` | `answered` | `refused` | `transferred` |
//! | close (after a part) | both count: `closed` | both count: `closed` | both count: `closed` | both count: `closed` | `transferred` |
//! | close, reopen (after a part) | both count: `reopened` | both count: `reopened` | both count: `reopened` | both count: `reopened` | `transferred` |
//!
//! What was said is disclosed, so it is not undone by a withdrawal that came too late. A peer's
//! event is admitted if it was allowed in what its author had seen, which `last_seen` tells; a peer
//! can claim to have seen less than it has, and gains nothing that being slow would not give it.
//!
//! # What is lost
//! An event that the other side refused, or that expired on the way, counts at its author's side like any
//! other. The other side goes on without it, so what that says has to fit what it has: an event of the other
//! side is admitted too if it was allowed without what is lost. Whether an expired one came all the same is
//! not always known; the other side's first event that has seen it shows it.

use serde::{Deserialize, Serialize};

use super::command::may_cause;
use super::ledger::Ledger;
use super::passing::{is_bound, passes_until};
use super::progress::{Deviations, Progress};
use super::steps::{Detail, GoesOn, Reach, Step, Steps};
use super::{
    Command, CorrectionTold, Move, PeerFault, Permission, QuestionProgress, Refused, Request,
    SaidMessage, Side, Standing, State,
};
use crate::base::{Actor, Digest, MemberId, MessageId, Role, Timestamp};
use crate::domain::Status;
use crate::domain::message::{Body, Event, Handling, Header, Kind};
use crate::domain::profile::Clock;

/// An exchange. It is stored without its request ([`StoredExchange`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exchange {
    side: Side,
    id: MessageId,
    leaf: Digest,
    asking: MemberId,
    asked: MemberId,
    #[serde(skip)]
    request: Request,
    created: Timestamp,
    delivered: Option<Timestamp>,
    read: Option<Timestamp>,
    steps: Steps,
}

/// An exchange as it is stored: without its request, which the message that opened it holds. Whoever
/// keeps an exchange keeps that as well.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredExchange {
    side: Side,
    id: MessageId,
    leaf: Digest,
    asking: MemberId,
    asked: MemberId,
    created: Timestamp,
    delivered: Option<Timestamp>,
    read: Option<Timestamp>,
    steps: Steps,
}

impl StoredExchange {
    /// The exchange, with the request that opened it.
    pub fn with(self, request: Request) -> Exchange {
        Exchange {
            side: self.side,
            id: self.id,
            leaf: self.leaf,
            asking: self.asking,
            asked: self.asked,
            request,
            created: self.created,
            delivered: self.delivered,
            read: self.read,
            steps: self.steps,
        }
    }
}

impl Exchange {
    /// The exchange that a request opens; none for any other message. `leaf` is what its signature
    /// covers, `at` when this node recorded it: for the asked side that is the receipt, from which
    /// the clock runs.
    pub fn open(
        side: Side,
        header: &Header,
        event: &Event,
        leaf: Digest,
        at: Timestamp,
    ) -> Option<Self> {
        let Body::Request(request) = &event.body else {
            return None;
        };
        Some(Self {
            side,
            id: header.id,
            leaf,
            asking: header.sender.member,
            asked: *header.recipients.first()?,
            request: (**request).clone(),
            created: header.created,
            delivered: (side == Side::Requested).then_some(at),
            read: None,
            steps: Steps::default(),
        })
    }

    /// Whether a peer's request may open an exchange here.
    ///
    /// # Errors
    /// [`PeerFault`].
    pub fn admit_request(header: &Header, event: &Event) -> Result<(), PeerFault> {
        let Body::Request(request) = &event.body else {
            return Err(PeerFault::Form);
        };
        if !matches!(event.by.role, Role::Officer | Role::Releaser) {
            return Err(PeerFault::Role);
        }
        if request.priority() != header.priority || request.handling != header.handling {
            return Err(PeerFault::Form);
        }
        if header.status() != Ok(request.status) {
            return Err(PeerFault::Status);
        }
        request.validate().map_err(|_| PeerFault::Form)
    }

    /// Decides what a person of this side may say; changes nothing. Ground `x5` comes out as the
    /// very answer no-hit.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn decide(&self, command: &Command, by: &Actor, now: Timestamp) -> Result<Body, Refused> {
        let what = command.what();
        match (self.side, what.side()) {
            (Side::Requesting, Some(Side::Requested)) => return Err(Refused::NotAsked),
            (Side::Requested, Some(Side::Requesting)) => return Err(Refused::NotAsking),
            (Side::Requesting, None | Some(Side::Requesting))
            | (Side::Requested, None | Some(Side::Requested)) => (),
        }
        if !may_cause(by.role, what.kind()) {
            return Err(Refused::Role(by.role));
        }
        if self.progress().next(what).is_none() {
            return Err(Refused::State(self.state()));
        }
        if self.steps.is_full(self.side, what) {
            return Err(Refused::Full);
        }
        let body = command.body(&self.request).map_err(Refused::Invalid)?;
        super::form::check(self, &body, now).map_err(Refused::Invalid)?;
        let ledger = self.ledger(self.steps.all());
        let checked = ledger.check(self.side, self.state(), &body, now);
        checked.map_err(Refused::Unfit)?;
        Ok(body)
    }

    /// Whether an event of the other side fits what its author had seen; changes nothing.
    ///
    /// # Errors
    /// [`PeerFault`].
    pub fn admit(&self, header: &Header, event: &Event) -> Result<(), PeerFault> {
        let author = self.side.other();
        let what = Move::of(&event.body).ok_or(PeerFault::Form)?;
        if !what.is_of(author) {
            return Err(PeerFault::Side);
        }
        if header.priority != self.request.priority() {
            return Err(PeerFault::Form);
        }
        if header.status() != Ok(self.request.status) {
            return Err(PeerFault::Status);
        }
        if !may_cause(event.by.role, what.kind()) {
            return Err(PeerFault::Role);
        }
        let seen = self.seen(author, header).ok_or(PeerFault::Chain)?;
        if self.steps.is_full(author, what) {
            return Err(PeerFault::State);
        }
        let known: Vec<&Step> = self.steps.known_to(author, seen).collect();
        let with_all = self.fits(what, header, event, &known);
        if with_all.is_ok() || !known.iter().any(|step| step.is_lost()) {
            return with_all;
        }
        // Its author has not seen what is lost, though its number is below that of what it has seen.
        let mut steps = self.steps.clone();
        if let Some(leaf) = header.last_seen {
            steps.taken(self.side, |step| step.leaf == leaf);
        }
        let known = steps.known_to(author, seen);
        let known: Vec<&Step> = known.filter(|step| !step.is_lost()).collect();
        self.fits(what, header, event, &known).or(with_all)
    }

    /// Whether an event of the other side has its place after these, which its author knew.
    fn fits(
        &self,
        what: Move,
        header: &Header,
        event: &Event,
        known: &[&Step],
    ) -> Result<(), PeerFault> {
        let view = Progress::after(&self.request, self.received(), known.iter().copied());
        if view.next(what).is_none() {
            return Err(PeerFault::State);
        }
        super::form::check_peer(self, header, event)?;
        let ledger = self.ledger(known.iter().copied());
        let checked = ledger.check(self.side.other(), view.state, &event.body, event.at);
        checked.map_err(PeerFault::from)
    }

    /// What is owed after these events beside the answer.
    fn ledger<'a>(&self, steps: impl Iterator<Item = &'a Step>) -> Ledger {
        let request = SaidMessage {
            id: self.id,
            leaf: self.leaf,
            by: Side::Requesting,
            kind: Kind::Request,
            bound: self.request.forwarded.is_some() || self.request.handling.binds().is_some(),
            passes_until: self.request.handling.passes_until(self.created),
        };
        Ledger::after(request, steps)
    }

    /// How many messages of this side the author of a message had seen; none if it names one that
    /// is not in the exchange, or fewer than before.
    fn seen(&self, author: Side, header: &Header) -> Option<u32> {
        let other = author.other();
        let seen = match (header.last_seen, other) {
            (None, Side::Requested) => 0,
            // Nobody answers a request unseen.
            (None, Side::Requesting) => return None,
            (Some(leaf), Side::Requesting) if leaf == self.leaf => 1,
            (Some(leaf), _) => self.steps.number_of(other, &leaf)?,
        };
        (seen >= self.steps.last_seen_by(author)).then_some(seen)
    }

    /// Applies an event that was decided here or admitted; `leaf` is what its signature covers.
    pub fn apply(&mut self, header: &Header, event: &Event, leaf: Digest) {
        let Some(what) = Move::of(&event.body) else {
            return;
        };
        let author = match what.side() {
            Some(side) => side,
            None if header.sender.member == self.asking => Side::Requesting,
            None => Side::Requested,
        };
        let own = author == self.side;
        if let Some(leaf) = header.last_seen.filter(|_| !own) {
            self.steps.taken(self.side, |step| step.leaf == leaf);
        }
        let seen = self.seen(author, header);
        self.steps.insert(Step {
            id: header.id,
            leaf,
            side: author,
            seen: seen.unwrap_or_else(|| self.steps.last_seen_by(author)),
            at: event.at,
            delivered: None,
            what,
            detail: Detail::of(&event.body),
            bound: is_bound(&event.body, self.handling_of(&event.body)),
            passes_until: passes_until(header),
            reach: Reach::Open,
            goes_on: self.goes_on(header).filter(|_| own),
        });
        if what == Move::Await {
            // The last announcement that counts gives the reason; what comes later makes none before it count.
            let counts = !self.progress().crossed.contains(&leaf);
            self.steps
                .forget_reasons(|step| (step.leaf == leaf) != counts);
        }
    }

    /// What an event said is erased here, so that it is not passed on.
    pub fn erased(&mut self, leaf: &Digest) {
        self.steps.erased(leaf);
    }

    /// Where a message of this side goes on at the other, if its header says so.
    fn goes_on(&self, header: &Header) -> Option<GoesOn> {
        let other = match self.side {
            Side::Requesting => self.asked,
            Side::Requested => self.asking,
        };
        let joining = header.joining().unwrap_or_default();
        let named = joining.iter().find(|joining| joining.member == other)?;
        Some(GoesOn {
            sequence: header.sequence,
            from: named.sequence,
        })
    }

    /// The asked side's log holds the request since `at`, by its clock; at the asking side no later than
    /// it heard of that.
    pub fn delivered(&mut self, at: Timestamp) {
        self.delivered = earliest(self.delivered, at);
    }

    /// The asked side's log holds this event of the asking side since `at`, by its clock; at the asking side
    /// no later than it heard of that. What the asked side has to do about it counts from then.
    pub fn event_delivered(&mut self, id: MessageId, at: Timestamp) {
        self.steps.delivered(id, at);
    }

    /// The other side has this event of this side.
    pub fn taken(&mut self, id: MessageId) {
        self.steps.taken(self.side, |step| step.id == id);
    }

    /// The other side refused this event of this side, or it expired on the way.
    pub fn not_taken(&mut self, id: MessageId) {
        self.steps.not_taken(self.side, id);
    }

    /// This event of this side goes to the other side again, which may have lost it.
    pub fn sent_again(&mut self, id: MessageId) {
        self.steps.sent_again(self.side, id);
    }

    /// Where the other side stands in this side's messages: their number up to the last one that it has
    /// or may still take, and the leaf of that one. Of those that are on their way some may not go to it:
    /// `stays`. None where none was lost and none stays: it stands at the last then.
    pub fn stands(&self, stays: impl Fn(MessageId) -> bool) -> Option<(u64, Option<Digest>)> {
        let first = match self.side {
            Side::Requesting => (1, Some(self.leaf)),
            Side::Requested => (0, None),
        };
        self.steps.stands(self.side, first, stays)
    }

    /// A person at the asked side opened the request at `at`, by its clock; at the asking side no later than
    /// it heard of that.
    pub fn opened(&mut self, at: Timestamp) {
        self.read = earliest(self.read, at);
    }

    fn progress(&self) -> Progress {
        Progress::after(&self.request, self.received(), self.steps.all())
    }

    /// Since when the asked side has the request, as far as is known here. What was opened was delivered, even
    /// while the receipt that says since when is under way, or where a clock that was set back says later.
    pub fn received(&self) -> Option<Timestamp> {
        match (self.delivered, self.read) {
            (Some(delivered), Some(opened)) => Some(delivered.min(opened)),
            (delivered, opened) => delivered.or(opened),
        }
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        match self.progress().state {
            State::Queued if self.read.is_some() => State::Read,
            State::Queued if self.delivered.is_some() => State::Delivered,
            state => state,
        }
    }

    /// The clock; none until the asked side has receipted the request.
    pub fn clock(&self) -> Option<Clock> {
        let received = self.received()?;
        Some(self.progress().clock(&self.request, received))
    }

    /// What did not go as it should until `now`, in all runs of the clock.
    pub fn deviations(&self, now: Timestamp) -> Deviations {
        Deviations::until(now, &self.request, self.received(), self.steps.all())
    }

    /// How far each question has come, in the order of the request.
    pub fn questions(&self) -> Vec<QuestionProgress> {
        self.progress().questions
    }

    /// The asked side's reference, once it accepted and gave one.
    pub fn their_reference(&self) -> Option<String> {
        self.progress().reference
    }

    /// The events that had no effect, since they crossed with others: what their signatures cover.
    pub fn crossed(&self) -> Vec<Digest> {
        self.progress().crossed
    }

    /// Which end this node is.
    pub fn side(&self) -> Side {
        self.side
    }

    /// The exchange's id: that of its request.
    pub fn id(&self) -> MessageId {
        self.id
    }

    /// The member that asks, and the one that is asked.
    pub fn members(&self) -> [MemberId; 2] {
        [self.asking, self.asked]
    }

    /// The request.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// When the request was made.
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// How a message with this body is handled: an answer or a correction says so itself, all else
    /// is handled like the request.
    pub fn handling_of<'a>(&'a self, body: &'a Body) -> &'a Handling {
        match body {
            Body::Answer(answer) => &answer.handling,
            Body::Correction(correction) => &correction.handling,
            _ => &self.request.handling,
        }
    }

    /// Whether the state allows an event of this kind, whichever side it is of.
    pub fn allows(&self, kind: Kind) -> bool {
        let progress = self.progress();
        let mut moves = Move::ALL.iter().filter(|what| what.kind() == kind);
        moves.any(|what| progress.next(*what).is_some())
    }

    /// Whether this side may cause an event of this kind now.
    pub fn may_cause(&self, kind: Kind) -> bool {
        let mut moves = Move::ALL.iter().filter(|what| what.kind() == kind);
        moves.any(|what| what.is_of(self.side)) && self.allows(kind) && self.has_cause(kind)
    }

    /// Whether there is something that an event of this kind can be about.
    fn has_cause(&self, kind: Kind) -> bool {
        let theirs = |by: Side| by != self.side;
        match kind {
            Kind::PermissionRequest => self
                .said()
                .iter()
                .any(|said| theirs(said.by) && super::is_passed_on(said.kind)),
            Kind::PermissionGrant => self.permissions().iter().any(|permission| {
                theirs(permission.holder) && permission.standing == Standing::Asked
            }),
            Kind::PermissionRefusal => self.permissions().iter().any(|permission| {
                let open = matches!(permission.standing, Standing::Asked | Standing::Granted);
                theirs(permission.holder) && open
            }),
            Kind::Notice => self
                .corrections()
                .iter()
                .any(|told| theirs(told.by) && told.acknowledged.is_none()),
            _ => true,
        }
    }

    /// Every message of the exchange, the request first, in the order of the conversation.
    pub fn said(&self) -> Vec<SaidMessage> {
        self.ledger(self.steps.all()).said
    }

    /// The permissions that were asked for.
    pub fn permissions(&self) -> Vec<Permission> {
        self.ledger(self.steps.all()).permissions
    }

    /// The corrections that were told.
    pub fn corrections(&self) -> Vec<CorrectionTold> {
        self.ledger(self.steps.all()).corrections
    }

    /// Whether it is real, an exercise, or a test.
    pub fn status(&self) -> Status {
        self.request.status
    }
}

/// The earlier of what was known and what is said now.
fn earliest(known: Option<Timestamp>, said: Timestamp) -> Option<Timestamp> {
    Some(known.map_or(said, |known| known.min(said)))
}
