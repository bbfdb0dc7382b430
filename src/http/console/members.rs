//! The other members: how each stands, the safety number that people compare by telephone, and a
//! changed identity key that two people have to accept.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::super::Api;
use super::super::auth::{Body, Place, SignedIn};
use super::super::members;
use super::calendar::Moment;
use super::form::Typed;
use super::guard::Person;
use super::language::{Part, Words};
use super::lists::Chip;
use super::page::{Frame, show, show_as};
use super::stepup;
use super::trouble::{Trouble, see_other};
use crate::api::{CompareNumber, ConfirmedView, MemberView, ProposalView};
use crate::app::Action;
use crate::base::{MemberId, NodeId};

/// Somebody who confirmed something.
struct Confirmed {
    words: String,
    at: Moment,
}

impl Confirmed {
    fn of(by: &ConfirmedView, f: &Frame) -> Self {
        let role = f.t.code("role", by.role.as_str());
        let parts = [
            (
                "name",
                Part::from(by.by.clone().unwrap_or_else(|| role.clone())),
            ),
            ("role", Part::from(role)),
        ];
        Self {
            words: f.t.put("confirmed-by", &parts),
            at: f.moment(by.at),
        }
    }
}

/// A member on the page.
struct Row {
    of: MemberView,
    name: String,
    chip: Chip,
    compared: Option<Confirmed>,
    accepted: Vec<Confirmed>,
    changed: Option<Moment>,
    compromised: Option<Moment>,
}

impl Row {
    fn of(of: MemberView, f: &Frame) -> Self {
        let t = f.t;
        let chip = |class, icon, words| Chip { class, icon, words };
        let chip = match (&of.out, &of.compared) {
            (Some(why), _) => chip("late", "alarm", t.code("out", why)),
            (None, Some(_)) => chip("fine", "check", t.say("number-compared")),
            (None, None) => chip("soon", "alarm", t.say("number-not-compared")),
        };
        let changed = of.changed.as_ref();
        Self {
            name: t.code("member", of.member.as_str()),
            chip,
            compared: of.compared.as_ref().map(|by| Confirmed::of(by, f)),
            accepted: changed
                .map(|changed| changed.accepted.iter())
                .into_iter()
                .flatten()
                .map(|by| Confirmed::of(by, f))
                .collect(),
            changed: changed.map(|changed| f.moment(changed.since)),
            compromised: of.compromised_since.map(|since| f.moment(since)),
            of,
        }
    }
}

#[derive(Template)]
#[template(path = "members.html")]
struct MembersPage {
    f: Frame,
    rows: Vec<Row>,
    proposals: Vec<Proposal>,
}

/// A change of the trust list that is not in force.
struct Proposal {
    version: String,
    kept: Moment,
    /// Who or which node, and what becomes of it.
    changes: Vec<(String, String)>,
    chip: Chip,
    /// Whose signatures are waited for; nobody's where there are enough.
    missing: Vec<MemberId>,
}

impl Proposal {
    fn of(of: ProposalView, f: &Frame) -> Self {
        let t = f.t;
        let nodes = |key: &'static str, nodes: &[NodeId]| -> Vec<(String, String)> {
            let each = nodes.iter();
            each.map(|node| (node.to_string(), t.say(key))).collect()
        };
        let members = |key: &'static str, members: &[MemberId]| -> Vec<(String, String)> {
            let each = members.iter();
            each.map(|member| (member.to_string(), t.say(key)))
                .collect()
        };
        let changes = [
            nodes("proposal-joins", &of.joins),
            nodes("proposal-replaces", &of.replaces),
            members("proposal-leaves", &of.leaves),
            members("proposal-suspends", &of.suspends),
            members("proposal-takes-back", &of.takes_back),
        ];
        let parts = [
            ("signed", Part::from(of.signed_by.len())),
            ("needed", Part::from(of.needed)),
        ];
        let chip = |class, icon, words| Chip { class, icon, words };
        let chip = match of.complete {
            true => chip("fine", "check", t.say("proposal-complete")),
            false => chip("soon", "clock", t.put("proposal-signed", &parts)),
        };
        Self {
            version: t.number(of.version),
            kept: f.moment(of.kept),
            changes: changes.concat(),
            chip,
            missing: match of.complete {
                true => Vec::new(),
                false => of.missing,
            },
        }
    }
}

