//! The frame that all pages share, and making a response of a page.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::super::Api;
use super::assets;
use super::calendar::Moment;
use super::guard::{Person, Visitor};
use super::language::{Language, Words};
use crate::api::Problem;
use crate::base::{Role, Timestamp};

/// One entry of the navigation.
#[derive(Debug, Clone)]
pub struct Link {
    /// Where it leads.
    pub href: &'static str,
    /// The key of its word.
    pub key: &'static str,
    /// Whether the page belongs to it.
    pub current: bool,
}

/// What stands around every page.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The words of the page.
    pub t: Words,
    /// The words of the reader's language, for what stands around the page.
    pub own: Words,
    /// The page's own name, said first in the window's title.
    pub title: String,
    /// The office.
    pub office: String,
    /// The member that runs the node.
    pub member: String,
    /// The reader's name and roles; empty where nobody is signed in.
    pub person: Option<(String, String)>,
    /// The reader's pseudonym, which forms carry; empty where nobody is signed in.
    pub me: String,
    /// Where the reader may go.
    pub links: Vec<Link>,
    /// Where the reader is, so that a change of language leads back.
    pub path: String,
    /// Whether single keys do something.
    pub keys: bool,
    /// Whether the page hears of what is new.
    pub live: bool,
    zone: jiff::tz::TimeZone,
    /// When the page was asked for.
    pub now: Timestamp,
}

/// The page's part of the navigation, with who may go there.
const LINKS: [(&str, &str, &[Role]); 11] = [
    (
        "/inbox",
        "nav-inbox",
        &[Role::Officer, Role::Contact, Role::Releaser],
    ),
    (
        "/outgoing",
        "nav-outgoing",
        &[Role::Officer, Role::Contact, Role::Releaser],
    ),
    ("/requests/new", "nav-new", &[Role::Officer]),
    (
        "/search",
        "nav-search",
        &[Role::Officer, Role::Contact, Role::Releaser],
    ),
    (
        "/letters",
        "nav-letters",
        &[Role::Officer, Role::Contact, Role::Releaser],
    ),
    (
        "/alerts",
        "nav-alerts",
        &[Role::Officer, Role::Contact, Role::Releaser, Role::Observer],
    ),
    (
        "/members",
        "nav-members",
        &[
            Role::Officer,
            Role::Contact,
            Role::Releaser,
            Role::Auditor,
            Role::Admin,
        ],
    ),
    ("/statistics", "nav-statistics", &[Role::Observer]),
    ("/log", "nav-log", &[Role::Auditor]),
    (
        "/people",
        "nav-people",
        &[Role::Admin, Role::Auditor, Role::Releaser],
    ),
    (
        "/node",
        "nav-node",
        &[Role::Admin, Role::Auditor, Role::Observer],
    ),
];

impl Frame {
    /// The frame of a page with this title key.
    pub fn new(api: &Api, visitor: &Visitor, title: impl Into<String>) -> Self {
        let t = visitor.words;
        let roles = visitor.signed_in.as_ref().map(|(caller, _)| &caller.roles);
        let path = visitor.path.split('?').next().unwrap_or("/");
        let may = |needed: &[Role]| {
            roles.is_some_and(|roles| roles.iter().any(|role| needed.contains(role)))
        };
        let link = |(href, key, needed): (&'static str, &'static str, &'static [Role])| {
            may(needed).then(|| Link {
                href,
                key,
                current: path == href,
            })
        };
        Self {
            t,
            own: t,
            title: title.into(),
            office: api.console.office.to_string(),
            member: api.member().to_string(),
            person: visitor.signed_in.as_ref().map(|(caller, _)| {
                let roles = caller
                    .roles
                    .iter()
                    .map(|role| t.code("role", role.as_str()));
                let roles: Vec<String> = roles.collect();
                (caller.name.clone(), roles.join(&t.say("list-comma")))
            }),
            me: visitor.me().unwrap_or_default(),
            links: LINKS.into_iter().filter_map(link).collect(),
            path: visitor.path.clone(),
            keys: visitor.signed_in.is_some() && !visitor.preferences.no_keys,
            live: false,
            zone: api.console.zone.clone(),
            now: visitor.now,
        }
    }

    /// The frame of a signed-in person's page, by the key of its title.
    pub fn of(api: &Api, person: &Person, key: &str) -> Self {
        let t = person.words().of_page(key);
        Self {
            t,
            ..Self::new(api, &person.visitor, t.say(key))
        }
    }

    /// The same frame, with the page hearing of what is new.
    #[must_use]
    pub fn live(self) -> Self {
        Self { live: true, ..self }
    }

    /// The language's tag.
    pub fn language(&self) -> &'static str {
        self.own.0.tag()
    }

    /// Which way the page is written.
    pub fn direction(&self) -> &'static str {
        self.own.0.direction()
    }

    /// The language and the direction of the page itself, where they are not those around it.
    pub fn fallback(&self) -> Option<(&'static str, &'static str)> {
        let other = self.t != self.own;
        other.then(|| (self.t.0.tag(), self.t.0.direction()))
    }

    /// The languages of the switch.
    pub fn languages(&self) -> [Language; 3] {
        Language::ALL
    }

    /// The address of an embedded file.
    pub fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    /// A time as the reader reads it.
    pub fn moment(&self, at: Timestamp) -> Moment {
        Moment::of(at, &self.zone, self.t)
    }
}

/// Makes a response of a page.
pub fn show(page: &impl Template) -> Response {
    show_as(StatusCode::OK, page)
}

/// Makes a response with this status of a page.
pub fn show_as(status: StatusCode, page: &impl Template) -> Response {
    let html = match page.render() {
        Ok(html) => html,
        Err(error) => {
            tracing::error!(event = "page-failed", %error);
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    (status, [(header::CONTENT_TYPE, kind)], html).into_response()
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct TroublePage<'a> {
    f: Frame,
    what: String,
    why: String,
    next: String,
    problem: &'a Problem,
}

/// The page that says what went wrong.
pub fn trouble(api: &Api, visitor: &Visitor, problem: &Problem) -> Response {
    let t = visitor.words;
    let told = |part: &str, fallback: &str| {
        let english = t.0 == Language::English;
        let known = t.known(&format!("trouble-{}-{part}", problem.code));
        known
            .or_else(|| (!english).then(|| t.say(&format!("trouble-{part}"))))
            .unwrap_or_else(|| fallback.to_owned())
    };
    let what = told("what", &problem.title);
    show(&TroublePage {
        f: Frame::new(api, visitor, what.clone()),
        why: told("why", &problem.detail),
        next: told("next", &problem.next),
        what,
        problem,
    })
}
