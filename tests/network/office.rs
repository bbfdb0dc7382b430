//! An office on the simulated network: a real transport, and above it what every user of one has to do,
//! namely keep what it sent until the peer has answered for it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use liaison::base::{Entropy, NodeId, SeededEntropy};
use liaison::transport::{
    AttachmentRequest, BoxFuture, Class, Established, Handler, Limits, LinkError, Network, Peers,
    TlsIdentity, Transport,
};
use tokio::sync::mpsc;
use turmoil::net::UdpSocket;

use crate::keys;
use crate::socket::{Fates, SimulatedSocket, Weather};

/// The port of every office.
pub const PORT: u16 = 4433;

const MESSAGE: u8 = 1;
const ANSWER: u8 = 2;

/// What an office keeps through a crash, and what all of them have to keep to.
#[derive(Debug, Default)]
pub struct Disk {
    next: u64,
    /// What was sent to each peer in each class and is not answered for.
    outbox: BTreeMap<(NodeId, bool), BTreeSet<u64>>,
    /// What came from each peer.
    pub inbox: BTreeMap<NodeId, BTreeSet<u64>>,
    /// How often each message of a peer took effect.
    pub effects: BTreeMap<(NodeId, u64), u32>,
    /// How many messages came once more.
    pub again: u64,
    /// The peers with a link that is up, and which link it is.
    pub up: BTreeMap<NodeId, u64>,
    links: u64,
    /// The last message of a class that came on the link that is up.
    last: BTreeMap<(NodeId, bool), u64>,
    /// What an office did that the transport promises not to do.
    pub broken: Vec<String>,
}

impl Disk {
    /// Writes a message for a peer.
    pub fn write(&mut self, peer: NodeId, class: Class) -> u64 {
        self.next += 1;
        let id = self.next;
        let waiting = self.outbox.entry((peer, is_urgent(class))).or_default();
        waiting.insert(id);
        id
    }

    /// Whether everything was answered for.
    pub fn is_settled(&self) -> bool {
        self.outbox.values().all(BTreeSet::is_empty)
    }
}

fn is_urgent(class: Class) -> bool {
    class == Class::Urgent
}

/// The last message of a class that went to a peer, and on which link.
type Sent = BTreeMap<(NodeId, bool), (u64, u64)>;

/// What the handler tells the office.
enum Event {
    Up(NodeId),
    Room(NodeId, Class),
    Answer(NodeId, Class, u64),
}

/// Everything that happens, as it is compared between two runs of one seed.
#[derive(Default)]
pub struct Trace(Mutex<Vec<String>>);

impl Trace {
    pub fn note(&self, what: String) {
        self.0.lock().expect("nothing panics here").push(what);
    }

    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("nothing panics here"))
    }
}

/// A bug that the test must catch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// What went on a link that broke is never sent again.
    SendsOnce,
    /// A link that is up is not noticed until the next one.
    MissesLinks,
    /// What comes once more takes effect once more.
    TakesTwice,
}

/// What one office is made of.
#[derive(Clone)]
pub struct Office {
    pub node: NodeId,
    pub identity: Arc<TlsIdentity>,
    pub peers: Arc<Peers>,
    pub others: Vec<NodeId>,
    pub disk: Arc<Mutex<Disk>>,
    pub trace: Arc<Trace>,
    pub weather: Weather,
    /// What becomes of datagrams, of all offices together.
    pub fates: Arc<Fates>,
    pub seed: u64,
    pub planted: Option<Planted>,
    /// Whether people write: they stop when the faults do.
    pub busy: Arc<std::sync::atomic::AtomicBool>,
}

struct Reporter {
    office: Office,
    events: mpsc::UnboundedSender<Event>,
}

