//! The form of each event within its exchange, the same for one's own and for a peer's.

use super::{Exchange, Ground, PeerFault};
use crate::base::Timestamp;
use crate::domain::FieldError;
use crate::domain::message::{Body, Event, Header};

/// Checks every field of an event; `at` is when it is said.
pub(super) fn check(
    exchange: &Exchange,
    body: &Body,
    at: Timestamp,
) -> Result<(), Vec<FieldError>> {
    let request = exchange.request();
    match body {
        Body::Acceptance(acceptance) => acceptance.validate(),
        Body::ClarificationRequest(asked) => asked.validate(request),
        Body::Channelling(channelling) => channelling.validate(),
        Body::AwaitingAuthorisation(awaited) => awaited.validate(at),
        Body::Answer(answer) => answer.validate(request),
        Body::Refusal(refusal) => refusal.validate(request),
        Body::Transfer(transfer) => transfer.validate(exchange.members()),
        Body::Clarification(clarification) => clarification.validate(),
        Body::Feedback(feedback) => feedback.validate(),
        Body::Withdrawal(withdrawal) => withdrawal.validate(),
        Body::Supersession(supersession) => supersession.validate(exchange.id()),
        Body::Closing(closing) => closing.validate(),
        Body::Reopening(reopening) => reopening.validate(request),
        Body::Correction(correction) => correction.validate(),
        Body::PermissionRequest(asked) => asked.validate(exchange.members()),
        Body::PermissionGrant(grant) => grant.validate(exchange.members(), at),
        Body::PermissionRefusal(refusal) => refusal.validate(),
        Body::Notice(notice) => notice.validate(exchange.members()),
        // They open conversations of their own, or belong to an alert.
        Body::Request(_)
        | Body::Alert(_)
        | Body::Sighting(_)
        | Body::AlertUpdate(_)
        | Body::AlertCancellation(_)
        | Body::Contradiction(_)
        | Body::Acknowledgement(_)
        | Body::Subscription(_) => Ok(()),
    }
}

/// Checks a peer's event, and that its header says the same.
pub(super) fn check_peer(
    exchange: &Exchange,
    header: &Header,
    event: &Event,
) -> Result<(), PeerFault> {
    let may_attach = match &event.body {
        // "Neither confirm nor deny" stays at the node that says it.
        Body::Refusal(refusal) if refusal.ground == Ground::X5 => return Err(PeerFault::Form),
        Body::Answer(answer) => !answer.is_silent(),
        Body::Clarification(_) => true,
        Body::Acceptance(_)
        | Body::ClarificationRequest(_)
        | Body::Channelling(_)
        | Body::AwaitingAuthorisation(_)
        | Body::Refusal(_)
        | Body::Transfer(_)
        | Body::Feedback(_)
        | Body::Withdrawal(_)
        | Body::Supersession(_)
        | Body::Closing(_)
        | Body::Reopening(_)
        | Body::Correction(_)
        | Body::PermissionRequest(_)
        | Body::PermissionGrant(_)
        | Body::PermissionRefusal(_)
        | Body::Notice(_) => false,
        Body::Request(_)
        | Body::Alert(_)
        | Body::Sighting(_)
        | Body::AlertUpdate(_)
        | Body::AlertCancellation(_)
        | Body::Contradiction(_)
        | Body::Acknowledgement(_)
        | Body::Subscription(_) => return Err(PeerFault::Form),
    };
    let attaches = !header.attachments.is_empty();
    let marked = header.handling.is_same(exchange.handling_of(&event.body));
    if !marked || (attaches && !may_attach) {
        return Err(PeerFault::Form);
    }
    check(exchange, &event.body, event.at).map_err(|_| PeerFault::Form)
}
