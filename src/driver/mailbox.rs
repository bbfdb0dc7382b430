//! What waits for the driver: two lanes, of which the first goes first, and in each lane everyone
//! whose letters wait there by turns.
//!
//! Each has room of its own in each lane. Where it is full, that is "busy" for people and flow control
//! for a peer, and nobody else feels it: much that is routine does not keep out what is urgent, and a
//! peer that sends without end does not keep out another.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::base::NodeId;

/// Which lane a letter waits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Before all that is routine.
    Urgent,
    /// When nothing urgent waits, and a little of it even then.
    Routine,
}

/// Whose letter it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The node's own people, and the node itself.
    Here,
    /// A peer.
    Peer(NodeId),
}

/// How much may wait, of one in one lane. A letter that is larger than all of the room is taken where
/// nothing else waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Letters.
    pub letters: usize,
    /// Bytes.
    pub bytes: usize,
}

/// Why a letter was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Its sender's room in its lane is full.
    Full,
    /// Nobody reads any more.
    Closed,
}

/// What waits of one in one lane.
struct Queue<T> {
    letters: VecDeque<(T, usize)>,
    bytes: usize,
}

impl<T> Queue<T> {
    fn has_room(&self, room: Room, bytes: usize) -> bool {
        self.letters.is_empty()
            || self.letters.len() < room.letters && self.bytes.saturating_add(bytes) <= room.bytes
    }
}

/// A lane: a queue for each whose letters wait, and whose turn it is.
struct Waiting<T> {
    queues: HashMap<Source, Queue<T>>,
    turns: VecDeque<Source>,
}

impl<T> Waiting<T> {
    fn new() -> Self {
        Self {
            queues: HashMap::new(),
            turns: VecDeque::new(),
        }
    }

    fn has_room(&self, from: Source, room: Room, bytes: usize) -> bool {
        self.queues
            .get(&from)
            .is_none_or(|queue| queue.has_room(room, bytes))
    }

    fn push(&mut self, from: Source, letter: T, bytes: usize) {
        let queue = self.queues.entry(from).or_insert_with(|| {
            self.turns.push_back(from);
            Queue {
                letters: VecDeque::new(),
                bytes: 0,
            }
        });
        queue.letters.push_back((letter, bytes));
        queue.bytes += bytes;
    }

    fn take(&mut self, may: impl Fn(Source) -> bool) -> Option<(Source, T)> {
        let place = self.turns.iter().position(|from| may(*from))?;
        let from = self.turns.remove(place)?;
        let queue = self.queues.get_mut(&from)?;
        let (letter, bytes) = queue.letters.pop_front()?;
        queue.bytes -= bytes;
        if queue.letters.is_empty() {
            self.queues.remove(&from);
        } else {
            self.turns.push_back(from);
        }
        Some((from, letter))
    }

    fn clear(&mut self) {
        self.queues.clear();
        self.turns.clear();
    }
}

struct State<T> {
    urgent: Waiting<T>,
    routine: Waiting<T>,
    closed: bool,
}

impl<T> State<T> {
    fn lane(&mut self, lane: Lane) -> &mut Waiting<T> {
        match lane {
            Lane::Urgent => &mut self.urgent,
            Lane::Routine => &mut self.routine,
        }
    }
}

struct Shared<T> {
    here: Room,
    peer: Room,
    state: Mutex<State<T>>,
    /// A letter came.
    filled: Condvar,
    /// A letter was taken, or nobody reads any more.
    emptied: Condvar,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn room(&self, from: Source) -> Room {
        match from {
            Source::Here => self.here,
            Source::Peer(_) => self.peer,
        }
    }
}

/// Where letters are put.
pub struct Sender<T>(Arc<Shared<T>>);

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Where letters are taken from. Dropped, it closes the mailbox.
pub struct Receiver<T>(Arc<Shared<T>>);

/// A mailbox with so much room in each lane for what is from here, and so much for each peer.
pub fn mailbox<T>(here: Room, peer: Room) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        here,
        peer,
        state: Mutex::new(State {
            urgent: Waiting::new(),
            routine: Waiting::new(),
            closed: false,
        }),
        filled: Condvar::new(),
        emptied: Condvar::new(),
    });
    (Sender(shared.clone()), Receiver(shared))
}

