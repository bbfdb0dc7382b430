//! Peers and strangers that send without end: others' urgent requests are not kept waiting by them,
//! members link as ever, and memory stays bounded.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use liaison::api::SendRequest;
use liaison::base::{Entropy as _, MessageId, NodeId, OsEntropy, Role, SeededEntropy, Timestamp};
use liaison::domain::message::Body;
use liaison::node::Folder;
use liaison::seal::envelope::{SignedMessage, seal_parcel};
use liaison::wire::frame::Frame;

use crate::examples;
use crate::hostile::{Harmful, PINNED_AT_MOST, exchanged, first_packet, pinned, world};
use crate::liar::{Hands, Liar, message};
use crate::office::Office;
use crate::world::{PATIENCE, World, block, until};

/// How much longer others' urgent requests may take (docs/reliability.md).
pub const LONGER: Duration = Duration::from_secs(1);

/// Messages in one frame of the flood.
const TOGETHER: usize = 64;

/// Requests from a listed office to another one, each another one, as many to a frame as a frame takes.
fn frames_of_requests(office: &Office, to: &Office, frames: usize) -> Vec<Vec<u8>> {
    let hands = Hands::of(office);
    let directory = Folder(office.dir.clone()).directory().expect("trust files");
    let directory = directory.expect("a trust list");
    let to = NodeId::first(to.member);
    let key = directory.recipient_key(to, Timestamp::system());
    let key = key.expect("the node has a key in force");
    let request = serde_json::from_value(examples::urgent_request()).expect("a request");
    let body = Body::Request(Box::new(request));
    let one = |_| {
        let id = MessageId::new(Timestamp::system(), &mut OsEntropy);
        let said = message(
            &hands,
            to,
            (id, id),
            Role::Officer,
            body.clone(),
            &directory,
        );
        (said.header_bytes, said.body_bytes)
    };
    let frame = |_| {
        let messages = (0..TOGETHER).map(one).collect();
        let signed =
            SignedMessage::sign_all(&hands.keys.identity, hands.node, messages, &mut OsEntropy);
        let signed = signed.expect("they are short");
        let parcel = seal_parcel(&signed, to, key, &mut OsEntropy).expect("they fit");
        Frame::Parcel(parcel).encode()
    };
    (0..frames).map(frame).collect()
}

/// How long an urgent request of AT takes to TR and its receipt back, at the worst of a few.
fn takes(world: &World) -> Duration {
    let (at, tr) = (world.office("AT"), world.office("TR"));
    let request = SendRequest {
        to: vec![tr.member],
        reservation: None,
        request: examples::urgent_request(),
    };
    let client = at.client("officer");
    let times = (0..5).map(|_| {
        let began = Instant::now();
        block(client.send_request(&request)).expect("AT takes it");
        until(PATIENCE, "the request is delivered", || {
            let health = at.health()?;
            let mut peers = health.peers.iter();
            let peer = peers.find(|peer| peer.node.member == tr.member)?;
            (peer.waiting == 0).then_some(())
        });
        began.elapsed()
    });
    times.max().expect("a few")
}

#[test]
fn a_member_that_sends_requests_without_end_keeps_no_urgent_request_waiting() {
    let world = world();
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let frames = frames_of_requests(mk, tr, 150);
    let quiet = takes(&world);
    let link = block(Harmful::link(mk, tr));
    let flood = std::thread::spawn(move || block(link.say_without_end(frames)));
    until(PATIENCE, "the flood has begun", || {
        let entries = tr.health()?.log_size;
        (entries > 500).then_some(())
    });
    let flooded = takes(&world);
    assert!(!flood.is_finished(), "the flood lasts");
    assert!(flooded <= quiet + LONGER, "{flooded:?}, {quiet:?} before");
}

/// Messages of four bytes that a member sends, each another one.
const TINY: u32 = 100_000;

#[test]
fn a_hundred_thousand_tiny_messages_of_a_member_that_hears_no_refusal_keep_none_waiting() {
    let world = world();
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let numbers: Vec<u32> = (0..TINY).collect();
    let frame = |numbers: &[u32]| {
        let envelopes = numbers.iter().map(|n| n.to_be_bytes().to_vec());
        Frame::Envelopes(envelopes.collect()).encode()
    };
    let frames: Vec<_> = numbers.chunks(TOGETHER).map(frame).collect();
    let all = frames.len() as u64;
    let quiet = takes(&world);
    let link = block(Harmful::link(mk, tr));
    let said = Arc::<AtomicU64>::default();
    let count = said.clone();
    let (pinned, flooded) = pinned(tr, || {
        let flood = std::thread::spawn(move || block(link.say_and_hear_nothing(frames, &count)));
        let is_said = |frames: u64| {
            until(PATIENCE, "the flood goes on", || {
                (said.load(Ordering::Relaxed) >= frames).then_some(())
            });
        };
        is_said(all / 10);
        let flooded = takes(&world);
        is_said(all);
        let flooded = flooded.max(takes(&world));
        assert!(!flood.is_finished(), "the flood lasts");
        flooded
    });
    assert!(flooded <= quiet + LONGER, "{flooded:?}, {quiet:?} before");
    assert!(pinned <= PINNED_AT_MOST, "{pinned} bytes are pinned");
}

