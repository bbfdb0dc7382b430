//! Publishing an alert, and putting a new version in its place, from one form.

use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::Value;

use super::super::super::Api;
use super::super::exchange::handling;
use super::super::files::{self, Chosen};
use super::super::form::{Builder, Section, Tree, Typed, texts_at};
use super::super::formpage::{Faults, FormPage, summary};
use super::super::guard::Person;
use super::super::language::Words;
use super::super::page::Frame;
use super::super::trouble::{Trouble, see_other};
use super::{act, alert, evaluation};
use crate::app::{Action, AppError, Ask, OnAlert, Permit, Reply};
use crate::base::MessageId;
use crate::domain::FieldError;
use crate::domain::alert::{
    Alert, AlertCommand, AlertRefused, AlertUrgency, Audience, Category, Certainty, Corridor,
    DocumentFraud, EventType, ImpactLevel, MeansOfControl, Payment, Revision, Severity, Status,
    Transport, Trend,
};

/// Legs that a form has room for.
const LEGS: usize = 3;

/// `GET /alerts/new`.
pub async fn publish_form(State(api): State<Api>, person: Person) -> Result<Response, Trouble> {
    may_publish(&api, &person)?;
    let typed = begun(person.words());
    page(&api, &person, None, &typed, Faults::default())
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

fn page(
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
    let sections = sections(&builder, updates.is_some());
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
        grave: false,
    };
    Ok(page.show())
}

macro_rules! codes {
    ($list:ty) => {
        <$list>::ALL.iter().map(|one| one.as_str())
    };
}

