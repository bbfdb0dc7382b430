//! The files that go along with a message: added to a draft on its preview, or chosen in the form
//! that says something, by plain forms.
//!
//! A restart of the node forgets them ([`Staging`](super::super::Staging)), so a form that sends
//! says which it showed, and is shown again where they are not the same.

use axum::body::{Body, to_bytes};
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;

use super::super::attachments::{self, Hold, Upload, stage};
use super::super::auth::Place;
use super::super::problem::Failure;
use super::super::staging::NotAdded;
use super::super::{Api, LONGEST_JSON};
use super::compose::{Unlike, may_ask, preview};
use super::form::Typed;
use super::guard::Person;
use super::language::Words;
use super::thread::size;
use super::trouble::{Trouble, see_other};
use crate::app::Attached;
use crate::base::{Digest, MemberId, MessageId};
use crate::domain::message::MOST_ATTACHMENTS;
use crate::store::BlobId;

/// The field of a form that holds files.
const FILES: &str = "_file";

/// The field of a preview that holds one.
const ADDED: &str = "file";

/// The field that says by one digest which files the form showed.
const SHOWN: &str = "_files";

/// The field by which the files that the form showed are taken away.
const AWAY: &str = "_files_away";

/// A file as a page lists it.
pub struct Listed {
    /// What its sender calls it.
    pub name: String,
    /// Its length, in words.
    pub size: String,
}

impl Listed {
    /// A file that the node has.
    pub fn of(file: Attached) -> Self {
        Self {
            name: file.info.name,
            size: size(file.info.size),
        }
    }
}

/// What was wrong with a file, by its key among the words.
pub type Fault = &'static str;

/// The files of a form.
pub struct Chosen {
    /// Those that the node has already.
    pub listed: Vec<Listed>,
    /// What was wrong with one.
    pub fault: Option<String>,
    /// [`shown`] of them.
    shown: String,
}

impl Chosen {
    /// The files that go along with the message that a form is to make.
    pub fn of(api: &Api, person: &Person, message: MessageId, fault: Option<Fault>) -> Self {
        let files = of(api, person, message);
        Self {
            shown: shown(&files),
            listed: files.into_iter().map(Listed::of).collect(),
            fault: fault.map(|fault| person.words().say(fault)),
        }
    }

    /// Which the form shows, as the field that nobody types.
    pub fn shown_field(&self) -> (String, String) {
        (SHOWN.to_owned(), self.shown.clone())
    }

    /// What was wrong, for the summary above the form.
    pub fn summary(&self, t: Words) -> Option<(String, String)> {
        let fault = self.fault.as_ref()?;
        Some((FILES.to_owned(), format!("{}: {fault}", t.say("file-add"))))
    }
}

/// The files of a draft or of a form's message, in order.
pub fn of(api: &Api, person: &Person, message: MessageId) -> Vec<Attached> {
    match api.staging.holds(message, person.caller.person) {
        true => api.staging.files(message).unwrap_or_default(),
        false => Vec::new(),
    }
}

/// One digest of these files, their names, types and order; empty where there are none, as in a form
/// that never showed any.
pub fn shown(files: &[Attached]) -> String {
    if files.is_empty() {
        return String::new();
    }
    // A file's own `Debug` tells its length alone.
    let told = files.iter().map(|file| {
        let info = &file.info;
        (&info.name, &info.media_type, info.digest.to_string())
    });
    let told: Vec<_> = told.collect();
    Digest::of(format!("{told:?}").as_bytes()).to_string()
}

