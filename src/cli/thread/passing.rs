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
    format!("{} has {what}, since {}", duty.owed_by, time(duty.since))
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
