//! `Idempotency-Key`: a POST that is sent again under its key takes effect once, and is answered as
//! the first was (draft-ietf-httpapi-idempotency-key-header-07).
//!
//! Before a route runs, a file keeps which id the first message of this POST will have, and the core
//! sends no message of one id twice. So a repeated POST sends nothing twice, even where the node was
//! killed in between. Answers are kept in memory alone, since they may hold content: until something is
//! erased, for whoever still has the roles that they had. Without its answer, as after a restart, what
//! sent a message says how that stands now, and what did something else says that it was done.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};

use super::attachments::derived;
use super::auth::person_of;
use super::problem::Failure;
use super::{Api, LONGEST_JSON};
use crate::app::{AppError, Caller};
use crate::base::{Digest, MessageId, OsEntropy, Role, Timestamp, files};
use crate::seal::at_rest::{EpochSecret, IndexKey};

/// The header.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// How long a key is known.
const LIFE: Duration = Duration::from_secs(24 * 3_600);

/// How many keys are known at a time; the oldest make room.
const MOST: usize = 10_000;

/// How many bytes of answers are kept in memory; the oldest make room.
const ANSWERS: usize = 4 << 20;

/// The longest key, in bytes.
const LONGEST_KEY: usize = 255;

/// Ids of further messages of one POST begin to be counted here, apart from those of linked
/// messages, which are counted from 1.
const FURTHER: usize = 1 << 16;

/// What is known of one key of one person.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    /// What was posted: path and body.
    posted: Digest,
    /// The id of the first message.
    id: MessageId,
    /// When it was first posted.
    at: Timestamp,
    /// What came of it, once something did.
    done: Option<Done>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Done {
    /// Messages under ids that follow from the record's.
    Messages,
    /// Something that has no id.
    Other,
}

