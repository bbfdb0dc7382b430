//! The node's decisions: one input at a time, without clock, chance, sockets or files.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::change::{Change, Other};
use super::duty::Alarms;
use super::erase::Erasure;
use super::error::AppError;
use super::input::{Ask, Effect, Federation, FromPeer, Input, Reply, Ticket};
use super::members::{KeyAlarm, MemberChange};
use super::permit::Permit;
use super::quota::{MESSAGES_A_DAY, Quota};
use super::reached::ForObservers;
use super::witness::{self, Witness, WitnessTimes};
use super::{
    alerts, carried, deliver, duty, erase, fetching, letters, members, news, office, people,
    permissions, read, receipts, receive, restored, search, unchanged,
};
use crate::base::{Actor, Digest, MemberId, NodeId, Timestamp};
use crate::exchange::{Flight, Refusal};
use crate::store::IndexError;

mod compose;
mod full;
mod leave;
mod turn;

use leave::action_of;
pub use turn::{Mark, Recorded, Turn};

/// Messages in flight to one peer before it has receipted any.
const WINDOW: usize = 256;

/// How long an unanswered message rests before it is sent again on the same link.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// Refused inputs that are recorded for one peer in one minute; more are only counted.
const REFUSALS_RECORDED: u32 = 60;

/// What the service keeps in memory: links, and nothing that a restart would miss.
pub struct Service {
    pub(super) me: NodeId,
    pub(super) federation: Option<Federation>,
    /// The list, and the suspend list, that the log names as those in force.
    list_on_record: Option<(Digest, Option<(u32, Digest)>)>,
    /// The trust list in force at each peer, as its last hello said.
    pub(super) lists_at: BTreeMap<NodeId, (u64, Digest)>,
    /// This node's bundle in force at each peer, as it last said.
    pub(super) own_bundle_at: BTreeMap<NodeId, (u64, Digest)>,
    pub(super) conflicts: members::Conflicts,
    /// Bundles that contradict those in force.
    pub(super) bundle_alarms: BTreeMap<NodeId, KeyAlarm>,
    /// Whether the log says which keys the federation in force has.
    keys_on_record: bool,
    /// Ticks for which an order for new keys rests before it is handed over again.
    pub(super) order_rests: u32,
    /// The list version whose end was recorded.
    list_expired: Option<u64>,
    /// Nodes with a link that is up.
    pub(super) linked: BTreeSet<NodeId>,
    pub(super) flight: Flight,
    /// Members whose outbox changed, or whose link came up.
    pub(super) stirred: BTreeSet<MemberId>,
    pub(super) witness: Witness,
    /// When the node began to serve.
    pub(super) started: Option<Timestamp>,
    /// Why members take nothing now that waits for them, and since when.
    pub(super) refusing: BTreeMap<MemberId, (Refusal, Timestamp)>,
    pub(super) fetching: fetching::Fetching,
    pub(super) for_observers: ForObservers,
    /// Since when there is no link to a member that had one.
    pub(super) unlinked: BTreeMap<MemberId, Timestamp>,
    pub(super) alarms: Alarms,
    pub(super) erasure: Erasure,
    /// How much of each member is taken.
    pub(super) quota: Quota,
    refusals: Refusals,
}

#[derive(Default)]
struct Refusals {
    minute: i64,
    recorded: std::collections::BTreeMap<MemberId, u32>,
}

/// Whether an input was handled, or needs entries that become readable only with the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    /// It was handled.
    Now,
    /// It must come again after the commit.
    AfterCommit,
}

impl Service {
    /// A service for this node, with no links.
    pub fn new(me: NodeId) -> Self {
        Self {
            me,
            federation: None,
            list_on_record: None,
            lists_at: BTreeMap::new(),
            own_bundle_at: BTreeMap::new(),
            conflicts: members::Conflicts::default(),
            bundle_alarms: BTreeMap::new(),
            keys_on_record: false,
            order_rests: 0,
            list_expired: None,
            linked: BTreeSet::new(),
            flight: Flight::new(WINDOW, RETRY_AFTER),
            stirred: BTreeSet::new(),
            witness: Witness::new(WitnessTimes::default()),
            started: None,
            refusing: BTreeMap::new(),
            fetching: fetching::Fetching::default(),
            for_observers: ForObservers::default(),
            unlinked: BTreeMap::new(),
            alarms: Alarms::default(),
            erasure: Erasure::default(),
            quota: Quota::new(MESSAGES_A_DAY),
            refusals: Refusals::default(),
        }
    }

