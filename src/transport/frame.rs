//! Frames on a stream: a length of four bytes, big-endian, then as many bytes.

use bytes::Bytes;
use tokio::time::timeout;

use super::connection::{Connection, RecvStream, SendStream};
use super::limits::Limits;
use super::link::LinkError;

/// The longest frame, in bytes.
pub const MAX_FRAME: usize = 1024 * 1024;

/// Allocated for a frame before any of it has come.
const FIRST_ALLOCATION: usize = 4 * 1024;

/// Reads frames of one peer.
pub(super) struct FrameReader {
    stream: RecvStream,
    connection: Connection,
    limits: Limits,
}

impl FrameReader {
    pub(super) fn new(stream: RecvStream, connection: &Connection, limits: Limits) -> Self {
        Self {
            stream,
            connection: connection.clone(),
            limits,
        }
    }

    /// The next frame, however long it takes to begin; it may be empty. Its length is checked
    /// against `max` before anything is allocated, and memory grows with what arrives.
    pub(super) async fn next(&mut self, max: usize) -> Result<Vec<u8>, LinkError> {
        let mut header = [0; 4];
        // A peer never ends its streams: it closes the connection.
        let begun = self
            .stream
            .read(&mut header)
            .await?
            .ok_or(LinkError::Misbehaved)?;
        self.in_time(0, async |stream| {
            Ok(stream.read_exact(&mut header[begun..]).await?)
        })
        .await?;
        let length = usize::try_from(u32::from_be_bytes(header)).unwrap_or(usize::MAX);
        if length > max {
            return Err(LinkError::Misbehaved);
        }
        self.in_time(length, async |stream| body(stream, length).await)
            .await
    }

    async fn in_time<T>(
        &mut self,
        bytes: usize,
        read: impl AsyncFnOnce(&mut RecvStream) -> Result<T, LinkError>,
    ) -> Result<T, LinkError> {
        let time = self.limits.time_for(self.connection.rtt(), bytes);
        timeout(time, read(&mut self.stream))
            .await
            .map_err(|_| LinkError::TooSlow)?
    }
}

async fn body(stream: &mut RecvStream, length: usize) -> Result<Vec<u8>, LinkError> {
    let mut frame = Vec::with_capacity(length.min(FIRST_ALLOCATION));
    while frame.len() < length {
        let chunk = stream
            .read_chunk(length - frame.len())
            .await?
            .ok_or(LinkError::Misbehaved)?;
        let room = (frame.len() * 2).min(length).max(frame.len() + chunk.len());
        frame.reserve_exact(room - frame.len());
        frame.extend_from_slice(&chunk);
    }
    Ok(frame)
}

/// Writes frames, all in one go.
pub(super) async fn write(stream: &mut SendStream, frames: Vec<Vec<u8>>) -> Result<(), LinkError> {
    let mut chunks = Vec::with_capacity(frames.len() * 2);
    for frame in frames {
        chunks.push(header(&frame));
        if !frame.is_empty() {
            chunks.push(Bytes::from(frame));
        }
    }
    Ok(stream.write_all_chunks(&mut chunks).await?)
}

fn header(frame: &[u8]) -> Bytes {
    let length = u32::try_from(frame.len()).expect("a frame is at most MAX_FRAME bytes long");
    Bytes::copy_from_slice(&length.to_be_bytes())
}
