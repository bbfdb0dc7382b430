//! Attachments, each on a stream of its own that whoever wants the bytes opens.
//!
//! The request is fixed: message id (16 bytes), index (u16), offset (u64), all big-endian. The
//! answer is the attachment's whole length (u64), then its bytes from the offset on; or the
//! stream is reset with a code.

use std::convert::Infallible;
use std::io::SeekFrom;
use std::sync::Arc;

use bytes::BytesMut;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWrite, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::base::{MessageId, NodeId};

use super::AttachmentRequest;
use super::connection::{Connection, RecvStream, SendStream, StreamError};
use super::greet::ATTACHMENT_PRIORITY;
use super::limits::Limits;
use super::link::{LinkError, REFUSED, Wire, handler_code};
use super::shared::Shared;
use super::slot::Link;

/// Why an attachment, or the rest of one, did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// There is no link with the peer.
    #[error("there is no link with the peer")]
    NotConnected,
    /// The peer's handler does not give the attachment, with this code.
    #[error("the peer refused the attachment (code {0})")]
    Refused(u32),
    /// The peer cannot serve the attachment, or not from this offset.
    #[error("the peer cannot serve the attachment")]
    Unavailable,
    /// The peer's attachment is not as long as the message says.
    #[error("the peer has an attachment of {0} bytes, not of the length that was stated")]
    WrongLength(u64),
    /// The peer sent fewer or more bytes than it announced, or something else altogether.
    #[error("the peer broke the protocol")]
    Misbehaved,
    /// The peer was slower than the limits allow.
    #[error("the peer was too slow")]
    TooSlow,
    /// The link ended.
    #[error("the link ended: {0}")]
    Link(LinkError),
    /// The sink did not take the bytes.
    #[error("the attachment could not be written: {0}")]
    Sink(#[source] std::io::Error),
}

/// Resets of the transport's own; handlers' codes begin at `REFUSED`.
const UNAVAILABLE: u32 = 1;

const REQUEST_LEN: usize = 26;

/// Bytes read from a file, or awaited from a peer, at a time.
const PIECE: usize = 64 * 1024;

impl AttachmentRequest {
    fn to_bytes(self) -> [u8; REQUEST_LEN] {
        let mut bytes = [0; REQUEST_LEN];
        bytes[..16].copy_from_slice(&self.message.to_bytes());
        bytes[16..18].copy_from_slice(&self.index.to_be_bytes());
        bytes[18..].copy_from_slice(&self.offset.to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: [u8; REQUEST_LEN]) -> Self {
        let (mut message, mut index, mut offset) = ([0; 16], [0; 2], [0; 8]);
        message.copy_from_slice(&bytes[..16]);
        index.copy_from_slice(&bytes[16..18]);
        offset.copy_from_slice(&bytes[18..]);
        Self {
            message: MessageId::from_bytes(message),
            index: u16::from_be_bytes(index),
            offset: u64::from_be_bytes(offset),
        }
    }
}

/// Fetches bytes `request.offset..length` into `sink`.
pub(super) async fn fetch(
    link: &Link,
    request: AttachmentRequest,
    length: u64,
    sink: &mut (impl AsyncWrite + Unpin),
    limits: &Limits,
) -> Result<(), FetchError> {
    let _place = link.fetches.acquire().await.expect("it is never closed");
    let connection = link.wire.connection();
    let (mut send, mut receive) = connection.open_bi().await?;
    send.write_all(&request.to_bytes()).await?;
    send.finish();

    // Its answer comes behind all else that the peer sends.
    let patient = &limits.patient();
    let mut stated = [0; 8];
    in_time(
        patient,
        connection,
        stated.len(),
        receive.read_exact(&mut stated),
    )
    .await??;
    let stated = u64::from_be_bytes(stated);
    if stated != length {
        return Err(FetchError::WrongLength(stated));
    }
    let mut left = length
        .checked_sub(request.offset)
        .ok_or(FetchError::Unavailable)?;
    loop {
        let chunk = in_time(patient, connection, PIECE, receive.read_chunk(PIECE)).await??;
        let Some(chunk) = chunk else { break };
        left = left
            .checked_sub(chunk.len() as u64)
            .ok_or(FetchError::Misbehaved)?;
        sink.write_all(&chunk).await.map_err(FetchError::Sink)?;
    }
    sink.flush().await.map_err(FetchError::Sink)?;
    if left > 0 {
        return Err(FetchError::Misbehaved);
    }
    Ok(())
}

async fn in_time<T>(
    limits: &Limits,
    connection: &Connection,
    bytes: usize,
    read: impl Future<Output = T>,
) -> Result<T, FetchError> {
    timeout(limits.time_for(connection.rtt(), bytes), read)
        .await
        .map_err(|_| FetchError::TooSlow)
}

impl From<StreamError> for FetchError {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Lost(why) => Self::Link(why),
            StreamError::Reset(code) => code
                .checked_sub(REFUSED)
                .map_or(Self::Unavailable, Self::Refused),
            StreamError::Ended => Self::Misbehaved,
        }
    }
}

