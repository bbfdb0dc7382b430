//! The one thread that owns the state: real clock, real entropy, group commit.
//!
//! Whoever wants something puts an input into a bounded mailbox. The thread takes what waits, what is
//! urgent first, commits it as one group, and hands the outcomes on. No peer has more than its share of
//! the mailbox, or of a group.

mod current;
mod mailbox;

use std::collections::HashMap;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

pub use current::Current;
use mailbox::{Lane, Receiver, Refused, Room, Sender, Source, mailbox};

use crate::app::core::{Core, Fatal, Outcome, Signer};
use crate::app::{
    AppError, Ask, Federation, FromPeer, Input, News, Permit, PersonOnRecord, Reply, Ticket,
};
use crate::audit::Origin;
use crate::base::{MessageId, NodeId, OsEntropy, Timestamp};
use crate::domain::message::Priority;
use crate::domain::release::ReleasePolicy;
use crate::store::{Index, Log};
use crate::wire;

/// What may wait in a lane of what people ask and the node tells itself. Where it is full, people are
/// told that the node is busy.
const HERE: Room = Room {
    letters: 4_096,
    bytes: usize::MAX,
};

/// What may wait in a lane of one peer, each letter what one frame says. Where it is full, the peer's
/// frames are not read.
const PEER: Room = Room {
    letters: 64,
    bytes: 2 * 1024 * 1024,
};

/// Urgent inputs that one group takes.
const GROUP: usize = 512;

/// Routine inputs that one group takes: whatever is urgent waits for the group before it, so that one
/// should last no longer than some tens of milliseconds.
const ROUTINE: usize = 8;

/// Inputs of one peer that one group takes of a lane, and the rest of the frame that the last of them
/// is in: whoever else has something urgent waits for the group before it.
const OF_ONE_PEER: usize = 32;

/// What one group may bring into the log, in bytes, well below what the log takes at once. The last
/// input of a group may go beyond it by one message, or by one request to as many as may be asked.
const GROUP_BYTES: usize = 16 * 1024 * 1024;

/// How often the service hears that time has passed, if nothing else happens.
const TICK: Duration = Duration::from_secs(1);

/// How long what can wait does so before it looks for room in the mailbox again.
const ROOM: Duration = Duration::from_millis(50);

enum Letter {
    Ask(Permit, Box<Ask>, oneshot::Sender<Result<Reply, AppError>>),
    MayFetch(NodeId, MessageId, oneshot::Sender<Result<Reply, AppError>>),
    SignedUpTo(NodeId, oneshot::Sender<Result<Reply, AppError>>),
    News(u64, oneshot::Sender<Result<Reply, AppError>>),
    Inputs(Vec<Input>),
    Between(Job),
    Stop,
}

/// Something to do between two groups; it is told how many entries the log has.
type Job = Box<dyn FnOnce(u64) + Send>;

/// The node cannot take the input now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Busy {
    /// Too much waits.
    #[error("the node is busy; try again in a moment")]
    Full,
    /// The node is stopping, or has failed.
    #[error("the node is stopping")]
    Stopping,
}

/// A handle to the driver's mailbox.
#[derive(Clone)]
pub struct Driver {
    mailbox: Sender<Letter>,
    grown: watch::Receiver<u64>,
}

/// The driver's thread.
pub struct Running {
    thread: JoinHandle<Result<(), Fatal>>,
    driver: Driver,
}

impl Driver {
    /// Starts the thread. `carry` gets what peers are to be sent, in order; it must not block.
    ///
    /// # Panics
    /// If the system cannot start a thread.
    pub fn start<L, I, S>(
        mut core: Core<L, I, S>,
        version: String,
        mut carry: impl FnMut(Outcome) + Send + 'static,
        ended: impl FnOnce() + Send + 'static,
    ) -> (Self, Running)
    where
        L: Log + 'static,
        I: Index + 'static,
        S: Signer + 'static,
    {
        let (mailbox, letters) = mailbox(HERE, PEER);
        let (grows, grown) = watch::channel(core.log().size());
        let run = move || {
            let outcome = run(&mut core, version, &letters, &mut carry, &grows);
            ended();
            outcome
        };
        let thread = std::thread::Builder::new()
            .name("driver".into())
            .spawn(run)
            .expect("the system starts a thread");
        let driver = Self { mailbox, grown };
        let running = Running {
            thread,
            driver: driver.clone(),
        };
        (driver, running)
    }

