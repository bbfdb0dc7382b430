//! Who does not have the last version of an own alert, and which alert that came nobody has opened.

use super::{Contact, LOOKED_AT, Pressing};
use crate::app::rows::*;
use crate::app::service::{Service, Turn};
use crate::base::{MemberId, MessageId};
use crate::domain::alert::AlertState;
use crate::domain::duty::{LooseEnd, LooseState, Reach, alert_attention};
use crate::store::IndexError;

/// Notes on an alert that is read who does not have it yet, and what presses about it.
pub(super) fn look(
    service: &Service,
    turn: &Turn<'_>,
    row: &mut AlertRow,
) -> Result<(), IndexError> {
    let me = service.me.member;
    let loose = loose_ends(me, turn, row)?;
    let lacks = loose.iter().filter(|(member, _)| *member != me);
    row.not_at = lacks.map(|(member, _)| *member).collect();
    row.pressing = Vec::new();
    let alert = row.alert.alert();
    // For an exercise nobody is called in earnest, and what holds no more is late for all.
    if !alert.status.counts() || row.alert.state(turn.now) == AlertState::Expired {
        return Ok(());
    }
    let nobody = Contact::default();
    let own = service.contact(me).unwrap_or(&nobody);
    for (member, end) in loose {
        let withheld = service.withholds(turn, member)?;
        let theirs = service.contact(member).unwrap_or(&nobody);
        let reach = Reach {
            unlinked_since: service.unlinked_since(member, turn.now),
            withheld: withheld.is_some(),
            own: &own.duty,
            theirs: &theirs.duty,
        };
        let attention = alert_attention(alert.priority(), &end, &reach, turn.now);
        row.pressing.extend(attention.map(|attention| Pressing {
            attention,
            member,
            listed: theirs.listed.clone(),
            withheld,
        }));
    }
    Ok(())
}

/// The alerts about which something presses now, the newest first, at most `limit`.
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
        if rows.len() == limit {
            break;
        }
    }
    Ok(rows)
}

/// Where the publisher's last message is not where it should be.
fn loose_ends(
    me: MemberId,
    turn: &Turn<'_>,
    row: &AlertRow,
) -> Result<Vec<(MemberId, LooseEnd)>, IndexError> {
    let publisher = row.alert.publisher();
    let message = row.alert.last_message();
    let key = message_key(publisher, message);
    let Some(last) = turn.view.row::<MessageRow>(MESSAGE, &key)? else {
        return Ok(Vec::new());
    };
    let end = |since, state| LooseEnd {
        message,
        since,
        state,
    };
    if publisher != me {
        if last.opened.is_some() || row.erased.is_some() {
            return Ok(Vec::new());
        }
        let came = turn.time_of(last.entry);
        let came = came.map_err(|_| IndexError::Damaged)?;
        return Ok(vec![(me, end(came, LooseState::Unread))]);
    }
    let sent = row.alert.updated();
    let at = |(member, delivery): (&MemberId, &Delivery)| {
        let end = match delivery {
            Delivery::Delivered => return None,
            Delivery::Queued => end(sent, LooseState::Queued),
            Delivery::Refused(number) => end(sent, LooseState::Refused(*number)),
            Delivery::Expired => end(last.expires, LooseState::Expired),
        };
        Some((*member, end))
    };
    Ok(last.deliveries.iter().filter_map(at).collect())
}
