//! Attachments: sealed as they come in, opened as they go out, in constant memory.

use std::io::{Read as _, Write as _};

use axum::Json;
use axum::body::{Body as HttpBody, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use tokio_util::io::ReaderStream;

use super::Api;
use super::auth::{Params, Place, SignedIn};
use super::problem::Failure;
use super::staging::MOST_ATTACHMENTS;
use crate::api::{Reservation, StagedAttachment};
use crate::app::{Action, AppError, Ask, Attached, LARGEST_ATTACHMENT, Permit, Reply};
use crate::base::{MemberId, MessageId, OsEntropy, Timestamp};
use crate::domain::message::{AttachmentInfo, AttachmentSlot};
use crate::seal::attachment::{AttachmentKey, AttachmentOpener, AttachmentSealer, context};
use crate::store::{BlobId, BlobStore};

/// Bytes read from a sealed file at a time.
const READ: usize = 256 * 1024;

/// `POST /reservations`.
pub async fn reserve(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
) -> Result<(StatusCode, Json<Reservation>), Failure> {
    let now = Timestamp::system();
    let id = MessageId::new(now, &mut OsEntropy);
    api.staging.reserve(id, caller.person, now);
    Ok((StatusCode::CREATED, Json(Reservation { id })))
}

/// What an upload says of its file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UploadParams {
    name: String,
    #[serde(default = "octets")]
    media_type: String,
}

fn octets() -> String {
    "application/octet-stream".to_owned()
}

/// `PUT /reservations/{id}/attachments/{index}`.
pub async fn upload(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place((id, index)): Place<(MessageId, u16)>,
    Params(params): Params<UploadParams>,
    body: HttpBody,
) -> Result<Json<StagedAttachment>, Failure> {
    Permit::ask(api.member(), &caller, Action::ListExchanges).map_err(AppError::from)?;
    if !api.staging.is_open(id, caller.person) || index >= MOST_ATTACHMENTS {
        return Err(AppError::NotFound("reservation").into());
    }
    if !AttachmentInfo::is_name(&params.name) {
        let what = "a file name has 1 to 255 bytes, on one line, without slashes and without \
                    marks that turn the direction of writing";
        return Err(Failure::malformed(what).at("name"));
    }
    if !AttachmentInfo::is_media_type(&params.media_type) {
        let what = "a media type has 1 to 255 bytes, on one line";
        return Err(Failure::malformed(what).at("media_type"));
    }
    let (pieces, sealing) = tokio::sync::mpsc::channel::<Bytes>(8);
    let blobs = api.blobs.clone();
    let sealed = tokio::task::spawn_blocking(move || seal(&blobs, id, index, sealing));
    let mut body = body.into_data_stream();
    let mut total = 0;
    let mut broken = None;
    while let Some(piece) = next(&mut body).await {
        match piece {
            Ok(piece) => {
                total += piece.len() as u64;
                if total > LARGEST_ATTACHMENT - (LARGEST_ATTACHMENT >> 8) {
                    broken = Some(Failure::from(AppError::TooLarge));
                    break;
                }
                if pieces.send(piece).await.is_err() {
                    break;
                }
            }
            Err(_) => {
                broken = Some(Failure::malformed("the upload broke off"));
                break;
            }
        }
    }
    if let Some(failure) = broken {
        // An empty piece tells the sealing side to give up.
        let _ended = pieces.send(Bytes::new()).await;
        drop(pieces);
        let _dropped = sealed.await;
        return Err(failure);
    }
    drop(pieces);
    let sealed = sealed.await.map_err(|_| AppError::DiskFull)?;
    let (measured, key) = sealed.map_err(|_| AppError::DiskFull)?;
    let file = Attached {
        slot: AttachmentSlot {
            length: measured.ciphertext_len,
            digest: measured.ciphertext_digest,
        },
        info: AttachmentInfo {
            name: params.name.clone(),
            media_type: params.media_type,
            size: measured.plaintext_len,
            digest: measured.plaintext_digest,
            key: *key.as_bytes(),
        },
    };
    api.staging.add(id, index, file);
    Ok(Json(StagedAttachment {
        index,
        name: params.name,
        size: measured.plaintext_len,
        sha256: measured.plaintext_digest,
    }))
}

async fn next(body: &mut axum::body::BodyDataStream) -> Option<Result<Bytes, axum::Error>> {
    use futures_core::Stream as _;
    std::future::poll_fn(|cx| std::pin::Pin::new(&mut *body).poll_next(cx)).await
}

type Sealed = (crate::seal::attachment::Measured, AttachmentKey);

