//! From what the service knows to what the API shows.

mod passing;

use std::collections::HashSet;

pub use passing::{forwards, passable, permission, to_pass_on};

use super::duty;
use super::problem::Failure;
use crate::api::{
    AttachmentView, ClockView, ErasedView, EventView, ExchangeSummary, PauseView, PeerLogView,
    ProofView, QuestionView, SendAcceptance, SendRefusal,
};
use crate::app::change::{Change, KeptProof, KeptReceipt, Message, Other, ReceiptWord};
use crate::app::rows::ExchangeRow;
use crate::app::{Action, AppError, Caller, DutyChange, Gone, ThreadItem};
use crate::base::{MessageId, Role, Timestamp};
use crate::domain::duty::DutyLevel;
use crate::domain::message::{Body, Kind};
use crate::domain::profile::{Clock, Pause};
use crate::domain::rfi::{Acceptance, Exchange, LinkKind, LocalGround, Refusal, Scope};

/// A cursor of a list, as the API gives it: hexadecimal.
pub fn cursor(text: Option<String>) -> Result<Option<Vec<u8>>, Failure> {
    text.map(|text| hex::decode(text).map_err(|_| AppError::BadCursor.into()))
        .transpose()
}

/// An exchange's line in the list.
pub fn summary(row: &ExchangeRow, now: Timestamp) -> ExchangeSummary {
    let exchange = &row.exchange;
    let request = exchange.request();
    let parallel = request
        .links
        .iter()
        .filter(|link| link.kind == LinkKind::Parallel);
    ExchangeSummary {
        id: row.id,
        direction: duty::direction(row),
        peer: row.peer,
        reference: request.reference.clone(),
        their_reference: exchange.their_reference(),
        state: exchange.state().to_string(),
        urgency: request.urgency.to_string(),
        urgency_reason: request.urgency_reason.map(|reason| reason.to_string()),
        subject: request.offence.clone(),
        created: exchange.created(),
        updated: row.updated,
        clock: exchange.clock().map(|clock| self::clock(&clock, now)),
        linked: parallel.map(|link| link.exchange).collect(),
        witnessed: row.witnessed,
        status: exchange.status().to_string(),
        duties: passing::owed(row, now),
        withheld: row.withheld.map(|why| why.code().to_owned()),
        letters: Vec::new(),
        erased: row.erased.map(erased),
        compromised_since: row.compromised,
        attention: duty::attention(row, now),
    }
}

/// That content was erased.
pub fn erased(gone: Gone) -> ErasedView {
    ErasedView {
        at: gone.at,
        reason: gone.reason.to_string(),
    }
}

fn clock(clock: &Clock, now: Timestamp) -> ClockView {
    let pause = |pause: &Pause| PauseView {
        began: pause.began,
        ended: pause.ended,
    };
    ClockView {
        profile: clock.profile.to_string(),
        limit: clock.limit.to_string(),
        started: clock.started,
        due: clock.due,
        stopped: clock.stopped,
        overdue: clock.overdue(now),
        paused_since: clock.paused_since(),
        pauses: clock.pauses.iter().map(pause).collect(),
        expected: clock.derogation.as_ref().map(|awaited| awaited.expected),
        pressure: clock.pressure(now).to_string(),
    }
}

/// How far each question has come.
pub fn questions(exchange: &Exchange) -> Vec<QuestionView> {
    let asked = exchange.request().questions.iter();
    let each = (0..=u16::MAX).zip(asked.zip(exchange.questions()));
    each.map(|(place, (question, progress))| QuestionView {
        question: place,
        kind: question.kind.to_string(),
        text: question.text.clone(),
        status: progress.status.to_string(),
        outcome: progress.outcome.map(|outcome| outcome.to_string()),
        ground: progress.ground.map(|ground| ground.to_string()),
        to_clarify: progress.to_clarify,
    })
    .collect()
}

/// Why the answer takes longer than the limit.
pub fn delay_reason(exchange: &Exchange) -> Option<String> {
    Some(exchange.clock()?.derogation?.reason)
}

