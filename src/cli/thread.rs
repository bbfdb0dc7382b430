//! Exchanges and alerts in words: what was said, by whom, and the proof behind each receipt.

use serde_json::Value;

use super::text::{clean, content, count, duration, hang, size, time};
use crate::api::{
    AlertSummary, AlertView, AttachmentView, ClockView, Direction, EventView, ExchangeSummary,
    ExchangeView, PeerLogView, ProofView,
};
use crate::base::{MemberId, Role, Timestamp};

/// One exchange in a list: two lines, or three where something waits.
pub fn exchange_lines(exchange: &ExchangeSummary, now: Timestamp) -> String {
    let arrow = match exchange.direction {
        Direction::Outgoing => "to",
        Direction::Incoming => "from",
    };
    let mut text = format!(
        "{}  {:<10}  {:<8} {}\n",
        exchange.id,
        clean(&exchange.state),
        urgency(exchange),
        format_args!("{arrow} {}", exchange.peer),
    );
    text += &hang(
        "    ",
        &format!(
            "{} · {}",
            clean(&exchange.reference),
            clean(&exchange.subject)
        ),
    );
    if let Some(clock) = exchange
        .clock
        .as_ref()
        .filter(|clock| clock.stopped.is_none())
    {
        text += &hang("    ", &clock_words(clock, now));
    }
    text + &not_sent(exchange, "    ")
}

/// That what waits for a member that is out stays here.
fn not_sent(exchange: &ExchangeSummary, indent: &str) -> String {
    match &exchange.withheld {
        Some(why) => hang(
            &format!("{indent}NOT SENT: "),
            &format!("{} is {}", exchange.peer, clean(why)),
        ),
        None => String::new(),
    }
}

/// A whole exchange.
pub fn exchange(view: &ExchangeView, now: Timestamp) -> String {
    let summary = &view.summary;
    let mut text = match summary.direction {
        Direction::Outgoing => format!("Request {} to {}\n", summary.id, summary.peer),
        Direction::Incoming => format!("Request {} from {}\n", summary.id, summary.peer),
    };
    text += &head(summary, now);
    let linked: Vec<_> = summary.linked.iter().map(ToString::to_string).collect();
    if !linked.is_empty() {
        text += &hang("  linked     ", &linked.join(" "));
    }
    text += &events(&view.events);
    if !view.actions.is_empty() {
        text += &hang("\nyou may: ", &view.actions.join(", "));
    }
    text
}

/// An exchange as it stands after something was done to it.
pub fn exchange_now(summary: &ExchangeSummary, now: Timestamp) -> String {
    let with = match summary.direction {
        Direction::Outgoing => "to",
        Direction::Incoming => "from",
    };
    let title = format!("Request {} {with} {}\n", summary.id, summary.peer);
    title + &head(summary, now)
}

fn head(summary: &ExchangeSummary, now: Timestamp) -> String {
    let mut text = hang("  state      ", &state_words(summary));
    let reference = match &summary.their_reference {
        Some(theirs) => format!("{}, the asked side's {theirs}", summary.reference),
        None => summary.reference.clone(),
    };
    text += &hang("  reference  ", &reference);
    text += &hang("  subject    ", &summary.subject);
    text += &hang("  urgency    ", &urgency(summary));
    if let Some(clock) = &summary.clock {
        text += &hang("  clock      ", &clock_words(clock, now));
    }
    text + &not_sent(summary, "  ")
}

fn urgency(summary: &ExchangeSummary) -> String {
    let reason = summary.urgency_reason.as_deref().unwrap_or_default();
    clean(format!("{} {reason}", summary.urgency).trim_end())
}

/// Where an exchange stands: never "sent" alone, since only a receipt tells that it arrived.
pub fn state_words(summary: &ExchangeSummary) -> String {
    let peer = summary.peer;
    let words = match (summary.direction, summary.state.as_str()) {
        (Direction::Outgoing, "queued") => format!("{peer} has not yet confirmed that it came"),
        (Direction::Outgoing, "delivered") => format!("received by {peer}, with its signed proof"),
        (Direction::Outgoing, "read" | "opened") => {
            format!("a person at {peer} opened it, with {peer}'s signed proof")
        }
        (Direction::Incoming, "delivered") => "here, and nobody has opened it".to_owned(),
        (Direction::Incoming, "read" | "opened") => "opened here, and not accepted".to_owned(),
        (Direction::Outgoing, "accepted" | "answered" | "refused") => format!("by {peer}"),
        (Direction::Incoming, "accepted" | "answered" | "refused") => "by this office".to_owned(),
        (Direction::Outgoing | Direction::Incoming, _) => return clean(&summary.state),
    };
    format!("{}: {words}", clean(&summary.state))
}