impl<T> Sender<T> {
    /// Puts a letter of so many bytes in.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn try_send(
        &self,
        lane: Lane,
        from: Source,
        letter: T,
        bytes: usize,
    ) -> Result<(), Refused> {
        let room = self.0.room(from);
        let mut state = self.0.lock();
        if state.closed {
            return Err(Refused::Closed);
        }
        let waiting = state.lane(lane);
        if !waiting.has_room(from, room, bytes) {
            return Err(Refused::Full);
        }
        waiting.push(from, letter, bytes);
        drop(state);
        self.0.filled.notify_one();
        Ok(())
    }

    /// Puts a letter of so many bytes in as soon as there is room for it. Blocks.
    ///
    /// # Errors
    /// [`Refused::Closed`].
    pub fn send(&self, lane: Lane, from: Source, letter: T, bytes: usize) -> Result<(), Refused> {
        let room = self.0.room(from);
        let mut state = self.0.lock();
        while !state.closed && !state.lane(lane).has_room(from, room, bytes) {
            let emptied = self.0.emptied.wait(state);
            state = emptied.unwrap_or_else(PoisonError::into_inner);
        }
        if state.closed {
            return Err(Refused::Closed);
        }
        state.lane(lane).push(from, letter, bytes);
        drop(state);
        self.0.filled.notify_one();
        Ok(())
    }
}

impl<T> Receiver<T> {
    /// The next letter of a lane, by turns, of those who `may` have one taken; none if none waits.
    pub fn take(&self, lane: Lane, may: impl Fn(Source) -> bool) -> Option<(Source, T)> {
        let taken = self.0.lock().lane(lane).take(may);
        if taken.is_some() {
            self.0.emptied.notify_all();
        }
        taken
    }

