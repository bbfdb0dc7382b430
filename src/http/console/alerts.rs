//! Smuggling-trend alerts: the feed, one alert, and what is said to it.

mod fields;
mod publish;

use askama::Template;
use axum::extract::{Query, Request, State};
use axum::response::Response;
use serde::Deserialize;

use super::super::Api;
use super::super::alerts::shapes as alert_shapes;
use super::super::auth::Place;
use super::super::shapes;
use super::calendar::Moment;
use super::calls::{self, Pressing};
use super::files::text_alone;
use super::form::{Builder, Field, Section, Tree, Typed, unreadable};
use super::formpage::{FormPage, summary};
use super::guard::Person;
use super::page::{Frame, show};
use super::thread::{Item, items};
use super::trouble::{Trouble, see_other};
use crate::api::{AlertSummary, AttentionView};
use crate::app::rows::AlertRow;
use crate::app::{Action, AlertFilter, AppError, Ask, Attached, OnAlert, Permit, Reply};
use crate::base::{MessageId, Role};
use crate::domain::FieldError;
use crate::domain::alert::{
    AlertCommand, AlertRefused, AlertState, Audience, Corridor, Difference, Status,
};
use crate::domain::handling::{Accuracy, Source};

pub use publish::{publish, publish_form, update, update_form};

/// Alerts on one page.
const PAGE: usize = 50;

/// One alert in the feed.
struct Row {
    of: AlertSummary,
    updated: Moment,
    expires: Moment,
    severity: String,
    event: String,
    corridor: Option<String>,
    state: String,
    /// Whether it is over.
    over: bool,
    pressing: Vec<Pressing>,
}

impl Row {
    fn of(api: &Api, person: &Person, of: AlertSummary, f: &Frame) -> Self {
        let t = f.t;
        let pressing = |one: &AttentionView| {
            let note = calls::of_alert(api, person, of.id, one.call.member);
            Pressing::of(one, note, f)
        };
        Self {
            updated: f.moment(of.updated),
            expires: f.moment(of.expires),
            pressing: of.attention.iter().map(pressing).collect(),
            severity: t.code("severity", &of.severity),
            event: t.code("alert-event", &of.event),
            corridor: of.corridor.as_ref().map(|code| t.code("corridor", code)),
            state: t.code("alert-state", &of.state),
            over: of.state != "current",
            of,
        }
    }
}

/// What the feed is narrowed by.
#[derive(Debug, Default, Deserialize)]
pub struct Narrowed {
    corridor: Option<String>,
    state: Option<String>,
    from: Option<String>,
}

#[derive(Template)]
#[template(path = "alerts.html")]
struct AlertsPage {
    f: Frame,
    rows: Vec<Row>,
    next: Option<String>,
    corridors: Vec<(String, String, bool)>,
    states: Vec<(String, String, bool)>,
    may_publish: bool,
}

/// `GET /alerts`.
pub async fn feed(
    State(api): State<Api>,
    person: Person,
    Query(narrowed): Query<Narrowed>,
) -> Result<Response, Trouble> {
    let corridor: Option<Corridor> = narrowed.corridor.and_then(|code| code.parse().ok());
    let state: Option<AlertState> = narrowed.state.and_then(|code| code.parse().ok());
    let ask = Ask::ListAlerts {
        filter: AlertFilter {
            corridor,
            state,
            event: None,
            status: Some(Status::Actual),
        },
        limit: PAGE,
        cursor: shapes::cursor(narrowed.from)?,
    };
    let reply = api.ask(&person.caller, Action::ReadAlerts, ask).await?;
    let Reply::Alerts(rows, next) = reply else {
        return Err(Trouble::nothing_here());
    };
    let f = Frame::of(&api, &person, "alerts-title").live();
    let rows = rows
        .iter()
        .map(|row| Row::of(&api, &person, alert_shapes::summary(row, f.now), &f))
        .collect();
    let corridors = Corridor::ALL.iter().map(|one| {
        let code = one.as_str();
        let word = f.t.code("corridor", code);
        (code.to_owned(), word, corridor == Some(*one))
    });
    let states = [
        AlertState::Current,
        AlertState::Expired,
        AlertState::Cancelled,
    ];
    let states = states.into_iter().map(|one| {
        let code = one.as_str();
        let word = f.t.code("alert-state", code);
        (code.to_owned(), word, state == Some(one))
    });
    Ok(show(&AlertsPage {
        rows,
        next: next.map(hex::encode),
        corridors: corridors.collect(),
        states: states.collect(),
        may_publish: person.caller.roles.contains(&Role::Contact),
        f,
    }))
}

