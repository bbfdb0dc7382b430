//! The directory: all that follows from the root, the list and the bundles in force.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::document::{DocumentKind, SignedDocument};
use super::list::{ListedNode, Member, TrustList};
use super::root::expect_version;
use super::{KeyBundle, LogKey, Root, Rule, TrustError};
use crate::base::{Digest, MemberId, NodeId, Timestamp};
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
    bundles: BTreeMap<NodeId, Bundle>,
    pins: BTreeMap<Digest, NodeId>,
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
        let mut inner = Inner {
            list: TrustList::read(list, &root)?,
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
    /// their bundle.
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
        (inner.list, inner.list_document, inner.hash) = (next, list.clone(), list.digest());
        inner.pins.clear();
        for (node, bundle) in std::mem::take(&mut inner.bundles) {
            let stays = self.identity(node).map(VerifyingKey::key_id)
                == inner.listed(node).map(|listed| listed.identity.key_id());
            if stays {
                inner.put(bundle.document)?;
            }
        }
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

    /// The list in force.
    pub fn list(&self) -> &TrustList {
        &self.0.list
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

    /// The members, as listed.
    pub fn members(&self) -> &[Member] {
        &self.0.list.members
    }

    /// A member.
    pub fn member(&self, id: MemberId) -> Option<&Member> {
        self.members().iter().find(|member| member.member == id)
    }

    /// Every node of every member.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.members().iter().flat_map(Member::node_ids)
    }

    /// A node's entry in the list.
    pub fn node(&self, node: NodeId) -> Option<&ListedNode> {
        self.0.listed(node)
    }

    /// Where a node is reached, `host:port`.
    pub fn address(&self, node: NodeId) -> Option<&str> {
        self.node(node)?.address.as_deref()
    }

    /// The identity key of a node.
    pub fn identity(&self, node: NodeId) -> Option<&VerifyingKey> {
        self.node(node).map(|listed| &listed.identity)
    }

    /// The identity key of a node, if it has this id: what opening an envelope asks.
    pub fn identity_by_id(&self, node: NodeId, id: KeyId) -> Option<VerifyingKey> {
        self.identity(node)
            .filter(|identity| identity.key_id() == id)
            .cloned()
    }

    /// The bundle of a node.
    pub fn bundle(&self, node: NodeId) -> Option<&KeyBundle> {
        self.0.bundles.get(&node).map(|bundle| &*bundle.keys)
    }

    /// The bundle of a node as signed.
    pub fn bundle_document(&self, node: NodeId) -> Option<&SignedDocument> {
        self.0.bundles.get(&node).map(|bundle| &bundle.document)
    }

    /// The key to seal to for a node: the newest that has not run out.
    pub fn recipient_key(&self, node: NodeId, now: Timestamp) -> Option<&RecipientPublicKey> {
        self.bundle(node)?
            .recipient
            .iter()
            .filter(|held| now <= held.not_after)
            .max_by_key(|held| held.created)
            .map(|held| &held.key)
    }

    /// Whether a node may present the TLS key with this SHA-256 of its SubjectPublicKeyInfo.
    pub fn is_pinned(&self, node: NodeId, pin: &Digest) -> bool {
        self.0.pins.get(pin) == Some(&node)
    }

    /// The node that may present the TLS key with this SHA-256 of its SubjectPublicKeyInfo.
    pub fn node_by_pin(&self, pin: &Digest) -> Option<NodeId> {
        self.0.pins.get(pin).copied()
    }

    /// The TLS keys that a node may present, by the SHA-256 of their SubjectPublicKeyInfo.
    pub fn tls_pins(&self, node: NodeId) -> &[Digest] {
        self.bundle(node).map_or(&[], |bundle| &bundle.tls)
    }

    /// The key of a log, by its origin.
    pub fn log_key(&self, origin: &str) -> Option<&VerifyingKey> {
        self.0
            .bundles
            .values()
            .find_map(|bundle| bundle.keys.log_key(origin))
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
        self.list
            .members
            .iter()
            .find(|member| member.member == node.member)?
            .nodes
            .iter()
            .find(|listed| listed.number == node.number)
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
    if !next.log.starts_with(&current.log) {
        return Err(TrustError::LogKeyChanged(node));
    }
    Ok(())
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Directory(list {} {}, root {})",
            self.version(),
            self.hash().short(),
            self.root().version
        )
    }
}
