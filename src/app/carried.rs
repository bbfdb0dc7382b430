//! What is carried to a peer by hand where there is no network: what waits for it, in pages, and
//! what came the same way. The content is that of a link, so all of it may come twice.

use serde::{Deserialize, Serialize};

use super::change::{Change, Other};
use super::content::signed_message;
use super::error::AppError;
use super::input::{Effect, FromPeer, Reply};
use super::members::Withheld;
use super::permit::Action;
use super::requests::is_country;
use super::rows::*;
use super::service::{Service, Stop, Turn};
use super::view::after_prefix;
use crate::audit::{EventCode, ReceiptBatch};
use crate::base::{Actor, Digest, MemberId, MessageId, NodeId};
use crate::seal::envelope::SignedMessage;
use crate::store::IndexError;

/// Rows of the outbox in one page, and own messages that are looked at for attachments.
const PAGE: usize = 256;

/// What a person asks about things that are carried by hand.
#[derive(Debug, Clone, PartialEq)]
pub enum CarryAsk {
    /// Begin an export for a member. It is recorded.
    Begin {
        /// The member.
        member: MemberId,
        /// The export's id.
        export: MessageId,
    },
    /// A page of what waits for the member.
    Waiting {
        /// The member.
        member: MemberId,
        /// The place of the last that was given.
        after: Option<(u8, u64)>,
    },
    /// A page of the attachments of this node's messages that the member may fetch and has not
    /// proved to hold.
    Files {
        /// The member.
        member: MemberId,
        /// The message of the last that were given.
        after: Option<MessageId>,
    },
    /// Record that a backup is made, under this id.
    BackUp(MessageId),
    /// Begin to take in a file that a peer exported. It is recorded who brought it.
    Bring(BroughtFile),
    /// What a frame in such a file says.
    Came {
        /// The peer.
        peer: NodeId,
        /// What its frame says.
        heard: Vec<FromPeer>,
    },
    /// Whether an attachment is wanted.
    Wanted {
        /// The peer.
        peer: NodeId,
        /// The message that lists it.
        message: MessageId,
        /// Its place there.
        index: u16,
    },
}

/// A file that a peer exported and a person brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BroughtFile {
    /// The peer.
    pub peer: NodeId,
    /// The export.
    pub export: MessageId,
    /// The file's number in the export.
    pub number: u16,
    /// SHA-256 of what is sealed in it.
    pub digest: Digest,
}

/// The answer to a [`CarryAsk`].
#[derive(Debug, Clone)]
pub enum CarryReply {
    /// The member's node to write for, and how many messages stay that wait for it: it is an observer, and
    /// they are not for observers.
    Begun(NodeId, u64),
    /// A page of what waits.
    Waiting(WaitingPage),
    /// A page of attachments.
    Files {
        /// Each: message, place, length and digest of the sealed file.
        files: Vec<(MessageId, u16, u64, Digest)>,
        /// Where the next page begins; none after the last.
        next: Option<MessageId>,
    },
    /// What was taken.
    Came(Taken),
    /// Whether parts of a file are taken.
    Wanted(Wanted),
}

/// Whether parts of a file are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// They are: the length and the digest of the whole sealed file.
    Now(u64, Digest),
    /// The message is not here yet, which says what the file is.
    Later,
    /// The file is here, or is not to come.
    No,
}

/// A page of what waits for a member.
#[derive(Debug, Clone, Default)]
pub struct WaitingPage {
    /// Messages, as they are signed.
    pub messages: Vec<SignedMessage>,
    /// Receipts.
    pub receipts: Vec<ReceiptBatch>,
    /// Where the next page begins; none after the last.
    pub next: Option<(u8, u64)>,
}

/// What became of what a file held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// Messages that are new here.
    pub messages: u64,
    /// Messages that were here already.
    pub known: u64,
    /// Messages that have to come again: after those that they follow, or once there is room for them.
    pub later: u64,
    /// Messages that are refused.
    pub refused: u64,
    /// Receipts that say something new.
    pub receipts: u64,
}

/// A change that is about things carried by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum CarryChange {
    /// A person took out what waits for a member.
    TakenOut {
        /// The member.
        member: MemberId,
        /// The export.
        export: MessageId,
    },
    /// A person brought what a peer had taken out.
    BroughtIn(BroughtFile),
    /// A person made a backup.
    BackedUp {
        /// The backup's id.
        id: MessageId,
    },
}

impl CarryAsk {
    /// The actions of which one is needed.
    pub(super) fn actions(&self) -> &'static [Action] {
        match self {
            Self::BackUp(_) => &[Action::BackUp],
            Self::Begin { .. }
            | Self::Waiting { .. }
            | Self::Files { .. }
            | Self::Bring(_)
            | Self::Came { .. }
            | Self::Wanted { .. } => &[Action::CarryByHand],
        }
    }
}

