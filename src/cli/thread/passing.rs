//! What is owed beside the answer, in words: corrections, permissions, and what was passed on.

use crate::api::{DutyView, ExchangeView};
use crate::cli::text::{clean, hang, time};

/// Something that one side owes the other.
pub fn duty(duty: &DutyView) -> String {
    let what = match duty.duty.as_str() {
        "acknowledge-correction" => format!("to take note of the correction {}", duty.about),
        "pass-on-correction" => {
            let to = duty.to.map_or_else(String::new, |to| format!(" to {to}"));
            format!("to pass the correction {} on{to}", duty.about)
        }
        "decide-permission" => format!("to decide on the permission {}", duty.about),
        other => format!("{} {}", clean(other), duty.about),
    };
    let barred = duty.barred.as_deref().map_or_else(String::new, barred);
    let since = time(duty.since);
    format!("{} has {what}, since {since}{barred}", duty.owed_by)
}

/// Why it cannot be done, and what to do instead.
fn barred(why: &str) -> String {
    let why = match why {
        "marking-forbids" => "its marking keeps it from others",
        "retention-over" => "the time is over for which it may be kept",
        "content-erased" => "it was erased here",
        other => other,
    };
    format!(
        "; it cannot be, since {}: ask its author for another",
        clean(why)
    )
}

/// What was passed on of an exchange, and the permissions that were asked for; nothing for most.
pub fn lines(view: &ExchangeView) -> String {
    let mut text = String::new();
    for forward in &view.forwards {
        let words = format!(
            "message {} to {}, in exchange {}",
            forward.message, forward.to, forward.exchange
        );
        text += &hang("  passed on  ", &words);
    }
    for permission in &view.permissions {
        let words = format!(
            "{} {}: message {} to {}",
            permission.id,
            clean(&permission.standing),
            permission.message,
            permission.to
        );
        text += &hang("  permission ", &words);
    }
    text
}
