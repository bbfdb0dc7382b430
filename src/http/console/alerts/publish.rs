//! Publishing an alert, and putting a new version in its place, from one form.

use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::Value;

use super::super::super::Api;
use super::super::compose::others;
use super::super::files::{self, Chosen};
use super::super::form::{Builder, Tree, Typed, texts_at};
use super::super::formpage::{Faults, FormPage, summary};
use super::super::guard::Person;
use super::super::language::Words;
use super::super::page::Frame;
use super::super::trouble::{Trouble, see_other};
use super::fields::{FEES, For, GROUPS, LEGS, TEXTS, VIOLENCE, WAYS, sections};
use super::{act, alert};
use crate::app::{Action, AppError, Ask, OnAlert, Permit, Reply};
use crate::base::{MemberId, MessageId};
use crate::domain::FieldError;
use crate::domain::alert::{Alert, AlertCommand, AlertRefused, Audience, Revision};

/// `GET /alerts/new`.
pub async fn publish_form(State(api): State<Api>, person: Person) -> Result<Response, Trouble> {
    may_publish(&api, &person)?;
    let typed = begun(person.words());
    page(&api, &person, None, &typed, Faults::default()).await
}

fn begun(t: Words) -> Typed {
    Typed::default()
        .with_message()
        .or("_audience", "all")
        .or("status", "actual")
        .or("evaluation.source", "B")
        .or("evaluation.information", "2")
        .or("text[0].language", t.0.tag())
        .or("handling.codes[]", "H0")
        .or("handling.tlp", "GREEN")
        .or("handling.retention_days!number", "1825")
}

fn may_publish(api: &Api, person: &Person) -> Result<Permit, Trouble> {
    let permit = Permit::ask(api.member(), &person.caller, Action::PublishAlert);
    Ok(permit.map_err(AppError::from)?)
}

async fn page(
    api: &Api,
    person: &Person,
    updates: Option<MessageId>,
    typed: &Typed,
    faults: Faults,
) -> Result<Response, Trouble> {
    let t = person.words();
    let files = Chosen::of(api, person, typed.message()?, faults.file);
    let faults = faults.fields;
    let builder = Builder {
        t,
        typed,
        faults: &faults,
    };
    let members = named_by(api, person).await?;
    let form = match updates {
        Some(_) => For::Updating,
        None => For::Publishing(&members),
    };
    let sections = sections(&builder, form);
    let key = match updates {
        Some(_) => "alert-update-title",
        None => "alert-new-title",
    };
    let heading = t.say(key);
    let back = match updates {
        Some(id) => format!("/alerts/{id}"),
        None => "/alerts".to_owned(),
    };
    let replaces = ("_replaces".to_owned(), typed.text("_replaces").to_owned());
    let hidden = [typed.message_field(), replaces];
    let page = FormPage {
        f: Frame::new(api, &person.visitor, heading.clone()),
        lead: t.say("alert-new-lead"),
        action: match updates {
            Some(id) => format!("/alerts/{id}/update"),
            None => "/alerts/new".to_owned(),
        },
        back,
        faults: summary(&sections, &faults, t),
        sections,
        files: Some(files),
        hidden: hidden.into(),
        button: t.say("alert-publish"),
        heading,
        about: None,
        grave: false,
    };
    Ok(page.show())
}

/// The alert that was typed, or what is wrong with it.
fn read(api: &Api, typed: &Typed) -> Result<(Alert, Tree), Vec<FieldError>> {
    let tree = Tree::of(typed, &api.console.zone)?;
    let chosen = [
        "event",
        "category",
        "severity",
        "urgency",
        "certainty",
        "expires",
    ];
    let lacks = |name: &&'static str| {
        let value = tree.value.get(*name).and_then(Value::as_str);
        value.unwrap_or_default().is_empty()
    };
    let faults: Vec<FieldError> = chosen
        .into_iter()
        .filter(lacks)
        .map(|name| FieldError {
            path: name.to_owned(),
            code: "required",
            what: "needs a choice".to_owned(),
        })
        .collect();
    if !faults.is_empty() {
        return Err(faults);
    }
    typed.read(&api.console.zone)
}

/// The members that an alert may be sent to by name.
async fn named_by(api: &Api, person: &Person) -> Result<Vec<MemberId>, Trouble> {
    others(api, person, |_, _| true).await
}

/// Whom it goes to. Members who were named are all who get it, or nobody does.
fn audience(typed: &Typed, members: &[MemberId]) -> Result<Audience, FieldError> {
    let fault = |code, what: &str| FieldError {
        path: "_members".to_owned(),
        code,
        what: what.to_owned(),
    };
    let named = typed.all("_members[]").map(str::parse);
    let named: Result<Vec<MemberId>, _> = named.collect();
    let named = named
        .ok()
        .filter(|all| all.iter().all(|one| members.contains(one)));
    let named = named.ok_or_else(|| fault("not-allowed", "names somebody who is no member"))?;
    match (typed.text("_audience"), named.is_empty()) {
        ("members", true) => Err(fault("required", "needs a member")),
        ("members", false) => Ok(Audience::Members(named)),
        (_, false) => Err(fault(
            "not-allowed",
            "members are named, and it would go to others as well",
        )),
        ("corridor-subscribers", true) => Ok(Audience::CorridorSubscribers),
        (_, true) => Ok(Audience::All),
    }
}

