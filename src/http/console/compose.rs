//! Asking: a request from a template, kept as it is typed, checked beside each field, and shown with
//! who gets it and what they may do with it before it leaves.

mod fields;
mod passing;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use super::super::Api;
use super::super::attachments::{Hold, derived, take};
use super::super::auth::Place;
use super::super::problem::Failure;
use super::super::search;
use super::calendar::span;
use super::drafts::Draft;
use super::files::{self, Listed};
use super::form::{Builder, Control, Section, Tree, Typed};
use super::formpage::summary;
use super::guard::Person;
use super::language::{Part, Words};
use super::page::{Frame, show, show_as};
use super::search::Before;
use super::thread::{Group, groups};
use super::trouble::{Trouble, see_other};
use crate::app::{
    Action, AppError, Ask, Attached, Federation, Permit, Reply, check_asked, names_persons,
};
use crate::base::{MemberId, MessageId, OsEntropy, PersonId, Timestamp};
use crate::domain::FieldError;
use crate::domain::handling::{Handling, HandlingCode};
use crate::domain::rfi::Request;

pub use fields::{TEMPLATES, named};
pub use passing::passing;
use passing::{PASSES, Passes};

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
        (None, Some(template)) if TEMPLATES.contains(&template.as_str()) => Draft {
            id,
            typed: fields::defaults(&api, &person, &template).0,
            template,
            saved: person.visitor.now,
        },
        (None, _) => return Err(Trouble::nothing_here()),
    };
    let members = members(&api, &person).await?;
    Ok(form(&api, &person, &draft, &members, Vec::new()))
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

/// What one member gets, and may do.
struct Recipient {
    member: MemberId,
    time: String,
}

#[derive(Template)]
#[template(path = "preview.html")]
struct PreviewPage {
    f: Frame,
    id: MessageId,
    template: String,
    recipients: Vec<Recipient>,
    rules: Vec<String>,
    protections: Vec<String>,
    groups: Vec<Group>,
    files: Vec<Listed>,
    file_fault: Option<String>,
    passes: Option<Passes>,
    /// Other exchanges about the same.
    earlier: Vec<Before>,
    button: String,
}

/// `GET /drafts/{id}/preview`.
pub async fn look(
    State(api): State<Api>,
    person: Person,
    Place(id): Place<MessageId>,
) -> Result<Response, Trouble> {
    may_ask(&api, &person)?;
    let Some(draft) = api.console.drafts.find(person.caller.person, id) else {
        return Err(Trouble::nothing_here());
    };
    preview(&api, &person, &draft, None).await
}

/// Who gets a draft, and what they may do with it; `fault` is what was wrong with a file, by its
/// key among the words.
pub async fn preview(
    api: &Api,
    person: &Person,
    draft: &Draft,
    fault: Option<&str>,
) -> Result<Response, Trouble> {
    let members = members(api, person).await?;
    let (request, to) = match read(draft, &members, &api.console.zone) {
        Ok(read) => read,
        Err(faults) => return Ok(form(api, person, draft, &members, faults)),
    };
    let compare = Ask::Compare {
        exchange: draft.id,
        request: Box::new(request.clone()),
    };
    let reply = api
        .ask(&person.caller, Action::SendRequest, compare)
        .await?;
    let earlier = match reply {
        Reply::Earlier(earlier) => search::about_the_same(&earlier),
        _ => Vec::new(),
    };
    let f = Frame::of(api, person, "preview-title");
    let t = f.t;
    let content = serde_json::to_value(&request).expect("a request is plain text");
    let time = time_they_have(&request, t);
    let recipients = to.iter().map(|member| Recipient {
        member: *member,
        time: time.clone(),
    });
    let status = match fault {
        None => StatusCode::OK,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = PreviewPage {
        id: draft.id,
        template: draft.template.clone(),
        recipients: recipients.collect(),
        rules: rules(&request, t),
        protections: protections(&request, t),
        groups: groups(&content, &f),
        files: files::listed(api, person, draft.id),
        file_fault: fault.map(|fault| t.say(fault)),
        passes: Passes::of(draft),
        earlier: earlier.into_iter().map(|one| Before::of(one, &f)).collect(),
        button: t.with("send-to", "count", to.len()),
        f,
    };
    Ok(show_as(status, &page))
}

fn time_they_have(request: &Request, t: Words) -> String {
    let limits = request.profile.limits(request.urgency);
    let answer = span(limits.direct.min(limits.indirect), t);
    match limits.acknowledge {
        None => t.with("time-to-answer", "answer", answer),
        Some(acknowledge) => {
            let parts = [
                ("accept", Part::from(span(acknowledge, t))),
                ("answer", Part::from(answer)),
            ];
            t.put("time-to-accept-and-answer", &parts)
        }
    }
}

/// What a receiver may do, one rule each.
pub fn rules(request: &Request, t: Words) -> Vec<String> {
    let mut rules = handling_rules(&request.handling, t);
    rules.push(t.code("evidence", request.evidence_use.as_str()));
    rules
}

/// What a marking allows, one rule each.
pub fn handling_rules(handling: &Handling, t: Words) -> Vec<String> {
    let tlp = handling.tlp.as_str();
    let mut rules = vec![format!("TLP:{tlp}: {}", t.code("tlp", tlp))];
    for code in &handling.codes {
        let words = t.code("handling", code.as_str());
        rules.push(match (code, &handling.restriction) {
            (HandlingCode::H3, Some(restriction)) => format!("{code}: {words} {restriction}"),
            _ => format!("{code}: {words}"),
        });
    }
    let days = u64::from(handling.retention_days);
    rules.push(t.with("rule-retention", "days", days));
    rules
}

/// What to think of before it leaves.
pub fn protections(request: &Request, t: Words) -> Vec<String> {
    let protection = &request.protection;
    let mut told = Vec::new();
    let mut tell = |given: Option<bool>, yes: &str, unknown: &str| match given {
        Some(true) => told.push(t.say(yes)),
        None => told.push(t.say(unknown)),
        Some(false) => (),
    };
    if names_persons(request) {
        tell(protection.minor, "protect-minor", "protect-minor-unknown");
        tell(
            protection.asylum_confidential,
            "protect-asylum",
            "protect-asylum-unknown",
        );
        tell(
            protection.victim_indicators,
            "protect-victim",
            "protect-victim-unknown",
        );
    }
    told
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
    let shown = typed.text("_files").parse().unwrap_or(0);
    if files::of(api, person, id).len() != shown {
        return preview(api, person, &draft, Some("files-changed")).await;
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
    let reply = hold.settled(api.driver.ask(permit, ask).await?)?;
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
