//! The inbox, by time left, and what this office asked others.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::super::Api;
use super::super::shapes;
use super::calendar::{Moment, span};
use super::drafts::Draft;
use super::guard::{Person, Visitor};
use super::language::{Part, Words};
use super::page::{Frame, show};
use super::trouble::{Trouble, see_other};
use crate::api::{ClockView, ExchangeSummary};
use crate::app::rows::ExchangeRow;
use crate::app::{Action, AppError, Ask, Order, Reply};
use crate::base::{Role, Timestamp};

/// Exchanges on one page.
const PAGE: usize = 50;

/// `GET /`: where each role begins its day.
pub async fn home(visitor: Visitor) -> Response {
    let Some((caller, _)) = &visitor.signed_in else {
        return see_other("/sign-in");
    };
    let has = |role: Role| caller.roles.contains(&role);
    let place = if has(Role::Officer) || has(Role::Contact) || has(Role::Releaser) {
        "/inbox"
    } else if has(Role::Auditor) {
        "/log"
    } else if has(Role::Admin) {
        "/node"
    } else {
        "/alerts"
    };
    see_other(place)
}

/// A clock as a reader takes it in at a glance: colour, icon and words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chip {
    /// The class of its colour: `late`, `soon`, `fine`, `still`, `done`.
    pub class: &'static str,
    /// The name of its icon.
    pub icon: &'static str,
    /// Its words.
    pub words: String,
}

impl Chip {
    /// What a clock shows now.
    pub fn of(clock: Option<&ClockView>, now: Timestamp, t: Words) -> Self {
        let chip = |class, icon, words| Self { class, icon, words };
        let Some(clock) = clock else {
            return chip("still", "pause", t.say("clock-none"));
        };
        let left = span(clock.due.since(now), t);
        let over = span(clock.stopped.unwrap_or(now).since(clock.due), t);
        if clock.stopped.is_some() {
            return match clock.overdue {
                true => chip("done", "check", t.with("clock-late-by", "time", over)),
                false => chip("done", "check", t.say("clock-in-time")),
            };
        }
        if clock.paused_since.is_some() {
            return chip("still", "pause", t.say("clock-paused"));
        }
        if clock.overdue {
            return chip("late", "alarm", t.with("clock-overdue", "time", over));
        }
        match clock.pressure.as_str() {
            "due-soon" => chip("soon", "clock", t.with("clock-left", "time", left)),
            _ => chip("fine", "clock", t.with("clock-left", "time", left)),
        }
    }

    /// Whether somebody has to see to it now.
    pub fn is_pressing(&self) -> bool {
        matches!(self.class, "late" | "soon")
    }

    /// Whether it can wait, and is not done.
    pub fn is_waiting(&self) -> bool {
        matches!(self.class, "fine" | "still")
    }
}

/// One exchange in a list.
pub struct Row {
    /// The exchange.
    pub of: ExchangeSummary,
    /// Its clock.
    pub chip: Chip,
    /// When its clock ends.
    pub due: Option<Moment>,
    /// When something happened last.
    pub updated: Moment,
    /// Its state.
    pub state: String,
    /// Its urgency.
    pub urgency: String,
    /// What presses but its clock and that nothing is sent, which show by themselves.
    pub pressing: Vec<String>,
    /// Until when the reader has set it aside.
    pub snoozed: Option<Moment>,
}

impl Row {
    fn of(summary: ExchangeSummary, f: &Frame) -> Self {
        let t = f.t;
        let clock = summary.clock.as_ref();
        let running = clock.filter(|clock| clock.stopped.is_none());
        Self {
            chip: Chip::of(clock, f.now, t),
            due: running.map(|clock| f.moment(clock.due)),
            updated: f.moment(summary.updated),
            state: t.code("state", &summary.state),
            urgency: t.code("urgency", &summary.urgency),
            pressing: summary
                .attention
                .iter()
                .filter(|one| !matches!(one.reason.as_str(), "due-soon" | "overdue" | "withheld"))
                .map(|one| t.code("attention", &one.reason))
                .collect(),
            snoozed: None,
            of: summary,
        }
    }

    /// Whether it is more than routine.
    pub fn is_urgent(&self) -> bool {
        self.of.urgency != "routine"
    }
}

/// Where a list goes on.
#[derive(Debug, Default, Deserialize)]
pub struct Cursor {
    from: Option<String>,
}

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage {
    f: Frame,
    rows: Vec<Row>,
    next: Option<String>,
    inbox: bool,
    count: String,
    drafts: Vec<(Draft, Moment)>,
    may_ask: bool,
}

/// `GET /inbox`.
pub async fn inbox(
    State(api): State<Api>,
    person: Person,
    Query(cursor): Query<Cursor>,
) -> Result<Response, Trouble> {
    list(&api, &person, cursor, false).await
}

/// `GET /outgoing`.
pub async fn outgoing(
    State(api): State<Api>,
    person: Person,
    Query(cursor): Query<Cursor>,
) -> Result<Response, Trouble> {
    list(&api, &person, cursor, true).await
}

async fn list(
    api: &Api,
    person: &Person,
    cursor: Cursor,
    outgoing: bool,
) -> Result<Response, Trouble> {
    let ask = Ask::ListExchanges {
        order: Order::TimeLeft,
        outgoing: Some(outgoing),
        state: None,
        status: None,
        limit: PAGE,
        cursor: shapes::cursor(cursor.from)?,
    };
    let reply = api.ask(&person.caller, Action::ListExchanges, ask).await?;
    let Reply::Exchanges(rows, next) = reply else {
        return Err(AppError::NotFound("exchange").into());
    };
    let key = if outgoing {
        "outgoing-title"
    } else {
        "inbox-title"
    };
    let f = Frame::of(api, person, key).live();
    let who = person.caller.person;
    let snoozes = &api.console.snoozes;
    let aside = snoozes.of(who);
    let shown = |exchange: &ExchangeRow| {
        let mut row = Row::of(shapes::summary(exchange, f.now), &f);
        if aside.contains(&exchange.id) {
            let until = snoozes.until(who, exchange, &row.chip, f.now);
            row.snoozed = until.map(|until| f.moment(until));
        }
        row
    };
    let mut rows: Vec<Row> = rows.iter().map(shown).collect();
    // What is set aside comes last, each part in its order.
    rows.sort_by_key(|row| row.snoozed.is_some());
    let pressing = rows.iter().filter(|row| row.chip.is_pressing()).count();
    let parts = [
        ("count", Part::from(rows.len())),
        ("pressing", Part::from(pressing)),
    ];
    let may_ask = person.caller.roles.contains(&Role::Officer);
    let drafts = match outgoing && may_ask {
        true => api.console.drafts.all(who),
        false => Vec::new(),
    };
    Ok(show(&ListPage {
        count: f.t.put("list-count", &parts),
        drafts: drafts
            .into_iter()
            .map(|draft| {
                let saved = f.moment(draft.saved);
                (draft, saved)
            })
            .collect(),
        next: next.map(hex::encode),
        inbox: !outgoing,
        rows,
        may_ask,
        f,
    }))
}
