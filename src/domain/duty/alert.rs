//! What an officer must do now about an alert: one of this office that a member does not have yet, or
//! one that came and that nobody here has opened.

use super::attention::reason;
use super::{Attention, Concern, DutyLevel, LooseEnd, LooseState, Matter, Reach, Reason};
use crate::base::Timestamp;
use crate::domain::message::Priority;
use crate::domain::profile::delivery;
use crate::domain::rfi::Side;

/// What an officer must do now about the last version of an alert at one member, if anything: its
/// publisher stands as the requesting side, and whoever is to have it as the requested one. It is shown,
/// and no level of a roster is told.
pub fn alert_attention(
    priority: Priority,
    end: &LooseEnd,
    reach: &Reach<'_>,
    now: Timestamp,
) -> Option<Attention> {
    let within = delivery(priority);
    let end_of = end.since.plus(within);
    let (matter, appears, roster) = match (end.state, priority) {
        (LooseState::Queued, _) => (Matter::Undelivered, end_of, reach.theirs),
        (LooseState::Refused(_), _) => (Matter::Refused, end.since, reach.theirs),
        (LooseState::Expired, _) => (Matter::Expired, end.since, reach.theirs),
        (LooseState::Unread, Priority::Urgent) => (Matter::Unread, end.since, reach.own),
        (LooseState::Unread, Priority::Routine) => (Matter::Unread, end_of, reach.own),
    };
    let concern = Concern {
        matter,
        message: Some(end.message),
        refusal: end.state.refusal(),
        since: end.since,
        limit: Some((within, end_of)),
        appears,
        levels: Vec::new(),
    };
    let reason = reason(&concern, reach, now);
    (appears <= now).then(|| Attention {
        reason,
        level: 0,
        unlinked_since: reach.unlinked_since.filter(|_| reason == Reason::NoLink),
        call: Side::Requested,
        post: roster.at(DutyLevel::Desk, now).cloned(),
        last_call: None,
        concern,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::MessageId;
    use crate::domain::duty::Roster;

    const MINUTE: Duration = Duration::from_secs(60);
    fn sent() -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000)
    }

    /// The reason, so long after an alert was sent.
    fn after(
        minutes: u32,
        priority: Priority,
        state: LooseState,
        unlinked_since: Option<Timestamp>,
    ) -> Option<Reason> {
        let nobody = Roster::default();
        let end = LooseEnd {
            message: MessageId::from_bytes([1; 16]),
            since: sent(),
            state,
        };
        let reach = Reach {
            unlinked_since,
            withheld: false,
            own: &nobody,
            theirs: &nobody,
        };
        let now = sent().plus(MINUTE * minutes);
        alert_attention(priority, &end, &reach, now).map(|attention| attention.reason)
    }

    #[test]
    fn an_urgent_alert_that_a_member_does_not_have_presses_after_a_quarter_of_an_hour() {
        let of = |minutes| after(minutes, Priority::Urgent, LooseState::Queued, None);
        assert_eq!(of(14), None);
        assert_eq!(of(15), Some(Reason::Undelivered));
        let routine = |minutes| after(minutes, Priority::Routine, LooseState::Queued, None);
        assert_eq!(routine(239), None);
        assert_eq!(routine(240), Some(Reason::Undelivered));
    }

    #[test]
    fn without_a_link_that_is_why() {
        let reason = after(15, Priority::Urgent, LooseState::Queued, Some(sent()));
        assert_eq!(reason, Some(Reason::NoLink));
    }

    #[test]
    fn what_a_member_will_never_have_presses_at_once() {
        let of = |state| after(0, Priority::Routine, state, None);
        assert_eq!(of(LooseState::Expired), Some(Reason::Expired));
        assert_eq!(of(LooseState::Refused(3)), Some(Reason::Refused));
    }

    #[test]
    fn an_urgent_alert_that_came_is_to_be_opened_at_once_and_another_in_hours() {
        let of = |minutes, priority| after(minutes, priority, LooseState::Unread, None);
        assert_eq!(of(0, Priority::Urgent), Some(Reason::Unread));
        assert_eq!(of(239, Priority::Routine), None);
        assert_eq!(of(240, Priority::Routine), Some(Reason::Unread));
    }
}
