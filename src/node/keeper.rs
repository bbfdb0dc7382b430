//! The keeper of keys: makes this node's own anew when they are due or ordered, hands them to peers, and
//! takes up theirs.
//!
//! A new TLS key is shown only once every other node of the list has the bundle that names it, or after
//! a week. Until then, and while any of them is away, the certificate carries the voucher of the identity
//! key, so that one that has missed the change knows the node all the same.

mod tasks;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tracing::{error, info, warn};

pub use tasks::{BundleOutcome, Keeper, Task, Tasks};

use super::carrier::Errand;
use super::clocks::{Doubt, PeerTimes, Since};
use super::folder::NodeError;
use super::rotation::OwnKeys;
use super::trust::InForce;
use crate::app::{FromPeer, Input};
use crate::base::{Digest, NodeId, OsEntropy, Timestamp};
use crate::exchange::Refusal;
use crate::seal::keystore::{Keys, KeystoreError, Order, Rotation};
use crate::seal::trust::{Directory, KeyBundle, SignedDocument, TlsVoucher, TrustError};
use crate::transport::tls_identity;
use crate::wire::frame::Frame;

/// How often the keeper looks what is due.
const LOOK: Duration = Duration::from_secs(30);
/// How long a new TLS key waits for peers that are away.
const OVERLAP: Duration = Duration::from_secs(7 * 24 * 3600);
/// How often a voucher is made anew.
const VOUCHER_EVERY: Duration = Duration::from_secs(24 * 3600);
/// The longest bundle that is read, in bytes.
const MAX_BUNDLE: usize = 512 * 1024;
/// After how long a peer that still has an older bundle of this node gets the one in force again.
const HANDED_AGAIN: Duration = Duration::from_secs(300);

/// What the keeper works with.
pub struct Keeping {
    own: OwnKeys,
    trust: InForce,
    times: PeerTimes,
    since: Since,
    /// The bundle of this node at each other node with a link, as it last said.
    at: BTreeMap<NodeId, (u64, Digest)>,
    /// Which bundle of this node each of them was handed since it said that it has an older one, and when.
    handed: BTreeMap<NodeId, (u64, Instant)>,
    /// New keys that were ordered and are not made yet.
    owed: Option<Order>,
    /// Which bundle the voucher in the certificate names, and when it was made.
    vouched: Option<(u64, Timestamp)>,
    /// The last doubt that was told.
    doubt: Option<Doubt>,
}

impl Keeping {
    /// A keeper of these keys.
    pub fn new(own: OwnKeys, trust: InForce, times: PeerTimes) -> Self {
        Self {
            own,
            trust,
            times,
            since: Since::now(),
            at: BTreeMap::new(),
            handed: BTreeMap::new(),
            owed: None,
            vouched: None,
            doubt: None,
        }
    }

    /// Keeps without end.
    pub async fn keep(mut self, tasks: Tasks) {
        let mut ticks = tokio::time::interval(LOOK);
        loop {
            let task = tokio::select! {
                task = tasks.next() => Some(task),
                _ = ticks.tick() => None,
            };
            tokio::task::block_in_place(|| self.handle(task));
        }
    }

    fn handle(&mut self, task: Option<Task>) {
        match task {
            Some(Task::Rotate(order)) => {
                self.owed = Some(self.owed.map_or(order, |owed| owed.and(order)));
                self.carry_out();
            }
            Some(Task::At {
                peer,
                sequence,
                digest,
            }) => {
                if self.at.insert(peer, (sequence, digest)) == Some((sequence, digest)) {
                    return;
                }
                self.hand_over(peer);
                self.switch();
            }
            Some(Task::Bundle(handed)) => {
                let bundled = self.take(handed.peer, &handed.document);
                handed.settle(bundled);
            }
            Some(Task::Down(peer)) => {
                self.at.remove(&peer);
                self.handed.remove(&peer);
            }
            None => self.look(),
        }
        self.show();
    }

    fn node(&self) -> NodeId {
        self.trust.node
    }

    fn directory(&self) -> Option<Directory> {
        self.own.directory.get().as_ref().clone()
    }

    /// The sequence and digest of this node's own bundle, while the node is listed.
    fn own_bundle(&self) -> Option<(u64, Digest)> {
        let directory = self.directory()?;
        let sequence = directory.bundle(self.node())?.sequence;
        let document = directory.bundle_document(self.node())?;
        Some((sequence, document.digest()))
    }

