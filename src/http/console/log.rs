//! The log as auditors browse it: who did what, when and why, never the content; verified whole by
//! one button, and taken out as a bundle.

use std::io::{Seek as _, SeekFrom};
use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::unfold;
use serde::Deserialize;
use tokio::sync::watch;
use tokio_util::io::ReaderStream;

use super::super::Api;
use super::super::problem::Failure;
use super::calendar::Moment;
use super::form::Typed;
use super::guard::Person;
use super::language::Part;
use super::page::{Frame, show};
use super::stepup;
use super::trouble::{Trouble, see_other};
use crate::app::{
    Action, AppError, Ask, Deed, LogFilter, LogLine, OfficeAsk, OfficeReply, Permit, Reply,
};
use crate::audit::{EntryKind, EventCode};
use crate::base::{PersonId, Role};
use crate::store::{VerifyReport, export_folder, verify_folder};

/// Lines on one page.
const PAGE: usize = 100;

/// What the log is narrowed by, as it was typed.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Narrowed {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    event: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    person: String,
    #[serde(default)]
    exchange: String,
    before: Option<u64>,
}

impl Narrowed {
    fn filter(&self) -> LogFilter {
        let mut exchange = [0; 16];
        let named = hex::decode_to_slice(self.exchange.trim(), &mut exchange).is_ok();
        LogFilter {
            kind: EntryKind::ALL
                .into_iter()
                .find(|kind| kind.as_str() == self.kind),
            event: EventCode::ALL
                .iter()
                .copied()
                .find(|event| event.as_str() == self.event),
            person: PersonId::try_from(self.person.clone()).ok(),
            role: Role::ALL
                .into_iter()
                .find(|role| role.as_str() == self.role),
            exchange: named.then_some(exchange),
            peer: None,
            since: None,
            until: None,
        }
    }

    /// The query of the page that goes on before an entry.
    fn query(&self, before: u64) -> String {
        let part = |name: &str, value: &str| format!("{name}={}&", super::trouble::encoded(value));
        [
            part("kind", &self.kind),
            part("event", &self.event),
            part("role", &self.role),
            part("person", &self.person),
            part("exchange", &self.exchange),
            format!("before={before}"),
        ]
        .concat()
    }
}

/// One line of the page.
struct Line {
    of: LogLine,
    at: Moment,
    event: String,
    kind: String,
    role: String,
    who: String,
    exchange: Option<String>,
}

/// A value to choose, its word, and whether it is chosen.
type Choice = (String, String, bool);

#[derive(Template)]
#[template(path = "log.html")]
struct LogPage {
    f: Frame,
    lines: Vec<Line>,
    next: Option<String>,
    kinds: Vec<Choice>,
    events: Vec<Choice>,
    roles: Vec<Choice>,
    people: Vec<Choice>,
    exchange: String,
}

