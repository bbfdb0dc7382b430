//! Who does not have the last version of an own alert, which alert that came nobody has opened, and who
//! will not get what was said to it: what of it presses, and which level of the roster has to know.

use super::levels::Levels;
use super::{Contact, LOOKED_AT, Pressing, Told};
use crate::app::alerts::alert_row;
use crate::app::error::AppError;
use crate::app::members::Withheld;
use crate::app::reached::goes_to_observers;
use crate::app::rows::*;
use crate::app::service::{Service, Stop, Turn};
use crate::base::{Actor, MemberId, MessageId, Role, Timestamp};
use crate::domain::FieldError;
use crate::domain::alert::AlertState;
use crate::domain::duty::{
    CallMade, CallOutcome, Concern, LooseEnd, LooseState, Matter, Reach, alert_attention,
    alert_concern,
};
use crate::store::IndexError;

/// Notes on an alert that is read who does not have it yet, and what presses about it.
pub(super) fn look(
    service: &Service,
    turn: &Turn<'_>,
    row: &mut AlertRow,
) -> Result<(), IndexError> {
    let me = service.me.member;
    let last = turn.view.row::<MessageRow>(MESSAGE, &row.last_message())?;
    row.not_at = match &last {
        Some(last) if row.alert.publisher() == me => row.lacking(last),
        Some(_) | None => Vec::new(),
    };
    let loose = match &last {
        Some(last) => row.loose_ends(me, last),
        None => Vec::new(),
    };
    let federation = service.federation.as_ref();
    let observes = |member| federation.is_some_and(|federation| federation.observes(member));
    let is_not_for = |member, end: &LooseEnd| {
        let last = last.as_ref();
        let last = last.filter(|_| end.state == LooseState::Queued && observes(member));
        last.is_some_and(|last| !goes_to_observers(turn, last))
    };
    row.pressing = Vec::new();
    let alert = row.alert.alert();
    // For an exercise nobody is called in earnest, and what holds no more is late for all.
    if !alert.status.counts() || row.alert.state(turn.now) == AlertState::Expired {
        return Ok(());
    }
    let told = service.told_now(&row.told, turn.now);
    let nobody = Contact::default();
    let own = service.contact(me).unwrap_or(&nobody);
    for (member, end) in loose {
        let mut withheld = service.withholds(turn, member)?;
        let out = matches!(withheld, Some(Withheld::Removed | Withheld::Suspended));
        if !out && is_not_for(member, &end) {
            withheld = Some(Withheld::Observer);
        }
        let theirs = service.contact(member).unwrap_or(&nobody);
        let reach = Reach {
            unlinked_since: service.unlinked_since(member, turn.now),
            withheld: withheld.is_some(),
            own: &own.duty,
            theirs: &theirs.duty,
        };
        let Some(concern) = row.concern(member, &end, &told) else {
            continue;
        };
        let last_call = row.calls_to(member).next_back();
        let attention = alert_attention(concern, last_call.copied(), &reach, turn.now);
        row.pressing.extend(attention.map(|attention| Pressing {
            attention,
            member,
            listed: theirs.listed.clone(),
            withheld,
        }));
    }
    Ok(())
}

/// As [`look`], for a person who reads it: whom an office calls is not for observers.
pub(super) fn look_as(
    service: &Service,
    turn: &Turn<'_>,
    by: Actor,
    row: &mut AlertRow,
) -> Result<(), IndexError> {
    look(service, turn, row)?;
    if by.role == Role::Observer {
        row.pressing.clear();
    }
    Ok(())
}

/// The alerts about which something presses now, those that have come furthest first, then the newest;
/// at most `limit`.
pub(super) fn pressing(
    service: &Service,
    turn: &Turn<'_>,
    limit: usize,
) -> Result<Vec<AlertRow>, IndexError> {
    let loose = turn
        .view
        .range::<MessageId>(ALERT_LOOSE, &[], None, LOOKED_AT)?;
    let mut rows = Vec::new();
    for (_, id) in loose {
        let Some(mut row) = turn.view.row::<AlertRow>(ALERT, &id.to_bytes())? else {
            continue;
        };
        look(service, turn, &mut row)?;
        if !row.pressing.is_empty() {
            rows.push(row);
        }
    }
    rows.sort_by_cached_key(|row| {
        let levels = row.pressing.iter().map(|p| p.attention.level);
        std::cmp::Reverse(levels.max())
    });
    rows.truncate(limit);
    Ok(rows)
}

