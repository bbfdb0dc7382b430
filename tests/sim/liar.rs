//! A listed node that lies: it keeps two histories of its log, and shows one office this one and another
//! that one, shows what it had as what it has, says again what it said, and gives receipts for what it never
//! got. Every office must cosign at most one history, all must come to know, and nobody keeps the receipts.

use std::collections::BTreeMap;

use liaison::app::Say;
use liaison::app::{FromPeer, LogFault};
use liaison::audit::{
    Checkpoint, Entry, EntryKind, EventCode, Opening, Origin, Prefix, Receipt, SignedCheckpoint,
    Statement, Tree,
};
use liaison::base::{Digest, Entropy, MessageId, NodeId, Role, Timestamp, merkle};
use liaison::exchange::Refusal;

use crate::office::{nothing_signed, read_receipt};
use crate::world::World;

/// Entries that both histories have.
const COMMON: u64 = 4;

/// How much of what it said it can say again.
const SAID: usize = 16;

pub struct Liar {
    pub node: NodeId,
    histories: [Tree; 2],
    /// The size that each office last cosigned.
    known: BTreeMap<usize, u64>,
    /// Whether it answers challenges, as far as one history allows.
    answers: bool,
    /// What it said, to whomever.
    said: Vec<FromPeer>,
    /// The checkpoints that each office cosigned.
    pub cosigned: Vec<(usize, u64, Digest)>,
}

/// What a receipt of the liar says of a message that it never got.
#[derive(Debug, Clone, Copy)]
pub enum Pretence {
    Received,
    Opened,
    Stored,
    Refused,
}

impl Pretence {
    pub const ALL: [Self; 4] = [Self::Received, Self::Opened, Self::Stored, Self::Refused];

    /// The statement about a message of `sender`.
    pub fn of(self, sender: NodeId, id: MessageId, leaf: Digest) -> Statement {
        match self {
            Self::Received => Statement::Received { sender, id, leaf },
            Self::Opened => Statement::Opened {
                id,
                leaf,
                role: Role::Contact,
            },
            Self::Stored => Statement::AttachmentsStored { id, leaf },
            Self::Refused => Statement::Refused {
                sender,
                digest: leaf,
                code: Refusal::OutOfState.number(),
            },
        }
    }
}

impl Liar {
    pub fn new(node: NodeId, answers: bool) -> Self {
        let mut liar = Self {
            node,
            histories: [Tree::new(), Tree::new()],
            known: BTreeMap::new(),
            answers,
            said: Vec::new(),
            cosigned: Vec::new(),
        };
        liar.grow(COMMON);
        liar
    }

    /// Both histories go on, each in its own way after the common part.
    pub fn grow(&mut self, by: u64) {
        let from = self.histories[0].size();
        for (number, history) in (0_u64..).zip(&mut self.histories) {
            history.extend((from..from + by).map(|index| {
                let which = if index < COMMON { 0 } else { number };
                merkle::leaf_hash(&[index, which].map(u64::to_be_bytes).concat())
            }));
        }
    }

    fn signed(&self, history: usize, size: u64) -> SignedCheckpoint {
        let root = self.histories[history].root_at(size).expect("it has them");
        SignedCheckpoint {
            checkpoint: Checkpoint {
                origin: Origin::first(self.node),
                size,
                root,
            },
            signature: nothing_signed(),
        }
    }

    fn prefix(&self, history: usize, size: u64, of: u64) -> Prefix {
        let tree = &self.histories[history];
        match size {
            0 => Prefix::empty(),
            _ => Prefix {
                size,
                root: tree.root_at(size).expect("it has them"),
                path: tree.consistency(size, of).expect("it has them"),
            },
        }
    }

    /// How many entries its histories have.
    pub fn size(&self) -> u64 {
        self.histories[0].size()
    }

    /// What it shows an office, of the first `size` entries of this history, to have it cosigned.
    pub fn shows(&mut self, office: usize, history: usize, size: u64) -> FromPeer {
        let known = self.known.get(&office).copied().unwrap_or(0).min(size);
        let shown = FromPeer::Witness(Say::AddCheckpoint {
            signed: Box::new(self.signed(history, size)),
            prefixes: vec![self.prefix(history, known, size)],
            cosign: true,
        });
        self.says(shown)
    }

