//! Who has to know what now: what presses in each exchange, the calls that were made, who was told
//! when it went on pressing, and the alarms that carry it out of the node.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::alerts::{alert_row, to_nobody};
use super::change::{Change, Other};
use super::error::AppError;
use super::input::{HitRow, Reply};
use super::members::{self, Withheld};
use super::reached::{Kept, Reached};
use super::respond::exchange_row;
use super::rows::*;
use super::service::{Service, Stop, Turn};
use crate::audit::{EntryKind, EventCode};
use crate::base::{Actor, MemberId, MessageId, Timestamp};
pub use crate::domain::duty::Told;
use crate::domain::duty::{
    Attention, Call, CallMade, Facts, LooseEnd, LooseState, Matter, Reach, Roster, attention,
    possible_concerns,
};
use crate::store::IndexError;

mod alarm;
mod alerts;
mod escalate;
mod levels;
mod record;
mod set_back;
mod status;
mod unrecorded;

pub(super) use alarm::outcome;
pub use alarm::{Alarm, AlarmFault, AlarmOutcome, Alarms, Channel};
pub(super) use escalate::escalate;
use levels::{as_counts, first_told, next_level};
pub(super) use record::{Places, loose, no_longer_loose, put_exchange, record};
pub use status::{AllPressing, MOST_SHOWN};
pub(super) use status::{alarms_failed, for_health, list};
pub(super) use unrecorded::sound_unrecorded;

/// Exchanges that are looked at for one list of what presses.
const LOOKED_AT: usize = 2_000;

/// Matters that an exchange or alert remembers that people were told of, beside those that last.
const MOST_TOLD: usize = 64;

/// What makes a range of times end after its last one.
const MILLISECOND: Duration = Duration::from_millis(1);

/// How an office is reached beside the exchange.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contact {
    /// What the trust list says, for which the members vouch.
    pub listed: String,
    /// Who is on duty there, as the office itself says.
    pub duty: Roster,
}

/// What presses in an exchange, with how to reach whoever has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pressing {
    /// What, and whom to call.
    pub attention: Attention,
    /// The member whose people those are.
    pub member: MemberId,
    /// How the trust list says that it is reached.
    pub listed: String,
    /// Why nothing is sent to the other side, where nothing is.
    pub withheld: Option<Withheld>,
}

/// What the index keeps of an exchange for this.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DutyRow {
    /// Its messages that are not where they should be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loose: Vec<LooseEnd>,
    /// The calls that were made, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<CallMade>,
    /// Up to which level people were told of what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<Told>,
}

impl DutyRow {
    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Of the messages that wait, the one that waits for the longest.
fn waits_first(loose: &[LooseEnd]) -> Option<MessageId> {
    let queued = |end: &&LooseEnd| end.state == LooseState::Queued;
    let waiting = loose.iter().filter(queued);
    waiting.min_by_key(|end| end.since).map(|end| end.message)
}

/// Notes up to which level people were told of a matter, in place of what was noted of it. What `lasts` is not
/// forgotten, however much comes after it: people would be told again.
fn tell(known: &mut Vec<Told>, mut told: Told, lasts: impl Fn(&Told) -> bool) {
    let same = |before: &Told| before.is_of(told.matter, told.since);
    let first = known.iter().find(|before| same(before));
    let at = first.map_or(told.at, |first| first_told(first, told.at));
    known.retain(|before| !same(before));
    told.at = at;
    known.push(told);
    // What lasts takes no room: else the rest would push itself out, and be told again and again.
    let passes = |told: &Told| !lasts(told);
    let passing = known.iter().filter(|told| passes(told)).count();
    for _ in MOST_TOLD..passing {
        if let Some(oldest) = known.iter().position(passes) {
            known.remove(oldest);
        }
    }
}

/// What a telephone call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallSubject {
    /// An exchange with one other member.
    Exchange(MessageId),
    /// An alert, at one of the members that are to have it.
    Alert(MessageId, MemberId),
}

/// What an escalation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// An exchange.
    Exchange(MessageId),
    /// An alert.
    Alert(MessageId),
    /// A letter that waits.
    Letter(MessageId),
}

impl Subject {
    /// Its id.
    fn conversation(self) -> MessageId {
        let (Self::Exchange(id) | Self::Alert(id) | Self::Letter(id)) = self;
        id
    }
}

