use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::super::staging::Staging;
use super::*;
use crate::base::{MessageId, PersonId, Timestamp};

/// A body of these pieces.
struct Pieces(VecDeque<Result<Bytes, ()>>);

impl futures_core::Stream for Pieces {
    type Item = Result<Bytes, ()>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.pop_front())
    }
}

fn of(pieces: &[&'static str]) -> VecDeque<Result<Bytes, ()>> {
    let piece = |text: &&'static str| Ok(Bytes::from_static(text.as_bytes()));
    pieces.iter().map(piece).collect()
}

/// What reaches the sealing side, and the code of the problem.
fn poured(
    pieces: VecDeque<Result<Bytes, ()>>,
    declared: Option<u64>,
    most: u64,
) -> (usize, bool, Option<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let (sender, mut receiver) = tokio::sync::mpsc::channel(64);
    let outcome =
        runtime
            .expect("a runtime")
            .block_on(pour(Pieces(pieces), declared, most, sender));
    let (mut bytes, mut whole) = (0, false);
    while let Ok(piece) = receiver.try_recv() {
        match piece {
            Piece::Bytes(piece) => bytes += piece.len(),
            Piece::Finish => whole = true,
        }
    }
    (bytes, whole, outcome.err().map(|failure| failure.0.code))
}

#[test]
fn a_whole_upload_is_said_to_be_whole() {
    assert_eq!(poured(of(&["ab", "c"]), None, 3), (3, true, None));
    assert_eq!(poured(of(&["ab", "c"]), Some(3), 3), (3, true, None));
    assert_eq!(poured(of(&[]), Some(0), 3), (0, true, None));
}

#[test]
fn an_upload_that_breaks_off_or_is_of_another_length_is_never_said_to_be_whole() {
    let code = Some("upload-incomplete".to_owned());
    let mut broken = of(&["ab"]);
    broken.push_back(Err(()));
    assert_eq!(poured(broken, None, 9), (2, false, code.clone()));
    assert_eq!(poured(of(&["ab"]), Some(3), 9), (2, false, code.clone()));
    assert_eq!(poured(of(&["ab"]), Some(1), 9), (2, false, code));
}

#[test]
fn an_upload_above_the_limit_ends_there() {
    let code = Some("attachment-too-large".to_owned());
    assert_eq!(poured(of(&["ab", "cd"]), None, 3), (2, false, code.clone()));
    assert_eq!(poured(of(&["ab", "cd"]), Some(4), 3), (0, false, code));
}

#[test]
fn only_an_upload_that_is_said_to_be_whole_leaves_a_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let blobs = BlobStore::open(folder.path()).expect("a folder");
    let (id, person) = (
        MessageId::from_bytes([1; 16]),
        PersonId::from_bytes([2; 16]),
    );
    let staging = Staging::default();
    staging.reserve(id, person, Timestamp::MAX);
    for whole in [false, true] {
        let (sender, receiver) = tokio::sync::mpsc::channel(4);
        let bytes = Piece::Bytes(Bytes::from_static(b"a file"));
        sender.try_send(bytes).expect("there is room");
        if whole {
            sender.try_send(Piece::Finish).expect("there is room");
        }
        drop(sender);
        let place = staging.add_at(id, 0, person).expect("it is free");
        let called = ("a.bin".to_owned(), "text/plain".to_owned());
        let sealed = seal(&blobs, place, receiver, called);
        assert_eq!(sealed.is_ok(), whole);
        let blob = BlobId {
            message: id,
            index: 0,
        };
        assert_eq!(blobs.exists(blob).expect("a folder"), whole);
        let files = staging.files(id).expect("no gap");
        assert_eq!(files.len(), usize::from(whole));
    }
}
