//! The members and the trust list, as decisions meet them: who is out, what each holds of this
//! node, and which views of the federation do not agree.

mod changes;
mod identity;
mod keys;
mod marks;
mod ordered;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use changes::MemberChange;
pub use identity::{Confirmed, IdentityRow, MemberStanding, Pending};
pub(super) use identity::{is_blocked, project, record_identities};
pub use keys::{BundleRow, CompromisedRow, KeyAlarm, NodeKeys};
pub(super) use keys::{at_peer, conflict, destroyed, record_bundles, record_compromises};
pub(super) use marks::{annotate, annotate_alert, touched};
pub(super) use ordered::{carried_out, tick};

use super::change::{Change, Other};
use super::duty::Contact;
use super::error::AppError;
use super::input::{Federation, Reply};
use super::permit::Action;
use super::restored::RestoredLog;
use super::rows::*;
use super::service::{Service, Stop, Turn};
use super::view::{View, after_prefix};
use crate::base::{Actor, Digest, MemberId, MessageId, NodeId, Timestamp};
use crate::seal::keystore::Rotation;
use crate::seal::safety::{MemberIdentity, SafetyNumber};
use crate::store::{Index, IndexError, Table};

/// How long before a list or a key of this node's runs out the node says so.
const EXPIRES_SOON: Duration = Duration::from_secs(5 * 24 * 3600);

/// Conversations that are listed of one member at most.
const MOST_HELD: usize = 10_000;

/// What a directory says beyond who is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustDetails {
    /// The suspend list in force: its version and digest.
    pub suspension: Option<(u32, Digest)>,
    /// Members that are suspended; they are not among the nodes.
    pub suspended: Vec<MemberId>,
    /// Members of the list that are observers, suspended or not: organisations, not countries.
    pub observers: Vec<MemberId>,
    /// The keys of each node in force, this one included.
    pub keys: BTreeMap<NodeId, NodeKeys>,
    /// The identity keys of each member of the list, this one included.
    pub identities: BTreeMap<MemberId, MemberIdentity>,
    /// Members whose keys are said to have been in other hands, and since when.
    pub compromised: BTreeMap<MemberId, Timestamp>,
    /// The logs that go on after a backup, those of one node in their order.
    pub restored: Vec<RestoredLog>,
    /// How each member is reached beside the exchange.
    pub contacts: BTreeMap<MemberId, Contact>,
}

/// Why a member does not get something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// It is not in the trust list any more.
    Removed,
    /// It is suspended until the next list.
    Suspended,
    /// Its identity key changed, and two people here have not accepted that yet.
    IdentityChanged,
    /// It has no key in force to seal to.
    NoKey,
    /// It is an observer, and this goes to countries alone.
    Observer,
}

impl Withheld {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Suspended => "suspended",
            Self::IdentityChanged => "identity-changed",
            Self::NoKey => "no-receiving-key",
            Self::Observer => "observer",
        }
    }
}

impl Federation {
    /// Why nothing may be sent to the member; nothing if it may.
    pub fn withholds(&self, member: MemberId) -> Option<Withheld> {
        if self.trust.suspended.contains(&member) {
            Some(Withheld::Suspended)
        } else if self.lists(member) {
            None
        } else {
            Some(Withheld::Removed)
        }
    }
}

/// What a person asks about members.
#[derive(Debug, Clone, PartialEq)]
pub enum MemberAsk {
    /// What a member received from this node, or sent to it.
    Holdings {
        /// The member.
        member: MemberId,
    },
    /// How each member stands.
    List,
    /// How one member stands, with the safety number.
    Show {
        /// The member.
        member: MemberId,
    },
    /// A person compared the safety number with the member's people.
    Compare {
        /// The member.
        member: MemberId,
        /// The number that the member's people read out.
        number: SafetyNumber,
    },
    /// A person accepts the changed identity key of a member.
    Accept {
        /// The member.
        member: MemberId,
    },
    /// New keys for this node.
    Rotate(Rotation),
}

