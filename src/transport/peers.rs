//! Who the peers are, as the trust list in force says it.

use std::collections::BTreeMap;

use rustls::pki_types::ServerName;

use crate::base::{Digest, NodeId};
use crate::seal::sign::VerifyingKey;

/// One node that this one may have a link with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerAddress {
    /// The node.
    pub node: NodeId,
    /// Where it listens, `host:port`; none if it only dials.
    pub address: Option<String>,
    /// SHA-256 of each `SubjectPublicKeyInfo` (DER) that its TLS certificate may hold.
    pub pins: Vec<Digest>,
    /// Whose word is taken for a key that is not among them.
    pub vouched: Option<Vouched>,
}

/// When the word of a node's identity key is taken for a TLS key that is not pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// The identity key.
    pub by: VerifyingKey,
    /// The bundle that the pins are from, 0 for none: the key must be of a later one.
    pub after: u64,
}

/// The TLS key that a node showed, and how it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// It is pinned.
    Pinned(Digest),
    /// The identity key vouched for it, as one of the bundle with this sequence.
    Vouched(Digest, u64),
}

/// All nodes that this one may have a link with. Another list is another value.
#[derive(Debug, Clone, Default)]
pub struct Peers(BTreeMap<NodeId, PeerAddress>);

impl FromIterator<PeerAddress> for Peers {
    /// Of two entries for one node the later counts.
    fn from_iter<I: IntoIterator<Item = PeerAddress>>(peers: I) -> Self {
        Self(peers.into_iter().map(|peer| (peer.node, peer)).collect())
    }
}

impl Peers {
    /// What is known of a node.
    pub fn peer(&self, node: NodeId) -> Option<&PeerAddress> {
        self.0.get(&node)
    }

    /// Every node, in order.
    pub fn iter(&self) -> impl Iterator<Item = &PeerAddress> {
        self.0.values()
    }

    /// Whether `node` is listed with this key.
    pub fn has_pin(&self, node: NodeId, pin: Digest) -> bool {
        self.peer(node).is_some_and(|peer| peer.pins.contains(&pin))
    }

    /// Whether `node` may be met by a key that was known so when it was shown. What was vouched for
    /// must be pinned once there is a bundle that could have named it.
    pub(super) fn admits(&self, node: NodeId, shown: Shown) -> bool {
        match shown {
            Shown::Pinned(pin) => self.has_pin(node, pin),
            Shown::Vouched(pin, sequence) => {
                let vouched = self.peer(node).and_then(|peer| peer.vouched.as_ref());
                self.has_pin(node, pin) || vouched.is_some_and(|vouched| vouched.after < sequence)
            }
        }
    }

    /// The nodes listed with this key. There may be several, since a dishonest member can list
    /// another's key as its own; the name in the certificate, which only the key's holder signs
    /// with, then tells which it is.
    pub(super) fn with_pin(&self, pin: Digest) -> impl Iterator<Item = NodeId> {
        self.iter()
            .filter(move |peer| peer.pins.contains(&pin))
            .map(|peer| peer.node)
    }

    /// The node that goes by this name in TLS.
    pub(super) fn named(&self, name: &ServerName<'_>) -> Option<NodeId> {
        let ServerName::DnsName(name) = name else {
            return None;
        };
        let node = name.as_ref().strip_suffix(SUFFIX)?.to_ascii_uppercase();
        let node = node.parse().ok()?;
        self.peer(node).map(|peer| peer.node)
    }
}

const SUFFIX: &str = ".liaison";

/// A node's DNS name in its certificate and in the handshake, such as `mk-1.liaison`. It is
/// never looked up.
pub fn dns_name(node: NodeId) -> String {
    format!("{}{SUFFIX}", node.to_string().to_ascii_lowercase())
}

/// [`dns_name`], as rustls takes it.
pub(super) fn server_name(node: NodeId) -> ServerName<'static> {
    ServerName::try_from(dns_name(node)).expect("a node id of letters, digits and - is a DNS label")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(node: &str, pin: &str) -> PeerAddress {
        PeerAddress {
            node: node.parse().unwrap(),
            address: None,
            pins: vec![Digest::of(pin.as_bytes())],
            vouched: None,
        }
    }

    #[test]
    fn a_node_is_found_by_its_name_and_its_key() {
        let peers: Peers = [peer("MK-1", "a"), peer("TR-2", "b")].into_iter().collect();
        let mk = "MK-1".parse().unwrap();
        assert_eq!(dns_name(mk), "mk-1.liaison");
        assert_eq!(peers.named(&server_name(mk)), Some(mk));
        assert!(peers.has_pin(mk, Digest::of(b"a")));
        assert!(!peers.has_pin(mk, Digest::of(b"b")));
        for unknown in ["mk-2.liaison", "mk-1.liaison.org", "mk-1", "al-1.liaison"] {
            let name = ServerName::try_from(unknown).unwrap();
            assert_eq!(peers.named(&name), None, "{unknown}");
        }
    }

    #[test]
    fn a_key_that_two_nodes_list_is_neither_nodes_alone() {
        let peers: Peers = [peer("MK-1", "a"), peer("TR-2", "a")].into_iter().collect();
        assert_eq!(peers.with_pin(Digest::of(b"a")).count(), 2);
    }
}
