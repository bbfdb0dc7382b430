//! Attachments: sealed as they come in, opened as they go out, in constant memory.

use axum::Json;
use axum::body::{Body as HttpBody, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use tokio_util::io::ReaderStream;
use utoipa::IntoParams;

use super::Api;
use super::auth::{Params, Place, SignedIn};
use super::problem::Failure;
use super::range::{Wanted, wanted};
use super::repeat::fresh_id;
use super::sealing::{READ, attached, open, pour, reseal, seal};
use super::staging::{Adding, NotAdded};
use crate::api::{Reservation, StagedAttachment};
use crate::app::{Action, AppError, Ask, Attached, LARGEST_ATTACHMENT, Permit, Reply};
use crate::base::{MemberId, MessageId, Timestamp};
use crate::domain::message::{AttachmentInfo, MOST_ATTACHMENTS};
use crate::seal::attachment::{AttachmentKey, context};
use crate::store::{BlobId, is_full};

/// `POST /reservations`.
pub async fn reserve(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
) -> Result<(StatusCode, Json<Reservation>), Failure> {
    Permit::ask(api.member(), &caller, Action::ListExchanges).map_err(AppError::from)?;
    let now = Timestamp::system();
    let id = fresh_id();
    api.staging.reserve(id, caller.person, now);
    Ok((StatusCode::CREATED, Json(Reservation { id })))
}

/// What an upload says of its file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UploadParams {
    /// What the file is called: 1 to 255 bytes on one line, without slashes.
    name: String,
    /// What kind of file it is.
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
    headers: HeaderMap,
    body: HttpBody,
) -> Result<Json<StagedAttachment>, Failure> {
    Permit::ask(api.member(), &caller, Action::ListExchanges).map_err(AppError::from)?;
    let place = api.staging.add_at(id, index, caller.person);
    let place = place.map_err(|why| match why {
        NotAdded::Meanwhile => twice_at_once(),
        NotAdded::TooMany => too_many(),
        NotAdded::Another | NotAdded::TooLate => AppError::NotFound("reservation").into(),
    })?;
    let upload = Upload {
        name: params.name,
        media_type: params.media_type,
        declared: declared(&headers),
    };
    let staged = stage(&api, place, upload, body.into_data_stream()).await?;
    Ok(Json(staged))
}

fn too_many() -> Failure {
    Failure::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "too-many-attachments",
        format!("a message carries at most {MOST_ATTACHMENTS} files"),
        "Send the rest in a further message, or pack them together.",
    )
}

fn twice_at_once() -> Failure {
    Failure::new(
        StatusCode::CONFLICT,
        "upload-under-way",
        "another file is being uploaded to the same place",
        "Wait for it, or upload this one to another place.",
    )
}

/// A file on its way in.
pub struct Upload {
    /// What its sender calls it.
    pub name: String,
    /// What kind of file its sender says that it is.
    pub media_type: String,
    /// Its length in bytes, where that was announced.
    pub declared: Option<u64>,
}

/// Seals a file as it comes in, and stages it at its place.
///
/// # Errors
/// A problem where its name or kind is none, it breaks off, is too long, or the disk is full.
pub async fn stage<S, E>(
    api: &Api,
    place: Adding,
    upload: Upload,
    body: S,
) -> Result<StagedAttachment, Failure>
where
    S: futures_core::Stream<Item = Result<Bytes, E>> + Unpin,
{
    if !AttachmentInfo::is_name(&upload.name) {
        let what = "a file name has 1 to 255 bytes, on one line, without slashes and without \
                    marks that turn the direction of writing";
        return Err(Failure::malformed(what).at("name"));
    }
    if !AttachmentInfo::is_media_type(&upload.media_type) {
        let what = "a media type has 1 to 255 bytes, on one line";
        return Err(Failure::malformed(what).at("media_type"));
    }
    let (id, index) = (place.id, place.index);
    let (pieces, sealing) = tokio::sync::mpsc::channel(8);
    let blobs = api.blobs.clone();
    let sealed = tokio::task::spawn_blocking(move || seal(&blobs, id, index, sealing));
    let most = LARGEST_ATTACHMENT - (LARGEST_ATTACHMENT >> 8);
    // Whoever begins again once nothing is left of a broken upload finds its place free: the place is
    // given up before the side that seals hears of the end, on whatever way this ends.
    let held = pieces.clone();
    let place = place;
    if let Err(failure) = pour(body, upload.declared, most, pieces).await {
        drop(place);
        drop(held);
        let _broken_off = sealed.await;
        return Err(failure);
    }
    let sealed = sealed.await.map_err(|_| AppError::Stopping)?;
    let (name, media_type) = (upload.name, upload.media_type);
    let file = attached(
        sealed.map_err(|error| not_stored(&error))?,
        name,
        media_type,
    );
    let staged = StagedAttachment {
        index,
        name: file.info.name.clone(),
        size: file.info.size,
        sha256: file.info.digest,
    };
    place.done(file);
    Ok(staged)
}

