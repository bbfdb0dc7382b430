//! What was dated, or told to people, by a clock that was set back since: it presses and goes up the roster
//! all the same.

use std::collections::BTreeMap;

use super::MILLISECOND;
use crate::app::rows::{ATTENTION, ESCALATION, time_key};
use crate::base::{MessageId, Timestamp};
use crate::domain::duty::AHEAD;
use crate::store::Table;

/// Where such matters are looked for, and those that were found.
#[derive(Debug, Default)]
pub(super) struct SetBack {
    /// The earliest and the latest that the clock has shown since it was last set back; none before the
    /// first look, when it may have been.
    shown: Option<(Timestamp, Timestamp)>,
    /// The table, and the key from which on is to be looked.
    from: Option<(Table, Vec<u8>)>,
    /// Whether all is to be looked at again.
    anew: bool,
    /// The exchanges and alerts of which people were told, and when to look at them again.
    told: BTreeMap<MessageId, Timestamp>,
}

impl SetBack {
    /// From where on to look now, if at all.
    pub(super) fn look_from(&mut self, now: Timestamp) -> Option<(Table, Vec<u8>)> {
        let since = self.since(now);
        // The latest, not the last: a clock may go back in small steps.
        let latest = self.shown.map(|(_, latest)| latest);
        let set_back = latest.is_none_or(|latest| latest > now.plus(AHEAD));
        let latest = latest.filter(|_| !set_back);
        self.shown = Some((since, latest.map_or(now, |latest| latest.max(now))));
        if std::mem::take(&mut self.anew) || set_back {
            self.told.clear();
            self.from = Some((ESCALATION, after(now)));
        }
        self.from.take()
    }

    /// All before `next` in that table was looked at; where that is empty, all of it.
    pub(super) fn looked_at(&mut self, table: Table, next: Vec<u8>, now: Timestamp) {
        self.from = match next.is_empty() {
            false => Some((table, next)),
            // Where all levels were told, there is no next one.
            true if table == ESCALATION => Some((ATTENTION, after(now))),
            true => None,
        };
    }

    /// Since when the clock was not set back, as far as is known.
    pub(super) fn since(&self, now: Timestamp) -> Timestamp {
        match self.shown {
            Some((earliest, latest)) if latest <= now.plus(AHEAD) => earliest.min(now),
            Some(_) | None => now,
        }
    }

    /// People were told of it ahead; it is to be looked at again at a time.
    pub(super) fn keep(&mut self, id: MessageId, again: Timestamp) {
        self.told.insert(id, again);
    }

    /// Those that are to be looked at now, at most so many. They are kept no more.
    pub(super) fn take_due(&mut self, now: Timestamp, most: usize) -> Vec<MessageId> {
        let due = self.told.iter().filter(|(_, again)| **again <= now);
        let due: Vec<MessageId> = due.map(|(id, _)| *id).take(most).collect();
        for id in &due {
            self.told.remove(id);
        }
        due
    }

    /// Those of which people were told ahead.
    pub(super) fn told(&self) -> impl Iterator<Item = MessageId> {
        self.told.keys().copied()
    }

    /// What was found was not recorded: all is to be looked at again.
    pub(super) fn look_anew(&mut self) {
        self.anew = true;
    }
}

/// Where what is later than that begins.
fn after(now: Timestamp) -> Vec<u8> {
    time_key(now.plus(MILLISECOND)).to_vec()
}
