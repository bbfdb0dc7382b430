//! A member that breaks the rules of QUIC once it has proved its key: quinn-proto, whose packets get other
//! frames before they are encrypted. A breach ends its link with the error of RFC 9000, a flood pins
//! little, and the node goes on serving the others.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::BytesMut;
use quinn::ConnectionError;
use quinn::crypto::rustls::QuicClientConfig;
use quinn_proto::crypto::{
    self, CryptoError, ExportKeyingMaterialError, HeaderKey, KeyPair, Keys, PacketKey, Session,
};
use quinn_proto::transport_parameters::TransportParameters;
use quinn_proto::{ConnectError, ConnectionId, Side, TransportError, TransportErrorCode as Code};

use crate::hostile::{Harmful, PINNED_AT_MOST, exchanged, pinned, world};
use crate::office::Office;
use crate::world::{PATIENCE, block, until};

/// The largest number that can be said (RFC 9000 § 16).
const LARGEST: u64 = (1 << 62) - 1;

/// The urgent stream, on which the greeting went, and one that the peer may open besides (RFC 9000 § 2.1).
const URGENT: u64 = 2;
const SECOND: u64 = 6;
/// A stream that the node opened, and on which it alone sends.
const OF_THE_NODE: u64 = 3;

/// What the frames of the next packets are exchanged for: each packet takes the next of these that fits.
#[derive(Clone, Default)]
struct Forgeries(Arc<Mutex<VecDeque<Vec<u8>>>>);

impl Forgeries {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Vec<u8>>> {
        self.0.lock().expect("nothing panics under this lock")
    }

    fn next_within(&self, room: usize) -> Option<Vec<u8>> {
        let mut forgeries = self.lock();
        let fits = forgeries.front().is_some_and(|frames| frames.len() <= room);
        if fits { forgeries.pop_front() } else { None }
    }
}

/// TLS as a member speaks it, whose keys forge.
struct Forging {
    tls: Arc<QuicClientConfig>,
    forgeries: Forgeries,
}

impl crypto::ClientConfig for Forging {
    fn start_session(
        self: Arc<Self>,
        version: u32,
        server_name: &str,
        params: &TransportParameters,
    ) -> Result<Box<dyn Session>, ConnectError> {
        let tls = self.tls.clone();
        let session = crypto::ClientConfig::start_session(tls, version, server_name, params)?;
        Ok(Box::new(ForgingSession {
            session,
            forgeries: self.forgeries.clone(),
            has_handshake_keys: false,
        }))
    }
}

struct ForgingSession {
    session: Box<dyn Session>,
    forgeries: Forgeries,
    has_handshake_keys: bool,
}

impl Session for ForgingSession {
    fn initial_keys(&self, dst_cid: &ConnectionId, side: Side) -> Keys {
        self.session.initial_keys(dst_cid, side)
    }

    fn handshake_data(&self) -> Option<Box<dyn Any>> {
        self.session.handshake_data()
    }

    fn peer_identity(&self) -> Option<Box<dyn Any>> {
        self.session.peer_identity()
    }

    fn early_crypto(&self) -> Option<(Box<dyn HeaderKey>, Box<dyn PacketKey>)> {
        self.session.early_crypto()
    }

    fn early_data_accepted(&self) -> Option<bool> {
        self.session.early_data_accepted()
    }

    fn is_handshaking(&self) -> bool {
        self.session.is_handshaking()
    }

    fn read_handshake(&mut self, buf: &[u8]) -> Result<bool, TransportError> {
        self.session.read_handshake(buf)
    }

    fn transport_parameters(&self) -> Result<Option<TransportParameters>, TransportError> {
        self.session.transport_parameters()
    }

    /// The keys of the handshake come first. Those after them are the ones that forge.
    fn write_handshake(&mut self, buf: &mut Vec<u8>) -> Option<Keys> {
        let mut keys = self.session.write_handshake(buf)?;
        if self.has_handshake_keys {
            keys.packet.local = forging(keys.packet.local, &self.forgeries);
        }
        self.has_handshake_keys = true;
        Some(keys)
    }

    /// quinn-proto updates its keys after ten packets or more of a connection, as it happens.
    fn next_1rtt_keys(&mut self) -> Option<KeyPair<Box<dyn PacketKey>>> {
        let mut keys = self.session.next_1rtt_keys()?;
        keys.local = forging(keys.local, &self.forgeries);
        Some(keys)
    }

    fn is_valid_retry(&self, orig_dst_cid: &ConnectionId, header: &[u8], payload: &[u8]) -> bool {
        self.session.is_valid_retry(orig_dst_cid, header, payload)
    }

    fn export_keying_material(
        &self,
        output: &mut [u8],
        label: &[u8],
        context: &[u8],
    ) -> Result<(), ExportKeyingMaterialError> {
        self.session.export_keying_material(output, label, context)
    }
}