impl Office {
    pub fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().expect("nothing panics here")
    }

    fn note(&self, what: std::fmt::Arguments<'_>) {
        let at = turmoil::sim_elapsed().unwrap_or_default();
        let line = format!("{} {} {what}", at.as_millis(), self.node);
        self.trace.note(line);
    }

    /// Runs until the host crashes.
    pub async fn run(self) -> turmoil::Result {
        let socket = UdpSocket::bind(("0.0.0.0", PORT)).await?;
        let seed = self.disk().start(self.seed);
        let (events, mut happened) = mpsc::unbounded_channel();
        let reporter = Reporter {
            office: self.clone(),
            events,
        };
        let network = Network {
            udp: Arc::new(SimulatedSocket::new(
                socket,
                self.weather,
                self.fates.clone(),
                seed,
            )),
            tcp: None,
            chance: Box::new(SeededEntropy::new(seed + 1)),
            crypto: keys::seeded(seed + 3),
        };
        let transport = Transport::over(
            network,
            &self.identity,
            self.peers.clone(),
            Arc::new(reporter),
            Limits::default(),
        )?;
        self.note(format_args!("starts"));
        let mut chance = SeededEntropy::new(seed + 2);
        let mut sent = Sent::new();
        let mut writes = tokio::time::interval(Duration::from_secs(5));
        loop {
            tokio::select! {
                biased;
                event = happened.recv() => match event {
                    Some(Event::Up(peer)) => {
                        for class in [Class::Urgent, Class::Routine] {
                            self.send(&transport, &mut sent, peer, class);
                        }
                    }
                    Some(Event::Room(peer, class)) => {
                        self.send(&transport, &mut sent, peer, class);
                    }
                    Some(Event::Answer(peer, class, id)) => {
                        let frame = [&[ANSWER][..], &id.to_be_bytes()].concat();
                        // Where it does not pass, the message comes again, and so does the answer.
                        let _ = transport.send(peer, class, frame);
                    }
                    None => return Ok(()),
                },
                _ = writes.tick() => {
                    if self.busy.load(std::sync::atomic::Ordering::SeqCst) {
                        let peer = self.others[below(&mut chance, self.others.len())];
                        let class = match below(&mut chance, 3) {
                            0 => Class::Urgent,
                            _ => Class::Routine,
                        };
                        self.disk().write(peer, class);
                        self.send(&transport, &mut sent, peer, class);
                    }
                }
            }
        }
    }

    /// Sends what waits and did not go on this link yet, in order.
    fn send(&self, transport: &Transport, sent: &mut Sent, peer: NodeId, class: Class) {
        let place = (peer, is_urgent(class));
        let disk = self.disk();
        let Some(link) = disk.up.get(&peer).copied() else {
            return;
        };
        let once = self.planted == Some(Planted::SendsOnce);
        let last = sent.get(&place).filter(|(on, _)| *on == link || once);
        let from = last.map_or(0, |(_, last)| last + 1);
        let ids = disk.outbox.get(&place);
        let waiting = ids.map_or_else(Vec::new, |ids| ids.range(from..).copied().collect());
        drop(disk);
        for id in waiting {
            // Now and then a message of some length.
            let padding = if id % 7 == 0 { 40_000 } else { 200 };
            let mut frame = [&[MESSAGE][..], &id.to_be_bytes()].concat();
            frame.resize(padding, 0);
            if transport.send(peer, class, frame).is_err() {
                return;
            }
            sent.insert(place, (link, id));
        }
    }
}

impl Disk {
    /// The office starts once more: no link is up. Gives the seed of this run of it.
    fn start(&mut self, seed: u64) -> u64 {
        self.up.clear();
        self.last.clear();
        self.next += 1;
        seed.wrapping_mul(1_000_003).wrapping_add(self.next * 16)
    }
}

fn below(chance: &mut SeededEntropy, most: usize) -> usize {
    let chance: &mut dyn Entropy = chance;
    let drawn = u64::from_be_bytes(chance.array());
    usize::try_from(drawn % most as u64).expect("small")
}

impl Handler for Reporter {
    fn hello(&self, _: NodeId) -> Vec<u8> {
        vec![7; 100]
    }

    fn admit(&self, _: NodeId, _: &[u8]) -> Result<(), u32> {
        Ok(())
    }

    fn up(&self, peer: NodeId, _: Established, _: Vec<u8>) {
        self.office.note(format_args!("up {peer}"));
        let mut disk = self.office.disk();
        disk.links += 1;
        let link = disk.links;
        if disk.up.insert(peer, link).is_some() {
            let fault = format!("{} is up twice at {}", peer, self.office.node);
            disk.broken.push(fault);
        }
        disk.last.retain(|(of, _), _| *of != peer);
        if self.office.planted != Some(Planted::MissesLinks) {
            // An office that crashed does not listen.
            let _ = self.events.send(Event::Up(peer));
        }
    }

    fn frame(&self, peer: NodeId, class: Class, frame: Vec<u8>) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.came(peer, class, &frame) })
    }

    fn room(&self, peer: NodeId, class: Class) {
        let _ = self.events.send(Event::Room(peer, class));
    }

    fn down(&self, peer: NodeId, why: LinkError) {
        self.office.note(format_args!("down {peer} {why:?}"));
        let mut disk = self.office.disk();
        if disk.up.remove(&peer).is_none() {
            let fault = format!("{} is down at {} and was not up", peer, self.office.node);
            disk.broken.push(fault);
        }
    }

    fn attachment(&self, _: NodeId, _: AttachmentRequest) -> Result<(File, u64), u32> {
        Err(404)
    }
}

impl Reporter {
    fn came(&self, peer: NodeId, class: Class, frame: &[u8]) {
        let id = frame.get(1..9).and_then(|id| id.try_into().ok());
        let id = u64::from_be_bytes(id.expect("a frame of this test"));
        self.office
            .note(format_args!("{} {peer} {class:?} {id}", frame[0]));
        let mut disk = self.office.disk();
        if !disk.up.contains_key(&peer) {
            let fault = format!("{} hears {peer} without a link", self.office.node);
            disk.broken.push(fault);
        }
        let place = (peer, is_urgent(class));
        if frame[0] == ANSWER {
            if let Some(waiting) = disk.outbox.get_mut(&place) {
                waiting.remove(&id);
            }
            return;
        }
        if disk.last.insert(place, id).is_some_and(|last| last >= id) {
            let fault = format!("{id} of {peer} is out of order at {}", self.office.node);
            disk.broken.push(fault);
        }
        let fresh = disk.inbox.entry(peer).or_default().insert(id);
        disk.again += u64::from(!fresh);
        if fresh || self.office.planted == Some(Planted::TakesTwice) {
            *disk.effects.entry((peer, id)).or_default() += 1;
        }
        let _ = self.events.send(Event::Answer(peer, class, id));
    }
}
