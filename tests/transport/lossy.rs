//! Links over a line with 600 ms of round trip that loses 30% each way.

use std::collections::{BTreeSet, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use liaison::base::SeededEntropy;
use liaison::transport::{Class, Limits, Transport};
use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::support::{Event, Identity, Node, soon};

const DELAY: Duration = Duration::from_millis(300);
const LOSS_PERCENT: u64 = 30;

/// Relays those datagrams between one client and `server` that `passes`, late. Returns where the client
/// sends to.
async fn line(
    server: SocketAddr,
    delay: Duration,
    mut passes: impl FnMut(&[u8]) -> bool + Send + 'static,
) -> SocketAddr {
    let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut client = None;
        let mut datagram = vec![0; 65_536];
        loop {
            let Ok((length, from)) = socket.recv_from(&mut datagram).await else {
                continue;
            };
            let to = if from == server {
                client
            } else {
                client = Some(from);
                Some(server)
            };
            let Some(to) = to.filter(|_| passes(&datagram[..length])) else {
                continue;
            };
            let (socket, datagram) = (socket.clone(), datagram[..length].to_vec());
            let due = Instant::now() + delay;
            tokio::spawn(async move {
                sleep_until(due).await;
                let _ = socket.send_to(&datagram, to).await;
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures: takes a minute and more"]
async fn the_first_urgent_frame_and_a_hundred_more_get_through_a_bad_line() {
    const LINKS: u64 = 200;
    let mut running = JoinSet::new();
    for seed in 0..LINKS {
        running.spawn(one_link(seed));
    }
    let (mut first, mut hundred): (Vec<_>, Vec<_>) = running.join_all().await.into_iter().unzip();
    for (what, times) in [("first", &mut first), ("hundred", &mut hundred)] {
        times.sort();
        let [p50, p90, p99] = [50, 90, 99].map(|percent| at(times, percent));
        println!("{what}: p50 {p50:?}, p90 {p90:?}, p99 {p99:?}");
    }
    assert!(at(&first, 50) <= Duration::from_secs(8));
    assert!(at(&first, 99) <= Duration::from_secs(45));
    assert!(at(&hundred, 90) <= Duration::from_secs(30));
}

fn at(times: &[Duration], percent: usize) -> Duration {
    times[(times.len() - 1) * percent / 100]
}

fn start(name: &str) -> Node {
    let listen = "127.0.0.1:0".parse().unwrap();
    Node::with(Identity::new(name), listen, Limits::default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_loses_the_first_copy_of_all_that_begins_a_connection_carries_a_link() {
    let (mut a, mut b) = (start("AL-1"), start("MK-1"));
    b.knows([a.known()]);
    let mut seen = HashSet::new();
    let has_long_header = |datagram: &[u8]| datagram[0] & 0x80 != 0;
    let is_retry = |datagram: &[u8]| datagram[0] & 0xf0 == 0xf0;
    let passes = move |datagram: &[u8]| {
        !has_long_header(datagram) || is_retry(datagram) || !seen.insert(datagram.to_vec())
    };
    let line = line(b.address(), Duration::ZERO, passes).await;
    a.knows([b.identity.listed(Some(line))]);
    soon(deliver(&mut a, &mut b, Class::Urgent, 1)).await;
}

/// How long the first frame takes from the first dialling on, and then a hundred of 1 KiB.
async fn one_link(seed: u64) -> (Duration, Duration) {
    let (mut a, mut b) = (start("AL-1"), start("MK-1"));
    b.knows([a.known()]);
    let mut chance = SeededEntropy::new(seed);
    let passes = move |_: &[u8]| chance.below(100) >= LOSS_PERCENT;
    let line = line(b.address(), DELAY, passes).await;
    let begun = Instant::now();
    a.knows([b.identity.listed(Some(line))]);
    deliver(&mut a, &mut b, Class::Urgent, 1).await;
    let first = begun.elapsed();
    let begun = Instant::now();
    deliver(&mut a, &mut b, Class::Routine, 100).await;
    (first, begun.elapsed())
}

/// Sends frames until all have arrived, those of a lost link again.
async fn deliver(from: &mut Node, to: &mut Node, class: Class, count: u8) {
    let peer = to.node();
    let mut missing: BTreeSet<u8> = (0..count).collect();
    let send = |missing: &BTreeSet<u8>, transport: &Transport| {
        for n in missing {
            // What does not fit goes when there is room.
            let _ = transport.send(peer, class, vec![*n; 1024]);
        }
    };
    send(&missing, &from.transport);
    while !missing.is_empty() {
        tokio::select! {
            event = from.events.recv() => {
                if let Some(Event::Up(..) | Event::Room(..)) = event {
                    send(&missing, &from.transport);
                }
            }
            event = to.events.recv() => {
                if let Some(Event::Frame(_, of, frame)) = event && of == class {
                    missing.remove(&frame[0]);
                }
            }
        }
    }
}
