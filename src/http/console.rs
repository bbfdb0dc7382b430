//! The web console: pages for the people of the office, rendered here and enhanced by a little
//! script. Every action is a plain form over a use case of the app; no page decides anything.

mod alerts;
mod assets;
mod calendar;
mod calls;
mod ceremonies;
mod compose;
mod drafts;
mod exchange;
mod files;
mod form;
mod formpage;
mod guard;
mod language;
mod letters;
mod lists;
mod live;
mod log;
mod members;
mod node;
mod page;
mod papers;
mod people;
mod permissions;
mod preferences;
mod search;
mod sessions;
mod signin;
mod snooze;
mod statistics;
mod stepup;
mod thread;
mod transfers;
mod trouble;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use super::{Api, LONGEST_JSON};
use crate::base::{Entropy, OsEntropy, PersonId};
use crate::seal::at_rest::EpochSecret;
use crate::seal::passkey::RelyingParty;

use ceremonies::Ceremonies;
use drafts::Drafts;
use live::Listeners;
use log::Verifier;
use sessions::Sessions;
use snooze::Snoozes;

/// Where browsers reach the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The origin: scheme, host and port, as `http://mk.localhost:8480`.
    pub origin: String,
}

impl Site {
    /// Host and port, as a browser names them in `Host`.
    fn authority(&self) -> &str {
        self.origin.split_once("://").map_or("", |(_, rest)| rest)
    }

    /// Whether a proxy in front serves it under TLS.
    fn is_https(&self) -> bool {
        self.origin.starts_with("https://")
    }

    fn relying_party(&self) -> RelyingParty {
        let host = self.authority();
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
        RelyingParty {
            id: host.to_owned(),
            origin: self.origin.clone(),
        }
    }
}

/// What the console keeps: sessions and ceremonies in memory; drafts, and what people set aside, sealed
/// under the node's folder.
#[derive(Clone)]
pub struct Console {
    site: Arc<Site>,
    office: Arc<str>,
    /// The node's folder, whose log auditors verify and export.
    pub(super) dir: Arc<PathBuf>,
    sessions: Sessions,
    ceremonies: Ceremonies,
    drafts: Drafts,
    snoozes: Snoozes,
    verifier: Verifier,
    listeners: Listeners,
    zone: jiff::tz::TimeZone,
}

impl Console {
    /// A console for the office of this name, whose node has its folder at `dir`. Drafts and
    /// what is set aside are sealed under `key`; without one they are readable until the node stops.
    pub fn new(site: Site, office: &str, dir: PathBuf, key: Option<&[u8; 32]>) -> Self {
        let random: [u8; 32] = (&mut OsEntropy as &mut dyn Entropy).array();
        let secret = EpochSecret::from_bytes(key.unwrap_or(&random));
        Self {
            site: Arc::new(site),
            office: office.into(),
            drafts: Drafts::new(dir.join("state/drafts"), &secret),
            snoozes: Snoozes::new(dir.join("state/snoozes"), &secret),
            dir: Arc::new(dir),
            sessions: Sessions::default(),
            ceremonies: Ceremonies::default(),
            verifier: Verifier::default(),
            // Half of the room for callers is for those who ask.
            listeners: Listeners::new(super::callers::most() / 2),
            zone: jiff::tz::TimeZone::system(),
        }
    }
}

impl Console {
    /// Ends all that somebody has here whose account is closed: sessions, drafts, what was set aside.
    fn leave(&self, person: PersonId) {
        self.sessions.end_all(person);
        let cleared = self
            .drafts
            .clear(person)
            .and_then(|()| self.snoozes.clear(person));
        if let Err(error) = cleared {
            tracing::warn!(event = "desk-not-cleared", %person, %error);
        }
    }
}