fn forging(key: Box<dyn PacketKey>, forgeries: &Forgeries) -> Box<dyn PacketKey> {
    Box::new(ForgingKey {
        key,
        forgeries: forgeries.clone(),
    })
}

struct ForgingKey {
    key: Box<dyn PacketKey>,
    forgeries: Forgeries,
}

impl PacketKey for ForgingKey {
    fn encrypt(&self, packet: u64, buf: &mut [u8], header_len: usize) {
        let end = buf.len() - self.key.tag_len();
        let payload = &mut buf[header_len..end];
        if let Some(frames) = self.forgeries.next_within(payload.len()) {
            // What is left is PADDING.
            payload.fill(0);
            payload[..frames.len()].copy_from_slice(&frames);
        }
        self.key.encrypt(packet, buf, header_len);
    }

    fn decrypt(
        &self,
        packet: u64,
        header: &[u8],
        payload: &mut BytesMut,
    ) -> Result<(), CryptoError> {
        self.key.decrypt(packet, header, payload)
    }

    fn tag_len(&self) -> usize {
        self.key.tag_len()
    }

    fn confidentiality_limit(&self) -> u64 {
        self.key.confidentiality_limit()
    }

    fn integrity_limit(&self) -> u64 {
        self.key.integrity_limit()
    }
}

/// A link whose packets will say what is put among the forgeries.
fn linked(member: &Office, to: &Office) -> (Harmful, Forgeries) {
    let forgeries = Forgeries::default();
    let under = |tls| -> Arc<dyn crypto::ClientConfig> {
        Arc::new(Forging {
            tls: Arc::new(tls),
            forgeries: forgeries.clone(),
        })
    };
    let link = block(Harmful::link_under(member, to, under));
    (link, forgeries)
}

/// Numbers as QUIC writes them, in one byte or in eight (RFC 9000 § 16).
fn numbers(values: &[u64]) -> Vec<u8> {
    let number = |value: &u64| match *value {
        0..64 => vec![value.to_le_bytes()[0]],
        _ => ((0b11 << 62) | *value).to_be_bytes().to_vec(),
    };
    values.iter().flat_map(number).collect()
}

fn frame(values: &[u64], data: &[u8]) -> Vec<u8> {
    [&numbers(values)[..], data].concat()
}

/// NEW_CONNECTION_ID (RFC 9000 § 19.15) with an id and a reset token that follow from its number.
fn new_id(sequence: u64, retire_prior_to: u64) -> Vec<u8> {
    let id = [
        &[8][..],
        &sequence.to_be_bytes(),
        &[0; 8],
        &sequence.to_be_bytes(),
    ]
    .concat();
    frame(&[0x18, sequence, retire_prior_to], &id)
}

/// What a member says against the rules, and the error that it is told (RFC 9000 § 12.4, 19 and 20.1).
fn breaches() -> Vec<(&'static str, Vec<u8>, Code)> {
    let final_size_changes = [
        frame(&[0x0f, SECOND, 0, 1], b"a"),
        frame(&[0x0f, SECOND, 0, 2], b"aa"),
    ];
    vec![
        (
            "a frame that there is not",
            numbers(&[0x3f]),
            Code::FRAME_ENCODING_ERROR,
        ),
        (
            "MAX_STREAMS beyond 2^60",
            numbers(&[0x12, LARGEST]),
            Code::FRAME_ENCODING_ERROR,
        ),
        (
            "STREAMS_BLOCKED beyond 2^60",
            numbers(&[0x16, LARGEST]),
            Code::FRAME_ENCODING_ERROR,
        ),
        (
            "an ACK of what was never sent",
            numbers(&[0x02, 1_000_000, 0, 0, 0]),
            Code::PROTOCOL_VIOLATION,
        ),
        (
            "an ACK whose ranges go below zero",
            numbers(&[0x02, 5, 0, 1, 5, 9, 9]),
            Code::FRAME_ENCODING_ERROR,
        ),
        (
            "CRYPTO far ahead",
            frame(&[0x06, 1 << 40, 4], b"abcd"),
            Code::CRYPTO_BUFFER_EXCEEDED,
        ),
        (
            "HANDSHAKE_DONE from a client",
            numbers(&[0x1e]),
            Code::PROTOCOL_VIOLATION,
        ),
        (
            "NEW_TOKEN from a client",
            frame(&[0x07, 4], b"abcd"),
            Code::PROTOCOL_VIOLATION,
        ),
        (
            "RETIRE_CONNECTION_ID of one that was never given",
            numbers(&[0x19, LARGEST]),
            Code::PROTOCOL_VIOLATION,
        ),
        (
            "more connection ids than may be",
            new_id(1_000, 0),
            Code::CONNECTION_ID_LIMIT_ERROR,
        ),
        (
            "a STREAM that may not be opened",
            frame(&[0x0a, 4_002, 4], b"abcd"),
            Code::STREAM_LIMIT_ERROR,
        ),
        (
            "a STREAM of the node's own",
            frame(&[0x0a, OF_THE_NODE, 4], b"abcd"),
            Code::STREAM_STATE_ERROR,
        ),
        (
            "a STREAM a terabyte ahead",
            frame(&[0x0e, URGENT, 1 << 40, 4], b"abcd"),
            Code::FLOW_CONTROL_ERROR,
        ),
        (
            "a STREAM whose final size changes",
            final_size_changes.concat(),
            Code::FINAL_SIZE_ERROR,
        ),
        (
            "RESET_STREAM at a terabyte",
            numbers(&[0x04, URGENT, 0, 1 << 40]),
            Code::FLOW_CONTROL_ERROR,
        ),
        (
            "STOP_SENDING of what the node does not send",
            numbers(&[0x05, URGENT, 0]),
            Code::STREAM_STATE_ERROR,
        ),
        (
            "MAX_STREAM_DATA of what the node does not send",
            numbers(&[0x11, URGENT, 5]),
            Code::STREAM_STATE_ERROR,
        ),
        (
            "a DATAGRAM that nobody agreed on",
            frame(&[0x31, 4], b"abcd"),
            Code::PROTOCOL_VIOLATION,
        ),
    ]
}

