//! How far an exchange has come, in words: its clock and its questions.

use crate::api::{ClockView, QuestionView};
use crate::base::Timestamp;
use crate::cli::text::{clean, duration, hang, time};

/// A clock, and how far it is from its end.
pub fn clock_words(clock: &ClockView, now: Timestamp) -> String {
    let left = match (clock.stopped, clock.overdue) {
        (Some(at), false) => format!("stopped {} before its end", duration(clock.due.since(at))),
        (Some(at), true) => format!("stopped {} late", duration(at.since(clock.due))),
        (None, overdue) if clock.paused_since.is_some() => {
            let since = clock.paused_since.unwrap_or(now);
            let state = if overdue {
                format!("OVERDUE by {}", duration(since.since(clock.due)))
            } else {
                format!("{} left", duration(clock.due.since(since)))
            };
            format!("stands still since {}, {state}", time(since))
        }
        (None, false) => {
            let soon = if clock.pressure == "due-soon" {
                ", DUE SOON"
            } else {
                ""
            };
            format!("{} left{soon}", duration(clock.due.since(now)))
        }
        (None, true) => {
            let level = clock.pressure.strip_prefix("escalated-");
            let level = level.map_or_else(String::new, |level| format!(", escalated to {level}"));
            format!(
                "OVERDUE by {}{}",
                duration(now.since(clock.due)),
                clean(&level)
            )
        }
    };
    format!(
        "{} by {} ({}): {left}",
        clean(&clock.limit),
        time(clock.due),
        clean(&clock.profile)
    )
}

/// When the clock stood still, and when the answer is expected; nothing for most.
pub fn clock_lines(clock: &ClockView) -> String {
    let mut text = String::new();
    for pause in &clock.pauses {
        let until = match pause.ended {
            Some(ended) => format!("to {}", time(ended)),
            None => "until the clarification comes".to_owned(),
        };
        text += &hang(
            "  paused     ",
            &format!("from {} {until}", time(pause.began)),
        );
    }
    if let Some(expected) = clock.expected {
        text += &hang("  expected   ", &time(expected));
    }
    text
}

/// How many questions are answered, refused and open, and which are open.
pub fn questions(questions: &[QuestionView]) -> String {
    if questions.is_empty() {
        return String::new();
    }
    let open = questions.iter().filter(|q| q.status == "open");
    let of = |status: &str| questions.iter().filter(|q| q.status == status).count();
    let counted = [
        (of("answered"), "answered"),
        (of("refused"), "refused"),
        (open.clone().count(), "open"),
    ];
    let counted: Vec<String> = counted
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    let mut text = hang("  questions  ", &counted.join(", "));
    for question in open {
        let waits = match (&question.outcome, question.to_clarify) {
            (_, true) => ", to be clarified",
            (Some(_), false) => ", answered in part",
            (None, false) => "",
        };
        let lead = format!("  open       {}. ", question.question);
        let kind = clean(&question.kind);
        text += &hang(&lead, &format!("{} ({kind}{waits})", question.text));
    }
    text
}
