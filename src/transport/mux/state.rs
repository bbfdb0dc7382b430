//! Where the streams of one TLS connection stand: what a piece that came does to them, and which
//! piece goes next. No sockets, no clock.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;

use super::super::link::{LinkError, MISBEHAVED, closed_with};
use super::half::{Incoming, Outgoing, REQUEST_WINDOW, SEND_BUFFER, WINDOW};
use super::piece::Piece;

/// Bidirectional streams that a peer may have open, and streams of frames that it may open.
const BIDI_STREAMS: usize = 16;
const UNI_STREAMS: u32 = 4;
/// Bidirectional streams that this side opens at a time, less than the peer takes: it may count
/// one a little longer.
const OWN_BIDI_STREAMS: usize = 12;

/// Who made the connection. It opens the streams of even numbers, the other those of odd ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::transport) enum Side {
    Dialler,
    Dialled,
}

/// Which ways a stream goes. In its number the second bit tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::transport) enum Way {
    /// Both.
    Bi,
    /// From its opener alone.
    Uni,
}

const SIDE: u32 = 1;
const WAY: u32 = 2;

/// All streams of a connection.
#[derive(Debug)]
pub(super) struct State {
    side: Side,
    outgoing: BTreeMap<u32, Outgoing>,
    incoming: BTreeMap<u32, Incoming>,
    /// Streams opened so far, bidirectional and unidirectional.
    opened: [u32; 2],
    seen: [u32; 2],
    arrived: [VecDeque<u32>; 2],
    sent: u64,
    ping: Option<[u8; 8]>,
    pong: Option<[u8; 8]>,
    /// The code to close with, until it is sent.
    close: Option<u32>,
    ended: Option<LinkError>,
}

/// What the owner of the connection has to do about a piece that came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// Nothing.
    Nothing,
    /// A stream was opened by the peer.
    Stream,
    /// A stream is gone, and another may be opened.
    Freed,
    /// The peer answered a ping.
    Pong([u8; 8]),
}

/// Why a stream gives or takes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::transport) enum StreamError {
    /// The connection ended.
    Lost(LinkError),
    /// The peer gave the stream up, with this code.
    Reset(u32),
    /// The stream ended early.
    Ended,
}

impl State {
    pub(super) fn new(side: Side) -> Self {
        Self {
            side,
            outgoing: BTreeMap::new(),
            incoming: BTreeMap::new(),
            opened: [0; 2],
            seen: [0; 2],
            arrived: Default::default(),
            sent: 0,
            ping: None,
            pong: None,
            close: None,
            ended: None,
        }
    }

    /// Why the connection ended, if it did.
    pub(super) fn ended(&self) -> Option<LinkError> {
        self.ended
    }

    /// Ends the connection: the peer is told the code, if it still listens; of several reasons the
    /// first counts. All who wait on a stream learn it.
    pub(super) fn end(&mut self, why: LinkError, tell: Option<u32>) {
        if self.ended.is_some() {
            return;
        }
        self.ended = Some(why);
        self.close = tell;
        let outgoing = self.outgoing.values().map(|half| &half.changed);
        let incoming = self.incoming.values().map(|half| &half.changed);
        for changed in outgoing.chain(incoming) {
            changed.notify_waiters();
        }
    }

    /// Opens a stream; none where too many are open.
    pub(super) fn open(&mut self, way: Way) -> Result<Option<u32>, StreamError> {
        self.alive()?;
        let own = |id: &u32| self.is_own(*id) && way_of(*id) == Way::Bi;
        let open = self.halves().into_iter().filter(own).count();
        if way == Way::Bi && open >= OWN_BIDI_STREAMS {
            return Ok(None);
        }
        let id = id(self.side, way, self.opened[way as usize]);
        self.opened[way as usize] += 1;
        self.outgoing.insert(id, Outgoing::new(way));
        if way == Way::Bi {
            self.incoming.insert(id, Incoming::new(WINDOW));
        }
        Ok(Some(id))
    }

    /// The next stream that the peer opened.
    pub(super) fn accept(&mut self, way: Way) -> Result<Option<u32>, StreamError> {
        self.alive()?;
        Ok(self.arrived[way as usize].pop_front())
    }

    /// What tells that a half of a stream changed.
    pub(super) fn changed(&self, id: u32, sending: bool) -> Arc<Notify> {
        let half = if sending {
            self.outgoing.get(&id).map(|half| half.changed.clone())
        } else {
            self.incoming.get(&id).map(|half| half.changed.clone())
        };
        half.unwrap_or_default()
    }

