//! What presses in an exchange, in words, and the calls that officers note.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::Api;
use super::alerts;
use super::auth::{Body, Place, SignedIn};
use super::exchanges::rows_of;
use super::problem::Failure;
use super::shapes;
use crate::api::{
    Alarm, AlertSummary, AttentionView, CallMadeView, CallView, Direction, ExchangeSummary,
    NoteAlertCall, PostView, PressingAlert, PressingExchange, PressingLetter,
};
use crate::app::rows::{AlertRow, ExchangeRow, PendingAlarm};
use crate::app::{
    Action, AppError, Ask, CallSubject, LetterRow, LetterState, MOST_SHOWN, Pressing, Withheld,
};
use crate::base::{MemberId, MessageId, Timestamp};
use crate::domain::duty::{Attention, Call, Matter, Post, Reason};
use crate::domain::profile::Limit;
use crate::exchange::Refusal;

/// `POST /exchanges/{id}/calls`.
pub async fn call(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(exchange): Place<MessageId>,
    Body(call): Body<Call>,
) -> Result<(StatusCode, Json<ExchangeSummary>), Failure> {
    let subject = CallSubject::Exchange(exchange);
    let ask = Ask::NoteCall { subject, call };
    let rows = rows_of(api.ask(&caller, Action::NoteCall, ask).await?)?;
    let row = rows.first().ok_or(AppError::NotFound("exchange"))?;
    let summary = shapes::summary(row, Timestamp::system());
    Ok((StatusCode::CREATED, Json(summary)))
}

/// `POST /alerts/{id}/calls`.
pub async fn alert_call(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(alert): Place<MessageId>,
    Body(NoteAlertCall { member, call }): Body<NoteAlertCall>,
) -> Result<(StatusCode, Json<AlertSummary>), Failure> {
    let subject = CallSubject::Alert(alert, member);
    let ask = Ask::NoteCall { subject, call };
    let reply = api.ask(&caller, Action::NoteCall, ask).await?;
    Ok((StatusCode::CREATED, Json(alerts::only(reply)?)))
}

/// What presses in an exchange.
pub fn attention(row: &ExchangeRow, now: Timestamp) -> Vec<AttentionView> {
    let each = row.pressing.iter();
    each.map(|pressing| view(pressing, exchange_words(row, pressing, now), now))
        .collect()
}

/// What presses about an alert.
pub fn alert_attention(row: &AlertRow, now: Timestamp) -> Vec<AttentionView> {
    let each = row.pressing.iter();
    each.filter_map(|pressing| message_view(row, pressing, now))
        .collect()
}

/// An exchange in which something presses, without its content.
pub fn pressing(row: &ExchangeRow, now: Timestamp) -> PressingExchange {
    PressingExchange {
        exchange: row.id,
        direction: direction(row),
        peer: row.peer,
        urgency: row.exchange.request().urgency.to_string(),
        attention: attention(row, now),
    }
}

/// An alert about which something presses, without its content.
pub fn pressing_alert(row: &AlertRow, now: Timestamp) -> PressingAlert {
    PressingAlert {
        alert: row.id,
        from: row.alert.publisher(),
        severity: row.alert.alert().severity.to_string(),
        attention: alert_attention(row, now),
    }
}

/// A letter that waits and presses, without its content.
pub fn pressing_letter(row: &LetterRow, now: Timestamp) -> PressingLetter {
    let each = row.pressing.iter();
    PressingLetter {
        letter: row.id,
        to: row.to.clone(),
        state: row.state.as_str().to_owned(),
        attention: each
            .map(|pressing| view(pressing, letter_words(row, pressing), now))
            .collect(),
    }
}

/// Which end of an exchange this node is.
pub fn direction(row: &ExchangeRow) -> Direction {
    if row.outgoing {
        Direction::Outgoing
    } else {
        Direction::Incoming
    }
}

/// That the alarm command does not take escalations; nothing where it does.
pub fn alarm_failed(failed: &[PendingAlarm]) -> Option<Alarm> {
    let last = failed.last()?;
    let fault = last.failed.map(|fault| fault.to_string());
    let least = match failed.len() < MOST_SHOWN {
        true => "",
        false => "at least ",
    };
    Some(Alarm {
        code: "alarm-command-failed".to_owned(),
        detail: format!(
            "{least}{} escalation(s) could not be told by the alarm command: {}",
            failed.len(),
            fault.unwrap_or_default()
        ),
        next: "Look at them with `liaison status`, tell the people yourself, and \
               correct [alarm] command in liaison.toml; it is tried on."
            .to_owned(),
    })
}

