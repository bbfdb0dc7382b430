//! What a person says in an exchange: a form for each verb, and saying it.

use axum::extract::{Request, State};
use axum::response::Response;

use super::super::super::auth::Place;
use super::super::super::{Api, shapes};
use super::super::compose;
use super::super::files::{self, Chosen};
use super::super::form::{Builder, Field, MESSAGE, Section, Tree, Typed};
use super::super::formpage::{Faults, FormPage, summary};
use super::super::guard::Person;
use super::super::page::Frame;
use super::super::trouble::{Trouble, see_other};
use super::asks_why;
use super::command::asked;
use crate::app::rows::ExchangeRow;
use crate::app::{Action, AppError, Ask, Reached, Reply};
use crate::base::{MessageId, Timestamp};
use crate::domain::handling::{HandlingCode, Tlp};
use crate::domain::profile::Access;
use crate::domain::rfi::{
    Consequence, CorrectionTold, Flaw, Ground, Outcome, Remedy, SaidMessage, Side, Usefulness,
};

/// What the console has a form for; the rest is done by the command or the API.
pub(super) const FORMS: [&str; 16] = [
    "correct",
    "acknowledge",
    "pass-on",
    "permissions",
    "accept",
    "answer",
    "refuse",
    "clarify",
    "channel",
    "await",
    "transfer",
    "feedback",
    "withdraw",
    "close",
    "reopen",
    "forward",
];

/// The exchange, if the person may see it and has said why where that is asked. That it was looked at
/// is not recorded.
///
/// # Errors
/// [`Trouble`].
pub async fn glance(api: &Api, person: &Person, id: MessageId) -> Result<ExchangeRow, Trouble> {
    // What is not justified is not answered either.
    if asks_why(api, person, id).await? {
        return Err(Trouble::Onward(format!("/exchanges/{id}")));
    }
    let ask = Ask::GlanceExchange { exchange: id };
    let reply = api.ask(&person.caller, Action::ListExchanges, ask).await?;
    let Reply::Exchanges(mut rows, _) = reply else {
        return Err(Trouble::nothing_here());
    };
    rows.pop().ok_or_else(Trouble::nothing_here)
}

/// The exchange, which the person is shown something of: that is recorded like reading its page, and
/// the other side gets a receipt of what was opened.
///
/// # Errors
/// [`Trouble`].
pub async fn read(api: &Api, person: &Person, id: MessageId) -> Result<ExchangeRow, Trouble> {
    let ask = Ask::ReadExchange { exchange: id };
    let reply = api.ask(&person.caller, Action::ReadExchange, ask).await?;
    let Reply::Thread(row, _) = reply else {
        return Err(Trouble::nothing_here());
    };
    Ok(*row)
}

/// Whether a verb's form shows what was said in the exchange.
fn shows_content(row: &ExchangeRow, verb: &str) -> bool {
    match verb {
        "answer" | "refuse" | "reopen" | "acknowledge" => true,
        "clarify" => row.exchange.side() == Side::Requested,
        _ => false,
    }
}

/// That the person may say this in it now.
fn may_say(row: &ExchangeRow, person: &Person, verb: &str) -> Result<(), Trouble> {
    let may = shapes::actions(row, &person.caller, person.visitor.now);
    match may.iter().any(|one| one == verb) {
        true => Ok(()),
        false => Err(Trouble::nothing_here()),
    }
}

/// `GET /exchanges/{id}/{verb}`.
pub async fn say_form(
    State(api): State<Api>,
    person: Person,
    Place((id, verb)): Place<(MessageId, String)>,
) -> Result<Response, Trouble> {
    let row = glance(&api, &person, id).await?;
    may_say(&row, &person, &verb)?;
    let typed = defaults(&row, &verb, Typed::default().with_message());
    page(&api, &person, &row, &verb, &typed, Faults::default()).await
}

