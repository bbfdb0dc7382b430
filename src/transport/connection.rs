//! A connection with a peer and its streams, alike over QUIC and over TLS on TCP.

use std::convert::Infallible;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use quinn::{ConnectionError, ReadError, ReadExactError, VarInt, WriteError};
use tokio::time::sleep;

use super::congestion::Bounded;
use super::link::{LinkError, closed_with};
use super::mux::{Mux, MuxReceive, MuxSend, Way};
use super::precedence::Precedence;

pub(super) use super::mux::StreamError;

/// How often a line is looked at.
const PACE: Duration = Duration::from_millis(100);

/// What carries a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Via {
    /// QUIC.
    Quic,
    /// TLS on TCP, where UDP does not pass.
    Tcp,
}

impl Via {
    /// `quic` or `tcp`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quic => "quic",
            Self::Tcp => "tcp",
        }
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A connection whose ends have shown their certificates.
#[derive(Clone)]
pub(super) enum Connection {
    Quic(Quic),
    Tcp(Mux),
}

/// A connection over QUIC.
#[derive(Clone)]
pub(super) struct Quic {
    connection: quinn::Connection,
    precedence: Precedence,
}

impl From<quinn::Connection> for Connection {
    fn from(connection: quinn::Connection) -> Self {
        Self::Quic(Quic {
            connection,
            precedence: Precedence::default(),
        })
    }
}

/// A stream to write.
pub(super) enum SendStream {
    Quic(QuicSend),
    Tcp(MuxSend),
}

/// A stream to write over QUIC.
pub(super) struct QuicSend {
    stream: quinn::SendStream,
    level: usize,
    precedence: Precedence,
}

impl QuicSend {
    /// Writes all, a part at a time where there is little room, so that what has precedence gets the next.
    async fn write(&mut self, mut chunks: &mut [Bytes]) -> Result<(), WriteError> {
        let writing = self.precedence.write(self.level);
        while !chunks.is_empty() {
            writing.turn().await;
            let written = self.stream.write_chunks(chunks).await?;
            chunks = &mut chunks[written.chunks..];
        }
        Ok(())
    }
}

/// A stream to read.
pub(super) enum RecvStream {
    Quic(quinn::RecvStream),
    Tcp(MuxReceive),
}

impl Connection {
    pub(super) fn via(&self) -> Via {
        match self {
            Self::Quic(_) => Via::Quic,
            Self::Tcp(_) => Via::Tcp,
        }
    }

    pub(super) async fn open_uni(&self) -> Result<SendStream, StreamError> {
        match self {
            Self::Quic(quic) => Ok(quic.sending(quic.connection.open_uni().await?)),
            Self::Tcp(mux) => Ok(SendStream::Tcp(mux.open(Way::Uni).await?.0)),
        }
    }

    pub(super) async fn accept_uni(&self) -> Result<RecvStream, StreamError> {
        match self {
            Self::Quic(quic) => Ok(RecvStream::Quic(quic.connection.accept_uni().await?)),
            Self::Tcp(mux) => Ok(RecvStream::Tcp(mux.accept(Way::Uni).await?.1)),
        }
    }

    pub(super) async fn open_bi(&self) -> Result<(SendStream, RecvStream), StreamError> {
        Ok(match self {
            Self::Quic(quic) => quic.halves(quic.connection.open_bi().await?),
            Self::Tcp(mux) => tcp_halves(mux.open(Way::Bi).await?),
        })
    }

    pub(super) async fn accept_bi(&self) -> Result<(SendStream, RecvStream), StreamError> {
        Ok(match self {
            Self::Quic(quic) => quic.halves(quic.connection.accept_bi().await?),
            Self::Tcp(mux) => tcp_halves(mux.accept(Way::Bi).await?),
        })
    }

    pub(super) fn close(&self, code: u32) {
        match self {
            Self::Quic(quic) => quic.connection.close(code.into(), &[]),
            Self::Tcp(mux) => mux.close(code),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        match self {
            Self::Quic(quic) => quic.connection.close_reason().is_some(),
            Self::Tcp(mux) => mux.close_reason().is_some(),
        }
    }

    pub(super) async fn closed(&self) -> LinkError {
        match self {
            Self::Quic(quic) => quic.connection.closed().await.into(),
            Self::Tcp(mux) => mux.closed().await,
        }
    }

    /// The longest datagram that is known to pass, in bytes; none over TCP, which cuts for itself.
    pub(super) fn mtu(&self) -> Option<u16> {
        match self {
            Self::Quic(quic) => Some(quic.connection.stats().path.current_mtu),
            Self::Tcp(_) => None,
        }
    }

    /// Keeps what is written ahead to what the line carries soon, for as long as the connection lasts. TCP
    /// does so for itself.
    pub(super) async fn keep_pace(&self) -> Infallible {
        loop {
            sleep(PACE).await;
            if let Self::Quic(quic) = self {
                quic.keep_pace();
            }
        }
    }

    pub(super) fn rtt(&self) -> Duration {
        match self {
            Self::Quic(quic) => quic.connection.rtt(),
            Self::Tcp(mux) => mux.rtt(),
        }
    }
}

impl Quic {
    fn sending(&self, stream: quinn::SendStream) -> SendStream {
        SendStream::Quic(QuicSend {
            stream,
            level: 0,
            precedence: self.precedence.clone(),
        })
    }

    fn halves(
        &self,
        (send, receive): (quinn::SendStream, quinn::RecvStream),
    ) -> (SendStream, RecvStream) {
        (self.sending(send), RecvStream::Quic(receive))
    }