/// `GET /log`.
pub async fn browse(
    State(api): State<Api>,
    person: Person,
    Query(narrowed): Query<Narrowed>,
) -> Result<Response, Trouble> {
    let ask = Ask::Office(OfficeAsk::ReadLog {
        filter: narrowed.filter(),
        limit: PAGE,
        before: narrowed.before,
    });
    let reply = api.ask(&person.caller, Action::ReadLog, ask).await?;
    let Reply::Office(reply) = reply else {
        return Err(Trouble::nothing_here());
    };
    let OfficeReply::Log(lines, next) = *reply else {
        return Err(Trouble::nothing_here());
    };
    // Reading the log is on record as well.
    let ask = Ask::Office(OfficeAsk::Record(Deed::LogRead));
    api.ask(&person.caller, Action::ReadLog, ask).await?;
    let f = Frame::of(&api, &person, "log-title");
    let t = f.t;
    let people = api.people.current().all();
    let who = |line: &LogLine| {
        let mut known = people.iter().filter(|_| line.own);
        let known = known.find(|one| one.id == line.person);
        match (line.role, known) {
            (Role::Node, _) => t.code("role", "node"),
            (_, Some(one)) => one.name.clone(),
            (_, None) => line.person.to_string()[..8].to_owned(),
        }
    };
    let words = |text: &str| text.replace('-', " ");
    let lines = lines.into_iter().map(|line| Line {
        at: f.moment(line.at),
        event: words(line.event.as_str()),
        kind: t.code("entry-kind", line.kind.as_str()),
        role: t.code("role", line.role.as_str()),
        who: who(&line),
        exchange: line.exchange.map(hex::encode),
        of: line,
    });
    let choice =
        |value: &str, word: String, chosen: &str| (value.to_owned(), word, value == chosen);
    let kinds = EntryKind::ALL.iter().map(|kind| {
        let word = t.code("entry-kind", kind.as_str());
        choice(kind.as_str(), word, &narrowed.kind)
    });
    let events = EventCode::ALL
        .iter()
        .map(|event| choice(event.as_str(), words(event.as_str()), &narrowed.event));
    let roles = Role::ALL.iter().map(|role| {
        let word = t.code("role", role.as_str());
        choice(role.as_str(), word, &narrowed.role)
    });
    let named = people
        .iter()
        .map(|one| choice(&one.id.to_string(), one.name.clone(), &narrowed.person));
    Ok(show(&LogPage {
        lines: lines.collect(),
        next: next.map(|before| narrowed.query(before)),
        kinds: kinds.collect(),
        events: events.collect(),
        roles: roles.collect(),
        people: named.collect(),
        exchange: narrowed.exchange.clone(),
        f,
    }))
}

/// How far the verification of the log is.
#[derive(Debug, Clone, Default)]
pub enum Verification {
    /// Nobody asked for one since the node started.
    #[default]
    None,
    /// So many bytes of so many are done.
    Running(u64, u64),
    /// It holds.
    Holds(Box<VerifyReport>),
    /// It does not, and why.
    Fails(String),
}

/// The verification of the log, one at a time.
#[derive(Clone)]
pub struct Verifier(Arc<watch::Sender<Verification>>);

impl Default for Verifier {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Verification::None)))
    }
}

impl Verifier {
    /// Begins, unless one runs.
    fn begin(&self, dir: std::path::PathBuf) {
        let began = self.0.send_if_modified(|state| match state {
            Verification::Running(..) => false,
            Verification::None | Verification::Holds(_) | Verification::Fails(_) => {
                *state = Verification::Running(0, 0);
                true
            }
        });
        if !began {
            return;
        }
        let told = self.0.clone();
        tokio::task::spawn_blocking(move || {
            let outcome = verify_folder(&dir, &mut |done, total| {
                told.send_replace(Verification::Running(done, total));
            });
            told.send_replace(match outcome {
                Ok(report) => Verification::Holds(Box::new(report)),
                Err(failure) => Verification::Fails(failure.to_string()),
            });
        });
    }
}

#[derive(Template)]
#[template(path = "verify.html")]
struct VerifyPage {
    f: Frame,
    state: Verification,
}

fn may_verify(api: &Api, person: &Person) -> Result<(), Trouble> {
    let permit = Permit::ask(api.member(), &person.caller, Action::ReadLog);
    permit.map_err(AppError::from)?;
    Ok(())
}

/// `GET /log/verify`.
pub async fn verification(State(api): State<Api>, person: Person) -> Result<Response, Trouble> {
    may_verify(&api, &person)?;
    let state = api.console.verifier.0.borrow().clone();
    Ok(show(&VerifyPage {
        f: Frame::of(&api, &person, "verify-title"),
        state,
    }))
}

/// `POST /log/verify`.
pub async fn verify(State(api): State<Api>, person: Person, _: Typed) -> Result<Response, Trouble> {
    let ask = Ask::Office(OfficeAsk::Record(Deed::LogVerified));
    api.ask(&person.caller, Action::ReadLog, ask).await?;
    api.console.verifier.begin(api.console.dir.to_path_buf());
    Ok(see_other("/log/verify"))
}

