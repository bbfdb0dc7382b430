//! Streams of events: each takes one of the API's connections, so nobody holds more than some.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;

use crate::console::{Person, enrolled};
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