    pub(super) fn set_priority(&mut self, id: u32, priority: i32) {
        if let Some(half) = self.outgoing.get_mut(&id) {
            half.priority = priority;
        }
    }

    /// Takes bytes to send; says whether there was room.
    pub(super) fn write(&mut self, id: u32, bytes: &Bytes) -> Result<bool, StreamError> {
        self.alive()?;
        let half = self.outgoing.get_mut(&id).ok_or(StreamError::Ended)?;
        if let Some(code) = half.stopped {
            return Err(StreamError::Reset(code));
        }
        if half.finished || half.reset.is_some() {
            return Err(StreamError::Ended);
        }
        if half.bytes >= SEND_BUFFER {
            return Ok(false);
        }
        half.bytes += bytes.len();
        half.waiting.push_back(bytes.clone());
        Ok(true)
    }

    pub(super) fn finish(&mut self, id: u32) {
        if let Some(half) = self.outgoing.get_mut(&id) {
            half.finished = true;
        }
    }

    /// Gives a stream up, unless it was ended.
    pub(super) fn reset(&mut self, id: u32, code: u32) {
        if let Some(half) = self.outgoing.get_mut(&id)
            && !half.finished
        {
            half.give_up(code);
        }
    }

    /// Bytes that came, at most `most`; none at the end of the stream; `Ok(None)` inside where
    /// none have come yet.
    pub(super) fn read(
        &mut self,
        id: u32,
        most: usize,
    ) -> Result<Option<Option<Bytes>>, StreamError> {
        let ended = self.ended;
        let half = self.incoming.get_mut(&id).ok_or(StreamError::Ended)?;
        if let Some(code) = half.reset {
            return Err(StreamError::Reset(code));
        }
        if !half.came.is_empty() {
            let bytes = half.came.split_to(most.min(half.came.len())).freeze();
            half.owed += u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            return Ok(Some(Some(bytes)));
        }
        match (half.ended, ended) {
            (true, _) => Ok(Some(None)),
            (false, Some(why)) => Err(StreamError::Lost(why)),
            (false, None) => Ok(None),
        }
    }

    /// The reader of a stream is gone. Says whether that frees a place.
    pub(super) fn leave(&mut self, id: u32) -> bool {
        let Some(half) = self.incoming.get_mut(&id) else {
            return false;
        };
        half.unread = true;
        half.came = BytesMut::new();
        if half.ended || half.reset.is_some() {
            self.incoming.remove(&id);
            return true;
        }
        half.stop = Some(0);
        false
    }

    pub(super) fn ping(&mut self, token: [u8; 8]) {
        self.ping = Some(token);
    }

    /// What a piece of the peer's does. Whatever it does wrong ends the connection.
    pub(super) fn came(&mut self, piece: Piece) -> Came {
        match self.take(piece) {
            Ok(came) => came,
            Err(why) => {
                self.end(why, (why == LinkError::Misbehaved).then_some(MISBEHAVED));
                Came::Nothing
            }
        }
    }

    fn take(&mut self, piece: Piece) -> Result<Came, LinkError> {
        match piece {
            Piece::Data(id, bytes) => {
                let opened = self.peer_sends(id)?;
                let half = self.incoming.get_mut(&id).ok_or(LinkError::Misbehaved)?;
                half.take(&bytes)?;
                Ok(if opened { Came::Stream } else { Came::Nothing })
            }
            Piece::End(id) => {
                let opened = self.peer_sends(id)?;
                self.over(id, None)?;
                Ok(if opened { Came::Stream } else { Came::Freed })
            }
            Piece::Reset(id, code) => {
                let opened = self.peer_sends(id)?;
                self.over(id, Some(code))?;
                Ok(if opened { Came::Stream } else { Came::Freed })
            }
            Piece::Stop(id, code) => {
                self.known(id)?;
                if let Some(half) = self.outgoing.get_mut(&id) {
                    half.stopped = Some(code);
                    half.finished = false;
                    half.give_up(code);
                }
                Ok(Came::Nothing)
            }
            Piece::Credit(id, bytes) => {
                self.known(id)?;
                if let Some(half) = self.outgoing.get_mut(&id) {
                    half.credit = half
                        .credit
                        .checked_add(bytes)
                        .ok_or(LinkError::Misbehaved)?;
                }
                Ok(Came::Nothing)
            }
            Piece::Close(code) => Err(closed_with(code.into())),
            Piece::Ping(token) => {
                self.pong = Some(token);
                Ok(Came::Nothing)
            }
            Piece::Pong(token) => Ok(Came::Pong(token)),
        }
    }