    /// Whether every other node of the list has this node's bundle.
    fn everybody_has(&self, own: (u64, Digest)) -> bool {
        let Some(directory) = self.directory() else {
            return false;
        };
        let mut others = directory.nodes().filter(|node| *node != self.node());
        others.all(|node| self.at.get(&node) == Some(&own))
    }

    /// Makes the keys that were ordered, but for those that were made since then.
    fn carry_out(&mut self) {
        let keys = self.own.keys.get();
        let left = self
            .owed
            .map_or(Rotation::default(), |owed| owed.left(&keys));
        if (left.is_empty() || self.rotate(left))
            && let Some(order) = self.owed.take()
        {
            let carried_out = Input::OrderCarriedOut(order.at);
            let _stopping = self.trust.driver.happened(carried_out);
        }
    }

    fn rotate(&mut self, what: Rotation) -> bool {
        self.replace("keys-rotated", move |keys, now| {
            keys.rotated(what, now, &mut OsEntropy)
        })
    }

    /// Puts other keys in force and hands their bundle to every peer that is linked.
    fn replace(
        &mut self,
        event: &'static str,
        make: impl FnOnce(&Keys, Timestamp) -> Keys + Send + 'static,
    ) -> bool {
        let own = self.own.clone();
        let done = self
            .trust
            .driver
            .between(move |entries| own.replace(entries, make));
        let directory = match done {
            Ok(Ok(directory)) => directory,
            Ok(Err(NodeError::Keystore(KeystoreError::InUse))) => {
                warn!(
                    event = "keys-in-use",
                    "another command has the keystore; tried again"
                );
                return false;
            }
            Ok(Err(error)) => {
                error!(event = "keys-not-rotated", %error, "the keys in force stay");
                return false;
            }
            Err(_stopping) => return false,
        };
        info!(event, node = %self.node());
        if let Some(directory) = directory {
            self.told(&directory);
        }
        true
    }

    /// Decisions learn of a directory with other keys, and peers of this node's.
    fn told(&self, directory: &Directory) {
        self.trust.keys_changed(directory);
        if let Some(frame) = bundle_frame(directory, self.node()) {
            for peer in self.trust.transport.connected() {
                self.trust.carrier.run(Errand::Frame(peer, frame.clone()));
            }
        }
    }

    /// Hands the bundle in force to a peer that has an older one: once on each link, and again where
    /// that has changed nothing for a while.
    fn hand_over(&mut self, peer: NodeId) {
        let Some((own, _)) = self.own_bundle() else {
            return;
        };
        let handed =
            |(sequence, at): &(u64, Instant)| *sequence == own && at.elapsed() < HANDED_AGAIN;
        if self
            .at
            .get(&peer)
            .is_none_or(|(sequence, _)| *sequence >= own)
            || self.handed.get(&peer).is_some_and(handed)
        {
            return;
        }
        if let Some(directory) = self.directory()
            && let Some(frame) = bundle_frame(&directory, self.node())
        {
            self.trust.carrier.run(Errand::Frame(peer, frame));
            self.handed.insert(peer, (own, Instant::now()));
        }
    }

