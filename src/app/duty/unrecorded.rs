//! Alarms on a full disk: they ring although the log has no room for their escalations, and what the
//! command took is recorded once there is room.

use super::alarm::{Channel, ring};
use super::escalate::due;
use super::{DutyChange, LOOKED_AT};
use crate::app::change::{Change, Other};
use crate::app::rows::{ALARM, PendingAlarm};
use crate::app::service::{Service, Turn};
use crate::base::{Actor, Digest, MessageId};
use crate::domain::duty::Concern;
use crate::store::IndexError;

/// Where the numbers of escalations without an entry begin: no log has so many entries, and every reader
/// of JSON keeps twice as much exact.
const NUMBERS: u64 = 1 << 52;

/// The number of an escalation that has no entry: the same whenever it is asked for, also after a restart.
pub(super) fn number(conversation: MessageId, concern: &Concern, level: u8) -> u64 {
    let digest = Digest::of_parts(&[
        b"liaison/unrecorded-escalation/v1",
        &conversation.to_bytes(),
        concern.matter.as_str().as_bytes(),
        &concern.since.as_millis().to_be_bytes(),
        &[level],
    ]);
    let first = digest.as_bytes().iter().take(8);
    NUMBERS | first.fold(0, |sum, byte| sum << 8 | u64::from(*byte)) >> 12
}

/// Whether it is a number of an escalation that has no entry.
pub(super) fn is_number(escalation: u64) -> bool {
    escalation >= NUMBERS
}

/// Hands over what is due, and also what is still to be recorded; records nothing.
pub(in crate::app) fn sound_unrecorded(
    service: &mut Service,
    turn: &mut Turn<'_>,
) -> Result<(), IndexError> {
    if service.alarms.channel == Channel::Console {
        return Ok(());
    }
    let federation = service.federation.as_ref();
    let alarms = &mut service.alarms;
    let walked = &mut alarms.walked_unrecorded;
    let due = due(&mut alarms.set_back, walked, federation, turn, LOOKED_AT)?;
    let more = due.into_iter().map(|(subject, concern, level)| {
        let reached = concern.levels.get(usize::from(level).saturating_sub(1));
        let row = PendingAlarm {
            subject,
            matter: concern.matter,
            level,
            at: reached.copied().unwrap_or(turn.now),
            failed: None,
        };
        (number(subject.conversation(), &concern, level), row)
    });
    let more: Vec<_> = more.collect();
    ring(service, turn, &more)
}

/// Records of escalations on record that the command took them while there was no room to say so.
pub(super) fn record_taken(service: &mut Service, turn: &mut Turn<'_>) -> Result<(), IndexError> {
    let me = service.me.member;
    let numbers = service.alarms.taken.split_off(&NUMBERS);
    for escalation in std::mem::replace(&mut service.alarms.taken, numbers) {
        let row = turn
            .view
            .row::<PendingAlarm>(ALARM, &escalation.to_be_bytes())?;
        if let Some(row) = row {
            let given = DutyChange::AlarmGiven {
                conversation: row.subject.conversation(),
                escalation,
            };
            turn.record(me, Actor::node(me), Change::Other(Other::Duty(given)))?;
        }
    }
    Ok(())
}
