//! Frames of peers that are signed by a log key which is not known here. The bundle that names it may be
//! on its way, so that they are set aside and read again, before they are held against the peer.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::base::NodeId;

/// Frames of one peer that are set aside at most.
const FRAMES: usize = 16;
/// Bytes of frames of one peer that are set aside at most.
const BYTES: usize = 1024 * 1024;
/// How long a linked peer has to hand over its bundle.
const PATIENCE: Duration = Duration::from_secs(60);

/// Frames, each with the time since which it waits on a link, by peer, in the order they came.
type Frames = HashMap<NodeId, Vec<(Instant, Vec<u8>)>>;

/// The frames set aside.
#[derive(Debug, Default)]
pub struct Aside(Mutex<Frames>);

impl Aside {
    /// Sets a frame of a peer aside. Says whether there is room.
    pub fn put(&self, peer: NodeId, frame: &[u8], now: Instant) -> bool {
        let mut frames = self.frames();
        let of_peer = frames.entry(peer).or_default();
        let bytes: usize = of_peer.iter().map(|(_, frame)| frame.len()).sum();
        let room = of_peer.len() < FRAMES && bytes + frame.len() <= BYTES;
        if room {
            of_peer.push((now, frame.to_vec()));
        }
        room
    }

    /// Takes all frames of a peer, whose bundle has come.
    pub fn take(&self, peer: NodeId) -> Vec<Vec<u8>> {
        let taken = self.frames().remove(&peer).unwrap_or_default();
        taken.into_iter().map(|(_, frame)| frame).collect()
    }

    /// Takes the frames of a peer that have waited for its bundle for too long.
    pub fn overdue(&self, peer: NodeId, now: Instant) -> Vec<Vec<u8>> {
        let mut frames = self.frames();
        let Some(of_peer) = frames.get_mut(&peer) else {
            return Vec::new();
        };
        let due = |(since, _): &mut (Instant, Vec<u8>)| now.duration_since(*since) >= PATIENCE;
        let overdue = of_peer.extract_if(.., due).map(|(_, frame)| frame);
        overdue.collect()
    }

    /// A link with a peer is up: it has all the time for its bundle again.
    pub fn link_up(&self, peer: NodeId, now: Instant) {
        let mut frames = self.frames();
        for (since, _) in frames.get_mut(&peer).into_iter().flatten() {
            *since = now;
        }
    }

    fn frames(&self) -> MutexGuard<'_, Frames> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peers() -> [NodeId; 2] {
        ["MK-1", "TR-1"].map(|node| node.parse().unwrap())
    }

    #[test]
    fn frames_come_back_in_order_once_their_peers_bundle_has_come() {
        let ([mk, tr], aside, now) = (peers(), Aside::default(), Instant::now());
        for (peer, frame) in [(mk, b"1"), (tr, b"2"), (mk, b"3")] {
            assert!(aside.put(peer, frame, now));
        }
        assert_eq!(aside.take(mk), [b"1", b"3"]);
        assert_eq!(aside.take(mk), [b"0"; 0]);
        assert_eq!(aside.take(tr), [b"2"]);
    }

    #[test]
    fn one_peer_fills_its_own_room_alone() {
        let ([mk, tr], aside, now) = (peers(), Aside::default(), Instant::now());
        for _ in 0..FRAMES {
            assert!(aside.put(mk, b"short", now));
        }
        assert!(!aside.put(mk, b"one more", now));
        assert!(aside.put(tr, &vec![0; BYTES], now));
        assert!(!aside.put(tr, b"one more", now));
    }

    #[test]
    fn a_frame_is_overdue_after_a_minute_on_a_link() {
        let ([mk, tr], aside, now) = (peers(), Aside::default(), Instant::now());
        assert!(aside.put(mk, b"early", now));
        assert!(aside.put(mk, b"late", now + Duration::from_secs(1)));
        assert_eq!(aside.overdue(tr, now + PATIENCE), [b"0"; 0]);
        assert_eq!(aside.overdue(mk, now + PATIENCE), [b"early"]);
        assert_eq!(aside.take(mk), [b"late"]);
    }

    #[test]
    fn a_new_link_begins_the_minute_anew() {
        let ([mk, _], aside, now) = (peers(), Aside::default(), Instant::now());
        assert!(aside.put(mk, b"early", now));
        aside.link_up(mk, now + PATIENCE);
        assert_eq!(aside.overdue(mk, now + PATIENCE), [b"0"; 0]);
        assert_eq!(aside.overdue(mk, now + PATIENCE * 2), [b"early"]);
    }
}
