//! Exchanges that a person has set aside for a while.
//!
//! Setting aside changes nothing but that person's own lists, and hides nothing: what is set aside
//! stands at the end of its list, and comes back by itself when its time is over, something happens
//! in it, or its time limit draws near.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::super::Api;
use super::super::auth::Place;
use super::super::problem::Failure;
use super::exchange::glance;
use super::form::{Choice, Control, Field, Section, Typed};
use super::formpage::FormPage;
use super::guard::Person;
use super::language::Part;
use super::lists::Chip;
use super::page::Frame;
use super::papers::Papers;
use super::trouble::{Trouble, see_other};
use crate::api::{Direction, ExchangeSummary};
use crate::app::rows::ExchangeRow;
use crate::base::{MessageId, PersonId, Timestamp};
use crate::seal::at_rest::EpochSecret;

/// Exchanges that one person may have set aside.
const MOST: usize = 1_000;

/// At what hour of the day work begins.
const MORNING: i8 = 8;

/// An exchange that was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snooze {
    /// How many entries of the log belonged to it then.
    pub entries: usize,
    /// Until when.
    pub until: Timestamp,
}

impl Snooze {
    /// Whether it holds: not once its time is over, or something has happened in the exchange, to
    /// which so many `entries` belong now; and never while a time limit presses.
    fn holds(self, entries: usize, now: Timestamp, chip: &Chip) -> bool {
        now < self.until && entries == self.entries && !chip.is_pressing()
    }
}

/// What everybody at the node has set aside.
#[derive(Clone)]
pub struct Snoozes(Papers);

impl Snoozes {
    /// What was set aside, in a folder, sealed under a secret.
    pub fn new(folder: PathBuf, secret: &EpochSecret) -> Self {
        Self(Papers::new("snoozes", MOST, folder, secret))
    }

    /// Brings back all that a person has set aside.
    ///
    /// # Errors
    /// Whatever the disk gives.
    pub fn clear(&self, person: PersonId) -> std::io::Result<()> {
        self.0.clear(person)
    }

    /// The exchanges that a person has set aside, some perhaps no longer.
    pub fn of(&self, person: PersonId) -> BTreeSet<MessageId> {
        self.0.ids(person).into_iter().collect()
    }

    /// Until when a person has set the exchange aside; none if they have not, or it is back.
    pub fn until(
        &self,
        person: PersonId,
        exchange: &ExchangeRow,
        chip: &Chip,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let snooze: Snooze = self.0.find(person, exchange.id)?;
        if snooze.holds(exchange.thread.len(), now, chip) {
            return Some(snooze.until);
        }
        self.0.remove(person, exchange.id);
        None
    }
}

/// For how long an exchange is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    Hour,
    FourHours,
    UntilTomorrow,
    Week,
}

impl For {
    const ALL: [Self; 4] = [Self::Hour, Self::FourHours, Self::UntilTomorrow, Self::Week];

    fn code(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::FourHours => "four-hours",
            Self::UntilTomorrow => "tomorrow",
            Self::Week => "week",
        }
    }

    /// The time of this code, unless a time limit presses; else the key of what is wrong.
    fn chosen(code: &str, chip: &Chip) -> Result<Self, &'static str> {
        let time = Self::ALL.into_iter().find(|one| one.code() == code);
        match time {
            None => Err("snooze-choose"),
            Some(_) if chip.is_pressing() => Err("snooze-pressing"),
            Some(time) => Ok(time),
        }
    }

    /// When that is over: whole days end when work begins.
    fn end(self, now: Timestamp, zone: &TimeZone) -> Timestamp {
        let hours = |hours: u64| now.plus(Duration::from_secs(hours * 3_600));
        match self {
            Self::Hour => hours(1),
            Self::FourHours => hours(4),
            Self::UntilTomorrow => morning(now, 1, zone),
            Self::Week => morning(now, 7, zone),
        }
    }
}

/// When work begins, so many days from today.
fn morning(now: Timestamp, days: i64, zone: &TimeZone) -> Timestamp {
    let later = now.plus(Duration::from_secs(
        u64::try_from(days).unwrap_or(1) * 86_400,
    ));
    let begins = || {
        let now = jiff::Timestamp::from_millisecond(now.as_millis()).ok()?;
        let today = now.to_zoned_datetime(zone.clone()).date();
        let day = today
            .checked_add(jiff::Span::new().try_days(days).ok()?)
            .ok()?;
        let begins = zone.to_ambiguous_timestamp(day.at(MORNING, 0, 0, 0));
        let begins = begins.compatible().ok()?;
        Some(Timestamp::from_millis(begins.as_millisecond()))
    };
    begins().unwrap_or(later)
}

/// `GET /exchanges/{id}/snooze`.
pub async fn form(
    State(api): State<Api>,
    person: Person,
    Place(id): Place<MessageId>,
) -> Result<Response, Trouble> {
    let exchange = api.summary(&glance(&api, &person, id).await?);
    Ok(page(&api, &person, &exchange, None))
}

