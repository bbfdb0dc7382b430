//! A year in numbers.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::super::Api;
use super::super::statistics::of_year;
use super::guard::Person;
use super::language::Words;
use super::page::{Frame, show};
use super::trouble::Trouble;
use crate::api::{AlertStatistics, ExchangeStatistics};

/// What belongs together, with its numbers in words.
struct Part {
    title: String,
    numbers: Vec<(String, String)>,
    tables: Vec<Table>,
}

/// Numbers by something.
struct Table {
    title: String,
    lines: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "statistics.html")]
struct StatisticsPage {
    f: Frame,
    year: u16,
    parts: Vec<Part>,
}

/// Which year.
#[derive(Debug, Deserialize)]
pub struct Year {
    year: Option<String>,
}

/// `GET /statistics`.
pub async fn page(
    State(api): State<Api>,
    person: Person,
    Query(wanted): Query<Year>,
) -> Result<Response, Trouble> {
    let year = wanted.year.filter(|year| !year.trim().is_empty());
    // What is no number is no year that can be counted either.
    let year = year.map(|year| year.trim().parse().unwrap_or(0));
    let counted = of_year(&api, &person.caller, year).await?;
    let f = Frame::of(&api, &person, "statistics-title");
    let t = f.t;
    let sent = counted.sent.map(|of| exchanges("statistics-sent", &of, t));
    let received = counted.received;
    let received = received.map(|of| exchanges("statistics-received", &of, t));
    let parts = [sent, received].into_iter().flatten();
    Ok(show(&StatisticsPage {
        year: counted.year,
        parts: parts.chain([alerts(&counted.alerts, t)]).collect(),
        f,
    }))
}

fn exchanges(title: &str, of: &ExchangeStatistics, t: Words) -> Part {
    Part {
        title: t.say(title),
        numbers: numbers(
            &[
                ("statistics-count", of.count),
                ("statistics-urgent", of.urgent),
                ("statistics-late", of.late),
            ],
            t,
        ),
        tables: vec![
            table("statistics-by-member", &of.by_member, str::to_owned, t),
            table(
                "statistics-by-state",
                &of.by_state,
                |c| t.code("state", c),
                t,
            ),
            table(
                "statistics-by-ground",
                &of.by_ground,
                |c| t.code("ground", c),
                t,
            ),
        ],
    }
}

fn alerts(of: &AlertStatistics, t: Words) -> Part {
    let corridor = |code: &str| match code {
        "none" => t.say("statistics-no-corridor"),
        code => t.code("corridor", code),
    };
    Part {
        title: t.say("statistics-alerts"),
        numbers: numbers(
            &[
                ("statistics-count", of.count),
                ("statistics-current", of.current),
                ("statistics-sightings", of.sightings),
                ("statistics-contradictions", of.contradictions),
            ],
            t,
        ),
        tables: vec![
            table("statistics-by-corridor", &of.by_corridor, corridor, t),
            table(
                "statistics-by-event",
                &of.by_event,
                |c| t.code("alert-event", c),
                t,
            ),
            table("statistics-by-member", &of.by_member, str::to_owned, t),
        ],
    }
}

fn numbers(of: &[(&str, u64)], t: Words) -> Vec<(String, String)> {
    of.iter()
        .map(|(key, number)| (t.say(key), t.number(number)))
        .collect()
}

/// The most first.
fn table(
    title: &str,
    counts: &BTreeMap<String, u64>,
    word: impl Fn(&str) -> String,
    t: Words,
) -> Table {
    let mut counts: Vec<(&String, &u64)> = counts.iter().collect();
    counts.sort_by(|(a, many), (b, more)| more.cmp(many).then(a.cmp(b)));
    let line = |(of, count): (&String, &u64)| (word(of), t.number(count));
    Table {
        title: t.say(title),
        lines: counts.into_iter().map(line).collect(),
    }
}