/// `GET /log/verify/progress`: parts of a thousand, and `end` once it is over.
pub async fn progress(State(api): State<Api>, person: Person) -> Result<Response, Trouble> {
    may_verify(&api, &person)?;
    let Some(listening) = api.console.listeners.one_more(person.caller.person) else {
        return Ok(axum::http::StatusCode::TOO_MANY_REQUESTS.into_response());
    };
    let state = api.console.verifier.0.subscribe();
    let stream = unfold(
        (state, false, listening),
        |(mut state, ended, listening)| async move {
            if ended {
                return None;
            }
            state.changed().await.ok()?;
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            let now = state.borrow_and_update().clone();
            let (event, ended) = match now {
                Verification::Running(done, total) => {
                    let parts = done.saturating_mul(1_000) / total.max(1);
                    let event = Event::default().event("progress").data(parts.to_string());
                    (event, false)
                }
                Verification::None | Verification::Holds(_) | Verification::Fails(_) => {
                    (Event::default().event("end").data("end"), true)
                }
            };
            Some((
                Ok::<_, std::convert::Infallible>(event),
                (state, ended, listening),
            ))
        },
    );
    let stream = Sse::new(stream).keep_alive(KeepAlive::default());
    Ok(stream.into_response())
}

/// What comes before anything of the log is exported: leave, a fresh proof of who asks, for which a
/// page may have to be shown first, and the record.
pub async fn before_export(
    api: &Api,
    person: &Person,
    typed: &Typed,
) -> Result<Option<Response>, Trouble> {
    let permit = Permit::ask(api.member(), &person.caller, Action::ExportLog);
    permit.map_err(AppError::from)?;
    if let Some(page) = stepup::needed(api, person, Some(typed)) {
        return Ok(Some(page));
    }
    let ask = Ask::Office(OfficeAsk::Record(Deed::LogExported));
    api.ask(&person.caller, Action::ExportLog, ask).await?;
    Ok(None)
}

/// `POST /log/export`: the whole log as a bundle that anybody can verify.
pub async fn export(
    State(api): State<Api>,
    person: Person,
    typed: Typed,
) -> Result<Response, Trouble> {
    if let Some(page) = before_export(&api, &person, &typed).await? {
        return Ok(page);
    }
    let dir = api.console.dir.clone();
    let written = tokio::task::spawn_blocking(move || {
        let mut file = tempfile::tempfile_in(dir.join("state")).map_err(|e| e.to_string())?;
        export_folder(&dir, &mut file, &mut |_, _| ()).map_err(|e| e.to_string())?;
        file.seek(SeekFrom::Start(0)).map_err(|e| e.to_string())?;
        Ok::<_, String>(file)
    });
    let file = written.await.map_err(|_| AppError::Stopping)?;
    let file = file.map_err(|why| {
        let next = "Verify the log first: it names what is at fault.";
        let status = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
        Failure::new(status, "export-failed", why, next)
    })?;
    let stream = ReaderStream::new(tokio::fs::File::from_std(file));
    let mut response = Body::from_stream(stream).into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("application/x-tar");
    headers.insert(header::CONTENT_TYPE, kind);
    let day = &person.visitor.now.to_string()[..10];
    let name = format!(
        "attachment; filename=\"liaison-{}-{day}.tar\"",
        api.member()
    );
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

impl VerifyPage {
    fn percent(&self) -> u64 {
        match self.state {
            Verification::Running(done, total) => done.saturating_mul(1_000) / total.max(1),
            Verification::None | Verification::Holds(_) | Verification::Fails(_) => 0,
        }
    }

    fn told(&self, report: &VerifyReport) -> String {
        let entries = report.head.map_or(0, |head| head.size);
        let parts = [
            ("entries", Part::from(entries)),
            ("checkpoints", Part::from(report.checkpoints)),
        ];
        self.f.t.put("verify-holds", &parts)
    }

    fn root(&self, report: &VerifyReport) -> String {
        report
            .head
            .map_or_else(String::new, |head| head.root.to_string())
    }
}