/// Reads a form to which files may be chosen, and keeps those for the message whose number it has.
/// What was typed comes back with what was wrong with a file.
///
/// # Errors
/// A problem where the form cannot be read, or holds more text than a page takes.
pub async fn read(
    api: &Api,
    person: &Person,
    request: Request,
) -> Result<(Typed, Option<Fault>), Trouble> {
    if !may_hold_files(&request) {
        let typed = text_alone(api, request).await?;
        let fault = as_shown(api, person, typed.message()?, &typed).err();
        return Ok((typed, fault));
    }
    let form = Multipart::from_request(request, &()).await;
    let mut form = form.map_err(|_| broken())?;
    let (mut typed, mut room, mut settled) = (Typed::default(), LONGEST_JSON, false);
    while let Some(field) = form.next_field().await.map_err(|error| unread(&error))? {
        if field.name() != Some(FILES) {
            typed.0.push(text(field, &mut room).await?);
            typed.is_of(&person.caller.person.to_string())?;
            continue;
        }
        if field.file_name().is_none_or(str::is_empty) {
            continue;
        }
        let message = typed.message()?;
        if is_taken(api, person, message) {
            continue;
        }
        if !std::mem::replace(&mut settled, true)
            && let Err(fault) = as_shown(api, person, message, &typed)
        {
            return Ok((typed, Some(fault)));
        }
        // Files stand last in a form, so all that was typed has been read.
        if let Err(fault) = take_in(api, person, message, field).await? {
            return Ok((typed, Some(fault)));
        }
    }
    let fault = match settled {
        true => None,
        false => as_shown(api, person, typed.message()?, &typed).err(),
    };
    Ok((typed, fault))
}

fn may_hold_files(request: &Request) -> bool {
    let kind = request.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.starts_with("multipart/form-data")
}

/// Reads a form to which no files may be chosen.
///
/// # Errors
/// As [`read`].
pub async fn text_alone(api: &Api, request: Request) -> Result<Typed, Trouble> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, LONGEST_JSON).await;
    let body = Body::from(body.map_err(|_| too_long())?);
    Typed::from_request(Request::from_parts(head, body), api).await
}

async fn text(mut field: Field<'_>, room: &mut usize) -> Result<(String, String), Trouble> {
    let name = field.name().unwrap_or_default().to_owned();
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| unread(&error))? {
        *room = room.checked_sub(chunk.len()).ok_or_else(too_long)?;
        bytes.extend_from_slice(&chunk);
    }
    let text = String::from_utf8(bytes);
    let text = text.map_err(|_| Failure::malformed("the form holds what is no text"))?;
    Ok((name, text))
}

/// Whether a message has taken its files: a form that is sent twice finds what the first one sent.
fn is_taken(api: &Api, person: &Person, message: MessageId) -> bool {
    let writer = person.caller.person;
    api.staging.holds(message, writer) && !api.staging.is_open(message, writer)
}

/// Whether the files are those that the form showed, after it took away what it was to.
fn as_shown(api: &Api, person: &Person, message: MessageId, typed: &Typed) -> Result<(), Fault> {
    if is_taken(api, person, message) {
        return Ok(());
    }
    if typed.text(SHOWN) != shown(&of(api, person, message)) {
        return Err("files-changed");
    }
    match typed.has(AWAY) && !forget(api, person, message) {
        true => Err("files-changed"),
        false => Ok(()),
    }
}

/// Seals a file of a form for a message, behind those that it has.
async fn take_in(
    api: &Api,
    person: &Person,
    message: MessageId,
    file: Field<'_>,
) -> Result<Result<(), Fault>, Failure> {
    let upload = Upload {
        name: file.file_name().unwrap_or_default().to_owned(),
        media_type: file
            .content_type()
            .unwrap_or("application/octet-stream")
            .to_owned(),
        declared: None,
    };
    if upload.name.is_empty() {
        return Ok(Err("file-none"));
    }
    let writer = person.caller.person;
    let reserved = api.staging.is_reserved(message);
    if !reserved && !attachments::reserve_unused(api, message, writer, person.visitor.now)? {
        return Ok(Err("file-too-late"));
    }
    let transfer = api.transfers.begin(writer)?;
    let place = match api.staging.add_next(message, writer) {
        Ok(place) => place,
        Err(NotAdded::TooMany) => return Ok(Err("file-too-many")),
        Err(NotAdded::TooLate | NotAdded::Another) => return Ok(Err("file-too-late")),
        Err(NotAdded::Meanwhile) => return Ok(Err("files-changed")),
    };
    match stage(api, (place, transfer), upload, file).await {
        Ok(_) => Ok(Ok(())),
        Err(failure) if failure.0.status == StatusCode::BAD_REQUEST.as_u16() => {
            Ok(Err("file-not-taken"))
        }
        Err(failure) if failure.0.code == "attachment-too-large" => Ok(Err("file-too-large")),
        Err(failure) => Err(failure),
    }
}

