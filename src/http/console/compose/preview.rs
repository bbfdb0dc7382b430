//! What a draft comes to before it leaves: who gets it, what they may do with it, and what they read.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::super::super::Api;
use super::super::super::auth::Place;
use super::super::super::search;
use super::super::calendar::span;
use super::super::drafts::Draft;
use super::super::files::{self, Listed};
use super::super::guard::Person;
use super::super::language::{Part, Words};
use super::super::page::{Frame, show_as};
use super::super::search::Before;
use super::super::thread::{Group, groups};
use super::super::trouble::Trouble;
use super::passing::Passes;
use super::{form, may_ask, members, read};
use crate::app::{Action, Ask, Attached, Reply, names_persons};
use crate::base::{Digest, MemberId, MessageId};
use crate::domain::handling::{Handling, HandlingCode};
use crate::domain::rfi::Request;

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
    /// That it is not what was shown before.
    changed: Option<String>,
    /// What stands on the page, so that nothing else is sent from it.
    shown: String,
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

/// Why a draft is shown once more.
#[derive(Debug, Clone, Copy)]
pub enum Unlike<'k> {
    /// Something is wrong with a file: what, by its key among the words.
    File(&'k str),
    /// It is not what the page showed from which it was to be sent.
    Shown,
}

/// What a preview shows: what was typed, and the files.
pub(super) fn shown(draft: &Draft, files: &[Attached]) -> String {
    let all = (&draft.template, &draft.typed, files::shown(files));
    Digest::of(format!("{all:?}").as_bytes()).to_string()
}

/// Who gets a draft, and what they may do with it; `fault` is why it is shown once more.
pub async fn preview(
    api: &Api,
    person: &Person,
    draft: &Draft,
    fault: Option<Unlike<'_>>,
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
    let files = files::of(api, person, draft.id);
    let page = PreviewPage {
        id: draft.id,
        template: draft.template.clone(),
        recipients: recipients.collect(),
        rules: rules(&request, t),
        protections: protections(&request, t),
        groups: groups(&content, &f),
        shown: shown(draft, &files),
        files: files.into_iter().map(Listed::of).collect(),
        file_fault: match fault {
            Some(Unlike::File(fault)) => Some(t.say(fault)),
            Some(Unlike::Shown) | None => None,
        },
        changed: match fault {
            Some(Unlike::Shown) => Some(t.say("draft-changed")),
            Some(Unlike::File(_)) | None => None,
        },
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