    /// Sets how often things are done about witnesses.
    pub(super) fn set_times(&mut self, times: WitnessTimes) {
        self.witness.times = times;
    }

    /// Sets how many messages of each member and priority are taken in a day.
    pub(super) fn set_quota(&mut self, messages_a_day: u32) {
        self.quota = Quota::new(messages_a_day);
    }

    /// Whether this member is an observer.
    pub(super) fn is_observer(&self) -> bool {
        let observes = |f: &Federation| f.observes(self.me.member);
        self.federation.as_ref().is_some_and(observes)
    }

    /// Handles one input.
    ///
    /// # Errors
    /// [`IndexError`] where the index fails: the node cannot decide anything then.
    pub fn handle(&mut self, turn: &mut Turn<'_>, input: &Input) -> Result<Handled, IndexError> {
        match input {
            Input::Ask(ticket, permit, ask) => return self.ask(turn, *ticket, permit, ask),
            Input::News(ticket, since) => {
                let reply = news::since(self.me.member, turn, *since)?;
                turn.effects.push(Effect::Reply(*ticket, reply));
            }
            Input::Peer(peer, from) => self.peer_did(turn, *peer, from)?,
            Input::MayFetch(ticket, peer, message) => {
                let reply = fetching::may_fetch(self, turn, *peer, *message)?;
                turn.effects.push(Effect::Reply(*ticket, reply));
            }
            Input::SignedUpTo(ticket, node) => {
                let signed = witness::signed_up_to(self, turn, *node)?;
                turn.effects
                    .push(Effect::Reply(*ticket, Ok(Reply::SignedUpTo(signed))));
            }
            Input::Federation(federation) => {
                self.federation = Some(federation.clone());
                self.keys_on_record = false;
                for node in self.linked.clone() {
                    self.receives(node);
                }
                // What waited for a member that was out may go now.
                self.stirred.extend(self.flight.members());
                self.record_list(turn)?;
            }
            Input::People(people) => people::on_record(self.me.member, turn, people)?,
            Input::Policy(policy) => letters::put_in_force(self.me.member, turn, policy)?,
            Input::KeysDestroyed(keys) => members::destroyed(self, turn, keys)?,
            Input::OrderCarriedOut(at) => members::carried_out(&mut turn.view, *at)?,
            Input::Alarmed(escalation, outcome) => {
                duty::outcome(self, turn, *escalation, *outcome)?;
            }
            Input::Start { version } => {
                // It may come again until there is room for it.
                self.started.get_or_insert(turn.now);
                restored::begin(self, turn)?;
                let version = version.clone();
                self.record(turn, Other::Started { version })?;
            }
            Input::Stop => self.record(turn, Other::Stopped)?,
            Input::Elapsed(running) => self.erasure.clock.elapsed(turn.now, *running),
            Input::Tick => {
                deliver::expire(self, turn)?;
                fetching::fetch_again(self, turn)?;
                restored::tick(self, turn)?;
                witness::tick(self, turn)?;
                self.record_expiry(turn)?;
                members::tick(self, turn)?;
                duty::escalate(self, turn)?;
                erase::tell(self, turn)?;
                erase::look(self, turn)?;
                self.stirred.extend(self.flight.members());
            }
        }
        Ok(Handled::Now)
    }

    /// Records which trust list is in force, unless it is on record.
    fn record_list(&mut self, turn: &mut Turn<'_>) -> Result<(), IndexError> {
        let Some(federation) = &self.federation else {
            return Ok(());
        };
        let in_force = Some((federation.hash, federation.trust.suspension));
        if self.list_on_record != in_force {
            let list = Other::TrustListInForce {
                version: federation.version,
                hash: federation.hash,
                suspension: federation.trust.suspension,
            };
            self.list_on_record = in_force;
            self.record(turn, list)?;
        }
        if !std::mem::replace(&mut self.keys_on_record, true) {
            members::record_identities(self, turn)?;
            members::record_bundles(self, turn)?;
            members::record_compromises(self, turn)?;
        }
        Ok(())
    }

    /// Records once that the list in force has run out.
    fn record_expiry(&mut self, turn: &mut Turn<'_>) -> Result<(), IndexError> {
        let Some(federation) = &self.federation else {
            return Ok(());
        };
        let version = federation.version;
        if !federation.expired(turn.now) || self.list_expired == Some(version) {
            return Ok(());
        }
        self.list_expired = Some(version);
        self.record(turn, Other::Member(MemberChange::ListExpired { version }))
    }