impl MemberAsk {
    /// The actions of which one is needed.
    pub(super) fn actions(&self) -> &'static [Action] {
        match self {
            Self::Holdings { .. } => &[Action::ReadHoldings],
            Self::List | Self::Show { .. } => &[Action::ReadMembers],
            Self::Compare { .. } => &[Action::CompareIdentity],
            Self::Accept { .. } => &[Action::AcceptIdentity],
            Self::Rotate(_) => &[Action::RotateKeys],
        }
    }
}

/// The answer to a [`MemberAsk`].
#[derive(Debug, Clone, PartialEq)]
pub enum MemberReply {
    /// What the member holds.
    Holdings {
        /// Why it gets nothing more; none while it is in force.
        withheld: Option<Withheld>,
        /// Each conversation, by id.
        held: Vec<(MessageId, Held)>,
    },
    /// How members stand, and the safety number where one was asked about.
    Standing(Vec<MemberStanding>, Option<SafetyNumber>),
    /// New keys are being made; the node's bundle so far has this sequence.
    Rotating(u64),
}

/// What a member holds of one conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Messages that it receipted, or sent itself.
    pub messages: u64,
    /// Messages of this node that wait for its receipt: they may have reached it or not.
    #[serde(default)]
    pub unconfirmed: u64,
    /// When the first of them was recorded here.
    pub first: Timestamp,
    /// When the last of them was recorded here.
    pub last: Timestamp,
    /// Whether it is an alert, not an exchange.
    pub alert: bool,
}

/// Notes that a member holds one message more of a conversation.
pub(super) fn hold(
    view: &mut View<'_>,
    member: MemberId,
    conversation: MessageId,
    at: Timestamp,
) -> Result<(), IndexError> {
    let key = held_key(member, conversation);
    let alert = view.row::<AlertRow>(ALERT, &conversation.to_bytes())?;
    let mut held = view.row::<Held>(HELD, &key)?.unwrap_or(Held {
        messages: 0,
        unconfirmed: 0,
        first: at,
        last: at,
        alert: alert.is_some(),
    });
    held.messages += 1;
    held.last = held.last.max(at);
    view.put(HELD, key, held);
    Ok(())
}

/// Answers what is asked about members.
pub(super) fn ask(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    ask: &MemberAsk,
) -> Result<Reply, Stop> {
    let reply = match ask {
        MemberAsk::Holdings { member } => holdings(service, turn, *member)?,
        MemberAsk::List => identity::list(service, turn)?,
        MemberAsk::Show { member } => identity::show(service, turn, *member)?,
        MemberAsk::Compare { member, number } => {
            identity::compare(service, turn, by, *member, number)?
        }
        MemberAsk::Accept { member } => identity::accept(service, turn, by, *member)?,
        MemberAsk::Rotate(what) => keys::rotate(service, turn, by, *what)?,
    };
    Ok(Reply::Members(Box::new(reply)))
}

fn holdings(service: &Service, turn: &Turn<'_>, member: MemberId) -> Result<MemberReply, Stop> {
    let prefix = member.to_bytes();
    let rows = turn.view.prefix::<Held>(HELD, &prefix, MOST_HELD)?;
    let mut held: BTreeMap<MessageId, Held> = BTreeMap::new();
    for (key, row) in rows {
        let id = key.get(8..).and_then(|id| <[u8; 16]>::try_from(id).ok());
        if let Some(id) = id {
            held.insert(MessageId::from_bytes(id), row);
        }
    }
    for (row, since) in waiting_messages(turn, service.me.member, member)? {
        let alert = turn
            .view
            .row::<AlertRow>(ALERT, &row.conversation.to_bytes())?;
        let one = held.entry(row.conversation).or_insert(Held {
            messages: 0,
            unconfirmed: 0,
            first: since,
            last: since,
            alert: alert.is_some(),
        });
        one.unconfirmed += 1;
        one.last = one.last.max(since);
    }
    let federation = service.federation.as_ref();
    let listed = federation.is_none_or(|federation| federation.lists(member));
    if held.is_empty() && !listed {
        return Err(AppError::NotFound("member").into());
    }
    Ok(MemberReply::Holdings {
        withheld: service.withholds(turn, member)?,
        held: held.into_iter().collect(),
    })
}