/// An answer, for as long as the node runs and nothing is erased.
#[derive(Debug, Clone)]
struct Answer {
    /// What the person might act as who got it.
    roles: Vec<Role>,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// The keys that are known.
#[derive(Clone)]
pub struct Repeats {
    folder: Arc<PathBuf>,
    key: Arc<IndexKey>,
    known: Arc<Mutex<Known>>,
    /// Apart, so that forgetting them waits for no disk; locked after what is known.
    answers: Arc<Mutex<Answers>>,
}

#[derive(Default)]
struct Known {
    records: BTreeMap<Digest, Record>,
    running: BTreeSet<Digest>,
}

#[derive(Default)]
struct Answers {
    kept: BTreeMap<Digest, Answer>,
    /// How often something was erased since the node started.
    erasures: u64,
}

/// What to do with a POST.
enum Turn {
    /// Run it, with this id for its first message; so much was erased before it.
    Run(MessageId, u64),
    /// Answer as the first was answered.
    Answered(Box<Answer>),
}

impl Repeats {
    /// The keys that a folder keeps, sealed under a secret. What does not open is forgotten.
    pub fn new(folder: PathBuf, secret: &EpochSecret) -> Self {
        let repeats = Self {
            folder: Arc::new(folder),
            key: Arc::new(secret.index_key()),
            known: Arc::default(),
            answers: Arc::default(),
        };
        let files = fs::read_dir(&*repeats.folder).into_iter().flatten();
        let mut known = repeats.lock();
        for file in files.flatten() {
            let name = file.file_name().into_string().ok();
            let name = name.and_then(|name| name.parse::<Digest>().ok());
            if let Some(name) = name
                && let Some(record) = repeats.read(name)
            {
                known.records.insert(name, record);
            } else {
                let _gone = fs::remove_file(file.path());
            }
        }
        drop(known);
        repeats
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something was erased, which answers may hold: none of them is kept.
    pub fn forget_answers(&self) {
        let mut answers = self.answers();
        answers.kept.clear();
        answers.erasures += 1;
    }

    fn read(&self, name: Digest) -> Option<Record> {
        let sealed = fs::read(self.folder.join(name.to_string())).ok()?;
        let json = self
            .key
            .open_value("repeats", name.as_bytes(), &sealed)
            .ok()?;
        serde_json::from_slice(&json).ok()
    }

    fn write(&self, name: Digest, record: &Record) -> io::Result<()> {
        fs::create_dir_all(&*self.folder)?;
        let json = serde_json::to_vec(record).map_err(io::Error::other)?;
        let key = name.as_bytes();
        let sealed = self.key.seal_value("repeats", key, &json, &mut OsEntropy);
        files::replace(&self.folder.join(name.to_string()), &sealed)
    }

    /// What to do with a POST under a key of a person in these roles.
    fn begin(
        &self,
        name: Digest,
        posted: Digest,
        roles: &[Role],
        now: Timestamp,
    ) -> Result<Turn, Failure> {
        let mut known = self.lock();
        self.make_room(&mut known, now);
        if known.running.contains(&name) {
            return Err(under_way());
        }
        let id = match known.records.get(&name) {
            Some(record) if record.posted != posted => return Err(reused()),
            Some(record) => match (self.answer(name, roles), record.done) {
                (Some(answer), _) => return Ok(Turn::Answered(Box::new(answer))),
                (None, Some(Done::Other)) => return Err(done_before()),
                (None, None | Some(Done::Messages)) => record.id,
            },
            None => {
                let record = Record {
                    posted,
                    id: MessageId::new(now, &mut OsEntropy),
                    at: now,
                    done: None,
                };
                self.write(name, &record).map_err(|_| AppError::DiskFull)?;
                let id = record.id;
                known.records.insert(name, record);
                id
            }
        };
        known.running.insert(name);
        Ok(Turn::Run(id, self.answers().erasures))
    }

    /// What was answered to a person who had these roles.
    fn answer(&self, name: Digest, roles: &[Role]) -> Option<Answer> {
        let answers = self.answers();
        let answer = answers.kept.get(&name);
        answer.filter(|answer| answer.roles == roles).cloned()
    }

    /// It took effect after so many erasures, and was answered so; no answer where that is a stream.
    fn done(&self, name: Digest, what: Done, answer: Option<Answer>, erasures: u64) {
        let mut known = self.lock();
        known.running.remove(&name);
        if let Some(record) = known.records.get_mut(&name) {
            record.done = Some(what);
            // A record that stays as it was lets the core see that its message is there.
            if let Err(error) = self.write(name, record) {
                tracing::warn!(event = "repeat-not-kept", kind = %error.kind());
            }
        }
        let mut answers = self.answers();
        // It may hold what was erased while it ran.
        let answer = answer.filter(|_| answers.erasures == erasures);
        answers.kept.extend(answer.map(|answer| (name, answer)));
    }

    /// It did not take effect: the key is free for another attempt, unless an earlier one did.
    fn free(&self, name: Digest) {
        let mut known = self.lock();
        known.running.remove(&name);
        let of_name = known.records.get(&name);
        if of_name.is_some_and(|record| record.done.is_none()) {
            self.forget(&mut known, name);
        }
    }

    /// It may have taken effect: whoever asks again finds out.
    fn in_doubt(&self, name: Digest) {
        self.lock().running.remove(&name);
    }

    fn forget(&self, known: &mut Known, name: Digest) {
        known.records.remove(&name);
        self.answers().kept.remove(&name);
        let _gone = fs::remove_file(self.folder.join(name.to_string()));
    }

    fn make_room(&self, known: &mut Known, now: Timestamp) {
        let idle = |name: &Digest| !known.running.contains(name);
        let ages = known.records.iter().filter(|(name, _)| idle(name));
        let mut ages: Vec<(Timestamp, Digest)> = ages.map(|(name, r)| (r.at, *name)).collect();
        ages.sort();
        let over = (known.records.len() + 1).saturating_sub(MOST);
        let old = ages
            .iter()
            .enumerate()
            .filter(|(place, (at, _))| *place < over || at.plus(LIFE) < now);
        let old: Vec<Digest> = old.map(|(_, (_, name))| *name).collect();
        for name in old {
            self.forget(known, name);
        }
        let mut answers = self.answers();
        let kept = &mut answers.kept;
        let mut bytes: usize = kept.values().map(|answer| answer.body.len()).sum();
        for (_, name) in ages {
            if bytes <= ANSWERS {
                break;
            }
            bytes -= kept.remove(&name).map_or(0, |answer| answer.body.len());
        }
    }
}

/// The ids of one POST's messages.
struct Ids {
    first: MessageId,
    drawn: AtomicUsize,
}

tokio::task_local! {
    static IDS: Arc<Ids>;
}

/// The id of a message that is about to be sent: under an `Idempotency-Key` the same for each
/// attempt, else a new one.
pub fn fresh_id() -> MessageId {
    let of_this_post = IDS.try_with(|ids| match ids.drawn.fetch_add(1, Ordering::SeqCst) {
        0 => ids.first,
        further => derived(ids.first, FURTHER + further),
    });
    of_this_post.unwrap_or_else(|_| MessageId::new(Timestamp::system(), &mut OsEntropy))
}

/// The middleware of the API's routes.
pub async fn once(State(api): State<Api>, request: Request, next: Next) -> Response {
    let Some(caller) = person_of(&api, request.headers()) else {
        return next.run(request).await;
    };
    let key = match key(request.method(), request.headers()) {
        Ok(Some(key)) => key,
        Ok(None) => return next.run(request).await,
        Err(failure) => return failure.into_response(),
    };
    match repeated(&api, caller, &key, request, next).await {
        Ok(response) => response,
        Err(failure) => failure.into_response(),
    }
}

async fn repeated(
    api: &Api,
    caller: Caller,
    key: &[u8],
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let body = to_bytes(body, LONGEST_JSON).await.map_err(|_| {
        let next = "Send it without the key, or shorten it.";
        let what = "the body is larger than what can be repeated under a key";
        Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", what, next)
    })?;
    let posted = Digest::of_parts(&[
        b"liaison/posted/v1",
        Digest::of(path.as_bytes()).as_bytes(),
        Digest::of(&body).as_bytes(),
    ]);
    let Caller { person, roles, .. } = caller;
    let name = Digest::of_parts(&[b"liaison/idempotency-key/v1", &person.to_bytes(), key]);
    let turn = api
        .repeats
        .begin(name, posted, &roles, Timestamp::system())?;
    let (id, erasures) = match turn {
        Turn::Run(id, erasures) => (id, erasures),
        Turn::Answered(answer) => return Ok(answer.again()),
    };
    let running = Running {
        repeats: api.repeats.clone(),
        name,
    };
    let ids = Arc::new(Ids {
        first: id,
        drawn: AtomicUsize::new(0),
    });
    let request = Request::from_parts(parts, Body::from(body));
    let response = IDS.scope(ids.clone(), next.run(request)).await;
    let status = response.status();
    if status.is_client_error() && status != StatusCode::CONFLICT {
        running.repeats.free(name);
        return Ok(response);
    }
    if !status.is_success() {
        return Ok(response);
    }
    let what = match ids.drawn.load(Ordering::SeqCst) {
        0 => Done::Other,
        _ => Done::Messages,
    };
    let form = response.headers().get(header::CONTENT_TYPE);
    if form.is_some_and(|form| form != "application/json") {
        running.repeats.done(name, what, None, erasures);
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX)
        .await
        .map_err(|_| AppError::DiskFull)?;
    let answer = Answer {
        roles,
        status,
        headers: parts.headers,
        body,
    };
    let kept = Some(answer.clone());
    running.repeats.done(name, what, kept, erasures);
    Ok(answer.first())
}

/// A POST that runs. Dropped, as when its caller goes away, it is in doubt.
struct Running {
    repeats: Repeats,
    name: Digest,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.repeats.in_doubt(self.name);
    }
}

impl Answer {
    fn first(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        *response.headers_mut() = self.headers;
        response
    }

