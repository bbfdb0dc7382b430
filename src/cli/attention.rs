//! What presses in an exchange, in words: what is wrong, what to do, and whom to call.

use super::text::{clean, count, hang, time};
use crate::api::{
    AttentionView, CallView, Direction, PostView, PressingAlert, PressingExchange, PressingLetter,
};

/// What must be done now, one after the other; `lead` is as wide as the lines of its place want.
pub fn lines(attention: &[AttentionView], lead: &str) -> String {
    let mut text = String::new();
    let indent = " ".repeat(lead.chars().count());
    for one in attention {
        text += &hang(lead, &one_line(one));
        text += &hang(&indent, &whom(&one.call));
        if let Some(call) = &one.last_call {
            let words = format!("last call {}: {}", time(call.at), clean(&call.outcome));
            text += &hang(&indent, &words);
        }
    }
    text
}

fn one_line(one: &AttentionView) -> String {
    let level = if one.level > 0 {
        format!(" (level {})", one.level)
    } else {
        String::new()
    };
    format!("{}: {}{level}", clean(&one.what), clean(&one.next))
}

/// Whom to call.
fn whom(call: &CallView) -> String {
    let listed = match clean(&call.listed) {
        listed if listed.is_empty() => String::new(),
        listed => format!("trust list: {listed}"),
    };
    match &call.post {
        Some(post) if listed.is_empty() => format!("{} {}", call.member, post_words(post)),
        Some(post) => format!("{} {}; {listed}", call.member, post_words(post)),
        None if listed.is_empty() => {
            format!(
                "{} has given no number: ask its office for one",
                call.member
            )
        }
        None => format!("{} has no duty roster; {listed}", call.member),
    }
}

/// One post of a roster.
pub fn post_words(post: &PostView) -> String {
    let hours = match (&post.hours, post.answers_now) {
        (None, _) => "at any hour".to_owned(),
        (Some(hours), Some(true)) => format!("{}, open now", clean(hours)),
        (Some(hours), Some(false)) => format!("{}, CLOSED now", clean(hours)),
        (Some(hours), None) => clean(hours),
    };
    format!(
        "{} {} ({}; {hours})",
        clean(&post.post),
        clean(&post.phone),
        clean(&post.languages.join(", ")),
    )
}

/// The exchanges in which something presses, for the node's state.
pub fn pressing(exchanges: &[PressingExchange]) -> String {
    if exchanges.is_empty() {
        return String::new();
    }
    let number = exchanges.len() as u64;
    let exchanged = count(number, "exchange needs", "exchanges need");
    let mut text = format!("{exchanged} somebody now:\n");
    for exchange in exchanges {
        let way = match exchange.direction {
            Direction::Outgoing => "to",
            Direction::Incoming => "from",
        };
        text += &format!(
            "  {}  {} {way} {}\n",
            exchange.exchange,
            clean(&exchange.urgency),
            exchange.peer
        );
        text += &lines(&exchange.attention, "    NOW ");
    }
    text + "\n"
}

/// The alerts about which something presses, for the node's state.
pub fn pressing_alerts(alerts: &[PressingAlert]) -> String {
    if alerts.is_empty() {
        return String::new();
    }
    let number = count(alerts.len() as u64, "alert needs", "alerts need");
    let mut text = format!("{number} somebody now:\n");
    for alert in alerts {
        let severity = clean(&alert.severity);
        text += &format!("  {}  {severity} from {}\n", alert.alert, alert.from);
        text += &lines(&alert.attention, "    NOW ");
    }
    text + "\n"
}

/// The urgent letters that wait for a person of this office, for the node's state.
pub fn pressing_letters(letters: &[PressingLetter]) -> String {
    if letters.is_empty() {
        return String::new();
    }
    let number = count(letters.len() as u64, "letter waits", "letters wait");
    let mut text = format!("{number} for a person of this office:\n");
    for letter in letters {
        let to: Vec<String> = letter.to.iter().map(ToString::to_string).collect();
        let state = clean(&letter.state);
        text += &format!("  {}  {state}, to {}\n", letter.letter, to.join(", "));
        text += &lines(&letter.attention, "    NOW ");
    }
    text + "\n"
}
