//! Streams of events: each takes one of the API's connections, so nobody holds more than some.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use liaison::api::Health;
use liaison::base::Role;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};

use crate::console::{Person, enrolled};
use crate::office::request_body;
use crate::served::{Served, until};

/// Streams that one person may hold.
const MOST: usize = 32;

/// A stream that was opened, and the first line of the answer.
fn listens(person: &Person) -> (TcpStream, String) {
    let stream = person.call("GET", "/live").begin(0, b"");
    let mut line = String::new();
    let mut reader = BufReader::new(stream.try_clone().expect("a plain socket"));
    reader.read_line(&mut line).expect("an answer");
    (stream, line)
}

fn is_open((_, line): &(TcpStream, String)) -> bool {
    line.contains(" 200 ")
}

#[test]
fn nobody_holds_more_than_some_streams_of_events_and_others_are_not_kept_out() {
    let office = Served::new();
    let (officer, _) = enrolled(&office, "officer");
    let (contact, _) = enrolled(&office, "contact");
    let mut held: Vec<_> = (0..MOST).map(|_| listens(&officer)).collect();
    assert!(held.iter().all(is_open));
    let (_stream, refused) = listens(&officer);
    assert!(refused.contains(" 429 "), "{refused}");
    assert!(is_open(&listens(&contact)));
    assert_eq!(officer.get("/help").status, 200, "pages are served");
    held.pop();
    until("the place is free again", || is_open(&listens(&officer)));
}

/// How much longer half of the pages may take others meanwhile (docs/reliability.md).
const LONGER: Duration = Duration::from_secs(1);

/// Streams that somebody asks for who keeps every connection.
const ASKED_FOR: usize = 10_000;

#[test]
fn ten_thousand_idle_streams_of_events_keep_nobody_out() {
    more_files();
    let office = Served::new();
    let (officer, _) = enrolled(&office, "officer");
    let (contact, _) = enrolled(&office, "contact");
    let quiet = median((0..5).map(|_| takes(&contact)).collect());
    let ask = officer.call("GET", "/live").head(0);
    let ask = ask.replace("connection: close\r\n", "");
    let (held, waited) = std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let ask = |_| {
                let mut stream = TcpStream::connect(office.address).expect("it listens");
                // The node may have hung up on an idle one, which only makes room for others.
                let _hung_up = stream.write_all(ask.as_bytes());
                stream
            };
            (0..ASKED_FOR).map(ask).collect::<Vec<_>>()
        });
        let mut waited = Vec::new();
        while !asking.is_finished() {
            waited.push(takes(&contact));
        }
        assert!(
            waited.len() >= 5,
            "{waited:?} beside all that was asked for"
        );
        (asking.join().expect("it asks"), waited)
    });
    let half = median(waited);
    println!("{} asked; others waited {half:?}", held.len());
    assert!(half <= quiet + LONGER, "{half:?}, {quiet:?} before");
    let (_stream, refused) = listens(&officer);
    assert!(refused.contains(" 429 "), "{refused}");
    assert!(is_open(&listens(&contact)));
}

/// A machine that does other things, too, has its own worst.
fn median(mut took: Vec<Duration>) -> Duration {
    took.sort_unstable();
    took[took.len() / 2]
}

/// How long a page takes.
fn takes(person: &Person) -> Duration {
    let began = Instant::now();
    assert_eq!(person.get("/help").status, 200, "pages are served");
    began.elapsed()
}

/// As many files as the system lets this process have.
fn more_files() {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, most).expect("the soft limit may be raised");
}

#[test]
fn a_page_hears_that_the_log_grew_and_nothing_of_what_it_holds() {
    let mut office = Served::new();
    let message = office.peers.first_of("TR", Role::Officer, request_body());
    let (officer, _) = enrolled(&office, "officer");
    let (stream, head) = listens(&officer);
    assert!(head.contains(" 200 "), "{head}");
    office.receives(&message);
    let mut said = String::new();
    let mut reader = BufReader::new(stream);
    while !said.contains("\n\n") {
        let read = reader.read_line(&mut said).expect("it goes on");
        assert!(read > 0, "it ended: {said}");
    }
    assert!(said.contains("event: news"), "{said}");
    assert!(
        said.contains("data: "),
        "browsers would pass over it: {said}"
    );
}

/// Says why the person opens the exchange, as soon as it is there.
fn may_open(person: &Person, exchange: &str) {
    let why = || person.post(&format!("{exchange}/why"), &[("why", "on duty")]);
    until("it is there", || why().status == 303);
}

fn log_size(office: &Served) -> u64 {
    let health: Health = office.call("admin", "GET", "/health").send().is(200);
    health.log_size
}

#[test]
fn what_pages_ask_by_themselves_records_nothing() {
    let mut office = Served::new();
    let message = office.peers.first_of("TR", Role::Officer, request_body());
    let (officer, _) = enrolled(&office, "officer");
    let exchange = format!("/exchanges/{}", message.header.conversation);
    office.receives(&message);
    may_open(&officer, &exchange);
    assert_eq!(officer.get(&exchange).status, 200);
    let size = log_size(&office);
    for page in ["/inbox", "/outgoing", "/letters", "/alerts", "/node"] {
        assert_eq!(officer.get(page).status, 200, "{page}");
    }
    assert_eq!(officer.get(&format!("{exchange}/latest")).status, 200);
    assert_eq!(log_size(&office), size);
    officer.get(&exchange);
    assert!(log_size(&office) > size, "a person's reading is recorded");
}

#[test]
fn an_open_exchange_hears_of_what_is_said_in_it_and_of_nothing_else() {
    let mut office = Served::new();
    let message = office.peers.first_of("TR", Role::Officer, request_body());
    let another = office.peers.first_of("AT", Role::Officer, request_body());
    let (contact, _) = enrolled(&office, "contact");
    let exchange = format!("/exchanges/{}", message.header.conversation);
    office.receives(&message);
    may_open(&contact, &exchange);
    let page = contact.get(&exchange).text();
    let latest = || contact.get(&format!("{exchange}/latest")).text();
    let shown = latest();
    assert!(
        page.contains(&format!("data-latest=\"{shown}\"")),
        "{shown}"
    );
    let size = log_size(&office);
    office.receives(&another);
    until("the other one is there", || log_size(&office) > size);
    assert_eq!(latest(), shown);
    let accept = office.call("contact", "POST", &format!("{exchange}/accept"));
    let _: Value = accept.json(&json!({ "access": "direct" })).send().is(202);
    assert_ne!(latest(), shown);
}
