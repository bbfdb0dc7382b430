//! The directory: all that follows from the root, the list and the bundles in force.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::document::{DocumentKind, SignedDocument};
use super::list::{ListedNode, Member, MemberKind, TrustList};
use super::log_keys;
use super::root::expect_version;
use super::{KeyBundle, LogKey, LogKeys, Root, Rule, SuspendList, TrustError};
use crate::base::{Digest, MemberId, NodeId, Timestamp};
use crate::domain::duty::Roster;
use crate::seal::recipient::RecipientPublicKey;
use crate::seal::sign::{KeyId, VerifyingKey};

/// The trust in force. Cheap to clone; never changed, only followed by the next.
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    /// Every root from the first, and the last one's meaning.
    roots: Vec<SignedDocument>,
    root: Root,
    list_document: SignedDocument,
    list: TrustList,
    hash: Digest,
    suspension: Option<Suspension>,
    /// The members of the list that are not suspended.
    members: Vec<Member>,
    bundles: BTreeMap<NodeId, Bundle>,
    pins: BTreeMap<Digest, NodeId>,
}

#[derive(Clone)]
struct Suspension {
    document: SignedDocument,
    list: Arc<SuspendList>,
}

#[derive(Clone)]
struct Bundle {
    document: SignedDocument,
    keys: Arc<KeyBundle>,
}

impl Directory {
    /// Verifies the chain of roots from the first, the list under the last of them, and the
    /// bundles under the list.
    ///
    /// # Errors
    /// [`TrustError`] for the first thing that does not hold.
    pub fn build(
        roots: &[SignedDocument],
        list: &SignedDocument,
        bundles: impl IntoIterator<Item = SignedDocument>,
    ) -> Result<Self, TrustError> {
        let (first, later) = roots.split_first().ok_or(TrustError::Malformed)?;
        let mut root = Root::first(first)?;
        let mut digest = first.digest();
        for document in later {
            root = root.next(digest, document)?;
            digest = document.digest();
        }
        let read = TrustList::read(list, &root)?;
        let mut inner = Inner {
            members: read.members.clone(),
            list: read,
            suspension: None,
            roots: roots.to_vec(),
            root,
            list_document: list.clone(),
            hash: list.digest(),
            bundles: BTreeMap::new(),
            pins: BTreeMap::new(),
        };
        for bundle in bundles {
            inner.put(bundle)?;
        }
        Ok(Self(Arc::new(inner)))
    }

    /// The directory after the next list, made under the last of `new_roots`, or under the root in
    /// force if there are none. Nodes that the list no longer has, or has under another key, lose
    /// their bundle. Nobody is suspended any more.
    ///
    /// A country that the list in force does not have does not count among the signers: what was
    /// removed does not bring itself back.
    ///
    /// # Errors
    /// [`TrustError`], and this directory stays in force. [`TrustError::Version`] for a rollback
    /// or a gap.
    pub fn advance(
        &self,
        new_roots: &[SignedDocument],
        list: &SignedDocument,
    ) -> Result<Self, TrustError> {
        let mut inner = Inner::clone(&self.0);
        for document in new_roots {
            inner.root = inner.root.next(inner.root_digest(), document)?;
            inner.roots.push(document.clone());
        }
        let next = TrustList::read(list, &inner.root)?;
        expect_version(self.version().saturating_add(1), next.version)?;
        if next.previous != Some(self.hash()) {
            return Err(TrustError::Previous(DocumentKind::TrustList));
        }
        if next.issued < self.list().issued {
            return Err(TrustError::Rule(DocumentKind::TrustList, Rule::Times));
        }
        let removed = |member| self.root().key(member).is_some() && !self.list().has(member);
        next.signed_enough(list, &inner.root, |member| {
            next.has(member) && !removed(member)
        })?;
        inner.members.clone_from(&next.members);
        (inner.list, inner.list_document, inner.hash) = (next, list.clone(), list.digest());
        inner.suspension = None;
        inner.pins.clear();
        for (node, bundle) in std::mem::take(&mut inner.bundles) {
            let identity = |inner: &Inner| inner.listed(node).map(|l| l.identity.key_id());
            let stays = identity(&self.0) == identity(&inner);
            if stays {
                inner.put(bundle.document)?;
            }
        }
        Ok(Self(Arc::new(inner)))
    }

