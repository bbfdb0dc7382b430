//! Who one is, and how the node is.

use axum::Json;
use axum::extract::State;

use super::auth::SignedIn;
use super::members::alarms;
use super::problem::Failure;
use super::witness;
use super::{Api, LinkState};
use crate::api::{Health, LinkOut, MemberOut, PeerHealth, WhoAmI};
use crate::app::{Action, AppError, Ask, Reply};

/// `GET /whoami`.
pub async fn whoami(State(api): State<Api>, SignedIn(caller): SignedIn) -> Json<WhoAmI> {
    Json(WhoAmI {
        person: caller.person,
        name: caller.name,
        member: api.member(),
        roles: caller.roles,
    })
}

/// `GET /health`.
pub async fn health(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
) -> Result<Json<Health>, Failure> {
    let reply = api.ask(&caller, Action::ReadHealth, Ask::Health).await?;
    let Reply::Health(health) = reply else {
        return Err(AppError::NotFound("state").into());
    };
    let states = match api.link_states.lock() {
        Ok(states) => states.clone(),
        Err(poisoned) => poisoned.into_inner().clone(),
    };
    let nodes = health.federation.iter().flat_map(|f| f.nodes.clone());
    let peer = |node: crate::base::NodeId| {
        let waiting = health.waiting.iter().find(|(m, _, _)| *m == node.member);
        let (link, last_error) = match states.get(&node) {
            Some(LinkState::Up { over, since, .. }) => {
                let over = (*over).to_owned();
                (
                    Some(LinkOut {
                        over,
                        since: *since,
                    }),
                    None,
                )
            }
            Some(LinkState::Down { why }) => (None, Some(why.clone())),
            None => (None, None),
        };
        PeerHealth {
            node,
            connected: health.linked.contains(&node),
            waiting: waiting.map_or(0, |(_, count, _)| *count),
            waiting_since: waiting.and_then(|(_, _, since)| *since),
            link,
            last_error,
        }
    };
    let out = health.federation.iter().flat_map(|federation| {
        let members = health
            .waiting
            .iter()
            .map(|(member, waiting, _)| (*member, *waiting));
        let silent = federation.trust.suspended.iter().map(|member| (*member, 0));
        let mut out: std::collections::BTreeMap<_, _> = silent.collect();
        out.extend(members);
        out.into_iter().filter_map(|(member, waiting)| {
            Some(MemberOut {
                member,
                why: federation.withholds(member)?.code().to_owned(),
                waiting,
            })
        })
    });
    let out: Vec<_> = out.collect();
    Ok(Json(Health {
        alarms: alarms(&health)
            .into_iter()
            .chain(witness::alarms(&health.witness))
            .collect(),
        own_log: Some(witness::view(&health.witness).own),
        letters: super::letters::waiting(&health.letters),
        out,
        node: api.me,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        serving_since: api.since,
        log_size: health.log_size,
        log_root: health.log_root,
        index_size: health.index_size,
        trust_list: health.federation.as_ref().map(|f| f.version),
        trust_list_expires: health.federation.as_ref().map(|f| f.expires),
        peers: nodes.filter(|node| *node != api.me).map(peer).collect(),
    }))
}