    /// Takes up a bundle that a peer handed over: its own, or an earlier one of this node. It is stored
    /// before it is used.
    fn take(&mut self, peer: NodeId, bytes: &[u8]) -> BundleOutcome {
        let document = read_bundle(bytes);
        if let Ok((document, earlier)) = &document
            && earlier.node == self.node()
        {
            self.regain(peer, document);
            return BundleOutcome::Settled;
        }
        let document = document.and_then(|(document, bundle)| match bundle.node == peer {
            true => Ok((document, bundle.sequence)),
            false => Err(TrustError::NotListed(bundle.node)),
        });
        let outcome = document.and_then(|(document, sequence)| {
            let digest = document.digest();
            let outcome = self.put(peer, document);
            if let Err(TrustError::BundleConflict(_)) = outcome {
                self.tell(peer, FromPeer::BundleConflict { sequence, digest });
            }
            outcome
        });
        let mut bundled = BundleOutcome::Settled;
        match outcome {
            Ok(()) => {}
            // These say nothing new, or what is not wanted now.
            Err(
                error @ (TrustError::BundleRollback(_)
                | TrustError::Expired
                | TrustError::BundleConflict(_)),
            ) => warn!(event = "bundle-not-taken", %peer, %error),
            Err(error) => {
                warn!(event = "bundle-refused", %peer, %error);
                // A node that was restored from a backup may not know of a log key that it had.
                if let TrustError::LogKeyChanged(_) = error
                    && let Some(directory) = self.directory()
                    && let Some(frame) = bundle_frame(&directory, peer)
                {
                    self.trust.carrier.run(Errand::Frame(peer, frame));
                    bundled = BundleOutcome::NextComes;
                } else {
                    let (digest, refusal) = (Digest::of(bytes), Refusal::Malformed);
                    self.tell(peer, FromPeer::Unreadable { digest, refusal });
                }
            }
        }
        if let Some(frame) = bundle_at(self.directory().as_ref(), peer) {
            self.trust.carrier.run(Errand::Frame(peer, frame));
        }
        bundled
    }

    /// Names the log keys again that this node had when it made the bundle which a peer shows.
    fn regain(&mut self, peer: NodeId, document: &SignedDocument) {
        let (own, document) = (self.own.clone(), document.clone());
        let done = self.trust.driver.between(move |_| own.regain(&document));
        match done {
            Ok(Ok(Some(directory))) => {
                info!(event = "log-keys-regained", node = %self.node(), %peer);
                self.told(&directory);
            }
            Ok(Ok(None)) => {
                warn!(event = "own-bundle-not-taken", %peer, "it names no log key that was lost");
            }
            Ok(Err(error)) => warn!(event = "own-bundle-refused", %peer, %error),
            Err(_stopping) => {}
        }
    }

    fn tell(&self, peer: NodeId, from: FromPeer) {
        // A driver that is stopping hears it again after the next start.
        let _stopping = self.trust.driver.tell_waiting(peer, from);
    }

    fn put(&mut self, peer: NodeId, document: SignedDocument) -> Result<(), TrustError> {
        // What is known, or does not hold by itself, asks nothing of the driver, however often it comes.
        let Some(directory) = self.directory() else {
            return Ok(());
        };
        if with_new_bundle(&directory, peer, document.clone(), &[])?.is_none() {
            return Ok(());
        }
        // Asked before the folder is locked, for which the driver's own thread may wait.
        let Some(signed) = self.trust.driver.signed_up_to(peer) else {
            return Ok(());
        };
        let signed: Vec<_> = signed
            .into_iter()
            .map(|(origin, size)| (origin.to_string(), size))
            .collect();
        let Ok(_lock) = self.own.folder.lock_trust() else {
            return Ok(());
        };
        let Some(directory) = self.directory() else {
            return Ok(());
        };
        let Some(next) = with_new_bundle(&directory, peer, document, &signed)? else {
            return Ok(());
        };
        if let Err(error) = next.save_bundle(&self.own.folder.trust(), peer) {
            error!(event = "bundle-not-stored", %peer, %error);
            return Ok(());
        }
        let sequence = next.bundle(peer).map(|bundle| bundle.sequence);
        info!(event = "bundle-in-force", %peer, sequence);
        self.own.directory.set(Some(next.clone()));
        self.trust.keys_changed(&next);
        Ok(())
    }

    /// Looks what is due.
    fn look(&mut self) {
        let now = Timestamp::system();
        let Some(directory) = self.directory() else {
            return;
        };
        // Nobody takes new keys while the list has run out, nor of a node that is not listed.
        if directory.node(self.node()).is_none() || directory.expired(now) {
            return;
        }
        self.carry_out();
        let mut due = self.own.keys.get().due(now);
        // The others are not to wait for one that can no longer be made.
        let own = directory.bundle(self.node());
        due.log &= own.is_none_or(|own| own.log_keys_left() > 0);
        if !due.is_empty() {
            self.rotate(due);
        }
        for peer in self.at.keys().copied().collect::<Vec<_>>() {
            self.hand_over(peer);
        }
        self.switch();
        self.destroy(now, &directory);
    }

