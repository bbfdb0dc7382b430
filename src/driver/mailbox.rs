//! What waits for the driver: two lanes, each in order, of which the first goes first.
//!
//! A full lane is "busy" for people and flow control for peers, each for itself, so that much that is
//! routine does not keep out what is urgent.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Which lane a letter waits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Before all that is routine.
    Urgent,
    /// When nothing urgent waits, and a little of it even then.
    Routine,
}

/// Why a letter was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Its lane is full.
    Full,
    /// Nobody reads any more.
    Closed,
}

struct State<T> {
    urgent: VecDeque<T>,
    routine: VecDeque<T>,
    closed: bool,
}

impl<T> State<T> {
    fn lane(&mut self, lane: Lane) -> &mut VecDeque<T> {
        match lane {
            Lane::Urgent => &mut self.urgent,
            Lane::Routine => &mut self.routine,
        }
    }
}

struct Shared<T> {
    room: usize,
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

/// A mailbox with room for as many letters in each lane.
pub fn mailbox<T>(room: usize) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        room,
        state: Mutex::new(State {
            urgent: VecDeque::new(),
            routine: VecDeque::new(),
            closed: false,
        }),
        filled: Condvar::new(),
        emptied: Condvar::new(),
    });
    (Sender(shared.clone()), Receiver(shared))
}

impl<T> Sender<T> {
    /// Puts a letter in.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn try_send(&self, lane: Lane, letter: T) -> Result<(), Refused> {
        let mut state = self.0.lock();
        if state.closed {
            return Err(Refused::Closed);
        }
        let waiting = state.lane(lane);
        if waiting.len() >= self.0.room {
            return Err(Refused::Full);
        }
        waiting.push_back(letter);
        drop(state);
        self.0.filled.notify_one();
        Ok(())
    }

    /// Puts a letter in as soon as its lane has room. Blocks.
    ///
    /// # Errors
    /// [`Refused::Closed`].
    pub fn send(&self, lane: Lane, letter: T) -> Result<(), Refused> {
        let mut state = self.0.lock();
        while !state.closed && state.lane(lane).len() >= self.0.room {
            let emptied = self.0.emptied.wait(state);
            state = emptied.unwrap_or_else(PoisonError::into_inner);
        }
        if state.closed {
            return Err(Refused::Closed);
        }
        state.lane(lane).push_back(letter);
        drop(state);
        self.0.filled.notify_one();
        Ok(())
    }
}

impl<T> Receiver<T> {
    /// The next letter of a lane, if one waits.
    pub fn take(&self, lane: Lane) -> Option<T> {
        let taken = self.0.lock().lane(lane).pop_front();
        if taken.is_some() {
            self.0.emptied.notify_all();
        }
        taken
    }

    /// Waits until a letter is there, at most this long. Blocks.
    pub fn wait(&self, most: Duration) {
        let until = Instant::now() + most;
        let mut state = self.0.lock();
        while state.urgent.is_empty() && state.routine.is_empty() {
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

    #[test]
    fn each_lane_gives_its_letters_in_order() {
        let (sender, receiver) = mailbox(9);
        for (lane, letter) in [
            (Lane::Routine, 1),
            (Lane::Urgent, 2),
            (Lane::Routine, 3),
            (Lane::Urgent, 4),
        ] {
            sender.try_send(lane, letter).unwrap();
        }
        let urgent = || receiver.take(Lane::Urgent);
        assert_eq!((urgent(), urgent(), urgent()), (Some(2), Some(4), None));
        let routine = || receiver.take(Lane::Routine);
        assert_eq!((routine(), routine(), routine()), (Some(1), Some(3), None));
    }

    #[test]
    fn a_full_lane_leaves_room_in_the_other() {
        let (sender, receiver) = mailbox(1);
        sender.try_send(Lane::Routine, 1).unwrap();
        assert_eq!(sender.try_send(Lane::Routine, 2), Err(Refused::Full));
        assert_eq!(sender.try_send(Lane::Urgent, 3), Ok(()));
        assert_eq!(receiver.take(Lane::Routine), Some(1));
        assert_eq!(sender.try_send(Lane::Routine, 4), Ok(()));
    }

    #[test]
    fn whoever_waits_for_room_goes_on_when_a_letter_is_taken() {
        let (sender, receiver) = mailbox(1);
        sender.try_send(Lane::Urgent, 1).unwrap();
        let waiting = std::thread::spawn(move || sender.send(Lane::Urgent, 2));
        assert_eq!(receiver.take(Lane::Urgent), Some(1));
        assert_eq!(waiting.join().unwrap(), Ok(()));
        assert_eq!(receiver.take(Lane::Urgent), Some(2));
    }

    #[test]
    fn whoever_waits_for_a_letter_wakes_when_one_comes() {
        let (sender, receiver) = mailbox(1);
        let waiting = std::thread::spawn(move || {
            receiver.wait(Duration::MAX / 4);
            receiver.take(Lane::Routine)
        });
        sender.send(Lane::Routine, 1).unwrap();
        assert_eq!(waiting.join().unwrap(), Some(1));
    }

    #[test]
    fn waiting_ends_in_time() {
        let (_sender, receiver) = mailbox::<u8>(1);
        receiver.wait(AT_ONCE);
        assert_eq!(receiver.take(Lane::Urgent), None);
    }

    #[test]
    fn a_mailbox_that_nobody_reads_takes_nothing_and_drops_what_waited() {
        let (sender, receiver) = mailbox(1);
        let (letter, answer) = std::sync::mpsc::channel::<u8>();
        sender.try_send(Lane::Urgent, letter.clone()).unwrap();
        drop(receiver);
        assert_eq!(
            sender.send(Lane::Urgent, letter.clone()),
            Err(Refused::Closed)
        );
        assert_eq!(sender.try_send(Lane::Routine, letter), Err(Refused::Closed));
        assert!(answer.recv().is_err());
    }
}
