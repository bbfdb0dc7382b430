//! How the node is, for whoever has to see to it: peers, what waits, the trust list, alarms.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::super::Api;
use super::super::auth::{Body, SignedIn};
use super::super::{members, status, witness};
use super::calendar::{Moment, span};
use super::form::Typed;
use super::guard::Person;
use super::language::{Part, Words};
use super::page::{Frame, show};
use super::stepup;
use super::thread::size;
use super::trouble::{Trouble, see_other};
use crate::api::{Health, KeyAge, LogAlarmView, LogView, PeerHealth, PeerReach, Tried};
use crate::app::{Action, AppError, Permit};
use crate::seal::keystore::Rotation;
use crate::store::Room;

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
    sealable: Option<Moment>,
    ages: Vec<Age>,
    /// What a test of the connections found, where one was asked for.
    tested: Option<Vec<Tested>>,
    may_rotate: bool,
    /// How the logs of others stand.
    logs: Vec<Log>,
    /// How much of this log enough members have cosigned.
    witnessed: String,
    log_alarms: Vec<LogAlarm>,
    /// Room on the disk of the data folder, and its size, in words.
    disk: Option<String>,
}

/// One of this node's keys on the page.
struct Age {
    word: String,
    age: String,
    made: Moment,
    renewed: Option<Moment>,
}

impl Age {
    fn of(key: &KeyAge, f: &Frame) -> Self {
        let age = span(f.now.since(key.created), f.t);
        Self {
            word: f.t.code("key-age", &key.key),
            age: f.t.with("key-made", "age", age),
            made: f.moment(key.created),
            renewed: key.renewed.map(|at| f.moment(at)),
        }
    }
}

/// Another node's log on the page.
struct Log {
    of: LogView,
    seen: Option<Moment>,
    silent: Option<String>,
}

/// An alarm about a log.
struct LogAlarm {
    of: LogAlarmView,
    at: Moment,
}

/// A peer that was tried.
struct Tested {
    of: PeerReach,
    tries: Vec<Try>,
    /// The code of what has to be seen to, why, and what to do.
    hindrance: Option<(&'static str, String, String)>,
}

/// One way that was tried.
struct Try {
    of: Tried,
    found: String,
}

impl Tested {
    fn of(of: PeerReach, t: Words) -> Self {
        let tries = of.tried.iter().map(|tried| Try {
            found: t.code("found", &tried.found),
            of: tried.clone(),
        });
        let hindrance = of.hindrance().map(|hindrance| {
            let code = hindrance.code();
            let next = format!("hindrance-{code}-next");
            let next = t.with(&next, "port", of.port());
            (code, t.code("hindrance", code), next)
        });
        Self {
            tries: tries.collect(),
            hindrance,
            of,
        }
    }
}

/// `GET /node`.
pub async fn page(State(api): State<Api>, person: Person) -> Result<Response, Trouble> {
    node(api, person, None).await
}

/// `POST /node/test`: tries every way to every peer.
pub async fn test(State(api): State<Api>, person: Person, _: Typed) -> Result<Response, Trouble> {
    let permit = Permit::ask(api.member(), &person.caller, Action::ReadHealth);
    permit.map_err(AppError::from)?;
    let found = api.carriage.reach(None).await;
    let t = person.words().of_page("node-title");
    let tested = found.into_iter().map(|peer| Tested::of(peer, t)).collect();
    node(api, person, Some(tested)).await
}

/// `POST /node/rotate`: new keys in place of those that are ticked.
pub async fn rotate(
    State(api): State<Api>,
    person: Person,
    typed: Typed,
) -> Result<Response, Trouble> {
    if let Some(page) = stepup::needed(&api, &person, Some(&typed)) {
        return Ok(page);
    }
    let ticked = |key: &str| typed.all("key").any(|one| one == key);
    let what = Rotation {
        tls: ticked("tls"),
        recipient: ticked("recipient"),
        log: ticked("log"),
    };
    if !what.is_empty() {
        let _keys = members::rotate(State(api), SignedIn(person.caller), Body(what)).await?;
    }
    Ok(see_other("/node"))
}

async fn node(api: Api, person: Person, tested: Option<Vec<Tested>>) -> Result<Response, Trouble> {
    let f = Frame::of(&api, &person, "node-title");
    // What a test found stays until the page is left.
    let f = match tested {
        None => f.live(),
        Some(_) => f,
    };
    let roles = Action::RotateKeys.roles();
    let may_rotate = person.caller.roles.iter().any(|role| roles.contains(role));
    let caller = SignedIn(person.caller);
    let disk = disk(&api, f.t);
    let stands = witness::show(State(api.clone()), SignedIn(caller.0.clone()));
    let stands = stands.await?.0;
    let health = status::health(State(api), caller).await?.0;
    let peers = health.peers.iter().map(|peer| Peer {
        since: peer.waiting_since.map(|since| f.moment(since)),
        of: peer.clone(),
    });
    let silent = |seconds| {
        let time = span(Duration::from_secs(seconds), f.t);
        f.t.with("log-silent", "time", time)
    };
    let logs = stands.logs.into_iter().map(|log| Log {
        seen: log.seen_at.map(|at| f.moment(at)),
        silent: log.silent_seconds.map(silent),
        of: log,
    });
    let alarms = stands.alarms.into_iter().map(|alarm| LogAlarm {
        at: f.moment(alarm.at),
        of: alarm,
    });
    let parts = [
        (
            "size",
            Part::from(stands.own.witnessed.map_or(0, |at| at.size)),
        ),
        ("whole", Part::from(stands.own.size)),
    ];
    let witnessed = f.t.put("own-witnessed-of", &parts);
    let keys = health.keys.as_ref();
    let sealable = keys.and_then(|keys| keys.sealable_until);
    let ages = keys.iter().flat_map(|keys| &keys.ages);
    let ages = ages.map(|key| Age::of(key, &f)).collect();
    Ok(show(&NodePage {
        peers: peers.collect(),
        since: f.moment(health.serving_since),
        expires: health.trust_list_expires.map(|expires| f.moment(expires)),
        ages,
        sealable: sealable.map(|until| f.moment(until)),
        may_rotate: may_rotate && health.keys.is_some(),
        logs: logs.collect(),
        log_alarms: alarms.collect(),
        witnessed,
        disk,
        tested,
        health,
        f,
    }))
}

/// Room on the disk of the data folder; none where the system does not say.
fn disk(api: &Api, t: Words) -> Option<String> {
    let dir = &*api.console.dir;
    let room = Room::of(dir).ok()?;
    let parts = [
        ("free", Part::from(size(room.free))),
        ("whole", Part::from(size(room.whole))),
    ];
    Some(t.put("disk-free-of", &parts))
}
