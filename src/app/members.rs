//! The members and the trust list, as decisions meet them: who is out, what each holds of this
//! node, and which views of the federation do not agree.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::change::{Change, Other};
use super::error::AppError;
use super::input::{Federation, Reply};
use super::permit::Action;
use super::rows::*;
use super::service::{Service, Stop, Turn};
use super::view::{View, after_prefix};
use crate::audit::EventCode;
use crate::base::{Actor, Digest, MemberId, MessageId, NodeId, Timestamp};
use crate::store::{Index, IndexError};

/// Conversations that are listed of one member at most.
const MOST_HELD: usize = 10_000;

/// What a directory says beyond who is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustDetails {
    /// The suspend list in force: its version and digest.
    pub suspension: Option<(u32, Digest)>,
    /// Members that are suspended; they are not among the nodes.
    pub suspended: Vec<MemberId>,
    /// Members that are observers: organisations, not countries.
    pub observers: Vec<MemberId>,
}

/// Why a member gets nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// It is not in the trust list any more.
    Removed,
    /// It is suspended until the next list.
    Suspended,
}

impl Withheld {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Suspended => "suspended",
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
}

impl MemberAsk {
    /// The actions of which one is needed.
    pub(super) fn actions(&self) -> &'static [Action] {
        match self {
            Self::Holdings { .. } => &[Action::ReadHoldings],
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
}

/// A change that is about members or their keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum MemberChange {
    /// A peer has another trust list of the version in force here: one of the two was forged, or
    /// the federation has split.
    ListConflict {
        /// The peer.
        peer: NodeId,
        /// The version.
        version: u64,
        /// The peer's list.
        hash: Digest,
    },
}

impl MemberChange {
    /// How the log names it, and whom it is about.
    pub(super) fn event(&self) -> (EventCode, Option<MemberId>) {
        match self {
            Self::ListConflict { peer, .. } => (EventCode::FederationAlarm, Some(peer.member)),
        }
    }
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
    view.put(HELD, key, &held);
    Ok(())
}

/// Answers what is asked about members.
pub(super) fn ask(
    service: &mut Service,
    turn: &mut Turn<'_>,
    _by: Actor,
    ask: &MemberAsk,
) -> Result<Reply, Stop> {
    let reply = match ask {
        MemberAsk::Holdings { member } => holdings(service, turn, *member)?,
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
        withheld: federation.and_then(|federation| federation.withholds(member)),
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

/// Why messages of an exchange that wait are not sent; nothing if none waits, or they are.
pub(super) fn withheld(
    service: &Service,
    turn: &Turn<'_>,
    row: &ExchangeRow,
) -> Result<Option<Withheld>, IndexError> {
    let federation = service.federation.as_ref();
    let Some(why) = federation.and_then(|federation| federation.withholds(row.peer)) else {
        return Ok(None);
    };
    let waiting = waiting_messages(turn, service.me.member, row.peer)?;
    let waits = waiting
        .iter()
        .any(|(message, _)| message.conversation == row.id);
    Ok(waits.then_some(why))
}

/// Members that something waits for and that the list in force does not have.
pub(super) fn waiting_outside(
    turn: &Turn<'_>,
    federation: &Federation,
) -> Result<Vec<MemberId>, IndexError> {
    let mut outside = Vec::new();
    let mut from = Vec::new();
    loop {
        let rows = turn.view.range::<OutboxRow>(OUTBOX, &from, None, 1)?;
        let member = rows.first().and_then(|(key, _)| key.first_chunk::<8>());
        let Some(member) = member.and_then(|id| MemberId::from_bytes(*id).ok()) else {
            return Ok(outside);
        };
        if !federation.lists(member) {
            outside.push(member);
        }
        match after_prefix(&member.to_bytes()) {
            Some(next) => from = next,
            None => return Ok(outside),
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
        view.put(LIST, IN_FORCE.to_vec(), &list);
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
    let known = service.lists_at.insert(peer, (version, hash));
    if !conflict || known == Some((version, hash)) {
        return Ok(());
    }
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
    /// What is to be told of the trust list.
    pub(super) fn list_alarms(&self) -> Vec<ListAlarm> {
        let Some(federation) = &self.federation else {
            return Vec::new();
        };
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
        self.lists_at.iter().filter_map(alarm).collect()
    }
}