    /// Asks for a person.
    ///
    /// # Errors
    /// [`Busy`] where the input was not taken; otherwise what the service says.
    pub async fn ask(&self, permit: Permit, ask: Ask) -> Result<Result<Reply, AppError>, Busy> {
        let (reply, answer) = oneshot::channel();
        self.post(Letter::Ask(permit, Box::new(ask), reply))?;
        answer.await.map_err(|_| Busy::Stopping)
    }

    /// Tells of a peer's doing.
    ///
    /// # Errors
    /// [`Busy`] where it was not taken.
    pub fn tell(&self, peer: NodeId, from: FromPeer) -> Result<(), Busy> {
        let inputs = vec![Input::Peer(peer, from)];
        self.try_put(Lane::Urgent, Source::Peer(peer), Letter::Inputs(inputs))
    }

    /// Tells of a peer's doing, and waits for room in the mailbox. Called on threads that may block.
    ///
    /// # Errors
    /// [`Busy::Stopping`].
    pub fn tell_waiting(&self, peer: NodeId, from: FromPeer) -> Result<(), Busy> {
        self.tell_all(peer, Priority::Urgent, vec![from])
    }

    /// Tells of all that one frame of a peer said, so that it is committed together, and waits for
    /// room in the mailbox. Called on threads that may block.
    ///
    /// # Errors
    /// [`Busy::Stopping`].
    pub fn tell_all(
        &self,
        peer: NodeId,
        priority: Priority,
        from: Vec<FromPeer>,
    ) -> Result<(), Busy> {
        if from.is_empty() {
            return Ok(());
        }
        let inputs = from.into_iter().map(|from| Input::Peer(peer, from));
        let letter = Letter::Inputs(inputs.collect());
        self.put(lane_of(priority), Source::Peer(peer), letter)
    }

    /// What happened in exchanges and alerts from entry `since` on, and the entry to go on from.
    /// Waits for room in the mailbox.
    ///
    /// # Errors
    /// [`Busy::Stopping`]; otherwise what the service says.
    pub async fn news(&self, since: u64) -> Result<Result<(Vec<News>, u64), AppError>, Busy> {
        let answer = loop {
            let (reply, answer) = oneshot::channel();
            match self.post(Letter::News(since, reply)) {
                Ok(()) => break answer,
                Err(Busy::Full) => tokio::time::sleep(ROOM).await,
                Err(Busy::Stopping) => return Err(Busy::Stopping),
            }
        };
        Ok(match answer.await.map_err(|_| Busy::Stopping)? {
            Ok(Reply::News(news, next)) => Ok((news, next)),
            Ok(_) => Err(AppError::NotFound("news")),
            Err(error) => Err(error),
        })
    }

    /// Under which id the attachments of a message lie, if a peer may fetch them: the message was sent to
    /// it, or is its own. Waits for the answer; called on threads that may block.
    pub fn may_fetch(&self, peer: NodeId, message: MessageId) -> Option<MessageId> {
        let (reply, answer) = oneshot::channel();
        let letter = Letter::MayFetch(peer, message, reply);
        self.put(Lane::Urgent, Source::Peer(peer), letter).ok()?;
        match answer.blocking_recv() {
            Ok(Ok(Reply::MayFetch(stored))) => Some(stored),
            Ok(_) | Err(_) => None,
        }
    }

    /// The logs of a peer, each with the furthest size at which it is known to have signed a checkpoint.
    /// Waits for the answer; called on threads that may block. None where the node is stopping.
    pub fn signed_up_to(&self, peer: NodeId) -> Option<Vec<(Origin, u64)>> {
        let (reply, answer) = oneshot::channel();
        let letter = Letter::SignedUpTo(peer, reply);
        self.put(Lane::Urgent, Source::Here, letter).ok()?;
        match answer.blocking_recv() {
            Ok(Ok(Reply::SignedUpTo(signed))) => Some(signed),
            Ok(_) | Err(_) => None,
        }
    }