    /// The directory after a suspend list: the members that it names are treated as if they were
    /// not listed. The one that is in force already changes nothing.
    ///
    /// # Errors
    /// [`TrustError`], and this directory stays in force: the suspend list must amend the list in
    /// force, follow the suspend list in force, and be signed by two countries that it does not
    /// suspend.
    pub fn suspend(&self, document: &SignedDocument) -> Result<Self, TrustError> {
        let current = self.0.suspension.as_ref();
        if current.is_some_and(|c| c.document.digest() == document.digest()) {
            return Ok(self.clone());
        }
        let next = self.suspended_by(document)?;
        let list = next.suspension().expect("it was just put in force");
        list.follows(current.map(|c| (&*c.list, c.document.digest())))?;
        Ok(next)
    }

    /// As [`Directory::suspend`], whatever came before: for one that was in force already.
    pub(super) fn suspended_by(&self, document: &SignedDocument) -> Result<Self, TrustError> {
        let mut inner = Inner::clone(&self.0);
        let list = SuspendList::read(document, &inner.list, inner.hash, &inner.root)?;
        inner.members.clone_from(&inner.list.members);
        inner.members.retain(|listed| !list.suspends(listed.member));
        inner.suspension = Some(Suspension {
            document: document.clone(),
            list: Arc::new(list),
        });
        Ok(Self(Arc::new(inner)))
    }

    /// The directory with a newer bundle of one node. A bundle that is in force already changes
    /// nothing.
    ///
    /// # Errors
    /// [`TrustError`], and this directory stays in force: the bundle must be signed by the node's
    /// identity, be newer than the one in force, keep all its log keys, and claim no TLS key of
    /// another node.
    pub fn with_bundle(&self, document: SignedDocument) -> Result<Self, TrustError> {
        let node = KeyBundle::peek(&document)?.node;
        if self.node(node).is_none() {
            return Err(TrustError::NotListed(node));
        }
        let mut inner = Inner::clone(&self.0);
        inner.put(document)?;
        Ok(Self(Arc::new(inner)))
    }

    /// The version of the list.
    pub fn version(&self) -> u32 {
        self.0.list.version
    }

    /// The digest of the list, which messages and hellos carry: one version with two digests is
    /// an alarm for the federation.
    pub fn hash(&self) -> Digest {
        self.0.hash
    }

    /// The root in force.
    pub fn root(&self) -> &Root {
        &self.0.root
    }

    /// The digest of the root in force.
    pub fn root_digest(&self) -> Digest {
        self.0.root_digest()
    }

    /// The digest of the first root, which people compare by phone or in person.
    pub fn root_fingerprint(&self) -> Digest {
        self.0.roots[0].digest()
    }

    /// The list in force, as it was signed: with those who are suspended.
    pub fn list(&self) -> &TrustList {
        &self.0.list
    }

    /// The suspend list in force.
    pub fn suspension(&self) -> Option<&SuspendList> {
        self.0.suspension.as_ref().map(|s| &*s.list)
    }

    /// The suspend list as signed.
    pub fn suspension_document(&self) -> Option<&SignedDocument> {
        self.0.suspension.as_ref().map(|s| &s.document)
    }

    /// Whether a listed member is suspended.
    pub fn is_suspended(&self, member: MemberId) -> bool {
        self.suspension().is_some_and(|list| list.suspends(member))
    }

    /// The roots as signed, from the first.
    pub fn root_documents(&self) -> &[SignedDocument] {
        &self.0.roots
    }

    /// The list as signed.
    pub fn list_document(&self) -> &SignedDocument {
        &self.0.list_document
    }

    /// Until when the list should have been replaced.
    pub fn expires(&self) -> Timestamp {
        self.0.list.expires
    }

    /// Whether the list should have been replaced: nodes alarm and take no new keys, while
    /// exchange goes on.
    pub fn expired(&self, now: Timestamp) -> bool {
        now > self.expires()
    }

    /// The members in force: those of the list that are not suspended.
    pub fn members(&self) -> &[Member] {
        &self.0.members
    }

    /// A member.
    pub fn member(&self, id: MemberId) -> Option<&Member> {
        self.members().iter().find(|member| member.member == id)
    }

    /// Whether a member of the list, suspended or not, is an observer: an organisation, no country.
    pub fn observes(&self, id: MemberId) -> bool {
        let is_it = |member: &&Member| member.member == id;
        let member = self.list().members.iter().find(is_it);
        member.is_some_and(|member| member.kind == MemberKind::Organisation)
    }