/// `POST /alerts/new`.
pub async fn publish(
    State(api): State<Api>,
    person: Person,
    request: Request,
) -> Result<Response, Trouble> {
    let permit = may_publish(&api, &person)?;
    let (typed, fault) = files::read(&api, &person, request).await?;
    let again = |faults: Faults| page(&api, &person, None, &typed, faults);
    if let Some(fault) = fault {
        return again(fault.into()).await;
    }
    let (alert, tree) = match read(&api, &typed) {
        Ok(read) => read,
        Err(faults) => return again(faults.into()).await,
    };
    let audience = match audience(&typed, &named_by(&api, &person).await?) {
        Ok(audience) => audience,
        Err(fault) => return again(vec![fault].into()).await,
    };
    let id = typed.message()?;
    let (attached, hold) = files::take(&api, &person, api.member(), id).await?;
    let ask = Ask::PublishAlert {
        audience,
        id,
        alert: Box::new(alert),
        attached,
    };
    match hold.settled(api.driver.ask(permit, ask).await?) {
        Ok(Reply::Waits(..)) => Ok(see_other("/letters")),
        Ok(_) => Ok(see_other(&format!("/alerts/{id}"))),
        Err(AppError::Invalid(faults) | AppError::AlertNotNow(AlertRefused::Invalid(faults))) => {
            again(tree.in_the_form(faults).into()).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /alerts/{id}/update`: the version that stands, to be changed.
pub async fn update_form(api: &Api, person: &Person, id: MessageId) -> Result<Response, Trouble> {
    let row = alert(api, person, id, "update").await?;
    let standing = row.alert.standing();
    let mut typed = Typed::default()
        .with_message()
        .or("_replaces", &standing.number.to_string());
    let value = serde_json::to_value(&standing.alert).expect("an alert is plain text");
    let empty = Builder {
        t: person.words(),
        typed: &Typed::default(),
        faults: &[],
    };
    for field in sections(&empty, For::Updating)
        .iter()
        .flat_map(|section| &section.fields)
    {
        for text in texts_at(&value, &field.name, &api.console.zone) {
            typed.0.push((field.name.clone(), text));
        }
    }
    page(api, person, Some(id), &typed, Faults::default()).await
}

/// `POST /alerts/{id}/update`.
pub async fn update(
    api: &Api,
    person: &Person,
    id: MessageId,
    request: Request,
) -> Result<Response, Trouble> {
    let row = alert(api, person, id, "update").await?;
    let (typed, fault) = files::read(api, person, request).await?;
    let again = |faults: Faults| page(api, person, Some(id), &typed, faults);
    if let Some(fault) = fault {
        return again(fault.into()).await;
    }
    let (mut fresh, tree) = match read(api, &typed) {
        Ok(read) => read,
        Err(faults) => return again(faults.into()).await,
    };
    keep_what_has_no_field(&mut fresh, row.alert.alert());
    let changes = typed.text("_changes");
    let revision = Revision {
        alert: fresh,
        changes: (!changes.is_empty()).then(|| changes.to_owned()),
        replaces: typed.text("_replaces").parse().ok(),
    };
    let message = typed.message()?;
    let on = OnAlert {
        alert: id,
        message,
        command: AlertCommand::Update(Box::new(revision)),
        audience: Audience::Members(Vec::new()),
    };
    let (attached, hold) = files::take(api, person, api.member(), message).await?;
    let revised = match act(api, person, Action::ReviseAlert, on, attached).await {
        Ok(revised) => hold.settled(revised),
        Err(trouble) => return hold.settled(Err(trouble)),
    };
    match revised {
        Ok(()) => Ok(see_other(&format!("/alerts/{id}"))),
        Err(faults) => again(tree.in_the_form(faults).into()).await,
    }
}

/// What the form has no room for stays as it stood.
fn keep_what_has_no_field(fresh: &mut Alert, before: &Alert) {
    fn keep<T: Clone>(fresh: &mut Vec<T>, before: &[T], room: usize) {
        fresh.extend_from_slice(&before[room.min(before.len())..]);
    }
    keep(&mut fresh.legs, &before.legs, LEGS);
    keep(&mut fresh.concealment, &before.concealment, WAYS);
    keep(&mut fresh.fees, &before.fees, FEES);
    keep(&mut fresh.violence, &before.violence, VIOLENCE);
    keep(&mut fresh.persons, &before.persons, GROUPS);
    keep(&mut fresh.text, &before.text, TEXTS);
}
