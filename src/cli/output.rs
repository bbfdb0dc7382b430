//! Standard output, and progress on a terminal.

use std::io::{ErrorKind, Write as _};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::failure::{Exit, Failure};
use super::report::Report;

/// Prints an outcome, as text or as JSON.
///
/// # Errors
/// A [`Failure`] where standard output cannot be written. A reader that went away is none.
pub fn report(report: &impl Report, json: bool) -> Result<(), Failure> {
    print(report, || report.text(), json)
}

/// Prints `value` as JSON, or else the text that `text` makes of it.
///
/// # Errors
/// As [`report`].
pub fn print(
    value: &impl Serialize,
    text: impl FnOnce() -> String,
    json: bool,
) -> Result<(), Failure> {
    let words = if json {
        let mut words = serde_json::to_string_pretty(value)
            .expect("outcomes have text for keys and no failing serializers");
        words.push('\n');
        words
    } else {
        text()
    };
    let mut stdout = std::io::stdout().lock();
    match stdout
        .write_all(words.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::new(
            Exit::Failure,
            "output",
            "the outcome cannot be printed",
            error.to_string(),
            "the command itself has taken effect: list or show it",
        )),
        _ => Ok(()),
    }
}

/// A progress bar on standard error, over bytes; invisible unless that is a terminal.
pub fn bytes(total: u64, what: &str) -> ProgressBar {
    bar(total, what, "{msg} {wide_bar} {bytes}/{total_bytes} {eta}")
}

/// A progress bar on standard error, over steps.
pub fn steps(what: &str) -> ProgressBar {
    bar(0, what, "{msg} {wide_bar} {pos}/{len} {eta}")
}

fn bar(total: u64, what: &str, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).expect("the templates here are well formed");
    ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr())
        .with_style(style)
        .with_message(what.to_owned())
}

/// A page of a list, with how to go on; `none` says that nothing is in it.
pub fn page(lines: impl Iterator<Item = String>, next: Option<&str>, none: &str) -> String {
    let mut text: String = lines.collect();
    if text.is_empty() {
        text = format!("{none}\n");
    }
    if let Some(cursor) = next {
        text += &format!("\nmore: --cursor {cursor}\n");
    }
    text
}
