//! Attachments appear whole or not at all.

use std::io::{Read as _, Write as _};

use liaison::base::MessageId;
use liaison::store::{BlobId, BlobStore};

use crate::world::folder;

fn id(message: u8, index: u16) -> BlobId {
    BlobId {
        message: MessageId::from_bytes([message; 16]),
        index,
    }
}

fn names(dir: &std::path::Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(dir.join("blobs"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn an_attachment_appears_when_it_is_finished() {
    let dir = folder();
    let store = BlobStore::open(dir.path()).unwrap();
    let mut writer = store.create(id(1, 0)).unwrap();
    writer.write_all(b"first ").unwrap();
    assert!(!store.exists(id(1, 0)).unwrap());
    assert!(store.read(id(1, 0)).is_err());
    writer.write_all(b"and last").unwrap();
    writer.finish().unwrap();
    assert_eq!(store.len(id(1, 0)).unwrap(), Some(14));
    let mut text = String::new();
    store
        .read(id(1, 0))
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, "first and last");
    assert_eq!(names(dir.path()), [format!("{}.0", id(1, 0).message)]);
}

#[test]
fn a_writer_that_is_dropped_or_killed_leaves_nothing() {
    let dir = folder();
    let store = BlobStore::open(dir.path()).unwrap();
    drop(store.create(id(1, 0)).unwrap());
    assert!(names(dir.path()).is_empty());
    let killed = store.create(id(1, 0)).unwrap();
    std::mem::forget(killed);
    assert_eq!(names(dir.path()).len(), 1);
    BlobStore::open(dir.path()).unwrap();
    assert!(names(dir.path()).is_empty());
}

#[test]
fn fetching_goes_on_where_it_stopped() {
    let dir = folder();
    let store = BlobStore::open(dir.path()).unwrap();
    let mut part = store.resume(id(1, 3)).unwrap();
    assert!(part.is_empty());
    part.append(b"one ").unwrap();
    drop(part);
    let store = BlobStore::open(dir.path()).unwrap();
    let mut part = store.resume(id(1, 3)).unwrap();
    assert_eq!(part.len(), 4);
    part.append(b"two").unwrap();
    let mut text = String::new();
    part.read().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "one two");
    assert!(!store.exists(id(1, 3)).unwrap());
    part.finish().unwrap();
    assert_eq!(store.len(id(1, 3)).unwrap(), Some(7));
    assert!(store.resume(id(1, 3)).unwrap().is_empty());
    store.resume(id(1, 3)).unwrap().discard().unwrap();
    assert_eq!(names(dir.path()).len(), 1);
}

#[test]
fn an_attachment_that_is_fetched_has_one_writer_at_a_time() {
    let dir = folder();
    let store = BlobStore::open(dir.path()).unwrap();
    let mut part = store.resume(id(1, 0)).unwrap();
    part.append(b"one ").unwrap();
    let error = store.resume(id(1, 0)).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ResourceBusy);
    assert!(store.resume(id(1, 1)).is_ok());
    drop(part);
    assert_eq!(store.resume(id(1, 0)).unwrap().len(), 4);
}

#[test]
fn what_nothing_refers_to_is_removed_and_strange_files_stay() {
    let dir = folder();
    let store = BlobStore::open(dir.path()).unwrap();
    for id in [id(1, 0), id(1, 1), id(2, 0)] {
        store.create(id).unwrap().finish().unwrap();
    }
    store.resume(id(2, 1)).unwrap().append(b"x").unwrap();
    std::fs::write(dir.path().join("blobs/README"), b"").unwrap();
    let removed = store.remove_unreferenced(&mut |blob| blob.message == id(1, 0).message);
    assert_eq!(removed.unwrap(), 2);
    assert_eq!(names(dir.path()).len(), 3);
    store.remove(id(1, 0)).unwrap();
    store.remove(id(1, 0)).unwrap();
    assert!(!store.exists(id(1, 0)).unwrap());
    assert!(store.exists(id(1, 1)).unwrap());
}