    /// Records what the node itself did.
    fn record(&self, turn: &mut Turn<'_>, other: Other) -> Result<(), IndexError> {
        let me = self.me.member;
        turn.record(me, Actor::node(me), Change::Other(other))?;
        Ok(())
    }

    /// Messages to a member go to its first node. Takes up the link with `node`, if it is that one.
    fn receives(&mut self, node: NodeId) -> bool {
        let federation = self.federation.as_ref();
        let receiver = federation.and_then(|federation| federation.receiver(node.member));
        let receives = receiver.is_none_or(|receiver| receiver == node);
        if receives && self.flight.peer(node.member) != Some(node) {
            self.flight.link_up(node);
            self.unlinked.remove(&node.member);
            self.stirred.insert(node.member);
        }
        receives
    }

    /// After the inputs of a group: sends what is due to every member that something stirred.
    ///
    /// # Errors
    /// As [`Service::handle`].
    pub fn pump(&mut self, turn: &mut Turn<'_>) -> Result<(), IndexError> {
        self.record_list(turn)?;
        self.send_waiting(turn)?;
        witness::recorded(self, turn);
        Ok(())
    }

    /// Sends what waits for those members where something may have changed; records nothing.
    pub(super) fn send_waiting(&mut self, turn: &mut Turn<'_>) -> Result<(), IndexError> {
        for member in std::mem::take(&mut self.stirred) {
            deliver::pump(self, turn, member)?;
        }
        Ok(())
    }

    pub(super) fn peer_did(
        &mut self,
        turn: &mut Turn<'_>,
        peer: NodeId,
        from: &FromPeer,
    ) -> Result<(), IndexError> {
        match from {
            FromPeer::Up => {
                self.linked.insert(peer);
                self.flight.link_down(peer);
                witness::link_up(self, turn, peer)?;
                match self.receives(peer) {
                    true => fetching::link_up(self, turn, peer),
                    false => Ok(()),
                }
            }
            FromPeer::Down => {
                self.linked.remove(&peer);
                self.flight.link_down(peer);
                witness::link_down(self, peer);
                if self.flight.peer(peer.member).is_none() {
                    self.unlinked.entry(peer.member).or_insert(turn.now);
                }
                Ok(())
            }
            FromPeer::Witness(say) => witness::said(self, turn, peer, say),
            FromPeer::BundleAt { sequence, digest } => {
                members::at_peer(self, turn, peer, *sequence, *digest)
            }
            FromPeer::BundleConflict { sequence, digest } => {
                members::conflict(self, turn, peer, *sequence, *digest)
            }
            FromPeer::ListAt { version, hash } => {
                members::list_at(self, turn, peer, *version, *hash)
            }
            FromPeer::Message(message, signature) => {
                receive::message(self, turn, peer, message, signature)
            }
            FromPeer::Unreadable { digest, refusal } => {
                receive::refuse(self, turn, peer, *digest, *refusal)
            }
            FromPeer::Receipt(receipt) => receipts::keep(self, turn, peer, receipt),
            FromPeer::Later(refused) => receipts::later(self, turn, peer, refused),
            FromPeer::Kept(digests) => receipts::kept(self, turn, peer, digests),
            FromPeer::Fetched {
                sender,
                message,
                index,
            } => receive::fetched(self, turn, peer, (*sender, *message), *index),
            FromPeer::NotFetched { message, index } => {
                fetching::fetch_next(self, turn, peer, (*message, *index))
            }
            FromPeer::LackedRoom { message, index } => {
                fetching::lacked_room(self, turn, peer, (*message, *index))
            }
        }
    }

    fn ask(
        &mut self,
        turn: &mut Turn<'_>,
        ticket: Ticket,
        permit: &Permit,
        ask: &Ask,
    ) -> Result<Handled, IndexError> {
        let outcome = if action_of(ask).contains(&permit.action()) {
            self.decide(turn, permit, ask)
        } else {
            Err(Stop::Error(AppError::NotFound("action")))
        };
        turn.view.settle();
        let outcome = match outcome {
            Ok(mut reply) => {
                duty::annotate(self, turn, permit.actor(), &mut reply)?;
                Ok(reply)
            }
            Err(Stop::Error(AppError::Index)) => return Err(IndexError::Damaged),
            Err(Stop::Error(error)) => Err(error),
            Err(Stop::NotYet) => return Ok(Handled::AfterCommit),
        };
        turn.effects.push(Effect::Reply(ticket, outcome));
        Ok(Handled::Now)
    }