/// Threads that what one peer sends takes at most: one for each class that waits, and what reads and
/// writes meanwhile.
const THREADS_AT_MOST: usize = 12;

#[test]
fn a_member_that_links_again_and_again_takes_no_threads_from_others() {
    let world = world();
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let frames = frames_of_requests(mk, tr, 150);
    let before = tr.threads();
    let most = frames.iter().map(|frame| {
        block(async {
            let link = Harmful::link(mk, tr).await;
            link.say_routine_and_leave(frame).await;
        });
        tr.threads()
    });
    let most = most.max().expect("there are frames");
    assert!(
        most <= before + THREADS_AT_MOST,
        "{most} threads, {before} before"
    );
    exchanged(&world);
}

/// Datagrams a second that strangers send, where the machine lets them (docs/reliability.md).
const A_SECOND: f64 = 160_000.0;

/// How much of what strangers could send where nobody listens they must have sent to the node: the two
/// share the machine.
const REACHED: f64 = 0.5;

/// Strangers that send a datagram again and again, until this is dropped.
struct Strangers {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    began: Instant,
    thread: Option<JoinHandle<()>>,
}

impl Strangers {
    fn send(datagram: Vec<u8>, to: SocketAddr) -> Self {
        let (stop, sent) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let (stopped, count) = (stop.clone(), sent.clone());
        let thread = std::thread::spawn(move || {
            let bind = |_| UdpSocket::bind("127.0.0.1:0").expect("a socket");
            let sockets: Vec<UdpSocket> = (0..64).map(bind).collect();
            let began = Instant::now();
            for (sent, socket) in (0_u32..).zip(sockets.iter().cycle()) {
                while f64::from(sent) > began.elapsed().as_secs_f64() * A_SECOND {
                    std::thread::yield_now();
                }
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                // What the system does not take is lost, as on any network, and no part of the flood.
                if socket.send_to(&datagram, to).is_ok() {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        Self {
            stop,
            sent,
            began: Instant::now(),
            thread: Some(thread),
        }
    }

    fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Datagrams a second that they have sent since their beginning.
    fn rate(&self) -> f64 {
        let sent = u32::try_from(self.sent()).expect("the flood does not last for hours");
        f64::from(sent) / self.began.elapsed().as_secs_f64()
    }
}

impl Drop for Strangers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take();
        thread.map(JoinHandle::join);
    }
}

/// How long a listed peer takes to link as nodes do, at the worst of a few.
fn links(world: &World) -> Duration {
    let times = (0..5).map(|_| Liar::new(world, "MK", "TR").took);
    times.max().expect("a few")
}

/// While strangers send this, members link and urgent requests pass, and memory stays bounded.
fn holds_while_strangers_send(datagram: Vec<u8>) {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let world = world();
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    // The machine is as busy, and the node hears nothing.
    let sink = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let elsewhere = sink.local_addr().expect("an address");
    let strangers = Strangers::send(datagram.clone(), elsewhere);
    let (links_quiet, takes_quiet) = (links(&world), takes(&world));
    let can_send = strangers.rate();
    drop(strangers);
    let (pinned, (links, takes, rate)) = pinned(tr, || {
        let strangers = Strangers::send(datagram, tr.datagrams_by(mk));
        until(PATIENCE, "the flood has begun", || {
            (strangers.sent() > 10_000).then_some(())
        });
        (links(&world), takes(&world), strangers.rate())
    });
    println!("{rate:.0} datagrams a second, of {can_send:.0} that can be sent here");
    assert!(
        rate >= can_send * REACHED,
        "{rate:.0} datagrams a second, and {can_send:.0} can be sent: this is no flood"
    );
    assert!(
        links <= links_quiet + LONGER,
        "{links:?}, {links_quiet:?} before"
    );
    assert!(
        takes <= takes_quiet + LONGER,
        "{takes:?}, {takes_quiet:?} before"
    );
    assert!(pinned <= PINNED_AT_MOST, "{pinned} bytes are pinned");
}

#[test]
fn strangers_that_begin_handshakes_without_end_keep_no_member_from_linking() {
    holds_while_strangers_send(first_packet());
}

#[test]
fn strangers_that_send_packets_of_no_connection_keep_no_member_from_linking() {
    // A short header (RFC 9000 § 17.3.1) under a connection id that there never was.
    let mut datagram = vec![0x40; 1_200];
    SeededEntropy::new(1).fill(&mut datagram[1..]);
    holds_while_strangers_send(datagram);
}