/// The messages of this node that wait for a member, with their rows and since when.
fn waiting_messages(
    turn: &Turn<'_>,
    me: MemberId,
    member: MemberId,
) -> Result<Vec<(MessageRow, Timestamp)>, IndexError> {
    let rows = turn
        .view
        .prefix::<OutboxRow>(OUTBOX, &member.to_bytes(), MOST_HELD)?;
    let mut waiting = Vec::new();
    for (_, row) in rows {
        let OutboxRow::Message { message, since } = row else {
            continue;
        };
        let key = message_key(me, message);
        if let Some(row) = turn.view.row::<MessageRow>(MESSAGE, &key)? {
            waiting.push((row, since));
        }
    }
    Ok(waiting)
}

/// Members that something waits for and that the list in force does not have.
pub(super) fn waiting_outside(
    turn: &Turn<'_>,
    federation: &Federation,
) -> Result<Vec<MemberId>, IndexError> {
    let mut outside = members_in::<OutboxRow>(turn, OUTBOX)?;
    outside.retain(|member| !federation.lists(*member));
    Ok(outside)
}

/// Members that receipted a message of this node or sent one, whether or not the list in force has them.
pub(super) fn met(turn: &Turn<'_>) -> Result<Vec<MemberId>, IndexError> {
    members_in::<Held>(turn, HELD)
}

/// The members by which the keys of a table begin, in order.
fn members_in<T: Row>(turn: &Turn<'_>, table: Table) -> Result<Vec<MemberId>, IndexError> {
    let mut members = Vec::new();
    let mut from = Vec::new();
    loop {
        let rows = turn.view.range::<T>(table, &from, None, 1)?;
        let member = rows.first().and_then(|(key, _)| key.first_chunk::<8>());
        let Some(member) = member.and_then(|id| MemberId::from_bytes(*id).ok()) else {
            return Ok(members);
        };
        members.push(member);
        match after_prefix(&member.to_bytes()) {
            Some(next) => from = next,
            None => return Ok(members),
        }
    }
}

/// The newest trust list that was in force here, as the log says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListOnRecord {
    /// Its version.
    pub version: u64,
    /// Its hash.
    pub hash: Digest,
    /// The version and digest of the last suspend list with it.
    pub suspension: Option<(u32, Digest)>,
}

const IN_FORCE: &[u8] = b"in-force";

/// Remembers the newest list.
pub(super) fn list_in_force(view: &mut View<'_>, list: ListOnRecord) -> Result<(), IndexError> {
    let known = view.row::<ListOnRecord>(LIST, IN_FORCE)?;
    if known.is_none_or(|known| known.version <= list.version) {
        view.put(LIST, IN_FORCE.to_vec(), list);
    }
    Ok(())
}

/// The newest trust list that was in force, from an index that is current.
///
/// # Errors
/// Whatever the index gives; [`IndexError::Damaged`] for a row that does not decode.
pub fn list_on_record(index: &dyn Index) -> Result<Option<ListOnRecord>, IndexError> {
    let row = index.get(LIST, IN_FORCE)?;
    let read = |row: Vec<u8>| serde_json::from_slice(&row).map_err(|_| IndexError::Damaged);
    row.map(read).transpose()
}

