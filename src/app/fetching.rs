//! Attachments that are to be fetched from peers: each is asked for once on the way, the oldest message
//! first, and what a peer may fetch here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::error::AppError;
use super::input::{Effect, Reply};
use super::members;
use super::restored;
use super::rows::*;
use super::service::{Service, Turn};
use super::view::after_prefix;
use crate::base::{MemberId, MessageId, NodeId, Timestamp};
use crate::store::IndexError;

/// Attachments fetched from one peer at a time.
const FETCHES_AT_ONCE: usize = 2;

/// Attachments that are looked at for one to ask for, where some are passed over, before something else is
/// done.
const LOOKED_AT: usize = 256;

/// How long after the last time what waits to be fetched is asked for again.
const FETCH_AGAIN: Duration = Duration::from_secs(30);

/// What is remembered of fetching.
#[derive(Debug, Default)]
pub(super) struct Fetching {
    /// When all that is to be fetched was last asked for anew.
    again: Option<Timestamp>,
    /// How far each member was asked for what is to be fetched from it.
    walks: BTreeMap<MemberId, Walk>,
}

/// How far a member was asked for what is to be fetched from it. Each attachment is asked for once on the
/// way, so that what a member does not give costs no more than asking for it.
#[derive(Debug)]
struct Walk {
    /// What it was asked for, and neither gave nor refused: at most [`FETCHES_AT_ONCE`], and one of those
    /// that it was asked for before.
    asked: BTreeSet<Vec<u8>>,
    /// The first key that it was not asked for; none once there is no more.
    next: Option<Vec<u8>>,
    /// Where that goes on which is asked for once more before the walk is over, or though it was passed over.
    once_more: Vec<u8>,
    /// The length of the smallest for which there was no room here. What is no smaller is passed over until
    /// all is asked for anew.
    no_room: Option<u64>,
}

impl Walk {
    fn new(member: MemberId) -> Self {
        Self {
            asked: BTreeSet::new(),
            next: Some(first_pull(member)),
            once_more: first_pull(member),
            no_room: None,
        }
    }

    /// Adds to what is asked for the next one before `end` of those that `fit`, in turn.
    fn ask_once_more(
        &mut self,
        turn: &Turn<'_>,
        (member, end): (MemberId, Option<&[u8]>),
        fit: impl Fn(&PullRow) -> bool,
    ) -> Result<(), IndexError> {
        if self.asked.len() > FETCHES_AT_ONCE {
            return Ok(());
        }
        let rows = turn
            .view
            .range::<PullRow>(PULL, &self.once_more, end, LOOKED_AT)?;
        let last = rows.last().filter(|_| rows.len() == LOOKED_AT);
        let last = last.map(|(key, _)| key.clone());
        let found = rows.into_iter().find(|(_, file)| fit(file));
        let found = found.map(|(key, _)| key);
        self.asked.extend(found.clone());
        self.once_more = match found.or(last) {
            Some(key) => [key.as_slice(), &[0]].concat(),
            None => first_pull(member),
        };
        Ok(())
    }

    /// All is asked for anew.
    fn begin_anew(&mut self, member: MemberId) {
        self.next = Some(first_pull(member));
        self.no_room = None;
    }
}

/// Where what is to be fetched from a member begins.
fn first_pull(member: MemberId) -> Vec<u8> {
    member.to_bytes().to_vec()
}

impl Fetching {
    fn walk(&mut self, member: MemberId) -> &mut Walk {
        let walk = self.walks.entry(member);
        walk.or_insert_with(|| Walk::new(member))
    }

    /// What was decided did not happen: all is asked for anew.
    pub(super) fn turned_down(&mut self) {
        for walk in self.walks.values_mut() {
            walk.next = None;
        }
    }
}

/// Which attachments this office asks for: an observer is given those alone that are its own and that it
/// lost.
fn wanted(service: &Service) -> impl Fn(&PullRow) -> bool + use<> {
    let (me, observer) = (service.me.member, service.is_observer());
    move |file| !observer || file.sender == me
}

/// Asks for the next attachments that are to be fetched from a peer, the oldest message first.
fn fetch_waiting(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
) -> Result<(), IndexError> {
    let (is_wanted, observer) = (wanted(service), service.is_observer());
    if service.flight.peer(peer.member) != Some(peer) {
        return Ok(());
    }
    let walk = service.fetching.walk(peer.member);
    let Some(from) = &walk.next else {
        return Ok(());
    };
    if walk.asked.len() >= FETCHES_AT_ONCE || members::is_blocked(turn, peer.member)? {
        return Ok(());
    }
    let passes_over = observer || walk.no_room.is_some();
    let most = if passes_over {
        LOOKED_AT
    } else {
        FETCHES_AT_ONCE
    };
    let end = after_prefix(&first_pull(peer.member));
    let rows = turn
        .view
        .range::<PullRow>(PULL, from, end.as_deref(), most)?;
    let last = rows.last().filter(|_| rows.len() == most);
    walk.next = last.map(|(key, _)| [key.as_slice(), &[0]].concat());
    for (key, file) in rows {
        if walk.asked.len() >= FETCHES_AT_ONCE {
            walk.next = Some(key);
            break;
        }
        let has_room = walk.no_room.is_none_or(|length| file.length < length);
        if has_room && is_wanted(&file) && walk.asked.insert(key) {
            turn.effects.push(Effect::Fetch { peer, file });
        }
    }
    Ok(())
}