/// The files for a message to a member, and the hold on them until it is known whether it was sent.
///
/// # Errors
/// A problem where some are still on their way.
pub async fn take(
    api: &Api,
    person: &Person,
    to: MemberId,
    message: MessageId,
) -> Result<(Vec<Attached>, Hold), Failure> {
    let caller = &person.caller;
    if !api.staging.holds(message, caller.person) {
        return Ok((Vec::new(), Hold::default()));
    }
    let (taken, hold) = attachments::take(api, caller, Some(message), &[to]).await?;
    let files = taken.into_iter().flat_map(|(_, _, files)| files);
    Ok((files.collect(), hold))
}

/// `POST /drafts/{id}/files`: adds one.
pub async fn add(
    State(api): State<Api>,
    person: Person,
    Place(id): Place<MessageId>,
    request: Request,
) -> Result<Response, Trouble> {
    may_ask(&api, &person)?;
    let found = api.console.drafts.find(person.caller.person, id);
    let mut added = Err("file-none");
    if may_hold_files(&request) {
        let form = Multipart::from_request(request, &()).await;
        let (mut form, mut room) = (form.map_err(|_| broken())?, LONGEST_JSON);
        while let Some(field) = form.next_field().await.map_err(|error| unread(&error))? {
            if field.name() == Some(ADDED) {
                if found.is_some() {
                    added = take_in(&api, &person, id, field).await?;
                }
                break;
            }
            let typed = Typed(vec![text(field, &mut room).await?]);
            typed.is_of(&person.caller.person.to_string())?;
        }
    } else {
        text_alone(&api, request).await?;
    }
    let draft = found.ok_or_else(Trouble::nothing_here)?;
    match added {
        Ok(()) => Ok(see_other(&format!("/drafts/{id}/preview"))),
        Err(why) => preview(&api, &person, &draft, Some(Unlike::File(why))).await,
    }
}

fn broken() -> Failure {
    Failure::new(
        StatusCode::BAD_REQUEST,
        "upload-incomplete",
        "the upload is no file of a form",
        "Choose the file on the page, and add it again; nothing of it was kept.",
    )
}

/// The form holds more text than a page takes.
pub fn too_long() -> Failure {
    Failure::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too-large",
        "the form holds more than this page takes",
        "Shorten the text, or attach it as a file.",
    )
}

fn unread(error: &MultipartError) -> Failure {
    tracing::info!(event = "upload-broke-off", status = %error.status());
    broken()
}

/// `POST /drafts/{id}/files/none`: takes all away.
pub async fn none(
    State(api): State<Api>,
    person: Person,
    Place(id): Place<MessageId>,
    _: Typed,
) -> Result<Response, Trouble> {
    may_ask(&api, &person)?;
    forget(&api, &person, id);
    Ok(see_other(&format!("/drafts/{id}/preview")))
}

/// Takes the files of a message away that it has not taken. Whether none are left.
pub fn forget(api: &Api, person: &Person, message: MessageId) -> bool {
    let writer = person.caller.person;
    if !api.staging.holds(message, writer) {
        return true;
    }
    let files = of(api, person, message).len();
    if !api.staging.is_open(message, writer) || !api.staging.forget(message) {
        return false;
    }
    for index in (0..MOST_ATTACHMENTS).take(files) {
        let file = BlobId { message, index };
        if let Err(error) = api.blobs.remove(file) {
            tracing::warn!(event = "upload-not-removed", kind = %error.kind());
        }
    }
    true
}