    /// Does something between two groups, on the driver's own thread, and waits until it is done: no
    /// signature is made meanwhile. `job` is told how many entries the log has. Called on threads that
    /// may block.
    ///
    /// # Errors
    /// [`Busy::Stopping`].
    pub fn between<T: Send + 'static>(
        &self,
        job: impl FnOnce(u64) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let (done, outcome) = oneshot::channel();
        let job: Job = Box::new(move |entries| {
            // Whoever waits is gone only if the node stops.
            let _stopping = done.send(job(entries));
        });
        self.put(Lane::Urgent, Source::Here, Letter::Between(job))?;
        outcome.blocking_recv().map_err(|_| Busy::Stopping)
    }

    /// Tells of something that happened at this node, and waits for room in the mailbox. Called on
    /// threads that may block.
    ///
    /// # Errors
    /// [`Busy::Stopping`].
    pub fn happened(&self, input: Input) -> Result<(), Busy> {
        self.put(Lane::Urgent, Source::Here, Letter::Inputs(vec![input]))
    }

    /// The size of the log, as it grows.
    pub fn grown(&self) -> watch::Receiver<u64> {
        self.grown.clone()
    }

    /// Puts another trust list in force.
    ///
    /// # Errors
    /// [`Busy`] where it was not taken.
    pub fn install(&self, federation: Federation) -> Result<(), Busy> {
        self.post(Letter::Inputs(vec![Input::Federation(federation)]))
    }

    /// Tells who acts at the node, so that the log has them before they act.
    ///
    /// # Errors
    /// [`Busy`] where it was not taken.
    pub fn people(&self, people: Vec<PersonOnRecord>) -> Result<(), Busy> {
        self.post(Letter::Inputs(vec![Input::People(people)]))
    }

    /// Puts a release policy in force.
    ///
    /// # Errors
    /// [`Busy`] where it was not taken.
    pub fn policy(&self, policy: ReleasePolicy) -> Result<(), Busy> {
        self.post(Letter::Inputs(vec![Input::Policy(policy)]))
    }

    fn post(&self, letter: Letter) -> Result<(), Busy> {
        let lane = match &letter {
            Letter::Ask(_, ask, _) => lane_of(ask.priority()),
            Letter::MayFetch(..)
            | Letter::SignedUpTo(..)
            | Letter::News(..)
            | Letter::Inputs(_)
            | Letter::Between(_)
            | Letter::Stop => Lane::Urgent,
        };
        self.try_put(lane, Source::Here, letter)
    }

    fn try_put(&self, lane: Lane, source: Source, letter: Letter) -> Result<(), Busy> {
        let bytes = weight(&letter);
        let put = self.mailbox.try_send(lane, source, letter, bytes);
        put.map_err(busy)
    }

    fn put(&self, lane: Lane, source: Source, letter: Letter) -> Result<(), Busy> {
        let bytes = weight(&letter);
        let put = self.mailbox.send(lane, source, letter, bytes);
        put.map_err(busy)
    }
}

fn busy(refused: Refused) -> Busy {
    match refused {
        Refused::Full => Busy::Full,
        Refused::Closed => Busy::Stopping,
    }
}

fn lane_of(priority: Priority) -> Lane {
    match priority {
        Priority::Urgent => Lane::Urgent,
        Priority::Routine => Lane::Routine,
    }
}

impl Running {
    /// Stops in order: what waits is committed, the stop is recorded, and the thread ends.
    ///
    /// # Errors
    /// [`Fatal`] where the driver had failed.
    ///
    /// # Panics
    /// If the driver panicked.
    pub fn stop(self) -> Result<(), Fatal> {
        // A mailbox that nobody reads any more means that the thread has ended already.
        let _ended = self.driver.put(Lane::Routine, Source::Here, Letter::Stop);
        self.thread.join().expect("the driver does not panic")
    }
}