impl CarryChange {
    /// How the log names it, and whom it is about.
    pub(super) fn event(&self) -> (EventCode, Option<MemberId>) {
        match self {
            Self::TakenOut { member, .. } => (EventCode::Carried, Some(*member)),
            Self::BroughtIn(file) => (EventCode::Carried, Some(file.peer.member)),
            Self::BackedUp { .. } => (EventCode::BackedUp, None),
        }
    }
}

/// Answers what is asked about things that are carried by hand.
pub(super) fn ask(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    ask: &CarryAsk,
) -> Result<Reply, Stop> {
    let reply = match ask {
        CarryAsk::Begin { member, export } => begin(service, turn, by, *member, *export)?,
        CarryAsk::Waiting { member, after } => {
            CarryReply::Waiting(waiting(service, turn, *member, *after)?)
        }
        CarryAsk::Files { member, after } => files(service, turn, *member, *after)?,
        CarryAsk::BackUp(id) => {
            let change = Other::Carried(CarryChange::BackedUp { id: *id });
            turn.record(service.me.member, by, Change::Other(change))?;
            CarryReply::Came(Taken::default())
        }
        CarryAsk::Bring(file) => {
            listed(service, file.peer.member)?;
            let change = Other::Carried(CarryChange::BroughtIn(*file));
            turn.record(service.me.member, by, Change::Other(change))?;
            CarryReply::Came(Taken::default())
        }
        CarryAsk::Came { peer, heard } => CarryReply::Came(came(service, turn, *peer, heard)?),
        CarryAsk::Wanted {
            peer,
            message,
            index,
        } => {
            let key = pull_key(peer.member, *message, *index);
            let row = turn.view.row::<PullRow>(PULL, &key)?;
            let known = message_key(peer.member, *message);
            let known = turn.view.row::<MessageRow>(MESSAGE, &known)?;
            CarryReply::Wanted(match row {
                Some(row) if row.sender == peer.member => Wanted::Now(row.length, row.digest),
                // What is given back comes over a link alone.
                Some(_) => Wanted::No,
                None if known.is_some() => Wanted::No,
                None => Wanted::Later,
            })
        }
    };
    Ok(Reply::Carried(Box::new(reply)))
}

fn begin(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    member: MemberId,
    export: MessageId,
) -> Result<CarryReply, Stop> {
    let node = goes_to(service, turn, member)?;
    let change = CarryChange::TakenOut { member, export };
    let me = service.me.member;
    turn.record(me, by, Change::Other(Other::Carried(change)))?;
    Ok(CarryReply::Begun(node, kept_back(service, turn, member)?))
}

/// How many messages wait for a member and do not go to it, since it is an observer.
fn kept_back(service: &mut Service, turn: &Turn<'_>, member: MemberId) -> Result<u64, IndexError> {
    let (me, end) = (service.me.member, after_prefix(&member.to_bytes()));
    let mut kept = 0;
    if is_country(service, member) {
        return Ok(kept);
    }
    let mut from = member.to_bytes().to_vec();
    loop {
        let rows = turn
            .view
            .range::<OutboxRow>(OUTBOX, &from, end.as_deref(), PAGE)?;
        let Some((last, _)) = rows.last() else {
            return Ok(kept);
        };
        from = [last, &[0][..]].concat();
        for (_, row) in rows {
            if let OutboxRow::Message { message, .. } = row {
                let goes = service.for_observers.goes_to(turn, me, member, message)?;
                kept += u64::from(!goes);
            }
        }
    }
}

/// The node of a member of the list in force.
fn listed(service: &Service, member: MemberId) -> Result<NodeId, Stop> {
    let federation = service.federation.as_ref().ok_or(AppError::NoTrustList)?;
    if member == service.me.member {
        return Err(AppError::ToOneself.into());
    }
    let mut nodes = federation.nodes.iter();
    let node = nodes.find(|node| node.member == member);
    Ok(*node.ok_or(AppError::NotListed(member))?)
}

/// The node of a member that something may be sealed to. Whether it has a key in force for that,
/// whoever writes the files finds out.
fn goes_to(service: &Service, turn: &Turn<'_>, member: MemberId) -> Result<NodeId, Stop> {
    let node = listed(service, member)?;
    match service.withholds(turn, member)? {
        None | Some(Withheld::NoKey) => Ok(node),
        Some(Withheld::Removed | Withheld::Suspended | Withheld::Observer) => {
            Err(AppError::NotListed(member).into())
        }
        Some(Withheld::IdentityChanged) => Err(AppError::IdentityChanged(member).into()),
    }
}

