//! What comes over links: frames are opened, verified and decoded here, off the core, and told to
//! the driver in the order they came.

use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tracing::{debug, info, warn};

use crate::app::change::Message;
use crate::app::{FromPeer, PeerReceipt};
use crate::audit::{Receipt, ReceiptBatch, Statement};
use crate::base::{Digest, NodeId, Timestamp};
use crate::domain::message::{Priority, SignedCopy};
use crate::driver::{Current, Driver};
use crate::exchange::Refusal;
use crate::http::{LinkState, LinkStates};
use crate::seal::envelope::{EnvelopeError, SignedMessage, open_envelope_among, open_parcel};
use crate::seal::group::leaf;
use crate::seal::keystore::Keys;
use crate::seal::sign::{Proven, VerifyingKey};
use crate::seal::trust::Directory;
use crate::store::{BlobId, BlobStore};
use crate::transport::{AttachmentRequest, BoxFuture, Class, Established, Handler, LinkError};
use crate::wire::frame::Frame;

use super::aside::Aside;
use super::carrier::{Carrier, Errand};
use super::clocks::PeerTimes;
use super::keeper::{BundleOutcome, Keeper, Task, bundle_at};
use super::turns::Turns;
use super::witnessing::{self, Disbelief};

/// A link is refused because the hello does not decode or names another node.
const BAD_HELLO: u32 = 1;

/// There is no such attachment for this peer.
const NO_SUCH_ATTACHMENT: u32 = 2;

/// The node's side of every link.
pub struct Links {
    /// The driver.
    pub driver: Driver,
    /// The node.
    pub node: NodeId,
    /// The node's keys.
    pub keys: Current<Keys>,
    /// Takes up peers' keys.
    pub keeper: Keeper,
    /// What times peers have signed.
    pub times: PeerTimes,
    /// The trust list in force.
    pub directory: Current<Option<Directory>>,
    /// Sealed files.
    pub blobs: Arc<BlobStore>,
    /// What leaves.
    pub carrier: Carrier,
    /// Where links stand.
    pub states: LinkStates,
    /// Signatures of each peer that held lately.
    pub proven: ProvenByPeer,
    /// Frames that wait for their peer's bundle.
    pub aside: Aside,
    /// Of each peer and class, what is read or waits for the driver: one at a time, since it outlasts the
    /// link that it came over.
    pub turns: Turns<(NodeId, Priority)>,
}

/// Signatures that held lately, apart for each peer, so that none crowds out another's.
pub type ProvenByPeer = Mutex<HashMap<NodeId, Arc<Proven>>>;

impl Handler for Links {
    fn hello(&self, _peer: NodeId) -> Vec<u8> {
        hello(self.node, self.directory.get().as_ref().as_ref()).encode()
    }

    fn admit(&self, peer: NodeId, hello: &[u8]) -> Result<(), u32> {
        match Frame::decode(hello) {
            Ok(Frame::Hello { node, .. }) if node == peer => Ok(()),
            Ok(_) | Err(_) => Err(BAD_HELLO),
        }
    }

    fn up(&self, peer: NodeId, how: Established, hello: Vec<u8>) {
        info!(event = "link-up", %peer, over = %how.via, ahead_ms = how.ahead);
        self.stands(
            peer,
            LinkState::Up {
                over: how.via.as_str(),
                since: Timestamp::system(),
                ahead: how.ahead,
            },
        );
        if let Ok(Frame::Hello {
            trust_list_version,
            trust_list_hash,
            ..
        }) = Frame::decode(&hello)
        {
            self.tell(
                peer,
                FromPeer::ListAt {
                    version: trust_list_version,
                    hash: trust_list_hash,
                },
            );
        }
        self.aside.link_up(peer, Instant::now());
        self.tell(peer, FromPeer::Up);
        // The peer sees whether it has to hand over its keys.
        if let Some(frame) = bundle_at(self.directory.get().as_ref().as_ref(), peer) {
            self.carrier.run(Errand::Frame(peer, frame));
        }
    }

