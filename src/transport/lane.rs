//! Frames that wait for their turn on a link: one bounded queue a class.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::{Class, SendError};

/// Frames in a queue at most.
const MAX_FRAMES: usize = 64;
/// Bytes in a queue at most, unless it is a single frame.
const MAX_BYTES: usize = 1024 * 1024;

/// The queues of one link.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    urgent: Lane,
    routine: Lane,
}

impl Lanes {
    pub(super) fn of(&self, class: Class) -> &Lane {
        match class {
            Class::Urgent => &self.urgent,
            Class::Routine => &self.routine,
        }
    }
}

/// One queue.
#[derive(Debug, Default)]
pub(super) struct Lane {
    queue: Mutex<Queue>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Vec<u8>>,
    /// Frames and bytes that wait or are being written.
    frames: usize,
    bytes: usize,
    /// A frame was refused since there was last room.
    refused: bool,
}

impl Lane {
    pub(super) fn push(&self, frame: Vec<u8>) -> Result<(), SendError> {
        let mut queue = self.lock();
        let fits = queue.frames < MAX_FRAMES && queue.bytes + frame.len() <= MAX_BYTES;
        if !fits && queue.frames > 0 {
            queue.refused = true;
            return Err(SendError::Full);
        }
        queue.frames += 1;
        queue.bytes += frame.len();
        queue.waiting.push_back(frame);
        drop(queue);
        self.filled.notify_one();
        Ok(())
    }

    /// All frames that wait, at least one.
    pub(super) async fn take(&self) -> Vec<Vec<u8>> {
        loop {
            let filled = self.filled.notified();
            let waiting = std::mem::take(&mut self.lock().waiting);
            if !waiting.is_empty() {
                return waiting.into();
            }
            filled.await;
        }
    }

    /// Frames that were taken have been written. Says whether that makes room for one who was
    /// refused.
    pub(super) fn written(&self, frames: usize, bytes: usize) -> bool {
        let mut queue = self.lock();
        queue.frames -= frames;
        queue.bytes -= bytes;
        std::mem::take(&mut queue.refused)
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_lane_says_when_there_is_room_again() {
        let lane = Lane::default();
        for n in 0..64 {
            lane.push(vec![n; 10]).unwrap();
        }
        assert_eq!(lane.push(vec![0]), Err(SendError::Full));
        let taken = lane.take().await;
        assert_eq!(taken.len(), 64);
        assert_eq!(taken[63], [63; 10]);
        assert_eq!(lane.push(vec![0]), Err(SendError::Full));
        assert!(lane.written(64, 640));
        lane.push(vec![0]).unwrap();
        assert!(!lane.written(0, 0));
    }

    #[test]
    fn bytes_are_bounded_too_but_a_frame_of_any_length_fits_an_empty_lane() {
        let lane = Lane::default();
        lane.push(vec![0; MAX_BYTES]).unwrap();
        assert_eq!(lane.push(vec![0]), Err(SendError::Full));
    }
}