/// The newest bundle of each node that was in force, by its sequence, from an index that is current.
///
/// # Errors
/// As [`list_on_record`].
pub fn bundles_on_record(index: &dyn Index) -> Result<BTreeMap<NodeId, u64>, IndexError> {
    let rows = index.range(BUNDLE, &[], None, usize::MAX)?;
    let read = |(key, row): (Vec<u8>, Vec<u8>)| {
        let node = <[u8; 9]>::try_from(key.as_slice()).map_err(|_| IndexError::Damaged)?;
        let node = NodeId::from_bytes(node).map_err(|_| IndexError::Damaged)?;
        let row: BundleRow = serde_json::from_slice(&row).map_err(|_| IndexError::Damaged)?;
        Ok((node, row.sequence))
    };
    rows.into_iter().map(read).collect()
}

/// What peers said that contradicts this node, as far as it is on record since the start: each by its
/// version or sequence once, whatever else the peer says of that.
#[derive(Debug, Default)]
pub(super) struct Conflicts {
    /// Of trust lists, by version.
    lists: BTreeSet<(NodeId, u64)>,
    /// Of bundles of this node, by sequence.
    bundles: BTreeSet<(NodeId, u64)>,
}

/// What a peer's hello says of the trust list in force there.
pub(super) fn list_at(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    version: u64,
    hash: Digest,
) -> Result<(), IndexError> {
    let Some(federation) = &service.federation else {
        return Ok(());
    };
    let conflict = version == federation.version && hash != federation.hash;
    service.lists_at.insert(peer, (version, hash));
    let told = service.conflicts.lists.contains(&(peer, version));
    if !conflict || told || !service.may_record_refusal(peer.member, turn.now) {
        return Ok(());
    }
    service.conflicts.lists.insert((peer, version));
    let me = service.me.member;
    let change = MemberChange::ListConflict {
        peer,
        version,
        hash,
    };
    turn.record(me, Actor::node(me), Change::Other(Other::Member(change)))?;
    Ok(())
}

/// What is to be told of the trust list: it differs from a peer's, or is older.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListAlarm {
    /// The list in force has run out: no new members and no new keys, until there is another.
    Expired {
        /// Its version.
        version: u64,
        /// When it ran out.
        at: Timestamp,
    },
    /// The list in force runs out within days.
    ExpiresSoon {
        /// Its version.
        version: u64,
        /// When it runs out.
        at: Timestamp,
    },
    /// The peer has another list of the same version.
    Conflict {
        /// The peer.
        peer: NodeId,
        /// The version of both.
        version: u64,
    },
    /// The peer has a later list than this node.
    Behind {
        /// The peer.
        peer: NodeId,
        /// The version there.
        version: u64,
    },
}

impl Service {
    /// Why nothing is sent to the member now; nothing if it is.
    pub(super) fn withholds(
        &self,
        turn: &Turn<'_>,
        member: MemberId,
    ) -> Result<Option<Withheld>, IndexError> {
        let Some(federation) = &self.federation else {
            return Ok(None);
        };
        if let Some(why) = federation.withholds(member) {
            return Ok(Some(why));
        }
        if is_blocked(turn, member)? {
            return Ok(Some(Withheld::IdentityChanged));
        }
        let sealable = federation.can_seal_to(member, turn.now);
        Ok((!sealable).then_some(Withheld::NoKey))
    }

    /// What is to be told of the trust list.
    pub(super) fn list_alarms(&self, now: Timestamp) -> Vec<ListAlarm> {
        let Some(federation) = &self.federation else {
            return Vec::new();
        };
        let (version, at) = (federation.version, federation.expires);
        let mut alarms = Vec::new();
        if federation.expired(now) {
            alarms.push(ListAlarm::Expired { version, at });
        } else if federation.expired(now.plus(EXPIRES_SOON)) {
            alarms.push(ListAlarm::ExpiresSoon { version, at });
        }
        let alarm = |(peer, (version, hash)): (&NodeId, &(u64, Digest))| {
            let (peer, version) = (*peer, *version);
            if version == federation.version && *hash != federation.hash {
                Some(ListAlarm::Conflict { peer, version })
            } else if version > federation.version {
                Some(ListAlarm::Behind { peer, version })
            } else {
                None
            }
        };
        alarms.extend(self.lists_at.iter().filter_map(alarm));
        alarms
    }
}
