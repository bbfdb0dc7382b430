//! One connection from its authentication to its end.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

use tokio::time::Instant;

use crate::base::NodeId;

use super::connection::{Connection, SendStream};
use super::frame::{self, FrameReader, MAX_FRAME};
use super::greet::{self, Greeted, ROUTINE, ROUTINE_PRIORITY};
use super::peers::Shown;
use super::refused::Refusal;
use super::shared::Shared;
use super::slot::{Link, Slot};
use super::{Class, Established, attachment};

/// Why a link ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// This node is stopping.
    #[error("this node is stopping")]
    Stopping,
    /// The peer is stopping.
    #[error("the peer is stopping")]
    PeerStopping,
    /// Another connection with the same peer has taken its place.
    #[error("another connection took its place")]
    Replaced,
    /// What waits here for the peer must not reach it any more.
    #[error("what waits for the peer is given up")]
    Dropped,
    /// The trust list in force does not list the peer with the key it came with.
    #[error("the peer's key is not listed")]
    Unlisted,
    /// The peer's trust list does not list this node's key.
    #[error("the peer does not list this node's key")]
    UnlistedByPeer,
    /// The handler did not admit the peer, with this code.
    #[error("the peer was not admitted (code {0})")]
    Refused(u32),
    /// The peer's handler did not admit this node, with this code.
    #[error("the peer did not admit this node (code {0})")]
    RefusedByPeer(u32),
    /// The peer broke the rules of framing.
    #[error("the peer broke the protocol")]
    Misbehaved,
    /// The peer says that this node broke the rules of framing.
    #[error("the peer holds that this node broke the protocol")]
    MisbehavedToPeer,
    /// The peer was slower than the limits allow.
    #[error("the peer was too slow")]
    TooSlow,
    /// This node was slower than the peer's limits allow.
    #[error("this node was too slow for the peer")]
    TooSlowForPeer,
    /// Nothing was heard of the peer for too long.
    #[error("the peer has fallen silent")]
    TimedOut,
    /// The connection broke: a failed handshake, a reset, a breach of QUIC.
    #[error("the connection broke")]
    Broken,
}

/// The codes with which a connection is closed. Those of handlers begin at `REFUSED`.
pub(super) const STOPPING: u32 = 0;
const REPLACED: u32 = 1;
const UNLISTED: u32 = 2;
pub(super) const MISBEHAVED: u32 = 3;
pub(super) const TOO_SLOW: u32 = 4;
pub(super) const REFUSED: u32 = 0x100;

impl LinkError {
    /// Whether this node turned the peer away.
    fn is_refusal(self) -> bool {
        matches!(self, Self::Refused(_) | Self::Misbehaved | Self::TooSlow)
    }

    /// What the peer is told.
    fn code(self) -> u32 {
        match self {
            Self::Replaced => REPLACED,
            Self::Unlisted => UNLISTED,
            Self::Misbehaved => MISBEHAVED,
            Self::TooSlow => TOO_SLOW,
            Self::Refused(code) => handler_code(code),
            Self::Stopping
            | Self::Dropped
            | Self::PeerStopping
            | Self::UnlistedByPeer
            | Self::RefusedByPeer(_)
            | Self::MisbehavedToPeer
            | Self::TooSlowForPeer
            | Self::TimedOut
            | Self::Broken => STOPPING,
        }
    }
}

/// A handler's code as it travels.
pub(super) fn handler_code(code: u32) -> u32 {
    code.saturating_add(REFUSED)
}

/// What a code means with which the peer closed the connection.
pub(super) fn closed_with(code: u64) -> LinkError {
    match u32::try_from(code).unwrap_or(u32::MAX) {
        STOPPING => LinkError::PeerStopping,
        REPLACED => LinkError::Replaced,
        UNLISTED => LinkError::UnlistedByPeer,
        TOO_SLOW => LinkError::TooSlowForPeer,
        code => code
            .checked_sub(REFUSED)
            .map_or(LinkError::MisbehavedToPeer, LinkError::RefusedByPeer),
    }
}

/// A connection that remembers why this node closed it.
pub(super) struct Wire {
    connection: Connection,
    verdict: OnceLock<LinkError>,
}

impl Wire {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            connection,
            verdict: OnceLock::new(),
        }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn is_closed(&self) -> bool {
        self.connection.is_closed()
    }

    /// Ends the connection; of several reasons the first counts.
    pub(super) fn close(&self, why: LinkError) -> LinkError {
        let why = *self.verdict.get_or_init(|| why);
        self.connection.close(why.code());
        why
    }
}

/// A connection whose other end TLS has proved to be the slot's peer.
pub(super) struct Authenticated {
    pub(super) connection: Connection,
    pub(super) shown: Shown,
    pub(super) dialler: NodeId,
}

/// A connection on which the peer has said who it is and that it wants the link.
pub(super) struct Candidate {
    link: Arc<Link>,
    greeted: Greeted,
}

