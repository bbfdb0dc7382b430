//! Streams of events: each takes one of the API's connections, so nobody holds more than some.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;

use liaison::base::Role;

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

#[test]
fn a_page_hears_that_the_log_grew_and_nothing_of_what_it_holds() {
    let office = Served::new();
    let (officer, _) = enrolled(&office, "officer");
    let (stream, head) = listens(&officer);
    assert!(head.contains(" 200 "), "{head}");
    office.receives(&crate::office::Office::new().first_of("TR", Role::Officer, request_body()));
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
