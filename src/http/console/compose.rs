//! Asking: a request from a template, kept as it is typed, checked beside each field, and shown with
//! who gets it and what they may do with it before it leaves.

mod fields;
mod passing;
mod preview;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use super::super::Api;
use super::super::attachments::{Hold, derived, take};
use super::super::auth::Place;
use super::super::problem::Failure;
use super::drafts::Draft;
use super::files;
use super::form::{Builder, Control, Section, Tree, Typed};
use super::formpage::summary;
use super::guard::Person;
use super::page::{Frame, show, show_as};
use super::trouble::{Trouble, see_other};
use crate::app::{
    Action, AppError, Ask, Attached, Federation, LetterAsk, Permit, Reply, check_asked,
};
use crate::base::{MemberId, MessageId, OsEntropy, PersonId, Timestamp};
use crate::domain::FieldError;
use crate::domain::rfi::Request;

pub use fields::{TEMPLATES, named};
pub use passing::passing;
use passing::{PASSES, Passes};
use preview::shown;
pub use preview::{Unlike, handling_rules, look, preview, protections, rules};

/// A template as the page of templates shows it.
struct Card {
    name: &'static str,
    title: String,
    about: String,
}

#[derive(Template)]
#[template(path = "templates.html")]
struct TemplatesPage {
    f: Frame,
    cards: Vec<Card>,
}

/// `GET /requests/new`.
pub async fn templates(State(api): State<Api>, person: Person) -> Result<Response, Trouble> {
    may_ask(&api, &person)?;
    let f = Frame::of(&api, &person, "new-title");
    let cards = TEMPLATES.iter().map(|name| Card {
        name,
        title: f.t.code("template", name),
        about: f.t.code("template-about", name),
    });
    Ok(show(&TemplatesPage {
        cards: cards.collect(),
        f,
    }))
}

/// Leave to send a request; nobody without it has drafts.
pub fn may_ask(api: &Api, person: &Person) -> Result<Permit, Trouble> {
    let permit = Permit::ask(api.member(), &person.caller, Action::SendRequest);
    Ok(permit.map_err(AppError::from)?)
}

/// `GET /requests/new/{template}`: a form with a number of its own. Nothing is kept before
/// something is typed.
pub async fn fresh(
    State(api): State<Api>,
    person: Person,
    Place(template): Place<String>,
) -> Result<Response, Trouble> {
    may_ask(&api, &person)?;
    if !TEMPLATES.contains(&template.as_str()) {
        return Err(Trouble::nothing_here());
    }
    let id = MessageId::new(Timestamp::system(), &mut OsEntropy);
    Ok(see_other(&format!("/drafts/{id}?template={template}")))
}

/// The template of a draft that is not saved yet.
#[derive(Debug, Deserialize)]
pub struct Begun {
    template: Option<String>,
}

/// `GET /drafts/{id}`.
pub async fn resume(
    State(api): State<Api>,
    person: Person,
    Place(id): Place<MessageId>,
    Query(begun): Query<Begun>,
) -> Result<Response, Trouble> {
    may_ask(&api, &person)?;
    let saved = api.console.drafts.find(person.caller.person, id);
    let draft = match (saved, begun.template) {
        (Some(draft), _) => draft,
        (None, Some(template)) if TEMPLATES.contains(&template.as_str()) => {
            // Back in the browser leads here once more after it was sent.
            if is_used(&api, &person, id).await {
                return Ok(see_other(&format!("/requests/new/{template}")));
            }
            Draft {
                id,
                typed: fields::defaults(&api, &person, &template).0,
                template,
                saved: person.visitor.now,
            }
        }
        (None, _) => return Err(Trouble::nothing_here()),
    };
    let members = members(&api, &person).await?;
    Ok(form(&api, &person, &draft, &members, Vec::new()))
}

/// Whether a number is that of an exchange or a letter already, so that no draft may have it.
async fn is_used(api: &Api, person: &Person, id: MessageId) -> bool {
    let exchange = Ask::GlanceExchange { exchange: id };
    let letter = Ask::Letters(LetterAsk::Glance { letter: id });
    for ask in [exchange, letter] {
        if api
            .ask(&person.caller, Action::ListExchanges, ask)
            .await
            .is_ok()
        {
            return true;
        }
    }
    false
}

