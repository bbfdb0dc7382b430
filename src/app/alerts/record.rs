//! From the messages of alerts to their rows.

use crate::app::change::Message;
use crate::app::project::{Projected, on_alert};
use crate::app::rows::*;
use crate::app::view::View;
use crate::domain::alert::AlertRecord;
use crate::domain::message::{Body, Kind};
use crate::exchange::Conversation;
use crate::store::IndexError;

/// Writes the rows that follow from a message of an alert, or from a subscription.
pub(in crate::app) fn converse(
    view: &mut View<'_>,
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
        row.alert.apply(header, event);
        // Others may give what they say the same id.
        if header.sender.member == row.alert.publisher() && row.alert.last_message() == header.id {
            row.since = p.at;
            row.refusals.clear();
        }
        if header.kind == Kind::AlertUpdate && row.alert.standing().message == header.id {
            row.erased = gone;
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
        told: Vec::new(),
        calls: Vec::new(),
        refusals: Vec::new(),
        escalates: None,
        erased: gone,
        not_at: Vec::new(),
        pressing: Vec::new(),
        compromised: None,
    };
    put(view, row)
}

/// Writes an alert's row, and its places.
pub(in crate::app) fn put(view: &mut View<'_>, mut row: AlertRow) -> Result<(), IndexError> {
    let place = alert_order_key(row.alert.updated(), row.id);
    let last = view.row::<MessageRow>(MESSAGE, &row.last_message())?;
    if last.as_ref().is_some_and(MessageRow::is_loose) {
        view.put(ALERT_LOOSE, place.clone(), row.id);
    }
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

/// Notes to whom an own message went, for the recipients of later ones.
pub(in crate::app) fn reached(view: &mut View<'_>, message: &Message) {
    let header = &message.header;
    let reached = Conversation {
        sequence: header.sequence + 1,
        last: Some(message.leaf()),
    };
    for recipient in &header.recipients {
        let key = conversation_key(header.conversation, *recipient);
        view.put(REACHED, key, reached);
    }
}