/// A file was not written, or not read again.
pub fn not_stored(error: &std::io::Error) -> Failure {
    if is_full(error) {
        return AppError::DiskFull.into();
    }
    Failure::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "file-not-stored",
        format!("the disk did not take the file: {}", error.kind()),
        "Tell the administrator, who sees to the disk; nothing of the file was kept.",
    )
}

/// The length that the head announces, where it does.
fn declared(headers: &HeaderMap) -> Option<u64> {
    let length = headers.get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
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
    let mut taken = Vec::new();
    let (first, files) = match reservation {
        None => (fresh_id(), Vec::new()),
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
            let sealed = sealed.await.map_err(|_| AppError::Stopping)?;
            again.push(sealed.map_err(|error| not_stored(&error))?);
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
pub(in crate::http) fn derived(first: MessageId, place: usize) -> MessageId {
    let digest = crate::base::Digest::of_parts(&[
        b"liaison/linked-message/v1",
        &first.to_bytes(),
        &(place as u64).to_be_bytes(),
    ]);
    let mut bytes = first.to_bytes();
    bytes[6..].copy_from_slice(&digest.as_bytes()[..10]);
    MessageId::from_bytes(bytes)
}

/// Of which message a file is.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DownloadParams {
    /// The member whose message it is; needed where several have one of this id.
    #[param(inline)]
    of: Option<MemberId>,
}

/// `GET /messages/{id}/attachments/{index}`: the file as its sender had it.
pub async fn download(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place((id, index)): Place<(MessageId, u16)>,
    Params(params): Params<DownloadParams>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let action = if Permit::ask(api.member(), &caller, Action::ReadExchange).is_ok() {
        Action::ReadExchange
    } else {
        Action::ReadAlerts
    };
    let ask = Ask::ReadAttachment {
        of: params.of,
        message: id,
        index,
    };
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
    let etag = format!("\"{}\"", info.digest);
    let (status, part) = match wanted(&headers, info.size, &etag) {
        Wanted::Whole => (StatusCode::OK, 0..info.size),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Wanted::Beyond => return Ok(beyond(info.size)),
    };
    let range = format!(
        "bytes {}-{}/{}",
        part.start,
        part.end.saturating_sub(1),
        info.size
    );
    let length = part.end - part.start;
    let (writer, reader) = tokio::io::duplex(READ);
    let key = AttachmentKey::from_bytes(info.key);
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        // A caller that goes away, or a damaged file, ends the stream short of its length.
        let _ended = open(&runtime, file, &key, &context(id, index), part, writer);
    });
    let stream = HttpBody::from_stream(ReaderStream::new(reader));
    let mut response = (status, stream).into_response();
    let headers = response.headers_mut();
    let text =
        |text: String| HeaderValue::from_str(&text).expect("digits and hexadecimal are text");
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::ETAG, text(etag));
    if status == StatusCode::PARTIAL_CONTENT {
        headers.insert(header::CONTENT_RANGE, text(range));
    }
    let fixed = HeaderValue::from_static;
    headers.insert(header::ACCEPT_RANGES, fixed("bytes"));
    headers.insert(header::CONTENT_TYPE, fixed("application/octet-stream"));
    headers.insert(header::CONTENT_DISPOSITION, fixed("attachment"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
    Ok(response)
}

/// None of the bytes that are asked for are there.
fn beyond(size: u64) -> Response {
    let next = "Ask for bytes that the file has; `Content-Range` says how many there are.";
    let what = "the file ends before the range begins";
    let status = StatusCode::RANGE_NOT_SATISFIABLE;
    let failure = Failure::new(status, "range-beyond-end", what, next);
    let length = [(header::CONTENT_RANGE, format!("bytes */{size}"))];
    (length, failure).into_response()
}
