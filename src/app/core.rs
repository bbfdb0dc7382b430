//! Group commit: many inputs, one log append, one signed checkpoint, and only then their effects.

mod erasing;
mod full;
mod resolve;
mod unfit;

use std::collections::BTreeSet;

use tracing::warn;

use super::catch_up::applied;
pub use super::catch_up::{CatchUp, catch_up};
use super::change::Change;
use super::content::Contents;
use super::duty::{Alarm, Channel};
use super::error::AppError;
use super::input::{Effect, Input, Ticket};
use super::rows::{PullRow, Row};
use super::service::{Handled, Recorded, Service, Turn};
use super::view::{Pending, View};
use super::witness::{Say, WitnessTimes};
use crate::audit::{CosignedCheckpoint, ReceiptBatch, Shown};
use crate::base::{Digest, Entropy, MessageId, NodeId, Timestamp};
use crate::exchange::Refusal;
use crate::seal::envelope::SignedMessage;
use crate::seal::group::MessageSignature;
use crate::seal::keystore::Order;
use crate::seal::sign::HybridSignature;
use crate::store::{
    AppendError, CheckpointSigner, Index, IndexError, Log, NewEntry, ReadError, Table, WriterEpoch,
};

/// Index writes that may wait for the next tick. Nothing is decided while they are written.
const SETTLED_AT_MOST: usize = 1_024;

/// Signs what leaves and what is logged. The simulation has a cheap twin.
pub trait Signer: CheckpointSigner + Send {
    /// One signature over the tree of these leaves; each message gets it with its own path.
    fn sign_group(&self, leaves: &[Digest]) -> Vec<MessageSignature>;

    /// The log key's signature on what a witness says of another log ([`crate::audit::cosigned_text`]).
    fn sign_cosignature(&self, text: &str, entropy: &mut dyn Entropy) -> HybridSignature;
}

/// Something to carry out, durable behind it.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Answer a person.
    Reply(Ticket, Result<super::input::Reply, AppError>),
    /// Wrap these messages for the peer and send them.
    Send {
        /// The peer.
        peer: NodeId,
        /// 0 urgent, 1 routine.
        class: u8,
        /// The messages, as they are signed.
        messages: Vec<SignedMessage>,
    },
    /// Send these receipts.
    Receipts {
        /// The peer.
        peer: NodeId,
        /// The receipts.
        batches: Vec<ReceiptBatch>,
    },
    /// Tell the peer that something is not taken.
    Refuse {
        /// The peer.
        peer: NodeId,
        /// What it sent, and why each is not taken.
        refusals: Vec<(Digest, Refusal)>,
    },
    /// Tell the peer that its receipts are kept.
    Keep {
        /// The peer.
        peer: NodeId,
        /// The receipts, each by the hash of its entry in the peer's log.
        receipts: Vec<Digest>,
    },
    /// Say something about logs to the peer.
    Witness {
        /// The peer.
        peer: NodeId,
        /// What.
        say: Say,
    },
    /// Keep a checkpoint of this node's log with its cosignatures, beside the log.
    KeepCosigned(Box<CosignedCheckpoint>),
    /// Make new keys for this node.
    Rotate(Order),
    /// Hand an escalation to the alarm command.
    Alarm(Alarm),
    /// Remove the sealed files that lie under these ids: what they belong to is erased.
    Forget {
        /// The ids.
        files: Vec<MessageId>,
    },
    /// Fetch an attachment.
    Fetch {
        /// The peer.
        peer: NodeId,
        /// What is fetched.
        file: PullRow,
    },
}

/// Why the node must end: a restart finds out what is true.
#[derive(Debug, thiserror::Error)]
pub enum Fatal {
    /// The log does not take entries, or may have taken them: only a restart can tell.
    #[error("the log append failed: {0}")]
    Append(AppendError),
    /// The index cannot be read or written.
    #[error("the index failed: {0}")]
    Index(IndexError),
    /// An entry that was written cannot be read back.
    #[error("a log entry cannot be read: {0}")]
    Read(ReadError),
}

impl From<IndexError> for Fatal {
    fn from(error: IndexError) -> Self {
        Self::Index(error)
    }
}

impl From<ReadError> for Fatal {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

/// What comes of a group of inputs.
#[derive(Default)]
struct Group {
    pending: Pending,
    recorded: Vec<Recorded>,
    effects: Vec<Effect>,
}

impl Group {
    /// A turn over the index and the log `under` it, and what is `settled` between them.
    fn turn<'a>(
        &'a mut self,
        now: Timestamp,
        entropy: &'a mut dyn Entropy,
        under: (&'a dyn Index, &'a dyn Log),
        settled: &'a Pending,
    ) -> Turn<'a> {
        let (index, log) = under;
        Turn {
            now,
            entropy,
            view: View::new(index, log, settled, &mut self.pending),
            log,
            next_entry: log.size(),
            recorded: &mut self.recorded,
            effects: &mut self.effects,
            letter: None,
        }
    }
}

