//! Attachments: large ones on their way beside urgent messages, broken off and taken up again, and
//! what must never become of those that were sent.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::Instant;

use liaison::api::{AttachmentView, SendRequest, Sent};
use liaison::base::{Digest, Entropy as _, MessageId, SeededEntropy};
use liaison::client::{Client, ClientError};
use serde_json::Value;

use crate::examples;
use crate::office::{Office, files};
use crate::world::{PATIENCE, World, block, until};

/// Bytes of the large attachment in every run.
const LARGE: u64 = 200_000_000;

/// Bytes that no padding or compression would shorten.
fn bytes(len: usize, seed: u64) -> Vec<u8> {
    let mut block = vec![0; 1 << 20];
    SeededEntropy::new(seed).fill(&mut block);
    block.iter().copied().cycle().take(len).collect()
}

/// A file of that length, and its digest, in constant memory.
fn large_file(world: &World, len: u64) -> (PathBuf, Digest) {
    let path = world.file("large.bin");
    let block = bytes(1 << 20, 1);
    let mut file = fs::File::create(&path).expect("a folder of its own");
    let mut left = len;
    while left > 0 {
        let part = left.min(block.len() as u64);
        let part = usize::try_from(part).expect("at most a block");
        file.write_all(&block[..part]).expect("there is room");
        left -= part as u64;
    }
    let mut written = fs::File::open(&path).expect("it was written");
    let (digest, _) = Digest::of_reader(&mut written).expect("it can be read");
    (path, digest)
}

async fn send(
    client: &Client,
    reservation: Option<MessageId>,
    request: Value,
) -> Result<MessageId, ClientError> {
    let body = SendRequest {
        reservation,
        to: vec!["TR".parse().expect("a member")],
        request,
    };
    Ok(client.send_request(&body).await?.exchanges[0].id)
}

/// The whole attachment of a request, once it is there.
fn attachment(office: &Office, id: MessageId) -> AttachmentView {
    let what = format!("the attachment of {id} is complete");
    until(PATIENCE, &what, || {
        let view = block(office.try_client("contact")?.exchange(id)).ok()?;
        let mut listed = view.events.into_iter().flat_map(|event| event.attachments);
        listed.find(|attachment| attachment.complete)
    })
}

fn saved(world: &World, office: &Office, id: MessageId) -> PathBuf {
    let out = world.file(&format!("{id}.saved"));
    let save = office.call("attachment save").word(id.to_string());
    save.option("--out", &out).run().done();
    out
}

/// What has come of a file that is being fetched: its inode and length.
fn partly_fetched(office: &Office) -> Option<(u64, u64)> {
    let parts = files(&office.part("blobs"));
    let part = parts
        .iter()
        .find(|file| file.extension().is_some_and(|e| e == "part"))?;
    let data = fs::metadata(part).ok()?;
    Some((data.ino(), data.len()))
}

#[test]
fn urgent_requests_overtake_an_attachment_which_kills_on_either_side_only_interrupt() {
    overtaken_and_interrupted(LARGE);
}

#[test]
#[ignore = "takes minutes, and 7 GB of disk"]
fn two_gibibytes_are_taken_up_again_where_they_broke_off() {
    overtaken_and_interrupted(2 << 30);
}

