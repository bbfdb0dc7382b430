//! The files that go along with a draft: added and taken away on its preview, by plain forms.
//!
//! A restart of the node forgets them ([`Staging`](super::super::Staging)), so a form that sends
//! says how many it showed, and goes back to the preview where they are not the same.

use axum::extract::multipart::{Multipart, MultipartError};
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::super::Api;
use super::super::attachments::{Upload, stage};
use super::super::auth::Place;
use super::super::problem::Failure;
use super::super::staging::MOST_ATTACHMENTS;
use super::compose::{may_ask, preview};
use super::guard::Person;
use super::thread::size;
use super::trouble::{Trouble, see_other};
use crate::app::Attached;
use crate::base::MessageId;
use crate::store::BlobId;

/// A file as a page lists it.
pub struct Listed {
    /// What its sender calls it.
    pub name: String,
    /// Its length, in words.
    pub size: String,
}

/// The files of a draft, in order.
pub fn of(api: &Api, person: &Person, draft: MessageId) -> Vec<Attached> {
    match api.staging.holds(draft, person.caller.person) {
        true => api.staging.files(draft).unwrap_or_default(),
        false => Vec::new(),
    }
}

/// The same, as a page lists them.
pub fn listed(api: &Api, person: &Person, draft: MessageId) -> Vec<Listed> {
    let files = of(api, person, draft).into_iter();
    let listed = files.map(|file| Listed {
        name: file.info.name,
        size: size(file.info.size),
    });
    listed.collect()
}

/// `POST /drafts/{id}/files`: adds one.
pub async fn add(
    State(api): State<Api>,
    person: Person,
    Place(id): Place<MessageId>,
    request: Request,
) -> Result<Response, Trouble> {
    may_ask(&api, &person)?;
    let writer = person.caller.person;
    let Some(draft) = api.console.drafts.find(writer, id) else {
        return Err(Trouble::nothing_here());
    };
    if !api.staging.holds(id, writer) {
        api.staging.reserve(id, writer, person.visitor.now);
    }
    let mut form = match Multipart::from_request(request, &()).await {
        Ok(form) => form,
        Err(_) => return Err(broken().into()),
    };
    let added = match form.next_field().await {
        Ok(Some(file)) => {
            let upload = Upload {
                name: file.file_name().unwrap_or_default().to_owned(),
                media_type: file
                    .content_type()
                    .unwrap_or("application/octet-stream")
                    .to_owned(),
                declared: None,
            };
            let place = u16::try_from(of(&api, &person, id).len()).unwrap_or(MOST_ATTACHMENTS);
            match (upload.name.is_empty(), api.staging.is_open(id, writer)) {
                (true, _) => Err("file-none"),
                (false, false) => Err("file-too-late"),
                (false, true) if place >= MOST_ATTACHMENTS => Err("file-too-many"),
                (false, true) => match stage(&api, (id, place), upload, file).await {
                    Ok(_) => Ok(()),
                    Err(failure) if failure.0.status == StatusCode::BAD_REQUEST.as_u16() => {
                        Err("file-not-taken")
                    }
                    Err(failure) if failure.0.code == "attachment-too-large" => {
                        Err("file-too-large")
                    }
                    Err(failure) => return Err(failure.into()),
                },
            }
        }
        Ok(None) => Err("file-none"),
        Err(error) => return Err(unread(&error).into()),
    };
    match added {
        Ok(()) => Ok(see_other(&format!("/drafts/{id}/preview"))),
        Err(why) => preview(&api, &person, &draft, Some(why)).await,
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

fn unread(error: &MultipartError) -> Failure {
    tracing::info!(event = "upload-broke-off", status = %error.status());
    broken()
}

/// `POST /drafts/{id}/files/none`: takes all away.
pub async fn none(
    State(api): State<Api>,
    person: Person,
    Place(id): Place<MessageId>,
) -> Result<Response, Trouble> {
    may_ask(&api, &person)?;
    forget(&api, &person, id);
    Ok(see_other(&format!("/drafts/{id}/preview")))
}

/// Takes the files of a draft away that no message took.
pub fn forget(api: &Api, person: &Person, draft: MessageId) {
    let writer = person.caller.person;
    if !api.staging.is_open(draft, writer) {
        return;
    }
    let files = of(api, person, draft).len();
    api.staging.forget(draft);
    for index in (0..MOST_ATTACHMENTS).take(files) {
        let file = BlobId {
            message: draft,
            index,
        };
        if let Err(error) = api.blobs.remove(file) {
            tracing::warn!(event = "upload-not-removed", kind = %error.kind());
        }
    }
}