#[derive(Template)]
#[template(path = "alert.html")]
struct AlertPage {
    f: Frame,
    row: Row,
    items: Vec<Item>,
    recipients: Vec<String>,
    rules: Vec<String>,
    deals: Vec<(String, String, bool)>,
}

/// `GET /alerts/{id}`.
pub async fn open(
    State(api): State<Api>,
    person: Person,
    Place(alert): Place<MessageId>,
) -> Result<Response, Trouble> {
    let ask = Ask::ReadAlert { alert };
    let reply = api.ask(&person.caller, Action::ReadAlerts, ask).await?;
    let Reply::AlertThread(row, entries) = reply else {
        return Err(AppError::NotFound("alert").into());
    };
    let of = alert_shapes::summary(&row, person.visitor.now);
    let f = Frame::new(&api, &person.visitor, of.headline.clone());
    let events = shapes::thread(&entries);
    let now = person.visitor.now;
    let actions = alert_shapes::actions(&row, api.member(), &person.caller, now);
    let first = actions.first().cloned();
    let deals = actions.into_iter().map(|verb| {
        let primary = Some(&verb) == first.as_ref();
        (f.t.code("alert-verb", &verb), verb, primary)
    });
    let mut others = row.alert.others(api.member());
    others.retain(|member| !of.not_at.contains(member));
    Ok(show(&AlertPage {
        items: items(&events, api.member(), &f),
        recipients: others.iter().map(ToString::to_string).collect(),
        rules: super::compose::handling_rules(&row.alert.alert().handling, f.t),
        deals: deals
            .map(|(word, verb, primary)| (verb, word, primary))
            .collect(),
        row: Row::of(&api, &person, of, &f),
        f,
    }))
}

/// The alert's row, if the person may do this to it now.
async fn alert(api: &Api, person: &Person, id: MessageId, verb: &str) -> Result<AlertRow, Trouble> {
    let ask = Ask::ReadAlert { alert: id };
    let reply = api.ask(&person.caller, Action::ReadAlerts, ask).await?;
    let Reply::AlertThread(row, _) = reply else {
        return Err(Trouble::nothing_here());
    };
    let now = person.visitor.now;
    let may = alert_shapes::actions(&row, api.member(), &person.caller, now);
    match may.iter().any(|one| one == verb) {
        true => Ok(*row),
        false => Err(Trouble::nothing_here()),
    }
}

/// `GET /alerts/{id}/{verb}`.
pub async fn say_form(
    State(api): State<Api>,
    person: Person,
    Place((id, verb)): Place<(MessageId, String)>,
) -> Result<Response, Trouble> {
    if verb == "update" {
        return update_form(&api, &person, id).await;
    }
    let row = alert(&api, &person, id, &verb).await?;
    let typed = Typed::default()
        .with_message()
        .or("evaluation.source", "B")
        .or("evaluation.information", "2")
        .or("difference", "not-seen");
    page(&api, &person, &row, &verb, &typed, Vec::new())
}

fn page(
    api: &Api,
    person: &Person,
    row: &AlertRow,
    verb: &str,
    typed: &Typed,
    faults: Vec<FieldError>,
) -> Result<Response, Trouble> {
    let t = person.words();
    let builder = Builder {
        t,
        typed,
        faults: &faults,
    };
    let fields = fields(&builder, verb).ok_or_else(Trouble::nothing_here)?;
    let sections = vec![Section::new(t, "section-words", fields)];
    let heading = t.code("alert-verb", verb);
    let page = FormPage {
        files: None,
        f: Frame::new(api, &person.visitor, heading.clone()),
        lead: t.code("alert-verb-lead", verb),
        action: format!("/alerts/{}/{verb}", row.id),
        back: format!("/alerts/{}", row.id),
        faults: summary(&sections, &faults, t),
        sections,
        hidden: vec![typed.message_field()],
        button: heading.clone(),
        heading,
        about: Some(row.alert.alert().headline.clone()),
        grave: verb == "cancel",
    };
    Ok(page.show())
}

