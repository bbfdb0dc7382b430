//! The node's HTTP side: the API and the console, both over the use cases of the app.

mod alerts;
mod attachments;
mod auth;
mod carried;
mod console;
mod duty;
mod exchanges;
mod letters;
mod members;
mod office;
mod passing;
mod people;
mod problem;
mod repeat;
mod retention;
mod says;
mod sealing;
mod search;
mod shapes;
mod staging;
mod status;
mod witness;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post, put};

use crate::base::{MemberId, NodeId, Timestamp};
use crate::driver::{Current, Driver};
use crate::seal::trust::Directory;
use crate::store::BlobStore;

pub use carried::{Carriage, CarryFailed, Later};
pub use console::{Console, Site};
pub use people::{PeopleFile, PeopleStore, Unchanged};
pub use repeat::Repeats;
pub use staging::Staging;

/// The longest JSON body, in bytes: twice what an envelope's body holds.
const LONGEST_JSON: usize = 512 * 1024;

/// Where the link with each peer stands, or why the last one ended.
pub type LinkStates = Arc<std::sync::Mutex<std::collections::BTreeMap<NodeId, LinkState>>>;

/// Where the link with one peer stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    /// It is up.
    Up {
        /// What carries it, `quic` or `tcp`.
        over: &'static str,
        /// Since when.
        since: Timestamp,
        /// By how many milliseconds the peer's clock was ahead of this node's.
        ahead: i64,
    },
    /// It ended.
    Down {
        /// Why, in plain words.
        why: String,
    },
}

/// What the routes need.
#[derive(Clone)]
pub struct Api {
    /// The driver's mailbox.
    pub driver: Driver,
    /// This node.
    pub me: NodeId,
    /// Who can sign in.
    pub people: PeopleFile,
    /// Attachments uploaded and not sent yet.
    pub staging: Staging,
    /// Sealed files.
    pub blobs: Arc<BlobStore>,
    /// Since when the node serves.
    pub since: Timestamp,
    /// Where links stand.
    pub link_states: LinkStates,
    /// The trust in force, which travels with evidence.
    pub directory: Current<Option<Directory>>,
    /// What can be done about ways to peers.
    pub carriage: Arc<dyn Carriage>,
    /// What was posted under a key, to be answered alike when it comes again.
    pub repeats: Repeats,
    /// What the console keeps.
    pub console: Console,
}

impl Api {
    /// The member that runs the node.
    pub fn member(&self) -> MemberId {
        self.me.member
    }
}

/// Serves the routes until `until` is done, and then ends what is under way.
///
/// # Errors
/// Whatever the listener gives.
pub async fn serve(
    listener: tokio::net::TcpListener,
    api: Api,
    until: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router(api))
        .with_graceful_shutdown(until)
        .await
}

/// All routes.
pub fn router(api: Api) -> Router {
    let v1 = Router::new()
        .route("/whoami", get(status::whoami))
        .route("/health", get(status::health))
        .route("/netcheck", post(carried::netcheck))
        .route("/backups", post(carried::back_up))
        .route("/bundles", post(carried::take_out))
        .route(
            "/bundles/imports",
            post(carried::bring_in).layer(axum::extract::DefaultBodyLimit::disable()),
        )
        .route("/members", get(members::list))
        .route("/members/{member}", get(members::show))
        .route("/members/{member}/holdings", get(members::holdings))
        .route("/witness", get(witness::show))
        .route("/witness/acknowledgements", post(witness::acknowledge))
        .route(
            "/witness/evidence/{node}/{incarnation}",
            get(witness::evidence),
        )
        .route("/members/{member}/compare", post(members::compare))
        .route("/members/{member}/accept", post(members::accept))
        .route("/keys/rotate", post(members::rotate))
        .route("/reservations", post(attachments::reserve))
        .route(
            "/reservations/{id}/attachments/{index}",
            put(attachments::upload).layer(axum::extract::DefaultBodyLimit::disable()),
        )
        .route(
            "/messages/{id}/attachments/{index}",
            get(attachments::download),
        )
        .route("/search", post(search::search))
        .route("/conversations/{id}/retention", post(retention::shorten))
        .route("/conversations/{id}/erase", post(retention::erase))
        .route("/requests", post(exchanges::send))
        .route("/exchanges", get(exchanges::list))
        .route("/exchanges/{id}", get(exchanges::show))
        .route("/exchanges/{id}/justifications", post(office::justify))
        .route("/log", get(office::log))
        .route("/exchanges/{id}/accept", post(says::accept))
        .route("/exchanges/{id}/answer", post(says::answer))
        .route("/exchanges/{id}/refuse", post(says::refuse))
        .route("/exchanges/{id}/clarify", post(says::clarify))
        .route("/exchanges/{id}/channel", post(says::channel))
        .route("/exchanges/{id}/await", post(says::wait))
        .route("/exchanges/{id}/transfer", post(says::transfer))
        .route("/exchanges/{id}/feedback", post(says::feedback))
        .route("/exchanges/{id}/withdraw", post(says::withdraw))
        .route("/exchanges/{id}/supersede", post(says::supersede))
        .route("/exchanges/{id}/close", post(says::close))
        .route("/exchanges/{id}/reopen", post(says::reopen))
        .route("/letters", get(letters::list))
        .route("/letters/{id}", get(letters::show))
        .route("/letters/{id}/release", post(letters::release))
        .route("/letters/{id}/clear", post(letters::clear))
        .route("/letters/{id}/emergency", post(letters::emergency))
        .route("/letters/{id}/review", post(letters::review))
        .route("/letters/{id}/return", post(letters::give_back))
        .route("/letters/{id}/discard", post(letters::discard))
        .route("/exchanges/{id}/calls", post(duty::call))
        .route("/exchanges/{id}/forward", post(passing::forward))
        .route("/exchanges/{id}/correct", post(passing::correct))
        .route("/exchanges/{id}/acknowledge", post(passing::acknowledge))
        .route("/exchanges/{id}/pass-on", post(passing::pass_on))
        .route("/exchanges/{id}/permissions", post(passing::ask))
        .route("/permissions", get(passing::list))
        .route("/permissions/{id}", get(passing::show))
        .route("/permissions/{id}/grant", post(passing::grant))
        .route("/permissions/{id}/refuse", post(passing::refuse))
        .route("/alerts", get(alerts::list).post(alerts::publish))
        .route("/alerts/{id}", get(alerts::show))
        .route("/alerts/{id}/updates", post(alerts::update))
        .route("/alerts/{id}/cancel", post(alerts::cancel))
        .route("/alerts/{id}/sightings", post(alerts::sight))
        .route("/alerts/{id}/contradictions", post(alerts::contradict))
        .route("/alerts/{id}/acknowledgements", post(alerts::acknowledge))
        .route("/alert-previews", post(alerts::preview))
        .route(
            "/alert-subscriptions",
            get(alerts::subscriptions).post(alerts::subscribe),
        )
        .layer(axum::extract::DefaultBodyLimit::max(LONGEST_JSON))
        .fallback(problem::no_such_route)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(axum::middleware::from_fn_with_state(
            api.clone(),
            repeat::once,
        ))
        .with_state(api.clone());
    Router::new()
        .nest("/api/v1", v1)
        .merge(console::router(api))
}
