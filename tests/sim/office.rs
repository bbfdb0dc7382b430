//! One office: a core on storage in memory, which survives the core.

use std::cell::RefCell;
use std::rc::Rc;

use liaison::app::change::Change;
use liaison::app::content::read_change;
use liaison::app::core::{Core, Fatal, Outcome, Signer, catch_up};
use liaison::app::{Channel, Federation, FromPeer, Input, PeerReceipt, WitnessTimes};
use liaison::audit::{Checkpoint, Entry, Origin, Receipt};
use liaison::base::{Digest, Entropy, NodeId, SeededEntropy, Timestamp};
use liaison::seal::group::MessageSignature;
use liaison::seal::sign::{HybridSignature, SIGNATURE_LEN};
use liaison::store::{AppendError, CheckpointSigner, Fault, Log, MemoryIndex, MemoryLog};

use crate::planted::{Planted, SimIndex, SimLog};

/// Signs with zeros: the simulation is about order and loss, not about keys.
pub struct NoSigner;

pub fn nothing_signed() -> HybridSignature {
    HybridSignature::from_bytes(&[0; SIGNATURE_LEN]).expect("it has the length of a signature")
}

impl CheckpointSigner for NoSigner {
    fn sign(&self, _checkpoint: &Checkpoint, _entropy: &mut dyn Entropy) -> HybridSignature {
        nothing_signed()
    }
}

impl Signer for NoSigner {
    fn sign_group(&self, leaves: &[Digest]) -> Vec<MessageSignature> {
        let one = MessageSignature {
            key_id: Digest::EMPTY,
            size: 1,
            index: 0,
            path: Vec::new(),
            signature: nothing_signed(),
        };
        vec![one; leaves.len()]
    }

    fn sign_cosignature(&self, _: &str, _: &mut dyn Entropy) -> HybridSignature {
        nothing_signed()
    }
}

/// Ticks between what is done about witnesses.
pub const TIMES: WitnessTimes = WitnessTimes {
    interval: 1,
    heartbeat: 20,
    challenge: 8,
    silence: 1_000,
};

type SimCore = Core<SimLog, SimIndex, NoSigner>;

/// An office and its storage.
pub struct Office {
    pub node: NodeId,
    pub core: Option<SimCore>,
    pub log: MemoryLog,
    index: MemoryIndex,
    snapshot: MemoryIndex,
    entropy: SeededEntropy,
    /// The list and the keys that are in force here.
    pub federation: Federation,
    planted: Option<Planted>,
    /// What the entries of the log said when they were last read, each beside its content.
    read: RefCell<Vec<(Vec<u8>, Rc<Change>)>>,
}

impl Office {
    pub fn new(node: NodeId, seed: u64, federation: Federation, planted: Option<Planted>) -> Self {
        let index = MemoryIndex::new();
        Self {
            node,
            core: None,
            log: MemoryLog::new(Origin::first(node)),
            snapshot: index.snapshot(),
            index,
            entropy: SeededEntropy::new(seed),
            federation,
            planted,
            read: RefCell::default(),
        }
    }

    /// What each entry of the log says. Only what is new, or changed since as by an erasure, is decoded.
    pub fn changes(&self) -> Result<Vec<Rc<Change>>, String> {
        let mut read = self.read.borrow_mut();
        for (index, place) in (0..self.log.size()).zip(0..) {
            let record = self.log.read(index).map_err(|e| e.to_string())?;
            let known = read
                .get(place)
                .is_some_and(|(content, _)| *content == record.content);
            if !known {
                let (_, change) = read_change(&record.content).map_err(|e| e.to_string())?;
                let end = (place + 1).min(read.len());
                read.splice(place..end, [(record.content, Rc::new(change))]);
            }
        }
        read.truncate(self.log.size() as usize);
        Ok(read.iter().map(|(_, change)| Rc::clone(change)).collect())
    }

    /// Starts the office, with the index it had, an older one, or none.
    pub fn start(&mut self, now: Timestamp, kept: IndexKept, told: Vec<Input>) -> Vec<Outcome> {
        self.index = match kept {
            IndexKept::Whole => self.index.reopen(),
            IndexKept::Older => self.snapshot.snapshot(),
            IndexKept::None => MemoryIndex::new(),
        };
        let mut log = SimLog {
            inner: self.log.reopen(),
            planted: self.planted,
        };
        let mut index = SimIndex {
            inner: self.index.reopen(),
            log: self.log.reopen(),
            planted: self.planted,
        };
        let epoch = log.take_over().expect("a log in memory can be taken over");
        catch_up(self.node, &log, &mut index, &mut |_, _| ()).expect("the index catches up");
        let core = Core::new(self.node, log, index, NoSigner, epoch, [7; 32]);
        let mut core = core.with_times(TIMES);
        core.tell_by(Channel::Command);
        self.core = Some(core);
        let version = "simulated".to_owned();
        let federation = Input::Federation(self.federation.clone());
        let mut first = vec![Input::Start { version }, federation];
        first.extend(told);
        self.handle(now, first)
    }

    /// Handles inputs; a fatal error stops the office.
    pub fn handle(&mut self, now: Timestamp, inputs: Vec<Input>) -> Vec<Outcome> {
        let Some(core) = &mut self.core else {
            return Vec::new();
        };
        match core.commit(now, &mut self.entropy, inputs) {
            Ok(outcomes) => {
                // What was decided is on its way by then.
                if core.settle_due().is_err() {
                    self.core = None;
                }
                outcomes
            }
            Err(Fatal::Append(AppendError::Unfit)) => panic!("the log refuses an entry"),
            Err(Fatal::Append(_) | Fatal::Index(_) | Fatal::Read(_)) => {
                self.core = None;
                Vec::new()
            }
        }
    }

    /// Stops without warning.
    pub fn kill(&mut self) {
        self.core = None;
        self.log.fail_next(None);
        self.index.fail_next(None);
    }

    /// An index made anew from the log.
    pub fn rebuilt(&self) -> MemoryIndex {
        let mut index = MemoryIndex::new();
        catch_up(self.node, &self.log, &mut index, &mut |_, _| ()).expect("the log can be read");
        index
    }

    /// Keeps a copy of the index, for a later restart to go back to.
    pub fn remember_index(&mut self) {
        self.snapshot = self.index.snapshot();
    }

    /// Makes the next append fail.
    pub fn fail_next_append(&mut self, fault: Fault) {
        self.log.fail_next(Some(fault));
    }
}

/// What a restart finds of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexKept {
    Whole,
    Older,
    None,
}

/// What a peer's receipt says, its proof checked but not its signature, which the simulation has
/// none of.
pub fn read_receipt(receipt: Receipt) -> FromPeer {
    let entry = Entry::decode(&receipt.entry).expect("it holds an entry");
    assert_eq!(
        receipt.opening.commitment(),
        entry.commitment,
        "it opens the entry"
    );
    FromPeer::Receipt(Box::new(PeerReceipt {
        statement: receipt.opening.statement,
        at: entry.time,
        receipt,
    }))
}