/// The service with its log and index.
pub struct Core<L, I, S> {
    service: Service,
    log: L,
    index: I,
    signer: S,
    epoch: WriterEpoch,
    pseudonym_key: [u8; 32],
    waiting: Vec<Input>,
    /// What is told once and found no room: nothing else is recorded before it.
    unwritten: Vec<Input>,
    /// Whether a second has passed since the index was last written.
    ticked: bool,
    /// Rows of groups that are durable, which the index does not have yet.
    settled: Pending,
}

impl<L: Log, I: Index, S: Signer> Core<L, I, S> {
    /// Assembles a core; the index has to be current ([`catch_up`]). `pseudonym_key` keeps the
    /// exchange pseudonyms of log entries from being guessed.
    pub fn new(
        me: NodeId,
        log: L,
        index: I,
        signer: S,
        epoch: WriterEpoch,
        pseudonym_key: [u8; 32],
    ) -> Self {
        Self {
            service: Service::new(me),
            log,
            index,
            signer,
            epoch,
            pseudonym_key,
            waiting: Vec::new(),
            unwritten: Vec::new(),
            ticked: false,
            settled: Pending::default(),
        }
    }

    /// The core with other times for what is done about witnesses.
    #[must_use]
    pub fn with_times(mut self, times: WitnessTimes) -> Self {
        self.service.set_times(times);
        self
    }

    /// The core with another quota: how many messages of each member and priority it takes in a day.
    #[must_use]
    pub fn with_quota(mut self, messages_a_day: u32) -> Self {
        self.service.set_quota(messages_a_day);
        self
    }

    /// Sets how escalations are told from now on. What fell due while a node was down is told by its first
    /// tick, so whoever starts one says it before.
    pub fn tell_by(&mut self, channel: Channel) {
        self.service.alarms.channel = channel;
    }

    /// The log.
    pub fn log(&self) -> &L {
        &self.log
    }

    /// The index.
    pub fn index(&self) -> &I {
        &self.index
    }

    /// A row as decisions see it.
    ///
    /// # Errors
    /// Whatever the index gives.
    pub fn row<T: Row>(&self, table: Table, key: &[u8]) -> Result<Option<T>, IndexError> {
        let mut pending = Pending::default();
        View::new(&self.index, &self.log, &self.settled, &mut pending).row(table, key)
    }

    /// The rows of a table as decisions see them, in order, at most `limit`.
    ///
    /// # Errors
    /// Whatever the index gives.
    pub fn rows<T: Row>(
        &self,
        table: Table,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, T)>, IndexError> {
        let mut pending = Pending::default();
        let view = View::new(&self.index, &self.log, &self.settled, &mut pending);
        view.range(table, &[], None, limit)
    }

    /// Gives the index what it lacks of the log.
    ///
    /// # Errors
    /// [`Fatal::Index`].
    pub fn settle(&mut self) -> Result<(), Fatal> {
        if self.index.applied()?.map(|applied| applied.size) != Some(self.log.size())
            || !self.settled.is_empty()
        {
            let applied = applied(&self.log);
            self.index.apply(self.settled.take(), applied)?;
        }
        Ok(())
    }

    /// Writes to the index what has waited for long enough. What comes soon after another often changes
    /// the same rows, so it gets them together: between two groups, once what came of the first is on its
    /// way.
    ///
    /// # Errors
    /// [`Fatal::Index`].
    pub fn settle_due(&mut self) -> Result<(), Fatal> {
        let ticked = std::mem::take(&mut self.ticked);
        if ticked || self.settled.len() >= SETTLED_AT_MOST {
            self.settle()?;
        }
        if ticked {
            self.index.tidy()?;
        }
        Ok(())
    }

    /// Writes the index through to the disk, so that the next start has nothing to catch up with.
    ///
    /// # Errors
    /// [`Fatal::Index`].
    pub fn flush(&mut self) -> Result<(), Fatal> {
        self.settle()?;
        Ok(self.index.flush()?)
    }

    /// Takes the parts back, for the simulation of a restart.
    pub fn into_parts(self) -> (L, I, S) {
        (self.log, self.index, self.signer)
    }

    /// Handles a group of inputs: decides, signs, appends once, and returns what to carry out.
    ///
    /// # Errors
    /// [`Fatal`]: the process has to end, and nothing of this group may be told to anyone.
    pub fn commit(
        &mut self,
        now: Timestamp,
        entropy: &mut dyn Entropy,
        inputs: Vec<Input>,
    ) -> Result<Vec<Outcome>, Fatal> {
        let mut outcomes = Vec::new();
        let mut group = std::mem::take(&mut self.waiting);
        group.extend(inputs);
        let ticks = group.iter().any(|input| matches!(input, Input::Tick));
        self.ticked |= ticks;
        if ticks && !self.unwritten.is_empty() {
            let again = std::mem::take(&mut self.unwritten);
            outcomes.extend(self.commit_once(now, entropy, again)?);
        }
        loop {
            outcomes.extend(self.commit_once(now, entropy, group)?);
            if self.waiting.is_empty() {
                if let Some(files) = self.erase_due(now, entropy)? {
                    outcomes.push(Outcome::Forget { files });
                    // What was erased is recorded at once.
                    group = vec![Input::Tick];
                    continue;
                }
                return Ok(outcomes);
            }
            group = std::mem::take(&mut self.waiting);
        }
    }