fn overtaken_and_interrupted(len: u64) {
    let world = World::serving(&["MK", "TR"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let (file, digest) = large_file(&world, len);
    let text = toml::to_string(&examples::request()).expect("an example is valid TOML");
    let request = world.write("request.toml", text);
    let call = mk.call("rfi send").option("--to", "TR");
    let began = Instant::now();
    let call = call.option("--file", request).option("--attach", file);
    let sent: Sent = call.run().read();
    let id = sent.exchanges[0].id;
    let uploaded = began.elapsed();
    let client = mk.client("officer");
    let began = Instant::now();
    until(PATIENCE, "the attachment is on its way", || {
        partly_fetched(tr).filter(|part| part.1 > 0)
    });
    let urgent = block(send(&client, None, examples::urgent_request())).expect("MK serves");
    let asked = Instant::now();
    until(PATIENCE, "the urgent request has come", || {
        let listed = tr.exchanges().ok()?;
        listed
            .iter()
            .any(|exchange| exchange.id == urgent)
            .then_some(())
    });
    let overtaken = asked.elapsed();
    let (inode, first) = partly_fetched(tr).expect("the attachment came before the urgent request");
    tr.kill();
    let (_, killed_at) = partly_fetched(tr).expect("what has come stays");
    tr.serve();
    let what = "the attachment is taken up again";
    let resumed = until(PATIENCE, what, || taken_up(tr, killed_at));
    assert_eq!(resumed, Some(inode), "it was begun anew");
    // Its sender dies, too.
    if partly_fetched(tr).is_some() {
        mk.kill();
        mk.serve();
    }
    let listed = attachment(tr, id);
    println!(
        "{len} bytes: uploaded in {uploaded:.1?}, fetched in {:.1?} with both kills; the urgent \
         request took {overtaken:.1?} with {first} bytes there; killed at {killed_at}",
        began.elapsed()
    );
    assert_eq!((listed.size, listed.sha256), (len, digest));
    let mut saved = fs::File::open(saved(&world, tr, id)).expect("it was saved");
    let (found, _) = Digest::of_reader(&mut saved).expect("it can be read");
    assert_eq!(found, digest);
    tr.verified();
    mk.verified();
}

/// Whether more has come than was there; the inode of the file where it is not whole yet.
fn taken_up(office: &Office, before: u64) -> Option<Option<u64>> {
    let Some((inode, len)) = partly_fetched(office) else {
        let blobs = files(&office.part("blobs"));
        let whole = blobs
            .iter()
            .find(|file| file.extension().is_none_or(|e| e != "new"))?;
        return Some(fs::metadata(whole).ok().map(|data| data.ino()));
    };
    assert!(
        len >= before,
        "{before} bytes had come, and now {len} are there"
    );
    (len > before).then_some(Some(inode))
}

#[test]
fn a_sent_attachment_outlives_every_later_reservation() {
    let world = World::serving(&["MK", "TR"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    tr.stop();
    let client = mk.client("officer");
    let content = bytes(50_000, 2);
    let file = world.write("small.bin", &content);
    let reservation = block(client.reserve()).expect("MK serves").id;
    let upload = client.upload(reservation, 0, &file, Box::new(|_| ()));
    block(upload).expect("there is room");
    let id = block(send(&client, Some(reservation), examples::request())).expect("it is whole");
    for _ in 0..300 {
        block(client.reserve()).expect("MK serves");
    }
    tr.serve();
    assert_eq!(attachment(tr, id).sha256, Digest::of(&content));
    let saved = fs::read(saved(&world, tr, id)).expect("it was saved");
    assert!(saved == content);
}

#[test]
fn a_sent_attachment_is_not_uploaded_over() {
    let world = World::serving(&["MK", "TR"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    tr.stop();
    let client = mk.client("officer");
    let content = bytes(50_000, 3);
    let file = world.write("small.bin", &content);
    let reservation = block(client.reserve()).expect("MK serves").id;
    let upload = |file: &PathBuf| block(client.upload(reservation, 0, file, Box::new(|_| ())));
    upload(&world.write("first.bin", b"not what is sent")).expect("there is room");
    upload(&file).expect("what waits may be replaced");
    let id = block(send(&client, Some(reservation), examples::request())).expect("it is whole");
    // A repeated post finds what the first one sent.
    let again = block(send(&client, Some(reservation), examples::request()));
    assert_eq!(again.expect("the same outcome"), id);
    let over = upload(&world.write("other.bin", b"something else"));
    assert!(matches!(over, Err(ClientError::Problem(_))), "{over:?}");
    tr.serve();
    assert_eq!(attachment(tr, id).sha256, Digest::of(&content));
    assert!(fs::read(saved(&world, tr, id)).expect("it was saved") == content);
}