/// A change that says who knew what when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum DutyChange {
    /// A matter went on pressing, so that the next level of the roster has to know.
    Escalated {
        /// The exchange, alert or letter.
        conversation: MessageId,
        /// The matter.
        matter: Matter,
        /// Since when it is.
        since: Timestamp,
        /// The level, from 1.
        level: u8,
        /// How it is told.
        by: Channel,
    },
    /// An officer noted a telephone call.
    Called {
        /// The exchange or alert.
        conversation: MessageId,
        /// The member that was called about an alert.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        member: Option<MemberId>,
        /// What was noted.
        call: Call,
    },
    /// The alarm command took an escalation.
    AlarmGiven {
        /// The exchange, alert or letter.
        conversation: MessageId,
        /// The entry of the escalation.
        escalation: u64,
    },
    /// The alarm command failed again and again.
    AlarmFailed {
        /// The exchange, alert or letter.
        conversation: MessageId,
        /// The entry of the escalation.
        escalation: u64,
        /// How it failed last.
        fault: AlarmFault,
    },
}

impl DutyChange {
    /// The kind of the entry and what happened.
    pub(super) fn event(&self) -> (EntryKind, EventCode) {
        match self {
            Self::Escalated { level, .. } => {
                let event = match level {
                    0 | 1 => EventCode::EscalatedToDesk,
                    2 => EventCode::EscalatedToHead,
                    3.. => EventCode::EscalatedToNational,
                };
                (EntryKind::Operation, event)
            }
            Self::Called { .. } => (EntryKind::Collection, EventCode::CallNoted),
            Self::AlarmGiven { .. } => (EntryKind::Operation, EventCode::AlarmGiven),
            Self::AlarmFailed { .. } => (EntryKind::Operation, EventCode::AlarmFailed),
        }
    }

    /// The exchange, alert or letter.
    pub(super) fn conversation(&self) -> MessageId {
        match self {
            Self::Escalated { conversation, .. }
            | Self::Called { conversation, .. }
            | Self::AlarmGiven { conversation, .. }
            | Self::AlarmFailed { conversation, .. } => *conversation,
        }
    }
}

impl ExchangeRow {
    /// Its messages that are not where they should be, but for those that do not go to the other side and
    /// about which nothing is to be done, since it has ended.
    fn loose_but(&self, kept: &Kept) -> Vec<LooseEnd> {
        let state = self.exchange.state();
        let rests = |end: &LooseEnd| end.state.may_rest(state) && kept.holds(end.message);
        let loose = self.duty.loose.iter().copied();
        loose.filter(|end| !rests(end)).collect()
    }

    fn facts<'a>(&'a self, loose: &'a [LooseEnd], told: &'a [Told]) -> Facts<'a> {
        Facts {
            exchange: &self.exchange,
            loose,
            calls: &self.duty.calls,
            told,
        }
    }

    /// When an officer first sees something, and when the next level of the roster has to know:
    /// none where there is no such time. By the trust list in force some of its messages may not go to the
    /// other side: the level has to know later then, and never earlier.
    pub fn moments(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        let all = possible_concerns(&self.facts(&self.duty.loose, &self.duty.told));
        let appears = all.iter().map(|concern| concern.appears).min();
        (appears, next_level(&all, &self.duty.told))
    }
}

impl Service {
    /// How a member's office is reached, as far as that is known.
    fn contact(&self, member: MemberId) -> Option<&Contact> {
        let federation = self.federation.as_ref()?;
        federation.trust.contacts.get(&member)
    }

    /// What people were told, as it counts now.
    fn told_now(&self, told: &[Told], now: Timestamp) -> Vec<Told> {
        as_counts(told, self.alarms.set_back.since(now), now)
    }

    /// Since when there is no link to a member; none while there is one.
    fn unlinked_since(&self, member: MemberId, now: Timestamp) -> Option<Timestamp> {
        if self.flight.peer(member).is_some() {
            return None;
        }
        let since = self.unlinked.get(&member).copied();
        Some(since.or(self.started).unwrap_or(now))
    }
}

/// Where the rows go on after a page of at most `most`; empty where there are no more.
fn next_page<T>(page: &[(Vec<u8>, T)], most: usize) -> Vec<u8> {
    match page.last() {
        Some((last, _)) if page.len() == most => [last, &[0][..]].concat(),
        Some(_) | None => Vec::new(),
    }
}