#[derive(Template)]
#[template(path = "member.html")]
struct MemberPage {
    f: Frame,
    row: Row,
    /// The number in groups of five digits.
    number: Vec<String>,
    may_compare: bool,
    may_accept: bool,
    /// Whether the reader accepted the key, so that somebody else has to.
    has_accepted: bool,
    typed: String,
    fault: Option<String>,
}

/// `GET /members`.
pub async fn page(State(api): State<Api>, person: Person) -> Result<Response, Trouble> {
    let f = Frame::of(&api, &person, "members-title");
    let listed = members::list(State(api), SignedIn(person.caller)).await?;
    let rows = listed.0.members.into_iter().map(|of| Row::of(of, &f));
    let proposals = listed.0.proposals.into_iter();
    Ok(show(&MembersPage {
        rows: rows.collect(),
        proposals: proposals.map(|of| Proposal::of(of, &f)).collect(),
        f,
    }))
}

/// `GET /members/{member}`.
pub async fn open(
    State(api): State<Api>,
    person: Person,
    Place(member): Place<MemberId>,
) -> Result<Response, Trouble> {
    one(&api, &person, member, "", None).await
}

async fn one(
    api: &Api,
    person: &Person,
    member: MemberId,
    typed: &str,
    fault: Option<String>,
) -> Result<Response, Trouble> {
    let caller = SignedIn(person.caller.clone());
    let of = members::show(State(api.clone()), caller, Place(member)).await?;
    let of = of.0;
    let may = |action: Action| {
        let roles = action.roles();
        person.caller.roles.iter().any(|role| roles.contains(role))
    };
    let number = of.safety_number.clone().unwrap_or_default();
    // Names are single at a node, and whoever is gone has none.
    let own = |by: &ConfirmedView| by.by.as_ref() == Some(&person.caller.name);
    let changed = of.changed.as_ref();
    let has_accepted = changed.is_some_and(|changed| changed.accepted.iter().any(own));
    let title = person.words().code("member", member.as_str());
    let f = Frame::new(api, &person.visitor, title);
    let status = match &fault {
        None => StatusCode::OK,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = MemberPage {
        number: number.split(' ').map(str::to_owned).collect(),
        may_compare: !number.is_empty() && may(Action::CompareIdentity),
        may_accept: changed.is_some() && !has_accepted && may(Action::AcceptIdentity),
        has_accepted,
        row: Row::of(of, &f),
        typed: typed.to_owned(),
        fault,
        f,
    };
    Ok(show_as(status, &page))
}

/// `POST /members/{member}/compare`: the number that its people read out.
pub async fn compare(
    State(api): State<Api>,
    person: Person,
    Place(member): Place<MemberId>,
    typed: Typed,
) -> Result<Response, Trouble> {
    let number = typed.text("number").to_owned();
    let body = Body(CompareNumber {
        number: number.clone(),
    });
    let caller = SignedIn(person.caller.clone());
    let compared = members::compare(State(api.clone()), caller, Place(member), body).await;
    match compared {
        Ok(_) => Ok(see_other(&format!("/members/{member}"))),
        Err(failure) if failure.0.status == 404 || failure.0.status == 403 => Err(failure.into()),
        Err(failure) => {
            let told = told(&failure.0.code, person.words());
            let told = told.unwrap_or(failure.0.detail);
            one(&api, &person, member, &number, Some(told)).await
        }
    }
}

fn told(code: &str, t: Words) -> Option<String> {
    match code {
        "malformed-input" => Some(t.say("number-malformed")),
        "number-differs" => Some(t.say("number-differs")),
        _ => None,
    }
}

/// `POST /members/{member}/accept`: the changed identity key.
pub async fn accept(
    State(api): State<Api>,
    person: Person,
    Place(member): Place<MemberId>,
    typed: Typed,
) -> Result<Response, Trouble> {
    if let Some(page) = stepup::needed(&api, &person, Some(&typed)) {
        return Ok(page);
    }
    let caller = SignedIn(person.caller);
    let _standing = members::accept(State(api), caller, Place(member)).await?;
    Ok(see_other(&format!("/members/{member}")))
}
