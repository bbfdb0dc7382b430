//! How the node is, for whoever has to see to it: peers, what waits, the trust list, alarms.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::super::Api;
use super::super::auth::SignedIn;
use super::super::status;
use super::calendar::Moment;
use super::guard::Person;
use super::page::{Frame, show};
use super::trouble::Trouble;
use crate::api::{Health, PeerHealth};

/// A peer on the page.
struct Peer {
    of: PeerHealth,
    since: Option<Moment>,
}

#[derive(Template)]
#[template(path = "node.html")]
struct NodePage {
    f: Frame,
    health: Health,
    peers: Vec<Peer>,
    since: Moment,
    expires: Option<Moment>,
}

/// `GET /node`.
pub async fn page(State(api): State<Api>, person: Person) -> Result<Response, Trouble> {
    let f = Frame::of(&api, &person, "node-title").live();
    let caller = SignedIn(person.caller);
    let health = status::health(State(api), caller).await?.0;
    let peers = health.peers.iter().map(|peer| Peer {
        since: peer.waiting_since.map(|since| f.moment(since)),
        of: peer.clone(),
    });
    Ok(show(&NodePage {
        peers: peers.collect(),
        since: f.moment(health.serving_since),
        expires: health.trust_list_expires.map(|expires| f.moment(expires)),
        health,
        f,
    }))
}