/// What presses about a message of an alert at one member; none where it is the time.
fn message_view(row: &AlertRow, pressing: &Pressing, now: Timestamp) -> Option<AttentionView> {
    let apart = match pressing.withheld {
        Some(Withheld::Observer) => {
            "its marking keeps it from observers: publish a version that they may have, if it may know"
        }
        Some(
            Withheld::Removed | Withheld::Suspended | Withheld::IdentityChanged | Withheld::NoKey,
        )
        | None => "nothing is sent to it until it is back: tell it in another way, if it may know",
    };
    let (mut what, next) = message_words(pressing, pressing.member, apart)?;
    let concern = &pressing.attention.concern;
    let lost = matches!(concern.matter, Matter::Refused | Matter::Expired);
    let mut remarks = row.remarks.iter().filter(|_| lost);
    if let Some(remark) = remarks.find(|remark| Some(remark.message) == concern.message) {
        what = format!("our {}: {what}", remark.kind);
    }
    Some(view(pressing, (what, next), now))
}

/// With what is wrong, and what to do.
fn view(
    pressing: &Pressing,
    (what, next): (String, &'static str),
    now: Timestamp,
) -> AttentionView {
    let attention = &pressing.attention;
    AttentionView {
        reason: attention.reason.to_string(),
        what,
        next: next.to_owned(),
        since: attention.concern.since,
        level: attention.level,
        message: attention.concern.message,
        call: CallView {
            member: pressing.member,
            post: attention.post.as_ref().map(|post| self::post(post, now)),
            listed: pressing.listed.clone(),
        },
        last_call: attention.last_call.map(|call| CallMadeView {
            at: call.at,
            outcome: call.outcome.to_string(),
        }),
    }
}

/// A post, and whether it answers now.
pub fn post(post: &Post, now: Timestamp) -> PostView {
    PostView {
        level: post.level.to_string(),
        post: post.post.clone(),
        phone: post.phone.clone(),
        hours: post.hours.as_ref().map(ToString::to_string),
        answers_now: post.answers(now),
        languages: post.languages.clone(),
    }
}

/// What is wrong with an exchange, and what to do.
fn exchange_words(
    row: &ExchangeRow,
    pressing: &Pressing,
    now: Timestamp,
) -> (String, &'static str) {
    let observes = pressing.withheld == Some(Withheld::Observer);
    let apart = match (row.outgoing, observes) {
        (true, false) => "nothing is sent to it: take the matter elsewhere, or withdraw it",
        (false, false) => "nothing is sent to it: refuse the request, or wait until it is back",
        (true, true) => "an observer is told what ends it alone: take it elsewhere, or withdraw it",
        (false, true) => "an observer is told what ends it alone: refuse the request",
    };
    let of_a_message = message_words(pressing, row.peer, apart);
    of_a_message.unwrap_or_else(|| {
        let (what, next) = time_words(row, &pressing.attention, now);
        let out = matches!(
            pressing.withheld,
            Some(Withheld::Removed | Withheld::Suspended | Withheld::Observer)
        );
        (what, if out { apart } else { next })
    })
}

/// What is wrong with a time limit, or while it stands still.
fn time_words(row: &ExchangeRow, attention: &Attention, now: Timestamp) -> (String, &'static str) {
    let since = attention.concern.since;
    if attention.reason == Reason::ClarificationOwed {
        let peer = row.peer;
        return (
            format!("{peer} waits for a clarification since {}", minute(since)),
            "give it: `liaison rfi clarify ID --answer TEXT`; the clock stands still until then",
        );
    }
    if attention.reason == Reason::DueSoon {
        return (
            format!("{} is due in {}", owed(row), long(since.since(now))),
            "give it, or say that it takes longer and why: `liaison rfi authorise`",
        );
    }
    let next = match row.outgoing {
        true => "call this number",
        false => "give it, or say that it takes longer and why, and tell this post of your office",
    };
    (
        format!("{} is overdue by {}", owed(row), long(now.since(since))),
        next,
    )
}

/// What is wrong with a message to or from a member, and what to do; none where it is the time, or a letter
/// that waits. `apart` is what to do where nothing is sent to the member.
fn message_words(
    pressing: &Pressing,
    peer: MemberId,
    apart: &'static str,
) -> Option<(String, &'static str)> {
    let attention = &pressing.attention;
    let concern = &attention.concern;
    let since = concern.since;
    let within = concern.limit.map(|(limit, _)| limit).unwrap_or_default();
    Some(match attention.reason {
        Reason::Refused => {
            let refusal = concern.refusal.and_then(Refusal::from_number);
            let why = refusal.map_or_else(|| "for an unknown reason".to_owned(), |r| r.to_string());
            (
                format!("refused by {peer}'s node: {why}"),
                "it will not be sent again: call this number, and tell your administrator",
            )
        }
        Reason::Expired => (
            format!("expired undelivered {}", minute(since)),
            "it will not be sent again: call this number, and send it anew once there is a link",
        ),
        Reason::Withheld => {
            let why = match pressing.withheld {
                Some(Withheld::Observer) => "an observer",
                Some(why) => why.code(),
                None => "out",
            };
            (format!("not sent: {peer} is {why}"), apart)
        }
        Reason::NoLink => {
            let down = attention.unlinked_since.unwrap_or(since);
            (
                format!("no link to {peer} since {}", minute(down)),
                "call this number; it is sent as soon as there is a link",
            )
        }
        Reason::Undelivered => (
            format!("not delivered since {}", minute(since)),
            "call this number; it is tried on",
        ),
        Reason::Unopened => (
            format!("not opened within {}", long(within)),
            "call this number",
        ),
        Reason::Unread => (
            format!("nobody here has opened it since {}", minute(since)),
            "open it, or tell this post of your office",
        ),
        Reason::Waiting | Reason::DueSoon | Reason::Overdue | Reason::ClarificationOwed => {
            return None;
        }
    })
}

/// Since when a letter waits, and what to do about it as it stands.
fn letter_words(row: &LetterRow, pressing: &Pressing) -> (String, &'static str) {
    let since = minute(pressing.attention.concern.since);
    let next = match row.state {
        LetterState::InReview => {
            "a releasing officer other than its author runs `liaison rfi release ID` or `liaison rfi \
             return ID --reason TEXT`: tell this post of your office if nobody does"
        }
        LetterState::Stopped => {
            "a releasing officer other than its author runs `liaison rfi clear ID --reason TEXT` or \
             `liaison rfi return ID --reason TEXT`: tell this post of your office if nobody does"
        }
        LetterState::Returned => {
            "write it anew, and `liaison rfi discard ID`, or tell this post of your office"
        }
        LetterState::Left | LetterState::Discarded => "look at it: `liaison rfi show ID`",
    };
    (
        format!("waits for a person of this office since {since}"),
        next,
    )
}

/// What the time limit asks for.
fn owed(row: &ExchangeRow) -> &'static str {
    match row.exchange.clock().map(|clock| clock.limit) {
        Some(Limit::Acknowledge) => "the acceptance or refusal",
        Some(Limit::Answer) | None => "the answer",
    }
}

