//! What a listed peer that means harm costs a whole node: memory that is bounded, and no delay of
//! anyone else.

use std::future::poll_fn;
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::thread::Thread;
use std::time::Duration;

use liaison::api::Sent;
use liaison::base::{Digest, NodeId};
use liaison::config::{Addresses, Config};
use liaison::node::Folder;
use liaison::transport::crypto::ALPN;
use liaison::transport::{dns_name, tls_identity};
use liaison::wire::frame::Frame;
use quinn::crypto::{self, rustls::QuicClientConfig};
use quinn::{
    ClientConfig, Connection, ConnectionError, Endpoint, RecvStream, SendStream, TransportConfig,
    VarInt,
};
use rustls::NamedGroup;
use rustls::crypto::{CryptoProvider, aws_lc_rs, ring};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use crate::examples;
use crate::liar::Hands;
use crate::office::Office;
use crate::trusting::Trusting;
use crate::world::{PATIENCE, World, block, until};

/// What a peer may pin at most, in bytes (docs/reliability.md).
pub const PINNED_AT_MOST: u64 = 8 << 20;

/// A link made of quinn and rustls alone, under the keys of a listed office, on which the greeting
/// is done.
pub struct Harmful {
    connection: Connection,
    send: SendStream,
    receive: RecvStream,
    _endpoint: Endpoint,
}

impl Harmful {
    pub async fn link(office: &Office, to: &Office) -> Self {
        Self::link_under(office, to, as_it_is).await
    }

    /// The same, with whatever is made of how TLS is spoken.
    pub async fn link_under(
        office: &Office,
        to: &Office,
        crypto: impl FnOnce(QuicClientConfig) -> Arc<dyn crypto::ClientConfig>,
    ) -> Self {
        let hands = Hands::of(office);
        let directory = Folder(office.dir.clone()).directory().expect("trust files");
        let directory = directory.expect("a trust list");
        let node = NodeId::first(to.member);
        let address = directory.address(node).expect("its address is listed");
        let hello = Frame::Hello {
            protocols: vec![1],
            node: hands.node,
            trust_list_version: directory.version().into(),
            trust_list_hash: directory.hash(),
        };
        let mut endpoint =
            Endpoint::client("127.0.0.1:0".parse().expect("an address")).expect("a socket");
        let mut config = ClientConfig::new(crypto(tls(&hands)));
        // As nodes take it to be, so that what a flood pushes out comes again as soon as theirs does.
        let mut transport = TransportConfig::default();
        transport.initial_rtt(Duration::from_millis(150));
        config.transport_config(Arc::new(transport));
        endpoint.set_default_client_config(config);
        let address = address.parse().expect("an address on loopback");
        let connecting = endpoint.connect(address, &dns_name(node)).expect("a name");
        let connection = connecting.await.expect("it is listed");
        let mut send = connection.open_uni().await.expect("a stream");
        let hello = hello.encode();
        let length = u32::try_from(hello.len()).expect("short");
        // The urgent stream's name, an instance of the node, links lost, and a clock of 1970.
        let opening = [
            &[1][..],
            &[9; 16],
            &[0; 8],
            &[0; 8],
            &length.to_be_bytes(),
            &hello,
        ];
        send.write_all(&opening.concat()).await.expect("it listens");
        let mut receive = connection.accept_uni().await.expect("its greeting");
        let mut start = [0; 37];
        receive.read_exact(&mut start).await.expect("its opening");
        let length = u32::from_be_bytes([start[33], start[34], start[35], start[36]]);
        let mut hello = vec![0; length as usize];
        receive.read_exact(&mut hello).await.expect("its hello");
        send.write_all(&[0; 4]).await.expect("it listens");
        let mut admitted = [1; 4];
        receive.read_exact(&mut admitted).await.expect("a verdict");
        assert_eq!(admitted, [0; 4], "it is admitted");
        Self {
            connection,
            send,
            receive,
            _endpoint: endpoint,
        }
    }

    /// Opens every stream that it may, writes on each what its window takes, and reads nothing.
    async fn fill_every_window(mut self) -> (Self, Vec<SendStream>, Vec<RecvStream>) {
        // A frame that never ends: all that follows waits for the rest of it.
        self.send
            .write_all(&[0, 3, 0xff, 0xff, 5])
            .await
            .expect("it listens");
        let (mut sends, mut receives) = (Vec::new(), Vec::new());
        while let Some(stream) = now(self.connection.open_uni()).await {
            sends.push(stream.expect("the link is up"));
        }
        while let Some(stream) = now(self.connection.open_bi()).await {
            let (send, receive) = stream.expect("the link is up");
            sends.push(send);
            receives.push(receive);
        }
        let piece = [7; 64 * 1024];
        for stream in &mut sends {
            // A stream may be stopped by the node; the others go on.
            while let Some(Ok(_)) = now(stream.write(&piece)).await {}
        }
        (self, sends, receives)
    }

