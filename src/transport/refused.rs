//! How often strangers and misbehaving peers were turned away: counters, and nothing that grows.

use std::sync::atomic::{AtomicU64, Ordering};

/// What somebody was refused for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    UnlistedKey,
    WrongName,
    Handshake,
    Busy,
    Hello,
}

/// How often each refusal happened since the transport was bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Refused {
    /// A certificate whose key is not one of the expected node, either way.
    pub unlisted_key: u64,
    /// A listed key in a certificate that names another node.
    pub wrong_name: u64,
    /// Incoming handshakes that failed, the two above included.
    pub handshake: u64,
    /// Handshakes for which there was no place, or that gave theirs to another.
    pub busy: u64,
    /// Connections of listed peers whose hello was late, malformed or not admitted.
    pub hello: u64,
}

/// The running counters.
#[derive(Debug, Default)]
pub(super) struct Counters([AtomicU64; 5]);

impl Counters {
    pub(super) fn count(&self, refusal: Refusal) {
        self.0[refusal as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Refused {
        let read = |refusal| self.0[refusal as usize].load(Ordering::Relaxed);
        Refused {
            unlisted_key: read(Refusal::UnlistedKey),
            wrong_name: read(Refusal::WrongName),
            handshake: read(Refusal::Handshake),
            busy: read(Refusal::Busy),
            hello: read(Refusal::Hello),
        }
    }
}
