//! From the messages of alerts to their rows.

use std::time::Duration;

use crate::app::change::Message;
use crate::app::project::{Projected, on_alert};
use crate::app::rows::*;
use crate::app::view::View;
use crate::base::{MemberId, MessageId, Timestamp};
use crate::domain::alert::AlertRecord;
use crate::domain::duty::{LooseEnd, LooseState};
use crate::domain::message::{Body, Kind, Priority};
use crate::store::IndexError;

/// Writes the rows that follow from a message of an alert, or from a subscription.
pub(in crate::app) fn converse(
    view: &mut View<'_>,
    me: MemberId,
    p: &Projected<'_>,
    message: &Message,
) -> Result<(), IndexError> {
    let (header, event) = (&message.header, &message.event);
    if let Body::Subscription(subscription) = &event.body {
        let key = header.sender.member.to_bytes();
        let known = view.row::<SubscriptionRow>(SUBSCRIPTION, &key)?;
        let counts = known.is_none_or(|known| {
            subscription.outdoes(header.id, &known.subscription, known.message)
        });
        if counts {
            let row = SubscriptionRow {
                message: header.id,
                subscription: subscription.clone(),
            };
            view.put(SUBSCRIPTION, key.to_vec(), row);
        }
        return Ok(());
    }
    let gone = message.erased.map(|erased| erased.gone);
    let known = on_alert(view, header.conversation, p, |row| {
        let before = row.alert.alert().priority();
        row.alert.apply(header, event);
        if (before, row.alert.alert().priority()) == (Priority::Routine, Priority::Urgent) {
            row.raised = Some(p.at);
        }
        // Others may give what they say the same id.
        if header.sender.member == row.alert.publisher() && row.alert.last_message() == header.id {
            row.since = p.at;
            row.refusals.clear();
        }
        if header.kind == Kind::AlertUpdate && row.alert.standing().message == header.id {
            row.erased = gone;
        }
        if header.sender.member == me {
            row.remark(me, header.kind, header.id);
        }
    })?;
    let Some(alert) = AlertRecord::open(header, event).filter(|_| !known) else {
        return Ok(());
    };
    let row = AlertRow {
        id: header.conversation,
        alert,
        thread: vec![p.entry],
        since: p.at,
        raised: None,
        waits: Vec::new(),
        told: Vec::new(),
        calls: Vec::new(),
        refusals: Vec::new(),
        remarks: Vec::new(),
        escalates: None,
        erased: gone,
        not_at: Vec::new(),
        to_nobody: Vec::new(),
        pressing: Vec::new(),
        compromised: None,
    };
    put(view, p, row)
}

/// Writes an alert's row, and its places.
pub(in crate::app) fn put(
    view: &mut View<'_>,
    p: &Projected<'_>,
    mut row: AlertRow,
) -> Result<(), IndexError> {
    let place = alert_order_key(row.alert.updated(), row.id);
    let last = view.row::<MessageRow>(MESSAGE, &row.last_message())?;
    let unheard = row.unheard_by().next().is_some();
    if unheard || last.as_ref().is_some_and(MessageRow::is_loose) {
        view.put(ALERT_LOOSE, place.clone(), row.id);
    }
    let waits = match &last {
        Some(last) => waits(view, &row, last)?,
        None => Vec::new(),
    };
    let caught_up = caught_up(view, &row)?;
    row.wait_for(waits, &caught_up, p.at);
    let was = row.escalates;
    row.escalates = last.and_then(|last| row.next_level(&last));
    if was != row.escalates {
        if let Some(was) = was {
            view.delete(ESCALATION, timed_key(was, row.id));
        }
        if let Some(at) = row.escalates {
            view.add(ESCALATION, timed_key(at, row.id), row.id);
        }
    }
    view.put(ALERT_ORDER, place, row.id);
    view.put(ALERT, row.id.to_bytes().to_vec(), row);
    Ok(())
}

/// The members that do not have its publisher's last message, of an own alert. Who does not have one before
/// it either waits on: what is updated again and again would else wait for nobody long enough.
fn waits(view: &View<'_>, row: &AlertRow, last: &MessageRow) -> Result<Vec<Wait>, IndexError> {
    let mut all = Vec::new();
    for (member, delivery) in &last.deliveries {
        if *delivery == Delivery::Delivered {
            continue;
        }
        let wait = match row.waits.iter().find(|wait| wait.member == *member) {
            Some(wait) => goes_on(view, row, *wait)?,
            None => Wait {
                member: *member,
                first: row.alert.last_message(),
                since: row.since,
            },
        };
        all.push(wait);
    }
    Ok(all)
}