#[derive(Template)]
#[template(path = "compose.html")]
struct ComposePage {
    f: Frame,
    heading: String,
    id: MessageId,
    template: String,
    passes: Option<Passes>,
    sections: Vec<Section>,
    faults: Vec<(String, String)>,
}

fn form(
    api: &Api,
    person: &Person,
    draft: &Draft,
    members: &[MemberId],
    faults: Vec<FieldError>,
) -> Response {
    let f = Frame::of(api, person, "new-title");
    let typed = draft.typed();
    let builder = Builder {
        t: f.t,
        typed: &typed,
        faults: &faults,
    };
    let sections = fields::sections(&builder, &draft.template, members);
    let status = match faults.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = ComposePage {
        heading: f.t.code("template", &draft.template),
        id: draft.id,
        template: draft.template.clone(),
        passes: Passes::of(draft),
        faults: summary(&sections, &faults, f.t),
        sections,
        f,
    };
    show_as(status, &page)
}

/// The members that can be asked, in order.
async fn members(api: &Api, person: &Person) -> Result<Vec<MemberId>, Trouble> {
    let asked = |federation: &Federation, member| !federation.observes(member);
    others(api, person, asked).await
}

/// The other members that fit, in order.
///
/// # Errors
/// [`Trouble`].
pub async fn others(
    api: &Api,
    person: &Person,
    fits: impl Fn(&Federation, MemberId) -> bool,
) -> Result<Vec<MemberId>, Trouble> {
    let reply = api
        .ask(&person.caller, Action::ReadHealth, Ask::Health)
        .await?;
    let Reply::Health(health) = reply else {
        return Err(Trouble::nothing_here());
    };
    let federation = health.federation.as_ref();
    let fitting = |federation: &Federation| {
        let mut others = federation.others(api.member());
        others.retain(|member| fits(federation, *member));
        others
    };
    Ok(federation.map(fitting).unwrap_or_default())
}

/// `POST /drafts/{id}`: keeps what was typed, and goes on as the button says.
pub async fn work(
    State(api): State<Api>,
    person: Person,
    Place(id): Place<MessageId>,
    typed: Typed,
) -> Result<Response, Trouble> {
    let permit = may_ask(&api, &person)?;
    let writer = person.caller.person;
    let wish = typed.text("_do").to_owned();
    match wish.as_str() {
        "discard" => {
            files::forget(&api, &person, id);
            api.console.drafts.remove(writer, id);
            return Ok(see_other("/outgoing"));
        }
        "send" | "review" => return send(&api, &person, permit, id, &typed).await,
        _ => (),
    }
    let template = typed.text("_template").to_owned();
    if !TEMPLATES.contains(&template.as_str()) {
        return Err(Trouble::nothing_here());
    }
    if api.console.drafts.find(writer, id).is_none() && is_used(&api, &person, id).await {
        return Err(AppError::IdTaken.into());
    }
    let kept =
        |(name, _): &(String, String)| !name.starts_with('_') || name == "_to[]" || name == PASSES;
    let draft = Draft {
        id,
        template,
        typed: typed.0.into_iter().filter(kept).collect(),
        saved: person.visitor.now,
    };
    let saved = api.console.drafts.save(writer, &draft);
    saved.map_err(|error| not_kept(&error))?;
    match wish.as_str() {
        "autosave" => Ok(StatusCode::NO_CONTENT.into_response()),
        "save" => Ok(see_other("/outgoing")),
        "edit" => Ok(see_other(&format!("/drafts/{id}"))),
        _ => preview(&api, &person, &draft, None).await,
    }
}

fn not_kept(error: &std::io::Error) -> Failure {
    let status = StatusCode::INSUFFICIENT_STORAGE;
    let next = "Throw away drafts that are not needed, or tell the administrator.";
    let what = format!("the draft could not be kept: {}", error.kind());
    Failure::new(status, "draft-not-kept", what, next)
}

