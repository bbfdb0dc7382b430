//! Requests from one office to the other, alone and many at a time.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use liaison::app::{Action, Ask};
use liaison::base::{Actor, Timestamp};
use liaison::domain::message::{Body, Event};
use liaison::domain::rfi::Request;
use tokio::runtime::Runtime;

use crate::crypto::BODY;
use crate::nodes::{Nodes, fresh_id};

/// How long an exchange may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request whose encoded body has 1 KiB.
pub fn request() -> Request {
    let mut request: Request = toml::from_str(include_str!("request.toml")).expect("it is one");
    let member = "MK".parse().expect("it is a member");
    let event = |request: &Request| Event {
        by: Actor::node(member),
        at: Timestamp::system(),
        attachments: Vec::new(),
        body: Body::Request(Box::new(request.clone())),
    };
    let len = |request: &Request| liaison::wire::encode_event(&event(request)).len();
    while len(&request) < BODY {
        request.facts[0].text.push('.');
    }
    assert_eq!(len(&request), BODY, "the body has 1 KiB");
    request
}

/// How many exchanges a second were done, and how long each took in microseconds.
pub struct Load {
    pub rate: f64,
    pub times: Vec<f64>,
}

/// `count` exchanges with `window` in flight, put to the driver itself: from there to the receipt
/// being durably kept.
pub fn in_flight(runtime: &Runtime, nodes: &Nodes, count: usize, window: usize) -> Load {
    let request = request();
    let permit = nodes.permit(Action::SendRequest);
    let mut started = VecDeque::new();
    let mut times = Vec::with_capacity(count);
    let start = Instant::now();
    let mut sent = 0;
    while times.len() < count {
        while sent < count && started.len() < window {
            let ask = Ask::SendRequest {
                to: vec![(nodes.asked, fresh_id(), Vec::new())],
                request: Box::new(request.clone()),
            };
            started.push_back(Instant::now());
            let driver = nodes.driver.clone();
            runtime.spawn(async move {
                let reply = driver.ask(permit, ask).await.expect("the node is not busy");
                reply.expect("the request is sent");
            });
            sent += 1;
        }
        // Receipts come in the order of the log, which is that of the asking.
        let kept = nodes.kept.recv_timeout(PATIENCE).expect("a receipt comes");
        let began = started.pop_front().expect("it was asked for");
        times.push(kept.duration_since(began).as_secs_f64() * 1e6);
    }
    Load {
        rate: count as f64 / start.elapsed().as_secs_f64(),
        times,
    }
}

/// `count` exchanges one after another, from the POST to the receipt being durably kept, in
/// microseconds each; and how long the POSTs took to be answered. `beside` runs after each.
pub fn posted(nodes: &Nodes, count: usize, mut beside: impl FnMut()) -> (Vec<f64>, Vec<f64>) {
    let body = serde_json::json!({ "to": ["TR"], "request": request() }).to_string();
    let mut client = Http::connect(nodes.api, &nodes.token);
    let (mut times, mut answered) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let start = Instant::now();
        client.post("/api/v1/requests", &body);
        answered.push(start.elapsed().as_secs_f64() * 1e6);
        let kept = nodes.kept.recv_timeout(PATIENCE).expect("a receipt comes");
        times.push(kept.duration_since(start).as_secs_f64() * 1e6);
        beside();
    }
    (times, answered)
}

/// A route that answers as much as a request is answered, and does nothing.
pub struct HttpFloor(Http, String);

impl HttpFloor {
    /// Serves it, and connects.
    pub fn start(runtime: &Runtime) -> Self {
        let answer = "x".repeat(600);
        let route = post(move |_: String| std::future::ready((StatusCode::ACCEPTED, answer)));
        let router = Router::new().route("/floor", route);
        let bound = tokio::net::TcpListener::bind("127.0.0.1:0");
        let listener = runtime.block_on(bound).expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        runtime.spawn(async move { axum::serve(listener, router).await });
        let body = serde_json::json!({ "to": ["TR"], "request": request() }).to_string();
        Self(Http::connect(address, "none"), body)
    }

    /// Microseconds of each of `count` posts.
    pub fn round(&mut self, count: usize) -> Vec<f64> {
        let Self(client, body) = self;
        let post = |_| {
            let start = Instant::now();
            client.post("/floor", body);
            start.elapsed().as_secs_f64() * 1e6
        };
        (0..count).map(post).collect()
    }
}

/// One HTTP/1.1 connection that stays open.
pub struct Http {
    stream: BufReader<TcpStream>,
    token: String,
}

impl Http {
    /// Connects, for the holder of the token.
    pub fn connect(address: SocketAddr, token: &str) -> Self {
        let stream = TcpStream::connect(address).expect("it listens");
        stream.set_nodelay(true).expect("TCP can do without delay");
        Self {
            stream: BufReader::new(stream),
            token: token.to_owned(),
        }
    }

    /// Gets what is answered.
    pub fn get(&mut self, path: &str) -> String {
        self.ask("GET", path, "")
    }

    /// Posts a JSON body, and gets what is answered.
    pub fn post(&mut self, path: &str, body: &str) -> String {
        self.ask("POST", path, body)
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> String {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        );
        self.stream
            .get_mut()
            .write_all(request.as_bytes())
            .expect("the connection is open");
        let mut status = String::new();
        self.stream.read_line(&mut status).expect("an answer comes");
        let mut len = 0;
        loop {
            let mut line = String::new();
            self.stream
                .read_line(&mut line)
                .expect("an answer has headers");
            let line = line.trim().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                len = value.trim().parse().expect("a length is a number");
            }
            if line.is_empty() {
                break;
            }
        }
        let mut answer = vec![0; len];
        self.stream
            .read_exact(&mut answer)
            .expect("an answer comes whole");
        let answer = String::from_utf8(answer).expect("it is text");
        assert!(status.contains(" 20"), "{method} {path}: {status}{answer}");
        answer
    }
}
