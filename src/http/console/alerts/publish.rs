//! Publishing an alert, and putting a new version in its place, from one form.

use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::Value;

use super::super::super::Api;
use super::super::compose::others;
use super::super::files::{self, Chosen};
use super::super::form::{Builder, Tree, Typed, texts_at, unreadable};
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

/// The form; `updates` is the alert that gets a new version, and how many legs it has.
async fn page(
    api: &Api,
    person: &Person,
    updates: Option<(MessageId, usize)>,
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
    let members = match updates {
        Some(_) => Vec::new(),
        None => named_by(api, person).await?,
    };
    let form = match updates {
        Some((_, legs)) => For::Updating(legs),
        None => For::Publishing(&members),
    };
    let sections = sections(&builder, form);
    let key = match updates {
        Some(_) => "alert-update-title",
        None => "alert-new-title",
    };
    let heading = t.say(key);
    let back = match updates {
        Some((id, _)) => format!("/alerts/{id}"),
        None => "/alerts".to_owned(),
    };
    let replaces = ("_replaces".to_owned(), typed.text("_replaces").to_owned());
    let hidden = [typed.message_field(), replaces];
    let page = FormPage {
        f: Frame::new(api, &person.visitor, heading.clone()),
        lead: t.say("alert-new-lead"),
        action: match updates {
            Some((id, _)) => format!("/alerts/{id}/update"),
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

/// The alert that was typed, or what is wrong with it; the one that it updates has `standing` legs.
fn read(api: &Api, typed: &Typed, standing: usize) -> Result<(Alert, Tree), Vec<FieldError>> {
    let mut tree = Tree::of(typed, &api.console.zone)?;
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
    let faults = follow_the_legs(&mut tree, standing);
    if !faults.is_empty() {
        return Err(faults);
    }
    let alert = serde_json::from_value(tree.value.clone());
    let alert = alert.map_err(|error| vec![unreadable(&error)])?;
    Ok((alert, tree))
}

/// Lets each fee follow the leg that it is for: the form counts its rows, and the alert has no empty
/// ones. Gives the fees whose leg is empty.
fn follow_the_legs(tree: &mut Tree, standing: usize) -> Vec<FieldError> {
    let fees = tree.value.get("fees").and_then(Value::as_array);
    let leg = |fee: &Value| fee.get("leg").and_then(Value::as_u64);
    let legs: Vec<Option<u64>> = fees.into_iter().flatten().map(leg).collect();
    let mut faults = Vec::new();
    for (fee, leg) in legs.into_iter().enumerate() {
        let Some(leg) = leg else { continue };
        let leg = usize::try_from(leg).unwrap_or(usize::MAX);
        match place_of_leg(tree, leg, standing) {
            Some(place) => tree.value["fees"][fee]["leg"] = Value::from(place),
            None => faults.push(FieldError {
                path: format!("fees[{fee}].leg"),
                code: "not-allowed",
                what: "names a leg that is empty".to_owned(),
            }),
        }
    }
    tree.in_the_form(faults)
}

/// Where a leg of the form comes to stand in the alert: those of the form that are not empty stand
/// one behind the other, and after them those of the standing alert that the form has no room for.
fn place_of_leg(tree: &Tree, leg: usize, standing: usize) -> Option<usize> {
    let own = tree.value.get("legs").and_then(Value::as_array);
    let own = own.map_or(0, Vec::len);
    let kept = (LEGS..standing).contains(&leg);
    tree.row("legs", leg)
        .or_else(|| kept.then(|| own + leg - LEGS))
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
    let (alert, tree) = match read(&api, &typed, 0) {
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
    match hold.answered(api.driver.ask(permit, ask).await)? {
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
    let legs = standing.alert.legs.len();
    for field in sections(&empty, For::Updating(legs))
        .iter()
        .flat_map(|section| &section.fields)
    {
        for text in texts_at(&value, &field.name, &api.console.zone) {
            typed.0.push((field.name.clone(), text));
        }
    }
    page(api, person, Some((id, legs)), &typed, Faults::default()).await
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
    let legs = row.alert.alert().legs.len();
    let again = |faults: Faults| page(api, person, Some((id, legs)), &typed, faults);
    if let Some(fault) = fault {
        return again(fault.into()).await;
    }
    let (mut fresh, tree) = match read(api, &typed, legs) {
        Ok(read) => read,
        Err(faults) => return again(faults.into()).await,
    };
    if let Err(faults) = keep_what_has_no_field(&mut fresh, row.alert.alert(), &tree) {
        return again(faults.into()).await;
    }
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

/// What the form has no room for stays as it stood, each fee with its leg.
///
/// # Errors
/// Legs that are empty now, and that such a fee is for.
fn keep_what_has_no_field(
    fresh: &mut Alert,
    before: &Alert,
    tree: &Tree,
) -> Result<(), Vec<FieldError>> {
    fn keep<T: Clone>(fresh: &mut Vec<T>, before: &[T], room: usize) {
        fresh.extend_from_slice(&before[room.min(before.len())..]);
    }
    keep(&mut fresh.legs, &before.legs, LEGS);
    keep(&mut fresh.concealment, &before.concealment, WAYS);
    keep(&mut fresh.fees, &before.fees, FEES);
    keep(&mut fresh.violence, &before.violence, VIOLENCE);
    keep(&mut fresh.persons, &before.persons, GROUPS);
    keep(&mut fresh.text, &before.text, TEXTS);
    let mut faults = Vec::new();
    let kept = before.fees.len().saturating_sub(FEES);
    for fee in fresh.fees.iter_mut().rev().take(kept) {
        let Some(leg) = fee.leg else { continue };
        let place = place_of_leg(tree, leg.into(), before.legs.len());
        match place.and_then(|place| u16::try_from(place).ok()) {
            Some(place) => fee.leg = Some(place),
            None => faults.push(FieldError {
                path: format!("legs[{leg}].from"),
                code: "required",
                what: "a fee that has no field here is for this leg".to_owned(),
            }),
        }
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(faults),
    }
}
