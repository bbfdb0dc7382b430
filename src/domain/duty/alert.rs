//! What an officer must do now about an alert: one of this office that a member does not have yet, one
//! that came and that nobody here has opened, or what was said to it that a member will not get.

use super::attention::{ladder, reason};
use super::{Attention, CallMade, Concern, DutyLevel, LooseEnd, LooseState, Matter, Reach, Reason};
use crate::base::Timestamp;
use crate::domain::message::Priority;
use crate::domain::profile::delivery;
use crate::domain::rfi::Side;

/// What there is to see to about the last version of an alert, or the last word of this office on it, at one
/// member, whenever it appears.
/// Of an urgent one the whole roster hears in its time, of a routine one that a member does not have the
/// duty desk alone, and of a routine one that came nobody.
pub fn alert_concern(priority: Priority, end: &LooseEnd) -> Concern {
    let within = delivery(priority);
    let [end_of, first, second, _] = ladder(end.since, within);
    let urgent = priority == Priority::Urgent;
    let (matter, appears, moments) = match end.state {
        LooseState::Queued => (Matter::Undelivered, end_of, [end_of, first, second]),
        LooseState::Refused(_) => (Matter::Refused, end.since, [end.since, end_of, first]),
        LooseState::Expired => (Matter::Expired, end.since, [end.since, end_of, first]),
        LooseState::Unread if urgent => (Matter::Unread, end.since, [end.since, end_of, first]),
        LooseState::Unread => (Matter::Unread, end_of, [end_of, first, second]),
    };
    let levels = match (priority, matter) {
        (Priority::Urgent, _) => 3,
        (Priority::Routine, Matter::Unread) => 0,
        (Priority::Routine, _) => 1,
    };
    Concern {
        matter,
        message: Some(end.message),
        refusal: end.state.refusal(),
        since: end.since,
        limit: Some((within, end_of)),
        appears,
        levels: moments.into_iter().take(levels).collect(),
    }
}

/// What an officer must do now about the last version of an alert at one member, if anything: its
/// publisher stands as the requesting side, and whoever is to have it as the requested one. `last_call`
/// is the last call to that member about it.
pub fn alert_attention(
    concern: Concern,
    last_call: Option<CallMade>,
    reach: &Reach<'_>,
    now: Timestamp,
) -> Option<Attention> {
    let roster = match concern.matter {
        Matter::Unread => reach.own,
        _ => reach.theirs,
    };
    let reason = reason(&concern, reach, now);
    let level = concern.level(now);
    (concern.appears <= now || concern.is_ahead(now)).then(|| Attention {
        reason,
        level,
        unlinked_since: reach.unlinked_since.filter(|_| reason == Reason::NoLink),
        call: Side::Requested,
        post: roster.at(DutyLevel::from_number(level), now).cloned(),
        last_call,
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
        let concern = alert_concern(priority, &end);
        alert_attention(concern, None, &reach, now).map(|attention| attention.reason)
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
    /// After how many minutes each level of the roster hears of an alert.
    fn levels(priority: Priority, state: LooseState) -> Vec<u64> {
        let end = LooseEnd {
            message: MessageId::from_bytes([1; 16]),
            since: sent(),
            state,
        };
        let concern = alert_concern(priority, &end);
        let minutes = |at: &Timestamp| at.since(sent()).as_secs() / 60;
        concern.levels.iter().map(minutes).collect()
    }

    #[test]
    fn the_whole_roster_hears_of_an_urgent_alert_one_level_after_another() {
        let of = |state| levels(Priority::Urgent, state);
        assert_eq!(of(LooseState::Queued), [15, 18, 22]);
        assert_eq!(of(LooseState::Unread), [0, 15, 18]);
        assert_eq!(of(LooseState::Refused(3)), [0, 15, 18]);
        assert_eq!(of(LooseState::Expired), [0, 15, 18]);
    }

    #[test]
    fn of_a_routine_alert_the_duty_desk_hears_where_a_member_does_not_have_it() {
        let of = |state| levels(Priority::Routine, state);
        assert_eq!(of(LooseState::Queued), [240]);
        assert_eq!(of(LooseState::Refused(3)), [0]);
        assert_eq!(of(LooseState::Unread), Vec::<u64>::new());
    }
}
