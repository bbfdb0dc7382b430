//! Exchanges, and the events of exchanges and alerts, in words: what was said, by whom, and the
//! proof behind each receipt.

mod passing;
mod progress;

use serde_json::Value;

pub use progress::clock_words;
use progress::{clock_lines, questions};

use super::attention;
use super::search;
use super::text::{clean, content, count, hang, mark, size, time};
use crate::api::{
    AttachmentView, Direction, ErasedView, EventView, ExchangeSummary, ExchangeView, PeerLogView,
    ProofView,
};
use crate::base::{MessageId, Role, Timestamp};

/// One exchange in a list: two lines, or three where something waits.
pub fn exchange_lines(exchange: &ExchangeSummary, now: Timestamp) -> String {
    let arrow = match exchange.direction {
        Direction::Outgoing => "to",
        Direction::Incoming => "from",
    };
    let witnessed = if exchange.witnessed {
        ", witnessed"
    } else {
        ""
    };
    let mut text = mark(&exchange.status);
    text += &format!(
        "{}  {:<10}  {:<8} {}\n",
        exchange.id,
        clean(&exchange.state),
        urgency(exchange),
        format_args!("{arrow} {}{witnessed}", exchange.peer),
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
    text += &attention::lines(&exchange.attention, "    NOW ");
    for letter in &exchange.letters {
        text += &super::letter::letter_line(letter);
    }
    for duty in &exchange.duties {
        text += &hang("    OWED: ", &passing::duty(duty));
    }
    text += &erased(exchange.erased.as_ref(), "    ");
    text + &not_sent(exchange, "    ") + &at_risk(exchange, "    ")
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

/// That part of it passed while the other side's keys were in other hands, perhaps.
fn at_risk(exchange: &ExchangeSummary, indent: &str) -> String {
    match exchange.compromised_since {
        Some(since) => hang(
            &format!("{indent}COMPROMISED: "),
            &format!("{}'s keys since {}", exchange.peer, time(since)),
        ),
        None => String::new(),
    }
}

/// A whole exchange.
pub fn exchange(view: &ExchangeView, now: Timestamp) -> String {
    let summary = &view.summary;
    let mut text = mark(&summary.status);
    text += &match summary.direction {
        Direction::Outgoing => format!("Request {} to {}\n", summary.id, summary.peer),
        Direction::Incoming => format!("Request {} from {}\n", summary.id, summary.peer),
    };
    text += &head(summary, now);
    for letter in &summary.letters {
        text += &super::letter::letter_line(letter);
    }
    let linked: Vec<_> = summary.linked.iter().map(ToString::to_string).collect();
    if !linked.is_empty() {
        text += &hang("  linked     ", &linked.join(" "));
    }
    if let Some(reason) = &view.delay_reason {
        text += &hang("  delay      ", reason);
    }
    text += &search::earlier(&view.earlier, now);
    text += &questions(&view.questions);
    text += &passing::lines(view);
    text += &events(&view.events);
    if !view.actions.is_empty() {
        text += &hang("\nyou may: ", &view.actions.join(", "));
    }
    text + &mark(&summary.status)
}

/// An exchange as it stands after something was done to it.
pub fn exchange_now(summary: &ExchangeSummary, now: Timestamp) -> String {
    let with = match summary.direction {
        Direction::Outgoing => "to",
        Direction::Incoming => "from",
    };
    let title = format!("Request {} {with} {}\n", summary.id, summary.peer);
    let letters = summary.letters.iter().map(super::letter::letter_now);
    mark(&summary.status) + &title + &head(summary, now) + &letters.collect::<String>()
}

fn head(summary: &ExchangeSummary, now: Timestamp) -> String {
    let mut text = hang("  state      ", &state_words(summary));
    if summary.witnessed {
        text += "  witnessed  enough members cosigned the log that proves it\n";
    }
    let reference = match &summary.their_reference {
        Some(theirs) => format!("{}, the asked side's {theirs}", summary.reference),
        None => summary.reference.clone(),
    };
    text += &hang("  reference  ", &reference);
    text += &hang("  subject    ", &summary.subject);
    text += &hang("  urgency    ", &urgency(summary));
    if let Some(clock) = &summary.clock {
        text += &hang("  clock      ", &clock_words(clock, now));
        text += &clock_lines(clock);
    }
    text += &attention::lines(&summary.attention, "  NOW        ");
    for duty in &summary.duties {
        text += &hang("  owed       ", &passing::duty(duty));
    }
    text += &erased(summary.erased.as_ref(), "  ");
    text + &not_sent(summary, "  ") + &at_risk(summary, "  ")
}

/// That content was erased here, if it was.
pub fn erased(erased: Option<&ErasedView>, indent: &str) -> String {
    let Some(erased) = erased else {
        return String::new();
    };
    let why = match erased.reason.as_str() {
        "retention" => "its time was over",
        "order" => "a person here ordered it",
        "originator" => "its author asked for it",
        other => other,
    };
    let words = format!(
        "its content was erased here {}: {}",
        time(erased.at),
        clean(why)
    );
    hang(indent, &words)
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
        (Direction::Outgoing, "clarification-requested") => {
            format!("{peer} waits for it, and its clock stands still")
        }
        (Direction::Incoming, "clarification-requested") => {
            format!("{peer} has not given it yet, and the clock stands still")
        }
        (Direction::Outgoing, "clarified" | "withdrawn" | "superseded" | "closed" | "reopened")
        | (
            Direction::Incoming,
            "accepted" | "answered" | "refused" | "channelled" | "transferred" | "partial-answer",
        ) => "by this office".to_owned(),
        (Direction::Incoming, "clarified" | "withdrawn" | "superseded" | "closed" | "reopened")
        | (
            Direction::Outgoing,
            "accepted" | "answered" | "refused" | "channelled" | "transferred" | "partial-answer",
        ) => format!("by {peer}"),
        (Direction::Outgoing | Direction::Incoming, _) => return clean(&summary.state),
    };
    format!("{}: {words}", clean(&summary.state))
}

/// What happened, one event after the other.
pub fn events(events: &[EventView]) -> String {
    let mut text = String::new();
    for event in events {
        text += &format!("\n{}\n", time(event.at));
        let by = match event.role {
            Role::Node => format!("{}'s node", event.member),
            role => format!("{} ({role})", event.member),
        };
        text += &hang("  ", &format!("{by} {}", did(event, events)));
        if event.crossed {
            text += "    it crossed with what the asked side said, and had no effect\n";
        }
        if event.compromised {
            text += "    COMPROMISED: the other side's keys may have been in other hands then\n";
        }
        text += &erased(event.erased.as_ref(), "    ");
        if let Value::Object(_) | Value::Array(_) | Value::String(_) = &event.content {
            text += &content(&event.content, 4);
        }
        for attachment in &event.attachments {
            text += &attachment_words(attachment);
        }
        if matches!(event.kind.as_str(), "delivered" | "opened" | "erased") {
            text += &hang("    proof: ", &proof_words(&event.proof));
        } else {
            if event.message != MessageId::from_bytes([0; 16]) {
                text += &format!("    message {}\n", event.message);
            }
            text += &hang("    proof: ", &proof_words(&event.proof));
        }
    }
    text
}

/// What an event did, as the rest of a sentence.
fn did(event: &EventView, all: &[EventView]) -> String {
    let about = || {
        let carrier = all.iter().find(|other| {
            let receipt = matches!(
                other.kind.as_str(),
                "delivered" | "opened" | "erased" | "erased-here" | "erasure-wanted"
            );
            other.message == event.message && !receipt
        });
        match carrier.map(|carrier| carrier.kind.as_str()) {
            Some("accept") => "the acceptance".to_owned(),
            Some("refuse") => "the refusal".to_owned(),
            Some(kind) => format!("the {}", clean(kind).replace('-', " ")),
            None => format!("message {}", event.message),
        }
    };
    match event.kind.as_str() {
        "request" => "asked".to_owned(),
        "accept" => "accepted the request".to_owned(),
        "answer" => "answered".to_owned(),
        "refuse" => "refused".to_owned(),
        "clarification-request" => "asks for a clarification".to_owned(),
        "clarification" => "clarified".to_owned(),
        "channelling" => "passed it to the competent authority".to_owned(),
        "awaiting-authorisation" => "waits for an authorisation".to_owned(),
        "feedback" => "gave feedback".to_owned(),
        "closing" => "closed the exchange".to_owned(),
        "withdrawal" => "withdrew the request".to_owned(),
        "supersession" => "put another request in its place".to_owned(),
        "transfer" => "names another member to ask".to_owned(),
        "reopening" => "took the exchange up again".to_owned(),
        "correction" => "says that a message is wrong".to_owned(),
        "permission-request" => "asks for a permission".to_owned(),
        "permission-grant" => "gives the permission, once".to_owned(),
        "permission-refusal" => "does not give the permission".to_owned(),
        "notice" => match event.content["says"].as_str() {
            Some("acknowledged") => "took note of the correction".to_owned(),
            Some("passed-on") => "passed the correction on".to_owned(),
            _ => "used the permission".to_owned(),
        },
        "local-ground" => ground_words(event),
        "delivery-expired" => format!("could not deliver {} in time", about()),
        "attachment-arrived" => format!("has an attachment of {} whole", about()),
        "attachment-read" => format!("saved an attachment of {}", about()),
        "read-here" => format!("opened {} here", about()),
        "called" => "noted a telephone call".to_owned(),
        "escalated" => "told the next level of the duty roster".to_owned(),
        "alarm-given" => "gave the alarm".to_owned(),
        "alarm-failed" => "could not give the alarm, and tries on".to_owned(),
        "alert" => "published the alert".to_owned(),
        "sighting" => "sees it too".to_owned(),
        "alert-update" => "published a new version".to_owned(),
        "alert-cancel" => "cancelled the alert".to_owned(),
        "contradiction" => "contradicts it".to_owned(),
        "alert-acknowledgement" => "took note of it".to_owned(),
        "delivered" => format!("received {}", about()),
        "opened" => format!("opened {}", about()),
        "attachments-stored" => format!("has all attachments of {} whole", about()),
        "erased" => format!("erased the content of {}, with its signed proof", about()),
        "erased-here" => format!("erased the content of {}", about()),
        "erasure-wanted" => format!("saw to it that {} be erased, as its author asked", about()),
        "erasure-ordered" => "ordered that the content be erased".to_owned(),
        "retention-shortened" => "shortened how long it is kept".to_owned(),
        other => clean(other),
    }
}

/// Why a no-hit of this office says no more.
fn ground_words(event: &EventView) -> String {
    match event.content["ground"].as_str() {
        Some("x5") => "answered no-hit, local ground x5: it never leaves this office",
        _ => "answered no-hit, with no local ground",
    }
    .to_owned()
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
    let witnessed = match proof.witnessed {
        true => "witnessed",
        false => "not witnessed yet",
    };
    match &proof.peer_log {
        Some(log) => format!("{}, {witnessed}; kept in {own}", peer_log_words(log)),
        None => format!("{own}, {witnessed}"),
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