fn defaults(row: &ExchangeRow, verb: &str, typed: Typed) -> Typed {
    let outcome = match says_no_hit_alone(row, verb) {
        true => Outcome::NoHit,
        false => Outcome::Hit,
    };
    match verb {
        "accept" => typed.or("access", "direct"),
        "answer" => typed
            .or("outcome", outcome.as_str())
            .or("handling.codes[]", "H1")
            .or("handling.tlp", "AMBER")
            .or("handling.retention_days!number", "1825"),
        _ => typed,
    }
}

async fn page(
    api: &Api,
    person: &Person,
    row: &ExchangeRow,
    verb: &str,
    typed: &Typed,
    faults: Faults,
) -> Result<Response, Trouble> {
    let read = match shows_content(row, verb) {
        true => Some(read(api, person, row.id).await?),
        false => None,
    };
    let row = read.as_ref().unwrap_or(row);
    let t = person.words();
    let files = match takes_files(verb) {
        true => Some(Chosen::of(api, person, typed.message()?, faults.file)),
        false => None,
    };
    // Files that were chosen before that can be taken away still.
    let files = files.filter(|chosen| !says_no_hit_alone(row, verb) || !chosen.listed.is_empty());
    let faults = faults.fields;
    let builder = Builder {
        t,
        typed,
        faults: &faults,
    };
    let now = person.visitor.now;
    let sections = sections(&builder, row, verb, now).ok_or_else(Trouble::nothing_here)?;
    let heading = t.code("verb", verb);
    let page = FormPage {
        f: Frame::new(api, &person.visitor, heading.clone()),
        lead: t.code("verb-lead", verb),
        action: format!("/exchanges/{}/{verb}", row.id),
        back: format!("/exchanges/{}", row.id),
        faults: summary(&sections, &faults, t),
        sections,
        files,
        hidden: hidden(typed, row, verb),
        button: heading.clone(),
        heading,
        about: Some(row.exchange.request().reference.clone()),
        grave: matches!(verb, "refuse" | "withdraw"),
    };
    Ok(page.show())
}

/// The message's id, so that a form sent twice says it once; and which question each answer is to.
fn hidden(typed: &Typed, row: &ExchangeRow, verb: &str) -> Vec<(String, String)> {
    let questions = match verb {
        "answer" => row.exchange.request().questions.len(),
        _ => 0,
    };
    let number = |place: usize| {
        (
            format!("answers[{place}].question~~!number"),
            place.to_string(),
        )
    };
    [typed.message_field()]
        .into_iter()
        .chain((0..questions).map(number))
        .collect()
}

fn sections(
    b: &Builder<'_>,
    row: &ExchangeRow,
    verb: &str,
    now: Timestamp,
) -> Option<Vec<Section>> {
    let t = b.t;
    let one = |fields| vec![Section::new(t, "section-words", fields)];
    let questions = |name: &str| {
        let asked = row.exchange.request().questions.iter().enumerate();
        let choice = |(place, question): (usize, &crate::domain::rfi::Question)| {
            (place.to_string(), question.text.clone())
        };
        b.checks(name, asked.map(choice))
    };
    Some(match verb {
        "accept" => one(vec![
            b.radios("access", "access", Access::ALL.iter().map(|a| a.as_str())),
            b.ltr("reference?").half(),
            b.area("note?", 3),
        ]),
        "answer" => answer(b, row),
        "refuse" => one(vec![
            b.select(
                "ground",
                "ground",
                Ground::ALL.iter().map(|g| g.as_str()),
                Some("choose"),
            ),
            questions("questions[]"),
            b.area("reason?", 4),
        ]),
        "clarify" => match row.exchange.side() {
            Side::Requested => one(vec![b.area("text", 5), questions("questions[]")]),
            Side::Requesting => one(vec![b.area("text", 6)]),
        },
        "channel" => one(vec![
            b.line("authority"),
            b.ltr("reference?").half(),
            b.area("note?", 3),
        ]),
        "await" => one(vec![b.time("expected!time").half(), b.area("reason", 4)]),
        "transfer" => one(vec![b.ltr("to").half(), b.area("reason", 4)]),
        "feedback" => one(vec![
            b.radios(
                "useful",
                "useful",
                Usefulness::ALL.iter().map(|u| u.as_str()),
            ),
            b.checks(
                "became[]",
                Consequence::ALL.iter().map(|one| {
                    let code = one.as_str();
                    (code.to_owned(), t.code("became", code))
                }),
            ),
            b.area("note?", 3),
        ]),
        "withdraw" => one(vec![b.area("reason", 4)]),
        "correct" | "acknowledge" | "pass-on" | "permissions" | "forward" => {
            one(about(b, row, verb, now))
        }
        "close" => one(vec![b.area("note?", 3)]),
        "reopen" => one(vec![b.area("reason", 4), questions("questions[]")]),
        _ => return None,
    })
}

