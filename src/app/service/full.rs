//! What is taken back where a group found no room on the disk.

use super::{Recorded, Service};
use crate::app::change::{Change, Other};
use crate::app::input::Effect;
use crate::app::{members, receive};

impl Service {
    /// The append did not happen: whatever was counted as sent goes again, what was counted as taken
    /// costs its sender nothing, and a list that came into force all the same is recorded with the next
    /// group. `size` is that of the log.
    pub fn turned_down(&mut self, size: u64, recorded: &[Recorded], effects: &[Effect]) {
        let list = |recorded: &Recorded| {
            matches!(
                recorded.change,
                Change::Other(Other::TrustListInForce { .. })
            )
        };
        self.alarms.turned_down(size, recorded, effects);
        if recorded.iter().any(list) {
            self.list_on_record = None;
        }
        self.witness.turned_down();
        self.fetching.turned_down();
        self.keys_on_record = false;
        self.conflicts = members::Conflicts::default();
        self.list_expired = None;
        for recorded in recorded {
            if let Change::Received(message, _) = &recorded.change {
                receive::give_back(self, message);
            }
        }
        for effect in effects {
            if let Effect::Send { peer, entries, .. } | Effect::Receipts { peer, entries } = effect
            {
                for entry in entries {
                    self.flight.release(peer.member, *entry);
                }
            }
        }
        self.stirred.extend(self.flight.members());
    }
}
