//! What is owed beside the answer, and what others said that a message carries, as the API shows it.

use serde_json::{Value, json};

use crate::api::{DutyView, ForwardView, PermissionView};
use crate::app::change::Message;
use crate::app::rows::ExchangeRow;
use crate::app::{Action, Caller, Duty, Owed, PermissionRow, duties, read_copy};
use crate::base::{MemberId, MessageId, Timestamp};
use crate::domain::message::{Body, Kind, SignedCopy};
use crate::domain::rfi::{SaidMessage, Side, Standing, State, is_passed_on};

/// What either side owes. A correction that can be passed on to nobody is among that: somebody has what is
/// wrong, and its author may give another one.
pub fn owed(row: &ExchangeRow, now: Timestamp) -> Vec<DutyView> {
    let [own, other] = match row.exchange.side() {
        Side::Requesting => row.exchange.members(),
        Side::Requested => {
            let [asking, asked] = row.exchange.members();
            [asked, asking]
        }
    };
    let said = row.exchange.said();
    let barred = |duty: &Duty| {
        let passing = duty.what == Owed::PassingOn;
        let about = said.iter().find(|said| passing && said.id == duty.about)?;
        barred(about, now).map(str::to_owned)
    };
    let view = |duty: Duty| DutyView {
        barred: barred(&duty),
        duty: match duty.what {
            Owed::Acknowledgement => "acknowledge-correction",
            Owed::PassingOn => "pass-on-correction",
            Owed::Decision => "decide-permission",
        }
        .to_owned(),
        about: duty.about,
        since: duty.since,
        owed_by: if duty.ours { own } else { other },
        to: duty.to,
    };
    duties(row).into_iter().map(view).collect()
}

/// Why what was said can be passed on to nobody, whatever its author permits: the code that whoever tries is
/// answered with.
fn barred(said: &SaidMessage, now: Timestamp) -> Option<&'static str> {
    match said.passes_until {
        // Of what is erased that is not known.
        None => Some("content-erased"),
        Some(_) if said.bound => Some("marking-forbids"),
        Some(until) => (now > until).then_some("retention-over"),
    }
}

/// What the other side corrected and somebody else still has uncorrected from here: the correction, and
/// whom it is owed to. What is for this office alone is passed on to nobody, and nothing is to observers.
pub fn to_pass_on(row: &ExchangeRow, now: Timestamp) -> Vec<(MessageId, MemberId)> {
    let said = row.exchange.said();
    let goes_on = |about: MessageId| {
        said.iter()
            .any(|said| said.id == about && said.goes_on(now))
    };
    let owed = duties(row).into_iter();
    let owed = owed.filter(|duty| duty.ours && duty.what == Owed::PassingOn && goes_on(duty.about));
    owed.filter_map(|duty| Some((duty.about, duty.to?)))
        .filter(|(_, to)| !row.observers.contains(to))
        .collect()
}

/// What the other side said that can be passed on, if its author permits it where that is needed, with its
/// place among all that was said.
pub fn passable(row: &ExchangeRow, now: Timestamp) -> Vec<(usize, SaidMessage)> {
    let side = row.exchange.side();
    let corrected = row.exchange.corrections();
    let corrected = |id: MessageId| corrected.iter().any(|told| told.message == id);
    let ended = matches!(row.exchange.state(), State::Withdrawn | State::Superseded);
    let request_is_over = ended || row.erased.is_some();
    let mut said: Vec<_> = row.exchange.said().into_iter().enumerate().collect();
    said.retain(|(_, said)| {
        let is_over = said.id == row.id && request_is_over;
        let stands = !is_over && !corrected(said.id);
        said.by != side && is_passed_on(said.kind) && said.goes_on(now) && stands
    });
    said
}

/// What was passed on of an exchange.
pub fn forwards(row: &ExchangeRow) -> Vec<ForwardView> {
    let forwards = row.forwards.iter();
    forwards
        .map(|forward| ForwardView {
            message: forward.message,
            to: forward.to,
            exchange: forward.exchange,
        })
        .collect()
}

/// A permission.
pub fn permission(row: &PermissionRow, caller: &Caller, now: Timestamp) -> PermissionView {
    let PermissionRow { permission, .. } = row;
    let [asking, asked] = row.members;
    let (holder, originator) = match permission.holder {
        Side::Requesting => (asking, asked),
        Side::Requested => (asked, asking),
    };
    let ended = permission.standing == Standing::Granted && !permission.holds(now);
    let decides = permission.holder != row.side
        && Action::DecidePermission
            .roles()
            .iter()
            .any(|role| caller.roles.contains(role));
    let actions: &[&str] = match permission.standing {
        Standing::Asked if decides && row.reached.hears(Kind::PermissionGrant) => {
            &["grant", "refuse"]
        }
        Standing::Asked if decides => &["refuse"],
        Standing::Granted if decides && !ended => &["refuse"],
        Standing::Asked
        | Standing::Granted
        | Standing::Refused
        | Standing::TakenBack
        | Standing::Used => &[],
    };
    PermissionView {
        id: permission.id,
        exchange: row.exchange,
        holder,
        originator,
        message: permission.terms.message,
        leaf: permission.terms.leaf,
        to: permission.terms.to,
        purpose: permission.terms.purpose.clone(),
        standing: if ended {
            "ended".to_owned()
        } else {
            permission.standing.to_string()
        },
        asked: permission.at,
        expires: permission.grant.map(|(.., expires)| expires),
        used_by: permission.used_by,
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        letter: None,
    }
}

/// Puts what a message carries of others in readable form where its signed bytes stand.
pub fn readable(body: &Body, content: &mut Value) {
    match body {
        Body::Request(request) => {
            let Some(forwarded) = &request.forwarded else {
                return;
            };
            let mut shown = carried(&forwarded.message);
            if let Some(permission) = &forwarded.permission {
                shown["permission"] = carried(permission);
            }
            content["forwarded"] = shown;
        }
        Body::Correction(correction) => {
            if let Some(copy) = &correction.passes_on {
                content["passes_on"] = carried(copy);
            }
        }
        _ => (),
    }
}

/// A message that another one carries.
fn carried(copy: &SignedCopy) -> Value {
    let Some(message) = read_copy(copy) else {
        return Value::Null;
    };
    let Message { header, event, .. } = &message;
    json!({
        "originator": header.sender.member,
        "exchange": header.conversation,
        "message": header.id,
        "leaf": message.leaf(),
        "kind": header.kind,
        "at": event.at,
        "content": super::content(&event.body),
    })
}