fn sections(b: &Builder<'_>, update: bool) -> Vec<Section> {
    let t = b.t;
    let pairs = |list: &'static str, codes: Vec<&'static str>| -> Vec<(String, String)> {
        let pair = |code: &str| (code.to_owned(), t.code(list, code));
        codes.into_iter().map(pair).collect()
    };
    let mut what = vec![
        b.line("headline"),
        b.select("event", "alert-event", codes!(EventType), Some("choose"))
            .half(),
        b.select("category", "category", codes!(Category), Some("choose"))
            .half(),
        b.select(
            "corridor?",
            "corridor",
            codes!(Corridor),
            Some("corridor-none"),
        )
        .half(),
        b.select("status", "alert-status", codes!(Status), None)
            .half(),
        b.select("severity", "severity", codes!(Severity), Some("choose"))
            .half(),
        b.select(
            "urgency",
            "alert-urgency",
            codes!(AlertUrgency),
            Some("choose"),
        )
        .half(),
        b.select("certainty", "certainty", codes!(Certainty), Some("choose"))
            .half(),
        b.time("expires!time").half(),
        b.area("text[0].text", 5),
        b.line("text[0].language").half(),
        b.area("recommended_action?", 2),
    ];
    if update {
        what.push(b.area("_changes", 2).optional());
    } else {
        let audiences = ["all", "corridor-subscribers"];
        what.push(b.radios("_audience", "audience", audiences));
    }
    let mut route = Vec::new();
    for leg in 0..LEGS {
        let of = |part: &str| format!("legs[{leg}].{part}");
        let numbered = |field: super::super::form::Field| {
            let label = format!("{} {}", field.label, t.number(leg + 1));
            field.called(label).half()
        };
        route.push(numbered(b.line(&of("from?"))));
        route.push(numbered(b.line(&of("to~"))));
        let transport = b.select(
            &of("transport~"),
            "transport",
            codes!(Transport),
            Some("not-known"),
        );
        route.push(numbered(transport));
        route.push(numbered(b.line(&of("crossing~"))));
    }
    let level = |part: &str| {
        let mark = if part == "illegal_immigration" {
            "?"
        } else {
            "~"
        };
        let name = format!("impact.{part}{mark}");
        b.select(&name, "level", codes!(ImpactLevel), Some("not-known"))
            .half()
    };
    let more = vec![
        b.checks(
            "document_fraud[]",
            pairs("document-fraud", codes!(DocumentFraud).collect()),
        ),
        b.checks(
            "victim_indicators[]",
            pairs("control", codes!(MeansOfControl).collect()),
        ),
        b.number("fees[0].from?!number").half().optional(),
        b.number("fees[0].to~!number").half().optional(),
        b.ltr("fees[0].currency~").half(),
        b.select(
            "fees[0].payment~",
            "payment",
            codes!(Payment),
            Some("not-known"),
        )
        .half(),
        b.select("fees[0].trend~", "trend", codes!(Trend), Some("not-known"))
            .half(),
        b.ltr("persons[0].nationality~").half(),
        b.number("persons[0].persons?!number").half().optional(),
        level("illegal_immigration"),
        level("cross_border_crime"),
        level("migrants_lives"),
    ];
    let worth = vec![
        evaluation(b, "source").half(),
        evaluation(b, "information").half(),
    ];
    vec![
        Section::new(t, "section-alert", what),
        Section::new(t, "section-route", route).folded(),
        Section::new(t, "section-more", more).folded(),
        Section::new(t, "section-worth", worth),
        handling(b),
    ]
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
        return again(fault.into());
    }
    let (alert, tree) = match read(&api, &typed) {
        Ok(read) => read,
        Err(faults) => return again(faults.into()),
    };
    let id = typed.message()?;
    let ask = Ask::PublishAlert {
        audience: match typed.text("_audience") {
            "corridor-subscribers" => Audience::CorridorSubscribers,
            _ => Audience::All,
        },
        id,
        alert: Box::new(alert),
        attached: files::of(&api, &person, id),
    };
    let published = api.driver.ask(permit, ask).await?;
    if published.is_ok() {
        files::taken(&api, &person, api.member(), id);
    }
    match published {
        Ok(Reply::Waits(..)) => Ok(see_other("/letters")),
        Ok(_) => Ok(see_other(&format!("/alerts/{id}"))),
        Err(AppError::Invalid(faults) | AppError::AlertNotNow(AlertRefused::Invalid(faults))) => {
            again(tree.in_the_form(faults).into())
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
    for field in sections(&empty, true)
        .iter()
        .flat_map(|section| &section.fields)
    {
        for text in texts_at(&value, &field.name, &api.console.zone) {
            typed.0.push((field.name.clone(), text));
        }
    }
    page(api, person, Some(id), &typed, Faults::default())
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
        return again(fault.into());
    }
    let (mut fresh, tree) = match read(api, &typed) {
        Ok(read) => read,
        Err(faults) => return again(faults.into()),
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
    let attached = files::of(api, person, message);
    match act(api, person, Action::ReviseAlert, on, attached).await? {
        Ok(()) => {
            files::taken(api, person, api.member(), message);
            Ok(see_other(&format!("/alerts/{id}")))
        }
        Err(faults) => again(tree.in_the_form(faults).into()),
    }
}

/// What the form has no room for stays as it stood.
fn keep_what_has_no_field(fresh: &mut Alert, before: &Alert) {
    let tail = |length: usize, from: usize| from.min(length)..length;
    fresh
        .legs
        .extend_from_slice(&before.legs[tail(before.legs.len(), LEGS)]);
    for (leg, old) in fresh.legs.iter_mut().zip(&before.legs) {
        let same = leg.from == old.from && leg.to == old.to;
        if same {
            leg.via.clone_from(&old.via);
            leg.concealment.clone_from(&old.concealment);
            leg.hours = old.hours;
            leg.precision = old.precision;
        }
    }
    fresh
        .fees
        .extend_from_slice(&before.fees[tail(before.fees.len(), 1)]);
    for (fee, old) in fresh.fees.iter_mut().zip(&before.fees) {
        fee.covers.clone_from(&old.covers);
        fee.leg = old.leg.filter(|leg| usize::from(*leg) < fresh.legs.len());
    }
    fresh
        .persons
        .extend_from_slice(&before.persons[tail(before.persons.len(), 1)]);
    fresh
        .text
        .extend_from_slice(&before.text[tail(before.text.len(), 1)]);
    fresh.transport.clone_from(&before.transport);
    fresh.concealment.clone_from(&before.concealment);
    fresh.violence.clone_from(&before.violence);
    (fresh.period_from, fresh.period_to) = (before.period_from, before.period_to);
    (fresh.valid_from, fresh.review_on) = (before.valid_from, before.review_on);
    fresh.handling.chatham_house = before.handling.chatham_house;
}
