//! One exchange: why it is opened, all that belongs to it, and what may be said in it now.

mod command;
mod say;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

use super::super::attachments::DownloadParams;
use super::super::auth::{Params, Place, SignedIn};
use super::super::problem::Failure;
use super::super::{Api, attachments, search, shapes};
use super::calendar::Moment;
use super::calls::{self, Pressing};
use super::form::Typed;
use super::guard::Person;
use super::lists::Chip;
use super::page::{Frame, show, show_as};
use super::search::Before;
use super::thread::{Item, items};
use super::trouble::{Trouble, see_other};
use crate::api::{Direction, ExchangeSummary, QuestionView};
use crate::app::rows::ExchangeRow;
use crate::app::{Action, AppError, Ask, Deed, OfficeAsk, OfficeReply, Reply};
use crate::base::{Digest, MessageId};

pub use say::{glance, handling, read, say, say_form};

/// The key that does something on the exchange's page, by its verb.
fn shortcut(verb: &str) -> Option<&'static str> {
    match verb {
        "accept" => Some("a"),
        "answer" | "clarify" | "feedback" => Some("r"),
        "refuse" => Some("x"),
        _ => None,
    }
}

/// Something that may be done now.
struct Deal {
    verb: String,
    word: String,
    key: Option<&'static str>,
    primary: bool,
}

/// A time in which the clock stood still.
struct Stop {
    began: Moment,
    ended: Option<Moment>,
}

/// The clock as the exchange's page shows it.
struct Clock {
    chip: Chip,
    started: Moment,
    due: Moment,
    stopped: Option<Moment>,
    limit: String,
    profile: String,
    stops: Vec<Stop>,
    expected: Option<Moment>,
    delay: Option<String>,
}

#[derive(Template)]
#[template(path = "exchange.html")]
struct ExchangePage {
    f: Frame,
    /// How far the exchange has come.
    latest: String,
    of: ExchangeSummary,
    incoming: bool,
    state: String,
    urgency: String,
    reason: Option<String>,
    clock: Option<Clock>,
    questions: Vec<(QuestionView, String, String)>,
    items: Vec<Item>,
    deals: Vec<Deal>,
    /// Whether the person may set it aside.
    may_snooze: bool,
    /// Until when the person has set it aside.
    snoozed: Option<Moment>,
    /// What presses, the most pressing first.
    pressing: Vec<Pressing>,
    /// Where a call is noted; nothing where the person may not.
    note: Option<String>,
    /// Other exchanges about the same.
    earlier: Vec<Before>,
    /// Since when the other member's keys are said to have been in other hands.
    compromised: Option<Moment>,
}

impl ExchangePage {
    /// Whether the person may pass on a correction that others are owed.
    fn passes_on(&self) -> bool {
        self.deals.iter().any(|deal| deal.verb == "pass-on")
    }
}

#[derive(Template)]
#[template(path = "why.html")]
struct WhyPage {
    f: Frame,
    id: MessageId,
    fault: bool,
    typed: String,
}

/// `GET /exchanges/{id}`.
pub async fn open(
    State(api): State<Api>,
    person: Person,
    Place(exchange): Place<MessageId>,
) -> Result<Response, Trouble> {
    let (api, person) = (&api, &person);
    if asks_why(api, person, exchange).await? {
        return Ok(show(&WhyPage {
            f: Frame::of(api, person, "why-title"),
            id: exchange,
            fault: false,
            typed: String::new(),
        }));
    }
    let ask = Ask::ReadExchange { exchange };
    let reply = api.ask(&person.caller, Action::ReadExchange, ask).await?;
    let Reply::Thread(row, entries) = reply else {
        return Err(AppError::NotFound("exchange").into());
    };
    let t = person.words();
    let of = api.summary(&row);
    let f = Frame::new(api, &person.visitor, of.reference.clone()).live();
    let events = shapes::events(&row.exchange, &entries);
    let questions = shapes::questions(&row.exchange).into_iter().map(|view| {
        let kind = t.code("question", &view.kind);
        let status = match (&view.outcome, &view.ground) {
            (Some(outcome), _) => t.code("outcome", outcome),
            (None, Some(ground)) => format!("{ground}: {}", t.code("ground", ground)),
            (None, None) => t.code("question-status", &view.status),
        };
        (view, kind, status)
    });
    let deals = deals(&shapes::actions(&row, &person.caller, f.now), t);
    let chip = Chip::of(of.clock.as_ref(), f.now, t);
    let snoozes = &api.console.snoozes;
    let snoozed = snoozes.until(person.caller.person, &row, &chip, f.now);
    Ok(show(&ExchangePage {
        latest: how_far(&row),
        incoming: of.direction == Direction::Incoming,
        state: t.code("state", &of.state),
        urgency: t.code("urgency", &of.urgency),
        reason: of.urgency_reason.as_ref().map(|reason| {
            let words = t.code("reason", reason);
            format!("{reason}: {words}")
        }),
        clock: clock(&of, shapes::delay_reason(&row.exchange), &f),
        questions: questions.collect(),
        items: items(&events, api.member(), &f),
        deals,
        may_snooze: snoozed.is_none() && chip.is_waiting(),
        snoozed: snoozed.map(|until| f.moment(until)),
        note: calls::of_exchange(api, person, exchange),
        pressing: of
            .attention
            .iter()
            .map(|one| Pressing::of(one, calls::of_exchange(api, person, exchange), &f))
            .collect(),
        earlier: search::earlier(&row)
            .into_iter()
            .map(|one| Before::of(one, &f))
            .collect(),
        compromised: of.compromised_since.map(|since| f.moment(since)),
        of,
        f,
    }))
}