/// Seals what comes into a stored file. An empty piece means that the rest will not come.
fn seal(
    blobs: &BlobStore,
    id: MessageId,
    index: u16,
    mut pieces: tokio::sync::mpsc::Receiver<Bytes>,
) -> std::io::Result<Sealed> {
    let key = AttachmentKey::generate(&mut OsEntropy);
    let mut sealer = AttachmentSealer::new(&key, &context(id, index), &mut OsEntropy);
    let mut file = blobs.create(BlobId { message: id, index })?;
    let mut out = Vec::new();
    while let Some(piece) = pieces.blocking_recv() {
        if piece.is_empty() {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        sealer.push(&piece, &mut out);
        file.write_all(&out)?;
        out.clear();
    }
    let measured = sealer.finish(&mut out);
    file.write_all(&out)?;
    file.finish()?;
    Ok((measured, key))
}

/// The sealed attachments of a reservation, for one message each: the first takes the
/// reservation's own id, every further one gets the files sealed anew under an id of its own.
///
/// # Errors
/// A problem where the reservation is not the caller's, or the disk is full.
pub async fn take(
    api: &Api,
    caller: &crate::app::Caller,
    reservation: Option<MessageId>,
    to: &[MemberId],
) -> Result<Vec<(MemberId, MessageId, Vec<Attached>)>, Failure> {
    let now = Timestamp::system();
    let mut taken = Vec::new();
    let (first, files) = match reservation {
        None => (MessageId::new(now, &mut OsEntropy), Vec::new()),
        Some(id) => {
            if !api.staging.holds(id, caller.person) {
                return Err(AppError::NotFound("reservation").into());
            }
            if let Some(taken) = api.staging.taken(id, to) {
                return Ok(taken);
            }
            let files = api.staging.files(id).ok_or_else(|| {
                Failure::malformed("attachments are numbered from 0 without gaps").at("reservation")
            })?;
            (id, files)
        }
    };
    for (place, member) in to.iter().enumerate() {
        if place == 0 {
            taken.push((*member, first, files.clone()));
            continue;
        }
        let id = derived(first, place);
        let mut again = Vec::new();
        for (index, file) in files.iter().enumerate() {
            let index = u16::try_from(index).expect("a reservation bounds its files");
            let (blobs, file) = (api.blobs.clone(), file.clone());
            let sealed =
                tokio::task::spawn_blocking(move || reseal(&blobs, first, id, index, &file));
            let sealed = sealed.await.map_err(|_| AppError::DiskFull)?;
            again.push(sealed.map_err(|_| AppError::DiskFull)?);
        }
        taken.push((*member, id, again));
    }
    if let Some(id) = reservation {
        // Posted again, it gives the same files: others under the same ids would replace them.
        api.staging.take(id, &taken);
    }
    Ok(taken)
}

/// The id of the `place`-th linked message: the same for the same reservation, so that a repeated
/// post finds what the first one sent.
fn derived(first: MessageId, place: usize) -> MessageId {
    let digest = crate::base::Digest::of_parts(&[
        b"liaison/linked-message/v1",
        &first.to_bytes(),
        &(place as u64).to_be_bytes(),
    ]);
    let mut bytes = first.to_bytes();
    bytes[6..].copy_from_slice(&digest.as_bytes()[..10]);
    MessageId::from_bytes(bytes)
}

fn reseal(
    blobs: &BlobStore,
    from: MessageId,
    to: MessageId,
    index: u16,
    file: &Attached,
) -> std::io::Result<Attached> {
    let damaged = || std::io::Error::from(std::io::ErrorKind::InvalidData);
    let old = AttachmentKey::from_bytes(file.info.key);
    let mut opener = AttachmentOpener::new(&old, &context(from, index));
    let key = AttachmentKey::generate(&mut OsEntropy);
    let mut sealer = AttachmentSealer::new(&key, &context(to, index), &mut OsEntropy);
    let mut source = blobs.read(BlobId {
        message: from,
        index,
    })?;
    let mut target = blobs.create(BlobId { message: to, index })?;
    let (mut buffer, mut plain, mut out) = (vec![0; READ], Vec::new(), Vec::new());
    loop {
        let read = source.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        opener
            .push(&buffer[..read], &mut plain)
            .map_err(|_| damaged())?;
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
        slot: AttachmentSlot {
            length: measured.ciphertext_len,
            digest: measured.ciphertext_digest,
        },
        info: AttachmentInfo {
            key: *key.as_bytes(),
            ..file.info.clone()
        },
    })
}

/// `GET /messages/{id}/attachments/{index}`: the file as its sender had it.
pub async fn download(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place((id, index)): Place<(MessageId, u16)>,
) -> Result<Response, Failure> {
    let action = if Permit::ask(api.member(), &caller, Action::ReadExchange).is_ok() {
        Action::ReadExchange
    } else {
        Action::ReadAlerts
    };
    let ask = Ask::ReadAttachment { message: id, index };
    let Reply::Attachment(info, stored) = api.ask(&caller, action, ask).await? else {
        return Err(AppError::NotFound("attachment").into());
    };
    let file = api
        .blobs
        .read(BlobId {
            message: stored,
            index,
        })
        .map_err(|_| AppError::AttachmentIncomplete)?;
    let (writer, reader) = tokio::io::duplex(READ);
    let key = AttachmentKey::from_bytes(info.key);
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        // A caller that goes away, or a damaged file, ends the stream short of its length.
        let _ended = open(&runtime, file, &key, &context(id, index), writer);
    });
    let stream = HttpBody::from_stream(ReaderStream::new(reader));
    let mut response = stream.into_response();
    let headers = response.headers_mut();
    let number = |n: u64| header::HeaderValue::from(n);
    headers.insert(header::CONTENT_LENGTH, number(info.size));
    let fixed = header::HeaderValue::from_static;
    headers.insert(header::CONTENT_TYPE, fixed("application/octet-stream"));
    headers.insert(header::CONTENT_DISPOSITION, fixed("attachment"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
    Ok(response)
}

fn open(
    runtime: &tokio::runtime::Handle,
    mut file: std::fs::File,
    key: &AttachmentKey,
    context: &[u8],
    mut writer: tokio::io::DuplexStream,
) -> std::io::Result<()> {
    use tokio::io::AsyncWriteExt as _;
    let damaged = || std::io::Error::from(std::io::ErrorKind::InvalidData);
    let mut opener = AttachmentOpener::new(key, context);
    let (mut buffer, mut plain) = (vec![0; READ], Vec::new());
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        opener
            .push(&buffer[..read], &mut plain)
            .map_err(|_| damaged())?;
        runtime.block_on(writer.write_all(&plain))?;
        plain.clear();
    }
    opener.finish(&mut plain).map_err(|_| damaged())?;
    runtime.block_on(writer.write_all(&plain))?;
    runtime.block_on(writer.shutdown())
}
