//! What leaves: messages are wrapped for their peer at the moment they go, put into frames, and
//! handed to the transport; frames that it cannot take yet wait here, in order.

use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tracing::warn;

use crate::app::change::Message;
use crate::app::core::Outcome;
use crate::app::is_for_observers;
use crate::audit::{CosignedCheckpoint, ReceiptBatch};
use crate::base::{Digest, NodeId, OsEntropy};
use crate::driver::Current;
use crate::exchange::Refusal;
use crate::seal::envelope::{MAX_PARCEL, SignedMessage, TooLong, seal_envelope, seal_parcel};
use crate::seal::trust::Directory;
use crate::store::CosignedFile;
use crate::transport::{Class, Transport};
use crate::wire::frame::{Frame, MOST_ITEMS};

use super::bell::Bell;
use super::fetch::Fetcher;
use super::keeper::{Keeper, Task, bundle_frame};
use super::latest::Latest;
use super::waiting::{Waiting, Way};
use super::witnessing;

/// Bytes of messages or receipts that one frame carries at most, unless a single one is longer. What has
/// come of a frame is lost with its link, and a line of 64 kbit/s takes eight seconds for this.
const FRAME_BYTES: usize = 64 * 1024;

/// More than a message takes in a parcel beside header and body, in bytes, without its padding.
const MESSAGE_ROOM: usize = 2 * 1024;

/// Something for the carrier to do.
pub enum Errand {
    /// What the driver wants carried.
    Outcome(Outcome),
    /// The transport has room again.
    Room(NodeId, Class),
    /// The link is gone, and with it what waited for it.
    Down(NodeId),
    /// What was handed over for a peer goes no further, and its link with it.
    Drop(NodeId),
    /// A frame of the node's own, for a peer.
    Frame(NodeId, Frame),
}

/// A handle to the carrier's queue. What waits in it is bounded by the service, which keeps no
/// more than a window of messages in flight to a peer; what waits for a slow link, by its bytes.
#[derive(Clone)]
pub struct Carrier(UnboundedSender<Errand>);

impl Carrier {
    /// A carrier's two ends.
    pub fn new() -> (Self, UnboundedReceiver<Errand>) {
        let (errands, queue) = unbounded_channel();
        (Self(errands), queue)
    }

    /// Hands over an errand. After the carrier has ended there is nothing to carry.
    pub fn run(&self, errand: Errand) {
        let _ended = self.0.send(errand);
    }
}

/// Carries until the queue closes.
pub async fn carry(
    mut queue: UnboundedReceiver<Errand>,
    transport: Arc<Transport>,
    (node, directory): (NodeId, Current<Option<Directory>>),
    fetcher: Fetcher,
    bell: Bell,
    (kept, keeper): (CosignedFile, Keeper),
) {
    let mut waiting = Waiting::default();
    let concerned = directory.clone();
    let cosigned = Latest::kept_by(move |cosigned: &CosignedCheckpoint| {
        let kept = match concerned.get().as_ref() {
            Some(directory) => witnessing::keep(&kept, directory, cosigned),
            None => Ok(()),
        };
        if let Err(error) = kept {
            warn!(event = "cosigned-not-kept", %error, "it is written with the next cosignatures");
        }
    });
    while let Some(errand) = queue.recv().await {
        match errand {
            Errand::Room(peer, class) => flush(&transport, &mut waiting, (peer, class)),
            Errand::Down(peer) => waiting.forget(peer),
            Errand::Drop(peer) => {
                waiting.forget(peer);
                transport.drop_link(peer);
            }
            Errand::Frame(peer, frame) => {
                let way = (peer, Class::Urgent);
                if waiting.has_room(way) {
                    waiting.add(way, std::iter::once(frame.encode()));
                    flush(&transport, &mut waiting, way);
                }
            }
            Errand::Outcome(Outcome::Rotate(order)) => keeper.give(Task::Rotate(order)),
            Errand::Outcome(outcome) => {
                let way = way(&outcome);
                if way.is_some_and(|way| !waiting.has_room(way)) {
                    continue;
                }
                let before = directory.get();
                let frames = frames(
                    outcome,
                    (node, &directory),
                    &fetcher,
                    &bell,
                    &transport,
                    &cosigned,
                )
                .await;
                let Some(way) = way else { continue };
                // A member that is out gets nothing more, whatever was decided before.
                let in_force = directory.get();
                if !still_goes(way.0, before.as_ref().as_ref(), in_force.as_ref().as_ref()) {
                    continue;
                }
                waiting.add(way, frames.iter().map(Frame::encode));
                flush(&transport, &mut waiting, way);
            }
        }
    }
}