impl Candidate {
    /// Tells the peer that it is admitted, as the dialler does once it has chosen the connection.
    pub(super) async fn admit(&mut self) -> bool {
        self.greeted.admit().await.is_ok()
    }

    /// By how many milliseconds the peer's clock is ahead.
    pub(super) fn ahead(&self) -> i64 {
        self.greeted.ahead
    }

    /// Takes leave instead.
    pub(super) fn leave(self) {
        self.link.wire.close(LinkError::Stopping);
    }
}

/// Greets the peer on a new connection; closes it if that comes to nothing.
pub(super) async fn greet(shared: &Shared, slot: &Slot, with: Authenticated) -> Option<Candidate> {
    let wire = Wire::new(with.connection);
    let greeted = match slot.greetings.try_acquire() {
        Ok(_place) => {
            let role = if with.dialler == shared.me {
                greet::Role::Dialler
            } else {
                greet::Role::Dialled
            };
            let ours = shared.standing(slot);
            let handler = &*shared.handler;
            greet::greet(&wire, slot.peer, role, ours, handler, shared.limits).await
        }
        Err(_) => Err(LinkError::Misbehaved),
    };
    match greeted {
        Ok(greeted) => Some(Candidate {
            link: Link::new(wire, with.dialler, greeted.theirs, with.shown),
            greeted,
        }),
        Err(why) => {
            if wire.close(why).is_refusal() {
                shared.counters.count(Refusal::Hello);
            }
            None
        }
    }
}

/// Runs a connection to its end, if it gets the place that there is for the peer. Says when it
/// came up.
pub(super) async fn run(
    shared: &Arc<Shared>,
    slot: &Slot,
    Candidate { link, greeted }: Candidate,
) -> Option<Instant> {
    if let Err(why) = slot.install(&link, || shared.is_listed(slot.peer, link.shown)) {
        link.wire.close(why);
        return None;
    }
    let turn = slot.turn.lock().await;
    if !slot.raise(&link) {
        return None;
    }
    let up = Instant::now();
    let how = Established {
        via: link.wire.connection().via(),
        ahead: greeted.ahead,
    };
    shared.handler.up(slot.peer, how, greeted.hello);
    let why = talk(shared, slot.peer, &link, greeted.outgoing, greeted.incoming).await;
    let why = link.wire.close(why);
    slot.remove(&link, why);
    shared.handler.down(slot.peer, why);
    drop(turn);
    Some(up)
}

/// Runs a link that is up until it ends.
async fn talk(
    shared: &Arc<Shared>,
    peer: NodeId,
    link: &Link,
    outgoing: SendStream,
    incoming: FrameReader,
) -> LinkError {
    let wire = &link.wire;
    let send_routine = async {
        let stream = greet::open(wire, ROUTINE, ROUTINE_PRIORITY).await?;
        send(shared, peer, link, Class::Routine, stream).await
    };
    let receive_routine = async {
        let stream = greet::accept(wire, ROUTINE).await?;
        let frames = FrameReader::new(stream, wire.connection(), shared.limits.patient());
        tokio::select! {
            biased;
            ended = receive(shared, peer, Class::Routine, frames) => ended,
            third = wire.connection().accept_uni() => {
                Err(third.map_or_else(LinkError::from, |_| LinkError::Misbehaved))
            }
        }
    };
    let ended: Result<Infallible, LinkError> = tokio::select! {
        biased;
        ended = send(shared, peer, link, Class::Urgent, outgoing) => ended,
        ended = receive(shared, peer, Class::Urgent, incoming) => ended,
        ended = send_routine => ended,
        ended = receive_routine => ended,
        ended = attachment::serve(shared, peer, wire) => ended,
        why = wire.connection().closed() => Err(why),
        never = wire.connection().keep_pace() => match never {},
    };
    match ended {
        Ok(never) => match never {},
        Err(why) => why,
    }
}

async fn send(
    shared: &Shared,
    peer: NodeId,
    link: &Link,
    class: Class,
    mut stream: SendStream,
) -> Result<Infallible, LinkError> {
    let lane = link.lanes.of(class);
    loop {
        let frames = lane.take().await;
        let count = frames.len();
        let bytes = frames.iter().map(Vec::len).sum();
        frame::write(&mut stream, frames).await?;
        if lane.written(count, bytes) {
            shared.handler.room(peer, class);
        }
    }
}

async fn receive(
    shared: &Shared,
    peer: NodeId,
    class: Class,
    mut frames: FrameReader,
) -> Result<Infallible, LinkError> {
    loop {
        let frame = frames.next(MAX_FRAME).await?;
        if frame.is_empty() {
            return Err(LinkError::Misbehaved);
        }
        shared.handler.frame(peer, class, frame).await;
        // A peer that sends without pause must not keep the other streams waiting.
        tokio::task::consume_budget().await;
    }
}
