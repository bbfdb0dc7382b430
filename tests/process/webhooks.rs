//! A case system is told what happens: ids alone, signed, in order, until it takes each.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use liaison::api::Sent;
use liaison::config::{Config, Webhook};
use liaison::seal::webhook::WebhookSecret;
use serde_json::Value;

use crate::examples;
use crate::office::Office;
use crate::world::{PATIENCE, World, block, until};

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A case system.
pub struct CaseSystem {
    address: SocketAddr,
    answers: Arc<AtomicU16>,
    told: Arc<Mutex<Vec<Told>>>,
}

/// What it was told, and what it answered.
#[derive(Debug, Clone)]
pub struct Told {
    answer: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Told {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map_or("", |(_, value)| value)
    }

    fn event(&self) -> Value {
        serde_json::from_str(&self.body).expect("it is JSON")
    }
}

impl CaseSystem {
    pub fn new(answer: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let system = Self {
            address: listener.local_addr().expect("an address"),
            answers: Arc::new(AtomicU16::new(answer)),
            told: Arc::default(),
        };
        let (answers, told) = (system.answers.clone(), system.told.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answers, told) = (answers.clone(), told.clone());
                std::thread::spawn(move || while listen(&stream, &answers, &told).is_some() {});
            }
        });
        system
    }

    /// What it has taken.
    pub fn taken(&self) -> Vec<Told> {
        let told = self.told.lock().expect("nobody panicked");
        let taken = told.iter().filter(|told| told.answer == 204);
        taken.cloned().collect()
    }

    fn refused(&self) -> usize {
        let told = self.told.lock().expect("nobody panicked");
        told.iter().filter(|told| told.answer != 204).count()
    }

    pub fn types(&self) -> Vec<String> {
        let types = self.taken().into_iter();
        let types = types.map(|told| told.event()["type"].as_str().unwrap_or("").to_owned());
        types.collect()
    }
}

/// Reads one request and answers it; none at the end.
fn listen(stream: &TcpStream, answers: &AtomicU16, told: &Mutex<Vec<Told>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    let length = headers.iter().find(|(name, _)| name == "content-length")?;
    let mut body = vec![0; length.1.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    let answer = answers.load(Ordering::SeqCst);
    let body = String::from_utf8(body).ok()?;
    told.lock().expect("nobody panicked").push(Told {
        answer,
        headers,
        body,
    });
    let head = format!("HTTP/1.1 {answer} -\r\ncontent-length: 0\r\n\r\n");
    let mut stream = stream;
    stream.write_all(head.as_bytes()).ok()
}

/// Has an office tell it.
pub fn tell(office: &Office, world: &World, system: &CaseSystem) {
    let mut config = Config::load(&office.dir).expect("a valid configuration");
    config.settings.webhook = vec![Webhook {
        url: format!("http://{}/liaison", system.address),
        secret_file: world.write("webhook", SECRET),
    }];
    let text = config.settings.render();
    std::fs::write(office.part("liaison.toml"), text).expect("a configuration");
}

fn send(world: &World) -> String {
    let text = toml::to_string(&examples::urgent_request()).expect("the example is valid TOML");
    let file = world.write("request.toml", text);
    let call = world.office("MK").call("rfi send").option("--to", "TR");
    let sent: Sent = call.option("--file", file).run().read();
    sent.exchanges[0].id.to_string()
}

#[test]
fn events_are_told_in_order_and_nothing_is_lost_while_nobody_takes_them() {
    let world = World::of(&["MK", "TR"]);
    let tr = world.office("TR");
    let system = CaseSystem::new(503);
    tell(tr, &world, &system);
    crate::world::at_once(&world.offices, Office::serve);
    world.linked();

    let id = send(&world);
    until(PATIENCE, "it is told, and refuses", || {
        (system.refused() > 0).then_some(())
    });
    let shown = until(PATIENCE, "that shows", || {
        let health = block(tr.client("auditor").health()).ok()?;
        let mut alarms = health.alarms.into_iter();
        alarms.find(|alarm| alarm.code == "webhook-failing")
    });
    assert!(shown.detail.contains("status 503"), "{}", shown.detail);

    tr.kill();
    system.answers.store(204, Ordering::SeqCst);
    tr.serve();
    let accept = tr.call("rfi accept").word(&id).option("--access", "direct");
    accept.run().done();
    let types = until(PATIENCE, "it knows that MK has the acceptance", || {
        let types = system.types();
        let delivered = types.iter().any(|kind| kind == "liaison.receipt.delivered");
        delivered.then_some(types)
    });
    let place = |kind: &str| types.iter().position(|found| found == kind);
    let (came, went) = (
        place("liaison.request.received"),
        place("liaison.accept.sent"),
    );
    let receipt = place("liaison.receipt.delivered");
    assert!(came.is_some() && came < went && went < receipt, "{types:?}");

    let secret = WebhookSecret::parse(SECRET).expect("it is one");
    let mut before = 0;
    for told in system.taken() {
        let event = told.event();
        assert_eq!(event["subject"], id.as_str());
        assert_eq!(event["data"]["at"], format!("/api/v1/exchanges/{id}"));
        let name = told.header("webhook-id");
        assert_eq!(event["id"], name);
        let entry = name.strip_prefix("TR-1/").expect("it names the node");
        let entry: u64 = entry.parse().expect("it names the entry");
        assert!(entry > before, "{entry} comes after {before}");
        before = entry;
        let seconds = told.header("webhook-timestamp").parse().expect("a time");
        let signed = secret.sign(name, seconds, &told.body);
        assert_eq!(told.header("webhook-signature"), signed);
        let kind = told.header("content-type");
        assert!(kind.starts_with("application/cloudevents+json"), "{kind}");
        assert!(!told.body.contains("MK-LO"), "a reference is content");
    }
    let health = block(tr.client("auditor").health()).expect("TR serves");
    let failing = |alarm: &liaison::api::Alarm| alarm.code == "webhook-failing";
    assert!(!health.alarms.iter().any(failing));
}

#[test]
fn a_node_serves_without_the_secret_and_says_that_nobody_is_told() {
    let world = World::of(&["MK", "TR"]);
    let tr = world.office("TR");
    let system = CaseSystem::new(204);
    tell(tr, &world, &system);
    world.write("webhook", "no secret");
    tr.serve();
    let health = block(tr.client("auditor").health()).expect("TR serves");
    let alarm = health.alarms.iter().find(|a| a.code == "webhook-failing");
    let detail = &alarm.expect("it shows").detail;
    assert!(detail.contains("whsec_"), "{detail}");
    assert!(!detail.contains("no secret"), "{detail}");
}