    /// Every node that has a bundle, those of suspended members included: their bundles are kept,
    /// since the next list may have them back.
    pub fn bundled_nodes(&self) -> impl Iterator<Item = NodeId> {
        self.0.bundles.keys().copied()
    }

    /// Every node of every member in force.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.members().iter().flat_map(Member::node_ids)
    }

    /// A node's entry in the list, unless its member is suspended.
    pub fn node(&self, node: NodeId) -> Option<&ListedNode> {
        self.0
            .listed(node)
            .filter(|_| !self.is_suspended(node.member))
    }

    /// Where a node is reached, `host:port`: where it says itself that it is now, else where the list
    /// says. A false one leads nowhere, since whoever answers must hold a TLS key that is pinned.
    pub fn address(&self, node: NodeId) -> Option<&str> {
        let moved = self.bundle(node).and_then(|b| b.address.as_deref());
        moved.or(self.node(node)?.address.as_deref())
    }

    /// A member's duty roster, and since when: that of its node which spoke of it last.
    pub fn duty(&self, member: MemberId) -> Option<(&Roster, Timestamp)> {
        let nodes = self.member(member)?.node_ids();
        let bundles = nodes.filter_map(|node| self.bundle(node));
        let said = bundles.filter(|bundle| !bundle.duty.is_empty());
        said.max_by_key(|bundle| bundle.issued)
            .map(|bundle| (&bundle.duty, bundle.issued))
    }

    /// The identity key of a node.
    pub fn identity(&self, node: NodeId) -> Option<&VerifyingKey> {
        self.node(node).map(|listed| &listed.identity)
    }

    /// The id of the identity key that the list gives a node, suspended or not.
    pub fn identity_listed(&self, node: NodeId) -> Option<KeyId> {
        self.listed_identity(node).map(VerifyingKey::key_id)
    }

    /// The identity key that the list gives a node, suspended or not.
    pub(super) fn listed_identity(&self, node: NodeId) -> Option<&VerifyingKey> {
        self.0.listed(node).map(|listed| &listed.identity)
    }

    /// The identity key of a node, if it has this id: what opening an envelope asks.
    pub fn identity_by_id(&self, node: NodeId, id: KeyId) -> Option<VerifyingKey> {
        self.identity(node)
            .filter(|identity| identity.key_id() == id)
            .cloned()
    }

    /// The bundle of a node, unless its member is suspended.
    pub fn bundle(&self, node: NodeId) -> Option<&KeyBundle> {
        self.node(node)?;
        self.0.bundles.get(&node).map(|bundle| &*bundle.keys)
    }

    /// The bundle of a node as signed, also while its member is suspended.
    pub fn bundle_document(&self, node: NodeId) -> Option<&SignedDocument> {
        self.0.bundles.get(&node).map(|bundle| &bundle.document)
    }

    /// The directory with a newer bundle, as one takes it from a peer: as
    /// [`Directory::with_bundle`], but not once the list has run out, and not where it would void what
    /// a log has signed. `signed` has the origins of the node's logs, each with the furthest size at which
    /// a checkpoint of it is known.
    ///
    /// # Errors
    /// [`TrustError::Expired`] where no new keys are taken, [`TrustError::LogKeyBackdated`], else as
    /// [`Directory::with_bundle`].
    pub fn take_bundle(
        &self,
        document: SignedDocument,
        signed: &[(String, u64)],
        now: Timestamp,
    ) -> Result<Self, TrustError> {
        let (node, digest) = (KeyBundle::peek(&document)?.node, document.digest());
        let next = self.with_bundle(document)?;
        if let (Some(current), Some(keys)) = (self.bundle(node), next.bundle(node)) {
            let kept = |(origin, size): &(String, u64)| current.keeps_signed(keys, origin, *size);
            if !signed.iter().all(kept) {
                return Err(TrustError::LogKeyBackdated(node));
            }
        }
        let known = self.bundle_document(node).map(SignedDocument::digest) == Some(digest);
        match self.expired(now) && !known {
            true => Err(TrustError::Expired),
            false => Ok(next),
        }
    }

    /// The directory without the bundle of a node, which is older than one that was in force.
    #[must_use]
    pub fn without_bundle(&self, node: NodeId) -> Self {
        let mut inner = Inner::clone(&self.0);
        inner.bundles.remove(&node);
        inner.pins.retain(|_, holder| *holder != node);
        Self(Arc::new(inner))
    }

    /// Since when a member's keys are said to have been in other hands, by the list, the suspend list
    /// or a bundle: the earliest of them.
    pub fn compromised_since(&self, member: MemberId) -> Option<Timestamp> {
        let listed = self
            .list()
            .members
            .iter()
            .find(|listed| listed.member == member);
        let listed = listed.and_then(|listed| listed.compromised_since);
        let suspended = self.suspension().and_then(|list| {
            let mut out = list.suspended.iter();
            out.find(|out| out.member == member)?.compromised_since
        });
        let bundles = self.0.bundles.values().map(|bundle| &bundle.keys);
        let bundles = bundles.filter(|keys| keys.node.member == member);
        let bundled = bundles.filter_map(|keys| keys.compromised_since).min();
        [listed, suspended, bundled].into_iter().flatten().min()
    }

    /// The key to seal to for a node: the newest that has not run out. Once the list has run out no
    /// new keys are taken, and the newest there is serves on.
    pub fn recipient_key(&self, node: NodeId, now: Timestamp) -> Option<&RecipientPublicKey> {
        self.bundle(node)?
            .recipient
            .iter()
            .filter(|held| now <= held.not_after || self.expired(now))
            .max_by_key(|held| held.created)
            .map(|held| &held.key)
    }

    /// Whether a node may present the TLS key with this SHA-256 of its SubjectPublicKeyInfo.
    pub fn is_pinned(&self, node: NodeId, pin: &Digest) -> bool {
        self.node_by_pin(pin) == Some(node)
    }

    /// The node that may present the TLS key with this SHA-256 of its SubjectPublicKeyInfo.
    pub fn node_by_pin(&self, pin: &Digest) -> Option<NodeId> {
        let node = self.0.pins.get(pin).copied()?;
        self.node(node).map(|_| node)
    }

    /// The TLS keys that a node may present, by the SHA-256 of their SubjectPublicKeyInfo.
    pub fn tls_pins(&self, node: NodeId) -> &[Digest] {
        self.bundle(node).map_or(&[], |bundle| &bundle.tls)
    }

    /// The keys of a log, by its origin, also while the member that keeps it is suspended: what it
    /// signed stays verifiable.
    pub fn log_keys(&self, origin: &str) -> Option<LogKeys> {
        self.0
            .bundles
            .values()
            .find_map(|bundle| bundle.keys.log_keys(origin))
    }

    /// The log that a node writes now.
    pub fn current_log(&self, node: NodeId) -> Option<&LogKey> {
        self.bundle(node)?.log.last()
    }
}