    /// Says these frames as urgent ones, again and again and as fast as they are taken, and hears all
    /// that is said, until the link is ended.
    pub async fn say_without_end(mut self, frames: Vec<Vec<u8>>) -> ConnectionError {
        let connection = self.connection.clone();
        let hears = tokio::spawn(async move {
            let mut receive = self.receive;
            loop {
                tokio::spawn(async move {
                    while let Ok(Some(_)) = receive.read_chunk(usize::MAX, false).await {}
                });
                let Ok(next) = connection.accept_uni().await else {
                    return;
                };
                receive = next;
            }
        });
        say(&mut self.send, &frames, &AtomicU64::new(0)).await;
        let why = self.connection.closed().await;
        hears.abort();
        why
    }

    /// The same, but hears nothing. `said` counts the frames.
    pub async fn say_and_hear_nothing(
        mut self,
        frames: Vec<Vec<u8>>,
        said: &AtomicU64,
    ) -> ConnectionError {
        say(&mut self.send, &frames, said).await;
        self.connection.closed().await
    }

    /// Says a frame as a routine one, and is gone.
    pub async fn say_routine_and_leave(self, frame: &[u8]) {
        let mut routine = self.connection.open_uni().await.expect("a stream");
        let said = [&[2][..], &framed(frame)].concat();
        // The node may end the link first.
        let _taken = routine.write_all(&said).await;
        let _over = routine.finish();
        let _arrived = routine.stopped().await;
    }

    /// Writes these bytes on the urgent stream, unless the link is ended.
    pub async fn writes(&mut self, bytes: &[u8]) {
        let _ended = self.send.write_all(bytes).await;
    }

    /// Waits until the node ends the link, and gives why.
    pub async fn closed(&self) -> ConnectionError {
        self.connection.closed().await
    }

    pub fn ended(&self) -> bool {
        self.connection.close_reason().is_some()
    }
}

/// Says these frames again and again, as fast as they are taken, until the link is ended.
async fn say(send: &mut SendStream, frames: &[Vec<u8>], said: &AtomicU64) {
    for frame in frames.iter().cycle() {
        if send.write_all(&framed(frame)).await.is_err() {
            return;
        }
        said.fetch_add(1, Ordering::Relaxed);
    }
}

/// A frame with its length.
fn framed(frame: &[u8]) -> Vec<u8> {
    let length = u32::try_from(frame.len()).expect("short");
    [&length.to_be_bytes()[..], frame].concat()
}

/// What the future gives at once, if it does.
async fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    poll_fn(|context| {
        Poll::Ready(match future.as_mut().poll(context) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}

fn as_it_is(tls: QuicClientConfig) -> Arc<dyn crypto::ClientConfig> {
    Arc::new(tls)
}

/// The other implementation, with the one group that nodes take.
fn provider() -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    provider
        .kx_groups
        .retain(|group| group.name() == NamedGroup::X25519MLKEM768);
    provider
}

fn tls(hands: &Hands) -> QuicClientConfig {
    let mut provider = provider();
    // The node's keys are written as ring writes them.
    provider.key_provider = ring::default_provider().key_provider;
    let provider = Arc::new(provider);
    let pkcs8 = hands.keys.tls.pkcs8();
    let identity = tls_identity(pkcs8, hands.node, None).expect("a TLS key");
    let certificate = CertificateDer::from(identity.certificate().to_vec());
    let key = PrivatePkcs8KeyDer::from(pkcs8.to_vec());
    let mut config = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Trusting(provider)))
        .with_client_auth_cert(vec![certificate], key.into())
        .expect("a certificate of its own");
    config.alpn_protocols = vec![ALPN.to_vec()];
    QuicClientConfig::try_from(config).expect("a cipher suite for QUIC")
}

/// TLS of somebody who shows no certificate.
pub fn stranger() -> QuicClientConfig {
    let provider = Arc::new(provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Trusting(provider)))
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN.to_vec()];
    QuicClientConfig::try_from(config).expect("a cipher suite for QUIC")
}

/// TR and AT, which serve, and MK, whose keys mean harm.
pub fn world() -> World {
    let world = World::of(&["MK", "TR", "AT"]);
    for office in ["TR", "AT"] {
        world.office(office).serve();
    }
    exchanged(&world);
    world
}

