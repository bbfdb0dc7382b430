//! Whether a message that a peer gives back has its place next in its conversation.

use std::time::Duration;

use crate::app::alerts;
use crate::app::change::Message;
use crate::app::rows::*;
use crate::app::service::{Service, Turn};
use crate::base::MemberId;
use crate::domain::message::{Header, Kind};
use crate::exchange::{Conversation, Refusal};
use crate::store::IndexError;

/// How long after the log goes on whoever has a link has given back what it has.
const GIVEN_BACK: Duration = Duration::from_secs(24 * 3_600);

/// Why a message of this node does not come next in its conversation. What no recipient took nobody gives
/// back, so that it may come next where the one that gives it went on; what another has, that one gives. An
/// alert of which nobody took the first version begins with a later one.
pub(super) fn out_of_order(
    service: &Service,
    turn: &Turn<'_>,
    peer: MemberId,
    message: &Message,
) -> Result<Option<Refusal>, IndexError> {
    let me = service.me.member;
    let header = &message.header;
    let conversation = header.conversation.to_bytes();
    let exchange = turn.view.row::<ExchangeRow>(EXCHANGE, &conversation)?;
    let alert = turn.view.row::<AlertRow>(ALERT, &conversation)?;
    let known = exchange.is_some() || alert.is_some();
    let opens = header.conversation == header.id;
    let mut recipients = header.recipients.iter();
    let begins = !known
        && header.kind == Kind::AlertUpdate
        && recipients.all(|member| alerts::joins(header, *member));
    let anywhere = opens || begins || matches!(header.kind, Kind::Subscription);
    if opens && known {
        return Ok(Some(Refusal::OutOfState));
    }
    if !known && !anywhere {
        return Ok(Some(Refusal::UnknownConversation));
    }
    let progress = turn
        .view
        .row::<Conversation>(CONVERSATION, &conversation_key(header.conversation, me))?
        .unwrap_or_default();
    let has_no_more = |member: &MemberId| {
        let continues = header.continues(*member);
        continues.is_ok_and(|(sequence, _)| sequence <= progress.sequence)
    };
    let goes_on = header.continues(peer) == Ok((progress.sequence, progress.last))
        && header.recipients.iter().all(has_no_more)
        && alert.is_none_or(|alert| leaves_nobody_out(service, turn, &alert, header));
    if (known || begins) && goes_on && header.sequence < u64::MAX {
        return Ok(None);
    }
    let place = (header.sequence, header.previous_own);
    Ok(match header.sequence.cmp(&progress.sequence) {
        std::cmp::Ordering::Less => Some(Refusal::Replayed),
        std::cmp::Ordering::Greater => Some(Refusal::Gap),
        std::cmp::Ordering::Equal if place != (progress.sequence, progress.last) => {
            Some(Refusal::BrokenChain)
        }
        std::cmp::Ordering::Equal => None,
    })
}

/// Whether a message goes to all others that have the alert and may give back what came before it: the places
/// of the rest are not in it. What nobody has would else keep out for good what follows it.
fn leaves_nobody_out(
    service: &Service,
    turn: &Turn<'_>,
    alert: &AlertRow,
    header: &Header,
) -> bool {
    let federation = service.federation.as_ref();
    let mut others = alert.alert.others(service.me.member);
    others.retain(|member| federation.is_some_and(|federation| federation.keeps(*member)));
    let had_time = others_had_time(service, turn);
    let gave = |member| had_time && service.flight.peer(member).is_some();
    others
        .iter()
        .all(|member| header.recipients.contains(member) || gave(*member))
}

/// Whether this incarnation of the log began long enough ago.
fn others_had_time(service: &Service, turn: &Turn<'_>) -> bool {
    let mut restored = service.federation.iter().flat_map(|f| &f.trust.restored);
    let own = restored.find(|log| log.origin == turn.log.origin());
    let first = own.and_then(|log| turn.log.read(log.after).ok());
    first.is_some_and(|first| turn.now.since(first.entry.time) >= GIVEN_BACK)
}