    fn decide(&mut self, turn: &mut Turn<'_>, permit: &Permit, ask: &Ask) -> Result<Reply, Stop> {
        match (ask, letters::letter_of(ask)) {
            (Ask::IfUnchanged(read, ask), None) => {
                unchanged::check(self.me.member, turn, read, ask)?;
                self.decide(turn, permit, ask)
            }
            (_, Some((letter, review))) => {
                letters::send(self, turn, permit.actor(), letter, review)
            }
            (Ask::Letters(ask), None) => letters::ask(self, turn, permit, ask),
            (ask, None) => self.answer(turn, permit, ask),
        }
    }

    /// Answers what is no letter.
    fn answer(&mut self, turn: &mut Turn<'_>, permit: &Permit, ask: &Ask) -> Result<Reply, Stop> {
        match ask {
            Ask::SendRequest { .. }
            | Ask::Respond { .. }
            | Ask::Supersede { .. }
            | Ask::PublishAlert { .. }
            | Ask::OnAlert { .. }
            | Ask::Forward(_)
            | Ask::Correct { .. }
            | Ask::PassOn { .. }
            | Ask::DecidePermission { .. }
            | Ask::ForRelease(_)
            | Ask::IfUnchanged(..)
            | Ask::Letters(_) => Err(AppError::NotFound("letter").into()),
            Ask::AskPermission {
                exchange,
                message,
                about,
                to,
                purpose,
            } => {
                let terms = (*about, *to, purpose.as_str());
                permissions::ask(self, turn, permit.actor(), *exchange, *message, terms)
            }
            Ask::GlancePermission { permission } => permissions::show(self, turn, *permission),
            Ask::ListPermissions => permissions::list(turn),
            Ask::ListExchanges {
                order,
                outgoing,
                state,
                status,
                limit,
                cursor,
            } => {
                let filter = (*state, *status);
                let page = (*order, *limit, cursor.as_deref());
                read::exchanges(turn, *outgoing, filter, page)
            }
            Ask::ReadExchange { exchange } => read::exchange(self, turn, permit.actor(), *exchange),
            Ask::GlanceExchange { exchange } => read::glance(turn, *exchange),
            Ask::ShortenRetention { conversation, days } => {
                erase::shorten(self, turn, permit.actor(), *conversation, *days)
            }
            Ask::EraseContent {
                conversation,
                reason,
            } => erase::order(self, turn, permit.actor(), *conversation, reason),
            Ask::Search(sought) => search::search(self, turn, permit.actor(), sought),
            Ask::Compare { exchange, request } => {
                search::compare(self, turn, permit.actor(), *exchange, request)
            }
            Ask::ListPressing { limit } => duty::list(self, turn, *limit),
            Ask::NoteCall { subject, call } => {
                duty::call(self, turn, permit.actor(), *subject, call)
            }
            Ask::PreviewAlert {
                audience,
                alert,
                update,
            } => alerts::preview(
                self,
                turn,
                permit.actor(),
                update.as_deref(),
                audience,
                alert,
            ),
            Ask::Subscribe { message, corridors } => {
                alerts::subscribe(self, turn, permit.actor(), *message, corridors)
            }
            Ask::ListSubscriptions => alerts::subscriptions(self, turn),
            Ask::ListAlerts {
                filter,
                limit,
                cursor,
            } => alerts::list(turn, filter, *limit, cursor.as_deref()),
            Ask::ReadAlert { alert } => alerts::read(self, turn, permit.actor(), *alert),
            Ask::ReadAttachment { of, message, index } => {
                read::attachment(self, turn, permit, *of, (*message, *index))
            }
            Ask::Office(ask) => office::ask(self, turn, permit.actor(), ask),
            Ask::Members(ask) => members::ask(self, turn, permit.actor(), ask),
            Ask::Witness(ask) => witness::ask(self, turn, permit, ask),
            Ask::Carry(ask) => carried::ask(self, turn, permit.actor(), ask),
            Ask::Health => read::health(self, turn, permit.actor()),
        }
    }

    /// Whether one more refused input of this peer may be recorded in this minute.
    pub(super) fn may_record_refusal(&mut self, member: MemberId, now: Timestamp) -> bool {
        let minute = now.as_millis() / 60_000;
        if self.refusals.minute != minute {
            self.refusals = Refusals {
                minute,
                ..Refusals::default()
            };
        }
        let recorded = self.refusals.recorded.entry(member).or_default();
        *recorded += 1;
        *recorded <= REFUSALS_RECORDED
    }
}

/// Why an ask has no reply.
#[derive(Debug)]
pub(super) enum Stop {
    /// The person is told.
    Error(AppError),
    /// It needs entries that are not durable yet.
    NotYet,
}

impl<E: Into<AppError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}
