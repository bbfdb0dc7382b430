//! How long, how fast and how much: the figures that bound what a peer can cost.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use quinn::crypto::rustls::{NoInitialCipherSuite, QuicServerConfig};
use quinn::{
    IdleTimeout, ServerConfig, TimeSource, TransportConfig, ValidationTokenConfig, VarInt,
};
use tokio::time::Instant;

use super::congestion::{BoundedConfig, UNQUEUED};
use super::network::Chance;
use crate::seal::retry::retry_key;

/// Times and rates of links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long the first words of an authenticated peer may take, and a few round trips more.
    pub hello: Duration,
    /// How long something urgent that has begun may stand still.
    pub stall: Duration,
    /// How long anything else that has begun may stand still: on a slow line all that is urgent goes before
    /// it.
    pub patience: Duration,
    /// Bytes a second that something begun must bring at least: less than a line of 64 kbit/s leaves to it
    /// beside all else. How much memory it may take meanwhile is bounded by other figures.
    pub rate: u32,
    /// After how long a silence a link counts as dead.
    pub idle: Duration,
    /// How often something is said on a silent link; well under `idle`.
    pub keep_alive: Duration,
    /// The pause after a first failure to connect. It doubles with each.
    pub redial_first: Duration,
    /// The longest pause between two attempts.
    pub redial_last: Duration,
    /// How far TCP is behind QUIC in the race for a link.
    pub behind: Duration,
    /// How long a link over TCP rests before QUIC is tried again first, and at most; the pauses
    /// between double.
    pub quic_again_first: Duration,
    /// See `quic_again_first`.
    pub quic_again_last: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            hello: Duration::from_secs(5),
            stall: Duration::from_secs(30),
            patience: Duration::from_secs(900),
            rate: 1024,
            idle: Duration::from_secs(20),
            keep_alive: Duration::from_secs(7),
            redial_first: Duration::from_millis(100),
            redial_last: Duration::from_secs(30),
            behind: Duration::from_millis(250),
            quic_again_first: Duration::from_secs(30),
            quic_again_last: Duration::from_secs(600),
        }
    }
}

/// Handshakes of strangers under way at a time, and of those who come from where a member proved its key.
pub(super) const MAX_HANDSHAKES: usize = 64;
/// How many of them from one address, and how many of one member.
pub(super) const MAX_HANDSHAKES_FROM_ONE: usize = 16;
/// After how long a handshake gives way to the next that finds no place: at once if whoever begins that one
/// has at least two places fewer. A flood that lets them stand makes the node begin about twice
/// `MAX_HANDSHAKES` in this time at most.
pub(super) const GIVES_WAY: Duration = Duration::from_secs(2);
/// Addresses remembered at which one peer proved its key, by which its handshakes are told from strangers'.
pub(super) const MAX_ADDRESSES: usize = 8;
/// Connections of one peer that have not said hello yet.
pub(super) const MAX_GREETINGS: usize = 16;
/// Attachments fetched from one peer at a time: their stream windows together leave half of the
/// connection's to frames.
pub(super) const MAX_FETCHES: usize = 4;

/// What a round trip is taken for until it is measured. Lower than the default of 333 ms (RFC 9002
/// § 6.2.2): first packets that are lost come again sooner, at the price of a few too many on a
/// slow line.
pub(super) const INITIAL_RTT: Duration = Duration::from_millis(150);
/// How many attachments a peer may ask for at a time.
const BIDI_STREAMS: u32 = 16;
/// How many streams of frames a peer may open; it needs two.
const UNI_STREAMS: u32 = 4;
/// Bytes that a peer may send ahead on one stream, and on all.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 2 * 1024 * 1024;
/// Bytes kept for a peer that has not acknowledged them, at most.
pub(super) const SEND_WINDOW: u64 = 2 * 1024 * 1024;
/// Bytes kept of one handshake, and of all, before it is looked at.
const INCOMING_BUFFER: u64 = 16 * 1024;
const INCOMING_BUFFERS: u64 = 1024 * 1024;

impl Limits {
    /// How long `bytes` may take from this peer at the slowest. Round trips are allowed for, up
    /// to a bound, since on a bad line a lost packet costs several.
    pub(super) fn time_for(&self, rtt: Duration, bytes: usize) -> Duration {
        self.stall + round_trips(rtt) + Duration::from_secs(1) * bytes_u32(bytes) / self.rate
    }

    /// The limits of what is not urgent.
    pub(super) fn patient(self) -> Self {
        Self {
            stall: self.patience,
            ..self
        }
    }

    /// How long the greeting may take.
    pub(super) fn time_for_hello(&self, rtt: Duration) -> Duration {
        self.hello + round_trips(rtt)
    }

    /// How long a stranger's TLS handshake over TCP may take, when the connection stands.
    pub(super) fn time_for_stranger(&self) -> Duration {
        self.hello + MOST_ROUND_TRIPS
    }

    /// How long a handshake may take, silent or not.
    pub(super) fn time_for_handshake(&self) -> Duration {
        self.idle * 2
    }

    pub(super) fn transport(&self) -> Arc<TransportConfig> {
        let mut config = TransportConfig::default();
        config
            .max_concurrent_bidi_streams(BIDI_STREAMS.into())
            .max_concurrent_uni_streams(UNI_STREAMS.into())
            .stream_receive_window(STREAM_WINDOW.into())
            .receive_window(CONNECTION_WINDOW.into())
            .send_window(UNQUEUED)
            .datagram_receive_buffer_size(None)
            .datagram_send_buffer_size(0)
            .max_idle_timeout(Some(idle_timeout(self.idle)))
            .initial_rtt(INITIAL_RTT)
            .keep_alive_interval(Some(self.keep_alive))
            .congestion_controller_factory(Arc::new(BoundedConfig::default()));
        Arc::new(config)
    }

    pub(super) fn server(
        &self,
        tls: rustls::ServerConfig,
        chance: &Chance,
    ) -> Result<ServerConfig, NoInitialCipherSuite> {
        let tls = Arc::new(QuicServerConfig::try_from(tls)?);
        let mut config = ServerConfig::new(tls, Arc::new(retry_key(&chance.array())));
        // Without tokens from earlier connections every address is validated by Retry.
        let mut tokens = ValidationTokenConfig::default();
        tokens.sent(0);
        config
            .transport_config(self.transport())
            .validation_token_config(tokens)
            .time_source(Arc::new(SinceStart(Instant::now())))
            .max_incoming(MAX_HANDSHAKES)
            .incoming_buffer_size(INCOMING_BUFFER)
            .incoming_buffer_size_total(INCOMING_BUFFERS);
        Ok(config)
    }
}

/// The clock of Retry tokens, which are of use to the endpoint that made them alone: no clock that is set
/// makes them old or young.
struct SinceStart(Instant);

impl TimeSource for SinceStart {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.0.elapsed()
    }
}

/// What is allowed for round trips at most.
const MOST_ROUND_TRIPS: Duration = Duration::from_secs(10);

fn round_trips(rtt: Duration) -> Duration {
    (rtt * 8).min(MOST_ROUND_TRIPS)
}

fn bytes_u32(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// The silence that QUIC can express is far longer than any that makes sense.
fn idle_timeout(idle: Duration) -> IdleTimeout {
    IdleTimeout::try_from(idle).unwrap_or_else(|_| VarInt::MAX.into())
}
