//! Sealed files: written as an upload comes in, copied for further recipients, opened as they go
//! out; all in constant memory.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::ops::Range;

use axum::body::Bytes;
use axum::http::StatusCode;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::problem::Failure;
use super::staging::Adding;
use super::transfers::IDLE;
use crate::app::Attached;
use crate::base::{MessageId, OsEntropy};
use crate::domain::message::{AttachmentInfo, AttachmentSlot};
use crate::seal::attachment::{
    AttachmentKey, AttachmentOpener, AttachmentSealer, Measured, context,
};
use crate::store::{BlobId, BlobStore};

/// Bytes read from a sealed file at a time.
pub const READ: usize = 256 * 1024;

/// A part of an upload on its way to the side that seals it.
#[derive(Debug)]
pub enum Piece {
    /// The next bytes.
    Bytes(Bytes),
    /// The upload is whole. A channel that ends without this ends an upload that broke off.
    Finish,
}

/// Passes an upload on, and says at its end that it is whole. `declared` is the length that its
/// head announced, if it did; `most` is the longest that is taken, in bytes.
///
/// # Errors
/// A problem where the upload breaks off, stands still, is of another length than announced, or too long:
/// then nothing says that it is whole.
pub async fn pour<S, E>(
    mut body: S,
    declared: Option<u64>,
    most: u64,
    pieces: Sender<Piece>,
) -> Result<(), Failure>
where
    S: futures_core::Stream<Item = Result<Bytes, E>> + Unpin,
{
    if declared.is_some_and(|declared| declared > most) {
        return Err(too_large());
    }
    let mut total = 0;
    while let Some(piece) = timeout(IDLE, next(&mut body)).await.map_err(|_| idle())? {
        let piece = piece.map_err(|_| incomplete())?;
        total += piece.len() as u64;
        if total > most {
            return Err(too_large());
        }
        if pieces.send(Piece::Bytes(piece)).await.is_err() {
            // The sealing side has failed, and says why.
            return Ok(());
        }
    }
    if declared.is_some_and(|declared| declared != total) {
        return Err(incomplete());
    }
    // As above.
    let _failed = pieces.send(Piece::Finish).await;
    Ok(())
}

fn too_large() -> Failure {
    Failure::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "attachment-too-large",
        "the file is larger than an attachment may be",
        "Send it in parts; nothing of it was kept.",
    )
}

fn incomplete() -> Failure {
    Failure::new(
        StatusCode::BAD_REQUEST,
        "upload-incomplete",
        "the upload ended before the file did",
        "Upload the file again; nothing of it was kept.",
    )
}

fn idle() -> Failure {
    incomplete().with("nothing more of the upload came for a minute")
}

/// What comes next of a stream.
pub async fn next<S: futures_core::Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    std::future::poll_fn(|cx| std::pin::Pin::new(&mut *stream).poll_next(cx)).await
}