/// Each verb of an exchange, with the kind of message that it makes and the leave that it needs.
const VERBS: [(&str, Kind, Action); 16] = [
    ("accept", Kind::Acceptance, Action::AcceptRequest),
    ("answer", Kind::Answer, Action::AnswerRequest),
    ("refuse", Kind::Refusal, Action::RefuseRequest),
    (
        "clarify",
        Kind::ClarificationRequest,
        Action::AskClarification,
    ),
    ("clarify", Kind::Clarification, Action::ClarifyRequest),
    ("channel", Kind::Channelling, Action::ChannelRequest),
    ("await", Kind::AwaitingAuthorisation, Action::AnnounceDelay),
    ("transfer", Kind::Transfer, Action::TransferRequest),
    ("feedback", Kind::Feedback, Action::GiveFeedback),
    ("withdraw", Kind::Withdrawal, Action::WithdrawRequest),
    ("supersede", Kind::Supersession, Action::SupersedeRequest),
    ("close", Kind::Closing, Action::CloseExchange),
    ("reopen", Kind::Reopening, Action::ReopenExchange),
    ("correct", Kind::Correction, Action::CorrectMessage),
    ("acknowledge", Kind::Notice, Action::AcknowledgeCorrection),
    (
        "permissions",
        Kind::PermissionRequest,
        Action::AskPermission,
    ),
];

/// What the caller may do with the exchange now.
pub fn actions(row: &ExchangeRow, caller: &Caller, now: Timestamp) -> Vec<String> {
    let may = |action: Action| {
        let allowed = action.roles();
        caller.roles.iter().any(|role| allowed.contains(role))
    };
    let passable = !passable(row, now).is_empty();
    let offered = |kind: Kind| {
        let about = kind != Kind::PermissionRequest || passable;
        about && row.reached.hears(kind) && row.exchange.may_cause(kind)
    };
    let verbs = VERBS
        .iter()
        .filter(|(_, kind, action)| offered(*kind) && may(*action))
        .map(|(verb, ..)| (*verb).to_owned());
    // What it makes is a message of another exchange.
    let passes_on = may(Action::ForwardMessage) && passable;
    let forward = passes_on.then(|| "forward".to_owned());
    let owes = may(Action::CorrectMessage) && !to_pass_on(row, now).is_empty();
    let pass_on = owes.then(|| "pass-on".to_owned());
    verbs.chain(forward).chain(pass_on).collect()
}

/// The events of an exchange.
pub fn events(exchange: &Exchange, items: &[ThreadItem]) -> Vec<EventView> {
    let crossed = exchange.crossed();
    let mut events = thread(items);
    for event in &mut events {
        event.crossed = event.proof.leaf.is_some_and(|leaf| crossed.contains(&leaf));
    }
    events
}

/// The events of a thread. A receipt that came again, as those of a node do that was restored from a
/// backup, is shown once.
pub fn thread(items: &[ThreadItem]) -> Vec<EventView> {
    let mut shown = HashSet::new();
    let mut events: Vec<EventView> = items.iter().map(event).collect();
    events.retain(|event| {
        let proof = event.proof.peer_log.as_ref();
        proof.is_none_or(|proof| {
            let of = (event.member, proof.origin.clone(), proof.index);
            shown.insert((event.message, event.kind.clone(), of))
        })
    });
    events
}

fn event(item: &ThreadItem) -> EventView {
    match &item.change {
        Change::Sent(message) | Change::Received(message, _) => message_event(item, message),
        Change::ReceiptKept(receipt) => receipt_event(item, receipt),
        Change::Other(other) => other_event(item, other),
    }
}

fn message_event(item: &ThreadItem, message: &Message) -> EventView {
    let attachment =
        |(index, info): (usize, &crate::domain::message::AttachmentInfo)| AttachmentView {
            index: u16::try_from(index).unwrap_or(u16::MAX),
            name: info.name.clone(),
            media_type: info.media_type.clone(),
            size: info.size,
            sha256: info.digest,
            complete: item.stored.get(index).copied().unwrap_or(false),
        };
    let attachments = message.event.attachments.iter().enumerate();
    EventView {
        message: message.header.id,
        kind: message.header.kind.to_string(),
        at: message.event.at,
        member: message.event.by.member,
        role: message.event.by.role,
        crossed: false,
        compromised: item.compromised,
        erased: message.erased.map(|what| erased(what.gone)),
        content: match message.erased {
            Some(_) => serde_json::Value::Null,
            None => content(&message.event.body),
        },
        attachments: match message.erased {
            Some(_) => Vec::new(),
            None => attachments.map(attachment).collect(),
        },
        proof: ProofView {
            entry: item.entry,
            leaf: Some(message.leaf()),
            peer_log: None,
            witnessed: item.witnessed,
        },
    }
}