/// The fields of what is about one message of the thread.
fn about(b: &Builder<'_>, row: &ExchangeRow, verb: &str, now: Timestamp) -> Vec<Field> {
    let t = b.t;
    let side = row.exchange.side();
    let number = |place: usize| t.number(place + 1);
    let said = row.exchange.said();
    let said = said.into_iter().enumerate();
    let called = |(place, said): (usize, SaidMessage)| {
        let kind = t.code("kind", said.kind.as_str());
        (said.id.to_string(), format!("{} {kind}", number(place)))
    };
    match verb {
        "correct" => vec![
            b.pick(
                "message",
                said.map(|one| by_whom(row, called(one), one.1.by)),
            ),
            b.radios("flaw", "flaw", Flaw::ALL.iter().map(|flaw| flaw.as_str())),
            b.radios(
                "remedy",
                "remedy",
                Remedy::ALL.iter().map(|one| one.as_str()),
            ),
            b.area("text", 5),
        ],
        "acknowledge" => {
            let open = |told: &CorrectionTold| told.by != side && told.acknowledged.is_none();
            let told = row.exchange.corrections().into_iter().filter(open);
            let called = told.map(|told| {
                let flaw = t.code("flaw", told.flaw.as_str());
                (told.id.to_string(), flaw)
            });
            vec![b.pick("correction", called), b.area("note?", 3)]
        }
        "pass-on" => {
            let mut owed: Vec<(String, String)> = Vec::new();
            for (correction, to) in shapes::to_pass_on(row, now) {
                let correction = correction.to_string();
                match owed.iter_mut().find(|(known, _)| *known == correction) {
                    Some((_, members)) => members.push_str(&format!(", {to}")),
                    None => owed.push((correction, to.to_string())),
                }
            }
            vec![b.pick("correction", owed.into_iter())]
        }
        "forward" => vec![b.pick(
            "message",
            shapes::passable(row, now).into_iter().map(called),
        )],
        _ => {
            vec![
                b.pick(
                    "message",
                    shapes::passable(row, now).into_iter().map(called),
                ),
                b.ltr("to").called(t.say("permission-to")).half(),
                b.area("purpose", 3),
            ]
        }
    }
}

/// A choice among messages that says who wrote the message.
fn by_whom(row: &ExchangeRow, choice: (String, String), by: Side) -> (String, String) {
    let [asking, asked] = row.exchange.members();
    let member = match by {
        Side::Requesting => asking,
        Side::Requested => asked,
    };
    (choice.0, format!("{}, {member}", choice.1))
}

fn answer(b: &Builder<'_>, row: &ExchangeRow) -> Vec<Section> {
    let t = b.t;
    if says_no_hit_alone(row, "answer") {
        let no_hit = [Outcome::NoHit.as_str()].into_iter();
        let outcome = vec![b.radios("outcome", "outcome", no_hit)];
        return vec![Section::new(t, "section-answer", outcome), handling(b)];
    }
    let outcomes = || Outcome::ALL.iter().map(|outcome| outcome.as_str());
    let mut each = Vec::new();
    for (place, question) in row.exchange.request().questions.iter().enumerate() {
        let outcome = b.select(
            &format!("answers[{place}].outcome?"),
            "outcome",
            outcomes(),
            Some("not-answered"),
        );
        let kind = t.code("question", question.kind.as_str());
        each.push(outcome.called(format!("{kind}: {}", question.text)));
        let text = b.area(&format!("answers[{place}].text?"), 2);
        each.push(text.called(t.with("answer-to", "number", place + 1)));
    }
    vec![
        Section::new(
            t,
            "section-answer",
            vec![
                b.radios("outcome", "outcome", outcomes()),
                b.area("text?", 6),
            ],
        ),
        Section::new(t, "section-each-question", each).folded(),
        handling(b),
    ]
}

