//! Telling the next level of the roster of what went on pressing.

use std::collections::BTreeSet;

use super::alarm::sound;
use super::levels::Levels;
use super::set_back::SetBack;
use super::{DutyChange, LOOKED_AT, MILLISECOND, Subject, Told, alerts, next_page, unrecorded};
use crate::app::change::{Change, Other};
use crate::app::input::Federation;
use crate::app::letters;
use crate::app::reached::Kept;
use crate::app::rows::*;
use crate::app::service::{Service, Turn};
use crate::base::{Actor, MessageId};
use crate::domain::duty::{Concern, concerns};
use crate::store::IndexError;

/// Exchanges and alerts that one tick escalates.
const AT_ONCE: usize = 256;

/// What has reached a level of which nobody was told, with the level, in about `limit` exchanges and
/// alerts, in as many that are dated or were told of ahead since the clock was set back, and in all urgent
/// letters. `walked` is where the last look ended.
pub(super) fn due(
    set_back: &mut SetBack,
    walked: &mut Vec<u8>,
    federation: Option<&Federation>,
    turn: &Turn<'_>,
    limit: usize,
) -> Result<Vec<(Subject, Concern, u8)>, IndexError> {
    let later = set_back.look_from(turn.now);
    let mut look = Look {
        set_back,
        federation,
        turn,
        seen: BTreeSet::new(),
        due: Vec::new(),
    };
    look.walk(walked, limit)?;
    for id in look.set_back.take_due(turn.now, limit) {
        look.at(id)?;
    }
    // Matters that are dated ahead are among those of which the next level would hear later.
    if let Some((table, from)) = later {
        let page = turn.view.range::<MessageId>(table, &from, None, limit)?;
        let next = next_page(&page, limit);
        look.set_back.looked_at(table, next, turn.now);
        for (_, id) in page {
            look.at(id)?;
        }
    }
    for letter in letters::urgent(turn)? {
        let levels = Levels::of_letter(&letter, look.set_back.since(turn.now), turn.now);
        look.add(Subject::Letter(letter.id), levels);
    }
    Ok(look.due)
}

/// One look at what is due.
struct Look<'a, 't> {
    set_back: &'a mut SetBack,
    federation: Option<&'a Federation>,
    turn: &'a Turn<'t>,
    seen: BTreeSet<MessageId>,
    due: Vec<(Subject, Concern, u8)>,
}

impl Look<'_, '_> {
    /// Looks at what is due by its place in the index. What nobody is told of keeps that: each walk goes on
    /// where the one before ended, so that it hides nothing for good, however much of it there is.
    fn walk(&mut self, walked: &mut Vec<u8>, limit: usize) -> Result<(), IndexError> {
        let until = time_key(self.turn.now.plus(MILLISECOND));
        let mut from = std::mem::take(walked);
        if from.as_slice() >= &until[..] {
            from.clear();
        }
        let mut skipped = !from.is_empty();
        let mut found = 0;
        for _ in 0..LOOKED_AT.div_ceil(limit) {
            let page = self
                .turn
                .view
                .range::<MessageId>(ESCALATION, &from, Some(&until), limit)?;
            from = next_page(&page, limit);
            for (_, id) in page {
                found += usize::from(self.at(id)?);
            }
            let ended = from.is_empty() && !std::mem::take(&mut skipped);
            if ended || found >= limit {
                break;
            }
        }
        *walked = from;
        Ok(())
    }

    /// Looks at an exchange or alert, unless this look did. Whether anybody has to know of it.
    fn at(&mut self, id: MessageId) -> Result<bool, IndexError> {
        if !self.seen.insert(id) {
            return Ok(false);
        }
        let now = self.turn.now;
        let set_back = self.set_back.since(now);
        let exchange = self
            .turn
            .view
            .row::<ExchangeRow>(EXCHANGE, &id.to_bytes())?;
        let (subject, levels) = match exchange {
            Some(row) => {
                let kept = Kept::of(self.turn, self.federation, &row)?;
                let loose = row.loose_but(&kept);
                let concerns = |told: &[Told]| concerns(&row.facts(&loose, told));
                let levels = Levels::of(&row.duty.told, set_back, now, concerns);
                (Subject::Exchange(id), levels)
            }
            None => (Subject::Alert(id), alerts::levels(self.turn, id, set_back)?),
        };
        if let Some(again) = levels.again() {
            self.set_back.keep(id, again);
        }
        Ok(self.add(subject, levels))
    }

    /// Adds what anybody has to know of it; whether there is such.
    fn add(&mut self, subject: Subject, levels: Levels) -> bool {
        let untold = levels.untold(self.turn.now);
        let is_due = !untold.is_empty();
        let each = untold.into_iter();
        self.due
            .extend(each.map(|(concern, level)| (subject, concern, level)));
        is_due
    }
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
    let alarms = &mut service.alarms;
    let walked = &mut alarms.walked;
    let due = due(&mut alarms.set_back, walked, federation, turn, AT_ONCE)?;
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
