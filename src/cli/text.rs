//! Words on a terminal: wrapped at 80 columns, times in UTC with local, and nothing in them that a
//! peer could use to forge a line or steer the terminal.

use std::time::Duration;

use serde_json::Value;

use crate::base::Timestamp;

/// Columns that a text may fill.
pub const WIDTH: usize = 80;

/// The text on one line, with every character that could move the cursor, hide text or turn its
/// direction around replaced by U+FFFD. Names, subjects and reasons come from other members.
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
            c if c.is_control() || steers(c) => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// Bidirectional controls and invisible characters (Unicode 16, § 23.2), which can make a text
/// look like another. Joiners stay: Persian and Bengali need them.
fn steers(c: char) -> bool {
    matches!(c,
        '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// `lead`, then `words` wrapped at [`WIDTH`], each further line indented to the lead's end. The
/// line breaks within `words` are kept. Ends with a line break.
pub fn hang(lead: &str, words: &str) -> String {
    let indent = lead.chars().count();
    let room = WIDTH.saturating_sub(indent).max(20);
    let mut out = lead.to_owned();
    let mut first = true;
    for paragraph in words.trim_end().lines() {
        let paragraph = clean(paragraph);
        let mut column = 0;
        if !std::mem::take(&mut first) {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
        }
        for word in paragraph.split_whitespace() {
            let length = word.chars().count();
            if column > 0 && column + 1 + length > room {
                out.push('\n');
                out.push_str(&" ".repeat(indent));
                column = 0;
            } else if column > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
        }
    }
    out.push('\n');
    out
}

/// A line of its own above whatever is an exercise or a test; nothing above what is real.
pub fn mark(status: &str) -> String {
    match status {
        "actual" => String::new(),
        other => {
            let status = clean(other).to_uppercase();
            format!("*** {status} {status} {status} - THIS IS NOT REAL ***\n")
        }
    }
}

/// A time in UTC, and in the machine's own zone where that differs:
/// `2026-03-22 14:02:07 UTC (15:02 CET)`.
pub fn time(at: Timestamp) -> String {
    let zone = jiff::tz::TimeZone::system();
    time_in(at, &zone)
}

fn time_in(at: Timestamp, zone: &jiff::tz::TimeZone) -> String {
    let instant = jiff::Timestamp::from_millisecond(at.as_millis())
        .expect("a timestamp is clamped to what can be written");
    let utc = instant.strftime("%Y-%m-%d %H:%M:%S UTC");
    let local = instant.to_zoned_datetime(zone.clone());
    if local.offset().seconds() == 0 {
        return utc.to_string();
    }
    let same_day = local.date() == instant.to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
    let form = if same_day {
        "%H:%M %Z"
    } else {
        "%Y-%m-%d %H:%M %Z"
    };
    format!("{utc} ({})", local.strftime(form))
}

/// A duration in its two largest units: `3 d 4 h`, `7 h 12 min`, `40 s`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// A number of bytes for a person: `5.0 MB`.
pub fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut unit = "bytes";
    for larger in ["kB", "MB", "GB", "TB"] {
        if value < 1000.0 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    if unit == "bytes" {
        format!("{bytes} {unit}")
    } else {
        format!("{value:.1} {unit}")
    }
}

/// `1 entry`, `2 entries`.
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The content of a message, field by field, indented by `indent`. Empty fields are left out.
pub fn content(value: &Value, indent: usize) -> String {
    let mut out = String::new();
    fields(value, indent, &mut out);
    out
}

fn fields(value: &Value, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(map) => {
            for (name, value) in map.iter().filter(|(_, value)| !empty(value)) {
                let name = clean(name).replace(['-', '_'], " ");
                match plain(value) {
                    Some(words) => out.push_str(&hang(&format!("{pad}{name}: "), &words)),
                    None => {
                        out.push_str(&format!("{pad}{name}:\n"));
                        fields(value, indent + 2, out);
                    }
                }
            }
        }
        Value::Array(items) => {
            for item in items.iter().filter(|item| !empty(item)) {
                match plain(item) {
                    Some(words) => out.push_str(&hang(&format!("{pad}- "), &words)),
                    None => {
                        let mut inner = String::new();
                        fields(item, indent + 2, &mut inner);
                        // The first field stands beside the hyphen that opens the item.
                        let body = inner.get(indent + 2..).unwrap_or_default();
                        out.push_str(&format!("{pad}- {body}"));
                    }
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let words = plain(value).unwrap_or_default();
            out.push_str(&hang(&pad, &words));
        }
    }
}

/// A value that fits after its name: a scalar, or a list of scalars.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some("none".to_owned()),
        Value::Bool(yes) => Some(if *yes { "yes" } else { "no" }.to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => {
            let short = |item: &Value| match item {
                Value::String(text) => text.chars().count() <= 30 && !text.contains('\n'),
                Value::Null | Value::Bool(_) | Value::Number(_) => true,
                Value::Array(_) | Value::Object(_) => false,
            };
            let words = items.iter().filter_map(plain).collect::<Vec<_>>();
            items.iter().all(short).then(|| words.join(", "))
        }
        Value::Object(_) => None,
    }
}

fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests;