    /// Shows the next TLS key, once everybody knows it, or has had a week.
    fn switch(&mut self) {
        let keys = self.own.keys.get();
        let Some(next) = &keys.next_tls else {
            return;
        };
        let waited = Timestamp::system().since(next.created()) >= OVERLAP;
        if waited || self.own_bundle().is_some_and(|own| self.everybody_has(own)) {
            self.replace("tls-key-shown", |keys, _| keys.with_next_tls());
        }
    }

    /// Destroys receiving keys whose time is over, if it is for certain.
    fn destroy(&mut self, now: Timestamp, directory: &Directory) {
        let keys = self.own.keys.get();
        let gone: Vec<_> = keys.outlived(now).collect();
        let Some(last) = gone.iter().map(|held| held.decrypt_until).max() else {
            self.doubt = None;
            return;
        };
        let me = self.node().member;
        let members = directory.members().iter();
        let others = members.filter(|member| member.member != me).count();
        if let Err(doubt) = self.since.has_passed(last, &self.times, others) {
            if self.doubt.replace(doubt) != Some(doubt) && doubt != Doubt::JustStarted {
                warn!(event = "keys-not-destroyed", why = %doubt, "they are kept, and tried again");
            }
            return;
        }
        let ids: Vec<_> = gone.iter().map(|held| held.key.key_id()).collect();
        if self.replace("keys-destroyed", move |keys, _| keys.without_outlived(now)) {
            let _stopping = self.trust.driver.happened(Input::KeysDestroyed(ids));
        }
    }

    /// Shows the certificate that belongs to the keys in force, with a voucher while it may be needed.
    fn show(&mut self) {
        let Some(own) = self.own_bundle() else {
            return;
        };
        let now = Timestamp::system();
        let wanted = (!self.everybody_has(own)).then_some(own.0);
        let shown = self.vouched.map(|(sequence, _)| sequence);
        let old = self
            .vouched
            .is_some_and(|(_, made)| now.since(made) >= VOUCHER_EVERY || made > now);
        let keys = self.own.keys.get();
        let key = keys.tls.pin();
        if wanted == shown && !old && self.trust.shown() == key {
            return;
        }
        let voucher = wanted.map(|sequence| {
            let named = (sequence, &key);
            TlsVoucher::issue(&keys.identity, self.node(), named, now, &mut OsEntropy)
        });
        match tls_identity(keys.tls.pkcs8(), self.node(), voucher.as_ref()) {
            Ok(identity) => self.trust.present(&identity, key),
            Err(error) => error!(event = "certificate-not-made", %error),
        }
        self.vouched = wanted.map(|sequence| (sequence, now));
    }
}

/// A bundle that a peer handed over, and what it says.
/// The directory with a peer's bundle; none where that is in force.
fn with_new_bundle(
    directory: &Directory,
    peer: NodeId,
    document: SignedDocument,
    signed: &[(String, u64)],
) -> Result<Option<Directory>, TrustError> {
    let digest = |of: &Directory| of.bundle_document(peer).map(SignedDocument::digest);
    let next = directory.take_bundle(document, signed, Timestamp::system())?;
    let is_new = digest(&next) != digest(directory);
    Ok(is_new.then_some(next))
}

fn read_bundle(bytes: &[u8]) -> Result<(SignedDocument, KeyBundle), TrustError> {
    if bytes.len() > MAX_BUNDLE {
        return Err(TrustError::Malformed);
    }
    let document = SignedDocument::from_json(bytes)?;
    let bundle = KeyBundle::peek(&document)?;
    Ok((document, bundle))
}

/// The bundle of a listed node as a frame.
pub fn bundle_frame(directory: &Directory, node: NodeId) -> Option<Frame> {
    directory.node(node)?;
    let bundle = directory.bundle_document(node)?;
    Some(Frame::Bundle(bundle.to_json()))
}

/// Which bundle of a peer is in force here.
pub fn bundle_at(directory: Option<&Directory>, peer: NodeId) -> Option<Frame> {
    let directory = directory?;
    directory.node(peer)?;
    Some(
        match directory.bundle(peer).zip(directory.bundle_document(peer)) {
            Some((bundle, document)) => Frame::BundleAt {
                sequence: bundle.sequence,
                digest: document.digest(),
            },
            None => Frame::BundleAt {
                sequence: 0,
                digest: Digest::EMPTY,
            },
        },
    )
}