/// What a member waits for now: what it waited for, or the next that is on its way to it.
fn goes_on(view: &View<'_>, row: &AlertRow, wait: Wait) -> Result<Wait, IndexError> {
    let last = row.alert.last_message();
    let from = own_messages(row).skip_while(|(message, _)| *message != wait.first);
    for (message, written) in from.take_while(|(message, _)| *message != last) {
        let key = message_key(row.alert.publisher(), message);
        // What it refused, or what expired, does not come any more.
        let waits = |row: &MessageRow| row.deliveries.get(&wait.member) == Some(&Delivery::Queued);
        if view.look(MESSAGE, &key, waits)? == Some(true) {
            return Ok(wait.on(message, written));
        }
    }
    Ok(wait.on(last, row.alert.updated()))
}

/// The members that have taken what they waited for.
fn caught_up(view: &View<'_>, row: &AlertRow) -> Result<Vec<MemberId>, IndexError> {
    let mut all = Vec::new();
    for wait in &row.waits {
        let key = message_key(row.alert.publisher(), wait.first);
        let has = |row: &MessageRow| row.deliveries.get(&wait.member) == Some(&Delivery::Delivered);
        if view.look(MESSAGE, &key, has)? == Some(true) {
            all.push(wait.member);
        }
    }
    Ok(all)
}

/// What its publisher said, in order, and when.
fn own_messages(row: &AlertRow) -> impl Iterator<Item = (MessageId, Timestamp)> {
    let earlier = row.alert.earlier().iter();
    let earlier = earlier.map(|version| (version.message, version.published));
    let standing = row.alert.standing();
    let cancelled = row.alert.cancelled();
    earlier
        .chain([(standing.message, standing.published)])
        .chain(cancelled.map(|cancelled| (cancelled.message, cancelled.at)))
}

impl AlertRow {
    /// Notes what this office said, in place of what it said before of that kind and of what it takes back
    /// by it.
    fn remark(&mut self, me: MemberId, kind: Kind, message: MessageId) {
        if !matches!(kind, Kind::Sighting | Kind::Contradiction) {
            return;
        }
        let alert = &self.alert;
        self.remarks.retain(|remark| {
            let by = match remark.kind == Kind::Sighting {
                true => alert.sighted_by(),
                false => alert.contradicted_by(),
            };
            remark.kind != kind && by.contains(&me)
        });
        self.remarks.push(Remark {
            kind,
            message,
            lost: Vec::new(),
        });
    }

    /// Notes that a member has what this office said last.
    pub(in crate::app) fn heard(&mut self, member: MemberId, message: MessageId) {
        let mut remarks = self.remarks.iter_mut();
        if let Some(remark) = remarks.find(|remark| remark.message == message) {
            remark.lost.retain(|(lost_to, _)| *lost_to != member);
        }
    }

    /// Notes that a member will not get what this office said last, unless that is known.
    pub(in crate::app) fn unheard(
        &mut self,
        member: MemberId,
        message: MessageId,
        since: Timestamp,
        state: LooseState,
    ) {
        let mut remarks = self.remarks.iter_mut();
        let Some(remark) = remarks.find(|remark| remark.message == message) else {
            return;
        };
        if remark.lost.iter().all(|(lost_to, _)| *lost_to != member) {
            let end = LooseEnd {
                message,
                since,
                state,
            };
            remark.lost.push((member, end));
        }
    }

    /// Notes of what this office said last which of it a member will not get either, since that waits behind
    /// what is lost in this way.
    pub(in crate::app) fn waits_in_vain(
        &mut self,
        member: MemberId,
        messages: &[MessageId],
        since: Timestamp,
        state: LooseState,
    ) {
        for message in messages {
            self.unheard(member, *message, since, state);
        }
    }
}

impl Wait {
    /// The same member's wait for a message that was written then. What came back to this node from
    /// others is dated before it could go out again, so the time never goes back; nor does it stay, since
    /// people are told of each time once.
    fn on(self, message: MessageId, written: Timestamp) -> Self {
        let since = match message == self.first {
            true => self.since,
            false => written.max(self.since.plus(Duration::from_millis(1))),
        };
        Self {
            first: message,
            since,
            ..self
        }
    }
}

/// Notes an own message, and where it says that its recipients go on.
pub(in crate::app) fn said(view: &mut View<'_>, message: &Message) {
    let header = &message.header;
    let joining = header.joining().unwrap_or_default().into_iter();
    let row = SaidRow {
        message: header.id,
        sequence: header.sequence,
        goes_on: joining.map(|one| (one.member, one.sequence)).collect(),
    };
    view.put(SAID, said_key(header.conversation, header.sequence), row);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{hours, member};

    #[test]
    fn a_member_that_waits_for_the_next_message_waits_from_a_time_of_its_own() {
        let [first, next] = [1, 2].map(|byte| MessageId::from_bytes([byte; 16]));
        let wait = Wait {
            member: member("AT"),
            first,
            since: hours(10),
        };
        assert_eq!(wait.on(first, hours(12)), wait);
        assert_eq!(wait.on(next, hours(12)).since, hours(12));
        for written in [hours(9), hours(10)] {
            assert!(wait.on(next, written).since > hours(10));
        }
    }
}