    /// Waits until a letter is there, at most this long. Blocks.
    pub fn wait(&self, most: Duration) {
        let until = Instant::now() + most;
        let mut state = self.0.lock();
        while state.urgent.turns.is_empty() && state.routine.turns.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let filled = self.0.filled.wait_timeout(state, left);
            state = filled.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        // Whoever waits for an answer to one of these hears that there will be none.
        state.urgent.clear();
        state.routine.clear();
        drop(state);
        self.0.emptied.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: Duration = Duration::ZERO;
    const FEW: Room = Room {
        letters: 1,
        bytes: 100,
    };
    const MANY: Room = Room {
        letters: 9,
        bytes: 100,
    };

    fn peer(text: &str) -> Source {
        Source::Peer(NodeId::first(text.parse().unwrap()))
    }

    fn anyone(_: Source) -> bool {
        true
    }

    fn next<T>(receiver: &Receiver<T>, lane: Lane) -> Option<T> {
        receiver.take(lane, anyone).map(|(_, letter)| letter)
    }

    #[test]
    fn each_lane_gives_the_letters_of_one_in_order() {
        let (sender, receiver) = mailbox(MANY, FEW);
        for (lane, letter) in [
            (Lane::Routine, 1),
            (Lane::Urgent, 2),
            (Lane::Routine, 3),
            (Lane::Urgent, 4),
        ] {
            sender.try_send(lane, Source::Here, letter, 0).unwrap();
        }
        let urgent = || next(&receiver, Lane::Urgent);
        assert_eq!((urgent(), urgent(), urgent()), (Some(2), Some(4), None));
        let routine = || next(&receiver, Lane::Routine);
        assert_eq!((routine(), routine(), routine()), (Some(1), Some(3), None));
    }

    #[test]
    fn all_whose_letters_wait_have_their_turn() {
        let (sender, receiver) = mailbox(MANY, MANY);
        let from = [peer("MK"), peer("MK"), peer("MK"), peer("TR"), Source::Here];
        for (letter, from) in from.into_iter().enumerate() {
            sender.try_send(Lane::Urgent, from, letter, 0).unwrap();
        }
        let taken = std::iter::from_fn(|| next(&receiver, Lane::Urgent));
        assert_eq!(taken.collect::<Vec<_>>(), [0, 3, 4, 1, 2]);
    }

    #[test]
    fn whoever_has_had_enough_waits_and_the_others_do_not() {
        let (sender, receiver) = mailbox(MANY, MANY);
        for (letter, from) in [peer("MK"), peer("MK"), peer("TR")].into_iter().enumerate() {
            sender.try_send(Lane::Urgent, from, letter, 0).unwrap();
        }
        let not_mk = |from| from != peer("MK");
        assert_eq!(receiver.take(Lane::Urgent, not_mk), Some((peer("TR"), 2)));
        assert_eq!(receiver.take(Lane::Urgent, not_mk), None);
        assert_eq!(next(&receiver, Lane::Urgent), Some(0));
        assert_eq!(next(&receiver, Lane::Urgent), Some(1));
    }

    #[test]
    fn a_full_lane_leaves_room_in_the_other() {
        let (sender, receiver) = mailbox(FEW, FEW);
        let send = |lane, letter| sender.try_send(lane, Source::Here, letter, 0);
        send(Lane::Routine, 1).unwrap();
        assert_eq!(send(Lane::Routine, 2), Err(Refused::Full));
        assert_eq!(send(Lane::Urgent, 3), Ok(()));
        assert_eq!(next(&receiver, Lane::Routine), Some(1));
        assert_eq!(send(Lane::Routine, 4), Ok(()));
    }

    #[test]
    fn a_peer_that_has_filled_its_room_leaves_room_to_others() {
        let (sender, _receiver) = mailbox(FEW, FEW);
        let send = |from| sender.try_send(Lane::Urgent, from, 0, 0);
        send(peer("MK")).unwrap();
        assert_eq!(send(peer("MK")), Err(Refused::Full));
        assert_eq!(send(peer("TR")), Ok(()));
        assert_eq!(send(Source::Here), Ok(()));
    }

    #[test]
    fn room_is_measured_in_bytes_too() {
        let (sender, receiver) = mailbox(MANY, MANY);
        let send = |bytes| sender.try_send(Lane::Urgent, peer("MK"), bytes, bytes);
        send(60).unwrap();
        send(40).unwrap();
        assert_eq!(send(1), Err(Refused::Full));
        assert_eq!(next(&receiver, Lane::Urgent), Some(60));
        assert_eq!(send(60), Ok(()));
    }

    #[test]
    fn a_letter_larger_than_the_room_is_taken_alone() {
        let (sender, receiver) = mailbox(MANY, MANY);
        let send = |bytes| sender.try_send(Lane::Urgent, peer("MK"), bytes, bytes);
        send(1_000).unwrap();
        assert_eq!(send(1_000), Err(Refused::Full));
        assert_eq!(next(&receiver, Lane::Urgent), Some(1_000));
        assert_eq!(send(1_000), Ok(()));
    }

    #[test]
    fn whoever_waits_for_room_goes_on_when_a_letter_is_taken() {
        let (sender, receiver) = mailbox(FEW, FEW);
        sender.try_send(Lane::Urgent, Source::Here, 1, 0).unwrap();
        let waiting = std::thread::spawn(move || sender.send(Lane::Urgent, Source::Here, 2, 0));
        assert_eq!(next(&receiver, Lane::Urgent), Some(1));
        assert_eq!(waiting.join().unwrap(), Ok(()));
        assert_eq!(next(&receiver, Lane::Urgent), Some(2));
    }

    #[test]
    fn whoever_waits_for_a_letter_wakes_when_one_comes() {
        let (sender, receiver) = mailbox(FEW, FEW);
        let waiting = std::thread::spawn(move || {
            receiver.wait(Duration::MAX / 4);
            next(&receiver, Lane::Routine)
        });
        sender.send(Lane::Routine, Source::Here, 1, 0).unwrap();
        assert_eq!(waiting.join().unwrap(), Some(1));
    }

    #[test]
    fn waiting_ends_in_time() {
        let (_sender, receiver) = mailbox::<u8>(FEW, FEW);
        receiver.wait(AT_ONCE);
        assert_eq!(next(&receiver, Lane::Urgent), None);
    }

    #[test]
    fn a_mailbox_that_nobody_reads_takes_nothing_and_drops_what_waited() {
        let (sender, receiver) = mailbox(FEW, FEW);
        let (letter, answer) = std::sync::mpsc::channel::<u8>();
        let (urgent, here) = (Lane::Urgent, Source::Here);
        sender.try_send(urgent, here, letter.clone(), 0).unwrap();
        drop(receiver);
        let refused = sender.send(urgent, here, letter.clone(), 0);
        assert_eq!(refused, Err(Refused::Closed));
        let refused = sender.try_send(Lane::Routine, here, letter, 0);
        assert_eq!(refused, Err(Refused::Closed));
        assert!(answer.recv().is_err());
    }
}