/// `POST /exchanges/{id}/snooze`: sets the exchange aside, or brings it back where `until` is `now`.
pub async fn set(
    State(api): State<Api>,
    person: Person,
    Place(id): Place<MessageId>,
    typed: Typed,
) -> Result<Response, Trouble> {
    let row = glance(&api, &person, id).await?;
    let exchange = api.summary(&row);
    let who = person.caller.person;
    let snoozes = &api.console.snoozes.0;
    let now = person.visitor.now;
    let back = match exchange.direction {
        Direction::Incoming => "/inbox",
        Direction::Outgoing => "/outgoing",
    };
    let chosen = typed.text("until");
    if chosen == "now" {
        snoozes.remove(who, id);
        return Ok(see_other(&format!("/exchanges/{id}")));
    }
    let chip = Chip::of(exchange.clock.as_ref(), now, person.words());
    let time = match For::chosen(chosen, &chip) {
        Ok(time) => time,
        Err(fault) => return Ok(page(&api, &person, &exchange, Some(fault))),
    };
    let snooze = Snooze {
        entries: row.thread.len(),
        until: time.end(now, &api.console.zone),
    };
    snoozes.keep(who, id, &snooze).map_err(not_kept)?;
    Ok(see_other(back))
}

fn not_kept(error: std::io::Error) -> Failure {
    Failure::new(
        StatusCode::INSUFFICIENT_STORAGE,
        "snooze-not-kept",
        format!("the exchange could not be set aside: {}", error.kind()),
        "It stays where it is in the list. Bring others back first, or tell the administrator.",
    )
}

fn page(api: &Api, person: &Person, exchange: &ExchangeSummary, fault: Option<&str>) -> Response {
    let f = Frame::of(api, person, "snooze-title");
    let t = f.t;
    let choice = |time: For| {
        let until = f.moment(time.end(f.now, &api.console.zone));
        let parts = [("until", Part::from(until.local))];
        Choice {
            value: time.code().to_owned(),
            label: t.put(&format!("snooze-{}", time.code()), &parts),
            chosen: time == For::UntilTomorrow,
        }
    };
    let fault = fault.map(|key| t.say(key));
    let field = Field {
        name: "until".to_owned(),
        id: "until".to_owned(),
        label: t.say("snooze-until"),
        hint: None,
        control: Control::Radios(For::ALL.into_iter().map(choice).collect()),
        value: String::new(),
        fault: fault.clone(),
        required: true,
        half: false,
    };
    let faults = fault.map(|fault| ("until".to_owned(), fault));
    let page = FormPage {
        heading: t.say("snooze-title"),
        about: Some(exchange.reference.clone()),
        lead: t.say("snooze-lead"),
        action: format!("/exchanges/{}/snooze", exchange.id),
        back: format!("/exchanges/{}", exchange.id),
        sections: vec![Section::new(t, "snooze-section", vec![field])],
        faults: faults.into_iter().collect(),
        files: None,
        hidden: Vec::new(),
        button: t.say("snooze-title"),
        grave: false,
        f,
    };
    page.show()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: Chip = Chip {
        class: "fine",
        icon: "clock",
        words: String::new(),
    };

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn set_aside() -> Snooze {
        Snooze {
            entries: 3,
            until: at("2026-03-20T14:00:00Z"),
        }
    }

    #[test]
    fn it_holds_until_its_time_is_over() {
        let holds = |now| set_aside().holds(3, at(now), &CALM);
        assert!(holds("2026-03-20T13:59:59Z"));
        assert!(!holds("2026-03-20T14:00:00Z"));
    }

    #[test]
    fn it_ends_when_something_happens_in_the_exchange() {
        assert!(!set_aside().holds(4, at("2026-03-20T11:00:00Z"), &CALM));
    }

    #[test]
    fn it_never_holds_while_a_time_limit_presses() {
        for class in ["late", "soon"] {
            let chip = Chip { class, ..CALM };
            assert!(!set_aside().holds(3, at("2026-03-20T11:00:00Z"), &chip));
        }
    }

    #[test]
    fn what_presses_cannot_be_set_aside() {
        for class in ["late", "soon"] {
            let chip = Chip { class, ..CALM };
            assert_eq!(For::chosen("hour", &chip), Err("snooze-pressing"));
        }
        assert_eq!(For::chosen("hour", &CALM), Ok(For::Hour));
        assert_eq!(For::chosen("ever", &CALM), Err("snooze-choose"));
    }

    #[test]
    fn whole_days_end_when_work_begins_in_the_office() {
        let zone = TimeZone::fixed(jiff::tz::offset(3));
        let now = at("2026-03-20T22:30:00Z");
        let end = |time: For| time.end(now, &zone).to_string();
        assert_eq!(end(For::Hour), "2026-03-20T23:30:00.000Z");
        assert_eq!(end(For::FourHours), "2026-03-21T02:30:00.000Z");
        assert_eq!(end(For::UntilTomorrow), "2026-03-22T05:00:00.000Z");
        assert_eq!(end(For::Week), "2026-03-28T05:00:00.000Z");
    }
}