fn waiting(
    service: &mut Service,
    turn: &Turn<'_>,
    member: MemberId,
    after: Option<(u8, u64)>,
) -> Result<WaitingPage, Stop> {
    // It is asked with each page: the list can change while an export is written.
    goes_to(service, turn, member)?;
    let (me, observes) = (service.me.member, !is_country(service, member));
    let from = match after {
        Some((class, entry)) => outbox_key(member, class, entry.saturating_add(1)),
        None => member.to_bytes().to_vec(),
    };
    let end = after_prefix(&member.to_bytes());
    let rows = turn
        .view
        .range::<OutboxRow>(OUTBOX, &from, end.as_deref(), PAGE)?;
    let mut page = WaitingPage::default();
    let more = rows.len() == PAGE;
    let mut entries = Vec::new();
    for (key, row) in rows {
        let Some((class, entry)) = outbox_place(&key) else {
            continue;
        };
        page.next = more.then_some((class, entry));
        // What is not durable yet goes with the next export.
        if entry >= turn.log.size() {
            continue;
        }
        match row {
            OutboxRow::Message { message, .. } => {
                let known = &mut service.for_observers;
                if !observes || known.goes_to(turn, me, member, message)? {
                    page.messages.push(signed_message(turn.log, entry)?);
                }
            }
            OutboxRow::Returned { .. } => {
                page.messages.extend(signed_message(turn.log, entry).ok())
            }
            OutboxRow::Receipt { .. } => entries.push(entry),
        }
    }
    if !entries.is_empty() {
        page.receipts = turn.log.receipts(&entries)?;
    }
    Ok(page)
}

fn files(
    service: &Service,
    turn: &Turn<'_>,
    member: MemberId,
    after: Option<MessageId>,
) -> Result<CarryReply, Stop> {
    goes_to(service, turn, member)?;
    let me = service.me.member;
    let observer = !is_country(service, member);
    let mut from = message_key(me, after.unwrap_or(MessageId::from_bytes([0; 16])));
    if after.is_some() {
        from.push(0);
    }
    let end = after_prefix(&me.to_bytes());
    let rows = turn
        .view
        .range::<MessageRow>(MESSAGE, &from, end.as_deref(), PAGE)?;
    let more = rows.len() == PAGE;
    let (mut files, mut next) = (Vec::new(), None);
    for (key, row) in rows {
        let Some(message) = key.get(8..).and_then(|id| id.try_into().ok()) else {
            continue;
        };
        let message = MessageId::from_bytes(message);
        next = more.then_some(message);
        let sent = matches!(
            row.deliveries.get(&member),
            Some(Delivery::Queued | Delivery::Delivered)
        );
        let held = turn
            .view
            .row::<bool>(ATTACHMENTS_AT, &message_key(member, message))?;
        if !sent || observer || held.is_some() || row.expires <= turn.now {
            continue;
        }
        // After a restore a file may not have come back yet.
        let here = (0..=u16::MAX).zip(&row.attachments);
        for (index, file) in here.filter(|(_, file)| file.stored) {
            files.push((message, index, file.length, file.digest));
        }
    }
    Ok(CarryReply::Files { files, next })
}

/// Takes what a frame said as if it had come over a link.
fn came(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    heard: &[FromPeer],
) -> Result<Taken, Stop> {
    listed(service, peer.member)?;
    let mut taken = Taken::default();
    for from in heard {
        let (recorded, effects) = (turn.recorded.len(), turn.effects.len());
        service.peer_did(turn, peer, from)?;
        let mut fresh = false;
        for new in &turn.recorded[recorded..] {
            match &new.change {
                Change::Received(..) => fresh = true,
                Change::Sent(message) => fresh |= message.returned.is_some(),
                Change::ReceiptKept(_) => taken.receipts += 1,
                Change::Other(_) => {}
            }
        }
        taken.messages += u64::from(fresh);
        // A receipt that does not fit yet comes again, and is no message.
        if matches!(from, FromPeer::Receipt(_)) {
            continue;
        }
        for effect in &turn.effects[effects..] {
            match effect {
                Effect::Refuse { refusals, .. } => {
                    for (_, refusal) in refusals {
                        match refusal.is_temporary() {
                            true => taken.later += 1,
                            false => taken.refused += 1,
                        }
                    }
                }
                Effect::Receipts { entries, .. } if !fresh => match is_held(turn, from, entries)? {
                    true => taken.known += 1,
                    false => taken.refused += 1,
                },
                Effect::Receipts { .. }
                | Effect::Reply(..)
                | Effect::Send { .. }
                | Effect::Keep { .. }
                | Effect::Witness { .. }
                | Effect::Cosign { .. }
                | Effect::KeepCosigned(_)
                | Effect::Rotate(_)
                | Effect::Alarm(_)
                | Effect::Fetch { .. } => {}
            }
        }
    }
    Ok(taken)
}

/// Whether a receipt is for a message that is here. What is refused for good has one each time, too.
fn is_held(turn: &Turn<'_>, from: &FromPeer, entries: &[u64]) -> Result<bool, IndexError> {
    let FromPeer::Message(message, _) = from else {
        return Ok(false);
    };
    let key = message_key(message.sender.member, message.header.id);
    let row = turn.view.row::<MessageRow>(MESSAGE, &key)?;
    Ok(row.is_some_and(|row| entries.contains(&row.entry)))
}
