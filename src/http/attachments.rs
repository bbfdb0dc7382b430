//! Attachments: sealed as they come in, opened as they go out, in constant memory.

use std::sync::Arc;

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
use super::sealing::{READ, open, pour, reseal, seal};
use super::staging::{Adding, NotAdded, NotTaken, Taken, Taking, Took};
use super::transfers::Transfer;
use crate::api::{Reservation, StagedAttachment};
use crate::app::{Action, AppError, Ask, LARGEST_ATTACHMENT, Permit, Reply};
use crate::base::{MemberId, MessageId, PersonId, Timestamp};
use crate::domain::message::{AttachmentInfo, MOST_ATTACHMENTS};
use crate::driver::Busy;
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
    // A repeated post gives the same id, whose files may have been sent since.
    let held = api.staging.holds(id, caller.person);
    match held || reserve_unused(&api, id, caller.person, now)? {
        true => Ok((StatusCode::CREATED, Json(Reservation { id }))),
        false => Err(AppError::IdTaken.into()),
    }
}

/// Reserves a message's number, unless files of such a message are here: whoever reserves it again, or makes
/// it up, must not reach them. Whether it is reserved now.
///
/// # Errors
/// A problem where the disk cannot be read.
pub fn reserve_unused(
    api: &Api,
    id: MessageId,
    by: PersonId,
    now: Timestamp,
) -> Result<bool, Failure> {
    let used = api.blobs.has_any_of(id, MOST_ATTACHMENTS);
    let used = used.map_err(|error| not_stored(&error))?;
    if !used {
        api.staging.reserve(id, by, now);
    }
    Ok(!used)
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
    let transfer = api.transfers.begin(caller.person)?;
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
    let staged = stage(&api, (place, transfer), upload, body.into_data_stream()).await?;
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
        "another file is being uploaded to the same place, or a message is taking the files",
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
    (place, transfer): (Adding, Transfer),
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
    let (pieces, sealing) = tokio::sync::mpsc::channel(8);
    let (index, blobs) = (place.index, api.blobs.clone());
    let called = (upload.name, upload.media_type);
    // The place is its file's until that has its name, even where nobody waits for it any more.
    let sealed = tokio::task::spawn_blocking(move || {
        let _transfer = transfer;
        seal(&blobs, place, sealing, called)
    });
    let most = LARGEST_ATTACHMENT - (LARGEST_ATTACHMENT >> 8);
    let poured = pour(body, upload.declared, most, pieces).await;
    let sealed = sealed.await.map_err(|_| AppError::Stopping)?;
    poured?;
    let file = sealed.map_err(|error| not_stored(&error))?;
    Ok(StagedAttachment {
        index,
        name: file.info.name,
        size: file.info.size,
        sha256: file.info.digest,
    })
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

/// Files that messages take along, which nobody else takes or replaces until this is dropped.
#[derive(Default)]
pub struct Hold(Option<Arc<Taking>>);

impl Hold {
    /// Whether the messages were sent: if not, the files wait for others. Dropped without it, nobody knows,
    /// and they count as sent.
    pub fn settled<T, E>(self, sent: Result<T, E>) -> Result<T, E> {
        if let (Some(taking), Err(_)) = (&self.0, &sent) {
            taking.give_back();
        }
        sent
    }

    /// The same of what the core was asked, which has sent nothing where it did not take the question.
    ///
    /// # Errors
    /// [`Busy`], as it was given.
    pub fn answered<T>(
        self,
        asked: Result<Result<T, AppError>, Busy>,
    ) -> Result<Result<T, AppError>, Busy> {
        match asked {
            Ok(sent) => Ok(self.settled(sent)),
            Err(Busy::Full) => self.settled(Err(Busy::Full)),
            Err(Busy::Stopping) => Err(Busy::Stopping),
        }
    }
}

/// The sealed attachments of a reservation, for one message each: the first takes the
/// reservation's own id, every further one gets the files sealed anew under an id of its own.
///
/// # Errors
/// A problem where the reservation is not the caller's, files of it are still on their way or went to
/// others, or the disk is full.
pub async fn take(
    api: &Api,
    caller: &crate::app::Caller,
    reservation: Option<MessageId>,
    to: &[MemberId],
) -> Result<(Vec<Taken>, Hold), Failure> {
    let (first, files, taking) = match reservation {
        None => (fresh_id(), Vec::new(), None),
        Some(id) => match api.staging.take(id, caller.person, to).await {
            Ok(Took::First(taking, files)) => (id, files, Some(Arc::new(taking))),
            // Posted again, it gives the same files: others under the same ids would replace them.
            Ok(Took::Before(taken)) => return Ok((taken, Hold::default())),
            Err(why) => return Err(not_taken(why)),
        },
    };
    let mut taken = Vec::new();
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
            let held = taking.clone();
            let sealed = tokio::task::spawn_blocking(move || {
                // Whoever posted may be gone: nobody else writes this file meanwhile.
                let _held = held;
                reseal(&blobs, first, id, index, &file)
            });
            let sealed = sealed.await.map_err(|_| AppError::Stopping)?;
            again.push(sealed.map_err(|error| not_stored(&error))?);
        }
        taken.push((*member, id, again));
    }
    if let Some(taking) = &taking {
        taking.note(&taken);
    }
    Ok((taken, Hold(taking)))
}

fn not_taken(why: NotTaken) -> Failure {
    match why {
        NotTaken::Another => AppError::NotFound("reservation").into(),
        NotTaken::Elsewhere => AppError::IdTaken.into(),
        NotTaken::Gap => {
            let what = "attachments are numbered from 0 without gaps";
            Failure::malformed(what).at("reservation")
        }
        NotTaken::Meanwhile => Failure::new(
            StatusCode::CONFLICT,
            "upload-under-way",
            "a file of the reservation is still being uploaded",
            "Wait for it, and send the message again.",
        ),
    }
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
    let transfer = api.transfers.begin(caller.person)?;
    let Reply::Attachment(info, stored) = api.ask(&caller, action, ask).await? else {
        return Err(AppError::NotFound("attachment").into());
    };
    let file = api
        .blobs
        .read(BlobId {
            message: stored,
            index,
        })
        .map_err(|error| not_there(&error))?;
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
        let _transfer = transfer;
        // A caller that goes away or reads nothing, or a damaged file, ends the stream short of its length.
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

/// A file that came whole, or was sent from here, cannot be opened.
fn not_there(error: &std::io::Error) -> Failure {
    if error.kind() == std::io::ErrorKind::NotFound {
        return Failure::new(
            StatusCode::GONE,
            "attachment-lost",
            "the attachment was here whole, and its file is gone from this node's disk",
            "Ask whoever sent it to send it in a new message, or the administrator to put it back from a \
             backup; it does not come again by itself.",
        );
    }
    Failure::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "attachment-unreadable",
        format!("the attachment's file cannot be read: {}", error.kind()),
        "Try again; if it stays so, tell the administrator, who sees to the disk.",
    )
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
