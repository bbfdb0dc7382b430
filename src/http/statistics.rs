//! A year in numbers (ICMPD's model agreement, Art. 18: sent, received, urgent or not, refusals by
//! ground, deviations from the limits, by country).

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Api;
use super::auth::{Params, SignedIn};
use super::problem::Failure;
use crate::api::{AlertStatistics, ExchangeStatistics, Statistics};
use crate::app::rows::{AlertRow, ExchangeRow};
use crate::app::{Action, AlertFilter, AppError, Ask, Caller, Order, Permit, Reply};
use crate::base::Timestamp;
use crate::domain::Status;
use crate::domain::alert::AlertState;
use crate::domain::profile::Urgency;

/// Rows that are asked for at a time, so that the service can do other things in between.
const PAGE: usize = 200;

/// The years that can be counted.
const YEARS: std::ops::RangeInclusive<u16> = 1970..=9998;

/// Which year.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct YearParams {
    /// The year, in UTC; this one where none is given.
    #[param(minimum = 1970, maximum = 9998)]
    year: Option<u16>,
}

/// `GET /statistics`.
pub async fn show(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Params(params): Params<YearParams>,
) -> Result<Json<Statistics>, Failure> {
    Ok(Json(of_year(&api, &caller, params.year).await?))
}

/// Counts a year, or this one.
///
/// # Errors
/// A problem for one that cannot be counted, or for whom sees neither exchanges nor alerts.
pub async fn of_year(api: &Api, caller: &Caller, year: Option<u16>) -> Result<Statistics, Failure> {
    let year = year.unwrap_or_else(|| year_of(Timestamp::system()));
    if !YEARS.contains(&year) {
        return Err(Failure::malformed("a year is from 1970 to 9998").at("year"));
    }
    let alerts = alerts(api, caller, year).await?;
    let sees = Permit::ask(api.member(), caller, Action::ListExchanges).is_ok();
    let (sent, received) = match sees {
        true => (
            Some(exchanges(api, caller, year, true).await?),
            Some(exchanges(api, caller, year, false).await?),
        ),
        false => (None, None),
    };
    Ok(Statistics {
        year,
        sent,
        received,
        alerts,
    })
}

/// The year of a time, in UTC.
fn year_of(time: Timestamp) -> u16 {
    time.to_string()
        .get(..4)
        .and_then(|year| year.parse().ok())
        .unwrap_or(*YEARS.start())
}

async fn exchanges(
    api: &Api,
    caller: &Caller,
    year: u16,
    outgoing: bool,
) -> Result<ExchangeStatistics, Failure> {
    let mut counted = ExchangeStatistics::default();
    let mut cursor = None;
    loop {
        let ask = Ask::ListExchanges {
            order: Order::Latest,
            outgoing: Some(outgoing),
            state: None,
            status: Some(Status::Actual),
            limit: PAGE,
            cursor,
        };
        let reply = api.ask(caller, Action::ListExchanges, ask).await?;
        let Reply::Exchanges(rows, next) = reply else {
            return Err(AppError::NotFound("exchange").into());
        };
        let now = Timestamp::system();
        let of_year = rows
            .iter()
            .filter(|row| year_of(row.exchange.created()) == year);
        of_year.for_each(|row| count_exchange(&mut counted, row, now));
        // The latest come first, and nothing happens before it was made.
        let over = rows.last().is_some_and(|row| year_of(row.updated) < year);
        cursor = next;
        if over || cursor.is_none() {
            return Ok(counted);
        }
    }
}

fn count_exchange(counted: &mut ExchangeStatistics, row: &ExchangeRow, now: Timestamp) {
    let exchange = &row.exchange;
    counted.count += 1;
    counted.urgent += u64::from(exchange.request().urgency != Urgency::Routine);
    let deviations = exchange.deviations(now);
    counted.late += u64::from(deviations.late);
    one_more(&mut counted.by_member, row.peer);
    one_more(&mut counted.by_state, exchange.state());
    for ground in deviations.grounds {
        one_more(&mut counted.by_ground, ground.to_string());
    }
}

async fn alerts(api: &Api, caller: &Caller, year: u16) -> Result<AlertStatistics, Failure> {
    let mut counted = AlertStatistics::default();
    let mut cursor = None;
    loop {
        let ask = Ask::ListAlerts {
            filter: AlertFilter {
                corridor: None,
                event: None,
                state: None,
                status: Some(Status::Actual),
            },
            limit: PAGE,
            cursor,
        };
        let reply = api.ask(caller, Action::ReadAlerts, ask).await?;
        let Reply::Alerts(rows, next) = reply else {
            return Err(AppError::NotFound("alert").into());
        };
        let now = Timestamp::system();
        for row in &rows {
            count_alert(&mut counted, row, year, now);
        }
        cursor = next;
        if cursor.is_none() {
            return Ok(counted);
        }
    }
}

fn count_alert(counted: &mut AlertStatistics, row: &AlertRow, year: u16, now: Timestamp) {
    let summary = super::alerts::shapes::summary(row, now);
    if year_of(summary.created) != year {
        return;
    }
    counted.count += 1;
    counted.current += u64::from(row.alert.state(now) == AlertState::Current);
    counted.sightings += summary.sighted_by.len() as u64;
    counted.contradictions += summary.contradicted_by.len() as u64;
    one_more(&mut counted.by_member, summary.from);
    let corridor = summary.corridor.unwrap_or_else(|| "none".to_owned());
    one_more(&mut counted.by_corridor, corridor);
    one_more(&mut counted.by_event, summary.event);
}

fn one_more(counts: &mut BTreeMap<String, u64>, of: impl ToString) {
    *counts.entry(of.to_string()).or_default() += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_ends_with_its_last_millisecond_in_utc() {
        let year = |text: &str| year_of(text.parse().expect("a time"));
        assert_eq!(year("2026-12-31T23:59:59.999Z"), 2026);
        assert_eq!(year("2027-01-01T00:00:00Z"), 2027);
        assert_eq!(year("2027-01-01T01:00:00+02:00"), 2026);
    }
}
