//! What the offices do while their nodes die: they ask each other, accept, answer and refuse, and
//! note what was acknowledged and what stayed in doubt.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use liaison::api::{Direction, SendAcceptance, SendAnswer, SendRefusal, SendRequest};
use liaison::base::{Digest, Entropy as _, MemberId, MessageId, SeededEntropy};
use liaison::client::{Client, ClientError};
use serde_json::{Value, json};

use crate::examples;
use crate::office::Office;
use crate::world::{World, block};

/// What a sent request carries.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    pub id: MessageId,
    pub from: MemberId,
    pub to: MemberId,
    /// Length and digest of its attachment.
    pub attached: Option<(u64, Digest)>,
}

/// What people were told, to be compared with what is true in the end.
#[derive(Default)]
pub struct Told {
    /// Requests that were acknowledged, by reference.
    pub sent: Mutex<BTreeMap<String, Acknowledged>>,
    /// References of requests whose call was cut off.
    pub in_doubt: Mutex<BTreeSet<String>>,
    /// The word that was acknowledged for an exchange: `accepted`, `answered`, `refused`.
    pub said: Mutex<BTreeMap<MessageId, &'static str>>,
    /// Calls that were cut off, of any kind.
    pub interrupted: AtomicUsize,
    /// Anything else that went wrong.
    pub faults: Mutex<Vec<String>>,
}

/// The traffic's pace and end.
#[derive(Default)]
pub struct Pace {
    /// Calls begun so far, by anyone.
    pub begun: AtomicUsize,
    /// Requests that each office may have sent by now.
    pub allowed: AtomicUsize,
    pub over: AtomicBool,
}

impl Pace {
    fn begin(&self) {
        self.begun.fetch_add(1, Ordering::SeqCst);
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }
}

/// Ends the traffic, also where what goes on beside it fails.
pub struct Over<'a>(pub &'a Pace);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::SeqCst);
    }
}

/// Leaves the processor to the nodes before one looks again.
pub fn breathe() {
    std::thread::sleep(Duration::from_millis(2));
}

/// An officer who asks the other offices in turn, one request in six with a small attachment.
pub fn ask(world: &World, office: &Office, seed: u64, pace: &Pace, told: &Told) {
    let mut chance = SeededEntropy::new(seed);
    let others: Vec<MemberId> = world.offices.iter().map(|other| other.member).collect();
    let others: Vec<_> = others.into_iter().filter(|o| *o != office.member).collect();
    let mut number = 0;
    while !pace.is_over() {
        if number >= pace.allowed.load(Ordering::SeqCst) {
            breathe();
            continue;
        }
        let Some(client) = office.try_client("officer") else {
            breathe();
            continue;
        };
        number += 1;
        let to = others[usize::try_from(chance.below(others.len() as u64)).expect("small")];
        let reference = format!("{}-{number:05}", office.member);
        let size = (chance.below(6) == 0).then(|| 1 + chance.below(60_000));
        let file = size.map(|size| {
            let mut bytes = vec![0; usize::try_from(size).expect("small")];
            chance.fill(&mut bytes);
            let digest = Digest::of(&bytes);
            (
                world.write(&format!("{reference}.bin"), bytes),
                size,
                digest,
            )
        });
        pace.begin();
        let outcome = block(send(
            &client,
            &reference,
            to,
            file.as_ref().map(|f| f.0.as_path()),
        ));
        let attached = file.map(|(path, size, digest)| {
            std::fs::remove_file(path).expect("it was written before");
            (size, digest)
        });
        match outcome {
            Ok(id) => {
                let from = office.member;
                let sent = Acknowledged {
                    id,
                    from,
                    to,
                    attached,
                };
                let before = lock(&told.sent).insert(reference, sent);
                assert!(before.is_none(), "a reference was used twice");
            }
            Err(error) => {
                lock(&told.in_doubt).insert(reference.clone());
                told.note(&reference, &error);
            }
        }
    }
}

async fn send(
    client: &Client,
    reference: &str,
    to: MemberId,
    file: Option<&std::path::Path>,
) -> Result<MessageId, ClientError> {
    let reservation = match file {
        None => None,
        Some(file) => {
            let id = client.reserve().await?.id;
            client.upload(id, 0, file, Box::new(|_| ())).await?;
            Some(id)
        }
    };
    let mut request = examples::request();
    request["reference"] = json!(reference);
    let body = SendRequest {
        reservation,
        to: vec![to],
        request,
    };
    let sent = client.send_request(&body).await?;
    assert_eq!(sent.exchanges.len(), 1, "one member was asked");
    Ok(sent.exchanges[0].id)
}

/// A contact point who takes what comes in: most requests are accepted and then answered, some
/// refused.
pub fn respond(office: &Office, seed: u64, pace: &Pace, told: &Told) {
    let mut chance = SeededEntropy::new(seed);
    while !pace.is_over() {
        let Some(client) = office.try_client("contact") else {
            breathe();
            continue;
        };
        let mut any = false;
        for state in ["delivered", "read", "accepted"] {
            let direction = Some(Direction::Incoming);
            let Ok(page) = block(client.exchanges(direction, (Some(state), None), Some(8), None))
            else {
                break;
            };
            for exchange in page.items {
                any = true;
                let word = match (state, chance.below(10)) {
                    ("accepted", _) => "answered",
                    (_, 0) => "refused",
                    _ => "accepted",
                };
                pace.begin();
                match block(say(&client, exchange.id, word)) {
                    Ok(state) => {
                        assert_eq!(state, word, "{}", exchange.id);
                        lock(&told.said).insert(exchange.id, word);
                    }
                    Err(error) => told.note(&exchange.id.to_string(), &error),
                }
            }
        }
        if !any {
            breathe();
        }
    }
}

async fn say(client: &Client, id: MessageId, word: &str) -> Result<String, ClientError> {
    let summary = match word {
        "accepted" => {
            let acceptance = SendAcceptance {
                reference: None,
                access: "direct".to_owned(),
                note: None,
            };
            client.accept(id, &acceptance).await?
        }
        "answered" => {
            let answer: SendAnswer<Value> = SendAnswer {
                reservation: None,
                answer: examples::answer_to_request(),
            };
            client.answer(id, &answer).await?
        }
        _ => {
            let refusal = SendRefusal {
                questions: Vec::new(),
                ground: "f2".to_owned(),
                reason: Some("An investigation is under way.".to_owned()),
            };
            client.refuse(id, &refusal).await?
        }
    };
    Ok(summary.state)
}

impl Told {
    /// A call that did not end well: cut off, or else a fault of the node.
    fn note(&self, what: &str, error: &ClientError) {
        match error {
            ClientError::Unreachable { .. } | ClientError::Interrupted { .. } => {
                self.interrupted.fetch_add(1, Ordering::SeqCst);
            }
            ClientError::Problem(problem) if problem.status == 503 => {
                self.interrupted.fetch_add(1, Ordering::SeqCst);
            }
            other => lock(&self.faults).push(format!("{what}: {other:?}")),
        }
    }
}

/// What a thread that failed had noted still counts.
pub fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
