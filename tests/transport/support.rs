//! Nodes whose handler tells a test what happens.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use liaison::base::{MessageId, NodeId};
use liaison::transport::{
    AttachmentRequest, BoxFuture, Class, Established, Handler, Limits, LinkError, PeerAddress,
    Peers, TlsIdentity, Transport, Via, pin_of, tls_identity,
};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

/// Long enough for everything that should happen, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The future's output, or a failed test.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("it happens in time")
}

/// What a handler was told.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    Up(NodeId, Vec<u8>),
    Frame(NodeId, Class, Vec<u8>),
    Room(NodeId, Class),
    Down(NodeId, LinkError),
}

/// Reports to the test. Frames wait at the gate before they are reported.
pub struct Reporter {
    events: mpsc::UnboundedSender<Event>,
    pub gate: Semaphore,
    pub files: Mutex<HashMap<(MessageId, u16), File>>,
    /// The code with which everybody is refused.
    pub refuse: Mutex<Option<u32>>,
    /// What carried the last link with each peer.
    pub via: Mutex<HashMap<NodeId, Via>>,
    me: NodeId,
}

impl Handler for Reporter {
    fn hello(&self, peer: NodeId) -> Vec<u8> {
        format!("{} to {peer}", self.me).into_bytes()
    }

    fn admit(&self, _peer: NodeId, _hello: &[u8]) -> Result<(), u32> {
        self.refuse.lock().unwrap().map_or(Ok(()), Err)
    }

    fn up(&self, peer: NodeId, how: Established, hello: Vec<u8>) {
        self.via.lock().unwrap().insert(peer, how.via);
        self.report(Event::Up(peer, hello));
    }

    fn frame(&self, peer: NodeId, class: Class, frame: Vec<u8>) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let _through = self.gate.acquire().await;
            self.report(Event::Frame(peer, class, frame));
        })
    }

    fn room(&self, peer: NodeId, class: Class) {
        self.report(Event::Room(peer, class));
    }

    fn down(&self, peer: NodeId, why: LinkError) {
        self.report(Event::Down(peer, why));
    }

    fn attachment(&self, _peer: NodeId, request: AttachmentRequest) -> Result<(File, u64), u32> {
        let files = self.files.lock().unwrap();
        let file = files.get(&(request.message, request.index)).ok_or(404u32)?;
        let file = file.try_clone().map_err(|_| 500u32)?;
        let length = file.metadata().map_err(|_| 500u32)?.len();
        Ok((file, length))
    }
}

impl Reporter {
    /// A test that has ended does not listen.
    fn report(&self, event: Event) {
        let _ = self.events.send(event);
    }
}

/// A key and the node that it belongs to.
pub struct Identity {
    pub node: NodeId,
    pub pkcs8: Vec<u8>,
}

impl Identity {
    pub fn new(node: &str) -> Self {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        Self {
            node: id(node),
            pkcs8: key.serialize_der(),
        }
    }

    pub fn tls(&self) -> TlsIdentity {
        tls_identity(&self.pkcs8, self.node, None).unwrap()
    }

    /// How others list this node.
    pub fn listed(&self, address: Option<SocketAddr>) -> PeerAddress {
        PeerAddress {
            node: self.node,
            address: address.map(|address| address.to_string()),
            pins: vec![pin_of(&self.pkcs8).unwrap()],
            vouched: None,
        }
    }
}

pub fn id(node: &str) -> NodeId {
    node.parse().unwrap()
}

/// A node that runs, and what its handler reports.
pub struct Node {
    pub identity: Identity,
    pub transport: Transport,
    pub handler: Arc<Reporter>,
    pub events: mpsc::UnboundedReceiver<Event>,
}

impl Node {
    /// A node that listens and knows nobody yet.
    pub fn start(node: &str) -> Self {
        Self::with(
            Identity::new(node),
            "127.0.0.1:0".parse().unwrap(),
            limits(),
        )
    }

    pub fn with(identity: Identity, listen: SocketAddr, limits: Limits) -> Self {
        let (events, receiver) = mpsc::unbounded_channel();
        let handler = Arc::new(Reporter {
            events,
            gate: Semaphore::new(1),
            files: Mutex::default(),
            refuse: Mutex::default(),
            via: Mutex::default(),
            me: identity.node,
        });
        let transport = Transport::bind(
            listen,
            &identity.tls(),
            Arc::default(),
            handler.clone(),
            limits,
        )
        .unwrap();
        Self {
            identity,
            transport,
            handler,
            events: receiver,
        }
    }

    pub fn node(&self) -> NodeId {
        self.identity.node
    }

    pub fn address(&self) -> SocketAddr {
        self.transport.local_addr().unwrap()
    }

    /// How others list this node, if they are to dial it.
    pub fn dialled(&self) -> PeerAddress {
        self.identity.listed(Some(self.address()))
    }

    /// How others list this node, if they are not to dial it.
    pub fn known(&self) -> PeerAddress {
        self.identity.listed(None)
    }

    pub fn knows(&self, peers: impl IntoIterator<Item = PeerAddress>) {
        let peers: Peers = peers.into_iter().collect();
        self.transport.update_peers(Arc::new(peers));
    }

    /// Stops the node, until its address is free for another.
    pub async fn stop(self) -> Identity {
        soon(self.transport.close()).await;
        self.free().await
    }

    /// Drops the node, until its address is free for another.
    pub async fn free(self) -> Identity {
        let address = self.address();
        drop(self.transport);
        soon(async {
            while std::net::UdpSocket::bind(address).is_err()
                || std::net::TcpListener::bind(address).is_err()
            {
                tokio::task::yield_now().await;
            }
        })
        .await;
        self.identity
    }

    /// What happens next.
    pub async fn event(&mut self) -> Event {
        soon(self.events.recv()).await.expect("the handler lives")
    }

    /// The link with `peer` comes up next.
    pub async fn up(&mut self, peer: NodeId) {
        let hello = format!("{peer} to {}", self.node()).into_bytes();
        assert_eq!(self.event().await, Event::Up(peer, hello));
    }

    /// The next frame of `class`, whatever else happens first.
    pub async fn frame(&mut self, class: Class) -> Vec<u8> {
        loop {
            match self.event().await {
                Event::Frame(_, of, frame) if of == class => return frame,
                Event::Frame(..) | Event::Up(..) | Event::Room(..) | Event::Down(..) => {}
            }
        }
    }

    /// Serves `bytes` as an attachment.
    pub fn serves(&self, message: MessageId, index: u16, bytes: &[u8]) {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let mut files = self.handler.files.lock().unwrap();
        files.insert((message, index), file);
    }
}

/// Two nodes with a link, which the first dialled.
pub async fn linked(dialler: &str, dialled: &str) -> (Node, Node) {
    let (mut a, mut b) = (Node::start(dialler), Node::start(dialled));
    b.knows([a.known()]);
    a.knows([b.dialled()]);
    a.up(b.node()).await;
    b.up(a.node()).await;
    (a, b)
}

/// The limits of a node, with shorter pauses between attempts.
pub fn limits() -> Limits {
    Limits {
        redial_first: Duration::from_millis(10),
        redial_last: Duration::from_millis(200),
        ..Limits::default()
    }
}
