//! The people of the node: added, changed, removed, and given a way back by two of them.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::super::Api;
use super::super::auth::Place;
use super::super::problem::Failure;
use super::calendar::Moment;
use super::form::Typed;
use super::guard::Person;
use super::page::{Frame, show_as};
use super::signin::unchanged;
use super::stepup;
use super::trouble::{Trouble, see_other};
use crate::app::{Action, AppError, Ask, Deed, OfficeAsk, People, PeopleError, Permit, PersonView};
use crate::base::{OsEntropy, PersonId, Role};
use crate::http::Unchanged;

/// One person on the page.
struct Row {
    of: PersonView,
    roles: String,
    added: Moment,
    code_until: Option<Moment>,
    asked: Option<Moment>,
    /// Who asked for a way back.
    asked_by: String,
    /// Whether the reader is this person.
    own: bool,
    /// Whether the reader may approve what was asked.
    may_approve: bool,
}

/// What is shown once and kept nowhere.
struct Shown {
    name: String,
    code: String,
    token: Option<String>,
}

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    f: Frame,
    rows: Vec<Row>,
    roles: Vec<(String, String, bool)>,
    may_manage: bool,
    shown: Option<Shown>,
    fault: Option<String>,
    name: String,
}

fn may(api: &Api, person: &Person, action: Action) -> Result<(), Trouble> {
    let permit = Permit::ask(api.member(), &person.caller, action);
    permit.map_err(AppError::from)?;
    Ok(())
}

/// `GET /people`.
pub async fn page(State(api): State<Api>, person: Person) -> Result<Response, Trouble> {
    may(&api, &person, Action::RecoverPerson)?;
    Ok(list(&api, &person, None, None, &Typed::default()))
}