/// A request goes from AT to TR, with its receipt.
pub fn exchanged(world: &World) {
    let text = toml::to_string(&examples::request()).expect("an example is valid TOML");
    let file = world.write("request.toml", text);
    let at = world.office("AT");
    let call = at.call("rfi send").option("--to", "TR");
    let _: Sent = call.option("--file", &file).run().read();
    until(PATIENCE, "the request is delivered", || {
        let health = at.health()?;
        let to = world.office("TR").member;
        let peer = health.peers.iter().find(|peer| peer.node.member == to)?;
        (peer.waiting == 0).then_some(())
    });
}

/// How often a node's memory is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// The most memory of its own that the node has at any time while this runs, over what it had before, and
/// what this gives.
pub fn pinned<T>(office: &Office, meanwhile: impl FnOnce() -> T) -> (u64, T) {
    let before = office.memory();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let looks = scope.spawn(|| {
            let mut most = office.memory();
            while !over.load(Ordering::Relaxed) {
                std::thread::park_timeout(LOOK);
                most = most.max(office.memory());
            }
            most
        });
        // Dropped where this panics too, so that nobody waits for who looks.
        let ends = Ends {
            over: &over,
            looks: looks.thread().clone(),
        };
        let outcome = meanwhile();
        drop(ends);
        let most = looks.join().expect("the node runs");
        (most.saturating_sub(before), outcome)
    })
}

/// Ends the looking when it is dropped.
struct Ends<'a> {
    over: &'a AtomicBool,
    looks: Thread,
}

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.looks.unpark();
    }
}

#[test]
fn a_peer_that_fills_every_window_and_reads_nothing_pins_little_and_delays_nobody() {
    let world = world();
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    // What a first link leaves behind in the allocator is not pinned by the second.
    block(async { Harmful::link(mk, tr).await.fill_every_window().await });
    until(PATIENCE, "the first link is given up", || {
        let health = tr.health()?;
        let mk = health
            .peers
            .iter()
            .find(|peer| peer.node.member == mk.member)?;
        (!mk.connected).then_some(())
    });
    let (pinned, ()) = pinned(tr, || {
        let link = block(async { Harmful::link(mk, tr).await.fill_every_window().await });
        exchanged(&world);
        until(
            PATIENCE,
            "the frame that stands still ends the link",
            || link.0.ended().then_some(()),
        );
    });
    assert!(pinned <= PINNED_AT_MOST, "{pinned} bytes are pinned");
    exchanged(&world);
}