/// Serves what the peer asks for until the connection ends.
pub(super) async fn serve(
    shared: &Arc<Shared>,
    peer: NodeId,
    wire: &Wire,
) -> Result<Infallible, LinkError> {
    // Dropped with the link, and with it all that is still being served.
    let mut serving = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            // First, so that what is done does not pile up behind a peer that asks without end.
            Some(_) = serving.join_next() => {}
            stream = wire.connection().accept_bi() => {
                let (send, receive) = stream?;
                let connection = wire.connection().clone();
                serving.spawn(serve_one(shared.clone(), peer, connection, send, receive));
            }
        }
    }
}

async fn serve_one(
    shared: Arc<Shared>,
    peer: NodeId,
    connection: Connection,
    mut send: SendStream,
    receive: RecvStream,
) {
    if let Err(code) = answer(&shared, peer, &connection, &mut send, receive).await {
        send.reset(code);
    }
}

async fn answer(
    shared: &Arc<Shared>,
    peer: NodeId,
    connection: &Connection,
    send: &mut SendStream,
    mut receive: RecvStream,
) -> Result<(), u32> {
    let unavailable = UNAVAILABLE;
    let limits = &shared.limits;
    send.set_priority(ATTACHMENT_PRIORITY);
    let mut request = [0; REQUEST_LEN];
    in_time(
        limits,
        connection,
        REQUEST_LEN,
        receive.read_exact(&mut request),
    )
    .await
    .map_err(|_| unavailable)?
    .map_err(|_| unavailable)?;
    let request = AttachmentRequest::from_bytes(request);

    let handler = shared.handler.clone();
    let (file, length) = tokio::task::spawn_blocking(move || handler.attachment(peer, request))
        .await
        .map_err(|_| unavailable)?
        .map_err(handler_code)?;
    let left = length.checked_sub(request.offset).ok_or(unavailable)?;
    let mut file = File::from_std(file);
    file.seek(SeekFrom::Start(request.offset))
        .await
        .map_err(|_| unavailable)?;
    let mut file = file.take(left);

    send.write_all(&length.to_be_bytes())
        .await
        .map_err(|_| unavailable)?;
    let patient = &limits.patient();
    while file.limit() > 0 {
        let mut piece = BytesMut::with_capacity(PIECE);
        let read = file.read_buf(&mut piece).await.map_err(|_| unavailable)?;
        if read == 0 {
            return Err(unavailable);
        }
        in_time(patient, connection, PIECE, send.write_chunk(piece.freeze()))
            .await
            .map_err(|_| unavailable)?
            .map_err(|_| unavailable)?;
    }
    send.finish();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_survives_its_bytes() {
        let request = AttachmentRequest {
            message: MessageId::from_bytes([7; 16]),
            index: 0x0102,
            offset: 0x0304_0506_0708_090a,
        };
        let bytes = request.to_bytes();
        assert_eq!(bytes[16..], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(AttachmentRequest::from_bytes(bytes), request);
    }
}
