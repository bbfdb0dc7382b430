//! Which recipients of a message do not have all before it: an alert's recipients become more, an
//! acknowledgement goes to the publisher alone, a member may be off the list for a while, and what it
//! refused, what expired on the way, or what is kept from it as an observer, it does not count.

use crate::app::input::Federation;
use crate::app::reached::goes_to_observers;
use crate::app::requests::Letter;
use crate::app::rows::{
    ALERT, AlertRow, Delivery, MESSAGE, MessageRow, SAID, SaidRow, message_key,
};
use crate::app::service::Turn;
use crate::app::view::View;
use crate::base::{MemberId, MessageId};
use crate::domain::message::{Extension, Joining};
use crate::exchange::Conversation;
use crate::store::IndexError;

/// More than a member says in an alert.
const MOST_SAID: usize = 1_000;

/// The header extensions that name them; `progress` is how far this member has come.
pub(in crate::app) fn joining(
    turn: &Turn<'_>,
    (me, federation): (MemberId, &Federation),
    letter: &Letter<'_>,
    progress: &Conversation,
) -> Result<Vec<Extension>, IndexError> {
    if !letter.body.kind().is_of_an_alert() || progress.sequence == 0 {
        return Ok(Vec::new());
    }
    let recipients = letter.recipients.iter();
    let mut places: Vec<(MemberId, Conversation)> = recipients
        .map(|member| (*member, Conversation::default()))
        .collect();
    let view = &turn.view;
    let all = view.prefix::<SaidRow>(SAID, &letter.conversation.to_bytes(), MOST_SAID)?;
    for (_, said) in all {
        let key = message_key(me, said.message);
        let Some(row) = view.row::<MessageRow>(MESSAGE, &key)? else {
            continue;
        };
        for (member, place) in &mut places {
            let delivery = row.deliveries.get(&*member);
            let waits = delivery == Some(&Delivery::Queued) && federation.observes(*member);
            if waits && !goes_to_observers(turn, &row) {
                continue;
            }
            if delivery.is_some_and(|delivery| said.comes(*member, *delivery, place.sequence)) {
                *place = Conversation {
                    sequence: said.sequence + 1,
                    last: Some(row.leaf),
                };
            }
        }
    }
    let behind = places.into_iter().filter(|(_, place)| place != progress);
    let joining: Vec<Joining> = behind
        .map(|(member, place)| Joining {
            member,
            sequence: place.sequence,
            last: place.last,
        })
        .collect();
    Ok(Joining::extension(&joining).into_iter().collect())
}

/// Of this member's messages that wait for another in an alert, those that it never takes: they follow
/// something lost, and do not say so. None where this office said nothing of which people are told.
pub(in crate::app) fn in_vain(
    view: &View<'_>,
    me: MemberId,
    alert: MessageId,
    member: MemberId,
) -> Result<Vec<MessageId>, IndexError> {
    let alert = alert.to_bytes();
    let is_told = |row: &AlertRow| !row.remarks.is_empty();
    if view.look(ALERT, &alert, is_told)? != Some(true) {
        return Ok(Vec::new());
    }
    let (mut next, mut in_vain) = (0, Vec::new());
    for (_, said) in view.prefix::<SaidRow>(SAID, &alert, MOST_SAID)? {
        let key = message_key(me, said.message);
        let delivery = |row: &MessageRow| row.deliveries.get(&member).copied();
        let Some(delivery) = view.look(MESSAGE, &key, delivery)?.flatten() else {
            continue;
        };
        if said.comes(member, delivery, next) {
            next = said.sequence + 1;
        } else if delivery == Delivery::Queued {
            in_vain.push(said.message);
        }
    }
    Ok(in_vain)
}

impl SaidRow {
    /// Whether a member has it, or will once it has taken what is on its way; `next` is the number that it
    /// would take without this one.
    fn comes(&self, member: MemberId, delivery: Delivery, next: u64) -> bool {
        let mut goes_on = self.goes_on.iter();
        match delivery {
            Delivery::Delivered => true,
            // What follows something lost, and does not say so, is never taken.
            Delivery::Queued => {
                next == self.sequence || goes_on.any(|going_on| *going_on == (member, next))
            }
            Delivery::Refused(_) | Delivery::Expired => false,
        }
    }
}