/// Seals what comes into a stored file, which appears at its place only if the upload is said to be whole.
/// The file is `called` by a name and a media type. Blocks.
///
/// # Errors
/// [`io::ErrorKind::UnexpectedEof`] for an upload that broke off; otherwise what the disk gives.
pub fn seal(
    blobs: &BlobStore,
    place: Adding,
    mut pieces: Receiver<Piece>,
    called: (String, String),
) -> io::Result<Attached> {
    let (message, index) = (place.id, place.index);
    let key = AttachmentKey::generate(&mut OsEntropy);
    let mut sealer = AttachmentSealer::new(&key, &context(message, index), &mut OsEntropy);
    let mut file = blobs.create(BlobId { message, index })?;
    // Dropped before the file: whoever begins again once nothing is left of a broken upload finds its
    // place free.
    let place = place;
    let (mut together, mut out) = (Zeroizing::new(Vec::new()), Vec::new());
    loop {
        match pieces.blocking_recv() {
            Some(Piece::Bytes(piece)) => {
                together.extend_from_slice(&piece);
                // What has come meanwhile goes with it: a large piece is sealed on two threads.
                if !pieces.is_empty() && together.len() < READ {
                    continue;
                }
                sealer.push(&together, &mut out);
                together.clear();
                file.write_all(&out)?;
                out.clear();
            }
            Some(Piece::Finish) => {
                sealer.push(&together, &mut out);
                let measured = sealer.finish(&mut out);
                file.write_all(&out)?;
                file.finish()?;
                let attached = attached(&measured, &key, called);
                place.done(attached.clone());
                return Ok(attached);
            }
            None => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// A sealed file as header and body list it.
fn attached(
    measured: &Measured,
    key: &AttachmentKey,
    (name, media_type): (String, String),
) -> Attached {
    Attached {
        slot: slot(measured),
        info: AttachmentInfo {
            name,
            media_type,
            size: measured.plaintext_len,
            digest: measured.plaintext_digest,
            key: *key.as_bytes(),
        },
    }
}

fn slot(measured: &Measured) -> AttachmentSlot {
    AttachmentSlot {
        length: measured.ciphertext_len,
        digest: measured.ciphertext_digest,
    }
}

/// Seals a stored file anew, under a key of its own, for another message. Blocks.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] for a damaged file; otherwise what the disk gives.
pub fn reseal(
    blobs: &BlobStore,
    from: MessageId,
    to: MessageId,
    index: u16,
    file: &Attached,
) -> io::Result<Attached> {
    let old = AttachmentKey::from_bytes(file.info.key);
    let mut opener = AttachmentOpener::new(&old, &context(from, index));
    let key = AttachmentKey::generate(&mut OsEntropy);
    let mut sealer = AttachmentSealer::new(&key, &context(to, index), &mut OsEntropy);
    let message = from;
    let mut source = blobs.read(BlobId { message, index })?;
    let mut target = blobs.create(BlobId { message: to, index })?;
    let (mut buffer, mut plain, mut out) = (vec![0; READ], Vec::new(), Vec::new());
    loop {
        let read = source.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        let pushed = opener.push(&buffer[..read], &mut plain);
        pushed.map_err(|_| damaged())?;
        sealer.push(&plain, &mut out);
        target.write_all(&out)?;
        plain.clear();
        out.clear();
    }
    opener.finish(&mut plain).map_err(|_| damaged())?;
    sealer.push(&plain, &mut out);
    let measured = sealer.finish(&mut out);
    target.write_all(&out)?;
    target.finish()?;
    Ok(Attached {
        slot: slot(&measured),
        info: AttachmentInfo {
            key: *key.as_bytes(),
            ..file.info.clone()
        },
    })
}

/// Opens a sealed file, and writes `part` of what was in it. Blocks. A damaged file, or a reader that
/// goes away or stands still, ends it short of its length.
///
/// # Errors
/// As [`reseal`].
pub fn open(
    runtime: &tokio::runtime::Handle,
    mut file: File,
    key: &AttachmentKey,
    context: &[u8],
    part: Range<u64>,
    mut writer: tokio::io::DuplexStream,
) -> io::Result<()> {
    let mut opener = AttachmentOpener::new(key, context);
    let (mut buffer, mut plain, mut at) = (vec![0; READ], Vec::new(), 0);
    let mut write = |plain: &mut Vec<u8>, at: &mut u64| {
        let wanted = within(plain, *at, &part);
        *at += plain.len() as u64;
        let written = runtime.block_on(write_to(&mut writer, &plain[wanted]));
        plain.clear();
        written
    };
    while at < part.end {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            opener.finish(&mut plain).map_err(|_| damaged())?;
            write(&mut plain, &mut at)?;
            break;
        }
        let pushed = opener.push(&buffer[..read], &mut plain);
        pushed.map_err(|_| damaged())?;
        write(&mut plain, &mut at)?;
    }
    runtime.block_on(writer.shutdown())
}

/// Writes all, to a reader that takes some of it within each minute.
async fn write_to(writer: &mut tokio::io::DuplexStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = timeout(IDLE, writer.write(bytes)).await??;
        bytes = &bytes[written..];
    }
    Ok(())
}

/// Which of `bytes`, which stand at `at` of a file, belong to a part of it.
fn within(bytes: &[u8], at: u64, part: &Range<u64>) -> Range<usize> {
    let place = |of: u64| usize::try_from(of.saturating_sub(at)).unwrap_or(usize::MAX);
    let end = place(part.end).min(bytes.len());
    place(part.start).min(end)..end
}

fn damaged() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

#[cfg(test)]
mod tests;