/// The alert, if it is there and for that member.
pub(super) fn alert_for(
    turn: &Turn<'_>,
    id: MessageId,
    member: MemberId,
) -> Result<MessageId, Stop> {
    let row = alert_row(turn, id)?;
    if !row.alert.circle().contains(&member) {
        let fault = FieldError {
            path: "member".to_owned(),
            code: "not-allowed",
            what: "is a member that the alert went to, or its publisher".to_owned(),
        };
        return Err(AppError::Invalid(vec![fault]).into());
    }
    Ok(row.id)
}

/// Every matter of an alert with what people were told of it, given since when the clock was not set back.
pub(super) fn levels(
    turn: &Turn<'_>,
    id: MessageId,
    set_back: Timestamp,
) -> Result<Levels, IndexError> {
    let Some(row) = turn.view.row::<AlertRow>(ALERT, &id.to_bytes())? else {
        return Ok(Levels::default());
    };
    let last = turn.view.row::<MessageRow>(MESSAGE, &row.last_message())?;
    Ok(Levels::of(&row.told, set_back, turn.now, |told| {
        last.map_or_else(Vec::new, |last| row.concerns(&last, told))
    }))
}

impl AlertRow {
    /// The key of its publisher's last message.
    pub(in crate::app) fn last_message(&self) -> Vec<u8> {
        message_key(self.alert.publisher(), self.alert.last_message())
    }

    /// When the next level of the roster has to know, given the row of its publisher's last message.
    pub(in crate::app) fn next_level(&self, last: &MessageRow) -> Option<Timestamp> {
        super::next_level(&self.concerns(last, &self.told), &self.told)
    }

    /// Notes up to which level people were told of a matter. What a member waits for still is not forgotten.
    pub(super) fn tell(&mut self, told: Told) {
        let waits = self.waiting();
        super::tell(&mut self.told, told, |told| {
            told.matter == Matter::Undelivered
                && waits.iter().any(|(_, since)| *since == told.since)
        });
    }

    /// The members that lack something of it, and from when on that counts.
    fn waiting(&self) -> Vec<(MemberId, Timestamp)> {
        let members = self.waits.iter().map(|wait| wait.member);
        members
            .map(|member| (member, self.counted_from(member, self.waits_since(member))))
            .collect()
    }

    /// Notes what each member waits for from now on. Of one that has `caught_up`, people are not told of the
    /// next version what they heard of the one before it, as far as they would be at once. Whoever refused
    /// that one does not take what waits behind it either.
    pub(in crate::app) fn wait_for(
        &mut self,
        waits: Vec<Wait>,
        caught_up: &[MemberId],
        now: Timestamp,
    ) {
        let before = self.waiting();
        self.waits = waits;
        let waiting = self.waiting();
        for (member, since) in waiting.iter().filter(|(m, _)| caught_up.contains(m)) {
            let was = before.iter().find(|(waited, _)| waited == member);
            let heard = was.map_or(0, |(_, was)| self.level_heard(*was));
            let end = LooseEnd {
                message: self.alert.last_message(),
                since: *since,
                state: LooseState::Queued,
            };
            let concern = alert_concern(self.alert.alert().priority(), &end);
            let level = concern.level(now).min(heard);
            // Of another member that waits since then, too, they have not heard.
            let alone = waiting.iter().filter(|(_, other)| other == since).count() == 1;
            if alone && level > self.level_heard(*since) {
                self.tell(Told {
                    matter: Matter::Undelivered,
                    since: *since,
                    level,
                    at: now,
                });
            }
        }
    }

    /// Up to which level people were told that something of it waits since then; 0 for none.
    fn level_heard(&self, since: Timestamp) -> u8 {
        let mut told = self.told.iter();
        let told = told.find(|told| told.is_of(Matter::Undelivered, since));
        told.map_or(0, |told| told.level)
    }

    /// Where its publisher's last message is not where it should be, or what this office said last to it.
    fn loose_ends(&self, me: MemberId, last: &MessageRow) -> Vec<(MemberId, LooseEnd)> {
        let end = |since, state| LooseEnd {
            message: self.alert.last_message(),
            since,
            state,
        };
        if last.deliveries.is_empty() {
            let unread = last.opened.is_none() && self.erased.is_none();
            let unread = unread.then(|| (me, end(self.since, LooseState::Unread)));
            return unread.into_iter().chain(self.unheard_by()).collect();
        }
        let at = |(member, delivery): (&MemberId, &Delivery)| {
            let end = match delivery {
                Delivery::Delivered => return None,
                Delivery::Queued => end(self.waits_since(*member), LooseState::Queued),
                Delivery::Refused(number) => {
                    end(self.refused_at(*member), LooseState::Refused(*number))
                }
                Delivery::Expired => end(last.expires, LooseState::Expired),
            };
            Some((*member, end))
        };
        last.deliveries.iter().filter_map(at).collect()
    }