    fn frame(&self, peer: NodeId, class: Class, frame: Vec<u8>) -> BoxFuture<'_, ()> {
        let priority = match class {
            Class::Urgent => Priority::Urgent,
            Class::Routine => Priority::Routine,
        };
        Box::pin(async move {
            match self.hear(peer, priority, frame).await {
                Some((frame, Heard::Unproved(said))) => {
                    if !self.aside.put(peer, &frame, Instant::now()) {
                        self.tell_all(peer, said).await;
                    }
                }
                Some((_, Heard::Bundle(document))) => {
                    if self.keeper.take(peer, document).await == BundleOutcome::Settled {
                        self.hear_again(peer, self.aside.take(peer)).await;
                    }
                }
                Some((_, Heard::Said(_))) | None => {}
            }
            let overdue = self.aside.overdue(peer, Instant::now());
            self.hear_again(peer, overdue).await;
        })
    }

    fn room(&self, peer: NodeId, class: Class) {
        self.carrier.run(Errand::Room(peer, class));
    }

    fn down(&self, peer: NodeId, why: LinkError) {
        info!(event = "link-down", %peer, %why);
        let why = why.to_string();
        self.stands(peer, LinkState::Down { why });
        self.carrier.run(Errand::Down(peer));
        self.keeper.give(Task::Down(peer));
        self.tell(peer, FromPeer::Down);
    }

    fn attachment(&self, peer: NodeId, request: AttachmentRequest) -> Result<(File, u64), u32> {
        let stored = self.driver.may_fetch(peer, request.message);
        let message = stored.ok_or(NO_SUCH_ATTACHMENT)?;
        // The list in force may not be decided upon yet. What lies elsewhere is the peer's own.
        let directory = self.directory.get();
        let directory = directory.as_ref().as_ref();
        let observes = directory.is_some_and(|directory| directory.observes(peer.member));
        if observes && message == request.message {
            return Err(NO_SUCH_ATTACHMENT);
        }
        let file = self.blobs.read(BlobId {
            message,
            index: request.index,
        });
        let file = file.map_err(|_| NO_SUCH_ATTACHMENT)?;
        let length = file.metadata().map_err(|_| NO_SUCH_ATTACHMENT)?.len();
        Ok((file, length))
    }
}

impl Links {
    /// Reads a frame on a thread that may take its time, and tells the driver what it said. Gives back
    /// what is for others. Waits until what this peer sent before is told, over whichever link it came.
    async fn hear(
        &self,
        peer: NodeId,
        priority: Priority,
        frame: Vec<u8>,
    ) -> Option<(Vec<u8>, Heard)> {
        let turn = self.turns.next((peer, priority)).await;
        let (driver, keys) = (self.driver.clone(), self.keys.get());
        let (keeper, times) = (self.keeper.clone(), self.times.clone());
        let directory = self.directory.get();
        let proven = self
            .proven
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(peer)
            .or_default()
            .clone();
        let hear = move || {
            let _turn = turn;
            let reader = FrameReader {
                keys: &keys,
                directory: directory.as_ref().as_ref()?,
                peer,
                proven: &proven,
                keeper: &keeper,
                times: &times,
            };
            match reader.read(&frame) {
                Heard::Said(said) => {
                    // A driver that is stopping hears it again from the peer after the next start.
                    let _stopping = driver.tell_all(peer, priority, said);
                    None
                }
                heard => Some((frame, heard)),
            }
        };
        // Waiting for it is what slows a peer down that sends faster than this node decides.
        let heard = tokio::task::spawn_blocking(hear).await;
        if heard.is_err() {
            warn!(event = "frame-failed", %peer, "reading a frame broke off");
        }
        heard.ok().flatten()
    }

    /// Reads frames again that were set aside; what they say now holds.
    async fn hear_again(&self, peer: NodeId, frames: Vec<Vec<u8>>) {
        for frame in frames {
            let heard = self.hear(peer, Priority::Urgent, frame).await;
            if let Some((_, Heard::Unproved(said))) = heard {
                self.tell_all(peer, said).await;
            }
        }
    }

    async fn tell_all(&self, peer: NodeId, said: Vec<FromPeer>) {
        let driver = self.driver.clone();
        let turn = self.turns.next((peer, Priority::Urgent)).await;
        let told = move || {
            let _turn = turn;
            driver.tell_all(peer, Priority::Urgent, said)
        };
        let _stopping = tokio::task::spawn_blocking(told).await;
    }

    fn stands(&self, peer: NodeId, state: LinkState) {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        states.insert(peer, state);
    }

