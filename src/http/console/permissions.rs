//! Whether something may be passed on: what was asked for, and the decision of whose it is.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::super::Api;
use super::super::auth::{Body, Place, SignedIn};
use super::super::passing;
use super::calendar::Moment;
use super::form::{Tree, Typed};
use super::guard::Person;
use super::language::Part;
use super::page::{Frame, show_as};
use super::trouble::{Trouble, see_other};
use crate::api::{GrantPermission, PermissionView, RefusePermission};
use crate::base::MessageId;

#[derive(Template)]
#[template(path = "permission.html")]
struct PermissionPage {
    f: Frame,
    of: PermissionView,
    says: String,
    standing: String,
    asked: Moment,
    expires: Option<Moment>,
    may_grant: bool,
    may_refuse: bool,
    typed: String,
    fault: Option<String>,
}

/// `GET /permissions/{id}`.
pub async fn open(
    State(api): State<Api>,
    person: Person,
    Place(permission): Place<MessageId>,
) -> Result<Response, Trouble> {
    page(&api, &person, permission, None, "").await
}

async fn page(
    api: &Api,
    person: &Person,
    permission: MessageId,
    fault: Option<String>,
    typed: &str,
) -> Result<Response, Trouble> {
    let caller = SignedIn(person.caller.clone());
    let of = passing::show(State(api.clone()), caller, Place(permission)).await?;
    let of = of.0;
    let f = Frame::of(api, person, "permission-title");
    let parts = [
        ("member", Part::from(f.t.code("member", of.holder.as_str()))),
        ("to", Part::from(f.t.code("member", of.to.as_str()))),
    ];
    let status = match &fault {
        None => StatusCode::OK,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let may = |verb: &str| of.actions.iter().any(|action| action == verb);
    let page = PermissionPage {
        says: f.t.put("permission-asked", &parts),
        standing: f.t.code("permission-state", &of.standing),
        asked: f.moment(of.asked),
        expires: of.expires.map(|expires| f.moment(expires)),
        may_grant: may("grant"),
        may_refuse: may("refuse"),
        typed: typed.to_owned(),
        fault,
        of,
        f,
    };
    Ok(show_as(status, &page))
}

/// `POST /permissions/{id}/grant`.
pub async fn grant(
    State(api): State<Api>,
    person: Person,
    Place(permission): Place<MessageId>,
    typed: Typed,
) -> Result<Response, Trouble> {
    let given = typed.text("expires!time").to_owned();
    let tree = Tree::of(&typed, &api.console.zone);
    let read = tree
        .ok()
        .and_then(|tree| serde_json::from_value(tree.value).ok());
    let Some(grant): Option<GrantPermission> = read else {
        let fault = person.words().say("fault-required");
        return page(&api, &person, permission, Some(fault), &given).await;
    };
    let caller = SignedIn(person.caller.clone());
    match passing::grant(State(api.clone()), caller, Place(permission), Body(grant)).await {
        // A second person has to see it first.
        Ok((_, given)) if given.0.letter.is_some() => Ok(see_other("/letters")),
        Ok(_) => Ok(see_other(&format!("/permissions/{permission}"))),
        Err(failure) if failure.0.status == 422 => {
            page(&api, &person, permission, Some(failure.0.detail), &given).await
        }
        Err(failure) => Err(failure.into()),
    }
}

/// `POST /permissions/{id}/refuse`.
pub async fn refuse(
    State(api): State<Api>,
    person: Person,
    Place(permission): Place<MessageId>,
    typed: Typed,
) -> Result<Response, Trouble> {
    let reason = typed.text("reason").to_owned();
    let body = Body(RefusePermission {
        reason: Some(reason).filter(|reason| !reason.is_empty()),
    });
    let caller = SignedIn(person.caller);
    let (_accepted, _permission) =
        passing::refuse(State(api), caller, Place(permission), body).await?;
    Ok(see_other(&format!("/permissions/{permission}")))
}