/// A clock, and how far it is from its end.
pub fn clock_words(clock: &ClockView, now: Timestamp) -> String {
    let left = match (clock.stopped, clock.overdue) {
        (Some(at), false) => format!("met {} before", duration(clock.due.since(at))),
        (Some(at), true) => format!("met {} late", duration(at.since(clock.due))),
        (None, false) => format!("{} left", duration(clock.due.since(now))),
        (None, true) => format!("OVERDUE by {}", duration(now.since(clock.due))),
    };
    format!(
        "{} by {} ({}): {left}",
        clean(&clock.limit),
        time(clock.due),
        clean(&clock.profile)
    )
}

/// One alert in a list.
pub fn alert_lines(alert: &AlertSummary) -> String {
    let mut text = format!(
        "{}  {:<10}  from {}\n",
        alert.id,
        clean(&alert.state),
        alert.from
    );
    let status = match alert.status.as_str() {
        "actual" => String::new(),
        other => format!("{}: ", clean(other).to_uppercase()),
    };
    text += &hang("    ", &format!("{status}{}", clean(&alert.headline)));
    text += &hang("    ", &alert_kind(alert));
    text
}

/// A whole alert.
pub fn alert(view: &AlertView) -> String {
    alert_now(&view.summary) + &events(&view.events)
}

/// An alert as it stands.
pub fn alert_now(alert: &AlertSummary) -> String {
    let mut text = format!("Alert {} from {}\n", alert.id, alert.from);
    text += &hang("  headline   ", &alert.headline);
    text += &hang("  kind       ", &alert_kind(alert));
    text += &hang(
        "  state      ",
        &format!("{}, {}", alert.state, alert.status),
    );
    text += &hang("  published  ", &time(alert.created));
    text += &hang("  expires    ", &time(alert.expires));
    text
}

fn alert_kind(alert: &AlertSummary) -> String {
    let sighted: Vec<_> = alert.sighted_by.iter().map(MemberId::as_str).collect();
    let sighted = match sighted.as_slice() {
        [] => "no sighting".to_owned(),
        members => format!("seen too by {}", members.join(", ")),
    };
    let (category, event) = (clean(&alert.category), clean(&alert.event));
    format!(
        "{event} (category {category}), {}, {sighted}",
        clean(&alert.severity)
    )
}

fn events(events: &[EventView]) -> String {
    let mut text = String::new();
    for event in events {
        text += &format!("\n{}\n", time(event.at));
        let by = match event.role {
            Role::Node => format!("{}'s node", event.member),
            role => format!("{} ({role})", event.member),
        };
        text += &hang("  ", &format!("{by} {}", did(event, events)));
        if let Value::Object(_) | Value::Array(_) | Value::String(_) = &event.content {
            text += &content(&event.content, 4);
        }
        for attachment in &event.attachments {
            text += &attachment_words(attachment);
        }
        if matches!(event.kind.as_str(), "delivered" | "opened") {
            text += &hang("    proof: ", &proof_words(&event.proof));
        } else {
            text += &format!("    message {}\n", event.message);
            text += &hang("    proof: ", &proof_words(&event.proof));
        }
    }
    text
}

/// What an event did, as the rest of a sentence.
fn did(event: &EventView, all: &[EventView]) -> String {
    let about = || {
        let carrier = all.iter().find(|other| {
            other.message == event.message && !matches!(other.kind.as_str(), "delivered" | "opened")
        });
        match carrier.map(|carrier| carrier.kind.as_str()) {
            Some("accept") => "the acceptance".to_owned(),
            Some("refuse") => "the refusal".to_owned(),
            Some(kind) => format!("the {}", clean(kind)),
            None => format!("message {}", event.message),
        }
    };
    match event.kind.as_str() {
        "request" => "asked".to_owned(),
        "accept" => "accepted the request".to_owned(),
        "answer" => "answered".to_owned(),
        "refuse" => "refused".to_owned(),
        "alert" => "published the alert".to_owned(),
        "sighting" => "sees it too".to_owned(),
        "delivered" => format!("received {}", about()),
        "opened" => format!("opened {}", about()),
        other => clean(other),
    }
}

fn attachment_words(attachment: &AttachmentView) -> String {
    let here = if attachment.complete {
        "here"
    } else {
        "still on its way"
    };
    let words = format!(
        "{}, {}, {}, {here}",
        clean(&attachment.name),
        clean(&attachment.media_type),
        size(attachment.size)
    );
    hang(&format!("    attachment {}: ", attachment.index), &words)
        + &format!("      sha256 {}\n", attachment.sha256)
}

fn proof_words(proof: &ProofView) -> String {
    let own = match proof.leaf {
        Some(leaf) => format!(
            "entry {} of this node's log, over the signed leaf {}…",
            proof.entry,
            leaf.short()
        ),
        None => format!("entry {} of this node's log", proof.entry),
    };
    match &proof.peer_log {
        Some(log) => format!("{}; kept in {own}", peer_log_words(log)),
        None => own,
    }
}

/// Where a peer's log is proved to hold what it acknowledged.
pub fn peer_log_words(log: &PeerLogView) -> String {
    format!(
        "entry {} of {} (at {}), included under its signed root {}… of {}",
        log.index,
        clean(&log.origin),
        time(log.at),
        log.root.short(),
        count(log.size, "entry", "entries")
    )
}