    fn tell(&self, peer: NodeId, from: FromPeer) {
        let driver = self.driver.clone();
        let told = move || {
            // A driver that is stopping needs no more news of links.
            let _stopping = driver.tell_waiting(peer, from);
        };
        tokio::task::block_in_place(told);
    }
}

/// What a node says of itself.
pub fn hello(node: NodeId, directory: Option<&Directory>) -> Frame {
    Frame::Hello {
        protocols: vec![crate::wire::PROTOCOL.1],
        node,
        trust_list_version: u64::from(directory.map_or(0, Directory::version)),
        trust_list_hash: directory.map_or(Digest::EMPTY, Directory::hash),
    }
}

/// What a frame of a peer says.
#[derive(Debug)]
pub(super) enum Heard {
    /// Something for the driver.
    Said(Vec<FromPeer>),
    /// It is signed by no log key of the peer that is known here. This is what it says if its bundle names
    /// no such key either.
    Unproved(Vec<FromPeer>),
    /// A bundle of keys, for the keeper.
    Bundle(Vec<u8>),
}

/// Reads the frames of one peer.
pub(super) struct FrameReader<'a> {
    pub(super) keys: &'a Keys,
    pub(super) directory: &'a Directory,
    pub(super) peer: NodeId,
    pub(super) proven: &'a Proven,
    pub(super) keeper: &'a Keeper,
    pub(super) times: &'a PeerTimes,
}