/// Whether what was wrapped for a peer under the directory `before` goes under the one in force: the peer
/// is in that, and has not become an observer meanwhile.
fn still_goes(peer: NodeId, before: Option<&Directory>, in_force: Option<&Directory>) -> bool {
    let observed = before.is_some_and(|before| before.observes(peer.member));
    in_force.is_some_and(|in_force| {
        in_force.node(peer).is_some() && (observed || !in_force.observes(peer.member))
    })
}

/// The way on which the frames of an outcome go; none if it has none.
fn way(outcome: &Outcome) -> Option<Way> {
    match outcome {
        Outcome::Send {
            peer, class: 1.., ..
        } => Some((*peer, Class::Routine)),
        Outcome::Send { peer, .. }
        | Outcome::Receipts { peer, .. }
        | Outcome::Refuse { peer, .. }
        | Outcome::Keep { peer, .. }
        | Outcome::Witness { peer, .. } => Some((*peer, Class::Urgent)),
        Outcome::Reply(..)
        | Outcome::Rotate(_)
        | Outcome::Alarm(_)
        | Outcome::Forget { .. }
        | Outcome::KeepCosigned(_)
        | Outcome::Fetch { .. } => None,
    }
}

/// Carries an outcome out. Gives the frames that it brings.
async fn frames(
    outcome: Outcome,
    (node, directory): (NodeId, &Current<Option<Directory>>),
    fetcher: &Fetcher,
    bell: &Bell,
    transport: &Arc<Transport>,
    cosigned: &Latest<CosignedCheckpoint>,
) -> Vec<Frame> {
    match outcome {
        Outcome::Reply(..) | Outcome::Rotate(_) => {}
        Outcome::Alarm(alarm) => bell.ring(alarm),
        Outcome::Forget { files } => fetcher.erase(files),
        Outcome::KeepCosigned(next) => cosigned.keep(*next),
        Outcome::Fetch { peer, file } => fetcher.fetch(transport.clone(), peer, file),
        Outcome::Send { peer, messages, .. } => {
            let directory = directory.get();
            let wrapped = tokio::task::spawn_blocking(move || match directory.as_ref() {
                Some(directory) => wrap(directory, peer, messages),
                None => Vec::new(),
            });
            return wrapped.await.unwrap_or_default();
        }
        Outcome::Receipts { batches, .. } => {
            let encoded = batches.iter().map(ReceiptBatch::encode).collect();
            let frames = groups(encoded, MOST_ITEMS, Vec::len);
            return frames.into_iter().map(Frame::Receipts).collect();
        }
        Outcome::Refuse { refusals, .. } => {
            // What was sealed to another key is sealed again to one that is held.
            let unknown =
                |(_, refusal): &(Digest, Refusal)| *refusal == Refusal::UnknownRecipientKey;
            let directory = directory.get();
            let directory = directory.as_ref().as_ref();
            let keys = directory
                .filter(|_| refusals.iter().any(unknown))
                .and_then(|directory| bundle_frame(directory, node));
            let numbers = refusals.chunks(MOST_ITEMS).map(|refusals| {
                let number = |(digest, refusal): &(Digest, Refusal)| (*digest, refusal.number());
                Frame::Refusals(refusals.iter().map(number).collect())
            });
            return keys.into_iter().chain(numbers).collect();
        }
        Outcome::Keep { receipts, .. } => {
            let frames = receipts.chunks(MOST_ITEMS).map(<[_]>::to_vec);
            return frames.map(Frame::Kept).collect();
        }
        Outcome::Witness { say, .. } => return vec![witnessing::frame(&say)],
    }
    Vec::new()
}