    /// The same, which says that it is not new.
    fn again(self) -> Response {
        let mut response = self.first();
        let replayed = HeaderName::from_static("idempotent-replayed");
        let headers = response.headers_mut();
        headers.insert(replayed, HeaderValue::from_static("true"));
        response
    }
}

/// The key of a request: a string of 1 to 255 visible characters, in quotes or without.
fn key(method: &Method, headers: &HeaderMap) -> Result<Option<Vec<u8>>, Failure> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let (Some(key), None) = (keys.next(), keys.next()) else {
        return match headers.contains_key(IDEMPOTENCY_KEY) {
            true => Err(bad_key("there is more than one")),
            false => Ok(None),
        };
    };
    if method != Method::POST {
        return Ok(None);
    }
    let form = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    if form.is_some_and(|form| !form.starts_with(b"application/json")) {
        return Err(bad_key("it is taken for JSON bodies only"));
    }
    let key = key.as_bytes();
    let bare = key
        .strip_prefix(b"\"")
        .and_then(|key| key.strip_suffix(b"\""));
    let key = bare.unwrap_or(key);
    let fits = (1..=LONGEST_KEY).contains(&key.len());
    match fits && key.iter().all(u8::is_ascii_graphic) {
        true => Ok(Some(key.to_vec())),
        false => Err(bad_key("it has 1 to 255 visible ASCII characters")),
    }
}

fn bad_key(why: &str) -> Failure {
    Failure::malformed(format!("the idempotency key is none: {why}")).at("Idempotency-Key")
}

fn reused() -> Failure {
    Failure::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "idempotency-key-reused",
        "something else was posted under this key",
        "Use a new key for what is new; nothing was done now.",
    )
}

fn under_way() -> Failure {
    Failure::new(
        StatusCode::CONFLICT,
        "idempotency-key-in-use",
        "what was posted under this key is still under way",
        "Ask again in a moment, under the same key.",
    )
}

fn done_before() -> Failure {
    Failure::new(
        StatusCode::CONFLICT,
        "done-before",
        "this was done under this key before, and its answer is no longer kept",
        "Look at how things stand now; nothing was done a second time.",
    )
}