fn fields(b: &Builder<'_>, verb: &str) -> Option<Vec<Field>> {
    Some(match verb {
        "acknowledge" => vec![b.area("note?", 3)],
        "sight" => vec![
            b.time("seen_from!time").half(),
            b.time("seen_to?!time").half().optional(),
            b.line("place?").half(),
            b.number("persons?!number").half().optional(),
            evaluation(b, "source").half(),
            evaluation(b, "information").half(),
            b.area("note?", 3),
        ],
        "contradict" => vec![
            b.radios(
                "difference",
                "difference",
                Difference::ALL.iter().map(|one| one.as_str()),
            ),
            b.area("text", 4),
            evaluation(b, "source").half(),
            evaluation(b, "information").half(),
        ],
        "cancel" => vec![b.area("reason", 4)],
        _ => return None,
    })
}

/// One half of an evaluation by the 4×4 system.
fn evaluation(b: &Builder<'_>, half: &str) -> Field {
    let name = format!("evaluation.{half}");
    match half {
        "source" => b.select(
            &name,
            "source",
            Source::ALL.iter().map(|one| one.as_str()),
            None,
        ),
        _ => b.select(
            &name,
            "accuracy",
            Accuracy::ALL.iter().map(|one| one.as_str()),
            None,
        ),
    }
}

/// `POST /alerts/{id}/{verb}`.
pub async fn say(
    State(api): State<Api>,
    person: Person,
    Place((id, verb)): Place<(MessageId, String)>,
    request: Request,
) -> Result<Response, Trouble> {
    if verb == "update" {
        return update(&api, &person, id, request).await;
    }
    let row = alert(&api, &person, id, &verb).await?;
    let typed = text_alone(&api, request).await?;
    let again = |faults| page(&api, &person, &row, &verb, &typed, faults);
    let tree = match Tree::of(&typed, &api.console.zone) {
        Ok(tree) => tree,
        Err(faults) => return again(faults),
    };
    let (command, action) = match command(&verb, tree.value.clone()) {
        Ok(command) => command,
        Err(fault) => return again(vec![fault]),
    };
    let on = OnAlert {
        alert: id,
        message: typed.message()?,
        command,
        audience: Audience::Members(Vec::new()),
    };
    match act(&api, &person, action, on, Vec::new()).await? {
        Ok(()) => Ok(see_other(&format!("/alerts/{id}"))),
        Err(faults) => again(tree.in_the_form(faults)),
    }
}

/// Does it; what is wrong with the form comes back.
async fn act(
    api: &Api,
    person: &Person,
    action: Action,
    on: OnAlert,
    attached: Vec<Attached>,
) -> Result<Result<(), Vec<FieldError>>, Trouble> {
    let permit = Permit::ask(api.member(), &person.caller, action).map_err(AppError::from)?;
    let ask = Ask::OnAlert {
        on: Box::new(on),
        attached,
    };
    match api.driver.ask(permit, ask).await? {
        Ok(_) => Ok(Ok(())),
        Err(AppError::Invalid(faults) | AppError::AlertNotNow(AlertRefused::Invalid(faults))) => {
            Ok(Err(faults))
        }
        Err(error) => Err(error.into()),
    }
}

fn command(verb: &str, value: serde_json::Value) -> Result<(AlertCommand, Action), FieldError> {
    fn read<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> Result<T, FieldError> {
        serde_json::from_value(value).map_err(|error| unreadable(&error))
    }
    let required = |path: &str| FieldError {
        path: path.to_owned(),
        code: "required",
        what: "must not be empty".to_owned(),
    };
    Ok(match verb {
        "acknowledge" => (
            AlertCommand::Acknowledge(read(value)?),
            Action::AcknowledgeAlert,
        ),
        "sight" => {
            if value.get("seen_from").is_none() {
                return Err(required("seen_from"));
            }
            (AlertCommand::Sight(read(value)?), Action::SightAlert)
        }
        "contradict" => {
            let said = read(value)?;
            (AlertCommand::Contradict(said), Action::ContradictAlert)
        }
        "cancel" => {
            let reason = value.get("reason").and_then(serde_json::Value::as_str);
            let reason = reason.unwrap_or_default().to_owned();
            (AlertCommand::Cancel(reason), Action::ReviseAlert)
        }
        _ => return Err(required("")),
    })
}