/// The fields of what a receiver may do.
pub fn handling(b: &Builder<'_>) -> Section {
    let codes = HandlingCode::ALL.iter().map(|code| {
        let code = code.as_str();
        (
            code.to_owned(),
            format!("{code}: {}", b.t.code("handling", code)),
        )
    });
    let fields = vec![
        b.checks("handling.codes[]", codes),
        b.select(
            "handling.tlp",
            "tlp",
            Tlp::ALL.iter().map(|tlp| tlp.as_str()),
            None,
        )
        .half(),
        b.number("handling.retention_days!number").half(),
        b.line("handling.restriction?"),
        b.select(
            "handling.chatham_house?!bool",
            "answer",
            ["yes"],
            Some("answer-no"),
        )
        .half(),
    ];
    Section::new(b.t, "section-handling", fields)
}

/// Whether whoever hears it is out, and hears of no-hits alone, which say nothing more.
fn says_no_hit_alone(row: &ExchangeRow, verb: &str) -> bool {
    match row.reached {
        Reached::Whole => false,
        Reached::Out | Reached::Observer => verb == "answer",
    }
}

/// Whether files may go along with what is said.
fn takes_files(verb: &str) -> bool {
    matches!(verb, "answer" | "clarify")
}

/// `POST /exchanges/{id}/{verb}`.
pub async fn say(
    State(api): State<Api>,
    person: Person,
    Place((id, verb)): Place<(MessageId, String)>,
    request: Request,
) -> Result<Response, Trouble> {
    let row = glance(&api, &person, id).await?;
    let (typed, fault) = match takes_files(&verb) {
        true => files::read(&api, &person, request).await?,
        false => (files::text_alone(&api, request).await?, None),
    };
    // A form that is sent twice finds what the first one said.
    let said_before = |message: MessageId| {
        // What is passed on is said in another exchange, and noted in this one.
        let here = match verb.as_str() {
            "pass-on" => message.companion(),
            _ => message,
        };
        row.exchange.said().iter().any(|said| said.id == here)
    };
    if typed.text(MESSAGE).parse().is_ok_and(said_before) {
        return Ok(see_other(&format!("/exchanges/{id}")));
    }
    may_say(&row, &person, &verb)?;
    if verb == "forward"
        && let Ok(message) = typed.text("message").parse()
    {
        return compose::passing(&api, &person, &row, message).await;
    }
    let again = |faults: Faults| page(&api, &person, &row, &verb, &typed, faults);
    if let Some(fault) = fault {
        return again(fault.into()).await;
    }
    let tree = match Tree::of(&typed, &api.console.zone) {
        Ok(tree) => tree,
        Err(faults) => return again(faults.into()).await,
    };
    let message = typed.message()?;
    let (mut ask, action) = match asked(&verb, &row, message, tree.value.clone()) {
        Ok(asked) => asked,
        Err(fault) => return again(vec![fault].into()).await,
    };
    let permit = crate::app::Permit::ask(api.member(), &person.caller, action);
    let permit = permit.map_err(AppError::from)?;
    let (taken, hold) = files::take(&api, &person, row.peer, message).await?;
    if let Ask::Respond { attached, .. } = &mut ask {
        *attached = taken;
    }
    match hold.answered(api.driver.ask(permit, ask).await)? {
        // A second person has to see it first.
        Ok(Reply::Waits(..)) => Ok(see_other("/letters")),
        Ok(_) => Ok(see_other(&format!("/exchanges/{id}"))),
        Err(AppError::Invalid(faults)) => again(tree.in_the_form(faults).into()).await,
        Err(error) => Err(error.into()),
    }
}
