//! Alerts in words. What is no reality says so before anything else.

use crate::api::{AlertPreview, AlertRecipient, AlertSummary, AlertView, MemberSubscription};
use crate::base::{MemberId, Timestamp};
use crate::cli::attention;
use crate::cli::text::{clean, count, duration, hang, mark, time};
use crate::cli::thread;

/// One alert in a list.
pub fn lines(alert: &AlertSummary, now: Timestamp) -> String {
    let mut text = mark(&alert.status);
    text += &format!(
        "{}  {:<10}  from {}, version {}\n",
        alert.id,
        clean(&alert.state),
        alert.from,
        alert.version
    );
    text += &hang("    ", &headline(alert));
    text += &hang("    ", &kind(alert));
    text += &hang("    ", &format!("{}, {}", expiry(alert, now), said(alert)));
    if let Some(reason) = &alert.cancelled {
        text += &hang("    cancelled: ", reason);
    }
    text += &not_at(alert, "    not yet at ");
    text += &attention::lines(&alert.attention, "    NOW ");
    text + &thread::erased(alert.erased.as_ref(), "    ") + &at_risk(alert)
}

/// Which members do not have it yet.
fn not_at(alert: &AlertSummary, lead: &str) -> String {
    match alert.not_at.is_empty() {
        true => String::new(),
        false => hang(lead, &members(&alert.not_at)),
    }
}

/// That its publisher's keys were in other hands then, perhaps.
fn at_risk(alert: &AlertSummary) -> String {
    match alert.compromised_since {
        Some(since) => hang(
            "    COMPROMISED: ",
            &format!("{}'s keys since {}", alert.from, time(since)),
        ),
        None => String::new(),
    }
}

/// A whole alert.
pub fn view(view: &AlertView, now: Timestamp) -> String {
    let mut text = self::now(&view.summary, now);
    for version in view.versions.iter().rev().skip(1) {
        let words = format!(
            "version {} of {}: {}",
            version.version,
            time(version.published),
            version.headline
        );
        text += &hang("  before     ", &words);
    }
    text += &hang("  sent to    ", &members(&view.recipients));
    for (i, rule) in view.rules.iter().enumerate() {
        let lead = if i == 0 {
            "  you may    "
        } else {
            "             "
        };
        text += &hang(lead, rule);
    }
    text += &thread::events(&view.events);
    if !view.actions.is_empty() {
        text += &hang("\nyou may now: ", &view.actions.join(", "));
    }
    text + &mark(&view.summary.status)
}

/// An alert as it stands.
pub fn now(alert: &AlertSummary, now: Timestamp) -> String {
    let mut text = mark(&alert.status);
    text += &format!(
        "Alert {} from {}, version {}\n",
        alert.id, alert.from, alert.version
    );
    text += &hang("  headline   ", &headline(alert));
    text += &hang("  kind       ", &kind(alert));
    text += &hang(
        "  state      ",
        &format!("{}, {}", alert.state, alert.status),
    );
    if let Some(reason) = &alert.cancelled {
        text += &hang("  cancelled  ", reason);
    }
    text += &hang("  published  ", &time(alert.created));
    if alert.updated != alert.created {
        text += &hang("  updated    ", &time(alert.updated));
    }
    let expires = format!("{}, {}", expiry(alert, now), time(alert.expires));
    text += &hang("  expires    ", &expires);
    text += &hang("  said to it ", &said(alert));
    text += &not_at(alert, "  not yet at ");
    text += &attention::lines(&alert.attention, "  NOW        ");
    text + &at_risk(alert)
}

fn headline(alert: &AlertSummary) -> String {
    match alert.status.as_str() {
        "actual" => clean(&alert.headline),
        other => format!(
            "{}: {}",
            clean(other).to_uppercase(),
            clean(&alert.headline)
        ),
    }
}

fn kind(alert: &AlertSummary) -> String {
    let (category, event) = (clean(&alert.category), clean(&alert.event));
    let corridor = alert.corridor.as_deref().unwrap_or("no corridor");
    format!(
        "{event} (category {category}), {}, {}, TLP:{}",
        clean(corridor),
        clean(&alert.severity),
        clean(&alert.tlp)
    )
}

/// When it expires, as a person would say it.
fn expiry(alert: &AlertSummary, now: Timestamp) -> String {
    if now < alert.expires {
        format!("expires in {}", duration(alert.expires.since(now)))
    } else {
        format!("expired {} ago", duration(now.since(alert.expires)))
    }
}

fn said(alert: &AlertSummary) -> String {
    let mut words = Vec::new();
    let all = [
        ("seen too by", &alert.sighted_by),
        ("contradicted by", &alert.contradicted_by),
        ("acknowledged by", &alert.acknowledged_by),
    ];
    for (what, by) in all {
        if !by.is_empty() {
            words.push(format!("{what} {}", members(by)));
        }
    }
    if words.is_empty() {
        return "nobody said anything to it".to_owned();
    }
    words.join(", ")
}