fn run<L: Log, I: Index, S: Signer>(
    core: &mut Core<L, I, S>,
    version: String,
    letters: &Receiver<Letter>,
    carry: &mut impl FnMut(Outcome),
    grows: &watch::Sender<u64>,
) -> Result<(), Fatal> {
    let mut entropy = OsEntropy;
    let mut replies = HashMap::new();
    let mut next_ticket = 0;
    let mut inputs = vec![Input::Start { version }];
    let mut stopping = false;
    let mut routine_waited = false;
    let started = Instant::now();
    let mut ticked = started;
    loop {
        for outcome in core.commit(
            Timestamp::system(),
            &mut entropy,
            std::mem::take(&mut inputs),
        )? {
            match outcome {
                Outcome::Reply(ticket, reply) => {
                    let asker: Option<oneshot::Sender<_>> = replies.remove(&ticket);
                    if let Some(asker) = asker {
                        // Whoever asked may have gone; the answer is in the log all the same.
                        let _gone = asker.send(reply);
                    }
                }
                outcome => carry(outcome),
            }
        }
        let size = core.log().size();
        grows.send_if_modified(|known| std::mem::replace(known, size) != size);
        if stopping {
            return core.flush();
        }
        core.settle_due()?;
        letters.wait(TICK.saturating_sub(ticked.elapsed()));
        // A busy mailbox must not keep time from passing.
        if ticked.elapsed() >= TICK {
            ticked = Instant::now();
            inputs.push(Input::Elapsed(started.elapsed()));
            inputs.push(Input::Tick);
        }
        let mut bytes = 0;
        let mut pressing = false;
        for (lane, at_once) in [(Lane::Urgent, GROUP), (Lane::Routine, ROUTINE)] {
            // What somebody waits for makes a group of its own, though never two in a row: what is
            // routine goes on.
            if lane == Lane::Routine {
                routine_waited = pressing && !routine_waited;
                if routine_waited {
                    continue;
                }
            }
            let most = inputs.len() + at_once;
            let mut taken = HashMap::new();
            while !stopping && inputs.len() < most && bytes < GROUP_BYTES {
                let may = |source| match source {
                    Source::Here => true,
                    Source::Peer(_) => taken.get(&source).is_none_or(|n| *n < OF_ONE_PEER),
                };
                let Some((source, letter)) = letters.take(lane, may) else {
                    break;
                };
                bytes += weight(&letter);
                pressing |= presses(&letter);
                let before = inputs.len();
                match letter {
                    Letter::Ask(permit, ask, reply) => {
                        let ticket = Ticket(next_ticket);
                        next_ticket += 1;
                        replies.insert(ticket, reply);
                        inputs.push(Input::Ask(ticket, permit, *ask));
                    }
                    Letter::MayFetch(peer, message, reply) => {
                        let ticket = Ticket(next_ticket);
                        next_ticket += 1;
                        replies.insert(ticket, reply);
                        inputs.push(Input::MayFetch(ticket, peer, message));
                    }
                    Letter::SignedUpTo(peer, reply) => {
                        let ticket = Ticket(next_ticket);
                        next_ticket += 1;
                        replies.insert(ticket, reply);
                        inputs.push(Input::SignedUpTo(ticket, peer));
                    }
                    Letter::News(since, reply) => {
                        let ticket = Ticket(next_ticket);
                        next_ticket += 1;
                        replies.insert(ticket, reply);
                        inputs.push(Input::News(ticket, since));
                    }
                    Letter::Inputs(more) => inputs.extend(more),
                    Letter::Between(job) => job(core.log().size()),
                    Letter::Stop => {
                        inputs.push(Input::Stop);
                        stopping = true;
                    }
                }
                *taken.entry(source).or_insert(0) += inputs.len() - before;
            }
        }
    }
}

/// Whether somebody waits for what is in a letter of the urgent lane: a person, or whoever sent an
/// urgent message.
fn presses(letter: &Letter) -> bool {
    match letter {
        Letter::Ask(..) | Letter::MayFetch(..) => true,
        Letter::Inputs(inputs) => inputs
            .iter()
            .any(|input| matches!(input, Input::Peer(_, FromPeer::Message(..)))),
        Letter::SignedUpTo(..) | Letter::News(..) | Letter::Between(_) | Letter::Stop => false,
    }
}

/// About how much a letter brings into the log, in bytes.
fn weight(letter: &Letter) -> usize {
    match letter {
        Letter::Ask(..) => wire::LONGEST_BODY,
        Letter::Inputs(inputs) => inputs.iter().map(input_weight).sum(),
        Letter::MayFetch(..)
        | Letter::SignedUpTo(..)
        | Letter::News(..)
        | Letter::Between(_)
        | Letter::Stop => 0,
    }
}

fn input_weight(input: &Input) -> usize {
    match input {
        Input::Peer(_, FromPeer::Message(message, _)) => {
            message.header_bytes.len() + message.body_bytes.len()
        }
        Input::Peer(_, FromPeer::Receipt(receipt)) => receipt.receipt.entry.len(),
        _ => 0,
    }
}