impl Inner {
    fn root_digest(&self) -> Digest {
        self.roots
            .last()
            .expect("a directory has at least the first root")
            .digest()
    }

    fn listed(&self, node: NodeId) -> Option<&ListedNode> {
        self.list.node(node)
    }

    /// Verifies a bundle and puts it in force.
    fn put(&mut self, document: SignedDocument) -> Result<(), TrustError> {
        let node = KeyBundle::peek(&document)?.node;
        let listed = self.listed(node).ok_or(TrustError::NotListed(node))?;
        let keys = KeyBundle::read(&document, &listed.identity)?;
        if let Some(current) = self.bundles.get(&node) {
            if document.digest() == current.document.digest() {
                return Ok(());
            }
            follows(&current.keys, &keys)?;
        }
        if keys
            .tls
            .iter()
            .any(|pin| self.pins.get(pin).is_some_and(|holder| *holder != node))
        {
            return Err(TrustError::PinTaken(node));
        }
        keys.prove(&listed.identity)?;
        self.pins.retain(|_, holder| *holder != node);
        self.pins.extend(keys.tls.iter().map(|pin| (*pin, node)));
        let keys = Arc::new(keys);
        self.bundles.insert(node, Bundle { document, keys });
        Ok(())
    }
}

/// Whether one bundle of a node may follow another.
fn follows(current: &KeyBundle, next: &KeyBundle) -> Result<(), TrustError> {
    let node = current.node;
    if next.sequence < current.sequence {
        return Err(TrustError::BundleRollback(node));
    }
    if next.sequence == current.sequence {
        return Err(TrustError::BundleConflict(node));
    }
    if !log_keys::may_follow(&current.log, &next.log) {
        return Err(TrustError::LogKeyChanged(node));
    }
    Ok(())
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Directory(list {} {}, root {}, {} suspended)",
            self.version(),
            self.hash().short(),
            self.root().version,
            self.suspension().map_or(0, |list| list.suspended.len())
        )
    }
}