/// Wraps messages for the peer's key in force. Every send looks the recipient up anew, so a member
/// that was removed gets nothing more, and an observer nothing that is for countries.
pub(super) fn wrap(
    directory: &Directory,
    peer: NodeId,
    mut messages: Vec<SignedMessage>,
) -> Vec<Frame> {
    if directory.observes(peer.member) {
        messages.retain(|message| goes_to_observer(peer, message));
    }
    let now = crate::base::Timestamp::system();
    let Some(key) = directory.recipient_key(peer, now) else {
        warn!(event = "no-recipient-key", %peer, "the peer's bundle has no key in force to seal to");
        return Vec::new();
    };
    let size = |message: &SignedMessage| {
        message.header.len() + message.body.len() + message.body.len() / 8 + MESSAGE_ROOM
    };
    let mut frames = Vec::new();
    for group in groups(messages, MAX_PARCEL, size) {
        // Messages that were signed before a change of keys cannot share a parcel with later ones.
        for group in group.chunk_by(|a, b| a.signature.key_id == b.signature.key_id) {
            let frame = match group {
                [message] => seal_envelope(message, peer, key, &mut OsEntropy)
                    .map(|envelope| Frame::Envelopes(vec![envelope])),
                _ => seal_parcel(group, peer, key, &mut OsEntropy).map(Frame::Parcel),
            };
            match frame {
                Ok(frame) => frames.push(frame),
                Err(TooLong) => {
                    warn!(event = "envelope-too-long", %peer, "a message does not fit an envelope");
                }
            }
        }
    }
    frames
}

/// Whether a message goes to a peer that is an observer: one that is given back to it does, whichever of
/// the observer's nodes had sent it.
fn goes_to_observer(peer: NodeId, message: &SignedMessage) -> bool {
    message.sender.member == peer.member
        || Message::read(message).is_ok_and(|message| is_for_observers(&message))
}

/// Deals items out to frames, in order: at most `most` and [`FRAME_BYTES`] to each, unless a single
/// one is longer.
fn groups<T>(items: Vec<T>, most: usize, size: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let mut groups = Vec::new();
    let (mut group, mut bytes) = (Vec::new(), 0);
    for item in items {
        let full = bytes + size(&item) > FRAME_BYTES || group.len() >= most;
        if full && !group.is_empty() {
            groups.push(std::mem::take(&mut group));
            bytes = 0;
        }
        bytes += size(&item);
        group.push(item);
    }
    if !group.is_empty() {
        groups.push(group);
    }
    groups
}

fn flush(transport: &Transport, waiting: &mut Waiting, way: Way) {
    let (peer, class) = way;
    waiting.flush(way, |frame| transport.send(peer, class, frame));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Role;
    use crate::domain::fixtures::{actor, alert, answer, hours, message};
    use crate::domain::handling::Tlp;
    use crate::domain::message::Body;
    use crate::domain::rfi::Withdrawal;
    use crate::seal::group::MessageSignature;
    use crate::seal::sign::{HybridSignature, SIGNATURE_LEN};

    /// A message of MK, under a signature that nobody looks at here.
    fn signed(body: Body) -> SignedMessage {
        let (header, event) = message(actor("MK", Role::Contact), hours(0), body);
        let zeros = HybridSignature::from_bytes(&[0; SIGNATURE_LEN]);
        Message::compose(header, event, [0; 32]).signed(MessageSignature {
            key_id: Digest::EMPTY,
            size: 1,
            index: 0,
            path: Vec::new(),
            signature: zeros.expect("it has the length of a signature"),
        })
    }

    fn marked(tlp: Tlp) -> Body {
        let mut alert = alert();
        alert.handling.tlp = tlp;
        Body::Alert(Box::new(alert))
    }

    #[test]
    fn what_was_decided_for_a_country_is_not_wrapped_for_the_observer_that_it_became() {
        let tr: NodeId = "TR-1".parse().unwrap();
        let goes = |body| goes_to_observer(tr, &signed(body));
        assert!(!goes(marked(Tlp::AmberStrict)));
        assert!(!goes(Body::Answer(answer())));
        assert!(goes(marked(Tlp::Green)));
        assert!(goes(Body::Withdrawal(Withdrawal {
            reason: "It observes.".to_owned(),
        })));
    }

    #[test]
    fn an_observer_is_given_back_what_was_its_own() {
        let mk: NodeId = "MK-1".parse().unwrap();
        assert!(goes_to_observer(mk, &signed(marked(Tlp::AmberStrict))));
    }

    #[test]
    fn an_observer_is_given_back_what_another_of_its_nodes_had_sent() {
        let second: NodeId = "MK-2".parse().unwrap();
        assert!(goes_to_observer(second, &signed(marked(Tlp::AmberStrict))));
    }
}
