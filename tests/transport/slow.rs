//! Links over a slow line in front of a deep queue, as modems and satellites have.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use liaison::transport::Class;
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep_until};

use crate::support::{Event, Node, soon};

/// Bytes a second each way.
const RATE: u32 = 32 * 1024;
/// How long what waits for the line may take.
const DEEP: Duration = Duration::from_secs(8);
const DELAY: Duration = Duration::from_millis(50);

/// Bytes of a routine frame.
const FRAME: u32 = 4096;

/// Relays datagrams between one client and a server, one after another at the line's rate once it is
/// slow.
struct Line {
    /// Where the client sends to.
    address: SocketAddr,
    slow: Arc<AtomicBool>,
}

impl Line {
    async fn to(server: SocketAddr, slow: bool) -> Self {
        let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
        let address = socket.local_addr().unwrap();
        let slow = Arc::new(AtomicBool::new(slow));
        tokio::spawn(relay(socket, server, slow.clone()));
        Self { address, slow }
    }

    fn becomes_slow(&self) {
        self.slow.store(true, Ordering::Relaxed);
    }
}

async fn relay(socket: Arc<UdpSocket>, server: SocketAddr, slow: Arc<AtomicBool>) {
    let mut client = None;
    let mut free = [Instant::now(); 2];
    let mut datagram = vec![0; 65_536];
    loop {
        let Ok((length, from)) = socket.recv_from(&mut datagram).await else {
            continue;
        };
        let (to, free) = if from == server {
            (client, &mut free[0])
        } else {
            client = Some(from);
            (Some(server), &mut free[1])
        };
        let now = Instant::now();
        let begins = now.max(*free);
        let Some(to) = to.filter(|_| begins.duration_since(now) < DEEP) else {
            continue;
        };
        if slow.load(Ordering::Relaxed) {
            *free = begins + Duration::from_secs(1) * u32::try_from(length).unwrap() / RATE;
        }
        let (socket, datagram) = (socket.clone(), datagram[..length].to_vec());
        let due = *free + DELAY;
        tokio::spawn(async move {
            sleep_until(due).await;
            let _ = socket.send_to(&datagram, to).await;
        });
    }
}

/// Two nodes, of which the first dials the second over the line.
async fn linked(slow: bool) -> (Node, Node, Line) {
    let (mut a, mut b) = (Node::start("AL-1"), Node::start("MK-1"));
    b.knows([a.known()]);
    let line = Line::to(b.address(), slow).await;
    a.knows([b.identity.listed(Some(line.address))]);
    a.up(b.node()).await;
    b.up(a.node()).await;
    (a, b, line)
}

/// Sends as many routine frames as the link takes.
fn fill(from: &Node, to: &Node) {
    let frame = || vec![1; FRAME as usize];
    while from
        .transport
        .send(to.node(), Class::Routine, frame())
        .is_ok()
    {}
}

/// Takes that many seconds' worth of routine frames.
async fn brings(to: &mut Node, seconds: u32) {
    for _ in 0..seconds * RATE / FRAME {
        soon(to.frame(Class::Routine)).await;
    }
}

/// Bytes of routine frames that come before an urgent one which is sent now.
async fn before_urgent(from: &Node, to: &mut Node) -> u32 {
    let frame = vec![2; FRAME as usize];
    from.transport
        .send(to.node(), Class::Urgent, frame)
        .unwrap();
    let mut before = 0;
    loop {
        match to.event().await {
            Event::Frame(_, Class::Urgent, _) => return before,
            Event::Frame(_, Class::Routine, _) => before += FRAME,
            Event::Up(..) | Event::Room(..) | Event::Down(..) => {}
        }
    }
}

/// An urgent frame passes all but two seconds' worth of what fills the line.
async fn urgent_soon(from: &Node, to: &mut Node) {
    fill(from, to);
    let before = before_urgent(from, to).await;
    assert!(
        before < 2 * RATE,
        "{before} bytes of what is not urgent came first"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_urgent_frame_does_not_wait_behind_what_fills_the_line() {
    let (a, mut b, _line) = linked(true).await;
    fill(&a, &b);
    // By then the link knows its line.
    brings(&mut b, 4).await;
    urgent_soon(&a, &mut b).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_on_a_line_that_has_become_slow_and_is_full_both_ways() {
    let (mut a, mut b, line) = linked(false).await;
    assert_eq!(before_urgent(&a, &mut b).await, 0);
    assert_eq!(before_urgent(&b, &mut a).await, 0);
    line.becomes_slow();
    // How fast it was is forgotten after ten seconds.
    for _ in 0..6 {
        fill(&a, &b);
        fill(&b, &a);
        brings(&mut b, 2).await;
    }
    urgent_soon(&a, &mut b).await;
}
