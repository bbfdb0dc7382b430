//! Which peer may fetch the attachments of which message: those, and only those, that it was sent.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use crate::base::{MemberId, MessageId};

/// Grants in memory: they come with each sending, which a new link repeats until it is receipted,
/// and fetching begins only after that.
#[derive(Clone, Default)]
pub struct Grants(Arc<Mutex<HashMap<MessageId, HashSet<MemberId>>>>);

impl Grants {
    /// The member may fetch what the message lists.
    pub fn grant(&self, member: MemberId, message: MessageId) {
        if let Ok(mut grants) = self.0.lock() {
            grants.entry(message).or_default().insert(member);
        }
    }

    /// Whether the member may.
    pub fn allows(&self, member: MemberId, message: MessageId) -> bool {
        self.0
            .lock()
            .is_ok_and(|grants| grants.get(&message).is_some_and(|to| to.contains(&member)))
    }
}