/// A link with a peer is up: it is asked for all that is to be fetched from it.
pub(super) fn link_up(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
) -> Result<(), IndexError> {
    let walk = Walk::new(peer.member);
    service.fetching.walks.insert(peer.member, walk);
    fetch_waiting(service, turn, peer)
}

/// A message came over a link with a peer: what it lists is to be fetched from there, whatever is behind
/// it already.
pub(super) fn fetch_new(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    message: MessageId,
) -> Result<(), IndexError> {
    let key = pull_key(peer.member, message, 0);
    let next = &mut service.fetching.walk(peer.member).next;
    if next.as_ref().is_none_or(|next| key < *next) {
        *next = Some(key);
    }
    fetch_waiting(service, turn, peer)
}

/// A peer gave an attachment, or does not have it: it is asked for the next one.
pub(super) fn fetch_next(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    (message, index): (MessageId, u16),
) -> Result<(), IndexError> {
    let key = pull_key(peer.member, message, index);
    service.fetching.walk(peer.member).asked.remove(&key);
    fetch_waiting(service, turn, peer)
}

/// There was no room here for an attachment: a smaller one may fit.
pub(super) fn lacked_room(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    (message, index): (MessageId, u16),
) -> Result<(), IndexError> {
    let key = pull_key(peer.member, message, index);
    if let Some(file) = turn.view.row::<PullRow>(PULL, &key)? {
        let no_room = &mut service.fetching.walk(peer.member).no_room;
        *no_room = Some(no_room.map_or(file.length, |length| length.min(file.length)));
    }
    fetch_next(service, turn, peer, (message, index))
}

/// Asks now and then for what is still to be fetched over links that are up, since a fetch may break
/// off while its link holds. Whoever fetches passes over what is under way.
pub(super) fn fetch_again(service: &mut Service, turn: &mut Turn<'_>) -> Result<(), IndexError> {
    let last = *service.fetching.again.get_or_insert(turn.now);
    // A clock that went back asks at once, and counts from there.
    let due = !(last..last.plus(FETCH_AGAIN)).contains(&turn.now);
    if due {
        service.fetching.again = Some(turn.now);
    }
    for peer in service.linked.clone() {
        if due {
            ask_again(service, turn, peer)?;
        }
        // It goes on here, behind those that are passed over.
        fetch_waiting(service, turn, peer)?;
    }
    Ok(())
}

/// Asks again for what a peer has neither given nor refused. Once it was asked for all, that begins anew,
/// and not before: however much it does not give, what lies behind has its turn. Until then one of those
/// that it did not give is asked for each time: it may be there by now, and the walk may be long. Before it
/// begins anew so is one of those for which there was no room: what is here of it already needs none.
fn ask_again(service: &mut Service, turn: &mut Turn<'_>, peer: NodeId) -> Result<(), IndexError> {
    let is_wanted = wanted(service);
    if service.flight.peer(peer.member) != Some(peer) || members::is_blocked(turn, peer.member)? {
        return Ok(());
    }
    let walk = service.fetching.walk(peer.member);
    match walk.next.clone() {
        None => {
            if let Some(least) = walk.no_room {
                let end = after_prefix(&first_pull(peer.member));
                let over = (peer.member, end.as_deref());
                walk.ask_once_more(turn, over, |file| file.length >= least && is_wanted(file))?;
            }
            walk.begin_anew(peer.member);
        }
        Some(next) => walk.ask_once_more(turn, (peer.member, Some(next.as_slice())), |_| true)?,
    }
    for key in std::mem::take(&mut walk.asked) {
        // What is here by another way, or is not fetched any more, makes room.
        let file = turn.view.row::<PullRow>(PULL, &key)?;
        if let Some(file) = file.filter(&is_wanted) {
            walk.asked.insert(key);
            turn.effects.push(Effect::Fetch { peer, file });
        }
    }
    Ok(())
}

/// Whether a peer may fetch what a message lists, and where that lies. A message of this node was sent to
/// that member, which is still a member and did not refuse it; no observer fetches any. A node that was
/// restored from a backup may have back what it had sent.
pub(super) fn may_fetch(
    service: &Service,
    turn: &Turn<'_>,
    peer: NodeId,
    message: MessageId,
) -> Result<Result<Reply, AppError>, IndexError> {
    let key = message_key(service.me.member, message);
    let row = turn.view.row::<MessageRow>(MESSAGE, &key)?;
    let listed = service
        .federation
        .as_ref()
        .is_some_and(|federation| federation.lists(peer.member))
        && !members::is_blocked(turn, peer.member)?;
    let observer = service
        .federation
        .as_ref()
        .is_some_and(|federation| federation.observes(peer.member));
    let row = row.filter(|_| !observer);
    let sent = row.and_then(|row| row.deliveries.get(&peer.member).copied());
    let not_found = Err(AppError::NotFound("attachment"));
    if !listed {
        return Ok(not_found);
    }
    let own = message_key(peer.member, message);
    Ok(match sent {
        Some(Delivery::Queued | Delivery::Delivered) => Ok(Reply::MayFetch(message)),
        None if restored::gives_back(service, peer, message)
            && turn.view.row::<MessageRow>(MESSAGE, &own)?.is_some() =>
        {
            let stored = stored_under(service.me.member, peer.member, message);
            Ok(Reply::MayFetch(stored))
        }
        Some(_) | None => not_found,
    })
}
