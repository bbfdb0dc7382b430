//! Which exchanges and alerts a list shows, and in which order.

use crate::domain::Status;
use crate::domain::alert::{AlertState, Corridor, EventType};

/// Which alerts a list shows; none of a field for all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlertFilter {
    /// Only those about this corridor.
    pub corridor: Option<Corridor>,
    /// Only those of this event type.
    pub event: Option<EventType>,
    /// Only those in this state; [`AlertState::Superseded`] for those with earlier versions.
    pub state: Option<AlertState>,
    /// Only those of this status.
    pub status: Option<Status>,
}

/// In which order exchanges are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Those first in which something happened last.
    #[default]
    Latest,
    /// Those first whose clock runs out first; then those whose clock stands still, those that
    /// wait to be delivered, and those that ended.
    TimeLeft,
}