    /// The peer sends on a stream; says whether it opens it with that. Streams are opened in the
    /// order of their numbers.
    fn peer_sends(&mut self, id: u32) -> Result<bool, LinkError> {
        let way = way_of(id);
        if self.is_own(id) {
            self.known(id)?;
            return if way == Way::Bi {
                Ok(false)
            } else {
                Err(LinkError::Misbehaved)
            };
        }
        let (number, seen) = (id >> 2, self.seen[way as usize]);
        if number < seen {
            return Ok(false);
        }
        let too_many = match way {
            Way::Uni => number >= UNI_STREAMS,
            Way::Bi => {
                let theirs = |id: &u32| !self.is_own(*id) && way_of(*id) == Way::Bi;
                self.halves().into_iter().filter(theirs).count() >= BIDI_STREAMS
            }
        };
        if number > seen || too_many {
            return Err(LinkError::Misbehaved);
        }
        self.seen[way as usize] += 1;
        self.arrived[way as usize].push_back(id);
        let window = match way {
            Way::Uni => WINDOW,
            Way::Bi => REQUEST_WINDOW,
        };
        self.incoming.insert(id, Incoming::new(window));
        if way == Way::Bi {
            self.outgoing.insert(id, Outgoing::new(Way::Uni));
        }
        Ok(true)
    }

    /// The sending half of the peer's is over.
    fn over(&mut self, id: u32, reset: Option<u32>) -> Result<(), LinkError> {
        let half = self.incoming.get_mut(&id).ok_or(LinkError::Misbehaved)?;
        if half.ended || half.reset.is_some() {
            return Err(LinkError::Misbehaved);
        }
        half.ended = reset.is_none();
        half.reset = reset;
        half.changed.notify_waiters();
        if half.unread {
            self.incoming.remove(&id);
        }
        Ok(())
    }

    /// A stream that was never opened cannot be meant.
    fn known(&self, id: u32) -> Result<(), LinkError> {
        let count = if self.is_own(id) {
            self.opened
        } else {
            self.seen
        };
        if id >> 2 < count[way_of(id) as usize] {
            Ok(())
        } else {
            Err(LinkError::Misbehaved)
        }
    }

    /// The piece that goes next: what is short and frees others first, then the stream of the
    /// highest priority that may send.
    pub(super) fn next(&mut self) -> Option<Piece> {
        if self.ended.is_some() {
            return self.close.take().map(Piece::Close);
        }
        if let Some(token) = self.pong.take() {
            return Some(Piece::Pong(token));
        }
        if let Some(token) = self.ping.take() {
            return Some(Piece::Ping(token));
        }
        for (id, half) in &mut self.incoming {
            if let Some(code) = half.stop.take() {
                return Some(Piece::Stop(*id, code));
            }
            if let Some(bytes) = half.credit_due() {
                return Some(Piece::Credit(*id, bytes));
            }
        }
        let over = self.outgoing.iter().find_map(|(id, half)| {
            let reset = half.reset.map(|code| Piece::Reset(*id, code));
            let end = (half.finished && half.waiting.is_empty()).then_some(Piece::End(*id));
            Some((*id, reset.or(end)?))
        });
        if let Some((id, piece)) = over {
            self.outgoing.remove(&id);
            return Some(piece);
        }
        let able = |half: &Outgoing| half.credit > 0 && !half.waiting.is_empty();
        let (id, half) = self
            .outgoing
            .iter_mut()
            .filter(|(_, half)| able(half))
            .min_by_key(|(_, half)| (-half.priority, half.last))?;
        self.sent += 1;
        half.last = self.sent;
        Some(Piece::Data(*id, half.piece()))
    }

    fn alive(&self) -> Result<(), StreamError> {
        self.ended.map_or(Ok(()), |why| Err(StreamError::Lost(why)))
    }

    fn is_own(&self, id: u32) -> bool {
        (id & SIDE == 0) == (self.side == Side::Dialler)
    }

    /// The streams of which a half is left.
    fn halves(&self) -> std::collections::BTreeSet<u32> {
        let outgoing = self.outgoing.keys();
        outgoing.chain(self.incoming.keys()).copied().collect()
    }
}

fn id(side: Side, way: Way, number: u32) -> u32 {
    let side = if side == Side::Dialler { 0 } else { SIDE };
    let way = if way == Way::Bi { 0 } else { WAY };
    number << 2 | way | side
}

fn way_of(id: u32) -> Way {
    if id & WAY == 0 { Way::Bi } else { Way::Uni }
}

#[cfg(test)]
mod tests;
