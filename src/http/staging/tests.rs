use super::*;
use crate::base::Digest;
use crate::domain::message::{AttachmentInfo, AttachmentSlot};

fn id(n: u8) -> MessageId {
    MessageId::from_bytes([n; 16])
}

fn person(n: u8) -> PersonId {
    PersonId::from_bytes([n; 16])
}

fn at(n: i64) -> Timestamp {
    Timestamp::from_millis(n)
}

fn file(name: &str) -> Attached {
    Attached {
        slot: AttachmentSlot {
            length: 1,
            digest: Digest::of(name.as_bytes()),
        },
        info: AttachmentInfo {
            name: name.to_owned(),
            media_type: "text/plain".to_owned(),
            size: 1,
            digest: Digest::EMPTY,
            key: [0; 32],
        },
    }
}

fn staged() -> Staging {
    let staging = Staging::default();
    staging.reserve(id(1), person(1), at(1));
    staging
}

#[test]
fn a_reservation_serves_its_person_alone() {
    let staging = staged();
    let unknown = Some(NotHeld::Unknown);
    assert_eq!(staging.begin_upload(id(1), person(2), 0).err(), unknown);
    assert_eq!(staging.begin_taking(id(1), person(2)).err(), unknown);
    assert_eq!(staging.begin_upload(id(2), person(1), 0).err(), unknown);
    let beyond = staging.begin_upload(id(1), person(1), MOST_ATTACHMENTS);
    assert_eq!(beyond.err(), unknown);
}

#[test]
fn files_are_taken_in_their_order_and_without_gaps() {
    let staging = staged();
    let upload = |index, name| {
        let upload = staging.begin_upload(id(1), person(1), index);
        upload.expect("it is open").finish(file(name));
    };
    upload(1, "second");
    let gap = staging.begin_taking(id(1), person(1)).err();
    assert_eq!(gap, Some(NotHeld::Gap));
    upload(0, "first");
    upload(1, "second anew");
    let taking = staging.begin_taking(id(1), person(1)).expect("no gap");
    let names: Vec<&str> = taking.files.iter().map(|f| f.info.name.as_str()).collect();
    assert_eq!(names, ["first", "second anew"]);
}

#[test]
fn what_a_message_took_no_longer_changes() {
    let staging = staged();
    let mut taking = staging.begin_taking(id(1), person(1)).expect("it is open");
    let busy = Some(NotHeld::Busy);
    assert_eq!(staging.begin_taking(id(1), person(1)).err(), busy);
    taking.letters.insert("TR".parse().unwrap(), (id(1), Vec::new()));
    drop(taking);
    let closed = Some(NotHeld::Closed);
    assert_eq!(staging.begin_upload(id(1), person(1), 0).err(), closed);
    let again = staging.begin_taking(id(1), person(1)).expect("the same post");
    assert_eq!(again.letters.len(), 1);
}

#[test]
fn one_thing_at_a_time_is_done_with_a_place() {
    let staging = staged();
    let upload = staging.begin_upload(id(1), person(1), 0).expect("open");
    let busy = Some(NotHeld::Busy);
    assert_eq!(staging.begin_upload(id(1), person(1), 0).err(), busy);
    assert!(staging.begin_upload(id(1), person(1), 1).is_ok());
    assert_eq!(staging.begin_taking(id(1), person(1)).err(), busy);
    drop(upload);
    let taking = staging.begin_taking(id(1), person(1)).expect("nothing came");
    assert!(taking.files.is_empty());
}

#[test]
fn reservations_make_room_for_those_of_the_same_person_and_taken_files_stay() {
    let staging = staged();
    drop(staging.begin_taking(id(1), person(1)).expect("it is open"));
    for n in 2..=66 {
        staging.reserve(id(n), person(2), at(i64::from(n)));
    }
    let oldest = staging.begin_upload(id(1), person(1), 0).err();
    assert_eq!(oldest, Some(NotHeld::Closed), "another's flood is none of its business");
    let mut dropped = Vec::new();
    for n in 100..=164 {
        dropped.extend(staging.reserve(id(n), person(1), at(i64::from(n))));
    }
    // The first is forgotten, but its files belong to a message; the next was never taken.
    assert_eq!(dropped, [id(100)]);
}