/// The content alone, without the kind that stands beside it.
fn content(body: &Body) -> serde_json::Value {
    let value = match body {
        Body::Request(content) => serde_json::to_value(content),
        Body::Acceptance(content) => serde_json::to_value(content),
        Body::Answer(content) => serde_json::to_value(content),
        Body::Refusal(content) => serde_json::to_value(content),
        Body::ClarificationRequest(content) => serde_json::to_value(content),
        Body::Clarification(content) => serde_json::to_value(content),
        Body::Channelling(content) => serde_json::to_value(content),
        Body::AwaitingAuthorisation(content) => serde_json::to_value(content),
        Body::Feedback(content) => serde_json::to_value(content),
        Body::Closing(content) => serde_json::to_value(content),
        Body::Withdrawal(content) => serde_json::to_value(content),
        Body::Supersession(content) => serde_json::to_value(content),
        Body::Transfer(content) => serde_json::to_value(content),
        Body::Reopening(content) => serde_json::to_value(content),
        Body::Correction(content) => serde_json::to_value(content),
        Body::PermissionRequest(content) => serde_json::to_value(content),
        Body::PermissionGrant(content) => serde_json::to_value(content),
        Body::PermissionRefusal(content) => serde_json::to_value(content),
        Body::Notice(content) => serde_json::to_value(content),
        Body::Alert(content) => serde_json::to_value(content),
        Body::Sighting(content) => serde_json::to_value(content),
        Body::AlertUpdate(content) => serde_json::to_value(content),
        Body::AlertCancellation(content) => serde_json::to_value(content),
        Body::Contradiction(content) => serde_json::to_value(content),
        Body::Acknowledgement(content) => serde_json::to_value(content),
        Body::Subscription(content) => serde_json::to_value(content),
    };
    let mut value = value.expect("content has text keys and whole numbers");
    passing::readable(body, &mut value);
    value
}

fn receipt_event(item: &ThreadItem, kept: &KeptReceipt) -> EventView {
    let proof = match &kept.proof {
        KeptProof::Whole(receipt) => Some(receipt),
        KeptProof::Sharing(..) => None,
    };
    let verified_role = proof.as_ref().and_then(|receipt| {
        let entry = crate::audit::Entry::decode(&receipt.entry).ok()?;
        Some(entry.role)
    });
    let content = match kept.word {
        ReceiptWord::Refused(number) => {
            let refusal = crate::exchange::Refusal::from_number(number);
            serde_json::json!({
                "code": refusal.map_or("unknown", crate::exchange::Refusal::code),
                "reason": refusal.map(|refusal| refusal.to_string()),
            })
        }
        ReceiptWord::Erased(reason) => serde_json::json!({ "reason": reason }),
        ReceiptWord::Delivered | ReceiptWord::Opened | ReceiptWord::AttachmentsStored => {
            serde_json::Value::Null
        }
    };
    EventView {
        message: kept.message,
        kind: kept.word.as_str().to_owned(),
        at: kept.at,
        member: kept.from.member,
        role: match kept.word {
            // The entry of what came names who wrote it.
            ReceiptWord::Delivered => Role::Node,
            _ => verified_role.unwrap_or(Role::Node),
        },
        crossed: false,
        compromised: item.compromised,
        erased: None,
        content,
        attachments: Vec::new(),
        proof: ProofView {
            entry: item.entry,
            leaf: None,
            peer_log: proof.map(|receipt| PeerLogView {
                origin: receipt.origin.to_string(),
                index: receipt.index,
                size: receipt.checkpoint.checkpoint.size,
                root: receipt.checkpoint.checkpoint.root,
                at: kept.at,
            }),
            witnessed: item.witnessed,
        },
    }
}