fn members(members: &[MemberId]) -> String {
    let names: Vec<_> = members.iter().map(MemberId::as_str).collect();
    names.join(", ")
}

/// Who would get an alert, and what they may do with it.
pub fn preview(preview: &AlertPreview) -> String {
    let mut text = mark(&preview.status);
    let members = count(preview.recipients.len() as u64, "member", "members");
    let lead = format!(
        "Nothing was sent. It would go to {members}, {}:",
        clean(&preview.priority)
    );
    text += &hang("", &lead);
    let line = |to: &AlertRecipient| hang(&format!("  {:<8} ", to.member), &to.words);
    text.extend(preview.recipients.iter().map(line));
    if !preview.left_out.is_empty() {
        text += "Not to:\n";
        text.extend(preview.left_out.iter().map(line));
    }
    text += "What they may do with it:\n";
    text.extend(preview.rules.iter().map(|rule| hang("  - ", rule)));
    text
}

/// What the members want alerts about.
pub fn subscriptions(all: &[MemberSubscription]) -> String {
    let line = |of: &MemberSubscription| {
        let words = match &of.corridors {
            None => "never said: gets every alert that is sent by corridor".to_owned(),
            Some(none) if none.is_empty() => "no alerts that are sent by corridor".to_owned(),
            Some(corridors) => {
                let names: Vec<_> = corridors.iter().map(|corridor| corridor.as_str()).collect();
                names.join(", ")
            }
        };
        let since = of
            .since
            .map_or(String::new(), |at| format!(", since {}", time(at)));
        hang(&format!("{:<8} ", of.member), &format!("{words}{since}"))
    };
    all.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(status: &str) -> AlertSummary {
        let at = Timestamp::from_millis(1_790_000_000_000);
        AlertSummary {
            id: crate::base::MessageId::from_bytes([1; 16]),
            from: "TR".parse().expect("a member id"),
            status: status.to_owned(),
            message_type: "alert".into(),
            version: 1,
            state: "current".into(),
            category: "a".into(),
            event: "route-shift".into(),
            severity: "severe".into(),
            corridor: Some("western-balkan".into()),
            tlp: "GREEN".into(),
            headline: "Vans leave the motorway".into(),
            created: at,
            updated: at,
            expires: at.plus(std::time::Duration::from_secs(3 * 86_400)),
            cancelled: None,
            sighted_by: vec!["MK".parse().expect("a member id")],
            contradicted_by: vec!["AT".parse().expect("a member id")],
            acknowledged_by: Vec::new(),
            not_at: Vec::new(),
            attention: Vec::new(),
            erased: None,
            compromised_since: None,
        }
    }

    #[test]
    fn who_does_not_have_it_is_named_and_whom_to_call() {
        let mut alert = alert("actual");
        alert.not_at = vec!["AT".parse().expect("a member id")];
        alert.attention = vec![crate::api::AttentionView {
            reason: "no-link".into(),
            what: "no link to AT since 2026-09-21 14:13 UTC".into(),
            next: "call this number".into(),
            since: alert.created,
            level: 0,
            message: None,
            call: crate::api::CallView {
                member: alert.not_at[0],
                post: None,
                listed: "+43 1 000 0000".into(),
            },
            last_call: None,
        }];
        for text in [lines(&alert, alert.created), now(&alert, alert.created)] {
            assert!(text.contains("not yet at AT\n"), "{text}");
            assert!(text.contains("NOW"), "{text}");
            assert!(text.contains("no link to AT since"), "{text}");
            assert!(text.contains("+43 1 000 0000"), "{text}");
        }
    }

    #[test]
    fn an_exercise_is_loud_and_reality_is_not() {
        let at = alert("actual").created;
        for status in ["exercise", "test"] {
            let loud = status.to_uppercase();
            for text in [lines(&alert(status), at), now(&alert(status), at)] {
                let first = text.lines().next().expect("it has lines");
                assert!(
                    first.contains(&loud) && first.contains("NOT REAL"),
                    "{text}"
                );
                assert!(text.contains(&format!("{loud}: Vans")), "{text}");
            }
        }
        assert!(!lines(&alert("actual"), at).contains("REAL"));
    }

    #[test]
    fn a_line_tells_the_expiry_and_what_others_say_in_words() {
        let at = alert("actual").created;
        let text = lines(&alert("actual"), at);
        assert!(text.contains("expires in 3 d 0 h"), "{text}");
        assert!(
            text.contains("seen too by MK, contradicted by AT"),
            "{text}"
        );
        let late = at.plus(std::time::Duration::from_secs(4 * 86_400));
        let text = lines(&alert("actual"), late);
        assert!(text.contains("expired 1 d 0 h ago"), "{text}");
    }
}
