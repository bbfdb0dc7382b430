//! The two halves of a stream: what waits to be sent, and what came and was not read.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;

use super::super::link::LinkError;
use super::piece::MAX_DATA;
use super::state::Way;

/// Bytes of a stream that may come ahead of its reader.
pub(super) const WINDOW: u32 = 256 * 1024;
/// The same for the side of a bidirectional stream that asks: a request is short.
pub(super) const REQUEST_WINDOW: u32 = 4 * 1024;

/// Bytes of one stream that wait to be sent.
pub(super) const SEND_BUFFER: usize = 64 * 1024;

/// The half of a stream that this side sends.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) priority: i32,
    /// The time of its last piece, counted in pieces: of streams alike in priority the one that
    /// waited longest goes.
    pub(super) last: u64,
    pub(super) waiting: VecDeque<Bytes>,
    pub(super) bytes: usize,
    pub(super) credit: u32,
    pub(super) finished: bool,
    pub(super) reset: Option<u32>,
    pub(super) stopped: Option<u32>,
    pub(super) changed: Arc<Notify>,
}

/// The half of a stream that this side receives.
#[derive(Debug)]
pub(super) struct Incoming {
    /// Together in one place, however small the pieces were.
    pub(super) came: BytesMut,
    pub(super) window: u32,
    /// Bytes that may still come.
    pub(super) allowed: u32,
    /// Bytes that were read and not credited yet.
    pub(super) owed: u32,
    pub(super) ended: bool,
    pub(super) reset: Option<u32>,
    /// The reader is gone.
    pub(super) unread: bool,
    pub(super) stop: Option<u32>,
    pub(super) changed: Arc<Notify>,
}

impl Outgoing {
    /// `asks` as the one who opens a stream of that way does; who answers sends like a stream of
    /// frames.
    pub(super) fn new(asks: Way) -> Self {
        Self {
            priority: 0,
            last: 0,
            waiting: VecDeque::new(),
            bytes: 0,
            credit: match asks {
                Way::Bi => REQUEST_WINDOW,
                Way::Uni => WINDOW,
            },
            finished: false,
            reset: None,
            stopped: None,
            changed: Arc::default(),
        }
    }

    pub(super) fn give_up(&mut self, code: u32) {
        self.reset = Some(code);
        self.waiting.clear();
        self.bytes = 0;
        self.changed.notify_waiters();
    }

    /// The next bytes that may go; there are some.
    pub(super) fn piece(&mut self) -> Bytes {
        let mut bytes = self.waiting.pop_front().unwrap_or_default();
        let most = MAX_DATA.min(usize::try_from(self.credit).unwrap_or(usize::MAX));
        if bytes.len() > most {
            self.waiting.push_front(bytes.split_off(most));
        }
        self.bytes -= bytes.len();
        self.credit -= u32::try_from(bytes.len()).unwrap_or(self.credit);
        self.changed.notify_waiters();
        bytes
    }
}

impl Incoming {
    pub(super) fn new(window: u32) -> Self {
        Self {
            came: BytesMut::new(),
            window,
            allowed: window,
            owed: 0,
            ended: false,
            reset: None,
            unread: false,
            stop: None,
            changed: Arc::default(),
        }
    }

    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        if self.ended || self.reset.is_some() {
            return Err(LinkError::Misbehaved);
        }
        self.allowed = self
            .allowed
            .checked_sub(length)
            .ok_or(LinkError::Misbehaved)?;
        if !self.unread {
            self.came.extend_from_slice(bytes);
            self.changed.notify_waiters();
        }
        Ok(())
    }

    /// What has been read since the last credit, once it is worth a piece.
    pub(super) fn credit_due(&mut self) -> Option<u32> {
        let due = self.owed >= self.window / 2 && !self.ended && self.reset.is_none();
        due.then(|| {
            let bytes = std::mem::take(&mut self.owed);
            self.allowed += bytes;
            bytes
        })
    }
}
