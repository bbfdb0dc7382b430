//! Who one is, and how the node is.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;

use super::auth::SignedIn;
use super::duty;
use super::members::alarms;
use super::problem::Failure;
use super::witness;
use super::{Api, HookFailing, LinkState};
use crate::api::{Alarm, CLOCK_SKEW_MS, Health, LinkOut, MemberOut, OwnKeys, PeerHealth, WhoAmI};
use crate::app::{Action, AppError, Ask, HealthReply, Reply};
use crate::base::{MemberId, NodeId, Timestamp};
use crate::exchange::Refusal;
use crate::store::{Room, leaves_room_for_messages, log_has_room};

/// `GET /whoami`.
pub async fn whoami(State(api): State<Api>, SignedIn(caller): SignedIn) -> Json<WhoAmI> {
    Json(WhoAmI {
        person: caller.person,
        name: caller.name,
        member: api.member(),
        roles: caller.roles,
    })
}

/// Why a linked member takes nothing of what waits for it, and what to do.
fn refusing(health: &HealthReply, member: MemberId) -> Option<String> {
    let waits = |(of, count, _): &(MemberId, u64, _)| *of == member && *count > 0;
    health.waiting.iter().find(|one| waits(one))?;
    let (_, why, since) = health.refusing.iter().find(|(of, ..)| *of == member)?;
    let next = match why {
        Refusal::Expired | Refusal::PostDated => {
            "compare both clocks, and set the one that is wrong"
        }
        Refusal::KeyNotAccepted => "two people there have to accept this office's new key",
        Refusal::OverQuota => {
            "send less; if all of it is needed, ask them to raise their quota for this office"
        }
        Refusal::NoRoom => "their disk is full: call their administrator",
        _ => "it is offered again and again; if it lasts, call their administrator",
    };
    Some(format!("it takes nothing since {since} ({why}): {next}"))
}

/// Systems that do not take what they are told.
fn hooks(api: &Api) -> Vec<Alarm> {
    let states = match api.hook_states.lock() {
        Ok(states) => states.clone(),
        Err(poisoned) => poisoned.into_inner().clone(),
    };
    let alarm = |(url, failing): (String, HookFailing)| Alarm {
        code: "webhook-failing".to_owned(),
        detail: format!(
            "{url} has taken no event since {}: {}",
            failing.since, failing.why
        ),
        next: "See to the system behind it; events wait in their order: `liaison help webhooks`."
            .to_owned(),
    };
    states.into_iter().map(alarm).collect()
}

/// Linked peers whose clocks differ from this node's.
fn clocks(states: &BTreeMap<NodeId, LinkState>) -> impl Iterator<Item = Alarm> {
    states.iter().filter_map(|(peer, state)| {
        let LinkState::Up { ahead, .. } = state else {
            return None;
        };
        let apart = ahead.unsigned_abs();
        let whose = match *ahead > 0 {
            true => format!("{peer}'s clock was ahead of this node's"),
            false => format!("this node's clock was ahead of {peer}'s"),
        };
        (apart >= CLOCK_SKEW_MS).then(|| Alarm {
            code: "clock-astray".to_owned(),
            detail: format!("{whose} by {} minutes when they linked", apart / 60_000),
            next: "Compare both with a third, and set the one that is wrong: what is dated ahead \
                   waits, and limits are counted by it."
                .to_owned(),
        })
    })
}

/// A disk that has no more room than messages need, or none.
fn disk(api: &Api) -> Option<Alarm> {
    let dir = &*api.console.dir;
    // A disk that cannot be asked has faults of its own, which the log tells.
    if !log_has_room(dir).unwrap_or(true) {
        return Some(Alarm {
            code: "disk-full".to_owned(),
            detail: "the disk is full: nothing new is recorded, and peers are told to wait"
                .to_owned(),
            next:
                "Free space on the disk of the node's folder: what was acknowledged is kept, and \
                   the node goes on by itself."
                    .to_owned(),
        });
    }
    if leaves_room_for_messages(dir, 0).unwrap_or(true) {
        return None;
    }
    let free = Room::of(dir).ok()?.free;
    Some(Alarm {
        code: "disk-nearly-full".to_owned(),
        detail: format!(
            "{} MB are free: attachments of others are not fetched, so that messages have room",
            free / 1_000_000
        ),
        next:
            "Free space on the disk of the node's folder, or give it a larger one; what waits is \
               fetched by itself then."
                .to_owned(),
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
                    refusing(&health, node.member),
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
    let out = health.out.iter().map(|(member, why, waiting)| MemberOut {
        member: *member,
        why: why.code().to_owned(),
        waiting: *waiting,
    });
    let out: Vec<_> = out.collect();
    let own = health.federation.as_ref();
    let own = own.and_then(|federation| federation.trust.keys.get(&api.me));
    let ages = api.in_custody(|custody| custody.key_ages()).await;
    let now = Timestamp::system();
    let pressing = &health.pressing;
    let exchanges = pressing.exchanges.iter();
    let alerts = pressing.alerts.iter();
    let letters = pressing.letters.iter();
    Ok(Json(Health {
        alarms: alarms(&health)
            .into_iter()
            .chain(witness::alarms(&health.witness))
            .chain(hooks(&api))
            .chain(clocks(&states))
            .chain(disk(&api))
            .collect(),
        own_log: Some(witness::view(&health.witness).own),
        letters: super::letters::waiting(&health.letters),
        pressing: exchanges.map(|row| duty::pressing(row, now)).collect(),
        pressing_alerts: alerts.map(|row| duty::pressing_alert(row, now)).collect(),
        pressing_letters: letters.map(|row| duty::pressing_letter(row, now)).collect(),
        out,
        keys: own.map(|keys| OwnKeys {
            sequence: keys.sequence,
            sealable_until: keys.sealable_until,
            ages,
        }),
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
