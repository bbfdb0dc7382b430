//! Whether what a peer sends fits the alerts that are here.

use crate::app::rows::AlertRow;
use crate::base::MemberId;
use crate::domain::alert::{AlertFault, AlertRecord, Subscription};
use crate::domain::message::{Event, Header, Kind};
use crate::exchange::Refusal;

/// Judges a message of an alert, or a subscription. `opens` says whether it may open a
/// conversation: it has the id of one that is not there.
pub(in crate::app) fn admit(
    me: MemberId,
    header: &Header,
    event: &Event,
    alert: Option<&AlertRow>,
    opens: bool,
) -> Result<(), Refusal> {
    let carries = matches!(
        header.kind,
        Kind::Alert | Kind::AlertUpdate | Kind::Sighting
    );
    if !carries && !header.attachments.is_empty() {
        return Err(Refusal::Malformed);
    }
    let first = matches!(header.kind, Kind::Alert | Kind::Subscription);
    if first && !opens {
        return Err(Refusal::OutOfState);
    }
    if header.kind == Kind::Subscription {
        return Subscription::admit(header, event).map_err(refusal_of);
    }
    let joins = header.kind == Kind::AlertUpdate && joins(header, me);
    let admitted = match alert {
        Some(row) => row.alert.admit(header, event),
        None if first || joins => AlertRecord::admit_first(header, event),
        None => return Err(Refusal::UnknownConversation),
    };
    admitted.map_err(refusal_of)
}

/// Whether a member comes into the conversation with this message.
pub(in crate::app) fn joins(header: &Header, member: MemberId) -> bool {
    header.continues(member) == Ok((0, None)) && header.sequence > 0
}

fn refusal_of(fault: AlertFault) -> Refusal {
    match fault {
        AlertFault::Member | AlertFault::Role | AlertFault::State | AlertFault::Status => {
            Refusal::OutOfState
        }
        AlertFault::Form => Refusal::Malformed,
        AlertFault::NotYet => Refusal::Gap,
    }
}