#[test]
fn a_member_that_breaks_a_rule_of_quic_loses_its_link_and_nobody_else_does() {
    let world = world();
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let (pinned, ()) = pinned(tr, || {
        for (what, frames, expected) in breaches() {
            let (mut link, forgeries) = linked(mk, tr);
            forgeries.lock().push_back(frames);
            let closed = block(async {
                // As much as makes a packet with room for the frames.
                link.writes(&[0; 400]).await;
                link.closed().await
            });
            let ConnectionError::ConnectionClosed(close) = &closed else {
                panic!("{what}: {closed}");
            };
            assert_eq!(close.error_code, expected, "{what}");
            exchanged(&world);
        }
    });
    assert!(pinned <= PINNED_AT_MOST, "{pinned} bytes are pinned");
    assert_eq!(tr.ended(), None, "{}", tr.said());
}

/// Bytes of frames in a packet of a flood, which fit the shortest full datagram.
const FULL: usize = 1_000;

/// As many packets as these frames fill.
fn packets(frames: impl Iterator<Item = Vec<u8>>) -> VecDeque<Vec<u8>> {
    let mut packets = VecDeque::from([Vec::new()]);
    for frame in frames {
        match packets.back_mut() {
            Some(last) if last.len() + frame.len() <= FULL => last.extend(frame),
            Some(_) | None => packets.push_back(frame),
        }
    }
    packets
}

/// What a member says without end that is within the rules, or at their edge.
fn floods() -> Vec<(&'static str, VecDeque<Vec<u8>>)> {
    let gaps = || (0..7_000).map(|n| 2 * n + 1);
    let challenge = |n: u64| frame(&[0x1a], &n.to_be_bytes());
    vec![
        (
            "CRYPTO of single bytes with gaps",
            packets(gaps().map(|offset| frame(&[0x06, offset, 1], b"a"))),
        ),
        (
            "a STREAM of single bytes with gaps",
            packets(gaps().map(|offset| frame(&[0x0e, SECOND, offset, 1], b"a"))),
        ),
        ("PATH_CHALLENGE", packets((0..10_000).map(challenge))),
        (
            "connection ids that are replaced",
            packets((1..2_000).map(|n| new_id(n, n))),
        ),
        (
            "more data and more streams allowed, ever more",
            packets((1..4_000).map(|n| numbers(&[0x10, LARGEST, 0x12, 1 << 59, 0x13, n]))),
        ),
    ]
}

#[test]
fn a_member_that_floods_frames_of_quic_pins_little_and_keeps_nobody_out() {
    let world = world();
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    for (what, packets) in floods() {
        let (pinned, ()) = pinned(tr, || {
            let (mut link, forgeries) = linked(mk, tr);
            let count = packets.len();
            *forgeries.lock() = packets;
            block(async {
                for _ in 0..count {
                    // More than a datagram takes, and with all of them less than the stream's window.
                    link.writes(&[0; 2_000]).await;
                }
            });
            until(PATIENCE, "the flood is over", || {
                (forgeries.lock().is_empty() || link.ended()).then_some(())
            });
            let left = forgeries.lock().len();
            assert!(left < count, "{what}: no packet of it went");
            exchanged(&world);
        });
        assert!(
            pinned <= PINNED_AT_MOST,
            "{what}: {pinned} bytes are pinned"
        );
    }
    assert_eq!(tr.ended(), None, "{}", tr.said());
}