    /// Lets no more be written ahead than the line carries soon.
    fn keep_pace(&self) {
        let controller = self.connection.congestion_state().into_any();
        if let Ok(bounded) = controller.downcast::<Bounded>() {
            self.connection.set_send_window(bounded.ahead());
        }
    }
}

fn tcp_halves((send, receive): (MuxSend, MuxReceive)) -> (SendStream, RecvStream) {
    (SendStream::Tcp(send), RecvStream::Tcp(receive))
}

impl SendStream {
    /// Of several streams the one with the highest number goes first.
    pub(super) fn set_priority(&mut self, priority: i32) {
        match self {
            Self::Quic(send) => {
                send.level = usize::try_from(priority).unwrap_or(0);
                // It fails on a stream that is over, which has nothing to send.
                let _ = send.stream.set_priority(priority);
            }
            Self::Tcp(stream) => stream.set_priority(priority),
        }
    }

    pub(super) async fn write_all(&mut self, bytes: &[u8]) -> Result<(), StreamError> {
        match self {
            Self::Quic(send) => Ok(send.write(&mut [Bytes::copy_from_slice(bytes)]).await?),
            Self::Tcp(stream) => stream.write(Bytes::copy_from_slice(bytes)).await,
        }
    }

    pub(super) async fn write_chunk(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        match self {
            Self::Quic(send) => Ok(send.write(&mut [bytes]).await?),
            Self::Tcp(stream) => stream.write(bytes).await,
        }
    }

    pub(super) async fn write_all_chunks(
        &mut self,
        chunks: &mut [Bytes],
    ) -> Result<(), StreamError> {
        match self {
            Self::Quic(send) => Ok(send.write(chunks).await?),
            Self::Tcp(stream) => {
                for chunk in chunks {
                    stream.write(std::mem::take(chunk)).await?;
                }
                Ok(())
            }
        }
    }

    /// Nothing more comes on the stream.
    pub(super) fn finish(&mut self) {
        match self {
            Self::Quic(send) => {
                // It fails on a stream that is over already.
                let _ = send.stream.finish();
            }
            Self::Tcp(stream) => stream.finish(),
        }
    }

    /// Gives the stream up.
    pub(super) fn reset(&mut self, code: u32) {
        match self {
            Self::Quic(send) => {
                // It fails on a stream that is over already.
                let _ = send.stream.reset(code.into());
            }
            Self::Tcp(stream) => stream.reset(code),
        }
    }
}

impl RecvStream {
    /// Some bytes, at least one; none at the end of the stream.
    pub(super) async fn read(&mut self, into: &mut [u8]) -> Result<Option<usize>, StreamError> {
        match self {
            Self::Quic(stream) => Ok(stream.read(into).await?),
            Self::Tcp(stream) => Ok(stream.read(into.len()).await?.map(|bytes| {
                into[..bytes.len()].copy_from_slice(&bytes);
                bytes.len()
            })),
        }
    }

    pub(super) async fn read_exact(&mut self, into: &mut [u8]) -> Result<(), StreamError> {
        match self {
            Self::Quic(stream) => Ok(stream.read_exact(into).await?),
            Self::Tcp(_) => {
                let mut read = 0;
                while read < into.len() {
                    read += self
                        .read(&mut into[read..])
                        .await?
                        .ok_or(StreamError::Ended)?;
                }
                Ok(())
            }
        }
    }

    /// The next bytes, at most `most`; none at the end of the stream.
    pub(super) async fn read_chunk(&mut self, most: usize) -> Result<Option<Bytes>, StreamError> {
        match self {
            Self::Quic(stream) => Ok(stream.read_chunk(most, true).await?.map(|c| c.bytes)),
            Self::Tcp(stream) => stream.read(most).await,
        }
    }
}

impl From<StreamError> for LinkError {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Lost(why) => why,
            // A peer never ends its streams of frames: it closes the connection.
            StreamError::Reset(_) | StreamError::Ended => Self::Misbehaved,
        }
    }
}

impl From<ConnectionError> for LinkError {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::ApplicationClosed(close) => closed_with(close.error_code.into_inner()),
            ConnectionError::TimedOut => Self::TimedOut,
            ConnectionError::LocallyClosed => Self::Stopping,
            ConnectionError::VersionMismatch
            | ConnectionError::TransportError(_)
            | ConnectionError::ConnectionClosed(_)
            | ConnectionError::Reset
            | ConnectionError::CidsExhausted => Self::Broken,
        }
    }
}

impl From<ConnectionError> for StreamError {
    fn from(error: ConnectionError) -> Self {
        Self::Lost(error.into())
    }
}

impl From<ReadError> for StreamError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::ConnectionLost(error) => error.into(),
            ReadError::Reset(code) => Self::Reset(short(code)),
            ReadError::ClosedStream
            | ReadError::IllegalOrderedRead
            | ReadError::ZeroRttRejected => Self::Ended,
        }
    }
}

impl From<ReadExactError> for StreamError {
    fn from(error: ReadExactError) -> Self {
        match error {
            ReadExactError::ReadError(error) => error.into(),
            ReadExactError::FinishedEarly(_) => Self::Ended,
        }
    }
}

impl From<WriteError> for StreamError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::ConnectionLost(error) => error.into(),
            WriteError::Stopped(code) => Self::Reset(short(code)),
            WriteError::ClosedStream | WriteError::ZeroRttRejected => Self::Ended,
        }
    }
}

/// A code of QUIC's, of which links use the lower 32 bits alone.
fn short(code: VarInt) -> u32 {
    u32::try_from(code.into_inner()).unwrap_or(u32::MAX)
}