fn list(
    api: &Api,
    person: &Person,
    shown: Option<Shown>,
    fault: Option<String>,
    typed: &Typed,
) -> Response {
    let f = Frame::of(api, person, "people-title");
    let me = person.caller.person;
    let all = api.people.current().all();
    let name_of = |id: PersonId| {
        let found = all.iter().find(|one| one.id == id);
        found.map_or_else(|| id.to_string(), |one| one.name.clone())
    };
    let row = |one: &PersonView| {
        let words = one.roles.iter().map(|role| f.t.code("role", role.as_str()));
        let words: Vec<String> = words.collect();
        Row {
            roles: words.join(&f.t.say("list-comma")),
            added: f.moment(one.added),
            code_until: one.code_until.map(|until| f.moment(until)),
            asked: one.recovery.map(|recovery| f.moment(recovery.asked)),
            asked_by: one
                .recovery
                .map_or_else(String::new, |r| name_of(r.asked_by)),
            own: one.id == me,
            may_approve: one
                .recovery
                .is_some_and(|r| r.asked_by != me && one.id != me),
            of: one.clone(),
        }
    };
    let roles = Role::ALL.iter().filter(|role| **role != Role::Node);
    let roles = roles.map(|role| {
        let code = role.as_str();
        let chosen = typed.all("role").any(|one| one == code);
        (code.to_owned(), f.t.code("role", code), chosen)
    });
    let status = match &fault {
        None => StatusCode::OK,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = PeoplePage {
        rows: all.iter().map(row).collect(),
        roles: roles.collect(),
        may_manage: person.caller.roles.contains(&Role::Admin),
        shown,
        fault,
        name: typed.text("name").to_owned(),
        f,
    };
    show_as(status, &page)
}

async fn record(api: &Api, person: &Person, action: Action, deed: Deed) -> Result<(), Failure> {
    let ask = Ask::Office(OfficeAsk::Record(deed));
    api.ask(&person.caller, action, ask).await?;
    Ok(())
}

/// Says why the people are as they were.
fn not_changed(
    api: &Api,
    person: &Person,
    error: Unchanged,
    typed: &Typed,
) -> Result<Response, Trouble> {
    match error {
        Unchanged::Refused(refused) if refused != PeopleError::NobodyThere => {
            Ok(list(api, person, None, Some(refused.to_string()), typed))
        }
        Unchanged::Refused(_) | Unchanged::Storage => Err(unchanged(error).into()),
    }
}

fn roles_of(typed: &Typed) -> Vec<Role> {
    typed
        .all("role")
        .filter_map(|code| code.parse().ok())
        .collect()
}

/// `POST /people`: adds a person. Their code and token are shown once.
pub async fn add(
    State(api): State<Api>,
    person: Person,
    typed: Typed,
) -> Result<Response, Trouble> {
    may(&api, &person, Action::ManagePeople)?;
    if let Some(page) = stepup::needed(&api, &person, Some(&typed)) {
        return Ok(page);
    }
    let (name, roles, now) = (typed.text("name"), roles_of(&typed), person.visitor.now);
    let (id, mut added) = (PersonId::new(&mut OsEntropy), None);
    let mut add = |people: &mut People| {
        added = Some(people.add_as(id, name, &roles, now, &mut OsEntropy)?);
        Ok(())
    };
    if let Err(error) = api.people.can(&mut add) {
        return not_changed(&api, &person, error, &typed);
    }
    record(&api, &person, Action::ManagePeople, Deed::PersonAdded(id)).await?;
    if let Err(error) = api.people.change(&mut add) {
        return not_changed(&api, &person, error, &typed);
    }
    let added = added.ok_or_else(Trouble::nothing_here)?;
    let shown = Shown {
        name: name.to_owned(),
        code: added.code,
        token: Some(added.token),
    };
    Ok(list(&api, &person, Some(shown), None, &Typed::default()))
}

/// `POST /people/{id}/{deed}`: `roles`, `remove`, `recover` or `approve`.
pub async fn change(
    State(api): State<Api>,
    person: Person,
    Place((id, what)): Place<(String, String)>,
    typed: Typed,
) -> Result<Response, Trouble> {
    let id = PersonId::try_from(id).map_err(|_| Trouble::nothing_here())?;
    let (action, deed) = match what.as_str() {
        "roles" => (Action::ManagePeople, Deed::PersonChanged(id)),
        "remove" => (Action::ManagePeople, Deed::PersonRemoved(id)),
        "recover" => (Action::RecoverPerson, Deed::RecoveryAsked(id)),
        "approve" => (Action::RecoverPerson, Deed::RecoveryApproved(id)),
        _ => return Err(Trouble::nothing_here()),
    };
    may(&api, &person, action)?;
    if let Some(page) = stepup::needed(&api, &person, Some(&typed)) {
        return Ok(page);
    }
    let (me, now, roles) = (person.caller.person, person.visitor.now, roles_of(&typed));
    let mut code = None;
    let mut change = |people: &mut People| match what.as_str() {
        "roles" => people.change_roles(id, &roles),
        // Nobody leaves a node without whoever could undo it.
        "remove" if id == me => Err(PeopleError::TwoPeople),
        "remove" => people.remove(id),
        "recover" => people.ask_recovery(id, me, now),
        _ => {
            code = Some(people.approve_recovery(id, me, now, &mut OsEntropy)?);
            Ok(())
        }
    };
    if let Err(error) = api.people.can(&mut change) {
        return not_changed(&api, &person, error, &typed);
    }
    record(&api, &person, action, deed).await?;
    if let Err(error) = api.people.change(&mut change) {
        return not_changed(&api, &person, error, &typed);
    }
    match what.as_str() {
        "remove" => api.console.leave(id),
        "approve" => api.console.sessions.end_all(id),
        _ => (),
    }
    let Some(code) = code else {
        return Ok(see_other("/people"));
    };
    let name = api.people.current().by_id(id).map(|caller| caller.name);
    let shown = Shown {
        name: name.unwrap_or_default(),
        code,
        token: None,
    };
    Ok(list(&api, &person, Some(shown), None, &Typed::default()))
}