#[test]
fn a_peer_that_says_without_end_which_bundle_it_holds_pins_little_and_holds_up_no_new_keys() {
    let world = World::of(&["MK", "TR"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    tr.has_an_administrator();
    tr.serve();
    let nothing_held = Frame::BundleAt {
        sequence: 0,
        digest: Digest::EMPTY,
    };
    let link = block(Harmful::link(mk, tr));
    let said = Arc::<AtomicU64>::default();
    let count = said.clone();
    let is_said = |frames| {
        until(PATIENCE, "the flood goes on", || {
            (said.load(Ordering::Relaxed) > frames).then_some(())
        });
    };
    let (pinned, ()) = pinned(tr, || {
        let flood = std::thread::spawn(move || {
            block(link.say_and_hear_nothing(vec![nothing_held.encode()], &count))
        });
        is_said(5_000);
        let before_order = tr.sequence().expect("it is listed");
        assert!(tr.rotate() > before_order, "the new keys are in force");
        is_said(20_000);
        assert!(!flood.is_finished(), "the flood lasts");
    });
    assert!(pinned <= PINNED_AT_MOST, "{pinned} bytes are pinned");
}

#[test]
fn a_frame_of_more_than_may_be_is_refused_before_any_of_it_is_kept() {
    let world = world();
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let (pinned, closed) = pinned(tr, || {
        block(async {
            let mut link = Harmful::link(mk, tr).await;
            // As many bytes as a length can say.
            link.writes(&[0xff; 4]).await;
            link.closed().await
        })
    });
    let misbehaved = VarInt::from_u32(3);
    assert!(
        matches!(&closed, ConnectionError::ApplicationClosed(close) if close.error_code == misbehaved),
        "{closed}"
    );
    assert!(pinned <= PINNED_AT_MOST, "{pinned} bytes are pinned");
    exchanged(&world);
}

#[test]
fn a_peer_whose_clock_is_far_off_is_told_of_while_it_is_linked() {
    let world = world();
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let astray = || {
        let alarms = tr.health()?.alarms;
        alarms
            .into_iter()
            .find(|alarm| alarm.code == "clock-astray")
    };
    assert_eq!(astray(), None, "clocks of one machine agree");
    let link = block(Harmful::link(mk, tr));
    let alarm = until(PATIENCE, "it is told", astray);
    let said = "this node's clock was ahead of MK-1's by ";
    assert!(alarm.detail.starts_with(said), "{}", alarm.detail);
    drop(link);
    until(PATIENCE, "it is told no more", || {
        astray().is_none().then_some(())
    });
}

#[test]
fn first_packets_of_ten_thousand_strangers_leave_room_for_members() {
    let world = World::of(&["TR", "AT"]);
    let (tr, at) = (world.office("TR"), world.office("AT"));
    tr.serve();
    let (address, initial) = (tr.datagrams_by(at), first_packet());
    let (pinned, ()) = pinned(tr, || {
        // Each from a socket of its own, as if from another stranger.
        for _ in 0..10_000 {
            let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
            socket
                .send_to(&initial, address)
                .expect("loopback takes it");
        }
        at.serve();
        world.linked();
        exchanged(&world);
    });
    assert!(pinned <= PINNED_AT_MOST, "{pinned} bytes are pinned");
}

/// Files that a node may have open, where it may have few.
const FILES: u32 = 64;

/// More connections than such a node can have open.
const IDLE_CALLERS: usize = 100;

#[test]
fn idle_callers_of_the_api_take_neither_its_files_nor_its_time_from_a_node() {
    let world = World::serving(&["AT", "TR"]);
    let (at, tr) = (world.office("AT"), world.office("TR"));
    tr.stop();
    tr.start_with_files(FILES);
    world.linked();
    let config = Config::load(&tr.dir).expect("a valid configuration");
    let addresses = Addresses::load(&config)
        .expect("a file")
        .expect("it serves");
    let held: Vec<TcpStream> = (0..IDLE_CALLERS)
        .map(|_| TcpStream::connect(addresses.api).expect("the system takes it"))
        .collect();
    exchanged(&world);
    until(PATIENCE, "whoever asks gets an answer", || tr.health());
    assert_eq!(tr.ended(), None, "{}", tr.said());
    drop(held);
    assert_eq!(at.ended(), None);
}

/// Files that a node may have open, where its unit says nothing else.
const USUAL_FILES: u32 = 4_096;

#[test]
fn uploads_that_stand_still_leave_a_node_its_threads() {
    let world = World::serving(&["AT", "TR"]);
    let tr = world.office("TR");
    tr.stop();
    tr.start_with_files(USUAL_FILES);
    world.linked();
    let config = Config::load(&tr.dir).expect("a valid configuration");
    let addresses = Addresses::load(&config)
        .expect("a file")
        .expect("it serves");
    let token = std::fs::read_to_string(tr.token("officer")).expect("a token");
    let mut held = Vec::new();
    for number in 0..600 {
        if number % 32 == 0 {
            let reserved = block(tr.client("officer").reserve());
            held.push((reserved.expect("it serves").id, Vec::new()));
        }
        let (id, streams) = held.last_mut().expect("a reservation");
        let mut stream = TcpStream::connect(addresses.api).expect("the system takes it");
        let place = number % 32;
        let begun = format!(
            "PUT /api/v1/reservations/{id}/attachments/{place}?name=a.bin HTTP/1.1\r\n\
             host: {}\r\nauthorization: Bearer {}\r\ncontent-length: 1000000\r\n\r\nx",
            addresses.api,
            token.trim(),
        );
        stream.write_all(begun.as_bytes()).expect("it reads");
        streams.push(stream);
    }
    let answers = |stream: &TcpStream| {
        stream.set_nonblocking(true).expect("a plain socket");
        stream.peek(&mut [0; 12]).is_ok()
    };
    let under_way = || {
        let all = held.iter().flat_map(|(_, streams)| streams);
        all.filter(|stream| !answers(stream)).count()
    };
    until(PATIENCE, "most are refused", || {
        (under_way() <= 8).then_some(())
    });
    exchanged(&world);
}

/// The first datagram of a QUIC client that shows no certificate.
pub fn first_packet() -> Vec<u8> {
    let sink = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
    sink.set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a time");
    let to = sink.local_addr().expect("an address");
    block(async move {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("TLS 1.3")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Trusting(provider)))
            .with_no_client_auth();
        config.alpn_protocols = vec![ALPN.to_vec()];
        let config = QuicClientConfig::try_from(config).expect("a cipher suite for QUIC");
        let endpoint =
            Endpoint::client("127.0.0.1:0".parse().expect("an address")).expect("a socket");
        let config = ClientConfig::new(Arc::new(config));
        let _connecting = endpoint
            .connect_with(config, to, "tr-1.liaison")
            .expect("a name");
        tokio::task::spawn_blocking(move || {
            let mut datagram = vec![0; 2_000];
            let length = sink.recv(&mut datagram).expect("a first packet");
            datagram.truncate(length);
            datagram
        })
        .await
        .expect("it does not panic")
    })
}
