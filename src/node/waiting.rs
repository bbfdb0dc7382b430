//! Frames that wait until a link takes them, in order, for each peer and class.

use std::collections::{HashMap, VecDeque};

use tracing::debug;

use crate::base::NodeId;
use crate::transport::{Class, SendError};

/// Bytes of frames of one class that wait for a link before more is dropped: what is unanswered goes again
/// in time, and all else that a peer has to know with the next link.
const WAITING_BYTES: usize = 4 * 1024 * 1024;

/// About what a frame takes in memory beside its bytes.
const FRAME_ROOM: usize = 64;

/// Where frames go.
pub type Way = (NodeId, Class);

/// The frames that wait.
#[derive(Debug, Default)]
pub struct Waiting(HashMap<Way, Frames>);

#[derive(Debug, Default)]
struct Frames {
    frames: VecDeque<Vec<u8>>,
    /// What they take in memory.
    bytes: usize,
}

fn size(frame: &[u8]) -> usize {
    frame.len() + FRAME_ROOM
}

impl Waiting {
    /// Whether more may wait for this way; if not, that is said.
    pub fn has_room(&self, way: Way) -> bool {
        let room = self.0.get(&way).is_none_or(|f| f.bytes <= WAITING_BYTES);
        if !room {
            debug!(event = "frames-dropped", peer = %way.0, "the link is slow; they go again later");
        }
        room
    }

    /// Adds frames that go after all others on this way.
    pub fn add(&mut self, way: Way, frames: impl Iterator<Item = Vec<u8>>) {
        let held = self.0.entry(way).or_default();
        for frame in frames {
            held.bytes += size(&frame);
            held.frames.push_back(frame);
        }
    }

    /// Drops all that waits for a peer.
    pub fn forget(&mut self, peer: NodeId) {
        for class in [Class::Urgent, Class::Routine] {
            self.0.remove(&(peer, class));
        }
    }

    /// Gives the frames of this way to `send` until it takes no more.
    pub fn flush(&mut self, way: Way, mut send: impl FnMut(Vec<u8>) -> Result<(), SendError>) {
        let Some(held) = self.0.get_mut(&way) else {
            return;
        };
        while let Some(frame) = held.frames.front() {
            match send(frame.clone()) {
                Ok(()) => {
                    held.bytes -= size(frame);
                    held.frames.pop_front();
                }
                Err(SendError::Full) => return,
                Err(error @ (SendError::NotConnected | SendError::Length)) => {
                    debug!(event = "frame-dropped", peer = %way.0, %error, "it goes again with the next link");
                    held.frames.clear();
                }
            }
        }
        self.0.remove(&way);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way() -> Way {
        ("MK-1".parse().unwrap(), Class::Urgent)
    }

    fn add(waiting: &mut Waiting, frame: &[u8]) {
        waiting.add(way(), std::iter::once(frame.to_vec()));
    }

    #[test]
    fn what_waits_goes_in_order_as_far_as_the_link_takes_it() {
        let (mut waiting, mut sent) = (Waiting::default(), Vec::new());
        for frame in [b"1", b"2", b"3"] {
            add(&mut waiting, frame);
        }
        for room in [1, 0, 5] {
            let mut room = room;
            waiting.flush(way(), |frame| {
                room -= 1;
                let full = room < 0;
                (!full).then(|| sent.push(frame)).ok_or(SendError::Full)
            });
        }
        assert_eq!(sent, [b"1", b"2", b"3"]);
        waiting.flush(way(), |_| panic!("nothing waits"));
    }

    #[test]
    fn small_frames_that_nobody_takes_are_bounded_by_what_they_hold_in_memory() {
        let mut waiting = Waiting::default();
        let mut frames = 0;
        while waiting.has_room(way()) {
            add(&mut waiting, &[0; 40]);
            frames += 1;
        }
        assert!(frames < 50_000, "{frames}");
        let other = ("MK-1".parse().unwrap(), Class::Routine);
        assert!(waiting.has_room(other));
        let mut sent = 0;
        waiting.flush(way(), |_| {
            sent += 1;
            (sent < 10).then_some(()).ok_or(SendError::Full)
        });
        assert!(waiting.has_room(way()), "some of it went");
    }

    #[test]
    fn what_waits_for_a_link_that_is_gone_goes_with_it() {
        let mut waiting = Waiting::default();
        add(&mut waiting, b"1");
        waiting.forget(way().0);
        add(&mut waiting, b"2");
        waiting.flush(way(), |_| Err(SendError::NotConnected));
        waiting.flush(way(), |_| panic!("nothing waits"));
    }
}
