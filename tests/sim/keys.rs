//! Keys that are rotated and members that come and go, in the world: every office learns of it in its
//! own time, so some seal to keys that are gone, and some list whom others do not.

use std::collections::BTreeSet;

use liaison::app::{Federation, FromPeer, Input, NodeKeys};
use liaison::base::{Digest, NodeId, Timestamp};
use liaison::exchange::Refusal;

use crate::faults::Injected;
use crate::planted::Planted;
use crate::world::World;

/// What goes its way between two offices.
#[derive(Debug, Clone)]
pub enum Frame {
    /// Messages, sealed to a key of the recipient's bundle with this sequence.
    Messages {
        /// The sequence.
        sealed: u64,
        /// The messages.
        what: Vec<FromPeer>,
    },
    /// What is not sealed.
    Open(Vec<FromPeer>),
    /// The sender's key bundle, by its sequence.
    Bundle(u64),
}

impl Frame {
    /// What the sender says in it, but for its keys.
    pub fn said(&self) -> &[FromPeer] {
        match self {
            Self::Messages { what, .. } | Self::Open(what) => what,
            Self::Bundle(_) => &[],
        }
    }
}

/// The lists that there have been, and the keys of every node.
pub struct Federations {
    lists: Vec<Federation>,
    /// Everybody who is ever listed.
    all: Vec<NodeId>,
    /// Whom some list left out.
    out: BTreeSet<NodeId>,
    /// Of each office: the sequence of its bundle, and the oldest whose key it still has.
    bundles: Vec<(u64, u64)>,
    /// Whether members come and go.
    changing: bool,
}

fn keys(sequence: u64) -> NodeKeys {
    NodeKeys {
        sequence,
        digest: Digest::of(&sequence.to_be_bytes()),
        sealable_until: Some(Timestamp::MAX),
        log_keys_left: 1,
    }
}

impl Federations {
    /// The first list, with these nodes and their first keys. Under most seeds it stays.
    pub fn of(nodes: &[NodeId], seed: u64) -> Self {
        let mut first = Federation {
            version: 1,
            hash: Digest::of(b"list"),
            expires: Timestamp::MAX,
            nodes: nodes.to_vec(),
            trust: Default::default(),
        };
        first.trust.keys = nodes.iter().map(|node| (*node, keys(1))).collect();
        Self {
            lists: vec![first],
            all: nodes.to_vec(),
            out: BTreeSet::new(),
            bundles: vec![(1, 1); nodes.len()],
            // In some seeds it is a federation with a liar.
            changing: seed % 4 == 2 || matches!(seed % 16, 5 | 7),
        }
    }

    /// No member comes or goes.
    pub fn stay(&mut self) {
        self.changing = false;
    }

    /// A list with one more node.
    pub fn takes_in(&mut self, node: NodeId) {
        self.all.push(node);
        self.follow(self.all.clone());
    }

    pub fn first(&self) -> Federation {
        self.lists[0].clone()
    }

    /// A list that follows the last, with these nodes.
    fn follow(&mut self, nodes: Vec<NodeId>) {
        let version = self.lists.len() as u64 + 1;
        let mut next = self.first();
        (next.version, next.nodes) = (version, nodes);
        next.hash = Digest::of(format!("list {version}").as_bytes());
        self.lists.push(next);
    }

    /// Whether some list left this node out. What is said to an alert while a member is out never
    /// reaches it.
    pub fn was_out(&self, node: NodeId) -> bool {
        self.out.contains(&node)
    }

    fn latest(&self) -> &Federation {
        self.lists.last().expect("there is the first")
    }
}

impl World {
    /// The office makes a new receiving key. Often enough the old one is gone at once.
    pub fn rotate(&mut self, i: usize) {
        let gone = self.below(2) == 0;
        let bundle = &mut self.federations.bundles[i];
        bundle.0 += 1;
        if gone {
            bundle.1 = bundle.0;
        }
        let sequence = bundle.0;
        self.note(format!(
            "rotate {i} to {sequence}, the old key gone: {gone}"
        ));
        self.tally.count(Injected::KeyRotated, 1);
        let node = self.node(i);
        self.takes_bundle(i, node, sequence);
        for other in self.members() {
            self.hand_over_bundle(i, NodeId::first(other));
        }
    }