/// The console's routes, behind its guard.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/", get(lists::home))
        .route("/sign-in", get(signin::page))
        .route("/sign-in/begin", post(signin::begin))
        .route("/sign-in/finish", post(signin::finish))
        .route("/sign-out", post(signin::sign_out))
        .route("/enrol", get(signin::enrol_page).post(signin::enrol_begin))
        .route("/enrol/finish", post(signin::enrol_finish))
        .route("/prove/begin", post(stepup::begin))
        .route("/prove/finish", post(stepup::finish))
        .route("/language", post(preferences::language))
        .route(
            "/preferences",
            get(preferences::page).post(preferences::save),
        )
        .route("/help", get(preferences::help))
        .route("/search", get(search::page).post(search::search))
        .route("/inbox", get(lists::inbox))
        .route("/outgoing", get(lists::outgoing))
        .route("/requests/new", get(compose::templates))
        .route("/requests/new/{template}", get(compose::fresh))
        .route("/drafts/{id}", get(compose::resume).post(compose::work))
        .route("/drafts/{id}/preview", get(compose::look))
        .route("/drafts/{id}/files/none", post(files::none))
        .route(
            "/drafts/{id}/files",
            post(files::add).layer(DefaultBodyLimit::disable()),
        )
        .route("/exchanges/{id}", get(exchange::open))
        .route("/exchanges/{id}/latest", get(exchange::latest))
        .route("/exchanges/{id}/why", post(exchange::justify))
        .route(
            "/exchanges/{id}/snooze",
            get(snooze::form).post(snooze::set),
        )
        .route(
            "/exchanges/{id}/call",
            get(calls::exchange_form).post(calls::note_of_exchange),
        )
        .route(
            "/exchanges/{id}/{verb}",
            get(exchange::say_form)
                .post(exchange::say)
                .layer(DefaultBodyLimit::disable()),
        )
        .route("/permissions/{id}", get(permissions::open))
        .route("/permissions/{id}/grant", post(permissions::grant))
        .route("/permissions/{id}/refuse", post(permissions::refuse))
        .route(
            "/messages/{id}/attachments/{index}",
            get(exchange::attachment),
        )
        .route("/letters", get(letters::page))
        .route("/letters/{id}", get(letters::open))
        .route("/letters/{id}/{verb}", post(letters::say))
        .route("/letters/{id}/{verb}/begin", post(letters::begin))
        .route("/alerts", get(alerts::feed))
        .route(
            "/alerts/new",
            get(alerts::publish_form)
                .post(alerts::publish)
                .layer(DefaultBodyLimit::disable()),
        )
        .route("/alerts/{id}", get(alerts::open))
        .route(
            "/alerts/{id}/call/{member}",
            get(calls::alert_form).post(calls::note_of_alert),
        )
        .route(
            "/alerts/{id}/{verb}",
            get(alerts::say_form)
                .post(alerts::say)
                .layer(DefaultBodyLimit::disable()),
        )
        .route("/log", get(log::browse))
        .route("/log/verify", get(log::verification).post(log::verify))
        .route("/log/verify/progress", get(log::progress))
        .route("/log/export", post(log::export))
        .route("/log/transfers", post(transfers::export))
        .route("/people", get(people::page).post(people::add))
        .route("/people/{id}/{deed}", post(people::change))
        .route("/members", get(members::page))
        .route("/members/{member}", get(members::open))
        .route("/members/{member}/compare", post(members::compare))
        .route("/members/{member}/accept", post(members::accept))
        .route("/node", get(node::page))
        .route("/node/test", post(node::test))
        .route("/node/rotate", post(node::rotate))
        .route("/statistics", get(statistics::page))
        .route("/live", get(live::events))
        .route("/assets/{version}/{name}", get(assets::serve))
        .layer(DefaultBodyLimit::max(LONGEST_JSON))
        .fallback(trouble::no_such_page)
        .method_not_allowed_fallback(trouble::no_such_method)
        .layer(from_fn_with_state(api.clone(), guard::guard))
        .with_state(api)
}