    fn commit_once(
        &mut self,
        now: Timestamp,
        entropy: &mut dyn Entropy,
        inputs: Vec<Input>,
    ) -> Result<Vec<Outcome>, Fatal> {
        let mut group = Group::default();
        let under = (&self.index as &dyn Index, &self.log as &dyn Log);
        let mut turn = group.turn(now, entropy, under, &self.settled);
        let mut handled = Vec::with_capacity(inputs.len());
        let mut reads = Vec::new();
        for input in inputs {
            let before = turn.recorded.len();
            match self.service.handle(&mut turn, &input)? {
                Handled::AfterCommit => self.waiting.push(input),
                Handled::Now if input.ticket().is_some() && turn.recorded.len() == before => {
                    reads.push(input);
                }
                Handled::Now => handled.push(input),
            }
        }
        self.service.pump(&mut turn)?;
        let Group {
            pending,
            recorded,
            effects,
        } = group;
        if !recorded.is_empty() {
            let entries = self.entries(now, &recorded);
            let size = self.log.size();
            let appended = match self.unwritten.is_empty() {
                true => self
                    .log
                    .append(size, self.epoch, entries, &self.signer, entropy),
                false => Err(AppendError::Full),
            };
            match appended {
                Ok(_) => (),
                Err(why @ (AppendError::Full | AppendError::Unfit)) => {
                    self.service.turned_down(size, &recorded, &effects);
                    if why == AppendError::Unfit && handled.len() > 1 {
                        handled.extend(reads);
                        return self.one_by_one(now, entropy, handled);
                    }
                    let reading: BTreeSet<Ticket> =
                        reads.iter().filter_map(Input::ticket).collect();
                    let refused = match why {
                        AppendError::Full => AppError::DiskFull,
                        _ => {
                            let entries = recorded.len();
                            warn!(event = "log-unfit", entries, "they are turned down");
                            AppError::Unfit
                        }
                    };
                    let mut outcomes = self.turn_down(effects, handled, &reading, &refused);
                    outcomes.extend(self.without_recording(now, entropy, reads)?);
                    return Ok(outcomes);
                }
                Err(error) => return Err(Fatal::Append(error)),
            }
        }
        self.settled.extend(pending);
        self.resolve(now, entropy, effects)
    }

    /// Signs what is sent, and makes the log entries of a group.
    fn entries(&self, now: Timestamp, recorded: &[Recorded]) -> Vec<NewEntry> {
        let leaves: Vec<Digest> = recorded
            .iter()
            .filter_map(|r| match &r.change {
                Change::Sent(message) => Some(message.leaf()),
                Change::Received(..) | Change::ReceiptKept(_) | Change::Other(_) => None,
            })
            .collect();
        let mut signatures = if leaves.is_empty() {
            Vec::new()
        } else {
            self.signer.sign_group(&leaves)
        }
        .into_iter();
        let mut contents = Contents::of(recorded.iter().map(|r| &r.change));
        let entry = |(index, r): (u64, &Recorded)| {
            let signature = match &r.change {
                Change::Sent(_) => signatures.next(),
                Change::Received(..) | Change::ReceiptKept(_) | Change::Other(_) => None,
            };
            let content = contents.write(index, &r.by, &r.change, signature.as_ref());
            let heading = r.change.heading(&r.by, &content);
            let shown = [heading.shown, r.letter.map(Shown::Of).into_iter().collect()].concat();
            let exchange = heading.conversation.map(|id| self.pseudonym(id));
            NewEntry {
                time: now,
                kind: heading.kind,
                event: heading.event,
                role: r.by.role,
                actor: r.by.person.to_bytes(),
                exchange: exchange.unwrap_or_default(),
                peer: heading.peer,
                shown,
                statement: heading.statement,
                content,
            }
        };
        (self.log.size()..).zip(recorded).map(entry).collect()
    }

    fn pseudonym(&self, conversation: MessageId) -> [u8; 16] {
        let digest = Digest::of_parts(&[
            b"liaison/exchange-pseudonym/v1",
            &self.pseudonym_key,
            &conversation.to_bytes(),
        ]);
        let mut pseudonym = [0; 16];
        pseudonym.copy_from_slice(&digest.as_bytes()[..16]);
        pseudonym
    }
}
