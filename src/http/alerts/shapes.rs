//! From what the service knows of alerts to what the API shows.

use crate::api::{AlertPreview, AlertRecipient, AlertSummary, AlertVersion, MemberSubscription};
use crate::app::rows::AlertRow;
use crate::app::{Action, Caller};
use crate::base::{Actor, MemberId, Timestamp};
use crate::domain::alert::{Alert, AlertState, MessageType, Selection, Subscription, Superseded};
use crate::domain::message::Kind;
use crate::http::duty::alert_attention;
use crate::http::shapes::erased;

/// An alert's line in the feed.
pub fn summary(row: &AlertRow, now: Timestamp) -> AlertSummary {
    let (record, alert) = (&row.alert, row.alert.alert());
    AlertSummary {
        id: row.id,
        from: record.publisher(),
        status: alert.status.to_string(),
        message_type: record.message_type().to_string(),
        version: record.standing().number,
        state: record.state(now).to_string(),
        category: alert.category.to_string(),
        event: alert.event.to_string(),
        severity: alert.severity.to_string(),
        corridor: alert.corridor.map(|corridor| corridor.to_string()),
        tlp: alert.handling.tlp.to_string(),
        headline: alert.headline.clone(),
        created: record.created(),
        updated: record.updated(),
        expires: alert.expires,
        cancelled: record.cancelled().map(|cancelled| cancelled.reason.clone()),
        sighted_by: record.sighted_by(),
        contradicted_by: record.contradicted_by(),
        acknowledged_by: record.acknowledged_by(),
        not_at: row.not_at.clone(),
        attention: alert_attention(row, now),
        erased: row.erased.map(erased),
        compromised_since: row.compromised,
    }
}

/// The lines of an alert's earlier versions, the latest first. What others say belongs to the
/// alert, so it stands with its last version.
pub fn earlier(row: &AlertRow) -> Vec<AlertSummary> {
    let line = |version: &Superseded| {
        let message_type = match version.number {
            1 => MessageType::Alert,
            _ => MessageType::Update,
        };
        AlertSummary {
            message_type: message_type.to_string(),
            version: version.number,
            state: AlertState::Superseded.to_string(),
            headline: version.headline.clone(),
            updated: version.published,
            expires: version.expires,
            cancelled: None,
            sighted_by: Vec::new(),
            contradicted_by: Vec::new(),
            acknowledged_by: Vec::new(),
            not_at: Vec::new(),
            attention: Vec::new(),
            ..summary(row, version.published)
        }
    };
    row.alert.earlier().iter().rev().map(line).collect()
}

/// An alert's versions, the earliest first.
pub fn versions(row: &AlertRow, now: Timestamp) -> Vec<AlertVersion> {
    let earlier = row.alert.earlier().iter().map(|version| AlertVersion {
        version: version.number,
        message: version.message,
        state: AlertState::Superseded.to_string(),
        published: version.published,
        expires: version.expires,
        headline: version.headline.clone(),
    });
    let standing = row.alert.standing();
    let last = AlertVersion {
        version: standing.number,
        message: standing.message,
        state: row.alert.state(now).to_string(),
        published: standing.published,
        expires: standing.alert.expires,
        headline: standing.alert.headline.clone(),
    };
    earlier.chain([last]).collect()
}

/// What the caller may do with the alert now.
pub fn actions(row: &AlertRow, me: MemberId, caller: &Caller, now: Timestamp) -> Vec<String> {
    let may = |kind: Kind, action: Action| {
        let roles = action.roles().iter();
        let mut held = roles.filter(|role| caller.roles.contains(role));
        held.any(|role| {
            let by = Actor {
                member: me,
                role: *role,
                person: caller.person,
            };
            row.alert.allows(kind, &by, now).is_ok()
        })
    };
    [
        (Kind::AlertUpdate, Action::ReviseAlert, "update"),
        (Kind::AlertCancellation, Action::ReviseAlert, "cancel"),
        (Kind::Sighting, Action::SightAlert, "sight"),
        (Kind::Contradiction, Action::ContradictAlert, "contradict"),
        (
            Kind::Acknowledgement,
            Action::AcknowledgeAlert,
            "acknowledge",
        ),
    ]
    .into_iter()
    .filter(|(kind, action, _)| !row.to_nobody.contains(kind) && may(*kind, *action))
    .map(|(_, _, name)| name.to_owned())
    .collect()
}

/// Who would get an alert, and what they may do with it.
pub fn preview(alert: &Alert, selection: &Selection) -> AlertPreview {
    let to = selection.to.iter().map(|(member, why)| AlertRecipient {
        member: *member,
        why: why.to_string(),
        words: why.in_words().to_owned(),
    });
    let left_out = selection
        .left_out
        .iter()
        .map(|(member, why)| AlertRecipient {
            member: *member,
            why: why.to_string(),
            words: why.in_words().to_owned(),
        });
    AlertPreview {
        status: alert.status.to_string(),
        priority: alert.priority().to_string(),
        recipients: to.collect(),
        left_out: left_out.collect(),
        rules: alert.handling.in_words(),
    }
}

/// What a member wants alerts about.
pub fn subscription(of: (MemberId, Option<Subscription>)) -> MemberSubscription {
    let (member, subscription) = of;
    MemberSubscription {
        member,
        since: subscription.as_ref().map(|subscription| subscription.since),
        corridors: subscription.map(|subscription| subscription.corridors),
    }
}
