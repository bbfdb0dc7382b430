//! What all tasks of one transport share.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quinn::crypto::rustls::{NoInitialCipherSuite, QuicClientConfig};
use quinn::{ClientConfig, Endpoint, TokioRuntime};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tokio_util::sync::CancellationToken;

use crate::base::NodeId;

use super::connection::Via;
use super::doubled::Doubled;
use super::identity::{Presented, TlsIdentity};
use super::limits::Limits;
use super::network::{Chance, Network};
use super::peers::{Peers, Shown};
use super::places::Whose;
use super::refused::Counters;
use super::slot::{Link, Slot, Standing};
use super::tcp::Tls;
use super::verify::PinVerifier;
use super::{Handler, TransportError, crypto};

pub(super) struct Shared {
    pub(super) me: NodeId,
    pub(super) endpoint: Endpoint,
    pub(super) dialling: ClientConfig,
    pub(super) tls: Tls,
    pub(super) verifier: Arc<PinVerifier>,
    pub(super) presented: Arc<Presented>,
    pub(super) peers: watch::Sender<Arc<Peers>>,
    pub(super) handler: Arc<dyn Handler>,
    pub(super) limits: Limits,
    pub(super) counters: Arc<Counters>,
    pub(super) closing: CancellationToken,
    pub(super) chance: Chance,
    /// The ways to a peer, in the order in which they are tried.
    pub(super) ways: &'static [Via],
    instance: [u8; 16],
    slots: Mutex<BTreeMap<NodeId, Arc<Slot>>>,
    runtime: Handle,
    tasks: watch::Sender<usize>,
}

impl Shared {
    pub(super) fn over(
        network: Network,
        identity: &TlsIdentity,
        peers: Arc<Peers>,
        handler: Arc<dyn Handler>,
        limits: Limits,
    ) -> Result<(Arc<Self>, Option<TcpListener>), TransportError> {
        let me = identity.node();
        let (peers, in_force) = watch::channel(peers);
        let counters = Arc::new(Counters::default());
        let ways = network.ways();
        let Network {
            udp,
            tcp,
            chance,
            crypto: provider,
        } = network;
        let (provider, chance) = (Arc::new(provider), Chance::new(chance));
        let verifier = PinVerifier::new(me, in_force, counters.clone(), provider.clone());

        let presented = Arc::new(Presented::new(identity));
        let config = |protocol| {
            let (shown, verifier, provider) =
                (presented.clone(), verifier.clone(), provider.clone());
            let client =
                crypto::client_config(shown, verifier.clone(), provider.clone(), protocol)?;
            let server = crypto::server_config(presented.clone(), verifier, provider, protocol)?;
            Ok::<_, rustls::Error>((client, server))
        };
        let (client, server) = config(crypto::ALPN)?;
        let client = QuicClientConfig::try_from(client).map_err(no_suite)?;
        let mut dialling = ClientConfig::new(Arc::new(client));
        let ids = chance.clone();
        dialling
            .transport_config(limits.transport())
            .initial_dst_cid_provider(Arc::new(move || ids.initial_id()));
        let server = limits.server(server, &chance).map_err(no_suite)?;

        let (client, on_tcp) = config(crypto::ALPN_TCP)?;
        let tls = Tls {
            acceptor: TlsAcceptor::from(Arc::new(on_tcp)),
            connector: TlsConnector::from(Arc::new(client)),
        };

        let address = udp.local_addr().map_err(TransportError::Socket)?;
        let endpoint = Endpoint::new_with_abstract_socket(
            identity.reset.endpoint(&chance),
            Some(server),
            Arc::new(Doubled::new(udp)),
            Arc::new(TokioRuntime),
        )
        .map_err(|source| TransportError::Listen { address, source })?;

        let shared = Arc::new(Self {
            me,
            endpoint,
            dialling,
            tls,
            verifier,
            presented,
            peers,
            handler,
            limits,
            counters,
            closing: CancellationToken::new(),
            instance: chance.array(),
            chance,
            ways,
            slots: Mutex::default(),
            runtime: Handle::current(),
            tasks: watch::Sender::new(0),
        });
        Ok((shared, tcp))
    }

    /// Starts a task that [`Shared::idle`] waits for.
    pub(super) fn spawn(self: &Arc<Self>, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.send_modify(|running| *running += 1);
        let running = Running(self.clone());
        self.runtime.spawn(async move {
            let _running = running;
            task.await;
        });
    }

    /// Whether the list in force lists `peer` with this key.
    pub(super) fn is_listed(&self, peer: NodeId, shown: Shown) -> bool {
        self.peers.borrow().admits(peer, shown)
    }

    /// What this node says of itself to `slot`'s peer.
    pub(super) fn standing(&self, slot: &Slot) -> Standing {
        Standing {
            instance: self.instance,
            lost: slot.lost(),
        }
    }

    pub(super) fn update_peers(&self, peers: Arc<Peers>) {
        // A link is checked against the list when it takes its place, so that it is closed either
        // there or here.
        self.peers.send_replace(peers);
        for slot in self.slots().values() {
            slot.recheck(|shown| self.is_listed(slot.peer, shown));
        }
    }

    pub(super) fn slot(&self, peer: NodeId) -> Option<Arc<Slot>> {
        self.slots().get(&peer).cloned()
    }

    /// Whose a handshake from this address is likely to be.
    pub(super) fn whose(&self, from: IpAddr) -> Whose {
        let is_there =
            |slot: &Slot| slot.is_at(from) && self.peers.borrow().peer(slot.peer).is_some();
        let slots = self.slots();
        let there = slots.values().find(|slot| is_there(slot));
        there.map_or(Whose::Stranger, |slot| Whose::Member(slot.peer.member))
    }

    /// Makes a place for every peer that has none yet, and returns those.
    pub(super) fn new_slots(&self) -> Vec<Arc<Slot>> {
        let peers = self.peers.borrow().clone();
        let mut slots = self.slots();
        let mut new = Vec::new();
        for peer in peers.iter().map(|peer| peer.node) {
            if peer != self.me && !slots.contains_key(&peer) {
                let slot = Slot::new(self.me, peer);
                slots.insert(peer, slot.clone());
                new.push(slot);
            }
        }
        new
    }

    pub(super) fn live(&self, peer: NodeId) -> Option<Arc<Link>> {
        self.slot(peer)?.live()
    }

    pub(super) fn connected(&self) -> Vec<NodeId> {
        let slots = self.slots();
        let live = slots.values().filter(|slot| slot.live().is_some());
        live.map(|slot| slot.peer).collect()
    }

    pub(super) fn close(&self) {
        self.closing.cancel();
        self.endpoint.close(0u32.into(), &[]);
    }

    /// Waits until no task runs and all peers have been told.
    pub(super) async fn idle(&self) {
        let mut tasks = self.tasks.subscribe();
        // The sender is in self and so lives as long as the wait.
        let _ = tasks.wait_for(|running| *running == 0).await;
        self.endpoint.wait_idle().await;
    }

    fn slots(&self) -> MutexGuard<'_, BTreeMap<NodeId, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn no_suite(_: NoInitialCipherSuite) -> TransportError {
    rustls::Error::General("QUIC finds no suite for its first packets".to_owned()).into()
}

/// Counts a task as running until it ends, however it ends.
struct Running(Arc<Shared>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.tasks.send_modify(|running| *running -= 1);
    }
}