    /// The members that will not get what this office said last to another's alert; it matters no more once
    /// that was taken back.
    pub(in crate::app) fn unheard_by(&self) -> impl Iterator<Item = (MemberId, LooseEnd)> {
        let current = self.alert.cancelled().is_none();
        let remarks = self.remarks.iter().filter(move |_| current);
        remarks.flat_map(|remark| remark.lost.iter().copied())
    }

    /// Those of the circle whose node has not receipted the publisher's last message, in order. Whoever was
    /// no member when it was sent lacks it too, though nothing waits for it.
    fn lacking(&self, last: &MessageRow) -> Vec<MemberId> {
        let has =
            |member: &MemberId| matches!(last.deliveries.get(member), Some(Delivery::Delivered));
        let mut others = self.alert.others(self.alert.publisher());
        others.retain(|member| !has(member));
        others
    }

    /// Since when a member lacks something of it. What became urgent meanwhile counts from then: the first
    /// levels would else be passed over.
    fn waits_since(&self, member: MemberId) -> Timestamp {
        let wait = self.waits.iter().find(|wait| wait.member == member);
        let since = wait.map_or(self.since, |wait| wait.since);
        self.raised.map_or(since, |raised| since.max(raised))
    }

    /// When a member refused its publisher's last message.
    fn refused_at(&self, member: MemberId) -> Timestamp {
        let refusal = self.refusals.iter().find(|(by, _)| *by == member);
        refusal.map_or(self.since, |(_, at)| *at)
    }

    /// The calls about it to a member.
    fn calls_to(&self, member: MemberId) -> impl DoubleEndedIterator<Item = &CallMade> {
        let calls = self.calls.iter();
        calls
            .filter(move |(called, _)| *called == member)
            .map(|(_, call)| call)
    }

    /// When a member was last reached by telephone.
    fn reached(&self, member: MemberId) -> Option<Timestamp> {
        let reached = |call: &&CallMade| call.outcome == CallOutcome::Reached;
        self.calls_to(member).rfind(reached).map(|call| call.at)
    }

    /// Whoever was reached by telephone gets the whole limit again.
    fn counted_from(&self, member: MemberId, since: Timestamp) -> Timestamp {
        let reached = self.reached(member);
        reached.map_or(since, |at| since.max(at))
    }

    /// What there is to see to at a member, given what people were told. A call that reached it settles
    /// what it will never have. Nobody is told any more once the alert holds no more, nor that one was taken
    /// back which nobody here has opened.
    fn concern(&self, member: MemberId, end: &LooseEnd, told: &[Told]) -> Option<Concern> {
        let mut end = *end;
        match end.state {
            LooseState::Queued => end.since = self.counted_from(member, end.since),
            LooseState::Refused(_) | LooseState::Expired
                if self.reached(member).is_some_and(|at| at >= end.since) =>
            {
                return None;
            }
            LooseState::Refused(_) | LooseState::Expired | LooseState::Unread => (),
        }
        let concern = alert_concern(self.alert.alert().priority(), &end);
        let mut concern = concern.counted(told);
        let until = self.alert.holds_until();
        let goes_on = match end.state {
            LooseState::Unread => self.alert.cancelled().is_none(),
            LooseState::Queued | LooseState::Refused(_) | LooseState::Expired => true,
        };
        let holds = |at: &Timestamp| goes_on && until.is_none_or(|until| *at < until);
        concern.levels.retain(holds);
        Some(concern)
    }

    /// Every matter of it, whenever it appears, given what people were told: once, at however many members
    /// since the same time. Of refusals the first goes up the roster whatever comes after it, and the last is
    /// told anew.
    fn concerns(&self, last: &MessageRow, told: &[Told]) -> Vec<Concern> {
        if !self.alert.alert().status.counts() {
            return Vec::new();
        }
        let publisher = self.alert.publisher();
        let ends = self.loose_ends(publisher, last);
        let each = ends.iter();
        let mut all: Vec<Concern> = each
            .filter_map(|(member, end)| self.concern(*member, end, told))
            .collect();
        all.sort_by_key(|concern| (concern.matter, concern.since));
        all.dedup_by_key(|concern| (concern.matter, concern.since));
        let refused = all.partition_point(|concern| concern.matter < Matter::Refused);
        let others = all.partition_point(|concern| concern.matter <= Matter::Refused);
        if others - refused > 2 {
            all.drain(refused + 1..others - 1);
        }
        all
    }
}