fn other_event(item: &ThreadItem, other: &Other) -> EventView {
    let mut content = serde_json::Value::Null;
    let (kind, message) = match other {
        Other::GroundNoted {
            message, ground, ..
        } => {
            content = match ground {
                LocalGround::None => serde_json::json!({ "ground": "none" }),
                LocalGround::X5 => serde_json::json!({ "ground": "x5" }),
            };
            ("local-ground", Some(*message))
        }
        Other::Erased {
            message, reason, ..
        } => {
            content = serde_json::json!({ "reason": reason });
            ("erased-here", Some(*message))
        }
        Other::ErasureOrdered {
            message: Some(message),
            ..
        } => ("erasure-wanted", Some(*message)),
        Other::ErasureOrdered { reason, .. } => {
            content = serde_json::json!({ "reason": reason });
            ("erasure-ordered", None)
        }
        Other::RetentionShortened { days, .. } => {
            content = serde_json::json!({ "days": days });
            ("retention-shortened", None)
        }
        Other::Opened { message, .. } => ("read-here", Some(*message)),
        Other::AttachmentStored { message, .. } => ("attachment-arrived", Some(*message)),
        Other::DeliveryExpired { message, .. } => ("delivery-expired", Some(*message)),
        Other::AttachmentRead { message, .. } => ("attachment-read", Some(*message)),
        Other::Duty(change) => {
            content = duty_content(change);
            (duty_kind(change), None)
        }
        Other::Consulted { .. }
        | Other::InputRefused { .. }
        | Other::Searched { .. }
        | Other::Matched { .. }
        | Other::EpochChanged { .. }
        | Other::Started { .. }
        | Other::LogOpened { .. }
        | Other::SentAgain { .. }
        | Other::Stopped
        | Other::TrustListInForce { .. }
        | Other::Office(_)
        | Other::Member(_)
        | Other::Witness(_)
        | Other::Letter(_)
        | Other::Person(_)
        | Other::Policy(_)
        | Other::Carried(_) => ("note", None),
    };
    EventView {
        message: message.unwrap_or(MessageId::from_bytes([0; 16])),
        kind: kind.to_owned(),
        at: item.at,
        member: item.member,
        role: item.role,
        crossed: false,
        compromised: item.compromised,
        erased: None,
        content,
        attachments: Vec::new(),
        proof: ProofView {
            entry: item.entry,
            leaf: None,
            peer_log: None,
            witnessed: item.witnessed,
        },
    }
}

/// What an entry about who knew what is called in a thread.
fn duty_kind(change: &DutyChange) -> &'static str {
    match change {
        DutyChange::Escalated { .. } => "escalated",
        DutyChange::Called { .. } => "called",
        DutyChange::AlarmGiven { .. } => "alarm-given",
        DutyChange::AlarmFailed { .. } => "alarm-failed",
    }
}

fn duty_content(change: &DutyChange) -> serde_json::Value {
    match change {
        DutyChange::Escalated { matter, level, .. } => {
            let post = DutyLevel::from_number(*level);
            serde_json::json!({ "matter": matter, "level": post })
        }
        DutyChange::Called { call, member, .. } => {
            let mut said = serde_json::to_value(call).expect("a call is plain text");
            if let Some(member) = member {
                said["member"] = serde_json::json!(member);
            }
            said
        }
        DutyChange::AlarmGiven { escalation, .. } => {
            serde_json::json!({ "escalation": escalation })
        }
        DutyChange::AlarmFailed {
            escalation, fault, ..
        } => serde_json::json!({ "escalation": escalation, "fault": fault.to_string() }),
    }
}

/// An acceptance as the route takes it.
pub fn acceptance(body: SendAcceptance) -> Result<Acceptance, Failure> {
    let access = body
        .access
        .parse()
        .map_err(|_| Failure::malformed("access is `direct` or `indirect`").at("access"))?;
    Ok(Acceptance {
        reference: body.reference,
        access,
        note: body.note,
    })
}

/// A refusal as the route takes it.
pub fn refusal(body: SendRefusal) -> Result<Refusal, Failure> {
    let ground = body.ground.parse().map_err(|_| {
        let grounds: Vec<&str> = crate::domain::rfi::Ground::ALL
            .iter()
            .map(|ground| ground.as_str())
            .collect();
        Failure::malformed(format!("ground is one of {}", grounds.join(", "))).at("ground")
    })?;
    let scope = if body.questions.is_empty() {
        Scope::Whole
    } else {
        Scope::Part
    };
    Ok(Refusal {
        ground,
        scope,
        questions: body.questions,
        reason: body.reason,
    })
}
