//! Streams over one TLS connection, with what links use of QUIC's: priorities, windows, codes.
//!
//! What a stream is cut into stands in `piece`, its rules in `state`; here the two tasks that read
//! and write, and the handles. TCP delivers in order, so a lost segment holds up all streams; but
//! no more than a few pieces lie in the socket unsent, so that the urgent waits for those alone.

#[cfg(fuzzing)]
pub mod fuzzed;
mod half;
mod piece;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::limits::{INITIAL_RTT, Limits};
use super::link::{LinkError, STOPPING};
use piece::{MAX_PIECE, Piece};
use state::{Came, State};

pub(super) use state::{Side, StreamError, Way};

/// Bytes handed to TLS at a time.
const BATCH: usize = 16 * 1024;

/// How long the end of a connection may take to reach the peer.
const FAREWELL: Duration = Duration::from_secs(2);

/// A connection. When the last handle is dropped it is closed.
#[derive(Clone)]
pub(super) struct Mux(Arc<Handle>);

struct Handle(Arc<Core>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.end(LinkError::Stopping, Some(STOPPING));
    }
}

struct Core {
    state: Mutex<State>,
    rtt: Mutex<Duration>,
    /// There is something to write.
    filled: Notify,
    /// A stream came or went, or the connection ended.
    changed: Notify,
}

/// The half of a stream that is written. Dropped before its end it is given up.
pub(super) struct MuxSend {
    core: Arc<Core>,
    id: u32,
}

/// The half of a stream that is read.
pub(super) struct MuxReceive {
    core: Arc<Core>,
    id: u32,
}

impl Mux {
    /// Streams over `io`, and the task that carries them, which ends soon after the connection or
    /// after `closing`.
    pub(super) fn new(
        io: impl AsyncRead + AsyncWrite + Send + 'static,
        side: Side,
        limits: Limits,
        closing: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let core = Arc::new(Core {
            state: Mutex::new(State::new(side)),
            rtt: Mutex::new(INITIAL_RTT),
            filled: Notify::new(),
            changed: Notify::new(),
        });
        let mux = Self(Arc::new(Handle(core.clone())));
        (mux, carry(core, io, limits, closing))
    }

    pub(super) async fn open(&self, way: Way) -> Result<(MuxSend, MuxReceive), StreamError> {
        let id = self.0.0.wait(|state| state.open(way)).await?;
        Ok(self.halves(id))
    }

    pub(super) async fn accept(&self, way: Way) -> Result<(MuxSend, MuxReceive), StreamError> {
        let id = self.0.0.wait(|state| state.accept(way)).await?;
        Ok(self.halves(id))
    }

    /// Both halves; of a unidirectional stream the one that is not there does nothing.
    fn halves(&self, id: u32) -> (MuxSend, MuxReceive) {
        let core = &self.0.0;
        let send = MuxSend {
            core: core.clone(),
            id,
        };
        let core = core.clone();
        (send, MuxReceive { core, id })
    }

    pub(super) fn close(&self, code: u32) {
        self.0.0.end(LinkError::Stopping, Some(code));
    }

    pub(super) fn close_reason(&self) -> Option<LinkError> {
        self.0.0.state().ended()
    }

    pub(super) async fn closed(&self) -> LinkError {
        let ended = |state: &mut State| Ok::<_, StreamError>(state.ended());
        match self.0.0.wait(ended).await {
            Ok(why) | Err(StreamError::Lost(why)) => why,
            Err(StreamError::Reset(_) | StreamError::Ended) => LinkError::Broken,
        }
    }

    pub(super) fn rtt(&self) -> Duration {
        self.0.0.rtt()
    }
}

impl MuxSend {
    pub(super) fn set_priority(&self, priority: i32) {
        self.core.state().set_priority(self.id, priority);
    }

    pub(super) async fn write(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        if bytes.is_empty() {
            return Ok(());
        }
        let changed = self.core.state().changed(self.id, true);
        loop {
            let later = changed.notified();
            if self.core.state().write(self.id, &bytes)? {
                self.core.filled.notify_one();
                return Ok(());
            }
            later.await;
        }
    }

    pub(super) fn finish(&mut self) {
        self.core.state().finish(self.id);
        self.core.filled.notify_one();
    }

    pub(super) fn reset(&mut self, code: u32) {
        self.core.state().reset(self.id, code);
        self.core.filled.notify_one();
    }
}

impl Drop for MuxSend {
    fn drop(&mut self) {
        self.reset(0);
    }
}

impl MuxReceive {
    /// At most `most` of the bytes that came; none at the end.
    pub(super) async fn read(&mut self, most: usize) -> Result<Option<Bytes>, StreamError> {
        let changed = self.core.state().changed(self.id, false);
        loop {
            let later = changed.notified();
            let read = self.core.state().read(self.id, most)?;
            if let Some(bytes) = read {
                self.core.filled.notify_one();
                return Ok(bytes);
            }
            later.await;
        }
    }
}

impl Drop for MuxReceive {
    fn drop(&mut self) {
        if self.core.state().leave(self.id) {
            self.core.changed.notify_waiters();
        }
        self.core.filled.notify_one();
    }
}

impl Core {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rtt(&self) -> Duration {
        *self.rtt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, why: LinkError, tell: Option<u32>) {
        self.state().end(why, tell);
        self.filled.notify_one();
        self.changed.notify_waiters();
    }