impl FrameReader<'_> {
    /// What a frame says. A frame that does not decode says nothing: its sender is listed, so it is
    /// recorded as a refused input.
    pub(super) fn read(&self, bytes: &[u8]) -> Heard {
        Heard::Said(match Frame::decode(bytes) {
            Ok(Frame::Envelopes(envelopes)) => envelopes
                .iter()
                .map(|envelope| self.envelope(envelope))
                .collect(),
            Ok(Frame::Parcel(parcel)) => self.parcel(&parcel),
            Ok(Frame::Receipts(batches)) => return self.batches(&batches),
            Ok(Frame::Refusals(refusals)) => {
                let later = refusals.into_iter().map(|(digest, number)| {
                    debug!(event = "not-taken-yet", peer = %self.peer, number);
                    (digest, Refusal::from_number(number))
                });
                vec![FromPeer::Later(later.collect())]
            }
            Ok(Frame::Kept(leaves)) => vec![FromPeer::Kept(leaves)],
            // Said again when another list came into force at the peer.
            Ok(Frame::Hello {
                node,
                trust_list_version: version,
                trust_list_hash: hash,
                ..
            }) if node == self.peer => vec![FromPeer::ListAt { version, hash }],
            Ok(
                frame @ (Frame::AddCheckpoint { .. }
                | Frame::Cosigned { .. }
                | Frame::Challenge { .. }
                | Frame::Heads(_)),
            ) => return self.witnessing(frame, bytes),
            Ok(Frame::Hello { .. }) => Vec::new(),
            Ok(Frame::Bundle(document)) => return Heard::Bundle(document),
            Ok(Frame::BundleAt { sequence, digest }) => {
                self.keeper.give(Task::At {
                    peer: self.peer,
                    sequence,
                    digest,
                });
                // Decisions look for bundles that this node did not make.
                vec![FromPeer::BundleAt { sequence, digest }]
            }
            Err(_) => vec![unreadable(Digest::of(bytes), Refusal::Malformed)],
        })
    }

    fn witnessing(&self, frame: Frame, bytes: &[u8]) -> Heard {
        let said = witnessing::read(
            frame,
            self.directory,
            self.keys.node,
            self.peer,
            self.proven,
        );
        let disbelief = match said {
            Ok(said) => {
                return Heard::Said(said.into_iter().map(FromPeer::Witness).collect());
            }
            Err(disbelief) => disbelief,
        };
        warn!(event = "checkpoint-not-believed", peer = %self.peer, ?disbelief);
        let refused = vec![unreadable(Digest::of(bytes), Refusal::Malformed)];
        match disbelief {
            Disbelief::Malformed => Heard::Said(refused),
            Disbelief::Unproved => Heard::Unproved(refused),
        }
    }

    fn envelope(&self, envelope: &[u8]) -> FromPeer {
        let recipient = self.keys.recipient_keys(Timestamp::system());
        let known = |node, key| self.directory.identity_by_id(node, key);
        match open_envelope_among(envelope, self.keys.node, &recipient, known, self.proven) {
            Ok(signed) => self.message(&signed),
            Err(error) => unreadable(Digest::of(envelope), not_opened(error)),
        }
    }

    fn parcel(&self, parcel: &[u8]) -> Vec<FromPeer> {
        let recipient = self.keys.recipient_keys(Timestamp::system());
        let known = |node, key| self.directory.identity_by_id(node, key);
        match open_parcel(parcel, self.keys.node, &recipient, known, self.proven) {
            Ok(opened) => opened
                .into_iter()
                .map(|opened| match opened {
                    Ok(signed) => self.message(&signed),
                    Err((digest, error)) => unreadable(digest, not_opened(error)),
                })
                .collect(),
            Err(error) => vec![unreadable(Digest::of(parcel), not_opened(error))],
        }
    }

    fn message(&self, signed: &SignedMessage) -> FromPeer {
        let digest = leaf(&signed.random, &signed.header, &signed.body);
        // A peer gives back what this node had sent and lost.
        if signed.sender != self.peer && signed.sender != self.keys.node {
            return unreadable(digest, Refusal::NotTheSender);
        }
        match Message::read(signed) {
            Ok(message) if !message.event.body.copies().all(|copy| self.holds(copy)) => {
                unreadable(digest, Refusal::MayNotPassOn)
            }
            Ok(message) => FromPeer::Message(Box::new(message), Box::new(signed.signature.clone())),
            Err(_) => unreadable(digest, Refusal::Malformed),
        }
    }

    /// Whether a message that another one carries was signed by the author that it names.
    fn holds(&self, copy: &SignedCopy) -> bool {
        let Ok(signed) = SignedMessage::from_bytes(&copy.0) else {
            return false;
        };
        let key_id = signed.signature.key_id;
        let key = self.directory.identity_by_id(signed.sender, key_id);
        let (sender, leaf) = (signed.sender, signed.leaf());
        let verified = |key: &VerifyingKey| {
            signed
                .signature
                .verify_among(sender, &leaf, key, self.proven)
        };
        key.is_some_and(|key| verified(&key).is_ok())
    }

    fn batches(&self, batches: &[Vec<u8>]) -> Heard {
        let (mut said, mut unproved) = (Vec::new(), false);
        for batch in batches {
            let Ok(decoded) = ReceiptBatch::decode(batch) else {
                said.push(unreadable(Digest::of(batch), Refusal::Malformed));
                continue;
            };
            for receipt in decoded.receipts() {
                said.push(match self.verified(&receipt) {
                    Some((statement, at)) => FromPeer::Receipt(Box::new(PeerReceipt {
                        statement,
                        at,
                        receipt,
                    })),
                    None => {
                        unproved |= receipt.origin.node == self.peer;
                        unreadable(Digest::of(&receipt.encode()), Refusal::Malformed)
                    }
                });
            }
        }
        if unproved {
            warn!(event = "receipt-not-believed", peer = %self.peer);
            return Heard::Unproved(said);
        }
        Heard::Said(said)
    }

    /// What a receipt of the peer states, and when, if it is signed by a log key that is known here.
    fn verified(&self, receipt: &Receipt) -> Option<(Statement, Timestamp)> {
        if receipt.origin.node != self.peer {
            return None;
        }
        let keys = self.directory.log_keys(&receipt.origin.to_string())?;
        let key = keys.at(receipt.checkpoint.checkpoint.size);
        let verified = receipt.verify_among(key, self.proven).ok()?;
        self.times.saw(self.peer.member, verified.entry.time);
        Some((verified.statement, verified.entry.time))
    }
}

fn unreadable(digest: Digest, refusal: Refusal) -> FromPeer {
    FromPeer::Unreadable { digest, refusal }
}

fn not_opened(error: EnvelopeError) -> Refusal {
    match error {
        EnvelopeError::UnknownRecipientKey(_) => Refusal::UnknownRecipientKey,
        EnvelopeError::UnknownSender(_) => Refusal::NotListed,
        EnvelopeError::NotForThisNode(_) => Refusal::WrongRecipient,
        _ => Refusal::BadEnvelope,
    }
}
