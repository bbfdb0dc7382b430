//! What else goes over the same link: an attachment, and what is urgent beside a full load.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use liaison::app::{Action, Ask, Permit};
use liaison::base::{MemberId, MessageId};
use liaison::domain::profile::Urgency;
use liaison::domain::rfi::{Request, UrgencyReason};
use liaison::driver::Driver;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

use crate::load::{self, Http};
use crate::nodes::{Nodes, fresh_id};

/// How long an attachment may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// Bytes of an attachment that are posted at a time.
const PIECE: usize = 256 * 1024;

/// How long an attachment of some length took, in seconds.
pub struct Carried {
    /// To be sealed, and stored at the sender.
    pub sealed: f64,
    /// To be fetched, verified and on the disk at the other end, and to be receipted.
    pub stored: f64,
}

/// Sends an attachment of `len` bytes with a request.
pub fn attachment(runtime: &Runtime, nodes: &Nodes, len: usize) -> Carried {
    let mut client = Http::connect(nodes.api, &nodes.token);
    let reserved = client.post("/api/v1/reservations", "");
    let reserved: serde_json::Value = serde_json::from_str(&reserved).expect("it is JSON");
    let id = reserved["id"].as_str().expect("an id").to_owned();
    let start = Instant::now();
    upload(nodes, &id, len);
    let sealed = start.elapsed().as_secs_f64();
    let since = nodes.driver.grown();
    let since = *since.borrow();
    let message: MessageId = id.parse().expect("it is an id");
    let body = serde_json::json!({ "to": ["TR"], "reservation": id, "request": load::request() });
    let start = Instant::now();
    client.post("/api/v1/requests", &body.to_string());
    let stored = told(&nodes.driver, since, "receipt.attachments-stored", message);
    let stored = runtime.block_on(async { tokio::time::timeout(PATIENCE, stored).await });
    let stored = stored.expect("it comes") - start;
    while nodes.kept.try_recv().is_ok() {}
    Carried {
        sealed,
        stored: stored.as_secs_f64(),
    }
}

fn upload(nodes: &Nodes, id: &str, len: usize) {
    let mut stream = TcpStream::connect(nodes.api).expect("it listens");
    let head = format!(
        "PUT /api/v1/reservations/{id}/attachments/0?name=a.bin HTTP/1.1\r\nhost: bench\r\n\
         authorization: Bearer {}\r\nconnection: close\r\ncontent-length: {len}\r\n\r\n",
        nodes.token
    );
    stream.write_all(head.as_bytes()).expect("it reads");
    let piece: Vec<u8> = (0..PIECE).map(|n| (n % 251) as u8).collect();
    for _ in 0..len / PIECE {
        stream.write_all(&piece).expect("it reads");
    }
    let mut answer = String::new();
    let mut reader = BufReader::new(stream);
    reader.read_line(&mut answer).expect("it answers");
    assert!(answer.contains(" 200 "), "{answer}");
    let _rest = reader.read_to_end(&mut Vec::new());
}

/// When the node has on record what happened to a message, by its log from entry `since` on.
async fn told(driver: &Driver, since: u64, what: &str, message: MessageId) -> Instant {
    let (mut next, mut grown) = (since, driver.grown());
    loop {
        let (news, end) = driver
            .news(next)
            .await
            .expect("the node runs")
            .expect("it tells");
        let mut found = news.iter();
        if found.any(|news| news.what == what && news.message == Some(message)) {
            return Instant::now();
        }
        if end > next {
            next = end;
            continue;
        }
        let more = grown.wait_for(|size| *size > next).await;
        more.expect("the node runs");
    }
}

/// Microseconds from asking to the receipt for each of `count` urgent requests: alone, and beside
/// as many routine ones as `window` in flight are.
pub fn urgent(runtime: &Runtime, nodes: &Nodes, count: usize, window: usize) -> [Vec<f64>; 2] {
    let asking = Asking {
        driver: nodes.driver.clone(),
        asked: nodes.asked,
        permit: nodes.permit(Action::SendRequest),
    };
    let alone = (0..count).map(|_| asking.one(runtime)).collect();
    while nodes.kept.try_recv().is_ok() {}
    let stop = Arc::new(AtomicBool::new(false));
    let room = Arc::new(Semaphore::new(window));
    let sending = runtime.spawn(routine(nodes, room.clone(), stop.clone()));
    let beside = std::thread::scope(|scope| {
        let keeping = stop.clone();
        let urgent = scope.spawn(move || {
            let times: Vec<f64> = (0..count).map(|_| asking.one(runtime)).collect();
            keeping.store(true, Ordering::SeqCst);
            times
        });
        // Each receipt makes room for the next request; those of urgent ones add a few.
        while !stop.load(Ordering::SeqCst) {
            if nodes.kept.recv_timeout(Duration::from_millis(50)).is_ok() {
                room.add_permits(1);
            }
        }
        urgent.join().expect("nobody panicked")
    });
    room.close();
    runtime.block_on(sending).expect("nobody panicked");
    while nodes.kept.recv_timeout(Duration::from_secs(1)).is_ok() {}
    [alone, beside]
}

/// Sends routine requests until told to stop or the room is closed, each where there is room for one
/// more.
fn routine(
    nodes: &Nodes,
    room: Arc<Semaphore>,
    stop: Arc<AtomicBool>,
) -> impl Future<Output = ()> + Send + 'static {
    let (driver, asked) = (nodes.driver.clone(), nodes.asked);
    let permit = nodes.permit(Action::SendRequest);
    let request = Box::new(load::request());
    async move {
        while !stop.load(Ordering::SeqCst) {
            let Ok(turn) = room.acquire().await else {
                return;
            };
            turn.forget();
            let ask = Ask::SendRequest {
                to: vec![(asked, fresh_id(), Vec::new())],
                request: request.clone(),
            };
            let driver = driver.clone();
            tokio::spawn(async move { driver.ask(permit, ask).await });
        }
    }
}

/// Who asks whom.
struct Asking {
    driver: Driver,
    asked: MemberId,
    permit: Permit,
}

impl Asking {
    /// One urgent request, until its receipt is on record.
    fn one(&self, runtime: &Runtime) -> f64 {
        let since = *self.driver.grown().borrow();
        let message = fresh_id();
        let ask = Ask::SendRequest {
            to: vec![(self.asked, message, Vec::new())],
            request: Box::new(urgent_request()),
        };
        let start = Instant::now();
        let received = runtime.block_on(async {
            let reply = self.driver.ask(self.permit, ask).await;
            reply
                .expect("the node is not busy")
                .expect("the request is sent");
            told(&self.driver, since, "receipt.delivered", message).await
        });
        (received - start).as_secs_f64() * 1e6
    }
}

fn urgent_request() -> Request {
    let mut request = load::request();
    request.urgency = Urgency::Urgent;
    request.urgency_reason = Some(UrgencyReason::U2);
    request
}