/// `GET /exchanges/{id}/latest`: how far it has come, for an open page that shows it. Reading is
/// recorded, and is a person's to do: this is not, and says nothing of what is new.
pub async fn latest(
    State(api): State<Api>,
    person: Person,
    Place(exchange): Place<MessageId>,
) -> Result<String, Trouble> {
    Ok(how_far(&glance(&api, &person, exchange).await?))
}

/// Changes with whatever is said in an exchange and with the other side's receipts, and not with time.
fn how_far(row: &ExchangeRow) -> String {
    let receipt = row.receipt.as_ref().map(|receipt| receipt.size);
    let far = (&row.thread, receipt, row.exchange.state(), row.witnessed);
    Digest::of(format!("{far:?}").as_bytes()).short()
}

fn deals(verbs: &[String], t: super::language::Words) -> Vec<Deal> {
    // What is done first where several things may be done.
    let first = ["accept", "answer", "clarify", "feedback", "close"];
    let primary = first.iter().find(|verb| verbs.iter().any(|v| v == *verb));
    let mut seen = Vec::new();
    let mut deals = Vec::new();
    for verb in verbs {
        if seen.contains(&verb) || !say::FORMS.contains(&&**verb) {
            continue;
        }
        seen.push(verb);
        deals.push(Deal {
            word: t.code("verb", verb),
            key: shortcut(verb),
            primary: primary.is_some_and(|first| first == verb),
            verb: verb.clone(),
        });
    }
    // The first letter that two verbs share is the primary one's.
    deals.sort_by_key(|deal| !deal.primary);
    let mut taken = Vec::new();
    for deal in &mut deals {
        if let Some(key) = deal.key {
            if taken.contains(&key) {
                deal.key = None;
            }
            taken.push(key);
        }
    }
    deals
}

fn clock(of: &ExchangeSummary, delay: Option<String>, f: &Frame) -> Option<Clock> {
    let clock = of.clock.as_ref()?;
    let stops = clock.pauses.iter().map(|pause| Stop {
        began: f.moment(pause.began),
        ended: pause.ended.map(|ended| f.moment(ended)),
    });
    Some(Clock {
        chip: Chip::of(Some(clock), f.now, f.t),
        started: f.moment(clock.started),
        due: f.moment(clock.due),
        stopped: clock.stopped.map(|at| f.moment(at)),
        limit: f.t.code("limit", &clock.limit),
        profile: f.t.code("profile", &clock.profile),
        stops: stops.collect(),
        expected: clock.expected.map(|at| f.moment(at)),
        delay,
    })
}

/// Whether the person has to say first why they open it: it names persons, and they have not said
/// so in this session.
async fn asks_why(api: &Api, person: &Person, exchange: MessageId) -> Result<bool, Failure> {
    let ask = Ask::Office(OfficeAsk::NamesPersons { exchange });
    let reply = api.ask(&person.caller, Action::ReadExchange, ask).await?;
    let Reply::Office(reply) = reply else {
        return Err(AppError::NotFound("exchange").into());
    };
    let names = *reply == OfficeReply::NamesPersons(true);
    let sessions = &api.console.sessions;
    Ok(names && !sessions.is_justified(person.held, exchange))
}

/// `POST /exchanges/{id}/why`.
pub async fn justify(
    State(api): State<Api>,
    person: Person,
    Place(exchange): Place<MessageId>,
    typed: Typed,
) -> Result<Response, Trouble> {
    let why = typed.text("why").to_owned();
    let deed = Deed::Justified {
        conversation: exchange,
        why: why.clone(),
    };
    let ask = Ask::Office(OfficeAsk::Record(deed));
    match api.ask(&person.caller, Action::ReadExchange, ask).await {
        Ok(_) => {
            api.console.sessions.justify(person.held, exchange);
            Ok(see_other(&format!("/exchanges/{exchange}")))
        }
        Err(failure) if failure.0.code == "invalid" => {
            let page = WhyPage {
                f: Frame::of(&api, &person, "why-title"),
                id: exchange,
                fault: true,
                typed: why,
            };
            let status = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
            Ok(show_as(status, &page))
        }
        Err(failure) => Err(failure.into()),
    }
}

/// `GET /messages/{id}/attachments/{index}`: the file, to be saved and never shown.
pub async fn attachment(
    State(api): State<Api>,
    person: Person,
    place: Place<(MessageId, u16)>,
    of: Params<DownloadParams>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    let (id, index) = place.0;
    let caller = SignedIn(person.caller);
    let mut response = attachments::download(State(api), caller, place, of, headers).await?;
    // The sender's own name for it stands on the page; this one can do nothing to a disk.
    let name = format!("attachment; filename=\"{id}-{index}.bin\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