    pub fn hand_over_bundle(&mut self, i: usize, to: NodeId) {
        // The liar has none.
        if let Some((sequence, _)) = self.federations.bundles.get(i).copied() {
            self.put(i, to, Frame::Bundle(sequence));
        }
    }

    fn takes_bundle(&mut self, i: usize, of: NodeId, sequence: u64) {
        if self.planted_at(i) == Some(Planted::SealsToOldKeys) && of != self.node(i) {
            return;
        }
        let federation = self.federation(i);
        let known = federation
            .trust
            .keys
            .get(&of)
            .map_or(0, |keys| keys.sequence);
        if sequence > known {
            federation.trust.keys.insert(of, keys(sequence));
            let federation = federation.clone();
            self.input(i, Input::Federation(federation));
        }
    }

    /// The bundle whose key an office seals to.
    pub fn sealed_to(&mut self, i: usize, peer: NodeId) -> u64 {
        let keys = self.federation(i).trust.keys.get(&peer);
        keys.map_or(u64::MAX, |keys| keys.sequence)
    }

    /// What the recipient gets to see of a frame. What is sealed to a key that it has no more is
    /// refused for now, with the bundle that it is to be sealed by.
    pub fn opened(&mut self, (from, to): (usize, usize), frame: Frame) -> Option<Vec<FromPeer>> {
        let sender = self.node_of(from);
        match frame {
            Frame::Open(what) => Some(what),
            Frame::Bundle(sequence) => {
                self.takes_bundle(to, sender, sequence);
                None
            }
            Frame::Messages { sealed, what } => {
                if sealed >= self.federations.bundles[to].1 {
                    return Some(what);
                }
                self.note(format!("{to} cannot open what {from} sealed to {sealed}"));
                self.hand_over_bundle(to, sender);
                let later = what.into_iter().map(|message| match message {
                    FromPeer::Message(message, _) => {
                        (message.leaf(), Some(Refusal::UnknownRecipientKey))
                    }
                    other => panic!("only messages are sealed: {other:?}"),
                });
                let later = FromPeer::Later(later.collect());
                self.put(to, sender, Frame::Open(vec![later]));
                None
            }
        }
    }

    /// The next list leaves somebody out, or takes everybody back.
    pub fn change_list(&mut self) {
        if !self.federations.changing {
            return;
        }
        let all = self.federations.all.clone();
        let nodes: Vec<NodeId> = if self.federations.latest().nodes.len() == all.len() {
            let out = all[self.below(all.len())];
            self.federations.out.insert(out);
            all.into_iter().filter(|node| *node != out).collect()
        } else {
            all
        };
        self.note(format!("a list of {} nodes", nodes.len()));
        self.tally.count(Injected::ListChanged, 1);
        self.federations.follow(nodes);
    }

    /// The office installs the list that follows its own, unless it is not in it: whoever is out waits
    /// for a list that takes it back.
    pub fn install_next(&mut self, i: usize) {
        let node = self.node(i);
        let version = self.federation(i).version;
        let mut lists = self.federations.lists.iter();
        let next = lists.find(|list| list.version > version && list.nodes.contains(&node));
        let Some(mut next) = next.cloned() else {
            return;
        };
        self.note(format!("{i} installs list {}", next.version));
        next.trust.keys = self.federation(i).trust.keys.clone();
        *self.federation(i) = next.clone();
        for other in 0..self.parties() {
            let listed = next.nodes.contains(&self.node_of(other));
            if other != i && !listed {
                self.unlink(i, other);
            }
        }
        self.input(i, Input::Federation(next));
    }

    /// Nobody has a link with whom it does not list. The liar lists everybody.
    pub fn know_each_other(&self, a: usize, b: usize) -> bool {
        let lists = |one: usize, other: usize| {
            let office = self.offices.get(one);
            office.is_none_or(|office| office.federation.nodes.contains(&self.node_of(other)))
        };
        lists(a, b) && lists(b, a)
    }

    /// The last list, with everybody, is in force everywhere.
    pub fn take_everybody_back(&mut self) {
        if self.federations.out.is_empty() {
            return;
        }
        let all = self.federations.all.clone();
        self.federations.follow(all);
        let last = self.federations.latest().version;
        for i in 0..self.offices() {
            while self.federation(i).version < last {
                self.install_next(i);
            }
        }
    }
}
