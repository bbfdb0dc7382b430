//! Who has to know that an urgent letter waits for a person of the own office.

use super::attention::ladder;
use super::{Attention, Concern, DutyLevel, Matter, Reason, Roster};
use crate::base::{MessageId, Timestamp};
use crate::domain::message::Priority;
use crate::domain::profile::delivery;
use crate::domain::rfi::Side;

/// What there is to see to about an urgent letter that has waited `since` then: the duty desk hears at once,
/// and the others once the time has passed within which it would have had to arrive.
pub fn letter_concern(letter: MessageId, since: Timestamp) -> Concern {
    let within = delivery(Priority::Urgent);
    let [end_of, first, ..] = ladder(since, within);
    Concern {
        matter: Matter::Waiting,
        message: Some(letter),
        refusal: None,
        since,
        limit: Some((within, end_of)),
        appears: since,
        levels: vec![since, end_of, first],
    }
}

/// What somebody of the own office, whose roster this is, must do now about it.
pub fn letter_attention(concern: Concern, own: &Roster, now: Timestamp) -> Attention {
    let level = concern.level(now);
    Attention {
        reason: Reason::Waiting,
        level,
        unlinked_since: None,
        call: Side::Requesting,
        post: own.at(DutyLevel::from_number(level), now).cloned(),
        last_call: None,
        concern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_roster_hears_of_an_urgent_letter_that_waits_one_level_after_another() {
        let since = Timestamp::from_millis(1_790_000_000_000);
        let concern = letter_concern(MessageId::from_bytes([1; 16]), since);
        let minutes = |at: &Timestamp| at.since(since).as_secs() / 60;
        let levels: Vec<u64> = concern.levels.iter().map(minutes).collect();
        assert_eq!(levels, [0, 15, 18]);
    }
}
