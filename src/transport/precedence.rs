//! Who writes first where several streams of a connection have something to send: bytes once written
//! leave in the order of their streams' priority, but there is room for few on a slow line.

use std::sync::Arc;

use tokio::sync::watch;

/// From attachments to what is urgent.
const LEVELS: usize = 3;

/// How many streams of each level are being written to.
#[derive(Debug, Clone)]
pub(super) struct Precedence(Arc<watch::Sender<[usize; LEVELS]>>);

impl Default for Precedence {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new([0; LEVELS])))
    }
}

impl Precedence {
    /// Something of this level is being written until what it gives is dropped.
    pub(super) fn write(&self, level: usize) -> Writing {
        self.0.send_modify(|writing| writing[level] += 1);
        Writing {
            precedence: self.clone(),
            level,
        }
    }
}

/// Something is being written.
pub(super) struct Writing {
    precedence: Precedence,
    level: usize,
}

impl Writing {
    /// Waits until nothing of a higher level is being written.
    pub(super) async fn turn(&self) {
        let level = self.level;
        let free = |writing: &[usize; LEVELS]| writing[level + 1..].iter().all(|n| *n == 0);
        if free(&self.precedence.0.borrow()) {
            return;
        }
        let mut writing = self.precedence.0.subscribe();
        // The sender is in self and so lives as long as the wait.
        let _ = writing.wait_for(free).await;
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let level = self.level;
        self.precedence.0.send_modify(|writing| writing[level] -= 1);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn what_is_higher_goes_first_and_equals_side_by_side() {
        let precedence = Precedence::default();
        let routine = precedence.write(1);
        let attachment = precedence.write(0);
        let another = precedence.write(0);
        assert!(routine.turn().now_or_never().is_some());
        assert!(attachment.turn().now_or_never().is_none());
        let urgent = precedence.write(2);
        assert!(routine.turn().now_or_never().is_none());
        drop(urgent);
        drop(routine);
        assert!(attachment.turn().now_or_never().is_some());
        assert!(another.turn().now_or_never().is_some());
    }
}
