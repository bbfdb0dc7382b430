//! Telling the next level of the roster of what went on pressing.

use super::alarm::{SetBack, sound};
use super::{DutyChange, LOOKED_AT, MILLISECOND, Subject, alerts, is_moot, unrecorded};
use crate::app::change::{Change, Other};
use crate::app::input::Federation;
use crate::app::letters;
use crate::app::rows::*;
use crate::app::service::{Service, Turn};
use crate::base::{Actor, MessageId};
use crate::domain::duty::{Concern, concerns};
use crate::store::IndexError;

/// Exchanges and alerts that one tick escalates.
const AT_ONCE: usize = 256;

/// What has reached a level of which nobody was told, with the level, in at most `limit` exchanges and
/// alerts, in as many that are dated ahead since the clock was set back, and in all urgent letters.
pub(super) fn due(
    set_back: &mut SetBack,
    federation: Option<&Federation>,
    turn: &Turn<'_>,
    limit: usize,
) -> Result<Vec<(Subject, Concern, u8)>, IndexError> {
    let until = time_key(turn.now.plus(MILLISECOND));
    let mut due = Vec::new();
    let (mut from, mut found) = (Vec::new(), 0);
    // What nobody is told of keeps its place, and takes none of those that are.
    for _ in 0..LOOKED_AT.div_ceil(limit) {
        let places = turn
            .view
            .range::<MessageId>(ESCALATION, &from, Some(&until), limit)?;
        from = match places.last() {
            Some((last, _)) if places.len() == limit => [last, &[0][..]].concat(),
            Some(_) | None => Vec::new(),
        };
        for (_, id) in places {
            let untold = untold_of(federation, turn, id)?;
            found += usize::from(!untold.is_empty());
            due.extend(untold);
        }
        if from.is_empty() || found >= limit {
            break;
        }
    }
    // Matters that are dated ahead are among those of which the next level would hear later.
    if let Some(from) = set_back.look_from(turn.now) {
        let later = turn
            .view
            .range::<MessageId>(ESCALATION, &from, None, limit)?;
        set_back.looked_at(&later, limit);
        for (_, id) in later {
            due.extend(untold_of(federation, turn, id)?);
        }
    }
    for letter in letters::urgent(turn)? {
        let subject = Subject::Letter(letter.id);
        let concerns = letter.concern().into_iter().collect();
        let untold = super::untold(concerns, &letter.told, turn.now);
        due.extend(
            untold
                .into_iter()
                .map(|(concern, level)| (subject, concern, level)),
        );
    }
    Ok(due)
}

/// What of an exchange or alert has reached a level of which nobody was told, with the level.
fn untold_of(
    federation: Option<&Federation>,
    turn: &Turn<'_>,
    id: MessageId,
) -> Result<Vec<(Subject, Concern, u8)>, IndexError> {
    let exchange = turn.view.row::<ExchangeRow>(EXCHANGE, &id.to_bytes())?;
    let (subject, untold) = match exchange {
        Some(row) => {
            let mut concerns = concerns(&row.facts());
            concerns.retain(|concern| !is_moot(federation, &row, concern));
            let untold = super::untold(concerns, &row.duty.told, turn.now);
            (Subject::Exchange(id), untold)
        }
        None => (Subject::Alert(id), alerts::untold(turn, id)?),
    };
    let each = untold.into_iter();
    let each = each.map(|(concern, level)| (subject, concern, level));
    Ok(each.collect())
}

/// Records what has come to press so much that the next level of the roster has to know: once for
/// each level, and the highest alone where time has passed over others.
pub(in crate::app) fn escalate(
    service: &mut Service,
    turn: &mut Turn<'_>,
) -> Result<(), IndexError> {
    let me = service.me.member;
    unrecorded::record_taken(service, turn)?;
    let federation = service.federation.as_ref();
    let due = due(&mut service.alarms.set_back, federation, turn, AT_ONCE)?;
    for (subject, concern, level) in due {
        let conversation = subject.conversation();
        let escalated = DutyChange::Escalated {
            conversation,
            matter: concern.matter,
            since: concern.since,
            level,
            by: service.alarms.channel,
        };
        let change = Change::Other(Other::Duty(escalated));
        let escalation = turn.record(me, Actor::node(me), change)?;
        if service
            .alarms
            .took(unrecorded::number(conversation, &concern, level))
        {
            let given = DutyChange::AlarmGiven {
                conversation,
                escalation,
            };
            let change = Change::Other(Other::Duty(given));
            turn.record(me, Actor::node(me), change)?;
        }
    }
    sound(service, turn)
}
