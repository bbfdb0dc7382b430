//! The node's HTTP side: the API and the console, both over the use cases of the app.

mod alerts;
mod attachments;
mod auth;
mod callers;
mod carried;
mod console;
mod duty;
mod exchanges;
mod letters;
mod members;
mod office;
mod openapi;
mod passing;
mod people;
mod problem;
mod range;
mod repeat;
mod retention;
mod route;
mod routes;
mod says;
mod sealing;
mod search;
mod shapes;
mod staging;
mod statistics;
mod status;
mod terms;
mod transfers;
mod witness;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use crate::base::{MemberId, NodeId, Timestamp};
use crate::driver::{Current, Driver};
use crate::seal::trust::Directory;
use crate::store::BlobStore;

pub use carried::{Carriage, CarryFailed, Later};
pub use console::{Console, Site};
pub use members::Custody;
pub use people::{PeopleFile, PeopleStore, Unchanged};
pub use problem::without_values;
pub use repeat::Repeats;
pub use staging::{Adding, NotAdded, NotTaken, Staging, Taken, Taking, Took};
pub use transfers::{Transfer, Transfers};

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

/// Which webhooks take nothing, by their address.
pub type HookStates = Arc<std::sync::Mutex<std::collections::BTreeMap<String, HookFailing>>>;

/// A system that does not take what it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookFailing {
    /// Since when.
    pub since: Timestamp,
    /// Why, in plain words.
    pub why: String,
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
    /// Files on their way in and out.
    pub transfers: Transfers,
    /// Sealed files.
    pub blobs: Arc<BlobStore>,
    /// Since when the node serves.
    pub since: Timestamp,
    /// Where links stand.
    pub link_states: LinkStates,
    /// Which webhooks take nothing.
    pub hook_states: HookStates,
    /// The trust in force, which travels with evidence.
    pub directory: Current<Option<Directory>>,
    /// What can be done about ways to peers.
    pub carriage: Arc<dyn Carriage>,
    /// What the node's folder says of its keys, and of trust that is on its way.
    pub custody: Arc<dyn Custody>,
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
    callers::serve(listener, router(api), callers::most(), until).await
}

/// All routes.
pub fn router(api: Api) -> Router {
    let unrouted = Router::new().route("/openapi.json", get(openapi::serve));
    let v1 = routes::all()
        .into_iter()
        .fold(unrouted, |router, route| route.served_by(router))
        .layer(axum::extract::DefaultBodyLimit::max(LONGEST_JSON))
        .fallback(problem::no_such_route)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(axum::middleware::from_fn_with_state(
            api.clone(),
            repeat::once,
        ))
        .with_state(api.clone());
    Router::new()
        .nest(openapi::BASE, v1)
        .merge(console::router(api))
}
