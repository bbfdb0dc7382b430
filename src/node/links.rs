//! What comes over links: frames are opened, verified and decoded here, off the core, and told to
//! the driver in the order they came.

use std::fs::File;
use std::sync::Arc;

use tracing::{debug, info, warn};

use crate::app::change::Message;
use crate::app::{FromPeer, PeerReceipt};
use crate::audit::Receipt;
use crate::base::{Digest, NodeId, Timestamp};
use crate::driver::{Busy, Current, Driver};
use crate::exchange::Refusal;
use crate::http::LinkErrors;
use crate::seal::envelope::{EnvelopeError, open_envelope};
use crate::seal::group::leaf;
use crate::seal::keystore::Keys;
use crate::seal::trust::Directory;
use crate::store::{BlobId, BlobStore};
use crate::transport::{AttachmentRequest, BoxFuture, Class, Handler, LinkError};
use crate::wire::frame::Frame;

use super::carrier::{Carrier, Errand};

/// A link is refused because the hello does not decode or names another node.
const BAD_HELLO: u32 = 1;

/// There is no such attachment for this peer.
const NO_SUCH_ATTACHMENT: u32 = 2;

/// The node's side of every link.
pub struct Links {
    /// The driver.
    pub driver: Driver,
    /// The node's keys.
    pub keys: Arc<Keys>,
    /// The trust list in force.
    pub directory: Current<Option<Directory>>,
    /// Sealed files.
    pub blobs: Arc<BlobStore>,
    /// What leaves.
    pub carrier: Carrier,
    /// What went wrong with links.
    pub errors: LinkErrors,
}

impl Handler for Links {
    fn hello(&self, _peer: NodeId) -> Vec<u8> {
        hello(self.keys.node, self.directory.get().as_ref().as_ref()).encode()
    }

    fn admit(&self, peer: NodeId, hello: &[u8]) -> Result<(), u32> {
        match Frame::decode(hello) {
            Ok(Frame::Hello { node, .. }) if node == peer => Ok(()),
            Ok(_) | Err(_) => Err(BAD_HELLO),
        }
    }

    fn up(&self, peer: NodeId, hello: Vec<u8>) {
        info!(event = "link-up", %peer);
        if let Ok(mut errors) = self.errors.lock() {
            errors.remove(&peer);
        }
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
        self.tell(peer, FromPeer::Up);
    }

    fn frame(&self, peer: NodeId, _class: Class, frame: Vec<u8>) -> BoxFuture<'_, ()> {
        let (driver, keys) = (self.driver.clone(), self.keys.clone());
        let directory = self.directory.get();
        Box::pin(async move {
            let read = move || {
                let Some(directory) = directory.as_ref() else {
                    return;
                };
                for from in read_frame(&keys, directory, peer, &frame) {
                    if driver.tell_waiting(peer, from) == Err(Busy::Stopping) {
                        return;
                    }
                }
            };
            // Waiting for it is what slows a peer down that sends faster than this node decides.
            if tokio::task::spawn_blocking(read).await.is_err() {
                warn!(event = "frame-failed", %peer, "reading a frame broke off");
            }
        })
    }

    fn room(&self, peer: NodeId, class: Class) {
        self.carrier.run(Errand::Room(peer, class));
    }

    fn down(&self, peer: NodeId, why: LinkError) {
        info!(event = "link-down", %peer, %why);
        if let Ok(mut errors) = self.errors.lock() {
            errors.insert(peer, why.to_string());
        }
        self.carrier.run(Errand::Down(peer));
        self.tell(peer, FromPeer::Down);
    }

    fn attachment(&self, peer: NodeId, request: AttachmentRequest) -> Result<(File, u64), u32> {
        if !self.driver.may_fetch(peer, request.message) {
            return Err(NO_SUCH_ATTACHMENT);
        }
        let file = self.blobs.read(BlobId {
            message: request.message,
            index: request.index,
        });
        let file = file.map_err(|_| NO_SUCH_ATTACHMENT)?;
        let length = file.metadata().map_err(|_| NO_SUCH_ATTACHMENT)?.len();
        Ok((file, length))
    }
}