/// Notes at each exchange of a reply what follows from how its other side stands, and what presses in it
/// now.
pub(super) fn annotate(
    service: &Service,
    turn: &Turn<'_>,
    by: Actor,
    reply: &mut Reply,
) -> Result<(), IndexError> {
    match reply {
        Reply::Exchanges(rows, _) => {
            for row in rows {
                look(service, turn, row)?;
            }
        }
        Reply::Thread(row, _) => look(service, turn, row)?,
        Reply::Found(hits, _) => {
            for hit in hits {
                match &mut hit.row {
                    HitRow::Exchange(row) => look(service, turn, row)?,
                    HitRow::Alert(row) => alerts::look_as(service, turn, by, row)?,
                }
            }
        }
        Reply::Waits(_, row) => {
            if let Some(row) = row {
                look(service, turn, row)?;
            }
        }
        Reply::Alerts(rows, _) => {
            for row in rows {
                alerts::look_as(service, turn, by, row)?;
            }
        }
        Reply::AlertThread(row, _) => {
            row.to_nobody = to_nobody(service, row);
            alerts::look_as(service, turn, by, row)?;
        }
        Reply::Permissions(all) => {
            for row in all {
                row.reached = Reached::of(service, row.peer);
            }
        }
        Reply::Earlier(_)
        | Reply::Letters(_)
        | Reply::Carried(_)
        | Reply::Witness(_)
        | Reply::AlertPreview(_)
        | Reply::Subscriptions(_)
        | Reply::Attachment(..)
        | Reply::Members(_)
        | Reply::Office(_)
        | Reply::Health(_)
        | Reply::MayFetch(_)
        | Reply::SignedUpTo(_)
        | Reply::News(..)
        | Reply::Done => (),
    }
    Ok(())
}

fn look(service: &Service, turn: &Turn<'_>, row: &mut ExchangeRow) -> Result<(), IndexError> {
    members::annotate(service, turn, row)?;
    let me = service.me.member;
    let nobody = Contact::default();
    let own = service.contact(me).unwrap_or(&nobody);
    let theirs = service.contact(row.peer).unwrap_or(&nobody);
    let federation = service.federation.as_ref();
    let kept = Kept::of(turn, federation, row)?;
    let loose = row.loose_but(&kept);
    let reach = Reach {
        unlinked_since: service.unlinked_since(row.peer, turn.now),
        withheld: match row.withheld {
            // Of what waits there, it may go.
            Some(Withheld::Observer) => waits_first(&loose).is_some_and(|id| kept.holds(id)),
            Some(_) => true,
            None => false,
        },
        own: &own.duty,
        theirs: &theirs.duty,
    };
    let side = row.exchange.side();
    let told = service.told_now(&row.duty.told, turn.now);
    let all = attention(&row.facts(&loose, &told), &reach, turn.now);
    let out = federation.and_then(|federation| match federation.withholds(row.peer) {
        None if federation.observes(row.peer) => Some(Withheld::Observer),
        out => out,
    });
    let pressing = |attention: Attention| {
        let (member, contact) = if attention.call == side {
            (me, own)
        } else {
            (row.peer, theirs)
        };
        Pressing {
            attention,
            member,
            listed: contact.listed.clone(),
            withheld: row.withheld.or(out),
        }
    };
    let all = all.into_iter().map(pressing).collect();
    row.pressing = all;
    Ok(())
}

/// Notes a telephone call.
pub(super) fn call(
    service: &Service,
    turn: &mut Turn<'_>,
    by: Actor,
    subject: CallSubject,
    call: &Call,
) -> Result<Reply, Stop> {
    let (conversation, member) = match subject {
        CallSubject::Exchange(id) => (exchange_row(turn, id)?.id, None),
        CallSubject::Alert(id, member) => (alerts::alert_for(turn, id, member)?, Some(member)),
    };
    call.validate().map_err(AppError::Invalid)?;
    let called = DutyChange::Called {
        conversation,
        member,
        call: call.clone(),
    };
    turn.record(service.me.member, by, Change::Other(Other::Duty(called)))?;
    Ok(match member {
        None => Reply::Exchanges(vec![exchange_row(turn, conversation)?], None),
        Some(_) => Reply::Alerts(vec![alert_row(turn, conversation)?], None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::hours;

    fn told(matter: Matter, since: i64) -> Told {
        Told {
            matter,
            since: hours(since),
            level: 1,
            at: hours(since),
        }
    }

    #[test]
    fn what_lasts_is_not_forgotten_and_pushes_nothing_else_out() {
        let lasts = |told: &Told| told.matter == Matter::Undelivered;
        let mut known = Vec::new();
        let lasting = (0..100).map(|since| told(Matter::Undelivered, since));
        let others = (0..70).map(|since| told(Matter::Refused, since));
        for told in lasting.chain(others) {
            tell(&mut known, told, lasts);
        }
        let of = |matter| known.iter().filter(|told| told.matter == matter).count();
        assert_eq!(of(Matter::Undelivered), 100);
        assert_eq!(of(Matter::Refused), MOST_TOLD);
        assert!(known.contains(&told(Matter::Refused, 69)), "the last ones");
    }
}