/// A time to the minute, in UTC.
fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    let day_and_time = text.get(..16).unwrap_or(&text);
    format!("{} UTC", day_and_time.replacen('T', " ", 1))
}

/// A duration in its two largest units, in words.
fn long(duration: Duration) -> String {
    let count = |number: u64, one: &str| {
        let s = if number == 1 { "" } else { "s" };
        format!("{number} {one}{s}")
    };
    let minutes = duration.as_secs().div_ceil(60);
    let parts = match (minutes / 1_440, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => vec![(minutes, "minute")],
        (0, hours, minutes) => vec![(hours, "hour"), (minutes, "minute")],
        (days, hours, _) => vec![(days, "day"), (hours, "hour")],
    };
    let said = parts.iter().enumerate();
    let said = said.filter(|(place, (number, _))| *place == 0 || *number > 0);
    let said: Vec<String> = said.map(|(_, (number, one))| count(*number, one)).collect();
    said.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_in_their_two_largest_units() {
        for (seconds, words) in [
            (15 * 60, "15 minutes"),
            (30, "1 minute"),
            (3_600, "1 hour"),
            (5_400, "1 hour 30 minutes"),
            (90_000, "1 day 1 hour"),
            (172_800, "2 days"),
        ] {
            assert_eq!(long(Duration::from_secs(seconds)), words);
        }
    }

    #[test]
    fn times_are_said_to_the_minute() {
        let at: Timestamp = "2026-03-22T14:02:07.123Z".parse().unwrap();
        assert_eq!(minute(at), "2026-03-22 14:02 UTC");
    }
}