impl Links {
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

/// What a frame of a peer says. A frame that does not decode says nothing: its sender is listed,
/// so it is recorded as a refused input.
fn read_frame(keys: &Keys, directory: &Directory, peer: NodeId, bytes: &[u8]) -> Vec<FromPeer> {
    match Frame::decode(bytes) {
        Ok(Frame::Envelopes(envelopes)) => envelopes
            .iter()
            .map(|envelope| read_envelope(keys, directory, peer, envelope))
            .collect(),
        Ok(Frame::Receipts(receipts)) => receipts
            .into_iter()
            .filter_map(|receipt| read_receipt(directory, peer, receipt))
            .collect(),
        Ok(Frame::Refusals(refusals)) => refusals
            .into_iter()
            .map(|(digest, number)| {
                debug!(event = "not-taken", %peer, refusal = number, "the peer may take it later");
                FromPeer::Later { leaf: digest }
            })
            .collect(),
        Ok(Frame::Kept(digests)) => vec![FromPeer::Kept(digests)],
        // Said again when another list came into force at the peer.
        Ok(Frame::Hello {
            node,
            trust_list_version: version,
            trust_list_hash: hash,
            ..
        }) if node == peer => vec![FromPeer::ListAt { version, hash }],
        Ok(Frame::Hello { .. } | Frame::Bundle(_)) => Vec::new(),
        Err(_) => vec![FromPeer::Unreadable {
            digest: Digest::of(bytes),
            refusal: Refusal::Malformed,
        }],
    }
}

fn read_envelope(keys: &Keys, directory: &Directory, peer: NodeId, envelope: &[u8]) -> FromPeer {
    let now = Timestamp::system();
    let recipient = keys.recipient_keys(now);
    let known = |node, key| directory.identity_by_id(node, key);
    let unreadable = |digest, refusal| FromPeer::Unreadable { digest, refusal };
    let signed = match open_envelope(envelope, keys.node, &recipient, known) {
        Ok(signed) => signed,
        Err(error) => {
            let refusal = match error {
                EnvelopeError::UnknownRecipientKey(_) => Refusal::UnknownRecipientKey,
                EnvelopeError::UnknownSender(_) => Refusal::NotListed,
                EnvelopeError::NotForThisNode(_) => Refusal::WrongRecipient,
                _ => Refusal::BadEnvelope,
            };
            return unreadable(Digest::of(envelope), refusal);
        }
    };
    let digest = leaf(&signed.random, &signed.header, &signed.body);
    if signed.sender != peer {
        return unreadable(digest, Refusal::NotTheSender);
    }
    match Message::read(&signed) {
        Ok(message) => FromPeer::Message(Box::new(message), Box::new(signed.signature)),
        Err(_) => unreadable(digest, Refusal::Malformed),
    }
}

fn read_receipt(directory: &Directory, peer: NodeId, bytes: Vec<u8>) -> Option<FromPeer> {
    let refused = |bytes: &[u8]| {
        warn!(event = "receipt-refused", %peer, "a receipt does not hold");
        Some(FromPeer::Unreadable {
            digest: Digest::of(bytes),
            refusal: Refusal::Malformed,
        })
    };
    let Ok(receipt) = Receipt::decode(&bytes) else {
        return refused(&bytes);
    };
    if receipt.origin.node != peer {
        return refused(&bytes);
    }
    let Some(key) = directory.log_key(&receipt.origin.to_string()) else {
        return refused(&bytes);
    };
    let Ok(verified) = receipt.verify(key) else {
        return refused(&bytes);
    };
    Some(FromPeer::Receipt(Box::new(PeerReceipt {
        statement: verified.statement,
        at: verified.entry.time,
        checkpoint: receipt.checkpoint,
        bytes,
    })))
}