    /// A receipt of one of its histories, with a proof that holds, for whatever it wants to have got.
    pub fn receipt(
        &mut self,
        history: usize,
        statement: Statement,
        time: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> FromPeer {
        let opening = Opening::new(statement, entropy);
        let entry = Entry {
            time,
            kind: EntryKind::Collection,
            event: EventCode::RequestReceived,
            role: Role::Node,
            actor: [0; 16],
            exchange: [0; 16],
            peer: None,
            commitment: opening.commitment(),
            sealed_digest: Digest::EMPTY,
            extensions: Vec::new(),
        };
        let index = self.size();
        self.grow(1);
        let tree = &mut self.histories[history];
        tree.truncate(index);
        tree.append(entry.leaf_hash());
        let path = tree.inclusion(index, index + 1);
        let given = read_receipt(Receipt {
            origin: Origin::first(self.node),
            entry: entry.encode(),
            opening,
            index,
            path: path.expect("it has the entry"),
            checkpoint: self.signed(history, index + 1),
        });
        self.says(given)
    }

    fn says(&mut self, what: FromPeer) -> FromPeer {
        if self.said.len() == SAID {
            self.said.remove(0);
        }
        self.said.push(what.clone());
        what
    }

    /// Something that it said, perhaps to somebody else; nothing if that is too little.
    pub fn says_again(&self, place: usize) -> Option<FromPeer> {
        let place = place.checked_rem(self.said.len())?;
        self.said.get(place).cloned()
    }

    /// An office's cosignature leaves: whether it arrives makes no difference to what it says.
    pub fn is_given(&mut self, office: usize, what: &FromPeer) {
        if let FromPeer::Witness(Say::Cosigned { checkpoint, .. }) = what {
            let known = self.known.entry(office).or_default();
            *known = checkpoint.size.max(*known);
            let cosigned = (office, checkpoint.size, checkpoint.root);
            self.cosigned.push(cosigned);
        }
    }

    /// It hears what an office says, and may answer.
    pub fn hears(&mut self, office: usize, what: &FromPeer) -> Option<FromPeer> {
        let FromPeer::Witness(say) = what else {
            return None;
        };
        match say {
            Say::Challenge { signed, sizes } if sizes.is_empty() => {
                let size = signed.as_ref().map_or(0, |signed| signed.checkpoint.size);
                self.known.insert(office, size);
                None
            }
            Say::Challenge { signed, sizes } if self.answers => {
                let signed = signed.as_ref()?;
                let Checkpoint { size, root, .. } = signed.checkpoint;
                let history = self.history_of(size, root)?;
                let prefixes = sizes.iter().map(|at| self.prefix(history, *at, size));
                Some(FromPeer::Witness(Say::AddCheckpoint {
                    signed: signed.clone(),
                    prefixes: prefixes.collect(),
                    cosign: false,
                }))
            }
            Say::Challenge { .. }
            | Say::Cosigned { .. }
            | Say::AddCheckpoint { .. }
            | Say::Heads(_) => None,
        }
    }

    /// The history that has this root at this size alone; either where they are the same.
    fn history_of(&self, size: u64, root: Digest) -> Option<usize> {
        (0..2).find(|history| self.histories[*history].root_at(size) == Some(root))
    }

    /// Which histories, beyond what they have in common, an office cosigned.
    fn cosigned_by(&self, office: usize) -> [bool; 2] {
        let mut both = [false; 2];
        for (by, size, root) in &self.cosigned {
            if *by == office && *size > COMMON {
                for (history, tree) in self.histories.iter().enumerate() {
                    both[history] |= tree.root_at(*size) == Some(*root);
                }
            }
        }
        both
    }
}

impl World {
    /// What must hold of witnesses: no honest log is accused, no office cosigned two histories, and
    /// whoever cosigned one of two that were shown knows of it.
    pub fn check_witnesses(&self) -> Result<(), String> {
        for (i, alarms) in self.log_alarms() {
            for (origin, fault) in alarms {
                let honest = self
                    .liar
                    .as_ref()
                    .is_none_or(|liar| origin.node != liar.node);
                if honest {
                    return Err(format!("{i} accuses the honest log {origin}: {fault:?}"));
                }
            }
        }
        let Some(liar) = &self.liar else {
            return Ok(());
        };
        let of = |office| liar.cosigned_by(office);
        let mut shown = [false; 2];
        for i in 0..self.offices() {
            let [one, other] = of(i);
            if one && other {
                return Err(format!("{i} cosigned two histories of one log"));
            }
            shown = [shown[0] | one, shown[1] | other];
        }
        // Whoever was out owed no answers meanwhile, and nobody had to hear of it.
        if shown == [true, true] && !self.federations.was_out(liar.node) {
            for (i, alarms) in self.log_alarms() {
                let convicted = alarms
                    .iter()
                    .any(|(_, fault)| !liar.answers || *fault == LogFault::TwoHistories);
                if of(i).contains(&true) && !convicted {
                    return Err(format!("{i} does not know of two histories: {alarms:?}"));
                }
            }
        }
        Ok(())
    }

    /// Whether two offices cosigned different histories, so that there was something to find.
    pub fn was_lied_to(&self) -> bool {
        let Some(liar) = &self.liar else {
            return false;
        };
        let each = (0..self.offices()).map(|i| liar.cosigned_by(i));
        let both = each.fold([false; 2], |all, one| [all[0] | one[0], all[1] | one[1]]);
        both == [true, true]
    }
}