/// The request and whom it goes to, or what is wrong.
fn read(
    draft: &Draft,
    members: &[MemberId],
    zone: &jiff::tz::TimeZone,
) -> Result<(Request, Vec<MemberId>), Vec<FieldError>> {
    let typed = draft.typed();
    let mut faults = Vec::new();
    let named = typed.all("_to[]").filter_map(|member| member.parse().ok());
    let to: Vec<MemberId> = named.filter(|member| members.contains(member)).collect();
    let fault = |path: &str, code, what: String| FieldError {
        path: path.to_owned(),
        code,
        what,
    };
    if to.is_empty() {
        faults.push(fault("_to", "required", "needs a member".to_owned()));
    } else if Passes::of(draft).is_some() && to.len() > 1 {
        let what = "a message is passed on to one member".to_owned();
        faults.push(fault("_to", "not-allowed", what));
    } else if let Err(error) = check_asked(&to) {
        faults.push(fault("_to", "not-allowed", error.to_string()));
    }
    let read: Result<(Request, Tree), _> = typed.read(zone);
    match read {
        Ok((request, tree)) => {
            let never = &request.protection.never_contact;
            if let Some(member) = to.iter().find(|member| never.contains(member)) {
                let what = format!("{member} is never to be contacted about this");
                faults.push(fault("_to", "not-allowed", what));
            }
            if let Err(found) = request.validate() {
                faults.extend(tree.in_the_form(found));
            }
            match faults.is_empty() {
                true => Ok((request, to)),
                false => Err(faults),
            }
        }
        Err(found) => {
            faults.extend(found);
            Err(faults)
        }
    }
}

/// The first message has the draft's own id, and each further one an id that follows from it.
fn linked(id: MessageId, to: &[MemberId]) -> Vec<(MemberId, MessageId, Vec<Attached>)> {
    let message = |place: usize| match place {
        0 => id,
        place => derived(id, place),
    };
    let to = to.iter().enumerate();
    to.map(|(place, member)| (*member, message(place), Vec::new()))
        .collect()
}

/// Sends what was previewed, or has a colleague release it first. A form sent twice finds what the first one sent.
async fn send(
    api: &Api,
    person: &Person,
    permit: Permit,
    id: MessageId,
    typed: &Typed,
) -> Result<Response, Trouble> {
    let writer: PersonId = person.caller.person;
    let Some(draft) = api.console.drafts.find(writer, id) else {
        let ask = Ask::GlanceExchange { exchange: id };
        api.ask(&person.caller, Action::ListExchanges, ask).await?;
        return Ok(see_other(&format!("/exchanges/{id}")));
    };
    let members = members(api, person).await?;
    let (request, to) = match read(&draft, &members, &api.console.zone) {
        Ok(read) => read,
        Err(faults) => return Ok(form(api, person, &draft, &members, faults)),
    };
    let files = files::of(api, person, id);
    if typed.text("_shown") != shown(&draft, &files) {
        return preview(api, person, &draft, Some(Unlike::Shown)).await;
    }
    let (to, hold) = match api.staging.holds(id, writer) {
        true => take(api, &person.caller, Some(id), &to).await?,
        false => (linked(id, &to), Hold::default()),
    };
    let several = to.len() > 1;
    let (permit, ask) = match Passes::of(&draft) {
        Some(passes) => {
            let action = Action::ForwardMessage;
            let leave = Permit::ask(api.member(), &person.caller, action);
            (leave.map_err(AppError::from)?, passes.ask(to, request)?)
        }
        None => {
            let request = Box::new(request);
            (permit, Ask::SendRequest { to, request })
        }
    };
    let ask = match typed.text("_do") {
        "review" => Ask::ForRelease(Box::new(ask)),
        _ => ask,
    };
    let reply = hold.answered(api.driver.ask(permit, ask).await)??;
    let same = |(name, _): &(String, String)| fields::STAYS.contains(&name.as_str());
    let stays = draft.typed.into_iter().filter(same).collect();
    if let Err(error) = api.console.drafts.remember(writer, stays) {
        tracing::warn!(event = "draft-not-remembered", %error);
    }
    api.console.drafts.remove(writer, id);
    // Whoever wrote it knows why they read it.
    api.console.sessions.justify(person.held, id);
    Ok(match several {
        _ if matches!(reply, Reply::Waits(..)) => see_other("/letters"),
        true => see_other("/outgoing"),
        false => see_other(&format!("/exchanges/{id}")),
    })
}