    /// Waits until `ask` has an answer.
    async fn wait<T>(
        &self,
        mut ask: impl FnMut(&mut State) -> Result<Option<T>, StreamError>,
    ) -> Result<T, StreamError> {
        loop {
            let later = self.changed.notified();
            if let Some(answer) = ask(&mut self.state())? {
                return Ok(answer);
            }
            later.await;
        }
    }
}

/// Reads and writes until the connection has ended and the peer was told.
async fn carry(
    core: Arc<Core>,
    io: impl AsyncRead + AsyncWrite + Send + 'static,
    limits: Limits,
    closing: CancellationToken,
) {
    let (mut from, mut to) = split(io);
    let begun = Instant::now();
    let written = async {
        if let Err(why) = write(&core, &mut to, limits, begun).await {
            core.end(why, None);
        }
    };
    let read = async {
        let why = read(&core, &mut from, limits, begun).await;
        core.end(why, None);
    };
    let stopped = async {
        closing.cancelled().await;
        core.end(LinkError::Stopping, Some(STOPPING));
        std::future::pending::<()>().await;
    };
    let ended = async {
        let ended = |state: &mut State| Ok(state.ended());
        let _ = core.wait(ended).await;
        sleep(FAREWELL).await;
    };
    tokio::select! {
        biased;
        // Ends when the last piece is written.
        () = written => {}
        () = async { tokio::join!(read, stopped); } => {}
        // Unless the peer reads nothing any more.
        () = ended => {}
    }
    let farewell = async {
        // What does not arrive any more is not missed.
        let _ = to.shutdown().await;
        // A socket that is closed with bytes unread would take the last piece back.
        let mut rest = vec![0; BATCH];
        while from.read(&mut rest).await.is_ok_and(|read| read > 0) {}
    };
    let _ = timeout(FAREWELL, farewell).await;
}

/// Writes until the connection has ended.
async fn write<T: AsyncWrite>(
    core: &Core,
    to: &mut WriteHalf<T>,
    limits: Limits,
    begun: Instant,
) -> Result<(), LinkError> {
    let mut next_ping = Instant::now();
    let mut batch = Vec::with_capacity(BATCH + MAX_PIECE);
    loop {
        let filled = core.filled.notified();
        batch.clear();
        let ended = {
            let mut state = core.state();
            if Instant::now() >= next_ping {
                state.ping(token(begun.elapsed()));
                next_ping = Instant::now() + limits.keep_alive;
            }
            while batch.len() < BATCH
                && let Some(piece) = state.next()
            {
                piece.encode(&mut batch);
            }
            state.ended().is_some()
        };
        if !batch.is_empty() {
            let writing = async {
                to.write_all(&batch).await?;
                to.flush().await
            };
            timeout(limits.idle, writing)
                .await
                .map_err(|_| LinkError::TimedOut)?
                .map_err(|_| LinkError::Broken)?;
        }
        if ended {
            return Ok(());
        }
        if batch.len() < BATCH {
            let _ = timeout_at(next_ping, filled).await;
        }
    }
}

/// Reads until the connection has ended, and says why.
async fn read<T: AsyncRead>(
    core: &Core,
    from: &mut ReadHalf<T>,
    limits: Limits,
    begun: Instant,
) -> LinkError {
    let mut came = BytesMut::new();
    let mut whole_by = None;
    loop {
        loop {
            match Piece::decode(&mut came) {
                Ok(Some(piece)) => {
                    whole_by = None;
                    took(core, piece, begun);
                }
                Ok(None) => break,
                Err(why) => {
                    core.end(why, Some(super::link::MISBEHAVED));
                    return why;
                }
            }
        }
        if let Some(why) = core.state().ended() {
            return why;
        }
        let silent_by = Instant::now() + limits.idle;
        let until = if came.is_empty() {
            silent_by
        } else {
            // A piece that has begun may not trickle in.
            let time = limits.time_for(core.rtt(), MAX_PIECE);
            *whole_by.get_or_insert_with(|| Instant::now() + time)
        };
        came.reserve(BATCH);
        match timeout_at(until, from.read_buf(&mut came)).await {
            Ok(Ok(1..)) => {}
            // A peer that is well takes leave before it closes.
            Ok(Ok(0) | Err(_)) => return LinkError::Broken,
            Err(_) if came.is_empty() => return LinkError::TimedOut,
            Err(_) => {
                core.end(LinkError::TooSlow, Some(super::link::TOO_SLOW));
                return LinkError::TooSlow;
            }
        }
    }
}

fn took(core: &Core, piece: Piece, begun: Instant) {
    let (came, ended) = {
        let mut state = core.state();
        (state.came(piece), state.ended().is_some())
    };
    match came {
        Came::Pong(echo) => {
            // A peer that lies about it changes how long it is waited for, which is bounded.
            let sent = Duration::from_nanos(u64::from_be_bytes(echo));
            if let Some(rtt) = begun.elapsed().checked_sub(sent) {
                *core.rtt.lock().unwrap_or_else(PoisonError::into_inner) = rtt;
            }
        }
        Came::Stream | Came::Freed => core.changed.notify_waiters(),
        Came::Nothing => {}
    }
    core.filled.notify_one();
    if ended {
        core.changed.notify_waiters();
    }
}

fn token(elapsed: Duration) -> [u8; 8] {
    u64::try_from(elapsed.as_nanos())
        .unwrap_or(u64::MAX)
        .to_be_bytes()
}
